/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage queue: makes, lists and removes postage queues.
 */
#include <cups/cups.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"
#include "dispense/device.h"
#include "dispense/settings.h"
#include "tools/cupsd.h"
#include "tools/out.h"
#include "tools/policy.h"
#include "tools/postage.h"
#include "tools/ppdfile.h"
#include "tools/ppdwrap.h"

#define USAGE                                                                  \
	"postage queue add NAME --printer QUEUE-OR-URI [--ppd FILE]\n"         \
	"                     [--info TEXT] [--location TEXT]\n"               \
	"                     [--add-policy] [--allow-foomatic]\n"             \
	"                     [--keep PPD-KEYWORD]...\n"                       \
	"       postage queue list\n"                                          \
	"       postage queue remove NAME\n"                                   \
	"       postage queue ppd FILE [--allow-foomatic] [--keep KEYWORD]..." \
	"\n\n"                                                                 \
	"add makes the queue NAME that stamps and then prints by another\n"    \
	"queue's printer, or by the printer at a device URI.  The printer's\n" \
	"PPD is taken from its queue or from FILE; a driverless printer\n"     \
	"(ipp:, ipps:) and cups-pdf: need none.  ppd shows what add would\n"   \
	"make of a PPD."

#define KEEP_MAX	64
#define EVERYWHERE_WAIT 30 /* seconds for the scheduler to ask a printer */

struct request {
	const char *name, *printer, *ppd, *info, *location;
	bool add_policy;
	struct ppdwrap_rules rules;
	const char *keep[KEEP_MAX];
};

/* Work that must be undone whether it ends well or not. */
struct work {
	http_t *http;
	char source[PATH_MAX];	/* the printer's PPD, a temporary file or "" */
	char wrapped[PATH_MAX]; /* ours, likewise */
	bool there;		/* it was made before, and may hold jobs */
	bool half_made;		/* the queue exists but does not stamp yet */
	struct device device;
	struct cupsd_queue printer; /* name "" for a URI */
	struct ppdwrap_report report;
};

static void
work_end(struct work *w, const char *name)
{
	struct err ignored = ERR_INIT;

	if (w->half_made && !cupsd_send(w->http, cupsd_delete_request(name),
				"/admin/", NULL, &ignored))
		w->half_made = false;
	if (w->source[0])
		unlink(w->source);
	if (w->wrapped[0])
		unlink(w->wrapped);
	httpClose(w->http);
}

/* --- where the printer is ------------------------------------------------- */
/* The device URI of `queue` with its credentials, which the scheduler never
 * tells, out of its own file.  False if it is not to be had. */
static bool
uri_from_printers_conf(const char *queue, char *out, size_t size)
{
	const char *root = getenv("CUPS_SERVERROOT");
	char path[PATH_MAX], line[2048], begin[QUEUE_MAX + 16];
	bool inside = false, found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/printers.conf",
	    root && *root == '/' ? root : "/etc/cups");
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	snprintf(begin, sizeof(begin), "Printer %s>", queue);
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '<')
			inside = strstr(line, begin) != NULL && line[1] != '/';
		else if (inside && strncmp(line, "DeviceURI ", 10) == 0)
			found = text_copy(out, size, line + 10);
	}
	fclose(f);
	return found;
}

/* To the scheduler "postage" is the queue Postage, and what is asked for would
 * be done to that one; the file of its credentials would be another's.  And a
 * queue that somebody prints to does not become one that stamps. */
static bool
name_is_free(struct work *w, const char *name, struct err *e)
{
	struct cupsd_queue q;
	struct err none = ERR_INIT;

	w->there = cupsd_queue_get(w->http, name, &q, &none);
	if (!w->there)
		return true;
	if (strcmp(q.name, name) != 0)
		return err_set(e, ERR_CONFIG,
		    "there is a queue %s, which is the same name to the "
		    "scheduler: write it so, or take another one",
		    q.name);
	return strncmp(q.device_uri, "postage:/", 9) == 0 ||
	       err_set(e, ERR_CONFIG,
		   "there is a queue %s already, and it is no postage queue: "
		   "take another name",
		   name);
}

static bool
find_device(struct work *w, const struct request *r, struct err *e)
{
	char uri[DEVICE_URI_MAX];
	struct err plain = ERR_INIT;

	if (strchr(r->printer, ':'))
		return device_parse(r->printer, &w->device, e);
	if (strcasecmp(r->printer, r->name) == 0)
		return err_set(
		    e, ERR_CONFIG, "the postage queue needs a name of its own");
	if (!cupsd_queue_get(w->http, r->printer, &w->printer, e))
		return false;
	if (w->printer.is_class)
		return err_set(e, ERR_CONFIG,
		    "%s is a class of printers, and stamps are drawn in the "
		    "dots of one; make a postage queue around each of its "
		    "printers",
		    r->printer);
	if (!device_parse(w->printer.device_uri, &w->device, e))
		return err_prefix(e, "queue %s", r->printer);
	/* The file may be behind by half a minute: it counts only where it
	 * differs by what the scheduler hides. */
	if (uri_from_printers_conf(r->printer, uri, sizeof(uri))) {
		struct device full;

		if (device_parse(uri, &full, &plain) &&
		    strncmp(w->device.shown, full.shown, strlen(full.shown)) ==
			0)
			w->device = full;
	}
	return true;
}

/* --- its PPD -------------------------------------------------------------- */
/* What the administrator lets run besides the usual; "" without a file. */
static const char *
more_drivers(const char *conf)
{
	static struct settings settings;
	struct err e = ERR_INIT;

	return settings_load(conf, &settings, &e) ? settings.drivers : "";
}

static bool
wrap_to_temporary(struct work *w, const char *path,
    const struct ppdwrap_rules *rules, struct err *e)
{
	FILE *out;
	bool done;
	int fd;

	strcpy(w->wrapped, "/tmp/postage-ppd.XXXXXX");
	fd = mkstemp(w->wrapped);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (out == NULL) {
		w->wrapped[0] = '\0';
		return err_system(e, "cannot make a temporary file");
	}
	done = ppdfile_wrap(path, rules, out, &w->report, e);
	if (fclose(out) != 0 && done)
		return err_system(e, "cannot write %s", w->wrapped);
	return done;
}

/* A driverless printer: the scheduler itself asks it what it can, for a queue
 * that takes no jobs yet. */
static bool
ppd_from_printer(struct work *w, const struct request *r, struct err *e)
{
	ipp_t *request;

	/* For a moment it is a queue that does not stamp, and one that fails
	 * is deleted, with the jobs in it. */
	if (w->there)
		return err_set(e, ERR_CONFIG,
		    "the queue %s is there already, and its printer would have "
		    "to be asked for its PPD: when its jobs have ended, "
		    "\"postage queue remove %s\" first",
		    r->name, r->name);
	request = cupsd_modify_request(r->name);
	ippAddString(request, IPP_TAG_PRINTER, IPP_TAG_URI, "device-uri", NULL,
	    w->device.uri);
	ippAddString(request, IPP_TAG_PRINTER, IPP_TAG_NAME, "ppd-name", NULL,
	    "everywhere");
	ippAddBoolean(request, IPP_TAG_PRINTER, "printer-is-accepting-jobs", 0);
	if (!cupsd_send(w->http, request, "/admin/", NULL, e))
		return false;
	w->half_made = true;
	for (int i = 0; i < EVERYWHERE_WAIT * 2; i++) {
		struct err plain = ERR_INIT;

		if (cupsd_ppd(
			w->http, r->name, w->source, sizeof(w->source), &plain))
			return true;
		usleep(500 * 1000);
	}
	return err_set(e, ERR_ABSENT,
	    "the printer %s does not say what it can; is it on?",
	    w->device.shown);
}

static bool
find_ppd(struct work *w, const struct request *r, char *path, size_t size,
    struct err *e)
{
	const char *scheme = w->device.scheme;

	if (r->ppd)
		return text_copy(path, size, r->ppd) ||
		       err_set(e, ERR_REQUEST, "--ppd: too long a path");
	if (strcmp(scheme, "cups-pdf") == 0) {
		snprintf(path, size, "%s/model/postage/postage-pdf.ppd",
		    POSTAGE_CUPSDATA);
		return true;
	}
	if (w->printer.name[0] && cupsd_ppd(w->http, w->printer.name, w->source,
				      sizeof(w->source), e)) {
		return text_copy(path, size, w->source);
	} else if (strncmp(scheme, "ipp", 3) == 0) {
		/* Also the queue without a PPD of a printer that can be asked. */
		if (!ppd_from_printer(w, r, e))
			return false;
	} else if (w->printer.name[0]) {
		return false;
	} else {
		return err_set(e, ERR_REQUEST,
		    "a printer at %s:// needs its PPD: --ppd FILE",
		    w->device.scheme);
	}
	return text_copy(path, size, w->source);
}

/* --- the queue ------------------------------------------------------------ */
static void
add_names(ipp_t *request, const char *name, const char *value)
{
	ippAddString(request, IPP_TAG_PRINTER, IPP_TAG_NAME, name, NULL, value);
}

static bool
make_queue(struct work *w, const struct request *r, struct err *e)
{
	static const char *const no_banners[] = {"none", "none"};
	ipp_t *request = cupsd_modify_request(r->name);
	char wrapped[DEVICE_URI_MAX], info[128];

	if (!device_wrap(&w->device, wrapped, sizeof(wrapped), e)) {
		ippDelete(request);
		return false;
	}
	snprintf(info, sizeof(info), "Postage Printer (%.100s)",
	    w->printer.info[0] ? w->printer.info : w->device.shown);
	ippAddString(
	    request, IPP_TAG_PRINTER, IPP_TAG_URI, "device-uri", NULL, wrapped);
	ippAddString(request, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-info",
	    NULL, r->info ? r->info : info);
	ippAddString(request, IPP_TAG_PRINTER, IPP_TAG_TEXT, "printer-location",
	    NULL, r->location ? r->location : w->printer.location);
	add_names(request, "printer-error-policy", "abort-job");
	add_names(request, "printer-op-policy", POLICY_NAME);
	ippAddStrings(request, IPP_TAG_PRINTER, IPP_TAG_NAME,
	    "job-sheets-default", 2, NULL, no_banners);
	ippAddString(request, IPP_TAG_PRINTER, IPP_TAG_KEYWORD,
	    "print-scaling-default", NULL, "none");
	ippAddBoolean(request, IPP_TAG_PRINTER, "printer-is-shared", 0);
	ippAddBoolean(request, IPP_TAG_PRINTER, "printer-is-accepting-jobs", 1);
	ippAddInteger(request, IPP_TAG_PRINTER, IPP_TAG_ENUM, "printer-state",
	    IPP_PSTATE_IDLE);
	return cupsd_send(w->http, request, "/admin/", w->wrapped, e);
}

static bool
add(struct work *w, const struct request *r, const char *conf, struct err *e)
{
	char secret[PATH_MAX], path[PATH_MAX];

	if (!device_secret_path(conf, r->name, secret, sizeof(secret), e) ||
	    !cupsd_connect(&w->http, e) ||
	    !policy_ensure(&w->http, r->add_policy, e) ||
	    !name_is_free(w, r->name, e) || !find_device(w, r, e) ||
	    !find_ppd(w, r, path, sizeof(path), e) ||
	    !wrap_to_temporary(w, path, &r->rules, e) ||
	    !device_store(secret, &w->device, e) || !make_queue(w, r, e))
		return false;
	w->half_made = false;
	return true;
}

static int
queue_add(const struct request *r, const struct options *options)
{
	struct work w = {.http = NULL};
	struct err e = ERR_INIT;
	struct out *o;
	bool done;

	if (geteuid() != 0) {
		err_set(&e, ERR_DENIED, "adding a postage queue needs root");
		return out_fail(options, NULL, &e);
	}
	done = add(&w, r, options->config, &e);
	work_end(&w, r->name);
	if (!done)
		return out_fail(options, NULL, &e);
	o = out_open(options);
	out_text(o, "queue", "Queue", r->name);
	out_text(o, "printer", "Printer", w.device.shown);
	out_text(o, "filter", "Filter", w.report.filter);
	out_number(o, "dropped", NULL, w.report.dropped);
	if (w.report.dropped > 0)
		out_note(o,
		    "%d statements of the printer's PPD are unknown and were "
		    "left out, the first is *%s; if the printer needs it, add "
		    "--keep %s",
		    w.report.dropped, w.report.first_dropped,
		    w.report.first_dropped);
	return out_close(o);
}

static bool
list_one(void *context, const struct cupsd_queue *q)
{
	static const char *const states[] = {"idle", "printing", "stopped"};
	const char *state =
	    q->state >= IPP_PSTATE_IDLE && q->state <= IPP_PSTATE_STOPPED
		? states[q->state - IPP_PSTATE_IDLE]
		: "unknown";
	const char *printer = q->device_uri + strlen("postage:/");

	if (strncmp(q->device_uri, "postage:/", 9) == 0)
		out_row(context,
		    (const char *[]){q->name, state,
			q->accepting ? "yes" : "no",
			*printer == '+' ? printer + 1 : printer, q->info});
	return true;
}

static int
queue_list(const struct options *options)
{
	static const struct out_column columns[] = {
	    {"queue", "Queue", OUT_TEXT}, {"state", "State", OUT_TEXT},
	    {"accepting", "Accepting", OUT_TEXT},
	    {"printer", "Printer", OUT_TEXT}, {"info", "Name", OUT_TEXT}};
	struct err e = ERR_INIT;
	http_t *http = NULL;
	struct out *o = NULL;
	bool done = cupsd_connect(&http, &e);

	if (done) {
		o = out_open(options);
		out_table(o, "queues", columns, 5);
		done = cupsd_queues(http, list_one, o, &e);
	}
	httpClose(http);
	return done ? out_close(o) : out_fail(options, o, &e);
}

static bool
remove_queue(const char *name, const char *conf, struct err *e)
{
	struct cupsd_queue q;
	http_t *http = NULL;
	char secret[PATH_MAX];
	bool done = false;

	if (!device_secret_path(conf, name, secret, sizeof(secret), e) ||
	    !cupsd_connect(&http, e))
		return false;
	if (!cupsd_queue_get(http, name, &q, e))
		goto out;
	if (strncmp(q.device_uri, "postage:/", 9) != 0) {
		err_set(e, ERR_CONFIG, "%s is no postage queue", name);
		goto out;
	}
	/* As it is spelt, for the file of its credentials. */
	if (!device_secret_path(conf, q.name, secret, sizeof(secret), e))
		goto out;
	done = cupsd_send(http, cupsd_delete_request(name), "/admin/", NULL, e);
	if (done && unlink(secret) != 0 && errno != ENOENT)
		done = err_system(e, "cannot remove %s", secret);
out:
	httpClose(http);
	return done;
}

static int
queue_remove(const char *name, const struct options *options)
{
	struct err e = ERR_INIT;
	struct out *o;

	if (!remove_queue(name, options->config, &e))
		return out_fail(options, NULL, &e);
	o = out_open(options);
	out_text(o, "removed", "Removed", name);
	return out_close(o);
}

static int
queue_ppd(const struct request *r, const struct options *options)
{
	struct ppdwrap_report report = {.dropped = 0};
	struct err e = ERR_INIT;

	if (!ppdfile_wrap(r->name, &r->rules, stdout, &report, &e))
		return out_fail(options, NULL, &e);
	return 0;
}

static bool
parse(int argc, char **argv, struct request *r)
{
	static const struct option list[] = {{"printer", 1, NULL, 'p'},
	    {"ppd", 1, NULL, 'f'}, {"info", 1, NULL, 'i'},
	    {"location", 1, NULL, 'l'}, {"add-policy", 0, NULL, 'y'},
	    {"allow-foomatic", 0, NULL, 'a'}, {"keep", 1, NULL, 'k'},
	    {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int c;

	r->rules.keep = r->keep;
	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (c) {
		case 'p': r->printer = optarg; break;
		case 'f': r->ppd = optarg; break;
		case 'i': r->info = optarg; break;
		case 'l': r->location = optarg; break;
		case 'y': r->add_policy = true; break;
		case 'a': r->rules.allow_foomatic = true; break;
		case 'k':
			if (r->rules.keep_count == KEEP_MAX)
				return false;
			r->keep[r->rules.keep_count++] = optarg;
			break;
		default: return false;
		}
	}
	if (optind < argc)
		r->name = argv[optind++];
	return optind == argc;
}

int
verb_queue(int argc, char **argv, const struct options *options)
{
	struct request r = {.name = NULL};
	const char *what = argc > 1 ? argv[1] : "";

	if (out_help(argc, argv, USAGE))
		return 0;
	if (argc < 2 || !parse(argc - 1, argv + 1, &r))
		return out_usage(USAGE);
	if (strcmp(what, "list") == 0 && !r.name)
		return queue_list(options);
	r.rules.drivers = more_drivers(options->config);
	if (strcmp(what, "add") == 0 && r.name && r.printer)
		return queue_add(&r, options);
	if (strcmp(what, "remove") == 0 && r.name)
		return queue_remove(r.name, options);
	if (strcmp(what, "ppd") == 0 && r.name)
		return queue_ppd(&r, options);
	return out_usage(USAGE);
}
