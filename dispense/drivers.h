/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers: which programs a PPD may name to be run on stamped pages.
 *
 * A PPD comes from a printer's maker, from the network, from anybody.  What it
 * names is run as the printing user with words out of the job as arguments, so
 * it must be a printer's driver and not, say, a shell: a name in the folder of
 * CUPS's filters, or a path to a program in a folder where drivers lie:
 *
 *	<ServerBin>/filter  /usr/lib/cups/filter  /usr/lib64/cups/filter
 *	/usr/libexec/cups/filter  /opt/NAME/cups/filter
 *	/opt/NAME/cups/lib/filter  /opt/NAME/lib/cups/filter
 *
 * or what the administrator lists, programs or folders by whole paths with
 * blanks between (`drivers` in postage.conf).
 */
#ifndef DISPENSE_DRIVERS_H
#define DISPENSE_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>

/* Letters, digits and "._+-" in each part, none of which begins with a dot or
 * a hyphen, and no two dots in a row; with a slash it is a path from the root, without empty parts. */
bool drivers_is_clean(const char *name, size_t len);

/* Clean, and one of those above.  serverbin: NULL = of this build; more: the
 * administrator's list, NULL = none. */
bool drivers_allow(const char *name, const char *serverbin, const char *more);

#endif
