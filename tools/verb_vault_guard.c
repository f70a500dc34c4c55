/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault guard: what tells an old copy of a vault from the newest */
#include <string.h>

#include "tools/as_owner.h"
#include "tools/verb_vault.h"
#include "vault/guard.h"
#include "vault/remote_value.h"

#define PROVIDER_MS 60000

/* The provider's consent; an audit follows, so that this state is the only one of
 * its number. */
static bool
rebind_there(
    struct arguments *a, struct vault *v, const char *uri, struct err *e)
{
	struct remote_value provider = {.link = {.front = 0}};
	const struct vault_judge judge = {remote_value_consent, &provider};
	bool only_request;
	bool done = as_caller(e) &&
		    remote_value_open(&provider, a->provider, PROVIDER_MS, e) &&
		    as_owner(a->settings.vault_uri, e) &&
		    vault_set_guard(v, uri, &judge, e) &&
		    verb_vault_exchange(a, v, &only_request, e);

	remote_value_close(&provider);
	return done;
}

static bool
rebind_here(
    struct arguments *a, struct vault *v, const char *uri, struct err *e)
{
	struct lab *lab = NULL;
	bool done =
	    lab_open(a->reach.lab, &lab, e) && lab_rebind(lab, v, uri, e);

	lab_close(lab);
	return done;
}

/* The lab's or provider's consent, in place of a guard's that is gone or disagrees: so nothing
 * is asked of the vault that its guard would refuse. */
static bool
rebind(struct arguments *a, struct vault **v, const char *uri, struct err *e)
{
	struct vault_guard had;

	return reach_vault(&a->settings, false, v, e) &&
	       vault_guard(*v, &had, e) &&
	       (!had.pin_required || reach_unlock(&a->settings, *v, e)) &&
	       (a->provider != NULL ? rebind_there : rebind_here)(
		   a, *v, uri, e);
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
