/* SPDX-License-Identifier: Apache-2.0 */
#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
write_all(int fd, off_t offset, const void *ptr, size_t len)
{
	const uint8_t *at = ptr;

	while (len > 0) {
		ssize_t n = pwrite(fd, at, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		offset += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
sync_directory(const char *path, struct err *e)
{
	char dir[PATH_MAX];
	char *slash;
	int fd;
	bool done;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		strcpy(dir, ".");
	else if (slash == dir)
		slash[1] = '\0';
	else
		*slash = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_system(e, "open %s", dir);
	/* Some media (FAT on a memory card) cannot sync a directory. */
	done = fsync(fd) == 0 || errno == EINVAL;
	if (!done)
		err_system(e, "fsync %s", dir);
	close(fd);
	return done;
}

/* Fills the temporary file `temp` (a mkstemp pattern) and syncs it. */
static bool
write_temp(char *temp, const void *ptr, size_t len, mode_t mode, struct err *e)
{
	int fd = mkostemp(temp, O_CLOEXEC);
	bool ok = false;

	if (fd < 0)
		return err_system(e, "create %s", temp);
	if (!write_all(fd, 0, ptr, len))
		err_system(e, "write %s", temp);
	else if (fchmod(fd, mode) != 0)
		err_system(e, "chmod %s", temp);
	else if (fsync(fd) != 0)
		err_system(e, "fsync %s", temp);
	else
		ok = true;
	if (close(fd) != 0 && ok)
		ok = err_system(e, "close %s", temp);
	if (!ok)
		unlink(temp);
	return ok;
}

/* Gives `temp` the name `path` unless that is taken. */
static bool
move_to_new(const char *temp, const char *path)
{
	if (link(temp, path) == 0)
		return unlink(temp), true;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return false;
	/* FAT has no hard links. */
	if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	if (access(path, F_OK) == 0) {
		errno = EEXIST;
		return false;
	}
	return rename(temp, path) == 0;
}

static bool
put(const char *path, const void *ptr, size_t len, mode_t mode, bool replace,
    struct err *e)
{
	char temp[PATH_MAX];
	bool moved;

	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >=
	    (int)sizeof(temp))
		return err_set(e, ERR_CONFIG, "file name too long: %s", path);
	if (!write_temp(temp, ptr, len, mode, e))
		return false;
	moved = replace ? rename(temp, path) == 0 : move_to_new(temp, path);
	if (!moved) {
		err_system(e, "%s", path);
		unlink(temp);
	}
	return moved && sync_directory(path, e);
}

bool
durable_replace(
    const char *path, const void *ptr, size_t len, mode_t mode, struct err *e)
{
	return put(path, ptr, len, mode, true, e);
}

bool
durable_create(
    const char *path, const void *ptr, size_t len, mode_t mode, struct err *e)
{
	return put(path, ptr, len, mode, false, e);
}

bool
durable_mkdir(const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) != 0) {
		if (errno == EEXIST)
			return true;
		return err_system(e, "make folder %s", path);
	}
	return sync_directory(path, e);
}

bool
durable_write_at(
    int fd, off_t offset, const void *ptr, size_t len, struct err *e)
{
	if (!write_all(fd, offset, ptr, len))
		return err_system(e, "write");
	return durable_sync(fd, e);
}

bool
durable_sync(int fd, struct err *e)
{
	if (fdatasync(fd) != 0)
		return err_system(e, "fdatasync");
	return true;
}

bool
durable_remove(const char *path, struct err *e)
{
	if (unlink(path) != 0) {
		if (errno == ENOENT)
			return true;
		return err_system(e, "remove %s", path);
	}
	return sync_directory(path, e);
}

bool
durable_read(
    const char *path, void *ptr, size_t size, size_t *len, struct err *e)
{
	uint8_t *at = ptr;
	size_t have = 0;
	ssize_t n = 0;
	char extra;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_system(e, "open %s", path);
	while (have < size) {
		n = read(fd, at + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (n < 0)
		err_system(e, "read %s", path);
	else if (have == size && read(fd, &extra, 1) == 1)
		n = -1, err_set(e, ERR_CORRUPT, "%s: longer than %zu bytes",
			    path, size);
	close(fd);
	*len = have;
	return n >= 0;
}

bool
durable_load(
    const char *path, size_t max, char **out, size_t *len, struct err *e)
{
	*out = malloc(max + 1);
	if (*out == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (durable_read(path, *out, max, len, e)) {
		(*out)[*len] = '\0';
		return true;
	}
	free(*out);
	*out = NULL;
	return false;
}
