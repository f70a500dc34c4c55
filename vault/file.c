/* SPDX-License-Identifier: Apache-2.0 */
/* the drivers of vaults in files: each call is one visit */
#include "vault/file.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "vault/driver.h"
#include "vault/file_own.h"

static uint32_t
today(void)
{
	return date_local(time(NULL));
}

/* What the URI says of the key must be so. */
static bool
is_as_said(const struct file_home *h, const struct file_visit *v, bool in_token,
    struct err *e)
{
	if (in_token == (file_holder(v) == &file_token_holder))
		return true;
	return err_set(e, ERR_CONFIG, "%s: its key is in %s: write %s:FOLDER",
	    h->path, in_token ? "the file itself" : "a token",
	    in_token ? "file" : "hsm");
}

static bool
open_home(
    const char *rest, int wait_ms, bool in_token, void **home, struct err *e)
{
	struct file_home *h = calloc(1, sizeof(*h));
	struct file_visit v;
	bool done;

	if (h == NULL)
		return err_system(e, "memory for a vault");
	h->wait_ms = wait_ms;
	if (!file_find_path(rest, h->path, sizeof(h->path), e) ||
	    !file_enter_unguarded(h, false, &v, e)) {
		free(h);
		return false;
	}
	psd_id(&v.image.psd, h->id);
	h->cert_serial = v.image.psd.cert_serial;
	done = is_as_said(h, &v, in_token, e);
	file_leave(&v);
	if (done)
		*home = h;
	else
		free(h);
	return done;
}

static bool
file_open(const char *rest, int wait_ms, void **home, struct err *e)
{
	return open_home(rest, wait_ms, false, home, e);
}

static bool
token_open(const char *rest, int wait_ms, void **home, struct err *e)
{
	return open_home(rest, wait_ms, true, home, e);
}

static void
file_close(void *home)
{
	struct file_home *h = home;

	sig_free(h->key);
	hsm_close(h->token);
	free(h);
}

static bool
file_unlock(void *home, const char *pin, struct err *e)
{
	struct file_visit v;
	bool done;

	if (!file_enter_unguarded(home, true, &v, e))
		return false;
	done = file_holder(&v)->unlock(home, &v, pin, e);
	file_leave(&v);
	return done;
}

/* A token is lost and found again in the middle of a job. */
static bool
token_pin_holds(const void *home)
{
	return file_token_holder.is_unlocked(home);
}

static bool
file_change_pin(
    void *home, const char *old_pin, const char *new_pin, struct err *e)
{
	struct file_visit v;
	bool done;

	if (!file_enter(home, true, &v, e))
		return false;
	done = file_holder(&v)->change_pin(home, &v, old_pin, new_pin, e);
	file_leave(&v);
	return done;
}

static bool
file_status(void *home, struct psd_status *out, struct err *e)
{
	struct file_visit v;

	if (!file_enter(home, false, &v, e))
		return false;
	psd_status(&v.image.psd, today(), out);
	file_leave(&v);
	return true;
}

static bool
file_debit(void *home, const struct psd_request *in, size_t count,
    struct psd_stamp *out, struct err *e)
{
	struct file_home *h = home;
	struct psd_crypto crypto;
	struct file_visit v;
	bool changed, done;

	if (!file_enter(h, true, &v, e))
		return false;
	done = file_holder(&v)->lend(h, &v, &crypto, e) &&
	       psd_debit(&v.image.psd, &crypto, today(), in, count, out,
		   &changed, e) &&
	       (changed ? file_store(h, &v, e) : file_settle(h, &v, e));
	if (!done && count <= PSD_BATCH_MAX)
		explicit_bzero(out, count * sizeof(out[0]));
	file_leave(&v);
	return done;
}

static bool
file_find(void *home, const uint8_t key[PSD_KEY_BYTES], struct psd_stamp *out,
    bool *found, struct err *e)
{
	struct file_home *h = home;
	struct file_visit v;
	bool done;

	if (!file_enter(h, true, &v, e))
		return false;
	*found = psd_find(&v.image.psd, key, out);
	done = !*found || file_settle(h, &v, e);
	if (!done)
		explicit_bzero(out, sizeof(*out));
	file_leave(&v);
	return done;
}

static bool
file_recent(void *home, struct psd_stamp *out, size_t *count, struct err *e)
{
	struct file_home *h = home;
	struct file_visit v;
	bool done;

	if (!file_enter(h, true, &v, e))
		return false;
	*count = psd_recent(&v.image.psd, out);
	done = file_settle(h, &v, e);
	file_leave(&v);
	return done;
}

static bool
file_download_request(void *home, mils amount, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e)
{
	struct file_home *h = home;
	struct psd_crypto crypto;
	struct file_visit v;
	bool done;

	if (!file_enter(h, false, &v, e))
		return false;
	done = file_holder(&v)->lend(h, &v, &crypto, e) &&
	       psd_download_request(&v.image.psd, &crypto, amount, out, len, e);
	file_leave(&v);
	return done;
}

static bool
file_download_apply(void *home, const uint8_t *answer, size_t answer_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct file_home *h = home;
	struct psd_crypto crypto;
	struct file_visit v;
	bool changed, done;

	if (!file_enter(h, true, &v, e))
		return false;
	done = file_holder(&v)->lend(h, &v, &crypto, e) &&
	       psd_download_apply(&v.image.psd, &crypto, answer, answer_len,
		   out, len, &changed, e) &&
	       (changed ? file_store(h, &v, e) : file_settle(h, &v, e));
	if (!done)
		explicit_bzero(out, PSD_MESSAGE_MAX);
	file_leave(&v);
	return done;
}

static bool
file_refund_request(void *home, const struct psd_claim *claim,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct file_home *h = home;
	struct psd_crypto crypto;
	struct file_visit v;
	bool changed, done;

	if (!file_enter(h, true, &v, e))
		return false;
	done = file_holder(&v)->lend(h, &v, &crypto, e) &&
	       psd_refund_request(
		   &v.image.psd, &crypto, claim, out, len, &changed, e) &&
	       (changed ? file_store(h, &v, e) : file_settle(h, &v, e));
	if (!done)
		explicit_bzero(out, PSD_MESSAGE_MAX);
	file_leave(&v);
	return done;
}

static bool
file_audit(void *home, const uint8_t nonce[PSD_NONCE],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct file_home *h = home;
	struct psd_crypto crypto;
	struct file_visit v;
	bool done;

	if (!file_enter(h, false, &v, e))
		return false;
	done = file_holder(&v)->lend(h, &v, &crypto, e) &&
	       psd_audit(&v.image.psd, &crypto, nonce, out, len, e);
	file_leave(&v);
	return done;
}

static bool
file_certificate(
    void *home, uint8_t *out, size_t size, size_t *len, struct err *e)
{
	struct file_visit v;
	bool fits;

	if (!file_enter_unguarded(home, false, &v, e))
		return false;
	fits = v.image.cert_len <= size;
	if (fits) {
		memcpy(out, v.image.cert, v.image.cert_len);
		*len = v.image.cert_len;
	}
	file_leave(&v);
	return fits || err_set(e, ERR_REQUEST,
			   "the certificate does not fit %zu bytes", size);
}

static const char *
file_caution(void *home)
{
	(void)home;
	return "A file can be copied and an old copy put back; only the "
	       "journal and the provider's books would show it.";
}

static const char *
token_caution(void *home)
{
	(void)home;
	return "The token keeps the key, a file the registers: nobody can copy "
	       "the key, but an old copy of the file can be put back, and only "
	       "the journal and the provider's books would show it.";
}

/* What is the same whoever holds the key. */
#define FILE_HOME                                                      \
	.close = file_close, .unlock = file_unlock,                    \
	.change_pin = file_change_pin, .status = file_status,          \
	.debit = file_debit, .find = file_find, .recent = file_recent, \
	.download_request = file_download_request,                     \
	.download_apply = file_download_apply,                         \
	.refund_request = file_refund_request, .audit = file_audit,    \
	.certificate = file_certificate, .guard = file_guard,          \
	.set_guard = file_set_guard

const struct vault_driver vault_file_driver = {
    .scheme = "file",
    .create = file_create,
    .list = file_list,
    .open = file_open,
    .caution = file_caution,
    FILE_HOME,
};

const struct vault_driver vault_hsm_driver = {
    .scheme = "hsm",
    .pin_holds = token_pin_holds,
    .caution = token_caution,
    .create = file_create_token,
    .list = file_list_tokens,
    .open = token_open,
    FILE_HOME,
};
