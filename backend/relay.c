/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/relay.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* Keys of ATTR lines that the scheduler takes (scheduler/job.c, update_job),
 * and the element of the postage in those that are lists of supplies. */
static const struct {
	const char *key;
	const char *element; /* NULL: no list of supplies */
} attributes[] = {
    {"auth-info-required", NULL},
    {"job-media-progress", NULL},
    {"marker-message", NULL},
    {"printer-alert", NULL},
    {"printer-alert-description", NULL},
    {"marker-colors", "#00AA00"},
    {"marker-names", "Postage"},
    {"marker-types", "other"},
    {"marker-levels", ""}, /* from the funds */
    {"marker-low-levels", ""},
    {"marker-high-levels", "100"},
};

static const char *const prefixes[] = {"EMERG", "ALERT", "CRIT", "ERROR",
    "WARNING", "NOTICE", "INFO", "DEBUG", "DEBUG2"};

static bool
begins(const char *line, const char *words)
{
	return strncmp(line, words, strlen(words)) == 0;
}

static enum relay_proof
proof_of(const char *uri)
{
	if (begins(uri, "socket:") || begins(uri, "lpd:"))
		return RELAY_PROOF_CONNECTED;
	if (begins(uri, "ipp:") || begins(uri, "ipps:") ||
	    begins(uri, "http:") || begins(uri, "https:"))
		return RELAY_PROOF_JOB;
	return RELAY_PROOF_NONE;
}

void
relay_init(struct relay *r, const char *uri)
{
	const char *user = strstr(uri, "://"), *at;
	size_t len;

	memset(r, 0, sizeof(*r));
	r->proof = proof_of(uri);
	if (user == NULL)
		return;
	user += 3;
	len = strcspn(user, "/?");
	at = memrchr(user, '@', len);
	if (at == NULL || (size_t)(at - user) >= sizeof(r->secret))
		return;
	memcpy(r->secret, user, (size_t)(at - user));
}

void
relay_set_funds(struct relay *r, const struct funds *funds)
{
	r->funds = *funds;
	r->has_funds = true;
}

static int
percent(mils part, mils full)
{
	if (full <= 0)
		return part > 0 ? 100 : 0;
	if (part >= full)
		return 100;
	return part <= 0 ? 0 : (int)((double)part * 100 / (double)full);
}

int
relay_level(const struct funds *funds)
{
	return percent(funds->descending, funds->full);
}

static const char *
element_of(const struct relay *r, size_t i, char number[16])
{
	if (strcmp(attributes[i].key, "marker-levels") == 0)
		snprintf(number, 16, "%d", relay_level(&r->funds));
	else if (strcmp(attributes[i].key, "marker-low-levels") == 0)
		snprintf(
		    number, 16, "%d", percent(r->funds.low, r->funds.full));
	else
		return attributes[i].element;
	return number;
}

void
relay_show_funds(const struct relay *r, relay_sink *sink, void *context)
{
	bool low = r->funds.descending < r->funds.low;
	char number[16], sum[MILS_TEXT], line[RELAY_LINE_MAX];
	size_t len;

	if (!r->has_funds)
		return;
	len = (size_t)snprintf(line, sizeof(line),
	    "ATTR: marker-message=\"Postage %s\"",
	    mils_format(r->funds.descending, sum));
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (attributes[i].element)
			len += (size_t)snprintf(line + len, sizeof(line) - len,
			    " %s=%s", attributes[i].key,
			    element_of(r, i, number));
	sink(context, line);
	sink(context, low ? "STATE: +marker-supply-low-warning"
			  : "STATE: -marker-supply-low-warning");
	sink(context, low ? "STATE: +postage-funds-low-warning"
			  : "STATE: -postage-funds-low-warning");
	sink(context, r->funds.budget[0]
			  ? "STATE: +postage-budget-low-warning"
			  : "STATE: -postage-budget-low-warning");
}

static void
star_out(const struct relay *r, char *line)
{
	size_t len = strlen(r->secret);

	for (char *s = line; len > 0 && (s = strstr(s, r->secret)); s += len)
		memset(s, '*', len);
}

static bool
is_keyword(const char *s, size_t len)
{
	return len > 0 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-_") >= len;
}

static bool
rewrite_jobstate(const char *value, char *out)
{
	if (!is_keyword(value, strlen(value)) ||
	    strcmp(value, "cups-retry-as-raster") == 0)
		return false;
	snprintf(out, RELAY_LINE_MAX, "JOBSTATE: %s", value);
	return true;
}

/* "+a,b", "-a" or "a,b" (replace all: becomes "+a,b"). */
static bool
rewrite_state(const char *value, char *out)
{
	char sign = *value == '-' ? '-' : '+';
	size_t len = 0, n;
	bool any = false;

	len = (size_t)snprintf(out, RELAY_LINE_MAX, "STATE: %c", sign);
	if (*value == '+' || *value == '-')
		value++;
	while (*value) {
		n = strcspn(value, ", ");
		if (is_keyword(value, n) && strncmp(value, "none", n) != 0 &&
		    len + n + 2 < RELAY_LINE_MAX) {
			len += (size_t)snprintf(out + len, RELAY_LINE_MAX - len,
			    "%s%.*s", any ? "," : "", (int)n, value);
			any = true;
		}
		value += n;
		value += strspn(value, ", ");
	}
	return any;
}

/* The end of one value of an ATTR line: quotes may be nested ('"a b",c').  As
 * cupsParseOptions() sees it, or the scheduler would read other attributes than
 * were looked at here; braces are for nobody. */
static const char *
value_end(const char *s)
{
	char quote = 0;

	for (; *s; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			continue;
		}
		if (quote == 0 && (*s == '{' || *s == '}'))
			return NULL;
		if (quote == 0 && *s == ' ')
			break;
		if (quote == 0 && (*s == '"' || *s == '\''))
			quote = *s;
		else if (*s == quote)
			quote = 0;
	}
	return quote ? NULL : s;
}

/* Adds our element inside the quotes of a list, if it has any. */
static int
add_element(
    char *out, size_t size, const char *value, size_t len, const char *element)
{
	char quote = len >= 2 && value[0] == value[len - 1] &&
			     (value[0] == '"' || value[0] == '\'')
			 ? value[0]
			 : 0;

	if (element == NULL)
		return snprintf(out, size, "%.*s", (int)len, value);
	if (quote && memchr(value + 1, quote, len - 2) == NULL)
		return snprintf(out, size, "%.*s,%s%c", (int)len - 1, value,
		    element, quote);
	return snprintf(out, size, "%.*s,%s", (int)len, value, element);
}

static bool
rewrite_attr(const struct relay *r, const char *value, char *out)
{
	size_t len = (size_t)snprintf(out, RELAY_LINE_MAX, "ATTR:"), key, i;
	const size_t count = sizeof(attributes) / sizeof(attributes[0]);
	char number[16];
	bool any = false;

	while (*value) {
		const char *end = value_end(value);
		const char *text = value + (key = strcspn(value, "= ")) + 1;

		if (end == NULL || value[key] != '=' || text >= end)
			return false;
		for (i = 0; i < count; i++)
			if (strlen(attributes[i].key) == key &&
			    strncmp(attributes[i].key, value, key) == 0)
				break;
		if (i < count) {
			len += (size_t)snprintf(out + len, RELAY_LINE_MAX - len,
			    " %s=", attributes[i].key);
			if (len >= RELAY_LINE_MAX)
				return false;
			len += (size_t)add_element(out + len,
			    RELAY_LINE_MAX - len, text, (size_t)(end - text),
			    r->has_funds && attributes[i].element
				? element_of(r, i, number)
				: NULL);
			if (len >= RELAY_LINE_MAX)
				return false;
			any = true;
		}
		value = end + strspn(end, " ");
	}
	return any;
}

static bool
is_prefix(const char *line, size_t len, const char *word)
{
	return strlen(word) == len && strncmp(line, word, len) == 0;
}

bool
relay_line(const struct relay *r, const char *line, char *out)
{
	char clean[RELAY_LINE_MAX - 16]; /* room for a prefix */
	const char *value;
	size_t len;

	text_clean(line, clean, sizeof(clean));
	star_out(r, clean);
	len = strcspn(clean, ":");
	value = clean + len + (clean[len] == ':');
	value += strspn(value, " ");
	if (clean[len] == ':') {
		if (is_prefix(clean, len, "PPD") ||
		    is_prefix(clean, len, "PAGE"))
			return false;
		if (is_prefix(clean, len, "JOBSTATE"))
			return rewrite_jobstate(value, out);
		if (is_prefix(clean, len, "STATE"))
			return rewrite_state(value, out);
		if (is_prefix(clean, len, "ATTR"))
			return rewrite_attr(r, value, out);
		for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]);
		     i++)
			if (is_prefix(clean, len, prefixes[i])) {
				snprintf(out, RELAY_LINE_MAX, "%s: %s",
				    prefixes[i], value);
				return true;
			}
	}
	if (clean[0] == '\0')
		return false;
	snprintf(out, RELAY_LINE_MAX, "DEBUG: %s", clean);
	return true;
}

/* Of a line that relay_line() wrote.  The looking up of a name, before, says
 * "connecting-to-device" too (CUPS backend/network.c); a request is named before
 * it is sent, an answer after it came (ipp.c). */
static void
note_way(struct relay *r, const char *line)
{
	if (begins(line, "DEBUG: Connecting to "))
		r->connecting = true;
	else if (!r->connecting)
		return;
	else if (r->proof == RELAY_PROOF_JOB)
		r->reached |= begins(line, "DEBUG: Print-Job") ||
			      begins(line, "DEBUG: Send-Document") ||
			      begins(line, "DEBUG: Create-Job: successful-ok");
	else
		r->reached |= begins(line, "DEBUG: Connected to ") ||
			      (begins(line, "STATE: -") &&
				  strstr(line, "connecting-to-device"));
}

bool
relay_unreached(const struct relay *r)
{
	return r->proof != RELAY_PROOF_NONE && r->connecting && !r->reached;
}

static void
finish_line(struct relay *r, relay_sink *sink, void *context)
{
	char out[RELAY_LINE_MAX];

	r->pending[r->pending_len] = '\0';
	if (r->pending_len > 0 && relay_line(r, r->pending, out)) {
		note_way(r, out);
		sink(context, out);
	}
	r->pending_len = 0;
	r->skipping = false;
}

void
relay_feed(struct relay *r, const char *bytes, size_t len, relay_sink *sink,
    void *context)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		/* The scheduler ends a line at \n; a stray \r would hide one
		 * line in another, a NUL would cut it. */
		if (c == '\n') {
			finish_line(r, sink, context);
		} else if (r->pending_len + 1 < sizeof(r->pending)) {
			if (!r->skipping)
				r->pending[r->pending_len++] =
				    c == '\0' ? '?' : c;
		} else {
			r->skipping = true;
		}
	}
}

void
relay_end(struct relay *r, relay_sink *sink, void *context)
{
	finish_line(r, sink, context);
}
