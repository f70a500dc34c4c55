/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "tools/as_owner.h"

#define PROMPT_MAX 256

/* A terminal as it was, and what would end this program meanwhile. */
struct terminal {
	int fd, signals;
	struct termios was;
	sigset_t mask;
	int caught; /* signal, or 0 */
};

/* Where neither output is a person's, nobody would see the question. */
static bool
open_terminal(struct terminal *t)
{
	*t = (struct terminal){.fd = -1, .signals = -1};
	if (isatty(STDERR_FILENO) || isatty(STDOUT_FILENO))
		t->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->fd >= 0 && tcgetattr(t->fd, &t->was) == 0)
		return true;
	if (t->fd >= 0)
		close(t->fd);
	return false;
}

/* A signal must not leave the terminal without its echo. */
static void
hush(struct terminal *t, bool echo)
{
	struct termios quiet = t->was;
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGQUIT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGTSTP);
	sigprocmask(SIG_BLOCK, &ends, &t->mask);
	t->signals = signalfd(-1, &ends, SFD_CLOEXEC);
	if (!echo)
		quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(t->fd, TCSADRAIN, &quiet);
}

static void
close_terminal(struct terminal *t)
{
	tcsetattr(t->fd, TCSADRAIN, &t->was);
	close(t->fd);
	if (t->signals >= 0)
		close(t->signals);
	sigprocmask(SIG_SETMASK, &t->mask, NULL);
	if (t->caught != 0)
		raise(t->caught);
}

/* False at a signal, or the end of what is typed. */
static bool
wait_for_key(struct terminal *t)
{
	struct pollfd p[2] = {{.fd = t->fd, .events = POLLIN},
	    {.fd = t->signals, .events = POLLIN}};
	struct signalfd_siginfo info;

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	if (p[1].revents != 0 &&
	    read(t->signals, &info, sizeof(info)) == sizeof(info))
		t->caught = (int)info.ssi_signo;
	return t->caught == 0;
}

/* The next line, byte by byte, so that what follows it stays; what does not
 * fit is read and cut.  False: there is none. */
static bool
read_line(int fd, struct terminal *t, char out[PIN_BYTES])
{
	size_t n = 0;
	char c = '\0';

	memset(out, 0, PIN_BYTES);
	while (
	    (t == NULL || wait_for_key(t)) && read(fd, &c, 1) == 1 && c != '\n')
		if (n + 1 < PIN_BYTES && c != '\r')
			out[n++] = c;
	return c == '\n' || n > 0;
}

static bool
type(const char *prompt, bool echo, char out[PIN_BYTES], bool *there,
    struct err *e)
{
	struct terminal t;
	bool typed;

	*there = open_terminal(&t);
	if (!*there)
		return false;
	hush(&t, echo);
	dprintf(t.fd, "%s: ", prompt);
	typed = read_line(t.fd, &t, out);
	if (!echo)
		dprintf(t.fd, "\n");
	close_terminal(&t);
	return (typed && out[0] != '\0') ||
	       err_set(e, ERR_REQUEST, "%s: nothing was typed", prompt);
}

static bool
type_secret(const char *what, char out[PIN_BYTES], struct err *e)
{
	bool there;

	return type(what, false, out, &there, e) || there ||
	       err_set(e, ERR_DENIED,
		   "%s: there is no terminal to type it at; name its file "
		   "(pin-file in postage.conf, --pin-file), or - for standard "
		   "input",
		   what);
}

static bool
is_typed(const char *source)
{
	return source[0] == '\0' ||
	       (strcmp(source, "-") == 0 && isatty(STDIN_FILENO));
}

bool
secret_read(
    const char *source, const char *what, char out[PIN_BYTES], struct err *e)
{
	if (!as_caller(e))
		return false;
	if (is_typed(source))
		return type_secret(what, out, e);
	if (strcmp(source, "-") != 0)
		return pin_read(source, out, e);
	return (read_line(STDIN_FILENO, NULL, out) && out[0] != '\0') ||
	       err_set(e, ERR_CONFIG, "%s: standard input has no line with it",
		   what);
}

bool
secret_read_new(
    const char *source, const char *what, char out[PIN_BYTES], struct err *e)
{
	char again[PIN_BYTES] = "", prompt[PROMPT_MAX];
	bool done = secret_read(source, what, out, e);

	if (done && is_typed(source)) {
		snprintf(prompt, sizeof(prompt), "%s, again", what);
		done = type_secret(prompt, again, e) &&
		       (strcmp(out, again) == 0 ||
			   err_set(e, ERR_REQUEST,
			       "%s: not the same both times, nothing was "
			       "changed",
			       what));
	}
	explicit_bzero(again, sizeof(again));
	return done;
}

bool
secret_agreed(const char *question, bool *yes, struct err *e)
{
	char answer[PIN_BYTES] = "";
	bool there;

	*yes = type(question, true, answer, &there, e) &&
	       strcmp(answer, "yes") == 0;
	*e = (struct err)ERR_INIT;
	return there || err_set(e, ERR_REQUEST,
			    "there is no terminal to ask at: say --yes");
}
