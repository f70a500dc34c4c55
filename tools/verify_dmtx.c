/* SPDX-License-Identifier: Apache-2.0 */
/* verify_dmtx: square Data Matrix by libdmtx. */
#include <dmtx.h>
#include <string.h>

#include "tools/verify.h"

#define DECODE_MS   400 /* for one piece of a page */
#define SYMBOLS_MAX 4	/* in one piece */

/* libdmtx counts y upwards from the lower edge. */
static struct box
box_of(DmtxRegion *region, int height, int offset_x, int offset_y)
{
	static const double corners[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
	struct box box = {1e9, 1e9, -1e9, -1e9};

	for (int i = 0; i < 4; i++) {
		DmtxVector2 v = {corners[i][0], corners[i][1]};

		dmtxMatrix3VMultiplyBy(&v, region->fit2raw);
		v.X += offset_x;
		v.Y = height - v.Y + offset_y;
		box.left = v.X < box.left ? v.X : box.left;
		box.right = v.X > box.right ? v.X : box.right;
		box.top = v.Y < box.top ? v.Y : box.top;
		box.bottom = v.Y > box.bottom ? v.Y : box.bottom;
	}
	return box;
}

static bool
take(DmtxDecode *decode, DmtxRegion *region, const struct image *image,
    int offset_x, int offset_y, struct found_list *out, struct err *e)
{
	struct found one = {.symbology = "DataMatrix", .by = BY_DMTX};
	DmtxMessage *message =
	    dmtxDecodeMatrixRegion(decode, region, DmtxUndefined);
	bool done = true;

	if (message == NULL)
		return true;
	if (message->outputIdx > 0 &&
	    (size_t)message->outputIdx <= sizeof(one.bytes)) {
		one.len = (size_t)message->outputIdx;
		memcpy(one.bytes, message->output, one.len);
		one.box = box_of(region, image->height, offset_x, offset_y);
		done = found_add(out, &one, e);
	}
	dmtxMessageDestroy(&message);
	return done;
}

bool
decode_dmtx(const struct image *image, int offset_x, int offset_y,
    struct found_list *out, struct err *e)
{
	DmtxTime until = dmtxTimeAdd(dmtxTimeNow(), DECODE_MS);
	DmtxImage *frame = dmtxImageCreate(
	    image->grey, image->width, image->height, DmtxPack8bppK);
	DmtxDecode *decode = frame ? dmtxDecodeCreate(frame, 1) : NULL;
	bool done = true;

	if (decode == NULL) {
		dmtxImageDestroy(&frame);
		return err_set(e, ERR_SYSTEM, "libdmtx failed on a page");
	}
	for (int i = 0; done && i < SYMBOLS_MAX; i++) {
		DmtxRegion *region = dmtxRegionFindNext(decode, &until);

		if (region == NULL)
			break;
		done = take(decode, region, image, offset_x, offset_y, out, e);
		dmtxRegionDestroy(&region);
	}
	dmtxDecodeDestroy(&decode);
	dmtxImageDestroy(&frame);
	return done;
}
