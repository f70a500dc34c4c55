/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/worker.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"

struct signer *
worker_signer(const struct worker *w, const char *module)
{
	for (size_t i = 0; i < w->signers; i++)
		if (strcmp(signer_name(w->signer[i]), module) == 0)
			return w->signer[i];
	return NULL;
}

bool
places_take(struct places *p)
{
	if (p == NULL || p->taken++ < p->max)
		return true;
	p->taken--;
	return false;
}

void
places_give(struct places *p)
{
	if (p != NULL)
		p->taken--;
}

/* As vault/psd.h writes them. */
static const char *
write_id(const struct worker *w, const char *model, uint32_t serial,
    char out[PSD_ID])
{
	snprintf(out, PSD_ID, "%.2s%s%010lu", w->provider->licence.vendor,
	    model, (unsigned long)serial);
	return out;
}

const char *
worker_psd_id(const struct worker *w, uint32_t serial, char out[PSD_ID])
{
	return write_id(w, "PS", serial, out);
}

const char *
worker_system_id(const struct worker *w, int64_t system, char out[PSD_ID])
{
	return write_id(w, "US", (uint32_t)system, out);
}

void
worker_count_stamp(const struct worker *w, mils amount)
{
	if (w->provider->tally == NULL)
		return;
	w->provider->tally->stamps++;
	w->provider->tally->sum += amount;
}

void
worker_count_doubt(const struct worker *w)
{
	if (w->provider->tally != NULL)
		w->provider->tally->in_doubt++;
}

const char *
worker_person_id(const struct worker *w, int64_t person, char out[PSD_ID])
{
	return write_id(w, "PN", (uint32_t)person, out);
}

int64_t
worker_ms(const struct worker *w)
{
	struct timespec now;

	if (w->provider->now_ms != NULL)
		return w->provider->now_ms();
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint32_t
worker_today(const struct worker *w)
{
	return date_local((time_t)(worker_ms(w) / 1000));
}
