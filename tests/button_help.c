/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/button_help.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "tests/test.h"

static const char *
path_of(const struct button_bench *b, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", b->dir, name);
	return out;
}

static void *
map(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *mapped;

	ok(fd >= 0, path);
	mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	ok(mapped != MAP_FAILED, path);
	return mapped;
}

/* Its first line is its port. */
static void
start_bus(struct button_bench *b)
{
	int ends[2];
	char path[128];
	FILE *f;

	is_int(pipe(ends), 0, "a pipe");
	b->pid = fork();
	if (b->pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl("tests/owbus", "owbus", b->dir, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	f = fdopen(ends[0], "r");
	ok(f != NULL && fscanf(f, "%d", &b->port) == 1, "the bus serves");
	fclose(f);
	b->control =
	    map(path_of(b, "control", path), sizeof(struct owbus_control));
}

void
button_bench_open(struct button_bench *b)
{
	struct err e = ERR_INIT;
	char path[128];

	memset(b, 0, sizeof(*b));
	strcpy(b->dir, "/tmp/t_button.XXXXXX");
	ok(mkdtemp(b->dir) != NULL, "a folder");
	/* Locks are there, too. */
	setenv("RUNTIME_DIRECTORY", b->dir, 1);
	start_bus(b);
	is_ok(lab_open(path_of(b, "lab", path), &b->lab, &e), &e, "a lab");
}

void
button_bench_close(struct button_bench *b)
{
	char command[128];

	lab_close(b->lab);
	munmap(b->control, sizeof(*b->control));
	kill(b->pid, SIGTERM);
	waitpid(b->pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", b->dir);
	is_int(system(command), 0, "tidy up");
}

void
button_bench_put(const struct button_bench *b, const char *rom)
{
	char path[128], away[160];
	int fd;

	path_of(b, rom, path);
	snprintf(away, sizeof(away), "%s.away", path);
	if (rename(away, path) == 0)
		return;
	fd = open(path, O_RDWR | O_CREAT, 0600);
	/* The bus gives it the size of its family. */
	ok(fd >= 0 && ftruncate(fd, rom[0] == '3'   ? 32704
				    : rom[0] == '1' ? 512 + 16
						    : 8192) == 0,
	    path);
	close(fd);
}

void
button_bench_take(const struct button_bench *b, const char *rom)
{
	char path[128], away[160];

	path_of(b, rom, path);
	snprintf(away, sizeof(away), "%s.away", path);
	is_int(rename(path, away), 0, "the button is taken away");
}

void
button_bench_clear(struct button_bench *b)
{
	struct dirent *entry;
	char path[512];
	DIR *d = opendir(b->dir);

	while ((entry = readdir(d)) != NULL)
		if (strlen(entry->d_name) >= 15 &&
		    strncmp(entry->d_name + 2, ".0", 2) == 0) {
			snprintf(
			    path, sizeof(path), "%s/%s", b->dir, entry->d_name);
			unlink(path);
		}
	closedir(d);
	memset(b->control, 0, sizeof(*b->control));
	b->control->tear_at = -1;
}

const char *
button_bench_uri(const struct button_bench *b, const char *rom, char out[128])
{
	snprintf(out, 128, "button:%s@127.0.0.1:%d", rom, b->port);
	return out;
}

uint8_t *
button_bench_memory(const struct button_bench *b, const char *rom, size_t size)
{
	char path[128];

	return map(path_of(b, rom, path), size);
}

void
button_bench_make(
    const struct button_bench *b, const char *rom, const char *pin, mils value)
{
	struct lab_psd psd;
	struct vault *v;
	struct err e = ERR_INIT;
	char uri[128], id[PSD_ID];

	button_bench_put(b, rom);
	lab_defaults(&psd);
	psd.pin = pin;
	is_ok(lab_create_vault(
		  b->lab, button_bench_uri(b, rom, uri), &psd, id, &e),
	    &e, "a PSD in the button");
	if (value == 0)
		return;
	v = button_bench_vault(b, rom, pin);
	is_ok(lab_refill(b->lab, v, value, &e), &e, "value");
	vault_close(v);
}

struct vault *
button_bench_vault(
    const struct button_bench *b, const char *rom, const char *pin)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	char uri[128];

	is_ok(vault_open(button_bench_uri(b, rom, uri), 1000, &v, &e), &e,
	    "open");
	if (pin != NULL)
		is_ok(vault_unlock(v, pin, &e), &e, "unlock");
	return v;
}

struct psd_request
button_request(uint32_t n, mils amount)
{
	struct psd_request r = {.amount = amount,
	    .mail_date = date_local(time(NULL)),
	    .category = "FCL1"};

	memcpy(r.key, &n, sizeof(n));
	r.key[15] = 0x5a;
	return r;
}
