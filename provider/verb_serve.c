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

#include "base/durable.h"
#include "base/log.h"
#include "provider/api.h"
#include "provider/keeper.h"
#include "provider/web.h"

#define PEM_MAX	     (64 * 1024)
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

/* --- answering --------------------------------------------------------------------- */

static void
answer(void *context, void *worker, const struct http_request *request,
    struct http_response *out)
{
	(void)context;
	api_answer(worker, request, out);
}

static bool
open_worker(void *context, void **worker, struct err *e)
{
	struct worker *w = NULL;
	bool done = program_worker(context, &w, e);

	*worker = w;
	return done;
}

static void
close_worker(void *context, void *worker)
{
	(void)context;
	program_worker_close(worker);
}

/* PEM texts on the heap; NULL where no file is named. */
struct texts {
	char *certificate, *key, *authority;
};

static bool
load(const char *path, char **out, struct err *e)
{
	size_t len;

	*out = NULL;
	return *path == '\0' || durable_load(path, PEM_MAX, out, &len, e);
}

static bool
start(struct program *p, struct texts *t, struct web **web, struct err *e)
{
	const struct config *c = &p->config;
	struct web_setup setup = {.listen = has_socket() ? NULL : c->listen,
	    .listen_fd = FIRST_SOCKET,
	    .workers = c->workers,
	    .connections_max = c->connections,
	    .per_address_max = c->per_address,
	    .handler = answer,
	    .context = p,
	    .open_worker = open_worker,
	    .close_worker = close_worker};

	if (!load(c->certificate, &t->certificate, e) ||
	    !load(c->key, &t->key, e) ||
	    !load(c->client_authority, &t->authority, e))
		return false;
	setup.certificate = t->certificate;
	setup.key = t->key;
	setup.client_authority = t->authority;
	return web_start(&setup, web, e);
}

/* --- the whole ------------------------------------------------------------------------- */

static bool
block_signals(sigset_t *set, struct err *e)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, set, NULL) == 0 ||
	       err_system(e, "sigprocmask");
}

static void
serve(struct program *p, struct web *web, const sigset_t *set)
{
	int signal_number;

	log_info("%s: ready on %s", p->config.name, web_address(web));
	notify("READY=1");
	sigwait(set, &signal_number);
	notify("STOPPING=1");
	log_info("stopping: requests under way have %d s", p->config.drain_s);
	if (!web_drain(web, p->config.drain_s * 1000))
		log_warning("some requests were not finished");
}

bool
verb_serve(struct program *p, int argc, char **argv, struct err *e)
{
	struct texts texts = {NULL, NULL, NULL};
	struct keeper *keeper = NULL;
	struct web *web = NULL;
	sigset_t set;
	bool done;

	raise_files();
	done = verb_words(argc, argv, 1, 1, "serve", e) &&
	       block_signals(&set, e) && program_open(p, e) &&
	       keeper_start(p, &keeper, e) && start(p, &texts, &web, e);
	if (done)
		serve(p, web, &set);
	web_stop(web);
	keeper_stop(keeper);
	program_close(p);
	free(texts.certificate);
	if (texts.key != NULL)
		explicit_bzero(texts.key, strlen(texts.key));
	free(texts.key);
	free(texts.authority);
	return done;
}
