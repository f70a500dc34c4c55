#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Back channel and side channel (descriptors 3 and 4) between a printer's own
# filters and its own backend, with the postage backend in between; and the real
# backends socket and lpd, each against a listener.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
require ppdc
chain_start 100.00
CUPS_SERVERROOT=$WORK/cups
export CUPS_SERVERROOT

# --- a filter that asks, a backend that answers -----------------------------------
# Messages of the side channel: command, status, length (2 bytes), data.
# Commands: 2 DRAIN_OUTPUT, 3 GET_BIDI, 4 GET_DEVICE_ID, 6 SNMP_GET,
# 8 GET_CONNECTED; status 1 is OK, 7 NOT_IMPLEMENTED.
cat >"$SERVERBIN/backend/talk" <<'EOT'
#!/usr/bin/perl
use strict;
use warnings;
unless (@ARGV) {
	print "direct talk \"Test\" \"Talk\"\n";
	exit 0;
}
$SIG{PIPE} = 'IGNORE'; # the filters may have ended
open my $side, '+<&=', 4 or die $!;
open my $back, '>&=', 3 or die $!;
my %answer = (2 => '', 4 => 'MFG:Test;MDL:Talker;', 8 => "\1",
	6 => '.1.3.6.1.2.1.43.10.2.1.4.1.1' . "\0" . '4711');
my ($asking, $took) = (1, '');
while (1) {
	my $bits = '';
	vec($bits, 0, 1) = 1;
	vec($bits, 4, 1) = $asking ? 1 : 0;
	select $bits, undef, undef, 20 or die 'nobody talks';
	if (vec $bits, 4, 1) {
		# Nothing to read: the filter has ended.
		($asking = sysread $side, my $q, 2048) or next;
		my $c = ord $q;
		my $data = $answer{$c};
		syswrite $side, pack('CCn', $c, defined $data ? 1 : 7,
			length($data // '')) . ($data // '');
	} elsif (vec $bits, 0, 1) {
		my $n = sysread STDIN, my $bytes, 4096;
		last unless $n;
		$took .= $bytes;
		syswrite $back, "thanks for $n\n";
	}
}
my ($dir) = $ENV{DEVICE_URI} =~ /^talk:(.*)/;
open my $out, '>', "$dir/took" or die $!;
print $out $took;
EOT
cat >"$SERVERBIN/filter/ask" <<'EOT'
#!/usr/bin/perl
use strict;
use warnings;
open my $side, '+<&=', 4 or die $!;
my $began = time;
for my $c (2, 3, 4, 6, 8) {
	my $oid = $c == 6 ? ".1.3.6.1.2.1.43.10.2.1.4.1.1\0" : '';
	syswrite $side, pack('CCn', $c, 0, length $oid) . $oid;
	my $bits = '';
	vec($bits, 4, 1) = 1;
	select $bits, undef, undef, 20 or die "no answer to $c";
	sysread $side, my $a, 2048;
	my ($command, $status, $n) = unpack 'CCn', $a;
	my $data = substr $a, 4, $n;
	$data =~ s/[^ -~]/sprintf '<%d>', ord $&/ge;
	print STDERR "DEBUG: asked $c: $status $data\n";
}
printf STDERR "DEBUG: all answered %s\n",
	time - $began < 3 ? 'at once' : 'late'; # a busy machine's second
exec $ENV{CUPS_SERVERBIN} . '/filter/rastertohp', @ARGV
	if $0 =~ /askdriver/;
$| = 1;
print "clean the heads\n";
open my $back, '<&=', 3 or die $!;
my $bits = '';
vec($bits, 3, 1) = 1;
select $bits, undef, undef, 20 or die 'no word from the printer';
sysread $back, my $word, 100;
chomp $word;
print STDERR "DEBUG: the printer says: $word\n";
EOT
cp "$SERVERBIN/filter/ask" "$SERVERBIN/filter/askdriver"
chmod 755 "$SERVERBIN/backend/talk" "$SERVERBIN/filter/ask" \
	"$SERVERBIN/filter/askdriver"
mkdir -p "$WORK/ppds" "$WORK/talk"
chmod 777 "$WORK/talk"
ppdc -d "$WORK/ppds" /usr/share/cups/drv/sample.drv >/dev/null 2>&1
sed -e '/^\*cupsFilter:/s/rastertohp/askdriver/' \
	-e '/^\*cupsFilter:/a *cupsFilter: "application/vnd.cups-command 0 ask"' \
	"$WORK/ppds/laserjet.ppd" >"$WORK/talk.ppd"
check 'a queue around a printer that talks' postage queue add Talk \
	--printer "talk:$WORK/talk" --ppd "$WORK/talk.ppd"

logged() {
	job_log "$1" | grep -qF "$2" || {
		job_log "$1" | grep -E 'asked|answered|says'
		return 1
	}
}

printf '#CUPS-COMMAND\nClean all\n' >"$WORK/clean"
spent=$(register ascending)
job=$(submit -d Talk "$WORK/clean")
check 'a command for the printer' completes "$job"
check 'the device id' logged "$job" 'asked 4: 1 MFG:Test;MDL:Talker;'
check 'drained' logged "$job" 'asked 2: 1 '
check 'connected' logged "$job" 'asked 8: 1 <1>'
check 'SNMP' logged "$job" 'asked 6: 1 .1.3.6.1.2.1.43.10.2.1.4.1.1<0>4711'
check 'what the printer does not know' logged "$job" 'asked 3: 7'
check 'the back channel' logged "$job" 'the printer says: thanks for 16'
check_is 'and the command arrived' "$(cat "$WORK/talk/took")" \
	'clean the heads'
check 'no postage for it' nothing_spent "$spent"

document plain.pdf '[[postage 0.78]]' >"$WORK/letter.pdf"
job=$(submit -d Talk "$WORK/letter.pdf")
check 'a stamped page, its driver asking' completes "$job"
check 'has all it wrote taken' logged "$job" 'asked 2: 1 '
check 'and does not wait for a printer' logged "$job" 'all answered at once'
check 'two decoders agree' read_stamps "$WORK/talk/took"
check_is 'one stamp' "$(values)" 780
check 'it verifies' verified

# --- lpd --------------------------------------------------------------------------
mkdir -p "$WORK/lpd"
perl -MIO::Socket::INET -e '
	my ($port, $dir) = @ARGV;
	my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
		LocalPort => $port, Listen => 4, ReuseAddr => 1) or die $!;
	for (my $n = 1; my $c = $s->accept; $n++) {
		my $queue = <$c>;
		syswrite $c, "\0";
		while (defined(my $line = <$c>)) {
			my ($what, $len) = $line =~ /^([\2\3])(\d+) / or last;
			syswrite $c, "\0";
			read $c, my $data, $len;
			read $c, my $end, 1;
			syswrite $c, "\0";
			open my $f, ">", "$dir/$n." . ($what eq "\3" ? "data"
				: "control") or die $!;
			print $f $data;
		}
		close $c;
	}' "$((PORT + 3))" "$WORK/lpd" &
remember $!
check 'a queue around a printer on lpd' postage queue add Lpd \
	--printer "lpd://127.0.0.1:$((PORT + 3))/office?reserve=none&banner=off" \
	--ppd "$WORK/ppds/laserjet.ppd"
job=$(submit -d Lpd -n 2 "$WORK/letter.pdf")
check 'two copies' completes "$job"
check 'arrive' until_true 10 test -s "$WORK/lpd/1.data"
check 'two decoders agree' read_stamps "$WORK/lpd/1.data"
check_is 'two stamps' "$(values)" '780 780'
check_is 'and one copy of the file' \
	"$(grep -ac '^l' "$WORK/lpd/1.control")" 1

# --- socket -----------------------------------------------------------------------
socket_sink_start
check 'a queue around a printer on a socket' postage queue add Socket \
	--printer "socket://127.0.0.1:$SOCKET_PORT/?waiteof=false" \
	--ppd "$WORK/ppds/laserjet.ppd"
job=$(submit -d Socket "$WORK/letter.pdf")
check 'a page' completes "$job"
check 'arrives' until_true 10 test -s "$WORK/socket/1.data"
check 'two decoders agree' read_stamps "$WORK/socket/1.data"
check_is 'one stamp' "$(values)" 780
check 'no stamp twice' all_distinct
check 'registers' books_balance
done_testing
