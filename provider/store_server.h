/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_server: the processing servers, as each of them says of itself.
 */
#ifndef PROVIDER_STORE_SERVER_H
#define PROVIDER_STORE_SERVER_H

#include "provider/store.h"

#define SERVERS_MAX    32
#define SERVER_NAME    64
#define SERVER_URL     256
#define SERVER_MODULES 512

enum server_state { SERVER_UP, SERVER_DRAINING, SERVER_DOWN };

struct server_row {
	char name[SERVER_NAME], url[SERVER_URL];
	char modules[SERVER_MODULES]; /* " one two " */
	enum server_state state;
	int64_t waiting; /* requests */
	int64_t seen;	 /* ms since 1970, by its own clock */
};

/* In a transaction that writes; the one of that name that was there is replaced. */
MUST_CHECK bool
store_server_put(struct store *s, const struct server_row *row, struct err *e);

/* All that are not down; of more than SERVERS_MAX those that were seen last. */
MUST_CHECK bool store_server_list(struct store *s,
    struct server_row list[SERVERS_MAX], size_t *count, struct err *e);

#endif
