#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_card.sh: how long the money takes where it is in smart cards: a real
# pcscd, virtual readers, lab cards; the stamps of a job quoted, debited, signed
# and journalled by a real postage-vaultd.
#
#	sh tests/bench_card.sh [COUNT=30] [JOBS=7] [SIGN=100]	in the build folder
#
# Prints the best of JOBS jobs in milliseconds: with a card that signs at once,
# with one that takes SIGN ms for each signature, and with two such cards.  Then
# SHEETS=10 of 30 labels through the whole chain, from the submission to the job's
# end, with a fast and a slow card: it should take no longer than the slower of
# card and chain alone.
sheets=${SHEETS:-10}
count=${COUNT:-30} jobs=${JOBS:-7} sign=${SIGN:-100}
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"
require jq

vault() {
	vault_uri=$1
	shift
	as_postage "$WORK/bin/postage" --json vault --vault "$vault_uri" "$@"
}

# made NAME SLOT: a card with value; its PSD's name.
made() {
	card_in "$1" "$2" >&2
	vault "card:reader=Virtual PCD 00 0$2" create >"$WORK/made" || exit 1
	made_id=$(vault "card:reader=Virtual PCD 00 0$2" status | jq -r .psd)
	vault "card:$made_id" refill 1000.00 >>"$WORK/made" || exit 1
	stop_pid "$CARD_PID"
	until_true 10 card_is_out "$2"
	echo "$made_id"
}

# vaults ID...: what postage.conf names.
vaults() {
	vaultd_stop
	sed -i '/^\[vault second\]/,$d' "$WORK/etc/postage.conf"
	sed -i "s/^uri = .*/uri = card:$1/" "$WORK/etc/postage.conf"
	if [ $# -gt 1 ]; then
		sed -i "s/^uri = .*/&\norder = round-robin/" "$WORK/etc/postage.conf"
		printf '\n[vault second]\nuri = card:%s\n' "$2" \
			>>"$WORK/etc/postage.conf"
	fi
	vaultd_start
}

# best WHAT FILE: the best job of one way; its milliseconds go into FILE.
best() {
	: >"$WORK/times"
	sink_plan nap=60 # the job lasts
	best_i=0
	while [ $((best_i += 1)) -le "$jobs" ]; do
		sink_number=$((sink_number + 1))
		lpadmin -p "Sink$sink_number" -v "sink:$WORK/sink" -E \
			2>/dev/null
		job=$(submit -d "Sink$sink_number" "$WORK/file")
		until_true 10 job_in_state "$job" processing || exit 1
		setpriv --reuid=lp --regid=lp --clear-groups -- \
			"$WORK/bin/bench_issue" "$WORK/run/vaultd.sock" \
			"Sink$sink_number" "$job" "$count" >>"$WORK/times" ||
			exit 1
	done
	[ -z "$verbose" ] || cat "$WORK/times"
	sort -n -k4 "$WORK/times" | awk -v n="$count" -v what="$1" '
	NR == 1 { printf "%d stamps, %s: %.1f ms (admitted %.1f, quoted " \
		"%.1f, issued %.1f)\n", n, what, $4, $1, $2, $3 }'
	sort -n -k3 "$WORK/times" | awk 'NR == 1 { print $3 }' >"$WORK/$2"
}

# printed FILE: milliseconds that the sheets take go into FILE.
printed() {
	sleep 1 # the daemon's next child is ready
	sink_plan ''
	printed_begun=$(date +%s%3N)
	job=$(submit -d Postage -n "$sheets" -o PostageSheet=Avery-5160 \
		-o PostageAmount=0.10 "$WORK/blank.pdf")
	wait_state "$job" completed 120 || exit 1
	echo $(($(date +%s%3N) - printed_begun)) >"$WORK/$1"
}

scheduler_setup
require gs
pcscd_start
one=$(made one 0)
two=$(made two 1)
vaultd_start
scheduler_start
install -m 0755 "$(built tests/bench_issue)" "$WORK/bin/bench_issue"
echo hello >"$WORK/file"
sink_number=0
queue_sink Postage
document blank.pdf >"$WORK/blank.pdf"

vaults "$one"
card_in one 0
best 'one card' fast
printed fast.printed
card_out "$CARD_PID" 0
card_in one 0 --latency "$sign"
best "one card of $sign ms" slow
printed slow.printed
vaults "$one" "$two"
card_in two 1 --latency "$sign"
best "two cards of $sign ms" pool
paste "$WORK/pool" "$WORK/slow" |
	awk '{ printf "two cards: %.2f of one\n", $1 / $2 }'
paste "$WORK/fast.printed" "$WORK/slow.printed" |
	awk -v sheets="$sheets" -v sign="$sign" '{ card = sheets * 30 * sign
	most = card > $1 ? card : $1
	printf "%d sheets: %.1f s, signatures %.1f s, both %.1f s: %.2f of " \
		"the slower\n", sheets, $1 / 1e3, card / 1e3, $2 / 1e3,
		$2 / most }'
