/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault pin */
#include "tools/verb_vault.h"

int
verb_vault_pin(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	struct psd_status status;
	bool done = reach_vault(&a->settings, false, &v, &e) &&
		    vault_status(v, &status, &e) &&
		    (!status.pin_required ||
			pin_read(a->settings.pin_file, a->pin, &e)) &&
		    pin_read(a->new_pin_source, a->new_pin, &e) &&
		    vault_change_pin(v, a->pin, a->new_pin, &e);

	(void)words;
	return verb_vault_finish(a, v, done, &e);
}
