#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# demo.sh FOLDER [card]: what ./setup demo shows: a lab vault, a private print
# server, a LibreOffice letter with marks and a sheet of labels through the whole
# chain; each stamp verified from what the printer got, which is left in FOLDER.
# "card": the vault is a smart card, in the virtual reader of a pcscd of its own.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
out=$1
[ "${2:-}" != card ] || cards_alone "$@"

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

if [ "${2:-}" = card ]; then
	say 'a private print server, the daemon, a lab card with 100.00'
	start_card
else
	say 'a private print server, the daemon, a lab vault with 100.00'
	chain_start 100.00
fi
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
demo_job 'the labels' "$(submit -d Postage -o PostageSheet=Avery-5160 \
	-o PostageClass=letter -o PostageSerial=Custom.17 \
	"$WORK/labels.pdf")" 30
shown labels

check 'registers, journal and paper agree' books_balance
postage vault status | sed 's/^/# /'
say "look at: $(cd "$out" && echo "$PWD")"
(cd "$out" && find . -type f | sort | sed 's,^\./,#     ,')
done_testing
