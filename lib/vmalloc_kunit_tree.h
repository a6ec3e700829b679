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

/* What the vmalloc of this kernel cannot pass beside what no mm/vmalloc.c can. */
#define VMK_TREE_FAULTS

#endif /* _LIB_VMALLOC_KUNIT_TREE_H */
