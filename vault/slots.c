/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/slots.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/durable.h"
#include "stamp/sig.h"

#define SUM_AT (SLOT_BYTES - SIG_SHA256)

static const char magic[8] = {'P', 'S', 'D', 'S', 'L', 'O', 'T', '1'};

static void
put_slot(uint64_t sequence, const void *payload, size_t len, uint8_t *out)
{
	struct bytes_writer w;

	assert(len <= SLOT_PAYLOAD);
	memset(out, 0, SLOT_BYTES);
	bytes_writer_init(&w, out, SUM_AT);
	bytes_write(&w, magic, sizeof(magic));
	bytes_write_le(&w, sequence, 8);
	bytes_write_le(&w, len, 4);
	bytes_write(&w, payload, len);
	sig_sha256(out, SUM_AT, out + SUM_AT);
}

/* The slot's sequence number and payload; 0 if it is not valid. */
static uint64_t
get_slot(const uint8_t *slot, size_t *len, const uint8_t **payload)
{
	uint8_t sum[SIG_SHA256];
	struct bytes_reader r;
	const uint8_t *head;
	uint64_t sequence;

	sig_sha256(slot, SUM_AT, sum);
	bytes_reader_init(&r, slot, SUM_AT);
	head = bytes_read(&r, sizeof(magic));
	sequence = bytes_read_le(&r, 8);
	*len = (size_t)bytes_read_le(&r, 4);
	*payload = bytes_read(&r, *len);
	if (r.failed || memcmp(head, magic, sizeof(magic)) != 0 ||
	    memcmp(slot + SUM_AT, sum, sizeof(sum)) != 0)
		return 0;
	return sequence;
}

void
slots_format(const void *payload, size_t len, uint8_t out[SLOTS_BYTES])
{
	put_slot(1, payload, len, out);
	put_slot(2, payload, len, out + SLOT_BYTES);
}

static bool
read_all(int fd, uint8_t *out, size_t size, struct err *e)
{
	size_t have = 0;
	ssize_t n = 1;

	memset(out, 0, size);
	while (have < size && n != 0) {
		n = pread(fd, out + have, size - have, (off_t)have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_system(e, "read");
		have += (size_t)n;
	}
	return true;
}

bool
slots_read(struct slots *s, int fd, void *payload, size_t len, struct err *e)
{
	uint8_t file[SLOTS_BYTES];
	const uint8_t *found[2];
	uint64_t sequence[2];
	size_t length[2];
	bool done;

	if (!read_all(fd, file, sizeof(file), e))
		return false;
	for (int i = 0; i < 2; i++)
		sequence[i] =
		    get_slot(file + i * SLOT_BYTES, &length[i], &found[i]);
	s->fd = fd;
	s->current = sequence[1] > sequence[0] ? 1 : 0;
	s->sequence = sequence[s->current];
	s->torn = sequence[1 - s->current] == 0;
	done = s->sequence != 0 && length[s->current] <= len;
	memset(payload, 0, len);
	if (done)
		memcpy(payload, found[s->current], length[s->current]);
	explicit_bzero(file, sizeof(file));
	return done ||
	       err_set(e, ERR_CORRUPT, "neither copy of the state is whole");
}

bool
slots_write(struct slots *s, const void *payload, size_t len, struct err *e)
{
	uint8_t slot[SLOT_BYTES];
	int older = 1 - s->current;
	bool done;

	put_slot(s->sequence + 1, payload, len, slot);
	done = durable_write_at(
	    s->fd, (off_t)older * SLOT_BYTES, slot, sizeof(slot), e);
	explicit_bzero(slot, sizeof(slot));
	if (!done)
		return false;
	s->current = older;
	s->sequence++;
	s->torn = false;
	return true;
}
