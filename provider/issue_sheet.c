/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stamps on label sheets: is each sheet the account's, and each label free?
 *
 * A stamp of value makes a sheet that is nobody's the account's.  One of no value
 * does not: sheets that others have paid for would be had for nothing.
 *
 * The sheets are bound, and so locked, before their labels are read: of two
 * orders for one label the second one sees the first one's stamp.
 */
#include "provider/issue_own.h"

#include <stdlib.h>
#include <string.h>

#include "provider/store_sheet.h"

struct sheets {
	size_t count;
	uint64_t serial[ISSUE_MAX]; /* by growing number, each once */
	struct sheet_labels labels; /* of the one that is looked at */
};

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* In one order for all: two that share sheets do not hold each other up. */
static void
gather(const struct attempt *a, struct sheets *s)
{
	size_t all = 0;

	for (size_t i = 0; i < a->order->count; i++)
		if (!a->known[i] && a->order->item[i].request.sheet_serial != 0)
			s->serial[all++] =
			    a->order->item[i].request.sheet_serial;
	qsort(s->serial, all, sizeof(s->serial[0]), by_number);
	s->count = 0;
	for (size_t i = 0; i < all; i++)
		if (i == 0 || s->serial[i] != s->serial[i - 1])
			s->serial[s->count++] = s->serial[i];
}

static bool
check_sheet(
    const struct attempt *a, const struct sheet_row *sheet, struct err *e)
{
	unsigned long long serial = sheet->serial;

	if ((!sheet->known || sheet_is_hidden(sheet, a->system.account)) &&
	    !a->w->provider->any_sheet)
		return err_set(e, ERR_DENIED,
		    "label sheet %llu is not registered with the provider, or "
		    "not for this account: check the serial number that is "
		    "printed on it",
		    serial);
	if (sheet->account == 0)
		return err_set(e, ERR_DENIED,
		    "label sheet %llu is nobody's yet, and a stamp of no value "
		    "does not make it yours: print one of value onto it first, "
		    "or ask the provider to give it to your account",
		    serial);
	if (sheet->account != a->system.account)
		return err_set(e, ERR_DENIED,
		    "label sheet %llu belongs to another account: take one of "
		    "your own, or ask the provider",
		    serial);
	return !sheet->is_void ||
	       err_set(e, ERR_DENIED,
		   "label sheet %llu was voided: take another one", serial);
}

static const char *
label_fault(
    const struct sheet_row *sheet, const struct sheets *s, uint16_t label)
{
	if (sheet->known && label > sheet->range.labels)
		return "the sheet has fewer labels";
	if (sheet_label_in(s->labels.used, label))
		return "it was used before: each label is used once";
	if (sheet_label_in(s->labels.voided, label))
		return "it was voided";
	return NULL;
}

/* A label that is free is used from now on, for the rest of the order too. */
static bool
check_labels(const struct attempt *a, const struct sheet_row *sheet,
    struct sheets *s, struct err *e)
{
	for (size_t i = 0; i < a->order->count; i++) {
		const struct psd_request *r = &a->order->item[i].request;
		const char *fault;

		if (a->known[i] || r->sheet_serial != sheet->serial)
			continue;
		fault = label_fault(sheet, s, r->label);
		if (fault != NULL)
			return err_set(e, ERR_DENIED,
			    "stamp %zu: label %u of sheet %llu: %s; nothing "
			    "was debited",
			    i + 1, r->label, (unsigned long long)sheet->serial,
			    fault);
		s->labels.used[r->label / 8] |= (uint8_t)(1 << r->label % 8);
	}
	return true;
}

static bool
has_value(const struct attempt *a, uint64_t serial)
{
	for (size_t i = 0; i < a->order->count; i++) {
		const struct psd_request *r = &a->order->item[i].request;

		if (!a->known[i] && r->sheet_serial == serial && r->amount > 0)
			return true;
	}
	return false;
}

static bool
check_all(struct attempt *a, struct sheets *s, struct err *e)
{
	struct store *store = a->w->store;
	struct sheet_row sheet;

	for (size_t i = 0; i < s->count; i++) {
		store_sheet_bind_ask(store, s->serial[i],
		    has_value(a, s->serial[i]) ? a->system.account : 0,
		    worker_ms(a->w));
		store_sheet_labels_ask(store, s->serial[i]);
	}
	for (size_t i = 0; i < s->count; i++)
		if (!store_sheet_bind_get(store, s->serial[i], &sheet, e) ||
		    !store_sheet_labels_get(store, &s->labels, e) ||
		    !check_sheet(a, &sheet, e) ||
		    !check_labels(a, &sheet, s, e))
			return false;
	return true;
}

bool
issue_sheets(struct attempt *a, struct err *e)
{
	struct sheets *s;
	bool done;

	s = malloc(sizeof(*s));
	if (s == NULL)
		return err_system(e, "memory");
	gather(a, s);
	done = check_all(a, s, e);
	free(s);
	return done;
}
