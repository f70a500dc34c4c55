#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# bad_printer.pl PORT reset|deaf FILE: a network printer that takes 60,000 bytes,
# keeps them in FILE, and then hangs up; or that takes a connection and no byte.
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF);

my ($port, $how, $file) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	LocalPort => $port, Listen => 1, ReuseAddr => 1) or die "$port: $!\n";
$listener->setsockopt(SOL_SOCKET, SO_RCVBUF, 65536);
open my $out, '>', $file or die "$file: $!\n";
my $client = $listener->accept or die;
sleep 60 if $how eq 'deaf';
my $left = 60000;
while ($left > 0 && sysread $client, my $bytes, $left) {
	syswrite $out, $bytes;
	$left -= length $bytes;
}
setsockopt $client, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
close $client;
