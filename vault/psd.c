/* SPDX-License-Identifier: Apache-2.0 */
/* Debits and the PIN; the state as bytes is in psd_state.c, value download in
 * psd_download.c. */
#include "vault/psd.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"

#define ASCENDING_MAX ((mils)1 << 40)
#define REQUEST_BYTES 64 /* enough for request_hash() */

static const struct psd_entry *
find_entry(const struct psd *p, const uint8_t key[PSD_KEY_BYTES])
{
	for (size_t i = 0; i < PSD_RING; i++)
		if (p->ring[i].len != 0 &&
		    memcmp(p->ring[i].key, key, PSD_KEY_BYTES) == 0)
			return &p->ring[i];
	return NULL;
}

static void
answer_from(const struct psd_entry *entry, struct psd_stamp *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->key, entry->key, PSD_KEY_BYTES);
	memcpy(out->indicium, entry->indicium, entry->len);
	out->len = entry->len;
	out->replayed = true;
}

bool
psd_find(const struct psd *p, const uint8_t key[PSD_KEY_BYTES],
    struct psd_stamp *out)
{
	const struct psd_entry *entry = find_entry(p, key);

	if (entry != NULL)
		answer_from(entry, out);
	return entry != NULL;
}

size_t
psd_recent(const struct psd *p, struct psd_stamp *out)
{
	uint32_t count =
	    p->piece_count < p->remembers ? p->piece_count : p->remembers;

	for (uint32_t i = 0; i < count; i++)
		answer_from(
		    &p->ring[(p->piece_count - count + i) % p->remembers],
		    &out[i]);
	return count;
}

/* --- what may be debited --------------------------------------------------- */

static bool
may_issue(const struct psd *p, uint32_t today, struct err *e)
{
	char id[PSD_ID], date[DATE_TEXT];

	if (p->life == PSD_CREATED || p->life == PSD_INITIALISED)
		return err_set(e, ERR_DENIED, "this PSD has no licence yet");
	if (p->life == PSD_WITHDRAWN)
		return err_set(e, ERR_DENIED,
		    "PSD %s was withdrawn by the provider and issues no more "
		    "stamps: ask for another",
		    psd_id(p, id));
	if (p->life == PSD_LOCKED)
		return err_set(e, ERR_DENIED,
		    "PSD %s is withheld by the provider: ask them why, then "
		    "run `postage vault audit`",
		    psd_id(p, id));
	if (p->pin_required && !p->pin_verified)
		return err_set(
		    e, ERR_DENIED, "PSD %s needs its PIN", psd_id(p, id));
	if (today > p->expires)
		return err_set(e, ERR_DENIED,
		    "PSD %s expired on %s: ask the provider for another",
		    psd_id(p, id), date_format(p->expires, date));
	if (p->audit_due != 0 && today > p->audit_due)
		return err_set(e, ERR_DENIED,
		    "PSD %s is locked: its audit was due on %s; run `postage "
		    "vault audit`",
		    psd_id(p, id), date_format(p->audit_due, date));
	return true;
}

static bool
check_amount(const struct psd *p, const struct psd_request *r, struct err *e)
{
	char got[MILS_TEXT], min[MILS_TEXT], max[MILS_TEXT];

	if (r->kind == INDICIUM_CORRECTION && r->amount != 0)
		return err_set(e, ERR_REQUEST, "a correction of value %s",
		    mils_format(r->amount, got));
	if (r->kind == INDICIUM_POSTAGE &&
	    (r->amount < p->min_stamp || r->amount > p->max_stamp))
		return err_set(e, ERR_REQUEST,
		    "a stamp of %s: this PSD issues %s to %s",
		    mils_format(r->amount, got), mils_format(p->min_stamp, min),
		    mils_format(p->max_stamp, max));
	if (r->kind > INDICIUM_CORRECTION)
		return err_set(e, ERR_REQUEST,
		    "a PSD issues no stamps of kind %u", r->kind);
	return true;
}

static bool
check_fields(const struct psd *p, const struct psd_request *r, struct err *e)
{
	size_t len = strnlen(r->category, sizeof(r->category));

	if (!date_valid(r->mail_date) || r->mail_date > p->expires)
		return err_set(e, ERR_REQUEST,
		    "mail date %lu: no date, or after the PSD's expiry",
		    (unsigned long)r->mail_date);
	if (r->mailby != 0 &&
	    (!date_valid(r->mailby) || r->mailby < r->mail_date))
		return err_set(e, ERR_REQUEST,
		    "mail-by date %lu: no date, or before the mail date",
		    (unsigned long)r->mailby);
	if (r->destination > 99999999999)
		return err_set(
		    e, ERR_REQUEST, "destination of more than 11 digits");
	if (len == sizeof(r->category))
		return err_set(e, ERR_REQUEST, "rate category too long");
	for (size_t i = 0; i < len; i++)
		if (r->category[i] < ' ' || r->category[i] > '~')
			return err_set(
			    e, ERR_REQUEST, "rate category is no text");
	if (r->sheet_serial >> 56 != 0 ||
	    (r->sheet_serial != 0) != (r->label != 0))
		return err_set(e, ERR_REQUEST,
		    "sheet serial too big, or without a label position");
	return check_amount(p, r, e);
}

void
psd_request_hash(const struct psd_crypto *crypto, const struct psd_request *r,
    uint8_t out[PSD_HASH])
{
	uint8_t bytes[REQUEST_BYTES], hash[32];
	struct bytes_writer w;

	bytes_writer_init(&w, bytes, sizeof(bytes));
	bytes_write_le(&w, (uint64_t)r->amount, 8);
	bytes_write_le(&w, r->mail_date, 4);
	bytes_write_le(&w, r->mailby, 4);
	bytes_write_le(&w, r->origin_zip, 4);
	bytes_write_le(&w, r->destination, 8);
	bytes_write_le(&w, r->sender_zip, 4);
	bytes_write(&w, r->category, sizeof(r->category));
	bytes_write_le(&w, r->kind, 1);
	bytes_write_le(&w, r->price_list, 2);
	bytes_write_le(&w, r->sheet_serial, 8);
	bytes_write_le(&w, r->label, 2);
	bytes_write_le(&w, r->brief, 1);
	assert(!w.failed);
	crypto->sha256(crypto->context, bytes, w.pos, hash);
	memcpy(out, hash, PSD_HASH);
}

/* --- the indicium ----------------------------------------------------------- */

/* A small symbol (DMRE 26 x 64, 116 bytes) holds no extension at all. */
static bool
check_brief(const struct psd_request *r, struct err *e)
{
	if (r->kind == INDICIUM_POSTAGE)
		return true;
	return err_set(e, ERR_REQUEST,
	    "a small stamp is for postage only: its symbol has no room to say "
	    "that it is a correction; use size=label");
}

/* Extensions by weight: the PSD's own, then what the mark asked for; only the
 * price list, which a verifier can look up by date, may be left out. */
static bool
set_extensions(struct indicium *in, const struct psd_request *r, struct err *e)
{
	if (r->brief)
		return check_brief(r, e);
	in->has = HAS_EXPIRY | HAS_PIECE;
	if (in->licence != 0)
		in->has |= HAS_LICENCE;
	if (in->currency != 0)
		in->has |= HAS_CURRENCY;
	if (r->mailby != 0)
		in->has |= HAS_MAILBY;
	if (r->kind != INDICIUM_POSTAGE)
		in->has |= HAS_KIND;
	if (r->sender_zip != 0)
		in->has |= HAS_SENDER;
	in->mailby = r->mailby;
	in->kind = r->kind;
	in->sender_zip = r->sender_zip;
	in->price_list = r->price_list;
	if (r->price_list != 0) {
		in->has |= HAS_PRICE_LIST;
		if (indicium_set_extensions(in))
			return true;
		in->has &= ~(unsigned)HAS_PRICE_LIST;
	}
	if (indicium_set_extensions(in))
		return true;
	return err_set(e, ERR_REQUEST,
	    "the stamp has no room for the sender's ZIP beside its mail-by "
	    "date: leave one of them out");
}

bool
psd_indicium_len(const struct psd_status *status,
    const struct psd_request *request, size_t *len, struct err *e)
{
	struct indicium in = {.licence = status->licence,
	    .currency = status->currency,
	    .psd_expires = status->expires,
	    .piece_count = 1};

	if (!set_extensions(&in, request, e))
		return false;
	*len = 50 + in.extension_len + INDICIUM_SIGNATURE;
	return true;
}

/* Every field of value is the PSD's own. */
static bool
compose(const struct psd *p, mils ascending, uint32_t piece,
    const struct psd_request *r, struct indicium *in, struct err *e)
{
	size_t len = strnlen(r->category, sizeof(in->category));

	*in = (struct indicium){
	    .format = FORMAT_IBI,
	    .version = r->sheet_serial ? IBI_VERSION_SHEET : IBI_VERSION,
	    .algorithm = IBI_ALGORITHM,
	    .cert_serial = p->cert_serial,
	    .psd_serial = p->serial,
	    .ascending = (uint64_t)ascending,
	    .postage = (uint32_t)r->amount,
	    .mail_date = r->mail_date,
	    .origin_zip = r->origin_zip,
	    .destination = r->sheet_serial ? 0 : r->destination,
	    .sheet_serial = r->sheet_serial,
	    .label = r->label,
	    .descending = (uint32_t)(p->control_total - ascending),
	    .psd_expires = p->expires,
	    .piece_count = piece,
	    .licence = p->licence,
	    .currency = p->currency,
	    .signature_len = INDICIUM_SIGNATURE,
	};
	memcpy(in->vendor, p->vendor, sizeof(in->vendor));
	memcpy(in->model, p->model, sizeof(in->model));
	memcpy(in->software_id, p->software_id, r->sheet_serial ? 2 : 6);
	memset(in->category, ' ', sizeof(in->category));
	memcpy(in->category, r->category, len);
	return set_extensions(in, r, e);
}

static bool
sign(const struct psd_crypto *crypto, struct indicium *in,
    struct psd_stamp *out, struct err *e)
{
	uint8_t message[INDICIUM_MAX];
	size_t len;

	return indicium_signed_part(in, message, sizeof(message), &len, e) &&
	       crypto->sign(crypto->context, message, len, in->signature, e) &&
	       indicium_encode(
		   in, out->indicium, sizeof(out->indicium), &out->len, e);
}

/* --- debit ------------------------------------------------------------------- */

/* A batch while it is computed, beside the state. */
struct batch {
	uint8_t hash[PSD_BATCH_MAX][PSD_HASH];
	int twin[PSD_BATCH_MAX]; /* earlier index with the same key, or -1 */
	size_t fresh;		 /* stamps to be debited */
	mils sum;
};

static bool
same_request(const uint8_t *a, const uint8_t *b, struct err *e)
{
	if (memcmp(a, b, PSD_HASH) == 0)
		return true;
	return err_set(e, ERR_CORRUPT,
	    "the PSD knows this stamp's key with another request: the "
	    "journal and the vault do not belong together, run `postage "
	    "journal check`");
}

/* Sorts stamp i into replay, twin of an earlier one, or fresh. */
static bool
sort_stamp(const struct psd *p, const struct psd_request *in, size_t i,
    struct batch *b, struct psd_stamp *out, struct err *e)
{
	const struct psd_entry *known = find_entry(p, in[i].key);

	b->twin[i] = -1;
	memset(&out[i], 0, sizeof(out[i]));
	memcpy(out[i].key, in[i].key, PSD_KEY_BYTES);
	if (known != NULL) {
		answer_from(known, &out[i]);
		return same_request(known->hash, b->hash[i], e);
	}
	for (size_t j = 0; j < i && b->twin[i] < 0; j++)
		if (memcmp(in[j].key, in[i].key, PSD_KEY_BYTES) == 0)
			b->twin[i] = (int)j;
	if (b->twin[i] >= 0)
		return same_request(b->hash[b->twin[i]], b->hash[i], e);
	b->fresh++;
	return check_fields(p, &in[i], e) &&
	       (mils_add(b->sum, in[i].amount, &b->sum) ||
		   err_set(e, ERR_REQUEST, "sum too big"));
}

static bool
check_funds(const struct psd *p, const struct batch *b, struct err *e)
{
	char have[MILS_TEXT], want[MILS_TEXT], lack[MILS_TEXT], id[PSD_ID];
	mils left = psd_descending(p);

	if (b->sum > left)
		return err_set(e, ERR_FUNDS,
		    "PSD %s has %s left, %s is needed: %s is missing; run "
		    "`postage vault refill`",
		    psd_id(p, id), mils_format(left, have),
		    mils_format(b->sum, want),
		    mils_format(b->sum - left, lack));
	if (p->ascending + b->sum >= ASCENDING_MAX ||
	    p->piece_count > UINT32_MAX - b->fresh)
		return err_set(e, ERR_DENIED,
		    "the registers of PSD %s are full: ask the provider for "
		    "another",
		    psd_id(p, id));
	return true;
}

/* Signs the fresh stamps into `out`; the state stays as it is. */
static bool
sign_batch(const struct psd *p, const struct psd_crypto *crypto,
    const struct psd_request *in, size_t count, const struct batch *b,
    struct psd_stamp *out, struct err *e)
{
	mils ascending = p->ascending;
	uint32_t piece = p->piece_count;
	struct indicium indicium;

	for (size_t i = 0; i < count; i++) {
		if (out[i].replayed)
			continue;
		if (b->twin[i] >= 0) {
			out[i] = out[b->twin[i]];
			continue;
		}
		ascending += in[i].amount;
		piece++;
		if (!compose(p, ascending, piece, &in[i], &indicium, e) ||
		    !sign(crypto, &indicium, &out[i], e))
			return false;
	}
	return true;
}

static void
commit(
    struct psd *p, size_t count, const struct batch *b, struct psd_stamp *out)
{
	for (size_t i = 0; i < count; i++) {
		struct psd_entry *entry =
		    &p->ring[p->piece_count % p->remembers];

		if (b->twin[i] >= 0)
			out[i].replayed = true;
		if (out[i].replayed)
			continue;
		memset(entry, 0, sizeof(*entry));
		memcpy(entry->key, out[i].key, PSD_KEY_BYTES);
		memcpy(entry->hash, b->hash[i], PSD_HASH);
		memcpy(entry->indicium, out[i].indicium, out[i].len);
		entry->len = (uint8_t)out[i].len;
		p->piece_count++;
	}
	p->ascending += b->sum;
}

bool
psd_debit(struct psd *p, const struct psd_crypto *crypto, uint32_t today,
    const struct psd_request *in, size_t count, struct psd_stamp *out,
    bool *changed, struct err *e)
{
	struct batch b = {.fresh = 0};

	*changed = false;
	if (count < 1 || count > PSD_BATCH_MAX || count > p->remembers)
		return err_set(e, ERR_REQUEST,
		    "a batch of %zu stamps: 1 to %lu are possible", count,
		    (unsigned long)(p->remembers < PSD_BATCH_MAX
					? p->remembers
					: PSD_BATCH_MAX));
	for (size_t i = 0; i < count; i++) {
		psd_request_hash(crypto, &in[i], b.hash[i]);
		if (!sort_stamp(p, in, i, &b, out, e))
			return false;
	}
	if (b.fresh == 0)
		return true;
	if (!may_issue(p, today, e) || !check_funds(p, &b, e) ||
	    !sign_batch(p, crypto, in, count, &b, out, e))
		return false;
	commit(p, count, &b, out);
	*changed = true;
	return psd_check(p, e);
}

bool
psd_would_issue(const struct psd *p, uint32_t today,
    const struct psd_request *in, struct err *e)
{
	struct indicium indicium;

	return may_issue(p, today, e) && check_fields(p, in, e) &&
	       compose(p, p->ascending, p->piece_count, in, &indicium, e);
}

/* --- PIN ------------------------------------------------------------------------ */

bool
psd_pin_spend(struct psd *p, struct err *e)
{
	if (p->pin_tries_left == 0)
		return err_set(e, ERR_DENIED,
		    "PIN blocked after %d wrong tries: the provider must "
		    "replace this PSD",
		    PSD_PIN_TRIES);
	p->pin_tries_left--;
	return true;
}

/* In constant time. */
static bool
same_verifier(const uint8_t *a, const uint8_t *b)
{
	uint8_t differ = 0;

	for (size_t i = 0; i < PSD_VERIFIER; i++)
		differ |= (uint8_t)(a[i] ^ b[i]);
	return differ == 0;
}

bool
psd_pin_compare(
    struct psd *p, const uint8_t verifier[PSD_VERIFIER], struct err *e)
{
	if (!same_verifier(p->pin_verifier, verifier) || !p->pin_required)
		return err_set(e, ERR_DENIED, "PIN wrong, %d %s left",
		    p->pin_tries_left,
		    p->pin_tries_left == 1 ? "try" : "tries");
	p->pin_tries_left = PSD_PIN_TRIES;
	p->pin_verified = true;
	return true;
}

bool
psd_pin_set(struct psd *p, const uint8_t verifier[PSD_VERIFIER], struct err *e)
{
	if (p->pin_required && !p->pin_verified)
		return err_set(e, ERR_DENIED, "the old PIN is needed first");
	memset(p->pin_verifier, 0, PSD_VERIFIER);
	if (verifier != NULL)
		memcpy(p->pin_verifier, verifier, PSD_VERIFIER);
	p->pin_required = verifier != NULL;
	p->pin_tries_left = PSD_PIN_TRIES;
	return true;
}

/* --- PUK ------------------------------------------------------------------------ */

bool
psd_puk_spend(struct psd *p, struct err *e)
{
	if (p->puk_tries_left == 0)
		return err_set(e, ERR_DENIED,
		    "this PSD has no unblocking key, or its tries are used up: "
		    "the provider must replace it");
	p->puk_tries_left--;
	return true;
}

bool
psd_puk_compare(
    struct psd *p, const uint8_t verifier[PSD_VERIFIER], struct err *e)
{
	if (!same_verifier(p->puk_verifier, verifier))
		return err_set(e, ERR_DENIED,
		    "unblocking key wrong, %d %s left", p->puk_tries_left,
		    p->puk_tries_left == 1 ? "try" : "tries");
	p->puk_tries_left = PSD_PUK_TRIES;
	p->pin_tries_left = PSD_PIN_TRIES;
	p->pin_verified = true;
	return true;
}

bool
psd_puk_set(struct psd *p, const uint8_t verifier[PSD_VERIFIER], struct err *e)
{
	static const uint8_t none[PSD_VERIFIER];

	if (memcmp(p->puk_verifier, none, PSD_VERIFIER) != 0)
		return err_set(
		    e, ERR_DENIED, "this PSD has an unblocking key already");
	memcpy(p->puk_verifier, verifier, PSD_VERIFIER);
	p->puk_tries_left = PSD_PUK_TRIES;
	return true;
}
