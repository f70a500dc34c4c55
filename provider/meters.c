/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/meters.h"

#include <stdio.h>
#include <stdlib.h>

#include "provider/metrics.h"

#define LABELS 128

static const int codes[] = {
    200, 201, 400, 401, 402, 403, 404, 405, 409, 422, 429, 500, 503, 0};

#define CODES (sizeof(codes) / sizeof(codes[0]))

struct meters {
	struct metrics *all;
	const struct api_route *routes;
	size_t count; /* of routes; one more row is for other paths */
	struct one {
		char labels[LABELS];
		struct metric *metric;
	} * request;
	struct metric *seconds, *throttled[2];
	struct metric *stamps, *sum, *in_doubt;
	struct metric *waiting, *busy, *connections, *refused, *servers;
};

static const char *
code_name(int code, char out[8])
{
	snprintf(out, 8, "%d", code);
	return code != 0 ? out : "other";
}

static void
add_requests(struct meters *m)
{
	for (size_t i = 0; i < (m->count + 1) * CODES; i++) {
		const struct api_route *r = &m->routes[i / CODES];
		bool known = i / CODES < m->count;
		char code[8];

		snprintf(m->request[i].labels, LABELS,
		    "method=\"%s\",route=\"%s\",code=\"%s\"",
		    known ? r->method : "", known ? r->path : "",
		    code_name(codes[i % CODES], code));
		m->request[i].metric = metrics_add(m->all, METRICS_COUNTER,
		    "postage_requests_total", "Requests answered.",
		    m->request[i].labels);
	}
}

static void
add_others(struct meters *m)
{
	struct metrics *a = m->all;

	m->seconds = metrics_add(a, METRICS_HISTOGRAM,
	    "postage_request_seconds", "Time to answer a request.", NULL);
	m->throttled[METERS_RATE] =
	    metrics_add(a, METRICS_COUNTER, "postage_throttled_total",
		"Requests refused as too many.", "why=\"rate\"");
	m->throttled[METERS_LOGIN] =
	    metrics_add(a, METRICS_COUNTER, "postage_throttled_total",
		"Requests refused as too many.", "why=\"login\"");
	m->stamps = metrics_add(a, METRICS_COUNTER, "postage_stamps_total",
	    "Indicia issued by this server.", NULL);
	m->sum = metrics_add(a, METRICS_COUNTER, "postage_issued_mils_total",
	    "Postage issued by this server, thousandths.", NULL);
	m->in_doubt =
	    metrics_add(a, METRICS_COUNTER, "postage_commits_in_doubt_total",
		"Commits that were asked again.", NULL);
	m->waiting = metrics_add(a, METRICS_GAUGE, "postage_waiting_requests",
	    "Requests that wait for a worker.", NULL);
	m->busy = metrics_add(
	    a, METRICS_GAUGE, "postage_busy_workers", "Workers at work.", NULL);
	m->connections = metrics_add(
	    a, METRICS_GAUGE, "postage_connections", "Open connections.", NULL);
	m->refused = metrics_add(a, METRICS_COUNTER, "postage_refused_total",
	    "Requests refused by framing, limits or a full queue.", NULL);
	m->servers = metrics_add(a, METRICS_GAUGE, "postage_good_servers",
	    "Processing servers that a front sends requests to.", NULL);
}

bool
meters_open(struct meters **out, struct err *e)
{
	struct meters *m = calloc(1, sizeof(*m));

	*out = NULL;
	if (m != NULL) {
		m->all = metrics_new();
		m->count = api_routes(&m->routes);
		m->request =
		    calloc((m->count + 1) * CODES, sizeof(*m->request));
	}
	if (m == NULL || m->all == NULL || m->request == NULL) {
		meters_close(m);
		return err_set(e, ERR_SYSTEM, "no memory for metrics");
	}
	add_requests(m);
	add_others(m);
	*out = m;
	return true;
}

void
meters_close(struct meters *m)
{
	if (m == NULL)
		return;
	metrics_free(m->all);
	free(m->request);
	free(m);
}

void
meters_request(
    struct meters *m, const struct api_route *route, int status, int64_t us)
{
	size_t row = route ? (size_t)(route - m->routes) : m->count, code = 0;

	while (codes[code] != 0 && codes[code] != status)
		code++;
	metric_count(m->request[row * CODES + code].metric, 1);
	metric_observe(m->seconds, us);
}

void
meters_throttled(struct meters *m, enum meters_why why)
{
	metric_count(m->throttled[why], 1);
}

char *
meters_text(struct meters *m, const struct meters_now *now, size_t *len)
{
	metric_set(m->waiting, now->web.waiting);
	metric_set(m->busy, now->web.busy);
	metric_set(m->connections, now->web.connections);
	metric_total(m->refused, now->web.refused);
	metric_set(m->servers, (int64_t)now->servers);
	if (now->tally != NULL) {
		metric_total(m->stamps, now->tally->stamps);
		metric_total(m->sum, (uint64_t)now->tally->sum);
		metric_total(m->in_doubt, now->tally->in_doubt);
	}
	return metrics_text(m->all, len);
}
