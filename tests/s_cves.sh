#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holes that other printing programs had, tried on filter and backend by hand:
# the rows of the table in docs/SECURITY.md that no other test has.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
require gs
FILTER=$(built filter/pdftopostage)
BACKEND=$(built backend/postage)
work_setup
: >"$WORK/postage.conf"
pdf_text "$WORK/good.pdf" '[[postage 0.78]]'
bad=$(printf 'x\nPPD: cupsFilter2=a\rSTATE: +paused\n\033[2JATTR: a=b')

# filter USER TITLE OPTIONS
filter() {
	env PPD= TMPDIR="$WORK" POSTAGE_CONF="$WORK/postage.conf" \
		PRINTER="$bad" "$FILTER" 1 "$1" "$2" 1 "$3" "$WORK/good.pdf" \
		>"$WORK/out" 2>"$WORK/said"
}

# What was said is lines of ours, and none that the scheduler obeys.
tame() {
	cat "$WORK/said"
	! grep -Evq '^(ERROR|WARNING|INFO|DEBUG): ' "$WORK/said" &&
		! LC_ALL=C grep -q '[[:cntrl:]]' "$WORK/said"
}

# CVE-2026-34980: a line break in what the client chose
for option in "PostageAmount=$bad" "PostageSheet=$bad" "PostageSymbol=$bad" \
	"PostageCount=$bad" "PostageMissing=$bad" "media=$bad" "profile=$bad" \
	"job-uuid=$bad" "$bad"; do
	filter "$bad" "$bad" "$option"
	check "34980: said of ${option%%=*}" tame
done
# CVE-2026-34979: options larger than any buffer
long=$(head -c 120000 /dev/zero | tr '\0' x)
for option in "PostageAmount=$long" "PostageSheet=$long" "$long" \
	"a={$long"; do
	filter me t "$option"
	check '34979: options without end do not crash it' test $? -le 1
	check '34979: what is said of them' tame
done

# backend URI: its exit code, and what it said.
backend() {
	env DEVICE_URI="$1" POSTAGE_CONF="$WORK/postage.conf" PRINTER=Postage \
		CUPS_SERVERBIN="$WORK/serverbin" PPD= TMPDIR="$WORK" \
		"$BACKEND" 1 me t 1 '' "$WORK/good.pdf" >"$WORK/out" \
		2>"$WORK/said"
}
stops() {
	backend "$1"
	is $? 4 && tame && [ ! -e "$WORK/ran" ]
}

# CVE-2023-24805: a device URI that names a program elsewhere, or a command
mkdir -p "$WORK/serverbin/backend"
for name in socket beh x; do
	printf '#!/bin/sh\ntouch %s/ran\n' "$WORK" \
		>"$WORK/serverbin/backend/$name"
	chmod 755 "$WORK/serverbin/backend/$name"
done
backend postage:/socket://printer
check_is 'a good one comes as far as the daemon, which is not there' $? 6
for uri in "postage:/../../../../../../../../$WORK/serverbin/backend/x:y" \
	"postage:/$WORK/serverbin/backend/x:y" postage:/beh:/1/1/1/x:y \
	postage:/postage:/x:y postage:/file:/dev/null 'postage:/.x:y' \
	"postage:/x;touch $WORK/ran:y" "postage:/\$(touch $WORK/ran):y" \
	"postage:/x:y
PPD: a=b" 'postage:/' 'postage:/+socket://printer' ''; do
	check "24805: \"$(printf %s "$uri" | tr '\n' ' ')\" runs nothing" \
		stops "$uri"
done
# symbolic links where root looks
printf 'socket://root:word@printer\n' >"$WORK/secret"
chmod 600 "$WORK/secret"
mkdir "$WORK/devices"
ln -s "$WORK/secret" "$WORK/devices/Postage"
check '55480: a link in the place of the credentials' \
	stops postage:/+socket://printer
check_is 'nothing of it is said' "$(grep -c word "$WORK/said")" 0
done_testing
