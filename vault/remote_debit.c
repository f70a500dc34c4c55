/* SPDX-License-Identifier: Apache-2.0 */
/* debits at a provider; why they are right stands in vault/remote.c */
#include <stdlib.h>
#include <string.h>

#include "vault/remote_own.h"

#define FENCES 8 /* taken anew for one debit */

static bool
read_issued(void *context, const char *body, size_t len, struct err *e)
{
	return remote_get_issued(body, len, context, e);
}

/* Two pieces with one stamp would be one piece paid for. */
static bool
is_doubled(const struct psd_stamp *out, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (out[k].len == out[i].len &&
		    memcmp(out[k].indicium, out[i].indicium, out[i].len) == 0)
			return true;
	return false;
}

/* All of them, each in its place, and each what was asked for. */
static bool
take_issued(struct remote_home *h, struct remote_work *w,
    const struct remote_stamps *got, struct err *e)
{
	if (got->count != w->count)
		return err_set(e, ERR_CORRUPT,
		    "the provider answered %zu stamps with %zu", w->count,
		    got->count);
	for (size_t i = 0; i < w->count; i++) {
		const struct psd_stamp *s = &got->item[i].stamp;

		if (memcmp(s->key, w->in[i].key, PSD_KEY_BYTES) != 0)
			return err_set(e, ERR_CORRUPT,
			    "the provider answered with another stamp's key");
		if (!remote_check(h, &w->in[i], &got->item[i], e))
			return false;
		w->out[i] = *s;
		if (is_doubled(w->out, i))
			return err_set(e, ERR_CORRUPT,
			    "the provider gave one stamp for two keys: nothing "
			    "is printed of it");
	}
	return true;
}

static bool
says_no(const struct err *e)
{
	return e->kind == ERR_FUNDS || e->kind == ERR_REQUEST ||
	       e->kind == ERR_DENIED;
}

/* Looks which of the stamps there are, and moves the fence.  Behind it nothing
 * is open but that some may be paid for.
 * Errors: ERR_CORRUPT, or ERR_ABSENT: it is not known. */
static bool
settle(
    struct remote_home *h, struct remote_work *w, size_t *found, struct err *e)
{
	*found = 0;
	if (!remote_find_all(h, w, false, e)) {
		if (e->kind != ERR_CORRUPT)
			e->kind = ERR_ABSENT;
		return false;
	}
	for (size_t i = 0; i < w->count; i++)
		*found += w->found[i];
	w->turn.open = *found > 0;
	return true;
}

/* The provider said no to the last question.  Is it the answer to all of them?
 * True: it is no answer, the stamps are there. */
static bool
settle_refusal(struct remote_home *h, struct remote_work *w, struct err *e)
{
	struct err why = ERR_INIT;
	size_t found;

	if (!says_no(e) || !w->turn.open)
		return false;
	if (!settle(h, w, &found, &why)) {
		*e = why;
		return false;
	}
	if (found == w->count)
		return true;
	if (found > 0) /* some were paid for before: each has to be asked for */
		e->kind = ERR_ABSENT;
	return false;
}

static bool
ask_once(struct remote_home *h, struct remote_work *w,
    struct remote_stamps *got, struct err *e)
{
	struct remote_question q = {.method = "POST",
	    .path = "/v1/vault/indicia",
	    .read = read_issued,
	    .context = got};
	char *body = remote_put_indicia(h->fence, w->in, w->count, &q.body_len);
	bool done;

	q.body = body;
	done = body != NULL ? remote_ask(&h->link, &q, &w->turn, e)
			    : err_system(e, "memory for stamps");
	free(body);
	return done;
}

static bool
spend(struct remote_home *h, struct remote_work *w, struct remote_stamps *got,
    struct err *e)
{
	for (int i = 0; i < FENCES; i++) {
		struct err late = ERR_INIT;
		size_t found;

		if (ask_once(h, w, got, e))
			return take_issued(h, w, got, e);
		if (w->turn.status != 409)
			return settle_refusal(h, w, e);
		if (!settle(h, w, &found, &late)) {
			*e = late;
			return false;
		}
		if (found == w->count)
			return true;
		if (i > 0 && !remote_pause(&w->turn))
			return false;
	}
	return false;
}

static bool
check_batch(const struct psd_request *in, size_t count, struct err *e)
{
	mils sum = 0;

	if (count < 1 || count > PSD_BATCH_MAX)
		return err_set(e, ERR_REQUEST, "a batch of %zu stamps", count);
	for (size_t i = 0; i < count; i++)
		if (in[i].amount < 0 || !mils_add(sum, in[i].amount, &sum))
			return err_set(e, ERR_REQUEST, "sum too big");
	return true;
}

bool
remote_debit(void *home, const struct psd_request *in, size_t count,
    struct psd_stamp *out, struct err *e)
{
	struct remote_home *h = home;
	struct remote_work w = {.in = in, .count = count, .out = out};
	struct remote_stamps *got = NULL;
	struct psd_status s;
	bool done;

	if (!check_batch(in, count, e))
		return false;
	if (h->store == NULL)
		return err_set(e, ERR_CONFIG,
		    "nobody has said which authorities are trusted");
	if (!h->known && !remote_look(h, &s, e))
		return false;
	got = calloc(1, sizeof(*got));
	done = got != NULL ? spend(h, &w, got, e)
			   : err_system(e, "memory for stamps");
	if (done)
		*e = (struct err)ERR_INIT;
	else
		explicit_bzero(out, count * sizeof(out[0]));
	free(got);
	return done;
}
