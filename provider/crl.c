/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/crl.h"

#include <stdlib.h>

#include "base/date.h"
#include "provider/store_crl.h"

#define DAY_MS	    (INT64_C(24) * 3600 * 1000)
#define NEXT_DAYS   7
#define HEAD_BYTES  1024
#define EACH_BYTES  40
#define CRL_TRIES   3
#define SERIALS_MAX 1000000

static bool
sign(struct worker *w, const uint32_t *serials, struct crl_row *row,
    struct err *e)
{
	uint32_t today = worker_today(w);
	struct authority_list list = {.serials = serials,
	    .count = row->serials,
	    .number = row->number,
	    .date = today,
	    .next = date_add(today, NEXT_DAYS)};
	size_t size = HEAD_BYTES + EACH_BYTES * row->serials;

	row->body = malloc(size);
	if (row->body == NULL)
		return err_system(e, "memory");
	return authority_crl(
	    w->provider->keys, &list, row->body, size, &row->len, e);
}

/* The next one, in a transaction that writes. */
static bool
make(struct worker *w, size_t count, struct crl_row *row, struct err *e)
{
	uint32_t *serials = calloc(count + 1, sizeof(*serials));
	bool done = serials != NULL || err_system(e, "memory");

	free(row->body);
	row->body = NULL;
	row->number++;
	row->made = worker_ms(w);
	done = done &&
	       store_crl_serials(w->store, serials, count, &row->serials, e) &&
	       sign(w, serials, row, e) && store_crl_add(w->store, row, e) &&
	       store_commit(w->store, e);
	free(serials);
	return done;
}

/* What there is, in a transaction that stays open. */
struct seen {
	struct crl_row row;
	size_t revoked;
	bool found;
};

static bool
look(struct worker *w, enum store_mode mode, struct seen *out, struct err *e)
{
	free(out->row.body);
	out->row.body = NULL;
	return store_begin(w->store, mode, e) &&
	       store_crl_newest(w->store, &out->row, &out->found, e) &&
	       store_crl_count(w->store, &out->revoked, e);
}

static bool
is_good(const struct worker *w, const struct seen *s)
{
	return s->found && (w->provider->keys == NULL ||
			       (s->row.serials == s->revoked &&
				   worker_ms(w) - s->row.made < DAY_MS));
}

/* Anybody may ask: who only reads holds nobody up. */
static bool
newest(struct worker *w, struct seen *s, struct err *e)
{
	if (!look(w, STORE_READ, s, e))
		return false;
	if (is_good(w, s))
		return true;
	if (w->provider->keys == NULL)
		return err_set(e, ERR_ABSENT,
		    "no list of revoked certificates was made yet");
	store_rollback(w->store);
	if (!look(w, STORE_WRITE, s, e))
		return false;
	if (is_good(w, s))
		return true; /* another has made it meanwhile */
	if (s->revoked > SERIALS_MAX)
		return err_set(e, ERR_SYSTEM, "too many are revoked");
	return make(w, s->revoked, &s->row, e);
}

bool
crl_newest(struct worker *w, uint8_t **out, size_t *len, struct err *e)
{
	bool done = false;

	/* another server may have made the same number */
	for (int i = 0; i < CRL_TRIES && !done; i++) {
		struct seen s = {.found = false};
		bool again;

		*e = (struct err)ERR_INIT;
		done = newest(w, &s, e);
		store_rollback(w->store);
		again =
		    store_conflict(w->store)[0] != '\0' || e->kind == ERR_BUSY;
		*out = s.row.body;
		*len = s.row.len;
		if (done)
			return true;
		free(s.row.body);
		*out = NULL;
		if (!again)
			return false;
	}
	return done;
}
