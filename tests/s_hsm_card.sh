#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A vault whose key is in a PIV card, through OpenSC's module, pcscd and a
# virtual reader: the key was made elsewhere and is adopted, and wants its PIN
# before each signature.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"

# piv_in: the card is in the reader.
piv_in() {
	"$(built tests/pivcard)" 0 "$WORK/key.pem" "$WORK/cert.der" &
	CARD_PID=$!
	remember "$CARD_PID"
	until_true 10 card_is_in 0
}

# wrong_pin WORDS: what is said of one.
wrong_pin() {
	printf '314159\n' >"$WORK/etc/pin"
	if vault refill 5.00 >"$WORK/said" 2>&1; then
		return 1
	fi
	printf '271828\n' >"$WORK/etc/pin"
	cat "$WORK/said"
	grep -q "$1" "$WORK/said"
}

vault() {
	as_postage "$WORK/bin/postage" vault "$@"
}

scheduler_setup
require jq openssl pkcs11-tool ZXingReader zbarimg gs pdftoppm pdftotext
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$WORK/key.pem" -subj '/CN=Nobody' -days 1000 \
	-outform DER -out "$WORK/cert.der" 2>/dev/null
pcscd_start
check 'a PIV card' piv_in
check 'OpenSC knows it' sh -c 'pkcs11-tool -L | grep -q piv_II'
printf '271828\n' >"$WORK/etc/pin"
chown postage:postage "$WORK/etc/pin"
chmod 600 "$WORK/etc/pin"
sed -i -e "s|^\[vault\]\$|&\npin-file = $WORK/etc/pin|" \
	-e 's|^uri = file:|uri = hsm:|' "$WORK/etc/postage.conf"
# OpenSC numbers the keys: 9C is 2.
check 'its signing key is adopted' vault create \
	--token 'pkcs11:id=%02?module-path=opensc-pkcs11.so'
check 'it signs for value' vault refill 20.00
check 'and again' vault audit
check_is 'the value is there' "$(vault status --json | jq -r .descending)" \
	20.00

stop_pid "$CARD_PID" KILL
until_true 10 card_is_out 0
check_fails 'without the card nothing is signed' vault refill 5.00
check 'but the registers are shown' vault status
check 'the card comes back' piv_in
check 'and signs' vault refill 5.00

chain_begin
queue_sink Postage
document plain.pdf '[[postage 0.78]]' '[[postage 1.05]]' >"$WORK/a.pdf"
prints 'a letter' Postage '780 1050' "$WORK/a.pdf"
check 'registers, journal and paper agree' books_balance

check 'a wrong PIN' wrong_pin 'PIN wrong'
check 'the right one' vault refill 5.00
check 'a wrong PIN again' wrong_pin 'PIN wrong'
check 'and again' wrong_pin 'PIN wrong'
check 'the third blocks it' wrong_pin 'PIN.*blocked'
check_fails 'for the right one too' vault refill 5.00
done_testing
