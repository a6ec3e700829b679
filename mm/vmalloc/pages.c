// SPDX-License-Identifier: GPL-2.0-only
/*
 * The physical pages of an area: getting, counting and giving them back.
 *
 * An area keeps its pages in vm_struct.pages, one for each PAGE_SIZE however
 * large the blocks were that the page allocator gave out. The array itself is
 * the business of alloc.c, which is also the only caller. No locks: the pages
 * of an area belong to whoever fills or frees it.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/set_memory.h>
#include <linux/vmalloc.h>

#include "internal.h"

/*
 * Pages asked for in one call: the page allocator keeps preemption off while
 * it collects them, some 10 us for this many, and more of them would hardly
 * make a page any cheaper.
 */
#define PAGES_PER_CALL	100U

/* VmallocUsed of /proc/meminfo, in pages. */
static atomic_long_t nr_vmalloc_pages;

/**
 * vmalloc_nr_pages - count the pages that vmalloc() has given out
 *
 * Context: Any context.
 * Return: the number of pages, without those that callers of vmap() own.
 */
unsigned long vmalloc_nr_pages(void)
{
	return atomic_long_read(&nr_vmalloc_pages);
}

/*
 * Without a node, the task's memory policy decides for each page. May come
 * back early with fewer pages, if they are not to be had the quick way.
 */
static unsigned int get_pages_quickly(struct page **pages, unsigned int nr,
				      int node, gfp_t gfp)
{
	unsigned int got = 0;
	unsigned int want, n;

	do {
		want = min(PAGES_PER_CALL, nr - got);
		if (IS_ENABLED(CONFIG_NUMA) && node == NUMA_NO_NODE)
			n = alloc_pages_bulk_array_mempolicy_noprof(gfp, want,
								    pages + got);
		else
			n = alloc_pages_bulk_array_node_noprof(gfp, node, want,
							       pages + got);
		got += n;
		cond_resched();
	} while (n == want && got < nr);
	return got;
}

static struct page *get_block(unsigned int order, int node, gfp_t gfp)
{
	struct page *page;

	if (node == NUMA_NO_NODE)
		page = alloc_pages_noprof(gfp, order);
	else
		page = alloc_pages_node_noprof(node, gfp, order);

	/* Callers refcount, map and free the pages of a block one by one. */
	if (page && order)
		split_page(page, order);
	return page;
}

/**
 * vmalloc_pages_get - get the pages of an area
 * @vm: the area; its array @vm->pages is zeroed
 * @nr: how many pages, a multiple of 1 << @order
 * @order: size of the physically contiguous blocks they come in
 * @node: where they shall be, or %NUMA_NO_NODE
 * @gfp: how they may be got
 *
 * Leaves their number in @vm->nr_pages. Complains about nothing. A task about
 * to be killed gets no more than what the page allocator has at hand.
 *
 * Context: Process context, may sleep.
 * Return: whether @vm has got all of them. If not, vmalloc_pages_put() gives
 * back those it has.
 */
bool vmalloc_pages_get(struct vm_struct *vm, unsigned int nr,
		       unsigned int order, int node, gfp_t gfp)
{
	struct page **pages = vm->pages;
	struct page *page;
	unsigned int got = 0;
	unsigned int i;

	gfp |= __GFP_NOWARN;
	/* Large blocks are not worth killing for: the caller tries smaller. */
	if (order)
		gfp &= ~__GFP_NOFAIL;

	if (!order && nr > 1)
		got = get_pages_quickly(pages, nr, node, gfp);

	while (got < nr) {
		if ((got || order) && !(gfp & __GFP_NOFAIL) &&
		    fatal_signal_pending(current))
			break;
		page = get_block(order, node, gfp);
		if (!page)
			break;
		for (i = 0; i < 1U << order; i++)
			pages[got++] = page + i;
		cond_resched();
	}

	vm->nr_pages = got;
	atomic_long_add(got, &nr_vmalloc_pages);
	if (gfp & __GFP_ACCOUNT) {
		for (i = 0; i < got; i++)
			mod_memcg_page_state(pages[i], MEMCG_VMALLOC, 1);
	}
	return got == nr;
}

/**
 * vmalloc_pages_put - give back the pages of an area
 * @vm: the area, in no index any more
 *
 * With %VM_MAP_PUT_PAGES they are not vmalloc()'s own, and not counted.
 *
 * Context: Process context, may sleep.
 */
void vmalloc_pages_put(const struct vm_struct *vm)
{
	bool counted = !(vm->flags & VM_MAP_PUT_PAGES);
	unsigned int nr = vm->nr_pages;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct page *page = vm->pages[i];

		if (WARN_ON_ONCE(!page))
			continue;
		if (counted)
			mod_memcg_page_state(page, MEMCG_VMALLOC, -1);
		__free_page(page);
		cond_resched();
	}
	if (counted && nr)
		atomic_long_sub(nr, &nr_vmalloc_pages);
}

static void set_direct_map(const struct vm_struct *vm,
			   int (*set)(struct page *page))
{
	unsigned int i;

	/* Page by page: a huge mapping may be small ones in the direct map. */
	for (i = 0; i < vm->nr_pages; i++) {
		if (page_address(vm->pages[i]))
			set(vm->pages[i]);
	}
}

/**
 * vmalloc_pages_hide - make the pages of an area inaccessible in the direct map
 * @vm: the area, unmapped and in no index any more
 * @flush: the addresses of the pages in the direct map are added to it
 *
 * Pages of an area with %VM_FLUSH_RESET_PERMS may be read-only or missing in
 * the direct map, and executable in a mapping that only lingers in TLBs. They
 * must not be written to by a next owner before the latter is gone. So first
 * make them inaccessible, such that nothing about them gets into a TLB any
 * more, then flush both mappings, and only then open the direct map.
 *
 * Context: Process context, may sleep.
 */
void vmalloc_pages_hide(const struct vm_struct *vm, struct vmap_flush *flush)
{
	unsigned long block = PAGE_SIZE << vm_area_page_order(vm);
	unsigned int i;

	for (i = 0; i < vm->nr_pages; i += PFN_DOWN(block)) {
		unsigned long addr = (unsigned long)page_address(vm->pages[i]);

		if (addr)
			vmap_flush_add_direct(flush, addr, addr + block);
	}
	set_direct_map(vm, set_direct_map_invalid_noflush);
}

/**
 * vmalloc_pages_show - give the pages of an area back to the direct map
 * @vm: the area, after vmalloc_pages_hide() and the flush
 *
 * Context: Process context, may sleep.
 */
void vmalloc_pages_show(const struct vm_struct *vm)
{
	set_direct_map(vm, set_direct_map_default_noflush);
}
