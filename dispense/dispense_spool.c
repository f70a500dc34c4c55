/* SPDX-License-Identifier: Apache-2.0 */
/* the printer's bytes, kept until they are printed */
#include "dispense/dispense_own.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/text.h"
#include "dispense/books.h"
#include "dispense/pages.h"

#define DAY_S 86400

/* A rest has a file of its own: the bytes of before are whole until the journal
 * says that it counts. */
static void
spool_path(const struct dispense *d, int64_t document, uint32_t part,
    char out[PATH_MAX + 40])
{
	if (part == 0)
		snprintf(out, PATH_MAX + 40, "%s/%lld", d->folder,
		    (long long)document);
	else
		snprintf(out, PATH_MAX + 40, "%s/%lld.%u", d->folder,
		    (long long)document, part);
}

bool
dispense_spool(struct document *doc, bool store, int *fd, struct err *e)
{
	char path[PATH_MAX + 40];

	if (!journal_document_load(
		doc->d->journal, doc->pass.document_id, &doc->doc, e))
		return false;
	spool_path(doc->d, doc->doc.id, doc->doc.spool_part, path);
	if (store && (doc->doc.has_spool || doc->doc.spool_part > 0))
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is stored already",
		    doc->doc.ordinal + 1, doc->job.queue, doc->job.id);
	if (!store && !doc->doc.has_spool)
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is not stored", doc->doc.ordinal + 1,
		    doc->job.queue, doc->job.id);
	if (store && !durable_replace(path, "", 0, 0600, e))
		return false;
	*fd = open(path, (store ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	return *fd >= 0 || err_system(e, "open %s", path);
}

static bool
hash_file(int fd, uint8_t hash[JOURNAL_HASH], struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool done = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		    lseek(fd, 0, SEEK_SET) == 0;
	static uint8_t buf[1 << 16];
	ssize_t len;

	while (done && (len = read(fd, buf, sizeof(buf))) != 0)
		done = len > 0 && EVP_DigestUpdate(ctx, buf, (size_t)len) == 1;
	done = done && EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return done || err_system(e, "read the stored bytes");
}

bool
dispense_spool_is_whole(
    const struct dispense *d, const struct journal_document *doc)
{
	char path[PATH_MAX + 40];
	uint8_t hash[JOURNAL_HASH];
	struct err ignored = ERR_INIT;
	struct stat st;
	bool whole;
	int fd;

	spool_path(d, doc->id, doc->spool_part, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	whole = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		(uint64_t)st.st_size == doc->spool_bytes;
	if (whole && doc->has_hash)
		whole = hash_file(fd, hash, &ignored) &&
			memcmp(hash, doc->spool_hash, JOURNAL_HASH) == 0;
	close(fd);
	return whole;
}

static bool
sync_spool(
    const char *path, uint64_t bytes, uint8_t hash[JOURNAL_HASH], struct err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	bool done;

	if (fd < 0)
		return err_system(e, "open %s", path);
	if (fstat(fd, &st) != 0)
		done = err_system(e, "%s", path);
	else if ((uint64_t)st.st_size != bytes)
		done = err_set(e, ERR_REQUEST, "%s holds %lld bytes, not %llu",
		    path, (long long)st.st_size, (unsigned long long)bytes);
	else
		done = durable_sync(fd, e) && hash_file(fd, hash, e);
	close(fd);
	return done;
}

static bool
note_stored(struct document *doc, uint64_t bytes,
    const uint8_t hash[JOURNAL_HASH], struct err *e)
{
	if (!dispense_reload(doc, e))
		return false;
	doc->doc.has_spool = true;
	doc->doc.spool_bytes = bytes;
	doc->doc.has_hash = true;
	memcpy(doc->doc.spool_hash, hash, JOURNAL_HASH);
	return journal_document_save(
	    doc->d->journal, &doc->doc, dispense_now(doc->d), e);
}

bool
dispense_spooled(struct document *doc, uint64_t bytes, struct err *e)
{
	struct journal *j = doc->d->journal;
	uint8_t hash[JOURNAL_HASH];
	char path[PATH_MAX + 40];

	if (doc->doc.stamps > 0 && !doc->pass.finished)
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is not whole", doc->doc.ordinal + 1,
		    doc->job.queue, doc->job.id);
	spool_path(doc->d, doc->doc.id, doc->doc.spool_part, path);
	if (!sync_spool(path, bytes, hash, e) || !journal_begin(j, e))
		return false;
	if (note_stored(doc, bytes, hash, e))
		return journal_commit(j, e);
	journal_abort(j);
	return false;
}

/* --- what is not needed any more ----------------------------------------------- */

/* Will nothing send these bytes, or are they too old?  Bytes of a whole document
 * that went by age are made again, with the same stamps; a rest cannot be. */
static bool
is_stale(
    const struct dispense *d, const struct journal_document *doc, uint64_t part)
{
	int64_t age = dispense_now(d) - doc->changed;

	switch (doc->state) {
	case DOC_DELIVERED:
	case DOC_SPOILED:
	case DOC_REPLACED: return true;
	case DOC_SENDING: return false;
	default: break;
	}
	return part < doc->spool_part ||
	       (part == 0 && doc->has_spool && d->settings->spool_days >= 0 &&
		   age > (int64_t)d->settings->spool_days * DAY_S);
}

/* "12" or "12.1". */
static bool
parse_file(const char *name, uint64_t *id, uint64_t *part)
{
	char head[24];
	const char *dot = strchr(name, '.');

	*part = 0;
	if (dot == NULL)
		return text_to_u64(name, INT64_MAX, id);
	if (dot - name >= (int)sizeof(head))
		return false;
	snprintf(head, sizeof(head), "%.*s", (int)(dot - name), name);
	return text_to_u64(head, INT64_MAX, id) &&
	       text_to_u64(dot + 1, UINT32_MAX, part);
}

void
dispense_sweep(struct dispense *d)
{
	struct journal_document doc;
	char path[PATH_MAX + 40];
	struct err e = ERR_INIT;
	DIR *dir = opendir(d->folder);
	struct dirent *entry;
	uint64_t id, part;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (!parse_file(entry->d_name, &id, &part) ||
		    !journal_document_load(d->journal, (int64_t)id, &doc, &e) ||
		    !is_stale(d, &doc, part))
			continue;
		spool_path(d, (int64_t)id, (uint32_t)part, path);
		/* What cannot be removed now is found the next time. */
		if (!durable_remove(path, &e))
			continue;
	}
	if (dir)
		closedir(dir);
}

/* --- a rest --------------------------------------------------------------------- */

static bool
copy_rest(FILE *from, const struct pages_cut *cut, FILE *to, uint64_t *bytes,
    struct err *e)
{
	static uint8_t buf[1 << 16];
	size_t len = fwrite(cut->head, 1, cut->head_len, to);

	*bytes = len;
	if (len != cut->head_len ||
	    fseeko(from, (off_t)cut->offset, SEEK_SET) != 0)
		return err_system(e, "copy the stored bytes");
	while ((len = fread(buf, 1, sizeof(buf), from)) > 0) {
		if (fwrite(buf, 1, len, to) != len)
			return err_system(e, "copy the stored bytes");
		*bytes += len;
	}
	return (!ferror(from) && fflush(to) == 0) ||
	       err_system(e, "copy the stored bytes");
}

/* Writes the pages behind the first `printed` ones as the next part. */
static bool
cut_spool(struct dispense *d, struct journal_document *doc, uint32_t printed,
    uint32_t *pages, struct err *e)
{
	char old[PATH_MAX + 40], rest[PATH_MAX + 40];
	struct pages_cut cut;
	FILE *from, *to = NULL;
	bool done;

	spool_path(d, doc->id, doc->spool_part, old);
	spool_path(d, doc->id, doc->spool_part + 1, rest);
	from = fopen(old, "rbe");
	if (from == NULL)
		return err_system(e, "open %s", old);
	done = pages_find(from, printed, &cut, e) &&
	       durable_replace(rest, "", 0, 0600, e);
	if (done) {
		to = fopen(rest, "r+be");
		done = to != NULL || err_system(e, "open %s", rest);
	}
	done = done && copy_rest(from, &cut, to, &doc->spool_bytes, e);
	fclose(from);
	if (to && fclose(to) != 0 && done)
		done = err_system(e, "%s", rest);
	*pages = cut.pages;
	return done && sync_spool(rest, doc->spool_bytes, doc->spool_hash, e);
}

static bool
note_rest(struct dispense *d, struct journal_document *doc, const char *note,
    const struct books_by *by, struct err *e)
{
	uint8_t hash[JOURNAL_HASH];
	uint64_t bytes = doc->spool_bytes;
	uint32_t part = doc->spool_part + 1;

	memcpy(hash, doc->spool_hash, JOURNAL_HASH);
	if (!journal_resolve(
		d->journal, doc->id, RESOLVE_REPRINT, false, note, by, e) ||
	    !journal_document_load(d->journal, doc->id, doc, e))
		return false;
	doc->spool_part = part;
	doc->spool_bytes = bytes;
	doc->has_hash = true;
	memcpy(doc->spool_hash, hash, JOURNAL_HASH);
	return journal_document_save(d->journal, doc, by->now, e);
}

bool
dispense_print_rest(struct dispense *d, int64_t document, uint32_t printed,
    const char *why, const struct books_by *by, struct err *e)
{
	struct journal_document doc;
	char note[JOURNAL_NOTE_MAX];
	uint32_t pages = 0;

	if (!journal_document_load(d->journal, document, &doc, e))
		return false;
	if (doc.state != DOC_UNCERTAIN || !doc.has_spool ||
	    !dispense_spool_is_whole(d, &doc))
		return err_set(e, ERR_REQUEST,
		    "document %lld is not uncertain, or its stored bytes are "
		    "not whole: its pages cannot be sent one by one",
		    (long long)document);
	if (!cut_spool(d, &doc, printed, &pages, e))
		return false;
	snprintf(note, sizeof(note), "pages 1 to %u of %u came out%s%s",
	    printed, pages, why[0] ? ": " : "", why);
	if (!journal_begin(d->journal, e))
		return false;
	if (note_rest(d, &doc, note, by, e))
		return journal_commit(d->journal, e);
	journal_abort(d->journal);
	return false;
}
