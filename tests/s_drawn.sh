#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# QR marks that are no pictures: drawn in squares, runs, strokes or one path by
# PostScript, a browser and an office program.  Each is paid for once, its code
# is gone and its stamp stands in its place.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
require ppdc gs ZXingReader zbarimg perl pdftoppm pdfimages qpdf convert
FILTER=$(built filter/pdftopostage)
RASTERTOPNG=$(built tests/rastertopng)
POSTAGE=$(built tools/postage)
MODULE=2 # points
LEFT=300
TOP=100
work_setup
: >"$WORK/postage.conf"
ppdc -d "$WORK" "$srcdir/tests/filter.drv" >"$WORK/check.out" 2>&1 ||
	skip 'ppdc does not make the PPDs'
"$POSTAGE" --config "$WORK/postage.conf" mark --qr "$WORK/qr.png" 0.78 \
	to=90210-1234 >"$WORK/check.out" || skip 'no code'
# One pixel to a module: the code has a margin of four.
size=$(identify -format '%w' "$WORK/qr.png")
modules=$((size / 10))
convert "$WORK/qr.png" -sample "${modules}x$modules" -compress none \
	"pbm:$WORK/qr.pbm"

drawn() {
	perl "$srcdir/tests/docs/drawn.pl" "$@" <"$WORK/qr.pbm"
}

# drawn_pdf KIND [GREY]: in $WORK/KIND.pdf
drawn_pdf() {
	drawn "$1" "$MODULE" "$LEFT" "$TOP" "${2:-0}" |
		gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite \
			-sOutputFile="$WORK/$1.pdf" -
}

# stamps_of FILE WANT: as raster, or $TYPE.
stamps_of() {
	rm -f "$WORK"/page-*.pgm
	env PPD="$WORK/filter-rgb.ppd" TMPDIR="$WORK" \
		POSTAGE_CONF="$WORK/postage.conf" \
		FINAL_CONTENT_TYPE="${TYPE:-}" \
		"$FILTER" 1 me title 1 '' "$1" >"$WORK/out" 2>"$WORK/said" || {
		cat "$WORK/said"
		return 1
	}
	if [ -n "${TYPE:-}" ]; then
		pdftoppm -r 300 -gray "$WORK/out" "$WORK/page"
	else
		"$RASTERTOPNG" "$WORK/out" "$WORK/page" pgm >"$WORK/pages"
	fi
	find "$WORK" -name 'page-*.pgm' | sort -V |
		xargs perl "$srcdir/tests/stamps.pl" >"$WORK/stamps" 2>&1
	cat "$WORK/stamps"
	[ "$(grep -c '^page=' "$WORK/stamps")" -eq "$2" ]
}

code_gone() {
	! zbarimg --raw -q -Sdisable -Sqrcode.enable "$WORK"/page-*.pgm \
		2>/dev/null | grep -a 'postage:'
}

# The symbol begins one quiet zone from the code's corner, margin included.
in_place() {
	sed -n 's/^page=1 x=\([0-9]*\) y=\([0-9]*\) .*/\1 \2/p' \
		"$WORK/stamps" | awk -v left="$LEFT" -v top="$TOP" '
		function near(a, b) { return a - b < 6 && b - a < 6 }
		{ print; exit !(near($1, left * 300 / 72 + 20) &&
		    near($2, top * 300 / 72 + 20)) }
		END { if (NR == 0) exit 1 }'
}

# stamped WHAT FILE
stamped() {
	check "$1: is no picture" test \
		"$(pdfimages -list "$2" | tail -n +3 | wc -l)" -eq 0
	check "$1: one stamp" stamps_of "$2" 1
	check "$1: the code is gone" code_gone
}

for kind in squares runs strokes paths; do
	drawn_pdf "$kind"
	stamped "$kind" "$WORK/$kind.pdf"
	check "$kind: in its place" in_place
done
TYPE=application/vnd.cups-postage-pdf
stamped 'squares as PDF' "$WORK/squares.pdf"
check 'squares as PDF: in its place' in_place
TYPE=
pdftopdf=$(cups-config --serverbin 2>/dev/null)/filter/pdftopdf
if [ -x "$pdftopdf" ]; then
	PPD=$WORK/filter-rgb.ppd "$pdftopdf" 1 me t 1 print-scaling=none \
		"$WORK/runs.pdf" >"$WORK/up.pdf" 2>/dev/null
	stamped 'by way of pdftopdf' "$WORK/up.pdf"
fi

# Nobody sees it on paper: it buys nothing.
drawn_pdf squares 0.97
check 'too pale to be seen: no stamp' stamps_of "$WORK/squares.pdf" 0

# Many small pieces, and no code.
perl -e 'print "%!\n<</PageSize [612 792]>> setpagedevice\n";
	for my $i (0 .. 999) { printf "%d %d 3 3 rectfill\n",
		50 + $i % 40 * 12, 50 + int($i / 40) * 12 } print "showpage\n"' |
	gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite \
		-sOutputFile="$WORK/chart.pdf" -
check 'squares that are no code' stamps_of "$WORK/chart.pdf" 0

if command -v chromium >/dev/null; then
	for kind in svg svg-path svg-strokes; do
		{
			echo '<!DOCTYPE html><style>@page{size:letter;margin:0}'
			echo 'body{margin:0}</style><body>By a browser'
			drawn "$kind" "$MODULE" "$LEFT" "$TOP"
		} >"$WORK/$kind.html"
		chromium --headless --no-sandbox --disable-gpu --disable-quic \
			--no-first-run --disable-background-networking \
			--disable-component-update --disable-sync \
			--user-data-dir="$WORK/browser" --no-pdf-header-footer \
			--print-to-pdf="$WORK/$kind.pdf" "$WORK/$kind.html" \
			>"$WORK/chromium.out" 2>&1
		stamped "Chromium, $kind" "$WORK/$kind.pdf"
		check "Chromium, $kind: in its place" in_place
	done
fi

# A drawing among the text of a letter.
letter() {
	cat <<-EOT
	<?xml version="1.0" encoding="UTF-8"?>
	<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
	<office:automatic-styles><style:page-layout style:name="p"><style:page-layout-properties fo:page-width="8.5in" fo:page-height="11in" fo:margin="1in"/></style:page-layout><style:style style:name="g" style:family="graphic"><style:graphic-properties style:vertical-pos="from-top" style:vertical-rel="page" style:horizontal-pos="from-left" style:horizontal-rel="page"/></style:style></office:automatic-styles>
	<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="p"/></office:master-styles>
	<office:body><office:text><text:p><draw:frame draw:style-name="g" text:anchor-type="page" text:anchor-page-number="1" svg:x="${LEFT}pt" svg:y="${TOP}pt" svg:width="$((modules * MODULE))pt" svg:height="$((modules * MODULE))pt"><draw:image><office:binary-data>$1</office:binary-data></draw:image></draw:frame>By an office program.</text:p></office:text></office:body></office:document>
	EOT
}
if command -v soffice >/dev/null; then
	letter "$(drawn svg-path 1 0 0 | sed 's/style="[^"]*"//' |
		base64 -w 0)" >"$WORK/office.fodt"
	soffice --headless "-env:UserInstallation=file://$WORK/office" \
		--convert-to pdf --outdir "$WORK" "$WORK/office.fodt" \
		>"$WORK/soffice.out" 2>&1
	stamped LibreOffice "$WORK/office.pdf"
fi

done_testing
