/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure: what a program and all its children cost.
 *
 *	measure FILE SECONDS PROGRAM [ARGUMENT...]
 *
 * Runs the program and writes "wall cpu rss" to FILE: seconds, seconds, and the
 * megabytes that all of its processes had in memory together at most, looked at
 * every 20 ms.  After SECONDS everything is killed and the exit status is 124;
 * else it is the program's, 128 and more for a signal.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVERY_NS      (20 * 1000 * 1000)
#define PROCESSES_MAX 65536

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Parent and resident pages of a process; false if it is gone. */
static int
look(int pid, int *parent, long *pages)
{
	char path[64], line[1024];
	const char *rest;
	FILE *f;
	int good = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) && (rest = strrchr(line, ')')))
		good = sscanf(rest,
			   ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u "
			   "%*u %*d %*d %*d %*d %*d %*d %*u %*u %ld",
			   parent, pages) == 2;
	fclose(f);
	return good;
}

/* All processes below us: their memory in pages, killed if `end` is set. */
static long
family(int end)
{
	static int pids[PROCESSES_MAX], parents[PROCESSES_MAX];
	static char ours[PROCESSES_MAX];
	static long pages[PROCESSES_MAX];
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int n = 0, more = 1;
	long sum = 0;

	while (d && (entry = readdir(d)) && n < PROCESSES_MAX) {
		pids[n] = atoi(entry->d_name);
		ours[n] = 0;
		if (pids[n] > 0 && look(pids[n], &parents[n], &pages[n]))
			n++;
	}
	if (d)
		closedir(d);
	while (more) {
		more = 0;
		for (int i = 0; i < n; i++) {
			int below = parents[i] == getpid();

			for (int j = 0; j < n && !below; j++)
				below = ours[j] && pids[j] == parents[i];
			more |= below && !ours[i];
			ours[i] |= (char)below;
		}
	}
	for (int i = 0; i < n; i++) {
		sum += ours[i] ? pages[i] : 0;
		if (ours[i] && end)
			kill(pids[i], SIGKILL);
	}
	return sum;
}

int
main(int argc, char **argv)
{
	const struct timespec every = {.tv_nsec = EVERY_NS};
	double start = now(), limit;
	struct rusage used;
	long most = 0, sum;
	int status = 0, late = 0;
	pid_t pid;
	FILE *out;

	if (argc < 4 || (out = fopen(argv[1], "we")) == NULL)
		return 2;
	limit = atof(argv[2]);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = fork();
	if (pid == 0) {
		execvp(argv[3], argv + 3);
		perror(argv[3]);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		late |= now() - start > limit;
		sum = family(late);
		most = sum > most ? sum : most;
		nanosleep(&every, NULL);
	}
	family(1);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	getrusage(RUSAGE_CHILDREN, &used);
	fprintf(out, "%.2f %.2f %ld\n", now() - start,
	    (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
	    most * (sysconf(_SC_PAGESIZE) / 1024) / 1024);
	fclose(out);
	if (late)
		return 124;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
