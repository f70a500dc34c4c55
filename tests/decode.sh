# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# decode.sh: reads symbols with programs that share no code with ours.  Source
# it after lib.sh.
#
#	reads DECODER FILE BYTES	DECODER reads exactly the bytes of a file

decoded() {
	case $1 in
	zxing) ZXingReader -bytes "$2" ;;
	zbar) zbarimg -q --raw --oneshot -Sbinary -Sdisable -Sqrcode.enable "$2" ;;
	dmtx) dmtxread -N1 -m5000 "$2" ;;
	esac 2>/dev/null
}

reads() {
	decoded "$1" "$2" >"$WORK/decoded"
	# ZXingReader may end its output with a newline of its own.
	cmp -s "$WORK/decoded" "$3" || {
		cat "$3" && echo
	} | cmp - "$WORK/decoded"
}
