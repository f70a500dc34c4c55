/* SPDX-License-Identifier: Apache-2.0 */
/* a user system's spoiled stamps: their value is asked for at the provider */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "vault/remote_own.h"

static bool
read_refund(void *context, const char *body, size_t len, struct err *e)
{
	return remote_get_refund(body, len, context, e);
}

/* It may be asked again: the same stamps are the same refund. */
bool
remote_refund_ask(void *home, const struct vault_spoiled *what,
    struct vault_refund *out, bool *no, struct err *e)
{
	struct remote_home *h = home;
	struct remote_question q = {.method = "POST",
	    .path = "/v1/refunds",
	    .read = read_refund,
	    .context = out};
	char *body = remote_put_refund(what, &q.body_len);
	struct remote_turn turn = {0};
	bool done;

	*no = false;
	if (body == NULL)
		return err_system(e, "memory for a refund");
	q.body = body;
	done = remote_ask(&h->link, &q, &turn, e);
	free(body);
	/* A "no" to the credential or to the form says nothing of the stamps. */
	*no = !done && !turn.open && (turn.status == 400 || turn.status == 403);
	if (!done || (out->stamps == what->count && out->total == what->total))
		return done;
	return err_set(e, ERR_CORRUPT,
	    "the provider has refund %" PRIu32 " of %" PRIu32
	    " stamps, which is another one than was asked for: ask it which",
	    out->number, out->stamps);
}

bool
remote_refund_look(
    void *home, uint32_t number, struct vault_refund *out, struct err *e)
{
	struct remote_home *h = home;
	char path[64];
	const struct remote_question q = {
	    .method = "GET", .path = path, .read = read_refund, .context = out};
	struct remote_turn turn = {0};

	snprintf(path, sizeof(path), "/v1/refunds/%" PRIu32, number);
	if (!remote_ask(&h->link, &q, &turn, e))
		return turn.status == 404
			   ? err_set(e, ERR_REQUEST,
				 "the provider has no refund %" PRIu32
				 " of this account",
				 number)
			   : false;
	return out->number == number ||
	       err_set(
		   e, ERR_CORRUPT, "the provider answers for another refund");
}
