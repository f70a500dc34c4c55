/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: how programs speak on stderr.  Libraries never call it.
 *
 * One style per program, chosen in main: LOG_CUPS writes the prefixes that the
 * scheduler reads (filter(7)); LOG_PLAIN writes "name: error: text" for people;
 * LOG_JOURNALD writes the "<3>" levels of sd-daemon(3).  Every line is one
 * write(2), cleaned of control characters, at most 2,000 bytes (CUPS cuts at
 * 2,047).
 *
 * The scheduler shows a job's first ERROR line, or "Filter failed" where it
 * learns of a filter's end before it has read one (CUPS scheduler/main.c,
 * process_children).  So with LOG_CUPS log_error() ends with log_heard().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_style { LOG_PLAIN, LOG_CUPS, LOG_JOURNALD };

/* `name` must live as long as the program. */
void log_open(enum log_style style, const char *name);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Waits until the other end has read what was written to stderr, at most 2 s;
 * not at all where stderr is no pipe.  May be called by a signal's handler. */
void log_heard(void);

/* LOG_CUPS only: "ATTR: ", "STATE: ", "JOBSTATE: ", "PAGE: " lines.  `word` is
 * the prefix without colon; the rest is cleaned as every line. */
void log_cups(const char *word, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
