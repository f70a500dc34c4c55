# SPDX-License-Identifier: Apache-2.0
# HP PCL 3 to 5 raster graphics, after the PCL 5 Printer Language Technical
# Reference: compression modes 0 (none), 1 (run length), 2 (PackBits), 3 (delta
# row) and 9 (compressed replacement delta row); planes and rows; and Brother's
# mode 1030, bands of rows each of which is a row of mode 9 with the number of
# its edits before it.
package Pcl;
use strict;
use warnings;

sub runs {
	my ($data) = @_;
	my $row = '';
	for (my $i = 0; $i + 1 < length $data; $i += 2) {
		$row .= substr($data, $i + 1, 1) x (1 + ord substr $data, $i, 1);
	}
	return $row;
}

sub packbits {
	my ($data) = @_;
	my ($row, $i) = ('', 0);
	while ($i < length $data) {
		my $n = ord substr $data, $i++, 1;
		if ($n < 128) {
			$row .= substr $data, $i, $n + 1;
			$i += $n + 1;
		} elsif ($n > 128) {
			$row .= substr($data, $i++, 1) x (257 - $n);
		}
	}
	return $row;
}

# A number that is at most `max` in its bits; then bytes are added to it, the
# last of which is not 255.
sub more {
	my ($data, $at, $n, $max) = @_;
	return $n if $n < $max;
	while (1) {
		my $more = ord substr $data, $$at++, 1;
		$n += $more;
		return $n if $more < 255;
	}
}

sub put {
	my ($row, $at, $bytes) = @_;
	$$row .= "\0" x ($at + length($bytes) - length $$row)
		if $at + length $bytes > length $$row;
	substr $$row, $at, length $bytes, $bytes;
}

# Mode 3: up to 8 bytes replaced, after an offset.
sub delta {
	my ($row, $data) = @_;
	my ($i, $at) = (0, 0);
	while ($i < length $data) {
		my $c = ord substr $data, $i++, 1;
		my $n = 1 + ($c >> 5);
		$at += more($data, \$i, $c & 31, 31);
		put(\$row, $at, substr $data, $i, $n);
		$i += $n;
		$at += $n;
	}
	return $row;
}

# One edit of mode 9: bytes, or one byte many times, after an offset.
sub edit {
	my ($row, $data, $i, $at) = @_;
	my $c = ord substr $data, $$i++, 1;
	my ($n, $bytes);
	if ($c & 0x80) {
		$$at += more($data, $i, $c >> 5 & 3, 3);
		$n = 2 + more($data, $i, $c & 31, 31);
		$bytes = substr($data, $$i++, 1) x $n;
	} else {
		$$at += more($data, $i, $c >> 3 & 15, 15);
		$n = 1 + more($data, $i, $c & 7, 7);
		$bytes = substr $data, $$i, $n;
		$$i += $n;
	}
	put($row, $$at, $bytes);
	$$at += $n;
}

sub replaced {
	my ($row, $data) = @_;
	my ($i, $at) = (0, 0);
	edit(\$row, $data, \$i, \$at) while $i < length $data;
	return $row;
}

sub band {
	my ($p, $data) = @_;
	my $rows = unpack 'n', $data;
	my $i = 2;
	for (1 .. $rows) {
		my ($edits, $at) = (ord(substr $data, $i++, 1), 0);
		$p->{seed}[0] = '' if $edits == 255;
		$edits = 0 if $edits == 255;
		edit(\$p->{seed}[0], $data, \$i, \$at) for 1 .. $edits;
		push @{$p->{rows}}, $p->{seed}[0];
	}
	die "PCL: a band of other length\n" if $i != length $data;
}

sub plane {
	my ($p, $data) = @_;
	my $n = $p->{plane}++;
	my $mode = $p->{mode};
	my $seed = $p->{seed}[$n] // '';
	my $row = $mode == 0 ? $data : $mode == 1 ? runs($data)
		: $mode == 2 ? packbits($data) : $mode == 3 ? delta($seed, $data)
		: $mode == 9 ? replaced($seed, $data)
		: die "PCL: compression mode $mode\n";
	$p->{seed}[$n] = $row;
	$p->{ink} |= $row;
}

sub end_row {
	my ($p) = @_;
	push @{$p->{rows}}, "\0" x int($p->{left} / 8) . $p->{ink};
	$p->{ink} = '';
	$p->{plane} = 0;
}

sub end_page {
	my ($p) = @_;
	push @{$p->{pages}}, {x_dpi => $p->{dpi}, y_dpi => $p->{dpi},
		rows => $p->{rows}} if @{$p->{rows}};
	$p->{rows} = [];
	$p->{seed} = [];
}

my %with_data = map { $_ => 1 } qw(*bV *bW *bw *gW *oW *vW (sW )sW &bW &pX *mW
	*iW *lW);

sub command {
	my ($p, $what, $value, $data) = @_;
	if ($what eq '*bM' || $what eq '*bm') {
		$p->{mode} = $value;
	} elsif ($p->{mode} == 1030 && lc $what eq '*bw') {
		band($p, $data);
	} elsif ($what eq '*bV') {
		plane($p, $data);
	} elsif ($what eq '*bW') {
		plane($p, $data);
		end_row($p);
	} elsif ($what eq '*bY') {
		push @{$p->{rows}}, ('') x $value;
		$p->{seed} = [];
	} elsif ($what eq '*tR') {
		$p->{dpi} = $value;
	} elsif ($what eq '*rA') {
		$p->{seed} = [];
	} elsif ($what eq '&lH' && $value == 0) {
		end_page($p);
	} elsif ($what eq '*rU' && abs $value > 4) {
		die "PCL: $value planes\n";
	}
}

sub pages {
	local $_ = shift;
	my ($dpi) = /\@PJL SET RESOLUTION *= *(\d+)/;
	s/\e%-12345X(?:\@PJL[^\n]*\n)*//g;
	my %p = (pages => [], rows => [], seed => [], mode => 0, plane => 0,
		ink => '', dpi => $dpi // 300, left => 0);
	pos = 0;
	while (pos() < length) {
		if (/\G\e([!-\/][`-~])/gc) {
			my ($group, $last) = ($1, 0);
			until ($last) {
				/\G([-+]?[\d.]*)([`-~\@-^])/gc
					or die 'PCL: at byte ' . pos() . "\n";
				my ($value, $c) = ($1 || 0, $2);
				my $what = $group . ($p{mode} == 1030 ? $c : uc $c);
				my $data = '';
				$last = $c =~ /[\@-^]/;
				if ($with_data{$group . uc $c}) {
					$data = substr $_, pos(), $value;
					pos() += $value;
				}
				command(\%p, $what, $value, $data);
			}
		} elsif (/\G\f/gc) {
			end_page(\%p);
		} elsif (/\G\e%-?\d*B([^\e]*)/gc) {
			# HP-GL/2; of it the end of the page counts
			end_page(\%p) if $1 =~ /PG/;
		} elsif (!/\G(?:\eE(?:IN;[^\e]*)?|\e[=9Y]|\e%-?\d*[A-Z]|[\0\r\n])/gc) {
			die sprintf "PCL: byte %02x at %d\n", ord(substr $_, pos()), pos();
		}
	}
	end_page(\%p);
	return @{$p{pages}};
}

1;
