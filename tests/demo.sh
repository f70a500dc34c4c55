#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# demo.sh FOLDER [card|provider]: what ./setup demo shows: a lab vault, a private print
# server, a LibreOffice letter with marks and a sheet of labels through the whole
# chain; each stamp verified from what the printer got, which is left in FOLDER.
# "card": the vault is a smart card, in the virtual reader of a pcscd of its own.
# "provider": it is a user system of a provider, with two processing servers, a
# front and a database of their own.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
# shellcheck source=tests/provider.sh
. "$srcdir/tests/provider.sh"
out=$1
case ${2:-} in
card) cards_alone "$@" ;;
provider) provider_alone "$@" ;;
esac

# shown NAME: what just arrived, as PDF and as pictures, in the folder.
shown() {
	cp "$(cat "$WORK/files")" "$out/$1.pdf"
	pdftoppm -r 150 -png "$out/$1.pdf" "$out/$1"
}

# demo_job WHAT JOB COUNT
demo_job() {
	check "$1: printed" wait_state "$2" completed 120
	arrived "$WORK/pdf" >"$WORK/files"
	# shellcheck disable=SC2046
	check "$1: two decoders read the same" read_stamps $(cat "$WORK/files")
	check_is "$1: stamps" "$(wc -l <"$WORK/stamps" | tr -d ' ')" "$3"
	check "$1: postage-verify says VALID for each" verified
	check "$1: no two are the same" all_distinct
}

# start_card: as chain_start, with a card.
start_card() {
	scheduler_setup
	require ZXingReader zbarimg gs pdftoppm pdftotext jq
	pcscd_start
	card_in lab 0
	sed -i 's/^uri = .*/uri = card:/' "$WORK/etc/postage.conf"
	vault_setup 100.00
	chain_begin
	postage vault list | sed 's/^/# /'
}

# start_provider: as chain_start, with a provider that was paid 100.00.
start_provider() {
	scheduler_setup
	provider_engine=sqlite
	[ -z "$(pg_bin)" ] || provider_engine=postgresql
	say "its database: $provider_engine"
	provider_setup "$provider_engine"
	provider_server one
	provider_server two
	provider_front
	{
		cat "$PROVIDER/init.log"
		postaged account add Example Mailroom --load 20.00
		postaged psd add Mailroom --count 2
		postaged credit Mailroom 100.00 --ref 2026-1
		echo '1,100,30,Avery 5160' | provider_sheets
	} | sed 's/^/# /'
	provider_publish Mailroom
	provider_computer "$(provider_vault 127.0.0.1)" \
		"$(provider_token Mailroom desk)" "$PUBLISH"
	postage vault status | sed 's/^/# /'
}

# verdicts WORDS [OPTION...]: what postage-verify says of the letters to a person of
# the post, one line a stamp.
verdicts() {
	verdicts_want=$1
	shift
	# its exit code is 1 where a stamp is no good any more
	postage_verify --certificates "$WORK/trust" --cache "$WORK/trust.cache" \
		--online "$(provider_vault 127.0.0.1)$WORK/belt" "$@" \
		"$out/letter.pdf" >"$WORK/verdicts"
	[ "$(grep -cE "^  $verdicts_want" "$WORK/verdicts")" = 3 ]
}

# demo_post: the letters at the post.  It trusts the postal authority alone.
demo_post() {
	postaged person add belt --role post | sed -n '/^token/{n;p;}' \
		>"$WORK/belt"
	chmod 600 "$WORK/belt"
	mkdir "$WORK/trust" "$WORK/trust.cache"
	cp "$PUBLISH/XX-authority.pem" "$WORK/trust/"
	say 'the post takes the letters in, and sees them a second time'
	check 'they are cancelled' verdicts 'VALID .*: cancelled' \
		--cancel --place 'belt 2'
	grep -E '^  [A-Z]' "$WORK/verdicts" | sed 's/^/#/'
	check 'and duplicates then' verdicts 'DUPLICATE .*, belt 2' \
		--cancel --place 'belt 3'
	grep -E '^  [A-Z]' "$WORK/verdicts" | sed 's/^/#/'
}

# demo_refund JOB: a sheet of labels that came out badly.
demo_refund() {
	say 'the labels are spoiled; the provider gives their value back'
	as_postage "$WORK/bin/postage" spoil "Postage-$1" \
		--reason 'no ink' | sed 's/^/# /'
	(cd "$WORK/state" && as_postage "$WORK/bin/postage" refund request) |
		sed 's/^/# /'
	postaged refund approve 1 --by admin --method shredded | sed 's/^/# /'
	check 'it is in the account again' as_postage "$WORK/bin/postage" \
		refund settle 1
	pdftoppm -r 100 -png "$WORK"/state/refund-*.pdf "$out/refund"
}

case ${2:-} in
card)
	say 'a private print server, the daemon, a lab card with 100.00'
	start_card
	;;
provider)
	say 'a provider: two processing servers and a front, 100.00 paid in;'
	say 'a private print server, the daemon, a user system'
	start_provider
	;;
*)
	say 'a private print server, the daemon, a lab vault with 100.00'
	chain_start 100.00
	;;
esac
cups_pdf_setup
queue_raw Postage "postage:/$CUPS_PDF_URI" "$builddir/ppd/postage-pdf.ppd"

say 'three letters, mail-merged, printed by LibreOffice'
"$srcdir/tests/docs/letter.sh" 3 'class=letter mailby=+7' >"$out/letter.fodt"
soffice --headless "-env:UserInstallation=file://$WORK/office" \
	--pt Postage "$out/letter.fodt" >"$WORK/log/soffice.out" 2>&1
demo_job 'the letters' "$(lpstat -W all -o |
	sed -n 's/^Postage-\([0-9]*\) .*/\1/p' | tail -n 1)" 3
shown letter

say 'a sheet of labels, Avery 5160, number 17'
document blank.pdf >"$WORK/labels.pdf"
job=$(submit -d Postage -o PostageSheet=Avery-5160 -o PostageClass=letter \
	-o PostageSerial=Custom.17 "$WORK/labels.pdf")
demo_job 'the labels' "$job" 30
shown labels

if [ "${2:-}" = provider ]; then
	demo_post
	demo_refund "$job"
	check 'registers, journal, paper and provider agree' provider_agrees
	say 'the ledger of the provider, and its audit'
	postaged ledger | sed 's/^/# /'
	postaged psd list Mailroom | sed 's/^/# /'
	postaged audit | sed 's/^/# /'
else
	check 'registers, journal and paper agree' books_balance
fi
postage vault status | sed 's/^/# /'
say "look at: $(cd "$out" && echo "$PWD")"
(cd "$out" && find . -type f | sort | sed 's,^\./,#     ,')
done_testing
