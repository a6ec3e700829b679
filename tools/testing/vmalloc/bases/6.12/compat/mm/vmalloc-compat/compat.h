/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mm/vmalloc/ is written for later kernels. This is what it uses of them and
 * what this one has by another name, with another argument, or not at all; it
 * is included ahead of each file there. What this kernel calls of vmalloc and
 * later ones have no more is in compat.c.
 */
#ifndef _MM_VMALLOC_COMPAT_H
#define _MM_VMALLOC_COMPAT_H

#include <linux/gfp.h>
#include <linux/kmsan.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../vmalloc.h"

/* Under other names. */
#define alloc_pages_bulk_mempolicy_noprof	alloc_pages_bulk_array_mempolicy_noprof
#define alloc_pages_bulk_node_noprof		alloc_pages_bulk_array_node_noprof

/* With an argument more. The functions without it are in compat.c. */
struct vm_struct **pcpu_get_vm_areas_gfp(const unsigned long *offsets,
					 const size_t *sizes, int nr_vms,
					 size_t align, gfp_t gfp);
int __must_check vmap_pages_range_noflush_gfp(unsigned long start,
					      unsigned long end, pgprot_t prot,
					      struct page **pages,
					      unsigned int page_shift,
					      gfp_t gfp_mask);
#define pcpu_get_vm_areas		pcpu_get_vm_areas_gfp
#define vmap_pages_range_noflush	vmap_pages_range_noflush_gfp
#define kmsan_vmap_pages_range_noflush(start, end, prot, pages, shift, gfp) \
	kmsan_vmap_pages_range_noflush(start, end, prot, pages, shift)

/* Callers of __vmalloc() may still ask for any zone: no flag is refused. */
#define VMALLOC_GFP_MASK		((__force gfp_t)~0U)

/* Not at all. */
void *vmalloc_huge_node_noprof(unsigned long size, gfp_t gfp_mask, int node)
	__alloc_size(1);
void *__must_check vrealloc_node_align_noprof(const void *p, size_t size,
					      unsigned long align, gfp_t flags,
					      int nid) __realloc_size(2);
unsigned int memalloc_apply_gfp_scope(gfp_t gfp_mask);
void memalloc_restore_scope(unsigned int flags);

static inline void lazy_mmu_mode_enable(void)
{
}

static inline void lazy_mmu_mode_disable(void)
{
}

/* No architecture makes huge pages of several entries in areas of vmalloc(). */
#define arch_vmap_pte_range_unmap_size(addr, ptep)	PAGE_SIZE

/*
 * Pages are counted for all of the machine, and for a cgroup if they are charged
 * to it: not by node.
 */
#define NR_VMALLOC	0
/* Without SMP a macro. */
#undef mod_node_page_state
#define mod_lruvec_page_state(page, item, nr)	vmalloc_pages_count(page, nr)
#define mod_node_page_state(pgdat, item, nr)	this_cpu_add(vmalloc_pages, nr)

DECLARE_PER_CPU(long, vmalloc_pages);

static inline void vmalloc_pages_count(struct page *page, int nr)
{
	this_cpu_add(vmalloc_pages, nr);
#ifdef CONFIG_MEMCG
	if (page->memcg_data)
		mod_memcg_page_state(page, MEMCG_VMALLOC, nr);
#endif
}

#endif /* _MM_VMALLOC_COMPAT_H */
