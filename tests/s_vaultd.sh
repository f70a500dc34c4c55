#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What lp, and nobody else, can get out of postage-vaultd: only stamps for a job
# that cupsd is printing now, on its queue, for its owner, within the limits.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

scheduler_setup
conf_write <<-EOT
[limits]
stamp = 2.00
job = 5.00
user-day = 7.00
low = 1000.00
[daemon]
alarm = /usr/bin/tee $WORK/run/told
EOT
vault_setup 100.00
vaultd_start
scheduler_start
install -m 0755 "$(built tests/probe)" "$WORK/bin/probe"
socket=$WORK/run/vaultd.sock

as() {
	as_user=$1
	shift
	setpriv --reuid="$as_user" --regid=lp --clear-groups -- "$@"
}
probe() {
	as lp "$WORK/bin/probe" "$socket" "$@"
}
first_word() {
	"$@" 2>&1 | sed -n '1s/ .*//p'
}
funds() {
	probe status Sink | cut -d' ' -f2
}

lpadmin -p Sink -v "sink:$WORK/sink" -E 2>/dev/null
lpadmin -p Other -v "sink:$WORK/sink" -E 2>/dev/null
echo hello >"$WORK/file"
sink_plan nap=20
printing=$(submit -d Sink "$WORK/file")
until_true 10 job_in_state "$printing" processing

check_is 'funds to begin with' "$(funds)" 100.00
check_is 'a job that cupsd does not know' \
	"$(first_word probe filter Sink 9999 0.78 1)" ERR_DENIED
check_is 'a job of another queue' \
	"$(first_word probe filter Other "$printing" 0.78 1)" ERR_DENIED
check_is 'nor under another spelling, which has other limits' \
	"$(first_word probe filter sINK "$printing" 0.78 1)" ERR_DENIED
check_is 'lp is not the backend' \
	"$(first_word probe backend Sink "$printing")" ERR_DENIED
check_is 'a stamp over the limit' \
	"$(first_word probe filter Sink "$printing" 2.01 1)" ERR_DENIED
check_is 'a document over the limit of a job' \
	"$(first_word probe filter Sink "$printing" 1.00 6)" ERR_DENIED
check_is 'nothing was spent by all that' "$(funds)" 100.00

probe filter Sink "$printing" 1.00 5 >"$WORK/one"
check_is 'within the limits there are stamps' "$(wc -l <"$WORK/one")" 5
check_is 'all different' "$(sort -u "$WORK/one" | wc -l)" 5
check_is 'for their price' "$(funds)" 95.00
probe filter Sink "$printing" 1.00 5 >"$WORK/two"
check 'the same request gives the same stamps' cmp "$WORK/one" "$WORK/two"
check_is 'and costs nothing more' "$(funds)" 95.00
check_is 'other marks in the same job stay under its limit' \
	"$(first_word probe filter Sink "$printing" 0.50 1)" ERR_DENIED

cancel "$printing"
until_true 20 job_in_state "$printing" canceled
check_is 'a cancelled job gets none' \
	"$(first_word probe filter Sink "$printing" 1.00 5)" ERR_DENIED
second=$(submit -d Sink "$WORK/file")
until_true 10 job_in_state "$second" processing
check_is 'the limit of a user and day holds over jobs' \
	"$(first_word probe filter Sink "$second" 1.00 3)" ERR_DENIED
check_is 'up to it there are stamps' \
	"$(probe filter Sink "$second" 1.00 2 | wc -l)" 2
check_is 'funds at the end' "$(funds)" 93.00

check_is 'rubbish gets an error and no stamp' \
	"$(probe raw ffffffff01)" '0 bytes back'
check_fails 'nobody else can even connect' \
	setpriv --reuid=nobody --regid=nogroup --clear-groups -- \
	"$WORK/bin/probe" "$socket" status Sink
told() {
	grep 'alarm of queue' "$WORK/run/told" "$WORK/log/vaultd.out"
}
check_fails 'nor sets off an alarm, or the mail command' told
check_is 'root is the backend' \
	"$(first_word "$WORK/bin/probe" "$socket" backend Sink "$second")" ''
check 'whose job tells that funds are low' until_true 10 told
check_is 'the daemon lives' "$(funds)" 93.00
waiting=$(pgrep -P "$VAULTD_PID")
kill -KILL "$waiting"
check_is 'a child that dies while it waits is replaced' "$(funds)" 93.00
waiting=$(pgrep -P "$VAULTD_PID")
kill -KILL "$VAULTD_PID"
check 'and goes when the daemon does' until_true 5 fails kill -0 "$waiting"
check_is 'so that nobody is served' "$(first_word probe status Sink)" ERR_ABSENT
check 'journal and registers agree' as_postage "$WORK/bin/postage" journal check
done_testing
