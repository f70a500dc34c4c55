#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stamps printed with dots that grow, scanned skew, blurred and noisy at 300
# dpi, still read.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/decode.sh
. "$srcdir/tests/decode.sh"

require ZXingReader zbarimg dmtxread
work_setup

# scanned LAYOUT SYMBOL LEN DPI REDUCTION GAIN_MIL
scanned() {
	"$builddir/tests/imprint_sample" "$1" "$2" "$3" "$4" "$4" "$5" 1 \
		"$WORK/a.pgm" || exit 99
	"$builddir/tests/scan_sim" "$4" "$4" "$6" 300 1.7 0.7 10 \
		<"$WORK/a.pgm" >"$WORK/b.pgm" || exit 99
}

any() {
	reads zxing "$WORK/b.pgm" "$WORK/a.pgm.bin" ||
		reads "$1" "$WORK/b.pgm" "$WORK/a.pgm.bin"
}

for dpi in 203 300 600; do
	scanned label QR 124 $dpi 0 1
	check "QR, $dpi dpi: zbar" reads zbar "$WORK/b.pgm" "$WORK/a.pgm.bin"
	check "QR, $dpi dpi: zxing" reads zxing "$WORK/b.pgm" "$WORK/a.pgm.bin"
	scanned label DataMatrix 124 $dpi 0 1
	check "Data Matrix, $dpi dpi: one of two" any dmtx
	scanned envelope QR 124 $dpi 0 1
	check "envelope, $dpi dpi: zbar" reads zbar "$WORK/b.pgm" "$WORK/a.pgm.bin"
	scanned small DMRE 114 $dpi 0 1
	check "DMRE, $dpi dpi" any zxing
done

done_testing
