/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault create: a PSD of this computer's lab */
#include "tools/as_owner.h"
#include "tools/verb_vault.h"

int
verb_vault_create(struct arguments *a, char **words)
{
	const char *uri = a->settings.vault_uri;
	struct err e = ERR_INIT;
	struct lab *lab = NULL;
	struct vault *v = NULL;
	char id[PSD_ID];
	bool done = pin_read(a->settings.pin_file, a->pin, &e) &&
		    as_owner_of_new(uri, a->settings.state_dir, &e);

	(void)words;
	a->psd.pin = a->pin;
	done = done && lab_open(a->reach.lab, &lab, &e) &&
	       lab_create_vault(lab, uri, &a->psd, id, &e) && as_caller(&e) &&
	       lab_publish(lab, id, a->settings.certificates, &e) &&
	       as_owner(uri, &e) && vault_open(uri, 0, &v, &e);
	lab_close(lab);
	return verb_vault_finish(a, v, done, &e);
}
