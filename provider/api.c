/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/api.h"

#include <string.h>

#include "provider/auth.h"

static const struct api_route routes[] = {
    {"GET", "/v1/vault", API_SYSTEM, API_AGAIN, api_vault_status},
    {"POST", "/v1/vault/indicia", API_SYSTEM, API_AGAIN, api_vault_indicia},
    {"POST", "/v1/vault/find", API_SYSTEM, API_AGAIN, api_vault_find},
    {"GET", "/v1/vault/recent", API_SYSTEM, API_AGAIN, api_vault_recent},
    {"GET", "/v1/certificates/*", API_ANYBODY, API_AGAIN, api_certificate},
    {"GET", "/v1/health", API_ANYBODY, API_AGAIN, api_health},
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

size_t
api_routes(const struct api_route **list)
{
	*list = routes;
	return ROUTES;
}

const struct api_route *
api_find(
    const struct http_request *request, const char **tail, bool *path_known)
{
	*path_known = false;
	for (size_t i = 0; i < ROUTES; i++) {
		if (!matches(routes[i].path, request->path, tail))
			continue;
		*path_known = true;
		if (same_method(request->method, routes[i].method))
			return &routes[i];
	}
	return NULL;
}

void
api_refuse(struct http_response *out, const struct http_request *request,
    bool path_known)
{
	http_refuse(out, request, path_known ? 405 : 404,
	    path_known ? "this path has other methods"
		       : "there is no such path");
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

	route = api_find(request, &c.tail, &known);
	if (route == NULL) {
		api_refuse(out, request, known);
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
