#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The provider's HTTP API is what docs/openapi.yaml says: a real postaged on
# SQLite over TLS is asked all that is documented (tests/openapi.py).  With a
# document that says otherwise that fails.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
require curl openssl python3 setpriv
python3 -c 'import jsonschema, yaml' 2>/dev/null ||
	skip 'python3-jsonschema or python3-yaml is not installed'
work_setup
program=$(built postaged) || skip 'postaged is not built'
spec=$srcdir/docs/openapi.yaml

# --- a provider ----------------------------------------------------------------
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
	-keyout "$WORK/server.key" -out "$WORK/server.pem" 2>/dev/null
cat >"$WORK/postaged.conf" <<EOT
[postaged]
database = sqlite:$WORK/provider.db
authority = $WORK/authority
workers = 2

[web]
listen = 127.0.0.1:$PORT
certificate = $WORK/server.pem
key = $WORK/server.key

login-burst = 0
pages = $WORK/pages

[stripe]
key-file = $WORK/stripe.key
webhook-secret-file = $WORK/webhook.key
return-url = https://127.0.0.1/

[module main]
uri = software:$WORK/module.key
EOT
(
	umask 077
	echo sk_test_none >"$WORK/stripe.key"
	echo whsec_test >"$WORK/webhook.key"
)
mkdir "$WORK/pages"
echo '<title>ours</title>' >"$WORK/pages/about.html"
echo '<svg/>' >"$WORK/pages/mark.svg"
echo secret >"$WORK/pages/.hidden"
echo '1000000,1100000,10,Avery 5163' >"$WORK/sheets"
echo '2000000,2000099,10,Avery 5163' >"$WORK/sold"

postaged() {
	"$program" --config "$WORK/postaged.conf" "$@"
}

# token VERB...: of who is added.
token() {
	postaged "$@" | sed -n '/^token/{n;p;}'
}

answers() {
	python3 - "$PORT" "$WORK/server.pem" <<-'EOT'
	import ssl, sys, urllib.request
	urllib.request.urlopen(f"https://127.0.0.1:{sys.argv[1]}/v1/health",
	    context=ssl.create_default_context(cafile=sys.argv[2]))
	EOT
}

# told WORDS VERB...: it fails, and says this.
told() {
	told_words=$1
	shift
	postaged "$@" >"$WORK/told" 2>&1 && return 1
	cat "$WORK/told"
	grep -qF "$told_words" "$WORK/told"
}

for verb in audit ledger serve 'account add A B' 'person list' 'sheet list'; do
	# shellcheck disable=SC2086
	check "without books, $verb" told 'run postaged init' $verb
done
check 'no verb has made any' [ ! -e "$WORK/provider.db" ]

make_provider() {
	postaged init && postaged account add Example Rich &&
		postaged account add Example Poor &&
		postaged psd add Rich && postaged psd add Poor &&
		postaged credit Rich 5.00 --ref one &&
		postaged sheet import "$WORK/sheets" &&
		postaged sheet import "$WORK/sold" Poor
}
check 'a provider is made' make_provider
mv "$WORK/authority/provider.key" "$WORK/provider.key"
check 'a file of the authority is missing' told 'there is no provider.key' audit
mv "$WORK/provider.key" "$WORK/authority/provider.key"
cat >"$WORK/server.json" <<EOT
{"url": "https://127.0.0.1:$PORT", "authority": "$WORK/server.pem",
 "rich": "$(token system add Rich desk)",
 "poor": "$(token system add Poor attic)",
 "suspended": "$(token system add Rich cellar)",
 "post": "$(token person add clerk --role post)",
 "mailroom": "$(token person add maid --role mailroom)",
 "boss": "$(token person add boss --role administrator)",
 "auditor": "$(token person add reader --role auditor)",
 "webhook": "whsec_test", "sheet": 1000000}
EOT
postaged system suspend cellar
"$program" --config "$WORK/postaged.conf" serve >"$WORK/postaged.log" 2>&1 &
remember $!
check 'it serves' until_true 10 answers

# --- limits, by verbs ---------------------------------------------------------------

# says WORDS VERB...
says() {
	says_words=$1
	shift
	postaged "$@" >"$WORK/said" 2>&1 || return 1
	cat "$WORK/said"
	grep -qF "$says_words" "$WORK/said"
}
check "a customer's limits" \
	says 'limits by provider: 900.00 a day, 5000.00 a month' \
	customer limits --day-max 900.00 Example --month-max=5000.00
check 'what is not named stays' says 'systems  3, of 40 that its admin' \
	customer limits Example --systems-max 40
check 'all of it is shown' says '900.00 a day, 5000.00 a month' \
	customer show Example
check 'a limit is taken away' says 'limits by provider: 900.00 a day' \
	customer limits Example --month-max none
check 'limits of a user system' says '700.00 a day' \
	system limits desk --day-max 700.00
check 'are listed' says 'limits by provider: 700.00 a day' system list Rich
check 'a sum that is none' told 'is no sum' system limits desk --day-max x
check 'no such user system' told 'no user system "nobody"' \
	system limits nobody --day-max 1
check 'no such customer' told 'no customer "Nobody"' customer show Nobody
check 'an option that is none' told 'is no option here' \
	customer limits Example --dayly-max 1

# --- label sheets, by verbs -----------------------------------------------------------

check 'whose a range is' says 'Avery 5163, of Poor' sheet list
check 'a range is sold once' told 'are registered for account Poor' \
	sheet import "$WORK/sold" Rich
check 'no such account' told 'no account "Nobody"' \
	sheet import "$WORK/sold" Nobody
check 'a sheet is given' says 'account  Rich' sheet release 2000007 Rich
check 'and taken back' says 'account  Poor' sheet release 2000007
check 'which is shown' says 'taken    from Rich, 20' sheet show 2000007
check 'a sheet that there is not' told '7 is not registered, and nobody' \
	sheet release 7

# --- pages -----------------------------------------------------------------------

# page PATH [OPTION...]: its head, and its body in $WORK/page.
page() {
	page_path=$1
	shift
	curl -sS --cacert "$WORK/server.pem" -D - -o "$WORK/page" "$@" \
		--path-as-is "https://127.0.0.1:$PORT$page_path"
}

# is_page PATH TYPE WORDS
is_page() {
	page "$1" >"$WORK/head"
	cat "$WORK/head"
	grep -q '^HTTP/1.1 200' "$WORK/head" &&
		grep -qi "^Content-Type: $2" "$WORK/head" &&
		grep -qi "^Content-Security-Policy: default-src 'none'" \
			"$WORK/head" && grep -qFe "$3" "$WORK/page"
}
check 'the first page' is_page / text/html '<title>A provider of postage'
check 'of the API' is_page /api text/html '/v1/orders/{id}/checkout'
check 'one comes back to it' is_page /paid text/html 'Thank you'
check 'or to this one' is_page /cancelled text/html 'Nothing was paid'
check 'its style' is_page /style.css text/css '--paper'
check 'a page of the folder' is_page /about text/html 'ours'
check 'over a built-in one' is_page /mark.svg image/svg+xml '<svg/>'
check 'the document of the API' is_page /openapi.yaml application/yaml openapi
check 'is the one that is tested' cmp "$WORK/page" "$spec"
page / >"$WORK/head"
tag=$(sed -n 's/^ETag: \("[0-9a-f]*"\).*/\1/p' "$WORK/head")
rm "$WORK/page"
page / -H "If-None-Match: $tag" >"$WORK/head"
check 'what a browser has' grep -q '^HTTP/1.1 304' "$WORK/head"
check 'is not sent again' [ ! -s "$WORK/page" ]
page / -X DELETE >"$WORK/head"
check 'a page is not written' grep -q '^Allow: GET, HEAD' "$WORK/head"
for path in /../server.key /%2e%2e/server.key /pages/about.html /.hidden \
	/about.html/ //about.html; do
	check_fails "there is no $path" page "$path" -f
done

# --- the contract --------------------------------------------------------------

# contract SPEC [PART...]
contract() {
	contract_spec=$1
	shift
	python3 "$srcdir/tests/openapi.py" "$contract_spec" \
		"$WORK/server.json" "$@"
}
check 'it does what is documented' contract "$spec"
check 'the books agree' postaged audit

# otherwise WHAT SED [PART...]: the document says otherwise, and that is seen.
otherwise() {
	otherwise_what=$1
	sed "$2" "$spec" >"$WORK/other.yaml"
	shift 2
	! cmp -s "$spec" "$WORK/other.yaml" || {
		check "$otherwise_what: the sample fits the document" false
		return
	}
	check_fails "$otherwise_what is seen" contract "$WORK/other.yaml" "$@"
}
otherwise 'an answer of another type' \
	'/^    Health:/,/^$/s/server: {type: string/server: {type: integer/' \
	public
otherwise 'a key that is not documented' \
	'/^    Found:/,/^$/{/fence/d;s/required: .*/required: [stamps]/;}' \
	good
otherwise 'a key that is not answered' \
	'/^    Received:/,/^$/{s/received\]/received, x]/;s/^ *received:/        x: {}\n&/;}' \
	webhooks
otherwise 'a status that never comes' \
	'/^  .v1.health/,/^  .v1/s/^ *default:/        "404": {content: {}}\n&/'
otherwise 'a higher limit' '/origin_zip/s/99999/100000/' good optional
otherwise 'a lower limit' '/origin_zip/s/99999/99998/' good by_the_schema
otherwise 'a key that the server does not need' \
	's/required: \[key, amount, mail_date\]/required: [key, amount, mail_date, kind]/;s/mail_date: 20261128, /&kind: 0, /' \
	good by_the_schema
check 'which is not because it was asked before' contract "$spec"
check 'the books agree still' postaged audit
done_testing
