# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# lib.sh: what the system tests share.  A test is a script that sources this
# file, calls `check` for each thing it proves and ends with `done_testing`:
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#	scheduler_setup
#	vault_setup 100.00
#	vaultd_start
#	scheduler_start
#	queue_raw Sink "sink:$WORK/sink" "$builddir/ppd/postage-pwg.ppd"
#	job=$(submit -d Sink file.pdf)
#	check 'the job ends' wait_state "$job" completed
#	done_testing
#
# Run it by `make check TESTS=tests/s_x.sh`, or `sh tests/s_x.sh -v` in the
# build folder (-v: show the commands' output, -k: keep the work folder).
#
# Everything is private to one run: a copy of CUPS's programs with ours among
# them, a scheduler on loopback with its own port and socket, vault, journal,
# printers.  Whatever was started is ended by its own process id at exit.

# --- where things are --------------------------------------------------------
srcdir=${srcdir:-$(dirname "$0")/..}
srcdir=$(cd "$srcdir" && pwd)
builddir=${builddir:-$(pwd)}
builddir=$(cd "$builddir" && pwd)
export builddir
verbose=
keep=
for arg; do
	case $arg in
	-v) verbose=1 ;;
	-k) keep=1 ;;
	esac
done

tests_run=0
tests_began=$(date +%s)
tests_failed=0
started=	# process ids of what this run started

# --- saying what happened ----------------------------------------------------
say() {
	printf '%s\n' "# $*"
}

# skip REASON: automake's code for "not here"; what failed before is not hidden.
skip() {
	say "skipped: $*"
	[ "$tests_failed" = 0 ] || exit 1
	exit 77
}

# require PROGRAM...: skips the test where one is missing.
require() {
	for arg; do
		command -v "$arg" >/dev/null 2>&1 || skip "$arg is not installed"
	done
}

require_root() {
	[ "$(id -u)" = 0 ] || skip 'needs root: the scheduler changes users'
}

# check WHAT COMMAND [ARGUMENT...]: the command succeeds.
check() {
	check_what=$1
	shift
	tests_run=$((tests_run + 1))
	check_out=${CHECK_OUT:-$WORK/check.out}
	if "$@" >"$check_out" 2>&1; then
		echo "ok $tests_run - $check_what"
		[ -z "$verbose" ] || sed 's/^/#    /' "$check_out"
	else
		tests_failed=$((tests_failed + 1))
		echo "not ok $tests_run - $check_what"
		sed 's/^/#    /' "$check_out"
		say "   $*"
	fi
}

# check_fails WHAT COMMAND...: the command fails (but does not crash).
check_fails() {
	check_what=$1
	shift
	check "$check_what" fails "$@"
}

fails() {
	"$@"
	fails_code=$?
	echo "exit code $fails_code"
	[ "$fails_code" -gt 0 ] && [ "$fails_code" -lt 126 ]
}

# check_is WHAT GOT WANT: two strings are the same.
check_is() {
	check "$1" is "$2" "$3"
}

is() {
	[ "$1" = "$2" ] || {
		echo "got:  $1"
		echo "want: $2"
		return 1
	}
}

# done_testing: the result of the script; its last command.
done_testing() {
	say "$((tests_run - tests_failed)) of $tests_run checks passed in" \
		"$(($(date +%s) - tests_began)) s"
	if [ "$tests_failed" -gt 0 ] && [ -f "$WORK/log/error_log" ]; then
		say 'end of the scheduler log:'
		grep -vE '^D .*(cupsd(Set|Write|Read)|\[Client|Get-Job-Attr|Get-Printer-Attr)' \
			"$WORK/log/error_log" | tail -n 40 | sed 's/^/#  /'
	fi
	[ "$tests_failed" = 0 ] && [ "$tests_run" -gt 0 ]
	done_code=$?
	exit "$done_code"
}

# --- the work folder ---------------------------------------------------------
# Sets WORK (searchable by all, as lp and postage go through it) and PORT, the
# first of ten ports that no other run has.
work_setup() {
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/postage-test.XXXXXX") || exit 99
	chmod 755 "$WORK"
	trap 'work_cleanup' EXIT
	trap 'exit 130' INT TERM HUP
	PORT=$((20000 + $$ % 1000 * 10))
	while ! mkdir "/tmp/postage-port.$PORT" 2>/dev/null; do
		PORT=$((PORT + 10))
		[ "$PORT" -lt 32000 ] || skip 'no free port'
	done
	mkdir "$WORK/home"
	HOME=$WORK/home # no ~/.cups of the person who runs it
	export HOME
	unset CUPS_SERVER CUPS_SERVERBIN CUPS_DATADIR PPD DEVICE_URI
	# Leaks are for the unit tests: CUPS's own exit paths have some.
	ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
	export ASAN_OPTIONS
}

# remember PID: end it at exit.
remember() {
	started="$1 $started"
}

# stop_pid PID [SIGNAL]: ends a process of ours and waits until it is gone.
stop_pid() {
	kill "-${2:-TERM}" "$1" 2>/dev/null || return 0
	stop_tries=0
	while kill -0 "$1" 2>/dev/null; do
		stop_tries=$((stop_tries + 1))
		[ "$stop_tries" -lt 50 ] || kill -KILL "$1" 2>/dev/null
		[ "$stop_tries" -lt 60 ] || return 1
		sleep 0.1
		# A child of ours stays a zombie until it is waited for.
		case $(cat "/proc/$1/stat" 2>/dev/null) in
		*') Z '*) wait "$1" 2>/dev/null ;;
		esac
	done
	return 0
}

# A trap of the test's own, before it, does not make a failure a success.
work_cleanup() {
	cleanup_code=${done_code:-$?}
	trap - EXIT INT TERM HUP
	for cleanup_pid in $started; do
		stop_pid "$cleanup_pid"
	done
	for cleanup_mount in ${mounted:-}; do
		umount -l "$cleanup_mount"
	done
	[ -z "${CUPS_PDF_CONF:-}" ] || rm -f "$CUPS_PDF_CONF"
	rmdir "/tmp/postage-port.$PORT" 2>/dev/null
	if [ -n "$keep" ]; then
		say "kept: $WORK"
	else
		rm -rf "$WORK"
	fi
	exit "$cleanup_code"
}

# built NAME...: the path of a built program, by its path in the build folder.
built() {
	for built_name; do
		[ -x "$builddir/$built_name" ] && {
			echo "$builddir/$built_name"
			return 0
		}
	done
	return 1
}

# The administration program, with this run's configuration.
postage() {
	POSTAGE_CONF="$WORK/etc/postage.conf" \
		"$WORK/bin/postage" "$@"
}

# ppd_behind_gate [DRIVER]: the PPD of a printer with a driver of its own, by
# its name or path; without one the raster goes to the printer as it is.
ppd_behind_gate() {
	if [ -n "${1:-}" ]; then
		sed -e '/^\*cupsFilter/s/ -"/ postagedriver"/' \
			-e 's/cups-postage-pwg/cups-postage-raster/' \
			"$builddir/ppd/postage-pwg.ppd"
		printf '*cupsPostageDriver: "%s"\n' "$1"
	else
		sed 's/cups-postage-pwg/cups-postage-raster/' \
			"$builddir/ppd/postage-pwg.ppd"
	fi
}

# ppd_faults PPD: what cupstestppd fails or warns of.  That sizes have CUPS's names
# and not Adobe's is meant so.
ppd_faults() {
	cupstestppd -I filters "$1" |
		sed -n 's/^[[:space:]]*\(\*\*FAIL\*\*\|WARN\)[[:space:]]*/\1 /p' |
		grep -v 'should be the Adobe standard name'
}

# good_ppd PPD [PPD-IT-COMES-FROM]: no faults but those of the other one.
good_ppd() {
	if [ -n "${2:-}" ]; then
		ppd_faults "$2"
	fi >"$WORK/faults.theirs"
	ppd_faults "$1" | grep -vxF -f "$WORK/faults.theirs" \
		>"$WORK/faults.ours"
	cat "$WORK/faults.ours"
	[ -s "$1" ] && [ ! -s "$WORK/faults.ours" ]
}

postage_verify() {
	"$(built tools/postage-verify postage-verify)" "$@"
}

# until_true SECONDS COMMAND...: repeats the command until it succeeds.
until_true() {
	until_left=$(($1 * 10))
	shift
	until "$@"; do
		until_left=$((until_left - 1))
		[ "$until_left" -gt 0 ] || return 1
		sleep 0.1
	done
}

# --- vault and daemon --------------------------------------------------------
system_user() {
	getent passwd postage >/dev/null || (
		flock 9
		getent passwd postage >/dev/null ||
			useradd --system --user-group --no-create-home \
				--home-dir /nonexistent \
				--shell /usr/sbin/nologin postage
	) 9>/tmp/postage-test-user.lock
}

# conf_write: postage.conf of this run; standard input is added to its end.
conf_write() {
	mkdir -p "$WORK/etc" "$WORK/state" "$WORK/run"
	chmod 755 "$WORK/etc" "$WORK/run"
	chown postage:postage "$WORK/state" "$WORK/run"
	chmod 700 "$WORK/state"
	cat >"$WORK/etc/postage.conf" <<-EOT
	[vault]
	uri = file:$WORK/state/vault
	absent = ${ABSENT:-0}
	certificates = $WORK/state/certificates

	[daemon]
	socket = $WORK/run/vaultd.sock
	state-dir = $WORK/state
	run-dir = $WORK/run
	scheduler = $WORK/cupsrun/cups.sock
	sandbox = ${SANDBOX:-on}
	wait = 10

	[mail]
	origin = 22202
	origin-place = Arlington VA
	rates = $WORK/etc/usps.tsv
	class = letter
	EOT
	cat >>"$WORK/etc/postage.conf"
	cp "$srcdir/rates/usps.tsv" "$WORK/etc/usps.tsv" 2>/dev/null || :
	chmod 644 "$WORK/etc/postage.conf"
}

# as_postage COMMAND...: as the daemon's user, with this run's configuration.
as_postage() {
	POSTAGE_CONF="$WORK/etc/postage.conf" setpriv --reuid=postage \
		--regid=postage --clear-groups -- "$@"
}

# vault_setup AMOUNT: a new lab vault with AMOUNT in its descending register.
vault_setup() {
	if ! vault_verbs "$1" >"$WORK/vault.log" 2>&1; then
		sed 's/^/# /' "$WORK/vault.log"
		exit 99
	fi
}

vault_verbs() {
	as_postage "$WORK/bin/postage" vault create &&
		as_postage "$WORK/bin/postage" vault refill "$1"
}

# vaultd_start: as systemd starts it: the socket is made by root (root:lp,
# 0660) and handed over as descriptor 3; the daemon is user postage.
vaultd_start() {
	rm -f "$WORK/run/vaultd.sock"
	POSTAGE_CONF="$WORK/etc/postage.conf" perl -MSocket -MPOSIX -e '
		my ($path, $gid, @command) = @ARGV;
		$^F = 9; # no close-on-exec on the socket
		socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
		umask 0177;
		bind($s, pack_sockaddr_un($path)) or die "bind: $!";
		listen($s, 32) or die "listen: $!";
		chown 0, $gid, $path;
		chmod 0660, $path;
		POSIX::dup2(fileno($s), 3) if fileno($s) != 3;
		$ENV{LISTEN_FDS} = 1;
		$ENV{LISTEN_PID} = $$;
		exec @command or die "exec: $!";
	' "$WORK/run/vaultd.sock" "$(getent group lp | cut -d: -f3)" \
		setpriv --reuid=postage --regid=postage --clear-groups -- \
		"$WORK/bin/postage-vaultd" 2>>"$WORK/log/vaultd.out" &
	VAULTD_PID=$!
	remember "$VAULTD_PID"
	until_true 5 test -S "$WORK/run/vaultd.sock"
}

vaultd_stop() {
	stop_pid "$VAULTD_PID" "${1:-TERM}"
}

# --- the private scheduler ---------------------------------------------------
# scheduler_setup: work folder, programs, configuration.  POSTAGE_CONF of
# every filter and backend is this run's.
scheduler_setup() {
	require_root
	require cupsd lp lpadmin ipptool perl setpriv
	work_setup
	system_user
	conf_write </dev/null
	mkdir -p "$WORK/log" "$WORK/spool/temp" "$WORK/cache" "$WORK/cups/ppd" \
		"$WORK/sink" "$WORK/ssl" "$WORK/cupsrun"
	chown root:lp "$WORK/log" "$WORK/spool" "$WORK/cache" "$WORK/cups"
	chgrp lp "$WORK/spool/temp"
	chmod 1770 "$WORK/spool/temp"
	chmod 710 "$WORK/spool"
	chmod 770 "$WORK/cache"
	chmod 777 "$WORK/sink"
	work_programs
	scheduler_programs
	scheduler_config
	CUPS_SERVER=localhost:$PORT
	export CUPS_SERVER
}

# Our programs go where user postage can run them.
work_programs() {
	mkdir -p "$WORK/bin"
	for program in tools/postage dispense/postage-vaultd \
		tools/postage-verify; do
		if built "$program" "${program##*/}" >/dev/null; then
			install -m 0755 "$(built "$program" "${program##*/}")" \
				"$WORK/bin/"
		fi
	done
}

# The scheduler's own rules hold here: root-owned, not writable by others,
# no symbolic links to elsewhere.
scheduler_programs() {
	SERVERBIN=$WORK/serverbin
	cp -a "$(cups-config --serverbin 2>/dev/null || echo /usr/lib/cups)" \
		"$SERVERBIN"
	if built filter/pdftopostage pdftopostage >/dev/null; then
		install -m 0755 "$(built filter/pdftopostage pdftopostage)" \
			"$SERVERBIN/filter/pdftopostage"
		install -m 0644 "$(built filter/fastraster.so)" \
			"$SERVERBIN/filter/fastraster.so"
	fi
	if built backend/postagedriver >/dev/null; then
		install -m 0755 "$builddir/backend/postagedriver" \
			"$SERVERBIN/filter/postagedriver"
	fi
	if built backend/postage >/dev/null; then
		install -m 0700 "$builddir/backend/postage" \
			"$SERVERBIN/backend/postage"
	fi
	if built tools/driver/postage >/dev/null; then
		install -m 0755 "$builddir/tools/driver/postage" \
			"$SERVERBIN/driver/postage"
	fi
	install -m 0755 "$srcdir/tests/sink" "$SERVERBIN/backend/sink"
	install -m 0755 "$srcdir/tests/sink" "$SERVERBIN/backend/sink2"
	install -m 0700 "$srcdir/tests/sink" "$SERVERBIN/backend/rootsink"
	cp "$srcdir/ppd/postage.types" "$srcdir/ppd/postage.convs" "$WORK/cups/"
}

scheduler_config() {
	cat >"$WORK/cups/cups-files.conf" <<-EOT
	ServerRoot $WORK/cups
	StateDir $WORK/cupsrun
	ServerBin $SERVERBIN
	CacheDir $WORK/cache
	DataDir /usr/share/cups
	RequestRoot $WORK/spool
	TempDir $WORK/spool/temp
	ServerKeychain $WORK/ssl
	ErrorLog $WORK/log/error_log
	AccessLog $WORK/log/access_log
	PageLog $WORK/log/page_log
	User lp
	Group lp
	SystemGroup root
	Sandboxing relaxed
	Printcap
	FatalErrors config
	SetEnv POSTAGE_CONF $WORK/etc/postage.conf
	SetEnv ASAN_OPTIONS detect_leaks=0
	EOT
	cat >"$WORK/cups/cupsd.conf" <<-EOT
	Listen localhost:$PORT
	Listen $WORK/cupsrun/cups.sock
	Browsing Off
	WebInterface Off
	DefaultAuthType None
	IdleExitTimeout 0
	LogLevel debug
	MaxLogSize 0
	PageLogFormat
	PreserveJobFiles Yes
	PreserveJobHistory Yes
	JobRetryInterval 1
	JobRetryLimit 5
	JobKillDelay 5
	MultipleOperationTimeout 30
	${ERROR_POLICY:+ErrorPolicy $ERROR_POLICY}
	<Location />
	  Order allow,deny
	  Allow all
	</Location>
	<Policy default>
	  JobPrivateAccess all
	  JobPrivateValues none
	  <Limit All>
	    Order allow,deny
	    Allow all
	  </Limit>
	</Policy>
	<Policy postage>
	  JobPrivateAccess all
	  JobPrivateValues none
	  <Limit All>
	    Order allow,deny
	    Allow all
	  </Limit>
	</Policy>
	EOT
}

scheduler_start() {
	cupsd -f -c "$WORK/cups/cupsd.conf" -s "$WORK/cups/cups-files.conf" \
		>>"$WORK/log/cupsd.out" 2>&1 &
	CUPSD_PID=$!
	remember "$CUPSD_PID"
	until_true 10 scheduler_answers ||
		say "the scheduler did not start: $(cat "$WORK/log/cupsd.out")"
}

# lpstat -r succeeds either way.
scheduler_answers() {
	lpstat -r 2>/dev/null | grep -q 'scheduler is running'
}

# scheduler_stop [SIGNAL]: TERM as an administrator does, KILL as a crash.
scheduler_stop() {
	stop_pid "$CUPSD_PID" "${1:-TERM}"
}

# queue_raw NAME DEVICE-URI PPD [LPADMIN OPTION...]: a queue without the help
# of `postage queue add`, which has its own tests.
queue_raw() {
	queue_name=$1 queue_uri=$2 queue_ppd=$3
	shift 3
	lpadmin -p "$queue_name" -v "$queue_uri" -P "$queue_ppd" -E \
		-o printer-error-policy=abort-job \
		-o job-sheets-default=none,none \
		-o print-scaling-default=none "$@" 2>&1 |
		grep -v 'drivers are deprecated'
	until_true 5 lpstat -p "$queue_name" >/dev/null 2>&1
}

# stand_in_start: vault, daemon, scheduler and a queue Q whose printer is the
# sink; tests/stampfilter stands in for pdftopostage.
stand_in_start() {
	install -m 0755 "$(built tests/stampfilter)" \
		"$SERVERBIN/filter/pdftopostage"
	vault_setup 100.00
	vaultd_start
	scheduler_start
	ppd_behind_gate >"$WORK/test.ppd"
	queue_raw Q "postage:/sink:$WORK/sink" "$WORK/test.ppd"
	pdf_text "$WORK/a.pdf" one
}

# submit LP-ARGUMENT...: prints the number of the new job.
submit() {
	lp "$@" | sed -n 's/^request id is .*-\([0-9][0-9]*\) (.*/\1/p'
}

# --- what the scheduler says of a job ----------------------------------------
# ipp_says PATH ATTRIBUTE ["VALUE..." SECONDS]: see tests/ippask.c
ipp_says() {
	ipp_path=$1
	shift
	"$builddir/tests/ippask" "ipp://localhost:$PORT/$ipp_path" "$@"
}

# job_attribute JOB NAME: its value.
job_attribute() {
	ipp_says "jobs/$1" "$2"
}

job_state() {
	job_attribute "$1" job-state
}

# The sentence that a person sees.
job_message() {
	job_attribute "$1" job-printer-state-message
}

job_in_state() {
	case " $2 " in
	*" $(job_state "$1") "*) return 0 ;;
	esac
	return 1
}

# wait_state JOB "STATE..." [SECONDS]: one of IPP's names: pending,
# pending-held, processing, processing-stopped, canceled, aborted, completed.
wait_state() {
	wait_is=$(ipp_says "jobs/$1" job-state "$2" "${3:-30}") || {
		echo "job $1 is $wait_is, not $2: $(job_message "$1")"
		return 1
	}
}

# wait_job JOB [SECONDS]: until the job is no longer on its way.
wait_job() {
	wait_state "$1" 'completed canceled aborted pending-held processing-stopped' \
		"${2:-60}"
}

# job_log JOB: its lines of the scheduler's log.
job_log() {
	grep -F "[Job $1]" "$WORK/log/error_log"
}

printer_attribute() {
	ipp_says "printers/$1" "$2"
}

# --- printers ----------------------------------------------------------------
# The backend "sink" (tests/sink) keeps what it got in the folder of its URI:
# N.data N.args N.env for its N-th run.  sink_plan sets what the next runs do.
# $SINK is the folder, where it is not $WORK/sink.
sink_plan() {
	printf '%s\n' "$@" >"${SINK:-$WORK/sink}/plan"
	chmod 644 "${SINK:-$WORK/sink}/plan"
}

sink_runs() {
	find "${SINK:-$WORK/sink}" -name '*.args' | wc -l | tr -d ' '
}

sink_clear() {
	find "${SINK:-$WORK/sink}" -mindepth 1 -delete
}

# socket_sink_start: a listening "printer" at socket://127.0.0.1:$SOCKET_PORT;
# each connection's bytes go to $WORK/socket/N.data.
socket_sink_start() {
	SOCKET_PORT=$((PORT + 1))
	mkdir -p "$WORK/socket"
	perl -MIO::Socket::INET -e '
		my ($port, $dir) = @ARGV;
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
			LocalPort => $port, Listen => 4, ReuseAddr => 1) or die $!;
		for (my $n = 1; my $c = $s->accept; $n++) {
			open my $f, ">", "$dir/$n.part" or die $!;
			print $f $_ while read $c, $_, 65536;
			close $f;
			close $c;
			rename "$dir/$n.part", "$dir/$n.data";
		}' "$SOCKET_PORT" "$WORK/socket" &
	remember $!
	sleep 0.2
}

# ippeve_start [FORMATS]: a driverless printer; IPP_URI names it, the jobs
# are kept in $WORK/ippeve.  (Without a command it would rest 5 to 15 seconds
# after each; N.prn is what the command said: nothing.  $IPP_COMMAND: another;
# $IPP_KEYS: the folder of its key, for TLS.)
ippeve_start() {
	require ippeveprinter dbus-daemon
	IPP_PORT=$((PORT + 2))
	IPP_URI=ipp://localhost:$IPP_PORT/ipp/print
	mkdir -p "$WORK/ippeve"
	# It wants a system bus for DNS-SD, even when told not to register.
	cat >"$WORK/dbus.conf" <<-EOT
	<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
	 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
	<busconfig>
	<type>session</type>
	<listen>unix:path=$WORK/dbus.sock</listen>
	<policy context="default">
	<allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/>
	</policy>
	</busconfig>
	EOT
	dbus-daemon --config-file="$WORK/dbus.conf" --nofork --nopidfile \
		>>"$WORK/log/dbus.out" 2>&1 &
	remember $!
	until_true 5 test -S "$WORK/dbus.sock"
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/dbus.sock \
		ippeveprinter -r off -p "$IPP_PORT" -d "$WORK/ippeve" -k -vvv \
		-c "${IPP_COMMAND:-/bin/true}" ${IPP_KEYS:+-K "$IPP_KEYS"} \
		-f "${1:-image/pwg-raster,image/urf,application/pdf}" \
		"Lab printer" >>"$WORK/log/ippeve.out" 2>&1 &
	remember $!
	until_true 10 ipptool -q "$IPP_URI" \
		/usr/share/cups/ipptool/get-printer-attributes.test
}

# cups_pdf_setup: CUPS_PDF_URI is a cups-pdf whose files go to $WORK/pdf.  The
# backend reads /etc/cups only; its file there has this run's name.
cups_pdf_setup() {
	[ -x "$SERVERBIN/backend/cups-pdf" ] || skip 'cups-pdf is not installed'
	# shellcheck disable=SC2034 # for the tests
	CUPS_PDF_URI=cups-pdf:/test$PORT
	CUPS_PDF_CONF=/etc/cups/cups-pdf-test$PORT.conf
	mkdir -p "$WORK/pdf" "$WORK/pdfspool"
	chmod 777 "$WORK/pdf"
	cat >"$CUPS_PDF_CONF" <<-EOT
	Out $WORK/pdf
	AnonDirName $WORK/pdf
	Spool $WORK/pdfspool
	AnonUser nobody
	Label 1
	Log $WORK/log
	LogType 7
	EOT
}

# --- looking at what was printed ---------------------------------------------
# pages_of FILE PREFIX [pgm]: PREFIX-1.png, -2.png, ... of what arrived at a printer
# (PDF, PostScript, raster, a printer's own language); grey and as it is, .pgm,
# for those who read all of it.  $PAGES_DPI: of the first two.
pages_of() {
	pages_dpi=${PAGES_DPI:-600}
	case $(head -c 4 "$1") in
	%PDF)
		pages_png=-png
		[ "${3:-png}" = png ] || pages_png=
		# shellcheck disable=SC2086 # none or one
		pdftoppm -r "$pages_dpi" -gray $pages_png "$1" "$2"
		;;
	%!*)
		pages_device=pnggray
		[ "${3:-png}" = png ] || pages_device=pgmraw
		gs -q -dSAFER -dBATCH -dNOPAUSE "-r$pages_dpi" \
			"-sDEVICE=$pages_device" \
			"-sOutputFile=$2-%d.${3:-png}" "$1"
		;;
	RaS* | SaR* | UNIR | 3SaR | 2SaR | tSaR)
		"$(built tests/rastertopng)" "$1" "$2" ${3:+"$3"}
		;;
	*)
		# PJL may stand before PostScript and PDF.
		if head -c 4000 "$1" | grep -aqE '^%(!|PDF)'; then
			perl -0777 -ne 's/^.*?(?=^%(!|PDF))//ms;
				s/\e%-12345X.*//s; print' "$1" >"$2.bare"
			pages_of "$2.bare" "$2" ${3:+"$3"} && rm "$2.bare"
			return
		fi
		perl "$srcdir/tests/paper.pl" "$1" "$2" ${3:+"$3"}
		;;
	esac
}

# --- documents ---------------------------------------------------------------
# pdf_text FILE LINE...: a Letter page in PDF, one line of text under another.
pdf_text() {
	pdf_file=$1
	shift
	{
		echo '%!PS'
		echo '<</PageSize [612 792]>> setpagedevice'
		echo '/Helvetica findfont 12 scalefont setfont'
		pdf_y=700
		for pdf_line; do
			if [ "$pdf_line" = --page ]; then
				echo showpage
				pdf_y=700
				continue
			fi
			printf '72 %d moveto (%s) show\n' "$pdf_y" \
				"$(printf %s "$pdf_line" | sed 's/[\\()]/\\&/g')"
			pdf_y=$((pdf_y - 150))
		done
		echo showpage
	} | gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite \
		"-sOutputFile=$pdf_file" -
}
