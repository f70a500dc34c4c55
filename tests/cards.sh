# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# cards.sh: over lib.sh, what the tests of smart cards share: a pcscd of their
# own, with virtual readers, and lab cards in them.  All of it in a network and
# a mount namespace, so that neither the machine's pcscd nor another test's is
# met:
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#	. "$srcdir/tests/cards.sh"
#	cards_alone "$@"
#	scheduler_setup
#	pcscd_start
#	card_in one 0

# cards_alone "$@": the script again, alone.
cards_alone() {
	require unshare ip pcscd opensc-tool
	require_root
	[ -z "${POSTAGE_ALONE:-}" ] || return 0
	POSTAGE_ALONE=1 exec unshare -mn sh "$0" "$@"
}

# The folder of its socket is compiled in.  $PCSCD_CONF: a folder of other
# readers.
pcscd_start() {
	ip link set lo up
	mkdir -p /run/pcscd
	mount -t tmpfs none /run/pcscd
	pcscd_again
}

pcscd_again() {
	# shellcheck disable=SC2086
	pcscd --foreground ${PCSCD_CONF:+--config "$PCSCD_CONF"} >>"$WORK/log/pcscd.out" 2>&1 &
	PCSCD_PID=$!
	remember "$PCSCD_PID"
	until_true 10 test -S /run/pcscd/pcscd.comm
}

# card_in NAME SLOT [OPTION...]: the card $WORK/card/NAME is in that reader; its
# process is in $CARD_PID.
card_in() {
	card_name=$1 card_slot=$2
	shift 2
	mkdir -p "$WORK/card"
	"$(built tools/postage-labcard postage-labcard)" --slot "$card_slot" "$@" \
		"$WORK/card/$card_name" >>"$WORK/log/$card_name.out" 2>&1 &
	CARD_PID=$!
	remember "$CARD_PID"
	until_true 10 card_is_in "$card_slot"
}

card_is_in() {
	opensc-tool -r "Virtual PCD 00 0$1" -a >/dev/null 2>&1
}

# card_says SLOT APDU: what opensc-tool shows.
card_says() {
	opensc-tool -r "Virtual PCD 00 0$1" -s "$2"
}

card_is_out() {
	! card_is_in "$1"
}

# card_out [PID] SLOT: the card is pulled.
card_out() {
	stop_pid "$1" KILL
	until_true 10 card_is_out "$2"
}
