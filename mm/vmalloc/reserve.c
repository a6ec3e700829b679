// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserving a range of addresses: try, reclaim, try again.
 *
 * space.c says whether there is room; what to do when there is none is decided
 * here and nowhere else: drain what waits, ask whoever has registered a purge
 * notifier to unmap something, and only then fail.
 */

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/kasan.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/notifier.h>
#include <linux/printk.h>

#include "internal.h"

#include <trace/events/vmalloc.h>

static BLOCKING_NOTIFIER_HEAD(vmap_notify_list);

/**
 * register_vmap_purge_notifier - ask to be called when addresses run out
 * @nb: called with a pointer to an unsigned long, to which it adds the number
 *	of pages or areas it has unmapped; it may call vunmap() and vfree()
 *
 * Context: may sleep.
 * Return: 0, or -EEXIST if it is registered already.
 */
int register_vmap_purge_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&vmap_notify_list, nb);
}
EXPORT_SYMBOL_GPL(register_vmap_purge_notifier);

/**
 * unregister_vmap_purge_notifier - ask not to be called any longer
 * @nb: as registered
 *
 * Context: may sleep.
 * Return: 0, or -ENOENT if it was not registered.
 */
int unregister_vmap_purge_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&vmap_notify_list, nb);
}
EXPORT_SYMBOL_GPL(unregister_vmap_purge_notifier);

/**
 * struct vmap_request - what is asked for
 * @size: bytes
 * @align: alignment of the start
 * @start: lowest address
 * @end: it ends here or below
 * @gfp: reclaim flags, for descriptors
 * @rungs: where on the ladder to give up
 * @arena: the only one to look in, as vmap_arena_at() counts, or %VMAP_ANY_ARENA
 */
struct vmap_request {
	unsigned long size;
	unsigned long align;
	unsigned long start;
	unsigned long end;
	gfp_t gfp;
	unsigned int rungs;
	unsigned int arena;
};

#define VMAP_ANY_ARENA	UINT_MAX

static int vmap_take(struct vmap_area *va, const struct vmap_request *req,
		     enum vmap_effort effort, struct list_head *spares)
{
	/* Whole pages, whatever the window starts with. */
	unsigned long align = max(req->align, PAGE_SIZE);

	if (req->arena != VMAP_ANY_ARENA)
		return vmap_space_take_from(va, req->size, align, req->start,
					    req->end, req->arena, spares);
	return vmap_space_take(va, req->size, align, req->start, req->end,
			       effort, spares);
}

/*
 * One attempt. Most ranges are taken without a spare descriptor, so these are
 * allocated when one turns out to be needed, with no lock held.
 */
static int vmap_attempt(struct vmap_area *va, const struct vmap_request *req,
			enum vmap_effort effort, struct list_head *spares)
{
	int err;

	err = vmap_take(va, req, effort, spares);
	if (err == -ENOMEM) {
		err = vmap_spares_fill(spares, VMAP_MAX_SPARES, req->gfp);
		if (err)
			return err;
		err = vmap_take(va, req, effort, spares);
	}
	trace_alloc_vmap_area(err ?: va->va_start, req->size, req->align,
			      req->start, req->end, err != 0);
	return err;
}

/*
 * What may make an attempt succeed, from the cheapest on. To look at each free
 * range costs less than a flush.
 */
enum vmap_rung {
	RUNG_LOOK,		/* harder than before */
	RUNG_FLUSHED,		/* nobody has come to make it free yet */
	RUNG_PLACE,		/* there is but one place, which waits */
	RUNG_RECLAIM,		/* all that waits, once for all who need it now */
	RUNG_RECLAIM_AGAIN,	/* what has been freed since that began */
	RUNG_NOTIFY,		/* whoever has something to unmap */
	RUNGS
};

/**
 * struct vmap_ladder - how far a request has come
 * @rung: the next one
 * @seen: reclaims that had begun before it looked hard
 * @again: how often it has drained anew
 */
struct vmap_ladder {
	enum vmap_rung rung;
	unsigned long seen;
	unsigned int again;
};

/*
 * What a drain has made free others may take before the next attempt, and free
 * again, so that it waits anew: as often as that one drains for them.
 */
#define VMAP_RECLAIM_AGAIN	7

/* However little: the rest of what is wanted may be free on either side of it. */
static bool anything_waits(void)
{
	return vmap_waiting_pages();
}

/* Returns whether another attempt is worth it. */
static bool vmap_climb(struct vmap_ladder *at, const struct vmap_request *req)
{
	unsigned long freed = 0;

	switch (at->rung++) {
	case RUNG_LOOK:
		at->seen = vmap_reclaims();
		return true;
	case RUNG_FLUSHED:
		return vmap_reclaim_flushed();
	case RUNG_PLACE:
		return req->end - req->start == req->size &&
		       vmap_reclaim_range(req->start, req->end);
	case RUNG_RECLAIM:
		vmap_reclaim(&at->seen);
		return true;
	case RUNG_RECLAIM_AGAIN:
		/* It may have been another one's, or others had what it gave. */
		if (at->again == VMAP_RECLAIM_AGAIN || !anything_waits())
			return false;
		at->again++;
		at->rung = RUNG_RECLAIM_AGAIN;
		vmap_reclaim(NULL);
		return true;
	default:
		blocking_notifier_call_chain(&vmap_notify_list, 0, &freed);
		if (freed)
			at->rung = RUNG_LOOK;
		return freed;
	}
}

/*
 * Who may not wait stays at the foot of it, see vmap_take_flushed(): a drain sleeps,
 * and so does who is notified. Who gets no block takes less: not all there is has to be
 * done for it.
 */
static unsigned int rungs_for(unsigned long va_flags, bool may_wait)
{
	if (unlikely(!may_wait))
		return 0;
	if (likely(!(va_flags & VMAP_BLOCK)))
		return RUNGS;
	return va_flags & VMAP_IF_FREE ? RUNG_PLACE : RUNG_RECLAIM_AGAIN;
}

/* Out of line, so that only who needs it pays for the ladder. */
static noinline int vmap_reclaim_and_take(struct vmap_area *va,
					  const struct vmap_request *req,
					  struct list_head *spares)
{
	struct vmap_ladder at = { .rung = RUNG_LOOK };
	int err = -ENOSPC;

	while (err == -ENOSPC && at.rung < req->rungs) {
		if (vmap_climb(&at, req))
			err = vmap_attempt(va, req, VMAP_TRY_HARD, spares);
	}
	return err;
}

/*
 * How many batches who may not wait makes free for a request at the most: 256
 * ranges, some tens of microseconds. After each the arena that has got them is looked
 * at, and after the last all others: they are as many as there are CPUs.
 */
#define VMAP_ATOMIC_BATCHES	8

/*
 * What a drain has flushed but not come to make free needs no flush, no sleep and
 * nobody's help. If that was all, or not enough, the next request may find more.
 */
static noinline int vmap_take_flushed(struct vmap_area *va,
				      const struct vmap_request *req,
				      struct list_head *spares)
{
	unsigned int batches = VMAP_ATOMIC_BATCHES;
	struct vmap_request here = *req;
	int err = -ENOSPC;

	here.arena = 0;
	while (err == -ENOSPC && batches && vmap_reclaim_batch(&here.arena)) {
		err = vmap_attempt(va, &here, VMAP_TRY_ATOMIC, spares);
		batches--;
	}
	if (err == -ENOSPC && batches < VMAP_ATOMIC_BATCHES)
		err = vmap_attempt(va, req, VMAP_TRY_ATOMIC, spares);
	if (err == -ENOSPC)
		vmap_reclaim_soon();
	return err;
}

/* What the quick look has not found. */
static noinline int vmap_take_or_reclaim(struct vmap_area *va,
					 unsigned long size,
					 unsigned long align,
					 unsigned long start, unsigned long end,
					 gfp_t gfp, unsigned long va_flags)
{
	const struct vmap_request req = {
		.size = size,
		.align = align,
		.start = start,
		.end = end,
		.gfp = gfp & GFP_RECLAIM_MASK,
		.rungs = rungs_for(va_flags, gfpflags_allow_blocking(gfp)),
		.arena = VMAP_ANY_ARENA,
	};
	LIST_HEAD(spares);
	int err;

	err = vmap_attempt(va, &req, likely(req.rungs) ? VMAP_TRY :
							 VMAP_TRY_ATOMIC,
			   &spares);
	if (unlikely(err == -ENOSPC))
		err = req.rungs ? vmap_reclaim_and_take(va, &req, &spares) :
				  vmap_take_flushed(va, &req, &spares);
	vmap_spares_free(&spares);
	if (unlikely(err) && err != -ENOMEM && req.rungs == RUNGS &&
	    !(gfp & __GFP_NOWARN))
		pr_warn_ratelimited("vmalloc_node_range for size %lu failed: Address range restricted to %#lx - %#lx\n",
				    size, start, end);
	return err;
}

/* Most requests get what the last one has left, and need no more than that. */
static __always_inline bool vmap_take_fit(struct vmap_area *va,
					  unsigned long size,
					  unsigned long align,
					  unsigned long start, unsigned long end)
{
	if (start != VMALLOC_START || end != VMALLOC_END ||
	    align > PAGE_SIZE || !vmap_space_take_fit(va, size))
		return false;
	trace_alloc_vmap_area(va->va_start, size, align, start, end, 0);
	return true;
}

/**
 * vmap_area_reserve - get a range of addresses, and make it busy
 * @size: bytes, a multiple of the page size
 * @align: alignment of the start, a power of two
 * @start: lowest address it may have
 * @end: it ends here or below
 * @node: memory node to prefer for its descriptor
 * @gfp: allocation flags; those that concern reclaim count, and __GFP_NOWARN
 * @va_flags: VMAP_RAM or 0; VMAP_BLOCK as well, which the caller can do without:
 *	drains once at the most, not at all with VMAP_IF_FREE, and does not warn
 * @vm: bound to the range if not NULL
 *
 * Context: process; sleeps if @gfp allows it. If not, what has been flushed is made
 * free for this request and nothing else, and it fails quietly.
 * Return: the area, or ERR_PTR(): -EINVAL for a size or alignment that makes no
 * sense, -ENOMEM, or -EBUSY if there is no room or vmalloc is not up yet.
 */
struct vmap_area *vmap_area_reserve(unsigned long size, unsigned long align,
				    unsigned long start, unsigned long end,
				    int node, gfp_t gfp, unsigned long va_flags,
				    struct vm_struct *vm)
{
	bool may_wait = gfpflags_allow_blocking(gfp);
	struct vmap_area *va;
	int err;

	if (unlikely(!size || offset_in_page(size) || !is_power_of_2(align)))
		return ERR_PTR(-EINVAL);
	if (unlikely(!vmap_initialized))
		return ERR_PTR(-EBUSY);
	might_sleep_if(may_wait);
	if (unlikely(READ_ONCE(vmap_backlog.set)) && may_wait)
		vmap_reduce_backlog(size >> PAGE_SHIFT);

	va = vmap_area_alloc(gfp & GFP_RECLAIM_MASK, node);
	if (unlikely(!va))
		return ERR_PTR(-ENOMEM);
	if (!vmap_take_fit(va, size, align, start, end)) {
		err = vmap_take_or_reclaim(va, size, align, start, end, gfp,
					   va_flags);
		if (unlikely(err)) {
			vmap_area_free(va);
			return ERR_PTR(err == -ENOMEM ? -ENOMEM : -EBUSY);
		}
	}

	err = kasan_populate_vmalloc(va->va_start, size,
				     gfp & GFP_RECLAIM_MASK);
	if (unlikely(err)) {
		/* Some shadow may be there; a drain releases that, too. */
		vmap_area_retire(va);
		return ERR_PTR(err);
	}

	va->flags |= va_flags & ~VMAP_IF_FREE;
	vmap_busy_add(va, vm);
	return va;
}

/**
 * vmap_area_extend_reserve - get the addresses right above an area
 * @vm: the area, busy
 * @least: so many bytes, or none
 * @most: no more than these
 * @gfp: allocation flags; those that concern reclaim count
 *
 * Takes what is free; nothing is made free for it, but what is over the hard limit.
 *
 * Context: process; sleeps if @gfp allows it.
 * Return: the range, for vmap_busy_extend() or vmap_area_retire(); NULL if there is
 * none, or no memory.
 */
struct vmap_area *vmap_area_extend_reserve(const struct vm_struct *vm,
					   unsigned long least,
					   unsigned long most, gfp_t gfp)
{
	struct vmap_area *va;

	if (unlikely(READ_ONCE(vmap_backlog.set)) && gfpflags_allow_blocking(gfp))
		vmap_reduce_backlog(most >> PAGE_SHIFT);
	gfp &= GFP_RECLAIM_MASK;
	va = vmap_area_alloc(gfp, NUMA_NO_NODE);
	if (!va)
		return NULL;
	if (!vmap_busy_above(vm, va) ||
	    !vmap_space_take_above(va, least, most)) {
		vmap_area_free(va);
		return NULL;
	}
	if (kasan_populate_vmalloc(va->va_start, va_size(va), gfp)) {
		vmap_area_retire(va);
		return NULL;
	}
	return va;
}
