/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged: sells postage to many under one licence; see postaged(8).
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "provider/verbs.h"

static const struct {
	const char *name;
	verb_run *run;
	const char *help;
} verbs[] = {
    {"serve", verb_serve, "serves; what is done without a verb"},
    {"init", verb_init, "makes schema, licence and authority, once"},
    {"migrate", verb_migrate, "brings the schema to this version"},
    {"audit", verb_audit, "checks the books and every signature"},
    {"ledger", verb_ledger, "shows the ledger, or an account's transfers"},
    {"customer", verb_customer, "adds, limits, suspends, resumes a customer"},
    {"account", verb_account, "adds, shows, locks, unlocks, sets auto-add"},
    {"credit", verb_credit, "pays money in, for an invoice"},
    {"pay", verb_pay, "lists payments, approves, rejects or returns one"},
    {"psd", verb_psd, "adds PSDs to an account, lists them"},
    {"system", verb_system, "adds, limits, lists user systems, makes tokens"},
    {"person", verb_person, "adds a person with a role, makes the token"},
    {"cost", verb_cost, "adds, removes, lists the cost codes of an account"},
    {"refund", verb_refund, "lists refunds, approves and rejects them"},
    {"sheet", verb_sheet, "registers label sheets, shows, voids, releases"},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int
usage(FILE *to, int status)
{
	fputs("usage: postaged [--config FILE] [VERB ...]\n"
	      "       postaged [--config FILE] --check-config\n"
	      "       postaged --version | --help\n"
	      "Sells postage under one licence; see postaged(8).  Verbs:\n",
	    to);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	return status;
}

static int
fail(const struct err *e)
{
	log_error("%s", e->text);
	return EXIT_FAILURE;
}

static int
run(const char *path, int argc, char **argv)
{
	static char serve_word[] = "serve";
	static char *serve[] = {serve_word, NULL};
	struct program *p = malloc(sizeof(*p));
	struct err e = ERR_INIT;
	int status = EXIT_FAILURE;

	if (argc == 0) {
		argc = 1;
		argv = serve;
	}
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, argv[0]) != 0)
			continue;
		if (p == NULL)
			err_set(&e, ERR_SYSTEM, "out of memory");
		else if (program_load(path, p, &e) &&
			 program_is_service(&p->config, &e) &&
			 verbs[i].run(p, argc, argv, &e))
			status = EXIT_SUCCESS;
		if (status != EXIT_SUCCESS)
			fail(&e);
		free(p);
		return status;
	}
	free(p);
	fprintf(stderr, "postaged: there is no verb \"%s\"\n", argv[0]);
	return usage(stderr, EXIT_FAILURE);
}

static int
check_config(const char *path)
{
	struct program *p = malloc(sizeof(*p));
	struct err e = ERR_INIT;
	int status = EXIT_SUCCESS;

	if (p == NULL || !program_load(path, p, &e))
		status = fail(&e);
	else
		printf("%s: good\n", path);
	free(p);
	return status;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check-config", no_argument, NULL, 'C'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *path = config_path();
	bool check = false;
	int c;

	log_open(
	    getenv("JOURNAL_STREAM") ? LOG_JOURNALD : LOG_PLAIN, "postaged");
	while ((c = getopt_long(argc, argv, "+c:CVh", options, NULL)) != -1) {
		switch (c) {
		case 'c': path = optarg; break;
		case 'C': check = true; break;
		case 'V': puts(PACKAGE_STRING); return EXIT_SUCCESS;
		case 'h': return usage(stdout, EXIT_SUCCESS);
		default: return usage(stderr, EXIT_FAILURE);
		}
	}
	return check ? check_config(path)
		     : run(path, argc - optind, argv + optind);
}
