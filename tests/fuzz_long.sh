#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz_long.sh [TARGET...]: builds the fuzz targets (tests/fuzz_TARGET.c; all,
# if none is named) with libFuzzer, AddressSanitizer and UBSan in a folder of
# their own and runs each for FUZZ_SECONDS (600), several at a time.  Prints a
# line for each and one for all; a finding fails, and its input is kept and named.
#
#	FUZZ_SECONDS	for each target; 60 finds what is easy
#	FUZZ_AT_ONCE	how many run at a time; two for each processor
#	FUZZ_DIR	build folder, _build/fuzz; grown corpora stay there
#	FUZZ_MERGE=1	afterwards adds what is new to tests/corpus: as little as
#			reaches the same code, in inputs of at most 2 kB
set -u
cd "$(dirname "$0")/.." || exit 2
top=$PWD
build=${FUZZ_DIR:-$top/_build/fuzz}
seconds=${FUZZ_SECONDS:-600}
at_once=${FUZZ_AT_ONCE:-$((2 * $(nproc)))}
memory=/dev/shm # what a target writes is not worth a disk
[ -w "$memory" ] || memory=/tmp

targets() {
	local f

	for f in tests/fuzz_*.c; do
		f=${f#tests/fuzz_}
		[ "$f" = main.c ] || echo "${f%.c}"
	done
}

build_targets() {
	local names=("${@/#/tests/fuzz_}")

	mkdir -p "$build" && cd "$build" || return
	if ! [ -f Makefile ] || [ "$top/configure" -nt Makefile ]; then
		"$top/configure" -q --enable-fuzz --disable-system-tests \
		    CC="${FUZZ_CC:-clang}" CFLAGS='-g -O1' || return
	fi
	nice make -s -j"$at_once" ppd/postage-pwg.ppd "${names[@]}"
}

# run_target NAME: true if it found nothing.
run_target() {
	local grown=$build/corpus/$1 found=$build/found/$1

	mkdir -p "$grown" "$found"
	cd "$found" || return
	TMPDIR=$memory ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=512 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	    nice -n 19 "$build/tests/fuzz_$1" "$grown" "$top/tests/corpus/$1" \
	    -max_total_time="$seconds" -timeout=100 -rss_limit_mb=2560 \
	    -malloc_limit_mb=8192 \
	    -max_len=16384 -print_final_stats=1 -artifact_prefix="$found/" \
	    >"$build/$1.log" 2>&1
}

# last NAME EXPRESSION: what sed finds last in the target's log.
last() {
	sed -n "$2" "$build/$1.log" | tail -n 1
}

tell() {
	printf '%-10s %12s executions %6s edges %5s inputs  %s\n' "$1" \
	    "$(last "$1" 's/^stat::number_of_executed_units: *//p')" \
	    "$(last "$1" 's/.* cov: \([0-9]*\) .*/\1/p')" \
	    "$(find "$build/corpus/$1" -type f | wc -l)" "$2"
}

one() {
	if run_target "$1"; then
		tell "$1" 'no finding'
		return
	fi
	tell "$1" "FINDING: $(find "$build/found/$1" -type f -newer \
	    "$build/.begin" | tr '\n' ' ')see $build/$1.log"
	echo "$1" >>"$build/.failed"
}

merge_target() {
	local grown=$build/corpus/$1 small=$build/small/$1 known

	rm -rf "$small"
	mkdir -p "$small"
	# by edges, not by how often: some dozens of files, not hundreds
	"$build/tests/fuzz_$1" -merge=1 -use_counters=0 -max_len=2048 "$small" \
	    "$top/tests/corpus/$1" "$grown" >"$build/$1.merge.log" 2>&1
	# a new file's name is the SHA-1 of what is in it
	known=$(sha1sum "$top/tests/corpus/$1"/*)
	find "$small" -type f | while read -r f; do
		case $known in
		*"${f##*/}"*) ;;
		*) cp "$f" "$top/tests/corpus/$1/" ;;
		esac
	done
}

[ $# -gt 0 ] || mapfile -t all < <(targets)
[ $# -eq 0 ] || all=("$@")
build_targets "${all[@]}" || exit 1
cd "$top" || exit 2
rm -f "$build/.failed"
touch "$build/.begin"
echo "${#all[@]} targets, $seconds s each, $at_once at a time"
for name in "${all[@]}"; do
	while [ "$(jobs -r | wc -l)" -ge "$at_once" ]; do
		wait -n
	done
	one "$name" &
done
wait
if [ "${FUZZ_MERGE:-0}" = 1 ]; then
	for name in "${all[@]}"; do
		merge_target "$name"
	done
fi
findings='no finding'
[ ! -e "$build/.failed" ] ||
	findings="findings in: $(sort "$build/.failed" | tr '\n' ' ')"
echo "${#all[@]} targets, $findings"
[ ! -e "$build/.failed" ]
