#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Printers' real drivers in postage queues: the stamps in what each sends to its
# printer, read back from the printer's own language; and the queue is still a
# printer: its options are all there, and a document without a mark leaves as it
# does from the printer's own queue.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"
require ppdc lpoptions cupstestppd
chain_start 500.00
CUPS_SERVERROOT=$WORK/cups
export CUPS_SERVERROOT

# One driver a row:
#	name, filter, where its PPD comes from, page size in points,
#	two settings, what is compared (bytes; pixels where the driver writes
#	dates or names of jobs into its stream), sheet of labels or "-"
# Those after "long" are for POSTAGE_LONG=1; $ONLY: those with these words.
drivers() {
	cat <<-'EOF'
	deskjet rastertohp drv:sample:deskjet 612x792 PageSize=Letter,Resolution=300dpi,ColorModel=Gray PageSize=Letter,Resolution=600dpi,ColorModel=CMYK bytes sheet
	zebra-zpl rastertolabel drv:sample:zebra 288x432 PageSize=w288h432 PageSize=w288h432,Darkness=5,zeMediaTracking=Continuous bytes -
	dymo raster2dymolw driver:dymo:dymo:0/cups/model/lw450.ppd 167x288 PageSize=w167h288,DymoHalftoning=ErrorDiffusion PageSize=w167h288,DymoPrintQuality=Graphics bytes -
	brother-ql rastertoptch driver:ptouch:ptouch:0/ppd/ptouch-driver/Brother-QL-570-ptouch-ql.ppd 175.7x283.5 PageSize=62x100mm PageSize=62x100mm,PrintQuality=Fast bytes -
	brlaser rastertobrlaser drv:brlaser:br2270dw 612x792 PageSize=Letter,Resolution=300dpi PageSize=Letter,Resolution=600dpi,Duplex=DuplexNoTumble pixels sheet
	hpcups hpcups drv:hpcups:hp-laserjet_1200-pcl3 612x792 PageSize=Letter,OutputMode=Normal PageSize=Letter,OutputMode=Draft pixels sheet
	gutenprint rastertogutenprint.5.3 driver:gutenprint.5.3:gutenprint.5.3://escp2-c88/expert 612x792 PageSize=Letter,Resolution=360dpi,ColorModel=Gray PageSize=Letter,Resolution=361x360dpi,StpQuality=Standard pixels -
	pcl-xl gstopxl file:cupsfilters/pxlmono.ppd 612x792 PageSize=Letter,Resolution=600dpi PageSize=Letter,Resolution=300dpi,Duplex=DuplexNoTumble pixels sheet
	postscript - driver:openprinting-ppds:openprinting-ppds:0/ppd/openprinting/Brother/BR5150_2_GPL.ppd 612x792 PageSize=Letter,Resolution=600dpi PageSize=Letter,Duplex=DuplexNoTumble pixels sheet
	foomatic-pxl foomatic-rip driver:openprinting-ppds:openprinting-ppds:0/ppd/openprinting/Ricoh/PXL/Ricoh-SP_212w_PXL.ppd 612x792 PageSize=Letter,Resolution=600dpi PageSize=Letter,Duplex=DuplexNoTumble pixels sheet
	long
	laserjet rastertohp drv:sample:laserjet 612x792 PageSize=Letter,Resolution=300dpi PageSize=Letter,Resolution=600dpi,Duplex=DuplexNoTumble bytes -
	zebra-epl2 rastertolabel drv:sample:zebraep2 288x432 PageSize=w288h432 PageSize=w288h432,Darkness=5 bytes -
	pdf - file:cupsfilters/Ricoh-PDF_Printer-PDF.ppd 612x792 PageSize=Letter PageSize=Letter,Duplex=DuplexNoTumble pixels -
	hpps hpps driver:postscript-hp:0/ppd/hplip/HP/hp-laserjet_m1530_mfp_series-ps.ppd 612x792 PageSize=Letter PageSize=Letter,Duplex=DuplexNoTumble pixels sheet
	foomatic-ps foomatic-rip driver:openprinting-ppds:openprinting-ppds:0/ppd/openprinting/Infotec/PS/Infotec-IS_2015_PS.ppd 612x792 PageSize=Letter PageSize=Letter,Duplex=DuplexNoTumble pixels sheet
	zebra-epl1 rastertolabel drv:sample:zebraep1 288x432 PageSize=w288h432 PageSize=w288h432,Darkness=5 bytes -
	zebra-cpcl rastertolabel drv:sample:zebracpl 288x432 PageSize=w288h432 PageSize=w288h432,Darkness=5 bytes -
	dymo-cups rastertolabel drv:sample:dymo 162x288 PageSize=w162h288 PageSize=w162h288,Resolution=203dpi bytes -
	intellitech rastertolabel drv:sample:intelbar 288x432 PageSize=w288h432 PageSize=w288h432,Resolution=300dpi bytes -
	designjet rastertopclx drv:cupsfilters:dsgnjt4000pcl 612x792 PageSize=Letter,Resolution=300dpi PageSize=Letter,Resolution=600dpi pixels sheet
	escp rastertoepson drv:sample:epson24 612x792 PageSize=Letter,Resolution=180dpi PageSize=Letter,Resolution=180dpi,InputSlot=Manual bytes -
	EOF
}

# ppd_of SOURCE: the PPD as its package gives it to CUPS.
ppd_of() {
	case $1 in
	drv:*)
		ppd_drv=${1#drv:}
		ppd_name=${ppd_drv#*:}
		ppd_drv=${ppd_drv%%:*}
		mkdir -p "$WORK/drv"
		[ -d "$WORK/drv/$ppd_drv" ] || ppdc -d "$WORK/drv/$ppd_drv" \
			"/usr/share/cups/drv/$ppd_drv.drv" >/dev/null 2>&1
		cat "$WORK/drv/$ppd_drv/$ppd_name.ppd"
		;;
	driver:*)
		ppd_name=${1#driver:}
		"$SERVERBIN/driver/${ppd_name%%:*}" cat "${ppd_name#*:}"
		;;
	file:*) cat "/usr/share/ppd/${1#file:}" ;;
	esac
}

# page WIDTHxHEIGHT MARK...: pages of this size in PDF, with a mark each.
page() {
	page_w=${1%x*} page_h=${1#*x}
	shift
	for page_mark; do
		cat <<-EOF
		<</PageSize [$page_w $page_h]>> setpagedevice
		/Helvetica findfont 9 scalefont setfont
		30 $page_h 45 sub moveto ($page_mark) show
		/Times-Roman findfont 14 scalefont setfont
		30 60 moveto (To: the reader) show
		0.5 setgray 30 30 80 15 rectfill showpage
		EOF
	done | gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -sOutputFile=- -
}

# settings A=B,C=D: -o A=B -o C=D
settings() {
	printf '%s' "$1" | sed 's/,/ -o /g; s/^/-o /'
}

# small WIDTHxHEIGHT: labels below 200 points take a small stamp.
small() {
	[ "${1%%[.x]*}" -ge 200 ] ||
		echo '-o PostageSize=small -o PostageSymbol=QR'
}

# --- all queues, all jobs ------------------------------------------------------
# They print side by side; N.data of a queue's sink is its N-th job.
drivers | grep "${ONLY:-.}" | sed -n "$([ -n "${POSTAGE_LONG:-}" ] && echo '/^long/!p' ||
	echo '/^long/q; p')" >"$WORK/rows"
: >"$WORK/jobs"
while read -r name filter source size one two how sheet; do
	[ "$filter" = - ] || [ -x "$SERVERBIN/filter/$filter" ] ||
		skip "the driver $filter is not installed"
	ppd_of "$source" >"$WORK/$name.ppd"
	mkdir -p "$WORK/sink/$name" "$WORK/sink/$name.own"
	chmod 777 "$WORK/sink/$name" "$WORK/sink/$name.own"
	queue_raw "$name.own" "sink:$WORK/sink/$name.own" "$WORK/$name.ppd" \
		>/dev/null
	allow=
	! grep -q '^\*cupsFilter.*foomatic-rip' "$WORK/$name.ppd" || {
		allow=--allow-foomatic
		check_fails "$name: not without leave" \
			postage queue ppd "$WORK/$name.ppd"
	}
	# shellcheck disable=SC2086 # empty or one
	check "$name: a postage queue" postage queue add "$name" $allow \
		--printer "sink:$WORK/sink/$name" --ppd "$WORK/$name.ppd"
	check "$name: its PPD has no faults of ours" good_ppd \
		"$WORK/cups/ppd/$name.ppd" "$WORK/$name.ppd"
	[ -f "$WORK/doc-$size" ] || {
		page "$size" 'no mark' 'none here' >"$WORK/plain-$size"
		page "$size" '[[postage 0.78]]' '[[postage 1.36]]' \
			>"$WORK/doc-$size"
	}
	[ -f "$WORK/blank" ] || page 612x792 ' ' >"$WORK/blank"
	for queue in "$name.own" "$name"; do
		# shellcheck disable=SC2046
		for set in "$one" "$two"; do
			submit -d "$queue" -t plain $(settings "$set") \
				"$WORK/plain-$size"
		done
	done >>"$WORK/jobs"
	# shellcheck disable=SC2046
	submit -d "$name" -t letter $(settings "$one") $(small "$size") \
		"$WORK/doc-$size" >>"$WORK/jobs"
	[ "$sheet" = - ] || submit -d "$name" -t sheet -o PageSize=Letter \
		-o PostageSheet=Avery-5160 -o PostageCount=4 \
		-o PostageAmount=0.78 "$WORK/blank" >>"$WORK/jobs"
done <"$WORK/rows"

# Our own PPDs, for printers without a driver.
generic='zpl:288x432 epl1:288x432 epl2:288x432 dymo:167x288 pcl:612x792
pclxl:612x792 pdfprinter:612x792 ps:612x792'
[ -z "${ONLY:-}" ] || generic=
for name in $generic; do
	size=${name#*:} name=${name%:*}
	mkdir -p "$WORK/sink/our-$name"
	chmod 777 "$WORK/sink/our-$name"
	queue_raw "our-$name" "postage:/sink:$WORK/sink/our-$name" \
		"$builddir/ppd/postage-$name.ppd" >/dev/null
	# shellcheck disable=SC2046
	submit -d "our-$name" $(small "$size") "$WORK/doc-$size" >>"$WORK/jobs"
done

# --- what came out ---------------------------------------------------------------
# options_of QUEUE: names and choices, those of the postage apart, and those by
# which a printer would make copies or put two pages with stamps on one.
options_of() {
	lpoptions -p "$1" -l | sed 's/ \*/ /g' | grep -vE '^(Postage|N-up|Nup|Collate)'
}

same_options() {
	options_of "$1.own" >"$WORK/options.own"
	options_of "$1" | diff "$WORK/options.own" - && [ -s "$WORK/options.own" ]
}

# same_paper HOW QUEUE N: the N-th job of both queues.
same_paper() {
	if [ "$1" = bytes ]; then
		cmp "$WORK/sink/$2.own/$3.data" "$WORK/sink/$2/$3.data"
		return
	fi
	rm -rf "$WORK/own" "$WORK/ours"
	mkdir "$WORK/own" "$WORK/ours"
	PAGES_DPI=150 pages_of "$WORK/sink/$2.own/$3.data" "$WORK/own/p" pgm || return
	PAGES_DPI=150 pages_of "$WORK/sink/$2/$3.data" "$WORK/ours/p" pgm || return
	[ -f "$WORK/own/p-1.pgm" ] && diff -r "$WORK/own" "$WORK/ours"
}

# stamped NAME N VALUES
stamped() {
	check "$1: two decoders agree" read_stamps "$WORK/sink/$1/$2.data"
	check_is "$1: count and values" "$(values)" "$3"
	check "$1: each verifies" verified
	[ -z "$keep" ] || cp -r "$WORK/pages" "$WORK/pages-$1-$2"
}

while read -r job; do
	wait_job "$job" 60 >/dev/null
	job_in_state "$job" completed ||
		say "job $job: $(job_state "$job"): $(job_message "$job")"
done <"$WORK/jobs"
while read -r name filter source size one two how sheet; do
	check "$name: the printer's own options" same_options "$name"
	check "$name: without a mark as from its own queue" \
		same_paper "$how" "$name" 1
	check "$name: and with $two" same_paper "$how" "$name" 2
	stamped "$name" 3 '780 1360'
	[ "$sheet" = - ] || stamped "$name" 4 '780 780 780 780'
done <"$WORK/rows"
for name in $generic; do
	stamped "our-${name%:*}" 1 '780 1360'
done
check 'no stamp twice' all_distinct
check 'registers' books_balance
done_testing
