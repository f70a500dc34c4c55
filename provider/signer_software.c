/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in the database, each in a box (vault/box.h) under the module's own key.
 *
 *	 0  version, 1 (1)
 *	 1  check of the module's key (8): SHA-256 of "postage key-encryption
 *	    key" and it, first bytes; tells another file from a damaged key
 *	 9  nonce (12)
 *	21  box (48): the private key's number, and its tag
 *
 * The box is bound to version, check, module's name, PSD id (texts: u16le
 * length and bytes) and public key: a key that was put into another row, or the
 * row of another module, does not open.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/durable.h"
#include "provider/signer_driver.h"
#include "provider/signer_keys.h"
#include "vault/box.h"
#include "vault/crypto.h"
#include "vault/pin.h"

#define VERSION	  1
#define CHECK	  8
#define REF_BYTES (1 + CHECK + BOX_NONCE + BOX_BYTES)
#define BOUND_MAX (1 + CHECK + 2 + SIGNER_NAME_MAX + 2 + PSD_ID + PSD_POINT)

struct software {
	char name[SIGNER_NAME_MAX];
	uint8_t key[BOX_KEY], check[CHECK];
	struct signer_keys *keys;
};

/* --- the module's key ----------------------------------------------------------------- */

static bool
read_key(const char *source, uint8_t key[BOX_KEY], struct err *e)
{
	char path[PATH_MAX];
	uint8_t bytes[BOX_KEY + 1];
	size_t len = 0;
	bool done;

	if (!pin_path(source, path, e))
		return false;
	if (access(path, F_OK) != 0)
		return err_set(e, ERR_CONFIG,
		    "%s is not there: put its copy back; a module that has no "
		    "PSD yet gets it by `postaged init`",
		    path);
	if (!pin_private(path, e))
		return false;
	done = durable_read(path, bytes, sizeof(bytes), &len, e);
	if (!done)
		e->kind = ERR_CONFIG;
	else if (len != BOX_KEY)
		done = err_set(e, ERR_CONFIG,
		    "%s: a module's key has %d bytes, this is none: put its "
		    "copy back",
		    path, BOX_KEY);
	if (done)
		memcpy(key, bytes, BOX_KEY);
	explicit_bzero(bytes, sizeof(bytes));
	return done;
}

static void
make_check(struct software *s)
{
	static const char what[] = "postage key-encryption key";
	uint8_t all[sizeof(what) - 1 + BOX_KEY], hash[SIG_SHA256];

	memcpy(all, what, sizeof(what) - 1);
	memcpy(all + sizeof(what) - 1, s->key, BOX_KEY);
	sig_sha256(all, sizeof(all), hash);
	memcpy(s->check, hash, CHECK);
	explicit_bzero(all, sizeof(all));
}

static void
close_module(void *module)
{
	struct software *s = module;

	signer_keys_free(s->keys);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static bool
open_module(const struct signer_setup *setup, const char *rest, void **module,
    struct err *e)
{
	struct software *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_system(e, "memory for a module");
	strcpy(s->name, setup->name);
	if (!read_key(rest, s->key, e) ||
	    !signer_keys_new(false, &s->keys, e)) {
		close_module(s);
		return false;
	}
	make_check(s);
	*module = s;
	return true;
}

/* --- a PSD's key ------------------------------------------------------------------------- */

struct bound {
	uint8_t bytes[BOUND_MAX];
	struct bytes_writer w;
};

static struct box_lock
lock_of(const struct software *s, const char *id, const uint8_t *point,
    const uint8_t *nonce, struct bound *b)
{
	bytes_writer_init(&b->w, b->bytes, sizeof(b->bytes));
	bytes_write_le(&b->w, VERSION, 1);
	bytes_write(&b->w, s->check, CHECK);
	bytes_write_str(&b->w, s->name);
	bytes_write_str(&b->w, id);
	bytes_write(&b->w, point, PSD_POINT);
	return (struct box_lock){.key = s->key,
	    .nonce = nonce,
	    .bound = b->bytes,
	    .bound_len = b->w.pos};
}

static bool
wrap(const struct software *s, const char *id, const struct sig_key *pair,
    struct signer_key *out, struct err *e)
{
	uint8_t nonce[BOX_NONCE], scalar[SIG_SCALAR], box[BOX_BYTES];
	struct bytes_writer w;
	struct box_lock lock;
	struct bound bound;
	bool done;

	if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		return err_system(e, "random bytes");
	if (!crypto_point(pair, out->point, e) ||
	    !sig_store_scalar(pair, scalar, e))
		return false;
	lock = lock_of(s, id, out->point, nonce, &bound);
	done = box_close(&lock, scalar, box, e);
	explicit_bzero(scalar, sizeof(scalar));
	bytes_writer_init(&w, out->ref, sizeof(out->ref));
	bytes_write_le(&w, VERSION, 1);
	bytes_write(&w, s->check, CHECK);
	bytes_write(&w, nonce, BOX_NONCE);
	bytes_write(&w, box, BOX_BYTES);
	out->ref_len = w.pos;
	return done;
}

static bool
make(void *module, const char *id, struct signer_key *out, struct err *e)
{
	struct sig_key *pair = NULL;
	bool done = sig_generate(&pair, e) && wrap(module, id, pair, out, e);

	sig_free(pair);
	return done;
}

/* What its parts are, and whether another module's key is wanted. */
static bool
read_ref(const struct software *s, const struct signer_key *key,
    const uint8_t **nonce, const uint8_t **box, struct err *e)
{
	struct bytes_reader r;
	const uint8_t *check;
	uint64_t version;

	bytes_reader_init(&r, key->ref, key->ref_len);
	version = bytes_read_le(&r, 1);
	check = bytes_read(&r, CHECK);
	*nonce = bytes_read(&r, BOX_NONCE);
	*box = bytes_read(&r, BOX_BYTES);
	if (!bytes_reader_done(&r) || version != VERSION)
		return err_set(
		    e, ERR_CORRUPT, "its key is not one that was wrapped here");
	return memcmp(check, s->check, CHECK) == 0 ||
	       err_set(e, ERR_CONFIG,
		   "its key was wrapped under another file than this module's: "
		   "put the copy of that file back");
}

static bool
unwrap(struct software *s, const char *id, const struct signer_key *key,
    struct sig_key **out, struct err *e)
{
	const uint8_t *nonce, *box;
	uint8_t scalar[SIG_SCALAR], point[PSD_POINT];
	struct box_lock lock;
	struct bound bound;
	bool done;

	if (!read_ref(s, key, &nonce, &box, e))
		return false;
	lock = lock_of(s, id, key->point, nonce, &bound);
	if (!box_open(&lock, box, scalar))
		return err_set(e, ERR_CORRUPT,
		    "its key does not open: it is another PSD's or module's, "
		    "or damaged");
	done = sig_load_scalar(scalar, out, e);
	explicit_bzero(scalar, sizeof(scalar));
	if (done && crypto_point(*out, point, e) &&
	    memcmp(point, key->point, PSD_POINT) == 0)
		return true;
	sig_free(*out);
	*out = NULL;
	return err_set(e, ERR_CORRUPT, "its key is not the certified one");
}

/* --- signing ---------------------------------------------------------------------------------- */

static bool
sign_all(const struct sig_key *pair, struct signer_message *messages,
    size_t count, struct err *e)
{
	struct sig_signed done[SIGNER_BATCH];

	for (size_t i = 0; i < count; i++) {
		struct signer_message *m = &messages[i];

		if (!sig_sign(pair, m->ptr, m->len, m->sig, e))
			return false;
		done[i] = (struct sig_signed){m->ptr, m->len, m->sig};
	}
	return sig_verify_own(pair, done, count) ||
	       err_set(e, ERR_CORRUPT,
		   "a signature does not verify: this computer's memory or "
		   "processor fails; nothing was let out");
}

static bool
sign(void *module, const char *id, const struct signer_key *key,
    struct signer_message *messages, size_t count, struct err *e)
{
	struct software *s = module;
	const struct sig_key *ready = signer_keys_find(s->keys, id, key);
	struct sig_key *pair = NULL;

	if (ready == NULL) {
		if (!unwrap(s, id, key, &pair, e))
			return false;
		signer_keys_keep(s->keys, id, key, pair);
		ready = pair;
	}
	return sign_all(ready, messages, count, e);
}

const struct signer_driver signer_software_driver = {
    .scheme = "software",
    .open = open_module,
    .close = close_module,
    .make = make,
    .sign = sign,
};
