/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: gives the document to a real backend, and knows exactly how much of it
 * was taken.
 *
 * The backend has a pipe, as the scheduler would give it one.  What is written
 * into it and not read can be taken back, and nobody reads it then; so what
 * was not taken back went to somebody: the backend, or a child of it that
 * outlived it.  A file would not do: its offset can be set back, and goes on
 * moving after the backend ended.
 */
#ifndef BACKEND_FEED_H
#define BACKEND_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FEED_BYTES (64 * 1024)

struct feed {
	int document;	   /* where it is read from; the caller's */
	int end, put;	   /* the backend's end of the pipe, and ours; or -1 */
	uint64_t written;  /* into the pipe */
	size_t at, filled; /* what of `bytes` is to be written yet */
	char bytes[FEED_BYTES];
};

/* No pipe: feed_end() gives 0. */
void feed_none(struct feed *f);

/* From the document's offset to its end.  The backend's standard input is to be
 * f->end, which the caller leaves open.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool feed_open(struct feed *f, int document, struct err *e);

/* Puts in what there is room for, without waiting: to be called when f->put
 * (-1: everything is in) can be written. */
void feed_more(struct feed *f);

/* The backend ended: takes back what is left.  Returns how many bytes were
 * read from the pipe. */
uint64_t feed_end(struct feed *f);

#endif
