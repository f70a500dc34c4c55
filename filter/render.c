/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "filter/render.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "base/text.h"
#include "filter/bounds.h"
#include "filter/gsargs.h"
#include "filter/leave.h"
#include "filter/raster.h"
#include "filter/raster_in.h"

#define GHOSTSCRIPT   "/usr/bin/gs"
#define PROCESSES_MAX 2
#define SILENCE_S     300
#define CPU_S	      3600
#define FILE_BYTES    ((uint64_t)4 << 30)
#define PIPE_BYTES    (1 << 20)
#define POLL_MS	      500

/* One Ghostscript. */
struct worker {
	pid_t pid;
	int fd; /* its raster */
	struct raster_in in;
	const struct renderer *owner;
	bool timed_out;
	char errors[PATH_MAX]; /* file of what it said */
};

struct renderer {
	char folder[PATH_MAX - 32];
	struct worker workers[PROCESSES_MAX];
	int count;
	size_t read; /* pages until now */
	int silence_s;
	bool ended;
	const volatile sig_atomic_t *stop;
};

static bool
stopped(const struct renderer *r)
{
	return r->stop != NULL && *r->stop;
}

/* Waits in slices, so that neither a signal that comes
 * just before poll(2) nor a hung renderer holds the job. */
static ssize_t
worker_read(void *context, uint8_t *out, size_t len)
{
	struct worker *w = context;
	int left_ms = w->owner->silence_s * 1000;

	for (;;) {
		struct pollfd p = {.fd = w->fd, .events = POLLIN};
		int n;

		if (stopped(w->owner))
			return -1;
		n = poll(&p, 1, POLL_MS);
		if (n > 0) {
			ssize_t got = read(w->fd, out, len);

			if (got >= 0 || errno != EINTR)
				return got;
		} else if (n == 0 && (left_ms -= POLL_MS) <= 0) {
			w->timed_out = true;
			return -1;
		} else if (n < 0 && errno != EINTR) {
			return -1;
		}
	}
}

/* RIPCache of cupsd.conf: pages of fewer bytes are drawn in memory, without a
 * list of bands on the disk. */
static const char *
band_memory(void)
{
	const char *set = getenv("RIP_MAX_CACHE");

	return set != NULL ? set : "128m";
}

static void
fill_environment(const struct render_setup *setup, const char *folder,
    char text[][PATH_MAX + 16], char **envp)
{
	const struct {
		const char *name, *value;
	} all[] = {{"TMPDIR", folder}, {"HOME", folder},
	    {"PATH", "/usr/bin:/bin"}, {"PPD", setup->ppd},
	    {"RIP_MAX_CACHE", band_memory()}, {"LD_PRELOAD", setup->writer}};
	int used = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].value == NULL)
			continue;
		snprintf(text[used], sizeof(text[used]), "%s=%s", all[i].name,
		    all[i].value);
		envp[used] = text[used];
		used++;
	}
	envp[used] = NULL;
}

static bool
worker_start(struct worker *w, const struct render_setup *setup,
    const char *pages, struct err *e)
{
	const char *readable[] = {setup->file,
	    setup->ppd != NULL ? setup->ppd : setup->file, setup->writer, NULL};
	char environment[6][PATH_MAX + 16];
	char *envp[7];
	struct gsargs args;
	struct gsargs_how how = {.header = setup->header,
	    .file = setup->file,
	    .pages = pages,
	    .profile = setup->profile,
	    .center_of_pixel = setup->center_of_pixel};
	struct sandbox box = {.program = GHOSTSCRIPT,
	    .argv = args.argv,
	    .envp = envp,
	    .folder = w->owner->folder,
	    .readable = readable,
	    .memory_bytes = sandbox_memory(),
	    .file_bytes = FILE_BYTES,
	    .cpu_s = CPU_S,
	    .confine = setup->confine};
	int ends[2];
	bool done;

	if (!gsargs_make(&how, &args, e))
		return false;
	fill_environment(setup, w->owner->folder, environment, envp);
	box.err_fd =
	    open(w->errors, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (box.err_fd < 0)
		return err_system(e, "%s", w->errors);
	if (pipe2(ends, O_CLOEXEC) != 0) {
		close(box.err_fd);
		return err_system(e, "pipe");
	}
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	box.out_fd = ends[1];
	done = sandbox_start(&box, &w->pid, e);
	close(box.err_fd);
	close(ends[1]);
	if (!done) {
		w->pid = 0;
		close(ends[0]);
		return false;
	}
	w->fd = ends[0];
	return true;
}

/* The last line with an error in what Ghostscript said, cleaned; "" if it said
 * nothing. */
static void
worker_words(const struct worker *w, char *out, size_t size)
{
	char line[512], clean[160];
	FILE *f = fopen(w->errors, "re");

	out[0] = '\0';
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, "rror") == NULL)
			continue;
		text_clean(line, clean, sizeof(clean));
		snprintf(out, size, ": %s", clean);
	}
	fclose(f);
}

static bool
worker_failed(struct worker *w, struct err *e)
{
	char words[192];

	if (stopped(w->owner))
		return err_set(e, ERR_SYSTEM, "the job was cancelled");
	if (w->timed_out)
		return err_set(e, ERR_REQUEST,
		    "Ghostscript has not finished a page within %d seconds",
		    w->owner->silence_s);
	if (w->pid > 0) {
		/* Its own end tells more than the broken pipe. */
		sandbox_kill(w->pid);
		w->pid = 0;
	}
	worker_words(w, words, sizeof(words));
	return err_set(
	    e, ERR_REQUEST, "Ghostscript cannot render the document%s", words);
}

static void
worker_end(struct worker *w)
{
	raster_in_free(&w->in);
	if (w->fd >= 0)
		close(w->fd);
	if (w->pid > 0)
		sandbox_kill(w->pid);
	w->fd = -1;
	w->pid = 0;
}

static void
renderer_free(struct renderer *r)
{
	for (int i = 0; i < PROCESSES_MAX; i++)
		worker_end(&r->workers[i]);
	if (r->folder[0] != '\0')
		leave_remove(r->folder);
	free(r);
}

static struct renderer *
renderer_new(const struct render_setup *setup, struct err *e)
{
	struct renderer *r = calloc(1, sizeof(*r));
	int n;

	if (r == NULL) {
		err_system(e, "memory for the renderer");
		return NULL;
	}
	r->stop = setup->stop;
	r->silence_s =
	    setup->page_seconds > 0 ? setup->page_seconds : SILENCE_S;
	r->count = setup->processes >= 2 ? PROCESSES_MAX : 1;
	for (int i = 0; i < PROCESSES_MAX; i++) {
		r->workers[i].fd = -1;
		r->workers[i].owner = r;
		raster_in_init(&r->workers[i].in, worker_read, &r->workers[i]);
	}
	n = snprintf(
	    r->folder, sizeof(r->folder), "%s/postage-XXXXXX", setup->temp);
	if (n < 0 || (size_t)n >= sizeof(r->folder) ||
	    mkdtemp(r->folder) == NULL) {
		err_system(e, "a folder in %s", setup->temp);
		free(r);
		return NULL;
	}
	return r;
}

/* The pages of one of `count` processes, as Ghostscript's PageList:
 * "1-2,5,7". */
static bool
page_list(const struct render_setup *setup, const struct renderer *r,
    size_t which, char *out, size_t size, struct err *e)
{
	size_t used = 0, count = (size_t)r->count;

	out[0] = '\0';
	for (size_t i = 0; i < setup->page_count;) {
		size_t run = 1;
		int n;

		if (i % count != which) {
			i++;
			continue;
		}
		while (i + run < setup->page_count &&
		       (i + run) % count == which &&
		       setup->pages[i + run] == setup->pages[i] + (int)run)
			run++;
		n = snprintf(out + used, size - used,
		    run > 1 ? "%s%d-%d" : "%s%d", used > 0 ? "," : "",
		    setup->pages[i], setup->pages[i] + (int)run - 1);
		if (n < 0 || (size_t)n >= size - used)
			return err_set(
			    e, ERR_REQUEST, "too many pages at once");
		used += (size_t)n;
		i += run;
	}
	return true;
}

bool
render_open(
    const struct render_setup *setup, struct renderer **out, struct err *e)
{
	struct renderer *r = renderer_new(setup, e);
	char pages[RENDER_PAGES_MAX * 6 + 1];

	if (r == NULL)
		return false;
	for (int i = 0; i < r->count && i < PROCESSES_MAX; i++) {
		struct worker *w = &r->workers[i];

		snprintf(w->errors, sizeof(w->errors), "%s/said-%d", r->folder,
		    i + 1);
		if (!page_list(setup, r, (size_t)i, pages, sizeof(pages), e) ||
		    !worker_start(w, setup, pages, e)) {
			renderer_free(r);
			return false;
		}
	}
	*out = r;
	return true;
}

/* Who renders page `index` of the list. */
static struct worker *
worker_of(struct renderer *r, size_t index)
{
	return &r->workers[index % (size_t)r->count];
}

/* The last page has come: the process must have ended well. */
static bool
worker_ended(struct worker *w, struct err *e)
{
	int status;
	bool good = sandbox_wait(w->pid, &status) && WIFEXITED(status) &&
		    WEXITSTATUS(status) == 0;

	w->pid = 0;
	return good || worker_failed(w, e);
}

bool
render_header(struct renderer *r, cups_page_header2_t *h, size_t *bytes,
    bool *end, struct err *e)
{
	struct worker *w = worker_of(r, r->read);

	if (!raster_in_header(&w->in, h, end, e))
		return w->in.cut ? worker_failed(w, e)
				 : err_prefix(e, "Ghostscript");
	if (*end) {
		r->ended = worker_ended(w, e);
		return r->ended;
	}
	r->read++;
	*bytes = w->in.form.bytes * w->in.form.lines;
	return true;
}

bool
render_lines(struct renderer *r, struct coded_lines *out, struct err *e)
{
	struct worker *w = worker_of(r, r->read - 1);

	if (raster_in_lines(&w->in, out, e))
		return true;
	return w->in.cut ? worker_failed(w, e) : err_prefix(e, "Ghostscript");
}

bool
render_pixels(struct renderer *r, uint8_t *out, size_t bytes, struct err *e)
{
	struct worker *w = worker_of(r, r->read - 1);
	size_t line = w->in.form.bytes;
	struct coded_lines lines;

	while (bytes > 0) {
		if (!render_lines(r, &lines, e))
			return false;
		for (unsigned i = 0; i < lines.repeat && bytes >= line; i++) {
			coded_decode(&w->in.form, lines.code, lines.len, out);
			out += line;
			bytes -= line;
		}
	}
	return true;
}

/* "/a/b" of the running "/a/c/x" for the name "../b". */
static bool
beside_program(const char *name, char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	size_t room;
	char *slash;

	if (n <= 0)
		return false;
	out[n] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL)
		return false;
	room = size - (size_t)(slash + 1 - out);
	return snprintf(slash + 1, room, "%s", name) < (int)room &&
	       access(out, R_OK) == 0;
}

const char *
render_writer(void)
{
	static char path[PATH_MAX];

	if (beside_program("fastraster.so", path, sizeof(path)))
		return path;
	return access(POSTAGE_FASTRASTER, R_OK) == 0 ? POSTAGE_FASTRASTER
						     : NULL;
}

bool
render_close(struct renderer *r, struct err *e)
{
	bool good = true;

	if (r == NULL)
		return true;
	for (int i = 0; i < r->count && r->ended; i++) {
		struct worker *w = &r->workers[i];
		int status;

		if (w->pid <= 0)
			continue;
		close(w->fd);
		w->fd = -1;
		good = sandbox_wait(w->pid, &status) && WIFEXITED(status) &&
		       WEXITSTATUS(status) == 0 && good;
		w->pid = 0;
	}
	if (!good)
		err_set(e, ERR_REQUEST, "Ghostscript ended with an error");
	renderer_free(r);
	return good;
}
