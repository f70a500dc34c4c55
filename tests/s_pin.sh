#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The vault's PIN as a person meets it: a wrong one costs one try however many
# jobs come, the job says which file to look at, and goes on when it is right.
# And a printer that is switched off: the job waits, says so, and prints once.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

pin_is() {
	printf '%s\n' "$1" >"$pin_file"
	chown postage:postage "$pin_file"
	chmod 600 "$pin_file"
}

vault() {
	as_postage "$WORK/bin/postage" vault "$@" --pin-file "$pin_file"
}

tries_left() {
	vault status --json | jq -r .pin_tries_left
}

scheduler_setup
pin_file=$WORK/etc/pin
require ZXingReader zbarimg gs pdftoppm pdftotext jq
sed -i "s|^\[vault\]\$|&\npin-file = $pin_file|" "$WORK/etc/postage.conf"
pin_is 271828
check 'a vault with a PIN' vault create
check 'gets value' vault refill 20.00
all=$(tries_left)
chain_begin
queue_sink Postage
document plain.pdf '[[postage 0.78]]' >"$WORK/a.pdf"

prints 'with the right PIN' Postage 780 "$WORK/a.pdf"
vaultd_stop
pin_is 314159
vaultd_start
held='pending-held processing-stopped'
refused 'a wrong PIN' "PIN.*$pin_file" "$held" "$WORK/a.pdf"
first=$job
refused 'the wrong PIN again' "not tried again.*right PIN" "$held" "$WORK/a.pdf"
second=$job
check_is 'one try was spent' "$(tries_left)" "$((all - 1))"
check 'the doctor says so' sh -c "POSTAGE_CONF='$WORK/etc/postage.conf' \
	'$WORK/bin/postage' doctor | grep -q '^FAULT  PIN: .*refused'"
pin_is 271828
lp -i "$first" -H resume
arrives 'with the PIN put right' "$first" 780
lp -i "$second" -H resume
arrives 'the second job' "$second" 780
check_is 'all tries are back' "$(tries_left)" "$all"

# a printer that is off
SOCKET_PORT=$((PORT + 1))
"$WORK/bin/postage" queue add Off --printer "socket://127.0.0.1:$SOCKET_PORT" \
	--ppd "$builddir/ppd/postage-pwg.ppd"
off=$(submit -d Off "$WORK/a.pdf")
check 'printer off: the queue says so' until_true 30 sh -c \
	"lpstat -p Off | grep -qiE 'not responding|unavailable'"
socket_sink_start
PRINTER=$WORK/socket
arrives 'printer on' "$off" 780
check 'registers, journal and paper agree' books_balance
done_testing
