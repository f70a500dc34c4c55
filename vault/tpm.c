/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A counter in the NV memory of a TPM 2.0, by the TSS's ESAPI; the only file
 * that calls it.  It runs in the child of guard.c, which ends a long wait.
 *
 * The counter answers to a secret in the vault file and to nobody else, the
 * TPM's owner included: each command bears an HMAC by it, and so does each
 * answer, which another TPM or another counter could not make.  The owner can
 * remove the counter; one that is made anew begins above every count that the
 * TPM ever had (TPM 2.0 Library, Part 3, TPM2_NV_Increment).
 *
 * It is not an orderly one (TPMA_NV_ORDERLY): that wears the TPM less, but
 * counts on by itself when the power fails, and the newest file would look old.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tcti_device.h>
#include <tss2/tss2_tcti_swtpm.h>
#include <unistd.h>

#include "base/bytes.h"
#include "vault/guard.h"
#include "vault/tpm_uri.h"

#define COUNTER_BYTES 8
#define INDEX_FIRST   0x01800000 /* those of the TPM's owner */
#define INDEX_MASK    0x003fffff
#define INDEX_TRIES   8
#define NAP_NS	      20000000L
#define HASH	      TPM2_ALG_SHA256

static const TPMA_NV attributes = TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT |
				  TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE |
				  TPMA_NV_NO_DA;

struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR nv;
};

/* --- what it says ----------------------------------------------------------------- */

/* The code without the parameter, handle or session that it is about; 0 where
 * it is not the TPM's. */
static TSS2_RC
plain(TSS2_RC rc)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	rc &= 0xffff;
	if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER)
		return 0;
	return rc & TPM2_RC_FMT1 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;
}

/* The TPM wants to be asked again: its NV memory has a rate.  Waits a bit; the
 * parent's patience ends it. */
static bool
once_more(TSS2_RC rc)
{
	static const struct timespec nap = {0, NAP_NS};

	switch (plain(rc)) {
	case TPM2_RC_NV_RATE:
	case TPM2_RC_NV_UNAVAILABLE:
	case TPM2_RC_RETRY:
	case TPM2_RC_TESTING:
	case TPM2_RC_YIELDED: nanosleep(&nap, NULL); return true;
	default: return false;
	}
}

static bool
not_that_one(struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	    "this TPM has not the counter that was made for the vault: the TPM "
	    "was exchanged or cleared, or the counter removed. \"postage vault "
	    "guard --rebind GUARD\" asks the provider");
}

static bool
failed(const char *what, TSS2_RC rc, struct err *e)
{
	switch (plain(rc)) {
	case TPM2_RC_HANDLE:
	case TPM2_RC_AUTH_FAIL:
	case TPM2_RC_BAD_AUTH:
	case TPM2_RC_ATTRIBUTES:
	case TPM2_RC_NV_UNINITIALIZED: return not_that_one(e);
	case TPM2_RC_LOCKOUT:
		return err_set(e, ERR_BUSY, "%s: the TPM is locked out", what);
	default: break;
	}
	if (rc == TSS2_ESYS_RC_RSP_AUTH_FAILED)
		return not_that_one(e);
	if ((rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_IO_ERROR ||
	    (rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_NO_CONNECTION)
		return err_set(e, ERR_ABSENT,
		    "%s: the TPM does not answer any more", what);
	return err_set(
	    e, ERR_SYSTEM, "%s: TPM error 0x%08lx", what, (unsigned long)rc);
}

/* --- the way to it ------------------------------------------------------------------ */

static TSS2_RC
init_tcti(const struct tpm_uri *uri, TSS2_TCTI_CONTEXT *tcti, size_t *size)
{
	return uri->software ? Tss2_Tcti_Swtpm_Init(tcti, size, uri->conf)
			     : Tss2_Tcti_Device_Init(tcti, size, uri->conf);
}

static bool
may_open(const struct tpm_uri *uri, struct err *e)
{
	if (uri->software ||
	    faccessat(AT_FDCWD, uri->conf, R_OK | W_OK, AT_EACCESS) == 0)
		return true;
	if (errno == EACCES || errno == EPERM)
		return err_set(e, ERR_CONFIG,
		    "%s is not open to this user: add it to group tss, and let "
		    "the daemon's unit have the device (ADMIN.md, \"A guard "
		    "for the vault\")",
		    uri->conf);
	return err_set(e, ERR_ABSENT, "no TPM at %s", uri->conf);
}

static bool
open_tcti(const struct tpm_uri *uri, struct tpm *t, struct err *e)
{
	size_t size = 0;
	TSS2_RC rc = init_tcti(uri, NULL, &size);

	if (rc == TSS2_RC_SUCCESS)
		t->tcti = calloc(1, size);
	if (t->tcti == NULL)
		return err_set(e, ERR_SYSTEM, "no way to the TPM");
	if (init_tcti(uri, t->tcti, &size) == TSS2_RC_SUCCESS)
		return true;
	free(t->tcti);
	t->tcti = NULL;
	return err_set(e, ERR_ABSENT, "no TPM at %s", uri->conf);
}

/* close_tpm() also after an error. */
static bool
open_tpm(const struct tpm_uri *uri, struct tpm *t, struct err *e)
{
	ESYS_CONTEXT *esys = NULL;
	TSS2_RC rc;

	/* Nobody reads what the library would print. */
	setenv("TSS2_LOG", "all+none", 1);
	if (!may_open(uri, e) || !open_tcti(uri, t, e))
		return false;
	rc = Esys_Initialize(&esys, t->tcti, NULL);
	t->esys = esys;
	return rc == TSS2_RC_SUCCESS || failed("open", rc, e);
}

static void
close_tpm(struct tpm *t)
{
	if (t->esys != NULL)
		Esys_Finalize(&t->esys);
	if (t->tcti != NULL)
		Tss2_Tcti_Finalize(t->tcti);
	free(t->tcti);
}

/* Each command has a session of its own, which ends with it; one that fails
 * leaves it behind. */
static TSS2_RC
begin(struct tpm *t, ESYS_TR *session)
{
	static const TPMT_SYM_DEF none = {.algorithm = TPM2_ALG_NULL};

	TSS2_RC rc = Esys_StartAuthSession(t->esys, ESYS_TR_NONE, ESYS_TR_NONE,
	    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_HMAC, &none,
	    HASH, session);

	return rc != TSS2_RC_SUCCESS
		   ? rc
		   : Esys_TRSess_SetAttributes(
			 t->esys, *session, 0, TPMA_SESSION_CONTINUESESSION);
}

/* --- the counter ---------------------------------------------------------------------- */

static TSS2_RC
finish(struct tpm *t, ESYS_TR session, TSS2_RC rc)
{
	if (rc != TSS2_RC_SUCCESS && session != ESYS_TR_NONE)
		(void)Esys_FlushContext(t->esys, session);
	return rc;
}

static TSS2_RC
read_once(struct tpm *t, TPM2B_MAX_NV_BUFFER **data)
{
	ESYS_TR session = ESYS_TR_NONE;
	TSS2_RC rc = begin(t, &session);

	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_NV_Read(t->esys, t->nv, t->nv, session, ESYS_TR_NONE,
		    ESYS_TR_NONE, COUNTER_BYTES, 0, data);
	return finish(t, session, rc);
}

static bool
read_count(struct tpm *t, uint64_t *count, struct err *e)
{
	TPM2B_MAX_NV_BUFFER *data = NULL;
	struct bytes_reader r;
	TSS2_RC rc;

	do
		rc = read_once(t, &data);
	while (once_more(rc));
	if (rc != TSS2_RC_SUCCESS || data == NULL)
		return failed("read the counter", rc, e);
	bytes_reader_init(&r, data->buffer, data->size);
	*count = bytes_read_be(&r, COUNTER_BYTES);
	Esys_Free(data);
	return bytes_reader_done(&r) || not_that_one(e);
}

static TSS2_RC
step_once(struct tpm *t)
{
	ESYS_TR session = ESYS_TR_NONE;
	TSS2_RC rc = begin(t, &session);

	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_NV_Increment(
		    t->esys, t->nv, t->nv, session, ESYS_TR_NONE, ESYS_TR_NONE);
	return finish(t, session, rc);
}

/* What wore out may say yes and count nothing: it is read again. */
static bool
step_count(struct tpm *t, uint64_t *count, struct err *e)
{
	TSS2_RC rc;

	do
		rc = step_once(t);
	while (once_more(rc));
	return (rc == TSS2_RC_SUCCESS || failed("step the counter", rc, e)) &&
	       read_count(t, count, e);
}

static bool
take_name(struct tpm *t, uint8_t *out, size_t *len, struct err *e)
{
	TPM2B_NAME *name = NULL;
	TSS2_RC rc = Esys_TR_GetName(t->esys, t->nv, &name);

	if (rc != TSS2_RC_SUCCESS)
		return failed("name of the counter", rc, e);
	*len = name->size <= GUARD_ID ? name->size : 0;
	memcpy(out, name->name, *len);
	Esys_Free(name);
	return *len > 0 || not_that_one(e);
}

static bool
find(struct tpm *t, uint32_t index, const uint8_t *secret, struct err *e)
{
	TPM2B_AUTH auth = {.size = GUARD_SECRET};
	TSS2_RC rc = Esys_TR_FromTPMPublic(
	    t->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &t->nv);

	memcpy(auth.buffer, secret, GUARD_SECRET);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TR_SetAuth(t->esys, t->nv, &auth);
	explicit_bzero(&auth, sizeof(auth));
	return rc == TSS2_RC_SUCCESS || failed("find the counter", rc, e);
}

/* The counter that was made: its name covers index and attributes. */
static bool
enter(const char *rest, const struct guard *g, struct tpm *t, struct err *e)
{
	struct tpm_uri uri;
	uint8_t name[GUARD_ID];
	size_t len = 0;

	if (!tpm_uri_parse(rest, &uri, e) || !open_tpm(&uri, t, e) ||
	    !find(t, uri.index, g->secret, e) || !take_name(t, name, &len, e))
		return false;
	return (len == g->id_len && memcmp(name, g->id, len) == 0) ||
	       not_that_one(e);
}

/* --- a new one -------------------------------------------------------------------------- */

static TSS2_RC
define(struct tpm *t, uint32_t index, const uint8_t *secret)
{
	TPM2B_AUTH auth = {.size = GUARD_SECRET};
	TPM2B_NV_PUBLIC public = {.nvPublic = {.nvIndex = index,
				      .nameAlg = HASH,
				      .attributes = attributes,
				      .dataSize = COUNTER_BYTES}};
	TSS2_RC rc;

	memcpy(auth.buffer, secret, GUARD_SECRET);
	do
		rc = Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER,
		    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &auth,
		    &public, &t->nv);
	while (once_more(rc));
	explicit_bzero(&auth, sizeof(auth));
	return rc;
}

static bool
random_bytes(void *out, size_t len, struct err *e)
{
	return getrandom(out, len, 0) == (ssize_t)len ||
	       err_system(e, "getrandom");
}

/* The owner would not make or remove it. */
static bool
not_defined(const char *what, TSS2_RC rc, struct err *e)
{
	switch (plain(rc)) {
	case TPM2_RC_NV_DEFINED:
		return err_set(e, ERR_REQUEST,
		    "%s: this counter is in use; write tpm: and a free one is "
		    "taken",
		    what);
	case TPM2_RC_NV_SPACE:
		return err_set(
		    e, ERR_REQUEST, "the TPM has no room for another counter");
	case TPM2_RC_AUTH_FAIL:
	case TPM2_RC_BAD_AUTH:
		return err_set(e, ERR_DENIED,
		    "the TPM's owner has a password: take it away meanwhile "
		    "(tpm2_changeauth -c owner -p PASSWORD)");
	default: return failed(what, rc, e);
	}
}

/* Where the text says, or anywhere. */
static bool
define_somewhere(
    struct tpm *t, uint32_t *index, const uint8_t *secret, struct err *e)
{
	bool said = *index != 0;
	TSS2_RC rc = TPM2_RC_NV_DEFINED;

	for (int i = 0;
	     plain(rc) == TPM2_RC_NV_DEFINED && i < (said ? 1 : INDEX_TRIES);
	     i++) {
		if (!said && !random_bytes(index, sizeof(*index), e))
			return false;
		if (!said)
			*index = INDEX_FIRST | (*index & INDEX_MASK);
		rc = define(t, *index, secret);
	}
	return rc == TSS2_RC_SUCCESS || not_defined("make a counter", rc, e);
}

/* A soft one says so in the name of its maker, or is asked as one. */
static bool
take_maker(struct tpm *t, struct guard *g, struct err *e)
{
	static const char *const soft[] = {
	    "IBM", "SW", "MSFT", "VMW", "GOOG", "AMZN", "XCG", "BSYT"};
	TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;
	TSS2_RC rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE,
	    ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER, 1,
	    &more, &data);
	uint32_t word;
	size_t n = 0;

	if (rc != TSS2_RC_SUCCESS)
		return failed("maker of the TPM", rc, e);
	word = data->data.tpmProperties.count == 1
		   ? data->data.tpmProperties.tpmProperty[0].value
		   : 0;
	Esys_Free(data);
	for (int shift = 24; shift >= 0; shift -= 8) {
		char c = (char)(word >> shift & 0x7f);

		if (c > ' ' && c < 0x7f)
			g->maker[n++] = c;
	}
	for (size_t i = 0; i < sizeof(soft) / sizeof(soft[0]); i++)
		g->software |= strcmp(g->maker, soft[i]) == 0;
	return true;
}

/* --- the driver ------------------------------------------------------------------------ */

static bool
tpm_known(const char *rest, struct err *e)
{
	struct tpm_uri uri;

	return tpm_uri_parse(rest, &uri, e);
}

static TSS2_RC
undefine(struct tpm *t)
{
	return Esys_NV_UndefineSpace(t->esys, ESYS_TR_RH_OWNER, t->nv,
	    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE);
}

/* A new counter, stepped once: that makes it readable, and changes its name. */
static bool
begin_counter(struct tpm *t, struct tpm_uri *uri, struct guard *g,
    uint64_t *count, struct err *e)
{
	if (!define_somewhere(t, &uri->index, g->secret, e))
		return false;
	if (!tpm_uri_format(uri, g->uri, sizeof(g->uri)))
		err_set(e, ERR_CONFIG, "the guard's text is too long");
	else if (find(t, uri->index, g->secret, e) && step_count(t, count, e) &&
		 find(t, uri->index, g->secret, e) &&
		 take_name(t, g->id, &g->id_len, e))
		return true;
	(void)undefine(t);
	return false;
}

static bool
tpm_make(const char *rest, struct guard *g, uint64_t *count, struct err *e)
{
	struct tpm t = {0};
	struct tpm_uri uri;
	bool done;

	if (!tpm_uri_parse(rest, &uri, e))
		return false;
	g->software = uri.software;
	done = random_bytes(g->secret, sizeof(g->secret), e) &&
	       open_tpm(&uri, &t, e) && take_maker(&t, g, e) &&
	       begin_counter(&t, &uri, g, count, e);
	close_tpm(&t);
	return done;
}

static bool
tpm_read(
    const char *rest, const struct guard *g, uint64_t *count, struct err *e)
{
	struct tpm t = {0};
	bool done = enter(rest, g, &t, e) && read_count(&t, count, e);

	close_tpm(&t);
	return done;
}

static bool
tpm_step(
    const char *rest, const struct guard *g, uint64_t *count, struct err *e)
{
	struct tpm t = {0};
	bool done = enter(rest, g, &t, e) && step_count(&t, count, e);

	close_tpm(&t);
	return done;
}

static bool
tpm_forget(const char *rest, const struct guard *g, struct err *e)
{
	struct tpm t = {0};
	bool done = enter(rest, g, &t, e);
	TSS2_RC rc;

	if (done) {
		rc = undefine(&t);
		done = rc == TSS2_RC_SUCCESS ||
		       not_defined("remove the counter", rc, e);
	}
	close_tpm(&t);
	return done;
}

const struct guard_driver guard_tpm_driver = {
    .kind = "tpm",
    .known = tpm_known,
    .make = tpm_make,
    .read = tpm_read,
    .step = tpm_step,
    .forget = tpm_forget,
};
