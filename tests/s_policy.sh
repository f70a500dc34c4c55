#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an administrator decides holds through scheduler and daemon: totals that
# are confirmed or approved, cost codes, groups, surcharges, dates.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/chain.sh
. "$srcdir/tests/chain.sh"

chain_start 100.00
queue_sink Postage
held='pending-held processing-stopped'

# rules: another postage.conf, from standard input
rules() {
	vaultd_stop
	conf_write
	vaultd_start
}

plain() {
	document plain.pdf "$@" >"$WORK/plain.pdf"
}

stamp_field() { # JOB FIELD: of its only stamp in the journal
	as_postage "$WORK/bin/postage" --json journal show "Postage-$1" |
		jq -r ".stamps[0].$2"
}

# --- a word before it is printed -----------------------------------------------
rules <<-'EOT'
[limits]
confirm = 2.00
approve = 5.00
EOT
plain '[[postage 0.78]]' '[[postage 0.78]]' '[[postage 0.78]]'
refused 'a total to be confirmed' 'total is 2\.34.*PostageConfirm=2\.34' \
	"$held" "$WORK/plain.pdf"
lp -i "$job" -o PostageConfirm=2.30 -H resume
check 'a wrong total is seen' until_true 20 says "$job" \
	'2\.30.*, and the total is 2\.34'
check 'and the job is held again' wait_state "$job" "$held"
lp -i "$job" -o PostageConfirm=2.34 -H resume
arrives 'the right total' "$job" '780 780 780'
refused 'a small total that is another' '0\.70.*total is 0\.78' "$held" \
	"$WORK/plain.pdf" -P 1 -o PostageConfirm=Custom.0.70
cancel "$job"
refused 'a total to be approved' \
	'total is 6\.24.*postage confirm Postage-[0-9]+ 6\.24' "$held" \
	"$WORK/plain.pdf" -P 1-2 -n 4 -o PostageConfirm=6.24 -U anna
check_fails 'another total is not approved' postage confirm "Postage-$job" 7.00
check 'the right one is' postage confirm "Postage-$job" 6.24
arrives 'approved' "$job" '780 780 780 780 780 780 780 780'
check 'who approved it is kept' sh -c \
	"'$WORK/bin/postage' --config '$WORK/etc/postage.conf' journal log |
	grep confirm | grep -q 'total 6.24 of user anna'"

# --- cost codes and groups --------------------------------------------------------
printf 'sales\tSales\nboard\tThe board\tanna\n' >"$WORK/etc/costs"
rules <<-EOT
cost-codes = $WORK/etc/costs
cost-required = yes
[limits]
users = @office
[group office]
members = anna bert
day = 10.00
EOT
plain '[[postage class=letter]]'
refused 'no cost code' 'wants a cost code' canceled "$WORK/plain.pdf" -U anna
refused 'an unknown cost code' 'page 1.*slaes.*one of sales' canceled \
	"$WORK/plain.pdf" -U anna -o PostageCost=slaes
refused "another's cost code" 'may not use cost code board' "$held" \
	"$WORK/plain.pdf" -U bert -o PostageCost=board
cancel "$job"
refused 'a user of no group' 'carl may not print' "$held" "$WORK/plain.pdf" \
	-U carl -o PostageCost=sales
cancel "$job"
prints 'a cost code' Postage 740 "$WORK/plain.pdf" -U anna -o PostageCost=board
check_is 'it is in the journal' "$(stamp_field "$job" cost)" board
refused "a group's day" 'group office: the limit of a day is 10\.00, 6\.98' \
	"$held" "$WORK/plain.pdf" -U bert -n 6 -o PostageCost=sales
cancel "$job"

# --- price and dates ------------------------------------------------------------------
rules <<-'EOT'
mailby-days = 2
mailby-days letter = 0
days-ahead = 5
[limits]
classes = letter postcard certified receipt
redates = 1
EOT
plain '[[postage class=letter extra=certified]]'
prints 'a surcharge' Postage 6040 "$WORK/plain.pdf"
check_is 'kept apart' "$(stamp_field "$job" surcharge)" 5.30
plain '[[postage class=letter]]'
prints 'two surcharges of the dialog' Postage 10440 "$WORK/plain.pdf" -o \
	PostageExtra=Custom.receipt,certified
check_is 'both kept' "$(stamp_field "$job" surcharges)" \
	'receipt 4.40, certified 5.30'
plain '[[postage]]'
refused 'a class of another queue' 'prints no postage of .*intl-letter' canceled \
	"$WORK/plain.pdf" -o PostageClass=intl-letter
plain '[[postage class=letter date=+6]]'
refused 'too far ahead' 'more than 5 days ahead' canceled "$WORK/plain.pdf"
plain '[[postage kind=redate date=+2]]'
prints 'a date correction' Postage 0 "$WORK/plain.pdf"
check_is 'of the day after tomorrow' "$(values date)" "$(date -d '2 days' +%Y%m%d)"
check 'the verifier says what it is' sh -c \
	"grep -q correction '$WORK/verify.json'"
refused 'one too many' 'limit of date corrections is 1 a day' "$held" \
	"$WORK/plain.pdf"
cancel "$job"

# --- new prices -----------------------------------------------------------------------
tomorrow=$(date -d tomorrow +%Y-%m-%d)
printf '%s\t90\t%s\t-\t%s\tFCLM\tLetter\n' "$tomorrow" letter 0.99 \
	"$tomorrow" postcard 0.61 >"$WORK/new.tsv"
rules </dev/null
check 'a new table is compared' sh -c \
	"'$WORK/bin/postage' --config '$WORK/etc/postage.conf' --json rates diff \
	'$WORK/new.tsv' | jq -e '.changes[] | select(.class == \"letter\" and
	.before == \"\" and .after == \"0.99\")'"
table=$(postage --json rates import "$WORK/new.tsv" | jq -r .table)
check 'it changes nothing yet' cmp "$WORK/etc/usps.tsv" "$srcdir/rates/usps.tsv"
check 'it is approved' postage rates approve "$table"
check_is 'tomorrow has its price' "$(postage --json rates price letter \
	--date "$tomorrow" | jq -r .total)" 0.99
check_fails 'a list in force is not changed' sh -c \
	"sed 's/0.74/0.10/' '$srcdir/rates/usps.tsv' >'$WORK/bad.tsv';
	'$WORK/bin/postage' --config '$WORK/etc/postage.conf' rates import \
	'$WORK/bad.tsv'"
plain '[[postage class=letter date=+1]]' '[[postage class=letter]]'
prints 'each at the price of its day' Postage '740 990' "$WORK/plain.pdf"
plain '[[postage 0.74 date=+1]]'
refused 'an amount behind the change' "prices change on $tomorrow" canceled \
	"$WORK/plain.pdf"
printf '%s\t91\tletter\t-\t1.01\tFCLM\tLetter\n' \
	"$(date -d '+9 days' +%Y-%m-%d)" >"$WORK/newer.tsv"
rules <<-'EOT'
rates-persons = 2
EOT
# conf_write has put the old table back: it is not one that two agreed on
daemon=$(id -u daemon)
by_daemon() {
	env SUDO_UID="$daemon" "$WORK/bin/postage" \
		--config "$WORK/etc/postage.conf" "$@"
}
# as_login UID COMMAND...: with a login uid that anybody without one can claim.
as_login() {
	sh -c 'echo "$0" >/proc/self/loginuid && exec "$@"' "$@"
}
table=$(by_daemon --json rates import "$WORK/newer.tsv" | jq -r .table)
check_fails 'who entered it does not approve it' by_daemon rates approve "$table"
check_fails 'nor does root, who may be the same' postage rates approve "$table"
if [ "$(cat /proc/self/loginuid 2>/dev/null)" = 4294967295 ] &&
	as_login "$(id -u bin)" true 2>/dev/null; then
	claims() {
		! as_login "$(id -u bin)" env SUDO_UID="$daemon" \
			"$WORK/bin/postage" --config "$WORK/etc/postage.conf" \
			rates approve "$table" 2>"$WORK/said" &&
			cat "$WORK/said" && grep -q \
			'bin/daemon as root may be the same' "$WORK/said"
	}
	check 'nor he with a login that he claimed' claims
fi
check 'another does' env SUDO_UID="$(id -u games)" "$WORK/bin/postage" \
	--config "$WORK/etc/postage.conf" rates approve "$table"
plain '[[postage class=letter]]'
prints 'by a table of two persons' Postage 740 "$WORK/plain.pdf"

# --- low funds ----------------------------------------------------------------------------
rules <<-EOT
[daemon]
alarm = /usr/bin/tee $WORK/run/told
[limits]
low = $(($(register descending) / 1000)).00
EOT
prints 'down to the alarm' Postage 740 "$WORK/plain.pdf"
check 'a person is told' until_true 10 grep -q 'Postage is low' "$WORK/run/told"
check 'so is the log' grep -q 'Postage is low' "$WORK/log/vaultd.out"
reasons() {
	printer_attribute Postage printer-state-reasons
}
check 'the printer says it' sh -c "echo '$(reasons)' |
	grep marker-supply-low-warning | grep postage-funds-low-warning"
check 'refill' as_postage "$WORK/bin/postage" vault refill 10.00
refilled=10000
prints 'after the refill' Postage 740 "$WORK/plain.pdf"
check_is 'the printer is content' "$(reasons)" none
check_is 'and nearly full' "$(printer_attribute Postage marker-levels)" 99

# --- a group's month that is nearly used up ---------------------------------------------
rules <<-EOT
[daemon]
alarm = /usr/bin/tee $WORK/run/told
[limits]
low = 0
[group office]
members = anna
month = 50.00
low = 50.00
EOT
prints 'of the budget' Postage 740 "$WORK/plain.pdf" -U anna
check 'a person is told' until_true 10 grep -q \
	'month of group office is nearly used up' "$WORK/run/told"
check 'so is the log' grep -q 'month of group office' "$WORK/log/vaultd.out"
check_is 'the printer says it' "$(reasons)" postage-budget-low-warning
rules </dev/null
prints 'without an alarm' Postage 740 "$WORK/plain.pdf" -U anna
check_is 'the printer is content again' "$(reasons)" none

# --- sizes ---------------------------------------------------------------------------------
rules <<-'EOT'
[queue Postage]
sizes = label envelope
EOT
plain '[[postage class=letter]]' '[[postage class=letter size=small]]'
refused 'a size that the queue does not print' \
	'page 2, mark 1.*no stamps of size small, only label, envelope' \
	canceled "$WORK/plain.pdf"
prints 'another one' Postage 740 "$WORK/plain.pdf" -P 1

check 'registers, journal and paper agree' books_balance
done_testing
