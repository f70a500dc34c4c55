# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# buttons.sh: over lib.sh, what the tests of touch-memory buttons share: a bus
# of ours (owbus.h), and buttons that come and go:
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#	. "$srcdir/tests/buttons.sh"
#	scheduler_setup
#	bus_start
#	button_in 0C.0000000000AA

# bus_start: a bus without buttons; OWBUS is its HOST:PORT.
bus_start() {
	mkdir -p "$WORK/buttons"
	# Locks of buttons are where this run's daemon and programs meet.
	RUNTIME_DIRECTORY=$WORK/run
	export RUNTIME_DIRECTORY
	"$builddir/tests/owbus" "$WORK/buttons" >"$WORK/owbus.port" \
		2>"$WORK/log/owbus.out" &
	remember $!
	until_true 5 test -s "$WORK/owbus.port"
	# shellcheck disable=SC2034 # for who sources this
	OWBUS=127.0.0.1:$(cat "$WORK/owbus.port")
}

# button_in ROM: a new one, or one that was taken away.
button_in() {
	if [ -e "$WORK/buttons/$1.away" ]; then
		mv "$WORK/buttons/$1.away" "$WORK/buttons/$1"
	else
		: >"$WORK/buttons/$1"
	fi
}

button_out() {
	mv "$WORK/buttons/$1" "$WORK/buttons/$1.away"
}

# bus_tear PAGES TEAR: contact ends, so many pages from now.
bus_tear() {
	perl -e '
		my ($file, $pages, $tear) = @ARGV;
		open my $f, "+<", $file or die $!;
		read $f, my $writes, 8;
		seek $f, 8, 0;
		print $f pack "q L L l", unpack("q", $writes) + $pages, $tear,
			$pages, 0;
	' "$WORK/buttons/control" "$@"
}

# bus_gone: did it?
bus_gone() {
	[ "$(od -An -t d4 -j 24 -N 4 "$WORK/buttons/control" | tr -d ' ')" = 1 ]
}

# bus_back: contact is there again.
bus_back() {
	bus_tear -1000000 0
}
