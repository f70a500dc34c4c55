/* SPDX-License-Identifier: Apache-2.0 */
/* The lab's answer to a refund request: one for each number, and each stamp is
 * refunded once, whatever a host says later. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "vault/lab_own.h"
#include "vault/refund.h"

#define LAB_REFUND_DAYS 90 /* after the mail date */
#define SECRET_MODE	0600
#define SECRET_FOLDER	0700

static bool
add_cert(struct cert_store *store, const struct cert *c, struct err *e)
{
	char pem[CERT_PEM_MAX];
	size_t len;

	return cert_pem(c, pem, sizeof(pem), &len, e) &&
	       cert_store_add(store, pem, len, e);
}

/* Authority, provider, and the PSD that the request names. */
static bool
make_store(const struct lab *lab, const char *psd_id, struct cert_store **out,
    struct err *e)
{
	char name[PSD_ID + 16], path[PATH_MAX], pem[CERT_PEM_MAX];
	size_t len;

	snprintf(name, sizeof(name), "psd/%s.pem", psd_id);
	if (strchr(psd_id, '/') || !lab_path(lab, name, path, e) ||
	    access(path, R_OK) != 0)
		return err_set(e, ERR_DENIED, "no PSD of this lab: %s", psd_id);
	if (!cert_store_new(out, e))
		return false;
	return add_cert(*out, authority_root(lab->authority), e) &&
	       add_cert(*out, authority_provider(lab->authority), e) &&
	       durable_read(path, pem, sizeof(pem), &len, e) &&
	       cert_store_add(*out, pem, len, e);
}

static void
reject(struct refund_verdict *v, const char *why)
{
	v->accepted = false;
	v->granted = 0;
	snprintf(v->remark, sizeof(v->remark), "%s", why);
}

/* Takes the stamp for this request; one that another request took stays
 * that one's. */
static bool
take_stamp(const struct lab *lab, const struct refund_list *list,
    const struct refund_line *line, uint32_t number, struct refund_verdict *v,
    struct err *e)
{
	char name[PSD_ID + 48], path[PATH_MAX], mine[24], had[24] = "";
	size_t len = 0;

	snprintf(name, sizeof(name), "refunds/%s-stamp-%" PRIu64, list->psd_id,
	    line->ascending);
	snprintf(mine, sizeof(mine), "%" PRIu32 "\n", number);
	if (!lab_path(lab, name, path, e))
		return false;
	if (access(path, F_OK) != 0)
		return durable_create(path, mine, strlen(mine), SECRET_MODE, e);
	if (!durable_read(path, had, sizeof(had) - 1, &len, e))
		return false;
	if (strcmp(had, mine) != 0)
		reject(v, "refunded before");
	return true;
}

static bool
judge(const struct lab *lab, const struct refund_list *list,
    struct refund_answer *a, struct err *e)
{
	a->verdicts = calloc(list->count, sizeof(*a->verdicts));
	if (a->verdicts == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	a->count = list->count;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct refund_line *line = &list->lines[i];
		struct refund_verdict *v = &a->verdicts[i];

		*v = (struct refund_verdict){.ascending = line->ascending,
		    .accepted = true,
		    .granted = line->amount};
		if (list->date > date_add(line->mail_date, LAB_REFUND_DAYS))
			reject(v, "too old");
		else if (!take_stamp(lab, list, line, a->number, v, e))
			return false;
		a->total += v->granted;
	}
	return true;
}

/* The answer as signed text, on the heap. */
static bool
write_answer(const struct lab *lab, const struct refund_answer *a, char **out,
    size_t *len, struct err *e)
{
	uint8_t sig[SIG_BYTES];
	FILE *f = open_memstream(out, len);
	bool done;

	if (f == NULL)
		return err_system(e, "memory for an answer");
	refund_write_answer(f, a);
	done = fflush(f) == 0 &&
	       authority_sign(lab->authority, *out, *len, sig, e);
	if (done)
		refund_write_signature(f, sig);
	if (fclose(f) != 0 && done)
		done = err_system(e, "memory for an answer");
	return done;
}

static bool
answer(const struct lab *lab, const struct refund_list *list,
    const struct refund_request *r, const char *path, char **out, size_t *len,
    struct err *e)
{
	struct refund_answer a = {.number = r->number};
	bool done;

	memcpy(a.psd_id, list->psd_id, sizeof(a.psd_id));
	memcpy(a.digest, list->digest, sizeof(a.digest));
	done = judge(lab, list, &a, e) && write_answer(lab, &a, out, len, e) &&
	       durable_create(path, *out, *len, SECRET_MODE, e);
	refund_free_answer(&a);
	return done;
}

/* What was answered before, or a new answer. */
static bool
answer_once(const struct lab *lab, const struct refund_list *list,
    const struct refund_request *r, char **out, size_t *len, struct err *e)
{
	char name[PSD_ID + 32], path[PATH_MAX];

	snprintf(
	    name, sizeof(name), "refunds/%s-%" PRIu32, list->psd_id, r->number);
	if (!lab_path(lab, "refunds", path, e) ||
	    !durable_mkdir(path, SECRET_FOLDER, e) ||
	    !lab_path(lab, name, path, e))
		return false;
	if (access(path, F_OK) != 0)
		return answer(lab, list, r, path, out, len, e);
	return durable_load(path, REFUND_TEXT_MAX, out, len, e);
}

bool
lab_refund(struct lab *lab, const char *request, size_t request_len, char **out,
    size_t *len, struct err *e)
{
	struct refund_request r;
	struct cert_store *store = NULL;
	struct refund_list list;
	bool done;

	*out = NULL;
	if (!refund_parse(request, request_len, &list, e))
		return err_prefix(e, "lab");
	done = make_store(lab, list.psd_id, &store, e) &&
	       refund_check(&list, store, &r, e) &&
	       answer_once(lab, &list, &r, out, len, e);
	cert_store_free(store);
	refund_free(&list);
	if (done)
		return true;
	free(*out);
	*out = NULL;
	return err_prefix(e, "lab");
}
