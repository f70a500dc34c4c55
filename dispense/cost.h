/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost: the cost codes that stamps may be charged to.
 *
 * A file of cost codes holds one a line, columns between tabs: the code, what
 * it is, and, where not everybody may use it, who may ("anna @office").  Lines
 * that begin with "#" and empty lines are skipped.
 */
#ifndef DISPENSE_COST_H
#define DISPENSE_COST_H

#include <stddef.h>

#include "base/err.h"
#include "stamp/mark.h"

#define COST_MAX      4096
#define COST_FILE_MAX 524288
#define COST_NEAR_MAX 128

struct cost_code {
	char code[MARK_COST_MAX];
	char text[64];
	char users[128]; /* "" = everyone */
};

struct cost_codes;

/* Errors: ERR_CONFIG "<name>:<line>: ...". */
MUST_CHECK bool cost_parse(const char *text, size_t len, const char *name,
    struct cost_codes **out, struct err *e);

/* Reads and parses the file `path`.  Errors: ERR_CONFIG. */
MUST_CHECK bool
cost_load(const char *path, struct cost_codes **out, struct err *e);

/* NULL is allowed. */
void cost_free(struct cost_codes *c);

/* NULL where it is none of them. */
const struct cost_code *cost_find(const struct cost_codes *c, const char *code);

/* Up to three codes that could be meant, "sales, sale-2"; "" where none is
 * near. */
void cost_near(
    const struct cost_codes *c, const char *code, char out[COST_NEAR_MAX]);

/* All codes, in the order of the file; NULL behind the last. */
size_t cost_count(const struct cost_codes *c);
const struct cost_code *cost_at(const struct cost_codes *c, size_t index);

#endif
