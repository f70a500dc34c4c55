#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What people do with stamps that were paid, after real jobs: spoil them, take it
# back, ask for a refund that the PSD signs, get an answer and the value back.
# Registers, journal and the provider's folder must agree after each.
# tests/stampfilter stands in for pdftopostage.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
scheduler_setup
require jq pdftotext pdftoppm zbarimg gs sqlite3 openssl curl
stand_in_start
mkdir "$WORK/out"
chown postage "$WORK/out"
cd "$WORK/out" || exit 99

lab() {
	as_postage "$WORK/bin/postage" "$@"
}

# value JQ COMMAND...: a field of what a verb says.
value() {
	value_of=$1
	shift
	lab --json "$@" | jq -r "$value_of"
}

register() {
	value ".$1" vault status
}

# states JOB: of its stamps, in their order.
states() {
	value '[.stamps[].state] | join(" ")' journal show "$1"
}

sound() {
	check "$1: the books are right" lab journal check
}

says() {
	says_what=$1
	shift
	"$@" >"$WORK/said" 2>&1
	grep -qE "$says_what" "$WORK/said" || {
		cat "$WORK/said"
		return 1
	}
}

# --- spoil -----------------------------------------------------------------------
job=$(submit -d Q -o lab-stamps=5 "$WORK/a.pdf")
check 'five pages are printed' wait_state "$job" completed
check 'a reason is wanted' says 'Usage|usage' lab spoil "Q-$job"
check 'one page is spoiled' lab spoil "Q-$job" --page 2 --reason 'printed twice'
check_is 'that one alone' "$(states "Q-$job")" \
	'issued spoiled issued issued issued'
check 'not again' says 'spoiled already' \
	lab spoil "Q-$job" --page 2 --reason again
psd=$(value .psd vault status)
check 'one by its identity' lab spoil --id "$psd/2340" --reason 'torn "here"'
check 'and taken back' lab unspoil "Q-$job" --page 3
check_is 'as it was' "$(states "Q-$job")" 'issued spoiled issued issued issued'
check 'the whole job' lab spoil "Q-$job" --reason 'wrong paper'
check_is 'all of them' "$(states "Q-$job")" \
	'spoiled spoiled spoiled spoiled spoiled'
check_is 'each with its reason' "$(value \
	'[.stamps[].reason] | unique | join(", ")' journal show "Q-$job")" \
	'printed twice, wrong paper'
check_is 'and who said so' "$(value '[.events[].person] | unique | join(" ")' \
	journal log)" postage
check_is 'in the log' "$(value '[.events[].what] | join(" ")' journal log)" \
	'spoil spoil unspoil spoil spoil spoil spoil'
sound 'spoiled'

# A job that was paid for and never sent.
sink_plan take=0 code=3 once=1
held=$(submit -d Q -o lab-stamps=2 "$WORK/a.pdf")
check 'a job without a printer is held' wait_state "$held" pending-held
check 'a part of it cannot be spoiled' says 'spoil it whole' \
	lab spoil "Q-$held" --page 1 --reason no
check 'the whole can' lab spoil "Q-$held" --reason 'not wanted'
lp -i "$held" -H resume
check 'released it buys new stamps' wait_state "$held" completed
check_is 'the old ones are in no print' "$(grep -h '^stamp' \
	"$WORK"/sink/*.data | sort -u | wc -l)" 7
check_is 'nine were bought' "$(register piece_count)" 9
check 'and the old ones stay spoiled' says 'in the place of' lab unspoil \
	"$(value '.documents[0].id' journal show "Q-$held")"

# A job whose delivery is uncertain is not for spoiling yet.
sink_plan take=3 code=1 once=1
held=$(submit -d Q "$WORK/a.pdf")
check 'an uncertain delivery is held' wait_state "$held" pending-held
check 'the list says what to do' says 'postage journal resolve [0-9]+ reprint' \
	lab journal list
check 'and so does spoil' says 'journal resolve' \
	lab spoil "Q-$held" --reason no
check 'a person spoils it by resolving' lab journal resolve "Q-$held" spoiled
cancel "$held"
sound 'uncertain'

# Nobody says what came out of a job while it comes out.
sink_plan nap=6 once=1
busy=$(submit -d Q "$WORK/a.pdf")
check 'a job is being sent' until_true 20 says sending \
	lab journal show "Q-$busy"
check 'it is not resolved meanwhile' says 'is being printed now' \
	lab journal resolve "Q-$busy" reprint --force
check 'and ends as ever' wait_state "$busy" completed
check 'delivered' says delivered lab journal show "Q-$busy"
sound 'not resolved'

# --- ask for a refund ----------------------------------------------------------------
check 'two of them, named' lab refund request "$psd/780" "$psd/1560" \
	--out first.txt --pdf first.pdf
check_is 'have number 1' "$(value '.requests[0].number' refund list)" 1
check_is 'their state' "$(states "Q-$job")" \
	'claimed claimed spoiled spoiled spoiled'
check 'no way back' says 'refund was asked for' lab unspoil "Q-$job" --page 1
check 'nor twice' says 'in a request already' lab refund request "$psd/780"
check 'all others' lab refund request --all --media a4
check_is 'have number 2' "$(value '.requests[1].number' refund list)" 2
check_is 'and are six' "$(value '.requests[1].stamps' refund list)" 6
check_fails 'then there is none left' lab refund request
before=$(register ascending)
check 'the file is good' lab refund check "refund-$psd-2.txt"
for change in 's/0\.78/0.77/' 's/^count.*/count	5/' 's/wrong/right/' \
	's/^date.*/date	2026-01-01/' '12d' 's/^\(signed.\{40\}\)./\1f/' \
	'5d'; do
	sed "$change" "refund-$psd-2.txt" >changed.txt
	cmp -s changed.txt "refund-$psd-2.txt" && echo same >>changed.txt
	check_fails "changed by $change it is not" lab refund check changed.txt
done
pdftotext -layout "refund-$psd-2.pdf" request.txt
check 'the paper names the request' grep -q 'Refund request No. 2' request.txt
check_is 'and each stamp' "$(grep -c "$psd/" request.txt)" 6
check 'the total' grep -qE 'Total +4\.68' request.txt
check 'and has places for two persons' test \
	"$(grep -o 'Name, signature, date' request.txt | wc -l)" = 2
check_fails 'one page of it' grep -q 'page 1 of 2' request.txt
pdftoppm -r 150 -png "refund-$psd-2.pdf" page
digest=$(sed '$d' "refund-$psd-2.txt" | sha256sum | cut -d' ' -f1)
check_is 'its code holds number and digest' \
	"$(zbarimg -q --raw page-1.png 2>/dev/null)" \
	"postage-refund $psd 2 $digest"
lpadmin -p Plain -v "sink:$WORK/sink" -E 2>/dev/null
check 'any queue prints it' wait_state "$(submit -d Plain \
	"refund-$psd-2.pdf")" completed
check_is 'no register moved by asking' "$(register ascending)" "$before"
sound 'asked'

# --- the answer -----------------------------------------------------------------------
control=$(register control_total)
check 'the lab answers the second' lab refund settle 2
check_is 'grants all' "$(value '.requests[1].granted' refund list)" 4.68
check_is 'the value is back' "$(register control_total)" \
	"$(jq -n "$control + 4.68")"
check_is 'by download alone' "$(register ascending)" "$before"
check 'settling again' lab refund settle 2
check_is 'gives nothing more' "$(register control_total)" \
	"$(jq -n "$control + 4.68")"
check_is 'the states' "$(states "Q-$job")" \
	'claimed claimed refunded refunded refunded'
# Cut off between the value and the note of it, with an audit since.
as_postage sqlite3 -cmd '.timeout 20000' "$WORK/state/journal.db" \
	'UPDATE requests SET credit=NULL'
check 'an audit' lab vault audit
lab refund settle 2 >/dev/null &
beside=$!
lab refund settle 2 >/dev/null
wait "$beside"
check_is 'two at once give nothing more' "$(register control_total)" \
	"$(jq -n "$control + 4.68")"
# One of the first request's stamps is refunded elsewhere meanwhile.
echo 99 >"$WORK/state/lab/refunds/$psd-stamp-780"
chown postage "$WORK/state/lab/refunds/$psd-stamp-780"
check 'the first is settled' lab refund settle 1
check_is 'one granted, one not' "$(states "Q-$job")" \
	'rejected refunded refunded refunded refunded'
check_is 'and why' "$(value '.list[0].remark' refund show 1)" 'refunded before'
cp "$WORK/state/lab/refunds/$psd-1" answer.txt
chmod 644 answer.txt
check 'the same answer by hand changes nothing' \
	lab refund settle 1 --answer answer.txt
sed 's/rejected	0.00/accepted	0.78/; s/total.*/total	1.56/' answer.txt \
	>forged.txt
check_fails 'a forged one is refused' lab refund settle 2 --answer forged.txt
check_fails 'another request too' lab refund settle 2 --answer answer.txt
check_is 'spent is what was spent' "$(register ascending)" "$before"
sound 'refunded'

# --- a document that came out in part -----------------------------------------------------
cat >"$SERVERBIN/filter/labdriver" <<EOT
#!/bin/sh
cat >/dev/null
cat "$WORK/pages.pwg"
EOT
chmod 755 "$SERVERBIN/filter/labdriver"
gs -q -dBATCH -dNOPAUSE -sDEVICE=pwgraster -r72 -o "$WORK/pages.pwg" -c \
	'1 1 4 { /Times findfont 99 scalefont setfont 99 99 moveto 9 string cvs
	show showpage } for quit' >/dev/null 2>&1
ppd_behind_gate labdriver >"$WORK/driver.ppd"
queue_raw D "postage:/sink:$WORK/sink" "$WORK/driver.ppd"
rm -rf "$WORK/sink/.run"*
sink_clear
# in_part PAGES: prints four pages, of which a part goes out; says so.
in_part() {
	sink_plan take=3000 code=1 once=1
	part=$(submit -d D -o lab-stamps=4 "$WORK/a.pdf")
	wait_state "$part" pending-held &&
		lab journal resolve "D-$part" reprint --came-out "$1" \
			--note 'paper jam'
}
check_fails 'all pages are not a part' in_part 4
check 'two of four came out' lab journal resolve "D-$part" reprint --came-out 2
spent=$(register ascending)
check 'what came out is not spoiled with the rest' says 'came out' \
	lab spoil "$(value '.documents[0].id' journal show "D-$part")" \
	--reason jam
lp -i "$part" -H resume
check 'released, the rest is printed' wait_state "$part" completed
tail -c +5 "$WORK/sink/2.data" >rest.data
check 'the same bytes' cmp rest.data \
	"$(tail -c "$(stat -c %s rest.data)" "$WORK/pages.pwg" >tail.data
		echo tail.data)"
pages_of() {
	LC_ALL=C grep -ao PwgRaster "$1" | wc -l
}
check_is 'which are two pages' "$(pages_of "$WORK/sink/2.data")" 2
check_is 'of four' "$(pages_of "$WORK/pages.pwg")" 4
check_is 'for nothing more' "$(register ascending)" "$spent"
check_is 'and kept in the log' "$(value '.events[-1].what' journal log)" resolve
# A rest that is damaged cannot be made again: the printed pages would be too.
sink_clear
rm -rf "$WORK/sink/.run"*
check 'one of four came out' in_part 1
spooled=$(find "$WORK/state/spool" -name '*.1')
size=$(stat -c %s "$spooled")
printf x | dd of="$spooled" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
lp -i "$part" -H resume
check 'a damaged rest waits for a person' until_true 20 says 'damaged' \
	lab journal show "D-$part"
check 'who is told' says 'uncertain' lab journal show "D-$part"
wait_state "$part" pending-held >/dev/null
check 'it cannot be printed again' says 'are gone' \
	lab journal resolve "D-$part" reprint
check 'it was sent once' is "$(sink_runs)" 1
lab journal resolve "D-$part" delivered >/dev/null
check 'its missing pages are spoiled' lab spoil "D-$part" --page 2 --reason jam
cancel "$part" 2>/dev/null
sound 'parts'

# --- the report -----------------------------------------------------------------------------
# total FIELD [OPTION...]: of the last row of a report.
total() {
	total_of=$1
	shift
	value ".total[0].$total_of" report "$@"
}
check_is 'the report adds up to the register' "$(total issued_sum)" \
	"$(register ascending)"
check_is 'and says so' "$(value '.registers[0].ascending' report)" \
	"$(register ascending)"
check_is 'each stamp is in one column' "$(value \
	'.total[0] | .issued - .delivered - .uncertain - .waiting - .spoiled -
	.refunded' report)" 0
check_is 'refunded' "$(total refunded_sum)" 5.46
for by in day month user cost queue class group; do
	check_is "by $by the sum is the same" \
		"$(value '[.rows[].issued] | add' report --by $by)" \
		"$(register piece_count)"
	check_is "as TSV too" "$(lab report --by $by --format tsv |
		awk -F'\t' 'NR > 1 { n += $2 } END { print n }')" \
		"$(register piece_count)"
done
check_is 'the day before nothing was spent' \
	"$(total issued --to "$(date -d yesterday +%F)")" 0
check_is 'today all' "$(total issued --days 1)" "$(register piece_count)"
check 'a picture' lab report --by queue --days 7 --plot plot.png
check_is 'of a plot' "$(head -c 4 plot.png | tail -c 3)" PNG

# --- the verifier with the books ----------------------------------------------------------
verdict() {
	postage_verify --json --certificates "$WORK/state/certificates" \
		--books "$WORK/state/journal.db" --hex "$(value \
		".stamps[$2].indicium" journal show "$1")" |
		jq -r '.files[0].stamps[0].verdict'
}
check_is 'a refunded stamp' "$(verdict "Q-$job" 2)" REFUNDED
check_is 'a rejected one' "$(verdict "Q-$job" 0)" SPOILED
job=$(submit -d Q "$WORK/a.pdf")
wait_state "$job" completed >/dev/null
check_is 'a good one' "$(verdict "Q-$job" 0)" VALID-OFFLINE
lab spoil "Q-$job" --reason torn >/dev/null
check_is 'the same, spoiled' "$(verdict "Q-$job" 0)" SPOILED

# --- a provider on line ---------------------------------------------------------------------
# The keys are the lab's, the books a provider's that serves.
cp "$(built postaged)" "$WORK/bin/postaged"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$WORK/etc/tls.key" -out "$WORK/etc/tls.pem" -days 30 \
	-subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null
chown postage "$WORK/etc/tls.key"
cat >"$WORK/etc/postaged.conf" <<END
[postaged]
database = sqlite:$WORK/state/provider.db
authority = $WORK/state/lab
[module soft]
uri = software:$WORK/state/wrap.key
[web]
listen = 127.0.0.1:$((PORT + 9))
certificate = $WORK/etc/tls.pem
key = $WORK/etc/tls.key
[refund]
approve-above = 0
END
provider() {
	POSTAGED_CONF="$WORK/etc/postaged.conf" as_postage \
		"$WORK/bin/postaged" "$@"
}

by_provider() {
	lab "$@" --provider "https://127.0.0.1:$((PORT + \
		9))/?authority=$WORK/etc/tls.pem&token=$WORK/state/token"
}

settle() {
	by_provider refund settle 1 # of this vault
}

answers() {
	curl -sf --cacert "$WORK/etc/tls.pem" \
		"https://127.0.0.1:$((PORT + 9))/v1/health" >/dev/null
}

# Keeps the token that a verb prints last.
token_in() {
	tail -n 1 >"$WORK/state/$1"
	chown postage "$WORK/state/$1"
	chmod 600 "$WORK/state/$1"
}
provider init | grep '\.' | grep '^..PN' | token_in admin.token
provider person add second --role administrator | token_in second.token
provider account add Customer acc >/dev/null
provider system add acc desk | token_in token
check 'the PSD is enrolled' provider psd enrol acc \
	--certificate "$WORK/state/lab/psd/$psd.pem"
# not as_postage: the process that is remembered has to be the server
setpriv --reuid=postage --regid=postage --clear-groups -- "$WORK/bin/postaged" \
	--config "$WORK/etc/postaged.conf" >"$WORK/postaged.log" 2>&1 &
remember $!
check 'the provider serves' until_true 10 answers
check 'what was spoiled meanwhile is asked back' lab refund request
check 'but the lab had given its value' says 'which this provider never gave' \
	by_provider refund settle 3

# A vault whose value is the provider's.
vaultd_stop
sed -i "s|^uri = .*|uri = file:$WORK/state/another|" "$WORK/etc/postage.conf"
vaultd_start
check 'a new vault' lab vault create --serial 901
check 'it is enrolled' provider psd enrol acc \
	--certificate "$WORK/state/lab/psd/XXPS0000000901.pem"
provider credit acc 20.00 --ref R1 >/dev/null
check 'it is filled' by_provider vault refill 20.00
job=$(submit -d Q -o lab-stamps=2 "$WORK/a.pdf")
check 'it pays' wait_state "$job" completed
check 'a job is spoiled' lab spoil "Q-$job" --reason torn
check 'and asked back' lab refund request
check 'the provider has to say yes' says 'said yes or no yet' settle
check 'asking again asks the same' says 'said yes or no yet' settle
check_is 'its stamps are claimed' "$(provider refund list asked | wc -l)" 1
check 'a name alone is nobody where it takes two' says 'takes two persons' \
	provider refund approve 1 --by admin --method shredded
check "nor is another's token" says 'not the token of second' \
	provider refund approve 1 --by second --method shredded \
	--token "$WORK/state/admin.token"
check 'one says yes' says '1 of 2 said yes' \
	provider refund approve 1 --by admin --method shredded \
	--token "$WORK/state/admin.token"
check 'it has to hear the other' says 'said yes or no yet' settle
check 'and the other' says '2 of 2 said yes' \
	provider refund approve 1 --by second --method shredded \
	--token "$WORK/state/second.token"
check 'the answer is signed' settle
check_is 'all is granted' \
	"$(value '.requests[3] | .total == .granted' refund list)" true
check 'the value is on the credit' says \
	"credit +$(value '.requests[3].granted' refund list)\$" \
	provider account show acc
check 'the log says how they were destroyed' says 'admin +shredded' \
	provider refund log
check 'its books agree' says 'the books agree' provider audit
sound 'refunded on line'
done_testing
