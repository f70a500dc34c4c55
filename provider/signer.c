/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/signer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "provider/signer_driver.h"
#include "provider/signer_turn.h"

struct signer {
	const struct signer_driver *driver;
	void *module;
	char name[SIGNER_NAME_MAX];
	struct signer_turn *turn, *own; /* own: nobody shares it */
};

static const struct signer_driver *const drivers[] = {
    &signer_software_driver,
    &signer_hsm_driver,
    &signer_card_driver,
};

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

static const struct signer_driver *
find_driver(const char *uri, const char **rest)
{
	for (size_t i = 0; i < DRIVERS; i++) {
		size_t len = strlen(drivers[i]->scheme);

		if (strncmp(uri, drivers[i]->scheme, len) == 0 &&
		    uri[len] == ':') {
			*rest = uri + len + 1;
			return drivers[i];
		}
	}
	return NULL;
}

static bool
open_driver(struct signer *s, const struct signer_setup *setup, struct err *e)
{
	struct signer_setup in = *setup;
	char shown[64];
	const char *rest = "";

	if (setup->name[0] == '\0' ||
	    !text_copy(s->name, sizeof(s->name), setup->name))
		return err_set(e, ERR_CONFIG,
		    "a cryptographic module has a name of 1 to %d characters",
		    SIGNER_NAME_MAX - 1);
	s->driver = find_driver(setup->uri, &rest);
	if (s->driver == NULL)
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is no cryptographic module: write software:FILE, "
		    "pkcs11:token=LABEL or card:",
		    text_clean(setup->uri, shown, sizeof(shown)));
	if (in.turn == NULL && !signer_turn_new(&s->own, e))
		return false;
	s->turn = in.turn = in.turn != NULL ? in.turn : s->own;
	return s->driver->open(&in, rest, &s->module, e);
}

bool
signer_open(
    const struct signer_setup *setup, struct signer **out, struct err *e)
{
	struct signer *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_system(e, "memory for a cryptographic module");
	if (!open_driver(s, setup, e)) {
		signer_turn_free(s->own);
		free(s);
		return err_prefix(e, "module %s", setup->name);
	}
	*out = s;
	return true;
}

void
signer_close(struct signer *s)
{
	if (s == NULL)
		return;
	s->driver->close(s->module);
	signer_turn_free(s->own);
	free(s);
}

const char *
signer_name(const struct signer *s)
{
	return s->name;
}

static bool
check_id(const char *id, struct err *e)
{
	size_t len = strlen(id);

	return (len > 0 && len < PSD_ID) ||
	       err_set(e, ERR_REQUEST, "a PSD's id has 1 to %d characters",
		   PSD_ID - 1);
}

/* Has the module this call? */
static bool
can(const struct signer *s, bool has, struct err *e)
{
	if (has)
		return true;
	return signer_follows(s)
		   ? err_set(e, ERR_CONFIG,
			 "a card has the one key that was made in it, and "
			 "signs what it debits, nothing else")
		   : err_set(e, ERR_CONFIG, "it is no card");
}

bool
signer_make(
    struct signer *s, const char *id, struct signer_key *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	return (can(s, s->driver->make != NULL, e) && check_id(id, e) &&
		   s->driver->make(s->module, id, out, e)) ||
	       err_prefix(e, "module %s", s->name);
}

/* As a database gives them. */
static bool
check_key(const char *id, const struct signer_key *key, struct err *e)
{
	return check_id(id, e) &&
	       ((key->ref_len > 0 && key->ref_len <= sizeof(key->ref)) ||
		   err_set(e, ERR_CORRUPT, "it has no key, or one too long"));
}

bool
signer_sign(struct signer *s, const char *id, const struct signer_key *key,
    struct signer_message *messages, size_t count, struct err *e)
{
	bool done;

	assert(count > 0 && count <= SIGNER_BATCH);
	done = can(s, s->driver->sign != NULL, e) && check_key(id, key, e) &&
	       s->driver->sign(s->module, id, key, messages, count, e);
	signer_turn_note(s->turn, e);
	if (done)
		return true;
	for (size_t i = 0; i < count; i++)
		memset(messages[i].sig, 0, SIG_BYTES);
	return err_prefix(e, "module %s: PSD %s", s->name, id);
}

void
signer_drop(struct signer *s, const struct signer_key *key)
{
	if (s->driver->drop != NULL)
		s->driver->drop(s->module, key);
}

bool
signer_is_away(const struct signer *s)
{
	return signer_turn_is_away(s->turn);
}

/* --- modules that follow ------------------------------------------------------ */

bool
signer_follows(const struct signer *s)
{
	return s->driver->follow != NULL;
}

bool
signer_follow(struct signer *s, const char *id, const struct signer_key *key,
    const struct follow_books *books, struct follow_piece *pieces, size_t count,
    struct err *e)
{
	if (can(s, signer_follows(s), e) && check_key(id, key, e) &&
	    s->driver->follow(s->module, id, key, books, pieces, count, e))
		return true;
	for (size_t i = 0; i < count; i++)
		memset(pieces[i].sig, 0, SIG_BYTES);
	return err_prefix(e, "module %s: PSD %s", s->name, id);
}

bool
signer_value(struct signer *s, const char *id, const struct signer_key *key,
    const struct follow_books *books, uint32_t sequence,
    uint8_t receipt[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	return (can(s, signer_follows(s), e) && check_key(id, key, e) &&
		   s->driver->value(
		       s->module, id, key, books, sequence, receipt, len, e)) ||
	       err_prefix(e, "module %s: PSD %s", s->name, id);
}

bool
signer_look(struct signer *s, const char *id, const struct signer_key *key,
    struct psd_status *out, struct err *e)
{
	return (can(s, signer_follows(s), e) && check_key(id, key, e) &&
		   s->driver->look(s->module, id, key, out, e)) ||
	       err_prefix(e, "module %s", s->name);
}

static bool
could_sign(const struct psd_status *s, struct err *e)
{
	if (s->life != PSD_OPERATIONAL)
		return err_set(
		    e, ERR_DENIED, "its card is locked or withdrawn");
	return !s->pin_required || s->pin_tries_left > 0 ||
	       err_set(e, ERR_DENIED, "the PIN of its card is blocked");
}

bool
signer_reach(struct signer *s, const char *id, const struct signer_key *key,
    struct err *e)
{
	struct psd_status status;

	if (!signer_follows(s) || signer_turn_is_there(s->turn))
		return true;
	if (!signer_look(s, id, key, &status, e))
		return false;
	if (could_sign(&status, e))
		return true;
	signer_turn_note(s->turn, e);
	return err_prefix(e, "module %s: PSD %s", s->name, id);
}

bool
signer_take(struct signer *s, const struct signer_judge *judge,
    struct signer_taken *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	return (can(s, signer_follows(s), e) &&
		   s->driver->take(s->module, judge, out, e)) ||
	       err_prefix(e, "module %s", s->name);
}
