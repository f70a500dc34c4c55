/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN of the vault, from its file.  A PIN that the vault refused is not
 * presented again until its file changed: five jobs must not block the PSD
 * because of one wrong line.
 */
#include "dispense/dispense_own.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/durable.h"
#include "vault/pin.h"

/* Names this state of the PIN's file; "" for one that is no file (a systemd
 * credential is made anew at each start). */
static void
file_mark(const char *path, char out[PIN_MARK])
{
	struct stat st;

	out[0] = '\0';
	if (path[0] == '/' && stat(path, &st) == 0)
		snprintf(out, PIN_MARK, "%ju %jd %jd.%09ld\n",
		    (uintmax_t)st.st_ino, (intmax_t)st.st_size,
		    (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static bool
mark_path(const struct settings *s, char out[PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s/pin-refused", s->state_dir) <
	       PATH_MAX;
}

static bool
was_refused(const struct settings *s, const char *mark)
{
	char path[PATH_MAX], got[PIN_MARK];
	struct err ignored = ERR_INIT;
	size_t len;

	return mark[0] != '\0' && mark_path(s, path) &&
	       durable_read(path, got, sizeof(got), &len, &ignored) &&
	       len == strlen(mark) && memcmp(got, mark, len) == 0;
}

/* If it cannot be written the next job tries once more. */
static void
remember_refused(const struct dispense *d, const char *mark)
{
	char path[PATH_MAX];
	struct err ignored = ERR_INIT;

	if (mark[0] == '\0' || !mark_path(d->settings, path) ||
	    !durable_replace(path, mark, strlen(mark), 0600, &ignored))
		return;
}

static bool
present(struct dispense *d, size_t i, struct err *e)
{
	struct pool_member *m = &d->pool.member[i];
	const char *path = d->pin_file[i];
	char pin[PIN_BYTES], *mark = d->pin_mark[i];
	struct err why = ERR_INIT;

	file_mark(path, mark);
	if (was_refused(d->settings, mark))
		return err_set(e, ERR_DENIED,
		    "the PIN in %s was refused before and is not tried again: "
		    "put the right PIN into the file",
		    path);
	if (!pin_read(path, pin, e))
		return false;
	m->unlocked = vault_unlock(m->vault, pin, &why);
	explicit_bzero(pin, sizeof(pin));
	if (m->unlocked)
		return true;
	if (why.kind == ERR_DENIED)
		remember_refused(d, mark);
	return err_set(e, why.kind, "%s%s%s", why.text,
	    why.kind == ERR_DENIED ? ": look at the PIN in " : "",
	    why.kind == ERR_DENIED ? path : "");
}

bool
dispense_pin_was_refused(const struct settings *s)
{
	char mark[PIN_MARK];

	file_mark(s->pin_file, mark);
	return was_refused(s, mark);
}

static bool
unlock_one(struct dispense *d, size_t i, struct err *e)
{
	struct pool_member *m = &d->pool.member[i];

	if (!m->may_spend || m->unlocked || !m->status.pin_required)
		return true;
	if (d->pin_file[i][0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "the vault %s wants a PIN: name its file as pin-file under "
		    "[vault] in postage.conf, then cupsenable the queue",
		    m->uri);
	return present(d, i, e);
}

bool
dispense_unlock(struct dispense *d, struct err *e)
{
	for (size_t i = 0; i < d->pool.count; i++)
		if (!unlock_one(d, i, e))
			return false;
	return true;
}

void
dispense_note_refused(struct dispense *d)
{
	for (size_t i = 0; i < d->pool.count; i++) {
		struct pool_member *m = &d->pool.member[i];

		if (!m->unlocked || vault_pin_holds(m->vault))
			continue;
		m->unlocked = false;
		remember_refused(d, d->pin_mark[i]);
	}
}
