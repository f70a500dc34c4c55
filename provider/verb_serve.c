/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged serve: until it is told to stop.
 */
#include "provider/verbs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "provider/service.h"
#include "vault/nursery.h"

#define FIRST_SOCKET 3 /* sd_listen_fds(3) */

/* --- systemd -------------------------------------------------------------------- */

/* sd_notify(3): one datagram. */
static void
notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len == 0 || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		(struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_debug("NOTIFY_SOCKET does not listen");
	close(fd);
}

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

/* Until a signal says so, or no module can be asked any more. */
static bool
wait_for_end(const struct program *p, const sigset_t *set, struct err *e)
{
	int signal_number;

	for (;;) {
		sigwait(set, &signal_number);
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
	notify("READY=1");
	done = wait_for_end(p, set, e);
	notify("STOPPING=1");
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
