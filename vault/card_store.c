/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/card_store.h"

#include <string.h>

#include "base/bytes.h"

#define RING_AT (2 * CARD_CORE_CELL)
#define KEY_AT	(RING_AT + CARD_CELLS * CARD_RING_CELL)
#define CERT_AT (KEY_AT + CARD_KEY_CELL)
#define CHUNK	64

_Static_assert(
    CARD_CORE_CELL % NVM_WORD == 0 && CARD_RING_CELL % NVM_WORD == 0 &&
	CARD_KEY_CELL % NVM_WORD == 0 && CARD_CERT_CELL % NVM_WORD == 0,
    "cells begin at words");

static bool
failed(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "the card's memory fails");
}

/* --- cells ------------------------------------------------------------------ */

/* CRC-32 of IEEE 802.3, bit by bit: a table is a kilobyte of a card. */
static uint32_t
checksum(uint32_t crc, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

static void
put_word(uint8_t out[CARD_CHECK], uint32_t value)
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, CARD_CHECK);
	bytes_write_le(&w, value, CARD_CHECK);
}

static uint32_t
get_word(const uint8_t in[CARD_CHECK])
{
	struct bytes_reader r;

	bytes_reader_init(&r, in, CARD_CHECK);
	return (uint32_t)bytes_read_le(&r, CARD_CHECK);
}

/* The checksum of what the memory holds there. */
static bool
measure(const struct nvm *nvm, size_t at, size_t len, uint32_t *out)
{
	uint8_t chunk[CHUNK];
	uint32_t crc = 0xffffffff;

	while (len > 0) {
		size_t n = len < CHUNK ? len : CHUNK;

		if (!nvm->read(nvm->context, at, chunk, n))
			return false;
		crc = checksum(crc, chunk, n);
		at += n;
		len -= n;
	}
	*out = crc;
	return true;
}

/* While a cell is written over, its check word fits nothing of it. */
static bool
cell_spoil(const struct nvm *nvm, size_t at, size_t cell)
{
	uint8_t word[CARD_CHECK];
	uint32_t crc;

	if (!measure(nvm, at, cell - CARD_CHECK, &crc))
		return false;
	put_word(word, ~crc);
	return nvm->write(
	    nvm->context, at + cell - CARD_CHECK, word, sizeof(word));
}

static bool
cell_seal(const struct nvm *nvm, size_t at, size_t cell)
{
	uint8_t word[CARD_CHECK];
	uint32_t crc;

	if (!measure(nvm, at, cell - CARD_CHECK, &crc))
		return false;
	put_word(word, crc);
	return nvm->write(
	    nvm->context, at + cell - CARD_CHECK, word, sizeof(word));
}

static bool
cell_write(const struct nvm *nvm, size_t at, const uint8_t *bytes, size_t cell)
{
	return cell_spoil(nvm, at, cell) &&
	       nvm->write(nvm->context, at, bytes, cell - CARD_CHECK) &&
	       cell_seal(nvm, at, cell);
}

/* False: the memory fails.  *valid: the checksum fits. */
static bool
cell_read(
    const struct nvm *nvm, size_t at, uint8_t *bytes, size_t cell, bool *valid)
{
	uint8_t word[CARD_CHECK];
	uint32_t crc;

	if (!nvm->read(nvm->context, at, bytes, cell - CARD_CHECK) ||
	    !nvm->read(
		nvm->context, at + cell - CARD_CHECK, word, sizeof(word)))
		return false;
	crc = checksum(0xffffffff, bytes, cell - CARD_CHECK);
	*valid = get_word(word) == crc;
	return true;
}

/* --- the core ------------------------------------------------------------------ */

static bool
write_core(const struct nvm *nvm, unsigned which, uint32_t sequence,
    const struct psd *p)
{
	uint8_t cell[CARD_CORE_CELL];

	put_word(cell, sequence);
	psd_encode_core(p, cell + 4);
	return cell_write(nvm, which * CARD_CORE_CELL, cell, sizeof(cell));
}

bool
card_store_format(const struct nvm *nvm, struct psd *out, struct err *e)
{
	psd_init(out);
	if (nvm->size < CARD_NVM_BYTES)
		return err_set(e, ERR_SYSTEM,
		    "the card's memory has %zu bytes, %d are needed", nvm->size,
		    CARD_NVM_BYTES);
	for (unsigned i = 0; i < 2; i++)
		if (!write_core(nvm, i, i + 1, out))
			return failed(e);
	for (size_t i = 0; i < CARD_CELLS; i++)
		if (!cell_spoil(
			nvm, RING_AT + i * CARD_RING_CELL, CARD_RING_CELL))
			return failed(e);
	if (!cell_spoil(nvm, KEY_AT, CARD_KEY_CELL) ||
	    !cell_spoil(nvm, CERT_AT, CARD_CERT_CELL))
		return failed(e);
	return true;
}

static size_t
ring_at(uint32_t piece)
{
	return RING_AT + (piece - 1) % CARD_CELLS * CARD_RING_CELL;
}

static bool
read_piece(const struct nvm *nvm, uint32_t piece, struct psd *p, struct err *e)
{
	uint8_t cell[CARD_RING_CELL];
	bool valid;

	if (!cell_read(nvm, ring_at(piece), cell, sizeof(cell), &valid))
		return failed(e);
	if (!valid || get_word(cell) != piece)
		return err_set(e, ERR_CORRUPT,
		    "the card lost the stamp of piece %lu",
		    (unsigned long)piece);
	return psd_decode_entry(cell + 4, &p->ring[(piece - 1) % PSD_RING], e);
}

static bool
write_piece(const struct nvm *nvm, uint32_t piece, const struct psd *p)
{
	uint8_t cell[CARD_RING_CELL];

	put_word(cell, piece);
	psd_encode_entry(&p->ring[(piece - 1) % PSD_RING], cell + 4);
	return cell_write(nvm, ring_at(piece), cell, sizeof(cell));
}

/* The pieces that a state with `count` of them remembers begin here. */
static uint32_t
oldest(uint32_t count)
{
	return count > PSD_RING ? count - PSD_RING + 1 : 1;
}

static bool
read_ring(const struct nvm *nvm, struct psd *p, struct err *e)
{
	uint32_t count = p->piece_count;

	/* so that piece + 1 below ends */
	if (count == UINT32_MAX)
		return err_set(e, ERR_CORRUPT, "the card's piece count");
	for (uint32_t piece = oldest(count); piece <= count; piece++)
		if (!read_piece(nvm, piece, p, e))
			return false;
	return psd_check(p, e);
}

bool
card_store_load(
    struct card_store *s, const struct nvm *nvm, struct psd *out, struct err *e)
{
	uint8_t cell[2][CARD_CORE_CELL];
	bool valid[2];
	unsigned newest;

	*s = (struct card_store){.nvm = nvm};
	for (unsigned i = 0; i < 2; i++)
		if (!cell_read(nvm, i * CARD_CORE_CELL, cell[i], CARD_CORE_CELL,
			&valid[i]))
			return failed(e);
	if (!valid[0] && !valid[1])
		return err_set(e, ERR_CORRUPT,
		    "the card holds no valid state: send it to the provider");
	newest =
	    valid[1] && (!valid[0] || get_word(cell[1]) > get_word(cell[0]));
	s->current = newest;
	s->sequence = get_word(cell[newest]);
	if (!psd_decode_core(cell[newest] + 4, out, e) ||
	    !read_ring(nvm, out, e))
		return false;
	s->pieces = out->piece_count;
	return (valid[0] && valid[1]) || card_store_save(s, out, e);
}

bool
card_store_save(struct card_store *s, const struct psd *p, struct err *e)
{
	unsigned other = 1 - s->current;

	if (s->sequence == UINT32_MAX)
		return failed(e);
	for (uint32_t piece = s->pieces; piece < p->piece_count; piece++)
		if (!write_piece(s->nvm, piece + 1, p))
			return failed(e);
	if (!write_core(s->nvm, other, s->sequence + 1, p))
		return failed(e);
	s->current = other;
	s->sequence++;
	s->pieces = p->piece_count;
	s->own = true;
	return true;
}

bool
card_store_settle(struct card_store *s, const struct psd *p, struct err *e)
{
	/* Only the last word before power ended can be weak: a core's check
	 * word, where this core is valid. */
	return s->own || card_store_save(s, p, e);
}

/* --- key and certificate ----------------------------------------------------------- */

bool
card_store_put_key(
    struct card_store *s, const struct card_key *key, struct err *e)
{
	uint8_t cell[CARD_KEY_CELL] = {0};
	bool done;

	memcpy(cell, key->secret, CARD_KEY_BYTES);
	memcpy(cell + CARD_KEY_BYTES, key->point, PSD_POINT);
	done = cell_write(s->nvm, KEY_AT, cell, sizeof(cell));
	memset(cell, 0, sizeof(cell));
	return done || failed(e);
}

bool
card_store_get_key(const struct card_store *s, struct card_key *out,
    bool *there, struct err *e)
{
	uint8_t cell[CARD_KEY_CELL];

	if (!cell_read(s->nvm, KEY_AT, cell, sizeof(cell), there))
		return failed(e);
	memcpy(out->secret, cell, CARD_KEY_BYTES);
	memcpy(out->point, cell + CARD_KEY_BYTES, PSD_POINT);
	memset(cell, 0, sizeof(cell));
	return true;
}

/* The cell: its length, its bytes, its check word. */
bool
card_store_put_cert(struct card_store *s, size_t at, const uint8_t *bytes,
    size_t len, bool last, struct err *e)
{
	const struct nvm *nvm = s->nvm;
	uint8_t word[CARD_CHECK];
	size_t whole = len - len % NVM_WORD;

	if (at % NVM_WORD != 0 || at > CARD_CERT_MAX ||
	    len > CARD_CERT_MAX - at || (!last && whole != len))
		return err_set(e, ERR_REQUEST, "the certificate does not fit");
	if (at == 0 && !cell_spoil(nvm, CERT_AT, CARD_CERT_CELL))
		return failed(e);
	if (!nvm->write(nvm->context, CERT_AT + 4 + at, bytes, whole))
		return failed(e);
	if (!last)
		return true;
	if (whole < len) {
		memset(word, 0, sizeof(word));
		memcpy(word, bytes + whole, len - whole);
		if (!nvm->write(nvm->context, CERT_AT + 4 + at + whole, word,
			sizeof(word)))
			return failed(e);
	}
	put_word(word, (uint32_t)(at + len));
	return (nvm->write(nvm->context, CERT_AT, word, sizeof(word)) &&
		   cell_seal(nvm, CERT_AT, CARD_CERT_CELL)) ||
	       failed(e);
}

bool
card_store_get_cert(const struct card_store *s, size_t at, uint8_t *out,
    size_t size, size_t *len, size_t *total, struct err *e)
{
	const struct nvm *nvm = s->nvm;
	uint8_t word[CARD_CHECK];
	uint32_t crc;

	*len = *total = 0;
	if (!measure(nvm, CERT_AT, CARD_CERT_CELL - CARD_CHECK, &crc) ||
	    !nvm->read(nvm->context, CERT_AT + CARD_CERT_CELL - CARD_CHECK,
		word, sizeof(word)))
		return failed(e);
	if (get_word(word) != crc)
		return true;
	if (!nvm->read(nvm->context, CERT_AT, word, sizeof(word)))
		return failed(e);
	if (get_word(word) > CARD_CERT_MAX)
		return true;
	*total = get_word(word);
	if (at >= *total)
		return true;
	*len = *total - at < size ? *total - at : size;
	return nvm->read(nvm->context, CERT_AT + 4 + at, out, *len) ||
	       failed(e);
}
