/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/button_store.h"

#include <string.h>

#include "base/bytes.h"

#define VERSION	    1
#define HEADER_BODY 24 /* magic, version, 3 zeros, ROM */
#define HEADER_CELL (HEADER_BODY + CELL_CHECK)
#define KEY_BODY    112 /* button_key, padded to words */
#define KEY_CELL    (KEY_BODY + CELL_CHECK)

static const char magic[4] = {'P', 'S', 'D', 'B'};

static const struct button_kind kinds[] = {
    {0x0c, "DS1996", 8192, 32, 32, 16, 0},
    {0x37, "DS1977", 32704, 64, 96, PSD_RING, 0},
    {0x0a, "DS1995", 2048, 32, 0, 0, 0},
    {0x06, "DS1993", 512, 32, 0, 0, 0},
    {0x08, "DS1992", 128, 32, 0, 0, 0},
    {0x18, "DS1963S", 512, 32, 0, 0, 4},
    {0x1a, "DS1963L", 512, 32, 0, 0, 4},
    {0x1d, "DS2423", 512, 32, 0, 0, 4},
};

_Static_assert(
    KEY_BODY % NVM_WORD == 0 && HEADER_BODY % NVM_WORD == 0 &&
	1 + WRAP_SALT + BOX_NONCE + BOX_BYTES + PSD_VERIFIER <= KEY_BODY,
    "cells are whole words");

const struct button_kind *
button_kind(const char *rom)
{
	uint8_t family;
	size_t len;
	char hex[3] = {rom[0], rom[0] != '\0' ? rom[1] : '\0', '\0'};

	if (!bytes_from_hex(hex, &family, 1, &len) || len != 1)
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].family == family)
			return &kinds[i];
	return NULL;
}

static bool
failed(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "the button's memory fails");
}

/* --- where it is -------------------------------------------------------------- */

static size_t
pages(const struct button_store *s, size_t len)
{
	return (len + s->kind->page - 1) / s->kind->page * s->kind->page;
}

static size_t
key_at(const struct button_store *s, unsigned which)
{
	return s->cells.at + cells_size(&s->cells) + which * pages(s, KEY_CELL);
}

static size_t
cert_at(const struct button_store *s)
{
	return key_at(s, 2);
}

static size_t
cert_cell(const struct button_store *s)
{
	return 4 + button_store_cert_max(s) + CELL_CHECK;
}

void
button_store_init(struct button_store *s, const struct button_kind *kind,
    const char *rom, const struct nvm *nvm)
{
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	memcpy(s->rom, rom, BUTTON_ROM - 1);
	s->cells = (struct cells){.nvm = nvm,
	    .home = "button",
	    .at = pages(s, HEADER_CELL),
	    .unit = kind->page,
	    .count = kind->cells,
	    .remembers = kind->remembers};
}

size_t
button_store_head(const struct button_store *s)
{
	return s->cells.at + 2 * pages(s, CORE_CELL);
}

size_t
button_store_cert_max(const struct button_store *s)
{
	size_t room = s->kind->memory - cert_at(s) - 4 - CELL_CHECK;

	return room < CERT_MAX ? room : CERT_MAX;
}

/* --- the header ------------------------------------------------------------------ */

static void
encode_header(const char rom[BUTTON_ROM], uint8_t out[HEADER_BODY])
{
	memset(out, 0, HEADER_BODY);
	memcpy(out, magic, sizeof(magic));
	out[4] = VERSION;
	memcpy(out + 8, rom, BUTTON_ROM);
}

static bool
is_blank(const uint8_t *bytes, size_t len)
{
	return (bytes[0] == 0 || bytes[0] == 0xff) &&
	       memcmp(bytes, bytes + 1, len - 1) == 0;
}

bool
button_store_content(
    const struct button_store *s, enum button_content *out, struct err *e)
{
	uint8_t got[HEADER_BODY], want[HEADER_BODY];
	bool valid;

	if (!cell_read(s->cells.nvm, 0, got, HEADER_CELL, &valid))
		return failed(e);
	encode_header(s->rom, want);
	if (valid && memcmp(got, want, HEADER_BODY) == 0)
		*out = BUTTON_POSTAGE;
	else if (valid && memcmp(got, want, 8) == 0)
		*out = BUTTON_COPY;
	else if (is_blank(got, sizeof(got)) || memcmp(got, want, 4) == 0)
		*out = BUTTON_BLANK;
	else
		*out = BUTTON_OTHER;
	return true;
}

/* --- the key ------------------------------------------------------------------------ */

static void
encode_key(const struct button_key *in, uint8_t out[KEY_BODY])
{
	struct bytes_writer w;

	memset(out, 0, KEY_BODY);
	bytes_writer_init(&w, out, KEY_BODY);
	bytes_write_le(&w, in->wrapped, 1);
	bytes_write(&w, in->key.salt, WRAP_SALT);
	bytes_write(&w, in->key.nonce, BOX_NONCE);
	bytes_write(&w, in->key.box, sizeof(in->key.box));
	bytes_write(&w, in->verifier, PSD_VERIFIER);
}

static bool
decode_key(const uint8_t in[KEY_BODY], struct button_key *out)
{
	struct bytes_reader r;
	uint64_t wrapped;

	bytes_reader_init(&r, in, KEY_BODY);
	wrapped = bytes_read_le(&r, 1);
	out->wrapped = wrapped == 1;
	bytes_read_into(&r, out->key.salt, WRAP_SALT);
	bytes_read_into(&r, out->key.nonce, BOX_NONCE);
	bytes_read_into(&r, out->key.box, sizeof(out->key.box));
	bytes_read_into(&r, out->verifier, PSD_VERIFIER);
	return wrapped <= 1 && !r.failed;
}

static bool
write_key(const struct button_store *s, unsigned which,
    const struct button_key *key, struct err *e)
{
	uint8_t body[KEY_BODY];
	bool done;

	encode_key(key, body);
	done = cell_write(s->cells.nvm, key_at(s, which), body, KEY_CELL);
	explicit_bzero(body, sizeof(body));
	return done || failed(e);
}

/* *good: it goes with this PSD. */
static bool
read_key(const struct button_store *s, unsigned which, const struct psd *p,
    struct button_key *out, bool *good, struct err *e)
{
	uint8_t body[KEY_BODY];

	if (!cell_read(s->cells.nvm, key_at(s, which), body, KEY_CELL, good))
		return failed(e);
	*good = decode_key(body, out) && *good &&
		out->wrapped == p->pin_required &&
		memcmp(out->verifier, p->pin_verifier, PSD_VERIFIER) == 0;
	explicit_bzero(body, sizeof(body));
	return true;
}

static bool
find_key(struct button_store *s, const struct psd *p, struct err *e)
{
	struct button_key key;
	bool good = false;

	for (unsigned i = 0; i < 2 && !good; i++) {
		if (!read_key(s, i, p, &key, &good, e))
			return false;
		s->key_at = i;
	}
	explicit_bzero(&key, sizeof(key));
	return good || err_set(e, ERR_CORRUPT,
			   "the button lost its key: send it to the provider");
}

/* Nothing of a key that went before is left. */
static bool
wipe_other_key(const struct button_store *s, struct err *e)
{
	static const uint8_t zeros[KEY_CELL];
	const struct nvm *nvm = s->cells.nvm;
	uint8_t cell[KEY_CELL];
	size_t at = key_at(s, 1 - s->key_at);
	bool done = nvm->read(nvm->context, at, cell, sizeof(cell));

	if (done && memcmp(cell, zeros, sizeof(cell)) != 0)
		done = nvm->write(nvm->context, at, zeros, sizeof(zeros));
	explicit_bzero(cell, sizeof(cell));
	return done || failed(e);
}

bool
button_store_key(
    const struct button_store *s, struct button_key *out, struct err *e)
{
	uint8_t body[KEY_BODY];
	bool valid, done;

	done = cell_read(
	    s->cells.nvm, key_at(s, s->key_at), body, KEY_CELL, &valid);
	done = done && valid && decode_key(body, out);
	explicit_bzero(body, sizeof(body));
	return done || failed(e);
}

/* --- the certificate ------------------------------------------------------------------ */

static bool
write_cert(const struct button_store *s, const uint8_t *cert, size_t len,
    struct err *e)
{
	uint8_t cell[4 + CERT_MAX] = {0};

	if (len > button_store_cert_max(s))
		return err_set(e, ERR_REQUEST,
		    "a certificate of %zu bytes: a %s holds %zu", len,
		    s->kind->name, button_store_cert_max(s));
	cell_put_word(cell, (uint32_t)len);
	memcpy(cell + 4, cert, len);
	return cell_write(s->cells.nvm, cert_at(s), cell, cert_cell(s)) ||
	       failed(e);
}

bool
button_store_cert(
    const struct button_store *s, uint8_t *out, size_t *len, struct err *e)
{
	const struct nvm *nvm = s->cells.nvm;
	uint8_t word[4];

	if (!nvm->read(nvm->context, cert_at(s), word, sizeof(word)))
		return failed(e);
	*len = cell_get_word(word);
	if (*len > button_store_cert_max(s))
		return failed(e);
	return nvm->read(nvm->context, cert_at(s) + 4, out, *len) || failed(e);
}

static bool
check_cert(const struct button_store *s, struct err *e)
{
	uint8_t cert[CERT_MAX];
	bool valid;
	size_t len;

	if (!cell_check(s->cells.nvm, cert_at(s), cert_cell(s), &valid))
		return failed(e);
	return (valid && button_store_cert(s, cert, &len, e)) ||
	       err_set(e, ERR_CORRUPT,
		   "the button lost its certificate: send it to the provider");
}

/* --- the state -------------------------------------------------------------------------- */

bool
button_store_create(struct button_store *s, const struct psd *psd,
    const struct button_key *key, const uint8_t *cert, size_t cert_len,
    struct err *e)
{
	uint8_t header[HEADER_BODY];
	struct psd blank;

	encode_header(s->rom, header);
	s->key_at = 0;
	if (!cell_spoil(s->cells.nvm, 0, HEADER_CELL))
		return failed(e);
	if (!write_cert(s, cert, cert_len, e) ||
	    !cells_format(&s->cells, &blank, e) || !write_key(s, 0, key, e) ||
	    !wipe_other_key(s, e))
		return false;
	return cells_save(&s->cells, psd, e) &&
	       (cell_write(s->cells.nvm, 0, header, HEADER_CELL) || failed(e));
}

bool
button_store_find(struct button_store *s, struct psd *out, struct err *e)
{
	enum button_content content;

	if (!button_store_content(s, &content, e))
		return false;
	if (content == BUTTON_COPY)
		return err_set(e, ERR_CORRUPT,
		    "the button %s holds a copy of another button: nothing is "
		    "spent from that",
		    s->rom);
	if (content != BUTTON_POSTAGE)
		return err_set(
		    e, ERR_ABSENT, "the button %s holds no PSD", s->rom);
	return cells_find(&s->cells, out, e) && find_key(s, out, e) &&
	       check_cert(s, e);
}

bool
button_store_mend(struct button_store *s, const struct psd *p, struct err *e)
{
	if (s->cells.torn && !cells_save(&s->cells, p, e))
		return false;
	s->cells.torn = false;
	return wipe_other_key(s, e);
}

bool
button_store_save(struct button_store *s, const struct psd *p, struct err *e)
{
	return cells_save(&s->cells, p, e);
}

bool
button_store_save_key(struct button_store *s, const struct psd *p,
    const struct button_key *key, struct err *e)
{
	if (!write_key(s, 1 - s->key_at, key, e) ||
	    !cells_save(&s->cells, p, e))
		return false;
	s->key_at = 1 - s->key_at;
	return wipe_other_key(s, e);
}
