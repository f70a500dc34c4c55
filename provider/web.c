/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/web_own.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define THREADS	    2	/* of the library */
#define MARGIN	    256 /* connections the library still cleans up */
#define WORKERS_MIN 16	/* as many may come together, see combine.h */
#define QUIET_MS    50	/* so long nothing is under way: none is left */
#define PRIORITIES  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define OPTIONS_MAX 16

/* --- what the library calls ------------------------------------------------- */

static void
note_start(void *arg, const char *fmt, va_list ap)
{
	struct web *w = arg;

	if (w->started || w->said[0])
		return;
	vsnprintf(w->said, sizeof(w->said), fmt, ap);
	w->said[strcspn(w->said, "\n")] = '\0';
}

static void
on_connection(void *arg, struct MHD_Connection *mhd, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*context = web_connection_new(arg, mhd);
	else {
		web_connection_free(*context);
		*context = NULL;
	}
}

static void *
on_target(void *arg, const char *target, struct MHD_Connection *mhd)
{
	return web_exchange_new(arg, mhd, target);
}

static enum MHD_Result
on_step(void *arg, struct MHD_Connection *mhd, const char *path,
    const char *method, const char *version, const char *data, size_t *size,
    void **exchange)
{
	(void)arg;
	(void)mhd;
	return *exchange != NULL && web_exchange_step(*exchange, path, method,
					version, data, size)
		   ? MHD_YES
		   : MHD_NO;
}

static void
on_end(void *arg, struct MHD_Connection *mhd, void **exchange,
    enum MHD_RequestTerminationCode code)
{
	(void)arg;
	(void)mhd;
	(void)code;
	web_exchange_free(*exchange);
	*exchange = NULL;
}

/* --- start -------------------------------------------------------------------- */

struct options {
	struct MHD_OptionItem item[OPTIONS_MAX];
	size_t count;
};

static void
set_option(
    struct options *o, enum MHD_OPTION option, intptr_t value, const void *ptr)
{
	o->item[o->count++] = (struct MHD_OptionItem){.option = option,
	    .value = value,
	    .ptr_value = (void *)(uintptr_t)ptr};
}

static void
set_limits(struct options *o, const struct web_setup *s)
{
	set_option(o, MHD_OPTION_THREAD_POOL_SIZE, THREADS, NULL);
	set_option(o, MHD_OPTION_THREAD_STACK_SIZE, WEB_STACK, NULL);
	set_option(o, MHD_OPTION_CONNECTION_MEMORY_LIMIT, WEB_MEMORY, NULL);
	set_option(
	    o, MHD_OPTION_CONNECTION_LIMIT, s->connections_max + MARGIN, NULL);
	set_option(o, MHD_OPTION_CONNECTION_TIMEOUT, s->idle_s, NULL);
	set_option(
	    o, MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->per_address_max, NULL);
#if MHD_VERSION >= 0x01000000
	set_option(o, MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL);
#endif
}

static void
set_tls(struct options *o, const struct web_setup *s)
{
	set_option(o, MHD_OPTION_HTTPS_MEM_CERT, 0, s->certificate);
	set_option(o, MHD_OPTION_HTTPS_MEM_KEY, 0, s->key);
	set_option(o, MHD_OPTION_HTTPS_PRIORITIES, 0, PRIORITIES);
	if (s->client_authority != NULL)
		set_option(
		    o, MHD_OPTION_HTTPS_MEM_TRUST, 0, s->client_authority);
}

static bool
start_daemon(struct web *w, struct err *e)
{
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD |
			     MHD_USE_NO_LISTEN_SOCKET |
			     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct options o = {.count = 0};
	sigset_t all, before;

	set_limits(&o, &w->setup);
	if (w->setup.certificate != NULL) {
		flags |= MHD_USE_TLS;
		set_tls(&o, &w->setup);
	}
	set_option(&o, MHD_OPTION_END, 0, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	w->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_step, w,
	    MHD_OPTION_EXTERNAL_LOGGER, note_start, w,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, w,
	    MHD_OPTION_NOTIFY_COMPLETED, on_end, w, MHD_OPTION_URI_LOG_CALLBACK,
	    on_target, w, MHD_OPTION_ARRAY, o.item, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (w->daemon == NULL)
		return err_set(e,
		    w->setup.certificate ? ERR_CONFIG : ERR_SYSTEM,
		    "the HTTP server does not start: %s",
		    w->said[0] ? w->said : "no reason given");
	w->started = true;
	return true;
}

int
web_workers(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int many = 4 * (cpus > 0 && cpus < 1024 ? (int)cpus : 1);

	return many > WORKERS_MIN ? many : WORKERS_MIN;
}

static void
fill_defaults(struct web_setup *s)
{
	if (s->workers == 0)
		s->workers = web_workers();
	if (s->queue_max == 0)
		s->queue_max = 64 * s->workers;
	if (s->connections_max == 0)
		s->connections_max = 12000;
	if (s->idle_s == 0)
		s->idle_s = 75;
	if (s->request_s == 0)
		s->request_s = 30;
}

bool
web_start(const struct web_setup *setup, struct web **out, struct err *e)
{
	struct web *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return err_set(e, ERR_SYSTEM, "no memory for the HTTP server");
	w->setup = *setup;
	w->listen_fd = -1;
	w->wake_fd = -1;
	pthread_mutex_init(&w->connections_lock, NULL);
	pthread_mutex_init(&w->work_lock, NULL);
	pthread_cond_init(&w->work_there, NULL);
	fill_defaults(&w->setup);
	if ((setup->certificate != NULL && !web_tls_check(setup, e)) ||
	    !web_listen(w, e) || !web_work_start(w, e) || !start_daemon(w, e) ||
	    !web_accept_start(w, e)) {
		web_stop(w);
		return false;
	}
	*out = w;
	return true;
}

const char *
web_address(const struct web *w)
{
	return w->address;
}

/* --- end ---------------------------------------------------------------------- */

bool
web_drain(struct web *w, int wait_ms)
{
	int64_t end = clock_ms() + wait_ms, quiet = clock_ms();

	w->draining = true;
	web_accept_wake(w);
	for (;;) {
		int64_t now = clock_ms();

		if (w->under_way > 0 || w->listening)
			quiet = now;
		if (now - quiet >= QUIET_MS)
			return true;
		if (now >= end)
			return w->under_way == 0 && !w->listening;
		nanosleep(&(struct timespec){0, 2000000}, NULL);
	}
}

void
web_stop(struct web *w)
{
	if (w == NULL)
		return;
	w->draining = true;
	web_accept_stop(w);
	/* a connection that sleeps would end the process in the library */
	web_work_stop(w);
	if (w->daemon != NULL)
		MHD_stop_daemon(w->daemon);
	pthread_cond_destroy(&w->work_there);
	pthread_mutex_destroy(&w->work_lock);
	pthread_mutex_destroy(&w->connections_lock);
	free(w);
}

void
web_look(struct web *w, struct web_state *out)
{
	*out =
	    (struct web_state){.requests = w->requests, .refused = w->refused};
	pthread_mutex_lock(&w->connections_lock);
	out->connections = w->connection_count;
	pthread_mutex_unlock(&w->connections_lock);
	pthread_mutex_lock(&w->work_lock);
	out->waiting = w->waiting;
	out->busy = w->busy;
	pthread_mutex_unlock(&w->work_lock);
}

bool
web_add(struct web *w, int fd, struct err *e)
{
	const struct sockaddr local = {.sa_family = AF_UNIX};

	if (MHD_add_connection(w->daemon, fd, &local, sizeof(local)) != MHD_YES)
		return err_system(e, "the connection is not taken");
	return true;
}
