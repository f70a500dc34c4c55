/* SPDX-License-Identifier: Apache-2.0 */
/* verify_qualify: postage-verify --qualify, a queue's printer on paper. */
#ifndef TOOLS_VERIFY_QUALIFY_H
#define TOOLS_VERIFY_QUALIFY_H

#include "tools/verify.h"

struct qualify {
	const char *queue, *config; /* settings file */
	const char *const *files;
	int file_count;
	int pdf_dpi;
	uint32_t today; /* YYYYMMDD */
	struct find_rules find;
	bool json;
};

/* Measures every stamp of the files, prints the figures and adds them to the
 * queue's record.  *grade is the worst one's.
 * Errors: as image_read(), quality_measure(), qualification_add();
 * ERR_REQUEST (no stamp); ERR_CONFIG, ERR_ABSENT (the queue is not known). */
MUST_CHECK bool
verify_qualify(const struct qualify *how, char *grade, struct err *e);

#endif
