/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer: the cryptographic module of a processing server, where the keys of
 * its PSDs are.
 *
 *	software:FILE	keys in the database, each under AES-256-GCM with the
 *			32 bytes of FILE (or credential:NAME), which all servers
 *			with the same file can use
 *	pkcs11:...	keys in a token that never gives them out (vault/hsm.h)
 *	card:...	a card vault (vault/card_home.h), which is a PSD itself
 *
 * A card signs no bytes: it debits, with registers of its own, as the books have
 * debited before (vault/follow.h).  Such a module follows: it signs pieces in
 * their order, by signer_follow() alone, and its PSD was made in it already.
 *
 * The PIN of a token is presented when the module is opened and after the token
 * was away; one that was refused is forgotten.  Who opens many opens one first:
 * each presents the PIN, and a token counts.
 *
 * A module has a name, which stands beside each of its keys in the database: a
 * server signs for the PSDs whose module it has.  Each thread opens its own.
 *
 * No signature leaves that the certified key does not verify.
 */
#ifndef PROVIDER_SIGNER_H
#define PROVIDER_SIGNER_H

#include "stamp/cert.h"
#include "stamp/sig.h"
#include "vault/follow.h"
#include "vault/psd.h"

#define SIGNER_NAME_MAX 64
#define SIGNER_KEY_MAX	512
#define SIGNER_BATCH	100

struct signer;
struct signer_turn;
struct nursery;

struct signer_setup {
	const char *name; /* of the module */
	const char *uri;
	const char *pin_file;	 /* of a token or card; NULL: none */
	struct nursery *nursery; /* theirs and threads: vault/nursery.h */
	int answer_ms; /* longest silence of a token; 0: HSM_ANSWER_MS */
	struct signer_turn
	    *turn; /* of the module's threads; NULL: one thread */
};

/* Errors: ERR_CONFIG (URI, file), ERR_ABSENT (no token), ERR_BUSY (a token that
 * is silent), ERR_DENIED (PIN), ERR_SYSTEM. */
MUST_CHECK bool signer_open(
    const struct signer_setup *setup, struct signer **out, struct err *e);
void signer_close(struct signer *s); /* NULL is allowed */
const char *signer_name(const struct signer *s);

/* How the database keeps a key: a wrapped one, or where it is in the token. */
struct signer_key {
	uint8_t ref[SIGNER_KEY_MAX];
	size_t ref_len;
	uint8_t point[PSD_POINT];
};

/* A new key pair for PSD `id`.
 * Errors: ERR_ABSENT, ERR_BUSY, ERR_CONFIG (the URI names a key), ERR_DENIED
 * (PIN), ERR_REQUEST (id), ERR_SYSTEM. */
MUST_CHECK bool signer_make(
    struct signer *s, const char *id, struct signer_key *out, struct err *e);

/* Signs `count` messages (1 to SIGNER_BATCH) of PSD `id` with its key, as one
 * piece of work where the module can: all, or none and every `sig` is zero.
 * Errors: ERR_ABSENT, ERR_BUSY (silent too long), ERR_CORRUPT (the key is not
 * this PSD's, a signature does not verify), ERR_CONFIG (a key of no use, or of
 * another module), ERR_DENIED (the token's PIN was changed), ERR_REQUEST (id,
 * message too long), ERR_SYSTEM. */
struct signer_message {
	const uint8_t *ptr;
	size_t len;
	uint8_t sig[SIG_BYTES]; /* out */
};
MUST_CHECK bool
signer_sign(struct signer *s, const char *id, const struct signer_key *key,
    struct signer_message *messages, size_t count, struct err *e);

/* Is it known to be away, or to refuse its PIN?  It is not asked; what was found out
 * some seconds ago counts no more. */
bool signer_is_away(const struct signer *s);

/* --- modules that follow ------------------------------------------------------ */

bool signer_follows(const struct signer *s);

/* Signs `count` (1 to FOLLOW_MAX) pieces of PSD `id`, one behind the other, from
 * the first on that the database has no signature of; their signatures are
 * written there before the next ones are asked for.
 * Errors: as follow_sign(); ERR_ABSENT also: another card; ERR_CORRUPT also: a
 * signature does not verify, a card of its name has another key (and was not given
 * the PIN); ERR_CONFIG (a module that does not follow). */
MUST_CHECK bool signer_follow(struct signer *s, const char *id,
    const struct signer_key *key, const struct follow_books *books,
    struct follow_piece *pieces, size_t count, struct err *e);

/* Gives a device that has issued all pieces of PSD `id` what its books gave it
 * behind those, up to answer `sequence` (follow_value()); its signed word on that.
 * Errors: as follow_value(), signer_look(). */
MUST_CHECK bool
signer_value(struct signer *s, const char *id, const struct signer_key *key,
    const struct follow_books *books, uint32_t sequence,
    uint8_t receipt[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* The registers of the device, which are or will be those of PSD `id`.
 * Errors: ERR_ABSENT (also: another card), ERR_BUSY, ERR_CORRUPT (also: another
 * key), ERR_CONFIG. */
MUST_CHECK bool signer_look(struct signer *s, const char *id,
    const struct signer_key *key, struct psd_status *out, struct err *e);

/* Is the device there, and could sign?  It is asked where nothing was heard of it
 * for a moment; of a module that does not follow nothing is asked.
 * Errors: as signer_look(); ERR_DENIED (it refuses its PIN, is locked or
 * withdrawn). */
MUST_CHECK bool signer_reach(struct signer *s, const char *id,
    const struct signer_key *key, struct err *e);

/* The PSD that is in the module, which nobody uses yet. */
struct signer_taken {
	char id[PSD_ID];
	struct signer_key key;
	uint8_t certificate[CERT_MAX];
	size_t certificate_len;
	struct psd_status status;
	uint8_t request[PSD_MESSAGE_MAX], answer[PSD_MESSAGE_MAX];
	size_t request_len, answer_len;
};

/* Reads it; where its judge knows it, presents the PIN, has it ask for a value of 0
 * (its signature proves the registers, and the PIN is right), and gives it the
 * answer that `judge` wrote into *taken: what it applies is its provider's.
 * Errors: as knows(), judge(), signer_look(), vault_download_apply(); ERR_DENIED
 * (PIN). */
struct signer_judge {
	bool (*knows)(void *context, struct signer_taken *taken, struct err *e);
	bool (*judge)(void *context, struct signer_taken *taken, struct err *e);
	void *context;
};
MUST_CHECK bool signer_take(struct signer *s, const struct signer_judge *judge,
    struct signer_taken *out, struct err *e);

/* --- */

/* Destroys the key that signer_make() made last, which nobody certified. */
void signer_drop(struct signer *s, const struct signer_key *key);

#endif
