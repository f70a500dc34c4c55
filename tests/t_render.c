/* SPDX-License-Identifier: Apache-2.0 */
/* The renderer: command line, sandbox, page headers, geometry seen on ink. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "filter/geometry.h"
#include "filter/gsargs.h"
#include "filter/raster.h"
#include "filter/render.h"
#include "tests/test.h"

static cups_page_header2_t
grey_letter(void)
{
	cups_page_header2_t h;

	memset(&h, 0, sizeof(h));
	h.HWResolution[0] = h.HWResolution[1] = 150;
	h.PageSize[0] = 612;
	h.PageSize[1] = 792;
	h.cupsPageSize[0] = 612;
	h.cupsPageSize[1] = 792;
	h.cupsImagingBBox[0] = 18;
	h.cupsImagingBBox[1] = 36;
	h.cupsImagingBBox[2] = 594;
	h.cupsImagingBBox[3] = 756;
	h.cupsWidth = 1200;
	h.cupsHeight = 1500;
	h.cupsBitsPerColor = 8;
	h.cupsBitsPerPixel = 8;
	h.cupsNumColors = 1;
	h.cupsBytesPerLine = 1200;
	h.cupsColorSpace = CUPS_CSPACE_W;
	h.cupsBorderlessScalingFactor = 1;
	h.NumCopies = 1;
	return h;
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ok(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0, path);
}

/* Pages with a black box of one inch, one inch from the upper left corner. */
static void
write_pdf(const char *path, int pages)
{
	FILE *f = fopen(path, "w");

	ok(f != NULL, path);
	fprintf(f,
	    "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	    "2 0 obj<</Type/Pages/Count %d/Kids[",
	    pages);
	for (int i = 0; i < pages; i++)
		fprintf(f, "%d 0 R ", i + 4);
	fprintf(f, "]>>endobj\n3 0 obj<</Length 26>>stream\n"
		   "0 g 72 648 72 72 re f     \nendstream endobj\n");
	for (int i = 0; i < pages; i++)
		fprintf(f,
		    "%d 0 obj<</Type/Page/Parent 2 0 R/Contents 3 0 R/"
		    "MediaBox[0 0 612 792]>>endobj\n",
		    i + 4);
	fprintf(f, "trailer<</Root 1 0 R/Size %d>>\n%%%%EOF\n", pages + 4);
	ok(fclose(f) == 0, path);
}

static bool
has_argument(const struct gsargs *a, const char *wanted)
{
	for (int i = 0; i < a->argc; i++)
		if (strcmp(a->argv[i], wanted) == 0)
			return true;
	return false;
}

static void
the_header_becomes_the_command_line(void **state)
{
	cups_page_header2_t h = grey_letter();
	struct gsargs a;
	struct err e = ERR_INIT;
	struct gsargs_how how = {
	    .header = &h, .file = "/x/in.pdf", .pages = ""};

	(void)state;
	h.Duplex = CUPS_TRUE;
	h.MediaPosition = 3;
	h.NumCopies = 7;
	h.MirrorPrint = CUPS_TRUE;
	h.cupsInteger[4] = 9;
	h.cupsReal[0] = 1.5f;
	strcpy(h.cupsString[2], "two words");
	strcpy(h.MediaType, "Plain");
	is_ok(gsargs_make(&how, &a, &e), &e, "arguments");
	ok(has_argument(&a, "-dSAFER"), "safe mode");
	ok(has_argument(&a, "-r150x150"), "resolution");
	ok(has_argument(&a, "-dDuplex"), "duplex");
	ok(has_argument(&a, "-dMediaPosition=3"), "tray");
	ok(has_argument(&a, "-dcupsInteger4=9"), "integers");
	ok(has_argument(&a, "-dcupsReal0=1.5000"), "reals");
	ok(has_argument(&a, "-scupsString2=two words"), "strings");
	ok(has_argument(&a, "-sMediaType=Plain"), "media type");
	ok(!has_argument(&a, "-dMirrorPrint"), "mirroring is done before");
	for (int i = 0; i < a.argc; i++)
		ok(strncmp(a.argv[i], "-dNumCopies", 11) != 0, "no copies");
	is_str(a.argv[a.argc - 1], "/x/in.pdf", "the file is last");
}

static void
a_profile_option_cannot_carry_a_program(void **state)
{
	cups_page_header2_t h = grey_letter();
	struct gsargs a;
	struct err e = ERR_INIT;
	struct gsargs_how how = {.header = &h, .file = "/x", .pages = ""};

	(void)state;
	how.profile = "100,1.0,-3";
	is_ok(gsargs_make(&how, &a, &e), &e, "numbers");
	how.profile = ")>>setpagedevice (/etc/passwd)run";
	ok(!gsargs_make(&how, &a, &e), "a program");
	is_err(&e, ERR_REQUEST, "a program");
}

static void
headers_out_of_bounds_are_refused(void **state)
{
	cups_page_header2_t h = grey_letter();
	struct err e = ERR_INIT;
	size_t bytes;

	(void)state;
	is_ok(raster_check(&h, &bytes, &e), &e, "a good header");
	is_int(bytes, 1200 * 1500, "size of the page");
	h.cupsBytesPerLine = 1199;
	ok(!raster_check(&h, &bytes, &e), "short lines");
	h = grey_letter();
	h.cupsHeight = 4000000000u;
	ok(!raster_check(&h, &bytes, &e), "too high");
	h = grey_letter();
	h.cupsWidth = h.cupsBytesPerLine = 200000;
	h.cupsHeight = 200000;
	ok(!raster_check(&h, &bytes, &e), "too many bytes");
	is_err(&e, ERR_REQUEST, "too many bytes");
	h = grey_letter();
	h.cupsColorOrder = CUPS_ORDER_PLANAR;
	h.cupsNumColors = 4000000;
	ok(!raster_check(&h, &bytes, &e), "too many colours");
	h = grey_letter();
	h.cupsPageSize[0] = 0.0f / 0.0f;
	ok(!raster_check(&h, &bytes, &e), "no number");
}

/* Runs perl with a line of program in the sandbox; its exit status. */
static int
run_boxed(const char *line, const char *readable_path)
{
	char folder[] = "/tmp/t_render-XXXXXX", program[512];
	char perl[] = "perl", option[] = "-e";
	char *argv[] = {perl, option, program, NULL}, *envp[] = {NULL};
	const char *readable[] = {readable_path, NULL};
	struct sandbox box = {.program = "/usr/bin/perl",
	    .argv = argv,
	    .envp = envp,
	    .folder = folder,
	    .readable = readable,
	    .memory_bytes = (uint64_t)1 << 30,
	    .file_bytes = 1 << 20,
	    .cpu_s = 10,
	    .confine = true,
	    .out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
	    .err_fd = open("/dev/null", O_WRONLY | O_CLOEXEC)};
	struct err e = ERR_INIT;
	pid_t pid;
	int status;

	ok(mkdtemp(folder) != NULL, "folder");
	snprintf(program, sizeof(program), "%s", line);
	is_ok(sandbox_start(&box, &pid, &e), &e, "start");
	ok(sandbox_wait(pid, &status), "end");
	close(box.out_fd);
	close(box.err_fd);
	snprintf(program, sizeof(program), "%s/x", folder);
	unlink(program);
	rmdir(folder);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static void
the_sandbox_leaves_files_alone(void **state)
{
	(void)state;
	if ((sandbox_features() & SANDBOX_LANDLOCK) == 0)
		skip();
	write_text("/tmp/t_render-secret", "x");
	write_text("/tmp/t_render-input", "x");
	is_int(run_boxed("open(F, '<', '/tmp/t_render-input') or exit 3",
		   "/tmp/t_render-input"),
	    0, "the named file");
	is_int(run_boxed("open(F, '<', '/tmp/t_render-secret') or exit 3",
		   "/tmp/t_render-input"),
	    3, "another file");
	is_int(run_boxed("open(F, '>', 'x') or exit 3", "/dev/null"), 0,
	    "its own folder");
	is_int(run_boxed("open(F, '>>', '/tmp/t_render-secret') or exit 3",
		   "/tmp/t_render-secret"),
	    3, "writing to a named file");
	is_int(
	    run_boxed("unlink('/tmp/t_render-secret') or exit 3", "/dev/null"),
	    3, "removing");
	unlink("/tmp/t_render-secret");
	unlink("/tmp/t_render-input");
}

static void
the_sandbox_has_no_network_and_no_children(void **state)
{
	(void)state;
	if ((sandbox_features() & SANDBOX_SECCOMP) == 0)
		skip();
	is_int(run_boxed("socket(S, 2, 1, 0) or exit 3", "/dev/null"), 3,
	    "internet socket");
	is_int(run_boxed("socket(S, 1, 1, 0) or exit 3", "/dev/null"), 3,
	    "Unix socket");
	is_int(run_boxed("defined(fork) or exit 3", "/dev/null"), 3,
	    "another process");
	is_int(run_boxed("kill(0, getppid()) and exit 3", "/dev/null"), 0,
	    "signals");
#ifdef __x86_64__ /* whose numbers these are */
	is_int(run_boxed("syscall(234, getppid(), getppid(), 0) and exit 3",
		   "/dev/null"),
	    3, "signals by another way");
	is_int(run_boxed(
		   "syscall(302, getppid(), 0, 0, 0) and exit 3", "/dev/null"),
	    3, "limits of another process");
#endif
	write_text("/tmp/t_render-victim", "whole");
	is_int(run_boxed("chmod(0644, '/tmp/t_render-victim') or exit 3",
		   "/dev/null"),
	    3, "opening a file to others");
	is_int(run_boxed("$f = '/tmp/t_render-victim';"
			 "syscall(452, -100, $f, 0644, 0) == 0 or exit 3",
		   "/dev/null"),
	    3, "opening it by another way");
	is_int(run_boxed("truncate('/tmp/t_render-victim', 0) or exit 3",
		   "/dev/null"),
	    3, "cutting a file off by its name");
	unlink("/tmp/t_render-victim");
}

static void
the_sandbox_limits_what_is_used(void **state)
{
	(void)state;
	ok(run_boxed("$x = 'x' x 2000000000; exit 0", "/dev/null") != 0,
	    "memory");
	ok(run_boxed("open(F, '>', 'x'); $| = 1;"
		     "print F 'x' x 1000 or exit 3 for 1..3000; close F",
	       "/dev/null") != 0,
	    "file size");
}

/* The compressing writer of this build. */
static const char *
writer(void)
{
	static char path[PATH_MAX];

	ok(realpath("filter/fastraster.so", path) != NULL, "fastraster.so");
	return path;
}

/* Counts and checks the pages that come out. */
static int
render_all(const char *file, int processes, int *dark, struct err *e)
{
	cups_page_header2_t wanted = grey_letter(), h;
	static const int list[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct render_setup setup = {.header = &wanted,
	    .file = file,
	    .temp = "/tmp",
	    .confine = true,
	    .pages = processes > 1 ? list : NULL,
	    .page_count = processes > 1 ? 9 : 0,
	    .processes = processes,
	    .writer = processes > 1 ? writer() : NULL};
	struct renderer *r = NULL;
	uint8_t *pixels = NULL;
	size_t bytes;
	bool end = false;
	int pages = 0;

	*dark = 0;
	if (!render_open(&setup, &r, e))
		return -1;
	while (render_header(r, &h, &bytes, &end, e) && !end) {
		free(pixels);
		pixels = malloc(bytes);
		ok(pixels != NULL, "memory");
		is_ok(render_pixels(r, pixels, bytes, e), e, "pixels");
		is_int(h.cupsWidth, 1200, "width");
		/* One inch from the corner, less the margin. */
		if (pixels[(size_t)(150 - 75 + 75) * 1200 + 150 - 37 + 75] == 0)
			(*dark)++;
		pages++;
	}
	free(pixels);
	if (!render_close(r, e) || !end)
		return -1;
	return pages;
}

static void
pages_come_in_order_from_one_or_two(void **state)
{
	struct err e = ERR_INIT;
	int dark;

	(void)state;
	write_pdf("/tmp/t_render.pdf", 9);
	is_int(render_all("/tmp/t_render.pdf", 1, &dark, &e), 9, "one");
	is_int(dark, 9, "ink of each");
	is_int(render_all("/tmp/t_render.pdf", 2, &dark, &e), 9, "two");
	is_int(dark, 9, "ink of each");
	write_pdf("/tmp/t_render.pdf", 8);
	is_int(render_all("/tmp/t_render.pdf", 2, &dark, &e), 8, "even");
	unlink("/tmp/t_render.pdf");
}

static void
what_is_no_document_is_said_so(void **state)
{
	struct err e = ERR_INIT;
	int dark;

	(void)state;
	write_text("/tmp/t_render.pdf", "%PDF-1.4\nnothing\n");
	is_int(render_all("/tmp/t_render.pdf", 1, &dark, &e), -1, "rubbish");
	is_err(&e, ERR_REQUEST, "rubbish");
	unlink("/tmp/t_render.pdf");
}

static void
a_stop_ends_the_renderer(void **state)
{
	static volatile sig_atomic_t stop = 1;
	cups_page_header2_t wanted = grey_letter(), h;
	struct render_setup setup = {.header = &wanted,
	    .file = "/tmp/t_render.pdf",
	    .temp = "/tmp",
	    .confine = true,
	    .stop = &stop};
	struct renderer *r;
	struct err e = ERR_INIT;
	size_t bytes;
	bool end;

	(void)state;
	write_pdf("/tmp/t_render.pdf", 100);
	is_ok(render_open(&setup, &r, &e), &e, "open");
	ok(!render_header(r, &h, &bytes, &end, &e), "stopped");
	is_err(&e, ERR_SYSTEM, "stopped");
	(void)render_close(r, &e);
	is_int(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
	unlink("/tmp/t_render.pdf");
}

static void
the_figure_is_found_whichever_way_it_lies(void **state)
{
	cups_page_header2_t h = grey_letter();
	struct geometry want = {.page_w_pt = 612, .page_h_pt = 792}, got;
	struct rect figure[2], there = {100, 200, 30, 40}, back;
	uint8_t *pixels;
	struct err e = ERR_INIT;

	(void)state;
	h.cupsHeight = h.cupsWidth = h.cupsBytesPerLine = 1700;
	pixels = malloc(1700 * 1700);
	ok(pixels != NULL, "memory");
	geometry_figure(612, 792, figure);
	for (int i = 0; i < 8; i++) {
		struct canvas page;
		struct canvas_color black;

		memset(pixels, 255, 1700 * 1700);
		is_ok(raster_canvas(&h, pixels, 1700 * 1700, &page, &e), &e,
		    "canvas");
		black = canvas_black(&page);
		want.width = want.height = 1700;
		want.dpi_x = want.dpi_y = 150;
		want.turn = i % 4 * 90;
		want.mirror = i > 3;
		want.offset_x = -20;
		want.offset_y = 11;
		for (int k = 0; k < 2; k++) {
			struct rect r = geometry_to_raster(&want, figure[k]);
			struct canvas_rect dots = {(int)(r.x + 0.5),
			    (int)(r.y + 0.5), (int)(r.w + 0.5),
			    (int)(r.h + 0.5)};

			is_ok(canvas_fill(&page, &dots, &black, &e), &e, "ink");
		}
		got = (struct geometry){.page_w_pt = 612, .page_h_pt = 792};
		is_ok(geometry_find(&got, &h, &page, &e), &e, "found");
		is_int(got.turn, want.turn, "turn");
		is_int(got.mirror, want.mirror, "mirror");
		ok(got.offset_x > -21.5 && got.offset_x < -18.5, "offset x");
		ok(got.offset_y > 9.5 && got.offset_y < 12.5, "offset y");
		back = geometry_to_sheet(&got, geometry_to_raster(&got, there));
		is_int(back.x * 1000 + 0.5, there.x * 1000, "there and back");
		is_int(back.h * 1000 + 0.5, there.h * 1000, "there and back");
	}
	free(pixels);
}

static void
pages_fed_sideways_are_seen_on_ink(void **state)
{
	cups_page_header2_t wanted = grey_letter();
	struct render_setup setup = {
	    .header = &wanted, .temp = "/tmp", .confine = true};
	struct geometry g[2], plain;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(geometry_probe(&setup, 612, 792, g, &e), &e, "as it stands");
	geometry_plain(&plain, &wanted, 612, 792);
	is_int(g[0].turn, 0, "as it stands");
	ok(!g[0].mirror && !g[1].mirror, "not mirrored");
	ok(g[0].offset_x - plain.offset_x < 1.1 &&
		plain.offset_x - g[0].offset_x < 1.1,
	    "where it is said to be");
	ok(g[0].offset_y - plain.offset_y < 1.1 &&
		plain.offset_y - g[0].offset_y < 1.1,
	    "where it is said to be");
	ok(geometry_fits(&g[0], &wanted), "as large as it is said to be");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_header_becomes_the_command_line),
	    T(a_profile_option_cannot_carry_a_program),
	    T(headers_out_of_bounds_are_refused),
	    T(the_sandbox_leaves_files_alone),
	    T(the_sandbox_has_no_network_and_no_children),
	    T(the_sandbox_limits_what_is_used),
	    T(pages_come_in_order_from_one_or_two),
	    T(what_is_no_document_is_said_so),
	    T(a_stop_ends_the_renderer),
	    T(the_figure_is_found_whichever_way_it_lies),
	    T(pages_fed_sideways_are_seen_on_ink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
