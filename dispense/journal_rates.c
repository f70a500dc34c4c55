/* SPDX-License-Identifier: Apache-2.0 */
/* tables of rates: who entered and who approved them */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dispense/books.h"
#include "dispense/journal_db.h"
#include "dispense/persons.h"

bool
books_rates_enter(struct journal *j, const uint8_t sha[JOURNAL_HASH],
    const char *text, size_t len, const struct books_by *by, struct err *e)
{
	char hex[2 * JOURNAL_HASH + 1];

	bytes_to_hex(sha, JOURNAL_HASH, hex);
	return db_run(j,
		   "INSERT INTO rate_tables(sha,text,entered_by,entered)"
		   " VALUES(?,?,?,?) ON CONFLICT(sha) DO UPDATE SET"
		   " entered_by=?3,entered=?4,approved_by='',approved=NULL",
		   DB_ARGS(DB_B(sha, JOURNAL_HASH), DB_B(text, len),
		       DB_T(by->person), DB_I(by->now)),
		   e) &&
	       books_log(
		   j, by, "rates", 0, NULL, e, "entered the table %s", hex);
}

bool
books_rates_find(
    struct journal *j, const char *name, struct books_rates *out, struct err *e)
{
	sqlite3_stmt *s;
	int64_t count;
	bool row;

	*out = (struct books_rates){.text = NULL};
	if (strlen(name) < BOOKS_RATES_NAME)
		return err_set(e, ERR_REQUEST,
		    "\"%s\": at least %d letters of the table's name", name,
		    BOOKS_RATES_NAME);
	if (!db_number(j,
		"SELECT count(*) FROM rate_tables WHERE"
		" substr(lower(hex(sha)),1,length(?1))=lower(?1)",
		DB_ARGS(DB_T(name)), &count, e))
		return false;
	if (count != 1)
		return err_set(e, ERR_REQUEST,
		    "%s table was entered whose name begins with %s",
		    count ? "more than one" : "no", name);
	if (!db_query(j,
		"SELECT sha,text,entered_by,entered,approved_by,"
		"ifnull(approved,0) FROM rate_tables WHERE"
		" substr(lower(hex(sha)),1,length(?1))=lower(?1)",
		DB_ARGS(DB_T(name)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	out->len = (size_t)sqlite3_column_bytes(s, 1);
	out->text = malloc(out->len + 1);
	if (out->text == NULL) {
		db_done(s);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	db_col_bytes(s, 0, out->sha, sizeof(out->sha));
	db_col_bytes(s, 1, out->text, out->len);
	db_col_text(s, 2, out->entered_by, sizeof(out->entered_by));
	out->entered = db_col_int(s, 3);
	db_col_text(s, 4, out->approved_by, sizeof(out->approved_by));
	out->approved = db_col_int(s, 5);
	db_done(s);
	return true;
}

bool
books_rates_approve(struct journal *j, const uint8_t sha[JOURNAL_HASH],
    const struct books_by *by, struct err *e)
{
	char hex[2 * JOURNAL_HASH + 1];

	bytes_to_hex(sha, JOURNAL_HASH, hex);
	return db_run(j,
		   "UPDATE rate_tables SET approved_by=?,approved=? WHERE "
		   "sha=?",
		   DB_ARGS(DB_T(by->person), DB_I(by->now),
		       DB_B(sha, JOURNAL_HASH)),
		   e) &&
	       books_log(
		   j, by, "rates", 0, NULL, e, "approved the table %s", hex);
}

bool
books_rates_approved(struct journal *j, const uint8_t sha[JOURNAL_HASH],
    bool *yes, struct err *e)
{
	char entered[USER_MAX], approved[USER_MAX];
	sqlite3_stmt *s;
	bool row;

	*yes = false;
	if (!db_query(j,
		"SELECT entered_by,approved_by FROM rate_tables WHERE sha=?"
		" AND approved IS NOT NULL",
		DB_ARGS(DB_B(sha, JOURNAL_HASH)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (!row)
		return true;
	db_col_text(s, 0, entered, sizeof(entered));
	db_col_text(s, 1, approved, sizeof(approved));
	db_done(s);
	*yes = persons_differ(entered, approved);
	return true;
}
