/* SPDX-License-Identifier: Apache-2.0 */
/* postage-vaultd's end of a connection, fed with any bytes by root, by lp or by
 * a stranger, with a real vault and journal behind it: whatever was asked, the
 * registers and the journal agree afterwards, and a stranger moved nothing. */
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dispense/serve.h"
#include "tests/fake_scheduler.h"
#include "tests/shop.h"

#define VALUE	 ((mils)1000 * 1000)
#define STRANGER 65533

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct shop shop;

static ipp_t *
printing(void *context)
{
	(void)context;
	return fake_printing_job("Postage", 7);
}

static void
tidy(void)
{
	shop_close(&shop);
}

static void
open_once(void)
{
	static bool open;

	if (open)
		return;
	signal(SIGPIPE, SIG_IGN);
	fake_scheduler(printing, NULL);
	shop_open(&shop, VALUE, NULL,
	    "[queue Other]\nclass = letter\n[limits]\njob = 100.00\n");
	shop.settings.wait_s = 0;
	atexit(tidy);
	open = true;
}

struct peer {
	int fd;
	const uint8_t *data;
	size_t size;
};

static void *
say_all(void *context)
{
	const struct peer *p = context;
	size_t at = 0;

	while (at < p->size) {
		ssize_t n =
		    send(p->fd, p->data + at, p->size - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	shutdown(p->fd, SHUT_WR);
	return NULL;
}

static void *
hear_all(void *context)
{
	const struct peer *p = context;
	char heard[65536];

	while (read(p->fd, heard, sizeof(heard)) > 0)
		;
	return NULL;
}

static uid_t
uid_of(uint8_t choice)
{
	struct passwd *lp = getpwnam(shop.settings.printing_user);

	if (choice % 4 == 3)
		return STRANGER;
	return choice % 4 == 2 && lp != NULL ? lp->pw_uid : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct psd_status after;
	struct err e = ERR_INIT;
	struct peer p;
	pthread_t says, hears;
	int pair[2];
	uid_t uid;

	if (size < 1)
		return 0;
	open_once();
	uid = uid_of(data[0]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		abort();
	p = (struct peer){pair[0], data + 1, size - 1};
	if (pthread_create(&says, NULL, say_all, &p) != 0 ||
	    pthread_create(&hears, NULL, hear_all, &p) != 0)
		abort();
	if (!serve_connection(&shop.settings, NULL, pair[1], uid, NULL, &e) &&
	    (e.kind == ERR_NONE || e.text[0] == '\0'))
		abort();
	close(pair[1]);
	pthread_join(says, NULL);
	pthread_join(hears, NULL);
	close(pair[0]);
	after = shop_registers(&shop);
	if (uid == STRANGER && after.ascending != 0)
		abort();
	if (access(shop.journal, F_OK) == 0 && shop_check(&shop) != 0) {
		fputs(shop_findings, stderr);
		abort();
	}
	shop_reset(&shop);
	return 0;
}
