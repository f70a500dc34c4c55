/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the post: verify a stamp, and cancel it.
 */
#include "provider/api.h"

#include <stdlib.h>

#include "provider/post.h"

struct look {
	uint8_t bytes[INDICIUM_FOREIGN_MAX];
	size_t len;
	char place[END_PLACE], scan[END_SCAN];
};

static bool
read_look(struct call *c, bool cancels, struct look *out, struct err *e)
{
	struct json *j;

	*out = (struct look){.len = 0};
	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_base64(
	    j, "indicium", true, out->bytes, sizeof(out->bytes), &out->len);
	json_take_text(j, "place", cancels, out->place, sizeof(out->place));
	json_take_text(j, "scan", false, out->scan, sizeof(out->scan));
	return json_close(j, e);
}

static void
put_stamp(struct json *j, const struct post_check *check)
{
	const struct indicium *in = &check->in;
	char id[INDICIUM_PSD_ID];

	json_put_text(j, "psd", indicium_psd_id(in, id));
	json_put_text(j, "state", check->state);
	json_put_bool(j, "field", check->field);
	json_put_int(j, "piece", check->piece);
	json_put_int(j, "amount", in->postage);
	json_put_int(j, "mail_date", in->mail_date);
	json_put_int(j, "destination", (int64_t)in->destination);
	if (in->sheet_serial != 0) {
		json_put_digits(j, "sheet_serial", in->sheet_serial);
		json_put_int(j, "label", in->label);
	}
}

static bool
give_check(struct call *c, const struct post_check *check, struct err *e)
{
	struct json *j = json_new();

	json_put_text(j, "verdict", post_verdict_name(check->verdict));
	json_put_text(j, "why", check->why);
	if (check->decoded)
		put_stamp(j, check);
	if (check->ended && check->end.refund == 0) {
		json_begin_object(j, "first");
		json_put_int(j, "at", check->end.made);
		json_put_text(j, "place", check->end.place);
		json_end(j);
	}
	return api_give(c, j, e);
}

bool
api_verify(struct call *c, struct err *e)
{
	struct post_check check;
	struct look look;

	return read_look(c, false, &look, e) &&
	       post_verify(c->w, look.bytes, look.len, &check, e) &&
	       give_check(c, &check, e);
}

bool
api_cancel(struct call *c, struct err *e)
{
	struct post_mark mark = {.person = c->person.id};
	struct post_check check;
	struct look look;

	if (!read_look(c, true, &look, e))
		return false;
	mark.place = look.place;
	mark.scan = look.scan;
	return post_cancel(c->w, &mark, look.bytes, look.len, &check, e) &&
	       give_check(c, &check, e);
}
