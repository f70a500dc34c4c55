/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_field.h"

bool
store_field_lock(struct store *s, uint32_t psd, uint32_t sequence,
    struct field_row *out, bool *found, struct err *e)
{
	store_put_int(s, psd);
	store_put_int(s, sequence);
	*found = false;
	if (!store_run(s,
		"SELECT p.spent_said, p.audited, "
		"(SELECT CAST(COALESCE(MAX(h.ascending), 0) AS BIGINT) "
		"FROM heard h WHERE h.psd = p.serial), "
		"(SELECT CAST(COALESCE(SUM(d.amount), 0) AS BIGINT) "
		"FROM download d WHERE d.psd = p.serial AND "
		"d.sequence <= $2) FROM psd p WHERE p.serial = $1 FOR UPDATE",
		e))
		return false;
	*found = store_row(s);
	if (*found)
		*out = (struct field_row){.spent_said = store_int(s, 0),
		    .audited = store_int(s, 1),
		    .known = store_int(s, 2),
		    .given = store_int(s, 3)};
	return true;
}

bool
store_field_said(struct store *s, uint32_t psd, uint32_t sequence,
    const struct field_row *row, struct err *e)
{
	store_put_int(s, row->spent_said);
	store_put_int(s, row->audited);
	store_put_int(s, psd);
	store_send(s,
	    "UPDATE psd SET spent_said = $1, audited = $2 WHERE serial = $3");
	store_put_int(s, psd);
	store_put_int(s, sequence);
	store_send(s, "UPDATE download SET applied = 1 WHERE psd = $1 AND "
		      "sequence <= $2 AND applied = 0");
	return store_flush(s, e);
}

bool
store_field_heard(
    struct store *s, uint32_t psd, mils ascending, int64_t made, struct err *e)
{
	store_put_int(s, psd);
	store_put_int(s, ascending);
	store_put_int(s, made);
	return store_run(s,
	    "INSERT INTO heard (psd, ascending, made) "
	    "SELECT p.serial, CAST($2 AS BIGINT), CAST($3 AS BIGINT) "
	    "FROM psd p WHERE p.serial = $1 AND p.place = 'field' AND "
	    "NOT EXISTS (SELECT 1 FROM heard h WHERE h.psd = $1 AND "
	    "h.ascending >= $2) ON CONFLICT DO NOTHING",
	    e);
}

bool
store_field_known(
    struct store *s, uint32_t psd, mils ascending, int64_t *made, struct err *e)
{
	store_put_int(s, psd);
	store_put_int(s, ascending);
	*made = 0;
	if (!store_run(s,
		"SELECT made FROM heard WHERE psd = $1 AND ascending >= $2 "
		"ORDER BY ascending LIMIT 1",
		e))
		return false;
	if (store_row(s))
		*made = store_int(s, 0);
	return true;
}

bool
store_field_could(struct store *s, uint32_t psd, mils ascending,
    mils control_total, bool *could, struct err *e)
{
	*could = ascending == 0 && control_total == 0; /* it is new */
	if (*could || ascending > control_total)
		return true;
	store_put_int(s, psd);
	store_put_int(s, control_total);
	if (!store_run(s,
		"SELECT 1 FROM (SELECT SUM(d.amount) OVER "
		"(ORDER BY d.sequence) AS given FROM download d "
		"WHERE d.psd = $1) x WHERE x.given = $2 LIMIT 1",
		e))
		return false;
	*could = store_row(s);
	return true;
}

bool
store_doubt_add(struct store *s, const struct stamp_end *stamp,
    const uint8_t *other, const char *place, bool *fresh, struct err *e)
{
	store_put_blob(s, stamp->digest, END_DIGEST);
	store_put_int(s, stamp->psd);
	store_put_int(s, stamp->piece);
	store_put_int(s, stamp->ascending);
	store_put_int(s, stamp->amount);
	if (other != NULL)
		store_put_blob(s, other, END_DIGEST);
	else
		store_put_null(s);
	store_put_text(s, place);
	store_put_int(s, stamp->made);
	if (!store_run(s,
		"INSERT INTO doubt (digest, psd, piece, ascending, amount, "
		"other, place, made) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
		"ON CONFLICT DO NOTHING",
		e))
		return false;
	*fresh = store_changed(s) == 1;
	return true;
}

bool
store_doubt_find(struct store *s, const uint8_t digest[END_DIGEST], bool *found,
    struct err *e)
{
	store_put_blob(s, digest, END_DIGEST);
	if (!store_run(s, "SELECT 1 FROM doubt WHERE digest = $1", e))
		return false;
	*found = store_row(s);
	return true;
}

bool
store_field_withhold(
    struct store *s, uint32_t psd, bool *changed, struct err *e)
{
	store_put_int(s, psd);
	if (!store_run(s,
		"UPDATE psd SET state = 'withheld' WHERE serial = $1 AND "
		"state = 'operational'",
		e))
		return false;
	*changed = store_changed(s) == 1;
	return true;
}

bool
store_field_consent(struct store *s, uint32_t psd, uint32_t sequence,
    mils ascending, bool *same, struct err *e)
{
	store_put_int(s, psd);
	store_put_int(s, sequence);
	store_put_int(s, ascending);
	store_send(s, "INSERT INTO consent (psd, sequence, ascending) "
		      "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
	store_put_int(s, psd);
	store_put_int(s, sequence);
	*same = false;
	if (!store_run(s,
		"SELECT ascending FROM consent WHERE psd = $1 AND "
		"sequence = $2",
		e))
		return false;
	*same = store_row(s) && store_int(s, 0) == ascending;
	return true;
}
