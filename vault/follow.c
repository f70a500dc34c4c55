/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/follow.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "stamp/sig.h"

/* Each round gets on, or finds that another caller did. */
#define ROUNDS (2 * FOLLOW_MAX + 1)

/* --- the books' bytes ------------------------------------------------------------- */

/* User systems choose their keys, each for itself; on the device a piece has
 * one key, whoever asks. */
static void
make_key(const struct follow_piece *piece, uint8_t key[PSD_KEY_BYTES])
{
	uint8_t bytes[4 + INDICIUM_MAX], hash[SIG_SHA256];
	struct bytes_writer w;

	bytes_writer_init(&w, bytes, sizeof(bytes));
	bytes_write_le(&w, piece->piece, 4);
	bytes_write(&w, piece->message, piece->len);
	sig_sha256(bytes, w.pos, hash);
	memcpy(key, hash, PSD_KEY_BYTES);
}

static bool
decode(const struct follow_piece *piece, struct indicium *out, struct err *e)
{
	uint8_t bytes[INDICIUM_MAX] = {0};

	if (piece->len <= INDICIUM_MAX - INDICIUM_SIGNATURE) {
		memcpy(bytes, piece->message, piece->len);
		if (indicium_decode(
			bytes, piece->len + INDICIUM_SIGNATURE, out, e) &&
		    indicium_is_ours(out) && out->trailing_len == 0)
			return true;
	}
	return err_set(e, ERR_CORRUPT,
	    "piece %lu in the books is no indicium: postaged audit",
	    (unsigned long)piece->piece);
}

bool
follow_read(
    const struct follow_piece *piece, struct follow_request *out, struct err *e)
{
	struct psd_request *r = &out->request;
	struct indicium in;

	if (!decode(piece, &in, e))
		return false;
	*r = (struct psd_request){.amount = in.postage,
	    .mail_date = in.mail_date,
	    .mailby = in.mailby,
	    .origin_zip = in.origin_zip,
	    .destination = in.destination,
	    .sender_zip = in.sender_zip,
	    .kind = in.kind,
	    .price_list = in.price_list,
	    .brief = in.extension_len == 0,
	    .sheet_serial = in.sheet_serial,
	    .label = in.label};
	memcpy(r->category, in.category, sizeof(in.category));
	make_key(piece, r->key);
	out->ascending = (mils)in.ascending;
	out->control_total = (mils)in.ascending + in.descending;
	return true;
}

/* --- a call ------------------------------------------------------------------------ */

struct follow {
	struct vault *vault;
	const struct follow_books *books;
	struct follow_piece *piece;
	struct follow_request asked[FOLLOW_MAX];
	size_t count, done;
	struct psd_status seen;
};

static bool
read_all(struct follow *f, struct err *e)
{
	for (size_t i = 0; i < f->count; i++)
		if (!follow_read(&f->piece[i], &f->asked[i], e))
			return false;
	return true;
}

/* Another one's call may have come between: then there is something new. */
static bool
look(struct follow *f, bool *changed, struct err *e)
{
	struct psd_status now;

	if (!vault_status(f->vault, &now, e))
		return false;
	*changed = now.piece_count != f->seen.piece_count ||
		   now.download_sequence != f->seen.download_sequence;
	f->seen = now;
	return true;
}

/* --- value --------------------------------------------------------------------------- */

static bool
refused(struct follow *f, struct err *e)
{
	struct err why = *e;
	bool changed;

	if (e->kind != ERR_DENIED && e->kind != ERR_REQUEST)
		return false;
	*e = (struct err)ERR_INIT;
	if (!look(f, &changed, e))
		return false;
	if (changed)
		return true;
	*e = why;
	e->kind = ERR_CORRUPT;
	return err_prefix(e, "value that the books gave it is refused");
}

/* Answer `sequence`; *len = 0: another caller's came between. */
static bool
apply(struct follow *f, uint32_t sequence, uint8_t receipt[PSD_MESSAGE_MAX],
    size_t *len, struct err *e)
{
	uint8_t answer[PSD_MESSAGE_MAX];
	size_t answer_len;

	if (!f->books->answer(
		f->books->context, sequence, answer, &answer_len, e))
		return false;
	if (vault_download_apply(f->vault, answer, answer_len, receipt, len, e))
		return true;
	*len = 0;
	return refused(f, e);
}

static bool
apply_next(struct follow *f, struct err *e)
{
	uint8_t receipt[PSD_MESSAGE_MAX];
	size_t len;

	return apply(f, f->seen.download_sequence + 1, receipt, &len, e);
}

bool
follow_value(struct vault *v, const struct follow_books *books,
    uint32_t sequence, uint8_t receipt[PSD_MESSAGE_MAX], size_t *len,
    struct err *e)
{
	struct follow f = {.vault = v, .books = books};

	*len = 0;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t next = sequence;

		if (!vault_status(v, &f.seen, e))
			return false;
		if (f.seen.download_sequence > sequence)
			return err_set(e, ERR_CORRUPT,
			    "the device was given value %lu times, the books "
			    "know of %lu",
			    (unsigned long)f.seen.download_sequence,
			    (unsigned long)sequence);
		if (f.seen.download_sequence < sequence)
			next = f.seen.download_sequence + 1;
		if (!apply(&f, next, receipt, len, e))
			return false;
		if (next == sequence && *len > 0)
			return true;
	}
	return err_set(e, ERR_BUSY, "the device is at work for others");
}

/* --- stamps --------------------------------------------------------------------------- */

static bool
differs(const struct follow *f, const char *what, struct err *e)
{
	char spent[MILS_TEXT], total[MILS_TEXT];

	return err_set(e, ERR_CORRUPT,
	    "piece %lu: %s: the device has issued %lu pieces of %s, and holds "
	    "%s in all",
	    (unsigned long)f->piece[f->done].piece, what,
	    (unsigned long)f->seen.piece_count,
	    mils_format(f->seen.ascending, spent),
	    mils_format(f->seen.control_total, total));
}

/* Are its bytes those of the books? */
static bool
take(struct follow *f, const struct psd_stamp *got, struct err *e)
{
	struct follow_piece *p = &f->piece[f->done];

	if (got->len != p->len + INDICIUM_SIGNATURE ||
	    memcmp(got->indicium, p->message, p->len) != 0)
		return differs(
		    f, "the device debited something else than the books", e);
	memcpy(p->sig, got->indicium + p->len, INDICIUM_SIGNATURE);
	f->done++;
	return true;
}

/* A piece that the device has issued. */
static bool
find(struct follow *f, struct err *e)
{
	struct psd_stamp got;
	bool found;

	if (!vault_find(
		f->vault, f->asked[f->done].request.key, &got, &found, e))
		return false;
	return found ? take(f, &got, e)
		     : differs(f, "the device remembers no such piece", e);
}

/* Of a device that was where the books were. */
static bool
no(struct follow *f, struct err *e)
{
	struct err why = *e;
	bool changed;

	if (e->kind == ERR_FUNDS || e->kind == ERR_REQUEST) {
		e->kind = ERR_CORRUPT;
		return err_prefix(e, "what the books debited is refused");
	}
	if (e->kind != ERR_BUSY)
		return false;
	*e = (struct err)ERR_INIT;
	if (look(f, &changed, e) && changed)
		return true;
	*e = why;
	return false;
}

/* As many as need no new value. */
static bool
debit(struct follow *f, struct err *e)
{
	struct psd_request in[FOLLOW_MAX];
	struct psd_stamp out[FOLLOW_MAX];
	size_t n = 0;

	for (size_t i = f->done;
	     i < f->count && f->asked[i].control_total == f->seen.control_total;
	     i++)
		in[n++] = f->asked[i].request;
	if (!vault_debit_next(
		f->vault, f->piece[f->done].piece - 1, in, n, out, e))
		return no(f, e);
	for (size_t i = 0; i < n; i++)
		if (!take(f, &out[i], e))
			return false;
	return true;
}

/* The device is before, or among, these pieces. */
static bool
step(struct follow *f, struct err *e)
{
	const struct follow_request *next;

	while (f->done < f->count &&
	       f->piece[f->done].piece <= f->seen.piece_count)
		if (!find(f, e))
			return false;
	if (f->done == f->count)
		return true;
	next = &f->asked[f->done];
	if (f->piece[f->done].piece > f->seen.piece_count + 1)
		return differs(f, "the books have signatures before it", e);
	if (next->ascending - next->request.amount != f->seen.ascending)
		return differs(f, "the device has spent something else", e);
	if (next->control_total < f->seen.control_total)
		return differs(f, "the device was given more", e);
	return next->control_total > f->seen.control_total ? apply_next(f, e)
							   : debit(f, e);
}

bool
follow_sign(struct vault *v, const struct follow_books *books,
    struct follow_piece *pieces, size_t count, struct err *e)
{
	struct follow f = {
	    .vault = v, .books = books, .piece = pieces, .count = count};

	assert(count > 0 && count <= FOLLOW_MAX);
	for (size_t i = 1; i < count; i++)
		assert(pieces[i].piece == pieces[0].piece + i);
	if (!read_all(&f, e))
		return false;
	for (int i = 0; i < ROUNDS && f.done < f.count; i++)
		if (!vault_status(v, &f.seen, e) || !step(&f, e))
			return false;
	return f.done == f.count ||
	       err_set(e, ERR_BUSY, "the device is at work for others");
}
