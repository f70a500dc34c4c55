/* SPDX-License-Identifier: Apache-2.0 */
/* the key of a button vault, and the PIN that wraps it */
#include <string.h>

#include "vault/button_own.h"

/* What the wrapped key belongs to: this button, this PSD. */
#define BOUND (BUTTON_ROM + PSD_ID)

static void
bind_to(const struct button_visit *v, uint8_t out[BOUND])
{
	char id[PSD_ID] = "";

	memset(out, 0, BOUND);
	memcpy(out, v->store.rom, BUTTON_ROM);
	psd_id(&v->psd, id);
	memcpy(out + BUTTON_ROM, id, PSD_ID);
}

static bool
is_certified(const struct button_visit *v, const struct sig_key *key)
{
	uint8_t der[CERT_MAX];
	struct cert *cert = NULL;
	struct err e = ERR_INIT;
	size_t len;
	bool same;

	if (!button_store_cert(&v->store, der, &len, &e) ||
	    !cert_parse(der, len, &cert, &e))
		return false;
	same = sig_same(cert_key(cert), key);
	cert_free(cert);
	return same;
}

bool
button_open_key(const struct button_visit *v, const struct wrap_keys *keys,
    struct sig_key **out, struct err *e)
{
	uint8_t scalar[SIG_SCALAR], bound[BOUND];
	struct button_key stored;
	struct sig_key *key = NULL;
	bool done = true;

	if (!button_store_key(&v->store, &stored, e))
		return false;
	bind_to(v, bound);
	if (stored.wrapped != (keys != NULL))
		done = err_set(e, ERR_DENIED, "the button needs its PIN");
	else if (stored.wrapped)
		done = wrap_open(
		    keys, bound, sizeof(bound), &stored.key, scalar, e);
	else
		memcpy(scalar, stored.key.box, SIG_SCALAR);
	done = done && sig_load_scalar(scalar, &key, e);
	explicit_bzero(scalar, sizeof(scalar));
	explicit_bzero(&stored, sizeof(stored));
	if (done && !is_certified(v, key)) {
		sig_free(key);
		done = err_set(e, ERR_CORRUPT,
		    "the key of the button %s is not its certificate's: send "
		    "it to the provider",
		    v->store.rom);
	}
	if (done)
		*out = key;
	return done;
}

/* Checks a PIN as the PSD wants it; *keys open the key. */
static bool
check_pin(struct button_home *h, struct button_visit *v, const char *pin,
    struct wrap_keys *keys, struct err *e)
{
	struct button_key stored;
	bool done;

	if (!psd_pin_spend(&v->psd, e) || !button_save(h, v, e) ||
	    !button_store_key(&v->store, &stored, e))
		return false;
	/* A PIN that cannot be one was a try, too. */
	done = wrap_derive(pin, &stored.key, keys, e);
	explicit_bzero(&stored, sizeof(stored));
	if (!done) {
		if (e->kind != ERR_REQUEST)
			return false;
		memset(keys, 0, sizeof(*keys));
	}
	return psd_pin_compare(&v->psd, keys->verifier, e) &&
	       button_save(h, v, e);
}

bool
button_unlock(void *home, const char *pin, struct err *e)
{
	struct button_home *h = home;
	struct wrap_keys keys;
	struct sig_key *key = NULL;
	struct button_visit v;
	bool done;

	if (!button_enter(h, &v, e))
		return false;
	done = !v.psd.pin_required || (check_pin(h, &v, pin, &keys, e) &&
					  button_open_key(&v, &keys, &key, e));
	if (done && key != NULL) {
		sig_free(h->key);
		h->key = key;
	}
	explicit_bzero(&keys, sizeof(keys));
	button_leave(&v);
	return done;
}

bool
button_set_pin(struct button_visit *v, const struct sig_key *key,
    const char *pin, struct button_key *out, struct err *e)
{
	uint8_t scalar[SIG_SCALAR], bound[BOUND];
	struct wrap_keys keys;
	bool done;

	memset(out, 0, sizeof(*out));
	memset(&keys, 0, sizeof(keys));
	out->wrapped = pin != NULL && pin[0] != '\0';
	bind_to(v, bound);
	done = sig_store_scalar(key, scalar, e);
	if (done && out->wrapped)
		done = wrap_fresh(&out->key, e) &&
		       wrap_derive(pin, &out->key, &keys, e) &&
		       wrap_close(
			   &keys, bound, sizeof(bound), scalar, &out->key, e) &&
		       psd_pin_set(&v->psd, keys.verifier, e);
	else if (done) {
		memcpy(out->key.box, scalar, SIG_SCALAR);
		done = psd_pin_set(&v->psd, NULL, e);
	}
	memcpy(out->verifier, v->psd.pin_verifier, PSD_VERIFIER);
	explicit_bzero(scalar, sizeof(scalar));
	explicit_bzero(&keys, sizeof(keys));
	return done;
}

bool
button_change_pin(
    void *home, const char *old_pin, const char *new_pin, struct err *e)
{
	struct button_home *h = home;
	struct button_key stored;
	struct wrap_keys keys;
	struct sig_key *key = NULL;
	struct button_visit v;
	bool done;

	if (!button_enter(h, &v, e))
		return false;
	done =
	    (!v.psd.pin_required ||
		check_pin(h, &v, old_pin == NULL ? "" : old_pin, &keys, e)) &&
	    button_open_key(&v, v.psd.pin_required ? &keys : NULL, &key, e) &&
	    button_set_pin(&v, key, new_pin, &stored, e) &&
	    (button_store_save_key(&v.store, &v.psd, &stored, e) ||
		button_failed(h, e)) &&
	    /* The second takes the old verifier off the button. */
	    button_save(h, &v, e);
	explicit_bzero(&stored, sizeof(stored));
	explicit_bzero(&keys, sizeof(keys));
	if (done && h->key != NULL) {
		sig_free(h->key);
		h->key = key;
		key = NULL;
	}
	sig_free(key);
	button_leave(&v);
	return done;
}
