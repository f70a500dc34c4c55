#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# letter.sh COUNT [MARK]: a mail-merged letter as a flat ODT on standard
# output: COUNT letters in one document, one to a page, addresses from
# people.csv.  Each has a mark at the upper right, its destination from the
# address.  The marks are written as people and merges write them: in one
# piece, broken over spans of different styles, with the ZIP as a field, in
# another font.  MARK replaces the words before "to=" (default: 0.78).
LC_ALL=C
export LC_ALL
exec awk -F, -v count="${1:-3}" -v words="${2:-0.78}" '
function xml(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	return s
}
# The mark as letter number n has it.
function mark(n, zip) {
	if (n % 4 == 1)
		return "[[postage " words " to=" zip "]]"
	if (n % 4 == 2)
		return "[[<text:span text:style-name=\"Bold\">postage" \
		    "</text:span> " words " to=" zip "]]"
	if (n % 4 == 3)
		return "[[postage " words " to=<text:span " \
		    "text:style-name=\"Field\">" zip "</text:span>]]"
	return "<text:span text:style-name=\"Mono\">[[postage " words \
	    " to=" zip "]]</text:span>"
}
{
	line[NR] = $0
}
END {
	print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
	print "<office:document"
	print " xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\""
	print " xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\""
	print " xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\""
	print " xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\""
	print " xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\""
	print " office:version=\"1.3\""
	print " office:mimetype=\"application/vnd.oasis.opendocument.text\">"
	print "<office:font-face-decls>"
	split("Liberation Serif,Liberation Sans,Liberation Mono", font)
	for (i = 1; i <= 3; i++)
		print "<style:font-face style:name=\"" font[i] "\"" \
		    " svg:font-family=\"&apos;" font[i] "&apos;\"/>"
	print "</office:font-face-decls>"
	print "<office:automatic-styles>"
	print "<style:page-layout style:name=\"Page\"><style:page-layout-properties"
	print " fo:page-width=\"8.5in\" fo:page-height=\"11in\""
	print " fo:margin-top=\"0.5in\" fo:margin-bottom=\"0.75in\""
	print " fo:margin-left=\"1in\" fo:margin-right=\"0.5in\"/>"
	print "</style:page-layout>"
	style("Mark", "fo:margin-left=\"4.2in\" fo:margin-bottom=\"1.2in\"", \
	    "style:font-name=\"Liberation Sans\" fo:font-size=\"8pt\"")
	style("New", "fo:margin-left=\"4.2in\" fo:margin-bottom=\"1.2in\"" \
	    " fo:break-before=\"page\"", \
	    "style:font-name=\"Liberation Sans\" fo:font-size=\"8pt\"")
	style("Body", "fo:margin-bottom=\"0.15in\"", \
	    "style:font-name=\"Liberation Serif\" fo:font-size=\"12pt\"")
	span("Bold", "fo:font-weight=\"bold\"")
	span("Field", "fo:color=\"#404040\" fo:font-style=\"italic\"")
	span("Mono", "style:font-name=\"Liberation Mono\"")
	print "</office:automatic-styles>"
	print "<office:master-styles><style:master-page style:name=\"Standard\""
	print " style:page-layout-name=\"Page\"/></office:master-styles>"
	print "<office:body><office:text>"
	for (n = 1; n <= count; n++)
		letter(n)
	print "</office:text></office:body></office:document>"
}
function style(name, paragraph, text) {
	print "<style:style style:name=\"" name "\" style:family=\"paragraph\"" \
	    " style:master-page-name=\"" (name == "Body" || name == "New" ? \
	    "" : "Standard") "\">"
	print "<style:paragraph-properties " paragraph "/>"
	print "<style:text-properties " text "/></style:style>"
}
function span(name, text) {
	print "<style:style style:name=\"" name "\" style:family=\"text\">"
	print "<style:text-properties " text "/></style:style>"
}
function body(s) {
	print "<text:p text:style-name=\"Body\">" s "</text:p>"
}
function letter(n) {
	split(line[(n - 1) % NR + 1], f, ",")
	print "<text:p text:style-name=\"" (n == 1 ? "Mark" : "New") "\">" \
	    mark(n, f[4]) "</text:p>"
	body(xml(f[1]) "<text:line-break/>" xml(f[2]) "<text:line-break/>" \
	    xml(f[3]) " " f[4])
	body("Dear " xml(f[1]) ",")
	body("this is letter number " n " of " count ". The mark at its upper" \
	    " right becomes a stamp when it is printed to the queue, and" \
	    " its destination comes from the address.")
	body("The text may say postage, and even [postage], as often as it" \
	    " likes: only two brackets make a mark.")
	body("Yours, the Lab")
}' "$(dirname "$0")/people.csv"
