/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/card_store.h"

#include <string.h>

#define KEY_AT	(2 * CORE_CELL + CARD_CELLS * RING_CELL)
#define CERT_AT (KEY_AT + CARD_KEY_CELL)

_Static_assert(CARD_KEY_CELL % NVM_WORD == 0 && CARD_CERT_CELL % NVM_WORD == 0,
    "cells begin at words");

static bool
failed(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "the card's memory fails");
}

static struct card_store
laid_out(const struct nvm *nvm)
{
	return (struct card_store){{.nvm = nvm,
	    .home = "card",
	    .unit = NVM_WORD,
	    .count = CARD_CELLS,
	    .remembers = PSD_RING}};
}

bool
card_store_format(const struct nvm *nvm, struct psd *out, struct err *e)
{
	struct card_store s = laid_out(nvm);

	psd_init(out);
	if (nvm->size < CARD_NVM_BYTES)
		return err_set(e, ERR_SYSTEM,
		    "the card's memory has %zu bytes, %d are needed", nvm->size,
		    CARD_NVM_BYTES);
	if (!cells_format(&s.cells, out, e))
		return false;
	return (cell_spoil(nvm, KEY_AT, CARD_KEY_CELL) &&
		   cell_spoil(nvm, CERT_AT, CARD_CERT_CELL)) ||
	       failed(e);
}

bool
card_store_load(
    struct card_store *s, const struct nvm *nvm, struct psd *out, struct err *e)
{
	*s = laid_out(nvm);
	return cells_load(&s->cells, out, e);
}

bool
card_store_save(struct card_store *s, const struct psd *p, struct err *e)
{
	return cells_save(&s->cells, p, e);
}

bool
card_store_settle(struct card_store *s, const struct psd *p, struct err *e)
{
	return cells_settle(&s->cells, p, e);
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
	done = cell_write(s->cells.nvm, KEY_AT, cell, sizeof(cell));
	memset(cell, 0, sizeof(cell));
	return done || failed(e);
}

bool
card_store_get_key(const struct card_store *s, struct card_key *out,
    bool *there, struct err *e)
{
	uint8_t cell[CARD_KEY_CELL];

	if (!cell_read(s->cells.nvm, KEY_AT, cell, sizeof(cell), there))
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
	const struct nvm *nvm = s->cells.nvm;
	uint8_t word[CELL_CHECK];
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
	cell_put_word(word, (uint32_t)(at + len));
	return (nvm->write(nvm->context, CERT_AT, word, sizeof(word)) &&
		   cell_seal(nvm, CERT_AT, CARD_CERT_CELL)) ||
	       failed(e);
}

bool
card_store_get_cert(const struct card_store *s, size_t at, uint8_t *out,
    size_t size, size_t *len, size_t *total, struct err *e)
{
	const struct nvm *nvm = s->cells.nvm;
	uint8_t word[CELL_CHECK];
	bool valid;

	*len = *total = 0;
	if (!cell_check(nvm, CERT_AT, CARD_CERT_CELL, &valid))
		return failed(e);
	if (!valid)
		return true;
	if (!nvm->read(nvm->context, CERT_AT, word, sizeof(word)))
		return failed(e);
	if (cell_get_word(word) > CARD_CERT_MAX)
		return true;
	*total = cell_get_word(word);
	if (at >= *total)
		return true;
	*len = *total - at < size ? *total - at : size;
	return nvm->read(nvm->context, CERT_AT + 4 + at, out, *len) ||
	       failed(e);
}
