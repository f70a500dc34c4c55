/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/pinpad.h"

#include <assert.h>

#include "base/bytes.h"
#include "vault/card_apdu.h"

#define ASCII_BYTES 0x82   /* PIN as ASCII, at a whole byte, to the left */
#define ON_OK_KEY   0x02   /* the PIN ends with the key */
#define ENGLISH_US  0x0409 /* of the reader's display */
#define FIRST_S	    30	   /* until the first key */

bool
pinpad_find(const uint8_t *list, size_t len, enum pinpad_feature feature,
    uint32_t *control)
{
	struct bytes_reader r;
	bool found = false;

	bytes_reader_init(&r, list, len);
	while (bytes_left(&r) > 0 && !r.failed) {
		uint64_t tag = bytes_read_le(&r, 1);
		size_t size = (size_t)bytes_read_le(&r, 1);

		if (tag == feature && size == 4 && !found) {
			*control = (uint32_t)bytes_read_be(&r, 4);
			found = true;
		} else {
			bytes_read(&r, size);
		}
	}
	return found && !r.failed;
}

void
pinpad_verify(uint8_t out[PINPAD_VERIFY_BYTES])
{
	struct bytes_writer w;

	bytes_writer_init(&w, out, PINPAD_VERIFY_BYTES);
	bytes_write_le(&w, FIRST_S, 1);
	bytes_write_le(&w, 0, 1); /* between keys: the reader's own */
	bytes_write_le(&w, ASCII_BYTES, 1);
	bytes_write_le(&w, 0, 2); /* as long as it is typed, no length in it */
	bytes_write_le(&w, CARD_PIN_MIN << 8 | CARD_PIN_MAX, 2);
	bytes_write_le(&w, ON_OK_KEY, 1);
	bytes_write_le(&w, 1, 1); /* message */
	bytes_write_le(&w, ENGLISH_US, 2);
	bytes_write_le(&w, 0, 4); /* the first message; no T=1 prologue */
	bytes_write_le(&w, 5, 4); /* bytes of the command */
	bytes_write_le(&w, CARD_CLA_ISO, 1);
	bytes_write_le(&w, CARD_VERIFY, 1);
	bytes_write_be(&w, 0x0081, 2);
	bytes_write_le(&w, 0, 1); /* Lc: the reader's to fill in */
	assert(!w.failed && w.pos == PINPAD_VERIFY_BYTES);
}

bool
pinpad_said(uint16_t word, struct err *e)
{
	switch (word) {
	case 0x6400:
		return err_set(
		    e, ERR_DENIED, "no PIN was typed at the reader in time");
	case 0x6401: return err_set(e, ERR_DENIED, "cancelled at the reader");
	case 0x6402:
	case 0x6403:
		return err_set(e, ERR_DENIED,
		    "the PIN that was typed at the reader has not %d to %d "
		    "digits",
		    CARD_PIN_MIN, CARD_PIN_MAX);
	case 0x6480:
	case 0x6b80:
		return err_set(e, ERR_DENIED,
		    "the reader cannot take this PIN: name its file");
	default: return true;
	}
}
