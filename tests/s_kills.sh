#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes of the chain are killed at random, all kinds of them, three at about
# the same time, while several queues and users print; then jobs are brought home,
# and the account of all of them has to hold.  See faults.sh.
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
FUNDS=${POSTAGE_LONG:+1800.00} # a vault holds no more than 2,000.00
FUNDS=${FUNDS:-200.00}
faults_start
# dear ones would empty the vault in the long form
small_page "$WORK/small.pdf" '[[postage 0.05]]'

# --- who ---------------------------------------------------------------------------
# A random number below $1, of the seed.
chance() {
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	chance_is=$((SEED / 65536 % $1))
}

# One of the words.
pick() {
	chance $#
	shift $chance_is
	picked=$1
}

# In the short form the long-lived come seldom, as each of them has to come back.
KINDS='filter gs driver backend printer child vaultd cupsd'
[ -n "${POSTAGE_LONG:-}" ] ||
	KINDS="$KINDS filter filter gs driver backend printer child child"
KINDS="$KINDS filter gs driver backend printer child"

# strike: one of these processes, soon, by a random signal; strike.pl finds it.
strike() {
	# shellcheck disable=SC2086 # several
	pick $KINDS
	strike_kind=$picked
	pick KILL TERM SEGV KILL
	chance 8
	perl "$srcdir/tests/strike.pl" "$strike_kind" "$picked" \
		"0.$chance_is" "$SEED" >"$WORK/hit.$1" &
	strikes="$strikes $!"
}

# What was hit among the long-lived comes back.
revive() {
	if grep -q vaultd "$WORK"/hit.*; then
		stop_pid "$VAULTD_PID" CONT # for it to be gone
		vaultd_start
	fi
	if grep -q cupsd "$WORK"/hit.*; then
		stop_pid "$CUPSD_PID" CONT
		scheduler_start
	fi
}

# load: each queue that is free gets a job; one in eight has two documents, one
# in eight two copies; three of eight go through the real filter.
load() {
	loads=
	for QUEUE in $(lpstat -p 2>/dev/null |
		sed -n 's/^printer \(Q[0-9]\) is idle.*/\1/p'); do
		chance 8
		case $chance_is in
		0) set -- "$WORK/small.pdf" ;;
		1) set -- -n 2 ;;
		*) set -- ;;
		esac
		[ $((chance_is % 3)) = 1 ] || set -- "$LAB" "$@"
		load_one "user$((SEED % 3))" "$@" &
		loads="$loads $!"
	done
	# shellcheck disable=SC2086 # several
	[ -z "$loads" ] || wait $loads
}

load_one() {
	load_user=$1
	shift
	job=$(print_small -U "$load_user" "$@" 2>/dev/null)
	[ -z "$job" ] || echo "$QUEUE $job" >>"$WORK/jobs"
}

# bring_home N: of the newest N jobs of the queue all that did not end well are
# brought to their end; what still waits after that is cancelled.
bring_home() {
	sed -n "s/^$QUEUE //p" "$WORK/jobs" | sort -nu | tail -n "$1" |
		while read -r job; do
			state=$(job_state "$job")
			case $state in
			'' | canceled | completed) continue ;;
			esac
			echo "$QUEUE-$job: $state, $(home "$job")"
		done
	cancel -a "$QUEUE" 2>/dev/null
}

all_home() {
	row_pids=
	for QUEUE in Q1 Q2 Q3 Q4; do
		bring_home "$1" >>"$WORK/log/home.$QUEUE" 2>&1 &
		row_pids="$row_pids $!"
	done
	# shellcheck disable=SC2086 # several
	wait $row_pids
	row_pids=
}

# --- a round -------------------------------------------------------------------------
done_kills=0
STRIKES=3 # a round's

round() {
	load
	strikes=
	export CUPSD_PID VAULTD_PID WORK
	for strike in $(seq $STRIKES); do
		strike "$strike"
	done
	# shellcheck disable=SC2086 # several
	wait $strikes
	sort "$WORK"/hit.* >>"$WORK/hits"
	done_kills=$(wc -l <"$WORK/hits")
	revive
	lpstat -p 2>/dev/null | sed -n 's/^printer \(Q[0-9]\) disabled.*/\1/p' |
		xargs -r -n 1 cupsenable
}

for QUEUE in Q1 Q2 Q3 Q4; do
	SINK=$WORK/sink/$QUEUE sink_plan nap=0.2
done
kills_began=$(date +%s)
told=0
homed=0
while [ "$done_kills" -lt "$KILLS" ]; do
	round 2>>"$WORK/log/rounds.err"
	[ $((done_kills - told)) -ge $((KILLS / 40 + 5)) ] || continue
	told=$done_kills
	say "$done_kills kills, $(($(date +%s) - kills_began)) s, SEED=$SEED"
	[ $((done_kills - homed)) -lt 250 ] || {
		homed=$done_kills
		all_home 3
	}
done
say "killed: $(sort "$WORK/hits" | uniq -c | tr -s ' \n' ' ')"

# --- everything comes home --------------------------------------------------------------
all_home 15
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
