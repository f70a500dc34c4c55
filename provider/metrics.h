/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: numbers for a monitor, as Prometheus reads them (text format 0.0.4).
 *
 * The program has one struct metrics; it adds all metrics before its threads
 * start, and any thread counts.  Several with one name and different labels are
 * one family: help and kind are the first one's.
 */
#ifndef PROVIDER_METRICS_H
#define PROVIDER_METRICS_H

#include <stddef.h>
#include <stdint.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metrics_kind {
	METRICS_COUNTER,   /* only grows; its name ends in _total */
	METRICS_GAUGE,	   /* goes up and down */
	METRICS_HISTOGRAM, /* of times; its name ends in _seconds */
};

struct metrics;
struct metric;

struct metrics *metrics_new(void);    /* NULL: no memory */
void metrics_free(struct metrics *m); /* NULL is allowed */

/* Strings are static; labels as `code="200",method="GET"`, or NULL.  NULL: no
 * memory, which all that follow bear. */
struct metric *metrics_add(struct metrics *m, enum metrics_kind kind,
    const char *name, const char *help, const char *labels);

void metric_count(struct metric *c, uint64_t by);
void metric_set(struct metric *g, int64_t value);
/* Of a counter that somebody else counts. */
void metric_total(struct metric *c, uint64_t value);
void metric_observe(struct metric *h, int64_t us);

/* All of them, on the heap, a NUL behind.  NULL: no memory. */
char *metrics_text(const struct metrics *m, size_t *len);

#endif
