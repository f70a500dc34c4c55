/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spread: which of several PSDs give the stamps of an order, and what each of them
 * lacks for it.  Pure.
 */
#ifndef PROVIDER_SPREAD_H
#define PROVIDER_SPREAD_H

#include <stddef.h>

#include "base/err.h"
#include "base/mils.h"

/* One that gives nothing: left -1, room 0. */
struct spread {
	mils left; /* in its register */
	mils room; /* that may come in */
	mils lack; /* out: what has to come in */
};

/* Each stamp is of one PSD: the first, from `first` on, that has enough; else the
 * one that lacks least of those that may get it.  of[]: which it is; *lack: of all
 * of them.  False: they cannot hold it. */
MUST_CHECK bool spread_stamps(const mils *amount, size_t count,
    struct spread *psd, size_t psds, size_t first, size_t *of, mils *lack);

#endif
