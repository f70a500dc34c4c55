/* SPDX-License-Identifier: Apache-2.0 */
/* proof that the books are right */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mils.h"
#include "dispense/books.h"
#include "dispense/journal_db.h"
#include "stamp/indicium.h"

struct check {
	struct journal *j;
	journal_finding_fn *fn;
	void *context;
	size_t count;
};

static void found(struct check *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
found(struct check *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->count++;
	c->fn(c->context, text);
}

/* For findings of other files. */
static void
take_finding(void *context, const char *sentence)
{
	found(context, "%s", sentence);
}

static bool
check_file(struct check *c, struct err *e)
{
	char text[200];
	sqlite3_stmt *s;
	bool good;

	if (!db_query(c->j, "PRAGMA integrity_check(20)", DB_NONE, &s, e))
		return false;
	while (db_next(c->j, s, &good, e)) {
		db_col_text(s, 0, text, sizeof(text));
		if (strcmp(text, "ok") != 0)
			found(c, "the journal's file is damaged: %s", text);
	}
	if (!good ||
	    !db_query(c->j, "PRAGMA foreign_key_check", DB_NONE, &s, e))
		return false;
	while (db_next(c->j, s, &good, e)) {
		db_col_text(s, 0, text, sizeof(text));
		found(c, "a row of %s belongs to nothing", text);
	}
	return good;
}

/* Each statement finds what must not be: a number of a row, and a sentence
 * about it. */
static bool
check_rows(
    struct check *c, const char *sql, const char *sentence, struct err *e)
{
	sqlite3_stmt *s;
	char text[128];
	bool good;

	if (!db_query(c->j, sql, DB_NONE, &s, e))
		return false;
	while (db_next(c->j, s, &good, e)) {
		db_col_text(s, 0, text, sizeof(text));
		found(c, "%s: %s", text, sentence);
	}
	return good;
}

#define NAME_OF_STAMP \
	"'stamp ' || lower(hex(s.key)) || ' of document ' || s.document"

static bool
check_states(struct check *c, struct err *e)
{
	return check_rows(c,
		   "SELECT " NAME_OF_STAMP " FROM stamps s WHERE s.state=1",
		   "its debit was begun and never ended; print the job again, "
		   "or any other job of this vault, to settle it",
		   e) &&
	       check_rows(c,
		   "SELECT " NAME_OF_STAMP " FROM stamps s WHERE s.state NOT"
		   " BETWEEN 0 AND 6 OR (s.state>=2)<>(s.indicium IS NOT NULL)"
		   " OR (s.seq IS NOT NULL)<>(s.chain IS NOT NULL)"
		   " OR (s.seq IS NOT NULL AND (s.state<2 OR s.psd IS NULL OR"
		   " s.ascending IS NULL)) OR (s.seq IS NULL AND s.state>=2"
		   " AND s.kind<>2)",
		   "its state does not agree with what is stored of it", e) &&
	       check_rows(c,
		   "SELECT 'document ' || d.id FROM documents d WHERE d.state"
		   " NOT BETWEEN 0 AND 9 OR (d.state BETWEEN 3 AND 8 AND EXISTS"
		   "(SELECT 1 FROM stamps s WHERE s.document=d.id AND"
		   " s.state<2) AND NOT " DB_DOUBTED("d.id") ")",
		   "it is said to be whole, and stamps of it are not issued",
		   e) &&
	       check_rows(c,
		   "SELECT 'document ' || d.id FROM documents d WHERE"
		   " d.state IN (0,1) AND EXISTS(SELECT 1 FROM stamps s WHERE"
		   " s.document=d.id AND s.state>0)",
		   "it is said to be unpaid, and stamps of it are issued", e) &&
	       check_rows(c,
		   "SELECT 'label ' || l.label || ' of sheet ' || l.sheet FROM"
		   " labels l WHERE NOT EXISTS(SELECT 1 FROM stamps s WHERE"
		   " s.document=l.document AND s.sheet=l.sheet AND"
		   " s.label=l.label)",
		   "it is marked as used, and no stamp is for it", e);
}

/* The signed bytes must say what the row says. */
static void
check_indicium(struct check *c, const struct journal_stamp *s)
{
	struct err e = ERR_INIT;
	struct indicium in;
	char id[INDICIUM_PSD_ID];

	if (!indicium_decode(s->bytes.indicium, s->bytes.len, &in, &e)) {
		found(c, "stamp %lld: %s", (long long)s->seq, e.text);
		return;
	}
	if ((mils)in.ascending != journal_stamp_register(s) ||
	    (mils)in.postage != s->psd.amount ||
	    in.mail_date != s->psd.mail_date ||
	    strcmp(indicium_psd_id(&in, id), journal_stamp_psd(s)) != 0)
		found(c,
		    "stamp %lld: its signed bytes do not say what the journal "
		    "says",
		    (long long)s->seq);
}

/* What a walk along the chain keeps of each PSD. */
#define PSDS_MAX 64
struct walk {
	struct {
		char id[32];
		mils ascending;
	} psd[PSDS_MAX];
	int psds;
	uint8_t head[JOURNAL_HASH];
	int64_t seq;
	int form; /* of the link before */
};

/* Was it noted that these are not known? */
static bool
is_gap(struct check *c, const struct journal_stamp *s, mils below)
{
	struct err ignored = ERR_INIT;
	int64_t count;

	return db_number(c->j,
		   "SELECT count(*) FROM gaps WHERE psd=? AND below=? AND"
		   " above=?",
		   DB_ARGS(DB_T(s->psd_id), DB_I(below),
		       DB_I(s->ascending - s->psd.amount)),
		   &count, &ignored) &&
	       count > 0;
}

static void
check_register(struct check *c, struct walk *w, const struct journal_stamp *s)
{
	char gap[MILS_TEXT];
	int i;

	for (i = 0; i < w->psds; i++)
		if (strcmp(w->psd[i].id, s->psd_id) == 0)
			break;
	if (i == w->psds) {
		found(c, "stamp %lld: PSD %s was never noted",
		    (long long)s->seq, s->psd_id);
		return;
	}
	if (s->ascending < w->psd[i].ascending + s->psd.amount)
		found(c,
		    "stamp %lld: the ascending register of %s went back: was "
		    "an older copy of the vault put in place?",
		    (long long)s->seq, s->psd_id);
	else if (s->ascending > w->psd[i].ascending + s->psd.amount &&
		 !is_gap(c, s, w->psd[i].ascending))
		found(c,
		    "stamp %lld: before it %s was spent from %s without this "
		    "journal",
		    (long long)s->seq,
		    mils_format(
			s->ascending - s->psd.amount - w->psd[i].ascending,
			gap),
		    s->psd_id);
	w->psd[i].ascending = s->ascending;
}

static bool
load_psds(struct check *c, struct walk *w, struct err *e)
{
	sqlite3_stmt *s;
	bool good;

	if (!db_query(
		c->j, "SELECT id,ascending FROM psds LIMIT 64", DB_NONE, &s, e))
		return false;
	while (db_next(c->j, s, &good, e)) {
		db_col_text(
		    s, 0, w->psd[w->psds].id, sizeof(w->psd[w->psds].id));
		w->psd[w->psds++].ascending = db_col_int(s, 1);
		if (w->psds == PSDS_MAX) {
			db_done(s);
			break;
		}
	}
	return good;
}

static bool
check_link(struct check *c, struct walk *w, const struct journal_stamp *s,
    const struct job *job, struct err *e)
{
	uint8_t hash[JOURNAL_HASH];

	if (!db_chain_link(w->head, s, job, hash, e))
		return false;
	if (s->seq != w->seq + 1)
		found(c, "stamps %lld to %lld are missing from the journal",
		    (long long)w->seq + 1, (long long)s->seq - 1);
	else if (memcmp(hash, s->chain, JOURNAL_HASH) != 0)
		found(c, "stamp %lld was changed after it was issued",
		    (long long)s->seq);
	else if (strcmp(s->cost, s->request.mark.cost) != 0)
		found(c, "stamp %lld: its cost code is not that of its mark",
		    (long long)s->seq);
	if (s->form < w->form)
		found(c, "stamp %lld bears an older form than the one before",
		    (long long)s->seq);
	w->form = s->form;
	w->seq = s->seq;
	/* Go on from what is stored: one change is one finding. */
	memcpy(w->head, s->chain, JOURNAL_HASH);
	check_indicium(c, s);
	check_register(c, w, s);
	return true;
}

static bool
check_chain(struct check *c, struct walk *w, struct err *e)
{
	struct journal_stamp stamp;
	sqlite3_stmt *s;
	bool good;

	if (!load_psds(c, w, e) ||
	    !db_query(c->j,
		"SELECT " DB_STAMP_COLUMNS
		",j.queue,j.number,j.uuid,j.created,j.user FROM stamps s"
		" JOIN documents d ON d.id=s.document JOIN jobs j ON j.id=d.job"
		" WHERE s.seq IS NOT NULL ORDER BY s.seq",
		DB_NONE, &s, e))
		return false;
	while (db_next(c->j, s, &good, e)) {
		struct job job = {.id = 0};

		db_stamp_row(s, &stamp);
		db_col_text(s, DB_STAMP_COUNT, job.queue, sizeof(job.queue));
		job.id = (uint32_t)db_col_int(s, DB_STAMP_COUNT + 1);
		db_col_text(s, DB_STAMP_COUNT + 2, job.uuid, sizeof(job.uuid));
		job.created = (uint32_t)db_col_int(s, DB_STAMP_COUNT + 3);
		db_col_text(s, DB_STAMP_COUNT + 4, job.user, sizeof(job.user));
		if (!check_link(c, w, &stamp, &job, e)) {
			db_done(s);
			return false;
		}
	}
	return good;
}

/* The vault at hand: what it has spent is what the journal has issued. */
static void
check_vault(struct check *c, const struct walk *w, const struct psd_status *psd)
{
	char id[32], a[MILS_TEXT], b[MILS_TEXT];

	journal_psd_id(psd, id);
	if (psd->ascending + psd->descending != psd->control_total)
		found(c, "the registers of %s are off their control total", id);
	for (int i = 0; i < w->psds; i++)
		if (strcmp(w->psd[i].id, id) == 0 &&
		    w->psd[i].ascending != psd->ascending)
			found(c,
			    "%s has spent %s, the journal's last stamp of it "
			    "says %s",
			    id, mils_format(psd->ascending, a),
			    mils_format(w->psd[i].ascending, b));
}

bool
journal_check(struct journal *j, const struct psd_status *psds,
    size_t psd_count, journal_finding_fn *fn, void *context, size_t *count,
    struct err *e)
{
	struct check c = {.j = j, .fn = fn, .context = context};
	struct walk w = {.psds = 0};

	if (!check_file(&c, e) || !check_states(&c, e) ||
	    !check_chain(&c, &w, e) ||
	    !books_check_events(j, take_finding, &c, e) ||
	    !books_check_seal(j, take_finding, &c, e) ||
	    !books_check_requests(j, take_finding, &c, e) ||
	    !books_check_spoils(j, take_finding, &c, e))
		return false;
	for (size_t i = 0; i < psd_count; i++)
		check_vault(&c, &w, &psds[i]);
	*count = c.count;
	return true;
}
