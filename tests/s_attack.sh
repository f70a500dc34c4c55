#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Attacks that must come to nothing: documents made to hurt who reads them, a
# hostile PPD, a hostile printer's backend, strangers and idlers at the daemon's
# socket, a full disk; and the scheduler's own privacy rules as Debian ships
# them.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

chain_start 100.00
install -m 0755 "$(built tests/probe)" "$WORK/bin/probe"
queue_sink Postage
document plain.pdf '[[postage 0.78]]' >"$WORK/good.pdf"

# --- documents -----------------------------------------------------------------
for kind in marks tree; do
	"$srcdir/tests/docs/hostile.pl" $kind >"$WORK/$kind.pdf"
	refused "a document of kind $kind" . \
		'canceled aborted pending-held' "$WORK/$kind.pdf"
done
for kind in form script launch outside; do
	"$srcdir/tests/docs/hostile.pl" $kind >"$WORK/$kind.pdf"
	prints "a document of kind $kind" Postage 780 "$WORK/$kind.pdf"
done

# --- a printer's backend that looks around ----------------------------------------
mkdir "$WORK/spied"
chmod 777 "$WORK/spied"
cat >"$WORK/spy" <<-EOT
	ls -l /proc/\$\$/fd >"$WORK/spied/fds"
	for f in "$WORK"/state "$WORK"/state/* "$WORK"/state/spool/* \
		"$WORK"/etc/devices /proc/$VAULTD_PID/environ \
		/proc/$VAULTD_PID/mem /proc/\$PPID/environ /proc/\$PPID/fd/4; do
		head -c 1 "\$f" >/dev/null 2>&1 && echo "\$f"
		ls "\$f/" >/dev/null 2>&1 && echo "\$f"
	done >"$WORK/spied/read"
	{ printf hurt 1<>/dev/fd/0; } 2>/dev/null && echo path >"$WORK/spied/wrote"
	perl -e 'open F, ">&=0"; exit(defined syswrite(F, "hurt") ? 0 : 1)' &&
		echo fd >"$WORK/spied/wrote"
	"$WORK/bin/probe" "$WORK/run/vaultd.sock" backend Postage \$1 \
		>"$WORK/spied/probe" 2>&1
EOT
cp "$WORK/spy" "$WORK/sink/plan"
prints 'under a backend that spies' Postage 780 "$WORK/good.pdf"
rm -f "$WORK/sink/plan"
check_is 'it reads nothing of ours' "$(cat "$WORK/spied/read")" ''
check_fails 'it cannot write into the document' test -e "$WORK/spied/wrote"
check 'it is not taken for the backend' \
	grep -q '^ERR_DENIED' "$WORK/spied/probe"

check 'its document is a pipe' grep -q ' 0 -> pipe:' "$WORK/spied/fds"
check_is 'no file of ours is open in it' \
	"$(grep -cE "vaultd|state/|postage.conf" "$WORK/spied/fds")" 0
check_is 'no variable of ours' \
	"$(cat "$WORK"/sink/*.env | grep -c POSTAGE)" 0

# --- the daemon's socket -----------------------------------------------------------
# idle UID GROUP SECONDS [drip]: connects and says nothing, or a byte at a
# time; true if it is put out in time.
# shellcheck disable=SC2016 # perl's
idle() {
	timeout "$3" setpriv --reuid="$1" --regid="$2" --clear-groups -- perl \
		-MSocket -e 'my ($path, $drip) = @ARGV;
		$SIG{PIPE} = "IGNORE";
		socket(S, PF_UNIX, SOCK_STREAM, 0) or die;
		connect(S, pack_sockaddr_un($path)) or die "connect: $!";
		# the head of a message that never ends
		syswrite(S, pack("V C", 4000, 1)) if $drip;
		for (;;) {
			my $r = "";
			vec($r, fileno(S), 1) = 1;
			last if select($r, undef, undef, 0.5) &&
				!sysread(S, my $x, 1);
			last if $drip && !defined syswrite(S, $drip);
		}' "$WORK/run/vaultd.sock" ${4:+"$4"}
}
check_is 'a member of group lp is no lp' "$(setpriv --reuid=nobody --regid=lp \
	--clear-groups -- "$WORK/bin/probe" "$WORK/run/vaultd.sock" status \
	Postage 2>&1 | sed -n '1s/ .*//p')" ERR_DENIED
check 'a silent one of them is put out' idle nobody lp 4
check 'so is lp who sends a byte now and then' idle lp lp 14 z

# --- a disk that is nearly full ------------------------------------------------------
if mount -t tmpfs -o size=32m,mode=1770,gid="$(getent group lp | cut -d: -f3)" \
	attack "$WORK/spool/temp" 2>/dev/null; then
	head -c 32400000 /dev/zero >"$WORK/spool/temp/fill"
	job=$(submit -d Postage "$WORK/good.pdf")
	check 'a full disk ends the job' wait_state "$job" aborted
	check 'and it says why' says "$job" 'disk is nearly full'
	rm "$WORK/spool/temp/fill"
	lp -i "$job" -H restart
	arrives 'then the same stamp is printed' "$job" 780
	umount "$WORK/spool/temp"
fi
check 'registers, journal and paper agree' books_balance

# --- a PPD that names a driver of somebody else ---------------------------------
mkdir "$WORK/evil"
chmod 777 "$WORK/evil"
printf '#!/bin/sh\nid >%s/evil/ran\ncat\n' "$WORK" >"$WORK/evil/driver"
chmod 755 "$WORK/evil/driver"

# driven_by PROGRAM WHY: a queue whose PPD names PROGRAM prints nothing, and the
# log says why.
driven_by() {
	ppd_behind_gate "$1" >"$WORK/evil.ppd"
	queue_raw Evil "postage:/sink:$WORK/sink" "$WORK/evil.ppd"
	job=$(submit -d Evil "$WORK/good.pdf")
	wait_job "$job" >/dev/null
	cancel "$job"
	lpadmin -x Evil
	[ ! -e "$WORK/evil/ran" ] && grep -F "[Job $job]" \
		"$WORK/log/error_log" | grep -q "$2"
}
check 'a driver from anywhere is not run' \
	driven_by "$WORK/evil/driver" 'no folder of drivers'
check 'nor is a shell, for all that it is root'"'"'s' \
	driven_by "$(readlink -f /bin/sh)" 'no folder of drivers'
cp "$WORK/etc/postage.conf" "$WORK/plain.conf"
sed -i "s,^\[daemon\].*,&\ndrivers = $WORK/evil," "$WORK/etc/postage.conf"
check 'one that is listed, in a folder of all, neither' \
	driven_by "$WORK/evil/driver" 'insecure permissions'
cp "$WORK/plain.conf" "$WORK/etc/postage.conf"

# --- the rules of a stock Debian scheduler -----------------------------------------
scheduler_stop
sed -i '/<Policy/,$d; s/^DefaultAuthType.*/DefaultAuthType Basic/' \
	"$WORK/cups/cupsd.conf"
cat >>"$WORK/cups/cupsd.conf" <<-'EOT'
<Location /admin/conf>
  AuthType Default
  Require user @SYSTEM
  Order allow,deny
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  SubscriptionPrivateAccess default
  SubscriptionPrivateValues default
  <Limit Create-Job Print-Job Print-URI Validate-Job>
    Order deny,allow
  </Limit>
  <Limit CUPS-Add-Modify-Printer CUPS-Delete-Printer CUPS-Set-Default>
    AuthType Default
    Require user @SYSTEM
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
EOT
scheduler_start
CUPS_SERVER=$WORK/cupsrun/cups.sock
as_tester() {
	setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"
}
add_stamps() {
	postage queue add Stamps --printer "sink:$WORK/sink" \
		--ppd "$builddir/ppd/postage-pwg.ppd" "$@"
}
check 'a queue with its policy' add_stamps --add-policy
chmod 644 "$WORK/good.pdf"
job=$(as_tester lp -d Stamps "$WORK/good.pdf" |
	sed -n 's/.*Stamps-\([0-9]*\) .*/\1/p')
arrives 'the owner is asked of a scheduler that hides him' "$job" 780
as_postage "$WORK/bin/postage" --json journal list >"$WORK/journal.json"
check 'and is in the journal' grep -q '"nobody"' "$WORK/journal.json"
conf_write <<-'EOT2'
[limits]
users = root
EOT2
postage doctor >"$WORK/doctor.out" 2>&1
check 'doctor: rules for users bind nobody without a login' \
	grep -q 'under any name' "$WORK/doctor.out"
conf_write </dev/null
lpadmin -p Stamps -o printer-op-policy=default 2>/dev/null
spent=$(register ascending)
job=$(as_tester lp -d Stamps "$WORK/good.pdf" |
	sed -n 's/.*Stamps-\([0-9]*\) .*/\1/p')
check 'without the policy the log says what hides him' until_true 20 sh -c \
	"grep -F '[Job $job]' '$WORK/log/error_log' | grep -q 'hides the owner'"
check 'and nothing is spent' nothing_spent "$spent"
done_testing
