/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: stands between postage-vaultd and its clients, on a socket of its own,
 * and breaks what is said there.
 *
 *	wire SOCKET DAEMON-SOCKET FOLDER
 *
 * The file FOLDER/QUEUE.ROLE (ROLE: filter, backend) says what happens to the
 * next connection of that role for that queue: the number of a request, from 1,
 * and one of
 *
 *	ask		the connection is cut before the request gets through
 *	half-ask	after half of it
 *	answer		after the request, before the answer
 *	half-answer	after half of the answer
 *	hold		the request waits until the file is removed
 *	keep		its answer waits so
 *	slow		this request and all later ones wait a third of a second
 *
 * FOLDER/QUEUE.ROLE.met is made when that request comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "dispense/protocol.h"

#define SLOW_MS 333
#define TICK_MS 20

static uint8_t body[PROTOCOL_BODY_MAX];

struct line {
	int client, server;
	const char *folder;
	char plan[PATH_MAX]; /* "" until the first request */
	int number;	     /* of the request at hand */
	bool slow;
};

static int
unix_socket(const char *path, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!text_copy(addr->sun_path, sizeof(addr->sun_path), path))
		exit(2);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void
rest(int ms)
{
	poll(NULL, 0, ms);
}

static void
find_plan(struct line *l, size_t len)
{
	struct wire w;
	struct job job = {.id = 0};
	uint16_t version;
	uint8_t role;

	wire_read(&w, body, len);
	wire_u16(&w, &version);
	wire_u8(&w, &role);
	wire_job(&w, &job);
	snprintf(l->plan, sizeof(l->plan), "%.2000s/%s.%s", l->folder,
	    job.queue, role == ROLE_FILTER ? "filter" : "backend");
}

/* What the plan says about this request, "" = nothing. */
static void
look(const struct line *l, char what[32])
{
	FILE *f = fopen(l->plan, "r");
	int number = 0;

	if (f == NULL || fscanf(f, "%d %31s", &number, what) != 2 ||
	    number != l->number)
		what[0] = '\0';
	if (f)
		fclose(f);
}

static void
note_met(const struct line *l)
{
	char path[PATH_MAX + 8];
	int fd;

	snprintf(path, sizeof(path), "%s.met", l->plan);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	if (fd >= 0)
		close(fd);
}

static void
wait_for_leave(const struct line *l)
{
	while (access(l->plan, F_OK) == 0)
		rest(TICK_MS);
}

/* Half of a message, as it goes over the wire. */
static void
send_half(int fd, enum message type, size_t len)
{
	uint8_t header[5] = {(uint8_t)(len + 1), (uint8_t)((len + 1) >> 8),
	    (uint8_t)((len + 1) >> 16), (uint8_t)((len + 1) >> 24),
	    (uint8_t)type};

	if (write(fd, header, len < 2 ? 3 : sizeof(header)) < 0 ||
	    (len >= 2 && write(fd, body, len / 2) < 0))
		return;
}

/* One request and its answer.  False: the line is cut. */
static bool
pass_on(struct line *l)
{
	struct err e = ERR_INIT;
	enum message type;
	char what[32] = "";
	bool done;
	size_t len;
	int fd;

	if (!protocol_receive(
		l->client, &type, body, sizeof(body), &len, NULL, &e))
		return false;
	if (++l->number == 1)
		find_plan(l, len);
	look(l, what);
	if (what[0] && strcmp(what, "keep") != 0)
		note_met(l);
	if (!strcmp(what, "half-ask"))
		send_half(l->server, type, len);
	if (!strcmp(what, "ask") || !strcmp(what, "half-ask"))
		return false;
	if (!strcmp(what, "hold"))
		wait_for_leave(l);
	l->slow |= !strcmp(what, "slow");
	if (l->slow)
		rest(SLOW_MS);
	if (!protocol_send(l->server, type, body, len, -1, &e) ||
	    !protocol_receive(
		l->server, &type, body, sizeof(body), &len, &fd, &e))
		return false;
	if (!strcmp(what, "keep")) {
		note_met(l);
		wait_for_leave(l);
	}
	if (!strcmp(what, "half-answer"))
		send_half(l->client, type, len);
	done = strcmp(what, "answer") != 0 && strcmp(what, "half-answer") != 0;
	if (done && !protocol_send(l->client, type, body, len, fd, &e))
		done = false;
	if (fd >= 0)
		close(fd);
	return done;
}

int
main(int argc, char **argv)
{
	struct sockaddr_un here, there;
	struct line l = {0};
	int listener;

	if (argc != 4)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	l.folder = argv[3];
	listener = unix_socket(argv[1], &here);
	umask(0111);
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) != 0 ||
	    listen(listener, 64) != 0) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		l.client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (l.client >= 0 && fork() == 0) {
			l.server = unix_socket(argv[2], &there);
			if (connect(l.server, (struct sockaddr *)&there,
				sizeof(there)) == 0)
				while (pass_on(&l))
					;
			return 0;
		}
		if (l.client >= 0)
			close(l.client);
	}
}
