# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# chain.sh: over lib.sh, what the tests of the whole chain share: print, look
# at what arrived, and compare every stamp on it with the registers.
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#	. "$srcdir/tests/chain.sh"
#	chain_start 100.00
#	queue_sink Postage
#	document plain.pdf '[[postage 0.78]]' >"$WORK/a.pdf"
#	prints 'a page' Postage "780" "$WORK/a.pdf" -n 2
#	check 'registers' books_balance
#	done_testing

# chain_start VALUE: scheduler, daemon and a lab vault with VALUE.
chain_start() {
	scheduler_setup
	require ZXingReader zbarimg gs pdftoppm pdftotext jq
	vault_setup "$1"
	chain_begin
}

# chain_begin: the second half, where a test made the vault itself.
chain_begin() {
	vaultd_start
	scheduler_start
	: >"$WORK/stamps.all"
	spent_before=$(register ascending)
	left_before=$(register descending)
	pieces_before=$(register piece_count)
}

# document KIND [MARK...]: see docs/page.sh.
document() {
	"$srcdir/tests/docs/page.sh" "$@"
}

# --- the vault ---------------------------------------------------------------
# register NAME: ascending, descending or control_total in mils, piece_count.
register() {
	as_postage "$WORK/bin/postage" --json vault status |
		jq -r "[.. | objects | .$1? // empty][0]" | mils
}

# mils: sums of standard input ("0.78", "100") in mils; other numbers without
# a point are left as they are.
mils() {
	awk '/\./ { split($0, p, "."); printf "%d\n",
		p[1] * 1000 + substr(p[2] "000", 1, 3); next } { print }'
}

# Everything printed so far was debited, and nothing else; no register value
# is missing or used twice; the journal agrees.
books_balance() {
	books_sum=$(fields_of "$WORK/stamps.all" postage | sum)
	is "$(($(register ascending) - spent_before))" "$books_sum" || return 1
	is "$((left_before + ${refilled:-0} - $(register descending)))" \
		"$books_sum" || return 1
	is "$(($(register piece_count) - pieces_before))" \
		"$(wc -l <"$WORK/stamps.all" | tr -d ' ')" || return 1
	fields_of "$WORK/stamps.all" 'ascending postage' |
		sort -k1,1n -k2,2nr |
		awk -v at="$spent_before" '
			{ at += $2; if ($1 != at) { print "after", at - $2, \
				"comes", $1; bad = 1 } } END { exit bad }' ||
		return 1
	as_postage "$WORK/bin/postage" journal check
}

# nothing_spent BEFORE: the ascending register is as it was.
nothing_spent() {
	[ -n "$1" ] && is "$(register ascending)" "$1"
}

sum() {
	awk '{ s += $1 } END { printf "%d\n", s }'
}

# --- queues --------------------------------------------------------------------
# queue_sink NAME [PPD [LPADMIN-OPTION...]]: a postage queue on tests/sink.
queue_sink() {
	queue_sink_name=$1
	queue_sink_ppd=${2:-postage-pwg}
	[ $# -lt 2 ] || shift
	shift
	queue_raw "$queue_sink_name" "postage:/sink:$WORK/sink" \
		"$builddir/ppd/$queue_sink_ppd.ppd" -o Resolution=300dpi "$@"
}

# --- what arrived --------------------------------------------------------------
# read_stamps FILE...: all stamps of what arrived, in $WORK/stamps, one line
# each (docs/stamps.pl), and added to $WORK/stamps.all.
read_stamps() {
	rm -rf "$WORK/pages"
	mkdir "$WORK/pages"
	: >"$WORK/stamps"
	[ $# -gt 0 ] || {
		echo 'nothing arrived'
		return 1
	}
	read_number=0
	for read_file; do
		read_number=$((read_number + 1))
		pages_of "$read_file" "$WORK/pages/$(printf %03d \
			"$read_number")" pgm || return 1
	done
	# -2 before -10
	find "$WORK/pages" -name '*.pgm' | sort -V |
		xargs "$srcdir/tests/stamps.pl" >"$WORK/stamps"
	read_code=$?
	cat "$WORK/stamps" >>"$WORK/stamps.all"
	return "$read_code"
}

# fields_of FILE 'NAME...': these fields of each stamp.
fields_of() {
	awk -v names="$2" '{ delete f
		for (i = 1; i <= NF; i++) {
			n = index($i, "=")
			f[substr($i, 1, n - 1)] = substr($i, n + 1)
		}
		count = split(names, name, " ")
		for (i = 1; i <= count; i++)
			printf "%s%s", f[name[i]], i < count ? " " : "\n" }' "$1"
}

# values [FIELD]: of the stamps just read, sorted, on one line.
values() {
	fields_of "$WORK/stamps" "${1:-postage}" | sort -n | tr '\n' ' ' |
		sed 's/ $//'
}

all_distinct() {
	distinct_twice=$(fields_of "$WORK/stamps.all" hex | sort | uniq -d)
	[ -z "$distinct_twice" ] || {
		echo "printed twice: $distinct_twice"
		return 1
	}
}

# arrived DIR: copies of the files in the folder of a printer that were not
# looked at yet, in the order in which they came.  (cups-pdf makes up names with
# whatever is in its memory.)
arrived() {
	mkdir -p "$WORK/got"
	find "$1" -maxdepth 1 -type f ! -name '*.args' ! -name '*.env' \
		! -name '*.cmdline' ! -name '*.part' ! -name '*.prn' ! -name 'plan*' -size +0 \
		-printf '%T@ %p\n' | sort -n | sed 's/^[^ ]* //' |
		while IFS= read -r arrived_file; do
			grep -qxF "$arrived_file" "$WORK/seen" 2>/dev/null &&
				continue
			printf '%s\n' "$arrived_file" >>"$WORK/seen"
			arrived_copy=$WORK/got/$(wc -l <"$WORK/seen" |
				tr -d ' ')
			cp "$arrived_file" "$arrived_copy"
			echo "$arrived_copy"
		done
}

# verified: postage-verify finds the stamps just read, all of them valid.
verified() {
	# its exit code is 3 where a page has no stamp
	find "$WORK/pages" -name '*.pgm' | sort -V |
		xargs "$(built tools/postage-verify postage-verify)" --json \
			--certificates "$WORK/state/certificates" \
			>"$WORK/verify.json" 2>"$WORK/verify.err"
	verified_want=$(wc -l <"$WORK/stamps" | tr -d ' ')
	verified_got=$(jq -r '[.files[].stamps[].verdict] | map(select(
		. == "VALID" or . == "VALID-OFFLINE")) | length' \
		"$WORK/verify.json")
	is "$verified_got of $(jq .total "$WORK/verify.json")" \
		"$verified_want of $verified_want" || {
		cat "$WORK/verify.json" "$WORK/verify.err"
		return 1
	}
}

# prints WHAT QUEUE VALUES FILE [LP-OPTION...]: prints FILE and checks that the
# job completes and that exactly stamps of these VALUES (mils, sorted) come out,
# read by two decoders, verified, never seen before.  $PRINTER is the folder of
# the printer (default: the sink's).
prints() {
	prints_what=$1 prints_queue=$2 prints_values=$3 prints_file=$4
	shift 4
	job=$(submit -d "$prints_queue" "$@" "$prints_file")
	arrives "$prints_what" "$job" "$prints_values"
}

# arrives WHAT JOB VALUES: the second half of prints.
arrives() {
	check "$1: the job completes" completes "$2"
	# shellcheck disable=SC2046
	check "$1: two decoders agree" read_stamps \
		$(arrived "${PRINTER:-$WORK/sink}")
	check_is "$1: count and values" "$(values)" "$3"
	[ -z "$3" ] || check "$1: each verifies" verified
	check "$1: no stamp was seen before" all_distinct
}

# A job that ended otherwise is not waited for.
completes() {
	wait_state "$1" 'completed canceled aborted pending-held '\
'processing-stopped' 60 && wait_state "$1" completed 1
}

# refused WHAT WORDS STATE FILE [LP-OPTION...]: prints to Postage; the job ends
# in STATE, its message has WORDS (a regular expression), nothing was spent and
# nothing printed.
refused() {
	refused_what=$1 refused_words=$2 refused_state=$3 refused_file=$4
	shift 4
	refused_spent=$(register ascending)
	refused_runs=$(sink_runs)
	job=$(submit -d Postage "$@" "$refused_file")
	check "$refused_what: ends $refused_state" \
		wait_state "$job" "$refused_state" 60
	check "$refused_what: says why" says "$job" "$refused_words"
	check "$refused_what: nothing spent" nothing_spent "$refused_spent"
	check_is "$refused_what: nothing printed" "$(sink_runs)" "$refused_runs"
}

message_has() {
	job_message "$1" | grep -qE "$2"
}

# For a moment the scheduler says only that a filter failed.
says() {
	until_true 5 message_has "$1" "$2" || {
		echo "message: $(job_message "$1")"
		echo "want:    $2"
		return 1
	}
}
