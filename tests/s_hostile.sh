#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Documents made to hurt who reads them (docs/hostile.pl): each is printed as it
# should be or refused with a sentence, in bounded time and memory, by the filter
# alone and, some of them, by the whole chain, where no refusal costs a mil.
# The long form (POSTAGE_LONG=1) has all kinds of documents in both kinds of
# output.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
require qpdf ppdc
chain_start 100.00
FILTER=$(built filter/pdftopostage)
MEASURE=$(built tests/measure)
ppdc -d "$WORK" "$srcdir/tests/filter.drv" >"$WORK/check.out" 2>&1 ||
	skip 'ppdc does not make the PPDs'
PAGE_S=1    # setting page-time
MEMORY=2048 # MB of all processes: the filter's and the renderer's
BYTES=1073741824 # of addresses for each, however big the computer is
printf '[daemon]\npage-time = %s\n' "$PAGE_S" >"$WORK/filter.conf"
mkdir -m 777 "$WORK/filter.tmp"

hostile() {
	[ -e "$WORK/$1.pdf" ] ||
		"$srcdir/tests/docs/hostile.pl" "$1" >"$WORK/$1.pdf"
}

# AddressSanitizer reserves more than that.
limited() {
	if grep -q '^#define WITH_SANITIZERS' "$builddir/config.h"; then
		"$@"
	else
		prlimit --as="$BYTES" "$@"
	fi
}

# filter KIND OUTPUT: the filter by hand; what it cost is in $wall $cpu $rss.
filter() {
	hostile "$1"
	limited "$MEASURE" "$WORK/cost" 120 env PPD="$WORK/filter-mono.ppd" \
		TMPDIR="$WORK/filter.tmp" POSTAGE_CONF="$WORK/filter.conf" \
		FINAL_CONTENT_TYPE="application/vnd.cups-postage-$2" \
		"$FILTER" 1 me title 1 '' "$WORK/$1.pdf" \
		>"$WORK/out" 2>"$WORK/said"
	filter_code=$?
	read -r wall cpu rss <"$WORK/cost"
	say "$1 as $2: exit $filter_code, $wall s ($cpu s processor), $rss MB"
	return "$filter_code"
}

# No more time than the settings allow, with a tenth of the computer for us; no
# more memory; nothing left behind.
bounded() {
	awk -v wall="$wall" -v cpu="$cpu" -v rss="$rss" -v s="$PAGE_S" \
		-v mb="$MEMORY" 'BEGIN { exit !(wall < 40 * s + 20 &&
		    cpu < 12 * s + 8 && rss < mb) }' &&
		[ -z "$(ls -A "$WORK/filter.tmp")" ] &&
		[ ! -e /tmp/hurt ]
}

one_stamp() {
	rm -f "$WORK"/page-*.pgm
	PAGES_DPI=203
	pages_of "$WORK/out" "$WORK/page" pgm &&
		"$srcdir/tests/stamps.pl" "$WORK"/page-*.pgm >"$WORK/found" &&
		is "$(wc -l <"$WORK/found")" 1
}

# good KIND OUTPUT: it has one stamp like any other.
good() {
	check "$1 as $2: is printed" filter "$1" "$2"
	check "$1 as $2: within bounds" bounded
	check "$1 as $2: its stamp" one_stamp
}

# One line says why, and nothing came out that a printer would print.
refused_for() {
	cat "$WORK/said"
	is "$(grep -c '^ERROR: ' "$WORK/said")" 1 &&
		grep -Eq "^ERROR: .*($1)" "$WORK/said" &&
		[ "$(wc -c <"$WORK/out")" -le 4 ] &&
		! grep -q '^PPD:\|^STATE:' "$WORK/said"
}

refuses() {
	! filter "$1" "$2" && refused_for "$3"
}

prints_or_refuses() {
	filter "$1" "$2" || refused_for .
}

# bad KIND OUTPUT PATTERN
bad() {
	check "$1 as $2: is refused with a reason" refuses "$1" "$2" "$3"
	check "$1 as $2: within bounds" bounded
}

# either KIND OUTPUT: readers may differ on what it says.
either() {
	check "$1 as $2: is printed, or refused with a reason" \
		prints_or_refuses "$1" "$2"
	check "$1 as $2: within bounds" bounded
}

long() {
	[ -n "${POSTAGE_LONG:-}" ]
}

# Some have a mark that is locked away.
"$srcdir/tests/docs/hostile.pl" plain >"$WORK/plain.pdf"
qpdf --encrypt '' owner 256 -- "$WORK/plain.pdf" "$WORK/owner.pdf"
qpdf --encrypt user owner 256 -- "$WORK/plain.pdf" "$WORK/user.pdf"

# --- the filter alone ------------------------------------------------------------
# A mask takes about a second, which is all that a page has here.
slow='too much time|Ghostscript'
while read -r kind output want; do
	if [ "$output" = long ]; then
		long || continue
		output=
	fi
	long && output='raster pdf'
	for output in $output; do
		case $want in
		print) good "$kind" "$output" ;;
		either) either "$kind" "$output" ;;
		slow) bad "$kind" "$output" "$slow" ;;
		*) bad "$kind" "$output" "$want" ;;
		esac
	done
done <<'EOT'
plain long print
both pdf either
no_xref raster print
xref_loop long print
parents long print
script raster print
launch long print
embedded pdf print
outside long print
ps_object raster print
form pdf print
form_loop long print
pattern raster print
mask long either
function long print
dashes long print
image_jpeg pdf either
ascii long either
owner pdf print
type3 pdf slow
image pdf slow
nested_flate raster slow
bomb long slow
tiles pdf slow
image_jbig2 long slow
image_fax long slow
image_jpx long slow
lzw long either
cmap long either
object_stream long either
deep_tree long either
deep_array long either
font long either
huge_text long either
infinite long either
nothing long either
user raster encrypted
huge raster between.1.and.14400
marks raster more.than.1000.marks
nested long either
long_mark raster not.closed
dirty_mark raster mark
tree raster cannot.be.read
pages long pages
many_pages long pages
no_pages raster pages
count_lies raster pages
negative long pages
cut raster damaged
empty raster damaged
text long damaged
program long damaged
postscript raster damaged
EOT

# --- the whole chain ---------------------------------------------------------------
vaultd_stop
conf_write <<-EOT
[daemon]
page-time = $PAGE_S
EOT
vaultd_start
queue_sink Postage
states='canceled aborted pending-held processing-stopped'
hostile type3
refused 'one that waits for itself, printed' 'too much time' "$states" \
	"$WORK/type3.pdf"
cancel "$job"
chmod 644 "$WORK/user.pdf" "$WORK/owner.pdf"
refused 'with a password, printed' . "$states" "$WORK/user.pdf"
cancel "$job"
prints 'one that only its owner may change' Postage 780 "$WORK/owner.pdf"
check 'registers, journal and paper agree' books_balance
done_testing
