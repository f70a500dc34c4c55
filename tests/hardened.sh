#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The built programs are what configure.ac meant: at random addresses, with
# relocations read-only before main(), no executable stack, stack protectors,
# checked string functions, no search path of their own.  A program without all
# that, made here, is seen.  And the daemons' units are closed ones.
set -u
builddir=${builddir:-.}
failed=0
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

missing() {
	echo "$program: $1 (built before configure knew better? make clean)"
	return 1
}

# hardened PROGRAM
hardened() {
	program=$1
	readelf -hldW --dyn-syms "$1" >"$work/elf" || return
	grep -Eq 'Type: +DYN' "$work/elf" || missing 'no PIE' || return
	grep -q 'GNU_RELRO' "$work/elf" || missing 'no RELRO' || return
	grep -Eq 'BIND_NOW|FLAGS_1.* NOW' "$work/elf" ||
		missing 'bound lazily' || return
	grep -Eq 'GNU_STACK .* RW +0x' "$work/elf" ||
		missing 'executable stack' || return
	grep -q '__stack_chk_fail' "$work/elf" ||
		missing 'no stack protector' || return
	grep -Eq '__[a-z]*(printf|memcpy|read|strcpy)_chk' "$work/elf" ||
		missing 'string functions are not checked' || return
	! grep -Eq 'RPATH|RUNPATH' "$work/elf" || missing 'a path of its own'
}

for name in postage-vaultd filter/pdftopostage backend/postage \
	backend/postagedriver tools/postage tools/postage-verify \
	tools/postage-labcard postaged; do
	hardened "$builddir/$name" || failed=1
done
echo 'int main(void) { return 0; }' >"$work/soft.c"
if cc -no-pie -Wl,-z,norelro -o "$work/soft" "$work/soft.c" 2>/dev/null; then
	hardened "$work/soft" >/dev/null && {
		echo 'a soft program was taken for a hard one'
		failed=1
	}
fi

# The service's sandbox, by systemd's own measure (0 to 10, times ten).
unit=$work/postage-vaultd.service
if command -v systemd-analyze >/dev/null; then
	sed 's|@sbindir@|/usr/sbin|' \
		"${srcdir:-.}/etc/postage-vaultd.service.in" >"$unit"
	systemd-analyze security --no-pager --offline=yes --threshold=15 \
		"$unit" >"$work/exposure" 2>&1 || {
		tail -n 3 "$work/exposure"
		failed=1
	}
	# The provider is reached by anybody, and nothing else is different.
	sed 's|@sbindir@|/usr/sbin|; s|@sysconfdir@|/etc|' \
		"${srcdir:-.}/etc/postaged.service.in" >"$work/postaged.service"
	systemd-analyze security --no-pager --offline=yes --threshold=13 \
		"$work/postaged.service" >"$work/exposure" 2>&1 || {
		tail -n 3 "$work/exposure"
		failed=1
	}
	# With a vault at a provider it may reach other computers, too.
	cat "$unit" "${srcdir:-.}/etc/postage-vaultd-remote.conf" \
		>"$work/remote.service"
	systemd-analyze security --no-pager --offline=yes --threshold=15 \
		"$work/remote.service" >"$work/exposure" 2>&1 || {
		tail -n 3 "$work/exposure"
		failed=1
	}
	# With the TPM, and no other device, it is nearly as closed.
	cat "${srcdir:-.}/etc/postage-vaultd-tpm.conf" >>"$unit"
	systemd-analyze security --no-pager --offline=yes --threshold=16 \
		"$unit" >"$work/exposure" 2>&1 || {
		tail -n 3 "$work/exposure"
		failed=1
	}
fi
exit "$failed"
