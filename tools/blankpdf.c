/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/blankpdf.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_PAGE 5 /* object numbers: 1 catalog, 2 pages, 3 font, 4 text */

static void
put_escaped(char *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("()\\", *text))
			*out++ = '\\';
		*out++ = *text;
	}
	*out = '\0';
}

static void
put_text(const struct blankpdf *b, FILE *out)
{
	char stream[2048] = "", escaped[1024] = "";
	int len = 0;

	if (b->text && strlen(b->text) < sizeof(escaped) / 2) {
		put_escaped(escaped, b->text);
		/* 0.718 of the size is above Helvetica's base line. */
		len = snprintf(stream, sizeof(stream),
		    "BT /F1 %.2f Tf 1 0 0 1 %.3f %.3f Tm (%s) Tj ET\n",
		    b->font_pt, b->x_pt, b->h_pt - b->y_pt - 0.718 * b->font_pt,
		    escaped);
	}
	if (b->content != NULL)
		len += (int)strlen(b->content);
	fprintf(out, "4 0 obj\n<</Length %d>>\nstream\n%s%sendstream\nendobj\n",
	    len, stream, b->content != NULL ? b->content : "");
}

static void
put_body(const struct blankpdf *b, FILE *out, long *at)
{
	at[1] = ftell(out);
	fputs("1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n", out);
	at[2] = ftell(out);
	fprintf(out, "2 0 obj\n<</Type/Pages/Count %d/Kids[", b->pages);
	for (int i = 0; i < b->pages; i++)
		fprintf(out, "%d 0 R ", FIRST_PAGE + i);
	fputs("]>>\nendobj\n", out);
	at[3] = ftell(out);
	fputs("3 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica"
	      "/Encoding/WinAnsiEncoding>>\nendobj\n",
	    out);
	at[4] = ftell(out);
	put_text(b, out);
	for (int i = 0; i < b->pages; i++) {
		at[FIRST_PAGE + i] = ftell(out);
		fprintf(out,
		    "%d 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.3f "
		    "%.3f]/Contents 4 0 R/Resources<</Font<</F1 3 0 "
		    "R>>>>>>\nendobj\n",
		    FIRST_PAGE + i, b->w_pt, b->h_pt);
	}
}

bool
blankpdf_write(const struct blankpdf *b, FILE *out, struct err *e)
{
	int count = FIRST_PAGE + b->pages;
	long *at = calloc((size_t)count, sizeof(*at)), xref;

	if (at == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	fputs("%PDF-1.4\n", out);
	put_body(b, out, at);
	xref = ftell(out);
	fprintf(out, "xref\n0 %d\n0000000000 65535 f \n", count);
	for (int i = 1; i < count; i++)
		fprintf(out, "%010ld 00000 n \n", at[i]);
	fprintf(out,
	    "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%ld\n%%%%EOF\n",
	    count, xref);
	free(at);
	if (fflush(out) != 0 || ferror(out))
		return err_system(e, "cannot write the document");
	return true;
}
