/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cupsd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define CONNECT_MS 10000

static const char *const wanted[] = {"printer-name", "device-uri",
    "printer-info", "printer-location", "printer-make-and-model",
    "printer-state", "printer-is-accepting-jobs", "printer-is-shared",
    "printer-error-policy", "printer-op-policy", "document-format-supported",
    "printer-type"};

bool
cupsd_connect(http_t **out, struct err *e)
{
	*out = httpConnect2(cupsServer(), ippPort(), NULL, AF_UNSPEC,
	    cupsEncryption(), 1, CONNECT_MS, NULL);
	if (*out == NULL)
		return err_set(e, ERR_ABSENT,
		    "no print scheduler answers at %s; is cups running?",
		    cupsServer());
	return true;
}

static bool
refused(const char *what, struct err *e)
{
	ipp_status_t status = cupsLastError();
	enum err_kind kind = ERR_CONFIG;

	if (status == IPP_STATUS_ERROR_NOT_AUTHENTICATED ||
	    status == IPP_STATUS_ERROR_FORBIDDEN ||
	    status == IPP_STATUS_ERROR_NOT_AUTHORIZED)
		kind = ERR_DENIED;
	else if (status == IPP_STATUS_ERROR_SERVICE_UNAVAILABLE)
		kind = ERR_ABSENT;
	return err_set(
	    e, kind, "%s: the scheduler says: %s", what, cupsLastErrorString());
}

static void
printer_uri(ipp_t *request, const char *name)
{
	char uri[HTTP_MAX_URI];

	httpAssembleURIf(HTTP_URI_CODING_ALL, uri, sizeof(uri), "ipp", NULL,
	    "localhost", 0, "/printers/%s", name);
	ippAddString(
	    request, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri);
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME,
	    "requesting-user-name", NULL, cupsUser());
}

static void
take(ipp_attribute_t *attr, struct cupsd_queue *q)
{
	const struct {
		const char *name;
		char *out;
		size_t size;
	} texts[] = {{"printer-name", q->name, sizeof(q->name)},
	    {"device-uri", q->device_uri, sizeof(q->device_uri)},
	    {"printer-info", q->info, sizeof(q->info)},
	    {"printer-location", q->location, sizeof(q->location)},
	    {"printer-make-and-model", q->model, sizeof(q->model)},
	    {"printer-error-policy", q->error_policy, sizeof(q->error_policy)},
	    {"printer-op-policy", q->op_policy, sizeof(q->op_policy)}};
	const char *name = ippGetName(attr),
		   *text = ippGetString(attr, 0, NULL);

	for (size_t i = 0; text && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(name, texts[i].name) == 0)
			text_clean(text, texts[i].out, texts[i].size);
	if (strcmp(name, "printer-state") == 0)
		q->state = ippGetInteger(attr, 0);
	else if (strcmp(name, "printer-is-accepting-jobs") == 0)
		q->accepting = ippGetBoolean(attr, 0) != 0;
	else if (strcmp(name, "printer-is-shared") == 0)
		q->shared = ippGetBoolean(attr, 0) != 0;
	else if (strcmp(name, "printer-type") == 0)
		q->is_class = ((unsigned)ippGetInteger(attr, 0) &
				  CUPS_PRINTER_CLASS) != 0;
	else if (strcmp(name, "document-format-supported") == 0)
		q->takes_pdf = ippContainsString(attr, "application/pdf") != 0;
}

/* Calls `each` for every group of printer attributes. */
static void
walk(ipp_t *answer, cupsd_each *each, void *context)
{
	ipp_attribute_t *attr = ippFirstAttribute(answer);
	struct cupsd_queue q;

	while (attr) {
		if (ippGetGroupTag(attr) != IPP_TAG_PRINTER) {
			attr = ippNextAttribute(answer);
			continue;
		}
		memset(&q, 0, sizeof(q));
		for (; attr && ippGetGroupTag(attr) == IPP_TAG_PRINTER;
		     attr = ippNextAttribute(answer))
			if (ippGetName(attr))
				take(attr, &q);
		if (q.name[0] && !each(context, &q))
			return;
	}
}

static bool
ask(http_t *http, ipp_t *request, const char *what, cupsd_each *each,
    void *context, struct err *e)
{
	ipp_t *answer;

	ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD,
	    "requested-attributes", (int)(sizeof(wanted) / sizeof(wanted[0])),
	    NULL, wanted);
	answer = cupsDoRequest(http, request, "/");
	if (answer == NULL || cupsLastError() > IPP_STATUS_OK_CONFLICTING) {
		ippDelete(answer);
		if (cupsLastError() == IPP_STATUS_ERROR_NOT_FOUND)
			return true;
		return refused(what, e);
	}
	walk(answer, each, context);
	ippDelete(answer);
	return true;
}

static bool
keep_one(void *context, const struct cupsd_queue *q)
{
	memcpy(context, q, sizeof(*q));
	return false;
}

bool
cupsd_queue_get(
    http_t *http, const char *name, struct cupsd_queue *out, struct err *e)
{
	ipp_t *request = ippNewRequest(IPP_OP_GET_PRINTER_ATTRIBUTES);

	memset(out, 0, sizeof(*out));
	printer_uri(request, name);
	if (!ask(http, request, name, keep_one, out, e))
		return false;
	if (out->name[0] == '\0')
		return err_set(
		    e, ERR_CONFIG, "there is no queue named \"%s\"", name);
	return true;
}

bool
cupsd_queues(http_t *http, cupsd_each *each, void *context, struct err *e)
{
	ipp_t *request = ippNewRequest(IPP_OP_CUPS_GET_PRINTERS);

	return ask(http, request, "queues", each, context, e);
}

ipp_t *
cupsd_modify_request(const char *name)
{
	ipp_t *request = ippNewRequest(IPP_OP_CUPS_ADD_MODIFY_PRINTER);

	printer_uri(request, name);
	return request;
}

ipp_t *
cupsd_delete_request(const char *name)
{
	ipp_t *request = ippNewRequest(IPP_OP_CUPS_DELETE_PRINTER);

	printer_uri(request, name);
	return request;
}

bool
cupsd_send(http_t *http, ipp_t *request, const char *resource, const char *file,
    struct err *e)
{
	ipp_t *answer = file ? cupsDoFileRequest(http, request, resource, file)
			     : cupsDoRequest(http, request, resource);

	ippDelete(answer);
	if (cupsLastError() > IPP_STATUS_OK_CONFLICTING)
		return refused("change of the queue", e);
	return true;
}

bool
cupsd_ppd(
    http_t *http, const char *name, char *path, size_t size, struct err *e)
{
	char resource[HTTP_MAX_URI];
	http_status_t status;
	int fd;

	httpAssembleURIf(HTTP_URI_CODING_ALL, resource, sizeof(resource), "ipp",
	    NULL, "localhost", 0, "/printers/%s.ppd", name);
	if (!text_copy(path, size, "/tmp/postage-ppd.XXXXXX"))
		return err_set(e, ERR_SYSTEM, "no room for a path");
	fd = mkstemp(path);
	if (fd < 0) {
		path[0] = '\0';
		return err_system(e, "cannot make a temporary file");
	}
	status = cupsGetFd(http, strstr(resource, "/printers/"), fd);
	close(fd);
	if (status == HTTP_STATUS_OK)
		return true;
	unlink(path);
	path[0] = '\0';
	return err_set(e, ERR_CONFIG,
	    "queue %s has no PPD, it prints raw; name its PPD with --ppd FILE",
	    name);
}
