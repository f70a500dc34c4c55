/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test: what the unit tests share, over cmocka.  A test is a function named as
 * a sentence; a failed check prints file, line, what was got and what was
 * wanted, and ends the test.
 *
 *	static void debit_moves_value(void **state) { ... is_int(got, 3, "x"); }
 *	int main(void) { const struct CMUnitTest tests[] = {T(debit_moves_value)};
 *		return cmocka_run_group_tests(tests, NULL, NULL); }
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

#define T(f) cmocka_unit_test(f)

#define fail_at(...)                                        \
	do {                                                \
		print_error("%s:%d: ", __FILE__, __LINE__); \
		print_error(__VA_ARGS__);                   \
		print_error("\n");                          \
		fail();                                     \
	} while (0)

#define ok(cond, what)                                            \
	do {                                                      \
		if (!(cond))                                      \
			fail_at("%s: not true: %s", what, #cond); \
	} while (0)

#define is_int(got, want, what)                                                \
	do {                                                                   \
		long long got_ = (long long)(got), want_ = (long long)(want);  \
		if (got_ != want_)                                             \
			fail_at("%s: got %lld, want %lld", what, got_, want_); \
	} while (0)

#define is_str(got, want, what)                                                \
	do {                                                                   \
		const char *got_ = (got), *want_ = (want);                     \
		if (strcmp(got_, want_) != 0)                                  \
			fail_at(                                               \
			    "%s: got \"%s\", want \"%s\"", what, got_, want_); \
	} while (0)

#define is_mem(got, want, len, what)                       \
	do {                                               \
		if (memcmp(got, want, len) != 0)           \
			fail_at("%s: bytes differ", what); \
	} while (0)

/* The call succeeded; shows the error's text if not. */
#define is_ok(cond, e, what)                                                  \
	do {                                                                  \
		if (!(cond))                                                  \
			fail_at("%s: %s: %s", what, err_kind_name((e)->kind), \
			    (e)->text);                                       \
	} while (0)

/* The error has this kind. */
#define is_err(e, want, what)                                     \
	do {                                                      \
		if ((e)->kind != (want))                          \
			fail_at("%s: got %s (%s), want %s", what, \
			    err_kind_name((e)->kind), (e)->text,  \
			    err_kind_name(want));                 \
	} while (0)

#endif
