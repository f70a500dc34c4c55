/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_cost: the cost codes of accounts.  Where an account has any, its stamps
 * may bear no other.
 */
#ifndef PROVIDER_STORE_COST_H
#define PROVIDER_STORE_COST_H

#include "provider/store.h"

/* Adds a code, or gives it another name. */
MUST_CHECK bool store_cost_add(struct store *s, int64_t account,
    const char *code, const char *name, struct err *e);
/* Errors: ERR_REQUEST (there is none). */
MUST_CHECK bool store_cost_remove(
    struct store *s, int64_t account, const char *code, struct err *e);

typedef void cost_fn(void *context, const char *code, const char *name);
MUST_CHECK bool store_cost_list(struct store *s, int64_t account, cost_fn *each,
    void *context, struct err *e);

/* Sends whether an account has this code; get says it. */
void store_cost_ask(struct store *s, int64_t account, const char *code);
MUST_CHECK bool store_cost_get(struct store *s, bool *known, struct err *e);

#endif
