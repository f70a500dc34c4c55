#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# layers.sh: the house keeps its rules, read from the #include lines.
#
#	base <- stamp <- vault <- dispense <- filter, backend, tools, provider
#
# and tests above all.  Each heavy library has one home, and one file spends.
# Prints each breach as file:line; exit 1 if there is one.
#
#	layers.sh [TREE]	check TREE (default: this one)
#	layers.sh --self-test	check that each kind of breach is seen
set -u

# library (regular expression of what stands between < >) and its homes
# (shell patterns).
homes() {
	cat <<'EOF'
^(PCSC/)?(winscard|wintypes|pcsclite|reader)\.h$ vault/card.c
^curl/ vault/https.c
^p11-kit/ vault/hsm_own.h
^tss2/ vault/tpm.c
^owcapi\.h$ vault/button.c
^cups/ filter/* backend/* ppd/* tools/* dispense/scheduler.c
^(poppler|glib/poppler)[-/.a-z]*\.h$ filter/scan*
^microhttpd\.h$ provider/web*.c
^gnutls/ provider/web_tls.c
^sqlite3\.h$ dispense/journal* provider/store*
^jansson\.h$ base/json_own.h tools/out.c tools/verify_report.c
^libpq-fe\.h$ provider/store_postgresql*
^qrencode\.h$ stamp/symbol.c
^zint\.h$ stamp/symbol.c
^(cairo|pango)[-/.a-z]*\.h$ stamp/imprint* tools/draw.c
^libxml/ stamp/sheet*.c
^zbar\.h$ filter/qr_marks.c tools/verify_zbar.c
^qpdf/ filter/*
^seccomp\.h$ base/confine.c
^linux/landlock\.h$ base/confine.c
^ini\.h$ base/conf.c
EOF
}

# may LAYER OTHER: may a file of LAYER include a header of OTHER?
may() {
	case $1:$2 in
	"$1:$1" | tests:* | *:base) return 0 ;;
	base:*) return 1 ;;
	*:stamp) return 0 ;;
	stamp:*) return 1 ;;
	*:vault) return 0 ;;
	vault:*) return 1 ;;
	*:dispense) return 0 ;;
	esac
	return 1
}

sources() {
	find base stamp vault dispense filter backend ppd tools provider \
	    tests -name '*.[ch]' 2>/dev/null | sort
}

# own FILE LINE HEADER
own() {
	local from=${1%%/*} to=${3%%/*}

	if [ "$to" = "$3" ]; then
		[ "$3" = config.h ] && return 0
		echo "$1:$2: \"$3\": write the folder too (\"$from/$3\")"
	elif ! may "$from" "$to"; then
		echo "$1:$2: $from must not know $to: \"$3\""
	fi
}

# heavy FILE LINE HEADER
heavy() {
	local pattern list home

	case $1 in tests/*) return 0 ;; esac
	while read -r pattern list; do
		[[ $3 =~ $pattern ]] || continue
		set -f
		for home in $list; do
			set +f
			# shellcheck disable=SC2053
			[[ $1 == $home ]] && return 0
			set -f
		done
		set +f
		echo "$1:$2: <$3> has its home in $list"
	done <<<"$homes_table"
}

check_tree() {
	local homes_table file line header mark

	homes_table=$(homes)
	sources | xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include' |
	    sed -nE 's/^([^:]*):([0-9]+):[^<"]*(["<])([^">]*).*/\1 \2 \3 \4/p' |
	    while read -r file line mark header; do
		if [ "$mark" = '"' ]; then
			own "$file" "$line" "$header"
		else
			heavy "$file" "$line" "$header"
		fi
	done
	# One spender.
	sources | grep -vE '^(vault|tests)/' |
	    xargs -r grep -nHE '\b(vault|pool)_debit(_next)?\(' |
	    grep -vE '^dispense/dispense\.c:.*pool_debit|:[[:space:]]*(/?\*|//)' |
	    sed 's/:\([0-9]*\):.*/:\1: only dispense\/dispense.c may debit/'
	sources | grep -vE '^(vault|tests)/|^provider/signer_card\.c$' |
	    xargs -r grep -nHE '\bfollow_sign\(' |
	    grep -vE ':[[:space:]]*(/?\*|//)' |
	    sed 's/:\([0-9]*\):.*/:\1: only provider\/signer_card.c follows books/'
	# SQL stays where the table is.
	sources | grep -vE '^(dispense/journal|provider/store|tests/)' |
	    xargs -r grep -nHE '"(SELECT .* FROM|INSERT INTO|CREATE TABLE) ' |
	    sed 's/:\([0-9]*\):.*/:\1: SQL outside journal and store/'
}

# breach FILE TEXT: a tree with only this in it must be found wrong.
breach() {
	local tree=$scratch/tree

	rm -rf "$tree"
	mkdir -p "$tree/${1%/*}"
	printf '%s\n' "$2" >"$tree/$1"
	if [ -z "$(cd "$tree" && check_tree)" ]; then
		echo "self-test: not seen: $1: $2"
		failed=1
	fi
}

clean() {
	local tree=$scratch/tree said

	rm -rf "$tree"
	mkdir -p "$tree/${1%/*}"
	printf '%s\n' "$2" >"$tree/$1"
	said=$(cd "$tree" && check_tree)
	if [ -n "$said" ]; then
		echo "self-test: wrongly seen: $said"
		failed=1
	fi
}

self_test() {
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	failed=0
	breach base/err.c '#include "stamp/mark.h"'
	breach stamp/mark.c '#include "vault/psd.h"'
	breach stamp/mark.h '#  include "dispense/client.h"'
	breach vault/file.c '#include "dispense/policy.h"'
	breach dispense/dispense.c '#include "filter/job.h"'
	breach filter/job.c '#include "backend/relay.h"'
	breach backend/relay.c '#include "relay.h"'
	breach tools/postage.c '#include "tests/test.h"'
	breach filter/job.c '#include <poppler.h>'
	breach dispense/dispense.c '#include <cups/cups.h>'
	breach dispense/dispense.c '#include <sqlite3.h>'
	breach stamp/imprint.c '#include <qrencode.h>'
	breach filter/compose.c '#include <cairo/cairo.h>'
	breach vault/file.c '#include <winscard.h>'
	breach vault/file.c '#include <p11-kit/p11-kit.h>'
	breach vault/guard.c '#include <tss2/tss2_esys.h>'
	breach filter/job.c '	if (!pool_debit(p, &batch, e))'
	breach dispense/dispense.c '	return vault_debit(v, in, n, out, e);'
	breach provider/fund.c '	return vault_debit_next(v, 0, in, n, out, e);'
	breach provider/complete.c '	if (!follow_sign(v, &b, p, n, e))'
	breach tools/verify.c 'x = "SELECT seen FROM stamps";'
	clean filter/scan.c '#include <poppler.h>'
	clean dispense/scheduler.c '#include <cups/cups.h>'
	clean backend/relay.c '#include "dispense/client.h"'
	clean tests/t_psd.c '#include "vault/psd.h"'
	clean dispense/dispense.c '	return pool_debit(p, &batch, e);'
	return "$failed"
}

if [ "${1-}" = --self-test ]; then
	self_test
	exit
fi
cd "${1:-$(dirname "$0")/..}" || exit 2
self_test || exit 1
said=$(check_tree)
[ -z "$said" ] && exit 0
printf '%s\n' "$said"
exit 1
