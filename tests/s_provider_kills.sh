#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes of a provider are killed at random under load, on SQLite and on
# PostgreSQL: servers, the processes that sign, the database's, the clients; and
# the lines between them break.  Whatever was acknowledged exists exactly once,
# every key comes to an end, and the books are right to the mil.
#
#	KILLS=200	how many, of both engines together ($POSTAGE_LONG: 2,000)
#	SEED=N		the same choices again (the moments differ)
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/pg.sh"
. "$srcdir/tests/provider_faults.sh"
require curl softhsm2-util pgrep
KILLS=${KILLS:-${POSTAGE_LONG:+2000}}
KILLS=${KILLS:-200}
SEED=${SEED:-$(date +%s)}
LOAD_REST=${POSTAGE_LONG:+60}
LOAD_REST=${LOAD_REST:-50}
work_setup
say "SEED=$SEED KILLS=$KILLS"

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

# --- who ---------------------------------------------------------------------------

# one_of PID...: one of these processes.
one_of() {
	[ $# -gt 0 ] || return 1
	pick "$@"
}

# A process that calls the token, or the one that makes those; the server ends
# with that.
hit_signer() {
	signer_nursery=$(pgrep -P "$(server_pid two)") || return 1
	# shellcheck disable=SC2046 # several
	one_of "$signer_nursery" $(pgrep -P "$signer_nursery") &&
		kill -KILL "$picked" 2>/dev/null
}

hit_client() {
	kill -KILL "$LOAD_PID" 2>/dev/null || return 1
	wait "$LOAD_PID" 2>/dev/null
	load_go 10000
}

hit_server() {
	server_kill "$1"
	server_go "$1"
}

# One backend that dies so takes all others with it.
hit_backend() {
	# shellcheck disable=SC2046 # several
	one_of $(pgrep -P "$PG_PID" -f 'postgres: postgres postgres') &&
		kill "-$1" "$picked" 2>/dev/null
}

# Its children notice; until they are gone their memory is in use.  The file
# that says it is ready is the old one's at first.
hit_postmaster() {
	postmaster_children=$(pgrep -P "$PG_PID")
	pg_halt KILL
	until_true 20 all_gone
	until_true 30 postmaster_back ||
		say "PostgreSQL did not come back: $(tail -n 3 "$PG/log")"
}

all_gone() {
	for gone_pid in $postmaster_children; do
		[ ! -d "/proc/$gone_pid" ] || return 1
	done
}

postmaster_back() {
	kill -0 "$PG_PID" 2>/dev/null || pg_go 2>/dev/null
	psql -XqAt "$PG_CONN" -c 'SELECT 1' 2>/dev/null | grep -q 1
}

strike() {
	case $1 in
	one | two | front) hit_server "$1" ;;
	signer) hit_signer ;;
	client) hit_client ;;
	backend) hit_backend KILL ;;
	session) hit_backend TERM ;;
	postmaster) hit_postmaster ;;
	esac && echo "$1" >>"$BOOKS/hits"
}

# --- one engine ------------------------------------------------------------------------

# A client that found something wrong has ended.
client_is_good() {
	cat "$BOOKS/load.log"
	[ ! -s "$BOOKS/load.log" ]
}

hits() {
	wc -l <"$BOOKS/hits"
}

# kills N WORD...: so many, each of one of these.
kills() {
	kills_until=$1
	shift
	: >"$BOOKS/hits"
	while [ "$(hits)" -lt "$kills_until" ]; do
		[ $(($(date +%s) - engine_began)) -lt $((60 + 3 * kills_until)) ] ||
			break
		pick "$@"
		strike "$picked"
		server_keep
		chance 4
		sleep "0.$((chance_is * 5 + 10))"
	done
}

two_is_gone() {
	case $(cat "/proc/$(server_pid two)/stat" 2>/dev/null) in
	'' | *') Z '*) ;;
	*) return 1 ;;
	esac
}

# engine NAME ROLES KILLS WORD...
engine() {
	engine_name=$1 engine_kills=$3
	books_start "$engine_name" "$2"
	shift 3
	for engine_server in $SERVERS; do
		server_go "$engine_server"
	done
	line_go "$((PORT + 3))" "$(server_port two)" 200 100
	if [ "$SERVERS" = 'one two' ]; then
		line_go "$((PORT + 2))" "$(server_port one)" 200 100
		LOAD_URLS="http://127.0.0.1:$((PORT + 3))"
	else
		line_go "$((PORT + 2))" "$(server_port front)" 200 100
		LOAD_URLS=
	fi
	LOAD_URLS="$LOAD_URLS http://127.0.0.1:$((PORT + 2)) $(load_direct)"
	until_true 20 server_answers two
	kill -KILL "$(pgrep -P "$(server_pid two)")"
	check "$engine_name: a server that cannot sign any more ends, to be \
started again" until_true 15 two_is_gone
	server_keep
	until_true 20 server_answers one
	load_go 10000
	engine_began=$(date +%s)
	kills "$engine_kills" "$@"
	kill -KILL "$LOAD_PID"
	wait "$LOAD_PID" 2>/dev/null
	say "$engine_name: killed in $(($(date +%s) - engine_began)) s:" \
		"$(sort "$BOOKS/hits" | uniq -c | tr -s ' \n' ' ')"
	say "$engine_name: $(load_unknown) times it was not known what came" \
		"of a request, $(load_doubts) commits were in doubt"
	check "$engine_name: as many as were to be killed" \
		[ "$(hits)" -ge "$engine_kills" ]
	check "$engine_name: no client was told anything wrong" client_is_good
	books_end "$engine_name"
	for engine_line in $started; do
		stop_pid "$engine_line"
	done
	started=
}

all_stop() {
	all_code=$?
	pg_stop
	(exit "$all_code")
	work_cleanup
}

trap all_stop EXIT
engine sqlite '' "$((KILLS / 2))" one one two two signer client
engine postgresql front "$((KILLS - KILLS / 2))" one one one two two two \
	front front signer signer client client session session session \
	backend postmaster
pg_stop
done_testing
