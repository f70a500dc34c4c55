/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "filter/render.h"

#include <dirent.h>
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

#include "base/text.h"
#include "filter/bounds.h"
#include "filter/gsargs.h"
#include "filter/raster.h"
#include "filter/sandbox.h"

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
	cups_raster_t *raster;
	const struct renderer *owner;
	bool timed_out;
	char errors[PATH_MAX]; /* file of what it said */
};

struct renderer {
	char folder[PATH_MAX - 32];
	struct worker workers[PROCESSES_MAX];
	int count, turn;
	int silence_s;
	bool ended;
	const volatile sig_atomic_t *stop;
};

static bool
stopped(const struct renderer *r)
{
	return r->stop != NULL && *r->stop;
}

/* Reads for libcups.  Waits in slices, so that neither a signal that comes
 * just before poll(2) nor a hung renderer holds the job. */
static ssize_t
worker_read(void *context, unsigned char *out, size_t len)
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

static bool
worker_start(struct worker *w, const struct render_setup *setup,
    const char *pages, struct err *e)
{
	const char *readable[] = {setup->file, setup->ppd, NULL};
	char environment[4][PATH_MAX + 16];
	char *envp[] = {environment[0], environment[1], environment[2],
	    environment[3], NULL};
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
	    .memory_bytes = bounds_memory(),
	    .file_bytes = FILE_BYTES,
	    .cpu_s = CPU_S,
	    .confine = setup->confine};
	int ends[2];
	bool done;

	if (!gsargs_make(&how, &args, e))
		return false;
	snprintf(environment[0], sizeof(environment[0]), "TMPDIR=%s",
	    w->owner->folder);
	snprintf(environment[1], sizeof(environment[1]), "HOME=%s",
	    w->owner->folder);
	snprintf(environment[2], sizeof(environment[2]), "PATH=/usr/bin:/bin");
	snprintf(environment[3], sizeof(environment[3]), "PPD=%s",
	    setup->ppd != NULL ? setup->ppd : "");
	if (setup->ppd == NULL)
		envp[3] = NULL;
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
	int status = 0;

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
	(void)status;
	worker_words(w, words, sizeof(words));
	return err_set(
	    e, ERR_REQUEST, "Ghostscript cannot render the document%s", words);
}

static void
worker_end(struct worker *w)
{
	if (w->raster != NULL)
		cupsRasterClose(w->raster);
	if (w->fd >= 0)
		close(w->fd);
	if (w->pid > 0)
		sandbox_kill(w->pid);
	w->raster = NULL;
	w->fd = -1;
	w->pid = 0;
}

/* Removes the private folder; Ghostscript makes no folders in it. */
static void
remove_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		closedir(d);
	(void)rmdir(folder);
}

static void
renderer_free(struct renderer *r)
{
	for (int i = 0; i < PROCESSES_MAX; i++)
		worker_end(&r->workers[i]);
	if (r->folder[0] != '\0')
		remove_folder(r->folder);
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

bool
render_open(
    const struct render_setup *setup, struct renderer **out, struct err *e)
{
	struct renderer *r = renderer_new(setup, e);

	if (r == NULL)
		return false;
	for (int i = 0; i < r->count && i < PROCESSES_MAX; i++) {
		struct worker *w = &r->workers[i];
		const char *half = i == 0 ? "odd" : "even";

		snprintf(w->errors, sizeof(w->errors), "%s/said-%d", r->folder,
		    i + 1);
		if (!worker_start(
			w, setup, r->count > 1 ? half : setup->pages, e)) {
			renderer_free(r);
			return false;
		}
	}
	*out = r;
	return true;
}

bool
render_header(struct renderer *r, cups_page_header2_t *h, size_t *bytes,
    bool *end, struct err *e)
{
	struct worker *w = &r->workers[r->turn];
	int status;

	*end = false;
	/* cupsRasterOpenIO() reads the stream's first word: it waits for the
	 * first page, so it is not done when the workers start. */
	if (w->raster == NULL)
		w->raster = cupsRasterOpenIO(worker_read, w, CUPS_RASTER_READ);
	if (w->raster == NULL)
		return worker_failed(w, e);
	if (cupsRasterReadHeader2(w->raster, h)) {
		r->turn = (r->turn + 1) % r->count;
		return raster_check(h, bytes, e) ||
		       err_prefix(e, "Ghostscript");
	}
	if (stopped(r) || w->timed_out)
		return worker_failed(w, e);
	if (!sandbox_wait(w->pid, &status) || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		w->pid = 0;
		return worker_failed(w, e);
	}
	w->pid = 0;
	r->ended = true;
	*end = true;
	return true;
}

bool
render_pixels(struct renderer *r, uint8_t *out, size_t bytes, struct err *e)
{
	struct worker *w = &r->workers[(r->turn + r->count - 1) % r->count];

	while (bytes > 0) {
		unsigned part =
		    bytes > INT_MAX / 2 ? INT_MAX / 2 : (unsigned)bytes;
		unsigned got = cupsRasterReadPixels(w->raster, out, part);

		if (got == 0)
			return worker_failed(w, e);
		out += got;
		bytes -= got;
	}
	return true;
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
