/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/https.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "config.h"

#define ORIGIN	   300
#define KEPT_S	   30L /* a server may end an idle connection sooner */
#define BODY_FIRST 4096
#define RETRY_MAX  3600

struct https {
	struct https_setup setup;
	CURL *curl;
	char origin[ORIGIN]; /* of the URL, for messages */
	char said[CURL_ERROR_SIZE];
	char *body;
	size_t body_len, body_size;
	size_t header_len;
	bool too_long;
	bool head_ended; /* an empty line behind the headers */
	bool once;	 /* this request may go out once alone */
	bool sent;
};

static pthread_once_t begun = PTHREAD_ONCE_INIT;

static void
begin(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Writing into a connection that is gone signals SIGPIPE, at its closing too.
 * This thread holds it back and forgets it: the process may want its own. */
struct quiet {
	sigset_t before;
	bool pending;
};

static bool
pipe_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void
quiet_begin(struct quiet *q)
{
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	q->pending = pipe_pending();
	pthread_sigmask(SIG_BLOCK, &pipe, &q->before);
}

static void
quiet_end(const struct quiet *q)
{
	const struct timespec now = {0};
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (!q->pending && pipe_pending())
		sigtimedwait(&pipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}

/* --- what curl calls ---------------------------------------------------------- */

static size_t
take_body(char *ptr, size_t one, size_t len, void *context)
{
	struct https *h = context;
	size_t need = h->body_len + len + 1;

	(void)one;
	if (need > HTTPS_ANSWER_MAX + 1) {
		h->too_long = true;
		return 0;
	}
	if (need > h->body_size) {
		size_t size = need < BODY_FIRST ? BODY_FIRST : 2 * need;
		char *body = realloc(h->body, size);

		if (body == NULL)
			return 0;
		h->body = body;
		h->body_size = size;
	}
	memcpy(h->body + h->body_len, ptr, len);
	h->body_len += len;
	h->body[h->body_len] = '\0';
	return len;
}

static size_t
take_header(char *ptr, size_t one, size_t len, void *context)
{
	struct https *h = context;

	(void)one;
	if (len > 0)
		h->head_ended = *ptr == '\r' || *ptr == '\n';
	h->header_len += len;
	h->too_long = h->too_long || h->header_len > HTTPS_HEADERS_MAX;
	return h->too_long ? 0 : len;
}

/* The connection stands and the request is about to leave.  curl repeats by
 * itself what went into a kept connection that turns out to be closed, a POST
 * as well. */
static int
before_sending(void *context, char *to, char *from, int to_port, int from_port)
{
	struct https *h = context;

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	if (h->sent && h->once)
		return CURL_PREREQFUNC_ABORT;
	h->sent = true;
	return CURL_PREREQFUNC_OK;
}

/* --- opening ---------------------------------------------------------------------- */

static bool
readable(const char *path, struct err *e)
{
	if (path == NULL || access(path, R_OK) == 0)
		return true;
	err_system(e, "%s", path);
	e->kind = ERR_CONFIG;
	return false;
}

bool
https_open(const struct https_setup *setup, struct https **out, struct err *e)
{
	struct https *h;

	if (!readable(setup->authority, e) ||
	    !readable(setup->certificate, e) || !readable(setup->key, e))
		return false;
	pthread_once(&begun, begin);
	h = calloc(1, sizeof(*h));
	if (h != NULL)
		h->curl = curl_easy_init();
	if (h == NULL || h->curl == NULL) {
		free(h);
		return err_set(e, ERR_SYSTEM, "memory for HTTPS");
	}
	h->setup = *setup;
	*out = h;
	return true;
}

void
https_close(struct https *h)
{
	struct quiet q;

	if (h == NULL)
		return;
	quiet_begin(&q);
	curl_easy_cleanup(h->curl);
	quiet_end(&q);
	free(h->body);
	free(h);
}

void
https_hurry(struct https *h, int connect_ms, int answer_ms)
{
	h->setup.connect_ms = connect_ms;
	h->setup.answer_ms = answer_ms;
}

/* --- the request ------------------------------------------------------------------ */

static bool
is_loopback(const char *host)
{
	struct in_addr four;

	if (strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &four) == 1 &&
	       ntohl(four.s_addr) >> 24 == 127;
}

static bool
may_ask(
    const struct https *h, const char *scheme, const char *host, struct err *e)
{
	if (h->setup.authority != NULL)
		return strcmp(scheme, "https") == 0 ||
		       err_set(e, ERR_CONFIG,
			   "%s: only https:// is asked, so that nobody "
			   "listens and the server proves who it is",
			   h->origin);
	if (strcmp(scheme, "http") == 0)
		return is_loopback(host) ||
		       err_set(e, ERR_CONFIG,
			   "%s: http:// goes to this computer alone "
			   "(127.0.0.1 or [::1]); write https://",
			   h->origin);
	return err_set(e, ERR_CONFIG,
	    "%s: https:// needs the file of the authority that certified the "
	    "server",
	    h->origin);
}

/* Keeps the origin, and sees where the URL leads. */
static bool
look_at_url(struct https *h, const char *url, struct err *e)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *parts = curl_url();
	bool done = false;

	h->origin[0] = '\0';
	if (parts == NULL ||
	    curl_url_set(parts, CURLUPART_URL, url,
		CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) !=
		CURLUE_OK) {
		err_set(e, ERR_CONFIG,
		    "not the URL of a server; write https://HOST:PORT/");
	} else {
		snprintf(h->origin, sizeof(h->origin), "%s://%s:%s", scheme,
		    host, port);
		done = may_ask(h, scheme, host, e);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parts);
	return done;
}

static bool
add_header(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer;

	if (strpbrk(text, "\r\n") != NULL)
		return false;
	longer = curl_slist_append(*list, text);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool
make_headers(
    const struct https_request *r, struct curl_slist **list, struct err *e)
{
	char type[128];
	/* No "100 Continue": one wait less. */
	bool done = add_header(list, "Expect:");

	if (r->type != NULL) {
		snprintf(type, sizeof(type), "Content-Type: %s", r->type);
		done = done && add_header(list, type);
	}
	for (size_t i = 0; done && r->headers != NULL && r->headers[i] != NULL;
	     i++)
		done = add_header(list, r->headers[i]);
	return done || err_set(e, ERR_CONFIG, "a header of two lines");
}

static void
drop_headers(struct curl_slist *list)
{
	for (struct curl_slist *one = list; one != NULL; one = one->next)
		explicit_bzero(one->data, strlen(one->data));
	curl_slist_free_all(list);
}

#define SET(option, value) \
	(done = done && curl_easy_setopt(h->curl, option, value) == CURLE_OK)

/* How we ask, whoever it is. */
static bool
set_manners(struct https *h)
{
	const struct https_setup *s = &h->setup;
	bool done = true;

	SET(CURLOPT_PROTOCOLS_STR, s->authority != NULL ? "https" : "http");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_USERAGENT, "cups-postage/" PACKAGE_VERSION);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)s->connect_ms + s->answer_ms);
	SET(CURLOPT_MAXAGE_CONN, KEPT_S);
	/* A name server that is silent holds nobody at the end. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	/* Debian's curl trusts a whole folder else. */
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_CAINFO, s->authority);
	SET(CURLOPT_SSLCERT, s->certificate);
	SET(CURLOPT_SSLKEY, s->key);
	return done;
}

static bool
set_request(
    struct https *h, const struct https_request *r, struct curl_slist *headers)
{
	bool done = true;

	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_REQUEST_TARGET, r->target);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_ERRORBUFFER, h->said);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, h);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, h);
	SET(CURLOPT_PREREQFUNCTION, before_sending);
	SET(CURLOPT_PREREQDATA, h);
	if (strcmp(r->method, "GET") == 0)
		return SET(CURLOPT_HTTPGET, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)(r->type != NULL ? r->body_len : 0));
	SET(CURLOPT_POSTFIELDS, r->type != NULL ? r->body : "");
	return SET(CURLOPT_CUSTOMREQUEST, r->method);
}

/* --- the answer --------------------------------------------------------------------- */

static enum err_kind
kind_of(const struct https *h, CURLcode code)
{
	if (h->too_long)
		return ERR_REQUEST;
	if (h->sent)
		return ERR_ABSENT;
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION: return ERR_DENIED;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL: return ERR_CONFIG;
	case CURLE_OUT_OF_MEMORY: return ERR_SYSTEM;
	default: return ERR_ABSENT;
	}
}

static bool
explain(const struct https *h, CURLcode code, struct err *e)
{
	enum err_kind kind = kind_of(h, code);
	const char *what = "no connection";
	char said[CURL_ERROR_SIZE];

	if (h->too_long)
		return err_set(e, ERR_REQUEST,
		    "%s: its answer is too long to be one", h->origin);
	if (kind == ERR_DENIED)
		what = "not the server that is trusted here, nothing was sent: "
		       "its "
		       "certificate has to lead to the authority named for it, "
		       "to have its name and to be valid now";
	else if (kind == ERR_CONFIG)
		what = "certificate, key or authority cannot be used: is it "
		       "PEM, and "
		       "may this user read it?";
	else if (kind == ERR_SYSTEM)
		what = "cannot ask";
	else if (h->sent)
		what = "asked, but no whole answer came";
	text_clean(h->said[0] != '\0' ? h->said : curl_easy_strerror(code),
	    said, sizeof(said));
	return err_set(e, kind, "%s: %s (%s)", h->origin, what, said);
}

static void
take_answer(struct https *h, struct https_answer *out)
{
	const char *type = NULL;
	curl_off_t retry = 0;
	long status = 0;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &retry);
	out->status = (int)status;
	out->type = type != NULL ? type : "";
	out->body = h->body != NULL ? h->body : "";
	out->body_len = h->body_len;
	out->retry_s = retry < 0	   ? 0
		       : retry < RETRY_MAX ? (int)retry
					   : RETRY_MAX;
}

/* The server has ended the kept connection, or says something unasked.  This
 * curl would see neither through TLS, and send into it. */
static bool
is_stale(const struct https *h)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct pollfd p = {.events = POLLIN};

	if (curl_easy_getinfo(h->curl, CURLINFO_ACTIVESOCKET, &fd) !=
		CURLE_OK ||
	    fd == CURL_SOCKET_BAD)
		return false;
	p.fd = fd;
	return poll(&p, 1, 0) != 0;
}

/* The same options as a new one, and kept connections where they are good. */
static bool
renew(struct https *h)
{
	if (h->curl != NULL && !is_stale(h)) {
		curl_easy_reset(h->curl);
		return true;
	}
	curl_easy_cleanup(h->curl);
	h->curl = curl_easy_init();
	return h->curl != NULL;
}

static void
forget_answer(struct https *h)
{
	h->body_len = h->header_len = 0;
	if (h->body != NULL)
		h->body[0] = '\0';
	h->said[0] = '\0';
	h->too_long = h->sent = h->head_ended = false;
}

static bool
ask(struct https *h, const struct https_request *r, struct https_answer *out,
    struct err *e)
{
	struct curl_slist *headers = NULL;
	bool done = look_at_url(h, r->url, e) && make_headers(r, &headers, e);

	if (done && (!set_manners(h) || !set_request(h, r, headers)))
		done = err_set(e, ERR_SYSTEM, "this libcurl cannot do it");
	if (done) {
		CURLcode code = curl_easy_perform(h->curl);

		/* curl takes the half of the headers for all */
		if (code == CURLE_OK && !h->head_ended)
			code = CURLE_PARTIAL_FILE;
		done = code == CURLE_OK || explain(h, code, e);
	}
	if (done)
		take_answer(h, out);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	drop_headers(headers);
	return done;
}

bool
https_ask(struct https *h, const struct https_request *r,
    struct https_answer *out, bool *sent, struct err *e)
{
	struct quiet q;
	bool done;

	memset(out, 0, sizeof(*out));
	out->type = out->body = "";
	forget_answer(h);
	h->once = strcmp(r->method, "GET") != 0;
	quiet_begin(&q);
	done = renew(h) ? ask(h, r, out, e)
			: err_set(e, ERR_SYSTEM, "memory for HTTPS");
	quiet_end(&q);
	*sent = h->sent;
	return done;
}

const char *
https_header(struct https *h, const char *name)
{
	struct curl_header *found;

	if (h->curl == NULL || curl_easy_header(h->curl, name, 0, CURLH_HEADER,
				   -1, &found) != CURLHE_OK)
		return NULL;
	return found->value;
}
