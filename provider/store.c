/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/store_own.h"

static const struct store_driver *const drivers[] = {
    &store_sqlite,
    &store_postgresql,
    NULL,
};

static bool
find_driver(struct store *s, struct err *e)
{
	for (int i = 0; drivers[i] != NULL; i++) {
		size_t len = strlen(drivers[i]->scheme);

		if (strncmp(s->uri, drivers[i]->scheme, len) == 0) {
			s->driver = drivers[i];
			s->target = s->uri + len;
			return true;
		}
	}
	/* it may hold a password: it is not shown */
	return err_set(e, ERR_CONFIG,
	    "a database's URI begins with sqlite: or postgresql:");
}

bool
store_open(const char *uri, int wait_ms, struct store **out, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL || (s->uri = strdup(uri)) == NULL) {
		free(s);
		return err_set(e, ERR_SYSTEM, "database: out of memory");
	}
	s->wait_ms = wait_ms;
	s->answer_ms = STORE_ANSWER_MS;
	if (!find_driver(s, e) || !s->driver->open(s, e)) {
		store_close(s);
		return false;
	}
	*out = s;
	return true;
}

void
store_set_answer(struct store *s, int ms)
{
	s->answer_ms = ms;
}

bool
store_is_there(const char *uri)
{
	size_t len = strlen(store_sqlite.scheme);

	return strncmp(uri, store_sqlite.scheme, len) != 0 ||
	       access(uri + len, F_OK) == 0 || errno != ENOENT;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_rollback(s);
	if (s->driver != NULL)
		s->driver->close(s);
	store_forget_rows(s);
	free(s->values.ptr);
	free(s->bytes.ptr);
	free(s->calls.ptr);
	free(s->uri);
	free(s);
}

enum store_engine
store_engine(const struct store *s)
{
	return s->driver->engine;
}

const char *
store_name(const struct store *s)
{
	return s->name;
}

/* --- transactions ------------------------------------------------------------ */

static void
forget_result(struct store *s)
{
	s->rows = s->row = 0;
	s->columns = 0;
	s->changed = 0;
}

bool
store_begin(struct store *s, enum store_mode mode, struct err *e)
{
	assert(!s->inside);
	store_forget_calls(s);
	forget_result(s);
	s->died = (struct err)ERR_INIT;
	s->conflict[0] = '\0';
	s->in_doubt = s->wrote = s->takes_time = false;
	s->changed_all = 0;
	s->mode = mode;
	s->inside = s->driver->begin(s, e);
	return s->inside;
}

void
store_rollback(struct store *s)
{
	if (!s->inside)
		return;
	s->inside = false;
	store_forget_calls(s);
	forget_result(s);
	s->driver->rollback(s);
}

static bool
hand_over(struct store *s, struct err *e)
{
	const struct store_call *calls = s->calls.ptr;

	for (; s->handed < s->calls.count; s->handed++)
		if (!s->driver->hand(s, &calls[s->handed], e))
			return false;
	return true;
}

static bool
commit(struct store *s, struct err *e)
{
	if (s->died.kind != ERR_NONE) {
		*e = s->died;
		return false;
	}
	return hand_over(s, e) && s->driver->hand_commit(s, e) &&
	       store_flush(s, e) && s->driver->commit(s, e);
}

bool
store_commit(struct store *s, struct err *e)
{
	assert(s->inside);
	assert(s->open == s->values.count);
	if (!commit(s, e)) {
		store_rollback(s);
		return false;
	}
	s->inside = false;
	store_forget_calls(s);
	forget_result(s);
	return true;
}

void
store_take_time(struct store *s)
{
	s->takes_time = true;
}

bool
store_in_doubt(const struct store *s)
{
	return s->in_doubt;
}

/* --- results ------------------------------------------------------------------ */

bool
store_receive(struct store *s, struct err *e)
{
	const struct store_call *call;

	assert(s->inside);
	forget_result(s);
	if (s->died.kind != ERR_NONE) {
		*e = s->died;
		return false;
	}
	assert(s->received < s->calls.count);
	if (!hand_over(s, e))
		return store_dies(s, e);
	call = (const struct store_call *)s->calls.ptr + s->received++;
	if (!s->driver->receive(s, call, e)) {
		forget_result(s);
		return store_dies(s, e);
	}
	s->wrote = s->wrote || s->changed > 0;
	s->changed_all += s->changed;
	if (s->received == s->calls.count && s->open == s->values.count)
		store_forget_calls(s);
	return true;
}

bool
store_run(struct store *s, const char *sql, struct err *e)
{
	store_send(s, sql);
	return store_flush(s, e);
}

bool
store_flush(struct store *s, struct err *e)
{
	if (s->died.kind != ERR_NONE)
		return store_receive(s, e);
	while (s->received < s->calls.count)
		if (!store_receive(s, e))
			return false;
	return true;
}

const char *
store_conflict(const struct store *s)
{
	return s->conflict;
}
