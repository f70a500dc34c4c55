/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tests/load.h"

#define PAUSE_MS 200
#define TRIES	 600 /* a provider that does not come back in two minutes */

/* --- one question ---------------------------------------------------------------- */

static enum load_answer
meaning(const struct https_answer *a, struct err *e)
{
	if (a->status == 200)
		return LOAD_YES;
	remote_get_problem(a->status, a->body, a->body_len, e);
	switch (a->status) {
	case 409: return LOAD_LATE;
	case 400:
	case 402:
	case 403: return LOAD_NO;
	case 401:
	case 404:
	case 405:
	case 422: load_die("status %d: %s", a->status, e->text);
	default: return LOAD_UNKNOWN;
	}
}

static enum load_answer
ask(struct load_system *s, struct https_request r, const char *path,
    struct https_answer *out, struct err *e)
{
	const char *const headers[] = {s->authorization, NULL};
	char url[256];
	bool sent;

	*e = (struct err)ERR_INIT;
	snprintf(url, sizeof(url), "%s%s",
	    s->load->url[load_chance(s, (unsigned)s->load->urls)], path);
	r.url = url;
	r.headers = headers;
	if (https_ask(s->https, &r, out, &sent, e))
		return meaning(out, e);
	return sent ? LOAD_UNKNOWN : LOAD_AWAY;
}

static enum load_answer
post(struct load_system *s, const char *path, char *body, size_t len,
    struct https_answer *out, struct err *e)
{
	struct https_request r = {.method = "POST",
	    .type = "application/json",
	    .body = body,
	    .body_len = len};
	enum load_answer answer;

	if (body == NULL)
		load_die("out of memory");
	answer = ask(s, r, path, out, e);
	free(body);
	return answer;
}

static void
must(bool good, const struct err *e)
{
	if (!good)
		load_die("%s", e->text);
}

enum load_answer
load_get(struct load_system *s, const char *path, struct https_answer *out,
    struct err *e)
{
	struct https_request r = {.method = "GET"};

	return ask(s, r, path, out, e);
}

enum load_answer
load_status(struct load_system *s, struct remote_status *out, struct err *e)
{
	struct https_answer a;
	enum load_answer answer = load_get(s, "/v1/vault", &a, e);

	if (answer == LOAD_YES) {
		must(remote_get_status(a.body, a.body_len, out, e), e);
		s->fence = out->fence;
	}
	return answer;
}

static void
requests(const struct load_system *s, const struct load_set *set,
    struct psd_request out[LOAD_BATCH])
{
	for (size_t i = 0; i < set->count; i++)
		load_request(s, set->number[i], &out[i]);
}

/* The same number for the same stamps. */
static uint32_t
number_of(const struct load_set *set)
{
	uint32_t n = UINT32_C(0x811c9dc5); /* FNV-1a */

	for (size_t i = 0; i < set->count; i++)
		n = (n ^ set->number[i]) * UINT32_C(0x01000193);
	return n;
}

/* What is asked at once, as an order: its stamps alone, under a key. */
static char *
put_order(const struct load_system *s, const struct load_set *set,
    const char *at_once, size_t *len)
{
	const char *stamps = strstr(at_once, "\"stamps\"");
	size_t size = strlen(at_once) + 64;
	char *body = malloc(size);

	if (stamps == NULL || body == NULL)
		load_die("out of memory");
	*len = (size_t)snprintf(body, size, "{\"key\":\"%016x%08x%08x\",%s",
	    0x0defU, s->number, number_of(set), stamps);
	return body;
}

static char *
put_checkout(const struct load_system *s, const struct https_answer *a,
    char path[64], size_t *len)
{
	struct json *j, *out = json_new();
	struct err e = ERR_INIT;
	int64_t id = 0, total = 0;

	must(json_open_loosely(a->body, a->body_len, &j, &e), &e);
	json_take_int(j, "order", true, 1, INT64_MAX, &id);
	json_take_int(j, "total", true, 1, INT64_MAX, &total);
	must(json_close(j, &e), &e);
	snprintf(path, 64, "/v1/orders/%lld/checkout", (long long)id);
	json_put_digits(out, "fence", s->fence);
	json_put_int(out, "total", total);
	return json_text(out, len);
}

/* Placed, and then bought for its total.  Where too many wait, of batches that were
 * given up, it is asked for at once. */
static enum load_answer
buy_order(struct load_system *s, const struct load_set *set, char *at_once,
    size_t len, struct https_answer *a, struct err *e)
{
	size_t order_len, checkout_len;
	char *order = put_order(s, set, at_once, &order_len), path[64];
	enum load_answer answer = post(s, "/v1/orders", order, order_len, a, e);

	if (answer == LOAD_NO && strstr(e->text, "wait to be bought") != NULL)
		return post(s, "/v1/vault/indicia", at_once, len, a, e);
	free(at_once);
	if (answer != LOAD_YES)
		return answer;
	order = put_checkout(s, a, path, &checkout_len);
	return post(s, path, order, checkout_len, a, e);
}

enum load_answer
load_issue(struct load_system *s, const struct load_set *set,
    struct remote_stamps *out, struct err *e)
{
	struct psd_request in[LOAD_BATCH];
	struct https_answer a;
	enum load_answer answer;
	size_t len;
	char *body;

	requests(s, set, in);
	body = remote_put_indicia(s->fence, in, set->count, &len);
	if (body != NULL && number_of(set) % 3 == 0)
		answer = buy_order(s, set, body, len, &a, e);
	else
		answer = post(s, "/v1/vault/indicia", body, len, &a, e);
	if (answer == LOAD_YES)
		must(remote_get_issued(a.body, a.body_len, out, e), e);
	return answer;
}

enum load_answer
load_find(struct load_system *s, const struct load_set *set,
    struct remote_stamps *out, struct err *e)
{
	struct psd_request in[LOAD_BATCH];
	struct https_answer a;
	enum load_answer answer;
	size_t len;
	char *body;

	requests(s, set, in);
	body = remote_put_find(in, set->count, &len);
	answer = post(s, "/v1/vault/find", body, len, &a, e);
	if (answer == LOAD_YES) {
		must(remote_get_found(a.body, a.body_len, out, e), e);
		if (out->fence <= s->fence)
			load_die("system %u: a find moved no fence", s->number);
		s->fence = out->fence;
	}
	return answer;
}

/* --- what was answered -------------------------------------------------------------- */

static bool
take_one(struct load_system *s, uint32_t number, const struct remote_stamp *got)
{
	struct load_stamp *stamp = &s->stamp[number];
	bool same =
	    stamp->len == got->stamp.len &&
	    memcmp(stamp->indicium, got->stamp.indicium, stamp->len) == 0 &&
	    strcmp(stamp->psd, got->psd) == 0;

	if (stamp->state == LOAD_FAILED)
		load_die("system %u, stamp %u: it was certainly not debited, "
			 "and here it is",
		    s->number, number);
	if (stamp->state == LOAD_OK && same)
		return false;
	if (stamp->state == LOAD_OK)
		load_die("system %u, stamp %u: other bytes than before",
		    s->number, number);
	stamp->state = LOAD_OK;
	stamp->len = got->stamp.len;
	memcpy(stamp->indicium, got->stamp.indicium, stamp->len);
	memcpy(stamp->psd, got->psd, sizeof(stamp->psd));
	return true;
}

/* Those that there are come in the order of the question. */
size_t
load_take(struct load_system *s, const struct load_set *set,
    const struct remote_stamps *got, bool whole)
{
	size_t at = 0, fresh = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct load_stamp *stamp = &s->stamp[set->number[i]];
		uint32_t n;

		if (at < got->count &&
		    load_number(s, got->item[at].stamp.key, &n) &&
		    n == set->number[i]) {
			fresh += take_one(s, n, &got->item[at++]);
			continue;
		}
		if (whole || stamp->state == LOAD_OK)
			load_die("system %u, stamp %u: it is not there any "
				 "more",
			    s->number, set->number[i]);
		stamp->state = LOAD_FAILED;
	}
	if (at != got->count)
		load_die("system %u: stamps that nobody asked for", s->number);
	return fresh;
}

/* --- what is not known ------------------------------------------------------------------- */

/* In the history as what they are now. */
static void
write_ends(
    struct load_system *s, const struct load_set *set, enum load_state state)
{
	struct load_set part = {.count = 0};

	for (size_t i = 0; i < set->count; i++)
		if (s->stamp[set->number[i]].state == state)
			part.number[part.count++] = set->number[i];
	if (part.count > 0)
		history_write(
		    s, state == LOAD_OK ? "ok" : "fail", "find", &part, NULL);
}

size_t
load_settle(struct load_system *s, const struct load_set *set)
{
	struct remote_stamps *got = calloc(1, sizeof(*got));
	struct err e = ERR_INIT;
	size_t found;
	int tries = 0;

	if (got == NULL)
		load_die("out of memory");
	history_write(s, "invoke", "find", set, NULL);
	while (load_find(s, set, got, &e) != LOAD_YES) {
		if (++tries == TRIES)
			load_die("system %u: no answer: %s", s->number, e.text);
		poll(NULL, 0, PAUSE_MS);
	}
	found = load_take(s, set, got, false);
	write_ends(s, set, LOAD_OK);
	write_ends(s, set, LOAD_FAILED);
	free(got);
	return found;
}

void
load_settle_all(struct load_system *s)
{
	struct load_set set = {.count = 0};

	for (uint32_t n = 0; n < s->count; n++) {
		if (s->stamp[n].state == LOAD_OPEN)
			set.number[set.count++] = n;
		if (set.count == LOAD_BATCH ||
		    (n + 1 == s->count && set.count > 0)) {
			load_settle(s, &set);
			set.count = 0;
		}
	}
}
