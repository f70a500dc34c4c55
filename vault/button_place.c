/* SPDX-License-Identifier: Apache-2.0 */
/* the buttons on a bus: what they hold, and a PSD in one that is blank */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "vault/button_own.h"

/* A home that no PSD was found for. */
static struct button_home *
new_home(const char *rest, int wait_ms, struct err *e)
{
	struct button_home *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		err_system(e, "memory for a button");
		return NULL;
	}
	if (button_parse(rest, h, e)) {
		h->wait_ms = wait_ms;
		return h;
	}
	free(h);
	return NULL;
}

/* --- making one ------------------------------------------------------------------ */

/* May a PSD be made here?  What was never named is not written over. */
static bool
may_make(struct button_home *h, const struct button_visit *v, bool *yes,
    struct err *e)
{
	struct button_store store = v->store;
	enum button_content content;
	struct err ignored = ERR_INIT;
	struct psd psd;
	bool named = h->wanted[0] != '\0';

	if (!button_store_content(&store, &content, e))
		return false;
	*yes = content == BUTTON_BLANK || (named && content != BUTTON_POSTAGE);
	/* One that lost its header is damaged, not blank. */
	if (*yes && content != BUTTON_COPY &&
	    cells_find(&store.cells, &psd, &ignored) && psd.control_total > 0)
		*yes = false;
	return *yes || !named ||
	       err_set(e, ERR_REQUEST,
		   "the button %s: a PSD is there already, and it may hold "
		   "value",
		   h->memory->rom);
}

static bool
nothing_blank(const struct button_home *h, size_t found, struct err *e)
{
	if (found > 1)
		return err_set(e, ERR_CONFIG,
		    "more than one blank button is on the bus: name one, "
		    "button:0C.0123456789AB");
	if (h->wanted[0] != '\0')
		return err_set(e, ERR_ABSENT,
		    "the button %s is not on the bus, or has no room for a "
		    "PSD",
		    h->wanted);
	return err_set(e, ERR_ABSENT,
	    "no blank DS1996 or DS1977 is on the bus: one that has a PSD keeps "
	    "it, and one with other data must be named");
}

/* Reads it: *v is what it holds, blank or not. */
static bool
look(struct button_home *h, const char *rom, struct button_visit *v,
    struct err *e)
{
	struct err none = ERR_INIT;

	memset(v, 0, sizeof(*v));
	return button_take(h, rom, e) &&
	       button_lock(rom, h->wait_ms, &v->lock, e) &&
	       (button_read(h, v, &none) || h->memory->known ||
		   err_set(e, none.kind, "%s", none.text));
}

/* The one to make it in, locked and read. */
static bool
find_blank(struct button_home *h, struct button_visit *v, struct err *e)
{
	char all[BUTTONS_MAX][BUTTON_ROM];
	size_t count, found = 0, which = 0;

	if (!button_connect(h, e) || !button_link_list(h->link, all, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct button_kind *kind = button_kind(all[i]);
		bool yes = false, done;

		if (kind == NULL || kind->cells == 0 ||
		    (h->wanted[0] != '\0' && strcmp(h->wanted, all[i]) != 0))
			continue;
		done = look(h, all[i], v, e) && may_make(h, v, &yes, e);
		button_leave(v);
		if (!done)
			return false;
		if (yes)
			which = i;
		found += yes;
	}
	return found == 1 ? look(h, all[which], v, e)
			  : nothing_blank(h, found, e);
}

static bool
make_psd(struct button_home *h, struct button_visit *v,
    const struct vault_setup *setup, struct err *e)
{
	struct sig_key *key = NULL;
	struct cert *cert = NULL;
	struct button_key stored;
	uint8_t der[CERT_MAX];
	size_t len;
	bool done;

	psd_init(&v->psd);
	v->psd.remembers = h->memory->kind->remembers;
	done = psd_initialise(&v->psd, e) &&
	       psd_personalise(&v->psd, &setup->psd, e) &&
	       sig_generate(&key, e) &&
	       setup->certify(setup->context, key, &cert, e) &&
	       cert_der(cert, der, sizeof(der), &len, e) &&
	       button_set_pin(v, key, setup->pin, &stored, e);
	h->memory->thorough = true;
	done = done &&
	       (button_store_create(&v->store, &v->psd, &stored, der, len, e) ||
		   button_failed(h, e));
	explicit_bzero(&stored, sizeof(stored));
	cert_free(cert);
	sig_free(key);
	return done;
}

bool
button_create(const char *rest, int wait_ms, const struct vault_setup *setup,
    struct err *e)
{
	struct button_home *h = new_home(rest, wait_ms, e);
	struct button_visit v = {.lock = -1};
	bool done;

	if (h == NULL)
		return false;
	done = find_blank(h, &v, e) && make_psd(h, &v, setup, e);
	button_leave(&v);
	button_free(h);
	return done;
}

/* --- what is there ----------------------------------------------------------------- */

static void
say(struct vault_place *out, const char *text)
{
	snprintf(out->holds, sizeof(out->holds), "%.*s", VAULT_PLACE - 1, text);
}

static void
describe(struct button_home *h, const char *rom, struct vault_place *out)
{
	struct button_visit v = {.lock = -1};
	enum button_content content = BUTTON_BLANK;
	struct err e = ERR_INIT;

	if (!button_take(h, rom, &e) ||
	    !button_lock(rom, h->wait_ms, &v.lock, &e)) {
		say(out, e.text);
		return;
	}
	if (button_read(h, &v, &e)) {
		out->known = true;
		psd_status(&v.psd, date_local(time(NULL)), &out->status);
		say(out, "a PSD");
	} else if (e.kind == ERR_ABSENT && h->memory->known &&
		   button_store_content(&v.store, &content, &e)) {
		say(out, content == BUTTON_BLANK ? "blank, has room for a PSD"
						 : "other data");
	} else {
		say(out, e.text);
	}
	button_leave(&v);
}

static void
tell(
    struct button_home *h, const char *rom, vault_place_fn *each, void *context)
{
	const struct button_kind *kind = button_kind(rom);
	struct vault_place place = {.known = false};

	if (kind == NULL)
		return;
	snprintf(place.place, sizeof(place.place), "%s %.15s", kind->name, rom);
	if (kind->cells > 0) {
		struct button_uri uri = {.page = BUTTON_NO_PAGE};

		memcpy(uri.rom, rom, BUTTON_ROM);
		memcpy(uri.bus, h->bus, BUTTON_BUS);
		if (!button_uri_format(&uri, place.uri, sizeof(place.uri)))
			place.uri[0] = '\0';
		describe(h, rom, &place);
	} else {
		say(&place, kind->counted_pages > 0
				? "counts writes: a guard for another vault"
				: "too small for a PSD");
	}
	each(context, &place);
}

bool
button_list_bus(const char *bus, int wait_ms, vault_place_fn *each,
    void *context, struct err *e)
{
	char rest[BUTTON_BUS + 2], all[BUTTONS_MAX][BUTTON_ROM];
	struct button_home *h;
	size_t count;
	bool done;

	snprintf(rest, sizeof(rest), "@%s", bus);
	h = new_home(rest, wait_ms, e);
	if (h == NULL)
		return false;
	done =
	    button_connect(h, e) && button_link_list(h->link, all, &count, e);
	for (size_t i = 0; done && i < count; i++)
		tell(h, all[i], each, context);
	button_free(h);
	return done;
}

bool
button_list(int wait_ms, vault_place_fn *each, void *context, struct err *e)
{
	return button_list_bus(BUTTON_BUS_DEFAULT, wait_ms, each, context, e);
}
