/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postagedriver: the filter behind our gate.  It runs the printer's own driver
 * filter, which the queue's PPD names, with one copy and without the options
 * that were applied already.
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
#include "dispense/gate.h"

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

static volatile sig_atomic_t driver;

static void
pass_on(int number)
{
	if (driver > 0)
		kill((pid_t)driver, number);
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

/* Runs the driver to its end.  True: it says that it wrote everything. */
static bool
drive(const char *path, char **argv, struct err *e)
{
	struct sigaction stop = {.sa_handler = pass_on};
	pid_t parent = getpid(), pid = fork();
	int status;

	if (pid < 0)
		return err_system(e, "fork");
	if (pid == 0)
		run(path, argv, parent);
	driver = pid;
	sigaction(SIGTERM, &stop, NULL);
	/* The driver alone reads: a filter before it must see it die. */
	close(STDIN_FILENO);
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

int
main(int argc, char **argv)
{
	static char options[CHILD_OPTIONS_MAX];
	char path[PATH_MAX], one[] = "1";
	char *to_driver[7] = {0};
	struct gate gate;
	struct err e = ERR_INIT;

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
	    driver_path(gate.driver, path, sizeof(path), &e) &&
	    child_trusts(path, &e) && drive(path, to_driver, &e) &&
	    write_trailer(&e))
		return EXIT_OK;
	log_error("%s", e.text);
	return EXIT_FAILED;
}
