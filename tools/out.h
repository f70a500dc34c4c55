/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out: what the verbs of postage(1) print, for people or (--json) for scripts.
 *
 * Order of calls: out_open(), any number of fields and at most a few tables,
 * out_close().  People get "Label: value" lines and aligned columns as they
 * come; scripts get one JSON object, printed by out_close(), with `key` for
 * each field and an array of objects for each table.  Sums are strings with
 * decimals ("0.78"), dates are strings ("2026-11-21").
 *
 *	struct out *o = out_open(options);
 *	out_text(o, "psd", "PSD", id);
 *	out_table(o, "stamps", OUT_COLUMNS(columns));
 *	out_cell_number(o, 1);
 *	out_cell_sum(o, 780);
 *	return out_close(o);
 */
#ifndef TOOLS_OUT_H
#define TOOLS_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"
#include "tools/postage.h"

struct out;

enum out_type {
	OUT_TEXT,
	OUT_NUMBER
}; /* numbers: right-aligned, JSON numbers */

struct out_column {
	const char *key, *heading;
	enum out_type type;
};

struct out *out_open(const struct options *options);

/* One field.  `label` is for people: NULL shows it to scripts only. */
void
out_text(struct out *o, const char *key, const char *label, const char *value);
void
out_number(struct out *o, const char *key, const char *label, int64_t value);
void out_sum(struct out *o, const char *key, const char *label, mils value);
void out_flag(struct out *o, const char *key, const char *label, bool value);
/* YYYYMMDD; 0 is "none" for people, null for scripts. */
void
out_date(struct out *o, const char *key, const char *label, uint32_t yyyymmdd);

/* A line for people alone. */
void out_note(struct out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Begins a table; `key` and `columns` must live until the next out_table() or
 * out_close().  People see of an empty table "no KEY". */
#define OUT_COLUMNS_MAX	   24
#define OUT_COLUMNS(array) (array), (int)(sizeof(array) / sizeof((array)[0]))
void out_table(struct out *o, const char *key, const struct out_column *columns,
    int count);

/* A row of a table, cell by cell from its first column on; the last cell ends
 * it. */
void out_cell(struct out *o, const char *text); /* NULL = empty */
/* From outside, cleaned. */
void out_cell_clean(struct out *o, const char *text);
void out_cell_number(struct out *o, int64_t value);
/* As a number, empty where it is 0 (scripts: 0). */
void out_cell_some(struct out *o, int64_t value);
void out_cell_sum(struct out *o, mils value);
void out_cell_sum_if(struct out *o, bool known, mils value); /* else empty */
void out_cell_date(struct out *o, uint32_t yyyymmdd);
/* Local time, "" for 0. */
void out_cell_time(struct out *o, int64_t seconds);

/* All cells of a row at once. */
void out_row(struct out *o, const char *const *values);

/* Prints what is left, frees `o`.  Returns the exit status 0. */
int out_close(struct out *o);

/* The verb failed: prints the error (and frees `o`, which may be NULL).
 * Returns the exit status 1. */
int out_fail(const struct options *options, struct out *o, const struct err *e);

/* Whether the verb's arguments ask for its usage with --help (or -h); prints
 * it then, and the verb ends with 0. */
bool out_help(int argc, char **argv, const char *usage);

/* The command line is wrong: prints `usage` on stderr; returns 2. */
int out_usage(const char *usage);

#endif
