#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The real filter before real drivers and backends: a driverless printer, a
# label printer on a socket, cups-pdf; stamps from the command line; doctor.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck disable=SC2119
scheduler_setup
require ppdc jq pdftoppm gs
built filter/pdftopostage >/dev/null || skip 'pdftopostage is not built'
vault_setup 100.00
vaultd_start
scheduler_start
CUPS_SERVERROOT=$WORK/cups
CUPS_SERVERBIN=$SERVERBIN
export CUPS_SERVERROOT CUPS_SERVERBIN

pieces() {
	as_postage "$WORK/bin/postage" --json vault status |
		jq '[.. | objects | .piece_count? // empty][0]'
}

# stamps_on FILE: how many different valid stamps are on what arrived.
stamps_on() {
	rm -f "$WORK"/seen-*
	pages_of "$1" "$WORK/seen" pgm >/dev/null
	for page in "$WORK"/seen-*.pgm; do
		POSTAGE_CONF=$WORK/etc/postage.conf \
			"$(built tools/postage-verify)" --json "$page"
	done 2>/dev/null | jq -rs '.[].files[].stamps[] |
		select(.verdict == "VALID-OFFLINE" or .verdict == "VALID") |
		.bytes' | sort -u | wc -l | tr -d ' '
}

job_of() {
	sed -n 's/^Job: *//p' "$1"
}

# --- driverless -------------------------------------------------------------------
ippeve_start image/pwg-raster,image/urf
check 'a queue around a driverless printer' \
	postage queue add Air --printer "$IPP_URI"
check_fails 'not a second time, over its jobs' \
	postage queue add Air --printer "$IPP_URI"
check 'it is still there' sh -c "lpstat -v Air | grep -q postage:"
pdf_text "$WORK/letter.pdf" '[[postage 0.78]]' --page '[[postage 0.78]]'
before=$(pieces)
job=$(submit -d Air -n 2 "$WORK/letter.pdf")
check 'two copies of two pages' wait_state "$job" completed 60
arrived=$(find "$WORK/ippeve" -type f ! -name "*.prn" | head -n 1)
check_is 'arrive as one document' \
	"$(find "$WORK/ippeve" -type f ! -name "*.prn" | wc -l | tr -d ' ')" 1
check_is 'in four pages' "$("$(built tests/rastertopng)" "$arrived" \
	"$WORK/air" | grep -c 'copies=[01]$')" 4
check_is 'with four stamps' "$(stamps_on "$arrived")" 4
check_is 'which are paid for' "$(($(pieces) - before))" 4
check_is 'the printer was asked for one copy' \
	"$(grep -cE '^ *copies \(integer\) [2-9]' "$WORK/log/ippeve.out")" 0

# --- cups-pdf ---------------------------------------------------------------------
cups_pdf_setup
check 'a queue around cups-pdf' postage queue add Pdf \
	--printer "$CUPS_PDF_URI" --ppd "$builddir/ppd/postage-pdf.ppd"
before=$(pieces)
job=$(submit -d Pdf -n 2 "$WORK/letter.pdf")
check 'a job for cups-pdf' wait_state "$job" completed 60
arrived=$(find "$WORK/pdf" -name '*.pdf' | head -n 1)
check_is 'gives four pages' "$(pdfinfo "$arrived" | sed -n 's/^Pages: *//p')" 4
check_is 'with four stamps' "$(stamps_on "$arrived")" 4
check_is 'which are paid for' "$(($(pieces) - before))" 4

# --- a label printer's own driver, on a socket ----------------------------------------
ppdc -d "$WORK/ppds" /usr/share/cups/drv/sample.drv >/dev/null 2>&1
socket_sink_start
check 'a queue around a laser printer' postage queue add Laser \
	--printer "socket://127.0.0.1:$SOCKET_PORT/" \
	--ppd "$WORK/ppds/laserjet.ppd"
before=$(pieces)
check 'a stamp from the command line' \
	postage print --queue Laser --amount 1.36 --count 2
check 'is a job' wait_state "$(job_of "$WORK/check.out")" completed 60
check 'that arrives' until_true 10 test -s "$WORK/socket/1.data"
check_is 'in the language of the printer' \
	"$(head -c 9 "$WORK/socket/1.data" | od -An -c | tr -d ' \n' | cut -c1-4)" \
	'033E'
check_is 'and is paid for' "$(($(pieces) - before))" 2

# --- labels ------------------------------------------------------------------------
before=$(pieces)
check 'a sheet of labels' postage print --queue Air --sheet 'Avery 5160' \
	--count 4 --amount 0.78 --size small
check 'is printed' wait_state "$(job_of "$WORK/check.out")" completed 60
check_is 'four stamps' "$(($(pieces) - before))" 4
arrived=$(find "$WORK/ippeve" -type f ! -name "*.prn" -newer "$WORK/socket/1.data" |
	sort | tail -n 1)
check_is 'on one page' "$(stamps_on "$arrived")" 4
check_fails 'a sheet nobody knows' postage print --queue Air \
	--sheet 'Nobody 1'
check_fails 'several queues, none named' postage print --amount 0.78

# --- doctor ------------------------------------------------------------------------
chmod 755 "$SERVERBIN/backend/postage"
check_fails 'doctor sees a backend that is not root' postage doctor
cp "$WORK/check.out" "$WORK/doctor.out"
check 'and says what to do' sh -c "grep -q 'chmod 0700' '$WORK/doctor.out'"
chmod 700 "$SERVERBIN/backend/postage"
check 'doctor is content' postage doctor
vaultd_stop
rm -f "$WORK/run/vaultd.sock"
check_fails 'doctor misses the daemon' postage doctor
check_is 'in words for scripts' "$(postage --json doctor |
	jq '[.checks[] | select(.result == "FAULT")] | length > 0')" true
done_testing
