/* SPDX-License-Identifier: Apache-2.0 */
/* Small shapes are counted, whatever way they are drawn in; text, rules and
 * curves are not. */
#include "tests/test.h"

#include <stdlib.h>

#include "filter/pieces.h"

static size_t
count(const char *content)
{
	return pieces_count(content, strlen(content));
}

static void
small_shapes_are_counted(void **state)
{
	(void)state;
	is_int(count("0 0 1 1 re f"), 1, "a square");
	is_int(count("0 0 7 1 re 9 0 1 1 re 12 0 1 -3 re f*"), 3, "runs");
	is_int(count("0 0 m 1 0 l 1 1 l 0 1 l h 4 4 m 5 4 l 5 5 l 4 5 l f"), 2,
	    "polygons");
	is_int(count("1 w 0 0 m 7 0 l 9 0 m 10 0 l S"), 2, "strokes");
	is_int(count("(a\\)0 0 1 1 re) Tj [<00>-1(x)]TJ 2 2 3 3 re B"), 1,
	    "behind text");
	is_int(count("/a1 gs%0 0 1 1 re f\n0 0 1 1 re b*"), 1, "comment");
	is_int(count("BI /W 8 ID 0 0 1 1 re f \x01 EI 0 0 1 1 re f"), 1,
	    "behind a picture");
}

static void
other_drawings_are_not(void **state)
{
	static const char *const drawings[] = {"", "0 0 1 1 re W n",
	    "0 0 500 1 re f", "1 w 0 0 m 500 0 l S", "0 0 1 1 re S",
	    "0 0 m 1 1 2 2 3 3 c h f", "0 0 m 1 1 l 1 2 3 4 v f",
	    "(0 0 1 1 re f) Tj", "(\\\\(0 0 1 1 re f)) Tj", "0 0 1 re f",
	    "0 0 1 1 1 re f", "<30 30 1 1 re f> Tj", "(0 0 1 1 re f",
	    "BI 0 0 1 1 re f", "0 0 1 1 re"};

	(void)state;
	for (size_t i = 0; i < sizeof(drawings) / sizeof(drawings[0]); i++)
		is_int(count(drawings[i]), 0, drawings[i]);
}

static void
no_byte_beyond_the_end_is_read(void **state)
{
	static const char *const all = "0 0 1 1 re(a\\)BI <a/b%c 1 w f";

	(void)state;
	for (size_t len = 0; len <= strlen(all); len++) {
		char *copy = malloc(len + !len);

		memcpy(copy, all, len);
		is_int(pieces_count(copy, len), 0, "cut");
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(small_shapes_are_counted),
	    T(other_drawings_are_not),
	    T(no_byte_beyond_the_end_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
