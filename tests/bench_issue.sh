#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_issue.sh: how long the money takes: the stamps of a job quoted, debited,
# signed and journalled by a real postage-vaultd that asks a real scheduler, with
# a file vault without a PIN.
#
#	sh tests/bench_issue.sh [COUNT=30] [JOBS=7] [MAX_MS=]	in the build folder
#
# Prints the best of JOBS jobs in milliseconds; with MAX_MS a job that takes
# longer, even the best, is an error.
count=${COUNT:-30} jobs=${JOBS:-7}
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

scheduler_setup
vault_setup 1000.00
vaultd_start
scheduler_start
install -m 0755 "$(built tests/bench_issue)" "$WORK/bin/bench_issue"
echo hello >"$WORK/file"
sink_plan nap=60
i=0
while [ $((i += 1)) -le "$jobs" ]; do
	lpadmin -p "Sink$i" -v "sink:$WORK/sink" -E 2>/dev/null
	job=$(submit -d "Sink$i" "$WORK/file")
	until_true 10 job_in_state "$job" processing || exit 1
	setpriv --reuid=lp --regid=lp --clear-groups -- \
		"$WORK/bin/bench_issue" "$WORK/run/vaultd.sock" "Sink$i" \
		"$job" "$count" >>"$WORK/times" || exit 1
done
[ -z "$verbose" ] || cat "$WORK/times"
sort -n -k4 "$WORK/times" | awk -v n="$count" -v jobs="$jobs" -v max="$MAX_MS" '
	NR == 1 { printf "%d stamps through postage-vaultd, best of %d: " \
		"%.1f ms (admitted %.1f, quoted %.1f, issued %.1f)\n",
		n, jobs, $4, $1, $2, $3; exit max != "" && $4 > max }'
