#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The post: postage-verify asks the provider for certificates, the list of revoked
# ones and what became of a stamp; it cancels, and a second scan is a duplicate.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
# shellcheck source=tests/provider.sh
. "$srcdir/tests/provider.sh"

provider_alone "$@"
WORKERS=2
scheduler_setup
provider_setup "${PROVIDER_ENGINE:-sqlite}"
provider_server one
provider_front
postaged account add Example Mailroom --load 20.00 >/dev/null
postaged psd add Mailroom >/dev/null
postaged credit Mailroom 200.00 --ref R1 >/dev/null
provider_publish Mailroom
token=$(provider_token Mailroom desk --address 127.0.0.1)
provider_computer "$(provider_vault 127.0.0.1)" "$token" "$PUBLISH"
queue_sink Postage
queue_sink Paper postage-pdfprinter

# person NAME ROLE: with a token in $WORK/NAME.
person() {
	postaged person add "$1" --role "$2" | sed -n '/^token/{n;p;}' \
		>"$WORK/$1"
	chmod 600 "$WORK/$1"
}
person belt post
person books auditor
person room mailroom

# Whom the verifier trusts: the postal authority, and nobody else yet.
mkdir "$WORK/trust"
cp "$PUBLISH/XX-authority.pem" "$WORK/trust/"
export XDG_CACHE_HOME="$WORK/cache.of.post"
mkdir "$XDG_CACHE_HOME"
CACHE=$XDG_CACHE_HOME/postage
ask=$(provider_vault 127.0.0.1)

# look PERSON [OPTION...] FILE: on line.
look() {
	look_by=$1
	shift
	postage_verify --certificates "$WORK/trust" \
		--online "$ask$WORK/$look_by" "$@"
}

# verdict CODE WORDS COMMAND...: it ends with CODE and says WORDS.
verdict() {
	verdict_code=$1 verdict_words=$2
	shift 2
	"$@" >"$WORK/said" 2>&1
	if is $? "$verdict_code" && grep -qE "$verdict_words" "$WORK/said"; then
		return 0
	fi
	cat "$WORK/said"
	return 1
}

# page QUEUE WHAT: one more stamp; $FILE has it.
page() {
	job=$(submit -d "$1" "$WORK/one.pdf")
	check "$2: printed" completes "$job"
	FILE=$(arrived "$WORK/sink")
	[ "$1" = Paper ] || {
		pages_of "$FILE" "$WORK/page.$job"
		FILE=$(ls "$WORK/page.$job"*)
	}
}

document plain.pdf '[[postage 0.78]]' >"$WORK/one.pdf"

# --- from a picture ------------------------------------------------------------------
page Postage picture
check 'without certificates it is nobody'"'"'s' verdict 1 'UNKNOWN-ISSUER' \
	postage_verify --certificates "$WORK/trust" "$FILE"
check 'on line it is good' verdict 0 'VALID \(lab\)' look belt "$FILE"
check_is 'what it was checked with is kept' "$(find "$CACHE" -type f |
	sed -e 's|.*/||' -e 's/-[0-9]*\.der/.der/' | LC_ALL=C sort | tr '\n' ' ')" \
	'XX.crl XX.der XXPS0000000001.der '
check 'a look changes nothing' verdict 0 'VALID \(lab\)' look books "$FILE"
check 'it is cancelled' verdict 0 'VALID \(lab\): cancelled' \
	look belt --cancel --place 'belt 2' "$FILE"
check 'a second scan' verdict 1 \
	'DUPLICATE \(lab\): first seen 20[-0-9]*T[:0-9]*Z, belt 2' \
	look belt --cancel --place 'belt 3' "$FILE"
check 'who only looks sees it too' verdict 1 'DUPLICATE' look books "$FILE"
look belt --json "$FILE" >"$WORK/json"
check_is 'as JSON' "$(jq -r '.files[0].stamps[0] | .verdict + " " +
	.first.where' "$WORK/json")" 'DUPLICATE belt 2'
check_is 'with the time' "$(jq -r '.files[0].stamps[0].first.when' \
	"$WORK/json" | cut -c1-10)" "$(date -u +%Y-%m-%d)"

# --- from a PDF ------------------------------------------------------------------------
page Paper PDF
check 'it is one' grep -aq '^%PDF' "$FILE"
check 'a page of the same stamp twice counts once' verdict 1 \
	'2 stamps, 1 VALID, 1 DUPLICATE' \
	look belt --cancel --place 'belt 2' "$FILE" "$FILE"
hex=$(postage_verify --json --decode "$FILE" | jq -r '.files[].stamps[].bytes')
check 'by its bytes' verdict 1 'DUPLICATE' look belt --hex "$hex"
check 'off line its time may be over' verdict 1 'EXPIRED' postage_verify \
	--certificates "$PUBLISH" --date 2027-06-01 --hex "$hex"
check 'on line that is the provider'"'"'s to say' verdict 1 'DUPLICATE' \
	look belt --date 2027-06-01 --hex "$hex"
check 'changed bytes are not asked about' verdict 1 'BAD-SIGNATURE' \
	look belt --hex "${hex%??}$(printf %s "$hex" | tail -c 2 |
		tr '0123456789abcdef' '123456789abcdef0')"

# --- mistakes, strangers --------------------------------------------------------------------
page Postage 'for mistakes'
mkdir "$WORK/nobody"
check 'a provider of another authority' verdict 2 'no authority' \
	postage_verify --certificates "$WORK/nobody" \
	--online "$ask$WORK/belt" "$FILE"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	-subj /CN=other -keyout "$WORK/other.key" -out "$WORK/other.pem" \
	2>/dev/null
check 'a server of another authority' verdict 2 'not the server' \
	postage_verify --certificates "$WORK/trust" --online \
	"$(echo "$ask" | sed "s|=[^=]*ca.pem|=$WORK/other.pem|")$WORK/belt" \
	"$FILE"
(umask 077 && echo XXPN0000000001.wrong >"$WORK/wrong")
check 'a wrong token' verdict 2 'put the token' look wrong "$FILE"
check 'a person who may not look' verdict 2 'does not allow' look room "$FILE"
check 'one who may not cancel' verdict 2 'does not allow' \
	look books --cancel --place x "$FILE"
check 'no place' verdict 2 'needs --place' look belt --cancel "$FILE"
check 'two tables' verdict 2 'leave out --seen' \
	look belt --seen "$WORK/seen.db" "$FILE"
check 'not a URI' verdict 2 'https://' postage_verify \
	--certificates "$WORK/trust" --online 127.0.0.1 "$FILE"
provider_stop front
check 'nobody answers' verdict 2 'no connection' look belt "$FILE"
check 'off line it is as it was' verdict 0 'VALID-OFFLINE' postage_verify \
	--certificates "$PUBLISH" --hex "$hex"
provider_start front
check 'nothing was cancelled' verdict 0 'VALID \(lab\)' look belt "$FILE"

# --- refunded, revoked --------------------------------------------------------------------
page Postage spoiled
desk() {
	(cd "$WORK/state" && as_postage "$WORK/bin/postage" "$@")
}
desk spoil "Postage-$job" --reason torn >/dev/null
desk refund request >/dev/null
check 'a refund was asked for' verdict 1 'REFUNDED \(lab\): its refund was' \
	look belt --cancel --place x "$FILE"
postaged refund approve 1 --by admin --method shredded >/dev/null
check 'and given' verdict 1 'REFUNDED \(lab\): its value' look belt "$FILE"
page Postage 'of a PSD that is lost'
postaged psd revoke XXPS0000000001 >/dev/null
check 'the list that is kept does not know it yet, the provider does' \
	verdict 1 'REVOKED' look belt "$FILE"
touch -d '2 hours ago' "$CACHE/XX.crl"
check 'an hour later the list does' verdict 1 'REVOKED.*is revoked' \
	look belt "$FILE"

# --- what it does not believe ------------------------------------------------------------
head -c 40 /dev/zero >"$CACHE/$(cd "$CACHE" && ls XXPS*)"
cp "$PROVIDER/tls/ca.pem" "$CACHE/XX.crl"
check 'a damaged cache is made good' verdict 1 'REVOKED.*is revoked' \
	look belt "$FILE"
check_fails 'no certificate is left in place of the list' \
	grep -q BEGIN "$CACHE/XX.crl"
done_testing
