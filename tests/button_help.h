/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button_help: a bus of touch-memory buttons (owbus.h) and a lab that makes
 * PSDs in them.
 */
#ifndef TESTS_BUTTON_HELP_H
#define TESTS_BUTTON_HELP_H

#include <sys/types.h>

#include "tests/owbus.h"
#include "vault/lab.h"

#define ROM_A "0C.0000000000AA"
#define ROM_B "0C.0000000000BB"
#define ROM_C "37.0000000000CC"

struct button_bench {
	char dir[64]; /* the buttons' files */
	int port;
	pid_t pid;
	struct lab *lab;
	struct owbus_control *control;
};

void button_bench_open(struct button_bench *b);
void button_bench_close(struct button_bench *b);

/* A new button, or one that was taken away. */
void button_bench_put(const struct button_bench *b, const char *rom);
void button_bench_take(const struct button_bench *b, const char *rom);
/* No button is there, and nobody asks for accidents. */
void button_bench_clear(struct button_bench *b);

/* "button:ROM@127.0.0.1:PORT"; `rom` may be "".  Returns out. */
const char *
button_bench_uri(const struct button_bench *b, const char *rom, char out[128]);

/* The memory of one that is there, mapped; `size` as owbus has it. */
uint8_t *
button_bench_memory(const struct button_bench *b, const char *rom, size_t size);

/* A PSD in it with so much value. */
void button_bench_make(
    const struct button_bench *b, const char *rom, const char *pin, mils value);

struct vault *button_bench_vault(
    const struct button_bench *b, const char *rom, const char *pin);

/* A request dated today whose key begins with `n`. */
struct psd_request button_request(uint32_t n, mils amount);

#endif
