/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/program.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "provider/combine.h"
#include "provider/complete.h"
#include "provider/issue.h"
#include "provider/pay.h"
#include "provider/psds.h"
#include "provider/signer_turn.h"
#include "provider/store_admin.h"
#include "vault/nursery.h"
#include "vault/pin.h"

#define STORE_WAIT_MS 15000 /* for a lock; shorter than an answer */

bool
program_load(const char *path, struct program *out, struct err *e)
{
	*out = (struct program){.authority = NULL};
	return config_load(path, &out->config, e);
}

static bool
is_roots(const char *path, struct err *e)
{
	char folder[PATH_MAX];
	const struct passwd *owner;
	const char *name;
	struct stat st;
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return true;
	*slash = '\0';
	if (stat(folder, &st) != 0 || st.st_uid == 0)
		return true;
	owner = getpwuid(st.st_uid);
	name = owner ? owner->pw_name : "?";
	return err_set(e, ERR_REQUEST,
	    "%s is user %s's, who could not read what root makes there: "
	    "setpriv --reuid=%s --regid=%s --init-groups postaged ...",
	    folder, name, name, name);
}

bool
program_is_service(const struct config *c, struct err *e)
{
	static const char file[] = "sqlite:";

	if (geteuid() != 0)
		return true;
	return is_roots(c->authority, e) &&
	       (strncmp(c->database, file, sizeof(file) - 1) != 0 ||
		   is_roots(c->database + sizeof(file) - 1, e));
}

static bool
read_licence(struct program *p, struct err *e)
{
	struct store *s = NULL;
	bool done = store_open(p->config.database, STORE_WAIT_MS, &s, e) &&
		    store_check_version(s, e) &&
		    store_begin(s, STORE_READ, e) &&
		    store_licence_read(s, &p->provider.licence, e);

	if (s != NULL)
		store_rollback(s);
	store_close(s);
	return done;
}

static bool
read_cluster_key(struct program *p, struct err *e)
{
	uint8_t bytes[FORWARDED_KEY + 1];
	char path[PATH_MAX];
	size_t len = 0;
	bool done;

	if (p->config.role == ROLE_BOTH)
		return true;
	done = pin_path(p->config.cluster_key, path, e) &&
	       pin_private(path, e) &&
	       durable_read(path, bytes, sizeof(bytes), &len, e);
	if (done && len != FORWARDED_KEY)
		done = err_set(e, ERR_CONFIG,
		    "%s: the key has %d bytes, as `postaged init` "
		    "makes it",
		    path, FORWARDED_KEY);
	if (done)
		memcpy(p->cluster_key, bytes, FORWARDED_KEY);
	explicit_bzero(bytes, sizeof(bytes));
	return done || err_prefix(e, "cluster-key");
}

/* Before anything makes an empty file there. */
static bool
check_books(const struct config *c, struct err *e)
{
	return store_is_there(c->database) ||
	       err_set(e, ERR_CONFIG,
		   "there are no books at %s: run postaged init, or name them "
		   "as database in the configuration",
		   c->database);
}

bool
program_open(struct program *p, struct err *e)
{
	p->provider.server = p->config.name;
	p->provider.choose_psd = p->config.choose_psd;
	p->provider.mail_days = p->config.mail_days;
	p->provider.audit_days = p->config.audit_days;
	p->provider.refund_days = p->config.refund_days;
	p->provider.approve_above = p->config.approve_above;
	p->provider.any_sheet = p->config.any_sheet;
	p->provider.redates = p->config.redates;
	p->provider.tally = &p->tally;
	p->provider.load = &p->load;
	if (!check_books(&p->config, e) || !read_cluster_key(p, e))
		return false;
	if (p->config.role != ROLE_WEB) {
		if (!nursery_open(&p->nursery, e))
			return false;
		if (!authority_open(p->config.authority, &p->authority, e))
			return false;
		p->provider.keys = p->authority;
		p->provider.answer_key = authority_answer_key(p->authority);
		p->provider.certificate = authority_provider(p->authority);
		p->provider.authority = authority_root(p->authority);
	}
	p->provider.debits = combine_new(&issue_combined);
	p->provider.signatures = combine_new(&complete_combined);
	if (p->provider.debits == NULL || p->provider.signatures == NULL)
		return err_system(e, "memory");
	for (size_t i = 0; i < p->config.modules; i++)
		if (!signer_turn_new(&p->turn[i], e))
			return false;
	return read_licence(p, e);
}

void
program_close(struct program *p)
{
	authority_close(p->authority);
	p->authority = NULL;
	combine_free(p->provider.debits);
	combine_free(p->provider.signatures);
	p->provider.debits = p->provider.signatures = NULL;
	nursery_close(p->nursery);
	p->nursery = NULL;
	for (size_t i = 0; i < MODULES_MAX; i++) {
		signer_turn_free(p->turn[i]);
		p->turn[i] = NULL;
	}
	explicit_bzero(p->cluster_key, sizeof(p->cluster_key));
}

static bool
open_signers(const struct program *p, struct worker *w, struct err *e)
{
	for (size_t i = 0; i < p->config.modules; i++) {
		const struct module_config *m = &p->config.module[i];
		struct signer_setup setup = {.name = m->name,
		    .uri = m->uri,
		    .pin_file = m->pin_file[0] ? m->pin_file : NULL,
		    .nursery = p->nursery,
		    .turn = p->turn[i],
		    .answer_ms = p->config.answer_ms};

		if (!signer_open(&setup, &w->signer[i], e))
			return false;
		w->signers++;
	}
	return true;
}

/* Without a page of the provider's own it is one of ours (site.h). */
static void
lead_back(const struct config *c, const char *page, char out[PAY_BACK])
{
	size_t len = strlen(c->url);

	if (c->stripe_return[0] != '\0')
		snprintf(out, PAY_BACK, "%s", c->stripe_return);
	else
		snprintf(out, PAY_BACK, "%s%s%s", c->url,
		    len > 0 && c->url[len - 1] == '/' ? "" : "/", page);
}

static bool
open_pay(const struct program *p, struct worker *w, struct err *e)
{
	const struct config *c = &p->config;
	char paid[PAY_BACK], cancelled[PAY_BACK];
	const struct pay_setup setup = {.base_url = c->stripe_url,
	    .key_file = c->stripe_key,
	    .webhook_secret_file = c->stripe_webhook_secret,
	    .authority = c->stripe_authority,
	    .paid_url = paid,
	    .cancelled_url = cancelled};

	lead_back(c, "paid", paid);
	lead_back(c, "cancelled", cancelled);
	return pay_open(&setup, &w->pay, e);
}

bool
program_worker(const struct program *p, struct worker **out, struct err *e)
{
	struct worker *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return err_system(e, "memory");
	w->provider = &p->provider;
	if (psds_new(&w->psds, e) &&
	    store_open(p->config.database, STORE_WAIT_MS, &w->store, e) &&
	    open_signers(p, w, e) && open_pay(p, w, e)) {
		*out = w;
		return true;
	}
	program_worker_close(w);
	return false;
}

void
program_worker_close(struct worker *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->signers; i++)
		signer_close(w->signer[i]);
	pay_close(w->pay);
	store_close(w->store);
	psds_free(w->psds);
	free(w->seen);
	free(w);
}
