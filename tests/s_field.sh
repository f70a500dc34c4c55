#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A PSD in the field, refilled over HTTPS by a provider that serves: value comes
# from the account's credit, what was spent is booked, orders arrive.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
require openssl jq curl
work_setup
BIN=$builddir
d=$WORK/provider
mkdir "$d" "$WORK/state"
vault="file:$d/card.vault"
export POSTAGED_CONF="$d/postaged.conf" POSTAGE_CONF="$d/postage.conf"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$d/tls.key" -out "$d/tls.pem" -subj /CN=localhost -days 30 \
	-addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null
chmod 600 "$d/tls.key"
cat >"$POSTAGED_CONF" <<END
[postaged]
database = sqlite:$d/books.db
authority = $d/authority
workers = 2
[module soft]
uri = software:$d/wrap.key
[web]
listen = 127.0.0.1:$PORT
certificate = $d/tls.pem
key = $d/tls.key
END
cat >"$POSTAGE_CONF" <<END
[vault]
uri = $vault
certificates = $d/certificates
[daemon]
state-dir = $WORK/state
END

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

refill() {
	vault refill "$@" \
		--provider "https://127.0.0.1:$PORT/?authority=$d/tls.pem&token=$d/token"
}

audit() {
	vault audit \
		--provider "https://127.0.0.1:$PORT/?authority=$d/tls.pem&token=$d/token"
}

left() {
	vault status --json | jq -r .descending
}

serve() {
	"$BIN/postaged" >"$WORK/postaged.log" 2>&1 &
	server=$!
	remember "$server"
	until_true 10 answers
}

answers() {
	curl -sf --cacert "$d/tls.pem" \
		"https://127.0.0.1:$PORT/v1/health" >/dev/null
}

check 'a provider' provider init
check 'an account' provider account add Customer acc
check 'credit' provider credit acc 100.00 --ref 1
check 'a user system' sh -c \
	"umask 077; '$BIN/postaged' system add acc desk | tail -n 1 >'$d/token'"
check 'a vault, made at the desk' vault create --serial 900
check 'it is enrolled' provider psd enrol acc \
	--certificate "$d/authority/psd/XXPS0000000900.pem"
check_fails 'once' provider psd enrol acc \
	--certificate "$d/authority/psd/XXPS0000000900.pem"
check 'the provider serves' serve

check 'it is refilled' refill 30.00
check_is 'by what was asked for' "$(left)" 30.00
check 'from the credit' says 'credit +70.00' provider account show acc
check 'too much is refused with a sentence' \
	says 'account acc has no 70.01' refill 70.01
check_is 'and changes nothing' "$(left)" 30.00
check 'it reports' audit
check 'it is withheld' provider psd withhold XXPS0000000900
check 'which it hears with the next audit' audit
check 'and gets no value' says 'is withheld' refill 1.00
check_is 'it is locked' "$(vault status --json | jq -r .life)" \
	'locked: withheld by the provider'
check 'it is released' provider psd release 900
check 'which it hears' audit
check 'and has value again' refill 1.00
check_is 'all is there' "$(left)" 31.00

printf 'XXUS0000000001.%064d\n' 0 >"$d/token"
check 'a wrong token is named' says 'token' refill 1.00
stop_pid "$server"
check 'a provider that is away is named' says 'provider|127.0.0.1' refill 1.00
check 'the books agree' says 'the books agree' provider audit
done_testing
