/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration and its lists: by the first byte postage.conf, cost codes
 * or holidays.  What is read answers questions; what is not has a sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dispense/calendar.h"
#include "dispense/cost.h"
#include "dispense/policy.h"
#include "dispense/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
refused(const struct err *e)
{
	if (e->kind != ERR_CONFIG || e->text[0] == '\0')
		abort();
}

static void
configuration(const uint8_t *data, size_t size)
{
	static struct settings s;
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct err e = ERR_INIT;
	struct queue_settings q;
	struct limits most = {-1, -1, -1, -1, -1, -1};
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!settings_load(path, &s, &e)) {
		refused(&e);
		close(fd);
		return;
	}
	close(fd);
	for (int i = 0; i < s.queue_count; i++) {
		settings_queue(&s, s.queues[i].name, &q);
		if (strcmp(q.name, s.queues[i].name) != 0 ||
		    q.collection == 0 || q.days_ahead < 0 ||
		    q.hours.from > q.hours.until || q.missing == 0 ||
		    settings_mailby(&q, "letter") < -1)
			abort();
	}
	for (int i = 0; i < s.group_count; i++)
		most.job = s.groups[i].limits.job;
	if (most.job < -1)
		abort();
}

static void
cost_codes(const uint8_t *data, size_t size)
{
	struct cost_codes *c = NULL;
	struct err e = ERR_INIT;
	char near[COST_NEAR_MAX];

	if (!cost_parse((const char *)data, size, "fuzz", &c, &e)) {
		refused(&e);
		return;
	}
	for (size_t i = 0; i < cost_count(c) && i < 64; i++) {
		const struct cost_code *code = cost_at(c, i);

		if (cost_find(c, code->code) != code)
			abort();
		/* A code is nearest to itself, but for one of other case. */
		cost_near(c, code->code, near);
		if (near[0] == '\0')
			abort();
	}
	cost_free(c);
}

static void
holidays(const uint8_t *data, size_t size)
{
	static struct calendar c;
	struct err e = ERR_INIT;
	uint32_t day;

	if (!calendar_parse((const char *)data, size, "fuzz", &c, &e)) {
		refused(&e);
		return;
	}
	day = calendar_collection(&c, 0x3e, 20261125);
	for (size_t i = 0; i < c.count; i++)
		if (day == c.holiday[i])
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0: configuration(data + 1, size - 1); break;
	case 1: cost_codes(data + 1, size - 1); break;
	default: holidays(data + 1, size - 1); break;
	}
	return 0;
}
