/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader with keys says and is told; vault/pinpad.h. */
#include "vault/pinpad.h"

#include "tests/test.h"

static void
a_feature_is_found_in_the_readers_list(void **state)
{
	/* As a reader of Gemalto's says it. */
	static const uint8_t list[] = {0x06, 4, 0x42, 0x33, 0, 0x06, 0x0a, 4,
	    0x42, 0x33, 0, 0x0a, 0x12, 4, 0x42, 0x33, 0, 0x12};
	uint32_t control = 0;

	(void)state;
	ok(pinpad_find(list, sizeof(list), PINPAD_VERIFY, &control), "found");
	is_int(control, 0x42330006, "its control code");
	ok(!pinpad_find(list + 6, sizeof(list) - 6, PINPAD_VERIFY, &control),
	    "a reader with a display alone");
	ok(!pinpad_find(list, 0, PINPAD_VERIFY, &control), "none at all");
	for (size_t len = 1; len < sizeof(list); len++)
		is_int(pinpad_find(list, len, PINPAD_VERIFY, &control),
		    len % 6 == 0, "a list that is cut");
	ok(!pinpad_find(
	       (const uint8_t *)"\6\2\1\2", 4, PINPAD_VERIFY, &control),
	    "a code of another length");
}

/* By hand from PC/SC part 10, 2.5.2. */
static void
the_reader_is_told_which_pin(void **state)
{
	static const uint8_t want[PINPAD_VERIFY_BYTES] = {30, 0, 0x82, 0, 0,
	    /*max*/ 16, /*min*/ 4, 0x02, 1, 0x09, 0x04, 0, 0, 0, 0, 5, 0, 0, 0,
	    0x00, 0x20, 0x00, 0x81, 0x00};
	uint8_t got[PINPAD_VERIFY_BYTES];

	(void)state;
	pinpad_verify(got);
	is_mem(got, want, sizeof(want), "the structure");
}

static void
the_readers_words_are_told_from_the_cards(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	is_ok(pinpad_said(0x9000, &e), &e, "right");
	is_ok(pinpad_said(0x63c4, &e), &e, "wrong: the card's");
	is_ok(pinpad_said(0x6983, &e), &e, "blocked: the card's");
	ok(!pinpad_said(0x6400, &e), "time");
	is_err(&e, ERR_DENIED, "time");
	ok(!pinpad_said(0x6401, &e), "cancelled");
	ok(strstr(e.text, "cancelled") != NULL, "says so");
	ok(!pinpad_said(0x6403, &e), "too short");
	ok(strstr(e.text, "4 to 16") != NULL, "says so");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_feature_is_found_in_the_readers_list),
	    T(the_reader_is_told_which_pin),
	    T(the_readers_words_are_told_from_the_cards)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
