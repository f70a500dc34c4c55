/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault: its command line; the actions are in verb_vault_*.c */
#include "tools/verb_vault.h"

#include <getopt.h>
#include <string.h>
#include <sys/resource.h>

#include "base/date.h"
#include "base/text.h"

const char verb_vault_usage[] =
    "postage vault [--vault URI] [--pin-file FILE] [--lab FOLDER] ...\n"
    "  create  [--serial N] [--max-stamp SUM] [--max-value SUM] "
    "[--expires DATE]\n"
    "  status\n"
    "  audit   [--request FILE | --answer FILE]\n"
    "  refill  SUM [--request FILE] | --answer FILE\n"
    "  pin     [--new-pin-file FILE]    (without: no PIN any more)\n"
    "\n"
    "--request writes the request to carry to the provider, --answer applies\n"
    "what came back; without them the lab of this computer answers.";

enum {
	OPT_VAULT = 256,
	OPT_PIN,
	OPT_NEW_PIN,
	OPT_LAB,
	OPT_REQUEST,
	OPT_ANSWER,
	OPT_SERIAL,
	OPT_MAX_STAMP,
	OPT_MAX_VALUE,
	OPT_EXPIRES
};

static const struct option long_options[] = {
    {"vault", required_argument, NULL, OPT_VAULT},
    {"pin-file", required_argument, NULL, OPT_PIN},
    {"new-pin-file", required_argument, NULL, OPT_NEW_PIN},
    {"lab", required_argument, NULL, OPT_LAB},
    {"request", required_argument, NULL, OPT_REQUEST},
    {"answer", required_argument, NULL, OPT_ANSWER},
    {"serial", required_argument, NULL, OPT_SERIAL},
    {"max-stamp", required_argument, NULL, OPT_MAX_STAMP},
    {"max-value", required_argument, NULL, OPT_MAX_VALUE},
    {"expires", required_argument, NULL, OPT_EXPIRES},
    {NULL, 0, NULL, 0},
};

static bool
take_option(struct arguments *a, int option, const char *value)
{
	uint64_t serial;

	switch (option) {
	case OPT_VAULT: a->reach.uri = value; return true;
	case OPT_PIN: a->reach.pin_source = value; return true;
	case OPT_NEW_PIN: a->new_pin_source = value; return true;
	case OPT_LAB: a->reach.lab_option = value; return true;
	case OPT_REQUEST: a->request_file = value; return true;
	case OPT_ANSWER: a->answer_file = value; return true;
	case OPT_SERIAL:
		if (!text_to_u64(value, INT32_MAX, &serial) || serial == 0)
			return false;
		a->psd.serial = (uint32_t)serial;
		return true;
	case OPT_MAX_STAMP: return mils_parse(value, &a->psd.max_stamp);
	case OPT_MAX_VALUE: return mils_parse(value, &a->psd.max_descending);
	case OPT_EXPIRES: return date_parse(value, &a->psd.expires);
	default: return false;
	}
}

static const struct action actions[] = {
    {"create", verb_vault_create, 0, 0},
    {"status", verb_vault_status, 0, 0},
    {"audit", verb_vault_audit, 0, 0},
    {"refill", verb_vault_refill, 0, 1},
    {"pin", verb_vault_pin, 0, 0},
};

int
verb_vault(int argc, char **argv, const struct options *o)
{
	struct arguments a = {.options = o, .new_pin_source = ""};
	struct err e = ERR_INIT;
	int option, status;

	lab_defaults(&a.psd);
	if (out_help(argc, argv, verb_vault_usage))
		return 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option, optarg))
			return out_usage(verb_vault_usage);
	if (!settings_load(o->config, &a.settings, &e) ||
	    !reach_settle(&a.reach, &a.settings, &e))
		return out_fail(o, NULL, &e);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	status = action_run(ACTIONS(actions), &a, argc - optind, argv + optind,
	    verb_vault_usage);
	explicit_bzero(a.pin, sizeof(a.pin));
	explicit_bzero(a.new_pin, sizeof(a.new_pin));
	return status;
}
