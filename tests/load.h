/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: what tests/provider_load.c is made of: user systems of a provider that
 * buy stamps, write down what they asked and what they were told, and believe
 * nothing.
 *
 * What a stamp is follows from its system and its number, so a request can be
 * repeated by a process that knows no more than the number.  A system's history
 * is a file of JSON lines as Jepsen's: "process" the system, "f" what was asked
 * (issue, find), "type" invoke, ok, fail (it was certainly not done) or info (it
 * is not known), "time" nanoseconds, "value" the stamps.  Each line is written
 * before the next thing is done; a torn last line counts as not written.
 */
#ifndef TESTS_LOAD_H
#define TESTS_LOAD_H

#include "vault/https.h"
#include "vault/remote_wire.h"

#define LOAD_BATCH	 30
#define LOAD_SYSTEMS_MAX 64
#define LOAD_URLS_MAX	 8

enum load_state {
	LOAD_OPEN,   /* asked for, and it is not known what came of it */
	LOAD_OK,     /* acknowledged */
	LOAD_FAILED, /* certainly never debited */
};

struct load_stamp {
	enum load_state state;
	char psd[PSD_ID];
	uint8_t indicium[INDICIUM_MAX];
	size_t len;
};

struct load {
	const char *folder;
	const char *url[LOAD_URLS_MAX];
	size_t urls;
	uint32_t date; /* of all stamps */
	int rest_ms;   /* at most, between two requests */
};

struct load_system {
	const struct load *load;
	uint32_t number;
	char authorization[256];
	struct https *https;
	unsigned seed;
	uint64_t fence;
	int history;
	struct load_stamp *stamp; /* by number, from 0 */
	size_t count, room;
};

/* Some stamps of a system, by number. */
struct load_set {
	uint32_t number[LOAD_BATCH];
	size_t count;
};

/* Our own fault, or the machine's: ends the program with 2. */
_Noreturn void load_die(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* 0 to below - 1 */
unsigned load_chance(struct load_system *s, unsigned below);

void load_request(
    const struct load_system *s, uint32_t number, struct psd_request *out);
/* One more, open; its number. */
uint32_t load_add(struct load_system *s);
/* The number that is in a key; false: it is none of this system's. */
bool load_number(const struct load_system *s, const uint8_t key[PSD_KEY_BYTES],
    uint32_t *out);

/* --- load_history.c ------------------------------------------------------------- */

/* Reads what earlier runs wrote, and goes on behind it. */
void history_open(struct load_system *s);
/* `why`: of what is not known, or NULL.  Stamps that are acknowledged are
 * written with their bytes. */
void history_write(struct load_system *s, const char *type, const char *f,
    const struct load_set *set, const char *why);

/* --- load_ask.c ----------------------------------------------------------------- */

enum load_answer {
	LOAD_YES,
	LOAD_NO,   /* refused: nothing was done */
	LOAD_LATE, /* of an old fence: nothing was done */
	LOAD_AWAY, /* nobody was there to be asked */
	LOAD_UNKNOWN,
};

/* The front is any of them, at random.  *e says why it is not LOAD_YES. */
enum load_answer load_get(struct load_system *s, const char *path,
    struct https_answer *out, struct err *e);
/* Takes the fence too. */
enum load_answer
load_status(struct load_system *s, struct remote_status *out, struct err *e);
/* At once, or, every third batch, by an order that is placed first. */
enum load_answer load_issue(struct load_system *s, const struct load_set *set,
    struct remote_stamps *out, struct err *e);
enum load_answer load_find(struct load_system *s, const struct load_set *set,
    struct remote_stamps *out, struct err *e);

/* Puts what was answered into the system's stamps; those of `set` that are not
 * in it are LOAD_FAILED then, where `whole` is not set.  Ends the program where
 * the answer is not to the question, or a stamp was acknowledged before with
 * other bytes.  How many of the set were new to us. */
size_t load_take(struct load_system *s, const struct load_set *set,
    const struct remote_stamps *got, bool whole);

/* Asks until it is known of all of the set; in the history.  How many there are. */
size_t load_settle(struct load_system *s, const struct load_set *set);
/* All that is open. */
void load_settle_all(struct load_system *s);

/* --- load_check.c --------------------------------------------------------------- */

/* Asks for all stamps of all systems again and compares everything; prints what
 * is wrong.  True where nothing is. */
bool load_check(struct load_system *s, size_t systems);

#endif
