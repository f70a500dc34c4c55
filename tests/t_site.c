/* SPDX-License-Identifier: Apache-2.0 */
/* Pages: which there are, and how they are given out. */
#include "provider/site.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

static char folder[64];
static struct site *site;
static struct http_response out;
static const char *if_none_match;

static const char *
header(const struct http_request *r, const char *name)
{
	(void)r;
	return strcmp(name, "If-None-Match") == 0 ? if_none_match : NULL;
}

/* False: it is no page. */
static bool
asked(const char *method, const char *path)
{
	const struct http_request r = {
	    .method = method, .path = path, .id = "1", .header = header};

	http_clear(&out);
	return site_answer(site, &r, &out);
}

static const char *
field(const char *name)
{
	for (size_t i = 0; i < out.headers; i++)
		if (strcmp(out.header[i].name, name) == 0)
			return out.header[i].value;
	return "";
}

static void
write_file(const char *name, size_t size)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	ok(f != NULL, name);
	for (size_t i = 0; i < size; i++)
		putc('x', f);
	ok(fclose(f) == 0, name);
}

static void
must_open(const char *of)
{
	struct err e = ERR_INIT;

	is_ok(site_open(of, &site, &e), &e, "open");
}

static void
must_not_open(const char *of, const char *word)
{
	struct err e = ERR_INIT;

	ok(!site_open(of, &site, &e), "refused");
	is_err(&e, ERR_CONFIG, "kind");
	ok(strstr(e.text, word) != NULL, e.text);
	ok(site == NULL, "none");
}

static int
setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/t_site.XXXXXX");
	ok(mkdtemp(folder) != NULL, "folder");
	if_none_match = NULL;
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	http_clear(&out);
	site_close(site);
	site = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* --- which there are ---------------------------------------------------------------- */

static void
built_in_pages_are_there(void **state)
{
	static const char *const paths[][2] = {{"/", "text/html"},
	    {"/index", "text/html"}, {"/index.html", "text/html"},
	    {"/api", "text/html"}, {"/paid", "text/html"},
	    {"/cancelled", "text/html"}, {"/style.css", "text/css"},
	    {"/status.js", "text/javascript"}, {"/mark.svg", "image/svg+xml"},
	    {"/openapi.yaml", "application/yaml"}};

	(void)state;
	must_open("");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ok(asked("GET", paths[i][0]), paths[i][0]);
		is_int(out.status, 200, paths[i][0]);
		ok(out.body_len > 100, "there is something");
		ok(strncmp(out.type, paths[i][1], strlen(paths[i][1])) == 0,
		    out.type);
	}
}

static void
other_paths_are_not_ours(void **state)
{
	static const char *const paths[] = {"", "/v1/vault", "/metrics",
	    "/index.htm", "/index.html/", "/ind", "//", "/..", "/.html",
	    "/../index.html", "/style", "index.html"};

	(void)state;
	must_open("");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (asked("GET", paths[i]))
			fail_at("\"%s\" is a page", paths[i]);
		is_int(out.status, 0, "untouched");
	}
}

/* Nothing that a page wants is elsewhere. */
static void
pages_need_nobody_else(void **state)
{
	(void)state;
	for (const struct site_text *t = site_texts; t->name != NULL; t++) {
		const char *at = t->text;

		if (strstr(t->name, ".html") == NULL)
			continue;
		while ((at = strstr(at, "src=\"")) != NULL)
			ok(*(at += 5) == '/' && at[1] != '/', "a source");
		ok(strstr(t->text, "<style") == NULL &&
			strstr(t->text, "style=") == NULL &&
			strstr(t->text, "<script>") == NULL,
		    "nothing that the policy forbids");
	}
}

/* --- how they are given out ------------------------------------------------------------ */

static void
a_browser_that_has_it_gets_nothing(void **state)
{
	char tag[64], tags[160];

	(void)state;
	must_open("");
	ok(asked("GET", "/"), "page");
	snprintf(tag, sizeof(tag), "%s", field("ETag"));
	is_int(strlen(tag), 34, "a tag");
	is_str(field("Cache-Control"), "public, max-age=300", "for a while");
	ok(strstr(field("Content-Security-Policy"), "default-src 'none'") !=
		NULL,
	    "policy");
	is_str(field("X-Content-Type-Options"), "nosniff", "type");
	snprintf(tags, sizeof(tags), "\"other\", W/%s", tag);
	if_none_match = tags;
	ok(asked("GET", "/index"), "page");
	is_int(out.status, 304, "it has it");
	ok(out.body == NULL && out.body_len == 0, "no body");
	is_str(field("ETag"), tag, "the same");
	ok(asked("GET", "/paid"), "page");
	is_int(out.status, 200, "another page");
	if_none_match = "*";
	ok(asked("HEAD", "/paid"), "page");
	is_int(out.status, 304, "any");
}

static void
pages_are_only_read(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH"};

	(void)state;
	must_open("");
	ok(asked("HEAD", "/"), "page");
	is_int(out.status, 200, "HEAD");
	for (size_t i = 0; i < 4; i++) {
		ok(asked(methods[i], "/"), "page");
		is_int(out.status, 405, methods[i]);
		is_str(field("Allow"), "GET, HEAD", "what else");
	}
}

/* --- a folder --------------------------------------------------------------------------- */

static void
a_folder_stands_over_them(void **state)
{
	(void)state;
	write_file("about.html", 7);
	write_file("index.html", 0);
	write_file("big.png", SITE_BYTES);
	write_file(".hidden", 5);
	must_open(folder);
	write_file("late.html", 5);
	ok(asked("GET", "/about"), "its page");
	is_int(out.body_len, 7, "as it is");
	is_str(out.body, "xxxxxxx", "as it is");
	ok(asked("GET", "/"), "over a built-in one");
	is_int(out.body_len, 0, "empty");
	is_int(out.status, 200, "and there");
	ok(asked("GET", "/big.png"), "as big as may be");
	is_int(out.body_len, SITE_BYTES, "whole");
	ok(asked("GET", "/paid"), "the others stay");
	ok(!asked("GET", "/.hidden"), "what is hidden is left out");
	ok(!asked("GET", "/late.html"), "what comes later, too");
}

static void
a_folder_of_something_else_is_refused(void **state)
{
	char path[128];

	(void)state;
	write_file("page.php", 1);
	must_not_open(folder, "page.php");
	snprintf(path, sizeof(path), "%s/page.php", folder);
	unlink(path);
	write_file("a page.html", 1);
	must_not_open(folder, "a page.html");
	snprintf(path, sizeof(path), "%s/a page.html", folder);
	unlink(path);
	write_file("page.html", SITE_BYTES + 1);
	must_not_open(folder, "page.html");
	write_file("page.html", 1);
	snprintf(path, sizeof(path), "%s/sub.html", folder);
	ok(mkdir(path, 0700) == 0, "a folder in it");
	must_not_open(folder, "sub.html");
	rmdir(path);
	for (int i = 0; i < SITE_FILES; i++) {
		snprintf(path, sizeof(path), "page%d.html", i);
		write_file(path, 1);
	}
	must_not_open(folder, "more than");
	must_not_open("/tmp/t_site.none", "t_site.none");
}

#define S(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {S(built_in_pages_are_there),
	    S(other_paths_are_not_ours), S(pages_need_nobody_else),
	    S(a_browser_that_has_it_gets_nothing), S(pages_are_only_read),
	    S(a_folder_stands_over_them),
	    S(a_folder_of_something_else_is_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
