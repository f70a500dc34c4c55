#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# stamps.pl PNG|PGM...: every stamp on printed pages, one line for each, in reading
# order, as name=value words.  Two decoders that know nothing of this project
# read each symbol (ZXing and zbar, by tests/zbarpgm where it is built; for Data
# Matrix ZXing and libdmtx; ZXing alone reads DMRE and PDF417), and what they read
# must be the same bytes.  The fields are taken apart here after the published
# table, not by the project's own decoder.
#
# Exit: 0 all agree (also with no stamp), 1 decoders differ, bytes are no
# indicium, two stamps are the same, or there is no page.
#
#	page=1 x=410 y=220 w=489 h=489 turn=0 symbol=QRCode version=91 psd=XXPS0000000001
#	ascending=780 postage=780 descending=99220 date=20261121 origin=22202
#	to=90210123400 category=FCLE serial=0 label=0 extension=... hex=...
use strict;
use warnings;

my ($failed, %seen) = (0);

sub complain {
	print STDERR "stamps.pl: @_\n";
	$failed = 1;
}

sub output_of {
	my @command = @_;
	open my $null, '>&', \*STDERR or die $!;
	open STDERR, '>', '/dev/null' or die $!;
	my $started = open my $pipe, '-|', @command;
	my $why = $!;
	open STDERR, '>&', $null or die $!;
	die "$command[0]: $why\n" unless $started;
	binmode $pipe;
	local $/;
	my $out = <$pipe> // '';
	close $pipe;
	return $out;
}

# Little-endian unsigned of any width, as a decimal number.
sub number {
	my ($bytes, $at, $len) = @_;
	my $v = 0;
	$v = $v * 256 + ord substr $bytes, $at + $_, 1 for reverse 0 .. $len - 1;
	return $v;
}

# The length of the indicium that `bytes` begins with; 0 if none does.
sub indicium_len {
	my ($bytes) = @_;
	return 0 if length $bytes < 114;
	my $version = ord $bytes;
	return 0 if $version != 0x91 && $version != 0x92;
	my $len = 114 + ord substr $bytes, 49, 1;
	return $len <= length $bytes ? $len : 0;
}

sub fields {
	my ($b) = @_;
	my $sheet = ord($b) == 0x92;
	return (
		version => sprintf('%02x', ord $b),
		psd => sprintf('%s%s%010d', substr($b, 6, 2),
			substr($b, 8, 2), number($b, 10, 4)),
		ascending => number($b, 14, 5),
		postage => number($b, 19, 3),
		descending => number($b, 41, 4),
		date => number($b, 22, 4),
		origin => number($b, 26, 4),
		to => $sheet ? 0 : number($b, 30, 5),
		category => substr($b, 45, 4) =~ s/[^!-~]/?/gr,
		serial => $sheet ? number($b, 32, 7) : 0,
		label => $sheet ? number($b, 39, 2) : 0,
		extension => unpack('H*', substr $b, 50, ord substr $b, 49, 1)
			|| 'none',
		hex => unpack('H*', $b));
}

# The symbols in what ZXingReader says.  Its "Text:" holds any bytes, so the
# lines after it are looked for as a group.
sub symbols {
	my ($said) = @_;
	my @all;
	while ($said =~ /^Bytes:\s+([0-9A-F ]+)\n(?:.*?\n)??Format:\s+(\S+)\n
		.*?^Position:\s+(\S.*?)\s*\nRotation:\s+(-?\d+)/gmsx) {
		my ($hex, $kind, $corners, $turn) = ($1, $2, $3, $4);
		my %s = (symbol => $kind, turn => $turn,
			bytes => pack('H*', $hex =~ s/ //gr));
		my @xy = $corners =~ /(-?\d+)x(-?\d+)/g;
		next unless $s{symbol} =~ /^(QRCode|DataMatrix|PDF417)$/;
		my @x = sort { $a <=> $b } @xy[0, 2, 4, 6];
		my @y = sort { $a <=> $b } @xy[1, 3, 5, 7];
		@s{qw(x y w h)} = ($x[0], $y[0], $x[3] - $x[0], $y[3] - $y[0]);
		push @all, \%s;
	}
	return @all;
}

my $scratch = "/tmp/stamps.$$.pgm";
END { unlink $scratch if defined $scratch }

sub bytes_of {
	my ($file) = @_;
	if ($file =~ /\.pgm$/) {
		open my $in, '<:raw', $file or die "$file: $!";
		my $bytes = '';
		read $in, $bytes, -s $in;
		return $bytes;
	}
	my ($tool) = grep { -x } qw(/usr/bin/convert-im6.q16
		/usr/bin/magick /usr/bin/convert);
	return output_of($tool // 'convert', $file, '-background', 'white',
		'-alpha', 'remove', '-colorspace', 'Gray', '-depth', '8', 'pgm:-');
}

# The page as a picture: width, height, grey bytes.  Of white rows that follow
# each other no more stay than a quiet zone has: most of a page is white, and each
# decoder would look at it.  `row` says which rows are here.
sub picture {
	my ($file) = @_;
	my $all = bytes_of($file);
	substr($all, 0, 200) =~ /^P5\s+(?:#[^\n]*\n\s*)*(\d+)\s+(\d+)\s+255\s/
		or die "$file: no picture\n";
	my ($w, $h, $from) = ($1, $2, length $&);
	my ($white, $quiet, $run) = ("\xff" x $w, int $w / 25, 0);
	my @row = grep {
		$run = substr($all, $from + $_ * $w, $w) eq $white ? $run + 1 : 0;
		$run <= $quiet } 0 .. $h - 1;
	return {w => $w, h => scalar @row, row => \@row, bytes => join '',
		map { substr $all, $from + $_ * $w, $w } @row};
}

sub save {
	my ($p, $file) = @_;
	open my $out, '>:raw', $file or die "$file: $!";
	print $out "P5 $p->{w} $p->{h} 255\n", $p->{bytes};
	close $out or die "$file: $!";
}

sub clip {
	my ($v, $max) = @_;
	return $v < 0 ? 0 : $v > $max ? $max : $v;
}

# Column and row range of a symbol with some room around it.
sub range {
	my ($p, $s, $pad) = @_;
	return (clip($s->{x} - $pad, $p->{w}), clip($s->{y} - $pad, $p->{h}),
		clip($s->{x} + $s->{w} + $pad, $p->{w}),
		clip($s->{y} + $s->{h} + $pad, $p->{h}));
}

sub crop {
	my ($p, $s, $pad) = @_;
	my ($x0, $y0, $x1, $y1) = range($p, $s, $pad);
	return {w => $x1 - $x0, h => $y1 - $y0, bytes => join('', map {
		substr $p->{bytes}, $_ * $p->{w} + $x0, $x1 - $x0 } $y0 .. $y1 - 1)};
}

sub blank {
	my ($p, $s) = @_;
	my ($x0, $y0, $x1, $y1) = range($p, $s, 2);
	my $white = "\xff" x ($x1 - $x0);
	substr($p->{bytes}, $_ * $p->{w} + $x0, $x1 - $x0) = $white
		for $y0 .. $y1 - 1;
}

# Where dots are small every other row and column is enough.
sub zbar_finds {
	my ($p, $file) = @_;
	my $step = $p->{w} > 3000 ? 2 : 1;
	save($p, $scratch);
	my $built = ($ENV{builddir} // '.') . '/tests/zbarpgm';
	my $all = -x $built ? output_of($built, $scratch, $step)
		: output_of('zbarimg', '--nodbus', '-q', '--raw', '-Sbinary',
			'-Sdisable', '-Sqrcode.enable', "-Sx-density=$step",
			"-Sy-density=$step", $scratch);
	my %found;
	while (my $len = indicium_len($all)) {
		$found{substr $all, 0, $len} = 1;
		$all = substr $all, $len;
	}
	complain("$file: zbar read " . length($all) . ' bytes that are no indicium')
		if length $all;
	return \%found;
}

sub dmtx_reads {
	my ($p, $s) = @_;
	save(crop($p, $s, int $s->{w} / 8), $scratch);
	return output_of('dmtxread', '-N1', '-m5000', $scratch);
}

# ZXing misses some of many symbols: what was read is blanked and the rest is
# looked at again, until nothing new comes, or all that zbar found and nothing
# that zbar cannot read.
sub zxing_finds {
	my ($p, $zbar) = @_;
	my @all;
	my %left = %$zbar;
	for (1 .. 20) {
		save($p, $scratch) if @all;
		my @new = symbols(output_of('ZXingReader', '-format',
			'QRCode,DataMatrix,PDF417', $scratch));
		last unless @new;
		push @all, @new;
		delete @left{map { $_->{bytes} } @new};
		last if !%left && !grep { $_->{symbol} ne 'QRCode' } @all;
		blank($p, $_) for @new;
	}
	return @all;
}

sub page_of {
	my ($file, $n) = @_;
	my $page = picture($file);
	my $zbar = zbar_finds($page, $file);
	my @symbols = zxing_finds({%$page}, $zbar);

	# Reading order; symbols whose tops differ little are in one row.
	@symbols = sort {
		abs($a->{y} - $b->{y}) > $a->{h} / 2 ? $a->{y} <=> $b->{y}
			: $a->{x} <=> $b->{x} } @symbols;
	for my $s (@symbols) {
		my $b = delete $s->{bytes};
		my $y = $page->{row}[clip($s->{y}, $page->{h} - 1)];
		my $where = "$file: at $s->{x},$y";
		if (indicium_len($b) != length $b) {
			complain("$where: no indicium");
			next;
		}
		complain("$where: printed before ($seen{$b})") if $seen{$b};
		$seen{$b} = "page $n";
		if ($s->{symbol} eq 'QRCode') {
			delete $zbar->{$b} or complain("$where: zbar did not read it");
		} elsif ($s->{symbol} eq 'DataMatrix' && $s->{w} < 1.5 * $s->{h} &&
			$s->{h} < 1.5 * $s->{w}) {
			complain("$where: dmtx read other bytes")
				if dmtx_reads($page, $s) ne $b;
		}
		my %f = (%$s, fields($b), y => $y);
		print join(' ', "page=$n", map { "$_=$f{$_}" } qw(x y w h turn symbol
			version psd ascending postage descending date origin to category
			serial label extension hex)), "\n";
	}
	complain("$file: zbar read a stamp that ZXing did not") if %$zbar;
}

my $page = 0;
complain('no page') unless @ARGV;
page_of($_, ++$page) for @ARGV;
exit $failed;
