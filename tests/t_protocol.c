/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dispense/protocol.h"

static struct stamp_request
some_request(void)
{
	struct stamp_request r = {.page = 3,
	    .place = 2,
	    .copy = 1,
	    .x_um = -5,
	    .y_um = 123456,
	    .mark = {.has_amount = true,
		.amount = 780,
		.rate_class = "letter",
		.extra = "certified",
		.weight_mg = 28350,
		.to = 90210123456ULL,
		.from = 62701,
		.origin = 62702,
		.date = 20261121,
		.mailby = 20261128,
		.cost = "sales",
		.size = SIZE_SMALL,
		.at = AT_SE,
		.kind = KIND_CORRECTION},
	    .sheet_serial = 0x00123456789abcULL,
	    .label = 7};

	return r;
}

static void
a_request_reads_back_as_it_was_written(void **state)
{
	struct stamp_request in = some_request(), out;
	uint8_t body[512];
	struct wire w;
	size_t len;

	(void)state;
	memset(&out, 0, sizeof(out));
	wire_write(&w, body, sizeof(body));
	wire_stamp_request(&w, &in);
	ok(wire_done(&w), "written");
	len = w.w.pos;
	wire_read(&w, body, len);
	wire_stamp_request(&w, &out);
	ok(wire_done(&w), "read");
	is_int(out.page, in.page, "page");
	is_int(out.x_um, in.x_um, "negative place");
	is_int(out.mark.amount, in.mark.amount, "amount");
	is_int(out.mark.to, in.mark.to, "destination");
	is_int(out.mark.kind, in.mark.kind, "kind");
	is_str(out.mark.extra, in.mark.extra, "surcharges");
	is_str(out.mark.cost, in.mark.cost, "cost code");
	is_int(out.sheet_serial, in.sheet_serial, "sheet");
	is_int(out.label, in.label, "label");
}

static void
every_shortened_message_fails(void **state)
{
	struct stamp_request in = some_request(), out;
	uint8_t body[512];
	struct wire w;
	size_t len;

	(void)state;
	wire_write(&w, body, sizeof(body));
	wire_stamp_request(&w, &in);
	len = w.w.pos;
	for (size_t n = 0; n < len; n++) {
		wire_read(&w, body, n);
		wire_stamp_request(&w, &out);
		ok(!wire_done(&w), "short");
	}
	body[len] = 0;
	wire_read(&w, body, len + 1);
	wire_stamp_request(&w, &out);
	ok(!wire_done(&w), "a byte too many");
}

static void
an_enumeration_out_of_range_fails(void **state)
{
	struct err in = {ERR_FUNDS, "x"}, out;
	uint8_t body[64];
	struct wire w;
	size_t len;

	(void)state;
	wire_write(&w, body, sizeof(body));
	wire_err(&w, &in);
	len = w.w.pos;
	body[0] = ERR_KINDS;
	wire_read(&w, body, len);
	wire_err(&w, &out);
	ok(!wire_done(&w), "no such kind");
	is_int(out.kind, ERR_NONE, "harmless value");
}

static void
an_indicium_longer_than_the_buffer_fails(void **state)
{
	uint8_t body[] = {0xff, 0xff, 1, 2, 3};
	struct issued_stamp out;
	struct wire w;

	(void)state;
	wire_read(&w, body, sizeof(body));
	wire_issued_stamp(&w, &out);
	ok(!wire_done(&w), "refused");
	is_int(out.len, 0, "nothing taken");
}

static void
a_descriptor_travels_with_its_message(void **state)
{
	struct err e = ERR_INIT;
	enum message type;
	int pair[2], pipes[2], got = -1;
	char body[8], c = 0;
	size_t len;

	(void)state;
	is_int(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0, "pair");
	is_int(pipe(pipes), 0, "pipe");
	is_ok(protocol_send(pair[0], MESSAGE_OK, "hi", 2, pipes[1], &e), &e,
	    "send");
	is_ok(protocol_receive(
		  pair[1], &type, body, sizeof(body), &len, &got, &e),
	    &e, "receive");
	is_int(type, MESSAGE_OK, "type");
	is_int(len, 2, "length");
	is_int(write(got, "x", 1), 1, "write through it");
	is_int(read(pipes[0], &c, 1), 1, "arrives");
	is_int(c, 'x', "the same pipe");
	is_ok(protocol_send(pair[0], MESSAGE_OK, "123456789", 9, -1, &e), &e,
	    "send");
	ok(!protocol_receive(
	       pair[1], &type, body, sizeof(body), &len, NULL, &e),
	    "too long");
	is_err(&e, ERR_REQUEST, "kind");
	close(pair[0]);
	close(pair[1]);
	close(pipes[0]);
	close(pipes[1]);
	close(got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_request_reads_back_as_it_was_written),
	    T(every_shortened_message_fails),
	    T(an_enumeration_out_of_range_fails),
	    T(an_indicium_longer_than_the_buffer_fails),
	    T(a_descriptor_travels_with_its_message)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
