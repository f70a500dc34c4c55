/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/web_own.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define SWEEP_MS 500
#define SERIES	 64 /* connections before one looks round */
#define PAUSE_MS 50 /* when there is no file descriptor to be had */

bool
web_thread(pthread_t *out, void *(*body)(void *), void *arg, struct err *e)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WEB_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(out, &attr, body, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (code == 0)
		return true;
	errno = code;
	return err_system(e, "pthread_create");
}

static bool
is_full(struct web *w)
{
	bool full;

	pthread_mutex_lock(&w->connections_lock);
	full = w->connection_count >= w->setup.connections_max;
	pthread_mutex_unlock(&w->connections_lock);
	return full;
}

/* False: none is there, or none can be taken now. */
static bool
take_one(struct web *w)
{
	struct sockaddr_storage from = {0};
	socklen_t len = sizeof(from);
	int fd = accept4(w->listen_fd, (struct sockaddr *)&from, &len,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			nanosleep(
			    &(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (is_full(w)) {
		close(fd);
		w->refused++;
	} else if (MHD_add_connection(w->daemon, fd,
		       (const struct sockaddr *)&from, len) != MHD_YES)
		w->refused++; /* and closed */
	return true;
}

static void *
accept_connections(void *arg)
{
	struct web *w = arg;
	int64_t sweep = clock_ms() + SWEEP_MS;

	while (!w->stopping) {
		struct pollfd fds[2] = {{.fd = w->wake_fd, .events = POLLIN},
		    {.fd = w->listen_fd, .events = POLLIN}};
		int64_t left = sweep - clock_ms();
		eventfd_t count;

		(void)poll(fds, 2, left > 0 ? (int)left : 0);
		if (fds[0].revents)
			(void)eventfd_read(w->wake_fd, &count);
		for (int i = 0; i < SERIES && fds[1].revents && take_one(w);
		     i++)
			;
		if (w->draining && w->listen_fd >= 0) {
			/* what came before is not refused */
			while (take_one(w))
				;
			web_close_listener(w);
			w->listening = false;
		}
		if (clock_ms() >= sweep) {
			web_connection_sweep(w);
			sweep = clock_ms() + SWEEP_MS;
		}
	}
	web_close_listener(w);
	return NULL;
}

bool
web_accept_start(struct web *w, struct err *e)
{
	int flags = fcntl(w->listen_fd, F_GETFL);

	/* an inherited one may wait */
	if (flags < 0 || fcntl(w->listen_fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return err_system(e, "fcntl");
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0)
		return err_system(e, "eventfd");
	w->listening = true;
	w->accepting = web_thread(&w->accept_thread, accept_connections, w, e);
	return w->accepting;
}

void
web_accept_wake(struct web *w)
{
	(void)eventfd_write(w->wake_fd, 1);
}

void
web_accept_stop(struct web *w)
{
	w->stopping = true;
	if (w->accepting) {
		web_accept_wake(w);
		pthread_join(w->accept_thread, NULL);
		w->accepting = false;
	}
	web_close_listener(w);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	w->wake_fd = -1;
}
