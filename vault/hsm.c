/* SPDX-License-Identifier: Apache-2.0 */
/* an hsm's child: sessions, PIN, signatures; with hsm_token.c and hsm_key.c the
 * only caller of PKCS#11 */
#include <string.h>

#include "base/text.h"
#include "stamp/sig.h"
#include "vault/hsm_own.h"

#define SIGNATURE_MAX 512 /* room for what a module may write */

/* --- errors ------------------------------------------------------------------------- */

static enum err_kind
kind_of(CK_RV rv)
{
	switch (rv) {
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_DEVICE_REMOVED:
	case CKR_DEVICE_ERROR:
	case CKR_FUNCTION_FAILED: /* what some say of a lost connection */
	case CKR_GENERAL_ERROR:
	case CKR_SLOT_ID_INVALID:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_CLOSED:
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_KEY_HANDLE_INVALID:
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_CRYPTOKI_NOT_INITIALIZED: return ERR_ABSENT;
	case CKR_SESSION_COUNT:
	case CKR_SESSION_PARALLEL_NOT_SUPPORTED:
	case CKR_USER_TOO_MANY_TYPES:
	case CKR_USER_ALREADY_LOGGED_IN:
	case CKR_USER_ANOTHER_ALREADY_LOGGED_IN: return ERR_BUSY;
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_EXPIRED:
	case CKR_PIN_LOCKED: return ERR_DENIED;
	case CKR_USER_PIN_NOT_INITIALIZED:
	case CKR_MECHANISM_INVALID:
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_TOKEN_WRITE_PROTECTED:
	case CKR_KEY_FUNCTION_NOT_PERMITTED:
	case CKR_KEY_TYPE_INCONSISTENT: return ERR_CONFIG;
	default: return ERR_SYSTEM;
	}
}

/* What to do about it. */
static const char *
advice(CK_RV rv)
{
	switch (rv) {
	case CKR_PIN_LOCKED:
		return ": the token's PIN is blocked; unblock it with the "
		       "token's own tool and its SO PIN";
	case CKR_USER_PIN_NOT_INITIALIZED:
		return ": the token has no user PIN yet; set one with the "
		       "token's own tool";
	case CKR_USER_ALREADY_LOGGED_IN:
		return ": the module keeps another login, and no PIN is looked "
		       "at until that is over";
	case CKR_PIN_EXPIRED:
		return ": the token's PIN has run out; run `postage vault pin`";
	case CKR_TOKEN_WRITE_PROTECTED:
		return ": the token may not be written to";
	default: return "";
	}
}

bool
hsm_failed(CK_RV rv, const char *what, struct err *e)
{
	return err_set(e, kind_of(rv), "%s: %s (0x%lx)%s", what,
	    p11_kit_strerror(rv), (unsigned long)rv, advice(rv));
}

/* --- the session ---------------------------------------------------------------------- */

static void
leave_session(struct hsm_child *c)
{
	if (c->in)
		c->at.module->C_CloseSession(c->session);
	c->in = c->made = false;
	c->keys_count = 0;
	explicit_bzero(c->pin, sizeof(c->pin));
}

bool
hsm_parse_uri(const char *text, P11KitUri **out, struct err *e)
{
	char shown[HSM_TEXT];
	int result;

	text_clean(text, shown, sizeof(shown));
	*out = p11_kit_uri_new();
	if (*out == NULL)
		return err_set(e, ERR_SYSTEM, "memory for a URI");
	result = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, *out);
	if (result != P11_KIT_URI_OK)
		return err_set(e, ERR_CONFIG, "\"%s\": %s", shown,
		    p11_kit_uri_message(result));
	if (p11_kit_uri_any_unrecognized(*out))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" has a word that names nothing here", shown);
	if (p11_kit_uri_get_pin_value(*out) != NULL ||
	    p11_kit_uri_get_pin_source(*out) != NULL)
		return err_set(e, ERR_CONFIG,
		    "a PIN does not belong into a token's URI: name its file, "
		    "pin-file in postage.conf or --pin-file");
	return true;
}

static bool
open_session(struct hsm_child *c, struct bytes_reader *in,
    struct bytes_writer *out, struct err *e)
{
	bool writable = bytes_read_le(in, 1) != 0;
	CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0);
	char uri[HSM_URI_MAX];
	CK_RV rv;

	bytes_read_str(in, uri, sizeof(uri));
	leave_session(c);
	hsm_unload(c);
	p11_kit_uri_free(c->wanted);
	c->wanted = NULL;
	if (in->failed || !hsm_parse_uri(uri, &c->wanted, e) || !hsm_load(c, e))
		return false;
	hsm_look(c);
	if (!hsm_find(c, e))
		return false;
	rv = c->at.module->C_OpenSession(
	    c->at.slot, flags, NULL, NULL, &c->session);
	if (rv != CKR_OK)
		return hsm_failed(rv, "a session with the token", e);
	c->in = true;
	bytes_write_le(out, (c->at.info.flags & CKF_LOGIN_REQUIRED) != 0, 1);
	return true;
}

static bool
in_session(const struct hsm_child *c, struct err *e)
{
	return c->in || err_set(e, ERR_ABSENT, "no session with the token");
}

/* --- PIN -------------------------------------------------------------------------------- */

/* How many tries are left is the token's to know; it tells only so much. */
static bool
pin_wrong(struct hsm_child *c, struct err *e)
{
	CK_TOKEN_INFO info;
	const char *left = "";

	if (c->at.module->C_GetTokenInfo(c->at.slot, &info) == CKR_OK) {
		if (info.flags & CKF_USER_PIN_LOCKED)
			return hsm_failed(CKR_PIN_LOCKED, "PIN wrong", e);
		if (info.flags & CKF_USER_PIN_FINAL_TRY)
			left = ", one try left before the token blocks it";
		else if (info.flags & CKF_USER_PIN_COUNT_LOW)
			left = ", some tries are used up";
	}
	return err_set(e, ERR_DENIED, "PIN wrong%s", left);
}

/* What cannot be its PIN costs no try. */
static bool
pin_fits(const struct hsm_child *c, const char *pin, enum err_kind kind,
    struct err *e)
{
	const CK_TOKEN_INFO *t = &c->at.info;
	size_t len = strlen(pin);

	if (t->ulMaxPinLen == 0 || t->ulMaxPinLen == CK_UNAVAILABLE_INFORMATION)
		return true;
	return (len >= t->ulMinPinLen && len <= t->ulMaxPinLen) ||
	       err_set(e, kind, "a PIN of this token has %lu to %lu characters",
		   t->ulMinPinLen, t->ulMaxPinLen);
}

static bool
user_login(
    struct hsm_child *c, CK_USER_TYPE user, const char *pin, struct err *e)
{
	CK_UTF8CHAR bytes[HSM_PIN_MAX];
	size_t len = strlen(pin);
	CK_RV rv;

	memcpy(bytes, pin, len + 1);
	rv = c->at.module->C_Login(c->session, user, bytes, (CK_ULONG)len);
	explicit_bzero(bytes, sizeof(bytes));
	if (rv == CKR_PIN_INCORRECT)
		return pin_wrong(c, e);
	if (rv == CKR_USER_ALREADY_LOGGED_IN && user == CKU_CONTEXT_SPECIFIC)
		return true;
	return rv == CKR_OK || hsm_failed(rv, "the token's PIN", e);
}

static bool
login(struct hsm_child *c, struct bytes_reader *in, struct err *e)
{
	char pin[HSM_PIN_MAX];
	bool done;

	bytes_read_str(in, pin, sizeof(pin));
	done =
	    !in->failed && in_session(c, e) && pin_fits(c, pin, ERR_DENIED, e);
	if (done) {
		/* Or no PIN at all would be looked at. */
		c->at.module->C_Logout(c->session);
		done = user_login(c, CKU_USER, pin, e);
	}
	explicit_bzero(c->pin, sizeof(c->pin));
	if (done)
		memcpy(c->pin, pin, sizeof(pin));
	explicit_bzero(pin, sizeof(pin));
	return done;
}

static bool
change_pin(struct hsm_child *c, struct bytes_reader *in, struct err *e)
{
	char old_pin[HSM_PIN_MAX], new_pin[HSM_PIN_MAX];
	bool done;
	CK_RV rv;

	bytes_read_str(in, old_pin, sizeof(old_pin));
	bytes_read_str(in, new_pin, sizeof(new_pin));
	done = !in->failed && in_session(c, e) &&
	       pin_fits(c, old_pin, ERR_DENIED, e) &&
	       pin_fits(c, new_pin, ERR_REQUEST, e) &&
	       user_login(c, CKU_USER, old_pin, e);
	if (done) {
		rv = c->at.module->C_SetPIN(c->session, (CK_UTF8CHAR *)old_pin,
		    (CK_ULONG)strlen(old_pin), (CK_UTF8CHAR *)new_pin,
		    (CK_ULONG)strlen(new_pin));
		done = rv == CKR_OK || hsm_failed(rv, "the new PIN", e);
	}
	explicit_bzero(old_pin, sizeof(old_pin));
	explicit_bzero(new_pin, sizeof(new_pin));
	return done;
}

/* Some tokens would find and use a key that another session unlocked. */
static bool
may_use_key(const struct hsm_child *c, struct err *e)
{
	return (c->at.info.flags & CKF_LOGIN_REQUIRED) == 0 ||
	       c->pin[0] != '\0' ||
	       err_set(e, ERR_DENIED, "the token needs its PIN");
}

/* --- signing -------------------------------------------------------------------------------- */

static bool
sign_with(struct hsm_child *c, CK_BYTE *data, size_t len, uint8_t *sig,
    CK_ULONG *sig_len, struct err *e)
{
	CK_MECHANISM how = {c->how, NULL, 0};
	CK_RV rv = c->at.module->C_SignInit(c->session, &how, c->key);

	if (rv != CKR_OK)
		return hsm_failed(rv, "the token's key", e);
	if (c->key_wants_pin && c->pin[0] != '\0' &&
	    !user_login(c, CKU_CONTEXT_SPECIFIC, c->pin, e))
		return false;
	rv =
	    c->at.module->C_Sign(c->session, data, (CK_ULONG)len, sig, sig_len);
	return rv == CKR_OK || hsm_failed(rv, "the token's signature", e);
}

static bool
sign_one(struct hsm_child *c, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	CK_BYTE message[HSM_MESSAGE_MAX], hash[SIG_SHA256];
	uint8_t sig[SIGNATURE_MAX];
	CK_ULONG sig_len = sizeof(sig);
	size_t len = (size_t)bytes_read_le(in, 2);
	bool done;

	if (len > sizeof(message))
		return err_set(e, ERR_REQUEST, "too long to be signed");
	bytes_read_into(in, message, len);
	if (in->failed)
		return false;
	sig_sha256(message, len, hash);
	done = c->how == CKM_ECDSA
		   ? sign_with(c, hash, sizeof(hash), sig, &sig_len, e)
		   : sign_with(c, message, len, sig, &sig_len, e);
	if (!done)
		return false;
	if (sig_len != SIG_BYTES)
		return err_set(e, ERR_CORRUPT,
		    "the token signed with %lu bytes instead of %d",
		    (unsigned long)sig_len, SIG_BYTES);
	bytes_write(out, sig, SIG_BYTES);
	return true;
}

static bool
sign(struct hsm_child *c, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	char name[HSM_URI_MAX];

	bytes_read_str(in, name, sizeof(name));
	if (in->failed || !in_session(c, e) || !may_use_key(c, e) ||
	    !hsm_find_key(c, name, e))
		return false;
	while (bytes_left(in) > 0)
		if (!sign_one(c, in, out, e))
			return false;
	return true;
}

/* --- orders ----------------------------------------------------------------------------------- */

static bool
take(struct hsm_child *c, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	char label[HSM_TEXT];
	struct hsm_taken taken;

	bytes_read_str(in, label, sizeof(label));
	if (in->failed || !in_session(c, e) ||
	    !hsm_take_key(c, label, &taken, e))
		return false;
	bytes_write_le(out, c->made, 1);
	bytes_write_str(out, taken.uri);
	bytes_write_str(out, taken.key);
	bytes_write(out, taken.point, sizeof(taken.point));
	return true;
}

/* The first looks, those after it go on. */
static bool
list(struct hsm_child *c, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	size_t n = (size_t)bytes_read_le(in, 2), at = 0;
	CK_MECHANISM_TYPE how;

	if (n == 0) {
		leave_session(c);
		hsm_unload(c);
		p11_kit_uri_free(c->wanted);
		c->wanted = NULL;
		if (!hsm_load(c, e))
			return false;
		hsm_look(c);
	}
	for (size_t i = 0; i < c->places_count; i++)
		if (hsm_mechanism(&c->places[i], &how) && at++ == n) {
			hsm_describe(&c->places[i], out);
			break;
		}
	return true;
}

static bool
obey(void *state, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	struct hsm_child *c = state;

	switch (bytes_read_le(in, 1)) {
	case HSM_LIST: return list(c, in, out, e);
	case HSM_OPEN: return open_session(c, in, out, e);
	case HSM_LOGIN: return login(c, in, e);
	case HSM_PIN: return change_pin(c, in, e);
	case HSM_TAKE: return take(c, in, out, e);
	case HSM_DROP: hsm_drop_key(c); return true;
	case HSM_SIGN: return sign(c, in, out, e);
	default: return err_set(e, ERR_SYSTEM, "no such order");
	}
}

static void
leave(void *state)
{
	struct hsm_child *c = state;

	leave_session(c);
	hsm_unload(c);
	p11_kit_uri_free(c->wanted);
	c->wanted = NULL;
}

const struct aside_part hsm_part = {
    .who = "the token or its module",
    .state_size = sizeof(struct hsm_child),
    .obey = obey,
    .leave = leave,
};
