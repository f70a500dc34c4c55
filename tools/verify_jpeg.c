/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdio.h>

/* after stdio.h */
#include <jpeglib.h>

#include "tools/verify.h"

#define CM_PER_INCH 2.54

/* All that must outlive longjmp(). */
struct reading {
	struct jpeg_error_mgr manager; /* first: libjpeg gives its address */
	jmp_buf back;
	struct jpeg_decompress_struct jpeg;
	struct image image;
	struct err *e;
};

static void
on_error(j_common_ptr jpeg)
{
	struct reading *r = (struct reading *)(void *)jpeg->err;
	char text[JMSG_LENGTH_MAX];

	jpeg->err->format_message(jpeg, text);
	err_set(r->e, ERR_REQUEST, "JPEG: %s", text);
	longjmp(r->back, 1);
}

static void
on_message(j_common_ptr jpeg)
{
	(void)jpeg;
}

static void
read_all(struct reading *r, FILE *f)
{
	struct jpeg_decompress_struct *j = &r->jpeg;
	double unit;

	jpeg_stdio_src(j, f);
	jpeg_read_header(j, TRUE);
	j->out_color_space = JCS_GRAYSCALE;
	unit = j->density_unit == 1   ? 1
	       : j->density_unit == 2 ? CM_PER_INCH
				      : 0;
	r->image.dpi_x = j->X_density * unit;
	r->image.dpi_y = j->Y_density * unit;
	/* Before the decoder takes memory for all of it. */
	jpeg_calc_output_dimensions(j);
	r->image.width = (int)j->output_width;
	r->image.height = (int)j->output_height;
	if (!image_new(&r->image, r->e))
		longjmp(r->back, 1);
	jpeg_start_decompress(j);
	while (j->output_scanline < j->output_height) {
		JSAMPROW row = r->image.grey +
			       (size_t)j->output_scanline * j->output_width;

		jpeg_read_scanlines(j, &row, 1);
	}
	jpeg_finish_decompress(j);
}

static bool
read_jpeg(struct reading *r, FILE *f)
{
	r->jpeg.err = jpeg_std_error(&r->manager);
	r->manager.error_exit = on_error;
	r->manager.output_message = on_message;
	if (setjmp(r->back)) {
		jpeg_destroy_decompress(&r->jpeg);
		return false;
	}
	jpeg_create_decompress(&r->jpeg);
	read_all(r, f);
	jpeg_destroy_decompress(&r->jpeg);
	return true;
}

bool
image_jpeg(FILE *f, int pdf_dpi, image_page *page, void *context, struct err *e)
{
	struct reading r = {.image = {.page = 1}, .e = e};
	bool done;

	(void)pdf_dpi;
	done = read_jpeg(&r, f) && page(context, &r.image, e);
	image_free(&r.image);
	return done;
}
