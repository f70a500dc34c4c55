#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Money from outside: cards through a processor that is put together of code that
# others wrote (tests/npm/processor.mjs), and invoices.  Replies are lost, delayed
# and overtaken by webhooks; cards are declined; servers are killed.  After each
# the books agree, and what the processor charged is what was credited.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/processor.sh
. "$srcdir/tests/processor.sh"
require openssl bc sqlite3
processor_needs
work_setup
postaged_program=$builddir/postaged
provider=http://127.0.0.1:$PORT
umask 077

# --- what runs -----------------------------------------------------------------

postaged() {
	"$postaged_program" --config "$WORK/postaged.conf" "$@"
}

serve() {
	# not by the function: its process would be a shell around it
	"$postaged_program" --config "$WORK/postaged.conf" serve \
		>>"$WORK/postaged.log" 2>&1 &
	serving=$!
	remember "$serving"
	until_true 20 curl -sf "$provider/v1/health" || say 'it does not serve'
}

# until_true SECONDS COMMAND...
until_true() {
	until_left=$(($1 * 5))
	shift
	until "$@" >/dev/null 2>&1; do
		until_left=$((until_left - 1))
		[ "$until_left" -gt 0 ] || return 1
		sleep 0.2
	done
}

# --- what is asked ----------------------------------------------------------------

# api METHOD PATH [BODY]: prints the answer's body; the status is in $WORK/status.
api() {
	curl -sS -X "$1" -H "Authorization: Bearer $token" \
		-H 'Content-Type: application/json' -o "$WORK/answer" \
		-w '%{http_code}' ${3:+--data "$3"} "$provider$2" >"$WORK/status"
	cat "$WORK/answer"
}

status() {
	cat "$WORK/status"
}

# page SUM-IN-MILS [KEY]: begins a payment; its page is in $WORK/url.
page() {
	api POST /v1/payments \
		"{\"driver\":\"stripe\",\"amount\":$1${2:+,\"key\":\"$2\"}}" |
		tee "$WORK/payment" | jq -r .url >"$WORK/url"
	jq -r .id "$WORK/payment"
}

# click: pays at that page.
click() {
	pay_page "$(cat "$WORK/url")"
}

stamps=0
# order SUM-IN-MILS: one stamp; prints the HTTP status.
order() {
	order_fence=$(api GET /v1/vault | jq -r .fence)
	api POST /v1/vault/indicia "$(printf '{"fence":"%s","total":%d,"stamps":
		[{"key":"%032x","amount":%d,"mail_date":%s}]}' "$order_fence" \
		"$1" "$stamps" "$1" "$(date +%Y%m%d)")" >/dev/null
	status
}

# buys WHAT SUM [STATUS]: an order that ends so.
buys() {
	stamps=$((stamps + 1))
	buys_status=$(order "$2")
	check_is "$1" "$buys_status" "${3:-200}"
	[ "$buys_status" = "${3:-200}" ] || cat "$WORK/answer"
}

order_is() {
	[ "$(order "$1")" = "$2" ]
}

# buys_in_the_end WHAT SUM: the same order again until it is carried out, as a
# user system does.
buys_in_the_end() {
	stamps=$((stamps + 1))
	check "$1" until_true 60 order_is "$2" 200
}

credit() {
	postaged account show Mailroom | sed -n 's/^credit *//p'
}

credit_is() {
	[ "$(credit)" = "$1" ]
}

state_of() {
	api GET "/v1/payments/$1" | jq -r .state
}

state_is() {
	[ "$(state_of "$1")" = "$2" ]
}

# all_agree WHAT: our books, and ours with the processor's.
all_agree() {
	check "$1: the books agree" postaged audit
	check_is "$1: charged is what was credited" \
		"$(postaged ledger | awk '$1 == "processor" {
			printf "%d\n", $3 * 1000 + 0.5 }')" \
		"$(asked mils)"
}

# spend_all: what an order leaves is in a PSD; the next one needs new credit.
spend_all() {
	spend_left=$(api GET /v1/vault | jq .descending)
	[ "$spend_left" = 0 ] || buys 'all is spent' "$spend_left"
}

# --- a provider -----------------------------------------------------------------------

check 'a processor' processor_start "$provider/v1/webhooks/stripe"
cat >"$WORK/postaged.conf" <<END
[postaged]
name = one
database = sqlite:$WORK/books.db
authority = $WORK/authority
workers = 4
[web]
listen = 127.0.0.1:$PORT
url = $provider/
[module soft]
uri = software:$WORK/wrap.key
END
processor_conf "$WORK" >>"$WORK/postaged.conf"
check 'a provider' postaged init --licence 4711
postaged account add Example Mailroom >/dev/null
postaged psd add Mailroom >/dev/null
token=$(postaged system add Mailroom desk | tail -n 1)
serve

# --- at a page --------------------------------------------------------------------------

key=00112233445566778899aabbccddeeff
id=$(page 20000 $key)
check_is 'a page is begun' "$(status)" 200
first=$(cat "$WORK/url")
check_is 'nothing is paid yet' "$(credit)" 0.00
check_is 'the same key is the same payment' "$(page 20000 $key)" "$id"
check_is 'and the same page' "$(cat "$WORK/url")" "$first"
check 'a person pays there' click
check_is 'is led back' "$(cat "$WORK/back")" "${provider}/paid"
check 'to a page' sh -c "curl -sSf '$provider/paid' | grep -q 'Thank you'"
check 'it is credited' until_true 10 credit_is 20.00
check_is 'the payment is paid' "$(state_of "$id")" paid
check 'the card is known by what the processor says of it' until_true 20 \
	sh -c "'$postaged_program' --config '$WORK/postaged.conf' \
	account show Mailroom | grep -q 'card  *visa, ends in 4242'"
all_agree 'a page'

page 10000 >/dev/null
control hooks=twice >/dev/null
check 'webhooks come twice' click
check 'it is credited' until_true 10 credit_is 30.00
all_agree 'webhooks twice'

control hooks=none >/dev/null
id=$(page 10000)
check 'webhooks do not come' click
check 'it is looked for' until_true 60 state_is "$id" paid
check_is 'and credited' "$(credit)" 40.00
all_agree 'no webhooks'

control hooks=after lose=1 >/dev/null
key=ffeeddccbbaa99887766554433221100
page 10000 $key >/dev/null
check_is 'the reply with the page is lost' "$(status)" 503
page 10000 $key >/dev/null
check_is 'asked again it is there' "$(status)" 200
check 'and is paid' click
check 'it is credited' until_true 10 credit_is 50.00
all_agree 'a lost page'

# --- who is believed -----------------------------------------------------------------------

# hook HEADER BODY: prints the status.
hook() {
	curl -sS -o "$WORK/answer" -w '%{http_code}' -H "$1" \
		-H 'Content-Type: application/json' --data "$2" \
		"$provider/v1/webhooks/stripe"
}

event='{"id":"evt_x","type":"payment_intent.succeeded","data":{"object":{}}}'
signed() {
	printf 't=%s,v1=%s' "$1" "$(printf '%s.%s' "$1" "$2" |
		openssl dgst -sha256 -hmac whsec_stand_in | sed 's/.* //')"
}

now=$(date +%s)
check_is 'no signature' "$(hook 'X-None: 1' "$event")" 403
check_is 'a wrong one' "$(hook "Stripe-Signature: t=$now,v1=$(printf '%064d' 0)" \
	"$event")" 403
check_is 'an old one' "$(hook \
	"Stripe-Signature: $(signed $((now - 400)) "$event")" "$event")" 403
check_is 'what cannot be read' "$(hook \
	"Stripe-Signature: $(signed "$now" '{"x":1}')" '{"x":1}')" 400
other='{"id":"evt_y","type":"customer.created","data":{"object":{"id":"c"}}}'
check_is 'what is not of us is thanked for' "$(hook \
	"Stripe-Signature: $(signed "$now" "$other")" "$other")" 200
check_is 'nothing of it is money' "$(credit)" 50.00

# --- from the saved card ---------------------------------------------------------------------

spend_all
buys 'without auto-add there is too little' 1000 402
check 'auto-add is set' postaged account auto-add Mailroom --below 0 \
	--amount 15.00
buys 'the card pays for an order' 5000
check_is 'as much as is set' "$(credit)" 10.00
buys 'or as much as is needed' 30000
check_is 'and no more' "$(credit)" 0.00
all_agree 'auto-add'

control hooks=before >/dev/null
buys 'the webhook comes before the reply' 16000
all_agree 'before the reply'

control hooks=after lose=1 >/dev/null
buys 'the reply is lost, the webhook tells' 17000
all_agree 'a lost reply'

control hooks=none lose=1 >/dev/null
before=$(asked succeeded)
buys_in_the_end 'the reply is lost, and no webhook comes' 18000
check_is 'there is one charge' "$(asked succeeded)" $((before + 1))
all_agree 'a lost reply and no webhook'

control refuse=1 >/dev/null
before=$(asked succeeded)
buys_in_the_end 'the request is lost' 19000
check_is 'there is one charge' "$(asked succeeded)" $((before + 1))
all_agree 'a lost request'

control hooks=after delay=14000 >/dev/null
before=$(asked succeeded)
buys 'the processor takes its time' 20000 503
control delay=0 >/dev/null
buys_in_the_end 'later it is there' 20000
check_is 'there is one charge' "$(asked succeeded)" $((before + 1))
all_agree 'a delay'

control hooks=none delay=6000 >/dev/null
before=$(asked charges)
good=$(asked succeeded)
stamps=$((stamps + 1))
(order 21000) >/dev/null 2>&1 &
check 'a card is being charged' until_true 10 sh -c \
	"curl -sS $processor/control | jq -e '.charges > $before'"
kill -KILL "$serving"
check_fails 'the server is killed' curl -sf "$provider/v1/health"
control delay=0 >/dev/null
serve
check 'killed meanwhile it is asked for again' until_true 60 order_is 21000 200
check_is 'there is one charge' "$(asked succeeded)" $((good + 1))
all_agree 'killed'

# --- declined ---------------------------------------------------------------------------------

control hooks=after swap=tok_chargeCustomerFail >/dev/null
buys 'the card is declined' 5000 402
check 'and the order hears why' grep -q 'Your card was declined' \
	"$WORK/answer"
before=$(asked charges)
buys 'it is declined at once the next time' 5000 402
check_is 'without asking' "$(asked charges)" "$before"
all_agree 'declined'
control swap= card=tok_mastercard >/dev/null
page 10000 >/dev/null
check 'another card pays at a page' click
check 'and is the one from now on' until_true 20 \
	sh -c "'$postaged_program' --config '$WORK/postaged.conf' \
	account show Mailroom | grep -q 'card  *mastercard'"
buys 'it pays' 25000
all_agree 'another card'

spend_all
check 'auto-add ahead' postaged account auto-add Mailroom --below 5.00 \
	--amount 15.00
check 'charges before anything is ordered' until_true 20 credit_is 15.00
check 'auto-add off' postaged account auto-add Mailroom --off
all_agree 'ahead'

# --- back ---------------------------------------------------------------------------------------

intent=$(postaged pay list Mailroom | awk 'NR == 1 { print $9 }')
curl -sS -d "intent=$intent" "$processor/control/refund" >/dev/null
buys 'a payment that went back locks the account' 1000 403
check 'with the reason' grep -q 'a payment was returned' "$WORK/answer"
check 'the books agree' postaged audit
page 15000 >/dev/null
check 'it is paid again' click
check 'that unlocks it' until_true 10 sh -c "'$postaged_program' --config \
	'$WORK/postaged.conf' account show Mailroom | grep -q 'state  *active'"
buys 'and stamps come' 1000
check 'the books agree' postaged audit

# --- disputes -----------------------------------------------------------------------------------

# dispute STATUS [CENTS]: the processor tells of one about the payment $intent.
dispute() {
	curl -sS -d "intent=$intent" -d "status=$1" ${2:+-d "cents=$2"} \
		"$processor/control/dispute" >/dev/null
}

owed_is() {
	[ "$(postaged account show Mailroom | sed -n 's/^owed *//p')" = "$1" ]
}

spend_all
page 20000 >/dev/null
check 'a page is paid' click
check 'it is credited' until_true 10 credit_is 20.00
intent=$(postaged pay list Mailroom | awk 'NR == 1 { print $9 }')
buys 'and spent' 20000
control hooks=twice >/dev/null
dispute needs_response
check 'it is disputed: it is owed, once' owed_is 20.00
buys 'the account is locked' 1000 403
check 'the books agree' postaged audit
dispute won
check 'the dispute is won: it is not owed any more' owed_is ''
check_is 'the account is unlocked' "$(api GET /v1/vault | jq -r .life)" \
	operational
check_is 'nothing else was credited' "$(credit)" 0.00
check 'the books agree' postaged audit

page 20000 >/dev/null
check 'another page is paid' click
check 'it is credited' until_true 10 credit_is 20.00
intent=$(postaged pay list Mailroom | awk 'NR == 1 { print $9 }')
dispute needs_response 500
dispute lost 500
check 'a part is disputed and lost' owed_is 5.00
curl -sS -d "intent=$intent" "$processor/control/refund" >/dev/null
check 'and the rest given back' owed_is 20.00
check 'an administrator unlocks it' postaged account unlock Mailroom
check 'auto-add' postaged account auto-add Mailroom --below 30.00 --amount 1.00
before=$(asked charges)
sleep 3
check_is 'its card is left alone while it owes' "$(asked charges)" "$before"
check 'auto-add off' postaged account auto-add Mailroom --off
check 'the books agree' postaged audit
check 'what it owes is paid' postaged credit Mailroom 20.00 --ref disputed
check 'and not owed any more' owed_is ''
control hooks=after >/dev/null

# --- invoices -----------------------------------------------------------------------------------

before=$(credit)
id=$(api POST /v1/payments '{"driver":"invoice","amount":40000}' | jq .id)
check_is 'an invoice waits' "$(state_of "$id")" pending
check 'an administrator sees it' sh -c "'$postaged_program' --config \
	'$WORK/postaged.conf' pay list --open | grep -q 'invoice .* pending'"
check 'and approves it' postaged pay approve "$id"
check_fails 'once' postaged pay approve "$id"
check 'it is credited' credit_is "$(echo "$before + 40" | bc)"
check 'it comes back' postaged pay returned "$id"
check_is 'the account is locked' "$(api GET /v1/vault | jq -r .life)" locked
check 'another invoice' sh -c "'$postaged_program' --config \
	'$WORK/postaged.conf' credit Mailroom 40.00 --ref again"
check_is 'unlocks it' "$(api GET /v1/vault | jq -r .life)" operational
# Keys and hashes, 32 digits of hexadecimal and more, may look like anything.
{
	cat "$WORK/postaged.log"
	sqlite3 "$WORK/books.db" .dump
} | sed -E 's/[0-9a-f]{32,}//g' >"$WORK/all"
check 'all of the books is looked at' grep -q 'INSERT INTO payment' "$WORK/all"
check_fails 'a card number is nothing that is taken' \
	grep -E '4[0-9]{15}' "$WORK/all"
check 'the books agree' postaged audit
done_testing
