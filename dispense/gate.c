/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/gate.h"

#include <ctype.h>
#include <string.h>

#include "dispense/drivers.h"

#define GATE_PREFIX "application/vnd.cups-postage-"

bool
gate_is_type(const char *s, size_t len)
{
	size_t slashes = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '/')
			slashes++;
		else if (!isalnum((unsigned char)s[i]) &&
			 strchr(".+-_", s[i]) == NULL)
			return false;
	}
	return slashes == 1 && len > 2 && len < GATE_TYPE_MAX;
}

/* *cupsPostageDriver: "rastertohp", "pdftops pstoqpdl", or whole paths.  A
 * driver with a program that must not run, or with too many, is none. */
static void
scan_driver(const char *value, struct gate *out)
{
	int count = 0;

	memset(out->driver, 0, sizeof(out->driver));
	value += strspn(value, " \t\"");
	while (*value && !strchr("\"\r\n", *value)) {
		size_t len = strcspn(value, " \t\"\r\n");

		if (count == GATE_DRIVERS || len >= GATE_TYPE_MAX ||
		    !drivers_is_clean(value, len)) {
			memset(out->driver, 0, sizeof(out->driver));
			return;
		}
		memcpy(out->driver[count++], value, len);
		value += len;
		value += strspn(value, " \t");
	}
}

/* *cupsFilter2: "source destination cost program" */
/* "... cost program" */
static void
scan_program(const char *value, struct gate *out)
{
	static const char name[] = "postagedriver";
	const char *at = strstr(value, name);

	if (at && at > value && isspace((unsigned char)at[-1]) &&
	    strchr("\" \t\r\n", at[sizeof(name) - 1]) != NULL)
		out->trailer = true;
}

static void
scan_filter2(const char *value, struct gate *out)
{
	const char *source = value + strspn(value, " \t\""), *type;
	size_t len = strcspn(source, " \t");

	if (strncmp(source, GATE_PREFIX, sizeof(GATE_PREFIX) - 1) != 0)
		return;
	out->found = true;
	out->trailer = len == sizeof(GATE_PREFIX) + 2 &&
		       (strncmp(source + len - 3, "pwg", 3) == 0 ||
			   strncmp(source + len - 3, "urf", 3) == 0);
	scan_program(source, out);
	type = source + len + strspn(source + len, " \t");
	len = strcspn(type, " \t\"");
	if (!gate_is_type(type, len))
		return;
	memcpy(out->final_type, type, len);
	out->final_type[len] = '\0';
}

void
gate_scan(FILE *ppd, struct gate *out)
{
	char line[1024];
	bool whole = true;

	*out = (struct gate){0};
	while (fgets(line, sizeof(line), ppd)) {
		bool begins = whole;
		const char *value;

		whole = strchr(line, '\n') != NULL;
		if (!begins || line[0] != '*' || !strchr(line, ':'))
			continue;
		value = strchr(line, ':') + 1;
		if (strncmp(line, "*cupsFilter2:", 13) == 0) {
			scan_filter2(value, out);
		} else if (strncmp(line, "*cupsFilter:", 12) == 0) {
			if (strstr(value, GATE_PREFIX)) {
				out->found = true;
				scan_program(value, out);
			}
		} else if (strncmp(line, "*cupsPostageDriver:", 19) == 0) {
			scan_driver(value, out);
		} else if (strncmp(line, "*cupsSingleFile:", 16) == 0) {
			value += strspn(value, " \t\"");
			out->single_file = strncmp(value, "True", 4) == 0;
		}
	}
}

bool
gate_load(const char *path, struct gate *out, struct err *e)
{
	FILE *ppd = path ? fopen(path, "re") : NULL;

	if (ppd == NULL) {
		if (path == NULL)
			return err_set(
			    e, ERR_CONFIG, "the scheduler named no PPD");
		err_system(e, "cannot read the queue's PPD %s", path);
		e->kind = ERR_CONFIG;
		return false;
	}
	gate_scan(ppd, out);
	fclose(ppd);
	if (!out->found || !out->single_file)
		return err_set(e, ERR_CONFIG,
		    "this queue's PPD is not a postage PPD; make the queue "
		    "again with \"postage queue add\"");
	return true;
}
