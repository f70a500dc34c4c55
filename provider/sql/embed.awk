# SPDX-License-Identifier: Apache-2.0
# embed.awk: the schema's texts as C, for provider/store_migrate.c.
#
#	awk -f embed.awk provider/sql/ENGINE/NNNN-NAME.sql...
#
# Each engine's numbers go from 1 upwards without a gap, and both have as many.

function refuse(words) {
	print "embed.awk: " FILENAME ": " words >"/dev/stderr"
	bad = 1
	exit 1
}

BEGIN {
	print "/* made of provider/sql/ by embed.awk */"
	print "#include \"provider/store_own.h\"\n"
	print "const struct store_schema store_schemas[] = {"
}

FNR == 1 {
	parts = split(FILENAME, part, "/")
	engine = part[parts - 1]
	if (engine != "sqlite" && engine != "postgresql")
		refuse("the folder is no engine")
	if (part[parts] !~ /^[0-9][0-9][0-9][0-9]-[a-z-]+\.sql$/)
		refuse("the name is not NNNN-words.sql")
	number = substr(part[parts], 1, 4) + 0
	if (number != ++count[engine])
		refuse("number " count[engine] " was to come")
	name = substr(part[parts], 6)
	sub(/\.sql$/, "", name)
	if (open)
		print "    },"
	open = 1
	printf "    {STORE_%s, %d, \"%s\",\n", toupper(engine), number, name
}

{
	gsub(/["\\]/, "\\\\&")
	gsub(/\t/, "\\t")
	print "\t\"" $0 "\\n\""
}

END {
	if (bad)
		exit 1
	if (count["sqlite"] != count["postgresql"])
		refuse("one engine has more texts than the other")
	if (open)
		print "    },"
	print "    {STORE_SQLITE, 0, NULL, NULL},"
	print "};"
}
