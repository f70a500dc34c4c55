#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copies, collation, N-up, page ranges, several documents and banners: as many
# stamps as marks that were printed, each another one.  $POSTAGE_LONG: every
# combination.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

chain_start 1000.00
queue_sink Postage
document plain.pdf '[[postage 0.78]]' '[[postage 1.05 to=90210-1234]]' \
	'[[postage 0.5]]' >"$WORK/one.pdf"
document plain.pdf '[[postage 2.00]]' '[[postage 0.78]]' >"$WORK/two.pdf"

# marks_in FILE RANGES: the values of its marks there, in mils.
marks_in() {
	marks_page=0
	pdftotext -layout "$1" - | grep -o '\[\[postage [0-9.]*' |
		sed 's/.* //' | sed 's/^\([0-9]*\)$/\1.0/' | mils |
		while read -r marks_value; do
			marks_page=$((marks_page + 1))
			case $2 in
			'') echo "$marks_value" ;;
			*) [ "$marks_page" -ge "${2%-*}" ] &&
				[ "$marks_page" -le "${2#*-}" ] &&
				echo "$marks_value" ;;
			esac
		done
}

# one COPIES COLLATE N-UP RANGES DOCUMENTS BANNERS
one() {
	one_files=$WORK/one.pdf
	[ "$5" = 1 ] || one_files="$WORK/one.pdf $WORK/two.pdf"
	one_want=$(
		i=0
		while [ "$i" -lt "$1" ]; do
			for f in $one_files; do
				marks_in "$f" "$4"
			done
			i=$((i + 1))
		done | sort -n | tr '\n' ' ' | sed 's/ $//'
	)
	one_collate=separate-documents-uncollated-copies
	[ "$2" = 0 ] || one_collate=separate-documents-collated-copies
	# shellcheck disable=SC2086
	job=$(submit -d Postage -n "$1" \
		-o "multiple-document-handling=$one_collate" \
		-o "Collate=$([ "$2" = 0 ] && echo False || echo True)" \
		-o "number-up=$3" ${4:+-o "page-ranges=$4"} \
		-o "job-sheets=$6" $one_files)
	arrives "copies $1, collate $2, $3-up, pages ${4:-all}, $5 documents, $6" \
		"$job" "$one_want"
}

if [ -n "${POSTAGE_LONG:-}" ]; then
	for copies in 1 2 3; do
	for collate in 0 1; do
	for nup in 1 2 4; do
	for ranges in '' 2-3; do
	for documents in 1 2; do
	for banners in none standard,standard; do
		# with N-up a range counts sheets, not pages of the document
		[ "$nup" = 1 ] || [ -z "$ranges" ] || continue
		one $copies $collate $nup "$ranges" $documents $banners
	done done done done done done
else
	one 1 0 1 '' 1 none
	one 3 0 1 '' 1 none
	one 3 1 1 '' 1 none
	one 2 0 2 '' 1 none
	one 2 1 4 '' 1 none
	one 2 1 1 2-3 1 none
	one 1 0 1 '' 2 none
	one 2 1 2 '' 2 none
	one 1 0 1 '' 1 standard,standard
	one 2 0 1 2-3 2 standard,none
fi
check 'registers, journal and paper agree' books_balance
done_testing
