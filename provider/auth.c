/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/auth.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "stamp/sig.h"

#define SECRET_TEXT 64
#define NAME_TEXT   14 /* "XXUS0000000012" */

/* --- tokens ---------------------------------------------------------------------- */

/* "XXUS0000000012": whose token it is. */
typedef const char *
write_name(const struct worker *w, int64_t id, char out[PSD_ID]);

static bool
make_token(const char *name, char token[AUTH_TOKEN],
    uint8_t secret[SECRET_BYTES], struct err *e)
{
	uint8_t random[SECRET_TEXT / 2];
	char *text;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_system(e, "getrandom");
	snprintf(token, AUTH_TOKEN, "%s.", name);
	text = token + strlen(token);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	sig_sha256(text, SECRET_TEXT, secret);
	explicit_bzero(random, sizeof(random));
	return true;
}

bool
auth_make_token(const struct worker *w, int64_t id, char token[AUTH_TOKEN],
    uint8_t secret[SECRET_BYTES], struct err *e)
{
	char name[PSD_ID];

	return make_token(worker_system_id(w, id, name), token, secret, e);
}

bool
auth_make_person_token(const struct worker *w, int64_t id,
    char token[AUTH_TOKEN], uint8_t secret[SECRET_BYTES], struct err *e)
{
	char name[PSD_ID];

	return make_token(worker_person_id(w, id, name), token, secret, e);
}

/* "Bearer XXUS0000000012.<secret>": the number and the secret. */
static bool
parse_token(const struct worker *w, const char *header, write_name *write,
    int64_t *id, const char **secret)
{
	const char *at;
	char name[PSD_ID], *end;
	unsigned long serial;

	if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
		return false;
	at = header + 7;
	*secret = strchr(at, '.');
	if (*secret == NULL || *secret - at != NAME_TEXT ||
	    strlen(*secret + 1) != SECRET_TEXT)
		return false;
	serial = strtoul(at + 4, &end, 10);
	if (end != *secret || serial > UINT32_MAX)
		return false;
	++*secret;
	*id = (int64_t)serial;
	return strncmp(at, write(w, *id, name), NAME_TEXT) == 0;
}

static bool
same_secret(const uint8_t secret[SECRET_BYTES], const char *text)
{
	uint8_t hash[SECRET_BYTES], differ = 0;

	sig_sha256(text, SECRET_TEXT, hash);
	for (size_t i = 0; i < SECRET_BYTES; i++)
		differ |= (uint8_t)(hash[i] ^ secret[i]);
	return differ == 0;
}

/* --- networks ----------------------------------------------------------------------- */

struct network {
	uint8_t bytes[16];
	int bits, family_bits; /* 32 or 128 */
};

static bool
parse_address(const char *text, struct network *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	*out = (struct network){.family_bits = 32};
	if (inet_pton(AF_INET, text, out->bytes) == 1)
		return true;
	out->family_bits = 128;
	if (inet_pton(AF_INET6, text, out->bytes) != 1)
		return false;
	if (memcmp(out->bytes, mapped, sizeof(mapped)) == 0) {
		memmove(out->bytes, out->bytes + 12, 4);
		out->family_bits = 32;
	}
	return true;
}

static bool
parse_network(const char *text, struct network *out)
{
	const char *slash = strchr(text, '/');
	char address[HTTP_ADDRESS], *end;
	long bits;
	int len = slash ? (int)(slash - text) : (int)strlen(text);

	if (len >= HTTP_ADDRESS)
		return false;
	snprintf(address, sizeof(address), "%.*s", len, text);
	if (!parse_address(address, out))
		return false;
	out->bits = out->family_bits;
	if (slash == NULL)
		return true;
	bits = strtol(slash + 1, &end, 10);
	out->bits = (int)bits;
	return end != slash + 1 && *end == '\0' && bits >= 0 &&
	       bits <= out->family_bits;
}

bool
auth_network_valid(const char *network)
{
	struct network n;

	return parse_network(network, &n);
}

bool
auth_in_network(const char *address, const char *network)
{
	struct network a, n;
	int whole;

	if (!parse_address(address, &a) || !parse_network(network, &n) ||
	    a.family_bits != n.family_bits)
		return false;
	whole = n.bits / 8;
	if (memcmp(a.bytes, n.bytes, (size_t)whole) != 0)
		return false;
	return n.bits % 8 == 0 ||
	       ((a.bytes[whole] ^ n.bytes[whole]) >> (8 - n.bits % 8)) == 0;
}

/* --- who --------------------------------------------------------------------------------- */

/* By the token that was shown, else by the certificate. */
static bool
find_id(struct worker *w, const struct http_request *r, int64_t *id,
    const char *secret, bool *found, struct err *e)
{
	*found = true;
	return secret != NULL || store_system_by_fingerprint(
				     w->store, r->fingerprint, id, found, e);
}

static bool
is_theirs(const struct user_system *u, const struct http_request *r,
    const char *secret)
{
	bool right = secret != NULL
			 ? u->has_secret && same_secret(u->secret, secret)
			 : u->fingerprint[0] != '\0' &&
			       strcmp(u->fingerprint, r->fingerprint) == 0;

	return right && !u->withdrawn &&
	       (u->address[0] == '\0' ||
		   auth_in_network(r->address, u->address));
}

bool
auth_system(struct worker *w, const struct http_request *r,
    struct user_system *out, bool *known, struct err *e)
{
	const char *secret;
	bool done, found = false;
	int64_t id = 0;

	*known = false;
	if (!parse_token(w, r->header(r, "Authorization"), worker_system_id,
		&id, &secret))
		secret = NULL;
	/* the books are not asked about what they cannot know */
	if (secret == NULL && r->fingerprint[0] == '\0')
		return true;
	if (!store_begin(w->store, STORE_READ, e))
		return false;
	done = find_id(w, r, &id, secret, &found, e);
	if (done && found) {
		store_system_ask(w->store, id, STORE_LOOK);
		done = store_system_get(w->store, out, &found, e);
	}
	store_rollback(w->store);
	*known = done && found && is_theirs(out, r, secret);
	return done;
}

/* --- who was here before ------------------------------------------------------------------ */

#define SEEN 256

struct auth_seen {
	struct user_system system[SEEN]; /* by their numbers; 0 = nobody */
};

static struct user_system *
place_of(const struct worker *w, int64_t id)
{
	return &w->seen->system[id % SEEN];
}

static void
remember(struct worker *w, const struct user_system *u)
{
	if (w->seen == NULL)
		w->seen = calloc(1, sizeof(*w->seen));
	if (w->seen != NULL)
		*place_of(w, u->id) = *u;
}

void
auth_forget(struct worker *w, int64_t id)
{
	if (w->seen != NULL)
		*place_of(w, id) = (struct user_system){.id = 0};
}

bool
auth_system_seen(struct worker *w, const struct http_request *r,
    struct user_system *out, bool *known, struct err *e)
{
	const char *secret;
	int64_t id;

	*known = w->seen != NULL &&
		 parse_token(w, r->header(r, "Authorization"), worker_system_id,
		     &id, &secret) &&
		 place_of(w, id)->id == id &&
		 is_theirs(place_of(w, id), r, secret);
	if (*known) {
		*out = *place_of(w, id);
		return true;
	}
	if (!auth_system(w, r, out, known, e))
		return false;
	if (*known && out->has_secret)
		remember(w, out);
	return true;
}

bool
auth_person(struct worker *w, const struct http_request *r, struct person *out,
    bool *known, struct err *e)
{
	const char *secret;
	bool done, found;
	int64_t id;

	*known = false;
	if (!parse_token(w, r->header(r, "Authorization"), worker_person_id,
		&id, &secret))
		return true;
	if (!store_begin(w->store, STORE_READ, e))
		return false;
	done = store_person_find(w->store, id, out, &found, e);
	store_rollback(w->store);
	*known =
	    done && found && out->active && same_secret(out->secret, secret);
	return done;
}

bool
auth_is_person(
    const struct worker *w, const struct person *p, const char *token)
{
	char header[AUTH_TOKEN + 8];
	const char *secret;
	int64_t id;
	bool is;

	snprintf(header, sizeof(header), "Bearer %.95s", token);
	is = parse_token(w, header, worker_person_id, &id, &secret) &&
	     id == p->id && p->active && same_secret(p->secret, secret);
	explicit_bzero(header, sizeof(header));
	return is;
}
