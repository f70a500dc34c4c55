/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_page: makes what s_verify.sh looks at.
 *
 *	verify_page FOLDER
 *
 * writes FOLDER/certificates/ (a lab's authority, provider and PSD), the same
 * page as page.pgm, page.png, page.tiff, page.jpeg and page.pdf, with
 * blots as torn.pgm, and prints one
 * line for each symbol on it: "<symbol> <left mm> <top mm> <width mm> <hex>".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* after stdio.h */
#include <jpeglib.h>
#include <png.h>
#include <tiffio.h>

#include "base/bytes.h"
#include "base/durable.h"
#include "stamp/cert.h"
#include "stamp/indicium.h"
#include "stamp/symbol.h"

enum { DPI = 300, WIDTH = 1275, HEIGHT = 1650, MODULE = 5 };

static uint8_t page[HEIGHT][WIDTH];

/* What is where, dots from the upper left corner to the first module. */
static const struct place {
	enum symbol_kind kind;
	int x, y, count;
} places[] = {
    {SYMBOL_QR, 100, 100, 1},
    {SYMBOL_QR, 500, 100, 2},
    {SYMBOL_QR, 900, 103, 3},
    {SYMBOL_DATAMATRIX, 100, 500, 4},
    {SYMBOL_DATAMATRIX, 500, 507, 5},
    {SYMBOL_DMRE, 850, 500, 6},
    {SYMBOL_PDF417, 200, 900, 7},
};

static void
die(const char *what, const struct err *e)
{
	fprintf(stderr, "verify_page: %s: %s\n", what, e->text);
	exit(1);
}

static void
save(const char *folder, const char *name, const void *ptr, size_t len)
{
	struct err e = ERR_INIT;
	char path[2048];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!durable_replace(path, ptr, len, 0644, &e))
		die(path, &e);
}

/* Returns the PSD's key. */
static struct sig_key *
make_certificates(const char *folder)
{
	static const char *const names[] = {
	    "authority.pem", "provider.pem", "psd.pem"};
	static const char *const ids[] = {"", "XX", "XXPS0000000042"};
	struct cert *cert[3] = {NULL, NULL, NULL};
	struct sig_key *key[3] = {NULL, NULL, NULL};
	struct err e = ERR_INIT;
	char pem[CERT_PEM_MAX];
	size_t len;

	for (int i = 0; i < 3; i++) {
		struct cert_spec spec = {.rank = (enum cert_rank)i,
		    .name = "Lab",
		    .id = ids[i],
		    .serial = 1000 + (uint32_t)i,
		    .not_before = 20260101,
		    .not_after = 20301231};

		if (!sig_generate(&key[i], &e))
			die("key", &e);
		spec.key = key[i];
		spec.issuer = i ? cert[i - 1] : NULL;
		spec.sign = key[i ? i - 1 : 0];
		if (!cert_issue(&spec, &cert[i], &e) ||
		    !cert_pem(cert[i], pem, sizeof(pem), &len, &e))
			die("certificate", &e);
		save(folder, names[i], pem, len);
	}
	for (int i = 0; i < 3; i++)
		cert_free(cert[i]);
	sig_free(key[0]);
	sig_free(key[1]);
	return key[2];
}

static size_t
make_stamp(const struct sig_key *key, int count, uint8_t out[INDICIUM_MAX])
{
	struct indicium in = {
	    .format = FORMAT_IBI,
	    .version = IBI_VERSION,
	    .algorithm = IBI_ALGORITHM,
	    .cert_serial = 1002,
	    .vendor = "XX",
	    .model = "PS",
	    .psd_serial = 42,
	    .ascending = 780u * (unsigned)count,
	    .postage = 780,
	    .mail_date = 20261121,
	    .origin_zip = 90210,
	    .descending = 100000u - 780u * (unsigned)count,
	    .category = {'F', 'C', 'L', '1'},
	    .has = HAS_MAILBY | HAS_EXPIRY,
	    .mailby = 20261128,
	    .psd_expires = 20301231,
	    .signature_len = INDICIUM_SIGNATURE,
	};
	struct err e = ERR_INIT;
	size_t len;

	/* The DMRE symbol has no room for more. */
	if (count == 6)
		in.has = 0;
	if (!indicium_set_extensions(&in) ||
	    !indicium_signed_part(&in, out, INDICIUM_MAX, &len, &e) ||
	    !sig_sign(key, out, len, in.signature, &e) ||
	    !indicium_encode(&in, out, INDICIUM_MAX, &len, &e))
		die("stamp", &e);
	return len;
}

static void
draw(const struct place *p, const uint8_t *bytes, size_t len)
{
	char hex[2 * INDICIUM_MAX + 1];
	struct symbol s;
	struct err e = ERR_INIT;
	int top = 0;

	if (!symbol_encode(p->kind, bytes, len, &s, &e))
		die("symbol", &e);
	/* Part of the height kept for a symbol may stay white at its top. */
	while (!symbol_get(&s, 0, top) && top < s.shape.height)
		top++;
	for (int y = 0; y < s.shape.height * MODULE; y++)
		for (int x = 0; x < s.shape.width * MODULE; x++)
			if (symbol_get(&s, x / MODULE, y / MODULE))
				page[p->y + y][p->x + x] = 0;
	bytes_to_hex(bytes, len, hex);
	printf("%s %.2f %.2f %.2f %s\n", symbol_kind_name(p->kind),
	    p->x * 25.4 / DPI, (p->y + top * MODULE) * 25.4 / DPI,
	    s.shape.width * MODULE * 25.4 / DPI, hex);
}

static FILE *
create(const char *folder, const char *name)
{
	char path[2048];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wb");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	return f;
}

static void
write_pgm(const char *folder, const char *name)
{
	FILE *f = create(folder, name);

	fprintf(f, "P5\n%d %d\n255\n", WIDTH, HEIGHT);
	fwrite(page, 1, sizeof(page), f);
	fclose(f);
}

static void
write_png(const char *folder)
{
	FILE *f = create(folder, "page.png");
	png_structp png =
	    png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);

	png_init_io(png, f);
	png_set_IHDR(png, info, WIDTH, HEIGHT, 8, PNG_COLOR_TYPE_GRAY,
	    PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	    PNG_FILTER_TYPE_DEFAULT);
	png_set_pHYs(png, info, 11811, 11811, PNG_RESOLUTION_METER);
	png_write_info(png, info);
	for (int y = 0; y < HEIGHT; y++)
		png_write_row(png, page[y]);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	fclose(f);
}

/* Two pages of one bit. */
static void
write_tiff(const char *folder)
{
	uint8_t row[(WIDTH + 7) / 8];
	char path[2048];
	TIFF *t;

	snprintf(path, sizeof(path), "%s/page.tiff", folder);
	t = TIFFOpen(path, "w");
	for (int n = 0; n < 2; n++) {
		TIFFSetField(t, TIFFTAG_IMAGEWIDTH, WIDTH);
		TIFFSetField(t, TIFFTAG_IMAGELENGTH, HEIGHT);
		TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, 1);
		TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 1);
		TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
		TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
		TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, HEIGHT);
		TIFFSetField(t, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
		TIFFSetField(t, TIFFTAG_XRESOLUTION, (double)DPI);
		TIFFSetField(t, TIFFTAG_YRESOLUTION, (double)DPI);
		for (int y = 0; y < HEIGHT; y++) {
			memset(row, 0, sizeof(row));
			for (int x = 0; x < WIDTH && n == 0; x++)
				if (page[y][x] == 0)
					row[x / 8] |=
					    (uint8_t)(0x80 >> (x % 8));
			TIFFWriteScanline(t, row, (uint32_t)y, 0);
		}
		TIFFWriteDirectory(t);
	}
	TIFFClose(t);
}

static void
write_jpeg(const char *folder)
{
	FILE *f = create(folder, "page.jpeg");
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr error;

	c.err = jpeg_std_error(&error);
	jpeg_create_compress(&c);
	jpeg_stdio_dest(&c, f);
	c.image_width = WIDTH;
	c.image_height = HEIGHT;
	c.input_components = 1;
	c.in_color_space = JCS_GRAYSCALE;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, 85, TRUE);
	c.density_unit = 1;
	c.X_density = c.Y_density = DPI;
	jpeg_start_compress(&c, TRUE);
	for (int y = 0; y < HEIGHT; y++) {
		JSAMPROW row = page[y];

		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	fclose(f);
}

static void
write_pdf(const char *folder)
{
	FILE *f = create(folder, "page.pdf");
	char draw_it[128];
	long at[6];

	snprintf(draw_it, sizeof(draw_it), "q %d 0 0 %d 0 0 cm /I Do Q",
	    WIDTH * 72 / DPI, HEIGHT * 72 / DPI);
	fprintf(f, "%%PDF-1.4\n");
	at[1] = ftell(f);
	fprintf(f, "1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n");
	at[2] = ftell(f);
	fprintf(f, "2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n");
	at[3] = ftell(f);
	fprintf(f,
	    "3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]"
	    "/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>> endobj\n",
	    WIDTH * 72 / DPI, HEIGHT * 72 / DPI);
	at[4] = ftell(f);
	fprintf(f, "4 0 obj <</Length %zu>> stream\n%s\nendstream endobj\n",
	    strlen(draw_it), draw_it);
	at[5] = ftell(f);
	fprintf(f,
	    "5 0 obj <</Type/XObject/Subtype/Image/Width %d/Height %d"
	    "/ColorSpace/DeviceGray/BitsPerComponent 8/Length %zu>> stream\n",
	    WIDTH, HEIGHT, sizeof(page));
	fwrite(page, 1, sizeof(page), f);
	fprintf(f, "\nendstream endobj\n");
	at[0] = ftell(f);
	fprintf(f, "xref\n0 6\n0000000000 65535 f \n");
	for (int i = 1; i < 6; i++)
		fprintf(f, "%010ld 00000 n \n", at[i]);
	fprintf(f, "trailer <</Size 6/Root 1 0 R>>\nstartxref\n%ld\n%%%%EOF\n",
	    at[0]);
	fclose(f);
}

int
main(int argc, char **argv)
{
	char folder[1024];
	struct sig_key *key;

	if (argc != 2) {
		fprintf(stderr, "usage: verify_page FOLDER\n");
		return 2;
	}
	snprintf(folder, sizeof(folder), "%s/certificates", argv[1]);
	mkdir(argv[1], 0755);
	mkdir(folder, 0755);
	key = make_certificates(folder);
	memset(page, 255, sizeof(page));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t bytes[INDICIUM_MAX];
		size_t len = make_stamp(key, places[i].count, bytes);

		draw(&places[i], bytes, len);
	}
	sig_free(key);
	write_pgm(argv[1], "page.pgm");
	write_png(argv[1]);
	write_tiff(argv[1]);
	write_jpeg(argv[1]);
	write_pdf(argv[1]);
	/* A blot on the middle of the first symbol of each kind. */
	for (int y = 45; y < 185; y++) {
		memset(&page[100 + y][100 + 45], 0, 140);
		memset(&page[500 + y][100 + 45], 0, 140);
	}
	write_pgm(argv[1], "torn.pgm");
	return 0;
}
