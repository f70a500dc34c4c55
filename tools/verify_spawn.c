/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_spawn: programs and parts of this one that read what others made.
 * All run in a sandbox (base/sandbox.h), as nobody where root started us.
 */
#include "tools/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sandbox.h"

#define CPU_S	  3600 /* for one file */
#define SILENCE_S 300  /* until a reader that says nothing is ended */
#define COPY_MAX  ((uint64_t)1 << 31)
#define PIPE_SIZE (1 << 20)

/* --- what they say ------------------------------------------------- */

static ssize_t
patient_read(void *cookie, char *out, size_t len)
{
	struct pollfd p = {.fd = (int)(intptr_t)cookie, .events = POLLIN};

	for (;;) {
		int n = poll(&p, 1, SILENCE_S * 1000);
		ssize_t got = n > 0 ? read(p.fd, out, len) : -1;

		if (n == 0)
			errno = ETIMEDOUT;
		if (got >= 0 || errno != EINTR)
			return got;
	}
}

static int
patient_close(void *cookie)
{
	return close((int)(intptr_t)cookie);
}

/* Takes over `fd`, also where it fails. */
static bool
patient_open(int fd, FILE **out)
{
	*out = fopencookie((void *)(intptr_t)fd, "rb",
	    (cookie_io_functions_t){
		.read = patient_read, .close = patient_close});
	if (*out == NULL)
		close(fd);
	return *out != NULL;
}

bool
spawn_write(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

int
spawn_close(pid_t pid, FILE *out)
{
	bool ended = feof(out);
	int status = -1;

	fclose(out);
	if (!ended)
		sandbox_kill(pid);
	else if (!sandbox_wait(pid, &status))
		status = -1;
	return status;
}

/* --- starting them --------------------------------------------------------- */

static struct sandbox
common(int in_fd, int out_fd)
{
	return (struct sandbox){.in_fd = in_fd,
	    .out_fd = out_fd,
	    .memory_bytes = sandbox_memory(),
	    .file_bytes = 0,
	    .cpu_s = CPU_S,
	    .confine = (sandbox_features() & SANDBOX_SECCOMP) != 0,
	    .nobody = true};
}

/* Where root would run what another user could put there, or where $PATH
 * leads, is not looked. */
static bool
find_program(const char *name, char *path, size_t size)
{
	static const char *const folders[] = {
	    "/usr/bin", "/bin", "/usr/local/bin"};
	size_t count = getuid() == 0 || geteuid() == 0 ? 2 : 3;

	for (size_t i = 0; i < count; i++)
		if (snprintf(path, size, "%s/%s", folders[i], name) <
			(int)size &&
		    access(path, X_OK) == 0)
			return true;
	return false;
}

bool
spawn_installed(const char *name)
{
	char path[PATH_MAX];

	return find_program(name, path, sizeof(path));
}

/* The reading end of the child's pipe; the child is ended where there is none. */
static bool
hear(bool started, const int ends[2], const pid_t *pid, FILE **out,
    struct err *e)
{
	close(ends[1]);
	if (!started) {
		close(ends[0]);
		return false;
	}
	if (patient_open(ends[0], out))
		return true;
	sandbox_kill(*pid);
	return err_system(e, "memory for a pipe");
}

bool
spawn_open(char *const argv[], int in_fd, pid_t *pid, FILE **out, struct err *e)
{
	static char search[] = "PATH=/usr/bin:/bin",
		    locale[] = "LC_ALL=C.UTF-8";
	char *const envp[] = {search, locale, NULL};
	char path[PATH_MAX];
	struct sandbox how;
	int ends[2];
	bool started;

	if (!find_program(argv[0], path, sizeof(path)))
		return err_set(e, ERR_CONFIG, "%s is not installed", argv[0]);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_system(e, "pipe");
	how = common(in_fd, ends[1]);
	how.program = path;
	how.argv = argv;
	how.envp = envp;
	started = sandbox_start(&how, pid, e);
	return hear(started, ends, pid, out, e);
}

bool
spawn_part(int in_fd, int (*part)(void *), void *context, pid_t *pid,
    FILE **out, struct err *e)
{
	struct sandbox how;
	int ends[2];
	bool started;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_system(e, "pipe");
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	how = common(in_fd, ends[1]);
	started = sandbox_fork(&how, part, context, pid, e);
	return hear(started, ends, pid, out, e);
}

/* --- files they may open ---------------------------------------------------- */

bool
spawn_copy(int fd, int *copy, struct err *e)
{
	struct stat st;
	off_t from = 0;
	bool done;

	*copy = memfd_create("document", MFD_CLOEXEC);
	if (*copy < 0)
		return err_system(e, "memory for a file");
	done = fstat(fd, &st) == 0 || err_system(e, "size of a file");
	if (done && (uint64_t)st.st_size > COPY_MAX)
		done = err_set(e, ERR_REQUEST, "larger than %llu bytes",
		    (unsigned long long)COPY_MAX);
	while (done && from < st.st_size) {
		char bytes[65536];
		ssize_t n = pread(fd, bytes, sizeof(bytes), from);

		if (n <= 0 || write(*copy, bytes, (size_t)n) != n)
			done = err_set(e, ERR_SYSTEM, "a file cannot be read");
		from += n > 0 ? n : 0;
	}
	if (done && lseek(*copy, 0, SEEK_SET) == 0)
		return true;
	close(*copy);
	*copy = -1;
	return done && err_system(e, "a copy of a file");
}
