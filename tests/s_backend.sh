#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The backend under a real scheduler: what every exit code of the printer's own
# backend becomes, before and after the first byte; that retries send the same
# bytes, that nothing is printed twice or bought twice; what is visible of a
# printer's password.  tests/stampfilter stands in for pdftopostage.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck disable=SC2119
scheduler_setup
require jq
echo 'DirtyCleanInterval 1' >>"$WORK/cups/cupsd.conf"
stand_in_start
pdf_text "$WORK/b.pdf" two

# What the vault has spent, in stamps.
pieces() {
	as_postage "$WORK/bin/postage" --json vault status |
		jq '[.. | objects | .piece_count? // empty][0]'
}

# stamps_of N: the stamps that the sink's N-th run got.
stamps_of() {
	grep '^stamp ' "$WORK/sink/$1.data"
}

begin() {
	sink_clear
	pieces_then=$(pieces)
}

# bought N: since `begin`.
bought() {
	is "$(($(pieces) - pieces_then))" "$1"
}

message_has() {
	job_message "$1" | grep -q "$2" || {
		job_message "$1"
		return 1
	}
}

# printed N FILE...: the sink ran N times and its last run got all of it.
runs() {
	is "$(sink_runs)" "$1"
}

# --- a document that goes well --------------------------------------------------
begin
job=$(submit -d Q -n 3 -o number-up=2 -o sides=one-sided -o lab-stamps=2 \
	"$WORK/a.pdf")
check 'a job completes' wait_state "$job" completed
check 'once' runs 1
check_is 'with its stamps' "$(stamps_of 1 | sort -u | wc -l)" 2
check 'which are paid for' bought 2
check_is 'one copy' "$(sed -n 5p "$WORK/sink/1.args")" 1
check_is 'and what was applied is not asked again' \
	"$(sed -n 6p "$WORK/sink/1.args" | grep -cE 'copies|number-up|job-uuid')" 0
check 'other options pass' grep -q sides=one-sided "$WORK/sink/1.args"
check 'the type is what the printer gets' grep -q \
	'^FINAL_CONTENT_TYPE=image/pwg-raster' "$WORK/sink/1.env"
check 'as lp, with no other group' grep -q \
	'^uid=7(lp) gid=7(lp) groups=7(lp)' "$WORK/sink/1.env"

# --- every exit code before the first byte ----------------------------------------
state_of_code() {
	case $1 in
	1) echo aborted ;;
	2 | 3) echo pending-held ;;
	4) echo pending ;;
	5) echo canceled ;;
	6 | 7) echo completed ;;
	esac
}
for code in 1 2 3 4 5 6 7; do
	begin
	sink_plan take=0 code=$code once=1
	job=$(submit -d Q "$WORK/a.pdf")
	until_true 10 test -f "$WORK/sink/1.args"
	check "exit code $code before the first byte passes" \
		wait_state "$job" "$(state_of_code $code)" 40
	case $code in
	1) lp -i "$job" -H restart ;;
	2 | 3) lp -i "$job" -H resume ;;
	4) cupsenable Q ;;
	5) lp -i "$job" -H restart ;;
	esac >/dev/null
	check 'then the same stamps are sent' wait_state "$job" completed
	check 'in the second run' runs 2
	check 'and nothing more is bought' bought 1
done

# --- and after it ------------------------------------------------------------------
for code in 1 2 3 4 5 6 7; do
	begin
	sink_plan take=3 code=$code once=1
	job=$(submit -d Q "$WORK/a.pdf")
	check "exit code $code after the first byte holds the job" \
		wait_state "$job" pending-held
	check 'and says why' message_has "$job" 'Delivery uncertain'
done
lp -i "$job" -H resume
check 'released without a word it is held again' \
	until_true 20 message_has "$job" 'earlier attempt'
wait_state "$job" pending-held >/dev/null
check 'and not sent again' runs 1
check 'nothing was bought for that' bought 1
resolve() {
	as_postage "$WORK/bin/postage" journal resolve "Q-$job" "$1"
}
check 'a person says it did not come out' resolve reprint
lp -i "$job" -H resume
check 'then it is sent again' wait_state "$job" completed
check 'for the second time' runs 2
check 'with the stamp it had' bought 1
begin
sink_plan take=3 die=KILL once=1
job=$(submit -d Q "$WORK/a.pdf")
check 'a backend that is killed: held' wait_state "$job" pending-held
begin
sink_plan take=3 code=0 once=1
job=$(submit -d Q "$WORK/a.pdf")
check 'success after a part only: held' wait_state "$job" pending-held
begin
sink_plan take=0 code=0 once=1
job=$(submit -d Q "$WORK/a.pdf")
check 'success after nothing: held' wait_state "$job" pending-held
lp -i "$job" -H resume
check 'released, it is sent' wait_state "$job" completed
check 'and was bought once' bought 1

# --- a retry sends the same bytes --------------------------------------------------
begin
sink_plan take=0 code=7 once=1
job=$(submit -d Q -o lab-stamps=3 -o lab-pad=500000 "$WORK/a.pdf")
wait_state "$job" completed >/dev/null
spooled=$(sha256sum <"$WORK/sink/2.data")
check 'all of it' test "$(wc -c <"$WORK/sink/2.data")" -gt 500000
check_is 'the run that wrote it is the first one' \
	"$(job_log "$job" | grep -c 'Started filter.*pdftopostage')" 2
first_pid=$(job_log "$job" | sed -n \
	's/.*Started filter .*pdftopostage (PID \([0-9]*\)).*/\1/p' | head -n 1)
check_is 'bytes of the first run' "$(head -n 1 "$WORK/sink/2.data")" \
	"run $first_pid"
check 'bought once' bought 3

# --- a finished job printed again buys new stamps ---------------------------------
lp -i "$job" -H restart
until_true 20 test -f "$WORK/sink/3.args"
check 'a restarted job completes' wait_state "$job" completed
check 'with other bytes' fails is "$(sha256sum <"$WORK/sink/3.data")" "$spooled"
check_is 'and none of the old stamps' "$({
	stamps_of 2
	stamps_of 3
} | sort | uniq -d | wc -l)" 0
check 'which are paid for' bought 6

# --- several documents in one job --------------------------------------------------
begin
job=$(submit -d Q "$WORK/a.pdf" "$WORK/b.pdf")
check 'two documents' wait_state "$job" completed
check 'two runs' runs 2
check_is 'two stamps' "$({ stamps_of 1; stamps_of 2; } | sort -u | wc -l)" 2
begin
# The first goes through, the second finds no printer.
cat >"$WORK/sink/plan" <<-EOT
	[ "\$n" = 2 ] && { take=0 code=1; }
EOT
job=$(submit -d Q "$WORK/a.pdf" "$WORK/b.pdf")
check 'the second document fails' wait_state "$job" 'aborted canceled'
rm -f "$WORK/sink/plan"
lp -i "$job" -H restart
check 'restarted, the job completes' wait_state "$job" completed
check 'the first document was not printed again' runs 3
check 'the last run has another stamp' fails is "$(stamps_of 1)" "$(stamps_of 3)"
check 'two stamps were bought in all' bought 2

# --- the filter fails ---------------------------------------------------------------
begin
job=$(submit -d Q -o lab-die=9 "$WORK/a.pdf")
check 'a filter killed by the kernel: held' wait_state "$job" pending-held
check 'nothing was sent' runs 0
check 'it says so' message_has "$job" 'did not end properly'
begin
for pair in 1:canceled 2:pending-held 3:pending-held 6:pending; do
	job=$(submit -d Q -o lab-refuse="${pair%:*}" "$WORK/a.pdf")
	check "refused with kind ${pair%:*}: ${pair#*:}" \
		wait_state "$job" "${pair#*:}"
	check 'the sentence survives' \
		until_true 5 message_has "$job" 'refused on purpose'
	cancel "$job"
	cupsenable Q
done
check 'nothing was sent' runs 0
check 'nothing was bought' bought 0

# --- without stamps -----------------------------------------------------------------
begin
job=$(submit -d Q -o lab-stamps=0 "$WORK/a.pdf")
check 'a document without marks' wait_state "$job" completed
check 'is printed' runs 1
job=$(submit -d Q -o lab-stamps=0 -o lab-empty=1 "$WORK/a.pdf")
check 'an empty one is no success' wait_state "$job" canceled
job=$(submit -d Q -o lab-empty=1 "$WORK/a.pdf")
check 'nor one whose pages got lost' wait_state "$job" pending-held
begin
job=$(submit -d Q -o job-sheets=standard,none "$WORK/a.pdf")
check 'a banner' wait_state "$job" completed
check_is 'has no stamp' "$(cat "$WORK/sink/1.data")" banner
check_is 'the document behind it has' "$(stamps_of 2 | wc -l)" 1
begin
job=$(submit -d Q -n 2 -o raw "$WORK/a.pdf")
check 'a raw job' wait_state "$job" completed
check 'passes as it is' cmp "$WORK/a.pdf" "$WORK/sink/1.data"
check_is 'with its copies' "$(sed -n 5p "$WORK/sink/1.args")" 2
printf '[queue Strict]\nmissing = refuse\n' >>"$WORK/etc/postage.conf"
queue_raw Strict "postage:/sink:$WORK/sink" "$WORK/test.ppd"
begin
job=$(submit -d Strict -o raw "$WORK/a.pdf")
check 'unless the queue wants postage' wait_state "$job" canceled
check 'nothing was sent' runs 0

# --- credentials -------------------------------------------------------------------
mkdir -m 700 "$WORK/etc/devices"
secret=s3cret$PORT # of this run: others may run on this machine
echo "rootsink://me:$secret@host$WORK/sink?key=$secret" >"$WORK/etc/devices/P"
chmod 600 "$WORK/etc/devices/P"
queue_raw P "postage:/+rootsink://host$WORK/sink" "$WORK/test.ppd"
begin
# shellcheck disable=SC2016 # the sink expands it
sink_plan nap=2 'say="DEBUG: $DEVICE_URI"'
job=$(submit -d P "$WORK/a.pdf")
until_true 10 test -f "$WORK/sink/1.args"
ps_shows=$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' |
	grep -c "s3cre[t]$PORT")
check 'a printer with a password' wait_state "$job" completed
check 'gets it' grep -q "^DEVICE_URI=rootsink://me:$secret@" "$WORK/sink/1.env"
check 'as root, which its backend wants' grep -q '^uid=0' "$WORK/sink/1.env"
check_is 'nobody else sees it in ps' "$ps_shows" 0
check_is 'nor in a log' "$(cat "$WORK"/log/* | grep -c "$secret@")" 0
check_is 'nor in what the scheduler tells' \
	"$(lpstat -v | grep -c "$secret")" 0
chmod 644 "$WORK/etc/devices/P"
job=$(submit -d P "$WORK/a.pdf")
check 'a readable password stops the queue' wait_state "$job" pending
check 'and says what to do' message_has "$job" 'readable by no one else'
cancel "$job"

# --- processes that end ---------------------------------------------------------------
begin
sink_plan take=10 nap=30 once=1
job=$(submit -d Q "$WORK/a.pdf")
until_true 10 test -f "$WORK/sink/1.args"
cancel "$job"
check 'a job cancelled while it is sent' wait_state "$job" canceled
ended() {
	! pgrep -f "$SERVERBIN/backend/sink" >/dev/null
}
check 'its backend is gone' until_true 10 ended
vaultd_stop
begin
job=$(submit -d Q "$WORK/a.pdf")
check 'without the daemon the job waits' wait_state "$job" \
	'pending pending-held'
vaultd_start
check 'and goes on with it' wait_state "$job" completed 60
begin
sink_plan nap=8 once=1
job=$(submit -d Q "$WORK/a.pdf")
sleep 1
until_true 10 test -f "$WORK/sink/1.args"
# The scheduler writes its jobs down every now and then.
scheduler_flushed() {
	test -f "$WORK/spool/c$(printf %05d "$job")"
}
check 'the scheduler wrote the job down' until_true 6 scheduler_flushed
check 'while it is printing' job_in_state "$job" processing
scheduler_stop KILL
scheduler_start
check 'after a crash of the scheduler the job ends' \
	wait_state "$job" 'completed pending-held' 60
check 'and was sent once' runs 1
check 'and bought once' bought 1
done_testing
