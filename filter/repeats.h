/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repeats: which pages of a PDF are the same page again.
 *
 * pdftopdf makes copies, and office programs letters, of pages that share
 * their content.  Two pages are the same if their dictionaries are, inherited
 * entries included, down to the numbers of the objects they refer to.  What is
 * equal in another way counts as different, and so does everything in a file
 * that QPDF finds fault with.
 */
#ifndef FILTER_REPEATS_H
#define FILTER_REPEATS_H

#include "base/err.h"

/* out[i] = the first page, from 1, that is the same as page i + 1; i + 1 where
 * none is.  `pages` is what the renderer counts; `two_sided`: a front is no
 * back, whose picture may be turned.  Errors: ERR_SYSTEM. */
MUST_CHECK bool repeats_find(
    const char *file, int pages, bool two_sided, int *out, struct err *e);

#endif
