/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/labcard_chip.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/flock.h"
#include "vault/crypto.h"

#define LOCK_WAIT_MS 2000

_Static_assert(CARD_NVM_BYTES <= SLOT_PAYLOAD, "the memory fits a slot");

/* --- memory ------------------------------------------------------------------- */

static bool
memory_read(void *context, size_t at, void *out, size_t len)
{
	const struct chip *c = context;

	assert(at + len <= sizeof(c->memory));
	memcpy(out, c->memory + at, len);
	return true;
}

/* Half of the word's bytes come, where power ends. */
static bool
memory_write(void *context, size_t at, const void *bytes, size_t len)
{
	struct chip *c = context;
	const uint8_t *from = bytes;

	assert(at + len <= sizeof(c->memory));
	for (size_t i = 0; i < len && !c->dark; i += NVM_WORD) {
		c->dark = ++c->words == c->tear_after;
		memcpy(c->memory + at + i, from + i,
		    c->dark ? NVM_WORD / 2 : NVM_WORD);
		c->changed = true;
	}
	return !c->dark;
}

/* --- crypto ---------------------------------------------------------------------- */

static bool
generate(void *context, struct card_key *key)
{
	struct sig_key *made = NULL;
	struct err e = ERR_INIT;
	bool done = sig_generate(&made, &e) &&
		    sig_store_scalar(made, key->secret, &e) &&
		    crypto_point(made, key->point, &e);

	(void)context;
	sig_free(made);
	return done;
}

static bool
use_key(void *context, const struct card_key *key)
{
	struct chip *c = context;
	struct err e = ERR_INIT;

	sig_free(c->key);
	c->key = NULL;
	return sig_load_scalar(key->secret, &c->key, &e);
}

static bool
sign(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	const struct chip *c = context;
	struct timespec pause = {.tv_sec = c->signature_ms / 1000,
	    .tv_nsec = c->signature_ms % 1000 * 1000000L};

	while (c->signature_ms > 0 && nanosleep(&pause, &pause) != 0 &&
	       errno == EINTR)
		;
	return c->key != NULL && sig_sign(c->key, msg, len, sig, e);
}

static bool
random_bytes(void *context, uint8_t *out, size_t len)
{
	(void)context;
	return getrandom(out, len, 0) == (ssize_t)len;
}

/* --- the file ----------------------------------------------------------------------- */

/* A blank card. */
static bool
make(struct chip *c, const char *path, struct err *e)
{
	uint8_t file[SLOTS_BYTES];
	bool done;

	memset(c->memory, 0xff, sizeof(c->memory));
	if (!card_store_format(&c->nvm, &c->app.psd, e))
		return false;
	slots_format(c->memory, sizeof(c->memory), file);
	done = durable_create(path, file, sizeof(file), 0600, e) ||
	       errno == EEXIST;
	explicit_bzero(file, sizeof(file));
	c->words = 0;
	c->changed = false;
	return done;
}

bool
chip_open(struct chip *c, const char *path, struct err *e)
{
	int fd;

	memset(c, 0, sizeof(*c));
	c->slots.fd = -1;
	c->nvm = (struct nvm){.context = c,
	    .size = sizeof(c->memory),
	    .read = memory_read,
	    .write = memory_write};
	c->crypto = (struct card_crypto){
	    .generate = generate, .use_key = use_key, .random = random_bytes};
	crypto_init(&c->crypto.psd, NULL);
	c->crypto.psd.context = c;
	c->crypto.psd.sign = sign;
	c->app.nvm = &c->nvm;
	c->app.crypto = &c->crypto;
	if (access(path, F_OK) != 0 && errno == ENOENT && !make(c, path, e))
		return false;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_system(e, "%s", path);
	if (!flock_wait(fd, LOCK_EX, LOCK_WAIT_MS)) {
		err_set(
		    e, ERR_BUSY, "%s: this card is in another reader", path);
		close(fd);
		return false;
	}
	if (slots_read(&c->slots, fd, c->memory, sizeof(c->memory), e)) {
		c->slots.fd = fd;
		return true;
	}
	close(fd);
	return err_prefix(e, "%s", path);
}

void
chip_close(struct chip *c)
{
	sig_free(c->key);
	if (c->slots.fd >= 0)
		close(c->slots.fd);
	explicit_bzero(c, sizeof(*c));
	c->slots.fd = -1;
}

void
chip_power(struct chip *c)
{
	card_app_power(&c->app);
}

bool
chip_keep(struct chip *c, struct err *e)
{
	if (!c->changed)
		return true;
	if (!slots_write(&c->slots, c->memory, sizeof(c->memory), e))
		return false;
	c->changed = false;
	return true;
}
