/* SPDX-License-Identifier: Apache-2.0 */
/* verify_zbar: QR by libzbar, in binary mode: as text, zbar mangles bytes. */
#include <string.h>
#include <zbar.h>

#include "tools/verify.h"

#define FOURCC_Y800 0x30303859 /* "Y800", grey */

static void
widen(struct box *box, double x, double y)
{
	box->left = x < box->left ? x : box->left;
	box->right = x > box->right ? x : box->right;
	box->top = y < box->top ? y : box->top;
	box->bottom = y > box->bottom ? y : box->bottom;
}

static bool
take(const zbar_symbol_t *symbol, int offset_x, int offset_y,
    struct found_list *out, struct err *e)
{
	struct found one = {
	    .symbology = "QR", .by = BY_ZBAR, .box = {1e9, 1e9, -1e9, -1e9}};
	unsigned len = zbar_symbol_get_data_length(symbol);
	unsigned points = zbar_symbol_get_loc_size(symbol);

	if (len == 0 || len > sizeof(one.bytes) || points == 0)
		return true;
	memcpy(one.bytes, zbar_symbol_get_data(symbol), len);
	one.len = len;
	for (unsigned i = 0; i < points; i++)
		widen(&one.box, zbar_symbol_get_loc_x(symbol, i) + offset_x,
		    zbar_symbol_get_loc_y(symbol, i) + offset_y);
	return found_add(out, &one, e);
}

bool
decode_zbar(const struct image *image, int offset_x, int offset_y,
    struct found_list *out, struct err *e)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *frame = zbar_image_create();
	const zbar_symbol_t *symbol;
	bool done = true;

	zbar_image_scanner_set_config(scanner, 0, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1);
	zbar_image_set_format(frame, FOURCC_Y800);
	zbar_image_set_size(
	    frame, (unsigned)image->width, (unsigned)image->height);
	zbar_image_set_data(frame, image->grey,
	    (unsigned long)image->width * (unsigned long)image->height, NULL);
	if (zbar_scan_image(scanner, frame) < 0)
		done = err_set(e, ERR_SYSTEM, "zbar failed on a page");
	symbol = done ? zbar_image_first_symbol(frame) : NULL;
	for (; done && symbol; symbol = zbar_symbol_next(symbol))
		done = take(symbol, offset_x, offset_y, out, e);
	zbar_image_destroy(frame);
	zbar_image_scanner_destroy(scanner);
	return done;
}
