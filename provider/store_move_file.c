/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is closed and opened: by triggers, for a server that has it open looks
 * at nothing else; and by a row of schema_version without a checksum, for those
 * that start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/store_move_own.h"
#include "provider/store_server.h"

#define SILENT_MS 60000 /* a server that is up says so each second */

#define GOING "on the way to "
#define GONE  "at "

/* --- its mark -------------------------------------------------------------------------- */

bool
move_read_mark(struct move *m, struct move_mark *out, struct err *e)
{
	const char *text;
	size_t skip;

	*out = (struct move_mark){.stage = MOVE_HERE};
	if (!store_run(m->from,
		"SELECT name FROM schema_version WHERE sha256 = ''", e))
		return false;
	if (!store_row(m->from))
		return true;
	text = store_text(m->from, 0);
	out->stage =
	    strncmp(text, GONE, strlen(GONE)) == 0 ? MOVE_GONE : MOVE_GOING;
	skip = strlen(out->stage == MOVE_GONE ? GONE : GOING);
	if (strlen(text) >= skip)
		snprintf(out->target, sizeof(out->target), "%s", text + skip);
	return true;
}

static bool
put_mark(struct move *m, const char *how, struct err *e)
{
	char text[MOVE_MARK + 32];

	snprintf(text, sizeof(text), "%s%s", how, m->target);
	store_put_text(m->from, text);
	store_put_int(m->from, time(NULL));
	return store_run(m->from,
	    "INSERT INTO schema_version (number, name, sha256, at) "
	    "SELECT MAX(number) + 1, $1, '', $2 FROM schema_version",
	    e);
}

static bool
take_mark(struct move *m, struct err *e)
{
	return store_run(
	    m->from, "DELETE FROM schema_version WHERE sha256 = ''", e);
}

/* --- its triggers ----------------------------------------------------------------------- */

static const char *const writes[] = {"INSERT", "UPDATE", "DELETE"};
#define WRITES (sizeof(writes) / sizeof(writes[0]))

static bool
each_write(struct move *m, bool refuse, struct err *e)
{
	char text[256];

	for (size_t i = 0; i < m->tables * WRITES; i++) {
		const char *table = m->table[i / WRITES].name;
		const char *write = writes[i % WRITES];

		if (refuse)
			snprintf(text, sizeof(text),
			    "CREATE TRIGGER moved_%s_%s BEFORE %s ON \"%s\" "
			    "BEGIN SELECT RAISE(ABORT, 'these books were "
			    "moved'); END",
			    write, table, write, table);
		else
			snprintf(text, sizeof(text), "DROP TRIGGER moved_%s_%s",
			    write, table);
		if (!m->from->driver->script(m->from, text, e))
			return false;
	}
	return true;
}

/* --- both ------------------------------------------------------------------------------- */

static bool
nobody_serves(struct store *s, struct err *e)
{
	struct server_row *row = calloc(SERVERS_MAX, sizeof(*row));
	int64_t now = (int64_t)time(NULL) * 1000;
	size_t rows = 0;
	bool good = row != NULL ? store_server_list(s, row, &rows, e)
				: err_system(e, "memory");

	for (size_t i = 0; good && i < rows; i++)
		if (row[i].state == SERVER_UP && row[i].seen > now - SILENT_MS)
			good = err_set(e, ERR_REQUEST,
			    "server %s is up: stop all servers of these books "
			    "first",
			    row[i].name);
	free(row);
	return good;
}

bool
move_close_file(struct move *m, struct err *e)
{
	bool done = store_begin(m->from, STORE_WRITE, e) &&
		    nobody_serves(m->from, e) && each_write(m, true, e) &&
		    put_mark(m, GOING, e) && store_commit(m->from, e);

	store_rollback(m->from);
	return done;
}

bool
move_open_file(struct move *m, struct err *e)
{
	bool done = store_begin(m->from, STORE_WRITE, e) &&
		    each_write(m, false, e) && take_mark(m, e) &&
		    store_commit(m->from, e);

	store_rollback(m->from);
	return done;
}

bool
move_leave_file(struct move *m, struct err *e)
{
	bool done = store_begin(m->from, STORE_WRITE, e) && take_mark(m, e) &&
		    put_mark(m, GONE, e) && store_commit(m->from, e);

	store_rollback(m->from);
	return done;
}
