/* SPDX-License-Identifier: Apache-2.0 */
/* who signs for a provider: its certificates, and what they make of a stamp */
#include <stdio.h>
#include <string.h>

#include "vault/remote_own.h"
#include "vault/stamp_check.h"

/* --- fetching --------------------------------------------------------------------- */

struct fetched {
	uint8_t der[CERT_MAX];
	size_t len;
	struct cert *cert;
};

static bool
read_cert(void *context, const char *body, size_t len, struct err *e)
{
	struct fetched *f = context;

	if (len > sizeof(f->der))
		return err_set(e, ERR_CONFIG, "too long a certificate");
	memcpy(f->der, body, len);
	f->len = len;
	return cert_parse(f->der, len, &f->cert, e);
}

/* `id` of 2 characters: a provider's; else a PSD's. */
static bool
fetch(struct remote_home *h, const char *id, struct fetched *out, struct err *e)
{
	char path[64];
	const struct remote_question q = {
	    .method = "GET", .path = path, .read = read_cert, .context = out};
	enum cert_rank rank = strlen(id) == 2 ? CERT_PROVIDER : CERT_PSD;
	struct remote_turn turn = {0};

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "/v1/certificates/%s", id);
	if (!remote_ask(&h->link, &q, &turn, e))
		return err_prefix(e, "certificate of %s", id);
	if (cert_rank(out->cert) == rank && strcmp(cert_id(out->cert), id) == 0)
		return true;
	cert_free(out->cert);
	return err_set(
	    e, ERR_CORRUPT, "the certificate of %s is another one", id);
}

/* The provider does not change while it is open. */
static bool
need_provider(struct remote_home *h, struct err *e)
{
	struct psd_status s;
	struct fetched f;

	if (h->provider_len > 0)
		return true;
	if ((!h->known && !remote_look(h, &s, e)) ||
	    !fetch(h, h->seen.psd.vendor, &f, e))
		return false;
	memcpy(h->provider, f.der, f.len);
	h->provider_len = f.len;
	cert_free(f.cert);
	return true;
}

bool
remote_certificate(
    void *home, uint8_t *out, size_t size, size_t *len, struct err *e)
{
	struct remote_home *h = home;

	if (!need_provider(h, e))
		return false;
	if (h->provider_len > size)
		return err_set(e, ERR_REQUEST, "a certificate of %zu bytes",
		    h->provider_len);
	memcpy(out, h->provider, h->provider_len);
	*len = h->provider_len;
	return true;
}

/* --- trust -------------------------------------------------------------------------- */

static bool
check_provider(const struct remote_home *h, const struct cert_store *store,
    uint32_t date, struct err *e)
{
	struct cert *cert = NULL;
	char why[256];
	bool good;

	if (!cert_parse(h->provider, h->provider_len, &cert, e))
		return false;
	good = cert_store_check(store, cert, date, why) == CERT_GOOD;
	cert_free(cert);
	return good ||
	       err_set(e, ERR_DENIED,
		   "its provider is not trusted here (%s): nothing is bought "
		   "from it",
		   why);
}

/* What comes from outside joins the store only behind the check: a self-signed
 * one would be an authority there. */
bool
remote_trust(void *home, const char *folder, uint32_t date, struct err *e)
{
	struct remote_home *h = home;
	struct cert_store *store = NULL;
	bool done = need_provider(h, e) && cert_store_open(folder, &store, e) &&
		    check_provider(h, store, date, e) &&
		    cert_store_add(store, h->provider, h->provider_len, e);

	if (done) {
		cert_store_free(h->store);
		h->store = store;
		h->date = date;
	} else {
		cert_store_free(store);
	}
	return done;
}

/* --- a stamp's PSD --------------------------------------------------------------- */

static const struct cert *
remembered(const struct remote_home *h, const char *id, uint32_t serial)
{
	for (size_t i = 0; i < h->certs; i++)
		if (strcmp(cert_id(h->cert[i]), id) == 0 &&
		    cert_serial(h->cert[i]) == serial)
			return h->cert[i];
	return NULL;
}

static void
remember(struct remote_home *h, struct cert *cert)
{
	if (h->certs == REMOTE_CERTS) {
		cert_free(h->cert[0]);
		memmove(h->cert, h->cert + 1,
		    (REMOTE_CERTS - 1) * sizeof(struct cert *));
		h->certs--;
	}
	h->cert[h->certs++] = cert;
}

/* A certificate of the provider's, or nobody's; whether it is good today is
 * asked for each stamp. */
static bool
find_cert(struct remote_home *h, const char *id, uint32_t serial,
    const struct cert **out, struct err *e)
{
	struct fetched f;

	*out = remembered(h, id, serial);
	if (*out != NULL)
		return true;
	if (!fetch(h, id, &f, e))
		return false;
	remember(h, f.cert);
	*out = f.cert;
	return true;
}

/* --- the checks ---------------------------------------------------------------------- */

/* A stamp of before may be of a PSD whose time is over. */
static const char *
cert_fault(const struct remote_home *h, const struct cert *cert, bool fresh,
    char why[256])
{
	enum cert_state state = cert_store_check(h->store, cert, h->date, why);

	if (state == CERT_GOOD || (state == CERT_OUTDATED && !fresh))
		return NULL;
	return why;
}

/* Real postage and a lab's, this licence and another: never one for the other. */
static const char *
kinship_fault(const struct psd_status *s, const struct indicium *in)
{
	if (memcmp(in->vendor, s->vendor, sizeof(in->vendor)) != 0)
		return "it is another provider's";
	if ((in->has & HAS_LICENCE) && in->licence != s->licence)
		return "it is of another licence";
	if ((in->has & HAS_CURRENCY) && in->currency != s->currency)
		return "its currency is another one";
	return NULL;
}

/* A quote has promised its length. */
static const char *
length_fault(const struct psd_status *s, const struct psd_request *asked,
    const struct psd_stamp *got)
{
	struct err ignored = ERR_INIT;
	size_t len;

	if (!psd_indicium_len(s, asked, &len, &ignored) || len != got->len)
		return "its length is another one";
	return NULL;
}

static bool
judge(const char *fault, const struct remote_stamp *got, struct err *e)
{
	return fault == NULL ||
	       err_set(e, ERR_CORRUPT,
		   "the provider answered with a stamp of %s that is not the "
		   "one that was asked for (%s): nothing is printed of it; "
		   "tell the provider",
		   got->psd, fault);
}

bool
remote_check(struct remote_home *h, const struct psd_request *asked,
    const struct remote_stamp *got, struct err *e)
{
	const struct psd_stamp *s = &got->stamp;
	struct err ignored = ERR_INIT;
	const struct cert *cert;
	const char *fault;
	struct indicium in;
	char why[256];

	if (!indicium_decode(s->indicium, s->len, &in, &ignored))
		return judge("it cannot be read", got, e);
	if (!find_cert(h, got->psd, in.cert_serial, &cert, e)) {
		/* A "no" to this is none to the stamp, which is paid for. */
		if (e->kind != ERR_CORRUPT)
			e->kind = ERR_ABSENT;
		return false;
	}
	fault = stamp_own_fault(s, cert, &in);
	if (fault == NULL)
		fault = cert_fault(h, cert, !s->replayed, why);
	if (fault == NULL)
		fault = kinship_fault(&h->seen.psd, &in);
	if (fault == NULL && asked != NULL)
		fault = stamp_request_fault(&in, asked);
	if (fault == NULL && asked != NULL)
		fault = length_fault(&h->seen.psd, asked, s);
	return judge(fault, got, e);
}
