/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/card_app.h"

#include <string.h>

#include "base/bytes.h"
#include "vault/card_app_own.h"

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
uint16_t
card_app_nvm_failed(struct card_app *a)
{
	bool verified = a->psd.pin_verified;

	load(a);
	a->psd.pin_verified = verified && a->sound;
	return CARD_NVM_FAILED;
}

bool
card_app_save(struct card_app *a)
{
	struct err e = ERR_INIT;

	return card_store_save(&a->store, &a->psd, &e);
}

/* What was changed is stored; what was only found is made sure of. */
uint16_t
card_app_kept(struct card_app *a, bool changed)
{
	struct err e = ERR_INIT;

	if (changed ? card_app_save(a)
		    : card_store_settle(&a->store, &a->psd, &e))
		return CARD_OK;
	return card_app_nvm_failed(a);
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
	       card_store_put_key(&a->store, &key, &e) && card_app_save(a);
	a->has_key = done;
	if (done) {
		memcpy(out->bytes, key.point, PSD_POINT);
		out->len = PSD_POINT;
	}
	memset(&key, 0, sizeof(key));
	return done ? CARD_OK : card_app_nvm_failed(a);
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
	const uint8_t *secrets = in->data + CARD_SETUP_BYTES;
	size_t len = in->len - CARD_SETUP_BYTES;
	struct psd_setup setup;
	struct err e = ERR_INIT;

	(void)out;
	if (in->len < CARD_SETUP_BYTES ||
	    !card_get_setup(in->data, CARD_SETUP_BYTES, &setup, &e) ||
	    !card_app_secrets_fit(secrets, len))
		return CARD_BAD_DATA;
	if (!a->has_key)
		return CARD_WRONG_STATE;
	if (!psd_personalise(&a->psd, &setup, &e))
		return e.kind == ERR_DENIED ? CARD_WRONG_STATE : CARD_BAD_DATA;
	card_app_set_secrets(a, secrets, len);
	return card_app_save(a) ? CARD_OK : card_app_nvm_failed(a);
}

/* --- dispatch ------------------------------------------------------------------------------------- */

static const struct {
	uint8_t cla, ins;
	card_app_run *run;
} commands[] = {
    {CARD_CLA_ISO, CARD_VERIFY, card_app_verify},
    {CARD_CLA_ISO, CARD_CHANGE_PIN, card_app_change_pin},
    {CARD_CLA_ISO, CARD_UNBLOCK, card_app_unblock},
    {CARD_CLA_ISO, CARD_GENERATE_KEY, generate_key},
    {CARD_CLA_ISO, CARD_CHALLENGE, challenge},
    {CARD_CLA_ISO, CARD_AUTHENTICATE, card_app_authenticate},
    {CARD_CLA_PSD, CARD_DEBIT, card_app_debit},
    {CARD_CLA_PSD, CARD_RECOVER, card_app_recover},
    {CARD_CLA_PSD, CARD_RECENT, card_app_recent},
    {CARD_CLA_PSD, CARD_VALUE_REQUEST, card_app_value_request},
    {CARD_CLA_PSD, CARD_VALUE_APPLY, card_app_value_apply},
    {CARD_CLA_PSD, CARD_AUDIT, card_app_audit},
    {CARD_CLA_PSD, CARD_REFUND, card_app_refund},
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
