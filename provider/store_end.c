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

/* Of those that are there none has a part of another's: the first one that ends
 * behind this one's beginning is the only one that can. */
static bool
ask_twin(struct store *s, const struct stamp_end *end, struct err *e)
{
	store_put_int(s, end->psd);
	store_put_int(s, end->piece);
	store_put_int(s, end->amount);
	store_put_int(s, end->ascending - end->amount);
	store_put_int(s, end->ascending);
	return store_run(s,
	    "SELECT n.digest FROM stamp_end n WHERE n.psd = $1 AND "
	    "n.piece = $2 AND n.piece > 0 AND n.ascending IS NOT NULL "
	    "UNION ALL SELECT x.digest FROM (SELECT n.digest, "
	    "n.ascending - n.amount AS since FROM stamp_end n "
	    "WHERE n.psd = $1 AND n.ascending > $4 AND n.amount > 0 "
	    "AND $3 > 0 ORDER BY n.ascending LIMIT 1) x WHERE x.since < $5",
	    e);
}

bool
store_end_twin(struct store *s, const struct stamp_end *end,
    struct stamp_end *out, bool *found, struct err *e)
{
	uint8_t digest[END_DIGEST];
	const uint8_t *ptr;
	size_t len;

	*found = false;
	if (!ask_twin(s, end, e))
		return false;
	if (!store_row(s))
		return true;
	ptr = store_blob(s, 0, &len);
	if (len != sizeof(digest))
		return err_set(e, ERR_CORRUPT, "a stamp without a digest");
	memcpy(digest, ptr, len);
	return store_end_find(s, digest, out, found, e);
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
	if (end->field)
		store_put_int(s, end->ascending);
	else
		store_put_no_int(s);
	store_put_int(s, end->amount);
	put_id(s, end->refund);
	put_id(s, end->person);
	store_put_text(s, end->place);
	store_put_text(s, end->scan);
	store_put_int(s, end->made);
	if (!store_run(s,
		"INSERT INTO stamp_end (digest, psd, piece, ascending, amount, "
		"refund, person, place, scan, made) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
		"ON CONFLICT DO NOTHING",
		e))
		return false;
	*fresh = store_changed(s) == 1;
	return true;
}
