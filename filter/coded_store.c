/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/coded_store.h"

#include <stdlib.h>
#include <string.h>

#define FIRST ((size_t)32 * 1024)
#define KEPT  ((size_t)512 * 1024) /* by an empty store */

/* Before each code. */
struct head {
	uint32_t len;
	uint32_t repeat;
};

static bool
make_room(struct coded_store *s, size_t wanted, struct err *e)
{
	size_t room = s->room > 0 ? s->room : FIRST;
	uint8_t *larger;

	if (wanted <= s->room)
		return true;
	while (room < wanted)
		room *= 2;
	larger = realloc(s->bytes, room);
	if (larger == NULL)
		return err_system(e, "memory for lines");
	s->bytes = larger;
	s->room = room;
	return true;
}

bool
coded_store_add(
    struct coded_store *s, const struct coded_lines *lines, struct err *e)
{
	struct head head = {(uint32_t)lines->len, lines->repeat};

	if (!make_room(s, s->len + sizeof(head) + lines->len, e))
		return false;
	memcpy(s->bytes + s->len, &head, sizeof(head));
	memcpy(s->bytes + s->len + sizeof(head), lines->code, lines->len);
	s->len += sizeof(head) + lines->len;
	return true;
}

bool
coded_store_next(
    const struct coded_store *s, size_t *at, struct coded_lines *out)
{
	struct head head;

	if (*at == s->len)
		return false;
	memcpy(&head, s->bytes + *at, sizeof(head));
	*out = (struct coded_lines){
	    s->bytes + *at + sizeof(head), head.len, head.repeat};
	*at += sizeof(head) + head.len;
	return true;
}

void
coded_store_clear(struct coded_store *s)
{
	s->len = 0;
	if (s->room > KEPT)
		coded_store_free(s);
}

void
coded_store_free(struct coded_store *s)
{
	free(s->bytes);
	*s = (struct coded_store){.len = 0};
}
