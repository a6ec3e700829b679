// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has been counted since boot, or since somebody has set it to 0: see
 * debugfs.c. Counted once a drain, a batch or a chunk, never once an area.
 */

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/kernel.h>

#include "internal.h"

static const char * const names[] = {
	[VMAP_STAT_DRAINS]		= "drains",
	[VMAP_STAT_AREAS]		= "drained_areas",
	[VMAP_STAT_RANGES]		= "drained_ranges",
	[VMAP_STAT_PAGES]		= "drained_pages",
	[VMAP_STAT_FLUSHES]		= "flushes",
	[VMAP_STAT_FLUSHED_PAGES]	= "flushed_pages",
	[VMAP_STAT_BATCHES]		= "batches",
	[VMAP_STAT_HELPED]		= "batches_by_producers",
	[VMAP_STAT_HOLD_NS]		= "longest_hold_ns",
	[VMAP_STAT_HOLD_RANGES]		= "longest_hold_ranges",
	[VMAP_STAT_LEASED]		= "chunks_leased",
	[VMAP_STAT_RETURNED]		= "chunks_returned",
	[VMAP_STAT_TABLES]		= "page_tables_freed",
};
static_assert(ARRAY_SIZE(names) == VMAP_STATS);

static atomic_long_t stats[VMAP_STATS];

/**
 * vmap_stat_add - count something
 * @stat: what
 * @nr: how often
 */
void vmap_stat_add(enum vmap_stat stat, unsigned long nr)
{
	atomic_long_add(nr, &stats[stat]);
}

static void raise(enum vmap_stat stat, long value)
{
	long old = atomic_long_read(&stats[stat]);

	while (value > old &&
	       !atomic_long_try_cmpxchg_relaxed(&stats[stat], &old, value))
		;
}

/**
 * vmap_stat_hold - tell for how long a lock was held
 * @ranges: how many ranges were made free meanwhile
 * @ns: nanoseconds
 */
void vmap_stat_hold(unsigned int ranges, u64 ns)
{
	raise(VMAP_STAT_HOLD_RANGES, ranges);
	raise(VMAP_STAT_HOLD_NS, ns);
}

/**
 * vmap_stat_name - tell the name of a counter
 * @stat: it
 *
 * Return: the name.
 */
const char *vmap_stat_name(enum vmap_stat stat)
{
	return names[stat];
}

/**
 * vmap_stat_read - read a counter
 * @stat: it
 *
 * Return: its value.
 */
unsigned long vmap_stat_read(enum vmap_stat stat)
{
	return atomic_long_read(&stats[stat]);
}

/**
 * vmap_stats_reset - set all counters to 0
 *
 * What is counted meanwhile is in some and not in others.
 */
void vmap_stats_reset(void)
{
	enum vmap_stat stat;

	for (stat = 0; stat < VMAP_STATS; stat++)
		atomic_long_set(&stats[stat], 0);
}
