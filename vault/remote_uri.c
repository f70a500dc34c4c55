/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/remote_uri.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define HOST_BYTES                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789.-"
#define SIX_BYTES "0123456789abcdefABCDEF:."

/* The port and nothing else is left. */
static bool
is_port(const char *text, size_t len)
{
	char digits[8];
	uint64_t port;

	if (len == 0)
		return true;
	if (text[0] != ':' || len > 6)
		return false;
	snprintf(digits, sizeof(digits), "%.*s", (int)len - 1, text + 1);
	return text_to_u64(digits, 65535, &port) && port > 0;
}

static bool
is_front(const char *text, size_t len)
{
	size_t host;

	if (len > 0 && text[0] == '[') {
		host = 1 + strspn(text + 1, SIX_BYTES);
		return host > 2 && host < len && text[host] == ']' &&
		       is_port(text + host + 1, len - host - 1);
	}
	host = strspn(text, HOST_BYTES);
	return host > 0 && host <= len && is_port(text + host, len - host);
}

static bool
take_fronts(const char **rest, struct remote_uri *out)
{
	const char *at = *rest;

	if (strncmp(at, "//", 2) != 0)
		return false;
	for (at += 2;; at++) {
		size_t len = strcspn(at, ",/?");

		if (out->fronts == REMOTE_FRONTS || !is_front(at, len) ||
		    snprintf(out->front[out->fronts++], REMOTE_FRONT,
			"https://%.*s", (int)len, at) >= REMOTE_FRONT)
			return false;
		at += len;
		if (*at != ',')
			break;
	}
	*rest = at + (*at == '/');
	return true;
}

/* One option; which of the fields it fills, each once. */
static bool
take_option(const char *name, size_t len, struct remote_uri *out)
{
	const struct {
		const char *name;
		char *file;
		bool credential; /* may be one of systemd's */
	} options[] = {
	    {"authority=", out->authority, false},
	    {"token=", out->token, true},
	    {"certificate=", out->certificate, false},
	    {"key=", out->key, false},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t head = strlen(options[i].name);
		const char *file = name + head;

		if (len <= head || strncmp(name, options[i].name, head) != 0)
			continue;
		if (options[i].file[0] != '\0' ||
		    (file[0] != '/' &&
			!(options[i].credential &&
			    strncmp(file, "credential:", 11) == 0)))
			return false;
		return snprintf(options[i].file, REMOTE_FILE, "%.*s",
			   (int)(len - head), file) < REMOTE_FILE;
	}
	return false;
}

static bool
take_options(const char *rest, struct remote_uri *out)
{
	if (*rest == '\0')
		return true;
	if (*rest != '?')
		return false;
	do {
		size_t len = strcspn(++rest, "&");

		if (!take_option(rest, len, out))
			return false;
		rest += len;
	} while (*rest == '&');
	return true;
}

bool
remote_uri_parse(const char *rest, struct remote_uri *out, struct err *e)
{
	char clean[128];

	memset(out, 0, sizeof(*out));
	if (!take_fronts(&rest, out) || !take_options(rest, out))
		return err_set(e, ERR_CONFIG,
		    "\"%s\": write https://HOST:PORT/?authority=/FILE"
		    "&token=/FILE",
		    text_clean(rest, clean, sizeof(clean)));
	if (out->authority[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "which authority certifies the provider's servers is not "
		    "said: add ?authority=/FILE");
	if ((out->certificate[0] == '\0') != (out->key[0] == '\0'))
		return err_set(e, ERR_CONFIG,
		    "a certificate and its key go together: certificate=/FILE"
		    "&key=/FILE");
	return out->token[0] != '\0' || out->certificate[0] != '\0' ||
	       err_set(e, ERR_CONFIG,
		   "what this system proves itself with is not said: add "
		   "token=/FILE, or certificate=/FILE&key=/FILE");
}
