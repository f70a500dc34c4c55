/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/note.h"

#include <stdlib.h>
#include <time.h>

#include "dispense/settings.h"
#include "tools/as_owner.h"
#include "tools/books.h"
#include "tools/person.h"

struct note {
	struct settings settings;
	struct journal *journal; /* NULL = there is none */
};

bool
note_open(const char *config, struct note **out, struct err *e)
{
	struct note *n = calloc(1, sizeof(*n));
	struct err why = ERR_INIT;
	bool done;

	*out = NULL;
	if (n == NULL)
		return err_system(e, "memory for an event");
	done = settings_load(config, &n->settings, e);
	if (done && !books_open(&n->settings, false, &n->journal, &why)) {
		n->journal = NULL;
		done = why.kind == ERR_ABSENT;
		if (!done)
			*e = why;
	}
	done = done && (n->journal == NULL || journal_begin(n->journal, e)) &&
	       as_caller(e);
	if (done) {
		*out = n;
		return true;
	}
	journal_close(n->journal);
	free(n);
	return false;
}

static bool
tell(const struct note *n, const char *what, const char *text, struct err *e)
{
	char name[USER_MAX];
	struct books_by by = {person_name(name), (int64_t)time(NULL)};

	return n->journal == NULL ||
	       (as_owner(n->settings.vault_uri, e) &&
		   books_log(n->journal, &by, what, 0, NULL, e, "%s", text) &&
		   journal_commit(n->journal, e));
}

bool
note_close(struct note *n, bool done, const char *what, const char *text,
    struct err *e)
{
	struct err ignored = ERR_INIT;

	done = done && tell(n, what, text, e);
	journal_close(n->journal);
	free(n);
	return as_caller(done ? e : &ignored) && done;
}
