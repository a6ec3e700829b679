# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts of this directory share; sourced, never run.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../../.." && pwd)
# Which Linux it is about. What is made for one is in a folder of its own, what
# is for all beside those.
BASE=$("$HERE/base" --chosen 2>&1) || {
	printf '%s: %s\n' "$(basename "$0")" "${BASE#base: }" >&2
	exit 1
}
export BASE
BASE_DIR=${VMALLOC_BASES:-$HERE/bases}/$BASE
SHARED=${VMALLOC_BUILD:-$ROOT/build}
BUILD=$SHARED/$BASE
TREE=$BUILD/linux
JOBS=${JOBS:-$(nproc)}
SEED=${SEED:-1}
# Tools that take --self-test and can be tried without a kernel.
SELF_TESTED='base hooks bounded overlay tree kernel layers parity matrix compile docs manual series/make
	series/releases deb/package fresh'
# How a guest's init is compiled.
GUEST_CFLAGS=(-Os -Wall -Wextra '-D__printf(f, a)=__attribute__((format(printf, f, a)))')

# The variables and the job server of the make that runs a script are not for
# the makes that the script runs.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

# Two builds of one source give one image, whoever makes them and when.
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
export KBUILD_BUILD_USER=vmalloc
export KBUILD_BUILD_HOST=ordered
export LC_ALL=C
# The compiler lists what it read anyway: no extra run to preprocess each file,
# a fifth of the time of a first build.
export CCACHE_DEPEND=1

die()
{
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

say()
{
	printf '%s\n' "$*"
}

# shellcheck source=bases/6.12/base.sh
. "$BASE_DIR/base.sh"

# What a user may have set. make checks its variables itself.
[[ $JOBS =~ ^[1-9][0-9]{0,2}$ ]] || die "JOBS is '$JOBS', not a number of jobs from 1 to 999"
[[ $SEED =~ ^[1-9][0-9]{0,8}$ ]] || die "SEED is '$SEED', not a number from 1 to 999999999"

# What make has to be told of a base that is not the default.
of_base()
{
	[ "$BASE" = "$(env -u BASE -u KSRC "$HERE/base" --chosen)" ] || printf ' BASE=%s' "$BASE"
}

# Stop if there is no tree to build from.
need_tree()
{
	[ -f "$TREE/.vmalloc-origin" ] || die "there is no kernel tree yet: run make tree$(of_base)"
}

# need_kernels PROFILE-IMPL...: stop if one of them has not been built.
need_kernels()
{
	local kernel missing=''

	for kernel; do
		[ -e "$BUILD/$kernel/.vmalloc-built" ] || missing+=" $kernel"
	done
	[ -z "$missing" ] || die "not built yet:$missing; run make kernel$(of_base) PROFILE=... IMPL=... for each"
}

# Hold FILE's lock until this script ends: descriptor 9 is given to no child
# that outlives it.
hold()
{
	mkdir -p "$(dirname "$1")"
	exec 9>"$1"
	if ! flock -n 9; then
		say "waiting for another run that works on $(basename "$1" .lock)"
		flock 9
	fi
}

# Print the command for the compiler $1, gcc by default, with a cache if any.
compiler()
{
	if command -v ccache >/dev/null; then
		say "ccache ${1:-gcc}"
	else
		say "${1:-gcc}"
	fi
}

# make in the kernel tree.
kmake()
{
	make -C "$TREE" CC="$(compiler)" HOSTCC="$(compiler)" PYTHON3=/usr/bin/python3 "$@" 9>&-
}

# copy_folder FROM TO [PART...]: copy the O= folder FROM, or parts of it, to TO,
# where kbuild can go on with it.
copy_folder()
{
	local from=$1 to=$2
	shift 2

	rm -rf "$to.new"
	if [ $# -eq 0 ]; then
		cp -a "$from" "$to.new"
	else
		mkdir "$to.new"
		(cd "$from" && cp -a --parents "$@" "$to.new")
	fi
	rm -f "$to.new"/.vmalloc-*
	# The commands that objtool was built by name its folder. If they named
	# another one, it would be built anew, and everything it works on.
	if [ -d "$to.new/tools" ]; then
		{ grep -rlIZF --include='.*.cmd' "$from/" "$to.new/tools" || true; } |
			xargs -0 -r sed -i "s|$from/|$to/|g"
	fi
	mv "$to.new" "$to"
}

# Print the rows of the table $1, fields separated by "|" alone.
rows()
{
	sed 's/#.*//; /^[[:space:]]*$/d; s/[[:space:]]*|[[:space:]]*/|/g; s/^ *//; s/ *$//' "$1"
}

# The repository's files, committed or not, that match any of the patterns.
sources()
{
	git -C "$ROOT" ls-files -co --exclude-standard -- "$@" | sort -u |
		while read -r file; do
			[ ! -f "$ROOT/$file" ] || say "$file"
		done
}

# Print the object of each source file of ours that the configuration $1 builds.
objects()
{
	local config=$1 file

	(cd "$ROOT" && sources 'mm/vmalloc/*.c' 'lib/*vmalloc_*.c') | while read -r file; do
		case $file in
		mm/vmalloc/debugfs.c | mm/vmalloc/stats.c) grep -q '^CONFIG_DEBUG_FS=y' "$config" || continue ;;
		mm/vmalloc/debug.c) grep -q '^CONFIG_DEBUG_VMALLOC=y' "$config" || continue ;;
		mm/vmalloc/dump.c) grep -q '^CONFIG_PRINTK=y' "$config" || continue ;;
		mm/vmalloc/percpu.c) grep -q '^CONFIG_SMP=y' "$config" || continue ;;
		mm/vmalloc/tables.c | mm/vmalloc/trim.c) grep -q '^CONFIG_VMALLOC_ORDERED_TRIM=y' "$config" || continue ;;
		mm/vmalloc/proc.c) grep -q '^CONFIG_PROC_FS=y' "$config" || continue ;;
		mm/vmalloc/tests/trim_kunit.c)
			grep -q '^CONFIG_VMALLOC_ORDERED_TRIM=y' "$config" &&
				grep -q '^CONFIG_VMALLOC_ORDERED_KUNIT_TEST=y' "$config" ||
				continue ;;
		mm/vmalloc/tests/*) grep -q '^CONFIG_VMALLOC_ORDERED_KUNIT_TEST=y' "$config" || continue ;;
		lib/vmalloc_kunit*) grep -q '^CONFIG_VMALLOC_KUNIT_TEST=' "$config" || continue ;;
		lib/test_vmalloc_ordered*) grep -q '^CONFIG_TEST_VMALLOC_ORDERED=y' "$config" || continue ;;
		lib/vmalloc_bench_*) grep -q '^CONFIG_VMALLOC_BENCH=y' "$config" || continue ;;
		lib/vmalloc_scale.c) grep -q '^CONFIG_VMALLOC_SCALE=y' "$config" || continue ;;
		lib/vmalloc_bench*) grep -q '^CONFIG_VMALLOC_BENCH=' "$config" || continue ;;
		esac
		say "${file%.c}.o"
	done
}

# Each symbol that the fragment $1 sets is so in the configuration $2, each
# that it unsets is off there and known to the tree.
check_config()
{
	local fragment=$1 config=$2 line name lost=0

	while read -r line; do
		case $line in
		CONFIG_*)
			if ! grep -qxF -- "$line" "$config"; then
				name=${line%%=*}
				say "lost: $line (there: $(grep -E "^(# )?$name[ =]" "$config" || say 'no such symbol, or not offered'))"
				lost=$((lost + 1))
			fi
			;;
		*)
			name=${line#\# }
			name=${name% is not set}
			if grep -q "^$name=" "$config"; then
				say "lost: $line (there: $(grep "^$name=" "$config"))"
				lost=$((lost + 1))
			elif ! grep -qxF -- "$line" "$config" &&
			     ! grep -rqE "^[[:space:]]*(menu)?config ${name#CONFIG_}\$" \
					--include='Kconfig*' "$TREE"; then
				say "lost: $line (no such symbol)"
				lost=$((lost + 1))
			fi
			;;
		esac
	done <"$fragment"
	if [ "$lost" -gt 0 ]; then
		say "$lost requested symbols did not survive allnoconfig"
		return 1
	fi
}

# Print what is wrong in checkpatch.pl's output $1, which is all but its mere
# remarks and what checkpatch.txt, or that of the base, gives a reason for. With
# $2, an entry there that was not needed is wrong, too.
judge_style()
{
	local allowed=$1.allowed

	awk '!/^#/ && NF { if (NF < 3) { print "no reason:", $0 > "/dev/stderr"; exit 1 }
		print $1 " " $2 }' "$HERE/checkpatch.txt" \
		$(find "$BASE_DIR" -maxdepth 1 -name checkpatch.txt) >"$allowed"
	awk -v allowed="$allowed" -v all="${2:-}" '
	BEGIN { while ((getline line <allowed) > 0) ok[line] = 0 }
	/: CHECK:/ { next }
	match($0, /: (ERROR|WARNING):[A-Z0-9_]+:/) {
		split($0, part, ":")
		split(substr($0, RSTART), type, ":")
		key = part[1] " " type[3]
		if (key in ok) { ok[key]++; next }
	}
	{ print; bad = 1 }
	END {
		for (key in ok)
			if (all && !ok[key]) { print "checkpatch.txt: not needed: " key; bad = 1 }
		exit bad
	}' "$1"
}

# steps LABEL LOG PATTERN TOTAL COMMAND...: the same as steps_of, and if it fails
# the end of the log.
steps()
{
	local status=0 began=$SECONDS

	steps_of "$@" || status=$?
	if [ "$status" -ne 0 ]; then
		say "$1: failed after $((SECONDS - began)) s; the end of ${2#"$ROOT"/}:"
		grep -vE '^  [A-Z]' "$2" | grep -E 'rror|undefined' | head -n 20 || true
		tail -n 5 "$2"
	fi
	return "$status"
}

# steps_of LABEL LOG PATTERN TOTAL COMMAND...: run COMMAND with its output in LOG,
# and show how many of its lines match PATTERN: on one line that is written
# over on a terminal, every half minute elsewhere. TOTAL, when it is not 0, is
# about how many there will be.
steps_of()
{
	local label=$1 log=$2 pattern=$3 total=$4 began=$SECONDS shown=$SECONDS
	local pid status=0 of='' line
	shift 4

	if [ "$total" -gt 0 ]; then
		of=" of about $total"
	fi
	# A process group of its own, so that all of it ends with this script.
	set -m
	"$@" >"$log" 2>&1 9>&- </dev/null &
	set +m
	pid=$!
	# shellcheck disable=SC2064
	trap "kill -- -$pid 2>/dev/null || true" EXIT
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		line="$label: $(grep -cE "$pattern" "$log" || true)$of, $((SECONDS - began)) s"
		if [ -t 1 ]; then
			printf '\r%s\033[K' "$line"
		elif [ $((SECONDS - shown)) -ge 30 ]; then
			say "$line"
			shown=$SECONDS
		fi
	done
	wait "$pid" || status=$?
	trap - EXIT
	if [ -t 1 ]; then
		printf '\r\033[K'
	fi
	[ "$status" -eq 0 ] || return "$status"
	say "$label: done, $(grep -cE "$pattern" "$log" || true) steps in $((SECONDS - began)) s"
}
