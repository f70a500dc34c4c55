/* SPDX-License-Identifier: Apache-2.0 */
#include <png.h>

#include "tools/verify.h"

#define METRES_PER_INCH 0.0254

/* All that must outlive longjmp(). */
struct reading {
	png_structp png;
	png_infop info;
	struct image image;
	struct err *e;
};

static void
on_error(png_structp png, png_const_charp text)
{
	struct reading *r = png_get_error_ptr(png);

	err_set(r->e, ERR_REQUEST, "PNG: %s", text);
	png_longjmp(png, 1);
}

static void
on_warning(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

static void
set_transforms(struct reading *r)
{
	static png_color_16 white = {
	    .red = 255, .green = 255, .blue = 255, .gray = 255};

	png_set_expand(r->png);
	png_set_strip_16(r->png);
	if (png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR)
		png_set_rgb_to_gray_fixed(
		    r->png, PNG_ERROR_ACTION_NONE, -1, -1);
	png_set_background(r->png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
	png_set_strip_alpha(r->png);
	png_set_interlace_handling(r->png);
	png_read_update_info(r->png, r->info);
}

static void
read_all(struct reading *r, FILE *f)
{
	struct image *image = &r->image;
	png_uint_32 dpm_x, dpm_y, wide, high;
	int passes, unit;

	png_init_io(r->png, f);
	png_read_info(r->png, r->info);
	wide = png_get_image_width(r->png, r->info);
	high = png_get_image_height(r->png, r->info);
	if (wide > IMAGE_SIDE_MAX || high > IMAGE_SIDE_MAX)
		png_error(r->png, "too large");
	image->width = (int)wide;
	image->height = (int)high;
	if (png_get_pHYs(r->png, r->info, &dpm_x, &dpm_y, &unit) &&
	    unit == PNG_RESOLUTION_METER) {
		image->dpi_x = dpm_x * METRES_PER_INCH;
		image->dpi_y = dpm_y * METRES_PER_INCH;
	}
	passes = png_get_interlace_type(r->png, r->info) == PNG_INTERLACE_NONE
		     ? 1
		     : 7;
	set_transforms(r);
	if (!image_new(image, r->e))
		png_longjmp(r->png, 1);
	if (png_get_rowbytes(r->png, r->info) != wide)
		png_error(r->png, "unexpected pixels");
	for (int pass = 0; pass < passes; pass++)
		for (int y = 0; y < image->height; y++)
			png_read_row(r->png,
			    image->grey + (size_t)y * (size_t)image->width,
			    NULL);
}

static bool
read_png(struct reading *r, FILE *f)
{
	r->png = png_create_read_struct(
	    PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
	r->info = r->png ? png_create_info_struct(r->png) : NULL;
	if (r->info == NULL) {
		png_destroy_read_struct(&r->png, NULL, NULL);
		return err_system(r->e, "memory for a PNG");
	}
	if (setjmp(png_jmpbuf(r->png))) {
		png_destroy_read_struct(&r->png, &r->info, NULL);
		return false;
	}
	read_all(r, f);
	png_destroy_read_struct(&r->png, &r->info, NULL);
	return true;
}

bool
image_png(FILE *f, int pdf_dpi, image_page *page, void *context, struct err *e)
{
	struct reading r = {.image = {.page = 1}, .e = e};
	bool done;

	(void)pdf_dpi;
	done = read_png(&r, f) && page(context, &r.image, e);
	image_free(&r.image);
	return done;
}
