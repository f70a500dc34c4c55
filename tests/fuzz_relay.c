/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a printer's backend says on stderr, in pieces of any size: what the
 * scheduler gets is one line at a time of a known prefix, clean, short enough,
 * without the printer's password, and none that edits the queue. */
#include <stdlib.h>
#include <string.h>

#include "backend/relay.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "root:pass word"

static void
look(void *context, const char *line)
{
	static const char *const prefixes[] = {"EMERG: ", "ALERT: ", "CRIT: ",
	    "ERROR: ", "WARNING: ", "NOTICE: ", "INFO: ", "DEBUG: ", "DEBUG2: ",
	    "ATTR: ", "STATE: +", "STATE: -", "JOBSTATE: "};
	char again[RELAY_LINE_MAX + 64];
	bool known = false;

	(void)context;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		known |= strncmp(line, prefixes[i], strlen(prefixes[i])) == 0;
	if (!known || strlen(line) >= RELAY_LINE_MAX ||
	    strcmp(text_clean(line, again, sizeof(again)), line) != 0 ||
	    strstr(line, SECRET) ||
	    strcmp(line, "JOBSTATE: cups-retry-as-raster") == 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct funds funds = {
	    .descending = 42000, .low = 10000, .full = 100000};
	struct relay r;
	size_t piece, at;

	if (size < 1)
		return 0;
	relay_init(&r, "ipp://" SECRET "@printer/ipp/print");
	if (data[0] & 1)
		relay_set_funds(&r, &funds);
	piece = 1 + data[0] / 2;
	for (at = 1; at < size; at += piece)
		relay_feed(&r, (const char *)data + at,
		    size - at < piece ? size - at : piece, look, NULL);
	relay_end(&r, look, NULL);
	relay_show_funds(&r, look, NULL);
	return 0;
}
