#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The mistakes of who runs a provider: each is one sentence that says what
# happened, to what, and what to do; and nothing is lost by it.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
# shellcheck source=tests/provider.sh
. "$srcdir/tests/provider.sh"

# answers WORDS COMMAND...: it fails, and says so in one line.
answers() {
	answers_words=$1
	shift
	if ! "$@" >"$WORK/said" 2>&1 && [ "$(wc -l <"$WORK/said")" = 1 ] &&
		grep -qE "$answers_words" "$WORK/said"; then
		return 0
	fi
	cat "$WORK/said"
	return 1
}

# says WORDS COMMAND...: it succeeds, and says so.
says() {
	says_words=$1
	shift
	"$@" >"$WORK/said" 2>&1 && grep -qE "$says_words" "$WORK/said" && return
	cat "$WORK/said"
	return 1
}

# wrong EXPRESSION WORDS [VERB]: sed(1) on the configuration of a server, which
# then does not start and says so.
wrong() {
	sed -e "s/^listen = .*/listen = 127.0.0.1:$(provider_port wrong)/" \
		-e "$1" "$PROVIDER/admin.conf" >"$PROVIDER/wrong.conf"
	answers "$2" timeout 10 setpriv --reuid=postage --regid=postage \
		--clear-groups -- "$WORK/bin/postaged" \
		--config "$PROVIDER/wrong.conf" "${3:-serve}"
}

# as_root VERB...: by root, in the service's folders.
as_root() {
	"$WORK/bin/postaged" --config "$PROVIDER/admin.conf" "$@"
}

provider_alone "$@"
WORKERS=2
scheduler_setup
mkdir "$WORK/small"
mount -t tmpfs -o size=2m,mode=0755 tmpfs "$WORK/small" || skip 'no tmpfs'
mounted=$WORK/small
provider_setup sqlite
PROVIDER_DATABASE=sqlite:$WORK/small/provider.db
provider_conf admin process 1 </dev/null
chown postage "$WORK/small"
check 'no books yet' answers 'run postaged init' postaged ledger
check 'a licence of its own' postaged init --licence 22202
check 'books that are there stay as they are' \
	says 'licence 22202, .*stay as they are' postaged init
check 'and are of their licence' answers 'licence 22202, .*another database' \
	postaged init --licence 5
check 'root makes no keys' answers 'setpriv --reuid=postage' as_root init
check 'nor files of the database' answers 'setpriv --reuid=postage' \
	as_root ledger
check 'that is how there are none' \
	test -z "$(find "$PROVIDER" "$WORK/small" -user root -newer "$WORK/small")"

# --- the configuration ---------------------------------------------------------
check 'a section that is none' wrong 's/^\[process\]/[proces]/' \
	'wrong.conf:[0-9]+: there is no section \[proces\]' --check-config
check 'an address that is none' wrong 's/^listen = .*/listen = 8444/' \
	'listen in \[process\]: 8444: not an address' --check-config
check 'no certificate' wrong 's,^certificate = .*,certificate = /nowhere,' \
	'certificate: open /nowhere: No such file'
check 'a key that is none' wrong "s,^key = .*,key = $PROVIDER/module.key," \
	'is no private key .PEM.'

# kept FILE MODE OWNER WORDS: no server starts on a secret that is kept so.
kept() {
	chmod "$2" "$PROVIDER/$1" && chown "$3" "$PROVIDER/$1"
	wrong '' "$4"
	kept_code=$?
	chmod 600 "$PROVIDER/$1" && chown postage "$PROVIDER/$1"
	return "$kept_code"
}
for secret in module.key cluster.key tls/process.key authority/provider.key; do
	check "$secret for all to read" kept "$secret" 644 postage \
		"$secret: everybody may read"
	check "$secret of another" kept "$secret" 600 root \
		"$secret: Permission denied"
done
mv "$PROVIDER/module.key" "$PROVIDER/module.away"
check 'a key that is lost' wrong '' 'put its copy back'
mv "$PROVIDER/module.away" "$PROVIDER/module.key"

# --- an account -------------------------------------------------------------------
postaged account add Example Mailroom >/dev/null
postaged psd add Mailroom >/dev/null
postaged credit Mailroom 10.00 --ref R1 >/dev/null
token=$(provider_token Mailroom desk --day-max 5.00)
check 'limits are shown' says ': 5\.00 a day' postaged system limits desk
check 'and changed' says ': 1\.00 a stamp' \
	postaged system limits desk --stamp-max 1.00
check 'the others stay' says ', 5\.00 a day' postaged system limits desk
check 'or taken away' says ': 1\.00 a stamp$' \
	postaged system limits desk --day-max none
check 'of nobody there are none' answers 'no user system "dsk"' \
	postaged system limits dsk --day-max 1.00
check 'a card that is not there yet is said' says 'when a card is saved' \
	postaged account auto-add Mailroom --below 1.00 --amount 5.00
postaged account auto-add Mailroom --off >/dev/null

# --- while it serves ----------------------------------------------------------------
provider_conf one both "$(provider_port one)" </dev/null
provider_start one
check 'a port that is taken' wrong \
	"s/^listen = .*/listen = 127.0.0.1:$(provider_port one)/" 'ss -ltnp'

# vault PATH [CURL-OPTION...]: what the user system is answered.
vault() {
	vault_path=$1
	shift
	curl -sS --noproxy '*' --cacert "$PROVIDER/tls/ca.pem" \
		-H "Authorization: Bearer $token" "$@" \
		"https://127.0.0.1:$(provider_port one)/v1/vault$vault_path"
}

# buys KEY [AMOUNT]: one stamp; what is said of it.
buys() {
	buys_fence=$(vault '' | jq -r .fence)
	vault /indicia --json "{\"fence\": \"$buys_fence\", \"total\": ${2:-780},
		\"stamps\": [{\"key\": \"$(printf %032d "$1")\",
		\"amount\": ${2:-780}, \"mail_date\": $(date +%Y%m%d),
		\"mailby\": 0, \"origin_zip\": 0, \"destination\": \"0\",
		\"sender_zip\": 0, \"category\": \"FCM\", \"kind\": 0,
		\"price_list\": 0, \"brief\": false, \"sheet_serial\": \"0\",
		\"label\": 0}]}" >"$WORK/said"
	jq -r 'if .stamps then (.stamps | length) else .detail end' \
		"$WORK/said"
}

# buys_not KEY WORDS [AMOUNT]: none, and that is why.
buys_not() {
	buys "$1" "${3:-780}" >"$WORK/detail"
	grep -qE "$2" "$WORK/detail" && return
	cat "$WORK/detail"
	return 1
}

vault_says() {
	vault '' | jq -r .detail | grep -q "$1"
}

# logged WORDS: with the request that it was said to.
logged() {
	grep -E "POST /v1/vault/indicia .*: [45][0-9]{2} in .*$1" \
		"$PROVIDER/one.log"
}
check_is 'a stamp' "$(buys 1)" 1
postaged account add Example Empty >/dev/null
check_is 'an account without a PSD is refused, the server is well' "$(
	token=$(provider_token Empty bare)
	vault '' | jq -r '"\(.status) \(.detail)"' | cut -c1-38
)" '403 the account has no PSD that signs:'
check 'over a limit' buys_not 2 \
	'limit of 1.00 a stamp is reached.*ask the provider' 1500
check 'is in the log' logged 'limit of 1.00 a stamp'
postaged system limits desk --stamp-max none >/dev/null
postaged customer suspend Example
check_is 'suspended without a reason' "$(buys 2)" \
	'the customer is suspended, ask the provider'
postaged customer resume Example
postaged psd withhold XXPS0000000001
check 'a PSD that signs nothing' until_true 15 vault_says 'psd release'
postaged psd release XXPS0000000001

# The disk is full: nothing is done, and that is said; then it goes on.
dd if=/dev/zero of="$WORK/small/full" bs=1k count=4096 2>/dev/null
check 'a full disk' buys_not 3 'disk is full'
check 'is in the log' logged 'disk is full'
check 'and said to who pays in' answers 'disk is full' \
	postaged credit Mailroom 5.00 --ref R2
rm "$WORK/small/full"
check_is 'there is room again' "$(buys 3)" 1

# Another file in the module key's place: the copy brings all back.
cp -p "$PROVIDER/module.key" "$PROVIDER/module.away"
provider_stop one
head -c 32 /dev/urandom >"$PROVIDER/module.key"
provider_start one
check "a key that is another's" buys_not 4 'put the copy of that file back'
provider_stop one
cp -p "$PROVIDER/module.away" "$PROVIDER/module.key"
provider_start one
check_is 'the right one' "$(buys 4)" 1
check 'nothing was lost' postaged audit
check 'nor issued twice' says ' 3 stamps of 2\.34 in all' postaged audit
check 'a statement is said' says 'stated how far' postaged audit --checkpoint
provider_stop one
done_testing
