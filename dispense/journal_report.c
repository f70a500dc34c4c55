/* SPDX-License-Identifier: Apache-2.0 */
/* counts and sums, out of one index: bounded memory for any number of stamps */
#include "dispense/books.h"
#include "dispense/journal_db.h"

/* What became of a stamp that was paid, as enum books_fate has it: each is in
 * one of them. */
#define DELIVERED "s.state=2 AND d.state=5"
#define UNCERTAIN "s.state=2 AND d.state IN (4,7)"
#define WAITING	  "s.state=2 AND d.state NOT IN (4,5,7)"
#define SPOILED	  "s.state IN (3,4,6)"
#define REFUNDED  "s.state=5"

#define FATE(state)                               \
	",count(CASE WHEN " state " THEN 1 END)," \
	"ifnull(sum(CASE WHEN " state " THEN s.amount END),0)"
#define FATES           \
	FATE(DELIVERED) \
	FATE(UNCERTAIN) \
	FATE(WAITING)   \
	FATE(SPOILED)   \
	FATE(REFUNDED)

/* ?1 and ?2: from when on and before when it was issued. */
#define FROM                                                       \
	" FROM stamps s CROSS JOIN documents d ON d.id=s.document" \
	" CROSS JOIN jobs j ON j.id=d.job WHERE s.issued_at>=?1"   \
	" AND s.issued_at<?2 AND s.kind<>2 AND s.state>=2"
#define REPORT(key, day)                                                       \
	"SELECT " day " AS day," key " AS k,count(*),sum(s.amount)" FATES FROM \
	" GROUP BY day,k ORDER BY day,k"

#define DAY   "date(s.issued_at,'unixepoch','localtime')"
#define MONTH "substr(" DAY ",1,7)"

/* By key alone, and by day and key. */
static const char *const queries[BOOKS_KEYS][2] = {
    [BOOKS_BY_DAY] = {REPORT(DAY, "''"), REPORT("''", DAY)},
    [BOOKS_BY_MONTH] = {REPORT(MONTH, "''"), REPORT("''", DAY)},
    [BOOKS_BY_USER] = {REPORT("j.user", "''"), REPORT("j.user", DAY)},
    [BOOKS_BY_COST] = {REPORT("s.cost", "''"), REPORT("s.cost", DAY)},
    [BOOKS_BY_QUEUE] = {REPORT("j.queue", "''"), REPORT("j.queue", DAY)},
    [BOOKS_BY_CLASS] = {REPORT("s.class_name", "''"),
	REPORT("s.class_name", DAY)},
    /* Groups are the system's, not the journal's: the caller adds up. */
    [BOOKS_BY_GROUP] = {REPORT("j.user", "''"), REPORT("j.user", DAY)},
};

static void
take_sum(sqlite3_stmt *s, int column, struct books_sum *out)
{
	out->count = (uint32_t)db_col_int(s, column);
	out->sum = db_col_int(s, column + 1);
}

bool
books_report(struct journal *j, const struct books_span *span,
    books_report_fn *fn, void *context, struct err *e)
{
	struct books_row r;
	sqlite3_stmt *s;
	bool good;

	if (!db_query(j, queries[span->by][span->daily],
		DB_ARGS(DB_I(span->from), DB_I(span->until)), &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		db_col_text(s, 0, r.day, sizeof(r.day));
		db_col_text(s, 1, r.key, sizeof(r.key));
		take_sum(s, 2, &r.issued);
		for (int i = 0; i < BOOKS_FATES; i++)
			take_sum(s, 4 + 2 * i, &r.fate[i]);
		if (!fn(context, &r)) {
			db_done(s);
			break;
		}
	}
	return good;
}

bool
books_accounts(
    struct journal *j, books_account_fn *fn, void *context, struct err *e)
{
	struct books_account a;
	sqlite3_stmt *s;
	bool good;

	if (!db_query(j,
		"SELECT p.id,p.ascending,ifnull(t.sum,0),ifnull((SELECT"
		" sum(above-below) FROM gaps g WHERE g.psd=p.id),0),"
		"ifnull((SELECT sum(granted) FROM requests r WHERE"
		" r.psd=p.id),0) FROM psds p LEFT JOIN (SELECT psd,"
		"sum(amount) AS sum FROM stamps WHERE issued_at>0 AND kind<>2"
		" AND state>=2 GROUP BY psd) t ON t.psd=p.id ORDER BY p.id",
		DB_NONE, &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		db_col_text(s, 0, a.psd_id, sizeof(a.psd_id));
		a.began = db_col_int(s, 1);
		a.issued = db_col_int(s, 2);
		a.unknown = db_col_int(s, 3);
		a.granted = db_col_int(s, 4);
		a.ascending = a.began + a.issued + a.unknown;
		if (!fn(context, &a)) {
			db_done(s);
			break;
		}
	}
	return good;
}
