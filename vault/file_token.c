/* SPDX-License-Identifier: Apache-2.0 */
/* a vault whose key a token holds: its PIN and its key are the token's */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vault/crypto.h"
#include "vault/file.h"
#include "vault/file_own.h"
#include "vault/message.h"

static bool
certified_point(
    const struct file_image *image, uint8_t point[PSD_POINT], struct err *e)
{
	struct cert *cert = NULL;
	bool done = cert_parse(image->cert, image->cert_len, &cert, e) &&
		    crypto_point(cert_key(cert), point, e);

	cert_free(cert);
	return done;
}

static bool
take_token(struct file_home *h, const struct file_visit *v, struct err *e)
{
	uint8_t point[PSD_POINT];

	return h->token != NULL ||
	       (certified_point(&v->image, point, e) &&
		   hsm_open(
		       v->image.token, point, HSM_ANSWER_MS, &h->token, e)) ||
	       file_failed(h, e);
}

static bool
token_lend(struct file_home *h, const struct file_visit *v,
    struct psd_crypto *crypto, struct err *e)
{
	if (!take_token(h, v, e))
		return false;
	hsm_lend(h->token, crypto);
	return true;
}

static bool
token_is_unlocked(const struct file_home *h)
{
	return h->token != NULL && hsm_is_unlocked(h->token);
}

static bool
token_unlock(
    struct file_home *h, struct file_visit *v, const char *pin, struct err *e)
{
	return !v->image.psd.pin_required ||
	       (take_token(h, v, e) && hsm_unlock(h->token, pin, e));
}

static bool
token_change_pin(struct file_home *h, struct file_visit *v, const char *old_pin,
    const char *new_pin, struct err *e)
{
	if (new_pin == NULL || new_pin[0] == '\0')
		return err_set(e, ERR_REQUEST,
		    "a token's PIN can be changed but not taken away: name the "
		    "new one's file, --new-pin-file");
	return take_token(h, v, e) &&
	       hsm_change_pin(
		   h->token, old_pin == NULL ? "" : old_pin, new_pin, e);
}

const struct file_holder file_token_holder = {
    .lend = token_lend,
    .is_unlocked = token_is_unlocked,
    .unlock = token_unlock,
    .change_pin = token_change_pin,
};

/* --- a new one -------------------------------------------------------------------- */

static bool
certify(const struct vault_setup *in, const struct hsm_taken *taken,
    struct cert **out, struct err *e)
{
	struct sig_key *key = NULL;
	bool done =
	    crypto_from_point(taken->point, &key, e) &&
	    in->certify(in->context, key, out, e) &&
	    (sig_same(cert_key(*out), key) ||
		err_set(e, ERR_CORRUPT, "the certificate is for another key"));

	sig_free(key);
	return done;
}

/* What fails after it leaves no key behind that nobody knows. */
static bool
take_key(
    const char *uri, struct hsm *t, const struct vault_setup *in, struct err *e)
{
	struct vault_file_setup setup = {.psd = in->psd, .guard = in->guard};
	struct cert *cert = NULL;
	struct hsm_taken taken;
	struct message_psd psd = {.serial = in->psd.serial};
	char label[HSM_TEXT], id[PSD_ID];
	bool done;

	memcpy(psd.vendor, in->psd.vendor, sizeof(psd.vendor));
	memcpy(psd.model, in->psd.model, sizeof(psd.model));
	snprintf(label, sizeof(label), "postage %s", message_psd_id(&psd, id));
	if (!hsm_take(t, label, in->pin == NULL ? "" : in->pin, &taken, e))
		return false;
	setup.token = taken.uri;
	setup.token_pin = taken.needs_pin;
	done = certify(in, &taken, &cert, e);
	setup.cert = cert;
	done = done && vault_file_create(uri, &setup, e);
	cert_free(cert);
	if (!done)
		hsm_drop(t);
	return done;
}

bool
file_create_token(
    const char *rest, int wait_ms, const struct vault_setup *in, struct err *e)
{
	const char *token =
	    in->token == NULL || in->token[0] == '\0' ? "pkcs11:" : in->token;
	char uri[VAULT_URI_MAX + 8];
	struct hsm *t = NULL;
	bool done;

	(void)wait_ms;
	snprintf(uri, sizeof(uri), "hsm:%s", rest);
	/* Before a key is made. */
	done = vault_file_is_free(uri, e) &&
	       hsm_open(token, NULL, HSM_ANSWER_MS, &t, e) &&
	       take_key(uri, t, in, e);
	hsm_close(t);
	return done;
}

/* --- which there are ----------------------------------------------------------------- */

struct listing {
	vault_place_fn *each;
	void *context;
};

static void
tell(void *context, const struct hsm_token *token)
{
	const struct listing *l = context;
	struct vault_place place = {0};

	snprintf(place.place, sizeof(place.place), "%.*s", VAULT_PLACE - 1,
	    token->uri);
	snprintf(place.holds, sizeof(place.holds), "%.40s: %.100s",
	    token->model, token->keys);
	l->each(l->context, &place);
}

bool
file_list_tokens(
    int wait_ms, vault_place_fn *each, void *context, struct err *e)
{
	struct listing l = {each, context};

	(void)wait_ms;
	return hsm_list(HSM_ANSWER_MS, tell, &l, e);
}
