/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_sheet.h"

#include <stdio.h>
#include <string.h>

#define SQL_RANGE                                                          \
	"SELECT r.first, r.last, r.media, r.labels, r.made, "              \
	"COALESCE(r.account, 0), COALESCE(a.name, '') FROM sheet_range r " \
	"LEFT JOIN account a ON a.id = r.account "

static void
read_range(struct store *s, struct sheet_range *out)
{
	out->first = (uint64_t)store_int(s, 0);
	out->last = (uint64_t)store_int(s, 1);
	snprintf(out->media, sizeof(out->media), "%s", store_text(s, 2));
	out->labels = (uint16_t)store_int(s, 3);
	out->made = store_int(s, 4);
	out->account = store_int(s, 5);
	snprintf(out->owner, sizeof(out->owner), "%s", store_text(s, 6));
}

/* --- ranges ---------------------------------------------------------------------- */

/* Any that has a number of this one. */
static bool
find_overlap(struct store *s, const struct sheet_range *range,
    struct sheet_range *out, bool *found, struct err *e)
{
	store_put_int(s, (int64_t)range->last);
	store_put_int(s, (int64_t)range->first);
	*found = false;
	if (!store_run(s,
		SQL_RANGE "WHERE r.first <= $1 AND r.last >= $2 "
			  "ORDER BY r.first LIMIT 1",
		e))
		return false;
	*found = store_row(s);
	if (*found)
		read_range(s, out);
	return true;
}

static bool
same_range(const struct sheet_range *a, const struct sheet_range *b)
{
	return a->first == b->first && a->last == b->last &&
	       a->labels == b->labels && strcmp(a->media, b->media) == 0;
}

static bool
give_range(struct store *s, const struct sheet_range *range, int64_t account,
    struct err *e)
{
	store_put_int(s, account);
	store_put_int(s, (int64_t)range->first);
	return store_run(
	    s, "UPDATE sheet_range SET account = $1 WHERE first = $2", e);
}

/* It is registered: for nobody yet, perhaps. */
static bool
add_again(struct store *s, const struct sheet_range *was,
    const struct sheet_range *range, bool *fresh, struct err *e)
{
	if (range->account == 0 || range->account == was->account)
		return true;
	if (was->account != 0)
		return err_set(e, ERR_REQUEST,
		    "sheets %llu to %llu are registered for account %s",
		    (unsigned long long)was->first,
		    (unsigned long long)was->last, was->owner);
	*fresh = give_range(s, was, range->account, e);
	return *fresh;
}

static void
put_account(struct store *s, int64_t account)
{
	if (account != 0)
		store_put_int(s, account);
	else
		store_put_null(s);
}

bool
store_range_add(struct store *s, const struct sheet_range *range, bool *fresh,
    struct err *e)
{
	struct sheet_range other;
	bool found;

	*fresh = false;
	/* two overlapping ones of two writers would not see each other */
	if (store_engine(s) == STORE_POSTGRESQL &&
	    !store_run(
		s, "LOCK TABLE sheet_range IN SHARE ROW EXCLUSIVE MODE", e))
		return false;
	if (!find_overlap(s, range, &other, &found, e))
		return false;
	if (found && same_range(range, &other))
		return add_again(s, &other, range, fresh, e);
	if (found)
		return err_set(e, ERR_REQUEST,
		    "sheets %llu to %llu overlap %llu to %llu (%s), which are "
		    "registered",
		    (unsigned long long)range->first,
		    (unsigned long long)range->last,
		    (unsigned long long)other.first,
		    (unsigned long long)other.last, other.media);
	store_put_int(s, (int64_t)range->first);
	store_put_int(s, (int64_t)range->last);
	store_put_text(s, range->media);
	store_put_int(s, range->labels);
	put_account(s, range->account);
	store_put_int(s, range->made);
	*fresh = store_run(s,
	    "INSERT INTO sheet_range (first, last, media, labels, account, "
	    "made) VALUES ($1, $2, $3, $4, $5, $6)",
	    e);
	return *fresh;
}

bool
store_range_list(
    struct store *s, sheet_range_fn *each, void *context, struct err *e)
{
	if (!store_run(s, SQL_RANGE "ORDER BY r.first", e))
		return false;
	while (store_row(s)) {
		struct sheet_range range;

		read_range(s, &range);
		each(context, &range);
	}
	return true;
}

/* --- sheets ---------------------------------------------------------------------- */

static void
ask_range(struct store *s, uint64_t serial)
{
	store_put_int(s, (int64_t)serial);
	store_send(s, SQL_RANGE "WHERE r.first <= $1 AND r.last >= $1");
}

static bool
get_range(struct store *s, struct sheet_row *out, struct err *e)
{
	if (!store_receive(s, e))
		return false;
	out->known = store_row(s);
	if (!out->known)
		return true;
	read_range(s, &out->range);
	if (out->account == 0) {
		out->account = out->range.account;
		memcpy(out->owner, out->range.owner, sizeof(out->owner));
	}
	return true;
}

static bool
get_sheet(struct store *s, struct sheet_row *out, struct err *e)
{
	if (!store_receive(s, e))
		return false;
	if (!store_row(s))
		return true;
	out->account = store_int(s, 0);
	out->is_void = strcmp(store_text(s, 1), "void") == 0;
	snprintf(out->owner, sizeof(out->owner), "%s", store_text(s, 2));
	return true;
}

bool
store_sheet_find(
    struct store *s, uint64_t serial, struct sheet_row *out, struct err *e)
{
	*out = (struct sheet_row){.serial = serial};
	store_put_int(s, (int64_t)serial);
	store_send(s,
	    "SELECT COALESCE(h.account, 0), h.state, COALESCE(a.name, '') "
	    "FROM sheet h LEFT JOIN account a ON a.id = h.account "
	    "WHERE h.serial = $1");
	ask_range(s, serial);
	return get_sheet(s, out, e) && get_range(s, out, e);
}

bool
sheet_is_hidden(const struct sheet_row *sheet, int64_t account)
{
	return sheet->account != account && sheet->range.account != 0 &&
	       sheet->range.account != account;
}

void
store_sheet_bind_ask(
    struct store *s, uint64_t serial, int64_t account, int64_t made)
{
	store_put_int(s, (int64_t)serial);
	put_account(s, account);
	store_put_int(s, made);
	store_send(s, "INSERT INTO sheet (serial, account, bound) VALUES ($1, "
		      "COALESCE((SELECT r.account FROM sheet_range r "
		      "WHERE r.first <= $1 AND r.last >= $1), $2), $3) "
		      "ON CONFLICT (serial) DO UPDATE SET "
		      "account = COALESCE(sheet.account, excluded.account), "
		      "bound = CASE WHEN sheet.account IS NULL THEN $3 "
		      "ELSE sheet.bound END "
		      "RETURNING COALESCE(account, 0), state, ''");
	ask_range(s, serial);
}

bool
store_sheet_bind_get(
    struct store *s, uint64_t serial, struct sheet_row *out, struct err *e)
{
	*out = (struct sheet_row){.serial = serial};
	return get_sheet(s, out, e) && get_range(s, out, e);
}

/* --- releasing -------------------------------------------------------------------- */

/* Locks its row, which is there from now on. */
static bool
hold(struct store *s, uint64_t serial, struct err *e)
{
	store_put_int(s, (int64_t)serial);
	return store_run(s,
	    "INSERT INTO sheet (serial) VALUES ($1) "
	    "ON CONFLICT (serial) DO UPDATE SET state = sheet.state",
	    e);
}

static bool
remember(struct store *s, uint64_t serial, int64_t made, struct err *e)
{
	store_put_int(s, (int64_t)serial);
	store_put_int(s, made);
	return store_run(s,
	    "INSERT INTO sheet_release (sheet, account, made) "
	    "SELECT serial, account, $2 FROM sheet "
	    "WHERE serial = $1 AND account IS NOT NULL",
	    e);
}

bool
store_sheet_release(struct store *s, uint64_t serial, int64_t account,
    int64_t made, struct err *e)
{
	struct sheet_row sheet;

	if (!store_sheet_find(s, serial, &sheet, e))
		return false;
	if (!sheet.known && sheet.account == 0)
		return err_set(e, ERR_REQUEST,
		    "label sheet %llu is not registered, and nobody's",
		    (unsigned long long)serial);
	if (!hold(s, serial, e) || !remember(s, serial, made, e))
		return false;
	store_put_int(s, (int64_t)serial);
	put_account(s, account);
	store_put_int(s, made);
	return store_run(s,
	    "UPDATE sheet SET account = $2, bound = $3 WHERE serial = $1", e);
}

bool
store_sheet_releases(struct store *s, uint64_t serial, sheet_release_fn *each,
    void *context, struct err *e)
{
	store_put_int(s, (int64_t)serial);
	if (!store_run(s,
		"SELECT a.name, r.made FROM sheet_release r "
		"JOIN account a ON a.id = r.account WHERE r.sheet = $1 "
		"ORDER BY r.id",
		e))
		return false;
	while (store_row(s))
		each(context, store_text(s, 0), store_int(s, 1));
	return true;
}

/* --- labels ---------------------------------------------------------------------- */

void
store_sheet_labels_ask(struct store *s, uint64_t serial)
{
	store_put_int(s, (int64_t)serial);
	store_send(s, "SELECT label, 0 FROM stamp WHERE sheet = $1 UNION ALL "
		      "SELECT label, 1 FROM label_void WHERE sheet = $1");
}

bool
store_sheet_labels_get(struct store *s, struct sheet_labels *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (!store_receive(s, e))
		return false;
	while (store_row(s)) {
		uint16_t label = (uint16_t)store_int(s, 0);
		uint8_t *bits = store_int(s, 1) ? out->voided : out->used;

		bits[label / 8] |= (uint8_t)(1 << label % 8);
	}
	return true;
}

bool
sheet_label_in(const uint8_t *bits, uint16_t label)
{
	return (bits[label / 8] >> label % 8 & 1) != 0;
}

bool
store_sheet_void(struct store *s, uint64_t serial, struct err *e)
{
	store_put_int(s, (int64_t)serial);
	return store_run(s,
	    "INSERT INTO sheet (serial, state) VALUES ($1, 'void') "
	    "ON CONFLICT (serial) DO UPDATE SET state = 'void'",
	    e);
}

bool
store_label_void(struct store *s, uint64_t serial, uint16_t label, int64_t made,
    struct err *e)
{
	store_put_int(s, (int64_t)serial);
	store_put_int(s, label);
	store_put_int(s, made);
	return store_run(s,
	    "INSERT INTO label_void (sheet, label, made) VALUES ($1, $2, $3) "
	    "ON CONFLICT (sheet, label) DO NOTHING",
	    e);
}
