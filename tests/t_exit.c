/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "backend/exit.h"

static void
every_kind_of_error_has_its_code(void **state)
{
	static const struct {
		enum err_kind kind;
		enum exit_code code;
		const char *reason;
	} want[] = {
	    {ERR_REQUEST, EXIT_CANCEL, ""},
	    {ERR_FUNDS, EXIT_HOLD, "account-limit-reached"},
	    {ERR_DENIED, EXIT_HOLD, "account-authorization-failed"},
	    {ERR_ABSENT, EXIT_RETRY, ""},
	    {ERR_BUSY, EXIT_RETRY_CURRENT, ""},
	    {ERR_CONFIG, EXIT_STOP, ""},
	    {ERR_CORRUPT, EXIT_STOP, ""},
	    {ERR_SYSTEM, EXIT_FAILED, ""},
	};

	(void)state;
	is_int(sizeof(want) / sizeof(want[0]), ERR_KINDS - 1, "all kinds");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const char *reason = exit_reason_of_kind(want[i].kind);

		is_int(exit_of_kind(want[i].kind), want[i].code,
		    err_kind_name(want[i].kind));
		is_str(reason ? reason : "", want[i].reason,
		    err_kind_name(want[i].kind));
	}
	is_int(exit_of_kind(ERR_KINDS), EXIT_FAILED, "no kind");
}

static struct verdict
child(bool signalled, int code, uint64_t consumed, uint32_t stamps)
{
	struct child_end end = {.started = true,
	    .signalled = signalled,
	    .code = code,
	    .size = 1000,
	    .consumed = consumed,
	    .stamps = stamps};
	struct verdict v;

	exit_of_child(&end, &v);
	return v;
}

static void
a_document_taken_whole_is_delivered(void **state)
{
	struct verdict v = child(false, EXIT_OK, 1000, 3);

	(void)state;
	is_int(v.code, EXIT_OK, "code");
	is_int(v.settle, SETTLE_DELIVERED, "settle");
	ok(v.text == NULL, "nothing to say");
}

static void
what_was_stopped_is_uncertain_whatever_is_said(void **state)
{
	struct child_end end = {.started = true,
	    .size = 1000,
	    .consumed = 1000,
	    .stamps = 3,
	    .stopped = true};
	struct verdict v;

	(void)state;
	exit_of_child(&end, &v);
	is_int(v.code, EXIT_HOLD, "code");
	is_int(v.settle, SETTLE_UNCERTAIN, "settle");
	ok(v.text != NULL, "a person is told");
	end.consumed = 0;
	exit_of_child(&end, &v);
	is_int(v.settle, SETTLE_UNDELIVERED, "nothing was taken");
	end.consumed = 1000;
	end.stamps = 0;
	exit_of_child(&end, &v);
	is_int(v.code, EXIT_OK, "no money on it: as the backend says");
}

static void
what_never_left_the_computer_is_not_uncertain(void **state)
{
	struct child_end end = {.started = true,
	    .code = EXIT_RETRY,
	    .size = 1000,
	    .consumed = 1000,
	    .stamps = 3,
	    .unreached = true};
	struct verdict v;

	(void)state;
	exit_of_child(&end, &v);
	is_int(v.code, EXIT_RETRY, "its own code");
	is_int(v.settle, SETTLE_UNDELIVERED, "settle");
	end.stopped = true;
	exit_of_child(&end, &v);
	is_int(v.settle, SETTLE_UNDELIVERED, "cancelled");
	end.signalled = true;
	end.code = 15;
	exit_of_child(&end, &v);
	is_int(v.settle, SETTLE_UNDELIVERED, "by a signal");
	end.signalled = end.stopped = false;
	end.code = EXIT_OK;
	exit_of_child(&end, &v);
	is_int(v.settle, SETTLE_DELIVERED, "it says that it printed");
	end.stopped = true;
	exit_of_child(&end, &v);
	is_int(v.settle, SETTLE_UNDELIVERED, "CUPS's ipp: when stopped");
	is_int(v.code, EXIT_HOLD, "held");
}

static void
before_the_first_byte_the_backends_own_code_passes(void **state)
{
	(void)state;
	for (int code = EXIT_FAILED; code <= EXIT_RETRY_CURRENT; code++) {
		struct verdict v = child(false, code, 0, 3);

		is_int(v.code, code, "code");
		is_int(v.settle, SETTLE_UNDELIVERED, "settle");
	}
	is_int(child(false, 99, 0, 3).code, EXIT_FAILED, "unknown code");
	is_int(child(true, 11, 0, 3).code, EXIT_FAILED, "a crash");
}

static void
after_the_first_byte_there_is_only_uncertain(void **state)
{
	(void)state;
	for (int code = EXIT_OK; code <= EXIT_RETRY_CURRENT + 1; code++) {
		struct verdict v = child(false, code, 1, 3);

		is_int(v.code, EXIT_HOLD, "code");
		is_int(v.settle, SETTLE_UNCERTAIN, "settle");
		ok(v.text != NULL, "a person is told");
		if (code == EXIT_OK)
			continue;
		v = child(false, code, 1000, 3);
		is_int(v.code, EXIT_HOLD, "code, all bytes gone");
		is_int(v.settle, SETTLE_UNCERTAIN, "settle, all bytes gone");
	}
	is_int(child(true, 15, 1, 3).settle, SETTLE_UNCERTAIN, "killed");
	is_int(child(true, 15, 1, 3).code, EXIT_HOLD, "killed");
}

static void
success_without_taking_anything_is_no_delivery(void **state)
{
	struct verdict v = child(false, EXIT_OK, 0, 3);

	(void)state;
	is_int(v.code, EXIT_HOLD, "code");
	is_int(v.settle, SETTLE_UNDELIVERED, "settle");
}

static void
a_backend_that_cannot_run_stops_the_queue(void **state)
{
	struct child_end end = {.size = 10, .stamps = 1};
	struct verdict v;

	(void)state;
	exit_of_child(&end, &v);
	is_int(v.code, EXIT_STOP, "code");
	is_int(v.settle, SETTLE_UNDELIVERED, "settle");
}

static void
without_stamps_the_queue_is_like_any_other(void **state)
{
	(void)state;
	for (int code = EXIT_FAILED; code <= EXIT_RETRY_CURRENT; code++)
		is_int(child(false, code, 500, 0).code, code, "code");
	is_int(child(false, EXIT_OK, 500, 0).settle, SETTLE_DELIVERED, "ok");
	is_int(child(false, EXIT_FAILED, 500, 0).settle, SETTLE_UNDELIVERED,
	    "failed");
}

static enum step
step(struct outcome o, uint64_t bytes, struct verdict *v, struct err *e)
{
	*e = (struct err)ERR_INIT;
	return exit_of_outcome(&o, bytes, v, e);
}

static void
what_the_filter_did_decides_the_step(void **state)
{
	struct verdict v;
	struct err e;

	(void)state;
	is_int(step((struct outcome){.finished = true, .stamps = 1}, 9, &v, &e),
	    STEP_SEND, "finished");
	is_int(step((struct outcome){.stamps = 1}, 9, &v, &e), STEP_END,
	    "the filter died");
	is_int(v.code, EXIT_HOLD, "the filter died: held");
	is_int(step((struct outcome){.finished = true, .spooled = true}, 9, &v,
		   &e),
	    STEP_RESEND, "spooled before");
	is_int(step((struct outcome){.spooled = true, .stamps = 1}, 0, &v, &e),
	    STEP_RESEND, "spooled before, this attempt's filter died");
	is_int(step((struct outcome){.finished = true, .delivered = true}, 9,
		   &v, &e),
	    STEP_SKIP, "delivered before");
	is_int(step(
		   (struct outcome){
		       .finished = true, .spooled = true, .uncertain = true},
		   9, &v, &e),
	    STEP_END, "uncertain");
	is_int(v.code, EXIT_HOLD, "uncertain: held");
}

static void
a_refusal_is_told_and_acted_on(void **state)
{
	struct outcome o = {.refusal = {ERR_FUNDS, "2.00 missing"}};
	struct verdict v;
	struct err e;

	(void)state;
	is_int(step(o, 0, &v, &e), STEP_END, "step");
	is_err(&e, ERR_FUNDS, "kind");
	is_str(e.text, "2.00 missing", "text");
	is_int(v.code, EXIT_HOLD, "code");
}

static void
an_empty_document_is_never_success(void **state)
{
	struct verdict v;
	struct err e;

	(void)state;
	is_int(step((struct outcome){.finished = true, .stamps = 2}, 0, &v, &e),
	    STEP_END, "stamped");
	is_int(v.code, EXIT_HOLD, "stamped: held");
	is_int(step((struct outcome){.finished = true}, 0, &v, &e), STEP_END,
	    "plain");
	is_int(v.code, EXIT_CANCEL, "plain: cancelled");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_kind_of_error_has_its_code),
	    T(a_document_taken_whole_is_delivered),
	    T(what_was_stopped_is_uncertain_whatever_is_said),
	    T(what_never_left_the_computer_is_not_uncertain),
	    T(before_the_first_byte_the_backends_own_code_passes),
	    T(after_the_first_byte_there_is_only_uncertain),
	    T(success_without_taking_anything_is_no_delivery),
	    T(a_backend_that_cannot_run_stops_the_queue),
	    T(without_stamps_the_queue_is_like_any_other),
	    T(what_the_filter_did_decides_the_step),
	    T(a_refusal_is_told_and_acted_on),
	    T(an_empty_document_is_never_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
