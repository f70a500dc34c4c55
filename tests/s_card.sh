#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole chain with a smart card: pcscd, a virtual reader, the lab card.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"

scheduler_setup
require ZXingReader zbarimg gs pdftoppm pdftotext jq sqlite3
pcscd_start
check 'a blank card is in the reader' card_in one 0
sed -i 's/^uri = .*/uri = card:/' "$WORK/etc/postage.conf"
vault_setup 100.00
chain_begin
queue_sink Postage

document plain.pdf '[[postage 0.78]]' '[[postage 1.05]]' >"$WORK/a.pdf"
document blank.pdf >"$WORK/blank.pdf"
prints 'a letter' Postage '780 1050' "$WORK/a.pdf"
prints 'copies' Postage '780 780 1050 1050' "$WORK/a.pdf" -n 2
prints 'a sheet of labels' Postage "$(yes 780 | head -n 30 | tr '\n' ' ' |
	sed 's/ $//')" "$WORK/blank.pdf" \
	-o PostageSheet=Avery-5160 -o PostageAmount=0.78
check 'registers, journal and paper agree' books_balance

# log FILTER [SETTINGS]: what the card remembers makes the filter true.
log() {
	as_postage "$WORK/bin/postage" --config \
		"${2:-$WORK/etc/postage.conf}" vault log --json >"$WORK/said" &&
		jq -e "$1" "$WORK/said" >/dev/null && return
	cat "$WORK/said"
	return 1
}
check 'the log has each piece, the newest last, and its job' log \
	'[.pieces[] | .piece] == [range(1; 37)] and .piece_count == 36 and
	.journal_read and (.pieces[0] | .amount == "0.78" and
	(.mail_date | test("^20")) and (.job | test("^Postage-[0-9]+$"))) and
	all(.pieces[]; .journal == "issued")'
check 'for people too' sh -c "POSTAGE_CONF='$WORK/etc/postage.conf' \
	'$WORK/bin/postage' vault log | grep -qE '^ +36 .*0\.78 .*Postage-[0-9]+ +issued'"
mkdir "$WORK/state/empty"
chown postage: "$WORK/state/empty"
sed "s|^state-dir = .*|state-dir = $WORK/state/empty|" \
	"$WORK/etc/postage.conf" >"$WORK/etc/other.conf"
check 'without a journal it says so' log \
	'(.journal_read | not) and .pieces[35].journal == null' \
	"$WORK/etc/other.conf"
as_postage sqlite3 "$WORK/state/journal.db" \
	".backup $WORK/state/empty/journal.db"
as_postage sqlite3 "$WORK/state/empty/journal.db" \
	'DELETE FROM stamps WHERE seq > 30'
check 'an older journal does not know the newest pieces' log \
	'.pieces[29].journal == "issued" and .pieces[30].journal == "unknown"' \
	"$WORK/etc/other.conf"

# the same card in the other reader, with the other protocol; a blank one, too
card_out "$CARD_PID" 0
card_in one 1 --protocol t0
ONE_PID=$CARD_PID
card_in blank 0
prints 'a letter, T=0, another reader' Postage '780 1050' "$WORK/a.pdf"
prints 'labels, T=0' Postage '780 780 780 780' "$WORK/blank.pdf" \
	-o PostageSheet=Avery-5160 -o PostageAmount=0.78 -o PostageCount=4
card_says 0 00:a4:04:00:09:f0:43:55:50:53:50:53:44:01:00 >"$WORK/blank.says"
check 'the blank card is blank' grep -q '^01 01' "$WORK/blank.says"
stop_pid "$ONE_PID"
until_true 10 card_is_out 1

# signatures that take their time
card_in one 1 --latency 100
begun=$(date +%s%3N)
prints 'a sheet, 100 ms a signature' Postage "$(yes 780 | head -n 30 |
	tr '\n' ' ' | sed 's/ $//')" "$WORK/blank.pdf" \
	-o PostageSheet=Avery-5160 -o PostageAmount=0.78
check 'they took it' test $(($(date +%s%3N) - begun)) -ge 3000
check 'registers, journal and paper still agree' books_balance
done_testing
