/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_server.h"

#include <string.h>

#include "base/text.h"

static const char *const states[] = {"up", "draining", "down"};

bool
store_server_put(struct store *s, const struct server_row *row, struct err *e)
{
	store_put_text(s, row->name);
	store_put_text(s, row->url);
	store_put_text(s, row->modules);
	store_put_text(s, states[row->state]);
	store_put_int(s, row->waiting);
	store_put_int(s, row->seen);
	return store_run(s,
	    "INSERT INTO server (name, url, modules, state, waiting, seen) "
	    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO UPDATE SET "
	    "url = $2, modules = $3, state = $4, waiting = $5, seen = $6",
	    e);
}

static bool
read_row(struct store *s, struct server_row *row)
{
	row->state =
	    strcmp(store_text(s, 3), "up") == 0 ? SERVER_UP : SERVER_DRAINING;
	row->waiting = store_int(s, 4);
	row->seen = store_int(s, 5);
	return text_copy(row->name, sizeof(row->name), store_text(s, 0)) &&
	       text_copy(row->url, sizeof(row->url), store_text(s, 1)) &&
	       text_copy(row->modules, sizeof(row->modules), store_text(s, 2));
}

bool
store_server_list(struct store *s, struct server_row list[SERVERS_MAX],
    size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, SERVERS_MAX);
	if (!store_run(s,
		"SELECT name, url, modules, state, waiting, seen FROM server "
		"WHERE state <> 'down' ORDER BY seen DESC, name LIMIT $1",
		e))
		return false;
	while (*count < SERVERS_MAX && store_row(s))
		if (read_row(s, &list[*count]))
			++*count;
	return true;
}
