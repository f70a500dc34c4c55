/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool
begin(struct program *p, enum store_mode mode, struct verb_work *out,
    struct err *e)
{
	*out = (struct verb_work){.p = p};
	return program_open(p, e) && program_worker(p, &out->w, e) &&
	       store_begin(out->w->store, mode, e);
}

bool
verb_begin(struct program *p, struct verb_work *out, struct err *e)
{
	return begin(p, STORE_WRITE, out, e);
}

bool
verb_look(struct program *p, struct verb_work *out, struct err *e)
{
	return begin(p, STORE_READ, out, e);
}

bool
verb_done(struct verb_work *work, bool good, struct err *e)
{
	if (work->w != NULL) {
		good = good && store_commit(work->w->store, e);
		store_rollback(work->w->store);
	}
	program_worker_close(work->w);
	program_close(work->p);
	return good;
}

bool
verb_needs_keys(const struct program *p, struct err *e)
{
	return p->config.role != ROLE_WEB ||
	       err_set(e, ERR_CONFIG,
		   "a front has no keys: say --config FILE of a processing "
		   "server before the verb");
}

static void
take_out(int *argc, char **argv, int at, int count)
{
	memmove(&argv[at], &argv[at + count],
	    (size_t)(*argc - at - count + 1) * sizeof(*argv));
	*argc -= count;
}

const char *
verb_option(int *argc, char **argv, const char *name)
{
	size_t len = strlen(name);

	for (int i = 1; i < *argc; i++) {
		const char *value = argv[i] + len;

		if (strncmp(argv[i], name, len) != 0)
			continue;
		if (*value == '=') {
			take_out(argc, argv, i, 1);
			return value + 1;
		}
		if (*value == '\0' && i + 1 < *argc) {
			value = argv[i + 1];
			take_out(argc, argv, i, 2);
			return value;
		}
	}
	return NULL;
}

bool
verb_flag(int *argc, char **argv, const char *name)
{
	for (int i = 1; i < *argc; i++)
		if (strcmp(argv[i], name) == 0) {
			take_out(argc, argv, i, 1);
			return true;
		}
	return false;
}

bool
verb_words(int argc, char **argv, int least, int most, const char *usage,
    struct err *e)
{
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-')
			return err_set(e, ERR_REQUEST,
			    "\"%s\" is no option here: postaged %s", argv[i],
			    usage);
	if (argc < least || argc > most)
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	return true;
}

const char *
verb_moment(int64_t ms, char out[32])
{
	time_t at = ms / 1000;
	struct tm tm;

	localtime_r(&at, &tm);
	strftime(out, 32, "%Y-%m-%d %H:%M", &tm);
	return out;
}

bool
verb_mils(const char *text, mils *out, struct err *e)
{
	return mils_parse(text, out) ||
	       err_set(e, ERR_REQUEST, "\"%s\" is no sum, as in 20.00", text);
}
