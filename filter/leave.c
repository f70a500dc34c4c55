/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/log.h"
#include "base/sandbox.h"
#include "filter/leave.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH	    2 /* a job's folder has the renderers' in it */
#define TRIES	    3 /* a listing may skip names while others go */
#define STACK_BYTES (64 * 1024)

/* The process's, as its signal handlers are. */
static char left_folder[PATH_MAX];

/* opendir(3) allocates, and the heap may be what broke. */
static void
empty_folder(int fd, int depth)
{
	_Alignas(struct dirent64) char names[4096];
	long n;

	while ((n = syscall(SYS_getdents64, fd, names, sizeof(names))) > 0)
		for (long at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(names + at);
			int inner;

			at += d->d_reclen;
			if (strcmp(d->d_name, ".") == 0 ||
			    strcmp(d->d_name, "..") == 0 ||
			    unlinkat(fd, d->d_name, 0) == 0 || depth == 1)
				continue;
			inner = openat(fd, d->d_name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (inner < 0)
				continue;
			empty_folder(inner, depth - 1);
			close(inner);
			(void)unlinkat(fd, d->d_name, AT_REMOVEDIR);
		}
}

void
leave_remove(const char *folder)
{
	for (int i = 0; i < TRIES; i++) {
		int fd = open(
		    folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return;
		empty_folder(fd, DEPTH);
		close(fd);
		if (rmdir(folder) == 0)
			return;
	}
}

void
leave_folder(const char *path)
{
	size_t len = path != NULL ? strlen(path) : 0;

	left_folder[0] = '\0';
	if (len == 0 || len >= sizeof(left_folder))
		return;
	/* The first byte last: a signal finds all or nothing. */
	memcpy(left_folder + 1, path + 1, len);
	*(volatile char *)left_folder = path[0];
}

noreturn void
leave_now(const char *line)
{
	bool said = write(STDERR_FILENO, line, strlen(line)) > 0;

	log_heard();
	sandbox_kill_all();
	if (left_folder[0] != '\0')
		leave_remove(left_folder);
	_exit(said ? 1 : 2);
}

#ifdef WITH_SANITIZERS
void
leave_on_crash(void)
{
	/* AddressSanitizer has more to say. */
}
#else
static void
on_crash(int number)
{
	(void)number;
	leave_now("ERROR: The document made a library of the filter fail; "
		  "it was not printed to its end\n");
}

void
leave_on_crash(void)
{
	static const int crashes[] = {
	    SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
	static char stack[STACK_BYTES];
	const stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction end = {
	    .sa_handler = on_crash, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND};

	(void)sigaltstack(&other, NULL);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		(void)sigaction(crashes[i], &end, NULL);
}
#endif
