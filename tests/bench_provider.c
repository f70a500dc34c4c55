/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_provider: signed, durable stamps a second of a provider over TLS.
 *
 *	bench_provider URL CA TOKENS CLIENTS BATCH SECONDS [RATE]
 *
 * TOKENS is a file with a user system's token on each line; each client is one
 * of them, over one connection.  RATE: requests a second of all clients together,
 * at fixed moments (an open loop; a late one counts from its moment on); without
 * it each asks as soon as it was answered.  Prints stamps a second, and the 50th,
 * 99th and highest of the times of a request in milliseconds.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/bytes.h"
#include "vault/https.h"

#define CLIENTS_MAX 256
#define TIMES_MAX   200000
#define BODY	    16384

struct client {
	const char *url, *authority;
	char header[160];
	int batch;
	double seconds, interval; /* interval 0: a closed loop */
	double first;		  /* moment of its first request */
	pthread_t thread;
	uint64_t stamps, failed, count;
	float *ms;
	char why[256];
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
sleep_until(double moment)
{
	double left = moment - now();
	struct timespec t = {(time_t)left, 0};

	if (left <= 0)
		return;
	t.tv_nsec = (long)((left - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

static size_t
write_body(const struct client *c, char *out)
{
	size_t len = (size_t)snprintf(out, BODY,
	    "{\"fence\":\"1\",\"total\":%d,\"stamps\":[", 780 * c->batch);

	for (int i = 0; i < c->batch; i++) {
		uint8_t key[16];
		char hex[33];

		if (getrandom(key, sizeof(key), 0) != sizeof(key))
			exit(1);
		bytes_to_hex(key, sizeof(key), hex);
		len += (size_t)snprintf(out + len, BODY - len,
		    "%s{\"key\":\"%s\",\"amount\":780,\"mail_date\":%s,"
		    "\"category\":\"FCM\"}",
		    i > 0 ? "," : "", hex, getenv("MAIL_DATE"));
	}
	return len + (size_t)snprintf(out + len, BODY - len, "]}");
}

static void
ask(struct client *c, struct https *h, double from)
{
	const char *headers[] = {c->header, NULL};
	char body[BODY];
	struct https_request r = {.method = "POST",
	    .url = c->url,
	    .type = "application/json",
	    .body = body,
	    .body_len = write_body(c, body),
	    .headers = headers};
	struct err e = ERR_INIT;
	struct https_answer a;
	bool sent;

	if (!https_ask(h, &r, &a, &sent, &e)) {
		c->failed++;
		snprintf(c->why, sizeof(c->why), "%s", e.text);
		return;
	}
	if (a.status != 200) {
		c->failed++;
		snprintf(c->why, sizeof(c->why), "%d %.200s", a.status, a.body);
		return;
	}
	c->stamps += (uint64_t)c->batch;
	if (c->count < TIMES_MAX)
		c->ms[c->count++] = (float)((now() - from) * 1000);
}

static void *
run(void *context)
{
	struct client *c = context;
	struct https_setup setup = {
	    .authority = c->authority, .connect_ms = 10000, .answer_ms = 30000};
	struct https *h;
	struct err e = ERR_INIT;
	double from = c->first, end = c->first + c->seconds;

	if (!https_open(&setup, &h, &e)) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	sleep_until(from);
	while (now() < end) {
		ask(c, h, c->interval > 0 ? from : now());
		from += c->interval;
		if (c->interval > 0)
			sleep_until(from);
	}
	https_close(h);
	return NULL;
}

static int
by_time(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
print(struct client *c, int clients, double seconds)
{
	static float all[TIMES_MAX];
	uint64_t stamps = 0, failed = 0;
	size_t count = 0;

	for (int i = 0; i < clients; i++) {
		stamps += c[i].stamps;
		failed += c[i].failed;
		if (c[i].failed > 0)
			fprintf(stderr, "%s\n", c[i].why);
		for (size_t j = 0; j < c[i].count && count < TIMES_MAX; j++)
			all[count++] = c[i].ms[j];
	}
	qsort(all, count, sizeof(all[0]), by_time);
	if (count == 0)
		exit(1);
	printf("%.0f stamps/s, p50 %.1f ms, p99 %.1f ms, max %.1f ms, "
	       "%llu failed\n",
	    (double)stamps / seconds, (double)all[count / 2],
	    (double)all[count * 99 / 100], (double)all[count - 1],
	    (unsigned long long)failed);
	if (failed > 0)
		exit(1);
}

int
main(int argc, char **argv)
{
	static struct client c[CLIENTS_MAX];
	char token[100];
	FILE *f = argc >= 7 ? fopen(argv[3], "re") : NULL;
	int clients = argc >= 7 ? atoi(argv[4]) : 0;
	double rate = argc > 7 ? atof(argv[7]) : 0, start = now() + 0.2;

	if (f == NULL || clients < 1 || clients > CLIENTS_MAX)
		return 2;
	for (int i = 0; i < clients; i++) {
		if (fgets(token, sizeof(token), f) == NULL) {
			rewind(f);
			if (fgets(token, sizeof(token), f) == NULL)
				return 2;
		}
		token[strcspn(token, "\n")] = '\0';
		c[i] = (struct client){.url = argv[1],
		    .authority = argv[2],
		    .batch = atoi(argv[5]),
		    .seconds = atof(argv[6]),
		    .interval = rate > 0 ? clients / rate : 0,
		    .first = start + (rate > 0 ? i / rate : 0),
		    .ms = malloc(TIMES_MAX * sizeof(float))};
		snprintf(c[i].header, sizeof(c[i].header),
		    "Authorization: Bearer %s", token);
	}
	fclose(f);
	for (int i = 0; i < clients; i++)
		if (pthread_create(&c[i].thread, NULL, run, &c[i]) != 0)
			return 1;
	for (int i = 0; i < clients; i++)
		pthread_join(c[i].thread, NULL);
	print(c, clients, atof(argv[6]));
	return 0;
}
