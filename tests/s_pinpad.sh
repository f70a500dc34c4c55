#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A reader with keys of its own: the PIN is typed there and never in this
# computer.  pcscd is the true one, the reader is tests/ifd_pad.c.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"

scheduler_setup
require jq
[ -e /usr/lib/pcsc/drivers/serial/libifdvpcd.so ] || skip 'no virtual reader'
mkdir "$WORK/reader.conf.d"
cat >"$WORK/reader.conf.d/pad" <<EOT
FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x8C7B
LIBPATH $builddir/tests/ifd_pad.so
CHANNELID 0x8C7B
EOT
export POSTAGE_PAD="$WORK/pad"
PCSCD_CONF=$WORK/reader.conf.d
pcscd_start
card_in one 0
printf '271828\n' >"$WORK/pin"
chown postage: "$WORK/pin"

vault() {
	as_postage "$WORK/bin/postage" vault --vault card: "$@" </dev/null
}

# types TEXT FILTER WORDS COMMAND...: at the keys; the command's JSON makes the
# filter true, and its words match.
types() {
	[ -z "$1" ] || printf '%s\n' "$1" >"$POSTAGE_PAD"
	types_filter=$2 types_words=$3
	shift 3
	"$@" --json >"$WORK/said" 2>"$WORK/words"
	cat "$WORK/said" "$WORK/words"
	jq -e "$types_filter" "$WORK/said" >/dev/null || return 1
	[ -z "$types_words" ] || grep -qE "$types_words" "$WORK/words"
}

check 'a card with a PIN is made' vault create --pin-file "$WORK/pin"
check 'value, with the PIN from its file: no keys are needed' \
	types '' '.descending == "20.00"' '' vault --pin-file "$WORK/pin" \
	refill 20.00
check 'value, with the PIN typed at the reader' \
	types 271828 '.descending == "50.00"' 'type the PIN of card: at its' \
	vault refill 30.00
check 'it was asked for once' sh -c "[ ! -s '$POSTAGE_PAD' ]"
check 'a wrong one costs one try' types 999999 \
	'.error.text | test("PIN wrong, 4 tries left")' '' vault audit
check 'cancelled at the reader' types cancel \
	'.error.text | test("cancelled at the reader")' '' vault audit
check 'too short' types 12 '.error.text | test("4 to 16 digits")' '' vault audit
check 'nobody types' types '' '.error.text | test("in time")' '' vault audit
check 'none of that cost a try' types '' '.pin_tries_left == 4' '' vault status
check 'lock' types 271828 '.life | test("withheld")' '' vault lock
check 'withdraw' types 271828 '.life == "withdrawn"' '' vault withdraw --yes \
	--account "$WORK/state/account"
check 'a vault without a PIN asks for none' types '' '.descending == "0.00"' \
	'' as_postage "$WORK/bin/postage" vault create
done_testing
