/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage-vaultd: owns vault, policy and journal.  See postage-vaultd(8).
 *
 * One child per connection, made before it comes, so that a slow card or
 * scheduler holds up its own job only, and a crash ends one job only.  What two
 * children must not do at once is guarded by locks on files (job, vault) and by
 * SQLite (journal).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/text.h"
#include "dispense/alarm.h"
#include "dispense/serve.h"
#include "dispense/settings.h"
#include "stamp/sig.h"

#define CHILDREN_MAX   64
#define ACTIVATION_FD  3 /* sd_listen_fds(3) */
#define REAP_PERIOD_MS 1000

static volatile sig_atomic_t stopping;

static void
on_stop(int signal_number)
{
	(void)signal_number;
	stopping = 1;
}

static void
on_child(int signal_number)
{
	(void)signal_number; /* only ends poll(2) */
}

static bool
catch_signals(struct err *e)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct sigaction child = {
	    .sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (sigaction(SIGTERM, &stop, NULL) || sigaction(SIGINT, &stop, NULL) ||
	    sigaction(SIGCHLD, &child, NULL) ||
	    sigaction(SIGPIPE, &ignore, NULL))
		return err_system(e, "sigaction");
	return true;
}

/* The socket that systemd made, or -1. */
static int
activated_socket(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t number;

	if (pid == NULL || fds == NULL || strcmp(fds, "1") != 0 ||
	    !text_to_u64(pid, INT32_MAX, &number) || (pid_t)number != getpid())
		return -1;
	return ACTIVATION_FD;
}

/* A folder of user `uid`, made where it is missing. */
static bool
own_folder(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *e)
{
	int fd;
	bool done;

	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return err_system(e, "create %s", path);
	if (geteuid() != 0)
		return true;
	/* Not what a link of that name leads to. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	done = fd >= 0 && fchown(fd, uid, gid) == 0 && fchmod(fd, mode) == 0;
	if (!done)
		err_system(e, "own %s", path);
	if (fd >= 0)
		close(fd);
	return done;
}

/* The socket gets its group and mode as it is made: its folder is the daemon's
 * user's, who could put another file there before a chown(2) of root's. */
static bool
bind_as(int fd, const struct sockaddr_un *addr, gid_t group)
{
	gid_t own = getegid();
	bool done;

	unlink(addr->sun_path);
	if (geteuid() == 0 && setegid(group) != 0)
		return false;
	umask(0117);
	done = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0;
	if (geteuid() == 0 && setegid(own) != 0)
		return false;
	return done;
}

static int
bound_socket(
    const struct settings *s, const struct passwd *printing, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (!text_copy(addr.sun_path, sizeof(addr.sun_path), s->socket)) {
		err_set(e, ERR_CONFIG, "socket path too long: %s", s->socket);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_system(e, "socket");
		return -1;
	}
	if (!bind_as(fd, &addr, printing->pw_gid) ||
	    listen(fd, CHILDREN_MAX) != 0) {
		err_system(e, "listen on %s", s->socket);
		close(fd);
		return -1;
	}
	return fd;
}

/* From root to the daemon's own user; nothing to do if started as it. */
static bool
become(const struct passwd *pw, struct err *e)
{
	if (geteuid() != 0)
		return true;
	if (initgroups(pw->pw_name, pw->pw_gid) != 0 ||
	    setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0)
		return err_system(e, "become user %s", pw->pw_name);
	return true;
}

/* Key and PIN stay out of core dumps, and of other processes of this user. */
static bool
keep_memory(struct err *e)
{
	struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_system(e, "keep secrets in memory");
	return true;
}

/* Folders and socket while root, then no more root.  Returns the socket. */
static int
prepare(const struct settings *s, const char *user, struct err *e)
{
	struct passwd *pw = getpwnam(s->printing_user), printing, own;
	int fd = activated_socket();

	if (pw == NULL) {
		err_set(e, ERR_CONFIG, "no such user: %s", s->printing_user);
		return -1;
	}
	printing = *pw; /* only numbers of it are used below */
	pw = geteuid() == 0 ? getpwnam(user) : getpwuid(geteuid());
	if (pw == NULL) {
		err_set(e, ERR_CONFIG,
		    "no such user: %s (create it with `systemd-sysusers`)",
		    user);
		return -1;
	}
	own = *pw;
	if (!own_folder(s->state_dir, 0700, own.pw_uid, own.pw_gid, e) ||
	    !own_folder(s->run_dir, 0755, own.pw_uid, own.pw_gid, e))
		return -1;
	if (fd < 0)
		fd = bound_socket(s, &printing, e);
	umask(077);
	if (fd >= 0 && (!become(&own, e) || !keep_memory(e))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Waits for a connection and says so; the parent's end is the end of a spare
 * child, but not of one that has a connection. */
static int
await_connection(int listener, int taken)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	int fd = -1;

	while (fd < 0)
		if (poll(&p, 1, -1) > 0)
			fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	if (write(taken, "", 1) != 1)
		log_debug("the daemon is gone");
	close(taken);
	close(listener);
	return fd;
}

static void
tell_person(const struct settings *s, const char *text)
{
	struct err e = ERR_INIT;

	log_warning("%s", text);
	if (s->alarm[0] != '\0' && !alarm_run(s->alarm, text, &e))
		log_warning("%s", e.text);
}

/* A child may have waited for days: what it goes by is what lies there now. */
static void
refresh(const char *config, struct settings *s, struct dispense **ready)
{
	struct err e = ERR_INIT;

	if (settings_changed(config, s)) {
		dispense_close(*ready);
		*ready = NULL;
		if (!settings_load(config, s, &e)) {
			log_error("%s", e.text);
			s->wrong = e;
		}
	} else if (*ready != NULL && !dispense_is_current(*ready)) {
		dispense_close(*ready);
		*ready = NULL;
	}
}

/* What the daemon goes by, and the socket it listens on. */
struct daemon {
	const char *config;
	struct settings *settings;
	int listener;
};

static void
run_child(const struct daemon *d, pid_t parent, int taken)
{
	struct settings *s = d->settings;
	struct err e = ERR_INIT;
	struct dispense *ready = NULL;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct sigaction plain = {.sa_handler = SIG_DFL};
	int fd;

	sigaction(SIGTERM, &plain, NULL);
	sigaction(SIGINT, &plain, NULL);
	sigaction(SIGCHLD, &plain, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 ||
	    getppid() != parent)
		_exit(EXIT_FAILURE);
	sig_prepare();
	refresh(d->config, s, &ready);
	/* What is wrong is said to the one who asks. */
	if (s->wrong.kind == ERR_NONE && !dispense_open(s, &ready, &e))
		e = (struct err)ERR_INIT;
	fd = await_connection(d->listener, taken);
	refresh(d->config, s, &ready);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		err_system(&e, "SO_PEERCRED");
	else if (serve_connection(s, ready, fd, peer.uid, tell_person, &e))
		_exit(EXIT_SUCCESS);
	log_warning("%s", e.text);
	_exit(EXIT_FAILURE);
}

/* The child that will serve the next connection.  It is made before, so that
 * nobody waits for what each child does once; and as it keeps the journal open,
 * SQLite's write-ahead log lasts from job to job. */
struct spare {
	pid_t pid; /* 0: there is none */
	int taken; /* a byte when it has a connection; hung up if it is dead */
};

static void
spare_make(struct spare *spare, const struct daemon *d)
{
	pid_t parent = getpid();
	int pipe_ends[2];

	if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
		log_error("pipe: %s", strerror(errno));
		return;
	}
	spare->pid = fork();
	if (spare->pid == 0) {
		close(pipe_ends[0]);
		run_child(d, parent, pipe_ends[1]);
	}
	close(pipe_ends[1]);
	spare->taken = pipe_ends[0];
	if (spare->pid > 0)
		return;
	log_error("fork: %s", strerror(errno));
	close(pipe_ends[0]);
	spare->pid = 0;
}

/* Waits at most that long; true if the spare is none any more. */
static bool
spare_is_gone(struct spare *spare, int wait_ms)
{
	struct pollfd p = {.fd = spare->taken, .events = POLLIN};
	char byte;

	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	/* One that dies before its time would die again and again. */
	if (read(spare->taken, &byte, 1) != 1)
		poll(NULL, 0, REAP_PERIOD_MS);
	close(spare->taken);
	spare->pid = 0;
	return true;
}

static void
reap(int *children, bool wait_for_all)
{
	int flags = wait_for_all ? 0 : WNOHANG;
	pid_t pid;

	while (*children > 0) {
		pid = waitpid(-1, NULL, flags);
		if (pid > 0)
			--*children;
		else if (pid == 0 || errno != EINTR)
			return;
	}
}

/* To make children is all that this process does.  What one of them waits for is no
 * reason to end the others, which print. */
static void
say_well(int64_t *next_ms, int period_ms)
{
	int64_t now_ms = clock_ms();

	if (period_ms == 0 || now_ms < *next_ms)
		return;
	notify_say("WATCHDOG=1");
	*next_ms = now_ms + period_ms;
}

static void
serve_until_stopped(const struct daemon *d)
{
	struct spare spare = {.pid = 0};
	int children = 0; /* the spare is one of them */
	int period_ms = notify_period_ms();
	int64_t next_ms = 0;

	while (!stopping) {
		if (spare.pid == 0 && children <= CHILDREN_MAX) {
			spare_make(&spare, d);
			children += spare.pid > 0;
		}
		if (spare.pid > 0 || children > CHILDREN_MAX)
			say_well(&next_ms, period_ms);
		if (spare.pid == 0)
			poll(NULL, 0, REAP_PERIOD_MS);
		else
			spare_is_gone(&spare, REAP_PERIOD_MS);
		reap(&children, false);
	}
	notify_say("STOPPING=1");
	close(d->listener);
	if (spare.pid > 0 && !spare_is_gone(&spare, 0))
		kill(spare.pid, SIGTERM);
	/* Jobs in progress end by themselves; systemd has the last word. */
	reap(&children, true);
}

static int
usage(FILE *to, int status)
{
	fputs("usage: postage-vaultd [--config FILE] [--user NAME]\n"
	      "       postage-vaultd --version | --help\n"
	      "Owns the postage vault and issues stamps to print jobs; see "
	      "postage-vaultd(8).\n",
	    to);
	return status;
}

static int
start(const char *config, const char *user)
{
	struct settings *s = malloc(sizeof(*s));
	struct daemon d = {config, s, -1};
	struct err e = ERR_INIT;

	if (s == NULL)
		err_set(&e, ERR_SYSTEM, "out of memory");
	else if (settings_load(config, s, &e) && catch_signals(&e))
		d.listener = prepare(s, user, &e);
	if (d.listener >= 0) {
		log_info("ready on %s", s->socket);
		notify_say("READY=1");
		serve_until_stopped(&d);
	} else {
		log_error("%s", e.text);
	}
	free(s);
	return d.listener >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"user", required_argument, NULL, 'u'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *config = settings_path(), *user = "postage";
	int c;

	log_open(getenv("JOURNAL_STREAM") ? LOG_JOURNALD : LOG_PLAIN,
	    "postage-vaultd");
	while ((c = getopt_long(argc, argv, "c:u:Vh", options, NULL)) != -1) {
		switch (c) {
		case 'c': config = optarg; break;
		case 'u': user = optarg; break;
		case 'V': puts(PACKAGE_STRING); return EXIT_SUCCESS;
		case 'h': return usage(stdout, EXIT_SUCCESS);
		default: return usage(stderr, EXIT_FAILURE);
		}
	}
	if (optind < argc)
		return usage(stderr, EXIT_FAILURE);
	return start(config, user);
}
