/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_help: a provider for unit tests: a database of either engine, an
 * authority and a module for keys in a folder, one account with credit, PSDs and
 * user systems.
 */
#ifndef TESTS_PROVIDER_HELP_H
#define TESTS_PROVIDER_HELP_H

#include "provider/issue.h"
#include "provider/program.h"
#include "provider/psds.h"

#define HELP_SYSTEMS 8

struct shop {
	char folder[64], uri[256];
	struct provider provider;
	struct load load;
	struct authority *authority;
	struct worker *w;
	int64_t account;
	struct user_system system[HELP_SYSTEMS];
};

struct shop_setup {
	bool postgresql;
	int psds, systems;
	int years; /* until its PSDs expire; 0: 3 */
	mils credit, load, max_descending;
};

/* Ends the program where something goes wrong. */
void shop_open(struct shop *s, const struct shop_setup *setup);
void shop_close(struct shop *s);

/* Another worker on it, for another thread; `module` NULL: the shop's own. */
struct worker *shop_worker(struct shop *s, const char *module);
void shop_worker_close(struct worker *w);

/* The clock of the shop. */
void shop_set_time(time_t now);
time_t shop_time(void);

/* One more PSD, whose key is in its module. */
void shop_add_psd(struct shop *s, const struct shop_setup *setup);
/* The one at this place among those that issue, here, or behind those elsewhere;
 * until the next one is looked for. */
const struct psd_here *shop_psd(struct shop *s, size_t i);

/* An order of `count` stamps of `amount`, keys from `first` on. */
void shop_order(struct issue_order *out, const struct user_system *who,
    uint32_t first, size_t count, mils amount);

/* The user system as it is now. */
struct user_system shop_system(struct shop *s, int64_t id);

/* Runs SQL that no module has (a literal). */
void shop_sql(struct shop *s, const char *sql);

/* How many faults an audit finds; they are printed where there are any and
 * `quiet` is not set. */
size_t shop_audit(struct shop *s, bool quiet);

#endif
