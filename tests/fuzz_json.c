/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is read as a request of stamps; what was taken is within its limits,
 * and what is written of it is read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct taken {
	int64_t total;
	uint64_t fence;
	bool lab;
	char name[32];
	uint8_t key[4], blob[16];
	size_t blob_len;
	char word[8];
};

static void
take_all(struct json *j, struct taken *t)
{
	size_t count;

	json_take_int(j, "total", false, -5, 2000, &t->total);
	json_take_digits(j, "fence", false, 1000, &t->fence);
	json_take_bool(j, "lab", false, &t->lab);
	json_take_text(j, "name", false, t->name, sizeof(t->name));
	json_take_hex(j, "key", false, t->key, sizeof(t->key));
	json_take_base64(
	    j, "blob", false, t->blob, sizeof(t->blob), &t->blob_len);
	if (json_enter(j, "in", false)) {
		json_take_int(j, "total", true, -5, 2000, &t->total);
		json_leave(j);
	}
	count = json_count(j, "stamps", false, 4);
	for (size_t i = 0; i < count; i++) {
		json_enter_item(j, "stamps", i);
		json_take_int(j, "total", false, -5, 2000, &t->total);
		json_leave(j);
	}
	count = json_count(j, "words", false, 4);
	for (size_t i = 0; i < count; i++)
		json_item_text(j, "words", i, t->word, sizeof(t->word));
}

static char *
write_all(const struct taken *t, size_t *len)
{
	struct json *j = json_new();

	json_put_int(j, "total", t->total);
	json_put_digits(j, "fence", t->fence);
	json_put_bool(j, "lab", t->lab);
	json_put_text(j, "name", t->name);
	json_put_hex(j, "key", t->key, sizeof(t->key));
	json_put_base64(j, "blob", t->blob, t->blob_len);
	json_begin_array(j, "words");
	json_item_put_text(j, t->word);
	json_end(j);
	return json_text(j, len);
}

static void
check(const struct taken *t)
{
	struct taken back;
	struct err e = ERR_INIT;
	struct json *j;
	size_t len;
	char *text;

	if (t->total < -5 || t->total > 2000 || t->fence > 1000 ||
	    strlen(t->name) >= sizeof(t->name) ||
	    strlen(t->word) >= sizeof(t->word))
		abort();
	text = write_all(t, &len);
	memset(&back, 0, sizeof(back));
	if (text == NULL || !json_open(text, len, &j, &e))
		abort();
	take_all(j, &back);
	if (!json_close(j, &e) || back.total != t->total ||
	    back.fence != t->fence || back.lab != t->lab ||
	    back.blob_len != t->blob_len || strcmp(back.name, t->name) != 0 ||
	    strcmp(back.word, t->word) != 0 ||
	    memcmp(back.key, t->key, sizeof(t->key)) != 0 ||
	    memcmp(back.blob, t->blob, t->blob_len) != 0)
		abort();
	free(text);
}

/* What is decoded is coded as the same text. */
static void
code_again(const uint8_t *data, size_t size)
{
	static uint8_t bytes[4096];
	static char text[BASE64_LEN(4096) + 1];
	size_t len;

	if (!base64_decode(
		(const char *)data, size, bytes, sizeof(bytes), &len))
		return;
	base64_encode(bytes, len, text);
	if (strlen(text) != size || memcmp(text, data, size) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct taken t;
	struct err e = ERR_INIT;
	struct json *j;

	code_again(data, size);
	memset(&t, 0, sizeof(t));
	if (!json_open((const char *)data, size, &j, &e)) {
		if (e.kind != ERR_REQUEST || j != NULL)
			abort();
		return 0;
	}
	take_all(j, &t);
	if (json_close(j, &e))
		check(&t);
	else if (e.kind != ERR_REQUEST || e.text[0] == '\0')
		abort();
	return 0;
}
