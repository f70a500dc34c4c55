/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault lock, unlock, withdraw: orders of the provider, which come in
 * its signed answers to a request for nothing */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "tools/as_owner.h"
#include "tools/secret.h"
#include "tools/verb_vault.h"
#include "vault/message.h"

#define QUESTION_MAX 200

/* The order is carried out, or the answer had another one. */
static bool
is_now(struct vault *v, bool locked, struct err *e)
{
	struct psd_status s;
	uint8_t orders = locked ? ORDER_WITHHOLD : 0;

	/* Locked is also one whose audit is overdue: an answer ends that. */
	if (!vault_status(v, &s, e))
		return false;
	if (s.life == (orders ? PSD_LOCKED : PSD_OPERATIONAL))
		return true;
	return err_set(e, ERR_DENIED,
	    "the answer was applied and had no such order: %s is %s",
	    vault_name(v), verb_vault_life(&s));
}

static int
order(struct arguments *a, uint8_t orders)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	bool only_request = false;
	bool done = reach_vault(&a->settings, true, &v, &e);

	a->orders = orders;
	done = done && verb_vault_exchange(a, v, &only_request, &e);
	if (done && only_request) {
		vault_close(v);
		return 0;
	}
	done = done && is_now(v, orders != 0, &e);
	return verb_vault_finish(a, NULL, v, done, &e);
}

int
verb_vault_lock(struct arguments *a, char **words)
{
	(void)words;
	return order(a, ORDER_WITHHOLD);
}

int
verb_vault_unlock(struct arguments *a, char **words)
{
	(void)words;
	return order(a, 0);
}

/* --- withdraw --------------------------------------------------------------------- */

static bool
agreed(const struct arguments *a, const struct psd_status *s, struct err *e)
{
	char question[QUESTION_MAX], id[PSD_ID], left[MILS_TEXT];
	bool yes = a->yes;

	snprintf(question, sizeof(question),
	    "%s has %s left and will never issue a stamp again. Withdraw it? "
	    "(yes)",
	    verb_vault_psd(s, id), mils_format(s->descending, left));
	if (!yes && !secret_agreed(question, &yes, e))
		return false;
	return yes || err_set(e, ERR_REQUEST, "nothing was done");
}

/* The last account of the registers, signed, for the refund of what is left. */
static bool
write_account(
    struct arguments *a, struct vault *v, const char *path, struct err *e)
{
	uint8_t nonce[PSD_NONCE], msg[PSD_MESSAGE_MAX];
	size_t len;

	if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		return err_system(e, "random numbers");
	return as_owner(a->settings.vault_uri, e) &&
	       vault_audit(v, nonce, msg, &len, e) &&
	       (verb_vault_write(path, msg, len, e) ||
		   err_prefix(
		       e, "it is withdrawn, run this again for its account"));
}

static bool
withdraw(struct arguments *a, struct vault *v, struct psd_status *s,
    bool *only_request, struct err *e)
{
	*only_request = false;
	if (s->life == PSD_WITHDRAWN)
		return true;
	if (a->request_file == NULL && !agreed(a, s, e))
		return false;
	if (!as_owner(a->settings.vault_uri, e) ||
	    !verb_vault_exchange(a, v, only_request, e))
		return false;
	if (*only_request)
		return true;
	return vault_status(v, s, e) &&
	       (s->life == PSD_WITHDRAWN ||
		   err_set(e, ERR_DENIED,
		       "the answer was applied and had no such order: %s is %s",
		       vault_name(v), verb_vault_life(s)));
}

int
verb_vault_withdraw(struct arguments *a, char **words)
{
	char id[PSD_ID], path[PSD_ID + 16], left[MILS_TEXT];
	const char *account = a->account_file;
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	struct psd_status s;
	struct out *o = NULL;
	bool only_request = false;
	bool done =
	    reach_vault(&a->settings, true, &v, &e) && vault_status(v, &s, &e);

	(void)words;
	a->orders = ORDER_WITHDRAW;
	done = done && withdraw(a, v, &s, &only_request, &e);
	if (done && only_request) {
		vault_close(v);
		return 0;
	}
	if (done && account == NULL) {
		snprintf(path, sizeof(path), "%s-account.txt",
		    verb_vault_psd(&s, id));
		account = path;
	}
	done = done && write_account(a, v, account, &e) &&
	       as_owner(a->settings.vault_uri, &e);
	if (done) {
		o = out_open(a->options);
		out_text(o, "account", "Account", account);
		out_note(o, "It shows %s left: the provider refunds by it.",
		    mils_format(s.descending, left));
	}
	return verb_vault_finish(a, o, v, done, &e);
}
