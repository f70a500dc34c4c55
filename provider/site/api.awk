# SPDX-License-Identifier: Apache-2.0
# api.awk: openapi.yaml's operations, a line each, as a page.
#
#	awk -f api.awk docs/openapi.yaml
#
# Reads the document as it is written there: two blanks before a path, four
# before a method, six before its keys.

function html(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}

function row() {
	rows[tag] = rows[tag] "<tr><td class=\"method\">" toupper(method) \
		"</td><td><code>" html(path) "</code></td><td>" \
		html(summary) "</td></tr>\n"
	method = ""
}

function refuse(words) {
	print "api.awk: " words >"/dev/stderr"
	bad = 1
	exit 1
}

/^tags:/ { part = "tags" }
/^paths:/ { part = "paths" }
/^components:/ { part = "" }

part == "tags" && $1 == "-" { order[++tags] = $3 }
part == "tags" && $1 == "description:" {
	sub(/^ *description: /, "")
	about[order[tags]] = $0
}

part == "paths" && /^  \// {
	path = $1
	sub(/:$/, "", path)
}
part == "paths" && /^    (get|post|put|delete|patch):$/ {
	method = $1
	sub(/:$/, "", method)
	tag = ""
}
part == "paths" && method != "" && /^      tags: / {
	tag = $2
	gsub(/[][]/, "", tag)
}
part == "paths" && method != "" && /^      summary: / {
	summary = $0
	sub(/^ *summary: /, "", summary)
	if (!(tag in about))
		refuse(path ": the tag comes first, and is described above")
	row()
	count++
}

END {
	if (bad)
		exit 1
	if (count == 0)
		refuse("no operations")
	print "<!doctype html>"
	print "<!-- made of openapi.yaml by api.awk -->"
	print "<html lang=\"en\"><meta charset=\"utf-8\">"
	print "<title>The API of this provider of postage</title>"
	print "<meta name=\"viewport\" content=\"width=device-width\">"
	print "<link rel=\"icon\" href=\"/mark.svg\">"
	print "<link rel=\"stylesheet\" href=\"/style.css\">"
	print "<main class=\"wide\">"
	print "<header><a href=\"/\"><img src=\"/mark.svg\" alt=\"\"></a>"
	print "<h1>The API, version 1</h1></header>"
	print "<p>JSON over HTTPS, with a token: <code>Authorization: " \
		"Bearer …</code>. Money is whole mils, a thousandth of the " \
		"currency unit. What each takes and gives is in " \
		"<a href=\"/openapi.yaml\">openapi.yaml</a>.</p>"
	for (i = 1; i <= tags; i++) {
		if (rows[order[i]] == "")
			continue
		print "<h2>" html(order[i]) "</h2>"
		print "<p>" html(about[order[i]]) "</p>"
		printf "<table>\n%s</table>\n", rows[order[i]]
	}
	print "</main></html>"
}
