/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/api_stamps.h"

static void
read_item(struct json *j, struct issue_item *out)
{
	struct psd_request *r = &out->request;
	int64_t kind = 0, price_list = 0, label = 0;

	json_take_hex(j, "key", true, r->key, PSD_KEY_BYTES);
	json_take_int(j, "amount", true, 0, 0xffffff, &r->amount);
	json_take_u32(j, "mail_date", true, 20000101, 99991231, &r->mail_date);
	json_take_u32(j, "mailby", false, 0, 99991231, &r->mailby);
	json_take_u32(j, "origin_zip", false, 0, 99999, &r->origin_zip);
	json_take_digits(j, "destination", false, 99999999999, &r->destination);
	json_take_u32(j, "sender_zip", false, 0, 99999, &r->sender_zip);
	json_take_text(j, "category", false, r->category, sizeof(r->category));
	json_take_int(j, "kind", false, 0, 1, &kind);
	json_take_int(j, "price_list", false, 0, 0xffff, &price_list);
	json_take_bool(j, "brief", false, &r->brief);
	json_take_digits(
	    j, "sheet_serial", false, (1ULL << 56) - 1, &r->sheet_serial);
	json_take_int(j, "label", false, 0, 0xffff, &label);
	json_take_text(j, "cost", false, out->cost, sizeof(out->cost));
	r->kind = (uint8_t)kind;
	r->price_list = (uint16_t)price_list;
	r->label = (uint16_t)label;
}

void
api_take_stamps(struct json *j, struct issue_order *out)
{
	out->count = json_count(j, "stamps", true, ISSUE_MAX);
	for (size_t i = 0; i < out->count; i++) {
		json_enter_item(j, "stamps", i);
		read_item(j, &out->item[i]);
		json_leave(j);
	}
}

void
api_put_stamp(
    struct call *c, struct json *j, const struct stamp_row *row, bool replayed)
{
	char id[PSD_ID];

	json_item(j);
	json_put_hex(j, "key", row->key, PSD_KEY_BYTES);
	json_put_base64(j, "indicium", row->indicium, row->len);
	json_put_text(j, "psd", worker_psd_id(c->w, row->psd, id));
	json_put_bool(j, "replayed", replayed);
	json_end(j);
}

bool
api_give_issued(struct call *c, const struct issue_result *r, struct err *e)
{
	struct json *j = json_new();

	json_begin_array(j, "stamps");
	for (size_t i = 0; i < r->count; i++) {
		api_put_stamp(c, j, &r->stamp[i], r->replayed[i]);
		if (!r->replayed[i])
			worker_count_stamp(c->w, r->stamp[i].amount);
	}
	json_end(j);
	json_put_int(j, "ascending", r->system.ascending);
	json_put_int(j, "piece_count", r->system.pieces);
	return api_give(c, j, e);
}
