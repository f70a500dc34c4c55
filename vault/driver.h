/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver: what a home of the PSD implements; callers include vault/vault.h.
 *
 * A home keeps its state behind `home`, which open() makes and close() frees;
 * nothing stays locked between two calls.  Every call may fail as the function
 * of the same name in vault/vault.h says.
 */
#ifndef VAULT_DRIVER_H
#define VAULT_DRIVER_H

#include "vault/vault.h"

struct vault_driver {
	const char *scheme; /* "file" */

	/* `rest` is the URI after "scheme:". */
	bool (*open)(const char *rest, int wait_ms, void **home, struct err *e);
	/* Where it has processes: see vault_open_in(). */
	bool (*open_in)(struct nursery *nursery, const char *rest, int wait_ms,
	    void **home, struct err *e);
	void (*close)(void *home);
	/* These two, where the home can. */
	bool (*create)(const char *rest, int wait_ms,
	    const struct vault_setup *setup, struct err *e);
	bool (*list)(
	    int wait_ms, vault_place_fn *each, void *context, struct err *e);
	/* NULL: VAULT_BATCH_MAX. */
	size_t (*batch)(const void *home);
	bool (*unlock)(void *home, const char *pin, struct err *e);
	bool (*change_pin)(void *home, const char *old_pin, const char *new_pin,
	    struct err *e);
	/* Where the PIN is presented again, later. */
	bool (*pin_holds)(const void *home);
	/* Where it has a PUK. */
	bool (*unblock)(
	    void *home, const char *puk, const char *new_pin, struct err *e);
	bool (*set_puk)(void *home, const char *puk, struct err *e);
	/* Where its reader may have keys. */
	bool (*unlock_there)(void *home, bool *able, struct err *e);
	/* What it cannot promise, for a person; or NULL. */
	const char *(*caution)(void *home);
	bool (*status)(void *home, struct psd_status *out, struct err *e);
	/* Where value can be had from elsewhere; or NULL. */
	bool (*fund)(
	    void *home, mils needed, struct psd_status *out, struct err *e);
	bool (*debit)(void *home, const struct psd_request *in, size_t count,
	    struct psd_stamp *out, struct err *e);
	/* Where the device keeps pieces in order by itself. */
	bool (*debit_next)(void *home, uint32_t pieces,
	    const struct psd_request *in, size_t count, struct psd_stamp *out,
	    struct err *e);
	bool (*find)(void *home, const uint8_t key[PSD_KEY_BYTES],
	    struct psd_stamp *out, bool *found, struct err *e);
	bool (*recent)(
	    void *home, struct psd_stamp *out, size_t *count, struct err *e);
	bool (*download_request)(void *home, mils amount,
	    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);
	bool (*download_apply)(void *home, const uint8_t *answer,
	    size_t answer_len, uint8_t out[PSD_MESSAGE_MAX], size_t *len,
	    struct err *e);
	bool (*refund_request)(void *home, const struct psd_claim *claim,
	    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);
	/* These two, where the registers are at a provider. */
	bool (*refund_ask)(void *home, const struct vault_spoiled *what,
	    struct vault_refund *out, bool *no, struct err *e);
	bool (*refund_look)(void *home, uint32_t number,
	    struct vault_refund *out, struct err *e);
	bool (*audit)(void *home, const uint8_t nonce[PSD_NONCE],
	    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);
	bool (*certificate)(
	    void *home, uint8_t *out, size_t size, size_t *len, struct err *e);
	/* Where its stamps are of several PSDs: see vault_trust(). */
	bool (*trust)(
	    void *home, const char *folder, uint32_t date, struct err *e);
	/* Why it is locked, in the words of who locked it; or NULL. */
	const char *(*reason)(const void *home);
	/* Where the medium can be copied; the second, where a guard can stand
	 * beside it. */
	bool (*guard)(void *home, struct vault_guard *out, struct err *e);
	bool (*set_guard)(void *home, const char *uri,
	    const struct vault_judge *judge, struct err *e);
};

extern const struct vault_driver vault_file_driver;
extern const struct vault_driver vault_hsm_driver;
extern const struct vault_driver vault_card_driver;
extern const struct vault_driver vault_button_driver;
extern const struct vault_driver vault_remote_driver;

#endif
