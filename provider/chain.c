/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/chain.h"

#include "base/bytes.h"

void
chain_link(uint8_t chain[CHAIN_BYTES], const struct stamp_row *row)
{
	static const uint8_t none[SIG_BYTES];
	uint8_t bytes[CHAIN_BYTES + PSD_KEY_BYTES + 8 + INDICIUM_MAX];
	struct stamp_row bare = *row;
	struct err e = ERR_INIT;
	struct bytes_writer w;

	if (bare.is_signed && !stamp_row_sign(&bare, none, &e))
		bare.len = 0;
	bytes_writer_init(&w, bytes, sizeof(bytes));
	bytes_write(&w, chain, CHAIN_BYTES);
	bytes_write(&w, bare.key, PSD_KEY_BYTES);
	bytes_write_le(&w, (uint64_t)bare.system, 8);
	bytes_write(&w, bare.indicium, bare.len);
	sig_sha256(bytes, w.pos, chain);
}
