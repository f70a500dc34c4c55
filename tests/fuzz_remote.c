/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a front answers, in each place where it may; and whatever stands in
 * a URI. */
#include <stdlib.h>
#include <string.h>

#include "vault/remote_post.h"
#include "vault/remote_uri.h"
#include "vault/remote_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool cond)
{
	if (!cond)
		abort();
}

static void
look_at_stamps(const struct remote_stamps *got, size_t max)
{
	must(got->count <= max);
	for (size_t i = 0; i < got->count; i++) {
		must(got->item[i].stamp.len <= INDICIUM_MAX);
		must(strlen(got->item[i].psd) == PSD_ID - 2);
		must(strchr(got->item[i].psd, '/') == NULL);
	}
}

static void
look_at_status(const struct remote_status *s)
{
	must(s->batch >= 1 && s->batch <= PSD_BATCH_MAX);
	must(s->psd.ascending >= 0 && s->psd.descending >= 0);
	must(s->psd.control_total == s->psd.ascending + s->psd.descending);
	must(strlen(s->reason) < REMOTE_REASON);
}

static void
look_at_uri(const char *text)
{
	struct remote_uri u;
	struct err e = ERR_INIT;

	if (!remote_uri_parse(text, &u, &e)) {
		must(e.kind == ERR_CONFIG);
		return;
	}
	must(u.fronts >= 1 && u.fronts <= REMOTE_FRONTS);
	for (size_t i = 0; i < u.fronts; i++)
		must(strpbrk(u.front[i] + 8, " @/?#\r\n") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct remote_stamps stamps;
	struct remote_status status;
	struct vault_refund refund;
	struct remote_check check;
	struct err e = ERR_INIT;
	char *text;

	if (size < 1 || size > 65536)
		return 0;
	text = malloc(size);
	must(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[--size] = '\0';
	switch (data[0] % 8) {
	case 0:
		if (remote_get_status(text, size, &status, &e))
			look_at_status(&status);
		break;
	case 1:
		if (remote_get_issued(text, size, &stamps, &e))
			look_at_stamps(&stamps, PSD_BATCH_MAX);
		break;
	case 2:
		if (remote_get_found(text, size, &stamps, &e))
			look_at_stamps(&stamps, PSD_BATCH_MAX);
		break;
	case 3:
		if (remote_get_recent(text, size, &stamps, &e))
			look_at_stamps(&stamps, PSD_RING);
		break;
	case 5: look_at_uri(text); break;
	case 6:
		if (remote_get_refund(text, size, &refund, &e))
			must(refund.number > 0 && refund.state != 0 &&
			     refund.stamps <= VAULT_REFUND_MAX);
		break;
	case 4:
		remote_get_problem(400 + data[0], text, size, &e);
		must(e.kind != ERR_NONE && e.text[0] != '\0');
		break;
	case 7:
		if (remote_get_check(text, size, &check, &e))
			must(strlen(check.place) < sizeof(check.place));
		break;
	default: must(false);
	}
	free(text);
	return 0;
}
