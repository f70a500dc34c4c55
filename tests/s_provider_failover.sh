#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A provider on PostgreSQL with one synchronous standby loses its primary, under
# load: whatever was acknowledged is on the standby that is promoted.  Before,
# what a commit is worth while the standby is away; after, an old primary that
# comes back as if nothing had happened.
#
#	CYCLES=1	how often ($POSTAGE_LONG: 8)
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/pg.sh"
. "$srcdir/tests/provider_faults.sh"
require curl softhsm2-util pgrep
CYCLES=${CYCLES:-${POSTAGE_LONG:+8}}
CYCLES=${CYCLES:-1}
LOAD_REST=${POSTAGE_LONG:+50}
work_setup

# --- two database servers: a and b, sockets of one folder --------------------------

node_port() {
	case $1 in
	a) echo 5432 ;;
	b) echo 5433 ;;
	esac
}

node_data() {
	case $1 in
	a) echo "$PG/data" ;;
	b) echo "$PG/standby" ;;
	esac
}

node_pid() {
	sed -n 1p "$(node_data "$1")/postmaster.pid" 2>/dev/null
}

node_sql() {
	node_sql_port=$(node_port "$1")
	shift
	psql -XqAt -h "$PG" -p "$node_sql_port" -U postgres -d postgres "$@"
}

node_go() {
	rm -f "$(node_data "$1")/postmaster.pid"
	(cd / && pg_as --pdeathsig QUIT "$PG_BIN/postgres" \
		-D "$(node_data "$1")" -p "$(node_port "$1")") \
		</dev/null >>"$PG/log.$1" 2>&1 &
	until_true 30 node_sql "$1" -c 'SELECT 1' >/dev/null 2>&1 ||
		tail -n 20 "$PG/log.$1" | sed 's/^/# /'
}

# node_die NAME: as when its power goes; no word to anybody.
node_die() {
	node_dead=$(node_pid "$1")
	# shellcheck disable=SC2046 # several
	kill -KILL "$node_dead" $(pgrep -P "$node_dead") 2>/dev/null
	until_true 10 fails_to_find "$(node_data "$1") -p $(node_port "$1")"
}

# node_follow NAME OF: a new standby, from the primary as it is.
node_follow() {
	rm -rf "$(node_data "$1")"
	(cd / && pg_as pg_basebackup -h "$PG" -p "$(node_port "$2")" \
		-U postgres -D "$(node_data "$1")" -c fast -X stream --no-sync \
		-d "application_name=standby" -R) >>"$PG/log.$1" 2>&1
	node_go "$1"
}

# node_needs NAME STANDBYS: what its commits wait for; is there after a crash.
node_needs() {
	node_sql "$1" -c "ALTER SYSTEM SET synchronous_standby_names = '$2'" \
		-c 'SELECT pg_reload_conf()' >/dev/null
}

is_synchronous() {
	[ "$(node_sql "$1" -c "SELECT sync_state FROM pg_stat_replication
		WHERE application_name = 'standby'")" = sync ]
}

node_promote() {
	node_sql "$1" -c 'SELECT pg_promote()' | grep -q t
}

# --- what the clients have ------------------------------------------------------------

acknowledged() {
	cat "$LOAD"/history.*.jsonl | grep -c '"type":"ok"'
}

# more_than N: acknowledgements.
more_than() {
	[ "$(acknowledged)" -gt "$1" ]
}

goes_on() {
	until_true "${1:-30}" more_than "$(acknowledged)"
}

# stands_still SECONDS: nothing at all is acknowledged.  What was on its way to
# the clients is there by then.
stands_still() {
	sleep 1
	still_at=$(acknowledged)
	sleep "$1"
	echo "$still_at, then $(acknowledged)"
	[ "$(acknowledged)" = "$still_at" ]
}

# --- hazards ------------------------------------------------------------------------------

# waiting NAME FUNCTION: for each session that waits for the standby; how many.
waiting() {
	node_sql "$1" -c "SELECT count($2(pid)) FROM pg_stat_activity
		WHERE wait_event = 'SyncRep'"
}

# break_off NAME: each wait for the standby, again and again; the commits are done
# on this server alone then.
break_off() {
	broken=0
	for break_turn in 1 2 3 4 5 6 7 8; do
		case $break_turn in
		4 | 8) break_how=pg_terminate_backend ;;
		*) break_how=pg_cancel_backend ;;
		esac
		broken=$((broken + $(waiting "$1" "$break_how")))
		sleep 0.2
	done
	echo "$broken waits were broken off"
	[ "$broken" -gt 0 ]
}

# What is in no standby is shown to nobody.
recent_waits() {
	recent_token=$(sed -n 1p "$LOAD/tokens")
	curl -s --noproxy '*' -m 2 -o "$WORK/recent" \
		-H "Authorization: Bearer $recent_token" \
		"http://127.0.0.1:$(server_port one)/v1/vault/recent"
	recent_code=$?
	echo "curl: $recent_code"
	[ "$recent_code" = 28 ] || grep -q ERR_ABSENT "$WORK/recent"
}

standby_away() {
	node_die "$2"
	check "cycle $cycle: with the standby away nothing is acknowledged" \
		stands_still 1
	check "cycle $cycle: waits for it are broken off" break_off "$1"
	check "cycle $cycle: and still nothing is acknowledged" stands_still 1
	check "cycle $cycle: nor shown as the newest stamps" recent_waits
	node_go "$2"
	check "cycle $cycle: it comes back, and all goes on" goes_on
}

# The primary dies; the standby takes its place.
fail_over() {
	node_die "$1"
	failed_at=$(date +%s%N)
	check "cycle $cycle: the standby is promoted" node_promote "$2"
	node_needs "$2" ''
	check "cycle $cycle: the servers find it" goes_on 40
	say "cycle $cycle: stamps again $((($(date +%s%N) - failed_at) /
		1000000)) ms after the primary's death"
}

# The old primary comes back and takes itself for one still; its commits wait for
# a standby that will not come.  Server one asks it before the new one.
old_primary() {
	node_go "$1"
	sed -i "s/port=[0-9]*,[0-9]*/port=$(node_port "$1"),$(node_port "$2")/" \
		"$BOOKS/one.conf"
	server_kill one
	server_go one
	check "cycle $cycle: the old primary's commits wait for ever" \
		until_true 10 old_has_waits "$1"
	sleep 1
	node_die "$1"
	server_keep
	check "cycle $cycle: whoever went there comes back" goes_on
}

old_has_waits() {
	old_waits=$(waiting "$1" abs)
	echo "$old_waits sessions wait"
	[ "$old_waits" -gt 0 ]
}

# --- the whole -------------------------------------------------------------------------------

# shellcheck disable=SC2034 # for books_start
books_database() {
	DATABASE="postgresql:host=$PG,$PG port=5432,5433 user=postgres \
dbname=postgres"
	FAR_DATABASE=$DATABASE
}

all_stop() {
	all_code=$?
	for stop_node in a b; do
		[ -z "${PG-}" ] || kill -QUIT "$(node_pid "$stop_node")" 2>/dev/null
	done
	PG_PID=
	sleep 0.3
	pg_stop
	(exit "$all_code")
	work_cleanup
}

client_is_good() {
	cat "$BOOKS/load.log"
	[ ! -s "$BOOKS/load.log" ]
}

pg_start || skip 'PostgreSQL is not installed'
trap all_stop EXIT
books_start cluster
primary=a standby=b
node_follow $standby $primary
node_needs $primary standby
check 'the standby is synchronous' until_true 20 is_synchronous $primary
server_go one
server_go two
LOAD_URLS=$(load_direct)
until_true 20 server_answers one
load_go 10000
check 'stamps are sold' goes_on
for cycle in $(seq "$CYCLES"); do
	standby_away $primary $standby
	fail_over $primary $standby
	old_primary $primary $standby
	[ "$cycle" -lt "$CYCLES" ] || break
	node_follow $primary $standby
	swap=$primary primary=$standby standby=$swap
	node_needs $primary standby
	until_true 20 is_synchronous $primary
done
kill -KILL "$LOAD_PID"
wait "$LOAD_PID" 2>/dev/null
for server in $SERVERS; do
	server_count "$server"
done
say "$(load_unknown) times it was not known what came of a request," \
	"$(load_doubts) commits were in doubt"
check 'no client was told anything wrong' client_is_good
books_end cluster
done_testing
