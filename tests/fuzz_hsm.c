/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a PKCS#11 module answers, the child of an hsm gives whole answers or
 * an error that has a kind.
 *
 * Bytes: how many orders, each order's number, and what is left is the module's
 * script (tests/badmodule.c).  All of it is read as a public point, too.
 */
#include <stdlib.h>
#include <string.h>

#include "vault/hsm_child.h"
#include "vault/hsm_own.h"

#define ORDERS_MAX 8
#define SCRIPT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

/* --- orders ---------------------------------------------------------------------- */

static void
write_order(struct bytes_writer *w, uint8_t n)
{
	enum hsm_order what = (enum hsm_order)(1 + n % HSM_SIGN);

	bytes_write_le(w, what, 1);
	switch (what) {
	case HSM_OPEN:
		bytes_write_le(w, n / HSM_SIGN % 2, 1);
		bytes_write_str(w, n & 0x80
				       ? "pkcs11:?module-path=" BADMODULE
				       : "pkcs11:token=Bad;object=bad%20key"
					 "?module-path=" BADMODULE);
		break;
	case HSM_LOGIN: bytes_write_str(w, "271828"); break;
	case HSM_PIN:
		bytes_write_str(w, "271828");
		bytes_write_str(w, "314159");
		break;
	case HSM_TAKE: bytes_write_str(w, "postage XXPS0000000001"); break;
	case HSM_SIGN:
		bytes_write_str(w, n & 0x80 ? "pkcs11:id=%07;object=x" : "");
		bytes_write_str(w, "message");
		bytes_write_str(w, "another");
		break;
	default: break;
	}
}

static void
check_answer(uint8_t what, struct bytes_reader *r)
{
	char uri[HSM_URI_MAX], key[HSM_URI_MAX], text[HSM_TEXT];
	uint8_t point[PSD_POINT];

	if (what == HSM_SIGN)
		must(bytes_left(r) == 2 * SIG_BYTES);
	if (what == HSM_LIST) {
		bytes_read_str(r, uri, sizeof(uri));
		bytes_read_str(r, text, sizeof(text));
		bytes_read_str(r, text, sizeof(text));
		must(bytes_reader_done(r));
	}
	if (what == HSM_TAKE) {
		must(bytes_read_le(r, 1) <= 1);
		bytes_read_str(r, uri, sizeof(uri));
		bytes_read_str(r, key, sizeof(key));
		bytes_read_into(r, point, sizeof(point));
		must(bytes_reader_done(r) && point[0] == 0x04);
		must(strncmp(uri, "pkcs11:", 7) == 0);
		must(strncmp(key, "pkcs11:", 7) == 0);
	}
}

/* The entries of a list, of this module alone. */
static void
describe(const struct hsm_child *c)
{
	uint8_t answer[ASIDE_MESSAGE];
	struct bytes_writer w;
	struct bytes_reader r;

	for (size_t i = 0; c->one[0] != NULL && i < c->places_count; i++) {
		bytes_writer_init(&w, answer, sizeof(answer));
		hsm_describe(&c->places[i], &w);
		must(!w.failed);
		bytes_reader_init(&r, answer, w.pos);
		check_answer(HSM_LIST, &r);
	}
}

static void
give(void *state, uint8_t n)
{
	uint8_t order[HSM_MESSAGE_MAX], answer[ASIDE_MESSAGE];
	struct bytes_writer w;
	struct bytes_reader r;
	struct err e = ERR_INIT;

	if (1 + n % HSM_SIGN == HSM_LIST) {
		describe(state);
		return;
	}
	bytes_writer_init(&w, order, sizeof(order));
	write_order(&w, n);
	bytes_reader_init(&r, order, w.pos);
	bytes_writer_init(&w, answer, sizeof(answer));
	if (!hsm_part.obey(state, &r, &w, &e)) {
		must(e.kind > ERR_NONE && e.kind < ERR_KINDS);
		must(e.text[0] != '\0');
		return;
	}
	must(!r.failed && !w.failed);
	bytes_reader_init(&r, answer, w.pos);
	check_answer(order[0], &r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char hex[2 * SCRIPT_MAX + 1];
	size_t orders = size > 0 ? data[0] % (ORDERS_MAX + 1) : 0;
	uint8_t point[PSD_POINT];
	void *state = calloc(1, hsm_part.state_size);

	must(state != NULL);
	if (hsm_read_point(data, size, point))
		must(point[0] == 0x04);
	if (orders + 1 <= size && size - orders - 1 <= SCRIPT_MAX) {
		bytes_to_hex(data + 1 + orders, size - orders - 1, hex);
		setenv("POSTAGE_MODULES", BADMODULE_FOLDER, 1);
		setenv("BADMODULE_SCRIPT", hex, 1);
		for (size_t i = 0; i < orders; i++)
			give(state, data[1 + i]);
	}
	hsm_part.leave(state);
	free(state);
	return 0;
}
