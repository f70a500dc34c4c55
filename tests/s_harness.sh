#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# lib.sh itself: a test that fails says so by its exit code, whatever is done
# behind its last command.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

# ends CODE LINE...: a test of these lines ends with that code.
ends() {
	ends_code=$1
	shift
	{
		# shellcheck disable=SC2016
		echo '. "$srcdir/tests/lib.sh"'
		echo work_setup
		printf '%s\n' "$@"
	} >"$WORK/test.sh"
	srcdir=$srcdir sh "$WORK/test.sh"
	is "$?" "$ends_code"
}

work_setup
check 'all is well' ends 0 'check yes true' done_testing
check 'one fails' ends 1 'check yes true' 'check no false' 'check yes true' \
	done_testing
check 'nothing was checked' ends 1 done_testing
check 'a trap of its own' ends 1 "trap 'true; work_cleanup' EXIT" \
	'check no false' done_testing
check 'and all is well' ends 0 "trap 'false; work_cleanup' EXIT" \
	'check yes true' done_testing
check 'what is missing' ends 77 'require no-such-program' 'check yes true' \
	done_testing
check 'it stops before its end' ends 3 'check yes true' 'exit 3'
# shellcheck disable=SC2016
check 'it is stopped' ends 130 'kill -TERM $$' 'check yes true' done_testing
done_testing
