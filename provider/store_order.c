/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_order.h"

#include <string.h>

#define SQL_ORDER                                                        \
	"SELECT id, usersystem, key, stamps, pieces, total, due, made, " \
	"expires, bought FROM stamp_order "

/* --- one ------------------------------------------------------------------------ */

bool
store_order_add(struct store *s, struct order_row *row, struct err *e)
{
	store_put_int(s, row->system);
	store_put_blob(s, row->key, PSD_KEY_BYTES);
	store_put_blob(s, row->stamps, row->len);
	store_put_int(s, row->count);
	store_put_int(s, row->total);
	store_put_int(s, row->due);
	store_put_int(s, row->made);
	store_put_int(s, row->expires);
	if (!store_run(s,
		"INSERT INTO stamp_order (usersystem, key, stamps, pieces, "
		"total, due, made, expires) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
		e))
		return false;
	if (!store_row(s))
		return err_set(e, ERR_SYSTEM, "no order was added");
	row->id = store_int(s, 0);
	return true;
}

static bool
read_bytes(struct store *s, struct order_row *out)
{
	size_t len;
	const uint8_t *ptr = store_blob(s, 2, &len);

	if (len != PSD_KEY_BYTES)
		return false;
	memcpy(out->key, ptr, len);
	ptr = store_blob(s, 3, &out->len);
	if (out->len > sizeof(out->stamps))
		return false;
	memcpy(out->stamps, ptr, out->len);
	return true;
}

static bool
read_order(struct store *s, struct order_row *out, struct err *e)
{
	out->id = store_int(s, 0);
	out->system = store_int(s, 1);
	out->count = store_int(s, 4);
	out->total = store_int(s, 5);
	out->due = store_int(s, 6);
	out->made = store_int(s, 7);
	out->expires = store_int(s, 8);
	out->bought = store_int(s, 9);
	return read_bytes(s, out) ||
	       err_set(e, ERR_CORRUPT, "order %lld cannot be read",
		   (long long)out->id);
}

bool
store_order_find(struct store *s, const struct order_named *name,
    struct order_row *out, bool *found, struct err *e)
{
	bool done;

	*found = false;
	store_put_int(s, name->system);
	if (name->key != NULL) {
		store_put_blob(s, name->key, PSD_KEY_BYTES);
		done = store_run(
		    s, SQL_ORDER "WHERE usersystem = $1 AND key = $2", e);
	} else {
		store_put_int(s, name->id);
		done = store_run(
		    s, SQL_ORDER "WHERE usersystem = $1 AND id = $2", e);
	}
	if (!done)
		return false;
	*found = store_row(s);
	return !*found || read_order(s, out, e);
}

/* --- buying ----------------------------------------------------------------------- */

void
store_order_ask(struct store *s, int64_t system, int64_t id, int64_t now)
{
	store_put_int(s, system);
	store_put_int(s, id);
	store_put_int(s, now);
	store_send(s, "SELECT id FROM stamp_order WHERE usersystem = $1 AND "
		      "id = $2 AND bought = 0 AND expires > $3");
}

bool
store_order_get(struct store *s, bool *open, struct err *e)
{
	*open = false;
	if (!store_receive(s, e))
		return false;
	*open = store_row(s);
	return true;
}

void
store_order_bought(struct store *s, int64_t id, int64_t bought, int64_t expires)
{
	store_put_int(s, bought);
	store_put_int(s, expires);
	store_put_int(s, id);
	store_send(s, "UPDATE stamp_order SET bought = $1, expires = $2 "
		      "WHERE id = $3");
}

/* --- ending ------------------------------------------------------------------------- */

bool
store_order_drop(struct store *s, int64_t id, struct err *e)
{
	store_put_int(s, id);
	return store_run(s, "DELETE FROM stamp_order WHERE id = $1", e);
}

bool
store_order_sweep(
    struct store *s, int64_t system, int64_t now, int64_t *open, struct err *e)
{
	*open = 0;
	store_put_int(s, system);
	store_put_int(s, now);
	if (!store_run(s,
		"DELETE FROM stamp_order WHERE usersystem = $1 AND "
		"expires <= $2",
		e))
		return false;
	store_put_int(s, system);
	if (!store_run(s,
		"SELECT COUNT(*) FROM stamp_order WHERE usersystem = $1 AND "
		"bought = 0",
		e))
		return false;
	if (store_row(s))
		*open = store_int(s, 0);
	return true;
}
