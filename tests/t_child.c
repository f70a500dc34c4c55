/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/child.h"
#include "dispense/device.h"
#include "dispense/drivers.h"
#include "dispense/gate.h"

/* A folder like CUPS's with the backends that the tests need. */
static char root[64];

static void
put(const char *name, const char *text, mode_t mode)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "w");
	ok(f != NULL, path);
	fputs(text, f);
	fclose(f);
	ok(chmod(path, mode) == 0, path);
}

static int
set_up(void **state)
{
	char path[PATH_MAX];

	(void)state;
	strcpy(root, "/tmp/t_child.XXXXXX");
	if (mkdtemp(root) == NULL || chmod(root, 0755) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/backend", root);
	return mkdir(path, 0755);
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void
device_uris_are_wrapped_and_found_again(void **state)
{
	static const struct {
		const char *uri, *wrapped;
	} list[] = {
	    {"socket://10.0.0.1:9100", "postage:/socket://10.0.0.1:9100"},
	    {"cups-pdf:/", "postage:/cups-pdf:/"},
	    {"ipps://h/ipp/print", "postage:/ipps://h/ipp/print"},
	    {"ipp://me:pw@h:631/x", "postage:/+ipp://h:631/x"},
	    {"ipp://me:p@w@h/x", "postage:/+ipp://h/x"},
	    {"usb://HP/P%201?serial=a@b", "postage:/+usb://HP/P%201"},
	    {"usb://HP/P@1", "postage:/usb://HP/P@1"},
	    {"lpd://h/q?x", "postage:/+lpd://h/q"},
	};
	char secret[PATH_MAX], wrapped[DEVICE_URI_MAX];
	struct device d, again;
	struct err e = ERR_INIT;

	(void)state;
	snprintf(secret, sizeof(secret), "%s/secret", root);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		is_ok(device_parse(list[i].uri, &d, &e), &e, list[i].uri);
		is_ok(device_wrap(&d, wrapped, sizeof(wrapped), &e), &e, "");
		is_str(wrapped, list[i].wrapped, list[i].uri);
		is_ok(device_store(secret, &d, &e), &e, list[i].uri);
		is_int(access(secret, F_OK) == 0, device_is_secret(&d), "file");
		is_ok(device_load(wrapped, secret, &again, &e), &e, wrapped);
		is_str(again.uri, list[i].uri, "the same again");
	}
}

static void
secrets_are_readable_by_nobody_else(void **state)
{
	char secret[PATH_MAX];
	struct device d;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	snprintf(secret, sizeof(secret), "%s/devices-of/q", root);
	is_ok(device_parse("ipp://me:pw@h/x", &d, &e), &e, "parse");
	is_ok(device_store(secret, &d, &e), &e, "store makes the folder");
	ok(stat(secret, &st) == 0 && (st.st_mode & 0777) == 0600, "mode");
	ok(device_load("postage:/+ipp://h/x", secret, &d, &e), "loads");
	ok(!device_load("postage:/+ipp://other/x", secret, &d, &e), "not its");
	is_err(&e, ERR_CONFIG, "another printer's file");
	ok(chmod(secret, 0640) == 0, "chmod");
	ok(!device_load("postage:/+ipp://h/x", secret, &d, &e), "open to all");
	is_err(&e, ERR_CONFIG, "a readable file");
	ok(!device_load("postage:/+ipp://h/x", "/nonexistent", &d, &e), "gone");
	is_err(&e, ERR_CONFIG, "no file");
}

static void
what_must_not_be_wrapped_is_refused(void **state)
{
	static const char *const bad[] = {"", "socket", "/dev/lp0", "../x://h",
	    ".://h", "A:/x", "so/cket://h", "socket ://h", "socket://h h",
	    "socket://h\n", "socket://\303\244", "postage:/socket://h",
	    "beh:/1/2/3/socket://h", "file:///dev/lp0",
	    "averyveryveryveryverylongschemename:/x"};
	char longest[DEVICE_URI_MAX + 1];
	struct device d;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct err)ERR_INIT;
		ok(!device_parse(bad[i], &d, &e), bad[i]);
		is_err(&e, ERR_CONFIG, bad[i]);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "lpd:", 4);
	ok(!device_parse(longest, &d, &e), "too long");
	ok(!device_load("socket://h", "x", &d, &e), "not ours");
	ok(!device_load("postage://socket://h", "x", &d, &e), "not ours");
}

static void
names_of_queues_are_no_paths(void **state)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "a b", "a#"};
	char path[PATH_MAX];
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!device_secret_path("/etc/p/c", bad[i], path, 100, &e),
		    bad[i]);
	is_ok(device_secret_path("/etc/p/c", "Q-1", path, 100, &e), &e, "Q-1");
	is_str(path, "/etc/p/devices/Q-1", "path");
	ok(!device_secret_path("/etc/p/c", "Q-1", path, 10, &e), "no room");
}

static void
backends_are_found_by_the_schedulers_rule(void **state)
{
	struct program p;
	struct err e = ERR_INIT;
	char folder[PATH_MAX];

	(void)state;
	put("backend/all", "", 0755);
	put("backend/root", "", 0700);
	put("backend/group", "", 0744);
	put("backend/loose", "", 0775);
	put("backend/setuid", "", 04755);
	put("backend/plain", "", 0644);
	is_ok(child_find(root, "all", &p, &e), &e, "0755");
	ok(!p.as_root, "0755 runs as the printing user");
	is_ok(child_find(root, "root", &p, &e), &e, "0700");
	ok(p.as_root, "0700 runs as root");
	is_ok(child_find(root, "group", &p, &e), &e, "0744");
	ok(p.as_root, "0744 runs as root");
	ok(!child_find(root, "loose", &p, &e), "0775");
	is_err(&e, ERR_CONFIG, "0775");
	ok(!child_find(root, "setuid", &p, &e), "04755");
	ok(!child_find(root, "plain", &p, &e), "0644");
	ok(!child_find(root, "missing", &p, &e), "missing");
	ok(!child_find("/nonexistent", "all", &p, &e), "no folder");
	snprintf(folder, sizeof(folder), "%s/backend", root);
	ok(chmod(folder, 0777) == 0, "chmod");
	ok(!child_find(root, "all", &p, &e), "a folder all can write");
	ok(chmod(folder, 0755) == 0, "chmod");
}

static void
a_driver_that_others_can_change_is_not_run(void **state)
{
	char path[PATH_MAX], link_path[PATH_MAX], folder[PATH_MAX];
	struct err e = ERR_INIT;

	(void)state;
	put("backend/driver", "", 0755);
	snprintf(path, sizeof(path), "%s/backend/driver", root);
	snprintf(link_path, sizeof(link_path), "%s/link", root);
	snprintf(folder, sizeof(folder), "%s/backend", root);
	is_ok(child_trusts(path, &e), &e, "ours");
	ok(symlink(path, link_path) == 0, "symlink");
	is_ok(child_trusts(link_path, &e), &e, "behind a link");
	ok(chmod(path, 0775) == 0 && !child_trusts(link_path, &e), "0775");
	is_err(&e, ERR_CONFIG, "0775");
	ok(chmod(path, 0755) == 0 && chmod(folder, 0777) == 0, "chmod");
	ok(!child_trusts(path, &e), "a folder all can write");
	ok(chmod(folder, 0755) == 0, "chmod");
	ok(!child_trusts(folder, &e), "a folder");
	ok(!child_trusts("/nonexistent", &e), "missing");
	if (geteuid() == 0) {
		ok(chown(path, 1, 1) == 0, "chown");
		ok(!child_trusts(path, &e), "of another user");
	}
	ok(unlink(link_path) == 0, "unlink");
}

/* Who can rename a folder above the driver can put another in its place. */
static void
every_folder_above_a_driver_counts(void **state)
{
	char path[PATH_MAX + 32], link_path[PATH_MAX + 32];
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/a", root);
	ok(mkdir(path, 0755) == 0, path);
	snprintf(path, sizeof(path), "%s/a/b", root);
	ok(mkdir(path, 0755) == 0, path);
	snprintf(path, sizeof(path), "%s/a/b/drv", root);
	fd = open(path, O_WRONLY | O_CREAT, 0755);
	ok(fd >= 0 && close(fd) == 0, path);
	is_ok(child_trusts(path, &e), &e, "ours");
	ok(chmod(path, 04755) == 0 && !child_trusts(path, &e), "set-uid");
	ok(chmod(path, 0755) == 0, "mode");
	snprintf(link_path, sizeof(link_path), "%s/a", root);
	ok(chmod(link_path, 0777) == 0, "mode");
	ok(!child_trusts(path, &e), "a folder two above");
	snprintf(link_path, sizeof(link_path), "%s/straight", root);
	ok(symlink(path, link_path) == 0, "link");
	ok(!child_trusts(link_path, &e), "and behind a link");
	unlink(link_path);
	unlink(path);
	snprintf(path, sizeof(path), "%s/a/b", root);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/a", root);
	rmdir(path);
}

static void
clean_names_of_drivers(void **state)
{
	static const char *const good[] = {
	    "rastertogutenprint.5.3", "a", "/usr/lib/cups/filter/x-y_z+1"};
	static const char *const bad[] = {"", ".", "..", ".x", "-x", "a b",
	    "a/b", "/", "/a/", "//a", "/a//b", "/a/./b", "/a/../b", "a\n", "a%",
	    "a~", "a*", "a..b", "/opt/*/cups/filter/x", "\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(drivers_is_clean(good[i], strlen(good[i])), good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!drivers_is_clean(bad[i], strlen(bad[i])), bad[i]);
		ok(!drivers_allow(bad[i], NULL, bad[i]), bad[i]);
	}
	ok(drivers_allow("/x/filter/d", "/x", NULL), "the scheduler's own");
	ok(!drivers_allow("/x/backend/d", "/x", NULL), "its filters alone");
	ok(drivers_allow("/x/d", NULL, "  /y /x/d"), "by name");
	ok(drivers_allow("/x/d", NULL, "/y /x"), "by folder");
	ok(!drivers_allow("/x/d/e", NULL, "/x /x/d2"), "and no deeper");
	ok(!drivers_allow("/bin/sh", NULL, "/"), "never all");
}

static void
a_folder_of_another_is_not_believed(void **state)
{
	(void)state;
	setenv("CUPS_SERVERBIN", root, 1);
	is_str(child_serverbin(), root, "ours");
	setenv("CUPS_SERVERBIN", "/tmp", 1);
	ok(strcmp(child_serverbin(), "/tmp") != 0, "all can write it");
	setenv("CUPS_SERVERBIN", "relative", 1);
	ok(strcmp(child_serverbin(), "relative") != 0, "relative");
	unsetenv("CUPS_SERVERBIN");
	is_str(child_serverbin(), POSTAGE_SERVERBIN, "default");
}

static void
options_that_were_applied_do_not_reach_the_printer(void **state)
{
	char out[CHILD_OPTIONS_MAX];

	(void)state;
	child_options("finishings=3 number-up=2 copies=7 page-ranges=1-1 "
		      "Copies=3 Duplex=DuplexNoTumble media=Letter "
		      "job-uuid=urn:uuid:1 PostageAmount=Custom.0.78 "
		      "postagesheet=x time-at-creation=1 job-password=1234",
	    out);
	is_str(out,
	    "Duplex=DuplexNoTumble finishings=3 job-password=1234 "
	    "media=Letter",
	    "options, in libcups's order");
	child_options("note='a b' x=\"1\n2\" y=z\\ copies=9", out);
	is_str(out, "note=a\\ b y=z\\ copies=9", "quoting is kept");
	child_options("", out);
	is_str(out, "", "none");
}

static void
options_without_end_are_cut_not_overrun(void **state)
{
	static char in[4 * CHILD_OPTIONS_MAX];
	char out[CHILD_OPTIONS_MAX];
	size_t len = 0;

	(void)state;
	for (int i = 0; len + 40 < sizeof(in); i++)
		len += (size_t)snprintf(
		    in + len, sizeof(in) - len, "o%d=\"'' ''\" ", i);
	child_options(in, out);
	ok(strlen(out) < sizeof(out), "fits");
	ok(strlen(out) > sizeof(out) / 2, "and is used");
}

struct heard {
	char text[4096];
};

static void
hear(void *context, const char *line)
{
	struct heard *h = context;

	snprintf(h->text + strlen(h->text), sizeof(h->text) - strlen(h->text),
	    "%s|", line);
}

/* Runs `script` as the backend "run" on a document of 10 bytes. */
static struct child_end
run_script(const char *script, const volatile int *stop, struct heard *heard,
    off_t *consumed)
{
	static const int never = 0;
	struct device device;
	struct program program;
	struct err e = ERR_INIT;
	struct child c = {.program = &program,
	    .device = &device,
	    .printing_user = "lp",
	    .final_type = "image/pwg-raster",
	    .job = "7",
	    .user = "me",
	    .title = "a title",
	    .options = "media=A4"};
	struct child_end end = {.size = 10};
	struct relay r;
	static struct child_run run;
	char path[PATH_MAX];

	memset(heard, 0, sizeof(*heard));
	put("backend/run", script, 0755);
	put("document", "0123456789", 0644);
	snprintf(path, sizeof(path), "%s/document", root);
	c.input = open(path, O_RDONLY | O_CLOEXEC);
	is_ok(device_parse("run://me:pw@host/x?y", &device, &e), &e, "device");
	is_ok(child_find(root, "run", &program, &e), &e, "find");
	relay_init(&r, device.uri);
	is_ok(child_start(&c, &run, &e), &e, "start");
	child_wait(&run, stop ? stop : &never, &r, hear, heard, &end);
	*consumed = (off_t)end.consumed;
	close(c.input);
	return end;
}

static void
the_child_gets_what_the_scheduler_would_give(void **state)
{
	struct heard heard;
	struct child_end end;
	off_t consumed;

	(void)state;
	setenv("POSTAGE_CONF", "/secret/place", 1);
	end = run_script("#!/bin/sh\n"
			 "echo \"INFO: $# $1 $2 $3 $4 $5 $DEVICE_URI "
			 "$FINAL_CONTENT_TYPE ${POSTAGE_CONF-none}\" >&2\n"
			 "tr '\\0' ' ' </proc/$$/cmdline >&2\n"
			 "cat >/dev/null\n",
	    NULL, &heard, &consumed);
	is_int(end.code, 0, "code");
	ok(end.started && !end.signalled, "ended by itself");
	is_int(consumed, 10, "consumed");
	ok(strstr(heard.text,
	       "INFO: 5 7 me a title 1 media=A4 run://*****@host/x?y "
	       "image/pwg-raster none|") != NULL,
	    heard.text);
	ok(strstr(heard.text, "pw@") == NULL,
	    "no password on the command line");
}

static void
the_child_is_the_printing_user(void **state)
{
	struct heard heard;
	off_t consumed;

	(void)state;
	if (geteuid() != 0)
		skip();
	run_script(
	    "#!/bin/sh\nid -un >&2; id -G >&2\n", NULL, &heard, &consumed);
	is_str(heard.text, "DEBUG: lp|DEBUG: 7|", "user and groups");
}

static void
what_the_child_took_is_known(void **state)
{
	struct heard heard;
	struct child_end end;
	off_t consumed;

	(void)state;
	end = run_script("#!/bin/sh\nhead -c 4 >/dev/null; exit 4\n", NULL,
	    &heard, &consumed);
	is_int(end.code, 4, "code");
	is_int(consumed, 4, "consumed");
	end = run_script("#!/bin/sh\nkill -SEGV $$\n", NULL, &heard, &consumed);
	ok(end.signalled, "signal");
	is_int(end.code, SIGSEGV, "which");
	is_int(consumed, 0, "nothing");
}

static void
a_signal_is_passed_on(void **state)
{
	static const int stop = SIGTERM;
	struct heard heard;
	struct child_end end;
	off_t consumed;

	(void)state;
	end = run_script("#!/bin/sh\nsleep 20 & p=$!\n"
			 "trap 'kill $p; exit 0' TERM\nwait $p\nexit 9\n",
	    &stop, &heard, &consumed);
	ok(end.signalled || end.code == 0, "ended by the signal");
	ok(end.stopped, "which is known");
	end = run_script("#!/bin/sh\n[ $(ps -o pgid= -p $$) = $$ ]\n", NULL,
	    &heard, &consumed);
	is_int(end.code, 0, "a group of its own: nobody else tells it");
	ok(!end.stopped, "and nobody did");
}

static void
a_grandchild_with_open_stderr_is_not_waited_for(void **state)
{
	struct heard heard;
	struct child_end end;
	off_t consumed;
	time_t before = time(NULL);

	(void)state;
	end = run_script("#!/bin/sh\nsleep 20 <&- >&- & echo INFO: x >&2\n",
	    NULL, &heard, &consumed);
	is_int(end.code, 0, "code");
	is_str(heard.text, "INFO: x|", "lines");
	ok(time(NULL) - before < 10, "soon");
}

static void
a_backend_that_cannot_run_is_told_apart(void **state)
{
	struct device device;
	struct program program = {.as_root = false};
	struct err e = ERR_INIT;
	struct child c = {.program = &program,
	    .device = &device,
	    .printing_user = "lp",
	    .job = "",
	    .user = "",
	    .title = "",
	    .options = ""};
	static struct child_run run;

	(void)state;
	is_ok(device_parse("x:/", &device, &e), &e, "device");
	snprintf(program.path, sizeof(program.path), "%s/none", root);
	ok(!child_start(&c, &run, &e), "no file");
	is_err(&e, ERR_CONFIG, "no file");
	if (geteuid() == 0) {
		c.printing_user = "nobody-of-this-name";
		ok(!child_start(&c, &run, &e), "no user");
		is_err(&e, ERR_CONFIG, "no user");
	}
}

static void
scan(const char *text, struct gate *g)
{
	FILE *f = fmemopen(NULL, strlen(text) + 1, "w+");

	ok(f != NULL, "fmemopen");
	fputs(text, f);
	rewind(f);
	gate_scan(f, g);
	fclose(f);
}

static void
the_ppd_says_what_the_printer_gets(void **state)
{
	struct gate g;

	(void)state;
	scan("*PPD-Adobe: \"4.3\"\n*cupsSingleFile: True\n"
	     "*cupsFilter2: \"application/vnd.cups-postage-raster "
	     "image/pwg-raster 0 rastertopwg\"\n",
	    &g);
	ok(g.found && g.single_file, "a postage PPD");
	ok(!g.trailer, "with a driver that knows nothing of us");
	scan("*cupsFilter: \"application/vnd.cups-postage-raster 0 "
	     "postagedriver\"\n",
	    &g);
	ok(g.trailer, "with one that says when it is done");
	scan("*cupsFilter2: \"application/vnd.cups-postage-pwg "
	     "image/pwg-raster 0 -\"\n",
	    &g);
	ok(g.trailer, "PWG raster, of which our filter says so");
	scan("*cupsFilter2: \"application/vnd.cups-postage-urf image/urf "
	     "0 -\"\n",
	    &g);
	ok(g.trailer, "Apple raster likewise");
	scan("*cupsFilter2: \"application/vnd.cups-postage-raster "
	     "image/pwg-raster 0 rastertopwg\"\n",
	    &g);
	is_str(g.final_type, "image/pwg-raster", "type");
	scan("*cupsPostageDriver: \"rastertohp\"\n", &g);
	is_str(g.driver[0], "rastertohp", "driver");
	is_str(g.driver[1], "", "and no other");
	scan("*cupsPostageDriver: \"pdftops  /opt/x/ps\"\n", &g);
	is_str(g.driver[0], "pdftops", "the first of two");
	is_str(g.driver[1], "/opt/x/ps", "the second");
	scan("*cupsPostageDriver: \"a b c\"\n", &g);
	is_str(g.driver[0], "", "never three");
	scan("*cupsPostageDriver: \"a ../b\"\n", &g);
	is_str(g.driver[0], "", "nor a part of two");
	scan("*cupsPostageDriver: \"../sh\"\n", &g);
	is_str(g.driver[0], "", "no path upwards");
	scan("*cupsPostageDriver: \"a/b\"\n", &g);
	is_str(g.driver[0], "", "no relative path");
	scan("*cupsFilter2: \"application/vnd.cups-raster x/y 0 r\"\n", &g);
	ok(!g.found && !g.single_file, "another PPD");
	scan("*cupsFilter: \"application/vnd.cups-postage-raster 0 r\"\n"
	     "*cupsSingleFile: \"False\"\n",
	    &g);
	ok(g.found && !g.single_file, "documents are joined");
	is_str(g.final_type, "", "type unknown");
	scan(
	    "*cupsFilter2: \"application/vnd.cups-postage-pdf a;b 0 x\"\n", &g);
	is_str(g.final_type, "", "no type");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_folder_above_a_driver_counts),
	    T(clean_names_of_drivers),
	    T(device_uris_are_wrapped_and_found_again),
	    T(secrets_are_readable_by_nobody_else),
	    T(what_must_not_be_wrapped_is_refused),
	    T(names_of_queues_are_no_paths),
	    T(backends_are_found_by_the_schedulers_rule),
	    T(a_driver_that_others_can_change_is_not_run),
	    T(a_folder_of_another_is_not_believed),
	    T(options_that_were_applied_do_not_reach_the_printer),
	    T(options_without_end_are_cut_not_overrun),
	    T(the_child_gets_what_the_scheduler_would_give),
	    T(the_child_is_the_printing_user),
	    T(what_the_child_took_is_known),
	    T(a_signal_is_passed_on),
	    T(a_grandchild_with_open_stderr_is_not_waited_for),
	    T(a_backend_that_cannot_run_is_told_apart),
	    T(the_ppd_says_what_the_printer_gets),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
