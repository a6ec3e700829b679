/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the black-box suites have to know of the kernel around them. Who lays
 * them into a tree where it is otherwise includes a header with the same guard
 * ahead of this one.
 */
#ifndef _LIB_VMALLOC_KUNIT_TREE_H
#define _LIB_VMALLOC_KUNIT_TREE_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/vmstat.h>

/*
 * The pages of vmalloc(), with what each CPU has not added to the sum yet. While
 * one does so, they are not in its own part any more and not in the sum yet. The
 * sum alone may be negative, which global_node_page_state() hides.
 */
static inline unsigned long vmk_counted_pages(void)
{
	long nr = atomic_long_read(&vm_node_stat[NR_VMALLOC]);
	struct pglist_data *pgdat;
	int cpu;

	for_each_online_pgdat(pgdat) {
		for_each_online_cpu(cpu) {
			struct per_cpu_nodestat *own;

			own = per_cpu_ptr(pgdat->per_cpu_nodestats, cpu);
			nr += READ_ONCE(own->vm_node_stat_diff[NR_VMALLOC]);
		}
	}
	return nr;
}

/*
 * Cases that the vmalloc of this kernel cannot pass, and what it does in them:
 * mm/vmalloc.c, if it is that one. Where it stops the machine, or loses something, a
 * replacement has to warn and return.
 */
struct vmk_fault {
	const char *test_case;
	const char *does;
};

static const struct vmk_fault vmk_faults[] __maybe_unused = {
#ifndef CONFIG_VMALLOC_ORDERED
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
	{ "requests_in_hard_interrupts_are_refused", "BUGs" },
	{ "requests_in_soft_interrupts_are_refused",
	  "takes locks that it also takes with softirqs on" },
	{ "what_may_not_fail_fails_if_it_may_not_sleep", "sleeps for ever" },
#endif
	{ }
};

#endif /* _LIB_VMALLOC_KUNIT_TREE_H */
