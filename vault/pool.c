/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/date.h"
#include "vault/message.h"
#include "vault/trust.h"

#define AGAIN_MS 5000 /* looking into a reader for nothing takes a second */

bool
pool_open(const struct pool_setup *setup, struct pool *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (setup->count < 1 || setup->count > POOL_MAX)
		return err_set(e, ERR_CONFIG, "%zu vaults: one to %d",
		    setup->count, POOL_MAX);
	for (size_t i = 0; i < setup->count; i++) {
		for (size_t k = 0; k < i; k++)
			if (strcmp(setup->uri[k], setup->uri[i]) == 0)
				return err_set(e, ERR_CONFIG,
				    "vault %s is named twice", setup->uri[i]);
		out->member[i].uri = setup->uri[i];
	}
	out->count = setup->count;
	out->order = setup->order;
	out->wait_ms = setup->wait_ms;
	out->certificates = setup->certificates;
	out->last = setup->count - 1;
	out->again_ms = AGAIN_MS;
	return true;
}

void
pool_close(struct pool *p)
{
	for (size_t i = 0; i < p->count; i++)
		vault_close(p->member[i].vault);
	explicit_bzero(p, sizeof(*p));
}

/* --- several at once ---------------------------------------------------------- */

struct task {
	void *(*run)(void *context);
	void *context;
	bool threaded;
	pthread_t thread;
};

/* The first one here; each of the others in a thread, or here too where there is
 * none to be had. */
static void
run_all(struct task *tasks, size_t count)
{
	for (size_t i = 1; i < count; i++)
		tasks[i].threaded = pthread_create(&tasks[i].thread, NULL,
					tasks[i].run, tasks[i].context) == 0;
	for (size_t i = 0; i < count; i++)
		if (!tasks[i].threaded)
			tasks[i].run(tasks[i].context);
	for (size_t i = 1; i < count; i++)
		if (tasks[i].threaded)
			pthread_join(tasks[i].thread, NULL);
}

/* --- who is there ------------------------------------------------------------ */

static void
name_member(struct pool_member *m)
{
	struct message_psd psd = {.serial = m->status.serial};

	memcpy(psd.vendor, m->status.vendor, sizeof(psd.vendor));
	memcpy(psd.model, m->status.model, sizeof(psd.model));
	message_psd_id(&psd, m->id);
}

static bool
open_member(const struct pool *p, struct pool_member *m, struct err *e)
{
	if (m->vault != NULL)
		return true;
	m->unlocked = false;
	if (!vault_open(m->uri, p->wait_ms, &m->vault, e))
		return false;
	if (trust_check(m->vault, p->certificates, date_local(time(NULL)), e))
		return true;
	vault_close(m->vault);
	m->vault = NULL;
	return false;
}

/* One member that is asked how it is. */
struct look {
	struct pool *pool;
	struct pool_member *member;
	bool done;
	struct err why;
};

/* The first two of a pool must not be one, nor lab and real postage mixed. */
static bool
check_distinct(const struct pool *p, const struct pool_member *m, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct pool_member *o = &p->member[i];

		/* One that was here before counts: what it was quoted for may
		 * be issued by this one. */
		if (o == m || o->id[0] == '\0')
			continue;
		if (o->there && strcmp(o->id, m->id) == 0)
			return err_set(e, ERR_CONFIG,
			    "%s and %s are the same PSD, %s: name each one "
			    "once in postage.conf",
			    o->uri, m->uri, m->id);
		if (o->status.lab != m->status.lab ||
		    o->status.currency != m->status.currency)
			return err_set(e, ERR_CONFIG,
			    "%s and %s issue different postage (a lab's, or "
			    "another currency): give each queues of its own",
			    o->uri, m->uri);
	}
	return true;
}

static void *
ask(void *context)
{
	struct look *l = context;

	l->done = open_member(l->pool, l->member, &l->why) &&
		  vault_status(l->member->vault, &l->member->status, &l->why);
	return NULL;
}

static bool
take_look(struct pool *p, struct look *l, struct err *e)
{
	struct pool_member *m = l->member;

	m->may_spend = m->there = l->done;
	m->why = l->why;
	m->missed_ms = 0;
	if (m->there) {
		name_member(m);
		return check_distinct(p, m, e);
	}
	m->missed_ms = clock_ms();
	if (l->why.kind == ERR_ABSENT || l->why.kind == ERR_BUSY)
		return true;
	*e = l->why;
	return false;
}

/* Devices take their time; each is asked by a thread of its own. */
static bool
look_at(struct pool *p, struct look *looks, size_t count, struct err *e)
{
	struct task tasks[POOL_MAX];

	for (size_t i = 0; i < count; i++)
		tasks[i] = (struct task){.run = ask, .context = &looks[i]};
	run_all(tasks, count);
	for (size_t i = 0; i < count; i++)
		if (!take_look(p, &looks[i], e))
			return false;
	return true;
}

/* Was it looked for in vain just now? */
static bool
was_missed(const struct pool *p, const struct pool_member *m, int64_t now)
{
	return m->missed_ms != 0 && now - m->missed_ms < p->again_ms;
}

bool
pool_look(struct pool *p, struct err *e)
{
	int64_t now = clock_ms();
	bool any = false, looked[POOL_MAX] = {false};

	for (size_t i = 0; i < p->count; i++)
		p->member[i].there = p->member[i].may_spend = false;
	for (int round = 0; round < 2 && !any; round++) {
		struct look looks[POOL_MAX];
		size_t count = 0;

		for (size_t i = 0; i < p->count; i++) {
			struct pool_member *m = &p->member[i];

			if (looked[i] || (round == 0 && was_missed(p, m, now)))
				continue;
			looks[count++] = (struct look){p, m, false, ERR_INIT};
			looked[i] = true;
		}
		if (!look_at(p, looks, count, e))
			return false;
		for (size_t i = 0; i < p->count; i++)
			any |= p->member[i].there;
	}
	if (any)
		return true;
	*e = p->member[0].why;
	if (p->count > 1)
		return err_prefix(e, "none of %zu vaults is there", p->count);
	return false;
}

bool
pool_is_far(const struct pool *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (strncmp(p->member[i].uri, "https:", 6) != 0)
			return false;
	return p->count > 0;
}

mils
pool_left(const struct pool *p)
{
	mils sum = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->member[i].may_spend &&
		    !mils_add(sum, p->member[i].status.descending, &sum))
			return INT64_MAX;
	return sum;
}

bool
pool_fund(struct pool *p, mils needed, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		struct pool_member *m = &p->member[i];
		mils lacks = needed - pool_left(p);

		if (lacks > 0 && m->may_spend &&
		    !vault_fund(
			m->vault, m->status.descending + lacks, &m->status, e))
			return false;
	}
	return true;
}

/* --- who issues what ---------------------------------------------------------- */

bool
pool_may_issue(
    const struct psd_status *s, const struct psd_request *r, struct err *e)
{
	char a[MILS_TEXT], b[MILS_TEXT], date[DATE_TEXT];

	if (r->mail_date > s->expires)
		return err_set(e, ERR_REQUEST,
		    "the mail date is after the PSD's expiry, %s",
		    date_format(s->expires, date));
	if (s->no_clock && s->audit_due != 0 && r->mail_date > s->audit_due)
		return err_set(e, ERR_DENIED,
		    "the PSD's audit is due on %s, before the mail date: "
		    "postage vault audit",
		    date_format(s->audit_due, date));
	if (r->kind == INDICIUM_CORRECTION)
		return true;
	if (r->amount < s->min_stamp || r->amount > s->max_stamp)
		return err_set(e, ERR_REQUEST,
		    "the amount is outside of what the PSD issues, %s to %s",
		    mils_format(s->min_stamp, a), mils_format(s->max_stamp, b));
	return true;
}

void
pool_plan(struct pool *p)
{
	for (size_t i = 0; i < p->count; i++)
		p->member[i].left =
		    p->member[i].may_spend ? p->member[i].status.descending : 0;
}

/* Is `i`, which can, a better choice than `best`, which was found before it? */
static bool
is_better(const struct pool *p, size_t i, size_t best)
{
	switch (p->order) {
	case POOL_FULLEST: return p->member[i].left > p->member[best].left;
	case POOL_ROUND_ROBIN:
		/* the first behind the last one, round the end */
		return (i > p->last) > (best > p->last);
	case POOL_IN_ORDER:
	default: return false;
	}
}

bool
pool_choose(
    struct pool *p, const struct psd_request *r, size_t *member, struct err *e)
{
	char text[MILS_TEXT];
	size_t best = p->count;
	bool funds = false;
	struct err why = ERR_INIT, first = ERR_INIT;

	for (size_t i = 0; i < p->count; i++) {
		const struct pool_member *m = &p->member[i];

		if (!m->may_spend)
			continue;
		if (!pool_may_issue(&m->status, r, &why)) {
			if (first.kind == ERR_NONE)
				first = why;
			continue;
		}
		funds = true;
		if (m->left >= r->amount &&
		    (best == p->count || is_better(p, i, best)))
			best = i;
	}
	if (best < p->count) {
		p->member[best].left -= r->amount;
		*member = p->last = best;
		return true;
	}
	if (!funds && first.kind != ERR_NONE) {
		*e = first;
		return false;
	}
	return err_set(e, ERR_FUNDS,
	    "no vault has enough left for a stamp of %s: postage vault refill",
	    mils_format(r->amount, text));
}

size_t
pool_batch_max(const struct pool *p)
{
	size_t max = VAULT_BATCH_MAX;

	for (size_t i = 0; i < p->count; i++) {
		const struct pool_member *m = &p->member[i];

		if (m->may_spend && vault_batch(m->vault) < max)
			max = vault_batch(m->vault);
	}
	return max;
}

/* --- debits -------------------------------------------------------------------- */

/* What one member does of a batch. */
struct part {
	struct vault *vault;
	size_t count;
	struct psd_request in[VAULT_BATCH_MAX];
	struct psd_stamp out[VAULT_BATCH_MAX];
	bool done;
	struct err e;
};

static void *
work(void *context)
{
	struct part *part = context;

	part->done = vault_debit(
	    part->vault, part->in, part->count, part->out, &part->e);
	return NULL;
}

static bool
said_no(const struct err *e)
{
	return e->kind == ERR_FUNDS || e->kind == ERR_REQUEST ||
	       e->kind == ERR_DENIED;
}

bool
pool_debit(struct pool *p, struct pool_batch *b, struct err *e)
{
	struct part *parts = calloc(p->count, sizeof(*parts));
	size_t at[POOL_MAX], next[POOL_MAX] = {0}, count = 0;
	struct task tasks[POOL_MAX];
	bool done = true;

	if (parts == NULL)
		return err_system(e, "memory for debits");
	memset(at, 0xff, sizeof(at));
	for (size_t i = 0; i < b->count; i++) {
		size_t m = b->member[i];

		if (at[m] == SIZE_MAX)
			at[m] = count++;
		parts[at[m]].vault = p->member[m].vault;
		parts[at[m]].in[parts[at[m]].count++] = b->in[i];
	}
	for (size_t i = 0; i < count; i++)
		tasks[i] = (struct task){.run = work, .context = &parts[i]};
	run_all(tasks, count);
	for (size_t i = 0; i < b->count; i++) {
		struct part *part = &parts[at[b->member[i]]];

		b->out[i] = part->out[next[b->member[i]]++];
		b->done[i] = part->done;
		b->refused[i] = !part->done && said_no(&part->e);
	}
	for (size_t i = 0; done && i < count; i++)
		if (!parts[i].done) {
			*e = parts[i].e;
			done = false;
		}
	explicit_bzero(parts, p->count * sizeof(*parts));
	free(parts);
	return done;
}
