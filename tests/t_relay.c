/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "backend/relay.h"

static const struct funds funds = {
    .descending = 42000, .low = 10000, .full = 100000};

static void
is_line(const struct relay *r, const char *in, const char *want)
{
	char out[RELAY_LINE_MAX];

	if (want == NULL)
		ok(!relay_line(r, in, out), in);
	else {
		ok(relay_line(r, in, out), in);
		is_str(out, want, in);
	}
}

static void
words_for_people_pass_clean(void **state)
{
	struct relay r;

	(void)state;
	relay_init(&r, "socket://printer");
	is_line(&r, "INFO: Connected", "INFO: Connected");
	is_line(&r, "ERROR:   No paper", "ERROR: No paper");
	is_line(&r, "no prefix", "DEBUG: no prefix");
	is_line(&r, "DEBUG2: \033[31mred\001", "DEBUG2: ?[31mred?");
	is_line(&r, "INFORMATION: x", "DEBUG: INFORMATION: x");
	is_line(&r, "recoverable: x", "DEBUG: recoverable: x");
	is_line(&r, "", NULL);
}

static void
lines_that_change_the_queue_are_dropped(void **state)
{
	struct relay r;

	(void)state;
	relay_init(&r, "socket://printer");
	is_line(&r, "PPD: DefaultPageSize=A4", NULL);
	is_line(&r, "PPD:cupsFilter=x", NULL);
	is_line(&r, "PAGE: 1 3", NULL);
	is_line(&r, "JOBSTATE: cups-retry-as-raster", NULL);
	is_line(&r, "JOBSTATE: a b", NULL);
	is_line(&r, "JOBSTATE: account-closed", "JOBSTATE: account-closed");
}

static void
state_reasons_never_wipe_others(void **state)
{
	struct relay r;

	(void)state;
	relay_init(&r, "socket://printer");
	is_line(&r, "STATE: +cups-waiting-for-job-completed",
	    "STATE: +cups-waiting-for-job-completed");
	is_line(&r, "STATE: -media-empty-error,toner-low-warning",
	    "STATE: -media-empty-error,toner-low-warning");
	is_line(&r, "STATE: media-jam", "STATE: +media-jam");
	is_line(&r, "STATE: none", NULL);
	is_line(&r, "STATE: +A\"b", NULL);
	is_line(&r, "STATE: +ok,B ad,fine", "STATE: +ok,ad,fine");
}

static void
the_postage_joins_the_printers_supplies(void **state)
{
	struct relay r;

	(void)state;
	relay_init(&r, "socket://printer");
	is_line(&r, "ATTR: marker-levels=10,20", "ATTR: marker-levels=10,20");
	relay_set_funds(&r, &funds);
	is_line(
	    &r, "ATTR: marker-levels=10,20", "ATTR: marker-levels=10,20,42");
	is_line(&r,
	    "ATTR: marker-colors=#000000,#FF00FF marker-names='\"Black "
	    "ink\",\"Red ink\"' marker-types=ink,ink",
	    "ATTR: marker-colors=#000000,#FF00FF,#00AA00 marker-names='\"Black "
	    "ink\",\"Red ink\",Postage' marker-types=ink,ink,other");
	is_line(&r, "ATTR: marker-low-levels=5 marker-high-levels=100",
	    "ATTR: marker-low-levels=5,10 marker-high-levels=100,100");
	is_line(&r, "ATTR: marker-names=\"Black\",\"Red\"",
	    "ATTR: marker-names=\"Black\",\"Red\",Postage");
	is_line(&r, "ATTR: marker-message=\"low ink\"",
	    "ATTR: marker-message=\"low ink\"");
}

static void
only_known_attributes_pass(void **state)
{
	struct relay r;

	(void)state;
	relay_init(&r, "socket://printer");
	is_line(&r, "ATTR: printer-name=x", NULL);
	is_line(&r, "ATTR: auth-info-required=username,password",
	    "ATTR: auth-info-required=username,password");
	is_line(&r, "ATTR: evil=1 job-media-progress=50",
	    "ATTR: job-media-progress=50");
	/* what the scheduler would take for two */
	is_line(&r, "ATTR: marker-message=\\' evil=none",
	    "ATTR: marker-message=\\'");
	is_line(&r, "ATTR: marker-message=\\' evil=none x'", NULL);
	is_line(&r, "ATTR: marker-names='a\\' b=c' evil=1",
	    "ATTR: marker-names='a\\' b=c'");
	is_line(&r, "ATTR: marker-message={ marker-colors=none", NULL);
	is_line(&r, "ATTR: marker-levels", NULL);
	is_line(&r, "ATTR: marker-names=\"open", NULL);
	is_line(&r, "ATTR:", NULL);
}

static void
credentials_are_starred_out(void **state)
{
	struct relay r;

	(void)state;
	relay_init(&r, "ipps://me:s3c@ret@printer/ipp/print?x=y@z");
	is_line(&r, "DEBUG: uri is ipps://me:s3c@ret@printer/ipp",
	    "DEBUG: uri is ipps://**********@printer/ipp");
	relay_init(&r, "usb://HP/LaserJet?serial=a@b");
	is_line(&r, "DEBUG: HP", "DEBUG: HP");
}

struct seen {
	char text[8192];
	int lines;
};

static void
note(void *context, const char *line)
{
	struct seen *s = context;

	s->lines++;
	if (strlen(s->text) + strlen(line) + 2 < sizeof(s->text)) {
		strcat(s->text, line);
		strcat(s->text, "|");
	}
}

static void
bytes_become_lines_wherever_they_are_cut(void **state)
{
	static const char in[] = "INFO: one\nPPD: x\nERROR: tw\0o\rPPD: y\nend";
	struct relay r;

	(void)state;
	for (size_t cut = 0; cut < sizeof(in); cut++) {
		struct seen s = {.lines = 0};

		relay_init(&r, "socket://printer");
		relay_feed(&r, in, cut, note, &s);
		relay_feed(&r, in + cut, sizeof(in) - 1 - cut, note, &s);
		relay_end(&r, note, &s);
		is_str(s.text, "INFO: one|ERROR: tw?o?PPD: y|DEBUG: end|",
		    "lines");
	}
}

static void
a_line_too_long_stays_one_line(void **state)
{
	struct seen s = {.lines = 0};
	struct relay r;
	char in[5000];

	(void)state;
	memset(in, 'x', sizeof(in));
	memcpy(in, "INFO: ", 6);
	memcpy(in + 3000, "PPD: y", 6);
	in[sizeof(in) - 1] = '\n';
	relay_init(&r, "socket://printer");
	relay_feed(&r, in, sizeof(in), note, &s);
	is_int(s.lines, 1, "lines");
	ok(strstr(s.text, "PPD") == NULL, "its end is gone");
	relay_feed(&r, "INFO: next\n", 11, note, &s);
	is_int(s.lines, 2, "the next one is whole");
}

static void
low_funds_show_in_the_printers_state(void **state)
{
	struct funds low = funds;
	struct seen s = {.lines = 0};
	struct relay r;

	(void)state;
	relay_init(&r, "socket://printer");
	relay_show_funds(&r, note, &s);
	is_int(s.lines, 0, "unknown funds are not shown");
	relay_set_funds(&r, &funds);
	relay_show_funds(&r, note, &s);
	is_str(s.text,
	    "ATTR: marker-message=\"Postage 42.00\" marker-colors=#00AA00 "
	    "marker-names=Postage marker-types=other marker-levels=42 "
	    "marker-low-levels=10 marker-high-levels=100|"
	    "STATE: -marker-supply-low-warning|"
	    "STATE: -postage-funds-low-warning|"
	    "STATE: -postage-budget-low-warning|",
	    "enough");
	s = (struct seen){.lines = 0};
	low.descending = 9999;
	relay_set_funds(&r, &low);
	relay_show_funds(&r, note, &s);
	ok(strstr(s.text, "STATE: +postage-funds-low-warning") != NULL, "low");
	ok(strstr(s.text, "STATE: -postage-budget-low-warning") != NULL, "one");
	strcpy(low.budget, "office");
	relay_set_funds(&r, &low);
	relay_show_funds(&r, note, &s);
	ok(strstr(s.text, "STATE: +postage-budget-low-warning") != NULL, "two");
	is_int(relay_level(&low), 9, "rounded down");
	low.full = 0;
	is_int(relay_level(&low), 100, "no full mark");
	low.descending = 0;
	is_int(relay_level(&low), 0, "empty");
}

static void
no_line(void *context, const char *line)
{
	(void)context;
	(void)line;
}

static void
say_line(struct relay *r, const char *line)
{
	relay_feed(r, line, strlen(line), no_line, NULL);
}

static void
a_printer_is_reached_when_connecting_is_taken_back(void **state)
{
	struct relay r;

	(void)state;
	relay_init(&r, "socket://printer");
	ok(!relay_unreached(&r), "nothing was said");
	say_line(&r, "STATE: +connecting-to-device\n"
		     "STATE: -connecting-to-device\n");
	ok(!relay_unreached(&r), "a name was looked up");
	say_line(&r, "INFO: DEBUG: Connecting to printer:9100\n");
	ok(!relay_unreached(&r), "words for people");
	say_line(&r, "DEBUG: Connecting to printer:9100\n");
	ok(relay_unreached(&r), "it connects");
	say_line(&r, "STATE: -media-empty\nINFO: Connected to printer.\n");
	ok(relay_unreached(&r), "still");
	say_line(&r, "DEBUG: Connected to printer:9100...\n");
	ok(!relay_unreached(&r), "it has");
	say_line(&r, "DEBUG: Connecting to printer:9100\n");
	ok(!relay_unreached(&r), "once is enough");
	relay_init(&r, "lpd://printer");
	say_line(&r, "DEBUG: Connecting to printer:515 for printer x\n"
		     "STATE: -connecting-to-device\n");
	ok(!relay_unreached(&r), "the state alone");
	relay_init(&r, "usb://printer");
	say_line(&r, "DEBUG: Connecting to printer:515\n");
	ok(!relay_unreached(&r), "of others nothing is known");
}

/* Starts an ipp that has connected. */
static void
ipp_connected(struct relay *r)
{
	relay_init(r, "ipps://printer/ipp/print");
	say_line(r, "DEBUG: Connecting to printer:631\n"
		    "STATE: -connecting-to-device\n"
		    "DEBUG: Connected to printer:631...\n"
		    "DEBUG: Validate-Job IPP/2.0\n"
		    "DEBUG: Validate-Job: successful-ok (successful-ok)\n"
		    "DEBUG: Create-Job IPP/2.0\n");
	ok(relay_unreached(r), "there is no job yet");
}

static void
a_busy_ipp_printer_has_nothing(void **state)
{
	static const char *const has[] = {
	    "DEBUG: Create-Job: successful-ok (successful-ok)\n",
	    "DEBUG: Create-Job: successful-ok-ignored-or-substituted-attributes"
	    " (successful-ok)\n",
	    "DEBUG: Send-Document IPP/2.0\n", "DEBUG: Print-Job IPP/2.0\n"};
	struct relay r;

	(void)state;
	ipp_connected(&r);
	say_line(&r, "DEBUG: Create-Job: server-error-busy (printing)\n");
	ok(relay_unreached(&r), "busy");
	for (size_t i = 0; i < sizeof(has) / sizeof(has[0]); i++) {
		ipp_connected(&r);
		say_line(&r, has[i]);
		ok(!relay_unreached(&r), has[i]);
		say_line(&r, "DEBUG: Create-Job: server-error-busy (x)\n");
		ok(!relay_unreached(&r), "and stays so");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(words_for_people_pass_clean),
	    T(lines_that_change_the_queue_are_dropped),
	    T(state_reasons_never_wipe_others),
	    T(the_postage_joins_the_printers_supplies),
	    T(only_known_attributes_pass),
	    T(credentials_are_starred_out),
	    T(bytes_become_lines_wherever_they_are_cut),
	    T(a_line_too_long_stays_one_line),
	    T(low_funds_show_in_the_printers_state),
	    T(a_printer_is_reached_when_connecting_is_taken_back),
	    T(a_busy_ipp_printer_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
