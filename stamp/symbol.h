/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol: machine-readable symbols as modules, dark or light, nothing drawn.
 *
 * The size of a symbol depends on its kind and the number of bytes alone,
 * never on the bytes: symbol_size() tells it before the indicium exists, so a
 * stamp can be placed before it is paid for, and symbol_encode() of as many
 * bytes then gives exactly that size.
 *
 *	symbol_size(SYMBOL_QR, 124, &shape, &e)	-> 49 x 49, quiet 4
 *	symbol_module_dots(300, &dots, &e)	-> 5
 *	symbol_encode(SYMBOL_QR, bytes, 124, &s, &e); symbol_get(&s, x, y)
 */
#ifndef STAMP_SYMBOL_H
#define STAMP_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SYMBOL_WIDTH_MAX  256
#define SYMBOL_HEIGHT_MAX 128

enum symbol_kind {
	SYMBOL_QR,	   /* level M, byte mode, smallest version */
	SYMBOL_DATAMATRIX, /* ECC 200, smallest square */
	SYMBOL_DMRE,	   /* rectangular Data Matrix, low labels */
	SYMBOL_PDF417,	   /* 8 columns, error correction level 4 */
	SYMBOL_FIM_D,	   /* facing mark; no data, 1 module high */
	SYMBOL_KINDS
};

/* Modules, without the quiet zone, and the quiet zone on every side. */
struct symbol_shape {
	int width, height, quiet;
};

struct symbol {
	struct symbol_shape shape;
	uint8_t rows[SYMBOL_HEIGHT_MAX][SYMBOL_WIDTH_MAX / 8];
};

/* "QR", "DataMatrix", "DMRE", "PDF417" in any case; FIM is no choice. */
bool symbol_kind_parse(const char *name, enum symbol_kind *out);
const char *symbol_kind_name(enum symbol_kind kind);

/* The most bytes a symbol of this kind holds here: QR 666 (version 20),
 * Data Matrix 202 (52 x 52), DMRE 116 (26 x 64), PDF417 256, FIM 0. */
size_t symbol_capacity(enum symbol_kind kind);

/* Errors: ERR_REQUEST if `len` is 0 or more than symbol_capacity(). */
MUST_CHECK bool symbol_size(
    enum symbol_kind kind, size_t len, struct symbol_shape *out, struct err *e);

/* Encodes; out->shape is what symbol_size() says.
 * Errors: ERR_REQUEST as symbol_size(); ERR_SYSTEM if a library fails. */
MUST_CHECK bool symbol_encode(enum symbol_kind kind, const uint8_t *data,
    size_t len, struct symbol *out, struct err *e);

/* True where dark; light outside the symbol (the quiet zone). */
bool symbol_get(const struct symbol *s, int x, int y);

/* Whole printer dots of one module along an axis of `dpi`: nearest to 16.7
 * mil, at least 3 dots, at least 13 mil, at least 15 mil (to the tenth, as 3
 * dots at 203 dpi are) under 300 dpi.
 * Errors: ERR_CONFIG if `dpi` is under 100 or over 4,800. */
MUST_CHECK bool symbol_module_dots(int dpi, int *dots, struct err *e);

#endif
