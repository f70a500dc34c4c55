/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/post.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "provider/store_field.h"
#include "provider/store_stamp.h"
#include "stamp/sig.h"
#include "vault/crypto.h"

/* A mail date this far ahead is no advance dating any more. */
#define AHEAD_DAYS 90

static const char *const names[POST_VERDICTS] = {
    [POST_VALID] = "VALID",
    [POST_DUPLICATE] = "DUPLICATE",
    [POST_EXPIRED] = "EXPIRED",
    [POST_REVOKED] = "REVOKED",
    [POST_BAD_SIGNATURE] = "BAD-SIGNATURE",
    [POST_UNKNOWN_ISSUER] = "UNKNOWN-ISSUER",
    [POST_UNREADABLE] = "UNREADABLE",
    [POST_NOT_ISSUED] = "NOT-ISSUED",
    [POST_REFUNDED] = "REFUNDED",
};

const char *
post_verdict_name(enum post_verdict v)
{
	return (unsigned)v < POST_VERDICTS ? names[v] : "?";
}

static void give(struct post_check *out, enum post_verdict v, const char *fmt,
    ...) PRINTF_LIKE(3, 4);

static void
give(struct post_check *out, enum post_verdict v, const char *fmt, ...)
{
	va_list ap;

	out->verdict = v;
	va_start(ap, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, ap);
	va_end(ap);
}

bool
post_digest(const struct indicium *in, uint8_t out[END_DIGEST], struct err *e)
{
	uint8_t bytes[INDICIUM_FOREIGN_MAX];
	size_t len;

	if (!indicium_signed_part(in, bytes, sizeof(bytes), &len, e))
		return false;
	sig_sha256(bytes, len, out);
	return true;
}

bool
post_end(const struct indicium *in, struct stamp_end *out, struct err *e)
{
	out->psd = in->psd_serial;
	out->piece = in->has & HAS_PIECE ? in->piece_count : 0;
	out->field = true;
	out->ascending = (mils)in->ascending;
	out->amount = (mils)in->postage;
	return post_digest(in, out->digest, e);
}

/* --- the bytes ---------------------------------------------------------------------- */

static bool
read_stamp(const struct worker *w, const uint8_t *bytes, size_t len,
    struct post_check *out)
{
	const struct indicium *in = &out->in;
	struct err why = ERR_INIT;
	char id[INDICIUM_PSD_ID], ours[PSD_ID];

	if (!indicium_decode(bytes, len, &out->in, &why)) {
		give(out, POST_UNREADABLE, "%s", why.text);
		return false;
	}
	out->decoded = true;
	if (indicium_is_ours(in) &&
	    strcmp(indicium_psd_id(in, id),
		worker_psd_id(w, in->psd_serial, ours)) == 0)
		return true;
	give(out, POST_UNKNOWN_ISSUER, "another provider's stamp");
	return false;
}

/* --- its PSD ------------------------------------------------------------------------ */

static bool
signed_by(const struct psd_here *psd, const struct indicium *in, bool *good,
    struct err *e)
{
	uint8_t bytes[INDICIUM_FOREIGN_MAX];
	struct sig_key *key = NULL;
	size_t len;

	if (!crypto_from_point(psd->key.point, &key, e) ||
	    !indicium_signed_part(in, bytes, sizeof(bytes), &len, e)) {
		sig_free(key);
		return false;
	}
	*good = sig_verify(key, bytes, len, in->signature);
	sig_free(key);
	return true;
}

/* One that is in the field is locked by who uses a stamp of it: the others are held
 * against that one. */
static bool
find_psd(struct worker *w, uint32_t serial, bool uses, struct psd_record *psd,
    bool *found, struct err *e)
{
	struct field_row row;

	if (!store_psd_find(w->store, serial, psd, found, e))
		return false;
	return !uses || !*found || !psd->field ||
	       store_field_lock(w->store, serial, 0, &row, found, e);
}

static bool
check_psd(struct worker *w, bool uses, struct post_check *out, bool *good,
    struct err *e)
{
	const struct indicium *in = &out->in;
	struct psd_record psd;
	bool found, verifies;

	*good = false;
	if (!find_psd(w, in->psd_serial, uses, &psd, &found, e))
		return false;
	if (!found || psd.here.cert_serial != in->cert_serial) {
		give(out, POST_UNKNOWN_ISSUER,
		    "there is no such PSD, or not with this certificate");
		return true;
	}
	memcpy(out->state, psd.state, sizeof(out->state));
	out->field = psd.field;
	if (!signed_by(&psd.here, in, &verifies, e))
		return false;
	*good = verifies && strcmp(psd.state, "revoked") != 0;
	if (!verifies)
		give(out, POST_BAD_SIGNATURE,
		    "the bytes are not what its PSD signed");
	else if (!*good)
		give(out, POST_REVOKED, "its PSD was revoked");
	return true;
}

/* --- the books ---------------------------------------------------------------------- */

static bool
read_piece(struct worker *w, uint32_t psd, uint32_t piece,
    struct stamp_row *row, struct indicium *in, bool *found, struct err *e)
{
	store_stamp_piece_ask(w->store, psd, piece);
	return store_stamp_get(w->store, row, found, e) &&
	       (!*found || indicium_decode(row->indicium, row->len, in, e));
}

/* The first piece whose register is at least this one's: a small stamp does not
 * say its piece, and registers grow from piece to piece. */
static bool
search_piece(struct worker *w, const struct indicium *stamp, uint32_t *piece,
    struct err *e)
{
	uint32_t low = 1, high;
	struct psd_row psd;
	struct stamp_row row;
	struct indicium in;
	bool found;

	*piece = 0;
	store_psd_row_ask(w->store, stamp->psd_serial, STORE_LOOK);
	if (!store_psd_row_get(w->store, &psd, &found, e))
		return false;
	high = found ? psd.psd.piece_count : 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (!read_piece(
			w, stamp->psd_serial, middle, &row, &in, &found, e))
			return false;
		if (!found || in.ascending >= stamp->ascending)
			high = middle;
		else
			low = middle + 1;
	}
	*piece = high;
	return true;
}

/* Its signature may be another good one: one that was lost with an old primary
 * was made again. */
static bool
is_same(const struct indicium *in, const uint8_t digest[END_DIGEST], bool *same,
    struct err *e)
{
	uint8_t other[END_DIGEST];

	if (!post_digest(in, other, e))
		return false;
	*same = memcmp(other, digest, END_DIGEST) == 0;
	return true;
}

/* Is it one of its PSD's stamps?  Those without value have the register of the one
 * before them. */
static bool
check_issued(
    struct worker *w, struct post_check *out, bool *good, struct err *e)
{
	const struct indicium *stamp = &out->in;
	uint32_t piece = stamp->piece_count;
	uint8_t digest[END_DIGEST];
	struct stamp_row row;
	struct indicium in;
	bool found = true;

	*good = out->field;
	if (out->field) {
		out->piece = stamp->has & HAS_PIECE ? stamp->piece_count : 0;
		return true;
	}
	if (!post_digest(stamp, digest, e) ||
	    (!(stamp->has & HAS_PIECE) && !search_piece(w, stamp, &piece, e)))
		return false;
	for (; found && !*good; piece++) {
		if (!read_piece(
			w, stamp->psd_serial, piece, &row, &in, &found, e))
			return false;
		if (!found || in.ascending != stamp->ascending)
			break;
		if (!is_same(&in, digest, good, e))
			return false;
		out->piece = *good ? piece : 0;
		if (stamp->has & HAS_PIECE)
			break;
	}
	if (!*good)
		give(out, POST_NOT_ISSUED,
		    "its PSD never issued it: its key is in other hands");
	return true;
}

static bool
check_dates(const struct worker *w, struct post_check *out)
{
	const struct indicium *in = &out->in;
	uint32_t today = worker_today(w), last;
	char text[DATE_TEXT];

	if (!date_valid(in->mail_date)) {
		give(out, POST_EXPIRED, "its mail date is no date");
		return false;
	}
	last = in->has & HAS_MAILBY
		   ? in->mailby
		   : date_add(in->mail_date, w->provider->mail_days);
	if (today > last)
		give(out, POST_EXPIRED, "was to be mailed by %s",
		    date_format(last, text));
	else if (in->mail_date > date_add(today, AHEAD_DAYS))
		give(out, POST_EXPIRED,
		    "mail date %s is more than %d days ahead",
		    date_format(in->mail_date, text), AHEAD_DAYS);
	else
		return true;
	return false;
}

/* --- its end ------------------------------------------------------------------------ */

static void
judge_end(struct post_check *out)
{
	if (!out->ended)
		return;
	if (out->end.refund == 0)
		give(out, POST_DUPLICATE, "first seen at %s",
		    out->end.place[0] ? out->end.place : "another place");
	else if (strcmp(out->end.refund_state, "approved") == 0)
		give(out, POST_REFUNDED, "its value was given back");
	else
		give(out, POST_REFUNDED, "its refund was asked for");
}

static void
judge_doubt(struct post_check *out)
{
	const struct doubt *d = &out->doubt;

	if (d->kind == DOUBT_NEVER)
		give(out, POST_NOT_ISSUED,
		    "its PSD was never given what its registers say: its key "
		    "is in other hands");
	else if (d->kind == DOUBT_TWIN && d->other.refund == 0)
		give(out, POST_DUPLICATE,
		    "another stamp has its registers and was seen at %s: its "
		    "PSD was copied",
		    d->other.place[0] ? d->other.place : "another place");
	else if (d->kind == DOUBT_TWIN)
		give(out, POST_DUPLICATE,
		    "another stamp has its registers and is in a refund: its "
		    "PSD was copied");
}

/* Can its PSD in the field have issued it, beside all others that ended? */
static bool
check_registers(struct worker *w, struct post_check *out, struct err *e)
{
	struct stamp_end stamp = {.made = 0};

	if (!out->field || out->ended)
		return true;
	if (!post_end(&out->in, &stamp, e) ||
	    !doubt_look(w, &out->in, &stamp, &out->doubt, e))
		return false;
	judge_doubt(out);
	return true;
}

/* All but its use; in a transaction.  *good: it is fit for use. */
static bool
examine(struct worker *w, bool uses, const uint8_t *bytes, size_t len,
    struct post_check *out, bool *good, struct err *e)
{
	*out = (struct post_check){.verdict = POST_VALID};
	*good = false;
	if (!read_stamp(w, bytes, len, out))
		return true;
	if (!check_psd(w, uses, out, good, e))
		return false;
	if (*good && !check_issued(w, out, good, e))
		return false;
	if (!*good)
		return true;
	if (!post_digest(&out->in, out->end.digest, e) ||
	    !store_end_find(
		w->store, out->end.digest, &out->end, &out->ended, e))
		return false;
	judge_end(out);
	if (!check_registers(w, out, e))
		return false;
	*good =
	    !out->ended && out->doubt.kind == DOUBT_NONE && check_dates(w, out);
	return true;
}

bool
post_verify(struct worker *w, const uint8_t *bytes, size_t len,
    struct post_check *out, struct err *e)
{
	bool good, done = store_begin(w->store, STORE_READ, e) &&
			  examine(w, false, bytes, len, out, &good, e);

	store_rollback(w->store);
	return done;
}

/* The look whose answer was lost, asked again, is no second one. */
static bool
same_look(const struct post_mark *mark, const struct post_check *out)
{
	return out->ended && out->end.refund == 0 && mark->scan[0] != '\0' &&
	       out->end.person == mark->person &&
	       strcmp(out->end.scan, mark->scan) == 0;
}

static bool
use(struct worker *w, const struct post_mark *mark, struct post_check *out,
    struct err *e)
{
	struct stamp_end end = {.person = mark->person, .made = worker_ms(w)};
	bool fresh;

	snprintf(end.place, sizeof(end.place), "%s", mark->place);
	snprintf(end.scan, sizeof(end.scan), "%s", mark->scan);
	if (!post_end(&out->in, &end, e))
		return false;
	end.piece = out->piece;
	end.field = out->field;
	if (!store_end_add(w->store, &end, &fresh, e))
		return false;
	if (fresh) /* so its PSD had come as far */
		return !out->field ||
		       store_field_heard(w->store, out->in.psd_serial,
			   (mils)out->in.ascending, end.made, e);
	/* somebody else saw it while this one looked */
	if (!store_end_find(w->store, end.digest, &out->end, &out->ended, e))
		return false;
	if (!out->ended) /* its refund was rejected meanwhile */
		return err_set(e, ERR_BUSY, "try it again");
	judge_end(out);
	return true;
}

static bool
keep_doubt(struct worker *w, const struct post_mark *mark,
    struct post_check *out, struct err *e)
{
	struct stamp_end stamp = {.made = worker_ms(w)};
	bool withheld;

	if (out->doubt.kind == DOUBT_NONE)
		return true;
	if (!post_end(&out->in, &stamp, e) ||
	    !doubt_keep(w, &out->doubt, &stamp, mark->place, &withheld, e))
		return false;
	if (withheld)
		snprintf(out->state, sizeof(out->state), "withheld");
	return true;
}

bool
post_cancel(struct worker *w, const struct post_mark *mark,
    const uint8_t *bytes, size_t len, struct post_check *out, struct err *e)
{
	bool good,
	    done = store_begin(w->store, STORE_WRITE, e) &&
		   examine(w, true, bytes, len, out, &good, e) &&
		   (good ? use(w, mark, out, e) : keep_doubt(w, mark, out, e));

	if (done && same_look(mark, out))
		give(out, POST_VALID, "%s", "");
	done = done && store_commit(w->store, e);
	store_rollback(w->store);
	return done;
}
