#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A processing server with a card and a key file for modules: the card debits what
# the books have debited, in their order, also where it is pulled in the middle,
# was away, comes back in another reader, or is another program's; what it did
# otherwise is found out and not printed.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"
require openssl jq curl sqlite3
work_setup
mkdir -p "$WORK/log"
d=$WORK/provider
mkdir "$d"
export POSTAGED_CONF="$d/postaged.conf" POSTAGE_CONF="$d/postage.conf"
BIN=$builddir

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$d/tls.key" -out "$d/tls.pem" -subj /CN=localhost -days 30 \
	-addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null
(
	umask 077
	echo 135790 >"$d/pin"
)
cat >"$POSTAGED_CONF" <<END
[postaged]
database = sqlite:$d/books.db
authority = $d/authority
workers = 3
[module soft]
uri = software:$d/wrap.key
[module card]
uri = card:XXPS0000000900
pin-file = $d/pin
[web]
listen = 127.0.0.1:$PORT
certificate = $d/tls.pem
key = $d/tls.key
END
cat >"$POSTAGE_CONF" <<END
[vault]
uri = card:
pin-file = $d/pin
certificates = $d/certificates
[daemon]
state-dir = $WORK/state
END
mkdir "$WORK/state"

says() {
	says_what=$1
	shift
	"$@" >"$WORK/said" 2>&1
	grep -qE "$says_what" "$WORK/said" || {
		cat "$WORK/said"
		return 1
	}
}

provider() {
	"$BIN/postaged" "$@"
}

vault() {
	"$BIN/tools/postage" vault --lab "$d/authority" "$@"
}

answers() {
	curl -sf --noproxy '*' --cacert "$d/tls.pem" \
		"https://127.0.0.1:$PORT/v1/health" >/dev/null
}

serve() {
	"$BIN/postaged" >>"$WORK/log/postaged.log" 2>&1 &
	SERVER=$!
	remember "$SERVER"
	until_true 10 answers
}

# asks TOKEN PATH [BODY]: answer in $WORK/answer, status on standard output.
asks() {
	curl -s --noproxy '*' --cacert "$d/tls.pem" -o "$WORK/answer.$1" \
		-w '%{http_code}' -H "Authorization: Bearer $(cat "$d/$1")" \
		${3:+--json "$3"} "https://127.0.0.1:$PORT/v1/$2"
}

fence() {
	asks "$1" vault >/dev/null
	jq -r .fence "$WORK/answer.$1"
}

# order TOKEN FIRST COUNT: stamps with the keys from FIRST on.
order() {
	order_body=$(jq -cn --arg fence "$(fence "$1")" --argjson first "$2" \
		--argjson count "$3" --argjson date "$(date +%Y%m%d)" '
		{fence: $fence, total: (780 * $count), stamps: [range($count) |
		{key: ($first + . | tostring | ("0" * (32 - length)) + .),
		amount: 780, mail_date: $date, category: "FCM",
		destination: "902101234"}]}')
	order_status=$(asks "$1" vault/indicia "$order_body")
	[ "$order_status" = 200 ] || {
		echo "$order_status"
		cat "$WORK/answer.$1"
		return 1
	}
	is "$(jq '[.stamps[].indicium] | unique | length' \
		"$WORK/answer.$1")" "$3"
}

# ordered TOKEN FIRST COUNT: order, again and again, until it is all there.
ordered() {
	until_true "${ABSENT:-40}" order "$@"
}

# The card and its row, in words of the audit: "PIECES BEHIND".
registers() {
	provider audit --modules | sed -n \
		's/^module card: PSD 900: \([0-9]*\) pieces, .* \([0-9]*\) pieces behind.*/\1 \2/p'
}

agree() {
	says 'the books agree' provider audit --modules || return 1
	is "$(registers)" "$1 0"
}

pcscd_start
check 'a blank card' card_in one 0 --latency 70
ONE=$CARD_PID
check 'a provider' provider init --licence 22202
for name in Card Soft; do
	provider account add Example "$name" --load 20.00 >/dev/null
	provider credit "$name" 200.00 --ref "$name" >/dev/null
done
provider system add Card card | tail -n 1 >"$d/card"
provider system add Soft soft | tail -n 1 >"$d/soft"
provider psd add Soft --module soft >/dev/null
check_fails 'a blank card is no PSD' provider psd add Card --module card
check 'the card gets its PSD at the desk' vault create --on card: \
	--serial 900 --licence 22202 --currency 840 --pin-file "$d/pin"
check 'it is taken in' says 'XXPS0000000900: of account Card' \
	provider psd add Card --module card
check_fails 'once' provider psd add Card --module card
check 'the provider serves' serve

check 'a stamp of the card' order card 1 1
check_is 'it is the card that signed' \
	"$(jq -r '.stamps[].psd' "$WORK/answer.card")" XXPS0000000900
check 'thirty at once' order card 100 30
check 'again: the same, and nothing is debited' order card 100 30
check_is 'all were there' "$(jq '[.stamps[].replayed] | unique | .[]' \
	"$WORK/answer.card")" true
check 'the card is where its row is' agree 31
check 'an order with value in between' order card 200 30
check 'and it still is' agree 61

# --- two orders at the same time ---------------------------------------------------
order card 300 20 >"$WORK/log/first" 2>&1 &
FIRST=$!
sleep 0.3
(
	cp "$d/card" "$d/card2"
	ordered card2 400 20
) >"$WORK/log/second" 2>&1 &
SECOND=$!
check 'one of two orders' wait "$FIRST"
check 'the other one' wait "$SECOND"
check 'the card is where its row is' agree 101

# --- the card is pulled --------------------------------------------------------------
order card 500 30 >"$WORK/log/pulled" 2>&1 &
PULLED=$!
sleep 1.2
card_out "$ONE" 0
check_fails 'it is pulled in the middle: the client hears so' wait "$PULLED"
check 'with the status of what can be asked again' grep -q 503 \
	"$WORK/log/pulled"
begun=$(date +%s%3N)
check 'stamps of the other module come on' order soft 1 30
check 'as fast as ever' test $(($(date +%s%3N) - begun)) -lt 2000
check 'the books wait for the card' says '([1-9]|[12][0-9]|30) of them not signed yet' \
	provider audit
check 'and say that it is away' says 'not compared: .*put it in' \
	provider audit --modules
card_in one 1 --protocol t0 --latency 70
ONE=$CARD_PID
check 'it is back, in another reader: all are signed' ordered card 500 30
check 'the card is where its row is' agree 131

# --- nobody asks again -----------------------------------------------------------------
card_out "$ONE" 1
check_fails 'an order while it is away' order card 600 5
card_in one 0 --latency 70
ONE=$CARD_PID
signed() {
	says ' 0 of them not signed yet' provider audit
}
check 'it is back: the server finishes it by itself' until_true 30 signed
check 'the card is where its row is' agree 136

# --- pcscd, the server ------------------------------------------------------------------
stop_pid "$PCSCD_PID" KILL
pcscd_again
check 'pcscd is another one' ordered card 700 3
order card 800 30 >"$WORK/log/killed" 2>&1 &
KILLED=$!
sleep 1
stop_pid "$SERVER" KILL
check_fails 'the server is killed in the middle' wait "$KILLED"
check 'another one' serve
check 'goes on' ordered card 800 30
check 'the card is where its row is' agree 169

# --- a wrong PIN -------------------------------------------------------------------------
stop_pid "$SERVER"
echo 000000 >"$d/pin"
check 'with a wrong PIN it serves' serve
for n in 1 2 3; do
	check_fails "wrong PIN, order $n" order card "90$n" 1
done
check 'it says so' grep -q 'PIN' "$WORK/answer.card"
check_is 'and used one try up' "$(POSTAGE_CONF=$d/postage.conf \
	"$BIN/tools/postage" --json vault status | jq -r .pin_tries_left)" 4
stop_pid "$SERVER"
echo 135790 >"$d/pin"
check 'with the right PIN' serve
for n in 1 2 3; do
	check "order $n is there" ordered card "90$n" 1
done
check 'the card is where its row is' agree 172

# --- the books have lost signatures ------------------------------------------------------
# As after a fail-over to a database that did not have all: they are kept where
# print servers have them, in `kept`.
lose() {
	stop_pid "$SERVER"
	sqlite3 "$d/books.db" "CREATE TABLE IF NOT EXISTS kept AS
		SELECT * FROM signature WHERE psd = 900;
		DELETE FROM signature WHERE psd = 900 AND piece > $1;
		UPDATE psd_state SET complete = $1 WHERE psd = 900"
	serve
}

# What the card has given again is what it gave.
same_signatures() {
	is "$(sqlite3 "$d/books.db" 'SELECT COUNT(*) FROM kept
		JOIN signature USING (psd, piece, bytes)')" 172
}
check 'the last 64 signatures are lost' lose $((172 - 64))
check 'the card remembers them' until_true 30 signed
check 'they are those that were printed' same_signatures
check 'the last 65 are lost' lose $((172 - 65))
is_withheld() {
	[ "$(sqlite3 "$d/books.db" \
		'SELECT state FROM psd WHERE serial = 900')" = withheld ]
}
check 'the card does not remember the first: its PSD is withheld' \
	until_true 30 is_withheld
check 'the log says why' says 'withheld.*remembers no such piece' \
	cat "$WORK/log/postaged.log"
check 'all 65 are unsigned' says ' 65 of them not signed yet' provider audit
check 'other modules sign on' order soft 90 5
sqlite3 "$d/books.db" "INSERT INTO signature SELECT * FROM kept
	WHERE psd = 900 AND piece = $((172 - 64))"
check 'it is put back from where it was printed' provider psd release \
	XXPS0000000900
check 'and the card gives the others again' until_true 30 signed
check 'they are those that were printed' same_signatures
sqlite3 "$d/books.db" 'DROP TABLE kept'
check 'the card is where its row is' agree 172

# --- a card that does as it pleases --------------------------------------------------------
mkdir -p "$WORK/old"
card_out "$ONE" 0
cp "$WORK/card/one" "$WORK/old/one"
card_in one 0
ONE=$CARD_PID
check 'one more' ordered card 1000 2
card_out "$ONE" 0
cp "$WORK/old/one" "$WORK/card/one"
card_in one 0
check 'an old copy of the card is a fault' says \
	'FAULT: the card does not know of stamps that it signed' \
	provider audit --modules
check 'it signs nothing, and the client is told why' says \
	'withheld.*the books have signatures before it' order card 1100 1
check 'its PSD is withheld' says '^(403|503)' order card 1101 1
check 'the other module signs on' order soft 100 5
stop_pid "$SERVER"
done_testing
