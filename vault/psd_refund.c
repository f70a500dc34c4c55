/* SPDX-License-Identifier: Apache-2.0 */
/* The PSD's word on a list of spoiled stamps.  It cannot see the list; it says
 * which number the claim has, what it comes to, and what was ever spent. */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "vault/message.h"
#include "vault/psd.h"

#define CLAIM_BYTES 64 /* enough for claim_hash() */

static void
claim_hash(const struct psd_crypto *crypto, const struct psd_claim *c,
    uint8_t out[PSD_HASH])
{
	uint8_t bytes[CLAIM_BYTES], hash[32];
	struct bytes_writer w;

	bytes_writer_init(&w, bytes, sizeof(bytes));
	bytes_write_le(&w, c->date, 4);
	bytes_write_le(&w, c->count, 4);
	bytes_write_le(&w, (uint64_t)c->total, 8);
	bytes_write(&w, c->digest, PSD_DIGEST);
	assert(!w.failed);
	crypto->sha256(crypto->context, bytes, w.pos, hash);
	memcpy(out, hash, PSD_HASH);
}

static bool
check_claim(const struct psd *p, const struct psd_claim *c, struct err *e)
{
	if (p->life == PSD_CREATED || p->life == PSD_INITIALISED)
		return err_set(e, ERR_DENIED, "this PSD has no licence yet");
	if (p->pin_required && !p->pin_verified)
		return err_set(e, ERR_DENIED, "this PSD needs its PIN");
	if (!date_valid(c->date))
		return err_set(e, ERR_REQUEST, "a refund request without date");
	if (c->count == 0 || c->count > p->piece_count || c->total <= 0 ||
	    c->total > p->ascending)
		return err_set(e, ERR_REQUEST,
		    "the stamps of the refund request come to more than this "
		    "PSD ever issued, or to nothing");
	if (p->refunds == UINT32_MAX)
		return err_set(
		    e, ERR_DENIED, "this PSD signs no more refund requests");
	return true;
}

bool
psd_refund_request(struct psd *p, const struct psd_crypto *crypto,
    const struct psd_claim *claim, uint8_t out[PSD_MESSAGE_MAX], size_t *len,
    bool *changed, struct err *e)
{
	struct refund_request r = {.cert_serial = p->cert_serial,
	    .ascending = p->ascending,
	    .control_total = p->control_total,
	    .piece_count = p->piece_count,
	    .life = (uint8_t)p->life,
	    .date = claim->date,
	    .count = claim->count,
	    .total = claim->total};
	uint8_t hash[PSD_HASH];
	bool again;

	*changed = false;
	if (!check_claim(p, claim, e))
		return false;
	claim_hash(crypto, claim, hash);
	again = p->refunds != 0 && memcmp(hash, p->last_claim, PSD_HASH) == 0;
	r.number = again ? p->refunds : p->refunds + 1;
	memcpy(r.psd.vendor, p->vendor, sizeof(r.psd.vendor));
	memcpy(r.psd.model, p->model, sizeof(r.psd.model));
	r.psd.serial = p->serial;
	memcpy(r.digest, claim->digest, PSD_DIGEST);
	*len = message_put_refund(&r, out);
	if (!crypto->sign(crypto->context, out, *len, out + *len, e))
		return false;
	*len += INDICIUM_SIGNATURE;
	p->refunds = r.number;
	memcpy(p->last_claim, hash, PSD_HASH);
	*changed = !again;
	return psd_check(p, e);
}
