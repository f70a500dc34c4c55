/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owbus: a 1-Wire bus behind the protocol of owserver, with touch-memory
 * buttons that can be taken away, and torn at any page.
 *
 * A button is a file FOLDER/FF.IIIIIIIIIIII (family, serial number, as owfs
 * writes them) that holds its memory; it is there as long as the file is.  Pages
 * are written whole, as scratchpad and copy do it.  Families: 06 08 0A 0C
 * (DS1993 to DS1996), 37 (DS1977), and those that count the writes of their
 * last four pages: 18 (DS1963S), 1A (DS1963L), 1D (DS2423).  Their counters
 * stand behind the memory, 4 bytes each, and nothing sets them back.
 *
 * FOLDER/control is a struct owbus_control, mapped by whoever wants accidents.
 */
#ifndef TESTS_OWBUS_H
#define TESTS_OWBUS_H

#include <stddef.h>
#include <stdint.h>

/* What a page that power left holds. */
enum owbus_tear {
	OWBUS_OLD,
	OWBUS_NEW,
	OWBUS_BITS, /* of each bit that differs, old or new: from `seed` */
	OWBUS_BIT,  /* the old ones, but for one of those that differ */
	OWBUS_TEARS
};

struct owbus_control {
	int64_t writes;	 /* pages until now */
	int64_t tear_at; /* contact ends in this page's write; -1 = never */
	uint32_t tear;
	uint32_t seed;
	int32_t gone;  /* since then: no button answers until it is 0 */
	int32_t drop;  /* this many writes are done and not answered */
	int32_t mute;  /* nothing is answered */
	int32_t noise; /* this many reads end in 0xff, as without contact */
};

#endif
