#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# drawn.pl KIND MODULE LEFT TOP [GREY]: a US Letter page with a bar code drawn in
# lines, whose modules come as a plain PBM on standard input; its upper left
# corner at (LEFT, TOP), MODULE points wide each.  KIND: squares, runs, strokes
# and paths are PostScript; svg, svg-path and svg-strokes what a web page has in
# its <body>.
use strict;
use warnings;

my ($kind, $module, $left, $top, $grey) = @ARGV;
$grey //= 0;
my @words = do { local $/; my $t = <STDIN>; $t =~ s/#.*//g; split ' ', $t };
shift(@words) eq 'P1' or die "drawn.pl: no plain PBM\n";
my ($w, $h) = splice @words, 0, 2;
my @bits = split //, join '', @words;

# x, y and length of each run of dark modules; or of each module
sub runs {
	my ($single) = @_;
	my @runs;
	for my $y (0 .. $h - 1) {
		for (my $x = 0; $x < $w; $x++) {
			next unless $bits[$y * $w + $x];
			my $n = 1;
			$n++ while !$single && $x + $n < $w &&
				$bits[$y * $w + $x + $n];
			push @runs, [$x, $y, $n];
			$x += $n - 1;
		}
	}
	return @runs;
}

my @runs = runs($kind eq 'squares' || $kind eq 'svg');
if ($kind =~ /^svg/) {
	my ($size_w, $size_h) = ($w * $module, $h * $module);
	print qq(<svg style="position:absolute;left:${left}pt;top:${top}pt" ),
	    qq(xmlns="http://www.w3.org/2000/svg" width="${size_w}pt" ),
	    qq(height="${size_h}pt" viewBox="0 0 $w $h">);
	if ($kind eq 'svg') {
		print qq(<rect x="$$_[0]" y="$$_[1]" width="1" height="1"/>)
		    for @runs;
	} elsif ($kind eq 'svg-path') {
		print '<path d="', map("M$$_[0] $$_[1]h$$_[2]v1h-$$_[2]z",
			@runs), '"/>';
	} else {
		print '<path stroke="#000" fill="none" d="',
		    map('M' . $$_[0] . ' ' . ($$_[1] + 0.5) . "h$$_[2]",
			@runs), '"/>';
	}
	print "</svg>\n";
	exit;
}
print "%!PS-Adobe-3.0\n<</PageSize [612 792]>> setpagedevice\n",
    "$grey setgray $left ", 792 - $top, " translate $module -$module scale\n";
for (@runs) {
	my ($x, $y, $n) = @$_;

	if ($kind eq 'strokes') {
		print "1 setlinewidth $x $y .5 add moveto $n 0 rlineto stroke\n";
	} elsif ($kind eq 'paths') {
		print "$x $y moveto $n 0 rlineto 0 1 rlineto -$n 0 rlineto ",
		    "closepath\n";
	} else {
		print "$x $y $n 1 rectfill\n";
	}
}
print "fill showpage\n";
