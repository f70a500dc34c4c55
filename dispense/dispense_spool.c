/* SPDX-License-Identifier: Apache-2.0 */
/* the printer's bytes, kept until they are printed */
#include "dispense/dispense_own.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/text.h"

static void
spool_path(const struct dispense *d, int64_t document, char out[PATH_MAX + 24])
{
	snprintf(out, PATH_MAX + 24, "%s/%lld", d->folder, (long long)document);
}

bool
dispense_spool(struct document *doc, bool store, int *fd, struct err *e)
{
	char path[PATH_MAX + 24];

	if (!journal_document_load(
		doc->d->journal, doc->pass.document_id, &doc->doc, e))
		return false;
	spool_path(doc->d, doc->doc.id, path);
	if (store && doc->doc.has_spool)
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

bool
dispense_spool_is_whole(const struct document *doc)
{
	char path[PATH_MAX + 24];
	struct stat st;

	spool_path(doc->d, doc->doc.id, path);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == doc->doc.spool_bytes;
}

static bool
sync_spool(const char *path, uint64_t bytes, struct err *e)
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
		done = durable_sync(fd, e);
	close(fd);
	return done;
}

static bool
note_stored(struct document *doc, uint64_t bytes, struct err *e)
{
	if (!dispense_reload(doc, e))
		return false;
	doc->doc.has_spool = true;
	doc->doc.spool_bytes = bytes;
	return journal_document_save(
	    doc->d->journal, &doc->doc, dispense_now(doc->d), e);
}

bool
dispense_spooled(struct document *doc, uint64_t bytes, struct err *e)
{
	struct journal *j = doc->d->journal;
	char path[PATH_MAX + 24];

	if (doc->doc.stamps > 0 && !doc->pass.finished)
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is not whole", doc->doc.ordinal + 1,
		    doc->job.queue, doc->job.id);
	spool_path(doc->d, doc->doc.id, path);
	if (!sync_spool(path, bytes, e) || !journal_begin(j, e))
		return false;
	if (note_stored(doc, bytes, e))
		return journal_commit(j, e);
	journal_abort(j);
	return false;
}

void
dispense_sweep(struct dispense *d)
{
	struct journal_document doc;
	char path[PATH_MAX + 24];
	struct err e = ERR_INIT;
	DIR *dir = opendir(d->folder);
	struct dirent *entry;
	uint64_t id;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (!text_to_u64(entry->d_name, INT64_MAX, &id) ||
		    !journal_document_load(d->journal, (int64_t)id, &doc, &e))
			continue;
		if (doc.state != DOC_DELIVERED && doc.state != DOC_SPOILED &&
		    doc.state != DOC_REPLACED)
			continue;
		spool_path(d, (int64_t)id, path);
		/* What cannot be removed now is found the next time. */
		if (!durable_remove(path, &e))
			continue;
	}
	if (dir)
		closedir(dir);
}
