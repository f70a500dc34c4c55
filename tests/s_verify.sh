#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# s_verify: postage-verify on whole files: every format it reads, where each
# symbol is, every verdict that a file can show, exit status, --json.
# Run from the build folder; -v shows what the program said.
set -u
verify=./tools/postage-verify
verbose=${1:-}
t=$(mktemp -d) || exit 99
trap 'rm -rf "$t"' EXIT
failed=0

# test NAME WANTED-STATUS ARGUMENTS...: runs it, output in $t/out and $t/err.
run() {
	name=$1 want=$2
	shift 2
	"$verify" "$@" >"$t/out" 2>"$t/err"
	got=$?
	[ "$verbose" = -v ] && cat "$t/out" "$t/err"
	if [ "$got" -ne "$want" ]; then
		echo "FAIL: $name: exit status $got, want $want"
		cat "$t/out" "$t/err"
		failed=1
	fi
}

# check NAME WANTED-STATUS ARGUMENTS...: the same with the lab's certificates on
# the day of its stamps.
check() {
	name=$1 want=$2
	shift 2
	run "$name" "$want" --certificates "$t/certificates" \
		--date 2026-11-21 "$@"
}

# says NAME TEXT: the last output has a line with TEXT.
says() {
	if ! grep -q -e "$2" "$t/out"; then
		echo "FAIL: $1: no \"$2\" in:"
		cat "$t/out" "$t/err"
		failed=1
	fi
}

./tests/verify_page "$t" >"$t/wanted" || exit 99
count=$(wc -l <"$t/wanted")
have_zxing=yes
command -v ZXingReader >/dev/null || have_zxing=no
# Without ZXingReader nobody reads the last two symbols.
[ $have_zxing = yes ] || count=$((count - 2))

formats="png tiff jpeg"
if command -v pdftoppm >/dev/null || command -v gs >/dev/null; then
	formats="$formats pdf"
fi
for format in $formats; do
	check "$format" 0 "$t/page.$format"
	says "$format" "^$count stamps, $count VALID-OFFLINE\$"
	# Where each symbol is, to 0.3 mm.
	grep '^  page 1,' "$t/out" >"$t/places"
	head -n "$count" "$t/wanted" | awk -v places="$t/places" \
		-v format="$format" '
		function far(a, b) { return a - b > 0.3 || b - a > 0.3 }
		{ getline place <places
		  split(place, p, " ")
		  if (far(p[3], $2) || far(p[7], $3) || far(p[12], $4)) {
			print "FAIL: " format ": " $0; print "  got " place
			bad = 1
		  } }
		END { exit bad }' || failed=1
done

# A page without its resolution is placed in pixels.
check pgm 0 "$t/page.pgm"
says pgm "page 1, 100.00 px from left, 100.00 px from top, QR 225.00 x 225.00"

# Two decoders of different make, or UNREADABLE.
if [ $have_zxing = yes ]; then
	check "two readers" 1 --decoder all --readers 2 "$t/page.png"
	says "two readers" "^7 stamps, 5 VALID-OFFLINE, 2 UNREADABLE\$"
	says "two readers" "QR .* by zbar+zxing"
	says "two readers" "DataMatrix .* by dmtx+zxing"
fi
check "zbar alone" 0 --decoder zbar "$t/page.png"
says "zbar alone" "^3 stamps, 3 VALID-OFFLINE\$"

# Verdicts.
run late 1 --certificates "$t/certificates" --date 2027-03-01 "$t/page.png"
says late "EXPIRED (lab): was to be mailed by 2026-11-28"
check twice 1 --decoder zbar "$t/page.png" "$t/page.jpeg"
says twice "^6 stamps, 3 VALID-OFFLINE, 3 DUPLICATE\$"
says twice "DUPLICATE (lab): first seen .*page.png, page 1"
mkdir "$t/few" && cp "$t/certificates/authority.pem" "$t/few"
run strangers 1 --certificates "$t/few" --date 2026-11-21 "$t/page.png"
says strangers "UNKNOWN-ISSUER"
cp "$t/certificates/psd.pem" "$t/few"
run "no provider" 1 --certificates "$t/few" --date 2026-11-21 "$t/page.png"
says "no provider" "was not issued by anyone known here"
hex=$(awk 'NR == 1 { print $5 }' "$t/wanted")
check "one by hand" 0 --hex "$hex"
says "one by hand" "VALID-OFFLINE"
changed=$(printf %s "$hex" | sed 's/^\(.\{38\}\)0c/\10d/')
[ "$changed" != "$hex" ] || { echo "FAIL: nothing changed"; failed=1; }
check changed 1 --hex "$changed"
says changed "BAD-SIGNATURE"
check "cut short" 1 --hex "${hex%??}"
says "cut short" "UNREADABLE"

# Check and cancel.
check "no table" 2 --seen "$t/seen" --hex "$hex"
check cancel 0 --seen "$t/seen" --cancel --hex "$hex"
says cancel "VALID (lab): use recorded"
check "checked later" 1 --seen "$t/seen" --hex "$hex"
says "checked later" "DUPLICATE"
check "cancelled again" 1 --seen "$t/seen" --cancel --hex "$hex"
says "cancelled again" "DUPLICATE"

# Only looking.
dea=444541121C012BB7456D00BE578D00B600000E011556000000000000
run "decode" 0 --decode --hex $dea
says "decode" "Frankier-ID *012FF45D0155600000E6"
run "decode json" 0 --decode --json --hex $dea
says "decode json" '"frankier_id": "012FF45D0155600000E6"'
if grep -q verdict\" "$t/out"; then
	echo "FAIL: --decode gives a verdict"
	failed=1
fi

# For scripts.
check json 0 --json "$t/page.png"
says json '"VALID-OFFLINE": '"$count"
says json '"x_mm": 8.47'
says json '"postage": "0.78"'
says json '"lab": true'
if command -v python3 >/dev/null; then
	python3 -m json.tool "$t/out" >/dev/null || failed=1
fi

# A QR and a Data Matrix with a blot: told, not passed over.
check torn 1 "$t/torn.pgm"
says torn "UNREADABLE: a symbol too damaged to be read"
says torn "^$count stamps, $((count - 2)) VALID-OFFLINE, 2 UNREADABLE\$"

# Trouble.
printf 'P5\n600 600\n255\n' >"$t/blank.pgm"
head -c 360000 /dev/zero | tr '\0' '\377' >>"$t/blank.pgm"
check blank 3 "$t/blank.pgm"
says blank "^0 stamps\$"
check missing 2 "$t/missing.png"
head -c 300 "$t/page.png" >"$t/cut.png"
check "cut file" 2 "$t/cut.png"
check "no files" 2
run "bad option" 2 --frobnicate "$t/page.png"
run "bad date" 2 --date 2026-13-01 "$t/page.png"
run "no such folder" 2 --certificates "$t/nowhere" "$t/page.png"
check "cancel nowhere" 2 --cancel --hex "$hex"

run help 0 --help
says help "^usage: postage-verify"

[ $failed -eq 0 ] && echo "postage-verify: every check passed"
exit $failed
