/* SPDX-License-Identifier: Apache-2.0 */
/* Papers by name; tests/t_sheet.c compares the table with gLabels' own. */
#include <string.h>

#include "stamp/sheet.h"
#include "stamp/typed.h"

#define IN 72.0
#define MM (72.0 / 25.4)

static const struct {
	const char *id;	 /* gLabels */
	const char *pwg; /* without the size that may follow */
	const char *ppd;
	double w_pt, h_pt;
} papers[] = {
    {"A4", "iso_a4", "A4", 210 * MM, 297 * MM},
    {"US-Letter", "na_letter", "Letter", 8.5 * IN, 11 * IN},
    {"US-Legal", "na_legal", "Legal", 8.5 * IN, 14 * IN},
    {"US-Executive", "na_executive", "Executive", 7.25 * IN, 10.5 * IN},
    {"A0", "iso_a0", "A0", 841 * MM, 1189 * MM},
    {"A1", "iso_a1", "A1", 594 * MM, 841 * MM},
    {"A2", "iso_a2", "A2", 420 * MM, 594 * MM},
    {"A3", "iso_a3", "A3", 297 * MM, 420 * MM},
    {"A5", "iso_a5", "A5", 148 * MM, 210 * MM},
    {"A6", "iso_a6", "A6", 105 * MM, 148 * MM},
    {"A7", "iso_a7", "A7", 74 * MM, 105 * MM},
    {"A8", "iso_a8", "A8", 52 * MM, 74 * MM},
    {"A9", "iso_a9", "A9", 37 * MM, 52 * MM},
    {"A10", "iso_a10", "A10", 26 * MM, 37 * MM},
    {"B0", "iso_b0", "B0", 1000 * MM, 1414 * MM},
    {"B1", "iso_b1", "B1", 707 * MM, 1000 * MM},
    {"B2", "iso_b2", "B2", 500 * MM, 707 * MM},
    {"B3", "iso_b3", "B3", 353 * MM, 500 * MM},
    {"B4", "iso_b4", "B4", 250 * MM, 353 * MM},
    {"B5", "iso_b5", "B5", 176 * MM, 250 * MM},
    {"B6", "iso_b6", "B6", 125 * MM, 176 * MM},
    {"B7", "iso_b7", "B7", 88 * MM, 125 * MM},
    {"B8", "iso_b8", "B8", 62 * MM, 88 * MM},
    {"B9", "iso_b9", "B9", 44 * MM, 62 * MM},
    {"B10", "iso_b10", "B10", 31 * MM, 44 * MM},
    {"number10", "na_number-10", "Env10", 4.125 * IN, 9.5 * IN},
    {"monarch", "na_monarch", "EnvMonarch", 3.875 * IN, 7.5 * IN},
    {"c5", "iso_c5", "EnvC5", 162 * MM, 229 * MM},
    {"c6", "iso_c6", "EnvC6", 114 * MM, 162 * MM},
    {"dl", "iso_dl", "EnvDL", 110 * MM, 220 * MM},
    {"RA0", "iso_ra0", "RA0", 860 * MM, 1220 * MM},
    {"RA1", "iso_ra1", "RA1", 610 * MM, 860 * MM},
    {"RA2", "iso_ra2", "RA2", 430 * MM, 610 * MM},
    {"RA3", "iso_ra3", "RA3", 305 * MM, 430 * MM},
    {"RA4", "iso_ra4", "RA4", 215 * MM, 305 * MM},
    {"SRA0", "iso_sra0", "SRA0", 900 * MM, 1280 * MM},
    {"SRA1", "iso_sra1", "SRA1", 640 * MM, 900 * MM},
    {"SRA2", "iso_sra2", "SRA2", 450 * MM, 640 * MM},
    {"SRA3", "iso_sra3", "SRA3", 320 * MM, 450 * MM},
    {"SRA4", "iso_sra4", "SRA4", 225 * MM, 320 * MM},
};

/* "na_letter" or "na_letter_8.5x11in". */
static bool
is_pwg(const char *name, const char *pwg)
{
	size_t len = strlen(pwg);

	for (size_t i = 0; i < len; i++)
		if (typed_lower(name[i]) != pwg[i])
			return false;
	return name[len] == '\0' || (name[len] == '_' && name[len + 1] >= '0' &&
					name[len + 1] <= '9');
}

bool
sheet_paper(const char *name, double *w_pt, double *h_pt)
{
	for (size_t i = 0; i < sizeof(papers) / sizeof(papers[0]); i++) {
		if (!typed_same(name, papers[i].id) &&
		    !typed_same(name, papers[i].ppd) &&
		    !is_pwg(name, papers[i].pwg))
			continue;
		*w_pt = papers[i].w_pt;
		*h_pt = papers[i].h_pt;
		return true;
	}
	return false;
}
