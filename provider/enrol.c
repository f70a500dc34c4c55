/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "vault/crypto.h"

#define YEAR_DAYS 365

static bool
certify(struct worker *w, const struct enrol *setup, const char *id,
    uint32_t not_after, struct psd_here *psd, struct err *e)
{
	struct authority_psd spec = {.name = id,
	    .id = id,
	    .serial = psd->cert_serial,
	    .not_before = date_add(worker_today(w), -1),
	    .not_after = not_after,
	    .point = psd->key.point};
	struct cert *cert = NULL;
	bool done = authority_certify(setup->authority, &spec, &cert, e) &&
		    cert_der(cert, psd->certificate, sizeof(psd->certificate),
			&psd->certificate_len, e);

	cert_free(cert);
	return done;
}

static bool
personalise(struct worker *w, const struct enrol *setup,
    const struct psd_here *psd, uint32_t expires, struct psd *out,
    struct err *e)
{
	const struct licence *l = &w->provider->licence;
	struct psd_setup s = {.model = "PS",
	    .serial = psd->serial,
	    .cert_serial = psd->cert_serial,
	    .licence = l->number,
	    .currency = l->currency,
	    .software_id = PSD_SOFTWARE,
	    .min_stamp = setup->min_stamp,
	    .max_stamp = setup->max_stamp,
	    .max_descending = setup->max_descending,
	    .expires = expires};

	memcpy(s.vendor, l->vendor, sizeof(s.vendor));
	psd_init(out);
	out->remembers = 1;
	return crypto_point(w->provider->answer_key, s.provider_key, e) &&
	       psd_initialise(out, e) && psd_personalise(out, &s, e);
}

static bool
make(struct worker *w, const struct enrol *setup, struct psd_record *psd,
    struct psd_row *row, struct err *e)
{
	uint32_t expires = date_add(worker_today(w), setup->years * YEAR_DAYS);
	char id[PSD_ID];

	if (!store_psd_next(w->store, &psd->here.serial, e))
		return false;
	psd->here.cert_serial = psd->here.serial;
	psd->here.account = setup->account;
	snprintf(psd->here.module, sizeof(psd->here.module), "%s",
	    signer_name(setup->signer));
	worker_psd_id(w, psd->here.serial, id);
	if (!signer_make(setup->signer, id, &psd->here.key, e))
		return false;
	if (certify(w, setup, id, expires, &psd->here, e) &&
	    personalise(w, setup, &psd->here, expires, &row->psd, e) &&
	    store_psd_add(w->store, psd, row, worker_ms(w), e))
		return true;
	signer_drop(setup->signer, &psd->here.key);
	return false;
}

bool
enrol_psd(struct worker *w, const struct enrol *setup, uint32_t *serial,
    struct err *e)
{
	struct psd_record *psd = calloc(1, sizeof(*psd));
	struct psd_row *row = calloc(1, sizeof(*row));
	bool done = false;

	if (psd == NULL || row == NULL)
		err_system(e, "memory");
	else
		done = make(w, setup, psd, row, e);
	if (done)
		*serial = psd->here.serial;
	free(psd);
	free(row);
	return done;
}
