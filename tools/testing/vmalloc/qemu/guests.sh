# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Run guests side by side: what suite, matrix, demo and bench share. Sourced, never
# run, after ../common.sh.

# One guest and one CPU of the host each.
GUESTS_AT_ONCE=2
RESULTS_DIR=''
LOGS_DIR=$BUILD/results/logs
# A drain's areas take 800 MB of space, more than i386 has by default.
I386_STORM='vmalloc=896M'
# How long interrupts are off, in a drain as large as any that matters.
IRQS_STORM='vmtracer=irqsoff vmcounts=20000'
# Of pages that are freed in a row, the page allocator gives back up to 32
# batches at a time, with preemption off and whoever's they were. For what is
# not about that: as few as it can be told to.
FEW_PAGES='sysctl.vm.percpu_pagelist_high_fraction=1000000'
# With KASAN everything takes ten times as long: two orders, and fewer drains.
KASAN_STORM='vmorders=checkerboard,sequential vmcounts=500,10000 vmdrained=20000'
KASAN_STORM+=" $FEW_PAGES"

# Of the guests that run: process -> name, and process -> when it began.
declare -A GUEST_NAME=() GUEST_BEGAN=()
# Of those that are done: name -> exit status, and name -> seconds.
declare -A GUEST_STATUS=() GUEST_SECONDS=()
# Called with the name of each guest as it ends, if set.
GUEST_DONE=''
# If this is set, no guest is started: its name and its kernel are printed.
GUESTS_LISTED=''
# If there are any, no others than these are started.
GUESTS_WANTED=''
# What the progress line counts: result lines so far, of so many.
PROGRESS_LABEL='' PROGRESS_TOTAL=0 PROGRESS_SHOWN=0

guests_cleanup()
{
	local pid

	for pid in "${!GUEST_NAME[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
}

# guests_begin NAME: the results are in a folder of that name. Two commands at a
# time would each have half of the CPUs they count on.
guests_begin()
{
	hold "$SHARED/guests.lock"
	RESULTS_DIR=$BUILD/results/$1
	rm -rf "$RESULTS_DIR"
	mkdir -p "$RESULTS_DIR" "$LOGS_DIR"
	trap guests_cleanup EXIT
	trap 'exit 130' INT TERM
}

clear_progress()
{
	if [ -t 1 ]; then
		printf '\r\033[K'
	fi
}

# On one line that is written over on a terminal, every 20 s elsewhere.
show_progress()
{
	local lines of='' text

	[ "$PROGRESS_LABEL" ] || return 0
	lines=$(cat "$RESULTS_DIR"/*.results 2>/dev/null |
		grep -cE '^(bench|scale|kunit|kselftest|test_vmalloc|boot) ' || true)
	if [ "$PROGRESS_TOTAL" -gt 0 ]; then
		of=" of $PROGRESS_TOTAL"
	fi
	text="$PROGRESS_LABEL: $lines$of results, $SECONDS s; running: ${GUEST_NAME[*]}"
	if [ -t 1 ]; then
		printf '\r%.*s\033[K' "$(($(tput cols 2>/dev/null || echo 80) - 1))" "$text"
	elif [ $((SECONDS - PROGRESS_SHOWN)) -ge 20 ]; then
		say "$text"
		PROGRESS_SHOWN=$SECONDS
	fi
}

# Note which guests have ended.
reap()
{
	local pid name status

	for pid in "${!GUEST_NAME[@]}"; do
		if kill -0 "$pid" 2>/dev/null; then
			continue
		fi
		name=${GUEST_NAME[$pid]}
		status=0
		wait "$pid" || status=$?
		GUEST_STATUS[$name]=$status
		GUEST_SECONDS[$name]=$((SECONDS - GUEST_BEGAN[$pid]))
		unset "GUEST_NAME[$pid]" "GUEST_BEGAN[$pid]"
		if [ "$GUEST_DONE" ]; then
			clear_progress
			"$GUEST_DONE" "$name"
		fi
	done
}

# Wait until at most MOST guests are running.
wait_for_guests()
{
	local most=$1

	while reap && [ "${#GUEST_NAME[@]}" -gt "$most" ]; do
		show_progress
		sleep 0.5
	done
	clear_progress
}

# Print the name $1 and the kernel that a guest with these arguments runs.
list_guest()
{
	local name=$1 profile='' impl=''
	shift

	while [ $# -gt 1 ]; do
		case $1 in
		--profile) profile=$2 ;;
		--impl) impl=$2 ;;
		esac
		shift
	done
	say "$name $profile-$impl"
}

# guest NAME RUN_ARGUMENTS...: start one as soon as there is room for it.
guest()
{
	local name=$1

	if [ "$GUESTS_LISTED" ]; then
		list_guest "$@"
		return
	fi
	if [ "$GUESTS_WANTED" ] && [[ " $GUESTS_WANTED " != *" $name "* ]]; then
		return
	fi
	shift
	wait_for_guests $((GUESTS_AT_ONCE - 1))
	"$QEMU_DIR/run" --label "$name" \
		--results "$RESULTS_DIR/$name.results" "$@" \
		>"$LOGS_DIR/$name.out" 2>&1 9>&- &
	GUEST_NAME[$!]=$name
	GUEST_BEGAN[$!]=$SECONDS
}

# For what counts instructions: emulated, whatever ACCEL asks of the others.
counted_guest()
{
	ACCEL=tcg guest "$@" --icount
}

# The names of the KUnit suites that FILES define, comma separated. White-box
# ones are many to a file.
suite_names()
{
	cat "$@" 2>/dev/null |
		sed -n 's/^\t\.name[ \t]*= "\(vmalloc_[a-z0-9_]*\)",$/\1/p' |
		sort -u | paste -sd, -
}

# What a guest that runs KUnit has to know.
kunit_args()
{
	local impl=$1 black white='' warns

	black=$(suite_names "$ROOT"/lib/vmalloc_kunit*.c)
	# Those that provoke warnings, and count them.
	warns=$(grep -l vmk_allow_warnings "$ROOT"/lib/vmalloc_kunit_*.c |
		while read -r file; do suite_names "$file"; done | paste -sd, -)
	if [ "$impl" = ordered ]; then
		white=$(suite_names "$ROOT"/mm/vmalloc/tests/*.c)
	fi
	[ "$warns" ] || die 'no KUnit suite in lib/'
	say "vmsuites=$black${white:+,$white} vmwarns=$warns"
}

# Stop unless every guest so far has succeeded.
guests_must_have_passed()
{
	local name bad=''

	wait_for_guests 0
	for name in "${!GUEST_STATUS[@]}"; do
		if [ "${GUEST_STATUS[$name]}" -ne 0 ]; then
			cat "$LOGS_DIR/$name.out"
			bad=1
		fi
	done
	[ -z "$bad" ] || die 'a guest failed: no result'
}

# The "bench" lines of guest NAME: case, unit and value.
bench_lines()
{
	sed -n 's/^bench //p' "$RESULTS_DIR/$1.results"
}
