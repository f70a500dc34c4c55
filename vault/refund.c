/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/refund.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/text.h"

#define LINE_MAX_BYTES 2048
#define FIELDS_MAX     8
#define HEX(n)	       (2 * (n) + 1)

/* --- writing ------------------------------------------------------------------- */

static const char *
clean(const char *text, char out[REFUND_WORDS])
{
	return text_clean(text[0] ? text : "-", out, REFUND_WORDS);
}

void
refund_write_list(FILE *f, const struct refund_list *list)
{
	char date[DATE_TEXT], sum[MILS_TEXT], hex[HEX(INDICIUM_MAX)];
	char class_name[REFUND_WORDS], place[REFUND_WORDS];
	char reason[REFUND_WORDS];

	fprintf(f, "postage-refund-request 1\npsd\t%s\ndate\t%s\n",
	    list->psd_id, date_format(list->date, date));
	for (uint32_t i = 0; i < list->count; i++) {
		const struct refund_line *l = &list->lines[i];

		bytes_to_hex(l->indicium, l->len, hex);
		fprintf(f, "stamp\t%" PRIu64 "\t%s\t%s\t%s\t%s\t%s\t%s\n",
		    l->ascending, date_format(l->mail_date, date),
		    mils_format(l->amount, sum),
		    clean(l->class_name, class_name), clean(l->place, place),
		    clean(l->reason, reason), hex);
	}
	fprintf(f, "count\t%" PRIu32 "\ntotal\t%s\n", list->count,
	    mils_format(list->total, sum));
}

static void
write_hex(FILE *f, const uint8_t *bytes, size_t len)
{
	char hex[HEX(PSD_MESSAGE_MAX)];

	bytes_to_hex(bytes, len, hex);
	fprintf(f, "signed\t%s\n", hex);
}

void
refund_write_signed(FILE *f, const uint8_t *msg, size_t len)
{
	write_hex(f, msg, len);
}

void
refund_write_answer(FILE *f, const struct refund_answer *a)
{
	char hex[HEX(PSD_DIGEST)], sum[MILS_TEXT], remark[REFUND_WORDS];

	bytes_to_hex(a->digest, PSD_DIGEST, hex);
	fprintf(f,
	    "postage-refund-answer 1\npsd\t%s\nnumber\t%" PRIu32
	    "\ndigest\t%s\n",
	    a->psd_id, a->number, hex);
	for (uint32_t i = 0; i < a->count; i++)
		fprintf(f, "stamp\t%" PRIu64 "\t%s\t%s\t%s\n",
		    a->verdicts[i].ascending,
		    a->verdicts[i].accepted ? "accepted" : "rejected",
		    mils_format(a->verdicts[i].granted, sum),
		    clean(a->verdicts[i].remark, remark));
	fprintf(f, "total\t%s\n", mils_format(a->total, sum));
}

void
refund_write_signature(FILE *f, const uint8_t sig[SIG_BYTES])
{
	write_hex(f, sig, SIG_BYTES);
}

void
refund_write_unsigned(FILE *f)
{
	fputs("unsigned\n", f);
}

/* --- reading -------------------------------------------------------------------- */

/* Walks the lines of a text, each cut at its tabs. */
struct lines {
	const char *text, *what;
	size_t len, pos, start; /* start: of the line at hand */
	int number;
	char line[LINE_MAX_BYTES];
	char *field[FIELDS_MAX];
	int fields;
};

static bool
wrong(const struct lines *l, struct err *e)
{
	return err_set(
	    e, ERR_REQUEST, "line %d is no line of a %s", l->number, l->what);
}

/* The next line, whose first word must be `word` and that has `fields` fields;
 * with word NULL any line. */
static bool
next(struct lines *l, const char *word, int fields, struct err *e)
{
	const char *end = memchr(l->text + l->pos, '\n', l->len - l->pos);
	size_t len;
	char *rest;

	l->number++;
	l->start = l->pos;
	if (end == NULL)
		return wrong(l, e);
	len = (size_t)(end - l->text) - l->pos;
	if (len >= sizeof(l->line) || memchr(l->text + l->pos, '\0', len))
		return wrong(l, e);
	memcpy(l->line, l->text + l->pos, len);
	l->line[len] = '\0';
	l->pos += len + 1;
	rest = l->line;
	for (l->fields = 0; rest && l->fields < FIELDS_MAX;)
		l->field[l->fields++] = strsep(&rest, "\t");
	if (rest ||
	    (word && (strcmp(l->field[0], word) != 0 || l->fields != fields)))
		return wrong(l, e);
	return true;
}

static bool
read_text(const char *field, char *out, size_t size)
{
	char clean_text[REFUND_WORDS];

	return text_copy(out, size, field) && out[0] != '\0' &&
	       strcmp(text_clean(out, clean_text, sizeof(clean_text)), out) ==
		   0;
}

/* A sum or date that is written as it would be written here. */
static bool
read_mils(const char *field, mils *out)
{
	char text[MILS_TEXT];

	return mils_parse(field, out) &&
	       strcmp(mils_format(*out, text), field) == 0;
}

static bool
read_date(const char *field, uint32_t *out)
{
	char text[DATE_TEXT];

	return date_parse(field, out) &&
	       strcmp(date_format(*out, text), field) == 0;
}

static bool
read_number(const char *field, uint64_t max, uint64_t *out)
{
	return (field[0] != '0' || field[1] == '\0') &&
	       text_to_u64(field, max, out);
}

static bool
read_hex(const char *field, uint8_t *out, size_t size, size_t *len)
{
	return strchr(field, ' ') == NULL && field[0] != '\0' &&
	       strspn(field, "0123456789abcdef") == strlen(field) &&
	       bytes_from_hex(field, out, size, len);
}

static bool
read_line(const struct lines *l, struct refund_line *out)
{
	return read_number(l->field[1], INT64_MAX, &out->ascending) &&
	       read_date(l->field[2], &out->mail_date) &&
	       read_mils(l->field[3], &out->amount) &&
	       read_text(
		   l->field[4], out->class_name, sizeof(out->class_name)) &&
	       read_text(l->field[5], out->place, sizeof(out->place)) &&
	       read_text(l->field[6], out->reason, sizeof(out->reason)) &&
	       read_hex(l->field[7], out->indicium, sizeof(out->indicium),
		   &out->len);
}

/* Room for one more of `size` bytes, at most REFUND_STAMPS_MAX. */
static bool
grow(void **list, uint32_t count, size_t size, struct err *e)
{
	void *more;

	if (count >= REFUND_STAMPS_MAX)
		return err_set(e, ERR_REQUEST,
		    "over %d stamps in one refund request", REFUND_STAMPS_MAX);
	if (count % 64 != 0)
		return true;
	more = realloc(*list, (count + 64) * size);
	if (more == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	*list = more;
	memset((char *)more + count * size, 0, 64 * size);
	return true;
}

static bool
parse_stamps(struct lines *l, struct refund_list *out, struct err *e)
{
	mils sum = 0;
	uint64_t count;

	for (;;) {
		struct refund_line *line;

		if (!next(l, NULL, 0, e))
			return false;
		if (strcmp(l->field[0], "stamp") != 0)
			break;
		if (l->fields != 8)
			return wrong(l, e);
		if (!grow((void **)&out->lines, out->count, sizeof(*out->lines),
			e))
			return false;
		line = &out->lines[out->count];
		if (!read_line(l, line) ||
		    (out->count > 0 && line->ascending <= line[-1].ascending) ||
		    !mils_add(sum, line->amount, &sum))
			return wrong(l, e);
		out->count++;
	}
	if (strcmp(l->field[0], "count") != 0 || l->fields != 2 ||
	    !read_number(l->field[1], REFUND_STAMPS_MAX, &count) ||
	    count != out->count || count == 0)
		return wrong(l, e);
	if (!next(l, "total", 2, e))
		return false;
	return (read_mils(l->field[1], &out->total) && out->total == sum) ||
	       wrong(l, e);
}

bool
refund_parse(
    const char *text, size_t len, struct refund_list *out, struct err *e)
{
	struct lines l = {.text = text, .len = len, .what = "refund request"};

	*out = (struct refund_list){.count = 0};
	if (len > REFUND_TEXT_MAX)
		return err_set(e, ERR_REQUEST, "too long a refund request");
	if (!next(&l, "postage-refund-request 1", 1, e) ||
	    !next(&l, "psd", 2, e))
		goto failed;
	if (!read_text(l.field[1], out->psd_id, sizeof(out->psd_id))) {
		wrong(&l, e);
		goto failed;
	}
	if (!next(&l, "date", 2, e))
		goto failed;
	if (!read_date(l.field[1], &out->date)) {
		wrong(&l, e);
		goto failed;
	}
	if (!parse_stamps(&l, out, e))
		goto failed;
	sig_sha256(text, l.pos, out->digest);
	if (l.pos == len)
		return true;
	if (!next(&l, "signed", 2, e))
		goto failed;
	if (l.pos == len && read_hex(l.field[1], out->message,
				sizeof(out->message), &out->message_len))
		return true;
	wrong(&l, e);
failed:
	refund_free(out);
	return false;
}

void
refund_free(struct refund_list *list)
{
	free(list->lines);
	list->lines = NULL;
	list->count = 0;
}

/* --- is it true? ------------------------------------------------------------------ */

static bool
check_line(const struct refund_line *l, const char *psd_id,
    const struct cert *psd, struct indicium *in, struct err *e)
{
	char id[INDICIUM_PSD_ID];

	if (!indicium_decode(l->indicium, l->len, in, e))
		return err_prefix(e, "stamp %s/%" PRIu64, psd_id, l->ascending);
	if (!indicium_is_ours(in) ||
	    strcmp(indicium_psd_id(in, id), psd_id) != 0 ||
	    in->ascending != l->ascending || (mils)in->postage != l->amount ||
	    in->mail_date != l->mail_date || in->signature_len != SIG_BYTES)
		return err_set(e, ERR_REQUEST,
		    "stamp %s/%" PRIu64 " is not what its line says", psd_id,
		    l->ascending);
	return sig_verify(cert_key(psd), l->indicium, l->len - SIG_BYTES,
		   in->signature) ||
	       err_set(e, ERR_DENIED,
		   "stamp %s/%" PRIu64 " was not signed by its PSD", psd_id,
		   l->ascending);
}

/* How far the stamps of a list have come. */
struct reached {
	uint64_t ascending;
	uint32_t piece;
};

/* Each begins where the one before it ended, or later: a PSD comes by each mil and
 * each piece once. */
static bool
check_order(const struct indicium *in, const char *psd_id, struct reached *r,
    struct err *e)
{
	bool piece = in->has & HAS_PIECE;

	if (in->ascending < r->ascending + in->postage ||
	    (piece && in->piece_count <= r->piece))
		return err_set(e, ERR_DENIED,
		    "stamp %s/%" PRIu64 " has registers that the one before it "
		    "has: its PSD was copied",
		    psd_id, in->ascending);
	r->ascending = in->ascending;
	r->piece = piece ? in->piece_count : r->piece;
	return true;
}

static bool
check_message(const struct refund_list *list, const struct cert_store *store,
    const struct cert **psd, struct refund_request *out, struct err *e)
{
	char id[PSD_ID], why[256];

	if (list->message_len == 0)
		return err_set(e, ERR_DENIED, "the request is not signed");
	if (!message_get_refund(list->message, list->message_len, out, e))
		return false;
	if (strcmp(message_psd_id(&out->psd, id), list->psd_id) != 0 ||
	    out->date != list->date || out->count != list->count ||
	    out->total != list->total ||
	    memcmp(out->digest, list->digest, PSD_DIGEST) != 0)
		return err_set(e, ERR_DENIED,
		    "the list was changed after PSD %s signed it", id);
	*psd = cert_store_find(store, out->cert_serial, id);
	if (*psd == NULL)
		return err_set(e, ERR_DENIED,
		    "no certificate %" PRIu32 " of PSD %s here",
		    out->cert_serial, id);
	if (cert_store_check(store, *psd, list->date, why) != CERT_GOOD)
		return err_set(e, ERR_DENIED, "%s", why);
	return sig_verify(cert_key(*psd), list->message,
		   list->message_len - SIG_BYTES,
		   list->message + list->message_len - SIG_BYTES) ||
	       err_set(e, ERR_DENIED,
		   "the request does not bear the signature of PSD %s", id);
}

bool
refund_check(const struct refund_list *list,
    const struct cert_store *certificates, struct refund_request *out,
    struct err *e)
{
	const struct cert *psd = NULL;
	struct reached r = {0};
	struct indicium in;

	if (!check_message(list, certificates, &psd, out, e))
		return false;
	for (uint32_t i = 0; i < list->count; i++)
		if (!check_line(&list->lines[i], list->psd_id, psd, &in, e) ||
		    !check_order(&in, list->psd_id, &r, e))
			return false;
	return r.ascending <= (uint64_t)out->ascending ||
	       err_set(e, ERR_DENIED,
		   "stamp %s/%" PRIu64 " is not spent by what its PSD says",
		   list->psd_id, r.ascending);
}

/* --- the answer ---------------------------------------------------------------------- */

static bool
read_verdict(const struct lines *l, struct refund_verdict *out)
{
	out->accepted = strcmp(l->field[2], "accepted") == 0;
	return read_number(l->field[1], INT64_MAX, &out->ascending) &&
	       (out->accepted || strcmp(l->field[2], "rejected") == 0) &&
	       read_mils(l->field[3], &out->granted) &&
	       (out->granted > 0) == out->accepted &&
	       read_text(l->field[4], out->remark, sizeof(out->remark));
}

static bool
parse_verdicts(struct lines *l, struct refund_answer *out, struct err *e)
{
	mils sum = 0;

	for (;;) {
		struct refund_verdict *v;

		if (!next(l, NULL, 0, e))
			return false;
		if (strcmp(l->field[0], "stamp") != 0)
			break;
		if (l->fields != 5)
			return wrong(l, e);
		if (!grow((void **)&out->verdicts, out->count,
			sizeof(*out->verdicts), e))
			return false;
		v = &out->verdicts[out->count];
		if (!read_verdict(l, v) ||
		    (out->count > 0 && v->ascending <= v[-1].ascending) ||
		    !mils_add(sum, v->granted, &sum))
			return wrong(l, e);
		out->count++;
	}
	return (strcmp(l->field[0], "total") == 0 && l->fields == 2 &&
		   out->count > 0 && read_mils(l->field[1], &out->total) &&
		   out->total == sum) ||
	       wrong(l, e);
}

static bool
parse_answer_head(struct lines *l, struct refund_answer *out, struct err *e)
{
	uint64_t number = 0;
	size_t len;

	if (!next(l, "postage-refund-answer 1", 1, e) || !next(l, "psd", 2, e))
		return false;
	if (!read_text(l->field[1], out->psd_id, sizeof(out->psd_id)))
		return wrong(l, e);
	if (!next(l, "number", 2, e))
		return false;
	if (!read_number(l->field[1], UINT32_MAX, &number) || number == 0)
		return wrong(l, e);
	out->number = (uint32_t)number;
	if (!next(l, "digest", 2, e))
		return false;
	return (read_hex(l->field[1], out->digest, PSD_DIGEST, &len) &&
		   len == PSD_DIGEST) ||
	       wrong(l, e);
}

static bool
parse_answer_end(struct lines *l, struct refund_answer *out, struct err *e)
{
	size_t len;

	if (!next(l, NULL, 0, e))
		return false;
	out->is_signed = strcmp(l->field[0], "signed") == 0;
	if (l->pos != l->len)
		return wrong(l, e);
	if (l->fields == 1 && strcmp(l->field[0], "unsigned") == 0)
		return true;
	return (out->is_signed && l->fields == 2 &&
		   read_hex(l->field[1], out->signature, SIG_BYTES, &len) &&
		   len == SIG_BYTES) ||
	       wrong(l, e);
}

bool
refund_parse_answer(
    const char *text, size_t len, struct refund_answer *out, struct err *e)
{
	struct lines l = {.text = text, .len = len, .what = "refund answer"};

	*out = (struct refund_answer){.count = 0};
	if (len > REFUND_TEXT_MAX)
		return err_set(e, ERR_REQUEST, "too long a refund answer");
	if (!parse_answer_head(&l, out, e) || !parse_verdicts(&l, out, e))
		goto failed;
	out->body_len = l.pos;
	if (parse_answer_end(&l, out, e))
		return true;
failed:
	refund_free_answer(out);
	return false;
}

void
refund_free_answer(struct refund_answer *answer)
{
	free(answer->verdicts);
	answer->verdicts = NULL;
	answer->count = 0;
}
