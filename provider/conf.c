/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/conf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "provider/web.h"

enum type { TEXT, NUMBER, MONEY, HOW, ROLE, SHEETS };

struct key {
	const char *section, *name;
	enum type type;
	size_t offset, size;
};

#define C(type, field)                        \
	type, offsetof(struct config, field), \
	    sizeof(((struct config *)0)->field)
#define M(type, field)                               \
	type, offsetof(struct module_config, field), \
	    sizeof(((struct module_config *)0)->field)

static const struct key keys[] = {
    {"postaged", "role", C(ROLE, role)},
    {"postaged", "name", C(TEXT, name)},
    {"postaged", "database", C(TEXT, database)},
    {"postaged", "authority", C(TEXT, authority)},
    {"postaged", "cluster-key", C(TEXT, cluster_key)},
    {"postaged", "choose-psd", C(HOW, choose_psd)},
    {"postaged", "choose-server", C(HOW, choose_server)},
    {"postaged", "sheets", C(SHEETS, any_sheet)},
    {"postaged", "redates", C(NUMBER, redates)},
    {"postaged", "workers", C(NUMBER, workers)},
    {"postaged", "drain", C(NUMBER, drain_s)},
    {"postaged", "module-wait", C(NUMBER, answer_ms)},
    {"web", "listen", C(TEXT, listen)},
    {"web", "certificate", C(TEXT, certificate)},
    {"web", "key", C(TEXT, key)},
    {"web", "client-authority", C(TEXT, client_authority)},
    {"web", "url", C(TEXT, url)},
    {"web", "connections", C(NUMBER, connections)},
    {"web", "per-address", C(NUMBER, per_address)},
    {"web", "rate", C(NUMBER, rate)},
    {"web", "burst", C(NUMBER, burst)},
    {"web", "login-burst", C(NUMBER, login_burst)},
    {"web", "metrics", C(TEXT, metrics)},
    {"web", "pages", C(TEXT, pages)},
    {"process", "listen", C(TEXT, process_listen)},
    {"process", "url", C(TEXT, process_url)},
    {"process", "certificate", C(TEXT, process_certificate)},
    {"process", "key", C(TEXT, process_key)},
    {"process", "authority", C(TEXT, process_authority)},
    {"post", "days", C(NUMBER, mail_days)},
    {"stripe", "base-url", C(TEXT, stripe_url)},
    {"stripe", "key-file", C(TEXT, stripe_key)},
    {"stripe", "webhook-secret-file", C(TEXT, stripe_webhook_secret)},
    {"stripe", "authority", C(TEXT, stripe_authority)},
    {"stripe", "return-url", C(TEXT, stripe_return)},
    {"refund", "days", C(NUMBER, refund_days)},
    {"refund", "approve-above", C(MONEY, approve_above)},
    {"psd", "min-stamp", C(MONEY, min_stamp)},
    {"psd", "max-stamp", C(MONEY, max_stamp)},
    {"psd", "max-value", C(MONEY, max_descending)},
    {"psd", "years", C(NUMBER, psd_years)},
    {"psd", "audit-days", C(NUMBER, audit_days)},
};

static const struct key module_keys[] = {
    {"module", "uri", M(TEXT, uri)},
    {"module", "pin-file", M(TEXT, pin_file)},
};

#define KEYS(a) (sizeof(a) / sizeof((a)[0]))

/* --- values ---------------------------------------------------------------------- */

static bool
set_text(const struct key *k, void *at, const char *value, struct err *e)
{
	size_t len = strlen(value);

	if (len >= k->size)
		return err_set(e, ERR_CONFIG, "%s: longer than %zu characters",
		    k->name, k->size - 1);
	memcpy(at, value, len + 1);
	return true;
}

static bool
set_number(const struct key *k, int *at, const char *value, struct err *e)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < 0 ||
	    n > 1000000000)
		return err_set(
		    e, ERR_CONFIG, "%s: \"%s\" is no number", k->name, value);
	*at = (int)n;
	return true;
}

static bool
set_role(const struct key *k, enum role *at, const char *value, struct err *e)
{
	static const char *const roles[] = {"both", "web", "process"};

	for (size_t i = 0; i < KEYS(roles); i++)
		if (strcmp(value, roles[i]) == 0) {
			*at = (enum role)i;
			return true;
		}
	return err_set(e, ERR_CONFIG, "%s: both, web or process, not \"%s\"",
	    k->name, value);
}

static bool
set_sheets(const struct key *k, bool *any, const char *value, struct err *e)
{
	*any = strcmp(value, "any") == 0;
	return *any || strcmp(value, "registered") == 0 ||
	       err_set(e, ERR_CONFIG, "%s: registered or any, not \"%s\"",
		   k->name, value);
}

static bool
set_value(const struct key *k, void *base, const char *value, struct err *e)
{
	void *at = (char *)base + k->offset;

	switch (k->type) {
	case TEXT: return set_text(k, at, value, e);
	case NUMBER: return set_number(k, at, value, e);
	case ROLE: return set_role(k, at, value, e);
	case SHEETS: return set_sheets(k, at, value, e);
	case MONEY:
		return mils_parse(value, at) ||
		       err_set(e, ERR_CONFIG, "%s: \"%s\" is no sum", k->name,
			   value);
	case HOW:
		return choose_parse(value, at) ||
		       err_set(e, ERR_CONFIG,
			   "%s: round-robin, least-loaded or affinity, not "
			   "\"%s\"",
			   k->name, value);
	}
	return false;
}

/* --- lines ------------------------------------------------------------------------- */

static struct module_config *
find_module(struct config *c, const char *name, struct err *e)
{
	for (size_t i = 0; i < c->modules; i++)
		if (strcmp(c->module[i].name, name) == 0)
			return &c->module[i];
	if (c->modules == MODULES_MAX || *name == '\0' ||
	    strlen(name) >= SIGNER_NAME_MAX || strpbrk(name, " \t") != NULL) {
		err_set(e, ERR_CONFIG,
		    "[module %s]: a name without spaces, and at most %d "
		    "modules",
		    name, MODULES_MAX);
		return NULL;
	}
	snprintf(c->module[c->modules].name, SIGNER_NAME_MAX, "%s", name);
	return &c->module[c->modules++];
}

static bool
set_in(const struct key *list, size_t count, void *base, const char *section,
    const char *name, const char *value, struct err *e)
{
	bool known = false;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].section, section) != 0)
			continue;
		known = true;
		if (strcmp(list[i].name, name) == 0)
			return set_value(&list[i], base, value, e);
	}
	return known ? err_set(e, ERR_CONFIG, "there is no key %s in [%s]",
			   name, section)
		     : err_set(e, ERR_CONFIG,
			   "there is no section [%s], and %s is in it", section,
			   name);
}

static bool
one_line(void *context, const char *section, const char *key, const char *value,
    struct err *e)
{
	struct config *c = context;
	struct module_config *m;

	if (strncmp(section, "module ", 7) != 0)
		return set_in(keys, KEYS(keys), c, section, key, value, e);
	m = find_module(c, section + 7, e);
	return m != NULL && set_in(module_keys, KEYS(module_keys), m, "module",
				key, value, e);
}

/* --- the whole ------------------------------------------------------------------------ */

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Two of a server each name their card: else it would be chance which one finds
 * which, and a PSD would wait for the other's. */
static bool
check_cards(const struct config *c, const char *path, struct err *e)
{
	const struct module_config *m = c->module;

	for (size_t i = 0; i < c->modules; i++)
		for (size_t j = 0; j < c->modules; j++)
			if (i != j && begins(m[i].uri, "card:") &&
			    begins(m[j].uri, "card:") &&
			    (strcmp(m[i].uri, "card:") == 0 ||
				strcmp(m[i].uri, m[j].uri) == 0))
				return err_set(e, ERR_CONFIG,
				    "%s: [module %s] and [module %s] can be "
				    "the same card: write uri = "
				    "card:XXPS0000000001 with the PSD of each",
				    path, m[i].name, m[j].name);
	return true;
}

/* What can be seen without opening them. */
static bool
check_uris(const struct config *c, const char *path, struct err *e)
{
	if (!begins(c->database, "sqlite:/") &&
	    !begins(c->database, "postgresql:"))
		return err_set(e, ERR_CONFIG,
		    "%s: database \"%s\": write sqlite:/FILE or "
		    "postgresql://...",
		    path, c->database);
	for (size_t i = 0; i < c->modules; i++)
		if (!begins(c->module[i].uri, "software:/") &&
		    !begins(c->module[i].uri, "software:credential:") &&
		    !begins(c->module[i].uri, "pkcs11:") &&
		    !begins(c->module[i].uri, "card:"))
			return err_set(e, ERR_CONFIG,
			    "%s: [module %s]: uri \"%s\": write "
			    "software:/FILE, pkcs11:token=LABEL or card:",
			    path, c->module[i].name, c->module[i].uri);
	return check_cards(c, path, e);
}

static bool
check_listen(const struct config *c, const char *path, struct err *e)
{
	bool front = c->role != ROLE_PROCESS;

	return web_check_listen(front ? c->listen : c->process_listen, e) ||
	       err_prefix(
		   e, "%s: listen in [%s]", path, front ? "web" : "process");
}

static bool
check(const struct config *c, const char *path, struct err *e)
{
	if (c->database[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "%s: [postaged] needs database = sqlite:FILE or "
		    "postgresql://...",
		    path);
	if (c->role != ROLE_BOTH && c->cluster_key[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "%s: fronts and processing servers on their own need "
		    "cluster-key = FILE, the same for all",
		    path);
	if (c->role == ROLE_PROCESS && c->process_url[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "%s: [process] needs url = ..., as fronts reach it", path);
	if (c->role != ROLE_WEB && c->modules == 0)
		return err_set(e, ERR_CONFIG,
		    "%s: a processing server needs a [module NAME]", path);
	if (c->stripe_key[0] != '\0' && c->stripe_return[0] == '\0' &&
	    c->url[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "%s: [stripe] needs return-url = ..., where a person goes "
		    "after paying, or [web] a url",
		    path);
	for (size_t i = 0; i < c->modules; i++)
		if (c->module[i].uri[0] == '\0')
			return err_set(e, ERR_CONFIG,
			    "%s: [module %s] needs a uri", path,
			    c->module[i].name);
	return check_uris(c, path, e) && check_listen(c, path, e);
}

const char *
config_path(void)
{
	const char *path = getenv("POSTAGED_CONF");

	return path != NULL && *path != '\0' ? path
					     : POSTAGE_SYSCONFDIR
		   "/postaged.conf";
}

bool
config_load(const char *path, struct config *out, struct err *e)
{
	*out = (struct config){.choose_psd = CHOOSE_AFFINITY,
	    .choose_server = CHOOSE_ROUND_ROBIN,
	    .authority = POSTAGE_SYSCONFDIR "/authority",
	    .redates = 200,
	    .drain_s = 30,
	    .listen = "127.0.0.1:8443",
	    .process_listen = "127.0.0.1:8444",
	    .per_address = 1000,
	    .burst = 200,
	    .login_burst = 10,
	    .metrics = "127.0.0.1 ::1",
	    .answer_ms = 10000,
	    .mail_days = 30,
	    .stripe_url = "https://api.stripe.com",
	    .stripe_authority = "/etc/ssl/certs/ca-certificates.crt",
	    .refund_days = 60,
	    .approve_above = 100 * MILS_PER_UNIT,
	    .min_stamp = 1,
	    .max_stamp = 100 * MILS_PER_UNIT,
	    .max_descending = 2000 * MILS_PER_UNIT,
	    .psd_years = 3,
	    .audit_days = 90};
	if (gethostname(out->name, sizeof(out->name) - 1) != 0)
		return err_system(e, "gethostname");
	return conf_load(path, one_line, out, e) && check(out, path, e);
}
