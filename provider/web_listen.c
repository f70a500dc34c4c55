/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/web_own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

#define BACKLOG 4096 /* the kernel takes no more than it allows */

union any_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

void
web_show_address(const struct sockaddr *sa, char out[HTTP_ADDRESS])
{
	union any_address any = {0};

	out[0] = '\0';
	if (sa == NULL)
		return;
	if (sa->sa_family == AF_INET) {
		memcpy(&any.in, sa, sizeof(any.in));
		inet_ntop(AF_INET, &any.in.sin_addr, out, HTTP_ADDRESS);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&any.in6, sa, sizeof(any.in6));
		if (IN6_IS_ADDR_V4MAPPED(&any.in6.sin6_addr))
			inet_ntop(AF_INET, &any.in6.sin6_addr.s6_addr[12], out,
			    HTTP_ADDRESS);
		else
			inet_ntop(
			    AF_INET6, &any.in6.sin6_addr, out, HTTP_ADDRESS);
	}
}

/* The address that the socket really has, as web_setup.listen says it. */
static bool
name_listener(struct web *w, struct err *e)
{
	union any_address any = {0};
	socklen_t len = sizeof(any);
	char host[HTTP_ADDRESS];
	int yes = 0;
	socklen_t yes_len = sizeof(yes);

	if (getsockopt(
		w->listen_fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &yes_len) != 0 ||
	    !yes)
		return err_set(e, ERR_CONFIG,
		    "file %d is no socket that listens", w->listen_fd);
	if (getsockname(w->listen_fd, &any.sa, &len) != 0)
		return err_system(e, "getsockname");
	web_show_address(&any.sa, host);
	if (any.sa.sa_family == AF_UNIX)
		snprintf(w->address, sizeof(w->address), "unix:%.107s",
		    any.un.sun_path);
	else if (any.sa.sa_family == AF_INET6)
		snprintf(w->address, sizeof(w->address), "[%s]:%d", host,
		    ntohs(any.in6.sin6_port));
	else
		snprintf(w->address, sizeof(w->address), "%s:%d", host,
		    ntohs(any.in.sin_port));
	return true;
}

static bool
bind_and_listen(
    struct web *w, const struct sockaddr *sa, socklen_t len, struct err *e)
{
	int on = 1;

	w->listen_fd = socket(
	    sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->listen_fd < 0)
		return err_system(e, "socket");
	if (sa->sa_family != AF_UNIX)
		setsockopt(
		    w->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(w->listen_fd, sa, len) != 0)
		return err_set(e,
		    errno == EADDRINUSE || errno == EADDRNOTAVAIL ||
			    errno == EACCES || errno == ENOENT
			? ERR_CONFIG
			: ERR_SYSTEM,
		    "cannot listen at %s: %s%s", w->setup.listen,
		    strerror(errno),
		    errno == EADDRINUSE ? ": another program does, `ss -ltnp` "
					  "says which"
					: "");
	if (listen(w->listen_fd, BACKLOG) != 0)
		return err_system(e, "listen");
	return true;
}

/* A socket file that nobody listens at any more is what a crash left. */
static void
remove_stale(const struct sockaddr_un *un)
{
	struct stat st;
	int fd;

	if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 &&
	    errno == ECONNREFUSED)
		unlink(un->sun_path);
	close(fd);
}

static bool
listen_unix(struct web *w, const char *path, struct err *e)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (*path != '/' || !text_copy(un.sun_path, sizeof(un.sun_path), path))
		return err_set(e, ERR_CONFIG,
		    "unix:%s: not a path from the root of at most %zu bytes",
		    path, sizeof(un.sun_path) - 1);
	remove_stale(&un);
	if (!bind_and_listen(w, (const struct sockaddr *)&un, sizeof(un), e))
		return false;
	text_copy(w->unlink_path, sizeof(w->unlink_path), path);
	if (chmod(path, 0660) != 0)
		return err_system(e, "%s", path);
	return true;
}

/* "127.0.0.1:80" or "[::1]:80"; the caller frees *out. */
static bool
find_address(const char *where, struct addrinfo **out, struct err *e)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	    .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(where, ':');
	char host[HTTP_ADDRESS + 2];
	size_t len = colon ? (size_t)(colon - where) : 0;
	bool bracket = len > 1 && where[0] == '[' && where[len - 1] == ']';
	uint64_t port;

	if (len > 0 && text_to_u64(colon + 1, UINT16_MAX, &port) &&
	    len < sizeof(host) &&
	    bracket == (memchr(where, ':', len) != NULL)) {
		memcpy(host, where + bracket, len - 2 * bracket);
		host[len - 2 * bracket] = '\0';
		if (getaddrinfo(host, colon + 1, &hints, out) == 0)
			return true;
	}
	return err_set(e, ERR_CONFIG,
	    "%s: not an address: 127.0.0.1:8443, [::1]:8443 or unix:/path",
	    where);
}

static bool
listen_tcp(struct web *w, const char *where, struct err *e)
{
	struct addrinfo *found;
	bool done;

	if (!find_address(where, &found, e))
		return false;
	done = bind_and_listen(w, found->ai_addr, found->ai_addrlen, e);
	freeaddrinfo(found);
	return done;
}

bool
web_check_listen(const char *where, struct err *e)
{
	struct addrinfo *found;

	if (strncmp(where, "unix:/", 6) == 0)
		return true;
	if (!find_address(where, &found, e))
		return false;
	freeaddrinfo(found);
	return true;
}

bool
web_listen(struct web *w, struct err *e)
{
	const char *where = w->setup.listen;
	bool done;

	if (where == NULL) {
		w->listen_fd = w->setup.listen_fd;
		done = true;
	} else if (strncmp(where, "unix:", 5) == 0)
		done = listen_unix(w, where + 5, e);
	else
		done = listen_tcp(w, where, e);
	return done && name_listener(w, e);
}

void
web_close_listener(struct web *w)
{
	if (w->listen_fd < 0)
		return;
	if (w->unlink_path[0])
		unlink(w->unlink_path);
	close(w->listen_fd);
	w->listen_fd = -1;
}
