# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# provider_faults.sh: over lib.sh and pg.sh, what the fault tests of a provider
# share: two postaged on one database, lines to them that break, clients that
# write down everything (tests/provider_load), and the account at the end.
#
#	books_start sqlite|postgresql [front]	init, accounts, PSDs, user
#			systems; roles: both, or processing servers and a front
#	server_go one|two|front		starts it; does not wait
#	server_keep			starts what has ended by itself
#	line_go PORT TO CUTS DELAYS	tests/badline; ends with the test
#	load_go SECONDS			the clients; $LOAD_URLS
#	books_end			their account with the provider
#
# In $BOOKS: NAME.conf, NAME.log and NAME.pid of each server, load/ of the
# clients.  Server "two" has a second module, in a SoftHSM token, and reaches
# PostgreSQL through a line that breaks.

PAID_IN=5000000.00

# --- servers --------------------------------------------------------------------

# server_conf NAME DATABASE ROLE [URL]: the URL of a processing server is where
# fronts reach it.
server_conf() {
	cat >"$BOOKS/$1.conf" <<-EOT
	[postaged]
	role = $3
	name = $1
	database = $2
	authority = $BOOKS/authority
	cluster-key = $BOOKS/cluster.key
	choose-psd = round-robin
	choose-server = round-robin
	workers = 4
	drain = 5
	module-wait = 3000

	[web]
	listen = 127.0.0.1:$(server_port "$1")

	[process]
	listen = 127.0.0.1:$(server_port "$1")
	url = ${4:-}

	[module soft]
	uri = software:$BOOKS/module.key

	[psd]
	max-value = 150.00
	EOT
	[ "$1" != two ] || cat >>"$BOOKS/$1.conf" <<-EOT
	[module token]
	uri = $TOKEN_URI
	pin-file = $BOOKS/pin
	EOT
}

server_go() {
	"$builddir/postaged" --config "$BOOKS/$1.conf" serve \
		>>"$BOOKS/$1.log" 2>&1 &
	echo $! >"$BOOKS/$1.pid"
}

# SoftHSM writes its token anew at each login, not all at once, and one that is
# killed then leaves it empty; a module that loses its keys is not what is tested.
token_mend() {
	find "$BOOKS/tokens" -name '*.object' -size -100c |
		while read -r mend_file; do
			cp "$BOOKS/whole/${mend_file#"$BOOKS/tokens/"}" \
				"$mend_file"
		done
}

# server_keep: those that ended by themselves, as no database was there, are started
# again, as systemd would.
server_keep() {
	token_mend
	for keep_server in $SERVERS; do
		case $(cat "/proc/$(server_pid "$keep_server")/stat" \
			2>/dev/null) in
		'' | *') Z '*) server_go "$keep_server" ;;
		esac
	done
}

server_pid() {
	cat "$BOOKS/$1.pid"
}

# What it counted is gone with it.
server_count() {
	curl -sf --noproxy '*' -m 1 \
		"http://127.0.0.1:$(server_port "$1")/metrics" |
		awk '$1 == "postage_commits_in_doubt_total" { print $2 }' \
			>>"$BOOKS/doubts"
}

# server_kill NAME [SIGNAL]
server_kill() {
	server_count "$1"
	kill "-${2:-KILL}" "$(server_pid "$1")" 2>/dev/null
	wait "$(server_pid "$1")" 2>/dev/null
}

server_port() {
	case $1 in
	one) echo "$PORT" ;;
	two) echo "$((PORT + 1))" ;;
	front) echo "$((PORT + 5))" ;;
	esac
}

server_answers() {
	curl -sf --noproxy '*' -m 2 -o "$WORK/health" \
		"http://127.0.0.1:$(server_port "$1")/v1/health"
}

# Over a line that does not break.
admin() {
	"$builddir/postaged" --config "$BOOKS/admin.conf" "$@"
}

# --- lines -------------------------------------------------------------------------

line_go() {
	"$builddir/tests/badline" "$@" >>"$WORK/lines.log" 2>&1 &
	remember $!
}

# --- the books ------------------------------------------------------------------------

token_make() {
	for token_module in /usr/lib/softhsm/libsofthsm2.so \
		/usr/lib64/pkcs11/libsofthsm2.so \
		/usr/lib64/softhsm/libsofthsm.so; do
		[ -r "$token_module" ] && break
	done
	[ -r "$token_module" ] || skip 'SoftHSM is not installed'
	mkdir "$BOOKS/tokens"
	SOFTHSM2_CONF=$BOOKS/softhsm2.conf
	export SOFTHSM2_CONF
	printf 'directories.tokendir = %s\nlog.level = ERROR\n' \
		"$BOOKS/tokens" >"$SOFTHSM2_CONF"
	echo 271828 >"$BOOKS/pin"
	chmod 600 "$BOOKS/pin"
	softhsm2-util --init-token --free --label Postage --pin 271828 \
		--so-pin 12345678 >"$WORK/token.log" || exit 99
	TOKEN_URI="pkcs11:token=Postage?module-path=$token_module"
}

books_make() {
	admin init --licence 22202 --holder 'Test provider' &&
		admin account add Example Mailroom --load 20.00 &&
		admin psd add Mailroom --module soft --count 3 &&
		admin psd add Mailroom --module token &&
		admin credit Mailroom "$PAID_IN" --ref first || return 1
	for books_system in $(seq "${SYSTEMS:-6}"); do
		admin system add Mailroom "desk$books_system" >"$BOOKS/added" ||
			return 1
		sed -n '/^token/{n;p;}' "$BOOKS/added" >>"$LOAD/tokens"
	done
}

# books_database ENGINE: DATABASE is the URI, FAR_DATABASE that of server two.
books_database() {
	if [ "$1" = sqlite ]; then
		DATABASE=sqlite:$BOOKS/provider.db
		FAR_DATABASE=$DATABASE
		return
	fi
	pg_start || skip 'PostgreSQL is not installed'
	DATABASE=$PG_URI
	FAR_DATABASE="postgresql:host=127.0.0.1 port=$((PORT + 4)) \
sslmode=disable gssencmode=disable user=postgres dbname=postgres"
	line_go "$((PORT + 4))" "$PG/.s.PGSQL.5432" "${PG_CUTS:-150}" 150
}

books_start() {
	BOOKS=$WORK/$1
	LOAD=$BOOKS/load
	mkdir -p "$LOAD"
	token_make
	books_database "$1"
	SERVERS='one two'
	server_conf two "$DATABASE" both
	cp "$BOOKS/two.conf" "$BOOKS/admin.conf"
	books_make >"$BOOKS/init.log" 2>&1 || {
		sed 's/^/# /' "$BOOKS/init.log"
		exit 99
	}
	cp -r "$BOOKS/tokens" "$BOOKS/whole" # with the key in it
	books_roles "${2:-}"
}

# With a front it alone is what clients reach; it and one of the processing
# servers speak over a line that breaks.
books_roles() {
	if [ -z "$1" ]; then
		server_conf one "$DATABASE" both
		server_conf two "$FAR_DATABASE" both
		return
	fi
	SERVERS='one two front'
	server_conf one "$DATABASE" process "http://127.0.0.1:$PORT"
	server_conf two "$FAR_DATABASE" process "http://127.0.0.1:$((PORT + 3))"
	server_conf front "$DATABASE" web
}

# --- clients -----------------------------------------------------------------------------

# One date for all requests: midnight must not change them.
LOAD_DATE=$(date +%Y%m%d)

# shellcheck disable=SC2086 # several URLs
load_go() {
	"$builddir/tests/provider_load" run "$LOAD" "$LOAD_DATE" "$1" \
		"${LOAD_REST:-0}" ${LOAD_URLS:?} >>"$BOOKS/load.log" 2>&1 &
	# shellcheck disable=SC2034 # for the tests
	LOAD_PID=$!
}

load_direct() {
	case $SERVERS in
	*front*) echo "http://127.0.0.1:$(server_port front)" ;;
	*) echo "http://127.0.0.1:$(server_port one)" \
		"http://127.0.0.1:$(server_port two)" ;;
	esac
}

# Commits that servers were not sure of, as far as they could say so.
load_doubts() {
	awk '{ n += $1 } END { print n + 0 }' "$BOOKS/doubts"
}

# The history says how often it was not known what came of a request.
load_unknown() {
	cat "$LOAD"/history.*.jsonl | grep -c '"type":"info"'
}

# --- the end --------------------------------------------------------------------------------

# shellcheck disable=SC2046 # several
load_asked() {
	"$builddir/tests/provider_load" check "$LOAD" "$LOAD_DATE" 0 0 \
		$(load_direct) >"$BOOKS/agrees" 2>&1
	agrees_code=$?
	! grep -q 'no processing server answers' "$BOOKS/agrees"
}

# load_agrees: prints what provider_load found.  A front takes a second to see that
# a server is back.
load_agrees() {
	until_true 30 load_asked
	cat "$BOOKS/agrees"
	return "$agrees_code"
}

# What was paid in is in the credit, in the PSDs, or was spent by the clients.
books_add_up() {
	admin account show Mailroom >"$BOOKS/account"
	admin psd list Mailroom >"$BOOKS/psds"
	cat "$BOOKS/account" "$BOOKS/psds"
	awk -v in_all="$PAID_IN" '
	function mils(text) {
		gsub(/,/, "", text)
		return text * 1000
	}
	/^credit/ { credit = mils($2) }
	/^in PSDs/ { psds = mils($3) }
	/ spent / {
		for (i = 1; i < NF; i++) {
			if ($i == "spent") spent += mils($(i + 1))
			if ($i == "left") left += mils($(i + 1))
			if (($i == "left" || $i == "spent") && $(i + 1) < 0)
				negative = 1
		}
	}
	END {
		sum = credit + psds + spent
		printf "%.0f + %.0f + %.0f = %.0f of %.0f\n", credit, psds,
			spent, sum, mils(in_all)
		d = sum - mils(in_all)
		exit negative || credit < 0 || left - psds > 0.5 ||
			psds - left > 0.5 || d > 0.5 || d < -0.5
	}' "$BOOKS/account" "$BOOKS/psds"
}

# Whatever died, its children are gone too.
no_orphans() {
	until_true 15 fails_to_find "$builddir/postaged --config $BOOKS/" || {
		pgrep -af "$builddir/postaged --config $BOOKS/"
		return 1
	}
}

fails_to_find() {
	! pgrep -f "$1" >/dev/null
}

# books_end WHAT: both servers are up then.
books_end() {
	for end_server in $SERVERS; do
		server_keep
		until_true 30 server_answers "$end_server" ||
			tail -n 5 "$BOOKS/$end_server.log" | sed 's/^/# /'
	done
	check "$1: client and provider have the same stamps, to the mil" \
		load_agrees
	say "$(tail -n 1 "$BOOKS/agrees")"
	# what a crash left on its way into a PSD comes in seconds later
	check "$1: what was paid in is there or was spent" \
		until_true 15 books_add_up
	check "$1: postaged audit finds nothing" admin audit
	for end_server in $SERVERS; do
		server_kill "$end_server" TERM
	done
	check "$1: no process is left behind" no_orphans
}
