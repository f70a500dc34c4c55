/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsm_link: what the files of an hsm's caller's end share.  For vault/hsm_link.c
 * and hsm_sign.c alone.
 */
#ifndef VAULT_HSM_LINK_H
#define VAULT_HSM_LINK_H

#include "vault/hsm_child.h"

struct hsm {
	char uri[HSM_URI_MAX];
	struct sig_key *certified; /* NULL: not known yet */
	int answer_ms;
	struct nursery *nursery;
	struct aside *aside; /* NULL: not connected */
	bool unlocked;
	char pin[HSM_PIN_MAX]; /* that was right, or "" */
};

/* An order under way: its bytes hold a PIN sometimes. */
struct hsm_said {
	uint8_t bytes[ASIDE_MESSAGE];
	struct bytes_writer w;
};

void hsm_begin_order(struct hsm_said *o, enum hsm_order what);

/* Gives it and erases it; hsm_answer() takes the answer of the first that has
 * none yet. */
MUST_CHECK bool
hsm_give_order(struct hsm *t, struct hsm_said *o, struct err *e);
MUST_CHECK bool
hsm_answer(struct hsm *t, int ms, struct bytes_reader *answer, struct err *e);

/* A session as the last one was, if there is none. */
MUST_CHECK bool hsm_reconnect(struct hsm *t, struct err *e);
void hsm_disconnect(struct hsm *t);

/* An answer that must be whole.  Errors: ERR_CORRUPT. */
MUST_CHECK bool hsm_whole(bool whole, struct err *e);

#endif
