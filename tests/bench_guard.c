/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_guard: what a guard costs: looks and debits of a file vault without one,
 * and with a TPM in software.
 *
 *	bench_guard FOLDER	a new one, absolute
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/date.h"
#include "tests/swtpm.h"
#include "tests/test.h"
#include "vault/lab.h"

#define RUNS 50

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool
debit(struct vault *v, uint32_t first, size_t count, struct err *e)
{
	static struct psd_request in[VAULT_BATCH_MAX];
	static struct psd_stamp out[VAULT_BATCH_MAX];

	for (size_t i = 0; i < count; i++) {
		uint32_t key = first + (uint32_t)i;

		in[i] = (struct psd_request){.amount = 1,
		    .mail_date = date_local(time(NULL)),
		    .category = "FCL1"};
		memcpy(in[i].key, &key, sizeof(key));
	}
	return vault_debit(v, in, count, out, e);
}

static bool
measure(struct vault *v, const char *name, struct err *e)
{
	double start = now_ms(), looked, one, end;
	struct psd_status s;

	for (int i = 0; i < RUNS; i++)
		if (!vault_status(v, &s, e))
			return false;
	looked = now_ms();
	for (uint32_t i = 1; i <= RUNS; i++)
		if (!debit(v, i, 1, e))
			return false;
	one = now_ms();
	for (uint32_t i = 1; i <= RUNS; i++)
		if (!debit(v, i * 1000, VAULT_BATCH_MAX, e))
			return false;
	end = now_ms();
	printf("%s: a look %.1f ms, a debit %.1f ms, of %d stamps %.1f ms\n",
	    name, (looked - start) / RUNS, (one - looked) / RUNS,
	    VAULT_BATCH_MAX, (end - one) / RUNS);
	return true;
}

static bool
run(struct lab *lab, const char *folder, const char *guard, struct err *e)
{
	struct lab_psd psd;
	struct vault *v = NULL;
	char uri[VAULT_URI_MAX], id[PSD_ID];
	const char *name = guard == NULL ? "none" : "tpm";
	bool done;

	lab_defaults(&psd);
	psd.guard = guard;
	snprintf(uri, sizeof(uri), "file:%.200s/%s", folder, name);
	done = lab_create_vault(lab, uri, &psd, id, e) &&
	       vault_open(uri, 0, &v, e) && lab_refill(lab, v, 10000, e) &&
	       measure(v, name, e);
	vault_close(v);
	return done;
}

int
main(int argc, char **argv)
{
	char path[256];
	struct swtpm tpm = {0};
	struct lab *lab = NULL;
	struct err e = ERR_INIT;
	bool done;

	if (argc != 2 || argv[1][0] != '/' || mkdir(argv[1], 0700) != 0) {
		fputs("usage: bench_guard FOLDER\n", stderr);
		return 2;
	}
	snprintf(path, sizeof(path), "%.200s/lab", argv[1]);
	done = lab_open(path, &lab, &e) && run(lab, argv[1], NULL, &e);
	if (done && swtpm_installed()) {
		snprintf(path, sizeof(path), "%.200s/state", argv[1]);
		swtpm_start(&tpm, path);
		done = run(lab, argv[1], tpm.guard, &e);
		swtpm_kill(&tpm);
	}
	lab_close(lab);
	if (!done)
		fprintf(stderr, "bench_guard: %s\n", e.text);
	return done ? 0 : 1;
}
