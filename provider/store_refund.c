/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_refund.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_REFUND                                                          \
	"SELECT r.id, r.account, r.usersystem, a.name, r.state, r.stamps, " \
	"r.total, r.reason, r.made, r.settled, (SELECT COUNT(*) FROM "      \
	"refund_approval v WHERE v.refund = r.id), (SELECT CAST("           \
	"COALESCE(SUM(o.total), 0) AS BIGINT) FROM refund o "               \
	"JOIN account b ON b.id = o.account WHERE "                         \
	"b.customer = a.customer AND o.state <> 'rejected' AND "            \
	"o.made > r.made - 86400000 AND o.made < r.made + 86400000) "       \
	"FROM refund r "                                                    \
	"JOIN account a ON a.id = r.account "

static void
copy(struct store *s, int i, char *out, size_t size)
{
	snprintf(out, size, "%s", store_text(s, i));
}

static void
read_refund(struct store *s, struct refund_row *out)
{
	*out = (struct refund_row){.id = store_int(s, 0),
	    .account = store_int(s, 1),
	    .system = store_int(s, 2),
	    .stamps = store_int(s, 5),
	    .total = store_int(s, 6),
	    .made = store_int(s, 8),
	    .settled = store_int(s, 9),
	    .approvals = store_int(s, 10),
	    .of_days = store_int(s, 11)};
	copy(s, 3, out->account_name, sizeof(out->account_name));
	copy(s, 4, out->state, sizeof(out->state));
	copy(s, 7, out->reason, sizeof(out->reason));
}

bool
store_refund_add(
    struct store *s, const struct refund_row *row, int64_t *id, struct err *e)
{
	store_put_int(s, row->account);
	store_put_int(s, row->system);
	store_put_int(s, row->stamps);
	store_put_int(s, row->total);
	store_put_text(s, row->reason);
	store_put_int(s, row->made);
	if (!store_run(s,
		"INSERT INTO refund (account, usersystem, stamps, total, "
		"reason, made) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
		e))
		return false;
	if (!store_row(s))
		return err_set(e, ERR_SYSTEM, "no refund was added");
	*id = store_int(s, 0);
	return true;
}

bool
store_refund_find(struct store *s, int64_t id, bool lock,
    struct refund_row *out, bool *found, struct err *e)
{
	*found = false;
	store_put_int(s, id);
	if (!store_run(s,
		lock ? SQL_REFUND "WHERE r.id = $1 FOR UPDATE"
		     : SQL_REFUND "WHERE r.id = $1",
		e))
		return false;
	*found = store_row(s);
	if (*found)
		read_refund(s, out);
	return true;
}

bool
store_refund_list(struct store *s, const char *state, size_t max,
    refund_fn *each, void *context, struct err *e)
{
	store_put_text(s, state);
	store_put_int(s, (int64_t)max);
	if (!store_run(s,
		"SELECT * FROM (" SQL_REFUND
		"WHERE $1 = '' OR r.state = $1 ORDER BY r.id DESC LIMIT $2"
		") x ORDER BY 1",
		e))
		return false;
	while (store_row(s)) {
		struct refund_row row;

		read_refund(s, &row);
		each(context, &row);
	}
	return true;
}

bool
store_refund_approve(struct store *s, int64_t id, int64_t person,
    const char *method, int64_t made, struct err *e)
{
	store_put_int(s, id);
	store_put_int(s, person);
	store_put_text(s, method);
	store_put_int(s, made);
	return store_run(s,
	    "INSERT INTO refund_approval (refund, person, method, made) "
	    "VALUES ($1, $2, $3, $4) ON CONFLICT (refund, person) DO NOTHING",
	    e);
}

bool
store_refund_settle(struct store *s, int64_t id, const char *state,
    int64_t settled, struct err *e)
{
	store_put_text(s, state);
	store_put_int(s, settled);
	store_put_int(s, id);
	if (!store_run(s,
		"UPDATE refund SET state = $1, settled = $2 WHERE id = $3", e))
		return false;
	if (strcmp(state, "rejected") != 0)
		return true;
	store_put_int(s, id);
	return store_run(s, "DELETE FROM stamp_end WHERE refund = $1", e);
}

bool
store_refund_log(
    struct store *s, destruction_fn *each, void *context, struct err *e)
{
	if (!store_run(s,
		"SELECT r.id, r.stamps, r.total, v.made, p.login, v.method "
		"FROM refund_approval v JOIN refund r ON r.id = v.refund "
		"JOIN person p ON p.id = v.person "
		"WHERE r.state = 'approved' ORDER BY v.made, r.id, p.login",
		e))
		return false;
	while (store_row(s)) {
		struct destruction d = {.refund = store_int(s, 0),
		    .stamps = store_int(s, 1),
		    .total = store_int(s, 2),
		    .made = store_int(s, 3)};

		copy(s, 4, d.login, sizeof(d.login));
		copy(s, 5, d.method, sizeof(d.method));
		each(context, &d);
	}
	return true;
}

/* --- lists of PSDs in the field ---------------------------------------------------- */

static bool
read_list(struct store *s, struct refund_list_row *out, struct err *e)
{
	const uint8_t *digest;
	size_t len;

	out->refund = store_int(s, 1);
	digest = store_blob(s, 0, &len);
	if (len != sizeof(out->digest))
		return err_set(e, ERR_CORRUPT, "a list without a digest");
	memcpy(out->digest, digest, len);
	if (store_is_null(s, 2))
		return true;
	out->answer = strdup(store_text(s, 2));
	if (out->answer == NULL)
		return err_system(e, "memory");
	out->len = strlen(out->answer);
	return true;
}

bool
store_refund_list_find(struct store *s, uint32_t psd, uint32_t number,
    struct refund_list_row *out, bool *found, struct err *e)
{
	*out = (struct refund_list_row){.psd = psd, .number = number};
	*found = false;
	store_put_int(s, psd);
	store_put_int(s, number);
	if (!store_run(s,
		"SELECT digest, refund, answer FROM refund_list "
		"WHERE psd = $1 AND number = $2",
		e))
		return false;
	*found = store_row(s);
	return !*found || read_list(s, out, e);
}

bool
store_refund_list_add(
    struct store *s, const struct refund_list_row *row, struct err *e)
{
	store_put_int(s, row->psd);
	store_put_int(s, row->number);
	store_put_blob(s, row->digest, sizeof(row->digest));
	if (row->refund != 0)
		store_put_int(s, row->refund);
	else
		store_put_null(s);
	return store_run(s,
	    "INSERT INTO refund_list (psd, number, digest, refund) "
	    "VALUES ($1, $2, $3, $4)",
	    e);
}

bool
store_refund_list_answer(
    struct store *s, const struct refund_list_row *row, struct err *e)
{
	store_put_text(s, row->answer);
	store_put_int(s, row->psd);
	store_put_int(s, row->number);
	return store_run(s,
	    "UPDATE refund_list SET answer = $1 WHERE psd = $2 AND "
	    "number = $3",
	    e);
}
