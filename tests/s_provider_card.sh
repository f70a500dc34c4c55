#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A processing server with a card and a key file for modules: the card debits what
# the books have debited, in their order, also where it is pulled in the middle,
# was away, comes back in another reader, or is another program's; what it did
# otherwise is found out and not printed; its value goes back when it has told that
# it is at its end.  $PROVIDER_ENGINE: sqlite (the default) or postgresql, with
# what depends on the database.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
# shellcheck source=tests/provider_card.sh
. "$srcdir/tests/provider_card.sh"
cards_alone "$@"
books_setup
pcscd_start
check 'a blank card' card_in one 0 --latency 70
ONE=$CARD_PID
books_begin
check_fails 'a blank card is no PSD' provider psd add Card --module card
check 'the card gets its PSD at the desk' card_made
check 'it is taken in' says 'XXPS0000000900: of account Card' \
	provider psd add Card --module card
check_fails 'once' provider psd add Card --module card
check 'the provider serves' serve

check 'a stamp of the card' order card 1 1
check_is 'it is the card that signed' \
	"$(jq -r '.stamps[].psd' "$WORK/answer.card")" XXPS0000000900
check 'thirty at once' order card 100 30
check 'again: the same, and nothing is debited' order card 100 30
check_is 'all were there' "$(jq '[.stamps[].replayed] | unique | .[]' \
	"$WORK/answer.card")" true
check 'the card is where its row is' agree 31
check 'an order with value in between' order card 200 30
check 'and it still is' agree 61
pieces=61

# --- two orders at the same time ---------------------------------------------------
order card 300 20 >"$WORK/log/first" 2>&1 &
FIRST=$!
sleep 0.3
(
	cp "$d/card" "$d/card2"
	ordered card2 400 20
) >"$WORK/log/second" 2>&1 &
SECOND=$!
check 'one of two orders' wait "$FIRST"
check 'the other one' wait "$SECOND"
pieces=$((pieces + 40))
check 'the card is where its row is' agree $pieces

# --- the card is pulled --------------------------------------------------------------
order card 500 30 >"$WORK/log/pulled" 2>&1 &
PULLED=$!
sleep 1.2
card_out "$ONE" 0
check_fails 'it is pulled in the middle: the client hears so' wait "$PULLED"
check 'with the status of what can be asked again' grep -q 503 \
	"$WORK/log/pulled"
begun=$(date +%s%3N)
check 'stamps of the other module come on' order soft 1 30
check 'as fast as ever' test $(($(date +%s%3N) - begun)) -lt 2000
waiting=$(unsigned)
check 'the books wait for the card' test "$waiting" -gt 0
check_fails 'known to be away, it is asked for nothing' order card 550 5
check_is 'and nothing is debited' "$(unsigned)" "$waiting"
check 'the books say that it is away' says 'not compared: .*put it in' \
	provider audit --modules
card_in one 1 --protocol t0 --latency 70
ONE=$CARD_PID
check 'it is back, in another reader: all are signed' ordered card 500 30
check 'and what was refused is issued' ordered card 550 5
pieces=$((pieces + 35))
check 'the card is where its row is' agree $pieces

nobody_asks_again() {
	order card 600 5 >"$WORK/log/left" 2>&1 &
	LEFT=$!
	sleep 0.2
	card_out "$ONE" 1
	check_fails 'an order, and it is pulled' wait "$LEFT"
	card_in one 0 --latency 70
	ONE=$CARD_PID
	check 'it is back: the server finishes it by itself' \
		until_true 30 all_signed
	check 'it was debited' ordered card 600 5
	pieces=$((pieces + 5))
	check 'the card is where its row is' agree $pieces
	stop_pid "$PCSCD_PID" KILL
	pcscd_again
	check 'pcscd is another one' ordered card 700 3
	pieces=$((pieces + 3))
}

# --- the server ---------------------------------------------------------------------------
the_server_is_killed() {
	order card 800 30 >"$WORK/log/killed" 2>&1 &
	KILLED=$!
	sleep 1
	stop_pid "$SERVER" KILL
	check_fails 'the server is killed in the middle' wait "$KILLED"
	check 'another one' serve
	check 'goes on' ordered card 800 30
	pieces=$((pieces + 30))
	check 'the card is where its row is' agree $pieces
}

# --- PINs ---------------------------------------------------------------------------------
a_wrong_pin() {
	stop_pid "$SERVER"
	echo 000000 >"$d/pin"
	check 'with a wrong PIN it serves' serve
	for n in 1 2 3; do
		check_fails "wrong PIN, order $n" order card "90$n" 1
	done
	check 'it says so' grep -q 'PIN' "$WORK/answer.card"
	check_is 'and used one try up' "$(card_field .pin_tries_left)" 4
	check_is 'one stamp waits, the others were not debited' "$(unsigned)" 1
	stop_pid "$SERVER"
	echo 135790 >"$d/pin"
	check 'with the right PIN' serve
	for n in 1 2 3; do
		check "order $n is there" ordered card "90$n" 1
	done
	pieces=$((pieces + 3))
	check 'the card is where its row is' agree $pieces
}

# By another authority, and with another PIN.
false_made() {
	"$BIN/tools/postage" vault --lab "$WORK/lab" create --on card: \
		--serial 900 --licence 22202 --currency 840 \
		--pin-file "$d/pin.false"
}

# Who puts in a card that writes PINs down has a card and no PIN.
a_card_that_only_bears_the_name() {
	card_out "$ONE" 0
	card_in false 0
	FALSE=$CARD_PID
	echo 246810 >"$d/pin.false"
	chmod 600 "$d/pin.false"
	check 'somebody makes a card of this name' false_made
	sleep 2
	check_fails 'it gets no order' order card 950 1
	check 'the client is told why' grep -qE 'another key|cannot prove' \
		"$WORK/answer.card"
	check_is 'nothing was debited' "$(unsigned)" 0
	check_is 'and it was not given the PIN' \
		"$(card_field .pin_tries_left)" 5
	card_out "$FALSE" 0
	card_in one 0
	ONE=$CARD_PID
	check 'with the right one all is well' ordered card 950 1
	pieces=$((pieces + 1))
	check 'the card is where its row is' agree $pieces
}

# As after a fail-over to a database that did not have all: they are kept where
# print servers have them, in `kept`.
lose() {
	stop_pid "$SERVER"
	sqlite3 "$d/books.db" "CREATE TABLE IF NOT EXISTS kept AS
		SELECT * FROM signature WHERE psd = 900;
		DELETE FROM signature WHERE psd = 900 AND piece > $1;
		UPDATE psd_state SET complete = $1 WHERE psd = 900"
	serve
}

# What the card has given again is what it gave.
same_signatures() {
	is "$(sqlite3 "$d/books.db" 'SELECT COUNT(*) FROM kept
		JOIN signature USING (psd, piece, bytes)')" "$pieces"
}

is_withheld() {
	[ "$(sqlite3 "$d/books.db" \
		'SELECT state FROM psd WHERE serial = 900')" = withheld ]
}

the_books_have_lost_signatures() {
	require sqlite3
	check 'the last 64 signatures are lost' lose $((pieces - 64))
	check 'the card remembers them' until_true 30 all_signed
	check 'they are those that were printed' same_signatures
	check 'the last 65 are lost' lose $((pieces - 65))
	check 'the card does not remember the first: its PSD is withheld' \
		until_true 30 is_withheld
	check 'the log says why' says 'withheld.*remembers no such piece' \
		cat "$WORK/log/postaged.log"
	check 'all 65 are unsigned' says ' 65 of them not signed yet' \
		provider audit
	check 'other modules sign on' order soft 90 5
	sqlite3 "$d/books.db" "INSERT INTO signature SELECT * FROM kept
		WHERE psd = 900 AND piece = $((pieces - 64))"
	check 'it is put back from where it was printed' provider psd release \
		XXPS0000000900
	check 'and the card gives the others again' until_true 30 all_signed
	check 'they are those that were printed' same_signatures
	sqlite3 "$d/books.db" 'DROP TABLE kept'
	check 'the card is where its row is' agree "$pieces"
}

[ "$ENGINE" != sqlite ] || {
	card_out "$ONE" 1
	card_in one 1 --latency 70
	ONE=$CARD_PID
	check 'the card, with T=1' ordered card 560 1
	pieces=$((pieces + 1))
	nobody_asks_again
}
[ "$ENGINE" = sqlite ] || {
	card_out "$ONE" 1
	card_in one 0 --latency 70
	ONE=$CARD_PID
}
the_server_is_killed
[ "$ENGINE" != sqlite ] || {
	a_wrong_pin
	a_card_that_only_bears_the_name
	the_books_have_lost_signatures
}

# --- a card that does as it pleases --------------------------------------------------------
mkdir -p "$WORK/old"
card_out "$ONE" 0
cp "$WORK/card/one" "$WORK/old/one"
card_in one 0
ONE=$CARD_PID
check 'one more' ordered card 1000 2
card_out "$ONE" 0
cp "$WORK/old/one" "$WORK/card/one"
card_in one 0
ONE=$CARD_PID
FENCE=$(fence card) # who has no PSD any more is told none
check 'an old copy of the card is a fault' says \
	'FAULT: the card does not know of stamps that it signed' \
	provider audit --modules
check 'it signs nothing, and the client is told why' says \
	'withheld.*the books have signatures before it' order card 1100 1
check 'its PSD is withheld' says '^(403|503)' order card 1101 1
FENCE=
check 'the other module signs on' order soft 100 5

# --- the end -----------------------------------------------------------------------------------
left=$(credit Card)
check 'the PSD is withdrawn: an old copy proves nothing' says \
	'goes back when its card has told' provider psd withdraw 900
check_is 'so nothing goes back' "$(credit Card)" "$left"
check 'it is listed' says 'at its end: [0-9.]* waits for its card' \
	provider psd list Card
check_fails 'another card has no room' provider psd add Card --module card
check 'a person says that it is lost' says 'went back to' \
	provider psd revoke 900 --lost
check_fails 'its value is on the credit' is "$(credit Card)" "$left"
left=$(credit Card)
card_out "$ONE" 0
stop_pid "$SERVER"
sed -i 's/XXPS0000000900/XXPS0000000901/' "$POSTAGED_CONF"
card_in two 0 --latency 70
TWO=$CARD_PID
check 'another card' card_made 901
check 'is taken in' provider psd add Card --module card
check 'and served' serve
check 'it signs' ordered card 2000 3
order card 2100 10 >"$WORK/log/end" 2>&1 &
END=$!
sleep 0.4
card_out "$TWO" 0
check_fails 'it is pulled in the middle of an order' wait "$END"
before=$(credit Card)
check 'it is withdrawn while it is away' says \
	'goes back when its card has told.*in none of the readers' \
	provider psd withdraw 901
check_is 'its value stays where it is' "$(credit Card)" "$before"
check 'and the books agree' provider audit
check_fails 'nothing is issued' order card 2200 1
card_in two 1 --latency 70
TWO=$CARD_PID
told() {
	! is "$(credit Card)" "$before"
}
check 'it is back: its value, too' until_true 20 told
check_is 'the card is at its end' "$(card_field .life)" withdrawn
check 'what was debited was signed before' found card 2100 10
check_is 'all that was not spent is there' "$(credit Card)" "$(echo \
	"$left 10.14" | awk '{ printf "%.2f", $1 - $2 }')"
check 'its word is in the books' says 'the books agree' provider audit --modules
check_is 'again, nothing is given' "$(provider psd withdraw 901)" ''
stop_pid "$SERVER"
done_testing
