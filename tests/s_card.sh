#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole chain with a smart card: pcscd, a virtual reader, the lab card.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"

scheduler_setup
require ZXingReader zbarimg gs pdftoppm pdftotext jq
pcscd_start
check 'a blank card is in the reader' card_in one 0
sed -i 's/^uri = .*/uri = card:/' "$WORK/etc/postage.conf"
vault_setup 100.00
chain_begin
queue_sink Postage

document plain.pdf '[[postage 0.78]]' '[[postage 1.05]]' >"$WORK/a.pdf"
document blank.pdf >"$WORK/blank.pdf"
prints 'a letter' Postage '780 1050' "$WORK/a.pdf"
prints 'copies' Postage '780 780 1050 1050' "$WORK/a.pdf" -n 2
prints 'a sheet of labels' Postage "$(yes 780 | head -n 30 | tr '\n' ' ' |
	sed 's/ $//')" "$WORK/blank.pdf" \
	-o PostageSheet=Avery-5160 -o PostageAmount=0.78
check 'registers, journal and paper agree' books_balance
done_testing
