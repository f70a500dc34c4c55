/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/verify_online.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/bytes.h"
#include "base/durable.h"
#include "base/log.h"

#define ASK_MS	    20000
#define FRESH_S	    3600 /* as long as the provider says in Cache-Control */
#define SCAN_BYTES  16
#define CACHE_NAME  "postage"
#define NAME_LENGTH 64

struct online {
	struct remote_post post;
	struct online_setup setup;
	char cache[PATH_MAX];
	char vendor[3]; /* whose certificate and list are in the store */
	bool complained;
};

/* --- the folder ---------------------------------------------------------------- */

/* Without one all is fetched each time. */
static void
complain(struct online *o, const struct err *why)
{
	if (!o->complained)
		log_warning("certificates are not kept: %s", why->text);
	o->complained = true;
}

/* $XDG_CACHE_HOME, else ~/.cache: the folder of one user, for all programs. */
static bool
name_cache(struct online *o, struct err *e)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int len;

	if (o->setup.cache != NULL) {
		len =
		    snprintf(o->cache, sizeof(o->cache), "%s", o->setup.cache);
	} else if (base != NULL && base[0] == '/') {
		len = snprintf(
		    o->cache, sizeof(o->cache), "%s/" CACHE_NAME, base);
	} else if (home != NULL && home[0] == '/') {
		snprintf(o->cache, sizeof(o->cache), "%s/.cache", home);
		if (!durable_mkdir(o->cache, 0700, e))
			return false;
		len = snprintf(
		    o->cache, sizeof(o->cache), "%s/.cache/" CACHE_NAME, home);
	} else {
		return err_set(e, ERR_CONFIG, "there is no home; use --cache");
	}
	if (len + NAME_LENGTH >= PATH_MAX)
		return err_set(e, ERR_CONFIG, "too long a name of a folder");
	return durable_mkdir(o->cache, 0700, e);
}

static void
name_file(const struct online *o, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.*s/%.63s", PATH_MAX - NAME_LENGTH - 1,
	    o->cache, name);
}

static void
keep(struct online *o, const char *name, const uint8_t *der, size_t len)
{
	struct err why = ERR_INIT;
	char path[PATH_MAX];

	if (o->cache[0] == '\0')
		return;
	name_file(o, name, path);
	if (!durable_replace(path, der, len, 0600, &why))
		complain(o, &why);
}

/* Of a file that is younger than `age_s` (0: of any age). */
static bool
kept(const struct online *o, const char *name, int age_s, uint8_t *out,
    size_t size, size_t *len)
{
	struct err ignored = ERR_INIT;
	char path[PATH_MAX];
	struct stat st;
	time_t now = time(NULL);

	if (o->cache[0] == '\0')
		return false;
	name_file(o, name, path);
	return stat(path, &st) == 0 &&
	       (age_s == 0 ||
		   (st.st_mtime <= now && now - st.st_mtime < age_s)) &&
	       durable_read(path, out, size, len, &ignored);
}

/* --- opening -------------------------------------------------------------------- */

bool
online_open(
    const struct online_setup *setup, struct online **out, struct err *e)
{
	struct online *o;
	struct err why = ERR_INIT;

	if (setup->place != NULL &&
	    (setup->place[0] == '\0' || strlen(setup->place) >= REMOTE_PLACE))
		return err_set(e, ERR_REQUEST, "a place has 1 to %d bytes",
		    REMOTE_PLACE - 1);
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return err_system(e, "memory for a provider");
	o->setup = *setup;
	if (!remote_post_open(&o->post, setup->uri, ASK_MS, e)) {
		free(o);
		return err_prefix(e, "--online");
	}
	if (!name_cache(o, &why)) {
		o->cache[0] = '\0';
		complain(o, &why);
	}
	*out = o;
	return true;
}

void
online_close(struct online *o)
{
	if (o == NULL)
		return;
	remote_post_close(&o->post);
	free(o);
}

/* --- what a stamp is checked with -------------------------------------------------- */

/* Into the store, if it is whose it should be and leads to an authority there: a
 * self-signed one would be an authority itself. */
static bool
take(struct online *o, const char *id, uint32_t serial, const uint8_t *der,
    size_t len, bool *good, struct err *e)
{
	enum cert_rank rank = strlen(id) == 2 ? CERT_PROVIDER : CERT_PSD;
	struct err ignored = ERR_INIT;
	struct cert *cert;
	char why[256];

	*good = false;
	if (!cert_parse(der, len, &cert, &ignored))
		return true;
	*good = cert_rank(cert) == rank && strcmp(cert_id(cert), id) == 0 &&
		(serial == 0 || cert_serial(cert) == serial) &&
		cert_store_check(o->setup.certificates, cert, o->setup.today,
		    why) != CERT_UNKNOWN;
	cert_free(cert);
	return !*good || cert_store_add(o->setup.certificates, der, len, e);
}

/* From the folder, else from the provider.  *found = false: it has none such. */
static bool
get_certificate(struct online *o, const char *id, uint32_t serial, int age_s,
    bool *found, struct err *e)
{
	uint8_t der[CERT_MAX];
	char name[NAME_LENGTH];
	size_t len;
	bool good = false;

	snprintf(name, sizeof(name), "%.31s-%" PRIu32 ".der", id, serial);
	*found = true;
	if (kept(o, name, age_s, der, sizeof(der), &len) &&
	    !take(o, id, serial, der, len, &good, e))
		return false;
	if (good)
		return true;
	if (!remote_post_certificate(&o->post, id, der, &len, found, e))
		return false;
	if (!*found)
		return true;
	if (!take(o, id, serial, der, len, &good, e))
		return false;
	if (good)
		keep(o, name, der, len);
	return good || serial != 0 ||
	       err_set(e, ERR_DENIED,
		   "the certificate of provider %s leads to no authority that "
		   "is trusted here: put that of its postal authority into the "
		   "folder of --certificates",
		   id);
}

static bool
get_list(struct online *o, const char *vendor, struct err *e)
{
	char name[NAME_LENGTH];
	uint8_t *der = malloc(REMOTE_LIST);
	struct err ignored = ERR_INIT;
	size_t len;
	bool done = der != NULL || err_system(e, "memory for a list");

	snprintf(name, sizeof(name), "%.2s.crl", vendor);
	if (done && kept(o, name, FRESH_S, der, REMOTE_LIST, &len) &&
	    cert_store_add_list(o->setup.certificates, der, len, &ignored)) {
		free(der);
		return true;
	}
	free(der);
	der = NULL;
	done = done && remote_post_list(&o->post, &der, &len, e) &&
	       cert_store_add_list(o->setup.certificates, der, len, e);
	if (done)
		keep(o, name, der, len);
	free(der);
	return done;
}

static bool
need_vendor(struct online *o, const char *vendor, struct err *e)
{
	bool found;

	if (strcmp(o->vendor, vendor) == 0)
		return true;
	if (!get_certificate(o, vendor, 0, FRESH_S, &found, e))
		return false;
	if (found && !get_list(o, vendor, e))
		return false;
	snprintf(o->vendor, sizeof(o->vendor), "%.2s", vendor);
	return true;
}

bool
online_fetch(struct online *o, const struct indicium *in, struct err *e)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	char id[INDICIUM_PSD_ID];
	bool found;

	/* It names files, too. */
	indicium_psd_id(in, id);
	if (strlen(id) != strspn(id, good) || strlen(in->vendor) != 2)
		return true;
	return need_vendor(o, in->vendor, e) &&
	       (cert_store_find(o->setup.certificates, in->cert_serial, id) !=
		       NULL ||
		   get_certificate(o, id, in->cert_serial, 0, &found, e));
}

/* --- the stamp ------------------------------------------------------------------- */

bool
online_ask(struct online *o, const uint8_t *bytes, size_t len,
    struct remote_check *out, struct err *e)
{
	struct remote_look look = {
	    .bytes = bytes, .len = len, .place = o->setup.place};
	char scan[2 * SCAN_BYTES + 1];
	uint8_t name[SCAN_BYTES];

	/* Another look at the same paper is another one. */
	if (getrandom(name, sizeof(name), 0) != sizeof(name))
		return err_system(e, "getrandom");
	bytes_to_hex(name, sizeof(name), scan);
	look.scan = scan;
	return remote_post_ask(&o->post, &look, out, e);
}
