#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# postage queue: PPDs of real drivers become postage PPDs; queues are added
# around installed ones, driverless printers and cups-pdf, listed and removed;
# a device URI's password is seen nowhere.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck disable=SC2119
scheduler_setup
require ppdc cupstestppd curl
cp -r "$builddir/ppd" "$WORK/ourppd"

# --- every PPD that CUPS and cups-filters bring -------------------------------
for drv in /usr/share/cups/drv/*.drv; do
	ppdc -d "$WORK/ppds" "$drv" >/dev/null 2>&1
done
find /usr/share/ppd -name '*.ppd' -exec cp {} "$WORK/ppds/" \; 2>/dev/null

# Every PPD either becomes a good one or is refused with a reason: of the 800 of one
# maker each tenth, with $POSTAGE_LONG all.
wrap_all() {
	wrap_made=0
	wrap_bad=0
	wrap_step=${POSTAGE_LONG:+1} # warnings: of each tenth
	wrap_step=${wrap_step:-10}
	for ppd in $(find "$WORK/ppds" -name '*.ppd' | sort |
		awk -v step="$wrap_step" '!/\/hp-/ || hp++ % step == 0')
	do
		if ! "$WORK/bin/postage" queue ppd "$ppd" >"$WORK/one.ppd" \
			2>"$WORK/one.err"; then
			grep -q 'no stamps can be put before it' \
				"$WORK/one.err" || {
				echo "$ppd: $(cat "$WORK/one.err")"
				wrap_bad=$((wrap_bad + 1))
			}
			continue
		fi
		wrap_made=$((wrap_made + 1))
		"$WORK/bin/postage" queue ppd "$WORK/one.ppd" |
			cmp - "$WORK/one.ppd" || {
			echo "$ppd: comes out otherwise the second time"
			wrap_bad=$((wrap_bad + 1))
		}
		# A fault of the printer's own PPD is not ours.
		if [ $((wrap_made % wrap_step)) = 0 ]; then
			good_ppd "$WORK/one.ppd" "$ppd"
		else
			cupstestppd -q -W none -I filters "$WORK/one.ppd" ||
				! cupstestppd -q -W none -I filters "$ppd"
		fi || {
			echo "$ppd"
			wrap_bad=$((wrap_bad + 1))
		}
		case $(grep '^\*cupsFilter' "$WORK/one.ppd" |
			grep -v '"application/vnd.cups-command ') in
		*cupsFilter*cupsFilter*)
			echo "$ppd: a way round the gate"
			wrap_bad=$((wrap_bad + 1))
			;;
		*'"application/vnd.cups-postage-'*) ;;
		*)
			echo "$ppd: no gate"
			wrap_bad=$((wrap_bad + 1))
			;;
		esac
	done
	echo "$wrap_made PPDs made, $wrap_bad bad"
	[ "$wrap_bad" = 0 ] && [ "$wrap_made" -gt 10 ]
}
check 'PPDs of every driver here' wrap_all
for ppd in "$builddir"/ppd/postage-*.ppd; do
	check "${ppd##*/} is a good PPD" good_ppd "$ppd"
done

# --- queues ---------------------------------------------------------------------
sed -i "s/^WebInterface Off/WebInterface On/" "$WORK/cups/cupsd.conf"
scheduler_start
queue_raw Label "socket://me:s3cret@localhost:9100/?waiteof=false" \
	"$WORK/ppds/zebra.ppd" >/dev/null
# The scheduler writes printers.conf when it has time.
scheduler_stop
scheduler_start
CUPS_SERVERROOT=$WORK/cups
export CUPS_SERVERROOT

check 'a queue around a label printer' \
	postage queue add Stamps --printer Label --info 'Postage Printer'
check 'it is listed' sh -c "POSTAGE_CONF='$WORK/etc/postage.conf' \
	'$WORK/bin/postage' queue list | grep -q '^Stamps .*socket://localhost:9100'"
check_is 'it is not shared' "$(printer_attribute Stamps printer-is-shared)" \
	false
check_is 'no banners' "$(printer_attribute Stamps job-sheets-default)" none,none
check 'the driver behind the gate' grep -q \
	'^\*cupsFilter: "application/vnd.cups-postage-raster 0 postagedriver"' \
	"$WORK/cups/ppd/Stamps.ppd"
check 'its own options' grep -q '^\*OpenUI \*zePrintRate' \
	"$WORK/cups/ppd/Stamps.ppd"
check_is 'the password is in the file of root' \
	"$(cat "$WORK/etc/devices/Stamps")" \
	'socket://me:s3cret@localhost:9100/?waiteof=false'
check_is 'and only root reads it' \
	"$(stat -c %a:%u "$WORK/etc/devices/Stamps")" 600:0
scheduler_stop
check_is 'not in the new queue' "$(sed -n '/Printer Stamps>/,/<\/Pr/p' \
	"$WORK/cups/printers.conf" | grep -c s3cret)" 0
check_is 'error policy in the scheduler' "$(sed -n \
	'/Printer Stamps>/,/<\/Pr/s/^ErrorPolicy //p' \
	"$WORK/cups/printers.conf")" abort-job
check_is 'operation policy in the scheduler' "$(sed -n \
	'/Printer Stamps>/,/<\/Pr/s/^OpPolicy //p' \
	"$WORK/cups/printers.conf")" postage
scheduler_start

check_fails 'a name twice' postage queue add Label --printer Label
check_fails 'a name twice, in other letters' postage queue add label \
	--printer Label
check_fails 'the name of a queue that does not stamp' postage queue add Label \
	--printer "sink:$WORK/sink" --ppd "$WORK/ppds/generpcl.ppd"
check_fails 'the name of a queue in other letters' postage queue add stamps \
	--printer Label
check_is 'the printer has its queue' "$(lpstat -v Label | grep -c postage:)" 0
check_fails 'no such queue' postage queue add X --printer Nobody
check_fails 'around itself' postage queue add Y --printer Stamps
check_fails 'a scheme we must not wrap' postage queue add Z \
	--printer beh:/1/2/3/socket://localhost
check_fails 'no PPD' postage queue add Z --printer socket://localhost
check 'a URI with a PPD' postage queue add Raw \
	--printer "sink:$WORK/sink" --ppd "$WORK/ppds/generpcl.ppd"
sed 's/^\(\*cupsPostageDriver: \).*/\1"\/bin\/sh"/' \
	"$builddir/ppd/postage-zpl.ppd" >"$WORK/shell.ppd"
refused_shell() {
	! postage queue add Shell --printer "sink:$WORK/sink" \
		--ppd "$WORK/shell.ppd" 2>"$WORK/said" &&
		cat "$WORK/said" &&
		grep -q 'list it in postage.conf' "$WORK/said"
}
check 'a PPD that says it is ours, with a shell, is refused' refused_shell
check 'a URI with one of our PPDs' postage queue add Pdf \
	--printer cups-pdf:/ --ppd "$builddir/ppd/postage-pdf.ppd"
check_is 'three queues' \
	"$(postage --json queue list | grep -c '"queue"')" 3

# --- the driver program -----------------------------------------------------------
models() {
	lpinfo -m >"$WORK/models" 2>/dev/null
	grep -q "$1" "$WORK/models" || {
		grep -i postage "$WORK/models"
		return 1
	}
}
check 'lpinfo lists a model around a queue' models \
	'^postage:around/Label Postage around Label: '
check_fails 'none around a postage queue' models 'around/Stamps'
check 'an administrator takes it' lpadmin -p Around \
	-v "postage:/sink:$WORK/sink" -m postage:around/Label -E
check 'it is the PPD that queue add makes' sh -c \
	"diff '$WORK/cups/ppd/Around.ppd' '$WORK/cups/ppd/Stamps.ppd'"
for uri in postage:around/Nobody postage:around/../x postage:other \
	postage:around/Stamps; do
	check_fails "not $uri" "$SERVERBIN/driver/postage" cat "$uri"
done
check 'as the printing user' setpriv --reuid=lp --regid=lp --clear-groups \
	"$SERVERBIN/driver/postage" cat postage:around/Label
lpadmin -x Around

# CUPS's own web pages: what the form sends, with the word from its page.
web_add() {
	curl -sS -b "$WORK/jar" -c "$WORK/jar" "http://localhost:$PORT/admin" |
		sed -n 's/.*org.cups.sid" VALUE="\([^"]*\)".*/\1/p' |
		head -n 1 >"$WORK/sid"
	curl -sS -b "$WORK/jar" -c "$WORK/jar" \
		-F "org.cups.sid=$(cat "$WORK/sid")" -F OP=add-printer \
		-F PRINTER_NAME=Web -F PRINTER_INFO=Web -F PRINTER_LOCATION=Here \
		-F "DEVICE_URI=postage:/sink:$WORK/sink" \
		-F PPD_NAME=postage:around/Label \
		"http://localhost:$PORT/admin" >"$WORK/web.html"
	until_true 5 lpstat -v Web || {
		sed 's/<[^>]*>//g' "$WORK/web.html" | grep -v '^[[:space:]]*$'
		return 1
	}
	# The web page has its own mind about the paper of a country.
	for web_name in Web Stamps; do
		grep -v '^\*Default' "$WORK/cups/ppd/$web_name.ppd" \
			>"$WORK/$web_name.options"
	done
	diff "$WORK/Web.options" "$WORK/Stamps.options"
}
check 'so does one at the web page' web_add
lpadmin -x Web 2>/dev/null

# --- classes ------------------------------------------------------------------------
lpadmin -p Label -c Several
check_fails 'a class of printers' postage queue add Any --printer Several
cp "$WORK/check.out" "$WORK/class.out"
check 'in words that help' grep -q 'around each of its printers' \
	"$WORK/class.out"
lpadmin -x Several

# --- driverless ---------------------------------------------------------------------
ippeve_start
check 'a driverless printer' postage queue add Air --printer "$IPP_URI"
check 'gets its own format' grep -Eq \
	'^\*cupsFilter2: "application/vnd.cups-postage-(pwg|urf) image/' \
	"$WORK/cups/ppd/Air.ppd"
lpadmin -p Bare -v "$IPP_URI" -E
check 'a queue without a PPD: the printer is asked' \
	postage queue add Bare2 --printer Bare
offers() {
	lpoptions -p Bare2 -l >"$WORK/offers"
	grep -q '^PageSize.*A4' "$WORK/offers" &&
		grep -q '^MediaType.*Transparency' "$WORK/offers" &&
		grep -q '^InputSlot.*Manual' "$WORK/offers" &&
		grep -q '^OutputBin' "$WORK/offers" &&
		grep -q '^\*DefaultResolution: 600dpi' "$WORK/cups/ppd/Bare2.ppd"
}
check 'sizes, media, trays and resolution as it says' offers

check 'a queue is removed' postage queue remove Stamps
check_fails 'and its file' test -e "$WORK/etc/devices/Stamps"
check_fails 'no other queue is' postage queue remove Label
check 'the password is in no log' \
	sh -c "! grep -rl s3cret '$WORK/log' '$WORK/check.out'"

# --- the scheduler's policy -------------------------------------------------------
scheduler_stop
sed -i '/<Policy postage>/,/<\/Policy>/d' "$WORK/cups/cupsd.conf"
scheduler_start
check_fails 'without the policy' postage queue add More \
	--printer "sink:$WORK/sink" --ppd "$WORK/ppds/generpcl.ppd"
check 'it is added on demand' postage queue add More --add-policy \
	--printer "sink:$WORK/sink" --ppd "$WORK/ppds/generpcl.ppd"
check 'and stands in cupsd.conf' grep -q '^<Policy postage>' \
	"$WORK/cups/cupsd.conf"
done_testing
