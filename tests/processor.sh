# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# processor.sh: over lib.sh, a processor of card payments on loopback
# (tests/npm/processor.mjs):
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#	. "$srcdir/tests/processor.sh"
#	processor_needs
#	work_setup
#	processor_start WEBHOOK-URL
#	processor_conf >>"$WORK/postaged.conf"	and stripe.key, webhook.secret

# processor_needs: skips the test where the stand-ins are not there.
processor_needs() {
	require node jq curl
	modules=$builddir/tests/npm
	[ -d "$modules/node_modules/emulate" ] ||
		skip "no $modules/node_modules: ./setup check makes it"
	# The node of the PATH, or the one that ./setup took in its place.
	node=node
	for own in "$modules"/node/node_modules/node-linux-*/bin/node; do
		new_enough node || ! [ -x "$own" ] || node=$own
	done
	new_enough "$node" ||
		skip 'the stand-ins need node 20: ./setup check has it'
}

new_enough() {
	[ "$("$1" -p 'process.versions.node.split(".")[0]')" -ge 20 ]
}

# processor_start WEBHOOK-URL [PORT]
processor_start() {
	processor_port=${2:-$((PORT + 1))}
	processor=http://127.0.0.1:$processor_port
	mkdir "$WORK/processor"
	cp "$srcdir/tests/npm/processor.mjs" "$WORK/processor/"
	ln -s "$modules/node_modules" "$WORK/processor/"
	"$node" "$WORK/processor/processor.mjs" "$processor_port" "$1" \
		whsec_stand_in >"$WORK/processor.log" 2>&1 &
	remember $!
	processor_left=300
	until grep -q ready "$WORK/processor.log"; do
		processor_left=$((processor_left - 1))
		[ "$processor_left" -gt 0 ] || return 1
		sleep 0.2
	done
}

# processor_conf FOLDER: its part of postaged.conf; the secrets go there.
processor_conf() {
	echo sk_test_stand_in >"$1/stripe.key"
	echo whsec_stand_in >"$1/webhook.secret"
	chmod 600 "$1/stripe.key" "$1/webhook.secret"
	cat <<-END

	[stripe]
	base-url = $processor/
	key-file = $1/stripe.key
	webhook-secret-file = $1/webhook.secret
	END
}

# control NAME=VALUE...: how the processor behaves from now on.
control() {
	for arg; do
		curl -sS --data-urlencode "$arg" "$processor/control"
	done
}

# asked WHAT: pages, charges, succeeded, mils, ... of the processor.
asked() {
	curl -sS "$processor/control" | jq -r ".$1"
}

# pay_page URL: pays at that page as a person does, who sees the sum there.
pay_page() {
	curl -sS "$1" | grep -q 'checkout-pay-btn' &&
		curl -sS -o /dev/null -w '%{redirect_url}' -X POST \
			"$1/complete" >"$WORK/back"
}
