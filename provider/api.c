/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/api.h"

#include <string.h>

#include "provider/auth.h"

static const struct api_route routes[] = {
    {"GET", "/v1/vault", API_SYSTEM, api_vault_status},
    {"POST", "/v1/vault/indicia", API_SYSTEM, api_vault_indicia},
    {"POST", "/v1/vault/find", API_SYSTEM, api_vault_find},
    {"GET", "/v1/vault/recent", API_SYSTEM, api_vault_recent},
    {"GET", "/v1/certificates/*", API_ANYBODY, api_certificate},
    {"GET", "/v1/health", API_ANYBODY, api_health},
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* True where `path` is the route's; *tail what stands for its '*'. */
static bool
matches(const char *pattern, const char *path, const char **tail)
{
	size_t len = strlen(pattern);

	*tail = "";
	if (pattern[len - 1] != '*')
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, len - 1) != 0)
		return false;
	*tail = path + len - 1;
	return **tail != '\0' && strchr(*tail, '/') == NULL;
}

/* HEAD is a GET whose body the server leaves out. */
static bool
same_method(const char *asked, const char *of)
{
	return strcmp(asked, of) == 0 ||
	       (strcmp(asked, "HEAD") == 0 && strcmp(of, "GET") == 0);
}

static const struct api_route *
find_route(struct call *c, bool *path_known)
{
	const char *tail;

	*path_known = false;
	for (size_t i = 0; i < ROUTES; i++) {
		if (!matches(routes[i].path, c->request->path, &tail))
			continue;
		*path_known = true;
		if (!same_method(c->request->method, routes[i].method))
			continue;
		c->tail = tail;
		return &routes[i];
	}
	return NULL;
}

static bool
may_call(
    struct call *c, const struct api_route *route, bool *known, struct err *e)
{
	*known = true;
	return route->who == API_ANYBODY ||
	       auth_system(c->w, c->request, &c->system, known, e);
}

static void
ask_who(struct call *c)
{
	static const struct err who = {ERR_DENIED,
	    "no user system is known by this token or certificate, from this "
	    "address: its administrator finds the token where the system was "
	    "added, or has a new one made"};

	http_challenge(c->out, c->request, &who, "Bearer realm=\"postage\"");
}

void
api_answer(struct worker *w, const struct http_request *request,
    struct http_response *out)
{
	struct call c = {.w = w, .request = request, .out = out};
	const struct api_route *route;
	struct err e = ERR_INIT;
	bool known;

	route = find_route(&c, &known);
	if (route == NULL) {
		http_refuse(out, request, known ? 405 : 404,
		    known ? "this path has other methods"
			  : "there is no such path");
		return;
	}
	if (!may_call(&c, route, &known, &e))
		http_problem(out, request, &e);
	else if (!known)
		ask_who(&c);
	else if (!route->handler(&c, &e))
		http_problem(out, request, &e);
}

bool
api_give(struct call *c, struct json *j, struct err *e)
{
	size_t len;
	char *text = json_text(j, &len);

	if (text == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	http_give(c->out, 200, "application/json", text, len);
	return true;
}
