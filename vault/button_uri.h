/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button_uri: which button on which bus, as text.  Pure.
 *
 *	[ROM[/PAGE]][@HOST:PORT]
 *
 * ROM is "0C.0123456789AB", family and serial number; without it one is looked
 * for.  Without a bus it is BUTTON_BUS_DEFAULT.
 */
#ifndef VAULT_BUTTON_URI_H
#define VAULT_BUTTON_URI_H

#include "vault/button_link.h"

#define BUTTON_BUS_DEFAULT "localhost:4304"
#define BUTTON_NO_PAGE	   256

struct button_uri {
	char rom[BUTTON_ROM]; /* or "" */
	unsigned page;	      /* or BUTTON_NO_PAGE */
	char bus[BUTTON_BUS];
};

/* `rest` is what stands behind "button:".  Errors: ERR_CONFIG. */
MUST_CHECK bool
button_uri_parse(const char *rest, struct button_uri *out, struct err *e);

/* The whole text, "button:" included.  False where it does not fit. */
MUST_CHECK bool
button_uri_format(const struct button_uri *in, char *out, size_t size);

/* Is its bus on this computer? */
bool button_uri_is_local(const struct button_uri *in);

/* "0C.0123456789AB"? */
bool button_is_rom(const char *text);

#endif
