#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole chain with a vault whose key a PKCS#11 token holds: a token of
# SoftHSM that user postage has, its PIN from pin-file; a token that goes away,
# a PIN that is wrong, a key that was exchanged.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

pin_is() {
	printf '%s\n' "$1" >"$WORK/etc/pin"
	chown postage:postage "$WORK/etc/pin"
	chmod 600 "$WORK/etc/pin"
}

# tool OPTION...: OpenSC's, on the token.
tool() {
	as_postage pkcs11-tool --module "$module" --token-label Postage \
		--login --pin 271828 "$@"
}

scheduler_setup
require ZXingReader zbarimg gs pdftoppm pdftotext jq softhsm2-util pkcs11-tool
module=/usr/lib/softhsm/libsofthsm2.so
[ -r "$module" ] || skip 'the module of SoftHSM is not where Debian has it'

SOFTHSM2_CONF=$WORK/etc/softhsm2.conf
export SOFTHSM2_CONF
mkdir "$WORK/state/tokens"
chown postage:postage "$WORK/state/tokens"
printf '%s\n' "directories.tokendir = $WORK/state/tokens" 'log.level = ERROR' \
	>"$SOFTHSM2_CONF"
sed -i -e "s|^\[vault\]\$|&\npin-file = $WORK/etc/pin|" \
	-e 's|^uri = file:|uri = hsm:|' "$WORK/etc/postage.conf"
pin_is 271828
check 'a token' as_postage softhsm2-util --init-token --free --label Postage \
	--pin 271828 --so-pin 12345678
# As root, who becomes the owner of token and vault.
check 'its key, and a vault' postage vault create \
	--token "pkcs11:token=Postage?module-path=$module"
check 'value' postage vault refill 100.00
check 'status says what the token does not keep' sh -c \
	"POSTAGE_CONF='$WORK/etc/postage.conf' '$WORK/bin/postage' vault status |
	grep -q 'an old copy of the file can be put back'"
check_is 'all that is not for everybody is the daemon'\''s' \
	"$(find "$WORK/state" ! -user postage ! -path '*/certificates*' \
		-printf '%P ')" ''
chain_begin
queue_sink Postage

document plain.pdf '[[postage 0.78]]' '[[postage 1.05]]' >"$WORK/a.pdf"
document blank.pdf >"$WORK/blank.pdf"
prints 'a letter' Postage '780 1050' "$WORK/a.pdf"
prints 'copies' Postage '780 780 1050 1050' "$WORK/a.pdf" -n 2
prints 'a sheet of labels' Postage "$(yes 780 | head -n 30 | tr '\n' ' ' |
	sed 's/ $//')" "$WORK/blank.pdf" \
	-o PostageSheet=Avery-5160 -o PostageAmount=0.78

mv "$WORK/state/tokens" "$WORK/state/away"
as_postage mkdir "$WORK/state/tokens"
away_spent=$(register ascending)
job=$(submit -d Postage "$WORK/a.pdf")
check 'without its token a job waits and says so' until_true 20 message_has \
	"$job" 'the token .*Postage.* is not there'
check 'nothing was spent' nothing_spent "$away_spent"
rm -r "$WORK/state/tokens"
mv "$WORK/state/away" "$WORK/state/tokens"
cancel "$job"
cupsenable Postage
prints 'it is back' Postage '780 1050' "$WORK/a.pdf"

held='pending-held processing-stopped'
pin_is 314159
refused 'a wrong PIN' "PIN wrong.*$WORK/etc/pin" "$held" "$WORK/a.pdf"
pin_is 271828
lp -i "$job" -H resume
arrives 'with the PIN put right' "$job" '780 1050'

check 'registers, journal and paper agree' books_balance
id=$(tool -O --type privkey | sed -n 's/^ *ID: *//p')
for kind in privkey pubkey; do
	tool --delete-object --type "$kind" --id "$id" >/dev/null
done
check 'another key under the same name' tool --keypairgen --sensitive \
	--key-type EC:prime256v1 --id "$id" --label 'postage XXPS0000000001'
refused 'a stamp of another key' 'another key under this name' \
	pending "$WORK/a.pdf"
done_testing
