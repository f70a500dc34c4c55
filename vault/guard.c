/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/text.h"

#define ANSWER_MS 10000 /* longest silence of a device that works */
#define REAP_MS	  500
#define NAP_US	  200

static const struct guard_driver *const drivers[] = {
    &guard_tpm_driver,
    &guard_button_driver,
};

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

static const struct guard_driver *
find_driver(const char *uri, const char **rest)
{
	for (size_t i = 0; i < DRIVERS; i++) {
		size_t len = strlen(drivers[i]->kind);

		if (strncmp(uri, drivers[i]->kind, len) == 0 &&
		    uri[len] == ':') {
			*rest = uri + len + 1;
			return drivers[i];
		}
	}
	return NULL;
}

bool
guard_known(const char *uri, struct err *e)
{
	const char *rest;
	const struct guard_driver *driver = find_driver(uri, &rest);
	char clean[GUARD_URI];

	if (driver != NULL && strlen(uri) < GUARD_URI)
		return driver->known(rest, e);
	return err_set(e, ERR_CONFIG,
	    "\"%s\": no kind of guard; write tpm: or "
	    "button:",
	    text_clean(uri, clean, sizeof(clean)));
}

enum guard_verdict
guard_compare(uint64_t epoch, uint64_t count)
{
	if (epoch == count)
		return GUARD_CURRENT;
	if (epoch < count)
		return GUARD_ROLLED_BACK;
	return epoch - count == 1 ? GUARD_UNCOUNTED : GUARD_FOREIGN;
}

/* --- as bytes ------------------------------------------------------------------ */

void
guard_encode(const struct guard *in, uint8_t out[GUARD_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, GUARD_BYTES);
	bytes_write(&w, in->uri, GUARD_URI);
	bytes_write_le(&w, in->id_len, 1);
	bytes_write(&w, in->id, GUARD_ID);
	bytes_write(&w, in->secret, GUARD_SECRET);
	bytes_write(&w, in->maker, GUARD_MAKER);
	bytes_write_le(&w, in->software, 1);
	bytes_write_le(&w, in->epoch, 8);
}

/* Text, and nothing behind its end. */
static bool
is_text(const char *text, size_t size)
{
	char clean[GUARD_URI];
	size_t len = strnlen(text, size);

	for (size_t i = len; i < size; i++)
		if (text[i] != '\0')
			return false;
	return len < size && strcmp(text_clean(text, clean, size), text) == 0;
}

bool
guard_decode(const uint8_t in[GUARD_BYTES], struct guard *out, struct err *e)
{
	static const uint8_t none[GUARD_BYTES];
	struct bytes_reader r;
	uint64_t software;
	bool sound;

	memset(out, 0, sizeof(*out));
	if (memcmp(in, none, GUARD_BYTES) == 0)
		return true;
	bytes_reader_init(&r, in, GUARD_BYTES);
	bytes_read_into(&r, out->uri, GUARD_URI);
	out->id_len = (size_t)bytes_read_le(&r, 1);
	bytes_read_into(&r, out->id, GUARD_ID);
	bytes_read_into(&r, out->secret, GUARD_SECRET);
	bytes_read_into(&r, out->maker, GUARD_MAKER);
	software = bytes_read_le(&r, 1);
	out->software = software == 1;
	out->epoch = bytes_read_le(&r, 8);
	sound = bytes_reader_done(&r) && software <= 1 &&
		out->id_len <= GUARD_ID && is_text(out->uri, GUARD_URI) &&
		is_text(out->maker, GUARD_MAKER);
	if (sound && guard_known(out->uri, e))
		return true;
	memset(out, 0, sizeof(*out));
	return err_set(e, ERR_CORRUPT,
	    "the vault has a guard that this version does not know");
}

/* --- the child ------------------------------------------------------------------ */

enum call { CALL_MAKE, CALL_READ, CALL_STEP, CALL_FORGET };

/* One message: both ends are this program. */
struct answer {
	bool done;
	struct err e;
	struct guard guard;
	uint64_t count;
};

static bool
call_driver(enum call call, struct answer *a)
{
	const char *rest = NULL;
	const struct guard_driver *d = find_driver(a->guard.uri, &rest);
	char copy[GUARD_URI];

	if (d == NULL)
		return err_set(&a->e, ERR_CONFIG, "no kind of guard");
	text_copy(copy, sizeof(copy), rest);
	switch (call) {
	case CALL_MAKE: return d->make(copy, &a->guard, &a->count, &a->e);
	case CALL_READ: return d->read(copy, &a->guard, &a->count, &a->e);
	case CALL_STEP: return d->step(copy, &a->guard, &a->count, &a->e);
	default: return d->forget(copy, &a->guard, &a->e);
	}
}

/* A verb that root runs as the vault's owner could become root again. */
static bool
stay_owner(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

static _Noreturn void
be_child(int fd, enum call call, struct answer *a)
{
	sigset_t none;
	ssize_t n;

	if (!stay_owner())
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	/* Nothing of the parent's stays open here: no lock is held by us. */
	dup2(fd, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0U, 0);
	a->done = call_driver(call, a);
	n = send(STDERR_FILENO + 1, a, sizeof(*a), MSG_NOSIGNAL);
	_exit(n == sizeof(*a) ? 0 : 1);
}

static bool
await(int fd, struct answer *a, struct err *e)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t end = clock_ms() + ANSWER_MS;

	for (;;) {
		int64_t left = end - clock_ms();
		int got = poll(&p, 1, left > 0 ? (int)left : 0);

		if (got > 0)
			break;
		if (got == 0)
			return err_set(e, ERR_BUSY, "no answer for %d s",
			    ANSWER_MS / 1000);
		if (errno != EINTR)
			return err_system(e, "poll");
	}
	if (recv(fd, a, sizeof(*a), 0) != sizeof(*a))
		return err_set(e, ERR_SYSTEM, "the process that asks it ended");
	if (!a->done)
		*e = a->e;
	return a->done;
}

/* A child that hangs in the kernel's driver dies when that comes back; nobody
 * waits for it. */
static void
end_child(pid_t child)
{
	int64_t end = clock_ms() + REAP_MS;

	kill(child, SIGKILL);
	while (waitpid(child, NULL, WNOHANG) == 0 && clock_ms() < end)
		usleep(NAP_US);
}

static bool
in_child(enum call call, struct answer *a, struct err *e)
{
	int ends[2];
	pid_t child;
	bool done;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return err_system(e, "socketpair");
	child = fork();
	if (child == 0)
		be_child(ends[1], call, a);
	close(ends[1]);
	done = child > 0 ? await(ends[0], a, e) : err_system(e, "fork");
	close(ends[0]);
	if (child < 0)
		return false;
	end_child(child);
	return done;
}

static bool
named(const char *uri, bool done, struct err *e)
{
	return done || err_prefix(e, "guard %s", uri);
}

bool
guard_make(const char *uri, struct guard *out, struct err *e)
{
	struct answer a = {.e = ERR_INIT};
	bool done;

	if (!guard_known(uri, e))
		return false;
	text_copy(a.guard.uri, sizeof(a.guard.uri), uri);
	done = in_child(CALL_MAKE, &a, e);
	if (done) {
		*out = a.guard;
		out->epoch = a.count;
	}
	explicit_bzero(&a, sizeof(a));
	return named(uri, done, e);
}

static bool
ask(enum call call, const struct guard *g, uint64_t *count, struct err *e)
{
	struct answer a = {.e = ERR_INIT, .guard = *g};
	bool done = in_child(call, &a, e);

	*count = a.count;
	explicit_bzero(&a, sizeof(a));
	return named(g->uri, done, e);
}

bool
guard_read(const struct guard *g, uint64_t *count, struct err *e)
{
	return ask(CALL_READ, g, count, e);
}

bool
guard_step(const struct guard *g, uint64_t *count, struct err *e)
{
	return ask(CALL_STEP, g, count, e);
}

bool
guard_forget(const struct guard *g, struct err *e)
{
	uint64_t ignored;

	return ask(CALL_FORGET, g, &ignored, e);
}
