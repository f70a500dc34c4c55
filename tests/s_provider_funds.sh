#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A queue whose account has a card: a document that is dearer than what is there has
# the card charged before its first stamp, once; a card that is declined, a limit and
# a card that nobody allowed hold the job, which says why, and nothing is debited.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
# shellcheck source=tests/provider.sh
. "$srcdir/tests/provider.sh"
# shellcheck source=tests/processor.sh
. "$srcdir/tests/processor.sh"

provider_alone "$@"
processor_needs
WORKERS=2
scheduler_setup
provider_setup "${PROVIDER_ENGINE:-sqlite}"
export NODE_EXTRA_CA_CERTS="$PROVIDER/tls/ca.pem"
check 'a processor' processor_start \
	"https://127.0.0.1:$(provider_port front)/v1/webhooks/stripe" \
	$((PORT + 1))
{
	processor_conf "$PROVIDER"
	echo "return-url = https://127.0.0.1:$(provider_port front)/"
} >"$WORK/stripe.part"
chown postage "$PROVIDER/stripe.key" "$PROVIDER/webhook.secret"
chmod 600 "$PROVIDER/stripe.key" "$PROVIDER/webhook.secret"
provider_conf one process "$(provider_port one)" <"$WORK/stripe.part"
cat "$WORK/stripe.part" >>"$PROVIDER/admin.conf"
provider_start one
provider_front
postaged account add Example Mailroom >/dev/null
postaged psd add Mailroom >/dev/null
token=$(provider_token Mailroom desk)
provider_publish Mailroom

# A first payment saves the card.
provider_says front /v1/payments -X POST -H "Authorization: Bearer $token" \
	-H 'Content-Type: application/json' \
	--data '{"driver":"stripe","amount":1000}' >"$WORK/payment"
check 'a person pays' pay_page "$(jq -r .url "$WORK/payment")"
credit_is() {
	[ "$(postaged account show Mailroom | sed -n 's/^credit *//p')" = "$1" ]
}
card_is_kept() {
	postaged account show Mailroom | grep -q 'card .*4242'
}
check 'it is credited' until_true 60 credit_is 1.00
check 'and the card kept' until_true 60 card_is_kept

provider_computer "$(provider_vault 127.0.0.1)" "$token" "$PUBLISH"
queue_sink Postage
document plain.pdf '[[postage 0.78]]' '[[postage 1.36]]' >"$WORK/two.pdf"
document plain.pdf '[[postage 0.78]]' >"$WORK/one.pdf"

# held WORDS FILE: the job is held and says so; nothing is spent or charged.
held() {
	held_before=$(register ascending) held_charges=$(asked charges)
	held_job=$(submit -d Postage "$2")
	wait_job "$held_job" 60 >/dev/null
	job_in_state "$held_job" pending-held || {
		job_state "$held_job"
		job_message "$held_job"
		return 1
	}
	job_message "$held_job" | grep -qE "$1" || {
		job_message "$held_job"
		return 1
	}
	nothing_spent "$held_before" && is "$(asked charges)" \
		"$((held_charges + ${3:-0}))"
}

check 'nobody allowed it to be charged' held 'pay in at the provider' \
	"$WORK/two.pdf"
postaged account auto-add Mailroom --below 0 --amount 5.00 >/dev/null
charges=$(asked charges)
prints 'the card pays what is missing' Postage '780 1360' "$WORK/two.pdf"
check_is 'it was charged once' "$(asked charges)" "$((charges + 1))"
prints 'what is there is not charged' Postage '780' "$WORK/one.pdf"
check_is 'it was not' "$(asked charges)" "$((charges + 1))"

# 6.00 less 2.92 is there.
postaged system limits desk --day-max 4.00 >/dev/null
document plain.pdf '[[postage 3.50]]' >"$WORK/dear.pdf"
check 'no card is charged for what is over a limit' held \
	'limit of 4.00 a day' "$WORK/dear.pdf"
postaged system limits desk --day-max none >/dev/null
control swap=tok_chargeCustomerFail >/dev/null
check 'a card that is declined' held 'needs 3.50.*declined' "$WORK/dear.pdf" 1
check 'is not asked again at once' held 'declined' "$WORK/dear.pdf"
check 'all agree' provider_agrees
check_is 'charged is what was credited' "$(postaged ledger | awk \
	'$1 == "processor" { printf "%d\n", $3 * 1000 + 0.5 }')" "$(asked mils)"
done_testing
