#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pg.sh: a private PostgreSQL server, on a Unix socket in a folder of its own.
#
#	. tests/pg.sh
#	pg_start	make the folder $PG, start; sets PG_CONN (for psql) and
#			PG_URI (for provider/store.h)
#	pg_halt [KILL]	end the server, by default at once but whole
#	pg_go		start it again
#	pg_stop		end it and remove the folder
#
#	sh tests/pg.sh	prints PG_URI, lives until its standard input ends; 77
#			where PostgreSQL is not installed
#
# It syncs as in real life, and dies with the shell that started it.

pg_bin() {
	find /usr/lib/postgresql/*/bin -name postgres 2>/dev/null | sort -V |
	    sed -n '$s,/postgres$,,p'
}

# Becomes that program, in a subshell; PostgreSQL does not run as root.
pg_as() {
	if [ "$(id -u)" = 0 ]; then
		exec setpriv --reuid postgres --regid postgres --init-groups \
		    "$@"
	else
		exec setpriv "$@"
	fi
}

# The file of the process says when it takes connections.
pg_go() {
	(cd / && pg_as --pdeathsig QUIT "$PG_BIN/postgres" -D "$PG/data") \
	    </dev/null >>"$PG/log" 2>&1 &
	PG_PID=$!
	pg_tries=0
	until sed -n 8p "$PG/data/postmaster.pid" 2>/dev/null |
	    grep -q ready; do
		pg_tries=$((pg_tries + 1))
		if [ "$pg_tries" -gt 300 ] || ! kill -0 "$PG_PID"; then
			cat "$PG/log" >&2
			return 1
		fi
		sleep 0.1
	done
}

pg_start() {
	PG_BIN=$(pg_bin)
	[ -n "$PG_BIN" ] || return 77
	PG=$(mktemp -d /tmp/postage-pg.XXXXXX)
	[ "$(id -u)" != 0 ] || chown postgres "$PG"
	if ! (cd / && pg_as "$PG_BIN/initdb" -D "$PG/data" -U postgres -A trust \
	    -E UTF8 --locale=C --no-sync) >"$PG/log" 2>&1; then
		cat "$PG/log" >&2
		return 1
	fi
	cat >>"$PG/data/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$PG'
fsync = on
max_connections = 60
shared_buffers = 64MB
EOF
	PG_CONN="host=$PG user=postgres dbname=postgres"
	PG_URI="postgresql:$PG_CONN"
	pg_go
}

# The server sets its own handlers: a shell's background job ignores QUIT.
pg_halt() {
	kill "-${1:-QUIT}" "$PG_PID"
	wait "$PG_PID" 2>/dev/null || :
}

pg_stop() {
	[ -n "${PG-}" ] || return 0
	[ -z "${PG_PID-}" ] || pg_halt
	rm -rf "$PG"
	PG=
}

case $0 in
*pg.sh)
	trap pg_stop EXIT
	trap 'exit 1' HUP INT TERM
	pg_start || exit
	echo "$PG_URI"
	cat >/dev/null
	;;
esac
