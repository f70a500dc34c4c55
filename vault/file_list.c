/* SPDX-License-Identifier: Apache-2.0 */
/* the vaults of a folder, and of the media that are mounted */
#include <dirent.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/driver.h"
#include "vault/file.h"
#include "vault/file_own.h"

#define SUFFIX ".vault"
#define USUAL  "/psd.vault" /* of a folder that is a vault */

static bool
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len > n && strcmp(text + len - n, end) == 0;
}

/* In words for a person, of a file that would not open. */
static const char *
why(const struct err *e)
{
	switch (e->kind) {
	case ERR_CONFIG: return "not for this user to open";
	case ERR_BUSY: return "busy: another program has it";
	case ERR_CORRUPT: return "damaged, or no vault";
	default: return e->text;
	}
}

static void
look(const char *path, vault_place_fn *each, void *context)
{
	static const struct vault_driver *const kinds[] = {
	    &vault_file_driver, &vault_hsm_driver};
	struct vault_place p = {.known = false};
	struct err e = ERR_INIT;
	struct stat st;
	void *home = NULL;
	size_t len = strlen(path);

	if (len >= sizeof(p.place) || lstat(path, &st) != 0 ||
	    !S_ISREG(st.st_mode))
		return;
	memcpy(p.place, path, len + 1);
	if (ends_in(path, USUAL))
		len -= sizeof(USUAL) - 1;
	/* Its key is in the file, or in a token. */
	for (int i = 0; i < 2 && !p.known; i++) {
		const struct vault_driver *d = kinds[i];

		if (i > 0 && e.kind != ERR_CONFIG)
			break;
		e = (struct err)ERR_INIT;
		snprintf(
		    p.uri, sizeof(p.uri), "%s:%.*s", d->scheme, (int)len, path);
		p.known = d->open(strchr(p.uri, ':') + 1, 0, &home, &e) &&
			  d->status(home, &p.status, &e);
		if (home != NULL)
			d->close(home);
		home = NULL;
	}
	if (!p.known)
		snprintf(
		    p.holds, sizeof(p.holds), "%.*s", VAULT_PLACE - 1, why(&e));
	each(context, &p);
}

void
vault_file_look(const char *folder, vault_place_fn *each, void *context)
{
	struct dirent **all = NULL;
	char path[PATH_MAX];
	int n = scandir(folder, &all, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = all[i]->d_name;
		const char *end = ends_in(name, SUFFIX) ? "" : USUAL;

		if (name[0] != '.' && snprintf(path, sizeof(path), "%s/%s%s",
					  folder, name, end) < PATH_MAX)
			look(path, each, context);
		free(all[i]);
	}
	free(all);
}

/* Where people and their desktops mount what can be taken out. */
static bool
is_medium(const char *folder)
{
	return strncmp(folder, "/media/", 7) == 0 ||
	       strncmp(folder, "/run/media/", 11) == 0 ||
	       strncmp(folder, "/mnt/", 5) == 0 || strcmp(folder, "/mnt") == 0;
}

bool
file_list(int wait_ms, vault_place_fn *each, void *context, struct err *e)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;

	(void)wait_ms;
	if (mounts == NULL)
		return err_system(e, "/proc/self/mounts");
	while ((m = getmntent(mounts)) != NULL)
		if (is_medium(m->mnt_dir))
			vault_file_look(m->mnt_dir, each, context);
	endmntent(mounts);
	return true;
}
