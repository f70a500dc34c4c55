/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage: the CUPS backend that wraps a printer's own backend.
 *
 * It reads the document whole, asks postage-vaultd whether the filter finished
 * it, stores it there, and only then sends it with the real backend; what the
 * printer took decides what is written into the books and what the scheduler
 * is told.  See docs/ARCHITECTURE.md, "Delivery".
 */
#include "config.h"

#include <cups/cups.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backend/child.h"
#include "dispense/device.h"
#include "backend/exit.h"
#include "dispense/gate.h"
#include "backend/relay.h"
#include "backend/side.h"
#include "base/log.h"
#include "base/text.h"
#include "dispense/client.h"
#include "dispense/settings.h"

#define COPY_BYTES    (256 * 1024)
#define LOOK_BYTES    (16 * 1024 * 1024) /* between looks at the room left */
#define RESERVE_BYTES ((uint64_t)512 * 1024 * 1024)
#define RESERVE_PART  16 /* of a small disk */

enum document_kind {
	DOCUMENT_STAMPED, /* went through our filter */
	DOCUMENT_BANNER,  /* likewise, but never gets stamps */
	DOCUMENT_COMMAND, /* through the printer's own command filter */
	DOCUMENT_RAW	  /* no filter ran */
};

struct run {
	char **argv;
	enum document_kind kind;
	struct settings settings;
	struct queue_settings queue;
	struct device device;
	struct program program;
	struct gate gate;
	struct job job;
	struct client *client;
	struct relay relay;
	int document; /* what came in, an unnamed file */
	uint64_t bytes;
	bool cut; /* the driver did not end well */
	uint32_t stamps;
	char options[CHILD_OPTIONS_MAX];
};

/* Set by a signal: cancelled, held, or the scheduler goes down. */
static volatile int stop_signal;

static void
on_stop(int number)
{
	stop_signal = number;
}

static void
say(void *context, const char *line)
{
	char text[RELAY_LINE_MAX + 1];
	int len = snprintf(text, sizeof(text), "%s\n", line);

	(void)context;
	/* Nobody is left to tell if stderr is gone. */
	if (len > 0 && write(STDERR_FILENO, text, (size_t)len) < 0)
		return;
}

/* The error as the scheduler and a person see it.  Returns the exit code. */
static enum exit_code
fail(const struct err *e)
{
	const char *reason = exit_reason_of_kind(e->kind);

	log_error("%s", e->text);
	if (reason)
		log_cups("JOBSTATE", "%s", reason);
	return exit_of_kind(e->kind);
}

/* --- what the scheduler told us ------------------------------------------ */
static uint32_t
number_option(const char *name, int count, cups_option_t *options)
{
	const char *text = cupsGetOption(name, count, options);
	uint64_t value = 0;

	if (text == NULL || !text_to_u64(text, UINT32_MAX, &value))
		return 0;
	return (uint32_t)value;
}

static bool
read_job(struct run *r, struct err *e)
{
	const char *queue = getenv("PRINTER"), *uuid;
	cups_option_t *options = NULL;
	uint64_t id;
	int count;

	if (queue == NULL || !text_to_u64(r->argv[1], UINT32_MAX, &id) ||
	    !text_copy(r->job.queue, sizeof(r->job.queue), queue))
		return err_set(e, ERR_CONFIG,
		    "the backend postage must be run by the scheduler");
	count = cupsParseOptions(r->argv[5], 0, &options);
	uuid = cupsGetOption("job-uuid", count, options);
	r->job.id = (uint32_t)id;
	r->job.created = number_option("time-at-creation", count, options);
	r->job.processing = number_option("time-at-processing", count, options);
	if (uuid)
		text_copy(r->job.uuid, sizeof(r->job.uuid), uuid);
	cupsFreeOptions(count, options);
	text_clean(r->argv[2], r->job.user, sizeof(r->job.user));
	return true;
}

static enum document_kind
kind_of(int argc)
{
	const char *type = getenv("CONTENT_TYPE");
	const char *sheet = getenv("CUPS_FILETYPE");

	/* A file name is given only where no filter ran. */
	if (argc == 7 || (type && !strcmp(type, "application/vnd.cups-raw")))
		return DOCUMENT_RAW;
	if (type && !strcmp(type, "application/vnd.cups-command"))
		return DOCUMENT_COMMAND;
	if (sheet && strcmp(sheet, "job-sheet") == 0)
		return DOCUMENT_BANNER;
	return DOCUMENT_STAMPED;
}

static bool
prepare(struct run *r, int argc, struct err *e)
{
	const char *uri = getenv("DEVICE_URI");
	char secret[PATH_MAX];

	r->kind = kind_of(argc);
	if (!read_job(r, e) || !settings_load(settings_path(), &r->settings, e))
		return false;
	settings_queue(&r->settings, r->job.queue, &r->queue);
	if (!device_secret_path(
		settings_path(), r->job.queue, secret, sizeof(secret), e) ||
	    !device_load(uri ? uri : "", secret, &r->device, e) ||
	    !child_find(child_serverbin(), r->device.scheme, &r->program, e))
		return false;
	if (r->kind != DOCUMENT_RAW && !gate_load(getenv("PPD"), &r->gate, e))
		return false;
	if (r->kind == DOCUMENT_COMMAND) {
		/* The line of the gate is not the one it came by. */
		r->gate.trailer = false;
		r->gate.final_type[0] = '\0';
	}
	relay_init(&r->relay, r->device.uri);
	child_options(r->argv[5], r->options);
	return true;
}

/* --- the document --------------------------------------------------------- */
static bool
write_all(int fd, const char *bytes, size_t len, struct err *e)
{
	while (len > 0) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_system(e, "cannot store the document");
		bytes += done;
		len -= (size_t)done;
	}
	return true;
}

/* A page of a few bytes of PDF is many megabytes here.  As root we would take
 * the very last block, and vault, journal and mail of this computer share the
 * disk. */
static bool
check_room(int fd, struct err *e)
{
	struct statvfs st;
	uint64_t left, reserve;

	if (fstatvfs(fd, &st) != 0)
		return err_system(e, "room for the document");
	left = (uint64_t)st.f_bavail * st.f_frsize;
	reserve = (uint64_t)st.f_blocks * st.f_frsize / RESERVE_PART;
	if (left >= (reserve < RESERVE_BYTES ? reserve : RESERVE_BYTES))
		return true;
	return err_set(e, ERR_SYSTEM,
	    "the disk is nearly full; nothing was printed: print the document "
	    "in parts or at a lower resolution");
}

/* Copies to the end of `from`, or until a signal stops us.  While the filters
 * write, their questions are answered. */
static bool
copy(int from, int to, uint64_t *bytes, struct err *e)
{
	static char buffer[COPY_BYTES];
	uint64_t look = 0;
	ssize_t len;

	*bytes = 0;
	while (stop_signal == 0) {
		if (*bytes >= look) {
			if (!check_room(to, e))
				return false;
			look = *bytes + LOOK_BYTES;
		}
		if (from == STDIN_FILENO)
			side_wait(from);
		if (stop_signal != 0)
			break;
		len = read(from, buffer, sizeof(buffer));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return err_system(e, "cannot read the document");
		if (len == 0)
			return true;
		if (!write_all(to, buffer, (size_t)len, e))
			return false;
		*bytes += (uint64_t)len;
	}
	return err_set(e, ERR_SYSTEM, "stopped by signal %d", stop_signal);
}

/* A file without a name: nobody else can open it, nothing is left behind. */
static bool
read_document(struct run *r, struct err *e)
{
	const char *folder = getenv("TMPDIR");

	if (folder == NULL || *folder != '/')
		folder = "/tmp";
	r->document = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (r->document < 0)
		return err_system(e, "cannot make a file in %s", folder);
	return copy(STDIN_FILENO, r->document, &r->bytes, e);
}

/* Takes off what postagedriver wrote behind the document. */
static bool
take_trailer(struct run *r, struct err *e)
{
	char end[sizeof(GATE_TRAILER) - 1];
	off_t at = (off_t)r->bytes - (off_t)sizeof(end);

	if (!r->gate.trailer)
		return true;
	r->cut =
	    at < 0 ||
	    pread(r->document, end, sizeof(end), at) != (ssize_t)sizeof(end) ||
	    memcmp(end, GATE_TRAILER, sizeof(end)) != 0;
	if (r->cut)
		return true;
	if (ftruncate(r->document, at) != 0)
		return err_system(e, "cannot cut the document");
	r->bytes = (uint64_t)at;
	return true;
}

static bool
rewind_document(struct run *r, struct err *e)
{
	return lseek(r->document, 0, SEEK_SET) == 0 ||
	       err_system(e, "cannot rewind the document");
}

/* Puts the document into vaultd's care; every later attempt sends that. */
static bool
store(struct run *r, struct err *e)
{
	uint64_t bytes = 0;
	bool done;
	int fd;

	if (!client_spool(r->client, true, &fd, e))
		return false;
	done = rewind_document(r, e) && copy(r->document, fd, &bytes, e);
	close(fd);
	return done && client_spooled(r->client, bytes, e);
}

/* Replaces r->document by what is to be sent, at its beginning. */
static bool
choose(struct run *r, enum step step, struct err *e)
{
	struct stat st;
	int fd;

	if (r->stamps > 0 || step == STEP_RESEND) {
		if (step == STEP_SEND && !store(r, e))
			return false;
		if (!client_spool(r->client, false, &fd, e))
			return false;
		close(r->document);
		r->document = fd;
	}
	if (!rewind_document(r, e))
		return false;
	if (fstat(r->document, &st) != 0)
		return err_system(e, "the document");
	r->bytes = (uint64_t)st.st_size;
	return true;
}

/* --- the books ------------------------------------------------------------ */
static void
show_funds(struct run *r)
{
	struct err e = ERR_INIT;
	struct funds funds;

	if (!client_status(r->client, &funds, &e)) {
		log_debug("no funds to show: %s", e.text);
		return;
	}
	relay_set_funds(&r->relay, &funds);
	relay_show_funds(&r->relay, say, NULL);
}

static enum exit_code
settle(struct run *r, const struct verdict *v, const struct child_end *end)
{
	struct err e = ERR_INIT;
	char note[256];

	snprintf(note, sizeof(note),
	    "backend %s %s %d, took %llu of %llu bytes%s", r->device.scheme,
	    end->signalled ? "died of signal" : "ended with", end->code,
	    (unsigned long long)end->consumed, (unsigned long long)end->size,
	    end->unreached ? ", the printer has nothing" : "");
	log_debug("%s", note);
	if (v->text)
		log_error("%s", v->text);
	if (client_settle(r->client, v->settle, note, &e)) {
		if (v->settle == SETTLE_DELIVERED)
			show_funds(r);
		return v->code;
	}
	err_prefix(&e, "The document was sent but could not be written down");
	log_error("%s", e.text);
	/* Without stamps nothing hangs on it. */
	return r->stamps > 0 ? EXIT_HOLD : v->code;
}

static enum exit_code
send_document(struct run *r)
{
	struct child c = {.program = &r->program,
	    .device = &r->device,
	    .printing_user = r->settings.printing_user,
	    .final_type = r->gate.final_type[0] ? r->gate.final_type : NULL,
	    .job = r->argv[1],
	    .user = r->argv[2],
	    .title = r->argv[3],
	    .options = r->options,
	    .input = r->document,
	    .copies = r->argv[4],
	    .file = r->kind == DOCUMENT_RAW ? r->argv[6] : NULL};
	struct child_end end = {.size = r->bytes, .stamps = r->stamps};
	struct err e = ERR_INIT;
	static struct child_run running;
	struct verdict v;

	if (!client_sending(r->client, &e))
		return fail(&e);
	if (child_start(&c, &running, &e))
		child_wait(&running, &stop_signal, &r->relay, say, NULL, &end);
	else
		fail(&e);
	end.unreached = relay_unreached(&r->relay);
	exit_of_child(&end, &v);
	return settle(r, &v, &end);
}

/* --- the kinds of document ------------------------------------------------ */
/* No money can hang on it: it is handed on as it comes. */
static bool
passes_through(const struct run *r)
{
	return r->kind == DOCUMENT_RAW || r->kind == DOCUMENT_COMMAND;
}

/* Its filter may wait for what the printer answers, so the real backend runs
 * beside it. */
static bool
open_command(struct run *r, struct err *e)
{
	r->document = dup(STDIN_FILENO);
	return r->document >= 0 || err_system(e, "the printer's command");
}

static enum exit_code
deliver(struct run *r)
{
	struct outcome o = {.refusal = ERR_INIT};
	struct err e = ERR_INIT;
	struct verdict v;
	enum step step;

	if (!client_outcome(r->client, &o, &e))
		return fail(&e);
	if (r->kind != DOCUMENT_STAMPED && o.stamps == 0) {
		/* No filter of ours speaks for it, no money hangs on it. */
		o.finished = true;
		o.uncertain = false;
	}
	if (passes_through(r) && o.stamps > 0) {
		/* Its stamps are not in these bytes. */
		err_set(&e, ERR_REQUEST,
		    "This job has stamps already and cannot be printed raw");
		return fail(&e);
	}
	if (r->cut && o.finished) {
		log_error("The printer's driver did not end properly");
		o.finished = false;
	}
	r->stamps = o.stamps;
	step = exit_of_outcome(&o, passes_through(r) ? 1 : r->bytes, &v, &e);
	if (step == STEP_SKIP) {
		log_info("This document was printed before and is not printed "
			 "again");
		return EXIT_OK;
	}
	if (step == STEP_END && e.kind != ERR_NONE)
		return fail(&e);
	if (step == STEP_END) {
		log_error("%s", v.text);
		return v.code;
	}
	if (!passes_through(r) && !choose(r, step, &e))
		return fail(&e);
	return stop_signal ? EXIT_RETRY : send_document(r);
}

static bool
open_raw(struct run *r, struct err *e)
{
	if (r->queue.missing == MISSING_REFUSE)
		return err_set(e, ERR_REQUEST,
		    "This queue prints only documents with postage, and a raw "
		    "one cannot be read; print it on the printer's own queue");
	if (r->argv[6] == NULL)
		return read_document(r, e) && rewind_document(r, e);
	r->document = open(r->argv[6], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (r->document < 0)
		return err_system(e, "cannot open the document");
	return true;
}

static bool
open_document(struct run *r, struct err *e)
{
	switch (r->kind) {
	case DOCUMENT_RAW: return open_raw(r, e);
	case DOCUMENT_COMMAND: return open_command(r, e);
	default: return read_document(r, e) && take_trailer(r, e);
	}
}

static enum exit_code
run(struct run *r, int argc)
{
	struct err e = ERR_INIT;
	enum exit_code code;

	if (!prepare(r, argc, &e))
		return fail(&e);
	if (!client_open(
		r->settings.socket, ROLE_BACKEND, &r->job, &r->client, &e))
		return fail(&e);
	show_funds(r);
	if (open_document(r, &e))
		code = deliver(r);
	else
		code = stop_signal ? EXIT_RETRY : fail(&e);
	client_close(r->client);
	if (r->document >= 0)
		close(r->document);
	return code;
}

static void
catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

int
main(int argc, char **argv)
{
	static struct run r;

	log_open(LOG_CUPS, "postage");
	if (argc == 1) {
		puts("network postage \"Unknown\" \"Postage Printer\"");
		return EXIT_OK;
	}
	if (argc != 6 && argc != 7) {
		log_error("usage: postage job-id user title copies options "
			  "[file]");
		return EXIT_STOP;
	}
	catch_signals();
	r.argv = argv;
	r.document = -1;
	return run(&r, argc);
}
