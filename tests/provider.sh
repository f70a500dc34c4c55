# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# provider.sh: over lib.sh, what the tests of a provider share: a database, a
# front and processing servers on loopback, in a network namespace of their own,
# and user systems ("computers") at other addresses:
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#	. "$srcdir/tests/pg.sh"
#	. "$srcdir/tests/provider.sh"
#	provider_alone "$@"
#	scheduler_setup
#	provider_setup sqlite
#	provider_server one
#	provider_server two
#	provider_front
#	postaged account add Example Mailroom
#	...
#	provider_token Mailroom desk >FILE
#
# Each process has $PROVIDER/NAME.conf, $PROVIDER/NAME.log and, in
# $PROVIDER/NAME.pid, its process id.

# provider_alone "$@": the script again, in a network namespace.
provider_alone() {
	require unshare ip openssl jq
	require_root
	[ -z "${POSTAGE_ALONE:-}" ] || {
		ip link set lo up
		return 0
	}
	POSTAGE_ALONE=1 exec unshare -n sh "$0" "$@"
}

# --- files ---------------------------------------------------------------------

# provider_certificate NAME ADDRESS...: by the provider's authority of servers.
provider_certificate() {
	certificate_name=$1
	shift
	certificate_alt=DNS:localhost
	for certificate_address; do
		certificate_alt=$certificate_alt,IP:$certificate_address
	done
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-CA "$PROVIDER/tls/ca.pem" -CAkey "$PROVIDER/tls/ca.key" \
		-days 2 -subj "/CN=$certificate_name" \
		-addext "subjectAltName=$certificate_alt" \
		-addext basicConstraints=CA:FALSE \
		-keyout "$PROVIDER/tls/$certificate_name.key" \
		-out "$PROVIDER/tls/$certificate_name.pem" 2>/dev/null
}

# $PROVIDER_ADDRESSES: where the front is, beside 127.0.0.1.
provider_certificates() {
	mkdir -p "$PROVIDER/tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj "/CN=test authority of servers" \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-keyout "$PROVIDER/tls/ca.key" -out "$PROVIDER/tls/ca.pem" \
		2>/dev/null
	# shellcheck disable=SC2086
	provider_certificate front 127.0.0.1 ${PROVIDER_ADDRESSES:-}
	provider_certificate process 127.0.0.1
}

# provider_database ROLE: a front is a user of PostgreSQL's that can look for
# servers, and nothing else (docs/PROVIDER.md).
provider_database() {
	if [ "$1" = web ] && [ "$PROVIDER_DATABASE" = "${PG_URI:-}" ]; then
		echo "postgresql:host=$PG user=front dbname=postgres"
	else
		echo "$PROVIDER_DATABASE"
	fi
}

# provider_conf NAME ROLE PORT: standard input is added to its end.
provider_conf() {
	cat >"$PROVIDER/$1.conf" <<-EOT
	[postaged]
	role = $2
	name = $1
	database = $(provider_database "$2")
	authority = $PROVIDER/authority
	cluster-key = $PROVIDER/cluster.key
	choose-psd = ${CHOOSE_PSD:-round-robin}
	choose-server = ${CHOOSE_SERVER:-round-robin}
	drain = 10
	workers = ${WORKERS:-4}

	[web]
	listen = ${PROVIDER_LISTEN:-127.0.0.1}:$3
	certificate = $PROVIDER/tls/front.pem
	key = $PROVIDER/tls/front.key

	[process]
	listen = 127.0.0.1:$3
	url = https://127.0.0.1:$3
	certificate = $PROVIDER/tls/process.pem
	key = $PROVIDER/tls/process.key
	authority = $PROVIDER/tls/ca.pem

	[module main]
	uri = software:$PROVIDER/module.key
	EOT
	cat >>"$PROVIDER/$1.conf"
}

# --- processes -----------------------------------------------------------------

# The program, with the configuration of the processing servers.  The service's
# user is here the same as the daemon's.
postaged() {
	setpriv --reuid=postage --regid=postage --clear-groups -- \
		"$WORK/bin/postaged" --config "$PROVIDER/admin.conf" "$@"
}

# provider_postgresql: a server with an empty database, $PROVIDER_DATABASE.
provider_postgresql() {
	pg_start || skip 'PostgreSQL is not installed'
	trap 'provider_code=$?; pg_stop; (exit $provider_code)
		work_cleanup' EXIT
	chmod 711 "$PG" # its socket
	PROVIDER_DATABASE=$PG_URI
}

# provider_setup sqlite|postgresql: database, certificates, init.  $PUBLISH is
# where postage-verify finds the provider's certificates.
provider_setup() {
	require openssl jq
	PROVIDER=$WORK/provider
	install -m 0755 "$(built postaged)" "$WORK/bin/"
	mkdir -p "$PROVIDER"
	if [ "$1" = postgresql ]; then
		provider_postgresql
	else
		PROVIDER_DATABASE=sqlite:$PROVIDER/provider.db
	fi
	PUBLISH=$PROVIDER/certificates
	provider_certificates
	provider_conf admin process 1 </dev/null
	chown -R postage:postage "$PROVIDER"
	postaged init --licence "${LICENCE:-22202}" --holder 'Test provider' \
		--publish "$PUBLISH" >"$PROVIDER/init.log" 2>&1 || {
		sed 's/^/# /' "$PROVIDER/init.log"
		exit 99
	}
	[ "$1" != postgresql ] || provider_front_user
}

provider_front_user() {
	psql -Xq "$PG_CONN" -c 'CREATE ROLE front LOGIN' -c 'GRANT SELECT
		ON schema_version, licence, server TO front' || exit 99
}

# provider_port NAME: which each process keeps.
provider_port() {
	case $1 in
	front) echo "$((PORT + 4))" ;;
	one) echo "$((PORT + 5))" ;;
	two) echo "$((PORT + 6))" ;;
	*) echo "$((PORT + 7))" ;;
	esac
}

# provider_start NAME: again, as it was configured.
provider_start() {
	setpriv --reuid=postage --regid=postage --clear-groups -- \
		"$WORK/bin/postaged" --config "$PROVIDER/$1.conf" serve \
		>>"$PROVIDER/$1.log" 2>&1 &
	echo $! >"$PROVIDER/$1.pid"
	remember $!
	until_true 10 provider_answers "$1"
}

provider_answers() {
	provider_says "$1" /v1/health >/dev/null
}

# provider_says NAME PATH [CURL-OPTION...]: what a process answers.
provider_says() {
	says_url=https://127.0.0.1:$(provider_port "$1")$2
	shift 2
	curl -sSf --noproxy '*' --cacert "$PROVIDER/tls/ca.pem" "$@" \
		"$says_url" 2>/dev/null
}

# provider_server NAME
provider_server() {
	provider_conf "$1" process "$(provider_port "$1")" </dev/null
	provider_start "$1"
}

# provider_front [NAME]
provider_front() {
	provider_conf "${1:-front}" web "$(provider_port "${1:-front}")" \
		</dev/null
	provider_start "${1:-front}"
}

# provider_stop NAME [SIGNAL]
provider_stop() {
	stop_pid "$(cat "$PROVIDER/$1.pid")" "${2:-TERM}"
}

# provider_sheets: ranges of label sheets, as lines of standard input.
provider_sheets() {
	cat >"$PROVIDER/sheets"
	postaged sheet import "$PROVIDER/sheets"
}

# provider_publish ACCOUNT: the certificates of its PSDs, as the front gives them
# to anybody, into $PUBLISH.
provider_publish() {
	for publish_psd in $(postaged psd list "$1" | grep -o '^[A-Z]*[0-9]*');
	do
		provider_says front "/v1/certificates/$publish_psd" |
			openssl x509 -inform DER -out "$PUBLISH/$publish_psd.pem"
	done
}

# provider_metric NAME METRIC: its value at that process.
provider_metric() {
	provider_says "$1" /metrics | awk -v name="$2" '$1 == name { print $2 }'
}

# --- user systems ---------------------------------------------------------------

# provider_token ACCOUNT NAME [OPTION...]: adds a user system, prints its token.
provider_token() {
	postaged system add "$@" | sed -n '/^token/{n;p;}'
}

# provider_vault ADDRESS: the URI of a vault, its token's file left out.
provider_vault() {
	echo "https://$1:$(provider_port front)/?authority=$(
	)$PROVIDER/tls/ca.pem&token="
}

# provider_computer URI TOKEN CERTIFICATES: over scheduler_setup and chain.sh,
# daemon and scheduler of a computer whose vault is that user system.
provider_computer() {
	require ZXingReader zbarimg gs pdftoppm pdftotext jq
	printf '%s\n' "$2" >"$WORK/token"
	chown postage "$WORK/token"
	chmod 600 "$WORK/token"
	cp -r "$3" "$WORK/state/certificates"
	chown -R postage:postage "$WORK/state/certificates"
	computer_uri=$(echo "$1$WORK/token" | sed 's/&/\\&/g')
	sed -i -e "s|^uri = .*|uri = $computer_uri|" -e 's/^wait = .*/wait = 4/' \
		"$WORK/etc/postage.conf"
	chain_begin
}

# The paper is what the user system, its journal and the provider's books say.
provider_agrees() {
	is "$(register ascending)" "$(fields_of "$WORK/stamps.all" postage |
		sum)" || return 1
	as_postage "$WORK/bin/postage" journal check || return 1
	postaged audit
}

# --- other computers -------------------------------------------------------------

# computer_plug NAME OURS THEIRS: a network namespace at address THEIRS, which
# reaches this one at OURS; both with their prefix, as 192.0.2.1/24.
computer_plug() {
	unshare -n sleep 1000 &
	echo $! >"$WORK/$1.computer"
	remember $!
	until_true 5 computer_is_apart "$1"
	ip link add "to-$1" type veth peer name eth0 netns "$(cat \
		"$WORK/$1.computer")"
	ip address add "$2" dev "to-$1"
	ip link set "to-$1" up
	computer "$1" ip address add "$3" dev eth0
	computer "$1" ip link set eth0 up
	computer "$1" ip link set lo up
}

computer_is_apart() {
	[ "$(readlink "/proc/$(cat "$WORK/$1.computer")/ns/net")" != \
		"$(readlink /proc/self/ns/net)" ]
}

# computer NAME COMMAND...: runs there.
computer() {
	computer_pid=$(cat "$WORK/$1.computer")
	shift
	nsenter -t "$computer_pid" -n -- "$@"
}
