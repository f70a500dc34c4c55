/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIPE_BYTES (1024 * 1024) /* what a user may have */

void
feed_none(struct feed *f)
{
	f->document = f->end = f->put = -1;
	f->written = 0;
	f->at = f->filled = 0;
}

bool
feed_open(struct feed *f, int document, struct err *e)
{
	int ends[2];

	feed_none(f);
	f->document = document;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_system(e, "pipe");
	f->end = ends[0];
	f->put = ends[1];
	/* O_NONBLOCK of our end alone: the backend waits as ever.  A smaller
	 * pipe than asked for is a slower one. */
	if (fcntl(f->put, F_SETFL, O_NONBLOCK) != 0)
		return err_system(e, "pipe");
	if (fcntl(f->put, F_SETPIPE_SZ, PIPE_BYTES) < 0)
		return true;
	return true;
}

static void
stop(struct feed *f)
{
	if (f->put >= 0)
		close(f->put);
	f->put = -1;
}

/* Reads on.  A document that cannot be read ends there: less is taken than
 * there is, and that is no delivery. */
static bool
refill(struct feed *f)
{
	ssize_t len;

	do
		len = read(f->document, f->bytes, sizeof(f->bytes));
	while (len < 0 && errno == EINTR);
	f->at = 0;
	f->filled = len > 0 ? (size_t)len : 0;
	return len > 0;
}

void
feed_more(struct feed *f)
{
	ssize_t done;

	while (f->put >= 0) {
		if (f->at == f->filled && !refill(f)) {
			stop(f);
			return;
		}
		done = write(f->put, f->bytes + f->at, f->filled - f->at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN)
			return;
		if (done < 0) {
			stop(f);
			return;
		}
		f->at += (size_t)done;
		f->written += (uint64_t)done;
	}
}

uint64_t
feed_end(struct feed *f)
{
	uint64_t left = 0;
	ssize_t len;

	stop(f);
	while (f->end >= 0) {
		len = read(f->end, f->bytes, sizeof(f->bytes));
		if (len > 0)
			left += (uint64_t)len;
		else if (len == 0 || errno != EINTR)
			break;
	}
	if (f->end >= 0)
		close(f->end);
	f->end = -1;
	return f->written - left;
}
