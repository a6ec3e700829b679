// SPDX-License-Identifier: GPL-2.0-only
/*
 * The physical pages of an area: getting, counting and giving them back.
 *
 * An area keeps its pages in vm_struct.pages, one for each PAGE_SIZE however
 * large the blocks were that the page allocator gave out. The array itself is
 * the business of alloc.c, which is also the only caller. No locks: the pages
 * of an area belong to whoever fills or frees it.
 */
#include <linux/alloc_tag.h>
#include <linux/bug.h>
#include <linux/cpuset.h>
#include <linux/folio_batch.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/numa.h>
#include <linux/page-flags.h>
#include <linux/page_owner.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../page_alloc.h"
#include "internal.h"

/* === Counting === */

/**
 * struct tally - pages that are counted at one go
 * @page: one of them
 * @nr: how many
 *
 * All are of one node, and charged to one cgroup if to any, which most often all
 * pages of an area are.
 */
struct tally {
	struct page *page;
	long nr;
};

static bool is_charged(const struct page *page)
{
#ifdef CONFIG_MEMCG
	return page->memcg_data;
#else
	return false;
#endif
}

static int node_of(const struct page *page)
{
	/* In a word with flags that others change; it stays. */
	return data_race(page_to_nid(page));
}

static int zone_of(const struct page *page)
{
	/* The same. */
	return data_race(page_zonenum(page));
}

static bool counted_alike(const struct page *a, const struct page *b)
{
	/* First what is always looked at: the compiler then reads it once in a loop. */
	if (node_of(a) != node_of(b))
		return false;
#ifdef CONFIG_MEMCG
	return a->memcg_data == b->memcg_data;
#else
	return true;
#endif
}

/* How many of @pages, from the first on, are counted as it is. */
static unsigned long counted_together(struct page **pages, unsigned long nr)
{
	unsigned long n = 1;

	while (n < nr && counted_alike(pages[0], pages[n]))
		n++;
	return n;
}

/* @nr pages like @page are used more, of its node, and of its cgroup if it has one. */
static __always_inline void pages_used(struct page *page, long nr)
{
	if (unlikely(is_charged(page)))
		mod_lruvec_page_state(page, NR_VMALLOC, nr);
	else
		mod_node_page_state(NODE_DATA(node_of(page)), NR_VMALLOC, nr);
}

/* Add what @tally has to what is used of its node and cgroup. */
static void tally_count(const struct tally *tally)
{
	if (tally->nr)
		pages_used(tally->page, tally->nr);
}

/* @nr pages more, the first of them @page. */
static void tally_add(struct tally *tally, struct page *page, long nr)
{
	if (tally->nr && !counted_alike(tally->page, page)) {
		tally_count(tally);
		tally->nr = 0;
	}
	tally->page = page;
	tally->nr += nr;
}

static void tally_add_each(struct tally *tally, struct page **pages,
			   unsigned long nr)
{
	unsigned long i, n;

	for (i = 0; i < nr; i += n) {
		n = counted_together(pages + i, nr - i);
		tally_add(tally, pages[i], n);
	}
}

/* === Getting === */

/*
 * Pages asked for in one call: the page allocator keeps preemption off while
 * it collects them, some 10 us for this many, and more of them would hardly
 * make a page any cheaper.
 */
#define PAGES_PER_CALL	100UL

/*
 * But for so many bytes if it clears them, which it does meanwhile, too: some 10 us more
 * at 6 GB a second.
 */
#define BYTES_CLEARED	SZ_64K

/*
 * Blocks that pages are got in: up to the first of these orders the page
 * allocator has them on lists of each CPU. What is between the two would be taken
 * from the zone, under a lock that all CPUs share, and is not worth it; for one of
 * the second there are hundreds of pages.
 */
#define BLOCK_ORDER_SMALL	PAGE_ALLOC_COSTLY_ORDER

/*
 * A block is cleared, and its pages are looked at, in a row. So that is no more than 4
 * MiB, 22 bits, which a huge page has, or half of it, with pages of 4 KiB; with larger
 * ones it has 32 MiB or more, and is not asked for.
 */
#define BLOCK_ORDER_LARGE						\
	(PMD_SHIFT > 22 ? BLOCK_ORDER_SMALL :				\
			  (unsigned int)(PMD_SHIFT - PAGE_SHIFT))

/*
 * Where memory is fragmented, blocks are asked for in vain, which costs as much as
 * a few pages do. What a CPU was refused it does not ask for in so many requests.
 */
#define BLOCKS_PAUSE	128

/**
 * struct block_hint - what a CPU does not ask for
 * @most: the largest order that was not refused
 * @pause: for how many requests more that is heeded
 *
 * A hint: it does not matter if a task is moved to another CPU meanwhile. There is one
 * for memory of the CPU's node, and another for all that may be refused for a reason of
 * whoever asks: a cgroup at its limit, a zone, another node, a cpuset.
 */
struct block_hint {
	unsigned int most;
	unsigned int pause;
};

enum block_hint_of { BLOCKS_HERE, BLOCKS_ELSEWHERE, BLOCK_HINTS };

static DEFINE_PER_CPU(struct block_hint, block_hint[BLOCK_HINTS]);

static bool pages_have_owners(void)
{
#ifdef CONFIG_PAGE_OWNER
	return static_branch_unlikely(&page_owner_inited);
#else
	return false;
#endif
}

/* A task may want each page to be of another node. */
static bool policy_is_by_page(int node)
{
#ifdef CONFIG_NUMA
	return node == NUMA_NO_NODE && current->mempolicy;
#else
	return false;
#endif
}

static struct page *get_block(unsigned int order, int node, gfp_t gfp)
{
	struct page *page;

	/* Without a policy of its own, what a task gets is of its node first. */
	if (unlikely(policy_is_by_page(node)))
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

/* The order of the largest block in @nr pages that is asked for, up to @most. */
static unsigned int block_order(unsigned long nr, unsigned int most)
{
	unsigned int order = min_t(unsigned int, ilog2(nr), most);

	if (order > BLOCK_ORDER_SMALL)
		return order >= BLOCK_ORDER_LARGE ? BLOCK_ORDER_LARGE :
						    BLOCK_ORDER_SMALL;
	return order;
}

static enum block_hint_of block_hint_of(int node, gfp_t gfp)
{
	int here = numa_mem_id();

	if (gfp & (__GFP_ACCOUNT | GFP_DMA | GFP_DMA32) ||
	    (node != NUMA_NO_NODE && node != here))
		return BLOCKS_ELSEWHERE;
	/* Of a task that others may move: a hint, all of it. */
	return data_race(node_isset(here, cpuset_current_mems_allowed)) ?
	       BLOCKS_HERE : BLOCKS_ELSEWHERE;
}

/* The largest order that is worth to be asked for. */
static unsigned int block_order_most(enum block_hint_of of)
{
	unsigned int pause = this_cpu_read(block_hint[of].pause);

	if (likely(!pause))
		return MAX_PAGE_ORDER;
	this_cpu_write(block_hint[of].pause, pause - 1);
	return this_cpu_read(block_hint[of].most);
}

static void block_refused(enum block_hint_of of, unsigned int order)
{
	this_cpu_write(block_hint[of].most, order - 1);
	this_cpu_write(block_hint[of].pause, BLOCKS_PAUSE);
}

/* All of what is asked for there comes from other nodes, which is not complained of. */
static bool node_has_no_memory(int node)
{
	return node != NUMA_NO_NODE && !node_state(node, N_MEMORY);
}

/*
 * As many of the pages as are to be had in blocks without effort: nothing is
 * reclaimed or compacted for these, nobody is woken to, single pages of the node come
 * before blocks of others, and reserves are for others. Where owners of pages are
 * kept, who allocates like that is not listed.
 */
static unsigned long get_in_blocks(struct page **pages, unsigned long nr,
				   int node, gfp_t gfp, struct tally *tally)
{
	bool may_wait = gfpflags_allow_blocking(gfp);
	enum block_hint_of of = block_hint_of(node, gfp);
	unsigned int most = block_order_most(of);
	unsigned long got = 0;
	unsigned int order;
	struct page *page;

	/* Low memory is for others, as long as there are single pages above it. */
	if (IS_ENABLED(CONFIG_HIGHMEM) || !most ||
	    unlikely(policy_is_by_page(node) || node_has_no_memory(node)) ||
	    pages_have_owners())
		return 0;
	gfp &= ~(__GFP_RECLAIM | __GFP_NOFAIL | __GFP_HIGH);
	gfp |= __GFP_NOMEMALLOC | __GFP_THISNODE;
	while (got < nr) {
		order = block_order(nr - got, most);
		if (!order)
			break;
		page = get_block(order, node, gfp);
		if (unlikely(!page)) {
			most = order - 1;
			block_refused(of, order);
			continue;
		}
		add_block(pages + got, page, order);
		tally_add(tally, page, 1L << order);
		got += 1UL << order;
		if (may_wait)
			cond_resched();
	}
	return got;
}

/*
 * Without a node, the task's memory policy decides for each page. May come
 * back early with fewer pages, if they are not to be had the quick way.
 */
static unsigned long get_quickly(struct page **pages, unsigned long nr,
				 int node, gfp_t gfp, struct tally *tally)
{
	bool may_wait = gfpflags_allow_blocking(gfp);
	unsigned long most = want_init_on_alloc(gfp) ?
			     max(BYTES_CLEARED / PAGE_SIZE, 1UL) : PAGES_PER_CALL;
	unsigned long got = 0;
	unsigned long want, n;

	do {
		want = min(most, nr - got);
		if (IS_ENABLED(CONFIG_NUMA) && node == NUMA_NO_NODE)
			n = alloc_pages_bulk_mempolicy_noprof(gfp, want,
							      pages + got);
		else
			n = alloc_pages_bulk_node_noprof(gfp, node, want,
							 pages + got);
		tally_add_each(tally, pages + got, n);
		got += n;
		if (may_wait)
			cond_resched();
	} while (n == want && got < nr);
	return got;
}

/* Of most areas there are more of one page than of all others. */
static bool get_one(struct vm_struct *vm, int node, gfp_t gfp)
{
	struct page *page = get_block(0, node, gfp);

	vm->pages[0] = page;
	vm->nr_pages = page ? 1 : 0;
	if (page)
		pages_used(page, 1);
	return page;
}

/* Returns how many of @nr pages there are to be had, a multiple of 1 << @order. */
static unsigned long get_pages(struct page **pages, unsigned long nr,
			       unsigned int order, int node, gfp_t gfp)
{
	bool may_wait = gfpflags_allow_blocking(gfp);
	struct tally tally = { };
	unsigned long got = 0;
	struct page *page;

	/* Large blocks are not worth killing for: the caller tries smaller. */
	if (order)
		gfp &= ~__GFP_NOFAIL;

	if (!order) {
		got = get_in_blocks(pages, nr, node, gfp, &tally);
		if (nr - got > 1)
			got += get_quickly(pages + got, nr - got, node, gfp,
					   &tally);
	}
	while (got < nr) {
		if ((got || order) && !(gfp & __GFP_NOFAIL) &&
		    fatal_signal_pending(current))
			break;
		page = get_block(order, node, gfp);
		if (!page)
			break;
		add_block(pages + got, page, order);
		tally_add(&tally, page, 1L << order);
		got += 1UL << order;
		if (may_wait)
			cond_resched();
	}
	tally_count(&tally);
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
	gfp |= __GFP_NOWARN;
	if (nr == 1)
		return get_one(vm, node, gfp);
	vm->nr_pages = get_pages(vm->pages, nr, order, node, gfp);
	return vm->nr_pages == nr;
}

/* === Giving back === */

/* Single pages that are looked at, and then freed, at one go. */
#define RUN_MOST	512UL

/* Pages that somebody else has allocated: of whatever kind, or missing. */
static void put_foreign_pages(struct page **pages, unsigned long nr)
{
	for (; nr; nr--, pages++) {
		if (!WARN_ON_ONCE(!*pages))
			__free_page(*pages);
		cond_resched();
	}
}

/*
 * Whether @page is no different from others, as far as who frees it can tell. Users
 * of the memory may have left something in it, which goes when it is freed alone.
 */
static bool is_plain(const struct page *page)
{
	return !is_charged(page) && !PageHWPoison(page) &&
	       !page_private(page) && !page_has_type(page);
}

/*
 * The order of the block that @pages begin with and that can be freed as one; 0 if
 * there is none. It need not have been got as one. Where allocations are profiled, or
 * owners kept, each page is somebody's by itself.
 */
static unsigned int block_at(struct page **pages, unsigned long nr)
{
	struct page *first = pages[0], *last;
	unsigned int order, i;
	unsigned long pfn;

	if (nr < 2 || pages[1] != first + 1 ||
	    mem_alloc_profiling_enabled() || pages_have_owners())
		return 0;
	pfn = page_to_pfn(first);
	order = block_order(nr, pfn ? min(__ffs(pfn), MAX_PAGE_ORDER) :
				      MAX_PAGE_ORDER);
	if (order > BLOCK_ORDER_SMALL &&
	    pages[(1UL << order) - 1] != first + (1UL << order) - 1)
		order = BLOCK_ORDER_SMALL;
	for (i = 0; i < 1U << order; i++) {
		if (pages[i] != first + i || !is_plain(first + i))
			break;
	}
	if (i < 1U << order) {
		if (i < 2)
			return 0;
		order = ilog2(i);
	}
	/* A zone may end anywhere, and the same one of another node begin there. */
	last = first + (1U << order) - 1;
	return zone_of(first) == zone_of(last) &&
	       node_of(first) == node_of(last) ? order : 0;
}

/* Others may have references to some of the pages, which live on. */
static void put_block(struct page *page, unsigned int order)
{
	unsigned int nr = 1U << order, dead = 0, i;

	while (dead < nr && likely(put_page_testzero(page + dead)))
		dead++;
	if (likely(dead == nr)) {
		free_frozen_pages(page, order);
		return;
	}
	for (i = 0; i < dead; i++)
		free_frozen_pages(page + i, 0);
	for (i = dead + 1; i < nr; i++)
		__free_page(page + i);
}

/*
 * How many of @pages go one by one and are counted alike: up to where a block may
 * begin. In fragmented memory that is all of them, and to look at each is all that
 * blocks cost there.
 */
static unsigned long single_pages(struct page **pages, unsigned long nr)
{
	unsigned long n;

	for (n = 1; n < nr; n++) {
		/* It is the one before that a block may begin with. */
		if (pages[n] == pages[n - 1] + 1)
			return max(n - 1, 1UL);
		if (!counted_alike(pages[0], pages[n]))
			break;
	}
	return n;
}

/*
 * How many of @pages are counted and freed together: a block of @order, or single. With
 * so many of these it is the same if there are more, and others get their turn.
 */
static unsigned long run_at(struct page **pages, unsigned long nr,
			    unsigned int order)
{
	nr = min(nr, RUN_MOST);
	if (unlikely(is_charged(pages[0])))
		return counted_together(pages, nr);
	return order ? 1UL << order : single_pages(pages, nr);
}

/* One after the other, as many at a time as the page allocator takes at one go. */
static void put_singly(struct page **pages, unsigned long nr,
		       struct folio_batch *batch)
{
	for (; nr; nr--, pages++) {
		if (put_page_testzero(*pages) &&
		    !folio_batch_add(batch, page_folio(*pages))) {
			free_unref_folios(batch);
			cond_resched();
		}
	}
}

/* Of node @nid there are @nr pages less that nobody is charged for. */
static void count_plain(int nid, long nr)
{
	if (nr)
		mod_node_page_state(NODE_DATA(nid), NR_VMALLOC, -nr);
}

/*
 * What is charged is counted before it is freed, when its cgroup is still known;
 * of others their node is all that counts, and that stays.
 */
static noinline void put_pages(struct page **pages, unsigned long nr)
{
	struct folio_batch batch;
	int nid = NUMA_NO_NODE;
	unsigned long n, i;
	long plain = 0;

	folio_batch_init(&batch);
	for (i = 0; i < nr; i += n) {
		unsigned int order = block_at(pages + i, nr - i);
		struct page *page = pages[i];

		n = run_at(pages + i, nr - i, order);
		if (unlikely(is_charged(page))) {
			mod_lruvec_page_state(page, NR_VMALLOC, -(long)n);
		} else if (node_of(page) == nid) {
			plain += n;
		} else {
			count_plain(nid, plain);
			nid = node_of(page);
			plain = n;
		}
		if (order) {
			put_block(page, order);
			cond_resched();
		} else {
			put_singly(pages + i, n, &batch);
		}
	}
	count_plain(nid, plain);
	if (folio_batch_count(&batch))
		free_unref_folios(&batch);
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
	if (nr == 1) {
		pages_used(*pages, -1);
		__free_page(*pages);
		return;
	}
	put_pages(pages, nr);
}

/**
 * vmalloc_pages_add - get more pages of an area
 * @vm: the area; its array @vm->pages has room for them
 * @end: how many pages it is to have
 * @node: where they shall be, or %NUMA_NO_NODE
 * @gfp: how they may be got
 *
 * They are in the array then, but @vm->nr_pages stays as it is: nobody looks for
 * them before they are mapped. Complains about nothing.
 *
 * Context: Process context; sleeps if @gfp allows it.
 * Return: whether all of them are there. If not, none is.
 */
bool vmalloc_pages_add(struct vm_struct *vm, unsigned long end, int node,
		       gfp_t gfp)
{
	struct page **pages = vm->pages + vm->nr_pages;
	unsigned long nr = end - vm->nr_pages, got;

	got = get_pages(pages, nr, 0, node, gfp | __GFP_NOWARN);
	if (got == nr)
		return true;
	vmalloc_pages_put(vm, vm->nr_pages, vm->nr_pages + got);
	memset(pages, 0, got * sizeof(*pages));
	return false;
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
