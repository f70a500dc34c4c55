/* SPDX-License-Identifier: Apache-2.0 */
/* who did what: the second chain */
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "dispense/books.h"
#include "dispense/journal_db.h"

#define LINK_MAX 2048

/* A link as it is hashed; `stamps` and `stamp_hash`: the newest link of the
 * chain of stamps when it was made. */
struct link {
	struct books_event event;
	int64_t stamps;
	uint8_t stamp_hash[JOURNAL_HASH], chain[JOURNAL_HASH];
};

static bool
hash_link(const uint8_t previous[JOURNAL_HASH], const struct link *l,
    uint8_t out[JOURNAL_HASH], struct err *e)
{
	const struct books_event *v = &l->event;
	uint8_t buf[LINK_MAX];
	struct bytes_writer w;

	bytes_writer_init(&w, buf, sizeof(buf));
	bytes_write(&w, previous, JOURNAL_HASH);
	bytes_write_le(&w, (uint64_t)v->seq, 8);
	bytes_write_le(&w, (uint64_t)v->at, 8);
	bytes_write_str(&w, v->person);
	bytes_write_str(&w, v->what);
	bytes_write_str(&w, v->text);
	bytes_write_le(&w, (uint64_t)v->document, 8);
	bytes_write_le(&w, (uint64_t)l->stamps, 8);
	bytes_write(&w, l->stamp_hash, JOURNAL_HASH);
	if (w.failed ||
	    EVP_Digest(buf, w.pos, out, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_SYSTEM, "journal: no hash of an event");
	return true;
}

/* Number and hash at the end of a chain; 0 and zeros where it is empty. */
static bool
head(struct journal *j, const char *sql, int64_t *seq,
    uint8_t hash[JOURNAL_HASH], struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	*seq = 0;
	memset(hash, 0, JOURNAL_HASH);
	if (!db_query(j, sql, DB_NONE, &s, e) || !db_step(j, s, &row, e))
		return false;
	if (row) {
		*seq = db_col_int(s, 0);
		db_col_bytes(s, 1, hash, JOURNAL_HASH);
		db_done(s);
	}
	return true;
}

static bool
store(struct journal *j, struct link *l, struct err *e)
{
	static const char events[] = "SELECT seq,chain FROM events"
				     " ORDER BY seq DESC LIMIT 1";
	static const char stamps[] = "SELECT seq,chain FROM stamps WHERE seq"
				     " IS NOT NULL ORDER BY seq DESC LIMIT 1";
	const struct books_event *v = &l->event;
	uint8_t previous[JOURNAL_HASH];

	if (!head(j, events, &l->event.seq, previous, e) ||
	    !head(j, stamps, &l->stamps, l->stamp_hash, e))
		return false;
	l->event.seq++;
	return hash_link(previous, l, l->chain, e) &&
	       db_run(j,
		   "INSERT INTO events(seq,at,person,what,text,document,stamps,"
		   "chain) VALUES(?1,?2,?3,?4,?5,CASE ?6 WHEN 0 THEN NULL ELSE"
		   " ?6 END,?7,?8)",
		   DB_ARGS(DB_I(v->seq), DB_I(v->at), DB_T(v->person),
		       DB_T(v->what), DB_T(v->text), DB_I(v->document),
		       DB_I(l->stamps), DB_B(l->chain, JOURNAL_HASH)),
		   e);
}

bool
books_log(struct journal *j, const struct books_by *by, const char *what,
    int64_t document, int64_t *seq, struct err *e, const char *fmt, ...)
{
	struct link l = {.event = {.at = by->now, .document = document}};
	char text[2 * BOOKS_EVENT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_clean(text, l.event.text, sizeof(l.event.text));
	text_clean(by->person, l.event.person, sizeof(l.event.person));
	text_copy(l.event.what, sizeof(l.event.what), what);
	if (!store(j, &l, e))
		return false;
	if (seq)
		*seq = l.event.seq;
	return true;
}

static void
take_row(sqlite3_stmt *s, struct link *out)
{
	struct books_event *v = &out->event;

	v->seq = db_col_int(s, 0);
	v->at = db_col_int(s, 1);
	db_col_text(s, 2, v->person, sizeof(v->person));
	db_col_text(s, 3, v->what, sizeof(v->what));
	db_col_text(s, 4, v->text, sizeof(v->text));
	v->document = db_col_int(s, 5);
	out->stamps = db_col_int(s, 6);
	db_col_bytes(s, 7, out->chain, JOURNAL_HASH);
}

bool
books_events(struct journal *j, int64_t limit, books_event_fn *fn,
    void *context, struct err *e)
{
	sqlite3_stmt *s;
	struct link l;
	bool good;

	if (!db_query(j,
		"SELECT * FROM (SELECT seq,at,person,what,text,document,stamps,"
		"chain FROM events ORDER BY seq DESC LIMIT ?) ORDER BY seq",
		DB_ARGS(DB_I(limit ? limit : -1)), &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		take_row(s, &l);
		if (!fn(context, &l.event)) {
			db_done(s);
			break;
		}
	}
	return good;
}

bool
books_check_events(
    struct journal *j, journal_finding_fn *fn, void *context, struct err *e)
{
	uint8_t previous[JOURNAL_HASH] = {0}, hash[JOURNAL_HASH];
	int64_t expected = 1;
	char sentence[128];
	sqlite3_stmt *s;
	struct link l;
	bool good;

	if (!db_query(j,
		"SELECT v.seq,v.at,v.person,v.what,v.text,v.document,v.stamps,"
		"v.chain,s.chain FROM events v LEFT JOIN stamps s"
		" ON s.seq=v.stamps ORDER BY v.seq",
		DB_NONE, &s, e))
		return false;
	for (; db_next(j, s, &good, e); expected = l.event.seq + 1) {
		take_row(s, &l);
		db_col_bytes(s, 8, l.stamp_hash, JOURNAL_HASH);
		if (!hash_link(previous, &l, hash, e)) {
			db_done(s);
			return false;
		}
		memcpy(previous, l.chain, JOURNAL_HASH);
		if (l.event.seq == expected &&
		    memcmp(hash, l.chain, JOURNAL_HASH) == 0)
			continue;
		snprintf(sentence, sizeof(sentence),
		    l.event.seq == expected
			? "event %lld was changed after it was written"
			: "events before %lld are missing from the journal",
		    (long long)l.event.seq);
		fn(context, sentence);
	}
	return good;
}
