#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A user system's vault at a provider, over HTTP and the administrator's commands,
# does what a model of it says, whatever is asked in which order: Hypothesis looks
# for an order that it does not.
#
#	EXAMPLES=15 STEPS=50	lives, and steps of each ($POSTAGE_LONG: 150 of 80)
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$srcdir/tests/pg.sh"
. "$srcdir/tests/provider_faults.sh"
EXAMPLES=${EXAMPLES:-${POSTAGE_LONG:+150}}
STEPS=${STEPS:-${POSTAGE_LONG:+80}}
/usr/bin/python3 -c 'import hypothesis' 2>/dev/null ||
	skip 'python3-hypothesis is not installed'
require curl
work_setup
BOOKS=$WORK/model
mkdir "$BOOKS"
SERVERS=one
server_conf one "sqlite:$BOOKS/provider.db" both
cp "$BOOKS/one.conf" "$BOOKS/admin.conf"
check 'a provider is made' admin init
server_go one
remember "$(server_pid one)"
until_true 20 server_answers one
check 'it is as the model' /usr/bin/python3 "$srcdir/tests/provider_model.py" \
	"$builddir/postaged" "$BOOKS/admin.conf" "$(server_port one)" \
	"${EXAMPLES:-15}" "${STEPS:-50}"
answers=$(tail -n 1 "$WORK/check.out")
say "$answers"
check 'much was asked' [ "${answers%% *}" -ge 150 ]
check 'postaged audit finds nothing' admin audit
done_testing
