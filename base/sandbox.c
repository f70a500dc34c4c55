/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"

#define RUNNING_MAX 16 /* more end with this process, a little later */
#define MEMORY_MIN  ((uint64_t)1 << 30)
#define MEMORY_MAX  ((uint64_t)4 << 30)

/* For a signal's handler: what runs, 0 where nothing does. */
static volatile pid_t running[RUNNING_MAX];

/* What failed goes to the parent; the pipe's end means that nothing did. */
struct failed {
	int error;
	char step;
};

/* The child's descriptors. */
enum { FD_IN, FD_OUT, FD_ERR, FD_REPORT, FD_RULESET, FDS };

struct start {
	const struct sandbox *how;
	struct confine *confine;
	sandbox_work *work; /* NULL: the program */
	void *context;
	int report;
};

static bool
enter_plumbing(struct start *s)
{
	const struct sandbox *how = s->how;
	int null = open("/dev/null", O_RDWR);
	int wanted[FDS] = {[FD_IN] = how->in_fd > 0 ? how->in_fd : null,
	    [FD_OUT] = how->out_fd,
	    [FD_ERR] = how->err_fd > 0 ? how->err_fd : null,
	    [FD_REPORT] = s->report,
	    [FD_RULESET] =
		s->confine->ruleset >= 0 ? s->confine->ruleset : null};

	if (null < 0 || setpgid(0, 0) != 0 ||
	    chdir(how->folder != NULL ? how->folder : "/") != 0)
		return false;
	/* Out of each other's way first. */
	for (int i = 0; i < FDS; i++)
		if ((wanted[i] = fcntl(wanted[i], F_DUPFD, FDS)) < 0)
			return false;
	for (int i = 0; i < FDS; i++)
		if (dup2(wanted[i], i) < 0)
			return false;
	if (s->confine->ruleset >= 0)
		s->confine->ruleset = FD_RULESET;
	else
		close(FD_RULESET);
	s->report = FD_REPORT;
	return fcntl(FD_REPORT, F_SETFD, FD_CLOEXEC) == 0 &&
	       syscall(SYS_close_range, FDS, ~0U, 0) == 0;
}

/* In the child: never returns. */
static void
enter(struct start *s)
{
	struct failed failed = {0, 'p'};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (enter_plumbing(s) &&
	    confine_enter(s->how, s->confine, &failed.step)) {
		if (s->work != NULL) {
			close(s->report);
			_exit(s->work(s->context));
		}
		failed.step = 'x';
		execve(s->how->program, s->how->argv, s->how->envp);
	}
	failed.error = errno;
	if (write(s->report, &failed, sizeof(failed)) < 0)
		_exit(126);
	_exit(127);
}

static bool
started(const struct start *s, int report, pid_t pid, struct err *e)
{
	const char *name = s->work != NULL ? "a reader" : s->how->program;
	struct failed failed;
	ssize_t n;

	do
		n = read(report, &failed, sizeof(failed));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return true;
	waitpid(pid, NULL, 0);
	if (n != (ssize_t)sizeof(failed))
		return err_set(e, ERR_SYSTEM, "starting %s failed", name);
	errno = failed.error;
	if (failed.step == 'x' && failed.error == ENOENT)
		return err_set(e, ERR_CONFIG, "%s is not installed", name);
	return err_system(e, "starting %s (step %c)", name, failed.step);
}

static void
running_change(pid_t from, pid_t to)
{
	for (size_t i = 0; i < RUNNING_MAX; i++)
		if (running[i] == from) {
			running[i] = to;
			return;
		}
}

/* Forks; `report` is the parent's end of s->report. */
static bool
fork_child(struct start *s, int report, pid_t *pid, struct err *e)
{
	bool done;

	*pid = fork();
	if (*pid == 0)
		enter(s);
	if (*pid < 0)
		return err_system(e, "fork");
	running_change(0, *pid);
	close(s->report);
	s->report = -1;
	done = started(s, report, *pid, e);
	if (!done)
		running_change(*pid, 0);
	return done;
}

static bool
start(struct start *s, pid_t *pid, struct err *e)
{
	struct confine confine;
	int report[2] = {-1, -1};
	bool done = false;

	s->confine = &confine;
	if (!confine_prepare(s->how,
		s->work != NULL ? CONFINE_SEALED : CONFINE_PROGRAM, &confine,
		e))
		goto out;
	if (pipe2(report, O_CLOEXEC) != 0) {
		err_system(e, "pipe");
		goto out;
	}
	s->report = report[1];
	done = fork_child(s, report[0], pid, e);
	report[1] = s->report;
out:
	for (int i = 0; i < 2; i++)
		if (report[i] >= 0)
			close(report[i]);
	confine_free(&confine);
	s->confine = NULL;
	return done;
}

bool
sandbox_start(const struct sandbox *how, pid_t *pid, struct err *e)
{
	struct start s = {.how = how, .report = -1};

	return start(&s, pid, e);
}

bool
sandbox_fork(const struct sandbox *how, sandbox_work *work, void *context,
    pid_t *pid, struct err *e)
{
	struct start s = {
	    .how = how, .work = work, .context = context, .report = -1};

	return start(&s, pid, e);
}

bool
sandbox_enter(const struct sandbox *how, struct err *e)
{
	struct confine confine;
	bool done = confine_prepare(how, CONFINE_SELF, &confine, e);

	if (done && !confine_walls(&confine))
		done = err_system(e, "entering the sandbox");
	confine_free(&confine);
	return done;
}

bool
sandbox_wait(pid_t pid, int *status)
{
	pid_t got;

	do
		got = waitpid(pid, status, 0);
	while (got < 0 && errno == EINTR);
	running_change(pid, 0);
	return got == pid;
}

void
sandbox_kill(pid_t pid)
{
	int status;

	if (pid <= 1)
		return;
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	(void)sandbox_wait(pid, &status);
}

void
sandbox_kill_all(void)
{
	for (size_t i = 0; i < RUNNING_MAX; i++)
		sandbox_kill(running[i]);
}

uint64_t
sandbox_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t half = 0;

	if (pages > 0 && size > 0)
		half = (uint64_t)pages * (uint64_t)size / 2;
	if (half < MEMORY_MIN)
		return MEMORY_MIN;
	return half < MEMORY_MAX ? half : MEMORY_MAX;
}
