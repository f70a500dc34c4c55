/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What links of the first form of the chain do not hold (cost code, class, face
 * value, kind, dates): when a journal is brought to version 5, an event seals
 * it with one hash over all of them.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "dispense/books.h"
#include "dispense/journal_db.h"

#define SEAL	 "seal"
#define ROW_MAX	 512
#define HEX	 (2 * JOURNAL_HASH + 1)
#define SEAL_MAX (HEX + 64)

/* All links of the first form, in their order; *last = 0: there are none. */
static bool
hash_rows(struct journal *j, EVP_MD_CTX *ctx, int64_t *last, struct err *e)
{
	uint8_t buf[ROW_MAX];
	struct bytes_writer w;
	struct journal_stamp stamp;
	sqlite3_stmt *s;
	bool good;

	*last = 0;
	if (!db_query(j,
		"SELECT " DB_STAMP_COLUMNS " FROM stamps s WHERE s.seq IS NOT"
		" NULL AND s.form=1 ORDER BY s.seq",
		DB_NONE, &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		db_stamp_row(s, &stamp);
		*last = stamp.seq;
		bytes_writer_init(&w, buf, sizeof(buf));
		bytes_write_le(&w, (uint64_t)stamp.seq, 8);
		db_link_details(&w, &stamp);
		if (w.failed || EVP_DigestUpdate(ctx, buf, w.pos) != 1) {
			db_done(s);
			return err_set(
			    e, ERR_SYSTEM, "journal: no hash of a stamp");
		}
	}
	return good;
}

/* "stamps 1 to 12: 5f0c..."; "" where nothing is to be sealed. */
static bool
make_seal(struct journal *j, char out[SEAL_MAX], struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t hash[JOURNAL_HASH];
	char hex[HEX];
	int64_t last;
	bool done = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	out[0] = '\0';
	if (!done)
		err_set(e, ERR_SYSTEM, "journal: no hash");
	done = done && hash_rows(j, ctx, &last, e);
	if (done && last > 0) {
		done = EVP_DigestFinal_ex(ctx, hash, NULL) == 1 ||
		       err_set(e, ERR_SYSTEM, "journal: no hash");
		bytes_to_hex(hash, done ? sizeof(hash) : 0, hex);
		snprintf(out, SEAL_MAX, "stamps 1 to %lld: %s", (long long)last,
		    hex);
	}
	EVP_MD_CTX_free(ctx);
	return done;
}

bool
db_seal(struct journal *j, struct err *e)
{
	const struct books_by by = {"postage", (int64_t)time(NULL)};
	char seal[SEAL_MAX];

	if (!make_seal(j, seal, e))
		return false;
	return seal[0] == '\0' ||
	       books_log(j, &by, SEAL, 0, NULL, e, "%s", seal);
}

bool
books_check_seal(
    struct journal *j, journal_finding_fn *fn, void *context, struct err *e)
{
	char seal[SEAL_MAX];
	int64_t same;

	if (!make_seal(j, seal, e) ||
	    !db_number(j,
		"SELECT count(*) FROM events WHERE what='" SEAL "' AND text=?",
		DB_ARGS(DB_T(seal)), &same, e))
		return false;
	if (seal[0] != '\0' && same == 0)
		fn(context,
		    "a cost code, class, date or price of stamps from before "
		    "version 5 is not what was sealed then");
	return true;
}
