/* SPDX-License-Identifier: Apache-2.0 */
/* refund requests that a provider numbers, as no PSD here signs them */
#include <inttypes.h>

#include "dispense/books.h"
#include "dispense/journal_db.h"

/* A message of no bytes: the provider has spoken, and no PSD signs. */
#define NO_MESSAGE DB_B("", 0)

bool
books_request_keys(struct journal *j, int64_t id,
    uint8_t (*keys)[PSD_KEY_BYTES], size_t max, size_t *count, struct err *e)
{
	sqlite3_stmt *s;
	bool good;

	*count = 0;
	if (!db_query(j,
		"SELECT p.stamp FROM spoils p JOIN stamps s ON s.key=p.stamp"
		" WHERE p.request=? ORDER BY s.ascending",
		DB_ARGS(DB_I(id)), &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		if (*count == max || db_col_bytes(s, 0, keys[*count],
					 PSD_KEY_BYTES) != PSD_KEY_BYTES) {
			db_done(s);
			return err_set(e, ERR_CORRUPT,
			    "request %lld has too many stamps, or one without "
			    "a key",
			    (long long)id);
		}
		(*count)++;
	}
	return good;
}

bool
books_numbered(struct journal *j, int64_t id, uint32_t number,
    const struct books_by *by, struct err *e)
{
	if (!db_run(j,
		"UPDATE requests SET number=?,message=? WHERE id=? AND"
		" message IS NULL",
		DB_ARGS(DB_I(number), NO_MESSAGE, DB_I(id)), e))
		return false;
	return sqlite3_changes(j->db) == 0 ||
	       books_log(j, by, "number", 0, NULL, e,
		   "request %lld has number %" PRIu32, (long long)id, number);
}

bool
books_refused(struct journal *j, int64_t id, const char *why,
    const struct books_by *by, struct err *e)
{
	if (!db_run(j,
		"UPDATE requests SET message=? WHERE id=? AND message IS NULL",
		DB_ARGS(NO_MESSAGE, DB_I(id)), e))
		return false;
	if (sqlite3_changes(j->db) == 0)
		return true;
	return db_run(j,
		   "UPDATE stamps SET state=3 WHERE state=4 AND key IN"
		   " (SELECT stamp FROM spoils WHERE request=?)",
		   DB_ARGS(DB_I(id)), e) &&
	       db_run(j, "UPDATE spoils SET request=NULL WHERE request=?",
		   DB_ARGS(DB_I(id)), e) &&
	       books_log(j, by, "refuse", 0, NULL, e, "request %lld: %.300s",
		   (long long)id, why);
}
