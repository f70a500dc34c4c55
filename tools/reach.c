/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/reach.h"

#include <string.h>

#include "tools/as_owner.h"
#include "vault/pin.h"

static bool
unlock_vault(
    const char *source, const char *uri, struct vault *v, struct err *e)
{
	char pin[PIN_BYTES];
	bool done = as_caller(e) && pin_read(source, pin, e) &&
		    as_owner(uri, e) && vault_unlock(v, pin, e);

	explicit_bzero(pin, sizeof(pin));
	return done;
}

bool
reach_vault(const struct reach *r, const struct settings *s, bool unlock,
    struct vault **v, struct err *e)
{
	const char *source = r->pin_source ? r->pin_source : s->pin_file;
	struct psd_status status;

	if (!as_owner(s->vault_uri, e) ||
	    !vault_open(s->vault_uri, s->wait_s * 1000, v, e))
		return false;
	if (!unlock || (vault_status(*v, &status, e) &&
			   (!status.pin_required ||
			       unlock_vault(source, s->vault_uri, *v, e))))
		return true;
	vault_close(*v);
	*v = NULL;
	return false;
}
