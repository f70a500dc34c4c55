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

/* What was found, the configured one among it. */
struct found {
	const char *configured;
	struct vault_place place[PLACES_MAX];
	bool used[PLACES_MAX];
	size_t count;
	bool seen; /* the configured one */
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
is_configured(const struct found *f, const struct vault_place *p)
{
	const char *uri = f->configured;
	size_t scheme = strcspn(uri, ":") + 1;
	const char *reader = uri + scheme;

	if (p->uri[0] == '\0')
		return false;
	if (strcmp(uri, p->uri) == 0 || same_file(uri, p->uri))
		return true;
	if (!p->known || strncmp(uri, p->uri, scheme) != 0)
		return false;
	if (strncmp(reader, "reader=", 7) == 0)
		return strcmp(reader + 7, p->place) == 0;
	return reader[0] == '\0' && !f->seen;
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
	f->used[f->count] = is_configured(f, p);
	f->seen = f->seen || f->used[f->count];
	f->place[f->count++] = *p;
}

/* The configured one is told also where nothing else finds it. */
static void
take_configured(struct found *f, const struct err *e, struct vault *v)
{
	struct vault_place p = {.known = false};
	struct err failed = *e;

	snprintf(p.uri, sizeof(p.uri), "%s", f->configured);
	snprintf(
	    p.place, sizeof(p.place), "%.*s", VAULT_PLACE - 1, f->configured);
	p.known = v != NULL && vault_status(v, &p.status, &failed);
	if (!p.known)
		snprintf(p.holds, sizeof(p.holds), "%.*s", VAULT_PLACE - 1,
		    failed.text);
	take(f, &p);
}

static bool
look(const struct arguments *a, struct found *f, struct err *e)
{
	struct err why = ERR_INIT;
	struct vault *v = NULL;

	/* As who will use them. */
	if (!as_owner(f->configured, e))
		return false;
	vault_file_look(a->settings.state_dir, take, f);
	vault_list(WAIT_MS, take, f);
	if (f->seen)
		return true;
	if (!vault_open(f->configured, 0, &v, &why))
		v = NULL;
	take_configured(f, &why, v);
	vault_close(v);
	return true;
}

int
verb_vault_list(struct arguments *a, char **words)
{
	struct found f = {.configured = a->settings.vault_uri};
	struct err e = ERR_INIT;
	struct out *o;
	char id[PSD_ID];

	(void)words;
	if (!look(a, &f, &e))
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
		out_cell(o, f.used[i] ? "yes" : NULL);
	}
	return out_close(o);
}
