/* SPDX-License-Identifier: Apache-2.0 */
/* the tables, and how those of an older version become those of today */
#include "dispense/journal_db.h"

#include <stdio.h>

#define APPLICATION 0x50535447 /* "PSTG" in the file's header */

/* Step n makes version n out of n - 1; what was released is never changed, a
 * new table or column is a new step.
 *
 * States are stored as their numbers: see enum doc_state, enum stamp_state.
 * Of each document of an epoch one row is the current one; spoiled (8) and
 * replaced (9) ones are history. */
static const char *const steps[] = {
    "CREATE TABLE jobs("
    " id INTEGER PRIMARY KEY, queue TEXT NOT NULL, number INTEGER NOT NULL,"
    " uuid TEXT NOT NULL, created INTEGER NOT NULL, user TEXT NOT NULL,"
    " seen INTEGER NOT NULL, UNIQUE(queue, number, created, uuid));"
    "CREATE TABLE runs("
    " id INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES jobs,"
    " processing INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, documents INTEGER NOT NULL,"
    " seen INTEGER NOT NULL, UNIQUE(job, processing, seq));"
    "CREATE TABLE documents("
    " id INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES jobs,"
    " epoch INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
    " again INTEGER NOT NULL, content BLOB, state INTEGER NOT NULL,"
    " pages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
    " spool INTEGER, note TEXT NOT NULL DEFAULT '',"
    " changed INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX document_current ON documents(job, epoch, ordinal)"
    " WHERE state < 8;"
    "CREATE INDEX document_job ON documents(job, epoch, ordinal);"
    "CREATE INDEX document_changed ON documents(changed);"
    "CREATE TABLE passes("
    " id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs,"
    " ordinal INTEGER NOT NULL, document INTEGER NOT NULL REFERENCES documents,"
    " finished INTEGER NOT NULL DEFAULT 0, closed INTEGER NOT NULL DEFAULT 0,"
    " settled INTEGER NOT NULL DEFAULT 0, refusal INTEGER NOT NULL DEFAULT 0,"
    " refusal_text TEXT NOT NULL DEFAULT '', UNIQUE(run, ordinal));"
    "CREATE TABLE stamps("
    " key BLOB PRIMARY KEY CHECK(length(key) = 16),"
    " document INTEGER NOT NULL REFERENCES documents, idx INTEGER NOT NULL,"
    " state INTEGER NOT NULL, page INTEGER NOT NULL, place INTEGER NOT NULL,"
    " copy INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL,"
    " mark TEXT NOT NULL, cost TEXT NOT NULL, sheet INTEGER NOT NULL,"
    " label INTEGER NOT NULL, face INTEGER NOT NULL,"
    " amount INTEGER NOT NULL CHECK(amount >= 0), mail_date INTEGER NOT NULL,"
    " mailby INTEGER NOT NULL, origin INTEGER NOT NULL,"
    " category TEXT NOT NULL, class_name TEXT NOT NULL, len INTEGER NOT NULL,"
    " destination INTEGER NOT NULL, sender INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, price_list INTEGER NOT NULL, psd TEXT,"
    " ascending INTEGER, issued_at INTEGER, seq INTEGER UNIQUE, chain BLOB,"
    " indicium BLOB, UNIQUE(document, idx)) WITHOUT ROWID;"
    "CREATE INDEX stamp_intent ON stamps(psd) WHERE state = 1;"
    "CREATE INDEX stamp_day ON stamps(issued_at);"
    /* two stamps of one PSD and register: the vault went back in time */
    "CREATE UNIQUE INDEX stamp_paid ON stamps(psd, ascending)"
    " WHERE seq IS NOT NULL AND amount > 0;"
    "CREATE TABLE psds("
    " id TEXT PRIMARY KEY, ascending INTEGER NOT NULL, seen INTEGER NOT NULL);"
    "CREATE TABLE sheets("
    " serial INTEGER PRIMARY KEY, media TEXT NOT NULL, seen INTEGER NOT NULL);"
    "CREATE TABLE labels("
    " sheet INTEGER NOT NULL REFERENCES sheets, label INTEGER NOT NULL,"
    " document INTEGER NOT NULL REFERENCES documents,"
    " PRIMARY KEY(sheet, label)) WITHOUT ROWID;",

    /* 2: what people did and said; spoiled stamps and refunds; the hash of
     * stored bytes and how many pages of them are gone already */
    "CREATE TABLE events("
    " seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, person TEXT NOT NULL,"
    " what TEXT NOT NULL, text TEXT NOT NULL, document INTEGER REFERENCES"
    " documents, stamps INTEGER NOT NULL, chain BLOB NOT NULL);"
    "CREATE TABLE requests("
    " id INTEGER PRIMARY KEY, psd TEXT NOT NULL, number INTEGER,"
    " date INTEGER NOT NULL, count INTEGER NOT NULL, total INTEGER NOT NULL,"
    " body TEXT NOT NULL, message BLOB, answer TEXT, granted INTEGER,"
    " credit INTEGER, UNIQUE(psd, number));"
    /* One stamp, one spoiling, one request: the primary key says so. */
    "CREATE TABLE spoils("
    " stamp BLOB PRIMARY KEY REFERENCES stamps(key), event INTEGER REFERENCES"
    " events, was INTEGER NOT NULL, reason TEXT NOT NULL,"
    " request INTEGER REFERENCES requests, granted INTEGER,"
    " remark TEXT NOT NULL DEFAULT '') WITHOUT ROWID;"
    "CREATE INDEX spoil_request ON spoils(request);"
    "INSERT INTO spoils(stamp,was,reason) SELECT s.key,7,d.note FROM stamps s"
    " JOIN documents d ON d.id=s.document WHERE s.state=3;"
    "CREATE TABLE gaps("
    " psd TEXT NOT NULL REFERENCES psds, below INTEGER NOT NULL,"
    " above INTEGER NOT NULL, event INTEGER NOT NULL REFERENCES events,"
    " PRIMARY KEY(psd, below)) WITHOUT ROWID;"
    "CREATE INDEX stamp_state ON stamps(state) WHERE state > 2;"
    "ALTER TABLE documents ADD COLUMN spool_hash BLOB;"
    "ALTER TABLE documents ADD COLUMN spool_part INTEGER NOT NULL DEFAULT 0;",

    /* 3: what surcharges a price holds, who confirmed a document's total;
     * tables of rates as they were entered; the last refill and the alarms of
     * each vault */
    "ALTER TABLE stamps ADD COLUMN surcharge INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE stamps ADD COLUMN surcharges TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE documents ADD COLUMN confirmed INTEGER;"
    "ALTER TABLE documents ADD COLUMN confirmed_by TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE rate_tables("
    " sha BLOB PRIMARY KEY, text BLOB NOT NULL, entered_by TEXT NOT NULL,"
    " entered INTEGER NOT NULL, approved_by TEXT NOT NULL DEFAULT '',"
    " approved INTEGER);"
    "CREATE TABLE fills("
    " psd TEXT PRIMARY KEY, control INTEGER NOT NULL, value INTEGER NOT NULL,"
    " seen INTEGER NOT NULL);"
    "CREATE TABLE alarms("
    " name TEXT PRIMARY KEY, raised INTEGER NOT NULL, told INTEGER NOT NULL);",

    /* 4: reports read this index alone */
    "DROP INDEX stamp_day;"
    "CREATE INDEX stamp_books ON stamps(issued_at, document, state, amount,"
    " kind, psd, cost, class_name);",

    /* 5: links that hold the whole row; what older ones do not hold is sealed
     * by an event (journal_seal.c) */
    "ALTER TABLE stamps ADD COLUMN form INTEGER NOT NULL DEFAULT 1;"
    /* a program of before that is at work still: the next one asks the vault */
    "CREATE TRIGGER stamp_form BEFORE UPDATE OF seq ON stamps WHEN NEW.seq IS"
    " NOT NULL AND NEW.form<2 BEGIN SELECT RAISE(ABORT,'an older program is at"
    " work on a journal of a newer version: restart postage-vaultd'); END;",

    /* 6: stamps of a vault that has several PSDs say which one it was; one
     * stamp of one of them is nobody else's, either */
    "ALTER TABLE stamps ADD COLUMN signer TEXT;"
    "ALTER TABLE stamps ADD COLUMN signed INTEGER;"
    "CREATE UNIQUE INDEX stamp_signed ON stamps(signer, signed)"
    " WHERE signer IS NOT NULL AND amount > 0;",
};

#define SEALED 5 /* the version that began with a seal */

#define VERSION ((int64_t)(sizeof(steps) / sizeof(steps[0])))

static bool
run_steps(struct journal *j, int64_t from, struct err *e)
{
	char pragma[64];

	for (int64_t i = from; i < VERSION; i++)
		if (!db_exec(j, steps[i], e))
			return false;
	if (from < SEALED && !db_seal(j, e))
		return false;
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%lld",
	    (long long)VERSION);
	return db_exec(j, pragma, e);
}

static bool
is_empty(struct journal *j, bool *empty, struct err *e)
{
	int64_t tables;

	if (!db_number(
		j, "SELECT count(*) FROM sqlite_schema", DB_NONE, &tables, e))
		return false;
	*empty = tables == 0;
	return true;
}

bool
db_settle_schema(struct journal *j, bool *old, struct err *e)
{
	int64_t id, version;
	bool empty = false;

	*old = false;
	if (!db_number(j, "PRAGMA application_id", DB_NONE, &id, e) ||
	    !db_number(j, "PRAGMA user_version", DB_NONE, &version, e) ||
	    (id == 0 && version == 0 && !is_empty(j, &empty, e)))
		return false;
	if (empty && !j->read_only)
		return run_steps(j, 0, e) &&
		       db_exec(j, "PRAGMA application_id=1347638343", e);
	if (id != APPLICATION || version < 1)
		return err_set(e, ERR_CORRUPT, "not a journal of postage");
	if (version > VERSION)
		return err_set(e, ERR_CORRUPT,
		    "the journal is of version %lld, this program knows %lld",
		    (long long)version, (long long)VERSION);
	*old = version < VERSION;
	return !*old || j->read_only || run_steps(j, version, e);
}
