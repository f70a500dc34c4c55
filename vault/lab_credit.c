/* SPDX-License-Identifier: Apache-2.0 */
/* A refund's value on its way back.  The answer that brings it is kept under
 * the refund's name before it is anybody's answer; so it is known for ever
 * whether the download of that number was this refund's or another one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/flock.h"
#include "vault/lab_own.h"

#define SECRET_MODE   0600
#define SECRET_FOLDER 0700
#define WAIT_MS	      60000
#define TRIES	      16 /* each is a download that came between */

struct crediting {
	const struct lab *lab;
	struct vault *v;
	mils amount;
	char path[PATH_MAX]; /* of the refund's own answer */
	uint8_t msg[PSD_MESSAGE_MAX];
	size_t len;
	struct download_answer answer;
};

static bool
apply(struct crediting *c, const uint8_t *msg, size_t len, struct err *e)
{
	uint8_t receipt[PSD_MESSAGE_MAX];
	size_t receipt_len;

	return vault_download_apply(c->v, msg, len, receipt, &receipt_len, e);
}

/* Makes the answer that brings it; where another one still waits for the PSD,
 * that goes first. */
static bool
promise(struct crediting *c, struct err *e)
{
	uint8_t request[PSD_MESSAGE_MAX];
	struct download_request r;
	char path[PATH_MAX];
	size_t len;

	if (!vault_download_request(c->v, c->amount, request, &len, e) ||
	    !message_get_request(request, len, &r, e) ||
	    !lab_answer_path(c->lab, &r.psd, r.sequence + 1, path, e))
		return false;
	if (access(path, F_OK) == 0)
		return durable_read(path, c->msg, sizeof(c->msg), &c->len, e) &&
		       apply(c, c->msg, c->len, e);
	return lab_make_answer(c->lab, &r, 0, c->msg, &c->len, e) &&
	       durable_create(c->path, c->msg, c->len, SECRET_MODE, e);
}

/* Is the answer of its number this one?  *ours = false: another download took
 * the number. */
static bool
publish(struct crediting *c, bool *ours, struct err *e)
{
	uint8_t there[PSD_MESSAGE_MAX];
	char path[PATH_MAX];
	size_t len;

	if (!lab_answer_path(
		c->lab, &c->answer.psd, c->answer.sequence, path, e))
		return false;
	*ours = true;
	if (access(path, F_OK) != 0) {
		if (durable_create(path, c->msg, c->len, SECRET_MODE, e))
			return true;
		if (errno != EEXIST)
			return false;
		*e = (struct err)ERR_INIT;
	}
	if (!durable_read(path, there, sizeof(there), &len, e))
		return false;
	*ours = len == c->len && memcmp(there, c->msg, len) == 0;
	return *ours || durable_remove(c->path, e);
}

/* Applies it, unless it was: to this PSD, or to one that was in its place. */
static bool
bring(struct crediting *c, struct err *e)
{
	struct psd_status s;

	if (!vault_status(c->v, &s, e))
		return false;
	if (s.serial != c->answer.psd.serial ||
	    strcmp(s.vendor, c->answer.psd.vendor) != 0 ||
	    strcmp(s.model, c->answer.psd.model) != 0 ||
	    s.download_sequence >= c->answer.sequence)
		return true;
	return apply(c, c->msg, c->len, e);
}

static bool
credit(struct crediting *c, struct err *e)
{
	bool ours;

	for (int i = 0; i < TRIES; i++) {
		if (access(c->path, F_OK) != 0) {
			if (!promise(c, e))
				return false;
			continue;
		}
		if (!durable_read(
			c->path, c->msg, sizeof(c->msg), &c->len, e) ||
		    !message_get_answer(c->msg, c->len, &c->answer, e) ||
		    !publish(c, &ours, e))
			return false;
		if (ours)
			return bring(c, e);
	}
	return err_set(e, ERR_BUSY,
	    "other downloads came first %d times: try it again", TRIES);
}

bool
lab_credit(struct lab *lab, struct vault *v, const struct lab_granted *what,
    uint32_t *sequence, struct err *e)
{
	struct crediting c = {.lab = lab, .v = v, .amount = what->amount};
	char folder[PATH_MAX], name[PSD_ID + 40];
	bool done;
	int fd;

	snprintf(name, sizeof(name), "refunds/%s-%" PRIu32 "-credit", what->id,
	    what->number);
	if (!lab_path(lab, "refunds", folder, e) ||
	    !durable_mkdir(folder, SECRET_FOLDER, e) ||
	    !lab_path(lab, name, c.path, e))
		return false;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !flock_wait(fd, LOCK_EX, WAIT_MS)) {
		err_system(e, "lock %s", folder);
		if (fd >= 0)
			close(fd);
		return err_prefix(e, "lab");
	}
	done = credit(&c, e);
	close(fd);
	*sequence = c.answer.sequence;
	return done || err_prefix(e, "lab");
}
