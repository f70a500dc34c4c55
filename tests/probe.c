/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: what somebody with the printing group's rights can ask of
 * postage-vaultd by hand.  For system tests.
 *
 *	probe SOCKET filter QUEUE JOB AMOUNT COUNT   quote and issue
 *	probe SOCKET backend QUEUE JOB               play the backend
 *	probe SOCKET status QUEUE                    ask for the funds
 *	probe SOCKET raw HEX                         send bytes, count the reply
 *
 * Prints one indicium per line in hexadecimal, or "ERR_KIND text" and exits 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "dispense/client.h"

#define COUNT_MAX 1000

static int
failed(const struct err *e)
{
	printf("%s %s\n", err_kind_name(e->kind), e->text);
	return 1;
}

static int
play_filter(struct client *c, mils amount, size_t count)
{
	static struct stamp_request requests[COUNT_MAX];
	static struct stamp_quote quotes[COUNT_MAX];
	static struct issued_stamp stamps[COUNT_MAX];
	struct quote_common common;
	struct err e = ERR_INIT;
	char hex[2 * INDICIUM_MAX + 1];

	for (size_t i = 0; i < count; i++) {
		requests[i].page = 1;
		requests[i].place = (uint32_t)i + 1;
		requests[i].copy = 1;
		requests[i].mark.has_amount = true;
		requests[i].mark.amount = amount;
	}
	if (!client_quote(c, requests, count, quotes, &common, &e) ||
	    !client_issue(c, 0, count, stamps, &e))
		return failed(&e);
	for (size_t i = 0; i < count; i++) {
		bytes_to_hex(stamps[i].indicium, stamps[i].len, hex);
		puts(hex);
	}
	return 0;
}

static int
play_status(struct client *c)
{
	struct err e = ERR_INIT;
	struct funds f;
	char text[MILS_TEXT];

	if (!client_status(c, &f, &e))
		return failed(&e);
	printf("%s %s\n", f.psd_id, mils_format(f.descending, text));
	return 0;
}

static int
send_raw(const char *path, const char *hex)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	uint8_t bytes[4096];
	size_t len, got = 0;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (!text_copy(addr.sun_path, sizeof(addr.sun_path), path) ||
	    !bytes_from_hex(hex, bytes, sizeof(bytes), &len) ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		perror(path);
		return 2;
	}
	if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
		perror("send");
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		got += (size_t)n;
	printf("%zu bytes back\n", got);
	close(fd);
	return 0;
}

int
main(int argc, char **argv)
{
	struct job job = {.documents = 1};
	enum client_role role;
	struct client *c = NULL;
	struct err e = ERR_INIT;
	uint64_t number = 0, count = 1;
	mils amount = 0;
	int status = 0;

	if (argc == 4 && strcmp(argv[2], "raw") == 0)
		return send_raw(argv[1], argv[3]);
	if (argc < 4 || !text_copy(job.queue, sizeof(job.queue), argv[3]) ||
	    (argc > 4 && !text_to_u64(argv[4], UINT32_MAX, &number)) ||
	    (argc > 5 && !mils_parse(argv[5], &amount)) ||
	    (argc > 6 && !text_to_u64(argv[6], COUNT_MAX, &count)))
		return 2;
	job.id = (uint32_t)number;
	role = argv[2][0] == 'f'   ? ROLE_FILTER
	       : argv[2][0] == 'b' ? ROLE_BACKEND
				   : ROLE_STATUS;
	if (!client_open(argv[1], role, &job, &c, &e))
		return failed(&e);
	if (role == ROLE_FILTER)
		status = play_filter(c, amount, (size_t)count);
	else if (role == ROLE_STATUS)
		status = play_status(c);
	client_close(c);
	return status;
}
