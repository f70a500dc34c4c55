/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/alarm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define PAUSE_NS 20000000

static bool
split(char *command, char *argv[ALARM_WORDS + 1], struct err *e)
{
	char *rest = NULL;
	int n = 0;

	for (char *word = strtok_r(command, " \t", &rest); word;
	     word = strtok_r(NULL, " \t", &rest)) {
		if (n == ALARM_WORDS)
			return err_set(e, ERR_CONFIG,
			    "[daemon] alarm has over %d words", ALARM_WORDS);
		argv[n++] = word;
	}
	argv[n] = NULL;
	return n > 0 || err_set(e, ERR_CONFIG, "[daemon] alarm is empty");
}

/* Nothing of ours is left open to it but the text. */
static void
become_command(int input, char **argv)
{
	struct sigaction plain = {.sa_handler = SIG_DFL};
	int nothing = open("/dev/null", O_RDWR);

	sigaction(SIGPIPE, &plain, NULL);
	if (argv[0] == NULL || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(nothing, STDOUT_FILENO) < 0 ||
	    dup2(nothing, STDERR_FILENO) < 0 ||
	    close_range(STDERR_FILENO + 1, ~0U, 0) != 0 || chdir("/") != 0)
		_exit(126);
	execv(argv[0], argv);
	_exit(127);
}

static bool
wait_for(pid_t pid, const char *name, struct err *e)
{
	struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct timespec start, now;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got < 0 && errno != EINTR)
			return err_system(e, "wait for %s", name);
		if (got == pid)
			break;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec >= ALARM_LIMIT_S) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return err_set(e, ERR_SYSTEM,
			    "alarm %s: killed after %d s", name, ALARM_LIMIT_S);
		}
		nanosleep(&pause, NULL);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return err_set(e, ERR_SYSTEM, "alarm %s: ended with %s %d", name,
	    WIFEXITED(status) ? "code" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

bool
alarm_run(const char *command, const char *text, struct err *e)
{
	char words[512], line[1024], *argv[ALARM_WORDS + 1];
	int ends[2], len;
	pid_t pid;

	if (!text_copy(words, sizeof(words), command))
		return err_set(e, ERR_CONFIG, "[daemon] alarm is too long");
	if (!split(words, argv, e))
		return false;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_system(e, "pipe");
	/* A line fits into the pipe: nobody has to read it. */
	len = snprintf(line, sizeof(line), "%.1000s\n", text);
	if (write(ends[1], line, (size_t)len) != len) {
		err_system(e, "write to a pipe");
		close(ends[0]);
		close(ends[1]);
		return false;
	}
	close(ends[1]);
	pid = fork();
	if (pid == 0)
		become_command(ends[0], argv);
	close(ends[0]);
	return pid < 0 ? err_system(e, "fork") : wait_for(pid, argv[0], e);
}
