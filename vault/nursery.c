/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/nursery.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "vault/aside_own.h"

#define REAP_MS 500
#define NAP_US	200

struct nursery {
	pthread_mutex_t lock; /* one order at a time */
	int fd;
	pid_t pid;
};

/* An order; `part` is where it was before the fork, so it is there. */
struct order {
	const struct aside_part *part; /* NULL: end `child` */
	pid_t child;
};

struct answer {
	pid_t child; /* 0: failed */
	int error;
};

/* Room for one file in a message. */
union ancillary {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* --- the nursery ------------------------------------------------------------------ */

static int
file_of(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static struct answer
bear(const struct aside_part *part, int fd)
{
	pid_t child = fork();

	if (child == 0)
		aside_be_child(part, fd, true);
	return (struct answer){
	    .child = child > 0 ? child : 0, .error = child > 0 ? 0 : errno};
}

/* One that hangs in the kernel's driver dies when that comes back; nobody waits
 * for it. */
static struct answer
end(pid_t child)
{
	int64_t until = clock_ms() + REAP_MS;

	kill(child, SIGKILL);
	while (waitpid(child, NULL, WNOHANG) == 0 && clock_ms() < until)
		usleep(NAP_US);
	return (struct answer){.child = child};
}

/* Nobody says more: all that were born here go with it. */
_Noreturn static void
be_nursery(int fd)
{
	for (;;) {
		struct order order;
		union ancillary room;
		struct iovec bytes = {&order, sizeof(order)};
		struct msghdr m = {.msg_iov = &bytes,
		    .msg_iovlen = 1,
		    .msg_control = &room,
		    .msg_controllen = sizeof(room)};
		ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
		struct answer answer;
		int file;

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(order))
			_exit(0);
		file = file_of(&m);
		answer = order.part != NULL ? bear(order.part, file)
					    : end(order.child);
		if (file >= 0)
			close(file);
		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

_Noreturn static void
begin_nursery(int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	/* Nothing of the parent's stays open here: no lock is held by us. */
	dup2(fd, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0U, 0);
	be_nursery(STDERR_FILENO + 1);
}

/* --- its parent -------------------------------------------------------------------- */

bool
nursery_open(struct nursery **out, struct err *e)
{
	struct nursery *n = calloc(1, sizeof(*n));
	int ends[2];

	/* Its end would come with that of the thread. */
	assert(gettid() == getpid());
	if (n == NULL)
		return err_system(e, "memory for a process");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		free(n);
		return err_system(e, "socketpair");
	}
	pthread_mutex_init(&n->lock, NULL);
	n->fd = ends[0];
	n->pid = fork();
	if (n->pid == 0)
		begin_nursery(ends[1]);
	close(ends[1]);
	if (n->pid > 0) {
		*out = n;
		return true;
	}
	err_system(e, "fork");
	close(n->fd);
	free(n);
	return false;
}

bool
nursery_lives(const struct nursery *n)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)n->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

void
nursery_close(struct nursery *n)
{
	if (n == NULL)
		return;
	close(n->fd);
	while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR)
		;
	pthread_mutex_destroy(&n->lock);
	free(n);
}

static bool
ask(struct nursery *n, struct msghdr *m, struct answer *out)
{
	ssize_t got = -1;

	pthread_mutex_lock(&n->lock);
	if (sendmsg(n->fd, m, MSG_NOSIGNAL) >= 0)
		do
			got = recv(n->fd, out, sizeof(*out), 0);
		while (got < 0 && errno == EINTR);
	pthread_mutex_unlock(&n->lock);
	return got == sizeof(*out);
}

bool
nursery_bear(struct nursery *n, const struct aside_part *part, int fd,
    pid_t *child, struct err *e)
{
	struct order order = {.part = part};
	struct answer answer;
	union ancillary room;
	struct iovec bytes = {&order, sizeof(order)};
	struct msghdr m = {.msg_iov = &bytes,
	    .msg_iovlen = 1,
	    .msg_control = &room,
	    .msg_controllen = sizeof(room)};

	memset(&room, 0, sizeof(room));
	room.head.cmsg_level = SOL_SOCKET;
	room.head.cmsg_type = SCM_RIGHTS;
	room.head.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&room.head), &fd, sizeof(fd));
	if (!ask(n, &m, &answer))
		return err_set(e, ERR_SYSTEM,
		    "the process that makes those for %s ended: start this "
		    "program again",
		    part->who);
	errno = answer.error;
	if (answer.child == 0)
		return err_system(e, "fork");
	*child = answer.child;
	return true;
}

void
nursery_end(struct nursery *n, pid_t child)
{
	struct order order = {.child = child};
	struct answer answer;
	struct iovec bytes = {&order, sizeof(order)};
	struct msghdr m = {.msg_iov = &bytes, .msg_iovlen = 1};

	(void)ask(n, &m, &answer);
}
