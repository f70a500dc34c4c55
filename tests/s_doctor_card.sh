#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `postage doctor` says of a vault in a card, as pcscd, reader, card, PIN,
# audit and certificate go missing one after the other; looked at as user
# postage, who the daemon is.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"
scheduler_setup

# doctor_says WHAT RESULT DETAIL REMEDY: RESULT ok or FAULT, the others patterns.
doctor_says() {
	doctor_row=$(postage --json doctor | jq -r --arg what "$1" '.checks[] |
		select(.what == $what) |
		"\(.result)|\(.detail)|\(.remedy)"')
	echo "$doctor_row"
	case $doctor_row in
	"$2|"*) ;;
	*) return 1 ;;
	esac
	echo "$doctor_row" | grep -Eq "^$2\|.*$3.*\|.*$4"
}
vault() {
	as_postage "$WORK/bin/postage" vault "$@"
}
require jq
select='00:a4:04:00:09:f0:43:55:50:53:50:53:44:01:00'
sed -i 's/^uri = .*/uri = card:/' "$WORK/etc/postage.conf"

# an empty folder takes the place of a pcscd that the machine may run
mkdir -p /run/pcscd
mount -t tmpfs none /run/pcscd
check 'no pcscd' doctor_says 'card readers' FAULT 'pcscd does not run' \
	'apt install pcscd'
umount /run/pcscd
pcscd_start
check 'empty readers' doctor_says 'card readers' FAULT 'Virtual PCD.*empty' \
	'virtual readers.*postage-labcard'
card_in one 0
check 'a blank card: the reader has it' doctor_says 'card readers' ok \
	'Virtual PCD 00 00 \(card\)' ''
check 'a blank card: no PSD' doctor_says card FAULT 'no postage card' \
	'postage vault create'
check 'a PSD is made' vault create
check 'and gets value' vault refill 5.00
check 'a card' doctor_says card ok 'XXPS0*1, 5.00 left' ''
check 'its certificate' doctor_says "card's certificate" ok authority ''
check 'its audit' doctor_says "card's audit" ok 'due on 20' ''
check 'no PIN' doctor_says "card's PIN" ok none ''

# a PIN that nobody named, then one with a try less
opensc-tool -r 'Virtual PCD 00 00' -s "$select" \
	-s 00:24:00:81:05:00:31:32:33:34 >"$WORK/pin.out" 2>&1
check 'a PIN without a file' doctor_says "card's PIN" FAULT 'wants one' pin-file
printf '1234\n' >"$WORK/etc/pin"
chown postage:postage "$WORK/etc/pin"
chmod 600 "$WORK/etc/pin"
sed -i "s|^\[vault\]\$|&\npin-file = $WORK/etc/pin|" "$WORK/etc/postage.conf"
check 'a PIN with its file' doctor_says "card's PIN" ok '5 of 5' ''
opensc-tool -r 'Virtual PCD 00 00' -s "$select" \
	-s 00:20:00:81:04:39:39:39:39 >"$WORK/pin.out" 2>&1
check 'a wrong one was given' doctor_says "card's PIN" FAULT '4 of 5' pin-file
check 'and by the doctor none' doctor_says "card's PIN" FAULT '4 of 5' pin-file
for _ in 1 2 3 4; do
	opensc-tool -r 'Virtual PCD 00 00' -s "$select" \
		-s 00:20:00:81:04:39:39:39:39 >"$WORK/pin.out" 2>&1
done
check 'blocked' doctor_says "card's PIN" FAULT blocked PUK

# not the provider's card
mv "$WORK/state/certificates" "$WORK/state/aside"
mkdir "$WORK/state/certificates"
chown postage:postage "$WORK/state/certificates"
check 'no authority' doctor_says "card's certificate" FAULT . 'certificates'
rmdir "$WORK/state/certificates"
mv "$WORK/state/aside" "$WORK/state/certificates"

# another card than the one that is named
sed -i 's/^uri = .*/uri = card:XXPS0000000077/' "$WORK/etc/postage.conf"
check 'another card' doctor_says card FAULT 'XXPS0000000077 is in none' \
	'put that card in'
done_testing
