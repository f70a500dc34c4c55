/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_load: user systems that buy stamps of a provider for as long as they
 * may, and at the end want to see all of them again; see tests/load.h.
 *
 *	provider_load run FOLDER DATE SECONDS REST URL...
 *	provider_load check FOLDER DATE SECONDS REST URL...
 *
 * FOLDER/tokens has a line for each user system, each of which gets a thread and
 * a history in FOLDER.  `run` goes on where one that was killed left off: what
 * was open then is settled first.  REST: milliseconds between two requests, at
 * most.  `check` buys nothing; SECONDS and REST say nothing to it.
 *
 * Exit status: 0 all is as it should be; 1 it is not; 2 it could not be found
 * out.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "tests/load.h"

#define AMOUNT_MAX 2000
#define PAUSE_MS   50
#define OLD_ONE_OF 12 /* stamps of a batch that were bought before */

static const char magic[8] = "load";
static int64_t until;

/* It may be a thread's: whatever the others do is in their histories. */
void
load_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("provider_load: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(2);
}

unsigned
load_chance(struct load_system *s, unsigned below)
{
	s->seed = s->seed * 1103515245 + 12345;
	return (s->seed >> 16) % below;
}

/* --- stamps -------------------------------------------------------------------------- */

void
load_request(
    const struct load_system *s, uint32_t number, struct psd_request *out)
{
	uint32_t mix = (number + 1) * UINT32_C(2654435761) ^ s->number * 40503;
	struct bytes_writer w;

	*out = (struct psd_request){.amount = 1 + (mix >> 8) % AMOUNT_MAX,
	    .mail_date = s->load->date,
	    .origin_zip = 94103,
	    .destination = 90210000000 + number % 10000,
	    .category = "FCM",
	    .brief = mix % 8 == 0};
	bytes_writer_init(&w, out->key, sizeof(out->key));
	bytes_write(&w, magic, sizeof(magic));
	bytes_write_be(&w, s->number, 4);
	bytes_write_be(&w, number, 4);
}

bool
load_number(const struct load_system *s, const uint8_t key[PSD_KEY_BYTES],
    uint32_t *out)
{
	struct bytes_reader r;

	bytes_reader_init(&r, key + sizeof(magic), 8);
	if (memcmp(key, magic, sizeof(magic)) != 0 ||
	    bytes_read_be(&r, 4) != s->number)
		return false;
	*out = (uint32_t)bytes_read_be(&r, 4);
	return true;
}

uint32_t
load_add(struct load_system *s)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 1024;
		s->stamp = realloc(s->stamp, s->room * sizeof(*s->stamp));
		if (s->stamp == NULL)
			load_die("out of memory");
	}
	s->stamp[s->count] = (struct load_stamp){.state = LOAD_OPEN};
	return (uint32_t)s->count++;
}

/* --- buying ----------------------------------------------------------------------------- */

static bool
has(const struct load_set *set, uint32_t number)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->number[i] == number)
			return true;
	return false;
}

/* New ones, and here and there one that is paid for. */
static void
fill_batch(struct load_system *s, struct load_set *all, struct load_set *fresh)
{
	size_t count = 1 + load_chance(s, LOAD_BATCH), before = s->count;

	all->count = fresh->count = 0;
	while (all->count < count) {
		bool old = before > 0 && load_chance(s, OLD_ONE_OF) == 0;
		uint32_t n = old ? load_chance(s, (unsigned)before) : 0;

		if (old && (s->stamp[n].state != LOAD_OK || has(all, n)))
			continue;
		if (!old)
			n = fresh->number[fresh->count++] = load_add(s);
		all->number[all->count++] = n;
	}
}

static void
settle_batch(struct load_system *s, const struct load_set *fresh)
{
	size_t found = load_settle(s, fresh);

	if (found != 0 && found != fresh->count)
		load_die("system %u: %zu of a batch of %zu were debited",
		    s->number, found, fresh->count);
}

static void
refused(struct load_system *s, const struct load_set *fresh, const char *why)
{
	for (size_t i = 0; i < fresh->count; i++)
		s->stamp[fresh->number[i]].state = LOAD_FAILED;
	history_write(s, "fail", "issue", fresh, why);
}

/* What is unknown is asked again by its keys, or looked for; a refusal then
 * says nothing of what was sent before.  An old fence may be a database's that
 * fell back. */
static void
buy(struct load_system *s, struct remote_stamps *got)
{
	struct load_set all, fresh;
	struct err e = ERR_INIT;
	bool open = false;

	fill_batch(s, &all, &fresh);
	history_write(s, "invoke", "issue", &fresh, NULL);
	for (;;) {
		enum load_answer answer = load_issue(s, &all, got, &e);

		if (answer == LOAD_YES) {
			load_take(s, &all, got, true);
			history_write(s, "ok", "issue", &fresh, NULL);
			return;
		}
		if (answer == LOAD_NO && !open) {
			refused(s, &fresh, e.text);
			return;
		}
		if (answer == LOAD_UNKNOWN)
			history_write(s, "info", "issue", &fresh, e.text);
		open = open || answer == LOAD_UNKNOWN;
		if (answer == LOAD_LATE ||
		    (answer != LOAD_AWAY && load_chance(s, 2) == 0)) {
			settle_batch(s, &fresh);
			return;
		}
		poll(NULL, 0, PAUSE_MS);
	}
}

static void *
run(void *context)
{
	struct remote_stamps *got = calloc(1, sizeof(*got));
	struct load_system *s = context;
	struct remote_status status;
	struct err e = ERR_INIT;

	while (load_status(s, &status, &e) != LOAD_YES)
		poll(NULL, 0, PAUSE_MS);
	load_settle_all(s);
	while (got != NULL && clock_ms() < until) {
		buy(s, got);
		if (s->load->rest_ms > 0)
			poll(NULL, 0,
			    (int)load_chance(s, (unsigned)s->load->rest_ms));
	}
	free(got);
	return NULL;
}

/* --- the whole --------------------------------------------------------------------------- */

static void
open_system(
    struct load_system *s, const struct load *l, size_t number, char *token)
{
	static const struct https_setup setup = {
	    .connect_ms = 3000, .answer_ms = 10000};
	struct err e = ERR_INIT;

	token[strcspn(token, "\n")] = '\0';
	*s = (struct load_system){.load = l,
	    .number = (uint32_t)number,
	    .seed = (unsigned)time(NULL) * 31 + (unsigned)number};
	snprintf(s->authorization, sizeof(s->authorization),
	    "Authorization: Bearer %s", token);
	if (!https_open(&setup, &s->https, &e))
		load_die("%s", e.text);
	history_open(s);
}

static size_t
open_systems(struct load_system *s, const struct load *l)
{
	char path[512], token[200];
	size_t count = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tokens", l->folder);
	f = fopen(path, "re");
	if (f == NULL)
		load_die("there is no %s", path);
	while (count < LOAD_SYSTEMS_MAX && fgets(token, sizeof(token), f)) {
		open_system(&s[count], l, count, token);
		count++;
	}
	fclose(f);
	return count;
}

static void
run_all(struct load_system *s, size_t count)
{
	pthread_t thread[LOAD_SYSTEMS_MAX];

	for (size_t i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, run, &s[i]) != 0)
			load_die("no thread");
	for (size_t i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
}

int
main(int argc, char **argv)
{
	static struct load_system system[LOAD_SYSTEMS_MAX];
	struct load l = {.folder = argv[2]};
	size_t count;
	bool good = true;

	if (argc < 7 || argc - 6 > LOAD_URLS_MAX)
		load_die("usage: provider_load run|check FOLDER DATE SECONDS "
			 "REST URL...");
	signal(SIGPIPE, SIG_IGN);
	l.date = (uint32_t)atoi(argv[3]);
	until = clock_ms() + 1000 * (int64_t)atoi(argv[4]);
	l.rest_ms = atoi(argv[5]);
	while (l.urls + 6 < (size_t)argc) {
		l.url[l.urls] = argv[6 + l.urls];
		l.urls++;
	}
	count = open_systems(system, &l);
	if (strcmp(argv[1], "check") == 0)
		good = load_check(system, count);
	else
		run_all(system, count);
	for (size_t i = 0; i < count; i++) {
		https_close(system[i].https);
		close(system[i].history);
		free(system[i].stamp);
	}
	return good ? 0 : 1;
}
