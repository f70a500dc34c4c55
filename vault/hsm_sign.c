/* SPDX-License-Identifier: Apache-2.0 */
/* the caller's end of a token: signatures */
#include <assert.h>
#include <string.h>

#include "vault/crypto.h"
#include "vault/hsm_link.h"

#define TRIES 2 /* of signatures whose token went away */

/* A batch goes in parts: while the token signs one, the one before it is
 * verified here, on another processor, and one more waits for the token. */
#define PART  4
#define AHEAD 2

struct batch {
	struct hsm *t;
	const struct hsm_key *key;
	struct hsm_message *messages;
	size_t count;
	size_t sent, got, good; /* messages: given, answered, verified */
};

/* Where the part ends that begins with message `from`. */
static size_t
part_end(const struct batch *b, size_t from)
{
	size_t room = ASIDE_MESSAGE - 1 - 2 - strlen(b->key->name);
	size_t end = from;

	while (end < b->count && end - from < PART &&
	       b->messages[end].len + 2 <= room)
		room -= b->messages[end++].len + 2;
	return end;
}

static bool
send_part(struct batch *b, struct err *e)
{
	size_t end = part_end(b, b->sent);
	struct hsm_said o;

	if (end == b->sent)
		return err_set(e, ERR_REQUEST, "too long to be signed");
	hsm_begin_order(&o, HSM_SIGN);
	bytes_write_str(&o.w, b->key->name);
	for (; b->sent < end; b->sent++) {
		const struct hsm_message *m = &b->messages[b->sent];

		bytes_write_le(&o.w, m->len, 2);
		bytes_write(&o.w, m->ptr, m->len);
	}
	return hsm_give_order(b->t, &o, e);
}

static bool
send_ahead(struct batch *b, struct err *e)
{
	size_t parts = 0;

	for (size_t at = b->got; at < b->sent; at = part_end(b, at))
		parts++;
	for (; parts < AHEAD && b->sent < b->count; parts++)
		if (!send_part(b, e))
			return false;
	return true;
}

static bool
receive_part(struct batch *b, struct err *e)
{
	size_t end = part_end(b, b->got);
	struct bytes_reader answer;

	if (!hsm_answer(b->t, b->t->answer_ms, &answer, e))
		return false;
	if (!hsm_whole(bytes_left(&answer) == (end - b->got) * SIG_BYTES, e))
		return false;
	for (; b->got < end; b->got++)
		bytes_read_into(&answer, b->messages[b->got].sig, SIG_BYTES);
	return true;
}

/* What has come since the last time, no more than a part. */
static bool
verify(struct batch *b, struct err *e)
{
	struct sig_signed list[PART];
	size_t count = b->got - b->good;

	assert(count <= PART);
	for (size_t i = 0; i < count; i++) {
		const struct hsm_message *m = &b->messages[b->good + i];

		list[i] = (struct sig_signed){m->ptr, m->len, m->sig};
	}
	if (b->key->certified == NULL ||
	    !sig_verify_all(b->key->certified, list, count))
		return err_set(e, ERR_CORRUPT,
		    "what the token signed is not the certificate's: it has "
		    "another key under this name now, or it is broken; it is "
		    "not let out");
	b->good = b->got;
	return true;
}

/* What is left of it. */
static bool
sign_rest(struct batch *b, struct err *e)
{
	b->sent = b->got = b->good;
	if (!hsm_reconnect(b->t, e) || !send_ahead(b, e))
		return false;
	while (b->good < b->count)
		if (!receive_part(b, e) || !send_ahead(b, e) || !verify(b, e))
			return false;
	return true;
}

/* Might a new session help?  One that is old may know nothing of a key that was
 * made since, or that its token is another one now. */
static bool
may_help(const struct hsm *t, bool old, const struct err *e)
{
	bool died = t->aside == NULL && e->kind == ERR_SYSTEM;

	return died || e->kind == ERR_ABSENT || (old && e->kind == ERR_CONFIG);
}

/* Nothing was stored yet: a signature that nobody saw may be made again. */
static bool
sign_again(struct batch *b, struct err *e)
{
	for (int i = 0; i < TRIES; i++) {
		bool old = b->t->aside != NULL, again;

		if (sign_rest(b, e)) {
			*e = (struct err)ERR_INIT;
			return true;
		}
		again = may_help(b->t, old, e);
		hsm_disconnect(b->t);
		if (!again)
			return false;
	}
	return false;
}

bool
hsm_sign_all(struct hsm *t, const struct hsm_key *key,
    struct hsm_message *messages, size_t count, struct err *e)
{
	struct batch b = {
	    .t = t, .key = key, .messages = messages, .count = count};

	if (sign_again(&b, e))
		return true;
	for (size_t i = 0; i < count; i++)
		explicit_bzero(messages[i].sig, SIG_BYTES);
	return false;
}

bool
hsm_sign(struct hsm *t, const void *msg, size_t len, uint8_t sig[SIG_BYTES],
    struct err *e)
{
	struct hsm_key key = {.name = "", .certified = t->certified};
	struct hsm_message m = {.ptr = msg, .len = len};
	bool done = hsm_sign_all(t, &key, &m, 1, e);

	memcpy(sig, m.sig, SIG_BYTES);
	return done;
}

static bool
lent_sign(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	return hsm_sign(context, msg, len, sig, e);
}

void
hsm_lend(struct hsm *t, struct psd_crypto *out)
{
	crypto_init(out, NULL);
	out->context = t;
	out->sign = lent_sign;
}
