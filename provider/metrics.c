/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From half a millisecond to ten seconds. */
static const struct {
	int64_t us;
	const char *le;
} bounds[] = {
    {500, "0.0005"},
    {1000, "0.001"},
    {2500, "0.0025"},
    {5000, "0.005"},
    {10000, "0.01"},
    {25000, "0.025"},
    {50000, "0.05"},
    {100000, "0.1"},
    {250000, "0.25"},
    {500000, "0.5"},
    {1000000, "1"},
    {2500000, "2.5"},
    {5000000, "5"},
    {10000000, "10"},
};

#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

struct metric {
	struct metric *next;
	enum metrics_kind kind;
	const char *name, *help, *labels;
	_Atomic int64_t value; /* histogram: the sum, in microseconds */
	_Atomic uint64_t bucket[BOUNDS + 1]; /* the last: above all bounds */
};

struct metrics {
	struct metric *first, **end;
};

struct metrics *
metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m != NULL)
		m->end = &m->first;
	return m;
}

void
metrics_free(struct metrics *m)
{
	while (m != NULL && m->first != NULL) {
		struct metric *one = m->first;

		m->first = one->next;
		free(one);
	}
	free(m);
}

struct metric *
metrics_add(struct metrics *m, enum metrics_kind kind, const char *name,
    const char *help, const char *labels)
{
	struct metric *one = m ? calloc(1, sizeof(*one)) : NULL;

	if (one == NULL)
		return NULL;
	one->kind = kind;
	one->name = name;
	one->help = help;
	one->labels = labels ? labels : "";
	*m->end = one;
	m->end = &one->next;
	return one;
}

void
metric_count(struct metric *c, uint64_t by)
{
	if (c == NULL)
		return;
	assert(c->kind == METRICS_COUNTER);
	atomic_fetch_add_explicit(&c->value, (int64_t)by, memory_order_relaxed);
}

void
metric_set(struct metric *g, int64_t value)
{
	if (g == NULL)
		return;
	assert(g->kind == METRICS_GAUGE);
	g->value = value;
}

void
metric_total(struct metric *c, uint64_t value)
{
	if (c == NULL)
		return;
	assert(c->kind == METRICS_COUNTER);
	c->value = (int64_t)value;
}

void
metric_observe(struct metric *h, int64_t us)
{
	size_t i = 0;

	if (h == NULL)
		return;
	assert(h->kind == METRICS_HISTOGRAM);
	while (i < BOUNDS && us > bounds[i].us)
		i++;
	atomic_fetch_add_explicit(&h->value, us, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->bucket[i], 1, memory_order_relaxed);
}

static void
write_histogram(FILE *out, const struct metric *h)
{
	const char *comma = h->labels[0] ? "," : "";
	const char *open = h->labels[0] ? "{" : "";
	const char *close = h->labels[0] ? "}" : "";
	int64_t sum = h->value;
	uint64_t count = 0;

	for (size_t i = 0; i <= BOUNDS; i++) {
		count += h->bucket[i];
		fprintf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", h->name,
		    h->labels, comma, i < BOUNDS ? bounds[i].le : "+Inf",
		    count);
	}
	fprintf(out, "%s_sum%s%s%s %" PRId64 ".%06" PRId64 "\n", h->name, open,
	    h->labels, close, sum / 1000000, sum % 1000000);
	/* what the last bucket said, not what has come since */
	fprintf(out, "%s_count%s%s%s %" PRIu64 "\n", h->name, open, h->labels,
	    close, count);
}

static void
write_family(FILE *out, const struct metric *first)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};

	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", first->name, first->help,
	    first->name, kinds[first->kind]);
	for (const struct metric *one = first; one; one = one->next) {
		int64_t value = one->value;

		if (strcmp(one->name, first->name) != 0)
			continue;
		if (one->kind == METRICS_HISTOGRAM)
			write_histogram(out, one);
		else if (one->labels[0])
			fprintf(out, "%s{%s} %" PRId64 "\n", one->name,
			    one->labels, value);
		else
			fprintf(out, "%s %" PRId64 "\n", one->name, value);
	}
}

static bool
is_first_of_family(const struct metrics *m, const struct metric *one)
{
	const struct metric *other = m->first;

	while (strcmp(other->name, one->name) != 0)
		other = other->next;
	return other == one;
}

char *
metrics_text(const struct metrics *m, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (out == NULL)
		return NULL;
	for (const struct metric *one = m->first; one; one = one->next)
		if (is_first_of_family(m, one))
			write_family(out, one);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
