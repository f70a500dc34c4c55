#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# facts.sh: what is stated twice says the same both times.
#
# Each fact is two lists of words, one from each place; they must be the same
# set.  Lists are taken from sources and from the built programs (in the build
# folder: the current one or $builddir).
set -u
LC_ALL=C
export LC_ALL
build=${builddir:-$PWD}
build=$(cd "$build" && pwd)
cd "${srcdir:-$(dirname "$0")/..}" || exit 2
failed=0
count=0

# same WHAT A-NAME A-LIST B-NAME B-LIST
same() {
	local a b

	count=$((count + 1))
	a=$(printf '%s\n' "$3" | sed '/^$/d' | sort -u)
	b=$(printf '%s\n' "$5" | sed '/^$/d' | sort -u)
	if [ -z "$a" ] || [ -z "$b" ]; then
		echo "not ok $count - $1: nothing found in $2 or $4"
		failed=1
	elif [ "$a" != "$b" ]; then
		echo "not ok $count - $1"
		comm -23 <(echo "$a") <(echo "$b") | sed "s,^,# only in $2: ,"
		comm -13 <(echo "$a") <(echo "$b") | sed "s,^,# only in $4: ,"
		failed=1
	else
		echo "ok $count - $1"
	fi
}

# within WHAT A-NAME A-LIST B-NAME B-LIST: every word of A stands in B.
within() {
	local both

	both=$(comm -12 <(printf '%s\n' "$3" | sed '/^$/d' | sort -u) \
	    <(printf '%s\n' "$5" | sort -u))
	same "$1" "$2" "$3" "$4" "$both"
}

self_test() {
	local a

	for a in "x y" "" "x z w"; do
		same t A "$(tr ' ' '\n' <<<"$a")" B $'x\nz' >/dev/null
		[ "$failed" = 1 ] || {
			echo "self-test: \"$a\" passed as \"x z\""
			exit 1
		}
		failed=0
	done
	within t A $'x\nq' B $'x\nz' >/dev/null
	[ "$failed" = 1 ] || exit 1
	failed=0 count=0
	same t A $'x\nz' B $'z\nx' >/dev/null
	[ "$failed" = 0 ] || exit 1
	count=0
}

# --- the places ----------------------------------------------------------------

# The kinds in the enum, without the two that are no error.
kinds_in_code() {
	sed -n '/^enum err_kind/,/^};/s/^[[:space:]]*\(ERR_[A-Z]*\).*/\1/p' \
	    base/err.h | grep -vE '^ERR_(NONE|KINDS)$'
}

kinds_in_table() {
	sed -n 's/^| \(ERR_[A-Z]*\) |.*/\1/p' docs/ARCHITECTURE.md
}

# Words between double quotes that match, from code without its messages.
quoted() {
	grep -ohE "\"$1\"" "${@:2}" | tr -d '"'
}

# items MANUAL MACRO: the words that its lists explain.
items() {
	sed -nE "s/^\\.It $2 (.*)/\\1/p" "docs/$1" | tr -d ',' | tr ' ' '\n'
}

verbs_in_code() {
	sed -nE '/verbs\[\] = \{/,/^\};/s/^ *\{"([a-z]+)", *verb_.*/\1/p' \
	    tools/postage.c
}

# Of every verb, as the built program says.
options_in_help() {
	local verb

	for verb in $(verbs_in_code); do
		"$build/tools/postage" "$verb" --help
	done | grep -oE -- '--[a-z]+(-[a-z]+)*'
}

provider_verbs() {
	sed -nE '/verbs\[\] = \{/,/^\};/s/^ *\{"([a-z]+)", *verb_.*/\1/p' \
	    provider/postaged.c
}

provider_options() {
	quoted '--[a-z]+(-[a-z]+)*' provider/verb_*.c
	sed -nE '/struct option/,/\};/s/^\s+\{"([a-z-]+)".*/--\1/p' \
	    provider/postaged.c
}

# section.key of each, a [module NAME]'s as module.key
provider_keys() {
	sed -nE 's/^ +\{"([a-z]+)", "([a-z-]+)", [A-Z]\(.*/\1.\2/p' \
	    provider/conf.c
}

# METHOD PATH of each; what varies in a path is *.
provider_routes() {
	sed -nE '/^static const struct api_route/,/^\};/s/^ +\{"([A-Z]+)", "([^"]+)",.*/\1 \2/p' \
	    provider/api.c
}

documented_routes() {
	awk '/^  \/.*:$/ { sub(/:$/, ""); gsub(/\{[a-z]+\}/, "*"); path = $1 }
		/^components:/ { exit }
		/^    (get|post|put|patch|delete):$/ {
			sub(/:/, "")
			print toupper($1), path
		}' docs/openapi.yaml
}

example_keys() {
	awk -F '[][ =]+' '/^\[/ { section = $2 }
		/^#?[a-z-]+ =/ { sub(/^#/, ""); print section "." $1 }' \
	    etc/postaged.conf
}

manual_keys() {
	awk '/^\.Ss Sections? / { section = $3 }
		/^\.S[hs] [A-Z]*$/ { section = "" }
		section && /^\.It Cm/ {
			gsub(/,/, "")
			for (i = 3; i <= NF; i++)
				print section "." $i
		}' docs/postaged.conf.5
}

mark_keys() {
	sed -n '/define MARK_KEYS/,/^$/s/.*"\(.*\)".*/\1/p' stamp/mark.h |
	    tr ' ' '\n'
}

# --- the facts -----------------------------------------------------------------
self_test
version=$(sed -n 's/^AC_INIT(\[[^]]*\], \[\([^]]*\)\].*/\1/p' configure.ac)
same 'version: newest entry of CHANGES' configure.ac "$version" CHANGES.md \
    "$(sed -nE 's/^## ([0-9][0-9.]*).*/\1/p' CHANGES.md | head -n 1)"
same 'error kinds: the table' base/err.h "$(kinds_in_code)" \
    docs/ARCHITECTURE.md "$(kinds_in_table)"
within 'layers: the house in ARCHITECTURE' folders \
    "$(for d in [a-z]*/; do [ -n "$(find "$d" -maxdepth 1 -name '*.[ch]' \
        -print -quit)" ] && echo "${d%/}"; done)" docs/ARCHITECTURE.md \
    "$(sed -nE 's,^([a-z]+)/ .*,\1,p' docs/ARCHITECTURE.md)"
within 'modules: the table in ARCHITECTURE' headers \
    "$(find base stamp vault dispense filter backend tools -name '*.h' \
        ! -name ppd_options.h | sed 's,.*/,,; s,\.h$,,')" docs/ARCHITECTURE.md \
    "$(sed -n '/^## The modules/,/^## The chain/p' docs/ARCHITECTURE.md |
        awk -F"\`" '{ for (i = 2; i <= NF; i += 2) print $i }')"
same 'keys: postage.conf and its parser' dispense/settings.c \
    "$(sed -nE 's/^ +\{"[a-z]+", "([a-z-]+)", .*/\1/p' dispense/settings.c)" \
    docs/postage.conf.5 "$(items postage.conf.5 Cm)"
same 'keys: postaged.conf and its parser' provider/conf.c \
    "$(provider_keys)" docs/postaged.conf.5 "$(manual_keys)"
same 'keys: postaged.conf as installed' provider/conf.c \
    "$(provider_keys)" etc/postaged.conf "$(example_keys)"
same 'words of a mark' stamp/mark.h "$(mark_keys)" docs/postage-marks.7 \
    "$(items postage-marks.7 Cm | grep -v '^Postage')"
drv_options=$(sed -nE 's/^ *Option "(Postage[A-Za-z]+).*/\1/p' ppd/postage.drv)
same 'options: dialog and manual' ppd/postage.drv "$drv_options" \
    docs/postage-marks.7 "$(items postage-marks.7 Cm | grep '^Postage')"
# PostageSheetSerial is what PostageSerial was called before
same 'options: dialog and parser' ppd/postage.drv "$drv_options" \
    filter "$(quoted 'Postage[A-Z][A-Za-z]+' filter/*.c \
        dispense/scheduler.c | grep -vx PostageSheetSerial)"
same 'verbs: program and manual' tools/postage.c "$(verbs_in_code)" \
    docs/postage.1 "$(sed -nE 's/^\.It (Cm|Ic) ([a-z]+).*/\2/p' \
        docs/postage.1)"
same 'options of postage: --help and manual' "postage VERB --help" \
    "$(options_in_help; printf '%s\n' --help --json --config)" \
    docs/postage.1 "$(grep -oE 'Fl Fl [a-z-]+' docs/postage.1 |
        sed 's/Fl Fl /--/')"
within 'options of postage: parser and --help' tools \
    "$(sed -nE 's/^.*\{"([a-z-]+)", *(no|required)_argument.*/--\1/p' \
        tools/verb_*.c)" "postage VERB --help" "$(options_in_help)"
same 'verbs: postaged and its manual' provider/postaged.c \
    "$(provider_verbs)" docs/postaged.8 \
    "$(sed -nE 's/^\.It Cm ([a-z]+).*/\1/p' docs/postaged.8)"
same 'routes: the API and its document' provider/api.c \
    "$(provider_routes)" docs/openapi.yaml "$(documented_routes)"
same 'options: postaged and its manual' provider \
    "$(provider_options)" docs/postaged.8 \
    "$(grep -oE 'Fl Fl [a-z-]+' docs/postaged.8 | sed 's/Fl Fl /--/')"
same 'verdicts' tools "$(quoted '[A-Z]{3,}(-[A-Z]+)?' tools/verify_check.c \
    tools/verify_report.c)" docs/postage-verify.1 \
    "$(items postage-verify.1 Sy)"
same 'options of postage-verify' tools/verify.c \
    "$(sed -nE '/long_options/,/\};/s/^ +\{"([a-z]+)".*/--\1/p' tools/verify.c)" docs/postage-verify.1 \
    "$(sed -nE 's/^\.It Fl Fl ([a-z]+).*/--\1/p' docs/postage-verify.1)"
same 'options of postage-labcard' tools/labcard.c \
    "$(sed -nE '/long_options/,/\};/s/^ +\{"([a-z-]+)".*/--\1/p' tools/labcard.c)" docs/postage-labcard.1 \
    "$(sed -nE 's/^\.It Fl Fl ([a-z-]+).*/--\1/p' docs/postage-labcard.1)"
same 'status words of the card' vault/card_apdu.h \
    "$(sed -nE '/^enum card_word/,/^\}/s/.*= 0x([0-9a-f]{4}).*/\1/p' \
        vault/card_apdu.h | sed 's/^63c0$/63cx/; s/^6100$/61xx/; s/^6c00$/6cxx/')" \
    docs/card.md "$(sed -n '/^## Status words/,/^## Examples/p' docs/card.md |
        grep -oE '\b[69][0-9A-F]([0-9A-F]{2}|xx|Cx)\b' | tr '[:upper:]' '[:lower:]')"
exit "$failed"
