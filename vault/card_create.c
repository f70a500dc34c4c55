/* SPDX-License-Identifier: Apache-2.0 */
/* a new PSD in a blank card */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/card_own.h"
#include "vault/card_store.h"
#include "vault/crypto.h"
#include "vault/message.h"

#define CERT_CHUNK 128 /* of a certificate on its way in */

/* --- which card ---------------------------------------------------------------- */

/* What the readers hold, with words for who has to choose. */
struct survey {
	const struct card_home *h;
	int blank;
	char first[CARD_READER_NAME]; /* reader of a blank one */
	char blanks[256], others[256];
};

static void
add(char *list, size_t size, const char *what)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s", len > 0 ? ", " : "", what);
}

static void
note_place(void *context, const struct vault_place *p)
{
	struct survey *s = context;
	char words[2 * VAULT_PLACE + 8];

	if (s->h->reader[0] != '\0' && strcmp(s->h->reader, p->place) != 0)
		return;
	if (p->known || p->uri[0] == '\0') {
		snprintf(words, sizeof(words), "%s: %s", p->place,
		    p->known ? strchr(p->uri, ':') + 1 : p->holds);
		add(s->others, sizeof(s->others), words);
		return;
	}
	if (s->blank++ == 0)
		snprintf(s->first, sizeof(s->first), "%.*s",
		    CARD_READER_NAME - 1, p->place);
	add(s->blanks, sizeof(s->blanks), p->uri);
}

/* The one blank card; a person who has two says which. */
static bool
choose(struct card_home *h, struct err *e)
{
	struct survey s = {.h = h};

	if (h->id[0] != '\0')
		return err_set(e, ERR_CONFIG,
		    "card:%s names a PSD, and a blank card has none: write "
		    "card: or card:reader=NAME",
		    h->id);
	if (!card_list(h->wait_ms, note_place, &s, e))
		return false;
	if (s.blank > 1)
		return err_set(e, ERR_REQUEST,
		    "%d blank postage cards, name one: %.170s", s.blank,
		    s.blanks);
	if (s.blank == 1) {
		memcpy(h->reader, s.first, sizeof(h->reader));
		return true;
	}
	if (s.others[0] == '\0')
		return err_set(
		    e, ERR_ABSENT, "there is no reader \"%s\"", h->reader);
	return err_set(e, ERR_ABSENT,
	    "no blank postage card; a card that has a PSD keeps it (%.160s)",
	    s.others);
}

/* --- making it ------------------------------------------------------------------- */

static bool
put_cert(struct card_home *h, const struct cert *cert, struct err *e)
{
	uint8_t der[CERT_MAX];
	struct card_answer a;
	size_t len, at = 0;

	if (!cert_der(cert, der, sizeof(der), &len, e))
		return false;
	if (len > CARD_CERT_MAX)
		return err_set(e, ERR_REQUEST,
		    "a certificate of %zu bytes: a card holds %d", len,
		    CARD_CERT_MAX);
	while (at < len) {
		size_t n = len - at < CERT_CHUNK ? len - at : CERT_CHUNK;
		unsigned last = at + n == len ? 0x8000 : 0;

		if (!card_do(h, CARD_CLA_PSD, CARD_PUT_CERT,
			(uint16_t)(at | last), der + at, n, &a, e))
			return false;
		at += n;
	}
	return true;
}

/* Identity, PIN and PUK are one command, and one step of the card. */
static bool
personalise(struct card_home *h, const struct vault_setup *setup, struct err *e)
{
	uint8_t bytes[CARD_SETUP_BYTES + 1 + CARD_PIN_MAX + CARD_PUK_BYTES];
	size_t len = card_put_setup(&setup->psd, bytes);
	size_t pin_len = setup->pin != NULL ? strlen(setup->pin) : 0;
	struct card_answer a;
	bool done;

	if (pin_len > 0) {
		bytes[len++] = (uint8_t)pin_len;
		memcpy(bytes + len, setup->pin, pin_len);
		len += pin_len;
	}
	if (pin_len > 0 && setup->puk != NULL) {
		memcpy(bytes + len, setup->puk, CARD_PUK_BYTES);
		len += CARD_PUK_BYTES;
	}
	done = card_do(h, CARD_CLA_PSD, CARD_PERSONALISE, 0, bytes, len, &a, e);
	explicit_bzero(bytes, sizeof(bytes));
	return done;
}

/* One visit, so that it is one card; *named: it may have its name. */
static bool
make(struct card_home *h, const struct vault_setup *setup, struct cert **cert,
    bool *named, struct err *e)
{
	struct sig_key *key = NULL;
	struct card_answer a;
	bool done;

	done = card_do(h, CARD_CLA_ISO, CARD_GENERATE_KEY, 0, NULL, 0, &a, e) &&
	       (a.len == PSD_POINT ||
		   err_set(e, ERR_CORRUPT, "the card's key is no key")) &&
	       crypto_from_point(a.bytes, &key, e) &&
	       setup->certify(setup->context, key, cert, e) &&
	       put_cert(h, *cert, e);
	if (done) {
		done = personalise(h, setup, e);
		*named = done || h->link == NULL;
	} else if (h->link == NULL) {
		err_prefix(e, "the card is still blank, run it again");
	}
	sig_free(key);
	return done;
}

/* --- an answer that was lost --------------------------------------------------------- */

/* Is it the card that was made, and the same certificate? */
static bool
same_cert(const struct card_home *h, const struct cert *cert, struct err *e)
{
	uint8_t wanted[CERT_MAX], found[CERT_MAX];
	size_t wanted_len, found_len;

	if (!cert_der(cert, wanted, sizeof(wanted), &wanted_len, e) ||
	    !cert_der(h->cert, found, sizeof(found), &found_len, e))
		return false;
	return (wanted_len == found_len &&
		   memcmp(wanted, found, found_len) == 0) ||
	       err_set(
		   e, ERR_CORRUPT, "%s is another card's name already", h->id);
}

/* The card went away while it got its name: it has it, or is blank as before;
 * the card says which. */
static bool
was_made(struct card_home *h, const struct psd_setup *setup,
    const struct cert *cert, struct err *e)
{
	struct message_psd psd = {.serial = setup->serial};
	struct psd_status s;
	bool done;

	memcpy(psd.vendor, setup->vendor, sizeof(psd.vendor));
	memcpy(psd.model, setup->model, sizeof(psd.model));
	message_psd_id(&psd, h->id);
	*e = (struct err)ERR_INIT;
	done = card_visit_status(h, CARD_LOOK, &s, e) && same_cert(h, cert, e);
	return done ||
	       err_prefix(e,
		   "the card went away while it got its name; see `postage "
		   "vault list`: it is %s and whole, or blank and to be made "
		   "again",
		   h->id);
}

static bool
secrets_fit(const struct vault_setup *setup, struct err *e)
{
	bool has_pin = setup->pin != NULL && setup->pin[0] != '\0';

	if (has_pin && !card_pin_fits(setup->pin, ERR_REQUEST, e))
		return false;
	if (setup->puk == NULL)
		return true;
	return (has_pin && strlen(setup->puk) == CARD_PUK_BYTES) ||
	       err_set(e, ERR_REQUEST,
		   "a card's PUK has %d digits and goes with a PIN",
		   CARD_PUK_BYTES);
}

bool
card_create(const char *rest, int wait_ms, const struct vault_setup *setup,
    struct err *e)
{
	struct card_home *h = calloc(1, sizeof(*h));
	struct cert *cert = NULL;
	bool done, named = false;

	if (h == NULL)
		return err_system(e, "memory for a card");
	done = secrets_fit(setup, e) && card_parse(rest, h, e);
	h->wait_ms = wait_ms;
	done = done && choose(h, e) && card_enter(h, CARD_BLANK, e);
	if (done) {
		done = make(h, setup, &cert, &named, e);
		card_leave(h);
	}
	if (!done && named)
		done = was_made(h, &setup->psd, cert, e);
	cert_free(cert);
	card_free(h);
	return done;
}
