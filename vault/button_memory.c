/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/button_memory.h"

#include <assert.h>
#include <string.h>

static bool
memory_read(void *context, size_t at, void *out, size_t len)
{
	const struct button_memory *m = context;

	assert(at <= m->nvm.size && len <= m->nvm.size - at);
	memcpy(out, m->bytes + at, len);
	return m->known;
}

/* Pages `at` to `end`, and what came of it. */
static bool
write_run(struct button_memory *m, size_t at, size_t end)
{
	uint8_t got[BUTTON_MEMORY_MAX];
	struct err *e = &m->why;
	bool done;

	if (at == end)
		return true;
	done = button_link_write(
		   m->link, m->rom, at, m->bytes + at, end - at, e) &&
	       button_link_read(m->link, m->rom, at, got, end - at, e) &&
	       (memcmp(got, m->bytes + at, end - at) == 0 ||
		   err_set(e, ERR_ABSENT,
		       "the button %s does not read as it was written: its "
		       "contact is bad, or it is worn out",
		       m->rom));
	explicit_bzero(got, end - at);
	return done;
}

/* Runs of pages that change. */
static bool
memory_write(void *context, size_t at, const void *bytes, size_t len)
{
	struct button_memory *m = context;
	const uint8_t *from = bytes;
	size_t page = m->kind->page, run, end;

	assert(at <= m->nvm.size && len <= m->nvm.size - at);
	if (!m->known)
		return false;
	/* After an error nobody knows. */
	m->known = false;
	run = end = at - at % page;
	while (end < at + len) {
		size_t first = end < at ? at : end;
		size_t last = end + page < at + len ? end + page : at + len;
		bool same = !m->thorough && end < m->head &&
			    memcmp(m->bytes + first, from + (first - at),
				last - first) == 0;

		memcpy(m->bytes + first, from + (first - at), last - first);
		if (same && !write_run(m, run, end))
			return false;
		end += page;
		if (same)
			run = end;
	}
	if (!write_run(m, run, end))
		return false;
	m->known = true;
	return true;
}

void
button_memory_init(
    struct button_memory *m, const struct button_kind *kind, const char *rom)
{
	struct button_store s;

	memset(m, 0, sizeof(*m));
	m->nvm = (struct nvm){m, kind->memory, memory_read, memory_write};
	m->kind = kind;
	memcpy(m->rom, rom, BUTTON_ROM - 1);
	button_store_init(&s, kind, rom, &m->nvm);
	m->head = button_store_head(&s);
}

bool
button_memory_look(struct button_memory *m, bool again, struct err *e)
{
	uint8_t head[BUTTON_MEMORY_MAX];
	bool same;

	m->why = (struct err)ERR_INIT;
	if (!button_link_read(m->link, m->rom, 0, head, m->head, e)) {
		m->known = false;
		return false;
	}
	same = m->known && memcmp(head, m->bytes, m->head) == 0;
	memcpy(m->bytes, head, m->head);
	explicit_bzero(head, m->head);
	m->known = (same && !again) ||
		   button_link_read(m->link, m->rom, m->head,
		       m->bytes + m->head, m->nvm.size - m->head, e);
	return m->known;
}
