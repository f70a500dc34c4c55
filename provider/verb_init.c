/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged init: from nothing to a provider that can sell.
 */
#include "provider/verbs.h"

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "provider/admin.h"
#include "provider/store_admin.h"

static const char usage[] =
    "init [--vendor XX] [--licence NUMBER] [--holder NAME] "
    "[--currency ISO-4217-NUMBER] [--publish FOLDER] "
    "[--administrator LOGIN]";

#define KEY_BYTES 32

/* --- files that must be secret ---------------------------------------------------- */

static bool
make_secret(const char *path, struct err *e)
{
	uint8_t random[KEY_BYTES];
	bool done;

	if (*path == '\0' || strncmp(path, "credential:", 11) == 0 ||
	    access(path, F_OK) == 0)
		return true;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_system(e, "getrandom");
	done = durable_create(path, random, sizeof(random), 0600, e);
	explicit_bzero(random, sizeof(random));
	if (done)
		printf("made %s: keep a copy in a safe place\n", path);
	return done;
}

static bool
make_secrets(const struct config *c, struct err *e)
{
	for (size_t i = 0; i < c->modules; i++)
		if (strncmp(c->module[i].uri, "software:", 9) == 0 &&
		    !make_secret(c->module[i].uri + 9, e))
			return false;
	return make_secret(c->cluster_key, e);
}

/* --- the database ------------------------------------------------------------------ */

static bool
make_administrator(struct store *s, const struct licence *l, const char *login,
    char token[AUTH_TOKEN], struct err *e)
{
	struct provider provider = {.licence = *l};
	struct worker w = {.provider = &provider, .store = s};
	struct person p = {.role = PERSON_ADMINISTRATOR};

	snprintf(p.login, sizeof(p.login), "%s", login);
	return admin_add_person(&w, &p, token, e);
}

static bool
make_schema(const struct config *c, const struct licence *l, const char *login,
    struct err *e)
{
	char token[AUTH_TOKEN] = "";
	struct store *s = NULL;
	int from, to;
	bool done =
	    store_open(c->database, VERB_WAIT_MS, &s, e) &&
	    store_migrate(s, &from, &to, e) && store_begin(s, STORE_WRITE, e) &&
	    store_licence_write(s, l, e) &&
	    make_administrator(s, l, login, token, e) && store_commit(s, e);

	if (s != NULL)
		store_rollback(s);
	if (done)
		printf("%s: schema %d, licence %lu of %s\n", store_name(s), to,
		    (unsigned long)l->number, l->holder);
	if (done)
		printf("administrator %s; token, shown this once:\n%s\n", login,
		    token);
	explicit_bzero(token, sizeof(token));
	store_close(s);
	return done;
}

static bool
make_authority(const struct config *c, const struct licence *l,
    const char *publish, struct err *e)
{
	struct authority_setup setup = {l->holder, l->vendor};
	struct authority *a = NULL;
	char prefix[8];
	bool done;

	if (c->role == ROLE_WEB)
		return true;
	snprintf(prefix, sizeof(prefix), "%s-", l->vendor);
	done = authority_make(c->authority, &setup, &a, e) &&
	       (publish == NULL || authority_publish(a, publish, prefix, e));
	authority_close(a);
	if (done)
		printf("%s: keys and certificates of vendor %s%s\n",
		    c->authority, l->vendor,
		    strcmp(l->vendor, "XX") == 0
			? ", a lab: every stamp says SPECIMEN"
			: "");
	return done;
}

/* --- options -------------------------------------------------------------------------- */

static bool
take_licence(int *argc, char **argv, struct licence *out, struct err *e)
{
	const char *vendor = verb_option(argc, argv, "--vendor");
	const char *number = verb_option(argc, argv, "--licence");
	const char *holder = verb_option(argc, argv, "--holder");
	const char *currency = verb_option(argc, argv, "--currency");
	unsigned long n = number ? strtoul(number, NULL, 10) : 1;
	unsigned long c = currency ? strtoul(currency, NULL, 10) : 840;

	if (n < 1 || n > UINT32_MAX)
		return err_set(
		    e, ERR_REQUEST, "--licence: a number of 1 to 4294967295");
	if (vendor != NULL && strlen(vendor) != 2)
		return err_set(e, ERR_REQUEST,
		    "--vendor: the two letters that the postal authority gave");
	if (c > 999)
		return err_set(e, ERR_REQUEST, "--currency: 0 to 999");
	*out = (struct licence){.number = (uint32_t)n, .currency = (uint16_t)c};
	snprintf(
	    out->vendor, sizeof(out->vendor), "%s", vendor ? vendor : "XX");
	snprintf(out->holder, sizeof(out->holder), "%s",
	    holder ? holder : "cups-postage lab provider");
	return true;
}

/* What root makes in the service's folder the service could not read. */
static bool
is_service(const struct config *c, struct err *e)
{
	char folder[PATH_MAX];
	const struct passwd *owner;
	struct stat st;
	char *slash;

	snprintf(folder, sizeof(folder), "%s", c->authority);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return true;
	*slash = '\0';
	if (geteuid() != 0 || stat(folder, &st) != 0 || st.st_uid == 0)
		return true;
	owner = getpwuid(st.st_uid);
	return err_set(e, ERR_REQUEST,
	    "%s is user %s's, who could not read what root makes there: "
	    "setpriv --reuid=%s --regid=%s --init-groups postaged init ...",
	    folder, owner ? owner->pw_name : "?", owner ? owner->pw_name : "?",
	    owner ? owner->pw_name : "?");
}

bool
verb_init(struct program *p, int argc, char **argv, struct err *e)
{
	const char *publish = verb_option(&argc, argv, "--publish");
	const char *login = verb_option(&argc, argv, "--administrator");
	struct licence licence;

	return take_licence(&argc, argv, &licence, e) &&
	       verb_words(argc, argv, 1, 1, usage, e) &&
	       is_service(&p->config, e) && make_secrets(&p->config, e) &&
	       make_authority(&p->config, &licence, publish, e) &&
	       make_schema(&p->config, &licence, login ? login : "admin", e);
}
