/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: time that only goes on, for deadlines.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment. */
int64_t clock_ms(void);

#endif
