#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A provider: a front and two processing servers under one licence.  A letter out
# of LibreOffice is printed by a queue without a vault of its own, stamps come
# from several PSDs and servers, another computer has its own user system; a
# server is killed in the middle of a job; credentials, suspension, funds and the
# provider's absence are each seen in the job.  $PROVIDER_ENGINE: sqlite (the
# default) or postgresql (s_provider_pg.sh).
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
# shellcheck source=tests/provider.sh
. "$srcdir/tests/provider.sh"
LICENCE=20240107

# --- a computer that prints -------------------------------------------------------
# other_computer URI TOKEN CERTIFICATES COPY: what the second one does, in its
# own namespace; COPY is where its stamps go.
other_computer() {
	scheduler_setup
	provider_computer "$1" "$2" "$3"
	queue_sink Postage
	document plain.pdf '[[postage 0.64]]' '[[postage 0.64]]' >"$WORK/a.pdf"
	prints 'another computer' Postage '640 640' "$WORK/a.pdf"
	cp "$WORK/stamps.all" "$4"
	done_testing
}

if [ "${1:-}" = --other ]; then
	shift
	other_computer "$@"
fi

# good_are N: so many processing servers get requests from the front.
good_are() {
	[ "$(provider_metric front postage_good_servers)" = "$1" ]
}

# --- the provider -------------------------------------------------------------------
provider_alone "$@"
ABSENT=30
PROVIDER_LISTEN=0.0.0.0
PROVIDER_ADDRESSES=198.51.100.1
WORKERS=2
scheduler_setup
provider_setup "${PROVIDER_ENGINE:-sqlite}"
provider_server one
provider_server two
provider_front
check 'the front has two servers' until_true 5 good_are 2
check_fails 'and it may not write' grep 'may change all books' \
	"$PROVIDER/front.log"
postaged account add Example Mailroom --load 2.00 >/dev/null
postaged psd add Mailroom --count 2 >/dev/null
postaged credit Mailroom 200.00 --ref R1 >/dev/null
provider_publish Mailroom
token=$(provider_token Mailroom desk --address 127.0.0.1)
token_shop=$(provider_token Mailroom shop --address 198.51.100.0/24)
provider_computer "$(provider_vault 127.0.0.1)" "$token" "$PUBLISH"
queue_sink Postage

# left: what the user system may still spend.
left() {
	register descending
}

# issues NAME: how often that server was asked for stamps.
issues() {
	grep -c 'POST /v1/vault/indicia .*: 200' "$PROVIDER/$1.log"
}

both_issue() {
	[ "$(issues one)" -gt 0 ] && [ "$(issues two)" -gt 0 ]
}

psds_used() {
	fields_of "$WORK/stamps.all" psd | sort -u | wc -l | tr -d ' '
}

# All paper together, PSD by PSD: the ascending register runs without a gap.
registers_run() {
	fields_of "$1" 'psd ascending postage' | sort -k1,1 -k2,2n -k3,3nr |
		awk '$1 != psd { psd = $1; at = 0 }
			{ at += $3; if ($2 != at) { print; bad = 1 } }
			END { exit bad || !NR }'
}

licences() {
	jq -r '.files[].stamps[] | .. | objects | .licence? // empty' \
		"$WORK/verify.json" | sort -u | tr '\n' ' '
}

# held WHAT WORDS FILE [LP-OPTION...]: it is printed, and held with these words.
held() {
	held_what=$1 held_words=$2
	shift 2
	held_spent=$(register ascending)
	job=$(submit -d Postage "$@")
	check "$held_what: the job is held" wait_state "$job" pending-held
	check "$held_what: and says why" says "$job" "$held_words"
	check_is "$held_what: nothing was spent" "$(register ascending)" "$held_spent"
}

# released WHAT VALUES: the job is let go, and printed.
released() {
	lp -i "$job" -H resume
	arrives "$1" "$job" "$2"
}

document plain.pdf '[[postage 0.78]]' >"$WORK/one.pdf"
document blank.pdf >"$WORK/blank.pdf"

# --- the letter ----------------------------------------------------------------------
if command -v soffice >/dev/null; then
	"$srcdir/tests/docs/letter.sh" 3 >"$WORK/letter.fodt"
	soffice --headless "-env:UserInstallation=file://$WORK/office" \
		--pt Postage "$WORK/letter.fodt" >"$WORK/log/soffice.out" 2>&1
	job=$(lpstat -W all -o | sed -n 's/^Postage-\([0-9]*\) .*/\1/p' |
		tail -n 1)
	arrives 'a letter from LibreOffice' "$job" '780 780 780'
	check_is 'one licence in all of them' "$(licences)" "$LICENCE "
fi

# --- the post ---------------------------------------------------------------------------
# asked WHAT: the verdict of /v1/verify or /v1/cancel on the last stamp that was
# read off the paper, for a person of the post.
asked() {
	asked_bytes=$(jq -r '[.files[].stamps[].bytes] | last' \
		"$WORK/verify.json" |
		perl -MMIME::Base64 -ne 'chomp; print encode_base64(pack("H*", $_), "")')
	provider_says front "/v1/$1" -H "Authorization: Bearer $post" \
		--json "{\"indicium\": \"$asked_bytes\", \"place\": \"belt\"}" |
		jq -r .verdict
}

job=$(submit -d Postage "$WORK/one.pdf")
arrives 'a stamp for the post' "$job" 780
post=$(postaged person add belt --role post | sed -n '/^token/{n;p;}')
check_is 'on line it is good' "$(asked verify)" VALID
check_is 'it is cancelled' "$(asked cancel)" VALID
check_is 'a second scan is a duplicate' "$(asked cancel)" DUPLICATE
check_is 'and says so to who only looks' "$(asked verify)" DUPLICATE

# --- which PSD, which server -----------------------------------------------------------
# How often value went into a PSD; 2.00 each time, so the labels need more.
loads() {
	postaged ledger credit:1 | grep -c -- '-> psd:'
}
before=$(loads)
prints 'ten labels at once' Postage '500 500 500 500 500 500 500 500 500 500' \
	"$WORK/blank.pdf" -o PostageSheet=Avery-5160 -o PostageAmount=0.50 \
	-o PostageCount=10
check 'the PSD was short and has got more' test "$(loads)" -gt "$before"
check_is 'consecutive stamps are of the same PSD' \
	"$(fields_of "$WORK/stamps" psd | sort -u | wc -l | tr -d ' ')" 1
tries=0
until { [ "$(psds_used)" = 2 ] && both_issue; } || [ "$tries" = 8 ]; do
	tries=$((tries + 1))
	prints "letter $tries" Postage 780 "$WORK/one.pdf"
done
check_is 'stamps of another PSD' "$(psds_used)" 2
check 'stamps of another server' both_issue
check 'all agree' provider_agrees

# --- another computer --------------------------------------------------------------------
computer_plug shop 198.51.100.1/24 198.51.100.2/24
check 'another computer, at another address' computer shop env \
	POSTAGE_ALONE= srcdir="$srcdir" sh "$srcdir/tests/s_provider.sh" \
	--other "$(provider_vault 198.51.100.1)" "$token_shop" "$PUBLISH" \
	"$WORK/stamps.shop"
check_is 'its stamps' "$(fields_of "$WORK/stamps.shop" postage |
	tr '\n' ' ')" '640 640 '
check 'no stamp is on both papers' test -z "$(fields_of \
	"$WORK/stamps.all" hex | grep -xFf - "$WORK/stamps.shop")"

# --- a server dies -------------------------------------------------------------------------
# It stands still, so that requests are under way when it is killed: the job's, or
# those that only ask how it goes.
lost_at_one() {
	grep -q ' at one: .* asked, but' "$PROVIDER/front.log"
}
asks() {
	provider_says front /v1/vault -H "Authorization: Bearer $token"
}
until_true 10 good_are 2
job=$(submit -d Postage -o PostageSheet=Avery-5160 -o PostageAmount=0.25 \
	-o PostageCount=5 "$WORK/blank.pdf")
kill -STOP "$(cat "$PROVIDER/one.pid")"
for i in 1 2 3 4; do
	asks >"$WORK/asked.$i" &
	eval "asks_$i=$!"
done
sleep 1
provider_stop one KILL
# shellcheck disable=SC2154
wait "$asks_1" "$asks_2" "$asks_3" "$asks_4"
check_is 'a server is killed: who was asking is answered' \
	"$(cat "$WORK"/asked.? | jq -r .system | uniq -c | tr -s ' ')" \
	' 4 XXUS0000000001'
check 'requests were lost with it' lost_at_one
arrives 'a server is killed' "$job" '250 250 250 250 250'
check 'the front sends it nothing more' until_true 10 good_are 1
provider_start one
check 'it is back' until_true 10 good_are 2
check 'all agree' provider_agrees

# --- what holds a job ------------------------------------------------------------------------
printf '%s\n' "${token%?}x" >"$WORK/token"
held 'a wrong token' 'put the token that the provider gave' "$WORK/one.pdf"
printf '%s\n' "$token" >"$WORK/token"
released 'the right token' 780
postaged system suspend desk
held 'a suspended system' 'suspended' "$WORK/one.pdf"
postaged system resume desk
released 'resumed' 780
document plain.pdf '[[postage 99.00]]' '[[postage 99.00]]' >"$WORK/dear.pdf"
held 'no funds' 'is missing: pay in at the provider, then lp -i' "$WORK/dear.pdf"
postaged credit Mailroom 50.00 --ref R2 >/dev/null
released 'paid in' '99000 99000'

# --- label sheets ------------------------------------------------------------------------------
echo '1000,1999,30,Avery 5160' | provider_sheets >/dev/null
sheet='-o PostageSheet=Avery-5160 -o PostageAmount=0.10 -o PostageCount=2'
# shellcheck disable=SC2086
prints 'a sheet of the list' Postage '100 100' "$WORK/blank.pdf" $sheet \
	-o PostageSerial=Custom.1017
# shellcheck disable=SC2086
held 'a sheet that nobody sold' 'is not registered' "$WORK/blank.pdf" $sheet \
	-o PostageSerial=Custom.2017
cancel "$job"

# --- the database stands still ----
# The job is priced, and its stamps wait.
if [ "${PROVIDER_ENGINE:-sqlite}" = sqlite ] && command -v sqlite3 >/dev/null; then
	{
		echo 'BEGIN IMMEDIATE;'
		sleep 12
		echo 'COMMIT;'
	} | sqlite3 "$PROVIDER/provider.db" &
	remember $!
	sleep 1
	sed -i 's/^wait = .*/wait = 60/' "$WORK/etc/postage.conf"
	job=$(submit -d Postage "$WORK/one.pdf")
	check 'stamps that wait: the person reads it' \
		until_true 15 message_has "$job" 'it has not signed yet'
	arrives 'and then they come' "$job" 780
	sed -i 's/^wait = .*/wait = 4/' "$WORK/etc/postage.conf"
fi

# --- the provider is off -----------------------------------------------------------------------
provider_stop front
job=$(submit -d Postage "$WORK/one.pdf")
check 'the provider is away: the person reads it' \
	until_true 30 message_has "$job" 'Waiting for the vault'
provider_start front
arrives 'it is back' "$job" 780

# --- the books grow out of their file ---------------------------------------------------------
# says_no WORDS COMMAND...: it fails with these words.
says_no() {
	no_words=$1
	shift
	! "$@" >"$WORK/no" 2>&1 && grep -q "$no_words" "$WORK/no"
}

pid_gone() {
	! kill -0 "$1" 2>/dev/null
}

if [ "${PROVIDER_ENGINE:-sqlite}" = sqlite ]; then
	provider_postgresql
	check 'the books of servers that serve stay' \
		says_no 'server [a-z]* is up: stop all' \
		postaged migrate --to "$PROVIDER_DATABASE"
	for name in front one two; do
		provider_stop "$name"
	done
	# one that no front asks says nowhere that it is up
	provider_conf alone both "$(provider_port alone)" </dev/null
	sed -i "s|^database = .*|database = sqlite:$PROVIDER/provider.db|" \
		"$PROVIDER/alone.conf"
	check 'a server that stays' provider_start alone
	job=$(submit -d Postage "$WORK/one.pdf")
	check 'they move into PostgreSQL' \
		postaged migrate --to "$PROVIDER_DATABASE"
	check 'a server that nobody stopped ends' until_true 15 \
		pid_gone "$(cat "$PROVIDER/alone.pid")"
	check 'and says why' grep -q 'these books are .*; this server ends' \
		"$PROVIDER/alone.log"
	check 'the file says where they are' \
		says_no 'these books are at postgresql:' postaged audit
	check 'and once more is once' \
		postaged migrate --to "$PROVIDER_DATABASE"
	sed -i "s|^database = .*|database = $PROVIDER_DATABASE|" \
		"$PROVIDER"/*.conf
	for name in one two front; do
		provider_start "$name"
	done
	check 'a front whose user may write says so' grep -q \
		'may change all books' "$PROVIDER/front.log"
	arrives 'a job that waited for it' "$job" 780
	check_is 'a new stamp is good' "$(asked verify)" VALID
	prints 'they go on' Postage 780 "$WORK/one.pdf"
	check 'all agree' provider_agrees
fi

cat "$WORK/stamps.all" "$WORK/stamps.shop" >"$WORK/stamps.both"
check 'the registers run on' registers_run "$WORK/stamps.both"
check 'all agree' provider_agrees
done_testing
