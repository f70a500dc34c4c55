#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Backends that fail, in every way and under every error policy; backends,
# ours and the printer's, that are killed at any moment; printers that go away.
# See faults.sh.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/faults.sh"
FAULT_QUEUES=8
faults_start

# ends CODE-OR-SIGNAL: what the printer's backend does after reading.
ends() {
	case $1 in
	[0-9]*) echo "code=$1" ;;
	*) echo "die=$1" ;;
	esac
}

# not_a_byte END STATE [POLICY]: it took nothing, so cupsd's own rules hold, and the
# same stamps go out the next time.
not_a_byte() {
	policy "${3:-abort-job}"
	sink_plan take=0 "$(ends "$1")" once=1
	job=$(print)
	check "$what: $2" wait_state "$job" "$2"
	check_is "$what: comes home" "$(home "$job")" completed
	check "$what: bought once" bought 1
	check "$what: sent once more" runs 2
}

# some_bytes TAKE END: nobody but a person makes it print again.
some_bytes() {
	sink_plan ${1:+"take=$1"} "$(ends "$2")" once=1
	job=$(print)
	check "$what: held" wait_state "$job" pending-held
	check_is "$what: uncertain" "$(documents "$job")" uncertain
	release "$job"
	sent 1
	until_true 5 held_again "$job"
	check "$what: sent once" runs 1
	if [ -n "$1" ]; then
		as_postage "$WORK/bin/postage" journal resolve "$QUEUE-$job" \
			reprint
		check_is "$what: a person says it did not come out" \
			"$(home "$job")" completed
	else
		as_postage "$WORK/bin/postage" journal resolve "$QUEUE-$job" \
			delivered
		check_is "$what: a person says it came out" \
			"$(home "$job")" completed
		check "$what: sent once in all" runs 1
	fi
	check "$what: bought once" bought 1
}

# left_over SECONDS CODE: the printer's backend ends at once, a child of it
# reads, so much later.
left_over() {
	sink_plan leave="$1" code="$2" once=1
	job=$(print)
	wait_job "$job"
	sleep 1.2 # the child reads now, if it has anything to read
	ended=$(home "$job")
	check "$what: printed, or a person looks" \
		test "$ended" = completed -o "$ended" = uncertain
	check "$what: bought once" bought 1
}

# killed SIGNAL REQUEST: our backend, as it makes this request of the daemon.
killed() {
	wire backend "$2" hold
	job=$(print)
	check "$what: is there" wire_met backend
	kill "-$1" "$(pid_of "$job" postage)"
	sleep 0.1
	let_go backend
	wait_job "$job"
	until_true 10 idle
	killed_comes_home
}

# cupsd takes a killed backend for a good one: the job is "completed".
killed_comes_home() {
	until_true 5 closed "$job"
	if [ "$(documents "$job")" != delivered ] &&
		job_in_state "$job" completed; then
		release "$job"
		until_true 5 started_twice "$job"
	fi
	ended=$(home "$job")
	check "$what: printed, or a person looks ($ended)" \
		test "$ended" = completed -o "$ended" = uncertain
	check "$what: bought once" bought 1
}

started_twice() {
	[ "$(job_log "$1" | grep -c 'Started backend')" -gt 1 ]
}

# killed_reading SIGNAL: while the driver still writes.
killed_reading() {
	driver_rests 20
	job=$(print)
	until_true 20 paid_for 1
	kill "-$1" "$(pid_of "$job" postage)"
	driver_goes_on
	wait_job "$job"
	killed_comes_home
}

# killed_sending SIGNAL WHOM: while the printer reads ("postage": ours, "sink":
# the printer's own backend).
killed_sending() {
	sink_plan take=10 nap=2 once=1
	job=$(print)
	sent 1
	if [ "$2" = sink ]; then
		kill "-$1" "$(pgrep -f "^[a-z/]*sh.*sink:$SINK|^sink:$SINK" |
			head -n 1)"
	else
		kill "-$1" "$(pid_of "$job" postage)"
	fi
	wait_job "$job"
	until_true 10 idle
	killed_comes_home
	check "$what: a person looks" test "$ended" = uncertain
	check "$what: sent once" runs 1
}

# gone PORT HOW STATE: a printer on the network, on a port of its own: "reset" in
# the middle, "deaf": it never reads; "absent": it never answers.
gone() {
	port=$1
	shift
	lpadmin -p "$QUEUE" -v "postage:/socket://127.0.0.1:$port" 2>/dev/null
	[ "$1" = absent ] || perl "$srcdir/tests/bad_printer.pl" "$port" "$1" \
		"$SINK/1.data" &
	printer=$!
	[ "$1" = absent ] || until_true 5 test -e "$SINK/1.data"
	job=$(submit -d "$QUEUE" "$LAB" -o lab-pad=8000000 "$WORK/a.pdf")
	case $1 in
	reset) check "$what: held" wait_state "$job" pending-held ;;
	*)
		until_true 15 says_sending
		sleep 0.5
		cancel "$job"
		check "$what: cancelled" wait_state "$job" canceled
		;;
	esac
	[ "$1" = absent ] || kill "$printer" 2>/dev/null
	until_true 10 closed "$job"
	check_is "$what: $2" "$(documents "$job")" "$2"
	lpadmin -p "$QUEUE" -v "postage:/sink:$SINK" 2>/dev/null
	release "$job"
	ended=$(home "$job")
	check_is "$what: then" "$ended" "$3"
	check "$what: bought once" bought 1
}

# --- the table -------------------------------------------------------------------
thin 3
for end in 1 9 SEGV KILL; do
	for policy in retry-job:completed retry-current-job:completed \
		abort-job:aborted stop-printer:pending; do
		row "not a byte, $end, ${policy%:*}" \
			not_a_byte $end "${policy#*:}" "${policy%:*}"
	done
done
thin 1
for end in 0:pending-held 2:pending-held 3:pending-held 4:pending 5:canceled \
	6:completed 7:completed; do
	row "not a byte, exit ${end%:*}" not_a_byte "${end%:*}" "${end#*:}"
done
thin 3
for end in 0 1 2 3 4 5 6 7 9 TERM KILL SEGV PIPE; do
	row "some bytes, $end" some_bytes 10 $end
	[ $end = 0 ] || row "all bytes, $end" some_bytes '' $end
done
thin 1
for code in 0 1; do
	row "a child reads on after exit $code" left_over 0.5 $code
	row "a child reads on at once after exit $code" left_over 0 $code
done
for signal in KILL TERM; do
	[ $signal = KILL ] || thin 3
	for request in 1 2 3 4 5 6 7 8 9; do
		row "backend $signal at its request $request" \
			killed $signal $request
	done
	row "backend $signal while it reads" killed_reading $signal
	row "backend $signal while it sends" killed_sending $signal postage
	row "printer's backend $signal while it sends" \
		killed_sending $signal sink
done
thin 1
row 'a printer that hangs up' gone $((PORT + 3)) reset uncertain uncertain
row 'a printer that never reads' gone $((PORT + 4)) deaf uncertain uncertain
# the socket backend reads a block before it connects, and nobody has it
row 'a printer that is not there' gone $((PORT + 5)) absent undelivered completed
rows_end
books_end
done_testing
