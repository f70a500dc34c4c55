/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard of a file vault: a change is written with the next epoch, synced,
 * counted by the guard, and only then answered.
 *
 *	dies before the write	epoch c, count c	the state before
 *	within it		the older slot holds	the state before
 *	behind it		epoch c+1, count c	counted by the next visit
 *	behind the step		epoch c+1, count c+1	the state after
 *
 * Older copies have an epoch below the count, the older slot too.  The file's
 * lock is held all the while, so nobody counts for another.  What is read at
 * c+1 and c may not be on the medium yet: it is written again before it is
 * counted, or a power failure would leave a file that is older than its guard.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stamp/sig.h"
#include "vault/file_own.h"

static bool
has_guard(const struct file_visit *v)
{
	return v->image.guard.uri[0] != '\0';
}

static bool
old_copy(const struct guard *g, uint64_t count, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	    "this is an old copy of the vault: it was written at change "
	    "%" PRIu64 ", its guard has counted %" PRIu64
	    ". Put the newest one back; where there is none, \"postage vault "
	    "guard --rebind GUARD\" asks the provider",
	    g->epoch, count);
}

static bool
foreign(const struct guard *g, uint64_t count, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	    "the vault was written at change %" PRIu64
	    ", its guard has counted only %" PRIu64
	    ": the guard was set back. \"postage vault guard --rebind GUARD\" "
	    "asks the provider",
	    g->epoch, count);
}

bool
file_guard_step(const struct file_visit *v, struct err *e)
{
	const struct guard *g = &v->image.guard;
	uint64_t count;

	if (!guard_step(g, &count, e))
		return false;
	switch (guard_compare(g->epoch, count)) {
	case GUARD_CURRENT: return true;
	case GUARD_ROLLED_BACK: return old_copy(g, count, e);
	default:
		return err_set(e, ERR_CORRUPT,
		    "guard %s has not counted: it may be worn out", g->uri);
	}
}

bool
file_guard_check(
    struct file_home *h, struct file_visit *v, bool write, struct err *e)
{
	const struct guard *g = &v->image.guard;
	uint64_t count;
	bool done;

	if (!has_guard(v))
		return true;
	done = guard_read(g, &count, e);
	if (done)
		switch (guard_compare(g->epoch, count)) {
		case GUARD_CURRENT: break;
		case GUARD_UNCOUNTED:
			done = !write ||
			       (file_settle(h, v, e) && file_guard_step(v, e));
			break;
		case GUARD_ROLLED_BACK: done = old_copy(g, count, e); break;
		case GUARD_FOREIGN: done = foreign(g, count, e); break;
		}
	return done;
}

bool
file_guard(void *home, struct vault_guard *out, struct err *e)
{
	struct file_visit v;

	if (!file_enter_unguarded(home, false, &v, e))
		return false;
	memcpy(out->uri, v.image.guard.uri, sizeof(out->uri));
	memcpy(out->maker, v.image.guard.maker, sizeof(out->maker));
	out->software = v.image.guard.software;
	out->count = v.image.guard.epoch;
	out->pin_required = v.image.psd.pin_required;
	file_leave(&v);
	return true;
}

/* --- another guard -------------------------------------------------------------- */

/* Of this new guard alone, so that no consent is of use twice. */
static void
make_nonce(const struct guard *g, uint8_t nonce[PSD_NONCE])
{
	uint8_t bytes[GUARD_BYTES], sum[SIG_SHA256];

	guard_encode(g, bytes);
	sig_sha256(bytes, sizeof(bytes), sum);
	memcpy(nonce, sum, PSD_NONCE);
	explicit_bzero(bytes, sizeof(bytes));
}

static bool
is_consented(struct file_home *h, const struct file_visit *v,
    const struct guard *g, const struct vault_judge *judge, struct err *e)
{
	uint8_t audit[PSD_MESSAGE_MAX], consent[PSD_MESSAGE_MAX];
	uint8_t nonce[PSD_NONCE];
	size_t audit_len = 0, len = 0;
	struct psd_crypto crypto;

	make_nonce(g, nonce);
	return file_holder(v)->lend(h, v, &crypto, e) &&
	       psd_audit(&v->image.psd, &crypto, nonce, audit, &audit_len, e) &&
	       judge->consent(
		   judge->context, audit, audit_len, consent, &len, e) &&
	       psd_check_consent(
		   &v->image.psd, &crypto, nonce, consent, len, e);
}

/* The old one counts on before it goes: a copy that it would still take must not
 * outlive this.  A dead one has nothing to say.  Who dies just before this leaves
 * the old counter alive, and the copy of just before the change is one that it
 * takes; its place in the TPM is lost until somebody removes it. */
static bool
retire(const struct guard *old, bool may_be_dead, struct err *e)
{
	struct err ignored = ERR_INIT;
	uint64_t count;

	if (old->uri[0] == '\0')
		return true;
	if (guard_step(old, &count, may_be_dead ? &ignored : e)) {
		(void)!guard_forget(old, &ignored);
		return true;
	}
	return may_be_dead;
}

static bool
exchange(struct file_home *h, struct file_visit *v, const char *uri,
    const struct vault_judge *judge, struct err *e)
{
	struct guard old = v->image.guard, made = {0};
	struct err ignored = ERR_INIT;

	if (v->image.psd.pin_required && !v->image.psd.pin_verified)
		return err_set(e, ERR_DENIED, "this PSD needs its PIN");
	if (judge != NULL && uri == NULL)
		return err_set(e, ERR_REQUEST,
		    "the provider consents to a new guard, not to none");
	if (uri != NULL && !guard_make(uri, &made, e))
		return false;
	if (judge != NULL && !is_consented(h, v, &made, judge, e)) {
		(void)!guard_forget(&made, &ignored);
		return false;
	}
	v->image.guard = made;
	/* Both slots: none is left that names the old guard. */
	for (int i = 0; i < 2; i++)
		if (!file_store_again(h, v, e))
			return false;
	return retire(&old, judge != NULL, e);
}

bool
file_set_guard(
    void *home, const char *uri, const struct vault_judge *judge, struct err *e)
{
	struct file_home *h = home;
	struct file_visit v;
	bool done;

	if (!(judge == NULL ? file_enter(h, true, &v, e)
			    : file_enter_unguarded(h, true, &v, e)))
		return false;
	done = exchange(h, &v, uri, judge, e);
	file_leave(&v);
	return done;
}
