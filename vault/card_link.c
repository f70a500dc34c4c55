/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/card_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "vault/card_child.h"
#include "vault/pinpad.h"

#define TYPING_MS 90000 /* of a person at the reader's keys */

struct card_link {
	int fd;
	pid_t pid;
	int hold_ms; /* for a card that another program may hold */
	uint8_t answer[CARD_MESSAGE_MAX];
};

static void
be_child(int fd)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	/* Nothing of the parent's stays open here: no lock is held by us. */
	dup2(fd, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0U, 0);
	card_child_serve(STDERR_FILENO + 1);
}

bool
card_link_open(int wait_ms, struct card_link **out, struct err *e)
{
	struct card_link *l = calloc(1, sizeof(*l));
	int ends[2];

	if (l == NULL)
		return err_system(e, "memory for a card");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		err_system(e, "socketpair");
		free(l);
		return false;
	}
	l->hold_ms = wait_ms + CARD_SILENCE_MS;
	l->pid = fork();
	if (l->pid == 0)
		be_child(ends[1]);
	close(ends[1]);
	l->fd = ends[0];
	if (l->pid > 0) {
		*out = l;
		return true;
	}
	err_system(e, "fork");
	close(l->fd);
	free(l);
	return false;
}

void
card_link_hurry(struct card_link *l, int ms)
{
	l->hold_ms = ms;
}

void
card_link_close(struct card_link *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	explicit_bzero(l, sizeof(*l));
	free(l);
}

/* --- orders ---------------------------------------------------------------------- */

/* The answer, or the end of patience. */
static bool
await(struct card_link *l, int ms, size_t *len, struct err *e)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};
	int64_t end = clock_ms() + ms;
	ssize_t n;

	for (;;) {
		int64_t left = end - clock_ms();
		int got = poll(&p, 1, left > 0 ? (int)left : 0);

		if (got > 0)
			break;
		if (got == 0)
			return err_set(e, ERR_BUSY,
			    "no answer from the card or its reader for %d s",
			    (ms + 999) / 1000);
		if (errno != EINTR)
			return err_system(e, "poll");
	}
	n = recv(l->fd, l->answer, sizeof(l->answer), 0);
	if (n < 1)
		return err_set(
		    e, ERR_SYSTEM, "the process that reads the card ended");
	*len = (size_t)n;
	return true;
}

static bool
said(const struct card_link *l, size_t len, struct err *e)
{
	enum err_kind kind = (enum err_kind)l->answer[0];

	if (kind == ERR_NONE)
		return true;
	if (kind >= ERR_KINDS)
		kind = ERR_SYSTEM;
	return err_set(
	    e, kind, "%.*s", (int)(len - 1), (const char *)l->answer + 1);
}

static bool
order(struct card_link *l, const struct bytes_writer *message, int ms,
    struct bytes_reader *answer, struct err *e)
{
	size_t len = 0;

	if (message->failed ||
	    send(l->fd, message->ptr, message->pos, MSG_NOSIGNAL) < 0)
		return err_set(
		    e, ERR_SYSTEM, "the process that reads the card ended");
	if (!await(l, ms, &len, e) || !said(l, len, e))
		return false;
	bytes_reader_init(answer, l->answer + 1, len - 1);
	return true;
}

static bool
simple(struct card_link *l, enum card_order what, const void *bytes, size_t len,
    int ms, struct err *e)
{
	uint8_t message[1 + CARD_READER_NAME];
	struct bytes_writer w;
	struct bytes_reader answer;

	bytes_writer_init(&w, message, sizeof(message));
	bytes_write_le(&w, what, 1);
	bytes_write(&w, bytes, len);
	return order(l, &w, ms, &answer, e);
}

static void
read_name(struct bytes_reader *r, char out[CARD_READER_NAME])
{
	size_t n = 0;
	char c;

	memset(out, 0, CARD_READER_NAME);
	while ((c = (char)bytes_read_le(r, 1)) != '\0' && !r->failed)
		if (n + 1 < CARD_READER_NAME)
			out[n++] = c;
}

bool
card_link_readers(
    struct card_link *l, struct card_reader *out, size_t *count, struct err *e)
{
	uint8_t message = ORDER_READERS;
	struct bytes_writer w;
	struct bytes_reader r;

	bytes_writer_init(&w, &message, 1);
	w.pos = 1;
	if (!order(l, &w, CARD_SILENCE_MS, &r, e))
		return false;
	for (*count = 0; bytes_left(&r) > 0 && *count < CARD_READERS_MAX;
	     ++*count) {
		struct card_reader *reader = &out[*count];

		read_name(&r, reader->name);
		reader->present = bytes_read_le(&r, 1) != 0;
		reader->atr_len = (size_t)bytes_read_le(&r, 1);
		if (reader->atr_len > CARD_ATR_MAX)
			r.failed = true;
		else
			bytes_read_into(&r, reader->atr, reader->atr_len);
	}
	return bytes_reader_done(&r) ||
	       err_set(e, ERR_SYSTEM, "the list of readers is cut");
}

bool
card_link_wait(struct card_link *l, int ms, struct err *e)
{
	uint8_t bytes[4];
	struct bytes_writer w;

	bytes_writer_init(&w, bytes, sizeof(bytes));
	bytes_write_le(&w, (uint64_t)ms, 4);
	return simple(
	    l, ORDER_WAIT, bytes, sizeof(bytes), ms + CARD_SILENCE_MS, e);
}

bool
card_link_wake(struct card_link *l, const char *reader, struct err *e)
{
	return simple(
	    l, ORDER_WAKE, reader, strlen(reader), CARD_SILENCE_MS, e);
}

bool
card_link_connect(struct card_link *l, const char *reader, struct err *e)
{
	return simple(l, ORDER_CONNECT, reader, strlen(reader), l->hold_ms, e);
}

bool
card_link_begin(struct card_link *l, struct err *e)
{
	return simple(l, ORDER_BEGIN, NULL, 0, l->hold_ms, e);
}

void
card_link_end(struct card_link *l)
{
	struct err ignored = ERR_INIT;

	(void)!simple(l, ORDER_END, NULL, 0, CARD_SILENCE_MS, &ignored);
}

bool
card_link_send(struct card_link *l, const struct card_command *in, uint8_t *out,
    size_t *len, uint16_t *word, struct err *e)
{
	uint8_t message[1 + CARD_APDU_MAX];
	struct bytes_writer w;
	struct bytes_reader r;
	bool done;

	bytes_writer_init(&w, message, sizeof(message));
	bytes_write_le(&w, ORDER_SEND, 1);
	bytes_write_le(&w, in->cla, 1);
	bytes_write_le(&w, in->ins, 1);
	bytes_write_be(&w, in->p1p2, 2);
	if (in->len > CARD_DATA_MAX)
		return err_set(e, ERR_REQUEST, "too much for one command");
	if (in->len > 0) {
		bytes_write_le(&w, in->len, 1);
		bytes_write(&w, in->data, in->len);
	}
	bytes_write_le(&w, 0, 1);
	done = order(l, &w,
	    in->ms < CARD_SILENCE_MS ? (int)in->ms : CARD_SILENCE_MS, &r, e);
	explicit_bzero(message, sizeof(message));
	if (!done)
		return false;
	if (bytes_left(&r) < 2 || bytes_left(&r) > CARD_REPLY_MAX + 2)
		return err_set(e, ERR_SYSTEM,
		    "the card's answer is longer than a card's can be");
	*len = bytes_left(&r) - 2;
	bytes_read_into(&r, out, *len);
	*word = (uint16_t)bytes_read_be(&r, 2);
	return true;
}

/* An order without bytes, answered by a number of so many. */
static bool
ask_number(struct card_link *l, enum card_order what, size_t width, int ms,
    uint64_t *out, struct err *e)
{
	uint8_t message = (uint8_t)what;
	struct bytes_writer w;
	struct bytes_reader r;

	bytes_writer_init(&w, &message, 1);
	w.pos = 1;
	if (!order(l, &w, ms, &r, e))
		return false;
	*out = bytes_read_be(&r, width);
	return bytes_reader_done(&r) ||
	       err_set(e, ERR_SYSTEM, "the reader's answer is cut");
}

bool
card_link_pad(struct card_link *l, bool *there, struct err *e)
{
	uint64_t number = 0;
	bool done = ask_number(l, ORDER_PAD, 1, CARD_SILENCE_MS, &number, e);

	*there = number == 1;
	return done;
}

bool
card_link_pad_pin(struct card_link *l, uint16_t *word, struct err *e)
{
	uint64_t number = 0;
	bool done = ask_number(l, ORDER_PAD_PIN, 2, TYPING_MS, &number, e);

	*word = (uint16_t)number;
	return done && pinpad_said(*word, e);
}
