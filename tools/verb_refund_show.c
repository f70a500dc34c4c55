/* SPDX-License-Identifier: Apache-2.0 */
/* postage refund list, show: the requests, on the screen and as files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tools/named_file.h"
#include "tools/verb_refund.h"

/* --- fields and tables ----------------------------------------------------------- */

static const char *
state_name(const struct books_request *r)
{
	if (r->answered && r->by_provider)
		return r->granted > 0 ? "granted" : "rejected";
	if (r->answered)
		return "answered";
	if (r->by_provider)
		return "waiting for approval";
	return r->refused ? "refused" : r->number ? "asked" : "not signed";
}

void
verb_refund_fields(struct out *o, const struct books_request *r)
{
	out_text(o, "psd", "PSD", r->psd_id);
	out_number(o, "number", "Number", r->number);
	out_text(o, "state", "State", state_name(r));
	out_date(o, "date", "Date", r->date);
	out_number(o, "stamps", "Stamps", r->count);
	out_sum(o, "total", "Asked for", r->total);
	if (r->answered)
		out_sum(o, "granted", "Granted", r->granted);
}

static const struct out_column stamp_columns[] = {
    {"stamp", "Stamp", OUT_TEXT},
    {"mail_date", "Mail date", OUT_TEXT},
    {"amount", "Amount", OUT_TEXT},
    {"class", "Class", OUT_TEXT},
    {"printed", "Printed as", OUT_TEXT},
    {"reason", "Reason", OUT_TEXT},
    {"verdict", "Answer", OUT_TEXT},
    {"granted", "Granted", OUT_TEXT},
    {"remark", "Remark", OUT_TEXT},
};

/* With the answer's columns left empty where there is none. */
static void
stamp_row(struct out *o, const char *psd_id, const struct refund_line *l,
    const struct refund_verdict *v)
{
	char name[SEEN_NAME];

	out_cell(o, refund_stamp_name(l, psd_id, name));
	out_cell_date(o, l->mail_date);
	out_cell_sum(o, l->amount);
	out_cell(o, l->class_name);
	out_cell(o, l->place);
	out_cell(o, l->reason);
	if (v == NULL) {
		out_cell(o, NULL);
		out_cell(o, NULL);
		out_cell(o, NULL);
		return;
	}
	out_cell(o, v->accepted ? "accepted" : "rejected");
	out_cell_sum(o, v->granted);
	out_cell(o, v->remark);
}

void
verb_refund_stamps(struct out *o, const struct refund_list *list,
    const struct refund_answer *answer)
{
	out_table(o, "list", OUT_COLUMNS(stamp_columns));
	for (uint32_t i = 0; i < list->count; i++)
		stamp_row(o, list->psd_id, &list->lines[i],
		    answer ? &answer->verdicts[i] : NULL);
}

/* --- files ------------------------------------------------------------------------ */

static bool
write_pdf(const struct arguments *a, const char *path,
    const struct books_request *r, struct err *e)
{
	struct refund_request message = {.number = 0};
	struct refund_list list;
	struct refund_print paper = {.list = &list,
	    .message = r->by_provider ? NULL : &message,
	    .number = r->number,
	    .size = a->paper};
	uint8_t *pdf = NULL;
	size_t len;
	bool done;

	if (!refund_parse(r->text, strlen(r->text), &list, e))
		return false;
	done = (r->by_provider || message_get_refund(list.message,
				      list.message_len, &message, e)) &&
	       refund_page(&paper, &pdf, &len, e) &&
	       named_file_write(path, pdf, len, e);
	free(pdf);
	refund_free(&list);
	return done;
}

bool
verb_refund_write(const struct arguments *a, const struct books_request *r,
    const char *text, const char *pdf, struct err *e)
{
	return (text == NULL ||
		   named_file_write(text, r->text, strlen(r->text), e)) &&
	       (pdf == NULL || write_pdf(a, pdf, r, e));
}

/* --- list ------------------------------------------------------------------------- */

static const struct out_column request_columns[] = {
    {"number", "Number", OUT_NUMBER},
    {"psd", "PSD", OUT_TEXT},
    {"date", "Date", OUT_TEXT},
    {"stamps", "Stamps", OUT_NUMBER},
    {"total", "Asked for", OUT_TEXT},
    {"state", "State", OUT_TEXT},
    {"granted", "Granted", OUT_TEXT},
};

static bool
list_request(void *context, const struct books_request *r)
{
	struct out *o = context;

	out_cell_number(o, r->number);
	out_cell(o, r->psd_id);
	out_cell_date(o, r->date);
	out_cell_number(o, r->count);
	out_cell_sum(o, r->total);
	out_cell(o, state_name(r));
	out_cell_sum_if(o, r->answered, r->granted);
	return true;
}

int
verb_refund_list(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	bool done;

	(void)words;
	if (!books_open(&a->settings, true, &j, &e))
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_table(o, "requests", OUT_COLUMNS(request_columns));
	done = books_requests(j, list_request, o, &e);
	journal_close(j);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}

/* --- show ------------------------------------------------------------------------- */

bool
verb_refund_load(struct journal *j, const char *word, struct books_request *out,
    struct err *e)
{
	const char *slash = strchr(word, '/');
	char psd_id[PSD_ID] = "";
	uint64_t number;
	int64_t id;

	if (slash && slash - word < PSD_ID)
		snprintf(
		    psd_id, sizeof(psd_id), "%.*s", (int)(slash - word), word);
	if (!text_to_u64(slash ? slash + 1 : word, UINT32_MAX, &number) ||
	    number == 0)
		return err_set(
		    e, ERR_REQUEST, "\"%s\" is no number of a request", word);
	return books_request_find(j, psd_id, (uint32_t)number, &id, e) &&
	       books_request_load(j, id, out, e);
}

static bool
show(struct arguments *a, const struct books_request *r, struct out *o,
    struct err *e)
{
	struct refund_answer answer = {.count = 0};
	struct refund_list list;
	bool done;

	if (!refund_parse(r->text, strlen(r->text), &list, e))
		return false;
	done = r->answer == NULL ||
	       refund_parse_answer(r->answer, strlen(r->answer), &answer, e);
	if (done) {
		verb_refund_fields(o, r);
		verb_refund_stamps(o, &list, r->answer ? &answer : NULL);
	}
	refund_free_answer(&answer);
	refund_free(&list);
	return done && verb_refund_write(a, r, a->out, a->pdf, e);
}

int
verb_refund_show(struct arguments *a, char **words)
{
	struct books_request r = {.id = 0};
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o = NULL;
	bool done = books_open(&a->settings, true, &j, &e) &&
		    verb_refund_load(j, words[0], &r, &e);

	journal_close(j);
	if (done) {
		o = out_open(a->options);
		done = show(a, &r, o, &e);
	}
	books_request_free(&r);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}
