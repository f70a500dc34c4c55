#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The scheduler dies, is stopped and started with jobs at every point; people
# hold, cancel, release and restart jobs; what a client says of its job is odd.
# See faults.sh.  $POSTAGE_LONG: also 40 seconds into the jobs.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/faults.sh"
FAULT_QUEUES=9
faults_start

comes_home() {
	ended=$(home "$job")
	check "$what: printed, or a person looks ($ended)" \
		test "$ended" = completed -o "$ended" = uncertain
	check "$what: bought once" bought "${1:-1}"
}

# --- people ----------------------------------------------------------------------
# at POINT: a job is there.  "waiting" held, "filter" before its stamps,
# "issued" after them, "reading" the backend reads, "sending" the printer does,
# "sent" it has all and the daemon does not know.
at() {
	point=$1
	case $1 in
	waiting) job=$(print -H hold) && return ;;
	filter) wire filter 2 keep ;;
	issued) wire filter 3 keep ;;
	reading) driver_rests 20 ;;
	sending) sink_plan nap="${nap:-4}" once=1 ;;
	sent) wire backend 8 hold ;;
	esac
	job=$(print)
	case $1 in
	filter | issued) wire_met filter ;;
	reading) until_true 20 paid_for 1 ;;
	sending) sent 1 ;;
	sent) wire_met backend ;;
	esac
}

go_on() {
	driver_goes_on
	let_go filter
	let_go backend
}

# person POINT ACT END: what a person does to the job when it is at that point,
# and to what it comes after all.
person() {
	at "$1"
	case $2 in
	cancel) cancel "$job" ;;
	hold) lp -i "$job" -H hold ;;
	disable) cupsdisable "$QUEUE" ;;
	esac
	sleep 0.2
	go_on
	until_true 20 idle
	until_true 5 closed "$job"
	check "$what: not by itself" test "$(job_state "$job")" != processing
	release "$job"
	until_true 10 sh -c '! lpstat -W not-completed -o '"$QUEUE | grep -q ." \
		>/dev/null 2>&1
	comes_home
	check_is "$what: $3" "$ended" "$3"
}

# No connection of the job is left in the daemon.
closed() {
	! find "$WORK/run" -name "job-*-$1.*" | grep -q .
}

# again: a person who restarts a completed job wants new stamps.
again() {
	job=$(print)
	check "$what: completed" wait_state "$job" completed
	sleep 1 # the scheduler's time is in seconds
	lp -i "$job" -H restart
	sent 2
	check "$what: completed again" wait_state "$job" completed
	check "$what: with new stamps" bought 2
}

# --- odd jobs ----------------------------------------------------------------------
two_documents() {
	job=$(submit -d "$QUEUE" "$LAB" "$WORK/a.pdf" "$WORK/b.pdf")
	check "$what: completed" completes "$job"
	check "$what: each has its stamp" bought 2
	check "$what: each was sent" runs 2
}

# The first gets lost: the second is not printed for it.
first_is_lost() {
	sink_plan code=1 once=1
	job=$(submit -d "$QUEUE" "$LAB" "$WORK/a.pdf" "$WORK/b.pdf")
	check "$what: no further" wait_state "$job" 'pending-held aborted'
	check "$what: one was sent" runs 1
	check "$what: one was bought" bought 1
	as_postage "$WORK/bin/postage" journal resolve "$QUEUE-$job" delivered
	check_is "$what: a person says it came out" "$(home "$job")" completed
	check "$what: the second was sent" runs 2
	check "$what: and bought" bought 2
}

# The backend is killed before it knows of the first document.
first_is_killed() {
	driver_rests 20
	job=$(submit -d "$QUEUE" "$LAB" "$WORK/a.pdf" "$WORK/b.pdf")
	until_true 10 paid_for 1
	sleep 0.5
	kill -KILL "$(pid_of "$job" postage)"
	driver_goes_on
	check "$what: not completed" wait_state "$job" \
		'aborted pending-held processing-stopped'
	check "$what: the second does not take its place" runs 0
	check_is "$what: restarted" "$(home "$job")" completed
	check "$what: both were sent" runs 2
	check "$what: both were bought" bought 2
}

banners() {
	job=$(submit -d "$QUEUE" "$LAB" -o job-sheets=standard,standard \
		"$WORK/a.pdf")
	check "$what: completed" completes "$job"
	check "$what: bought once" bought 1
	check "$what: three were sent" runs 3
}

# said LP-ARGUMENT...: what a client says of its job changes nothing.
said() {
	job=$(print "$@")
	check "$what: completed" completes "$job"
	check "$what: bought once" bought 1
	check "$what: once more" completes "$(print "$@")"
	check "$what: has stamps of its own" bought 2
	check "$what: the queue is as it was" sh -c \
		"lpstat -p $QUEUE | grep -q enabled"
}

# --- the scheduler -------------------------------------------------------------------
# through POINT: a job that is there while the scheduler goes and comes back.
through() {
	at "$1"
	echo there >>"$WORK/there"
	until_true 90 test -e "$WORK/go"
	sleep 1
	go_on
	if [ "$1" = waiting ]; then
		lp -i "$job" -H resume
	fi
	comes_home
	[ "$1" != sending ] || check "$what: sent once" runs 1
}

# lost POINT: one that the scheduler had not written down when it died; its
# chain goes on alone, and its number is given to another job.
lost() {
	at "$1"
	echo there >>"$WORK/there"
	until_true 30 test -e "$WORK/go"
	check_is "$what: the scheduler forgot it" "$(job_state "$job")" ''
	echo forgotten >>"$WORK/there"
	go_on
	until_true 30 closed "$job"
	until_true 30 idle
	check "$what: bought no more than once" test "$(documents "$job" |
		wc -l)" -le 1
}

# The numbers are handed out again: other jobs, other stamps.
reused() {
	job=$(print)
	check "$what: completed" completes "$job"
	check "$what: bought" bought 1
	check "$what: printed" runs 1
}

there() {
	is "$(wc -l <"$WORK/there")" "$1" >/dev/null
}

POINTS='waiting filter issued reading sending sent'

# scheduler SIGNAL SECONDS: it goes with jobs at every point, and comes back.
scheduler() {
	rm -f "$WORK/go" "$WORK/there"
	nap=$(($2 + 4))
	for point in $POINTS; do
		row "scheduler $1 after $2 s, a job $point" through "$point"
	done
	until_true 30 there 6
	sleep "$2"
	scheduler_stop "$1"
	scheduler_start
	touch "$WORK/go"
	rows_end
}

# forgetful: a scheduler that writes down its jobs half a minute later.
forgetful() {
	scheduler_stop
	sed -i 's/^DirtyCleanInterval.*/DirtyCleanInterval 30/' \
		"$WORK/cups/cupsd.conf"
	scheduler_start
	rm -f "$WORK/go" "$WORK/there"
	nap=4
	for point in $POINTS; do
		row "a job $point is forgotten" lost "$point"
	done
	until_true 30 there 6
	scheduler_stop KILL
	scheduler_start
	touch "$WORK/go"
	until_true 30 there 12
	for point in $POINTS; do
		row "its number is another job's" reused
	done
	rows_end
}

# --- the table -----------------------------------------------------------------------
thin 2
for act in cancel hold disable; do
	row "$act a job that waits" person waiting $act completed
	row "$act before the stamps" person filter $act completed
	row "$act after the stamps" person issued $act completed
	row "$act while the backend reads" person reading $act completed
	row "$act while it is sent" person sending $act uncertain
done
thin 1
row 'restart a completed job' again
row 'two documents' two_documents
row 'two documents, the first is lost' first_is_lost
row 'two documents, the first is killed' first_is_killed
row 'banners' banners
row 'a job-uuid of its own' said \
	-o job-uuid=urn:uuid:01234567-89ab-4cde-8f01-23456789abcd
row 'times of its own' said -o time-at-creation=1 -o time-at-processing=1
row 'lines in the title' said -t "$(printf 'x\nPPD: a=b\nSTATE: +paused\033')"
row 'lines in an option' said \
	-o "note=$(printf 'x\nERROR: y\nSTATE: +paused\001')"
row 'a user with control characters' said \
	-U "$(printf 'a\nSTATE: +paused\033b')"
rows_end
scheduler KILL 1
scheduler TERM 0
[ -z "${POSTAGE_LONG:-}" ] || scheduler KILL 40
forgetful
books_end
done_testing
