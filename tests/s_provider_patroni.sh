#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A provider on the cluster of docs/CLUSTER.md, with Debian's Patroni, etcd and
# haproxy, under load: what Patroni does when machines and programs go.  After
# each the clients' account with the provider is taken.  Only `make check-long`
# runs it.
#
#	EVENTS='...'	which, in this order; functions below
#	DIRECT=1	server one and the front reach the database without haproxy
#	PATRONI_TIMES='30 10 10'	ttl, loop_wait, retry_timeout: as documented
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/pg.sh"
. "$srcdir/tests/provider_faults.sh"
PATRONI_TIMES=${PATRONI_TIMES:-20 2 4}
. "$srcdir/tests/patroni.sh"
require curl openssl softhsm2-util pgrep patroni patronictl etcd
EVENTS=${EVENTS:-switch_over machine_lost standbys_lost}
LOAD_REST=${LOAD_REST:-200}
work_setup

# --- the provider ------------------------------------------------------------------

# All reach the database by haproxy.
# shellcheck disable=SC2034 # for books_start
books_database() {
	PGSERVICEFILE=$WORK/service
	export PGSERVICEFILE
	database_service postage "$(node_address db1),$(node_address \
		db2),$(node_address db3)" 5432
	database_service far 127.0.0.1 $((PORT + 4))
	DATABASE=postgresql:service=postage
	FAR_DATABASE=postgresql:service=far
	[ -n "${DIRECT-}" ] || DATABASE=$FAR_DATABASE
	haproxy_go $((PORT + 4))
	until_true 20 far_answers || cat "$PG/haproxy.log"
}

# It takes all for primaries until it has asked twice.
far_answers() {
	[ "$(grep -c 'is DOWN' "$PG/haproxy.log")" -ge 2 ]
}

# database_service NAME HOSTS PORT
database_service() {
	cat >>"$PGSERVICEFILE" <<-EOT
	[$1]
	host=$2
	port=$3
	user=postaged
	dbname=postage
	sslmode=verify-full
	sslrootcert=$PG/ca.pem
	sslcert=$WORK/postaged.pem
	sslkey=$WORK/postaged.key
	EOT
}

books_roles() {
	SERVERS='one two front'
	server_conf one "$DATABASE" process "http://127.0.0.1:$PORT"
	server_conf two "$FAR_DATABASE" process "http://127.0.0.1:$((PORT + 1))"
	server_conf front "$DATABASE" web
}

# --- what the clients have ------------------------------------------------------------

acknowledged() {
	cat "$LOAD"/history.*.jsonl | grep -c '"type":"ok"'
}

more_than() {
	[ "$(acknowledged)" -gt "$1" ]
}

# goes_on SECONDS: a server that ended is started again, as by systemd.
goes_on() {
	goes_until=$(($(date +%s) + $1))
	sleep 1
	goes_from=$(acknowledged)
	until more_than "$((goes_from + 10))"; do
		server_keep
		[ "$(date +%s)" -lt "$goes_until" ] || return 1
		sleep 0.5
	done
}

# stands_still SECONDS: what was on its way is there by then.
stands_still() {
	sleep 2
	still_at=$(acknowledged)
	sleep "$1"
	echo "$still_at, then $(acknowledged)"
	[ "$(acknowledged)" = "$still_at" ]
}

# The longest time without an acknowledgement since $event_began.
outage() {
	sed -n 's/.*"time":\([0-9]*\),"type":"ok".*/\1/p' \
		"$LOAD"/history.*.jsonl | sort -n |
		awk -v from="$event_began" -v now="$(date +%s%N)" '
		$1 < from { last = $1; next }
		last && $1 - last > longest { longest = $1 - last }
		{ last = $1 }
		END {
			if (now - last > longest) longest = now - last
			printf "%.1f", longest / 1e9
		}'
}

client_is_good() {
	cat "$BOOKS/load.log"
	[ ! -s "$BOOKS/load.log" ]
}

# account WHAT: nobody buys meanwhile.
account() {
	say "$1: no stamp for $(outage) s; $(acknowledged) orders so far"
	kill -KILL "$LOAD_PID"
	wait "$LOAD_PID" 2>/dev/null
	check "$1: no client was told anything wrong" client_is_good
	check "$1: client and provider have the same stamps, to the mil" \
		load_agrees
	say "$1: $(tail -n 1 "$BOOKS/agrees")"
	check "$1: what was paid in is there or was spent" \
		until_true 15 books_add_up
	check "$1: postaged audit finds nothing" admin audit
	load_go 10000
	check "$1: and again" goes_on 30
}

# --- what Patroni has ----------------------------------------------------------------

# whole: the leader has two standbys, one of them synchronous.
whole() {
	leader=$(cluster_leader)
	standby=$(cluster_standby)
	[ -n "$leader" ] && [ -n "$standby" ] && has_standbys "$leader" 2
}

is_whole() {
	until_true 120 whole || {
		cluster_ctl list
		tail -n 5 "$PG"/db?/patroni.log
		return 1
	}
}

# begin: before each event; $old is the primary.
begin() {
	check "$event: the cluster is whole" is_whole
	old=$leader
	for node in $NODES; do
		case $node in
		"$old" | "$standby") ;;
		*) third=$node ;;
		esac
	done
	event_began=$(date +%s%N)
}

seconds_since() {
	echo $((($(date +%s%N) - event_began) / 1000000)) |
		sed 's/\(...\)$/.\1/'
}

another_leads() {
	until_true 120 leader_is_not "$old" || return 1
	say "$event: $old, then $leader after $(seconds_since) s"
}

# The new primary is the one that had everything.
it_was_the_standby() {
	is "$(cluster_leader)" "$standby"
}

failed_over() {
	another_leads
	failovers=$((failovers + 1))
	check "$event: the synchronous standby is the primary" \
		it_was_the_standby
	check "$event: stamps are sold again" goes_on 90
}

# --- events ----------------------------------------------------------------------------

switch_over() {
	cluster_ctl switchover --leader "$old" --candidate "$standby" \
		--force postage >"$BOOKS/ctl" 2>&1
	check "$event: patronictl does it" grep -q 'uccessfully' "$BOOKS/ctl"
	failed_over
}

# The power of the primary's machine goes; later it comes back.
machine_lost() {
	machine_dies "$old"
	failed_over
	machine_goes "$old"
}

# PostgreSQL alone: Patroni starts it again.
postmaster_killed() {
	kill -KILL "$(node_pid "$old")"
	check "$event: stamps are sold again" goes_on 90
	say "$event: $old, then $(cluster_leader)"
	[ "$(cluster_leader)" = "$old" ] || failovers=$((failovers + 1))
}

# A primary that Patroni does not see any more: nobody stops it.
patroni_killed() {
	kill -KILL "$(cat "$PG/$old/patroni.pid")"
	another_leads
	failovers=$((failovers + 1))
	check "$event: the synchronous standby is the primary" \
		it_was_the_standby
	old_stamps=$(stamps_of "$old")
	check "$event: stamps are sold again" goes_on 90
	sleep "${ALONE:-5}"
	say "$event: $(waiting "$old") sessions of the old primary wait"
	check_is "$event: the old primary has taken nothing" \
		"$(stamps_of "$old")" "$old_stamps"
	node_go "$old"
}

stamps_of() {
	node_sql "$1" -d postage -c 'SELECT count(*) FROM stamp'
}

waiting() {
	node_sql "$1" -c "SELECT count(*) FROM pg_stat_activity
		WHERE wait_event = 'SyncRep'"
}

# The machine of the primary hangs, and goes on when it is one no more.
machine_hangs() {
	machine_stops "$old"
	another_leads
	failovers=$((failovers + 1))
	check "$event: the synchronous standby is the primary" \
		it_was_the_standby
	check "$event: stamps are sold again" goes_on 90
	machine_wakes "$old"
	sleep 12
	check_is "$event: and the old one stays what it is" \
		"$(cluster_leader)" "$standby"
}

etcd_leader() {
	for node in $NODES; do
		ETCDCTL_API=3 etcdctl --cacert "$PG/ca.pem" \
			--cert "$PG/db1.pem" --key "$PG/db1.key" \
			--endpoints "https://$(node_address "$node"):2379" \
			endpoint status 2>/dev/null | grep -q ', true, ' &&
			echo "$node"
	done
}

etcd_leader_killed() {
	etcd_was=$(etcd_leader)
	kill -KILL "$(cat "$PG/$etcd_was/etcd.pid")"
	check "$event: stamps are sold on" goes_on 60
	say "$event: $etcd_was, then $(etcd_leader); $old, then $(cluster_leader)"
	etcd_go "$etcd_was"
}

# Two of three: there is nobody to ask who is the primary.
etcd_lost() {
	kill -KILL "$(cat "$PG/db1/etcd.pid")" "$(cat "$PG/db2/etcd.pid")"
	sleep "${ETCD_AWAY:-40}"
	say "$event: primary without etcd: '$(cluster_leader)'"
	etcd_go db1
	etcd_go db2
	check "$event: stamps are sold again" goes_on 120
}

# Another one takes its place.
standby_lost() {
	machine_dies "$standby"
	check "$event: stamps are sold again" goes_on 90
	check "$event: the third machine is in its place" \
		until_true 30 standby_is "$third"
	machine_goes "$standby"
}

standby_is() {
	[ "$(cluster_standby)" = "$1" ]
}

standbys_lost() {
	machine_dies "$standby"
	machine_dies "$third"
	check "$event: nothing is acknowledged" stands_still "${STILL:-15}"
	machine_goes "$standby"
	check "$event: with one of them back stamps are sold" goes_on 120
	machine_goes "$third"
}

# --- the whole ----------------------------------------------------------------------------

all_stop() {
	all_code=$?
	[ -z "${PG-}" ] || cluster_stop
	(exit "$all_code")
	work_cleanup
}

cluster_make
trap all_stop EXIT
for node in $NODES; do
	machine_goes "$node"
done
check 'the cluster starts' is_whole
node_sql "$leader" -c 'CREATE ROLE postaged LOGIN' \
	-c 'CREATE DATABASE postage OWNER postaged' >"$WORK/database" 2>&1
for node in $NODES; do
	until_true 20 node_sql "$node" -d postage -c '' # the others follow
done
books_start cluster front
for server in $SERVERS; do
	server_go "$server"
done
LOAD_URLS=$(load_direct)
until_true 20 server_answers front
load_go 10000
check 'stamps are sold' goes_on 30
failovers=0
event_number=0
for what in $EVENTS; do
	event_number=$((event_number + 1))
	event="$event_number $what"
	begin
	$what
	account "$event"
done
kill -KILL "$LOAD_PID"
wait "$LOAD_PID" 2>/dev/null
for server in $SERVERS; do
	server_count "$server"
done
say "$failovers times another machine became the primary," \
	"$(load_unknown) times it was not known what came of a request," \
	"$(load_doubts) commits were in doubt"
books_end cluster
done_testing
