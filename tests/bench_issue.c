/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_issue: how long postage-vaultd takes for the stamps of one document,
 * as a filter sees it.  For tests/bench_issue.sh.
 *
 *	bench_issue SOCKET QUEUE JOB COUNT
 *
 * Prints milliseconds: to be admitted, quoted, issued, in all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "dispense/client.h"

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int
main(int argc, char **argv)
{
	static struct stamp_request requests[STAMPS_MAX];
	static struct stamp_quote quotes[STAMPS_MAX];
	static struct issued_stamp stamps[STAMPS_MAX];
	struct quote_common common;
	struct job job = {.documents = 1};
	struct client *c = NULL;
	struct err e = ERR_INIT;
	uint64_t id, count;
	double t[4];

	if (argc != 5 || !text_copy(job.queue, sizeof(job.queue), argv[2]) ||
	    !text_to_u64(argv[3], UINT32_MAX, &id) ||
	    !text_to_u64(argv[4], STAMPS_MAX, &count))
		return 2;
	job.id = (uint32_t)id;
	for (size_t i = 0; i < count; i++) {
		requests[i].page = (uint32_t)i / 30 + 1;
		requests[i].place = (uint32_t)i % 30 + 1;
		requests[i].copy = 1;
		requests[i].mark.has_amount = true;
		requests[i].mark.amount = 10;
	}
	t[0] = now_ms();
	if (!client_open(argv[1], ROLE_FILTER, &job, &c, &e))
		goto failed;
	t[1] = now_ms();
	if (!client_quote(c, requests, count, quotes, &common, &e))
		goto failed;
	t[2] = now_ms();
	if (!client_issue(c, 0, count, stamps, &e))
		goto failed;
	t[3] = now_ms();
	client_close(c);
	printf("%.2f %.2f %.2f %.2f\n", t[1] - t[0], t[2] - t[1], t[3] - t[2],
	    t[3] - t[0]);
	return 0;
failed:
	fprintf(stderr, "%s\n", e.text);
	client_close(c);
	return 1;
}
