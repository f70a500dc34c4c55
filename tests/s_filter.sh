#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The filter by hand, outside of any job: documents in, specimens out, on every
# kind of raster page that drivers ask for and as PDF.  Each stamp is read by
# two decoders and is where its mark was.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
require ppdc gs ZXingReader zbarimg perl pdftotext pdftoppm qpdf
FILTER=$(built filter/pdftopostage)
RASTERTOPNG=$(built tests/rastertopng)
work_setup
: >"$WORK/postage.conf"
ppdc -d "$WORK" "$srcdir/tests/filter.drv" >"$WORK/check.out" 2>&1 ||
	skip 'ppdc does not make the PPDs'

# filter PPD OPTIONS COPIES FILE: specimens of FILE in $WORK/out.
filter() {
	ppd=${1:+$WORK/filter-$1.ppd}
	rm -f "$WORK"/page-*.p[ng][gm]
	env PPD="$ppd" TMPDIR="$WORK" POSTAGE_CONF="$WORK/postage.conf" \
		FINAL_CONTENT_TYPE="${TYPE:-}" \
		"$FILTER" 1 me title "$3" "$2" "$4" \
		>"$WORK/out" 2>"$WORK/said"
}

# pages: what came out as pictures; prints how many.
pages() {
	if [ "${TYPE:-}" = application/vnd.cups-postage-pdf ]; then
		pdftoppm -r 300 -gray "$WORK/out" "$WORK/page"
	else
		"$RASTERTOPNG" "$WORK/out" "$WORK/page" pgm >"$WORK/pages" || return
	fi
	find "$WORK" -name 'page-*.pgm' | wc -l
}

stamps() {
	pages >"$WORK/count" || return
	find "$WORK" -name 'page-*.pgm' | sort -V |
		xargs perl "$srcdir/tests/stamps.pl" >"$WORK/stamps" || return
	wc -l <"$WORK/stamps"
}

# stamps_of KIND OPTIONS COPIES FILE WANT: so many different stamps.
stamps_of() {
	filter "$1" "$2" "$3" "$4" || {
		cat "$WORK/said"
		return 1
	}
	got=$(stamps) || return
	cat "$WORK/stamps"
	[ "$got" -eq "$5" ] &&
		[ "$(sed 's/.*hex=//' "$WORK/stamps" | sort -u | wc -l)" -eq "$5" ]
}

# symbol_at PAGE LEFT_PT TOP_PT DPI: the first symbol of the page begins there,
# within 0.3 mm.  The quiet zone is four modules.
symbol_at() {
	sed -n "s/^page=$1 x=\([0-9]*\) y=\([0-9]*\) .*/\1 \2/p" \
		"$WORK/stamps" | head -n 1 | awk -v left="$2" -v top="$3" \
		-v dpi="$4" -v module="$5" '{
			slack = 0.3 / 25.4 * dpi
			x = left * dpi / 72 + 4 * module
			y = top * dpi / 72 + 4 * module
			print "symbol at " $1 ", " $2 ", wanted " x ", " y
			exit !($1 - x < slack && x - $1 < slack &&
			    $2 - y < slack && y - $2 < slack)
		}
		END { if (NR == 0) exit 1 }'
}

says() {
	cat "$WORK/said"
	grep -q "^ERROR: .*$1" "$WORK/said"
}

# Before anything is written.
refused() {
	! filter "$1" "$2" 1 "$3" && [ ! -s "$WORK/out" ] && says "$4"
}

# A page with a mark 300 points from the left, 100 from the top, and other ink.
# document FILE ROTATE WIDTH HEIGHT [PAGES [MARK]]: the mark as it is read.
document() {
	perl - "$@" >"$WORK/made.pdf" <<-'EOF'
	my ($file, $rotate, $w, $h, $pages, $mark) = @ARGV;
	$pages //= 1;
	$mark //= '[[postage 0.78 date=2026-11-21]]';
	my ($pw, $ph) = $rotate % 180 ? ($h, $w) : ($w, $h);
	# sheet space to the page's own
	my %m = (0 => "1 0 0 1 0 0", 90 => "0 1 -1 0 $pw 0",
		180 => "-1 0 0 -1 $pw $ph", 270 => "0 -1 1 0 0 $ph");
	print "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
		"2 0 obj<</Type/Pages/Count $pages/Kids[",
		join(' ', map { 4 + 2 * $_ . " 0 R" } 0 .. $pages - 1),
		"]>>endobj\n3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n";
	for my $i (0 .. $pages - 1) {
		my $y = $h - 110;
		my $s = "q $m{$rotate} cm 0 g BT /F 10 Tf 300 $y Td " .
			"($mark) Tj ET " .
			"BT /F 12 Tf 72 100 Td (Page $i keeps its words.) Tj ET Q";
		my ($n, $c, $l) = (4 + 2 * $i, 5 + 2 * $i, length $s);
		print "$n 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 $pw $ph]",
			"/Rotate $rotate/Contents $c 0 R/Resources<</Font<</F 3 0 R>>>>>>endobj\n",
			"$c 0 obj<</Length $l>>stream\n$s\nendstream endobj\n";
	}
	print "trailer<</Size ", 4 + 2 * $pages, "/Root 1 0 R>>\n%%EOF\n";
	EOF
	qpdf "$WORK/made.pdf" "$1" 2>"$WORK/check.out" || [ $? -eq 3 ]
}

# Where the mark's first letter is on the page as it is read.
mark_box() {
	pdftotext -bbox "$1" - |
		sed -n 's/.*xMin="\([0-9.]*\)" yMin="\([0-9.]*\)".*\[\[postage.*/\1 \2/p' |
		head -n 1
}

LETTER=$WORK/letter.pdf
document "$LETTER" 0 612 792 2
# shellcheck disable=SC2046
set -- $(mark_box "$LETTER")
left=$1 top=$2

# kind margin-left margin-top dpi module
for kind in 'grey 18 36 300 5' 'mono 12 12 203 3' 'rgb 0 0 300 5' \
	'banded 18 18 300 5' 'planar 18 18 300 5'; do
	# shellcheck disable=SC2086
	set -- $kind
	check "$1: a stamp on each page" stamps_of "$1" '' 1 "$LETTER" 2
	at_x=$(awk "BEGIN { print $left - $2 }")
	at_y=$(awk "BEGIN { print $top - $3 }")
	check "$1: it is where the mark was" symbol_at 1 "$at_x" "$at_y" "$4" "$5"
done
# white: millionths of page 1 without ink.
white() {
	"$RASTERTOPNG" "$WORK/out" "$WORK/page" >"$WORK/pages" &&
		convert "$WORK/page-1.png" -threshold 50% \
			-format '%[fx:int(mean*1000000)]' info:
}
check '600 dpi' stamps_of grey 'Resolution=600dpi' 1 "$LETTER" 2
all_bars=$(white)
printf '[mail]\nbar-reduction = 2\n' >"$WORK/postage.conf"
check '600 dpi, narrower bars' stamps_of grey 'Resolution=600dpi' 1 "$LETTER" 2
check 'bars lost dots' test "$(white)" -gt $((all_bars + 700))
: >"$WORK/postage.conf"
check 'no PPD' stamps_of '' '' 1 "$LETTER" 2
check 'no PPD: it is where the mark was' symbol_at 1 "$left" "$top" 300 5
check 'three copies of a file have six stamps' \
	stamps_of grey '' 3 "$LETTER" 6

# Pages that are turned, or fed sideways.
for turn in 90 180 270; do
	document "$WORK/turned.pdf" "$turn" 612 792
	check "/Rotate $turn: stamped" stamps_of grey '' 1 "$WORK/turned.pdf" 1
	check "/Rotate $turn: where the mark was" symbol_at 1 \
		"$(awk "BEGIN { print $left - 18 }")" \
		"$(awk "BEGIN { print $top - 36 }")" 300 5
done
document "$WORK/wide.pdf" 0 792 612
check 'landscape' stamps_of grey '' 1 "$WORK/wide.pdf" 1
# Turned clockwise: the symbol's upper left corner is the upper right one.
check 'landscape: turned with its page' grep -q 'turn=90 ' "$WORK/stamps"
document "$WORK/wide.pdf" 270 792 612
check 'landscape by /Rotate 270' stamps_of grey '' 1 "$WORK/wide.pdf" 1
document "$WORK/a4.pdf" 0 595.276 841.89
check 'A4 of 595.276 points' stamps_of grey 'PageSize=A4' 1 "$WORK/a4.pdf" 1

# Two sides, backs turned for the duplex unit.
check 'backs that are turned' \
	stamps_of flip 'Duplex=DuplexNoTumble' 1 "$LETTER" 2
check 'the front stands' grep -q '^page=1 .*turn=0 ' "$WORK/stamps"
check 'the back is turned' grep -Eq '^page=2 .*turn=-?180 ' "$WORK/stamps"

# Two pages to a sheet, as the chain's own program makes them.
pdftopdf=$(cups-config --serverbin 2>/dev/null)/filter/pdftopdf
if [ -x "$pdftopdf" ]; then
	document "$WORK/four.pdf" 0 612 792 4
	PPD=$WORK/filter-grey.ppd "$pdftopdf" 1 me t 1 \
		'number-up=2' "$WORK/four.pdf" >"$WORK/up.pdf" 2>/dev/null
	check 'two pages to a sheet' stamps_of rgb '' 1 "$WORK/up.pdf" 4
fi

# A page that is larger than the paper: what the paper does not hold of a mark.
# on_paper FILE OPTIONS: as the chain makes it for Letter, in $WORK/up.pdf
on_paper() {
	PPD=$WORK/filter-rgb.ppd "$pdftopdf" 1 me t 1 "$2" "$1" \
		>"$WORK/up.pdf" 2>/dev/null
}
if [ -x "$pdftopdf" ]; then
	document "$WORK/high.pdf" 0 612 1008
	document "$WORK/large.pdf" 0 700 792
	none=print-scaling=none
	for options in "$none" "$none number-up=2" ''; do
		on_paper "$WORK/high.pdf" "$options"
		check "cut off, '$options': page, mark and remedy" refused rgb \
			"$options" "$WORK/up.pdf" \
			'page 1: \[\[postage 0.78 .*cut off.*print-scaling=fit'
	done
	on_paper "$WORK/large.pdf" "$none"
	check 'a larger page whose mark is on the paper' \
		stamps_of rgb "$none" 1 "$WORK/up.pdf" 1
	on_paper "$WORK/high.pdf" print-scaling=fit
	check 'the remedy helps' stamps_of rgb print-scaling=fit 1 \
		"$WORK/up.pdf" 1
	on_paper "$LETTER" "$none mirror"
	check 'mirrored: page, mark and remedy' refused rgb "$none mirror" \
		"$WORK/up.pdf" 'page 1: \[\[postage .*without -o mirror'
	document "$WORK/low.pdf" 0 612 80
	on_paper "$WORK/low.pdf" print-scaling=fit
	check 'beside its page, and not by the paper: no mark' \
		stamps_of rgb print-scaling=fit 1 "$WORK/up.pdf" 0
	document "$WORK/narrow.pdf" 0 400 792
	on_paper "$WORK/narrow.pdf" print-scaling=fit
	check 'across the edge of its page: page and mark' refused rgb \
		print-scaling=fit "$WORK/up.pdf" \
		'page 1: \[\[postage 0.78 .*edge of its page'
fi

# field FILE: a form that was filled in; its field shows a mark.
field() {
	perl >"$WORK/made.pdf" <<-'EOF'
	my $mark = '[[postage 0.78]]';
	my $shown = "BT /F 12 Tf 0 g 2 5 Td ($mark) Tj ET";
	my $length = length $shown;
	my $n = 0;
	print "%PDF-1.5\n", map({ ++$n . " 0 obj\n$_\nendobj\n" }
		'<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>>>',
		'<</Type/Pages/Count 1/Kids[3 0 R]>>',
		'<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Annots[6 0 R]>>',
		'<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
		"<</Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources" .
		"<</Font<</F 4 0 R>>>>/Length $length>>stream\n$shown\nendstream",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V($mark)/F 4" .
		"/Rect[100 500 300 520]/DA(/F 12 Tf 0 g)/P 3 0 R/AP<</N 5 0 R>>>>"),
		"trailer<</Size 7/Root 1 0 R>>\n%%EOF\n";
	EOF
	qpdf "$WORK/made.pdf" "$1" 2>"$WORK/check.out" || [ $? -eq 3 ]
}
if [ -x "$pdftopdf" ]; then
	field "$WORK/field.pdf"
	on_paper "$WORK/field.pdf" "$none"
	check 'a field of a form' stamps_of rgb "$none" 1 "$WORK/up.pdf" 1
fi

# Pages of several sizes: each by itself, and on one paper as the chain makes
# them.
several_sizes() {
	document "$WORK/size-1.pdf" 0 612 792
	document "$WORK/size-2.pdf" 0 684 297
	document "$WORK/size-3.pdf" 0 595 842
	document "$WORK/size-4.pdf" 0 792 612
	qpdf --empty --pages "$WORK"/size-[1-4].pdf -- "$WORK/sizes.pdf"
}
# mark_in_place FILE PAGE LEFT_PT TOP_PT DPI MODULE: as symbol_at; margins.
mark_in_place() {
	# shellcheck disable=SC2046
	set -- "$@" $(pdftotext -bbox -f "$2" -l "$2" "$1" - |
		sed -n 's/.*xMin="\([0-9.]*\)" yMin="\([0-9.]*\)".*\[\[postage.*/\1 \2/p')
	symbol_at "$2" "$(awk "BEGIN { print $7 - $3 }")" \
		"$(awk "BEGIN { print $8 - $4 }")" "$5" "$6"
}
several_sizes
check 'several sizes: a stamp on each page' \
	stamps_of grey '' 1 "$WORK/sizes.pdf" 4
check_is 'several sizes: each page has its own' \
	"$(identify -format '%wx%h ' "$WORK"/page-[1-4].pgm)" \
	'2400x3000 2850x1237 2329x3208 2400x3000 '
for page in 1 3; do
	check "several sizes: where the mark was, page $page" \
		mark_in_place "$WORK/sizes.pdf" "$page" 18 36 300 5
done
if [ -x "$pdftopdf" ]; then
	on_paper "$WORK/sizes.pdf" "$none"
	check 'several sizes on Letter' stamps_of grey "$none" 1 \
		"$WORK/up.pdf" 4
	for page in 1 3; do
		check "several sizes on Letter: where the mark was, page $page" \
			mark_in_place "$WORK/up.pdf" "$page" 18 36 300 5
	done
	TYPE=application/vnd.cups-postage-pdf
	check 'several sizes on Letter as PDF' stamps_of grey "$none" 1 \
		"$WORK/up.pdf" 4
	check 'several sizes on Letter as PDF: where the mark was' \
		mark_in_place "$WORK/up.pdf" 3 0 0 300 5
	TYPE=application/vnd.cups-postage-pwg
	check 'several sizes on Letter for a driverless printer' \
		stamps_of rgb "$none" 1 "$WORK/up.pdf" 4
fi
TYPE=

# PDF for PostScript printers.
TYPE=application/vnd.cups-postage-pdf
check 'PDF: stamps' stamps_of grey '' 1 "$LETTER" 2
check 'PDF: where the mark was' symbol_at 1 "$left" "$top" 300 5
check 'PDF: whole' qpdf --check "$WORK/out"
check 'PDF: text stays text' sh -c \
	"pdftotext '$WORK/out' - | grep -q 'keeps its words'"
for turn in 90 180 270; do
	document "$WORK/turned.pdf" "$turn" 612 792
	check "PDF: /Rotate $turn" stamps_of grey '' 1 "$WORK/turned.pdf" 1
	check "PDF: /Rotate $turn: where the mark was" \
		symbol_at 1 "$left" "$top" 300 5
done
check 'PDF: copies' stamps_of grey '' 2 "$LETTER" 4
TYPE=

# Sheets of labels.
sh "$srcdir/tests/docs/page.sh" blank.pdf >"$WORK/blank.pdf"
check 'every label of a sheet' \
	stamps_of rgb 'PostageSheet=Avery-5160 PostageAmount=0.78' 1 \
	"$WORK/blank.pdf" 30
check 'labels over two pages' stamps_of rgb \
	'PostageSheet=Avery-5160 PostageAmount=0.78 PostageFirstLabel=29 PostageCount=5' \
	1 "$WORK/blank.pdf" 5
check_is 'two pages' "$(pages)" 2

# What is refused, before anything is written.
document "$WORK/narrow.pdf" 0 470 595
check 'over the edge: page, mark and remedy' refused rgb '' \
	"$WORK/narrow.pdf" 'page 1: \[\[postage.*printable area.*move'
check 'a mark and a sheet' refused rgb \
	'PostageSheet=Avery-5160 PostageAmount=0.78' "$LETTER" 'mark'
document "$WORK/wide.pdf" 0 792 612 1 'Ink'
check 'a sheet on other paper' refused rgb \
	'PostageSheet=Avery-5160 PostageAmount=0.78' "$WORK/wide.pdf" 'paper'
document "$WORK/ink.pdf" 0 612 792 1 'Ink'
check 'a label is occupied' refused rgb \
	'PostageSheet=Avery-5160 PostageAmount=0.78' "$WORK/ink.pdf" \
	'label 2: .*other ink.*empty'
check 'an unknown sheet' refused rgb \
	'PostageSheet=Nobody-1 PostageAmount=0.78' "$WORK/blank.pdf" 'Nobody'
check 'no mark, where one is wanted' refused rgb 'PostageMissing=refuse' \
	"$WORK/blank.pdf" 'no mark'
check 'no mark, where none is needed' filter rgb 'PostageMissing=print' 1 \
	"$WORK/blank.pdf"
check_is 'is printed' "$(pages)" 1
check 'an amount that is none' refused rgb 'PostageAmount=lots' \
	"$LETTER" 'PostageAmount'
echo 'no PDF' >"$WORK/none.pdf"
check 'no PDF' refused rgb '' "$WORK/none.pdf" .
check 'newlines in options do not become lines' refused rgb \
	"PostageAmount='x
PPD: cupsFilter=evil'" "$LETTER" 'PostageAmount'
check_is 'no line of the job on stderr' \
	"$(grep -c '^PPD' "$WORK/said")" 0

# A job sheet is never stamped.
check 'banner' env CUPS_FILETYPE=job-sheet PPD="$WORK/filter-grey.ppd" \
	POSTAGE_CONF="$WORK/postage.conf" TMPDIR="$WORK" \
	sh -c "'$FILTER' 1 me t 1 '' '$LETTER' >'$WORK/out'"
check_is 'is printed' "$(pages)" 2
check_is 'no stamp on it' "$(stamps)" 0

# A signal ends it, and nothing stays behind.
gone() {
	for gone_pid; do
		! kill -0 "$gone_pid" 2>/dev/null || return
	done
}
document "$WORK/long.pdf" 0 612 792 200
# What reads the document has no way to others: t_bounds tries the walls.
is_shut_in() {
	env PPD="$WORK/filter-grey.ppd" TMPDIR="$WORK" \
		POSTAGE_CONF="$WORK/postage.conf" \
		"$FILTER" 1 me t 1 '' <"$WORK/long.pdf" \
		>/dev/null 2>"$WORK/said" &
	pid=$!
	until_true 20 grep -q 'Stamping page 1' "$WORK/said" &&
		grep '^Seccomp:.*2' "/proc/$pid/status" &&
		grep '^NoNewPrivs:.*1' "/proc/$pid/status"
	got=$?
	kill -TERM "$pid"
	wait "$pid"
	return "$got"
}
check 'it has shut itself in' is_shut_in
ends_on_term() {
	env PPD="$WORK/filter-grey.ppd" TMPDIR="$WORK" \
		POSTAGE_CONF="$WORK/postage.conf" \
		"$FILTER" 1 me t 1 'Resolution=600dpi' <"$WORK/long.pdf" \
		>/dev/null 2>"$WORK/said" &
	pid=$!
	until_true 20 grep -q 'Stamping page 3' "$WORK/said" || return
	children=$(pgrep -P "$pid") || return
	kill -TERM "$pid"
	wait "$pid" && return 1
	cat "$WORK/said"
	# shellcheck disable=SC2086
	until_true 5 gone $children && ! ls -d "$WORK"/postage-??????* 2>/dev/null
}
check 'SIGTERM ends it, nothing stays behind' ends_on_term

# The same filter behind `postage preview`.
POSTAGE=$(built tools/postage)
check 'preview' env POSTAGE_FILTER="$FILTER" "$POSTAGE" --json --config \
	"$WORK/postage.conf" preview -o "$WORK/seen.png" "$LETTER"
check 'preview: a picture of each page' test -s "$WORK/seen-2.png"

done_testing
