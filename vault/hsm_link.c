/* SPDX-License-Identifier: Apache-2.0 */
/* the caller's end of a token */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "vault/crypto.h"
#include "vault/hsm_link.h"

#define MAKE_TIMES 6 /* as long as other orders: cards make keys slowly */

bool
hsm_open(const char *uri, const uint8_t *certified, int answer_ms,
    struct hsm **out, struct err *e)
{
	struct hsm *t = calloc(1, sizeof(*t));
	char shown[64];

	if (t == NULL)
		return err_system(e, "memory for a token");
	t->answer_ms = answer_ms;
	if (strncmp(uri, "pkcs11:", 7) != 0 ||
	    !text_copy(t->uri, sizeof(t->uri), uri)) {
		free(t);
		return err_set(e, ERR_CONFIG,
		    "\"%s\" names no token: write "
		    "pkcs11:token=LABEL;serial=NUMBER",
		    text_clean(uri, shown, sizeof(shown)));
	}
	if (certified != NULL &&
	    !crypto_from_point(certified, &t->certified, e)) {
		free(t);
		return false;
	}
	*out = t;
	return true;
}

void
hsm_use_nursery(struct hsm *t, struct nursery *nursery)
{
	t->nursery = nursery;
}

void
hsm_disconnect(struct hsm *t)
{
	aside_close(t->aside);
	t->aside = NULL;
}

static void
forget_pin(struct hsm *t)
{
	explicit_bzero(t->pin, sizeof(t->pin));
	t->unlocked = false;
}

void
hsm_close(struct hsm *t)
{
	if (t == NULL)
		return;
	hsm_disconnect(t);
	forget_pin(t);
	sig_free(t->certified);
	free(t);
}

/* --- orders ------------------------------------------------------------------------ */

void
hsm_begin_order(struct hsm_said *o, enum hsm_order what)
{
	bytes_writer_init(&o->w, o->bytes, sizeof(o->bytes));
	bytes_write_le(&o->w, what, 1);
}

bool
hsm_give_order(struct hsm *t, struct hsm_said *o, struct err *e)
{
	bool done = aside_give(t->aside, &o->w, e);

	explicit_bzero(o->bytes, o->w.pos);
	if (!done && aside_is_lost(t->aside))
		hsm_disconnect(t);
	return done;
}

bool
hsm_answer(struct hsm *t, int ms, struct bytes_reader *answer, struct err *e)
{
	bool done = aside_take(t->aside, ms, answer, e);

	if (!done && aside_is_lost(t->aside))
		hsm_disconnect(t);
	return done;
}

static bool
give(struct hsm *t, struct hsm_said *o, struct bytes_reader *answer,
    struct err *e)
{
	int times = o->bytes[0] == HSM_TAKE ? MAKE_TIMES : 1;

	return hsm_give_order(t, o, e) &&
	       hsm_answer(t, times * t->answer_ms, answer, e);
}

bool
hsm_whole(bool whole, struct err *e)
{
	return whole || err_set(e, ERR_CORRUPT, "the token's answer is cut");
}

/* A session with the token. */
static bool
connect_token(struct hsm *t, bool writable, bool *needs_pin, struct err *e)
{
	struct bytes_reader answer;
	struct hsm_said o;

	hsm_disconnect(t);
	if (!aside_open_in(t->nursery, &hsm_part, &t->aside, e))
		return false;
	hsm_begin_order(&o, HSM_OPEN);
	bytes_write_le(&o.w, writable, 1);
	bytes_write_str(&o.w, t->uri);
	if (!give(t, &o, &answer, e)) {
		hsm_disconnect(t);
		return false;
	}
	*needs_pin = bytes_read_le(&answer, 1) != 0;
	return hsm_whole(bytes_reader_done(&answer), e);
}

/* A PIN that is right is kept; one that is refused is not presented a second
 * time. */
static bool
login(struct hsm *t, const char *pin, struct err *e)
{
	struct bytes_reader answer;
	struct hsm_said o;

	hsm_begin_order(&o, HSM_LOGIN);
	bytes_write_str(&o.w, pin);
	t->unlocked = give(t, &o, &answer, e);
	if (t->unlocked && pin != t->pin)
		t->unlocked = text_copy(t->pin, sizeof(t->pin), pin);
	if (!t->unlocked && e->kind == ERR_DENIED)
		forget_pin(t);
	return t->unlocked;
}

/* As the last session was. */
bool
hsm_reconnect(struct hsm *t, struct err *e)
{
	bool needs_pin;

	if (t->aside != NULL && !aside_is_lost(t->aside))
		return true;
	return connect_token(t, false, &needs_pin, e) &&
	       (t->pin[0] == '\0' || login(t, t->pin, e));
}

bool
hsm_connect(struct hsm *t, bool *needs_pin, struct err *e)
{
	return connect_token(t, false, needs_pin, e);
}

/* --- PIN ----------------------------------------------------------------------------- */

bool
hsm_unlock(struct hsm *t, const char *pin, struct err *e)
{
	size_t len = strlen(pin);
	bool needs_pin;

	forget_pin(t);
	if (len == 0 || len >= sizeof(t->pin))
		return err_set(e, ERR_DENIED,
		    "the token's PIN is needed, and this cannot be one");
	return connect_token(t, false, &needs_pin, e) && login(t, pin, e);
}

bool
hsm_is_unlocked(const struct hsm *t)
{
	return t->unlocked;
}

bool
hsm_change_pin(
    struct hsm *t, const char *old_pin, const char *new_pin, struct err *e)
{
	struct bytes_reader answer;
	struct hsm_said o;
	bool needs_pin, done;

	forget_pin(t);
	if (!connect_token(t, true, &needs_pin, e))
		return false;
	hsm_begin_order(&o, HSM_PIN);
	bytes_write_str(&o.w, old_pin);
	bytes_write_str(&o.w, new_pin);
	done = give(t, &o, &answer, e);
	hsm_disconnect(t);
	return done;
}

/* --- a new PSD's key --------------------------------------------------------------------- */

static bool
ask_key(struct hsm *t, const char *label, struct hsm_taken *out, struct err *e)
{
	struct bytes_reader answer;
	struct hsm_said o;

	hsm_begin_order(&o, HSM_TAKE);
	bytes_write_str(&o.w, label);
	if (!give(t, &o, &answer, e))
		return false;
	out->made = bytes_read_le(&answer, 1) != 0;
	bytes_read_str(&answer, out->uri, sizeof(out->uri));
	bytes_read_str(&answer, out->key, sizeof(out->key));
	bytes_read_into(&answer, out->point, sizeof(out->point));
	return hsm_whole(bytes_reader_done(&answer), e);
}

/* It has the private half: it signs, with the first byte of an authentication
 * (vault/psd.h), which no stamp has. */
static bool
prove_key(struct hsm *t, const uint8_t point[PSD_POINT], struct err *e)
{
	uint8_t proof[1 + PSD_NONCE] = {0x05}, sig[SIG_BYTES];

	sig_free(t->certified);
	t->certified = NULL;
	if (getrandom(proof + 1, PSD_NONCE, 0) != PSD_NONCE)
		return err_system(e, "random bytes");
	return crypto_from_point(point, &t->certified, e) &&
	       hsm_sign(t, proof, sizeof(proof), sig, e);
}

bool
hsm_take(struct hsm *t, const char *label, const char *pin,
    struct hsm_taken *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (!connect_token(t, true, &out->needs_pin, e))
		return false;
	if (out->needs_pin && pin[0] == '\0')
		return err_set(e, ERR_DENIED,
		    "the token wants its user PIN: name the PIN's file, "
		    "--pin-file");
	if (out->needs_pin && !login(t, pin, e))
		return false;
	if (!ask_key(t, label, out, e))
		return false;
	memcpy(t->uri, out->uri, sizeof(t->uri));
	if (prove_key(t, out->point, e))
		return true;
	if (out->made)
		hsm_drop(t);
	return false;
}

void
hsm_drop(struct hsm *t)
{
	struct bytes_reader answer;
	struct err ignored = ERR_INIT;
	struct hsm_said o;

	hsm_begin_order(&o, HSM_DROP);
	if (t->aside != NULL)
		(void)!give(t, &o, &answer, &ignored);
}

/* --- which tokens there are ---------------------------------------------------------------- */

static bool
ask_nth(struct hsm *t, unsigned n, struct hsm_token *out, bool *found,
    struct err *e)
{
	struct bytes_reader answer;
	struct hsm_said o;

	hsm_begin_order(&o, HSM_LIST);
	bytes_write_le(&o.w, n, 2);
	if (!give(t, &o, &answer, e))
		return false;
	*found = bytes_left(&answer) > 0;
	if (!*found)
		return true;
	bytes_read_str(&answer, out->uri, sizeof(out->uri));
	bytes_read_str(&answer, out->model, sizeof(out->model));
	bytes_read_str(&answer, out->keys, sizeof(out->keys));
	return hsm_whole(bytes_reader_done(&answer), e);
}

bool
hsm_list(int answer_ms,
    void (*each)(void *context, const struct hsm_token *token), void *context,
    struct err *e)
{
	struct hsm_token token;
	struct hsm *t = NULL;
	bool found = true, done;

	done = hsm_open("pkcs11:", NULL, answer_ms, &t, e) &&
	       aside_open(&hsm_part, &t->aside, e);
	for (unsigned n = 0; done && found; n++) {
		done = ask_nth(t, n, &token, &found, e);
		if (done && found)
			each(context, &token);
	}
	hsm_close(t);
	return done;
}
