#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh: our filter against the stock chain, on the same pages without
# stamps, in one run, everything into pipes; and what the stamps add.
#
#	make bench [PAGES=77] [COPIES=100] [RUNS=5]
#
# Prints for each row the best of RUNS of stock and ours, run by turns, the
# ratio, and the goal.  CPU is user and system time of all processes: it says
# what holds a row on a machine that is busy with other things.
set -u
srcdir=${srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
builddir=${builddir:-$PWD}
pages=${PAGES:-77} copies=${COPIES:-100} runs=${RUNS:-5}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
filters=/usr/lib/cups/filter
for need in "$filters/gstoraster" "$filters/rastertopwg" \
    "$filters/pdftopdf" "$builddir/filter/pdftopostage"; do
	[ -x "$need" ] || {
		echo "bench: $need is missing"
		exit 1
	}
done

export PPD=$builddir/ppd/postage-pwg.ppd PRINTER=Bench TMPDIR=$work
export POSTAGE_CONF=$work/postage.conf CUPS_SERVER=/nonexistent
export CUPS_FONTPATH=/usr/share/cups/fonts CONTENT_TYPE=application/pdf
export RIP_MAX_CACHE=128m # as cupsd sets it
cat >"$POSTAGE_CONF" <<EOF
[mail]
rates = $srcdir/rates/usps.tsv
origin = 22202
origin-place = Arlington VA
class = letter
EOF
options='Resolution=600dpi ColorModel=Gray'
sheet=' PostageSheet=Avery-5160'

# ours GATE FILE [OPTIONS]: a real job's filter has DEVICE_URI; without it the
# stamps are specimens, which cost the same drawing and no debit.
ours() {
	FINAL_CONTENT_TYPE=application/vnd.cups-postage-$1 \
	    "$builddir/filter/pdftopostage" 1 u t 1 "$options${3-}" ${2:+"$2"}
}
stock() {
	FINAL_CONTENT_TYPE=application/vnd.cups-raster \
	    "$filters/gstoraster" 1 u t 1 "$options" <"${1:-/dev/stdin}"
}
pwg() {
	FINAL_CONTENT_TYPE=image/pwg-raster \
	    "$filters/rastertopwg" 1 u t 1 "$options"
}
made() { "$filters/pdftopdf" 1 u t "${2-1}" "$options Collate=True" "$1"; }

filter_stock() { stock "$1" | cat; }
filter_ours() { ours raster "$1" "${2-}" | cat; }
chain_stock() { made "$1" "$2" | stock "" | pwg | cat; }
chain_ours() { made "$1" "$2" | ours pwg '' "${3-}" | cat; }
# Nobody waits for the rest.
first_stock() { head -c 4000 < <(stock "$1"); }
first_ours() { head -c 4000 < <(ours raster "$1"); }

# least OLD NEW
least() { printf '%s\n' "${1:-$2}" "$2" | sort -n | head -n 1; }

# timed COMMAND...: sets wall and cpu, the least until now.
timed() {
	local TIMEFORMAT='%R %U %S' t

	t=$({ time "$@" >/dev/null 2>"$work/err"; } 2>&1 | tail -n 1)
	wall=$(least "$wall" "${t%% *}")
	cpu=$(least "$cpu" "$(awk '{ print $2 + $3 }' <<<"$t")")
}

# row WHAT GOAL STOCK... -- OURS...
row() {
	local what=$1 goal=$2 stock=() i wall cpu
	local stock_wall='' stock_cpu='' ours_wall='' ours_cpu=''

	shift 2
	while [ "$1" != -- ]; do
		stock+=("$1")
		shift
	done
	shift
	for ((i = 0; i < runs; i++)); do
		wall=$stock_wall cpu=$stock_cpu
		timed "${stock[@]}"
		stock_wall=$wall stock_cpu=$cpu
		wall=$ours_wall cpu=$ours_cpu
		timed "$@"
		ours_wall=$wall ours_cpu=$cpu
	done
	awk -v what="$what" -v goal="$goal" -v s="$stock_wall" \
	    -v o="$ours_wall" -v sc="$stock_cpu" -v oc="$ours_cpu" 'BEGIN {
		got = sprintf("%.2f", s > 0 ? o / s : 0)
		if (goal ~ /^[+]/)
			got = sprintf("%+.2f", o - s)
		printf "%-36s %7.2f s %7.2f s %6s %6s   %6.2f s %6.2f s\n",
		    what, s, o, got, goal, sc, oc }'
}

# peak WHAT FILE [OPTIONS]: memory of the filter alone, Ghostscript's apart.
peak() {
	ours raster "$2" "${3-}" >/dev/null 2>"$work/err" &
	local pid=$! most=0 now

	while now=$(awk '/^VmHWM/ { print $2 }' \
	    "/proc/$(pgrep -P "$pid" -x pdftopostage | head -n 1)/status" \
	    2>/dev/null || awk '/^VmHWM/ { print $2 }' \
	    "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
		[ "$now" -le "$most" ] || most=$now
		sleep 0.05
	done
	wait "$pid"
	printf '%-36s %29d MB %6s\n' "$1" $((most / 1024)) '<100'
}

# --- documents -----------------------------------------------------------------
line='The quick brown fox jumps over the lazy dog and buys a stamp for it.'
# text FILE PAGES: of 64 lines each.
text() {
	for ((i = 0; i < $2 * 64; i++)); do
		echo "$i $line"
	done >"$work/text"
	"$filters/texttopdf" 1 u t 1 '' "$work/text" >"$1" 2>"$work/err"
}
count() { pdfinfo "$1" | sed -n 's/^Pages: *//p'; }
text "$work/text.pdf" "$pages"
text "$work/one.pdf" 1
text "$work/long.pdf" 1000
echo >"$work/text"
"$filters/texttopdf" 1 u t 1 '' "$work/text" >"$work/empty.pdf" 2>"$work/err"
made "$work/empty.pdf" "$copies" >"$work/copies.pdf" 2>"$work/err"

echo "600 dpi, 8-bit grey, best of $runs, $(nproc) cores, load" \
    "$(cut -d' ' -f1 /proc/loadavg); $(count "$work/text.pdf") pages of" \
    "text, $copies copies of a sheet of 30 labels"
printf '%-36s %9s %9s %6s %6s   %8s %8s\n' '' stock ours ratio goal \
    'CPU' 'ours'
row 'filter, text' 0.70 filter_stock "$work/text.pdf" -- \
    filter_ours "$work/text.pdf"
row 'filter, one page' 1.15 filter_stock "$work/one.pdf" -- \
    filter_ours "$work/one.pdf"
row "filter, copies, $((copies * 30)) stamps" 0.60 \
    filter_stock "$work/copies.pdf" -- \
    filter_ours "$work/copies.pdf" "$sheet"
row 'chain to PWG bytes, text' 0.50 chain_stock "$work/text.pdf" 1 -- \
    chain_ours "$work/text.pdf" 1
row 'chain to PWG bytes, copies' 0.50 \
    chain_stock "$work/empty.pdf" "$copies" -- \
    chain_ours "$work/empty.pdf" "$copies" "$sheet"
row 'to the first page of the text' +0.25 first_stock "$work/text.pdf" -- \
    first_ours "$work/text.pdf"
peak "memory, $(count "$work/text.pdf") pages" "$work/text.pdf"
peak "memory, $(count "$work/long.pdf") pages" "$work/long.pdf"
peak "memory, copies with stamps" "$work/copies.pdf" "$sheet"
