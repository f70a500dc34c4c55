#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A card that is pulled before any of its answers, loses its power within what
# it writes, says nothing any more, is exchanged for another; a reader's daemon
# that ends: each job has its stamps once, or says what to do.
# $POSTAGE_LONG: at each answer and each word; else at some.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"
ABSENT=30

scheduler_setup
require ZXingReader zbarimg gs pdftoppm pdftotext jq
pcscd_start
card_in one 0
sed -i 's/^uri = .*/uri = card:/' "$WORK/etc/postage.conf"
vault_setup 500.00
as_postage cp -r "$WORK/state/certificates" "$WORK/state/true"
ID=$(as_postage "$WORK/bin/postage" --json vault status | jq -r .psd)
sed -i "s/^uri = .*/uri = card:$ID/" "$WORK/etc/postage.conf"
chain_begin
queue_sink Postage
document plain.pdf '[[postage 0.78]]' '[[postage 1.05]]' >"$WORK/a.pdf"
document blank.pdf >"$WORK/blank.pdf"

# again OPTION...: the card is pulled and put in again, so.
again() {
	card_out "$CARD_PID" 0
	: >"$WORK/log/one.out"
	card_in one 0 "$@"
}

# whole WHAT: the letter has its two stamps, once; the books agree.
whole() {
	job=$(submit -d Postage "$WORK/a.pdf")
	check "$1: the job completes" completes "$job"
	# shellcheck disable=SC2046
	check "$1: two decoders agree" read_stamps $(arrived "$WORK/sink")
	check_is "$1: its stamps" "$(values)" '780 1050'
	check "$1: no stamp was seen before" all_distinct
	check "$1: books" books_balance
}

# each OPTION STEP WHAT SAID: an accident at each STEP-th place, until none
# happens any more.
each() {
	each_n=1
	while :; do
		again "$1" "$each_n"
		whole "$3 $each_n"
		grep -q "$4" "$WORK/log/one.out" || break
		each_n=$((each_n + $2))
	done
	check "$3 ...: it happened" test "$each_n" -gt "$2"
}
answers=10 words=97
[ -z "${POSTAGE_LONG:-}" ] || answers=1 words=7
each --drop-answer "$answers" 'pulled before answer' 'power ended before'
each --tear-after "$words" 'power ends in word' 'power ended in word'

# --- the reader's daemon ends in the middle ----------------------------------------------
# started_sheet: a sheet of eight labels whose signatures take their time.
started_sheet() {
	again --latency 200
	job=$(submit -d Postage -o PostageSheet=Avery-5160 \
		-o PostageAmount=0.78 -o PostageCount=8 "$WORK/blank.pdf")
	sleep 1
}
ended_sheet() {
	check "$1: the job completes" wait_state "$job" completed 60
	# shellcheck disable=SC2046
	check "$1: two decoders agree" read_stamps $(arrived "$WORK/sink")
	check_is "$1: its stamps" "$(values)" \
		'780 780 780 780 780 780 780 780'
	check "$1: no stamp was seen before" all_distinct
	check "$1: books" books_balance
}
started_sheet
stop_pid "$PCSCD_PID" KILL
rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
pcscd_again
ended_sheet 'pcscd is killed and comes again'

started_sheet
card_out "$CARD_PID" 0
sleep 3
card_in one 0
ended_sheet 'the card is away for three seconds'

# --- it says nothing any more ---------------------------------------------------------------
again --mute-after 12
job=$(submit -d Postage "$WORK/a.pdf")
check 'a mute card: the person reads it' \
	until_true 60 message_has "$job" 'no answer from the card'
again
check 'a mute card: with one that speaks the job completes' \
	wait_state "$job" completed 60
# shellcheck disable=SC2046
check 'a mute card: two decoders agree' read_stamps $(arrived "$WORK/sink")
check_is 'a mute card: its stamps' "$(values)" '780 1050'
check 'a mute card: books' books_balance

# --- another card ------------------------------------------------------------------------------
card_out "$CARD_PID" 0
card_in two 0
sed -i 's/^uri = .*/uri = card:/' "$WORK/etc/postage.conf"
check 'another card is made' vault_verbs 50.00
other=$(register ascending)
sed -i "s/^uri = .*/uri = card:$ID/" "$WORK/etc/postage.conf"
job=$(submit -d Postage "$WORK/a.pdf")
check 'another card: the person reads which one is wanted' \
	until_true 60 message_has "$job" "card $ID is in none of the readers"
card_out "$CARD_PID" 0
card_in one 0
check 'the right card: the job completes' wait_state "$job" completed 60
# shellcheck disable=SC2046
check 'the right card: two decoders agree' read_stamps $(arrived "$WORK/sink")
check_is 'the right card: its stamps' "$(values)" '780 1050'
check 'the right card: books' books_balance
check_is 'the other one spent nothing' "$other" 0

# --- a card with our card's name that no provider made ------------------------------------------------
card_out "$CARD_PID" 0
card_in forged 0
sed -i 's/^uri = .*/uri = card:/' "$WORK/etc/postage.conf"
check 'a forged card is made' as_postage "$WORK/bin/postage" vault \
	--lab "$WORK/state/otherlab" create
# what its lab published takes the place of the true authority: put that back
rm -rf "$WORK/state/certificates"
as_postage cp -r "$WORK/state/true" "$WORK/state/certificates"
sed -i "s/^uri = .*/uri = card:$ID/" "$WORK/etc/postage.conf"
job=$(submit -d Postage "$WORK/a.pdf")
check 'a forged card: the person reads it' \
	until_true 60 message_has "$job" 'no device of a provider'
cancel "$job"
done_testing
