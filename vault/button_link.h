/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button_link: touch-memory buttons on a 1-Wire bus that an owserver keeps, with
 * an end to every waiting.
 *
 * owcapi has one bus for a process, threads of its own, and waits as long as an
 * owserver says that it is at work.  So a process aside calls it
 * (vault/button.c), and is killed when its time is up.  What was on its way then is written or not:
 * read it again.  After a failed call close the link and open another.
 *
 * Nothing here is believed: a 1-Wire read has no checksum, so a bad contact
 * gives wrong bytes.  What is read nobody but its reader's own checksums
 * vouches for.
 */
#ifndef VAULT_BUTTON_LINK_H
#define VAULT_BUTTON_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BUTTON_ROM  16 /* "0C.0123456789AB" and NUL: family, serial number */
#define BUTTONS_MAX 64 /* on a bus */
#define BUTTON_BUS  128

struct button_link;

/* `bus` is "HOST:PORT" of an owserver.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
button_link_open(const char *bus, struct button_link **out, struct err *e);

/* NULL is allowed. */
void button_link_close(struct button_link *l);

/* What is on the bus, of any family; `out` holds BUTTONS_MAX.
 * Errors: ERR_ABSENT (no owserver there), ERR_CONFIG (no library to ask it),
 * ERR_BUSY (it does not answer), ERR_SYSTEM. */
MUST_CHECK bool button_link_list(struct button_link *l,
    char out[BUTTONS_MAX][BUTTON_ROM], size_t *count, struct err *e);

/* Bytes of its memory.  Errors: ERR_ABSENT (no such button, or its contact is
 * bad), else as button_link_list(). */
MUST_CHECK bool button_link_read(struct button_link *l, const char *rom,
    size_t at, uint8_t *out, size_t len, struct err *e);

/* Writes whole pages, one after the other.  After an error each of them is as
 * it was, or written, or (one of them) torn.  Errors: as button_link_read(). */
MUST_CHECK bool button_link_write(struct button_link *l, const char *rom,
    size_t at, const uint8_t *bytes, size_t len, struct err *e);

/* How often page `page` was written since it was made: nobody can set that
 * back.  Errors: as button_link_read(), ERR_REQUEST (no counter). */
MUST_CHECK bool button_link_count(struct button_link *l, const char *rom,
    unsigned page, uint32_t *out, struct err *e);

#endif
