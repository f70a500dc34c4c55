/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile document cannot make of the process that reads it. */
#include "config.h"

#include "tests/test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "filter/bounds.h"
#include "filter/crew.h"
#include "filter/leave.h"

/* Runs `body` in a process of its own: its exit code, and its stderr. */
static int
apart(int (*body)(void), char said[256])
{
	int ends[2], status = 0;
	ssize_t len;
	pid_t pid;

	ok(pipe(ends) == 0, "pipe");
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		_exit(body());
	}
	close(ends[1]);
	len = read(ends[0], said, 255);
	said[len > 0 ? len : 0] = '\0';
	close(ends[0]);
	ok(waitpid(pid, &status, 0) == pid, "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int
go_round(void)
{
	bounds_set_page(1);
	bounds_work(1);
	for (volatile int i = 0; clock() < 20 * CLOCKS_PER_SEC; i++)
		;
	return 0;
}

static int
wait_for_nobody(void)
{
	bounds_set_page(1);
	bounds_work(1);
	for (int i = 0; i < 20; i++)
		sleep(1);
	return 0;
}

static int
go_round_a_little(void)
{
	bounds_set_page(1);
	bounds_work(1);
	bounds_work(0);
	for (volatile int i = 0; clock() < 2 * CLOCKS_PER_SEC; i++)
		;
	return 0;
}

static int
be_greedy(void)
{
	struct err e = ERR_INIT;

	if (!bounds_enter(&e))
		return 9;
	return mmap(NULL, sandbox_memory(), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		   0) == MAP_FAILED
		   ? 0
		   : 1;
}

static int
be_seen(void)
{
	struct rlimit core;
	struct err e = ERR_INIT;

	if (!bounds_enter(&e) || getrlimit(RLIMIT_CORE, &core) != 0)
		return 9;
	return core.rlim_max != 0 ? 1
	       : prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0
		   ? 2
		   : prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

static void
work_without_end_ends_with_a_sentence(void **state)
{
	char said[256];

	(void)state;
	is_int(apart(go_round, said), 1, "exit code");
	ok(strncmp(said, "ERROR: ", 7) == 0, said);
	ok(said[0] && said[strlen(said) - 1] == '\n', "a whole line");
	is_int(apart(go_round_a_little, said), 0, "the limit was taken away");
	is_int(apart(wait_for_nobody, said), 1, "by the clock");
	ok(strncmp(said, "ERROR: ", 7) == 0, said);
}

static void
memory_has_an_end(void **state)
{
	char said[256];

	(void)state;
	ok(sandbox_memory() >= (uint64_t)1 << 30, "not too little");
	ok(sandbox_memory() <= (uint64_t)4 << 30, "not too much");
#ifndef WITH_SANITIZERS
	is_int(apart(be_greedy, said), 0, "more is refused");
#else
	(void)be_greedy;
	(void)said;
#endif
}

static void
nobody_looks_into_the_filter(void **state)
{
	char said[256];

	(void)state;
	is_int(apart(be_seen, said), 0, "core, debugger, privileges");
}

/* A job's folder with a renderer that goes on writing into a folder of it. */
static char folder[PATH_MAX];

static void
litter(void)
{
	char inner[PATH_MAX + 8];
	char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
	    (char *)(uintptr_t) "while :; do : >a$$; : >b$$; rm a$$; done",
	    NULL};
	char *envp[] = {NULL};
	const char *readable[] = {NULL};
	struct sandbox how = {.program = "/bin/sh",
	    .argv = argv,
	    .envp = envp,
	    .folder = inner,
	    .readable = readable,
	    .out_fd = STDOUT_FILENO,
	    .err_fd = STDOUT_FILENO,
	    .memory_bytes = sandbox_memory(),
	    .file_bytes = 4096,
	    .cpu_s = 60};
	struct err e = ERR_INIT;
	pid_t pid;

	snprintf(inner, sizeof(inner), "%s/inner", folder);
	leave_folder(folder);
	if (mkdir(inner, 0700) != 0 || !sandbox_start(&how, &pid, &e))
		_exit(9);
	usleep(100000);
}

static int
run_out_of_time(void)
{
	litter();
	return wait_for_nobody();
}

static bool
is_left(int (*body)(void), char said[256])
{
	strcpy(folder, "/tmp/postage-bounds-XXXXXX");
	ok(mkdtemp(folder) != NULL, "a folder");
	is_int(apart(body, said), 1, "exit code");
	ok(strncmp(said, "ERROR: ", 7) == 0, said);
	return access(folder, F_OK) != 0;
}

static void
time_that_is_up_leaves_nothing_behind(void **state)
{
	char said[256];

	(void)state;
	ok(is_left(run_out_of_time, said), folder);
}

#ifndef WITH_SANITIZERS
static int
use_nothing(void)
{
	int *volatile nothing = NULL;

	litter();
	leave_on_crash();
	/* cppcheck-suppress nullPointer ; this is the crash */
	return *nothing;
}

static int
go_deeper(int depth)
{
	volatile char room[4096];

	room[0] = (char)depth;
	return depth < 0 ? 0 : go_deeper(depth + room[0] % 2 + 1) + room[0];
}

static int
go_too_deep(void)
{
	litter();
	leave_on_crash();
	return go_deeper(0);
}

static int
give_up(void)
{
	litter();
	leave_on_crash();
	abort();
}

static void
use_nothing_there(struct crew_job *job, int hand)
{
	volatile int *volatile nothing = NULL;

	(void)job;
	/* cppcheck-suppress nullPointer ; this is the crash */
	*nothing = hand;
}

static int
crash_in_a_thread(void)
{
	struct crew_job job = {.work = use_nothing_there};
	struct err e = ERR_INIT;
	struct crew *crew;

	litter();
	leave_on_crash();
	if (!crew_open(1, &crew, &e) || !crew_give(crew, &job))
		return 9;
	crew_wait(crew, &job);
	return 0;
}

static void
a_crash_leaves_nothing_behind(void **state)
{
	char said[256];

	(void)state;
	ok(is_left(use_nothing, said), folder);
	ok(is_left(go_too_deep, said), folder);
	ok(is_left(give_up, said), folder);
	ok(is_left(crash_in_a_thread, said), folder);
}
#endif

/* What is left to who takes over the filter once it is shut in: the sum of what
 * it could do all the same. */
static int
try_the_walls(void)
{
	char path[PATH_MAX + 8];
	struct sandbox how = {.folder = folder,
	    .parent = "/tmp",
	    .readable = NULL,
	    .confine = true};
	struct err e = ERR_INIT;
	int done = 0, fd, status = -1;
	pid_t pid;

	if (!sandbox_enter(&how, &e))
		return 100;
	done |= socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 1 : 0;
	done |= open("/etc/passwd", O_RDONLY) >= 0 ? 2 : 0;
	done |=
	    open("/tmp/t_bounds-other", O_WRONLY | O_CREAT, 0600) >= 0 ? 4 : 0;
	done |= ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ? 8 : 0;
	snprintf(path, sizeof(path), "%s/mine", folder);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || close(fd) != 0 || unlink(path) != 0)
		return 101;
	pid = fork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return 102;
	return rmdir(folder) == 0 ? done : 103;
}

static void
the_filter_shuts_itself_in(void **state)
{
	unsigned all = SANDBOX_SECCOMP | SANDBOX_LANDLOCK;
	char said[256];

	(void)state;
	if ((sandbox_features() & all) != all)
		skip();
	strcpy(folder, "/tmp/postage-bounds-XXXXXX");
	ok(mkdtemp(folder) != NULL, "a folder");
	is_int(apart(try_the_walls, said), 0, "what it could do");
	ok(access(folder, F_OK) != 0, "its folder is gone");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_filter_shuts_itself_in),
	    T(work_without_end_ends_with_a_sentence),
	    T(time_that_is_up_leaves_nothing_behind),
#ifndef WITH_SANITIZERS
	    T(a_crash_leaves_nothing_behind),
#endif
	    T(memory_has_an_end),
	    T(nobody_looks_into_the_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
