#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The daemon dies at every write, its disk fills up at every write, its
# connections are cut after every message, it is restarted, absent, slow: no
# stamp is paid twice, none is lost.  See faults.sh.  $POSTAGE_LONG: at each
# write, not at every thirteenth.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/faults.sh"
FAULT_QUEUES=10
faults_start fatal_daemon

comes_home() {
	ended=$(home "$job")
	check "$what: printed, or a person looks ($ended)" \
		test "$ended" = completed -o "$ended" = uncertain
	check "$what: bought once" bought 1
}

# at_write N ROLE HOW: "die", "full".
at_write() {
	job=$(print -H hold)
	plan=$POSTAGE_FATAL/$job.$2
	echo "$1 $3" >"$plan"
	lp -i "$job" -H resume
	wait_job "$job"
	[ ! -f "$plan.met" ] || echo "$3 $2 $1" >>"$WORK/met"
	rm -f "$plan"
	comes_home
}

# severed ROLE REQUEST WHAT: see tests/wire.c.
severed() {
	wire "$@"
	job=$(print)
	until_true 20 test -e "$PLANS/$QUEUE.$1.met"
	check "$what: cut" test -e "$PLANS/$QUEUE.$1.met"
	let_go "$1"
	wait_job "$job"
	comes_home
}

# slow: the job takes longer, that is all.
slow() {
	wire filter 1 slow
	wire backend 1 slow
	job=$(print)
	check "$what: completed" completes "$job"
	check "$what: bought once" bought 1
	check "$what: sent once" runs 1
}

# with_daemon ROLE REQUEST hold|keep: something happens to the daemon then.
with_daemon() {
	wire "$1" "$2" "$3"
	job=$(print)
	check "$what: is there" wire_met "$1"
	echo there >>"$WORK/there"
	until_true 30 test -e "$WORK/go"
	let_go "$1"
	wait_job "$job"
	comes_home
}

# absent: nobody answers for a while.
absent() {
	job=$(print)
	echo there >>"$WORK/there"
	until_true 30 test -e "$WORK/go"
	check "$what: then it is printed" wait_state "$job" completed
	check "$what: bought once" bought 1
	check "$what: sent once" runs 1
}

there() {
	is "$(wc -l <"$WORK/there")" "$1" >/dev/null
}

# restarted SIGNAL: the daemon, with jobs at each point.  With KILL its
# children go too; with TERM they end their jobs.
restarted() {
	rm -f "$WORK/go" "$WORK/there"
	for point in filter:2:keep filter:3:hold filter:3:keep filter:4:keep \
		backend:3:keep backend:5:hold backend:7:hold backend:7:keep \
		backend:8:hold; do
		request=${point#*:}
		row "daemon $1, ${point%%:*} at ${request%:*}, ${point##*:}" \
			with_daemon "${point%%:*}" "${request%:*}" \
			"${point##*:}"
	done
	until_true 30 there 9
	children=$(pgrep -P "$VAULTD_PID" | tr '\n' ' ')
	# shellcheck disable=SC2086 # several
	if [ "$1" = KILL ]; then
		kill -KILL "$VAULTD_PID" $children
	else
		kill "$VAULTD_PID"
	fi
	vaultd_start
	touch "$WORK/go"
	rows_end
}

# --- the table -------------------------------------------------------------------
row 'a slow daemon' slow
thin 3
for what in ask half-ask answer half-answer; do
	for request in 1 2 3 4; do
		row "filter's request $request cut: $what" \
			severed filter $request $what
	done
	for request in 1 2 3 4 5 6 7 8 9; do
		row "backend's request $request cut: $what" \
			severed backend $request $what
	done
done
rows_end
thin 1
step=${POSTAGE_LONG:+1}
for how in die full; do
	for n in $(seq 1 "${step:-13}" 66); do
		row "filter's connection, write $n: $how" at_write "$n" 1 $how
		row "backend's connection, write $n: $how" at_write "$n" 2 $how
	done
done
rows_end
sort -V "$WORK/met" 2>/dev/null | awk '{ last[$1 " " $2] = $3 } END {
	for (i in last) print "#", i, "met up to", last[i] }'
restarted TERM
restarted KILL
rm -f "$WORK/go" "$WORK/there"
stop_pid "$VAULTD_PID"
stop_pid "$WIRE_PID"
row 'an absent daemon, one job' absent
row 'an absent daemon, another' absent
until_true 10 there 2
sleep 1.5
vaultd_start
wire_start
touch "$WORK/go"
rows_end
books_end
done_testing
