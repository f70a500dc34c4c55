/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_audit.h"

#include <stdlib.h>
#include <string.h>

/* --- rules --------------------------------------------------------------------------- */

/* Each query names what breaks the rule, and nothing where all is well. */
static const struct {
	const char *rule, *sql;
} rules[] = {
    {"what a PSD holds in all is what it was given",
	"SELECT 'PSD ' || CAST(t.psd AS TEXT) FROM psd_state t "
	"WHERE t.control_total <> (SELECT COALESCE(SUM(d.amount), 0) "
	"FROM download d WHERE d.psd = t.psd AND d.applied = 1)"},
    {"what a PSD spent is the sum of its stamps",
	"SELECT 'PSD ' || CAST(t.psd AS TEXT) FROM psd_state t "
	"WHERE t.ascending <> (SELECT COALESCE(SUM(s.amount), 0) "
	"FROM stamp s WHERE s.psd = t.psd)"},
    {"a PSD's pieces are numbered without a gap",
	"SELECT 'PSD ' || CAST(t.psd AS TEXT) FROM psd_state t "
	"WHERE t.pieces <> (SELECT COUNT(*) FROM stamp s WHERE s.psd = t.psd) "
	"OR t.pieces <> (SELECT COALESCE(MAX(s.piece), 0) FROM stamp s "
	"WHERE s.psd = t.psd)"},
    {"the ledger says what each PSD has left",
	"SELECT 'PSD ' || CAST(t.psd AS TEXT) FROM psd_state t "
	"WHERE CASE WHEN t.ended = 1 THEN 0 ELSE "
	"t.control_total - t.ascending + "
	"(SELECT COALESCE(SUM(d.amount), 0) FROM download d "
	"WHERE d.psd = t.psd AND d.applied = 0) END <> "
	"(SELECT COALESCE(SUM(x.amount), 0) FROM transfer x "
	"WHERE x.given_to = 'psd:' || CAST(t.psd AS TEXT)) - "
	"(SELECT COALESCE(SUM(x.amount), 0) FROM transfer x "
	"WHERE x.taken_from = 'psd:' || CAST(t.psd AS TEXT))"},
    {"a PSD that was withdrawn or revoked has nothing left, or waits for its "
     "card, and no other",
	"SELECT 'PSD ' || CAST(t.psd AS TEXT) FROM psd_state t "
	"JOIN psd p ON p.serial = t.psd WHERE (t.ended <> 0) <> "
	"(p.state IN ('withdrawn', 'revoked')) OR "
	"(t.ended = 2 AND p.card = 0)"},
    {"what went back from a PSD is what was left in it",
	"SELECT x.ref FROM transfer x LEFT JOIN psd_state t "
	"ON x.ref = 'unload:' || CAST(t.psd AS TEXT) AND t.ended = 1 "
	"WHERE x.kind = 'unload' AND (t.psd IS NULL OR x.amount <> "
	"t.control_total - t.ascending + "
	"(SELECT COALESCE(SUM(d.amount), 0) FROM download d "
	"WHERE d.psd = t.psd AND d.applied = 2))"},
    {"each value download is in the ledger",
	"SELECT 'PSD ' || CAST(d.psd AS TEXT) || ' download ' || "
	"CAST(d.sequence AS TEXT) FROM download d "
	"LEFT JOIN transfer x ON x.ref = 'load:' || CAST(d.psd AS TEXT) || "
	"':' || CAST(d.sequence AS TEXT) "
	"WHERE d.amount > 0 AND (x.id IS NULL OR x.amount <> d.amount)"},
    {"the ledger says what each account's credit is",
	"SELECT 'account ' || a.name FROM account a WHERE a.credit <> "
	"(SELECT COALESCE(SUM(x.amount), 0) FROM transfer x "
	"WHERE x.given_to = 'credit:' || CAST(a.id AS TEXT)) - "
	"(SELECT COALESCE(SUM(x.amount), 0) FROM transfer x "
	"WHERE x.taken_from = 'credit:' || CAST(a.id AS TEXT))"},
    {"what a user system spent is the sum of its stamps",
	"SELECT 'user system ' || u.name FROM usersystem u "
	"JOIN usersystem_count n ON n.usersystem = u.id WHERE n.ascending <> "
	"(SELECT COALESCE(SUM(s.amount), 0) FROM stamp s "
	"WHERE s.usersystem = u.id) OR n.pieces <> "
	"(SELECT COUNT(*) FROM stamp s WHERE s.usersystem = u.id)"},
    {"each stamp is of a PSD here and of a user system",
	"SELECT 'PSD ' || CAST(s.psd AS TEXT) || ' piece ' || "
	"CAST(s.piece AS TEXT) FROM stamp s "
	"LEFT JOIN psd_state t ON t.psd = s.psd "
	"LEFT JOIN usersystem u ON u.id = s.usersystem "
	"WHERE t.psd IS NULL OR u.id IS NULL"},
    {"each label's sheet belongs to the account that used it",
	"SELECT 'sheet ' || CAST(s.sheet AS TEXT) || ' label ' || "
	"CAST(s.label AS TEXT) FROM stamp s "
	"JOIN usersystem u ON u.id = s.usersystem "
	"LEFT JOIN sheet h ON h.serial = s.sheet WHERE s.sheet IS NOT NULL "
	"AND (h.account IS NULL OR h.account <> u.account) "
	"AND NOT EXISTS (SELECT 1 FROM sheet_release r "
	"WHERE r.sheet = s.sheet AND r.account = u.account)"},
    {"no label is used that its sheet has not",
	"SELECT 'sheet ' || CAST(s.sheet AS TEXT) || ' label ' || "
	"CAST(s.label AS TEXT) FROM stamp s "
	"JOIN sheet_range r ON r.first <= s.sheet AND r.last >= s.sheet "
	"WHERE s.label > r.labels"},
    {"each payment that was paid is in the ledger",
	"SELECT 'payment ' || CAST(p.id AS TEXT) FROM payment p "
	"WHERE p.state IN ('paid', 'refunded', 'returned') AND p.amount <> "
	"(SELECT COALESCE(SUM(x.amount), 0) FROM transfer x WHERE x.ref IN "
	"(p.driver || ':' || p.key, p.driver || ':' || p.key || ':owed'))"},
    {"what came from the processor is a payment that was paid",
	"SELECT 'transfer ' || x.ref FROM transfer x "
	"LEFT JOIN payment p ON p.key = "
	"REPLACE(REPLACE(x.ref, 'stripe:', ''), ':owed', '') "
	"WHERE x.taken_from = 'processor' AND x.kind IN ('payment', "
	"'repaid') AND (p.id IS NULL OR "
	"p.state NOT IN ('paid', 'refunded', 'returned'))"},
    {"what is owed is what went back and was not paid again",
	"SELECT 'all accounts' FROM licence WHERE "
	"(SELECT COALESCE(SUM(a.owed), 0) FROM account a) <> "
	"(SELECT COALESCE(SUM(x.amount), 0) FROM transfer x "
	"WHERE x.taken_from = 'returned') - "
	"(SELECT COALESCE(SUM(x.amount), 0) FROM transfer x "
	"WHERE x.given_to = 'returned')"},
    {"each approved refund is in the ledger, and somebody approved it",
	"SELECT 'refund ' || CAST(r.id AS TEXT) FROM refund r "
	"LEFT JOIN transfer x ON x.ref = 'refund:' || CAST(r.id AS TEXT) "
	"WHERE r.state = 'approved' AND (x.id IS NULL OR "
	"x.amount <> r.total OR x.kind <> 'refund' OR "
	"x.given_to <> 'credit:' || CAST(r.account AS TEXT) OR NOT EXISTS "
	"(SELECT 1 FROM refund_approval v WHERE v.refund = r.id))"},
    {"each refund in the ledger was approved",
	"SELECT x.ref FROM transfer x LEFT JOIN refund r "
	"ON x.ref = 'refund:' || CAST(r.id AS TEXT) AND r.state = 'approved' "
	"WHERE x.kind = 'refund' AND r.id IS NULL"},
    {"a refund comes to the stamps in it",
	"SELECT 'refund ' || CAST(r.id AS TEXT) FROM refund r "
	"LEFT JOIN (SELECT refund, COUNT(*) AS stamps, SUM(amount) AS total "
	"FROM stamp_end GROUP BY refund) n ON n.refund = r.id "
	"WHERE CASE WHEN r.state = 'rejected' THEN n.refund IS NOT NULL "
	"ELSE n.refund IS NULL OR n.stamps <> r.stamps OR "
	"n.total <> r.total END"},
    {"a stamp that ended says what was issued",
	"SELECT 'PSD ' || CAST(n.psd AS TEXT) || ' piece ' || "
	"CAST(n.piece AS TEXT) FROM stamp_end n "
	"JOIN psd p ON p.serial = n.psd AND p.place = 'here' "
	"LEFT JOIN stamp s ON s.psd = n.psd AND s.piece = n.piece "
	"WHERE s.psd IS NULL OR s.amount <> n.amount"},
    {"the ledger says what each PSD in the field said to have spent",
	"SELECT 'PSD ' || CAST(p.serial AS TEXT) FROM psd p "
	"WHERE p.place = 'field' AND p.spent_said <> "
	"(SELECT COALESCE(SUM(x.amount), 0) FROM transfer x "
	"WHERE x.taken_from = 'psd:' || CAST(p.serial AS TEXT))"},
    {"no PSD in the field said to have spent more than it was given",
	"SELECT 'PSD ' || CAST(p.serial AS TEXT) FROM psd p "
	"WHERE p.place = 'field' AND p.spent_said > "
	"(SELECT COALESCE(SUM(d.amount), 0) FROM download d "
	"WHERE d.psd = p.serial AND d.applied = 1)"},
    {"no two stamps of a PSD in the field have used the same registers",
	"SELECT 'PSD ' || CAST(x.psd AS TEXT) || ' register ' || "
	"CAST(x.ascending AS TEXT) FROM (SELECT n.psd, n.ascending, n.amount, "
	"LAG(n.ascending) OVER (PARTITION BY n.psd ORDER BY n.ascending) "
	"AS other FROM stamp_end n WHERE n.ascending IS NOT NULL AND "
	"n.amount > 0) x WHERE x.ascending - x.amount < x.other"},
    {"no stamp of a PSD in the field spent what it was not given",
	"SELECT 'PSD ' || CAST(n.psd AS TEXT) || ' register ' || "
	"CAST(COALESCE(n.ascending, -1) AS TEXT) FROM stamp_end n "
	"JOIN psd p ON p.serial = n.psd AND p.place = 'field' "
	"WHERE n.ascending IS NULL OR n.ascending > "
	"(SELECT COALESCE(SUM(d.amount), 0) FROM download d "
	"WHERE d.psd = n.psd)"},
    {"of a PSD in the field whose stamps cannot all be its own a person has "
     "said what becomes of it (postaged psd release, withdraw, revoke)",
	"SELECT 'PSD ' || CAST(d.psd AS TEXT) || ' register ' || "
	"CAST(d.ascending AS TEXT) || ', ' || d.place FROM doubt d "
	"WHERE d.settled = 0 ORDER BY d.psd, d.ascending"},
    {"each stamp's signature belongs to a stamp",
	"SELECT 'PSD ' || CAST(g.psd AS TEXT) || ' piece ' || "
	"CAST(g.piece AS TEXT) FROM signature g LEFT JOIN stamp s "
	"ON s.psd = g.psd AND s.piece = g.piece WHERE s.psd IS NULL"},
};

size_t
store_audit_count(void)
{
	return sizeof(rules) / sizeof(rules[0]);
}

bool
store_audit_rules(
    struct store *s, audit_fault_fn *each, void *context, struct err *e)
{
	for (size_t i = 0; i < store_audit_count(); i++) {
		if (!store_run(s, rules[i].sql, e))
			return err_prefix(e, "\"%s\"", rules[i].rule);
		while (store_row(s))
			each(context, rules[i].rule, store_text(s, 0));
	}
	return true;
}

/* --- one by one ------------------------------------------------------------------------- */

static bool
exact(struct store *s, int i, uint8_t *out, size_t want)
{
	size_t len;
	const uint8_t *ptr = store_blob(s, i, &len);

	if (len != want)
		return false;
	memcpy(out, ptr, len);
	return true;
}

bool
store_audit_psd(struct store *s, uint32_t after, struct audit_psd *out,
    bool *found, struct err *e)
{
	store_put_int(s, after);
	*found = false;
	if (!store_run(s,
		"SELECT p.serial, t.pieces, t.ascending, t.chain, p.point "
		"FROM psd p JOIN psd_state t ON t.psd = p.serial "
		"WHERE p.serial > $1 ORDER BY p.serial LIMIT 1",
		e))
		return false;
	if (!store_row(s))
		return true;
	*found = true;
	out->serial = (uint32_t)store_int(s, 0);
	out->pieces = store_int(s, 1);
	out->ascending = store_int(s, 2);
	return (exact(s, 3, out->chain, CHAIN_BYTES) &&
		   exact(s, 4, out->point, PSD_POINT)) ||
	       err_set(e, ERR_CORRUPT, "PSD %lu has a short chain or key",
		   (unsigned long)out->serial);
}

/* --- checkpoints --------------------------------------------------------------------------- */

bool
store_checkpoint_add(struct store *s, const struct checkpoint *c, struct err *e)
{
	store_put_text(s, c->body);
	store_put_blob(s, c->signature, SIG_BYTES);
	store_put_int(s, c->made);
	return store_run(s,
	    "INSERT INTO checkpoint (body, signature, made) "
	    "VALUES ($1, $2, $3)",
	    e);
}

bool
store_checkpoint_next(struct store *s, int64_t after, struct checkpoint *out,
    bool *found, struct err *e)
{
	*out = (struct checkpoint){.id = 0};
	*found = false;
	store_put_int(s, after);
	if (!store_run(s,
		"SELECT id, body, signature, made FROM checkpoint "
		"WHERE id > $1 ORDER BY id LIMIT 1",
		e))
		return false;
	if (!store_row(s))
		return true;
	*found = true;
	out->id = store_int(s, 0);
	out->made = store_int(s, 3);
	if (!exact(s, 2, out->signature, SIG_BYTES))
		return err_set(e, ERR_CORRUPT, "a checkpoint's signature");
	out->body = strdup(store_text(s, 1));
	return out->body != NULL || err_system(e, "memory");
}

/* --- the ledger ------------------------------------------------------------------------------ */

bool
store_ledger_accounts(
    struct store *s, ledger_account_fn *each, void *context, struct err *e)
{
	store_take_time(s);
	if (!store_run(s,
		"SELECT account, CAST(SUM(given) AS BIGINT), "
		"CAST(SUM(taken) AS BIGINT), COUNT(*) FROM ("
		"SELECT given_to AS account, amount AS given, 0 AS taken "
		"FROM transfer UNION ALL "
		"SELECT taken_from, 0, amount FROM transfer) x "
		"GROUP BY account ORDER BY account",
		e))
		return false;
	while (store_row(s))
		each(context, store_text(s, 0), store_int(s, 1),
		    store_int(s, 2), store_int(s, 3));
	return true;
}

bool
store_ledger_transfers(struct store *s, const char *account, size_t max,
    ledger_transfer_fn *each, void *context, struct err *e)
{
	store_put_text(s, account);
	store_put_int(s, (int64_t)max);
	if (!store_run(s,
		"SELECT kind, taken_from, given_to, amount, ref, made FROM ("
		"SELECT * FROM transfer WHERE $1 = '' OR taken_from = $1 OR "
		"given_to = $1 ORDER BY id DESC LIMIT $2) x ORDER BY id",
		e))
		return false;
	while (store_row(s)) {
		struct transfer t = {.kind = store_text(s, 0),
		    .from = store_text(s, 1),
		    .to = store_text(s, 2),
		    .amount = store_int(s, 3),
		    .ref = store_text(s, 4),
		    .made = store_int(s, 5)};

		each(context, &t);
	}
	return true;
}
