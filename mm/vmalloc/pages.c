// SPDX-License-Identifier: GPL-2.0-only
/*
 * The physical pages of an area: getting, counting and giving them back.
 *
 * An area keeps its pages in vm_struct.pages, one for each PAGE_SIZE however
 * large the blocks were that the page allocator gave out. The array itself is
 * the business of alloc.c, which is also the only caller. No locks: the pages
 * of an area belong to whoever fills or frees it.
 */
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/set_memory.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "internal.h"

/*
 * Pages asked for in one call: the page allocator keeps preemption off while
 * it collects them, some 10 us for this many, and more of them would hardly
 * make a page any cheaper.
 */
#define PAGES_PER_CALL	100UL

/* Whether two pages are of one node, and charged to one cgroup if to any. */
static bool counted_alike(const struct page *a, const struct page *b)
{
#ifdef CONFIG_MEMCG
	if (a->memcg_data != b->memcg_data)
		return false;
#endif
	/* In a word with flags that others change; it stays. */
	return data_race(page_to_nid(a)) == data_race(page_to_nid(b));
}

/*
 * Add @sign pages for each of @pages to what is used of its node and cgroup: once
 * for all that stand together, which most often are all there are.
 */
static void count_pages(struct page **pages, unsigned long nr, int sign)
{
	unsigned long first, n;

	for (first = 0; first < nr; first = n) {
		n = first + 1;
		while (n < nr && counted_alike(pages[first], pages[n]))
			n++;
		mod_lruvec_page_state(pages[first], NR_VMALLOC,
				      sign * (int)(n - first));
	}
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

static void add_block(struct page **pages, struct page *page,
		      unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 1U << order; i++)
		pages[i] = page + i;
}

/*
 * The largest blocks that are asked for before pages are. They are cheaper, if
 * what stands together is given back together as well.
 */
#ifndef VMALLOC_LARGE_ORDER
#define VMALLOC_LARGE_ORDER	MAX_PAGE_ORDER
#endif

/*
 * Blocks above @order, the largest first, as far as they are to be had without
 * effort: a size that was refused is not asked for again. Returns how many pages
 * there are in them.
 */
static unsigned long get_large_blocks(struct page **pages, unsigned long nr,
				      unsigned int order, int node, gfp_t gfp)
{
	bool may_wait = gfpflags_allow_blocking(gfp);
	unsigned int large = VMALLOC_LARGE_ORDER;
	unsigned long got = 0;
	struct page *page;

	gfp &= ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL);
	while (got < nr) {
		large = min_t(unsigned int, large, ilog2(nr - got));
		if (large <= order)
			break;
		page = get_block(large, node, gfp);
		if (!page) {
			large--;
			continue;
		}
		add_block(pages + got, page, large);
		got += 1UL << large;
		if (may_wait)
			cond_resched();
	}
	return got;
}

/*
 * Without a node, the task's memory policy decides for each page. May come
 * back early with fewer pages, if they are not to be had the quick way.
 */
static unsigned long get_pages_quickly(struct page **pages, unsigned long nr,
				       int node, gfp_t gfp)
{
	bool may_wait = gfpflags_allow_blocking(gfp);
	unsigned long got = 0;
	unsigned long want, n;

	do {
		want = min(PAGES_PER_CALL, nr - got);
		if (IS_ENABLED(CONFIG_NUMA) && node == NUMA_NO_NODE)
			n = alloc_pages_bulk_mempolicy_noprof(gfp, want,
							      pages + got);
		else
			n = alloc_pages_bulk_node_noprof(gfp, node, want,
							 pages + got);
		got += n;
		if (may_wait)
			cond_resched();
	} while (n == want && got < nr);
	return got;
}

/**
 * vmalloc_pages_get - get the pages of an area
 * @vm: the area; its array @vm->pages is zeroed
 * @nr: how many pages, a multiple of 1 << @order
 * @order: size of the physically contiguous blocks they have to come in
 * @node: where they shall be, or %NUMA_NO_NODE
 * @gfp: how they may be got
 *
 * Leaves their number in @vm->nr_pages. Complains about nothing. A task about
 * to be killed gets no more than what the page allocator has at hand.
 *
 * Context: Process context; sleeps if @gfp allows it.
 * Return: whether @vm has got all of them. If not, vmalloc_pages_put() gives
 * back those it has.
 */
bool vmalloc_pages_get(struct vm_struct *vm, unsigned long nr,
		       unsigned int order, int node, gfp_t gfp)
{
	bool may_wait = gfpflags_allow_blocking(gfp);
	struct page **pages = vm->pages;
	unsigned long got = 0;
	struct page *page;

	gfp |= __GFP_NOWARN;
	/* Large blocks are not worth killing for: the caller tries smaller. */
	if (order)
		gfp &= ~__GFP_NOFAIL;

	if (nr > 1)
		got = get_large_blocks(pages, nr, order, node, gfp);
	/* Of the rest, too, a task about to be killed gets what is at hand. */
	if (!order && nr > 1 && got < nr)
		got += get_pages_quickly(pages + got, nr - got, node, gfp);

	while (got < nr) {
		if ((got || order) && !(gfp & __GFP_NOFAIL) &&
		    fatal_signal_pending(current))
			break;
		page = get_block(order, node, gfp);
		if (!page)
			break;
		add_block(pages + got, page, order);
		got += 1UL << order;
		if (may_wait)
			cond_resched();
	}

	vm->nr_pages = got;
	count_pages(pages, got, 1);
	return got == nr;
}

/* Pages that somebody else has allocated: of whatever kind, or missing. */
static void put_foreign_pages(struct page **pages, unsigned long nr)
{
	for (; nr; nr--, pages++) {
		if (!WARN_ON_ONCE(!*pages))
			__free_page(*pages);
		cond_resched();
	}
}

/**
 * vmalloc_pages_put - give back pages of an area
 * @vm: the area, where nobody looks for these pages any more
 * @first: the first of them
 * @end: the one after the last of them
 *
 * With %VM_MAP_PUT_PAGES they are not vmalloc()'s own, and not counted. The
 * array goes on naming them.
 *
 * Context: Process context, may sleep.
 */
void vmalloc_pages_put(const struct vm_struct *vm, unsigned long first,
		       unsigned long end)
{
	struct page **pages = vm->pages + first;
	unsigned long nr = end - first;

	if (!nr)
		return;
	if (vm->flags & VM_MAP_PUT_PAGES) {
		put_foreign_pages(pages, nr);
		return;
	}
	count_pages(pages, nr, -1);
	free_pages_bulk(pages, nr);
}

static void set_direct_map(const struct vm_struct *vm,
			   int (*set)(struct page *page))
{
	unsigned long i;

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
	unsigned long i;

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
