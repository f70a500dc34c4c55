/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pg_help.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/test.h"

#define MISSING 77
#define PREFIX	"postgresql:"

static pid_t server;
static int server_end = -1; /* closing it ends the server */
static char server_uri[256];

static pthread_t breaker;
static _Atomic bool breaking;

static _Noreturn void
run(int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	execl("/bin/sh", "sh", SRCDIR "/tests/pg.sh", (char *)NULL);
	_exit(127);
}

/* False: the server has ended without a word. */
static bool
read_uri(int fd)
{
	FILE *said = fdopen(fd, "r");
	bool good = said && fgets(server_uri, sizeof(server_uri), said);

	if (said)
		fclose(said);
	server_uri[strcspn(server_uri, "\n")] = '\0';
	return good;
}

bool
pg_start(void)
{
	int in[2], out[2], status = 0;

	if (server > 0)
		return true;
	signal(SIGPIPE, SIG_IGN);
	ok(pipe(in) == 0 && pipe(out) == 0, "pipes");
	server = fork();
	ok(server >= 0, "fork");
	if (server == 0)
		run(in[0], out[1]);
	close(in[0]);
	close(out[1]);
	server_end = in[1];
	if (read_uri(out[0]))
		return true;
	waitpid(server, &status, 0);
	server = 0;
	close(server_end);
	if (WIFEXITED(status) && WEXITSTATUS(status) == MISSING)
		return false;
	fprintf(stderr, "tests/pg.sh: no server\n");
	exit(1);
}

void
pg_psql(const char *sql)
{
	PGconn *c = PQconnectdb(server_uri + strlen(PREFIX));
	PGresult *r = PQexec(c, sql);

	ok(PQresultStatus(r) == PGRES_COMMAND_OK ||
		PQresultStatus(r) == PGRES_TUPLES_OK,
	    PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
}

static bool
has_standby(void)
{
	PGconn *c = PQconnectdb(server_uri + strlen(PREFIX));
	PGresult *r =
	    PQexec(c, "SELECT current_setting('synchronous_standby_names')");
	bool has;

	ok(PQresultStatus(r) == PGRES_TUPLES_OK, PQerrorMessage(c));
	has = PQgetvalue(r, 0, 0)[0] != '\0';
	PQclear(r);
	PQfinish(c);
	return has;
}

void
pg_want_standby(bool wanted)
{
	pg_psql(wanted ? "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
		       : "ALTER SYSTEM RESET synchronous_standby_names");
	pg_psql("SELECT pg_reload_conf()");
	while (has_standby() != wanted)
		usleep(20000);
	usleep(100000); /* the process that says so to all others */
}

static void *
break_off(void *context)
{
	while (breaking) {
		pg_psql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
			"WHERE wait_event = 'SyncRep'");
		usleep(20000);
	}
	return context;
}

void
pg_standby_away(bool away)
{
	if (away)
		pg_want_standby(true);
	breaking = away;
	if (away)
		is_int(pthread_create(&breaker, NULL, break_off, NULL), 0,
		    "thread");
	else
		pthread_join(breaker, NULL);
	if (!away)
		pg_want_standby(false);
}

const char *
pg_database(void)
{
	static char uri[sizeof(server_uri) + 32];
	static int count;
	char sql[64];

	snprintf(sql, sizeof(sql), "CREATE DATABASE test%d", ++count);
	pg_psql(sql);
	/* the last of two is the one that counts */
	snprintf(uri, sizeof(uri), "%s dbname=test%d", server_uri, count);
	return uri;
}

void
pg_stop(void)
{
	if (server <= 0)
		return;
	close(server_end);
	waitpid(server, NULL, 0);
	server = 0;
}
