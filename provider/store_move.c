/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "provider/store_move_own.h"

/* The server and the database in it, whatever it is called: the same after a
 * fail-over, another one where it was made anew. */
#define SQL_ID                                                \
	"SELECT CAST(c.system_identifier AS TEXT) || '/' || " \
	"CAST(d.oid AS TEXT) || '/' || "                      \
	"COALESCE(CAST(current_schema() AS TEXT), '') "       \
	"FROM pg_control_system() c, pg_database d "          \
	"WHERE d.datname = current_database()"

struct state {
	struct move_mark mark;
	bool here;  /* the mark names the other one that is open now */
	bool empty; /* the other one */
	bool same;  /* it has these books */
};

/* --- what there is ---------------------------------------------------------------------- */

/* The first administrator, and the moment of `postaged init`. */
static bool
read_maker(struct store *s, char out[128], struct err *e)
{
	out[0] = '\0';
	if (!store_run(
		s, "SELECT login, made FROM person ORDER BY id LIMIT 1", e))
		return false;
	if (store_row(s))
		snprintf(out, 128, "%s %lld", store_text(s, 0),
		    (long long)store_int(s, 1));
	return true;
}

static bool
read_target(struct move *m, struct err *e)
{
	if (!store_run(m->to, SQL_ID, e))
		return false;
	snprintf(m->target, sizeof(m->target), "%.300s [%.80s]",
	    store_name(m->to), store_row(m->to) ? store_text(m->to, 0) : "");
	return true;
}

static bool
same_target(const struct move *m, const struct move_mark *mark)
{
	const char *is = strrchr(m->target, '[');
	const char *was = strrchr(mark->target, '[');

	return is != NULL && was != NULL && strcmp(is, was) == 0;
}

/* Rows of one version are not put into another one. */
static bool
same_schema(struct move *m, struct err *e)
{
	static const char sql[] =
	    "SELECT COUNT(*) FROM schema_version WHERE sha256 <> ''";

	if (!store_run(m->from, sql, e) || !store_run(m->to, sql, e))
		return false;
	return (store_row(m->from) && store_row(m->to) &&
		   store_int(m->from, 0) == store_int(m->to, 0)) ||
	       err_set(e, ERR_CONFIG,
		   "%s and %s are at two versions of the schema: run postaged "
		   "migrate for each",
		   store_name(m->from), store_name(m->to));
}

static bool
look(struct move *m, struct state *out, struct err *e)
{
	char here[128], there[128];
	bool done = store_begin(m->from, STORE_READ, e) &&
		    store_begin(m->to, STORE_READ, e) &&
		    move_read_tables(m, e) && read_target(m, e) &&
		    move_read_mark(m, &out->mark, e) && same_schema(m, e) &&
		    move_is_empty(m, &out->empty, e) &&
		    read_maker(m->from, here, e) && read_maker(m->to, there, e);

	store_rollback(m->to);
	store_rollback(m->from);
	out->here = done && same_target(m, &out->mark);
	out->same = done && strcmp(here, there) == 0;
	return done;
}

/* --- there ------------------------------------------------------------------------------- */

/* What was under way before has come to its end behind this lock: whoever moves
 * holds it. */
static bool
begin_alone(struct move *m, bool *empty, struct err *e)
{
	if (!store_begin(m->to, STORE_WRITE, e))
		return false;
	store_take_time(m->to);
	return store_run(m->to, m->to->driver->lock_sql, e) &&
	       move_is_empty(m, empty, e);
}

/* *others: somebody else is at work there, or was faster. */
static bool
move_rows(struct move *m, bool *others, struct err *e)
{
	bool empty = true, done = store_begin(m->from, STORE_READ, e) &&
				  begin_alone(m, &empty, e);

	*others = !empty || (!done && e->kind == ERR_BUSY);
	if (done && !empty)
		done = err_set(e, ERR_BUSY,
		    "database %s is not empty any more: run it again",
		    store_name(m->to));
	done = done && move_count_all(m, e) && move_copy(m, e) &&
	       store_commit(m->to, e);
	store_rollback(m->to);
	store_rollback(m->from);
	return done;
}

static bool
leave(struct move *m, struct err *e)
{
	return move_leave_file(m, e) ||
	       err_prefix(e,
		   "the books have arrived, and are not marked so in "
		   "%s: run it again",
		   store_name(m->from));
}

/* Whoever has closed it opens it again; what another run has closed may be on its
 * way still. */
static bool
came_back(struct move *m, bool mine, struct err *e)
{
	struct err why = ERR_INIT;

	if (mine && move_open_file(m, &why))
		return false;
	return err_prefix(e,
	    "%s stays closed; run it again, or postaged migrate --back",
	    store_name(m->from));
}

/* What is seen there may be nowhere else yet.  A write behind it waits for the
 * standby, which has all before it then. */
static bool
leave_those_there(struct move *m, struct err *e)
{
	bool empty = true, done = begin_alone(m, &empty, e);

	if (done && empty)
		done = err_set(e, ERR_BUSY,
		    "database %s is empty again: run it again",
		    store_name(m->to));
	done = done && store_commit(m->to, e);
	store_rollback(m->to);
	return done ? leave(m, e) : came_back(m, false, e);
}

static bool
go(struct move *m, bool mine, struct err *e)
{
	bool others;

	if (move_rows(m, &others, e))
		return leave(m, e);
	return came_back(m, mine && !others && !store_in_doubt(m->to), e);
}

/* Has it gone, or is it on its way to another one? */
static bool
may_go(struct move *m, const struct state *is, struct err *e)
{
	const struct move_mark *mark = &is->mark;

	if (mark->stage != MOVE_HERE && !is->here)
		return err_set(e, ERR_REQUEST, "%s: these books are %s%.300s",
		    store_name(m->from),
		    mark->stage == MOVE_GONE ? "at " : "on the way to ",
		    mark->target);
	if (mark->stage == MOVE_GONE && !is->same)
		return err_set(e, ERR_REQUEST,
		    "these books went to %s, which has lost them: restore it; "
		    "what %s knows is old, its registers are on paper",
		    store_name(m->to), store_name(m->from));
	return is->empty || (mark->stage != MOVE_HERE && is->same) ||
	       err_set(e, ERR_REQUEST,
		   "database %s has books: give these an empty one",
		   store_name(m->to));
}

static bool
move(struct move *m, struct err *e)
{
	struct state is;

	if (!look(m, &is, e) || !may_go(m, &is, e))
		return false;
	m->out->tables = (int64_t)m->tables;
	m->out->before = is.mark.stage != MOVE_HERE && is.same;
	if (m->out->before)
		return is.mark.stage == MOVE_GONE || leave_those_there(m, e);
	if (is.mark.stage == MOVE_GOING)
		return go(m, false, e);
	return move_close_file(m, e) && go(m, true, e);
}

/* --- and back ----------------------------------------------------------------------------- */

static bool
is_going(struct move *m, struct move_mark *mark, struct err *e)
{
	bool done = store_begin(m->from, STORE_READ, e) &&
		    move_read_tables(m, e) && move_read_mark(m, mark, e);

	store_rollback(m->from);
	if (!done || mark->stage == MOVE_GOING)
		return done;
	return err_set(e, ERR_REQUEST,
	    mark->stage == MOVE_HERE
		? "%s: these books are in it, and on no way"
		: "%s: these books have gone for good",
	    store_name(m->from));
}

/* With the lock nothing is under way; so what is not there will not come. */
static bool
nothing_came(struct move *m, const struct move_mark *mark, struct err *e)
{
	bool empty = false;
	bool done = begin_alone(m, &empty, e) && read_target(m, e);

	if (done && !same_target(m, mark))
		done = err_set(e, ERR_REQUEST,
		    "the books are on the way to %.300s: that one has to say "
		    "that it has not got them",
		    mark->target);
	else if (done && !empty)
		done = err_set(e, ERR_REQUEST,
		    "database %s is not empty: the books may have arrived",
		    store_name(m->to));
	done = done && move_open_file(m, e);
	store_rollback(m->to);
	return done;
}

/* --- one at a time ------------------------------------------------------------------------- */

static bool
are_engines(struct store *from, struct store *to, struct err *e)
{
	return (store_engine(from) == STORE_SQLITE &&
		   (to == NULL || store_engine(to) == STORE_POSTGRESQL)) ||
	       err_set(e, ERR_REQUEST,
		   "books are moved from sqlite: to postgresql:, not from %s "
		   "to %s",
		   store_name(from), to != NULL ? store_name(to) : "another");
}

/* A file beside the file: whoever opens it and closes it again would take SQLite's
 * own locks away. */
static bool
lock(struct store *from, int *fd, struct err *e)
{
	char real[PATH_MAX], path[PATH_MAX + 8];

	if (realpath(from->target, real) == NULL)
		return err_system(e, "%s", from->target);
	snprintf(path, sizeof(path), "%s.move", real);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_system(e, "%s", path);
	return flock(*fd, LOCK_EX | LOCK_NB) == 0 ||
	       err_set(e, ERR_BUSY, "%s is being moved", store_name(from));
}

/* An empty one gets the schema; another program's stays as it is. */
static bool
prepare(struct store *to, struct err *e)
{
	int was, is;

	if (!store_version(to, &is, e))
		return false;
	return is == 0 ? store_migrate(to, &was, &is, e)
		       : store_check_version(to, e);
}

static struct move *
begin(struct store *from, struct store *to, int *fd, struct err *e)
{
	struct move *m = calloc(1, sizeof(*m));

	*fd = -1;
	if (m == NULL) {
		err_system(e, "memory");
		return NULL;
	}
	m->from = from;
	m->to = to;
	if (are_engines(from, to, e) && lock(from, fd, e))
		return m;
	free(m);
	return NULL;
}

static bool
end(struct move *m, int fd, bool done)
{
	if (fd >= 0)
		close(fd);
	free(m);
	return done;
}

bool
store_move(struct store *from, struct store *to, store_move_step *step,
    void *context, struct store_move *out, struct err *e)
{
	int fd;
	struct move *m = begin(from, to, &fd, e);

	*out = (struct store_move){.rows = 0};
	if (m == NULL)
		return end(m, fd, false);
	m->step = step;
	m->context = context;
	m->out = out;
	return end(m, fd, prepare(to, e) && move(m, e));
}

bool
store_move_back(struct store *from, struct store *to, struct err *e)
{
	int fd;
	struct move *m = begin(from, to, &fd, e);
	struct move_mark mark;

	if (m == NULL || !is_going(m, &mark, e))
		return end(m, fd, false);
	if (to == NULL)
		return end(m, fd, move_open_file(m, e));
	return end(m, fd, prepare(to, e) && nothing_came(m, &mark, e));
}
