/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/web_own.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"

static void
link_in(struct web *w, struct web_connection *c)
{
	pthread_mutex_lock(&w->connections_lock);
	c->next = w->connections;
	if (c->next != NULL)
		c->next->prev = c;
	w->connections = c;
	w->connection_count++;
	pthread_mutex_unlock(&w->connections_lock);
}

struct web_connection *
web_connection_new(struct web *w, struct MHD_Connection *mhd)
{
	struct web_connection *c = calloc(1, sizeof(*c));
	const union MHD_ConnectionInfo *info;

	if (c == NULL)
		return NULL;
	c->web = w;
	/* what is asked for next may take the place of the last answer */
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	c->fd = info ? info->connect_fd : -1;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	web_show_address(info ? info->client_addr : NULL, c->address);
	web_connection_limit(c, w->setup.idle_s + w->setup.request_s);
	link_in(w, c);
	return c;
}

void
web_connection_free(struct web_connection *c)
{
	struct web *w;

	if (c == NULL)
		return;
	w = c->web;
	pthread_mutex_lock(&w->connections_lock);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		w->connections = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	w->connection_count--;
	pthread_mutex_unlock(&w->connections_lock);
	free(c);
}

void
web_connection_limit(struct web_connection *c, int seconds)
{
	c->deadline_ms = seconds ? clock_ms() + (int64_t)seconds * 1000 : 0;
}

void
web_connection_sweep(struct web *w)
{
	int64_t now = clock_ms();

	/* The library calls web_connection_free() before it closes the file, so
	 * under the lock it is still this connection's. */
	pthread_mutex_lock(&w->connections_lock);
	for (struct web_connection *c = w->connections; c; c = c->next) {
		int64_t deadline = c->deadline_ms;

		if (deadline != 0 && now > deadline) {
			shutdown(c->fd, SHUT_RDWR);
			c->deadline_ms = 0;
			w->refused++;
		}
	}
	pthread_mutex_unlock(&w->connections_lock);
}
