/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of a vault file: decodes to a sound state or one error; what
 * decodes encodes back to the same bytes.  The checksum of the slots is left
 * out, or the fuzzer would never come through it. */
#include <stdlib.h>
#include <string.h>

#include "vault/file_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t in[FILE_IMAGE_BYTES], out[FILE_IMAGE_BYTES];
	static struct file_image image;
	static struct psd psd;
	struct psd_status status;
	struct err e = ERR_INIT;

	memset(in, 0, sizeof(in));
	memcpy(in, data, size < sizeof(in) ? size : sizeof(in));
	if (file_image_decode(in, &image, &e)) {
		psd_status(&image.psd, 20261121, &status);
		if (status.ascending + status.descending !=
		    status.control_total)
			abort();
		file_image_encode(&image, out);
		if (!file_image_decode(out, &image, &e))
			abort();
	} else if (e.kind != ERR_CORRUPT) {
		abort();
	}
	/* The PSD's state alone, from the first byte on. */
	if (psd_decode(in, &psd, &e)) {
		psd_encode(&psd, out);
		if (memcmp(in, out, PSD_STATE_BYTES) != 0)
			abort();
	}
	return 0;
}
