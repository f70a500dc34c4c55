/* SPDX-License-Identifier: Apache-2.0 */
/* The PSD's side of value download and audit. */
#include <string.h>

#include "base/bytes.h"
#include "vault/message.h"
#include "vault/psd.h"

static void
name_psd(const struct psd *p, struct message_psd *out)
{
	memcpy(out->vendor, p->vendor, sizeof(out->vendor));
	memcpy(out->model, p->model, sizeof(out->model));
	out->serial = p->serial;
}

static bool
sign(const struct psd_crypto *crypto, uint8_t *msg, size_t *len, struct err *e)
{
	if (!crypto->sign(crypto->context, msg, *len, msg + *len, e))
		return false;
	*len += INDICIUM_SIGNATURE;
	return true;
}

static bool
has_identity(const struct psd *p, struct err *e)
{
	if (p->life == PSD_CREATED || p->life == PSD_INITIALISED)
		return err_set(e, ERR_DENIED, "this PSD has no licence yet");
	return true;
}

bool
psd_download_request(const struct psd *p, const struct psd_crypto *crypto,
    mils amount, uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	char want[MILS_TEXT], left[MILS_TEXT], most[MILS_TEXT];
	struct download_request r = {.cert_serial = p->cert_serial,
	    .sequence = p->download_sequence,
	    .ascending = p->ascending,
	    .control_total = p->control_total,
	    .piece_count = p->piece_count,
	    .life = (uint8_t)p->life,
	    .audit_due = p->audit_due,
	    .expires = p->expires,
	    .amount = amount};

	if (!has_identity(p, e))
		return false;
	if (p->life == PSD_WITHDRAWN)
		return err_set(e, ERR_DENIED,
		    "this PSD was withdrawn by the provider: ask for another");
	if (p->pin_required && !p->pin_verified)
		return err_set(e, ERR_DENIED, "this PSD needs its PIN");
	if (amount < 0 || amount > p->max_descending - psd_descending(p))
		return err_set(e, ERR_REQUEST,
		    "%s more: this PSD holds %s and may hold %s at most",
		    mils_format(amount, want),
		    mils_format(psd_descending(p), left),
		    mils_format(p->max_descending, most));
	name_psd(p, &r.psd);
	*len = message_put_request(&r, out);
	return sign(crypto, out, len, e);
}

static bool
report(const struct psd *p, const struct psd_crypto *crypto,
    enum message_type type, const uint8_t nonce[PSD_NONCE],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct psd_report r = {.type = type,
	    .cert_serial = p->cert_serial,
	    .sequence = p->download_sequence,
	    .ascending = p->ascending,
	    .control_total = p->control_total,
	    .piece_count = p->piece_count,
	    .life = (uint8_t)p->life,
	    .audit_due = p->audit_due,
	    .expires = p->expires};

	name_psd(p, &r.psd);
	memcpy(r.nonce, nonce, PSD_NONCE);
	*len = message_put_report(&r, out);
	return sign(crypto, out, len, e);
}

bool
psd_audit(const struct psd *p, const struct psd_crypto *crypto,
    const uint8_t nonce[PSD_NONCE], uint8_t out[PSD_MESSAGE_MAX], size_t *len,
    struct err *e)
{
	return has_identity(p, e) &&
	       report(p, crypto, MESSAGE_AUDIT, nonce, out, len, e);
}

bool
psd_authenticate(const struct psd *p, const struct psd_crypto *crypto,
    const uint8_t nonce[PSD_NONCE], uint8_t out[PSD_MESSAGE_MAX], size_t *len,
    struct err *e)
{
	struct bytes_writer w;

	if (!has_identity(p, e))
		return false;
	bytes_writer_init(&w, out, PSD_MESSAGE_MAX - INDICIUM_SIGNATURE);
	bytes_write_le(&w, MESSAGE_AUTHENTICATION, 1);
	bytes_write(&w, p->vendor, 2);
	bytes_write(&w, p->model, 2);
	bytes_write_le(&w, p->serial, 4);
	bytes_write(&w, nonce, PSD_NONCE);
	*len = w.pos;
	return sign(crypto, out, len, e);
}

static bool
is_for(const struct psd *p, const struct message_psd *name)
{
	return strcmp(name->vendor, p->vendor) == 0 &&
	       strcmp(name->model, p->model) == 0 && name->serial == p->serial;
}

bool
psd_check_consent(const struct psd *p, const struct psd_crypto *crypto,
    const uint8_t nonce[PSD_NONCE], const uint8_t *msg, size_t len,
    struct err *e)
{
	struct audit_consent c;

	if (!message_get_consent(msg, len, &c, e))
		return false;
	if (crypto->verify(crypto->context, p->provider_key, msg,
		len - INDICIUM_SIGNATURE, msg + len - INDICIUM_SIGNATURE) &&
	    is_for(p, &c.psd) && memcmp(c.nonce, nonce, PSD_NONCE) == 0)
		return true;
	return err_set(e, ERR_DENIED,
	    "this is not the provider's consent to this audit of this PSD");
}

/* Is this answer from the provider, for this PSD, and the next one? */
static bool
check_answer(const struct psd *p, const struct psd_crypto *crypto,
    const uint8_t *msg, size_t len, const struct download_answer *a,
    struct err *e)
{
	size_t signed_len = len - INDICIUM_SIGNATURE;

	if (!crypto->verify(crypto->context, p->provider_key, msg, signed_len,
		msg + signed_len))
		return err_set(e, ERR_DENIED,
		    "the answer does not bear the provider's signature");
	if (!is_for(p, &a->psd))
		return err_set(e, ERR_DENIED, "the answer is for another PSD");
	return true;
}

static bool
check_place(const struct psd *p, const struct download_answer *a, struct err *e)
{
	if (p->download_sequence == UINT32_MAX ||
	    a->sequence != p->download_sequence + 1)
		return err_set(e, ERR_DENIED,
		    "the answer has number %lu, this PSD waits for number "
		    "%lu: make a new request",
		    (unsigned long)a->sequence,
		    (unsigned long)p->download_sequence + 1);
	if (a->control_before != p->control_total)
		return err_set(e, ERR_DENIED,
		    "the answer was made for another control total: make a "
		    "new request");
	if (p->life == PSD_WITHDRAWN)
		return err_set(e, ERR_DENIED,
		    "this PSD was withdrawn by the provider: ask for another");
	if (a->amount > p->max_descending - psd_descending(p))
		return err_set(e, ERR_REQUEST,
		    "the answer brings more than this PSD may hold");
	return true;
}

/* What an answer changes, kept beside in case no receipt can be made. */
struct registers {
	enum psd_life life;
	mils control_total;
	uint32_t audit_due, download_sequence;
};

static struct registers
save(const struct psd *p)
{
	return (struct registers){
	    p->life, p->control_total, p->audit_due, p->download_sequence};
}

static void
restore(struct psd *p, const struct registers *r)
{
	p->life = r->life;
	p->control_total = r->control_total;
	p->audit_due = r->audit_due;
	p->download_sequence = r->download_sequence;
}

static void
obey(struct psd *p, const struct download_answer *a)
{
	p->control_total += a->amount;
	p->download_sequence++;
	p->audit_due = a->audit_due;
	if (a->orders & ORDER_WITHDRAW)
		p->life = PSD_WITHDRAWN;
	else if (a->orders & ORDER_WITHHOLD)
		p->life = PSD_LOCKED;
	else
		p->life = PSD_OPERATIONAL;
}

/* The answer as it was given for what was applied last. */
static bool
is_repeat(const struct psd *p, const uint8_t hash[PSD_HASH])
{
	return p->receipt_len != 0 &&
	       memcmp(p->last_answer, hash, PSD_HASH) == 0;
}

bool
psd_download_apply(struct psd *p, const struct psd_crypto *crypto,
    const uint8_t *answer, size_t answer_len, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, bool *changed, struct err *e)
{
	struct download_answer a;
	struct registers before;
	uint8_t hash[32];

	*changed = false;
	if (!has_identity(p, e) ||
	    !message_get_answer(answer, answer_len, &a, e) ||
	    !check_answer(p, crypto, answer, answer_len, &a, e))
		return false;
	/* Without the signature: a provider that signs again says the same. */
	crypto->sha256(
	    crypto->context, answer, answer_len - INDICIUM_SIGNATURE, hash);
	if (is_repeat(p, hash)) {
		memcpy(out, p->receipt, p->receipt_len);
		*len = p->receipt_len;
		return true;
	}
	if (!check_place(p, &a, e))
		return false;
	before = save(p);
	obey(p, &a);
	if (!report(p, crypto, MESSAGE_RECEIPT, hash, out, len, e) ||
	    *len > sizeof(p->receipt)) {
		restore(p, &before);
		return false;
	}
	memcpy(p->last_answer, hash, PSD_HASH);
	memcpy(p->receipt, out, *len);
	p->receipt_len = (uint8_t)*len;
	*changed = true;
	return psd_check(p, e);
}
