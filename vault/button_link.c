/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/button_link.h"

#include <stdlib.h>
#include <string.h>

#include "vault/button_child.h"

#define ANSWER_MS 10000 /* longest silence of a bus that works */

struct button_link {
	struct aside *aside;
	char bus[BUTTON_BUS];
	bool told; /* it knows its bus */
};

bool
button_link_open(const char *bus, struct button_link **out, struct err *e)
{
	struct button_link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return err_system(e, "memory for a button");
	strncpy(l->bus, bus, sizeof(l->bus) - 1);
	if (!aside_open(&button_part, &l->aside, e)) {
		free(l);
		return false;
	}
	*out = l;
	return true;
}

void
button_link_close(struct button_link *l)
{
	if (l == NULL)
		return;
	aside_close(l->aside);
	free(l);
}

/* --- orders ---------------------------------------------------------------------- */

static bool
order(struct button_link *l, const struct bytes_writer *w,
    struct bytes_reader *answer, struct err *e)
{
	uint8_t message[1 + BUTTON_BUS];
	struct bytes_writer first;

	if (!l->told) {
		bytes_writer_init(&first, message, sizeof(message));
		bytes_write_le(&first, ORDER_BUS, 1);
		bytes_write(&first, l->bus, strlen(l->bus));
		if (!aside_order(l->aside, &first, ANSWER_MS, answer, e))
			return false;
		l->told = true;
	}
	return aside_order(l->aside, w, ANSWER_MS, answer, e);
}

/* An order about a place in a button. */
static void
begin(struct bytes_writer *w, uint8_t *message, size_t size,
    enum button_order what, const char *rom, size_t at)
{
	bytes_writer_init(w, message, size);
	bytes_write_le(w, what, 1);
	bytes_write(w, rom, BUTTON_ROM - 1);
	bytes_write_le(w, at, 4);
}

static bool
cut(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "an answer about a button is cut");
}

bool
button_link_list(struct button_link *l, char out[BUTTONS_MAX][BUTTON_ROM],
    size_t *count, struct err *e)
{
	uint8_t message[1];
	struct bytes_writer w;
	struct bytes_reader r;

	bytes_writer_init(&w, message, sizeof(message));
	bytes_write_le(&w, ORDER_LIST, 1);
	if (!order(l, &w, &r, e))
		return false;
	memset(out, 0, BUTTONS_MAX * sizeof(out[0]));
	for (*count = 0; bytes_left(&r) > 0 && *count < BUTTONS_MAX; ++*count)
		bytes_read_into(&r, out[*count], BUTTON_ROM - 1);
	return bytes_reader_done(&r) || cut(e);
}

bool
button_link_read(struct button_link *l, const char *rom, size_t at,
    uint8_t *out, size_t len, struct err *e)
{
	uint8_t message[1 + BUTTON_ROM + 8];
	struct bytes_writer w;
	struct bytes_reader r;

	while (len > 0) {
		size_t n = len < BUTTON_CHUNK ? len : BUTTON_CHUNK;

		begin(&w, message, sizeof(message), ORDER_READ, rom, at);
		bytes_write_le(&w, n, 4);
		if (!order(l, &w, &r, e))
			return false;
		bytes_read_into(&r, out, n);
		if (!bytes_reader_done(&r))
			return cut(e);
		at += n;
		out += n;
		len -= n;
	}
	return true;
}

bool
button_link_write(struct button_link *l, const char *rom, size_t at,
    const uint8_t *bytes, size_t len, struct err *e)
{
	uint8_t message[1 + BUTTON_ROM + 4 + BUTTON_CHUNK];
	struct bytes_writer w;
	struct bytes_reader r;
	bool done = true;

	while (done && len > 0) {
		size_t n = len < BUTTON_CHUNK ? len : BUTTON_CHUNK;

		begin(&w, message, sizeof(message), ORDER_WRITE, rom, at);
		bytes_write(&w, bytes, n);
		done = order(l, &w, &r, e);
		at += n;
		bytes += n;
		len -= n;
	}
	explicit_bzero(message, sizeof(message));
	return done;
}

bool
button_link_count(struct button_link *l, const char *rom, unsigned page,
    uint32_t *out, struct err *e)
{
	uint8_t message[1 + BUTTON_ROM + 4];
	struct bytes_writer w;
	struct bytes_reader r;

	begin(&w, message, sizeof(message), ORDER_COUNT, rom, page);
	if (!order(l, &w, &r, e))
		return false;
	*out = (uint32_t)bytes_read_le(&r, 4);
	return bytes_reader_done(&r) || cut(e);
}
