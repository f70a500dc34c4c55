/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver program of CUPS (cups-driverd runs it, as the printing user, for
 * lpinfo -m, lpadmin -m and the web pages): a postage PPD around the driver of
 * each queue that is there.
 *
 *	postage list
 *	postage cat postage:around/QUEUE
 *
 * It reads the PPDs where the scheduler keeps them and asks the scheduler
 * nothing: that waits for us when a web page adds a printer.  The generic
 * postage PPDs need no program; CUPS finds them in its model folder.  A driver
 * that runs commands out of its PPD (foomatic-rip) is refused here: that leave
 * is given to `postage queue add` alone.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dispense/gate.h"
#include "dispense/request.h"
#include "tools/ppdfile.h"

#define AROUND	   "postage:around/"
#define TIME_S	   30 /* CUPS waits for the slowest of all programs */
#define QUEUES_MAX 1000
#define LINES_MAX  1000 /* of a PPD, to its NickName */

/* The PPD of a queue.  False if there can be no queue of that name. */
static bool
ppd_path(const char *queue, size_t len, char *out, size_t size)
{
	const char *root = getenv("CUPS_SERVERROOT");
	int made;

	if (len == 0 || len >= QUEUE_MAX || *queue == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (queue[i] <= ' ' || queue[i] > '~' ||
		    strchr("/#?\"\\", queue[i]))
			return false;
	made = snprintf(out, size, "%s/ppd/%.*s.ppd",
	    root && *root == '/' ? root : "/etc/cups", (int)len, queue);
	return made > 0 && (size_t)made < size;
}

static bool
is_postage(const char *path)
{
	struct err plain = ERR_INIT;
	struct gate gate;

	return gate_load(path, &gate, &plain);
}

/* *NickName: "...", as it may stand between quotes in the list. */
static void
put_nick_name(const char *path)
{
	char line[512], *at;
	FILE *ppd = fopen(path, "re");

	for (int i = 0; ppd && i < LINES_MAX && fgets(line, sizeof(line), ppd);
	     i++) {
		if (strncmp(line, "*NickName:", 10) != 0)
			continue;
		at = strchr(line, '"');
		for (at = at ? at + 1 : line + 10; *at && *at != '"'; at++)
			putchar(
			    *at < ' ' || *at > '~' || *at == '\\' ? '?' : *at);
		break;
	}
	if (ppd)
		fclose(ppd);
}

static void
list_one(const char *name)
{
	size_t len = strlen(name);
	char path[PATH_MAX];

	if (len <= 4 || strcmp(name + len - 4, ".ppd") != 0 ||
	    !ppd_path(name, len - 4, path, sizeof(path)) ||
	    access(path, R_OK) != 0 || is_postage(path))
		return;
	len -= 4;
	printf("\"" AROUND "%.*s\" en \"Postage\" \"Postage around %.*s: ",
	    (int)len, name, (int)len, name);
	put_nick_name(path);
	puts("\" \"\"");
}

static bool
list(void)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *folder;

	if (!ppd_path("x", 1, path, sizeof(path)))
		return false;
	*strrchr(path, '/') = '\0';
	folder = opendir(path);
	if (folder == NULL)
		return true; /* no queue has a PPD yet */
	for (int i = 0; i < QUEUES_MAX && (entry = readdir(folder)); i++)
		list_one(entry->d_name);
	closedir(folder);
	return true;
}

static bool
cat(const char *uri, struct err *e)
{
	static const struct ppdwrap_rules plain = {.allow_foomatic = false};
	const char *name = uri + strlen(AROUND);
	struct ppdwrap_report report;
	char path[PATH_MAX];

	if (strncmp(uri, AROUND, strlen(AROUND)) != 0 ||
	    !ppd_path(name, strlen(name), path, sizeof(path)) ||
	    is_postage(path))
		return err_set(
		    e, ERR_REQUEST, "this is no driver to put postage around");
	return ppdfile_wrap(path, &plain, stdout, &report, e) &&
	       (fflush(stdout) == 0 || err_system(e, "writing"));
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	bool done = false;

	alarm(TIME_S);
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		done = list();
	else if (argc == 3 && strcmp(argv[1], "cat") == 0)
		done = cat(argv[2], &e);
	else
		err_set(&e, ERR_REQUEST, "usage: postage list | cat URI");
	if (!done)
		fprintf(stderr, "ERROR: postage: %s\n", e.text);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
