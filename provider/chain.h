/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain: each PSD's stamps as a hash chain, so that none can be taken out, put in
 * or changed behind what a checkpoint stated.
 */
#ifndef PROVIDER_CHAIN_H
#define PROVIDER_CHAIN_H

#include "provider/store_stamp.h"

/* The chain up to a stamp, from that before it: SHA-256 of chain, key, user
 * system (u64 le) and the indicium with zeros for its signature. */
void chain_link(uint8_t chain[CHAIN_BYTES], const struct stamp_row *row);

#endif
