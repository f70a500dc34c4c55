#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Spoiled stamps of a queue whose vault is at a provider: the queue asks for their
# value, people there say yes or no, and journal, user system and the provider's
# books agree.
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
require pdftotext jq
provider_setup "${PROVIDER_ENGINE:-sqlite}"
provider_server one
provider_front
postaged account add Example Mailroom --load 20.00 >/dev/null
postaged psd add Mailroom --count 2 >/dev/null
postaged credit Mailroom 200.00 --ref R1 >/dev/null
provider_publish Mailroom
token=$(provider_token Mailroom desk --address 127.0.0.1)
provider_computer "$(provider_vault 127.0.0.1)" "$token" "$PUBLISH"
queue_sink Postage
mkdir "$WORK/out"
chown postage "$WORK/out"

desk() {
	(cd "$WORK/out" && as_postage "$WORK/bin/postage" "$@")
}

says() {
	says_what=$1
	shift
	"$@" >"$WORK/said" 2>&1
	grep -qE "$says_what" "$WORK/said" || {
		cat "$WORK/said"
		return 1
	}
}

# request NUMBER FIELD: of the list.
request() {
	desk --json refund list |
		jq -r ".requests[] | select(.number == $1) | .$2"
}

states() {
	desk --json journal show "$1" | jq -r '[.stamps[].state] | join(" ")'
}

agree() {
	check "$1: the journal" desk journal check
	check "$1: the provider" postaged audit
}

document plain.pdf '[[postage 0.78]]' '[[postage 0.64]]' '[[postage 1.00]]' \
	>"$WORK/three.pdf"
job=$(submit -d Postage "$WORK/three.pdf")
arrives 'three stamps' "$job" '640 780 1000'
mail=Postage-$job

# --- asked, and granted ---------------------------------------------------------
check 'one is spoiled' desk spoil "$mail" --page 1 --reason torn
provider_stop front
check 'nobody is there' says 'no connection' desk refund request
check_is 'nothing is lost' "$(states "$mail")" 'spoiled issued issued'
provider_start front
check 'asked again it is there' says 'waiting for approval' desk refund request
check_is 'one refund at the provider' \
	"$(postaged refund list | grep -c 'Mailroom')" 1
check_is 'its number is the same' "$(request 1 total)" 0.78
check 'the paper is there' pdftotext -layout \
	"$WORK/out/refund-XXUS0000000001-1.pdf" "$WORK/paper.txt"
check 'with the user system' grep -q 'User system  *XXUS0000000001' \
	"$WORK/paper.txt"
name=$(fields_of "$WORK/stamps" 'psd ascending postage' |
	awk '$3 == 780 { print $1 "/" $2 }')
check 'and the stamp as it is printed' grep -q "$name" "$WORK/paper.txt"
check_fails 'no other stamp is spoiled' desk refund request
check 'nobody has said yes' says 'settle it later' desk refund settle 1
left=$(register descending)
spent=$(register ascending)
postaged refund approve 1 --by admin --method shredded >/dev/null
check 'granted' says 'granted' desk refund settle 1
check_is 'the stamp is refunded' "$(states "$mail")" 'refunded issued issued'
check_is 'the value is there' "$(register descending)" "$((left + 780))"
check_is 'no register went back' "$(register ascending)" "$spent"
check 'once more is the same' desk refund settle 1
check_is 'and no more value' "$(register descending)" "$((left + 780))"
check 'shown' says 'accepted' desk refund show 1
agree granted

# --- rejected, refused ------------------------------------------------------------
check 'two more' desk spoil "$mail" --page 2 --reason torn
check 'two more' desk spoil "$mail" --page 3 --reason 'no ink'
names=$(fields_of "$WORK/stamps" 'psd ascending postage' |
	awk '$3 != 780 { print $1 "/" $2 }')
# shellcheck disable=SC2086
check 'asked, by the names on them' desk refund request $names
check_is 'both' "$(request 2 stamps)" 2
postaged refund reject 2 --by admin >/dev/null
check 'rejected' says 'refused it' desk refund settle 2
check_is 'both' "$(states "$mail")" 'refunded rejected rejected'
agree rejected

job=$(submit -d Postage "$WORK/three.pdf")
arrives 'three more' "$job" '640 780 1000'
mail=Postage-$job
check 'spoiled' desk spoil "$mail" --reason 'wrong paper'
post=$(postaged person add belt --role post | sed -n '/^token/{n;p;}')
provider_says front /v1/cancel -H "Authorization: Bearer $post" --json "$(jq -c \
	'[.files[].stamps[].bytes] | last' "$WORK/verify.json" |
	perl -MMIME::Base64 -ne '/(\w+)/; printf
		"{\"indicium\":\"%s\",\"place\":\"belt 2\"}",
		encode_base64(pack("H*", $1), "")')" >/dev/null
check 'one was mailed' says 'was mailed: the post saw it at belt 2' \
	desk refund request
check_is 'nothing is lost' "$(states "$mail")" 'spoiled spoiled spoiled'
mailed=$(fields_of "$WORK/stamps" 'psd ascending' | tail -n 1 | tr ' ' /)
check 'it is no spoiled one' desk unspoil --id "$mailed"
check 'then' says 'waiting for approval' desk refund request
# PostgreSQL does not give a number again that a refused one had
newest=$(desk --json refund list | jq '[.requests[].number] | max')
check_is 'the others' "$(request "$newest" stamps)" 2
check 'the signed answer of a PSD is another thing' says 'without --answer' \
	desk refund settle "$newest" --answer "$WORK/said"
agree asked
done_testing
