#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The life of a vault at the command line, on a card and on a file: found, made,
# shown, given value, its PIN changed and unblocked, locked, withdrawn; and what
# a person does wrong.  Two readers, two lab cards.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"

scheduler_setup
require jq script
pins=$WORK/pins
hand=$WORK/hand # what is carried by hand
mkdir "$pins" "$hand"
chown postage: "$pins" "$hand"

# pin_file NAME TEXT
pin_file() {
	printf '%s\n' "$2" >"$pins/$1"
	chown postage: "$pins/$1"
	chmod 600 "$pins/$1"
}
pin_file one 271828
pin_file two 314159
pin_file wrong 000000
pin_file no-puk 99999999

vault() {
	as_postage "$WORK/bin/postage" vault "$@" </dev/null
}

# says WORDS COMMAND...: the command fails, and its words match.
says() {
	says_words=$1
	shift
	if "$@" >"$WORK/said" 2>&1; then
		cat "$WORK/said"
		return 1
	fi
	grep -qE -- "$says_words" "$WORK/said" || {
		cat "$WORK/said"
		return 1
	}
}

# shows PATTERN COMMAND...: the command succeeds, and a line of it matches.
shows() {
	shows_words=$1
	shift
	if "$@" >"$WORK/said" 2>&1 && grep -qE -- "$shows_words" "$WORK/said"
	then
		return 0
	fi
	cat "$WORK/said"
	return 1
}

# json FILTER COMMAND...: what the command says as JSON makes the filter true.
json() {
	json_filter=$1
	shift
	if "$@" --json >"$WORK/said" &&
		jq -e "$json_filter" "$WORK/said" >/dev/null; then
		return 0
	fi
	cat "$WORK/said"
	return 1
}

# with_credential PIN COMMAND...
with_credential() {
	mkdir -p "$pins/credentials"
	printf '%s' "$1" >"$pins/credentials/postage-pin"
	chown -R postage: "$pins/credentials"
	shift
	CREDENTIALS_DIRECTORY=$pins/credentials "$@"
}

# typed LINE... -- ARGUMENT...: postage vault at a terminal, where these are
# typed, each at its prompt.
typed() {
	typed_lines=
	while [ "$1" != -- ]; do
		typed_lines="$typed_lines $1"
		shift
	done
	shift
	: >"$WORK/typed"
	for typed_line in $typed_lines; do
		sleep 1.5
		echo "$typed_line"
	done | POSTAGE_CONF="$WORK/etc/postage.conf" \
		script -qec "'$WORK/bin/postage' vault $*" "$WORK/typed" \
		>/dev/null
	typed_code=$?
	cat "$WORK/typed"
	return "$typed_code"
}

says_typed() {
	says_words=$1
	shift
	! typed "$@" >"$WORK/said" && grep -qE "$says_words" "$WORK/said"
}

# --- no pcscd, no reader, no card -------------------------------------------------
ip link set lo up
mkdir -p /run/pcscd
mount -t tmpfs none /run/pcscd
check 'list without pcscd: it says so, the file vaults are there all the same' \
	shows '^card: .*pcscd does not run' vault list
check 'list: the configured vault that is not there yet' json \
	'.places[] | select(.configured == "main" and .psd == null) | .state |
	test("no vault at")' vault list
check 'create without pcscd' says 'pcscd does not run' \
	vault create --on card:
pcscd_start
until_true 10 sh -c "opensc-tool -l | grep -q 'Virtual PCD 00 01'"
check 'list with two empty readers' json \
	'[.places[] | select(.state == "empty") | .place] ==
	["Virtual PCD 00 00", "Virtual PCD 00 01"]' vault list
check 'create without a card' says \
	'no blank postage card.*Virtual PCD 00 00: empty' vault create --on card:
check 'create: no such reader' says 'no reader "Nowhere"' \
	vault create --on card:reader=Nowhere
check 'create: a name is no blank card' says 'a blank card has none' \
	vault create --on card:XXPS0000000001
check 'status without a card' says 'no postage card in any reader' \
	vault --vault card: status

# --- a card is made ----------------------------------------------------------------
card_in one 0
check 'a blank card is found, with the URI that makes it' json \
	'.places[] | select(.place == "Virtual PCD 00 00") |
	.uri == "card:reader=Virtual PCD 00 00" and .psd == null and
	.state == "a blank postage card"' vault list
card_in two 1
TWO=$CARD_PID
check 'two blank cards: both are named' says \
	'2 blank postage cards, name one: card:reader=Virtual PCD 00 00, card:reader=Virtual PCD 00 01' \
	vault create --on card:
check 'a PIN that is too short' says 'PIN has 4 to 16' sh -c \
	"echo 123 >'$pins/short'; POSTAGE_CONF='$WORK/etc/postage.conf' \
	'$WORK/bin/postage' vault create --on 'card:reader=Virtual PCD 00 00' \
	--pin-file '$pins/short'"
check 'no PUK without a PIN' says 'only with a PIN' vault create \
	--on 'card:reader=Virtual PCD 00 00' --puk-file "$pins/puk"
check 'a card with a PIN and a PUK is made' shows \
	'^To print with it: uri = card:XXPS0000000001 under' vault create \
	--on 'card:reader=Virtual PCD 00 00' --pin-file "$pins/one" \
	--puk-file "$pins/puk"
check 'the PUK is eight digits in a file of its owner' sh -c \
	"grep -qxE '[0-9]{8}' '$pins/puk' &&
	[ \"\$(stat -c %a '$pins/puk')\" = 600 ]"
check 'a PUK is not written over another' says 'may be the PUK of another card' \
	vault create \
	--on 'card:reader=Virtual PCD 00 01' --pin-file "$pins/one" \
	--puk-file "$pins/puk"
check 'that card keeps its PSD' says \
	'no blank postage card; a card that has a PSD keeps it .*Virtual PCD 00 00: XXPS0000000001' \
	vault create --on 'card:reader=Virtual PCD 00 00'
check 'the other one is made, and shows its PUK' json \
	'.vault == "card:XXPS0000000002" and (.puk | test("^[0-9]{8}$")) and
	.puk_tries_left == 10' \
	vault create --on card: --pin-file "$pins/two"
check 'both are listed' json '[.places[] | select(.psd != null) |
	.psd + " " + .state + " " + .left + " " + .uri] ==
	["XXPS0000000001 operational 0.00 card:XXPS0000000001",
	"XXPS0000000002 operational 0.00 card:XXPS0000000002"]' vault list
check 'for people too' shows \
	'^Virtual PCD 00 01 +XXPS0000000002 +operational +0.00 +card:XXPS0000000002' \
	vault list
check 'a file vault with a PIN' vault create --pin-file "$pins/one"
check 'a file vault has no PUK' says '--puk-file: .*not in every home' \
	vault create --on "file:$WORK/state/other" --pin-file "$pins/one" \
	--puk-file "$pins/other"
check 'the PIN of a new one is typed' typed 271828 271828 -- \
	--vault "file:$WORK/state/vault2" create --pin-file -
check 'and it is that' vault --vault "file:$WORK/state/vault2" \
	--pin-file "$pins/one" audit
check 'it is the configured one' json '[.places[] |
	select(.configured == "main") | .uri] == ["file:'"$WORK"'/state/vault"]' \
	vault list
cat >>"$WORK/etc/postage.conf" <<EOT

[vault second]
uri = card:XXPS0000000002
pin-file = $pins/two

[vault away]
uri = card:XXPS0000000077
EOT
check 'several are configured' json '[.places[] | select(.configured) |
	.configured + " " + .place + " " + .state] | sort ==
	["away card:XXPS0000000077 vault card:XXPS0000000077: the card XXPS0000000077 is in none of the readers: put it in",
	"main '"$WORK"'/state/vault/psd.vault operational",
	"second Virtual PCD 00 01 operational"]' vault list
check 'one is reached by its name, with its PIN' json \
	'.psd == "XXPS0000000002"' vault --vault second audit
mkdir -p /mnt
mount -t tmpfs none /mnt
mkdir /mnt/stick
cp "$WORK/state/vault/psd.vault" /mnt/stick/old.vault
cp "$WORK/state/vault/psd.vault" /mnt/copy.vault
echo junk >/mnt/junk.vault
chown -R postage: /mnt/*.vault
check 'vaults of a mounted medium' json '[.places[] |
	select(.place | startswith("/mnt/")) | .uri + " " + (.psd // .state)] ==
	["file:/mnt/copy.vault XXPS0000000003",
	"file:/mnt/junk.vault damaged, or no vault"]' vault list
umount /mnt

# --- cards that are none of ours, or not to be had ---------------------------------------
# damage FILE: both copies of the card's state are zeros; the file is whole.
damage() {
	perl -MDigest::SHA=sha256 -e 'open F, "+<", $ARGV[0] or die;
		for $at (0, 16384) {
			seek F, $at, 0; read F, $slot, 16384 - 32;
			substr($slot, 20, 1100) = "\0" x 1100;
			seek F, $at, 0; print F $slot, sha256($slot);
		}' "$1"
}
# stranger SLOT: a card that knows no command; its process is in $CARD_PID.
stranger() {
	perl -MIO::Socket::INET -e '
		$s = IO::Socket::INET->new("127.0.0.1:" . (35963 + shift)) or die;
		while (read $s, $n, 2) {
			read $s, $m, unpack "n", $n;
			syswrite $s, pack "n/a", "\x3b\x81\x01\x55" if $m eq "\4";
			syswrite $s, pack "n/a", "\x6a\x82" if length $m > 1;
		}' "$1" &
	CARD_PID=$!
	remember "$CARD_PID"
	until_true 10 card_is_in "$1"
}
card_out "$TWO" 1
cp "$WORK/card/two" "$WORK/card/bad"
damage "$WORK/card/bad"
card_in bad 1
check 'a damaged card is listed as one' json \
	'.places[] | select(.place == "Virtual PCD 00 01") | .psd == null and
	(.state | test("^a damaged postage card"))' vault list
card_out "$CARD_PID" 1
stranger 1
check 'a card of another kind is listed as one' json \
	'.places[] | select(.place == "Virtual PCD 00 01") |
	.state == "another card" and .uri == ""' vault list
check 'no PSD is made in it' says 'Virtual PCD 00 01: another card' \
	vault create --on card:
card_out "$CARD_PID" 1
card_in two 1 --latency 7000
TWO=$CARD_PID
vault --vault card:XXPS0000000002 status >/dev/null &
sleep 1
check 'a card that another program holds is busy' json \
	'.places[] | select(.place == "Virtual PCD 00 01") |
	.state | test("^busy: another program")' vault list
wait $!
card_out "$TWO" 1

# --- every verb, on a card and on a file --------------------------------------------------
# life URI PSD PIECES: what both homes do alike, with PIN one.
life() {
	life_on=$1 life_id=$2
	with="--vault $life_on --pin-file $pins/one"
	# shellcheck disable=SC2086
	set -- $with
	check "$life_on: status" json \
		'.psd == "'"$life_id"'" and .descending == "0.00" and
		.pin_tries_left == 5 and .pin_required and .lab and
		(.cert_expires | test("^20[0-9-]{8}$")) and
		(.audit_due | test("^20[0-9-]{8}$"))' vault "$@" status
	check "$life_on: refill" json '.descending == "50.00" and
		.control_total == "50.00" and .download_sequence == 1' \
		vault "$@" refill 50.00
	check "$life_on: no such sum" says 'no sum of money' \
		vault "$@" refill 5o.00
	check "$life_on: more than it may hold" says 'more' \
		vault "$@" refill 5000.00
	check "$life_on: wrong PIN" says 'PIN wrong, 4 tries left' \
		vault "$@" --pin-file "$pins/wrong" refill 1.00
	check "$life_on: no PIN and nobody to ask" says \
		'no terminal to type it at.*--pin-file' \
		vault --vault "$life_on" refill 1.00
	check "$life_on: the try is gone" json '.pin_tries_left == 4' \
		vault "$@" status

	# carried by hand
	check "$life_on: a request" vault "$@" refill 10.00 \
		--request "$hand/request"
	check "$life_on: it says what it is" grep -qx \
		"# $life_id, request 2: 10.00 more" "$hand/request"
	check "$life_on: the lab answers it" vault answer "$hand/request" \
		"$hand/answer"
	sed '/^2\//s/[A-Z0-9]$/?/' "$hand/answer" >"$hand/bad"
	check "$life_on: a typo in the answer is named" says \
		'bad: the line "2/4" has a typo' \
		vault "$@" refill --answer "$hand/bad"
	sed '/^3\//d' "$hand/answer" >"$hand/bad"
	check "$life_on: a line that is missing" says 'line 3 of 4 is missing' \
		vault "$@" refill --answer "$hand/bad"
	check "$life_on: the request is no answer" says 'no answer' \
		vault "$@" refill --answer "$hand/request"
	check "$life_on: the answer, in another order and small letters" sh -c \
		"tac '$hand/answer' | tr A-Z a-z >'$hand/typed'"
	check "$life_on: it is applied" json \
		'.descending == "60.00"' vault "$@" refill \
		--answer "$hand/typed"
	check "$life_on: and once" json '.descending == "60.00"' \
		vault "$@" refill --answer "$hand/answer"
	check "$life_on: audit" json '.download_sequence == 3 and
		.pin_tries_left == 5' vault "$@" audit

	# orders
	check "$life_on: lock" json '.life | test("withheld")' vault "$@" lock
	check "$life_on: unlock" json '.life == "operational"' vault "$@" unlock
	check "$life_on: lock, carried" vault "$@" lock --request "$hand/request"
	check "$life_on: an answer without the order" vault answer \
		"$hand/request" "$hand/answer"
	check "$life_on: it is said" says 'had no such order: .* operational' \
		vault "$@" lock --answer "$hand/answer"
	vault "$@" lock --request "$hand/request" >/dev/null
	check "$life_on: an answer with the order" vault answer \
		"$hand/request" "$hand/answer" --order lock
	check "$life_on: locked" json '.life | test("withheld")' \
		vault "$@" lock --answer "$hand/answer"
	check "$life_on: an audit ends it" json '.life == "operational"' \
		vault "$@" audit

	# the PIN
	check "$life_on: the PIN is changed, by lines of standard input" sh -c \
		"printf '271828\n161803\n' | POSTAGE_CONF='$WORK/etc/postage.conf' \
		setpriv --reuid=postage --regid=postage --clear-groups \
		'$WORK/bin/postage' vault --vault '$life_on' --pin-file - \
		pin change --new-pin-file -"
	check "$life_on: the old one is wrong" says 'PIN wrong, 4 tries left' \
		vault "$@" audit
	check "$life_on: the new one is right, as a systemd credential" \
		with_credential 161803 vault --vault "$life_on" \
		--pin-file credential:postage-pin audit
	check "$life_on: no such credential" says 'no systemd credential' \
		vault --vault "$life_on" --pin-file credential:postage-pin audit
	check "$life_on: the PIN is typed" typed 161803 271828 271828 -- \
		--vault "$life_on" pin change
	check "$life_on: and not shown" sh -c "! grep -q '161803\|271828' \
		'$WORK/typed'"
	check "$life_on: typed differently" says_typed 'not the same both times' \
		271828 111111 222222 -- --vault "$life_on" pin change
	check "$life_on: PIN removed" json '.pin == "none"' \
		vault "$@" pin remove
	check "$life_on: audit without" vault --vault "$life_on" audit
	check "$life_on: PIN set" json '.pin_tries_left == 5 and .pin_required' \
		vault --vault "$life_on" pin change --new-pin-file "$pins/one"
}

# blocked URI
blocked() {
	for blocked_left in 4 3 2 1; do
		says "PIN wrong, $blocked_left tr" vault --vault "$1" \
			--pin-file "$pins/wrong" audit || return 1
	done
	says 'PIN|blocked' vault --vault "$1" --pin-file "$pins/wrong" audit
	json '.pin == "blocked" and .pin_tries_left == 0' \
		vault --vault "$1" status
}

life "file:$WORK/state/vault" XXPS0000000003
life card:XXPS0000000001 XXPS0000000001

# --- blocked -----------------------------------------------------------------------------
check 'file: the PIN is blocked' blocked "file:$WORK/state/vault"
check 'file: nothing unblocks it' says 'has no PUK: its PIN alone opens the key' \
	vault pin unblock --puk-file "$pins/puk" --new-pin-file "$pins/two"
check 'card: the PIN is blocked' blocked card:XXPS0000000001
set -- --vault card:XXPS0000000001
check 'card: it says what unblocks it' says 'pin unblock' \
	vault "$@" --pin-file "$pins/one" audit
check 'card: a wrong PUK' says 'PUK wrong, 9 tries left' vault "$@" \
	pin unblock --puk-file "$pins/no-puk" --new-pin-file "$pins/two"
check 'card: a PUK of another length costs no try' says 'PUK has 8 digits' \
	vault "$@" pin unblock --puk-file "$pins/one" \
	--new-pin-file "$pins/two"
check 'card: a new PIN that is none' says 'PIN has 4 to 16' vault "$@" \
	pin unblock --puk-file "$pins/puk" --new-pin-file "$pins/short"
check 'card: nine tries' json '.puk_tries_left == 9 and .pin == "blocked"' \
	vault "$@" status
check 'card: the PUK sets a new PIN' json \
	'.pin_tries_left == 5 and .puk_tries_left == 10' vault "$@" \
	pin unblock --puk-file "$pins/puk" --new-pin-file "$pins/two"
check 'card: the new PIN is right' vault "$@" --pin-file "$pins/two" audit
check 'card: the PUK and the PIN are typed' \
	typed "$(cat "$pins/puk")" 271828 271828 -- "$@" pin unblock
check 'card: and right' vault "$@" --pin-file "$pins/one" audit

# blocked_puk URI
blocked_puk() {
	for blocked_left in 9 8 7 6 5 4 3 2 1; do
		says "PUK wrong, $blocked_left tr" vault --vault "$1" \
			pin unblock --puk-file "$pins/no-puk" \
			--new-pin-file "$pins/one" || return 1
	done
	says 'no PUK, or its tries are used up' vault --vault "$1" pin unblock \
		--puk-file "$pins/no-puk" --new-pin-file "$pins/one"
	json '.puk_tries_left == 0 and .pin_tries_left == 5' \
		vault --vault "$1" status
}
card_in two 1
check 'card: the PUK is blocked, the PIN is not' \
	blocked_puk card:XXPS0000000002
check 'card: the PIN is good for all that' vault \
	--vault card:XXPS0000000002 --pin-file "$pins/two" refill 20.00
card_out "$CARD_PID" 1

# --- who may not ---------------------------------------------------------------------------
nobody() {
	POSTAGE_CONF="$WORK/etc/postage.conf" setpriv --reuid=lp --regid=lp \
		--clear-groups -- "$WORK/bin/postage" vault "$@"
}
check 'another user cannot open the file vault' says 'Permission|not to be' \
	nobody status
check 'list as another user says so' shows 'Permission|not for this user' \
	nobody list

# --- withdrawn -----------------------------------------------------------------------------
# end_of URI PSD PIN
end_of() {
	end_on=$1 end_id=$2
	if [ -n "$3" ]; then
		set -- --vault "$1" --pin-file "$3"
	else
		set -- --vault "$1"
	fi
	check "$end_on: withdraw asks, and there is no terminal" says \
		'say --yes' vault "$@" withdraw
	check "$end_on: no at the terminal" says_typed 'nothing was done' no -- \
		"$@" withdraw
	check "$end_on: still operational" json '.life == "operational"' \
		vault "$@" status
	check "$end_on: the account cannot be written" says \
		'withdrawn, run this again for its account' vault "$@" \
		withdraw --yes --account /nowhere/account
	check "$end_on: withdrawn, and its account in the folder" sh -c \
		"cd '$hand' && POSTAGE_CONF='$WORK/etc/postage.conf' setpriv \
		--reuid=postage --regid=postage --clear-groups \
		'$WORK/bin/postage' vault $* withdraw --json >'$WORK/said' &&
		jq -e '.life == \"withdrawn\" and
		.account == \"$end_id-account.txt\"' '$WORK/said'"
	check "$end_on: the account is lines to carry" sh -c \
		"head -n 1 '$hand/$end_id-account.txt' | grep -qx \
		'# $end_id, account of its registers' &&
		grep -q '^6/6 ' '$hand/$end_id-account.txt'"
	check "$end_on: no more value" says 'withdrawn|part of the card' \
		vault "$@" refill 1.00
	check "$end_on: no more audits" says 'withdrawn|part of the card' \
		vault "$@" audit
	check "$end_on: listed so" json '.places[] |
		select(.psd == "'"$end_id"'") | .state == "withdrawn"' \
		vault list
}
end_of card:XXPS0000000001 XXPS0000000001 "$pins/one"
check 'a third vault' vault --vault "file:$WORK/state/third" create
end_of "file:$WORK/state/third" XXPS0000000005 ''
check 'a fourth vault' vault --vault "file:$WORK/state/fourth" create
set -- --vault "file:$WORK/state/fourth"
check 'withdraw, carried: the request asks nothing' vault "$@" withdraw \
	--request "$hand/request"
vault answer "$hand/request" "$hand/answer" --order withdraw
check 'withdraw, carried: the answer' json '.life == "withdrawn"' vault "$@" \
	withdraw --answer "$hand/answer" --yes --account "$hand/account"
check 'no request and answer at once' says '^Usage: postage vault' vault "$@" audit \
	--request "$hand/request" --answer "$hand/answer"
check 'no such order' says '^Usage: postage vault' vault answer "$hand/request" \
	"$hand/answer" --order burn

# --- a PIN, and then a PUK, for a card that has none ---------------------------------------
card_in late 1
set -- --vault card:XXPS0000000007
check 'a card without a PIN' json '.psd == "XXPS0000000007" and
	.puk_tries_left == 0' vault create --on card:
check 'no PUK without a PIN' says 'set that first' vault "$@" pin puk
vault "$@" pin change --new-pin-file "$pins/one" >/dev/null
check 'a PUK with one' json '.puk_tries_left == 10 and
	(.puk | test("^[0-9]{8}$"))' vault "$@" --pin-file "$pins/one" pin puk
jq -r .puk "$WORK/said" >"$pins/late"
check 'once' says 'there is a PUK already' vault "$@" \
	--pin-file "$pins/one" pin puk
check 'it is right' vault "$@" pin unblock --puk-file "$pins/late" \
	--new-pin-file "$pins/two"
check 'a file has none' says 'has no PUK' vault pin puk
card_out "$CARD_PID" 1

# --- a card that is pulled while it is made ----------------------------------------------------
# pulled OPTION N: a new card, with that accident; made once or twice it is whole
# and has its PIN.
pulled() {
	rm -f "$WORK/card/new" "$WORK/log/new.out"
	card_in new 1 "$1" "$2"
	new=
	pulled_tries=3
	while [ "$pulled_tries" -gt 0 ]; do
		pulled_tries=$((pulled_tries - 1))
		until_true 10 card_is_in 1
		vault create --on 'card:reader=Virtual PCD 00 01' \
			--pin-file "$pins/one" >"$WORK/said" 2>&1 && break
		cat "$WORK/said"
		grep -qE 'still blank, run it again|to be made again|no blank postage card' \
			"$WORK/said" || return 1
	done
	vault list --json >"$WORK/said"
	new=$(jq -r '.places[] | select(.place == "Virtual PCD 00 01") | .uri' \
		"$WORK/said")
	card_out "$CARD_PID" 1
	card_in new 1
	json '.pin_tries_left == 5 and .puk_tries_left == 10 and .pin_required' \
		vault --vault "$new" --pin-file "$pins/one" audit
	pulled_code=$?
	card_out "$CARD_PID" 1
	return "$pulled_code"
}
made=0
# $POSTAGE_LONG: at each answer and at more words.
for n in ${POSTAGE_LONG:+2 4 5 7} 3 6 8 9 10 11 12; do
	check "pulled before answer $n" pulled --drop-answer "$n"
	# The answer to PERSONALISE: the card says that it has its name.
	[ "$n" != 8 ] || check 'the first try made it' test "$pulled_tries" = 2
	grep -q 'power ended before' "$WORK/log/new.out" && made=$((made + 1))
done
for n in ${POSTAGE_LONG:+50 400 430 550} 20 300 460 500; do
	check "power ends in word $n" pulled --tear-after "$n"
	grep -q 'power ended in word' "$WORK/log/new.out" && made=$((made + 1))
done
check 'it happened' test "$made" -gt 7
done_testing
