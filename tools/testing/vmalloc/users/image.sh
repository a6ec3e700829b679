# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Disks for guests, made without being mounted; sourced, never run.

# image FOLDER FILE SPARE_MB: write FOLDER as an ext4 file system into FILE, with
# so much room in it beside, and remove FOLDER.
image()
{
	local root=$1 to=$2 mb

	mb=$(($(du -sm "$root" | cut -f 1) * 11 / 10 + $3))
	rm -f "$to.new"
	mke2fs -q -t ext4 -O '^has_journal' -m 0 -d "$root" "$to.new" \
		"${mb}M" >/dev/null
	mv "$to.new" "$to"
	rm -rf "$root"
}
