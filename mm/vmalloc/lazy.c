// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lazily freed areas and their drain.
 *
 * Flushing TLBs is what makes unmapping expensive, so it is put off: an area
 * that is freed is unmapped and then waits, joined with its neighbours that
 * wait already. Beyond vmap_lazy_soft_limit() a drain takes all that wait,
 * flushes once from the lowest to the highest address, and makes the ranges
 * free.
 *
 * A drain may be long but holds nobody up. The waiting ranges are taken whole,
 * in constant time, and then flushed, and their KASAN shadow is released, under
 * vmap_purge_lock, which sleeps. After that anybody may add some of the ranges,
 * sorted as they are, to the free ones: who drains does so for all, and who
 * asks for addresses while more than vmap_lazy_hard_limit() waits for some, see
 * vmap_reduce_backlog(). So a worker that gets no CPU has nothing that
 * others need, but for vmap_purge_lock, whose owner inherits their priority.
 */

#include <linux/atomic.h>
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/rtmutex.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>
#include <linux/cacheflush.h>
#include <asm/tlbflush.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/vmalloc.h>

/*
 * How much shadow is released between two points where the CPU is given up, in
 * bytes of the memory that is shadowed: a page-table lock for each of 128
 * shadow pages.
 */
#define VMAP_SHADOW_SLICE	SZ_4M

/*
 * Held while ranges are taken and flushed; guards the arenas' lists of them.
 * With priority inheritance: a real-time task that has to reduce the backlog
 * must not wait for a worker that hogs of lesser priority keep from the CPU.
 */
static DEFINE_RT_MUTEX(vmap_purge_lock);

/* Pages in lazily freed areas that have not been flushed. */
static atomic_long_t vmap_lazy_nr = ATOMIC_LONG_INIT(0);

/*
 * Set while more waits, flushed or not, than the soft limit allows: then who
 * asks for addresses looks at the hard one.
 */
bool vmap_backlog __read_mostly;

static const struct vmap_drain_client *vmap_drain_client __ro_after_init;
static struct workqueue_struct *vmap_drain_wq __read_mostly;

static void vmap_drain_worker(struct work_struct *work);
static DECLARE_WORK(vmap_drain_work, vmap_drain_worker);

/* === Drain === */

/*
 * Take what waits in @arena, and widen [*@start, *@end) by it. Returns the
 * number of areas freed into it.
 */
static unsigned long arena_start_draining(struct vmap_arena *arena,
					  unsigned long *start,
					  unsigned long *end,
					  unsigned long *pages)
{
	unsigned long areas, taken;

	lockdep_assert_held(&vmap_purge_lock);
	/*
	 * Whoever must be seen here has been through vmap_area_retire() before
	 * the drain began; others may be, and need not.
	 */
	if (list_empty(&arena->lazy.head))
		return 0;

	spin_lock(&arena->lazy_lock);
	extent_take_all(&arena->lazy, &arena->draining);
	areas = arena->lazy_areas;
	taken = arena->lazy_pages;
	arena->lazy_areas = 0;
	arena->lazy_pages = 0;
	vmap_debug_moved(taken << PAGE_SHIFT);
	spin_unlock(&arena->lazy_lock);

	if (!areas)
		return 0;
	*start = min(*start, list_first_entry(&arena->draining,
					      struct vmap_area, list)->va_start);
	*end = max(*end, list_last_entry(&arena->draining,
					 struct vmap_area, list)->va_end);
	*pages += taken;
	return areas;
}

static bool has_shadow(const struct vmap_area *va)
{
	return is_vmalloc_or_module_addr((void *)va->va_start) &&
	       is_vmalloc_or_module_addr((void *)(va->va_end - 1));
}

/*
 * The ranges are in no set from which addresses are allocated, so nobody can
 * ask for the shadow while it goes. Only shadow pages all of whose memory is in
 * the range are released.
 */
static void arena_release_shadow(struct vmap_arena *arena)
{
	struct vmap_area *va;
	unsigned long start, end;

	lockdep_assert_held(&vmap_purge_lock);
	list_for_each_entry(va, &arena->draining, list) {
		if (!has_shadow(va))
			continue;
		for (start = va->va_start; start < va->va_end; start = end) {
			end = va->va_end;
			if (end - start > VMAP_SHADOW_SLICE)
				end = ALIGN_DOWN(start + VMAP_SHADOW_SLICE,
						 VMAP_SHADOW_SLICE);
			kasan_release_vmalloc(start, end, va->va_start,
					      va->va_end,
					      KASAN_VMALLOC_PAGE_RANGE);
			cond_resched();
		}
	}
}

/* [@start, @end) spans all the ranges that are being drained. */
static void release_shadow(unsigned long start, unsigned long end)
{
	struct vmap_arena *arena;
	unsigned int i;

	if (!IS_ENABLED(CONFIG_KASAN_VMALLOC))
		return;
	for_each_vmap_arena(arena, i)
		arena_release_shadow(arena);
	kasan_release_vmalloc(start, end, start, end, KASAN_VMALLOC_TLB_FLUSH);
}

/*
 * Take all that waits, and flush it together with [@start, @end). Returns
 * false, and has flushed nothing, if nothing was waiting.
 */
static bool vmap_take_and_flush(unsigned long start, unsigned long end)
{
	unsigned long lowest = ULONG_MAX, highest = 0;
	unsigned long areas = 0, pages = 0;
	struct vmap_arena *arena;
	unsigned int i;

	lockdep_assert_held(&vmap_purge_lock);
	for_each_vmap_arena(arena, i)
		areas += arena_start_draining(arena, &lowest, &highest,
					      &pages);
	start = min(start, lowest);
	end = max(end, highest);

	if (areas) {
		flush_tlb_kernel_range(start, end);
		/* What is freed from here on is for the next drain to count. */
		atomic_long_sub(pages, &vmap_lazy_nr);
		release_shadow(lowest, highest);
		for_each_vmap_arena(arena, i)
			vmap_space_add_flushed(arena, &arena->draining);
	}
	trace_purge_vmap_area_lazy(start, end, areas);
	return areas;
}

/* Make all flushed ranges free, whoever has flushed them. */
static void vmap_give_all(void)
{
	struct vmap_arena *arena;
	bool any = false;
	unsigned int i;

	for_each_vmap_arena(arena, i) {
		while (vmap_space_give_flushed(arena)) {
			any = true;
			cond_resched();
		}
	}
	if (any) {
		vmap_space_return_chunks(1);
		vmap_debug_check();
	}
}

/* Take and flush all that waits, and nothing else. */
static void vmap_flush_lazy(void)
{
	rt_mutex_lock(&vmap_purge_lock);
	vmap_take_and_flush(ULONG_MAX, 0);
	rt_mutex_unlock(&vmap_purge_lock);
}

static void vmap_drain_worker(struct work_struct *work)
{
	vmap_flush_lazy();
	vmap_give_all();
}

/**
 * vmap_reclaim - make all addresses free that can be made free
 *
 * Context: process; may sleep.
 */
void vmap_reclaim(void)
{
	rt_mutex_lock(&vmap_purge_lock);
	vmap_drain_client->reclaim();
	vmap_take_and_flush(ULONG_MAX, 0);
	rt_mutex_unlock(&vmap_purge_lock);
	vmap_give_all();
	vmap_space_return_chunks(0);
}

static bool vmap_waits_more_than(unsigned long pages)
{
	return atomic_long_read(&vmap_waiting_nr) > pages;
}

/* A batch, from the arena of this CPU on, so that CPUs do not meet. */
static unsigned long give_some(void)
{
	unsigned int nr = nr_vmap_nodes + 1, first = raw_smp_processor_id();
	unsigned long pages = 0;
	unsigned int i;

	for (i = 0; i < nr && !pages; i++)
		pages = vmap_space_give_flushed(vmap_arena_at((first + i) % nr));
	return pages;
}

/**
 * vmap_reduce_backlog - get below the hard limit of what may wait
 * @pages: how much the caller will ask for
 *
 * To be called while vmap_backlog is set, before addresses are taken. The
 * worker does all of it in time, unless it gets no CPU. Who has made twice as
 * much free as it asks for has done enough: then what waits gets less.
 *
 * Context: process; may sleep.
 */
void vmap_reduce_backlog(unsigned long pages)
{
	unsigned long given = 0, batch;
	bool flushed = false;

	might_sleep();
	while (given < 2 * pages &&
	       vmap_waits_more_than(vmap_lazy_hard_limit())) {
		batch = give_some();
		given += batch;
		if (batch)
			continue;
		/* All of it is in others' hands, or has not been flushed. */
		if (flushed)
			break;
		vmap_flush_lazy();
		flushed = true;
	}

	if (!vmap_waits_more_than(vmap_lazy_soft_limit())) {
		WRITE_ONCE(vmap_backlog, false);
		/* Pairs with vmap_area_retire(): one of the two sees it. */
		smp_mb();
		if (vmap_waits_more_than(vmap_lazy_soft_limit()))
			WRITE_ONCE(vmap_backlog, true);
	}
}

/**
 * vmap_flush_aliases - leave no stale translation anywhere
 * @start: start of a range to be flushed as well
 * @end: its end
 * @flush: whether there is such a range; else they are ULONG_MAX and 0
 *
 * Context: process; may sleep.
 */
void vmap_flush_aliases(unsigned long start, unsigned long end, bool flush)
{
	if (unlikely(!vmap_initialized))
		return;

	rt_mutex_lock(&vmap_purge_lock);
	if (vmap_drain_client->unalias(&start, &end))
		flush = true;
	/* Who is no longer a client's waits: pairs with block_retire(). */
	smp_rmb();
	if (!vmap_take_and_flush(start, end) && flush)
		flush_tlb_kernel_range(start, end);
	rt_mutex_unlock(&vmap_purge_lock);
	vmap_give_all();
}

/**
 * vm_unmap_aliases - see to it that no lazily unmapped page is mapped still
 *
 * A page that its owner believes mapped nowhere but in the direct map may be
 * in some CPU's TLB, at an address where it was vmalloc()ed or vmap()ed before.
 * Who is about to change the attributes of the direct map calls this first.
 *
 * Context: process; may sleep.
 */
void vm_unmap_aliases(void)
{
	vmap_flush_aliases(ULONG_MAX, 0, false);
}
EXPORT_SYMBOL_GPL(vm_unmap_aliases);

/* === Freeing === */

static void vmap_drain_wake(void)
{
	/* Pairs with vmap_drain_wq_init(). */
	struct workqueue_struct *wq = smp_load_acquire(&vmap_drain_wq);

	if (wq)
		queue_work(wq, &vmap_drain_work);
}

/**
 * vmap_area_retire - let an unmapped area wait for the next drain
 * @va: the area; in no index, its cache flushed by flush_cache_vunmap()
 *
 * Context: takes a lazy_lock.
 */
void vmap_area_retire(struct vmap_area *va)
{
	struct vmap_arena *arena = va_to_arena(va);
	unsigned long limit = vmap_lazy_soft_limit();
	unsigned long start = va->va_start;
	unsigned long pages = va_size(va) >> PAGE_SHIFT;
	unsigned long lazy = 0, waiting = 0;
	LIST_HEAD(spares);
	int err;

	/* Its vm_struct may be gone long before the range is. */
	va->vm = NULL;

	spin_lock(&arena->lazy_lock);
	err = extent_join(&arena->lazy, va, &spares);
	if (!err) {
		arena->lazy_areas++;
		arena->lazy_pages += pages;
		/* Here, so that what is counted can be taken. */
		lazy = atomic_long_add_return(pages, &vmap_lazy_nr);
		waiting = atomic_long_add_return(pages, &vmap_waiting_nr);
		vmap_debug_moved(-(pages << PAGE_SHIFT));
	}
	spin_unlock(&arena->lazy_lock);

	/* Which cannot be: it was busy. Keep the addresses out of use. */
	if (WARN_ONCE(err, "vmalloc: area at %#lx is freed twice\n", start))
		return;
	trace_free_vmap_area_noflush(start, lazy, limit);
	vmap_spares_free(&spares);

	/* Ordered by the atomic: pairs with vmap_reduce_backlog(). */
	if (unlikely(waiting > limit && !READ_ONCE(vmap_backlog)))
		WRITE_ONCE(vmap_backlog, true);
	if (unlikely(lazy > limit))
		vmap_drain_wake();
}

/**
 * vmap_area_unmap - unmap an area and let it wait for the next drain
 * @va: the area, in no index
 *
 * Context: process; may sleep.
 */
void vmap_area_unmap(struct vmap_area *va)
{
	flush_cache_vunmap(va->va_start, va->va_end);
	vunmap_range_noflush(va->va_start, va->va_end);
	/* Then a use after free is to fault at once. */
	if (debug_pagealloc_enabled_static())
		flush_tlb_kernel_range(va->va_start, va->va_end);
	vmap_area_retire(va);
}

/* === Boot === */

static unsigned long vmap_shrink_count(struct shrinker *shrinker,
				       struct shrink_control *sc)
{
	return vmap_space_nr_whole() ?: SHRINK_EMPTY;
}

/*
 * Nodes keep nothing but a spare chunk each. Waiting areas are left to wait:
 * a flush of all CPUs frees little memory, and the limit bounds them anyway.
 */
static unsigned long vmap_shrink_scan(struct shrinker *shrinker,
				      struct shrink_control *sc)
{
	vmap_space_return_chunks(0);
	return SHRINK_STOP;
}

/**
 * vmap_drain_init - get ready to drain
 * @client: the cache to be asked for what it could give back
 *
 * Context: boot, one CPU.
 */
void __init vmap_drain_init(const struct vmap_drain_client *client)
{
	struct shrinker *shrinker;

	vmap_drain_client = client;

	shrinker = shrinker_alloc(0, "vmap-node");
	if (!shrinker) {
		pr_err("vmalloc: no memory for the vmap-node shrinker\n");
		return;
	}
	shrinker->count_objects = vmap_shrink_count;
	shrinker->scan_objects = vmap_shrink_scan;
	shrinker_register(shrinker);
}

/*
 * vmalloc() comes long before workqueues: until this has run, areas just wait.
 * Unbound, so that a drain does not sit on the CPU of whoever freed the most;
 * with a rescuer, since addresses are needed to make progress in reclaim.
 */
static int __init vmap_drain_wq_init(void)
{
	struct workqueue_struct *wq;

	wq = alloc_workqueue("vmap_drain", WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	if (WARN_ON(!wq))
		wq = system_unbound_wq;
	/* Pairs with vmap_drain_wake(). */
	smp_store_release(&vmap_drain_wq, wq);
	return 0;
}
core_initcall(vmap_drain_wq_init);
