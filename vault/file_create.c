/* SPDX-License-Identifier: Apache-2.0 */
/* a new file vault */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/text.h"
#include "vault/file.h"
#include "vault/file_own.h"

/* The PSD wants a PIN and leaves it to the token to know which. */
static bool
name_token(struct file_image *image, const struct vault_file_setup *setup,
    struct err *e)
{
	static const uint8_t unknown[PSD_VERIFIER];

	if (!text_copy(image->token, sizeof(image->token), setup->token) ||
	    !file_image_fits(image))
		return err_set(e, ERR_REQUEST,
		    "the certificate and the name of its key are too long for "
		    "a vault file");
	return psd_pin_set(&image->psd, setup->token_pin ? unknown : NULL, e);
}

static bool
make_image(
    const struct vault_file_setup *setup, struct file_visit *v, struct err *e)
{
	struct file_image *image = &v->image;

	memset(v, 0, sizeof(*v));
	psd_init(&image->psd);
	return psd_initialise(&image->psd, e) &&
	       psd_personalise(&image->psd, &setup->psd, e) &&
	       cert_der(setup->cert, image->cert, sizeof(image->cert),
		   &image->cert_len, e) &&
	       (setup->token != NULL
		       ? name_token(image, setup, e)
		       : file_set_pin(v, setup->key, setup->pin, e)) &&
	       (setup->guard == NULL || setup->guard[0] == '\0' ||
		   guard_make(setup->guard, &image->guard, e));
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
	if (file_is_gone(errno))
		e->kind = ERR_ABSENT;
	return false;
}

bool
vault_file_is_free(const char *uri, struct err *e)
{
	char path[PATH_MAX];

	if (!vault_file_path(uri, path, sizeof(path), e))
		return false;
	return access(path, F_OK) != 0 ||
	       err_set(e, ERR_REQUEST,
		   "%s: a vault is there already, and it may hold value", path);
}

bool
vault_file_create(
    const char *uri, const struct vault_file_setup *setup, struct err *e)
{
	char path[PATH_MAX];
	uint8_t bytes[FILE_IMAGE_BYTES], file[SLOTS_BYTES];
	struct err ignored = ERR_INIT;
	struct file_visit v;
	bool done;

	if (!vault_file_path(uri, path, sizeof(path), e) ||
	    !make_folder(path, e) || !vault_file_is_free(uri, e))
		return false;
	done = make_image(setup, &v, e);
	if (done) {
		file_image_encode(&v.image, bytes);
		slots_format(bytes, sizeof(bytes), file);
		done = durable_create(path, file, sizeof(file), 0600, e);
	}
	if (!done && v.image.guard.uri[0] != '\0')
		(void)!guard_forget(&v.image.guard, &ignored);
	explicit_bzero(&v, sizeof(v));
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(file, sizeof(file));
	return done;
}

bool
file_create(
    const char *rest, int wait_ms, const struct vault_setup *in, struct err *e)
{
	struct vault_file_setup setup = {
	    .psd = in->psd, .pin = in->pin, .guard = in->guard};
	char uri[VAULT_URI_MAX + 8];
	struct sig_key *key = NULL;
	struct cert *cert = NULL;
	bool done;

	(void)wait_ms;
	snprintf(uri, sizeof(uri), "file:%s", rest);
	done = sig_generate(&key, e) && in->certify(in->context, key, &cert, e);
	if (done) {
		setup.key = key;
		setup.cert = cert;
		done = vault_file_create(uri, &setup, e);
	}
	cert_free(cert);
	sig_free(key);
	return done;
}
