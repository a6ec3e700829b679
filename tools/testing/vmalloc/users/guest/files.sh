# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The files that file systems are to hold, and their checksums; sourced.

SUMS=/srv/files.sha256
PRESSURE=

files_put()
{
	cp -r /srv/files "$1/"
	sync
}

# Every one of them is there below $1, and is what it was.
files_check()
{
	(cd "$1" && sha256sum --quiet --strict -c "$SUMS") ||
		failed "files in $1 are not what was written"
}

# Leave nothing cached, again and again, until pressure_end.
pressure_begin()
{
	while :; do
		echo 3 >/proc/sys/vm/drop_caches
		sleep 0.05
	done >/dev/null &
	PRESSURE=$!
}

pressure_end()
{
	kill "$PRESSURE"
	wait "$PRESSURE" || true
}

# Read all of it below $1 as often as the phase says, with nothing cached and
# by two at a time.
files_check_pressed()
{
	local other

	pressure_begin
	for _ in $(seq "$(phases 1 3)"); do
		files_check "$1" &
		other=$!
		files_check "$1"
		wait "$other"
	done
	pressure_end
}
