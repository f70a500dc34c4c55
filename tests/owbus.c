/* SPDX-License-Identifier: Apache-2.0 */
/* owbus FOLDER [PORT]: says its port, and serves FOLDER until it is ended. */
#include "tests/owbus.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

#define HEADER	    24
#define PAYLOAD_MAX 65536
#define CLIENTS_MAX 16
#define ROM_NAME    15 /* "0C.0123456789AB" */
#define COUNTERS    4

enum {
	MSG_NOP = 1,
	MSG_READ,
	MSG_WRITE,
	MSG_DIR,
	MSG_PRESENT = 6,
	MSG_DIRALL,
	MSG_GET,
	MSG_DIRALLSLASH,
	MSG_GETSLASH
};

static const struct family {
	uint8_t code;
	size_t memory, page;
	size_t counted; /* pages with a counter, the last ones */
} families[] = {
    {0x08, 128, 32, 0},
    {0x06, 512, 32, 0},
    {0x0a, 2048, 32, 0},
    {0x0c, 8192, 32, 0},
    {0x37, 32704, 64, 0},
    {0x18, 512, 32, COUNTERS},
    {0x1a, 512, 32, COUNTERS},
    {0x1d, 512, 32, COUNTERS},
};

/* A button while it is looked at. */
struct button {
	const struct family *family;
	uint8_t rom[8];
	uint8_t *memory; /* mapped, its counters behind it */
};

struct request {
	int32_t type, flags, size, offset;
	char path[256];
	const uint8_t *data;
	size_t data_len;
};

static const char *folder;
static struct owbus_control *control;

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- buttons ------------------------------------------------------------------- */

static const struct family *
find_family(uint8_t code)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].code == code)
			return &families[i];
	return NULL;
}

static bool
is_rom_name(const char *name)
{
	return strlen(name) == ROM_NAME &&
	       strspn(name, "0123456789ABCDEF") == 2 && name[2] == '.' &&
	       strspn(name + 3, "0123456789ABCDEF") == 12;
}

/* CRC-8 of Dallas: x^8 + x^5 + x^4 + 1, low bit first. */
static uint8_t
crc8(const uint8_t *bytes, size_t len)
{
	uint8_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint8_t)(crc >> 1 ^ (crc & 1 ? 0x8c : 0));
	}
	return crc;
}

static size_t
file_size(const struct family *f)
{
	return f->memory + 4 * f->counted;
}

/* False: no such button. */
static bool
button_open(const char *name, struct button *b)
{
	char path[4096], hex[15];
	size_t len;
	void *memory;
	int fd;

	if (!is_rom_name(name) || control->gone)
		return false;
	snprintf(hex, sizeof(hex), "%.2s%.12s", name, name + 3);
	if (!bytes_from_hex(hex, b->rom, 7, &len))
		return false;
	b->rom[7] = crc8(b->rom, 7);
	b->family = find_family(b->rom[0]);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || b->family == NULL)
		return false;
	if (ftruncate(fd, (off_t)file_size(b->family)) != 0)
		die(path);
	memory = mmap(NULL, file_size(b->family), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		die(path);
	b->memory = memory;
	return true;
}

static void
button_close(struct button *b)
{
	munmap(b->memory, file_size(b->family));
}

static uint32_t
next_random(void)
{
	control->seed = control->seed * 1664525 + 1013904223;
	return control->seed >> 8;
}

static unsigned
differing(const uint8_t *a, const uint8_t *b, size_t len)
{
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++)
		bits += (unsigned)__builtin_popcount(a[i] ^ b[i]);
	return bits;
}

/* Contact ends while this page is copied. */
static void
tear(uint8_t *page, const uint8_t *bytes, size_t len)
{
	unsigned bits = differing(page, bytes, len), nth = 0;
	unsigned chosen = bits > 0 ? next_random() % bits : 0;

	control->gone = 1;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		uint8_t mask = (uint8_t)(1 << bit % 8);

		if (((page[bit / 8] ^ bytes[bit / 8]) & mask) == 0)
			continue;
		if (control->tear == OWBUS_NEW ||
		    (control->tear == OWBUS_BITS && (next_random() & 1)) ||
		    (control->tear == OWBUS_BIT && nth == chosen))
			page[bit / 8] ^= mask;
		nth++;
	}
}

static void
count_write(struct button *b, size_t page)
{
	size_t pages = b->family->memory / b->family->page;
	struct bytes_reader r;
	struct bytes_writer w;
	uint8_t *counter;

	if (page + b->family->counted < pages)
		return;
	counter = b->memory + b->family->memory +
		  4 * (page + b->family->counted - pages);
	bytes_reader_init(&r, counter, 4);
	bytes_writer_init(&w, counter, 4);
	bytes_write_le(&w, bytes_read_le(&r, 4) + 1, 4);
}

/* One page through the scratchpad.  False: contact ended. */
static bool
write_page(struct button *b, size_t at, const uint8_t *bytes, size_t len)
{
	bool torn = control->writes++ == control->tear_at;

	if (torn)
		tear(b->memory + at, bytes, len);
	else
		memcpy(b->memory + at, bytes, len);
	if (!torn || control->tear != OWBUS_OLD)
		count_write(b, at / b->family->page);
	return !torn;
}

/* --- what is asked of them --------------------------------------------------------- */

/* A place in a button: "memory", "pages/page.3", "pages/count.12". */
struct place {
	size_t at, len;
	bool counter; /* of page `at` */
};

static bool
find_place(const struct family *f, const char *name, struct place *p)
{
	unsigned n;
	char end;

	*p = (struct place){.len = f->memory};
	if (strcmp(name, "memory") == 0)
		return true;
	if (sscanf(name, "pages/page.%u%c", &n, &end) == 1 &&
	    n < f->memory / f->page) {
		p->at = n * f->page;
		p->len = f->page;
		return true;
	}
	if (sscanf(name, "pages/count.%u%c", &n, &end) == 1 &&
	    n < f->memory / f->page && n + f->counted >= f->memory / f->page) {
		p->at = n;
		p->counter = true;
		return true;
	}
	return false;
}

static int
read_counter(const struct button *b, size_t page, uint8_t out[16])
{
	size_t pages = b->family->memory / b->family->page;
	struct bytes_reader r;

	bytes_reader_init(&r,
	    b->memory + b->family->memory +
		4 * (page + b->family->counted - pages),
	    4);
	return snprintf(
	    (char *)out, 16, "%12lu", (unsigned long)bytes_read_le(&r, 4));
}

static int
do_read(const struct button *b, const char *name, const struct request *q,
    uint8_t *out)
{
	struct place p;
	size_t len, offset = q->offset > 0 ? (size_t)q->offset : 0;

	if (!find_place(b->family, name, &p))
		return -ENOENT;
	if (p.counter)
		return read_counter(b, p.at, out);
	if (q->size <= 0 || offset > p.len)
		return -ERANGE;
	len =
	    (size_t)q->size < p.len - offset ? (size_t)q->size : p.len - offset;
	memcpy(out, b->memory + p.at + offset, len);
	if (control->noise > 0 && len > 0) {
		control->noise--;
		memset(out + len / 2, 0xff, len - len / 2);
	}
	return (int)len;
}

static int
do_write(struct button *b, const char *name, const struct request *q)
{
	struct place p;
	size_t at, left, page = b->family->page;

	if (!find_place(b->family, name, &p))
		return -ENOENT;
	if (p.counter)
		return -EROFS;
	if (q->offset < 0 || (size_t)q->offset > p.len ||
	    q->data_len > p.len - (size_t)q->offset)
		return -ERANGE;
	at = p.at + (size_t)q->offset;
	for (left = q->data_len; left > 0;) {
		size_t n = page - at % page < left ? page - at % page : left;

		if (!write_page(b, at, q->data + (q->data_len - left), n))
			return -EIO;
		at += n;
		left -= n;
	}
	return 0;
}

/* Every button's name, with its "/", or with a comma between them. */
static size_t
list(char *out, size_t size, const char *slash)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	size_t len = 0;

	out[0] = '\0';
	while (d != NULL && !control->gone && (entry = readdir(d)) != NULL)
		if (is_rom_name(entry->d_name) && len + 32 < size)
			len +=
			    (size_t)snprintf(out + len, size - len, "%s/%s%s",
				len > 0 ? "," : "", entry->d_name, slash);
	if (d != NULL)
		closedir(d);
	return len;
}

/* --- the protocol ------------------------------------------------------------------- */

static bool
all(int fd, void *bytes, size_t len, bool out)
{
	uint8_t *at = bytes;

	while (len > 0) {
		ssize_t n = out ? send(fd, at, len, MSG_NOSIGNAL)
				: recv(fd, at, len, 0);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
answer(int fd, const struct request *q, int32_t ret, const void *payload,
    size_t len, int32_t size)
{
	static uint8_t message[HEADER + PAYLOAD_MAX + 1];
	struct bytes_writer w;

	bytes_writer_init(&w, message, sizeof(message));
	bytes_write_be(&w, 0, 4);
	bytes_write_be(&w, len, 4);
	bytes_write_be(&w, (uint32_t)ret, 4);
	bytes_write_be(&w, (uint32_t)q->flags, 4);
	bytes_write_be(&w, (uint32_t)size, 4);
	bytes_write_be(&w, (uint32_t)q->offset, 4);
	bytes_write(&w, payload, len);
	return !w.failed && all(fd, message, w.pos, true);
}

/* The button and what of it; both "" for the root. */
static void
split(const char *path, char rom[64], char rest[64])
{
	rom[0] = rest[0] = '\0';
	while (*path == '/' || strncmp(path, "uncached", 8) == 0 ||
	       strncmp(path, "bus.", 4) == 0)
		path += *path == '/' ? 1 : strcspn(path, "/");
	snprintf(rom, 64, "%.*s", (int)strcspn(path, "/"), path);
	path += strcspn(path, "/");
	if (*path == '/')
		snprintf(rest, 64, "%.63s", path + 1);
	if (rest[0] != '\0' && rest[strlen(rest) - 1] == '/')
		rest[strlen(rest) - 1] = '\0';
}

/* One message for each button, and an empty one. */
static bool
serve_dir(int fd, const struct request *q, char *names)
{
	for (char *name = strtok(names, ","); name != NULL;
	     name = strtok(NULL, ","))
		if (!answer(fd, q, 0, name, strlen(name) + 1,
			(int32_t)strlen(name)))
			return false;
	return answer(fd, q, 0, NULL, 0, 0);
}

static bool
serve_root(int fd, const struct request *q)
{
	static char names[PAYLOAD_MAX];
	bool slash = q->type == MSG_DIRALLSLASH || q->type == MSG_GETSLASH;
	size_t len = list(names, sizeof(names), slash ? "/" : "");

	if (q->type == MSG_DIR)
		return serve_dir(fd, q, names);
	return answer(fd, q, 0, names, len > 0 ? len + 1 : 0, (int32_t)len);
}

static bool
serve_button(
    int fd, const struct request *q, struct button *b, const char *rest)
{
	static uint8_t bytes[PAYLOAD_MAX];
	int n;

	switch (q->type) {
	case MSG_PRESENT: return answer(fd, q, 0, b->rom, sizeof(b->rom), 0);
	case MSG_READ:
	case MSG_GET:
	case MSG_GETSLASH:
		n = do_read(b, rest, q, bytes);
		return answer(
		    fd, q, n, bytes, n > 0 ? (size_t)n : 0, n > 0 ? n : 0);
	case MSG_WRITE:
		n = do_write(b, rest, q);
		if (n == 0 && control->drop > 0) {
			control->drop--;
			return false;
		}
		return answer(fd, q, n, NULL, 0, n == 0 ? q->size : 0);
	case MSG_DIR:
	case MSG_DIRALL:
	case MSG_DIRALLSLASH: return answer(fd, q, 0, NULL, 0, 0);
	default: return answer(fd, q, -ENOMSG, NULL, 0, 0);
	}
}

static bool
serve(int fd, const struct request *q)
{
	char rom[64], rest[64];
	struct button b;
	bool alive;

	split(q->path, rom, rest);
	if (q->type == MSG_NOP)
		return answer(fd, q, 0, NULL, 0, 0);
	if (rom[0] == '\0')
		return serve_root(fd, q);
	if (!button_open(rom, &b))
		return answer(fd, q, -ENODEV, NULL, 0, 0);
	alive = serve_button(fd, q, &b, rest);
	button_close(&b);
	return alive;
}

/* Another owserver says by whom it was asked, 16 bytes each. */
static bool
skip_tokens(int fd, uint32_t version)
{
	uint8_t token[16];

	for (uint32_t n = version & 0xffff; (version & 0x10000) != 0 && n > 0;
	     n--)
		if (!all(fd, token, sizeof(token), false))
			return false;
	return true;
}

/* A request and its answer.  False: this client is done with. */
static bool
talk(int fd)
{
	static uint8_t payload[PAYLOAD_MAX];
	uint8_t header[HEADER];
	struct bytes_reader r;
	struct request q = {0};
	uint32_t version;
	size_t len, path;

	if (!all(fd, header, sizeof(header), false))
		return false;
	bytes_reader_init(&r, header, sizeof(header));
	version = (uint32_t)bytes_read_be(&r, 4);
	len = (size_t)bytes_read_be(&r, 4);
	q.type = (int32_t)bytes_read_be(&r, 4);
	q.flags = (int32_t)bytes_read_be(&r, 4);
	q.size = (int32_t)bytes_read_be(&r, 4);
	q.offset = (int32_t)bytes_read_be(&r, 4);
	if (len > sizeof(payload) || !all(fd, payload, len, false) ||
	    !skip_tokens(fd, version))
		return false;
	path = strnlen((char *)payload, len);
	if (path >= sizeof(q.path))
		return false;
	memcpy(q.path, payload, path);
	if (len > path) {
		q.data = payload + path + 1;
		q.data_len = len - path - 1;
	}
	if (q.type == MSG_WRITE && (q.size < 0 || (size_t)q.size > q.data_len))
		return answer(fd, &q, -EMSGSIZE, NULL, 0, 0);
	if (q.type == MSG_WRITE)
		q.data_len = (size_t)q.size;
	return control->mute || serve(fd, &q);
}

/* --- the program ---------------------------------------------------------------------- */

static void
map_control(void)
{
	char path[4096];
	void *mapped;
	bool fresh;
	int fd;

	snprintf(path, sizeof(path), "%s/control", folder);
	fresh = access(path, F_OK) != 0;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*control)) != 0)
		die(path);
	mapped = mmap(
	    NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		die(path);
	control = mapped;
	if (fresh)
		control->tear_at = -1;
	close(fd);
}

static int
listen_at(const char *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)atoi(port)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(fd, CLIENTS_MAX) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		die("listen");
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int
main(int argc, char **argv)
{
	struct pollfd fds[1 + CLIENTS_MAX];
	nfds_t count = 1;

	if (argc < 2)
		return 64;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	folder = argv[1];
	map_control();
	fds[0] = (struct pollfd){
	    .fd = listen_at(argc > 2 ? argv[2] : "0"), .events = POLLIN};
	for (;;) {
		if (poll(fds, count, -1) < 0)
			die("poll");
		for (nfds_t i = count; --i > 0;) {
			if (fds[i].revents == 0 || talk(fds[i].fd))
				continue;
			close(fds[i].fd);
			fds[i] = fds[--count];
		}
		if (fds[0].revents != 0 && count <= CLIENTS_MAX) {
			int fd = accept(fds[0].fd, NULL, NULL);

			if (fd >= 0)
				fds[count++] =
				    (struct pollfd){.fd = fd, .events = POLLIN};
		}
	}
}
