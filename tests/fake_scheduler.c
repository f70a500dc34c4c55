/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_scheduler.h"

#include <stdio.h>

static fake_answer *the_answer;
static void *the_context;
static char connection; /* its address stands for a connection */

void
fake_scheduler(fake_answer *answer, void *context)
{
	the_answer = answer;
	the_context = context;
}

http_t *
httpConnect2(const char *host, int port, http_addrlist_t *addresses, int family,
    http_encryption_t encryption, int blocking, int ms, int *cancel)
{
	(void)host;
	(void)port;
	(void)addresses;
	(void)family;
	(void)encryption;
	(void)blocking;
	(void)ms;
	(void)cancel;
	return the_answer ? (http_t *)(void *)&connection : NULL;
}

void
httpSetTimeout(http_t *http, double seconds, http_timeout_cb_t cb, void *data)
{
	(void)http;
	(void)seconds;
	(void)cb;
	(void)data;
}

void
httpSetAuthString(http_t *http, const char *scheme, const char *data)
{
	(void)http;
	(void)scheme;
	(void)data;
}

void
httpClose(http_t *http)
{
	(void)http;
}

ipp_t *
cupsDoRequest(http_t *http, ipp_t *request, const char *resource)
{
	(void)http;
	(void)resource;
	ippDelete(request);
	return the_answer(the_context);
}

ipp_t *
fake_printing_job(const char *queue, uint32_t id)
{
	ipp_t *a = ippNew();
	char uri[256];

	ippSetVersion(a, 2, 0);
	ippSetStatusCode(a, IPP_STATUS_OK);
	snprintf(uri, sizeof(uri), "ipp://localhost/printers/%s", queue);
	ippAddString(a, IPP_TAG_JOB, IPP_TAG_URI, "job-printer-uri", NULL, uri);
	ippAddInteger(
	    a, IPP_TAG_JOB, IPP_TAG_ENUM, "job-state", IPP_JSTATE_PROCESSING);
	ippAddString(a, IPP_TAG_JOB, IPP_TAG_NAME, "job-originating-user-name",
	    NULL, "me");
	snprintf(uri, sizeof(uri), "urn:uuid:%032x", id);
	ippAddString(a, IPP_TAG_JOB, IPP_TAG_URI, "job-uuid", NULL, uri);
	ippAddInteger(
	    a, IPP_TAG_JOB, IPP_TAG_INTEGER, "time-at-creation", 1795262000);
	ippAddInteger(
	    a, IPP_TAG_JOB, IPP_TAG_INTEGER, "time-at-processing", 1795262400);
	ippAddInteger(
	    a, IPP_TAG_JOB, IPP_TAG_INTEGER, "number-of-documents", 1);
	return a;
}
