/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtual reader sends to the lab card: orders and commands in frames of
 * vpcd, cut where it likes.  Each command that comes whole is answered whole.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/vpcd.h"
#include "vault/card_apdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool done)
{
	if (!done)
		abort();
}

/* Frames as the protocol says, by hand: how many whole ones there are. */
static size_t
frames(const uint8_t *data, size_t size)
{
	size_t count = 0;

	for (size_t at = 0; size - at >= 2; count++) {
		size_t len = (size_t)data[at] << 8 | data[at + 1];

		if (len > size - at - 2)
			break;
		at += 2 + len;
	}
	return count;
}

static void
answer(struct vpcd *v, int reader, const uint8_t *bytes, size_t len)
{
	static uint8_t got[2 + VPCD_MESSAGE_MAX];
	struct err e = ERR_INIT;
	size_t n = len < CARD_REPLY_MAX ? len : CARD_REPLY_MAX;

	if (n == 0)
		return;
	must(vpcd_answer(v, bytes, n, &e));
	must(recv(reader, got, n + 2, MSG_WAITALL) == (ssize_t)n + 2);
	must((size_t)(got[0] << 8 | got[1]) == n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vpcd v;
	const uint8_t *bytes;
	enum vpcd_kind kind;
	struct err e = ERR_INIT;
	size_t len, count = 0;
	int ends[2];

	/* what a socket holds unread */
	if (size > 65536)
		return 0;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	v.fd = ends[0];
	must(send(ends[1], data, size, MSG_DONTWAIT) == (ssize_t)size ||
	     size == 0);
	must(shutdown(ends[1], SHUT_WR) == 0);
	while (vpcd_read(&v, &kind, &bytes, &len, &e)) {
		count++;
		must(kind == vpcd_kind(bytes, len) &&
		     (kind == VPCD_COMMAND) == (len > 1));
		if (kind == VPCD_COMMAND)
			answer(&v, ends[1], bytes, len);
	}
	must(e.kind == ERR_ABSENT && count == frames(data, size));
	vpcd_close(&v);
	close(ends[1]);
	return 0;
}
