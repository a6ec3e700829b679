# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# Linux 6.12, as the scripts are told of it; sourced by common.sh.

# Where Debian may have the source, as the package linux-source-6.12: whose archive,
# by its label in the host's own lists, and the suite.
SUITES='Debian:bookworm-backports Debian:bookworm-proposed-updates
	Debian:trixie Debian:trixie-proposed-updates
	Debian-Security:bookworm-security Debian-Security:trixie-security'
# It is in Debian 12 and 13 and so is installed with the other packages.
INSTALLED=y
# What preempt= may ask a kernel with PREEMPT_DYNAMIC for, beside full.
MODELS='voluntary none'
# The kselftests that mm/vmalloc.c does not pass: it has no knobs, and cannot read
# all that vm_map_ram() maps.
STOCK_FAILS=knobs,stats,kcore.what_vm_map_ram_maps_is_read
# The kselftests that have nothing to try there.
SELFTEST_SKIPS=''
# The most instructions that a drain may take for an area between free ranges: what was
# measured, and a little more. 150 is aimed at.
DRAIN_BOTH_MOST=160
# How many files it is about.
FILES=92400
