#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pty_printer.pl FILE: a printer on a serial line: a pair of pseudo-terminals.
# Its device's name is in FILE.tty; what it gets goes to FILE, as long as there
# is no FILE.busy.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(sleep);

my ($file) = @ARGV;
my ($unlock, $number) = (pack('i', 0), pack('i', 0));
sysopen my $master, '/dev/ptmx', POSIX::O_RDWR() | POSIX::O_NOCTTY() or
    die "ptmx: $!";
ioctl $master, 0x40045431, $unlock or die "TIOCSPTLCK: $!";
ioctl $master, 0x80045430, $number or die "TIOCGPTN: $!";
my $tty = '/dev/pts/' . unpack 'i', $number;
# Held open: the line does not hang up when a job ends.
sysopen my $slave, $tty, POSIX::O_RDWR() | POSIX::O_NOCTTY() or die "$tty: $!";
my $line = POSIX::Termios->new;
$line->getattr(fileno $slave);
$line->setiflag(0);
$line->setoflag(0);
$line->setlflag(0);
$line->setattr(fileno($slave), POSIX::TCSANOW());
chmod 0666, $tty; # as a rule for udev gives it to lp
open my $name, '>', "$file.tty.part" or die $!;
print $name "$tty\n";
close $name;
rename "$file.tty.part", "$file.tty";
open my $out, '>', $file or die $!;
while (1) {
	sleep 0.1 while -e "$file.busy";
	my $len = sysread $master, my $bytes, 4096;
	last unless $len;
	syswrite $out, $bytes;
}
