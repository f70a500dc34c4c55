/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After everything: do client and provider have the same stamps, to the mil, and
 * does each PSD's chain of registers hold together?
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/load.h"
#include "vault/stamp_check.h"

#define PSDS_MAX 256
#define TRIES	 300
#define PAUSE_MS 200

struct seen {
	char psd[PSD_ID];
	uint64_t ascending;
	uint32_t postage, piece; /* piece 0: the indicium does not say */
};

struct check {
	struct seen *seen;
	size_t count, faults;
	struct cert *cert[PSDS_MAX];
	size_t certs;
};

static void
fault(struct check *c, const struct load_system *s, const char *what,
    long long got, long long want)
{
	printf("not so: system %u: %s: %lld, not %lld\n", s->number, what, got,
	    want);
	c->faults++;
}

/* --- one stamp -------------------------------------------------------------------- */

static const struct cert *
find_cert(struct check *c, struct load_system *s, const char *id)
{
	struct https_answer a = {.status = 0};
	struct err e = ERR_INIT;
	char path[64];
	int tries = 0;

	for (size_t i = 0; i < c->certs; i++)
		if (strcmp(cert_id(c->cert[i]), id) == 0)
			return c->cert[i];
	snprintf(path, sizeof(path), "/v1/certificates/%s", id);
	while (load_get(s, path, &a, &e) != LOAD_YES) {
		if (++tries == TRIES)
			load_die("certificate of %s: %s", id, e.text);
		poll(NULL, 0, PAUSE_MS);
	}
	if (c->certs == PSDS_MAX ||
	    !cert_parse(a.body, a.body_len, &c->cert[c->certs], &e))
		load_die("certificate of %s: %s", id, e.text);
	if (cert_rank(c->cert[c->certs]) != CERT_PSD ||
	    strcmp(cert_id(c->cert[c->certs]), id) != 0)
		load_die("the certificate of %s is another one", id);
	return c->cert[c->certs++];
}

static void
check_stamp(struct check *c, struct load_system *s, uint32_t number)
{
	const struct load_stamp *stamp = &s->stamp[number];
	struct psd_stamp bytes = {.len = stamp->len};
	struct seen *seen = &c->seen[c->count++];
	struct psd_request asked;
	struct indicium in;
	const char *why;

	memcpy(bytes.indicium, stamp->indicium, stamp->len);
	load_request(s, number, &asked);
	why = stamp_own_fault(&bytes, find_cert(c, s, stamp->psd), &in);
	if (why == NULL)
		why = stamp_request_fault(&in, &asked);
	if (why != NULL) {
		printf("not so: system %u, stamp %u: %s\n", s->number, number,
		    why);
		c->faults++;
	}
	memcpy(seen->psd, stamp->psd, sizeof(seen->psd));
	seen->ascending = in.ascending;
	seen->postage = in.postage;
	seen->piece = in.has & HAS_PIECE ? in.piece_count : 0;
}

/* --- one system ---------------------------------------------------------------------- */

static void
find_again(struct load_system *s)
{
	struct remote_stamps *got = calloc(1, sizeof(*got));
	struct load_set set = {.count = 0};
	struct err e = ERR_INIT;

	if (got == NULL)
		load_die("out of memory");
	for (uint32_t n = 0; n < s->count; n++) {
		int tries = 0;

		set.number[set.count++] = n;
		if (set.count < LOAD_BATCH && n + 1 < s->count)
			continue;
		while (load_find(s, &set, got, &e) != LOAD_YES)
			if (++tries == TRIES)
				load_die("system %u: %s", s->number, e.text);
		load_take(s, &set, got, false);
		set.count = 0;
	}
	free(got);
}

/* The same request again, with what is there now for a fence. */
static void
issue_again(struct load_system *s)
{
	struct remote_stamps *got = calloc(1, sizeof(*got));
	struct load_set set = {.count = 0};
	struct err e = ERR_INIT;

	if (got == NULL)
		load_die("out of memory");
	for (uint32_t n = 0; n < s->count; n++) {
		int tries = 0;

		if (s->stamp[n].state == LOAD_OK)
			set.number[set.count++] = n;
		if (set.count == 0 ||
		    (set.count < LOAD_BATCH && n + 1 < s->count))
			continue;
		while (load_issue(s, &set, got, &e) != LOAD_YES)
			if (++tries == TRIES)
				load_die("system %u: %s", s->number, e.text);
		load_take(s, &set, got, true);
		set.count = 0;
	}
	free(got);
}

static void
check_system(struct check *c, struct load_system *s)
{
	struct remote_status status;
	struct err e = ERR_INIT;
	mils sum = 0;
	uint32_t pieces = 0;
	int tries = 0;

	load_settle_all(s);
	find_again(s);
	issue_again(s);
	while (load_status(s, &status, &e) != LOAD_YES)
		if (++tries == TRIES)
			load_die("system %u: %s", s->number, e.text);
	for (uint32_t n = 0; n < s->count; n++) {
		struct psd_request r;

		if (s->stamp[n].state != LOAD_OK)
			continue;
		load_request(s, n, &r);
		sum += r.amount;
		pieces++;
		check_stamp(c, s, n);
	}
	if (status.psd.ascending != sum)
		fault(c, s, "ascending register", status.psd.ascending, sum);
	if (status.psd.piece_count != pieces)
		fault(c, s, "piece count", status.psd.piece_count, pieces);
}

/* --- the PSDs --------------------------------------------------------------------------- */

static int
by_register(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int order = strcmp(x->psd, y->psd);

	if (order != 0)
		return order;
	return x->ascending < y->ascending ? -1 : x->ascending > y->ascending;
}

/* All stamps of a PSD are known here, so each begins where the last one ended. */
static void
check_psds(struct check *c)
{
	uint64_t ascending = 0;
	uint32_t piece = 0;

	if (c->count > 0)
		qsort(c->seen, c->count, sizeof(*c->seen), by_register);
	for (size_t i = 0; i < c->count; i++) {
		const struct seen *s = &c->seen[i];

		if (i == 0 || strcmp(s->psd, s[-1].psd) != 0)
			ascending = piece = 0;
		ascending += s->postage;
		piece++;
		if (s->ascending == ascending &&
		    (s->piece == 0 || s->piece == piece))
			continue;
		printf("not so: PSD %s: piece %u with ascending register %llu, "
		       "where piece %u with %llu follows\n",
		    s->psd, s->piece, (unsigned long long)s->ascending, piece,
		    (unsigned long long)ascending);
		c->faults++;
		ascending = s->ascending;
	}
}

/* A system's client and a PSD's chain are compared with the provider elsewhere:
 * postaged audit. */
bool
load_check(struct load_system *s, size_t systems)
{
	struct check c = {.count = 0};
	size_t room = 0;

	for (size_t i = 0; i < systems; i++)
		room += s[i].count;
	c.seen = calloc(room + 1, sizeof(*c.seen));
	if (c.seen == NULL)
		load_die("out of memory");
	for (size_t i = 0; i < systems; i++)
		check_system(&c, &s[i]);
	check_psds(&c);
	printf("%zu stamps of %zu user systems and %zu PSDs, %zu never "
	       "debited: %s\n",
	    c.count, systems, c.certs, room - c.count,
	    c.faults == 0 ? "all as they were acknowledged" : "FAULTS");
	for (size_t i = 0; i < c.certs; i++)
		cert_free(c.cert[i]);
	free(c.seen);
	return c.faults == 0;
}
