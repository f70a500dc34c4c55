/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged serve: until it is told to stop.
 */
#include "provider/verbs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"
#include "provider/service.h"
#include "vault/nursery.h"

#define FIRST_SOCKET 3 /* sd_listen_fds(3) */

/* --- systemd -------------------------------------------------------------------- */

static bool
has_socket(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	return pid != NULL && fds != NULL && atoi(pid) == getpid() &&
	       atoi(fds) >= 1;
}

/* Many idle connections are held. */
static void
raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning("cannot have more than %llu files open",
		    (unsigned long long)limit.rlim_cur);
}

/* --- the whole ------------------------------------------------------------------------- */

static bool
block_signals(sigset_t *set, struct err *e)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, set, NULL) == 0 ||
	       err_system(e, "sigprocmask");
}

/* The next signal; 0: it is time to say that all is well. */
static int
wait_signal(const sigset_t *set, int period_ms)
{
	const struct timespec period = {.tv_sec = period_ms / 1000,
	    .tv_nsec = (long)(period_ms % 1000) * 1000000};
	int got = sigtimedwait(set, NULL, period_ms > 0 ? &period : NULL);

	return got < 0 ? 0 : got;
}

/* systemd ends a process whose workers stand still, and starts another. */
static void
say_well(struct service *service)
{
	if (service_answers(service))
		notify_say("WATCHDOG=1");
	else
		log_warning("no worker is free, or the database is silent: "
			    "where that lasts, systemd starts this again");
}

/* Until a signal says so, or no module can be asked any more. */
static bool
wait_for_end(const struct program *p, struct service *service,
    const sigset_t *set, struct err *e)
{
	int period_ms = notify_period_ms(), signal_number;

	for (;;) {
		signal_number = wait_signal(set, period_ms);
		if (signal_number == 0) {
			say_well(service);
			continue;
		}
		if (signal_number != SIGCHLD)
			return true;
		if (p->nursery != NULL && !nursery_lives(p->nursery))
			return err_set(e, ERR_SYSTEM,
			    "the process that asks modules was killed: start "
			    "this program again");
	}
}

static bool
serve(struct program *p, struct service *service, const sigset_t *set,
    struct err *e)
{
	bool done;

	log_info("%s: ready on %s", p->config.name, service_address(service));
	notify_say("READY=1");
	done = wait_for_end(p, service, set, e);
	notify_say("STOPPING=1");
	log_info("stopping: requests under way have %d s", p->config.drain_s);
	if (!service_drain(service))
		log_warning("some requests were not finished");
	return done;
}

bool
verb_serve(struct program *p, int argc, char **argv, struct err *e)
{
	struct service *service = NULL;
	sigset_t set;
	bool done;

	raise_files();
	done = verb_words(argc, argv, 1, 1, "serve", e) &&
	       block_signals(&set, e) && program_open(p, e) &&
	       service_start(p, has_socket() ? FIRST_SOCKET : -1, &service, e);
	if (done)
		done = serve(p, service, &set, e);
	service_stop(service);
	program_close(p);
	return done;
}
