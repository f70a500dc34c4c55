/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged init: from nothing to a provider that can sell.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/durable.h"
#include "provider/admin.h"
#include "provider/store_admin.h"

static const char usage[] =
    "init [--vendor XX] [--licence NUMBER] [--holder NAME] "
    "[--currency ISO-4217-NUMBER] [--publish FOLDER] "
    "[--administrator LOGIN]";

#define KEY_BYTES     32
#define FIRST_LICENCE 1 /* where none is named */

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

struct books {
	struct store *store;
	struct licence licence;
	bool found; /* it is in them */
};

static bool
make_books(
    struct store *s, const struct licence *l, const char *login, struct err *e)
{
	char token[AUTH_TOKEN] = "";
	int from, to;
	bool done =
	    store_migrate(s, &from, &to, e) && store_begin(s, STORE_WRITE, e) &&
	    store_licence_write(s, l, e) &&
	    make_administrator(s, l, login, token, e) && store_commit(s, e);

	store_rollback(s);
	if (done)
		printf("%s: schema %d, licence %lu of %s\n"
		       "administrator %s; token, shown this once:\n%s\n",
		    store_name(s), to, (unsigned long)l->number, l->holder,
		    login, token);
	explicit_bzero(token, sizeof(token));
	return done;
}

/* Books without a licence are what a crash of init left. */
static bool
find_licence(struct store *s, struct licence *out, bool *found, struct err *e)
{
	struct err why = ERR_INIT;
	int version;

	*found = false;
	if (!store_version(s, &version, e))
		return false;
	if (version == 0)
		return true;
	if (!store_check_version(s, e) || !store_begin(s, STORE_READ, e))
		return false;
	*found = store_licence_read(s, out, &why);
	store_rollback(s);
	if (*found || why.kind == ERR_CONFIG)
		return true;
	*e = why;
	return false;
}

/* Before anything is made.  They stay as they are, whatever is asked for. */
static bool
open_books(const struct config *c, const struct licence *asked,
    struct books *out, struct err *e)
{
	struct licence *there = &out->licence;

	*out = (struct books){.store = NULL};
	if (!store_open(c->database, VERB_WAIT_MS, &out->store, e) ||
	    !find_licence(out->store, there, &out->found, e))
		return false;
	if (!out->found)
		*there = *asked;
	else if (asked->number != 0 && asked->number != there->number)
		return err_set(e, ERR_REQUEST,
		    "%s: these are the books of licence %lu, of %s: another "
		    "licence needs another database",
		    store_name(out->store), (unsigned long)there->number,
		    there->holder);
	if (there->number == 0)
		there->number = FIRST_LICENCE;
	return true;
}

static bool
finish_books(const struct books *b, const char *login, struct err *e)
{
	if (!b->found)
		return make_books(b->store, &b->licence, login, e);
	printf("%s: the books of licence %lu, of %s, are there already and "
	       "stay as they are\n",
	    store_name(b->store), (unsigned long)b->licence.number,
	    b->licence.holder);
	return true;
}

static bool
make_authority(const struct config *c, const struct licence *l,
    const char *publish, struct err *e)
{
	struct authority_setup setup = {l->holder, l->vendor};
	struct authority *a = NULL;
	bool there = access(c->authority, F_OK) == 0, done;
	char prefix[8];

	snprintf(prefix, sizeof(prefix), "%s-", l->vendor);
	done = authority_make(c->authority, &setup, &a, e) &&
	       (publish == NULL || authority_publish(a, publish, prefix, e));
	authority_close(a);
	if (done)
		printf("%s: keys and certificates of vendor %s%s%s\n",
		    c->authority, l->vendor,
		    strcmp(l->vendor, "XX") == 0
			? ", a lab: every stamp says SPECIMEN"
			: "",
		    there ? "; they were there" : "");
	return done;
}

/* --- options -------------------------------------------------------------------------- */

/* Number 0: none was named. */
static bool
take_licence(int *argc, char **argv, struct licence *out, struct err *e)
{
	const char *vendor = verb_option(argc, argv, "--vendor");
	const char *number = verb_option(argc, argv, "--licence");
	const char *holder = verb_option(argc, argv, "--holder");
	const char *currency = verb_option(argc, argv, "--currency");
	unsigned long n = number ? strtoul(number, NULL, 10) : 0;
	unsigned long c = currency ? strtoul(currency, NULL, 10) : 840;

	if (number != NULL && (n < 1 || n > UINT32_MAX))
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

bool
verb_init(struct program *p, int argc, char **argv, struct err *e)
{
	const char *publish = verb_option(&argc, argv, "--publish");
	const char *login = verb_option(&argc, argv, "--administrator");
	struct books books = {.store = NULL};
	struct licence asked;
	bool done = take_licence(&argc, argv, &asked, e) &&
		    verb_words(argc, argv, 1, 1, usage, e) &&
		    verb_needs_keys(p, e) &&
		    open_books(&p->config, &asked, &books, e) &&
		    make_secrets(&p->config, e) &&
		    make_authority(&p->config, &books.licence, publish, e) &&
		    finish_books(&books, login ? login : "admin", e);

	store_close(books.store);
	return done;
}
