/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/conf.h"
#include "base/date.h"
#include "base/durable.h"
#include "base/log.h"
#include "base/mils.h"
#include "base/notify.h"
#include "base/text.h"

static void
sums_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		mils want;
	} good[] = {{"0.78", 780}, {"1", 1000}, {".5", 500}, {"12.345", 12345},
	    {"0", 0}, {"9223372036854775.807", INT64_MAX}};
	static const char *const bad[] = {"", ".", "1.", "-1", "+1", "1.2345",
	    "1,0", " 1", "1 ", "1e3", "1..2", "9223372036854775.808", "0x1"};
	mils got;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ok(mils_parse(good[i].text, &got), good[i].text);
		is_int(got, good[i].want, good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!mils_parse(bad[i], &got), bad[i]);
}

static void
sums_are_written_as_they_are_read(void **state)
{
	char out[MILS_TEXT];

	(void)state;
	is_str(mils_format(780, out), "0.78", "two decimals");
	is_str(mils_format(593, out), "0.593", "a third where needed");
	is_str(mils_format(-3000, out), "-3.00", "negative");
	is_str(mils_format(INT64_MIN, out), "-9223372036854775.808", "lowest");
}

static void
sums_that_overflow_are_refused(void **state)
{
	mils out = 7;

	(void)state;
	ok(!mils_add(INT64_MAX, 1, &out), "add");
	ok(!mils_mul(INT64_MAX, 2, &out), "mul");
	is_int(out, 7, "untouched");
}

static void
a_reader_past_its_end_stays_failed(void **state)
{
	const uint8_t in[] = {1, 2, 3, 4, 5};
	struct bytes_reader r;

	(void)state;
	bytes_reader_init(&r, in, sizeof(in));
	is_int(bytes_read_le(&r, 2), 0x0201, "le");
	is_int(bytes_read_be(&r, 2), 0x0304, "be");
	is_int(bytes_read_le(&r, 2), 0, "past the end");
	is_int(bytes_read_le(&r, 1), 0, "still failed");
	ok(r.failed && !bytes_reader_done(&r), "sticky");
}

static void
strings_with_zeros_or_too_long_are_refused(void **state)
{
	const uint8_t zero[] = {2, 0, 'a', 0}, fits[] = {2, 0, 'a', 'b'};
	struct bytes_reader r;
	char out[3];

	(void)state;
	bytes_reader_init(&r, zero, sizeof(zero));
	bytes_read_str(&r, out, sizeof(out));
	ok(r.failed, "NUL inside");
	bytes_reader_init(&r, fits, sizeof(fits));
	bytes_read_str(&r, out, sizeof(out));
	ok(bytes_reader_done(&r), "fits");
	is_str(out, "ab", "text");
	bytes_reader_init(&r, fits, sizeof(fits));
	bytes_read_str(&r, out, 2);
	ok(r.failed, "too long");
}

static void
a_writer_past_its_end_stays_failed(void **state)
{
	uint8_t out[4];
	struct bytes_writer w;

	(void)state;
	bytes_writer_init(&w, out, sizeof(out));
	bytes_write_be(&w, 0x010203, 3);
	ok(!w.failed, "fits");
	bytes_write_le(&w, 0x0504, 2);
	ok(w.failed && w.pos == 3, "does not fit");
	is_mem(out, "\1\2\3", 3, "what fitted");
}

static void
hexadecimal_goes_both_ways(void **state)
{
	uint8_t out[3];
	char hex[7];
	size_t len;

	(void)state;
	ok(bytes_from_hex("0A ff\n10", out, sizeof(out), &len), "parse");
	is_int(len, 3, "length");
	bytes_to_hex(out, len, hex);
	is_str(hex, "0aff10", "back");
	ok(!bytes_from_hex("0", out, sizeof(out), &len), "odd");
	ok(!bytes_from_hex("0g", out, sizeof(out), &len), "not hex");
	ok(!bytes_from_hex("00000000", out, sizeof(out), &len), "too long");
}

static void
every_day_counts_once(void **state)
{
	char text[DATE_TEXT];
	uint32_t d;

	(void)state;
	for (uint32_t i = 0; i <= UINT16_MAX; i++) {
		d = date_from_days((uint16_t)i);
		ok(date_valid(d), "valid");
		is_int(date_to_days(d), i, "there and back");
	}
	is_int(date_from_days(0), 20000101, "first");
	is_int(date_add(20240228, 2), 20240301, "leap year");
	is_int(date_add(20260101, -1), 20251231, "back");
	is_int(date_month(20261231), 20261201, "month");
	is_int(date_month_next(20261231), 20270101, "next month");
	is_int(date_month_next(20270131), 20270201, "next month");
	d = 20260329;
	is_int(date_local(date_begin(d)), d, "its first second");
	is_int(date_local(date_begin(d) - 1), d - 1, "the one before");
	ok(date_parse("2026-11-21", &d) && d == 20261121, "dashes");
	ok(date_parse("20261121", &d), "plain");
	ok(!date_parse("2026-02-29", &d), "no such day");
	ok(!date_parse("2026-1-021", &d), "dashes elsewhere");
	is_str(date_format(20260305, text), "2026-03-05", "format");
}

static void
a_cleaned_text_cannot_command_the_scheduler(void **state)
{
	char out[16];

	(void)state;
	is_str(
	    text_clean("a\nPPD: b", out, sizeof(out)), "a?PPD: b", "newline");
	is_str(text_clean("gr\xc3\xbc\xc3\x9f", out, sizeof(out)),
	    "gr\xc3\xbc\xc3\x9f", "UTF-8 stays");
	is_str(text_clean("\xc0\xaf\xff", out, sizeof(out)), "???", "invalid");
	is_str(text_clean("\xc2\x85", out, sizeof(out)), "??", "C1 control");
	is_str(text_clean("0123456789abcdefgh", out, sizeof(out)),
	    "0123456789ab...", "cut");
}

static bool
only_color(void *context, const char *section, const char *key,
    const char *value, struct err *e)
{
	(void)section;
	if (strcmp(key, "color") != 0)
		return err_set(e, ERR_CONFIG, "unknown key \"%s\"", key);
	strcpy(context, value);
	return true;
}

static void
an_unknown_key_names_file_and_line(void **state)
{
	char path[] = "/tmp/t_base.XXXXXX", value[16] = "", want[64];
	struct err e = ERR_INIT;
	int fd = mkstemp(path);
	const char text[] = "[a]\ncolor = red\nsize = 3\n";

	(void)state;
	is_int(write(fd, text, strlen(text)), strlen(text), "write");
	close(fd);
	ok(!conf_load(path, only_color, value, &e), "refused");
	is_str(value, "red", "good line first");
	snprintf(want, sizeof(want), "%s:3: unknown key \"size\"", path);
	is_str(e.text, want, "file and line");
	unlink(path);
}

/* A file whose second line has so many characters. */
static bool
load_line(int len, bool newline, char *value, struct err *e)
{
	char path[] = "/tmp/t_base.XXXXXX", text[300];
	int fd = mkstemp(path), n;
	bool good;

	n = snprintf(text, sizeof(text), "[a]\ncolor = %0*d%s", len - 8, 7,
	    newline ? "\ncolor = red" : "");
	is_int(write(fd, text, (size_t)n), n, "write");
	close(fd);
	good = conf_load(path, only_color, value, e);
	unlink(path);
	return good;
}

static void
a_line_is_read_whole_or_not_at_all(void **state)
{
	char value[300] = "";
	struct err e = ERR_INIT;

	(void)state;
	is_ok(load_line(199, false, value, &e), &e, "as long as may be");
	is_int(strlen(value), 191, "all of it");
	is_ok(load_line(199, true, value, &e), &e, "and one behind it");
	is_str(value, "red", "that is read too");
	ok(!load_line(200, false, value, &e), "too long");
	is_err(&e, ERR_CONFIG, "kind");
	ok(strstr(e.text, ":2: longer than 199 characters") != NULL, "where");
	ok(!load_line(200, true, value, &e), "too long, with one behind it");
	ok(strstr(e.text, ":2: longer than 199 characters") != NULL, "where");
}

static void
a_file_is_replaced_whole_and_created_once(void **state)
{
	char dir[] = "/tmp/t_base.XXXXXX", path[64], got[8];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	ok(mkdtemp(dir) != NULL, "folder");
	snprintf(path, sizeof(path), "%s/f", dir);
	is_ok(durable_create(path, "one", 3, 0600, &e), &e, "create");
	ok(!durable_create(path, "two", 3, 0600, &e), "exists");
	is_ok(durable_replace(path, "three", 5, 0600, &e), &e, "replace");
	is_ok(durable_read(path, got, sizeof(got), &len, &e), &e, "read");
	is_int(len, 5, "length");
	is_mem(got, "three", 5, "contents");
	ok(!durable_read(path, got, 4, &len, &e), "longer than the buffer");
	is_err(&e, ERR_CORRUPT, "kind");
	is_ok(durable_remove(path, &e), &e, "remove");
	is_ok(durable_remove(path, &e), &e, "remove what is gone");
	is_int(rmdir(dir), 0, "nothing left behind");
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* How long log_error() takes, in milliseconds, with the pipe as stderr. */
static uint64_t
speak_to(int writer)
{
	int kept = dup(STDERR_FILENO);
	uint64_t began;

	dup2(writer, STDERR_FILENO);
	log_open(LOG_CUPS, "test");
	began = now_ms();
	log_error("what happened, and what to do");
	began = now_ms() - began;
	log_open(LOG_PLAIN, "test");
	dup2(kept, STDERR_FILENO);
	close(kept);
	return began;
}

static void
an_error_is_heard_before_the_program_goes_on(void **state)
{
	char line[200];
	int ends[2];
	pid_t reader;
	uint64_t took;

	(void)state;
	is_int(pipe(ends), 0, "a pipe");
	reader = fork();
	if (reader == 0) {
		poll(NULL, 0, 300);
		_exit(read(ends[0], line, sizeof(line)) > 0 ? 0 : 1);
	}
	took = speak_to(ends[1]);
	ok(took >= 200, "it waits for a reader");
	ok(took < 1900, "and no longer");
	waitpid(reader, NULL, 0);
	took = speak_to(ends[1]);
	ok(took >= 1900, "where nobody reads, for a time");
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	ok(speak_to(ends[1]) < 1900, "not for one who is gone");
	close(ends[1]);
}

/* --- notify ------------------------------------------------------------------- */

static void
systemd_hears_what_is_said(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char name[64], got[64];
	int len;

	(void)state;
	len = snprintf(name, sizeof(name), "@postage-test-%d", (int)getpid());
	memcpy(at.sun_path + 1, name + 1, (size_t)len - 1);
	ok(bind(fd, (struct sockaddr *)&at,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			   (size_t)len)) == 0,
	    "bound");
	unsetenv("NOTIFY_SOCKET");
	notify_say("READY=1");
	is_int(
	    recv(fd, got, sizeof(got), MSG_DONTWAIT), -1, "nobody was named");
	setenv("NOTIFY_SOCKET", name, 1);
	notify_say("READY=1");
	is_int(recv(fd, got, sizeof(got), MSG_DONTWAIT), 7, "one datagram");
	is_mem(got, "READY=1", 7, "with that");
	close(fd);
	notify_say("READY=1"); /* nobody listens: no harm */
	unsetenv("NOTIFY_SOCKET");
}

static void
a_watchdog_is_told_four_times_in_its_time(void **state)
{
	char other[32], own[32];
	const struct {
		const char *us, *pid;
		int want;
	} cases[] = {{NULL, NULL, 0}, {"2000000", NULL, 500},
	    {"2000000", own, 500}, {"2000000", other, 0}, {"2000000", "x", 0},
	    {"", NULL, 0}, {"-1", NULL, 0}, {"2s", NULL, 0}, {"1", NULL, 1},
	    {"18446744073709551615", NULL, 0}};

	(void)state;
	snprintf(own, sizeof(own), "%d", (int)getpid());
	snprintf(other, sizeof(other), "%d", (int)getppid());
	setenv("NOTIFY_SOCKET", "/nowhere", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (cases[i].us != NULL)
			setenv("WATCHDOG_USEC", cases[i].us, 1);
		if (cases[i].pid != NULL)
			setenv("WATCHDOG_PID", cases[i].pid, 1);
		is_int(notify_period_ms(), cases[i].want,
		    cases[i].us ? cases[i].us : "none");
	}
	setenv("WATCHDOG_USEC", "2000000", 1);
	unsetenv("WATCHDOG_PID");
	unsetenv("NOTIFY_SOCKET");
	is_int(notify_period_ms(), 0, "nobody listens");
	unsetenv("WATCHDOG_USEC");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(sums_are_read_exactly),
	    T(sums_are_written_as_they_are_read),
	    T(sums_that_overflow_are_refused),
	    T(a_reader_past_its_end_stays_failed),
	    T(strings_with_zeros_or_too_long_are_refused),
	    T(a_writer_past_its_end_stays_failed),
	    T(hexadecimal_goes_both_ways), T(every_day_counts_once),
	    T(a_cleaned_text_cannot_command_the_scheduler),
	    T(an_unknown_key_names_file_and_line),
	    T(a_line_is_read_whole_or_not_at_all),
	    T(a_file_is_replaced_whole_and_created_once),
	    T(an_error_is_heard_before_the_program_goes_on),
	    T(systemd_hears_what_is_said),
	    T(a_watchdog_is_told_four_times_in_its_time)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
