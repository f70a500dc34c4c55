#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# s_package.sh: the Debian package, built from these sources, lintian content;
# installed it makes its user and its socket and nothing else, and removed it
# leaves no queue that cannot print.
#
# It is installed into a copy of this system that is thrown away: an overlay
# over / in a mount namespace of its own, with a scheduler of its own.
set -u
srcdir=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
top=${TMPDIR:-/tmp}
number=0 failed=0

say() {
	echo "# $*"
}

skip() {
	say "skipped: $*"
	exit 77
}

check() {
	local what=$1

	shift
	number=$((number + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		tail -n 25 "$work/out" | sed 's/^/#    /'
		failed=1
	fi
}

# --- in the copy ---------------------------------------------------------------

# listing FOLDER...: names, modes and owners of what lies there
listing() {
	find "$@" -printf '%p %M %u %g\n' 2>/dev/null | sort
}

# What an installation may touch beyond the package's own files.
everything_else() {
	getent passwd | cut -d: -f1 | sed 's/^/user /'
	listing /etc/systemd /etc/cups /var/lib/postage /var/spool/cups
	cat /etc/cups/cupsd.conf /etc/cups/printers.conf 2>/dev/null
}

start_cupsd() {
	local i

	cat >/etc/cups/cupsd.conf <<-'CONF'
	Listen /run/cups/postage-test.sock
	DefaultAuthType None
	<Policy default>
	<Limit All>
	Order allow,deny
	Allow all
	</Limit>
	</Policy>
	CONF
	rm -f /etc/cups/printers.conf
	mkdir -p /run/cups
	/usr/sbin/cupsd -f >/dev/null 2>&1 &
	cupsd=$!
	for ((i = 0; i < 100; i++)); do
		lpstat -r 2>/dev/null | grep -q 'is running' && return
		sleep 0.1
	done
	return 1
}

only_expected() {
	diff "$work/before" "$work/after" | grep '^[<>]' >"$work/difference"
	grep -vxF -e '> user postage' \
	    -e '> /var/lib/postage drwx------ postage postage' \
	    "$work/difference" |
	    grep -vE '^> /etc/systemd/system/sockets\.target\.wants' |
	    grep -q . || return 0
	cat "$work/difference"
	return 1
}

folder_is_made() {
	[ "$(stat -c '%U %a' /var/lib/postage)" = 'postage 700' ]
}

socket_is_enabled() {
	[ -L /etc/systemd/system/sockets.target.wants/postage-vaultd.socket ]
}

service_is_not_enabled() {
	! find /etc/systemd -name postage-vaultd.service | grep .
}

backend_is_roots() {
	[ "$(stat -c '%U %a' /usr/lib/cups/backend/postage)" = "root 700" ]
}

add_queues() {
	lpadmin -p Laser -E -v socket://127.0.0.1:9 \
	    -P /usr/share/cups/model/postage/postage-pwg.ppd 2>/dev/null
	lpadmin -p Laser -P "$work/laser.ppd" 2>/dev/null &&
	    postage queue add Postage --printer Laser --add-policy &&
	    lpstat -v | grep -q '^device for Postage: postage:'
}

speaks_german() {
	! LC_ALL=de_DE.UTF-8 lpstat -r | grep 'is running'
}

queues_are() {
	[ "$(lpstat -e | sort | tr '\n' ' ')" = "$1" ]
}

in_copy() {
	export LC_ALL=C CUPS_SERVER=/run/cups/postage-test.sock
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod +x /usr/sbin/policy-rc.d
	userdel postage 2>/dev/null
	rm -rf /var/lib/postage /etc/postage
	rm -f /var/lib/man-db/auto-update # an index of all pages, each time
	everything_else >"$work/before"
	check 'it installs' dpkg -i "$work"/cups-postage_*.deb
	everything_else >"$work/after"
	check 'with a user, a folder and a socket more, and nothing else' \
	    only_expected
	check 'the folder is there' folder_is_made
	check 'the socket is enabled' socket_is_enabled
	check 'the daemon is not' service_is_not_enabled
	check 'the backend is for root alone' backend_is_roots
	check 'polkit reads our rule' \
	    test -r /usr/share/polkit-1/rules.d/50-cups-postage.rules
	check 'every program tells its version' bash -c \
	    'postage --version && postage-verify --version &&
	     postage-vaultd --version'
	check 'a scheduler starts' start_cupsd
	check 'a queue is added' add_queues
	check 'it can be installed again' dpkg -i "$work"/cups-postage_*.deb
	check 'which keeps the queue' queues_are 'Laser Postage '
	check 'a vault is made' postage vault create
	# lpstat's words are others then
	check 'where people speak German' speaks_german
	check 'it is removed' env LC_ALL=de_DE.UTF-8 dpkg -r cups-postage
	check 'and the postage queue with it, not the printer' \
	    queues_are 'Laser '
	check 'the configuration stays' test -f /etc/postage/postage.conf
	check 'it is purged' dpkg -P cups-postage
	check 'the configuration goes' test ! -e /etc/postage/postage.conf
	check 'the vault stays' test -s /var/lib/postage/vault/psd.vault
	kill "$cupsd"
	wait "$cupsd" 2>/dev/null
	provider_in_copy
	exit "$failed"
}

postaged() {
	setpriv --reuid=postaged --regid=postaged --clear-groups postaged "$@"
}

provider_is_idle() {
	[ "$(stat -c '%U %a' /var/lib/postaged)" = 'postaged 700' ] &&
	    ! find /etc/systemd -name 'postaged.*' | grep .
}

provider_in_copy() {
	userdel postaged 2>/dev/null
	rm -rf /var/lib/postaged /etc/postage
	check 'the provider installs, without the other' \
	    dpkg -i "$work"/cups-postage-provider_*.deb
	check 'with a user and a folder, and starts nothing' provider_is_idle
	check 'its configuration is good' postaged --check-config
	check 'its user makes the books' postaged init
	check 'its units are right' systemd-analyze verify --man=no \
	    postaged.service postaged.socket postaged@one.service
	check 'it is purged' dpkg -P cups-postage-provider
	check 'the books stay' test -s /var/lib/postaged/provider.db
}

# --- outside ---------------------------------------------------------------------

# Compiled in haste; what the compiler makes of it is looked at elsewhere.
build_package() {
	mkdir "$work/cups-postage" &&
	    tar -C "$srcdir" --exclude=./_build --exclude=./.git \
		--exclude=./out --exclude=./autom4te.cache --exclude=./.ci \
		-c . | tar -x -C "$work/cups-postage" &&
	    cd "$work/cups-postage" &&
	    DEB_BUILD_OPTIONS='nocheck parallel=2 noautodbgsym' \
		DEB_CFLAGS_APPEND='-O1 -g0' dpkg-buildpackage -us -uc
}

lintian_is_content() {
	lintian --allow-root --fail-on error,warning,info \
	    --suppress-tags package-supports-alternative-init-but-no-init.d-script,initial-upload-closes-no-bugs \
	    "$work"/cups-postage_*.changes
}

mount_copy() {
	mount -t tmpfs tmpfs "$work/copy" &&
	    mkdir "$work/copy/upper" "$work/copy/work" "$work/copy/root" &&
	    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/copy/upper,workdir=$work/copy/work" \
		"$work/copy/root" &&
	    mount -t proc proc "$work/copy/root/proc" &&
	    mount --bind /dev "$work/copy/root/dev" &&
	    mkdir -p "$work/copy/root$work" &&
	    mount --bind "$work" "$work/copy/root$work"
}

if [ "${1-}" = --in-copy ]; then
	work=$2 number=$3
	in_copy
elif [ "${1-}" = --copy ]; then
	work=$2
	mount --make-rprivate / && mount_copy || exit 1
	cp "$0" "$work/self"
	exec chroot "$work/copy/root" bash "$work/self" --in-copy "$work" "$3"
fi

[ "$(id -u)" = 0 ] || skip 'needs root: installs into a copy of the system'
for program in dpkg-buildpackage lintian unshare; do
	command -v "$program" >/dev/null || skip "$program is not installed"
done
work=$(mktemp -d "$top/package.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/copy"
check 'the package builds' build_package
cp "$work/cups-postage/debian/cups-postage/usr/share/cups/model/postage/postage-ps.ppd" \
    "$work/laser.ppd"
check 'lintian finds nothing' lintian_is_content
unshare -m bash "$srcdir/tests/s_package.sh" --copy "$work" "$number" ||
    failed=1
exit "$failed"
