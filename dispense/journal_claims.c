/* SPDX-License-Identifier: Apache-2.0 */
/* refund requests say what the events say that people did */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "dispense/books.h"
#include "dispense/journal_db.h"
#include "stamp/sig.h"

/* Is there an event `what` that says `text` (until version 5), or that and the
 * hash of what belongs to it? */
static bool
is_told(struct journal *j, const char *what, const char *text,
    const char *belongs, bool *yes, struct err *e)
{
	char note[DB_HASH_NOTE];
	int64_t count;

	if (!db_number(j,
		"SELECT count(*) FROM events WHERE what=?1 AND (text=?2 OR"
		" text=?2 || ?3)",
		DB_ARGS(
		    DB_T(what), DB_T(text), DB_T(db_hash_note(belongs, note))),
		&count, e))
		return false;
	*yes = count > 0;
	return true;
}

const char *
db_hash_note(const char *text, char out[DB_HASH_NOTE])
{
	uint8_t hash[SIG_SHA256];
	int at = snprintf(out, DB_HASH_NOTE, ", sha256 ");

	sig_sha256(text, strlen(text), hash);
	bytes_to_hex(hash, sizeof(hash), out + at);
	return out;
}

struct request {
	int64_t id, number, count;
	char psd[32];
	mils total, granted, verdicts; /* verdicts: the sum over its stamps */
	const char *body, *answer;     /* answer NULL = none */
	bool by_provider;
};

static bool
check_request(
    struct journal *j, const struct request *r, bool *right, struct err *e)
{
	char claim[160], sign[160], settle[160], sum[MILS_TEXT];
	bool claimed, numbered = true, settled = true;

	snprintf(claim, sizeof(claim),
	    "request %" PRId64 " of %s: %" PRId64 " stamps of %s", r->id,
	    r->psd, r->count, mils_format(r->total, sum));
	snprintf(sign, sizeof(sign), "request %" PRId64 " has number %" PRId64,
	    r->id, r->number);
	snprintf(settle, sizeof(settle),
	    "request %" PRId64 " of %s: %s granted", r->number, r->psd,
	    mils_format(r->granted, sum));
	if (!is_told(j, "claim", claim, r->body, &claimed, e) ||
	    (r->number != 0 && !is_told(j, r->by_provider ? "number" : "sign",
				   sign, "", &numbered, e)) ||
	    (r->answer != NULL &&
		!is_told(j, "settle", settle, r->answer, &settled, e)))
		return false;
	*right = claimed && numbered && settled && r->granted == r->verdicts;
	return true;
}

bool
books_check_requests(
    struct journal *j, journal_finding_fn *fn, void *context, struct err *e)
{
	char sentence[128];
	sqlite3_stmt *s;
	bool good, right;

	if (!db_query(j,
		"SELECT r.id,ifnull(r.number,0),r.count,r.total,"
		"ifnull(r.granted,0),(SELECT ifnull(sum(p.granted),0) FROM"
		" spoils p WHERE p.request=r.id),r.psd,r.body,r.answer,"
		"ifnull(length(r.message)=0,0) FROM requests r ORDER BY r.id",
		DB_NONE, &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		struct request r = {.id = db_col_int(s, 0),
		    .number = db_col_int(s, 1),
		    .count = db_col_int(s, 2),
		    .total = db_col_int(s, 3),
		    .granted = db_col_int(s, 4),
		    .verdicts = db_col_int(s, 5),
		    .by_provider = db_col_int(s, 9) != 0};

		db_col_text(s, 6, r.psd, sizeof(r.psd));
		r.body = (const char *)sqlite3_column_text(s, 7);
		r.answer = (const char *)sqlite3_column_text(s, 8);
		if (r.body == NULL)
			r.body = "";
		if (!check_request(j, &r, &right, e)) {
			db_done(s);
			return false;
		}
		if (right)
			continue;
		snprintf(sentence, sizeof(sentence),
		    "refund request %lld is not what people asked for, or were "
		    "granted",
		    (long long)r.id);
		fn(context, sentence);
	}
	return good;
}
