/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_search: libraries that read symbols, each picture in a process that
 * can do nothing else.  What was found comes as a count and as many `struct
 * found`, which are looked at before they are used.
 */
#include "tools/verify.h"

#include <math.h>
#include <string.h>

#define SYMBOLS_MAX 4096 /* of one picture */

struct looking {
	symbol_decoder *decode;
	const struct image *image;
	int offset_x, offset_y;
};

static int
look(void *context)
{
	const struct looking *l = context;
	struct found_list list = {0};
	struct err e = ERR_INIT;
	uint32_t count;

	if (!l->decode(l->image, l->offset_x, l->offset_y, &list, &e))
		return 1;
	count = list.count < SYMBOLS_MAX ? (uint32_t)list.count : SYMBOLS_MAX;
	return !(spawn_write(&count, sizeof(count)) &&
		 spawn_write(list.at, count * sizeof(*list.at)));
}

bool
found_sound(const struct found *one, unsigned by)
{
	static const char *const known[] = {"QR", "DataMatrix", "PDF417"};
	const double edges[] = {
	    one->box.left, one->box.top, one->box.right, one->box.bottom};

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		if (!(fabs(edges[i]) < 4.0 * IMAGE_SIDE_MAX))
			return false;
	if (one->len > sizeof(one->bytes) || one->by != by ||
	    memchr(one->symbology, '\0', sizeof(one->symbology)) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(one->symbology, known[i]) == 0)
			return true;
	return false;
}

bool
found_receive(FILE *in, unsigned by, struct found_list *out, struct err *e)
{
	uint32_t count;

	if (fread(&count, 1, sizeof(count), in) != sizeof(count) ||
	    count > SYMBOLS_MAX)
		return err_set(
		    e, ERR_SYSTEM, "a decoder of symbols failed on a page");
	for (uint32_t i = 0; i < count; i++) {
		struct found one;

		if (fread(&one, 1, sizeof(one), in) != sizeof(one) ||
		    !found_sound(&one, by))
			return err_set(e, ERR_SYSTEM,
			    "a decoder of symbols failed on a page");
		if (!found_add(out, &one, e))
			return false;
	}
	if (fgetc(in) != EOF)
		return err_set(
		    e, ERR_SYSTEM, "a decoder of symbols failed on a page");
	return true;
}

bool
found_apart(
    const struct symbol_search *search, struct found_list *out, struct err *e)
{
	struct looking looking = {
	    search->decode, search->image, search->offset_x, search->offset_y};
	pid_t pid;
	FILE *in;
	bool done;

	if (!spawn_part(0, look, &looking, &pid, &in, e))
		return false;
	done = found_receive(in, search->by, out, e);
	(void)spawn_close(pid, in);
	return done;
}
