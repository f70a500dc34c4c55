/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault refill, audit: what provider and PSD say to each other */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tools/as_owner.h"
#include "tools/named_file.h"
#include "tools/verb_vault.h"

#define HEX_BYTES (2 * PSD_MESSAGE_MAX + 2)

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

/* --- value ------------------------------------------------------------------------ */

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
int
verb_vault_audit(struct arguments *a, char **words)
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
	return verb_vault_finish(a, v, done, &e);
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
