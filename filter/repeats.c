/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/repeats.h"

#include <qpdf/qpdf-c.h>
#include <stdlib.h>
#include <string.h>

#include "filter/bounds.h"

#define WORK_PAGES 2 /* time that the document's frame may take, as pages */

/* A page and its dictionary as text. */
struct key {
	int page; /* from 1 */
	int side; /* 0, or 1 for a back */
	char *text;
};

static int
by_text(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = x->side - y->side;

	if (order == 0)
		order = strcmp(x->text, y->text);
	return order != 0 ? order : x->page - y->page;
}

static bool
read_keys(qpdf_data q, int pages, struct key *keys)
{
	for (int i = 0; i < pages; i++) {
		qpdf_oh page = qpdf_get_page_n(q, (size_t)i);
		const char *text;

		qpdf_oh_remove_key(q, page, "/Parent");
		text = qpdf_oh_unparse_resolved(q, page);
		keys[i].page = i + 1;
		keys[i].text = strdup(text != NULL ? text : "");
		qpdf_oh_release_all(q);
		/* A text with a zero in it would end there. */
		if (keys[i].text == NULL || keys[i].text[0] != '<' ||
		    qpdf_get_last_string_length(q) != strlen(keys[i].text))
			return false;
	}
	return true;
}

static bool
read_file(const char *file, int pages, struct key *keys)
{
	qpdf_data q = qpdf_init();
	bool done;

	if (q == NULL)
		return false;
	qpdf_silence_errors(q);
	qpdf_set_suppress_warnings(q, QPDF_TRUE);
	done = qpdf_read(q, file, NULL) == QPDF_SUCCESS &&
	       qpdf_push_inherited_attributes_to_page(q) == QPDF_SUCCESS &&
	       qpdf_get_num_pages(q) == pages && read_keys(q, pages, keys) &&
	       !qpdf_more_warnings(q) && !qpdf_has_error(q);
	qpdf_cleanup(&q);
	return done;
}

bool
repeats_find(
    const char *file, int pages, bool two_sided, int *out, struct err *e)
{
	struct key *keys = calloc((size_t)pages, sizeof(*keys));

	if (keys == NULL)
		return err_system(e, "memory for pages");
	for (int i = 0; i < pages; i++) {
		out[i] = i + 1;
		keys[i].side = two_sided ? i % 2 : 0;
	}
	bounds_work(WORK_PAGES);
	if (pages > 1 && read_file(file, pages, keys)) {
		qsort(keys, (size_t)pages, sizeof(*keys), by_text);
		for (int i = 1; i < pages; i++)
			if (keys[i].side == keys[i - 1].side &&
			    strcmp(keys[i].text, keys[i - 1].text) == 0)
				out[keys[i].page - 1] =
				    out[keys[i - 1].page - 1];
	}
	bounds_work(0);
	for (int i = 0; i < pages; i++)
		free(keys[i].text);
	free(keys);
	return true;
}
