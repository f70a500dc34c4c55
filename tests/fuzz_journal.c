/* SPDX-License-Identifier: Apache-2.0 */
/* A journal that something wrote into: every reader gives rows or one error
 * with a kind, and none crashes.  The input changes a real journal (a printed
 * document, spoiled, its refund asked for): its first byte says how.
 *
 *	0	bytes of the file: offset (u24), value
 *	1	values of rows: column, type, length, bytes
 *	else	the input is the file
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dispense/refunds.h"
#include "tests/shop.h"
#include "tests/test.h"

#define FILE_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct shop shop;
static uint8_t good[FILE_MAX], bad[FILE_MAX];
static size_t good_len;

/* --- the journal that is changed ----------------------------------------------- */

static void
print_document(void)
{
	static const struct job job = {.queue = "mail",
	    .id = 1,
	    .uuid = "u",
	    .created = 1,
	    .processing = 2,
	    .user = "anna",
	    .documents = 1};
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct stamp_request in[3];
	struct stamp_quote quote[3];
	struct issued_stamp out[3];
	struct quote_common common;
	struct document *doc;
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < 3; i++) {
		in[i] = (struct stamp_request){.page = 1,
		    .place = i + 1,
		    .copy = 1,
		    .sheet_serial = 7,
		    .label = (uint16_t)(i + 1)};
		is_ok(mark_parse("[[postage 0.78]]", &in[i].mark, &e), &e, "m");
	}
	is_ok(dispense_document_open(d, ROLE_FILTER, &job, &doc, &e), &e, "o");
	is_ok(dispense_quote(doc, in, 3, quote, &common, &e), &e, "quote");
	is_ok(dispense_issue(doc, 0, 3, out, &e), &e, "issue");
	is_ok(dispense_finish(doc, 1, 5, &e), &e, "finish");
	is_ok(dispense_sending(doc, &e), &e, "sending");
	is_ok(dispense_settle(doc, SETTLE_DELIVERED, "", &e), &e, "settle");
	dispense_document_close(doc);
	dispense_close(d);
}

static void
ask_for_refund(void)
{
	const struct books_by by = {"anna", SHOP_NOW};
	const struct books_choice one = {1, 0, 1, 0, 0};
	const struct books_rules rules = {.today = 20261121, .window_days = 60};
	struct books_sum sum;
	struct err e = ERR_INIT;
	struct journal *j;
	struct vault *v;
	int64_t id;

	is_ok(journal_open(shop.journal, false, 1000, &j, &e), &e, "open");
	is_ok(vault_open(shop.settings.vault_uri, 0, &v, &e), &e, "vault");
	is_ok(journal_begin(j, &e), &e, "begin");
	is_ok(books_spoil(j, &one, &rules, &by, "torn", &sum, &e), &e, "spoil");
	is_ok(journal_commit(j, &e), &e, "commit");
	is_ok(refunds_request(j, v, NULL, 0, 20261121, &by, &id, &e), &e, "r");
	vault_close(v);
	journal_close(j);
}

static void
run_sql(const char *sql)
{
	sqlite3 *db;

	if (sqlite3_open(shop.journal, &db) == SQLITE_OK)
		sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
}

static void
make_journal(void)
{
	FILE *f;

	shop_open(&shop, 100000, NULL, NULL);
	print_document();
	ask_for_refund();
	run_sql("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
	f = fopen(shop.journal, "rb");
	good_len = fread(good, 1, sizeof(good), f);
	fclose(f);
}

static void
put_file(const uint8_t *bytes, size_t len)
{
	static const char *const ends[] = {"-wal", "-shm", "-journal"};
	char path[128];
	FILE *f;

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", shop.journal, ends[i]);
		unlink(path);
	}
	f = fopen(shop.journal, "wb");
	if (f == NULL || fwrite(bytes, 1, len, f) != len)
		abort();
	fclose(f);
}

/* --- how it is changed --------------------------------------------------------------- */

static void
change_bytes(struct bytes_reader *r)
{
	memcpy(bad, good, good_len);
	while (bytes_left(r) >= 4) {
		size_t offset = (size_t)bytes_read_le(r, 3) % good_len;

		bad[offset] = (uint8_t)bytes_read_le(r, 1);
	}
	put_file(bad, good_len);
}

static const char *const columns[] = {"stamps SET mark",
    "stamps SET class_name", "stamps SET category", "stamps SET indicium",
    "stamps SET chain", "stamps SET state", "stamps SET idx",
    "stamps SET amount", "stamps SET ascending", "stamps SET seq",
    "stamps SET psd", "stamps SET mail_date", "stamps SET issued_at",
    "stamps SET page", "stamps SET label", "stamps SET kind", "stamps SET cost",
    "documents SET state", "documents SET note", "documents SET spool_hash",
    "documents SET spool", "documents SET content", "documents SET epoch",
    "documents SET ordinal", "jobs SET queue", "jobs SET user",
    "jobs SET number", "events SET text", "events SET person",
    "events SET chain", "events SET stamps", "requests SET body",
    "requests SET message", "requests SET number", "requests SET answer",
    "requests SET date", "spoils SET reason", "spoils SET was",
    "spoils SET request", "psds SET ascending", "sheets SET media",
    "passes SET refusal", "passes SET refusal_text", "runs SET documents",
    "stamps SET form", "stamps SET surcharge", "stamps SET face",
    "events SET what", "events SET document", "requests SET granted",
    "spoils SET granted"};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void
change_row(sqlite3 *db, struct bytes_reader *r)
{
	size_t column = (size_t)bytes_read_le(r, 1) % COLUMNS;
	int type = (int)bytes_read_le(r, 1) % 4;
	size_t len = (size_t)bytes_read_le(r, 1);
	const void *bytes;
	sqlite3_stmt *s;
	char sql[128];

	if (len > bytes_left(r))
		len = bytes_left(r);
	bytes = bytes_read(r, len);
	snprintf(sql, sizeof(sql), "UPDATE %s=?", columns[column]);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		abort();
	if (type == 0)
		sqlite3_bind_blob(s, 1, bytes, (int)len, SQLITE_TRANSIENT);
	else if (type == 1)
		sqlite3_bind_text(s, 1, bytes, (int)len, SQLITE_TRANSIENT);
	else if (type == 2 && len >= 8)
		sqlite3_bind_int64(
		    s, 1, *(const int64_t *)memcpy(&(int64_t){0}, bytes, 8));
	else if (type == 2)
		sqlite3_bind_int64(s, 1, (int64_t)len);
	/* A value that a rule of the table refuses is no change. */
	sqlite3_step(s);
	sqlite3_finalize(s);
}

static void
change_rows(struct bytes_reader *r)
{
	sqlite3 *db;

	put_file(good, good_len);
	if (sqlite3_open(shop.journal, &db) != SQLITE_OK)
		abort();
	sqlite3_exec(db,
	    "PRAGMA ignore_check_constraints=ON; PRAGMA synchronous=OFF;"
	    "PRAGMA journal_mode=OFF",
	    NULL, NULL, NULL);
	while (bytes_left(r) >= 3)
		change_row(db, r);
	sqlite3_close(db);
}

/* --- everything that reads it -------------------------------------------------------------- */

static void
done(bool well, struct err *e)
{
	if (!well && e->kind == ERR_NONE)
		abort();
	*e = (struct err)ERR_INIT;
}

static bool
take_stamp(void *context, const struct journal_stamp *s)
{
	(void)context;
	return stamp_state_name(s->state) != NULL;
}

struct ids {
	int64_t id[32];
	int count;
};

static bool
take_document(void *context, const struct journal_document *d)
{
	struct ids *ids = context;

	ids->id[ids->count++] = d->id;
	return ids->count < 32 && doc_state_name(d->state) != NULL;
}

static bool
take_request(void *context, const struct books_request *r)
{
	struct ids *ids = context;

	ids->id[ids->count++] = r->id;
	return ids->count < 32;
}

static bool
take_event(void *context, const struct books_event *v)
{
	(void)context;
	return strlen(v->text) < sizeof(v->text);
}

static bool
take_row(void *context, const struct books_row *r)
{
	(void)context;
	return strlen(r->key) < sizeof(r->key);
}

static bool
take_account(void *context, const struct books_account *a)
{
	(void)context;
	return strlen(a->psd_id) < sizeof(a->psd_id);
}

static void
take_finding(void *context, const char *sentence)
{
	*(size_t *)context += strlen(sentence);
}

static void
read_all(struct journal *j)
{
	const struct journal_filter all = {.doc_state = -1};
	struct ids documents = {.count = 0}, requests = {.count = 0};
	struct books_span span = {.until = INT64_MAX};
	struct books_request r;
	struct err e = ERR_INIT;
	size_t count = 0, letters = 0;

	done(journal_documents(j, &all, take_document, &documents, &e), &e);
	for (int i = 0; i < documents.count; i++)
		done(journal_stamps(j, documents.id[i], take_stamp, NULL, &e),
		    &e);
	done(books_events(j, 0, take_event, NULL, &e), &e);
	done(books_requests(j, take_request, &requests, &e), &e);
	for (int i = 0; i < requests.count; i++) {
		bool found = books_request_load(j, requests.id[i], &r, &e);

		done(found, &e);
		if (found)
			books_request_free(&r);
	}
	for (int by = 0; by < BOOKS_KEYS; by++) {
		span.by = (enum books_key)by;
		span.daily = by % 2;
		done(books_report(j, &span, take_row, NULL, &e), &e);
	}
	done(books_accounts(j, take_account, NULL, &e), &e);
	done(journal_check(j, NULL, 0, take_finding, &letters, &count, &e), &e);
}

static void
write_some(struct journal *j)
{
	const struct books_by by = {"bob", SHOP_NOW};
	const struct books_choice whole = {.document = 1};
	const struct books_rules rules = {.today = 20261121, .window_days = 60};
	struct books_sum sum;
	struct err e = ERR_INIT;
	bool begun = journal_begin(j, &e);

	done(begun, &e);
	if (!begun)
		return;
	done(books_unspoil(j, &whole, &by, &sum, &e), &e);
	done(books_spoil(j, &whole, &rules, &by, "torn", &sum, &e), &e);
	journal_abort(j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct bytes_reader r;
	struct journal *j;
	uint64_t how;

	if (good_len == 0)
		make_journal();
	bytes_reader_init(&r, data, size);
	how = bytes_read_le(&r, 1);
	if (how == 0)
		change_bytes(&r);
	else if (how == 1)
		change_rows(&r);
	else
		put_file(data, size);
	for (int read_only = 1; read_only >= 0; read_only--) {
		bool opened = journal_open(shop.journal, read_only, 0, &j, &e);

		done(opened, &e);
		if (!opened)
			continue;
		read_all(j);
		if (!read_only)
			write_some(j);
		journal_close(j);
	}
	return 0;
}
