/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

#define FILES_MAX  64
#define NOBODY	   "nobody"
#define NOBODY_UID 65534

/* AddressSanitizer reserves more addresses than any limit allows. */
#ifdef WITH_SANITIZERS
#define LIMITED false
#else
#define LIMITED true
#endif

static const char *const system_paths[] = {"/usr", "/lib", "/lib64", "/bin",
    "/etc/fonts", "/etc/ghostscript", "/etc/ld.so.cache", "/etc/ld.so.preload",
    "/etc/localtime", "/etc/papersize", "/etc/paperspecs", "/etc/cups/fonts",
    "/var/lib/ghostscript", "/var/cache/fontconfig", "/var/cache/ghostscript",
    "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", NULL};

/* Headers of before Linux 6.6 have no name for it. */
#ifdef __NR_fchmodat2
#define FCHMODAT2 __NR_fchmodat2
#else
#define FCHMODAT2 452
#endif

static const int denied_calls[] = {SCMP_SYS(socket), SCMP_SYS(socketpair),
    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept),
    SCMP_SYS(accept4), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_open), SCMP_SYS(mount), SCMP_SYS(umount2),
    SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare), SCMP_SYS(setns),
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(io_uring_setup),
    SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key),
    SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(chmod),
    SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchownat), SCMP_SYS(lchown),
    SCMP_SYS(setxattr),
    /* Landlock of Linux 6.1 and before knows no truncate(2). */
    SCMP_SYS(truncate), SCMP_SYS(utime), SCMP_SYS(utimes), SCMP_SYS(futimesat),
    SCMP_SYS(utimensat), SCMP_SYS(lsetxattr), SCMP_SYS(removexattr),
    SCMP_SYS(lremovexattr), SCMP_SYS(open_by_handle_at),
    SCMP_SYS(pidfd_send_signal), SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(process_madvise),
    SCMP_SYS(move_pages), SCMP_SYS(migrate_pages), SCMP_SYS(setpriority),
    SCMP_SYS(ioprio_set), SCMP_SYS(fanotify_init), SCMP_SYS(open_tree),
    SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsmount),
    SCMP_SYS(kexec_file_load), SCMP_SYS(msgsnd), SCMP_SYS(shmat),
    SCMP_SYS(shmget), SCMP_SYS(msgget), SCMP_SYS(semget), SCMP_SYS(mq_open),
    SCMP_SYS(quotactl), SCMP_SYS(reboot),
    /* The same by other names: of 32 bits, and of Linux 6.6. */
    SCMP_SYS(truncate64), SCMP_SYS(chown32), SCMP_SYS(lchown32),
    SCMP_SYS(utimensat_time64), FCHMODAT2};

/* Other processes; and threads end themselves otherwise. */
static const int denied_processes[] = {SCMP_SYS(fork), SCMP_SYS(vfork),
    SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(tgkill)};

/* All that a sealed child needs: what it has, memory, time, its end. */
static const int sealed_calls[] = {SCMP_SYS(read), SCMP_SYS(readv),
    SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(lseek),
    SCMP_SYS(_llseek), SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(fcntl),
    SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sysinfo), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
    SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* Their names where a word has 32 bits. */
    SCMP_SYS(fcntl64), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres_time64),
    SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(futex_time64),
    SCMP_SYS(ppoll_time64), SCMP_SYS(getuid32), SCMP_SYS(geteuid32),
    SCMP_SYS(getgid32), SCMP_SYS(getegid32), SCMP_SYS(sigreturn)};

static bool
deny(scmp_filter_ctx ctx, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0) !=
		    0)
			return false;
	return true;
}

static bool
add_denied(scmp_filter_ctx ctx, bool processes)
{
	if (!deny(ctx, denied_calls,
		sizeof(denied_calls) / sizeof(denied_calls[0])))
		return false;
	/* The limits of itself only, whose process id is 0 here. */
	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1,
		SCMP_A0(SCMP_CMP_NE, 0)) != 0)
		return false;
	if (processes)
		return true;
	if (!deny(ctx, denied_processes,
		sizeof(denied_processes) / sizeof(denied_processes[0])))
		return false;
	/* Threads are allowed, processes not; the C library falls back from
	 * clone3(2), whose flags a filter cannot see. */
	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0))
		return false;
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		   SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) == 0;
}

static bool
add_allowed(scmp_filter_ctx ctx)
{
	static const int mapping[] = {
	    SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)};
	size_t n = sizeof(sealed_calls) / sizeof(sealed_calls[0]);

	for (size_t i = 0; i < n; i++)
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, sealed_calls[i], 0))
			return false;
	/* Memory, but none that could be run. */
	for (size_t i = 0; i < sizeof(mapping) / sizeof(mapping[0]); i++)
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, mapping[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)))
			return false;
	/* How the C library asks for a descriptor's state, here or there. */
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
		   SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH)) == 0 &&
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fstatat64), 1,
		   SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH)) == 0 &&
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(statx), 1,
		   SCMP_A2(SCMP_CMP_EQ, AT_EMPTY_PATH)) == 0;
}

static bool
prepare_filter(struct confine *c, struct err *e)
{
	bool sealed = c->level == CONFINE_SEALED;
	scmp_filter_ctx ctx =
	    seccomp_init(sealed ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t n = -1;

	if (ctx != NULL && fd >= 0 &&
	    (sealed ? add_allowed(ctx)
		    : add_denied(ctx, c->level == CONFINE_SELF)) &&
	    seccomp_export_bpf(ctx, fd) == 0)
		n = pread(fd, c->bytes, sizeof(c->bytes), 0);
	if (fd >= 0)
		close(fd);
	if (ctx != NULL)
		seccomp_release(ctx);
	if (n <= 0 || n == (ssize_t)sizeof(c->bytes))
		return err_set(
		    e, ERR_SYSTEM, "the system call filter cannot be made");
	c->program.len =
	    (unsigned short)((size_t)n / sizeof(struct sock_filter));
	c->program.filter = (struct sock_filter *)(void *)c->bytes;
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
allow_paths(const struct sandbox *how, int ruleset, struct err *e)
{
	bool done = true;

	for (const char *const *s = system_paths; done && *s != NULL; s++)
		done = allow_path(
		    ruleset, *s, LANDLOCK_READ | LANDLOCK_ACCESS_FS_EXECUTE, e);
	for (const char *const *s = how->readable; done && s && *s; s++)
		done = allow_path(ruleset, *s, LANDLOCK_READ, e);
	if (done && how->program != NULL)
		done = allow_path(ruleset, how->program,
		    LANDLOCK_READ | LANDLOCK_ACCESS_FS_EXECUTE, e);
	if (done && how->parent != NULL)
		done = allow_path(
		    ruleset, how->parent, LANDLOCK_ACCESS_FS_REMOVE_DIR, e);
	if (done)
		done = allow_path(ruleset, "/dev/null",
		    LANDLOCK_READ | LANDLOCK_ACCESS_FS_WRITE_FILE, e);
	if (done && how->folder != NULL)
		done = allow_path(ruleset, how->folder,
		    LANDLOCK_ALL & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE, e);
	return done;
}

static bool
prepare_ruleset(const struct sandbox *how, struct confine *c, struct err *e)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ALL};

	if (landlock_version() < 1)
		return true;
	c->ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (c->ruleset < 0)
		return err_system(e, "landlock_create_ruleset");
	/* A ruleset without a rule: no file at all. */
	return c->level == CONFINE_SEALED || allow_paths(how, c->ruleset, e);
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
prepare_ruleset(const struct sandbox *how, struct confine *c, struct err *e)
{
	(void)how;
	(void)c;
	(void)e;
	return true;
}

static bool
enter_ruleset(int ruleset)
{
	return ruleset < 0;
}
#endif

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

static void
prepare_user(const struct sandbox *how, struct confine *c)
{
	const struct passwd *nobody;

	c->drop = how->nobody && (getuid() == 0 || geteuid() == 0);
	nobody = c->drop ? getpwnam(NOBODY) : NULL;
	c->uid = nobody != NULL ? nobody->pw_uid : NOBODY_UID;
	c->gid = nobody != NULL ? nobody->pw_gid : NOBODY_UID;
}

bool
confine_prepare(const struct sandbox *how, enum confine_level level,
    struct confine *c, struct err *e)
{
	c->level = level;
	c->ruleset = -1;
	c->program = (struct sock_fprog){0, NULL};
	c->parent = getpid();
	prepare_user(how, c);
	return !how->confine ||
	       (prepare_filter(c, e) && prepare_ruleset(how, c, e));
}

void
confine_free(struct confine *c)
{
	if (c->ruleset >= 0)
		close(c->ruleset);
	c->ruleset = -1;
}

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
enter_limits(const struct sandbox *how, bool ours)
{
	return (ours || limit(RLIMIT_AS, how->memory_bytes)) &&
	       limit(RLIMIT_FSIZE, how->file_bytes) &&
	       limit(RLIMIT_CPU, how->cpu_s) &&
	       limit(RLIMIT_NOFILE, FILES_MAX) && limit(RLIMIT_CORE, 0);
}

/* As root it must not be possible to come back. */
static bool
enter_user(const struct confine *c)
{
	if (!c->drop)
		return true;
	if (setgroups(0, NULL) != 0 || setresgid(c->gid, c->gid, c->gid) != 0 ||
	    setresuid(c->uid, c->uid, c->uid) != 0)
		return false;
	errno = EPERM;
	return setuid(0) != 0;
}

bool
confine_walls(const struct confine *c)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	if (c->ruleset >= 0 && !enter_ruleset(c->ruleset))
		return false;
	return c->program.filter == NULL ||
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &c->program) ==
		   0;
}

bool
confine_enter(const struct sandbox *how, const struct confine *c, char *step)
{
	*step = 'l';
	if (!enter_limits(how, c->level == CONFINE_SEALED && !LIMITED))
		return false;
	*step = 'u';
	if (!enter_user(c))
		return false;
	/* Another user's child is no longer told: so after it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != c->parent)
		return false;
	*step = 's';
	return confine_walls(c) && (c->ruleset < 0 || close(c->ruleset) == 0);
}
