/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/card_app.h"

#include <string.h>

#include "base/bytes.h"
#include "base/date.h"

/* A command taken apart. */
struct apdu {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t len;
	size_t le; /* bytes that are wanted, 0 = none said */
};

struct reply {
	uint8_t bytes[CARD_REPLY_MAX];
	size_t len;
};

static unsigned
p1p2(const struct apdu *in)
{
	return (unsigned)in->p1 << 8 | in->p2;
}

/* --- the state ------------------------------------------------------------------ */

static void
load(struct card_app *a)
{
	struct card_key key;
	struct err e = ERR_INIT;

	a->has_key = false;
	a->sound =
	    card_store_load(&a->store, a->nvm, &a->psd, &e) &&
	    card_store_get_key(&a->store, &key, &a->has_key, &e) &&
	    (!a->has_key || a->crypto->use_key(a->crypto->psd.context, &key)) &&
	    (a->has_key || a->psd.life == PSD_CREATED ||
		a->psd.life == PSD_INITIALISED);
	memset(&key, 0, sizeof(key));
}

void
card_app_power(struct card_app *a)
{
	a->selected = false;
	a->held_len = 0;
	memset(a->held, 0, sizeof(a->held));
	load(a);
}

/* The memory did not take it: how far it came, only the memory knows. */
static uint16_t
nvm_failed(struct card_app *a)
{
	bool verified = a->psd.pin_verified;

	load(a);
	a->psd.pin_verified = verified && a->sound;
	return CARD_NVM_FAILED;
}

static bool
save(struct card_app *a)
{
	struct err e = ERR_INIT;

	return card_store_save(&a->store, &a->psd, &e);
}

/* What was changed is stored; what was only found is made sure of. */
static uint16_t
kept(struct card_app *a, bool changed)
{
	struct err e = ERR_INIT;

	if (changed ? save(a) : card_store_settle(&a->store, &a->psd, &e))
		return CARD_OK;
	return nvm_failed(a);
}

/* --- why not ----------------------------------------------------------------------- */

/* The clock, or the latest mail date of the remembered pieces. */
static uint32_t
latest_date(const struct card_app *a)
{
	const struct psd *p = &a->psd;
	uint32_t latest = a->clock;

	for (size_t i = 0; i < PSD_RING; i++) {
		struct indicium in;
		struct err e = ERR_INIT;

		if (p->ring[i].len > 0 &&
		    indicium_decode(
			p->ring[i].indicium, p->ring[i].len, &in, &e) &&
		    in.mail_date > latest)
			latest = in.mail_date;
	}
	return latest;
}

static uint16_t
why_denied(const struct psd *p, uint32_t today)
{
	if (p->life != PSD_OPERATIONAL)
		return CARD_WRONG_STATE;
	if (p->pin_required && p->pin_tries_left == 0 && !p->pin_verified)
		return CARD_PIN_BLOCKED;
	if (p->pin_required && !p->pin_verified)
		return CARD_NEEDS_PIN;
	if (today > p->expires)
		return CARD_EXPIRED;
	if (p->audit_due != 0 && today > p->audit_due)
		return CARD_AUDIT_OVERDUE;
	return CARD_WRONG_STATE;
}

/* The status word of the PSD's error. */
static uint16_t
why(const struct card_app *a, const struct err *e, uint32_t today)
{
	switch (e->kind) {
	case ERR_REQUEST: return CARD_BAD_DATA;
	case ERR_FUNDS: return CARD_NO_FUNDS;
	case ERR_DENIED: return why_denied(&a->psd, today);
	case ERR_CORRUPT: return CARD_DAMAGED;
	default: return CARD_NVM_FAILED;
	}
}

/* --- value ---------------------------------------------------------------------------- */

static void
put_stamp(const struct psd_stamp *stamp, struct reply *out)
{
	out->bytes[0] = stamp->replayed;
	memcpy(out->bytes + 1, stamp->indicium, stamp->len);
	out->len = 1 + stamp->len;
}

static bool
amount_fits(const struct psd *p, const struct psd_request *r)
{
	return r->kind != INDICIUM_POSTAGE ||
	       (r->amount >= p->min_stamp && r->amount <= p->max_stamp);
}

static uint16_t
debit(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct psd_request request;
	struct psd_stamp stamp;
	struct err e = ERR_INIT;
	uint32_t today;
	uint16_t word;
	bool changed;

	if (!card_get_request(in->data, in->len, &request, &e))
		return CARD_BAD_DATA;
	today = latest_date(a);
	if (a->clock == 0 && request.mail_date > today &&
	    date_valid(request.mail_date))
		today = request.mail_date;
	if (!psd_debit(&a->psd, &a->crypto->psd, today, &request, 1, &stamp,
		&changed, &e)) {
		if (e.kind == ERR_CORRUPT)
			return CARD_KEY_CONFLICT;
		if (e.kind == ERR_REQUEST && !amount_fits(&a->psd, &request))
			return CARD_BAD_AMOUNT;
		return why(a, &e, today);
	}
	word = kept(a, changed);
	if (word == CARD_OK)
		put_stamp(&stamp, out);
	return word;
}

static uint16_t
recover(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct psd_stamp stamp;
	uint16_t word;

	if (in->len != PSD_KEY_BYTES)
		return CARD_LENGTH;
	if (!psd_find(&a->psd, in->data, &stamp))
		return CARD_NOT_FOUND;
	word = kept(a, false);
	if (word == CARD_OK)
		put_stamp(&stamp, out);
	return word;
}

static uint16_t
recent(struct card_app *a, const struct apdu *in, struct reply *out)
{
	const struct psd *p = &a->psd;
	const struct psd_entry *entry;
	uint16_t word;

	if (in->p1 >= PSD_RING || in->p1 >= p->piece_count)
		return CARD_NOT_FOUND;
	entry = &p->ring[(p->piece_count - 1 - in->p1) % PSD_RING];
	word = kept(a, false);
	if (word != CARD_OK)
		return word;
	memcpy(out->bytes, entry->key, PSD_KEY_BYTES);
	memcpy(out->bytes + PSD_KEY_BYTES, entry->indicium, entry->len);
	out->len = PSD_KEY_BYTES + (size_t)entry->len;
	return CARD_OK;
}

static uint16_t
value_request(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct bytes_reader r;
	struct err e = ERR_INIT;
	mils amount;

	bytes_reader_init(&r, in->data, in->len);
	amount = (mils)bytes_read_le(&r, 8);
	if (!bytes_reader_done(&r))
		return CARD_LENGTH;
	if (psd_download_request(
		&a->psd, &a->crypto->psd, amount, out->bytes, &out->len, &e))
		return CARD_OK;
	return e.kind == ERR_REQUEST ? CARD_OVER_LIMIT : why(a, &e, 0);
}

static bool
is_providers(const struct card_app *a, const struct apdu *in)
{
	size_t len = in->len - INDICIUM_SIGNATURE;

	return in->len > INDICIUM_SIGNATURE &&
	       a->crypto->psd.verify(a->crypto->psd.context,
		   a->psd.provider_key, in->data, len, in->data + len);
}

/* Why an answer was refused. */
static uint16_t
why_not_applied(
    const struct card_app *a, const struct apdu *in, const struct err *e)
{
	if (e->kind == ERR_REQUEST)
		return is_providers(a, in) ? CARD_OVER_LIMIT : CARD_BAD_DATA;
	if (e->kind != ERR_DENIED || a->psd.life == PSD_CREATED ||
	    a->psd.life == PSD_INITIALISED || a->psd.life == PSD_WITHDRAWN)
		return why(a, e, 0);
	return is_providers(a, in) ? CARD_BAD_SEQUENCE : CARD_BAD_SIGNATURE;
}

static uint16_t
value_apply(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct err e = ERR_INIT;
	uint16_t word;
	bool changed;

	if (!psd_download_apply(&a->psd, &a->crypto->psd, in->data, in->len,
		out->bytes, &out->len, &changed, &e)) {
		out->len = 0;
		return why_not_applied(a, in, &e);
	}
	word = kept(a, changed);
	if (word != CARD_OK)
		out->len = 0;
	return word;
}

static uint16_t
audit(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct err e = ERR_INIT;

	if (in->len != PSD_NONCE)
		return CARD_LENGTH;
	return psd_audit(&a->psd, &a->crypto->psd, in->data, out->bytes,
		   &out->len, &e)
		   ? CARD_OK
		   : why(a, &e, 0);
}

static uint16_t
authenticate(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct err e = ERR_INIT;

	if (in->len != PSD_NONCE)
		return CARD_LENGTH;
	return psd_authenticate(&a->psd, &a->crypto->psd, in->data, out->bytes,
		   &out->len, &e)
		   ? CARD_OK
		   : why(a, &e, 0);
}

static uint16_t
refund(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct psd_claim claim;
	struct err e = ERR_INIT;
	uint16_t word;
	bool changed;

	if (!card_get_claim(in->data, in->len, &claim, &e))
		return CARD_BAD_DATA;
	if (!psd_refund_request(&a->psd, &a->crypto->psd, &claim, out->bytes,
		&out->len, &changed, &e)) {
		out->len = 0;
		return why(a, &e, 0);
	}
	word = kept(a, changed);
	if (word != CARD_OK)
		out->len = 0;
	return word;
}

/* --- reading ------------------------------------------------------------------------------ */

static uint16_t
select_application(struct card_app *a, const struct apdu *in, struct reply *out)
{
	static const uint8_t aid[] = CARD_AID;
	struct bytes_writer w;
	char id[PSD_ID];

	if (in->p1 != 0x04)
		return CARD_BAD_P1P2;
	/* The right of the last one ends here, whoever selects. */
	a->psd.pin_verified = false;
	a->selected =
	    in->len == sizeof(aid) && memcmp(in->data, aid, sizeof(aid)) == 0;
	if (!a->selected)
		return CARD_NO_APPLICATION;
	bytes_writer_init(&w, out->bytes, sizeof(out->bytes));
	bytes_write_le(&w, CARD_VERSION, 1);
	bytes_write_le(&w, a->sound ? a->psd.life : 0, 1);
	if (a->sound && a->psd.life != PSD_CREATED &&
	    a->psd.life != PSD_INITIALISED) {
		psd_id(&a->psd, id);
		bytes_write(&w, id, strlen(id));
	}
	out->len = w.pos;
	return CARD_OK;
}

static uint16_t
status(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct psd_status s;

	if (p1p2(in) != 0xdf10)
		return CARD_BAD_P1P2;
	psd_status(&a->psd, 0, &s);
	out->len = card_put_status(&s, out->bytes);
	return CARD_OK;
}

static uint16_t
certificate(struct card_app *a, const struct apdu *in, struct reply *out)
{
	size_t size = in->le > 0 ? in->le : CARD_REPLY_MAX, total;
	struct err e = ERR_INIT;

	if (!card_store_get_cert(
		&a->store, p1p2(in), out->bytes, size, &out->len, &total, &e))
		return CARD_NVM_FAILED;
	return total == 0 ? CARD_NOT_FOUND : CARD_OK;
}

static uint16_t
challenge(struct card_app *a, const struct apdu *in, struct reply *out)
{
	out->len = in->le > 0 ? in->le : CARD_REPLY_MAX;
	if (a->crypto->random(a->crypto->psd.context, out->bytes, out->len))
		return CARD_OK;
	out->len = 0;
	return CARD_NVM_FAILED;
}

/* --- PIN ------------------------------------------------------------------------------------- */

/* What the PSD keeps of a PIN: a card does not tell its memory, so that this
 * need not be slow. */
static void
make_verifier(const struct card_app *a, char what, const uint8_t *secret,
    size_t len, uint8_t out[PSD_VERIFIER])
{
	uint8_t text[1 + PSD_ID + CARD_PIN_MAX] = {0};

	text[0] = (uint8_t)what;
	psd_id(&a->psd, (char *)text + 1);
	memcpy(text + 1 + PSD_ID, secret, len);
	a->crypto->psd.sha256(
	    a->crypto->psd.context, text, 1 + PSD_ID + len, out);
	memset(text, 0, sizeof(text));
}

static bool
pin_fits(size_t len)
{
	return len >= CARD_PIN_MIN && len <= CARD_PIN_MAX;
}

/* A try is gone from the memory before the comparison begins. */
static uint16_t
try_pin(struct card_app *a, const uint8_t *pin, size_t len)
{
	uint8_t verifier[PSD_VERIFIER];
	struct err e = ERR_INIT;

	a->psd.pin_verified = false;
	if (!a->psd.pin_required)
		return CARD_WRONG_STATE;
	if (!psd_pin_spend(&a->psd, &e))
		return CARD_PIN_BLOCKED;
	if (!save(a))
		return nvm_failed(a);
	make_verifier(a, 'P', pin, len, verifier);
	if (!psd_pin_compare(&a->psd, verifier, &e))
		return a->psd.pin_tries_left == 0
			   ? CARD_PIN_BLOCKED
			   : (uint16_t)(CARD_PIN_WRONG | a->psd.pin_tries_left);
	if (save(a))
		return CARD_OK;
	return nvm_failed(a);
}

static uint16_t
pin_state(const struct psd *p)
{
	if (!p->pin_required || p->pin_verified)
		return CARD_OK;
	if (p->pin_tries_left == 0)
		return CARD_PIN_BLOCKED;
	return (uint16_t)(CARD_PIN_WRONG | p->pin_tries_left);
}

static uint16_t
verify(struct card_app *a, const struct apdu *in, struct reply *out)
{
	(void)out;
	if (in->p1 != 0 || in->p2 != 0x81)
		return CARD_BAD_P1P2;
	if (in->len == 0)
		return pin_state(&a->psd);
	return pin_fits(in->len) ? try_pin(a, in->data, in->len) : CARD_LENGTH;
}

static uint16_t
set_pin(struct card_app *a, const uint8_t *pin, size_t len)
{
	uint8_t verifier[PSD_VERIFIER] = {0};
	struct err e = ERR_INIT;

	if (len > 0)
		make_verifier(a, 'P', pin, len, verifier);
	if (!psd_pin_set(&a->psd, len > 0 ? verifier : NULL, &e))
		return CARD_NEEDS_PIN;
	if (!save(a))
		return nvm_failed(a);
	a->psd.pin_verified = a->psd.pin_required;
	return CARD_OK;
}

/* Old length, old PIN, new PIN: either may be none. */
static uint16_t
change_pin(struct card_app *a, const struct apdu *in, struct reply *out)
{
	const uint8_t *old = in->data + 1, *new;
	size_t old_len, new_len;
	uint16_t word;

	(void)out;
	if (in->p1 != 0 || in->p2 != 0x81)
		return CARD_BAD_P1P2;
	if (in->len < 1 || in->data[0] > in->len - 1)
		return CARD_LENGTH;
	old_len = in->data[0];
	new = old + old_len;
	new_len = in->len - 1 - old_len;
	if ((old_len != 0 && !pin_fits(old_len)) ||
	    (new_len != 0 && !pin_fits(new_len)))
		return CARD_LENGTH;
	if (a->psd.life == PSD_CREATED || a->psd.life == PSD_INITIALISED)
		return CARD_WRONG_STATE;
	if (a->psd.pin_required) {
		if (old_len == 0)
			return CARD_NEEDS_PIN;
		word = try_pin(a, old, old_len);
		if (word != CARD_OK)
			return word;
	}
	return set_pin(a, new, new_len);
}

/* PUK, new PIN; with P1 01 the PUK alone: it is set, once, by who gave the PIN:
 * without one anybody could. */
static uint16_t
unblock(struct card_app *a, const struct apdu *in, struct reply *out)
{
	uint8_t verifier[PSD_VERIFIER];
	struct err e = ERR_INIT;
	size_t new_len = in->len - CARD_PUK_BYTES;

	(void)out;
	if (in->p2 != 0x81 || in->p1 > 1)
		return CARD_BAD_P1P2;
	if (in->len < CARD_PUK_BYTES || (in->p1 == 1) != (new_len == 0) ||
	    (new_len != 0 && !pin_fits(new_len)))
		return CARD_LENGTH;
	if (a->psd.life == PSD_CREATED || a->psd.life == PSD_INITIALISED)
		return CARD_WRONG_STATE;
	make_verifier(a, 'U', in->data, CARD_PUK_BYTES, verifier);
	if (in->p1 == 1) {
		if (!a->psd.pin_required || !a->psd.pin_verified)
			return CARD_NEEDS_PIN;
		if (!psd_puk_set(&a->psd, verifier, &e))
			return CARD_WRONG_STATE;
		return save(a) ? CARD_OK : nvm_failed(a);
	}
	if (!psd_puk_spend(&a->psd, &e))
		return CARD_PIN_BLOCKED;
	if (!save(a))
		return nvm_failed(a);
	if (!psd_puk_compare(&a->psd, verifier, &e))
		return a->psd.puk_tries_left == 0
			   ? CARD_PIN_BLOCKED
			   : (uint16_t)(CARD_PIN_WRONG | a->psd.puk_tries_left);
	return set_pin(a, in->data + CARD_PUK_BYTES, new_len);
}

/* --- manufacture -------------------------------------------------------------------------------- */

static uint16_t
generate_key(struct card_app *a, const struct apdu *in, struct reply *out)
{
	void *context = a->crypto->psd.context;
	struct card_key key;
	struct err e = ERR_INIT;
	bool done;

	(void)in;
	/* A making that was cut off begins again. */
	if (a->psd.life == PSD_INITIALISED)
		psd_init(&a->psd);
	if (!psd_initialise(&a->psd, &e))
		return CARD_WRONG_STATE;
	done = a->crypto->generate(context, &key) &&
	       a->crypto->use_key(context, &key) &&
	       card_store_put_key(&a->store, &key, &e) && save(a);
	a->has_key = done;
	if (done) {
		memcpy(out->bytes, key.point, PSD_POINT);
		out->len = PSD_POINT;
	}
	memset(&key, 0, sizeof(key));
	return done ? CARD_OK : nvm_failed(a);
}

static uint16_t
put_cert(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct err e = ERR_INIT;
	bool last = (p1p2(in) & 0x8000) != 0;

	(void)out;
	if (a->psd.life != PSD_INITIALISED)
		return CARD_WRONG_STATE;
	if (card_store_put_cert(
		&a->store, p1p2(in) & 0x7fff, in->data, in->len, last, &e))
		return CARD_OK;
	return e.kind == ERR_REQUEST ? CARD_BAD_DATA : CARD_NVM_FAILED;
}

static uint16_t
personalise(struct card_app *a, const struct apdu *in, struct reply *out)
{
	struct psd_setup setup;
	struct err e = ERR_INIT;

	(void)out;
	if (!card_get_setup(in->data, in->len, &setup, &e))
		return CARD_BAD_DATA;
	if (!a->has_key)
		return CARD_WRONG_STATE;
	if (!psd_personalise(&a->psd, &setup, &e))
		return e.kind == ERR_DENIED ? CARD_WRONG_STATE : CARD_BAD_DATA;
	return save(a) ? CARD_OK : nvm_failed(a);
}

/* --- dispatch ------------------------------------------------------------------------------------- */

static const struct {
	uint8_t cla, ins;
	uint16_t (*run)(
	    struct card_app *a, const struct apdu *in, struct reply *out);
} commands[] = {
    {CARD_CLA_ISO, CARD_VERIFY, verify},
    {CARD_CLA_ISO, CARD_CHANGE_PIN, change_pin},
    {CARD_CLA_ISO, CARD_UNBLOCK, unblock},
    {CARD_CLA_ISO, CARD_GENERATE_KEY, generate_key},
    {CARD_CLA_ISO, CARD_CHALLENGE, challenge},
    {CARD_CLA_ISO, CARD_AUTHENTICATE, authenticate},
    {CARD_CLA_PSD, CARD_DEBIT, debit},
    {CARD_CLA_PSD, CARD_RECOVER, recover},
    {CARD_CLA_PSD, CARD_RECENT, recent},
    {CARD_CLA_PSD, CARD_VALUE_REQUEST, value_request},
    {CARD_CLA_PSD, CARD_VALUE_APPLY, value_apply},
    {CARD_CLA_PSD, CARD_AUDIT, audit},
    {CARD_CLA_PSD, CARD_REFUND, refund},
    {CARD_CLA_PSD, CARD_STATUS, status},
    {CARD_CLA_PSD, CARD_CERTIFICATE, certificate},
    {CARD_CLA_PSD, CARD_PUT_CERT, put_cert},
    {CARD_CLA_PSD, CARD_PERSONALISE, personalise},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Short forms only.  T=0 has no Le behind data. */
static uint16_t
take_apart(
    const struct card_app *a, const uint8_t *in, size_t len, struct apdu *out)
{
	struct bytes_reader r;
	size_t left, n;

	memset(out, 0, sizeof(*out));
	bytes_reader_init(&r, in, len);
	out->cla = (uint8_t)bytes_read_le(&r, 1);
	out->ins = (uint8_t)bytes_read_le(&r, 1);
	out->p1 = (uint8_t)bytes_read_le(&r, 1);
	out->p2 = (uint8_t)bytes_read_le(&r, 1);
	out->data = in;
	if (r.failed)
		return CARD_LENGTH;
	left = bytes_left(&r);
	if (left == 0)
		return CARD_OK;
	n = (size_t)bytes_read_le(&r, 1);
	if (left == 1) {
		out->le = n == 0 ? CARD_REPLY_MAX : n;
		return CARD_OK;
	}
	out->data = bytes_read(&r, n);
	out->len = n;
	if (r.failed || n == 0 || bytes_left(&r) > (a->t0 ? 0 : 1))
		return CARD_LENGTH;
	if (bytes_left(&r) == 1) {
		n = (size_t)bytes_read_le(&r, 1);
		out->le = n == 0 ? CARD_REPLY_MAX : n;
	}
	return CARD_OK;
}

static uint16_t
run(struct card_app *a, const struct apdu *in, struct reply *out)
{
	if (in->cla != CARD_CLA_ISO && in->cla != CARD_CLA_PSD)
		return (in->cla & 0x7c) == 0 ? CARD_NO_CHANNEL : CARD_NO_CLA;
	if (in->cla == CARD_CLA_ISO && in->ins == CARD_SELECT)
		return select_application(a, in, out);
	if (!a->selected)
		return CARD_NO_APPLICATION;
	if (!a->sound)
		return CARD_DAMAGED;
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].cla == in->cla && commands[i].ins == in->ins)
			return commands[i].run(a, in, out);
	return CARD_NO_INS;
}

/* T=0, the second half of an answer to a command with data. */
static uint16_t
get_response(struct card_app *a, const struct apdu *in, struct reply *out)
{
	if (!a->selected)
		return CARD_NO_APPLICATION;
	if (!a->t0 || a->held_len == 0)
		return CARD_WRONG_STATE;
	if (in->le < a->held_len)
		return (uint16_t)(CARD_WRONG_LE | (a->held_len & 0xff));
	memcpy(out->bytes, a->held, a->held_len);
	out->len = a->held_len;
	a->held_len = 0;
	memset(a->held, 0, sizeof(a->held));
	return CARD_OK;
}

/* An answer that the reader cannot take at once waits, or is asked for again
 * with its length. */
static uint16_t
deliver(
    struct card_app *a, const struct apdu *in, struct reply *r, uint16_t word)
{
	if (r->len == 0 || word != CARD_OK)
		return word;
	if (a->t0 && in->len > 0) {
		memcpy(a->held, r->bytes, r->len);
		a->held_len = r->len;
		word = (uint16_t)(CARD_MORE | (r->len & 0xff));
		r->len = 0;
	} else if (in->le > 0 && r->len > in->le) {
		word = (uint16_t)(CARD_WRONG_LE | (r->len & 0xff));
		r->len = 0;
	}
	return word;
}

void
card_app_exchange(struct card_app *a, const uint8_t *in, size_t in_len,
    uint8_t *out, size_t *out_len)
{
	struct reply reply = {.len = 0};
	struct apdu apdu;
	uint16_t word = take_apart(a, in, in_len, &apdu);

	if (word == CARD_OK && apdu.cla == CARD_CLA_ISO &&
	    apdu.ins == CARD_GET_RESPONSE) {
		word = get_response(a, &apdu, &reply);
	} else {
		a->held_len = 0;
		if (word == CARD_OK)
			word = deliver(a, &apdu, &reply, run(a, &apdu, &reply));
	}
	if (word != CARD_OK)
		reply.len = 0;
	memcpy(out, reply.bytes, reply.len);
	out[reply.len] = (uint8_t)(word >> 8);
	out[reply.len + 1] = (uint8_t)word;
	*out_len = reply.len + 2;
}
