/* SPDX-License-Identifier: Apache-2.0 */
/* stamps: quoted, intended, issued; and the chain over those that were paid */
#include <openssl/evp.h>
#include <string.h>

#include "base/bytes.h"
#include "dispense/journal_db.h"

#define LINK_MAX 2048 /* bytes of a stamp that its link is made of */

void
db_stamp_row(sqlite3_stmt *s, struct journal_stamp *out)
{
	struct stamp_request *r = &out->request;
	struct stamp_quote *q = &out->quote;
	struct psd_request *p = &out->psd;
	struct err e = ERR_INIT;
	char mark[MARK_TEXT_MAX];

	*out = (struct journal_stamp){.document_id = db_col_int(s, 0)};
	out->index = (uint32_t)db_col_int(s, 1);
	out->state = (enum stamp_state)db_col_int(s, 2);
	r->page = (uint32_t)db_col_int(s, 3);
	r->place = (uint32_t)db_col_int(s, 4);
	r->copy = (uint32_t)db_col_int(s, 5);
	r->x_um = (int32_t)db_col_int(s, 6);
	r->y_um = (int32_t)db_col_int(s, 7);
	db_col_text(s, 8, mark, sizeof(mark));
	if (!mark_parse(mark, &r->mark, &e))
		r->mark = (struct mark){0};
	p->brief = r->mark.size == SIZE_SMALL;
	r->sheet_serial = p->sheet_serial = (uint64_t)db_col_int(s, 9);
	r->label = (uint16_t)db_col_int(s, 10);
	/* A place on a sheet without a number is no part of the indicium. */
	p->label = p->sheet_serial ? r->label : 0;
	q->amount = db_col_int(s, 11);
	p->amount = db_col_int(s, 12);
	q->mail_date = p->mail_date = (uint32_t)db_col_int(s, 13);
	q->mailby = p->mailby = (uint32_t)db_col_int(s, 14);
	q->origin_zip = p->origin_zip = (uint32_t)db_col_int(s, 15);
	db_col_text(s, 16, q->category, sizeof(q->category));
	memcpy(p->category, q->category, sizeof(p->category));
	db_col_text(s, 17, q->class_name, sizeof(q->class_name));
	q->indicium_len = (uint16_t)db_col_int(s, 18);
	p->destination = (uint64_t)db_col_int(s, 19);
	p->sender_zip = (uint32_t)db_col_int(s, 20);
	p->kind = (uint8_t)db_col_int(s, 21);
	p->price_list = (uint16_t)db_col_int(s, 22);
	db_col_bytes(s, 23, p->key, sizeof(p->key));
	db_col_text(s, 24, out->psd_id, sizeof(out->psd_id));
	out->ascending = db_col_int(s, 25);
	out->issued_at = db_col_int(s, 26);
	out->seq = db_col_int(s, 27);
	db_col_bytes(s, 28, out->chain, sizeof(out->chain));
	out->bytes.len = (uint16_t)db_col_bytes(
	    s, 29, out->bytes.indicium, sizeof(out->bytes.indicium));
	q->surcharge = db_col_int(s, 30);
	db_col_text(s, 31, q->surcharges, sizeof(q->surcharges));
	db_col_text(s, 32, out->cost, sizeof(out->cost));
	out->form = (int)db_col_int(s, 33);
	db_col_text(s, 34, out->signer, sizeof(out->signer));
	out->signed_ascending = db_col_int(s, 35);
}

const char *
journal_stamp_psd(const struct journal_stamp *s)
{
	return s->signer[0] != '\0' ? s->signer : s->psd_id;
}

mils
journal_stamp_register(const struct journal_stamp *s)
{
	return s->signer[0] != '\0' ? s->signed_ascending : s->ascending;
}

bool
journal_stamp_quote(
    struct journal *j, const struct journal_stamp *s, struct err *e)
{
	const struct stamp_request *r = &s->request;
	const struct stamp_quote *q = &s->quote;
	const struct psd_request *p = &s->psd;
	char mark[MARK_TEXT_MAX];

	mark_format(&r->mark, mark);
	return db_run(j,
	    "INSERT INTO stamps(key,document,idx,state,page,place,copy,x,y,"
	    "mark,cost,sheet,label,face,amount,mail_date,mailby,origin,"
	    "category,class_name,len,destination,sender,kind,price_list,"
	    "surcharge,surcharges)"
	    " VALUES(?1,?2,?3,0,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,"
	    "?17,?18,?19,?20,?21,?22,?23,?24,?25,?26)"
	    " ON CONFLICT(key) DO UPDATE SET mark=?9,cost=?10,face=?13,"
	    "amount=?14,mail_date=?15,mailby=?16,origin=?17,category=?18,"
	    "class_name=?19,len=?20,destination=?21,sender=?22,kind=?23,"
	    "price_list=?24,surcharge=?25,surcharges=?26 WHERE state=0 AND "
	    "document=?2",
	    DB_ARGS(DB_B(p->key, PSD_KEY_BYTES), DB_I(s->document_id),
		DB_I(s->index), DB_I(r->page), DB_I(r->place), DB_I(r->copy),
		DB_I(r->x_um), DB_I(r->y_um), DB_T(mark), DB_T(r->mark.cost),
		DB_I(r->sheet_serial), DB_I(r->label), DB_I(q->amount),
		DB_I(p->amount), DB_I(p->mail_date), DB_I(p->mailby),
		DB_I(p->origin_zip), DB_T(q->category), DB_T(q->class_name),
		DB_I(q->indicium_len), DB_I(p->destination),
		DB_I(p->sender_zip), DB_I(p->kind), DB_I(p->price_list),
		DB_I(q->surcharge), DB_T(q->surcharges)),
	    e);
}

bool
journal_stamp_load(struct journal *j, int64_t document_id, uint32_t index,
    struct journal_stamp *out, struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	if (!db_query(j,
		"SELECT " DB_STAMP_COLUMNS
		" FROM stamps s WHERE s.document=? AND s.idx=?",
		DB_ARGS(DB_I(document_id), DB_I(index)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (!row)
		return err_set(e, ERR_CORRUPT,
		    "journal: document %lld has no stamp %u",
		    (long long)document_id, index + 1);
	db_stamp_row(s, out);
	db_done(s);
	return true;
}

/* One row was changed by the statement that ran last. */
bool
journal_stamp_find(struct journal *j, const uint8_t key[PSD_KEY_BYTES],
    struct journal_place *out, struct err *e)
{
	sqlite3_stmt *stmt;

	*out = (struct journal_place){.known = false};
	if (!db_query(j,
		"SELECT s.state,j.queue,j.number FROM stamps s"
		" JOIN documents d ON d.id=s.document JOIN jobs j ON"
		" j.id=d.job WHERE s.key=?",
		DB_ARGS(DB_B(key, PSD_KEY_BYTES)), &stmt, e) ||
	    !db_step(j, stmt, &out->known, e))
		return false;
	if (!out->known)
		return true;
	out->state = (enum stamp_state)db_col_int(stmt, 0);
	db_col_text(stmt, 1, out->queue, sizeof(out->queue));
	out->job = (uint32_t)db_col_int(stmt, 2);
	db_done(stmt);
	return true;
}

static bool
changed_one(struct journal *j, const char *what, struct err *e)
{
	return sqlite3_changes(j->db) == 1 ||
	       err_set(e, ERR_CORRUPT, "journal: the stamp is not %s", what);
}

bool
journal_stamp_intend(struct journal *j, const uint8_t key[PSD_KEY_BYTES],
    const char *psd_id, struct err *e)
{
	return db_run(j,
		   "UPDATE stamps SET state=1,psd=? WHERE key=? AND state=0",
		   DB_ARGS(DB_T(psd_id), DB_B(key, PSD_KEY_BYTES)), e) &&
	       changed_one(j, "quoted", e);
}

bool
journal_stamp_unintend(
    struct journal *j, const uint8_t key[PSD_KEY_BYTES], struct err *e)
{
	return db_run(j,
		   "UPDATE stamps SET state=0,psd=NULL WHERE key=? AND state=1",
		   DB_ARGS(DB_B(key, PSD_KEY_BYTES)), e) &&
	       changed_one(j, "intended", e);
}

/* The head of the chain: hash of the newest link, and its number. */
static bool
chain_head(
    struct journal *j, uint8_t hash[JOURNAL_HASH], int64_t *seq, struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	memset(hash, 0, JOURNAL_HASH);
	*seq = 0;
	if (!db_query(j,
		"SELECT seq,chain FROM stamps WHERE seq IS NOT NULL"
		" ORDER BY seq DESC LIMIT 1",
		DB_NONE, &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (row) {
		*seq = db_col_int(s, 0);
		db_col_bytes(s, 1, hash, JOURNAL_HASH);
		db_done(s);
	}
	return true;
}

void
db_link_details(struct bytes_writer *w, const struct journal_stamp *s)
{
	const struct stamp_quote *q = &s->quote;
	const struct psd_request *p = &s->psd;

	bytes_write_str(w, s->cost);
	bytes_write_str(w, q->class_name);
	bytes_write_str(w, q->category);
	bytes_write_le(w, (uint64_t)q->amount, 8);
	bytes_write_le(w, (uint64_t)q->surcharge, 8);
	bytes_write_str(w, q->surcharges);
	bytes_write_le(w, q->indicium_len, 2);
	bytes_write_le(w, p->kind, 1);
	bytes_write_le(w, p->mail_date, 4);
	bytes_write_le(w, p->mailby, 4);
	bytes_write_le(w, p->origin_zip, 4);
	bytes_write_le(w, p->sender_zip, 4);
	bytes_write_le(w, p->destination, 8);
	bytes_write_le(w, p->price_list, 2);
}

/* Form 1 stays what it was; its surcharges came with version 3. */
static void
write_end(struct bytes_writer *w, const struct journal_stamp *s)
{
	if (s->form >= 2) {
		bytes_write_le(w, s->bytes.len, 2);
		bytes_write(w, s->bytes.indicium, s->bytes.len);
		db_link_details(w, s);
		return;
	}
	bytes_write(w, s->bytes.indicium, s->bytes.len);
	if (s->quote.surcharges[0]) {
		bytes_write_le(w, (uint64_t)s->quote.surcharge, 8);
		bytes_write_str(w, s->quote.surcharges);
	}
}

/* Everything that says what was bought, for whom and where it was put. */
bool
db_chain_link(const uint8_t previous[JOURNAL_HASH],
    const struct journal_stamp *s, const struct job *job,
    uint8_t out[JOURNAL_HASH], struct err *e)
{
	const struct stamp_request *r = &s->request;
	const struct psd_request *p = &s->psd;
	char mark[MARK_TEXT_MAX];
	uint8_t buf[LINK_MAX];
	struct bytes_writer w;

	mark_format(&r->mark, mark);
	bytes_writer_init(&w, buf, sizeof(buf));
	bytes_write(&w, previous, JOURNAL_HASH);
	if (s->form >= 2)
		bytes_write_le(&w, (uint64_t)s->form, 4);
	bytes_write_le(&w, (uint64_t)s->seq, 8);
	bytes_write(&w, p->key, sizeof(p->key));
	bytes_write_le(&w, (uint64_t)s->document_id, 8);
	bytes_write_le(&w, s->index, 4);
	bytes_write_le(&w, r->page, 4);
	bytes_write_le(&w, r->place, 4);
	bytes_write_le(&w, r->copy, 4);
	bytes_write_le(&w, (uint32_t)r->x_um, 4);
	bytes_write_le(&w, (uint32_t)r->y_um, 4);
	bytes_write_le(&w, r->sheet_serial, 8);
	bytes_write_le(&w, r->label, 2);
	bytes_write_le(&w, (uint64_t)p->amount, 8);
	bytes_write_le(&w, (uint64_t)s->ascending, 8);
	bytes_write_le(&w, (uint64_t)s->issued_at, 8);
	bytes_write_str(&w, mark);
	bytes_write_str(&w, s->psd_id);
	bytes_write_str(&w, job->queue);
	bytes_write_le(&w, job->id, 4);
	bytes_write_le(&w, job->created, 4);
	bytes_write_str(&w, job->uuid);
	bytes_write_str(&w, job->user);
	write_end(&w, s);
	if (w.failed ||
	    EVP_Digest(buf, w.pos, out, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_SYSTEM, "journal: no hash of a stamp");
	return true;
}

/* The stamp of `key` with the identity of its job. */
static bool
load_by_key(struct journal *j, const uint8_t key[PSD_KEY_BYTES],
    struct journal_stamp *out, struct job *job, struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	*job = (struct job){0};
	if (!db_query(j,
		"SELECT " DB_STAMP_COLUMNS
		",j.queue,j.number,j.uuid,j.created,j.user FROM stamps s"
		" JOIN documents d ON d.id=s.document JOIN jobs j ON j.id=d.job"
		" WHERE s.key=?",
		DB_ARGS(DB_B(key, PSD_KEY_BYTES)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (!row)
		return err_set(e, ERR_CORRUPT, "journal: unknown stamp");
	db_stamp_row(s, out);
	db_col_text(s, DB_STAMP_COUNT, job->queue, sizeof(job->queue));
	job->id = (uint32_t)db_col_int(s, DB_STAMP_COUNT + 1);
	db_col_text(s, DB_STAMP_COUNT + 2, job->uuid, sizeof(job->uuid));
	job->created = (uint32_t)db_col_int(s, DB_STAMP_COUNT + 3);
	db_col_text(s, DB_STAMP_COUNT + 4, job->user, sizeof(job->user));
	db_done(s);
	return true;
}

/* Which PSD signed it, where that is not the one it was intended from. */
static bool
note_signer(struct journal *j, const struct journal_stamp *s, struct err *e)
{
	char id[INDICIUM_PSD_ID];
	struct indicium in;

	if (!indicium_decode(s->bytes.indicium, s->bytes.len, &in, e))
		return false;
	return strcmp(indicium_psd_id(&in, id), s->psd_id) == 0 ||
	       db_run(j, "UPDATE stamps SET signer=?,signed=? WHERE key=?",
		   DB_ARGS(DB_T(id), DB_I(in.ascending),
		       DB_B(s->psd.key, PSD_KEY_BYTES)),
		   e);
}

bool
journal_stamp_issue(struct journal *j, const uint8_t key[PSD_KEY_BYTES],
    const uint8_t *indicium, size_t len, mils ascending, bool chained,
    int64_t now, struct err *e)
{
	uint8_t head[JOURNAL_HASH];
	struct journal_stamp s;
	struct job job;

	if (len == 0 || len > sizeof(s.bytes.indicium))
		return err_set(e, ERR_CORRUPT, "an indicium of %zu bytes", len);
	if (!chained)
		return db_run(j,
			   "UPDATE stamps SET state=2,indicium=?,issued_at=?"
			   " WHERE key=? AND state=0",
			   DB_ARGS(DB_B(indicium, len), DB_I(now),
			       DB_B(key, PSD_KEY_BYTES)),
			   e) &&
		       changed_one(j, "quoted", e);
	if (!load_by_key(j, key, &s, &job, e) ||
	    !chain_head(j, head, &s.seq, e))
		return false;
	s.seq++;
	s.form = JOURNAL_FORM;
	s.ascending = ascending;
	s.issued_at = now;
	s.bytes.len = (uint16_t)len;
	memcpy(s.bytes.indicium, indicium, len);
	return db_chain_link(head, &s, &job, s.chain, e) &&
	       db_run(j,
		   "UPDATE stamps SET state=2,indicium=?,ascending=?,"
		   "issued_at=?,seq=?,form=?,chain=? WHERE key=? AND state=1",
		   DB_ARGS(DB_B(indicium, len), DB_I(ascending), DB_I(now),
		       DB_I(s.seq), DB_I(s.form), DB_B(s.chain, JOURNAL_HASH),
		       DB_B(key, PSD_KEY_BYTES)),
		   e) &&
	       changed_one(j, "intended", e) && note_signer(j, &s, e);
}

bool
journal_intents(struct journal *j, const char *psd_id,
    struct journal_stamp *out, size_t max, size_t *count, struct err *e)
{
	sqlite3_stmt *s;
	bool good;

	*count = 0;
	if (!db_query(j,
		"SELECT " DB_STAMP_COLUMNS
		" FROM stamps s WHERE s.state=1 AND s.psd=?"
		" ORDER BY s.document,s.idx",
		DB_ARGS(DB_T(psd_id)), &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		db_stamp_row(s, &out[(*count)++]);
		if (*count == max) {
			db_done(s);
			break;
		}
	}
	return good;
}

bool
journal_psd_seen(struct journal *j, const char *psd_id, mils ascending,
    int64_t now, struct err *e)
{
	return db_run(j,
	    "INSERT OR IGNORE INTO psds(id,ascending,seen) VALUES(?,?,?)",
	    DB_ARGS(DB_T(psd_id), DB_I(ascending), DB_I(now)), e);
}

bool
journal_psd_highest(
    struct journal *j, const char *psd_id, mils *out, struct err *e)
{
	return db_number(j,
	    "SELECT max(ifnull((SELECT max(ascending) FROM stamps WHERE psd=?1"
	    " AND seq IS NOT NULL AND amount>0),0),"
	    "ifnull((SELECT ascending FROM psds WHERE id=?1),0))",
	    DB_ARGS(DB_T(psd_id)), out, e);
}
