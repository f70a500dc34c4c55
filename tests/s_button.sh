#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole chain with a touch-memory button: the 1-Wire client library, a bus,
# a DS1996; contact that ends in the middle; another button.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/buttons.sh
. "$srcdir/tests/buttons.sh"

ROM=0C.0000000000AA

scheduler_setup
require ZXingReader zbarimg gs pdftoppm pdftotext jq od
bus_start
button_in "$ROM"
sed -i "s/^uri = .*/uri = button:$ROM@$OWBUS/" "$WORK/etc/postage.conf"
vault_setup 500.00
chain_begin
queue_sink Postage

# --- the bus is one for the 1-Wire tools, too ---------------------------------------------------
serves() {
	owdir -s "$1" / >/dev/null 2>&1
}

# owtools BUS: they list our button, read it, and write to another.
owtools() {
	check_is 'owdir lists it' \
		"$(owdir -s "$1" / | grep -x "/$ROM")" "/$ROM"
	check_is "owread reads the button's header" \
		"$(owread -s "$1" "/$ROM/memory" | head -c 4)" PSDB
	button_in 0C.0000000000EE
	owwrite -s "$1" /0C.0000000000EE/memory "hello"
	check_is 'what owwrite wrote is read' \
		"$(owread -s "$1" --size 5 /uncached/0C.0000000000EE/memory)" \
		hello
	rm "$WORK/buttons/0C.0000000000EE"
}
if command -v owread >/dev/null; then
	owtools "$OWBUS"
fi

# --- through the real owserver, whose bus ours is ----------------------------------------------------
if command -v owserver >/dev/null && command -v owread >/dev/null; then
	OWSERVER=127.0.0.1:$((PORT + 8))
	owserver --foreground -s "$OWBUS" -p "$OWSERVER" \
		>"$WORK/log/owserver.out" 2>&1 &
	OWSERVER_PID=$!
	remember "$OWSERVER_PID"
	until_true 10 serves "$OWSERVER"
	owtools "$OWSERVER"
	spent=$(register ascending)
	sed -i "s/@$OWBUS/@$OWSERVER/" "$WORK/etc/postage.conf"
	check_is 'through owserver: the registers' "$(register ascending)" \
		"$spent"
	check 'through owserver: an audit' \
		as_postage "$WORK/bin/postage" vault audit
	check 'through owserver: value' \
		as_postage "$WORK/bin/postage" vault refill 1.00
	stop_pid "$OWSERVER_PID" TERM
	check_fails 'nobody serves the bus' \
		as_postage "$WORK/bin/postage" vault status
	sed -i "s/@$OWSERVER/@$OWBUS/" "$WORK/etc/postage.conf"
	refilled=1000
fi

document plain.pdf '[[postage 0.78]]' '[[postage 1.05]]' >"$WORK/a.pdf"
document blank.pdf >"$WORK/blank.pdf"
prints 'a letter' Postage '780 1050' "$WORK/a.pdf"
prints 'copies' Postage '780 780 1050 1050' "$WORK/a.pdf" -n 2
# More than the button debits in one step, or remembers.
thirty=$(yes 780 | head -n 30 | tr '\n' ' ' | sed 's/ $//')
prints 'a sheet of labels' Postage "$thirty" "$WORK/blank.pdf" \
	-o PostageSheet=Avery-5160 -o PostageAmount=0.78
check 'registers, journal and paper agree' books_balance

# --- contact ends in the middle --------------------------------------------------------------
# sheet_cut PAGES TEAR SECONDS: a sheet of labels, whose button loses contact in
# the so-many-th page that is written, and gets it again.
sheet_cut() {
	bus_tear "$1" "$2"
	job=$(submit -d Postage -o PostageSheet=Avery-5160 \
		-o PostageAmount=0.78 "$WORK/blank.pdf")
	check "contact ends in page $1: it does" until_true 60 bus_gone
	sleep "$3"
	bus_back
	check "contact ends in page $1: the job completes" \
		wait_state "$job" completed 60
	# shellcheck disable=SC2046
	check "contact ends in page $1: two decoders agree" \
		read_stamps $(arrived "$WORK/sink")
	check_is "contact ends in page $1: its stamps" "$(values)" "$thirty"
	check "contact ends in page $1: no stamp was seen before" all_distinct
	check "contact ends in page $1: books" books_balance
}
sheet_cut 3 2 0
sheet_cut 130 2 1 # the first batch's core
sheet_cut 160 3 1 # the second batch
if [ -n "${POSTAGE_LONG:-}" ]; then
	for page in 0 64 127 128 129 131 132 133 200 240 244; do
		sheet_cut "$page" $((page % 4)) $((page % 2))
	done
fi

# --- the button is away -----------------------------------------------------------------------
button_out "$ROM"
job=$(submit -d Postage "$WORK/a.pdf")
check 'without its button: the person reads it' \
	until_true 60 message_has "$job" "button $ROM is not on the bus"
button_in 0C.0000000000BB
sleep 1
check 'another button is no help' message_has "$job" 'is not on the bus'
button_in "$ROM"
check 'with it: the job completes' wait_state "$job" completed 60
# shellcheck disable=SC2046
check 'with it: two decoders agree' read_stamps $(arrived "$WORK/sink")
check_is 'with it: its stamps' "$(values)" '780 1050'
check 'with it: books' books_balance

# --- a copy that is put back ---------------------------------------------------------------
# restore COPY: at once, for the bus has the button mapped when it is looked at.
restore() {
	cp "$1" "$WORK/restored"
	mv "$WORK/restored" "$WORK/buttons/$ROM"
}
cp "$WORK/buttons/$ROM" "$WORK/old"
prints 'one more letter' Postage '780 1050' "$WORK/a.pdf"
cp "$WORK/buttons/$ROM" "$WORK/new"
restore "$WORK/old"
job=$(submit -d Postage "$WORK/a.pdf")
check 'an old copy is put back: the person reads it' \
	until_true 60 message_has "$job" 'an old copy was put back'
restore "$WORK/new"
check 'the newest one again: books' books_balance
done_testing
