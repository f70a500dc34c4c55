/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_store: transactions a second of provider/store.h, each a conditional
 * UPDATE and an INSERT.  For tests/bench_store.sh.
 *
 *	bench_store URI THREADS SECONDS
 *
 * Makes its tables where they are missing.  Prints the number.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "provider/store.h"

#define WAIT_MS	    20000
#define THREADS_MAX 64
#define PSDS	    64

#define SQL_PSDS                                 \
	"CREATE TABLE IF NOT EXISTS bench_psd (" \
	"id BIGINT PRIMARY KEY, value BIGINT NOT NULL)"
#define SQL_STAMPS                                 \
	"CREATE TABLE IF NOT EXISTS bench_stamp (" \
	"psd BIGINT NOT NULL, amount BIGINT NOT NULL, at BIGINT NOT NULL)"
#define SQL_FILL                                            \
	"INSERT INTO bench_psd (id, value) VALUES ($1, $2)" \
	" ON CONFLICT DO NOTHING"
#define SQL_DEBIT                                 \
	"UPDATE bench_psd SET value = value - $2" \
	" WHERE id = $1 AND value >= $2"
#define SQL_STAMP \
	"INSERT INTO bench_stamp (psd, amount, at) VALUES ($1, $2, $3)"

struct runner {
	const char *uri;
	unsigned seed;
	int64_t end;
	int64_t done;
	struct err e;
};

static bool
prepare(const char *uri, struct err *e)
{
	struct store *s;
	bool good;

	if (!store_open(uri, WAIT_MS, &s, e))
		return false;
	good = store_begin(s, STORE_WRITE, e) && store_run(s, SQL_PSDS, e) &&
	       store_run(s, SQL_STAMPS, e);
	for (int i = 0; good && i < PSDS; i++) {
		store_put_int(s, i);
		store_put_int(s, 1000000000000);
		store_send(s, SQL_FILL);
	}
	good = good && store_commit(s, e);
	store_close(s);
	return good;
}

static bool
debit(struct store *s, int64_t psd, struct err *e)
{
	if (!store_begin(s, STORE_WRITE, e))
		return false;
	store_put_int(s, psd);
	store_put_int(s, 780);
	store_send(s, SQL_DEBIT);
	store_put_int(s, psd);
	store_put_int(s, 780);
	store_put_int(s, clock_ms());
	store_send(s, SQL_STAMP);
	if (!store_receive(s, e))
		return false;
	if (store_changed(s) != 1)
		return err_set(e, ERR_FUNDS, "no value");
	return store_commit(s, e);
}

static void *
run(void *context)
{
	struct runner *r = context;
	struct store *s;

	if (!store_open(r->uri, WAIT_MS, &s, &r->e))
		return NULL;
	while (clock_ms() < r->end && debit(s, rand_r(&r->seed) % PSDS, &r->e))
		r->done++;
	store_close(s);
	return NULL;
}

int
main(int argc, char **argv)
{
	static struct runner runners[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	uint64_t count, seconds;
	int64_t done = 0;
	struct err e = ERR_INIT;

	if (argc != 4 || !text_to_u64(argv[2], THREADS_MAX, &count) ||
	    !text_to_u64(argv[3], 3600, &seconds))
		return 2;
	if (!prepare(argv[1], &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		runners[i].uri = argv[1];
		runners[i].seed = (unsigned)i;
		runners[i].end = clock_ms() + (int64_t)seconds * 1000;
		if (pthread_create(&threads[i], NULL, run, &runners[i]) != 0)
			return 1;
	}
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		done += runners[i].done;
		if (runners[i].e.kind != ERR_NONE) {
			fprintf(stderr, "%s\n", runners[i].e.text);
			return 1;
		}
	}
	printf("%lld\n", (long long)done / (long long)seconds);
	return 0;
}
