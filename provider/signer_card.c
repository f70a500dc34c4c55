/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card vault as a module.  In the database is the PSD's id for a key: the card
 * that bears it has the key.
 *
 * Nothing is asked of the card before there is something to do: a server starts
 * without it, and a program that has no work for it gives it no PIN.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "provider/signer_driver.h"
#include "provider/signer_turn.h"
#include "vault/crypto.h"
#include "vault/message.h"
#include "vault/pin.h"

#define WAIT_MS	  2000	/* for another program at the card */
#define ANSWER_MS 10000 /* for other threads */

struct card {
	char uri[VAULT_URI_MAX], pin[PIN_BYTES];
	int answer_ms;
	struct nursery *nursery;
	struct signer_turn *turn;
	struct vault *vault; /* NULL: not found yet */
	uint8_t certificate[CERT_MAX], point[PSD_POINT]; /* of the one found */
	size_t certificate_len;
	bool unlocked;
};

static void
close_module(void *module)
{
	struct card *c = module;

	vault_close(c->vault);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static bool
begin(struct card *c, const struct signer_setup *setup, struct err *e)
{
	if (!text_copy(c->uri, sizeof(c->uri), setup->uri))
		return err_set(e, ERR_CONFIG, "its URI is too long");
	c->answer_ms = setup->answer_ms > 0 ? setup->answer_ms : ANSWER_MS;
	c->nursery = setup->nursery;
	c->turn = setup->turn;
	return setup->pin_file == NULL || pin_read(setup->pin_file, c->pin, e);
}

static bool
open_module(const struct signer_setup *setup, const char *rest, void **module,
    struct err *e)
{
	struct card *c = calloc(1, sizeof(*c));

	(void)rest;
	if (c == NULL)
		return err_system(e, "memory for a module");
	if (!begin(c, setup, e)) {
		close_module(c);
		return false;
	}
	*module = c;
	return true;
}

/* --- turns ---------------------------------------------------------------------- */

/* What is done in a turn, with the card that was found. */
typedef bool card_work(struct card *c, void *context, struct err *e);

static void
forget(struct card *c)
{
	vault_close(c->vault);
	c->vault = NULL;
	c->unlocked = false;
}

/* The card has proved to have this certificate's key, and each visit of this
 * opening is to that very key. */
static bool
read_key(struct card *c, struct err *e)
{
	struct cert *cert = NULL;
	bool done;

	done = vault_certificate(c->vault, c->certificate,
		   sizeof(c->certificate), &c->certificate_len, e) &&
	       cert_parse(c->certificate, c->certificate_len, &cert, e) &&
	       crypto_point(cert_key(cert), c->point, e);
	cert_free(cert);
	return done;
}

static bool
reach(struct card *c, struct err *e)
{
	if (c->vault != NULL)
		return true;
	if (!vault_open_in(c->nursery, c->uri, WAIT_MS, &c->vault, e))
		return false;
	if (read_key(c, e))
		return true;
	forget(c);
	return false;
}

static bool
in_turn(struct card *c, card_work *work, void *context, struct err *e)
{
	bool done, refused = false;

	if (!signer_turn_begin(c->turn, c->answer_ms, e))
		return false;
	done = reach(c, e) && work(c, context, e);
	if (!done && c->vault != NULL)
		refused = !vault_pin_holds(c->vault);
	signer_turn_end(c->turn, e, refused);
	return done;
}

/* --- which card ------------------------------------------------------------------- */

static const char *
name_of(const struct psd_status *s, char id[PSD_ID])
{
	struct message_psd psd = {.serial = s->serial};

	memcpy(psd.vendor, s->vendor, sizeof(psd.vendor));
	memcpy(psd.model, s->model, sizeof(psd.model));
	return message_psd_id(&psd, id);
}

/* One that is another's is looked for anew the next time. */
static bool
is_card_of(struct card *c, const char *id, const struct signer_key *key,
    struct psd_status *status, struct err *e)
{
	char found[PSD_ID];

	if (!vault_status(c->vault, status, e))
		return false;
	if (strcmp(name_of(status, found), id) != 0)
		err_set(e, ERR_ABSENT, "its card is %s: put %s in", found, id);
	else if (memcmp(c->point, key->point, PSD_POINT) != 0)
		err_set(e, ERR_CORRUPT,
		    "a card bears its name and has another key: somebody put "
		    "it there");
	else
		return true;
	forget(c);
	return false;
}

/* Who has the PIN and the card can spend: it is given to no card before that is
 * known to be the right one. */
static bool
unlock(struct card *c, struct err *e)
{
	if (!c->unlocked && c->pin[0] != '\0')
		c->unlocked = vault_unlock(c->vault, c->pin, e);
	return c->unlocked || c->pin[0] == '\0';
}

/* --- signing ------------------------------------------------------------------------ */

struct call {
	const char *id;
	const struct signer_key *key;
	const struct follow_books *books;
	struct follow_piece *pieces;
	size_t count;
};

static bool
all_verify(const struct call *call, struct err *e)
{
	struct sig_key *certified = NULL;
	bool good = true;

	if (!crypto_from_point(call->key->point, &certified, e))
		return err_set(
		    e, ERR_CORRUPT, "its public key is no point of the curve");
	for (size_t i = 0; good && i < call->count; i++) {
		const struct follow_piece *p = &call->pieces[i];

		good = sig_verify(certified, p->message, p->len, p->sig);
	}
	sig_free(certified);
	return good || err_set(e, ERR_CORRUPT,
			   "the certified key does not verify what the card "
			   "signed");
}

static bool
work_follow(struct card *c, void *context, struct err *e)
{
	const struct call *call = context;
	struct psd_status status;

	return is_card_of(c, call->id, call->key, &status, e) && unlock(c, e) &&
	       follow_sign(
		   c->vault, call->books, call->pieces, call->count, e) &&
	       all_verify(call, e);
}

static bool
follow(void *module, const char *id, const struct signer_key *key,
    const struct follow_books *books, struct follow_piece *pieces, size_t count,
    struct err *e)
{
	struct call call = {id, key, books, pieces, count};

	if (key->ref_len != strlen(id) ||
	    memcmp(key->ref, id, key->ref_len) != 0)
		return err_set(e, ERR_CORRUPT, "its key is another PSD's");
	return in_turn(module, work_follow, &call, e);
}

/* --- value ------------------------------------------------------------------------------ */

struct order {
	const char *id;
	const struct signer_key *key;
	const struct follow_books *books;
	uint32_t sequence;
	uint8_t *receipt;
	size_t *len;
};

/* It needs no PIN: the provider's signature is the right to it. */
static bool
work_value(struct card *c, void *context, struct err *e)
{
	const struct order *o = context;
	struct psd_status status;

	return is_card_of(c, o->id, o->key, &status, e) &&
	       follow_value(
		   c->vault, o->books, o->sequence, o->receipt, o->len, e);
}

static bool
value(void *module, const char *id, const struct signer_key *key,
    const struct follow_books *books, uint32_t sequence,
    uint8_t receipt[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct order o = {id, key, books, sequence, receipt, len};

	return in_turn(module, work_value, &o, e);
}

/* --- looking -------------------------------------------------------------------------- */

struct view {
	const char *id;
	const struct signer_key *key;
	struct psd_status *out;
};

static bool
work_look(struct card *c, void *context, struct err *e)
{
	const struct view *v = context;

	return is_card_of(c, v->id, v->key, v->out, e);
}

static bool
look(void *module, const char *id, const struct signer_key *key,
    struct psd_status *out, struct err *e)
{
	return in_turn(module, work_look, &(struct view){id, key, out}, e);
}

/* --- a PSD that nobody uses yet -------------------------------------------------------- */

struct taking {
	const struct signer_judge *judge;
	struct signer_taken *out;
};

static bool
read_card(struct card *c, struct signer_taken *out, struct err *e)
{
	if (!vault_status(c->vault, &out->status, e))
		return false;
	memcpy(out->certificate, c->certificate, c->certificate_len);
	out->certificate_len = c->certificate_len;
	memcpy(out->key.point, c->point, PSD_POINT);
	name_of(&out->status, out->id);
	out->key.ref_len = strlen(out->id);
	memcpy(out->key.ref, out->id, out->key.ref_len);
	return true;
}

static bool
work_take(struct card *c, void *context, struct err *e)
{
	const struct taking *t = context;
	struct signer_taken *out = t->out;
	uint8_t receipt[PSD_MESSAGE_MAX];
	size_t len;

	return read_card(c, out, e) &&
	       t->judge->knows(t->judge->context, out, e) && unlock(c, e) &&
	       vault_download_request(
		   c->vault, 0, out->request, &out->request_len, e) &&
	       t->judge->judge(t->judge->context, out, e) &&
	       vault_download_apply(
		   c->vault, out->answer, out->answer_len, receipt, &len, e);
}

static bool
take(void *module, const struct signer_judge *judge, struct signer_taken *out,
    struct err *e)
{
	struct card *c = module;

	forget(c); /* the one that is in the reader now */
	return in_turn(c, work_take, &(struct taking){judge, out}, e);
}

const struct signer_driver signer_card_driver = {
    .scheme = "card",
    .open = open_module,
    .close = close_module,
    .follow = follow,
    .value = value,
    .look = look,
    .take = take,
};
