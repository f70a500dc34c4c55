# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2016,SC2154
#
# patroni.sh: over lib.sh and pg.sh, the cluster of docs/CLUSTER.md on loopback
# addresses of its own: db1, db2 and db3, each with etcd, Patroni and PostgreSQL,
# all of which are Debian's; and haproxy.
#
#	cluster_make		folder $PG, certificates, configuration
#	etcd_go NAME		each of these starts, and does not wait
#	node_go NAME		Patroni, which starts PostgreSQL
#	haproxy_go PORT
#	machine_dies NAME	all three, as when its power goes
#	machine_stops NAME	they stand still; machine_wakes NAME
#	cluster_stop		ends all, removes $PG
#
# $PATRONI_TIMES are ttl, loop_wait and retry_timeout; PATRONI_DCS=etcd3 is etcd's
# new protocol, with which machine_hangs loses stamps where Patroni is 3.0.2.

NODES='db1 db2 db3'

# --- where things are -----------------------------------------------------------

node_address() {
	echo "127.$((PORT / 256)).$((PORT % 256)).1${1#db}"
}

node_pid() {
	sed -n 1p "$PG/$1/data/postmaster.pid" 2>/dev/null
}

# A machine's processes: etcd, Patroni, PostgreSQL and its children.
machine_pids() {
	for machine_pid in $(cat "$PG/$1/etcd.pid" "$PG/$1/patroni.pid" \
		2>/dev/null) $(node_pid "$1"); do
		echo "$machine_pid"
		pgrep -P "$machine_pid"
	done | sort -u
}

# --- certificates and configuration ------------------------------------------------

# cluster_certificate NAME EXTENSION: signed by the cluster's authority.
cluster_certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -keyout "$PG/$1.key" -out "$PG/$1.csr" \
		2>/dev/null
	echo "$2" >"$PG/$1.ext"
	openssl x509 -req -in "$PG/$1.csr" -CA "$PG/ca.pem" \
		-CAkey "$PG/ca.key" -CAcreateserial -days 2 \
		-extfile "$PG/$1.ext" -out "$PG/$1.pem" 2>/dev/null
	chmod 600 "$PG/$1.key"
}

# From one address to another of loopback is from 127.0.0.1, for etcd.
cluster_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj "/CN=test authority of databases" \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-keyout "$PG/ca.key" -out "$PG/ca.pem" 2>/dev/null
	for node in $NODES; do
		cluster_certificate "$node" \
			"subjectAltName=IP:$(node_address "$node"),IP:127.0.0.1"
	done
	cluster_certificate postaged extendedKeyUsage=clientAuth
	cat "$PG/db1.pem" "$PG/db1.key" >"$PG/haproxy.pem"
}

# The text of docs/CLUSTER.md, with these folders, addresses and times; no
# watchdog, and a socket for each as they are on one machine.
node_conf() {
	# shellcheck disable=SC2086 # three
	set -- "$1" ${PATRONI_TIMES:-30 10 10}
	sed -n '/^```yaml$/,/^```$/p' "$srcdir/docs/CLUSTER.md" |
		sed -e '/^```/d' -e "s|db1|$1|g" \
			-e "s|192\.0\.2\.0/24|127.0.0.0/8|" \
			-e "s|192\.0\.2\.11:2379, 192\.0\.2\.12:2379, \
192\.0\.2\.13:2379|$(node_address db1):2379, $(node_address db2):2379, \
$(node_address db3):2379|" \
			-e "s|192\.0\.2\.11|$(node_address "$1")|" \
			-e "s|/etc/patroni|$PG|" \
			-e "s|/var/lib/postgresql/15/postage|$PG/$1/data|" \
			-e "s|/var/run/postgresql|$PG/$1|" \
			-e "s|ttl: 30|ttl: $2|" -e "s|loop_wait: 10|loop_wait: $3|" \
			-e "s|retry_timeout: 10|retry_timeout: $4|" \
			-e 's|mode: required|mode: "off"|' \
			-e "s|^etcd:|${PATRONI_DCS:-etcd}:|" \
			>"$PG/$1/config.yml"
}

cluster_make() {
	PG=$(mktemp -d /tmp/postage-pg.XXXXXX)
	chmod 755 "$PG"
	cluster_certificates
	for node in $NODES; do
		mkdir "$PG/$node"
		node_conf "$node"
	done
	cp "$PG/postaged.pem" "$PG/postaged.key" "$WORK"
	[ "$(id -u)" != 0 ] || chown -R postgres "$PG"
}

# --- processes -------------------------------------------------------------------

# machine_runs NAME PROGRAM ARGUMENT...: PATH is what systemd gives.
machine_runs() {
	machine=$1 program=$2
	shift
	(cd / && HOME=$PG PATH=/usr/bin:/bin pg_as --pdeathsig KILL "$@") \
		</dev/null >>"$PG/$machine/$program.log" 2>&1 &
	echo $! >"$PG/$machine/$program.pid"
}

# Members of one machine's folder; a new one joins as it was.
etcd_go() {
	etcd_peers=
	for node in $NODES; do
		etcd_peers="$etcd_peers,$node=https://$(node_address \
			"$node"):2380"
	done
	etcd_at=https://$(node_address "$1")
	machine_runs "$1" etcd --enable-v2 --name "$1" --data-dir "$PG/$1/etcd" \
		--listen-client-urls "$etcd_at:2379" \
		--advertise-client-urls "$etcd_at:2379" \
		--listen-peer-urls "$etcd_at:2380" \
		--initial-advertise-peer-urls "$etcd_at:2380" \
		--initial-cluster "${etcd_peers#,}" \
		--initial-cluster-token postage \
		--cert-file "$PG/$1.pem" --key-file "$PG/$1.key" \
		--trusted-ca-file "$PG/ca.pem" --client-cert-auth \
		--peer-cert-file "$PG/$1.pem" --peer-key-file "$PG/$1.key" \
		--peer-trusted-ca-file "$PG/ca.pem" --peer-client-cert-auth
}

node_go() {
	machine_runs "$1" patroni "$PG/$1/config.yml"
}

machine_goes() {
	etcd_go "$1"
	node_go "$1"
}

haproxy_conf() {
	cat <<-EOT
	defaults
	    timeout connect 5s
	EOT
	sed -n '/^listen postage$/,/^```$/p' "$srcdir/docs/CLUSTER.md" |
		sed -e '/^```/d' -e "s|127\.0\.0\.1:5000|127.0.0.1:$1|" \
			-e "s|192\.0\.2\.11|$(node_address db1)|" \
			-e "s|192\.0\.2\.12|$(node_address db2)|" \
			-e "s|192\.0\.2\.13|$(node_address db3)|" \
			-e "s|/etc/postage|$PG|g"
}

haproxy_go() {
	haproxy_conf "$1" >"$PG/haproxy.cfg"
	/usr/sbin/haproxy -db -f "$PG/haproxy.cfg" </dev/null \
		>>"$PG/haproxy.log" 2>&1 &
	remember $!
}

# shellcheck disable=SC2046 # several
machine_dies() {
	kill -KILL $(machine_pids "$1") 2>/dev/null
	until_true 10 fails_to_find "$PG/$1/"
	rm -f "$PG/$1/data/postmaster.pid"
}

# shellcheck disable=SC2046 # several
machine_stops() {
	kill -STOP $(machine_pids "$1")
}

# shellcheck disable=SC2046 # several
machine_wakes() {
	kill -CONT $(machine_pids "$1")
}

cluster_stop() {
	for node in $NODES; do
		machine_dies "$node"
	done
	rm -rf "$PG"
}

# --- what Patroni says ----------------------------------------------------------------

cluster_ctl() {
	PATH=/usr/bin:/bin HOME=$PG patronictl -c "$PG/db${CTL:-1}/config.yml" \
		"$@"
}

# node_says NAME PATH: of its REST interface.
node_says() {
	curl -sf --noproxy '*' -m 2 --cacert "$PG/ca.pem" --cert "$PG/db1.pem" \
		--key "$PG/db1.key" "https://$(node_address "$1"):8008$2"
}

# The machine that Patroni takes for the primary.
cluster_leader() {
	for node in $NODES; do
		if node_says "$node" /primary >/dev/null; then
			echo "$node"
			return
		fi
	done
}

# leader_is_not NAME: there is one, and it is another.
leader_is_not() {
	leader=$(cluster_leader)
	[ -n "$leader" ] && [ "$leader" != "$1" ]
}

node_sql() {
	node_sql_at=$PG/$1
	shift
	(cd / && pg_as psql -XqAt -h "$node_sql_at" -U postgres "$@")
}

# The synchronous one, as Patroni has it in etcd; after a change that takes until
# its next round, and whoever follows counts meanwhile.
cluster_standby() {
	for node in $NODES; do
		if node_says "$node" /synchronous >/dev/null; then
			echo "$node"
			return
		fi
	done
}

# has_standbys LEADER N: so many machines follow.
has_standbys() {
	[ "$(node_sql "$1" -c 'SELECT count(*) FROM pg_stat_replication
		WHERE state = $$streaming$$')" = "$2" ]
}
