/* SPDX-License-Identifier: Apache-2.0 */
/*
 * torn: the process dies, or the power goes, at the n-th call that changes the
 * medium.  A test is linked with TORN_WRAP, so that vault and base run
 * unchanged.
 */
#ifndef TESTS_TORN_H
#define TESTS_TORN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "vault/slots.h"

enum torn_mode {
	TORN_BEFORE,  /* the call does nothing */
	TORN_AFTER,   /* the call is done, its caller never knows */
	TORN_CUT,     /* a write stops after `cut` bytes; only writes count */
	TORN_FLIPPED, /* and the rest is old bits and new ones, mixed */
	TORN_MODES
};

/* What shall happen, and how many calls there were. */
struct torn {
	long at, seen; /* at 0: no fault, only counting */
	enum torn_mode mode;
	size_t cut;
};
extern struct torn torn;

/* Cuts that a slot's parts begin or end at. */
extern const size_t torn_cuts[];
#define TORN_CUTS 14

/* Runs `run` in a child under `at`, `mode`, `cut`; true if it died of it. */
typedef bool torn_run(void);
bool torn_died(torn_run *run, long at, enum torn_mode mode, size_t cut);

/* Around a call that is done whole or not at all: bool due = torn_begin(); the
 * call; torn_end(due). */
bool torn_begin(void);
void torn_end(bool due);

/* Without counting. */
ssize_t torn_write(int fd, const void *ptr, size_t len);
void torn_unlink(const char *path);

#endif
