/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The locks around the money, one for each PSD: who debits it, or settles what a
 * crash left, is alone with it.  Queues with vaults of their own do not wait for
 * each other.
 */
#include "dispense/dispense_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/flock.h"

static bool
lock_psd(struct dispense *d, const char *id, struct err *e)
{
	struct money_lock *l = &d->lock[d->locks];
	char name[PSD_ID + 8];

	snprintf(name, sizeof(name), ".%s", id);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '/') /* a device says what it likes */
			*c = '_';
	l->fd = openat(d->spool, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return err_system(e, "lock %s in %s", id, d->folder);
	if (flock_wait(l->fd, LOCK_EX, d->settings->wait_s * 1000)) {
		strcpy(l->id, id);
		d->locks++;
		return true;
	}
	if (errno == EWOULDBLOCK)
		err_set(e, ERR_BUSY,
		    "another job is spending from %s since %d s", id,
		    d->settings->wait_s);
	else
		err_system(e, "lock %s in %s", id, d->folder);
	close(l->fd);
	return false;
}

/* The least of the PSDs that are there behind `after`; NULL = none. */
static const char *
next_id(const struct pool *p, const char *after)
{
	const char *best = NULL;

	for (size_t i = 0; i < p->count; i++) {
		const struct pool_member *m = &p->member[i];

		if (m->there && strcmp(m->id, after) > 0 &&
		    (best == NULL || strcmp(m->id, best) < 0))
			best = m->id;
	}
	return best;
}

/* In the order of their names: two who want the same ones do not hold each
 * other up. */
bool
dispense_lock(struct dispense *d, struct err *e)
{
	for (const char *id = next_id(&d->pool, ""); id != NULL;
	     id = next_id(&d->pool, id))
		if (!lock_psd(d, id, e)) {
			dispense_unlock_money(d);
			return false;
		}
	return true;
}

bool
dispense_has_lock(const struct dispense *d, const char *id)
{
	for (size_t i = 0; i < d->locks; i++)
		if (strcmp(d->lock[i].id, id) == 0)
			return true;
	return false;
}

void
dispense_unlock_money(struct dispense *d)
{
	while (d->locks > 0)
		close(d->lock[--d->locks].fd);
}

void
dispense_unlock_absent(struct dispense *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->locks; i++) {
		bool there = false;

		for (size_t k = 0; k < d->pool.count; k++)
			there |=
			    d->pool.member[k].there &&
			    strcmp(d->pool.member[k].id, d->lock[i].id) == 0;
		if (there)
			d->lock[kept++] = d->lock[i];
		else
			close(d->lock[i].fd);
	}
	d->locks = kept;
}
