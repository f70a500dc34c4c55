#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# hostile.pl KIND: a PDF on standard output that asks for one stamp of 0.78
# and tries to hurt who reads it.
use strict;
use warnings;
use Compress::Zlib;

my $kind = shift // '';
my $mark = 'BT /F 12 Tf 72 700 Td ([[postage 0.78]]) Tj ET';
my ($media, $content, $catalog, $resources, @more) =
    ('0 0 612 792', $mark, '', '', ());
my ($kids, $count) = ('[3 0 R]', 1);

sub stream {
	my ($dict, $data) = @_;
	return "<<$dict/Length " . length($data) . ">>stream\n$data\nendstream";
}

# 1 GB and more of one operator in a megabyte.
sub flood {
	my ($what, $times) = @_;
	my ($d) = deflateInit(-Level => 9);
	my ($out, $block) = ('', $what x 65536);
	for (1 .. $times) {
		my ($some) = $d->deflate($block);
		$out .= $some;
	}
	my ($end) = $d->flush();
	return $out . $end;
}

my %kinds = (
	plain => sub { },
	huge => sub { $media = '0 0 900000000 900000000' },
	infinite => sub { $media = '0 0 1e38 -1e38' },
	nothing => sub { $media = '0 0 0 0' },
	marks => sub {
		$content = 'BT /F 1 Tf ';
		for my $i (0 .. 9999) {
			$content .= sprintf('1 0 0 1 %d %.2f Tm ([[postage '
			    . '0.01]]) Tj ', 10 + $i % 50 * 11,
			    10 + int($i / 50) * 3.8);
		}
		$content .= 'ET';
	},
	nested => sub { $content = '[[' x 200000;
		$content = "BT /F 12 Tf 9 9 Td ($content) Tj ET" },
	tree => sub { $kids = '[2 0 R 3 0 R 2 0 R]'; $count = 3 },
	pages => sub { $kids = '[' . '3 0 R ' x 30000 . ']'; $count = 30000 },
	form => sub {
		$resources = '/XObject<</X 6 0 R>>';
		$content .= ' /X Do';
		push @more, stream('/Type/XObject/Subtype/Form/BBox[0 0 612 '
		    . '792]/Resources<</XObject<</X 6 0 R>>>>', '/X Do /X Do');
	},
	bomb => sub {
		$content = [flood('q Q ', 4000)];
	},
	image => sub {
		$resources = '/XObject<</X 6 0 R>>';
		$content .= ' q 600 0 0 600 0 0 cm /X Do Q';
		push @more, stream('/Type/XObject/Subtype/Image/Width 60000'
		    . '/Height 60000/ColorSpace/DeviceRGB/BitsPerComponent 8'
		    . '/Filter/FlateDecode', flood("\0" x 16, 10000));
	},
	tiles => sub {
		$resources = '/Pattern<</X 6 0 R>>';
		$content .= ' /Pattern cs /X scn 0 0 612 300 re f';
		push @more, stream('/PatternType 1/PaintType 1/TilingType 1'
		    . '/BBox[0 0 1 1]/XStep 0.001/YStep 0.001/Resources<<>>',
		    '0 0 .0005 .0005 re f');
	},
	script => sub {
		$catalog = '/OpenAction<</S/JavaScript/JS(while\(1\);'
		    . 'this.print\({copies:99}\))>>';
	},
	launch => sub {
		$catalog = '/OpenAction<</S/Launch/F(/bin/sh)/Win<</F(cmd)>>>>';
	},
	outside => sub {
		$resources = '/XObject<</X 6 0 R>>';
		$content .= ' /X Do';
		push @more, stream('/Type/XObject/Subtype/Form/BBox[0 0 9 9]'
		    . '/F(/etc/passwd)/FFilter/FlateDecode', '');
	},
);
my $make = $kinds{$kind} or die "kinds: @{[sort keys %kinds]}\n";
$make->();
my $page = ref $content ? stream('/Filter/FlateDecode', $content->[0])
    : stream('', $content);
my @objects = ("<</Type/Catalog/Pages 2 0 R$catalog>>",
	"<</Type/Pages/Count $count/Kids$kids>>",
	"<</Type/Page/Parent 2 0 R/MediaBox[$media]/Contents 4 0 R"
	    . "/Resources<</Font<</F 5 0 R>>$resources>>>>",
	$page, '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>', @more);
my $out = "%PDF-1.5\n";
my @at;
for my $i (0 .. $#objects) {
	push @at, length $out;
	$out .= ($i + 1) . " 0 obj\n$objects[$i]\nendobj\n";
}
my $xref = length $out;
$out .= 'xref' . "\n0 " . (@at + 1) . "\n0000000000 65535 f \n";
$out .= sprintf("%010d 00000 n \n", $_) for @at;
$out .= 'trailer<</Size ' . (@at + 1) . "/Root 1 0 R>>\nstartxref\n$xref\n%%EOF\n";
binmode STDOUT;
print $out;
