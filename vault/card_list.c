/* SPDX-License-Identifier: Apache-2.0 */
/* what the readers hold */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/card_own.h"

#define POWER_MS 1500 /* of a card that was asleep */

static void
say(struct vault_place *p, const char *words)
{
	snprintf(p->holds, sizeof(p->holds), "%.*s", VAULT_PLACE - 1, words);
}

/* In words for a person, of a card that would not be looked at. */
static void
say_error(struct vault_place *p, const struct err *e)
{
	switch (e->kind) {
	case ERR_BUSY: say(p, "busy: another program has the card"); break;
	case ERR_ABSENT: say(p, "a card that does not answer"); break;
	case ERR_CORRUPT:
		say(p, "a damaged postage card: take it to the provider");
		break;
	default: say(p, e->text); break;
	}
}

/* Its selection is over with the next one's, and it was given no PIN. */
static bool
ask(struct card_home *h, const char *reader, struct vault_place *p,
    struct err *e)
{
	bool postage = false;

	if (!card_link_connect(h->link, reader, e) ||
	    !card_link_begin(h->link, e) || !card_select(h, h->id, &postage, e))
		return false;
	if (!postage) {
		say(p, "another card");
	} else if (h->id[0] == '\0') {
		say(p, "a blank postage card");
		snprintf(p->uri, sizeof(p->uri), "card:reader=%.*s",
		    CARD_READER_NAME - 1, reader);
	} else if (card_status(h, &p->status, e)) {
		p->known = true;
		snprintf(p->uri, sizeof(p->uri), "card:%s", h->id);
	} else {
		return false;
	}
	card_link_end(h->link);
	return true;
}

static void
look(struct card_home *h, const struct card_reader *reader, int wait_ms,
    vault_place_fn *each, void *context)
{
	struct vault_place p = {.known = false};
	struct err e = ERR_INIT;

	snprintf(p.place, sizeof(p.place), "%.*s", CARD_READER_NAME - 1,
	    reader->name);
	if (!reader->present) {
		say(&p, "empty");
	} else if (h->link == NULL && !card_link_open(NULL, 0, &h->link, &e)) {
		say_error(&p, &e);
	} else {
		card_link_hurry(h->link, POWER_MS + wait_ms);
		if (!ask(h, reader->name, &p, &e)) {
			say_error(&p, &e);
			card_break(h);
		}
	}
	each(context, &p);
}

/* pcscd may think that a reader is empty which is not. */
static bool
readers(
    struct card_home *h, struct card_reader *out, size_t *count, struct err *e)
{
	struct err ignored = ERR_INIT;

	if (!card_link_readers(h->link, out, count, e))
		return false;
	for (size_t i = 0; i < *count; i++)
		if (!out[i].present &&
		    !card_link_wake(h->link, out[i].name, &ignored))
			return true;
	return card_link_readers(h->link, out, count, e);
}

bool
card_list(int wait_ms, vault_place_fn *each, void *context, struct err *e)
{
	struct card_reader all[CARD_READERS_MAX];
	struct card_home *h = calloc(1, sizeof(*h));
	size_t count = 0;
	bool done;

	if (h == NULL)
		return err_system(e, "memory for a card");
	done = card_link_open(NULL, 0, &h->link, e) &&
	       readers(h, all, &count, e) &&
	       (count > 0 || err_set(e, ERR_ABSENT,
				 "there is no card reader: plug one in"));
	for (size_t i = 0; done && i < count; i++)
		look(h, &all[i], wait_ms, each, context);
	card_free(h);
	return done;
}
