/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/refunds.h"

#include <string.h>

#include "vault/refund.h"

static bool
sign(struct journal *j, struct vault *v, const struct books_request *r,
    const struct books_by *by, struct err *e)
{
	uint8_t msg[PSD_MESSAGE_MAX];
	struct refund_request said;
	struct refund_list list;
	struct psd_claim claim;
	size_t len;

	if (!refund_parse(r->text, strlen(r->text), &list, e))
		return false;
	claim = (struct psd_claim){
	    .date = list.date, .count = list.count, .total = list.total};
	memcpy(claim.digest, list.digest, PSD_DIGEST);
	refund_free(&list);
	if (!vault_refund_request(v, &claim, msg, &len, e) ||
	    !message_get_refund(msg, len, &said, e) || !journal_begin(j, e))
		return false;
	if (books_signed(j, r->id, said.number, msg, len, by, e))
		return journal_commit(j, e);
	journal_abort(j);
	return false;
}

/* Signs what an earlier run left without a signature; *id = the last one, 0 =
 * there was none. */
static bool
sign_waiting(struct journal *j, struct vault *v, const char *psd_id,
    const struct books_by *by, int64_t *id, struct err *e)
{
	struct books_request r;
	int64_t next;
	bool done;

	*id = 0;
	for (;;) {
		if (!books_unsigned(j, psd_id, &next, e))
			return false;
		if (next == 0)
			return true;
		*id = next;
		if (!books_request_load(j, next, &r, e))
			return false;
		done = sign(j, v, &r, by, e);
		books_request_free(&r);
		if (!done)
			return false;
	}
}

static bool
claim(struct journal *j, const struct books_pick *pick,
    const struct books_by *by, struct err *e)
{
	int64_t id;

	if (!journal_begin(j, e))
		return false;
	if (books_claim(j, pick, by, &id, e))
		return journal_commit(j, e);
	journal_abort(j);
	return false;
}

bool
refunds_request(struct journal *j, struct vault *v,
    const struct books_choice *choices, size_t count, uint32_t today,
    const struct books_by *by, int64_t *id, struct err *e)
{
	struct books_pick pick = {
	    .choices = count ? choices : NULL, .count = count, .date = today};
	struct psd_status status;
	char psd_id[32];

	if (!vault_status(v, &status, e))
		return false;
	if (status.pooled)
		return err_set(e, ERR_CONFIG,
		    "the stamps of %s are refunded by its provider: ask there",
		    vault_name(v));
	journal_psd_id(&status, psd_id);
	pick.psd_id = psd_id;
	if (!sign_waiting(j, v, psd_id, by, id, e))
		return false;
	return *id != 0 || (claim(j, &pick, by, e) &&
			       sign_waiting(j, v, psd_id, by, id, e));
}
