# SPDX-License-Identifier: Apache-2.0
# PCL XL (PCL 6), after the PCL XL Feature Reference: operators with attributes
# before them.  What is drawn here: images of one and eight bits, also through
# the palette; characters of fonts that were downloaded as bitmaps; rectangles.
# Other paths are not filled, so curves are missing.
package PclXl;
use strict;
use warnings;
use Pcl ();

my @packing = ('C', 'v', 'V', 's<', 'l<', 'f<');
my @width = (1, 2, 4, 2, 4, 4);

sub values_of {
	my ($type, $count) = @_;
	my $bytes = $width[$type] * $count;
	my @v = unpack $packing[$type] . $count, substr $_, pos(), $bytes;
	pos() += $bytes;
	return \@v;
}

# Calls `do` with the name of each operator, its attributes, and its data.
sub operators {
	my ($do) = @_;
	my (%a, $value);
	while (pos() < length) {
		my $tag = ord substr $_, pos()++, 1;
		if ($tag >= 0xc0 && $tag <= 0xc5) {
			$value = values_of($tag - 0xc0, 1)->[0];
		} elsif ($tag >= 0xc8 && $tag <= 0xcd) {
			my $n = ord(substr $_, pos()++, 1) - 0xc0;
			$value = values_of($tag - 0xc8, values_of($n, 1)->[0]);
		} elsif ($tag >= 0xd0 && $tag <= 0xd5) {
			$value = values_of($tag - 0xd0, 2);
		} elsif ($tag >= 0xe0 && $tag <= 0xe5) {
			$value = values_of($tag - 0xe0, 4);
		} elsif ($tag == 0xf8) {
			$a{ord substr $_, pos()++, 1} = $value;
		} elsif ($tag == 0xfa || $tag == 0xfb) {
			my $n = values_of($tag == 0xfa ? 2 : 0, 1)->[0];
			$a{data} = substr $_, pos(), $n;
			pos() += $n;
			$a{then}->(\%a) if $a{then};
		} elsif ($tag >= 0x41 && $tag <= 0xb9) {
			# these have their data behind them
			if ($tag == 0x50 || $tag == 0x53 || $tag == 0xb1) {
				my $kind = ord substr $_, pos()++, 1;
				my $n = values_of($kind == 0xfa ? 2 : 0, 1)->[0];
				$a{data} = substr $_, pos(), $n;
				pos() += $n;
			}
			$do->($tag, \%a);
			%a = ();
			return if $tag == 0x42;
		} elsif ($tag > 0x20 || $tag == 0) {
			die sprintf "PCL XL: tag %02x at %d\n", $tag, pos();
		}
	}
}

# Dots of a row that are set, ORed into the page at x, y; every one `w` dots
# wide and `h` high.
sub ink {
	my ($p, $x, $y, $bits, $w, $h) = @_;
	return if $bits !~ /1/;
	if ($w != 1) {
		my ($out, $at) = ('', 0);
		while ($bits =~ /(0+|1+)/g) {
			my $end = int(pos($bits) * $w + 0.5);
			$out .= substr($1, 0, 1) x ($end - $at);
			$at = $end;
		}
		$bits = $out;
	}
	if ($x < 0) {
		return if -$x >= length $bits;
		$bits = substr $bits, -$x;
		$x = 0;
	}
	my $row = pack 'B*', '0' x $x . $bits;
	for ($y .. $y + $h - 1) {
		$p->{rows}[$_] = ($p->{rows}[$_] // '') | $row if $_ >= 0;
	}
}

# A rectangle in black or white.
sub fill {
	my ($p, $box) = @_;
	my ($x0, $y0, $x1, $y1) = @$box;
	$_ += $p->{origin}[0] for $x0, $x1;
	$_ += $p->{origin}[1] for $y0, $y1;
	my $bits = pack 'B*', '0' x $x0 . '1' x ($x1 - $x0);
	for my $y ($y0 .. $y1 - 1) {
		my $row = $p->{rows}[$y] // '';
		if (!$p->{white}) {
			$p->{rows}[$y] = $row | $bits;
		} elsif ($row ne '') {
			my $n = length $row;
			$p->{rows}[$y] = substr $row &
				~($bits . "\0" x ($n > length $bits
					? $n - length $bits : 0)), 0, $n;
		}
	}
}

sub image_rows {
	my ($im) = @_;
	my $bytes = $im->{depth} ? $im->{width} : int(($im->{width} + 7) / 8);
	my $padded = int(($bytes + 3) / 4) * 4;
	my $all = '';
	for my $block (@{$im->{blocks}}) {
		my ($mode, $data) = @$block;
		die "PCL XL: compression $mode\n" if $mode != 0 && $mode != 1;
		$all .= $mode == 1 ? Pcl::packbits($data) : $data;
	}
	return map { substr $all, $_ * $padded, $bytes } 0 .. $im->{height} - 1;
}

# 0 is black, unless the palette says otherwise; grey is black below one half.
sub draw_image {
	my ($p) = @_;
	my $im = $p->{image};
	my $y_scale = $im->{size}[1] / $im->{height};
	my $x_scale = $im->{size}[0] / $im->{width};
	my $black = $p->{palette} && $p->{palette}[0] >= 128 ? 1 : 0;
	my $n = 0;
	for my $row (image_rows($im)) {
		my $bits;
		if ($im->{depth}) {
			$bits = $row;
			$bits =~ tr/\x80-\xff/\xff/;
			$bits =~ tr/\0-\x7f/1/;
			$bits =~ tr/\xff/0/;
		} else {
			$bits = substr unpack('B*', $row), 0, $im->{width};
			$bits =~ tr/01/10/ unless $black;
		}
		my $top = int($n * $y_scale + 0.5);
		$n++;
		my $end = int($n * $y_scale + 0.5);
		ink($p, int($p->{x} + 0.5), int($p->{y} + $top + 0.5), $bits, $x_scale,
			$end - $top);
	}
}

# Characters: format 0 is a bitmap with its origin and size before it.
sub draw_text {
	my ($p, $a) = @_;
	my $codes = $a->{0xab};
	my ($dx, $dy) = ($a->{0xaf} // [], $a->{0xb0} // []);
	for my $i (0 .. $#$codes) {
		my $c = $p->{fonts}{$p->{font} // ''}{$codes->[$i]};
		if ($c) {
			my ($left, $top, $w, $h) = unpack 's>s>s>s>', substr $c, 2;
			my $bytes = int(($w + 7) / 8);
			ink($p, $p->{x} + $left, $p->{y} - $top + $_,
				unpack('B*', substr $c, 10 + $_ * $bytes, $bytes), 1, 1)
				for 0 .. $h - 1;
		}
		$p->{x} += $dx->[$i] // 0;
		$p->{y} += $dy->[$i] // 0;
	}
}

sub name {
	return pack 'C*', @{$_[0]};
}

my %do = (
	0x41 => sub { $_[0]{dpi} = $_[1]{0x89}[0] },
	0x43 => sub { @{$_[0]}{qw(rows x y origin palette stack)} =
		([], 0, 0, [0, 0], undef, []) },
	0x44 => sub {
		my ($p, $a) = @_;
		die "PCL XL: copies\n" if ($a->{0x31} // 1) > 1;
		push @{$p->{pages}}, {x_dpi => $p->{dpi}, y_dpi => $p->{dpi},
			rows => [map { $_ // '' } @{$p->{rows}}]};
	},
	0x52 => sub { $_[0]{loading} = name($_[1]{0xa8}) },
	0x53 => sub {
		my ($p, $a) = @_;
		$p->{fonts}{$p->{loading}}{$a->{0xa2}} = $a->{data};
	},
	0x60 => sub {
		my ($p) = @_;
		@{$p}{qw(x y palette font origin)} = @{pop @{$p->{stack}}};
	},
	0x61 => sub {
		my ($p) = @_;
		push @{$p->{stack}}, [@{$p}{qw(x y palette font origin)}];
	},
	0x63 => sub {
		my ($p, $a) = @_;
		$p->{brush} = !exists $a->{4};
		$p->{white} = ($a->{9} // 0) >= 128 || ($a->{0x0b} &&
			!grep { $_ < 128 } @{$a->{0x0b}});
	},
	0x6a => sub {
		my ($p, $a) = @_;
		$p->{palette} = $a->{6} if $a->{6};
	},
	0x6b => sub {
		my ($p, $a) = @_;
		@{$p}{qw(x y)} = ($a->{0x4c}[0] + $p->{origin}[0],
			$a->{0x4c}[1] + $p->{origin}[1]);
	},
	0x6c => sub {
		my ($p, $a) = @_;
		$p->{x} += $a->{0x4c}[0];
		$p->{y} += $a->{0x4c}[1];
	},
	0x6f => sub { $_[0]{font} = name($_[1]{0xa8}) },
	0x75 => sub { $_[0]{origin}[$_] += $_[1]{0x2a}[$_] for 0, 1 },
	0xa0 => sub { fill($_[0], $_[1]{0x42}) if $_[0]{brush} },
	0xa8 => \&draw_text,
	0xb0 => sub {
		my ($p, $a) = @_;
		$p->{image} = {width => $a->{0x6c}, height => $a->{0x6b},
			size => $a->{0x67}, depth => $a->{0x62} ? 1 : 0, blocks => []};
		die "PCL XL: image of $a->{0x62}\n" if $a->{0x62} == 1;
	},
	0xb1 => sub {
		my ($p, $a) = @_;
		push @{$p->{image}{blocks}}, [$a->{0x65}, $a->{data}];
	},
	0xb2 => sub { draw_image($_[0]) });

sub pages {
	local $_ = shift;
	my %p = (pages => [], fonts => {});
	/LANGUAGE ?= ?PCLXL\r?\n\) HP-PCL XL;[^\n]*\n/gc or
		die "PCL XL: no stream header\n";
	operators(sub {
		my ($tag, $a) = @_;
		$do{$tag}->(\%p, $a) if $do{$tag};
	});
	return @{$p{pages}};
}

1;
