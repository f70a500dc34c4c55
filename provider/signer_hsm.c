/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in a PKCS#11 token (vault/hsm.h).  In the database is a key's name among
 * those of its token, as a PKCS#11 URI without the token: a copy of the token
 * (a second device of a cluster) has the same ones.  Its label is the PSD's id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/text.h"
#include "provider/signer_driver.h"
#include "provider/signer_keys.h"
#include "vault/crypto.h"
#include "vault/hsm.h"
#include "vault/pin.h"

#define TRIES  5
#define NAP_US 20000

struct token {
	char uri[HSM_URI_MAX], pin[PIN_BYTES];
	int answer_ms;
	struct nursery *nursery;
	struct hsm *hsm;
	struct signer_keys *keys; /* public halves */
	/* Made the last key, and can still destroy it. */
	struct hsm *maker;
	struct signer_key made;
};

static void
forget_maker(struct token *t)
{
	hsm_close(t->maker);
	t->maker = NULL;
}

static void
close_module(void *module)
{
	struct token *t = module;

	forget_maker(t);
	hsm_close(t->hsm);
	signer_keys_free(t->keys);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

/* A token in files (SoftHSM) is written at each login, and who looks at it in that
 * moment finds none, or one that nobody has set up: it is asked again, not by all at
 * the same time.  A PIN that is wrong is ERR_DENIED, and not said twice. */
static bool
ask_again(int *tries, struct err *e)
{
	unsigned nap = 0;

	if ((e->kind != ERR_ABSENT && e->kind != ERR_CONFIG) ||
	    ++*tries == TRIES)
		return false;
	if (getrandom(&nap, sizeof(nap), 0) != sizeof(nap))
		return false;
	usleep(NAP_US + nap % NAP_US);
	*e = (struct err)ERR_INIT;
	return true;
}

static bool
open_hsm(struct token *t, struct hsm **out, struct err *e)
{
	if (!hsm_open(t->uri, NULL, t->answer_ms, out, e))
		return false;
	hsm_use_nursery(*out, t->nursery);
	return true;
}

static bool
unlock_once(struct token *t, struct err *e)
{
	bool needs_pin;

	if (t->pin[0] != '\0')
		return hsm_unlock(t->hsm, t->pin, e);
	return hsm_connect(t->hsm, &needs_pin, e) &&
	       (!needs_pin || err_set(e, ERR_DENIED,
				  "the token wants its PIN: name its file"));
}

static bool
unlock(struct token *t, struct err *e)
{
	int tries = 0;
	bool done;

	do
		done = unlock_once(t, e);
	while (!done && ask_again(&tries, e));
	return done;
}

static bool
begin(struct token *t, const struct signer_setup *setup, struct err *e)
{
	if (!text_copy(t->uri, sizeof(t->uri), setup->uri))
		return err_set(e, ERR_CONFIG, "its URI is too long");
	return (setup->pin_file == NULL ||
		   pin_read(setup->pin_file, t->pin, e)) &&
	       signer_keys_new(true, &t->keys, e) && open_hsm(t, &t->hsm, e) &&
	       unlock(t, e);
}

static bool
open_module(const struct signer_setup *setup, const char *rest, void **module,
    struct err *e)
{
	struct token *t = calloc(1, sizeof(*t));

	(void)rest;
	if (t == NULL)
		return err_system(e, "memory for a module");
	t->answer_ms = setup->answer_ms > 0 ? setup->answer_ms : HSM_ANSWER_MS;
	t->nursery = setup->nursery;
	if (!begin(t, setup, e)) {
		close_module(t);
		return false;
	}
	*module = t;
	return true;
}

/* --- a new key ------------------------------------------------------------------------ */

/* The key's label is the PSD's id. */
static bool
is_of(const char *name, const char *id)
{
	char want[sizeof("object=") + PSD_ID];
	const char *at;
	size_t len = (size_t)snprintf(want, sizeof(want), "object=%s", id);

	at = strstr(name, want);
	return at != NULL && (at[len] == '\0' || at[len] == ';');
}

/* One that was there already is another PSD's. */
static bool
take(struct token *t, const char *id, struct signer_key *out, struct err *e)
{
	struct hsm_taken taken;

	if (!open_hsm(t, &t->maker, e) ||
	    !hsm_take(t->maker, id, t->pin, &taken, e))
		return false;
	if (!taken.made)
		return err_set(
		    e, ERR_CONFIG, "its URI names a key: name the token alone");
	if (!is_of(taken.key, id)) {
		hsm_drop(t->maker);
		return err_set(
		    e, ERR_CONFIG, "the token does not keep a key's label");
	}
	out->ref_len = strlen(taken.key);
	memcpy(out->ref, taken.key, out->ref_len);
	memcpy(out->point, taken.point, PSD_POINT);
	return true;
}

static bool
make(void *module, const char *id, struct signer_key *out, struct err *e)
{
	struct token *t = module;
	bool done;

	forget_maker(t);
	done = take(t, id, out, e);
	if (!done)
		forget_maker(t);
	t->made = *out;
	return done;
}

static void
drop(void *module, const struct signer_key *key)
{
	struct token *t = module;

	if (t->maker != NULL && key->ref_len == t->made.ref_len &&
	    memcmp(key->ref, t->made.ref, key->ref_len) == 0)
		hsm_drop(t->maker);
	forget_maker(t);
}

/* --- signing ---------------------------------------------------------------------------- */

static bool
certified(struct token *t, const char *id, const struct signer_key *key,
    const struct sig_key **out, struct err *e)
{
	struct sig_key *public = NULL;

	*out = signer_keys_find(t->keys, id, key);
	if (*out != NULL)
		return true;
	if (!crypto_from_point(key->point, &public, e))
		return err_set(
		    e, ERR_CORRUPT, "its public key is no point of the curve");
	signer_keys_keep(t->keys, id, key, public);
	*out = public;
	return true;
}

static bool
name_of(const char *id, const struct signer_key *key, char out[HSM_URI_MAX],
    struct err *e)
{
	if (key->ref_len >= HSM_URI_MAX ||
	    memchr(key->ref, 0, key->ref_len) != NULL)
		return err_set(
		    e, ERR_CORRUPT, "its key is not one of a token's names");
	memcpy(out, key->ref, key->ref_len);
	out[key->ref_len] = '\0';
	return is_of(out, id) ||
	       err_set(e, ERR_CORRUPT, "its key is another PSD's");
}

static bool
sign(void *module, const char *id, const struct signer_key *key,
    struct signer_message *messages, size_t count, struct err *e)
{
	struct token *t = module;
	struct hsm_message all[SIGNER_BATCH];
	struct hsm_key which;
	char name[HSM_URI_MAX];
	int tries = 0;
	bool done;

	if (!name_of(id, key, name, e) ||
	    !certified(t, id, key, &which.certified, e))
		return false;
	which.name = name;
	for (size_t i = 0; i < count; i++)
		all[i] = (struct hsm_message){
		    .ptr = messages[i].ptr, .len = messages[i].len};
	do
		done = hsm_sign_all(t->hsm, &which, all, count, e);
	while (!done && ask_again(&tries, e));
	for (size_t i = 0; done && i < count; i++)
		memcpy(messages[i].sig, all[i].sig, SIG_BYTES);
	return done;
}

const struct signer_driver signer_hsm_driver = {
    .scheme = "pkcs11",
    .open = open_module,
    .close = close_module,
    .make = make,
    .sign = sign,
    .drop = drop,
};
