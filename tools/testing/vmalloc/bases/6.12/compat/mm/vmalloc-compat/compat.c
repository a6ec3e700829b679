// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this kernel calls of vmalloc, and later ones have no more.
 */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/percpu.h>

#include "compat.h"

#undef pcpu_get_vm_areas
#undef vmap_pages_range_noflush

DEFINE_PER_CPU(long, vmalloc_pages);

/**
 * vmalloc_nr_pages - count the pages that vmalloc() has given out
 *
 * Context: Any context.
 * Return: the number of pages, without those that callers of vmap() own.
 */
unsigned long vmalloc_nr_pages(void)
{
	long nr = 0;
	int cpu;

	/* One CPU's may be negative: it has freed what another one has got. */
	for_each_possible_cpu(cpu)
		nr += READ_ONCE(per_cpu(vmalloc_pages, cpu));
	return max(nr, 0L);
}

/**
 * vmalloc_huge - allocate memory, preferably in huge pages
 * @size: bytes
 * @gfp_mask: how pages may be got
 *
 * Context: See vmalloc_huge_node().
 * Return: the address, to be given to vfree(), or %NULL.
 */
void *vmalloc_huge_noprof(unsigned long size, gfp_t gfp_mask)
{
	return __vmalloc_node_range_noprof(size, 1, VMALLOC_START, VMALLOC_END,
					   gfp_mask, PAGE_KERNEL,
					   VM_ALLOW_HUGE_VMAP, NUMA_NO_NODE,
					   __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(vmalloc_huge_noprof);

/**
 * vrealloc - resize memory from vmalloc(), which may move
 * @p: the memory, or %NULL to allocate some
 * @size: new size in bytes; 0 frees it
 * @flags: how pages may be got
 *
 * Context: See vrealloc_node_align().
 * Return: the address, or %NULL.
 */
void *vrealloc_noprof(const void *p, size_t size, gfp_t flags)
{
	return vrealloc_node_align_noprof(p, size, 1, flags, NUMA_NO_NODE);
}

/**
 * vmap_pages_range_noflush - map pages
 * @start: first address of the range
 * @end: end of the range
 * @prot: protection
 * @pages: a page for each PAGE_SIZE of the range
 * @page_shift: each 1 << @page_shift bytes of @pages are physically contiguous
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int vmap_pages_range_noflush(unsigned long start, unsigned long end,
			     pgprot_t prot, struct page **pages,
			     unsigned int page_shift)
{
	return vmap_pages_range_noflush_gfp(start, end, prot, pages,
					    page_shift, GFP_KERNEL);
}

#ifdef CONFIG_SMP
/**
 * pcpu_get_vm_areas - make areas at given offsets from each other
 * @offsets: where each area starts, from a common base
 * @sizes: bytes in each area
 * @nr_vms: how many
 * @align: alignment of the base and of all of the above
 *
 * Context: process; may sleep.
 * Return: an array of the areas, to be freed by pcpu_free_vm_areas(), or NULL.
 */
struct vm_struct **pcpu_get_vm_areas(const unsigned long *offsets,
				     const size_t *sizes, int nr_vms,
				     size_t align)
{
	return pcpu_get_vm_areas_gfp(offsets, sizes, nr_vms, align, GFP_KERNEL);
}
#endif
