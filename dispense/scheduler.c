/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/scheduler.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cups/cups.h>

#include "base/text.h"

#define ANSWER_TIMEOUT_MS 10000

static const char *const wanted[] = {"job-printer-uri", "job-state",
    "job-originating-user-name", "job-uuid", "time-at-creation",
    "time-at-processing", "time-at-completed", "number-of-documents",
    "PostageConfirm"};

/* cupsd takes the peer's uid of its domain socket for proof of the name. */
static void
authenticate(http_t *http)
{
	struct passwd *pw = getpwuid(geteuid());

	if (pw == NULL)
		return;
	cupsSetUser(pw->pw_name);
	httpSetAuthString(http, "PeerCred", pw->pw_name);
}

static http_t *
reach(const char *where, struct err *e)
{
	char host[256];
	const char *colon = where[0] == '/' ? NULL : strrchr(where, ':');
	uint64_t port = 631;
	http_t *http;

	if (!text_copy(host, sizeof(host), where) ||
	    (colon && !text_to_u64(colon + 1, 65535, &port))) {
		err_set(e, ERR_CONFIG, "\"%s\" is no scheduler address", where);
		return NULL;
	}
	if (colon)
		host[colon - where] = '\0';
	http = httpConnect2(host, (int)port, NULL, AF_UNSPEC,
	    HTTP_ENCRYPTION_IF_REQUESTED, 1, ANSWER_TIMEOUT_MS, NULL);
	if (http == NULL) {
		err_set(e, ERR_ABSENT,
		    "the print scheduler does not answer at %s", where);
		return NULL;
	}
	httpSetTimeout(http, ANSWER_TIMEOUT_MS / 1000.0, NULL, NULL);
	if (where[0] == '/')
		authenticate(http);
	return http;
}

static ipp_t *
get_attributes(http_t *http, uint32_t job_id)
{
	ipp_t *request = ippNewRequest(IPP_OP_GET_JOB_ATTRIBUTES);
	char uri[64];

	snprintf(uri, sizeof(uri), "ipp://localhost/jobs/%u", job_id);
	ippAddString(
	    request, IPP_TAG_OPERATION, IPP_TAG_URI, "job-uri", NULL, uri);
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME,
	    "requesting-user-name", NULL, cupsUser());
	ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD,
	    "requested-attributes", (int)(sizeof(wanted) / sizeof(wanted[0])),
	    NULL, wanted);
	return cupsDoRequest(http, request, "/");
}

static const char *
text_of(ipp_t *answer, const char *name)
{
	ipp_attribute_t *a = ippFindAttribute(answer, name, IPP_TAG_ZERO);
	const char *text = a ? ippGetString(a, 0, NULL) : NULL;

	return text ? text : "";
}

static uint32_t
number_of(ipp_t *answer, const char *name)
{
	ipp_attribute_t *a = ippFindAttribute(answer, name, IPP_TAG_ZERO);
	int value = 0;

	if (a && (ippGetValueTag(a) == IPP_TAG_INTEGER ||
		     ippGetValueTag(a) == IPP_TAG_ENUM))
		value = ippGetInteger(a, 0);
	return value > 0 ? (uint32_t)value : 0;
}

/* PostageConfirm, without what the print dialog puts before it. */
static void
take_confirm(ipp_t *answer, struct job *job)
{
	const char *value = text_of(answer, "PostageConfirm");

	if (strncasecmp(value, "Custom.", 7) == 0)
		value += 7;
	if (strcasecmp(value, "None") == 0)
		value = "";
	text_clean(value, job->confirm, sizeof(job->confirm));
}

/* The queue's name: what follows the last slash of job-printer-uri.  To cupsd
 * "postage" is the queue Postage; to postage.conf, the books and the locks it
 * would be one of its own, without its limits. */
static bool
same_queue(ipp_t *answer, const char *queue)
{
	const char *uri = text_of(answer, "job-printer-uri"), *slash;
	char scheme[16], user[64], host[256], path[1024];
	int port;

	/* Names beyond ASCII come as "B%C3%BCro". */
	if (httpSeparateURI(HTTP_URI_CODING_ALL, uri, scheme, sizeof(scheme),
		user, sizeof(user), host, sizeof(host), &port, path,
		sizeof(path)) < HTTP_URI_STATUS_OK)
		return false;
	slash = strrchr(path, '/');
	return slash && strcmp(slash + 1, queue) == 0;
}

static bool
take(ipp_t *answer, struct job *job, bool must_print, struct err *e)
{
	const char *user = text_of(answer, "job-originating-user-name");

	if (ippGetStatusCode(answer) >= IPP_STATUS_REDIRECTION_OTHER_SITE)
		return err_set(e, ERR_DENIED,
		    "the print scheduler does not know job %u (%s)", job->id,
		    ippErrorString(ippGetStatusCode(answer)));
	if (!same_queue(answer, job->queue))
		return err_set(e, ERR_DENIED, "job %u is not a job of queue %s",
		    job->id, job->queue);
	if (must_print &&
	    number_of(answer, "job-state") != IPP_JSTATE_PROCESSING)
		return err_set(e, ERR_DENIED,
		    "job %u is not being printed now; no postage is issued "
		    "for it",
		    job->id);
	if (*user == '\0')
		return err_set(e, ERR_CONFIG,
		    "the print scheduler hides the owner of job %u; let user "
		    "postage see it (JobPrivateAccess in the queue's policy "
		    "in cupsd.conf, see `postage doctor`)",
		    job->id);
	text_clean(user, job->user, sizeof(job->user));
	text_clean(text_of(answer, "job-uuid"), job->uuid, sizeof(job->uuid));
	job->created = number_of(answer, "time-at-creation");
	job->processing = number_of(answer, "time-at-processing");
	job->documents = number_of(answer, "number-of-documents");
	job->completed = number_of(answer, "time-at-completed");
	take_confirm(answer, job);
	return true;
}

bool
scheduler_job(
    const char *where, struct job *job, bool must_print, struct err *e)
{
	http_t *http = reach(where, e);
	ipp_t *answer;
	bool ok;

	if (http == NULL)
		return false;
	answer = get_attributes(http, job->id);
	if (answer == NULL)
		ok = err_set(e, ERR_ABSENT,
		    "the print scheduler at %s gave no answer (%s)", where,
		    cupsLastErrorString());
	else
		ok = take(answer, job, must_print, e);
	ippDelete(answer);
	httpClose(http);
	return ok;
}
