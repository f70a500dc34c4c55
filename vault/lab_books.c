/* SPDX-License-Identifier: Apache-2.0 */
/* What the lab remembers of its PSDs' registers: one that has spent less than it
 * once said is an old copy. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/flock.h"
#include "base/text.h"
#include "vault/download.h"
#include "vault/lab_own.h"

#define SECRET_MODE   0600
#define SECRET_FOLDER 0700
#define WAIT_MS	      60000
#define BOOK_TEXT     24 /* a number and its line's end */

static bool
read_book(const char *path, mils *out, struct err *e)
{
	char text[BOOK_TEXT] = "";
	uint64_t value;
	size_t len;

	*out = 0;
	if (access(path, F_OK) != 0)
		return errno == ENOENT || err_system(e, "%s", path);
	if (!durable_read(path, text, sizeof(text) - 1, &len, e))
		return false;
	text[strcspn(text, "\n")] = '\0';
	if (!text_to_u64(text, INT64_MAX, &value))
		return err_set(e, ERR_CORRUPT, "%s: no number", path);
	*out = (mils)value;
	return true;
}

static bool
write_book(const char *path, mils value, struct err *e)
{
	char text[BOOK_TEXT];
	int n = snprintf(text, sizeof(text), "%" PRId64 "\n", value);

	return durable_replace(path, text, (size_t)n, SECRET_MODE, e);
}

static bool
book(const char *path, const char *id, mils ascending, struct err *e)
{
	char says[MILS_TEXT], said[MILS_TEXT];
	mils highest;

	if (!read_book(path, &highest, e))
		return false;
	if (ascending < highest)
		return err_set(e, ERR_DENIED,
		    "%s says that it has spent %s in all and has said %s "
		    "before: an old copy of it was put back",
		    id, mils_format(ascending, says),
		    mils_format(highest, said));
	return ascending == highest || write_book(path, ascending, e);
}

bool
lab_book(const struct lab *lab, const struct message_psd *psd, mils ascending,
    struct err *e)
{
	char id[PSD_ID], name[PSD_ID + 8], folder[PATH_MAX], path[PATH_MAX];
	bool done;
	int fd;

	snprintf(name, sizeof(name), "books/%s", message_psd_id(psd, id));
	if (!lab_path(lab, "books", folder, e) ||
	    !durable_mkdir(folder, SECRET_FOLDER, e) ||
	    !lab_path(lab, name, path, e))
		return false;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_system(e, "%s", folder);
	done = flock_wait(fd, LOCK_EX, WAIT_MS)
		   ? book(path, id, ascending, e)
		   : err_system(e, "lock %s", folder);
	close(fd);
	return done;
}

/* --- consent ---------------------------------------------------------------------- */

/* An answer that the PSD knows nothing of was given to a newer state than this,
 * or never came: the lab cannot tell. */
static bool
knows_all(const struct lab *lab, const struct psd_report *r, struct err *e)
{
	char path[PATH_MAX];

	if (!lab_answer_path(lab, &r->psd, r->sequence + 1, path, e))
		return false;
	return access(path, F_OK) != 0 ||
	       err_set(e, ERR_DENIED,
		   "value was downloaded since this copy was made, or is still "
		   "on its way: it cannot be told from an old copy");
}

/* One state for one number: a second one would be another copy that lives on.
 * The same again is asked where its answer was lost. */
static bool
consent_once(const struct lab *lab, const struct psd_report *r, struct err *e)
{
	char id[PSD_ID], name[PSD_ID + 24], path[PATH_MAX];
	mils before;

	snprintf(name, sizeof(name), "books/%s-%" PRIu32,
	    message_psd_id(&r->psd, id), r->sequence);
	if (!lab_path(lab, name, path, e))
		return false;
	if (access(path, F_OK) != 0)
		return write_book(path, r->ascending, e);
	if (!read_book(path, &before, e))
		return false;
	return before == r->ascending ||
	       err_set(e, ERR_DENIED,
		   "another copy of %s was consented to, and has not been "
		   "audited since",
		   id);
}

bool
lab_consent(struct lab *lab, const uint8_t *audit, size_t audit_len,
    uint8_t *out, size_t *len, struct err *e)
{
	struct psd_report r;
	struct cert *psd = NULL;
	bool done =
	    message_get_report(audit, audit_len, &r, e) &&
	    lab_find_psd(lab, &r.psd, &psd, e) &&
	    download_check_report(audit, audit_len, cert_key(psd), &r, e) &&
	    (r.type == MESSAGE_AUDIT ||
		err_set(e, ERR_REQUEST, "this is no audit of a PSD")) &&
	    lab_book(lab, &r.psd, r.ascending, e) && knows_all(lab, &r, e) &&
	    consent_once(lab, &r, e) &&
	    download_make_consent(
		&r, authority_answer_key(lab->authority), out, len, e);

	cert_free(psd);
	return done || err_prefix(e, "lab");
}

static bool
judge(void *context, const uint8_t *audit, size_t audit_len, uint8_t *out,
    size_t *len, struct err *e)
{
	return lab_consent(context, audit, audit_len, out, len, e);
}

bool
lab_rebind(struct lab *lab, struct vault *v, const char *guard, struct err *e)
{
	const struct vault_judge provider = {judge, lab};

	return vault_set_guard(v, guard, &provider, e) &&
	       lab_refill(lab, v, 0, e);
}
