/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "vault/https.h"

#define ROUND_MS   1000
#define SILENT_MS  5000
#define STORE_MS   5000
#define CONNECT_MS 500
#define ANSWER_MS  1000

/* --- of a processing server ------------------------------------------------------- */

void
server_describe(const struct config *c, struct server_row *out)
{
	size_t at = 1;

	*out = (struct server_row){.state = SERVER_UP, .modules = " "};
	snprintf(out->name, sizeof(out->name), "%s", c->name);
	snprintf(out->url, sizeof(out->url), "%s", c->process_url);
	for (size_t i = 0; i < c->modules; i++) {
		size_t room = sizeof(out->modules) - at;

		if (strlen(c->module[i].name) + 2 > room)
			break;
		at += (size_t)snprintf(
		    out->modules + at, room, "%s ", c->module[i].name);
	}
}

bool
server_say(struct worker *w, struct server_row *row, struct err *e)
{
	bool done;

	row->seen = worker_ms(w);
	done = store_begin(w->store, STORE_WRITE, e) &&
	       store_server_put(w->store, row, e) && store_commit(w->store, e);
	store_rollback(w->store);
	return done;
}

/* --- of a front -------------------------------------------------------------------- */

struct known {
	struct server_row row;
	int64_t changed_ms; /* when `seen` was another one */
	bool good;
	enum err_kind why; /* it was not, when it was asked */
};

struct servers {
	struct store *store;
	struct https *https;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool stopping;
	struct known known[SERVERS_MAX];
	size_t count;
	enum err_kind last; /* of the database, said once */
};

/* --- health */

static bool
names_itself(const struct https_answer *a, const char *name)
{
	char said[SERVER_NAME] = "";
	struct err e = ERR_INIT;
	struct json *j;

	if (!json_open(a->body, a->body_len, &j, &e))
		return false;
	json_take_text(j, "server", true, said, sizeof(said));
	json_free(j);
	return strcmp(said, name) == 0;
}

static bool
is_healthy(struct servers *s, const struct server_row *row, struct err *e)
{
	struct https_request r = {
	    .method = "GET", .url = row->url, .target = "/v1/health"};
	struct https_answer a;
	bool sent;

	if (!https_ask(s->https, &r, &a, &sent, e))
		return false;
	if (a.status != 200)
		return err_set(
		    e, ERR_ABSENT, "%s: status %d", row->url, a.status);
	return names_itself(&a, row->name) ||
	       err_set(
		   e, ERR_CONFIG, "%s: another server answers there", row->url);
}

/* --- the list */

static bool
read_rows(struct servers *s, struct server_row *rows, size_t *count)
{
	struct err e = ERR_INIT;
	bool done = store_begin(s->store, STORE_READ, &e) &&
		    store_server_list(s->store, rows, count, &e);

	store_rollback(s->store);
	if (!done && e.kind != s->last)
		log_warning("the list of processing servers: %s", e.text);
	s->last = e.kind;
	return done;
}

static struct known *
find(struct servers *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->known[i].row.name, name) == 0)
			return &s->known[i];
	return NULL;
}

static void
look_at(struct servers *s, const struct server_row *row, struct known *out)
{
	const struct known *old;
	int64_t now = clock_ms();
	struct err e = ERR_INIT;
	bool was, told;

	*out = (struct known){.row = *row, .changed_ms = now};
	pthread_mutex_lock(&s->lock);
	old = find(s, row->name);
	was = old != NULL && old->good;
	told = old != NULL && old->why != ERR_NONE;
	if (old != NULL && old->row.seen == row->seen)
		out->changed_ms = old->changed_ms;
	pthread_mutex_unlock(&s->lock);
	if (row->state == SERVER_UP && now - out->changed_ms <= SILENT_MS)
		out->good = is_healthy(s, row, &e);
	out->why = e.kind;
	if (out->good && !was)
		log_info(
		    "processing server %s is there: %s", row->name, row->url);
	else if (!out->good && (was || (e.kind != ERR_NONE && !told)))
		log_warning("processing server %s is left out: %s", row->name,
		    e.kind != ERR_NONE	      ? e.text
		    : row->state != SERVER_UP ? "it is at its end"
					      : "it was not seen for long");
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->row.name,
	    ((const struct known *)b)->row.name);
}

/* What the database says, or without it what it said last. */
static void
one_round(struct servers *s)
{
	struct server_row *rows = calloc(SERVERS_MAX, sizeof(*rows));
	struct known *next = calloc(SERVERS_MAX, sizeof(*next));
	size_t count;

	if (rows != NULL && next != NULL && read_rows(s, rows, &count)) {
		for (size_t i = 0; i < count; i++)
			look_at(s, &rows[i], &next[i]);
		qsort(next, count, sizeof(*next), by_name);
		pthread_mutex_lock(&s->lock);
		memcpy(s->known, next, count * sizeof(*next));
		s->count = count;
		pthread_mutex_unlock(&s->lock);
	}
	free(rows);
	free(next);
}

/* --- the thread */

static bool
wait_round(struct servers *s)
{
	struct timespec until;
	bool on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ROUND_MS / 1000;
	pthread_mutex_lock(&s->lock);
	if (!s->stopping)
		pthread_cond_timedwait(&s->stop, &s->lock, &until);
	on = !s->stopping;
	pthread_mutex_unlock(&s->lock);
	return on;
}

static void *
run(void *context)
{
	struct servers *s = context;

	while (wait_round(s))
		one_round(s);
	return NULL;
}

/* What a front may do to the books, who takes it over may. */
static void
warn_of_rights(struct store *s)
{
	static const char sql[] =
	    "SELECT COUNT(*) WHERE has_table_privilege('person', 'INSERT')";
	struct err e = ERR_INIT;

	if (store_engine(s) == STORE_POSTGRESQL &&
	    store_begin(s, STORE_READ, &e) && store_run(s, sql, &e) &&
	    store_row(s) && store_int(s, 0) > 0)
		log_warning("the database's user may change all books, and a "
			    "front needs to look for servers only: give it one "
			    "of its own (PROVIDER.md, PostgreSQL)");
	store_rollback(s);
}

static bool
start(struct servers *s, const struct config *c, struct err *e)
{
	struct https_setup setup = {
	    .authority = c->process_authority[0] ? c->process_authority : NULL,
	    .certificate =
		c->process_certificate[0] ? c->process_certificate : NULL,
	    .key = c->process_key[0] ? c->process_key : NULL,
	    .connect_ms = CONNECT_MS,
	    .answer_ms = ANSWER_MS};

	if (!store_open(c->database, STORE_MS, &s->store, e) ||
	    !https_open(&setup, &s->https, e))
		return false;
	store_set_answer(s->store, 2 * STORE_MS);
	warn_of_rights(s->store);
	one_round(s);
	s->running = pthread_create(&s->thread, NULL, run, s) == 0;
	return s->running || err_system(e, "a thread");
}

bool
servers_open(const struct config *c, struct servers **out, struct err *e)
{
	struct servers *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return err_system(e, "memory");
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->stop);
	if (!start(s, c, e)) {
		servers_close(s);
		return false;
	}
	*out = s;
	return true;
}

void
servers_close(struct servers *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->stop);
	pthread_mutex_unlock(&s->lock);
	if (s->running)
		pthread_join(s->thread, NULL);
	https_close(s->https);
	store_close(s->store);
	pthread_cond_destroy(&s->stop);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* --- choosing and leaving out */

size_t
servers_good(struct servers *s, struct server_pick list[SERVERS_MAX])
{
	size_t count = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->count; i++) {
		const struct server_row *row = &s->known[i].row;

		if (!s->known[i].good)
			continue;
		memcpy(list[count].name, row->name, sizeof(row->name));
		memcpy(list[count].url, row->url, sizeof(row->url));
		list[count++].load = row->waiting;
	}
	pthread_mutex_unlock(&s->lock);
	return count;
}

void
servers_eject(struct servers *s, const char *name, const char *why)
{
	struct known *k;
	bool was;

	pthread_mutex_lock(&s->lock);
	k = find(s, name);
	was = k != NULL && k->good;
	if (was)
		k->good = false;
	pthread_mutex_unlock(&s->lock);
	if (was)
		log_warning("processing server %s is left out: %s", name, why);
}
