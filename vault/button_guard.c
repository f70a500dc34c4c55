/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guard in a touch-memory button that counts the writes of some of its pages:
 * DS1963S, DS1963L, DS2423, pages 12 to 15.  A page bears a record that names
 * it as this vault's.  To step is to write the same record again: a torn write
 * leaves it as it was, and the count, which no command sets back, goes on or
 * does not.
 *
 * owserver writes again what it thinks has failed.  Where that was counted
 * twice the vault is taken for an old copy, and the provider is asked: the
 * guard does not forgive, because it cannot tell this from a second vault that
 * counts on the same page.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "vault/button_store.h"
#include "vault/button_uri.h"
#include "vault/guard.h"

#define PAGE	   32
#define FIRST_PAGE 12
#define LAST_PAGE  15
#define VERSION	   1
#define NONCE	   16
#define ID_BYTES   (BUTTON_ROM - 1 + 1 + NONCE) /* ROM, page, nonce */
#define LOOKS	   3 /* at a page that is not as it should be */

static const char magic[4] = {'P', 'S', 'D', 'G'};

_Static_assert(ID_BYTES <= GUARD_ID, "the id fits");

/* A page, and the bus it is on. */
struct counter {
	struct button_link *link;
	struct button_uri uri;
	uint8_t record[PAGE];
};

static bool
parse(const char *rest, struct button_uri *out, struct err *e)
{
	const struct button_kind *kind;

	if (!button_uri_parse(rest, out, e))
		return false;
	/* A vault file may come from anywhere. */
	if (!button_uri_is_local(out))
		return err_set(e, ERR_CONFIG,
		    "a guard's bus is one of this computer, not %s", out->bus);
	kind = button_kind(out->rom);
	if (out->rom[0] != '\0' && (kind == NULL || kind->counted_pages == 0))
		return err_set(e, ERR_CONFIG,
		    "%s counts no writes: a DS1963S, DS1963L or DS2423 does",
		    out->rom);
	return out->page == BUTTON_NO_PAGE ||
	       (out->page >= FIRST_PAGE && out->page <= LAST_PAGE) ||
	       err_set(e, ERR_CONFIG, "page %u has no counter: %d to %d have",
		   out->page, FIRST_PAGE, LAST_PAGE);
}

static void
make_record(const uint8_t nonce[NONCE], uint8_t out[PAGE])
{
	memset(out, 0, PAGE);
	memcpy(out, magic, sizeof(magic));
	out[4] = VERSION;
	memcpy(out + 5, nonce, NONCE);
}

static bool
read_page(struct counter *c, uint8_t out[PAGE], struct err *e)
{
	return button_link_read(
	    c->link, c->uri.rom, (size_t)c->uri.page * PAGE, out, PAGE, e);
}

static bool
write_page(struct counter *c, const uint8_t bytes[PAGE], struct err *e)
{
	return button_link_write(
	    c->link, c->uri.rom, (size_t)c->uri.page * PAGE, bytes, PAGE, e);
}

static bool
read_count(struct counter *c, uint64_t *count, struct err *e)
{
	uint32_t value;

	if (!button_link_count(c->link, c->uri.rom, c->uri.page, &value, e))
		return false;
	*count = value;
	return true;
}

/* --- which one ---------------------------------------------------------------------- */

static bool
find_button(struct counter *c, struct err *e)
{
	char all[BUTTONS_MAX][BUTTON_ROM], wanted[BUTTON_ROM];
	size_t count, found = 0;

	memcpy(wanted, c->uri.rom, sizeof(wanted));
	if (!button_link_list(c->link, all, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct button_kind *kind = button_kind(all[i]);

		if (kind == NULL || kind->counted_pages == 0 ||
		    (wanted[0] != '\0' && strcmp(wanted, all[i]) != 0))
			continue;
		if (++found > 1)
			return err_set(e, ERR_CONFIG,
			    "more than one button that counts is on the bus: "
			    "name one, button:%s",
			    all[i]);
		memcpy(c->uri.rom, all[i], BUTTON_ROM);
	}
	return found == 1 || err_set(e, ERR_ABSENT,
				 "%s%s is not on the bus: hold it to its probe",
				 c->uri.rom[0] != '\0' ? "the button "
						       : "a button that counts",
				 c->uri.rom);
}

/* A page that nobody counts on: blank, or named and not another vault's. */
static bool
is_free(struct counter *c, bool named, bool *out, struct err *e)
{
	uint8_t page[PAGE];

	if (!read_page(c, page, e))
		return false;
	*out = ((page[0] == 0 || page[0] == 0xff) &&
		   memcmp(page, page + 1, PAGE - 1) == 0) ||
	       (named && memcmp(page, magic, sizeof(magic)) != 0);
	return true;
}

static bool
find_page(struct counter *c, struct err *e)
{
	bool named = c->uri.page != BUTTON_NO_PAGE, found = false;
	unsigned first = named ? c->uri.page : FIRST_PAGE;
	unsigned last = named ? c->uri.page : LAST_PAGE;

	for (unsigned page = first; page <= last && !found; page++) {
		c->uri.page = page;
		if (!is_free(c, named, &found, e))
			return false;
	}
	if (found)
		return true;
	return named ? err_set(e, ERR_REQUEST,
			   "page %u of the button %s counts for another vault",
			   c->uri.page, c->uri.rom)
		     : err_set(e, ERR_REQUEST,
			   "no page of the button %s is blank; name one that "
			   "may be written over, button:%s/12",
			   c->uri.rom, c->uri.rom);
}

/* --- the driver ----------------------------------------------------------------------- */

static bool
counter_known(const char *rest, struct err *e)
{
	struct button_uri uri;

	return parse(rest, &uri, e);
}

static bool
set_up(struct counter *c, struct guard *g, uint64_t *count, struct err *e)
{
	uint8_t nonce[NONCE];

	if (!find_button(c, e) || !find_page(c, e))
		return false;
	if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		return err_system(e, "getrandom");
	make_record(nonce, c->record);
	memcpy(g->id, c->uri.rom, BUTTON_ROM - 1);
	g->id[BUTTON_ROM - 1] = (uint8_t)c->uri.page;
	memcpy(g->id + BUTTON_ROM, nonce, NONCE);
	g->id_len = ID_BYTES;
	snprintf(
	    g->maker, sizeof(g->maker), "%s", button_kind(c->uri.rom)->name);
	return (button_uri_format(&c->uri, g->uri, sizeof(g->uri)) ||
		   err_set(e, ERR_CONFIG, "the guard's text is too long")) &&
	       write_page(c, c->record, e) && read_count(c, count, e);
}

static bool
counter_make(const char *rest, struct guard *g, uint64_t *count, struct err *e)
{
	struct counter c = {.link = NULL};
	bool done = parse(rest, &c.uri, e) &&
		    button_link_open(c.uri.bus, &c.link, e) &&
		    set_up(&c, g, count, e);

	button_link_close(c.link);
	return done;
}

/* Is this the page that was made?  One bad contact is no exchange. */
static bool
is_the_one(struct counter *c, const struct guard *g, struct err *e)
{
	uint8_t page[PAGE];

	if (g->id_len != ID_BYTES ||
	    memcmp(g->id, c->uri.rom, BUTTON_ROM - 1) != 0 ||
	    g->id[BUTTON_ROM - 1] != c->uri.page)
		return err_set(
		    e, ERR_CORRUPT, "the vault's guard contradicts itself");
	make_record(g->id + BUTTON_ROM, c->record);
	for (int i = 0; i < LOOKS; i++) {
		if (!read_page(c, page, e))
			return false;
		if (memcmp(page, c->record, PAGE) == 0)
			return true;
	}
	return err_set(e, ERR_CORRUPT,
	    "page %u of the button %s is not this vault's any more: it was "
	    "written over",
	    c->uri.page, c->uri.rom);
}

static bool
enter(const char *rest, const struct guard *g, struct counter *c, struct err *e)
{
	return parse(rest, &c->uri, e) &&
	       button_link_open(c->uri.bus, &c->link, e) && is_the_one(c, g, e);
}

static bool
counter_read(
    const char *rest, const struct guard *g, uint64_t *count, struct err *e)
{
	struct counter c = {.link = NULL};
	bool done = enter(rest, g, &c, e) && read_count(&c, count, e);

	button_link_close(c.link);
	return done;
}

static bool
counter_step(
    const char *rest, const struct guard *g, uint64_t *count, struct err *e)
{
	struct counter c = {.link = NULL};
	bool done = enter(rest, g, &c, e) && write_page(&c, c.record, e) &&
		    read_count(&c, count, e);

	button_link_close(c.link);
	return done;
}

static bool
counter_forget(const char *rest, const struct guard *g, struct err *e)
{
	static const uint8_t blank[PAGE];
	struct counter c = {.link = NULL};
	bool done = enter(rest, g, &c, e) && write_page(&c, blank, e);

	button_link_close(c.link);
	return done;
}

const struct guard_driver guard_button_driver = {
    .kind = "button",
    .known = counter_known,
    .make = counter_make,
    .read = counter_read,
    .step = counter_step,
    .forget = counter_forget,
};
