/* SPDX-License-Identifier: Apache-2.0 */
/* the caller's end of a token */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "vault/crypto.h"
#include "vault/hsm_child.h"

#define TRIES	   2 /* of a signature whose token went away */
#define MAKE_TIMES 6 /* as long as other orders: cards make keys slowly */

struct hsm {
	char uri[HSM_URI_MAX];
	struct sig_key *certified; /* NULL: not known yet */
	int answer_ms;
	struct aside *aside; /* NULL: not connected */
	bool unlocked;
	char pin[HSM_PIN_MAX]; /* that was right, or "" */
};

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

static void
disconnect(struct hsm *t)
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
	disconnect(t);
	forget_pin(t);
	sig_free(t->certified);
	free(t);
}

/* --- orders ------------------------------------------------------------------------ */

/* An order under way: its bytes hold a PIN sometimes. */
struct order {
	uint8_t bytes[HSM_MESSAGE_MAX + 8];
	struct bytes_writer w;
};

static void
begin_order(struct order *o, enum hsm_order what)
{
	bytes_writer_init(&o->w, o->bytes, sizeof(o->bytes));
	bytes_write_le(&o->w, what, 1);
}

static bool
give(struct hsm *t, struct order *o, struct bytes_reader *answer, struct err *e)
{
	int times = o->bytes[0] == HSM_TAKE ? MAKE_TIMES : 1;
	bool done =
	    aside_order(t->aside, &o->w, times * t->answer_ms, answer, e);

	explicit_bzero(o->bytes, sizeof(o->bytes));
	if (!done && aside_is_lost(t->aside))
		disconnect(t);
	return done;
}

static bool
cut(bool whole, struct err *e)
{
	return whole || err_set(e, ERR_CORRUPT, "the token's answer is cut");
}

/* A session with the token. */
static bool
connect_token(struct hsm *t, bool writable, bool *needs_pin, struct err *e)
{
	struct bytes_reader answer;
	struct order o;

	disconnect(t);
	if (!aside_open(&hsm_part, &t->aside, e))
		return false;
	begin_order(&o, HSM_OPEN);
	bytes_write_le(&o.w, writable, 1);
	bytes_write_str(&o.w, t->uri);
	if (!give(t, &o, &answer, e)) {
		disconnect(t);
		return false;
	}
	*needs_pin = bytes_read_le(&answer, 1) != 0;
	return cut(bytes_reader_done(&answer), e);
}

/* A PIN that is right is kept; one that is refused is not presented a second
 * time. */
static bool
login(struct hsm *t, const char *pin, struct err *e)
{
	struct bytes_reader answer;
	struct order o;

	begin_order(&o, HSM_LOGIN);
	bytes_write_str(&o.w, pin);
	t->unlocked = give(t, &o, &answer, e);
	if (t->unlocked && pin != t->pin)
		t->unlocked = text_copy(t->pin, sizeof(t->pin), pin);
	if (!t->unlocked && e->kind == ERR_DENIED)
		forget_pin(t);
	return t->unlocked;
}

/* As the last session was. */
static bool
reconnect(struct hsm *t, struct err *e)
{
	bool needs_pin;

	if (t->aside != NULL && !aside_is_lost(t->aside))
		return true;
	return connect_token(t, false, &needs_pin, e) &&
	       (t->pin[0] == '\0' || login(t, t->pin, e));
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
	struct order o;
	bool needs_pin, done;

	forget_pin(t);
	if (!connect_token(t, true, &needs_pin, e))
		return false;
	begin_order(&o, HSM_PIN);
	bytes_write_str(&o.w, old_pin);
	bytes_write_str(&o.w, new_pin);
	done = give(t, &o, &answer, e);
	disconnect(t);
	return done;
}

/* --- signing -------------------------------------------------------------------------- */

static bool
sign_once(struct hsm *t, const void *msg, size_t len, uint8_t sig[SIG_BYTES],
    struct err *e)
{
	struct bytes_reader answer;
	struct order o;

	if (!reconnect(t, e))
		return false;
	begin_order(&o, HSM_SIGN);
	bytes_write(&o.w, msg, len);
	if (!give(t, &o, &answer, e))
		return false;
	bytes_read_into(&answer, sig, SIG_BYTES);
	return cut(bytes_reader_done(&answer), e);
}

/* Nothing was stored yet: a signature that nobody saw may be made again. */
static bool
sign_again(struct hsm *t, const void *msg, size_t len, uint8_t sig[SIG_BYTES],
    struct err *e)
{
	for (int i = 0; i < TRIES; i++) {
		bool lost;

		if (sign_once(t, msg, len, sig, e)) {
			*e = (struct err)ERR_INIT;
			return true;
		}
		lost = t->aside == NULL && e->kind == ERR_SYSTEM;
		disconnect(t);
		if (!lost && e->kind != ERR_ABSENT)
			return false;
	}
	return false;
}

bool
hsm_sign(struct hsm *t, const void *msg, size_t len, uint8_t sig[SIG_BYTES],
    struct err *e)
{
	if (!sign_again(t, msg, len, sig, e))
		return false;
	if (t->certified != NULL && sig_verify(t->certified, msg, len, sig))
		return true;
	explicit_bzero(sig, SIG_BYTES);
	disconnect(t);
	return err_set(e, ERR_CORRUPT,
	    "what the token signed is not the certificate's: it has another "
	    "key under this name now, or it is broken; nothing was debited");
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

/* --- a new PSD's key --------------------------------------------------------------------- */

static bool
ask_key(struct hsm *t, const char *label, struct hsm_taken *out, struct err *e)
{
	struct bytes_reader answer;
	struct order o;

	begin_order(&o, HSM_TAKE);
	bytes_write_str(&o.w, label);
	if (!give(t, &o, &answer, e))
		return false;
	out->made = bytes_read_le(&answer, 1) != 0;
	bytes_read_str(&answer, out->uri, sizeof(out->uri));
	bytes_read_into(&answer, out->point, sizeof(out->point));
	return cut(bytes_reader_done(&answer), e);
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
	struct order o;

	begin_order(&o, HSM_DROP);
	if (t->aside != NULL)
		(void)!give(t, &o, &answer, &ignored);
}

/* --- which tokens there are ---------------------------------------------------------------- */

static bool
ask_nth(struct hsm *t, unsigned n, struct hsm_token *out, bool *found,
    struct err *e)
{
	struct bytes_reader answer;
	struct order o;

	begin_order(&o, HSM_LIST);
	bytes_write_le(&o.w, n, 2);
	if (!give(t, &o, &answer, e))
		return false;
	*found = bytes_left(&answer) > 0;
	if (!*found)
		return true;
	bytes_read_str(&answer, out->uri, sizeof(out->uri));
	bytes_read_str(&answer, out->model, sizeof(out->model));
	bytes_read_str(&answer, out->keys, sizeof(out->keys));
	return cut(bytes_reader_done(&answer), e);
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
