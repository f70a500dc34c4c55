/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/symbol.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include <qrencode.h>
#include <zint.h>

#define QUIET_QR	 4 /* ISO/IEC 18004, 9.1 */
#define QUIET_DATAMATRIX 2 /* ISO/IEC 16022 asks for 1 */
#define QUIET_PDF417	 2 /* ISO/IEC 15438, 5.8.3 */
#define PDF417_COLUMNS	 8
#define PDF417_LEVEL	 4 /* 32 code words of error correction */
#define PDF417_ROW	 3 /* modules of height */
#define PDF417_MAX	 256
#define FIM_WIDTH	 17

/* A size of Data Matrix, as zint numbers it, and the bytes that it holds in
 * base 256: two code words are the latch and the length. */
struct matrix {
	int option;
	int width, height;
	size_t bytes;
};

static const struct matrix squares[] = {
    {5, 18, 18, 16},
    {6, 20, 20, 20},
    {7, 22, 22, 28},
    {8, 24, 24, 34},
    {9, 26, 26, 42},
    {10, 32, 32, 60},
    {11, 36, 36, 84},
    {12, 40, 40, 112},
    {13, 44, 44, 142},
    {14, 48, 48, 172},
    {15, 52, 52, 202},
};

static const struct matrix rectangles[] = {
    {28, 36, 12, 20},
    {30, 48, 16, 47},
    {44, 48, 24, 78},
    {48, 64, 26, 116},
};

/* ISO/IEC 18004, table 7: bytes at level M of versions 1, 2, ... */
static const size_t qr_bytes[] = {14, 26, 42, 62, 84, 106, 122, 152, 180, 213,
    251, 287, 331, 362, 412, 450, 504, 560, 624, 666};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const names[SYMBOL_KINDS] = {
    [SYMBOL_QR] = "QR",
    [SYMBOL_DATAMATRIX] = "DataMatrix",
    [SYMBOL_DMRE] = "DMRE",
    [SYMBOL_PDF417] = "PDF417",
    [SYMBOL_FIM_D] = "FIM-D",
};

const char *
symbol_kind_name(enum symbol_kind kind)
{
	return (unsigned)kind < SYMBOL_KINDS ? names[kind] : "?";
}

bool
symbol_kind_parse(const char *name, enum symbol_kind *out)
{
	for (unsigned i = 0; i < SYMBOL_FIM_D; i++) {
		if (strcasecmp(name, names[i]) == 0) {
			*out = (enum symbol_kind)i;
			return true;
		}
	}
	return false;
}

size_t
symbol_capacity(enum symbol_kind kind)
{
	switch (kind) {
	case SYMBOL_QR: return qr_bytes[COUNT(qr_bytes) - 1];
	case SYMBOL_DATAMATRIX: return squares[COUNT(squares) - 1].bytes;
	case SYMBOL_DMRE: return rectangles[COUNT(rectangles) - 1].bytes;
	case SYMBOL_PDF417: return PDF417_MAX;
	case SYMBOL_FIM_D:
	case SYMBOL_KINDS: break;
	}
	return 0;
}

static int
qr_version(size_t len)
{
	int version = 1;

	while (qr_bytes[version - 1] < len)
		version++;
	return version;
}

static const struct matrix *
matrix_find(enum symbol_kind kind, size_t len)
{
	const struct matrix *m = kind == SYMBOL_DMRE ? rectangles : squares;

	while (m->bytes < len)
		m++;
	return m;
}

/* Rows for `len` bytes.  Byte compaction packs 6 bytes into 5 code words, but
 * zint switches compaction on its own and may need more: a quarter is added.
 * Bytes that need still more get a lower level of error correction. */
static int
pdf417_rows(size_t len)
{
	size_t words = len / 6 * 5 + len % 6 + 2 /* latch, length */;

	words += words / 4 + (2u << PDF417_LEVEL);
	return (int)((words + PDF417_COLUMNS - 1) / PDF417_COLUMNS);
}

bool
symbol_size(
    enum symbol_kind kind, size_t len, struct symbol_shape *out, struct err *e)
{
	const struct matrix *m;

	if (kind == SYMBOL_FIM_D) {
		*out = (struct symbol_shape){FIM_WIDTH, 1, 0};
		return true;
	}
	if (len == 0 || len > symbol_capacity(kind))
		return err_set(e, ERR_REQUEST,
		    "%s holds 1 to %zu bytes, the indicium has %zu; choose "
		    "another symbol",
		    symbol_kind_name(kind), symbol_capacity(kind), len);
	switch (kind) {
	case SYMBOL_QR:
		out->width = out->height = 17 + 4 * qr_version(len);
		out->quiet = QUIET_QR;
		break;
	case SYMBOL_PDF417:
		/* start, left and right indicator, stop (one module more) */
		out->width = 17 * (PDF417_COLUMNS + 4) + 1;
		out->height = PDF417_ROW * pdf417_rows(len);
		out->quiet = QUIET_PDF417;
		break;
	default:
		m = matrix_find(kind, len);
		*out = (struct symbol_shape){
		    m->width, m->height, QUIET_DATAMATRIX};
		break;
	}
	return true;
}

static void
set_dark(struct symbol *s, int x, int y)
{
	s->rows[y][x / 8] |= (uint8_t)(0x80 >> x % 8);
}

bool
symbol_get(const struct symbol *s, int x, int y)
{
	if (x < 0 || y < 0 || x >= s->shape.width || y >= s->shape.height)
		return false;
	return s->rows[y][x / 8] & (0x80 >> x % 8);
}

/* The lowest bits of up to eight bytes, the first one as the highest. */
static uint8_t
pack(const uint8_t *modules, int count)
{
	uint64_t eight = 0;

	memcpy(&eight, modules, (size_t)count);
	eight = le64toh(eight) & 0x0101010101010101u;
	return (uint8_t)(eight * 0x8040201008040201u >> 56);
}

static bool
encode_qr(const uint8_t *data, size_t len, struct symbol *out, struct err *e)
{
	QRinput *input = NULL;
	QRcode *code = NULL;
	bool done = false;

	/* Byte mode by hand: QRcode_encodeData() does the same today, but its
	 * manual does not promise it. */
	input = QRinput_new2(qr_version(len), QR_ECLEVEL_M);
	if (input == NULL ||
	    QRinput_append(input, QR_MODE_8, (int)len, data) != 0 ||
	    (code = QRcode_encodeInput(input)) == NULL) {
		err_system(e, "libqrencode, %zu bytes", len);
		goto out;
	}
	if (code->width != out->shape.width) {
		err_set(e, ERR_SYSTEM, "libqrencode made %d modules, want %d",
		    code->width, out->shape.width);
		goto out;
	}
	for (int y = 0; y < code->width; y++)
		for (int x = 0; x < code->width; x += 8) {
			const uint8_t *from = code->data + y * code->width + x;
			int left = code->width - x;

			out->rows[y][x / 8] = pack(from, left < 8 ? left : 8);
		}
	done = true;
out:
	QRcode_free(code);
	QRinput_free(input);
	return done;
}

/* Copies zint's modules, each of its rows `height` modules high, down to the
 * lower edge. */
static bool
copy_zint(const struct zint_symbol *z, int height, struct symbol *out)
{
	int top;

	if (z->width != out->shape.width ||
	    z->rows * height > out->shape.height)
		return false;
	top = out->shape.height - z->rows * height;
	for (int y = 0; y < z->rows * height; y++)
		for (int x = 0; x < z->width; x++)
			if (z->encoded_data[y / height][x / 8] >> x % 8 & 1)
				set_dark(out, x, top + y);
	return true;
}

static bool
encode_zint(int symbology, int level, int option, const uint8_t *data,
    size_t len, int row_height, struct symbol *out, struct err *e)
{
	struct zint_symbol *z = ZBarcode_Create();
	bool done;

	if (z == NULL)
		return err_system(e, "libzint");
	z->symbology = symbology;
	z->input_mode = DATA_MODE;
	z->option_1 = level;
	z->option_2 = option;
	if (ZBarcode_Encode(z, data, (int)len) >= ZINT_ERROR)
		done = err_set(e, ERR_SYSTEM, "libzint: %s", z->errtxt);
	else if (!copy_zint(z, row_height, out))
		done = err_set(e, ERR_SYSTEM,
		    "libzint made %d x %d modules, want %d x %d", z->width,
		    z->rows * row_height, out->shape.width, out->shape.height);
	else
		done = true;
	ZBarcode_Delete(z);
	return done;
}

static bool
encode_pdf417(
    const uint8_t *data, size_t len, struct symbol *out, struct err *e)
{
	struct err last = ERR_INIT;

	for (int level = PDF417_LEVEL; level >= 0; level--)
		if (encode_zint(BARCODE_PDF417, level, PDF417_COLUMNS, data,
			len, PDF417_ROW, out, &last))
			return true;
	*e = last;
	return false;
}

bool
symbol_encode(enum symbol_kind kind, const uint8_t *data, size_t len,
    struct symbol *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	if (!symbol_size(kind, len, &out->shape, e))
		return false;
	assert(out->shape.width <= SYMBOL_WIDTH_MAX);
	assert(out->shape.height <= SYMBOL_HEIGHT_MAX);
	switch (kind) {
	case SYMBOL_QR: return encode_qr(data, len, out, e);
	case SYMBOL_DATAMATRIX:
	case SYMBOL_DMRE:
		return encode_zint(BARCODE_DATAMATRIX, -1,
		    matrix_find(kind, len)->option, data, len, 1, out, e);
	case SYMBOL_PDF417: return encode_pdf417(data, len, out, e);
	case SYMBOL_FIM_D:
		return encode_zint(
		    BARCODE_FIM, -1, 0, (const uint8_t *)"D", 1, 1, out, e);
	case SYMBOL_KINDS: break;
	}
	return err_set(e, ERR_REQUEST, "no such symbol: %d", (int)kind);
}

/* Integers throughout: a module is `dots` * 10000 / dpi tenths of a mil. */
bool
symbol_module_dots(int dpi, int *dots, struct err *e)
{
	/* 15.0 mil to the nearest tenth takes 3 dots at 203 and 204 dpi in */
	int least = dpi < 300 ? 147 : 130;
	int n;

	if (dpi < 100 || dpi > 4800)
		return err_set(e, ERR_CONFIG,
		    "resolution %d dpi: stamps need 100 to 4800 dpi", dpi);
	n = (dpi * 167 + 5000) / 10000;
	if (n < 3)
		n = 3;
	while (n * 10000 < least * dpi)
		n++;
	*dots = n;
	return true;
}
