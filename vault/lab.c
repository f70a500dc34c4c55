/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/lab_own.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "vault/crypto.h"
#include "vault/download.h"

#define LAB_VENDOR     "XX"
#define LAB_MODEL      "PS"
#define LAB_LICENCE    1
#define LAB_AUDIT_DAYS 90
#define CREATE_WAIT_MS 5000
#define ORDER_TRIES    3 /* each is a download that came between */
#define LAB_PSDS_MAX   100000
#define PSD_YEARS      3
#define YEAR_DAYS      365
#define SECRET_MODE    0600
#define SECRET_FOLDER  0700

static uint32_t
today(void)
{
	return date_local(time(NULL));
}

static bool
join(char out[PATH_MAX], const char *folder, const char *name, struct err *e)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);

	return (n > 0 && n < PATH_MAX) ||
	       err_set(e, ERR_CONFIG, "file name too long");
}

bool
lab_path(
    const struct lab *lab, const char *name, char out[PATH_MAX], struct err *e)
{
	return join(out, lab->folder, name, e);
}

bool
lab_open(const char *folder, struct lab **out, struct err *e)
{
	static const struct authority_setup setup = {
	    .name = "cups-postage lab", .vendor = LAB_VENDOR};
	struct lab *lab = calloc(1, sizeof(*lab));
	char psd[PATH_MAX], answers[PATH_MAX];

	if (lab == NULL)
		return err_system(e, "memory for a lab");
	snprintf(lab->folder, sizeof(lab->folder), "%s", folder);
	if (!join(psd, folder, "psd", e) ||
	    !join(answers, folder, "answers", e) ||
	    !durable_mkdir(folder, SECRET_FOLDER, e) ||
	    !durable_mkdir(psd, SECRET_FOLDER, e) ||
	    !durable_mkdir(answers, SECRET_FOLDER, e) ||
	    !authority_make(folder, &setup, &lab->authority, e)) {
		lab_close(lab);
		return err_prefix(e, "lab");
	}
	*out = lab;
	return true;
}

void
lab_close(struct lab *lab)
{
	if (lab == NULL)
		return;
	authority_close(lab->authority);
	free(lab);
}

/* --- PSDs --------------------------------------------------------------------- */

void
lab_defaults(struct lab_psd *out)
{
	*out = (struct lab_psd){.licence = LAB_LICENCE,
	    .min_stamp = 1,
	    .max_stamp = 100 * MILS_PER_UNIT,
	    .max_descending = 2000 * MILS_PER_UNIT,
	    .expires = date_add(today(), PSD_YEARS * YEAR_DAYS),
	    .audit_due = date_add(today(), LAB_AUDIT_DAYS)};
}

static bool
psd_path(
    const struct lab *lab, const char *id, char out[PATH_MAX], struct err *e)
{
	char name[PSD_ID + 16];

	snprintf(name, sizeof(name), "psd/%s.pem", id);
	return join(out, lab->folder, name, e);
}

static void
name_psd(uint32_t serial, char id[PSD_ID])
{
	struct message_psd psd = {LAB_VENDOR, LAB_MODEL, serial};

	message_psd_id(&psd, id);
}

/* A PSD that is being made. */
struct making {
	struct lab *lab;
	uint32_t serial, expires;
};

/* Certifies `key` under its serial; the file's creation takes the serial. */
static bool
certify(
    void *context, const struct sig_key *key, struct cert **out, struct err *e)
{
	const struct making *m = context;
	struct lab *lab = m->lab;
	char id[PSD_ID], path[PATH_MAX];
	struct authority_psd psd = {.name = "cups-postage lab PSD",
	    .id = id,
	    .serial = m->serial,
	    .not_before = date_add(today(), -1),
	    .not_after = m->expires,
	    .key = key};

	name_psd(m->serial, id);
	if (!psd_path(lab, id, path, e) ||
	    !authority_certify(lab->authority, &psd, out, e))
		return false;
	if (authority_write_cert(path, *out, false, e))
		return true;
	cert_free(*out);
	*out = NULL;
	return false;
}

/* The next serial that no file has. */
static uint32_t
free_serial(const struct lab *lab)
{
	char id[PSD_ID], path[PATH_MAX];
	struct err e = ERR_INIT;

	for (uint32_t serial = 1; serial < LAB_PSDS_MAX; serial++) {
		name_psd(serial, id);
		if (!psd_path(lab, id, path, &e) || access(path, F_OK) != 0)
			return serial;
	}
	return LAB_PSDS_MAX;
}

static bool
fill_setup(const struct lab *lab, const struct lab_psd *psd, uint32_t serial,
    struct psd_setup *out, struct err *e)
{
	*out = (struct psd_setup){.vendor = LAB_VENDOR,
	    .model = LAB_MODEL,
	    .serial = serial,
	    .cert_serial = serial,
	    .licence = psd->licence,
	    .currency = psd->currency,
	    .software_id = PSD_SOFTWARE,
	    .min_stamp = psd->min_stamp,
	    .max_stamp = psd->max_stamp,
	    .max_descending = psd->max_descending,
	    .expires = psd->expires,
	    .audit_due = psd->audit_due};
	return crypto_point(
	    authority_answer_key(lab->authority), out->provider_key, e);
}

bool
lab_create_vault(struct lab *lab, const char *uri, const struct lab_psd *psd,
    char id[PSD_ID], struct err *e)
{
	struct making making = {lab, psd->serial, psd->expires};
	struct vault_setup setup = {.pin = psd->pin,
	    .puk = psd->puk,
	    .guard = psd->guard,
	    .token = psd->token,
	    .certify = certify,
	    .context = &making};

	if (making.serial == 0)
		making.serial = free_serial(lab);
	name_psd(making.serial, id);
	return fill_setup(lab, psd, making.serial, &setup.psd, e) &&
	       vault_create(uri, CREATE_WAIT_MS, &setup, e);
}

bool
lab_publish(struct lab *lab, const char *id, const char *folder, struct err *e)
{
	char from[PATH_MAX], to[PATH_MAX], name[PSD_ID + 8];
	struct cert *psd = NULL;
	bool done;

	snprintf(name, sizeof(name), "%s.pem", id);
	done =
	    authority_publish(lab->authority, folder, "lab-", e) &&
	    psd_path(lab, id, from, e) && authority_read_cert(from, &psd, e) &&
	    join(to, folder, name, e) && authority_write_cert(to, psd, true, e);
	cert_free(psd);
	return done;
}

/* --- value --------------------------------------------------------------------- */

bool
lab_find_psd(const struct lab *lab, const struct message_psd *psd,
    struct cert **out, struct err *e)
{
	char id[PSD_ID], path[PATH_MAX];

	message_psd_id(psd, id);
	if (strchr(id, '/') != NULL || !psd_path(lab, id, path, e) ||
	    access(path, R_OK) != 0)
		return err_set(e, ERR_DENIED, "no PSD of this lab: %s", id);
	return authority_read_cert(path, out, e);
}

bool
lab_answer_path(const struct lab *lab, const struct message_psd *psd,
    uint32_t sequence, char out[PATH_MAX], struct err *e)
{
	char id[PSD_ID], name[PSD_ID + 32];

	snprintf(name, sizeof(name), "answers/%s-%lu", message_psd_id(psd, id),
	    (unsigned long)sequence);
	return lab_path(lab, name, out, e);
}

bool
lab_make_answer(const struct lab *lab, const struct download_request *request,
    uint8_t orders, uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct download_terms terms = {.amount = request->amount,
	    .orders = orders,
	    .audit_due = date_add(today(), LAB_AUDIT_DAYS)};

	return download_make_answer(
	    request, &terms, authority_answer_key(lab->authority), out, len, e);
}

static bool
answer_once(const struct lab *lab, const struct download_request *request,
    uint8_t orders, uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	char path[PATH_MAX];
	bool done;

	if (!lab_answer_path(
		lab, &request->psd, request->sequence + 1, path, e))
		return false;
	if (access(path, F_OK) != 0) {
		done = lab_make_answer(lab, request, orders, out, len, e) &&
		       durable_create(path, out, *len, SECRET_MODE, e);
		if (done || errno != EEXIST)
			return done;
	}
	return durable_read(path, out, PSD_MESSAGE_MAX, len, e);
}

bool
lab_answer_ordering(struct lab *lab, uint8_t orders, const uint8_t *request,
    size_t request_len, uint8_t out[PSD_MESSAGE_MAX], size_t *len,
    struct err *e)
{
	struct download_request r;
	struct cert *psd = NULL;
	bool done = message_get_request(request, request_len, &r, e) &&
		    lab_find_psd(lab, &r.psd, &psd, e) &&
		    download_check_request(
			request, request_len, cert_key(psd), &r, e) &&
		    lab_book(lab, &r.psd, r.ascending, e) &&
		    answer_once(lab, &r, orders, out, len, e);

	cert_free(psd);
	return done || err_prefix(e, "lab");
}

bool
lab_answer(struct lab *lab, const uint8_t *request, size_t request_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	return lab_answer_ordering(lab, 0, request, request_len, out, len, e);
}

/* Request, answer and apply; *given: the orders that came. */
static bool
exchange(struct lab *lab, struct vault *v, mils amount, uint8_t orders,
    uint8_t *given, struct err *e)
{
	uint8_t request[PSD_MESSAGE_MAX], answer[PSD_MESSAGE_MAX];
	uint8_t receipt[PSD_MESSAGE_MAX];
	size_t request_len = 0, answer_len = 0, receipt_len;
	struct download_answer a = {.orders = 0};
	bool done =
	    vault_download_request(v, amount, request, &request_len, e) &&
	    lab_answer_ordering(
		lab, orders, request, request_len, answer, &answer_len, e) &&
	    vault_download_apply(
		v, answer, answer_len, receipt, &receipt_len, e) &&
	    message_get_answer(answer, answer_len, &a, e);

	*given = a.orders;
	return done;
}

bool
lab_order(struct lab *lab, struct vault *v, uint8_t orders, struct err *e)
{
	for (int i = 0; i < ORDER_TRIES; i++) {
		uint8_t given;

		if (!exchange(lab, v, 0, orders, &given, e))
			return false;
		if (given == orders)
			return true;
	}
	return err_set(e, ERR_BUSY,
	    "other downloads came first %d times: try it again", ORDER_TRIES);
}

bool
lab_refill(struct lab *lab, struct vault *v, mils amount, struct err *e)
{
	uint8_t given;

	return exchange(lab, v, amount, 0, &given, e);
}
