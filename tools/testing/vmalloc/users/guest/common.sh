# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What the users' scripts share; sourced first. Each script is run twice, as
# "NAME PHASE" in the folder it is in, and leaves nothing behind: what the phase
# "first" does is what "second" does, only less often.

PHASE=$1

failed()
{
	echo "failed: $*"
	exit 1
}

# Print $1 in the first phase and $2 in the second.
phases()
{
	case $PHASE in
	first) echo "$1" ;;
	second) echo "$2" ;;
	*) failed "there is no phase $PHASE" ;;
	esac
}

# Print what the line $1 of /proc/meminfo or of the file $2 says.
number_of()
{
	awk -v name="$1" '$1 == name || $1 == name ":" { print $2 }' \
		"${2:-/proc/meminfo}"
}

# Print a counter of the ordered vmalloc, or nothing on stock.
counter()
{
	if [ -e /sys/kernel/debug/vmalloc/stats ]; then
		number_of "$1" /sys/kernel/debug/vmalloc/stats
	fi
}
