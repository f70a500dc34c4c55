/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/file_image.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "vault/slots.h"

#define IMAGE_VERSION 1

/* How the key is kept. */
enum { KEY_BARE, KEY_WRAPPED, KEY_IN_TOKEN };

_Static_assert(FILE_IMAGE_BYTES <= SLOT_PAYLOAD, "an image fits a slot");

static unsigned
keeping(const struct file_image *image)
{
	if (image->token[0] != '\0')
		return KEY_IN_TOKEN;
	return image->wrapped ? KEY_WRAPPED : KEY_BARE;
}

/* The URI stands behind the certificate. */
bool
file_image_fits(const struct file_image *image)
{
	size_t token = image->token[0] != '\0' ? 2 + strlen(image->token) : 0;

	return image->cert_len <= CERT_MAX &&
	       token <= CERT_MAX - image->cert_len;
}

void
file_image_encode(const struct file_image *in, uint8_t out[FILE_IMAGE_BYTES])
{
	struct bytes_writer w;

	memset(out, 0, FILE_IMAGE_BYTES);
	bytes_writer_init(&w, out, FILE_IMAGE_BYTES);
	bytes_write_le(&w, IMAGE_VERSION, 1);
	bytes_write_le(&w, keeping(in), 1);
	bytes_write(&w, in->key.salt, WRAP_SALT);
	bytes_write(&w, in->key.nonce, BOX_NONCE);
	bytes_write(&w, in->key.box, sizeof(in->key.box));
	bytes_write_le(&w, in->cert_len, 2);
	bytes_write(&w, in->cert, in->cert_len);
	if (in->token[0] != '\0')
		bytes_write_str(&w, in->token);
	assert(!w.failed && w.pos <= FILE_IMAGE_HEAD);
	psd_encode(&in->psd, out + FILE_IMAGE_HEAD);
	guard_encode(&in->guard, out + FILE_IMAGE_HEAD + PSD_STATE_BYTES);
}

bool
file_image_decode(
    const uint8_t in[FILE_IMAGE_BYTES], struct file_image *out, struct err *e)
{
	struct bytes_reader r;
	uint64_t version, kept;

	memset(out, 0, sizeof(*out));
	bytes_reader_init(&r, in, FILE_IMAGE_HEAD);
	version = bytes_read_le(&r, 1);
	kept = bytes_read_le(&r, 1);
	bytes_read_into(&r, out->key.salt, WRAP_SALT);
	bytes_read_into(&r, out->key.nonce, BOX_NONCE);
	bytes_read_into(&r, out->key.box, sizeof(out->key.box));
	out->cert_len = (size_t)bytes_read_le(&r, 2);
	if (version != IMAGE_VERSION || kept > KEY_IN_TOKEN ||
	    out->cert_len > CERT_MAX)
		return err_set(
		    e, ERR_CORRUPT, "no vault file that this version knows");
	out->wrapped = kept == KEY_WRAPPED;
	bytes_read_into(&r, out->cert, out->cert_len);
	if (kept == KEY_IN_TOKEN)
		bytes_read_str(&r, out->token, sizeof(out->token));
	if (r.failed || (kept == KEY_IN_TOKEN) != (out->token[0] != '\0'))
		return err_set(
		    e, ERR_CORRUPT, "the vault names no token for its key");
	if (!psd_decode(in + FILE_IMAGE_HEAD, &out->psd, e) ||
	    !guard_decode(
		in + FILE_IMAGE_HEAD + PSD_STATE_BYTES, &out->guard, e))
		return false;
	if (kept != KEY_IN_TOKEN && out->wrapped != out->psd.pin_required)
		return err_set(
		    e, ERR_CORRUPT, "the key's wrapping contradicts the PSD");
	return true;
}

bool
file_image_seal(struct file_image *image, const struct wrap_keys *keys,
    const struct sig_key *key, struct err *e)
{
	uint8_t scalar[SIG_SCALAR];
	char id[PSD_ID] = "";
	bool done = sig_store_scalar(key, scalar, e);

	psd_id(&image->psd, id);
	image->wrapped = keys != NULL;
	memset(image->key.box, 0, sizeof(image->key.box));
	if (done && keys != NULL)
		done = wrap_close(keys, id, sizeof(id), scalar, &image->key, e);
	else if (done)
		memcpy(image->key.box, scalar, SIG_SCALAR);
	explicit_bzero(scalar, sizeof(scalar));
	return done;
}

static bool
is_certified(const struct file_image *image, const struct sig_key *key)
{
	struct cert *cert = NULL;
	struct err e = ERR_INIT;
	bool same;

	if (!cert_parse(image->cert, image->cert_len, &cert, &e))
		return false;
	same = sig_same(cert_key(cert), key);
	cert_free(cert);
	return same;
}

bool
file_image_key(const struct file_image *image, const struct wrap_keys *keys,
    struct sig_key **out, struct err *e)
{
	uint8_t scalar[SIG_SCALAR];
	struct sig_key *key = NULL;
	char id[PSD_ID] = "";
	bool done = true;

	psd_id(&image->psd, id);
	if (image->wrapped && keys == NULL)
		return err_set(e, ERR_DENIED, "PSD %s needs its PIN", id);
	if (image->wrapped)
		done = wrap_open(keys, id, sizeof(id), &image->key, scalar, e);
	else
		memcpy(scalar, image->key.box, SIG_SCALAR);
	done = done && sig_load_scalar(scalar, &key, e);
	explicit_bzero(scalar, sizeof(scalar));
	if (!done)
		return false;
	if (!is_certified(image, key)) {
		sig_free(key);
		return err_set(e, ERR_CORRUPT,
		    "the key is not the certificate's: put the vault's copy "
		    "back, or ask the provider");
	}
	*out = key;
	return true;
}
