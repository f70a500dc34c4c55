/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sheet_list: ranges of label sheets as a maker's list has them, a line each:
 *
 *	first,last,labels,media
 *	1000001,1000500,10,Avery 5163
 *
 * A line that is empty or begins with '#' says nothing, nor does a first one of
 * the names above.  Pure.
 */
#ifndef PROVIDER_SHEET_LIST_H
#define PROVIDER_SHEET_LIST_H

#include "provider/store_sheet.h"

#define SHEET_LIST_MAX ((size_t)1 << 20) /* bytes of a list */

/* A list that is being read. */
struct sheet_list {
	const char *at, *end;
	unsigned long line; /* of what came last, from 1 */
};

void sheet_list_init(struct sheet_list *l, const char *text, size_t len);

/* The next range; *more = false behind the last.
 * Errors: ERR_REQUEST "line N: ...". */
MUST_CHECK bool sheet_list_next(
    struct sheet_list *l, struct sheet_range *out, bool *more, struct err *e);

/* "1000001"; false: no serial number of a sheet. */
bool sheet_serial_parse(const char *text, uint64_t *out);

#endif
