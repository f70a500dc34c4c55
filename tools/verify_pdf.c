/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_pdf: pages of a PDF, rendered by a program of its own: pdftoppm, or
 * Ghostscript where that is missing.  They get a copy: the file itself may be
 * one that only its owner can open.
 */
#include "tools/verify.h"

#include <unistd.h>

#define PAGES_MAX 10000

static bool
start_renderer(int fd, int dpi, pid_t *pid, FILE **out, struct err *e)
{
	char number[16], option[24], file[] = SPAWN_INPUT;
	char pdftoppm[] = "pdftoppm", grey[] = "-gray", at[] = "-r";
	char gs[] = "gs", quiet[] = "-q", safer[] = "-dSAFER",
	     batch[] = "-dBATCH", on[] = "-dNOPAUSE",
	     device[] = "-sDEVICE=pgmraw", memory[] = "-dMaxBitmap=800000000",
	     output[] = "-o", to[] = "-";
	char *const poppler[] = {pdftoppm, grey, at, number, file, NULL};
	char *const ghostscript[] = {gs, quiet, safer, batch, on, device,
	    memory, option, output, to, file, NULL};

	snprintf(number, sizeof(number), "%d", dpi);
	snprintf(option, sizeof(option), "-r%d", dpi);
	if (spawn_installed(pdftoppm))
		return spawn_open(poppler, fd, pid, out, e);
	if (spawn_installed(gs))
		return spawn_open(ghostscript, fd, pid, out, e);
	return err_set(
	    e, ERR_CONFIG, "PDF needs pdftoppm (poppler-utils) or gs");
}

bool
image_pdf(
    FILE *from, int pdf_dpi, image_page *page, void *context, struct err *e)
{
	bool done, end = false;
	int status, copy, pages = 0;
	FILE *f;
	pid_t pid;

	if (!spawn_copy(fileno(from), &copy, e))
		return false;
	done = start_renderer(copy, pdf_dpi, &pid, &f, e);
	close(copy);
	if (!done)
		return false;
	while (done && !end) {
		struct image image = {
		    .page = pages + 1, .dpi_x = pdf_dpi, .dpi_y = pdf_dpi};

		done = pages < PAGES_MAX ||
		       err_set(e, ERR_REQUEST,
			   "more than %d pages are not looked at", PAGES_MAX);
		done = done && image_pgm_next(f, &image, &end, e) &&
		       (end || page(context, &image, e));
		pages += !end;
		image_free(&image);
	}
	status = spawn_close(pid, f);
	if (done && (pages == 0 || status != 0))
		return err_set(e, ERR_REQUEST, "PDF: damaged or encrypted");
	return done;
}
