#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What we print, independent decoders read: every layout and symbol at the
# common resolutions, as it leaves for the printer.
# shellcheck source=tests/lib.sh
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tests/decode.sh
. "$srcdir/tests/decode.sh"

require ZXingReader zbarimg dmtxread
work_setup

# try LAYOUT SYMBOL LEN DPI_X DPI_Y REDUCTION SPECIMEN DECODER...
try() {
	try_name="$1 $2 $3 bytes $4 x $5 dpi"
	"$builddir/tests/imprint_sample" "$1" "$2" "$3" "$4" "$5" "$6" "$7" \
		"$WORK/a.pgm" || exit 99
	shift 7
	for decoder; do
		check "$decoder reads $try_name" \
			reads "$decoder" "$WORK/a.pgm" "$WORK/a.pgm.bin"
	done
}

for dpi in 203 300 600; do
	try label QR 114 $dpi $dpi 0 0 zxing zbar
	try label QR 142 $dpi $dpi 0 1 zxing zbar
	try label DataMatrix 142 $dpi $dpi 0 1 zxing dmtx
	try label DMRE 116 $dpi $dpi 0 1 zxing
	try label PDF417 124 $dpi $dpi 0 0 zxing
	try small DMRE 114 $dpi $dpi 0 1 zxing
	try small DataMatrix 20 $dpi $dpi 0 0 zxing dmtx
	try envelope QR 124 $dpi $dpi 0 1 zxing zbar
	try envelope DataMatrix 124 $dpi $dpi 0 0 zxing dmtx
done
try label QR 124 600 300 0 1 zxing zbar
try label DataMatrix 124 180 360 0 0 zxing dmtx
try label QR 124 600 600 3 1 zxing zbar
try label DataMatrix 124 600 600 3 0 zxing dmtx

# The oracle sees a wrong byte.
printf 'x' | dd of="$WORK/a.pgm.bin" bs=1 seek=60 conv=notrunc 2>/dev/null
check_fails 'one wrong byte is seen' reads dmtx "$WORK/a.pgm" "$WORK/a.pgm.bin"

done_testing
