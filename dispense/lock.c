/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define POLL_MS 50

/* A holder that ended removed the file between our open and our flock. */
static bool
still_there(int fd, const char *path)
{
	struct stat mine, named;

	return fstat(fd, &mine) == 0 && stat(path, &named) == 0 &&
	       mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

/* One try.  True: *fd holds the lock, or is -1 and errno says why not. */
static int
try_lock(const char *path)
{
	for (;;) {
		int fd =
		    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			int saved = errno;

			close(fd);
			errno = saved;
			return -1;
		}
		if (still_there(fd, path))
			return fd;
		close(fd);
	}
}

bool
lock_take(struct lock *l, const char *dir, const char *name, int wait_ms,
    struct err *e)
{
	int64_t deadline = clock_ms() + wait_ms;
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

	l->fd = -1;
	if (snprintf(l->path, sizeof(l->path), "%s/%s", dir, name) >=
	    (int)sizeof(l->path))
		return err_set(e, ERR_CONFIG, "path too long: %s", dir);
	for (;;) {
		l->fd = try_lock(l->path);
		if (l->fd >= 0)
			return true;
		if (errno != EWOULDBLOCK)
			return err_system(e, "lock %s", l->path);
		if (clock_ms() >= deadline)
			return err_set(e, ERR_BUSY,
			    "another run of this job still holds %s after "
			    "%d s; it is tried again",
			    l->path, wait_ms / 1000);
		nanosleep(&pause, NULL);
	}
}

bool
lock_job(struct lock *l, const char *dir, const struct job *job,
    enum client_role role, int wait_ms, struct err *e)
{
	char name[64];
	uint64_t hash = 14695981039346656037U; /* FNV-1a of the queue's name */

	for (const char *c = job->queue; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 1099511628211U;
	snprintf(name, sizeof(name), "job-%016llx-%u.%d",
	    (unsigned long long)hash, job->id, (int)role);
	return lock_take(l, dir, name, wait_ms, e);
}

void
lock_release(struct lock *l)
{
	if (l->fd < 0)
		return;
	unlink(l->path);
	close(l->fd);
	l->fd = -1;
}
