/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_idle: connections over TLS that are held open and ask little.
 *
 *	bench_idle PORT CA COUNT
 *
 * Opens COUNT connections to 127.0.0.1, each of which asks for /v1/health once;
 * then waits for a line on standard input, and has each ask once more.  Prints
 * what that took.
 */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static gnutls_certificate_credentials_t trust;

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench_idle: %s: %s\n", what, why);
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
reach(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), at_once = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    setsockopt(
		fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once)) != 0) {
		perror("bench_idle: connect");
		exit(1);
	}
	return fd;
}

static gnutls_session_t
connect_tls(int port)
{
	gnutls_session_t s;
	int code, fd = reach(port);

	gnutls_init(&s, GNUTLS_CLIENT);
	gnutls_set_default_priority(s);
	gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, trust);
	gnutls_session_set_verify_cert(s, "127.0.0.1", 0);
	gnutls_transport_set_int(s, fd);
	do
		code = gnutls_handshake(s);
	while (code < 0 && !gnutls_error_is_fatal(code));
	if (code < 0)
		die("handshake", gnutls_strerror(code));
	return s;
}

/* The answer is a small document, which comes whole or in two pieces. */
static void
ask(gnutls_session_t s)
{
	static const char request[] =
	    "GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
	char answer[4096] = "";
	size_t len = 0;

	if (gnutls_record_send(s, request, sizeof(request) - 1) < 0)
		die("send", "failed");
	while (strchr(answer, '}') == NULL) {
		ssize_t n = gnutls_record_recv(
		    s, answer + len, sizeof(answer) - 1 - len);

		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			die("answer", n < 0 ? gnutls_strerror((int)n) : "none");
		len += (size_t)n;
		answer[len] = '\0';
	}
	if (memcmp(answer, "HTTP/1.1 200", 12) != 0)
		die("answer", answer);
}

int
main(int argc, char **argv)
{
	size_t count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	gnutls_session_t *s = calloc(count + 1, sizeof(gnutls_session_t));
	struct rlimit files = {count + 64, count + 64};
	double began = now();

	if (count == 0 || s == NULL || setrlimit(RLIMIT_NOFILE, &files) != 0)
		die("usage", "PORT CA COUNT, with as many files allowed");
	gnutls_certificate_allocate_credentials(&trust);
	if (gnutls_certificate_set_x509_trust_file(
		trust, argv[2], GNUTLS_X509_FMT_PEM) < 1)
		die(argv[2], "no certificate");
	for (size_t i = 0; i < count; i++) {
		s[i] = connect_tls(atoi(argv[1]));
		ask(s[i]);
	}
	printf("%zu connections in %.1f s\n", count, now() - began);
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	began = now();
	for (size_t i = 0; i < count; i++)
		ask(s[i]);
	printf("each asked again: %.1f s\n", now() - began);
	return 0;
}
