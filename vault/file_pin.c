/* SPDX-License-Identifier: Apache-2.0 */
/* a vault whose key the file itself holds: the PIN wraps it */
#include <string.h>

#include "vault/crypto.h"
#include "vault/file_own.h"

/* Checks a PIN as the PSD wants it; *keys open the key.  Tries are not counted by
 * a guard: who copies the file can guess on a copy of his own. */
static bool
check_pin(struct file_home *h, struct file_visit *v, const char *pin,
    struct wrap_keys *keys, struct err *e)
{
	bool right;

	if (!psd_pin_spend(&v->image.psd, e) || !file_store_again(h, v, e))
		return false;
	/* A PIN that cannot be one was a try, too. */
	if (!wrap_derive(pin, &v->image.key, keys, e)) {
		if (e->kind != ERR_REQUEST)
			return false;
		memset(keys, 0, sizeof(*keys));
	}
	right = psd_pin_compare(&v->image.psd, keys->verifier, e);
	return right && file_store_again(h, v, e);
}

/* Where no PIN keeps it. */
static bool
key_lend(struct file_home *h, const struct file_visit *v,
    struct psd_crypto *crypto, struct err *e)
{
	if (h->key == NULL && !v->image.wrapped &&
	    !file_image_key(&v->image, NULL, &h->key, e))
		return file_failed(h, e);
	crypto_init(crypto, h->key);
	return true;
}

static bool
key_is_unlocked(const struct file_home *h)
{
	return h->key != NULL;
}

static bool
key_unlock(
    struct file_home *h, struct file_visit *v, const char *pin, struct err *e)
{
	struct wrap_keys keys;
	struct sig_key *key = NULL;
	bool done;

	done = !v->image.wrapped ||
	       (check_pin(h, v, pin, &keys, e) &&
		   (file_image_key(&v->image, &keys, &key, e) ||
		       file_failed(h, e)));
	if (done && key != NULL) {
		sig_free(h->key);
		h->key = key;
	}
	explicit_bzero(&keys, sizeof(keys));
	return done;
}

/* Sets the new PIN in the image, or none. */
bool
file_set_pin(struct file_visit *v, const struct sig_key *key, const char *pin,
    struct err *e)
{
	struct wrap_keys keys;
	bool has_pin = pin != NULL && pin[0] != '\0';
	bool done;

	memset(&v->image.key, 0, sizeof(v->image.key));
	if (!has_pin)
		return psd_pin_set(&v->image.psd, NULL, e) &&
		       file_image_seal(&v->image, NULL, key, e);
	done = wrap_fresh(&v->image.key, e) &&
	       wrap_derive(pin, &v->image.key, &keys, e) &&
	       psd_pin_set(&v->image.psd, keys.verifier, e) &&
	       file_image_seal(&v->image, &keys, key, e);
	explicit_bzero(&keys, sizeof(keys));
	return done;
}

static bool
key_change_pin(struct file_home *h, struct file_visit *v, const char *old_pin,
    const char *new_pin, struct err *e)
{
	struct wrap_keys keys;
	struct sig_key *key = NULL;
	bool done;

	done = (!v->image.wrapped ||
		   check_pin(h, v, old_pin == NULL ? "" : old_pin, &keys, e)) &&
	       file_image_key(&v->image, &keys, &key, e) &&
	       /* The second write takes the old wrapping off the medium. */
	       file_set_pin(v, key, new_pin, e) && file_store(h, v, e) &&
	       file_store_again(h, v, e);
	explicit_bzero(&keys, sizeof(keys));
	sig_free(key);
	return done;
}

const struct file_holder file_key_holder = {
    .lend = key_lend,
    .is_unlocked = key_is_unlocked,
    .unlock = key_unlock,
    .change_pin = key_change_pin,
};
