/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint.h"

#include <stdlib.h>
#include <string.h>

bool
imprint_get(const struct imprint *im, int x, int y)
{
	if (x < 0 || y < 0 || x >= im->width || y >= im->height)
		return false;
	return im->bits[(size_t)y * im->stride + (size_t)x / 8] &
	       (0x80 >> x % 8);
}

void
imprint_free(struct imprint *im)
{
	free(im->bits);
	memset(im, 0, sizeof *im);
}
