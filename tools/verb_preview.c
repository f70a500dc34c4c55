/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage preview: the document as it would be printed, with specimen stamps.
 *
 * The queue's own filter makes it, run as it runs outside of a job: it reaches
 * no vault and spends nothing, and refuses what it would refuse of a job.  Its
 * PDF is the preview; for a picture, Ghostscript draws that.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "tools/out.h"
#include "tools/postage.h"

#define USAGE                                                              \
	"postage preview FILE.pdf [-o OUT.png|OUT.pdf] [--ppd PPD]\n"      \
	"                       [--options \"KEY=VALUE ...\"]\n\n"         \
	"--ppd: the queue's, /etc/cups/ppd/QUEUE.ppd, for its paper and\n" \
	"margins.  --options: as after lp -o."
#define FILTER	    POSTAGE_SERVERBIN "/filter/pdftopostage"
#define GHOSTSCRIPT "/usr/bin/gs"
#define PICTURE_DPI "-r300"

struct preview {
	const char *file, *ppd, *options;
	char out[PATH_MAX - 32]; /* without its ending */
	bool pdf;
	unsigned pages, stamps;
};

static bool
ends_with(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);

	return n > m && strcmp(name + n - m, ending) == 0;
}

static bool
set_output(struct preview *p, const char *name)
{
	size_t n = strlen(name);

	p->pdf = ends_with(name, ".pdf");
	if ((!p->pdf && !ends_with(name, ".png")) || n >= sizeof(p->out))
		return false;
	memcpy(p->out, name, n - 4);
	p->out[n - 4] = '\0';
	return true;
}

/* "letter.pdf" becomes "letter-preview.png" in the current folder. */
static bool
default_output(struct preview *p)
{
	const char *base = strrchr(p->file, '/');
	const char *name = base != NULL ? base + 1 : p->file;
	size_t n = strlen(name);

	if (ends_with(name, ".pdf"))
		n -= 4;
	return snprintf(p->out, sizeof(p->out), "%.*s-preview", (int)n, name) <
	       (int)sizeof(p->out);
}

/* Starts a program with its output to `fd`; what it says comes from *said. */
static pid_t
start(char *const *argv, int fd, FILE **said, struct err *e)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		err_system(e, "pipe");
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		if (dup2(fd, 1) >= 0 && dup2(ends[1], 2) >= 0)
			execv(argv[0], argv);
		dprintf(2, "ERROR: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	*said = pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (*said == NULL) {
		err_system(e, "starting %s", argv[0]);
		close(ends[0]);
	}
	return pid;
}

/* The filter's lines: its error, and how much it made. */
static void
read_lines(struct preview *p, FILE *said, struct err *e)
{
	char line[2048], clean[sizeof(e->text)];

	while (fgets(line, sizeof(line), said) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "ERROR: ", 7) == 0)
			err_set(e, ERR_REQUEST, "%s",
			    text_clean(line + 7, clean, sizeof(clean)));
		if (sscanf(line, "INFO: Stamping page %*u of %6u", &p->pages) !=
		    1)
			(void)sscanf(line, "INFO: %6u stamp", &p->stamps);
	}
}

static bool
run(struct preview *p, char *const *argv, int fd, struct err *e)
{
	FILE *said = NULL;
	pid_t pid = start(argv, fd, &said, e);
	int status = -1;

	if (said != NULL) {
		read_lines(p, said, e);
		fclose(said);
	}
	if (pid <= 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (e->kind == ERR_NONE)
		err_set(e, ERR_SYSTEM, "%s failed", argv[0]);
	return false;
}

/* A build that is not installed names its filter in POSTAGE_FILTER. */
static bool
run_filter(struct preview *p, const struct options *o, int fd, struct err *e)
{
	const char *other = getenv("POSTAGE_FILTER");
	char program[PATH_MAX], options[4096], file[PATH_MAX];
	char job[] = "0", user[] = "preview", title[] = "preview", one[] = "1";
	char *argv[] = {program, job, user, title, one, options, file, NULL};

	if (!text_copy(
		program, sizeof(program), other != NULL ? other : FILTER) ||
	    !text_copy(options, sizeof(options), p->options))
		return err_set(e, ERR_REQUEST, "the options are too long");
	if (realpath(p->file, file) == NULL)
		return err_system(e, "%s", p->file);
	unsetenv("DEVICE_URI");
	unsetenv("CUPS_FILETYPE");
	unsetenv("CONTENT_TYPE");
	if (setenv("POSTAGE_CONF", o->config, 1) != 0 ||
	    setenv("PPD", p->ppd != NULL ? p->ppd : "", 1) != 0 ||
	    setenv("FINAL_CONTENT_TYPE", "application/vnd.cups-postage-pdf",
		1) != 0)
		return err_system(e, "environment");
	return run(p, argv, fd, e);
}

static bool
draw(struct preview *p, const char *pdf, struct err *e)
{
	char program[] = GHOSTSCRIPT, quiet[] = "-q", safe[] = "-dSAFER";
	char batch[] = "-dBATCH", pause[] = "-dNOPAUSE", dpi[] = PICTURE_DPI;
	char device[] = "-sDEVICE=png16m", to[PATH_MAX + 32], from[PATH_MAX];
	char *argv[] = {
	    program, quiet, safe, batch, pause, dpi, device, to, from, NULL};
	unsigned pages = p->pages, stamps = p->stamps;
	bool done;

	/* Ghostscript takes a '%' in the name for the number's place. */
	if (strchr(p->out, '%') != NULL)
		return err_set(e, ERR_REQUEST, "%s: a name without %%", p->out);
	snprintf(to, sizeof(to), "-sOutputFile=%s%s.png", p->out,
	    p->pages > 1 ? "-%d" : "");
	text_copy(from, sizeof(from), pdf);
	done = run(p, argv, STDERR_FILENO, e);
	p->pages = pages;
	p->stamps = stamps;
	return done;
}

/* An office document must be made a PDF first. */
static bool
is_pdf(const char *name, struct err *e)
{
	char head[1024] = "";
	FILE *f = fopen(name, "re");
	size_t n;

	if (f == NULL)
		return err_system(e, "%s", name);
	n = fread(head, 1, sizeof(head) - 1, f);
	fclose(f);
	if (memmem(head, n, "%PDF-", 5) != NULL)
		return true;
	return err_set(e, ERR_REQUEST,
	    "%s is no PDF: export it as PDF first (soffice --convert-to pdf)",
	    name);
}

static bool
preview(struct preview *p, const struct options *o, struct err *e)
{
	const char *temp = getenv("TMPDIR");
	char path[PATH_MAX];
	bool good;
	int fd;

	if (p->pdf) {
		snprintf(path, sizeof(path), "%s.pdf", p->out);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	} else {
		snprintf(path, sizeof(path), "%s/postage-XXXXXX",
		    temp != NULL && temp[0] == '/' ? temp : "/tmp");
		fd = mkostemp(path, O_CLOEXEC);
	}
	if (fd < 0)
		return err_system(e, "%s", path);
	good = run_filter(p, o, fd, e);
	close(fd);
	if (good && !p->pdf)
		good = draw(p, path, e);
	if (!good || !p->pdf)
		(void)unlink(path);
	return good;
}

static bool
read_arguments(struct preview *p, int argc, char **argv)
{
	static const struct option known[] = {
	    {"output", required_argument, NULL, 'o'},
	    {"ppd", required_argument, NULL, 'p'},
	    {"options", required_argument, NULL, 'O'}, {NULL, 0, NULL, 0}};
	const char *name = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "o:p:O:", known, NULL)) != -1) {
		if (c == 'o')
			name = optarg;
		else if (c == 'p')
			p->ppd = optarg;
		else if (c == 'O')
			p->options = optarg;
		else
			return false;
	}
	if (optind + 1 != argc)
		return false;
	p->file = argv[optind];
	return name != NULL ? set_output(p, name) : default_output(p);
}

int
verb_preview(int argc, char **argv, const struct options *o)
{
	struct preview p = {.options = ""};
	struct err e = ERR_INIT;
	struct out *out;
	char name[PATH_MAX];

	if (out_help(argc, argv, USAGE))
		return 0;
	if (!read_arguments(&p, argc, argv))
		return out_usage(USAGE);
	if (!is_pdf(p.file, &e) || !preview(&p, o, &e))
		return out_fail(o, NULL, &e);
	out = out_open(o);
	snprintf(name, sizeof(name), "%s%s.%s", p.out,
	    !p.pdf && p.pages > 1 ? "-*" : "", p.pdf ? "pdf" : "png");
	out_text(out, "output", "Output", name);
	out_number(out, "pages", "Pages", p.pages);
	out_number(out, "stamps", "Specimen stamps", p.stamps);
	return out_close(out);
}
