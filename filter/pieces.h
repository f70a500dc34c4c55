/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces: whether a page draws many small straight shapes, as a QR code that
 * is no picture is drawn: squares, runs of modules, outlines, short strokes.
 *
 * It is read from the drawing instructions, so that pages of text, tables and
 * curves need not be rendered to look for a code.
 */
#ifndef FILTER_PIECES_H
#define FILTER_PIECES_H

#include <stdbool.h>
#include <stddef.h>

#include <qpdf/qpdf-c.h>

#define PIECES_MIN 40 /* the smallest code has more */

/* True if the page, with its forms, has so many.  Drawings that are very large
 * are not read to their end. */
bool pieces_many(qpdf_data q, qpdf_oh page);

/* How many are painted by the instructions `content`. */
size_t pieces_count(const char *content, size_t len);

#endif
