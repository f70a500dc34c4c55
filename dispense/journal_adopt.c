/* SPDX-License-Identifier: Apache-2.0 */
/* a journal that is older than the vault takes over what the vault remembers */
#include <stdio.h>
#include <string.h>

#include "dispense/books.h"
#include "dispense/journal_db.h"

struct adopting {
	struct journal *j;
	const struct books_by *by;
	const char *psd_id;
	struct books_adopted *out;
	int64_t document; /* of stamps whose job is not known; 0 = none yet */
	uint32_t index;	  /* the next one in it */
	mils reached;	  /* ascending register that the journal explains */
	int64_t event;
};

/* The document of stamps that no job here has. */
static bool
make_document(struct adopting *a, struct err *e)
{
	int64_t job;

	if (a->document != 0)
		return true;
	if (!db_run(a->j,
		"INSERT INTO jobs(queue,number,uuid,created,user,seen) SELECT"
		" ?1,count(*)+1,'',?2,'',?2 FROM jobs WHERE queue=?1",
		DB_ARGS(DB_T(BOOKS_ADOPTED), DB_I(a->by->now)), e))
		return false;
	job = sqlite3_last_insert_rowid(a->j->db);
	if (!db_run(a->j,
		"INSERT INTO documents(job,epoch,ordinal,again,state,note,"
		"changed) VALUES(?1,0,0,0,7,"
		"'the vault issued them, this journal did not know',?2)",
		DB_ARGS(DB_I(job), DB_I(a->by->now)), e))
		return false;
	a->document = sqlite3_last_insert_rowid(a->j->db);
	return true;
}

static bool
add_stamp(struct adopting *a, const struct psd_stamp *s,
    const struct indicium *in, struct err *e)
{
	struct journal_stamp row = {.index = a->index};
	struct psd_request *p = &row.psd;

	if (!make_document(a, e))
		return false;
	row.document_id = a->document;
	row.request = (struct stamp_request){.page = 1,
	    .place = ++a->index,
	    .copy = 1,
	    .sheet_serial = in->sheet_serial,
	    .label = in->label};
	memcpy(p->key, s->key, PSD_KEY_BYTES);
	p->amount = row.quote.amount = (mils)in->postage;
	p->mail_date = in->mail_date;
	p->mailby = in->has & HAS_MAILBY ? in->mailby : 0;
	p->origin_zip = in->origin_zip;
	p->destination = in->destination;
	p->sender_zip = in->has & HAS_SENDER ? in->sender_zip : 0;
	p->kind = in->has & HAS_KIND ? (uint8_t)in->kind : 0;
	p->price_list = in->has & HAS_PRICE_LIST ? in->price_list : 0;
	snprintf(row.quote.category, sizeof(row.quote.category), "%.4s",
	    in->category);
	row.quote.indicium_len = (uint16_t)s->len;
	return journal_stamp_quote(a->j, &row, e) &&
	       journal_stamp_intend(a->j, s->key, a->psd_id, e) &&
	       db_run(a->j,
		   "INSERT OR IGNORE INTO sheets(serial,media,seen) SELECT"
		   " ?1,'',0 WHERE ?1<>0",
		   DB_ARGS(DB_I(in->sheet_serial)), e) &&
	       db_run(a->j,
		   "INSERT OR IGNORE INTO labels(sheet,label,document) SELECT"
		   " ?1,?2,?3 WHERE ?1<>0",
		   DB_ARGS(DB_I(in->sheet_serial), DB_I(in->label),
		       DB_I(a->document)),
		   e);
}

/* What was spent and is not in the vault's memory either. */
static bool
note_gap(struct adopting *a, mils to, struct err *e)
{
	if (to <= a->reached)
		return true;
	a->out->lost += to - a->reached;
	return db_run(a->j,
	    "INSERT INTO gaps(psd,below,above,event) VALUES(?,?,?,?)",
	    DB_ARGS(
		DB_T(a->psd_id), DB_I(a->reached), DB_I(to), DB_I(a->event)),
	    e);
}

/* Where the vault's register stood behind each stamp: what a stamp says is its
 * own PSD's, which is the vault unless that has several. */
static bool
find_registers(const struct psd_status *psd, const struct psd_stamp *recent,
    size_t count, mils *out, struct err *e)
{
	mils below = psd->ascending;

	for (size_t i = count; i-- > 0;) {
		struct indicium in;

		if (!indicium_decode(recent[i].indicium, recent[i].len, &in, e))
			return false;
		out[i] = psd->pooled ? below : (mils)in.ascending;
		below -= (mils)in.postage;
	}
	return true;
}

/* Books one stamp of the ring, unless the journal has it. */
static bool
adopt_one(struct adopting *a, const struct psd_stamp *s, mils ascending,
    struct err *e)
{
	struct indicium in;
	int64_t state;

	if (!indicium_decode(s->indicium, s->len, &in, e) ||
	    !db_number(a->j,
		"SELECT ifnull((SELECT state FROM stamps WHERE key=?),-1)",
		DB_ARGS(DB_B(s->key, PSD_KEY_BYTES)), &state, e))
		return false;
	if (state >= STAMP_ISSUED || ascending <= a->reached)
		return true;
	if (!note_gap(a, ascending - (mils)in.postage, e))
		return false;
	if (state == STAMP_QUOTED &&
	    !journal_stamp_intend(a->j, s->key, a->psd_id, e))
		return false;
	if (state < 0 && !add_stamp(a, s, &in, e))
		return false;
	a->reached = ascending;
	a->out->count++;
	a->out->sum += (mils)in.postage;
	return journal_stamp_issue(
	    a->j, s->key, s->indicium, s->len, ascending, true, a->by->now, e);
}

/* What was paid and not delivered may have been printed, spoiled or refunded
 * after this journal was put aside, and with a gap the rest of a part may have
 * been bought: only a person can tell.  One that was replaced may have come
 * back meanwhile: it is uncertain once it comes back again. */
static bool
doubt_document(struct adopting *a, int64_t id, struct err *e)
{
	struct journal_document doc;

	if (!journal_document_load(a->j, id, &doc, e) ||
	    !books_log(a->j, a->by, DB_DOUBT, id, NULL, e,
		"%s-%u was %s, %u of %u stamps issued: the journal was older "
		"than the vault",
		doc.job.queue, doc.job.id, doc_state_name(doc.state),
		doc.issued, doc.stamps))
		return false;
	if (doc.state == DOC_REPLACED)
		return true;
	a->out->doubtful++;
	doc.state = DOC_UNCERTAIN;
	snprintf(doc.note, sizeof(doc.note), "%s",
	    doc.issued < doc.stamps ? "the journal was older than the vault; "
				      "not all of it was paid for by then"
				    : "the journal was older than the vault");
	return journal_document_save(a->j, &doc, a->by->now, e);
}

static bool
doubt_documents(struct adopting *a, struct err *e)
{
	int64_t id = 0;

	for (;;) {
		if (!db_number(a->j,
			"SELECT ifnull(min(d.id),0) FROM documents d WHERE"
			" d.id>? AND d.state IN (0,1,2,3,4,6,9) AND EXISTS("
			"SELECT 1 FROM stamps s WHERE s.document=d.id AND"
			" s.state>=2)",
			DB_ARGS(DB_I(id)), &id, e))
			return false;
		if (id == 0)
			return true;
		if (!doubt_document(a, id, e))
			return false;
	}
}

bool
books_adopt(struct journal *j, const struct psd_status *psd,
    const struct psd_stamp *recent, size_t count, const struct books_by *by,
    struct books_adopted *out, struct err *e)
{
	char id[32], from[MILS_TEXT], to[MILS_TEXT];
	struct adopting a = {.j = j, .by = by, .psd_id = id, .out = out};
	mils registers[PSD_RING];
	bool known;

	*out = (struct books_adopted){.count = 0};
	journal_psd_id(psd, id);
	if (!books_psd_known(j, id, &known, e) ||
	    !journal_psd_highest(j, id, &a.reached, e))
		return false;
	if (!known || psd->ascending <= a.reached)
		return err_set(e, ERR_REQUEST,
		    known ? "the journal is not older than %s: there is "
			    "nothing to adopt"
			  : "this journal has no stamp of %s yet: there is "
			    "nothing to adopt",
		    id);
	if (!books_log(j, by, "adopt", 0, &a.event, e,
		"%s: from %s spent to %s spent", id,
		mils_format(a.reached, from), mils_format(psd->ascending, to)))
		return false;
	if (!find_registers(psd, recent, count, registers, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!adopt_one(&a, &recent[i], registers[i], e))
			return false;
	if (a.reached != psd->ascending)
		return err_set(e, ERR_CORRUPT,
		    "the newest stamp that %s remembers is not where its "
		    "registers are",
		    id);
	out->document = a.document;
	return doubt_documents(&a, e);
}

bool
books_psd_known(
    struct journal *j, const char *psd_id, bool *known, struct err *e)
{
	int64_t count;

	if (!db_number(j, "SELECT count(*) FROM psds WHERE id=?",
		DB_ARGS(DB_T(psd_id)), &count, e))
		return false;
	*known = count > 0;
	return true;
}
