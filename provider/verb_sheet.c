/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged sheet: label sheets by their serial numbers.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/text.h"
#include "provider/sheet_list.h"
#include "provider/store_admin.h"

static const char usage[] =
    "sheet import FILE [ACCOUNT] | list | show SERIAL | "
    "void SERIAL [LABEL] | release SERIAL [ACCOUNT]";

/* 0 where none is named. */
static bool
find_account(struct worker *w, const char *name, int64_t *out, struct err *e)
{
	struct account a = {.id = 0};
	bool good = name == NULL || store_account_find(w->store, name, &a, e);

	*out = a.id;
	return good;
}

/* --- ranges ------------------------------------------------------------------------ */

static bool
add_ranges(struct worker *w, int64_t account, const char *text, size_t len,
    struct err *e)
{
	struct sheet_list list;
	struct sheet_range range;
	bool more, fresh;
	size_t added = 0, known = 0;

	sheet_list_init(&list, text, len);
	for (;;) {
		if (!sheet_list_next(&list, &range, &more, e))
			return false;
		if (!more)
			break;
		range.account = account;
		range.made = worker_ms(w);
		if (!store_range_add(w->store, &range, &fresh, e))
			return err_prefix(e, "line %lu", list.line);
		if (fresh)
			added++;
		else
			known++;
	}
	printf("ranges of label sheets: %zu added, %zu known before\n", added,
	    known);
	return true;
}

static bool
import(struct worker *w, const char *path, const char *name, struct err *e)
{
	char *text = NULL;
	size_t len;
	int64_t account;
	bool good;

	if (!find_account(w, name, &account, e))
		return false;
	good = durable_load(path, SHEET_LIST_MAX, &text, &len, e) &&
	       add_ranges(w, account, text, len, e);
	free(text);
	return good || err_prefix(e, "%s", path);
}

static void
print_range(void *context, const struct sheet_range *r)
{
	(void)context;
	printf("%17llu - %17llu  %5u labels  %s%s%s\n",
	    (unsigned long long)r->first, (unsigned long long)r->last,
	    r->labels, r->media, r->account != 0 ? ", of " : "", r->owner);
}

/* --- sheets ------------------------------------------------------------------------ */

static void
print_labels(const char *what, const uint8_t *bits)
{
	printf("%-8s", what);
	for (unsigned label = 1; label <= SHEET_LABELS_MAX; label++)
		if (sheet_label_in(bits, (uint16_t)label))
			printf(" %u", label);
	putchar('\n');
}

static void
print_sheet(const struct sheet_row *sheet, const struct sheet_labels *labels)
{
	printf("sheet    %llu\n", (unsigned long long)sheet->serial);
	if (sheet->known)
		printf("media    %s, %u labels\n", sheet->range.media,
		    sheet->range.labels);
	else
		puts("media    not registered");
	printf("state    %s\n", sheet->is_void	      ? "void"
				: sheet->account != 0 ? "bound"
						      : "new");
	if (sheet->account != 0)
		printf("account  %s\n", sheet->owner);
	print_labels("used", labels->used);
	print_labels("void", labels->voided);
}

static void
print_release(void *context, const char *owner, int64_t made)
{
	char when[32];

	(void)context;
	printf("taken    from %s, %s\n", owner, verb_moment(made, when));
}

static bool
show(struct worker *w, uint64_t serial, struct err *e)
{
	struct sheet_labels *labels = malloc(sizeof(*labels));
	struct sheet_row sheet;
	bool good = labels != NULL || err_system(e, "memory");

	good = good && store_sheet_find(w->store, serial, &sheet, e);
	if (good) {
		store_sheet_labels_ask(w->store, serial);
		good = store_sheet_labels_get(w->store, labels, e);
	}
	if (good)
		print_sheet(&sheet, labels);
	free(labels);
	return good &&
	       store_sheet_releases(w->store, serial, print_release, NULL, e);
}

static bool
make_void(struct worker *w, uint64_t serial, const char *label, struct err *e)
{
	uint64_t n;

	if (label == NULL)
		return store_sheet_void(w->store, serial, e);
	if (!text_to_u64(label, SHEET_LABELS_MAX, &n) || n == 0)
		return err_set(e, ERR_REQUEST,
		    "\"%s\" is no label: they count from 1", label);
	return store_label_void(w->store, serial, (uint16_t)n, worker_ms(w), e);
}

static bool
release(struct worker *w, uint64_t serial, const char *name, struct err *e)
{
	int64_t account;

	return find_account(w, name, &account, e) &&
	       store_sheet_release(
		   w->store, serial, account, worker_ms(w), e) &&
	       show(w, serial, e);
}

/* --- words ------------------------------------------------------------------------- */

static bool
of_one_sheet(struct worker *w, int argc, char **argv, struct err *e)
{
	uint64_t serial;

	if (!sheet_serial_parse(argv[2], &serial))
		return err_set(e, ERR_REQUEST,
		    "\"%s\" is no serial number of a sheet", argv[2]);
	if (strcmp(argv[1], "show") == 0 && argc == 3)
		return show(w, serial, e);
	if (strcmp(argv[1], "void") == 0)
		return make_void(w, serial, argc == 4 ? argv[3] : NULL, e);
	if (strcmp(argv[1], "release") == 0)
		return release(w, serial, argc == 4 ? argv[3] : NULL, e);
	return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
}

static bool
run(struct worker *w, int argc, char **argv, struct err *e)
{
	if (strcmp(argv[1], "list") == 0 && argc == 2)
		return store_range_list(w->store, print_range, NULL, e);
	if (strcmp(argv[1], "import") == 0 && argc >= 3)
		return import(w, argv[2], argc == 4 ? argv[3] : NULL, e);
	if (argc < 3)
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	return of_one_sheet(w, argc, argv, e);
}

bool
verb_sheet(struct program *p, int argc, char **argv, struct err *e)
{
	struct verb_work work;
	bool good, looks;

	if (!verb_words(argc, argv, 2, 4, usage, e))
		return false;
	looks = strcmp(argv[1], "list") == 0 || strcmp(argv[1], "show") == 0;
	good = looks ? verb_look(p, &work, e) : verb_begin(p, &work, e);
	good = good && run(work.w, argc, argv, e);
	return verb_done(&work, good, e);
}
