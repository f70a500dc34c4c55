/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault: its command line; the actions are in verb_vault_*.c */
#include "tools/verb_vault.h"

#include <getopt.h>
#include <string.h>
#include <sys/resource.h>

#include "base/date.h"
#include "base/text.h"
#include "vault/message.h"

const char verb_vault_usage[] =
    "postage vault [--vault URI] [--pin-file FILE] [--lab FOLDER] ...\n"
    "  list      every reader, card and file with a vault\n"
    "  create    [--on URI] [--puk-file FILE] [--serial N] [--max-stamp SUM]\n"
    "            [--max-value SUM] [--expires DATE] [--guard GUARD]\n"
    "            [--licence N] [--currency N]    (of a provider)\n"
    "            [--token PKCS11-URI]    (of a vault hsm:FOLDER)\n"
    "  status    registers, limits, dates, tries\n"
    "  log       the pieces that the vault remembers\n"
    "  refill    SUM [--provider URI | --request FILE] | --answer FILE\n"
    "  audit     [--provider URI | --request FILE | --answer FILE]\n"
    "  pin       change|unblock|remove|puk [--puk-file FILE] "
    "[--new-pin-file FILE]\n"
    "  guard     tpm: | button: | none | --rebind GUARD [--provider URI]\n"
    "  lock      [--request FILE | --answer FILE]\n"
    "  unlock    [--request FILE | --answer FILE]\n"
    "  withdraw  [--yes] [--account FILE] [--request FILE | --answer FILE]\n"
    "  answer    REQUEST-FILE ANSWER-FILE [--order lock|withdraw]\n"
    "\n"
    "--provider asks https://HOST/?authority=FILE&token=FILE.  --request "
    "writes\n"
    "the request to carry to the provider, --answer applies what came back;\n"
    "without them the lab of this computer answers.  A PIN or "
    "PUK\n"
    "without a file is typed; a file named - is a line of standard input.";

enum {
	OPT_VAULT = 256,
	OPT_PIN,
	OPT_NEW_PIN,
	OPT_PUK,
	OPT_LAB,
	OPT_REQUEST,
	OPT_PROVIDER,
	OPT_ANSWER,
	OPT_ACCOUNT,
	OPT_ORDER,
	OPT_YES,
	OPT_SERIAL,
	OPT_LICENCE,
	OPT_CURRENCY,
	OPT_TOKEN,
	OPT_MAX_STAMP,
	OPT_MAX_VALUE,
	OPT_EXPIRES,
	OPT_GUARD,
	OPT_REBIND
};

static const struct option long_options[] = {
    {"vault", required_argument, NULL, OPT_VAULT},
    {"on", required_argument, NULL, OPT_VAULT},
    {"pin-file", required_argument, NULL, OPT_PIN},
    {"new-pin-file", required_argument, NULL, OPT_NEW_PIN},
    {"puk-file", required_argument, NULL, OPT_PUK},
    {"lab", required_argument, NULL, OPT_LAB},
    {"request", required_argument, NULL, OPT_REQUEST},
    {"provider", required_argument, NULL, OPT_PROVIDER},
    {"answer", required_argument, NULL, OPT_ANSWER},
    {"account", required_argument, NULL, OPT_ACCOUNT},
    {"order", required_argument, NULL, OPT_ORDER},
    {"yes", no_argument, NULL, OPT_YES},
    {"serial", required_argument, NULL, OPT_SERIAL},
    {"licence", required_argument, NULL, OPT_LICENCE},
    {"currency", required_argument, NULL, OPT_CURRENCY},
    {"token", required_argument, NULL, OPT_TOKEN},
    {"max-stamp", required_argument, NULL, OPT_MAX_STAMP},
    {"max-value", required_argument, NULL, OPT_MAX_VALUE},
    {"expires", required_argument, NULL, OPT_EXPIRES},
    {"guard", required_argument, NULL, OPT_GUARD},
    {"rebind", no_argument, NULL, OPT_REBIND},
    {NULL, 0, NULL, 0},
};

static bool
take_order(struct arguments *a, const char *value)
{
	if (strcmp(value, "lock") == 0)
		a->order_said = ORDER_WITHHOLD;
	else if (strcmp(value, "withdraw") == 0)
		a->order_said = ORDER_WITHDRAW;
	else
		return false;
	return true;
}

static bool
take_option(struct arguments *a, int option, const char *value)
{
	uint64_t n;

	switch (option) {
	case OPT_VAULT: a->reach.uri = value; return true;
	case OPT_PIN: a->reach.pin_source = value; return true;
	case OPT_NEW_PIN: a->new_pin_source = value; return true;
	case OPT_PUK: a->puk_file = value; return true;
	case OPT_ACCOUNT: a->account_file = value; return true;
	case OPT_ORDER: return take_order(a, value);
	case OPT_YES: a->yes = true; return true;
	case OPT_LAB: a->reach.lab_option = value; return true;
	case OPT_PROVIDER: a->provider = value; return true;
	case OPT_REQUEST: a->request_file = value; return true;
	case OPT_ANSWER: a->answer_file = value; return true;
	case OPT_SERIAL:
		if (!text_to_u64(value, INT32_MAX, &n) || n == 0)
			return false;
		a->psd.serial = (uint32_t)n;
		return true;
	case OPT_LICENCE:
		if (!text_to_u64(value, UINT32_MAX, &n) || n == 0)
			return false;
		a->psd.licence = (uint32_t)n;
		return true;
	case OPT_CURRENCY:
		if (!text_to_u64(value, 999, &n))
			return false;
		a->psd.currency = (uint16_t)n;
		return true;
	case OPT_TOKEN: a->psd.token = value; return true;
	case OPT_MAX_STAMP: return mils_parse(value, &a->psd.max_stamp);
	case OPT_MAX_VALUE: return mils_parse(value, &a->psd.max_descending);
	case OPT_EXPIRES: return date_parse(value, &a->psd.expires);
	case OPT_GUARD: a->psd.guard = value; return true;
	case OPT_REBIND: a->rebind = true; return true;
	default: return false;
	}
}

static const struct action actions[] = {
    {"create", verb_vault_create, 0, 0},
    {"list", verb_vault_list, 0, 0},
    {"status", verb_vault_status, 0, 0},
    {"log", verb_vault_log, 0, 0},
    {"audit", verb_vault_audit, 0, 0},
    {"refill", verb_vault_refill, 0, 1},
    {"pin", verb_vault_pin, 1, 1},
    {"guard", verb_vault_guard, 1, 1},
    {"lock", verb_vault_lock, 0, 0},
    {"unlock", verb_vault_unlock, 0, 0},
    {"withdraw", verb_vault_withdraw, 0, 0},
    {"answer", verb_vault_answer, 2, 2},
};

int
verb_vault(int argc, char **argv, const struct options *o)
{
	struct arguments a = {.options = o};
	struct err e = ERR_INIT;
	int option, status;

	lab_defaults(&a.psd);
	if (out_help(argc, argv, verb_vault_usage))
		return 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option, optarg))
			return out_usage(verb_vault_usage);
	if ((a.request_file != NULL) + (a.answer_file != NULL) +
		(a.provider != NULL) >
	    1)
		return out_usage(verb_vault_usage);
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	memcpy(a.configured, a.settings.vault_uri, sizeof(a.configured));
	if (!reach_settle(&a.reach, &a.settings, &e))
		return out_fail(o, NULL, &e);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	status = action_run(ACTIONS(actions), &a, argc - optind, argv + optind,
	    verb_vault_usage);
	explicit_bzero(a.pin, sizeof(a.pin));
	explicit_bzero(a.new_pin, sizeof(a.new_pin));
	explicit_bzero(a.puk, sizeof(a.puk));
	return status;
}
