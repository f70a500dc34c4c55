# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# provider_card.sh: over lib.sh and cards.sh, what the tests of cards at a provider
# share: its configuration, with a card and a key file for modules, and clients.
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#	. "$srcdir/tests/cards.sh"
#	. "$srcdir/tests/pg.sh"
#	. "$srcdir/tests/provider_card.sh"
#	cards_alone "$@"
#	books_setup
#	pcscd_start
#	card_in one 0
#	books_begin
#	...
#
# $PROVIDER_ENGINE: sqlite (the default) or postgresql.

BIN=$builddir
ENGINE=${PROVIDER_ENGINE:-sqlite}

# books_setup: work folder, configuration $d/postaged.conf.
books_setup() {
	require openssl jq curl
	work_setup
	mkdir -p "$WORK/log" "$WORK/state"
	d=$WORK/provider
	mkdir "$d"
	export POSTAGED_CONF="$d/postaged.conf" POSTAGE_CONF="$d/postage.conf"
	if [ "$ENGINE" = postgresql ]; then
		pg_start || skip 'PostgreSQL is not installed'
		trap 'books_code=$?; pg_stop; (exit $books_code)
			work_cleanup' EXIT
		DATABASE=$PG_URI
	else
		DATABASE=sqlite:$d/books.db
	fi
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$d/tls.key" -out "$d/tls.pem" -subj /CN=localhost \
		-days 30 -addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null
	(
		umask 077
		echo 135790 >"$d/pin"
	)
	books_conf both "$PORT" "$POSTAGED_CONF"
	cat >"$POSTAGE_CONF" <<-END
	[vault]
	uri = card:
	pin-file = $d/pin
	certificates = $d/certificates
	[daemon]
	state-dir = $WORK/state
	END
}

# books_conf ROLE PORT FILE: its name is the file's.
books_conf() {
	books_name=$(basename "$3" .conf)
	cat >"$3" <<-END
	[postaged]
	role = $1
	name = $books_name
	database = $DATABASE
	authority = $d/authority
	cluster-key = $d/cluster.key
	choose-psd = round-robin
	workers = 3
	drain = 5
	[module soft]
	uri = software:$d/wrap.key
	[module card]
	uri = card:XXPS0000000900
	pin-file = $d/pin
	[web]
	listen = 127.0.0.1:$2
	certificate = $d/tls.pem
	key = $d/tls.key
	[process]
	listen = 127.0.0.1:$2
	url = https://127.0.0.1:$2
	certificate = $d/tls.pem
	key = $d/tls.key
	authority = $d/tls.pem
	END
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

provider() {
	"$BIN/postaged" "$@"
}

vault() {
	"$BIN/tools/postage" vault --lab "$d/authority" "$@"
}

# books_begin: the books, with accounts Card and Soft.
books_begin() {
	check 'a provider' provider init --licence 22202
	for name in Card Soft; do
		provider account add Example "$name" --load 20.00 >/dev/null
		provider credit "$name" 200.00 --ref "$name" >/dev/null
	done
	provider system add Card card | tail -n 1 >"$d/card"
	provider system add Soft soft | tail -n 1 >"$d/soft"
	provider psd add Soft --module soft >/dev/null
}

# card_made [SERIAL]: a PSD in the blank card.
card_made() {
	vault create --on card: --serial "${1:-900}" --licence 22202 \
		--currency 840 --pin-file "$d/pin"
}

answers() {
	curl -sf --noproxy '*' --cacert "$d/tls.pem" \
		"https://127.0.0.1:${1:-$PORT}/v1/health" >/dev/null
}

serve() {
	"$BIN/postaged" >>"$WORK/log/postaged.log" 2>&1 &
	SERVER=$!
	remember "$SERVER"
	until_true 10 answers
}

# asks TOKEN PATH [BODY]: answer in $WORK/answer.TOKEN, status on standard output.
asks() {
	curl -s --noproxy '*' --cacert "$d/tls.pem" -o "$WORK/answer.$1" \
		-w '%{http_code}' -H "Authorization: Bearer $(cat "$d/$1")" \
		${3:+--json "$3"} "https://127.0.0.1:$PORT/v1/$2"
}

fence() {
	asks "$1" vault >/dev/null
	jq -r .fence "$WORK/answer.$1"
}

# order TOKEN FIRST COUNT: stamps with the keys from FIRST on.  $FENCE: that one.
order() {
	order_body=$(jq -cn --arg fence "${FENCE:-$(fence "$1")}" --argjson first "$2" \
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

# found TOKEN FIRST COUNT: stamps that were issued before.
found() {
	found_body=$(jq -cn --argjson first "$2" --argjson count "$3" '
		{keys: [range($count) |
		($first + . | tostring | ("0" * (32 - length)) + .)]}')
	is "$(asks "$1" vault/find "$found_body")" 200 || return 1
	is "$(jq '[.stamps[].indicium] | unique | length' \
		"$WORK/answer.$1")" "$3"
}

# ordered TOKEN FIRST COUNT: order, again and again, until it is all there.
ordered() {
	until_true "${ABSENT:-40}" order "$@" >"$WORK/ordered.$1" 2>&1 || {
		tail -n 3 "$WORK/ordered.$1"
		return 1
	}
}

# The card and its row, in words of the audit: "PIECES BEHIND".
registers() {
	"${MACHINE:-here}" provider audit --modules | sed -n \
		's/^module card: PSD [0-9]*: \([0-9]*\) pieces, .* \([0-9]*\) pieces behind.*/\1 \2/p'
}

here() {
	"$@"
}

# agree PIECES: the card is where its row is, and has issued so many.
agree() {
	says 'the books agree' "${MACHINE:-here}" provider audit --modules ||
		return 1
	is "$(registers)" "$1 0"
}

# How many stamps wait for their signatures.
unsigned() {
	provider audit | sed -n 's/.* \([0-9]*\) of them not signed yet.*/\1/p'
}

all_signed() {
	is "$(unsigned)" 0
}

# credit ACCOUNT
credit() {
	provider account show "$1" | sed -n 's/^credit *//p'
}

# card_field JQ: of the card in the reader.
card_field() {
	"$BIN/tools/postage" --json vault status | jq -r "$1"
}
