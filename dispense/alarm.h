/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarm: the command that tells a person, such as "/usr/bin/mail -s Postage x".
 */
#ifndef DISPENSE_ALARM_H
#define DISPENSE_ALARM_H

#include "base/err.h"

#define ALARM_WORDS   16 /* of the command */
#define ALARM_LIMIT_S 30 /* then it is killed */

/* Runs `command`, whose words stand between blanks (there is no shell and no
 * quoting), with `text` and a newline as its standard input, and waits for its
 * end.
 * Errors: ERR_CONFIG (too many words), ERR_SYSTEM (it cannot be started, ended
 * badly or took too long). */
MUST_CHECK bool alarm_run(const char *command, const char *text, struct err *e);

#endif
