# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# Linux 7.3, as the scripts are told of it; sourced by common.sh.

# Where Debian has the source, as the package linux-source-7.3: whose archive, by
# its label in the host's own lists, and the suite. Neither Debian 12 nor 13 is to
# have it installed, so that make tree fetches it.
SUITES='Debian:trixie-backports'
INSTALLED=''
# What preempt= may ask a kernel with PREEMPT_DYNAMIC for, beside full.
MODELS='lazy'
# The kselftests that mm/vmalloc.c does not pass: it has no knobs, and cannot read
# all that vm_map_ram() maps.
STOCK_FAILS=knobs,stats,kcore.what_vm_map_ram_maps_is_read
# The kselftests that have nothing to try there: executable memory stays in areas of
# 2 MB when a module goes.
SELFTEST_SKIPS=freed.code_is_not_readable
# The most instructions that a drain may take for an area between free ranges: what was
# measured, and a little more. 150 is aimed at.
DRAIN_BOTH_MOST=160
# How many files it is about.
FILES=102300
