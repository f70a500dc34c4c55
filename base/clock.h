/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: time that only goes on, for deadlines.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds since some moment. */
int64_t clock_ms(void);

/* A condition that is waited for until a time of CLOCK_MONOTONIC. */
void clock_cond_init(pthread_cond_t *cond);
/* That time, `ms` from now. */
struct timespec clock_after(int ms);

#endif
