#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# page.sh KIND [MARK...]: a document for tests on standard output; one mark to
# a page, US Letter.  KIND is html, ps, pdf, plain.pdf, text, png, jpeg or
# blank.pdf.
#
# ps and pdf: page 1's mark runs left to right, page 2's upwards, page 3's upside
# down, page 4's downwards, and so on.  plain.pdf: all left to right, with room
# for their stamps also where two or four pages share a sheet.  png and jpeg: a background for a sheet
# of labels, ink in the upper margin alone.
set -u

html() {
	cat <<-'EOF'
	<!DOCTYPE html><html><head><meta charset="utf-8"><title>Letter</title>
	<style>
	@page { size: 8.5in 11in; margin: 0.5in }
	body { font: 12pt "Liberation Serif", serif; margin: 0 }
	.mark { font: 9pt "Liberation Sans", sans-serif; margin: 0 0 1.4in 4in }
	.page { break-after: page }
	</style></head><body>
	EOF
	for mark; do
		echo "<div class=page><div class=mark>$mark</div>"
		echo '<p>Dear reader,</p><p>this page was set by a browser.</p>'
		echo '</div>'
	done
	echo '</body></html>'
}

ps_page() {
	printf '%%%%Page: %d %d\ngsave %d %d translate %d rotate\n' \
	    "$1" "$1" "$2" "$3" "$4"
	printf '/Helvetica findfont 10 scalefont setfont 0 0 moveto (%s) show\n' \
	    "$5"
	echo 'grestore /Times-Roman findfont 12 scalefont setfont'
	echo "90 400 moveto (This is page $1.) show showpage"
}

ps() {
	echo '%!PS-Adobe-3.0'
	printf '%%%%Pages: %d\n%%%%EndComments\n' $#
	echo '<</PageSize [612 792]>> setpagedevice'
	n=0
	for mark; do
		n=$((n + 1))
		case $((n % 4)) in
		1) ps_page $n 300 700 0 "$mark" ;;
		2) ps_page $n 200 450 90 "$mark" ;;
		3) ps_page $n 400 600 180 "$mark" ;;
		0) ps_page $n 300 700 270 "$mark" ;;
		esac
	done
	echo '%%EOF'
}

plain() {
	echo '%!PS-Adobe-3.0'
	echo '<</PageSize [612 792]>> setpagedevice'
	n=0
	for mark; do
		n=$((n + 1))
		ps_page $n 60 700 0 "$mark" | sed 's/^90 400 moveto/60 90 moveto/'
	done
}

to_pdf() {
	gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite \
	    -dAutoRotatePages=/None -sOutputFile=- -
}

# Plain text: the mark needs room to the right and below.
text() {
	for mark; do
		printf '\n\n          %s\n' "$mark"
		printf '\n\n\n\n\n\n\n\n\n\n\n\n\nThis is plain text.\n\f'
	done
}

# A page with ink in the margin above the labels only.
background() {
	cat <<-'EOF'
	%!PS-Adobe-3.0
	<</PageSize [612 792]>> setpagedevice
	/Helvetica findfont 9 scalefont setfont
	200 768 moveto (A background for a sheet of labels) show showpage
	EOF
}

picture() {
	background | gs -q -dSAFER -dBATCH -dNOPAUSE -dTextAlphaBits=4 -r150 \
	    -sDEVICE="$1" -sOutputFile=- -
}

kind=$1
shift
case $kind in
html) html "$@" ;;
ps) ps "$@" ;;
text) text "$@" ;;
png) picture png16m ;;
jpeg) picture jpeg ;;
pdf) ps "$@" | to_pdf ;;
plain.pdf) plain "$@" | to_pdf ;;
blank.pdf) echo '<</PageSize [612 792]>> setpagedevice showpage' | to_pdf ;;
*)
	echo "page.sh: unknown kind $kind" >&2
	exit 2
	;;
esac
