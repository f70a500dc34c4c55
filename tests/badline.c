/* SPDX-License-Identifier: Apache-2.0 */
/*
 * badline: stands between two programs and loses or delays what they say.
 *
 *	badline PORT TO CUTS DELAYS
 *
 * Listens on 127.0.0.1:PORT and passes on to TO, the same with another port's
 * number or the path of a socket.  Of 1,000 connections CUTS are cut after a
 * random number of bytes (of both directions together) and DELAYS stand still
 * once for up to a second.  A cut is at times a reset and at times an end.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BYTES_MAX 40000 /* that pass before a fault */
#define DELAY_MS  1000

static int
loopback(const char *port, struct sockaddr_in *out)
{
	*out = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((unsigned short)atoi(port)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
reach(const char *to)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	struct sockaddr_in port;
	struct sockaddr *at = (struct sockaddr *)&port;
	socklen_t len = sizeof(port);
	int fd;

	if (*to == '/') {
		snprintf(path.sun_path, sizeof(path.sun_path), "%s", to);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		at = (struct sockaddr *)&path;
		len = sizeof(path);
	} else {
		fd = loopback(to, &port);
	}
	return fd >= 0 && connect(fd, at, len) == 0 ? fd : -1;
}

struct fault {
	long after; /* bytes; -1: none */
	int delay_ms;
};

static struct fault
choose(int cuts, int delays)
{
	struct fault f = {.after = -1};
	long n = random() % 1000;

	if (n >= cuts + delays)
		return f;
	f.after = random() % BYTES_MAX;
	f.delay_ms = n < cuts ? 0 : 1 + (int)(random() % DELAY_MS);
	return f;
}

static int
send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* -1: it is over. */
static int
pass_on(int from, int to, struct fault *f)
{
	char bytes[8192];
	ssize_t n = recv(from, bytes, sizeof(bytes), 0);

	if (n <= 0)
		return -1;
	if (f->after >= 0 && n > f->after) {
		if (f->delay_ms == 0) {
			(void)!send(to, bytes, (size_t)f->after, MSG_NOSIGNAL);
			return -1;
		}
		poll(NULL, 0, f->delay_ms);
		f->after = -1;
	}
	if (f->after >= 0)
		f->after -= n;
	return send_all(to, bytes, (size_t)n);
}

static void
serve(int client, int server, struct fault f)
{
	const struct linger reset = {.l_onoff = 1};
	struct pollfd at[2] = {
	    {.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
	int over = 0;

	while (!over && poll(at, 2, -1) > 0)
		for (int i = 0; i < 2 && !over; i++)
			if (at[i].revents != 0)
				over = pass_on(at[i].fd, at[1 - i].fd, &f);
	if (random() % 2 == 0)
		setsockopt(
		    client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(client);
	close(server);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in here;
	int listener, one = 1;

	if (argc != 5)
		return 2;
	signal(SIGCHLD, SIG_IGN);
	listener = loopback(argv[1], &here);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) != 0 ||
	    listen(listener, 128) != 0) {
		perror(argv[1]);
		return 1;
	}
	srandom((unsigned)time(NULL));
	for (;;) {
		int client = accept(listener, NULL, NULL);
		struct fault f = choose(atoi(argv[3]), atoi(argv[4]));
		int server;

		if (client < 0)
			continue;
		if (fork() == 0) {
			close(listener);
			server = reach(argv[2]);
			if (server >= 0)
				serve(client, server, f);
			return 0;
		}
		close(client);
	}
}
