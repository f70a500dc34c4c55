/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/authority.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"

#define YEAR_DAYS     365
#define PUBLIC_MODE   0644
#define SECRET_MODE   0600
#define PUBLIC_FOLDER 0755
#define SECRET_FOLDER 0700

struct authority {
	char folder[PATH_MAX];
	const struct authority_setup *setup; /* while it is opened */
	struct sig_key *root_key, *provider_key, *download_key;
	struct cert *root, *provider;
};

static uint32_t
yesterday(void)
{
	return date_add(date_local(time(NULL)), -1);
}

static bool
join(char out[PATH_MAX], const char *folder, const char *name, struct err *e)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);

	return (n > 0 && n < PATH_MAX) ||
	       err_set(e, ERR_CONFIG, "file name too long");
}

/* --- files ------------------------------------------------------------------- */

static bool
make_key(const char *path, struct sig_key **out, struct err *e)
{
	uint8_t der[SIG_KEY_MAX];
	size_t len;
	bool done;

	if (!sig_generate(out, e))
		return false;
	done = sig_store_private(*out, der, sizeof(der), &len, e) &&
	       durable_create(path, der, len, SECRET_MODE, e);
	explicit_bzero(der, sizeof(der));
	return done;
}

/* *there: without a setup only what is there is read. */
static bool
look(const struct authority *a, const char *name, char path[PATH_MAX],
    bool *there, struct err *e)
{
	if (!join(path, a->folder, name, e))
		return false;
	*there = access(path, F_OK) == 0;
	return *there || a->setup != NULL ||
	       err_set(e, ERR_CONFIG, "%s is missing", path);
}

static bool
take_key(
    struct authority *a, const char *name, struct sig_key **out, struct err *e)
{
	char path[PATH_MAX];
	bool there;

	if (!look(a, name, path, &there, e))
		return false;
	return there ? sig_read_private(path, out, e) : make_key(path, out, e);
}

bool
authority_write_cert(
    const char *path, const struct cert *c, bool replace, struct err *e)
{
	char pem[CERT_PEM_MAX];
	size_t len;

	if (!cert_pem(c, pem, sizeof(pem), &len, e))
		return false;
	return replace ? durable_replace(path, pem, len, PUBLIC_MODE, e)
		       : durable_create(path, pem, len, PUBLIC_MODE, e);
}

bool
authority_read_cert(const char *path, struct cert **out, struct err *e)
{
	char pem[CERT_PEM_MAX];
	size_t len;

	if (!durable_read(path, pem, sizeof(pem), &len, e))
		return false;
	return cert_parse(pem, len, out, e) || err_prefix(e, "%s", path);
}

static bool
take_cert(struct authority *a, const char *name, const struct cert_spec *spec,
    struct cert **out, struct err *e)
{
	char path[PATH_MAX];
	bool there;

	if (!look(a, name, path, &there, e))
		return false;
	if (there)
		return authority_read_cert(path, out, e);
	return cert_issue(spec, out, e) &&
	       authority_write_cert(path, *out, false, e);
}

/* --- opening --------------------------------------------------------------------- */

/* Its key may be elsewhere. */
static bool
take_root(struct authority *a, struct cert_spec *spec, struct err *e)
{
	char path[PATH_MAX];

	if (!join(path, a->folder, "authority.pem", e))
		return false;
	if (a->setup != NULL && access(path, F_OK) != 0 &&
	    !take_key(a, "authority.key", &a->root_key, e))
		return false;
	spec->key = spec->sign = a->root_key;
	return take_cert(a, "authority.pem", spec, &a->root, e);
}

static bool
take_provider(struct authority *a, struct cert_spec *spec, struct err *e)
{
	char path[PATH_MAX];

	if (!take_key(a, "provider.key", &a->provider_key, e) ||
	    !take_key(a, "download.key", &a->download_key, e) ||
	    !join(path, a->folder, "provider.pem", e))
		return false;
	if (access(path, F_OK) != 0 && a->setup != NULL &&
	    a->root_key == NULL &&
	    !take_key(a, "authority.key", &a->root_key, e))
		return false;
	spec->key = a->provider_key;
	spec->issuer = a->root;
	spec->sign = a->root_key;
	return take_cert(a, "provider.pem", spec, &a->provider, e);
}

static bool
take_all(struct authority *a, struct err *e)
{
	static const struct authority_setup none = {.vendor = ""};
	const struct authority_setup *s = a->setup ? a->setup : &none;
	struct cert_spec root = {.rank = CERT_AUTHORITY,
	    .name = s->authority_name,
	    .id = "",
	    .serial = 1,
	    .not_before = yesterday(),
	    .not_after = date_add(yesterday(), s->years * YEAR_DAYS)};
	struct cert_spec provider = root;

	provider.rank = CERT_PROVIDER;
	provider.name = s->provider_name;
	provider.id = s->vendor;
	provider.serial = 2;
	if (!take_root(a, &root, e) || !take_provider(a, &provider, e))
		return false;
	return sig_same(a->provider_key, cert_key(a->provider)) ||
	       err_set(e, ERR_CONFIG,
		   "provider.pem is not the certificate of provider.key");
}

bool
authority_open(const char *folder, const struct authority_setup *setup,
    struct authority **out, struct err *e)
{
	struct authority *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (a == NULL)
		return err_system(e, "memory");
	snprintf(a->folder, sizeof(a->folder), "%s", folder);
	a->setup = setup;
	if ((setup != NULL && !durable_mkdir(folder, SECRET_FOLDER, e)) ||
	    !take_all(a, e)) {
		authority_close(a);
		return err_prefix(e, "authority in %s", folder);
	}
	a->setup = NULL;
	*out = a;
	return true;
}

void
authority_close(struct authority *a)
{
	if (a == NULL)
		return;
	cert_free(a->root);
	cert_free(a->provider);
	sig_free(a->root_key);
	sig_free(a->provider_key);
	sig_free(a->download_key);
	free(a);
}

/* --- use ---------------------------------------------------------------------------- */

const struct cert *
authority_root(const struct authority *a)
{
	return a->root;
}

const struct cert *
authority_provider(const struct authority *a)
{
	return a->provider;
}

const struct sig_key *
authority_answer_key(const struct authority *a)
{
	return a->download_key;
}

bool
authority_certify(const struct authority *a, const struct authority_psd *psd,
    struct cert **out, struct err *e)
{
	struct cert_spec spec = {.rank = CERT_PSD,
	    .name = psd->name,
	    .id = psd->id,
	    .serial = psd->serial,
	    .not_before = yesterday(),
	    .not_after = psd->not_after,
	    .key = psd->key,
	    .issuer = a->provider,
	    .sign = a->provider_key};

	return cert_issue(&spec, out, e);
}

bool
authority_crl(const struct authority *a,
    const struct authority_revoked *revoked, uint8_t *out, size_t size,
    size_t *len, struct err *e)
{
	struct cert_crl_spec spec = {.issuer = a->provider,
	    .sign = a->provider_key,
	    .serials = revoked->serials,
	    .count = revoked->count,
	    .number = revoked->number,
	    .date = revoked->date,
	    .next = revoked->next};

	return cert_crl_issue(&spec, out, size, len, e);
}

bool
authority_sign(const struct authority *a, const void *msg, size_t len,
    uint8_t sig[SIG_BYTES], struct err *e)
{
	return sig_sign(a->provider_key, msg, len, sig, e);
}

static bool
publish(const struct cert *c, const char *folder, const char *name,
    const char *rank, struct err *e)
{
	char file[64], path[PATH_MAX];

	snprintf(file, sizeof(file), "%s-%s.pem", name, rank);
	return join(path, folder, file, e) &&
	       authority_write_cert(path, c, true, e);
}

bool
authority_publish(const struct authority *a, const char *folder,
    const char *name, struct err *e)
{
	return durable_mkdir(folder, PUBLIC_FOLDER, e) &&
	       publish(a->root, folder, name, "authority", e) &&
	       publish(a->provider, folder, name, "provider", e);
}
