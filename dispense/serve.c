/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/serve.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "dispense/lock.h"
#include "dispense/protocol.h"
#include "dispense/scheduler.h"

#define HELLO_LIMIT_S  10
#define STRANGER_S     1
#define STATUS_LIMIT_S 30
#define JOB_LIMIT_S    (4 * 3600) /* above cupsd's MaxJobTime of 3 h */

struct serve {
	const struct settings *s;
	int fd;
	uid_t uid;
	enum client_role role;
	struct job job;
	struct lock lock;
	struct dispense *dispense;
	struct document *document;
	uint32_t quoted;   /* stamps of the accepted quote */
	int pass;	   /* descriptor for the reply, or -1 */
	uint8_t *in, *out; /* PROTOCOL_BODY_MAX bytes each */
};

/* A handler reads its request from `in`, and writes its reply to `out`. */
typedef bool
handler(struct serve *v, struct wire *in, struct wire *out, struct err *e);

static bool
garbled(struct err *e)
{
	return err_set(e, ERR_REQUEST,
	    "message to postage-vaultd cannot be read; is another version of "
	    "the filter or backend installed?");
}

static bool
limit_silence(int fd, time_t seconds, struct err *e)
{
	struct timeval limit = {.tv_sec = seconds};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return err_system(e, "setsockopt");
	return true;
}

/* Which uid may play which role: see docs/ARCHITECTURE.md, "Who may touch the
 * money". */
static bool
check_role(const struct serve *v, struct err *e)
{
	struct passwd *pw = getpwnam(v->s->printing_user);
	bool printing = pw && pw->pw_uid == v->uid;

	if (v->uid == 0 || (printing && v->role != ROLE_BACKEND))
		return true;
	return err_set(e, ERR_DENIED,
	    "uid %u may not ask postage-vaultd for postage (only root and "
	    "user %s)",
	    (unsigned)v->uid, v->s->printing_user);
}

/* cupsd's word replaces what the peer said.  A backend (root) that outlived
 * its scheduler must still be able to settle. */
static bool
confirm_job(struct serve *v, struct err *e)
{
	if (scheduler_job(v->s->scheduler, &v->job, v->role == ROLE_FILTER, e))
		return true;
	if (v->role == ROLE_BACKEND && e->kind == ERR_ABSENT) {
		*e = (struct err)ERR_INIT;
		return true;
	}
	return false;
}

static bool
read_hello(struct serve *v, struct err *e)
{
	enum message type;
	struct wire w;
	uint16_t version = 0;
	uint8_t role = 0;
	size_t len;

	if (!protocol_receive(
		v->fd, &type, v->in, PROTOCOL_BODY_MAX, &len, NULL, e))
		return false;
	wire_read(&w, v->in, len);
	wire_u16(&w, &version);
	wire_u8(&w, &role);
	wire_job(&w, &v->job);
	if (type != MESSAGE_HELLO || !wire_done(&w) ||
	    version != PROTOCOL_VERSION || role < ROLE_FILTER ||
	    role > ROLE_STATUS)
		return garbled(e);
	v->role = (enum client_role)role;
	return true;
}

/* Whoever keeps silent, or sends a byte now and then, has a place among few:
 * it is taken from him by SIGALRM, soonest from one who has no business here. */
static bool
hear_hello(struct serve *v, struct err *e)
{
	struct passwd *pw = getpwnam(v->s->printing_user);
	bool known = v->uid == 0 || (pw && pw->pw_uid == v->uid), ok;

	alarm(known ? HELLO_LIMIT_S : STRANGER_S);
	ok = read_hello(v, e);
	alarm(0);
	return ok;
}

static bool
admit(struct serve *v, struct err *e)
{
	bool for_job = v->role != ROLE_STATUS;

	if (v->s->wrong.kind != ERR_NONE)
		return err_set(e, v->s->wrong.kind, "%s", v->s->wrong.text);
	if (!check_role(v, e))
		return false;
	if (for_job && (!lock_job(&v->lock, v->s->run_dir, &v->job, v->role,
			    v->s->wait_s * 1000, e) ||
			   !confirm_job(v, e)))
		return false;
	if (!limit_silence(v->fd, for_job ? JOB_LIMIT_S : STATUS_LIMIT_S, e))
		return false;
	if (v->dispense == NULL && !dispense_open(v->s, &v->dispense, e))
		return false;
	return !for_job || dispense_document_open(
			       v->dispense, v->role, &v->job, &v->document, e);
}

static bool
do_sheet(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	bool used[PROTOCOL_LABELS_MAX];
	char media[256];
	uint64_t serial;
	uint16_t count;

	wire_u64(in, &serial);
	wire_str(in, media, sizeof(media));
	wire_u16(in, &count);
	if (!wire_done(in) || count > PROTOCOL_LABELS_MAX)
		return garbled(e);
	if (!dispense_sheet(v->document, serial, media, used, count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		wire_bool(out, &used[i]);
	return true;
}

static bool
quote(struct serve *v, struct stamp_request *in, struct stamp_quote *quotes,
    uint32_t count, struct wire *out, struct err *e)
{
	struct quote_common common;

	if (!dispense_quote(v->document, in, count, quotes, &common, e))
		return false;
	v->quoted = count;
	wire_quote_common(out, &common);
	for (uint32_t i = 0; i < count; i++)
		wire_stamp_quote(out, &quotes[i]);
	return true;
}

static bool
do_quote(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	struct stamp_request *requests;
	struct stamp_quote *quotes;
	uint32_t count;
	bool ok = false;

	wire_u32(in, &count);
	if (count > STAMPS_MAX)
		return err_set(e, ERR_REQUEST,
		    "the document wants %u stamps; at most %d are issued for "
		    "one document: print it in parts",
		    count, STAMPS_MAX);
	requests = calloc(count ? count : 1, sizeof(*requests));
	quotes = calloc(count ? count : 1, sizeof(*quotes));
	if (requests == NULL || quotes == NULL)
		err_set(e, ERR_SYSTEM, "out of memory");
	else {
		for (uint32_t i = 0; i < count; i++)
			wire_stamp_request(in, &requests[i]);
		ok = wire_done(in) ? quote(v, requests, quotes, count, out, e)
				   : garbled(e);
	}
	free(requests);
	free(quotes);
	return ok;
}

static bool
do_issue(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	struct issued_stamp stamps[PROTOCOL_ISSUE_MAX];
	uint32_t first, count;

	wire_u32(in, &first);
	wire_u32(in, &count);
	if (!wire_done(in) || count > PROTOCOL_ISSUE_MAX || first > v->quoted ||
	    count > v->quoted - first)
		return garbled(e);
	if (!dispense_issue(v->document, first, count, stamps, e))
		return false;
	for (uint32_t i = 0; i < count; i++)
		wire_issued_stamp(out, &stamps[i]);
	return true;
}

static bool
do_finish(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	uint32_t pages;
	uint64_t bytes;

	(void)out;
	wire_u32(in, &pages);
	wire_u64(in, &bytes);
	return wire_done(in) ? dispense_finish(v->document, pages, bytes, e)
			     : garbled(e);
}

static bool
do_refuse(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	struct err why = ERR_INIT;

	(void)out;
	wire_err(in, &why);
	if (!wire_done(in) || why.kind == ERR_NONE)
		return garbled(e);
	return dispense_refuse(v->document, &why, e);
}

static bool
do_outcome(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	struct outcome o = {.refusal = ERR_INIT};

	if (!wire_done(in))
		return garbled(e);
	if (!dispense_outcome(v->document, &o, e))
		return false;
	wire_outcome(out, &o);
	return true;
}

static bool
do_spool(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	bool store;

	(void)out;
	wire_bool(in, &store);
	return wire_done(in) ? dispense_spool(v->document, store, &v->pass, e)
			     : garbled(e);
}

static bool
do_spooled(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	uint64_t bytes;

	(void)out;
	wire_u64(in, &bytes);
	return wire_done(in) ? dispense_spooled(v->document, bytes, e)
			     : garbled(e);
}

static bool
do_sending(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	(void)out;
	return wire_done(in) ? dispense_sending(v->document, e) : garbled(e);
}

static bool
do_settle(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	char note[512];
	uint8_t how;

	(void)out;
	wire_u8(in, &how);
	wire_str(in, note, sizeof(note));
	if (!wire_done(in) || how > SETTLE_UNCERTAIN)
		return garbled(e);
	return dispense_settle(v->document, (enum settle)how, note, e);
}

static bool
do_status(struct serve *v, struct wire *in, struct wire *out, struct err *e)
{
	struct funds f = {0};

	if (!wire_done(in))
		return garbled(e);
	if (!dispense_funds(v->dispense, v->job.queue, &f, e))
		return false;
	wire_funds(out, &f);
	return true;
}

#define MAY(role) (1U << (role))

static const struct {
	enum message type;
	unsigned roles;
	handler *handle;
} handlers[] = {
    {MESSAGE_SHEET, MAY(ROLE_FILTER), do_sheet},
    {MESSAGE_QUOTE, MAY(ROLE_FILTER), do_quote},
    {MESSAGE_ISSUE, MAY(ROLE_FILTER), do_issue},
    {MESSAGE_FINISH, MAY(ROLE_FILTER), do_finish},
    {MESSAGE_REFUSE, MAY(ROLE_FILTER), do_refuse},
    {MESSAGE_OUTCOME, MAY(ROLE_BACKEND), do_outcome},
    {MESSAGE_SPOOL, MAY(ROLE_BACKEND), do_spool},
    {MESSAGE_SPOOLED, MAY(ROLE_BACKEND), do_spooled},
    {MESSAGE_SENDING, MAY(ROLE_BACKEND), do_sending},
    {MESSAGE_SETTLE, MAY(ROLE_BACKEND), do_settle},
    {MESSAGE_STATUS, MAY(ROLE_FILTER) | MAY(ROLE_BACKEND) | MAY(ROLE_STATUS),
	do_status},
};

static bool
dispatch(struct serve *v, enum message type, struct wire *in, struct wire *out,
    struct err *e)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].type == type &&
		    (handlers[i].roles & MAY(v->role)))
			return handlers[i].handle(v, in, out, e);
	return garbled(e);
}

/* What stops the filter is what the backend must act on. */
static void
note_refusal(struct serve *v, const struct err *why)
{
	struct err second = ERR_INIT;

	if (v->role == ROLE_FILTER && v->document &&
	    !dispense_refuse(v->document, why, &second))
		return;
}

static bool
reply(
    struct serve *v, bool ok, struct wire *out, struct err *why, struct err *e)
{
	if (ok && !wire_done(out))
		ok = err_set(why, ERR_REQUEST, "the answer is too long");
	if (!ok) {
		wire_write(out, v->out, PROTOCOL_BODY_MAX);
		wire_err(out, why);
	}
	return protocol_send(v->fd, ok ? MESSAGE_OK : MESSAGE_ERROR, v->out,
	    out->w.pos, ok ? v->pass : -1, e);
}

/* One request and its reply.  *open is false once the peer has left. */
static bool
serve_one(struct serve *v, bool *open, struct err *e)
{
	struct err why = ERR_INIT;
	struct wire in, out;
	enum message type;
	size_t len;
	bool ok;

	if (!protocol_receive(
		v->fd, &type, v->in, PROTOCOL_BODY_MAX, &len, NULL, e)) {
		*open = false;
		return e->kind == ERR_ABSENT;
	}
	wire_read(&in, v->in, len);
	wire_write(&out, v->out, PROTOCOL_BODY_MAX);
	ok = dispatch(v, type, &in, &out, &why);
	if (!ok)
		note_refusal(v, &why);
	ok = reply(v, ok, &out, &why, e);
	if (v->pass >= 0)
		close(v->pass);
	v->pass = -1;
	return ok;
}

static bool
converse(struct serve *v, struct err *e)
{
	struct err why = ERR_INIT;
	struct wire out;
	bool open = true, ok;

	if (!hear_hello(v, e))
		return false;
	ok = admit(v, &why);
	wire_write(&out, v->out, PROTOCOL_BODY_MAX);
	if (!reply(v, ok, &out, &why, e))
		return false;
	if (!ok) {
		*e = why;
		return false;
	}
	while (open)
		if (!serve_one(v, &open, e))
			return false;
	return true;
}

struct telling {
	const struct settings *s;
	serve_alarm_fn *told;
};

static void
tell(void *context, const char *text)
{
	const struct telling *t = context;

	t->told(t->s, text);
}

/* A job is over and its lock is free: nobody waits for a slow mail command. */
static void
tell_alarms(struct serve *v, serve_alarm_fn *told)
{
	struct telling t = {v->s, told};
	struct err ignored = ERR_INIT;

	/* What is wrong with vault or rates was said by the job. */
	if (!dispense_alarms(v->dispense, v->job.queue, tell, &t, &ignored))
		return;
}

bool
serve_connection(const struct settings *s, struct dispense *ready, int fd,
    uid_t uid, serve_alarm_fn *told, struct err *e)
{
	struct serve v = {.s = s,
	    .fd = fd,
	    .uid = uid,
	    .dispense = ready,
	    .pass = -1,
	    .lock = LOCK_NONE};
	bool ok, job_over;

	v.in = malloc(PROTOCOL_BODY_MAX);
	v.out = malloc(PROTOCOL_BODY_MAX);
	if (v.in && v.out)
		ok = converse(&v, e);
	else
		ok = err_set(e, ERR_SYSTEM, "out of memory");
	/* What a peer that was not let in says it is proves nothing. */
	job_over = v.document != NULL && v.role == ROLE_BACKEND;
	dispense_document_close(v.document);
	lock_release(&v.lock);
	if (told != NULL && job_over)
		tell_alarms(&v, told);
	dispense_close(v.dispense);
	free(v.in);
	free(v.out);
	return ok;
}
