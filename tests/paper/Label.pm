# SPDX-License-Identifier: Apache-2.0
# Label printers: Zebra ZPL II, EPL1, EPL2 and CPCL, Dymo LabelWriter, Brother
# P-touch and QL; each after its maker's programming guide.
package Label;
use strict;
use warnings;
use Pcl ();

sub page {
	my ($dpi, @rows) = @_;
	return {x_dpi => $dpi, y_dpi => $dpi, rows => \@rows};
}

sub unknown {
	my ($language) = @_;
	die sprintf "%s: byte %02x at %d\n", $language,
		ord(substr $_, pos), pos;
}

# --- ZPL ----------------------------------------------------------------------
# Hexadecimal with counts: G to Y are 1 to 19, g to z are 20 to 400; a comma
# ends a row with zeros, ! with ones, a colon repeats the row above.
sub zpl_graphic {
	my ($total, $bytes, $text) = @_;
	my (@rows, $row, $n);
	($row, $n) = ('', 0);
	for my $c (split //, $text) {
		if ($c =~ /[G-Y]/) {
			$n += ord($c) - ord 'F';
		} elsif ($c =~ /[g-z]/) {
			$n += 20 * (ord($c) - ord 'f');
		} elsif ($c =~ /[0-9A-F]/) {
			$row .= $c x ($n || 1);
			$n = 0;
		} elsif ($c eq ',' || $c eq '!') {
			$row .= ($c eq ',' ? '0' : 'F') x (2 * $bytes - length $row);
		} elsif ($c eq ':') {
			push @rows, $rows[-1];
		} elsif ($c !~ /\s/) {
			die "ZPL: \"$c\" in a graphic\n";
		}
		while (length $row >= 2 * $bytes) {
			push @rows, pack 'H*', substr $row, 0, 2 * $bytes, '';
		}
	}
	die "ZPL: $total bytes were announced, ", @rows * $bytes, " came\n"
		if @rows * $bytes != $total || $row ne '';
	return @rows;
}

sub zpl {
	local $_ = shift;
	my (%stored, @pages, @rows);
	pos = 0;
	while (pos() < length) {
		if (/\G~DG(\w:[^,]+),(\d+),(\d+),\s*([^~^]*)/gc) {
			$stored{$1} = [zpl_graphic($2, $3, $4)];
		} elsif (/\G\^XG([^,^]+)[^^~]*/gc) {
			@rows = @{$stored{$1} or die "ZPL: no graphic $1\n"};
		} elsif (/\G\^XZ\s*/gc) {
			push @pages, page(203, @rows) if @rows;
			@rows = ();
		} elsif (/\G\^PQ\s*(\d+)[^^~]*/gc) {
			die "ZPL: $1 copies\n" if $1 > 1;
		} elsif (!/\G[~^](?:XA|PW|PR|LH|LL|LT|MN|MT|MM|MD|TA|JZ|FO|FS|SD|ID|
			PO|CN|JU|SZ|JS)[^^~]*/gcx) {
			unknown('ZPL');
		}
	}
	return @pages;
}

# --- EPL, CPCL ------------------------------------------------------------------
sub at {
	my ($rows, $y, $row) = @_;
	push @$rows, '' while @$rows < $y;
	$rows->[$y] = $row;
}

# GW: 0 is a dot.
sub epl2 {
	local $_ = shift;
	my (@pages, @rows);
	pos = 0;
	while (pos() < length) {
		if (/\GGW0,(\d+),(\d+),(\d+)\n/gc) {
			my ($y, $bytes, $count) = ($1, $2, $3);
			for my $n (0 .. $count - 1) {
				at(\@rows, $y + $n, ~substr $_, pos(), $bytes);
				pos() += $bytes;
			}
			/\G\n/gc or unknown('EPL2');
		} elsif (/\GP(\d+)\n/gc) {
			die "EPL2: $1 copies\n" if $1 != 1;
			push @pages, page(203, @rows);
			@rows = ();
		} elsif (!/\G(?:N|q\d+|S\d|D\d+|C|O\w*|Z[TB]|R\d+,\d+)?\n/gc) {
			unknown('EPL2');
		}
	}
	return @pages;
}

# Row by row; a form feed ends the label.
sub epl1 {
	local $_ = shift;
	my (@pages, @rows);
	pos = 0;
	while (pos() < length) {
		if (/\G\eg(\d{3})/gc) {
			push @rows, substr $_, pos(), $1;
			pos() += $1;
		} elsif (/\G\eE\f/gc) {
			push @pages, page(203, @rows);
			@rows = ();
		} elsif (!/\G\e(?:M\d\d|B|S\d|D\d+)/gc) {
			unknown('EPL1');
		}
	}
	return @pages;
}

sub cpcl {
	local $_ = shift;
	my (@pages, @rows);
	pos = 0;
	while (pos() < length) {
		if (/\GCG (\d+) 1 0 (\d+) /gc) {
			my ($bytes, $y) = ($1, $2);
			at(\@rows, $y, substr $_, pos(), $bytes);
			pos() += $bytes;
			/\G\r\n/gc or unknown('CPCL');
		} elsif (/\G! 0 \d+ \d+ \d+ (\d+)\r\n/gc) {
			die "CPCL: $1 copies\n" if $1 != 1;
		} elsif (/\GPRINT\r\n/gc) {
			push @pages, page(203, @rows);
			@rows = ();
		} elsif (!/\G[A-Z-]+(?: [\w-]+)*\r\n/gc) {
			unknown('CPCL');
		}
	}
	return @pages;
}

# --- Dymo ---------------------------------------------------------------------
# SYN: a row as it is.  ETB: runs of 1 to 128 dots, the upper bit their colour.
# ESC D and ESC B: bytes of a row, and bytes left free before it.
sub dymo {
	local $_ = shift;
	my (@pages, @rows);
	my ($bytes, $left, $dpi) = (84, 0, 300);
	pos = 0;
	while (pos() < length) {
		if (/\G\x16/gc) {
			push @rows, "\0" x $left . substr $_, pos(), $bytes;
			pos() += $bytes;
		} elsif (/\G\x17/gc) {
			my $bits = '';
			while (length $bits < 8 * $bytes) {
				my $n = ord substr $_, pos()++, 1;
				$bits .= ($n & 0x80 ? 1 : 0) x (1 + ($n & 0x7f));
			}
			push @rows, "\0" x $left . pack 'B*', $bits;
		} elsif (/\G\eD(.)/gcs) {
			$bytes = ord $1;
		} elsif (/\G\eB(.)/gcs) {
			$left = ord $1;
		} elsif (/\G\ef\x01(.)/gcs) {
			push @rows, ('') x ord $1;
		} elsif (/\G\e[EG]/gc) {
			push @pages, page($dpi, @rows) if @rows;
			@rows = ();
		} elsif (!/\G\e(?:[\@AehicdgE\e]|[LQ]..|[q*].)/gcs) {
			unknown('Dymo');
		}
	}
	return @pages;
}

# --- Brother ------------------------------------------------------------------
# The first dot of a row is at the right end of the label.
sub mirrored {
	my ($row, $bytes) = @_;
	$row .= "\0" x ($bytes - length $row);
	return pack 'B*', scalar reverse unpack 'B*', $row;
}

sub ptouch {
	local $_ = shift;
	my (@pages, @rows);
	my $bytes = 90;
	pos = 0;
	while (pos() < length) {
		if (/\Gg(.)(.)/gcs) {
			$bytes = ord $2;
			push @rows, mirrored(substr($_, pos(), $bytes), $bytes);
			pos() += $bytes;
		} elsif (/\GG(..)/gcs) {
			my $n = unpack 'v', $1;
			push @rows, mirrored(Pcl::packbits(substr $_, pos(), $n), $bytes);
			pos() += $n;
		} elsif (/\GZ/gc) {
			push @rows, '';
		} elsif (/\G[\f\x1a]/gc) {
			push @pages, page(300, @rows);
			@rows = ();
		} elsif (!/\G(?:\0+|\e\@|\eiz.{10}|\eid..|\ei[MKAaR!D].|\eic.{5}|M.)/gcs) {
			unknown('P-touch');
		}
	}
	return @pages;
}

1;
