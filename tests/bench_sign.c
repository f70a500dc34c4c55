/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sign: signatures per second of the provider's cryptographic modules,
 * beside the same token asked with nothing between.
 *
 *	bench_sign software KEYFILE BATCH THREADS MS
 *	bench_sign pkcs11 PINFILE BATCH THREADS MS	token "Postage"
 *	bench_sign bare PIN MODULE THREADS MS		C_SignInit, C_Sign
 *
 * A line: signatures per second; microseconds of a processor that each took in
 * this process, and in the token's.  For tests/bench_sign.sh.
 */
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/text.h"
#include "provider/signer.h"
#include "vault/nursery.h"

#define ID	    "XXPS0000000001"
#define LENGTH	    60 /* bytes of an indicium that are signed */
#define THREADS_MAX 16

static bool
failed(const struct err *e)
{
	fprintf(stderr, "bench_sign: %s\n", e->text);
	return false;
}

/* --- signers ------------------------------------------------------------------- */

struct worker {
	struct signer *signer;
	struct signer_key key;
	size_t batch;
	int64_t until;
	size_t count;
	bool good;
};

static void *
work(void *context)
{
	static const uint8_t text[LENGTH] = {0x92};
	struct worker *w = context;
	struct signer_message m[SIGNER_BATCH];
	struct err e = ERR_INIT;

	for (size_t i = 0; i < w->batch; i++)
		m[i] = (struct signer_message){.ptr = text, .len = LENGTH};
	w->good = true;
	while (w->good && clock_ms() < w->until) {
		w->good = signer_sign(w->signer, ID, &w->key, m, w->batch, &e);
		w->count += w->batch;
	}
	if (!w->good)
		failed(&e);
	return NULL;
}

static bool
open_all(const struct signer_setup *setup, struct worker *w, size_t threads,
    struct err *e)
{
	struct signer_message m = {.ptr = (const uint8_t *)"x", .len = 1};

	for (size_t i = 0; i < threads; i++) {
		if (!signer_open(setup, &w[i].signer, e))
			return false;
		if (i == 0 && !signer_make(w[0].signer, ID, &w[0].key, e))
			return false;
		w[i].key = w[0].key;
		/* The key is looked for at the first. */
		if (!signer_sign(w[i].signer, ID, &w[i].key, &m, 1, e))
			return false;
	}
	return true;
}

static bool
run(const struct signer_setup *setup, size_t batch, size_t threads, int ms,
    double *rate, struct err *e)
{
	struct worker w[THREADS_MAX] = {{.signer = NULL}};
	pthread_t all[THREADS_MAX];
	bool good = open_all(setup, w, threads, e);
	int64_t begin = clock_ms();
	size_t count = 0;

	for (size_t i = 0; good && i < threads; i++) {
		w[i].batch = batch;
		w[i].until = begin + ms;
		if (pthread_create(&all[i], NULL, work, &w[i]) != 0)
			abort();
	}
	for (size_t i = 0; good && i < threads; i++)
		pthread_join(all[i], NULL);
	*rate = (double)(clock_ms() - begin) / 1e3;
	for (size_t i = 0; i < threads; i++) {
		good = good && w[i].good;
		count += w[i].count;
	}
	*rate = (double)count / *rate;
	signer_drop(w[0].signer, &w[0].key);
	for (size_t i = 0; i < threads; i++)
		signer_close(w[i].signer);
	return good;
}

static bool
signers(const char *kind, const char *file, size_t batch, size_t threads,
    int ms, double *rate)
{
	char uri[512];
	bool software = strcmp(kind, "software") == 0;
	struct signer_setup setup = {.name = "bench", .uri = uri};
	struct err e = ERR_INIT;
	bool good;

	snprintf(uri, sizeof(uri), "%s%s",
	    software ? "software:" : "pkcs11:token=Postage",
	    software ? file : "");
	setup.pin_file = software ? NULL : file;
	good = nursery_open(&setup.nursery, &e) &&
	       run(&setup, batch, threads, ms, rate, &e);
	nursery_close(setup.nursery);
	return good || failed(&e);
}

/* --- the token alone -------------------------------------------------------------- */

struct bare {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	CK_OBJECT_HANDLE key;
	int64_t until;
	size_t count;
	bool good;
};

static bool
find_slot(struct bare *b)
{
	CK_SLOT_ID slots[16];
	CK_TOKEN_INFO info;
	CK_ULONG count = 16;

	if (b->module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
		return false;
	for (CK_ULONG i = 0; i < count; i++) {
		b->slot = slots[i];
		if (b->module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    memcmp(info.label, "Postage ", 8) == 0)
			return true;
	}
	return false;
}

static bool
make_key(struct bare *b, CK_SESSION_HANDLE session)
{
	static CK_BYTE p256[] = {
	    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	static CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE open[] = {{CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_EC_PARAMS, p256, sizeof(p256)}};
	CK_ATTRIBUTE closed[] = {{CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_PRIVATE, &yes, sizeof(yes)}, {CKA_SIGN, &yes, sizeof(yes)}};
	CK_MECHANISM how = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_OBJECT_HANDLE public;

	return b->module->C_GenerateKeyPair(session, &how, open, 2, closed, 3,
		   &public, &b->key) == CKR_OK;
}

static void *
bare_work(void *context)
{
	struct bare *b = context;
	CK_MECHANISM how = {CKM_ECDSA, NULL, 0};
	CK_SESSION_HANDLE session = 0;
	CK_BYTE hash[SIG_SHA256] = {1}, sig[256];

	b->good = b->module->C_OpenSession(b->slot, CKF_SERIAL_SESSION, NULL,
		      NULL, &session) == CKR_OK;
	while (b->good && clock_ms() < b->until) {
		CK_ULONG len = sizeof(sig);

		b->good =
		    b->module->C_SignInit(session, &how, b->key) == CKR_OK &&
		    b->module->C_Sign(session, hash, sizeof(hash), sig, &len) ==
			CKR_OK;
		b->count++;
	}
	return NULL;
}

static bool
login(struct bare *b, const char *pin, CK_SESSION_HANDLE *session)
{
	CK_UTF8CHAR bytes[64];
	size_t len = strlen(pin);

	memcpy(bytes, pin, len < sizeof(bytes) ? len : sizeof(bytes));
	return find_slot(b) &&
	       b->module->C_OpenSession(b->slot,
		   CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
		   session) == CKR_OK &&
	       b->module->C_Login(*session, CKU_USER, bytes, (CK_ULONG)len) ==
		   CKR_OK &&
	       make_key(b, *session);
}

static bool
bare(const char *pin, const char *path, size_t threads, int ms, double *rate)
{
	struct bare all[THREADS_MAX], first = {.module = NULL};
	pthread_t ids[THREADS_MAX];
	CK_SESSION_HANDLE session = 0;
	int64_t begin;
	size_t count = 0;
	bool good;

	first.module = p11_kit_module_load(path, 0);
	good = first.module != NULL &&
	       p11_kit_module_initialize(first.module) == CKR_OK &&
	       login(&first, pin, &session);
	begin = clock_ms();
	first.until = begin + ms;
	for (size_t i = 0; good && i < threads; i++) {
		all[i] = first;
		if (pthread_create(&ids[i], NULL, bare_work, &all[i]) != 0)
			abort();
	}
	for (size_t i = 0; good && i < threads; i++) {
		pthread_join(ids[i], NULL);
		count += all[i].count;
	}
	for (size_t i = 0; good && i < threads; i++)
		good = all[i].good;
	*rate = (double)count / ((double)(clock_ms() - begin) / 1e3);
	return good;
}

/* What a signature took of a processor, which other programs change little. */
static double
cpu_us(int who, double rate, int ms)
{
	struct rusage u;
	double us;

	getrusage(who, &u);
	us = ((double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec) * 1e6 +
	     (double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec;
	return us / (rate * ms / 1e3);
}

int
main(int argc, char **argv)
{
	uint64_t batch = 1, threads, ms;
	double rate = 0;
	bool good;

	if (argc != 6 || !text_to_u64(argv[4], THREADS_MAX, &threads) ||
	    !text_to_u64(argv[5], 600000, &ms) || threads == 0)
		return 2;
	if (strcmp(argv[1], "bare") == 0) {
		good = bare(argv[2], argv[3], threads, (int)ms, &rate);
	} else {
		if (!text_to_u64(argv[3], SIGNER_BATCH, &batch) || batch == 0)
			return 2;
		good =
		    signers(argv[1], argv[2], batch, threads, (int)ms, &rate);
	}
	if (!good)
		return 1;
	printf("%.0f %.0f %.0f\n", rate, cpu_us(RUSAGE_SELF, rate, (int)ms),
	    cpu_us(RUSAGE_CHILDREN, rate, (int)ms));
	return 0;
}
