#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh: every check that needs no run.  Any output of a check fails it; where
# all is well it says nothing.
#
#	make lint		all, in the build folder
#	make lint PARTS=shell	some of: format layers headers shell man
#				cppcheck tidy
#	tests/lint.sh PART... -- FLAGS...	the same, FLAGS the preprocessor's
#
# clang-tidy is slow, so a source that was found clean is looked at again only
# after it, a header or the rules changed; and it stops after $LINT_SECONDS
# (600), naming what it did not reach.  LINT_NODES has its analyser look less deep
# (its own 225,000 take almost all of the time).
set -u
build=$PWD
cd "$(dirname "$0")/.." || exit 2
failed=0

# tracked PATTERN...: files of the project, also from a tarball without git
tracked() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@"
	else
		local p
		for p in "$@"; do
			find . -path ./_build -prune -o -path "./$p" -print |
			    sed 's,^\./,,'
		done
	fi | sort -u | while read -r f; do
		[ -f "$f" ] && printf '%s\n' "$f"
	done
}

need() {
	command -v "$1" >/dev/null && return 0
	echo "$1 is not installed: this part was not checked"
	return 1
}

lint_format() {
	need clang-format &&
	    tracked '*.c' '*.h' | xargs -r clang-format --dry-run -Werror
}

lint_layers() {
	tests/layers.sh
}

# Every header is complete: it compiles alone.
lint_headers() {
	local cc

	read -ra cc <<<"${CC:-gcc}"
	# shellcheck disable=SC2016
	tracked '*.h' | xargs -P "$(nproc)" -I{} sh -c '
		header=$1
		shift
		"$@" -x c -include "$header" /dev/null || echo "$header"' sh {} \
	    "${cc[@]}" -std=c11 -fsyntax-only -Wall -Werror -I"$build" \
	    "${flags[@]}"
}

lint_shell() {
	need shellcheck || return
	{
		tracked '*.sh'
		echo setup
		echo .ci/run
		tracked etc/bash-completion/postage 'debian/*.p*'
	} | xargs -P "$(nproc)" -n 16 shellcheck
}

lint_man() {
	local f

	need mandoc || return
	for f in $(tracked 'docs/*.[1-8]'); do
		mandoc -Tlint -W warning "$f"
	done
}

lint_cppcheck() {
	need cppcheck || return
	mkdir -p "$build/lint/cppcheck"
	# style and unused functions: the compiler and clang-tidy say it better;
	# of tests the sanitizers do
	tracked '*.c' | grep -v '^tests/' | xargs -r cppcheck --quiet -j"$(nproc)" --std=c11 -I. \
	    --cppcheck-build-dir="$build/lint/cppcheck" \
	    --enable=warning,portability --inline-suppr \
	    --suppress=missingInclude --suppress=missingIncludeSystem \
	    --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches
}

tidy_one() {
	local stamp=$1 f=$2

	set --
	mkdir -p "${stamp%/*}"
	# the analyser does not know that err_set() returns false
	[ "$f" = base/err.c ] || set -- -include tests/always_false.h
	[ -z "${LINT_NODES:-}" ] || set -- "$@" -Xclang -analyzer-config \
	    -Xclang "max-nodes=$LINT_NODES"
	if clang-tidy --quiet "$f" -- -std=c11 -I. -I"$build" \
	    -Wno-unknown-warning-option "${flags[@]}" "$@" >"$stamp.log" \
	    2>"$stamp.err"; then
		mv "$stamp.log" "$stamp"
	else
		cat "$stamp.log"
		grep -E 'error:' "$stamp.err"
	fi
}

lint_tidy() {
	local f stamp end newest

	need clang-tidy || return
	end=$((SECONDS + ${LINT_SECONDS:-600}))
	newest=$({
		tracked '*.h'
		echo .clang-tidy
	} | xargs ls -t | sed -n 1p)
	for f in $(tracked '*.c'); do
		case $f in tests/*) continue ;; esac
		stamp=$build/lint/tidy/$f.ok
		[ "$stamp" -nt "$f" ] && [ "$stamp" -nt "$newest" ] && continue
		if [ "$SECONDS" -gt "$end" ]; then
			echo "note: clang-tidy: time is up before $f" >&3
			break
		fi
		while [ "$(jobs -r | wc -l)" -ge "$(nproc)" ]; do
			wait -n
		done
		tidy_one "$stamp" "$f" &
	done
	wait
}

parts=() flags=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	parts+=("$1")
	shift
done
[ $# -gt 0 ] && shift
flags=("$@")
[ ${#parts[@]} -gt 0 ] ||
    parts=(format layers headers shell man cppcheck tidy)
exec 3>&2
for part in "${parts[@]}"; do
	said=$("lint_$part" 2>&1)
	if [ -n "$said" ]; then
		printf '%s\n' "$said"
		echo "lint: $part: FAILED"
		failed=1
	fi
done
exit "$failed"
