/* SPDX-License-Identifier: Apache-2.0 */
/* postage vault list: every place with a vault, or for one */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tools/as_owner.h"
#include "tools/verb_vault.h"
#include "vault/file.h"

#define PLACES_MAX 64
#define WAIT_MS	   1500 /* for a card that another program holds */

/* A vault of postage.conf. */
struct configured {
	const char *name, *uri;
	bool seen;
};

/* What was found, the configured ones among it. */
struct found {
	struct configured configured[POOL_MAX];
	size_t configured_count;
	struct vault_place place[PLACES_MAX];
	const struct configured *is[PLACES_MAX]; /* or NULL */
	size_t count;
};

static const struct out_column columns[] = {
    {"place", "Place", OUT_TEXT},
    {"psd", "PSD", OUT_TEXT},
    {"state", "State", OUT_TEXT},
    {"left", "Left", OUT_TEXT},
    {"uri", "URI", OUT_TEXT},
    {"configured", "Configured", OUT_TEXT},
};

/* The same file, however it is written. */
static bool
same_file(const char *a, const char *b)
{
	char path_a[PATH_MAX], path_b[PATH_MAX];
	struct err e = ERR_INIT;

	return vault_file_path(a, path_a, sizeof(path_a), &e) &&
	       vault_file_path(b, path_b, sizeof(path_b), &e) &&
	       strcmp(path_a, path_b) == 0;
}

/* Would the configured URI open this one?  "card:" is the first that is found. */
static bool
opens(const struct configured *c, const struct vault_place *p)
{
	size_t scheme = strcspn(c->uri, ":") + 1;
	const char *rest = c->uri + scheme;

	if (p->uri[0] == '\0')
		return false;
	if (strcmp(c->uri, p->uri) == 0 || same_file(c->uri, p->uri))
		return true;
	if (!p->known || strncmp(c->uri, p->uri, scheme) != 0)
		return false;
	if (strncmp(rest, "reader=", 7) == 0)
		return strcmp(rest + 7, p->place) == 0;
	return rest[0] == '\0' && !c->seen;
}

static const struct configured *
find_configured(struct found *f, const struct vault_place *p)
{
	for (size_t i = 0; i < f->configured_count; i++)
		if (opens(&f->configured[i], p)) {
			f->configured[i].seen = true;
			return &f->configured[i];
		}
	return NULL;
}

static bool
is_there(const struct found *f, const struct vault_place *p)
{
	for (size_t i = 0; i < f->count; i++)
		if (p->uri[0] != '\0' && strcmp(f->place[i].uri, p->uri) == 0)
			return true;
	return false;
}

static void
take(void *context, const struct vault_place *p)
{
	struct found *f = context;

	if (f->count == PLACES_MAX || is_there(f, p))
		return;
	f->is[f->count] = find_configured(f, p);
	f->place[f->count++] = *p;
}

/* A configured one is told also where nothing else finds it. */
static void
take_configured(struct found *f, const struct configured *c)
{
	struct vault_place p = {.known = false};
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	snprintf(p.uri, sizeof(p.uri), "%s", c->uri);
	snprintf(p.place, sizeof(p.place), "%.*s", VAULT_PLACE - 1, c->uri);
	p.known =
	    vault_open(c->uri, 0, &v, &e) && vault_status(v, &p.status, &e);
	if (!p.known)
		snprintf(
		    p.holds, sizeof(p.holds), "%.*s", VAULT_PLACE - 1, e.text);
	vault_close(v);
	take(f, &p);
}

static void
read_configured(struct found *f, const struct settings *s)
{
	if (!s->first_is_named)
		f->configured[f->configured_count++] = (struct configured){
		    SETTINGS_VAULT_MAIN, s->vault_uri, false};
	for (int i = 0; i < s->more_count; i++)
		f->configured[f->configured_count++] =
		    (struct configured){s->more[i].name, s->more[i].uri, false};
}

/* As who will use them. */
static bool
look(const struct settings *s, struct found *f, struct err *e)
{
	if (!as_owner(s->vault_uri, e))
		return false;
	read_configured(f, s);
	vault_file_look(s->state_dir, take, f);
	vault_list(WAIT_MS, take, f);
	for (size_t i = 0; i < f->configured_count; i++)
		if (!f->configured[i].seen)
			take_configured(f, &f->configured[i]);
	return true;
}

int
verb_vault_list(struct arguments *a, char **words)
{
	struct found f = {.count = 0};
	struct err e = ERR_INIT;
	struct out *o;
	char id[PSD_ID];

	(void)words;
	if (!look(&a->settings, &f, &e))
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_table(o, "places", OUT_COLUMNS(columns));
	for (size_t i = 0; i < f.count; i++) {
		const struct vault_place *p = &f.place[i];

		out_cell_clean(o, p->place);
		out_cell(o, p->known ? verb_vault_psd(&p->status, id) : NULL);
		out_cell_clean(
		    o, p->known ? verb_vault_life(&p->status) : p->holds);
		out_cell_sum_if(o, p->known, p->status.descending);
		out_cell_clean(o, p->uri);
		out_cell(o, f.is[i] != NULL ? f.is[i]->name : NULL);
	}
	return out_close(o);
}
