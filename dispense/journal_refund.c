/* SPDX-License-Identifier: Apache-2.0 */
/* spoiled stamps on their way back to value */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dispense/books.h"
#include "dispense/journal_db.h"
#include "vault/refund.h"

/* --- collecting -------------------------------------------------------------------- */

/* Marks with the request's id what one pick names. */
static bool
take_all(
    struct journal *j, const struct books_pick *pick, int64_t id, struct err *e)
{
	return db_run(j,
	    "UPDATE spoils SET request=?1 WHERE stamp IN (SELECT p.stamp FROM"
	    " spoils p JOIN stamps s ON s.key=p.stamp WHERE p.request IS NULL"
	    " AND s.psd=?2 AND s.state=3 AND s.amount>0 ORDER BY s.ascending"
	    " LIMIT ?3)",
	    DB_ARGS(DB_I(id), DB_T(pick->psd_id), DB_I(pick->most)), e);
}

static bool
take_one(struct journal *j, const struct books_pick *pick,
    const struct books_choice *c, int64_t id, struct err *e)
{
	if (!db_run(j,
		"UPDATE spoils SET request=?1 WHERE request IS NULL AND stamp="
		"(SELECT key FROM stamps WHERE psd=?2 AND ascending=?3 AND"
		" document=?4 AND state=3 AND amount>0)",
		DB_ARGS(DB_I(id), DB_T(pick->psd_id), DB_I(c->ascending),
		    DB_I(c->document)),
		e))
		return false;
	return sqlite3_changes(j->db) == 1 ||
	       err_set(e, ERR_REQUEST,
		   "stamp %s/%lld is not spoiled, of another PSD than %s, or "
		   "in a request already",
		   pick->psd_id, (long long)c->ascending, pick->psd_id);
}

static bool
load_line(sqlite3_stmt *s, struct refund_line *out)
{
	char queue[QUEUE_MAX];

	out->ascending = (uint64_t)db_col_int(s, 0);
	out->mail_date = (uint32_t)db_col_int(s, 1);
	out->amount = db_col_int(s, 2);
	db_col_text(s, 3, out->class_name, sizeof(out->class_name));
	db_col_text(s, 4, queue, sizeof(queue));
	snprintf(out->place, sizeof(out->place),
	    "%.100s-%lld page %lld stamp %lld copy %lld", queue,
	    (long long)db_col_int(s, 5), (long long)db_col_int(s, 6),
	    (long long)db_col_int(s, 7), (long long)db_col_int(s, 8));
	db_col_text(s, 9, out->reason, sizeof(out->reason));
	out->len = db_col_bytes(s, 10, out->indicium, sizeof(out->indicium));
	return out->len > 0;
}

static bool
load_list(
    struct journal *j, int64_t id, struct refund_list *list, struct err *e)
{
	sqlite3_stmt *s;
	bool good;

	list->lines = calloc(REFUND_STAMPS_MAX, sizeof(*list->lines));
	if (list->lines == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (!db_query(j,
		"SELECT s.ascending,s.mail_date,s.amount,s.class_name,j.queue,"
		"j.number,s.page,s.place,s.copy,p.reason,s.indicium FROM spoils"
		" p JOIN stamps s ON s.key=p.stamp JOIN documents d ON"
		" d.id=s.document JOIN jobs j ON j.id=d.job WHERE p.request=?"
		" ORDER BY s.ascending",
		DB_ARGS(DB_I(id)), &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		struct refund_line *line = &list->lines[list->count];

		if (list->count == REFUND_STAMPS_MAX || !load_line(s, line) ||
		    !mils_add(list->total, line->amount, &list->total)) {
			db_done(s);
			return err_set(e, ERR_REQUEST,
			    "too many stamps for one request, or one without "
			    "bytes");
		}
		list->count++;
	}
	return good;
}

static bool
store_list(struct journal *j, int64_t id, const struct refund_list *list,
    char note[DB_HASH_NOTE], struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool done = f != NULL;

	note[0] = '\0';
	if (f) {
		refund_write_list(f, list);
		done = fclose(f) == 0;
	}
	if (!done)
		err_system(e, "memory for a request");
	done =
	    done &&
	    db_run(j, "UPDATE requests SET count=?,total=?,body=? WHERE id=?",
		DB_ARGS(
		    DB_I(list->count), DB_I(list->total), DB_T(text), DB_I(id)),
		e) &&
	    db_run(j,
		"UPDATE stamps SET state=4 WHERE key IN (SELECT stamp FROM"
		" spoils WHERE request=?)",
		DB_ARGS(DB_I(id)), e);
	if (done)
		db_hash_note(text, note);
	free(text);
	return done;
}

bool
books_claim(struct journal *j, const struct books_pick *pick,
    const struct books_by *by, int64_t *id, struct err *e)
{
	struct refund_list list = {.date = pick->date};
	char sum[MILS_TEXT], note[DB_HASH_NOTE];
	bool done;

	if (!db_run(j,
		"INSERT INTO requests(psd,date,count,total,body)"
		" VALUES(?,?,0,0,'')",
		DB_ARGS(DB_T(pick->psd_id), DB_I(pick->date)), e))
		return false;
	*id = sqlite3_last_insert_rowid(j->db);
	if (pick->count > pick->most)
		return err_set(e, ERR_REQUEST,
		    "at most %zu stamps go into one request", pick->most);
	if (pick->choices == NULL && !take_all(j, pick, *id, e))
		return false;
	for (size_t i = 0; pick->choices && i < pick->count; i++)
		if (!take_one(j, pick, &pick->choices[i], *id, e))
			return false;
	snprintf(list.psd_id, sizeof(list.psd_id), "%s", pick->psd_id);
	done = load_list(j, *id, &list, e);
	if (done && list.count == 0)
		done = err_set(e, ERR_REQUEST,
		    "no stamp of %s is spoiled and waits for a refund",
		    pick->psd_id);
	done = done && store_list(j, *id, &list, note, e) &&
	       books_log(j, by, "claim", 0, NULL, e,
		   "request %lld of %s: %" PRIu32 " stamps of %s%s",
		   (long long)*id, pick->psd_id, list.count,
		   mils_format(list.total, sum), note);
	refund_free(&list);
	return done;
}

/* --- the request's own row ------------------------------------------------------------ */

bool
books_unsigned(
    struct journal *j, const char *psd_id, int64_t *id, struct err *e)
{
	return db_number(j,
	    "SELECT id FROM requests WHERE psd=? AND message IS NULL"
	    " ORDER BY id LIMIT 1",
	    DB_ARGS(DB_T(psd_id)), id, e);
}

bool
books_signed(struct journal *j, int64_t id, uint32_t number, const uint8_t *msg,
    size_t len, const struct books_by *by, struct err *e)
{
	if (!db_run(j,
		"UPDATE requests SET number=?,message=? WHERE id=? AND"
		" message IS NULL",
		DB_ARGS(DB_I(number), DB_B(msg, len), DB_I(id)), e))
		return false;
	return sqlite3_changes(j->db) == 0 ||
	       books_log(j, by, "sign", 0, NULL, e,
		   "request %lld has number %" PRIu32, (long long)id, number);
}

bool
books_request_find(struct journal *j, const char *psd_id, uint32_t number,
    int64_t *id, struct err *e)
{
	if (!db_number(j,
		"SELECT id FROM requests WHERE (?1='' OR psd=?1) AND number=?2"
		" ORDER BY id DESC LIMIT 1",
		DB_ARGS(DB_T(psd_id), DB_I(number)), id, e))
		return false;
	return *id != 0 || err_set(e, ERR_REQUEST,
			       "there is no refund request %" PRIu32
			       ": see \"postage refund list\"",
			       number);
}

void
books_request_free(struct books_request *r)
{
	free(r->text);
	free(r->answer);
	r->text = r->answer = NULL;
}

#define REQUEST_COLUMNS                                                     \
	"id,psd,number,date,count,total,answer IS NOT NULL,granted,credit," \
	"ifnull(length(message)=0,0)"

static void
take_request(sqlite3_stmt *s, struct books_request *out)
{
	*out = (struct books_request){.id = db_col_int(s, 0)};
	db_col_text(s, 1, out->psd_id, sizeof(out->psd_id));
	out->number = (uint32_t)db_col_int(s, 2);
	out->date = (uint32_t)db_col_int(s, 3);
	out->count = (uint32_t)db_col_int(s, 4);
	out->total = db_col_int(s, 5);
	out->answered = db_col_int(s, 6) != 0;
	out->granted = db_col_int(s, 7);
	out->credit =
	    sqlite3_column_type(s, 8) == SQLITE_NULL ? -1 : db_col_int(s, 8);
	out->by_provider = db_col_int(s, 9) != 0 && out->number != 0;
	out->refused = db_col_int(s, 9) != 0 && out->number == 0;
}

static bool
copy_text(sqlite3_stmt *s, int column, char **out, struct err *e)
{
	const unsigned char *text = sqlite3_column_text(s, column);

	*out = text ? strdup((const char *)text) : NULL;
	return text == NULL || *out || err_set(e, ERR_SYSTEM, "out of memory");
}

/* The body with the PSD's message behind it. */
static bool
signed_text(sqlite3_stmt *s, int body, int message, char **out, struct err *e)
{
	uint8_t msg[PSD_MESSAGE_MAX];
	size_t len = db_col_bytes(s, message, msg, sizeof(msg)), size = 0;
	const unsigned char *text = sqlite3_column_text(s, body);
	FILE *f = open_memstream(out, &size);

	if (f == NULL)
		return err_system(e, "memory for a request");
	fputs(text ? (const char *)text : "", f);
	if (len > 0)
		refund_write_signed(f, msg, len);
	return fclose(f) == 0 || err_system(e, "memory for a request");
}

bool
books_request_load(
    struct journal *j, int64_t id, struct books_request *out, struct err *e)
{
	sqlite3_stmt *s;
	bool row, done;

	*out = (struct books_request){.id = 0};
	if (!db_query(j,
		"SELECT " REQUEST_COLUMNS ",body,message,answer FROM requests"
		" WHERE id=?",
		DB_ARGS(DB_I(id)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (!row)
		return err_set(e, ERR_REQUEST, "there is no refund request");
	take_request(s, out);
	done = signed_text(s, 10, 11, &out->text, e) &&
	       copy_text(s, 12, &out->answer, e);
	db_done(s);
	if (!done)
		books_request_free(out);
	return done;
}

bool
books_requests(
    struct journal *j, books_request_fn *fn, void *context, struct err *e)
{
	struct books_request r;
	sqlite3_stmt *s;
	bool good;

	if (!db_query(j, "SELECT " REQUEST_COLUMNS " FROM requests ORDER BY id",
		DB_NONE, &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		take_request(s, &r);
		if (!fn(context, &r)) {
			db_done(s);
			break;
		}
	}
	return good;
}

/* --- the answer ------------------------------------------------------------------------- */

static bool
settle_stamp(struct journal *j, const struct books_request *r,
    const struct refund_verdict *v, struct err *e)
{
	if (!db_run(j,
		"UPDATE spoils SET granted=?1,remark=?2 WHERE request=?3 AND"
		" granted IS NULL AND stamp=(SELECT key FROM stamps WHERE"
		" psd=?4 AND ascending=?5 AND amount>=?1 AND amount>0 AND"
		" seq IS NOT NULL)",
		DB_ARGS(DB_I(v->granted), DB_T(v->remark), DB_I(r->id),
		    DB_T(r->psd_id), DB_I(v->ascending)),
		e))
		return false;
	if (sqlite3_changes(j->db) != 1)
		return err_set(e, ERR_REQUEST,
		    "the answer speaks of stamp %s/%" PRIu64
		    ", which is not in request %" PRIu32
		    ", or grants more than it cost",
		    r->psd_id, v->ascending, r->number);
	return db_run(j,
	    "UPDATE stamps SET state=?1 WHERE psd=?2 AND ascending=?3 AND"
	    " state=4 AND amount>0",
	    DB_ARGS(DB_I(v->accepted ? STAMP_REFUNDED : STAMP_REJECTED),
		DB_T(r->psd_id), DB_I(v->ascending)),
	    e);
}

static bool
settle_all(struct journal *j, const struct books_request *r,
    const struct refund_answer *a, const struct refund_list *list,
    struct err *e)
{
	if (strcmp(a->psd_id, r->psd_id) != 0 || a->number != r->number ||
	    memcmp(a->digest, list->digest, PSD_DIGEST) != 0)
		return err_set(e, ERR_REQUEST,
		    "this is an answer to another request: %s number %" PRIu32,
		    a->psd_id, a->number);
	if (a->count != r->count)
		return err_set(e, ERR_REQUEST,
		    "the answer speaks of %" PRIu32
		    " stamps, the request of %" PRIu32,
		    a->count, r->count);
	for (uint32_t i = 0; i < a->count; i++)
		if (!settle_stamp(j, r, &a->verdicts[i], e))
			return false;
	return true;
}

bool
books_settle(struct journal *j, const struct books_request *r, const char *text,
    size_t len, const struct books_by *by, struct err *e)
{
	struct refund_list list;
	struct refund_answer a;
	char sum[MILS_TEXT], note[DB_HASH_NOTE];
	bool done;

	if (r->answer)
		return (strlen(r->answer) == len &&
			   memcmp(r->answer, text, len) == 0) ||
		       err_set(e, ERR_REQUEST,
			   "request %" PRIu32 " has another answer already",
			   r->number);
	if (!refund_parse(r->text, strlen(r->text), &list, e))
		return false;
	if (!refund_parse_answer(text, len, &a, e)) {
		refund_free(&list);
		return false;
	}
	done =
	    settle_all(j, r, &a, &list, e) &&
	    db_run(j, "UPDATE requests SET answer=?,granted=? WHERE id=?",
		DB_ARGS(DB_T(text), DB_I(a.total), DB_I(r->id)), e) &&
	    books_log(j, by, "settle", 0, NULL, e,
		"request %" PRIu32 " of %s: %s granted%s", r->number, r->psd_id,
		mils_format(a.total, sum), db_hash_note(text, note));
	refund_free_answer(&a);
	refund_free(&list);
	return done;
}

bool
books_credit(struct journal *j, int64_t id, uint32_t sequence, struct err *e)
{
	return db_run(j, "UPDATE requests SET credit=? WHERE id=?",
	    DB_ARGS(DB_I(sequence), DB_I(id)), e);
}
