/* SPDX-License-Identifier: Apache-2.0 */
/* opening: journal and rates */
#include "dispense/dispense_own.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/date.h"
#include "dispense/books.h"

static bool
make_folder(const char *path, struct err *e)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_system(e, "make folder %s", path);
	return true;
}

bool
dispense_open(
    const struct settings *settings, struct dispense **out, struct err *e)
{
	struct dispense *d = calloc(1, sizeof(*d));
	struct stat st;

	if (d == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	d->settings = settings;
	d->spool = -1;
	if (snprintf(d->books, sizeof(d->books), "%s/journal.db",
		settings->state_dir) >= (int)sizeof(d->books) ||
	    snprintf(d->folder, sizeof(d->folder), "%s/spool",
		settings->state_dir) >= (int)sizeof(d->folder)) {
		err_set(e, ERR_CONFIG, "[daemon] state-dir is too long");
		goto failed;
	}
	if (!make_folder(d->folder, e) ||
	    !journal_open(
		d->books, false, settings->wait_s * 1000, &d->journal, e))
		goto failed;
	if (stat(d->books, &st) != 0) {
		err_system(e, "look at %s", d->books);
		goto failed;
	}
	d->books_dev = st.st_dev;
	d->books_ino = st.st_ino;
	d->spool = open(d->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->spool < 0) {
		err_system(e, "open %s", d->folder);
		goto failed;
	}
	*out = d;
	return true;
failed:
	dispense_close(d);
	return false;
}

bool
dispense_is_current(const struct dispense *d)
{
	struct stat st;

	return stat(d->books, &st) == 0 && st.st_dev == d->books_dev &&
	       st.st_ino == d->books_ino;
}

void
dispense_close(struct dispense *d)
{
	if (d == NULL)
		return;
	pool_close(&d->pool);
	rates_free(d->rates);
	cost_free(d->costs);
	free(d->calendar);
	journal_close(d->journal);
	if (d->spool >= 0)
		close(d->spool);
	free(d);
}

void
dispense_set_time(struct dispense *d, time_t now)
{
	d->time = now;
}

time_t
dispense_now(const struct dispense *d)
{
	return d->time ? d->time : time(NULL);
}

uint32_t
dispense_today(const struct dispense *d)
{
	return date_local(dispense_now(d));
}

static int64_t
midnight(struct tm tm)
{
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

struct dispense_times
dispense_times(const struct dispense *d)
{
	struct dispense_times out;
	time_t now = dispense_now(d);
	struct tm tm;

	localtime_r(&now, &tm);
	out.day = midnight(tm);
	tm.tm_mday++;
	out.next_day = midnight(tm);
	tm.tm_mday--;
	tm.tm_mday = 1;
	out.month = midnight(tm);
	return out;
}

/* Where two persons are wanted, the table is one that a second approved. */
static bool
check_approved(struct dispense *d, const char *text, size_t len, struct err *e)
{
	uint8_t sha[JOURNAL_HASH];
	bool yes;

	if (d->settings->rates_persons < 2)
		return true;
	if (EVP_Digest(text, len, sha, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_SYSTEM, "no hash of the rate table");
	if (!books_rates_approved(d->journal, sha, &yes, e))
		return false;
	return yes ||
	       err_set(e, ERR_CONFIG,
		   "%s is not a rate table that two persons agreed on: postage "
		   "rates import, then approve (rates-persons in postage.conf)",
		   d->settings->rates);
}

bool
dispense_rates(struct dispense *d, struct err *e)
{
	char *text;
	size_t len;
	bool done;

	if (d->rates)
		return true;
	if (!rates_read(d->settings->rates, &text, &len, e))
		return false;
	done = check_approved(d, text, len, e) &&
	       rates_parse(text, len, d->settings->rates, &d->rates, e);
	free(text);
	return done;
}
