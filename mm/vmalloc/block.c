// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm_map_ram(): short-lived mappings of a few pages, carved from blocks.
 *
 * A block is an area of its own that is handed out from its start to its end,
 * without looking back. Its pages go through three states,
 *
 *	free (never handed out) -> used -> dirty (unmapped, not flushed)
 *
 * and when all of them are dirty the block is retired as any area is. A CPU
 * allocates from the blocks on its own queue and never touches the allocator
 * of addresses but for a new block. A block is found by its address in one of
 * several xarrays, which spread the blocks so that CPUs rarely meet there.
 *
 * Locking: vmap_block.lock guards a block's pages; vmap_block_queue.lock the
 * list of blocks with room, which is walked under RCU. A block that is found by
 * its address stays for an RCU read side. One that is retired is in the xarray a
 * little longer than its area is busy: it has no page mapped, and is what may be
 * found where its address is another block's already.
 */

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/debug_locks.h>
#include <linux/export.h>
#include <linux/kasan.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <linux/cacheflush.h>
#include <asm/tlbflush.h>

#include "internal.h"

/* The most pages taken from a block; larger requests get their own area. */
#define VMAP_MAX_ALLOC		BITS_PER_LONG

/*
 * Pages in a block: enough for 2 of the largest requests, up to 1,024, but so
 * few that 16 blocks of each CPU fit into the vmalloc space, of which 32-bit
 * machines have 128 MiB.
 */
#if BITS_PER_LONG == 32
#define VMAP_SPACE_PAGES	(SZ_128M / PAGE_SIZE)
#else
#define VMAP_SPACE_PAGES	(SZ_128M / PAGE_SIZE * 1024UL)
#endif
#define VMAP_BLOCK_WISH		(VMAP_SPACE_PAGES / \
				 roundup_pow_of_two(NR_CPUS) / 16)
#define VMAP_BLOCK_PAGES	(VMAP_BLOCK_WISH > 1024 ? 1024 : \
				 VMAP_BLOCK_WISH < 2 * VMAP_MAX_ALLOC ? \
				 2 * VMAP_MAX_ALLOC : VMAP_BLOCK_WISH)
#define VMAP_BLOCK_SIZE		(VMAP_BLOCK_PAGES * PAGE_SIZE)

/*
 * What a request takes of a block. Powers of two divide each other and a block,
 * so that the room one size leaves, another one can use to the last page: it is
 * only when all of its pages have been handed out that a block can be retired.
 */
static unsigned int room_for(unsigned int pages)
{
	return roundup_pow_of_two(pages);
}

/* With less room than that left, an idle block is not worth keeping. */
#define VMAP_BLOCK_WORTHWHILE	(VMAP_BLOCK_PAGES / 4)

/**
 * struct vmap_block - an area that vm_map_ram() hands out page by page
 * @lock: guards all up to @dirty_max
 * @free: pages never handed out; they are the last ones. Read without the lock
 *	to pass over blocks
 * @dirty: pages handed out and given back, mapped or mere room
 * @used: pages that are mapped
 * @dirty_min: first page unmapped since the last flush
 * @dirty_max: end of the pages unmapped since the last flush; 0 if none
 * @start: its first address
 * @va: the area; not to be looked at once it is being retired
 * @cpu: whose queue it is or was on
 * @queued: on &vmap_block_queue.blocks while @free is not 0
 * @idle: on the list of one who is retiring blocks
 * @rcu: for walkers of the queue
 *
 * The rest of VMAP_BLOCK_PAGES, beside @free and @dirty, is handed out.
 */
struct vmap_block {
	spinlock_t lock;		/* see above */
	unsigned int free;
	unsigned int dirty;
	DECLARE_BITMAP(used, VMAP_BLOCK_PAGES);
	unsigned int dirty_min;
	unsigned int dirty_max;

	unsigned long start;
	struct vmap_area *va;
	unsigned int cpu;
	struct list_head queued;
	struct list_head idle;
	struct rcu_head rcu;
};

/**
 * struct vmap_block_queue - a CPU's blocks, and a share of the index of blocks
 * @lock: guards @blocks
 * @blocks: this CPU's blocks with room; walked under RCU
 * @recent: the one of its blocks that pages were taken from last, set with that
 *	block's lock held; NULL once it is being retired. Read under RCU
 * @index: blocks by address, of whichever CPU: see block_index()
 */
struct vmap_block_queue {
	spinlock_t lock;		/* see above */
	struct list_head blocks;
	struct vmap_block *recent;
	struct xarray index;
};

static DEFINE_PER_CPU(struct vmap_block_queue, vmap_block_queue);

/*
 * Where areas lie scattered, a drain may give room for pages, but none for a
 * block. Then mappings get areas of their own, unless there is room for a block
 * by then. Nothing is drained for one until so many pages have been mapped as
 * it has: that is no more often than if it had been had.
 */
static atomic_t pages_until_drain = ATOMIC_INIT(0);

/* Whether something may be drained for a block. */
static bool block_is_worth_a_drain(unsigned int pages)
{
	if (likely(atomic_read(&pages_until_drain) <= 0))
		return true;
	atomic_sub(pages, &pages_until_drain);
	return false;
}

/* === Finding a block === */

static unsigned long block_nr(unsigned long addr)
{
	return (addr - ALIGN_DOWN(VMALLOC_START, VMAP_BLOCK_SIZE)) /
	       VMAP_BLOCK_SIZE;
}

/* One xarray per possible CPU is used for every nr_cpu_ids'th block. */
static struct xarray *block_index(unsigned long addr)
{
	unsigned int cpu = block_nr(addr) % nr_cpu_ids;

	/* nr_cpu_ids - 1 is possible, so there is a next one. */
	if (!cpu_possible(cpu))
		cpu = cpumask_next(cpu, cpu_possible_mask);
	return &per_cpu(vmap_block_queue, cpu).index;
}

static struct vmap_block *block_find(unsigned long addr)
{
	return xa_load(block_index(addr), block_nr(addr));
}

/*
 * What is unmapped soon, on the CPU that mapped it, is in the block that this one has
 * last taken pages from.
 */
static __always_inline struct vmap_block *block_find_near(unsigned long addr)
{
	struct vmap_block *vb = READ_ONCE(raw_cpu_ptr(&vmap_block_queue)->recent);

	if (likely(vb && vb->start == ALIGN_DOWN(addr, VMAP_BLOCK_SIZE)))
		return vb;
	return block_find(addr);
}

static unsigned long block_page_addr(const struct vmap_block *vb,
				     unsigned int page)
{
	return vb->start + ((unsigned long)page << PAGE_SHIFT);
}

/* === Life of a block === */

static void block_enqueue(struct vmap_block *vb)
{
	struct vmap_block_queue *vbq = per_cpu_ptr(&vmap_block_queue, vb->cpu);

	spin_lock(&vbq->lock);
	list_add_tail_rcu(&vb->queued, &vbq->blocks);
	spin_unlock(&vbq->lock);
}

static void block_dequeue(struct vmap_block *vb)
{
	struct vmap_block_queue *vbq = per_cpu_ptr(&vmap_block_queue, vb->cpu);

	lockdep_assert_held(&vb->lock);
	spin_lock(&vbq->lock);
	list_del_rcu(&vb->queued);
	spin_unlock(&vbq->lock);
}

/* Make a block whose first @pages are used; returns their address. */
static void *block_create(unsigned int pages, gfp_t gfp)
{
	unsigned long flags = VMAP_RAM | VMAP_BLOCK;
	int node = numa_node_id();
	struct vmap_block *vb;
	struct vmap_area *va;
	void *addr;
	int err;

	vb = kzalloc_node(sizeof(*vb), gfp, node);
	if (unlikely(!vb))
		return ERR_PTR(-ENOMEM);

	if (unlikely(!block_is_worth_a_drain(pages)))
		flags |= VMAP_IF_FREE;
	va = vmap_area_reserve(VMAP_BLOCK_SIZE, VMAP_BLOCK_SIZE, VMALLOC_START,
			       VMALLOC_END, node, gfp, flags, NULL);
	if (IS_ERR(va)) {
		if (va == ERR_PTR(-EBUSY) && !(flags & VMAP_IF_FREE))
			atomic_set(&pages_until_drain, VMAP_BLOCK_PAGES);
		kfree(vb);
		return ERR_CAST(va);
	}

	spin_lock_init(&vb->lock);
	vb->va = va;
	vb->start = va->va_start;
	vb->free = VMAP_BLOCK_PAGES - room_for(pages);
	vb->dirty_min = VMAP_BLOCK_PAGES;
	bitmap_set(vb->used, 0, pages);
	vb->cpu = raw_smp_processor_id();
	/* Once it is queued, others may use the rest and retire all of it. */
	addr = (void *)vb->start;

	/* The last block at this address may be in there still. */
	err = xa_err(xa_store(block_index(vb->start), block_nr(vb->start), vb,
			      gfp));
	if (unlikely(err)) {
		vmap_busy_remove(va);
		vmap_area_retire(va);
		kfree(vb);
		return ERR_PTR(err);
	}
	block_enqueue(vb);
	return addr;
}

/*
 * Nobody has pages of @vb, nor can get any. It is found until its area waits
 * for a drain: so vm_unmap_aliases() sees what was unmapped here in either
 * place, as it looks for blocks first and then, after smp_rmb(), at what waits.
 * What orders the two stores here, for somebody who has neither lock, is that
 * one lock is given up and another one taken: the lazy_lock in
 * vmap_area_retire(), then the xarray's (po-unlock-lock-po of the memory model).
 * By the time it is taken out, another block may be in its place.
 */
static void block_retire(struct vmap_block *vb)
{
	struct vmap_block_queue *vbq = per_cpu_ptr(&vmap_block_queue, vb->cpu);

	/*
	 * Pages were taken from it before all were given back, so nobody makes it
	 * the recent one any more. First of all: who has an address of the next
	 * block in its place must not find this one.
	 */
	cmpxchg(&vbq->recent, vb, NULL);
	vmap_busy_remove(vb->va);
	vmap_area_retire(vb->va);
	xa_cmpxchg(block_index(vb->start), block_nr(vb->start), vb, NULL, 0);
	kfree_rcu(vb, rcu);
}

static bool block_is_idle(const struct vmap_block *vb)
{
	lockdep_assert_held(&vb->lock);
	/* If all are dirty, it is being retired already. */
	return vb->dirty < VMAP_BLOCK_PAGES &&
	       vb->free + vb->dirty == VMAP_BLOCK_PAGES;
}

/* Close an idle block, and collect it for block_retire(). */
static bool block_close_idle(struct vmap_block *vb, unsigned int max_free,
			     struct list_head *idle)
{
	lockdep_assert_held(&vb->lock);
	if (!block_is_idle(vb) || vb->free > max_free)
		return false;
	block_dequeue(vb);
	WRITE_ONCE(vb->free, 0);
	vb->dirty = VMAP_BLOCK_PAGES;
	list_add_tail(&vb->idle, idle);
	return true;
}

static void blocks_retire(struct list_head *idle)
{
	struct vmap_block *vb, *next;

	list_for_each_entry_safe(vb, next, idle, idle) {
		block_retire(vb);
		cond_resched();
	}
}

/* === What a drain asks for === */

/* What was unmapped in @vb is flushed, if the caller does so. */
static void block_take_dirty(struct vmap_block *vb, struct vmap_flush *flush)
{
	lockdep_assert_held(&vb->lock);
	if (!vb->dirty_max)
		return;
	vmap_flush_add(flush, block_page_addr(vb, vb->dirty_min),
		       block_page_addr(vb, vb->dirty_max));
	vb->dirty_min = VMAP_BLOCK_PAGES;
	vb->dirty_max = 0;
}

/*
 * Retire the idle blocks with at most @max_free pages free, and let @flush take
 * what was unmapped in others. There may be many blocks: the CPU is given up
 * between any two.
 */
static void blocks_visit(unsigned int max_free, struct vmap_flush *flush)
{
	struct vmap_block *vb;
	unsigned long nr;
	LIST_HEAD(idle);
	int cpu;

	for_each_possible_cpu(cpu) {
		rcu_read_lock();
		xa_for_each(&per_cpu(vmap_block_queue, cpu).index, nr, vb) {
			spin_lock(&vb->lock);
			if (!block_close_idle(vb, max_free, &idle))
				block_take_dirty(vb, flush);
			spin_unlock(&vb->lock);
			/* Not cond_resched_rcu(): preempt=none needs it, too. */
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
		rcu_read_unlock();
	}
	blocks_retire(&idle);
}

/* Called before space is denied: any block without a used page goes. */
static void blocks_reclaim(struct vmap_flush *flush)
{
	blocks_visit(VMAP_BLOCK_PAGES, flush);
}

static void blocks_unalias(struct vmap_flush *flush)
{
	blocks_visit(VMAP_BLOCK_WORTHWHILE - 1, flush);
}

const struct vmap_drain_client vmap_block_client = {
	.reclaim	= blocks_reclaim,
	.unalias	= blocks_unalias,
};

/* === Pages of a block === */

/* No more than so many pages are looked at, or marked, at a time: two words of bits. */
static __always_inline unsigned long bits_low(unsigned int first,
					      unsigned int nr)
{
	return (~0UL >> (BITS_PER_LONG - nr)) << (first % BITS_PER_LONG);
}

/* Those that are in the next word; none if @first begins one. */
static __always_inline unsigned long bits_high(unsigned int first,
					       unsigned int nr)
{
	unsigned int shift = first % BITS_PER_LONG;

	if (shift + nr <= BITS_PER_LONG)
		return 0;
	return ~0UL >> (2 * BITS_PER_LONG - shift - nr);
}

static void used_set(struct vmap_block *vb, unsigned int first, unsigned int nr)
{
	unsigned long *word = vb->used + BIT_WORD(first);
	unsigned long high = bits_high(first, nr);

	lockdep_assert_held(&vb->lock);
	word[0] |= bits_low(first, nr);
	if (unlikely(high))
		word[1] |= high;
}

/* Returns false, and changes nothing, if some of them are not set. */
static bool used_clear(struct vmap_block *vb, unsigned int first,
		       unsigned int nr)
{
	unsigned long *word = vb->used + BIT_WORD(first);
	unsigned long high = bits_high(first, nr);
	unsigned long low = bits_low(first, nr);

	lockdep_assert_held(&vb->lock);
	if (~word[0] & low || (high && ~word[1] & high))
		return false;
	word[0] &= ~low;
	if (unlikely(high))
		word[1] &= ~high;
	return true;
}

/* Returns an address, 0 if @vb, which is or was on @vbq, has no room left. */
static unsigned long block_take(struct vmap_block_queue *vbq,
				struct vmap_block *vb, unsigned int pages)
{
	unsigned int first, room = room_for(pages);
	unsigned long addr = 0;

	spin_lock(&vb->lock);
	if (vb->free >= room) {
		first = VMAP_BLOCK_PAGES - vb->free;
		used_set(vb, first, pages);
		WRITE_ONCE(vb->free, vb->free - room);
		if (!vb->free)
			block_dequeue(vb);
		addr = block_page_addr(vb, first);
		if (unlikely(READ_ONCE(vbq->recent) != vb)) {
			/* Pairs with the dependency in block_find_near(). */
			smp_store_release(&vbq->recent, vb);
		}
	}
	spin_unlock(&vb->lock);
	return addr;
}

/* Returns -EBUSY if there is no room for a block; there may be for the pages. */
static void *blocks_alloc(unsigned int pages, gfp_t gfp)
{
	unsigned int room = room_for(pages);
	struct vmap_block_queue *vbq;
	struct vmap_block *vb;
	unsigned long addr = 0;

	rcu_read_lock();
	/* To be moved to another CPU here does no harm. */
	vbq = raw_cpu_ptr(&vmap_block_queue);
	list_for_each_entry_rcu(vb, &vbq->blocks, queued) {
		if (READ_ONCE(vb->free) < room)
			continue;
		addr = block_take(vbq, vb, pages);
		if (addr)
			break;
	}
	rcu_read_unlock();

	return addr ? (void *)addr : block_create(pages, gfp);
}

/*
 * Returns the block, or NULL if not all of the pages are used. With RCU, since
 * a caller that is mistaken may come upon a block that is being retired.
 */
static struct vmap_block *block_begin_unmap(unsigned long addr,
					    unsigned int pages)
{
	unsigned int first = (addr & (VMAP_BLOCK_SIZE - 1)) >> PAGE_SHIFT;
	struct vmap_block *vb;
	bool used;

	guard(rcu)();
	vb = block_find_near(addr);
	if (!vb)
		return NULL;
	spin_lock(&vb->lock);
	/* Readers of memory leave them alone from here on. */
	used = first + pages <= VMAP_BLOCK_PAGES &&
	       used_clear(vb, first, pages);
	spin_unlock(&vb->lock);
	return used ? vb : NULL;
}

static void block_end_unmap(struct vmap_block *vb, unsigned long addr,
			    unsigned int pages)
{
	unsigned int first = (addr - vb->start) >> PAGE_SHIFT;
	bool done;

	spin_lock(&vb->lock);
	vb->dirty_min = min(vb->dirty_min, first);
	vb->dirty_max = max(vb->dirty_max, first + pages);
	vb->dirty += room_for(pages);
	done = vb->dirty == VMAP_BLOCK_PAGES;
	spin_unlock(&vb->lock);

	if (done)
		block_retire(vb);
}

/* Returns whether they are pages of a block. */
static bool blocks_free(const void *mem, unsigned int pages)
{
	unsigned long addr = (unsigned long)kasan_reset_tag(mem);
	unsigned long size = (unsigned long)pages << PAGE_SHIFT;
	struct vmap_block *vb = block_begin_unmap(addr, pages);

	if (unlikely(!vb))
		return false;

	kasan_poison_vmalloc(mem, size);
	debug_check_no_locks_freed(mem, size);

	flush_cache_vunmap(addr, addr + size);
	vunmap_range_noflush(addr, addr + size);
	if (debug_pagealloc_enabled_static())
		flush_tlb_kernel_range(addr, addr + size);

	block_end_unmap(vb, addr, pages);
	return true;
}

/**
 * vmap_block_read - walk what is mapped in a block
 * @start: an address in an area that has VMAP_BLOCK set
 * @end: an address in it, or its end
 * @reader: called for each range, mapped or not, from @start to @end
 * @arg: passed to it
 *
 * Context: the busy_lock of the area's node is held. @reader is called with the
 * block's lock held, so that what it is told is mapped remains so.
 */
void vmap_block_read(unsigned long start, unsigned long end,
		     vmap_block_reader_t reader, void *arg)
{
	struct vmap_node *vn __maybe_unused;
	struct vmap_block *vb;
	unsigned int page, until;
	unsigned long base;
	bool mapped;

	/* A block may be larger than a chunk: its own node is that of its start. */
	vn = addr_to_node(ALIGN_DOWN(start, VMAP_BLOCK_SIZE));
	lockdep_assert_held(&vn->busy_lock);
	guard(rcu)();
	vb = block_find(start);
	if (!vb) {
		reader(arg, start, end, false);
		return;
	}

	spin_lock(&vb->lock);
	base = vb->start;
	while (start < end) {
		page = (start - base) >> PAGE_SHIFT;
		mapped = test_bit(page, vb->used);
		if (mapped)
			until = find_next_zero_bit(vb->used, VMAP_BLOCK_PAGES,
						   page);
		else
			until = find_next_bit(vb->used, VMAP_BLOCK_PAGES, page);
		if (!reader(arg, start, min(end, block_page_addr(vb, until)),
			    mapped))
			break;
		start = block_page_addr(vb, until);
	}
	spin_unlock(&vb->lock);
}

/* === Interface === */

/**
 * vm_unmap_ram - undo vm_map_ram()
 * @mem: what it returned
 * @count: how many pages it was given; a mapping cannot be undone in part
 *
 * Context: process; may sleep.
 */
void vm_unmap_ram(const void *mem, unsigned int count)
{
	unsigned long addr = (unsigned long)kasan_reset_tag(mem);
	struct vmap_area *va;

	might_sleep();
	if (WARN_ONCE(!PAGE_ALIGNED(addr) || addr < VMALLOC_START ||
		      addr >= VMALLOC_END || !count,
		      "Trying to %s() bad address (%p)\n", __func__, mem))
		return;

	if (likely(count <= VMAP_MAX_ALLOC) && likely(blocks_free(mem, count)))
		return;

	va = vmap_busy_take_ram(addr, (unsigned long)count << PAGE_SHIFT);
	if (WARN_ONCE(!va, "Trying to %s() nonexistent area (%p)\n", __func__,
		      mem))
		return;
	kasan_poison_vmalloc(mem, va_size(va));
	debug_check_no_locks_freed((void *)va->va_start, va_size(va));
	vmap_area_unmap(va);
	vmap_area_retire(va);
}
EXPORT_SYMBOL(vm_unmap_ram);

static void *ram_area_alloc(unsigned long size, int node)
{
	struct vmap_area *va;

	va = vmap_area_reserve(size, PAGE_SIZE, VMALLOC_START, VMALLOC_END,
			       node, GFP_KERNEL, VMAP_RAM, NULL);
	return IS_ERR(va) ? ERR_CAST(va) : (void *)va->va_start;
}

/**
 * vm_map_ram - map pages for a short time
 * @pages: the pages
 * @count: how many
 * @node: memory node to prefer for descriptors
 *
 * For up to %BITS_PER_LONG pages this is faster than vmap(). As addresses come
 * back only a block at a time, mappings that are kept long hold many more
 * addresses than they use: on 32-bit machines these may run out.
 *
 * Context: process; may sleep.
 * Return: the address the pages are mapped at, or NULL.
 */
void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	void *mem = ERR_PTR(-EBUSY);
	unsigned long size;

	if (WARN_ON(!count))
		return NULL;
	if (check_shl_overflow((unsigned long)count, PAGE_SHIFT, &size))
		return NULL;

	if (likely(count <= VMAP_MAX_ALLOC))
		mem = blocks_alloc(count, GFP_KERNEL);
	if (unlikely(mem == ERR_PTR(-EBUSY)))
		mem = ram_area_alloc(size, node);
	if (IS_ERR(mem))
		return NULL;

	if (vmap_pages_range((unsigned long)mem, (unsigned long)mem + size,
			     PAGE_KERNEL, pages, PAGE_SHIFT) < 0) {
		vm_unmap_ram(mem, count);
		return NULL;
	}

	/* Hardware tags are for vmalloc() memory alone; others ignore this. */
	return kasan_unpoison_vmalloc(mem, size, KASAN_VMALLOC_PROT_NORMAL);
}
EXPORT_SYMBOL(vm_map_ram);

/**
 * vmap_block_init - set up the queues
 *
 * Context: boot, one CPU.
 */
void __init vmap_block_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmap_block_queue *vbq = per_cpu_ptr(&vmap_block_queue,
							   cpu);

		spin_lock_init(&vbq->lock);
		INIT_LIST_HEAD(&vbq->blocks);
		xa_init(&vbq->index);
	}
}
