/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fatal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long fatal, calls;
static enum fatal way;
static void (*tell)(void);

void
fatal_at(long n, enum fatal how, void (*met)(void))
{
	fatal = n;
	way = how;
	tell = met;
	calls = 0;
}

/* The n-th call; where the disk is full, each one after it too. */
static bool
is_fatal(enum fatal how)
{
	bool is = fatal > 0 && way == how && calls >= fatal;

	if (is && tell) {
		tell();
		tell = NULL;
	}
	return is;
}

static void
die(void)
{
	syscall(SYS_exit_group, FATAL_DEAD);
}

/* Before a call that is done whole or not at all. */
static void
count(void)
{
	calls++;
	if (is_fatal(FATAL_DIES))
		die();
}

static ssize_t
put(int fd, const void *ptr, size_t len, off_t at)
{
	bool counts = fd > STDERR_FILENO, last;
	ssize_t n;

	calls += counts;
	if (counts && is_fatal(FATAL_FULL)) {
		errno = ENOSPC;
		return -1;
	}
	last = counts && is_fatal(FATAL_DIES);
	if (last)
		len /= 2;
	n = at < 0 ? syscall(SYS_write, fd, ptr, len)
		   : syscall(SYS_pwrite64, fd, ptr, len, at);
	if (last)
		die();
	return n;
}

ssize_t
write(int fd, const void *ptr, size_t len)
{
	return put(fd, ptr, len, -1);
}

ssize_t
pwrite(int fd, const void *ptr, size_t len, off_t offset)
{
	return put(fd, ptr, len, offset);
}

int
ftruncate(int fd, off_t len)
{
	count();
	return (int)syscall(SYS_ftruncate, fd, len);
}

#if !defined(_FILE_OFFSET_BITS) || _FILE_OFFSET_BITS != 64
ssize_t
pwrite64(int fd, const void *ptr, size_t len, off64_t offset)
{
	return put(fd, ptr, len, offset);
}

int
ftruncate64(int fd, off64_t len)
{
	return ftruncate(fd, len);
}
#endif

int
fsync(int fd)
{
	count();
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	count();
	return (int)syscall(SYS_fdatasync, fd);
}

int
rename(const char *from, const char *to)
{
	count();
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
link(const char *from, const char *to)
{
	count();
	return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
	count();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
