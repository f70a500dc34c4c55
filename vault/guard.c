/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/guard.h"

#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "vault/aside.h"

#define ANSWER_MS 10000 /* longest silence of a device that works */

static const struct guard_driver *const drivers[] = {
    &guard_tpm_driver,
    &guard_button_driver,
};

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

static const struct guard_driver *
find_driver(const char *uri, const char **rest)
{
	for (size_t i = 0; i < DRIVERS; i++) {
		size_t len = strlen(drivers[i]->kind);

		if (strncmp(uri, drivers[i]->kind, len) == 0 &&
		    uri[len] == ':') {
			*rest = uri + len + 1;
			return drivers[i];
		}
	}
	return NULL;
}

bool
guard_known(const char *uri, struct err *e)
{
	const char *rest;
	const struct guard_driver *driver = find_driver(uri, &rest);
	char clean[GUARD_URI];

	if (driver != NULL && strlen(uri) < GUARD_URI)
		return driver->known(rest, e);
	return err_set(e, ERR_CONFIG,
	    "\"%s\": no kind of guard; write tpm: or "
	    "button:",
	    text_clean(uri, clean, sizeof(clean)));
}

enum guard_verdict
guard_compare(uint64_t epoch, uint64_t count)
{
	if (epoch == count)
		return GUARD_CURRENT;
	if (epoch < count)
		return GUARD_ROLLED_BACK;
	return epoch - count == 1 ? GUARD_UNCOUNTED : GUARD_FOREIGN;
}

/* --- as bytes ------------------------------------------------------------------ */

void
guard_encode(const struct guard *in, uint8_t out[GUARD_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, GUARD_BYTES);
	bytes_write(&w, in->uri, GUARD_URI);
	bytes_write_le(&w, in->id_len, 1);
	bytes_write(&w, in->id, GUARD_ID);
	bytes_write(&w, in->secret, GUARD_SECRET);
	bytes_write(&w, in->maker, GUARD_MAKER);
	bytes_write_le(&w, in->software, 1);
	bytes_write_le(&w, in->epoch, 8);
}

/* Text, and nothing behind its end. */
static bool
is_text(const char *text, size_t size)
{
	char clean[GUARD_URI];
	size_t len = strnlen(text, size);

	for (size_t i = len; i < size; i++)
		if (text[i] != '\0')
			return false;
	return len < size && strcmp(text_clean(text, clean, size), text) == 0;
}

bool
guard_decode(const uint8_t in[GUARD_BYTES], struct guard *out, struct err *e)
{
	static const uint8_t none[GUARD_BYTES];
	struct bytes_reader r;
	uint64_t software;
	bool sound;

	memset(out, 0, sizeof(*out));
	if (memcmp(in, none, GUARD_BYTES) == 0)
		return true;
	bytes_reader_init(&r, in, GUARD_BYTES);
	bytes_read_into(&r, out->uri, GUARD_URI);
	out->id_len = (size_t)bytes_read_le(&r, 1);
	bytes_read_into(&r, out->id, GUARD_ID);
	bytes_read_into(&r, out->secret, GUARD_SECRET);
	bytes_read_into(&r, out->maker, GUARD_MAKER);
	software = bytes_read_le(&r, 1);
	out->software = software == 1;
	out->epoch = bytes_read_le(&r, 8);
	sound = bytes_reader_done(&r) && software <= 1 &&
		out->id_len <= GUARD_ID && is_text(out->uri, GUARD_URI) &&
		is_text(out->maker, GUARD_MAKER);
	if (sound && guard_known(out->uri, e))
		return true;
	memset(out, 0, sizeof(*out));
	return err_set(e, ERR_CORRUPT,
	    "the vault has a guard that this version does not know");
}

/* --- the process that asks it ------------------------------------------------------ */

enum call { CALL_MAKE, CALL_READ, CALL_STEP, CALL_FORGET };

static bool
call_driver(unsigned call, struct guard *g, uint64_t *count, struct err *e)
{
	const char *rest = NULL;
	const struct guard_driver *d = find_driver(g->uri, &rest);
	char copy[GUARD_URI];

	if (d == NULL)
		return err_set(e, ERR_CONFIG, "no kind of guard");
	text_copy(copy, sizeof(copy), rest);
	switch (call) {
	case CALL_MAKE: return d->make(copy, g, count, e);
	case CALL_READ: return d->read(copy, g, count, e);
	case CALL_STEP: return d->step(copy, g, count, e);
	default: return d->forget(copy, g, e);
	}
}

/* An order is the call and the guard's bytes; its answer those and the count. */
static bool
obey(void *state, struct bytes_reader *order, struct bytes_writer *answer,
    struct err *e)
{
	uint8_t bytes[GUARD_BYTES] = {0};
	unsigned call = (unsigned)bytes_read_le(order, 1);
	struct guard g;
	uint64_t count = 0;

	(void)state;
	bytes_read_into(order, bytes, sizeof(bytes));
	if (!guard_decode(bytes, &g, e) || !call_driver(call, &g, &count, e))
		return false;
	guard_encode(&g, bytes);
	bytes_write(answer, bytes, sizeof(bytes));
	bytes_write_le(answer, count, 8);
	explicit_bzero(&g, sizeof(g));
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

static const struct aside_part part = {
    .who = "it",
    .state_size = 1,
    .obey = obey,
};

static bool
in_child(enum call call, struct guard *g, uint64_t *count, struct err *e)
{
	uint8_t message[1 + GUARD_BYTES], bytes[GUARD_BYTES] = {0};
	struct aside *aside = NULL;
	struct bytes_writer w;
	struct bytes_reader r;
	bool done;

	guard_encode(g, bytes);
	bytes_writer_init(&w, message, sizeof(message));
	bytes_write_le(&w, call, 1);
	bytes_write(&w, bytes, sizeof(bytes));
	done = aside_open(&part, &aside, e) &&
	       aside_order(aside, &w, ANSWER_MS, &r, e);
	if (done) {
		bytes_read_into(&r, bytes, sizeof(bytes));
		*count = bytes_read_le(&r, 8);
		done = (bytes_reader_done(&r) ||
			   err_set(e, ERR_SYSTEM, "its answer is cut")) &&
		       guard_decode(bytes, g, e);
	}
	aside_close(aside);
	explicit_bzero(message, sizeof(message));
	explicit_bzero(bytes, sizeof(bytes));
	return done;
}

static bool
named(const char *uri, bool done, struct err *e)
{
	return done || err_prefix(e, "guard %s", uri);
}

bool
guard_make(const char *uri, struct guard *out, struct err *e)
{
	struct guard g = {.uri = ""};
	uint64_t count;
	bool done;

	if (!guard_known(uri, e))
		return false;
	text_copy(g.uri, sizeof(g.uri), uri);
	done = in_child(CALL_MAKE, &g, &count, e);
	if (done) {
		*out = g;
		out->epoch = count;
	}
	explicit_bzero(&g, sizeof(g));
	return named(uri, done, e);
}

static bool
ask(enum call call, const struct guard *g, uint64_t *count, struct err *e)
{
	struct guard copy = *g;
	bool done = in_child(call, &copy, count, e);

	explicit_bzero(&copy, sizeof(copy));
	return named(g->uri, done, e);
}

bool
guard_read(const struct guard *g, uint64_t *count, struct err *e)
{
	return ask(CALL_READ, g, count, e);
}

bool
guard_step(const struct guard *g, uint64_t *count, struct err *e)
{
	return ask(CALL_STEP, g, count, e);
}

bool
guard_forget(const struct guard *g, struct err *e)
{
	uint64_t ignored;

	return ask(CALL_FORGET, g, &ignored, e);
}
