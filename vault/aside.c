/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/aside_own.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "vault/nursery.h"

#define REAP_MS	 500
#define NAP_US	 200
#define LEAVE_MS 1000 /* for tidying up */

struct aside {
	const struct aside_part *part;
	struct nursery *nursery; /* NULL: it is this process's own child */
	int fd;
	pid_t pid, owner;
	bool lost;
	int waiting; /* orders whose answer was not taken */
	uint8_t answer[ASIDE_MESSAGE];
};

/* --- the child --------------------------------------------------------------------- */

static void
answer_one(const struct aside_part *part, void *state,
    struct bytes_reader *order, struct bytes_writer *answer)
{
	struct err e = ERR_INIT;
	uint8_t *at = answer->ptr;
	size_t size = answer->size;

	bytes_write_le(answer, ERR_NONE, 1);
	if (part->obey(state, order, answer, &e) && !order->failed &&
	    !answer->failed)
		return;
	if (e.kind == ERR_NONE)
		err_set(&e, ERR_SYSTEM, "an order is cut");
	bytes_writer_init(answer, at, size);
	bytes_write_le(answer, e.kind, 1);
	bytes_write(answer, e.text, strlen(e.text));
}

/* Until the socket is closed. */
static void
serve(const struct aside_part *part, void *state, int fd)
{
	uint8_t message[ASIDE_MESSAGE], answer[ASIDE_MESSAGE];
	struct bytes_reader in;
	struct bytes_writer out;
	ssize_t n;

	while ((n = recv(fd, message, sizeof(message), 0)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		bytes_reader_init(&in, message, (size_t)n);
		bytes_writer_init(&out, answer, sizeof(answer));
		answer_one(part, state, &in, &out);
		explicit_bzero(message, sizeof(message));
		if (send(fd, answer, out.pos, MSG_NOSIGNAL) < 0)
			return;
	}
}

/* For good the user that it is now: a library may not go back to root.  Where
 * there is no way back it is not even asked: the service's walls kill for it. */
static bool
settle_user(void)
{
	gid_t gid, egid, sgid;
	uid_t uid, euid, suid;

	if (getresgid(&gid, &egid, &sgid) != 0 ||
	    getresuid(&uid, &euid, &suid) != 0)
		return false;
	if ((gid != egid || sgid != egid) && setresgid(egid, egid, egid) != 0)
		return false;
	return (uid == euid && suid == euid) ||
	       setresuid(euid, euid, euid) == 0;
}

/* `dies`: with the parent, at once.  The end of a mere thread of it would be taken
 * for that; a child of one ends when it has done its order and finds nobody. */
_Noreturn void
aside_be_child(const struct aside_part *part, int fd, bool dies)
{
	void *state = calloc(1, part->state_size);
	sigset_t none;

	if (state == NULL || !settle_user())
		_exit(1);
	/* A change of user would take it back. */
	if (dies)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* Nothing of the parent's stays open here: no lock is held by us. */
	dup2(fd, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0U, 0);
	serve(part, state, STDERR_FILENO + 1);
	if (part->leave != NULL)
		part->leave(state);
	_exit(0);
}

/* --- its parent ----------------------------------------------------------------------- */

/* A child that has `fd`. */
static bool
bear(struct aside *a, int fd, struct err *e)
{
	bool dies = gettid() == getpid();

	if (a->nursery != NULL)
		return nursery_bear(a->nursery, a->part, fd, &a->pid, e);
	a->pid = fork();
	if (a->pid == 0)
		aside_be_child(a->part, fd, dies);
	return a->pid > 0 || err_system(e, "fork");
}

bool
aside_open_in(struct nursery *nursery, const struct aside_part *part,
    struct aside **out, struct err *e)
{
	struct aside *a = calloc(1, sizeof(*a));
	int ends[2];

	if (a == NULL)
		return err_system(e, "memory for %s", part->who);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		err_system(e, "socketpair");
		free(a);
		return false;
	}
	a->part = part;
	a->nursery = nursery;
	a->owner = getpid();
	a->fd = ends[0];
	if (bear(a, ends[1], e)) {
		close(ends[1]);
		*out = a;
		return true;
	}
	close(ends[1]);
	close(a->fd);
	free(a);
	return false;
}

bool
aside_open(const struct aside_part *part, struct aside **out, struct err *e)
{
	return aside_open_in(NULL, part, out, e);
}

/* It closes its end when it has tidied up. */
static void
let_leave(struct aside *a)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};
	int64_t end = clock_ms() + LEAVE_MS;
	int64_t left = LEAVE_MS;

	shutdown(a->fd, SHUT_WR);
	while (left > 0 && poll(&p, 1, (int)left) < 0 && errno == EINTR)
		left = end - clock_ms();
}

/* One that hangs in the kernel's driver dies when that comes back; nobody waits
 * for it. */
static void
reap(pid_t child)
{
	int64_t end = clock_ms() + REAP_MS;

	kill(child, SIGKILL);
	while (waitpid(child, NULL, WNOHANG) == 0 && clock_ms() < end)
		usleep(NAP_US);
}

void
aside_close(struct aside *a)
{
	if (a == NULL)
		return;
	if (a->owner == getpid()) {
		if (a->part->leave != NULL && !a->lost)
			let_leave(a);
		if (a->nursery != NULL)
			nursery_end(a->nursery, a->pid);
		else
			reap(a->pid);
	}
	close(a->fd);
	explicit_bzero(a, sizeof(*a));
	free(a);
}

bool
aside_is_lost(const struct aside *a)
{
	return a->lost || a->owner != getpid();
}

static bool
ended(const struct aside *a, struct err *e)
{
	return err_set(
	    e, ERR_SYSTEM, "the process that talks to %s ended", a->part->who);
}

/* The answer, or the end of patience. */
static bool
await(struct aside *a, int ms, size_t *len, struct err *e)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};
	int64_t end = clock_ms() + ms;
	ssize_t n;

	for (;;) {
		int64_t left = end - clock_ms();
		int got = poll(&p, 1, left > 0 ? (int)left : 0);

		if (got > 0)
			break;
		if (got == 0)
			return err_set(e, ERR_BUSY,
			    "no answer from %s for %d s", a->part->who,
			    (ms + 999) / 1000);
		if (errno != EINTR)
			return err_system(e, "poll");
	}
	n = recv(a->fd, a->answer, sizeof(a->answer), 0);
	if (n < 1)
		return ended(a, e);
	*len = (size_t)n;
	return true;
}

static bool
said(const struct aside *a, size_t len, struct err *e)
{
	enum err_kind kind = (enum err_kind)a->answer[0];

	if (kind == ERR_NONE)
		return true;
	if (kind >= ERR_KINDS)
		kind = ERR_SYSTEM;
	return err_set(
	    e, kind, "%.*s", (int)(len - 1), (const char *)a->answer + 1);
}

bool
aside_give(struct aside *a, const struct bytes_writer *order, struct err *e)
{
	if (order->failed)
		return err_set(e, ERR_REQUEST, "too long for %s", a->part->who);
	if (aside_is_lost(a))
		return ended(a, e);
	if (send(a->fd, order->ptr, order->pos, MSG_NOSIGNAL) < 0) {
		a->lost = true;
		return ended(a, e);
	}
	a->waiting++;
	return true;
}

bool
aside_take(struct aside *a, int ms, struct bytes_reader *answer, struct err *e)
{
	size_t len = 0;

	assert(a->waiting > 0);
	if (aside_is_lost(a))
		return ended(a, e);
	if (!await(a, ms, &len, e)) {
		a->lost = true;
		return false;
	}
	a->waiting--;
	if (!said(a, len, e))
		return false;
	bytes_reader_init(answer, a->answer + 1, len - 1);
	return true;
}

bool
aside_order(struct aside *a, const struct bytes_writer *order, int ms,
    struct bytes_reader *answer, struct err *e)
{
	assert(a->waiting == 0);
	return aside_give(a, order, e) && aside_take(a, ms, answer, e);
}
