/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_end.h"

#include <stdio.h>
#include <string.h>

bool
store_end_find(struct store *s, const uint8_t digest[END_DIGEST],
    struct stamp_end *out, bool *found, struct err *e)
{
	store_put_blob(s, digest, END_DIGEST);
	*found = false;
	if (!store_run(s,
		"SELECT n.psd, n.piece, n.amount, n.refund, n.person, "
		"n.place, n.scan, n.made, r.state FROM stamp_end n "
		"LEFT JOIN refund r ON r.id = n.refund WHERE n.digest = $1",
		e))
		return false;
	*found = store_row(s);
	if (!*found)
		return true;
	*out = (struct stamp_end){.psd = (uint32_t)store_int(s, 0),
	    .piece = (uint32_t)store_int(s, 1),
	    .amount = store_int(s, 2),
	    .refund = store_int(s, 3),
	    .person = store_int(s, 4),
	    .made = store_int(s, 7)};
	memcpy(out->digest, digest, END_DIGEST);
	snprintf(out->place, sizeof(out->place), "%s", store_text(s, 5));
	snprintf(out->scan, sizeof(out->scan), "%s", store_text(s, 6));
	snprintf(out->refund_state, sizeof(out->refund_state), "%s",
	    store_text(s, 8));
	return true;
}

static void
put_id(struct store *s, int64_t id)
{
	if (id != 0)
		store_put_int(s, id);
	else
		store_put_null(s);
}

bool
store_end_add(
    struct store *s, const struct stamp_end *end, bool *fresh, struct err *e)
{
	store_put_blob(s, end->digest, END_DIGEST);
	store_put_int(s, end->psd);
	store_put_int(s, end->piece);
	store_put_int(s, end->amount);
	put_id(s, end->refund);
	put_id(s, end->person);
	store_put_text(s, end->place);
	store_put_text(s, end->scan);
	store_put_int(s, end->made);
	if (!store_run(s,
		"INSERT INTO stamp_end (digest, psd, piece, amount, refund, "
		"person, place, scan, made) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
		"ON CONFLICT DO NOTHING",
		e))
		return false;
	*fresh = store_changed(s) == 1;
	return true;
}
