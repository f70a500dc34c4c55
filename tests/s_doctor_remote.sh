#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What postage doctor says of a vault at a provider: the mistakes of who sets one
# up, each with what to do.
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
token=$(provider_token Mailroom desk --address 127.0.0.1)
front=127.0.0.1:$(provider_port front)
provider_computer "$(provider_vault 127.0.0.1)" "$token" "$PUBLISH"

# doctor: what it says of the provider, as root.
doctor() {
	postage doctor >"$WORK/doctor" 2>&1
	awk '/^ +->/ { if (ours) print; next }
		{ ours = /^[a-zA-Z]+ +(provider|credential|user system|account)/ }
		ours { print }' "$WORK/doctor"
}

# tells RESULT WHAT WORDS [REMEDY]: one line of it, and what to do.
tells() {
	doctor >"$WORK/said"
	if grep -E "^$1 +$2: " "$WORK/said" | grep -qE "$3"; then
		[ -n "${4:-}" ] || return 0
		grep -qE -- "-> .*$4" "$WORK/said" && return 0
	fi
	cat "$WORK/said"
	return 1
}

# uri FROM TO: in the configuration; uri back: as it was.
uri() {
	if [ "$1" = back ]; then
		cp "$WORK/conf.good" "$WORK/etc/postage.conf"
	else
		sed "/^uri = /s|$1|$2|" "$WORK/conf.good" \
			>"$WORK/etc/postage.conf"
	fi
}
cp "$WORK/etc/postage.conf" "$WORK/conf.good"

check 'no funds' tells FAULT account '0.00 left' 'pay in at the provider'
postaged credit Mailroom 200.00 --ref R1 >/dev/null
check 'all is well' tells ok account '200.00 left'
check 'the front' tells ok provider "$front answers"
check 'the clock' tells ok "provider's clock" 's ahead|s behind'
check 'the credential' tells ok credential 'XXUS0000000001'
check 'its life' tells ok 'user system' 'may spend'
check 'whom it trusts' tells ok "provider's certificate" 'leads to'
check 'no fault of them' test "$(grep -c FAULT "$WORK/said")" = 0

postaged account lock Mailroom --reason "rent is due"
check 'a locked account' tells FAULT 'user system' 'locked|due' 'settle it'
postaged account unlock Mailroom >/dev/null
postaged system suspend desk >/dev/null
check 'a suspended system' tells FAULT 'user system' 'suspended' 'settle it'
postaged system resume desk >/dev/null

printf '%s\n' "${token%?}x" >"$WORK/token"
check 'a wrong token' tells FAULT credential "$WORK/token" 'postaged system token'
printf '%s\n' "$token" >"$WORK/token"
chmod 644 "$WORK/token"
check 'a token for all to read' tells FAULT "provider's token" token 'chmod 0600'
chmod 600 "$WORK/token"
chown root "$WORK/token"
check "a token of root's" tells FAULT "provider's token" 'cannot be read' \
	'chown postage'
: >"$WORK/token"
check 'an empty token' tells FAULT "provider's token" 'is empty' \
	'postaged system add'
printf '%s\n' "$token" >"$WORK/token"
chown postage "$WORK/token"
uri "$WORK/token" "$WORK/nowhere"
check 'no token' tells FAULT "provider's token" 'is not there' \
	'postaged system add'
uri "authority=[^&]*" "authority=$PROVIDER/authority/authority.pem"
check 'an authority that is another' tells FAULT provider \
	'not the server|No such file|cannot be used' 'ca.pem|certificates'
uri "authority=[^&]*" "authority=$WORK/conf.good"
check 'an authority that is none' tells FAULT provider '.' \
	'certificates \(PEM\)|ca.pem'
uri "authority=[^&]*" "authority=$WORK/nowhere"
check 'an authority that is not there' tells FAULT provider nowhere \
	'certificates \(PEM\)'
uri "$front" "127.0.0.1:9"
check 'a wrong port' tells FAULT provider 'no connection' 'postaged running'
uri "$front" "127.0.0.1:9,$front"
check 'one of two fronts is off' tells FAULT provider ':9' 'postaged running'
check 'the other is enough' tells ok credential accepted
uri "&token" "\&tokne"
check 'a misspelt option' tells FAULT provider 'write https://' \
	'postage.conf\(5\)'
uri back
mv "$WORK/state/certificates" "$WORK/state/elsewhere"
mkdir "$WORK/state/certificates"
chown postage "$WORK/state/certificates"
check 'nobody is trusted' tells FAULT "provider's certificate" 'is trusted here' \
	'XX-authority.pem'
rmdir "$WORK/state/certificates"
check 'no folder for them' tells FAULT "provider's certificate" \
	'certifies the provider has to be in' 'install -D'
mkdir "$WORK/state/certificates"
rm -r "$WORK/state/certificates"
mv "$WORK/state/elsewhere" "$WORK/state/certificates"
provider_stop front
check 'the provider is off' tells FAULT provider 'no connection' \
	'postaged running'

provider_start front
provider_stop one
check 'its servers are off' tells FAULT provider 'not as it should' \
	'processing servers'
provider_stop front

# --- and of who runs the provider ----------------------------------------------
# answers WORDS COMMAND...: it fails, and says so.
answers() {
	answers_words=$1
	shift
	if ! "$@" >"$WORK/said" 2>&1 &&
		grep -qE "$answers_words" "$WORK/said"; then
		return 0
	fi
	cat "$WORK/said"
	return 1
}

# front VERB...: with the configuration of the front.
front() {
	as_postage "$WORK/bin/postaged" --config "$PROVIDER/front.conf" "$@"
}
check 'a front certifies nothing' answers 'processing server' \
	front psd add Mailroom
check 'and checks no signature' answers 'processing server' front audit
check 'it begins nothing' answers 'processing server' front init
check 'root makes no keys of the service' answers 'setpriv --reuid=postage' \
	"$WORK/bin/postaged" --config "$PROVIDER/admin.conf" init
check 'an account is locked for a reason' answers 'say why' \
	postaged account lock Mailroom
check 'its systems are listed' test "$(postaged system list Mailroom |
	grep -c 'desk .* from 127.0.0.1')" = 1
check 'those of no account' answers 'no account' postaged system list Mailrom
sed 's/^authority = .*ca.pem//' "$PROVIDER/front.conf" >"$PROVIDER/blind.conf"
provider_start one
setpriv --reuid=postage --regid=postage --clear-groups -- \
	"$WORK/bin/postaged" --config "$PROVIDER/blind.conf" serve \
	>"$PROVIDER/blind.log" 2>&1 &
echo $! >"$PROVIDER/blind.pid"
remember $!
check 'a front that cannot believe a server says so' until_true 10 \
	grep -q 'server one is left out: .*https://' "$PROVIDER/blind.log"
provider_stop blind
provider_stop one

# Another server stands there, whose clock is wrong.
mkdir -p "$WORK/www/v1"
printf 'HTTP/1.0 200 OK\r\nDate: %s\r\nContent-Length: 2\r\n\r\n{}' \
	"$(LC_ALL=C date -u -d '10 minutes' '+%a, %d %b %Y %H:%M:%S GMT')" \
	>"$WORK/www/v1/health"
(cd "$WORK/www" && exec openssl s_server -HTTP -quiet \
	-accept "$(provider_port front)" -cert "$PROVIDER/tls/front.pem" \
	-key "$PROVIDER/tls/front.key") >/dev/null 2>&1 &
remember $!
sleep 1
check 'a wrong clock' tells FAULT "provider's clock" '(59[0-9]|600) s behind' \
	timedatectl
done_testing
