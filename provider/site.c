/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/site.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/durable.h"
#include "stamp/sig.h"

#define NAME_MAX_LEN 63
#define TAG_BYTES    16
#define PATH_ROOM    4096

struct page {
	char name[NAME_MAX_LEN + 1];
	const char *type;
	char *text; /* heap, a NUL behind it */
	size_t len;
	char tag[2 * TAG_BYTES + 3]; /* with its quotes */
};

struct site {
	struct page page[SITE_FILES];
	size_t pages;
};

/* --- one page ----------------------------------------------------------------------- */

static const struct {
	const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/vnd.microsoft.icon"},
    {".woff2", "font/woff2"},
    {".pdf", "application/pdf"},
    {".txt", "text/plain; charset=utf-8"},
    {".yaml", "application/yaml"},
    {".json", "application/json"},
};

/* NULL: it is none that is given out. */
static const char *
type_of(const char *name)
{
	const char *ending = strrchr(name, '.');

	for (size_t i = 0;
	     ending != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].ending, ending) == 0)
			return types[i].type;
	return NULL;
}

static bool
is_name(const char *name)
{
	return strlen(name) <= NAME_MAX_LEN && name[0] != '.' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] ==
		   '\0';
}

static void
make_tag(struct page *p)
{
	uint8_t hash[32];
	char hex[2 * TAG_BYTES + 1];

	sig_sha256(p->text, p->len, hash);
	bytes_to_hex(hash, TAG_BYTES, hex);
	snprintf(p->tag, sizeof(p->tag), "\"%s\"", hex);
}

static struct page *
find(struct site *s, const char *name)
{
	for (size_t i = 0; i < s->pages; i++)
		if (strcmp(s->page[i].name, name) == 0)
			return &s->page[i];
	return NULL;
}

/* Takes `text` (heap); one of this name is replaced. */
static bool
add(struct site *s, const char *name, char *text, size_t len, struct err *e)
{
	struct page *p = find(s, name);

	if (text == NULL)
		return err_system(e, "memory");
	if (p == NULL && s->pages == SITE_FILES) {
		free(text);
		return err_set(e, ERR_CONFIG, "more than %d pages", SITE_FILES);
	}
	if (p == NULL)
		p = &s->page[s->pages++];
	free(p->text);
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->type = type_of(name);
	p->text = text;
	p->len = len;
	make_tag(p);
	return true;
}

/* --- opening ------------------------------------------------------------------------ */

static bool
add_built_in(struct site *s, struct err *e)
{
	for (const struct site_text *t = site_texts; t->name != NULL; t++)
		if (!add(s, t->name, strdup(t->text), strlen(t->text), e))
			return false;
	return true;
}

static bool
add_file(struct site *s, const char *folder, const char *name, struct err *e)
{
	char path[PATH_ROOM], *text;
	size_t len;

	if (!is_name(name) || type_of(name) == NULL)
		return err_set(e, ERR_CONFIG,
		    "%s/%s: pages are .html, .css, .js, .svg, .png, .jpg, "
		    ".ico, .woff2, .pdf, .txt, .yaml and .json, with names of "
		    "letters, digits, '.', '_' and '-'",
		    folder, name);
	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    (int)sizeof(path))
		return err_set(e, ERR_CONFIG, "file name too long");
	if (durable_load(path, SITE_BYTES, &text, &len, e))
		return add(s, name, text, len, e);
	e->kind = ERR_CONFIG;
	return false;
}

static bool
add_folder(struct site *s, const char *folder, struct err *e)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	bool done = true;

	if (dir == NULL) {
		err_system(e, "%s", folder);
		e->kind = ERR_CONFIG;
		return false;
	}
	while (done && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			done = add_file(s, folder, entry->d_name, e);
	closedir(dir);
	return done;
}

bool
site_open(const char *folder, struct site **out, struct err *e)
{
	struct site *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return err_system(e, "memory");
	if (add_built_in(s, e) &&
	    (*folder == '\0' || add_folder(s, folder, e))) {
		*out = s;
		return true;
	}
	site_close(s);
	return err_prefix(e, "pages");
}

void
site_close(struct site *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->pages; i++)
		free(s->page[i].text);
	free(s);
}

/* --- answering ---------------------------------------------------------------------- */

static const struct page *
page_at(const struct site *s, const char *path)
{
	const char *name;
	size_t len;

	if (*path != '/')
		return NULL;
	name = path[1] != '\0' ? path + 1 : "index";
	len = strlen(name);
	for (size_t i = 0; i < s->pages; i++) {
		const struct page *p = &s->page[i];

		if (strcmp(p->name, name) == 0 ||
		    (strncmp(p->name, name, len) == 0 &&
			strcmp(p->name + len, ".html") == 0))
			return p;
	}
	return NULL;
}

static void
add_headers(const struct page *p, struct http_response *out)
{
	http_add(out, "ETag", "%s", p->tag);
	http_add(out, "Cache-Control", "public, max-age=300");
	http_add(out, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; "
	    "img-src 'self'; font-src 'self'; connect-src 'self'; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	http_add(out, "X-Content-Type-Options", "nosniff");
	http_add(out, "Referrer-Policy", "no-referrer");
}

/* Tags have quotes, so that one is not found in another. */
static bool
has_it(const struct http_request *r, const struct page *p)
{
	const char *tags = r->header(r, "If-None-Match");

	return tags != NULL &&
	       (strcmp(tags, "*") == 0 || strstr(tags, p->tag) != NULL);
}

static void
give(const struct page *p, const struct http_request *r,
    struct http_response *out)
{
	char *copy;

	if (has_it(r, p)) {
		out->status = 304;
		return;
	}
	copy = malloc(p->len + 1);
	if (copy == NULL)
		return; /* 500 */
	memcpy(copy, p->text, p->len + 1);
	http_give(out, 200, p->type, copy, p->len);
}

bool
site_answer(const struct site *s, const struct http_request *request,
    struct http_response *out)
{
	const struct page *p = page_at(s, request->path);

	if (p == NULL)
		return false;
	if (strcmp(request->method, "GET") != 0 &&
	    strcmp(request->method, "HEAD") != 0) {
		http_refuse(out, request, 405, "a page is read, no more");
		http_add(out, "Allow", "GET, HEAD");
		return true;
	}
	give(p, request, out);
	add_headers(p, out);
	return true;
}
