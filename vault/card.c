/* SPDX-License-Identifier: Apache-2.0 */
/* the child of a card_link: the one file that calls pcsc-lite */
#include <string.h>
#include <reader.h>
#include <winscard.h>

#include "vault/card_child.h"
#include "vault/pinpad.h"

#define ALL_READERS "\\\\?PnP?\\Notification"
#define PARTS_MAX   4 /* GET RESPONSE and 6Cxx of one command */

struct child {
	bool established;
	SCARDCONTEXT context;
	bool connected;
	SCARDHANDLE card;
	DWORD protocol;
	bool locked;
	SCARD_READERSTATE seen[CARD_READERS_MAX + 1];
	char names[CARD_READERS_MAX * CARD_READER_NAME];
	DWORD count; /* of `seen` */
};

/* --- errors ------------------------------------------------------------------------ */

static enum err_kind
kind_of(LONG rv)
{
	switch (rv) {
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
	case SCARD_E_NO_READERS_AVAILABLE:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_NO_SMARTCARD:
	case SCARD_W_REMOVED_CARD:
	case SCARD_W_UNPOWERED_CARD:
	case SCARD_W_UNRESPONSIVE_CARD:
	case SCARD_E_INVALID_HANDLE: return ERR_ABSENT;
	case SCARD_E_SHARING_VIOLATION: return ERR_BUSY;
	case SCARD_W_SECURITY_VIOLATION: return ERR_DENIED;
	default: return ERR_SYSTEM;
	}
}

static bool
failed(LONG rv, const char *what, struct err *e)
{
	if (rv == SCARD_E_NO_SERVICE || rv == SCARD_E_SERVICE_STOPPED)
		return err_set(e, ERR_ABSENT,
		    "pcscd does not run: start it with `systemctl start "
		    "pcscd.socket`");
	if (rv == SCARD_W_SECURITY_VIOLATION)
		return err_set(e, ERR_DENIED,
		    "pcscd's polkit policy does not let this user at the card: "
		    "allow org.debian.pcsc-lite.access_pcsc and access_card to "
		    "user postage");
	return err_set(e, kind_of(rv), "%s: %s (0x%08lx)", what,
	    pcsc_stringify_error(rv), (unsigned long)rv);
}

/* --- readers -------------------------------------------------------------------------- */

static bool
establish(struct child *c, struct err *e)
{
	LONG rv;

	if (c->established &&
	    SCardIsValidContext(c->context) == SCARD_S_SUCCESS)
		return true;
	c->established = false;
	rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &c->context);
	if (rv != SCARD_S_SUCCESS)
		return failed(rv, "pcscd", e);
	c->established = true;
	return true;
}

/* Fills c->seen; the last of it is the coming and going of readers. */
static bool
list(struct child *c, struct err *e)
{
	DWORD size = sizeof(c->names);
	LONG rv;

	c->count = 0;
	if (!establish(c, e))
		return false;
	rv = SCardListReaders(c->context, NULL, c->names, &size);
	if (rv == SCARD_E_NO_READERS_AVAILABLE)
		return true;
	if (rv != SCARD_S_SUCCESS)
		return failed(rv, "the list of readers", e);
	for (const char *name = c->names;
	     *name != '\0' && c->count < CARD_READERS_MAX;
	     name += strlen(name) + 1)
		c->seen[c->count++] = (SCARD_READERSTATE){
		    .szReader = name, .dwCurrentState = SCARD_STATE_UNAWARE};
	return true;
}

static bool
look(struct child *c, struct err *e)
{
	LONG rv;

	if (!list(c, e))
		return false;
	if (c->count == 0)
		return true;
	rv = SCardGetStatusChange(c->context, 0, c->seen, c->count);
	if (rv != SCARD_S_SUCCESS && rv != SCARD_E_TIMEOUT)
		return failed(rv, "the readers' state", e);
	return true;
}

static bool
readers(struct child *c, struct bytes_writer *out, struct err *e)
{
	if (!look(c, e))
		return false;
	for (DWORD i = 0; i < c->count; i++) {
		const SCARD_READERSTATE *s = &c->seen[i];
		size_t len = s->cbAtr < CARD_ATR_MAX ? s->cbAtr : CARD_ATR_MAX;

		bytes_write(out, s->szReader, strlen(s->szReader) + 1);
		bytes_write_le(
		    out, (s->dwEventState & SCARD_STATE_PRESENT) != 0, 1);
		bytes_write_le(out, len, 1);
		bytes_write(out, s->rgbAtr, len);
	}
	return true;
}

/* Until something is otherwise than now. */
static bool
wait_for_change(struct child *c, struct bytes_reader *in, struct err *e)
{
	DWORD ms = (DWORD)bytes_read_le(in, 4);
	LONG rv;

	if (!look(c, e))
		return false;
	for (DWORD i = 0; i < c->count; i++)
		c->seen[i].dwCurrentState = c->seen[i].dwEventState;
	c->seen[c->count] = (SCARD_READERSTATE){
	    .szReader = ALL_READERS, .dwCurrentState = c->count << 16};
	rv = SCardGetStatusChange(c->context, ms, c->seen, c->count + 1);
	if (rv != SCARD_S_SUCCESS && rv != SCARD_E_TIMEOUT)
		return failed(rv, "waiting for a card", e);
	return true;
}

/* --- the card ----------------------------------------------------------------------------- */

static void
disconnect(struct child *c)
{
	if (c->connected)
		SCardDisconnect(c->card, SCARD_LEAVE_CARD);
	c->connected = false;
	c->locked = false;
}

static bool
take_reader(struct child *c, struct bytes_reader *in,
    char reader[CARD_READER_NAME], struct err *e)
{
	size_t len = bytes_left(in);

	disconnect(c);
	if (len >= CARD_READER_NAME)
		return err_set(e, ERR_CONFIG, "a reader's name is too long");
	memset(reader, 0, CARD_READER_NAME);
	bytes_read_into(in, reader, len);
	return establish(c, e);
}

/* Power off and on, whatever pcscd thinks of what is in there. */
static bool
wake(struct child *c, struct bytes_reader *in, struct err *e)
{
	char reader[CARD_READER_NAME];
	SCARDHANDLE card;
	DWORD protocol;

	if (!take_reader(c, in, reader, e))
		return false;
	if (SCardConnect(c->context, reader, SCARD_SHARE_DIRECT, 0, &card,
		&protocol) != SCARD_S_SUCCESS)
		return true;
	SCardReconnect(card, SCARD_SHARE_SHARED,
	    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_UNPOWER_CARD,
	    &protocol);
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	return true;
}

static bool
connect_card(struct child *c, struct bytes_reader *in, struct err *e)
{
	char reader[CARD_READER_NAME];
	LONG rv;

	if (!take_reader(c, in, reader, e))
		return false;
	rv = SCardConnect(c->context, reader, SCARD_SHARE_SHARED,
	    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &c->card, &c->protocol);
	if (rv != SCARD_S_SUCCESS)
		return failed(rv, reader, e);
	c->connected = true;
	return true;
}

/* Where another program reset it, or another card came, the link is made anew,
 * and the card proves again who it is. */
static bool
begin(struct child *c, struct err *e)
{
	LONG rv = c->connected ? SCardBeginTransaction(c->card)
			       : SCARD_E_INVALID_HANDLE;

	if (rv == SCARD_W_RESET_CARD)
		return err_set(e, ERR_ABSENT, "the card was reset");
	if (rv != SCARD_S_SUCCESS)
		return failed(rv, "the card", e);
	c->locked = true;
	return true;
}

static void
end(struct child *c)
{
	if (c->locked)
		SCardEndTransaction(c->card, SCARD_LEAVE_CARD);
	c->locked = false;
}

static LONG
transmit(struct child *c, const uint8_t *apdu, size_t len, uint8_t *out,
    DWORD *out_len)
{
	return SCardTransmit(c->card,
	    c->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1,
	    apdu, (DWORD)len, NULL, out, out_len);
}

/* T=0 has no length behind data. */
static size_t
apdu_len(const struct child *c, const uint8_t *apdu, size_t len)
{
	return c->protocol == SCARD_PROTOCOL_T0 && len > 5 &&
		       len == 5 + (size_t)apdu[4] + 1
		   ? len - 1
		   : len;
}

/* The answer is in the last bytes of `out`, the status word behind it. */
static bool
send_apdu(struct child *c, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	uint8_t apdu[CARD_APDU_MAX], part[CARD_REPLY_MAX + 2];
	size_t len = bytes_left(in);

	if (len < 4 || len > sizeof(apdu) || !c->locked)
		return err_set(e, ERR_SYSTEM, "no command for the card");
	bytes_read_into(in, apdu, len);
	len = apdu_len(c, apdu, len);
	for (int i = 0; i < PARTS_MAX; i++) {
		DWORD got = sizeof(part);
		LONG rv = transmit(c, apdu, len, part, &got);

		if (rv != SCARD_S_SUCCESS) {
			failed(rv, "the card", e);
			e->kind = ERR_ABSENT;
			return false;
		}
		/* The reader of vpcd, where its card is pulled. */
		if (got < 2)
			return err_set(e, ERR_ABSENT, "the card says nothing");
		bytes_write(out, part, got - 2);
		if (part[got - 2] == 0x6c && len <= 5 && i + 1 < PARTS_MAX) {
			apdu[4] = part[got - 1];
			len = 5;
		} else if (part[got - 2] == 0x61 && i + 1 < PARTS_MAX) {
			memcpy(
			    apdu, (uint8_t[]){0, CARD_GET_RESPONSE, 0, 0}, 4);
			apdu[4] = part[got - 1];
			len = 5;
		} else {
			bytes_write(out, part + got - 2, 2);
			return true;
		}
	}
	return err_set(e, ERR_SYSTEM, "the card's answer has no end");
}

/* --- the reader's keys --------------------------------------------------------------------------- */

/* A reader that does not answer the question has none. */
static bool
find_pad(struct child *c, uint32_t *control)
{
	uint8_t list[CARD_REPLY_MAX];
	DWORD len = 0;

	return c->locked &&
	       SCardControl(c->card, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0,
		   list, sizeof(list), &len) == SCARD_S_SUCCESS &&
	       len <= sizeof(list) &&
	       pinpad_find(list, len, PINPAD_VERIFY, control);
}

static bool
has_pad(struct child *c, struct bytes_writer *out)
{
	uint32_t control;

	bytes_write_be(out, find_pad(c, &control), 1);
	return true;
}

static bool
pad_pin(struct child *c, struct bytes_writer *out, struct err *e)
{
	uint8_t order[PINPAD_VERIFY_BYTES], word[2];
	uint32_t control;
	DWORD len = 0;
	LONG rv;

	if (!find_pad(c, &control))
		return err_set(e, ERR_ABSENT, "the reader has no keys");
	pinpad_verify(order);
	rv = SCardControl(
	    c->card, control, order, sizeof(order), word, sizeof(word), &len);
	if (rv != SCARD_S_SUCCESS)
		return failed(rv, "the reader's keys", e);
	if (len != sizeof(word))
		return err_set(e, ERR_ABSENT, "the card says nothing");
	bytes_write(out, word, sizeof(word));
	return true;
}

/* --- orders ---------------------------------------------------------------------------------- */

static bool
obey(void *state, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	struct child *c = state;

	switch (bytes_read_le(in, 1)) {
	case ORDER_READERS: return readers(c, out, e);
	case ORDER_WAIT: return wait_for_change(c, in, e);
	case ORDER_WAKE: return wake(c, in, e);
	case ORDER_CONNECT: return connect_card(c, in, e);
	case ORDER_BEGIN: return begin(c, e);
	case ORDER_END: end(c); return true;
	case ORDER_SEND: return send_apdu(c, in, out, e);
	case ORDER_PAD: return has_pad(c, out);
	case ORDER_PAD_PIN: return pad_pin(c, out, e);
	default: return err_set(e, ERR_SYSTEM, "no such order");
	}
}

const struct aside_part card_part = {
    .who = "the card or its reader",
    .state_size = sizeof(struct child),
    .obey = obey,
};
