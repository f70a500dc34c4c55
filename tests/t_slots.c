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

/* Old bits and new ones, mixed: what a sector may hold when its write was cut. */
static void
mix(uint8_t *out, const uint8_t *was, const uint8_t *now, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t mask = (uint8_t)rand();

		out[i] = (uint8_t)((now[i] & mask) | (was[i] & ~mask));
	}
}

/* At any byte; the next byte, sector or all of the rest is a mixture. */
static void
a_write_torn_anywhere_is_the_state_before_or_after(void **state)
{
	static uint8_t was[SLOTS_BYTES], now[SLOTS_BYTES], torn[SLOTS_BYTES];
	static const size_t sectors[] = {1, 512, SLOT_BYTES};
	struct slots s;
	struct err e = ERR_INIT;
	int before = 0, after = 0;
	size_t slot;

	(void)state;
	srand(1);
	is_int(pread(fd, was, sizeof(was), 0), SLOTS_BYTES, "before");
	is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
	is_ok(slots_write(&s, two, LEN, &e), &e, "write");
	is_int(pread(fd, now, sizeof(now), 0), SLOTS_BYTES, "after");
	slot = (size_t)s.current * SLOT_BYTES;
	for (size_t cut = 0; cut <= SLOT_BYTES; cut++) {
		size_t mixed = sectors[cut % 3], left = SLOT_BYTES - cut;

		memcpy(torn, was, sizeof(torn));
		memcpy(torn + slot, now + slot, cut);
		mix(torn + slot + cut, was + slot + cut, now + slot + cut,
		    mixed < left ? mixed : left);
		is_int(pwrite(fd, torn, sizeof(torn), 0), SLOTS_BYTES, "tear");
		is_ok(slots_read(&s, fd, got, LEN, &e), &e, "read");
		if (s.current == (int)(slot / SLOT_BYTES)) {
			is_mem(got, two, LEN, "the state after");
			after++;
		} else {
			is_mem(got, one, LEN, "the state before");
			before++;
		}
	}
	ok(before > SLOT_BYTES / 2 && after > 0, "both were met");
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
a_longer_state_is_refused(void **state)
{
	struct slots s;
	struct err e = ERR_INIT;

	(void)state;
	ok(!slots_read(&s, fd, got, LEN - 1, &e), "shorter");
	is_err(&e, ERR_CORRUPT, "shorter");
}

/* A program that knows more than the one that wrote it. */
static void
a_shorter_state_ends_in_zeros(void **state)
{
	uint8_t longer[LEN + 8];
	struct slots s;
	struct err e = ERR_INIT;

	(void)state;
	memset(longer, 9, sizeof(longer));
	is_ok(slots_read(&s, fd, longer, sizeof(longer), &e), &e, "read");
	is_mem(longer, one, LEN, "what was stored");
	for (size_t i = LEN; i < sizeof(longer); i++)
		is_int(longer[i], 0, "zeros behind it");
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
	    TT(a_write_torn_anywhere_is_the_state_before_or_after),
	    TT(a_longer_state_is_refused), TT(a_shorter_state_ends_in_zeros)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
