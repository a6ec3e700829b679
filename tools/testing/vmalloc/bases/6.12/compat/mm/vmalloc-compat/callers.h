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

#endif /* _VMALLOC_COMPAT_CALLERS_H */
