#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Signed stamps printed with dots that grow, scanned skew, blurred and noisy at
# 300 dpi, are still read and verify.
#
# The short form is what a good printer and a common scanner do to every layout
# and symbol.  POSTAGE_LONG=1 goes through all of gain, noise, skew, shrinking
# and module size to where stamps no longer scan, and through every colour space
# and direction of a raster page; it prints the tables of docs/SCANNING.md
# (`make scans` puts them there).
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

require ZXingReader zbarimg jq
work_setup
TMPDIR=$WORK
export TMPDIR

# Real evidence: a lab's certificates and an indicium that it signed.
mkdir "$WORK/lab"
"$builddir/tests/verify_page" "$WORK/lab" >"$WORK/lab/stamps" || exit 99
sed -n '1s/.* //p' "$WORK/lab/stamps" | perl -ne 'chomp; print pack "H*", $_' \
	>"$WORK/full"
sed -n '/^DMRE/s/.* //p' "$WORK/lab/stamps" |
	perl -ne 'chomp; print pack "H*", $_' >"$WORK/plain"

# drawn LAYOUT SYMBOL MODULES_DPI [CANVAS...]: the stamp as it leaves for the
# printer.  Modules have as many dots as a printer of MODULES_DPI gives them.
drawn() {
	drawn_bytes=$WORK/full
	[ "$2" != DMRE ] || drawn_bytes=$WORK/plain
	drawn_layout=$1 drawn_symbol=$2 drawn_dpi=$3
	shift 3
	"$builddir/tests/imprint_sample" "$drawn_layout" "$drawn_symbol" \
		"@$drawn_bytes" "$drawn_dpi" "$drawn_dpi" "${reduction:-0}" 1 \
		"$WORK/a.pgm" "$@" || exit 99
}

# scanned DPI GAIN_MIL DEGREES BLUR NOISE PERCENT: $WORK/a.pgm, printed at DPI.
scanned() {
	"$builddir/tests/scan_sim" "$1" "$1" "$2" 300 "$3" "$4" "$5" "$6" \
		<"$WORK/a.pgm" >"$WORK/b.pgm" || exit 99
}

# readers: which decoders read the stamp, as letters (z zbar, x zxing, d dmtx),
# if the public key says that it is good; "-" if it was not read, "BAD" if it
# was read wrongly.
readers() {
	postage_verify --json --decoder all --date 2026-11-22 \
		--certificates "$WORK/lab/certificates" "$WORK/b.pgm" \
		2>"$WORK/verify.err" | jq -r '[.files[].stamps[]] | if
		length == 0 then "-" elif .[0].verdict == "VALID-OFFLINE" then
		.[0].decoders | map({zbar: "z", zxing: "x", dmtx: "d"}[.]) |
		sort | join("") elif .[0].verdict == "UNREADABLE" then "-" else
		"BAD" end'
}

# good WHAT: the stamp of the scan is read and verifies.
good() {
	got=$(readers)
	check "$1: $got" test "$got" != - -a "$got" != BAD -a -n "$got"
}

every_kind() {
	cat <<-EOT
	label QR
	label DataMatrix
	label DMRE
	label PDF417
	small DMRE
	small DataMatrix
	envelope QR
	envelope DataMatrix
	EOT
}

# What a good printer does: 1 mil of gain, and a common scanner.
for dpi in 203 300 600; do
	every_kind | while read -r layout symbol; do
		drawn "$layout" "$symbol" $dpi
		scanned $dpi 1 1.7 0.7 10 100
		echo "$dpi $layout $symbol $(readers)"
	done >"$WORK/kinds.$dpi" || exit 99
	while read -r at layout symbol by; do
		check "$at dpi, $layout, $symbol: $by" \
			test "$by" != - -a "$by" != BAD -a -n "$by"
	done <"$WORK/kinds.$dpi"
done

# The judge sees what is wrong.
drawn label QR 300
scanned 300 12 1.7 0.7 10 100
check_is 'a blot is not read' "$(readers)" -
printf 'x' | dd of="$WORK/full" bs=1 seek=60 conv=notrunc 2>/dev/null
drawn label QR 300
scanned 300 1 1.7 0.7 10 100
check_is 'a wrong byte is no stamp' "$(readers)" BAD

[ -n "${POSTAGE_LONG:-}" ] || done_testing
sed -n '1s/.* //p' "$WORK/lab/stamps" | perl -ne 'chomp; print pack "H*", $_' \
	>"$WORK/full"

# --- the long form ---------------------------------------------------------------
table=${SCAN_TABLE:-$WORK/table}
: >"$table"

head_row() {
	printf '| %s |' "$@" | sed 's/||/|/g'
	printf '\n|'
	for cell; do
		printf -- '---|'
	done
	printf '\n'
} >>"$table"

row() {
	row_text="| $1 |"
	shift
	for cell; do
		row_text="$row_text $cell |"
	done
	echo "$row_text" >>"$table"
}

# sweep DPI MODULES_DPI NAME CONDITION...: one row for each layout and symbol; a
# condition is GAIN:DEGREES:BLUR:NOISE:PERCENT.
sweep() {
	sweep_dpi=$1 sweep_modules=$2 sweep_name=$3
	shift 3
	every_kind >"$WORK/every"
	while read -r layout symbol; do
		drawn "$layout" "$symbol" "$sweep_modules"
		cells=
		for condition; do
			# shellcheck disable=SC2046
			scanned "$sweep_dpi" $(echo "$condition" | tr : ' ')
			got=$(readers)
			cells="$cells $got"
			tests_run=$((tests_run + 1))
			# a wrong reading is never allowed
			[ "$got" != BAD ] || tests_failed=$((tests_failed + 1))
		done
		# shellcheck disable=SC2086
		row "$sweep_name | $layout $symbol" $cells
	done <"$WORK/every"
}

{
	echo '### Gain, shrinking, noise at the default module'
	echo
} >>"$table"
head_row printer stamp 'gain 0' 1 1.5 2 'shrunk 97 %' '94 %' 'noise 20' 40 \
	'blur 1.2' 'skew 5' '45'
for dpi in 203 300 600; do
	sweep $dpi $dpi "$dpi dpi" 0:1.7:0.7:10:100 1:1.7:0.7:10:100 \
		1.5:1.7:0.7:10:100 2:1.7:0.7:10:100 1:1.7:0.7:10:97 \
		1:1.7:0.7:10:94 1:1.7:0.7:20:100 1:1.7:0.7:40:100 \
		1:1.7:1.2:10:100 1:5:0.7:10:100 1:45:0.7:10:100
done
{
	echo
	echo '### Other module sizes'
	echo
} >>"$table"
head_row module stamp 'gain 0' 1 1.5 2 'shrunk 97 %' '94 %' 'noise 20'
# printer, resolution whose dots are used, what that makes of a module
while read -r dpi modules name; do
	sweep "$dpi" "$modules" "$dpi dpi, $name mil" 0:1.7:0.7:10:100 \
		1:1.7:0.7:10:100 1.5:1.7:0.7:10:100 2:1.7:0.7:10:100 \
		1:1.7:0.7:10:97 1:1.7:0.7:10:94 1:1.7:0.7:20:100
done <<-EOT
300 180 10.0
300 240 13.3
600 480 13.3
203 240 19.7
300 360 20.0
EOT

{
	echo
	echo '### Bars reduced, where dots grow much'
	echo
} >>"$table"
head_row printer stamp 'gain 3' 4 5
while read -r dpi reduction; do
	for symbol in QR DataMatrix; do
		drawn label "$symbol" "$dpi"
		cells=
		for gain in 3 4 5; do
			scanned "$dpi" "$gain" 1.7 0.7 10 100
			cells="$cells $(readers)"
		done
		# shellcheck disable=SC2086
		row "$dpi dpi, bar-reduction $reduction | label $symbol" $cells
	done
done <<-EOT
300 0
300 1
600 0
600 2
600 3
EOT
reduction=0

# Every colour space, order and depth of a page, in all four directions.
for space in 0 1 3 4 5 6 7 8 9 10 18 19 20; do
	for order in 0 1 2; do
		for bits in 1 8; do
			turn=$(((${turn:-0} + 90) % 360))
			drawn label QR 300 "$space" "$order" "$bits" "$turn"
			scanned 300 1 1.7 0.7 10 100
			good "space $space, order $order, $bits bits, $turn degrees"
		done
	done
done

[ -n "${SCAN_TABLE:-}" ] || cat "$table"
done_testing
