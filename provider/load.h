/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: how many stamps of each PSD this processing server has under way, from
 * the choice of the PSD to their signatures; its threads share it.  Two PSDs at
 * one place count together, which makes a choice worse and not wrong.
 */
#ifndef PROVIDER_LOAD_H
#define PROVIDER_LOAD_H

#include <stddef.h>
#include <stdint.h>

#define LOAD_PLACES 1024

struct load {
	_Atomic int64_t stamps[LOAD_PLACES];
};

/* NULL for all: nobody counts, and all have nothing to do. */
void load_begin(struct load *l, uint32_t psd, size_t stamps);
void load_end(struct load *l, uint32_t psd, size_t stamps);
int64_t load_of(struct load *l, uint32_t psd);

#endif
