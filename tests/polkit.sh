#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# polkit.sh: etc/50-cups-postage.rules, run by an interpreter as polkitd runs it:
# user postage is let in to pcscd and to cards, and that is all that it says.
set -u
cd "${srcdir:-$(dirname "$0")/..}" || exit 99
for js in duk node; do
	command -v $js >/dev/null && break
	js=
done
if [ -z "$js" ]; then
	echo 'no interpreter: duktape or nodejs'
	exit 77
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

{
	cat <<'EOT'
var say = typeof print === "function" ? print : console.log;
var rules = [];
var polkit = {
	addRule: function (rule) { rules.push(rule); },
	Result: { YES: "yes", NO: "no", NOT_HANDLED: "-" }
};
EOT
	cat etc/50-cups-postage.rules
	cat <<'EOT'
["access_pcsc", "access_card", "access_pcsc2"].forEach(function (what) {
	["postage", "postage2", "lp", "root", "anna"].forEach(function (who) {
		say(what + " " + who + " " + rules[0](
			{ id: "org.debian.pcsc-lite." + what },
			{ user: who, local: true, active: true }));
	});
});
say("reboot postage " + rules[0]({ id: "org.freedesktop.login1.reboot" },
	{ user: "postage" }));
say(rules.length + " rule");
EOT
} >"$work/all.js"
cat >"$work/expect" <<'EOT'
access_pcsc postage yes
access_pcsc postage2 -
access_pcsc lp -
access_pcsc root -
access_pcsc anna -
access_card postage yes
access_card postage2 -
access_card lp -
access_card root -
access_card anna -
access_pcsc2 postage -
access_pcsc2 postage2 -
access_pcsc2 lp -
access_pcsc2 root -
access_pcsc2 anna -
reboot postage -
1 rule
EOT
"$js" "$work/all.js" >"$work/actual" || exit 1
diff -u "$work/expect" "$work/actual"
