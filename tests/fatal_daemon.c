/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fatal_daemon: postage-vaultd with fatal.c in it.  The file FOLDER/JOB.ROLE
 * (FOLDER: $POSTAGE_FATAL; JOB: the scheduler's number; ROLE: 1 filter, 2
 * backend) holds a number and "die" or "full": what goes wrong for the next
 * connections of that job and role.  The file's name gets ".met" when it did.
 *
 * The daemon tells its child's job by the lock that it takes (serve.c): that is
 * where the counting begins.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fatal.h"

/* "…/job-HASH-JOB.ROLE" -> "JOB.ROLE"; NULL = another file. */
static const char *
job_of(char *path)
{
	char *name = strrchr(path, '/'), *dash;

	if (name == NULL || strncmp(name, "/job-", 5) != 0)
		return NULL;
	dash = strrchr(name, '-');
	return dash + 1;
}

static char planned[PATH_MAX], met[PATH_MAX + 8];

static void
note_met(void)
{
	syscall(SYS_renameat2, AT_FDCWD, planned, AT_FDCWD, met, 0);
}

static void
plan(const char *job)
{
	const char *folder = getenv("POSTAGE_FATAL");
	char how[8] = "";
	long n = 0;
	FILE *f;

	snprintf(planned, sizeof(planned), "%s/%s", folder ? folder : "", job);
	snprintf(met, sizeof(met), "%s.met", planned);
	f = fopen(planned, "r");
	if (f == NULL)
		return;
	if (fscanf(f, "%ld %7s", &n, how) != 2)
		n = 0;
	fclose(f);
	fatal_at(
	    n, strcmp(how, "full") == 0 ? FATAL_FULL : FATAL_DIES, note_met);
}

int
flock(int fd, int how)
{
	char link[64], path[PATH_MAX];
	int done = (int)syscall(SYS_flock, fd, how);
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (done != 0 || len < 0)
		return done;
	path[len] = '\0';
	if (job_of(path))
		plan(job_of(path));
	return done;
}
