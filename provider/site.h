/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: pages for people with a browser: what this service is, how it is, how to
 * get in, where one comes back to after paying.
 *
 * Those of provider/site/ are built in; the files of a folder stand beside them,
 * or for those of the same name.  All are read when the service starts, so that
 * no path that is asked for ever reaches a file system.  "/" is index.html, and
 * ".html" may be left out.
 *
 * A page gets scripts, styles and pictures from this server alone, and stands in
 * nobody's frame.
 */
#ifndef PROVIDER_SITE_H
#define PROVIDER_SITE_H

#include "provider/http.h"

#define SITE_FILES 64		 /* with the built-in ones */
#define SITE_BYTES (1024 * 1024) /* of one of the folder */

struct site;

/* `folder`: "" = none.
 * Errors: ERR_CONFIG (the folder; a file that is no page: its name, kind or size;
 * too many), ERR_SYSTEM. */
MUST_CHECK bool site_open(const char *folder, struct site **out, struct err *e);
void site_close(struct site *s); /* NULL is allowed */

/* True where the path is a page, which is the answer: 200, 304 where the browser
 * has it, 405. */
bool site_answer(const struct site *s, const struct http_request *request,
    struct http_response *out);

/* The built-in ones; ends with a name of NULL.  Made when the program is built. */
struct site_text {
	const char *name, *text;
};
extern const struct site_text site_texts[];

#endif
