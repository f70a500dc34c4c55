#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A processing server that stands still with a request in its hands does it when it
# goes on.  What another one says meanwhile is no answer to it: a "no" would have
# the client take its intent back, and pay for a stamp that nobody prints.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
# shellcheck source=tests/provider.sh
. "$srcdir/tests/provider.sh"
provider_alone "$@"
require curl setpriv
built postaged >/dev/null || skip 'postaged is not built'
work_setup
mkdir "$WORK/bin"
export CHOOSE_SERVER=affinity WORKERS=1
provider_setup sqlite
provider_server one
provider_server two
provider_front
postaged account add Example Mailroom >/dev/null
postaged psd add Mailroom >/dev/null
postaged credit Mailroom 1.00 --ref R1 >/dev/null
token=$(provider_token Mailroom desk)
key=000102030405060708090a0b0c0d0e0f

# ask METHOD PATH [BODY]: the status, a space, the answer.
ask() {
	curl -sS --noproxy '*' --cacert "$PROVIDER/tls/ca.pem" -X "$1" \
		-H "Authorization: Bearer $token" \
		${3:+-H 'Content-Type: application/json' -d "$3"} \
		-w '\n%{http_code}' \
		"https://127.0.0.1:$(provider_port front)$2" |
		awk 'NR > 1 { body = body last } { last = $0 }
			END { print last, body }'
}

issue() {
	ask POST /v1/vault/indicia '{"fence":"'"$1"'","total":5000,"stamps":[
		{"key":"'$key'","amount":5000,"mail_date":'"$(date +%Y%m%d)"'}]}'
}

status() {
	ask GET /v1/vault | cut -d' ' -f2- | jq -r ".$1"
}

is_debited() {
	[ "$(status ascending)" = 5000 ]
}

good_are() {
	[ "$(provider_metric front postage_good_servers)" = "$1" ]
}

check 'the front has two servers' until_true 10 good_are 2
fence=$(status fence)
check_is 'too little: a no' "$(issue "$fence" | cut -c1-3)" 402
busy=one
grep -q 'POST /v1/vault/indicia' "$PROVIDER/two.log" && busy=two

# --- it stands still, the other one says no ---------------------------------------
kill -STOP "$(cat "$PROVIDER/$busy.pid")"
said=$(issue "$fence")
check_is 'nobody knows' "$(echo "$said" | cut -c1-3)" 503
check_is 'and says so' "$(echo "$said" | cut -d' ' -f2- | jq -r .kind)" \
	ERR_ABSENT

# --- it goes on, and there is money by now ------------------------------------------
postaged credit Mailroom 100.00 --ref R2 >/dev/null
kill -CONT "$(cat "$PROVIDER/$busy.pid")"
check 'it was done after all' until_true 10 is_debited
check 'and is found by its key' \
	[ "$(ask POST /v1/vault/find '{"keys":["'$key'"]}' | cut -d' ' -f2- |
		jq '.stamps | length')" = 1 ]
check 'the books agree' postaged audit
done_testing
