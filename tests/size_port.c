/* SPDX-License-Identifier: Apache-2.0 */
/* What a port of the card's application is, for size.sh to measure: the port_
 * functions are the chip's own and count nowhere. */
#include "vault/card_app.h"

bool port_read(void *context, size_t at, void *out, size_t len);
bool port_write(void *context, size_t at, const void *bytes, size_t len);
bool port_sign(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e);
bool port_verify(void *context, const uint8_t key[PSD_POINT],
    const uint8_t *msg, size_t len, const uint8_t sig[INDICIUM_SIGNATURE]);
void
port_sha256(void *context, const uint8_t *msg, size_t len, uint8_t hash[32]);
bool port_generate(void *context, struct card_key *key);
bool port_use_key(void *context, const struct card_key *key);
bool port_random(void *context, uint8_t *out, size_t len);
bool port_is_new(void);
bool port_transmission(uint8_t *buffer, size_t *len);

static const struct nvm nvm = {
    .size = CARD_NVM_BYTES, .read = port_read, .write = port_write};

static const struct card_crypto crypto = {
    .psd = {.sign = port_sign, .verify = port_verify, .sha256 = port_sha256},
    .generate = port_generate,
    .use_key = port_use_key,
    .random = port_random};

static struct card_app app = {.nvm = &nvm, .crypto = &crypto};
static uint8_t buffer[CARD_REPLY_MAX + 5];

int
main(void)
{
	struct err e = ERR_INIT;
	size_t len;

	if (port_is_new() && !card_store_format(&nvm, &app.psd, &e))
		return 1;
	card_app_power(&app);
	while (port_transmission(buffer, &len))
		card_app_exchange(&app, buffer, len, buffer, &len);
	return 0;
}
