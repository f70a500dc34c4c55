#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole chain with a file vault that a TPM guards: an old copy stops the
# queue, though the journal of that day comes back with it.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

scheduler_setup
require ZXingReader zbarimg gs pdftoppm pdftotext jq swtpm tpm2_getcap

# tpm_on FOLDER: the TPM whose state is there.
tpm_on() {
	mkdir -p "$1"
	swtpm socket --tpm2 --tpmstate "dir=$1" \
		--server "type=tcp,bindaddr=127.0.0.1,port=$((PORT + 6))" \
		--ctrl "type=tcp,bindaddr=127.0.0.1,port=$((PORT + 7))" \
		--flags not-need-init,startup-clear >>"$WORK/log/swtpm" 2>&1 &
	TPM_PID=$!
	remember "$TPM_PID"
	until_true 10 env "TPM2TOOLS_TCTI=$tcti" tpm2_getcap properties-fixed
}

tcti=swtpm:host=127.0.0.1,port=$((PORT + 6))
guard="tpm:?tcti=$tcti"
check 'a TPM is on' tpm_on "$WORK/tpm"
admin() {
	as_postage "$WORK/bin/postage" "$@"
}
check 'a vault with a guard' admin vault create --guard "$guard"
check 'and value' admin vault refill 100.00
shown() {
	admin vault status | grep -qE "$1"
}
check 'its status names the guard' shown '^Guard: +tpm:0x01'
check 'and says what a software one is worth' shown 'The guard is software'
chain_begin
queue_sink Postage
file=$(find "$WORK/state" -name '*.vault')

document plain.pdf '[[postage 0.78]]' '[[postage 1.05]]' >"$WORK/a.pdf"
document blank.pdf >"$WORK/blank.pdf"
prints 'a letter' Postage '780 1050' "$WORK/a.pdf"

# keep NAME, back NAME: vault and journal, as a snapshot of the disk has them.
keep() {
	mkdir "$WORK/$1"
	cp -p "$file" "$WORK/state"/journal.db* "$WORK/$1"
}
back() {
	stop_pid "$VAULTD_PID"
	rm -f "$WORK/state"/journal.db*
	cp -p "$WORK/$1"/journal.db* "$WORK/state"
	cp -p "$WORK/$1/${file##*/}" "$file"
	vaultd_start
}
# release JOB: as a person would.
release() {
	cupsenable Postage
	lp -i "$1" -H resume
}
queue_says() {
	lpstat -p Postage -l | grep -q "$1"
}

keep monday
prints 'a sheet of labels' Postage "$(yes 780 | head -n 30 | tr '\n' ' ' |
	sed 's/ $//')" "$WORK/blank.pdf" \
	-o PostageSheet=Avery-5160 -o PostageAmount=0.78
check 'registers, journal and paper agree' books_balance
keep tuesday

back monday
arrived_before=$(arrived "$WORK/sink" | wc -l)
job=$(submit -d Postage "$WORK/a.pdf")
check 'an old copy, with its journal: the job waits' \
	wait_state "$job" 'pending pending-held'
check 'the queue says so' until_true 5 queue_says 'old copy of the vault'
check 'and names the command' queue_says 'postage vault guard --rebind'
check_is 'nothing is printed' \
	"$(arrived "$WORK/sink" | wc -l)" "$arrived_before"
check_fails 'status says it, too' admin vault status
check_fails 'nor does it get another guard' admin vault guard "$guard"
back tuesday
check 'the newest is back' admin vault status
release "$job"
arrives 'it goes on' "$job" '780 1050'
check 'registers, journal and paper agree' books_balance

stop_pid "$TPM_PID" KILL
job=$(submit -d Postage "$WORK/a.pdf")
check 'without its TPM nothing is bought' until_true 30 \
	grep -q 'no TPM at' "$WORK/log/error_log"
check 'and the job waits' wait_state "$job" 'pending pending-held' 60
check 'the TPM is on again' tpm_on "$WORK/tpm"
release "$job"
arrives 'and the job is printed' "$job" '780 1050'
check 'registers, journal and paper agree' books_balance

# The mainboard was exchanged.
stop_pid "$TPM_PID" KILL
check 'another TPM' tpm_on "$WORK/other"
check_fails 'is not the right one' admin vault status
check 'the provider consents to it' admin vault guard --rebind "$guard"
prints 'a letter after it' Postage '780 1050' "$WORK/a.pdf"
check 'registers, journal and paper agree' books_balance
check 'the guard is taken away' admin vault guard none
prints 'a letter without' Postage '780 1050' "$WORK/a.pdf"
check 'registers, journal and paper agree' books_balance
done_testing
