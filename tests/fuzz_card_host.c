/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's end of a card that lies: the whole driver, its process for the
 * card with it, over a reader whose card is true but for what the input does to
 * its answers (fake_pcsc.h).  What is taken for a stamp is one, of this card,
 * and was asked for; nothing crashes, the card's process neither.
 *
 * Input: one byte for the protocol and what the host does, then for each answer
 * a byte that says how it is changed, with the bytes of the change.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "stamp/cert.h"
#include "tests/fake_pcsc.h"
#include "vault/lab.h"
#include "vault/vault.h"

#define STAMP  780
#define STAMPS 2
#define DATE   20261121

/* What is done to an answer. */
enum lie {
	LIE_NONE,
	LIE_WORD,   /* another status word */
	LIE_FLIP,   /* a bit */
	LIE_CUT,    /* its end is missing */
	LIE_BYTES,  /* bytes of the input */
	LIE_LONGER, /* by what it holds already */
	LIE_AGAIN,  /* the answer of before */
	LIE_PULLED, /* none: the card is gone */
	LIES
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t card[CARD_NVM_BYTES]; /* as it was made */
static struct cert *true_cert;

/* What the card's process goes by; the next one goes on. */
static struct script {
	struct bytes_reader lies;
	uint8_t before[CARD_REPLY_MAX + 2];
	size_t before_len;
} * script;

static void
must(bool done)
{
	if (!done)
		abort();
}

/* --- lies ------------------------------------------------------------------------ */

static void
lie_bytes(uint8_t *out, size_t *len, size_t size)
{
	size_t n = (size_t)bytes_read_le(&script->lies, 1);

	if (n > bytes_left(&script->lies))
		n = bytes_left(&script->lies);
	if (n > size)
		n = size;
	bytes_read_into(&script->lies, out, n);
	*len = n;
}

static void
lie_longer(uint8_t *out, size_t *len, size_t size)
{
	size_t n = (size_t)bytes_read_le(&script->lies, 1);

	if (*len == 0 || n > size - *len)
		n = *len == 0 ? 0 : size - *len;
	for (size_t i = 0; i < n; i++)
		out[*len + i] = out[i];
	*len += n;
}

static void
lie_bit(uint8_t *out, size_t len)
{
	size_t bit = (size_t)bytes_read_le(&script->lies, 2);

	if (len > 0)
		out[bit / 8 % len] ^= (uint8_t)(1 << bit % 8);
}

/* Runs in the card's process.  Where the input ends the card is true. */
static bool
lie(uint8_t *out, size_t *len, size_t size)
{
	uint8_t kept[sizeof(script->before)];
	size_t kept_len = *len;

	memcpy(kept, out, *len);
	if (bytes_left(&script->lies) == 0)
		return true;
	switch (bytes_read_le(&script->lies, 1) % LIES) {
	case LIE_WORD:
		if (*len >= 2)
			bytes_read_into(&script->lies, out + *len - 2, 2);
		break;
	case LIE_FLIP: lie_bit(out, *len); break;
	case LIE_CUT:
		*len -= bytes_read_le(&script->lies, 1) % (*len + 1);
		break;
	case LIE_BYTES: lie_bytes(out, len, size); break;
	case LIE_LONGER: lie_longer(out, len, size); break;
	case LIE_AGAIN:
		memcpy(out, script->before, script->before_len);
		*len = script->before_len;
		break;
	case LIE_PULLED: return false;
	default: break;
	}
	memcpy(script->before, kept, kept_len);
	script->before_len = kept_len;
	return true;
}

/* --- the card ---------------------------------------------------------------------- */

static void
make_card(void)
{
	char dir[] = "/tmp/fuzz_card_host.XXXXXX", command[64];
	uint8_t der[CERT_MAX];
	struct lab_psd psd;
	struct lab *lab = NULL;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	char id[PSD_ID];
	size_t len;

	script = mmap(NULL, sizeof(*script), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(script != MAP_FAILED && mkdtemp(dir) != NULL);
	fake_pcsc_open();
	lab_defaults(&psd);
	psd.pin = "135790";
	psd.audit_due = 0;
	must(lab_open(dir, &lab, &e) &&
	     lab_create_vault(lab, "card:", &psd, id, &e) &&
	     vault_open("card:", 0, &v, &e) && vault_unlock(v, "135790", &e) &&
	     lab_refill(lab, v, 100 * STAMP, &e) &&
	     vault_certificate(v, der, sizeof(der), &len, &e) &&
	     cert_parse(der, len, &true_cert, &e));
	vault_close(v);
	lab_close(lab);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	must(system(command) == 0);
	memcpy(card, fake_pcsc->memory, sizeof(card));
	fake_pcsc->lie = lie;
}

/* --- what is believed ---------------------------------------------------------------- */

/* The card signed it. */
static void
check_stamp(const struct psd_stamp *s)
{
	uint8_t part[INDICIUM_MAX];
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;

	must(indicium_decode(s->indicium, s->len, &in, &e) &&
	     indicium_signed_part(&in, part, sizeof(part), &len, &e) &&
	     sig_verify(cert_key(true_cert), part, len, in.signature));
}

static void
check_asked(const struct psd_stamp *s, const struct psd_request *r)
{
	struct indicium in;
	struct err e = ERR_INIT;

	check_stamp(s);
	must(indicium_decode(s->indicium, s->len, &in, &e) &&
	     in.postage == r->amount && in.mail_date == r->mail_date &&
	     memcmp(s->key, r->key, sizeof(s->key)) == 0);
}

/* Returns `done`. */
static bool
lived(bool done, struct err *e)
{
	must(done || strstr(e->text, "process that reads") == NULL);
	*e = (struct err)ERR_INIT;
	return done;
}

static void
spend(struct vault *v)
{
	struct psd_request in[STAMPS];
	struct psd_stamp out[STAMPS];
	struct err e = ERR_INIT;
	bool found;

	for (int i = 0; i < STAMPS; i++) {
		in[i] = (struct psd_request){
		    .amount = STAMP + i, .mail_date = DATE, .category = "FCL1"};
		in[i].key[0] = (uint8_t)(1 + i);
	}
	if (lived(vault_debit(v, in, STAMPS, out, &e), &e))
		for (int i = 0; i < STAMPS; i++)
			check_asked(&out[i], &in[i]);
	if (lived(vault_find(v, in[0].key, &out[0], &found, &e), &e) && found)
		check_stamp(&out[0]);
}

static void
read_it(struct vault *v)
{
	static struct psd_stamp recent[PSD_RING];
	uint8_t message[PSD_MESSAGE_MAX], nonce[PSD_NONCE] = {1};
	struct psd_claim claim = {.date = DATE, .count = 1, .total = STAMP};
	struct err e = ERR_INIT;
	size_t count, len;

	if (lived(vault_recent(v, recent, &count, &e), &e))
		for (size_t i = 0; i < count; i++)
			check_stamp(&recent[i]);
	lived(vault_download_request(v, STAMP, message, &len, &e), &e);
	lived(vault_download_apply(v, message, len, message, &len, &e), &e);
	lived(vault_refund_request(v, &claim, message, &len, &e), &e);
	lived(vault_audit(v, nonce, message, &len, &e), &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vault *v = NULL;
	struct psd_status s;
	struct err e = ERR_INIT;

	if (true_cert == NULL)
		make_card();
	if (size == 0)
		return 0;
	memcpy(fake_pcsc->memory, card, sizeof(card));
	fake_pcsc->t0 = (data[0] & 1) != 0;
	script->before_len = 0;
	bytes_reader_init(&script->lies, data + 1, size - 1);
	if (!lived(vault_open("card:", 0, &v, &e), &e))
		return 0;
	lived(vault_unlock(v, data[0] & 2 ? "246802" : "135790", &e), &e);
	spend(v);
	if (data[0] & 4)
		read_it(v);
	if (lived(vault_status(v, &s, &e), &e))
		must(s.ascending >= 0 && s.descending >= 0);
	vault_close(v);
	return 0;
}
