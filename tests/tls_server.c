/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/test.h"

#define CONNECTIONS 256
#define DAY_S	    86400L

/* --- certificates ------------------------------------------------------------- */

struct tls_authority {
	X509 *cert;
	EVP_PKEY *key;
	long serial;
};

static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok(ext != NULL && X509_add_ext(cert, ext, -1) == 1, value);
	X509_EXTENSION_free(ext);
}

static X509 *
new_cert(const char *name, long serial, EVP_PKEY *key, long from_s, long to_s)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
	X509_gmtime_adj(X509_getm_notAfter(cert), to_s);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_pubkey(cert, key);
	return cert;
}

static void
write_cert(X509 *cert, const char *file)
{
	FILE *f = fopen(file, "w");

	ok(f != NULL && PEM_write_X509(f, cert) == 1, file);
	fclose(f);
}

struct tls_authority *
tls_authority_new(const char *name, const char *file)
{
	struct tls_authority *a = calloc(1, sizeof(*a));

	a->key = EVP_EC_gen("P-256");
	a->cert = new_cert(name, 1, a->key, -400 * DAY_S, 400 * DAY_S);
	X509_set_issuer_name(a->cert, X509_get_subject_name(a->cert));
	add_extension(
	    a->cert, a->cert, NID_basic_constraints, "critical,CA:TRUE");
	ok(X509_sign(a->cert, a->key, EVP_sha256()) > 0, "an authority");
	write_cert(a->cert, file);
	a->serial = 1;
	return a;
}

void
tls_authority_free(struct tls_authority *a)
{
	X509_free(a->cert);
	EVP_PKEY_free(a->key);
	free(a);
}

void
tls_issue(struct tls_authority *a, const struct tls_spec *spec)
{
	bool plain = spec->from_day == 0 && spec->to_day == 0;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = new_cert(spec->name, ++a->serial, key,
	    (plain ? -1 : spec->from_day) * DAY_S,
	    (plain ? 1 : spec->to_day) * DAY_S);
	FILE *f = fopen(spec->key, "w");

	X509_set_issuer_name(cert, X509_get_subject_name(a->cert));
	if (spec->alt != NULL)
		add_extension(cert, a->cert, NID_subject_alt_name, spec->alt);
	ok(X509_sign(cert, a->key, EVP_sha256()) > 0, spec->name);
	write_cert(cert, spec->cert);
	ok(f != NULL &&
		PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1,
	    spec->key);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* --- one connection -------------------------------------------------------------- */

struct tls_server {
	struct tls_server_setup setup;
	SSL_CTX *ctx;
	int fd, port;
	pthread_t thread;
	pthread_mutex_t lock; /* of `link` and `links` */
	struct link {
		struct tls_server *server;
		pthread_t thread;
		int fd;
	} link[CONNECTIONS];
	size_t links;
	atomic_int requests;
	atomic_bool stopping;
};

struct wire {
	int fd;
	SSL *ssl;
};

static int
wire_read(struct wire *w, char *ptr, size_t size)
{
	return w->ssl != NULL ? SSL_read(w->ssl, ptr, (int)size)
			      : (int)recv(w->fd, ptr, size, 0);
}

static bool
wire_write(struct wire *w, const char *ptr, size_t len)
{
	while (len > 0) {
		int n = w->ssl != NULL
			    ? SSL_write(w->ssl, ptr, (int)len)
			    : (int)send(w->fd, ptr, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		ptr += n;
		len -= (size_t)n;
	}
	return true;
}

static size_t
length_of(const char *head)
{
	const char *line = strcasestr(head, "\r\nContent-Length:");

	return line != NULL ? strtoul(line + 17, NULL, 10) : 0;
}

/* One request with its body; false: none came. */
static bool
read_request(struct wire *w, struct tls_request *r)
{
	size_t len = 0, rest;
	char *end = NULL;

	while (end == NULL) {
		int n = wire_read(w, r->head + len, TLS_HEAD_MAX - 1 - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
		r->head[len] = '\0';
		end = strstr(r->head, "\r\n\r\n");
	}
	if (sscanf(r->head, "%15s %511s", r->method, r->path) != 2)
		return false;
	r->body_len = length_of(r->head);
	if (r->body_len > TLS_BODY_MAX)
		return false;
	r->body = calloc(1, r->body_len + 1);
	rest = len - (size_t)(end + 4 - r->head);
	memcpy(r->body, end + 4, rest < r->body_len ? rest : r->body_len);
	end[4] = '\0';
	while (rest < r->body_len) {
		int n = wire_read(w, r->body + rest, r->body_len - rest);

		if (n <= 0)
			return false;
		rest += (size_t)n;
	}
	return true;
}

static bool
send_answer(struct wire *w, const struct tls_answer *a)
{
	char head[1024];
	size_t len = a->body_len;
	int n;

	if (a->wait_ms > 0)
		usleep((useconds_t)a->wait_ms * 1000);
	if (a->fault == TLS_CUT)
		return false;
	if (a->fault == TLS_RAW) {
		wire_write(w, a->body, len);
		return false;
	}
	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: "
	    "%zu\r\n%s\r\n",
	    a->status != 0 ? a->status : 200,
	    a->type != NULL ? a->type : "application/json", len,
	    a->more != NULL ? a->more : "");
	if (a->fault == TLS_HALF)
		len /= 2;
	return wire_write(w, head, (size_t)n) && wire_write(w, a->body, len) &&
	       a->fault == TLS_GOOD;
}

static void
name_of(SSL *ssl, char out[128])
{
	X509 *cert = ssl != NULL ? SSL_get1_peer_certificate(ssl) : NULL;

	out[0] = '\0';
	if (cert != NULL)
		X509_NAME_get_text_by_NID(
		    X509_get_subject_name(cert), NID_commonName, out, 128);
	X509_free(cert);
}

static bool
serve_one(struct tls_server *s, struct wire *w)
{
	struct tls_request *r = calloc(1, sizeof(*r));
	struct tls_answer a = {0};
	bool go_on = read_request(w, r);

	if (go_on) {
		atomic_fetch_add(&s->requests, 1);
		name_of(w->ssl, r->client);
		s->setup.handler(s->setup.context, r, &a);
		go_on = send_answer(w, &a);
	}
	free(a.body);
	free(r->body);
	free(r);
	return go_on;
}

static void *
serve(void *context)
{
	struct link *link = context;
	struct tls_server *s = link->server;
	struct wire w = {.fd = link->fd};
	bool open = true;

	if (s->ctx != NULL) {
		w.ssl = SSL_new(s->ctx);
		SSL_set_fd(w.ssl, w.fd);
		open = SSL_accept(w.ssl) == 1;
	}
	while (open)
		open = serve_one(s, &w);
	if (w.ssl != NULL)
		SSL_shutdown(w.ssl);
	SSL_free(w.ssl);
	shutdown(w.fd, SHUT_RDWR);
	return NULL;
}

/* --- the server ---------------------------------------------------------------- */

static void *
take_connections(void *context)
{
	struct tls_server *s = context;
	sigset_t pipe;
	int one = 1;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	while (!atomic_load(&s->stopping)) {
		int fd = accept(s->fd, NULL, NULL);

		if (fd < 0)
			break;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		pthread_mutex_lock(&s->lock);
		if (s->links < CONNECTIONS) {
			struct link *link = &s->link[s->links++];

			link->server = s;
			link->fd = fd;
			pthread_create(&link->thread, NULL, serve, link);
		} else {
			close(fd);
		}
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static int
listen_at(bool six, int *port)
{
	struct sockaddr_in four = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 sixth = {
	    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *at =
	    six ? (struct sockaddr *)&sixth : (struct sockaddr *)&four;
	socklen_t len = six ? sizeof(sixth) : sizeof(four);
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ok(fd >= 0 && bind(fd, at, len) == 0 && listen(fd, 64) == 0 &&
		getsockname(fd, at, &len) == 0,
	    "a loopback socket");
	*port = ntohs(six ? sixth.sin6_port : four.sin_port);
	return fd;
}

static SSL_CTX *
make_context(const struct tls_server_setup *setup)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	ok(SSL_CTX_use_certificate_file(ctx, setup->cert, SSL_FILETYPE_PEM) ==
		    1 &&
		SSL_CTX_use_PrivateKey_file(
		    ctx, setup->key, SSL_FILETYPE_PEM) == 1,
	    "the server's certificate");
	if (setup->client_authority != NULL) {
		ok(SSL_CTX_load_verify_file(ctx, setup->client_authority) == 1,
		    "the authority of clients");
		SSL_CTX_set_verify(ctx,
		    SSL_VERIFY_PEER |
			(setup->must_show ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT
					  : 0),
		    NULL);
	}
	return ctx;
}

struct tls_server *
tls_server_start(const struct tls_server_setup *setup)
{
	struct tls_server *s = calloc(1, sizeof(*s));

	s->setup = *setup;
	if (setup->cert != NULL)
		s->ctx = make_context(setup);
	s->fd = listen_at(setup->six, &s->port);
	pthread_mutex_init(&s->lock, NULL);
	ok(pthread_create(&s->thread, NULL, take_connections, s) == 0,
	    "a thread");
	return s;
}

void
tls_server_stop(struct tls_server *s)
{
	atomic_store(&s->stopping, true);
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	for (size_t i = 0; i < s->links; i++) {
		shutdown(s->link[i].fd, SHUT_RDWR);
		pthread_join(s->link[i].thread, NULL);
		close(s->link[i].fd);
	}
	close(s->fd);
	SSL_CTX_free(s->ctx);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int
tls_server_port(const struct tls_server *s)
{
	return s->port;
}

int
tls_server_connections(struct tls_server *s)
{
	int count;

	pthread_mutex_lock(&s->lock);
	count = (int)s->links;
	pthread_mutex_unlock(&s->lock);
	return count;
}

int
tls_server_requests(const struct tls_server *s)
{
	return atomic_load(&s->requests);
}
