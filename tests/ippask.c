/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ippask: one attribute of a job or a printer, as ipptool writes it.
 *
 *	ippask URI ATTRIBUTE
 *	ippask URI ATTRIBUTE "VALUE..." SECONDS
 *
 * With values it asks until it gets one of these; when the seconds are over it says
 * which one it is, and 1.  A scheduler that is away is asked again.
 */
#include <cups/cups.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_US  50000
#define CONNECT_MS 2000
#define SILENT_S   10.0

struct question {
	const char *uri, *attribute;
	char host[256], path[256];
	int port;
	http_t *http;
};

static bool
is_job(const struct question *q)
{
	return strncmp(q->path, "/jobs/", 6) == 0;
}

static ipp_t *
request(const struct question *q)
{
	ipp_t *r = ippNewRequest(is_job(q) ? IPP_OP_GET_JOB_ATTRIBUTES
					   : IPP_OP_GET_PRINTER_ATTRIBUTES);

	ippAddString(r, IPP_TAG_OPERATION, IPP_TAG_URI,
	    is_job(q) ? "job-uri" : "printer-uri", NULL, q->uri);
	ippAddString(r, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name",
	    NULL, cupsUser());
	ippAddString(r, IPP_TAG_OPERATION, IPP_TAG_KEYWORD,
	    "requested-attributes", NULL, q->attribute);
	return r;
}

/* Empty: there is none, or nobody answers. */
static void
ask(struct question *q, char *value, size_t size)
{
	ipp_attribute_t *a;
	ipp_t *answer;

	*value = '\0';
	if (q->http == NULL)
		q->http = httpConnect2(q->host, q->port, NULL, AF_UNSPEC,
		    HTTP_ENCRYPTION_IF_REQUESTED, 1, CONNECT_MS, NULL);
	if (q->http == NULL)
		return;
	httpSetTimeout(q->http, SILENT_S, NULL, NULL);
	answer = cupsDoRequest(q->http, request(q), q->path);
	if (answer == NULL) {
		httpClose(q->http);
		q->http = NULL;
		return;
	}
	a = ippFindAttribute(answer, q->attribute, IPP_TAG_ZERO);
	if (a != NULL)
		ippAttributeString(a, value, size);
	ippDelete(answer);
}

static bool
is_one_of(const char *value, const char *values)
{
	size_t len = strlen(value);

	for (const char *at = values; len > 0 && *at != '\0';) {
		size_t word = strcspn(at, " ");

		if (word == len && strncmp(at, value, len) == 0)
			return true;
		at += word;
		at += strspn(at, " ");
	}
	return false;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	struct question q = {0};
	char scheme[32], user[64], value[4096];
	bool found = false;
	double end;

	if ((argc != 3 && argc != 5) ||
	    httpSeparateURI(HTTP_URI_CODING_ALL, argv[1], scheme,
		sizeof(scheme), user, sizeof(user), q.host, sizeof(q.host),
		&q.port, q.path, sizeof(q.path)) < HTTP_URI_STATUS_OK)
		return 2;
	q.uri = argv[1];
	q.attribute = argv[2];
	end = now() + (argc == 5 ? atof(argv[4]) : 0);
	ask(&q, value, sizeof(value));
	while (
	    argc == 5 && !(found = is_one_of(value, argv[3])) && now() < end) {
		usleep(PERIOD_US);
		ask(&q, value, sizeof(value));
	}
	httpClose(q.http);
	if (!found && *value != '\0')
		puts(value);
	return argc == 3 || found ? 0 : 1;
}
