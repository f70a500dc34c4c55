/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/base64.h"
#include "base/json.h"
#include "tests/test.h"

static struct json *
opened(const char *text)
{
	struct err e = ERR_INIT;
	struct json *j;

	is_ok(json_open(text, strlen(text), &j, &e), &e, text);
	return j;
}

/* Closes and wants this to be wrong. */
static void
is_wrong(struct json *j, const char *want)
{
	struct err e = ERR_INIT;

	ok(!json_good(j) || want[0] == '!', want);
	ok(!json_close(j, &e), want);
	is_err(&e, ERR_REQUEST, want);
	is_str(e.text, want + (want[0] == '!'), "what is wrong");
}

static void
is_right(struct json *j)
{
	struct err e = ERR_INIT;

	is_ok(json_close(j, &e), &e, "json_close");
}

static void
a_request_is_read(void **state)
{
	static const char text[] =
	    "{\"fence\":\"18446744073709551615\",\"total\":1560,\"lab\":true,"
	    "\"off\":false,\"name\":\"Stra\\u00dfe \\\"1\\\"\","
	    "\"key\":\"00ff10\",\"blob\":\"AAEC/w==\",\"in\":{\"deep\":-5},"
	    "\"stamps\":[{\"amount\":780,\"zip\":94103},{\"amount\":1}],"
	    "\"keys\":[\"a\",\"b\"]}";
	struct json *j = opened(text);
	uint64_t fence = 0;
	int64_t total = 0, deep = 0, amount = 0, none = 7;
	uint32_t zip = 3;
	uint8_t key[3], blob[4];
	bool lab = false, off = true;
	char name[16], word[2];
	size_t len = 0;

	(void)state;
	json_take_digits(j, "fence", true, UINT64_MAX, &fence);
	json_take_int(j, "total", true, 0, 2000, &total);
	json_take_bool(j, "lab", true, &lab);
	json_take_bool(j, "off", true, &off);
	json_take_text(j, "name", true, name, sizeof(name));
	json_take_hex(j, "key", true, key, sizeof(key));
	json_take_base64(j, "blob", true, blob, sizeof(blob), &len);
	json_take_int(j, "none", false, 0, 1, &none);
	json_take_bool(j, "none", false, &lab);
	ok(!json_enter(j, "none", false), "not there");
	ok(json_enter(j, "in", true), "there");
	json_take_int(j, "deep", true, -5, -5, &deep);
	json_leave(j);
	is_int(json_count(j, "stamps", true, 2), 2, "stamps");
	for (size_t i = 0; i < 2; i++) {
		json_enter_item(j, "stamps", i);
		json_take_int(j, "amount", true, 1, 780, &amount);
		is_int(amount, i ? 1 : 780, "amount");
		json_take_u32(j, "zip", false, 0, UINT32_MAX, &zip);
		json_leave(j);
	}
	is_int(json_count(j, "keys", true, 2), 2, "keys");
	json_item_text(j, "keys", 1, word, sizeof(word));
	is_int(json_count(j, "none", false, 2), 0, "none");
	ok(json_good(j), "nothing wrong");
	is_right(j);
	ok(fence == UINT64_MAX, "fence");
	is_int(total, 1560, "total");
	ok(lab && !off, "truth");
	is_str(name, "Stra\303\237e \"1\"", "name");
	is_mem(key, "\0\377\020", 3, "key");
	is_int(len, 4, "blob");
	is_mem(blob, "\0\001\002\377", 4, "blob");
	is_int(deep, -5, "deep");
	is_int(zip, 94103, "zip");
	is_int(none, 7, "what is missing stays as it was");
	is_str(word, "b", "word");
}

static void
what_is_no_object_is_refused(void **state)
{
	static const char *const wrong[] = {"", " ", "[]", "1", "null", "\"a\"",
	    "{", "{}x", "{} {}", "{\"a\":1,}", "{'a':1}", "{\"a\"}",
	    "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":NaN}",
	    "{\"a\":1,\"a\":1}", "{\"a\":\"\\u0000\"}", "{\"a\\u0000\":1}",
	    "{\"a\":\"\n\"}", "{\"a\":\"\377\"}", "{\"a\":\"\\ud800\"}",
	    "{\"a\":99999999999999999999}", "// {}", "\357\273\277{}"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err e = ERR_INIT;
		struct json *j;

		ok(!json_open(wrong[i], strlen(wrong[i]), &j, &e), wrong[i]);
		is_err(&e, ERR_REQUEST, wrong[i]);
		ok(j == NULL, wrong[i]);
		ok(json_close(j, &e), "nothing to close");
	}
}

static void
depth_is_bounded(void **state)
{
	static char text[200000];
	struct err e = ERR_INIT;
	struct json *j;
	size_t n;

	(void)state;
	for (size_t depth = 15; depth <= 16; depth++) {
		n = (size_t)sprintf(text, "{\"a\":");
		memset(text + n, '[', depth);
		memset(text + n + depth, ']', depth);
		strcpy(text + n + 2 * depth, "}");
		is_int(json_open(text, strlen(text), &j, &e), depth == 15,
		    "depth");
		json_free(j);
	}
	is_err(&e, ERR_REQUEST, "too deep");
	memset(text, '[', sizeof(text) - 1);
	ok(!json_open(text, sizeof(text) - 1, &j, &e), "far too deep");
	j = opened("{\"a\":\"[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}");
	json_free(j);
}

static void
an_error_names_its_place(void **state)
{
	static const char text[] =
	    "{\"stamps\":[{\"amount\":1},{\"amount\":-1,\"x\":{\"y\":1.5}}],"
	    "\"n\":5,\"t\":\"a\\u001b\",\"u\":\"a\\u0085\",\"long\":\"abcd\","
	    "\"hex\":\"0g\",\"hex2\":\"00 0\",\"b\":\"AA=A\",\"d\":\"-1\","
	    "\"null\":null,\"empty\":[],\"ints\":[1]}";
	int64_t n = 0;
	uint32_t u = 0;
	uint64_t d = 0;
	uint8_t raw[4];
	size_t len = 0;
	bool truth = false;
	char t[4];
	struct json *j = opened(text);

	(void)state;
	json_enter_item(j, "stamps", 1);
	json_take_int(j, "amount", true, 0, 9, &n);
	json_take_int(j, "later", true, 0, 9, &n);
	json_leave(j);
	is_wrong(j, "stamps[1].amount: must be 0 to 9");
	j = opened(text);
	json_enter_item(j, "stamps", 1);
	ok(json_enter(j, "x", true), "x");
	json_take_int(j, "y", true, 0, 9, &n);
	json_leave(j);
	json_leave(j);
	is_wrong(j, "stamps[1].x.y: must be a whole number");
	j = opened(text);
	json_enter_item(j, "stamps", 2);
	json_take_int(j, "amount", true, 0, 9, &n);
	json_leave(j);
	is_wrong(j, "stamps[2]: is missing");
	j = opened(text);
	json_enter_item(j, "stamps", 0);
	json_leave(j);
	is_wrong(j, "stamps[0].amount: is not known here");
	j = opened(text);
	json_enter_item(j, "ints", 0);
	json_leave(j);
	is_wrong(j, "ints[0]: must be an object");
	j = opened(text);
	json_item_text(j, "ints", 0, t, sizeof(t));
	is_wrong(j, "ints[0]: must be a text");
	j = opened(text);
	is_int(json_count(j, "stamps", true, 1), 0, "too many");
	is_wrong(j, "stamps: must have 1 to 1 elements");
	j = opened(text);
	is_int(json_count(j, "empty", true, 9), 0, "none");
	is_wrong(j, "empty: must have 1 to 9 elements");
	j = opened(text);
	is_int(json_length(j, "empty", true, 9), 0, "it may be");
	ok(json_good(j), "empty");
	is_int(json_length(j, "stamps", true, 1), 0, "too many");
	is_wrong(j, "stamps: must have 0 to 1 elements");
	j = opened(text);
	is_int(json_count(j, "n", true, 9), 0, "no array");
	is_wrong(j, "n: must be an array");
	j = opened(text);
	json_take_u32(j, "n", true, 6, 9, &u);
	is_wrong(j, "n: must be 6 to 9");
	j = opened(text);
	json_take_bool(j, "n", true, &truth);
	is_wrong(j, "n: must be true or false");
	j = opened(text);
	json_take_bool(j, "null", false, &truth);
	is_wrong(j, "null: must be true or false");
	j = opened(text);
	json_take_bool(j, "none", true, &truth);
	is_wrong(j, "none: is missing");
	j = opened(text);
	json_take_text(j, "t", true, t, sizeof(t));
	is_wrong(j, "t: has control characters");
	j = opened(text);
	json_take_text(j, "u", true, t, sizeof(t));
	is_wrong(j, "u: has control characters");
	j = opened(text);
	json_take_text(j, "long", true, t, sizeof(t));
	is_wrong(j, "long: longer than 3 bytes");
	j = opened(text);
	json_take_hex(j, "hex", true, raw, 1);
	is_wrong(j, "hex: must be 2 hexadecimal digits");
	j = opened(text);
	json_take_hex(j, "hex2", true, raw, 2);
	is_wrong(j, "hex2: must be 4 hexadecimal digits");
	j = opened(text);
	json_take_base64(j, "b", true, raw, sizeof(raw), &len);
	is_wrong(j, "b: must be base64 of at most 4 bytes");
	j = opened(text);
	json_take_digits(j, "d", true, 9, &d);
	is_wrong(j, "d: must be a text of digits, at most \"9\"");
	j = opened(text);
	json_blame(j, "n", "is not %d", 6);
	json_blame(j, "t", "is later");
	is_wrong(j, "n: is not 6");
	j = opened("{\"a\":1,\"b\\u0007\":2}");
	json_take_int(j, "a", true, 1, 1, &n);
	is_wrong(j, "!b?: is not known here");
}

static void
an_answer_is_written(void **state)
{
	static const uint8_t raw[] = {0, 1, 2, 255};
	struct json *j = json_new();
	char *text;
	size_t len = 0;

	(void)state;
	json_put_text(j, "z", "\"\\\n\303\237/");
	json_put_text(j, "broken", "a\377b\300\200");
	json_put_int(j, "min", INT64_MIN);
	json_put_digits(j, "max", UINT64_MAX);
	json_put_bool(j, "yes", true);
	json_put_hex(j, "hex", raw, sizeof(raw));
	json_put_base64(j, "b64", raw, sizeof(raw));
	json_begin_array(j, "list");
	for (int i = 0; i < 2; i++) {
		json_item(j);
		json_put_int(j, "i", i);
		json_end(j);
	}
	json_end(j);
	json_begin_array(j, "words");
	json_item_put_text(j, "w");
	json_end(j);
	json_begin_object(j, "in");
	json_put_bool(j, "no", false);
	json_end(j);
	json_begin_array(j, "none");
	json_end(j);
	text = json_text(j, &len);
	is_str(text,
	    "{\"z\":\"\\\"\\\\\\n\303\237/\",\"broken\":\"a?b\?\?\","
	    "\"min\":-9223372036854775808,\"max\":\"18446744073709551615\","
	    "\"yes\":true,\"hex\":\"000102ff\",\"b64\":\"AAEC/w==\","
	    "\"list\":[{\"i\":0},{\"i\":1}],\"words\":[\"w\"],"
	    "\"in\":{\"no\":false},\"none\":[]}",
	    "text");
	is_int(len, strlen(text), "length");
	free(text);
}

static void
a_writer_without_memory_gives_none(void **state)
{
	size_t len;

	(void)state;
	json_put_text(NULL, "a", "b");
	json_put_int(NULL, "a", 1);
	json_put_hex(NULL, "a", (const uint8_t *)"x", 1);
	json_begin_array(NULL, "a");
	json_item(NULL);
	json_item_put_text(NULL, "x");
	json_end(NULL);
	ok(json_text(NULL, &len) == NULL, "NULL");
	json_free(NULL);
}

static void
what_others_add_is_passed_over(void **state)
{
	static const char text[] =
	    "{\"a\":1,\"new\":[{\"x\":1.5}],\"b\":null,\"c\":{\"id\":\"i\"},"
	    "\"words\":\"one\\ntwo three\",\"flag\":\"no\"}";
	struct err e = ERR_INIT;
	struct json *j;
	int64_t a = 0, b = 7;
	char c[8] = "", words[12];
	bool flag = true;

	(void)state;
	is_ok(json_open_loosely(text, strlen(text), &j, &e), &e, "open");
	json_take_int(j, "a", true, 0, 9, &a);
	json_take_int(j, "b", false, 0, 9, &b);
	json_take_text(j, "c", false, c, sizeof(c));
	json_take_bool(j, "flag", false, &flag);
	json_take_words(j, "words", words, sizeof(words));
	ok(json_enter(j, "c", true), "c");
	json_take_text(j, "id", true, c, sizeof(c));
	json_leave(j);
	is_ok(json_close(j, &e), &e, "close");
	is_int(a, 1, "a");
	is_int(b, 7, "null is missing");
	is_str(c, "i", "an object where a text may be");
	ok(flag, "a text where a truth may be");
	ok(strlen(words) < sizeof(words) && strchr(words, '\n') == NULL, words);
	/* what must be there must be of its type, and not null */
	is_ok(json_open_loosely(text, strlen(text), &j, &e), &e, "open");
	json_take_text(j, "a", true, c, sizeof(c));
	ok(!json_close(j, &e), "a number");
	is_err(&e, ERR_REQUEST, "a number");
	e = (struct err)ERR_INIT;
	is_ok(json_open_loosely(text, strlen(text), &j, &e), &e, "open");
	json_take_int(j, "b", true, 0, 9, &b);
	ok(!json_close(j, &e), "null");
	is_err(&e, ERR_REQUEST, "null");
}

/* RFC 4648, section 10 */
static void
base64_is_strict(void **state)
{
	static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="},
	    {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	static const char *const wrong[] = {"Z", "Zg",
	    "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9", "Zm9v\n",
	    "Z===", "====", "=Zm9", "Zg==Zg==", "Zm-_", "Zm9vYmFyZm9v"};
	uint8_t out[8];
	char text[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *plain = pairs[i][0], *coded = pairs[i][1];

		base64_encode((const uint8_t *)plain, strlen(plain), text);
		is_str(text, coded, plain);
		ok(base64_decode(
		       coded, strlen(coded), out, strlen(plain), &len),
		    coded);
		is_int(len, strlen(plain), coded);
		is_mem(out, plain, len, coded);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!base64_decode(
		       wrong[i], strlen(wrong[i]), out, sizeof(out), &len),
		    wrong[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_request_is_read),
	    T(what_is_no_object_is_refused),
	    T(depth_is_bounded),
	    T(an_error_names_its_place),
	    T(an_answer_is_written),
	    T(a_writer_without_memory_gives_none),
	    T(what_others_add_is_passed_over),
	    T(base64_is_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
