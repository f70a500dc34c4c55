#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Several vaults: two cards in two readers give one document its stamps, or two
# queues theirs at the same time; one that is pulled is replaced by the other;
# where none is there the job waits for one.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"
ABSENT=30
scheduler_setup
require ZXingReader zbarimg gs pdftoppm pdftotext jq bc
pcscd_start
check 'a card is in the first reader' card_in one 0
one=$CARD_PID
check 'a card is in the second reader' card_in two 1
two=$CARD_PID

# vault URI VERB...: the answer as JSON.
vault() {
	vault_uri=$1
	shift
	as_postage "$WORK/bin/postage" --json vault --vault "$vault_uri" "$@"
}
left() {
	vault "card:$1" status | jq -r .descending
}
sed -i 's/^uri = .*/uri = card:reader=Virtual PCD 00 00/' \
	"$WORK/etc/postage.conf"
vault_setup 3.00
ID1=$(vault 'card:reader=Virtual PCD 00 00' status | jq -r .psd)
vault 'card:reader=Virtual PCD 00 01' create >/dev/null
ID2=$(vault 'card:reader=Virtual PCD 00 01' status | jq -r .psd)
vault "card:$ID2" refill 3.00 >/dev/null
sed -i "s/^uri = .*/uri = card:$ID1\norder = fullest/" "$WORK/etc/postage.conf"
cat >>"$WORK/etc/postage.conf" <<EOT

[vault second]
uri = card:$ID2

[queue Sales]
vaults = main

[queue Service]
vaults = second
EOT
chain_begin
for queue in Postage Sales Service; do
	queue_sink $queue
done
document plain.pdf '[[postage 1.00]]' '[[postage 1.00]]' '[[postage 1.00]]' \
	'[[postage 1.00]]' '[[postage 1.00]]' >"$WORK/five.pdf"
document plain.pdf '[[postage 0.50]]' >"$WORK/one.pdf"
document blank.pdf >"$WORK/blank.pdf"

# --- one document, two cards ------------------------------------------------------
prints 'more than any card holds' Postage '1000 1000 1000 1000 1000' \
	"$WORK/five.pdf"
check 'both have given' test "$(left "$ID1") $(left "$ID2")" = '1.00 0.00' -o \
	"$(left "$ID1") $(left "$ID2")" = '0.00 1.00'
job=$(submit -d Postage "$WORK/five.pdf")
check 'too little in all' wait_state "$job" pending-held
check 'the person reads it' until_true 10 message_has "$job" '4.00 is missing'
cancel "$job"
vault "card:$ID1" refill 50.00 >/dev/null
vault "card:$ID2" refill 50.00 >/dev/null

# --- two queues, two cards, at once ------------------------------------------------
# spent ID: in all.
spent() {
	vault "card:$1" status | jq -r .ascending
}
reason_is() {
	printer_attribute "$1" printer-state-reasons | grep -q "$2"
}
before1=$(spent "$ID1") before2=$(spent "$ID2")
a=$(submit -d Sales -o PostageSheet=Avery-5160 -o PostageAmount=0.50 \
	-o PostageCount=10 "$WORK/blank.pdf")
b=$(submit -d Service -o PostageSheet=Avery-5160 -o PostageAmount=0.25 \
	-o PostageCount=10 "$WORK/blank.pdf")
check 'two queues at once: the first' completes "$a"
check 'two queues at once: the second' completes "$b"
# shellcheck disable=SC2046
check 'two queues at once: two decoders agree' \
	read_stamps $(arrived "$WORK/sink")
check_is 'two queues at once: all stamps' "$(values | tr ' ' '\n' | sort -n |
	uniq -c | tr -s ' \n' ' ')" ' 10 250 10 500 '
check 'two queues at once: each once' all_distinct
check_is 'the first has paid with its card' \
	"$(echo "$(spent "$ID1") - $before1" | bc)" 5.00
check_is 'the second has paid with its card' \
	"$(echo "$(spent "$ID2") - $before2" | bc)" 2.50

# --- cards that come and go ----------------------------------------------------------
card_out "$two" 1
prints 'one card is away' Postage '500' "$WORK/one.pdf"
card_out "$one" 0
job=$(submit -d Postage "$WORK/one.pdf")
check 'no card is there: the person reads it' \
	until_true 20 message_has "$job" 'Waiting for the vault'
check 'no card is there: the printer says so' \
	until_true 5 reason_is Postage postage-vault-absent-warning
card_in two 1
two=$CARD_PID
check 'one comes: the job goes on' wait_state "$job" completed 60
# shellcheck disable=SC2046
check 'one comes: two decoders agree' read_stamps $(arrived "$WORK/sink")
check_is 'one comes: its stamp' "$(values)" 500
card_in one 0
# both_balance: what the two have spent is on the paper, and in the journal.
both_balance() {
	is "$(printf '%s + %s\n' "$(spent "$ID1")" "$(spent "$ID2")" | bc)" \
		"$(fields_of "$WORK/stamps.all" postage | sum |
			sed 's/...$/.&/; s/0$//')" || return 1
	as_postage "$WORK/bin/postage" journal check
}
check 'registers, journal and paper agree' both_balance
done_testing
