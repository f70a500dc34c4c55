/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes on a connection of the whole HTTP server.  What the handler gets keeps
 * the promises of provider/http.h, and is looked for among the pages; whatever
 * came, the server closes what it cannot read and answers the next one.  The first
 * byte says into how many pieces what follows is cut. */
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "provider/framing.h"
#include "provider/site.h"
#include "provider/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WAIT_MS 10000

static struct site *site;

static void
must(bool true_here)
{
	if (!true_here)
		abort();
}

/* Any path and header at the pages: one of the answers that there are, or none. */
static void
ask_for_page(const struct http_request *r)
{
	struct http_response out = {.status = 0};
	bool is_page = site_answer(site, r, &out);

	must(is_page == (out.status != 0));
	must(!is_page || out.status == 200 || out.status == 304 ||
	     out.status == 405);
	must(out.status != 200 || out.body[out.body_len] == '\0');
	http_clear(&out);
}

static void
handle(void *context, void *worker, const struct http_request *r,
    struct http_response *out)
{
	static const char *const methods[] = {
	    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
	bool known = false;

	(void)context;
	(void)worker;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		known = known || strcmp(r->method, methods[i]) == 0;
	must(known);
	must(r->path[0] == '/' && strstr(r->path, "//") == NULL &&
	     strstr(r->path, "/../") == NULL);
	must(r->body_len <= HTTP_BODY_MAX && r->body[r->body_len] == '\0');
	must(r->body_len == 0 || r->method[0] == 'P');
	must(strlen(r->id) == HTTP_ID - 1 && r->address[0] == '\0');
	must(r->header(r, "transfer-encoding") == NULL);
	(void)r->query(r, "q");
	ask_for_page(r);
	http_give(out, 200, "text/plain", strdup("fine"), 4);
}

static struct web *
server(void)
{
	static struct web *w;
	const struct web_setup setup = {
	    .listen = "127.0.0.1:0", .workers = 2, .handler = handle};
	struct err e = ERR_INIT;

	if (w == NULL)
		must(site_open("", &site, &e) && web_start(&setup, &w, &e));
	return w;
}

static int
connected(void)
{
	struct err e = ERR_INIT;
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	must(web_add(server(), pair[1], &e));
	return pair[0];
}

/* The server's library does not see an end that came together with bytes (it
 * would wait idle_s), so the end is sent when it has read them. */
static void
end_when_read(int fd)
{
	int64_t end = clock_ms() + WAIT_MS;
	struct pollfd p = {.fd = fd, .events = 0};
	int left = 1;

	while (ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0 &&
	       poll(&p, 1, 0) == 0) {
		must(clock_ms() < end);
		sched_yield();
	}
	shutdown(fd, SHUT_WR);
}

/* Until the other end closes or this came. */
static bool
listen_to(int fd, const char *until)
{
	char out[4096];
	size_t pos = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	out[0] = '\0';
	while (until == NULL || strstr(out, until) == NULL) {
		must(poll(&p, 1, WAIT_MS) == 1);
		if (pos > sizeof(out) / 2)
			pos = 0;
		n = recv(fd, out + pos, sizeof(out) - 1 - pos, 0);
		if (n <= 0)
			return false;
		pos += (size_t)n;
		out[pos] = '\0';
	}
	return true;
}

static void
send_pieces(int fd, const uint8_t *data, size_t size, size_t pieces)
{
	size_t each = size / pieces + 1;

	for (size_t at = 0; at < size; at += each) {
		size_t len = size - at < each ? size - at : each;

		if (send(fd, data + at, len, MSG_NOSIGNAL) < 0)
			return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char next[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd;

	if (size < 1 || size > 2 * HTTP_BODY_MAX)
		return 0;
	fd = connected();
	send_pieces(fd, data + 1, size - 1, 1 + data[0] % 4);
	end_when_read(fd);
	(void)listen_to(fd, NULL);
	close(fd);
	fd = connected();
	send_pieces(fd, (const uint8_t *)next, sizeof(next) - 1, 1);
	must(listen_to(fd, "fine"));
	close(fd);
	return 0;
}
