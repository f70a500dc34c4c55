/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_stamp.h"

#include <stdio.h>
#include <string.h>

#define SQL_STAMP                                                           \
	"SELECT s.psd, s.piece, s.usersystem, s.key, s.request, s.amount, " \
	"s.mail_date, s.indicium, s.chain, s.sheet, s.label, s.cost, "      \
	"s.made, g.bytes FROM stamp s "                                     \
	"LEFT JOIN signature g ON g.psd = s.psd AND g.piece = s.piece "

/* --- one row ---------------------------------------------------------------------- */

static bool
read_exact(struct store *s, int i, uint8_t *out, size_t want)
{
	size_t len;
	const uint8_t *ptr = store_blob(s, i, &len);

	if (len != want)
		return false;
	memcpy(out, ptr, len);
	return true;
}

static bool
read_indicium(struct store *s, struct stamp_row *out)
{
	const uint8_t *ptr = store_blob(s, 7, &out->len);

	if (out->len > sizeof(out->indicium) || out->len == 0)
		return false;
	memcpy(out->indicium, ptr, out->len);
	return true;
}

static bool
read_signature(struct store *s, struct stamp_row *out, struct err *e)
{
	uint8_t sig[SIG_BYTES];

	if (store_is_null(s, 13))
		return true;
	if (!read_exact(s, 13, sig, sizeof(sig)))
		return err_set(e, ERR_CORRUPT, "a signature of another length");
	return stamp_row_sign(out, sig, e);
}

static bool
read_stamp(struct store *s, struct stamp_row *out, struct err *e)
{
	*out = (struct stamp_row){.psd = (uint32_t)store_int(s, 0),
	    .piece = (uint32_t)store_int(s, 1),
	    .system = store_int(s, 2),
	    .amount = store_int(s, 5),
	    .mail_date = (uint32_t)store_int(s, 6),
	    .sheet = (uint64_t)store_int(s, 9),
	    .label = (uint16_t)store_int(s, 10),
	    .made = store_int(s, 12)};
	snprintf(out->cost, sizeof(out->cost), "%s", store_text(s, 11));
	if (!read_exact(s, 3, out->key, PSD_KEY_BYTES) ||
	    !read_exact(s, 4, out->request, PSD_HASH) ||
	    !read_exact(s, 8, out->chain, CHAIN_BYTES) ||
	    !read_indicium(s, out))
		return err_set(e, ERR_CORRUPT,
		    "piece %lu of PSD %lu cannot be read: postaged audit",
		    (unsigned long)out->piece, (unsigned long)out->psd);
	return read_signature(s, out, e);
}

void
store_stamp_ask(
    struct store *s, int64_t system, const uint8_t key[PSD_KEY_BYTES])
{
	store_put_int(s, system);
	store_put_blob(s, key, PSD_KEY_BYTES);
	store_send(s, SQL_STAMP "WHERE s.usersystem = $1 AND s.key = $2");
}

void
store_stamp_piece_ask(struct store *s, uint32_t psd, uint32_t piece)
{
	store_put_int(s, psd);
	store_put_int(s, piece);
	store_send(s, SQL_STAMP "WHERE s.psd = $1 AND s.piece = $2");
}

bool
store_stamp_get(
    struct store *s, struct stamp_row *out, bool *found, struct err *e)
{
	*found = false;
	if (!store_receive(s, e))
		return false;
	*found = store_row(s);
	return !*found || read_stamp(s, out, e);
}

static void
put_label(struct store *s, const struct stamp_row *row)
{
	if (row->sheet == 0) {
		store_put_no_int(s);
		store_put_no_int(s);
	} else {
		store_put_int(s, (int64_t)row->sheet);
		store_put_int(s, row->label);
	}
}

void
store_stamp_put(struct store *s, const struct stamp_row *row)
{
	store_put_int(s, row->psd);
	store_put_int(s, row->piece);
	store_put_int(s, row->system);
	store_put_blob(s, row->key, PSD_KEY_BYTES);
	store_put_blob(s, row->request, PSD_HASH);
	store_put_int(s, row->amount);
	store_put_int(s, row->mail_date);
	store_put_blob(s, row->indicium, row->len);
	store_put_blob(s, row->chain, CHAIN_BYTES);
	put_label(s, row);
	store_put_text(s, row->cost[0] ? row->cost : NULL);
	store_put_int(s, row->made);
}

void
store_stamp_send(struct store *s)
{
	store_send_rows(s,
	    "INSERT INTO stamp (psd, piece, usersystem, key, request, amount, "
	    "mail_date, indicium, chain, sheet, label, cost, made) VALUES",
	    13, "");
}

void
store_signature_put(
    struct store *s, const struct stamp_row *row, const uint8_t sig[SIG_BYTES])
{
	store_put_int(s, row->psd);
	store_put_int(s, row->piece);
	store_put_blob(s, sig, SIG_BYTES);
}

void
store_signature_send(struct store *s)
{
	store_send_rows(s, "INSERT INTO signature (psd, piece, bytes) VALUES",
	    3, " ON CONFLICT DO NOTHING");
}

/* --- several ------------------------------------------------------------------------ */

static bool
read_all(struct store *s, struct stamp_row *out, size_t max, size_t *count,
    struct err *e)
{
	while (*count < max && store_row(s))
		if (!read_stamp(s, &out[(*count)++], e))
			return false;
	return true;
}

static void
turn_round(struct stamp_row *rows, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct stamp_row other = rows[i];

		rows[i] = rows[count - 1 - i];
		rows[count - 1 - i] = other;
	}
}

const char store_stamp_recent_sql[] =
    SQL_STAMP "WHERE s.usersystem = $1 "
	      "ORDER BY s.made DESC, s.psd DESC, s.piece DESC LIMIT $2";

bool
store_stamp_recent(struct store *s, int64_t system, struct stamp_row *out,
    size_t max, size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, system);
	store_put_int(s, (int64_t)max);
	if (!store_run(s, store_stamp_recent_sql, e) ||
	    !read_all(s, out, max, count, e))
		return false;
	turn_round(out, *count);
	return true;
}

bool
store_stamp_pending(struct store *s, uint32_t psd, int64_t after,
    struct stamp_row *out, size_t max, size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, psd);
	store_put_int(s, after);
	store_put_int(s, (int64_t)max);
	return store_run(s,
		   SQL_STAMP "WHERE s.psd = $1 AND s.piece > $2 AND "
			     "g.psd IS NULL ORDER BY s.piece LIMIT $3",
		   e) &&
	       read_all(s, out, max, count, e);
}

bool
store_stamp_list(struct store *s, uint32_t psd, int64_t after,
    struct stamp_row *out, size_t max, size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, psd);
	store_put_int(s, after);
	store_put_int(s, (int64_t)max);
	return store_run(s,
		   SQL_STAMP "WHERE s.psd = $1 AND s.piece > $2 "
			     "ORDER BY s.piece LIMIT $3",
		   e) &&
	       read_all(s, out, max, count, e);
}

/* --- the indicium -------------------------------------------------------------------- */

bool
stamp_row_sign(
    struct stamp_row *row, const uint8_t sig[SIG_BYTES], struct err *e)
{
	struct indicium in;

	if (!indicium_decode(row->indicium, row->len, &in, e)) {
		e->kind = ERR_CORRUPT;
		return false;
	}
	memcpy(in.signature, sig, SIG_BYTES);
	row->is_signed = indicium_encode(
	    &in, row->indicium, sizeof(row->indicium), &row->len, e);
	return row->is_signed;
}

bool
stamp_row_message(const struct stamp_row *row, uint8_t out[INDICIUM_MAX],
    size_t *len, struct err *e)
{
	struct indicium in;

	if (indicium_decode(row->indicium, row->len, &in, e) &&
	    indicium_signed_part(&in, out, INDICIUM_MAX, len, e))
		return true;
	e->kind = ERR_CORRUPT;
	return false;
}
