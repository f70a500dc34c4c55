#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# CUPS's own backends behind ours: those that have something to print on here
# (serial and parallel, on a pseudo-terminal; http and ipps) print; those that
# have not (usb, dnssd) run as the right user, say what they wait for and obey;
# what is no way to a printer is refused.  Nothing is lost.  socket, lpd, ipp and
# cups-pdf: s_channels.sh, s_printers.sh.  See faults.sh.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/faults.sh"
FAULT_QUEUES=5
faults_setup
mkdir "$WORK/keys"
IPP_KEYS=$WORK/keys
IPP_COMMAND=$WORK/prints # until nobody says that it is busy
printf '#!/bin/sh\nwhile [ -e "%s" ]; do sleep 0.1; done\n' "$WORK/busy" \
	>"$IPP_COMMAND"
chmod 755 "$IPP_COMMAND"
faults_start
ippeve_start
# Its key is made at the first contact; two of them at once would make two, and
# CUPS's ipp stops a queue whose printer shows another than before.
check 'the printer has a key' until_true 10 ipptool -q \
	"ipps://localhost:$IPP_PORT/ipp/print" \
	/usr/share/cups/ipptool/get-printer-attributes.test

device() {
	lpadmin -p "$QUEUE" -v "postage:/$1" 2>/dev/null
}

# The user of the printer's own backend, while it runs.
user_of_child() {
	user_is=$(pgrep -P "$(pid_of "$job" postage)" | head -n 1 |
		xargs -r ps -o user= -p)
	[ -n "$user_is" ]
}

terminal() {
	perl "$srcdir/tests/pty_printer.pl" "$SINK/1.data" &
	terminal_pid=$!
	until_true 5 test -f "$SINK/1.data.tty"
	tty=$(cat "$SINK/1.data.tty")
}

has_all() {
	[ "$(paper "$SINK/1.data" | wc -l | tr -d ' ')" = "$1" ]
}

# on_a_line SCHEME OPTIONS USER: the printer rests, so that the backend is seen.
on_a_line() {
	terminal
	touch "$SINK/1.data.busy"
	device "$1:$tty$2"
	job=$(submit -d "$QUEUE" "$LAB" -o lab-pad=300000 "$WORK/a.pdf")
	check "$what: runs" until_true 20 user_of_child
	check_is "$what: as $3" "$user_is" "$3"
	rm "$SINK/1.data.busy"
	check "$what: completed" completes "$job"
	check "$what: has the stamp" until_true 5 has_all 1
	check "$what: bought once" bought 1
	kill "$terminal_pid"
}

# cancelled_on_a_line: these ignore SIGTERM to send a whole page.
cancelled_on_a_line() {
	terminal
	touch "$SINK/1.data.busy"
	device "$1:$tty$2"
	job=$(submit -d "$QUEUE" "$LAB" -o lab-pad=300000 "$WORK/a.pdf")
	check "$what: runs" until_true 20 user_of_child
	until_true 10 says_sending
	sleep 0.5
	cancel "$job"
	sleep 0.5
	rm "$SINK/1.data.busy"
	check "$what: cancelled" wait_state "$job" canceled
	until_true 15 closed "$job"
	check_is "$what: uncertain" "$(documents "$job")" uncertain
	kill "$terminal_pid"
	device "sink:$SINK"
}

# no_printer URI WORDS USER: it waits for one, or gives up; the job is printed
# elsewhere with the same stamps.
no_printer() {
	device "$1"
	job=$(print)
	check "$what: says so" until_true 30 said "$2"
	if user_of_child; then
		check_is "$what: runs as $3" "$user_is" "$3"
		cancel "$job"
		check "$what: cancelled" wait_state "$job" canceled
	fi
	check "$what: ends" until_true 10 closed "$job"
	check_is "$what: nothing was sent" "$(documents "$job")" undelivered
	device "sink:$SINK"
	release "$job"
	check_is "$what: then" "$(home "$job")" completed
	check "$what: bought once" bought 1
	check "$what: printed once" runs 1
}

said() {
	job_log "$job" | grep -qE "$1"
}


over_http() {
	device "$1"
	job=$(print -t "of $QUEUE-${1%%:*}")
	check "$what: completed" completes "$job"
	# it is on another's paper: what it got counts
	find "$WORK/ippeve" -iname "*$QUEUE*${1%%:*}.*" ! -name '*.prn' -exec \
		cp {} "$SINK/1.data" \;
	check "$what: has the stamp" has_all 1
	check "$what: bought once" bought 1
	device "sink:$SINK"
}

# busy URI: with a job of another computer; CUPS's ipp has read the beginning
# of ours by then.
busy() {
	touch "$WORK/busy"
	ipptool -q -f "$WORK/b.pdf" -d filetype=application/pdf "$IPP_URI" \
		/usr/share/cups/ipptool/print-job.test
	device "$1"
	job=$(print -t "of $QUEUE-busy")
	check "$what: is sent away" until_true 30 said 'printer has nothing'
	check "$what: nobody need look" \
		test "$(documents "$job")" != uncertain
	rm "$WORK/busy"
	check "$what: completed" completes "$job"
	check_is "$what: printed once" "$(find "$WORK/ippeve" \
		-iname "*$QUEUE-busy.*" ! -name '*.prn' | wc -l)" 1
	find "$WORK/ippeve" -iname "*$QUEUE-busy.*" ! -name '*.prn' -exec \
		cp {} "$SINK/1.data" \;
	check "$what: has the stamp" has_all 1
	check "$what: bought once" bought 1
	device "sink:$SINK"
}

# refused URI WORDS: the queue stops, which an administrator can mend.
refused() {
	device "$1"
	job=$(print)
	check "$what: the job waits" wait_state "$job" pending
	check "$what: says why" said "$2"
	device "sink:$SINK"
	release "$job"
	check_is "$what: then" "$(home "$job")" completed
	check "$what: bought once" bought 1
}

row serial on_a_line serial '?baud=115200+bits=8+parity=none+flow=none' root
row parallel on_a_line parallel '' lp
row usb no_printer 'usb://Test/Printer?serial=1' \
	'Waiting for printer|Unable to initialize USB' root
row dnssd no_printer 'dnssd://Nobody._ipp._tcp.local/' \
	'Unable to (locate|find) printer|not available' root
row snmp no_printer snmp://127.0.0.1/ 'Usage|ended with|stopped' lp
# ippeveprinter takes one job at a time and sends others away
row http over_http "http://localhost:$IPP_PORT/ipp/print"
rows_end
row ipps over_http "ipps://localhost:$IPP_PORT/ipp/print"
rows_end
row 'ipp, busy' busy "$IPP_URI"
rows_end
row https over_http "https://localhost:$IPP_PORT/ipp/print"
row beh refused beh:/1/3/5/socket://127.0.0.1:9 'beh'
row implicitclass refused implicitclass://Queue/ 'there is no backend'
row 'serial, cancelled' cancelled_on_a_line serial '?baud=115200'
row 'parallel, cancelled' cancelled_on_a_line parallel ''
rows_end
books_end
done_testing
