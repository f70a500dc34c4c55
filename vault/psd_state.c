/* SPDX-License-Identifier: Apache-2.0 */
/* The PSD's life and its state as bytes; debits are in psd.c. */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "vault/psd.h"

#define STATE_VERSION 1
#define FLAG_PIN      1

void
psd_init(struct psd *p)
{
	memset(p, 0, sizeof(*p));
	p->life = PSD_CREATED;
	p->remembers = PSD_RING;
}

bool
psd_initialise(struct psd *p, struct err *e)
{
	if (p->life != PSD_CREATED)
		return err_set(e, ERR_DENIED, "this PSD has a key already");
	p->life = PSD_INITIALISED;
	return true;
}

mils
psd_descending(const struct psd *p)
{
	return p->control_total - p->ascending;
}

const char *
psd_id(const struct psd *p, char out[PSD_ID])
{
	uint32_t left = p->serial;

	memcpy(out, p->vendor, 2);
	memcpy(out + 2, p->model, 2);
	for (int i = PSD_ID - 3; i >= 4; i--, left /= 10)
		out[i] = (char)('0' + left % 10);
	out[PSD_ID - 2] = '\0';
	return out;
}

void
psd_status(const struct psd *p, uint32_t today, struct psd_status *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->vendor, p->vendor, sizeof(out->vendor));
	memcpy(out->model, p->model, sizeof(out->model));
	out->serial = p->serial;
	out->cert_serial = p->cert_serial;
	out->licence = p->licence;
	out->currency = p->currency;
	out->life = p->life;
	if (p->life == PSD_OPERATIONAL && p->audit_due != 0 &&
	    today > p->audit_due)
		out->life = PSD_LOCKED;
	out->ascending = p->ascending;
	out->descending = psd_descending(p);
	out->control_total = p->control_total;
	out->piece_count = p->piece_count;
	out->min_stamp = p->min_stamp;
	out->max_stamp = p->max_stamp;
	out->max_descending = p->max_descending;
	out->expires = p->expires;
	out->audit_due = p->audit_due;
	out->download_sequence = p->download_sequence;
	out->refunds = p->refunds;
	out->pin_tries_left = p->pin_tries_left;
	out->puk_tries_left = p->puk_tries_left;
	out->pin_required = p->pin_required;
	out->lab = strcmp(p->vendor, "XX") == 0;
}

/* --- rules ---------------------------------------------------------------- */

/* Vendor and model: 2 visible ASCII characters. */
static bool
is_code(const char text[3])
{
	return text[0] > ' ' && text[0] <= '~' && text[1] > ' ' &&
	       text[1] <= '~' && text[2] == '\0';
}

static bool
is_date_or_none(uint32_t date)
{
	return date == 0 || date_valid(date);
}

/* What personalisation wrote still makes sense; the widths are those of the
 * indicium's fields. */
static const char *
identity_fault(const struct psd *p)
{
	if (!is_code(p->vendor) || !is_code(p->model))
		return "vendor or model id";
	if (p->min_stamp < 0 || p->min_stamp > p->max_stamp ||
	    p->max_stamp > 0xffffff)
		return "stamp limits";
	if (p->max_descending < 0 || p->max_descending > UINT32_MAX)
		return "limit of the descending register";
	if (!date_valid(p->expires) || !is_date_or_none(p->audit_due))
		return "dates";
	if (p->provider_key[0] != 0x04)
		return "provider's key";
	return NULL;
}

static const char *
register_fault(const struct psd *p)
{
	if (p->ascending < 0 || p->control_total < p->ascending)
		return "ascending register above the control total";
	if (p->ascending >> 40 != 0)
		return "ascending register too big";
	if (psd_descending(p) > p->max_descending)
		return "descending register over its limit";
	if (p->download_sequence == 0 && p->control_total != 0)
		return "value that was never downloaded";
	if (p->piece_count == 0 && p->ascending != 0)
		return "value spent without a piece";
	if (p->ascending == 0 && p->refunds != 0)
		return "a refund of what was never spent";
	return NULL;
}

static const char *
entry_fault(const struct psd *p, uint32_t index)
{
	const struct psd_entry *entry = &p->ring[index];

	if (index >= p->piece_count || index >= p->remembers)
		return entry->len == 0 ? NULL : "a remembered piece too many";
	if (entry->len < 50 + INDICIUM_SIGNATURE || entry->len > INDICIUM_MAX)
		return "a remembered piece is lost";
	for (uint32_t i = 0; i < index; i++)
		if (memcmp(p->ring[i].key, entry->key, PSD_KEY_BYTES) == 0)
			return "a stamp key remembered twice";
	return NULL;
}

/* The newest indicium shows what the registers say; that of a small stamp has
 * no room for the piece count. */
static const char *
newest_fault(const struct psd *p)
{
	const struct psd_entry *newest;
	struct indicium in;
	struct err e = ERR_INIT;

	if (p->piece_count == 0)
		return NULL;
	newest = &p->ring[(p->piece_count - 1) % p->remembers];
	if (!indicium_decode(newest->indicium, newest->len, &in, &e))
		return "the newest indicium cannot be read";
	if (in.ascending != (uint64_t)p->ascending ||
	    in.psd_serial != p->serial ||
	    ((in.has & HAS_PIECE) && in.piece_count != p->piece_count))
		return "the newest indicium contradicts the registers";
	return NULL;
}

static const char *
fault(const struct psd *p)
{
	const char *found;

	assert(p->remembers >= 1 && p->remembers <= PSD_RING);
	switch (p->life) {
	case PSD_CREATED:
	case PSD_INITIALISED:
		return p->control_total != 0 || p->piece_count != 0
			   ? "value before it was personalised"
			   : NULL;
	case PSD_OPERATIONAL:
	case PSD_LOCKED:
	case PSD_WITHDRAWN: break;
	default: return "life cycle";
	}
	if ((found = identity_fault(p)) != NULL ||
	    (found = register_fault(p)) != NULL)
		return found;
	if (p->pin_tries_left > PSD_PIN_TRIES ||
	    p->puk_tries_left > PSD_PUK_TRIES)
		return "PIN counter";
	for (uint32_t i = 0; i < PSD_RING; i++)
		if ((found = entry_fault(p, i)) != NULL)
			return found;
	return newest_fault(p);
}

bool
psd_check(const struct psd *p, struct err *e)
{
	const char *found = fault(p);

	if (found != NULL)
		return err_set(e, ERR_CORRUPT,
		    "the PSD's state is damaged (%s): do not use it, send it "
		    "to the provider",
		    found);
	return true;
}

bool
psd_personalise(struct psd *p, const struct psd_setup *setup, struct err *e)
{
	uint32_t remembers = p->remembers;
	const char *found;

	if (p->life != PSD_INITIALISED)
		return err_set(e, ERR_DENIED, "this PSD was personalised");
	psd_init(p);
	p->remembers = remembers;
	p->life = PSD_OPERATIONAL;
	memcpy(p->vendor, setup->vendor, sizeof(p->vendor));
	memcpy(p->model, setup->model, sizeof(p->model));
	p->serial = setup->serial;
	p->cert_serial = setup->cert_serial;
	p->licence = setup->licence;
	p->currency = setup->currency;
	memcpy(p->software_id, setup->software_id, sizeof(p->software_id));
	p->min_stamp = setup->min_stamp;
	p->max_stamp = setup->max_stamp;
	p->max_descending = setup->max_descending;
	p->expires = setup->expires;
	p->audit_due = setup->audit_due;
	p->download_sequence = setup->answers;
	memcpy(p->provider_key, setup->provider_key, PSD_POINT);
	p->pin_tries_left = PSD_PIN_TRIES;
	found = identity_fault(p);
	if (found == NULL)
		return true;
	psd_init(p);
	p->remembers = remembers;
	p->life = PSD_INITIALISED;
	return err_set(e, ERR_REQUEST,
	    "a PSD cannot be made so: %s makes no sense", found);
}

/* --- bytes ------------------------------------------------------------------ */

static void
pad(struct bytes_writer *w, size_t to)
{
	while (w->pos < to)
		bytes_write_le(w, 0, 1);
}

static void
encode_core(const struct psd *p, struct bytes_writer *w)
{
	bytes_write_le(w, STATE_VERSION, 1);
	bytes_write_le(w, p->life, 1);
	bytes_write_le(w, p->pin_required ? FLAG_PIN : 0, 1);
	bytes_write_le(w, p->pin_tries_left, 1);
	bytes_write(w, p->vendor, 2);
	bytes_write(w, p->model, 2);
	bytes_write_le(w, p->serial, 4);
	bytes_write_le(w, p->cert_serial, 4);
	bytes_write_le(w, p->licence, 4);
	bytes_write_le(w, p->currency, 2);
	bytes_write(w, p->software_id, sizeof(p->software_id));
	bytes_write_le(w, (uint64_t)p->ascending, 8);
	bytes_write_le(w, (uint64_t)p->control_total, 8);
	bytes_write_le(w, p->piece_count, 4);
	bytes_write_le(w, (uint64_t)p->min_stamp, 4);
	bytes_write_le(w, (uint64_t)p->max_stamp, 4);
	bytes_write_le(w, (uint64_t)p->max_descending, 4);
	bytes_write_le(w, p->expires, 4);
	bytes_write_le(w, p->audit_due, 4);
	bytes_write_le(w, p->download_sequence, 4);
	bytes_write(w, p->provider_key, PSD_POINT);
	bytes_write(w, p->pin_verifier, PSD_VERIFIER);
	bytes_write(w, p->last_answer, PSD_HASH);
	bytes_write_le(w, p->receipt_len, 1);
	bytes_write(w, p->receipt, p->receipt_len);
	bytes_write_le(w, p->refunds, 4);
	bytes_write(w, p->last_claim, PSD_HASH);
	bytes_write(w, p->puk_verifier, PSD_VERIFIER);
	bytes_write_le(w, p->puk_tries_left, 1);
}

void
psd_encode_core(const struct psd *p, uint8_t out[PSD_CORE_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, PSD_CORE_BYTES);
	encode_core(p, &w);
	pad(&w, PSD_CORE_BYTES);
	assert(!w.failed);
}

void
psd_encode_entry(const struct psd_entry *entry, uint8_t out[PSD_ENTRY_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, PSD_ENTRY_BYTES);
	bytes_write(&w, entry->key, PSD_KEY_BYTES);
	bytes_write(&w, entry->hash, PSD_HASH);
	bytes_write_le(&w, entry->len, 1);
	bytes_write(&w, entry->indicium, INDICIUM_MAX);
	pad(&w, PSD_ENTRY_BYTES);
	assert(!w.failed);
}

void
psd_encode(const struct psd *p, uint8_t out[PSD_STATE_BYTES])
{
	psd_encode_core(p, out);
	out += PSD_CORE_BYTES;
	for (size_t i = 0; i < PSD_RING; i++, out += PSD_ENTRY_BYTES)
		psd_encode_entry(&p->ring[i], out);
}

static bool
only_zeros(struct bytes_reader *r, size_t to)
{
	bool zeros = true;

	while (!r->failed && r->pos < to)
		zeros &= bytes_read_le(r, 1) == 0;
	return zeros;
}

static bool
decode_core(struct bytes_reader *r, struct psd *p)
{
	bool known = bytes_read_le(r, 1) == STATE_VERSION;
	uint8_t flags;

	p->life = (enum psd_life)bytes_read_le(r, 1);
	flags = (uint8_t)bytes_read_le(r, 1);
	p->pin_required = (flags & FLAG_PIN) != 0;
	p->pin_tries_left = (uint8_t)bytes_read_le(r, 1);
	bytes_read_into(r, p->vendor, 2);
	bytes_read_into(r, p->model, 2);
	p->serial = (uint32_t)bytes_read_le(r, 4);
	p->cert_serial = (uint32_t)bytes_read_le(r, 4);
	p->licence = (uint32_t)bytes_read_le(r, 4);
	p->currency = (uint16_t)bytes_read_le(r, 2);
	bytes_read_into(r, p->software_id, sizeof(p->software_id));
	p->ascending = (mils)bytes_read_le(r, 8);
	p->control_total = (mils)bytes_read_le(r, 8);
	p->piece_count = (uint32_t)bytes_read_le(r, 4);
	p->min_stamp = (mils)bytes_read_le(r, 4);
	p->max_stamp = (mils)bytes_read_le(r, 4);
	p->max_descending = (mils)bytes_read_le(r, 4);
	p->expires = (uint32_t)bytes_read_le(r, 4);
	p->audit_due = (uint32_t)bytes_read_le(r, 4);
	p->download_sequence = (uint32_t)bytes_read_le(r, 4);
	bytes_read_into(r, p->provider_key, PSD_POINT);
	bytes_read_into(r, p->pin_verifier, PSD_VERIFIER);
	bytes_read_into(r, p->last_answer, PSD_HASH);
	p->receipt_len = (uint8_t)bytes_read_le(r, 1);
	bytes_read_into(r, p->receipt, p->receipt_len);
	/* Zero where an older version wrote it. */
	p->refunds = (uint32_t)bytes_read_le(r, 4);
	bytes_read_into(r, p->last_claim, PSD_HASH);
	bytes_read_into(r, p->puk_verifier, PSD_VERIFIER);
	p->puk_tries_left = (uint8_t)bytes_read_le(r, 1);
	return known && (flags & ~FLAG_PIN) == 0 &&
	       only_zeros(r, PSD_CORE_BYTES);
}

static bool
unknown(struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	    "the PSD's state is no state that this version knows: do not use "
	    "it, send it to the provider");
}

bool
psd_decode_core(
    const uint8_t in[PSD_CORE_BYTES], struct psd *out, struct err *e)
{
	struct bytes_reader r;

	psd_init(out);
	bytes_reader_init(&r, in, PSD_CORE_BYTES);
	return (decode_core(&r, out) && !r.failed) || unknown(e);
}

bool
psd_decode_entry(
    const uint8_t in[PSD_ENTRY_BYTES], struct psd_entry *out, struct err *e)
{
	struct bytes_reader r;

	bytes_reader_init(&r, in, PSD_ENTRY_BYTES);
	bytes_read_into(&r, out->key, PSD_KEY_BYTES);
	bytes_read_into(&r, out->hash, PSD_HASH);
	out->len = (uint8_t)bytes_read_le(&r, 1);
	bytes_read_into(&r, out->indicium, INDICIUM_MAX);
	return (only_zeros(&r, PSD_ENTRY_BYTES) && !r.failed) || unknown(e);
}

bool
psd_decode(const uint8_t in[PSD_STATE_BYTES], struct psd *out, struct err *e)
{
	if (!psd_decode_core(in, out, e))
		return false;
	in += PSD_CORE_BYTES;
	for (size_t i = 0; i < PSD_RING; i++, in += PSD_ENTRY_BYTES)
		if (!psd_decode_entry(in, &out->ring[i], e))
			return false;
	return psd_check(out, e);
}
