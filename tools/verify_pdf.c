/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_pdf: pages of a PDF, rendered by a program of its own: pdftoppm, or
 * Ghostscript where that is missing.
 */
#include "tools/verify.h"

#include <limits.h>

static bool
start_renderer(const char *path, int dpi, pid_t *pid, FILE **out)
{
	char number[16], option[24], safe[PATH_MAX];
	/* What no program can take for an option. */
	bool fits = snprintf(safe, sizeof(safe), "%s%s",
			path[0] == '-' ? "./" : "", path) < (int)sizeof(safe);
	char *const poppler[] = {"pdftoppm", "-gray", "-r", number, safe, NULL};
	char *const gs[] = {"gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE",
	    "-sDEVICE=pgmraw", option, "-o", "-", safe, NULL};

	snprintf(number, sizeof(number), "%d", dpi);
	snprintf(option, sizeof(option), "-r%d", dpi);
	return fits &&
	       (spawn_open(poppler, pid, out) || spawn_open(gs, pid, out));
}

bool
image_pdf(const char *path, int pdf_dpi, image_page *page, void *context,
    struct err *e)
{
	bool done = true, end = false;
	int status, pages = 0;
	FILE *f;
	pid_t pid;

	if (!start_renderer(path, pdf_dpi, &pid, &f))
		return err_set(
		    e, ERR_CONFIG, "PDF needs pdftoppm (poppler-utils) or gs");
	while (done && !end) {
		struct image image = {
		    .page = pages + 1, .dpi_x = pdf_dpi, .dpi_y = pdf_dpi};

		done = image_pgm_next(f, &image, &end, e) &&
		       (end || page(context, &image, e));
		pages += !end;
		image_free(&image);
	}
	status = spawn_close(pid, f);
	if (done && (pages == 0 || status != 0))
		return err_set(e, ERR_REQUEST, "PDF: damaged or encrypted");
	return done;
}
