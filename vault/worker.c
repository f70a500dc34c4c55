/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

struct worker {
	int fd;
	pid_t pid;
	const char *what;
	uint8_t answer[WORKER_MESSAGE_MAX];
};

static void
be_child(int fd, void (*serve)(int fd))
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	/* Nothing of the parent's stays open here: no lock is held by us. */
	dup2(fd, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0U, 0);
	serve(STDERR_FILENO + 1);
	_exit(0);
}

bool
worker_open(
    const char *what, void (*serve)(int fd), struct worker **out, struct err *e)
{
	struct worker *w = calloc(1, sizeof(*w));
	int ends[2];

	if (w == NULL)
		return err_system(e, "memory for a process");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		err_system(e, "socketpair");
		free(w);
		return false;
	}
	w->what = what;
	w->pid = fork();
	if (w->pid == 0)
		be_child(ends[1], serve);
	close(ends[1]);
	w->fd = ends[0];
	if (w->pid > 0) {
		*out = w;
		return true;
	}
	err_system(e, "fork");
	close(w->fd);
	free(w);
	return false;
}

void
worker_close(struct worker *w)
{
	if (w == NULL)
		return;
	close(w->fd);
	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	explicit_bzero(w, sizeof(*w));
	free(w);
}

/* --- orders ---------------------------------------------------------------------- */

static bool
ended(const struct worker *w, struct err *e)
{
	return err_set(
	    e, ERR_SYSTEM, "the process that asks %s ended", w->what);
}

/* The answer, or the end of patience. */
static bool
await(struct worker *w, int ms, size_t *len, struct err *e)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	int64_t end = clock_ms() + ms;
	ssize_t n;

	for (;;) {
		int64_t left = end - clock_ms();
		int got = poll(&p, 1, left > 0 ? (int)left : 0);

		if (got > 0)
			break;
		if (got == 0)
			return err_set(e, ERR_BUSY,
			    "no answer from %s for %d s", w->what,
			    (ms + 999) / 1000);
		if (errno != EINTR)
			return err_system(e, "poll");
	}
	n = recv(w->fd, w->answer, sizeof(w->answer), 0);
	if (n < 1)
		return ended(w, e);
	*len = (size_t)n;
	return true;
}

static bool
said(const struct worker *w, size_t len, struct err *e)
{
	enum err_kind kind = (enum err_kind)w->answer[0];

	if (kind == ERR_NONE)
		return true;
	if (kind >= ERR_KINDS)
		kind = ERR_SYSTEM;
	return err_set(
	    e, kind, "%.*s", (int)(len - 1), (const char *)w->answer + 1);
}

bool
worker_order(struct worker *w, const struct bytes_writer *message, int ms,
    struct bytes_reader *answer, struct err *e)
{
	size_t len = 0;

	if (message->failed ||
	    send(w->fd, message->ptr, message->pos, MSG_NOSIGNAL) < 0)
		return ended(w, e);
	if (!await(w, ms, &len, e) || !said(w, len, e))
		return false;
	bytes_reader_init(answer, w->answer + 1, len - 1);
	return true;
}

/* --- the process's end ----------------------------------------------------------- */

static size_t
answer(worker_obey *obey, void *context, struct bytes_reader *in,
    uint8_t out[WORKER_MESSAGE_MAX])
{
	struct err e = ERR_INIT;
	struct bytes_writer w;

	bytes_writer_init(&w, out, WORKER_MESSAGE_MAX);
	bytes_write_le(&w, ERR_NONE, 1);
	if (obey(context, in, &w, &e) && !in->failed && !w.failed)
		return w.pos;
	if (e.kind == ERR_NONE)
		err_set(&e, ERR_SYSTEM, "an order is cut");
	bytes_writer_init(&w, out, WORKER_MESSAGE_MAX);
	bytes_write_le(&w, e.kind, 1);
	bytes_write(&w, e.text, strlen(e.text));
	return w.pos;
}

_Noreturn void
worker_serve(int fd, worker_obey *obey, void *context)
{
	uint8_t message[WORKER_MESSAGE_MAX], out[WORKER_MESSAGE_MAX];
	struct bytes_reader in;
	ssize_t n;

	while ((n = recv(fd, message, sizeof(message), 0)) != 0) {
		size_t len;

		if (n < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		bytes_reader_init(&in, message, (size_t)n);
		len = answer(obey, context, &in, out);
		explicit_bzero(message, sizeof(message));
		if (send(fd, out, len, MSG_NOSIGNAL) < 0)
			break;
		explicit_bzero(out, len);
	}
	_exit(0);
}
