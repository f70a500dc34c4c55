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
# clang-tidy is slow, so sources that were found clean are looked at again only
# after they, a header or the rules changed; and it stops after $LINT_SECONDS
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

# tidy_some FILE...: in one process, which takes half a second to begin.
tidy_some() {
	local f stamp said=$build/lint/tidy/$BASHPID more=()

	# the analyser does not know that err_set() returns false
	[ "$1" = base/err.c ] || more=(-include tests/always_false.h)
	[ -z "${LINT_NODES:-}" ] || more+=(-Xclang -analyzer-config
		-Xclang "max-nodes=$LINT_NODES")
	if clang-tidy --quiet "$@" -- -std=c11 -I. -I"$build" \
	    -Wno-unknown-warning-option "${flags[@]}" "${more[@]}" \
	    >"$said.log" 2>"$said.err"; then
		for f; do
			stamp=$build/lint/tidy/$f.ok
			mkdir -p "${stamp%/*}"
			touch "$stamp"
		done
	else
		cat "$said.log"
		grep -E 'error:' "$said.err"
	fi
	rm -f "$said.log" "$said.err"
}

# Those that were not found clean as they are.
tidy_left() {
	local f stamp newest

	newest=$({
		tracked '*.h'
		echo .clang-tidy
	} | xargs ls -t | sed -n 1p)
	for f in $(tracked '*.c' | grep -v '^tests/'); do
		stamp=$build/lint/tidy/$f.ok
		[ "$stamp" -nt "$f" ] && [ "$stamp" -nt "$newest" ] ||
			printf '%s\n' "$f"
	done
}

# When its turn has come.
tidy_next() {
	if [ "$SECONDS" -gt "$1" ]; then
		echo "note: clang-tidy: time is up before $2" >&3
		return 1
	fi
	while [ "$(jobs -r | wc -l)" -ge "$(nproc)" ]; do
		wait -n
	done
	shift
	tidy_some "$@" &
}

lint_tidy() {
	local end=$((SECONDS + ${LINT_SECONDS:-600})) f some=()

	need clang-tidy || return
	mkdir -p "$build/lint/tidy"
	for f in $(tidy_left); do
		# what its analyser knows of a va_list it knows of one file
		if grep -q va_start "$f"; then
			tidy_next "$end" "$f" || break
			continue
		fi
		some+=("$f")
		[ ${#some[@]} -lt 10 ] && continue
		tidy_next "$end" "${some[@]}" || break
		some=()
	done
	[ ${#some[@]} = 0 ] || tidy_next "$end" "${some[@]}"
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
