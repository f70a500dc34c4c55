/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage doctor: looks at everything a stamp passes, and says of what is
 * wrong what to do about it.
 */
#include <cups/cups.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/mils.h"
#include "dispense/client.h"
#include "dispense/device.h"
#include "dispense/dispense.h"
#include "dispense/gate.h"
#include "dispense/qualification.h"
#include "dispense/settings.h"
#include "tools/cupsd.h"
#include "tools/doctor_card.h"
#include "tools/doctor_remote.h"
#include "tools/out.h"
#include "tools/policy.h"
#include "tools/postage.h"
#include "tools/rules.h"

#define START_DAEMON                                    \
	"systemctl enable --now postage-vaultd.socket " \
	"(without systemd: postage-vaultd &, as root)"

struct doctor {
	struct out *out;
	const char *conf;
	struct settings settings;
	http_t *http;
	int faults, queues;
	bool json;
	char serverbin[PATH_MAX];
};

static void
report(struct doctor *d, const char *what, bool good, const char *detail,
    const char *remedy)
{
	if (d->json)
		out_row(d->out, (const char *[]){good ? "ok" : "FAULT", what,
				    detail, good ? "" : remedy});
	else
		printf("%-5s  %s: %s\n", good ? "ok" : "FAULT", what, detail);
	if (!d->json && !good && *remedy)
		printf("       -> %s\n", remedy);
	if (!good)
		d->faults++;
}

static void
report_err(
    struct doctor *d, const char *what, const struct err *e, const char *remedy)
{
	report(d, what, false, e->text, remedy);
}

/* --- files ------------------------------------------------------------------ */
static void
check_program(struct doctor *d, const char *name, mode_t mode)
{
	char path[PATH_MAX + 64], detail[PATH_MAX + 128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", d->serverbin, name);
	snprintf(detail, sizeof(detail), "%s", path);
	if (stat(path, &st) != 0) {
		report(d, name, false, detail,
		    "install the package again; it belongs there");
		return;
	}
	snprintf(detail, sizeof(detail), "%s, mode %04o, owner %u", path,
	    (unsigned)(st.st_mode & 07777), (unsigned)st.st_uid);
	report(d, name, (st.st_mode & 07777) == mode && st.st_uid == 0, detail,
	    mode == 0700 ? "chown root it and chmod 0700 it: the scheduler "
			   "runs it as root only then"
			 : "chown root it and chmod 0755 it");
}

static bool
file_has(const char *path, const char *text)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = line[0] != '#' && strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return found;
}

/* The scheduler reads its data folder and its own. */
static void
check_mime(struct doctor *d, const char *name, const char *text)
{
	const char *root = getenv("CUPS_SERVERROOT");
	char path[2][PATH_MAX];
	bool found = false;

	snprintf(path[0], PATH_MAX, "%s/mime/%s", POSTAGE_CUPSDATA, name);
	snprintf(path[1], PATH_MAX, "%s/%s",
	    root && *root == '/' ? root : "/etc/cups", name);
	for (int i = 0; i < 2 && !found; i++)
		found = file_has(path[i], text);
	report(d, name, found, found ? "in place" : path[0],
	    "install the package again and restart cups");
}

/* --- daemon and vault --------------------------------------------------------- */
static void
check_socket(struct doctor *d)
{
	struct passwd *lp = getpwnam(d->settings.printing_user);
	char detail[PATH_MAX + 64];
	struct stat st;
	bool good = stat(d->settings.socket, &st) == 0 && S_ISSOCK(st.st_mode);

	if (!good) {
		snprintf(detail, sizeof(detail),
		    "%s is not there: postage-vaultd does not run",
		    d->settings.socket);
		report(d, "daemon's socket", false, detail, START_DAEMON);
		return;
	}
	good = st.st_uid == 0 && lp && st.st_gid == lp->pw_gid &&
	       (st.st_mode & 07777) == 0660;
	report(d, "daemon's socket", good, d->settings.socket,
	    "it must be 0660 and belong to root and the printing group: "
	    "systemctl restart postage-vaultd.socket");
}

static void
check_budget(struct doctor *d, const struct funds *f)
{
	char detail[128], left[MILS_TEXT], low[MILS_TEXT];

	if (f->budget[0] == '\0')
		return;
	snprintf(detail, sizeof(detail),
	    "group %s: %s is left of its month, its alarm is at %s", f->budget,
	    mils_format(f->budget_left, left), mils_format(f->budget_low, low));
	report(d, "budget", false, detail,
	    "wait for the next month, or raise month of that group in "
	    "postage.conf");
}

static void
check_daemon(struct doctor *d)
{
	struct job job = {.queue = ""};
	struct client *c = NULL;
	struct funds funds;
	struct err e = ERR_INIT;
	char detail[256], sum[MILS_TEXT];

	if (geteuid() != 0) {
		report(d, "vault", true, "not asked: this needs root", "");
		return;
	}
	if (!client_open(d->settings.socket, ROLE_STATUS, &job, &c, &e) ||
	    !client_status(c, &funds, &e)) {
		report_err(d, "vault", &e,
		    c == NULL ? "start the daemon, then run this again"
			      : "postage vault status shows more");
	} else {
		snprintf(detail, sizeof(detail), "%.100s, PSD %.31s, %s left",
		    funds.vault, funds.psd_id,
		    mils_format(funds.descending, sum));
		report(d, "vault", funds.descending > funds.low, detail,
		    strncmp(funds.vault, "https:", 6) == 0
			? "the funds are low: pay in at the provider"
			: "the funds are low: postage vault refill SUM");
		check_budget(d, &funds);
	}
	client_close(c);
}

static void
check_pin(struct doctor *d)
{
	const char *path = d->settings.pin_file;
	struct stat st;

	if (geteuid() != 0 || path[0] != '/')
		return;
	if (stat(path, &st) != 0)
		report(d, "PIN", false, path,
		    "no such file: write the PIN into it, mode 0600, owner "
		    "postage");
	else if (dispense_pin_was_refused(&d->settings))
		report(d, "PIN", false, "the one in the file was refused",
		    "put the right PIN into the file that pin-file names; it "
		    "is not tried again before");
	else
		report(d, "PIN", (st.st_mode & 077) == 0, path,
		    "chmod 0600 it: others can read the PIN");
}

static void
check_user(struct doctor *d)
{
	struct passwd *pw = getpwnam("postage");
	struct stat st;
	char detail[PATH_MAX + 64];
	uid_t uid = pw ? pw->pw_uid : 0;

	report(d, "user postage", pw != NULL, pw ? "exists" : "missing",
	    "systemd-sysusers");
	snprintf(detail, sizeof(detail), "%s", d->settings.state_dir);
	report(d, "state folder",
	    pw && stat(d->settings.state_dir, &st) == 0 && st.st_uid == uid &&
		(st.st_mode & 077) == 0,
	    detail,
	    "it must be user postage's and closed to all others: "
	    "systemd-tmpfiles --create");
}

/* --- scheduler and queues ------------------------------------------------------- */
static void
check_queue_printer(struct doctor *d, const struct cupsd_queue *q)
{
	char secret[PATH_MAX], path[PATH_MAX + 64], what[QUEUE_MAX + 32];
	struct device device;
	struct err e = ERR_INIT;
	struct stat st;

	snprintf(what, sizeof(what), "%s: printer", q->name);
	if (geteuid() != 0)
		return;
	if (!device_secret_path(d->conf, q->name, secret, sizeof(secret), &e) ||
	    !device_load(q->device_uri, secret, &device, &e)) {
		report_err(d, what, &e, "postage queue add it again");
		return;
	}
	snprintf(
	    path, sizeof(path), "%s/backend/%s", d->serverbin, device.scheme);
	report(d, what,
	    stat(path, &st) == 0 && st.st_uid == 0 && (st.st_mode & 022) == 0,
	    device.shown, "its backend is missing or writable by others");
}

/* Rules by name are worth as much as the name. */
static void
check_names(struct doctor *d, const struct cupsd_queue *q)
{
	struct queue_settings rules;
	char what[QUEUE_MAX + 32];
	struct err e = ERR_INIT;
	bool wants;

	settings_queue(&d->settings, q->name, &rules);
	if (geteuid() != 0 ||
	    (rules.users[0] == '\0' && rules.limits.user_day < 0 &&
		rules.limits.user_month < 0))
		return;
	snprintf(what, sizeof(what), "%s: users", q->name);
	if (!policy_wants_login(d->http, &wants, &e))
		report_err(d, what, &e, "run as root");
	else
		report(d, what, wants,
		    wants ? "log in to print"
			  : "postage.conf has rules for users, but anybody can "
			    "print under any name",
		    "in cupsd.conf, <Policy postage>, <Limit Create-Job "
		    "Print-Job ...>: AuthType Default, Require valid-user");
}

/* Stamps that do not scan are worth nothing: once a year, and after each
 * change, somebody looks. */
static void
check_print(struct doctor *d, const struct cupsd_queue *q)
{
	char path[PATH_MAX], what[QUEUE_MAX + 32], detail[512];
	struct qualification last;
	struct err e = ERR_INIT;
	const char *stale;

	snprintf(what, sizeof(what), "%s: print", q->name);
	if (!qualification_path(d->conf, q->name, path, sizeof(path), &e) ||
	    !qualification_load(path, &last, &e)) {
		report_err(d, what, &e, "look at who changed it");
		return;
	}
	if (last.date == 0) {
		report(d, what, true,
		    "never measured: postage calibrate prints a test sheet, "
		    "postage-verify --qualify reads its scan",
		    "");
		return;
	}
	stale = qualification_stale(
	    &last, date_local(time(NULL)), q->model, q->device_uri);
	snprintf(detail, sizeof(detail), "grade %c on %08u (%s)%s%s",
	    last.grade, last.date, last.figures, *stale ? "; it " : "", stale);
	report(d, what, *stale == '\0' && last.grade <= 'C', detail,
	    "postage calibrate QUEUE, then postage-verify --qualify QUEUE "
	    "SCAN");
}

static bool
check_queue(void *context, const struct cupsd_queue *q)
{
	struct doctor *d = context;
	char path[PATH_MAX] = "", what[QUEUE_MAX + 32];
	char advice[QUEUE_MAX + 128];
	struct gate gate;
	struct err e = ERR_INIT;

	if (strncmp(q->device_uri, "postage:/", 9) != 0)
		return true;
	d->queues++;
	snprintf(what, sizeof(what), "%s: queue", q->name);
	snprintf(advice, sizeof(advice),
	    q->shared ? "lpadmin -p %s -o printer-is-shared=false, or limit "
			"its users in postage.conf"
		      : "read why with lpstat -p %s, then cupsenable and "
			"cupsaccept it",
	    q->name);
	report(d, what,
	    q->accepting && q->state != IPP_PSTATE_STOPPED && !q->shared,
	    !q->accepting		     ? "takes no jobs"
	    : q->state == IPP_PSTATE_STOPPED ? "is stopped"
	    : q->shared			     ? "is shared on the network"
					     : "takes jobs",
	    advice);
	if (!q->takes_pdf) {
		snprintf(what, sizeof(what), "%s: formats", q->name);
		report(d, what, false, "it does not take PDF",
		    "restart cups: it reads MIME rules only when it starts");
	}
	snprintf(what, sizeof(what), "%s: PPD", q->name);
	if (cupsd_ppd(d->http, q->name, path, sizeof(path), &e) &&
	    gate_load(path, &gate, &e))
		report(d, what, true, "goes through the gate", "");
	else
		report_err(d, what, &e, "postage queue add it again");
	if (path[0])
		unlink(path);
	check_queue_printer(d, q);
	check_names(d, q);
	check_print(d, q);
	return true;
}

static void
check_scheduler(struct doctor *d)
{
	struct err e = ERR_INIT;
	bool there;

	if (!cupsd_connect(&d->http, &e)) {
		report_err(d, "scheduler", &e, "systemctl start cups");
		return;
	}
	report(d, "scheduler", true, "answers", "");
	if (geteuid() == 0) {
		if (policy_is_there(d->http, &there, &e))
			report(d, "policy", there,
			    there ? "cupsd.conf has it" : "missing",
			    "postage queue add ... --add-policy");
		else
			report_err(d, "policy", &e, "run as root");
	}
	if (!cupsd_queues(d->http, check_queue, d, &e))
		report_err(d, "queues", &e, "");
	else if (d->queues == 0)
		report(d, "queues", false, "there is no postage queue",
		    "postage queue add NAME --printer QUEUE-OR-URI");
	httpClose(d->http);
}

static void
say_rule(void *context, const char *what, bool good, const char *detail,
    const char *remedy)
{
	report(context, what, good, detail, remedy);
}

static void
check_vaults(struct doctor *d)
{
	const struct queue_settings all = {.vaults = ""};
	struct vault_choice choice[POOL_MAX];
	size_t count = settings_vaults(&d->settings, &all, choice);

	for (size_t i = 0; i < count && geteuid() == 0; i++)
		if (strncmp(choice[i].uri, "card:", 5) == 0)
			doctor_card(&d->settings, &choice[i],
			    date_local(time(NULL)), say_rule, d);
		else if (strncmp(choice[i].uri, "https:", 6) == 0)
			doctor_remote(&d->settings, &choice[i],
			    date_local(time(NULL)), say_rule, d);
}

int
verb_doctor(int argc, char **argv, const struct options *options)
{
	static const struct out_column columns[] = {
	    {"result", "Result", OUT_TEXT}, {"what", "What", OUT_TEXT},
	    {"detail", "Detail", OUT_TEXT}, {"remedy", "Remedy", OUT_TEXT}};
	static struct doctor d;
	const char *serverbin = getenv("CUPS_SERVERBIN");
	struct err e = ERR_INIT;

	if (out_help(argc, argv, "postage doctor"))
		return 0;
	if (argc > 1)
		return out_usage("postage doctor");
	d.out = out_open(options);
	d.json = options->json;
	d.conf = options->config;
	snprintf(d.serverbin, sizeof(d.serverbin), "%s",
	    serverbin && *serverbin == '/' ? serverbin : POSTAGE_SERVERBIN);
	if (d.json)
		out_table(d.out, "checks", columns, 4);
	if (settings_load(options->config, &d.settings, &e)) {
		report(&d, "configuration", true, options->config, "");
		check_user(&d);
		check_socket(&d);
		check_daemon(&d);
		check_vaults(&d);
		check_pin(&d);
		rules_check(&d.settings, date_local(time(NULL)), say_rule, &d);
	} else {
		report_err(&d, "configuration", &e, "see postage.conf(5)");
	}
	check_program(&d, "filter/pdftopostage", 0755);
	check_program(&d, "backend/postage", 0700);
	check_mime(&d, "postage.types", "application/vnd.cups-postage-raster");
	check_mime(&d, "postage.convs", "pdftopostage");
	check_scheduler(&d);
	out_number(d.out, "faults", NULL, d.faults);
	if (d.faults == 0)
		out_note(d.out, "All is well.");
	out_close(d.out);
	return d.faults > 0;
}
