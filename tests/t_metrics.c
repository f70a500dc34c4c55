/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "provider/metrics.h"
#include "tests/test.h"

static struct metrics *
filled(void)
{
	struct metrics *m = metrics_new();
	struct metric *ok = metrics_add(m, METRICS_COUNTER,
	    "postage_requests_total", "Requests by status.", "code=\"200\"");
	struct metric *held =
	    metrics_add(m, METRICS_GAUGE, "postage_connections", "Open.", NULL);
	struct metric *bad = metrics_add(m, METRICS_COUNTER,
	    "postage_requests_total", "Another help.", "code=\"500\"");
	struct metric *took = metrics_add(
	    m, METRICS_HISTOGRAM, "postage_request_seconds", "How long.", NULL);
	struct metric *by = metrics_add(m, METRICS_HISTOGRAM,
	    "postage_sign_seconds", "How long.", "module=\"a\"");

	metric_count(ok, 3);
	metric_count(ok, 1);
	metric_total(bad, 7);
	metric_set(held, -2);
	metric_observe(took, 500);
	metric_observe(took, 501);
	metric_observe(took, 1000000);
	metric_observe(took, 99000001);
	metric_observe(by, 0);
	return m;
}

static const char want[] =
    "# HELP postage_requests_total Requests by status.\n"
    "# TYPE postage_requests_total counter\n"
    "postage_requests_total{code=\"200\"} 4\n"
    "postage_requests_total{code=\"500\"} 7\n"
    "# HELP postage_connections Open.\n"
    "# TYPE postage_connections gauge\n"
    "postage_connections -2\n"
    "# HELP postage_request_seconds How long.\n"
    "# TYPE postage_request_seconds histogram\n"
    "postage_request_seconds_bucket{le=\"0.0005\"} 1\n"
    "postage_request_seconds_bucket{le=\"0.001\"} 2\n"
    "postage_request_seconds_bucket{le=\"0.0025\"} 2\n"
    "postage_request_seconds_bucket{le=\"0.005\"} 2\n"
    "postage_request_seconds_bucket{le=\"0.01\"} 2\n"
    "postage_request_seconds_bucket{le=\"0.025\"} 2\n"
    "postage_request_seconds_bucket{le=\"0.05\"} 2\n"
    "postage_request_seconds_bucket{le=\"0.1\"} 2\n"
    "postage_request_seconds_bucket{le=\"0.25\"} 2\n"
    "postage_request_seconds_bucket{le=\"0.5\"} 2\n"
    "postage_request_seconds_bucket{le=\"1\"} 3\n"
    "postage_request_seconds_bucket{le=\"2.5\"} 3\n"
    "postage_request_seconds_bucket{le=\"5\"} 3\n"
    "postage_request_seconds_bucket{le=\"10\"} 3\n"
    "postage_request_seconds_bucket{le=\"+Inf\"} 4\n"
    "postage_request_seconds_sum 100.001002\n"
    "postage_request_seconds_count 4\n"
    "# HELP postage_sign_seconds How long.\n"
    "# TYPE postage_sign_seconds histogram\n"
    "postage_sign_seconds_bucket{module=\"a\",le=\"0.0005\"} 1\n";

static void
the_text_is_as_a_monitor_reads_it(void **state)
{
	struct metrics *m = filled();
	size_t len = 0;
	char *text = metrics_text(m, &len);

	(void)state;
	ok(text != NULL, "text");
	is_int(len, strlen(text), "length");
	text[sizeof(want) - 1] = '\0';
	is_str(text, want, "text");
	free(text);
	text = metrics_text(m, &len);
	ok(strstr(text, "\npostage_sign_seconds_sum{module=\"a\"} 0.000000\n"),
	    text);
	ok(strstr(text, "\npostage_sign_seconds_count{module=\"a\"} 1\n"),
	    text);
	free(text);
	metrics_free(m);
}

/* Where there is the monitor's own checker. */
static void
promtool_finds_nothing_to_say(void **state)
{
	struct metrics *m;
	FILE *pipe;
	size_t len;
	char *text;

	(void)state;
	if (system("command -v promtool >/dev/null") != 0)
		skip();
	m = filled();
	text = metrics_text(m, &len);
	pipe = popen("promtool check metrics", "w");
	ok(pipe != NULL, "promtool");
	is_int(fwrite(text, 1, len, pipe), len, "written");
	is_int(pclose(pipe), 0, "promtool's verdict");
	free(text);
	metrics_free(m);
}

static void *
count_often(void *arg)
{
	struct metric **both = arg;

	for (int i = 0; i < 10000; i++) {
		metric_count(both[0], 1);
		metric_observe(both[1], i);
	}
	return NULL;
}

static void
no_count_is_lost_among_threads(void **state)
{
	struct metrics *m = metrics_new();
	struct metric *both[2] = {
	    metrics_add(m, METRICS_COUNTER, "a_total", "A.", NULL),
	    metrics_add(m, METRICS_HISTOGRAM, "b_seconds", "B.", NULL)};
	pthread_t thread[4];
	size_t len;
	char *text;

	(void)state;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, count_often, both);
	free(metrics_text(m, &len));
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	text = metrics_text(m, &len);
	ok(strstr(text, "\na_total 40000\n"), text);
	ok(strstr(text, "\nb_seconds_count 40000\n"), text);
	ok(strstr(text, "\nb_seconds_sum 199.980000\n"), text);
	free(text);
	metrics_free(m);
}

static void
without_memory_nothing_is_counted(void **state)
{
	(void)state;
	ok(metrics_add(NULL, METRICS_GAUGE, "a", "A.", NULL) == NULL, "add");
	metric_count(NULL, 1);
	metric_set(NULL, 1);
	metric_total(NULL, 1);
	metric_observe(NULL, 1);
	metrics_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_text_is_as_a_monitor_reads_it),
	    T(promtool_finds_nothing_to_say),
	    T(no_count_is_lost_among_threads),
	    T(without_memory_nothing_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
