/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/card_link.h"

#include <stdlib.h>
#include <string.h>

#include "vault/card_child.h"
#include "vault/pinpad.h"

#define TYPING_MS 90000 /* of a person at the reader's keys */

struct card_link {
	struct aside *aside;
	int hold_ms; /* for a card that another program may hold */
};

bool
card_link_open(
    struct nursery *nursery, int wait_ms, struct card_link **out, struct err *e)
{
	struct card_link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return err_system(e, "memory for a card");
	l->hold_ms = wait_ms + CARD_SILENCE_MS;
	if (!aside_open_in(nursery, &card_part, &l->aside, e)) {
		free(l);
		return false;
	}
	*out = l;
	return true;
}

void
card_link_hurry(struct card_link *l, int ms)
{
	l->hold_ms = ms;
}

void
card_link_close(struct card_link *l)
{
	if (l == NULL)
		return;
	aside_close(l->aside);
	free(l);
}

/* --- orders ---------------------------------------------------------------------- */

static bool
simple(struct card_link *l, enum card_order what, const void *bytes, size_t len,
    int ms, struct err *e)
{
	uint8_t message[1 + CARD_READER_NAME];
	struct bytes_writer w;
	struct bytes_reader answer;

	bytes_writer_init(&w, message, sizeof(message));
	bytes_write_le(&w, what, 1);
	bytes_write(&w, bytes, len);
	return aside_order(l->aside, &w, ms, &answer, e);
}

static void
read_name(struct bytes_reader *r, char out[CARD_READER_NAME])
{
	size_t n = 0;
	char c;

	memset(out, 0, CARD_READER_NAME);
	while ((c = (char)bytes_read_le(r, 1)) != '\0' && !r->failed)
		if (n + 1 < CARD_READER_NAME)
			out[n++] = c;
}

bool
card_link_readers(
    struct card_link *l, struct card_reader *out, size_t *count, struct err *e)
{
	uint8_t message = ORDER_READERS;
	struct bytes_writer w;
	struct bytes_reader r;

	bytes_writer_init(&w, &message, 1);
	w.pos = 1;
	if (!aside_order(l->aside, &w, CARD_SILENCE_MS, &r, e))
		return false;
	for (*count = 0; bytes_left(&r) > 0 && *count < CARD_READERS_MAX;
	     ++*count) {
		struct card_reader *reader = &out[*count];

		read_name(&r, reader->name);
		reader->present = bytes_read_le(&r, 1) != 0;
		reader->atr_len = (size_t)bytes_read_le(&r, 1);
		if (reader->atr_len > CARD_ATR_MAX)
			r.failed = true;
		else
			bytes_read_into(&r, reader->atr, reader->atr_len);
	}
	return bytes_reader_done(&r) ||
	       err_set(e, ERR_SYSTEM, "the list of readers is cut");
}

bool
card_link_wait(struct card_link *l, int ms, struct err *e)
{
	uint8_t bytes[4];
	struct bytes_writer w;

	bytes_writer_init(&w, bytes, sizeof(bytes));
	bytes_write_le(&w, (uint64_t)ms, 4);
	return simple(
	    l, ORDER_WAIT, bytes, sizeof(bytes), ms + CARD_SILENCE_MS, e);
}

bool
card_link_wake(struct card_link *l, const char *reader, struct err *e)
{
	return simple(
	    l, ORDER_WAKE, reader, strlen(reader), CARD_SILENCE_MS, e);
}

bool
card_link_connect(struct card_link *l, const char *reader, struct err *e)
{
	return simple(l, ORDER_CONNECT, reader, strlen(reader), l->hold_ms, e);
}

bool
card_link_begin(struct card_link *l, struct err *e)
{
	return simple(l, ORDER_BEGIN, NULL, 0, l->hold_ms, e);
}

void
card_link_end(struct card_link *l)
{
	struct err ignored = ERR_INIT;

	(void)!simple(l, ORDER_END, NULL, 0, CARD_SILENCE_MS, &ignored);
}

bool
card_link_send(struct card_link *l, const struct card_command *in, uint8_t *out,
    size_t *len, uint16_t *word, struct err *e)
{
	uint8_t message[1 + CARD_APDU_MAX];
	struct bytes_writer w;
	struct bytes_reader r;
	bool done;

	bytes_writer_init(&w, message, sizeof(message));
	bytes_write_le(&w, ORDER_SEND, 1);
	bytes_write_le(&w, in->cla, 1);
	bytes_write_le(&w, in->ins, 1);
	bytes_write_be(&w, in->p1p2, 2);
	if (in->len > CARD_DATA_MAX)
		return err_set(e, ERR_REQUEST, "too much for one command");
	if (in->len > 0) {
		bytes_write_le(&w, in->len, 1);
		bytes_write(&w, in->data, in->len);
	}
	bytes_write_le(&w, 0, 1);
	done = aside_order(l->aside, &w,
	    in->ms < CARD_SILENCE_MS ? (int)in->ms : CARD_SILENCE_MS, &r, e);
	explicit_bzero(message, sizeof(message));
	if (!done)
		return false;
	if (bytes_left(&r) < 2 || bytes_left(&r) > CARD_REPLY_MAX + 2)
		return err_set(e, ERR_SYSTEM,
		    "the card's answer is longer than a card's can be");
	*len = bytes_left(&r) - 2;
	bytes_read_into(&r, out, *len);
	*word = (uint16_t)bytes_read_be(&r, 2);
	return true;
}

/* An order without bytes whose answer is a number of `width` bytes. */
static bool
ask_number(struct card_link *l, enum card_order what, size_t width, int ms,
    uint64_t *out, struct err *e)
{
	uint8_t message = (uint8_t)what;
	struct bytes_writer w;
	struct bytes_reader r;

	bytes_writer_init(&w, &message, 1);
	w.pos = 1;
	if (!aside_order(l->aside, &w, ms, &r, e))
		return false;
	*out = bytes_read_be(&r, width);
	return bytes_reader_done(&r) ||
	       err_set(e, ERR_SYSTEM, "the reader's answer is cut");
}

bool
card_link_pad(struct card_link *l, bool *there, struct err *e)
{
	uint64_t number = 0;
	bool done = ask_number(l, ORDER_PAD, 1, CARD_SILENCE_MS, &number, e);

	*there = number == 1;
	return done;
}

bool
card_link_pad_pin(struct card_link *l, uint16_t *word, struct err *e)
{
	uint64_t number = 0;
	bool done = ask_number(l, ORDER_PAD_PIN, 2, TYPING_MS, &number, e);

	*word = (uint16_t)number;
	return done && pinpad_said(*word, e);
}
