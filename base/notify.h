/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: tells systemd how a daemon is, as sd_notify(3) and
 * sd_watchdog_enabled(3) do.  Where nobody listens (NOTIFY_SOCKET), nothing is
 * told.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/* "READY=1", "STOPPING=1", "WATCHDOG=1". */
void notify_say(const char *state);

/* How often "WATCHDOG=1" is to be said, in milliseconds: a quarter of the time
 * after which systemd ends the process that does not.  0: nobody waits for it. */
int notify_period_ms(void);

#endif
