/* SPDX-License-Identifier: Apache-2.0 */
/* verify_report: what was found, for people or as one JSON object. */
#include "tools/verify.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

struct report {
	bool json;
	json_t *files, *stamps; /* NULL for people */
	unsigned counts[VERDICTS];
	unsigned total;
};

bool
report_open(bool json, struct report **out, struct err *e)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_system(e, "memory for a report");
	r->json = json;
	if (json)
		r->files = json_array();
	*out = r;
	return true;
}

static json_t *
clean_string(const char *text)
{
	char clean[1024];

	return json_string(text_clean(text, clean, sizeof(clean)));
}

void
report_file(struct report *r, const char *file)
{
	char clean[1024];
	json_t *object;

	if (!r->json) {
		printf("%s:\n", text_clean(file, clean, sizeof(clean)));
		return;
	}
	object = json_object();
	r->stamps = json_array();
	json_object_set_new(object, "file", clean_string(file));
	json_object_set_new(object, "stamps", r->stamps);
	json_array_append_new(r->files, object);
}

void
report_file_error(struct report *r, const struct err *why)
{
	json_t *file;

	if (!r->json)
		return; /* main says it on standard error */
	file = json_array_get(r->files, json_array_size(r->files) - 1);
	json_object_set_new(file, "error", clean_string(why->text));
}

static bool
print_field(void *context, const struct indicium_field *field)
{
	(void)context;
	printf("    %-20s %s\n", field->label, field->value);
	return true;
}

static bool
json_field(void *context, const struct indicium_field *field)
{
	json_t *fields = context;

	if (field->number)
		json_object_set_new(fields, field->name,
		    json_integer(strtoll(field->value, NULL, 10)));
	else
		json_object_set_new(
		    fields, field->name, json_string(field->value));
	return true;
}

/* Millimetres on the page from its upper left corner; pixels where the file
 * does not tell its resolution. */
static struct box
place_of(const struct report_stamp *s, bool *mm)
{
	const struct image *image = s->image;
	struct box b = s->found->box;

	*mm = image->dpi_x > 0 && image->dpi_y > 0;
	if (*mm) {
		b.left *= MM_PER_INCH / image->dpi_x;
		b.right *= MM_PER_INCH / image->dpi_x;
		b.top *= MM_PER_INCH / image->dpi_y;
		b.bottom *= MM_PER_INCH / image->dpi_y;
	}
	return b;
}

static const struct {
	unsigned bit;
	const char *name;
} decoders[] = {{BY_ZBAR, "zbar"}, {BY_DMTX, "dmtx"}, {BY_ZXING, "zxing"}};

static void
print_place(const struct report_stamp *s)
{
	const char *separator = " by ";
	bool mm;
	struct box b = place_of(s, &mm);
	const char *unit = mm ? "mm" : "px";

	printf("  page %d, %.2f %s from left, %.2f %s from top, %s %.2f x %.2f "
	       "%s",
	    s->image->page, b.left, unit, b.top, unit, s->found->symbology,
	    b.right - b.left, b.bottom - b.top, unit);
	for (size_t i = 0; i < 3; i++)
		if (s->found->by & decoders[i].bit) {
			printf("%s%s", separator, decoders[i].name);
			separator = "+";
		}
	printf("\n");
}

static void
print_stamp(const struct report_stamp *s)
{
	const struct judged *j = s->judged;
	char clean[512];

	if (s->image)
		print_place(s);
	if (!s->decode_only || !j->decoded)
		printf("  %s%s%s%s\n", verdict_name(j->verdict),
		    j->lab ? " (lab)" : "", j->why[0] ? ": " : "",
		    text_clean(j->why, clean, sizeof(clean)));
	if (j->decoded) {
		printf("    %-20s %s\n", "Format",
		    indicium_format_name(j->in.format));
		indicium_fields(&j->in, print_field, NULL);
	}
}

static json_t *
rounded(double value)
{
	return json_real(round(value * 100) / 100);
}

static void
json_place(json_t *object, const struct report_stamp *s)
{
	static const char *const names[2][4] = {
	    {"x_px", "y_px", "width_px", "height_px"},
	    {"x_mm", "y_mm", "width_mm", "height_mm"}};
	json_t *by = json_array();
	bool mm;
	struct box b = place_of(s, &mm);

	json_object_set_new(object, "page", json_integer(s->image->page));
	json_object_set_new(object, names[mm][0], rounded(b.left));
	json_object_set_new(object, names[mm][1], rounded(b.top));
	json_object_set_new(object, names[mm][2], rounded(b.right - b.left));
	json_object_set_new(object, names[mm][3], rounded(b.bottom - b.top));
	json_object_set_new(object, "symbol", json_string(s->found->symbology));
	for (size_t i = 0; i < 3; i++)
		if (s->found->by & decoders[i].bit)
			json_array_append_new(
			    by, json_string(decoders[i].name));
	json_object_set_new(object, "decoders", by);
}

static void
json_stamp(struct report *r, const struct report_stamp *s)
{
	const struct judged *j = s->judged;
	json_t *object = json_object(), *fields = json_object();
	char hex[2 * SYMBOL_BYTES_MAX + 1], id[INDICIUM_PSD_ID];

	if (s->image)
		json_place(object, s);
	bytes_to_hex(s->found->bytes, s->found->len, hex);
	json_object_set_new(object, "bytes", json_string(hex));
	if (!s->decode_only || !j->decoded) {
		json_object_set_new(
		    object, "verdict", json_string(verdict_name(j->verdict)));
		json_object_set_new(object, "why", clean_string(j->why));
	}
	if (j->used)
		json_object_set_new(object, "first",
		    json_pack("{s:s, s:o}", "when", j->first.when, "where",
			clean_string(j->first.where)));
	if (j->decoded) {
		json_object_set_new(object, "format",
		    json_string(indicium_format_name(j->in.format)));
		json_object_set_new(
		    object, "psd_id", json_string(indicium_psd_id(&j->in, id)));
		json_object_set_new(object, "lab", json_boolean(j->lab));
		indicium_fields(&j->in, json_field, fields);
	}
	json_object_set_new(object, "fields", fields);
	json_array_append_new(r->stamps, object);
}

void
report_stamp(struct report *r, const struct report_stamp *stamp)
{
	r->total++;
	if (!stamp->decode_only || !stamp->judged->decoded)
		r->counts[stamp->judged->verdict]++;
	if (r->json)
		json_stamp(r, stamp);
	else
		print_stamp(stamp);
}

static json_t *
json_counts(const struct report *r)
{
	json_t *counts = json_object();

	for (int v = 0; v < VERDICTS; v++)
		if (r->counts[v])
			json_object_set_new(counts,
			    verdict_name((enum verdict)v),
			    json_integer(r->counts[v]));
	return counts;
}

void
report_close(struct report *r)
{
	if (r->json) {
		json_t *all = json_object();

		json_object_set_new(all, "files", r->files);
		json_object_set_new(all, "total", json_integer(r->total));
		json_object_set_new(all, "verdicts", json_counts(r));
		json_dumpf(
		    all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
		printf("\n");
		json_decref(all);
	} else {
		printf("%u stamp%s", r->total, r->total == 1 ? "" : "s");
		for (int v = 0; v < VERDICTS; v++)
			if (r->counts[v])
				printf(", %u %s", r->counts[v],
				    verdict_name((enum verdict)v));
		printf("\n");
	}
	free(r);
}
