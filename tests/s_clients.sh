#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What people print with, on what they print on: text, PDF, PostScript,
# pictures, a mail-merged letter from LibreOffice, a page from Chromium; to a
# driverless printer, to cups-pdf and to a socket.  What arrived is rasterised,
# each stamp is read by two decoders, verified, compared with the registers, and
# is where its mark was.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

LETTERS=3

# letter_printed QUEUE: from LibreOffice itself.
letter_printed() {
	soffice --headless "-env:UserInstallation=file://$WORK/office" \
		--pt "$1" "$WORK/letter.fodt" >"$WORK/log/soffice.out" 2>&1
}

# The number of the newest job.
newest_job() {
	lpstat -W all -o | sed -n 's/^[^ ]*-\([0-9]*\) .*/\1/p' | sort -n |
		tail -n 1
}

browser_pdf() {
	chromium --headless --no-sandbox --disable-gpu --disable-quic \
		--no-first-run --disable-background-networking \
		--disable-component-update --disable-sync \
		--user-data-dir="$WORK/browser" --no-pdf-header-footer \
		--print-to-pdf="$2" "$1" >"$WORK/log/chromium.out" 2>&1
	test -s "$2"
}

# marks_at PDF: the box of the first word of each mark, points.
marks_at() {
	pdftotext -bbox "$1" - | sed -n 's/.*<word xMin="\([0-9.]*\)" '\
'yMin="\([0-9.]*\)" xMax="\([0-9.]*\)" yMax="\([0-9.]*\)">\[\[postage<.*/'\
'\1 \2 \3 \4/p'
}

# in_place PDF DPI [TURNS]: the stamps just read stand where the marks of PDF
# do: as the mark is read, the symbol begins one quiet zone (4 modules of 1/60
# in) to the right of the mark's upper left corner and below it, within 0.3 mm.
# TURNS: direction of each mark, degrees anticlockwise.
in_place() {
	marks_at "$1" >"$WORK/marks.at"
	fields_of "$WORK/stamps" 'x y w h' | paste -d ' ' "$WORK/marks.at" - |
		awk -v dpi="$2" -v turns="${3:-0}" '
		BEGIN {
			n_turns = split(turns, turn, " ")
			quiet = 4 / 60 * 25.4
		}
		function off(mark, symbol) {
			return (symbol / dpi - mark / 72) * 25.4
		}
		{
			t = turn[(NR - 1) % n_turns + 1]
			if (t == 0) {
				right = off($1, $5); below = off($2, $6)
			} else if (t == 90) {
				right = -off($4, $6 + $8); below = off($1, $5)
			} else if (t == 180) {
				right = -off($3, $5 + $7)
				below = -off($4, $6 + $8)
			} else {
				right = off($2, $6); below = -off($3, $5 + $7)
			}
			printf "mark %d (%s): symbol %.2f mm right, %.2f " \
			    "below, want %.2f\n", NR, t, right, below, quiet
			if (right - quiet > 0.3 || quiet - right > 0.3 ||
			    below - quiet > 0.3 || quiet - below > 0.3)
				bad = 1
		}
		END { exit bad || NR == 0 }'
}

chain_start 500.00
require soffice chromium
socket_sink_start
ippe=
if ippeve_start; then
	ippe=1
fi
cups_pdf_setup

queue_raw Socket "postage:/socket://127.0.0.1:$SOCKET_PORT" \
	"$builddir/ppd/postage-pwg.ppd" -o Resolution=300dpi
queue_raw File "postage:/$CUPS_PDF_URI" "$builddir/ppd/postage-pdf.ppd"
check 'queue add round a driverless printer' env \
	POSTAGE_CONF="$WORK/etc/postage.conf" "$WORK/bin/postage" \
	queue add Driverless --printer "$IPP_URI"

mark='[[postage 0.78 to=90210-1234]]'
document text "$mark" "$mark" >"$WORK/a.txt"
document pdf "$mark" '[[postage 1.05]]' '[[postage 0.56]]' \
	'[[postage 2]]' >"$WORK/a.pdf"
document ps "$mark" '[[postage 1.05]]' '[[postage 0.56]]' \
	'[[postage 2]]' >"$WORK/a.ps"
document plain.pdf "$mark" '[[postage 1.05]]' >"$WORK/plain.pdf"
document png >"$WORK/a.png"
document jpeg >"$WORK/a.jpeg"
document html "$mark" '[[postage 1.05]]' >"$WORK/a.html"
"$srcdir/tests/docs/letter.sh" "$LETTERS" >"$WORK/letter.fodt"
check 'Chromium sets a page' browser_pdf "$WORK/a.html" "$WORK/html.pdf"
soffice --headless "-env:UserInstallation=file://$WORK/office" \
	--convert-to pdf --outdir "$WORK" "$WORK/letter.fodt" \
	>"$WORK/log/soffice.out" 2>&1
check_is 'the letter has its marks' \
	"$(marks_at "$WORK/letter.pdf" | wc -l | tr -d ' ')" "$LETTERS"

# turned_in_place QUEUE DPI: cups-pdf turns whole pages by their text.
turned_in_place() {
	[ "$1" = File ] || check "$1: four directions: in place" \
		in_place "$WORK/a.pdf" "$2" '0 90 180 270'
}

# office QUEUE DPI
office() {
	check "$1: LibreOffice prints" letter_printed "$1"
	arrives "$1: LibreOffice" "$(newest_job)" '780 780 780'
	check_is "$1: LibreOffice: destinations" "$(values to)" \
		'100012001 222021234 972010042'
	check "$1: LibreOffice: in place" in_place "$WORK/letter.pdf" "$2"
}

# clients QUEUE DPI [FEW]: FEW, not empty: not every kind of file.
clients() {
	office "$1" "$2"
	prints "$1: text" "$1" '780 780' "$WORK/a.txt"
	check_is "$1: destinations" "$(values to)" '902101234 902101234'
	prints "$1: PDF" "$1" '780 1050' "$WORK/plain.pdf"
	check "$1: PDF: in place" in_place "$WORK/plain.pdf" "$2"
	[ -z "${3:-}" ] || return 0
	prints "$1: PDF, four directions" "$1" '560 780 1050 2000' \
		"$WORK/a.pdf"
	turned_in_place "$1" "$2"
	prints "$1: PostScript" "$1" '560 780 1050 2000' "$WORK/a.ps"
	turned_in_place "$1" "$2"
	prints "$1: PNG under labels" "$1" '780 780' "$WORK/a.png" \
		-o PostageSheet=Avery-5160 -o PostageCount=Custom.2 \
		-o PostageAmount=Custom.0.78
	prints "$1: JPEG under labels" "$1" '780 780' "$WORK/a.jpeg" \
		-o PostageSheet=Avery-5160 -o PostageCount=Custom.2 \
		-o PostageAmount=Custom.0.78
	prints "$1: Chromium" "$1" '780 1050' "$WORK/html.pdf"
	check "$1: Chromium: in place" in_place "$WORK/html.pdf" "$2"
}

PRINTER=$WORK/socket
clients Socket 300
PRINTER=$WORK/pdf
PAGES_DPI=300
# in the short form not every kind of file: behind the filter they are alike
few=few
[ -z "${POSTAGE_LONG:-}" ] || few=
clients File 300 $few
if [ -n "$ippe" ]; then
	PRINTER=$WORK/ippeve
	clients Driverless "$(printer_attribute Driverless \
		printer-resolution-default | sed 's/[^0-9].*//')" $few
fi
check 'registers, journal and paper agree' books_balance
done_testing
