/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>

#include "tools/ppdread.h"
#include "tools/ppdwrap.h"

#define HEAD "*PPD-Adobe: \"4.3\"\n"

static char *wrapped;
static struct ppdwrap_report report;

static bool
wrap_with(const char *ppd, const struct ppdwrap_rules *rules, struct err *e)
{
	char *before = wrapped; /* `ppd` may be that */
	size_t len;
	FILE *out;
	bool done;

	wrapped = NULL;
	out = open_memstream(&wrapped, &len);
	ok(out != NULL, "memory");
	*e = (struct err)ERR_INIT;
	done = ppdwrap(ppd, strlen(ppd), rules, out, &report, e);
	fclose(out);
	free(before);
	return done;
}

static bool
wrap(const char *ppd, struct err *e)
{
	static const struct ppdwrap_rules plain = {.allow_foomatic = false};

	return wrap_with(ppd, &plain, e);
}

static void
has(const char *text, bool want)
{
	if ((strstr(wrapped, text) != NULL) != want)
		fail_at("%s %s in:\n%.3000s", text,
		    want ? "is not" : "should not be", wrapped);
}

static void
the_gate_stands_before_the_printers_own_filter(void **state)
{
	static const struct {
		const char *ppd, *want;
	} list[] = {
	    {"*cupsFilter: \"application/vnd.cups-raster 50 rastertolabel\"\n",
		"*cupsFilter: \"application/vnd.cups-postage-raster 0 "
		"postagedriver\""},
	    {"*cupsFilter: \"application/vnd.cups-pdf 0 drv\"\n"
	     "*cupsFilter: \"application/vnd.cups-raster 0 drv2\"\n",
		"*cupsFilter: \"application/vnd.cups-postage-raster 0 "
		"postagedriver\""},
	    {"*cupsFilter: \"application/vnd.cups-raster 0 old\"\n"
	     "*cupsFilter2: \"application/vnd.cups-raster x/y 0 maxsize(9) "
	     "new\"\n",
		"*cupsFilter2: \"application/vnd.cups-postage-raster x/y 0 "
		"postagedriver\""},
	    {"*cupsFilter2: \"application/vnd.cups-pdf application/pdf 10 "
	     "-\"\n*cupsFilter2: \"image/urf image/urf 100 -\"\n",
		"*cupsFilter2: \"application/vnd.cups-postage-urf image/urf "
		"0 -\""},
	    {"*cupsFilter2: \"image/urf image/urf 0 -\"\n"
	     "*cupsFilter2: \"image/pwg-raster image/pwg-raster 0 -\"\n",
		"*cupsFilter2: \"application/vnd.cups-postage-pwg "
		"image/pwg-raster 0 -\""},
	    {"*cupsFilter2: \"application/vnd.cups-pdf application/pdf 0 "
	     "-\"\n*cupsFilter: \"application/vnd.cups-raster 0 x\"\n",
		"*cupsFilter2: \"application/vnd.cups-postage-pdf "
		"application/pdf 0 -\""},
	    {"*LanguageLevel: \"2\"\n",
		"*cupsFilter2: \"application/vnd.cups-postage-pdf "
		"application/postscript 0 "
		"postagedriver\""},
	    {"*cupsFilter: \"application/vnd.cups-postscript 0 -\"\n",
		"*cupsFilter2: \"application/vnd.cups-postage-pdf "
		"application/postscript 0 "
		"postagedriver\""},
	    {"*cupsFilter: \"application/vnd.cups-postscript 0 drv\"\n",
		"*cupsFilter: \"application/vnd.cups-postage-pdf 0 "
		"postagedriver\""},
	    {"*cupsFilter2: \"image/pwg-raster x/y 0 drv\"\n",
		"*cupsFilter2: \"application/vnd.cups-postage-raster x/y 0 "
		"postagedriver\""},
	};
	static const char commandtops[] =
	    "2: \"application/vnd.cups-command application/postscript 0 "
	    "commandtops\"";
	char ppd[2048];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		const char *first;

		snprintf(ppd, sizeof(ppd), HEAD "%s", list[i].ppd);
		is_ok(wrap(ppd, &e), &e, list[i].ppd);
		is_str(report.filter, list[i].want, list[i].ppd);
		first = strstr(wrapped, "*cupsFilter");
		ok(first && !strncmp(first, list[i].want, strlen(list[i].want)),
		    "written");
		first = strstr(first + 1, "*cupsFilter");
		ok(first == NULL || strncmp(first + 11, commandtops,
					strlen(commandtops)) == 0,
		    "the only one for documents");
	}
}

static void
command_filters_stay_and_drivers_of_postscript_get_it(void **state)
{
	struct err e;

	(void)state;
	is_ok(wrap(HEAD "*cupsFilter: \"application/vnd.cups-raster 0 r\"\n"
			"*cupsFilter: \"application/vnd.cups-command 7 cmd\"\n"
			"*cupsCommands: \"Clean ReportLevels\"\n",
		  &e),
	    &e, "raster");
	has("*cupsFilter: \"application/vnd.cups-command 0 cmd\"\n", true);
	has("*cupsCommands: \"Clean ReportLevels\"\n", true);
	is_ok(
	    wrap(HEAD "*cupsFilter: \"application/vnd.cups-postscript 0 ps\"\n"
		      "*cupsFilter: \"application/vnd.cups-command 0 cmd\"\n"
		      "*cupsFilter: \"application/vnd.cups-command 0 -\"\n",
		&e),
	    &e, "PostScript with a driver");
	has("*cupsPostageDriver: \"pdftops ps\"\n", true);
	has("*cupsFilter: \"application/vnd.cups-command 0 cmd\"\n", true);
	has("cups-command 0 -", false);
	has("commandtops", false);
	is_ok(wrap(HEAD "*cupsFilter2: \"image/pwg-raster x/y 0 drv\"\n"
			"*cupsFilter2: \"application/vnd.cups-command c/d 0 "
			"cmd\"\n",
		  &e),
	    &e, "PWG raster with a driver");
	has("*cupsPostageDriver: \"rastertopwg drv\"\n", true);
	has("*cupsFilter2: \"application/vnd.cups-command c/d 0 cmd\"\n", true);
	is_ok(wrap(HEAD "*LanguageLevel: \"2\"\n*cupsCommands: \"none\"\n", &e),
	    &e, "PostScript without commands");
	has("commandtops", false);
	has("*cupsPostageDriver: \"pdftops\"\n", true);
}

static void
what_cannot_take_stamps_is_refused(void **state)
{
	static const char *const list[] = {"", "*LanguageLevel: \"2\"\n",
	    "text\n" HEAD,
	    HEAD "*cupsFilter: \"image/png 0 drv\"\n*LanguageLevel: \"2\"\n",
	    HEAD "*cupsFilter2: \"image/urf x/y 0 drv\"\n",
	    HEAD "*cupsFilter: \"application/vnd.cups-raster 0 ../drv\"\n",
	    HEAD "*cupsFilter: \"application/vnd.cups-raster 0 a;b\"\n",
	    HEAD "*cupsFilter: \"application/vnd.cups-postage-raster 0 r\"\n",
	    HEAD "*ModelName: \"x\"\n"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		ok(!wrap(list[i], &e), list[i]);
		is_err(&e, ERR_CONFIG, list[i]);
	}
}

static void
foomatic_needs_leave(void **state)
{
	static const char ppd[] =
	    HEAD "*FoomaticRIPCommandLine: \"gs -sDEVICE=x\"\n"
		 "*cupsFilter: \"application/vnd.cups-pdf 0 foomatic-rip\"\n";
	static const struct ppdwrap_rules allow = {.allow_foomatic = true};
	struct err e;

	(void)state;
	ok(!wrap(ppd, &e), "refused");
	is_err(&e, ERR_CONFIG, "kind");
	is_ok(wrap_with(ppd, &allow, &e), &e, "allowed");
	has("*FoomaticRIPCommandLine: \"gs -sDEVICE=x\"", true);
	has("*cupsPostageDriver: \"foomatic-rip\"", true);
}

/* What only the driver's name guards would be open by another way. */
static void
foomatic_does_not_come_in_by_another_door(void **state)
{
	static const char command[] =
	    HEAD "*cupsFilter: \"application/vnd.cups-raster 0 drv\"\n"
		 "*cupsFilter: \"application/vnd.cups-command 0 "
		 "foomatic-rip\"\n";
	static const char option[] =
	    HEAD "*cupsFilter: \"application/vnd.cups-raster 0 drv\"\n"
		 "*OpenUI *cupsPostageDriver/A: PickOne\n"
		 "*cupsPostageDriver: \"foomatic-rip\"\n"
		 "*CloseUI: *cupsPostageDriver\n"
		 "*OpenUI *FoomaticRIPCommandLine/B: PickOne\n"
		 "*FoomaticRIPCommandLine: \"id\"\n"
		 "*CloseUI: *FoomaticRIPCommandLine\n"
		 "*FoomaticRIPCommandLine: \"id\"\n"
		 "*cupsPostageDriver: \"foomatic-rip\"\n";
	static const struct ppdwrap_rules allow = {.allow_foomatic = true};
	struct err e;

	(void)state;
	ok(!wrap(command, &e), "printer commands");
	is_err(&e, ERR_CONFIG, "kind");
	is_ok(wrap_with(command, &allow, &e), &e, "allowed");
	is_ok(wrap(option, &e), &e, "names of options");
	has("*cupsPostageDriver: \"drv\"", true);
	has("oomatic", false);
}

static const char raster[] = HEAD
    "*NickName: \"Acme Laser\"\n"
    "*cupsFilter: \"application/vnd.cups-raster 0 rastertoacme\"\n"
    "*cupsManualCopies: False\n*cupsPreFilter: \"a/b 0 c\"\n"
    "*OpenUI *Tray/Paper tray: PickOne\n*OrderDependency: 10 AnySetup *Tray\n"
    "*DefaultTray: One\n*Tray One/First: \"<</x 1>>setpagedevice\"\n"
    "*Tray Two/Second: \"<</x 2>>\nsetpagedevice\n\"\n*End\n"
    "*CloseUI: *Tray\n*de.Tray One/Erster f\303\244ch: \"\"\n"
    "*CustomTray True: \"pop\"\n*ParamCustomTray Text/Name: 1 string 0 9\n"
    "*OpenUI *Copies/Copies: PickOne\n*DefaultCopies: 1\n"
    "*Copies 1/One: \"\"\n*Copies 2/Two: \"\"\n*CloseUI: *Copies\n"
    "*JCLOpenUI *JCLCollate/Collate: Boolean\n*JCLCollate True: \"\"\n"
    "*JCLCloseUI: *JCLCollate\n*de.Copies 1/Eine: \"\"\n"
    "*UIConstraints: *Tray Two *Copies 2\n*UIConstraints: *Tray One *Tray Two\n"
    "*AcmeSecret: \"x\"\n*?Tray: \"query\n\"\n*End\n"
    "*APDialogExtension: \"/x\"\n"
    "*Font Courier: Standard \"(1.05)\" Standard ROM\n";

static void
the_printers_own_options_stay(void **state)
{
	struct err e;

	(void)state;
	is_ok(wrap(raster, &e), &e, "wrap");
	has("*OpenUI *Tray/Paper tray: PickOne\n", true);
	has("*OrderDependency: 10 AnySetup *Tray\n", true);
	has("*DefaultTray: One\n*Tray One/First: \"<</x 1>>setpagedevice\"\n",
	    true);
	has("*Tray Two/Second: \"<</x 2>>\nsetpagedevice\n\"\n*End\n", true);
	has("*de.Tray One/Erster f\303\244ch: \"\"", true);
	has("*ParamCustomTray Text/Name: 1 string 0 9\n", true);
	has("*UIConstraints: *Tray One *Tray Two\n", true);
	has("*NickName: \"Acme Laser, postage\"", true);
	has("*Font Courier: Standard \"(1.05)\" Standard ROM\n", true);
}

static void
copies_are_no_business_of_the_printer(void **state)
{
	struct err e;

	(void)state;
	is_ok(wrap(raster, &e), &e, "wrap");
	has("*cupsManualCopies: True\n", true);
	has("raster 0 postagedriver\"\n", true);
	has("*cupsPostageDriver: \"rastertoacme\"\n", true);
	has("*cupsManualCopies: False", false);
	has("*cupsSingleFile: True\n", true);
	has("Copies 2", false);
	has("*DefaultCopies", false);
	has("*de.Copies", false);
	has("JCLCollate", false);
	has("cupsPreFilter", false);
}

static void
unknown_keywords_are_dropped_unless_named(void **state)
{
	static const char *const keep[] = {"AcmeSecret"};
	static const struct ppdwrap_rules rules = {
	    .keep = keep, .keep_count = 1};
	struct err e;

	(void)state;
	is_ok(wrap(raster, &e), &e, "wrap");
	has("AcmeSecret", false);
	has("APDialogExtension", false);
	has("*?Tray", false);
	is_int(report.dropped, 2, "dropped");
	is_str(report.first_dropped, "AcmeSecret", "first");
	is_ok(wrap_with(raster, &rules, &e), &e, "wrap");
	has("*AcmeSecret: \"x\"", true);
}

static void
the_postage_options_are_added(void **state)
{
	struct err e;

	(void)state;
	is_ok(wrap(raster, &e), &e, "wrap");
	has("*OpenGroup: Postage/Postage\n*OpenUI *PostageAmount/", true);
	has("*ParamCustomPostageSheet Text/", true);
	has("*CloseGroup: Postage\n", true);
	is_ok(wrap(wrapped, &e), &e, "again");
	ok(strstr(strstr(wrapped, "*OpenGroup: Postage") + 1,
	       "*OpenGroup: Postage") == NULL,
	    "once");
}

static void
read_ppd(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t len = f != NULL ? fread(out, 1, size - 1, f) : 0;

	ok(f != NULL && len > 0 && len < size - 1, path);
	out[len] = '\0';
	fclose(f);
}

/* The lines of our generic PPDs, which ppdc made of ppd/postage.drv. */
static bool
is_kept(const char *line)
{
	return strncmp(line, "*%", 2) == 0 ||
	       strncmp(line, "*cupsLanguages:", 15) == 0 ||
	       strncmp(line, "*cupsFilter:", 12) == 0 ||
	       strstr(wrapped, line) != NULL;
}

static void
our_own_ppds_come_out_as_they_were(void **state)
{
	static const char *const names[] = {"pwg", "ps", "pdf", "pdfprinter",
	    "pclxl", "pcl", "zpl", "epl1", "epl2", "dymo"};
	static char before[256 * 1024], once[256 * 1024];
	char path[64];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "ppd/postage-%s.ppd", names[i]);
		read_ppd(path, before, sizeof(before));
		is_ok(wrap(before, &e), &e, path);
		has(report.filter, true);
		ok(strstr(before, report.filter) != NULL, path);
		for (char *at = before, *end; (end = strchr(at, '\n')) != NULL;
		     at = end + 1) {
			*end = '\0';
			if (!is_kept(at))
				fail_at("%s: lost: %s", path, at);
		}
		ok(strlen(wrapped) < sizeof(once), "size");
		strcpy(once, wrapped);
		is_ok(wrap(once, &e), &e, path);
		is_str(wrapped, once, "the same again");
	}
	is_ok(wrap(raster, &e), &e, "a printer's own");
	strcpy(once, wrapped);
	is_ok(wrap(once, &e), &e, "again");
	is_str(wrapped, once, "the same again");
}

#define OURS HEAD "*cupsSingleFile: True\n"
#define GATE "*cupsFilter: \"application/vnd.cups-postage-raster 0 "

static void
a_ppd_that_says_it_is_ours_is_not_believed(void **state)
{
	static const char *const bad[] = {
	    OURS GATE "/bin/sh\"\n",
	    OURS GATE "rastertolabel\"\n",
	    OURS GATE "postagedriver\"\n",
	    OURS GATE "postagedriver\"\n*cupsPostageDriver: \"/bin/sh\"\n",
	    OURS GATE "postagedriver\"\n*cupsPostageDriver: \"a b\"\n",
	    OURS GATE "postagedriver\"\n"
		      "*cupsPostageDriver: \"pdftops a b\"\n",
	    OURS GATE "postagedriver\"\n"
		      "*cupsPostageDriver: \"pdftops /usr/bin/perl\"\n",
	    OURS GATE "postagedriver\"\n"
		      "*cupsPostageDriver: \"foomatic-rip\"\n",
	    OURS "*cupsFilter: \"application/vnd.cups-postage-zip 0 -\"\n",
	    OURS "*cupsFilter2: \"application/vnd.cups-postage-pdf a;b 0 "
		 "-\"\n",
	    OURS GATE "-\"\n*cupsFilter: \"application/vnd.cups-command 0 "
		      "/usr/bin/perl\"\n",
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!wrap(bad[i], &e), bad[i]);
		is_err(&e, ERR_CONFIG, bad[i]);
	}
	is_ok(
	    wrap(OURS GATE "-\"\n"
			   "*cupsFilter: \"application/vnd.cups-raster 0 r\"\n"
			   "*cupsPreFilter: \"a/b 0 /bin/sh\"\n"
			   "*cupsPostageDriver: \"/bin/sh\"\n"
			   "*cupsSingleFile: False\n",
		&e),
	    &e, "ways round the gate");
	has("cups-raster 0 r", false);
	has("/bin/sh", false);
	has("*cupsSingleFile: True\n", true);
	has("*cupsSingleFile: False", false);
}

static void
only_drivers_may_be_named(void **state)
{
	static const char *const paths[] = {"/bin/sh", "/usr/bin/perl",
	    "/usr/lib/cups/backend/usb", "/usr/lib/cups/filter/sub/x",
	    "/opt/x/filter", "/opt/a/b/cups/filter/x",
	    "/opt/x/cups/filter/../../../../bin/sh", "/tmp/cups/filter/x"};
	static const struct ppdwrap_rules listed = {
	    .drivers = "/srv/acme/bin /usr/bin/perl"};
	char ppd[256];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(ppd, sizeof(ppd),
		    HEAD "*cupsFilter: \"application/vnd.cups-raster 0 %s\"\n",
		    paths[i]);
		ok(!wrap(ppd, &e), paths[i]);
		is_err(&e, ERR_CONFIG, paths[i]);
		ok(strstr(e.text, "drivers") != NULL, "and says what to do");
		is_int(wrap_with(ppd, &listed, &e),
		    strcmp(paths[i], "/usr/bin/perl") == 0, "leave by name");
	}
	is_ok(wrap(HEAD "*cupsFilter: \"application/vnd.cups-raster 0 "
			"/opt/epson-x/cups/lib/filter/epson_filter\"\n",
		  &e),
	    &e, "a maker's folder");
	is_ok(wrap_with(HEAD "*cupsFilter: \"application/vnd.cups-raster 0 "
			     "/srv/acme/bin/rastertoacme\"\n",
		  &listed, &e),
	    &e, "a folder that is listed");
	ok(!wrap(HEAD "*cupsFilter: \"application/vnd.cups-raster 0 r\"\n"
		      "*cupsFilter: \"application/vnd.cups-command 0 "
		      "/bin/sh\"\n",
	       &e),
	    "for printer commands neither");
}

static void
hidden_statements_do_not_come_through(void **state)
{
	static const char ppd[] =
	    HEAD "*LanguageLevel: \"2\"\n"
		 "*Product: \"a\n*cupsFilter: x\"\n*End\n"
		 "*ModelName: \"a\033b\"\n"
		 "*Manufacturer: \"tab\tis fine\"\n"
		 "*OpenUI *T/a\"b\001: PickOne\n*T a: \"\"\n*CloseUI: *T\n"
		 "*ShortNickName: \"no end of this\n*Throughput: 1\n";
	struct err e;

	(void)state;
	is_ok(wrap(ppd, &e), &e, "wrap");
	has("*Product", false);
	has("*ModelName", false);
	has("*Manufacturer: \"tab\tis fine\"", true);
	has("*OpenUI *T/a'b?: PickOne\n", true);
	has("*ShortNickName", false);
	has("*Throughput", false);
}

static void
statements_are_taken_apart(void **state)
{
	static const char ppd[] = "junk\n*% comment: x\n*\n*Key  Opt/Text here "
				  ":  bare value \r\n*Q: \"two\nlines\"\n*End\n"
				  "*Last: x";
	struct ppd_reader r = {ppd, ppd + sizeof(ppd) - 1};
	struct statement s;

	(void)state;
	ok(ppd_next(&r, &s), "first");
	ok(slice_is(s.keyword, "Key") && slice_is(s.option, "Opt") &&
		slice_is(s.text, "Text here") &&
		slice_is(s.value, "bare value") && !s.quoted,
	    "parts");
	ok(ppd_next(&r, &s), "second");
	ok(slice_is(s.keyword, "Q") && slice_is(s.value, "two\nlines") &&
		s.quoted,
	    "quoted");
	ok(ppd_next(&r, &s) && slice_is(s.keyword, "End") && !s.has_value,
	    "end");
	ok(ppd_next(&r, &s) && slice_is(s.value, "x"), "last");
	ok(!ppd_next(&r, &s), "no more");
}

static int
free_wrapped(void **state)
{
	(void)state;
	free(wrapped);
	wrapped = NULL;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_gate_stands_before_the_printers_own_filter),
	    T(command_filters_stay_and_drivers_of_postscript_get_it),
	    T(what_cannot_take_stamps_is_refused),
	    T(foomatic_needs_leave),
	    T(foomatic_does_not_come_in_by_another_door),
	    T(the_printers_own_options_stay),
	    T(copies_are_no_business_of_the_printer),
	    T(unknown_keywords_are_dropped_unless_named),
	    T(the_postage_options_are_added),
	    T(our_own_ppds_come_out_as_they_were),
	    T(a_ppd_that_says_it_is_ours_is_not_believed),
	    T(only_drivers_may_be_named),
	    T(hidden_statements_do_not_come_through),
	    T(statements_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, free_wrapped);
}
