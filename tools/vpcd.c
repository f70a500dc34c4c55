/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/vpcd.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum vpcd_kind
vpcd_kind(const uint8_t *message, size_t len)
{
	if (len > 1)
		return VPCD_COMMAND;
	switch (len == 1 ? message[0] : 0xff) {
	case 0: return VPCD_OFF;
	case 1: return VPCD_ON;
	case 2: return VPCD_RESET;
	case 4: return VPCD_ATR;
	default: return VPCD_NOTHING;
	}
}

static bool
gone(struct err *e)
{
	return err_set(e, ERR_ABSENT, "the reader went away");
}

bool
vpcd_connect(struct vpcd *v, const char *host, unsigned port, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all, *a;
	char service[16];
	int one = 1;

	v->fd = -1;
	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &all) != 0)
		return err_set(e, ERR_CONFIG, "no such host: %s", host);
	for (a = all; a != NULL && v->fd < 0; a = a->ai_next) {
		v->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (v->fd >= 0 &&
		    connect(v->fd, a->ai_addr, a->ai_addrlen) != 0)
			vpcd_close(v);
	}
	freeaddrinfo(all);
	if (v->fd < 0)
		return err_set(e, ERR_ABSENT,
		    "no virtual reader at %s:%u: is pcscd with vpcd running?",
		    host, port);
	setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return true;
}

void
vpcd_close(struct vpcd *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
}

/* The reader of Debian 12 sends length and bytes in two segments, and its
 * second waits for our acknowledgement: 40 ms, unless it goes out at once.  The
 * kernel forgets that wish, so it is said each time. */
static bool
read_whole(struct vpcd *v, uint8_t *out, size_t len, struct err *e)
{
	int one = 1;

	while (len > 0) {
		ssize_t n = recv(v->fd, out, len, 0);

		/* A signal: the caller sees what it wants of it. */
		if (n < 0 && errno == EINTR)
			return err_set(e, ERR_ABSENT, "the card is taken out");
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return gone(e);
		if (n < 0)
			return err_system(e, "reading from the reader");
		setsockopt(v->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
		out += n;
		len -= (size_t)n;
	}
	return true;
}

bool
vpcd_read(struct vpcd *v, enum vpcd_kind *kind, const uint8_t **bytes,
    size_t *len, struct err *e)
{
	uint8_t head[2];

	if (!read_whole(v, head, sizeof(head), e))
		return false;
	*len = (size_t)head[0] << 8 | head[1];
	if (!read_whole(v, v->message, *len, e))
		return false;
	*bytes = v->message;
	*kind = vpcd_kind(v->message, *len);
	return true;
}

bool
vpcd_answer(struct vpcd *v, const uint8_t *bytes, size_t len, struct err *e)
{
	size_t done = 0;

	if (len == 0 || len > VPCD_MESSAGE_MAX)
		return err_set(e, ERR_SYSTEM, "an answer of %zu bytes", len);
	/* in one segment */
	v->message[0] = (uint8_t)(len >> 8);
	v->message[1] = (uint8_t)len;
	memmove(v->message + 2, bytes, len);
	while (done < len + 2) {
		ssize_t n = send(
		    v->fd, v->message + done, len + 2 - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return gone(e);
		if (n < 0)
			return err_system(e, "writing to the reader");
		done += (size_t)n;
	}
	return true;
}
