/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_BYTES 5 /* u32 length, u8 type */

void
wire_read(struct wire *w, const void *ptr, size_t len)
{
	*w = (struct wire){.writing = false};
	bytes_reader_init(&w->r, ptr, len);
}

void
wire_write(struct wire *w, void *ptr, size_t size)
{
	*w = (struct wire){.writing = true};
	bytes_writer_init(&w->w, ptr, size);
}

bool
wire_done(struct wire *w)
{
	if (w->writing)
		w->failed = w->failed || w->w.failed;
	else
		w->failed = w->failed || !bytes_reader_done(&w->r);
	return !w->failed;
}

/* Marks the message as wrong. */
static void
wire_fail(struct wire *w)
{
	w->failed = true;
}

/* What is read into may be anything before: its value is looked at only when
 * writing. */
static uint64_t
number(struct wire *w, uint64_t value, size_t width_bytes)
{
	if (!w->writing)
		return bytes_read_le(&w->r, width_bytes);
	bytes_write_le(&w->w, value, width_bytes);
	return value;
}

void
wire_u8(struct wire *w, uint8_t *value)
{
	*value = (uint8_t)number(w, w->writing ? *value : 0, 1);
}

void
wire_u16(struct wire *w, uint16_t *value)
{
	*value = (uint16_t)number(w, w->writing ? *value : 0, 2);
}

void
wire_u32(struct wire *w, uint32_t *value)
{
	*value = (uint32_t)number(w, w->writing ? *value : 0, 4);
}

void
wire_u64(struct wire *w, uint64_t *value)
{
	*value = number(w, w->writing ? *value : 0, 8);
}

static void
wire_mils(struct wire *w, mils *value)
{
	*value = (mils)number(w, w->writing ? (uint64_t)*value : 0, 8);
}

static void
wire_i32(struct wire *w, int32_t *value)
{
	*value =
	    (int32_t)(uint32_t)number(w, w->writing ? (uint32_t)*value : 0, 4);
}

void
wire_str(struct wire *w, char *text, size_t size)
{
	if (w->writing)
		bytes_write_str(&w->w, text);
	else
		bytes_read_str(&w->r, text, size);
}

/* An enumeration or flag from 0 to `max`. */
static unsigned
choice(struct wire *w, unsigned value, unsigned max)
{
	unsigned got = (unsigned)number(w, value, 1);

	if (got > max) {
		wire_fail(w);
		return 0;
	}
	return got;
}

void
wire_bool(struct wire *w, bool *value)
{
	*value = choice(w, w->writing && *value, 1) == 1;
}

void
wire_job(struct wire *w, struct job *job)
{
	wire_str(w, job->queue, sizeof(job->queue));
	wire_u32(w, &job->id);
	wire_str(w, job->uuid, sizeof(job->uuid));
	wire_u32(w, &job->created);
	wire_u32(w, &job->processing);
	wire_str(w, job->user, sizeof(job->user));
	wire_u32(w, &job->documents);
}

static void
wire_mark(struct wire *w, struct mark *m)
{
	wire_bool(w, &m->has_amount);
	wire_mils(w, &m->amount);
	wire_str(w, m->rate_class, sizeof(m->rate_class));
	wire_str(w, m->extra, sizeof(m->extra));
	wire_u32(w, &m->weight_mg);
	wire_u64(w, &m->to);
	wire_u32(w, &m->from);
	wire_u32(w, &m->origin);
	wire_u32(w, &m->date);
	wire_u32(w, &m->mailby);
	wire_str(w, m->cost, sizeof(m->cost));
	m->size = choice(w, w->writing ? m->size : 0, SIZE_ENVELOPE);
	m->at = choice(w, w->writing ? m->at : 0, AT_CENTER);
	m->kind = choice(w, w->writing ? m->kind : 0, KIND_SPECIMEN);
}

void
wire_stamp_request(struct wire *w, struct stamp_request *s)
{
	wire_u32(w, &s->page);
	wire_u32(w, &s->place);
	wire_u32(w, &s->copy);
	wire_i32(w, &s->x_um);
	wire_i32(w, &s->y_um);
	wire_mark(w, &s->mark);
	wire_u64(w, &s->sheet_serial);
	wire_u16(w, &s->label);
}

void
wire_stamp_quote(struct wire *w, struct stamp_quote *q)
{
	wire_mils(w, &q->amount);
	wire_mils(w, &q->surcharge);
	wire_str(w, q->surcharges, sizeof(q->surcharges));
	wire_u32(w, &q->mail_date);
	wire_u32(w, &q->mailby);
	wire_u32(w, &q->origin_zip);
	wire_str(w, q->category, sizeof(q->category));
	wire_str(w, q->class_name, sizeof(q->class_name));
	wire_u16(w, &q->indicium_len);
}

void
wire_quote_common(struct wire *w, struct quote_common *q)
{
	wire_str(w, q->psd_id, sizeof(q->psd_id));
	wire_u32(w, &q->psd_expires);
	wire_str(w, q->origin_place, sizeof(q->origin_place));
	wire_bool(w, &q->specimen);
	wire_mils(w, &q->total);
	wire_mils(w, &q->descending);
}

void
wire_issued_stamp(struct wire *w, struct issued_stamp *s)
{
	wire_u16(w, &s->len);
	if (s->len > sizeof(s->indicium)) {
		s->len = 0;
		wire_fail(w);
	}
	if (w->writing)
		bytes_write(&w->w, s->indicium, s->len);
	else
		bytes_read_into(&w->r, s->indicium, s->len);
}

void
wire_err(struct wire *w, struct err *e)
{
	e->kind = choice(w, w->writing ? e->kind : 0, ERR_KINDS - 1);
	wire_str(w, e->text, sizeof(e->text));
}

void
wire_outcome(struct wire *w, struct outcome *o)
{
	wire_bool(w, &o->finished);
	wire_bool(w, &o->delivered);
	wire_bool(w, &o->uncertain);
	wire_bool(w, &o->spooled);
	wire_u32(w, &o->stamps);
	wire_err(w, &o->refusal);
}

void
wire_funds(struct wire *w, struct funds *f)
{
	wire_mils(w, &f->descending);
	wire_mils(w, &f->low);
	wire_mils(w, &f->full);
	wire_str(w, f->vault, sizeof(f->vault));
	wire_str(w, f->psd_id, sizeof(f->psd_id));
	wire_str(w, f->budget, sizeof(f->budget));
	wire_mils(w, &f->budget_left);
	wire_mils(w, &f->budget_low);
}

static bool
gone(struct err *e, const char *what)
{
	bool late = errno == EAGAIN || errno == EWOULDBLOCK;

	return err_set(e, ERR_ABSENT, "%s: %s", what,
	    late ? "no answer in time" : strerror(errno));
}

/* The first byte carries the descriptor, if one is passed. */
static ssize_t
send_some(int fd, const void *ptr, size_t len, int passed)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)ptr, .iov_len = len};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (passed >= 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &passed, sizeof(int));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static bool
send_all(int fd, const void *ptr, size_t len, int passed, struct err *e)
{
	const uint8_t *at = ptr;

	while (len > 0) {
		ssize_t n = send_some(fd, at, len, passed);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return gone(e, "postage-vaultd connection");
		passed = -1;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool
protocol_send(int fd, enum message type, const void *body, size_t len,
    int passed, struct err *e)
{
	uint8_t header[HEADER_BYTES];
	struct bytes_writer w;

	if (len > PROTOCOL_BODY_MAX)
		return err_set(e, ERR_REQUEST,
		    "the document needs a message of %zu bytes; split it", len);
	bytes_writer_init(&w, header, sizeof(header));
	bytes_write_le(&w, len + 1, 4);
	bytes_write_le(&w, (uint64_t)type, 1);
	return send_all(fd, header, sizeof(header), passed, e) &&
	       send_all(fd, body, len, -1, e);
}

static void
take_descriptor(struct msghdr *msg, int *passed)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    c->cmsg_len != CMSG_LEN(sizeof(int)))
			continue;
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
		if (passed && *passed < 0)
			*passed = fd;
		else
			close(fd);
	}
}

static bool
receive_all(int fd, void *ptr, size_t len, int *passed, struct err *e)
{
	uint8_t *at = ptr;

	while (len > 0) {
		struct iovec iov = {.iov_base = at, .iov_len = len};
		union {
			struct cmsghdr align;
			char space[CMSG_SPACE(sizeof(int))];
		} control;
		struct msghdr msg = {.msg_iov = &iov,
		    .msg_iovlen = 1,
		    .msg_control = control.space,
		    .msg_controllen = sizeof(control.space)};
		ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return gone(e, "postage-vaultd connection");
		take_descriptor(&msg, passed);
		if (n == 0)
			return err_set(e, ERR_ABSENT,
			    "postage-vaultd connection: closed by the other "
			    "side");
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
receive_message(int fd, enum message *type, void *body, size_t size,
    size_t *len, int *passed, struct err *e)
{
	uint8_t header[HEADER_BYTES];
	struct bytes_reader r;
	size_t rest;

	if (!receive_all(fd, header, sizeof(header), passed, e))
		return false;
	bytes_reader_init(&r, header, sizeof(header));
	rest = (size_t)bytes_read_le(&r, 4);
	*type = (enum message)bytes_read_le(&r, 1);
	if (rest < 1 || rest - 1 > size)
		return err_set(e, ERR_REQUEST,
		    "postage-vaultd connection: message of %zu bytes, at most "
		    "%zu allowed",
		    rest, size);
	*len = rest - 1;
	return receive_all(fd, body, *len, passed, e);
}

bool
protocol_receive(int fd, enum message *type, void *body, size_t size,
    size_t *len, int *passed, struct err *e)
{
	if (passed)
		*passed = -1;
	if (receive_message(fd, type, body, size, len, passed, e))
		return true;
	if (passed && *passed >= 0) {
		close(*passed);
		*passed = -1;
	}
	return false;
}
