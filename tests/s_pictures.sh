#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Marks in pixels: QR codes in PNG, JPEG, PDF, PWG and Apple raster jobs become
# stamps, turned as they are, and the code is gone from the page.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

require convert gs
chain_start 100.00
queue_sink Postage

# qr FILE MARK...: its code, by the program that people use.
qr() {
	qr_file=$1
	shift
	postage mark --qr "$qr_file" "$@" >"$WORK/mark.said"
}

# Four codes that say 0.11 to 0.44, each turned by another quarter, on a page
# of 300 dpi with words on it.
page() {
	convert -size 2550x3300 xc:white -fill black -pointsize 60 \
		-annotate +1000+1600 'Printed by a telephone' "$WORK/page.png"
	while read -r sum turn at; do
		qr "$WORK/qr.png" "$sum" to=90210-1234 &&
			convert "$WORK/page.png" \( "$WORK/qr.png" -rotate \
				"$turn" -resize 300x300 \) -geometry "$at" \
				-composite -density 300 -units PixelsPerInch \
				"$WORK/page.png" || return
	done <<-EOT
	0.11 0 +300+300
	0.22 90 +1900+400
	0.33 180 +1900+2600
	0.44 270 +400+2600
	EOT
	convert "$WORK/page.png" -quality 75 "$WORK/page.jpg"
}

# raster FORMAT: the same page as a telephone sends it.
raster() {
	PPD='' CONTENT_TYPE=image/png \
		/usr/lib/cups/filter/imagetopdf 1 me t 1 'media=Letter' \
		"$WORK/page.png" >"$WORK/picture.pdf" 2>"$WORK/log/imagetopdf" &&
		gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE="$1" -r300 \
			-dcupsColorSpace=18 -dcupsBitsPerColor=8 \
			-sOutputFile="$WORK/page.$2" "$WORK/picture.pdf" \
			>"$WORK/log/gs" 2>&1
}

# turns: in reading order of the stamps; what ZXing says is anticlockwise.
turns() {
	fields_of "$WORK/stamps" 'postage turn' | sort -n |
		awk '{ print ($2 + 360) % 360 }' | tr '\n' ' ' | sed 's/ $//'
}

# gone: no code of a mark is left on the paper.
gone() {
	find "$WORK/pages" -name '*.pgm' -exec zbarimg --nodbus -q --raw \
		-Sdisable -Sqrcode.enable {} + | grep -ac 'postage:' >"$WORK/left"
	is "$(cat "$WORK/left")" 0
}

# pictured WHAT FILE [OPTION...]: its four stamps are printed and turned.
pictured() {
	what=$1 file=$2
	shift 2
	prints "$what" Postage '110 220 330 440' "$file" "$@"
	check_is "$what: turned as the codes are" "$(turns)" "0 90 180 270"
	check_is "$what: the address is in them" "$(values to)" \
		'902101234 902101234 902101234 902101234'
	check "$what: the codes are gone" gone
}

check 'a page of codes' page
pictured 'PNG' "$WORK/page.png" -o PageSize=Letter
pictured 'JPEG' "$WORK/page.jpg" -o PageSize=Letter
check 'PWG raster' raster pwgraster pwg
pictured 'PWG raster' "$WORK/page.pwg" -o PageSize=Letter
check 'Apple raster' raster urf urf
pictured 'Apple raster' "$WORK/page.urf" -o PageSize=Letter
pictured 'PDF with a picture' "$WORK/picture.pdf"

# What is no mark of ours, and what is a bad one.
printf 'https://example.com/postage:' >"$WORK/address"
convert -size 850x1100 xc:white "$WORK/none.png"
prints 'a picture without codes' Postage '' "$WORK/none.png"
qr "$WORK/qr.png" 0.78
convert -size 2550x3300 xc:white \( "$WORK/qr.png" -resize 300x300 \
	-background white -rotate 20 \) -geometry +300+300 -composite \
	-density 300 -units PixelsPerInch "$WORK/askew.png"
refused 'a code askew' 'page 1: QR code postage:.amount=0.78 stands askew' \
	canceled "$WORK/askew.png"
qr "$WORK/qr.png" 0.78
convert -size 2550x3300 xc:white \( "$WORK/qr.png" -fill "gray(245)" \
	-opaque black \) -geometry +300+300 -composite \
	-density 300 -units PixelsPerInch "$WORK/pale.png"
check 'a code that only a program sees' zbarimg --nodbus -q "$WORK/pale.png"
before=$(register descending)
job=$(submit -d Postage "$WORK/pale.png")
check 'is printed as it is' completes "$job"
check_is 'and buys nothing' "$(register descending)" "$before"
qr "$WORK/qr.png" 0.78
convert -size 2550x3300 xc:white \( "$WORK/qr.png" -resize 300x300 \) \
	-geometry +2250+300 -composite -density 300 -units PixelsPerInch \
	"$WORK/edge.png"
refused 'a code at the edge' 'QR|postage:.amount=0.78: the stamp .* printable' \
	canceled "$WORK/edge.png"
check 'registers, journal and paper agree' books_balance
done_testing
