# SPDX-License-Identifier: Apache-2.0
# embed.awk: the pages as C, for provider/site.c.
#
#	awk -f embed.awk FILE...

BEGIN {
	print "/* made of provider/site/ by embed.awk */"
	print "#include \"provider/site.h\"\n"
	print "const struct site_text site_texts[] = {"
}

FNR == 1 {
	parts = split(FILENAME, part, "/")
	if (open)
		print "    },"
	open = 1
	printf "    {\"%s\",\n", part[parts]
}

{
	gsub(/["\\]/, "\\\\&")
	gsub(/\t/, "\\t")
	print "\t\"" $0 "\\n\""
}

END {
	if (open)
		print "    },"
	print "    {0, 0},"
	print "};"
}
