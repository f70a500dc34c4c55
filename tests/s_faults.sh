#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Money under a real scheduler while things break: drivers, backends, the
# daemon and the scheduler itself die, stored bytes and the vault's file are
# damaged, jobs are held, cancelled, restarted and printed at once.  After each
# the books must be right, no stamp may have gone to a printer twice, and each
# one that was paid must be delivered, uncertain, or on its way.
# tests/stampfilter stands in for pdftopostage.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
scheduler_setup
require jq
install -m 0755 "$(built tests/stampfilter)" "$SERVERBIN/filter/pdftopostage"
# What the scheduler knows is on the disk at once.
echo 'DirtyCleanInterval 0' >>"$WORK/cups/cupsd.conf"
vault_setup 100.00
vaultd_start
scheduler_start
ppd_behind_gate >"$WORK/plain.ppd"
# A driver that does what the file of its name says first.
cat >"$SERVERBIN/filter/labdriver" <<EOT
#!/bin/sh
[ ! -f "$WORK/driver.plan" ] || . "$WORK/driver.plan"
exec cat
EOT
chmod 755 "$SERVERBIN/filter/labdriver"
ppd_behind_gate labdriver >"$WORK/driver.ppd"
queue_raw Q "postage:/sink:$WORK/sink" "$WORK/plain.ppd"
queue_raw R "postage:/sink:$WORK/sink" "$WORK/plain.ppd"
queue_raw D "postage:/sink:$WORK/sink" "$WORK/driver.ppd"
pdf_text "$WORK/a.pdf" one
pdf_text "$WORK/b.pdf" two
VAULT_FILE=$(find "$WORK" -name '*.vault' | head -n 1)

# Documents of the journal, one JSON object a line.
documents() {
	as_postage "$WORK/bin/postage" --json journal list --count 1000 |
		jq -c '.documents[]'
}

# paid JQ-CONDITION: stamps that were paid, of such documents.
paid() {
	documents | jq -s "[.[] | select($1) | .issued] | add // 0"
}

pieces() {
	as_postage "$WORK/bin/postage" --json vault status |
		jq '[.. | objects | .piece_count? // empty][0]'
}

doc_state() {
	is "$(documents | jq -r "select(.job == \"$1\") | .state" |
		sort | tr '\n' ' ')" "$2 "
}

# begin: another folder for what the sink gets, whose runs count from 1.
folders=0
begin() {
	scheduler_idle
	folders=$((folders + 1))
	rm -rf "$WORK/sink/.run"*
	mkdir -p "$WORK/kept/$folders"
	mv "$WORK"/sink/* "$WORK/kept/$folders/" 2>/dev/null
	pieces_then=$(pieces)
}

scheduler_idle() {
	until_true 10 no_backend
}

no_backend() {
	! pgrep -f "$SERVERBIN/backend/sink" >/dev/null
}

bought() {
	is "$(($(pieces) - pieces_then))" "$1"
}

runs() {
	is "$(sink_runs)" "$1"
}

sent() {
	until_true 20 test -f "$WORK/sink/$1.args"
}

all_stamps() {
	cat "$WORK"/sink/*.data "$WORK"/kept/*/*.data 2>/dev/null |
		grep '^stamp '
}

# sound WHAT: what must hold at any time when nothing is being printed.
sound() {
	check "$1: the books are right" \
		as_postage "$WORK/bin/postage" journal check
	check_is "$1: no stamp was printed twice" \
		"$(all_stamps | sort | uniq -d | wc -l)" 0
	check_is "$1: every stamp that was paid has a document" \
		"$(paid true)" "$(pieces)"
	check_is "$1: what was delivered came out" \
		"$(test "$(paid '.state == "delivered"')" -le \
			"$(all_stamps | wc -l)" && echo yes)" yes
}

# --- a driver that dies, or fails, in the middle -----------------------------------
for end in 'kill -KILL $$' 'exit 1' 'kill -SEGV $$'; do
	begin
	echo "head -c 20; $end" >"$WORK/driver.plan"
	job=$(submit -d D "$WORK/a.pdf")
	check "a driver that does \"$end\": held" wait_state "$job" \
		'pending-held processing-stopped aborted'
	check 'nothing was sent' runs 0
	rm -f "$WORK/driver.plan"
	lp -i "$job" -H restart >/dev/null 2>&1 || lp -i "$job" -H resume
	check 'released, it is printed' wait_state "$job" completed
	check 'once' runs 1
	check 'and bought once' bought 1
	check_fails 'the trailer does not go to the printer' \
		grep -q 'the driver wrote' "$WORK/sink/1.data"
done
begin
echo 'sleep 30' >"$WORK/driver.plan"
job=$(submit -d D "$WORK/a.pdf")
paid_for() {
	is "$(pieces)" "$((pieces_then + 1))" 2>/dev/null
}
until_true 10 paid_for
sleep 0.5
pid=$(job_log "$job" | sed -n \
	's/.*Started filter .*postagedriver (PID \([0-9]*\)).*/\1/p' | tail -n 1)
kill -KILL "$pid"
check 'postagedriver killed: held' wait_state "$job" pending-held
check 'nothing was sent' runs 0
rm -f "$WORK/driver.plan"
lp -i "$job" -H resume
check 'released, it is printed' wait_state "$job" completed
check 'and bought once' bought 1
sound 'drivers'

# --- the scheduler dies between delivery and writing it down -------------------------
delivered() {
	doc_state "$1" delivered >/dev/null
}
begin
sink_plan nap=3 once=1
job=$(submit -d Q "$WORK/a.pdf")
sent 1
sleep 1
kill -STOP "$CUPSD_PID"
until_true 20 delivered "Q-$job"
scheduler_stop KILL
scheduler_start
check 'a scheduler that died too early runs the job again' \
	wait_state "$job" completed 30
check 'by itself' test "$(job_log "$job" | grep -c 'Started backend')" -gt 1
check 'it was printed once' runs 1
check 'and bought once' bought 1
lp -i "$job" -H restart
check 'restarted by hand' sent 2
check 'it is printed again' wait_state "$job" completed
check 'with new stamps' bought 2
sound 'scheduler killed'

# --- stopped, held, cancelled, disabled while it is sent -----------------------------
begin
sink_plan nap=20 once=1
job=$(submit -d Q "$WORK/a.pdf")
sent 1
cupsdisable Q
until_true 10 doc_state "Q-$job" uncertain
cupsenable Q
check 'a queue disabled while it sends: held' wait_state "$job" pending-held
check 'sent once' runs 1
check 'bought once' bought 1
begin
sink_plan nap=20 once=1
job=$(submit -d Q "$WORK/a.pdf")
sent 1
lp -i "$job" -H hold
until_true 10 doc_state "Q-$job" uncertain
lp -i "$job" -H resume
sleep 1
check 'a job held while it is sent: held' wait_state "$job" pending-held
check 'sent once' runs 1
begin
sink_plan nap=20 once=1
job=$(submit -d Q "$WORK/a.pdf")
sent 1
cancel "$job"
until_true 10 doc_state "Q-$job" uncertain
lp -i "$job" -H restart
check 'a cancelled job restarted: held' wait_state "$job" pending-held
check 'sent once' runs 1
sound 'stopped'

# --- backend and daemon are killed while sending ----------------------------------------
begin
sink_plan nap=3 once=1
job=$(submit -d Q "$WORK/a.pdf")
sent 1
pid=$(job_log "$job" | sed -n \
	's/.*Started backend .*postage (PID \([0-9]*\)).*/\1/p' | tail -n 1)
kill -KILL "$pid"
check 'a killed backend is a success to the scheduler' \
	wait_state "$job" completed
lp -i "$job" -H restart
check 'not to us' wait_state "$job" pending-held
check 'sent once' runs 1
check 'bought once' bought 1
begin
sink_plan nap=3 once=1
job=$(submit -d Q "$WORK/a.pdf")
sent 1
children=$(pgrep -P "$VAULTD_PID" | tr '\n' ' ')
kill -KILL "$VAULTD_PID"
# shellcheck disable=SC2086 # several
kill -KILL $children
check 'a killed daemon: held' wait_state "$job" pending-held
vaultd_start
lp -i "$job" -H resume
sleep 1
check 'and again when it is released' wait_state "$job" pending-held
check 'sent once' runs 1
check 'bought once' bought 1
sound 'killed'

# --- stored bytes are damaged --------------------------------------------------------------
for damage in 'truncate -s 3' 'rm -f'; do
	begin
	sink_plan take=0 code=4 once=1
	job=$(submit -d Q "$WORK/a.pdf")
	check "stopped before the first byte" wait_state "$job" pending
	$damage "$(find "$WORK" -path '*/spool/[0-9]*' -user postage -type f |
		sort -V | tail -n 1)"
	cupsenable Q
	check "after \"$damage\" it is printed" wait_state "$job" completed
	check 'all of it' grep -q '^stamp ' "$WORK/sink/2.data"
	check 'bought once' bought 1
done
sound 'damaged'

# --- the first of two documents is uncertain ------------------------------------------------
begin
sink_plan take=3 code=1 once=1
job=$(submit -d Q "$WORK/a.pdf" "$WORK/b.pdf")
check 'the first of two documents gets lost' wait_state "$job" \
	'pending-held aborted'
check 'the second is not printed for it' runs 1
check 'nor bought' bought 1
document=$(documents | jq -r "select(.job == \"Q-$job\" and
	.state == \"uncertain\") | .id")
check 'a person says it came out' as_postage "$WORK/bin/postage" \
	journal resolve "$document" delivered
lp -i "$job" -H restart 2>/dev/null || lp -i "$job" -H resume
check 'released, the job ends' wait_state "$job" completed
check 'the second was printed' runs 2
check 'and bought' bought 2
sound 'two documents'

# --- the backend is killed before it knows of the first document ------------------------------
begin
echo 'cat; sleep 3; exit 0' >"$WORK/driver.plan"
job=$(submit -d D -o lab-stamps=1 "$WORK/a.pdf" "$WORK/b.pdf")
until_true 10 paid_for
sleep 0.5
pid=$(job_log "$job" | sed -n \
	's/.*Started backend .*postage (PID \([0-9]*\)).*/\1/p' | tail -n 1)
rm -f "$WORK/driver.plan"
kill -KILL "$pid"
check 'a backend killed before it knows: the job is not completed' \
	wait_state "$job" 'aborted pending-held processing-stopped'
check 'the second document does not take the place of the first' runs 0
lp -i "$job" -H restart 2>/dev/null || lp -i "$job" -H resume
check 'restarted, it is' wait_state "$job" completed
check 'with both documents' runs 2
check 'and two stamps' bought 2
sound 'killed early'

# --- the vault's file goes back in time -------------------------------------------------------
begin
cp -p "$VAULT_FILE" "$WORK/old.vault"
job=$(submit -d Q "$WORK/a.pdf")
wait_state "$job" completed >/dev/null
cp -p "$VAULT_FILE" "$WORK/new.vault"
cp -p "$WORK/old.vault" "$VAULT_FILE"
job=$(submit -d Q "$WORK/b.pdf")
check 'an old copy of the vault stops the queue' wait_state "$job" \
	'pending pending-held'
check 'nothing was printed from it' runs 1
check 'the sentence says what to do' until_true 5 sh -c "lpstat -p Q -l |
	grep -q 'old copy'"
check_fails 'the check finds it' as_postage "$WORK/bin/postage" journal check
cp -p "$WORK/new.vault" "$VAULT_FILE"
cupsenable Q
check 'with the newest copy it goes on' wait_state "$job" completed
check 'two are bought' bought 2
sound 'old copy'

# --- two queues at once, more wanted than there is --------------------------------------------
begin
left=$(as_postage "$WORK/bin/postage" --json vault status |
	jq '[.. | objects | .descending? // empty][0] | tonumber / 0.78 | floor')
half=$((left / 2 + 1))
[ "$half" -le 90 ] || half=90
job=$(submit -d Q -o lab-stamps=$half "$WORK/a.pdf")
other=$(submit -d R -o lab-stamps=$half "$WORK/b.pdf")
check 'two jobs at once, one ends' wait_state "$job" 'completed pending-held' 30
check 'so does the other' wait_state "$other" 'completed pending-held' 30
check 'not more is bought than there is' test "$(pieces)" -le \
	"$((pieces_then + left))"
sound 'two at once'
done_testing
