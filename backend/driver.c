/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postagedriver: the filter behind our gate.  It runs the printer's own driver
 * filter, which the queue's PPD names, with one copy and without the options
 * that were applied already.  A driver that reads PostScript is the second of
 * two programs; the first makes PostScript of our pages.
 *
 * The scheduler gives every filter of a job the number of copies.  They were
 * made before the stamps, each with its own; pstops (under pdftops) and
 * foomatic-rip would make them again, of stamped pages.
 *
 * Behind the driver's data it writes GATE_TRAILER, only where the driver ended
 * well: see dispense/gate.h.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/child.h"
#include "backend/exit.h"
#include "base/log.h"
#include "dispense/drivers.h"
#include "dispense/gate.h"
#include "dispense/settings.h"

static bool
driver_path(const char *name, char *out, size_t size, struct err *e)
{
	int len;

	if (name[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "this queue's PPD names no driver; make the queue again "
		    "with \"postage queue add\"");
	len = name[0] == '/' ? snprintf(out, size, "%s", name)
			     : snprintf(out, size, "%s/filter/%s",
				   child_serverbin(), name);
	if (len < 0 || (size_t)len >= size)
		return err_set(e, ERR_CONFIG, "%s: too long a path", name);
	return true;
}

static volatile sig_atomic_t drivers[GATE_DRIVERS];

static void
pass_on(int number)
{
	for (int i = 0; i < GATE_DRIVERS; i++)
		if (drivers[i] > 0)
			kill((pid_t)drivers[i], number);
}

static void
run(const char *path, char **argv, pid_t parent)
{
	/* Nobody would look at what it writes for a parent that is gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
		execv(path, argv);
	log_error(
	    "cannot run the printer's driver %s: %s", path, strerror(errno));
	_exit(EXIT_FAILED);
}

/* Starts one program that reads our standard input and writes to `out`. */
static bool
start(const char *path, char **argv, int out, int unused, pid_t *pid,
    struct err *e)
{
	pid_t parent = getpid();

	*pid = fork();
	if (*pid < 0)
		return err_system(e, "fork");
	if (*pid == 0) {
		if (out != STDOUT_FILENO) {
			if (dup2(out, STDOUT_FILENO) < 0)
				_exit(EXIT_FAILED);
			close(out);
			close(unused);
		}
		run(path, argv, parent);
	}
	return true;
}

/* Starts them in a row.  Each alone reads what is before it: a filter must see
 * its reader die.  Returns how many run. */
static int
start_all(char paths[][PATH_MAX], int count, char **argv, struct err *e)
{
	for (int i = 0; i < count; i++) {
		int next[2] = {-1, STDOUT_FILENO};
		pid_t pid;

		if (i + 1 < count && pipe(next) != 0) {
			err_system(e, "pipe");
			return i;
		}
		if (!start(paths[i], argv, next[1], next[0], &pid, e))
			return i;
		drivers[i] = pid;
		if (i + 1 == count) {
			close(STDIN_FILENO);
		} else {
			close(next[1]);
			dup2(next[0], STDIN_FILENO);
			close(next[0]);
		}
	}
	return count;
}

static bool
wait_for(pid_t pid, const char *path, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_system(e, "waitpid");
	if (WIFSIGNALED(status))
		return err_set(e, ERR_SYSTEM,
		    "the printer's driver %s died of signal %d", path,
		    WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_SYSTEM,
		    "the printer's driver %s failed with %d", path,
		    WEXITSTATUS(status));
	return true;
}

/* Runs the driver to its end.  True: it says that it wrote everything. */
static bool
drive(char paths[][PATH_MAX], int count, char **argv, struct err *e)
{
	struct sigaction stop = {.sa_handler = pass_on};
	struct err later = ERR_INIT;
	int started;
	bool good;

	sigaction(SIGTERM, &stop, NULL);
	started = start_all(paths, count, argv, e);
	good = started == count;
	/* Of programs that died of each other the last one says why. */
	while (started-- > 0) {
		if (wait_for((pid_t)drivers[started], paths[started],
			good ? e : &later))
			continue;
		good = false;
	}
	return good;
}

static bool
write_trailer(struct err *e)
{
	const char *at = GATE_TRAILER;
	size_t left = sizeof(GATE_TRAILER) - 1;

	while (left > 0) {
		ssize_t done = write(STDOUT_FILENO, at, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_system(e, "cannot write the page's end");
		at += done;
		left -= (size_t)done;
	}
	return true;
}

/* What the administrator lets run besides; "" where there is no file. */
static const char *
more_drivers(void)
{
	static struct settings settings;
	struct err e = ERR_INIT;

	if (!settings_load(settings_path(), &settings, &e))
		return "";
	return settings.drivers;
}

static bool
may_run(const char *name, struct err *e)
{
	if (drivers_allow(name, child_serverbin(), NULL) ||
	    drivers_allow(name, child_serverbin(), more_drivers()))
		return true;
	return err_set(e, ERR_CONFIG,
	    "this queue's PPD names the driver %s, which lies in no folder of "
	    "drivers; if you trust it, list it in postage.conf: [daemon] "
	    "drivers",
	    name);
}

static bool
find_drivers(
    const struct gate *gate, char paths[][PATH_MAX], int *count, struct err *e)
{
	*count = 0;
	do {
		const char *name = gate->driver[*count];

		if (!driver_path(name, paths[*count], PATH_MAX, e) ||
		    !may_run(name, e) || !child_trusts(paths[*count], e))
			return false;
		(*count)++;
	} while (*count < GATE_DRIVERS && gate->driver[*count][0]);
	return true;
}

int
main(int argc, char **argv)
{
	static char options[CHILD_OPTIONS_MAX];
	static char paths[GATE_DRIVERS][PATH_MAX];
	char one[] = "1";
	char *to_driver[7] = {0};
	struct gate gate;
	struct err e = ERR_INIT;
	int count;

	log_open(LOG_CUPS, "postagedriver");
	if (argc != 6) {
		log_error("usage: postagedriver job-id user title copies "
			  "options");
		return EXIT_FAILED;
	}
	child_options(argv[5], options);
	memcpy(to_driver, argv, 6 * sizeof(argv[0]));
	to_driver[4] = one;
	to_driver[5] = options;
	if (gate_load(getenv("PPD"), &gate, &e) &&
	    find_drivers(&gate, paths, &count, &e) &&
	    drive(paths, count, to_driver, &e) && write_trailer(&e))
		return EXIT_OK;
	log_error("%s", e.text);
	return EXIT_FAILED;
}
