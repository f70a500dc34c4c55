#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A card that says no: a PIN that is wrong, or blocked, too little value, an audit
# or an expiry before the mail date: nothing is spent, the person reads what to
# do, and the job prints when it is done.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"
scheduler_setup
require ZXingReader zbarimg gs pdftoppm pdftotext jq
pin_file=$WORK/etc/pin

pin_is() {
	printf '%s\n' "$1" >"$pin_file"
	chown postage:postage "$pin_file"
	chmod 600 "$pin_file"
}
vault() {
	as_postage "$WORK/bin/postage" vault "$@"
}
tries_left() {
	vault status --json | jq -r .pin_tries_left
}

pcscd_start
card_in one 0
sed -i "s|^uri = .*|uri = card:reader=Virtual PCD 00 00\npin-file = $pin_file|" \
	"$WORK/etc/postage.conf"
sed -i 's/^\[mail\]$/&\ndays-ahead = 120/' "$WORK/etc/postage.conf"
pin_is 271828
check 'a card with PIN and PUK' vault create --puk-file "$WORK/state/puk" \
	--expires "$(date -d '100 days' +%F)"
check 'gets value' vault refill 5.00
chain_begin
queue_sink Postage
document plain.pdf '[[postage 0.78]]' >"$WORK/a.pdf"
document plain.pdf '[[postage 2.00]]' '[[postage 2.00]]' '[[postage 2.00]]' \
	>"$WORK/dear.pdf"
document plain.pdf "[[postage class=letter date=$(date -d '95 days' +%F)]]" \
	>"$WORK/late.pdf"
document plain.pdf "[[postage class=letter date=$(date -d '110 days' +%F)]]" \
	>"$WORK/after.pdf"
held='pending-held processing-stopped'

# --- the PIN -----------------------------------------------------------------------
pin_is 314159
refused 'a wrong PIN' "PIN.*$pin_file" "$held" "$WORK/a.pdf"
first=$job
refused 'the wrong PIN again' 'not tried again' "$held" "$WORK/a.pdf"
check_is 'one try was spent' "$(tries_left)" 4
for wrong in 1111 2222 3333 4444; do
	echo "$wrong" >"$WORK/state/wrong"
	check_fails "another program tries $wrong" vault audit \
		--pin-file "$WORK/state/wrong"
done
pin_is 271828
refused 'a blocked PIN' 'PIN is blocked' "$held" "$WORK/a.pdf"
check 'the PUK sets a new one' vault pin unblock --puk-file "$WORK/state/puk" \
	--new-pin-file "$pin_file"
lp -i "$first" -H resume
arrives 'with it the job prints' "$first" 780

# --- value and dates -----------------------------------------------------------------
refused 'too little value' '1.78 is missing: postage vault refill 1.78' "$held" \
	"$WORK/dear.pdf"
first=$job
refused 'a mail date after the audit' 'audit is due on .* before the mail date' \
	"$held" "$WORK/late.pdf"
refused 'a mail date after the expiry' "after the PSD's expiry" \
	'canceled aborted pending-held' "$WORK/after.pdf"
left_before=$((left_before + 10000))
check 'value comes' vault refill 10.00
lp -i "$first" -H resume
arrives 'with it the job prints' "$first" '2000 2000 2000'
check 'registers, journal and paper agree' books_balance
done_testing
