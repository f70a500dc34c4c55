/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "provider/chain.h"
#include "provider/psd_end.h"
#include "vault/crypto.h"

#define STEP	  500
#define BODY_LINE (11 + 21 + 2 * CHAIN_BYTES + 2)

struct audit {
	struct worker *w;
	audit_fault_fn *each;
	void *context;
	struct audit_result *out;
	struct stamp_row rows[STEP];
};

/* --- stamps -------------------------------------------------------------------------- */

/* A PSD's chain on its way through its stamps. */
struct walk {
	struct audit_psd psd;
	struct sig_key *key;
	int64_t piece;
	mils ascending;
	uint8_t chain[CHAIN_BYTES];
};

static void tell(struct audit *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
tell(struct audit *a, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->out->faults++;
	a->each(a->context, "each stamp follows the one before it", text);
}

static const char *
stamp_fault(
    struct audit *a, const struct walk *walk, const struct stamp_row *row)
{
	uint8_t message[INDICIUM_MAX];
	struct err e = ERR_INIT;
	struct indicium in;
	size_t len;

	if (row->piece != walk->piece)
		return "a piece is missing";
	if (memcmp(row->chain, walk->chain, CHAIN_BYTES) != 0)
		return "the chain is broken";
	if (!indicium_decode(row->indicium, row->len, &in, &e))
		return "the indicium cannot be read";
	if (in.ascending != (uint64_t)walk->ascending ||
	    in.postage != (uint64_t)row->amount || in.psd_serial != row->psd)
		return "the indicium says something else";
	if (!row->is_signed) {
		a->out->pending++;
		return NULL;
	}
	if (!stamp_row_message(row, message, &len, &e) ||
	    !sig_verify(walk->key, message, len, in.signature))
		return "the signature is not the PSD's";
	return NULL;
}

static void
step(struct audit *a, struct walk *walk, const struct stamp_row *row)
{
	const char *fault;

	walk->piece++;
	walk->ascending += row->amount;
	chain_link(walk->chain, row);
	fault = stamp_fault(a, walk, row);
	if (fault != NULL)
		tell(a, "PSD %lu piece %lu: %s", (unsigned long)row->psd,
		    (unsigned long)row->piece, fault);
	walk->piece = row->piece;
	memcpy(walk->chain, row->chain, CHAIN_BYTES);
	a->out->stamps++;
	a->out->sum += row->amount;
}

static bool
walk_stamps(struct audit *a, struct walk *walk, struct err *e)
{
	size_t count;

	do {
		if (!store_stamp_list(a->w->store, walk->psd.serial,
			walk->piece, a->rows, STEP, &count, e))
			return false;
		for (size_t i = 0; i < count; i++)
			step(a, walk, &a->rows[i]);
	} while (count == STEP);
	if (walk->piece != walk->psd.pieces ||
	    walk->ascending != walk->psd.ascending ||
	    memcmp(walk->chain, walk->psd.chain, CHAIN_BYTES) != 0)
		tell(a, "PSD %lu: its stamps do not lead to its state",
		    (unsigned long)walk->psd.serial);
	return true;
}

/* The value of a card went back by its word. */
static bool
check_end(struct audit *a, const struct audit_psd *psd, struct err *e)
{
	uint8_t receipt[PSD_MESSAGE_MAX];
	struct err fault = ERR_INIT;
	struct psd_row row;
	bool found;
	size_t len;

	if (!store_psd_receipt(a->w->store, psd->serial, receipt, &len, e) ||
	    len == 0)
		return e->kind == ERR_NONE;
	store_psd_row_ask(a->w->store, psd->serial, STORE_LOOK);
	if (!store_psd_row_get(a->w->store, &row, &found, e))
		return false;
	if (!psd_end_proves(&row.psd, psd->point, receipt, len, &fault)) {
		a->out->faults++;
		a->each(a->context,
		    "what went back from a card did so by its word",
		    fault.text);
	}
	return true;
}

static bool
walk_psds(struct audit *a, struct err *e)
{
	struct walk walk = {.key = NULL};
	bool found;

	for (uint32_t after = 0;; after = walk.psd.serial) {
		bool done;

		walk = (struct walk){.key = NULL};
		if (!store_audit_psd(a->w->store, after, &walk.psd, &found, e))
			return false;
		if (!found)
			return true;
		if (!crypto_from_point(walk.psd.point, &walk.key, e))
			return false;
		done = walk_stamps(a, &walk, e);
		sig_free(walk.key);
		if (!done || !check_end(a, &walk.psd, e))
			return false;
		a->out->psds++;
	}
}

/* --- checkpoints ------------------------------------------------------------------------- */

static bool
check_line(struct audit *a, const char *line, struct err *e)
{
	char hex[2 * CHAIN_BYTES + 1];
	uint8_t chain[CHAIN_BYTES];
	unsigned long psd, piece;
	struct stamp_row row;
	bool found;
	size_t len;

	if (sscanf(line, "%lu %lu %64[0-9a-f]", &psd, &piece, hex) != 3 ||
	    !bytes_from_hex(hex, chain, sizeof(chain), &len) ||
	    len != sizeof(chain)) {
		tell(a, "a checkpoint cannot be read");
		return true;
	}
	if (piece == 0)
		return true;
	store_stamp_piece_ask(a->w->store, (uint32_t)psd, (uint32_t)piece);
	if (!store_stamp_get(a->w->store, &row, &found, e))
		return false;
	if (!found || memcmp(row.chain, chain, CHAIN_BYTES) != 0)
		tell(a,
		    "PSD %lu piece %lu is not what a checkpoint once stated",
		    psd, piece);
	return true;
}

static bool
check_one(struct audit *a, const struct checkpoint *c, struct err *e)
{
	const char *line = c->body;

	if (!sig_verify(a->w->provider->answer_key, c->body, strlen(c->body),
		c->signature)) {
		tell(a, "checkpoint %lld is not signed by this provider",
		    (long long)c->id);
		return true;
	}
	while (*line != '\0') {
		const char *end = strchr(line, '\n');

		if (!check_line(a, line, e))
			return false;
		line = end != NULL ? end + 1 : line + strlen(line);
	}
	return true;
}

static bool
check_checkpoints(struct audit *a, struct err *e)
{
	struct checkpoint c = {.id = 0};
	bool found, done;

	for (;;) {
		if (!store_checkpoint_next(a->w->store, c.id, &c, &found, e))
			return false;
		if (!found)
			return true;
		done = check_one(a, &c, e);
		free(c.body);
		if (!done)
			return false;
		a->out->checkpoints++;
	}
}

/* --- the whole ------------------------------------------------------------------------------- */

static void
count_fault(void *context, const char *rule, const char *what)
{
	struct audit *a = context;

	a->out->faults++;
	a->each(a->context, rule, what);
}

bool
audit_books(struct worker *w, audit_fault_fn *each, void *context,
    struct audit_result *out, struct err *e)
{
	struct audit *a = malloc(sizeof(*a));
	bool done;

	*out = (struct audit_result){.faults = 0};
	if (a == NULL)
		return err_system(e, "memory");
	a->w = w;
	a->each = each;
	a->context = context;
	a->out = out;
	done = store_begin(w->store, STORE_READ, e);
	store_take_time(w->store);
	done = done && store_audit_rules(w->store, count_fault, a, e) &&
	       walk_psds(a, e) && check_checkpoints(a, e);
	store_rollback(w->store);
	free(a);
	return done;
}

/* --- a new checkpoint ---------------------------------------------------------------------------- */

/* One line of the body; false: behind the last PSD, or an error. */
static bool
next_line(struct worker *w, uint32_t *psd, char line[BODY_LINE], struct err *e)
{
	char hex[2 * CHAIN_BYTES + 1];
	struct audit_psd p;
	bool found;

	if (!store_audit_psd(w->store, *psd, &p, &found, e) || !found)
		return false;
	*psd = p.serial;
	bytes_to_hex(p.chain, CHAIN_BYTES, hex);
	snprintf(line, BODY_LINE, "%lu %lld %s\n", (unsigned long)p.serial,
	    (long long)p.pieces, hex);
	return true;
}

/* On the heap; NULL after an error. */
static char *
write_body(struct worker *w, struct err *e)
{
	char line[BODY_LINE], *body = NULL;
	uint32_t psd = 0;
	size_t size;
	FILE *f = open_memstream(&body, &size);

	if (f == NULL) {
		err_system(e, "memory");
		return NULL;
	}
	while (next_line(w, &psd, line, e))
		fputs(line, f);
	if (fclose(f) == 0 && e->kind == ERR_NONE)
		return body;
	if (e->kind == ERR_NONE)
		err_system(e, "memory");
	free(body);
	return NULL;
}

bool
audit_checkpoint(struct worker *w, struct err *e)
{
	struct checkpoint c = {.made = worker_ms(w)};
	bool done;

	if (!store_begin(w->store, STORE_READ, e))
		return false;
	c.body = write_body(w, e);
	store_rollback(w->store);
	if (c.body == NULL)
		return false;
	done = sig_sign(w->provider->answer_key, c.body, strlen(c.body),
		   c.signature, e) &&
	       store_begin(w->store, STORE_WRITE, e) &&
	       store_checkpoint_add(w->store, &c, e) &&
	       store_commit(w->store, e);
	store_rollback(w->store);
	free(c.body);
	return done;
}
