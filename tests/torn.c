/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/torn.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/test.h"

#define DIED 9
#define STEP 64 /* bytes between two that are mixed: it is slow */

struct torn torn;

const size_t torn_cuts[TORN_CUTS] = {0, 1, 8, 12, 16, 20, 500, 2300, 4096, 8192,
    SLOT_BYTES - 33, SLOT_BYTES - 32, SLOT_BYTES - 1, SLOT_BYTES};

ssize_t __real_pwrite(int fd, const void *ptr, size_t len, off_t offset);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __real_unlink(const char *path);
ssize_t __wrap_pwrite(int fd, const void *ptr, size_t len, off_t offset);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_unlink(const char *path);

static bool
is_due(void)
{
	return ++torn.seen == torn.at;
}

/* Some bits of the new byte, the others of the old one. */
static bool
mix(int fd, uint8_t byte, off_t at)
{
	uint8_t mask = (uint8_t)rand(), old = 0;

	if (pread(fd, &old, 1, at) < 0)
		return false;
	byte = (uint8_t)((byte & mask) | (old & ~mask));
	return __real_pwrite(fd, &byte, 1, at) == 1;
}

static _Noreturn void
tear(int fd, const uint8_t *ptr, size_t len, off_t offset)
{
	size_t cut = torn.cut < len ? torn.cut : len;
	bool done = __real_pwrite(fd, ptr, cut, offset) == (ssize_t)cut;

	srand((unsigned)torn.cut);
	for (size_t i = cut; torn.mode == TORN_FLIPPED && i < len; i += STEP)
		done = done && mix(fd, ptr[i], offset + (off_t)i);
	_exit(done ? DIED : 1);
}

ssize_t
__wrap_pwrite(int fd, const void *ptr, size_t len, off_t offset)
{
	bool due = is_due();
	ssize_t n;

	if (due && torn.mode == TORN_BEFORE)
		_exit(DIED);
	if (due && torn.mode != TORN_AFTER)
		tear(fd, ptr, len, offset);
	n = __real_pwrite(fd, ptr, len, offset);
	torn_end(due);
	return n;
}

bool
torn_begin(void)
{
	/* what cannot be cut is not met again by each cut */
	bool due = torn.mode < TORN_CUT && is_due();

	if (due && torn.mode == TORN_BEFORE)
		_exit(DIED);
	return due;
}

void
torn_end(bool due)
{
	if (due)
		_exit(DIED);
}

#define WHOLE(call)                      \
	do {                             \
		bool due = torn_begin(); \
		int result = call;       \
		torn_end(due);           \
		return result;           \
	} while (0)

int
__wrap_fdatasync(int fd)
{
	WHOLE(__real_fdatasync(fd));
}

int
__wrap_fsync(int fd)
{
	WHOLE(__real_fsync(fd));
}

int
__wrap_rename(const char *from, const char *to)
{
	WHOLE(__real_rename(from, to));
}

int
__wrap_link(const char *from, const char *to)
{
	WHOLE(__real_link(from, to));
}

int
__wrap_unlink(const char *path)
{
	WHOLE(__real_unlink(path));
}

ssize_t
torn_write(int fd, const void *ptr, size_t len)
{
	return __real_pwrite(fd, ptr, len, 0);
}

void
torn_unlink(const char *path)
{
	(void)__real_unlink(path);
}

bool
torn_died(torn_run *run, long at, enum torn_mode mode, size_t cut)
{
	int status;
	pid_t child = fork();

	ok(child >= 0, "fork");
	if (child == 0) {
		torn = (struct torn){.at = at, .mode = mode, .cut = cut};
		_exit(run() ? 0 : 1);
	}
	is_int(waitpid(child, &status, 0), child, "wait");
	ok(WIFEXITED(status), "the child ended by itself");
	ok(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED,
	    "the operation ended well, or died");
	return WEXITSTATUS(status) == DIED;
}
