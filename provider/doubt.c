/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/doubt.h"

#include "base/log.h"
#include "base/text.h"
#include "provider/store_field.h"

bool
doubt_look(struct worker *w, const struct indicium *in,
    const struct stamp_end *stamp, struct doubt *out, struct err *e)
{
	bool could, found;

	*out = (struct doubt){.kind = DOUBT_NONE};
	if (!store_field_could(w->store, stamp->psd, stamp->ascending,
		stamp->ascending + (mils)in->descending, &could, e))
		return false;
	if (!could || stamp->amount > stamp->ascending) {
		out->kind = DOUBT_NEVER;
		return true;
	}
	if (!store_end_twin(w->store, stamp, &out->other, &found, e))
		return false;
	if (found)
		out->kind = DOUBT_TWIN;
	return true;
}

bool
doubt_keep(struct worker *w, const struct doubt *d,
    const struct stamp_end *stamp, const char *place, bool *withheld,
    struct err *e)
{
	const uint8_t *other = d->kind == DOUBT_TWIN ? d->other.digest : NULL;
	char id[PSD_ID], spent[MILS_TEXT], where[END_PLACE];
	bool fresh;

	*withheld = false;
	if (d->kind == DOUBT_NONE)
		return true;
	text_clean(place, where, sizeof(where));
	if (!store_doubt_add(w->store, stamp, other, where, &fresh, e) ||
	    (fresh && !store_field_withhold(w->store, stamp->psd, withheld, e)))
		return false;
	if (fresh)
		log_warning("PSD %s%s: %s: a stamp has register %s, %s",
		    worker_psd_id(w, stamp->psd, id),
		    *withheld ? " is withheld from now on" : "", where,
		    mils_format(stamp->ascending, spent),
		    other != NULL ? "which another one has"
				  : "which it was never given");
	return true;
}
