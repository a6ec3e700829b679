// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lazily freed areas and their drain.
 *
 * Flushing TLBs is what makes unmapping expensive, so it is put off: an area
 * that is freed is unmapped and then waits, joined with its neighbours that
 * wait already. Beyond vmap_lazy_soft_limit() a drain takes all that wait,
 * flushes once for all of them, and makes the ranges free.
 *
 * A drain may be long but holds nobody up. The waiting ranges are taken whole,
 * in constant time, and then flushed, and their KASAN shadow is released, under
 * vmap_purge_lock, which sleeps. After that anybody may add some of the ranges,
 * sorted as they are, to the free ones: who drains does so for all, and who
 * asks for addresses while more than vmap_lazy_hard_limit() waits for some, see
 * vmap_reduce_backlog(). So a worker that gets no CPU has nothing that
 * others need, but for vmap_purge_lock, whose owner inherits their priority.
 * What takes long before that, to ask the client, is done without that lock, but
 * with another one of the kind, which who asks the client waits for.
 *
 * Who has to wait for a drain may find, once it is over, that it has done what
 * the next one was to do: so what each decides before it sleeps, it looks at
 * again under the lock. Else as many tasks as wait would flush as often.
 */

#include <linux/atomic.h>
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/rtmutex.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>
#include <linux/cacheflush.h>
#include <asm/tlbflush.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/vmalloc.h>
#include "trace.h"

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

/*
 * Held while the client is asked, until what it gave has been flushed: who comes
 * next does not find that at the client's any longer. Before vmap_purge_lock.
 */
static DEFINE_RT_MUTEX(vmap_client_lock);

/*
 * What the client is asked for before a drain takes what waits. Who asks for all
 * that it can do without is served by nothing less.
 */
enum vmap_ask { VMAP_ASK_UNALIAS, VMAP_ASK_RECLAIM, VMAP_ASKS };

/* How many drains have begun to ask at least for that; under vmap_client_lock. */
static unsigned long vmap_asked[VMAP_ASKS];

/*
 * What may wait untold of, in all arenas: a part of the soft limit. They tell of
 * what waits in steps, so that who frees an area seldom writes, or reads, a line
 * that all CPUs write. With an eighth, and 64 CPUs, a step is 110 pages, so that one
 * of 55 frees of a page and its guard does; and a drain begins no more than an eighth
 * late. Where there is one node, they are few, and tell of all.
 */
#define VMAP_UNTOLD_SHARE	8

static unsigned long untold_most(unsigned long soft)
{
	return nr_vmap_nodes > 1 ? soft / VMAP_UNTOLD_SHARE : 0;
}

struct vmap_backlog vmap_backlog;

static const struct vmap_drain_client *vmap_drain_client __ro_after_init;
static struct workqueue_struct *vmap_drain_wq __read_mostly;

static void vmap_drain_worker(struct work_struct *work);
static DECLARE_WORK(vmap_drain_work, vmap_drain_worker);

/* === What waits === */

static bool vmap_waits_more_than(unsigned long pages)
{
	return atomic_long_read(&vmap_told.waiting) > pages;
}

/* What has not been told of counts as if it were as much as may be. */
static bool vmap_past_hard_limit(void)
{
	unsigned long soft = vmap_lazy_soft_limit();

	return vmap_waits_more_than(vmap_lazy_hard_of_soft(soft) -
				    untold_most(soft));
}

static bool vmap_lazy_exceeds_limit(void)
{
	return atomic_long_read(&vmap_told.lazy) > vmap_lazy_soft_limit();
}

/* Tell of all that waits in @arena, and say when it is to be done again. */
static void arena_tell(struct vmap_arena *arena)
{
	unsigned long pages = arena->lazy_pages - arena->lazy_told;
	unsigned long step = untold_most(vmap_lazy_soft_limit()) /
			     (nr_vmap_nodes + 1);

	lockdep_assert_held(&arena->lazy_lock);
	arena->lazy_told = arena->lazy_pages;
	arena->lazy_tell_at = arena->lazy_pages + step;
	if (!pages)
		return;
	atomic_long_add(pages, &vmap_told.waiting);
	/* A full barrier: pairs with vmap_limits_changed(), vmap_reduce_backlog(). */
	atomic_long_add_return(pages, &vmap_told.lazy);
}

/* Somebody has found no addresses, and could not wait for what is lazily freed. */
static int vmap_drain_wanted;

static void vmap_drain_wake(void)
{
	/* Pairs with vmap_drain_wq_init(). */
	struct workqueue_struct *wq = smp_load_acquire(&vmap_drain_wq);

	if (wq)
		queue_work(wq, &vmap_drain_work);
}

/* More has been told of, or not all that was has been taken: see arena_tell(). */
static noinline void heed_limits(void)
{
	unsigned long limit = vmap_lazy_soft_limit();

	if (vmap_waits_more_than(limit) && !READ_ONCE(vmap_backlog.set))
		WRITE_ONCE(vmap_backlog.set, true);
	if (vmap_lazy_exceeds_limit())
		vmap_drain_wake();
}

/* @pages that were told of wait in @arena no longer. */
static void arena_taken(struct vmap_arena *arena, unsigned long pages)
{
	lockdep_assert_held(&arena->lazy_lock);
	arena->lazy_pages -= pages;
	arena->lazy_told -= pages;
	arena->lazy_tell_at -= pages;
}

/**
 * vmap_waiting_pages - tell how much has been freed and is not free yet
 *
 * Context: takes lazy_locks.
 * Return: pages. No fewer than have waited all the time, and just as many as wait
 * if that does not change meanwhile.
 */
unsigned long vmap_waiting_pages(void)
{
	struct vmap_arena *arena;
	unsigned long pages = 0;
	unsigned int i;

	for_each_vmap_arena(arena, i) {
		if (list_empty(&arena->lazy.head))
			continue;
		spin_lock(&arena->lazy_lock);
		pages += arena->lazy_pages - arena->lazy_told;
		spin_unlock(&arena->lazy_lock);
	}
	/*
	 * After that, so that what is told of meanwhile is not missed. Pairs with
	 * arena_tell(), which a drain calls before it leaves a list empty.
	 */
	smp_rmb();
	return pages + atomic_long_read(&vmap_told.waiting);
}

/* === Drain === */

/**
 * struct vmap_drain - what one drain has taken, and what it took to do so
 * @areas: areas freed since the last one; 0 if nothing waited
 * @ranges: ranges they were joined to
 * @pages: pages in them
 * @span: from the lowest address that was flushed to the highest
 * @flushes: how many TLB flushes there were
 * @hold_ns: the longest hold of a lock while ranges were made free
 */
struct vmap_drain {
	unsigned long areas;
	unsigned long ranges;
	unsigned long pages;
	struct vmap_span span;
	unsigned int flushes;
	u64 hold_ns;
};

/* Take what waits in @arena, which is to be flushed. */
static void arena_start_draining(struct vmap_arena *arena,
				 struct vmap_drain *drain,
				 struct vmap_flush *flush)
{
	unsigned long areas, ranges, pages;

	lockdep_assert_held(&vmap_purge_lock);
	/*
	 * Whoever must be seen here has been through vmap_area_retire() before
	 * the drain began; others may be, and need not.
	 */
	if (list_empty(&arena->lazy.head))
		return;

	spin_lock(&arena->lazy_lock);
	arena_tell(arena);
	areas = arena->lazy_areas;
	ranges = arena->lazy.nr;
	pages = arena->lazy_pages;
	extent_take_all(&arena->lazy, &arena->draining);
	arena->lazy_areas = 0;
	arena_taken(arena, pages);
	vmap_debug_moved(pages << PAGE_SHIFT);
	spin_unlock(&arena->lazy_lock);

	if (!areas)
		return;
	vmap_flush_add_list(flush, &arena->draining, pages);
	drain->areas += areas;
	drain->ranges += ranges;
	drain->pages += pages;
}

static bool has_shadow(const struct vmap_area *va)
{
	return is_vmalloc_or_module_addr((void *)va->va_start) &&
	       is_vmalloc_or_module_addr((void *)(va->va_end - 1));
}

/*
 * The range is in no set from which addresses are allocated, so nobody can ask
 * for its shadow while that goes. Only shadow pages all of whose memory is in
 * the range are released.
 */
static void release_shadow_of(const struct vmap_area *va)
{
	unsigned long start, end;

	if (!has_shadow(va))
		return;
	for (start = va->va_start; start < va->va_end; start = end) {
		end = va->va_end;
		if (end - start > VMAP_SHADOW_SLICE)
			end = ALIGN_DOWN(start + VMAP_SHADOW_SLICE,
					 VMAP_SHADOW_SLICE);
		kasan_release_vmalloc(start, end, va->va_start, va->va_end,
				      KASAN_VMALLOC_PAGE_RANGE);
		cond_resched();
	}
}

/* @span has all the ranges that are being drained in it. */
static void release_shadow(const struct vmap_span *span)
{
	struct vmap_arena *arena;
	struct vmap_area *va;
	unsigned int i;

	lockdep_assert_held(&vmap_purge_lock);
	if (!IS_ENABLED(CONFIG_KASAN_VMALLOC))
		return;
	for_each_vmap_arena(arena, i) {
		list_for_each_entry(va, &arena->draining, list)
			release_shadow_of(va);
	}
	/* There it knows of no flush, and would release all that is in between. */
	if (IS_ENABLED(CONFIG_UML))
		return;
	kasan_release_vmalloc(span->start, span->end, span->start, span->end,
			      KASAN_VMALLOC_TLB_FLUSH);
}

/*
 * Tells how many drains have begun that ask at least for that. One that is not
 * among them takes all that has been retired by now.
 */
static unsigned long drains_asking(enum vmap_ask what)
{
	/* Pairs with drain_asks(). */
	smp_mb();
	return READ_ONCE(vmap_asked[what]);
}

static void drain_asks(enum vmap_ask what)
{
	enum vmap_ask less;

	lockdep_assert_held(&vmap_client_lock);
	for (less = VMAP_ASK_UNALIAS; less <= what; less++)
		WRITE_ONCE(vmap_asked[less], vmap_asked[less] + 1);
	/* Before it looks at what waits: pairs with drains_asking(). */
	smp_mb();
}

/*
 * Flush @flush, which all that was taken is part of, and let that wait to be made
 * free.
 */
static void flush_and_add(struct vmap_drain *drain,
			  const struct vmap_flush *flush)
{
	struct vmap_arena *arena;
	unsigned int i;

	lockdep_assert_held(&vmap_purge_lock);
	if (drain->areas)
		trace_vmap_drain_begin(drain->areas, drain->ranges,
				       drain->pages);

	drain->flushes = vmap_flush_run(flush);
	drain->span = flush->span;
	if (drain->areas) {
		/* What is freed from here on is for the next drain to count. */
		atomic_long_sub(drain->pages, &vmap_told.lazy);
		heed_limits();
		release_shadow(&drain->span);
		for_each_vmap_arena(arena, i)
			if (!list_empty(&arena->draining))
				vmap_space_add_flushed(i, &arena->draining);
	}
	trace_purge_vmap_area_lazy(drain->span.start, drain->span.end,
				   drain->areas);
}

/*
 * From the lowest to the highest address that was unmapped in areas that are in use
 * still: in no set of ranges, but maybe in a TLB.
 */
static struct vmap_span vmap_stale = { ULONG_MAX, 0 };
static DEFINE_SPINLOCK(vmap_stale_lock);

/**
 * vmap_flush_later - let a range be flushed with the next drain
 * @start: the first address
 * @end: end of the range, which has been unmapped in an area that is in use
 *
 * If something is to be mapped there before, the caller flushes it himself.
 *
 * Context: process; takes a spinlock, a leaf.
 */
void vmap_flush_later(unsigned long start, unsigned long end)
{
	spin_lock(&vmap_stale_lock);
	WRITE_ONCE(vmap_stale.start, min(vmap_stale.start, start));
	WRITE_ONCE(vmap_stale.end, max(vmap_stale.end, end));
	spin_unlock(&vmap_stale_lock);
}

static void take_stale(struct vmap_flush *flush)
{
	struct vmap_span stale;

	/* Who must be seen here has given the lock up before the drain began. */
	if (likely(!READ_ONCE(vmap_stale.end)))
		return;
	spin_lock(&vmap_stale_lock);
	stale = vmap_stale;
	vmap_stale = (struct vmap_span) { ULONG_MAX, 0 };
	spin_unlock(&vmap_stale_lock);
	if (stale.end)
		vmap_flush_add(flush, stale.start, stale.end);
}

/* Take all that waits. With nothing waiting, @flush alone is flushed. */
static void take_and_flush(struct vmap_drain *drain, struct vmap_flush *flush)
{
	struct vmap_arena *arena;
	unsigned int i;

	lockdep_assert_held(&vmap_purge_lock);
	for_each_vmap_arena(arena, i)
		arena_start_draining(arena, drain, flush);
	take_stale(flush);
	flush_and_add(drain, flush);
}

/* Drain what waits, if that is @needed once it is this task's turn. */
static bool drain_waiting(struct vmap_drain *drain, bool (*needed)(void))
{
	struct vmap_flush flush;
	bool mine;

	vmap_flush_init(&flush);
	rt_mutex_lock(&vmap_purge_lock);
	mine = needed();
	if (mine)
		take_and_flush(drain, &flush);
	rt_mutex_unlock(&vmap_purge_lock);
	return mine;
}

/*
 * Drain what waits and what the client has, unless that has been done by a drain
 * that began since drains_asking() returned *@seen, if @seen is not NULL.
 */
static void drain_client(struct vmap_drain *drain, enum vmap_ask what,
			 const unsigned long *seen)
{
	struct vmap_flush flush;

	vmap_flush_init(&flush);
	rt_mutex_lock(&vmap_client_lock);
	if (!seen || vmap_asked[what] == *seen) {
		drain_asks(what);
		if (what == VMAP_ASK_RECLAIM)
			vmap_drain_client->reclaim(&flush);
		else
			vmap_drain_client->unalias(&flush);
		/*
		 * What has left the client waits. Pairs with what orders
		 * block_retire(): the lazy_lock is given up before the xarray's
		 * lock is taken.
		 */
		smp_rmb();
		rt_mutex_lock(&vmap_purge_lock);
		take_and_flush(drain, &flush);
		rt_mutex_unlock(&vmap_purge_lock);
	}
	rt_mutex_unlock(&vmap_client_lock);
}

/* Of the arena of node @id, or of the heap, the ranges of @batch are free now. */
static void batch_given(const struct vmap_batch *batch, unsigned int id)
{
	vmap_stat_add(VMAP_STAT_BATCHES, 1);
	vmap_stat_hold(batch->hold_ranges, batch->hold_ns);
	trace_vmap_drain_batch(id < nr_vmap_nodes ? id : NUMA_NO_NODE,
			       batch->ranges, batch->pages, batch->hold_ns);
}

/*
 * Make some flushed ranges of the arena of node @id, or of the heap, free.
 * Returns the pages in them.
 */
static unsigned long drain_give_some(struct vmap_drain *drain, unsigned int id)
{
	struct vmap_batch batch;

	vmap_space_give_flushed(id, &batch, true);
	if (!batch.ranges)
		return 0;
	batch_given(&batch, id);
	drain->hold_ns = max(drain->hold_ns, batch.hold_ns);
	return batch.pages;
}

/*
 * Make all flushed ranges free, whoever has flushed them. Others may have done
 * that with all of this drain's.
 */
static void drain_give_all(struct vmap_drain *drain)
{
	bool any = drain->areas;
	unsigned int id = 0;

	while ((id = vmap_space_next_flushed(id)) <= nr_vmap_nodes) {
		if (drain_give_some(drain, id))
			any = true;
		cond_resched();
	}
	if (any) {
		vmap_space_return_chunks(1);
		vmap_debug_check();
	}
}

/* After all that it makes free, also if others have drained. */
static void drain_end(const struct vmap_drain *drain)
{
	vmap_trim_soon();
	if (!drain->areas)
		return;
	vmap_stat_add(VMAP_STAT_DRAINS, 1);
	vmap_stat_add(VMAP_STAT_AREAS, drain->areas);
	vmap_stat_add(VMAP_STAT_RANGES, drain->ranges);
	vmap_stat_add(VMAP_STAT_PAGES, drain->pages);
	trace_vmap_drain_end(drain->areas, drain->ranges, drain->pages,
			     drain->span.start, drain->span.end,
			     drain->flushes, drain->hold_ns);
}

/* Who has woken the worker saw that, but others may have drained since. */
static bool drain_is_due(void)
{
	bool wanted = xchg(&vmap_drain_wanted, 0);

	return vmap_lazy_exceeds_limit() || (wanted && vmap_waiting_pages());
}

static void vmap_drain_worker(struct work_struct *work)
{
	struct vmap_drain drain = {};

	drain_waiting(&drain, drain_is_due);
	drain_give_all(&drain);
	/* Requests may have made free all there was, and return none. */
	vmap_space_return_chunks(1);
	drain_end(&drain);
}

/**
 * vmap_reclaims - tell how many have begun to make all addresses free
 *
 * Return: a number for vmap_reclaim().
 */
unsigned long vmap_reclaims(void)
{
	return drains_asking(VMAP_ASK_RECLAIM);
}

/**
 * vmap_reclaim - make all addresses free that can be made free
 * @seen: what vmap_reclaims() returned before the caller found that it needs
 *	it, or NULL
 *
 * Who has waited for another one that began later than that does not do it all
 * again: what had been freed by then is free on return. With NULL it is done in
 * any case, and all that had been freed when this was called is.
 *
 * Context: process; may sleep.
 */
void vmap_reclaim(const unsigned long *seen)
{
	struct vmap_drain drain = {};

	drain_client(&drain, VMAP_ASK_RECLAIM, seen);
	drain_give_all(&drain);
	vmap_space_return_chunks(0);
	drain_end(&drain);
	lockdep_assert_not_held(&vmap_client_lock);
	lockdep_assert_not_held(&vmap_purge_lock);
	vmap_trim_give_way();
}

/**
 * vmap_reclaim_flushed - make all addresses free that have been flushed
 *
 * Whoever has flushed them may not have come to that.
 *
 * Context: process; may reschedule.
 * Return: whether there were any.
 */
bool vmap_reclaim_flushed(void)
{
	struct vmap_drain drain = {};

	if (vmap_space_next_flushed(0) > nr_vmap_nodes)
		return false;
	drain_give_all(&drain);
	drain_end(&drain);
	return true;
}

/**
 * vmap_reclaim_batch - make a batch of flushed addresses free, without waiting
 * @id: the arena to begin with, as vmap_arena_at() counts; gets the one in which
 *	they are, to go on with if that was not enough
 *
 * Of any arena's lock it waits for no longer than who takes a free range from it.
 *
 * Context: any but an interrupt; does not sleep.
 * Return: whether any were made free.
 */
bool vmap_reclaim_batch(unsigned int *id)
{
	struct vmap_batch batch;
	unsigned int i = *id;

	while ((i = vmap_space_next_flushed(i)) <= nr_vmap_nodes) {
		vmap_space_give_flushed(i, &batch, false);
		if (batch.ranges) {
			batch_given(&batch, i);
			vmap_stat_add(VMAP_STAT_HELPED, 1);
			vmap_trim_soon();
			*id = i;
			return true;
		}
		i++;
	}
	return false;
}

/**
 * vmap_reclaim_soon - have what is lazily freed drained, however little it is
 *
 * For who has found no room and may not wait: the next one may find some.
 *
 * Context: any; the worker does it.
 */
void vmap_reclaim_soon(void)
{
	if (!READ_ONCE(vmap_drain_wanted))
		WRITE_ONCE(vmap_drain_wanted, 1);
	vmap_drain_wake();
}

/* Take what waits in @arena at these addresses, and joined to that. */
static void arena_take_range(struct vmap_arena *arena, unsigned long start,
			     unsigned long end, struct vmap_drain *drain)
{
	struct vmap_area *va;

	lockdep_assert_held(&vmap_purge_lock);
	spin_lock(&arena->lazy_lock);
	arena_tell(arena);
	while (drain->ranges < vmap_drain_batch()) {
		va = extent_find_next(&arena->lazy, start);
		if (!va || va->va_start >= end)
			break;
		extent_remove(&arena->lazy, va);
		list_add_tail(&va->list, &arena->draining);
		drain->ranges++;
		drain->pages += va_size(va) >> PAGE_SHIFT;
	}
	/* How many areas a range was made of is not known: one at least. */
	drain->areas = list_empty(&arena->lazy.head) ? arena->lazy_areas :
						       drain->ranges;
	arena->lazy_areas -= drain->areas;
	arena_taken(arena, drain->pages);
	vmap_debug_moved(drain->pages << PAGE_SHIFT);
	spin_unlock(&arena->lazy_lock);
}

/**
 * vmap_reclaim_range - drain what waits at certain addresses of the heap
 * @start: the first address
 * @end: end of the range
 *
 * For who needs just these: a module's shadow follows from where the module is.
 * What has been joined to that is drained with it; the rest goes on waiting.
 *
 * Context: process; may sleep.
 * Return: whether anything was waiting there.
 */
bool vmap_reclaim_range(unsigned long start, unsigned long end)
{
	struct vmap_arena *arena = &vmap_heap;
	struct vmap_drain drain = {};
	struct vmap_flush flush;

	vmap_flush_init(&flush);
	rt_mutex_lock(&vmap_purge_lock);
	arena_take_range(arena, start, end, &drain);
	if (drain.ranges) {
		vmap_flush_add_list(&flush, &arena->draining, drain.pages);
		flush_and_add(&drain, &flush);
	}
	rt_mutex_unlock(&vmap_purge_lock);
	if (drain.ranges)
		drain_give_all(&drain);
	drain_end(&drain);
	return drain.ranges;
}

/*
 * A batch, from the node of this CPU on, so that CPUs do not meet. Others may be
 * faster with what an arena has: then the next one's. Returns 0 if none is left.
 */
static unsigned long drain_give_near(struct vmap_drain *drain)
{
	unsigned int id = raw_smp_processor_id() & (nr_vmap_nodes - 1);
	unsigned long pages = 0;

	while (!pages) {
		id = vmap_space_next_flushed(id);
		if (id > nr_vmap_nodes)
			id = vmap_space_next_flushed(0);
		if (id > nr_vmap_nodes)
			break;
		pages = drain_give_some(drain, id);
	}
	return pages;
}

/*
 * How often a request past the hard limit waits for a drain: if the first one was
 * somebody else's and others have taken all of it, once more.
 */
#define BACKLOG_TURNS	2

/* Too much waits, and none of it could be made free as it is. */
static bool backlog_needs_flush(void)
{
	return vmap_past_hard_limit() &&
	       vmap_space_next_flushed(0) > nr_vmap_nodes;
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
	struct vmap_drain drain = {};
	unsigned long given = 0, batch;
	unsigned int turns = BACKLOG_TURNS;

	might_sleep();
	while (given < 2 * pages && vmap_past_hard_limit()) {
		batch = drain_give_near(&drain);
		given += batch;
		if (batch) {
			vmap_stat_add(VMAP_STAT_HELPED, 1);
			continue;
		}
		/* All of it is in others' hands, or has not been flushed. */
		if (!turns)
			break;
		/* After a drain of one's own, there is nothing more to be had. */
		turns = drain_waiting(&drain, backlog_needs_flush) ? 0 :
								     turns - 1;
	}
	drain_end(&drain);

	if (!vmap_waits_more_than(vmap_lazy_soft_limit())) {
		WRITE_ONCE(vmap_backlog.set, false);
		/* Pairs with arena_tell(): one of the two sees it. */
		smp_mb();
		if (vmap_waits_more_than(vmap_lazy_soft_limit()))
			WRITE_ONCE(vmap_backlog.set, true);
	}
}

/**
 * vm_unmap_aliases - see to it that no lazily unmapped page is mapped still
 *
 * A page that its owner believes mapped nowhere but in the direct map may be
 * in some CPU's TLB, at an address where it was vmalloc()ed or vmap()ed before.
 * Who is about to change the attributes of the direct map calls this first. As
 * it is not told of which pages, it has to flush all that waits; several who
 * call it at once share a flush that begins after each of them did.
 *
 * Context: process; may sleep.
 */
void vm_unmap_aliases(void)
{
	struct vmap_drain drain = {};
	unsigned long seen;

	if (unlikely(!vmap_initialized))
		return;
	seen = drains_asking(VMAP_ASK_UNALIAS);
	drain_client(&drain, VMAP_ASK_UNALIAS, &seen);
	drain_give_all(&drain);
	drain_end(&drain);
}
EXPORT_SYMBOL_GPL(vm_unmap_aliases);

/* === Freeing === */

/* For who traces, who need not know of what other arenas have not told. */
static unsigned long lazy_pages_about(const struct vmap_arena *arena)
{
	lockdep_assert_held(&arena->lazy_lock);
	return atomic_long_read(&vmap_told.lazy) + arena->lazy_pages -
	       arena->lazy_told;
}

/* There may be more waiting by now than the limits allow. */
static void vmap_limits_changed(void)
{
	unsigned long limit = vmap_lazy_soft_limit();
	struct vmap_arena *arena;
	unsigned int i;

	/* In steps that were larger, more may be untold than the new limit allows. */
	for_each_vmap_arena(arena, i) {
		spin_lock(&arena->lazy_lock);
		arena_tell(arena);
		spin_unlock(&arena->lazy_lock);
	}
	/* Pairs with arena_tell(): one of the two sees the other. */
	smp_mb();
	if (vmap_waits_more_than(limit))
		WRITE_ONCE(vmap_backlog.set, true);
	if (vmap_lazy_exceeds_limit())
		vmap_drain_wake();
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
	unsigned long start = va->va_start;
	unsigned long pages = va_size(va) >> PAGE_SHIFT;
	/* What it is told costs something, too. */
	const bool traced = trace_free_vmap_area_noflush_enabled();
	bool joined, told = false;
	unsigned long lazy = 0;
	LIST_HEAD(spares);
	int err = 0;

	/* Its vm_struct may be gone long before the range is. A lookup may be at it. */
	WRITE_ONCE(va->vm, NULL);

	spin_lock(&arena->lazy_lock);
	joined = extent_join_near(&arena->lazy, va);
	if (!joined)
		err = extent_join(&arena->lazy, va, &spares);
	if (!err) {
		arena->lazy_areas++;
		arena->lazy_pages += pages;
		/* Here, so that what is told of can be taken. */
		told = arena->lazy_pages >= arena->lazy_tell_at;
		if (unlikely(told))
			arena_tell(arena);
		if (traced)
			lazy = lazy_pages_about(arena);
		vmap_debug_moved(-(pages << PAGE_SHIFT));
	}
	spin_unlock(&arena->lazy_lock);

	/* Which cannot be: it was busy. Keep the addresses out of use. */
	if (WARN_ONCE(err, "vmalloc: area at %#lx is freed twice\n", start))
		return;
	if (traced)
		trace_free_vmap_area_noflush(start, lazy, vmap_lazy_soft_limit());
	if (joined)
		vmap_area_free(va);
	else
		vmap_spares_free(&spares);
	if (unlikely(told))
		heed_limits();
}

/**
 * vmap_area_unmap - remove the translations of an area
 * @va: the area, in no index
 *
 * They may linger in TLBs: vmap_area_retire() or vmap_area_flush() comes next.
 *
 * Context: process; may sleep.
 */
void vmap_area_unmap(struct vmap_area *va)
{
	vmap_range_unmap(va->va_start, va->va_end);
}

/**
 * vmap_range_unmap - remove the translations of a part of an area
 * @start: the first address
 * @end: end of the range
 *
 * They may linger in TLBs: where the area stays in use, vmap_flush_later() comes
 * next, before anybody else gets the pages.
 *
 * Context: process; may sleep.
 */
void vmap_range_unmap(unsigned long start, unsigned long end)
{
	flush_cache_vunmap(start, end);
	vunmap_range_noflush(start, end);
	/* Then a use after free is to fault at once. */
	if (debug_pagealloc_enabled_static())
		flush_tlb_kernel_range(start, end);
}

/**
 * vmap_area_flush - flush an unmapped area at once, and make it free
 * @va: the area, in no index; no longer the caller's
 * @flush: what else is to be flushed before this returns
 *
 * What waits for a drain has nothing to do with it, and goes on waiting.
 *
 * Context: process; may sleep. Takes the lock of an arena.
 */
void vmap_area_flush(struct vmap_area *va, struct vmap_flush *flush)
{
	WRITE_ONCE(va->vm, NULL);
	vmap_flush_add(flush, va->va_start, va->va_end);
	vmap_flush_run(flush);
	if (IS_ENABLED(CONFIG_KASAN_VMALLOC)) {
		release_shadow_of(va);
		kasan_release_vmalloc(va->va_start, va->va_end, va->va_start,
				      va->va_end, KASAN_VMALLOC_TLB_FLUSH);
	}
	trace_purge_vmap_area_lazy(va->va_start, va->va_end, 1);
	vmap_space_give(va);
	vmap_trim_soon();
}

/* === Boot === */

/**
 * vmap_drain_init - get ready to drain
 * @client: the cache to be asked for what it could give back
 *
 * Context: boot, one CPU.
 */
void __init vmap_drain_init(const struct vmap_drain_client *client)
{
	vmap_drain_client = client;
	vmap_limits_init(vmap_limits_changed);
}

/* With fewer CPUs less may wait, unless the user says how much. */
static int vmap_limits_cpu_dead(unsigned int cpu)
{
	vmap_limits_changed();
	return 0;
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
		wq = system_dfl_wq;
	/* Pairs with vmap_drain_wake(). */
	smp_store_release(&vmap_drain_wq, wq);
	vmap_trim_init(wq);
	/* Without it, the new limits hold once more has been freed. */
	WARN_ON(cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					  "mm/vmalloc:limits", NULL,
					  vmap_limits_cpu_dead) < 0);
	return 0;
}
core_initcall(vmap_drain_wq_init);
