#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh: our filter against the stock chain, on the same pages without
# stamps, in one run, everything into pipes; and what the stamps add.
#
#	make bench [PAGES=77] [COPIES=100] [RUNS=3]
#
# Prints the best of RUNS for each, in seconds, and the ratio to stock.
set -u
srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
builddir=${builddir:-$PWD}
pages=${PAGES:-77} copies=${COPIES:-100} runs=${RUNS:-3}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
filters=/usr/lib/cups/filter
for need in "$filters/gstoraster" "$filters/rastertopwg" \
    "$builddir/filter/pdftopostage"; do
	[ -x "$need" ] || {
		echo "bench: $need is missing"
		exit 1
	}
done

export PPD=$builddir/ppd/postage-pwg.ppd PRINTER=Bench TMPDIR=$work
export POSTAGE_CONF=$work/postage.conf CUPS_SERVER=/nonexistent
export CUPS_FONTPATH=/usr/share/cups/fonts CONTENT_TYPE=application/pdf
cat >"$POSTAGE_CONF" <<EOF
[mail]
rates = $srcdir/rates/usps.tsv
origin = 22202
origin-place = Arlington VA
class = letter
EOF
options='Resolution=600dpi ColorModel=Gray'

# ours WORDS FILE: a real job's filter has DEVICE_URI; without it the stamps
# are specimens, which cost the same drawing and no debit.
ours() {
	FINAL_CONTENT_TYPE=application/vnd.cups-postage-raster \
	    "$builddir/filter/pdftopostage" 1 u t "${3-1}" "$1" "$2"
}
stock() {
	FINAL_CONTENT_TYPE=application/vnd.cups-raster \
	    "$filters/gstoraster" 1 u t 1 "$1" <"$2"
}
pwg() {
	FINAL_CONTENT_TYPE=image/pwg-raster "$filters/rastertopwg" 1 u t 1 "$1"
}

# best COMMAND...: the shortest of all runs, seconds.
best() {
	local i t least=''

	for ((i = 0; i < runs; i++)); do
		t=$({
			TIMEFORMAT=%R
			time "$@" >/dev/null 2>"$work/err"
		} 2>&1 | tail -n 1)
		least=$(printf '%s\n' "${least:-$t}" "$t" | sort -n |
		    head -n 1)
	done
	echo "$least"
}
row() {
	awk -v what="$1" -v stock="$2" -v ours="$3" 'BEGIN {
		printf "%-44s %8.2f s %8.2f s %8.2f\n", what, stock, ours,
		    (stock > 0 ? ours / stock : 0) }'
}

piped_stock() { stock "$options" "$1" | cat; }
piped_ours() { ours "$options${2:+ $2}" "$1" | cat; }
chain_stock() { stock "$options" "$1" | pwg "$options" | cat; }
chain_ours() { ours "$options" "$1" | pwg "$options" | cat; }

# --- documents -----------------------------------------------------------------
line='The quick brown fox jumps over the lazy dog and buys a stamp for it.'
for ((i = 0; i < pages * 58; i++)); do
	echo "$i $line"
done >"$work/text"
head -n 40 "$work/text" >"$work/one"
echo >"$work/empty"
for f in text one empty; do
	"$filters/texttopdf" 1 u t 1 '' "$work/$f" >"$work/$f.pdf" \
	    2>"$work/err" || {
		cat "$work/err"
		exit 1
	}
done
"$filters/pdftopdf" 1 u t "$copies" 'Collate=True' "$work/empty.pdf" \
    >"$work/copies.pdf" 2>/dev/null

echo "600 dpi, 8-bit grey, best of $runs, $(nproc) cores," \
    "$(pdfinfo "$work/text.pdf" | sed -n 's/^Pages: *//p') pages of text"
printf '%-44s %10s %10s %8s\n' '' stock ours ratio
row 'filter alone, text, no stamps' \
    "$(best piped_stock "$work/text.pdf")" "$(best piped_ours "$work/text.pdf")"
row 'filter alone, one page' \
    "$(best piped_stock "$work/one.pdf")" "$(best piped_ours "$work/one.pdf")"
row 'chain to PWG bytes, text' \
    "$(best chain_stock "$work/text.pdf")" "$(best chain_ours "$work/text.pdf")"
row "filter alone, $copies blank pages; ours: $((copies * 30)) stamps" \
    "$(best piped_stock "$work/copies.pdf")" \
    "$(best piped_ours "$work/copies.pdf" PostageSheet=Avery-5160)"
/usr/bin/env time -f 'peak memory of the filter, text: %M kB' \
    "$builddir/filter/pdftopostage" 1 u t 1 "$options" "$work/text.pdf" \
    2>&1 >/dev/null | tail -n 1
