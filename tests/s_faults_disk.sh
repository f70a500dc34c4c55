#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Disks that are full (the scheduler's spool, temporary files, the daemon's
# state), that lose what was stored or go back in time; and less postage than
# two jobs want.  Nothing is half printed or paid twice, and once it is put right
# the same jobs are printed.  See faults.sh.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/faults.sh"
FAULT_QUEUES=2
FUNDS=60.00

# small FOLDER SIZE MODE OWNER: a small file system there.
small() {
	mount -t tmpfs -o "size=$2,mode=$3" none "$1" 2>/dev/null ||
		skip 'no file system can be mounted here'
	mounted="$1 ${mounted:-}"
	chown "$4" "$1"
}

faults_setup
small "$WORK/state" 4m 700 postage:postage
small "$WORK/spool" 4m 710 root:lp
mkdir "$WORK/spool/temp"
small "$WORK/spool/temp" 4m 1770 root:lp
faults_start

# fill FOLDER KILOBYTES: leaves so much.
fill() {
	fill_left=$(df -k --output=avail "$1" | tail -n 1)
	[ "$fill_left" -le "$2" ] ||
		head -c "$(((fill_left - $2) * 1024))" /dev/zero >"$1/full"
}

# without_room FOLDER KILOBYTES: a job of a megabyte, with so much left.
without_room() {
	fill "$1" "$2"
	job=$(print -o lab-pad=1000000)
	wait_job "$job"
	check "$what: a person is asked" job_in_state "$job" \
		'pending-held aborted processing-stopped pending canceled'
	check "$what: nothing was sent" runs 0
	rm -f "$1/full"
	check_is "$what: with room" "$(home "$job")" completed
	check "$what: bought once" bought 1
	check "$what: sent once" runs 1
	check "$what: all of it" test "$(wc -c <"$SINK/1.data")" -gt 1000000
}

# not_taken: the scheduler itself has no room for the document.
not_taken() {
	fill "$1" 4
	head -c 300000 /dev/urandom >>"$WORK/big.pdf"
	check_fails "$what: not taken" lp -d "$QUEUE" "$LAB" "$WORK/big.pdf"
	cancel -a "$QUEUE"
	check "$what: nothing was sent" runs 0
	check "$what: nothing was bought" bought 0
	rm -f "$1/full"
	good_job
}

# damaged COMMAND...: what was stored for the printer.
damaged() {
	sink_plan take=0 code=4 once=1
	job=$(print)
	check "$what: stopped before the first byte" wait_state "$job" pending
	"$@" "$WORK/state/spool/$(journal_sql "SELECT max(d.id) FROM documents d
		JOIN jobs j ON j.id=d.job WHERE j.queue='$QUEUE'")"
	release "$job"
	check "$what: it is made again" wait_state "$job" completed
	check "$what: with its stamp" grep -q '^stamp ' "$SINK/2.data"
	check "$what: bought once" bought 1
}

# old_copy: the vault of before a job comes back.
old_copy() {
	vault_file=$(find "$WORK/state" -name '*.vault' | head -n 1)
	cp -p "$vault_file" "$WORK/old.vault"
	good_job
	cp -p "$vault_file" "$WORK/new.vault"
	cp -p "$WORK/old.vault" "$vault_file"
	job=$(print)
	check "$what: the queue is stopped" wait_state "$job" \
		'pending pending-held'
	check "$what: nothing is printed from it" runs 1
	check "$what: it is said what to do" until_true 5 sh -c \
		"lpstat -p $QUEUE -l | grep -q 'old copy'"
	check_fails "$what: the check finds it" \
		as_postage "$WORK/bin/postage" journal check
	cp -p "$WORK/new.vault" "$vault_file"
	check_is "$what: with the newest it goes on" "$(home "$job")" completed
	check "$what: bought two" bought 2
}

# fifty_stamps: there is postage for one such job, and two come at once.
fifty_stamps() {
	job=$(submit -d "$QUEUE" -o lab-stamps=50 "$WORK/a.pdf")
	wait_job "$job"
	case $(job_state "$job") in
	completed) check "$what: bought" bought 50 ;;
	*)
		check "$what: or refused whole" bought 0
		check "$what: and said" says "$job" 'refill'
		echo refused >>"$WORK/refused"
		;;
	esac
}

says() {
	job_message "$1" | grep -qi "$2"
}

# --- the table -------------------------------------------------------------------
thin 2
for left in 0 40 400; do
	row "$left kB of temporary files" without_room "$WORK/spool/temp" $left
	rows_end
done
for left in 0 8 40 100 400 900; do
	row "$left kB of state" without_room "$WORK/state" $left
	rows_end
done
thin 1
row "no room in the scheduler's spool" not_taken "$WORK/spool"
rows_end
row 'stored bytes are cut' damaged truncate -s 3
row 'stored bytes are gone' damaged rm -f
rows_end
row 'an old copy of the vault' old_copy
rows_end
row 'more is wanted than there is' fifty_stamps
row 'by two at once' fifty_stamps
rows_end
check_is 'one of two has to wait' "$(cat "$WORK/refused")" refused
books_end
done_testing
