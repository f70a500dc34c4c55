/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "tests/load.h"

/* --- writing ------------------------------------------------------------------- */

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
put_stamp(struct json *j, const struct load_system *s, uint32_t number,
    bool with_bytes)
{
	const struct load_stamp *stamp = &s->stamp[number];
	struct psd_request r;

	load_request(s, number, &r);
	json_item(j);
	json_put_hex(j, "key", r.key, PSD_KEY_BYTES);
	json_put_int(j, "amount", r.amount);
	if (with_bytes && stamp->state == LOAD_OK) {
		json_put_text(j, "psd", stamp->psd);
		json_put_base64(j, "indicium", stamp->indicium, stamp->len);
	}
	json_end(j);
}

void
history_write(struct load_system *s, const char *type, const char *f,
    const struct load_set *set, const char *why)
{
	struct json *j = json_new();
	char *text;
	size_t len;

	json_put_int(j, "process", s->number);
	json_put_int(j, "time", now_ns());
	json_put_text(j, "type", type);
	json_put_text(j, "f", f);
	if (why != NULL)
		json_put_text(j, "error", why);
	json_begin_array(j, "value");
	for (size_t i = 0; i < set->count; i++)
		put_stamp(j, s, set->number[i], strcmp(type, "ok") == 0);
	json_end(j);
	text = json_text(j, &len);
	if (text == NULL)
		load_die("out of memory");
	text[len] = '\n';
	if (write(s->history, text, len + 1) != (ssize_t)(len + 1))
		load_die("the history cannot be written");
	free(text);
}

/* --- reading -------------------------------------------------------------------- */

static void
read_stamp(struct load_system *s, struct json *j, const char *type)
{
	uint8_t key[PSD_KEY_BYTES], indicium[INDICIUM_MAX];
	struct load_stamp *stamp;
	char psd[PSD_ID] = "";
	int64_t amount;
	size_t len = 0;
	uint32_t n;

	json_take_hex(j, "key", true, key, sizeof(key));
	json_take_int(j, "amount", true, 0, INT64_MAX, &amount);
	json_take_text(j, "psd", false, psd, sizeof(psd));
	json_take_base64(
	    j, "indicium", false, indicium, sizeof(indicium), &len);
	if (!json_good(j))
		return;
	if (!load_number(s, key, &n))
		load_die("history of system %u: a stamp of another", s->number);
	while (s->count <= n)
		load_add(s);
	stamp = &s->stamp[n];
	if (strcmp(type, "fail") == 0)
		stamp->state = LOAD_FAILED;
	if (len == 0)
		return;
	if (stamp->state == LOAD_OK &&
	    (stamp->len != len || memcmp(stamp->indicium, indicium, len) != 0))
		load_die("stamp %u of system %u was acknowledged twice, with "
			 "other bytes",
		    n, s->number);
	stamp->state = LOAD_OK;
	stamp->len = len;
	memcpy(stamp->indicium, indicium, len);
	memcpy(stamp->psd, psd, sizeof(psd));
}

static bool
read_line(struct load_system *s, const char *line, size_t len, struct err *e)
{
	char type[16] = "", f[16] = "", why[sizeof(e->text)] = "";
	int64_t process, time;
	size_t count;
	struct json *j;

	if (!json_open(line, len, &j, e))
		return false;
	json_take_int(j, "process", true, 0, LOAD_SYSTEMS_MAX, &process);
	json_take_int(j, "time", true, 0, INT64_MAX, &time);
	json_take_text(j, "type", true, type, sizeof(type));
	json_take_text(j, "f", true, f, sizeof(f));
	json_take_text(j, "error", false, why, sizeof(why));
	count = json_length(j, "value", true, LOAD_BATCH);
	for (size_t i = 0; i < count; i++) {
		json_enter_item(j, "value", i);
		read_stamp(s, j, type);
		json_leave(j);
	}
	return json_close(j, e);
}

/* A line that was torn has no end, or a new one behind it. */
static void
read_all(struct load_system *s, FILE *in)
{
	struct err e = ERR_INIT;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, in)) > 0)
		if (!read_line(s, line, (size_t)len, &e))
			e = (struct err)ERR_INIT;
	free(line);
}

void
history_open(struct load_system *s)
{
	char path[512];
	FILE *in;

	snprintf(path, sizeof(path), "%s/history.%u.jsonl", s->load->folder,
	    s->number);
	in = fopen(path, "re");
	if (in != NULL) {
		read_all(s, in);
		fclose(in);
	}
	s->history =
	    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (s->history < 0 || (in != NULL && write(s->history, "\n", 1) != 1))
		load_die("%s cannot be written", path);
}
