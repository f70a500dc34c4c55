/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stamps would cost, and orders: placed, looked at, bought for their total.
 */
#include "provider/api_stamps.h"

#include <stdlib.h>

#include "base/text.h"
#include "provider/order.h"

struct work {
	struct issue_order stamps;
	struct issue_result result;
	struct order order;
	uint8_t key[PSD_KEY_BYTES];
};

static struct work *
new_work(struct call *c, struct err *e)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		err_system(e, "memory");
	else
		work->stamps.who = &c->system;
	return work;
}

/* The key of something else is the client's fault. */
static bool
finish(struct call *c, struct work *work, bool done, bool other_request,
    struct err *e)
{
	if (!done && other_request) {
		http_conflict(c->out, c->request, e);
		done = true;
	}
	free(work);
	return done;
}

static void
put_sums(struct json *j, int64_t stamps, const struct issue_price *p)
{
	json_put_int(j, "stamps", stamps);
	json_put_int(j, "total", p->total);
	json_put_int(j, "due", p->due);
	json_put_int(j, "funds", p->funds);
	json_put_int(j, "short", p->due > p->funds ? p->due - p->funds : 0);
}

/* --- quote ------------------------------------------------------------------------ */

static bool
read_stamps(struct call *c, struct issue_order *out, struct err *e)
{
	struct json *j;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	api_take_stamps(j, out);
	return json_close(j, e);
}

static bool
give_price(struct call *c, size_t count, const struct issue_price *price,
    struct err *e)
{
	struct json *j = json_new();

	put_sums(j, (int64_t)count, price);
	return api_give(c, j, e);
}

bool
api_quote(struct call *c, struct err *e)
{
	struct work *work = new_work(c, e);
	struct issue_price price = {.total = 0};
	bool done = work != NULL && read_stamps(c, &work->stamps, e) &&
		    issue_quote(c->w, &work->stamps, &price, e) &&
		    give_price(c, work->stamps.count, &price, e);

	return finish(c, work, done, price.other_request, e);
}

/* --- orders ------------------------------------------------------------------------- */

static bool
give_order(
    struct call *c, const struct order *o, const char *state, struct err *e)
{
	const struct order_row *row = &o->row;
	struct issue_price sums = {.total = row->total, .funds = o->funds};
	struct json *j = json_new();

	if (row->bought == 0)
		sums.due = row->due;
	json_put_int(j, "order", row->id);
	json_put_hex(j, "key", row->key, PSD_KEY_BYTES);
	json_put_text(j, "state", state);
	put_sums(j, row->count, &sums);
	json_put_int(j, "made", row->made);
	json_put_int(j, "expires", row->expires);
	return api_give(c, j, e);
}

static const char *
state_of(const struct order *o)
{
	return o->row.bought != 0 ? "bought" : "open";
}

static bool
read_order(struct call *c, struct work *out, struct err *e)
{
	struct json *j;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_hex(j, "key", true, out->key, PSD_KEY_BYTES);
	api_take_stamps(j, &out->stamps);
	return json_close(j, e);
}

bool
api_order_place(struct call *c, struct err *e)
{
	struct work *work = new_work(c, e);
	bool done =
	    work != NULL && read_order(c, work, e) &&
	    order_place(c->w, &work->stamps, work->key, &work->order, e) &&
	    give_order(c, &work->order, state_of(&work->order), e);

	return finish(
	    c, work, done, work != NULL && work->order.other_request, e);
}

/* The number in the path; 0: it is none. */
static int64_t
number(const struct call *c)
{
	uint64_t id;

	return text_to_u64(c->tail, INT64_MAX, &id) ? (int64_t)id : 0;
}

static bool
give_found(struct call *c, const struct order *o, bool found, const char *state,
    struct err *e)
{
	return found ? give_order(c, o, state, e) : api_missing(c, "order");
}

bool
api_order(struct call *c, struct err *e)
{
	struct order o;
	bool found;

	return order_find(c->w, &c->system, number(c), &o, &found, e) &&
	       give_found(c, &o, found, state_of(&o), e);
}

bool
api_order_drop(struct call *c, struct err *e)
{
	struct order o;
	bool found;

	return order_drop(c->w, &c->system, number(c), &o, &found, e) &&
	       give_found(c, &o, found, "dropped", e);
}

/* --- checkout ----------------------------------------------------------------------- */

struct checkout {
	uint64_t fence;
	mils total;
};

static bool
read_checkout(struct call *c, struct checkout *out, struct err *e)
{
	struct json *j;

	*out = (struct checkout){.fence = 0};
	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_digits(j, "fence", true, INT64_MAX, &out->fence);
	json_take_int(j, "total", true, 0, INT64_MAX, &out->total);
	return json_close(j, e);
}

static bool
check_total(const struct order *o, mils said, struct err *e)
{
	char is[MILS_TEXT], was[MILS_TEXT];

	return said == o->row.total ||
	       err_set(e, ERR_REQUEST,
		   "order %lld comes to %s, not %s: nothing was debited",
		   (long long)o->row.id, mils_format(o->row.total, is),
		   mils_format(said, was));
}

static bool
buy(struct call *c, struct work *work, const struct checkout *said,
    struct err *e)
{
	if (!check_total(&work->order, said->total, e) ||
	    !order_stamps(&work->order, &work->stamps, e))
		return false;
	work->stamps.who = &c->system;
	work->stamps.fence = (int64_t)said->fence;
	return issue_stamps(c->w, &work->stamps, &work->result, e) &&
	       api_give_issued(c, &work->result, e);
}

bool
api_order_checkout(struct call *c, struct err *e)
{
	struct work *work = new_work(c, e);
	struct checkout said;
	bool found = false;
	bool done =
	    work != NULL && read_checkout(c, &said, e) &&
	    order_find(c->w, &c->system, number(c), &work->order, &found, e) &&
	    (found ? buy(c, work, &said, e) : api_missing(c, "order"));

	return finish(
	    c, work, done, work != NULL && work->result.other_request, e);
}
