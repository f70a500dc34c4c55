#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What systemd hears of the daemons: that they are ready, that they are well while
# they are, and no more when all workers of a provider stand still.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
# shellcheck source=tests/pg.sh
. "$srcdir/tests/pg.sh"
# shellcheck source=tests/provider.sh
. "$srcdir/tests/provider.sh"

# notify_begin NAME: what comes goes to $WORK/NAME.said; daemons that are started
# from here on are to be heard of twice a second.
notify_begin() {
	export NOTIFY_SOCKET="$WORK/$1.notify" WATCHDOG_USEC=2000000
	perl "$srcdir/tests/notified.pl" "$NOTIFY_SOCKET" >"$WORK/$1.said" &
	remember $!
	until_true 5 test -S "$NOTIFY_SOCKET"
}

notify_end() {
	unset NOTIFY_SOCKET WATCHDOG_USEC
}

said() {
	grep -c "^$2\$" "$WORK/$1.said"
}

# said_more NAME: it says that it is well, again.
said_more() {
	said_before=$(said "$1" WATCHDOG=1)
	until_true "${2:-5}" said_beyond "$1"
}

said_beyond() {
	[ "$(said "$1" WATCHDOG=1)" -gt "$said_before" ]
}

# said_nothing NAME: for two periods and a half after one that was under way.
said_nothing() {
	sleep 1.2
	said_before=$(said "$1" WATCHDOG=1)
	sleep 2.5
	! said_beyond "$1"
}

provider_alone "$@"
require perl
WORKERS=2
scheduler_setup

# --- the daemon of a print server ------------------------------------------------
notify_begin vaultd
vault_setup 20.00
vaultd_start
notify_end
check 'vaultd is ready' until_true 5 said vaultd READY=1
check 'and well' said_more vaultd
check 'and again' said_more vaultd
kill -STOP "$VAULTD_PID"
check 'one that is stopped is not' said_nothing vaultd
kill -CONT "$VAULTD_PID"
check 'it goes on' said_more vaultd
stop_pid "$VAULTD_PID"
check_is 'it says that it ends' "$(tail -n 1 "$WORK/vaultd.said")" STOPPING=1

# --- a provider ----------------------------------------------------------------------
provider_setup postgresql
notify_begin one
provider_conf one both "$(provider_port one)" </dev/null
provider_start one
notify_end
check 'a provider is ready' until_true 5 said one READY=1
check_is 'once' "$(said one READY=1)" 1
check 'and well' said_more one
check 'and again' said_more one

# backends SIGNAL: to what PostgreSQL has for each of our connections.
backends() {
	pgrep -P "$PG_PID" -f 'postgres: .*(idle|SELECT|BEGIN|COMMIT)' |
		xargs kill "-$1"
}
# asks: a request that a worker waits with.
asks() {
	provider_says one /v1/crl >/dev/null
}
backends STOP
asks &
remember $!
asks &
remember $!
check 'the database is silent: nothing is said' said_nothing one
check 'the log says why' grep -q 'the database is silent' "$PROVIDER/one.log"
backends CONT
check 'it answers: all is well' said_more one 10

# An answer, though it is no.
pg_halt
check 'a database that is away is no reason to begin again' said_more one 20
check 'nor later' said_more one 20
pg_go
check 'who asks is answered again' until_true 20 provider_answers one
kill -STOP "$(cat "$PROVIDER/one.pid")"
check 'a process that is stopped says nothing' said_nothing one
kill -CONT "$(cat "$PROVIDER/one.pid")"
check 'it goes on' said_more one
check 'it is asked to end' provider_stop one
check_is 'it says so' "$(tail -n 1 "$WORK/one.said")" STOPPING=1

# What another process is to say is not said by this one.
notify_begin other
export WATCHDOG_PID=1
provider_start one
notify_end
unset WATCHDOG_PID
sleep 2
check_is 'of another process nothing is expected' \
	"$(said other WATCHDOG=1)" 0
provider_stop one
done_testing
