/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What anybody may ask: certificates, the list of revoked ones, health.
 */
#include "provider/api.h"

#include <stdlib.h>
#include <string.h>

#include "provider/crl.h"
#include "provider/store_psd.h"

/* --- certificates ------------------------------------------------------------------- */

static bool
give_bytes(struct call *c, const char *type, const uint8_t *ptr, size_t len,
    struct err *e)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return err_system(e, "memory");
	memcpy(copy, ptr, len);
	copy[len] = '\0';
	http_give(c->out, 200, type, copy, len);
	http_add(c->out, "Cache-Control", "max-age=3600");
	return true;
}

static bool
give_certificate(struct call *c, const struct cert *cert, struct err *e)
{
	uint8_t der[CERT_MAX];
	size_t len;

	return cert_der(cert, der, sizeof(der), &len, e) &&
	       give_bytes(c, "application/pkix-cert", der, len, e);
}

/* "XXPS0000000001" */
static bool
parse_psd(struct call *c, uint32_t *serial)
{
	char id[PSD_ID], *end;
	unsigned long n;

	if (strlen(c->tail) != 14)
		return false;
	n = strtoul(c->tail + 4, &end, 10);
	if (*end != '\0' || n > UINT32_MAX)
		return false;
	*serial = (uint32_t)n;
	return strcmp(worker_psd_id(c->w, *serial, id), c->tail) == 0;
}

static bool
give_psd(struct call *c, struct err *e)
{
	struct psd_record psd;
	uint32_t serial;
	bool found = false, done = true;

	if (parse_psd(c, &serial)) {
		done = store_begin(c->w->store, STORE_READ, e) &&
		       store_psd_find(c->w->store, serial, &psd, &found, e);
		store_rollback(c->w->store);
	}
	if (!done)
		return false;
	if (found)
		return give_bytes(c, "application/pkix-cert",
		    psd.here.certificate, psd.here.certificate_len, e);
	http_refuse(c->out, c->request, 404, "there is no such certificate");
	return true;
}

bool
api_certificate(struct call *c, struct err *e)
{
	const struct provider *p = c->w->provider;

	if (strcmp(c->tail, "authority") == 0 && p->authority != NULL)
		return give_certificate(c, p->authority, e);
	if (strcmp(c->tail, p->licence.vendor) == 0)
		return give_certificate(c, p->certificate, e);
	return give_psd(c, e);
}

bool
api_crl(struct call *c, struct err *e)
{
	uint8_t *der = NULL;
	size_t len;
	bool done = crl_newest(c->w, &der, &len, e) &&
		    give_bytes(c, "application/pkix-crl", der, len, e);

	free(der);
	return done;
}

/* --- health ---------------------------------------------------------------------------- */

bool
api_health(struct call *c, struct err *e)
{
	struct json *j;

	if (!store_check_version(c->w->store, e))
		return false;
	j = json_new();
	json_put_text(j, "status", "ok");
	json_put_text(j, "server", c->w->provider->server);
	return api_give(c, j, e);
}
