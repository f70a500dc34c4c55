#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is refused is refused before it costs anything, with a sentence that
# says what to do; and goes on where the cause is gone.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

chain_start 2.00
queue_sink Postage
queue_raw Plain "sink:$WORK/sink" "$builddir/ppd/postage-pwg.ppd"

document plain.pdf '[[postage 0.78]]' >"$WORK/good.pdf"
document plain.pdf '[[postage 0.78]]' '[[postage 0.78]]' '[[postage 0.78]]' \
	>"$WORK/three.pdf"
document plain.pdf '[[postage 0.78]]' '[[postage 0.78 colour=red]]' \
	>"$WORK/unknown.pdf"
document plain.pdf '[[postage 0,78]]' >"$WORK/comma.pdf"
document plain.pdf '[[postage 0.78' >"$WORK/open.pdf"
document plain.pdf '[[postage 99999999]]' >"$WORK/huge.pdf"
document plain.pdf 'nothing' >"$WORK/none.pdf"
document ps '[[postage 0.78]]' | sed 's/^gsave 300 700/gsave 560 700/' |
	gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite \
		"-sOutputFile=$WORK/edge.pdf" -
document ps '[[postage 0.78]]' |
	sed 's/^90 400 moveto (This/330 670 moveto (This/' |
	gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite \
		"-sOutputFile=$WORK/covered.pdf" -

# marks
refused 'an unknown word' 'page 2.*colour' canceled "$WORK/unknown.pdf"
refused 'a decimal comma' 'page 1.*0,78' canceled "$WORK/comma.pdf"
refused 'an open mark' 'page 1' canceled "$WORK/open.pdf"
refused 'more than a stamp can hold' 'page 1' canceled "$WORK/huge.pdf"
refused 'no room at the edge' 'page 1' canceled "$WORK/edge.pdf"
refused 'ink in the way' 'page 1' canceled "$WORK/covered.pdf"
refused 'a third page of four copies' 'page [25].*colour' canceled \
	"$WORK/unknown.pdf" -n 4
refused 'no marks' '[Mm]ark' canceled "$WORK/none.pdf" -o PostageMissing=refuse
refused 'an unknown sheet' 'sheet|Avery' canceled "$WORK/none.pdf" \
	-o 'PostageSheet=Custom.Avery 51600' -o PostageAmount=Custom.0.78
prints 'no marks, allowed' Postage '' "$WORK/none.pdf" -o PostageMissing=print

# funds: all of the job or nothing, then on after a refill
refused 'three of 0.78 from 2.00' '0\.34.*refill|refill.*0\.34' \
	'pending-held processing-stopped' "$WORK/three.pdf"
# cupsd shows it in the events of the job; on hold it says job-hold-until
check 'the job was held for account-limit-reached' sh -c \
	"grep -F '[Job $job] ' '$WORK/log/error_log' |
	grep -q 'job-state-reasons=.*account-limit-reached'"
held=$job
prints 'what is affordable prints' Postage 780 "$WORK/good.pdf"
check 'refill' as_postage "$WORK/bin/postage" vault refill 10.00
refilled=10000
lp -i "$held" -H resume
arrives 'the held job after the refill' "$held" '780 780 780'

# limits and users: the daemon reads its file when that has changed
limits() {
	conf_write
}

limits <<-'EOT'
[limits]
stamp = 1.00
job = 2.00
EOT
document plain.pdf '[[postage 1.01]]' >"$WORK/over.pdf"
refused 'over the limit of a stamp' '1\.00' 'pending-held processing-stopped' \
	"$WORK/over.pdf"
cancel "$job"
refused 'over the limit of a job' '2\.00' 'pending-held processing-stopped' \
	"$WORK/three.pdf"
cancel "$job"
limits <<-'EOT'
[limits]
user-day = 0.80
EOT
refused 'over the limit of a user and day' '0\.80' \
	'pending-held processing-stopped' "$WORK/three.pdf"
cancel "$job"
limits <<-'EOT'
[limits]
users = nobody-at-all
EOT
refused 'a user who may not' 'not allowed|may not' \
	'pending-held processing-stopped' "$WORK/good.pdf"
cancel "$job"
limits </dev/null
prints 'without limits' Postage 780 "$WORK/good.pdf"

# without the daemon a job waits for it
vaultd_stop
refused_runs=$(sink_runs)
waiting=$(submit -d Postage "$WORK/good.pdf")
sleep 3
check_is 'no daemon: nothing printed' "$(sink_runs)" "$refused_runs"
vaultd_start
check 'when the daemon is back: it goes on by itself' \
	wait_state "$waiting" completed 60
arrives 'when the daemon is back' "$waiting" 780
check 'registers, journal and paper agree' books_balance
done_testing
