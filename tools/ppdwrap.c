/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ppdwrap.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tools/ppd_options.h"
#include "tools/ppdfilter.h"
#include "tools/ppdread.h"

#define UI_MAX	  1024
#define VALUE_MAX 65536

/* What a PPD says of the printer, apart from its options. */
static const char *const known[] = {"PPD-Adobe", "FormatVersion", "FileVersion",
    "LanguageVersion", "LanguageEncoding", "PCFileName", "Manufacturer",
    "ModelName", "NickName", "ShortNickName", "Product", "PSVersion",
    "LanguageLevel", "ColorDevice", "DefaultColorSpace", "FileSystem",
    "Throughput", "LandscapeOrientation", "TTRasterizer", "1284DeviceID",
    "VariablePaperSize", "MaxMediaWidth", "MaxMediaHeight", "HWMargins",
    "LeadingEdge", "DefaultLeadingEdge", "UseHWMargins", "CenterRegistered",
    "RequiresPageRegion", "CustomPageSize", "ParamCustomPageSize",
    "DefaultImageableArea", "ImageableArea", "DefaultPaperDimension",
    "PaperDimension", "DefaultFont", "Font", "DefaultResolution", "ScreenFreq",
    "ScreenAngle", "DefaultScreenProc", "DefaultHalftoneType", "FreeVM",
    "SuggestedJobTimeout", "SuggestedWaitTimeout", "Protocols", "OpenUI",
    "CloseUI", "JCLOpenUI", "JCLCloseUI", "OpenGroup", "CloseGroup",
    "OpenSubGroup", "CloseSubGroup", "OrderDependency", "NonUIOrderDependency",
    "UIConstraints", "NonUIConstraints", "cupsUIConstraints", "cupsUIResolver",
    "JCLBegin", "JCLEnd", "JCLToPSInterpreter", "JCLToPDFInterpreter",
    "cupsVersion", "cupsCommands", "cupsModelNumber", "cupsFlipDuplex",
    "cupsBackSide", "cupsEvenDuplex", "cupsRasterVersion", "cupsSNMPSupplies",
    "cupsIPPSupplies", "cupsIPPReason", "cupsIPPFinishings", "cupsICCProfile",
    "cupsColorProfile", "cupsICCQualifier2", "cupsICCQualifier3",
    "cupsMediaQualifier2", "cupsMediaQualifier3", "cupsPageSizeCategory",
    "cupsPJL", "cupsPJLCharset", "cupsPJLDisplay", "cupsPrintQuality",
    "cupsMaxSize", "cupsMinSize", "cupsSingleFilter", "cupsUrfSupported",
    "cupsInkChannels", "cupsInkLimit", "cupsBlackGamma", "cupsBlackGeneration",
    "cupsBlackLtDk", "cupsCyanLtDk", "cupsMagentaLtDk", "cupsAllGamma",
    "cupsAllXY", "cupsDither", "cupsESCPDotSize", "cupsPCL", "cupsInkSet",
    "pwgraster", "PWGRaster", "APPrinterPreset",
    "APDuplexRequiresFlippedMargin", "APSupplies", "APPrinterIconPath",
    "OPOptionHints", "DefaultOutputOrder", "OutputOrder", "ScreenProc",
    "DefaultTransfer", "Transfer", "ColorSepScreenFreq", "ColorSepScreenAngle",
    "DefaultColorSep", "InkName", "JobPatchFile", "AccurateScreenSupport",
    "DefaultOutputBin",
    /* attributes of common raster drivers: HPLIP, which prints nothing without
     * its own; gutenprint, SpliX, ptouch, c2esp */
    "hpPrinterLanguage", "hpPrinterPlatform", "hpReverseRasterPages",
    "cupsModelName", "HPMechOffset", "HPSPDClass", "PJL", "driverName",
    "driverType", "marker-colors", "StpDriverName", "StpPPDLocation",
    "StpDriverModelFamily", "StpStpOption", "StpOrderDependency", "StpQuality",
    "StpResolution", "QPDL", "General", "ToutCMSFile", "CMSFile",
    "PrinterType"};

/* Options by which the printer itself would multiply or shrink stamps. */
static const char *const removed[] = {"Copies", "JCLCopies", "CopyCount",
    "JCLCopyCount", "Collate", "JCLCollate", "N-up", "Nup", "NUp", "JCLNup",
    "NupPageOrder", "number-up"};

struct wrap {
	struct slice ui[UI_MAX]; /* keywords of options that stay */
	size_t ui_count;
	const struct ppdwrap_rules *rules;
	struct ppdwrap_report *report;
	FILE *out;
	struct ppdfilter filters;
	struct slice skipping; /* inside a removed option */
};

static bool
one_of(struct slice s, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(s, list[i]))
			return true;
	return false;
}

static bool
is_removed(struct slice s)
{
	return one_of(s, removed, sizeof(removed) / sizeof(removed[0])) ||
	       slice_begins(s, "Postage") || slice_begins(s, "cupsPostage");
}

/* "*X" -> "X" */
static struct slice
starless(struct slice s)
{
	if (s.len > 0 && s.ptr[0] == '*')
		return (struct slice){s.ptr + 1, s.len - 1};
	return s;
}

static bool
is_ui(const struct wrap *w, struct slice s)
{
	for (size_t i = 0; i < w->ui_count; i++)
		if (w->ui[i].len == s.len &&
		    memcmp(w->ui[i].ptr, s.ptr, s.len) == 0)
			return true;
	return false;
}

/* True if `s` has only what may stand there: printable ASCII, UTF-8 where
 * `foreign`, line breaks where `lines` (and then no line that could be taken
 * for a statement). */
static bool
is_clean(struct slice s, const char *forbidden, bool foreign, bool lines)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '\n' || c == '\r') {
			if (!lines || (i + 1 < s.len && s.ptr[i + 1] == '*'))
				return false;
		} else if (c == '\t') {
			continue;
		} else if (c < ' ' || c == 0x7f || (c > 0x7f && !foreign) ||
			   strchr(forbidden, c)) {
			return false;
		}
	}
	return s.len < VALUE_MAX;
}

static bool
is_safe(const struct statement *s)
{
	return s->has_value && is_clean(s->keyword, "\"/:", false, false) &&
	       is_clean(s->option, "\"", false, false) &&
	       is_clean(s->value, s->quoted ? "\"" : "", true, s->quoted);
}

/* --- first pass: what is there ------------------------------------------- */
/* A PPD may call its options as it likes, also by a name that says what is to
 * be run. */
static bool
may_be_option(const struct wrap *w, struct slice name)
{
	return name.len > 0 && name.len < PPDWRAP_NAME_MAX &&
	       !is_removed(name) &&
	       (w->rules->allow_foomatic || !slice_begins(name, "Foomatic"));
}

static void
note_statement(struct wrap *w, const struct statement *s)
{
	if (slice_is(s->keyword, "OpenUI") ||
	    slice_is(s->keyword, "JCLOpenUI")) {
		struct slice name = starless(s->option);

		if (w->ui_count < UI_MAX && is_safe(s) &&
		    may_be_option(w, name))
			w->ui[w->ui_count++] = name;
	} else {
		ppdfilter_note(&w->filters, s);
	}
}

/* --- second pass: write it anew ------------------------------------------- */
/* "de.", "zh_TW." before a keyword. */
static struct slice
without_language(struct slice s)
{
	size_t len = 0;

	if (s.len > 3 && s.ptr[2] == '.')
		len = 3;
	else if (s.len > 6 && s.ptr[2] == '_' && s.ptr[5] == '.')
		len = 6;
	for (size_t i = 0; i + 1 < len; i++)
		if (s.ptr[i] != '_' &&
		    ((s.ptr[i] | 0x20) < 'a' || (s.ptr[i] | 0x20) > 'z'))
			return s;
	return (struct slice){s.ptr + len, s.len - len};
}

static struct slice
without_prefix(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (slice_begins(s, prefix))
		return (struct slice){s.ptr + len, s.len - len};
	return (struct slice){s.ptr, 0};
}

static bool
is_wanted(const struct wrap *w, struct slice keyword)
{
	static const char *const prefixes[] = {
	    "", "Default", "ParamCustom", "Custom"};
	struct slice plain = without_language(keyword);

	if (plain.len != keyword.len && slice_is(plain, "Translation"))
		return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (is_ui(w, without_prefix(plain, prefixes[i])))
			return true;
	if (one_of(plain, known, sizeof(known) / sizeof(known[0])))
		return true;
	for (int i = 0; i < w->rules->keep_count; i++)
		if (slice_is(plain, w->rules->keep[i]))
			return true;
	return w->rules->allow_foomatic && slice_begins(plain, "Foomatic");
}

/* Ours alone, or without meaning once ours stand in their place. */
static bool
is_replaced(struct slice keyword)
{
	/* cupsLanguages: it would promise ours in every language. */
	static const char *const list[] = {"cupsLanguages", "cupsFilter",
	    "cupsFilter2", "cupsPreFilter", "cupsManualCopies",
	    "cupsSingleFile", "cupsMaxCopies", "cupsPortMonitor", "End"};
	static const char *const prefixes[] = {
	    "", "Default", "ParamCustom", "Custom", "?"};

	if (one_of(keyword, list, sizeof(list) / sizeof(list[0])) ||
	    slice_begins(keyword, "?"))
		return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (is_removed(
			without_prefix(without_language(keyword), prefixes[i])))
			return true;
	return false;
}

/* A constraint or dependency on an option that is gone. */
static bool
names_removed(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		size_t len = 0;

		if (value.ptr[i] != '*')
			continue;
		while (i + 1 + len < value.len &&
		       value.ptr[i + 1 + len] > ' ' &&
		       value.ptr[i + 1 + len] != '"')
			len++;
		if (is_removed((struct slice){value.ptr + i + 1, len}))
			return true;
	}
	return false;
}

/* A translation, with every byte that is no good as '?'. */
static void
put_text(FILE *out, struct slice s)
{
	char raw[512], clean[512];
	size_t len = s.len < sizeof(raw) ? s.len : sizeof(raw) - 1;

	memcpy(raw, s.ptr, len);
	raw[len] = '\0';
	text_clean(raw, clean, sizeof(clean));
	for (char *c = clean; *c; c++)
		fputc(*c == '"' || *c == ':' ? '\'' : *c, out);
}

static void
put_value(FILE *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] != '\r')
			fputc(s.ptr[i], out);
}

static void
put_nick_name(struct wrap *w, struct slice value)
{
	fputs("*NickName: \"", w->out);
	put_text(w->out, value);
	fputs(
	    ppdfilter_is_ours(&w->filters) ? "\"\n" : ", postage\"\n", w->out);
}

static void
put_statement(struct wrap *w, const struct statement *s)
{
	bool lines = memchr(s->value.ptr, '\n', s->value.len) != NULL;

	if (slice_is(s->keyword, "NickName")) {
		put_nick_name(w, s->value);
		return;
	}
	fprintf(w->out, "*%.*s", (int)s->keyword.len, s->keyword.ptr);
	if (s->option.len > 0)
		fprintf(w->out, " %.*s", (int)s->option.len, s->option.ptr);
	if (s->text.len > 0) {
		fputc('/', w->out);
		put_text(w->out, s->text);
	}
	fputs(s->quoted ? ": \"" : ": ", w->out);
	put_value(w->out, s->value);
	fputs(s->quoted ? "\"\n" : "\n", w->out);
	if (lines)
		fputs("*End\n", w->out);
}

static void
drop(struct wrap *w, const struct statement *s)
{
	size_t len = s->keyword.len < PPDWRAP_NAME_MAX ? s->keyword.len
						       : PPDWRAP_NAME_MAX - 1;

	if (w->report->dropped++ > 0)
		return;
	memcpy(w->report->first_dropped, s->keyword.ptr, len);
	w->report->first_dropped[len] = '\0';
	for (char *c = w->report->first_dropped; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* The group of a postage PPD, which is ours to write. */
static bool
is_our_group(const struct statement *s)
{
	struct slice rest = without_prefix(s->value, "Postage");

	return (slice_is(s->keyword, "OpenGroup") ||
		   slice_is(s->keyword, "CloseGroup")) &&
	       slice_begins(s->value, "Postage") &&
	       (rest.len == 0 || *rest.ptr == '/');
}

static void
write_statement(struct wrap *w, const struct statement *s)
{
	bool opens =
	    slice_is(s->keyword, "OpenUI") || slice_is(s->keyword, "JCLOpenUI");
	bool closes = slice_is(s->keyword, "CloseUI") ||
		      slice_is(s->keyword, "JCLCloseUI");

	if (opens && !is_ui(w, starless(s->option))) {
		w->skipping = starless(s->option);
		return;
	}
	if (w->skipping.len > 0) {
		if (closes)
			w->skipping.len = 0;
		return;
	}
	if (is_replaced(s->keyword) || is_our_group(s))
		return;
	if (!is_wanted(w, s->keyword) || !is_safe(s)) {
		drop(w, s);
		return;
	}
	if ((slice_begins(s->keyword, "UIConstraints") ||
		slice_begins(s->keyword, "NonUIConstraints") ||
		slice_begins(s->keyword, "cupsUI") ||
		slice_begins(s->keyword, "OrderDependency")) &&
	    (names_removed(s->value) || names_removed(s->option)))
		return;
	put_statement(w, s);
}

static bool
write_all(struct wrap *w, const char *ppd, size_t len, struct err *e)
{
	struct ppd_reader r = {ppd, ppd + len};
	struct statement s;
	bool first = true;

	while (ppd_next(&r, &s)) {
		/* Without it nobody takes ours for a PPD. */
		if (first && !is_safe(&s))
			return err_set(e, ERR_CONFIG, "this is not a PPD file");
		write_statement(w, &s);
		if (!first)
			continue;
		first = false;
		fprintf(w->out,
		    "*%% Made by \"postage queue add\" from the printer's own "
		    "PPD.\n%s\n",
		    w->report->filter);
		ppdfilter_write_commands(&w->filters, w->out);
		fputs(
		    "*cupsManualCopies: True\n*cupsSingleFile: True\n", w->out);
		if (w->report->driver[0])
			fprintf(w->out, "*cupsPostageDriver: \"%s\"\n",
			    w->report->driver);
	}
	fputs(ppd_postage_options, w->out);
	if (ferror(w->out))
		return err_set(e, ERR_SYSTEM, "cannot write the PPD");
	return true;
}

bool
ppdwrap(const char *ppd, size_t len, const struct ppdwrap_rules *rules,
    FILE *out, struct ppdwrap_report *report, struct err *e)
{
	struct ppd_reader r = {ppd, ppd + len};
	struct statement s;
	struct wrap *w;
	bool done = false;

	*report = (struct ppdwrap_report){.dropped = 0};
	if (len > PPDWRAP_SIZE_MAX || len < 16 ||
	    memcmp(ppd, "*PPD-Adobe:", 11) != 0)
		return err_set(e, ERR_CONFIG, "this is not a PPD file");
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	w->rules = rules;
	w->report = report;
	w->out = out;
	ppdfilter_init(&w->filters, rules);
	while (ppd_next(&r, &s))
		note_statement(w, &s);
	if (ppdfilter_choose(&w->filters, report, e))
		done = write_all(w, ppd, len, e);
	free(w);
	return done;
}
