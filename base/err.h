/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: what went wrong, for the program (kind) and for the person (text).
 *
 * The caller owns a `struct err` on its stack, set to ERR_INIT.  The function
 * that fails sets it and returns false; each layer above may prefix it.  The
 * kind decides what the program does (see docs/ARCHITECTURE.md, "What goes
 * wrong"); the text says what happened, to what, and what to do next.  Text is
 * one line without a trailing full stop or newline.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stdarg.h>

#define MUST_CHECK	  __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum err_kind {
	ERR_NONE = 0,
	ERR_REQUEST, /* mark or option unreadable, value out of range */
	ERR_FUNDS,   /* descending register too low for the whole job */
	ERR_DENIED,  /* PIN wrong or blocked, PSD withheld, user not allowed */
	ERR_ABSENT,  /* no reader, card, medium, daemon or provider */
	ERR_BUSY,    /* held by another job past the time limit */
	ERR_CONFIG,  /* file, PPD or key missing or wrong */
	ERR_CORRUPT, /* registers off the control total, broken journal */
	ERR_SYSTEM,  /* a system call failed: call and errno in the text */
	ERR_KINDS
};

/* A device that has no words (-DPOSTAGE_NO_TEXT) keeps the kind alone; what the
 * text would be made of is not computed. */
#ifdef POSTAGE_NO_TEXT
struct err {
	enum err_kind kind;
};

#define ERR_INIT          \
	{                 \
		ERR_NONE, \
	}

static inline bool
err_set_kind(struct err *e, enum err_kind kind)
{
	e->kind = kind;
	return false;
}

#define err_set(e, kind, ...) err_set_kind(e, kind)

#else
struct err {
	enum err_kind kind;
	char text[512];
};

#define ERR_INIT             \
	{                    \
		ERR_NONE, "" \
	}

/* Sets kind and text.  Always returns false: `return err_set(e, ...);`. */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
#endif

/* Sets ERR_SYSTEM, text = "<formatted>: <strerror(errno)>"; errno stays.
 * Returns false. */
bool err_system(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts "<formatted>: " before the text; keeps the kind.  Returns false. */
bool err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "ERR_FUNDS" and so on; "ERR_?" for a number that is no kind. */
const char *err_kind_name(enum err_kind kind);

#endif
