# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A compressed disk in memory; sourced. Its table of pages is vzalloc()ed, and
# so are the buffers to compress in.

# zram_new ALGORITHM SIZE: the device is $ZRAM.
zram_new()
{
	local number

	number=$(cat /sys/class/zram-control/hot_add)
	ZRAM=/dev/zram$number
	echo "$1" >"/sys/block/zram$number/comp_algorithm"
	echo "$2" >"/sys/block/zram$number/disksize"
}

zram_drop()
{
	local number=${ZRAM#/dev/zram}

	echo 1 >"/sys/block/zram$number/reset"
	echo "$number" >/sys/class/zram-control/hot_remove
}
