#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# s_completion.sh: what bash offers after TAB is what the programs know.
set -u
srcdir=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
builddir=$(cd "${builddir:-$PWD}" && pwd)
export PATH=$builddir/tools:$PATH
# shellcheck source=etc/bash-completion/postage
. "$srcdir/etc/bash-completion/postage"
number=0 failed=0

# offered WORD FUNCTION TYPED...: the last of TYPED is being typed.
offered() {
	local word=$1 function=$2

	shift 2
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	"$function"
	number=$((number + 1))
	printf '%s\n' "${COMPREPLY[@]}" | grep -qxF -- "$word"
}

offers() {
	if offered "$@"; then
		echo "ok $number - ${*:3} offers $1"
	else
		echo "not ok $number - ${*:3} offers $1, not: ${COMPREPLY[*]}"
		failed=1
	fi
}

# offers_not: nothing of the kind.
offers_not() {
	if offered "$@"; then
		echo "not ok $number - ${*:3} offers $1"
		failed=1
	else
		echo "ok $number - ${*:3} does not offer $1"
	fi
}

while read -r verb; do
	offers "$verb" _postage postage "${verb:0:1}"
done < <(sed -nE '/verbs\[\] = \{/,/^\};/s/^ *\{"([a-z]+)", *verb_.*/\1/p' \
    "$srcdir/tools/postage.c")
offers refill _postage postage vault ''
offers resolve _postage postage --json journal r
offers_not refill _postage postage journal ''
offers --pin-file _postage postage vault status --p
offers --printer _postage postage queue add Postage --pr
offers_not --printer _postage postage print --
offers --certificates _postage_verify postage-verify --cert
offers_not create _postage postage vault refill ''
offers unblock _postage postage vault pin u
offers_not unblock _postage postage vault pin change u
offers --puk-file _postage postage vault pin unblock --pu

# A name is no command, whoever chose it: a print server on the network may.
names=$(mktemp -d)
printf '#!/bin/sh\n%s\n' "echo 'a\$(touch\${IFS}$names/run)'; echo 'a*'" \
	>"$names/lpstat"
chmod 755 "$names/lpstat"
PATH=$names:$PATH
offers "a\\\$\\(touch\\\$\\{IFS\\}$names/run\\)" _postage postage print --queue ''
offers 'a\*' _postage postage queue remove a
number=$((number + 1))
if [ -e "$names/run" ]; then
	echo "not ok $number - the name of a queue was run"
	failed=1
else
	echo "ok $number - the name of a queue is not run"
fi
rm -r "$names"
exit "$failed"
