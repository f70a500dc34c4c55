/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispense/drivers.h"
#include "tools/ppdread.h"
#include "tools/ppdwrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every word of it is a program that may be run. */
static void
check_programs(struct slice value)
{
	char text[256], *word, *rest = NULL;

	if (value.len >= sizeof(text))
		abort();
	memcpy(text, value.ptr, value.len);
	text[value.len] = '\0';
	for (word = strtok_r(text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		if (!drivers_allow(word, NULL, NULL))
			abort();
}

/* The last word of a filter line. */
static struct slice
program_of(struct slice line)
{
	size_t at = line.len;

	while (at > 0 && line.ptr[at - 1] != ' ')
		at--;
	return (struct slice){line.ptr + at, line.len - at};
}

/* One statement of the new PPD: no program but ours and drivers, no command of
 * a driver that runs what the PPD says, no control character in a name. */
static void
check_statement(const struct statement *s, int *gates, int *drivers)
{
	if (slice_is(s->keyword, "cupsPostageDriver")) {
		++*drivers;
		check_programs(s->value);
	}
	if (slice_begins(s->keyword, "cupsFilter")) {
		bool gate =
		    slice_begins(s->value, "application/vnd.cups-postage-");

		*gates += gate;
		if (!gate &&
		    !slice_begins(s->value, "application/vnd.cups-command "))
			abort();
		if (!slice_is(program_of(s->value), "-"))
			check_programs(program_of(s->value));
		if (gate && !slice_is(program_of(s->value), "-") &&
		    !slice_is(program_of(s->value), "postagedriver"))
			abort();
	}
	if (slice_begins(s->keyword, "Foomatic") ||
	    slice_begins(s->keyword, "cupsPreFilter") ||
	    slice_begins(s->keyword, "cupsPortMonitor"))
		abort();
	for (size_t i = 0; i < s->keyword.len; i++)
		if (s->keyword.ptr[i] <= ' ' || s->keyword.ptr[i] > '~')
			abort();
}

/* Whatever a printer calls its PPD: nothing comes out that a second reading
 * takes for another filter, and no byte that ends a line or a string early. */
static void
check_output(const char *text, size_t len)
{
	struct ppd_reader r = {text, text + len};
	struct statement s;
	int gates = 0, drivers = 0;

	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\n' &&
			text[i] != '\t') ||
		    text[i] == 0x7f)
			abort();
	while (ppd_next(&r, &s))
		check_statement(&s, &gates, &drivers);
	if (gates != 1 || drivers > 1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ppdwrap_rules trusting = {.allow_foomatic = true},
					  rules = {.allow_foomatic = false};
	struct ppdwrap_report report, again;
	struct err e = ERR_INIT;
	char *text = NULL, *second = NULL;
	size_t len = 0, second_len = 0;
	FILE *out = open_memstream(&text, &len);
	bool done = ppdwrap((const char *)data, size, &rules, out, &report, &e);

	fclose(out);
	out = open_memstream(&second, &second_len);
	if (done) {
		check_output(text, len);
		if (!ppdwrap(text, len, &rules, out, &again, &e))
			abort();
		if (strcmp(report.filter, again.filter) != 0 ||
		    strcmp(report.driver, again.driver) != 0)
			abort();
	} else {
		(void)!ppdwrap(
		    (const char *)data, size, &trusting, out, &again, &e);
	}
	fclose(out);
	free(text);
	free(second);
	return 0;
}
