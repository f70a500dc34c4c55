/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "filter/bounds.h"

#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "dispense/settings.h"
#include "filter/job.h"
#include "filter/leave.h"
#include "filter/render.h"

#define CLOCK_TIMES 4 /* a busy computer gives us a quarter of itself */

/* AddressSanitizer reserves more addresses than any limit allows. */
#ifdef WITH_SANITIZERS
#define LIMITED false
#else
#define LIMITED true
#endif

bool
bounds_enter(struct err *e)
{
	struct rlimit none = {0, 0}, memory;

	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    getrlimit(RLIMIT_AS, &memory) != 0)
		return err_system(e, "limits of the filter");
	/* The renderer sets its own, so the hard limit stays. */
	if (memory.rlim_cur == RLIM_INFINITY ||
	    memory.rlim_cur > sandbox_memory())
		memory.rlim_cur = (rlim_t)sandbox_memory();
	if (LIMITED && setrlimit(RLIMIT_AS, &memory) != 0)
		return err_system(e, "limits of the filter");
	return true;
}

/* The folder that `path` is in. */
static const char *
folder_of(const char *path, char out[PATH_MAX])
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	snprintf(out, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 1,
	    slash ? path : ".");
	return out[0] != '\0' ? out : "/";
}

static const char *
or_null(const char *path)
{
	return path != NULL && path[0] != '\0' ? path : "/dev/null";
}

bool
bounds_walls(const struct filter_job *job, const struct settings *settings,
    struct err *e)
{
	bool confine = strcmp(settings->sandbox, "off") != 0;
	char above[PATH_MAX], conf[PATH_MAX];
	const char *readable[] = {job->input, folder_of(settings_path(), conf),
	    or_null(settings->rates), or_null(settings->templates),
	    or_null(job->ppd_path), or_null(render_writer()), NULL};
	struct sandbox how = {.folder = job->temp,
	    .parent = folder_of(job->temp, above),
	    .readable = readable,
	    .confine = confine};

	return sandbox_enter(&how, e);
}

static void
on_used_up(int number)
{
	(void)number;
	leave_now("ERROR: The document takes too much time to read; "
		  "it was not printed\n");
}

/* The limits are the process's, and so is this. */
static unsigned page_s = 30;

void
bounds_set_page(unsigned seconds)
{
	page_s = seconds;
}

/* A library that waits for itself uses no processor time.  Not alarm(2): that
 * is for the end after SIGTERM. */
static void
limit_clock(unsigned seconds)
{
	static timer_t timer;
	static bool made;
	struct itimerspec limit = {.it_value = {.tv_sec = (time_t)seconds}};
	struct sigevent event = {
	    .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};

	if (!made)
		made = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
	if (made)
		timer_settime(timer, 0, &limit, NULL);
}

void
bounds_work(unsigned pages)
{
	struct itimerval limit = {
	    .it_value = {.tv_sec = (time_t)(pages * page_s)}};
	struct sigaction end = {.sa_handler = on_used_up};

	if (pages > 0)
		sigaction(SIGPROF, &end, NULL);
	setitimer(ITIMER_PROF, &limit, NULL);
	limit_clock(pages * page_s * CLOCK_TIMES);
}
