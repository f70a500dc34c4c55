#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# size.sh: what the card's application takes of a chip, beside a budget; it
# allocates nothing, prints nothing, and wants nothing of an operating system.
# Made for a Cortex-M3 where that compiler is there, else for 32 bits of this
# machine.  Not counted: the chip's drivers and crypto, the few functions of the
# C library that are named below, the compiler's own arithmetic.
#
# Stack: the deepest way through the call graph, by the compiler's own frames.
# A call through a pointer is taken for the deepest that it can be.
set -u
export LC_ALL=C
cd "${srcdir:-$(dirname "$0")/..}" || exit 1

ram_max=16384 nvm_max=14336

# What runs on a card.
parts="vault/card_app vault/card_app_pin vault/card_app_value vault/card_apdu
vault/card_store vault/psd vault/psd_state vault/psd_download vault/psd_refund
vault/message stamp/indicium stamp/ibi stamp/format base/bytes base/date
base/mils tests/size_port"
common="-std=c11 -D_GNU_SOURCE -DPOSTAGE_NO_TEXT -DNDEBUG -I. -Os
-ffunction-sections -fdata-sections -fcallgraph-info=su -fno-stack-protector"
allowed='^(mem(cpy|move|set|cmp)|strn?len|strcmp|port_[a-z0-9_]+|__aeabi_[a-z0-9]+|__u?(div|mod)di3|_GLOBAL_OFFSET_TABLE_)$'

if echo '#include <inttypes.h>' |
	arm-none-eabi-gcc -xc -E - >/dev/null 2>&1; then
	tools=arm-none-eabi- emulation='' chip='a Cortex-M3' code_max=16384
	# the compiler's <stdint.h> leaves out what newlib's <inttypes.h> asks
	flags="-mcpu=cortex-m3 -mthumb -include sys/_stdint.h"
else
	tools='' emulation='-m elf_i386' chip='32 bits (i386)' code_max=24576
	flags="-m32 -fno-pie -fno-pic -fno-asynchronous-unwind-tables
-fcf-protection=none -U_FORTIFY_SOURCE"
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2086
if ! echo '#include <string.h>' |
	${tools}gcc $flags -xc -c -o "$work/try.o" - 2>"$work/why"; then
	echo "no compiler for 32 bits: gcc-multilib or gcc-arm-none-eabi"
	exit 77
fi

# link FILE OBJECT...: what main needs of them, and no more.
link() {
	# shellcheck disable=SC2086
	${tools}ld $emulation -r --gc-sections -e main -o "$@"
}

# foreign FILE: what it wants that no chip has; of what is undefined, what is
# left names.
foreign() {
	${tools}objdump -r "$1" | awk 'NF == 3 { sub(/[+-]0x.*/, "", $3)
		print $3 }' | sort -u >"$work/named"
	${tools}nm -u "$1" | awk '{ print $NF }' | sort -u |
		comm -12 - "$work/named" | grep -Ev "$allowed" | paste -sd ' '
}

# One that wants too much is seen.
echo '#include <stdlib.h>
#include <string.h>
int main(void) { return strlen(malloc(2)) > 1; }
void *never(void) { return calloc(1, 2); }' >"$work/greedy.c"
# shellcheck disable=SC2086
${tools}gcc $common $flags -fno-builtin -c -o "$work/greedy.o" \
	"$work/greedy.c" && link "$work/linked.o" "$work/greedy.o" || exit 1
if [ "$(foreign "$work/linked.o")" != malloc ]; then
	echo "malloc was not seen"
	exit 1
fi
rm "$work"/*.ci

objects=
for part in $parts; do
	object=$work/${part//\//_}.o
	objects="$objects $object"
	# shellcheck disable=SC2086
	${tools}gcc $common $flags -Wno-unused-function -c -o "$object" \
		"$part.c" || exit 1
done
# shellcheck disable=SC2086
link "$work/card.o" $objects || exit 1
status=0
wanted=$(foreign "$work/card.o")
if [ -n "$wanted" ]; then
	echo "the card's application wants of its chip: $wanted"
	status=1
fi

# stack FILE...: the deepest way from main, and what is on it.
stack() {
	perl - "$@" <<'EOF'
use strict;
use warnings;

my (%frame, %calls, %busy, %deepest);

# What may stand behind a pointer, by the file and function of the call.
sub behind {
	my ($from) = @_;

	return grep { /^card_app_(?!exchange|power|kept|save|nvm)|card_app\.c:/ &&
	    !/:(run|load)$/ } keys %frame
	    if $from =~ /card_app_exchange$|card_app\.c:run$/;
	return grep { /ibi\.c:ibi_/ } keys %frame if $from =~ /indicium/;
	return ();	# the chip's own
}

sub deep {
	my ($name) = @_;

	die "$name calls itself\n" if $busy{$name};
	return $deepest{$name} if defined $deepest{$name};
	my ($most, $way) = (0, "");
	$busy{$name} = 1;
	for my $to (map { $_ eq "__indirect_call" ? behind($name) : $_ }
	    keys %{$calls{$name}}) {
		my ($bytes, $rest) = @{deep($to)};
		($most, $way) = ($bytes, $rest) if $bytes > $most;
	}
	$busy{$name} = 0;
	my $short = $name =~ s/.*[:\/]//r;
	return $deepest{$name} = [$most + ($frame{$name} // 0),
	    $short . ($way ? " $way" : "")];
}

while (<>) {
	if (/^node: \{ title: "([^"]+)" label: "[^"]*\\n(\d+) bytes \(([^)]*)\)/) {
		my ($name, $bytes, $how) = ($1, $2, $3);

		die "$name takes no fixed stack: $how\n"
		    if $how !~ /^static$|bounded/;
		$frame{$name} = $bytes;
	} elsif (/^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/) {
		$calls{$1}{$2} = 1;
	}
}
die "no call graph\n" if !exists $frame{main};
my ($bytes, $way) = @{deep("main")};
print "$bytes $way\n";
EOF
}
deepest=$(stack "$work"/*.ci) || exit 1
stack_bytes=${deepest%% *}

# section NAME...: the bytes of the sections that are called so.
section() {
	${tools}size -A "$work/card.o" | awk -v want="^[.]($1)([.]|$)" \
		'$1 ~ want { sum += $2 } END { print sum + 0 }'
}
text=$(section text) rodata=$(section rodata)
static=$(($(section data) + $(section bss)))
# shellcheck disable=SC2086
nvm=$(printf '#include "vault/card_store.h"\nCARD_NVM_BYTES\n' |
	${tools}gcc $common $flags -xc -E -P - | tail -n 1)
nvm=$((nvm))

# row WHAT BYTES BUDGET
row() {
	printf '%-34s %6d   of %6d\n' "$@"
	[ "$2" -le "$3" ] || { echo "  over its budget" && status=1; }
}
part() {
	printf '  %-32s %6d\n' "$@"
}
echo "The card's application on $chip, bytes:"
row 'code' $((text + rodata)) $code_max
part 'instructions' "$text"
part 'tables' "$rodata"
row 'RAM' $((static + stack_bytes)) $ram_max
part 'static' "$static"
part 'stack, about' "$stack_bytes"
row 'memory that keeps (NVM)' "$nvm" $nvm_max
echo "deepest: ${deepest#* }"
exit $status
