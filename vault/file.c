/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "base/flock.h"
#include "vault/crypto.h"
#include "vault/driver.h"
#include "vault/file_image.h"
#include "vault/slots.h"

struct home {
	char path[PATH_MAX];
	int wait_ms;
	char id[PSD_ID]; /* of the PSD that was opened */
	uint32_t cert_serial;
	struct sig_key *key; /* NULL until it is needed or unlocked */
	uint64_t synced;     /* sequence that this opening wrote itself */
};

/* One operation: the file is open and locked from enter() to leave(). */
struct visit {
	struct slots slots;
	struct file_image image;
};

static uint32_t
today(void)
{
	return date_local(time(NULL));
}

/* --- the medium ------------------------------------------------------------- */

/* Is this the error of a medium that was taken out? */
static bool
is_gone(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EIO ||
	       error == ENODEV || error == ENXIO || error == ENOMEDIUM ||
	       error == ESTALE;
}

static void
cannot_open(const struct home *h, struct err *e)
{
	if (is_gone(errno)) {
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
static bool
io_failed(const struct home *h, struct err *e)
{
	if (e->kind == ERR_SYSTEM && is_gone(errno))
		e->kind = ERR_ABSENT;
	return err_prefix(e, "%s", h->path);
}

static bool
lock(const struct home *h, int fd, bool write, struct err *e)
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
load(struct home *h, struct visit *v, int fd, struct err *e)
{
	uint8_t bytes[FILE_IMAGE_BYTES];
	bool done = slots_read(&v->slots, fd, bytes, sizeof(bytes), e) &&
		    file_image_decode(bytes, &v->image, e);

	explicit_bzero(bytes, sizeof(bytes));
	return done || io_failed(h, e);
}

static bool
store(struct home *h, struct visit *v, struct err *e)
{
	uint8_t bytes[FILE_IMAGE_BYTES];
	bool done;

	file_image_encode(&v->image, bytes);
	done = slots_write(&v->slots, bytes, sizeof(bytes), e);
	explicit_bzero(bytes, sizeof(bytes));
	if (!done)
		return io_failed(h, e);
	h->synced = v->slots.sequence;
	return true;
}

/* What is answered from the file's state must be on the medium: whoever wrote
 * it may have died before it was.  Syncing again is not enough, because a
 * failed sync is reported once and then forgotten. */
static bool
settle(struct home *h, struct visit *v, struct err *e)
{
	return v->slots.sequence == h->synced || store(h, v, e);
}

static bool
is_same_psd(const struct home *h, const struct visit *v)
{
	char id[PSD_ID];

	return h->id[0] == '\0' ||
	       (strcmp(h->id, psd_id(&v->image.psd, id)) == 0 &&
		   h->cert_serial == v->image.psd.cert_serial);
}

static void
leave(struct visit *v)
{
	close(v->slots.fd); /* and unlocks */
	explicit_bzero(v, sizeof(*v));
}

static bool
enter(struct home *h, bool write, struct visit *v, struct err *e)
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
		leave(v);
		return err_set(e, ERR_ABSENT,
		    "%s holds another PSD now: the medium was changed",
		    h->path);
	}
	v->image.psd.pin_verified = v->image.wrapped && h->key != NULL;
	/* A slot that was torn once may read differently later. */
	if (write && v->slots.torn && !store(h, v, e)) {
		leave(v);
		return false;
	}
	return true;
}

/* The key where no PIN keeps it; a locked one is the PSD's to refuse. */
static bool
take_key(struct home *h, const struct visit *v, struct psd_crypto *crypto,
    struct err *e)
{
	if (h->key == NULL && !v->image.wrapped &&
	    !file_image_key(&v->image, NULL, &h->key, e))
		return io_failed(h, e);
	crypto_init(crypto, h->key);
	return true;
}

/* --- the driver ---------------------------------------------------------------- */

static bool
find_path(const char *rest, char *out, size_t size, struct err *e)
{
	size_t len = strlen(rest);
	bool is_file = len > 6 && strcmp(rest + len - 6, ".vault") == 0;
	int n;

	if (len == 0)
		return err_set(e, ERR_CONFIG, "write file:FOLDER");
	n = snprintf(out, size, "%s%s", rest, is_file ? "" : "/psd.vault");
	if (n < 0 || (size_t)n >= size)
		return err_set(e, ERR_CONFIG, "file name too long");
	return true;
}

bool
vault_file_path(const char *uri, char *out, size_t size, struct err *e)
{
	if (strncmp(uri, "file:", 5) != 0)
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is no file vault: write file:FOLDER", uri);
	return find_path(uri + 5, out, size, e);
}

static bool
file_open(const char *rest, int wait_ms, void **home, struct err *e)
{
	struct home *h = calloc(1, sizeof(*h));
	struct visit v;

	if (h == NULL)
		return err_system(e, "memory for a vault");
	h->wait_ms = wait_ms;
	if (!find_path(rest, h->path, sizeof(h->path), e) ||
	    !enter(h, false, &v, e)) {
		free(h);
		return false;
	}
	psd_id(&v.image.psd, h->id);
	h->cert_serial = v.image.psd.cert_serial;
	leave(&v);
	*home = h;
	return true;
}

static void
file_close(void *home)
{
	struct home *h = home;

	sig_free(h->key);
	free(h);
}

/* Checks a PIN as the PSD wants it; *keys open the key. */
static bool
check_pin(struct home *h, struct visit *v, const char *pin,
    struct wrap_keys *keys, struct err *e)
{
	bool right;

	if (!psd_pin_spend(&v->image.psd, e) || !store(h, v, e))
		return false;
	/* A PIN that cannot be one was a try, too. */
	if (!wrap_derive(pin, &v->image.key, keys, e)) {
		if (e->kind != ERR_REQUEST)
			return false;
		memset(keys, 0, sizeof(*keys));
	}
	right = psd_pin_compare(&v->image.psd, keys->verifier, e);
	return right && store(h, v, e);
}

static bool
file_unlock(void *home, const char *pin, struct err *e)
{
	struct home *h = home;
	struct wrap_keys keys;
	struct sig_key *key = NULL;
	struct visit v;
	bool done;

	if (!enter(h, true, &v, e))
		return false;
	done =
	    !v.image.wrapped ||
	    (check_pin(h, &v, pin, &keys, e) &&
		(file_image_key(&v.image, &keys, &key, e) || io_failed(h, e)));
	if (done && key != NULL) {
		sig_free(h->key);
		h->key = key;
	}
	explicit_bzero(&keys, sizeof(keys));
	leave(&v);
	return done;
}

/* Sets the new PIN in the image, or none. */
static bool
set_pin(
    struct visit *v, const struct sig_key *key, const char *pin, struct err *e)
{
	struct wrap_keys keys;
	bool has_pin = pin != NULL && pin[0] != '\0';
	bool done;

	memset(&v->image.key, 0, sizeof(v->image.key));
	if (!has_pin)
		return psd_pin_set(&v->image.psd, NULL, e) &&
		       file_image_seal(&v->image, NULL, key, e);
	done = wrap_fresh(&v->image.key, e) &&
	       wrap_derive(pin, &v->image.key, &keys, e) &&
	       psd_pin_set(&v->image.psd, keys.verifier, e) &&
	       file_image_seal(&v->image, &keys, key, e);
	explicit_bzero(&keys, sizeof(keys));
	return done;
}

static bool
file_change_pin(
    void *home, const char *old_pin, const char *new_pin, struct err *e)
{
	struct home *h = home;
	struct wrap_keys keys;
	struct sig_key *key = NULL;
	struct visit v;
	bool done;

	if (!enter(h, true, &v, e))
		return false;
	done =
	    (!v.image.wrapped ||
		check_pin(h, &v, old_pin == NULL ? "" : old_pin, &keys, e)) &&
	    file_image_key(&v.image, &keys, &key, e) &&
	    /* The second write takes the old wrapping off the medium. */
	    set_pin(&v, key, new_pin, e) && store(h, &v, e) && store(h, &v, e);
	explicit_bzero(&keys, sizeof(keys));
	sig_free(key);
	leave(&v);
	return done;
}

static bool
file_status(void *home, struct psd_status *out, struct err *e)
{
	struct visit v;

	if (!enter(home, false, &v, e))
		return false;
	psd_status(&v.image.psd, today(), out);
	leave(&v);
	return true;
}

static bool
file_debit(void *home, const struct psd_request *in, size_t count,
    struct psd_stamp *out, struct err *e)
{
	struct home *h = home;
	struct psd_crypto crypto;
	struct visit v;
	bool changed, done;

	if (!enter(h, true, &v, e))
		return false;
	done = take_key(h, &v, &crypto, e) &&
	       psd_debit(&v.image.psd, &crypto, today(), in, count, out,
		   &changed, e) &&
	       (changed ? store(h, &v, e) : settle(h, &v, e));
	if (!done && count <= PSD_BATCH_MAX)
		explicit_bzero(out, count * sizeof(out[0]));
	leave(&v);
	return done;
}

static bool
file_find(void *home, const uint8_t key[PSD_KEY_BYTES], struct psd_stamp *out,
    bool *found, struct err *e)
{
	struct home *h = home;
	struct visit v;
	bool done;

	if (!enter(h, true, &v, e))
		return false;
	*found = psd_find(&v.image.psd, key, out);
	done = !*found || settle(h, &v, e);
	if (!done)
		explicit_bzero(out, sizeof(*out));
	leave(&v);
	return done;
}

static bool
file_recent(void *home, struct psd_stamp *out, size_t *count, struct err *e)
{
	struct home *h = home;
	struct visit v;
	bool done;

	if (!enter(h, true, &v, e))
		return false;
	*count = psd_recent(&v.image.psd, out);
	done = settle(h, &v, e);
	leave(&v);
	return done;
}

static bool
file_download_request(void *home, mils amount, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e)
{
	struct home *h = home;
	struct psd_crypto crypto;
	struct visit v;
	bool done;

	if (!enter(h, false, &v, e))
		return false;
	done = take_key(h, &v, &crypto, e) &&
	       psd_download_request(&v.image.psd, &crypto, amount, out, len, e);
	leave(&v);
	return done;
}

static bool
file_download_apply(void *home, const uint8_t *answer, size_t answer_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct home *h = home;
	struct psd_crypto crypto;
	struct visit v;
	bool changed, done;

	if (!enter(h, true, &v, e))
		return false;
	done = take_key(h, &v, &crypto, e) &&
	       psd_download_apply(&v.image.psd, &crypto, answer, answer_len,
		   out, len, &changed, e) &&
	       (changed ? store(h, &v, e) : settle(h, &v, e));
	if (!done)
		explicit_bzero(out, PSD_MESSAGE_MAX);
	leave(&v);
	return done;
}

static bool
file_refund_request(void *home, const struct psd_claim *claim,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct home *h = home;
	struct psd_crypto crypto;
	struct visit v;
	bool changed, done;

	if (!enter(h, true, &v, e))
		return false;
	done = take_key(h, &v, &crypto, e) &&
	       psd_refund_request(
		   &v.image.psd, &crypto, claim, out, len, &changed, e) &&
	       (changed ? store(h, &v, e) : settle(h, &v, e));
	if (!done)
		explicit_bzero(out, PSD_MESSAGE_MAX);
	leave(&v);
	return done;
}

static bool
file_audit(void *home, const uint8_t nonce[PSD_NONCE],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct home *h = home;
	struct psd_crypto crypto;
	struct visit v;
	bool done;

	if (!enter(h, false, &v, e))
		return false;
	done = take_key(h, &v, &crypto, e) &&
	       psd_audit(&v.image.psd, &crypto, nonce, out, len, e);
	leave(&v);
	return done;
}

static bool
file_certificate(
    void *home, uint8_t *out, size_t size, size_t *len, struct err *e)
{
	struct visit v;
	bool fits;

	if (!enter(home, false, &v, e))
		return false;
	fits = v.image.cert_len <= size;
	if (fits) {
		memcpy(out, v.image.cert, v.image.cert_len);
		*len = v.image.cert_len;
	}
	leave(&v);
	return fits || err_set(e, ERR_REQUEST,
			   "the certificate does not fit %zu bytes", size);
}

const struct vault_driver vault_file_driver = {
    .scheme = "file",
    .open = file_open,
    .close = file_close,
    .unlock = file_unlock,
    .change_pin = file_change_pin,
    .status = file_status,
    .debit = file_debit,
    .find = file_find,
    .recent = file_recent,
    .download_request = file_download_request,
    .download_apply = file_download_apply,
    .refund_request = file_refund_request,
    .audit = file_audit,
    .certificate = file_certificate,
};

/* --- creation ------------------------------------------------------------------- */

static bool
make_image(const struct vault_file_setup *setup, struct visit *v, struct err *e)
{
	struct file_image *image = &v->image;

	memset(v, 0, sizeof(*v));
	psd_init(&image->psd);
	return psd_initialise(&image->psd, e) &&
	       psd_personalise(&image->psd, &setup->psd, e) &&
	       cert_der(setup->cert, image->cert, sizeof(image->cert),
		   &image->cert_len, e) &&
	       set_pin(v, setup->key, setup->pin, e);
}

/* The folder of the file, where it is missing; not the folders above: a medium
 * that is not mounted must not be made up. */
static bool
make_folder(const char *path, struct err *e)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return true;
	*slash = '\0';
	if (durable_mkdir(folder, 0700, e))
		return true;
	if (is_gone(errno))
		e->kind = ERR_ABSENT;
	return false;
}

bool
vault_file_create(
    const char *uri, const struct vault_file_setup *setup, struct err *e)
{
	char path[PATH_MAX];
	uint8_t bytes[FILE_IMAGE_BYTES], file[SLOTS_BYTES];
	struct visit v;
	bool done;

	if (!vault_file_path(uri, path, sizeof(path), e) ||
	    !make_folder(path, e))
		return false;
	if (access(path, F_OK) == 0)
		return err_set(e, ERR_REQUEST,
		    "%s: a vault is there already, and it may hold value",
		    path);
	done = make_image(setup, &v, e);
	if (done) {
		file_image_encode(&v.image, bytes);
		slots_format(bytes, sizeof(bytes), file);
		done = durable_create(path, file, sizeof(file), 0600, e);
	}
	explicit_bzero(&v, sizeof(v));
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(file, sizeof(file));
	return done;
}
