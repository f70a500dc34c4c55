#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# notified.pl SOCKET: a NOTIFY_SOCKET, as systemd's: what comes is printed, a
# line each.
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);

$| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0])
	or die "$ARGV[0]: $!\n";
chmod 0777, $ARGV[0];
while (defined $socket->recv(my $said, 4096)) {
	print "$said\n";
}
