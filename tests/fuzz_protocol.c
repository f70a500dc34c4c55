/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a peer sends is read as every structure in turn; what is read whole
 * is written as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "dispense/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any {
	struct job job;
	struct stamp_request request;
	struct stamp_quote quote;
	struct quote_common common;
	struct issued_stamp issued;
	struct outcome outcome;
	struct funds funds;
	struct err err;
};

static void
pass(struct wire *w, uint8_t kind, union any *u)
{
	switch (kind % 8) {
	case 0: wire_job(w, &u->job); break;
	case 1: wire_stamp_request(w, &u->request); break;
	case 2: wire_stamp_quote(w, &u->quote); break;
	case 3: wire_quote_common(w, &u->common); break;
	case 4: wire_issued_stamp(w, &u->issued); break;
	case 5: wire_outcome(w, &u->outcome); break;
	case 6: wire_funds(w, &u->funds); break;
	case 7: wire_err(w, &u->err); break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t back[65536];
	union any u;
	struct wire w;

	if (size < 1 || size > sizeof(back))
		return 0;
	memset(&u, 0, sizeof(u));
	wire_read(&w, data + 1, size - 1);
	pass(&w, data[0], &u);
	if (!wire_done(&w))
		return 0;
	wire_write(&w, back, sizeof(back));
	pass(&w, data[0], &u);
	if (!wire_done(&w) || w.w.pos != size - 1 ||
	    memcmp(back, data + 1, size - 1) != 0)
		abort();
	return 0;
}
