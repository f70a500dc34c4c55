/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault log: the pieces that the vault remembers by itself, and whether
 * the journal knows them */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stamp/indicium.h"
#include "tools/books.h"
#include "tools/verb_vault.h"

#define JOB_TEXT (QUEUE_MAX + 12)

static const struct out_column columns[] = {
    {"piece", "Piece", OUT_NUMBER},
    {"mail_date", "Mail date", OUT_TEXT},
    {"amount", "Amount", OUT_TEXT},
    {"class", "Class", OUT_TEXT},
    {"destination", "To", OUT_TEXT},
    {"ascending", "Spent in all", OUT_TEXT},
    {"job", "Job", OUT_TEXT},
    {"journal", "Journal", OUT_TEXT},
};

/* "90210", "90210-1234" or "90210-1234-56". */
static const char *
destination_text(uint64_t to, char out[24])
{
	if (to == 0)
		return NULL;
	if (to <= 99999)
		snprintf(out, 24, "%05" PRIu64, to);
	else if (to <= 999999999)
		snprintf(out, 24, "%05" PRIu64 "-%04" PRIu64, to / 10000,
		    to % 10000);
	else
		snprintf(out, 24, "%05" PRIu64 "-%04" PRIu64 "-%02" PRIu64,
		    to / 1000000, to / 100 % 10000, to % 100);
	return out;
}

static void
show_journal(struct out *o, struct journal *j, const uint8_t *key)
{
	struct journal_place at;
	struct err e = ERR_INIT;
	char job[JOB_TEXT], queue[QUEUE_MAX];

	if (j == NULL || !journal_stamp_find(j, key, &at, &e)) {
		out_cell(o, NULL);
		out_cell(o, NULL);
	} else if (!at.known) {
		out_cell(o, NULL);
		out_cell(o, "unknown");
	} else {
		snprintf(job, sizeof(job), "%s-%u",
		    text_clean(at.queue, queue, sizeof(queue)), at.job);
		out_cell(o, job);
		out_cell(o, stamp_state_name(at.state));
	}
}

/* `piece`: its number, for a stamp too small to say it itself, or that says the
 * number of a PSD of the provider's (`pooled`). */
static void
show_piece(struct out *o, struct journal *j, uint32_t piece, bool pooled,
    const struct psd_stamp *s)
{
	struct indicium in;
	struct err e = ERR_INIT;
	char to[24], class[sizeof(in.category) + 1] = "";

	if (!indicium_decode(s->indicium, s->len, &in, &e))
		memset(&in, 0, sizeof(in));
	memcpy(class, in.category, sizeof(in.category));
	out_cell_number(
	    o, (in.has & HAS_PIECE) && !pooled ? in.piece_count : piece);
	out_cell_date(o, in.mail_date);
	out_cell_sum(o, (mils)in.postage);
	out_cell_clean(o, class);
	out_cell(o, destination_text(in.destination, to));
	out_cell_sum(o, (mils)in.ascending);
	show_journal(o, j, s->key);
}

static int
show(const struct arguments *a, struct journal *j, const struct err *why,
    const struct psd_status *s, const struct psd_stamp *ring, size_t count)
{
	struct out *o = out_open(a->options);
	char id[PSD_ID];

	out_text(o, "psd", "PSD", verb_vault_psd(s, id));
	out_number(o, "piece_count", "Pieces in all", s->piece_count);
	out_flag(o, "journal_read", NULL, j != NULL);
	if (j == NULL)
		out_note(o, "The journal is not read: %s", why->text);
	out_table(o, "pieces", OUT_COLUMNS(columns));
	for (size_t i = 0; i < count; i++)
		show_piece(o, j, s->piece_count - (uint32_t)(count - 1 - i),
		    s->pooled, &ring[i]);
	return out_close(o);
}

int
verb_vault_log(struct arguments *a, char **words)
{
	struct psd_stamp *ring = calloc(PSD_RING, sizeof(*ring));
	struct err e = ERR_INIT, why = ERR_INIT;
	struct journal *j = NULL;
	struct vault *v = NULL;
	struct psd_status s;
	size_t count = 0;
	int status;
	bool done = (ring != NULL || err_system(&e, "memory")) &&
		    reach_vault(&a->settings, false, &v, &e) &&
		    vault_recent(v, ring, &count, &e) &&
		    vault_status(v, &s, &e);

	(void)words;
	if (done && !books_open(&a->settings, true, &j, &why))
		j = NULL;
	status = done ? show(a, j, &why, &s, ring, count)
		      : out_fail(a->options, NULL, &e);
	journal_close(j);
	vault_close(v);
	free(ring);
	return status;
}
