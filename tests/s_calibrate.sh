#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A printer that is off by millimetres and per cent: the test sheet is printed
# through the queue, "printed" and "scanned" (moved, stretched, turned, on a
# dark background), and afterwards labels land where a true printer puts them.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

require convert
chain_start 100.00
queue_sink Postage
document blank.pdf >"$WORK/blank.pdf"

# The printer: 1.5 mm to the right, 1.1 mm up, 0.5 % too wide, 0.4 % too low.
right=17.72 down=-12.99 wide=1.005 high=0.996 # dots of 300 dpi

# on_paper IN OUT: what it makes of a page.
on_paper() {
	convert "$1" -virtual-pixel white -filter point -distort \
		AffineProjection "$wide,0,0,$high,$right,$down" "$2"
}

# scanned IN OUT DEGREES: the paper on the scanner's black lid.
scanned() {
	convert "$1" -background '#303030' -bordercolor '#303030' -border 60 \
		-rotate "$3" -blur 0x0.7 -density 300 -units PixelsPerInch "$2"
}

# printed_page: what arrived, as $WORK/got.png
printed_page() {
	# shellcheck disable=SC2046
	set -- $(arrived "$WORK/sink")
	[ $# -eq 1 ] && rm -rf "$WORK/page" && mkdir "$WORK/page" &&
		pages_of "$1" "$WORK/page/p" && mv "$WORK"/page/p*.png "$WORK/got.png"
}

# near VALUE WANTED SLACK
near() {
	awk -v a="$1" -v b="$2" -v s="$3" \
		'BEGIN { d = a - b; print a, b; exit !(d <= s && -d <= s) }'
}

calibration() {
	postage --json calibrate Postage --show | jq -r ".$1"
}

# found RIGHT_MM DOWN_MM WIDTH_PERCENT HEIGHT_PERCENT
found() {
	near "$(calibration offset_x_mm)" "$1" 0.1 &&
		near "$(calibration offset_y_mm)" "$2" 0.1 &&
		near "$(calibration scale_x_percent)" "$3" 0.03 &&
		near "$(calibration scale_y_percent)" "$4" 0.03
}

spent=$(register ascending)
job=$(postage --json calibrate Postage | jq .job)
check 'the test sheet is printed' completes "$job"
check 'one page' printed_page
cp "$WORK/got.png" "$WORK/sheet.png"
check 'nothing was spent' nothing_spent "$spent"
check 'two specimens are on it' test "$("$srcdir/tests/stamps.pl" \
	"$WORK/sheet.png" | wc -l)" -eq 2

on_paper "$WORK/sheet.png" "$WORK/paper.png"
for degrees in 0.8 179; do
	scanned "$WORK/paper.png" "$WORK/scan.png" "$degrees"
	check "scanned at $degrees degrees" \
		postage calibrate Postage --scan "$WORK/scan.png"
	check 'offset and scale are found' found 1.5 -1.1 100.5 99.6
done
check 'who prints can read them' test "$(stat -c %a \
	"$WORK/etc/printers/Postage")" = 644

# The print itself: a specimen with dots that grow by 1 mil, on a scanner.
specimen() {
	convert "$WORK/sheet.png" -crop 900x500+480+640 +repage \
		"$WORK/specimen.pgm" &&
		"$builddir/tests/scan_sim" 300 300 "$1" 300 1.2 0.7 8 \
			<"$WORK/specimen.pgm" >"$WORK/scan.pgm" &&
		convert "$WORK/scan.pgm" -density 300 -units PixelsPerInch \
			"$WORK/scan.png"
}
qualify() {
	postage_verify --config "$WORK/etc/postage.conf" --json \
		--qualify Postage "$@" "$WORK/scan.png" >"$WORK/figures"
}
figure() {
	near "$(jq -r ".$1" "$WORK/figures")" "$2" "$3"
}
doctor() {
	postage --json doctor | jq -r \
		'.checks[] | select(.what == "Postage: print") | .result + ": " + .detail'
}
# 2 x 2 mil is one dot and a bit, and of five no more may go
for gain in 0 1 2; do
	check "dots that grow by $gain mil" specimen $gain
	check 'are measured' qualify
	check 'gain across' figure gain_x_mil $gain 0.25
	check 'gain down' figure gain_y_mil $gain 0.25
	check 'module' figure module_x_mil 16.67 0.05
	check 'skew' figure skew_degrees 1.2 0.05
	check_is 'bars want to lose' "$(jq .bar_reduction_wanted \
		"$WORK/figures")" "$((gain > 0))"
done
check_is 'the record has three lines' \
	"$(wc -l <"$WORK/etc/qualified/Postage")" 3
check 'the doctor knows' sh -c "doctor_said='$(doctor)'
	echo \"\$doctor_said\" | tee /dev/stderr | grep -q '^ok: grade'"
check 'measured long ago' qualify --date 2025-01-31
check 'the doctor says so' sh -c "echo '$(doctor)' | tee /dev/stderr |
	grep -q '^FAULT: .*more than a year ago'"
check 'measured again' qualify
lpadmin -p Postage -v "postage:/sink2:$WORK/sink" 2>"$WORK/check.out"
check 'another printer is noticed' sh -c "echo '$(doctor)' | tee /dev/stderr |
	grep -q '^FAULT: .*another printer'"
lpadmin -p Postage -v "postage:/sink:$WORK/sink" 2>"$WORK/check.out"
sed -i '2s/grade\|gain/goin/' "$WORK/etc/qualified/Postage"
check 'a changed line is noticed' sh -c "echo '$(doctor)' | tee /dev/stderr |
	grep -q '^FAULT: .*qualified/Postage:2: was changed'"
check_fails 'and nothing is added to it' qualify

# Who measured what is in the journal, too.
events() { # of this kind, as JSON
	postage --json journal log --count 100 |
		jq "[.events[] | select(.what == \"$1\")]"
}
line=$(tail -1 "$WORK/etc/qualified/Postage")
check_is 'each measurement is an event' "$(events qualify | jq length)" 5
check_is 'with grade, queue and the hash of the record' \
	"$(events qualify | jq -r '.[-1].text' |
		sed 's/ on .*, record/ .../')" \
	"queue Postage: grade $(echo "$line" | cut -f 2) ... ${line##*	}"
check_is 'and the person' "$(events qualify | jq -r '.[-1].person' |
	cut -d ' ' -f 1)" root
check_is 'and so is each calibration' "$(events calibrate | jq length)" 2
check 'the journal is sound' postage journal check
check 'and its files are the daemon'"'"'s' sh -c \
	"! find '$WORK/state' -name 'journal*' ! -user postage | grep ."

# Labels, before and after: symbols in dots of the paper.
labels() {
	job=$(submit -d Postage -o PostageSheet=Avery-5160 \
		-o PostageAmount=Custom.0.78 -o PostageCount=Custom.30 \
		"$WORK/blank.pdf")
	completes "$job" && printed_page
}
# A page that was stretched dot by dot is not for both decoders.
middles() {
	"$srcdir/tests/stamps.pl" "$1" >"$2.stamps" 2>"$WORK/said"
	fields_of "$2.stamps" 'x y w h' |
		awk '{ print $1 + $3 / 2, $2 + $4 / 2 }' >"$2"
	is "$(wc -l <"$2")" 30
}
# within PAGE DOTS: its symbols are that near to the true places, on the mean of
# each axis (the printer stretches the stamp, too: that alone moves a symbol
# left of its middle by a dot); a single one may be as far again and two dots more, as it is
# rounded to dots, the picture to pixels, and the decoder's corners are.
within() {
	paste -d ' ' "$WORK/true" "$WORK/$1" | awk -v most="$2" '{
		x += $3 - $1
		y += $4 - $2
		d = sqrt(($1 - $3) ^ 2 + ($2 - $4) ^ 2)
		if (d > max) max = d
	}
	END {
		x /= NR; y /= NR
		printf "mean %.1f, %.1f dots, furthest %.1f\n", x, y, max
		exit !(NR == 30 && x < most && -x < most && y < most &&
		    -y < most && max < 2 * most + 2)
	}'
}
check 'labels' labels
on_paper "$WORK/got.png" "$WORK/after.png"
check 'they are read' middles "$WORK/after.png" "$WORK/after"
cat "$WORK/after.stamps" >>"$WORK/stamps.all"
postage calibrate Postage --clear >"$WORK/check.out"
check 'labels of the queue as it was' labels
check 'they are read' middles "$WORK/got.png" "$WORK/true"
cat "$WORK/true.stamps" >>"$WORK/stamps.all"
check 'each label is where a true printer has it' within after 2
on_paper "$WORK/got.png" "$WORK/before.png"
check 'they are read' middles "$WORK/before.png" "$WORK/before"
check_fails 'without calibration it is not' within before 8

# By hand.
check 'measured with a ruler' postage calibrate Postage \
	--measured 21.60,198.38,18.82,257.26
check 'the same is found' found 1.5 -1.1 100.5 99.6
check_fails 'what no printer does is refused' postage calibrate Postage \
	--measured 45,196,20,259
check 'and changes nothing' found 1.5 -1.1 100.5 99.6
check_fails 'three numbers are refused' postage calibrate Postage \
	--measured 20,196,20
convert -size 2550x3300 xc:white -density 300 "$WORK/empty.png"
check_fails 'an empty scan is refused' postage calibrate Postage \
	--scan "$WORK/empty.png"
check 'outlines of a sheet' postage calibrate Postage --sheet 'Avery 5160' \
	--output "$WORK/outlines.pdf"
check 'as PDF' pdftoppm -r 50 -png "$WORK/outlines.pdf" "$WORK/outlines"

echo 'nonsense' >"$WORK/etc/printers/Postage"
job=$(submit -d Postage "$WORK/blank.pdf")
check 'a damaged file prints nothing' wait_state "$job" \
	'aborted processing-stopped pending pending-held canceled'
check 'and is named' until_true 10 says "$job" 'printers/Postage:1'
check 'registers, journal and paper agree' books_balance
done_testing
