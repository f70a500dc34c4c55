/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/order.h"

#include <string.h>

#include "base/bytes.h"
#include "provider/again.h"

#define TRIES 20 /* each is somebody else's progress */

/* --- stamps as bytes ---------------------------------------------------------------- */

static void
write_item(struct bytes_writer *w, const struct issue_item *item)
{
	const struct psd_request *r = &item->request;

	bytes_write(w, r->key, sizeof(r->key));
	bytes_write_le(w, (uint64_t)r->amount, 8);
	bytes_write_le(w, r->mail_date, 4);
	bytes_write_le(w, r->mailby, 4);
	bytes_write_le(w, r->origin_zip, 4);
	bytes_write_le(w, r->destination, 8);
	bytes_write_le(w, r->sender_zip, 4);
	bytes_write_str(w, r->category);
	bytes_write_le(w, r->kind, 1);
	bytes_write_le(w, r->price_list, 2);
	bytes_write_le(w, r->brief, 1);
	bytes_write_le(w, r->sheet_serial, 8);
	bytes_write_le(w, r->label, 2);
	bytes_write_str(w, item->cost);
}

static void
read_item(struct bytes_reader *r, struct issue_item *item)
{
	struct psd_request *q = &item->request;

	bytes_read_into(r, q->key, sizeof(q->key));
	q->amount = (mils)bytes_read_le(r, 8);
	q->mail_date = (uint32_t)bytes_read_le(r, 4);
	q->mailby = (uint32_t)bytes_read_le(r, 4);
	q->origin_zip = (uint32_t)bytes_read_le(r, 4);
	q->destination = bytes_read_le(r, 8);
	q->sender_zip = (uint32_t)bytes_read_le(r, 4);
	bytes_read_str(r, q->category, sizeof(q->category));
	q->kind = (uint8_t)bytes_read_le(r, 1);
	q->price_list = (uint16_t)bytes_read_le(r, 2);
	q->brief = bytes_read_le(r, 1) != 0;
	q->sheet_serial = bytes_read_le(r, 8);
	q->label = (uint16_t)bytes_read_le(r, 2);
	bytes_read_str(r, item->cost, sizeof(item->cost));
}

static bool
write_stamps(
    const struct issue_order *stamps, struct order_row *row, struct err *e)
{
	struct bytes_writer w;

	bytes_writer_init(&w, row->stamps, sizeof(row->stamps));
	for (size_t i = 0; i < stamps->count; i++)
		write_item(&w, &stamps->item[i]);
	row->len = w.pos;
	row->count = (int64_t)stamps->count;
	return !w.failed ||
	       err_set(e, ERR_REQUEST, "the order has too many stamps");
}

bool
order_stamps(const struct order *o, struct issue_order *out, struct err *e)
{
	const struct order_row *row = &o->row;
	struct bytes_reader r;

	*out = (struct issue_order){.total = row->total, .buys = row->id};
	bytes_reader_init(&r, row->stamps, row->len);
	while (out->count < ISSUE_MAX && bytes_left(&r) > 0 && !r.failed)
		read_item(&r, &out->item[out->count++]);
	return (bytes_reader_done(&r) && (int64_t)out->count == row->count) ||
	       err_set(e, ERR_CORRUPT, "order %lld cannot be read",
		   (long long)row->id);
}

/* --- finding -------------------------------------------------------------------------- */

static bool
read_funds(
    struct worker *w, const struct user_system *who, mils *out, struct err *e)
{
	mils loaded;

	if (!store_system_loaded(
		w->store, who->account, worker_today(w), &loaded, e))
		return false;
	*out = loaded + who->credit;
	return true;
}

/* What has expired is not there. */
static bool
read_order(struct worker *w, const struct order_named *name,
    struct order_row *out, bool *found, struct err *e)
{
	if (!store_order_find(w->store, name, out, found, e))
		return false;
	*found = *found && out->expires > worker_ms(w);
	return true;
}

static bool
find(struct worker *w, const struct user_system *who, enum store_mode mode,
    int64_t id, struct order *out, bool *found, struct err *e)
{
	const struct order_named name = {.system = who->id, .id = id};
	bool done = store_begin(w->store, mode, e) &&
		    read_order(w, &name, &out->row, found, e) &&
		    read_funds(w, who, &out->funds, e) &&
		    store_commit(w->store, e);

	if (!done && store_in_doubt(w->store))
		e->kind = ERR_ABSENT;
	store_rollback(w->store);
	return done;
}

/* A database that is the primary no more may not have it; there no commit ends. */
bool
order_find(struct worker *w, const struct user_system *who, int64_t id,
    struct order *out, bool *found, struct err *e)
{
	*out = (struct order){.funds = 0};
	*found = false;
	return find(w, who, STORE_READ, id, out, found, e) &&
	       (*found || find(w, who, STORE_WRITE, id, out, found, e));
}

/* --- placing -------------------------------------------------------------------------- */

/* The order of this key, if there is one; it has to be of the same stamps. */
static bool
take_known(struct worker *w, struct order *o, bool *found, struct err *e)
{
	const struct order_named name = {
	    .system = o->row.system, .key = o->row.key};
	struct order_row row;

	if (!read_order(w, &name, &row, found, e))
		return false;
	if (!*found)
		return true;
	o->other_request = row.len != o->row.len ||
			   memcmp(row.stamps, o->row.stamps, row.len) != 0;
	if (o->other_request)
		return err_set(e, ERR_CORRUPT,
		    "the key of this order was used for another one");
	o->row = row;
	return true;
}

static bool
look(struct worker *w, const struct user_system *who, enum store_mode mode,
    struct order *o, bool *found, struct err *e)
{
	bool done =
	    store_begin(w->store, mode, e) && take_known(w, o, found, e) &&
	    read_funds(w, who, &o->funds, e) && store_commit(w->store, e);

	store_rollback(w->store);
	return done;
}

/* What is found is told when the standby has it, too. */
static bool
find_known(struct worker *w, const struct user_system *who, struct order *o,
    bool *found, struct err *e)
{
	struct again a;
	bool done;

	if (!look(w, who, STORE_READ, o, found, e))
		return false;
	if (!*found)
		return true;
	again_begin(&a, TRIES);
	do
		done = look(w, who, STORE_WRITE, o, found, e);
	while (!done && again(&a, w, e));
	return done;
}

/* Nobody else places, buys or drops one of this system until the end. */
static bool
lock_system(struct worker *w, int64_t system, struct err *e)
{
	struct user_system u;
	bool found;

	store_system_ask(w->store, system, STORE_LOCK);
	return store_system_get(w->store, &u, &found, e) &&
	       (found ||
		   err_set(e, ERR_DENIED, "there is no such user system"));
}

static bool
add(struct worker *w, struct order *o, struct err *e)
{
	int64_t open;
	bool found;

	if (!store_begin(w->store, STORE_WRITE, e) ||
	    !lock_system(w, o->row.system, e) ||
	    !store_order_sweep(
		w->store, o->row.system, worker_ms(w), &open, e) ||
	    !take_known(w, o, &found, e))
		return false;
	if (!found && open >= ORDERS_MAX)
		return err_set(e, ERR_DENIED,
		    "%d orders of this user system wait to be bought: drop "
		    "one, or wait until one expires",
		    ORDERS_MAX);
	return (found || store_order_add(w->store, &o->row, e)) &&
	       store_commit(w->store, e);
}

/* A commit in doubt is asked again by the key. */
static bool
add_at_last(struct worker *w, struct order *o, struct err *e)
{
	struct again a;
	bool done;

	again_begin(&a, TRIES);
	do {
		done = add(w, o, e);
		store_rollback(w->store);
	} while (!done && again(&a, w, e));
	return done;
}

static bool
price(struct worker *w, const struct issue_order *stamps, struct order *o,
    struct err *e)
{
	struct issue_price price;
	bool done = issue_quote(w, stamps, &price, e);

	o->other_request = price.other_request;
	o->row.total = price.total;
	o->row.due = price.due;
	o->funds = price.funds;
	o->row.made = worker_ms(w);
	o->row.expires = o->row.made + ORDER_LIFE_MS;
	return done;
}

bool
order_place(struct worker *w, const struct issue_order *stamps,
    const uint8_t key[PSD_KEY_BYTES], struct order *out, struct err *e)
{
	bool found;

	*out = (struct order){.row.system = stamps->who->id};
	memcpy(out->row.key, key, PSD_KEY_BYTES);
	if (!write_stamps(stamps, &out->row, e) ||
	    !find_known(w, stamps->who, out, &found, e))
		return false;
	return found || (price(w, stamps, out, e) && add_at_last(w, out, e));
}

/* --- dropping ------------------------------------------------------------------------- */

static bool
drop(struct worker *w, const struct order_named *name, struct order_row *out,
    bool *found, struct err *e)
{
	if (!store_begin(w->store, STORE_WRITE, e) ||
	    !lock_system(w, name->system, e) ||
	    !read_order(w, name, out, found, e))
		return false;
	if (!*found)
		return true;
	if (out->bought != 0)
		return err_set(e, ERR_REQUEST,
		    "order %lld was bought: ask for a refund of what was not "
		    "used",
		    (long long)name->id);
	return store_order_drop(w->store, name->id, e) &&
	       store_commit(w->store, e);
}

bool
order_drop(struct worker *w, const struct user_system *who, int64_t id,
    struct order *out, bool *found, struct err *e)
{
	const struct order_named name = {.system = who->id, .id = id};
	bool done;

	*out = (struct order){.funds = 0};
	*found = false;
	done = drop(w, &name, &out->row, found, e);
	if (!done && store_in_doubt(w->store))
		e->kind = ERR_ABSENT;
	store_rollback(w->store);
	return done;
}
