/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of lib/ call and Linux 6.12 has not, or not so. Included ahead
 * of each of them, on the stock vmalloc as well as on the ordered one.
 */
#ifndef _VMALLOC_COMPAT_CALLERS_H
#define _VMALLOC_COMPAT_CALLERS_H

/* Some define it so ahead of their first header, which this one is now. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hrtimer.h>
#include <linux/numa.h>
#include <linux/vmalloc.h>

static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}

/* All of it is writable at first. */
#define execmem_alloc_rw	execmem_alloc

#ifdef CONFIG_VMALLOC_ORDERED

/* mm/vmalloc/ has these functions, and no header here declares them. */
struct vm_struct **pcpu_get_vm_areas_gfp(const unsigned long *offsets,
					 const size_t *sizes, int nr_vms,
					 size_t align, gfp_t gfp);
void *vmalloc_huge_node_noprof(unsigned long size, gfp_t gfp_mask, int node)
	__alloc_size(1);
void *__must_check vrealloc_node_align_noprof(const void *p, size_t size,
					      unsigned long align, gfp_t flags,
					      int nid) __realloc_size(2);
int vmap_pages_range(unsigned long start, unsigned long end, pgprot_t prot,
		     struct page **pages, unsigned int page_shift);
unsigned int memalloc_apply_gfp_scope(gfp_t gfp_mask);
void memalloc_restore_scope(unsigned int flags);

#define pcpu_get_vm_areas		pcpu_get_vm_areas_gfp
#define vmalloc_huge_node(...)		\
	alloc_hooks(vmalloc_huge_node_noprof(__VA_ARGS__))
#define vrealloc_node_align(...)	\
	alloc_hooks(vrealloc_node_align_noprof(__VA_ARGS__))

#else

/* As far as mm/vmalloc.c can. The cases that need more are in the table below. */
#define vmalloc_huge_node(size, gfp, node)				\
	__vmalloc_node_range(size, 1, VMALLOC_START, VMALLOC_END, gfp,	\
			     PAGE_KERNEL, VM_ALLOW_HUGE_VMAP, node,	\
			     __builtin_return_address(0))

#ifdef CONFIG_SMP
static inline struct vm_struct **
compat_get_vm_areas(const unsigned long *offsets, const size_t *sizes,
		    int nr_vms, size_t align, gfp_t gfp)
{
	return pcpu_get_vm_areas(offsets, sizes, nr_vms, align);
}

#define pcpu_get_vm_areas	compat_get_vm_areas
#endif

static inline void *vrealloc_node_align(const void *p, size_t size,
					unsigned long align, gfp_t flags,
					int nid)
{
	return vrealloc(p, size, flags);
}

static inline int vmap_pages_range(unsigned long start, unsigned long end,
				   pgprot_t prot, struct page **pages,
				   unsigned int page_shift)
{
	return -EOPNOTSUPP;
}

static inline unsigned int memalloc_apply_gfp_scope(gfp_t gfp_mask)
{
	return 0;
}

static inline void memalloc_restore_scope(unsigned int flags)
{
}

#endif

/* === lib/vmalloc_kunit_tree.h === */

#define _LIB_VMALLOC_KUNIT_TREE_H

/* An atomic counter: exact at any time. */
static inline unsigned long vmk_counted_pages(void)
{
	return vmalloc_nr_pages();
}

/*
 * No flag of __vmalloc() is refused, so that who still passes zones is not warned of.
 * With the ordered vmalloc, page tables are got without reclaim, and nothing sleeps;
 * but might_alloc() goes by the flags alone here, whatever scope the task is in.
 */
#if !defined(CONFIG_VMALLOC_ORDERED)
#define VMK_TREE_FAULTS \
	{ "other_flags_are_warned_of_and_left_out", "takes any flag" }, \
	{ "who_may_not_sleep_is_served", "sleeps, or BUGs with BH off" }, \
	{ "a_full_window_is_no_reason_to_sleep", "sleeps, or BUGs with BH off" }, \
	{ "a_scope_stands_for_the_flags", "has no such scope" }, \
	{ "nothing_does_more_than_the_request_allows", \
	  "gets page tables by GFP_KERNEL" }, \
	{ "percpu_areas_heed_the_flags", "is not told of flags for them" }, \
	{ "the_event_says_why_a_request_failed", "gives the window's end" }, \
	{ "areas_are_filled_by_hand", "has no function for that" }, \
	{ "nothing_is_resized_to_new_memory", "is not told of an alignment" }, \
	{ "memory_that_moves_stays_aligned", "is not told of an alignment" }, \
	{ "a_larger_alignment_is_refused", "is not told of an alignment" }, \
	{ "memory_moves_to_the_node_it_must_be_on", "is not told of a node" }, \
	{ "what_is_cut_off_is_given_back", "keeps it" }, \
	{ "memory_shrinks_page_by_page", "keeps all pages" }, \
	{ "regrown_memory_is_zeroed", "keeps all pages" }, \
	{ "what_was_given_back_has_to_be_got_again", "keeps all pages" },
#elif defined(CONFIG_DEBUG_ATOMIC_SLEEP)
#define VMK_TREE_FAULTS \
	{ "other_flags_are_warned_of_and_left_out", "takes any flag" }, \
	{ "who_may_not_sleep_is_served", \
	  "is complained of where a page table is missing" }, \
	{ "a_full_window_is_no_reason_to_sleep", \
	  "is complained of where a page table is missing" },
#else
#define VMK_TREE_FAULTS \
	{ "other_flags_are_warned_of_and_left_out", "takes any flag" },
#endif

#endif /* _VMALLOC_COMPAT_CALLERS_H */
