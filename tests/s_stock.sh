#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# s_stock.sh: a document without marks comes out as the stock filters give it,
# byte for byte: gstoraster for printers with a driver, rastertopwg behind it
# for driverless ones.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
require perl ppdc cmp
built filter/pdftopostage >/dev/null || skip 'pdftopostage is not built'
filters=/usr/lib/cups/filter
require "$filters/gstoraster" "$filters/rastertopwg"
work_setup
cat >"$WORK/postage.conf" <<EOT
[mail]
origin = 22202
EOT
export POSTAGE_CONF="$WORK/postage.conf" PRINTER=Test TMPDIR="$WORK"
export CUPS_SERVER=/nonexistent CONTENT_TYPE=application/pdf
export RIP_MAX_CACHE=128m # as cupsd tells its filters
ppdc -d "$WORK" "$srcdir/tests/filter.drv" 2>/dev/null

# pdf FILE KIND: nine pages, the third and the fourth as the first and the
# second; "turned": some by /Rotate, all of one size; "mixed": of several.
pdf() {
	perl -e '
	my ($kind) = @ARGV;
	my @box = ("0 0 612 792") x 9;
	my @turn = (0) x 9;
	@box[4, 5, 6] = ("0 0 595 842", "0 0 792 612", "0 0 420 595")
	    if $kind eq "mixed";
	@box[5, 8] = ("0 0 792 612") x 2 if $kind eq "turned";
	@turn[5, 7, 8] = (90, 180, 270) if $kind eq "turned";
	@turn[6, 7, 8] = (90, 180, 270) if $kind eq "mixed";
	print "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
	    "2 0 obj<</Type/Pages/Count 9/Kids[",
	    join(" ", map { 2 * $_ + 3 . " 0 R" } 0 .. 8), "]>>endobj\n",
	    "30 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n";
	for my $i (0 .. 8) {
		my $n = $i == 2 || $i == 3 ? $i - 2 : $i;
		my $s = "BT /F 30 Tf 60 400 Td (Page $n of the test) Tj ET " .
		    "0.9 0.3 0.1 rg 100 100 ${\(50 + 20 * $n)} 90 re f " .
		    "0.5 g 300 200 m 400 350 l 350 90 l f 3 w 50 50 m " .
		    "400 ${\(500 - 30 * $n)} l S";
		my $c = 2 * $n + 4;
		print 2 * $i + 3, " 0 obj<</Type/Page/Parent 2 0 R" .
		    "/MediaBox[$box[$i]]/Rotate $turn[$i]/Contents $c 0 R" .
		    "/Resources<</Font<</F 30 0 R>>>>>>endobj\n";
		print "$c 0 obj<</Length ${\ length $s}>>stream\n$s\n" .
		    "endstream endobj\n" if $n == $i;
	}
	print "trailer<</Root 1 0 R/Size 31>>\n%%EOF\n";' "$2" >"$1"
}
pdf "$WORK/plain.pdf" plain
pdf "$WORK/turned.pdf" turned
pdf "$WORK/mixed.pdf" mixed

# ours TYPE OPTIONS FILE; stock OPTIONS FILE
ours() {
	FINAL_CONTENT_TYPE=application/vnd.cups-postage-$1 \
		"$builddir/filter/pdftopostage" 1 u t 1 \
		"PostageMissing=print $2" "$3" 2>"$WORK/err"
}
stock() {
	FINAL_CONTENT_TYPE=application/vnd.cups-raster \
		"$filters/gstoraster" 1 u t 1 "$1" <"$2" 2>"$WORK/stock.err"
}
same_raster() {
	ours raster "$1" "$2" >"$WORK/ours.out" &&
		stock "$1" "$2" >"$WORK/stock.out" &&
		test -s "$WORK/stock.out" &&
		cmp "$WORK/stock.out" "$WORK/ours.out"
}
same_sheets() {
	ours "${3#*/}" "$1" "$2" >"$WORK/ours.out" &&
		stock "$1" "$2" | FINAL_CONTENT_TYPE=$4 \
			"$filters/rastertopwg" 1 u t 1 "$1" \
			>"$WORK/stock.out" 2>"$WORK/err" &&
		test -s "$WORK/stock.out" &&
		cmp "$WORK/stock.out" "$WORK/ours.out"
}

# Plain raster, so that the streams can be compared as they are.
for ppd in grey flip mono rgb banded planar; do
	sed '/^\*cupsRasterVersion/d' "$WORK/filter-$ppd.ppd" >"$WORK/q.ppd"
	echo '*cupsRasterVersion: "3"' >>"$WORK/q.ppd"
	export PPD="$WORK/q.ppd"
	check "$ppd" same_raster '' "$WORK/plain.pdf"
	[ "$ppd" = grey ] || continue
	check "$ppd, turned pages" same_raster '' "$WORK/turned.pdf"
	check "$ppd, pages of several sizes, turned" \
		same_raster '' "$WORK/mixed.pdf"
done
for duplex in DuplexNoTumble DuplexTumble; do
	for ppd in grey flip; do
		sed '$a*cupsRasterVersion: "3"' "$WORK/filter-$ppd.ppd" \
			>"$WORK/q.ppd"
		export PPD="$WORK/q.ppd"
		check "$ppd, $duplex" \
			same_raster "Duplex=$duplex" "$WORK/plain.pdf"
	done
done
export PPD="$builddir/ppd/postage-pwg.ppd"
low='Resolution=203dpi'
for kind in pwg:image/pwg-raster urf:image/urf; do
	for options in ColorModel=Gray ColorModel=RGB ColorModel=Black \
		'Duplex=DuplexNoTumble print-quality=5' \
		'PageSize=A4 print-content-optimize=photo' \
		'print-rendering-intent=relative MediaType=labels'; do
		check "${kind%%:*}, $options" same_sheets "$low $options" \
			"$WORK/plain.pdf" "${kind%%:*}" "${kind#*:}"
	done
done
done_testing
