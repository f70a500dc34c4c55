/* SPDX-License-Identifier: Apache-2.0 */
/* card_own: what the files of the card vault share.  For vault/card_*.c alone. */
#ifndef VAULT_CARD_OWN_H
#define VAULT_CARD_OWN_H

#include "vault/card_home.h"

struct card_home {
	char reader[CARD_READER_NAME]; /* wanted, or "" */
	char id[PSD_ID];	       /* wanted or found, or "" */
	int wait_ms;
	struct nursery *nursery; /* NULL: a program with one thread */
	struct card_link *link;	 /* NULL: not connected */
	int64_t until; /* the end of this visit, by clock_ms(); 0: none yet */
	struct cert *cert;
	bool known;		    /* this opening has seen the card */
	char pin[CARD_PIN_MAX + 1]; /* given, or "" */
	bool refused;		    /* the last one that was given */
	bool pad;		    /* it is typed at the reader instead */
};

/* An answer, its status word apart. */
struct card_answer {
	uint8_t bytes[CARD_REPLY_MAX];
	size_t len;
	uint16_t word;
};

/* The URI after "card:".  Errors: ERR_CONFIG. */
MUST_CHECK bool
card_parse(const char *rest, struct card_home *h, struct err *e);

/* What a visit is for. */
enum card_visit {
	CARD_BLANK, /* to make a PSD in a card that has no name */
	CARD_LOOK,  /* the PIN is not needed and not given */
	CARD_SPEND  /* the PIN is given, where the caller gave one */
};

/* A visit has an end: beyond the wait for others it lasts this long, and so
 * much more for each stamp: a card that answers everything just in time does
 * not keep all jobs from the money. */
#define CARD_VISIT_MS 30000
#define CARD_STAMP_MS 2000

/* The card is ours, selected, the right one, and has the PIN.
 * Errors: ERR_ABSENT, ERR_BUSY, ERR_DENIED, ERR_CORRUPT (it is damaged, or not
 * what it says), ERR_SYSTEM. */
MUST_CHECK bool
card_enter(struct card_home *h, enum card_visit what, struct err *e);
void card_leave(struct card_home *h);

/* The link is given up; the next card_enter() makes another. */
void card_break(struct card_home *h);

/* One command; true also where the card says no: look at out->word.
 * Errors: ERR_ABSENT, ERR_BUSY (also: the visit's time is over), ERR_SYSTEM: outcome unknown, the link is given
 * up. */
MUST_CHECK bool
card_ask(struct card_home *h, uint8_t cla, uint8_t ins, uint16_t p1p2,
    const void *data, size_t len, struct card_answer *out, struct err *e);

/* The same, and false where the card says no.  Errors: also the card's. */
MUST_CHECK bool
card_do(struct card_home *h, uint8_t cla, uint8_t ins, uint16_t p1p2,
    const void *data, size_t len, struct card_answer *out, struct err *e);

/* Selects the application: is it ours, and its name in `id` ("": it has none
 * yet).  Errors: ERR_CORRUPT (it is damaged), as card_ask(). */
MUST_CHECK bool
card_select(struct card_home *h, char id[PSD_ID], bool *postage, struct err *e);

/* The card's no as an error.  Returns false. */
bool card_no(const struct card_home *h, uint16_t word, struct err *e);

/* Its status, with the audit overdue where it is by this computer's date. */
MUST_CHECK bool
card_status(struct card_home *h, struct psd_status *out, struct err *e);

/* A visit for the status alone.  Errors: as card_enter(). */
MUST_CHECK bool card_visit_status(struct card_home *h, enum card_visit what,
    struct psd_status *out, struct err *e);

void card_free(struct card_home *h);

/* --- for the driver ---------------------------------------------------------------- */

/* Can `pin` be one?  Errors: `kind`. */
MUST_CHECK bool
card_pin_fits(const char *pin, enum err_kind kind, struct err *e);

/* See vault_create() and vault_list(). */
MUST_CHECK bool card_create(const char *rest, int wait_ms,
    const struct vault_setup *setup, struct err *e); /* card_create.c */
MUST_CHECK bool card_list(int wait_ms, vault_place_fn *each, void *context,
    struct err *e); /* card_list.c */

/* See vault_unlock(), vault_change_pin(), vault_unblock(); card_pin.c. */
MUST_CHECK bool card_unlock(void *home, const char *pin, struct err *e);
MUST_CHECK bool card_unlock_there(void *home, bool *able, struct err *e);
MUST_CHECK bool card_change_pin(
    void *home, const char *old_pin, const char *new_pin, struct err *e);
MUST_CHECK bool
card_unblock(void *home, const char *puk, const char *new_pin, struct err *e);
MUST_CHECK bool card_set_puk(void *home, const char *puk, struct err *e);

#endif
