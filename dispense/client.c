/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "dispense/protocol.h"

/* vaultd waits for other chains and for the vault; this must be longer than
 * its longest `wait` (9,999 s is the setting's limit, 60 s its default). */
#define REPLY_TIMEOUT_S (3 * 3600)

struct client {
	int fd;
	bool lost;     /* it does not answer any more */
	int passed;    /* descriptor of the last reply, or -1 */
	uint8_t *body; /* PROTOCOL_BODY_MAX bytes, both ways */
	struct wire out, in;
};

static struct wire *
begin(struct client *c)
{
	wire_write(&c->out, c->body, PROTOCOL_BODY_MAX);
	return &c->out;
}

static bool
tell(struct client *c, enum message type, struct err *e)
{
	if (!wire_done(&c->out))
		return err_set(e, ERR_REQUEST,
		    "the document has more placeholders than one message "
		    "holds; print it in parts");
	c->lost = c->lost ||
		  !protocol_send(c->fd, type, c->body, c->out.w.pos, -1, e);
	return !c->lost;
}

static struct wire *
hear(struct client *c, struct err *e)
{
	enum message got;
	size_t len;
	struct err theirs = ERR_INIT;

	c->lost = !protocol_receive(
	    c->fd, &got, c->body, PROTOCOL_BODY_MAX, &len, &c->passed, e);
	if (c->lost)
		return NULL;
	wire_read(&c->in, c->body, len);
	if (got == MESSAGE_OK)
		return &c->in;
	wire_err(&c->in, &theirs);
	if (got != MESSAGE_ERROR || !wire_done(&c->in) ||
	    theirs.kind == ERR_NONE)
		err_set(e, ERR_CORRUPT,
		    "postage-vaultd gave an answer that cannot be read; is "
		    "another version of it running?");
	else
		*e = theirs;
	return NULL;
}

/* Sends what begin() filled and opens the reply for reading. */
static struct wire *
ask(struct client *c, enum message type, struct err *e)
{
	return tell(c, type, e) ? hear(c, e) : NULL;
}

static bool
answered(struct client *c, struct err *e)
{
	if (wire_done(&c->in))
		return true;
	return err_set(e, ERR_CORRUPT,
	    "postage-vaultd gave an answer that cannot be read; is another "
	    "version of it running?");
}

static bool
ask_nothing_back(struct client *c, enum message type, struct err *e)
{
	return ask(c, type, e) && answered(c, e);
}

static bool
connect_to(const char *path, int *out, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = REPLY_TIMEOUT_S};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(e, ERR_CONFIG, "socket path too long: %s", path);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_system(e, "socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		enum err_kind kind = errno == EACCES ? ERR_DENIED : ERR_ABSENT;

		err_set(e, kind,
		    "postage-vaultd does not answer at %s (%s); start it with "
		    "`systemctl start postage-vaultd.socket`",
		    path, strerror(errno));
		close(fd);
		return false;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit))) {
		close(fd);
		return err_system(e, "setsockopt");
	}
	*out = fd;
	return true;
}

bool
client_open(const char *socket_path, enum client_role role,
    const struct job *job, struct client **out, struct err *e)
{
	struct client *c = calloc(1, sizeof(*c));
	uint16_t version = PROTOCOL_VERSION;
	uint8_t role_byte = (uint8_t)role;
	struct job copy = *job;
	struct wire *w;

	if (c)
		c->body = malloc(PROTOCOL_BODY_MAX);
	if (c == NULL || c->body == NULL) {
		free(c);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	c->fd = c->passed = -1;
	if (!connect_to(socket_path, &c->fd, e))
		goto fail;
	w = begin(c);
	wire_u16(w, &version);
	wire_u8(w, &role_byte);
	wire_job(w, &copy);
	if (!ask_nothing_back(c, MESSAGE_HELLO, e))
		goto fail;
	*out = c;
	return true;
fail:
	client_close(c);
	return false;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	if (c->fd >= 0)
		close(c->fd);
	if (c->passed >= 0)
		close(c->passed);
	free(c->body);
	free(c);
}

bool
client_sheet(struct client *c, uint64_t serial, const char *media, bool *used,
    size_t count, struct err *e)
{
	struct wire *w = begin(c);
	char name[256];
	uint16_t n = (uint16_t)count;

	if (count > PROTOCOL_LABELS_MAX || strlen(media) >= sizeof(name))
		return err_set(e, ERR_REQUEST, "sheet with %zu labels", count);
	strcpy(name, media);
	wire_u64(w, &serial);
	wire_str(w, name, sizeof(name));
	wire_u16(w, &n);
	if ((w = ask(c, MESSAGE_SHEET, e)) == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		wire_bool(w, &used[i]);
	return answered(c, e);
}

bool
client_quote(struct client *c, const struct stamp_request *in, size_t count,
    struct stamp_quote *out, struct quote_common *common, struct err *e)
{
	struct wire *w = begin(c);
	uint32_t n = (uint32_t)count;

	wire_u32(w, &n);
	for (size_t i = 0; i < count; i++) {
		struct stamp_request copy = in[i];

		wire_stamp_request(w, &copy);
	}
	if ((w = ask(c, MESSAGE_QUOTE, e)) == NULL)
		return false;
	wire_quote_common(w, common);
	for (size_t i = 0; i < count; i++)
		wire_stamp_quote(w, &out[i]);
	return answered(c, e);
}

bool
client_issue_begin(struct client *c, size_t first, size_t count, struct err *e)
{
	struct wire *w = begin(c);
	uint32_t from = (uint32_t)first, n = (uint32_t)count;

	wire_u32(w, &from);
	wire_u32(w, &n);
	return tell(c, MESSAGE_ISSUE, e);
}

bool
client_issue_end(
    struct client *c, size_t count, struct issued_stamp *out, struct err *e)
{
	struct wire *w = hear(c, e);

	if (w == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		wire_issued_stamp(w, &out[i]);
	return answered(c, e);
}

bool
client_issue_ready(const struct client *c, int wait_ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	return poll(&p, 1, wait_ms) != 0;
}

bool
client_issue(struct client *c, size_t first, size_t count,
    struct issued_stamp *out, struct err *e)
{
	while (count > 0) {
		size_t n = count < CLIENT_ISSUE_MAX ? count : CLIENT_ISSUE_MAX;

		if (!client_issue_begin(c, first, n, e) ||
		    !client_issue_end(c, n, out, e))
			return false;
		first += n;
		out += n;
		count -= n;
	}
	return true;
}

bool
client_is_open(const struct client *c)
{
	return !c->lost;
}

bool
client_finish(struct client *c, uint32_t pages, uint64_t bytes, struct err *e)
{
	struct wire *w = begin(c);

	wire_u32(w, &pages);
	wire_u64(w, &bytes);
	return ask_nothing_back(c, MESSAGE_FINISH, e);
}

void
client_refuse(struct client *c, const struct err *why)
{
	struct err copy = *why, ignored = ERR_INIT;

	wire_err(begin(c), &copy);
	/* The filter is about to fail anyway and has said why. */
	if (!ask_nothing_back(c, MESSAGE_REFUSE, &ignored))
		return;
}

bool
client_outcome(struct client *c, struct outcome *out, struct err *e)
{
	struct wire *w;

	begin(c);
	if ((w = ask(c, MESSAGE_OUTCOME, e)) == NULL)
		return false;
	wire_outcome(w, out);
	return answered(c, e);
}

bool
client_spool(struct client *c, bool store, int *fd, struct err *e)
{
	wire_bool(begin(c), &store);
	if (!ask_nothing_back(c, MESSAGE_SPOOL, e))
		return false;
	if (c->passed < 0)
		return err_set(
		    e, ERR_CORRUPT, "postage-vaultd sent no spool file");
	*fd = c->passed;
	c->passed = -1;
	return true;
}

bool
client_spooled(struct client *c, uint64_t bytes, struct err *e)
{
	wire_u64(begin(c), &bytes);
	return ask_nothing_back(c, MESSAGE_SPOOLED, e);
}

bool
client_sending(struct client *c, struct err *e)
{
	begin(c);
	return ask_nothing_back(c, MESSAGE_SENDING, e);
}

bool
client_settle(
    struct client *c, enum settle how, const char *note, struct err *e)
{
	struct wire *w = begin(c);
	uint8_t byte = (uint8_t)how;
	char text[512];

	strncpy(text, note ? note : "", sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wire_u8(w, &byte);
	wire_str(w, text, sizeof(text));
	return ask_nothing_back(c, MESSAGE_SETTLE, e);
}

bool
client_status(struct client *c, struct funds *out, struct err *e)
{
	struct wire *w;

	begin(c);
	if ((w = ask(c, MESSAGE_STATUS, e)) == NULL)
		return false;
	wire_funds(w, out);
	return answered(c, e);
}
