/* SPDX-License-Identifier: Apache-2.0 */
/*
 * side: the side channel (descriptor 4) while the document is being stored.
 *
 * A driver may ask the backend something in the middle of a page and wait for
 * the answer, but the printer's own backend runs only once the whole page is
 * here and paid for.  Until then we answer: what was written so far is taken
 * (DRAIN_OUTPUT), nothing comes back from the printer (GET_BIDI), and the rest
 * is not to be had.  Afterwards the descriptor is the real backend's.
 */
#ifndef BACKEND_SIDE_H
#define BACKEND_SIDE_H

/* Answers until `input` can be read, or a signal came. */
void side_wait(int input);

#endif
