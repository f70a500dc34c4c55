/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/swtpm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/test.h"

#define START_MS 10000

int
swtpm_installed(void)
{
	return access("/usr/bin/swtpm", X_OK) == 0;
}

static int
tcp_at(int port, int (*use)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = use(fd, (const struct sockaddr *)&at, sizeof(at));

	close(fd);
	return result;
}

/* Two that nobody listens at, below those of lib.sh. */
static int
free_ports(void)
{
	for (int i = 0; i < 5000; i++) {
		int port = 10000 + (getpid() + i) % 5000 * 2;

		if (tcp_at(port, bind) == 0 && tcp_at(port + 1, bind) == 0)
			return port;
	}
	return 0;
}

static _Noreturn void
run(const struct swtpm *t)
{
	char state[80], server[80], ctrl[80];
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(state, sizeof(state), "dir=%s", t->folder);
	snprintf(server, sizeof(server), "type=tcp,bindaddr=127.0.0.1,port=%d",
	    t->port);
	snprintf(ctrl, sizeof(ctrl), "type=tcp,bindaddr=127.0.0.1,port=%d",
	    t->port + 1);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execl("/usr/bin/swtpm", "swtpm", "socket", "--tpm2", "--tpmstate",
	    state, "--server", server, "--ctrl", ctrl, "--flags",
	    "not-need-init,startup-clear", (char *)NULL);
	_exit(127);
}

void
swtpm_start(struct swtpm *t, const char *folder)
{
	int64_t end = clock_ms() + START_MS;

	snprintf(t->folder, sizeof(t->folder), "%s", folder);
	ok(mkdir(folder, 0700) == 0 || errno == EEXIST, "folder of a TPM");
	if (t->port == 0)
		t->port = free_ports();
	snprintf(t->guard, sizeof(t->guard),
	    "tpm:?tcti=swtpm:host=127.0.0.1,port=%d", t->port);
	t->pid = fork();
	ok(t->pid >= 0, "fork");
	if (t->pid == 0)
		run(t);
	while (tcp_at(t->port + 1, connect) != 0) {
		ok(clock_ms() < end, "swtpm is on");
		usleep(20000);
	}
}

void
swtpm_kill(struct swtpm *t)
{
	if (t->pid == 0)
		return;
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	t->pid = 0;
}
