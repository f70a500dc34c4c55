/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/sheet.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stamp/sheet_xml.h"
#include "stamp/typed.h"

#define NEAREST 3 /* names in an error */

/* --- parametric ------------------------------------------------------------ */

static bool
is_parametric(const char *text)
{
	return strchr(text, '=') != NULL;
}

static bool
set_page(struct template *t, const char *value)
{
	char width[32];
	const char *x = strpbrk(value, "xX");

	if (sheet_paper(value, &t->page_w, &t->page_h))
		return text_copy(t->paper, sizeof(t->paper), value);
	if (!x || (size_t)(x - value) >= sizeof(width))
		return false;
	memcpy(width, value, (size_t)(x - value));
	width[x - value] = '\0';
	text_copy(t->paper, sizeof(t->paper), "Other");
	return template_length(width, &t->page_w) &&
	       template_length(x + 1, &t->page_h);
}

static bool
set_count(int *out, const char *value)
{
	uint64_t count;

	if (!text_to_u64(value, SHEET_LABELS_MAX, &count) || count == 0)
		return false;
	*out = (int)count;
	return true;
}

static bool
set_parameter(struct template *t, const char *key, const char *value)
{
	struct layout *l = &t->layouts[0];
	struct {
		const char *key;
		double *pt;
	} lengths[] = {{"w", &t->label_w}, {"h", &t->label_h}, {"x0", &l->x0},
	    {"y0", &l->y0}, {"dx", &l->dx}, {"dy", &l->dy},
	    {"margin", &t->margin}, {"round", &t->corner}};

	if (typed_same(key, "page"))
		return set_page(t, value);
	if (typed_same(key, "cols"))
		return set_count(&l->nx, value);
	if (typed_same(key, "rows"))
		return set_count(&l->ny, value);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (typed_same(key, lengths[i].key))
			return template_length(value, lengths[i].pt);
	return false;
}

/* Calls set_parameter() for each KEY=VALUE of `text`, which is cut up. */
static bool
set_parameters(char *text, struct template *t, struct err *e)
{
	char *rest = text, *word;

	while ((word = strsep(&rest, ";")) != NULL) {
		char *value;

		word += strspn(word, " ");
		if (*word == '\0')
			continue;
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		if (!value || !set_parameter(t, word, value))
			return err_set(e, ERR_REQUEST,
			    "sheet: \"%s%s%s\": allowed are page=Letter (or "
			    "8.5inx11in) cols= rows= (counts), w= h= x0= y0= "
			    "dx= dy= margin= round= (lengths)",
			    word, value ? "=" : "", value ? value : "");
	}
	return true;
}

bool
sheet_parse(const char *text, struct sheet *out, struct err *e)
{
	struct template t = {.layout_count = 1};
	struct layout *l = &t.layouts[0];
	char clean[256], name[SHEET_NAME_MAX];

	l->nx = l->ny = 1;
	l->dx = l->dy = nan("");
	text_clean(text, name, sizeof(name));
	if (strlen(text) >= sizeof(clean))
		return err_set(e, ERR_REQUEST, "sheet: longer than %zu",
		    sizeof(clean) - 1);
	text_clean(text, clean, sizeof(clean));
	if (!set_parameters(clean, &t, e))
		return false;
	if (isnan(l->dx))
		l->dx = t.label_w;
	if (isnan(l->dy))
		l->dy = t.label_h;
	if (t.page_w == 0)
		return err_set(e, ERR_REQUEST, "sheet: page= is missing");
	if (t.label_w == 0 || t.label_h == 0)
		return err_set(e, ERR_REQUEST, "sheet: w= or h= is missing");
	if (!template_build(&t, out, e))
		return err_prefix(e, "sheet");
	text_copy(out->name, sizeof(out->name), name);
	return true;
}

/* --- by name --------------------------------------------------------------- */

static bool
load(const char *folder, struct template_list *list, struct err *e)
{
	if (folder && folder[0] && !template_load(folder, list, e))
		goto failed;
	if (!template_load(GLABELS_DATADIR, list, e)) {
		err_prefix(e, "install glabels-data, or give the sheet as "
			      "page=...;cols=...");
		goto failed;
	}
	template_resolve(list);
	return true;
failed:
	template_free(list);
	return false;
}

static void
full_name(const struct template *t, char out[SHEET_NAME_MAX])
{
	snprintf(out, SHEET_NAME_MAX, "%s %s", t->brand, t->part);
}

/* Letters and digits alone, in lower case. */
static void
loosen(const char *in, char out[SHEET_NAME_MAX])
{
	size_t pos = 0;

	assert(in != NULL);
	for (; *in && pos < SHEET_NAME_MAX - 1; in++) {
		char c = typed_lower(*in);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[pos++] = c;
	}
	out[pos] = '\0';
}

/* Brand and part as written; the same but for case, blanks and punctuation. */
static const struct template *
by_name(const struct template_list *list, const char *name)
{
	char full[SHEET_NAME_MAX], loose[SHEET_NAME_MAX];
	char wanted[SHEET_NAME_MAX];

	for (size_t i = 0; i < list->count; i++) {
		full_name(&list->items[i], full);
		if (typed_same(full, name))
			return &list->items[i];
	}
	loosen(name, wanted);
	for (size_t i = 0; i < list->count; i++) {
		full_name(&list->items[i], full);
		loosen(full, loose);
		if (wanted[0] && strcmp(loose, wanted) == 0)
			return &list->items[i];
	}
	return NULL;
}

/* The template of a part that one brand alone has; NULL with *e set if several
 * have it, NULL without if none. */
static const struct template *
by_part_only(const struct template_list *list, const char *part, struct err *e)
{
	const struct template *found = NULL;
	char brands[160] = "";
	int others = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct template *t = &list->items[i];

		if (!typed_same(t->part, part) ||
		    (found && typed_same(found->brand, t->brand)))
			continue;
		if (found &&
		    strlen(brands) + sizeof(t->brand) + sizeof(t->part) + 4 <
			sizeof(brands)) {
			strcat(strcat(brands, ", "), t->brand);
			strcat(strcat(brands, " "), t->part);
		}
		if (found)
			others++;
		else
			found = t;
	}
	if (!others)
		return found;
	err_set(e, ERR_REQUEST,
	    "label sheet \"%s\": which brand? There are %s %s%s", part,
	    found->brand, found->part, brands);
	return NULL;
}

/* Letters to change, add or leave out to make one from the other. */
static int
distance(const char *a, const char *b)
{
	int row[SHEET_NAME_MAX + 1];
	int la = (int)strlen(a), lb = (int)strlen(b);

	for (int j = 0; j <= lb; j++)
		row[j] = j;
	for (int i = 1; i <= la; i++) {
		int corner = row[0];

		row[0] = i;
		for (int j = 1; j <= lb; j++) {
			int best = corner + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[lb];
}

static bool
unknown(const struct template_list *list, const char *name, struct err *e)
{
	const struct template *near[NEAREST] = {NULL};
	int far[NEAREST] = {0};
	char wanted[SHEET_NAME_MAX] = "", full[SHEET_NAME_MAX];
	char loose[SHEET_NAME_MAX] = "",
	     names[NEAREST * (SHEET_NAME_MAX + 4)] = "";

	loosen(name, wanted);
	for (size_t i = 0; i < list->count; i++) {
		const struct template *t = &list->items[i];
		int d, part;

		full_name(t, full);
		loosen(full, loose);
		d = distance(wanted, loose);
		loosen(t->part, loose);
		part = distance(wanted, loose);
		if (part < d)
			d = part;
		for (int k = 0; k < NEAREST; k++) {
			if (near[k] && far[k] <= d)
				continue;
			for (int m = NEAREST - 1; m > k; m--) {
				near[m] = near[m - 1];
				far[m] = far[m - 1];
			}
			near[k] = t;
			far[k] = d;
			break;
		}
	}
	for (int k = 0; k < NEAREST && near[k]; k++) {
		full_name(near[k], full);
		strcat(strcat(names, k ? ", " : "; near it are "), full);
	}
	/* "lp -o PostageSheet=Avery 5160" gets as far as the blank. */
	return err_set(e, ERR_REQUEST, "label sheet \"%s\" is unknown%s%s",
	    name, names,
	    strpbrk(name, " -0123456789") ? ""
					  : " (with lp write Avery-5160, "
					    "without blanks)");
}

bool
sheet_find(
    const char *name, const char *folder, struct sheet *out, struct err *e)
{
	struct template_list list = {NULL, 0, 0};
	const struct template *t;
	struct err why = ERR_INIT;
	char clean[SHEET_NAME_MAX];
	bool done = false;

	if (is_parametric(name))
		return sheet_parse(name, out, e);
	text_clean(name + strspn(name, " "), clean, sizeof(clean));
	while (clean[0] && clean[strlen(clean) - 1] == ' ')
		clean[strlen(clean) - 1] = '\0';
	if (!load(folder, &list, e))
		return false;
	t = by_name(&list, clean);
	if (!t)
		t = by_part_only(&list, clean, &why);
	if (!t && why.kind != ERR_NONE)
		*e = why;
	else if (!t)
		unknown(&list, clean, e);
	else
		done = template_build(t, out, e);
	if (t && done)
		full_name(t, out->name);
	if (t && !done) {
		e->kind = ERR_CONFIG;
		err_prefix(e, "label sheet \"%s %s\"", t->brand, t->part);
	}
	template_free(&list);
	return done;
}

/* --- listing --------------------------------------------------------------- */

/* Every word of `search` stands in "brand part description". */
static bool
matches(const struct template *t, const char *search)
{
	char text[3 * SHEET_NAME_MAX], word[SHEET_NAME_MAX];
	const char *s = search;
	size_t len;

	snprintf(
	    text, sizeof(text), "%s %s %s", t->brand, t->part, t->description);
	for (char *p = text; *p; p++)
		*p = typed_lower(*p);
	for (s += strspn(s, " "); *s; s += len, s += strspn(s, " ")) {
		len = strcspn(s, " ");
		if (len >= sizeof(word))
			return false;
		for (size_t i = 0; i < len; i++)
			word[i] = typed_lower(s[i]);
		word[len] = '\0';
		if (!strstr(text, word))
			return false;
	}
	return true;
}

/* An earlier template of the same name hides a later one. */
static bool
hidden(const struct template_list *list, size_t index)
{
	const struct template *t = &list->items[index];

	for (size_t i = 0; i < index; i++)
		if (typed_same(list->items[i].part, t->part) &&
		    typed_same(list->items[i].brand, t->brand))
			return true;
	return false;
}

bool
sheet_list(const char *search, const char *folder, sheet_visitor *visit,
    void *context, struct err *e)
{
	struct template_list list = {NULL, 0, 0};
	struct err ignored = ERR_INIT;
	struct sheet s;

	if (!load(folder, &list, e))
		return false;
	for (size_t i = 0; i < list.count; i++) {
		const struct template *t = &list.items[i];

		if (!matches(t, search) || hidden(&list, i) ||
		    !template_build(t, &s, &ignored))
			continue;
		full_name(t, s.name);
		if (!visit(context, &s, t->brand, t->part))
			break;
	}
	template_free(&list);
	return true;
}
