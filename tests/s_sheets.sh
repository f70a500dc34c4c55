#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sheets of labels: each label has its stamp in its place, a numbered sheet's
# used labels are remembered and the free ones offered next.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

chain_start 100.00
queue_sink Postage
document blank.pdf >"$WORK/blank.pdf"
document png >"$WORK/paper.png"

# in_labels: each stamp just read lies inside its label of an Avery 5160 (3
# columns of 2.625 in from 0.1875, pitch 2.75; 10 rows of 1 in from 0.5), with
# 0.3 mm to spare on paper; $1: the label numbers in order.
in_labels() {
	fields_of "$WORK/stamps" 'x y w h' | awk -v dpi=300 -v labels="$1" '
		BEGIN { want = split(labels, label, " "); slack = 0.3 / 25.4 }
		{
			n = label[NR] - 1
			left = 0.1875 + 2.75 * (n % 3)
			top = 0.5 + int(n / 3)
			x0 = $1 / dpi; y0 = $2 / dpi
			x1 = ($1 + $3) / dpi; y1 = ($2 + $4) / dpi
			if (x0 < left - slack || y0 < top - slack ||
			    x1 > left + 2.625 + slack || y1 > top + 1 + slack) {
				print "label", n + 1, "holds", left, top, \
				    "but the symbol is at", x0, y0, x1, y1
				bad = 1
			}
		}
		END { exit bad || NR != want }'
}

sheet='-o PostageSheet=Avery-5160 -o PostageAmount=Custom.0.78'
# shellcheck disable=SC2086
{
	prints 'three labels' Postage '780 780 780' "$WORK/blank.pdf" $sheet \
		-o PostageCount=Custom.3
	check 'they are the first three' in_labels '1 2 3'

	prints 'three labels of sheet 17' Postage '780 780 780' \
		"$WORK/blank.pdf" $sheet -o PostageCount=Custom.3 \
		-o PostageSerial=Custom.17
	check_is 'bound to their labels' "$(values label)" '1 2 3'
	check_is 'and to their sheet' "$(values serial)" '17 17 17'
	check 'in place' in_labels '1 2 3'

	prints 'two more of it' Postage '780 780' "$WORK/blank.pdf" $sheet \
		-o PostageCount=Custom.2 -o PostageSerial=Custom.17
	check_is 'the next free ones' "$(values label)" '4 5'
	check 'in place' in_labels '4 5'

	prints 'from the tenth on' Postage '780 780' "$WORK/blank.pdf" $sheet \
		-o PostageCount=Custom.2 -o PostageSerial=Custom.17 \
		-o PostageFirstLabel=Custom.10
	check_is 'labels 10 and 11' "$(values label)" '10 11'

	refused 'a used label asked for again' 'label|sheet' canceled \
		"$WORK/blank.pdf" $sheet -o PostageCount=Custom.30 \
		-o PostageSerial=Custom.17 -o PostageFirstLabel=Custom.1
	refused 'the serial with another kind of sheet' '17|sheet' canceled \
		"$WORK/blank.pdf" -o PostageSheet=Avery-5163 \
		-o PostageAmount=Custom.0.78 -o PostageCount=Custom.1 \
		-o PostageSerial=Custom.17

	want=$(i=0; while [ $i -lt 23 ]; do printf '780 '; i=$((i + 1)); done |
		sed 's/ $//')
	prints 'the rest of it' Postage "$want" "$WORK/blank.pdf" $sheet \
		-o PostageSerial=Custom.17
	check_is 'every label that was free' "$(values label)" \
		'6 7 8 9 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30'

	prints 'another serial begins anew' Postage 780 "$WORK/blank.pdf" \
		$sheet -o PostageCount=Custom.1 -o PostageSerial=Custom.18
	check_is 'with its first label' "$(values label)" 1

	prints 'the option as queues of before have it' Postage 780 \
		"$WORK/blank.pdf" $sheet -o PostageCount=Custom.1 \
		-o PostageSheetSerial=Custom.18
	check_is 'goes on with the second' "$(values label)" 2

	prints 'a picture beneath' Postage '780 780' "$WORK/paper.png" $sheet \
		-o PostageCount=Custom.2
	check 'in place' in_labels '1 2'
}
check 'registers, journal and paper agree' books_balance
done_testing
