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
my ($font, $font_type, $extra_font, $page, $pages, $trailer) =
    ('', 'Type1', '', '', '', '');
my ($head, $tail, $cut, $whole) = ('');

sub stream {
	my ($dict, $data) = @_;
	return "<<$dict/Length " . length($data) . ">>stream\n$data\nendstream";
}

# 1 GB and more of one operator in a megabyte.  A block that ends in a full
# flush looks back at nothing, so it is packed once.
sub flood {
	my ($what, $times) = @_;
	my ($d) = deflateInit(-Level => 9, -WindowBits => -MAX_WBITS);
	my $block = $what x 65536;
	my ($sum, $packed) = (adler32(''), '');
	$sum = Compress::Raw::Zlib::adler32_combine($sum, adler32($block),
	    length $block) for 1 .. $times;
	$packed .= $_ for $d->deflate($block), $d->flush(Z_FULL_FLUSH);
	my ($end) = $d->flush();
	return "\x78\xda" . $packed x $times . $end . pack('N', $sum);
}

sub deflate {
	my ($d) = deflateInit(-Level => 9);
	my ($out) = $d->deflate($_[0]);
	my ($end) = $d->flush();
	return $out . $end;
}

# Ten gigabytes of pixels over the lower part of the page.
sub image {
	my ($filter, $data) = @_;
	$resources = '/XObject<</X 6 0 R>>';
	$content .= ' q 600 0 0 600 0 0 cm /X Do Q';
	push @more, stream('/Type/XObject/Subtype/Image/Width 60000'
	    . '/Height 60000/ColorSpace/DeviceRGB/BitsPerComponent 8'
	    . "/Filter$filter", $data);
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
		$content = ['/Filter/FlateDecode', flood('q Q ', 4000)];
	},
	image => sub { image('/FlateDecode', flood("\0" x 16, 10000)) },
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
	# --- bombs: little that unpacks to much ---------------------------------
	nested_flate => sub {
		my $inner = flood("\0" x 64, 2000);
		$content = ['/Filter[/FlateDecode/FlateDecode]',
		    deflate($inner)];
	},
	lzw => sub {
		# all codes 256 (clear) and 0: the longest way to nothing
		$content = ['/Filter/LZWDecode', "\x80\x00" x 4000000];
	},
	ascii => sub {
		$content = ['/Filter[/ASCII85Decode/RunLengthDecode]',
		    'J,fQL' x 2000000 . '~>'];
	},
	image_jbig2 => sub { image('/JBIG2Decode', pack('NCCCN NNNNCn', 0, 48,
	    0, 1, 19, 60000, 60000, 0, 0, 0, 0)) },
	image_jpx => sub { image('/JPXDecode', "\xff\x4f\xff\x51"
	    . pack('nnNNNNNNNNnCCCCCCCCC', 47, 0, 60000, 60000, 0, 0, 60000,
	    60000, 0, 0, 3, (7, 1, 1) x 3) . "\xff\xd9") },
	image_jpeg => sub { image('/DCTDecode', "\xff\xd8\xff\xc2"
	    . pack('nCnnCC9', 17, 8, 65500, 65500, 3, (1, 0x22, 0, 2, 0x11, 0,
	    3, 0x11, 0)) . "\xff\xda" . pack('nCC6CCC', 12, 3, 1, 0, 2, 0, 3, 0,
	    0, 63, 0) . "\0" x 100000 . "\xff\xd9") },
	image_fax => sub { image('/CCITTFaxDecode/DecodeParms<</K -1/Columns '
	    . '60000/Rows 60000>>', "\xff" x 10000) },
	object_stream => sub {
		push @more, stream('/Type/ObjStm/N 100000000/First 10'
		    . '/Filter/FlateDecode', flood('7 0 8 1 ', 2000));
		$resources = '/XObject<</X 7 0 R>>';
	},
	cmap => sub {
		$font = '/ToUnicode 6 0 R';
		push @more, stream('/Filter/FlateDecode', flood('1 '
		    . "begincodespacerange <00><ff> endcodespacerange 1 "
		    . "beginbfrange <00><ff><0041> endbfrange\n", 60));
	},
	function => sub {
		$resources = '/Shading<</X<</ShadingType 1/ColorSpace/DeviceGray'
		    . '/Domain[0 600 0 600]/Function 6 0 R>>>>';
		$content .= ' /X sh';
		push @more, stream('/FunctionType 0/Domain[0 1 0 1]/Range[0 1]'
		    . '/Size[100000 100000]/BitsPerSample 32', "\0" x 1000);
	},
	# --- what goes round -----------------------------------------------------
	pattern => sub {
		$resources = '/Pattern<</X 6 0 R>>';
		$content .= ' /Pattern cs /X scn 0 0 612 300 re f';
		push @more, stream('/PatternType 1/PaintType 1/TilingType 1'
		    . '/BBox[0 0 10 10]/XStep 10/YStep 10'
		    . '/Resources<</Pattern<</X 6 0 R>>>>',
		    '/Pattern cs /X scn 0 0 10 10 re f');
	},
	type3 => sub {
		$resources = '';
		$extra_font = '/T 6 0 R';
		$content .= ' BT /T 12 Tf 72 500 Td (a) Tj ET';
		push @more, '<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]'
		    . '/FontMatrix[1 0 0 1 0 0]/FirstChar 97/LastChar 97'
		    . '/Widths[9]/Encoding<</Differences[97/a]>>'
		    . '/CharProcs<</a 7 0 R>>/Resources<</Font<</T 6 0 R>>>>>>',
		    stream('', '9 0 d0 BT /T 1 Tf (aa) Tj ET');
	},
	mask => sub {
		$resources = '/ExtGState<</X<</SMask<</S/Luminosity/G 6 0 R>>>>'
		    . '>>';
		$content .= ' /X gs 0 0 612 300 re f';
		push @more, stream('/Type/XObject/Subtype/Form/BBox[0 0 612 792]'
		    . '/Group<</S/Transparency/CS/DeviceGray>>'
		    . '/Resources<</ExtGState<</X<</SMask<</S/Luminosity/G 6 0 '
		    . 'R>>>>>>>>', '/X gs 0 0 612 300 re f');
	},
	xref_loop => sub { $trailer = '/Prev PLACE' },
	parents => sub { $pages = '/Parent 2 0 R' },
	deep_tree => sub {
		my $depth = 20000;
		$kids = '[6 0 R]';
		push @more, map { "<</Type/Pages/Count 1/Parent " . ($_ == 0 ? 2
		    : 5 + $_) . " 0 R/Kids[" . ($_ == $depth - 1 ? 3 : 7 + $_)
		    . " 0 R]>>" } 0 .. $depth - 1;
	},
	deep_array => sub {
		$page = '/X ' . '[' x 500000 . ']' x 500000;
	},
	many_pages => sub { $kids = '[' . '3 0 R ' x 100000 . ']';
		$count = 100000 },
	# --- broken, or something else ------------------------------------------
	no_xref => sub { $tail = "startxref\n99999999\n%%EOF\n" },
	cut => sub { $cut = 1 },
	no_pages => sub { ($kids, $count) = ('[]', 0) },
	count_lies => sub { $count = 2147483647 },
	negative => sub { $count = -1 },
	empty => sub { $whole = '' },
	text => sub { $whole = "[[postage 0.78]]\n" },
	program => sub { $whole = "\x7fELF\2\1\1" . "\0" x 4096 },
	postscript => sub { $whole = "%!PS-Adobe-3.0\n/Helvetica findfont 12 "
	    . "scalefont setfont 72 700 moveto ([[postage 0.78]]) show\n"
	    . "(/tmp/hurt) (w) file dup (x) writestring closefile showpage\n" },
	both => sub { $head = "%!PS-Adobe-3.0\n%%PDFTOPDFNumCopies : 9999\n"
	    . "%%PDFTOPDFCollate : true\n" },
	# --- marks and text --------------------------------------------------------
	long_mark => sub { $content = 'BT /F 12 Tf 9 700 Td ([[postage 0.78 to='
	    . '9' x 100000 . ']]) Tj ET' },
	dirty_mark => sub { $content = 'BT /F 12 Tf 72 700 Td ([[postage 0.78 '
	    . "cost=a\\nPPD:x\\rSTATE:paused\\033[2J]]) Tj ET" },
	huge_text => sub { $content = "BT /F 1E30 Tf 1E30 0 0 1E30 -1E30 0 Tm "
	    . '([[postage 0.78]]) Tj ET' },
	font => sub {
		$font = '/FontDescriptor 6 0 R/FirstChar 0/LastChar 255/Widths['
		    . '500 ' x 256 . ']';
		$font_type = 'TrueType';
		srand 7;
		push @more, '<</Type/FontDescriptor/FontName/X/Flags 4/FontBBox'
		    . '[0 0 9 9]/ItalicAngle 0/Ascent 9/Descent 0/CapHeight 9'
		    . '/StemV 1/FontFile2 7 0 R>>', stream('', "\0\1\0\0"
		    . pack('nnnn', 4, 64, 2, 0) . join('', map { $_
		    . pack('NNN', 0, 0x7fffffff, 0xffffffff) } qw(glyf head
		    loca maxp)) . join('', map { chr rand 256 } 1 .. 4096));
	},
	dashes => sub { $content .= ' [.0001] 0 d 0 0 m 600 200 l S' },
	# --- what asks for more than to be printed ------------------------------
	ps_object => sub {
		$resources = '/XObject<</X 6 0 R>>';
		$content .= ' /X Do';
		push @more, stream('/Type/XObject/Subtype/PS', '(/tmp/hurt) (w) '
		    . 'file (x) writestring');
	},
	embedded => sub {
		$catalog = '/Names<</EmbeddedFiles<</Names[(a.exe)<</F(a.exe)/EF'
		    . '<</F 6 0 R>>>>]>>/JavaScript<</Names[(a)<</S/JavaScript'
		    . '/JS(app.launchURL\(1\))>>]>>>>';
		$page = '/AA<</O<</S/Launch/F(/bin/sh)>>>>/Annots[<</Type/Annot'
		    . '/Subtype/FileAttachment/Rect[0 0 9 9]/FS<</F(a)/EF<</F '
		    . '6 0 R>>>>>>]';
		push @more, stream('', 'MZ');
	},
	form_loop => sub {
		$catalog = '/AcroForm<</Fields[6 0 R]/NeedAppearances true>>';
		$page = '/Annots[6 0 R]';
		push @more, '<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(b)/Rect['
		    . '0 0 99 99]/Kids[6 0 R]/Parent 6 0 R/AP<</N 7 0 R>>>>',
		    stream('/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources'
		    . '<</XObject<</X 7 0 R>>>>', '/X Do');
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
binmode STDOUT;
if (defined $whole) {
	print $whole;
	exit;
}
my $body = ref $content ? stream(@$content) : stream('', $content);
my @objects = ("<</Type/Catalog/Pages 2 0 R$catalog>>",
	"<</Type/Pages/Count $count/Kids$kids$pages>>",
	"<</Type/Page/Parent 2 0 R/MediaBox[$media]/Contents 4 0 R$page"
	    . "/Resources<</Font<</F 5 0 R$extra_font>>$resources>>>>",
	$body, "<</Type/Font/Subtype/$font_type/BaseFont/Helvetica$font>>",
	@more);
my $out = "$head%PDF-1.5\n";
my @at;
for my $i (0 .. $#objects) {
	push @at, length $out;
	$out .= ($i + 1) . " 0 obj\n$objects[$i]\nendobj\n";
}
my $xref = length $out;
$trailer =~ s/PLACE/$xref/;
$out .= 'xref' . "\n0 " . (@at + 1) . "\n0000000000 65535 f \n";
$out .= sprintf("%010d 00000 n \n", $_) for @at;
$out .= 'trailer<</Size ' . (@at + 1) . "/Root 1 0 R$trailer>>\n"
    . ($tail // "startxref\n$xref\n%%EOF\n");
print $cut ? substr($out, 0, length($out) / 2) : $out;
