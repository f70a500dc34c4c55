#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes of the chain are killed at random, all kinds of them, while several
# queues and users print through the real filter; then every job is brought
# home.  See faults.sh.
#
#	KILLS=40	how many ($POSTAGE_LONG: 2,000)
#	SEED=N		the same choices again (the moments differ)
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/faults.sh"
require ZXingReader zbarimg
KILLS=${KILLS:-${POSTAGE_LONG:+2000}}
KILLS=${KILLS:-40}
SEED=${SEED:-$(date +%s)}
FAULT_QUEUES=4
say "SEED=$SEED KILLS=$KILLS"
FUNDS=${POSTAGE_LONG:+4}200.00 # a vault holds no more than 4,294.96
faults_start
# dear ones would empty the vault in the long form
small_page "$WORK/small.pdf" '[[postage 0.05]]'

# --- who ---------------------------------------------------------------------------
# A random number below $1, of the seed.
chance() {
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	chance_is=$((SEED / 65536 % $1))
}

# victims KIND: the processes of a kind that are there.
victims() {
	case $1 in
	filter) pgrep -P "$CUPSD_PID" -f '^Q[0-9] ' ;;
	gs) victims filter | xargs -r -I{} pgrep -P {} gs ;;
	driver) pgrep -P "$CUPSD_PID" -f '^Q[0-9] ' | tail -n 1 ;;
	backend) pgrep -f "^postage:/sink:$WORK" ;;
	printer) pgrep -f "^/bin/sh $SERVERBIN/backend/sink" ;;
	child) pgrep -P "$VAULTD_PID" ;;
	vaultd) echo "$VAULTD_PID" ;;
	cupsd) echo "$CUPSD_PID" ;;
	esac
}

SIGNALS='KILL TERM SEGV KILL'

# strike KIND: a random one of them, with a random signal.
strike() {
	chance 4
	# shellcheck disable=SC2086 # several
	strike_signal=$(set -- $SIGNALS && shift $chance_is && echo "$1")
	# shellcheck disable=SC2046 # several
	set -- "$1" $(victims "$1" | grep -v "^$WIRE_PID$")
	[ $# -gt 1 ] || return 1
	chance $(($# - 1))
	strike_kind=$1
	shift $((chance_is + 1))
	kill "-$strike_signal" "$1" 2>/dev/null || return 1
	eval "killed_$strike_kind=\$((\${killed_$strike_kind:-0} + 1))"
}

# What was hit among the long-lived comes back.
revive() {
	if ! alive "$VAULTD_PID"; then
		wait "$VAULTD_PID"
		vaultd_start
	fi
	if ! alive "$CUPSD_PID"; then
		wait "$CUPSD_PID"
		scheduler_start
	fi
}

alive() {
	kill -0 "$1" 2>/dev/null && ! grep -q '^State:.*Z' "/proc/$1/status"
}

# load: each queue has a job on its way; one in eight has two documents, one in
# eight two copies; three of four go through the real filter.
load() {
	for QUEUE in Q1 Q2 Q3 Q4; do
		lpstat -p "$QUEUE" 2>/dev/null | grep -q 'is idle' || continue
		chance 8
		case $chance_is in
		0) set -- "$WORK/small.pdf" ;;
		1) set -- -n 2 ;;
		*) set -- ;;
		esac
		[ $((chance_is % 4)) != 3 ] || set -- "$LAB" "$@"
		job=$(print_small -U "user$((SEED % 3))" "$@" 2>/dev/null)
		[ -z "$job" ] || echo "$QUEUE $job" >>"$WORK/jobs"
	done
}

# --- a round -------------------------------------------------------------------------
done_kills=0
round() {
	chance 16
	# the long-lived seldom, as each of them has to come back
	case $chance_is in
	0) kind=vaultd ;;
	1) kind=cupsd ;;
	2 | 3) kind=gs ;;
	4 | 5) kind=driver ;;
	6 | 7) kind=printer ;;
	8 | 9 | 10) kind=child ;;
	11 | 12) kind=backend ;;
	*) kind=filter ;;
	esac
	load
	chance 8
	sleep "0.$chance_is"
	until_true 1 strike "$kind" && done_kills=$((done_kills + 1))
	revive
	lpstat -p 2>/dev/null | sed -n 's/^printer \(Q[0-9]\) disabled.*/\1/p' |
		xargs -r -n 1 cupsenable
}

for QUEUE in Q1 Q2 Q3 Q4; do
	SINK=$WORK/sink/$QUEUE sink_plan nap=0.2
done
kills_began=$(date +%s)
while [ "$done_kills" -lt "$KILLS" ]; do
	round 2>>"$WORK/log/rounds.err"
	[ $((done_kills % ${POSTAGE_LONG:+10}10)) != 0 ] || [ "$done_kills" = "${said:-0}" ] || {
		said=$done_kills
		say "$said kills, $(($(date +%s) - kills_began)) s, SEED=$SEED"
	}
done
for kind in filter gs driver backend printer child vaultd cupsd; do
	eval "say \"killed \${killed_$kind:-0} of $kind\""
done

# --- everything comes home --------------------------------------------------------------
# Every job of a queue that the scheduler still knows is brought to its end.
bring_home() {
	sed -n "s/^$QUEUE //p" "$WORK/jobs" | sort -nu | while read -r job; do
		state=$(job_state "$job")
		case $state in
		'' | canceled) continue ;;
		completed) ;;
		*) echo "$QUEUE-$job: $state, $(home "$job")" ;;
		esac
	done
}
row_pids=
for QUEUE in Q1 Q2 Q3 Q4; do
	bring_home >"$WORK/log/home.$QUEUE" 2>&1 &
	row_pids="$row_pids $!"
done
# shellcheck disable=SC2086 # several
wait $row_pids
row_pids=
say "$(cat "$WORK"/log/home.* | wc -l) jobs were brought home"
for QUEUE in Q1 Q2 Q3 Q4; do
	what=$QUEUE
	SINK=$WORK/sink/$QUEUE
	row_close
done
say "$(sort -u "$WORK/jobs" | wc -l) jobs, $(cat "$WORK"/kept/*.paper |
	wc -l) stamps on paper; documents: $(journal_sql "SELECT group_concat(n)
	FROM (SELECT count(*) || ' in state ' || state AS n FROM documents GROUP
	BY state)")"
check 'there was something on paper' test -s "$WORK/kept/Q1.paper"
books_end
done_testing
