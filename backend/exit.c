/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/exit.h"

#include <stddef.h>

static const struct {
	enum exit_code code;
	const char *reason;
} kinds[ERR_KINDS] = {
    [ERR_NONE] = {EXIT_OK, NULL},
    [ERR_REQUEST] = {EXIT_CANCEL, NULL},
    [ERR_FUNDS] = {EXIT_HOLD, "account-limit-reached"},
    [ERR_DENIED] = {EXIT_HOLD, "account-authorization-failed"},
    [ERR_ABSENT] = {EXIT_RETRY, NULL},
    [ERR_BUSY] = {EXIT_RETRY_CURRENT, NULL},
    [ERR_CONFIG] = {EXIT_STOP, NULL},
    [ERR_CORRUPT] = {EXIT_STOP, NULL},
    [ERR_SYSTEM] = {EXIT_FAILED, NULL},
};

enum exit_code
exit_of_kind(enum err_kind kind)
{
	return kind >= 0 && kind < ERR_KINDS ? kinds[kind].code : EXIT_FAILED;
}

const char *
exit_reason_of_kind(enum err_kind kind)
{
	return kind >= 0 && kind < ERR_KINDS ? kinds[kind].reason : NULL;
}

static void
set(struct verdict *v, enum exit_code code, enum settle settle,
    const char *text)
{
	v->code = code;
	v->settle = settle;
	v->text = text;
}

/* The real backend's own code, where it may pass. */
static enum exit_code
own_code(const struct child_end *end)
{
	if (end->signalled || end->code < EXIT_OK ||
	    end->code > EXIT_RETRY_CURRENT)
		return EXIT_FAILED;
	return (enum exit_code)end->code;
}

void
exit_of_child(const struct child_end *end, struct verdict *out)
{
	bool said_ok = end->started && !end->signalled && end->code == EXIT_OK;
	uint64_t sent =
	    end->unreached && (end->stopped || !said_ok) ? 0 : end->consumed;

	if (!end->started) {
		set(out, EXIT_STOP, SETTLE_UNDELIVERED, NULL);
	} else if (end->stopped && end->stamps > 0 && sent > 0) {
		/* Also where it says success: CUPS's ipp does, having told the
		 * printer to throw the document away. */
		set(out, EXIT_HOLD, SETTLE_UNCERTAIN,
		    "Delivery uncertain: the job was stopped when the printer "
		    "had the stamped document or a part of it. Look at the "
		    "paper, then say what it was with \"postage journal "
		    "resolve\" and release the job");
	} else if (said_ok && sent >= end->size) {
		set(out, EXIT_OK, SETTLE_DELIVERED, NULL);
	} else if (end->stamps == 0) {
		/* No money on this paper: the queue is like any other. */
		set(out, own_code(end),
		    said_ok ? SETTLE_DELIVERED : SETTLE_UNDELIVERED, NULL);
	} else if (sent > 0) {
		set(out, EXIT_HOLD, SETTLE_UNCERTAIN,
		    "Delivery uncertain: part of the stamped document went to "
		    "the printer. Look at the paper, then say what it was with "
		    "\"postage journal resolve\" and release the job");
	} else if (said_ok) {
		set(out, EXIT_HOLD, SETTLE_UNDELIVERED,
		    "The printer's backend says it is done but took nothing; "
		    "release the job to send the same stamps again");
	} else {
		set(out, own_code(end), SETTLE_UNDELIVERED, NULL);
	}
}

static enum step
end_with(struct verdict *v, enum exit_code code, const char *text)
{
	set(v, code, SETTLE_UNDELIVERED, text);
	return STEP_END;
}

enum step
exit_of_outcome(
    const struct outcome *o, uint64_t bytes, struct verdict *out, struct err *e)
{
	set(out, EXIT_OK, SETTLE_UNDELIVERED, NULL);
	if (o->uncertain)
		return end_with(out, EXIT_HOLD,
		    "Delivery uncertain: an earlier attempt may have printed "
		    "this document. Look at the paper, then say what it was "
		    "with \"postage journal resolve\" and release the job");
	if (o->delivered)
		return STEP_SKIP;
	if (o->refusal.kind != ERR_NONE) {
		*e = o->refusal;
		out->code = exit_of_kind(e->kind);
		return STEP_END;
	}
	if (o->spooled)
		return STEP_RESEND;
	if (!o->finished)
		return end_with(out, EXIT_HOLD,
		    "The stamping filter did not end properly; nothing was "
		    "printed. Release the job to try again with the same "
		    "stamps");
	if (bytes == 0 && o->stamps > 0)
		return end_with(out, EXIT_HOLD,
		    "The printer's driver made nothing of the stamped pages; "
		    "nothing was printed. Release the job to try again with "
		    "the same stamps");
	if (bytes == 0)
		return end_with(out, EXIT_CANCEL, "The document has no pages");
	return STEP_SEND;
}
