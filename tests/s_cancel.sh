#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A job that is cancelled while the printer's own backend is at work.  That one
# is told once, by SIGTERM, whoever sends it to whom (root's scheduler: to the
# process group; another one: to our backend alone); it is waited for and heard
# to its last word; it does not outlive us; and what the printer may have is not
# sent again.  See faults.sh.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/faults.sh"
FAULT_QUEUES=6
faults_setup

# The backend "term": "plan" is what it does when it is told to stop.
cat >"$SERVERBIN/backend/term" <<'EOT'
#!/usr/bin/perl
use strict;
use warnings;
use Time::HiRes qw(sleep time);
if (!@ARGV) {
	print "direct term \"Test\" \"Term\"\n";
	exit 0;
}
my ($dir) = $ENV{DEVICE_URI} =~ /^term:(.*)/;
my ($how, $take, $stays) = split ' ', do { local @ARGV = "$dir/plan"; <> };
my $n = 1;
$n++ until mkdir "$dir/.run$n";
($how, $take) = ('obeys', 0) if $n > 1;
$| = 1;
my $told = 0;
sub told {
	open my $f, '>>', "$dir/told";
	print $f "$n $_[0]\n";
	$told++;
}
$SIG{TERM} = \&told;
STDERR->autoflush(1);
open my $data, '>', "$dir/$n.data";
while ((my $len = sysread STDIN, my $bytes, $take || 65536)) {
	syswrite $data, $bytes;
	last if $take;
}
open my $args, '>', "$dir/$n.args.part";
print $args "$$\n";
close $args;
rename "$dir/$n.args.part", "$dir/$n.args";
# The first run waits to be told, for others there is no reason.
my $until = time + ($n == 1 ? $stays || 20 : 0);
sleep 0.05 while time < $until && !($told && $how ne 'stays');
my $rest = time + 0.5; # is it told a second time?
sleep 0.05 while time < $rest && $told;
print STDERR "INFO: last words of run $n\n";
exit($how eq 'fails' ? 1 : 0);
EOT
chmod 755 "$SERVERBIN/backend/term"
IPP_COMMAND=$WORK/slow # PORT: a name of its own
printf '#!/bin/sh\nexec sleep 4.0%d\n' "$PORT" >"$IPP_COMMAND"
chmod 755 "$IPP_COMMAND"
faults_start
ippeve_start

device() {
	lpadmin -p "$QUEUE" -v "postage:/$1" 2>/dev/null
}

told() {
	wc -l <"$SINK/told" | tr -d ' '
}

heard() {
	job_log "$job" | grep -q 'last words of run 1'
}

gone() {
	! kill -0 "$(cat "$SINK/1.args")" 2>/dev/null
}

# stop WHO: "scheduler": the job is cancelled, or "held"; "pid": a signal to our
# backend and nobody else.
stop() {
	case $1 in
	scheduler) cancel "$job" ;;
	held) lp -i "$job" -H hold ;;
	pid) kill -TERM "$(pid_of "$job" postage)" ;;
	esac
}

# a_person_looks: the job is not sent again before.
a_person_looks() {
	until_true 10 closed "$job"
	check_is "$what: uncertain" "$(documents "$job")" uncertain
	release "$job"
	check "$what: refused when it is released" \
		until_true 10 held_again "$job"
}

# told_to_stop HOW TAKE WHO [SECONDS]: the printer has taken TAKE bytes (0: all).
told_to_stop() {
	device "term:$SINK"
	echo "$1 $2 ${4:-}" >"$SINK/plan"
	job=$(print)
	sent 1
	stop "$3"
	check "$what: the real backend ends" until_true 15 gone
	a_person_looks
	check "$what: told once" is "$(told)" 1
	check "$what: its last words" heard
	check "$what: sent once" runs 1
	as_postage "$WORK/bin/postage" journal resolve "$QUEUE-$job" reprint
	rm -f "$SINK/1.data" # it did not come out
	check_is "$what: then" "$(home "$job")" completed
	check "$what: bought once" bought 1
	device "sink:$SINK"
}

# deaf: it never ends by itself; the scheduler loses patience.
deaf() {
	device "term:$SINK"
	echo "stays 0" >"$SINK/plan"
	job=$(print)
	sent 1
	stop scheduler
	check "$what: is told" until_true 5 test -f "$SINK/told"
	check "$what: is ended after JobKillDelay" until_true 15 gone
	release "$job"
	home "$job"
	check_is "$what: uncertain" "$(documents "$job")" uncertain
	check "$what: told once" is "$(told)" 1
	check "$what: sent once" runs 1
	device "sink:$SINK"
}

# at_the_printer: CUPS's own ipp tells the printer, if it is not hurried.
at_the_printer() {
	device "$IPP_URI"
	job=$(print)
	until_true 20 grep -q 'job-state.*processing\|Forking' \
		"$WORK/log/ippeve.out"
	until_true 20 at_work
	stop scheduler
	check "$what: the printer is told" \
		until_true 10 grep -q 'Cancel-Job' "$WORK/log/ippeve.out"
	a_person_looks
	device "sink:$SINK"
}

at_work() {
	pgrep -f "sleep 4.0$PORT" >/dev/null && says_sending
}

# switched_off URI: CUPS's own backend reads on while it tries to connect.
switched_off() {
	device "$1"
	job=$(print)
	check "$what: it tries" until_true 15 connects
	sleep 1 # what it reads before it has a printer
	cancel "$job"
	until_true 15 closed "$job"
	check_is "$what: not uncertain" "$(documents "$job")" undelivered
	device "sink:$SINK"
	check_is "$what: with another printer" "$(home "$job")" completed
	check "$what: bought once" bought 1
	check "$what: sent once" runs 1
}

connects() {
	job_log "$job" | grep -q '[Cc]onnecting to 127'
}

thin 2
for take in 10 0; do
	for who in scheduler held pid; do
		row "$who, it obeys, $take bytes" told_to_stop obeys $take $who
	done
done
thin 1
row 'pid, it fails, all bytes' told_to_stop fails 0 pid
row 'scheduler, it goes on to its end' told_to_stop stays 0 scheduler 2
row 'it stays for ever' deaf
row 'ipp' at_the_printer
# nobody listens at these ports of ours
row 'socket, switched off' switched_off "socket://127.0.0.1:$((PORT + 8))"
row 'lpd, switched off' switched_off "lpd://127.0.0.1:$((PORT + 8))/queue"
row 'ipp, switched off' switched_off "ipp://127.0.0.1:$((PORT + 8))/ipp/print"
rows_end
books_end
done_testing
