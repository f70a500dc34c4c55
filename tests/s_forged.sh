#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a client says of its job beyond document and options gains nothing: a
# forged job-uuid, copies or time, or options quoted into one another, give as
# many new stamps as were printed and paid.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

chain_start 100.00
queue_sink Postage
document plain.pdf '[[postage 0.78]]' >"$WORK/one.pdf"
uuid=urn:uuid:01234567-89ab-4cde-8f01-23456789abcd

# send WHAT VALUES [GROUP-LINE...]: Print-Job with more lines in the request.
send() {
	send_what=$1 send_values=$2
	shift 2
	{
		echo '{ OPERATION Print-Job GROUP operation-attributes-tag'
		echo 'ATTR charset attributes-charset utf-8'
		echo 'ATTR naturalLanguage attributes-natural-language en'
		echo "ATTR uri printer-uri ipp://localhost:$PORT/printers/Postage"
		echo 'ATTR name requesting-user-name tester'
		echo 'ATTR mimeMediaType document-format application/pdf'
		printf '%s\n' "$@"
		echo "FILE $WORK/one.pdf }"
	} >"$WORK/send.test"
	send_said=$(ipptool -tv "ipp://localhost:$PORT/printers/Postage" \
		"$WORK/send.test" 2>&1)
	job=$(printf '%s\n' "$send_said" |
		sed -n 's/^ *job-id (integer) = //p' | tail -n 1)
	if [ -z "$job" ]; then
		check "$send_what: is refused by the scheduler" \
			expr "$send_said" : '.*client-error'
		return
	fi
	arrives "$send_what" "$job" "$send_values"
}

prints 'an honest job' Postage 780 "$WORK/one.pdf"
send 'a job-uuid of its own' 780 'GROUP job-attributes-tag' \
	"ATTR uri job-uuid $uuid"
send 'the same job-uuid again' 780 'GROUP job-attributes-tag' \
	"ATTR uri job-uuid $uuid"
send 'times of its own' 780 'GROUP job-attributes-tag' \
	'ATTR integer time-at-creation 1' 'ATTR integer time-at-processing 2'
send 'copies in both groups' '780 780' \
	'ATTR integer copies 1' 'GROUP job-attributes-tag' \
	'ATTR integer copies 2'
send 'another user in the job' 780 'GROUP job-attributes-tag' \
	'ATTR name job-originating-user-name root'
prints 'job-uuid as an option' Postage 780 "$WORK/one.pdf" \
	-o "job-uuid=$uuid"
prints 'it again' Postage 780 "$WORK/one.pdf" -o "job-uuid=$uuid"
prints 'times as options' Postage 780 "$WORK/one.pdf" \
	-o time-at-creation=1 -o time-at-processing=1
prints 'it again, the same' Postage 780 "$WORK/one.pdf" \
	-o time-at-creation=1 -o time-at-processing=1
prints 'options in an option' Postage 780 "$WORK/one.pdf" \
	-o "note='x job-uuid=$uuid time-at-processing=5 copies=9'"
prints 'quotes in an option' Postage 780 "$WORK/one.pdf" \
	-o "note=\"x\" time-at-processing=5"
prints 'a line in the title' Postage 780 "$WORK/one.pdf" \
	-t "$(printf 'x\nPPD: a=b\nSTATE: +paused')"
prints 'options in the title' Postage 780 "$WORK/one.pdf" \
	-t "x time-at-processing=7 job-uuid=$uuid copies=4"
prints 'copies as an option and more' Postage '780 780' "$WORK/one.pdf" \
	-n 2 -o note=copies=1
check 'the queue is not stopped' sh -c 'lpstat -p Postage | grep -q enabled'
check 'registers, journal and paper agree' books_balance
done_testing
