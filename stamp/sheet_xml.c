/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/sheet_xml.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlreader.h>

#include "base/durable.h"
#include "base/text.h"
#include "stamp/typed.h"

#define FILE_MAX     (4 << 20) /* bytes of one file */
#define DEPTH_MAX    16
#define LENGTH_MAX   100000.0 /* points */
#define EXPONENT_MAX 30
#define EQUIV_MAX    4 /* links from part to part */

/* --- numbers --------------------------------------------------------------- */

/* As strtod(3), without locale, infinities and hexadecimal.  Returns the rest,
 * NULL if it is no number. */
static const char *
read_number(const char *s, double *out)
{
	double value = 0, scale = 1;
	int digits = 0, exponent = 0;
	bool negative = *s == '-', small;

	for (s += negative; *s >= '0' && *s <= '9'; s++, digits++)
		value = value * 10 + (*s - '0');
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, digits++)
			value += (*s - '0') * (scale /= 10);
	if (digits == 0 || digits > 18)
		return NULL;
	if (*s == 'e' || *s == 'E') { /* gLabels writes "3.9e-16pt" */
		small = s[1] == '-';
		for (s += 1 + small; *s >= '0' && *s <= '9'; s++)
			if (exponent < EXPONENT_MAX)
				exponent = exponent * 10 + (*s - '0');
		for (; exponent > 0; exponent--)
			value = small ? value / 10 : value * 10;
	}
	*out = negative ? -value : value;
	return s;
}

bool
template_length(const char *text, double *pt)
{
	static const struct {
		const char *name;
		double pt;
	} units[] = {{"", 1}, {"pt", 1}, {"in", 72}, {"mm", 72 / 25.4},
	    {"cm", 72 / 2.54}, {"pc", 12}};
	double value;
	const char *rest = read_number(text, &value);

	if (!rest)
		return false;
	rest += strspn(rest, " ");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!typed_same(rest, units[i].name))
			continue;
		value *= units[i].pt;
		if (!(value <= LENGTH_MAX && value >= -LENGTH_MAX))
			return false;
		*pt = value;
		return true;
	}
	return false;
}

/* --- attributes ------------------------------------------------------------ */

static void
problem(struct template *t, const char *what, const char *name)
{
	if (t->problem[0] == '\0')
		snprintf(t->problem, sizeof(t->problem), "%s %s", name, what);
}

/* Copies an attribute without blanks around it.  False if it is missing or
 * empty. */
static bool
get_text(xmlTextReader *r, const char *name, char *out, size_t size)
{
	xmlChar *raw = xmlTextReaderGetAttribute(r, (const xmlChar *)name);
	char *text = (char *)raw;
	size_t len;

	out[0] = '\0';
	if (!raw)
		return false;
	text += strspn(text, " \t\n");
	len = strlen(text);
	while (len > 0 && strchr(" \t\n", text[len - 1]))
		text[--len] = '\0';
	text_clean(text, out, size);
	xmlFree(raw);
	return out[0] != '\0';
}

/* A length, or `missing` where there is no such attribute. */
static void
get_length(xmlTextReader *r, const char *name, double missing, double *out,
    struct template *t)
{
	char text[32];

	*out = missing;
	if (get_text(r, name, text, sizeof(text)) &&
	    !template_length(text, out))
		problem(t, "is no length", name);
}

static void
get_count(xmlTextReader *r, const char *name, int *out, struct template *t)
{
	char text[32];
	uint64_t value;

	*out = 1;
	if (!get_text(r, name, text, sizeof(text)) ||
	    !text_to_u64(text, SHEET_LABELS_MAX, &value) || value == 0)
		problem(t, "is no count", name);
	else
		*out = (int)value;
}

/* --- elements -------------------------------------------------------------- */

static void
read_template(xmlTextReader *r, struct template *t)
{
	memset(t, 0, sizeof(*t));
	get_text(r, "brand", t->brand, sizeof(t->brand));
	get_text(r, "part", t->part, sizeof(t->part));
	get_text(r, "equiv", t->equiv, sizeof(t->equiv));
	if (!get_text(
		r, "_description", t->description, sizeof(t->description)))
		get_text(
		    r, "description", t->description, sizeof(t->description));
	if (t->equiv[0])
		return;
	if (!get_text(r, "size", t->paper, sizeof(t->paper)))
		problem(t, "is missing", "size");
	get_length(r, "width", 0, &t->page_w, t);
	get_length(r, "height", 0, &t->page_h, t);
	if (!typed_same(t->paper, "Other") &&
	    !sheet_paper(t->paper, &t->page_w, &t->page_h))
		problem(t, "is an unknown paper", t->paper);
}

static void
read_label(xmlTextReader *r, enum sheet_shape shape, struct template *t)
{
	double radius, waste;
	char text[32];

	if (t->label_w > 0 || t->layout_count > 0)
		problem(t, "of more than one kind", "labels");
	t->shape = shape;
	get_length(r, "radius", 0, &radius, t);
	get_length(r, "width", 2 * radius, &t->label_w, t);
	get_length(r, "height", 2 * radius, &t->label_h, t);
	/* For showing only; a published template has round="in". */
	if (!get_text(r, "round", text, sizeof(text)) ||
	    !template_length(text, &t->corner))
		t->corner = 0;
	get_length(r, "hole", 0, &t->hole, t);
	get_length(r, "waste", 0, &waste, t);
	get_length(r, "x_waste", waste, &t->waste_x, t);
	get_length(r, "y_waste", waste, &t->waste_y, t);
}

static void
read_layout(xmlTextReader *r, struct template *t)
{
	struct layout *l;

	if (t->layout_count == TEMPLATE_LAYOUTS_MAX) {
		problem(t, "are too many", "layouts");
		return;
	}
	l = &t->layouts[t->layout_count++];
	get_count(r, "nx", &l->nx, t);
	get_count(r, "ny", &l->ny, t);
	get_length(r, "x0", 0, &l->x0, t);
	get_length(r, "y0", 0, &l->y0, t);
	get_length(r, "dx", 0, &l->dx, t);
	get_length(r, "dy", 0, &l->dy, t);
}

static void
read_inside(xmlTextReader *r, const char *name, struct template *t)
{
	static const char *const labels[] = {/* in the order of the enum */
	    "Label-rectangle", "Label-round", "Label-ellipse", "Label-cd"};

	for (int i = 0; i < 4; i++)
		if (strcmp(name, labels[i]) == 0)
			read_label(r, (enum sheet_shape)i, t);
	if (strcmp(name, "Layout") == 0)
		read_layout(r, t);
	if (strcmp(name, "Markup-margin") == 0)
		get_length(r, "size", 0, &t->margin, t);
}

/* --- files ----------------------------------------------------------------- */

static struct template *
push(struct template_list *list)
{
	if (list->count == TEMPLATES_MAX)
		return NULL;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 512;
		struct template *items =
		    realloc(list->items, room * sizeof(*items));

		if (!items)
			return NULL;
		list->items = items;
		list->room = room;
	}
	return &list->items[list->count++];
}

/* One node.  False on what a template file must not hold. */
static bool
read_node(xmlTextReader *r, struct template_list *list, struct err *e)
{
	const char *name = (const char *)xmlTextReaderConstLocalName(r);
	struct template *t;

	switch (xmlTextReaderNodeType(r)) {
	case XML_READER_TYPE_DOCUMENT_TYPE:
	case XML_READER_TYPE_ENTITY_REFERENCE:
		return err_set(e, ERR_CONFIG, "no DTD or entity is allowed");
	case XML_READER_TYPE_ELEMENT: break;
	default: return true;
	}
	if (xmlTextReaderDepth(r) > DEPTH_MAX)
		return err_set(e, ERR_CONFIG, "nested too deep");
	if (strcmp(name, "Template") == 0) {
		t = push(list);
		if (!t)
			return err_set(e, ERR_CONFIG, "too many templates");
		read_template(r, t);
	} else if (xmlTextReaderDepth(r) > 1 && list->count > 0) {
		read_inside(r, name, &list->items[list->count - 1]);
	}
	return true;
}

static bool
read_all(xmlTextReader *r, struct template_list *list, struct err *e)
{
	int more;

	while ((more = xmlTextReaderRead(r)) == 1)
		if (!read_node(r, list, e))
			return false;
	if (more < 0)
		return err_set(e, ERR_CONFIG, "line %d: no well-formed XML",
		    xmlTextReaderGetParserLineNumber(r));
	return true;
}

static void
say_nothing(void *context, const char *message, xmlParserSeverities severity,
    xmlTextReaderLocatorPtr where)
{
	(void)context;
	(void)message;
	(void)severity;
	(void)where;
}

bool
template_read(
    const void *xml, size_t len, struct template_list *list, struct err *e)
{
	xmlTextReader *r;
	bool done;

	if (len > FILE_MAX)
		return err_set(e, ERR_CONFIG, "longer than %d bytes", FILE_MAX);
	r = xmlReaderForMemory(
	    xml, (int)len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_COMPACT);
	if (!r)
		return err_set(e, ERR_CONFIG, "no XML");
	xmlTextReaderSetErrorHandler(r, say_nothing, NULL);
	done = read_all(r, list, e);
	xmlFreeTextReader(r);
	return done;
}

static bool
read_file(const char *path, struct template_list *list, struct err *e)
{
	char *bytes;
	size_t len;
	bool done;

	if (!durable_load(path, FILE_MAX, &bytes, &len, e)) {
		e->kind = ERR_CONFIG;
		return false;
	}
	done = template_read(bytes, len, list, e) || err_prefix(e, "%s", path);
	free(bytes);
	return done;
}

static int
is_xml(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 4 && strcmp(d->d_name + len - 4, ".xml") == 0 &&
	       d->d_name[0] != '.';
}

bool
template_load(const char *folder, struct template_list *list, struct err *e)
{
	struct dirent **names;
	char path[PATH_MAX];
	bool done = true;
	int n = scandir(folder, &names, is_xml, alphasort);

	if (n < 0) {
		err_system(e, "label templates in %s", folder);
		e->kind = ERR_CONFIG;
		return false;
	}
	for (int i = 0; i < n; i++) {
		if (done && snprintf(path, sizeof(path), "%s/%s", folder,
				names[i]->d_name) < (int)sizeof(path))
			done = read_file(path, list, e);
		free(names[i]);
	}
	free(names);
	return done;
}

void
template_free(struct template_list *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}

/* --- equivalents ----------------------------------------------------------- */

static const struct template *
by_part(const struct template_list *list, const char *brand, const char *part)
{
	for (size_t i = 0; i < list->count; i++)
		if (typed_same(list->items[i].brand, brand) &&
		    typed_same(list->items[i].part, part))
			return &list->items[i];
	return NULL;
}

void
template_resolve(struct template_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct template *t = &list->items[i], own = *t;
		const struct template *base = t;

		for (int step = 0; base && base->equiv[0] && step < EQUIV_MAX;
		     step++)
			base = by_part(list, t->brand, base->equiv);
		if (base == t)
			continue;
		if (!base || base->equiv[0]) {
			problem(t, "is not there", own.equiv);
			continue;
		}
		*t = *base;
		memcpy(t->part, own.part, sizeof(t->part));
		if (own.description[0])
			memcpy(t->description, own.description,
			    sizeof(t->description));
	}
}
