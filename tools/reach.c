/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/reach.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/log.h"
#include "base/text.h"
#include "tools/as_owner.h"
#include "tools/secret.h"
#include "vault/trust.h"

bool
reach_unlock(const struct settings *s, struct vault *v, struct err *e)
{
	const char *source = s->pin_file, *uri = s->vault_uri;
	char pin[PIN_BYTES] = "", what[160];
	bool done, at_reader = false;

	/* Keys at the reader come before those of the terminal. */
	if (source[0] == '\0' && !vault_unlock_there(v, &at_reader, e))
		return false;
	if (at_reader) {
		log_info("type the PIN of %.120s at its reader", uri);
		return true;
	}
	snprintf(what, sizeof(what), "PIN of %.120s", uri);
	done = secret_read(source, what, pin, e) && as_owner(uri, e) &&
	       vault_unlock(v, pin, e);

	explicit_bzero(pin, sizeof(pin));
	return done;
}

static bool
take(const char *said, char *out, size_t size, struct err *e)
{
	return said == NULL || text_copy(out, size, said) ||
	       err_set(e, ERR_REQUEST, "\"%.60s...\": too long a name", said);
}

/* A URI, or the name of a [vault NAME] with its PIN. */
static bool
take_vault(const char *said, struct settings *s, struct err *e)
{
	const struct vault_settings *named =
	    said != NULL ? settings_vault(s, said) : NULL;

	/* One that is configured by another name brings its PIN, too; that of
	 * [vault] is for no other device. */
	for (int i = 0; said != NULL && named == NULL && i < s->more_count; i++)
		if (strcmp(s->more[i].uri, said) == 0)
			named = &s->more[i];
	if (said == NULL || strcmp(said, SETTINGS_VAULT_MAIN) == 0 ||
	    strcmp(said, s->vault_uri) == 0)
		return true;
	if (named == NULL) {
		s->pin_file[0] = '\0';
		return take(said, s->vault_uri, sizeof(s->vault_uri), e);
	}
	return take(named->uri, s->vault_uri, sizeof(s->vault_uri), e) &&
	       take(named->pin_file, s->pin_file, sizeof(s->pin_file), e);
}

bool
reach_settle(struct reach *r, struct settings *s, struct err *e)
{
	snprintf(r->lab, sizeof(r->lab), "%.4000s/lab", s->state_dir);
	return take_vault(r->uri, s, e) &&
	       take(r->pin_source, s->pin_file, sizeof(s->pin_file), e) &&
	       take(r->lab_option, r->lab, sizeof(r->lab), e);
}

bool
reach_vault(
    const struct settings *s, bool unlock, struct vault **v, struct err *e)
{
	struct psd_status status;

	if (!as_owner(s->vault_uri, e) ||
	    !vault_open(s->vault_uri, s->wait_s * 1000, v, e))
		return false;
	if (!trust_check(*v, s->certificates, date_local(time(NULL)), e)) {
		vault_close(*v);
		*v = NULL;
		return false;
	}
	if (!unlock || (vault_status(*v, &status, e) &&
			   (!status.pin_required || reach_unlock(s, *v, e))))
		return true;
	vault_close(*v);
	*v = NULL;
	return false;
}
