/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "filter/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

#define FILTER_BYTES_MAX (64 * 1024)
#define FILES_MAX	 64
#define RUNNING_MAX	 16 /* more end with this process, a little later */

/* Everything is prepared before fork(2): between fork and exec a child may
 * only make system calls. */
struct prepared {
	struct sock_fprog program;
	int ruleset; /* Landlock, or -1 */
	uint8_t bytes[FILTER_BYTES_MAX];
};

/* For a signal's handler: what runs, 0 where nothing does. */
static volatile pid_t running[RUNNING_MAX];

static const char *const system_paths[] = {"/usr", "/lib", "/lib64", "/bin",
    "/etc/fonts", "/etc/ghostscript", "/etc/ld.so.cache", "/etc/ld.so.preload",
    "/etc/localtime", "/etc/papersize", "/etc/paperspecs", "/etc/cups/fonts",
    "/var/lib/ghostscript", "/var/cache/fontconfig", "/var/cache/ghostscript",
    "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", NULL};

static const int denied_calls[] = {SCMP_SYS(socket), SCMP_SYS(socketpair),
    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept),
    SCMP_SYS(accept4), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_open), SCMP_SYS(mount),
    SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
    SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open), SCMP_SYS(io_uring_setup), SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
    SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(chmod), SCMP_SYS(fchmodat),
    SCMP_SYS(chown), SCMP_SYS(fchownat), SCMP_SYS(lchown), SCMP_SYS(setxattr),
    /* Landlock of Linux 6.1 and before knows no truncate(2). */
    SCMP_SYS(truncate), SCMP_SYS(utime), SCMP_SYS(utimes), SCMP_SYS(futimesat),
    SCMP_SYS(utimensat), SCMP_SYS(lsetxattr), SCMP_SYS(removexattr),
    SCMP_SYS(lremovexattr), SCMP_SYS(open_by_handle_at),
    SCMP_SYS(pidfd_send_signal), SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(process_madvise),
    SCMP_SYS(move_pages), SCMP_SYS(migrate_pages), SCMP_SYS(setpriority),
    SCMP_SYS(ioprio_set), SCMP_SYS(fanotify_init), SCMP_SYS(open_tree),
    SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsmount),
    SCMP_SYS(kexec_file_load), SCMP_SYS(kill), SCMP_SYS(tkill),
    SCMP_SYS(tgkill), SCMP_SYS(msgsnd), SCMP_SYS(shmat), SCMP_SYS(shmget),
    SCMP_SYS(msgget), SCMP_SYS(semget), SCMP_SYS(mq_open), SCMP_SYS(quotactl),
    SCMP_SYS(reboot)};

static bool
add_rules(scmp_filter_ctx ctx)
{
	size_t n = sizeof(denied_calls) / sizeof(denied_calls[0]);

	for (size_t i = 0; i < n; i++)
		if (seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO(EPERM), denied_calls[i], 0) != 0)
			return false;
	/* The limits of itself only, whose process id is 0 here. */
	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1,
		SCMP_A0(SCMP_CMP_NE, 0)) != 0)
		return false;
	/* Threads are allowed, processes not; the C library falls back from
	 * clone3(2), whose flags a filter cannot see. */
	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0))
		return false;
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		   SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) == 0;
}

static bool
prepare_filter(struct prepared *p, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t n = -1;

	if (ctx != NULL && fd >= 0 && add_rules(ctx) &&
	    seccomp_export_bpf(ctx, fd) == 0)
		n = pread(fd, p->bytes, sizeof(p->bytes), 0);
	if (fd >= 0)
		close(fd);
	if (ctx != NULL)
		seccomp_release(ctx);
	if (n <= 0 || n == (ssize_t)sizeof(p->bytes))
		return err_set(e, ERR_SYSTEM,
		    "the system call filter for the "
		    "renderer cannot be made");
	p->program.len =
	    (unsigned short)((size_t)n / sizeof(struct sock_filter));
	p->program.filter = (struct sock_filter *)(void *)p->bytes;
	return true;
}

#ifdef HAVE_LINUX_LANDLOCK_H
#define LANDLOCK_READ \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define LANDLOCK_FILE                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
	    LANDLOCK_ACCESS_FS_WRITE_FILE)
/* All of the first version of the interface. */
#define LANDLOCK_ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static int
landlock_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static bool
allow_path(int ruleset, const char *path, uint64_t access, struct err *e)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	struct stat st;
	bool done;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return true; /* what is not there need not be allowed */
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= LANDLOCK_FILE;
	done = syscall(SYS_landlock_add_rule, ruleset,
		   LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	if (!done)
		err_system(e, "Landlock rule for %s", path);
	close(rule.parent_fd);
	return done;
}

static bool
prepare_ruleset(const struct sandbox *how, struct prepared *p, struct err *e)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ALL};
	bool done = true;

	if (landlock_version() < 1)
		return true;
	p->ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (p->ruleset < 0)
		return err_system(e, "landlock_create_ruleset");
	for (const char *const *s = system_paths; done && *s != NULL; s++)
		done = allow_path(p->ruleset, *s,
		    LANDLOCK_READ | LANDLOCK_ACCESS_FS_EXECUTE, e);
	for (const char *const *s = how->readable; done && *s != NULL; s++)
		done = allow_path(p->ruleset, *s, LANDLOCK_READ, e);
	done = done &&
	       allow_path(p->ruleset, how->program,
		   LANDLOCK_READ | LANDLOCK_ACCESS_FS_EXECUTE, e) &&
	       allow_path(p->ruleset, how->folder,
		   LANDLOCK_ALL & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE, e);
	return done;
}

static bool
enter_ruleset(int ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}
#else
static int
landlock_version(void)
{
	return 0;
}

static bool
prepare_ruleset(const struct sandbox *how, struct prepared *p, struct err *e)
{
	(void)how;
	(void)p;
	(void)e;
	return true;
}

static bool
enter_ruleset(int ruleset)
{
	return ruleset < 0;
}
#endif

static bool
limit(int what, uint64_t value)
{
	struct rlimit now, wanted;

	if (getrlimit((__rlimit_resource_t)what, &now) != 0)
		return false;
	wanted.rlim_cur = wanted.rlim_max =
	    now.rlim_max == RLIM_INFINITY || now.rlim_max > value
		? (rlim_t)value
		: now.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &wanted) == 0;
}

static bool
enter_limits(const struct sandbox *how)
{
	return limit(RLIMIT_AS, how->memory_bytes) &&
	       limit(RLIMIT_FSIZE, how->file_bytes) &&
	       limit(RLIMIT_CPU, how->cpu_s) &&
	       limit(RLIMIT_NOFILE, FILES_MAX) && limit(RLIMIT_CORE, 0);
}

static bool
enter_plumbing(const struct sandbox *how, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || setpgid(0, 0) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		return false;
	if (dup2(null, 0) < 0 || dup2(how->out_fd, 1) < 0 ||
	    dup2(how->err_fd, 2) < 0 || chdir(how->folder) != 0)
		return false;
	return syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/* In the child: never returns.  What failed goes to the parent as the step's
 * letter and errno; a successful exec closes the pipe. */
static void
enter(const struct sandbox *how, const struct prepared *p, int report,
    pid_t parent)
{
	struct {
		int error;
		char step;
	} failed = {0, 'p'};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (!enter_plumbing(how, parent))
		goto out;
	failed.step = 'l';
	if (!enter_limits(how))
		goto out;
	failed.step = 's';
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		goto out;
	if (how->confine) {
		if (p->ruleset >= 0 && !enter_ruleset(p->ruleset))
			goto out;
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
			&p->program) != 0)
			goto out;
	}
	failed.step = 'x';
	execve(how->program, how->argv, how->envp);
out:
	failed.error = errno;
	if (write(report, &failed, sizeof(failed)) < 0)
		_exit(126);
	_exit(127);
}

static bool
started(const struct sandbox *how, int report, pid_t pid, struct err *e)
{
	struct {
		int error;
		char step;
	} failed;
	ssize_t n;

	do
		n = read(report, &failed, sizeof(failed));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return true;
	waitpid(pid, NULL, 0);
	if (n != (ssize_t)sizeof(failed))
		return err_set(
		    e, ERR_SYSTEM, "starting %s failed", how->program);
	errno = failed.error;
	if (failed.step == 'x' && failed.error == ENOENT)
		return err_set(
		    e, ERR_CONFIG, "%s is not installed", how->program);
	return err_system(
	    e, "starting %s (step %c)", how->program, failed.step);
}

static void
running_change(pid_t from, pid_t to)
{
	for (size_t i = 0; i < RUNNING_MAX; i++)
		if (running[i] == from) {
			running[i] = to;
			return;
		}
}

bool
sandbox_start(const struct sandbox *how, pid_t *pid, struct err *e)
{
	struct prepared p = {.ruleset = -1};
	int report[2] = {-1, -1};
	pid_t parent = getpid();
	bool done = false;

	if (how->confine &&
	    (!prepare_filter(&p, e) || !prepare_ruleset(how, &p, e)))
		goto out;
	if (pipe2(report, O_CLOEXEC) != 0) {
		err_system(e, "pipe");
		goto out;
	}
	*pid = fork();
	if (*pid == 0)
		enter(how, &p, report[1], parent);
	if (*pid < 0) {
		err_system(e, "fork");
		goto out;
	}
	running_change(0, *pid);
	close(report[1]);
	report[1] = -1;
	done = started(how, report[0], *pid, e);
	if (!done)
		running_change(*pid, 0);
out:
	for (int i = 0; i < 2; i++)
		if (report[i] >= 0)
			close(report[i]);
	if (p.ruleset >= 0)
		close(p.ruleset);
	return done;
}

bool
sandbox_wait(pid_t pid, int *status)
{
	pid_t got;

	do
		got = waitpid(pid, status, 0);
	while (got < 0 && errno == EINTR);
	running_change(pid, 0);
	return got == pid;
}

void
sandbox_kill(pid_t pid)
{
	int status;

	if (pid <= 1)
		return;
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	(void)sandbox_wait(pid, &status);
}

void
sandbox_kill_all(void)
{
	for (size_t i = 0; i < RUNNING_MAX; i++)
		sandbox_kill(running[i]);
}

unsigned
sandbox_features(void)
{
	const uint32_t action = SECCOMP_RET_ERRNO;
	unsigned found = 0;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		found |= SANDBOX_SECCOMP;
	if (landlock_version() >= 1)
		found |= SANDBOX_LANDLOCK;
	return found;
}
