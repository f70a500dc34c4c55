/* SPDX-License-Identifier: Apache-2.0 */
/* What the backend reads of the queue: its PPD's three lines, and the device
 * URI behind "postage:/".  A driver is a plain name or a whole path without a
 * way up; a printer's scheme is a plain name that is not our own. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dispense/device.h"
#include "dispense/drivers.h"
#include "dispense/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_gate(const uint8_t *data, size_t size)
{
	FILE *f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	struct gate g;

	if (f == NULL)
		return;
	gate_scan(f, &g);
	fclose(f);
	if (strpbrk(g.final_type, " \t\r\n\"'") ||
	    strnlen(g.final_type, GATE_TYPE_MAX) == GATE_TYPE_MAX)
		abort();
	for (int i = 0; i < GATE_DRIVERS; i++) {
		const char *d = g.driver[i];

		if (d[0] != '\0' && !drivers_is_clean(d, strlen(d)))
			abort();
		if (drivers_allow(d, NULL, d) &&
		    (strstr(d, "..") || strpbrk(d, " \t\r\n\"'`$;&|*~") ||
			(d[0] != '/' && strchr(d, '/'))))
			abort();
	}
}

static void
check_device(const char *uri)
{
	char wrapped[DEVICE_URI_MAX];
	struct device d, again;
	struct err e = ERR_INIT;

	if (!device_parse(uri, &d, &e)) {
		if (e.kind != ERR_CONFIG || e.text[0] == '\0')
			abort();
		return;
	}
	if (strpbrk(d.scheme, "/ %") || d.scheme[0] == '.' ||
	    strcmp(d.scheme, "postage") == 0 || strcmp(d.scheme, "beh") == 0 ||
	    strcmp(d.scheme, "file") == 0)
		abort();
	if (!device_wrap(&d, wrapped, sizeof(wrapped), &e) ||
	    device_is_secret(&d))
		return;
	if (!device_load(wrapped, "/nonexistent", &again, &e) ||
	    strcmp(again.uri, d.uri) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char uri[2 * DEVICE_URI_MAX] = "";

	check_gate(data, size);
	if (size >= sizeof(uri))
		size = sizeof(uri) - 1;
	if (size > 0)
		memcpy(uri, data, size);
	check_device(uri);
	return 0;
}
