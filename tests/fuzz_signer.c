/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a database says a wrapped key is, it signs for the public half beside
 * it or not at all.
 *
 * Bytes: the public half, and the key as the database keeps it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/signer.h"
#include "vault/crypto.h"

#define ID "XXPS0000000001"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

/* The key-encryption key that the corpus was made with. */
static struct signer *
open_signer(void)
{
	char path[] = "/tmp/fuzz_signer.XXXXXX", uri[64] = "software:";
	struct signer_setup setup = {.name = "fuzz", .uri = uri};
	struct signer *s = NULL;
	struct err e = ERR_INIT;
	uint8_t key[32];
	int fd = mkstemp(path);

	memset(key, 7, sizeof(key));
	must(fd >= 0 && write(fd, key, sizeof(key)) == sizeof(key));
	strcat(uri, path);
	must(signer_open(&setup, &s, &e));
	unlink(path);
	close(fd);
	return s;
}

static bool
verifies(const struct signer_key *key, const struct signer_message *m)
{
	struct sig_key *public = NULL;
	struct err e = ERR_INIT;
	bool good = crypto_from_point(key->point, &public, &e) &&
		    sig_verify(public, m->ptr, m->len, m->sig);

	sig_free(public);
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[SIG_BYTES];
	static struct signer *s;
	struct signer_message m = {.ptr = (const uint8_t *)"x", .len = 1};
	struct signer_key key = {.ref_len = 0};
	struct err e = ERR_INIT;

	if (s == NULL)
		s = open_signer();
	if (size < PSD_POINT || size - PSD_POINT > SIGNER_KEY_MAX)
		return 0;
	memcpy(key.point, data, PSD_POINT);
	key.ref_len = size - PSD_POINT;
	memcpy(key.ref, data + PSD_POINT, key.ref_len);
	if (signer_sign(s, ID, &key, &m, 1, &e)) {
		must(verifies(&key, &m));
		return 0;
	}
	must(e.kind == ERR_CORRUPT || e.kind == ERR_CONFIG);
	must(memcmp(m.sig, zero, SIG_BYTES) == 0);
	return 0;
}
