/* SPDX-License-Identifier: Apache-2.0 */
/* the PIN and the PUK of a card vault */
#include <string.h>

#include "base/bytes.h"
#include "vault/card_own.h"

bool
card_pin_fits(const char *pin, enum err_kind kind, struct err *e)
{
	size_t len = strlen(pin);

	return (len >= CARD_PIN_MIN && len <= CARD_PIN_MAX) ||
	       err_set(e, kind, "a card's PIN has %d to %d characters",
		   CARD_PIN_MIN, CARD_PIN_MAX);
}

static bool
keep_pin(
    struct card_home *h, const char *pin, enum err_kind kind, struct err *e)
{
	if (!card_pin_fits(pin, kind, e))
		return false;
	memcpy(h->pin, pin, strlen(pin) + 1);
	h->pad = false;
	return true;
}

bool
card_unlock(void *home, const char *pin, struct err *e)
{
	struct card_home *h = home;
	struct psd_status s;

	explicit_bzero(h->pin, sizeof(h->pin));
	h->pad = false;
	if (!card_visit_status(h, CARD_LOOK, &s, e))
		return false;
	/* The next visit gives it. */
	return !s.pin_required || (keep_pin(h, pin, ERR_DENIED, e) &&
				      card_visit_status(h, CARD_SPEND, &s, e));
}

bool
card_unlock_there(void *home, bool *able, struct err *e)
{
	struct card_home *h = home;
	bool done;

	explicit_bzero(h->pin, sizeof(h->pin));
	*able = false;
	if (!card_enter(h, CARD_LOOK, e))
		return false;
	done = card_link_pad(h->link, able, e);
	if (!done)
		card_break(h);
	card_leave(h);
	h->pad = done && *able;
	return done;
}

/* One command that sets a PIN.  It is not given twice where its answer is
 * lost: that could cost a try. */
static bool
set_pin(struct card_home *h, uint8_t ins, const uint8_t *data, size_t len,
    struct card_answer *a, struct err *e)
{
	bool done;

	explicit_bzero(h->pin, sizeof(h->pin));
	if (!card_enter(h, CARD_LOOK, e))
		return false;
	done = card_ask(h, CARD_CLA_ISO, ins, 0x81, data, len, a, e);
	if (!done)
		err_prefix(e, "whether the new PIN holds is not known, look "
			      "with `postage vault status`");
	card_leave(h);
	return done;
}

bool
card_change_pin(
    void *home, const char *old_pin, const char *new_pin, struct err *e)
{
	uint8_t data[1 + 2 * CARD_PIN_MAX];
	struct card_home *h = home;
	struct card_answer a;
	size_t old_len = old_pin != NULL ? strlen(old_pin) : 0;
	size_t new_len = new_pin != NULL ? strlen(new_pin) : 0;
	bool done;

	if ((old_len > 0 && !card_pin_fits(old_pin, ERR_DENIED, e)) ||
	    (new_len > 0 && !card_pin_fits(new_pin, ERR_REQUEST, e)))
		return false;
	data[0] = (uint8_t)old_len;
	memcpy(data + 1, old_pin != NULL ? old_pin : "", old_len);
	memcpy(data + 1 + old_len, new_pin != NULL ? new_pin : "", new_len);
	done = set_pin(h, CARD_CHANGE_PIN, data, 1 + old_len + new_len, &a, e);
	explicit_bzero(data, sizeof(data));
	if (!done || a.word != CARD_OK)
		return done && card_no(h, a.word, e);
	return new_len == 0 || keep_pin(h, new_pin, ERR_REQUEST, e);
}

static bool
puk_refused(const struct card_home *h, uint16_t word, struct err *e)
{
	if ((word & 0xfff0) == CARD_PIN_WRONG)
		return err_set(e, ERR_DENIED, "PUK wrong, %d %s left",
		    word & 15, (word & 15) == 1 ? "try" : "tries");
	if (word == CARD_PIN_BLOCKED)
		return err_set(e, ERR_DENIED,
		    "%s has no PUK, or its tries are used up: take it to the "
		    "provider",
		    h->id);
	return card_no(h, word, e);
}

bool
card_unblock(void *home, const char *puk, const char *new_pin, struct err *e)
{
	uint8_t data[CARD_PUK_BYTES + CARD_PIN_MAX];
	struct card_home *h = home;
	struct bytes_writer w;
	struct card_answer a;
	bool done;

	if (!card_pin_fits(new_pin, ERR_REQUEST, e))
		return false;
	/* One that cannot be right costs no try. */
	if (strlen(puk) != CARD_PUK_BYTES)
		return err_set(e, ERR_DENIED, "a card's PUK has %d digits",
		    CARD_PUK_BYTES);
	bytes_writer_init(&w, data, sizeof(data));
	bytes_write(&w, puk, CARD_PUK_BYTES);
	bytes_write(&w, new_pin, strlen(new_pin));
	done = set_pin(h, CARD_UNBLOCK, data, w.pos, &a, e);
	explicit_bzero(data, sizeof(data));
	if (!done || a.word != CARD_OK)
		return done && puk_refused(h, a.word, e);
	return keep_pin(h, new_pin, ERR_REQUEST, e);
}

bool
card_set_puk(void *home, const char *puk, struct err *e)
{
	struct card_home *h = home;
	struct card_answer a;
	bool done;

	if (strlen(puk) != CARD_PUK_BYTES)
		return err_set(e, ERR_REQUEST, "a card's PUK has %d digits",
		    CARD_PUK_BYTES);
	if (!card_enter(h, CARD_SPEND, e))
		return false;
	done = card_ask(
	    h, CARD_CLA_ISO, CARD_UNBLOCK, 0x0181, puk, CARD_PUK_BYTES, &a, e);
	if (!done)
		err_prefix(e, "whether the PUK is set is not known, look with "
			      "`postage vault status`");
	card_leave(h);
	if (!done || a.word == CARD_OK)
		return done;
	if (a.word == CARD_WRONG_STATE)
		return err_set(e, ERR_DENIED, "%s has a PUK already", h->id);
	return card_no(h, a.word, e);
}
