/* SPDX-License-Identifier: Apache-2.0 */
/* Filter and backend against whatever answers in the place of postage-vaultd:
 * an answer is taken whole or is one error. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dispense/client.h"

#define STAMPS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct says {
	int fd; /* listening */
	const uint8_t *data;
	size_t size;
};

static void *
answer(void *context)
{
	const struct says *s = context;
	int fd = accept(s->fd, NULL, NULL);
	char heard[4096];
	size_t at = 0;

	while (at < s->size) {
		ssize_t n = send(fd, s->data + at, s->size - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	shutdown(fd, SHUT_WR);
	while (read(fd, heard, sizeof(heard)) > 0)
		;
	close(fd);
	return NULL;
}

static int
listen_at(struct sockaddr_un *at)
{
	static int fd = -1;
	static struct sockaddr_un where = {.sun_family = AF_UNIX};

	if (fd < 0) {
		snprintf(where.sun_path, sizeof(where.sun_path),
		    "/tmp/fuzz_client.%d", (int)getpid());
		unlink(where.sun_path);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(fd, (struct sockaddr *)&where, sizeof(where)) != 0 ||
		    listen(fd, 4) != 0)
			abort();
	}
	*at = where;
	return fd;
}

static void
as_filter(struct client *c, struct err *e)
{
	struct stamp_request in[STAMPS] = {{.page = 1}};
	struct stamp_quote quotes[STAMPS];
	struct issued_stamp stamps[STAMPS];
	struct quote_common common;
	bool used[30];

	if (!client_sheet(c, 1, "Avery 5160", used, 30, e) ||
	    !client_quote(c, in, STAMPS, quotes, &common, e) ||
	    !client_issue(c, 0, STAMPS, stamps, e))
		return;
	for (int i = 0; i < STAMPS; i++)
		if (stamps[i].len > INDICIUM_MAX)
			abort();
	if (client_finish(c, 1, 2, e))
		client_refuse(c, e);
}

static void
as_backend(struct client *c, struct err *e)
{
	struct outcome o;
	int fd;

	if (!client_outcome(c, &o, e) || !client_spool(c, true, &fd, e))
		return;
	close(fd);
	if (client_spooled(c, 1, e) && client_sending(c, e) &&
	    client_settle(c, SETTLE_DELIVERED, "", e))
		return;
}

static void
talk(enum client_role role, const char *path)
{
	const struct job job = {.queue = "Postage", .id = 7};
	struct client *c;
	struct err e = ERR_INIT;
	struct funds f;

	if (client_open(path, role, &job, &c, &e)) {
		if (role == ROLE_FILTER)
			as_filter(c, &e);
		else if (role == ROLE_BACKEND)
			as_backend(c, &e);
		else if (client_status(c, &f, &e) &&
			 strnlen(f.vault, sizeof(f.vault)) == sizeof(f.vault))
			abort();
		client_close(c);
	}
	if (e.kind != ERR_NONE && e.text[0] == '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_un at;
	struct says s;
	pthread_t peer;

	if (size < 1)
		return 0;
	s = (struct says){listen_at(&at), data + 1, size - 1};
	if (pthread_create(&peer, NULL, answer, &s) != 0)
		abort();
	talk((enum client_role)(ROLE_FILTER + data[0] % 3), at.sun_path);
	pthread_join(peer, NULL);
	return 0;
}

/* The socket goes when the program does. */
static void __attribute__((destructor)) tidy(void)
{
	struct sockaddr_un at;

	(void)listen_at(&at);
	unlink(at.sun_path);
}
