/* SPDX-License-Identifier: Apache-2.0 */
/* a card vault's card, from its being looked for to its being left */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/date.h"
#include "vault/card_own.h"
#include "vault/card_store.h"
#include "vault/message.h"

#define GRACE_MS    1000 /* pcscd looks into its readers each 400 ms */
#define CERT_ROUNDS 20	 /* of a certificate that comes in pieces */

static const uint8_t aid[CARD_AID_BYTES] = CARD_AID;

bool
card_parse(const char *rest, struct card_home *h, struct err *e)
{
	bool named = strncmp(rest, "reader=", 7) == 0;
	size_t len = strlen(named ? rest + 7 : rest);

	memset(h, 0, sizeof(*h));
	if (named && len > 0 && len < sizeof(h->reader)) {
		memcpy(h->reader, rest + 7, len);
		return true;
	}
	if (!named && (len == 0 || len == PSD_ID - 2)) {
		memcpy(h->id, rest, len);
		return true;
	}
	return err_set(e, ERR_CONFIG,
	    "\"card:%s\" names no card: write card:, card:XXPS0000000001 or "
	    "card:reader=NAME",
	    rest);
}

void
card_break(struct card_home *h)
{
	card_link_close(h->link);
	h->link = NULL;
}

void
card_free(struct card_home *h)
{
	card_break(h);
	cert_free(h->cert);
	explicit_bzero(h, sizeof(*h));
	free(h);
}

/* --- commands ------------------------------------------------------------------- */

bool
card_ask(struct card_home *h, uint8_t cla, uint8_t ins, uint16_t p1p2,
    const void *data, size_t len, struct card_answer *out, struct err *e)
{
	struct card_command in = {cla, ins, p1p2, data, len,
	    h->until != 0 ? h->until - clock_ms() : CARD_SILENCE_MS};
	bool done =
	    in.ms > 0
		? card_link_send(
		      h->link, &in, out->bytes, &out->len, &out->word, e)
		: err_set(e, ERR_BUSY,
		      "the card takes too long: nothing after %d s, and %d s "
		      "for each stamp",
		      CARD_VISIT_MS / 1000, CARD_STAMP_MS / 1000);

	/* Power was off, and nobody told. */
	if (done && out->word == CARD_NO_APPLICATION && ins != CARD_SELECT)
		done = err_set(e, ERR_ABSENT, "the card forgot its selection");
	if (!done)
		card_break(h);
	return done;
}

bool
card_do(struct card_home *h, uint8_t cla, uint8_t ins, uint16_t p1p2,
    const void *data, size_t len, struct card_answer *out, struct err *e)
{
	return card_ask(h, cla, ins, p1p2, data, len, out, e) &&
	       (out->word == CARD_OK || card_no(h, out->word, e));
}

static enum err_kind
kind_of(uint16_t word)
{
	if ((word & 0xfff0) == CARD_PIN_WRONG)
		return ERR_DENIED;
	switch (word) {
	case CARD_NEEDS_PIN:
	case CARD_PIN_BLOCKED:
	case CARD_WRONG_STATE:
	case CARD_AUDIT_OVERDUE:
	case CARD_BAD_SEQUENCE:
	case CARD_BAD_SIGNATURE:
	case CARD_EXPIRED: return ERR_DENIED;
	case CARD_NO_FUNDS: return ERR_FUNDS;
	case CARD_BAD_DATA:
	case CARD_BAD_AMOUNT:
	case CARD_OVER_LIMIT: return ERR_REQUEST;
	case CARD_DAMAGED:
	case CARD_KEY_CONFLICT: return ERR_CORRUPT;
	case CARD_NO_APPLICATION: return ERR_ABSENT;
	default: return ERR_SYSTEM;
	}
}

/* What to do about it. */
static const char *
advice(uint16_t word)
{
	switch (word) {
	case CARD_NEEDS_PIN:
		return ": name the PIN's file, pin-file in postage.conf or "
		       "--pin-file";
	case CARD_PIN_BLOCKED:
		return ": run `postage vault pin unblock` with its PUK, or "
		       "take "
		       "it to the provider";
	case CARD_AUDIT_OVERDUE: return ": run `postage vault audit`";
	case CARD_NO_FUNDS: return ": run `postage vault refill`";
	case CARD_EXPIRED:
	case CARD_DAMAGED: return ": take it to the provider";
	case CARD_BAD_SEQUENCE: return ": make a new request";
	default: return "";
	}
}

bool
card_no(const struct card_home *h, uint16_t word, struct err *e)
{
	char text[CARD_WORD_TEXT];

	if ((word & 0xfff0) == CARD_PIN_WRONG)
		return err_set(e, ERR_DENIED, "PIN wrong, %d %s left",
		    word & 15, (word & 15) == 1 ? "try" : "tries");
	return err_set(e, kind_of(word), "%s%s%s%s", h->id,
	    h->id[0] != '\0' ? ": " : "", card_word_text(word, text),
	    advice(word));
}

/* --- looking for it ----------------------------------------------------------------- */

bool
card_select(struct card_home *h, char id[PSD_ID], bool *postage, struct err *e)
{
	struct card_answer a;

	id[0] = '\0';
	if (!card_ask(
		h, CARD_CLA_ISO, CARD_SELECT, 0x0400, aid, sizeof(aid), &a, e))
		return false;
	*postage = a.word == CARD_OK && a.len >= 2 &&
		   a.bytes[0] == CARD_VERSION && a.len - 2 < PSD_ID;
	if (*postage && a.bytes[1] == 0)
		return card_no(h, CARD_DAMAGED, e);
	if (*postage) {
		memcpy(id, a.bytes + 2, a.len - 2);
		id[a.len - 2] = '\0';
	}
	for (const char *c = id; *c != '\0'; c++)
		*postage = *postage && isgraph((unsigned char)*c);
	return true;
}

/* Is what this reader holds the one that is wanted?  Then it stays locked. */
static bool
try_reader(struct card_home *h, const char *reader, bool blank, bool *found,
    struct err *e)
{
	char id[PSD_ID];
	bool postage = false;

	*found = false;
	if (h->link == NULL &&
	    !card_link_open(h->nursery, h->wait_ms, &h->link, e))
		return false;
	if (!card_link_connect(h->link, reader, e) ||
	    !card_link_begin(h->link, e) || !card_select(h, id, &postage, e)) {
		card_break(h);
		return false;
	}
	*found = postage && blank == (id[0] == '\0') &&
		 (h->id[0] == '\0' || strcmp(h->id, id) == 0);
	if (*found)
		strcpy(h->id, id);
	else
		card_link_end(h->link);
	return true;
}

static bool
absent(const struct card_home *h, size_t readers, bool blank, struct err *e)
{
	if (readers > 0 && blank)
		return err_set(e, ERR_ABSENT,
		    "no blank postage card in %s: one that has a PSD keeps it",
		    h->reader[0] != '\0' ? h->reader : "any reader");
	if (readers == 0)
		return err_set(
		    e, ERR_ABSENT, "there is no card reader: plug one in");
	if (h->reader[0] != '\0')
		return err_set(e, ERR_ABSENT,
		    "no postage card in the reader \"%s\"", h->reader);
	if (h->id[0] != '\0')
		return err_set(e, ERR_ABSENT,
		    "the card %s is in none of the readers: put it in", h->id);
	return err_set(
	    e, ERR_ABSENT, "no postage card in any reader: put one in");
}

static bool
wanted(const struct card_home *h, const struct card_reader *reader)
{
	return h->reader[0] == '\0' || strcmp(h->reader, reader->name) == 0;
}

/* Wakes the readers that are said to be empty. */
static void
wake(struct card_home *h)
{
	struct card_reader all[CARD_READERS_MAX];
	struct err ignored = ERR_INIT;
	size_t count;

	if (h->link == NULL ||
	    !card_link_readers(h->link, all, &count, &ignored))
		return;
	for (size_t i = 0; i < count; i++)
		if (!all[i].present && wanted(h, &all[i]) &&
		    !card_link_wake(h->link, all[i].name, &ignored))
			return;
}

/* Looks into each reader once.  What one of them says in error counts where
 * none of them has the card. */
static bool
look_around(struct card_home *h, bool blank, bool *found, struct err *e)
{
	struct card_reader all[CARD_READERS_MAX];
	struct err last = ERR_INIT, one = ERR_INIT;
	size_t count;

	*found = false;
	if (h->link == NULL &&
	    !card_link_open(h->nursery, h->wait_ms, &h->link, e))
		return false;
	if (!card_link_readers(h->link, all, &count, e)) {
		card_break(h);
		return false;
	}
	for (size_t i = 0; i < count && !*found; i++) {
		if (!all[i].present || !wanted(h, &all[i]))
			continue;
		if (!try_reader(h, all[i].name, blank, found, &one))
			last = one;
	}
	if (*found)
		return true;
	/* A stranger that is broken says nothing of ours. */
	if (last.kind == ERR_NONE ||
	    (h->id[0] != '\0' && last.kind != ERR_BUSY &&
		last.kind != ERR_DENIED))
		return absent(h, count, blank, e);
	*e = last;
	return false;
}

/* One that was put in just now, or a pcscd that starts, is waited for; whoever
 * waits for a person does so without holding anything. */
static bool
find_card(struct card_home *h, bool blank, struct err *e)
{
	int64_t end =
	    clock_ms() + (h->wait_ms < GRACE_MS ? h->wait_ms : GRACE_MS);
	bool found;

	while (!look_around(h, blank, &found, e)) {
		int64_t left = end - clock_ms();
		struct err ignored = ERR_INIT;

		if ((e->kind != ERR_ABSENT && e->kind != ERR_SYSTEM) ||
		    left <= 0)
			return false;
		wake(h);
		if (h->link == NULL ||
		    !card_link_wait(
			h->link, left < 250 ? (int)left : 250, &ignored)) {
			struct timespec pause = {.tv_nsec = 100000000};

			card_break(h);
			nanosleep(&pause, NULL);
		}
	}
	*e = (struct err)ERR_INIT;
	return true;
}

/* --- is it the same -------------------------------------------------------------------- */

static bool
read_cert(struct card_home *h, struct err *e)
{
	uint8_t der[CARD_CERT_MAX];
	struct card_answer a;
	size_t len = 0;
	int rounds = 0;

	do {
		if (!card_do(h, CARD_CLA_PSD, CARD_CERTIFICATE, (uint16_t)len,
			NULL, 0, &a, e))
			return false;
		if (a.len > sizeof(der) - len || ++rounds > CERT_ROUNDS)
			return err_set(e, ERR_CORRUPT,
			    "the card's certificate is longer than one can be");
		memcpy(der + len, a.bytes, a.len);
		len += a.len;
	} while (a.len > 0 && len < sizeof(der));
	if (!cert_parse(der, len, &h->cert, e))
		return err_prefix(e, "the card's certificate");
	if (strcmp(cert_id(h->cert), h->id) == 0)
		return true;
	err_set(e, ERR_CORRUPT,
	    "the card says that it is %s, its certificate is for %s", h->id,
	    cert_id(h->cert));
	cert_free(h->cert);
	h->cert = NULL;
	return false;
}

/* It signs what it cannot have signed before. */
static bool
authenticate(struct card_home *h, struct err *e)
{
	uint8_t nonce[PSD_NONCE];
	struct card_answer a;
	size_t len;

	if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		return err_system(e, "random numbers");
	if (!card_do(h, CARD_CLA_ISO, CARD_AUTHENTICATE, 0, nonce,
		sizeof(nonce), &a, e))
		return false;
	len = a.len - INDICIUM_SIGNATURE;
	if (a.len > INDICIUM_SIGNATURE + sizeof(nonce) &&
	    a.bytes[0] == MESSAGE_AUTHENTICATION &&
	    memcmp(a.bytes + len - sizeof(nonce), nonce, sizeof(nonce)) == 0 &&
	    sig_verify(cert_key(h->cert), a.bytes, len, a.bytes + len))
		return true;
	return err_set(e, ERR_CORRUPT,
	    "the card in the reader says that it is %s and cannot prove it",
	    h->id);
}

/* Once for each link: another card may have come. */
static bool
know(struct card_home *h, struct err *e)
{
	if (h->known)
		return true;
	h->known = (h->cert != NULL || read_cert(h, e)) && authenticate(h, e);
	return h->known;
}

/* Each visit has it typed: the reader tells it to nobody. */
static bool
let_type(struct card_home *h, struct err *e)
{
	int64_t begun = clock_ms();
	uint16_t word = 0;
	bool typed = card_link_pad_pin(h->link, &word, e);

	/* A person's time is not the card's. */
	h->until += clock_ms() - begun;
	if (typed)
		return word == CARD_OK || card_no(h, word, e);
	if (e->kind != ERR_DENIED)
		card_break(h);
	/* Nobody is asked twice on our own. */
	if (e->kind == ERR_ABSENT)
		e->kind = ERR_BUSY;
	return false;
}

static bool
give_pin(struct card_home *h, struct err *e)
{
	struct card_answer a;

	if (h->pad)
		return let_type(h, e);
	if (h->pin[0] == '\0')
		return true;
	/* Lost, it may have cost a try: that is not repeated on its own. */
	if (!card_ask(h, CARD_CLA_ISO, CARD_VERIFY, 0x81, h->pin,
		strlen(h->pin), &a, e)) {
		e->kind = ERR_BUSY;
		return false;
	}
	h->refused = a.word != CARD_OK && a.word != CARD_WRONG_STATE;
	if (!h->refused)
		return true; /* or no PIN on this card */
	/* It is not tried again until it blocks. */
	explicit_bzero(h->pin, sizeof(h->pin));
	return card_no(h, a.word, e);
}

/* The link of before, if the card still answers to its name. */
static bool
come_again(struct card_home *h)
{
	struct err e = ERR_INIT;
	char id[PSD_ID];
	bool postage = false;

	if (h->link == NULL)
		return false;
	if (card_link_begin(h->link, &e) && card_select(h, id, &postage, &e) &&
	    postage && strcmp(id, h->id) == 0)
		return true;
	card_break(h);
	return false;
}

bool
card_enter(struct card_home *h, enum card_visit what, struct err *e)
{
	h->until = clock_ms() + h->wait_ms + CARD_VISIT_MS;
	if (!come_again(h)) {
		h->known = false;
		if (!find_card(h, what == CARD_BLANK, e))
			return false;
	}
	if (what == CARD_BLANK ||
	    (know(h, e) && (what == CARD_LOOK || give_pin(h, e))))
		return true;
	card_leave(h);
	return false;
}

void
card_leave(struct card_home *h)
{
	struct card_answer a;
	struct err ignored = ERR_INIT;

	/* The selection takes the PIN's right away. */
	if (h->link != NULL && card_ask(h, CARD_CLA_ISO, CARD_SELECT, 0x0400,
				   aid, sizeof(aid), &a, &ignored))
		card_link_end(h->link);
}

bool
card_status(struct card_home *h, struct psd_status *out, struct err *e)
{
	uint32_t today = date_local(time(NULL));
	struct message_psd psd = {.vendor = ""};
	struct card_answer a;
	char id[PSD_ID];

	if (!card_do(h, CARD_CLA_PSD, CARD_STATUS, 0xdf10, NULL, 0, &a, e))
		return false;
	if (!card_get_status(a.bytes, a.len, out, e)) {
		e->kind = ERR_CORRUPT;
		return false;
	}
	memcpy(psd.vendor, out->vendor, sizeof(psd.vendor));
	memcpy(psd.model, out->model, sizeof(psd.model));
	psd.serial = out->serial;
	if (strcmp(message_psd_id(&psd, id), h->id) != 0)
		return err_set(e, ERR_CORRUPT,
		    "the card says that it is %s and shows the registers of %s",
		    h->id, id);
	out->no_clock = true;
	if (out->life == PSD_OPERATIONAL && out->audit_due != 0 &&
	    today > out->audit_due)
		out->life = PSD_LOCKED;
	return true;
}
