/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postagedriver: the filter behind our gate.  It runs the printer's own driver
 * filter, which the queue's PPD names, with one copy and without the options
 * that were applied already.
 *
 * The scheduler gives every filter of a job the number of copies.  They were
 * made before the stamps, each with its own; pstops (under pdftops) and
 * foomatic-rip would make them again, of stamped pages.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	if (!gate_load(getenv("PPD"), &gate, &e) ||
	    !driver_path(gate.driver, path, sizeof(path), &e)) {
		log_error("%s", e.text);
		return EXIT_FAILED;
	}
	child_options(argv[5], options);
	memcpy(to_driver, argv, 6 * sizeof(argv[0]));
	to_driver[4] = one;
	to_driver[5] = options;
	execv(path, to_driver);
	log_error(
	    "cannot run the printer's driver %s: %s", path, strerror(errno));
	return EXIT_FAILED;
}
