/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault guard: what tells an old copy of a vault from the newest */
#include <string.h>

#include "tools/verb_vault.h"
#include "vault/guard.h"

/* The lab's consent, in place of a guard's that is gone or disagrees: so nothing
 * is asked of the vault that its guard would refuse. */
static bool
rebind(struct arguments *a, struct vault **v, const char *uri, struct err *e)
{
	struct vault_guard had;
	struct lab *lab = NULL;
	bool done = reach_vault(&a->settings, false, v, e) &&
		    vault_guard(*v, &had, e) &&
		    (!had.pin_required || reach_unlock(&a->settings, *v, e)) &&
		    lab_open(a->reach.lab, &lab, e) &&
		    lab_rebind(lab, *v, uri, e);

	lab_close(lab);
	return done;
}

static bool
change(struct arguments *a, struct vault **v, const char *uri, struct err *e)
{
	return reach_vault(&a->settings, true, v, e) &&
	       vault_set_guard(*v, uri, NULL, e);
}

int
verb_vault_guard(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	const char *uri = strcmp(words[0], "none") == 0 ? NULL : words[0];
	bool done = (uri == NULL || guard_known(uri, &e)) &&
		    (a->rebind ? rebind : change)(a, &v, uri, &e);

	return verb_vault_finish(a, NULL, v, done, &e);
}
