/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_psd.h"

#include <stdio.h>
#include <string.h>

/* --- who --------------------------------------------------------------------- */

#define SQL_HERE                                                    \
	"SELECT serial, account, module, key, point, certificate, " \
	"cert_serial, card, expires"

static bool
read_bytes(struct store *s, int i, uint8_t *out, size_t size, size_t *len,
    struct err *e)
{
	const uint8_t *ptr = store_blob(s, i, len);

	if (*len > size)
		return err_set(e, ERR_CORRUPT,
		    "PSD %lld has a column %d of %zu bytes: the database is "
		    "damaged; postaged audit",
		    (long long)store_int(s, 0), i, *len);
	if (*len > 0)
		memcpy(out, ptr, *len);
	return true;
}

static bool
read_here(struct store *s, struct psd_here *out, struct err *e)
{
	size_t len;

	*out = (struct psd_here){.serial = (uint32_t)store_int(s, 0),
	    .account = store_int(s, 1),
	    .cert_serial = (uint32_t)store_int(s, 6),
	    .card = store_int(s, 7) != 0,
	    .expires = (uint32_t)store_int(s, 8)};
	snprintf(out->module, sizeof(out->module), "%s", store_text(s, 2));
	if (!read_bytes(s, 3, out->key.ref, sizeof(out->key.ref),
		&out->key.ref_len, e) ||
	    !read_bytes(s, 4, out->key.point, PSD_POINT, &len, e) ||
	    !read_bytes(s, 5, out->certificate, sizeof(out->certificate),
		&out->certificate_len, e))
		return false;
	return len == PSD_POINT ||
	       err_set(e, ERR_CORRUPT, "PSD %lu has no public key",
		   (unsigned long)out->serial);
}

bool
store_psd_list(struct store *s, int64_t account, struct psd_here *out,
    size_t max, size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, account);
	if (!store_run(s,
		SQL_HERE " FROM psd WHERE account = $1 AND place = 'here' AND "
			 "state = 'operational' ORDER BY expires DESC, serial",
		e))
		return false;
	while (*count < max && store_row(s))
		if (!read_here(s, &out[(*count)++], e))
			return false;
	return true;
}

bool
store_psd_find(struct store *s, uint32_t serial, struct psd_record *out,
    bool *found, struct err *e)
{
	*found = false;
	store_put_int(s, serial);
	if (!store_run(s,
		SQL_HERE ", place, state, spent_said, audited FROM psd "
			 "WHERE serial = $1",
		e))
		return false;
	if (!store_row(s))
		return true;
	*found = true;
	if (!read_here(s, &out->here, e))
		return false;
	out->field = strcmp(store_text(s, 9), "field") == 0;
	snprintf(out->state, sizeof(out->state), "%s", store_text(s, 10));
	out->spent_said = store_int(s, 11);
	out->audited = store_int(s, 12);
	return true;
}

bool
store_psd_expiring(struct store *s, uint32_t today, uint32_t before,
    psd_expiring_fn *each, void *context, struct err *e)
{
	store_put_int(s, today);
	store_put_int(s, before);
	if (!store_run(s,
		"SELECT p.serial, p.expires, a.name, "
		"t.control_total - t.ascending FROM psd p "
		"JOIN psd_state t ON t.psd = p.serial "
		"JOIN account a ON a.id = p.account WHERE t.ended = 0 AND "
		"p.expires < $2 AND "
		"(p.expires >= $1 OR t.control_total > t.ascending) "
		"ORDER BY p.serial",
		e))
		return false;
	while (store_row(s)) {
		struct psd_expiring p = {.serial = (uint32_t)store_int(s, 0),
		    .expires = (uint32_t)store_int(s, 1),
		    .account = store_text(s, 2),
		    .left = store_int(s, 3)};

		each(context, &p);
	}
	return true;
}

bool
store_psd_of_module(struct store *s, const char *module, uint32_t *serial,
    bool *found, struct err *e)
{
	store_put_text(s, module);
	if (!store_run(s,
		"SELECT p.serial FROM psd p JOIN psd_state t "
		"ON t.psd = p.serial WHERE p.module = $1 AND t.ended <> 1 "
		"ORDER BY p.serial LIMIT 1",
		e))
		return false;
	*found = store_row(s);
	*serial = *found ? (uint32_t)store_int(s, 0) : 0;
	return true;
}

bool
store_psd_next(struct store *s, uint32_t *serial, struct err *e)
{
	int64_t highest;

	if (!store_run(s, "SELECT COALESCE(MAX(serial), 0) FROM psd", e))
		return false;
	highest = store_row(s) ? store_int(s, 0) : 0;
	if (highest >= UINT32_MAX)
		return err_set(e, ERR_DENIED, "no PSD number is left");
	*serial = (uint32_t)highest + 1;
	return true;
}

static void
put_record(struct store *s, const struct psd_record *psd, uint32_t expires,
    int64_t made)
{
	const struct psd_here *p = &psd->here;

	store_put_int(s, p->serial);
	if (p->account != 0)
		store_put_int(s, p->account);
	else
		store_put_null(s);
	store_put_text(s, psd->field ? "field" : "here");
	store_put_text(s, psd->field ? NULL : p->module);
	if (psd->field)
		store_put_null(s);
	else
		store_put_blob(s, p->key.ref, p->key.ref_len);
	store_put_blob(s, p->key.point, PSD_POINT);
	store_put_blob(s, p->certificate, p->certificate_len);
	store_put_int(s, p->cert_serial);
	store_put_int(s, p->card);
	store_put_int(s, expires);
	store_put_int(s, made);
	store_send(s,
	    "INSERT INTO psd (serial, account, place, module, key, point, "
	    "certificate, cert_serial, card, expires, made) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
}

/* --- registers ----------------------------------------------------------------- */

static void
encode_row(const struct psd_row *row, uint8_t out[PSD_ROW_BYTES])
{
	psd_encode_core(&row->psd, out);
	psd_encode_entry(&row->psd.ring[0], out + PSD_CORE_BYTES);
}

static bool
decode_row(const uint8_t *in, size_t len, struct psd_row *out, struct err *e)
{
	if (len != PSD_ROW_BYTES)
		return err_set(e, ERR_CORRUPT, "%zu bytes of state", len);
	if (!psd_decode_core(in, &out->psd, e))
		return false;
	out->psd.remembers = 1;
	return psd_decode_entry(in + PSD_CORE_BYTES, &out->psd.ring[0], e) &&
	       psd_check(&out->psd, e);
}

bool
store_psd_add(struct store *s, const struct psd_record *psd,
    const struct psd_row *row, int64_t made, struct err *e)
{
	uint8_t state[PSD_ROW_BYTES];

	put_record(s, psd, row != NULL ? row->psd.expires : 0, made);
	if (!store_receive(s, e))
		return false;
	if (row == NULL)
		return true;
	encode_row(row, state);
	store_put_int(s, row->psd.serial);
	store_put_blob(s, state, sizeof(state));
	store_put_blob(s, row->chain, CHAIN_BYTES);
	return store_run(s,
	    "INSERT INTO psd_state (psd, state, ascending, control_total, "
	    "pieces, chain) VALUES ($1, $2, 0, 0, 0, $3)",
	    e);
}

#define SQL_ROW                                                           \
	"SELECT t.psd, t.state, t.ascending, t.control_total, t.pieces, " \
	"t.chain, t.complete, p.state, t.ended, p.expires "               \
	"FROM psd_state t JOIN psd p ON p.serial = t.psd WHERE t.psd = $1"

void
store_psd_row_ask(struct store *s, uint32_t serial, enum store_lock lock)
{
	static const char *const sql[] = {[STORE_LOOK] = SQL_ROW,
	    [STORE_LOCK] = SQL_ROW " FOR UPDATE OF t",
	    [STORE_LOCK_FREE] = SQL_ROW " FOR UPDATE OF t SKIP LOCKED"};

	store_put_int(s, serial);
	store_send(s, sql[lock]);
}

static bool
agrees(struct store *s, const struct psd_row *row)
{
	const struct psd *p = &row->psd;

	return store_int(s, 0) == (int64_t)p->serial &&
	       store_int(s, 2) == p->ascending &&
	       store_int(s, 3) == p->control_total &&
	       store_int(s, 4) == (int64_t)p->piece_count &&
	       store_int(s, 9) == (int64_t)p->expires;
}

bool
store_psd_row_get(
    struct store *s, struct psd_row *out, bool *found, struct err *e)
{
	const uint8_t *ptr;
	size_t len;

	*found = false;
	if (!store_receive(s, e))
		return false;
	if (!store_row(s))
		return true;
	*found = true;
	ptr = store_blob(s, 1, &len);
	if (!decode_row(ptr, len, out, e))
		return err_prefix(e, "PSD %lld", (long long)store_int(s, 0));
	if (!agrees(s, out))
		return err_set(e, ERR_CORRUPT,
		    "PSD %lld: the registers in its state and those beside it "
		    "differ: nothing is issued from it; postaged audit",
		    (long long)store_int(s, 0));
	if (!read_bytes(s, 5, out->chain, CHAIN_BYTES, &len, e))
		return false;
	out->complete = store_int(s, 6);
	out->ended = store_int(s, 8) == 1;
	out->ending = store_int(s, 8) == 2;
	out->operational = !out->ended && !out->ending &&
			   strcmp(store_text(s, 7), "operational") == 0;
	return true;
}

void
store_psd_row_send(struct store *s)
{
	store_send_rows(s,
	    "UPDATE psd_state SET state = v.column1, ascending = v.column2, "
	    "control_total = v.column3, pieces = v.column4, "
	    "chain = v.column5 FROM (VALUES",
	    6, ") AS v WHERE psd = v.column6");
}

void
store_psd_row_put(struct store *s, const struct psd_row *row)
{
	uint8_t state[PSD_ROW_BYTES];

	encode_row(row, state);
	store_put_blob(s, state, sizeof(state));
	store_put_int(s, row->psd.ascending);
	store_put_int(s, row->psd.control_total);
	store_put_int(s, row->psd.piece_count);
	store_put_blob(s, row->chain, CHAIN_BYTES);
	store_put_int(s, row->psd.serial);
}

/* --- the end ---------------------------------------------------------------------- */

bool
store_psd_end(struct store *s, uint32_t serial, const uint8_t *receipt,
    size_t len, struct err *e)
{
	if (len > 0)
		store_put_blob(s, receipt, len);
	else
		store_put_null(s);
	store_put_int(s, serial);
	return store_run(s,
	    "UPDATE psd_state SET ended = 1, receipt = $1 WHERE psd = $2", e);
}

bool
store_psd_end_waits(struct store *s, uint32_t serial, struct err *e)
{
	store_put_int(s, serial);
	return store_run(s, "UPDATE psd_state SET ended = 2 WHERE psd = $1", e);
}

bool
store_psd_receipt(struct store *s, uint32_t serial,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	*len = 0;
	store_put_int(s, serial);
	return store_run(s,
		   "SELECT psd, receipt FROM psd_state WHERE psd = $1 AND "
		   "receipt IS NOT NULL",
		   e) &&
	       (!store_row(s) ||
		   read_bytes(s, 1, out, PSD_MESSAGE_MAX, len, e));
}

bool
store_psd_ending(struct store *s, uint32_t after, int64_t account,
    struct psd_here *out, size_t max, size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, after);
	store_put_int(s, account);
	store_put_int(s, (int64_t)max);
	if (!store_run(s,
		"SELECT p.serial, p.account, p.module FROM psd_state t "
		"JOIN psd p ON p.serial = t.psd WHERE t.ended = 2 AND "
		"t.psd > $1 AND ($2 = 0 OR p.account = $2) "
		"ORDER BY t.psd LIMIT $3",
		e))
		return false;
	while (*count < max && store_row(s)) {
		struct psd_here *p = &out[(*count)++];

		*p = (struct psd_here){.serial = (uint32_t)store_int(s, 0),
		    .account = store_int(s, 1),
		    .card = true};
		snprintf(p->module, sizeof(p->module), "%s", store_text(s, 2));
	}
	return true;
}

/* --- signatures --------------------------------------------------------------------- */

bool
store_psd_unsigned(struct store *s, uint32_t after, const char *modules,
    struct psd_unsigned *out, size_t max, size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, after);
	store_put_text(s, modules);
	store_put_int(s, (int64_t)max);
	if (!store_run(s,
		"SELECT p.serial, p.module, t.complete, t.pieces "
		"FROM psd_state t JOIN psd p ON p.serial = t.psd "
		"WHERE t.pieces > t.complete AND p.serial > $1 AND "
		"(p.card = 0 OR t.ended <> 1) AND "
		"$2 LIKE '% ' || p.module || ' %' ORDER BY p.serial LIMIT $3",
		e))
		return false;
	while (*count < max && store_row(s)) {
		struct psd_unsigned *p = &out[(*count)++];

		p->serial = (uint32_t)store_int(s, 0);
		snprintf(p->module, sizeof(p->module), "%s", store_text(s, 1));
		p->complete = store_int(s, 2);
		p->pieces = store_int(s, 3);
	}
	return true;
}

bool
store_psd_complete(struct store *s, uint32_t psd, int64_t piece, struct err *e)
{
	store_put_int(s, piece);
	store_put_int(s, psd);
	return store_run(s,
	    "UPDATE psd_state SET complete = $1 WHERE psd = $2 AND "
	    "complete < $1",
	    e);
}

/* --- value ----------------------------------------------------------------------- */

bool
store_download_find(struct store *s, uint32_t psd, uint32_t sequence,
    struct download *out, bool *found, struct err *e)
{
	*found = false;
	store_put_int(s, psd);
	store_put_int(s, sequence);
	if (!store_run(s,
		"SELECT psd, sequence, account, amount, orders, answer, "
		"applied, made FROM download WHERE psd = $1 AND sequence = $2",
		e))
		return false;
	if (!store_row(s))
		return true;
	*found = true;
	*out = (struct download){.psd = psd,
	    .sequence = sequence,
	    .account = store_int(s, 2),
	    .amount = store_int(s, 3),
	    .orders = (uint8_t)store_int(s, 4),
	    .applied = store_int(s, 6) == 1,
	    .made = store_int(s, 7)};
	return read_bytes(
	    s, 5, out->answer, sizeof(out->answer), &out->answer_len, e);
}

void
store_download_put(struct store *s, const struct download *d)
{
	store_put_int(s, d->psd);
	store_put_int(s, d->sequence);
	store_put_int(s, d->account);
	store_put_int(s, d->amount);
	store_put_int(s, d->orders);
	store_put_blob(s, d->answer, d->answer_len);
	store_put_int(s, d->applied);
	store_put_int(s, d->made);
	if (d->system != 0)
		store_put_int(s, d->system);
	else
		store_put_no_int(s);
	store_send(s,
	    "INSERT INTO download (psd, sequence, account, amount, orders, "
	    "answer, applied, made, usersystem) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
}

void
store_download_applied(struct store *s, uint32_t psd, uint32_t sequence)
{
	store_put_int(s, psd);
	store_put_int(s, sequence);
	store_send(s,
	    "UPDATE download SET applied = 1 WHERE psd = $1 AND sequence = $2");
}

bool
store_download_end(struct store *s, uint32_t psd, mils *sum, struct err *e)
{
	*sum = 0;
	store_put_int(s, psd);
	if (!store_run(s,
		"UPDATE download SET applied = 2 "
		"WHERE psd = $1 AND applied = 0 RETURNING amount",
		e))
		return false;
	while (store_row(s))
		*sum += store_int(s, 0);
	return true;
}

bool
store_download_waits(struct store *s, int64_t before, struct download *out,
    size_t max, size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, before);
	store_put_int(s, (int64_t)max);
	if (!store_run(s,
		"SELECT d.psd, d.sequence FROM download d JOIN psd_state t "
		"ON t.psd = d.psd JOIN psd p ON p.serial = d.psd "
		"WHERE d.applied = 0 AND d.made < $1 AND "
		"p.state = 'operational' "
		"ORDER BY d.made LIMIT $2",
		e))
		return false;
	while (*count < max && store_row(s))
		out[(*count)++] =
		    (struct download){.psd = (uint32_t)store_int(s, 0),
			.sequence = (uint32_t)store_int(s, 1)};
	return true;
}
