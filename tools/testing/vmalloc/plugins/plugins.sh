# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Build the plugins, find in a kernel what they are told, and run guests under one.
# Sourced, never run, after ../common.sh and ../qemu/guests.sh.

PLUGINS=$HERE/plugins
# Operations of each workload of a guest that takes turns: so many rounds of all
# CPUs, but no fewer than these, so that a drain every 32 rounds is among them.
SCALE_OPERATIONS=1024
SCALE_LEAST_ROUNDS=64
SCALE_MEM_MIB=1024
# Many times what 64 CPUs take.
SCALE_TIMEOUT=3000
# What lib/vmalloc_scale.c calls, to be seen.
SCALE_MARKS='watch begin end enter leave'

# Print the interface that a plugin has to be of: QEMU 9 ended the first one, and
# 9.1 the second.
plugin_interface()
{
	local version

	version=$(qemu-system-x86_64 --version |
		sed -n '1s/.* version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	[ "$version" ] || die 'qemu-system-x86_64 does not say which version it is'
	case $version in
	[1-8]\ *) say 1 ;;
	9\ 0) say 2 ;;
	*) say 3 ;;
	esac
}

# Put the plugin $1 into build/plugins.
build_plugin()
{
	mkdir -p "$SHARED/plugins"
	gcc -O2 -Wall -Wextra -Wno-unused-parameter -shared -fPIC -fvisibility=hidden \
		-DPLUGIN_VERSION="$(plugin_interface)" -o "$SHARED/plugins/$1.so" "$PLUGINS/$1.c"
}

# Print where the kernel of folder $1 has its function $2.
function_at()
{
	local addr

	addr=$(awk -v name="$2" '$3 == name { print $1 }' "$1/System.map")
	[[ $addr =~ ^[0-9a-f]+$ ]] || die "${1#"$ROOT"/} has no function $2, or many"
	say "$addr"
}

# Print the functions of the kernel $1 that take or release a lock, as ranges.
lock_ranges()
{
	sort "$1/System.map" | awk '
	$2 !~ /^[tT]$/ { next }
	kind != "" && $1 != from { printf ",%s=%s-%s", kind, from, $1; kind = "" }
	$3 ~ /^_raw_(spin|read|write)_(try|un)?lock/ || $3 ~ /^mutex_(try|un)?lock$/ {
		kind = $3 ~ /unlock/ ? "unlock" : "lock"
		from = $1
	}'
}

# Print the options of the plugin for the kernel $1 on $2 CPUs, which writes to $3.
plugin_options()
{
	local obj=$1 cpus=$2 out=$3 mark addr

	printf 'out=%s,cpus=%s,ram=%s' "$out" "$cpus" "$SCALE_MEM_MIB"
	for mark in $SCALE_MARKS; do
		addr=$(function_at "$obj" "scale_$mark") || return
		printf ',%s=%s' "$mark" "$addr"
	done
	awk '$3 ~ /^asm_(sysvec_.*|common_interrupt|spurious_interrupt|exc_nmi)$/ {
		printf ",interrupt=%s", $1
	}' "$obj/System.map"
	lock_ranges "$obj"
}

# scale_guest NAME IMPL CPUS: start a guest whose CPUs take turns, and are counted.
# Not by instructions executed: 64 CPUs had not booted so after 500 s.
scale_guest()
{
	local name=$1 impl=$2 cpus=$3 obj=$BUILD/bench-$2 options='' rounds

	rounds=$((SCALE_OPERATIONS / cpus))
	[ "$rounds" -ge "$SCALE_LEAST_ROUNDS" ] || rounds=$SCALE_LEAST_ROUNDS
	# Who only asks for the names of guests may have no kernel.
	if [ -e "$obj/System.map" ]; then
		options=$(plugin_options "$obj" "$cpus" "$RESULTS_DIR/$name") || exit 1
	fi
	ACCEL=tcg guest "$name" --profile bench --impl "$impl" --scenario scale \
		--smp "$cpus" --mem "${SCALE_MEM_MIB}M" --timeout "$SCALE_TIMEOUT" \
		--append "nokaslr vmrounds=$rounds" \
		--plugin "$SHARED/plugins/transfers.so,$options"
}

# Print what that guest has left, as the tool "transfers" takes it.
scale_counted()
{
	say "$2:$3:$BUILD/bench-$2/System.map:$RESULTS_DIR/$1.results:$RESULTS_DIR/$1"
}
