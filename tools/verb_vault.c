/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault: make a vault, look at it, give it value, change its PIN. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/text.h"
#include "tools/action.h"
#include "tools/as_owner.h"
#include "tools/named_file.h"
#include "tools/out.h"
#include "tools/postage.h"
#include "tools/reach.h"
#include "vault/lab.h"
#include "vault/message.h"
#include "vault/pin.h"

#define HEX_BYTES (2 * PSD_MESSAGE_MAX + 2)

static const char usage[] =
    "postage vault [--vault URI] [--pin-file FILE] [--lab FOLDER] ...\n"
    "  create  [--serial N] [--max-stamp SUM] [--max-value SUM] "
    "[--expires DATE]\n"
    "          [--token PKCS11-URI]      (of a vault hsm:FOLDER)\n"
    "  status\n"
    "  audit   [--request FILE | --answer FILE]\n"
    "  refill  SUM [--request FILE] | --answer FILE\n"
    "  pin     [--new-pin-file FILE]    (without: no PIN any more)\n"
    "\n"
    "--request writes the request to carry to the provider, --answer applies\n"
    "what came back; without them the lab of this computer answers.";

struct arguments {
	const struct options *options;
	struct settings settings;
	struct reach reach;
	const char *new_pin_source, *request_file, *answer_file;
	struct lab_psd psd;
	mils amount;
	char pin[PIN_BYTES], new_pin[PIN_BYTES];
};

/* --- messages ------------------------------------------------------------------ */

/* A message as text for a file or for typing: hexadecimal. */
static bool
write_message(const char *path, const uint8_t *msg, size_t len, struct err *e)
{
	char hex[HEX_BYTES];

	bytes_to_hex(msg, len, hex);
	strcat(hex, "\n");
	return named_file_write(path, hex, strlen(hex), e);
}

static bool
read_message(
    const char *path, uint8_t msg[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	char *hex;
	bool done;

	if (!named_file_read(path, 2 * HEX_BYTES, &hex, len, e))
		return false;
	done = bytes_from_hex(hex, msg, PSD_MESSAGE_MAX, len) ||
	       err_set(e, ERR_REQUEST,
		   "%s: a message is written in hexadecimal", path);
	free(hex);
	return done;
}

/* --- what is shown --------------------------------------------------------------- */

static const char *
life_text(const struct psd_status *s, uint32_t today)
{
	switch (s->life) {
	case PSD_CREATED: return "made, without a key";
	case PSD_INITIALISED: return "has a key, no licence";
	case PSD_OPERATIONAL:
		return s->expires < today ? "expired" : "operational";
	case PSD_LOCKED:
		return s->audit_due != 0 && today > s->audit_due
			   ? "locked: audit overdue"
			   : "locked: withheld by the provider";
	case PSD_WITHDRAWN: return "withdrawn";
	default: return "?";
	}
}

/* Of a token only the token knows how many tries are left. */
static void
show_pin(struct out *o, const struct psd_status *s, bool in_token)
{
	char text[64] = "none";

	if (in_token && s->pin_required) {
		out_text(o, "pin", "PIN", "required, counted by the token");
		return;
	}
	if (s->pin_required && s->pin_tries_left == 0)
		snprintf(text, sizeof(text), "blocked");
	else if (s->pin_required)
		snprintf(text, sizeof(text), "required, %d tries left",
		    s->pin_tries_left);
	out_text(o, "pin", "PIN", text);
	out_number(o, "pin_tries_left", NULL, s->pin_tries_left);
}

static void
show_status(struct out *o, const struct vault *v, const struct psd_status *s)
{
	uint32_t today = date_local(time(NULL));
	bool in_token = strncmp(vault_name(v), "hsm:", 4) == 0;
	char id[PSD_ID];
	struct message_psd psd = {.serial = s->serial};

	memcpy(psd.vendor, s->vendor, sizeof(psd.vendor));
	memcpy(psd.model, s->model, sizeof(psd.model));
	out_text(o, "vault", "Vault", vault_name(v));
	out_text(o, "psd", "PSD", message_psd_id(&psd, id));
	out_text(o, "life", "State", life_text(s, today));
	out_sum(o, "descending", "Value left", s->descending);
	out_sum(o, "ascending", "Spent in all", s->ascending);
	out_sum(o, "control_total", "Control total", s->control_total);
	out_number(o, "piece_count", "Pieces", s->piece_count);
	out_sum(o, "min_stamp", "Smallest stamp", s->min_stamp);
	out_sum(o, "max_stamp", "Biggest stamp", s->max_stamp);
	out_sum(o, "max_descending", "Holds at most", s->max_descending);
	out_date(o, "expires", "Expires", s->expires);
	out_date(o, "audit_due", "Audit due", s->audit_due);
	out_number(o, "download_sequence", "Downloads", s->download_sequence);
	out_number(o, "licence", "Licence", s->licence);
	out_number(o, "cert_serial", "Certificate", s->cert_serial);
	show_pin(o, s, in_token);
	out_flag(o, "lab", NULL, s->lab);
	if (s->lab)
		out_note(o, "A lab's PSD: its stamps say SPECIMEN and are "
			    "worth nothing.");
	if (strncmp(vault_name(v), "file:", 5) == 0)
		out_note(o, "A file can be copied and an old copy put back; "
			    "only the provider's books would show it.");
	if (in_token)
		out_note(o, "The token keeps the key, a file the registers: "
			    "nobody can copy the key, but an old copy of the "
			    "file can be put back, and only the provider's "
			    "books would show it.");
}

static int
finish(struct arguments *a, struct vault *v, bool done, struct err *e)
{
	struct psd_status status;
	struct out *o;

	if (!done || !vault_status(v, &status, e)) {
		vault_close(v);
		return out_fail(a->options, NULL, e);
	}
	o = out_open(a->options);
	show_status(o, v, &status);
	vault_close(v);
	return out_close(o);
}

/* --- the actions -------------------------------------------------------------------- */

static int
do_create(struct arguments *a, char **words)
{
	const char *uri = a->settings.vault_uri;
	struct err e = ERR_INIT;
	struct lab *lab = NULL;
	struct vault *v = NULL;
	char id[PSD_ID];
	bool done = pin_read(a->settings.pin_file, a->pin, &e) &&
		    as_owner_of_new(uri, a->settings.state_dir, &e);

	(void)words;
	a->psd.pin = a->pin;
	done = done && lab_open(a->reach.lab, &lab, &e) &&
	       lab_create_vault(lab, uri, &a->psd, id, &e) && as_caller(&e) &&
	       lab_publish(lab, id, a->settings.certificates, &e) &&
	       as_owner(uri, &e) && vault_open(uri, 0, &v, &e);
	lab_close(lab);
	return finish(a, v, done, &e);
}

static int
do_status(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	bool done = reach_vault(&a->settings, false, &v, &e);

	(void)words;
	return finish(a, v, done, &e);
}

static bool
exchange(
    struct arguments *a, struct vault *v, bool *only_request, struct err *e)
{
	uint8_t msg[PSD_MESSAGE_MAX], receipt[PSD_MESSAGE_MAX];
	size_t len, receipt_len;
	struct lab *lab = NULL;
	bool done;

	*only_request = a->request_file != NULL;
	if (a->request_file != NULL)
		return vault_download_request(v, a->amount, msg, &len, e) &&
		       write_message(a->request_file, msg, len, e);
	if (a->answer_file != NULL)
		return read_message(a->answer_file, msg, &len, e) &&
		       as_owner(a->settings.vault_uri, e) &&
		       vault_download_apply(
			   v, msg, len, receipt, &receipt_len, e);
	done =
	    lab_open(a->reach.lab, &lab, e) && lab_refill(lab, v, a->amount, e);
	lab_close(lab);
	return done;
}

/* An audit is a download of nothing. */
static int
do_audit(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	bool only_request = false;
	bool done = reach_vault(&a->settings, true, &v, &e) &&
		    exchange(a, v, &only_request, &e);

	(void)words;
	if (done && only_request) {
		vault_close(v);
		return 0;
	}
	return finish(a, v, done, &e);
}

static int
do_refill(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;

	if ((words[0] == NULL) != (a->answer_file != NULL))
		return out_usage(usage);
	if (words[0] && (!mils_parse(words[0], &a->amount) || a->amount == 0)) {
		err_set(&e, ERR_REQUEST,
		    "\"%s\" is no sum of money above nothing: write it as "
		    "50.00",
		    words[0]);
		out_fail(a->options, NULL, &e);
		return 2;
	}
	return do_audit(a, words);
}

static int
do_pin(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	struct psd_status status;
	bool done = reach_vault(&a->settings, false, &v, &e) &&
		    vault_status(v, &status, &e) &&
		    (!status.pin_required ||
			pin_read(a->settings.pin_file, a->pin, &e)) &&
		    pin_read(a->new_pin_source, a->new_pin, &e) &&
		    vault_change_pin(v, a->pin, a->new_pin, &e);

	(void)words;
	return finish(a, v, done, &e);
}

/* --- command line --------------------------------------------------------------------- */

enum {
	OPT_VAULT = 256,
	OPT_PIN,
	OPT_NEW_PIN,
	OPT_LAB,
	OPT_REQUEST,
	OPT_ANSWER,
	OPT_SERIAL,
	OPT_TOKEN,
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
    {"token", required_argument, NULL, OPT_TOKEN},
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
	case OPT_TOKEN: a->psd.token = value; return true;
	case OPT_MAX_STAMP: return mils_parse(value, &a->psd.max_stamp);
	case OPT_MAX_VALUE: return mils_parse(value, &a->psd.max_descending);
	case OPT_EXPIRES: return date_parse(value, &a->psd.expires);
	default: return false;
	}
}

static const struct action actions[] = {
    {"create", do_create, 0, 0},
    {"status", do_status, 0, 0},
    {"audit", do_audit, 0, 0},
    {"refill", do_refill, 0, 1},
    {"pin", do_pin, 0, 0},
};

int
verb_vault(int argc, char **argv, const struct options *o)
{
	struct arguments a = {.options = o, .new_pin_source = ""};
	struct err e = ERR_INIT;
	int option, status;

	lab_defaults(&a.psd);
	if (out_help(argc, argv, usage))
		return 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option, optarg))
			return out_usage(usage);
	if (!settings_load(o->config, &a.settings, &e) ||
	    !reach_settle(&a.reach, &a.settings, &e))
		return out_fail(o, NULL, &e);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	status = action_run(
	    ACTIONS(actions), &a, argc - optind, argv + optind, usage);
	explicit_bzero(a.pin, sizeof(a.pin));
	explicit_bzero(a.new_pin, sizeof(a.new_pin));
	return status;
}
