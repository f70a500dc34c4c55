/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "filter/bounds.h"

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#define MEMORY_MIN ((uint64_t)1 << 30)
#define MEMORY_MAX ((uint64_t)4 << 30)

/* AddressSanitizer reserves more addresses than any limit allows. */
#ifdef WITH_SANITIZERS
#define LIMITED false
#else
#define LIMITED true
#endif

uint64_t
bounds_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t half = 0;

	if (pages > 0 && size > 0)
		half = (uint64_t)pages * (uint64_t)size / 2;
	if (half < MEMORY_MIN)
		return MEMORY_MIN;
	return half < MEMORY_MAX ? half : MEMORY_MAX;
}

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
	    memory.rlim_cur > bounds_memory())
		memory.rlim_cur = (rlim_t)bounds_memory();
	if (LIMITED && setrlimit(RLIMIT_AS, &memory) != 0)
		return err_system(e, "limits of the filter");
	return true;
}

static void
on_used_up(int number)
{
	static const char text[] = "ERROR: A page of the document takes too "
				   "much time to read; nothing was printed\n";

	(void)number;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 2 : 1);
}

void
bounds_work(unsigned seconds)
{
	struct itimerval limit = {.it_value = {.tv_sec = (time_t)seconds}};
	struct sigaction end = {.sa_handler = on_used_up};

	if (seconds > 0)
		sigaction(SIGPROF, &end, NULL);
	setitimer(ITIMER_PROF, &limit, NULL);
}
