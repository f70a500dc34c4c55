/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands for cupsd answers: a job that is believed has an owner, and
 * its texts are whole and clean. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "dispense/scheduler.h"
#include "tests/fake_scheduler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t
read_memory(void *context, ipp_uchar_t *out, size_t len)
{
	struct bytes_reader *r = context;
	size_t part = bytes_left(r) < len ? bytes_left(r) : len;
	const uint8_t *from = bytes_read(r, part);

	if (from != NULL)
		memcpy(out, from, part);
	return (ssize_t)part;
}

static ipp_t *
parse(void *context)
{
	ipp_t *answer = ippNew();

	if (ippReadIO(context, read_memory, 1, NULL, answer) == IPP_STATE_DATA)
		return answer;
	ippDelete(answer);
	return NULL;
}

static void
must_be_clean(const char *text, size_t size)
{
	char again[256];

	if (strnlen(text, size) == size ||
	    strcmp(text_clean(text, again, sizeof(again)), text) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct job job = {.queue = "Postage", .id = 7};
	struct err e = ERR_INIT;
	struct bytes_reader r;

	bytes_reader_init(&r, data, size);
	fake_scheduler(parse, &r);
	if (!scheduler_job("/cups.sock", &job, size % 2 == 0, &e)) {
		if (e.kind == ERR_NONE || e.text[0] == '\0')
			abort();
		return 0;
	}
	if (job.user[0] == '\0')
		abort();
	must_be_clean(job.user, sizeof(job.user));
	must_be_clean(job.uuid, sizeof(job.uuid));
	return 0;
}
