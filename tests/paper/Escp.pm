# SPDX-License-Identifier: Apache-2.0
# Epson ESC/P and ESC/P2 graphics, after the ESC/P Reference Manual: bit images
# of 24 and 48 pins (ESC *), raster graphics (ESC . and ESC i) with PackBits,
# and moves of head and paper.  All lengths are kept in dots of the finest grid
# that a job names.
package Escp;
use strict;
use warnings;
use Pcl ();

# Sets dots of a row; `step` is how far apart they shall be, `are` how far apart
# they are in it.
sub ink {
	my ($p, $y, $x, $bytes, $step, $are) = @_;
	$bytes =~ s/\0+$//;
	return if $bytes eq '';
	my $bits = unpack 'B*', $bytes;
	$bits = join '', unpack '(ax)' . length($bits) / 2, $bits if $are == 2 &&
		$step == 1;
	$bits =~ s/(.)/$1 . '0' x ($step - 1)/ge if $are == 1 && $step > 1;
	my $row = pack 'B*', '0' x ($x % 8) . $bits;
	$row = "\0" x int($x / 8) . $row;
	$p->{rows}[$y] = ($p->{rows}[$y] // '') | $row;
}

# Rows of packed dots, at the place of $_.
sub raster {
	my ($p, $how) = @_;
	my ($x_step, $y_step) = @{$how->{step}};
	for my $n (0 .. $how->{rows} - 1) {
		my $row = '';
		while (length $row < $how->{bytes}) {
			my $c = $how->{packed} ? ord substr $_, pos()++, 1
				: $how->{bytes} - 1;
			next if $how->{packed} && $c == 128;
			my $len = $how->{packed} && $c > 128 ? 1 : $c + 1;
			my $run = substr $_, pos(), $len;
			pos() += $len;
			$row .= $how->{packed} && $c > 128 ? $run x (257 - $c) : $run;
		}
		die "ESC/P: a row of other length\n" if length $row != $how->{bytes};
		my $are = $how->{bits} // 1;
		$row = any_size($row) if $are == 2;
		ink($p, $p->{y} + $n * $y_step, $p->{x}, $row, $x_step, $are);
	}
}

# Two bits a dot: a dot of any size is ink, in the first of them.
my @any = map { my $b = $_ | $_ << 1; chr($b & 0xaa) } 0 .. 255;

sub any_size {
	my ($row) = @_;
	return join '', @any[unpack 'C*', $row];
}

# ESC *: columns of 24 or 48 dots.
sub columns {
	my ($p, $pins, $count, $data) = @_;
	my @rows = ('') x $pins;
	for my $n (0 .. $count - 1) {
		my $column = unpack 'B*', substr $data, $n * $pins / 8, $pins / 8;
		$rows[$_] .= substr $column, $_, 1 for 0 .. $pins - 1;
	}
	ink($p, $p->{y} + $_, $p->{x}, pack('B*', $rows[$_]), 1, 1)
		for 0 .. $pins - 1;
	$p->{x} += $count;
}

# The grid may be twice as fine as what was printed.
sub coarser_rows {
	my ($rows) = @_;
	for my $odd (0, 1) {
		next if grep { $_ % 2 == $odd && $rows->[$_] =~ /[^\0]/ } 0 .. $#$rows;
		@$rows = @{$rows}[grep { $_ % 2 != $odd } 0 .. $#$rows];
		return 1;
	}
	return 0;
}

sub coarser_columns {
	my ($rows) = @_;
	my $all = '';
	$all |= $_ for @$rows;
	$all = unpack 'B*', $all;
	my $keep = $all !~ /^(?:..)*1/ ? 1 : $all !~ /^(?:..)*.1/ ? 0 : return 0;
	my $template = $keep ? '(xa)' : '(ax)';
	for (@$rows) {
		my $bits = unpack 'B*', $_;
		$_ = pack 'B*', join '', unpack $template . length($bits) / 2, $bits;
	}
	return 1;
}

sub end_page {
	my ($p) = @_;
	my @rows = map { $_ // '' } @{$p->{rows}};
	my %page = (x_dpi => $p->{x_dpi}, y_dpi => $p->{y_dpi}, rows => \@rows);
	$page{y_dpi} /= 2 while $page{y_dpi} > 180 && coarser_rows(\@rows);
	$page{x_dpi} /= 2 while $page{x_dpi} > 180 && coarser_columns(\@rows);
	push @{$p->{pages}}, \%page if @rows;
	@{$p}{qw(rows x y)} = ([], 0, 0);
}

# ESC ( letter, with its two bytes of length before.
sub extended {
	my ($p, $c, $d) = @_;
	my @b = unpack 'C*', $d;
	if ($c eq 'U' && @b == 1) {
		$p->{unit} = $p->{x_dpi} = $p->{y_dpi} = 3600 / $b[0];
		$p->{h_unit} = $p->{unit};
	} elsif ($c eq 'U') {
		my $base = $b[3] + 256 * $b[4];
		$p->{unit} = $base / $b[1];
		$p->{h_unit} = $base / $b[2];
		@{$p}{qw(x_dpi y_dpi)} = ($base / $b[2], $base / $b[1]);
	} elsif ($c eq 'D') {
		my $base = $b[0] + 256 * $b[1];
		$p->{step} = [$p->{x_dpi} * $b[3] / $base,
			$p->{y_dpi} * $b[2] / $base];
	} elsif ($c eq 'v') {
		$p->{y} += unpack 's<', $d . "\0\0";
		$p->{x} = 0;
	} elsif ($c eq 'V') {
		$p->{y} = unpack 's<', $d . "\0\0";
	} elsif ($c eq '$') {
		$p->{x} = (unpack 'V', $d . "\0\0") * $p->{x_dpi} / $p->{h_unit};
	} elsif ($c eq '/' || $c eq '\\') {
		$p->{x} += (unpack 'l<', $d . "\0\0") * $p->{x_dpi} / $p->{h_unit};
	} elsif ($c !~ /[GKRScCeimrdT]/) {
		die "ESC/P: ESC ( $c\n";
	}
}

my %pins = (32 => [24, 60], 33 => [24, 120], 38 => [24, 90], 39 => [24, 180],
	40 => [24, 360], 41 => [24, 360], 71 => [48, 180], 72 => [48, 360],
	73 => [48, 360]);

sub bit_image {
	my ($p, $mode, $count) = @_;
	my ($pins, $dpi) = @{$pins{$mode} or die "ESC/P: bit image $mode\n"};
	my $len = $count * $pins / 8;
	$p->{x_dpi} = $dpi;
	$p->{y_dpi} = $pins == 48 ? 360 : 180;
	columns($p, $pins, $count, substr $_, pos, $len);
	pos() += $len;
}

sub pages {
	local $_ = shift;
	my %p = (pages => [], rows => [], x => 0, y => 0, feed => 1 / 6,
		x_dpi => 180, y_dpi => 180, unit => 180, h_unit => 60, step => [1, 1]);
	s/^\0*\e\x01\@EJL[^\n]*\n(?:\@EJL[^\n]*\n)*//;
	pos = 0;
	while (pos() < length) {
		if (/\G\e\((.)(..)/gcs) {
			my ($c, $n) = ($1, unpack 'v', $2);
			my $data = substr $_, pos(), $n;
			pos() += $n;
			# remote mode: until its own ESC 0 0 0
			if ($c eq 'R') {
				/\G.*?\e\0\0\0/gcs;
				next;
			}
			extended(\%p, $c, $data);
		} elsif (/\G\ei(.)(.)(.)(..)(..)/gcs) {
			raster(\%p, {packed => ord $2, bits => ord $3,
				bytes => unpack('v', $4), rows => unpack('v', $5),
				step => $p{step}});
		} elsif (/\G\e\.(.)(.)(.)(.)(..)/gcs) {
			@p{qw(x_dpi y_dpi)} = (3600 / ord $3, 3600 / ord $2);
			raster(\%p, {packed => ord $1, rows => ord $4, step => [1, 1],
				bytes => int((7 + unpack 'v', $5) / 8)});
		} elsif (/\G\e\*(.)(..)/gcs) {
			bit_image(\%p, ord $1, unpack 'v', $2);
		} elsif (/\G\e\$(..)/gcs) {
			$p{x} = unpack('v', $1) * $p{x_dpi} / $p{h_unit};
		} elsif (/\G\e3(.)/gcs) {
			$p{feed} = ord($1) / 180;
		} elsif (/\G\e\+(.)/gcs) {
			$p{feed} = ord($1) / 360;
		} elsif (/\G\n/gc) {
			$p{y} += $p{feed} * $p{y_dpi};
			$p{x} = 0;
		} elsif (/\G\r/gc) {
			$p{x} = 0;
		} elsif (/\G\f/gc) {
			end_page(\%p);
		} elsif (!/\G(?:\e[\@2OP\x12]|\x12|\e\{A|\e[xUlQNr].|\eC\0?.|\0)/gcs) {
			die sprintf "ESC/P: byte %02x at %d\n", ord(substr $_, pos()), pos();
		}
	}
	return @{$p{pages}};
}

1;
