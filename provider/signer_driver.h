/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer_driver: what a kind of cryptographic module implements; callers
 * include provider/signer.h.  Every call may fail as the function of the same
 * name there says; what a failed sign() wrote is erased by the front.
 */
#ifndef PROVIDER_SIGNER_DRIVER_H
#define PROVIDER_SIGNER_DRIVER_H

#include "provider/signer.h"

struct signer_driver {
	const char *scheme; /* "software" */

	/* `rest` is the URI after "scheme:"; setup lives as long as the call, but
	 * for its turn, which is always there. */
	bool (*open)(const struct signer_setup *setup, const char *rest,
	    void **module, struct err *e);
	void (*close)(void *module);
	bool (*make)(void *module, const char *id, struct signer_key *out,
	    struct err *e);
	/* Verifies each signature by key->point. */
	bool (*sign)(void *module, const char *id, const struct signer_key *key,
	    struct signer_message *messages, size_t count, struct err *e);
	/* Modules that follow have these four, and neither make() nor sign(). */
	bool (*follow)(void *module, const char *id,
	    const struct signer_key *key, const struct follow_books *books,
	    struct follow_piece *pieces, size_t count, struct err *e);
	bool (*value)(void *module, const char *id,
	    const struct signer_key *key, const struct follow_books *books,
	    uint32_t sequence, uint8_t receipt[PSD_MESSAGE_MAX], size_t *len,
	    struct err *e);
	bool (*look)(void *module, const char *id, const struct signer_key *key,
	    struct psd_status *out, struct err *e);
	bool (*take)(void *module, const struct signer_judge *judge,
	    struct signer_taken *out, struct err *e);
	/* NULL where a key that nobody keeps is gone. */
	void (*drop)(void *module, const struct signer_key *key);
};

extern const struct signer_driver signer_software_driver;
extern const struct signer_driver signer_hsm_driver;
extern const struct signer_driver signer_card_driver;

#endif
