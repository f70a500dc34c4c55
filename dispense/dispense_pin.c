/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN of the vault, from its file.  A PIN that the vault refused is not
 * presented again until its file changed: five jobs must not block the PSD
 * because of one wrong line.
 */
#include "dispense/dispense_own.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/durable.h"
#include "vault/pin.h"

#define MARK_NAME  "pin-refused."
#define LAST_TRIES 2

/* Names this state of the PIN's file; "" where it cannot be looked at.  A systemd
 * credential is a file that is made anew at each start. */
static void
file_mark(const char *source, char out[PIN_MARK])
{
	char path[PATH_MAX];
	struct err ignored = ERR_INIT;
	struct stat st;

	out[0] = '\0';
	if (pin_path(source, path, &ignored) && path[0] == '/' &&
	    stat(path, &st) == 0)
		snprintf(out, PIN_MARK, "%ju %jd %jd.%09ld\n",
		    (uintmax_t)st.st_ino, (intmax_t)st.st_size,
		    (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* What was refused by this PSD. */
static bool
mark_path(const struct settings *s, const char *id, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s/" MARK_NAME "%s", s->state_dir, id);

	for (int i = n - (int)strlen(id); i > 0 && i < n && n < PATH_MAX; i++)
		if (out[i] == '/') /* a device says what it likes */
			out[i] = '_';
	return n > 0 && n < PATH_MAX;
}

static bool
has_mark(const char *path, const char *mark)
{
	char got[PIN_MARK];
	struct err ignored = ERR_INIT;
	size_t len;

	return mark[0] != '\0' &&
	       durable_read(path, got, sizeof(got), &len, &ignored) &&
	       len == strlen(mark) && memcmp(got, mark, len) == 0;
}

/* If it cannot be written the next job tries once more. */
static void
remember_refused(const struct dispense *d, size_t i)
{
	const char *mark = d->pin_mark[i];
	char path[PATH_MAX];
	struct err ignored = ERR_INIT;

	if (mark[0] != '\0' &&
	    mark_path(d->settings, d->pool.member[i].id, path))
		(void)!durable_replace(
		    path, mark, strlen(mark), 0600, &ignored);
}

/* A try that the vault counted, and of which no answer came, is lost too. */
static bool
check_tries(const struct pool_member *m, struct err *e)
{
	return m->status.pin_tries_left > LAST_TRIES ||
	       err_set(e, ERR_DENIED,
		   "%s has only %d tries of its PIN left: they are a person's. "
		   "`postage vault audit` with the right PIN brings all back",
		   m->id, m->status.pin_tries_left);
}

static bool
present(struct dispense *d, size_t i, struct err *e)
{
	struct pool_member *m = &d->pool.member[i];
	const char *source = d->pin_file[i];
	char pin[PIN_BYTES], path[PATH_MAX], *mark = d->pin_mark[i];
	struct err why = ERR_INIT;

	file_mark(source, mark);
	if (mark_path(d->settings, m->id, path) && has_mark(path, mark))
		return err_set(e, ERR_DENIED,
		    "the PIN in %s was refused by %s before and is not tried "
		    "again: put the right PIN into the file",
		    source, m->id);
	if (!check_tries(m, e) || !pin_read(source, pin, e))
		return false;
	m->unlocked = vault_unlock(m->vault, pin, &why);
	explicit_bzero(pin, sizeof(pin));
	if (m->unlocked)
		return true;
	if (why.kind == ERR_DENIED)
		remember_refused(d, i);
	return err_set(e, why.kind, "%s%s%s", why.text,
	    why.kind == ERR_DENIED ? ": look at the PIN in " : "",
	    why.kind == ERR_DENIED ? source : "");
}

bool
dispense_pin_was_refused(const struct settings *s)
{
	char mark[PIN_MARK], path[PATH_MAX];
	DIR *folder = opendir(s->state_dir);
	struct dirent *entry;
	bool refused = false;

	file_mark(s->pin_file, mark);
	while (folder != NULL && !refused && (entry = readdir(folder)) != NULL)
		refused = strncmp(entry->d_name, MARK_NAME,
			      sizeof(MARK_NAME) - 1) == 0 &&
			  snprintf(path, sizeof(path), "%s/%s", s->state_dir,
			      entry->d_name) < PATH_MAX &&
			  has_mark(path, mark);
	if (folder != NULL)
		closedir(folder);
	return refused;
}

static bool
unlock_one(struct dispense *d, size_t i, struct err *e)
{
	struct pool_member *m = &d->pool.member[i];

	if (m->unlocked || !m->status.pin_required)
		return true;
	if (d->pin_file[i][0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "the vault %s wants a PIN: name its file as pin-file "
		    "beside "
		    "its uri in postage.conf, then cupsenable the queue",
		    m->uri);
	return present(d, i, e);
}

bool
dispense_unlock(struct dispense *d, struct err *e)
{
	for (size_t i = 0; i < d->pool.count; i++) {
		struct pool_member *m = &d->pool.member[i];
		struct err why = ERR_INIT;

		if (!m->may_spend || unlock_one(d, i, &why))
			continue;
		if (why.kind == ERR_CORRUPT || why.kind == ERR_SYSTEM) {
			*e = why;
			return false;
		}
		m->may_spend = false;
		m->why = why;
	}
	return true;
}

void
dispense_note_refused(struct dispense *d, const struct err *why)
{
	for (size_t i = 0; i < d->pool.count; i++) {
		struct pool_member *m = &d->pool.member[i];

		if (!m->unlocked || vault_pin_holds(m->vault))
			continue;
		m->unlocked = false;
		if (why->kind == ERR_DENIED)
			remember_refused(d, i);
	}
}
