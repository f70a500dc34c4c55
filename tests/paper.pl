#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# paper.pl FILE PREFIX [pgm]: what a printer would put on paper for the bytes in
# FILE, as PREFIX-1.png, -2.png, ...; or as they are, .pgm.
#
# The languages are read here from their published command sets, by readers that
# know nothing of the drivers under test: HP PCL (with Brother's raster mode),
# PCL XL, ESC/P2, ZPL II, EPL1 and EPL2, CPCL, Dymo LabelWriter, Brother P-touch
# and QL.  A dot of any ink is black.  A byte that no command explains ends the
# run: a page that was half understood is no proof.
#
# A page is {x_dpi, y_dpi, rows => [bytes, most significant bit leftmost]}.
use strict;
use warnings;
use Compress::Zlib;
use File::Basename qw(dirname);
use lib dirname($0) . '/paper';
use Pcl;
use PclXl;
use Escp;
use Label;

sub chunk {
	my ($type, $data) = @_;
	return pack('N', length $data) . $type . $data .
		pack('N', crc32($type . $data));
}

# Printers with other dots across than down: the finer one for both.
sub square {
	my ($page) = @_;
	my ($x, $y) = @{$page}{qw(x_dpi y_dpi)};
	my @rows = @{$page->{rows}};
	@rows = map { ($_) x ($x / $y) } @rows if $x > $y;
	if ($y > $x) {
		my $n = $y / $x;
		@rows = map { pack 'B*', join '', map { $_ x $n }
			split //, unpack 'B*', $_ } @rows;
	}
	return @rows;
}

sub save_png {
	my ($page, $out, $bytes, @rows) = @_;
	my $dots = join '', map { "\0" . ~$_ } @rows;
	my $dpm = int(($page->{x_dpi} > $page->{y_dpi} ? $page->{x_dpi}
		: $page->{y_dpi}) / 0.0254 + 0.5);
	print $out "\x89PNG\r\n\x1a\n",
		chunk('IHDR', pack 'NNCCCCC', $bytes * 8, scalar @rows, 1, 0, 0, 0, 0),
		chunk('pHYs', pack 'NNC', $dpm, $dpm, 1),
		chunk('IDAT', compress($dots, 1)), chunk('IEND', '');
}

sub save_pgm {
	my ($page, $out, $bytes, @rows) = @_;
	print $out 'P5 ', $bytes * 8, ' ', scalar @rows, " 255\n",
		map { unpack('B*', $_) =~ tr/01/\xff\0/r } @rows;
}

sub save {
	my ($page, $file) = @_;
	my @rows = square($page);
	my $bytes = 0;
	for (@rows) {
		$bytes = length if length > $bytes;
	}
	die "an empty page\n" unless $bytes && @rows;
	@rows = map { $_ . "\0" x ($bytes - length $_) } @rows;
	open my $out, '>:raw', $file or die "$file: $!\n";
	($file =~ /pgm$/ ? \&save_pgm : \&save_png)->($page, $out, $bytes, @rows);
	close $out or die "$file: $!\n";
}

# A printer tells languages apart by their first bytes, or by PJL.
sub pages_of {
	my ($data) = @_;
	return Label::zpl($data) if $data =~ /^(~DG|\^XA|~SD)/;
	return Label::cpcl($data) if $data =~ /^! 0 /;
	return Label::epl2($data) if $data =~ /^\s*N\n/;
	return Label::epl1($data) if $data =~ /^\eM\d/;
	return Label::dymo($data) if $data =~ /^\e{8}/;
	return Label::ptouch($data) if $data =~ /^\0{100,}\e\@/;
	return PclXl::pages($data) if $data =~ /LANGUAGE ?= ?PCLXL/i;
	return Pcl::pages($data) if $data =~ /^\0*\e(E|%-12345X)/;
	return Escp::pages($data) if $data =~ /^\0*\e[\@\x01{]/;
	die "no language of a printer\n";
}

my ($file, $prefix, $as) = @ARGV;
open my $in, '<:raw', $file or die "$file: $!\n";
my $data = do { local $/; <$in> };
my $n = 0;
save($_, "$prefix-" . ++$n . '.' . ($as // 'png')) for pages_of($data);
die "$file: no page\n" unless $n;
