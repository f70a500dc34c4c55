#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench_sign.sh: signatures per second of the provider's cryptographic modules,
# each verified, beside SoftHSM asked with nothing between (nothing verified) and
# OpenSSL's own, in one run.
#
#	sh tests/bench_sign.sh [MS=2000] [RUNS=3] [MIN_RATIO=]	in the build folder
#
# Prints the best of RUNS (of the token, each goes round all that are compared), and
# for each signature the microseconds of a processor in the caller and in the token's
# process, which other programs on the machine change less; with MIN_RATIO a SoftHSM
# batch of 30, one thread, that is slower than that part of the bare token is an error.
set -u
ms=${MS:-2000} runs=${RUNS:-3} failed=0
work=$(mktemp -d /tmp/bench_sign.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
SOFTHSM2_CONF=$work/softhsm2.conf
export SOFTHSM2_CONF
pin=271828

# run LABEL COMMAND...: one more number of what has this label.
run() {
	run_label=$1
	shift
	if ! "$@" >>"$work/$run_label.all" || [ ! -s "$work/$run_label.all" ]; then
		echo "bench_sign: $run_label failed" >&2
		exit 1
	fi
}

# rate LABEL: the highest number that it printed.
rate() {
	line=$(sort -n "$work/$1.all" | tail -n 1)
	got=${line%% *}
	cpu=${line#"$got"}
	printf '%-32s %8s /s  %s\n' "$1" "$got" "${cpu:+us:$cpu}"
}

# all LABEL COMMAND...
all() {
	i=0
	while [ $((i += 1)) -le "$runs" ]; do
		run "$@"
	done
	rate "$1"
}

# The last line: the columns are sign, verify, sign/s, verify/s.
openssl_speed() {
	openssl speed -seconds 2 ecdsap256 2>/dev/null | tail -n 1 |
	    awk '{printf "%d\n", $(NF - '"$1"')}'
}

umask 077
openssl rand -out "$work/kek" 32
runs=1 all 'OpenSSL, sign' openssl_speed 1
runs=1 all 'OpenSSL, verify' openssl_speed 0
for threads in 1 2; do
	for batch in 1 30; do
		all "software, batch $batch, threads $threads" \
		    ./tests/bench_sign software "$work/kek" $batch $threads "$ms"
	done
done
for module in /usr/lib/softhsm/libsofthsm2.so \
    /usr/lib64/pkcs11/libsofthsm2.so /usr/lib64/softhsm/libsofthsm.so; do
	[ -r "$module" ] && break
done
[ -r "$module" ] || {
	echo 'no SoftHSM'
	exit 0
}
mkdir "$work/tokens"
printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$work/tokens" \
    >"$SOFTHSM2_CONF"
softhsm2-util --init-token --free --label Postage --pin $pin \
    --so-pin 12345678 >/dev/null || exit 1
echo $pin >"$work/pin"
for threads in 1 2; do
	i=0
	while [ $((i += 1)) -le "$runs" ]; do
		run "SoftHSM bare, threads $threads" \
		    ./tests/bench_sign bare $pin "$module" $threads "$ms"
		for batch in 1 30; do
			run "SoftHSM, batch $batch, threads $threads" \
			    ./tests/bench_sign pkcs11 "$work/pin" $batch \
			    $threads "$ms"
		done
	done
	rate "SoftHSM bare, threads $threads"
	bare=$got
	for batch in 1 30; do
		rate "SoftHSM, batch $batch, threads $threads"
		echo "$got $bare" | awk '{printf "%-32s %8.2f\n", \
		    "  of the bare token", $1 / $2}'
		[ "$threads$batch" = 130 ] && [ -n "${MIN_RATIO:-}" ] &&
		    ! echo "$got $bare $MIN_RATIO" |
		    awk '{exit !($1 >= $2 * $3)}' && failed=1
	done
done
exit $failed
