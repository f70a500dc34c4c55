#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_store.sh: transactions a second of the provider's store on both engines,
# and of PostgreSQL's own pgbench with the same SQL on the same server.
#
#	sh tests/bench_store.sh [SECONDS=5]	in the build folder
set -eu
seconds=${1:-5}
bench=${builddir:-$PWD}/tests/bench_store
. "${srcdir:-$(dirname "$0")/..}/tests/pg.sh"
WORK=$(mktemp -d)
trap 'pg_stop; rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM

echo "transactions a second, a debit and a stamp each:"
for threads in 1 8; do
	echo "SQLite, $threads thread(s): $("$bench" "sqlite:$WORK/db" \
	    "$threads" "$seconds")"
done
pg_start || {
	echo "PostgreSQL is not installed"
	exit 0
}
cat >"$WORK/debit.sql" <<'EOF'
\set psd random(0, 63)
BEGIN;
UPDATE bench_psd SET value = value - 780 WHERE id = :psd AND value >= 780;
INSERT INTO bench_stamp (psd, amount, at) VALUES (:psd, 780, 1);
COMMIT;
EOF
for threads in 1 8; do
	echo "PostgreSQL, $threads thread(s): $("$bench" "$PG_URI" \
	    "$threads" "$seconds")"
	echo "pgbench, $threads client(s): $("$PG_BIN/pgbench" -n -M prepared \
	    -f "$WORK/debit.sql" -c "$threads" -j "$threads" -T "$seconds" \
	    -h "$PG" -U postgres postgres | sed -n 's/^tps = \([0-9]*\).*/\1/p')"
done
