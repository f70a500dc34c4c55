/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provider_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/audit.h"
#include "provider/combine.h"
#include "provider/complete.h"
#include "provider/enrol.h"
#include "provider/fund.h"
#include "provider/store_admin.h"
#include "tests/pg_help.h"

#define WAIT_MS 20000

static time_t clock_now;

static int64_t
now_ms(void)
{
	return (int64_t)clock_now * 1000;
}

time_t
shop_time(void)
{
	return clock_now;
}

void
shop_set_time(time_t t)
{
	clock_now = t;
}

static void
must(bool good, const struct err *e)
{
	if (good)
		return;
	fprintf(stderr, "provider for tests: %s\n", e->text);
	exit(1);
}

/* --- making it ------------------------------------------------------------------- */

static void
make_folder(struct shop *s)
{
	char path[128];
	FILE *f;

	snprintf(s->folder, sizeof(s->folder), "/tmp/t_provider.XXXXXX");
	if (mkdtemp(s->folder) == NULL)
		exit(1);
	snprintf(path, sizeof(path), "%s/wrap.key", s->folder);
	f = fopen(path, "we");
	if (f == NULL ||
	    fwrite("0123456789abcdef0123456789abcdef", 1, 32, f) != 32 ||
	    fclose(f) != 0)
		exit(1);
	if (chmod(path, 0600) != 0)
		exit(1);
}

static void
make_authority(struct shop *s, struct err *e)
{
	static const struct authority_setup setup = {"test provider", "XX"};
	char path[128];

	snprintf(path, sizeof(path), "%s/authority", s->folder);
	must(authority_make(path, &setup, &s->authority, e), e);
	s->provider = (struct provider){.licence = {.number = 4711,
					    .vendor = "XX",
					    .holder = "test provider",
					    .currency = 840},
	    .keys = s->authority,
	    .mail_days = 30,
	    .audit_days = 90,
	    .refund_days = 60,
	    .approve_above = 500,
	    .redates = 50,
	    .answer_key = authority_answer_key(s->authority),
	    .certificate = authority_provider(s->authority),
	    .authority = authority_root(s->authority),
	    .choose_psd = CHOOSE_AFFINITY,
	    .server = "test",
	    .load = &s->load,
	    .debits = combine_new(&issue_combined),
	    .signatures = combine_new(&complete_combined),
	    .now_ms = now_ms};
}

struct worker *
shop_worker(struct shop *s, const char *module)
{
	struct worker *w = calloc(1, sizeof(*w));
	struct err e = ERR_INIT;
	char uri[128];
	struct signer_setup setup = {
	    .name = module ? module : "soft", .uri = uri, .answer_ms = 5000};

	snprintf(uri, sizeof(uri), "software:%s/wrap.key", s->folder);
	w->provider = &s->provider;
	must(psds_new(&w->psds, &e) &&
		 store_open(s->uri, WAIT_MS, &w->store, &e) &&
		 signer_open(&setup, &w->signer[0], &e),
	    &e);
	w->signers = 1;
	return w;
}

void
shop_worker_close(struct worker *w)
{
	program_worker_close(w);
}

static void
make_books(struct shop *s, const struct shop_setup *setup, struct err *e)
{
	struct account a = {.name = "account", .load = setup->load};
	struct payment_in in = {
	    .amount = setup->credit, .from = "invoice", .ref = "invoice:1"};
	bool fresh;

	must(store_licence_write(s->w->store, &s->provider.licence, e) &&
		 store_customer_add(
		     s->w->store, "customer", 1, &a.customer, e) &&
		 store_account_add(s->w->store, &a, 1, &s->account, e),
	    e);
	in.account = s->account;
	if (setup->credit > 0)
		must(fund_credit(s->w->store, &in, &fresh, e), e);
}

static void
make_psd(struct shop *s, const struct shop_setup *setup, struct err *e)
{
	struct enrol enrol = {.authority = s->authority,
	    .account = s->account,
	    .signer = s->w->signer[0],
	    .min_stamp = 1,
	    .max_stamp = 100000,
	    .max_descending =
		setup->max_descending ? setup->max_descending : 2000000000,
	    .years = setup->years ? setup->years : 3};
	uint32_t serial;

	must(enrol_psd(s->w, &enrol, &serial, e), e);
}

void
shop_add_psd(struct shop *s, const struct shop_setup *setup)
{
	struct err e = ERR_INIT;

	must(store_begin(s->w->store, STORE_WRITE, &e), &e);
	make_psd(s, setup, &e);
	must(store_commit(s->w->store, &e), &e);
}

const struct psd_here *
shop_psd(struct shop *s, size_t i)
{
	struct psds_found found;
	struct err e = ERR_INIT;

	must(psds_of(s->w, s->account, 0, &found, &e), &e);
	return i < found.here_count ? &found.here[i]
				    : &found.elsewhere[i - found.here_count];
}

static void
make_systems(struct shop *s, const struct shop_setup *setup, struct err *e)
{
	for (int i = 0; i < setup->systems; i++) {
		struct user_system u = {.account = s->account,
		    .limits = LIMITS_NONE,
		    .has_secret = true,
		    .secret = {(uint8_t)i}};
		int64_t id;

		snprintf(u.name, sizeof(u.name), "system%d", i);
		must(store_system_add(s->w->store, &u, 1, &id, e), e);
		s->system[i].id = id;
	}
}

void
shop_open(struct shop *s, const struct shop_setup *setup)
{
	struct err e = ERR_INIT;
	int from, to;

	*s = (struct shop){.account = 0};
	clock_now = 1795780000; /* 2026-11-27 */
	make_folder(s);
	make_authority(s, &e);
	if (setup->postgresql && !pg_start())
		exit(77);
	if (setup->postgresql)
		snprintf(s->uri, sizeof(s->uri), "%s", pg_database());
	else
		snprintf(
		    s->uri, sizeof(s->uri), "sqlite:%s/books.db", s->folder);
	s->w = shop_worker(s, NULL);
	must(store_migrate(s->w->store, &from, &to, &e) &&
		 store_begin(s->w->store, STORE_WRITE, &e),
	    &e);
	make_books(s, setup, &e);
	for (int i = 0; i < setup->psds; i++)
		make_psd(s, setup, &e);
	make_systems(s, setup, &e);
	must(store_commit(s->w->store, &e), &e);
	for (int i = 0; i < setup->systems; i++)
		s->system[i] = shop_system(s, s->system[i].id);
}

void
shop_close(struct shop *s)
{
	char command[128];

	shop_worker_close(s->w);
	authority_close(s->authority);
	combine_free(s->provider.debits);
	combine_free(s->provider.signatures);
	snprintf(command, sizeof(command), "rm -rf %s", s->folder);
	if (system(command) != 0)
		exit(1);
}

/* --- using it ------------------------------------------------------------------------ */

struct user_system
shop_system(struct shop *s, int64_t id)
{
	struct err e = ERR_INIT;
	struct user_system u;
	bool found;

	must(store_begin(s->w->store, STORE_READ, &e), &e);
	store_system_ask(s->w->store, id, STORE_LOOK);
	must(store_system_get(s->w->store, &u, &found, &e) && found, &e);
	store_rollback(s->w->store);
	return u;
}

void
shop_order(struct issue_order *out, const struct user_system *who,
    uint32_t first, size_t count, mils amount)
{
	*out = (struct issue_order){.who = who,
	    .fence = who->fence,
	    .total = amount * (mils)count,
	    .count = count};
	for (size_t i = 0; i < count; i++) {
		struct psd_request *r = &out->item[i].request;
		uint32_t n = first + (uint32_t)i;

		memcpy(r->key, &n, sizeof(n));
		r->amount = amount;
		r->mail_date = 20261128;
		snprintf(r->category, sizeof(r->category), "FCM");
	}
}

void
shop_sql(struct shop *s, const char *sql)
{
	struct err e = ERR_INIT;

	must(store_begin(s->w->store, STORE_WRITE, &e) &&
		 store_run(s->w->store, sql, &e) &&
		 store_commit(s->w->store, &e),
	    &e);
}

static void
print_fault(void *context, const char *rule, const char *what)
{
	const bool *quiet = context;

	if (!*quiet)
		fprintf(stderr, "not so: %s: %s\n", rule, what);
}

size_t
shop_audit(struct shop *s, bool quiet)
{
	struct audit_result r;
	struct err e = ERR_INIT;

	must(audit_books(s->w, print_fault, &quiet, &r, &e), &e);
	return r.faults;
}
