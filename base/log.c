/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define HEARD_MS      2000
#define HEARD_STEP_MS 2

enum level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

/* The program's voice: set once in main, read by every line. */
static enum log_style log_style = LOG_PLAIN;
static const char *log_name = "postage";

static const struct {
	const char *plain, *cups, *journald;
} prefixes[] = {
    [LEVEL_ERROR] = {"error: ", "ERROR: ", "<3>"},
    [LEVEL_WARNING] = {"warning: ", "WARNING: ", "<4>"},
    [LEVEL_INFO] = {"", "INFO: ", "<6>"},
    [LEVEL_DEBUG] = {NULL, "DEBUG: ", "<7>"},
};

void
log_open(enum log_style style, const char *name)
{
	log_style = style;
	log_name = name;
}

static void
emit(const char *prefix, const char *name, const char *fmt, va_list ap)
{
	char raw[2000], clean[2000], line[2048];
	int len;

	vsnprintf(raw, sizeof(raw), fmt, ap);
	text_clean(raw, clean, sizeof(clean) - 40);
	len = snprintf(line, sizeof(line), "%s%s%s\n", name, prefix, clean);
	if (len >= (int)sizeof(line))
		len = (int)sizeof(line) - 1;
	/* Nobody is left to tell if stderr is gone. */
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}

static void
speak(enum level level, const char *fmt, va_list ap)
{
	char name[64] = "";

	switch (log_style) {
	case LOG_CUPS: emit(prefixes[level].cups, "", fmt, ap); break;
	case LOG_JOURNALD: emit(prefixes[level].journald, "", fmt, ap); break;
	case LOG_PLAIN:
		if (prefixes[level].plain == NULL)
			break;
		snprintf(name, sizeof(name), "%s: ", log_name);
		emit(prefixes[level].plain, name, fmt, ap);
		break;
	}
}

#define SPEAK(level)                   \
	do {                           \
		va_list ap;            \
		va_start(ap, fmt);     \
		speak(level, fmt, ap); \
		va_end(ap);            \
	} while (0)

void
log_error(const char *fmt, ...)
{
	SPEAK(LEVEL_ERROR);
	if (log_style == LOG_CUPS)
		log_heard();
}

void
log_heard(void)
{
	struct pollfd gone = {.fd = STDERR_FILENO};
	struct stat st;
	int left;

	if (fstat(STDERR_FILENO, &st) != 0 || !S_ISFIFO(st.st_mode))
		return;
	for (int ms = 0; ms < HEARD_MS; ms += HEARD_STEP_MS) {
		if (ioctl(STDERR_FILENO, FIONREAD, &left) != 0 || left == 0 ||
		    poll(&gone, 1, HEARD_STEP_MS) > 0)
			return;
	}
}

void
log_warning(const char *fmt, ...)
{
	SPEAK(LEVEL_WARNING);
}

void
log_info(const char *fmt, ...)
{
	SPEAK(LEVEL_INFO);
}

void
log_debug(const char *fmt, ...)
{
	SPEAK(LEVEL_DEBUG);
}

void
log_cups(const char *word, const char *fmt, ...)
{
	char prefix[32];
	va_list ap;

	if (log_style != LOG_CUPS)
		return;
	snprintf(prefix, sizeof(prefix), "%s: ", word);
	va_start(ap, fmt);
	emit(prefix, "", fmt, ap);
	va_end(ap);
}
