/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/web_help.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/test.h"

static void
wait_here(struct served *s)
{
	pthread_mutex_lock(&s->lock);
	s->inside++;
	pthread_cond_broadcast(&s->changed);
	while (!s->open)
		pthread_cond_wait(&s->changed, &s->lock);
	s->inside--;
	pthread_mutex_unlock(&s->lock);
}

static void
give_text(struct http_response *out, const char *text)
{
	char *copy = strdup(text);

	http_give(out, 200, "text/plain", copy, strlen(copy));
}

static void
handle(void *context, void *worker, const struct http_request *r,
    struct http_response *out)
{
	struct served *s = context;
	const char *found;
	char text[256];

	(void)worker;
	s->handled++;
	if (strcmp(r->path, "/silent") == 0)
		return;
	if (strcmp(r->path, "/smuggled") == 0)
		s->smuggled++;
	if (strcmp(r->path, "/wait") == 0)
		wait_here(s);
	if (r->body_len > 0) {
		char *copy = malloc(r->body_len);

		memcpy(copy, r->body, r->body_len);
		http_give(out, 200, "application/json", copy, r->body_len);
		return;
	}
	found = strcmp(r->path, "/header") == 0	 ? r->header(r, "x-test")
		: strcmp(r->path, "/query") == 0 ? r->query(r, "q")
						 : NULL;
	if (strcmp(r->path, "/who") == 0)
		snprintf(
		    text, sizeof(text), "%s %s", r->address, r->fingerprint);
	else
		snprintf(text, sizeof(text), "%s %.200s", r->method,
		    found ? found : r->path);
	give_text(out, text);
	http_add(out, "X-Handled", "%d", (int)s->handled);
}

static bool
open_worker(void *context, void **worker, struct err *e)
{
	struct served *s = context;

	if (s->worker_fails > 0 && --s->worker_fails == 0)
		return err_set(e, ERR_ABSENT, "no such worker");
	s->workers++;
	*worker = s;
	return true;
}

static void
close_worker(void *context, void *worker)
{
	struct served *s = context;

	if (worker != s)
		abort();
	s->workers--;
}

static void
probe(void *context, void *worker)
{
	struct served *s = context;

	if (worker != s)
		abort();
	s->probed++;
}

void
served_start(struct served *s)
{
	struct err e = ERR_INIT;

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->setup.handler = handle;
	s->setup.context = s;
	s->setup.open_worker = open_worker;
	s->setup.close_worker = close_worker;
	s->setup.probe = probe;
	if (s->setup.listen == NULL && s->setup.listen_fd == 0)
		s->setup.listen = "127.0.0.1:0";
	is_ok(web_start(&s->setup, &s->web, &e), &e, "web_start");
}

void
served_stop(struct served *s)
{
	served_open(s);
	web_stop(s->web);
	is_int(s->workers, 0, "workers left open");
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
}

void
served_open(struct served *s)
{
	pthread_mutex_lock(&s->lock);
	s->open = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void
served_wait_inside(struct served *s, int count)
{
	pthread_mutex_lock(&s->lock);
	while (s->inside < count)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

/* --- raw ---------------------------------------------------------------------- */

static int
connect_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

int
raw_connect(const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	const char *colon = strrchr(address, ':');
	int fd;

	if (strncmp(address, "unix:", 5) == 0)
		return connect_unix(address + 5);
	in.sin_port = htons((uint16_t)atoi(colon + 1));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
		return fd;
	close(fd);
	return -1;
}

void
raw_send(int fd, const void *ptr, size_t len)
{
	const char *p = ptr;

	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the other end has had enough */
		p += n;
		len -= (size_t)n;
	}
}

/* False: nothing more within the time; *closed: at its end. */
static bool
read_some(
    int fd, char *out, size_t size, size_t *pos, int64_t end, bool *closed)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = end - clock_ms();
	ssize_t n;

	*closed = false;
	if (left < 0 || *pos + 1 >= size || poll(&p, 1, (int)left) <= 0)
		return false;
	n = recv(fd, out + *pos, size - 1 - *pos, 0);
	if (n <= 0)
		*closed = true;
	else
		*pos += (size_t)n;
	out[*pos] = '\0';
	return !*closed;
}

bool
raw_read_all(int fd, char *out, size_t size, int wait_ms)
{
	int64_t end = clock_ms() + wait_ms;
	size_t pos = 0;
	bool closed;

	out[0] = '\0';
	while (read_some(fd, out, size, &pos, end, &closed))
		;
	return closed;
}

static bool
is_whole(const char *text, size_t len)
{
	const char *head = strstr(text, "\r\n\r\n");
	const char *length = strstr(text, "Content-Length: ");

	if (head == NULL)
		return false;
	if (length == NULL || length > head)
		return true;
	return len - (size_t)(head + 4 - text) >=
	       strtoul(length + 16, NULL, 10);
}

int
raw_read_one(int fd, char *out, size_t size, int wait_ms)
{
	int64_t end = clock_ms() + wait_ms;
	size_t pos = 0;
	bool closed = false;

	out[0] = '\0';
	while (
	    !is_whole(out, pos) && read_some(fd, out, size, &pos, end, &closed))
		;
	return raw_status(out);
}

int
raw_status(const char *answer)
{
	return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

int
raw_ask(const char *address, const char *text, char *out, size_t size)
{
	int fd = raw_connect(address), status;

	if (fd < 0)
		return 0;
	raw_send(fd, text, strlen(text));
	status = raw_read_one(fd, out, size, 5000);
	close(fd);
	return status;
}
