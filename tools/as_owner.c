/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/as_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/file.h"

#define OWNER "postage"

/* With that user's groups: a token's files may be a group's. */
static bool
become(uid_t uid, gid_t gid, struct err *e)
{
	const struct passwd *who = getpwuid(uid);
	int groups =
	    who != NULL ? initgroups(who->pw_name, gid) : setgroups(0, NULL);

	if (groups != 0 || setegid(gid) != 0 || seteuid(uid) != 0)
		return err_system(e, "become user %lu", (unsigned long)uid);
	return true;
}

bool
as_caller(struct err *e)
{
	if (getuid() == 0 && (seteuid(0) != 0 || setegid(0) != 0))
		return err_system(e, "become root");
	return true;
}

static void
cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		strcpy(path, ".");
	else if (slash == path)
		slash[1] = '\0';
	else
		*slash = '\0';
}

/* Devices are nobody's; the books beside them are the daemon's. */
static bool
as_daemon(struct err *e)
{
	const struct passwd *owner = getpwnam(OWNER);

	return owner == NULL || owner->pw_uid == geteuid() ||
	       become(owner->pw_uid, owner->pw_gid, e);
}

bool
as_owner(const char *uri, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (getuid() != 0)
		return true;
	if (!vault_file_is(uri))
		return as_daemon(e);
	if (!vault_file_path(uri, path, sizeof(path), e) ||
	    stat(path, &st) != 0 || st.st_uid == geteuid())
		return e->kind == ERR_NONE;
	if (!become(st.st_uid, st.st_gid, e))
		return false;
	/* A path that only root can walk, in a lab. */
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0)
		return as_caller(e);
	return true;
}

/* Makes a folder for that user where it is missing.  Of what root makes in a
 * folder of somebody else, the name may be another's a moment later: that is
 * looked at, and what is given away is what was opened. */
static bool
give(const char *folder, mode_t mode, const struct passwd *to, struct err *e)
{
	struct stat st;
	int fd;
	bool done;

	if (mkdir(folder, mode) != 0)
		return true; /* it is there, or its maker will say */
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	done = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 0 &&
	       fchown(fd, to->pw_uid, to->pw_gid) == 0;
	if (!done)
		err_system(e, "give %s to %s", folder, to->pw_name);
	if (fd >= 0)
		close(fd);
	return done;
}

/* As the user itself where it can. */
static bool
give_vault(const char *folder, const struct passwd *owner, struct err *e)
{
	bool there;

	if (!become(owner->pw_uid, owner->pw_gid, e))
		return false;
	there = mkdir(folder, 0700) == 0 || errno == EEXIST;
	return there || (as_caller(e) && give(folder, 0700, owner, e) &&
			    become(owner->pw_uid, owner->pw_gid, e));
}

bool
as_owner_of_new(const char *uri, const char *state_dir, struct err *e)
{
	char folder[PATH_MAX];
	const struct passwd *owner;

	if (getuid() != 0 || !vault_file_is(uri))
		return true;
	owner = getpwnam(OWNER);
	if (owner == NULL)
		return true;
	if (!vault_file_path(uri, folder, sizeof(folder), e))
		return false;
	cut_last(folder);
	if (!give(state_dir, 0755, owner, e) || !give_vault(folder, owner, e))
		return false;
	if (faccessat(AT_FDCWD, folder, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		return as_caller(e);
	return true;
}
