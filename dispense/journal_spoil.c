/* SPDX-License-Identifier: Apache-2.0 */
/* stamps that are of no use, each at most once */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/text.h"
#include "dispense/books.h"
#include "dispense/journal_db.h"

/* ?1 document, ?2 page, ?3 place, ?4 copy, ?5 ascending register; 0 = any */
#define CHOSEN                                                       \
	" FROM stamps s WHERE s.document=?1 AND (?2=0 OR s.page=?2)" \
	" AND (?3=0 OR s.place=?3) AND (?4=0 OR s.copy=?4)"          \
	" AND (?5=0 OR s.ascending=?5) "
#define CHOICE_ARGS(c)                                                  \
	DB_ARGS(DB_I((c)->document), DB_I((c)->page), DB_I((c)->place), \
	    DB_I((c)->copy), DB_I((c)->ascending))

struct work {
	struct journal *j;
	struct journal_document doc;
	const struct books_rules *rules; /* NULL: a person saw it, no limits */
	const struct books_by *by;
	const char *reason;
	struct books_sum *sum;
};

static bool
is_whole(const struct books_choice *c)
{
	return c->page == 0 && c->place == 0 && c->copy == 0 &&
	       c->ascending == 0;
}

static const char *
name_stamp(const struct journal_stamp *s, char out[SEEN_NAME])
{
	struct indicium in;
	struct err e = ERR_INIT;

	if (indicium_decode(s->bytes.indicium, s->bytes.len, &in, &e))
		return seen_stamp_name(&in, out);
	snprintf(out, SEEN_NAME, "%s/%lld", journal_stamp_psd(s),
	    (long long)journal_stamp_register(s));
	return out;
}

/* --- may it be spoiled? ---------------------------------------------------------- */

/* What is on its way or may be on paper is for `journal resolve` first. */
static bool
check_document(const struct journal_document *d, const struct books_choice *c,
    struct err *e)
{
	long long id = (long long)d->id;

	switch (d->state) {
	case DOC_DELIVERED: return true;
	case DOC_ISSUED:
	case DOC_FINISHED:
	case DOC_UNDELIVERED:
	case DOC_REPLACED:
		if (d->spool_part > 0)
			return err_set(e, ERR_REQUEST,
			    "the first pages of document %lld of %s-%u came "
			    "out: give up the rest with \"postage journal "
			    "resolve %lld delivered\", then spoil the pages "
			    "that are missing",
			    id, d->job.queue, d->job.id, id);
		return is_whole(c) ||
		       err_set(e, ERR_REQUEST,
			   "document %lld of %s-%u is %s, nothing of it came "
			   "out: spoil it whole",
			   id, d->job.queue, d->job.id,
			   doc_state_name(d->state));
	case DOC_SENDING:
	case DOC_UNCERTAIN:
		return err_set(e, ERR_REQUEST,
		    "document %lld of %s-%u is %s: say first what came out, "
		    "with \"postage journal resolve %lld "
		    "delivered|reprint|spoiled\"",
		    id, d->job.queue, d->job.id, doc_state_name(d->state), id);
	case DOC_SPOILED:
		return err_set(e, ERR_REQUEST,
		    "document %lld of %s-%u is spoiled already", id,
		    d->job.queue, d->job.id);
	default:
		return err_set(e, ERR_REQUEST,
		    "nothing of document %lld of %s-%u was paid for", id,
		    d->job.queue, d->job.id);
	}
}

static bool
check_used(struct seen *seen, const struct journal_stamp *s, struct err *e)
{
	struct seen_use use;
	char name[SEEN_NAME];
	bool used;

	if (seen == NULL)
		return true;
	if (!seen_find(seen, name_stamp(s, name), &used, &use, e))
		return false;
	return !used || err_set(e, ERR_REQUEST,
			    "stamp %s was used on %s, %s: it cannot be spoiled",
			    name, use.when, use.where);
}

static bool
check_stamp(const struct books_rules *rules, const struct journal_stamp *s,
    struct err *e)
{
	char name[SEEN_NAME], last_text[DATE_TEXT];
	uint32_t last;

	if (rules == NULL)
		return true;
	if (!date_valid(s->psd.mail_date))
		return err_set(e, ERR_CORRUPT,
		    "stamp %s has no mail date in the journal: postage journal "
		    "check",
		    name_stamp(s, name));
	last = date_add(
	    s->psd.mail_date, rules->window_days < 0 ? 0 : rules->window_days);
	if (rules->window_days >= 0 && rules->today > last)
		return err_set(e, ERR_REQUEST,
		    "stamp %s: its time for a refund ended on %s, %d days "
		    "after its mail date",
		    name_stamp(s, name), date_format(last, last_text),
		    rules->window_days);
	return check_used(rules->seen, s, e);
}

/* --- spoiling ---------------------------------------------------------------------- */

static bool
spoil_stamp(struct work *w, const struct journal_stamp *s, struct err *e)
{
	char name[SEEN_NAME], sum[MILS_TEXT];
	int64_t event;

	return check_stamp(w->rules, s, e) &&
	       books_log(w->j, w->by, "spoil", w->doc.id, &event, e,
		   "%s %s: %s", name_stamp(s, name),
		   mils_format(s->psd.amount, sum), w->reason) &&
	       db_run(w->j,
		   "INSERT INTO spoils(stamp,event,was,reason) VALUES(?,?,?,?)",
		   DB_ARGS(DB_B(s->psd.key, PSD_KEY_BYTES), DB_I(event),
		       DB_I(w->doc.state), DB_T(w->reason)),
		   e) &&
	       db_run(w->j, "UPDATE stamps SET state=3 WHERE key=? AND state=2",
		   DB_ARGS(DB_B(s->psd.key, PSD_KEY_BYTES)), e);
}

/* Does `act` for each chosen stamp in `state`; the walk is over before anything
 * is changed, so one index at a time. */
static bool
each_stamp(struct work *w, const struct books_choice *c, enum stamp_state state,
    bool (*act)(struct work *w, const struct journal_stamp *s, struct err *e),
    struct err *e)
{
	struct journal_stamp s;
	int64_t index = -1;

	for (;;) {
		if (!db_number(w->j,
			"SELECT ifnull(min(s.idx),-1)" CHOSEN
			"AND s.state=?6 AND s.kind<>2 AND s.amount>0"
			" AND s.idx>?7",
			DB_ARGS(DB_I(c->document), DB_I(c->page),
			    DB_I(c->place), DB_I(c->copy), DB_I(c->ascending),
			    DB_I(state), DB_I(index)),
			&index, e))
			return false;
		if (index < 0)
			return true;
		if (!journal_stamp_load(
			w->j, c->document, (uint32_t)index, &s, e) ||
		    !act(w, &s, e))
			return false;
		w->sum->count++;
		w->sum->sum += s.psd.amount;
	}
}

/* A document that was never sent ends here: what was only priced goes, its
 * labels are free. */
static bool
end_document(struct work *w, struct err *e)
{
	int64_t intents;

	if (w->doc.state == DOC_DELIVERED)
		return true;
	if (!db_number(w->j,
		"SELECT count(*) FROM stamps WHERE document=? AND state=1",
		DB_ARGS(DB_I(w->doc.id)), &intents, e))
		return false;
	if (intents > 0)
		return err_set(e, ERR_REQUEST,
		    "a debit of document %lld was begun and never ended: print "
		    "any job of this vault, or run \"postage journal check\"",
		    (long long)w->doc.id);
	w->doc.state = DOC_SPOILED;
	w->doc.has_spool = false;
	text_copy(w->doc.note, sizeof(w->doc.note), w->reason);
	return db_run(w->j, "DELETE FROM stamps WHERE document=? AND state=0",
		   DB_ARGS(DB_I(w->doc.id)), e) &&
	       db_run(w->j, "DELETE FROM labels WHERE document=?",
		   DB_ARGS(DB_I(w->doc.id)), e) &&
	       journal_document_save(w->j, &w->doc, w->by->now, e);
}

bool
books_spoil(struct journal *j, const struct books_choice *choice,
    const struct books_rules *rules, const struct books_by *by,
    const char *reason, struct books_sum *out, struct err *e)
{
	char clean[BOOKS_REASON_MAX];
	struct work w = {.j = j,
	    .rules = rules,
	    .by = by,
	    .reason = text_clean(reason, clean, sizeof(clean)),
	    .sum = out};

	*out = (struct books_sum){.count = 0};
	if (clean[0] == '\0')
		return err_set(e, ERR_REQUEST, "say why: --reason WORDS");
	if (!journal_document_load(j, choice->document, &w.doc, e) ||
	    !check_document(&w.doc, choice, e) ||
	    !each_stamp(&w, choice, STAMP_ISSUED, spoil_stamp, e))
		return false;
	if (out->count == 0)
		return err_set(e, ERR_REQUEST,
		    "no such stamp of document %lld of %s-%u can be spoiled: "
		    "it was not paid for, or is spoiled already",
		    (long long)w.doc.id, w.doc.job.queue, w.doc.job.id);
	return end_document(&w, e);
}

bool
books_spoil_all(struct journal *j, const struct journal_document *doc,
    const struct books_by *by, const char *reason, struct err *e)
{
	struct books_sum sum = {.count = 0};
	struct books_choice all = {.document = doc->id};
	struct work w = {
	    .j = j, .doc = *doc, .by = by, .reason = reason, .sum = &sum};

	return each_stamp(&w, &all, STAMP_ISSUED, spoil_stamp, e);
}

/* --- and back ------------------------------------------------------------------------ */

static bool
unspoil_stamp(struct work *w, const struct journal_stamp *s, struct err *e)
{
	char name[SEEN_NAME], sum[MILS_TEXT];

	return books_log(w->j, w->by, "unspoil", w->doc.id, NULL, e, "%s %s",
		   name_stamp(s, name), mils_format(s->psd.amount, sum)) &&
	       db_run(w->j, "DELETE FROM spoils WHERE stamp=?",
		   DB_ARGS(DB_B(s->psd.key, PSD_KEY_BYTES)), e) &&
	       db_run(w->j, "UPDATE stamps SET state=2 WHERE key=? AND state=3",
		   DB_ARGS(DB_B(s->psd.key, PSD_KEY_BYTES)), e);
}

/* A spoiled document comes back whole, as what it was, if no other took its
 * place. */
static bool
revive(struct work *w, const struct books_choice *c, struct err *e)
{
	int64_t was, other;

	if (w->doc.state != DOC_SPOILED)
		return true;
	if (!db_number(w->j,
		"SELECT p.was FROM spoils p JOIN stamps s ON s.key=p.stamp"
		" WHERE s.document=? LIMIT 1",
		DB_ARGS(DB_I(w->doc.id)), &was, e) ||
	    !db_number(w->j,
		"SELECT count(*) FROM documents WHERE job=? AND epoch=? AND"
		" ordinal=? AND state<8",
		DB_ARGS(DB_I(w->doc.job_id), DB_I(w->doc.epoch),
		    DB_I(w->doc.ordinal)),
		&other, e))
		return false;
	if (!is_whole(c) || (other > 0 && was != DOC_REPLACED))
		return err_set(e, ERR_REQUEST,
		    other > 0 ? "new stamps were bought in the place of "
				"document %lld of %s-%u: it stays spoiled"
			      : "document %lld of %s-%u was spoiled whole: "
				"take it back whole",
		    (long long)w->doc.id, w->doc.job.queue, w->doc.job.id);
	w->doc.state = (enum doc_state)was;
	/* Its rest cannot be made again. */
	if (w->doc.spool_part > 0)
		w->doc.state = DOC_UNCERTAIN;
	w->doc.note[0] = '\0';
	return journal_document_save(w->j, &w->doc, w->by->now, e) &&
	       db_run(w->j,
		   "INSERT OR IGNORE INTO labels(sheet,label,document)"
		   " SELECT sheet,label,document FROM stamps"
		   " WHERE document=? AND sheet<>0",
		   DB_ARGS(DB_I(w->doc.id)), e);
}

bool
books_unspoil(struct journal *j, const struct books_choice *choice,
    const struct books_by *by, struct books_sum *out, struct err *e)
{
	struct work w = {.j = j, .by = by, .sum = out};
	int64_t asked;

	*out = (struct books_sum){.count = 0};
	if (!journal_document_load(j, choice->document, &w.doc, e) ||
	    !db_number(j, "SELECT count(*)" CHOSEN "AND s.state>3",
		CHOICE_ARGS(choice), &asked, e))
		return false;
	if (asked > 0)
		return err_set(e, ERR_REQUEST,
		    "a refund was asked for already: see \"postage refund "
		    "list\"");
	if (!revive(&w, choice, e) ||
	    !each_stamp(&w, choice, STAMP_SPOILED, unspoil_stamp, e))
		return false;
	return out->count > 0 || err_set(e, ERR_REQUEST,
				     "no such stamp of document %lld is "
				     "spoiled",
				     (long long)choice->document);
}

/* --- which, and what is known of it ------------------------------------------------ */

bool
books_find_stamp(struct journal *j, const char *name, struct books_choice *out,
    struct err *e)
{
	const char *slash = strchr(name, '/');
	uint8_t key[PSD_KEY_BYTES];
	char psd[32];
	uint64_t ascending;
	size_t len;
	sqlite3_stmt *s;
	bool row = false;

	*out = (struct books_choice){.document = 0};
	if (bytes_from_hex(name, key, sizeof(key), &len) &&
	    len == sizeof(key)) {
		if (!db_query(j,
			"SELECT document,page,place,copy,ascending FROM stamps"
			" WHERE key=?",
			DB_ARGS(DB_B(key, sizeof(key))), &s, e) ||
		    !db_step(j, s, &row, e))
			return false;
	} else if (slash && (size_t)(slash - name) < sizeof(psd) &&
		   text_to_u64(slash + 1, INT64_MAX, &ascending)) {
		snprintf(psd, sizeof(psd), "%.*s", (int)(slash - name), name);
		if (!db_query(j,
			"SELECT document,page,place,copy,ascending FROM stamps"
			" WHERE " DB_STAMP_SAYS,
			DB_ARGS(DB_T(psd), DB_I(ascending)), &s, e) ||
		    !db_step(j, s, &row, e))
			return false;
	}
	if (!row)
		return err_set(e, ERR_REQUEST,
		    "the journal has no stamp \"%s\": write it as "
		    "XXPS0000000001/780, or its key from \"postage journal "
		    "show\"",
		    name);
	out->document = db_col_int(s, 0);
	out->page = (uint32_t)db_col_int(s, 1);
	out->place = (uint32_t)db_col_int(s, 2);
	out->copy = (uint32_t)db_col_int(s, 3);
	out->ascending = db_col_int(s, 4);
	db_done(s);
	return true;
}

bool
books_stamp_state(struct journal *j, const char *psd_id, mils ascending,
    enum stamp_state *out, bool *found, struct err *e)
{
	sqlite3_stmt *s;

	if (!db_query(j, "SELECT state FROM stamps WHERE " DB_STAMP_SAYS,
		DB_ARGS(DB_T(psd_id), DB_I(ascending)), &s, e) ||
	    !db_step(j, s, found, e))
		return false;
	if (*found) {
		*out = (enum stamp_state)db_col_int(s, 0);
		db_done(s);
	}
	return true;
}

bool
books_spoiled(struct journal *j, const uint8_t key[PSD_KEY_BYTES],
    struct books_spoiled *out, bool *found, struct err *e)
{
	sqlite3_stmt *s;

	*out = (struct books_spoiled){.at = 0};
	if (!db_query(j,
		"SELECT p.reason,p.remark,p.request,p.granted,v.at,v.person"
		" FROM spoils p LEFT JOIN events v ON v.seq=p.event"
		" WHERE p.stamp=?",
		DB_ARGS(DB_B(key, PSD_KEY_BYTES)), &s, e) ||
	    !db_step(j, s, found, e))
		return false;
	if (!*found)
		return true;
	db_col_text(s, 0, out->reason, sizeof(out->reason));
	db_col_text(s, 1, out->remark, sizeof(out->remark));
	out->request = db_col_int(s, 2);
	out->granted = db_col_int(s, 3);
	out->at = db_col_int(s, 4);
	db_col_text(s, 5, out->person, sizeof(out->person));
	db_done(s);
	return true;
}

bool
books_check_spoils(
    struct journal *j, journal_finding_fn *fn, void *context, struct err *e)
{
	/* What stands in `events` says of each spoiled stamp that it is one. */
	static const char sql[] =
	    "SELECT 'stamp ' || lower(hex(s.key)) || ': its state ' ||"
	    " 'does not agree with what is known of its spoiling' FROM stamps s"
	    " LEFT JOIN spoils p ON p.stamp=s.key WHERE s.state>2 AND"
	    " (p.stamp IS NULL OR (s.state>3)<>(p.request IS NOT NULL)"
	    " OR (s.state>4)<>(p.granted IS NOT NULL)"
	    " OR (s.state=5 AND p.granted=0) OR (s.state=6 AND p.granted<>0))"
	    " UNION ALL"
	    " SELECT 'stamp ' || lower(hex(p.stamp)) || ' is written down as '"
	    " || 'spoiled, and is not' FROM spoils p JOIN stamps s"
	    " ON s.key=p.stamp WHERE s.state<3"
	    " UNION ALL"
	    " SELECT 'stamp ' || lower(hex(p.stamp)) || ': no event says who '"
	    " || 'spoiled it' FROM spoils p JOIN stamps s ON s.key=p.stamp"
	    " JOIN events v ON v.seq=p.event WHERE v.what<>'spoil' OR"
	    " v.document<>s.document OR instr(v.text,ifnull(s.signer,"
	    "s.psd) || '/' || ifnull(s.signed,s.ascending) || ' ')<>1 OR "
	    "substr(v.text,-length(p.reason)-2)<>"
	    "': ' || p.reason";
	char text[160];
	sqlite3_stmt *s;
	bool good;

	if (!db_query(j, sql, DB_NONE, &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		db_col_text(s, 0, text, sizeof(text));
		fn(context, text);
	}
	return good;
}
