/* SPDX-License-Identifier: Apache-2.0 */
/* a button vault's button, from its being looked for to its being left */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/flock.h"
#include "vault/button_own.h"
#include "vault/crypto.h"

#define READS	 5    /* of what seems damaged */
#define GRACE_MS 1000 /* a button that bounces is back by then */
#define PAUSE_MS 200  /* between two looks for a button */

bool
button_parse(const char *rest, struct button_home *h, struct err *e)
{
	struct button_uri uri;

	memset(h, 0, sizeof(*h));
	if (!button_uri_parse(rest, &uri, e))
		return false;
	if (uri.page != BUTTON_NO_PAGE)
		return err_set(e, ERR_CONFIG,
		    "\"button:%s\": a page is for a guard, a vault is a whole "
		    "button",
		    rest);
	memcpy(h->wanted, uri.rom, sizeof(h->wanted));
	memcpy(h->bus, uri.bus, sizeof(h->bus));
	return true;
}

/* --- the link --------------------------------------------------------------------- */

void
button_break(struct button_home *h)
{
	button_link_close(h->link);
	h->link = NULL;
	if (h->memory != NULL) {
		h->memory->link = NULL;
		h->memory->known = false;
	}
}

void
button_free(struct button_home *h)
{
	button_break(h);
	sig_free(h->key);
	if (h->memory != NULL)
		explicit_bzero(h->memory, sizeof(*h->memory));
	free(h->memory);
	explicit_bzero(h, sizeof(*h));
	free(h);
}

bool
button_connect(struct button_home *h, struct err *e)
{
	return h->link != NULL || button_link_open(h->bus, &h->link, e);
}

bool
button_take(struct button_home *h, const char *rom, struct err *e)
{
	h->kind = button_kind(rom);
	if (h->memory == NULL)
		h->memory = calloc(1, sizeof(*h->memory));
	if (h->memory == NULL)
		return err_system(e, "memory for a button");
	if (strcmp(h->memory->rom, rom) != 0)
		button_memory_init(h->memory, h->kind, rom);
	h->memory->link = h->link;
	return true;
}

/* The store only knows that the memory failed; the memory knows why. */
bool
button_failed(struct button_home *h, struct err *e)
{
	if (e->kind == ERR_SYSTEM && h->memory->why.kind != ERR_NONE)
		*e = h->memory->why;
	button_break(h);
	return false;
}

/* --- the lock ----------------------------------------------------------------------- */

/* Where the daemon and the programs of its user meet. */
static bool
lock_path(size_t nth, const char *rom, char *out, size_t size)
{
	const char *folder = secure_getenv("RUNTIME_DIRECTORY");
	int n = -1;

	if (nth == 0 && folder != NULL)
		n = snprintf(out, size, "%s/button-%s.lock", folder, rom);
	else if (nth <= 1)
		n = snprintf(out, size, "/run/postage/button-%s.lock", rom);
	else
		n = snprintf(out, size, "/tmp/postage-button-%lu-%s.lock",
		    (unsigned long)geteuid(), rom);
	return n > 0 && (size_t)n < size;
}

bool
button_lock(const char *rom, int wait_ms, int *lock, struct err *e)
{
	char path[256];

	*lock = -1;
	for (size_t i = 0; i < 3 && *lock < 0; i++)
		if (lock_path(i, rom, path, sizeof(path)))
			*lock = open(path,
			    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock < 0)
		return err_system(e, "%s", path);
	if (flock_wait(*lock, LOCK_EX, wait_ms))
		return true;
	if (errno != EWOULDBLOCK)
		err_system(e, "lock %s", path);
	else
		err_set(e, ERR_BUSY,
		    "the button %s: in use by another program for more than "
		    "%d.%03d s",
		    rom, wait_ms / 1000, wait_ms % 1000);
	close(*lock);
	*lock = -1;
	return false;
}

/* --- reading ---------------------------------------------------------------------------- */

static bool
differs(const struct button_memory *m, struct err *e)
{
	return err_set(e, ERR_ABSENT,
	    "the button %s reads differently each time: clean it and its probe",
	    m->rom);
}

/* A wrong byte that only this read has must not pass for damage: the older
 * state would take the newer one's place. */
bool
button_read(struct button_home *h, struct button_visit *v, struct err *e)
{
	struct button_memory *m = h->memory;
	uint8_t *before = malloc(sizeof(m->bytes));
	bool found = false, sure = false;

	if (before == NULL)
		return err_system(e, "memory for a button");
	button_store_init(&v->store, m->kind, m->rom, &m->nvm);
	for (int i = 0; i < READS && !sure; i++) {
		*e = (struct err)ERR_INIT;
		found = false;
		if (!button_memory_look(m, i > 0, e))
			break;
		found = button_store_find(&v->store, &v->psd, e);
		sure = (found && !v->store.cells.torn) ||
		       (i > 0 && memcmp(before, m->bytes, m->nvm.size) == 0);
		memcpy(before, m->bytes, m->nvm.size);
	}
	if (m->known && !sure)
		found = differs(m, e);
	m->thorough = v->store.cells.torn;
	explicit_bzero(before, sizeof(m->bytes));
	free(before);
	return found;
}

/* --- looking for it ------------------------------------------------------------------------ */

/* Does this one hold a PSD? */
static bool
is_postage(struct button_home *h, const char *rom, bool *yes, struct err *e)
{
	struct button_store s;
	struct button_memory *m;
	enum button_content content = BUTTON_BLANK;
	bool done;

	if (!button_take(h, rom, e))
		return false;
	m = h->memory;
	button_store_init(&s, m->kind, rom, &m->nvm);
	done = button_link_read(h->link, rom, 0, m->bytes, m->kind->page, e);
	/* Its header is there; nothing else is. */
	m->known = done;
	done = done && button_store_content(&s, &content, e);
	m->known = false;
	*yes = content == BUTTON_POSTAGE || content == BUTTON_COPY;
	return done;
}

static bool
absent(const struct button_home *h, size_t count, struct err *e)
{
	if (h->wanted[0] != '\0' || h->rom[0] != '\0')
		return err_set(e, ERR_ABSENT,
		    "the button %s is not on the bus: hold it to its probe",
		    h->rom[0] != '\0' ? h->rom : h->wanted);
	return err_set(e, ERR_ABSENT,
	    count == 0 ? "no button is on the bus: hold one to its probe"
		       : "no postage button is on the bus");
}

/* The one that is wanted, was opened, or is the only one. */
static bool
search(struct button_home *h, char rom[BUTTON_ROM], struct err *e)
{
	const char *name = h->rom[0] != '\0' ? h->rom : h->wanted;
	char all[BUTTONS_MAX][BUTTON_ROM];
	size_t count, postage = 0;

	if (!button_link_list(h->link, all, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct button_kind *kind = button_kind(all[i]);
		bool yes = true;

		if (name[0] != '\0' && strcmp(name, all[i]) != 0)
			continue;
		if (name[0] != '\0' && (kind == NULL || kind->cells == 0))
			return err_set(e, ERR_CONFIG,
			    "%s is %s: a DS1996 or a DS1977 has room for a PSD",
			    all[i], kind == NULL ? "no memory" : kind->name);
		if (kind == NULL || kind->cells == 0)
			continue;
		if (name[0] == '\0' && !is_postage(h, all[i], &yes, e))
			return false;
		if (!yes)
			continue;
		if (++postage > 1)
			return err_set(e, ERR_CONFIG,
			    "more than one postage button is on the bus: name "
			    "one, button:%s or button:%s",
			    rom, all[i]);
		memcpy(rom, all[i], BUTTON_ROM);
	}
	return postage == 1 || absent(h, count, e);
}

/* --- is it the same --------------------------------------------------------------------------- */

static bool
is_same(struct button_home *h, const struct button_visit *v, struct err *e)
{
	char id[PSD_ID];

	psd_id(&v->psd, id);
	if (h->id[0] == '\0') {
		strcpy(h->id, id);
		memcpy(h->rom, h->memory->rom, BUTTON_ROM);
		h->cert_serial = v->psd.cert_serial;
		return true;
	}
	return (strcmp(h->id, id) == 0 &&
		   h->cert_serial == v->psd.cert_serial) ||
	       err_set(e, ERR_ABSENT,
		   "the button %s holds another PSD now: %s, not %s", h->rom,
		   id, h->id);
}

/* A link dies with the thread that made it. */
static bool
look_around(struct button_home *h, char rom[BUTTON_ROM], struct err *e)
{
	bool old = h->link != NULL;

	if (button_connect(h, e) && search(h, rom, e))
		return true;
	if (!old || e->kind != ERR_SYSTEM)
		return false;
	button_break(h);
	*e = (struct err)ERR_INIT;
	return button_connect(h, e) && search(h, rom, e);
}

/* One look. */
static bool
try_enter(struct button_home *h, struct button_visit *v, struct err *e)
{
	char rom[BUTTON_ROM] = "";

	memset(v, 0, sizeof(*v));
	v->lock = -1;
	if (!look_around(h, rom, e) || !button_take(h, rom, e)) {
		button_break(h);
		return false;
	}
	if (!button_lock(rom, h->wait_ms, &v->lock, e))
		return false;
	if (!button_read(h, v, e) ||
	    !button_store_mend(&v->store, &v->psd, e)) {
		button_leave(v);
		return button_failed(h, e);
	}
	if (!is_same(h, v, e)) {
		button_leave(v);
		return false;
	}
	h->memory->thorough = false;
	v->psd.pin_verified = v->psd.pin_required && h->key != NULL;
	return true;
}

/* Whoever waits for a person does so without holding anything. */
bool
button_enter(struct button_home *h, struct button_visit *v, struct err *e)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	int64_t end =
	    clock_ms() + (h->wait_ms < GRACE_MS ? h->wait_ms : GRACE_MS);

	while (!try_enter(h, v, e)) {
		if (e->kind != ERR_ABSENT || clock_ms() >= end)
			return false;
		nanosleep(&pause, NULL);
		*e = (struct err)ERR_INIT;
	}
	return true;
}

void
button_leave(struct button_visit *v)
{
	if (v->lock >= 0)
		close(v->lock); /* and unlocks */
	explicit_bzero(v, sizeof(*v));
	v->lock = -1;
}

/* --- writing ------------------------------------------------------------------------------------ */

bool
button_save(struct button_home *h, struct button_visit *v, struct err *e)
{
	if (button_store_save(&v->store, &v->psd, e))
		return true;
	/* From here on no error says that nothing was done. */
	if (e->kind == ERR_FUNDS || e->kind == ERR_REQUEST ||
	    e->kind == ERR_DENIED || e->kind == ERR_CONFIG)
		e->kind = ERR_SYSTEM;
	return button_failed(h, e);
}

bool
button_settle(struct button_home *h, struct button_visit *v, struct err *e)
{
	return cells_settle(&v->store.cells, &v->psd, e) || button_failed(h, e);
}

bool
button_take_key(struct button_home *h, const struct button_visit *v,
    struct psd_crypto *crypto, struct err *e)
{
	if (h->key == NULL && !v->psd.pin_required &&
	    !button_open_key(v, NULL, &h->key, e))
		return false;
	crypto_init(crypto, h->key);
	return true;
}
