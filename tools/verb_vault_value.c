/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault refill, audit, answer: what provider and PSD say to each other */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/as_owner.h"
#include "tools/named_file.h"
#include "tools/verb_vault.h"
#include "vault/carry.h"
#include "vault/message.h"
#include "vault/remote_value.h"

#define WORDS_MAX   100
#define PROVIDER_MS 60000
#define TEXT_MAX    (4 * CARRY_TEXT) /* of a file with remarks */

/* --- messages ------------------------------------------------------------------ */

static void
name_request(const struct download_request *r, char out[WORDS_MAX])
{
	char id[PSD_ID], sum[MILS_TEXT];

	snprintf(out, WORDS_MAX, "%s, request %lu: %s%s",
	    message_psd_id(&r->psd, id), (unsigned long)r->sequence + 1,
	    r->amount > 0 ? mils_format(r->amount, sum) : "an audit",
	    r->amount > 0 ? " more" : "");
}

static void
name_answer(const struct download_answer *a, char out[WORDS_MAX])
{
	char id[PSD_ID], sum[MILS_TEXT];

	snprintf(out, WORDS_MAX, "%s, answer %lu: %s%s%s",
	    message_psd_id(&a->psd, id), (unsigned long)a->sequence,
	    mils_format(a->amount, sum),
	    a->orders & ORDER_WITHHOLD ? ", lock it" : "",
	    a->orders & ORDER_WITHDRAW ? ", withdraw it" : "");
}

/* What it is, for who sees the file. */
static void
name_message(const uint8_t *msg, size_t len, char out[WORDS_MAX])
{
	struct download_request request;
	struct download_answer answer;
	struct psd_report report;
	struct err e = ERR_INIT;
	char id[PSD_ID];

	out[0] = '\0';
	if (message_get_request(msg, len, &request, &e))
		name_request(&request, out);
	else if (message_get_answer(msg, len, &answer, &e))
		name_answer(&answer, out);
	else if (message_get_report(msg, len, &report, &e))
		snprintf(out, WORDS_MAX, "%s, account of its registers",
		    message_psd_id(&report.psd, id));
}

bool
verb_vault_write(
    const char *path, const uint8_t *msg, size_t len, struct err *e)
{
	char words[WORDS_MAX], text[CARRY_TEXT];

	name_message(msg, len, words);
	len = carry_write(msg, len, words, text);
	return named_file_write(path, text, len, e);
}

static bool
read_message(
    const char *path, uint8_t msg[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	char *text;
	size_t text_len;
	bool done;

	if (!named_file_read(path, TEXT_MAX, &text, &text_len, e))
		return false;
	done = carry_read(text, text_len, msg, len, e) ||
	       err_prefix(e, "%s", path);
	free(text);
	return done;
}

/* Said here, in words: a card says a number. */
static bool
read_answer(
    const char *path, uint8_t msg[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct download_answer answer;

	return read_message(path, msg, len, e) &&
	       (message_get_answer(msg, *len, &answer, e) ||
		   err_set(e, ERR_REQUEST,
		       "%.150s: a message, and no answer of a provider", path));
}

/* --- value ---------------------------------------------------------------------- */

/* The token is the caller's to read, the vault its owner's to change. */
static bool
ask_provider(struct arguments *a, struct vault *v, struct err *e)
{
	uint8_t request[PSD_MESSAGE_MAX], answer[PSD_MESSAGE_MAX];
	uint8_t receipt[PSD_MESSAGE_MAX];
	size_t request_len, answer_len, receipt_len;
	struct remote_value provider = {.link = {.front = 0}};
	bool done =
	    vault_download_request(v, a->amount, request, &request_len, e) &&
	    as_caller(e) &&
	    remote_value_open(&provider, a->provider, PROVIDER_MS, e) &&
	    as_owner(a->settings.vault_uri, e) &&
	    remote_value_answer(
		&provider, request, request_len, answer, &answer_len, e) &&
	    vault_download_apply(
		v, answer, answer_len, receipt, &receipt_len, e);

	remote_value_close(&provider);
	return done;
}

bool
verb_vault_exchange(
    struct arguments *a, struct vault *v, bool *only_request, struct err *e)
{
	uint8_t msg[PSD_MESSAGE_MAX], receipt[PSD_MESSAGE_MAX];
	size_t len, receipt_len;
	struct psd_status status;
	struct lab *lab = NULL;
	bool done;

	*only_request = a->request_file != NULL;
	if (a->request_file != NULL)
		return vault_download_request(v, a->amount, msg, &len, e) &&
		       verb_vault_write(a->request_file, msg, len, e);
	if (a->answer_file != NULL)
		return read_answer(a->answer_file, msg, &len, e) &&
		       as_owner(a->settings.vault_uri, e) &&
		       vault_download_apply(
			   v, msg, len, receipt, &receipt_len, e);
	if (a->provider != NULL)
		return ask_provider(a, v, e);
	/* One at a provider says so before a lab is made for it. */
	done = vault_status(v, &status, e) &&
	       (!status.pooled ||
		   vault_download_request(v, a->amount, msg, &len, e)) &&
	       lab_open(a->reach.lab, &lab, e) &&
	       (a->amount > 0 ? lab_refill(lab, v, a->amount, e)
			      : lab_order(lab, v, a->orders, e));
	lab_close(lab);
	return done;
}

/* An audit is a download of nothing. */
int
verb_vault_audit(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	bool only_request = false;
	bool done = reach_vault(&a->settings, true, &v, &e) &&
		    verb_vault_exchange(a, v, &only_request, &e);

	(void)words;
	if (done && only_request) {
		vault_close(v);
		return 0;
	}
	return verb_vault_finish(a, NULL, v, done, &e);
}

int
verb_vault_refill(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;

	if ((words[0] == NULL) != (a->answer_file != NULL))
		return out_usage(verb_vault_usage);
	if (words[0] && (!mils_parse(words[0], &a->amount) || a->amount == 0)) {
		err_set(&e, ERR_REQUEST,
		    "\"%s\" is no sum of money above nothing: write it as "
		    "50.00",
		    words[0]);
		out_fail(a->options, NULL, &e);
		return 2;
	}
	return verb_vault_audit(a, words);
}

/* As the provider, to a request that was carried here. */
int
verb_vault_answer(struct arguments *a, char **words)
{
	uint8_t request[PSD_MESSAGE_MAX], answer[PSD_MESSAGE_MAX];
	size_t request_len, answer_len;
	struct err e = ERR_INIT;
	struct lab *lab = NULL;
	bool done = read_message(words[0], request, &request_len, &e) &&
		    as_owner(a->settings.vault_uri, &e) &&
		    lab_open(a->reach.lab, &lab, &e) &&
		    lab_answer_ordering(lab, a->order_said, request,
			request_len, answer, &answer_len, &e) &&
		    verb_vault_write(words[1], answer, answer_len, &e);

	lab_close(lab);
	return done ? 0 : out_fail(a->options, NULL, &e);
}
