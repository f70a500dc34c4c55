/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/qualification.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/conf.h"
#include "base/date.h"
#include "base/durable.h"
#include "base/text.h"
#include "stamp/sig.h"

#define CHAIN	  QUALIFICATION_HASH
#define LINE_ROOM (5 * QUALIFICATION_WORD + CHAIN)
#define FIELDS	  6 /* date, grade, model, URI, resolution, figures; chain */

_Static_assert(CHAIN == 2 * SIG_SHA256 + 1, "SHA-256 in hexadecimal");

bool
qualification_path(const char *conf_path, const char *queue, char *out,
    size_t size, struct err *e)
{
	return conf_beside(conf_path, "qualified", queue, out, size, e);
}

/* The hash of a line without its own, and of the one before. */
static void
chain(const char *before, const char *line, size_t len, char out[CHAIN])
{
	char text[LINE_ROOM + CHAIN];
	uint8_t hash[SIG_SHA256];
	int n =
	    snprintf(text, sizeof(text), "%s\t%.*s", before, (int)len, line);

	sig_sha256(text, (size_t)n, hash);
	bytes_to_hex(hash, sizeof(hash), out);
}

static bool
read_fields(char *line, struct qualification *q)
{
	char *word[FIELDS];

	for (int i = 0; i < FIELDS; i++) {
		word[i] = line;
		line = strchr(line, '\t');
		if (line == NULL)
			return false;
		*line++ = '\0';
	}
	q->grade = word[1][0];
	return date_parse(word[0], &q->date) && strlen(word[1]) == 1 &&
	       text_copy(q->model, sizeof(q->model), word[2]) &&
	       text_copy(q->uri, sizeof(q->uri), word[3]) &&
	       text_copy(q->resolution, sizeof(q->resolution), word[4]) &&
	       text_copy(q->figures, sizeof(q->figures), word[5]);
}

/* Walks all lines of `text`; `last` is the newest hash afterwards. */
static bool
read_lines(const char *path, char *text, struct qualification *out,
    char last[CHAIN], struct err *e)
{
	char *line = text, *end;

	for (int n = 1; (end = strchr(line, '\n')) != NULL; n++) {
		char *hash, want[CHAIN] = "";

		*end = '\0';
		hash = strrchr(line, '\t');
		if (hash != NULL && end - line < LINE_ROOM)
			chain(last, line, (size_t)(hash - line), want);
		if (hash == NULL || strcmp(hash + 1, want) != 0 ||
		    !read_fields(line, out))
			return err_set(e, ERR_CORRUPT,
			    "%s:%d: was changed since it was written", path, n);
		memcpy(last, want, CHAIN);
		line = end + 1;
	}
	return *line == '\0' || err_set(e, ERR_CORRUPT, "%s: cut short", path);
}

/* The whole file in out[QUALIFICATION_MAX], "" where there is none. */
static bool
read_file(const char *path, char *out, struct err *e)
{
	size_t len = 0;

	if ((access(path, F_OK) == 0 || errno != ENOENT) &&
	    !durable_read(path, out, QUALIFICATION_MAX - 1, &len, e))
		return false;
	out[len] = '\0';
	return true;
}

bool
qualification_load(const char *path, struct qualification *out, struct err *e)
{
	char *text = malloc(QUALIFICATION_MAX), last[CHAIN] = "";
	bool done;

	memset(out, 0, sizeof(*out));
	if (text == NULL)
		return err_system(e, "memory for %s", path);
	done = read_file(path, text, e) && read_lines(path, text, out, last, e);
	free(text);
	return done;
}

static int
format(const struct qualification *q, const char *last, char line[LINE_ROOM],
    char hash[CHAIN])
{
	char date[DATE_TEXT];
	int len = snprintf(line, LINE_ROOM, "%s\t%c\t%s\t%s\t%s\t%s",
	    date_format(q->date, date), q->grade, q->model, q->uri,
	    q->resolution, q->figures);

	chain(last, line, (size_t)len, hash);
	return len +
	       snprintf(line + len, LINE_ROOM - (size_t)len, "\t%s\n", hash);
}

bool
qualification_add(const char *path, const struct qualification *q,
    char hash[QUALIFICATION_HASH], struct err *e)
{
	char *text = malloc(QUALIFICATION_MAX), *walked = NULL;
	char last[CHAIN] = "", line[LINE_ROOM], folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct qualification old;
	bool done = false;
	size_t len;

	if (text == NULL)
		return err_system(e, "memory for %s", path);
	if (!read_file(path, text, e))
		goto out;
	walked = strdup(text);
	if (walked == NULL) {
		err_system(e, "memory for %s", path);
		goto out;
	}
	if (!read_lines(path, walked, &old, last, e))
		goto out;
	len = strlen(text);
	format(q, last, line, hash);
	if (len + strlen(line) >= QUALIFICATION_MAX) {
		err_set(e, ERR_CONFIG, "%s is full", path);
		goto out;
	}
	strcpy(text + len, line);
	snprintf(folder, sizeof(folder), "%.*s",
	    slash != NULL ? (int)(slash - path) : 1, slash ? path : ".");
	done = durable_mkdir(folder, 0755, e) &&
	       durable_replace(path, text, strlen(text), 0644, e);
out:
	free(walked);
	free(text);
	return done;
}

const char *
qualification_stale(const struct qualification *q, uint32_t today,
    const char *model, const char *uri)
{
	char here[2][QUALIFICATION_WORD];

	/* as they were written */
	text_clean(model, here[0], sizeof(here[0]));
	text_clean(uri, here[1], sizeof(here[1]));
	if (q->date == 0)
		return "was never measured";
	if (strcmp(q->uri, here[1]) != 0)
		return "is another printer, or at another address, than was "
		       "measured";
	if (strcmp(q->model, here[0]) != 0)
		return "has another driver than when it was measured";
	if (date_add(q->date, QUALIFICATION_DAYS) < today)
		return "was measured more than a year ago";
	return "";
}
