/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "vault/driver.h"

struct vault {
	const struct vault_driver *driver;
	void *home;
	char name[VAULT_URI_MAX];
};

/* In the order of vault_list(): modules of tokens may wait for cards, too. */
static const struct vault_driver *const drivers[] = {
    &vault_file_driver,
    &vault_card_driver,
    &vault_button_driver,
    &vault_hsm_driver,
    &vault_remote_driver,
};

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

static const struct vault_driver *
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

/* "scheme://user:secret@host/" without "user:secret@". */
static void
name_without_secret(const char *uri, char out[VAULT_URI_MAX])
{
	const char *host = strstr(uri, "://");
	const char *at = host == NULL ? NULL : strchr(host + 3, '@');

	if (at != NULL && strcspn(host + 3, "/") > (size_t)(at - host - 3))
		snprintf(out, VAULT_URI_MAX, "%.*s%s", (int)(host + 3 - uri),
		    uri, at + 1);
	else
		text_clean(uri, out, VAULT_URI_MAX);
	/* Which files open the way to a provider is no part of its name. */
	if (strncmp(out, "https:", 6) == 0)
		out[strcspn(out, "?")] = '\0';
}

static bool
known_driver(const char *uri, const struct vault_driver **driver,
    const char **rest, struct err *e)
{
	char name[VAULT_URI_MAX];

	*driver = find_driver(uri, rest);
	if (*driver != NULL && strlen(uri) < VAULT_URI_MAX)
		return true;
	name_without_secret(uri, name);
	return err_set(e, ERR_CONFIG,
	    "vault \"%s\": no kind of vault; write file:FOLDER, hsm:FOLDER, "
	    "card:, button: or https://PROVIDER/",
	    name);
}

static bool
open_home(const struct vault_driver *d, struct nursery *nursery,
    const char *rest, int wait_ms, void **home, struct err *e)
{
	return d->open_in != NULL ? d->open_in(nursery, rest, wait_ms, home, e)
				  : d->open(rest, wait_ms, home, e);
}

bool
vault_open_in(struct nursery *nursery, const char *uri, int wait_ms,
    struct vault **out, struct err *e)
{
	const struct vault_driver *driver;
	const char *rest;
	struct vault *v;

	if (!known_driver(uri, &driver, &rest, e))
		return false;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return err_system(e, "memory for a vault");
	name_without_secret(uri, v->name);
	v->driver = driver;
	if (!open_home(driver, nursery, rest, wait_ms, &v->home, e)) {
		err_prefix(e, "vault %s", v->name);
		free(v);
		return false;
	}
	*out = v;
	return true;
}

bool
vault_open(const char *uri, int wait_ms, struct vault **out, struct err *e)
{
	return vault_open_in(NULL, uri, wait_ms, out, e);
}

static bool
no_guard(const struct vault_driver *driver, struct err *e)
{
	return err_set(e, ERR_CONFIG, "a vault \"%s:\" takes no guard%s",
	    driver->scheme,
	    driver->guard == NULL ? ": nobody can copy it" : "");
}

bool
vault_create(const char *uri, int wait_ms, const struct vault_setup *setup,
    struct err *e)
{
	const struct vault_driver *driver;
	const char *rest;

	if (!known_driver(uri, &driver, &rest, e))
		return false;
	if (setup->puk != NULL && driver->unblock == NULL)
		return err_set(e, ERR_CONFIG, "a vault \"%s:\" has no PUK",
		    driver->scheme);
	if (setup->guard != NULL && setup->guard[0] != '\0' &&
	    driver->set_guard == NULL)
		return no_guard(driver, e);
	return driver->create != NULL
		   ? driver->create(rest, wait_ms, setup, e)
		   : err_set(e, ERR_CONFIG,
			 "a vault \"%s:\" is not made from here",
			 driver->scheme);
}

void
vault_list(int wait_ms, vault_place_fn *each, void *context)
{
	for (size_t i = 0; i < DRIVERS; i++) {
		struct vault_place none = {0};
		struct err e = ERR_INIT;

		if (drivers[i]->list == NULL ||
		    drivers[i]->list(wait_ms, each, context, &e))
			continue;
		snprintf(
		    none.place, sizeof(none.place), "%s:", drivers[i]->scheme);
		snprintf(none.holds, sizeof(none.holds), "%.*s",
		    VAULT_PLACE - 1, e.text);
		each(context, &none);
	}
}

void
vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	v->driver->close(v->home);
	free(v);
}

const char *
vault_name(const struct vault *v)
{
	return v->name;
}

static bool
named(const struct vault *v, bool done, struct err *e)
{
	return done || err_prefix(e, "vault %s", v->name);
}

bool
vault_unlock(struct vault *v, const char *pin, struct err *e)
{
	return named(v, v->driver->unlock(v->home, pin, e), e);
}

bool
vault_pin_holds(const struct vault *v)
{
	return v->driver->pin_holds == NULL || v->driver->pin_holds(v->home);
}

bool
vault_unlock_there(struct vault *v, bool *able, struct err *e)
{
	*able = false;
	return v->driver->unlock_there == NULL ||
	       named(v, v->driver->unlock_there(v->home, able, e), e);
}

bool
vault_change_pin(
    struct vault *v, const char *old_pin, const char *new_pin, struct err *e)
{
	return named(v, v->driver->change_pin(v->home, old_pin, new_pin, e), e);
}

bool
vault_has_puk(const char *uri)
{
	const char *rest;
	const struct vault_driver *driver = find_driver(uri, &rest);

	return driver != NULL && driver->unblock != NULL;
}

bool
vault_unblock(
    struct vault *v, const char *puk, const char *new_pin, struct err *e)
{
	if (v->driver->unblock == NULL)
		return err_set(e, ERR_CONFIG,
		    "vault %s: there is no PUK, the PIN alone opens its key",
		    v->name);
	return named(v, v->driver->unblock(v->home, puk, new_pin, e), e);
}

bool
vault_set_puk(struct vault *v, const char *puk, struct err *e)
{
	if (v->driver->set_puk == NULL)
		return err_set(e, ERR_CONFIG,
		    "vault %s: there is no PUK, the PIN alone opens its key",
		    v->name);
	return named(v, v->driver->set_puk(v->home, puk, e), e);
}

bool
vault_trust(struct vault *v, const char *folder, uint32_t date, struct err *e)
{
	return v->driver->trust == NULL ||
	       named(v, v->driver->trust(v->home, folder, date, e), e);
}

const char *
vault_reason(const struct vault *v)
{
	const char *words =
	    v->driver->reason != NULL ? v->driver->reason(v->home) : NULL;

	return words != NULL ? words : "";
}

const char *
vault_caution(const struct vault *v)
{
	const char *words =
	    v->driver->caution != NULL ? v->driver->caution(v->home) : NULL;

	return words != NULL ? words : "";
}

bool
vault_status(struct vault *v, struct psd_status *out, struct err *e)
{
	return named(v, v->driver->status(v->home, out, e), e);
}

bool
vault_fund(struct vault *v, mils needed, struct psd_status *out, struct err *e)
{
	if (v->driver->fund == NULL)
		return vault_status(v, out, e);
	return named(v, v->driver->fund(v->home, needed, out, e), e);
}

size_t
vault_batch(const struct vault *v)
{
	return v->driver->batch != NULL ? v->driver->batch(v->home)
					: VAULT_BATCH_MAX;
}

bool
vault_debit(struct vault *v, const struct psd_request *in, size_t count,
    struct psd_stamp *out, struct err *e)
{
	return named(v, v->driver->debit(v->home, in, count, out, e), e);
}

bool
vault_debit_next(struct vault *v, uint32_t pieces, const struct psd_request *in,
    size_t count, struct psd_stamp *out, struct err *e)
{
	if (v->driver->debit_next == NULL)
		return err_set(e, ERR_CONFIG,
		    "vault %s: only a card follows a provider's books",
		    v->name);
	return named(
	    v, v->driver->debit_next(v->home, pieces, in, count, out, e), e);
}

bool
vault_find(struct vault *v, const uint8_t key[PSD_KEY_BYTES],
    struct psd_stamp *out, bool *found, struct err *e)
{
	return named(v, v->driver->find(v->home, key, out, found, e), e);
}

bool
vault_recent(
    struct vault *v, struct psd_stamp *out, size_t *count, struct err *e)
{
	return named(v, v->driver->recent(v->home, out, count, e), e);
}

bool
vault_download_request(struct vault *v, mils amount,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	return named(
	    v, v->driver->download_request(v->home, amount, out, len, e), e);
}

bool
vault_download_apply(struct vault *v, const uint8_t *answer, size_t answer_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	return named(v,
	    v->driver->download_apply(v->home, answer, answer_len, out, len, e),
	    e);
}

bool
vault_refund_request(struct vault *v, const struct psd_claim *claim,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	return named(
	    v, v->driver->refund_request(v->home, claim, out, len, e), e);
}

static bool
signs_itself(const struct vault *v, struct err *e)
{
	return err_set(e, ERR_CONFIG,
	    "vault %s: its own PSD signs what is asked of a provider", v->name);
}

bool
vault_refund_ask(struct vault *v, const struct vault_spoiled *what,
    struct vault_refund *out, bool *no, struct err *e)
{
	*no = false;
	if (v->driver->refund_ask == NULL)
		return signs_itself(v, e);
	return named(v, v->driver->refund_ask(v->home, what, out, no, e), e);
}

bool
vault_refund_look(
    struct vault *v, uint32_t number, struct vault_refund *out, struct err *e)
{
	if (v->driver->refund_look == NULL)
		return signs_itself(v, e);
	return named(v, v->driver->refund_look(v->home, number, out, e), e);
}

bool
vault_audit(struct vault *v, const uint8_t nonce[16],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	return named(v, v->driver->audit(v->home, nonce, out, len, e), e);
}

bool
vault_certificate(
    struct vault *v, uint8_t *out, size_t size, size_t *len, struct err *e)
{
	return named(v, v->driver->certificate(v->home, out, size, len, e), e);
}

bool
vault_guard(struct vault *v, struct vault_guard *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	out->by_itself = v->driver->guard == NULL;
	return out->by_itself || named(v, v->driver->guard(v->home, out, e), e);
}

bool
vault_set_guard(struct vault *v, const char *uri,
    const struct vault_judge *judge, struct err *e)
{
	if (v->driver->set_guard == NULL)
		return no_guard(v->driver, e);
	return named(v, v->driver->set_guard(v->home, uri, judge, e), e);
}
