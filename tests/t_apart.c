/* SPDX-License-Identifier: Apache-2.0 */
/* What reads a stranger's picture has no rights, and is not believed. */
#include "config.h"

#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sandbox.h"
#include "tools/verify.h"

/* What a part that was taken over tries; one letter for each success. */
static int
misbehave(void *context)
{
	char done[16] = "";
	size_t n = 0;

	(void)context;
	if (open("/etc/passwd", O_RDONLY) >= 0)
		done[n++] = 'r';
	if (open("/tmp/t_apart-written", O_WRONLY | O_CREAT, 0600) >= 0)
		done[n++] = 'w';
	if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
		done[n++] = 's';
	if (kill(getppid(), 0) == 0)
		done[n++] = 'k';
	if (fork() >= 0)
		done[n++] = 'f';
	execl("/bin/true", "true", (char *)NULL);
	if (getuid() == 0 || geteuid() == 0 || setuid(0) == 0)
		done[n++] = '0';
	if (mmap(NULL, 4096, PROT_EXEC | PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0) != MAP_FAILED)
		done[n++] = 'x';
	if (fcntl(3, F_GETFD) != -1 || fcntl(4, F_GETFD) != -1)
		done[n++] = 'd';
	done[n++] = '.';
	return !spawn_write(done, n);
}

static void
a_part_can_do_nothing_but_answer(void **state)
{
	struct err e = ERR_INIT;
	char said[32] = "";
	int held = open("/etc/passwd", O_RDONLY);
	pid_t pid;
	FILE *f;

	(void)state;
	if ((sandbox_features() & SANDBOX_SECCOMP) == 0)
		skip();
	is_ok(spawn_part(0, misbehave, NULL, &pid, &f, &e), &e, "start");
	ok(fread(said, 1, sizeof(said) - 1, f) > 0, "an answer");
	is_int(spawn_close(pid, f), 0, "its end");
	ok(strcmp(said, ".") == 0, said);
	close(held);
}

static int
say_who(void *context)
{
	uid_t ids[2] = {getuid(), getgid()};

	(void)context;
	return !spawn_write(ids, sizeof(ids));
}

static void
root_becomes_nobody(void **state)
{
	char id[] = "id", option[] = "-u", text[32] = "";
	char *const argv[] = {id, option, NULL};
	struct err e = ERR_INIT;
	uid_t ids[2] = {0, 0};
	pid_t pid;
	FILE *f;

	(void)state;
	if (getuid() != 0)
		skip();
	is_ok(spawn_part(0, say_who, NULL, &pid, &f, &e), &e, "start");
	ok(fread(ids, 1, sizeof(ids), f) == sizeof(ids), "an answer");
	spawn_close(pid, f);
	is_int(ids[0], 65534, "user");
	is_int(ids[1], 65534, "group");
	is_ok(spawn_open(argv, 0, &pid, &f, &e), &e, "a program");
	ok(fgets(text, sizeof(text), f) != NULL && fgetc(f) == EOF, "its word");
	is_int(spawn_close(pid, f), 0, "its end");
	ok(strcmp(text, "65534\n") == 0, text);
}

static void
programs_are_not_looked_for_on_the_path(void **state)
{
	char folder[] = "/tmp/t_apart-XXXXXX", file[64], search[128];
	char name[] = "postage-no-such-program";
	char *const argv[] = {name, NULL};
	struct err e = ERR_INIT;
	pid_t pid;
	FILE *f;

	(void)state;
	ok(mkdtemp(folder) != NULL, "folder");
	snprintf(file, sizeof(file), "%s/%s", folder, name);
	f = fopen(file, "w");
	ok(f != NULL && fputs("#!/bin/sh\n", f) >= 0 && fclose(f) == 0, file);
	ok(chmod(file, 0755) == 0, file);
	snprintf(search, sizeof(search), "%s:/usr/bin:/bin", folder);
	setenv("PATH", search, 1);
	ok(!spawn_open(argv, 0, &pid, &f, &e), "not found");
	is_err(&e, ERR_CONFIG, "kind");
	unlink(file);
	rmdir(folder);
}

/* --- what a reader says -------------------------------------------------------- */

static size_t pages, pixels;

static bool
count_page(void *context, const struct image *image, struct err *e)
{
	(void)context;
	(void)e;
	pages++;
	pixels += (size_t)image->width * (size_t)image->height;
	return true;
}

static bool
receive(const void *bytes, size_t len, struct err *e)
{
	uint8_t copy[256];
	FILE *f;
	bool done;

	memcpy(copy, bytes, len);
	pages = pixels = 0;
	*e = (struct err)ERR_INIT;
	f = fmemopen(copy, len, "rb");
	ok(f != NULL, "memory");
	done = image_receive(f, count_page, NULL, e);
	fclose(f);
	return done;
}

static size_t
put_page(uint8_t *out, uint32_t wide, uint32_t high, size_t bytes)
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, 128);
	bytes_write_le(&w, 'P', 1);
	bytes_write_le(&w, wide, 4);
	bytes_write_le(&w, high, 4);
	bytes_write_le(&w, 300000, 4);
	bytes_write_le(&w, 300000, 4);
	for (size_t i = 0; i < bytes; i++)
		bytes_write_le(&w, 7, 1);
	return w.pos;
}

static void
only_whole_pages_of_a_size_are_taken(void **state)
{
	uint8_t b[160];
	struct err e;
	size_t n;

	(void)state;
	n = put_page(b, 4, 4, 16);
	memcpy(b + n, "E\0", 2);
	is_ok(receive(b, n + 2, &e), &e, "a page and its end");
	is_int(pages, 1, "pages");
	is_int(pixels, 16, "pixels");
	ok(!receive(b, n, &e), "without an end");
	is_err(&e, ERR_REQUEST, "without an end");
	ok(!receive(b, n - 1, &e), "cut short");
	is_int(pages, 0, "pages of it");
	n = put_page(b, 400000, 1, 16);
	ok(!receive(b, n, &e), "too wide");
	n = put_page(b, 30000, 30000, 16);
	ok(!receive(b, n, &e), "too many pixels");
	n = put_page(b, 0, 30000, 16);
	ok(!receive(b, n, &e), "no pixels");
	ok(!receive("X", 1, &e), "something else");
	is_int(pages, 0, "pages of it");
}

static void
words_of_a_reader_are_cleaned(void **state)
{
	static const char said[] = "E\1bad\nPPD: x\033[2J";
	struct err e;

	(void)state;
	ok(!receive(said, sizeof(said) - 1, &e), "an error");
	is_err(&e, ERR_REQUEST, "kind");
	ok(strchr(e.text, '\n') == NULL && strchr(e.text, '\033') == NULL,
	    e.text);
}

static bool
take_found(const struct found *one, uint32_t count)
{
	char bytes[2 * sizeof(*one) + sizeof(count)];
	struct found_list list = {0};
	struct err e = ERR_INIT;
	FILE *f;
	bool done;

	memcpy(bytes, &count, sizeof(count));
	memcpy(bytes + sizeof(count), one, sizeof(*one));
	f = fmemopen(bytes, sizeof(count) + sizeof(*one), "rb");
	ok(f != NULL, "memory");
	done = found_receive(f, BY_ZBAR, &list, &e);
	ok(done == (e.kind == ERR_NONE), "an error has its kind");
	fclose(f);
	found_free(&list);
	return done;
}

static void
symbols_must_be_sound(void **state)
{
	const struct found good = {
	    .len = 3, .symbology = "QR", .by = BY_ZBAR, .box = {1, 2, 3, 4}};
	struct found bad = good;

	(void)state;
	ok(take_found(&good, 1), "a good one");
	ok(!take_found(&good, 2), "fewer than were said");
	ok(!take_found(&good, 0), "more than were said");
	ok(!take_found(&good, 1u << 30), "far too many");
	bad.len = SYMBOL_BYTES_MAX + 1;
	ok(!take_found(&bad, 1), "longer than its place");
	bad = good;
	memset(bad.symbology, 'Q', sizeof(bad.symbology));
	ok(!take_found(&bad, 1), "a name without an end");
	bad = good;
	bad.by = BY_ZXING;
	ok(!take_found(&bad, 1), "in another's name");
	bad = good;
	bad.box.left = nan("");
	ok(!take_found(&bad, 1), "nowhere");
	bad.box.left = 1e300;
	ok(!take_found(&bad, 1), "far away");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_part_can_do_nothing_but_answer),
	    T(root_becomes_nobody),
	    T(programs_are_not_looked_for_on_the_path),
	    T(only_whole_pages_of_a_size_are_taken),
	    T(words_of_a_reader_are_cleaned),
	    T(symbols_must_be_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
