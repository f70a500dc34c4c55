/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_own: a document, for the reader (json.c) and the writer (json_write.c).
 */
#ifndef BASE_JSON_OWN_H
#define BASE_JSON_OWN_H

#include <jansson.h>

#include "base/json.h"

#define JSON_NAME_SHOWN 48

/* An object (writing: or array) that one is in. */
struct json_level {
	json_t *value; /* borrowed of the document; NULL: after an error */
	json_t
	    *taken; /* reading: own, its keys are those that were asked for */
	char name[JSON_NAME_SHOWN + 24]; /* "stamps[3]"; "" = the document */
};

struct json {
	json_t *root;
	struct err wrong; /* ERR_NONE: nothing so far */
	bool no_memory;
	bool loose;   /* see json_open_loosely() */
	size_t depth; /* of levels in use, less one */
	struct json_level level[JSON_DEPTH];
};

/* Takes `root`, also when there is no memory: NULL. */
struct json *json_document(json_t *root);
struct json_level *json_here(struct json *j);

#endif
