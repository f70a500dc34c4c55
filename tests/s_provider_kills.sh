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

# The process that calls the token; the nursery is its parent.
hit_signer() {
	# shellcheck disable=SC2046 # several
	one_of $(pgrep -P "$(server_pid two)") &&
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

hit_postmaster() {
	pg_halt KILL
	# its children notice; until then their memory is in use
	until_true 20 pg_is_free
	pg_go || say "PostgreSQL did not come back"
}

pg_is_free() {
	! pgrep -f "$PG/data" >/dev/null && ! pgrep -P "$PG_PID" >/dev/null
}

strike() {
	case $1 in
	one | two) hit_server "$1" ;;
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
		pick "$@"
		strike "$picked"
		server_keep
		chance 4
		sleep "0.$((chance_is * 10 + 5))"
	done
}

engine() {
	engine_name=$1 engine_kills=$2
	shift 2
	books_start "$engine_name"
	server_go one
	server_go two
	line_go "$((PORT + 2))" "$(server_port one)" 200 100
	line_go "$((PORT + 3))" "$(server_port two)" 200 100
	LOAD_URLS="http://127.0.0.1:$((PORT + 2)) http://127.0.0.1:$((PORT +
		3)) $(load_direct)"
	until_true 20 server_answers one
	load_go 10000
	engine_began=$(date +%s)
	kills "$engine_kills" "$@"
	kill -KILL "$LOAD_PID"
	wait "$LOAD_PID" 2>/dev/null
	say "$engine_name: killed in $(($(date +%s) - engine_began)) s:" \
		"$(sort "$BOOKS/hits" | uniq -c | tr -s ' \n' ' ')"
	say "$engine_name: $(load_unknown) times it was not known what came" \
		"of a request"
	check "$engine_name: no client was told anything wrong" client_is_good
	books_end "$engine_name"
	for engine_line in $started; do
		stop_pid "$engine_line"
	done
	started=
}

trap 'pg_stop; work_cleanup' EXIT
engine sqlite "$((KILLS / 2))" one one two two signer client
engine postgresql "$((KILLS - KILLS / 2))" one one one two two two signer \
	signer client client session session session backend postmaster
pg_stop
done_testing
