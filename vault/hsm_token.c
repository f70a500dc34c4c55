/* SPDX-License-Identifier: Apache-2.0 */
/* an hsm's child: modules, and the tokens in their slots */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "vault/hsm_own.h"

#define TOKEN_NAME     160
#define MECHANISMS_MAX 1024

/* --- modules ------------------------------------------------------------------------ */

/* The vault's file names the module, and whoever can write the file must not
 * choose what program runs here: a name that p11-kit finds in its own folder, or
 * a file where the system's libraries are, or in the folder that the
 * administrator put into $POSTAGE_MODULES. */
static bool
is_allowed(const char *path)
{
	static const char *const folders[] = {"/usr/lib/", "/usr/lib64/",
	    "/usr/local/lib/", "/lib/", "/lib64/", "/opt/"};
	const char *own = secure_getenv("POSTAGE_MODULES");
	char real[PATH_MAX], own_real[PATH_MAX];

	if (strchr(path, '/') == NULL)
		return true;
	if (realpath(path, real) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(real, folders[i], strlen(folders[i])) == 0)
			return true;
	return own != NULL && realpath(own, own_real) != NULL &&
	       strncmp(real, own_real, strlen(own_real)) == 0 &&
	       real[strlen(own_real)] == '/';
}

static bool
load_one(struct hsm_child *c, const char *path, struct err *e)
{
	char name[HSM_TEXT];
	const char *why;
	CK_RV rv;

	text_clean(path, name, sizeof(name));
	if (!is_allowed(path))
		return err_set(e, ERR_CONFIG,
		    "the PKCS#11 module %s is not there, or lies where a vault "
		    "may not name one: /usr/lib, /usr/local/lib, /opt, or the "
		    "folder in $POSTAGE_MODULES",
		    name);
	c->one[0] = p11_kit_module_load(path, 0);
	if (c->one[0] == NULL) {
		why = p11_kit_message();
		return err_set(e, ERR_CONFIG,
		    "the PKCS#11 module %s cannot be loaded: %s", name,
		    why != NULL ? why : "it is no module");
	}
	rv = p11_kit_module_initialize(c->one[0]);
	if (rv == CKR_OK)
		return true;
	p11_kit_module_release(c->one[0]);
	c->one[0] = NULL;
	return err_set(e, ERR_ABSENT,
	    "the PKCS#11 module %s does not begin: %s (0x%lx): are its "
	    "settings, and the folder or server of its tokens, there?",
	    name, p11_kit_strerror(rv), (unsigned long)rv);
}

bool
hsm_load(struct hsm_child *c, struct err *e)
{
	const char *path =
	    c->wanted != NULL ? p11_kit_uri_get_module_path(c->wanted) : NULL;

	p11_kit_be_quiet();
	if (path != NULL)
		return load_one(c, path, e);
	c->modules = p11_kit_modules_load_and_initialize(0);
	return c->modules != NULL ||
	       err_set(e, ERR_CONFIG,
		   "a PKCS#11 module that p11-kit must load does not load: "
		   "`p11-kit list-modules` says which");
}

void
hsm_unload(struct hsm_child *c)
{
	if (c->one[0] != NULL) {
		p11_kit_module_finalize(c->one[0]);
		p11_kit_module_release(c->one[0]);
		c->one[0] = NULL;
	}
	if (c->modules != NULL)
		p11_kit_modules_finalize_and_release(c->modules);
	c->modules = NULL;
}

/* --- tokens --------------------------------------------------------------------------- */

static void
look_into(struct hsm_child *c, CK_FUNCTION_LIST *module)
{
	CK_SLOT_ID slots[HSM_SLOTS_MAX];
	CK_ULONG count = HSM_SLOTS_MAX;

	if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
		return;
	for (CK_ULONG i = 0;
	     i < count && i < HSM_SLOTS_MAX && c->places_count < HSM_TOKENS_MAX;
	     i++) {
		struct hsm_place *p = &c->places[c->places_count];

		p->module = module;
		p->slot = slots[i];
		if (module->C_GetTokenInfo(slots[i], &p->info) == CKR_OK)
			c->places_count++;
	}
}

void
hsm_look(struct hsm_child *c)
{
	CK_FUNCTION_LIST **all = c->modules != NULL ? c->modules : c->one;

	c->places_count = 0;
	for (size_t i = 0; all[i] != NULL; i++)
		look_into(c, all[i]);
}

static bool
has(const CK_MECHANISM_TYPE *all, CK_ULONG count, CK_MECHANISM_TYPE type)
{
	for (CK_ULONG i = 0; i < count; i++)
		if (all[i] == type)
			return true;
	return false;
}

bool
hsm_mechanism(const struct hsm_place *p, CK_MECHANISM_TYPE *out)
{
	CK_MECHANISM_TYPE all[MECHANISMS_MAX];
	CK_ULONG count = MECHANISMS_MAX;

	if (p->module->C_GetMechanismList(p->slot, all, &count) != CKR_OK ||
	    count > MECHANISMS_MAX)
		return false;
	*out = has(all, count, CKM_ECDSA) ? CKM_ECDSA : CKM_ECDSA_SHA256;
	return has(all, count, *out);
}

/* A blank-padded field as text. */
static void
field(const CK_UTF8CHAR *in, size_t len, char out[HSM_TEXT])
{
	char raw[HSM_TEXT];
	size_t n = p11_kit_space_strlen(in, len);

	memcpy(raw, in, n);
	raw[n] = '\0';
	text_clean(raw, out, HSM_TEXT);
}

static void
token_name(const CK_TOKEN_INFO *info, char out[TOKEN_NAME])
{
	char label[HSM_TEXT], serial[HSM_TEXT];

	field(info->label, sizeof(info->label), label);
	field(info->serialNumber, sizeof(info->serialNumber), serial);
	snprintf(out, TOKEN_NAME, "\"%.64s\"%s%.32s%s", label,
	    serial[0] != '\0' ? " (serial " : "", serial,
	    serial[0] != '\0' ? ")" : "");
}

static bool
is_wanted(const struct hsm_child *c, const struct hsm_place *p)
{
	CK_SLOT_ID slot = p11_kit_uri_get_slot_id(c->wanted);
	CK_MECHANISM_TYPE how;
	CK_INFO info;

	return p11_kit_uri_match_token_info(c->wanted, &p->info) &&
	       (slot == (CK_SLOT_ID)-1 || slot == p->slot) &&
	       p->module->C_GetInfo(&info) == CKR_OK &&
	       p11_kit_uri_match_module_info(c->wanted, &info) &&
	       (p->info.flags & CKF_TOKEN_INITIALIZED) != 0 &&
	       hsm_mechanism(p, &how);
}

/* One token may be seen through two modules. */
static bool
is_same(const CK_TOKEN_INFO *a, const CK_TOKEN_INFO *b)
{
	return memcmp(a->label, b->label, sizeof(a->label)) == 0 &&
	       memcmp(a->serialNumber, b->serialNumber,
		   sizeof(a->serialNumber)) == 0 &&
	       memcmp(a->manufacturerID, b->manufacturerID,
		   sizeof(a->manufacturerID)) == 0 &&
	       memcmp(a->model, b->model, sizeof(a->model)) == 0;
}

static bool
ambiguous(const struct hsm_place *a, const struct hsm_place *b, struct err *e)
{
	char first[TOKEN_NAME], second[TOKEN_NAME];

	token_name(&a->info, first);
	token_name(&b->info, second);
	return err_set(e, ERR_CONFIG,
	    "%s and %s both answer to this: write serial=NUMBER into the "
	    "token's URI",
	    first, second);
}

static bool
absent(const struct hsm_child *c, struct err *e)
{
	const CK_TOKEN_INFO *want = p11_kit_uri_get_token_info(c->wanted);
	char name[TOKEN_NAME];

	if (want->label[0] == '\0' && want->serialNumber[0] == '\0')
		return err_set(e, ERR_ABSENT,
		    "there is no PKCS#11 token that can sign: plug one in, or "
		    "look at `p11-kit list-modules`");
	token_name(want, name);
	return err_set(e, ERR_ABSENT,
	    "the token %s is not there: plug it in, or see which there are "
	    "with `postage vault list`",
	    name);
}

bool
hsm_find(struct hsm_child *c, struct err *e)
{
	const struct hsm_place *found = NULL;

	for (size_t i = 0; i < c->places_count; i++) {
		const struct hsm_place *p = &c->places[i];

		if (!is_wanted(c, p))
			continue;
		if (found != NULL && !is_same(&found->info, &p->info))
			return ambiguous(found, p, e);
		if (found == NULL)
			found = p;
	}
	if (found == NULL)
		return absent(c, e);
	c->at = *found;
	return hsm_mechanism(&c->at, &c->how) ||
	       err_set(e, ERR_CONFIG, "the token cannot sign by ECDSA");
}

/* --- the list ---------------------------------------------------------------------------- */

static void
name_token(const CK_TOKEN_INFO *info, char out[HSM_URI_MAX])
{
	P11KitUri *uri = p11_kit_uri_new();
	CK_TOKEN_INFO *to;
	char *text = NULL;

	out[0] = '\0';
	if (uri == NULL)
		return;
	to = p11_kit_uri_get_token_info(uri);
	memcpy(to->label, info->label, sizeof(to->label));
	memcpy(to->serialNumber, info->serialNumber, sizeof(to->serialNumber));
	if (p11_kit_uri_format(uri, P11_KIT_URI_FOR_TOKEN, &text) ==
	    P11_KIT_URI_OK)
		(void)text_copy(out, HSM_URI_MAX, text);
	p11_kit_uri_free(uri);
	free(text);
}

static void
describe_keys(const struct hsm_place *p, char out[HSM_TEXT])
{
	CK_SESSION_HANDLE session;

	snprintf(out, HSM_TEXT, "not set up yet");
	if ((p->info.flags & CKF_TOKEN_INITIALIZED) == 0)
		return;
	snprintf(out, HSM_TEXT, "no session to be had");
	if (p->module->C_OpenSession(
		p->slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
		return;
	hsm_key_labels(p->module, session, out);
	p->module->C_CloseSession(session);
}

void
hsm_describe(const struct hsm_place *p, struct bytes_writer *out)
{
	char uri[HSM_URI_MAX], text[HSM_TEXT];

	name_token(&p->info, uri);
	bytes_write_str(out, uri);
	field(p->info.model, sizeof(p->info.model), text);
	bytes_write_str(out, text);
	describe_keys(p, text);
	bytes_write_str(out, text);
}
