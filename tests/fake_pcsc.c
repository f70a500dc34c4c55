/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_pcsc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <winscard.h>

#include "stamp/sig.h"
#include "vault/crypto.h"

struct fake_pcsc *fake_pcsc;

/* The child's own: a card forgets this with its power. */
static struct sig_key *key;
static struct nvm nvm;
static struct card_crypto crypto;
static struct card_app app;

/* --- the chip ------------------------------------------------------------------ */

static bool
memory_read(void *context, size_t at, void *out, size_t len)
{
	(void)context;
	memcpy(out, fake_pcsc->memory + at, len);
	return true;
}

static bool
memory_write(void *context, size_t at, const void *bytes, size_t len)
{
	(void)context;
	memcpy(fake_pcsc->memory + at, bytes, len);
	return true;
}

static bool
generate(void *context, struct card_key *made)
{
	struct sig_key *fresh = NULL;
	struct err e = ERR_INIT;
	bool done = sig_generate(&fresh, &e) &&
		    sig_store_scalar(fresh, made->secret, &e) &&
		    crypto_point(fresh, made->point, &e);

	(void)context;
	sig_free(fresh);
	return done;
}

static bool
use_key(void *context, const struct card_key *made)
{
	struct err e = ERR_INIT;

	(void)context;
	sig_free(key);
	key = NULL;
	return sig_load_scalar(made->secret, &key, &e);
}

static bool
sign(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	(void)context;
	return key != NULL && sig_sign(key, msg, len, sig, e);
}

static bool
random_bytes(void *context, uint8_t *out, size_t len)
{
	(void)context;
	memset(out, 0x5c, len);
	return true;
}

void
fake_pcsc_open(void)
{
	struct err e = ERR_INIT;

	if (fake_pcsc == NULL)
		fake_pcsc = mmap(NULL, sizeof(*fake_pcsc),
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(fake_pcsc, 0, sizeof(*fake_pcsc));
	nvm = (struct nvm){
	    .size = CARD_NVM_BYTES, .read = memory_read, .write = memory_write};
	crypto = (struct card_crypto){
	    .generate = generate, .use_key = use_key, .random = random_bytes};
	crypto_init(&crypto.psd, NULL);
	crypto.psd.sign = sign;
	app.nvm = &nvm;
	app.crypto = &crypto;
	if (!card_store_format(&nvm, &app.psd, &e))
		abort();
}

/* --- time ------------------------------------------------------------------------ */

int64_t __real_clock_ms(void);
int64_t __wrap_clock_ms(void);

int64_t
__wrap_clock_ms(void)
{
	return __real_clock_ms() + (fake_pcsc != NULL ? fake_pcsc->passed : 0);
}

/* --- another host --------------------------------------------------------------- */

/* The right that was given for this selection stays. */
static void
change_pin(void)
{
	bool verified = app.psd.pin_verified;
	size_t old_len = strlen(fake_pcsc->pin[0]);
	size_t new_len = strlen(fake_pcsc->pin[1]);
	uint8_t apdu[6 + 2 * CARD_PIN_MAX] = {CARD_CLA_ISO, CARD_CHANGE_PIN, 0,
	    0x81, (uint8_t)(1 + old_len + new_len), (uint8_t)old_len};
	uint8_t out[CARD_REPLY_MAX + 2];
	size_t len;

	memcpy(apdu + 6, fake_pcsc->pin[0], old_len);
	memcpy(apdu + 6 + old_len, fake_pcsc->pin[1], new_len);
	card_app_exchange(&app, apdu, 6 + old_len + new_len, out, &len);
	if (len != 2 || out[0] != 0x90)
		abort();
	app.psd.pin_verified = verified;
}

static void
count(const uint8_t *in, size_t in_len, const uint8_t *out)
{
	fake_pcsc->answers++;
	if (in_len > 5 && in[1] == CARD_VERIFY && out[0] == 0x90 &&
	    ++fake_pcsc->pins == fake_pcsc->other_after)
		change_pin();
}

/* --- pcsc-lite -------------------------------------------------------------------- */

LONG
SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT context)
{
	(void)scope;
	(void)a;
	(void)b;
	*context = 1;
	return fake_pcsc->denied ? SCARD_W_SECURITY_VIOLATION : SCARD_S_SUCCESS;
}

LONG
SCardIsValidContext(SCARDCONTEXT context)
{
	(void)context;
	return SCARD_S_SUCCESS;
}

LONG
SCardListReaders(
    SCARDCONTEXT context, LPCSTR groups, LPSTR readers, LPDWORD size)
{
	static const char names[] = FAKE_READER "\0";

	(void)context;
	(void)groups;
	if (*size < sizeof(names))
		return SCARD_E_INSUFFICIENT_BUFFER;
	memcpy(readers, names, sizeof(names));
	*size = sizeof(names);
	return SCARD_S_SUCCESS;
}

LONG
SCardGetStatusChange(
    SCARDCONTEXT context, DWORD ms, SCARD_READERSTATE *states, DWORD count)
{
	(void)context;
	(void)ms;
	for (DWORD i = 0; i < count; i++) {
		states[i].dwEventState = SCARD_STATE_PRESENT;
		states[i].cbAtr = 0;
	}
	return SCARD_S_SUCCESS;
}

static LONG
power(LPDWORD protocol)
{
	*protocol = fake_pcsc->t0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
	app.t0 = fake_pcsc->t0;
	card_app_power(&app);
	return SCARD_S_SUCCESS;
}

LONG
SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols,
    LPSCARDHANDLE card, LPDWORD protocol)
{
	(void)context;
	(void)share;
	(void)protocols;
	if (strcmp(reader, FAKE_READER) != 0)
		return SCARD_E_UNKNOWN_READER;
	*card = 1;
	return power(protocol);
}

LONG
SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD what,
    LPDWORD protocol)
{
	(void)card;
	(void)share;
	(void)protocols;
	(void)what;
	return power(protocol);
}

LONG
SCardDisconnect(SCARDHANDLE card, DWORD what)
{
	(void)card;
	(void)what;
	return SCARD_S_SUCCESS;
}

LONG
SCardBeginTransaction(SCARDHANDLE card)
{
	(void)card;
	return SCARD_S_SUCCESS;
}

LONG
SCardEndTransaction(SCARDHANDLE card, DWORD what)
{
	(void)card;
	(void)what;
	return SCARD_S_SUCCESS;
}

LONG
SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *how, LPCBYTE in,
    DWORD in_len, SCARD_IO_REQUEST *got, LPBYTE out, LPDWORD out_len)
{
	uint8_t answer[CARD_REPLY_MAX + 2];
	size_t len;

	(void)card;
	(void)how;
	(void)got;
	fake_pcsc->passed += fake_pcsc->think_ms;
	card_app_exchange(&app, in, in_len, answer, &len);
	count(in, in_len, answer);
	if (fake_pcsc->lie != NULL &&
	    !fake_pcsc->lie(answer, &len, sizeof(answer)))
		return SCARD_W_REMOVED_CARD;
	if (len > *out_len)
		return SCARD_E_INSUFFICIENT_BUFFER;
	memcpy(out, answer, len);
	*out_len = len;
	return SCARD_S_SUCCESS;
}
