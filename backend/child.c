/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/child.h"

#include <cups/cups.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

#define LINGER_MS 1000 /* for a grandchild that keeps stderr open */
#define TICK_MS	  100
#define REAP_MS	  10

/* Applied by pdftopdf or our filter, or the scheduler's own: the printer must
 * not apply them a second time (backend/ipp.c of CUPS sends them even for
 * standard input). */
static const char *const applied[] = {"copies", "Copies", "collate", "Collate",
    "multiple-document-handling", "number-up", "number-up-layout",
    "page-border", "page-ranges", "page-set", "page-delivery", "outputorder",
    "OutputOrder", "orientation-requested", "landscape", "mirror", "booklet",
    "booklet-signature", "print-scaling", "fit-to-page", "fitplot", "fill",
    "scaling", "natural-scaling", "ppi", "position", "page-top", "page-bottom",
    "page-left", "page-right", "page-label", "page-logging", "job-sheets",
    "job-sheets-col", "cpi", "lpi", "columns", "prettyprint", "wrap",
    "job-uuid", "job-originating-host-name", "date-time-at-creation",
    "date-time-at-processing", "time-at-creation", "time-at-processing",
    "document-name-supplied", "document-format", "raw"};

/* Root's, or this user's in a scheduler that is not root's; nobody else's to
 * write.  As _cupsFileCheck() of CUPS. */
static bool
is_safe(const char *path, mode_t type, struct stat *st)
{
	return stat(path, st) == 0 && (st->st_mode & S_IFMT) == type &&
	       (st->st_uid == 0 || st->st_uid == geteuid()) &&
	       (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

const char *
child_serverbin(void)
{
	const char *path = getenv("CUPS_SERVERBIN");
	struct stat st;

	if (path && *path == '/' && strstr(path, "/..") == NULL &&
	    is_safe(path, S_IFDIR, &st))
		return path;
	return POSTAGE_SERVERBIN;
}

bool
child_find(const char *serverbin, const char *scheme, struct program *out,
    struct err *e)
{
	char folder[PATH_MAX];
	struct stat st;
	int len = snprintf(folder, sizeof(folder), "%s/backend", serverbin);

	if (len < 0 || (size_t)len >= sizeof(folder) - DEVICE_SCHEME_MAX)
		return err_set(e, ERR_CONFIG, "%s: too long a path", serverbin);
	if (!is_safe(folder, S_IFDIR, &st))
		return err_set(e, ERR_CONFIG,
		    "the folder %s must be root's and writable by root alone",
		    folder);
	snprintf(out->path, sizeof(out->path), "%.*s/%s",
	    (int)(sizeof(out->path) - DEVICE_SCHEME_MAX - 2), folder, scheme);
	if (stat(out->path, &st) != 0)
		return err_set(e, ERR_CONFIG,
		    "there is no backend \"%s\" in %s; is the printer's "
		    "package "
		    "installed?",
		    scheme, folder);
	if (!is_safe(out->path, S_IFREG, &st) ||
	    (st.st_mode & (S_ISUID | S_ISGID)) != 0 ||
	    (st.st_mode & S_IXUSR) == 0)
		return err_set(e, ERR_CONFIG,
		    "the backend %s has insecure permissions; it must be "
		    "root's, executable and writable by root alone",
		    out->path);
	out->as_root = (st.st_mode & (S_IWGRP | S_IWOTH | S_IXOTH)) == 0;
	return true;
}

/* Each folder above `path`, and each link on the way: of those who may, and
 * nobody else could put another in its place.  Where everybody may make files
 * (/tmp), none but its owner can rename ours. */
static bool
chain_is_safe(const char *path, uid_t own)
{
	char folder[PATH_MAX];
	bool nearest = true;
	char *slash;

	if (!text_copy(folder, sizeof(folder), path))
		return false;
	while ((slash = strrchr(folder, '/')) != NULL && folder[1] != '\0') {
		mode_t open_to;
		struct stat st;

		slash[slash == folder] = '\0';
		if (lstat(folder, &st) != 0 ||
		    (st.st_uid != 0 && st.st_uid != own))
			return false;
		open_to = st.st_mode & (S_IWGRP | S_IWOTH);
		if (!S_ISLNK(st.st_mode) && open_to != 0 &&
		    (nearest || (st.st_mode & S_ISVTX) == 0))
			return false;
		nearest = false;
	}
	return path[0] == '/';
}

bool
child_trusts(const char *path, struct err *e)
{
	char real[PATH_MAX];
	struct stat own = {.st_uid = 0}, st, link;

	if (realpath(path, real) == NULL) {
		err_system(e, "the printer's driver %s", path);
		e->kind = ERR_CONFIG;
		return false;
	}
	/* Where the scheduler is not root's, its programs are its user's. */
	if (stat("/proc/self/exe", &own) != 0)
		own.st_uid = 0;
	if (lstat(path, &link) == 0 && stat(real, &st) == 0 &&
	    S_ISREG(st.st_mode) &&
	    (st.st_uid == 0 || st.st_uid == own.st_uid) &&
	    (link.st_uid == 0 || link.st_uid == own.st_uid) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH | S_ISUID | S_ISGID)) == 0 &&
	    chain_is_safe(path, own.st_uid) && chain_is_safe(real, own.st_uid))
		return true;
	return err_set(e, ERR_CONFIG,
	    "the printer's driver %s has insecure permissions; it and every "
	    "folder above it must be root's and writable by root alone",
	    path);
}

static bool
may_see(const cups_option_t *o)
{
	for (size_t i = 0; i < sizeof(applied) / sizeof(applied[0]); i++)
		if (strcasecmp(o->name, applied[i]) == 0)
			return false;
	if (strncasecmp(o->name, "Postage", 7) == 0)
		return false;
	for (const char *s = o->name; *s; s++)
		if (*s <= ' ' || *s > '~' || strchr("\"'\\={}", *s))
			return false;
	for (const char *s = o->value; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* name=value with every special character behind a backslash.  False if it
 * does not fit; nothing is then written. */
static bool
append(char *out, size_t *len, const cups_option_t *o)
{
	size_t pos = *len;

	if (pos + strlen(o->name) + 2 * strlen(o->value) + 3 >
	    CHILD_OPTIONS_MAX)
		return false;
	pos += (size_t)snprintf(out + pos, CHILD_OPTIONS_MAX - pos,
	    "%s%s=", pos ? " " : "", o->name);
	for (const char *s = o->value; *s; s++) {
		if (strchr(" \\\"'{}", *s))
			out[pos++] = '\\';
		out[pos++] = *s;
	}
	out[pos] = '\0';
	*len = pos;
	return true;
}

void
child_options(const char *in, char *out)
{
	cups_option_t *options = NULL;
	int count = cupsParseOptions(in, 0, &options);
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < count; i++)
		if (may_see(&options[i]) && !append(out, &len, &options[i]))
			break;
	cupsFreeOptions(count, options);
}

/* The rest runs in the child: only what is safe between fork and exec of a
 * process with one thread.  Reports errno through `report`. */
static void
become(const struct child *c, uid_t uid, gid_t gid)
{
	if (geteuid() != 0 || c->program->as_root)
		return;
	if (setgroups(1, &gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
		_exit(EXIT_STOP);
}

/* A group of its own: the scheduler's signal to ours comes once, through
 * child_wait().  CUPS's ipp takes a second one for "at once" and no longer tells
 * the printer.  So the scheduler's SIGKILL would not reach it either: it dies
 * with us. */
static void
stand_apart(pid_t parent)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
}

static void
run(const struct child *c, int input, int log_fd, int report, uid_t uid,
    gid_t gid, pid_t parent)
{
	/* execv(3) does not write to its strings. */
	union {
		const char *in;
		char *out;
	} text[] = {{c->device->shown}, {c->job}, {c->user}, {c->title},
	    {c->file ? c->copies : "1"}, {c->options}, {c->file}};
	char *argv[8] = {0};
	struct sigaction plain = {.sa_handler = SIG_DFL};
	ssize_t done;
	int code;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		argv[i] = text[i].out;
	sigaction(SIGTERM, &plain, NULL);
	sigaction(SIGINT, &plain, NULL);
	sigaction(SIGPIPE, &plain, NULL);
	if (dup2(input, STDIN_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		_exit(EXIT_STOP);
	become(c, uid, gid);
	stand_apart(parent); /* a change of the user undoes it */
	execv(c->program->path, argv);
	code = errno;
	done = write(report, &code, sizeof(code));
	_exit(done == (ssize_t)sizeof(code) ? EXIT_STOP : EXIT_FAILED);
}

/* Waits for exec (end of file) or its errno. */
static bool
exec_worked(int report, const char *path, struct err *e)
{
	int code = 0;
	ssize_t len;

	do
		len = read(report, &code, sizeof(code));
	while (len < 0 && errno == EINTR);
	if (len == 0)
		return true;
	errno = len == (ssize_t)sizeof(code) ? code : EIO;
	err_system(e, "cannot run the backend %s", path);
	e->kind = ERR_CONFIG;
	return false;
}

static bool
set_environment(const struct child *c, struct err *e)
{
	/* Ours are no business of a printer's backend. */
	if (setenv("DEVICE_URI", c->device->uri, 1) != 0 ||
	    unsetenv("POSTAGE_CONF") != 0 ||
	    (c->final_type &&
		setenv("FINAL_CONTENT_TYPE", c->final_type, 1) != 0))
		return err_system(e, "setenv");
	return true;
}

/* The document, or nothing where the backend has a file's name. */
static int
open_input(const struct child *c, struct feed *feed, struct err *e)
{
	int fd;

	if (c->file == NULL)
		return feed_open(feed, c->input, e) ? feed->end : -1;
	feed_none(feed);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err_system(e, "/dev/null");
	feed->end = fd;
	return fd;
}

static void
close_all(int *fd, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

bool
child_start(const struct child *c, struct child_run *out, struct err *e)
{
	struct passwd *pw = getpwnam(c->printing_user);
	int log_pipe[2] = {-1, -1}, report[2] = {-1, -1}, input;
	pid_t own = getpid();
	bool done = false;

	out->log_fd = -1;
	feed_none(&out->feed);
	if (pw == NULL && geteuid() == 0)
		return err_set(
		    e, ERR_CONFIG, "no such user: %s", c->printing_user);
	if (!set_environment(c, e))
		return false;
	input = open_input(c, &out->feed, e);
	if (input < 0)
		goto out;
	if (pipe2(log_pipe, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
		err_system(e, "pipe");
		goto out;
	}
	out->pid = fork();
	if (out->pid == 0)
		run(c, input, log_pipe[1], report[1],
		    pw ? pw->pw_uid : getuid(), pw ? pw->pw_gid : getgid(),
		    own);
	if (out->pid < 0) {
		err_system(e, "fork");
		goto out;
	}
	close(report[1]);
	report[1] = -1;
	done = exec_worked(report[0], c->program->path, e);
	if (!done)
		while (waitpid(out->pid, NULL, 0) < 0 && errno == EINTR)
			;
out:
	if (done) {
		out->log_fd = log_pipe[0];
		log_pipe[0] = -1;
	} else {
		feed_end(&out->feed);
	}
	close_all(log_pipe, 2);
	close_all(report, 2);
	return done;
}

static void
fill(struct child_end *end, int status)
{
	end->started = true;
	end->signalled = WIFSIGNALED(status);
	end->code = end->signalled ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* As the scheduler does it: root's to the group, another's to the process. */
static void
pass_on(pid_t pid, int number)
{
	kill(geteuid() == 0 ? -pid : pid, number);
}

/* One read of the child's stderr.  False at its end. */
static bool
pump(int log_fd, struct relay *r, relay_sink *sink, void *context)
{
	char bytes[4096];
	ssize_t len = read(log_fd, bytes, sizeof(bytes));

	if (len > 0)
		relay_feed(r, bytes, (size_t)len, sink, context);
	return len > 0 || (len < 0 && errno == EINTR);
}

void
child_wait(struct child_run *run, const volatile int *stop, struct relay *r,
    relay_sink *sink, void *context, struct child_end *end)
{
	bool ended = false, open = true;
	int status = 0, linger = LINGER_MS;

	while (!ended || (open && linger > 0)) {
		struct pollfd p[] = {
		    {.fd = open ? run->log_fd : -1, .events = POLLIN},
		    {.fd = run->feed.put, .events = POLLOUT}};
		int count;

		if (*stop && !end->stopped && !ended) {
			pass_on(run->pid, *stop);
			end->stopped = true;
		}
		count = poll(p, 2, open ? TICK_MS : REAP_MS);
		if (count > 0 && p[0].revents)
			open = pump(run->log_fd, r, sink, context);
		if (count > 0 && p[1].revents)
			feed_more(&run->feed);
		if (count <= 0 && ended)
			linger -= TICK_MS;
		if (!ended && waitpid(run->pid, &status, WNOHANG) == run->pid) {
			ended = true;
			end->consumed = feed_end(&run->feed);
		}
	}
	relay_end(r, sink, context);
	close(run->log_fd);
	fill(end, status);
}
