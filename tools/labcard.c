/* SPDX-License-Identifier: Apache-2.0 */
/* postage-labcard: see docs/postage-labcard.1. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/log.h"
#include "tools/labcard_chip.h"
#include "tools/vpcd.h"

#define CARDS_MAX 16
#define AGAIN_MS  50 /* between two looks for the reader */

enum { EXIT_DONE, EXIT_TROUBLE, EXIT_USAGE };

static const char usage[] =
    "usage: postage-labcard [options] CARD...\n"
    "\n"
    "Puts postage cards, files, into the virtual readers of vpcd; a file that\n"
    "is not there becomes a blank card.\n"
    "\n"
    "  --slot N         the first card's reader (default 0)\n"
    "  --reader HOST    where pcscd runs (default localhost)\n"
    "  --protocol NAME  t1 (default) or t0\n"
    "  --latency MS     time that a signature takes\n"
    "  --clock DATE     a card that knows the date\n"
    "  --tear-after N   power ends within the N-th word that is written\n"
    "  --drop-answer N  power ends before the N-th answer goes out\n"
    "  --mute-after N   no answer any more after N commands\n"
    "  --once           end when the reader goes away\n"
    "  --help, --version\n";

struct options {
	const char *host;
	unsigned slot;
	bool t0, once;
	uint32_t clock;
	int latency_ms;
	long tear_after, drop_answer, mute_after;
};

/* A card while it is in a reader. */
struct lab {
	struct options *o;
	struct chip chip;
	struct vpcd vpcd;
	long commands;
};

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void
catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

/* --- in the reader ----------------------------------------------------------------- */

/* ISO 7816-3.  T=1: TS, T0, TD1, TD2, "PSDv1", TCK. */
static bool
answer_reset(struct lab *l, struct err *e)
{
	static const uint8_t t0[] = {0x3b, 0x05, 'P', 'S', 'D', 'v', '1'};
	static const uint8_t t1[] = {
	    0x3b, 0x85, 0x80, 0x01, 'P', 'S', 'D', 'v', '1', 0x04};

	return l->o->t0 ? vpcd_answer(&l->vpcd, t0, sizeof(t0), e)
			: vpcd_answer(&l->vpcd, t1, sizeof(t1), e);
}

/* What the hand at the plug does; each once. */
static bool
power_ended(struct lab *l, struct err *e)
{
	if (l->chip.dark)
		return !err_set(
		    e, ERR_ABSENT, "power ended in word %ld", l->o->tear_after);
	if (l->commands == l->o->drop_answer)
		return !err_set(e, ERR_ABSENT, "power ended before answer %ld",
		    l->o->drop_answer);
	return false;
}

static void
never_answer(void)
{
	log_info("no answer any more");
	while (!stop)
		pause();
}

static bool
run_command(
    struct lab *l, const uint8_t *command, size_t command_len, struct err *e)
{
	uint8_t out[CARD_REPLY_MAX + 2];
	size_t len;

	if (l->o->mute_after > 0 && l->commands >= l->o->mute_after)
		never_answer();
	l->commands++;
	card_app_exchange(&l->chip.app, command, command_len, out, &len);
	return chip_keep(&l->chip, e) && !power_ended(l, e) &&
	       vpcd_answer(&l->vpcd, out, len, e);
}

static bool
serve_one(struct lab *l, struct err *e)
{
	const uint8_t *bytes;
	enum vpcd_kind kind;
	size_t len;

	if (!vpcd_read(&l->vpcd, &kind, &bytes, &len, e))
		return false;
	switch (kind) {
	case VPCD_ATR: return answer_reset(l, e);
	case VPCD_COMMAND: return run_command(l, bytes, len, e);
	case VPCD_NOTHING: return true;
	case VPCD_OFF:
	case VPCD_ON:
	case VPCD_RESET: chip_power(&l->chip); return true;
	}
	return true;
}

/* The plug is in again: what the hand did it did. */
static void
again(struct lab *l)
{
	if (l->chip.dark)
		l->o->tear_after = l->chip.tear_after = 0;
	if (l->commands == l->o->drop_answer)
		l->o->drop_answer = 0;
	l->chip.dark = false;
}

static void
wait_a_moment(void)
{
	struct timespec pause = {.tv_nsec = AGAIN_MS * 1000000L};

	nanosleep(&pause, NULL);
}

/* From the reader's coming to its going. */
static bool
visit(struct lab *l, struct err *e)
{
	bool done = true;

	if (!vpcd_connect(&l->vpcd, l->o->host, VPCD_PORT + l->o->slot, e))
		return false;
	chip_power(&l->chip);
	log_info("the card is in reader %u", l->o->slot);
	while (done && !stop)
		done = serve_one(l, e);
	vpcd_close(&l->vpcd);
	again(l);
	return done;
}

static int
serve(struct options *o, const char *path)
{
	struct lab *l = calloc(1, sizeof(*l));
	struct err e = ERR_INIT, last = ERR_INIT;
	int status = EXIT_DONE;

	if (l == NULL || !chip_open(&l->chip, path, &e)) {
		log_error("%s", l == NULL ? "no memory" : e.text);
		free(l);
		return EXIT_TROUBLE;
	}
	l->o = o;
	l->chip.app.t0 = o->t0;
	l->chip.app.clock = o->clock;
	l->chip.signature_ms = o->latency_ms;
	l->chip.tear_after = o->tear_after;
	while (!stop && !visit(l, &e)) {
		if (strcmp(e.text, last.text) != 0)
			log_info("%s", e.text);
		last = e;
		if (e.kind != ERR_ABSENT) {
			log_error("%s", e.text);
			status = EXIT_TROUBLE;
			break;
		}
		if (o->once && l->commands > 0)
			break;
		wait_a_moment();
	}
	chip_close(&l->chip);
	free(l);
	return status;
}

/* --- several cards -------------------------------------------------------------------- */

/* Each has a process of its own, as it has its own chip. */
static int
serve_all(struct options *o, char **paths, int count)
{
	pid_t pids[CARDS_MAX];
	int status = EXIT_DONE, got;

	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			o->slot += (unsigned)i;
			exit(serve(o, paths[i]));
		}
	}
	for (int i = 0; i < count;) {
		if (stop)
			for (int j = i; j < count; j++)
				if (pids[j] > 0)
					kill(pids[j], SIGTERM);
		if (pids[i] > 0 && waitpid(pids[i], &got, 0) < 0 &&
		    errno == EINTR)
			continue;
		if (pids[i] < 0 || !WIFEXITED(got) || WEXITSTATUS(got) != 0)
			status = EXIT_TROUBLE;
		i++;
	}
	return status;
}

/* --- options --------------------------------------------------------------------------- */

enum {
	OPT_SLOT = 256,
	OPT_READER,
	OPT_PROTOCOL,
	OPT_LATENCY,
	OPT_CLOCK,
	OPT_TEAR,
	OPT_DROP,
	OPT_MUTE,
	OPT_ONCE,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
    {"slot", required_argument, NULL, OPT_SLOT},
    {"reader", required_argument, NULL, OPT_READER},
    {"protocol", required_argument, NULL, OPT_PROTOCOL},
    {"latency", required_argument, NULL, OPT_LATENCY},
    {"clock", required_argument, NULL, OPT_CLOCK},
    {"tear-after", required_argument, NULL, OPT_TEAR},
    {"drop-answer", required_argument, NULL, OPT_DROP},
    {"mute-after", required_argument, NULL, OPT_MUTE},
    {"once", no_argument, NULL, OPT_ONCE},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static bool
number(const char *text, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *out >= 0 &&
	    *out <= max)
		return true;
	log_error("\"%s\" is no number from 0 to %ld", text, max);
	return false;
}

static bool
take_option(struct options *o, int option, const char *value)
{
	long n = 0;

	switch (option) {
	case OPT_SLOT:
		if (!number(value, CARDS_MAX - 1, &n))
			return false;
		o->slot = (unsigned)n;
		return true;
	case OPT_READER: o->host = value; return true;
	case OPT_PROTOCOL:
		o->t0 = strcmp(value, "t0") == 0;
		if (o->t0 || strcmp(value, "t1") == 0)
			return true;
		log_error("--protocol %s: write t0 or t1", value);
		return false;
	case OPT_LATENCY:
		if (!number(value, 60000, &n))
			return false;
		o->latency_ms = (int)n;
		return true;
	case OPT_CLOCK:
		if (date_parse(value, &o->clock))
			return true;
		log_error("--clock %s: write a date as 2026-11-21", value);
		return false;
	case OPT_TEAR: return number(value, LONG_MAX, &o->tear_after);
	case OPT_DROP: return number(value, LONG_MAX, &o->drop_answer);
	case OPT_MUTE: return number(value, LONG_MAX, &o->mute_after);
	case OPT_ONCE: o->once = true; return true;
	default: return false;
	}
}

int
main(int argc, char **argv)
{
	struct options o = {.host = "localhost"};
	int option;

	log_open(LOG_PLAIN, "postage-labcard");
	while (
	    (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPT_HELP) {
			fputs(usage, stdout);
			return EXIT_DONE;
		}
		if (option == OPT_VERSION) {
			puts("postage-labcard " PACKAGE_VERSION);
			return EXIT_DONE;
		}
		if (!take_option(&o, option, optarg))
			return EXIT_USAGE;
	}
	if (optind == argc || argc - optind > CARDS_MAX) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	catch_signals();
	return argc - optind == 1 ? serve(&o, argv[optind])
				  : serve_all(&o, argv + optind, argc - optind);
}
