/* SPDX-License-Identifier: Apache-2.0 */
/* an hsm's child: the keys in a token */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "vault/hsm_own.h"

#define ID_BYTES   2 /* as many as the smallest devices keep */
#define ID_ROUNDS  20
#define ID_MAX	   64
#define LABEL_MAX  64
#define POINT_MAX  256
#define LABELS_MAX 32 /* of a list */

/* namedCurve prime256v1: RFC 5480. */
static const uint8_t p256[] = {
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

/* --- attributes --------------------------------------------------------------------- */

/* PKCS#11 takes constants as void *. */
static void *
unconst(const void *p)
{
	union {
		const void *in;
		void *out;
	} u = {p};

	return u.out;
}

static CK_ATTRIBUTE
attribute(CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	return (CK_ATTRIBUTE){type, unconst(value), (CK_ULONG)len};
}

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static CK_ATTRIBUTE
flag(CK_ATTRIBUTE_TYPE type, bool on)
{
	return attribute(type, on ? &yes : &no, sizeof(yes));
}

/* Its bytes, at most `size`; 0 where it has none. */
static size_t
get(CK_FUNCTION_LIST *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_TYPE type, void *out, size_t size)
{
	CK_ATTRIBUTE a = {type, out, (CK_ULONG)size};

	memset(out, 0, size);
	return m->C_GetAttributeValue(session, object, &a, 1) == CKR_OK &&
		       a.ulValueLen <= size
		   ? (size_t)a.ulValueLen
		   : 0;
}

static bool
is_set(const struct hsm_child *c, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_TYPE type, bool otherwise)
{
	CK_BBOOL value;

	if (get(c->at.module, c->session, object, type, &value,
		sizeof(value)) != sizeof(value))
		return otherwise;
	return value != CK_FALSE;
}

/* The first `max` objects that are as `by` says. */
static bool
find(CK_FUNCTION_LIST *m, CK_SESSION_HANDLE session, CK_ATTRIBUTE *by,
    size_t by_count, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *count,
    struct err *e)
{
	CK_RV rv = m->C_FindObjectsInit(session, by, (CK_ULONG)by_count);

	*count = 0;
	if (rv != CKR_OK)
		return hsm_failed(rv, "the token's list of keys", e);
	rv = m->C_FindObjects(session, out, max, count);
	m->C_FindObjectsFinal(session);
	if (*count > max)
		*count = 0;
	return rv == CKR_OK || hsm_failed(rv, "the token's list of keys", e);
}

/* --- the key -------------------------------------------------------------------------- */

static bool
no_key(const CK_ATTRIBUTE *label, CK_ULONG count, struct err *e)
{
	char raw[LABEL_MAX] = "", name[LABEL_MAX];

	if (label != NULL && label->ulValueLen < sizeof(raw))
		memcpy(raw, label->pValue, label->ulValueLen);
	text_clean(raw, name, sizeof(name));
	if (count > 1)
		return err_set(e, ERR_CONFIG,
		    "the token has several keys that answer to \"%s\": name "
		    "one by id= in its URI",
		    name);
	return err_set(e, ERR_CONFIG,
	    "the token has no signing key \"%s\": it was deleted, or this is "
	    "another token of that name",
	    name);
}

static bool
names_key(P11KitUri *uri)
{
	return p11_kit_uri_get_attribute(uri, CKA_ID) != NULL ||
	       p11_kit_uri_get_attribute(uri, CKA_LABEL) != NULL;
}

static bool
find_private(struct hsm_child *c, P11KitUri *uri, struct err *e)
{
	static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	static const CK_KEY_TYPE type = CKK_EC;
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(uri, CKA_ID);
	const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(uri, CKA_LABEL);
	CK_ATTRIBUTE by[4];
	CK_OBJECT_HANDLE found[2];
	CK_ULONG count;
	size_t n = 0;

	if (!names_key(uri))
		return err_set(e, ERR_CONFIG,
		    "the URI names no key: write id= or object= into it");
	by[n++] = attribute(CKA_CLASS, &class, sizeof(class));
	by[n++] = attribute(CKA_KEY_TYPE, &type, sizeof(type));
	if (id != NULL)
		by[n++] = *id;
	if (label != NULL)
		by[n++] = *label;
	if (!find(c->at.module, c->session, by, n, found, 2, &count, e))
		return false;
	if (count != 1)
		return no_key(label, count, e);
	c->key = found[0];
	c->key_wants_pin = is_set(c, c->key, CKA_ALWAYS_AUTHENTICATE, false);
	return true;
}

static void
remember(struct hsm_child *c, const char *name)
{
	struct hsm_found *f;

	if (c->keys_count == 0)
		c->keys_next = 0;
	f = &c->keys[c->keys_next];
	(void)text_copy(f->name, sizeof(f->name), name);
	f->key = c->key;
	f->wants_pin = c->key_wants_pin;
	c->keys_next = (c->keys_next + 1) % HSM_KEYS_MAX;
	if (c->keys_count < HSM_KEYS_MAX)
		c->keys_count++;
}

bool
hsm_find_key(struct hsm_child *c, const char *name, struct err *e)
{
	P11KitUri *uri = NULL;
	bool done;

	for (size_t i = 0; i < c->keys_count; i++)
		if (strcmp(c->keys[i].name, name) == 0) {
			c->key = c->keys[i].key;
			c->key_wants_pin = c->keys[i].wants_pin;
			return true;
		}
	done = name[0] == '\0'
		   ? find_private(c, c->wanted, e)
		   : hsm_parse_uri(name, &uri, e) && find_private(c, uri, e);
	p11_kit_uri_free(uri);
	if (done)
		remember(c, name);
	return done;
}

/* --- its public half -------------------------------------------------------------------- */

bool
hsm_read_point(const uint8_t *in, size_t len, uint8_t point[PSD_POINT])
{
	struct bytes_reader r;
	bool wrapped =
	    len == 2 + PSD_POINT && in[0] == 0x04 && in[1] == PSD_POINT;

	bytes_reader_init(&r, in, len);
	if (wrapped)
		bytes_read(&r, 2);
	bytes_read_into(&r, point, PSD_POINT);
	return bytes_reader_done(&r) && point[0] == 0x04;
}

/* The public key with the private one's id, or its label where it has none. */
static bool
find_public(struct hsm_child *c, CK_OBJECT_HANDLE *out, struct err *e)
{
	static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE by[2] = {attribute(CKA_CLASS, &class, sizeof(class))};
	uint8_t id[ID_MAX], label[LABEL_MAX];
	CK_ULONG count;
	size_t len =
	    get(c->at.module, c->session, c->key, CKA_ID, id, sizeof(id));

	by[1] = attribute(CKA_ID, id, len);
	if (len == 0) {
		len = get(c->at.module, c->session, c->key, CKA_LABEL, label,
		    sizeof(label));
		by[1] = attribute(CKA_LABEL, label, len);
	}
	*out = c->key;
	if (len == 0)
		return true;
	if (!find(c->at.module, c->session, by, 2, out, 1, &count, e))
		return false;
	/* Some keep the point with the private key alone. */
	if (count == 0)
		*out = c->key;
	return true;
}

static bool
read_public(struct hsm_child *c, CK_OBJECT_HANDLE object,
    uint8_t point[PSD_POINT], struct err *e)
{
	uint8_t curve[POINT_MAX], bytes[POINT_MAX];
	size_t len = get(c->at.module, c->session, object, CKA_EC_PARAMS, curve,
	    sizeof(curve));

	if (len != sizeof(p256) || memcmp(curve, p256, sizeof(p256)) != 0)
		return err_set(
		    e, ERR_REQUEST, "the key is not of the curve P-256");
	len = get(c->at.module, c->session, object, CKA_EC_POINT, bytes,
	    sizeof(bytes));
	return hsm_read_point(bytes, len, point) ||
	       err_set(e, ERR_REQUEST,
		   "the token does not show the key's public half: put its "
		   "public key beside it");
}

/* --- one that was there ------------------------------------------------------------------- */

static bool
may_adopt(const struct hsm_child *c, struct err *e)
{
	if (!is_set(c, c->key, CKA_SIGN, true))
		return err_set(e, ERR_REQUEST,
		    "the key may not sign (CKA_SIGN): make one for signing");
	if (is_set(c, c->key, CKA_EXTRACTABLE, false) ||
	    !is_set(c, c->key, CKA_SENSITIVE, true))
		return err_set(e, ERR_REQUEST,
		    "the key can be taken out of the token (CKA_EXTRACTABLE, "
		    "CKA_SENSITIVE): make one that cannot");
	return true;
}

/* --- one that is made ----------------------------------------------------------------------- */

static bool
free_id(struct hsm_child *c, uint8_t id[ID_BYTES], struct err *e)
{
	CK_ATTRIBUTE by = attribute(CKA_ID, id, ID_BYTES);
	CK_OBJECT_HANDLE found;
	CK_ULONG count = 1;

	for (int i = 0; i < ID_ROUNDS && count > 0; i++) {
		if (getrandom(id, ID_BYTES, 0) != ID_BYTES)
			return err_system(e, "random bytes");
		if (!find(
			c->at.module, c->session, &by, 1, &found, 1, &count, e))
			return false;
	}
	return count == 0 ||
	       err_set(e, ERR_SYSTEM, "the token has no free id for a key");
}

static bool
make(struct hsm_child *c, const char *label, struct err *e)
{
	uint8_t id[ID_BYTES];
	size_t len = strlen(label);
	CK_MECHANISM how = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE open[] = {flag(CKA_TOKEN, true), flag(CKA_PRIVATE, false),
	    flag(CKA_VERIFY, true),
	    attribute(CKA_EC_PARAMS, p256, sizeof(p256)),
	    attribute(CKA_ID, id, sizeof(id)),
	    attribute(CKA_LABEL, label, len)};
	CK_ATTRIBUTE closed[] = {flag(CKA_TOKEN, true), flag(CKA_PRIVATE, true),
	    flag(CKA_SENSITIVE, true), flag(CKA_EXTRACTABLE, false),
	    flag(CKA_SIGN, true), attribute(CKA_ID, id, sizeof(id)),
	    attribute(CKA_LABEL, label, len)};
	CK_RV rv;

	if (!free_id(c, id, e))
		return false;
	rv = c->at.module->C_GenerateKeyPair(c->session, &how, open,
	    sizeof(open) / sizeof(open[0]), closed,
	    sizeof(closed) / sizeof(closed[0]), &c->public_key, &c->key);
	if (rv != CKR_OK)
		return hsm_failed(rv, "a new key in the token", e);
	c->made = true;
	c->made_key = c->key;
	c->key_wants_pin = is_set(c, c->key, CKA_ALWAYS_AUTHENTICATE, false);
	c->keys_count = 0;
	remember(c, "");
	return true;
}

void
hsm_drop_key(struct hsm_child *c)
{
	if (!c->made || !c->in)
		return;
	c->at.module->C_DestroyObject(c->session, c->made_key);
	c->at.module->C_DestroyObject(c->session, c->public_key);
	c->made = false;
	c->keys_count = 0;
}

/* --- its name from now on -------------------------------------------------------------------- */

static bool
set_from(const struct hsm_child *c, P11KitUri *uri, CK_ATTRIBUTE_TYPE type)
{
	uint8_t value[ID_MAX];
	size_t len =
	    get(c->at.module, c->session, c->key, type, value, sizeof(value));
	CK_ATTRIBUTE a = attribute(type, value, len);

	return len == 0 || p11_kit_uri_set_attribute(uri, &a) == P11_KIT_URI_OK;
}

static bool
write_name(
    P11KitUri *uri, P11KitUriType type, char out[HSM_URI_MAX], struct err *e)
{
	char *text = NULL;
	bool done;

	if (p11_kit_uri_format(uri, type, &text) != P11_KIT_URI_OK)
		return err_set(e, ERR_SYSTEM, "no URI for the key");
	done = text_copy(out, HSM_URI_MAX, text) ||
	       err_set(e, ERR_CONFIG, "the key's URI is too long");
	free(text);
	return done;
}

/* Among all tokens, and among the keys of its own. */
static bool
name_key(const struct hsm_child *c, struct hsm_taken *out, struct err *e)
{
	P11KitUri *uri = p11_kit_uri_new();
	CK_TOKEN_INFO *token;
	bool done;

	if (uri == NULL || !set_from(c, uri, CKA_ID) ||
	    !set_from(c, uri, CKA_LABEL)) {
		p11_kit_uri_free(uri);
		return err_set(e, ERR_SYSTEM, "no URI for the key");
	}
	done = write_name(uri, P11_KIT_URI_FOR_OBJECT, out->key, e);
	token = p11_kit_uri_get_token_info(uri);
	memcpy(token->label, c->at.info.label, sizeof(token->label));
	memcpy(token->serialNumber, c->at.info.serialNumber,
	    sizeof(token->serialNumber));
	if (c->one[0] != NULL)
		p11_kit_uri_set_module_path(
		    uri, p11_kit_uri_get_module_path(c->wanted));
	done = done &&
	       write_name(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, out->uri, e);
	p11_kit_uri_free(uri);
	return done;
}

bool
hsm_take_key(struct hsm_child *c, const char *label, struct hsm_taken *out,
    struct err *e)
{
	CK_OBJECT_HANDLE object;
	bool there = names_key(c->wanted);

	if (there ? !hsm_find_key(c, "", e) || !may_adopt(c, e)
		  : !make(c, label, e))
		return false;
	/* A token may do as it pleases with what it was asked. */
	if (may_adopt(c, e) && find_public(c, &object, e) &&
	    read_public(c, object, out->point, e) && name_key(c, out, e))
		return true;
	hsm_drop_key(c);
	return false;
}

/* --- the list ----------------------------------------------------------------------------------- */

void
hsm_key_labels(
    CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, char out[HSM_TEXT])
{
	static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE by[2] = {attribute(CKA_CLASS, &class, sizeof(class)),
	    attribute(CKA_EC_PARAMS, p256, sizeof(p256))};
	CK_OBJECT_HANDLE found[LABELS_MAX];
	CK_ULONG count;
	struct err ignored = ERR_INIT;
	size_t at = 0;

	snprintf(out, HSM_TEXT, "no key that can be a PSD's");
	if (!find(module, session, by, 2, found, LABELS_MAX, &count, &ignored))
		return;
	for (CK_ULONG i = 0; i < count; i++) {
		char raw[LABEL_MAX + 1], label[LABEL_MAX + 1];

		get(module, session, found[i], CKA_LABEL, raw, LABEL_MAX);
		raw[LABEL_MAX] = '\0';
		text_clean(raw, label, sizeof(label));
		if (at + strlen(label) + 8 >= HSM_TEXT) {
			snprintf(out + at, HSM_TEXT - at, ", ...");
			return;
		}
		at += (size_t)snprintf(out + at, HSM_TEXT - at, "%s\"%s\"",
		    at > 0 ? ", " : "", label);
	}
}
