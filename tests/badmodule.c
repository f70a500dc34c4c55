/* SPDX-License-Identifier: Apache-2.0 */
/*
 * badmodule: a PKCS#11 module with one token, one slot and one key, which does
 * what real ones do now and then.
 *
 *	BADMODULE	words: hang=C_Sign die=C_Sign gone=C_Sign always-pin bare-point short locked
 *			final unset another-pin another-key extractable
 *			seventh (each seventh signature is none)
 *	BADMODULE_ONCE	a file: `gone` takes it away, and then is over
 *	BADMODULE_LOG	a file: a line for each C_Login
 *	BADMODULE_SCRIPT hexadecimal: each call takes what it returns, and of
 *			which length, from here; where it ends, all is well
 *
 * It never writes beyond what it was given: one that does cannot be helped.
 */
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "stamp/sig.h"
#include "vault/crypto.h"

#define PIN	   "271828"
#define SCRIPT_MAX 65536
#define KEY	   1
#define PUBLIC	   2

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out);

static uint8_t script[SCRIPT_MAX];
static size_t script_len, script_at;
static struct sig_key *key;
static bool context_login, listed;
static unsigned signatures;
static char label[64] = "bad key";
static CK_OBJECT_CLASS wanted;

/* --- what it was told --------------------------------------------------------- */

static bool
told(const char *word)
{
	const char *all = getenv("BADMODULE");
	const char *at = all != NULL ? strstr(all, word) : NULL;
	size_t len = strlen(word);

	return at != NULL && (at[len] == '\0' || at[len] == ' ');
}

static bool
told_of(const char *what, const char *call)
{
	char word[64];

	snprintf(word, sizeof(word), "%s=%s", what, call);
	return told(word);
}

static uint8_t
next(void)
{
	return script_at < script_len ? script[script_at++] : 0;
}

/* What this call returns. */
static CK_RV
begin(const char *call)
{
	static const CK_RV all[] = {CKR_OK, CKR_OK, CKR_GENERAL_ERROR,
	    CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT,
	    CKR_SESSION_HANDLE_INVALID, CKR_PIN_INCORRECT, CKR_PIN_LOCKED,
	    CKR_USER_ALREADY_LOGGED_IN, CKR_USER_NOT_LOGGED_IN,
	    CKR_BUFFER_TOO_SMALL, CKR_ATTRIBUTE_TYPE_INVALID,
	    CKR_ATTRIBUTE_SENSITIVE, CKR_OBJECT_HANDLE_INVALID,
	    CKR_FUNCTION_NOT_SUPPORTED, CKR_SESSION_COUNT, CKR_HOST_MEMORY,
	    CKR_VENDOR_DEFINED, (CK_RV)-1};

	const char *once = getenv("BADMODULE_ONCE");

	while (told_of("hang", call))
		pause();
	if (told_of("die", call))
		_exit(11);
	if (told_of("gone", call) && (once == NULL || unlink(once) == 0))
		return CKR_DEVICE_REMOVED;
	return all[next() % (sizeof(all) / sizeof(all[0]))];
}

/* How long it says that something is. */
static CK_ULONG
length(CK_ULONG right)
{
	switch (next() % 8) {
	case 1: return 0;
	case 2: return right - 1;
	case 3: return right + 1;
	case 4: return 1u << 20;
	case 5: return (CK_ULONG)-1;
	default: return right;
	}
}

/* Bytes as they should be, or as the script has them. */
static void
fill(void *out, const void *right, size_t len)
{
	uint8_t *to = out;

	memcpy(to, right, len);
	if (next() % 4 == 3)
		for (size_t i = 0; i < len; i++)
			to[i] = next();
}

static void
text(CK_UTF8CHAR *out, size_t size, const char *right)
{
	char padded[64];

	memset(padded, ' ', sizeof(padded));
	memcpy(padded, right, strlen(right));
	fill(out, padded, size);
}

/* --- module, slot, token -------------------------------------------------------- */

static CK_RV
initialize(void *args)
{
	static const uint8_t scalar[2][SIG_SCALAR] = {
	    {1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1}};
	const char *hex = getenv("BADMODULE_SCRIPT");
	struct err e = ERR_INIT;

	(void)args;
	script_at = script_len = 0;
	if (hex != NULL &&
	    !bytes_from_hex(hex, script, sizeof(script), &script_len))
		return CKR_GENERAL_ERROR;
	sig_free(key);
	key = NULL;
	if (!sig_load_scalar(scalar[told("another-key") ? 1 : 0], &key, &e))
		return CKR_GENERAL_ERROR;
	return begin("C_Initialize");
}

static CK_RV
finalize(void *reserved)
{
	(void)reserved;
	sig_free(key);
	key = NULL;
	return CKR_OK;
}

static CK_RV
get_info(CK_INFO *out)
{
	memset(out, 0, sizeof(*out));
	out->cryptokiVersion.major = 2;
	out->cryptokiVersion.minor = 40;
	text(out->manufacturerID, sizeof(out->manufacturerID), "Nobody");
	return begin("C_GetInfo");
}

static CK_RV
get_slot_list(CK_BBOOL present, CK_SLOT_ID *out, CK_ULONG *count)
{
	CK_ULONG size = *count;

	(void)present;
	*count = length(1);
	for (CK_ULONG i = 0; out != NULL && i < size && i < 4; i++)
		out[i] = i + 1;
	return begin("C_GetSlotList");
}

static CK_RV
get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *out)
{
	(void)slot;
	memset(out, 0, sizeof(*out));
	text(out->label, sizeof(out->label), "Bad");
	text(out->manufacturerID, sizeof(out->manufacturerID), "Nobody");
	text(out->model, sizeof(out->model), "Fake");
	text(out->serialNumber, sizeof(out->serialNumber), "0001");
	out->flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED |
		     (told("locked") ? CKF_USER_PIN_LOCKED : 0) |
		     (told("final") ? CKF_USER_PIN_FINAL_TRY : 0);
	out->ulMinPinLen = length(4);
	out->ulMaxPinLen = length(64);
	return begin("C_GetTokenInfo");
}

static CK_RV
get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *out, CK_ULONG *count)
{
	CK_ULONG size = *count;

	(void)slot;
	*count = length(2);
	if (out != NULL && size >= 2) {
		out[0] = CKM_RSA_PKCS;
		out[1] = next() == 5 ? CKM_ECDSA : CKM_ECDSA_SHA256;
	}
	return begin("C_GetMechanismList");
}

/* --- session, PIN ------------------------------------------------------------------- */

static CK_RV
open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application,
    CK_NOTIFY notify, CK_SESSION_HANDLE *out)
{
	(void)slot;
	(void)flags;
	(void)application;
	(void)notify;
	*out = 7;
	return begin("C_OpenSession");
}

static CK_RV
close_session(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_OK;
}

static CK_RV
close_all(CK_SLOT_ID slot)
{
	(void)slot;
	return CKR_OK;
}

static void
note_login(void)
{
	const char *path = getenv("BADMODULE_LOG");
	FILE *f = path != NULL ? fopen(path, "a") : NULL;

	if (f != NULL) {
		fputs("C_Login\n", f);
		fclose(f);
	}
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
    CK_ULONG len)
{
	CK_RV rv = begin("C_Login");

	(void)session;
	note_login();
	if (rv != CKR_OK)
		return rv;
	if (told("locked"))
		return CKR_PIN_LOCKED;
	if (told("unset"))
		return CKR_USER_PIN_NOT_INITIALIZED;
	if (told("another-pin") || len != strlen(PIN) ||
	    memcmp(pin, PIN, len) != 0)
		return CKR_PIN_INCORRECT;
	context_login = user == CKU_CONTEXT_SPECIFIC;
	return CKR_OK;
}

static CK_RV
logout(CK_SESSION_HANDLE session)
{
	(void)session;
	return begin("C_Logout");
}

static CK_RV
set_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR *old_pin, CK_ULONG old_len,
    CK_UTF8CHAR *new_pin, CK_ULONG new_len)
{
	(void)session;
	(void)old_pin;
	(void)old_len;
	(void)new_pin;
	(void)new_len;
	return begin("C_SetPIN");
}

/* --- objects -------------------------------------------------------------------------- */

static CK_RV
find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *by, CK_ULONG count)
{
	(void)session;
	wanted = CKO_DATA;
	for (CK_ULONG i = 0; i < count; i++)
		if (by[i].type == CKA_CLASS)
			memcpy(&wanted, by[i].pValue, sizeof(wanted));
	listed = false;
	return begin("C_FindObjectsInit");
}

static CK_RV
find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG max,
    CK_ULONG *count)
{
	(void)session;
	for (CK_ULONG i = 0; i < max; i++)
		out[i] = wanted == CKO_PRIVATE_KEY ? KEY : PUBLIC;
	*count = listed || wanted == CKO_DATA ? 0 : length(1);
	listed = true;
	return begin("C_FindObjects");
}

static CK_RV
find_final(CK_SESSION_HANDLE session)
{
	(void)session;
	return begin("C_FindObjectsFinal");
}

static void
give(CK_ATTRIBUTE *a, const void *right, CK_ULONG len)
{
	CK_ULONG size = a->ulValueLen;

	a->ulValueLen = length(len);
	if (a->pValue != NULL && size >= len)
		fill(a->pValue, right, len);
}

static CK_RV
give_point(CK_ATTRIBUTE *a)
{
	uint8_t der[2 + PSD_POINT] = {0x04, PSD_POINT};
	struct err e = ERR_INIT;

	if (!crypto_point(key, der + 2, &e))
		return CKR_GENERAL_ERROR;
	if (told("bare-point"))
		give(a, der + 2, PSD_POINT);
	else
		give(a, der, sizeof(der));
	return CKR_OK;
}

static CK_RV
get_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *a, CK_ULONG count)
{
	static const uint8_t p256[] = {
	    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_RV rv = begin("C_GetAttributeValue");

	(void)session;
	(void)object;
	if (rv != CKR_OK || count != 1)
		return rv;
	switch (a->type) {
	case CKA_EC_PARAMS: give(a, p256, sizeof(p256)); break;
	case CKA_EC_POINT: return give_point(a);
	case CKA_ID: give(a, "\1\2", 2); break;
	case CKA_LABEL: give(a, label, (CK_ULONG)strlen(label)); break;
	case CKA_ALWAYS_AUTHENTICATE:
		give(a, told("always-pin") ? &yes : &no, 1);
		break;
	case CKA_EXTRACTABLE:
		give(a, told("extractable") ? &yes : &no, 1);
		break;
	default: give(a, &yes, 1); break;
	}
	return CKR_OK;
}

static CK_RV
generate(CK_SESSION_HANDLE session, CK_MECHANISM *how, CK_ATTRIBUTE *open,
    CK_ULONG open_count, CK_ATTRIBUTE *closed, CK_ULONG closed_count,
    CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
	(void)session;
	(void)how;
	(void)open;
	(void)open_count;
	for (CK_ULONG i = 0; i < closed_count; i++)
		if (closed[i].type == CKA_LABEL &&
		    closed[i].ulValueLen < sizeof(label)) {
			memset(label, 0, sizeof(label));
			memcpy(label, closed[i].pValue, closed[i].ulValueLen);
		}
	*public = PUBLIC;
	*private = KEY;
	return begin("C_GenerateKeyPair");
}

static CK_RV
destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	(void)session;
	(void)object;
	return begin("C_DestroyObject");
}

/* --- signing ---------------------------------------------------------------------------- */

static CK_RV
sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *how, CK_OBJECT_HANDLE object)
{
	(void)session;
	(void)how;
	(void)object;
	context_login = false;
	return begin("C_SignInit");
}

static CK_RV
sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *out,
    CK_ULONG *out_len)
{
	uint8_t sig[SIG_BYTES];
	struct err e = ERR_INIT;
	CK_RV rv = begin("C_Sign");

	(void)session;
	if (rv != CKR_OK)
		return rv;
	if (told("always-pin") && !context_login)
		return CKR_USER_NOT_LOGGED_IN;
	if (*out_len < sizeof(sig) || !sig_sign(key, data, len, sig, &e))
		return CKR_BUFFER_TOO_SMALL;
	if (told("seventh") && ++signatures % 7 == 0)
		sig[SIG_BYTES - 1] ^= 1;
	fill(out, sig, sizeof(sig));
	*out_len = told("short") ? 63 : length(sizeof(sig));
	return CKR_OK;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	static CK_FUNCTION_LIST all = {.version = {2, 40},
	    .C_Initialize = initialize,
	    .C_Finalize = finalize,
	    .C_GetInfo = get_info,
	    .C_GetFunctionList = C_GetFunctionList,
	    .C_GetSlotList = get_slot_list,
	    .C_GetTokenInfo = get_token_info,
	    .C_GetMechanismList = get_mechanism_list,
	    .C_OpenSession = open_session,
	    .C_CloseSession = close_session,
	    .C_CloseAllSessions = close_all,
	    .C_Login = login,
	    .C_Logout = logout,
	    .C_SetPIN = set_pin,
	    .C_FindObjectsInit = find_init,
	    .C_FindObjects = find,
	    .C_FindObjectsFinal = find_final,
	    .C_GetAttributeValue = get_attribute,
	    .C_GenerateKeyPair = generate,
	    .C_DestroyObject = destroy,
	    .C_SignInit = sign_init,
	    .C_Sign = sign};

	*out = &all;
	return CKR_OK;
}
