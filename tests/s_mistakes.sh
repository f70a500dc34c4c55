#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every mistake a person makes on the way gets one sentence that says what
# happened, to what, and what to do; nothing is lost by it.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

# tells WORDS COMMAND...: the command fails, and says so in one line.
tells() {
	tells_words=$1
	shift
	"$@" >"$WORK/told" 2>&1 && return 1
	cat "$WORK/told"
	[ "$(wc -l <"$WORK/told")" = 1 ] && grep -qE "$tells_words" "$WORK/told"
}

# json COMMAND...: what it prints on standard output is one JSON object.
json() {
	"$@" 2>/dev/null | jq -es 'length == 1 and (.[0] | type) == "object"'
}

scheduler_setup
POSTAGE_CONF=$WORK/etc/postage.conf
export POSTAGE_CONF
require ZXingReader zbarimg gs pdftoppm pdftotext jq

# --- before there is anything ---------------------------------------------------
for verb in vault queue print preview journal sheet doctor; do
	check "$verb --help" sh -c "'$WORK/bin/postage' $verb --help |
		grep -q '^Usage: postage $verb'"
done
check 'no vault: make one' tells 'postage vault create' \
	as_postage "$WORK/bin/postage" vault status
check 'no vault, for scripts' json \
	as_postage "$WORK/bin/postage" --json vault status
check 'a sum that is none' tells '"fifty" is no sum .*50\.00' \
	postage vault refill fifty
check 'doctor: no daemon' sh -c "POSTAGE_CONF='$WORK/etc/postage.conf' \
	'$WORK/bin/postage' doctor | grep -q '^FAULT  daemon.s socket: .*does not run'"
document text 'no PDF' >"$WORK/letter.odt"
check 'preview of an office document' tells 'export it as PDF' \
	postage preview "$WORK/letter.odt"
check 'no such sheet' tells 'near it are Avery 5160' \
	postage sheet show 'Avery 51600'

# --- the document -----------------------------------------------------------------
vault_setup 20.00
chain_begin
queue_sink Postage
check 'an empty journal says so' sh -c "POSTAGE_CONF='$WORK/etc/postage.conf' \
	'$WORK/bin/postage' journal list | grep -q '^no documents'"

# bad WORDS MARK [LP-OPTION...]
bad() {
	bad_words=$1 bad_mark=$2
	shift 2
	document plain.pdf "$bad_mark" >"$WORK/bad.pdf"
	refused "$bad_mark $*" "$bad_words" canceled "$WORK/bad.pdf" "$@"
}
bad 'page 1.*at: nw, ne, sw, se or center|at .*nw, ne' '[[postage 0.78 at=top]]'
bad 'page 1.*has no class .*it has: .*letter' '[[postage class=leter]]'
bad 'page 1.*too heavy for class letter, which ends at' \
	'[[postage class=letter weight=20oz]]'
bad 'page 1.*2026-01-05 is in the past: today is' \
	'[[postage 0.78 date=2026-01-05]]'

document plain.pdf >"$WORK/none.pdf"
# sheet WORDS LP-OPTION...
sheet() {
	sheet_words=$1
	shift
	refused "$*" "$sheet_words" canceled "$WORK/none.pdf" \
		-o PostageAmount=0.78 "$@"
}
sheet 'with lp write Avery-5160' -o 'PostageSheet=Avery 5160'
sheet 'choose its paper size' -o PostageSheet=Avery-5160 -o media=A4
sheet 'first label 31: Avery 5160 has 30' -o PostageSheet=Avery-5160 \
	-o PostageFirstLabel=31

check 'nothing was spent on all that' nothing_spent 0

# The scheduler writes it in another way than it says it to filters.
queue_sink Büro
document plain.pdf '[[postage 0.78]]' >"$WORK/good.pdf"
prints 'a queue with a name beyond ASCII' Büro 780 "$WORK/good.pdf"
done_testing
