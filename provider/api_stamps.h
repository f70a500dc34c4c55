/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_stamps: stamps in JSON, as they are asked for and as they are given.
 */
#ifndef PROVIDER_API_STAMPS_H
#define PROVIDER_API_STAMPS_H

#include "provider/api.h"
#include "provider/issue.h"

/* The array "stamps" of the object where one is: out->item and count. */
void api_take_stamps(struct json *j, struct issue_order *out);

/* One more in the array where one is. */
void api_put_stamp(
    struct call *c, struct json *j, const struct stamp_row *row, bool replayed);

/* The answer to who bought them, and their count for the metrics. */
MUST_CHECK bool
api_give_issued(struct call *c, const struct issue_result *r, struct err *e);

#endif
