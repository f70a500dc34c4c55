/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include <string.h>

#include "base/bytes.h"
#include "provider/store_own.h"
#include "stamp/sig.h"

#define SHA256_HEX (2 * SIG_SHA256 + 1)

#define SQL_VERSIONS \
	"SELECT number, name, sha256 FROM schema_version ORDER BY number"
#define SQL_ADD_VERSION                                         \
	"INSERT INTO schema_version (number, name, sha256, at)" \
	" VALUES ($1, $2, $3, $4)"

/* NULL: this program has no such text. */
static const struct store_schema *
text_of(const struct store *s, int64_t number)
{
	for (const struct store_schema *t = store_schemas; t->text; t++)
		if (t->engine == s->driver->engine && t->number == number)
			return t;
	return NULL;
}

static int
newest(const struct store *s)
{
	int number = 0;

	while (text_of(s, number + 1) != NULL)
		number++;
	return number;
}

static void
checksum(const struct store_schema *t, char hex[SHA256_HEX])
{
	uint8_t hash[SIG_SHA256];

	sig_sha256(t->text, strlen(t->text), hash);
	bytes_to_hex(hash, sizeof(hash), hex);
}

/* A row without a checksum is no version: store_move() wrote it. */
static bool
same_text(struct store *s, int64_t number, struct err *e)
{
	const struct store_schema *t = text_of(s, number);
	char hex[SHA256_HEX];

	if (store_text(s, 2)[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "database %s: these books are %.350s: postaged migrate, "
		    "and set `database` to that one",
		    s->name, store_text(s, 1));
	if (t == NULL)
		return err_set(e, ERR_CONFIG,
		    "database %s: it is at version %lld, of a newer program, "
		    "and this one knows %d: install that one",
		    s->name, (long long)number, newest(s));
	checksum(t, hex);
	if (strcmp(hex, store_text(s, 2)) == 0)
		return true;
	return err_set(e, ERR_CONFIG,
	    "database %s: version %d (%s) is not what this program has by "
	    "that number",
	    s->name, t->number, t->name);
}

/* In a transaction; *version = 0: nothing there yet. */
static bool
look(struct store *s, int *version, struct err *e)
{
	*version = 0;
	if (!store_run(s, s->driver->versioned_sql, e))
		return false;
	if (!store_row(s))
		return true;
	if (!store_run(s, SQL_VERSIONS, e))
		return false;
	while (store_row(s)) {
		if (store_int(s, 0) != *version + 1)
			return err_set(e, ERR_CORRUPT,
			    "database %s: schema_version lacks number %d",
			    s->name, *version + 1);
		if (!same_text(s, store_int(s, 0), e))
			return false;
		++*version;
	}
	return true;
}

static bool
add(struct store *s, const struct store_schema *t, struct err *e)
{
	char hex[SHA256_HEX];

	if (!s->driver->script(s, t->text, e))
		return err_prefix(e, "version %d (%s)", t->number, t->name);
	checksum(t, hex);
	store_put_int(s, t->number);
	store_put_text(s, t->name);
	store_put_text(s, hex);
	store_put_int(s, time(NULL));
	return store_run(s, SQL_ADD_VERSION, e);
}

/* One version further; *version = the one it was at. */
static bool
step(struct store *s, int *version, bool *done, struct err *e)
{
	const struct store_schema *next;

	if (s->driver->lock_sql != NULL &&
	    !store_run(s, s->driver->lock_sql, e))
		return false;
	if (!look(s, version, e))
		return false;
	next = text_of(s, *version + 1);
	*done = next == NULL;
	return *done || add(s, next, e);
}

bool
store_migrate(struct store *s, int *from, int *to, struct err *e)
{
	bool done = false;

	*from = -1;
	while (!done) {
		if (!store_begin(s, STORE_WRITE, e))
			return false;
		if (!step(s, to, &done, e)) {
			store_rollback(s);
			return false;
		}
		if (!store_commit(s, e))
			return false;
		if (*from < 0)
			*from = *to;
	}
	return true;
}

bool
store_version(struct store *s, int *version, struct err *e)
{
	bool good = store_begin(s, STORE_READ, e) && look(s, version, e);

	store_rollback(s);
	return good;
}

bool
store_check_version(struct store *s, struct err *e)
{
	int version;
	bool good = store_version(s, &version, e);

	if (!good || version == newest(s))
		return good;
	if (version == 0)
		return err_set(e, ERR_CONFIG,
		    "database %s: there are no books in it: run postaged init",
		    s->name);
	return err_set(e, ERR_CONFIG,
	    "database %s: it is at version %d, this program needs %d: run "
	    "postaged migrate",
	    s->name, version, newest(s));
}
