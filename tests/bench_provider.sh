#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_provider.sh: signed, durable stamps a second of postaged, end to end over
# TLS, on SQLite and PostgreSQL, single and in batches of 30, for 1, 8 and 64
# clients; beside pgbench with the same SQL and OpenSSL's own signing rate, all in
# the same run.
#
#	sh tests/bench_provider.sh [SECONDS=5]	in the build folder
#
# Memory: the server's resident size is printed on the way to STAMPS=1000000 stamps,
# and with IDLE=10000 connections that are held open, as the files allowed permit.
set -eu
seconds=${1:-5}
builddir=${builddir:-$PWD}
bench=$builddir/tests/bench_provider postaged=$builddir/postaged
. "${srcdir:-$(dirname "$0")/..}/tests/pg.sh"
WORK=$(mktemp -d /tmp/bench_provider.XXXXXX)
SERVER=
export POSTAGED_CONF="$WORK/postaged.conf" MAIL_DATE
MAIL_DATE=$(date +%Y%m%d)
port=18460

server_stop() {
	[ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null || :
	[ -z "$SERVER" ] || wait "$SERVER" 2>/dev/null || :
	SERVER=
}
pgbench=0 best_1=0 best_30=0
trap 'server_stop; pg_stop; rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM

certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 2 -keyout "$WORK/ca.key" -out "$WORK/ca.pem" -subj /CN=ca
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$WORK/web.key" -out "$WORK/web.csr" -subj /CN=127.0.0.1
	echo subjectAltName=IP:127.0.0.1 >"$WORK/ext"
	openssl x509 -req -in "$WORK/web.csr" -CA "$WORK/ca.pem" \
	    -CAkey "$WORK/ca.key" -CAcreateserial -days 2 \
	    -extfile "$WORK/ext" -out "$WORK/web.pem"
}

# 16 accounts with four PSDs and four user systems each.
books() {
	"$postaged" init
	for a in $(seq 16); do
		"$postaged" account add "Customer $a" "a$a" --load 100000.00
		"$postaged" psd add "a$a" --count 4
		"$postaged" credit "a$a" 10000000.00 --ref "$a"
	done
	for s in 1 2 3 4; do
		for a in $(seq 16); do
			"$postaged" system add "a$a" "s$a-$s" | tail -n 1 \
			    >>"$WORK/tokens"
		done
	done
}

# server DATABASE
server() {
	server_stop
	rm -f "$WORK/tokens" "$WORK/wrap.key"
	port=$((port + 1))
	cat >"$POSTAGED_CONF" <<EOF
[postaged]
name = bench
database = $1
authority = $WORK/authority
workers = ${WORKERS:-16}
[web]
listen = 127.0.0.1:$port
certificate = $WORK/web.pem
key = $WORK/web.key
per-address = 0
[psd]
max-value = 1000000.00
[module soft]
uri = software:$WORK/wrap.key
EOF
	books >"$WORK/log"
	"$postaged" 2>"$WORK/server.log" &
	SERVER=$!
	until grep -q ready "$WORK/server.log"; do
		kill -0 "$SERVER" || { cat "$WORK/server.log"; exit 1; }
		sleep 0.1
	done
}

memory() {
	awk '/VmRSS/ { print $2 " kB" }' "/proc/$SERVER/status"
}

url() {
	echo "https://127.0.0.1:$port/v1/vault/indicia"
}

# load CLIENTS BATCH [RATE]
load() {
	"$bench" "$(url)" "$WORK/ca.pem" "$WORK/tokens" "$1" "$2" \
	    "$seconds" "${3:-0}"
}

# note_best BATCH STAMPS
note_best() {
	case $1 in
	1) best_1=$(($2 > best_1 ? $2 : best_1)) ;;
	*) best_30=$(($2 > best_30 ? $2 : best_30)) ;;
	esac
}

# runs WORDS: each number of clients, single and in batches
runs() {
	echo "$1: memory before $(memory)"
	for batch in 1 30; do
		for clients in 1 8 16 64; do
			result=$(load "$clients" "$batch")
			echo "$1, $clients clients, batches of $batch: $result"
			note_best "$batch" "${result%% *}"
		done
	done
	echo "$1, batches of 30 at half of that rate:" \
	    "$(load 8 30 $((best_30 / 60)))"
	echo "$1: memory after $(memory)"
	"$postaged" audit
}

# marathon STAMPS: the size at each tenth
marathon() {
	made=0 next=0
	while [ "$made" -lt "$1" ]; do
		[ "$made" -lt "$next" ] || {
			echo "$made stamps: memory $(memory)"
			next=$((next + $1 / 10))
		}
		result=$("$bench" "$(url)" "$WORK/ca.pem" "$WORK/tokens" 8 30 2)
		made=$((made + 2 * ${result%% *}))
	done
	echo "$made stamps: memory $(memory)"
}

# idle COUNT
idle() {
	most=$(($(prlimit --nofile --output=HARD --noheadings) - 100))
	[ "$1" -le "$most" ] || { echo "no more than $most files"; return; }
	mkfifo "$WORK/go"
	"$builddir/tests/bench_idle" "$port" "$WORK/ca.pem" "$1" \
	    <"$WORK/go" >"$WORK/idle" &
	holds=$!
	exec 9>"$WORK/go"
	until grep -q connections "$WORK/idle"; do
		kill -0 "$holds" || { echo 'they were not held'; return; }
		sleep 0.2
	done
	echo "$(cat "$WORK/idle"): memory $(memory)"
	echo "beside them: $(load 8 30)"
	echo >&9
	exec 9>&-
	wait "$holds" && tail -n 1 "$WORK/idle"
}

certificates 2>/dev/null
echo "openssl speed: $(openssl speed -seconds 2 ecdsap256 2>/dev/null |
    awk '/ecdsa/ { print $(NF-1) " sign/s, " $NF " verify/s" }')"
best_1=0 best_30=0
server "sqlite:$WORK/books.db"
runs SQLite
pg_start || { echo "PostgreSQL is not installed"; exit 0; }
best_1=0 best_30=0
server "$PG_URI"
runs PostgreSQL

marathon "${STAMPS:-1000000}"
idle "${IDLE:-10000}"
"$postaged" audit

# The same SQL, by pgbench: pieces of stamps that nobody has yet.
cat >"$WORK/issue.sql" <<'EOF'
\set psd random(1, 64)
\set who random(1, 64)
\set piece random(1000000, 1000000000000)
\startpipeline
BEGIN;
SELECT u.id, u.account, u.name, a.name, u.state, a.state, a.reason, c.state, c.reason, u.secret, u.fingerprint, u.address, u.stamp_max, u.day_max, u.month_max, u.own_stamp_max, u.own_day_max, u.own_month_max, u.cost_required, u.own_cost_required, c.id, c.name, c.stamp_max, c.day_max, c.month_max, c.own_stamp_max, c.own_day_max, c.own_month_max, u.by_customer, a.credit, a.load, a.add_below, a.add_amount, n.fence, n.pieces, n.ascending, n.day, n.month, n.day_spent, n.month_spent FROM usersystem_count n JOIN usersystem u ON u.id = n.usersystem JOIN account a ON a.id = u.account JOIN customer c ON c.id = a.customer WHERE n.usersystem = :who FOR UPDATE OF n;
SELECT t.psd, t.state, t.ascending, t.control_total, t.pieces, t.chain, t.complete, p.state FROM psd_state t JOIN psd p ON p.serial = t.psd WHERE t.psd = :psd FOR UPDATE OF t;
UPDATE psd_state SET state = state, chain = chain, pieces = pieces WHERE psd = :psd;
INSERT INTO stamp (psd, piece, usersystem, key, request, amount, mail_date, indicium, chain, made) VALUES (:psd, :piece, :who, decode(md5(random()::text), 'hex'), decode(md5(random()::text), 'hex'), 780, 20260101, decode(repeat(md5('x'), 9), 'hex'), decode(repeat(md5('x'), 2), 'hex'), 1);
INSERT INTO transfer (kind, taken_from, given_to, amount, ref, made) VALUES ('issue', 'psd:1', 'postage', 780, 'bench:' || :piece || ':' || :psd, 1);
UPDATE usersystem_count SET pieces = pieces, ascending = ascending, day = day WHERE usersystem = :who;
COMMIT;
\endpipeline
\startpipeline
BEGIN;
INSERT INTO signature (psd, piece, bytes) VALUES (:psd, :piece, decode(repeat(md5('x'), 4), 'hex')) ON CONFLICT DO NOTHING;
COMMIT;
\endpipeline
EOF
for clients in 1 8 16; do
	tps=$("$PG_BIN/pgbench" -n -M prepared -f "$WORK/issue.sql" \
	    -c "$clients" -j 2 -T "$seconds" -h "$PG" -U postgres postgres |
	    sed -n 's/^tps = \([0-9]*\).*/\1/p')
	echo "pgbench of the same SQL, $clients clients: $tps stamps/s"
	[ "$tps" -le "$pgbench" ] || pgbench=$tps
done
echo "PostgreSQL, single stamps: $best_1 of pgbench's $pgbench:" \
    "$(awk "BEGIN { printf \"%.2f\", $best_1 / $pgbench }")"
