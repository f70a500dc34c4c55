/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/cells.h"

#include "base/bytes.h"

#define CHUNK 64

_Static_assert(CORE_CELL % NVM_WORD == 0 && RING_CELL % NVM_WORD == 0,
    "cells begin at words");

static bool
failed(const struct cells *s, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "the %s's memory fails", s->home);
}

/* --- one cell ---------------------------------------------------------------- */

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

void
cell_put_word(uint8_t out[NVM_WORD], uint32_t value)
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, CELL_CHECK);
	bytes_write_le(&w, value, CELL_CHECK);
}

uint32_t
cell_get_word(const uint8_t in[NVM_WORD])
{
	struct bytes_reader r;

	bytes_reader_init(&r, in, CELL_CHECK);
	return (uint32_t)bytes_read_le(&r, CELL_CHECK);
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
bool
cell_spoil(const struct nvm *nvm, size_t at, size_t cell)
{
	uint8_t word[CELL_CHECK];
	uint32_t crc;

	if (!measure(nvm, at, cell - CELL_CHECK, &crc))
		return false;
	cell_put_word(word, ~crc);
	return nvm->write(
	    nvm->context, at + cell - CELL_CHECK, word, sizeof(word));
}

bool
cell_seal(const struct nvm *nvm, size_t at, size_t cell)
{
	uint8_t word[CELL_CHECK];
	uint32_t crc;

	if (!measure(nvm, at, cell - CELL_CHECK, &crc))
		return false;
	cell_put_word(word, crc);
	return nvm->write(
	    nvm->context, at + cell - CELL_CHECK, word, sizeof(word));
}

bool
cell_write(const struct nvm *nvm, size_t at, const uint8_t *bytes, size_t cell)
{
	return cell_spoil(nvm, at, cell) &&
	       nvm->write(nvm->context, at, bytes, cell - CELL_CHECK) &&
	       cell_seal(nvm, at, cell);
}

/* False: the memory fails.  *valid: the checksum fits. */
bool
cell_read(
    const struct nvm *nvm, size_t at, uint8_t *bytes, size_t cell, bool *valid)
{
	uint8_t word[CELL_CHECK];
	uint32_t crc;

	if (!nvm->read(nvm->context, at, bytes, cell - CELL_CHECK) ||
	    !nvm->read(
		nvm->context, at + cell - CELL_CHECK, word, sizeof(word)))
		return false;
	crc = checksum(0xffffffff, bytes, cell - CELL_CHECK);
	*valid = cell_get_word(word) == crc;
	return true;
}

bool
cell_check(const struct nvm *nvm, size_t at, size_t cell, bool *valid)
{
	uint8_t word[CELL_CHECK];
	uint32_t crc;

	if (!measure(nvm, at, cell - CELL_CHECK, &crc) ||
	    !nvm->read(
		nvm->context, at + cell - CELL_CHECK, word, sizeof(word)))
		return false;
	*valid = cell_get_word(word) == crc;
	return true;
}

/* --- where they are ------------------------------------------------------------ */

static size_t
stride(const struct cells *s, size_t cell)
{
	return (cell + s->unit - 1) / s->unit * s->unit;
}

static size_t
core_at(const struct cells *s, unsigned which)
{
	return s->at + which * stride(s, CORE_CELL);
}

static size_t
ring_at(const struct cells *s, uint32_t index)
{
	return core_at(s, 2) + index * stride(s, RING_CELL);
}

static size_t
piece_at(const struct cells *s, uint32_t piece)
{
	return ring_at(s, (piece - 1) % s->count);
}

size_t
cells_size(const struct cells *s)
{
	return ring_at(s, s->count) - s->at;
}

/* --- the state ------------------------------------------------------------------- */

static bool
write_core(const struct cells *s, unsigned which, uint32_t sequence,
    const struct psd *p)
{
	uint8_t cell[CORE_CELL];

	cell_put_word(cell, sequence);
	psd_encode_core(p, cell + 4);
	return cell_write(s->nvm, core_at(s, which), cell, sizeof(cell));
}

bool
cells_format(struct cells *s, struct psd *out, struct err *e)
{
	psd_init(out);
	out->remembers = s->remembers;
	for (unsigned i = 0; i < 2; i++)
		if (!write_core(s, i, i + 1, out))
			return failed(s, e);
	for (uint32_t i = 0; i < s->count; i++)
		if (!cell_spoil(s->nvm, ring_at(s, i), RING_CELL))
			return failed(s, e);
	s->current = 1;
	s->sequence = 2;
	s->pieces = 0;
	return true;
}

static bool
read_piece(const struct cells *s, uint32_t piece, struct psd *p, struct err *e)
{
	uint8_t cell[RING_CELL];
	bool valid;

	if (!cell_read(s->nvm, piece_at(s, piece), cell, sizeof(cell), &valid))
		return failed(s, e);
	if (!valid || cell_get_word(cell) != piece)
		return err_set(e, ERR_CORRUPT,
		    "the %s lost the stamp of piece %lu", s->home,
		    (unsigned long)piece);
	return psd_decode_entry(
	    cell + 4, &p->ring[(piece - 1) % p->remembers], e);
}

static bool
write_piece(const struct cells *s, uint32_t piece, const struct psd *p)
{
	uint8_t cell[RING_CELL];

	cell_put_word(cell, piece);
	psd_encode_entry(&p->ring[(piece - 1) % p->remembers], cell + 4);
	return cell_write(s->nvm, piece_at(s, piece), cell, sizeof(cell));
}

/* The pieces that a state with `count` of them remembers begin here. */
static uint32_t
oldest(const struct cells *s, uint32_t count)
{
	return count > s->remembers ? count - s->remembers + 1 : 1;
}

static bool
read_ring(const struct cells *s, struct psd *p, struct err *e)
{
	uint32_t count = p->piece_count;

	/* so that piece + 1 below ends */
	if (count == UINT32_MAX)
		return err_set(e, ERR_CORRUPT, "the %s's piece count", s->home);
	for (uint32_t piece = oldest(s, count); piece <= count; piece++)
		if (!read_piece(s, piece, p, e))
			return false;
	return psd_check(p, e);
}

bool
cells_find(struct cells *s, struct psd *out, struct err *e)
{
	uint8_t cell[2][CORE_CELL];
	bool valid[2];
	unsigned newest;

	s->own = false;
	for (unsigned i = 0; i < 2; i++)
		if (!cell_read(
			s->nvm, core_at(s, i), cell[i], CORE_CELL, &valid[i]))
			return failed(s, e);
	if (!valid[0] && !valid[1])
		return err_set(e, ERR_CORRUPT,
		    "the %s holds no valid state: send it to the provider",
		    s->home);
	newest = valid[1] &&
		 (!valid[0] || cell_get_word(cell[1]) > cell_get_word(cell[0]));
	s->current = newest;
	s->sequence = cell_get_word(cell[newest]);
	s->torn = !valid[0] || !valid[1];
	if (!psd_decode_core(cell[newest] + 4, out, e))
		return false;
	out->remembers = s->remembers;
	s->pieces = out->piece_count;
	return read_ring(s, out, e);
}

bool
cells_load(struct cells *s, struct psd *out, struct err *e)
{
	if (!cells_find(s, out, e) || (s->torn && !cells_save(s, out, e)))
		return false;
	s->torn = false;
	return true;
}

bool
cells_save(struct cells *s, const struct psd *p, struct err *e)
{
	unsigned other = 1 - s->current;

	if (s->sequence == UINT32_MAX ||
	    p->piece_count - s->pieces > s->count - s->remembers)
		return failed(s, e);
	for (uint32_t piece = s->pieces; piece < p->piece_count; piece++)
		if (!write_piece(s, piece + 1, p))
			return failed(s, e);
	if (!write_core(s, other, s->sequence + 1, p))
		return failed(s, e);
	s->current = other;
	s->sequence++;
	s->pieces = p->piece_count;
	s->own = true;
	return true;
}

bool
cells_settle(struct cells *s, const struct psd *p, struct err *e)
{
	/* Only the last word before power ended can be weak: a core's check
	 * word, where this core is valid. */
	return s->own || cells_save(s, p, e);
}
