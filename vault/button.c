/* SPDX-License-Identifier: Apache-2.0 */
/* the aside of a button_link: the one file that calls owcapi */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <owcapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "vault/button_child.h"
#include "vault/button_uri.h"

#define PATH_BYTES 64 /* "/uncached/0C.0123456789AB/pages/count.15" */

/* Loaded when a button is asked for: it needs libusb, avahi and D-Bus, which a
 * print server without buttons does not. */
struct owcapi {
	__typeof__(OW_init) *init;
	__typeof__(OW_get) *get;
	__typeof__(OW_lread) *lread;
	__typeof__(OW_lwrite) *lwrite;
	__typeof__(OW_set_error_level) *set_error_level;
};

struct child {
	struct owcapi ow;
	char bus[BUTTON_BUS];
};

/* --- the library ------------------------------------------------------------------ */

static bool
load(struct owcapi *ow, struct err *e)
{
	void *library = dlopen(OWCAPI_SONAME, RTLD_NOW);

	if (library == NULL)
		return err_set(e, ERR_CONFIG,
		    "buttons need %s, which is not installed (package "
		    "libowcapi-3.2-4)",
		    OWCAPI_SONAME);
	*(void **)&ow->init = dlsym(library, "OW_init");
	*(void **)&ow->get = dlsym(library, "OW_get");
	*(void **)&ow->lread = dlsym(library, "OW_lread");
	*(void **)&ow->lwrite = dlsym(library, "OW_lwrite");
	*(void **)&ow->set_error_level = dlsym(library, "OW_set_error_level");
	return (ow->init && ow->get && ow->lread && ow->lwrite &&
		   ow->set_error_level) ||
	       err_set(e, ERR_SYSTEM, "%s lacks a function", OWCAPI_SONAME);
}

static bool
nobody(const char *bus, struct err *e)
{
	return err_set(e, ERR_ABSENT,
	    "no owserver at %s: start it with `systemctl start owserver`", bus);
}

/* Does anybody listen?  libow finds out in five seconds. */
static bool
is_served(const char *bus)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
	char host[BUTTON_BUS];
	char *port;
	bool served = false;

	strcpy(host, bus);
	port = strrchr(host, ':');
	if (port == NULL)
		return false;
	*port++ = '\0';
	if (getaddrinfo(host, port, &hints, &all) != 0)
		return false;
	for (struct addrinfo *a = all; a != NULL && !served; a = a->ai_next) {
		int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		served = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0;
		if (fd >= 0)
			close(fd);
	}
	freeaddrinfo(all);
	return served;
}

static bool
take_bus(struct child *c, struct bytes_reader *in, struct err *e)
{
	size_t len = bytes_left(in);

	if (len >= sizeof(c->bus))
		return err_set(e, ERR_CONFIG, "a bus's name is too long");
	bytes_read_into(in, c->bus, len);
	if (!load(&c->ow, e))
		return false;
	if (!is_served(c->bus))
		return nobody(c->bus, e);
	/* What goes wrong is told once, by us. */
	c->ow.set_error_level("0");
	return c->ow.init(c->bus) == 0 || nobody(c->bus, e);
}

/* --- the bus ------------------------------------------------------------------------ */

/* The list is names and commas, "/" behind each; not all are devices. */
static bool
list(struct child *c, struct bytes_writer *out, struct err *e)
{
	char *names = NULL, *save = NULL;
	size_t len = 0, count = 0;

	if (c->ow.get("/uncached", &names, &len) < 0)
		return nobody(c->bus, e);
	for (char *name = strtok_r(names, ",", &save);
	     name != NULL && count < BUTTONS_MAX;
	     name = strtok_r(NULL, ",", &save)) {
		name += *name == '/';
		name[strcspn(name, "/")] = '\0';
		if (!button_is_rom(name))
			continue;
		bytes_write(out, name, BUTTON_ROM - 1);
		count++;
	}
	free(names);
	return true;
}

/* Always the button's own: owserver's memory of it is another's to change. */
static void
take_path(struct bytes_reader *in, const char *what, char rom[BUTTON_ROM],
    char path[PATH_BYTES])
{
	memset(rom, 0, BUTTON_ROM);
	bytes_read_into(in, rom, BUTTON_ROM - 1);
	snprintf(path, PATH_BYTES, "/uncached/%s/%s", rom, what);
}

static bool
no_contact(const char *rom, struct err *e)
{
	return err_set(e, ERR_ABSENT,
	    "the button %s does not answer (%s): hold it to its probe", rom,
	    strerror(errno));
}

static bool
read_memory(struct child *c, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	uint8_t bytes[BUTTON_CHUNK];
	char rom[BUTTON_ROM], path[PATH_BYTES];
	size_t at, len;
	ssize_t got;

	take_path(in, "memory", rom, path);
	at = (size_t)bytes_read_le(in, 4);
	len = (size_t)bytes_read_le(in, 4);
	if (in->failed || len > sizeof(bytes))
		return err_set(e, ERR_SYSTEM, "no order for a button");
	got = c->ow.lread(path, (char *)bytes, len, (off_t)at);
	if (got != (ssize_t)len)
		return no_contact(rom, e);
	bytes_write(out, bytes, len);
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

static bool
write_memory(struct child *c, struct bytes_reader *in, struct err *e)
{
	char rom[BUTTON_ROM], path[PATH_BYTES];
	const uint8_t *bytes;
	size_t at, len;

	take_path(in, "memory", rom, path);
	at = (size_t)bytes_read_le(in, 4);
	len = bytes_left(in);
	bytes = bytes_read(in, len);
	if (bytes == NULL)
		return err_set(e, ERR_SYSTEM, "no order for a button");
	return c->ow.lwrite(path, (const char *)bytes, len, (off_t)at) >= 0 ||
	       no_contact(rom, e);
}

static bool
read_count(struct child *c, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	char rom[BUTTON_ROM], path[PATH_BYTES], what[16], text[24] = "";
	struct bytes_reader page = *in;
	char *end;
	unsigned long long count;

	bytes_read(&page, BUTTON_ROM - 1);
	snprintf(what, sizeof(what), "pages/count.%u",
	    (unsigned)bytes_read_le(&page, 4) & 0xff);
	take_path(in, what, rom, path);
	bytes_read(in, 4);
	if (c->ow.lread(path, text, sizeof(text) - 1, 0) <= 0)
		return no_contact(rom, e);
	errno = 0;
	count = strtoull(text, &end, 10);
	if (errno != 0 || end == text || count > UINT32_MAX)
		return err_set(e, ERR_REQUEST,
		    "the button %s does not count the writes of this page",
		    rom);
	bytes_write_le(out, count, 4);
	return true;
}

/* --- orders ---------------------------------------------------------------------------- */

static bool
obey(void *context, struct bytes_reader *in, struct bytes_writer *out,
    struct err *e)
{
	struct child *c = context;
	uint64_t what = bytes_read_le(in, 1);

	if (what != ORDER_BUS && c->ow.init == NULL)
		return err_set(e, ERR_SYSTEM, "no bus was named");
	switch (what) {
	case ORDER_BUS: return take_bus(c, in, e);
	case ORDER_LIST: return list(c, out, e);
	case ORDER_READ: return read_memory(c, in, out, e);
	case ORDER_WRITE: return write_memory(c, in, e);
	case ORDER_COUNT: return read_count(c, in, out, e);
	default: return err_set(e, ERR_SYSTEM, "no such order");
	}
}

const struct aside_part button_part = {.who = "the buttons' bus",
    .state_size = sizeof(struct child),
    .obey = obey};
