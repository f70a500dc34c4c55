/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/remote_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/json.h"
#include "base/text.h"

#define MILS_HIGH   ((int64_t)1 << 53)
#define ZIP_HIGH    99999
#define ZIPS_HIGH   UINT64_C(99999999999) /* ZIP+4+2 */
#define SHEET_HIGH  ((UINT64_C(1) << 56) - 1)
#define DATE_HIGH   99991231
#define DETAIL	    256
#define ANSWER_JSON "the provider's answer"

/* --- questions ---------------------------------------------------------------- */

static void
put_stamp(struct json *j, const struct psd_request *r)
{
	json_item(j);
	json_put_hex(j, "key", r->key, PSD_KEY_BYTES);
	json_put_int(j, "amount", r->amount);
	json_put_int(j, "mail_date", r->mail_date);
	json_put_int(j, "mailby", r->mailby);
	json_put_int(j, "origin_zip", r->origin_zip);
	json_put_digits(j, "destination", r->destination);
	json_put_int(j, "sender_zip", r->sender_zip);
	json_put_text(j, "category", r->category);
	json_put_int(j, "kind", r->kind);
	json_put_int(j, "price_list", r->price_list);
	json_put_bool(j, "brief", r->brief);
	json_put_digits(j, "sheet_serial", r->sheet_serial);
	json_put_int(j, "label", r->label);
	json_end(j);
}

char *
remote_put_indicia(
    uint64_t fence, const struct psd_request *in, size_t count, size_t *len)
{
	struct json *j = json_new();
	mils total = 0;

	/* Amounts were added up by who asks for them. */
	for (size_t i = 0; i < count; i++)
		total += in[i].amount;
	json_put_digits(j, "fence", fence);
	json_put_int(j, "total", total);
	json_begin_array(j, "stamps");
	for (size_t i = 0; i < count; i++)
		put_stamp(j, &in[i]);
	json_end(j);
	return json_text(j, len);
}

char *
remote_put_find(const struct psd_request *in, size_t count, size_t *len)
{
	struct json *j = json_new();
	char key[2 * PSD_KEY_BYTES + 1];

	json_begin_array(j, "keys");
	for (size_t i = 0; i < count; i++) {
		bytes_to_hex(in[i].key, PSD_KEY_BYTES, key);
		json_item_put_text(j, key);
	}
	json_end(j);
	return json_text(j, len);
}

char *
remote_put_needed(mils needed, size_t *len)
{
	struct json *j = json_new();

	json_put_int(j, "needed", needed);
	return json_text(j, len);
}

char *
remote_put_refund(const struct vault_spoiled *what, size_t *len)
{
	struct json *j = json_new();

	json_put_text(j, "reason", what->reason);
	json_begin_array(j, "stamps");
	for (size_t i = 0; i < what->count; i++) {
		json_item(j);
		json_put_hex(j, "key", what->keys[i], PSD_KEY_BYTES);
		json_end(j);
	}
	json_end(j);
	return json_text(j, len);
}

/* --- both kinds of answers --------------------------------------------------- */

/* A newer provider may say more than is known here. */
static bool
finish(struct json *j, struct err *e)
{
	if (!json_good(j)) {
		(void)!json_close(j, e);
		return err_prefix(e, ANSWER_JSON);
	}
	json_free(j);
	return true;
}

/* It names files, and goes into a path: "XXPS0000000003" and nothing else. */
static bool
is_psd_id(const char *id)
{
	uint64_t serial;

	for (size_t i = 0; i < 4; i++)
		if (!((id[i] >= 'A' && id[i] <= 'Z') ||
			(id[i] >= '0' && id[i] <= '9')))
			return false;
	return strlen(id) == PSD_ID - 2 &&
	       text_to_u64(id + 4, UINT32_MAX, &serial);
}

/* --- status --------------------------------------------------------------------- */

static void
take_system(struct json *j, struct psd_status *out)
{
	char id[PSD_ID] = "";
	uint64_t serial = 0;

	json_take_text(j, "system", true, id, sizeof(id));
	if (!json_good(j))
		return;
	if (!is_psd_id(id) || !text_to_u64(id + 4, UINT32_MAX, &serial)) {
		json_blame(j, "system", "is not the name of a user system");
		return;
	}
	memcpy(out->vendor, id, 2);
	memcpy(out->model, id + 2, 2);
	out->serial = (uint32_t)serial;
}

static void
take_life(struct json *j, struct psd_status *out)
{
	static const struct {
		const char *word;
		enum psd_life life;
	} lives[] = {{"operational", PSD_OPERATIONAL}, {"locked", PSD_LOCKED},
	    {"withdrawn", PSD_WITHDRAWN}};
	char word[32] = "";

	json_take_text(j, "life", true, word, sizeof(word));
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++)
		if (strcmp(word, lives[i].word) == 0)
			out->life = lives[i].life;
	if (json_good(j) && out->life == 0)
		json_blame(j, "life", "is no state of a user system");
}

static void
take_registers(struct json *j, struct psd_status *out)
{
	json_take_int(j, "ascending", true, 0, MILS_HIGH, &out->ascending);
	json_take_int(j, "descending", true, 0, MILS_HIGH, &out->descending);
	json_take_u32(j, "piece_count", true, 0, UINT32_MAX, &out->piece_count);
	out->control_total = out->ascending + out->descending;
}

static void
take_limits(struct json *j, struct psd_status *out)
{
	json_take_int(j, "min_stamp", true, 0, MILS_HIGH, &out->min_stamp);
	json_take_int(j, "max_stamp", true, 0, MILS_HIGH, &out->max_stamp);
	json_take_int(
	    j, "max_descending", true, 0, MILS_HIGH, &out->max_descending);
	json_take_u32(j, "expires", true, 0, DATE_HIGH, &out->expires);
	if (json_good(j) && !date_valid(out->expires))
		json_blame(j, "expires", "is no date");
}

bool
remote_get_status(
    const char *text, size_t len, struct remote_status *out, struct err *e)
{
	char account[DETAIL];
	uint32_t currency = 0, batch = 0;
	struct psd_status *psd = &out->psd;
	struct json *j;

	memset(out, 0, sizeof(*out));
	if (!json_open(text, len, &j, e))
		return err_prefix(e, ANSWER_JSON);
	take_system(j, psd);
	json_take_text(j, "account", false, account, sizeof(account));
	json_take_u32(j, "licence", true, 0, UINT32_MAX, &psd->licence);
	json_take_u32(j, "currency", true, 0, 999, &currency);
	take_life(j, psd);
	json_take_text(j, "reason", false, out->reason, REMOTE_REASON);
	take_registers(j, psd);
	take_limits(j, psd);
	json_take_u32(j, "batch", true, 1, UINT32_MAX, &batch);
	json_take_digits(j, "fence", true, UINT64_MAX, &out->fence);
	json_take_bool(j, "lab", true, &psd->lab);
	if (!finish(j, e))
		return false;
	psd->currency = (uint16_t)currency;
	psd->pin_tries_left = PSD_PIN_TRIES;
	psd->pooled = true;
	out->batch = batch < PSD_BATCH_MAX ? batch : PSD_BATCH_MAX;
	return true;
}

/* --- stamps --------------------------------------------------------------------- */

static void
take_stamp(struct json *j, struct remote_stamp *out)
{
	struct psd_stamp *s = &out->stamp;

	memset(out, 0, sizeof(*out));
	json_take_hex(j, "key", true, s->key, PSD_KEY_BYTES);
	json_take_base64(
	    j, "indicium", true, s->indicium, sizeof(s->indicium), &s->len);
	json_take_text(j, "psd", true, out->psd, sizeof(out->psd));
	json_take_bool(j, "replayed", true, &s->replayed);
	if (json_good(j) && !is_psd_id(out->psd))
		json_blame(j, "psd", "is not the name of a PSD");
}

static void
take_stamps(struct json *j, size_t max, struct remote_stamps *out)
{
	out->count = json_length(j, "stamps", true, max);
	for (size_t i = 0; i < out->count && json_good(j); i++) {
		json_enter_item(j, "stamps", i);
		take_stamp(j, &out->item[i]);
		json_leave(j);
	}
}

static bool
open_stamps(const char *text, size_t len, struct remote_stamps *out,
    struct json **j, struct err *e)
{
	memset(out, 0, sizeof(*out));
	return json_open(text, len, j, e) || err_prefix(e, ANSWER_JSON);
}

/* Its registers belong to the provider's moment, and are asked for by status. */
bool
remote_get_issued(
    const char *text, size_t len, struct remote_stamps *out, struct err *e)
{
	struct json *j;

	if (!open_stamps(text, len, out, &j, e))
		return false;
	take_stamps(j, PSD_BATCH_MAX, out);
	return finish(j, e);
}

bool
remote_get_found(
    const char *text, size_t len, struct remote_stamps *out, struct err *e)
{
	struct json *j;

	if (!open_stamps(text, len, out, &j, e))
		return false;
	json_take_digits(j, "fence", true, UINT64_MAX, &out->fence);
	take_stamps(j, PSD_BATCH_MAX, out);
	return finish(j, e);
}

bool
remote_get_recent(
    const char *text, size_t len, struct remote_stamps *out, struct err *e)
{
	struct json *j;

	if (!open_stamps(text, len, out, &j, e))
		return false;
	take_stamps(j, PSD_RING, out);
	return finish(j, e);
}

/* --- refunds --------------------------------------------------------------------- */

static void
take_refund_state(struct json *j, struct vault_refund *out)
{
	static const struct {
		const char *word;
		enum vault_refund_state state;
	} states[] = {{"asked", VAULT_REFUND_ASKED},
	    {"approved", VAULT_REFUND_APPROVED},
	    {"rejected", VAULT_REFUND_REJECTED}};
	char word[32] = "";

	json_take_text(j, "state", true, word, sizeof(word));
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(word, states[i].word) == 0)
			out->state = states[i].state;
	if (json_good(j) && out->state == 0)
		json_blame(j, "state", "is no state of a refund");
}

bool
remote_get_refund(
    const char *text, size_t len, struct vault_refund *out, struct err *e)
{
	struct json *j;

	memset(out, 0, sizeof(*out));
	if (!json_open(text, len, &j, e))
		return err_prefix(e, ANSWER_JSON);
	json_take_u32(j, "refund", true, 1, UINT32_MAX, &out->number);
	take_refund_state(j, out);
	json_take_u32(j, "stamps", true, 1, VAULT_REFUND_MAX, &out->stamps);
	json_take_int(j, "total", true, 0, MILS_HIGH, &out->total);
	json_take_u32(j, "approvals", false, 0, UINT32_MAX, &out->approvals);
	json_take_u32(j, "needs", false, 0, UINT32_MAX, &out->needs);
	return finish(j, e);
}

/* --- refusals -------------------------------------------------------------------- */

struct meaning {
	int status;
	enum err_kind kind;
	const char *words;
};

/* What a status means where no problem document says more. */
static const struct meaning *
meaning_of(int status)
{
	static const struct meaning known[] = {
	    {400, ERR_REQUEST, "the provider does not take this request"},
	    {401, ERR_DENIED, "the provider does not know this credential"},
	    {402, ERR_FUNDS, "the account has not enough left"},
	    {403, ERR_DENIED, "the provider does not allow it"},
	    {409, ERR_BUSY, "the provider has newer requests of this system"},
	    {422, ERR_CORRUPT, "the provider knows a stamp's key otherwise"},
	    {429, ERR_ABSENT, "the provider is asked too often"},
	    {500, ERR_ABSENT, "something is wrong at the provider"},
	    {502, ERR_ABSENT, "the provider's servers are away"},
	    {503, ERR_ABSENT, "the provider cannot do it now"},
	    {504, ERR_ABSENT, "the provider's servers are silent"},
	};
	static const struct meaning other = {
	    0, ERR_CONFIG, "this is no provider's answer"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return &known[i];
	return &other;
}

/* The words of a problem document; false where it is none. */
static bool
read_problem(
    const char *text, size_t len, char detail[DETAIL], char kind[DETAIL])
{
	char ignored[DETAIL];
	struct err e = ERR_INIT;
	int64_t number;
	struct json *j;

	if (!json_open(text, len, &j, &e))
		return false;
	json_take_text(j, "type", false, ignored, sizeof(ignored));
	json_take_text(j, "title", false, detail, DETAIL);
	json_take_int(j, "status", false, 0, 999, &number);
	json_take_text(j, "detail", false, detail, DETAIL);
	json_take_text(j, "instance", false, ignored, sizeof(ignored));
	json_take_text(j, "kind", false, kind, DETAIL);
	return finish(j, &e);
}

void
remote_get_problem(int status, const char *text, size_t len, struct err *e)
{
	const struct meaning *m = meaning_of(status);
	char detail[DETAIL] = "", kind[DETAIL] = "", clean[DETAIL];
	enum err_kind what = m->kind;

	if (!read_problem(text, len, detail, kind))
		detail[0] = '\0';
	/* Of a server's own trouble only this concerns us: it is to be seen by
	 * a person. */
	if (status == 500 && strcmp(kind, "ERR_CORRUPT") == 0)
		what = ERR_CORRUPT;
	err_set(e, what, "%s%s%s (HTTP %d)", m->words,
	    detail[0] != '\0' ? ": " : "",
	    text_clean(detail, clean, sizeof(clean)), status);
}
