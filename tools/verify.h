/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: the parts of postage-verify(1).
 *
 * image_read() gives the pages of a file as grey pixels; find_symbols() runs
 * the decoders over one page and merges what they read; check_stamp() gives a
 * verdict on the bytes, with what a provider says (tools/verify_online.h);
 * report_*() says it.
 */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"
#include "dispense/books.h"
#include "dispense/seen.h"
#include "stamp/cert.h"
#include "stamp/indicium.h"
#include "tools/verify_online.h"

#define IMAGE_SIDE_MAX 30000 /* pixels */
#ifndef IMAGE_PIXELS_MAX     /* the fuzzer has less patience */
#define IMAGE_PIXELS_MAX ((size_t)400 * 1000 * 1000)
#endif
#define SYMBOL_BYTES_MAX 1024
#define MM_PER_INCH	 25.4

/* --- pages ----------------------------------------------------------------- */

/* 0 = black, 255 = white, row by row from the top. */
struct image {
	int page; /* from 1 */
	int width, height;
	double dpi_x, dpi_y; /* 0 = not known */
	uint8_t *grey;
};

/* Takes one page; returns false with *e set to stop. */
typedef bool
image_page(void *context, const struct image *image, struct err *e);

/* Every page of a PNG, PDF, TIFF, JPEG, PGM or CUPS/PWG raster file; which it
 * is, its first bytes say.  PDF is rendered at `pdf_dpi`.  The file is opened
 * with the caller's rights, and decoded by a process that has none.
 * Errors: ERR_REQUEST (not such a file, damaged, too large), ERR_SYSTEM,
 * ERR_CONFIG (no program that renders PDF); or what `page` set. */
MUST_CHECK bool image_read(const char *path, int pdf_dpi, image_page *page,
    void *context, struct err *e);

/* White pixels for an image whose size is set.  Errors: ERR_REQUEST. */
MUST_CHECK bool image_new(struct image *image, struct err *e);
void image_free(struct image *image);

/* The readers behind image_read(), of a file's descriptor at its start. */
typedef bool image_reader(
    FILE *f, int pdf_dpi, image_page *page, void *context, struct err *e);
image_reader image_png, image_tiff, image_jpeg, image_pdf, image_pgm,
    image_raster;

/* The one for a file that begins so; NULL if there is none. */
image_reader *image_kind(const uint8_t *head, size_t len);

/* Runs a reader in a process that can do nothing else; what it sends is taken
 * in by image_receive().  Errors: as image_read(). */
MUST_CHECK bool image_apart(
    int fd, image_reader *read, image_page *page, void *context, struct err *e);
MUST_CHECK bool
image_receive(FILE *in, image_page *page, void *context, struct err *e);

/* Reads the next binary PGM of a stream; *end is set where there is none. */
MUST_CHECK bool
image_pgm_next(FILE *f, struct image *out, bool *end, struct err *e);

/* --- processes --------------------------------------------------------------
 */

/* A program of the system's folders: its standard output.  It runs in a sandbox,
 * as nobody where we are root, and ends in time.  spawn_close() gives its wait
 * status; one that was not read to its end is killed (-1).
 * Errors: ERR_CONFIG (not installed), ERR_SYSTEM. */
MUST_CHECK bool spawn_open(
    char *const argv[], int in_fd, pid_t *pid, FILE **out, struct err *e);
int spawn_close(pid_t pid, FILE *out);
bool spawn_installed(const char *name);

/* The same with a part of this program, which may only read its standard input
 * and write its standard output. */
MUST_CHECK bool spawn_part(int in_fd, int (*part)(void *), void *context,
    pid_t *pid, FILE **out, struct err *e);

/* In such a part: to its standard output, all of it. */
MUST_CHECK bool spawn_write(const void *bytes, size_t len);

/* A copy in memory, from its start, that a program of spawn_open() may open as
 * SPAWN_INPUT.  Errors: ERR_SYSTEM, ERR_REQUEST (too large). */
#define SPAWN_INPUT "/proc/self/fd/0"
MUST_CHECK bool spawn_copy(int fd, int *copy, struct err *e);

/* --- symbols ----------------------------------------------------------------
 */

enum { BY_ZBAR = 1, BY_DMTX = 2, BY_ZXING = 4, BY_ALL = 7 };

/* Pixels of the page, right and bottom not included. */
struct box {
	double left, top, right, bottom;
};

struct found {
	uint8_t bytes[SYMBOL_BYTES_MAX];
	size_t len;	    /* 0: seen, but too damaged to read */
	char symbology[16]; /* "QR", "DataMatrix", "PDF417" */
	unsigned by;	    /* BY_* that read it */
	struct box box;	    /* of the modules, without the quiet zone */
};

struct found_list {
	struct found *at;
	size_t count, size;
};

/* Adds what a decoder read; the same bytes at the same place become one. */
MUST_CHECK bool
found_add(struct found_list *list, const struct found *one, struct err *e);
void found_free(struct found_list *list);

/* Runs the wanted decoders over the page.  Errors: ERR_SYSTEM; ERR_CONFIG if
 * BY_ZXING is wanted with `must` and the program is not installed. */
struct find_rules {
	unsigned by;
	bool must; /* a decoder that is missing is an error */
};
MUST_CHECK bool find_symbols(const struct image *image,
    const struct find_rules *rules, struct found_list *out, struct err *e);

/* The decoders.  `offset_x`, `offset_y`: where `image` lies on the page. */
typedef bool symbol_decoder(const struct image *image, int offset_x,
    int offset_y, struct found_list *out, struct err *e);
symbol_decoder decode_zbar, decode_dmtx, decode_zxing;

/* Runs a decoder that is a library as image_apart() does a reader; by: its bit,
 * what all that it finds must have.  Errors: ERR_SYSTEM. */
struct symbol_search {
	symbol_decoder *decode;
	unsigned by;
	const struct image *image;
	int offset_x, offset_y;
};
MUST_CHECK bool found_apart(
    const struct symbol_search *search, struct found_list *out, struct err *e);
/* What a decoder says it found is such as decoder `by` could have found. */
bool found_sound(const struct found *one, unsigned by);
MUST_CHECK bool
found_receive(FILE *in, unsigned by, struct found_list *out, struct err *e);

/* Boxes of connected ink that could be symbols, by gap; at most `max`. */
size_t find_blocks(
    const struct image *image, double gap_mm, struct box *out, size_t max);

/* Adds the block without bytes if it has the finder patterns of a symbol that
 * a decoder of `by` should have read. */
MUST_CHECK bool find_damaged(const struct image *image, const struct box *block,
    unsigned by, struct found_list *out, struct err *e);

/* --- verdicts ----------------------------------------------------------------
 */

enum verdict {
	VERDICT_VALID,
	VERDICT_VALID_OFFLINE, /* good, but nobody knows whether it was used */
	VERDICT_DUPLICATE,
	VERDICT_EXPIRED,
	VERDICT_REVOKED,
	VERDICT_BAD_SIGNATURE,
	VERDICT_UNKNOWN_ISSUER,
	VERDICT_UNREADABLE,
	VERDICT_SPECIMEN,
	VERDICT_SPOILED,
	VERDICT_REFUNDED,
	VERDICT_NOT_ISSUED, /* good signature, not in the provider's books */
	VERDICTS
};

const char *verdict_name(enum verdict v); /* "VALID-OFFLINE" */

struct check_rules {
	const struct cert_store *certificates;
	uint32_t today;	 /* YYYYMMDD */
	int window_days; /* mail date + this, where no mail-by date is given */
	struct seen *seen; /* NULL: duplicates of this run alone are found */
	struct seen *run;  /* stamps of this run, in memory */
	struct journal *books; /* NULL: whether it is spoiled is not known */
	bool cancel;	       /* record the use of valid stamps */
	struct online *online; /* NULL: no provider is asked */
};

struct judged {
	enum verdict verdict;
	char why[320]; /* "" where there is nothing to add */
	bool used;     /* before; `first` says when and where */
	struct seen_use first;
	bool decoded; /* `in` holds fields */
	bool lab;     /* vendor "XX" */
	struct indicium in;
};

/* `where` ("letter.pdf, page 2") is recorded with --cancel.
 * Errors: ERR_SYSTEM, ERR_CORRUPT (the table of seen stamps), as online_ask(); a
 * bad stamp is a verdict, not an error. */
MUST_CHECK bool
check_stamp(const struct check_rules *rules, const uint8_t *bytes, size_t len,
    const char *where, struct judged *out, struct err *e);

/* All printable text: a web address, another tool's mark; not a stamp. */
bool check_is_text(const uint8_t *bytes, size_t len);

/* Ours, with the vendor id of a lab: no post takes it. */
bool check_is_lab(const struct indicium *in);

/* --- reports -----------------------------------------------------------------
 */

struct report;

/* People get lines as they come, scripts one JSON object at the end. */
MUST_CHECK bool report_open(bool json, struct report **out, struct err *e);
void report_file(struct report *r, const char *file);
void report_file_error(struct report *r, const struct err *why);

struct report_stamp {
	const struct image *image; /* NULL with --hex */
	const struct found *found;
	const struct judged *judged;
	bool decode_only; /* no verdict */
};
void report_stamp(struct report *r, const struct report_stamp *stamp);

/* Prints what is left and frees. */
void report_close(struct report *r);

#endif
