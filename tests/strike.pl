#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# strike.pl KIND SIGNAL WAIT SEED: waits so many seconds, then sends the signal
# to a random process of the kind, as soon as there is one, for two seconds at
# most; prints the kind if it was hit.  For s_kills.sh, which names its cupsd,
# daemon and folder in the environment: no other scheduler's processes are hit.
use strict;
use warnings;
use Time::HiRes qw(sleep time);

my ($kind, $signal, $wait, $seed) = @ARGV;
my ($cupsd, $vaultd, $work) = @ENV{qw(CUPSD_PID VAULTD_PID WORK)};
srand $seed;

sub contents {
	my ($path) = @_;
	open my $f, '<', $path or return '';
	local $/;
	return <$f> // '';
}

sub children {
	return map { split ' ', contents("/proc/$_/task/$_/children") } @_;
}

sub command {
	return contents("/proc/$_[0]/cmdline") =~ tr/\0/ /r;
}

# A filter's name is the queue's; a script's, or what it became, is the file's.
sub filters {
	return grep { command($_) =~ m{^Q\d |\Q$work\E/serverbin/filter/} }
		children($cupsd);
}

# postagedriver is the last one; the printer's own is its child.
sub drivers {
	my @last = (filters())[-1] // return;
	return @last, children(@last);
}

# Also those that outlived their scheduler.
sub named {
	my ($pattern) = @_;
	return grep { command($_) =~ $pattern } map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub renderers {
	my @below = filters();
	my @found;
	for (1 .. 3) {
		@below = children(@below);
		push @found, grep { contents("/proc/$_/comm") =~ /^gs$/ } @below;
	}
	return @found;
}

my %victims = (
	filter => \&filters,
	gs => \&renderers,
	driver => \&drivers,
	backend => sub { named(qr{^postage:/sink:\Q$work\E}) },
	printer => sub { named(qr{^/bin/sh \Q$work\E/serverbin/backend/sink}) },
	child => sub { children($vaultd) },
	vaultd => sub { $vaultd },
	cupsd => sub { $cupsd },
);

sleep $wait;
for (my $until = time + 2; time < $until; sleep 0.03) {
	my @who = $victims{$kind}->() or next;
	next unless kill $signal, $who[rand @who];
	print "$kind\n";
	exit 0;
}
exit 1;
