/* SPDX-License-Identifier: Apache-2.0 */
#include "base/flock.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

#define POLL_MS 5

bool
flock_wait(int fd, int mode, int wait_ms)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

	for (int waited = 0; flock(fd, mode | LOCK_NB) != 0;
	     waited += POLL_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (waited >= wait_ms) {
			errno = EWOULDBLOCK;
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return true;
}
