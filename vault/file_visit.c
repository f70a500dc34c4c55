/* SPDX-License-Identifier: Apache-2.0 */
/* the medium of a file vault, from its opening to its closing */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/flock.h"
#include "vault/file.h"
#include "vault/file_own.h"

/* --- where it is ---------------------------------------------------------------- */

bool
file_find_path(const char *rest, char *out, size_t size, struct err *e)
{
	size_t len = strlen(rest);
	bool is_file = len > 6 && strcmp(rest + len - 6, ".vault") == 0;
	int n;

	if (len == 0)
		return err_set(
		    e, ERR_CONFIG, "write file:FOLDER or hsm:FOLDER");
	n = snprintf(out, size, "%s%s", rest, is_file ? "" : "/psd.vault");
	if (n < 0 || (size_t)n >= size)
		return err_set(e, ERR_CONFIG, "file name too long");
	return true;
}

bool
vault_file_is(const char *uri)
{
	return strncmp(uri, "file:", 5) == 0 || strncmp(uri, "hsm:", 4) == 0;
}

bool
vault_file_path(const char *uri, char *out, size_t size, struct err *e)
{
	if (!vault_file_is(uri))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is no vault in a file: write file:FOLDER", uri);
	return file_find_path(strchr(uri, ':') + 1, out, size, e);
}

/* --- what may go wrong ------------------------------------------------------------ */

/* Is this the error of a medium that was taken out? */
bool
file_is_gone(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EIO ||
	       error == ENODEV || error == ENXIO || error == ENOMEDIUM ||
	       error == ESTALE;
}

static void
cannot_open(const struct file_home *h, struct err *e)
{
	if (file_is_gone(errno)) {
		err_set(e, ERR_ABSENT,
		    "no vault at %s: put its medium in and mount it, or make "
		    "a vault with `postage vault create`",
		    h->path);
		return;
	}
	err_system(e, "%s", h->path);
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		e->kind = ERR_CONFIG;
}

/* A read or write failed: a medium that went away is ERR_ABSENT. */
bool
file_failed(const struct file_home *h, struct err *e)
{
	if (e->kind == ERR_SYSTEM && file_is_gone(errno))
		e->kind = ERR_ABSENT;
	return err_prefix(e, "%s", h->path);
}

static bool
lock(const struct file_home *h, int fd, bool write, struct err *e)
{
	if (flock_wait(fd, write ? LOCK_EX : LOCK_SH, h->wait_ms))
		return true;
	if (errno != EWOULDBLOCK)
		return err_system(e, "lock %s", h->path);
	return err_set(e, ERR_BUSY,
	    "%s: in use by another program for more than %d.%03d s", h->path,
	    h->wait_ms / 1000, h->wait_ms % 1000);
}

static bool
load(struct file_home *h, struct file_visit *v, int fd, struct err *e)
{
	uint8_t bytes[FILE_IMAGE_BYTES];
	bool done = slots_read(&v->slots, fd, bytes, sizeof(bytes), e) &&
		    file_image_decode(bytes, &v->image, e);

	explicit_bzero(bytes, sizeof(bytes));
	return done || file_failed(h, e);
}

bool
file_store_again(struct file_home *h, struct file_visit *v, struct err *e)
{
	uint8_t bytes[FILE_IMAGE_BYTES];
	bool done;

	file_image_encode(&v->image, bytes);
	done = slots_write(&v->slots, bytes, sizeof(bytes), e);
	explicit_bzero(bytes, sizeof(bytes));
	if (!done)
		return file_failed(h, e);
	h->synced = v->slots.sequence;
	return true;
}

/* From here on no error says that nothing was done. */
static bool
unknown(struct err *e)
{
	if (e->kind == ERR_FUNDS || e->kind == ERR_REQUEST ||
	    e->kind == ERR_DENIED || e->kind == ERR_CONFIG)
		e->kind = ERR_SYSTEM;
	return false;
}

bool
file_store(struct file_home *h, struct file_visit *v, struct err *e)
{
	if (v->image.guard.uri[0] == '\0')
		return file_store_again(h, v, e) || unknown(e);
	v->image.guard.epoch++;
	return (file_store_again(h, v, e) && file_guard_step(v, e)) ||
	       unknown(e);
}

/* What is answered from the file's state must be on the medium: whoever wrote
 * it may have died before it was.  Syncing again is not enough, because a
 * failed sync is reported once and then forgotten. */
bool
file_settle(struct file_home *h, struct file_visit *v, struct err *e)
{
	return v->slots.sequence == h->synced || file_store_again(h, v, e);
}

static bool
is_same_psd(const struct file_home *h, const struct file_visit *v)
{
	char id[PSD_ID];

	return h->id[0] == '\0' ||
	       (strcmp(h->id, psd_id(&v->image.psd, id)) == 0 &&
		   h->cert_serial == v->image.psd.cert_serial);
}

void
file_leave(struct file_visit *v)
{
	close(v->slots.fd); /* and unlocks */
	explicit_bzero(v, sizeof(*v));
}

const struct file_holder *
file_holder(const struct file_visit *v)
{
	return v->image.token[0] != '\0' ? &file_token_holder
					 : &file_key_holder;
}

static bool
enter(struct file_home *h, bool write, struct file_visit *v, struct err *e)
{
	int fd = open(h->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (fd < 0) {
		cannot_open(h, e);
		return false;
	}
	if (!lock(h, fd, write, e) || !load(h, v, fd, e)) {
		close(fd);
		return false;
	}
	if (!is_same_psd(h, v)) {
		file_leave(v);
		return err_set(e, ERR_ABSENT,
		    "%s holds another PSD now: the medium was changed",
		    h->path);
	}
	v->image.psd.pin_verified =
	    v->image.psd.pin_required && file_holder(v)->is_unlocked(h);
	return true;
}

/* A slot that was torn once may read differently later. */
static bool
mend(struct file_home *h, bool write, struct file_visit *v, struct err *e)
{
	return !write || !v->slots.torn || file_store_again(h, v, e);
}

bool
file_enter_unguarded(
    struct file_home *h, bool write, struct file_visit *v, struct err *e)
{
	if (!enter(h, write, v, e))
		return false;
	if (mend(h, write, v, e))
		return true;
	file_leave(v);
	return false;
}

bool
file_enter(struct file_home *h, bool write, struct file_visit *v, struct err *e)
{
	if (!enter(h, write, v, e))
		return false;
	if (file_guard_check(h, v, write, e) && mend(h, write, v, e))
		return true;
	file_leave(v);
	return false;
}
