#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two processing servers and one card: in the reader that both have, and carried
# from the one's reader to the other's, also in the middle of an order.  Nothing is
# signed twice, and no stamp waits that another PSD, or the other server, can sign.
# $PROVIDER_ENGINE: postgresql (the default: two machines need it) or sqlite.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
PROVIDER_ENGINE=${PROVIDER_ENGINE:-postgresql}
# shellcheck source=tests/provider_card.sh
. "$srcdir/tests/provider_card.sh"
cards_alone "$@"
require nsenter
books_setup
books_conf process $((PORT + 1)) "$d/one.conf"
books_conf process $((PORT + 2)) "$d/two.conf"
books_conf web "$PORT" "$d/front.conf"
POSTAGED_CONF=$d/one.conf

# --- another machine: its own pcscd, with its own reader ----------------------------
other_machine() {
	mkdir -p "$WORK/readers"
	cat >"$WORK/readers/vpcd" <<-END
	FRIENDLYNAME "Virtual PCD"
	DEVICENAME /dev/null:0x8C7F
	LIBPATH $(sed -n 's/^LIBPATH *//p' /etc/reader.conf.d/vpcd)
	CHANNELID 0x8C7F
	END
	unshare -m sh -c "mount -t tmpfs none /run/pcscd &&
		exec pcscd --foreground --config '$WORK/readers'" \
		>>"$WORK/log/pcscd.other" 2>&1 &
	OTHER=$!
	remember "$OTHER"
	until_true 10 other test -S /run/pcscd/pcscd.comm
}

other() {
	other_program=$1
	shift
	if [ "$other_program" = provider ]; then
		other_program=$BIN/postaged
	fi
	nsenter -t "$OTHER" -m -- "$other_program" "$@"
}

# The card is in the other machine's reader.
card_carried() {
	"$(built tools/postage-labcard postage-labcard)" --slot 4 \
		--latency 70 "$WORK/card/one" >>"$WORK/log/one.out" 2>&1 &
	ONE=$!
	remember "$ONE"
	until_true 10 other opensc-tool -r 'Virtual PCD 00 00' -a 2>/dev/null
}

carried_out() {
	stop_pid "$ONE" KILL
	until_true 10 other_is_empty
}

other_is_empty() {
	! other opensc-tool -r 'Virtual PCD 00 00' -a >/dev/null 2>&1
}

# --- servers ------------------------------------------------------------------------
# start NAME PORT [WORD...]: behind the words of nsenter.
start() {
	start_name=$1 start_port=$2
	shift 2
	"$@" "$BIN/postaged" --config "$d/$start_name.conf" serve \
		>>"$WORK/log/$start_name.log" 2>&1 &
	echo $! >"$d/$start_name.pid"
	remember $!
	until_true 10 answers "$start_port"
}

stop() {
	stop_pid "$(cat "$d/$1.pid")" "${2:-TERM}"
}

# both_there: the front knows of two servers.
both_there() {
	curl -sf --noproxy '*' --cacert "$d/tls.pem" \
		"https://127.0.0.1:$PORT/v1/health" | grep -q '"servers":2'
}

# How many orders the server answered.
answered() {
	grep -c 'indicia from.*: 200' "$WORK/log/$1.log"
}

pcscd_start
check 'a blank card' card_in one 0 --latency 70
ONE=$CARD_PID
books_begin
provider credit Card 800.00 --ref more >/dev/null
check 'its PSD' card_made
check 'it is taken in' provider psd add Card --module card
check 'a server' start one $((PORT + 1))
check 'another one, at the same reader' start two $((PORT + 2))
check 'a front' start front "$PORT"
check 'it knows both' until_true 10 both_there

# --- one reader -------------------------------------------------------------------------
clients=
for n in 1 2 3 4; do
	cp "$d/card" "$d/card$n"
	(
		for part in 1 2 3; do
			ordered "card$n" "$n$part"00 8 || exit 1
			cp "$WORK/answer.card$n" "$WORK/got.$n$part"
		done
	) >"$WORK/log/client$n" 2>&1 &
	clients="$clients $!"
done
all_clients() {
	for client in $clients; do
		wait "$client" || return 1
	done
}
check 'four clients, by two servers: each gets all of its stamps' all_clients
check 'both servers took orders' test "$(answered one)" -gt 0 -a \
	"$(answered two)" -gt 0
check_is 'each stamp is one of its own' "$(jq -s \
	'[.[].stamps[].indicium] | unique | length' "$WORK"/got.*)" 96
check 'the card has issued each once' agree 96

# --- another machine ----------------------------------------------------------------------
stop two
check 'another machine' other_machine
check 'the second server runs there' start two $((PORT + 2)) \
	nsenter -t "$OTHER" -m --
check 'the front knows both' until_true 15 both_there
check 'the card is here: orders are signed' ordered card 1000 2
check 'whichever server is asked first' ordered card 1010 2
before=$(unsigned)
card_out "$ONE" 0
sleep 2
check_fails 'it is nowhere: nothing is issued' order card 1020 3
check_is 'nor debited' "$(unsigned)" "$before"
check 'it is carried to the other machine' card_carried
check 'the other server signs' ordered card 1020 3
for n in 1 2 3 4; do
	check "order $n at once, whichever server is asked" order card \
		"103$n" 1
done
MACHINE=other
check 'the card is where its row is' agree 107
order card 5000 30 >"$WORK/log/carried" 2>&1 &
CARRIED=$!
sleep 1
carried_out
check_fails 'pulled in the middle' wait "$CARRIED"
card_in one 0 --latency 70
ONE=$CARD_PID
check 'and carried back: the first server signs the rest' ordered card 5000 30
MACHINE=here
check 'the card is where its row is' agree 137

# --- another PSD -----------------------------------------------------------------------------
check 'the account gets a second PSD' provider psd add Card --module soft
sleep 6 # what servers remember
# An order is two requests, and servers are asked in turn: a third one.
next_order() {
	order card "$((turn += 1))" 1 >/dev/null
	asks card vault/recent >/dev/null
	order card "$turn" 1 >/dev/null
}
both_sign() {
	next_order
	jq -r '.stamps[].psd' "$WORK/answer.card" >>"$WORK/signed"
	is "$(sort -u "$WORK/signed" | wc -l)" 2
}
turn=2000
check 'both of them sign' until_true 10 both_sign
card_out "$ONE" 0
sleep 2
begun=$(date +%s%3N)
for n in 1 2 3 4 5 6; do
	check "without the card, order $n is signed by the other" order card \
		"300$n" 1
done
check 'at once' test $(($(date +%s%3N) - begun)) -lt 6000
check 'nothing waits for the card' all_signed
card_in one 0 --latency 70
ONE=$CARD_PID
card_signs() {
	next_order
	is "$(jq -r '.stamps[].psd' "$WORK/answer.card")" XXPS0000000900
}
turn=4000
check 'it is back: it is chosen again' until_true 10 card_signs
check 'all is signed' all_signed
check 'and the books agree' says 'the books agree' provider audit --modules

# --- what is refused ---------------------------------------------------------------------------
cp "$d/one.conf" "$d/three.conf"
printf '[module other]\nuri = card:\n' >>"$d/three.conf"
check 'two modules that can be one card are refused' says \
	'can be the same card' fails "$BIN/postaged" --config "$d/three.conf" \
	--check-config
for name in front two one; do
	stop "$name"
done
done_testing
