/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/authority.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "base/text.h"
#include "vault/crypto.h"
#include "vault/pin.h"

#define YEARS	      10
#define YEAR_DAYS     365
#define VENDOR	      2 /* characters of its id */
#define PUBLIC_MODE   0644
#define SECRET_MODE   0600
#define PUBLIC_FOLDER 0755
#define SECRET_FOLDER 0700

struct authority {
	char folder[PATH_MAX];
	struct sig_key *root_key; /* NULL: not here */
	struct sig_key *provider_key, *download_key;
	struct cert *root, *provider;
};

static bool
join(char out[PATH_MAX], const char *folder, const char *prefix,
    const char *name, struct err *e)
{
	int n = snprintf(out, PATH_MAX, "%s/%s%s", folder, prefix, name);

	return (n > 0 && n < PATH_MAX) ||
	       err_set(e, ERR_CONFIG, "file name too long");
}

static bool
is_there(const struct authority *a, const char *name)
{
	char path[PATH_MAX];
	struct err ignored = ERR_INIT;

	return join(path, a->folder, "", name, &ignored) &&
	       access(path, F_OK) == 0;
}

/* --- files ---------------------------------------------------------------------- */

bool
authority_read_cert(const char *path, struct cert **out, struct err *e)
{
	char pem[CERT_PEM_MAX];
	size_t len;

	if (!durable_read(path, pem, sizeof(pem), &len, e))
		return false;
	return cert_parse(pem, len, out, e) || err_prefix(e, "%s", path);
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

static bool
find(const struct authority *a, const char *name, char path[PATH_MAX],
    struct err *e)
{
	if (!join(path, a->folder, "", name, e))
		return false;
	if (access(path, R_OK) == 0)
		return true;
	if (errno == ENOENT)
		return err_set(e, ERR_CONFIG,
		    "%s: there is no %s: put the copy of the folder back",
		    a->folder, name);
	err_system(e, "%s", path);
	e->kind = ERR_CONFIG;
	return false;
}

static bool
read_key(const struct authority *a, const char *name, struct sig_key **out,
    struct err *e)
{
	char path[PATH_MAX];

	return find(a, name, path, e) && pin_private(path, e) &&
	       (sig_read_private(path, out, e) ||
		   err_set(e, ERR_CONFIG, "%s: no private key in it", path));
}

static bool
read_cert(const struct authority *a, const char *name, enum cert_rank rank,
    struct cert **out, struct err *e)
{
	char path[PATH_MAX];

	if (!find(a, name, path, e))
		return false;
	return (authority_read_cert(path, out, e) && cert_rank(*out) == rank) ||
	       err_set(
		   e, ERR_CONFIG, "%s: not the certificate that it is", path);
}

/* --- what is missing --------------------------------------------------------------- */

static bool
make_key(const struct authority *a, const char *name, struct err *e)
{
	char path[PATH_MAX];
	struct sig_key *key = NULL;
	uint8_t der[SIG_KEY_MAX];
	size_t len;
	bool done;

	if (is_there(a, name))
		return true;
	done = join(path, a->folder, "", name, e) && sig_generate(&key, e) &&
	       sig_store_private(key, der, sizeof(der), &len, e) &&
	       durable_create(path, der, len, SECRET_MODE, e);
	explicit_bzero(der, sizeof(der));
	sig_free(key);
	return done;
}

static bool
make_cert(const struct authority *a, const char *name,
    const struct cert_spec *spec, struct err *e)
{
	char path[PATH_MAX];
	struct cert *c = NULL;
	bool done = join(path, a->folder, "", name, e) &&
		    cert_issue(spec, &c, e) &&
		    authority_write_cert(path, c, false, e);

	cert_free(c);
	return done;
}

static struct cert_spec
ten_years(const char *name)
{
	uint32_t today = date_local(time(NULL));

	return (struct cert_spec){.rank = CERT_AUTHORITY,
	    .name = name,
	    .id = "",
	    .serial = 1,
	    .not_before = date_add(today, -1),
	    .not_after = date_add(today, YEARS * YEAR_DAYS)};
}

static bool
make_root(struct authority *a, const char *name, struct err *e)
{
	char full[CERT_NAME_MAX];
	struct cert_spec spec = ten_years(full);

	snprintf(full, sizeof(full), "%.48s authority", name);
	if (is_there(a, "authority.pem"))
		return true;
	if (!make_key(a, "authority.key", e) ||
	    !read_key(a, "authority.key", &a->root_key, e))
		return false;
	spec.key = spec.sign = a->root_key;
	return make_cert(a, "authority.pem", &spec, e);
}

static bool
certify_provider(
    struct authority *a, const struct authority_setup *setup, struct err *e)
{
	char full[CERT_NAME_MAX];
	struct cert_spec spec = ten_years(full);

	if (!is_there(a, "authority.key"))
		return err_set(e, ERR_CONFIG,
		    "%s/provider.pem is not there: have the authority certify "
		    "provider.key",
		    a->folder);
	snprintf(full, sizeof(full), "%.48s provider", setup->name);
	if ((a->root_key == NULL &&
		!read_key(a, "authority.key", &a->root_key, e)) ||
	    !read_cert(a, "authority.pem", CERT_AUTHORITY, &a->root, e) ||
	    !read_key(a, "provider.key", &a->provider_key, e))
		return false;
	spec.rank = CERT_PROVIDER;
	spec.id = setup->vendor;
	spec.serial = 2;
	spec.key = a->provider_key;
	spec.issuer = a->root;
	spec.sign = a->root_key;
	return make_cert(a, "provider.pem", &spec, e);
}

static bool
make_provider(
    struct authority *a, const struct authority_setup *setup, struct err *e)
{
	if (is_there(a, "provider.pem"))
		return is_there(a, "provider.key") ||
		       err_set(e, ERR_CONFIG,
			   "%s/provider.key is not there, and its certificate "
			   "is: put it back",
			   a->folder);
	return make_key(a, "provider.key", e) && certify_provider(a, setup, e);
}

static void
free_parts(struct authority *a)
{
	cert_free(a->root);
	cert_free(a->provider);
	sig_free(a->root_key);
	sig_free(a->provider_key);
	sig_free(a->download_key);
	a->root = a->provider = NULL;
	a->root_key = a->provider_key = a->download_key = NULL;
}

static bool
make_all(const char *folder, const struct authority_setup *setup, struct err *e)
{
	struct authority a = {.root_key = NULL};
	bool done;

	if (strlen(setup->vendor) != VENDOR || setup->name[0] == '\0')
		return err_set(e, ERR_REQUEST,
		    "a provider has a name, and a vendor id of %d characters",
		    VENDOR);
	if (!text_copy(a.folder, sizeof(a.folder), folder))
		return err_set(e, ERR_CONFIG, "file name too long");
	done = durable_mkdir(folder, SECRET_FOLDER, e) &&
	       make_root(&a, setup->name, e) && make_provider(&a, setup, e) &&
	       make_key(&a, "download.key", e);
	free_parts(&a);
	return done;
}

bool
authority_make(const char *folder, const struct authority_setup *setup,
    struct authority **out, struct err *e)
{
	return make_all(folder, setup, e) && authority_open(folder, out, e);
}

/* --- what is there -------------------------------------------------------------------- */

/* Signed by the authority, and of this key. */
static bool
check_provider(const struct authority *a, struct err *e)
{
	uint8_t der[CERT_MAX];
	struct cert_store *store = NULL;
	char why[256] = "";
	size_t len;
	bool done;

	if (!sig_same(cert_key(a->provider), a->provider_key))
		return err_set(e, ERR_CONFIG,
		    "%s/provider.pem is not the certificate of provider.key",
		    a->folder);
	done = cert_store_new(&store, e) &&
	       cert_der(a->root, der, sizeof(der), &len, e) &&
	       cert_store_add(store, der, len, e);
	if (done && cert_store_check(store, a->provider,
			cert_not_before(a->provider), why) != CERT_GOOD)
		done = err_set(
		    e, ERR_CONFIG, "%s/provider.pem: %s", a->folder, why);
	cert_store_free(store);
	return done;
}

static bool
read_all(struct authority *a, struct err *e)
{
	return read_cert(a, "authority.pem", CERT_AUTHORITY, &a->root, e) &&
	       read_key(a, "provider.key", &a->provider_key, e) &&
	       read_cert(a, "provider.pem", CERT_PROVIDER, &a->provider, e) &&
	       read_key(a, "download.key", &a->download_key, e) &&
	       check_provider(a, e);
}

bool
authority_open(const char *folder, struct authority **out, struct err *e)
{
	struct authority *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return err_system(e, "memory for an authority");
	if (!text_copy(a->folder, sizeof(a->folder), folder)) {
		free(a);
		return err_set(e, ERR_CONFIG, "file name too long");
	}
	if (!read_all(a, e)) {
		authority_close(a);
		return false;
	}
	*out = a;
	return true;
}

void
authority_close(struct authority *a)
{
	if (a == NULL)
		return;
	free_parts(a);
	free(a);
}

const char *
authority_vendor(const struct authority *a)
{
	return cert_id(a->provider);
}

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

/* --- what it signs ---------------------------------------------------------------------- */

static bool
may_certify(
    const struct authority *a, const struct authority_psd *psd, struct err *e)
{
	if (strncmp(psd->id, cert_id(a->provider), VENDOR) != 0)
		return err_set(e, ERR_REQUEST,
		    "%s is no PSD of vendor %s: it cannot be certified",
		    psd->id, cert_id(a->provider));
	return psd->not_after <= cert_not_after(a->provider) ||
	       err_set(e, ERR_REQUEST,
		   "the provider's certificate ends on %lu, before %s's would",
		   (unsigned long)cert_not_after(a->provider), psd->id);
}

bool
authority_certify(const struct authority *a, const struct authority_psd *psd,
    struct cert **out, struct err *e)
{
	struct sig_key *key = NULL;
	struct cert_spec spec = {.rank = CERT_PSD,
	    .name = psd->name,
	    .id = psd->id,
	    .serial = psd->serial,
	    .not_before = psd->not_before,
	    .not_after = psd->not_after,
	    .issuer = a->provider,
	    .sign = a->provider_key};
	bool done;

	if (!may_certify(a, psd, e))
		return false;
	if (psd->key == NULL && !crypto_from_point(psd->point, &key, e))
		return err_set(e, ERR_REQUEST,
		    "%s's public key is no point of the curve", psd->id);
	spec.key = psd->key != NULL ? psd->key : key;
	done = cert_issue(&spec, out, e);
	sig_free(key);
	return done;
}

bool
authority_crl(const struct authority *a, const struct authority_list *list,
    uint8_t *out, size_t size, size_t *len, struct err *e)
{
	struct cert_crl_spec spec = {.issuer = a->provider,
	    .sign = a->provider_key,
	    .serials = list->serials,
	    .count = list->count,
	    .number = list->number,
	    .date = list->date,
	    .next = list->next};

	return cert_crl_issue(&spec, out, size, len, e);
}

bool
authority_sign(const struct authority *a, const void *msg, size_t len,
    uint8_t sig[SIG_BYTES], struct err *e)
{
	return sig_sign(a->provider_key, msg, len, sig, e);
}

bool
authority_publish(const struct authority *a, const char *folder,
    const char *prefix, struct err *e)
{
	char path[PATH_MAX];

	return durable_mkdir(folder, PUBLIC_FOLDER, e) &&
	       join(path, folder, prefix, "authority.pem", e) &&
	       authority_write_cert(path, a->root, true, e) &&
	       join(path, folder, prefix, "provider.pem", e) &&
	       authority_write_cert(path, a->provider, true, e);
}
