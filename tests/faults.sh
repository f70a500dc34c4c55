# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
#
# faults.sh: over lib.sh, rows of faults under one scheduler, each on a queue of
# its own, several at once:
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#	. "$srcdir/tests/faults.sh"
#	faults_start
#	queue_killed() {	# a row; $what, $QUEUE and $SINK are its own
#		job=$(print)
#		...
#		check "$what: bought once" bought 1
#	}
#	row 'a killed backend' queue_killed KILL
#	rows_end
#	books_end
#	done_testing
#
# After each row, and at the end for all, the account: what the journal says of
# each stamp that was paid, against what reached the paper.
#
#	delivered	on the paper, once
#	uncertain	once or not at all: a person looks (also "sending")
#	spoiled		likewise: of no use, to be refunded by name
#	any other	not on the paper: the job uses it again
#
# The filter is pdftopostage, or with an option lab-... tests/stampfilter, which
# writes stamps as lines of text.  The driver is "labdriver": it copies, after
# what the file $PLANS/$QUEUE.driver says (shell).  Filter and backend reach the
# daemon through tests/wire, which does what $PLANS/$QUEUE.filter and .backend
# say.
FAULT_QUEUES=${FAULT_QUEUES:-4}
LAB=-olab-stamps=1

# faults_setup: the work folder, before anything runs.
faults_setup() {
	scheduler_setup
	require jq sqlite3
	PLANS=$WORK/plans
	POSTAGE_FATAL=$WORK/fatal
	export POSTAGE_FATAL
	mkdir -p "$PLANS" "$POSTAGE_FATAL" "$WORK/rows" "$WORK/kept"
	chmod 777 "$PLANS" "$POSTAGE_FATAL"
	sed -i "s,^socket = .*,socket = $WORK/run/wire.sock," \
		"$WORK/etc/postage.conf"
	# what the scheduler knows is on the disk at once
	echo "DirtyCleanInterval ${DIRTY:-0}" >>"$WORK/cups/cupsd.conf"
	fault_programs
}

# faults_start [DAEMON]: scheduler, daemon (or what tests/DAEMON is) and queues
# Q1 ... Q4 ($FAULT_QUEUES).
faults_start() {
	[ -n "${WORK:-}" ] || faults_setup
	[ -z "${1:-}" ] || install -m 0755 "$(built "tests/$1")" \
		"$WORK/bin/postage-vaultd"
	vault_setup "${FUNDS:-1000.00}"
	vaultd_start
	wire_start
	scheduler_start
	faults_queues
	pdf_text "$WORK/a.pdf" one
	pdf_text "$WORK/b.pdf" two
}

fault_programs() {
	mv "$SERVERBIN/filter/pdftopostage" "$SERVERBIN/filter/realfilter"
	install -m 0755 "$(built tests/stampfilter)" \
		"$SERVERBIN/filter/stampfilter"
	cat >"$SERVERBIN/filter/pdftopostage" <<-EOT
	#!/bin/sh
	case "\$5" in
	*lab-*) exec "$SERVERBIN/filter/stampfilter" "\$@" ;;
	esac
	exec "$SERVERBIN/filter/realfilter" "\$@"
	EOT
	cat >"$SERVERBIN/filter/labdriver" <<-EOT
	#!/bin/sh
	[ ! -f "$PLANS/\$PRINTER.driver" ] || . "$PLANS/\$PRINTER.driver"
	exec cat
	EOT
	chmod 755 "$SERVERBIN/filter/pdftopostage" \
		"$SERVERBIN/filter/labdriver"
	ppd_behind_gate labdriver >"$WORK/lab.ppd"
}

wire_start() {
	rm -f "$WORK/run/wire.sock"
	"$(built tests/wire)" "$WORK/run/wire.sock" "$WORK/run/vaultd.sock" \
		"$PLANS" &
	WIRE_PID=$!
	remember "$WIRE_PID"
	until_true 5 test -S "$WORK/run/wire.sock"
}

# The queues that are free are lines in a pipe.
faults_queues() {
	mkfifo "$WORK/free"
	exec 7<>"$WORK/free"
	for fault_number in $(seq "$FAULT_QUEUES"); do
		mkdir -m 777 "$WORK/sink/Q$fault_number"
		queue_raw "Q$fault_number" \
			"postage:/sink:$WORK/sink/Q$fault_number" \
			"$WORK/lab.ppd" -o Resolution=300dpi
		echo "Q$fault_number" >&7
	done
}

# --- rows ------------------------------------------------------------------------
rows=0
row_pids=
rows_started=$(date +%s)

row_number=0
row_step=1

# thin N: of the rows that follow, every N-th; with $POSTAGE_LONG all of them.
thin() {
	row_step=${POSTAGE_LONG:+1}
	row_step=${row_step:-$1}
}

# row WHAT FUNCTION [ARGUMENT...]: runs it when a queue is free.  $ONLY: all
# rows whose WHAT has these words, and no other.
row() {
	row_number=$((row_number + 1))
	case $1 in
	*"${ONLY:-}"*) ;;
	*) return ;;
	esac
	[ -n "${ONLY:-}" ] || [ $((row_number % row_step)) = 0 ] || return
	read -r QUEUE <&7
	rows=$((rows + 1))
	row_run "$@" >"$WORK/rows/$rows" 2>&1 &
	row_pids="$row_pids $!"
}

row_run() {
	what=$1
	shift
	SINK=$WORK/sink/$QUEUE
	CHECK_OUT=$WORK/rows/$rows.check # for check
	row_began=$(date +%s)
	tests_run=0
	bought_then=$(paid)
	"$@"
	row_close
	say "$what: $(($(date +%s) - row_began)) s on $QUEUE"
	echo "$QUEUE" >&7
}

# Nothing of the queue is on its way any more; the paper is read and put away.
row_close() {
	rm -f "$PLANS/$QUEUE".*
	cancel -a "$QUEUE" 2>/dev/null
	check "$what: an end" until_true 30 idle
	cupsenable "$QUEUE"
	policy abort-job
	mkdir -p "$WORK/kept/$rows"
	paper "$SINK"/*.data >>"$WORK/kept/$QUEUE.paper"
	mv "$SINK"/* "$WORK/kept/$rows" 2>/dev/null
	rm -rf "$SINK"/.run*
	check "$what: the account" account "$QUEUE"
}

# policy NAME: the queue's error policy.
policy() {
	lpadmin -p "$QUEUE" -o "printer-error-policy=$1"
}

# The queue's processes have its URI as their name.
idle() {
	! pgrep -f "^[a-z:/]*$SINK( |$)" >/dev/null
}

# rows_end: waits for all rows and says what they found.
rows_end() {
	# shellcheck disable=SC2086 # several
	[ -z "$row_pids" ] || wait $row_pids
	row_pids=
	for report_number in $(seq "$rows"); do
		rows_report "$WORK/rows/$report_number"
	done
	rows=0
	say "$(($(date +%s) - rows_started)) s so far"
}

rows_report() {
	while IFS= read -r report_line; do
		case $report_line in
		'ok '* | 'not ok '*)
			tests_run=$((tests_run + 1))
			[ "${report_line#not}" = "$report_line" ] ||
				tests_failed=$((tests_failed + 1))
			echo "${report_line%%ok *}ok $tests_run - ${report_line#* - }"
			;;
		*) printf '%s\n' "$report_line" ;;
		esac
	done <"$1"
	rm -f "$1"
}

# --- a job -----------------------------------------------------------------------
# print [LP-ARGUMENT...]: one page with one stamp.
print() {
	submit -d "$QUEUE" "$LAB" "$@" "$WORK/a.pdf"
}

# driver_rests [BYTES]: the queue's driver, after so many bytes, until
# driver_goes_on.
driver_rests() {
	echo "head -c ${1:-0}
		while [ -f '$PLANS/$QUEUE.driver' ]; do sleep 0.1; done" \
		>"$PLANS/$QUEUE.driver"
}

driver_goes_on() {
	rm -f "$PLANS/$QUEUE.driver"
}

# print_small [LP-ARGUMENT...]: through the real filter.
print_small() {
	submit -d "$QUEUE" -o media=Custom.300x300 "$@" \
		"${PAGE:-$WORK/small.pdf}"
}

# small_page FILE MARK [POSTSCRIPT]: a page that is soon printed and soon read.
small_page() {
	gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite "-sOutputFile=$1" \
		-c "<</PageSize [300 300]>> setpagedevice /Helvetica findfont 12
		scalefont setfont 36 260 moveto ($2) show ${3:-} showpage"
}

# Postscript of a part of the page that no pipe holds, however it is packed.
NOISE='/s 900 string def 40 20 translate 220 100 scale
	900 450 8 [900 0 0 450 0 0]
	{ 0 1 899 { s exch rand 255 and put } for s } image'

# pid_of JOB PROGRAM: the newest process of the job.
pid_of() {
	job_log "$1" | sed -n "s,.*Started [a-z]* .*/$2 (PID \([0-9]*\)).*,\1,p" |
		tail -n 1
}

# wire ROLE REQUEST WHAT: see tests/wire.c.
wire() {
	echo "$2 $3" >"$PLANS/$QUEUE.$1"
}

# The request is there; let_go: and may go on.
wire_met() {
	until_true 20 test -e "$PLANS/$QUEUE.$1.met"
}

let_go() {
	rm -f "$PLANS/$QUEUE.$1" "$PLANS/$QUEUE.$1.met"
}

# sent N: the printer has all that its N-th run will get.
sent() {
	until_true 20 test -f "$SINK/$1.args"
}

runs() {
	is "$(sink_runs)" "$1"
}

# bought N: stamps were paid since this row began.
bought() {
	is "$(($(paid) - bought_then))" "$1"
}

paid_for() {
	bought "$1" >/dev/null
}

# release JOB [STATE]: what a person does with one that is held or stopped.
release() {
	release_state=${2:-$(job_state "$1")}
	cupsenable "$QUEUE"
	case $release_state in
	pending*) lp -i "$1" -H resume ;;
	processing) ;;
	*) lp -i "$1" -H restart ;;
	esac
}

# home JOB: what a person does until the job is done: releases it.  Ends with
# "completed", or "uncertain" where the paper has to be looked at.
home() {
	for home_try in 1 2 3 4 5 6; do
		wait_job "$1" 60
		home_state=$(job_state "$1")
		[ "$home_state" != completed ] || break
		[ "$(documents "$1" | grep -c uncertain)" = 0 ] || break
		# it may be done by now: nobody restarts it then
		release "$1" "$home_state"
		until_true 5 started_again "$1"
	done >/dev/null 2>&1
	[ "$home_state" = completed ] || home_state=$(documents "$1" |
		grep uncertain | head -n 1)
	echo "$home_state"
}

started_again() {
	! job_in_state "$1" "$home_state"
}

# The backend ran and was refused.
held_again() {
	[ "$(job_log "$1" | grep -c 'Started backend')" -gt 1 ] &&
		job_in_state "$1" pending-held
}

# No connection of the job is left in the daemon.
closed() {
	! find "$WORK/run" -name "job-*-$1.*" | grep -q .
}

says_sending() {
	is "$(documents "$job")" sending
}

# --- the account ---------------------------------------------------------------------
journal_sql() {
	as_postage sqlite3 -readonly -cmd '.timeout 20000' \
		"$WORK/state/journal.db" "$1"
}

# documents JOB: the states of its documents.
documents() {
	journal_sql "SELECT CASE d.state WHEN 0 THEN 'open' WHEN 1 THEN
		'quoted' WHEN 2 THEN 'issued' WHEN 3 THEN 'finished' WHEN 4 THEN
		'sending' WHEN 5 THEN 'delivered' WHEN 6 THEN 'undelivered' WHEN
		7 THEN 'uncertain' WHEN 8 THEN 'spoiled' ELSE 'replaced' END FROM
		documents d JOIN jobs j ON j.id=d.job WHERE j.queue='$QUEUE' AND
		j.number=$1 ORDER BY d.id"
}

# paid: how many stamps the queue was sold.
paid() {
	[ -f "$WORK/state/journal.db" ] || echo 0
	[ ! -f "$WORK/state/journal.db" ] || journal_sql "SELECT count(*) FROM stamps s JOIN documents d ON
		d.id=s.document JOIN jobs j ON j.id=d.job WHERE
		j.queue='$QUEUE' AND s.seq IS NOT NULL"
}

# paper FILE...: the stamps on what reached a printer, in hexadecimal.
paper() {
	for paper_file; do
		[ -s "$paper_file" ] || continue
		if head -c 4 "$paper_file" | grep -q '^R\|^.SaR'; then
			paper_pages=$paper_file.pages
			mkdir -p "$paper_pages"
			# the pages before a cut count
			"$(built tests/rastertopng)" "$paper_file" \
				"$paper_pages/p" pgm >/dev/null 2>&1
			find "$paper_pages" -name '*.pgm' -exec \
				"$srcdir/tests/stamps.pl" {} + |
				sed -n 's/.* hex=\([0-9a-f]*\).*/\1/p'
		else
			sed -n 's/^stamp \([0-9a-f]*\)$/\1/p' "$paper_file"
		fi
	done
}

# account QUEUE: no stamp twice on paper, none that was not paid, and of each
# that was paid the paper and the journal say the same.
account() {
	journal_sql "SELECT lower(hex(s.indicium)),d.state,j.number FROM
		stamps s JOIN documents d ON d.id=s.document JOIN jobs j ON
		j.id=d.job WHERE j.queue='$1' AND s.seq IS NOT NULL" |
		awk -F'|' -v queue="$1" '
			FILENAME != "-" { paper[$1]++; next }
			{ paid[$1] = 1; n = paper[$1] + 0 }
			$2 == 5 && n != 1 || $2 != 5 && n > ($2 == 4 || $2 == 7 ||
				$2 == 8) {
				print queue "-" $3 ": in state " $2 ", on " n " papers"
				bad = 1
			}
			END {
				for (s in paper)
					if (!(s in paid)) {
						print "never paid: " s
						bad = 1
					}
				exit bad
			}' "$WORK/kept/$1.paper" -
}

# books_end: over all queues, with one good job to settle what a crash left.
books_end() {
	ONLY=
	thin 1
	row 'a job after all that' good_job
	rows_end
	check 'the books are right' as_postage "$WORK/bin/postage" journal check
	check_is 'the registers are the sum of the journal' \
		"$(as_postage "$WORK/bin/postage" --json vault status |
			jq -r '[.. | objects | select(.ascending?)][0] |
				"\(.ascending) \(.piece_count) \(.control_total)"')" \
		"$(journal_sql "SELECT printf('%d.%03d %d ${FUNDS:-1000.00}',
			sum(amount)/1000, sum(amount)%1000, count(*)) FROM stamps
			WHERE seq IS NOT NULL" | sed 's/0 / /')"
	check_is 'no stamp is on two papers' \
		"$(cat "$WORK"/kept/*.paper | sort | uniq -d)" ''
}

good_job() {
	job=$(print)
	check "$what: completed" completes "$job"
	check "$what: bought" bought 1
	check "$what: printed" runs 1
}

completes() {
	wait_job "$1" 60 && wait_state "$1" completed 1
}
