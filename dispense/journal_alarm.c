/* SPDX-License-Identifier: Apache-2.0 */
/* the last refill of each vault, and which alarms were told */
#include "dispense/books.h"
#include "dispense/journal_db.h"

bool
books_fill(struct journal *j, const char *psd_id, mils *control, mils *value,
    struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	if (!db_query(j, "SELECT control,value FROM fills WHERE psd=?",
		DB_ARGS(DB_T(psd_id)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	*control = row ? db_col_int(s, 0) : -1;
	*value = row ? db_col_int(s, 1) : 0;
	if (row)
		db_done(s);
	return true;
}

bool
books_set_fill(struct journal *j, const char *psd_id, mils control, mils value,
    int64_t now, struct err *e)
{
	return db_run(j,
	    "INSERT OR REPLACE INTO fills(psd,control,value,seen)"
	    " VALUES(?,?,?,?)",
	    DB_ARGS(DB_T(psd_id), DB_I(control), DB_I(value), DB_I(now)), e);
}

bool
books_alarm(struct journal *j, const char *name, bool raised, int64_t day,
    int64_t now, bool *tell, struct err *e)
{
	sqlite3_stmt *s;
	bool row, was;
	int64_t told;

	if (!db_query(j, "SELECT raised,told FROM alarms WHERE name=?",
		DB_ARGS(DB_T(name)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	was = row && db_col_int(s, 0) != 0;
	told = row ? db_col_int(s, 1) : 0;
	if (row)
		db_done(s);
	*tell = raised && !was && told < day;
	if (row && was == raised)
		return true;
	return db_run(j,
	    "INSERT OR REPLACE INTO alarms(name,raised,told) VALUES(?,?,?)",
	    DB_ARGS(DB_T(name), DB_I(raised), DB_I(*tell ? now : told)), e);
}
