#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Filters and drivers that die or fail at any moment: nothing incomplete is
# printed, and nothing is bought twice.  The filter is the real one; the paper
# is read by two decoders.  See faults.sh.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/faults.sh"
require ZXingReader zbarimg
FAULT_QUEUES=5
faults_start
small_page "$WORK/small.pdf" '[[postage 0.78]]'
small_page "$WORK/noisy.pdf" '[[postage 0.78]]' "$NOISE"

# strike SIGNAL PID: and what was held goes on.
strike() {
	kill "-$1" "$2"
	sleep 0.1
	let_go filter
	wait_job "$job"
}

comes_home() {
	check_is "$what: released, it is printed" "$(home "$job")" completed
	check "$what: bought once" bought 1
}

# filter_killed SIGNAL REQUEST hold|keep: at this request of it, or its answer.
filter_killed() {
	wire filter "$2" "$3"
	job=$(print_small)
	check "$what: is there" wire_met filter
	strike "$1" "$(pid_of "$job" pdftopostage)"
	comes_home
}

# renderer_killed SIGNAL: Ghostscript, while the stamps are issued.
renderer_killed() {
	wire filter 3 hold
	job=$(print_small)
	check "$what: is there" wire_met filter
	strike "$1" "$(pgrep -P "$(pid_of "$job" pdftopostage)" | head -n 1)"
	comes_home
}

# writer_killed SIGNAL PROGRAM: while the driver does not read.
writer_killed() {
	driver_rests
	job=$(PAGE=$WORK/noisy.pdf && print_small)
	until_true 20 paid_for 1
	sleep 0.3
	kill "-$1" "$(pid_of "$job" "$2")"
	driver_goes_on
	wait_job "$job"
	check "$what: nothing was sent" runs 0
	comes_home
}

# driver_ends HOW: the printer's driver, after a part of the page.
driver_ends() {
	echo "head -c 2000; $1" >"$PLANS/$QUEUE.driver"
	job=$(print_small)
	wait_job "$job"
	check "$what: nothing was sent" runs 0
	check "$what: a person is asked" job_in_state "$job" \
		"pending-held aborted"
	rm "$PLANS/$QUEUE.driver"
	comes_home
	check "$what: sent once" runs 1
	check_fails "$what: the printer does not get the trailer" \
		grep -q 'the driver wrote' "$SINK/1.data"
}

# mark_refused: a page that cannot be stamped spends nothing and prints nothing.
mark_refused() {
	small_page "$WORK/$QUEUE.pdf" '[[postage 0.78 color=blue]]'
	job=$(submit -d "$QUEUE" "$WORK/$QUEUE.pdf")
	check "$what: cancelled" wait_state "$job" canceled
	check "$what: nothing was bought" bought 0
	check "$what: nothing was sent" runs 0
}

# --- the table -------------------------------------------------------------------
thin 2
# 1 hello, 2 quote, 3 issue, 4 finish, 5 status
for request in 1 2 3 4 5; do
	row "filter KILL before request $request" filter_killed KILL $request hold
	row "filter KILL after request $request" filter_killed KILL $request keep
done
for signal in TERM SEGV; do
	for request in 1 3 4; do
		row "filter $signal after request $request" \
			filter_killed $signal $request keep
	done
done
for signal in KILL TERM SEGV; do
	row "Ghostscript $signal" renderer_killed $signal
	row "filter $signal while it writes" writer_killed $signal pdftopostage
	row "postagedriver $signal" writer_killed $signal postagedriver
done
for end in 'kill -KILL $$' 'kill -TERM $$' 'kill -SEGV $$' 'exit 1'; do
	row "a driver that does \"$end\"" driver_ends "$end"
done
thin 1
row 'a mark that cannot be read' mark_refused
rows_end
books_end
done_testing
