/* SPDX-License-Identifier: Apache-2.0 */
/* the driver of card vaults: each call is one visit */
#include "vault/card_home.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "vault/card_check.h"
#include "vault/card_own.h"
#include "vault/driver.h"

#define TRIES	   3   /* of a debit whose answer was lost */
#define CERT_CHUNK 128 /* of a certificate on its way in */

/* What a visit is for; false with the link standing: the card said no. */
typedef bool visit_work(struct card_home *h, void *context, struct err *e);

/* Where an answer is lost the card is asked again, whatever it did: each
 * command given twice does what it does once.  One that is silent is not: the
 * job comes back. */
static bool
visit(struct card_home *h, enum card_visit what, visit_work *work,
    void *context, struct err *e)
{
	bool done = false;

	for (int i = 0; i < TRIES && !done; i++) {
		if (!card_enter(h, what, e)) {
			if (h->link != NULL || e->kind != ERR_ABSENT)
				return false;
			continue;
		}
		done = work(h, context, e);
		if (!done && (h->link != NULL || e->kind == ERR_BUSY))
			i = TRIES;
		card_leave(h);
	}
	if (done)
		*e = (struct err)ERR_INIT;
	return done;
}

static bool
ask_status(struct card_home *h, void *context, struct err *e)
{
	return card_status(h, context, e);
}

bool
card_visit_status(struct card_home *h, enum card_visit what,
    struct psd_status *out, struct err *e)
{
	return visit(h, what, ask_status, out, e);
}

static bool
card_open_in(struct nursery *nursery, const char *rest, int wait_ms,
    void **home, struct err *e)
{
	struct card_home *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return err_system(e, "memory for a card");
	if (card_parse(rest, h, e)) {
		struct psd_status s;

		h->nursery = nursery;
		h->wait_ms = wait_ms;
		if (visit(h, CARD_LOOK, ask_status, &s, e)) {
			*home = h;
			return true;
		}
	}
	card_free(h);
	return false;
}

static void
card_close(void *home)
{
	card_free(home);
}

static bool
card_vault_status(void *home, struct psd_status *out, struct err *e)
{
	return visit(home, CARD_LOOK, ask_status, out, e);
}

static bool
card_pin_holds(const void *home)
{
	const struct card_home *h = home;

	return !h->refused;
}

/* --- stamps -------------------------------------------------------------------------- */

static bool
take_stamp(const uint8_t key[PSD_KEY_BYTES], const struct card_answer *a,
    struct psd_stamp *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (a->len < 2 || a->len - 1 > INDICIUM_MAX || a->bytes[0] > 1)
		return err_set(e, ERR_CORRUPT, "the card's stamp is no stamp");
	memcpy(out->key, key, PSD_KEY_BYTES);
	out->replayed = a->bytes[0] == 1;
	out->len = a->len - 1;
	memcpy(out->indicium, a->bytes + 1, out->len);
	return true;
}

/* A card takes a stamp's mail date for today. */
static bool
check_request(
    const struct psd_status *s, const struct psd_request *r, struct err *e)
{
	char date[DATE_TEXT];

	if (r->amount < 0 ||
	    (r->kind == INDICIUM_POSTAGE &&
		(r->amount < s->min_stamp || r->amount > s->max_stamp)))
		return err_set(
		    e, ERR_REQUEST, "a stamp outside of the card's limits");
	if (s->audit_due != 0 && r->mail_date > s->audit_due)
		return err_set(e, ERR_DENIED,
		    "the card's audit is due on %s, before the mail date: run "
		    "`postage vault audit`",
		    date_format(s->audit_due, date));
	return true;
}

/* What a card, asked for one stamp after the other, cannot say before it has
 * begun: all or none. */
static bool
check_batch(const struct psd_status *s, const struct psd_request *in,
    size_t count, struct err *e)
{
	char have[MILS_TEXT], want[MILS_TEXT];
	mils sum = 0;

	for (size_t i = 0; i < count; i++) {
		if (!check_request(s, &in[i], e))
			return false;
		if (!mils_add(sum, in[i].amount, &sum))
			return err_set(e, ERR_REQUEST, "sum too big");
	}
	return sum <= s->descending ||
	       err_set(e, ERR_FUNDS,
		   "the card has %s left, %s is needed; run `postage vault "
		   "refill`",
		   mils_format(s->descending, have), mils_format(sum, want));
}

/* A debit as the card sees it: how far a batch came. */
struct batch {
	const struct psd_request *in;
	size_t count, done;
	struct psd_stamp *out;
	bool begun;   /* something was debited, or may have been */
	bool ordered; /* the first is to be piece `pieces` + 1, and so on */
	uint32_t pieces;
};

/* What the card says of a stamp of this key; 0: nothing. */
static uint16_t
word_of(struct card_home *h, const uint8_t key[PSD_KEY_BYTES])
{
	struct err ignored = ERR_INIT;
	struct card_answer a;

	return card_ask(h, CARD_CLA_PSD, CARD_RECOVER, 0, key, PSD_KEY_BYTES,
		   &a, &ignored)
		   ? a.word
		   : 0;
}

/* It is the card's next piece, or one that the card remembers. */
static bool
is_in_order(struct card_home *h, const struct batch *b,
    const struct psd_status *seen, struct err *e)
{
	uint32_t before = b->pieces + (uint32_t)b->done;

	if (!b->ordered || seen->piece_count == before ||
	    (seen->piece_count > before &&
		word_of(h, b->in[b->done].key) == CARD_OK))
		return true;
	if (h->link == NULL)
		return err_set(e, ERR_ABSENT, "the card went away");
	return err_set(e, ERR_BUSY,
	    "%s has issued %lu pieces, and its piece %lu is asked for", h->id,
	    (unsigned long)seen->piece_count, (unsigned long)before + 1);
}

static bool
debit_one(struct card_home *h, struct batch *b, struct psd_status *seen,
    struct err *e)
{
	const struct psd_request *in = &b->in[b->done];
	struct psd_stamp *out = &b->out[b->done];
	uint8_t bytes[CARD_REQUEST_BYTES];
	struct card_answer a;

	card_put_request(in, bytes);
	h->until += CARD_STAMP_MS;
	if (!card_ask(
		h, CARD_CLA_PSD, CARD_DEBIT, 0, bytes, sizeof(bytes), &a, e)) {
		b->begun = true;
		return false;
	}
	if (a.word != CARD_OK) {
		/* With T=0 a "no" may be to the fetching of what was done. */
		b->begun = b->begun || word_of(h, in->key) != CARD_NOT_FOUND;
		return card_no(h, a.word, e);
	}
	b->begun = true;
	return take_stamp(in->key, &a, out, e) &&
	       card_check_stamp(in, out, h->cert, seen, e);
}

/* From where the last visit came to, as far as this one goes. */
static bool
debit_on(struct card_home *h, void *context, struct err *e)
{
	struct batch *b = context;
	struct psd_status seen;
	struct card_answer a;
	bool done = card_status(h, &seen, e);

	/* Where the first is known the batch was begun before. */
	if (done && b->done == 0) {
		done = card_ask(h, CARD_CLA_PSD, CARD_RECOVER, 0, b->in[0].key,
		    PSD_KEY_BYTES, &a, e);
		b->begun = b->begun || (done && a.word == CARD_OK);
		if (done && !b->begun)
			done = check_batch(&seen, b->in, b->count, e);
	}
	while (done && b->done < b->count) {
		done = is_in_order(h, b, &seen, e) && debit_one(h, b, &seen, e);
		b->done += done;
	}
	return done;
}

static bool
debit(struct card_home *h, struct batch *b, struct err *e)
{
	if (b->count < 1 || b->count > PSD_BATCH_MAX)
		return err_set(
		    e, ERR_REQUEST, "a batch of %zu stamps", b->count);
	if (visit(h, CARD_SPEND, debit_on, b, e))
		return true;
	/* "No" means that nothing was debited; here something may be. */
	if (b->begun && (e->kind == ERR_FUNDS || e->kind == ERR_REQUEST ||
			    e->kind == ERR_DENIED))
		e->kind = ERR_ABSENT;
	explicit_bzero(b->out, b->count * sizeof(b->out[0]));
	return false;
}

static bool
card_debit(void *home, const struct psd_request *in, size_t count,
    struct psd_stamp *out, struct err *e)
{
	struct batch b = {.in = in, .count = count, .out = out};

	return debit(home, &b, e);
}

static bool
card_debit_next(void *home, uint32_t pieces, const struct psd_request *in,
    size_t count, struct psd_stamp *out, struct err *e)
{
	struct batch b = {.in = in,
	    .count = count,
	    .out = out,
	    .ordered = true,
	    .pieces = pieces};

	return debit(home, &b, e);
}

/* A stamp that is looked for. */
struct search {
	const uint8_t *key;
	struct psd_stamp *out;
	bool found;
};

static bool
search(struct card_home *h, void *context, struct err *e)
{
	struct search *s = context;
	struct psd_status seen;
	struct card_answer a;

	s->found = false;
	if (!card_status(h, &seen, e) ||
	    !card_ask(
		h, CARD_CLA_PSD, CARD_RECOVER, 0, s->key, PSD_KEY_BYTES, &a, e))
		return false;
	if (a.word == CARD_NOT_FOUND)
		return true;
	s->found = (a.word == CARD_OK || card_no(h, a.word, e)) &&
		   take_stamp(s->key, &a, s->out, e) &&
		   card_check_found(s->out, h->cert, &seen, e);
	s->out->replayed = true;
	return s->found;
}

static bool
card_find(void *home, const uint8_t key[PSD_KEY_BYTES], struct psd_stamp *out,
    bool *found, struct err *e)
{
	struct search s = {.key = key, .out = out};
	bool done = visit(home, CARD_LOOK, search, &s, e);

	*found = s.found;
	return done;
}

/* The ring, the oldest first. */
struct ring {
	struct psd_stamp *out;
	size_t count;
};

static bool
ask_recent(
    struct card_home *h, size_t nth, struct psd_stamp *out, struct err *e)
{
	struct card_answer a;

	if (!card_do(h, CARD_CLA_PSD, CARD_RECENT, (uint16_t)(nth << 8), NULL,
		0, &a, e))
		return false;
	if (a.len <= PSD_KEY_BYTES || a.len - PSD_KEY_BYTES > INDICIUM_MAX)
		return err_set(e, ERR_CORRUPT, "the card's list is cut");
	memset(out, 0, sizeof(*out));
	out->replayed = true;
	memcpy(out->key, a.bytes, PSD_KEY_BYTES);
	out->len = a.len - PSD_KEY_BYTES;
	memcpy(out->indicium, a.bytes + PSD_KEY_BYTES, out->len);
	return true;
}

static bool
read_ring(struct card_home *h, void *context, struct err *e)
{
	struct ring *r = context;
	struct psd_status s;

	if (!card_status(h, &s, e))
		return false;
	r->count = s.piece_count < PSD_RING ? s.piece_count : PSD_RING;
	for (size_t i = 0; i < r->count; i++)
		if (!ask_recent(h, i, &r->out[r->count - 1 - i], e) ||
		    !card_check_found(
			&r->out[r->count - 1 - i], h->cert, &s, e))
			return false;
	return true;
}

static bool
card_recent(void *home, struct psd_stamp *out, size_t *count, struct err *e)
{
	struct ring r = {.out = out};
	bool done = visit(home, CARD_LOOK, read_ring, &r, e);

	*count = r.count;
	return done;
}

/* --- messages ----------------------------------------------------------------------------- */

/* A command whose answer is a signed message. */
struct letter {
	uint8_t ins;
	const void *data;
	size_t data_len;
	uint8_t *out;
	size_t *len;
};

static bool
ask_letter(struct card_home *h, void *context, struct err *e)
{
	const struct letter *l = context;
	struct card_answer a;

	if (!card_do(h, CARD_CLA_PSD, l->ins, 0, l->data, l->data_len, &a, e))
		return false;
	if (a.len >= PSD_MESSAGE_MAX)
		return err_set(
		    e, ERR_CORRUPT, "the card's message is too long");
	memcpy(l->out, a.bytes, a.len);
	*l->len = a.len;
	return true;
}

static bool
card_download_request(void *home, mils amount, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e)
{
	uint8_t bytes[8];
	struct bytes_writer w;

	bytes_writer_init(&w, bytes, sizeof(bytes));
	bytes_write_le(&w, (uint64_t)amount, 8);
	return visit(home, CARD_SPEND, ask_letter,
	    &(struct letter){
		CARD_VALUE_REQUEST, bytes, sizeof(bytes), out, len},
	    e);
}

static bool
card_download_apply(void *home, const uint8_t *answer, size_t answer_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	return visit(home, CARD_LOOK, ask_letter,
	    &(struct letter){CARD_VALUE_APPLY, answer, answer_len, out, len},
	    e);
}

static bool
card_refund_request(void *home, const struct psd_claim *claim,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	uint8_t bytes[CARD_CLAIM_BYTES];

	card_put_claim(claim, bytes);
	return visit(home, CARD_SPEND, ask_letter,
	    &(struct letter){CARD_REFUND, bytes, sizeof(bytes), out, len}, e);
}

static bool
card_audit(void *home, const uint8_t nonce[PSD_NONCE],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	return visit(home, CARD_LOOK, ask_letter,
	    &(struct letter){CARD_AUDIT, nonce, PSD_NONCE, out, len}, e);
}

static bool
card_certificate(
    void *home, uint8_t *out, size_t size, size_t *len, struct err *e)
{
	struct card_home *h = home;
	struct psd_status s;

	/* A visit has seen it. */
	return visit(h, CARD_LOOK, ask_status, &s, e) &&
	       cert_der(h->cert, out, size, len, e);
}

const struct vault_driver vault_card_driver = {
    .scheme = "card",
    .open_in = card_open_in,
    .create = card_create,
    .list = card_list,
    .close = card_close,
    .unlock = card_unlock,
    .change_pin = card_change_pin,
    .pin_holds = card_pin_holds,
    .unblock = card_unblock,
    .set_puk = card_set_puk,
    .unlock_there = card_unlock_there,
    .status = card_vault_status,
    .debit = card_debit,
    .debit_next = card_debit_next,
    .find = card_find,
    .recent = card_recent,
    .download_request = card_download_request,
    .download_apply = card_download_apply,
    .refund_request = card_refund_request,
    .audit = card_audit,
    .certificate = card_certificate,
};
