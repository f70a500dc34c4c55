/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/books.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "tools/as_owner.h"
#include "tools/person.h"

bool
books_open(const struct settings *s, bool read_only, struct journal **out,
    struct err *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s/journal.db", s->state_dir);
	if (!as_owner(s->vault_uri, e))
		return false;
	/* For reading first: a journal is not made by asking about it. */
	if (!read_only) {
		if (!journal_open(path, true, s->wait_s * 1000, out, e))
			return false;
		journal_close(*out);
		*out = NULL;
	}
	return journal_open(path, read_only, s->wait_s * 1000, out, e);
}

struct books_by
books_by_person(char name[USER_MAX])
{
	return (struct books_by){person_name(name), (int64_t)time(NULL)};
}

bool
books_parse_name(const char *word, char queue[QUEUE_MAX], uint32_t *job,
    int64_t *id, struct err *e)
{
	const char *dash = strrchr(word, '-');
	uint64_t number;

	*id = 0;
	if (dash == NULL && text_to_u64(word, INT64_MAX, &number) &&
	    number > 0) {
		*id = (int64_t)number;
		return true;
	}
	if (dash && dash > word && dash - word < QUEUE_MAX &&
	    text_to_u64(dash + 1, UINT32_MAX, &number) && number > 0) {
		snprintf(queue, QUEUE_MAX, "%.*s", (int)(dash - word), word);
		*job = (uint32_t)number;
		return true;
	}
	return err_set(e, ERR_REQUEST,
	    "\"%s\" is neither a job such as mail-12 nor an ID of the list",
	    word);
}

struct collecting {
	struct documents *docs;
	int64_t job;
};

static bool
collect(void *context, const struct journal_document *doc)
{
	struct collecting *c = context;

	c->docs->many_jobs |= c->docs->count > 0 && doc->job_id != c->job;
	c->job = doc->job_id;
	c->docs->id[c->docs->count++] = doc->id;
	return c->docs->count < BOOKS_DOCUMENTS_MAX;
}

bool
books_documents(
    struct journal *j, const char *word, struct documents *out, struct err *e)
{
	char queue[QUEUE_MAX] = "";
	struct journal_filter filter = {.queue = queue, .doc_state = -1};
	struct collecting c = {.docs = out};
	int64_t id;

	*out = (struct documents){.count = 0};
	if (!books_parse_name(word, queue, &filter.job, &id, e))
		return false;
	if (id != 0) {
		out->id[out->count++] = id;
		return true;
	}
	if (!journal_documents(j, &filter, collect, &c, e))
		return false;
	return out->count > 0 ||
	       err_set(e, ERR_REQUEST, "the journal knows no job %s", word);
}

bool
books_hold_job(const struct settings *s, const struct job *job, int wait_ms,
    struct books_hold *out, struct err *e)
{
	*out = (struct books_hold){LOCK_NONE, LOCK_NONE};
	if (lock_job(&out->filter, s->run_dir, job, ROLE_FILTER, wait_ms, e) &&
	    lock_job(&out->backend, s->run_dir, job, ROLE_BACKEND, wait_ms, e))
		return true;
	books_let_go(out);
	if (e->kind != ERR_BUSY)
		return false;
	return err_set(e, ERR_BUSY,
	    "%s-%u is being printed now: wait until it ends, or cancel it",
	    job->queue, job->id);
}

void
books_let_go(struct books_hold *hold)
{
	lock_release(&hold->backend);
	lock_release(&hold->filter);
}
