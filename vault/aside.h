/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aside: a part of this program in a process of its own, which can be killed.
 *
 * Some libraries wait as long as a device or another program pleases, and no
 * call of theirs can be broken off.  So a child process makes their calls, one
 * order at a time, over a socket of whole messages, and is killed when its time
 * is up.  It has this process's memory of the moment of aside_open(), the user
 * that it is being then and no way back from that, and none of its files but
 * the three standard ones: no lock is held by it.
 *
 * An order is bytes, a first one that says what it is; so is an answer.  After
 * an order that had no answer, and in a process that was forked with it, an
 * aside is lost: close it and open another.
 */
#ifndef VAULT_ASIDE_H
#define VAULT_ASIDE_H

#include "base/bytes.h"
#include "base/err.h"

#define ASIDE_MESSAGE 4096 /* longest order, longest answer */

struct aside_part {
	const char *who;   /* "the card or its reader", for messages */
	size_t state_size; /* of what the child keeps between two orders */
	/* `state` is all zero at first. */
	bool (*obey)(void *state, struct bytes_reader *order,
	    struct bytes_writer *answer, struct err *e);
	/* Tidies up when the aside is closed; NULL: killing it does. */
	void (*leave)(void *state);
};

struct aside;

/* The child of this part, which stays the caller's.  Where other threads are in a
 * library meanwhile, the child may hang in it.  It ends with this process;
 * one that a thread made may do its order first.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
aside_open(const struct aside_part *part, struct aside **out, struct err *e);

/* The same in a program with other threads, by its nursery (vault/nursery.h); with
 * NULL as aside_open(). */
struct nursery;
MUST_CHECK bool aside_open_in(struct nursery *nursery,
    const struct aside_part *part, struct aside **out, struct err *e);

/* NULL is allowed. */
void aside_close(struct aside *a);

/* Gives an order and waits at most `ms` for its answer, which stays readable
 * until the next order.  Errors: ERR_BUSY (no answer in time), ERR_SYSTEM (the
 * child ended): what it did is not known, and it is lost; as the part's. */
MUST_CHECK bool aside_order(struct aside *a, const struct bytes_writer *order,
    int ms, struct bytes_reader *answer, struct err *e);

/* The same in two, so that the child has its next order while its last answer is
 * being looked at: an answer is taken for each order given, in their order,
 * before aside_order() is used again.  Few, and small: what is given waits in a
 * socket. */
MUST_CHECK bool
aside_give(struct aside *a, const struct bytes_writer *order, struct err *e);
MUST_CHECK bool
aside_take(struct aside *a, int ms, struct bytes_reader *answer, struct err *e);

bool aside_is_lost(const struct aside *a);

#endif
