/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_main: runs a fuzz target over its corpus without a fuzzer.
 *
 *	fuzz_NAME [FILE-OR-FOLDER...]
 *
 * Without arguments the folder is $srcdir/tests/corpus/NAME, NAME being what
 * follows "fuzz_" in the program's own name.  Each input is also run cut short
 * at every length, and with each of its first bytes changed: a parser that
 * reads past its end shows itself under --enable-sanitizers.  An empty corpus
 * is an error, so that a lost folder cannot pass for a passed test.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX ((size_t)1 << 20)
#ifndef FUZZ_CUT
#define FUZZ_CUT 512 /* longest prefix tried, bytes */
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Asked by AddressSanitizer: an allocation that no real limit would let through
 * fails, it does not take seconds to be cleared. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

/* A copy of exactly this size, so that AddressSanitizer sees one byte more. */
static void
run_exact(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (copy == NULL) {
		perror("malloc");
		exit(2);
	}
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
run_variants(uint8_t *data, size_t size)
{
	size_t cut = size < FUZZ_CUT ? size : FUZZ_CUT;

	run_exact(data, size);
	for (size_t i = 0; i < cut; i++) {
		run_exact(data, i);
		data[i] ^= (uint8_t)(1u << (i % 8));
		run_exact(data, size);
		data[i] ^= (uint8_t)(1u << (i % 8));
		data[i] = (uint8_t)~data[i];
		run_exact(data, size);
		data[i] = (uint8_t)~data[i];
	}
}

static int
run_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX);
	FILE *f = fopen(path, "rb");
	size_t size;

	if (data == NULL || f == NULL) {
		perror(path);
		free(data);
		if (f)
			fclose(f);
		return -1;
	}
	size = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	run_variants(data, size);
	free(data);
	return 1;
}

/* Files run, or -1. */
static int
run_path(const char *path)
{
	struct stat st;
	struct dirent **names;
	int found, count = 0;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return run_file(path);
	found = scandir(path, &names, NULL, alphasort);
	if (found < 0) {
		perror(path);
		return -1;
	}
	for (int i = 0; i < found; i++) {
		char file[4096];
		bool fits = snprintf(file, sizeof(file), "%s/%s", path,
				names[i]->d_name) < (int)sizeof(file);

		if (names[i]->d_name[0] != '.' && count >= 0)
			count = !fits || run_file(file) < 0 ? -1 : count + 1;
		free(names[i]);
	}
	free(names);
	return count;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
	char folder[4096];
	int count = 0;

	name = name ? name + 1 : argv[0];
	name = strncmp(name, "lt-", 3) == 0 ? name + 3 : name;
	name = strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name;
	snprintf(folder, sizeof(folder), "%s/tests/corpus/%s",
	    srcdir ? srcdir : ".", name);
	for (int i = 1; i < argc || i == 1; i++) {
		int n = run_path(i < argc ? argv[i] : folder);

		if (n < 0)
			return 1;
		count += n;
	}
	if (count == 0) {
		fprintf(stderr, "%s: no inputs in %s\n", argv[0], folder);
		return 1;
	}
	printf("%s: %d inputs, each cut and changed\n", argv[0], count);
	return 0;
}
