/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/slots.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/test.h"

#define LEN 1000

static int fd;
static uint8_t one[LEN], two[LEN], got[LEN];

static int
setup(void **state)
{
	char path[] = "/tmp/t_slots.XXXXXX";
	uint8_t file[SLOTS_BYTES];

	(void)state;
	memset(one, 1, LEN);
	memset(two, 2, LEN);
	fd = mkstemp(path);
	if (fd < 0 || unlink(path) != 0)
		return -1;
	slots_format(one, LEN, file);
	return write(fd, file, sizeof(file)) == sizeof(file) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return close(fd);
}

static void
flip(off_t at)
{
	uint8_t byte;

	is_int(pread(fd, &byte, 1, at), 1, "read a byte");
	byte ^= 0x10;
	is_int(pwrite(fd, &byte, 1, at), 1, "write a byte");
}

static void
what_was_written_is_read(void **state)
{
	struct slots s;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(slots_read(&s, fd, got, LEN, &e), &e, "a new file");
	is_mem(got, one, LEN, "the first state");
	ok(!s.torn, "both slots are good");
	for (int i = 0; i < 5; i++) {
		is_ok(slots_write(&s, i % 2 ? one : two, LEN, &e), &e, "write");
		is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
		is_mem(got, i % 2 ? one : two, LEN, "the newest state");
		is_int(s.sequence, 3 + i, "the sequence number grows");
	}
}

static void
a_write_goes_to_the_older_slot(void **state)
{
	struct slots s;
	struct err e = ERR_INIT;
	int before;

	(void)state;
	is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
	before = s.current;
	is_ok(slots_write(&s, two, LEN, &e), &e, "write");
	is_int(s.current, 1 - before, "the other slot");
}

static void
any_damage_to_the_newer_slot_gives_the_older(void **state)
{
	struct slots s;
	struct err e = ERR_INIT;
	off_t slot;

	(void)state;
	is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
	is_ok(slots_write(&s, two, LEN, &e), &e, "write");
	slot = (off_t)s.current * SLOT_BYTES;
	for (off_t at = 0; at < SLOT_BYTES; at += 37) {
		flip(slot + at);
		is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
		is_mem(got, one, LEN, "the state before");
		ok(s.torn, "seen as torn");
		flip(slot + at);
	}
	is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
	is_mem(got, two, LEN, "whole again");
}

static void
two_bad_slots_are_never_a_new_start(void **state)
{
	struct slots s;
	struct err e = ERR_INIT;

	(void)state;
	flip(100);
	flip(SLOT_BYTES + 100);
	ok(!slots_read(&s, fd, got, LEN, &e), "both bad");
	is_err(&e, ERR_CORRUPT, "both bad");
	is_int(ftruncate(fd, 0), 0, "empty the file");
	ok(!slots_read(&s, fd, got, LEN, &e), "an empty file");
	is_err(&e, ERR_CORRUPT, "an empty file");
}

static void
a_file_cut_short_keeps_its_whole_slot(void **state)
{
	struct slots s;
	struct err e = ERR_INIT;

	(void)state;
	is_int(ftruncate(fd, SLOT_BYTES + 10), 0, "cut");
	is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
	is_int(s.current, 0, "the whole one");
	ok(s.torn, "the other is torn");
	is_ok(slots_write(&s, two, LEN, &e), &e, "write");
	is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
	is_mem(got, two, LEN, "both are whole again");
	ok(!s.torn, "both are whole again");
}

static void
a_state_of_another_length_is_refused(void **state)
{
	struct slots s;
	struct err e = ERR_INIT;

	(void)state;
	ok(!slots_read(&s, fd, got, LEN - 1, &e), "shorter");
	is_err(&e, ERR_CORRUPT, "shorter");
}

#define TT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {TT(what_was_written_is_read),
	    TT(a_write_goes_to_the_older_slot),
	    TT(any_damage_to_the_newer_slot_gives_the_older),
	    TT(two_bad_slots_are_never_a_new_start),
	    TT(a_file_cut_short_keeps_its_whole_slot),
	    TT(a_state_of_another_length_is_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
