/* SPDX-License-Identifier: Apache-2.0 */
#include "base/notify.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

#define SAID_IN_TIME (4 * 1000) /* microseconds of systemd, a quarter of them */

/* One datagram. */
static void
send_to(const struct sockaddr_un *to, socklen_t len, const char *state)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	/* nobody need listen */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)to, len);
	close(fd);
}

void
notify_say(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;

	if (len == 0 || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	send_to(&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len),
	    state);
}

int
notify_period_ms(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t number;

	if (us == NULL || getenv("NOTIFY_SOCKET") == NULL)
		return 0;
	if (pid != NULL &&
	    (!text_to_u64(pid, INT_MAX, &number) || (pid_t)number != getpid()))
		return 0; /* of another process */
	if (!text_to_u64(us, (uint64_t)INT_MAX * SAID_IN_TIME, &number))
		return 0;
	number /= SAID_IN_TIME;
	return number > 0 ? (int)number : 1;
}
