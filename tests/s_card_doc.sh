#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What docs/card.md shows is what a card says: its examples are taken out of it
# and sent through pcscd, by scriptor and by opensc-tool, which knows nothing of
# ours; with T=0 too, where opensc-tool fetches the answers.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/cards.sh
. "$srcdir/tests/cards.sh"
cards_alone "$@"
require scriptor

# examples KIND: each command (>) or answer (<) on one line.
examples() {
	sed -n '/^## Examples/,/^## What it takes/p' "$srcdir/docs/card.md" |
		awk -v kind="$1" '
		function spread(text,  part, n, i, two, k, out) {
			n = split(text, part, " ")
			for (i = 1; i <= n; i++) {
				k = split(part[i], two, "*") == 2 ? two[2] : 1
				while (k-- > 0)
					out = out (out == "" ? "" : " ") two[1]
			}
			return out
		}
		function flush() {
			if (open)
				print spread(line)
			open = 0
		}
		/^```/ { flush(); next }
		/^[<>] / { flush(); open = $1 == kind; line = substr($0, 3) }
		/^  / && open { line = line " " $0 }'
}

# heard: each answer of scriptor on one line.
heard() {
	awk '/^< / { open = 1; line = "" }
	open { sub(/^< /, ""); line = line " " $0 }
	open && / : / { sub(/ *: .*/, "", line); gsub(/ +/, " ", line)
		print substr(line, 2); open = 0 }'
}

# heard_tool: each answer of opensc-tool, its status word behind it.  A line is
# up to 16 bytes, and as many letters behind them.
heard_tool() {
	awk '/^Received/ { flush(); match($0, /SW1=0x../)
		word = substr($0, RSTART + 6, 2); match($0, /SW2=0x../)
		word = word " " substr($0, RSTART + 6, 2); open = 1; line = ""
		next }
	/^Sending/ { flush() }
	open { line = line substr($0, 1, length($0) / 4 * 3) }
	END { flush() }
	function flush() { if (open) { line = line " " word
		gsub(/ +/, " ", line); sub(/^ /, "", line); print line }
		open = 0 }'
}

# as_shown SHOWN HEARD: line by line; ".." is any byte.
as_shown() {
	awk 'NR == FNR { want[++n] = $0; next }
	{ pattern = want[FNR]; gsub(/\.\./, "[0-9A-F][0-9A-F]", pattern)
	if (FNR > n || $0 !~ "^" pattern "$") {
		print FILENAME ":" FNR ": shown " want[FNR] ", heard " $0
		bad = 1 } }
	END { exit bad || FNR != n || n == 0 }' "$1" "$2"
}

work_setup
mkdir "$WORK/log"
pcscd_start
card_in one 0
card_in two 1 --protocol t0
cd "$WORK" || exit 99
examples '>' >commands
examples '<' >shown
check 'there are examples' test "$(wc -l <commands)" -ge 32
check 'of which each has an answer' \
	test "$(wc -l <commands)" = "$(wc -l <shown)"

# before anybody changes the blank cards
line=$(grep -o 'opensc-tool -s [-0-9a-f: s]*' "$srcdir/docs/card.md")
check 'a line for opensc-tool' test -n "$line"
sed -n 2,3p shown >shown.tool
for slot in 0 1; do
	# shellcheck disable=SC2086
	$line -r "Virtual PCD 00 0$slot" >tool.out 2>tool.err
	heard_tool <tool.out >heard.tool
	check "opensc-tool, T=$((1 - slot))" as_shown shown.tool heard.tool
done

# what was selected above is not: power
stop_pid "$CARD_PID"
until_true 10 card_is_out 1
reset_then() {
	echo reset
	cat "$1"
}
reset_then commands >script
scriptor -r 'Virtual PCD 00 00' script >out 2>err
sed -i '1,/^< OK/d' out
heard <out >said
check 'scriptor: every example' as_shown shown said
done_testing
