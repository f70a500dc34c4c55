/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A label sheet, for a user system of the account whose it is, or could be.
 */
#include "provider/api.h"

#include <stdlib.h>

#include "provider/sheet_list.h"

static bool
read_sheet(struct call *c, uint64_t serial, struct sheet_row *sheet,
    struct sheet_labels *labels, struct err *e)
{
	struct store *s = c->w->store;
	bool done = store_begin(s, STORE_READ, e) &&
		    store_sheet_find(s, serial, sheet, e);

	if (done) {
		store_sheet_labels_ask(s, serial);
		done = store_sheet_labels_get(s, labels, e);
	}
	store_rollback(s);
	return done;
}

static void
put_labels(struct json *j, const char *key, const uint8_t *bits)
{
	json_begin_array(j, key);
	for (unsigned label = 1; label <= SHEET_LABELS_MAX; label++)
		if (sheet_label_in(bits, (uint16_t)label))
			json_item_put_int(j, label);
	json_end(j);
}

static bool
give_sheet(struct call *c, const struct sheet_row *sheet,
    const struct sheet_labels *labels, struct err *e)
{
	struct json *j = json_new();

	json_put_digits(j, "serial", sheet->serial);
	json_put_text(j, "state",
	    sheet->is_void	  ? "void"
	    : sheet->account != 0 ? "bound"
				  : "new");
	if (sheet->known) {
		json_put_text(j, "media", sheet->range.media);
		json_put_int(j, "labels", sheet->range.labels);
	}
	put_labels(j, "used", labels->used);
	put_labels(j, "void", labels->voided);
	return api_give(c, j, e);
}

static bool
give(
    struct call *c, uint64_t serial, struct sheet_labels *labels, struct err *e)
{
	struct sheet_row sheet;

	if (!read_sheet(c, serial, &sheet, labels, e))
		return false;
	if ((!sheet.known && sheet.account == 0 && !sheet.is_void) ||
	    sheet_is_hidden(&sheet, c->system.account))
		return api_missing(c, "label sheet");
	if (sheet.account != 0 && sheet.account != c->system.account)
		return err_set(e, ERR_DENIED,
		    "label sheet %llu belongs to another account",
		    (unsigned long long)serial);
	return give_sheet(c, &sheet, labels, e);
}

bool
api_sheet(struct call *c, struct err *e)
{
	struct sheet_labels *labels;
	uint64_t serial;
	bool done;

	if (!sheet_serial_parse(c->tail, &serial))
		return api_missing(c, "label sheet");
	labels = malloc(sizeof(*labels));
	if (labels == NULL)
		return err_system(e, "memory");
	done = give(c, serial, labels, e);
	free(labels);
	return done;
}
