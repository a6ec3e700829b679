/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of lib/ call and Linux 6.12 has not, or not so. Included ahead
 * of each of them, on the stock vmalloc as well as on the ordered one.
 */
#ifndef _VMALLOC_COMPAT_CALLERS_H
#define _VMALLOC_COMPAT_CALLERS_H

/* Some define it so ahead of their first header, which this one is now. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/vmalloc.h>

#define pcpu_get_vm_areas(offsets, sizes, nr, align, gfp)	\
	pcpu_get_vm_areas(offsets, sizes, nr, align)

static inline unsigned int compat_next_wrap(int n, const struct cpumask *mask)
{
	unsigned int next = cpumask_next(n, mask);

	return next < nr_cpu_ids ? next : cpumask_first(mask);
}

#define cpumask_next_wrap(n, mask)	compat_next_wrap(n, mask)

static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}

/* === lib/vmalloc_kunit_tree.h === */

#define _LIB_VMALLOC_KUNIT_TREE_H

/* An atomic counter: exact at any time. */
static inline unsigned long vmk_counted_pages(void)
{
	return vmalloc_nr_pages();
}

/* All that 6.12's mm/vmalloc.c cannot pass. */
static const struct {
	const char *test_case;
	const char *does;
} vmk_stock_faults[] __maybe_unused = {
	{ "an_uneven_window_yields_whole_pages",
	  "returns an unaligned area nobody can free" },
	{ "freeing_vm_map_ram_as_an_area_warns", "loses the area" },
	{ "vunmap_in_interrupt_context_changes_nothing", "BUGs" },
	{ "free_vm_area_wants_its_own_area", "BUGs" },
	{ "unmapping_impossible_ram_warns", "BUGs" },
	{ "unmapping_part_of_large_ram_warns", "unmaps all of it" },
	{ "empty_page_table_ranges_warn", "BUGs" },
	{ "percpu_groups_are_checked", "BUGs" },
	{ "vread_starts_inside_vm_map_ram", "reads the mapping's first page" },
};

#endif /* _VMALLOC_COMPAT_CALLERS_H */
