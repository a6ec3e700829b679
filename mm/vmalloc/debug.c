// SPDX-License-Identifier: GPL-2.0-only
/*
 * Validators: recompute what is kept for speed.
 *
 * Each set is checked under its own lock, and whoever moves addresses between
 * sets reports it by vmap_debug_moved(). If nothing has moved during a check,
 * the sets and what is in the hands of tasks must add up to the whole space.
 */

#include <linux/atomic.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "internal.h"

/* How often a check is begun anew because something has moved meanwhile. */
#define VMAP_DEBUG_TRIES	10

/* Bytes in no set: carved, unmapped, taken by a drain, or flushed by one. */
static atomic_long_t vmap_debug_in_hand = ATOMIC_LONG_INIT(0);
static atomic_long_t vmap_debug_moves = ATOMIC_LONG_INIT(0);

/**
 * vmap_debug_moved - tell that addresses leave or enter a set
 * @bytes: how many have left; negative if they have entered it
 *
 * Context: the lock of the set is held.
 */
void vmap_debug_moved(long bytes)
{
	atomic_long_add(bytes, &vmap_debug_in_hand);
	/* Pairs with smp_rmb() in vmap_debug_check(). */
	smp_mb__after_atomic();
	atomic_long_inc(&vmap_debug_moves);
}

static bool set_check(spinlock_t *lock, struct rb_list *set, bool sized,
		      bool merged, unsigned long *bytes)
{
	const struct vmap_area *va;
	bool valid;

	spin_lock(lock);
	valid = extent_set_valid(set, sized, merged);
	list_for_each_entry(va, &set->head, list)
		*bytes += va_size(va);
	spin_unlock(lock);

	cond_resched();
	return valid;
}

static bool hints_check(struct vmap_node *vn)
{
	unsigned int i;

	for (i = 0; i < VMAP_HINTS; i++) {
		struct vmap_area *va = vn->hints[i];

		if (va && (extent_find(&vn->busy, va->va_start) != va ||
			   addr_to_hint(vn, va->va_start) != &vn->hints[i]))
			return false;
	}
	return true;
}

/*
 * Each hint is one of the node's areas, and stands where that is looked for; and as
 * many areas reach over a chunk's end as are counted.
 */
static bool node_check(struct vmap_node *vn)
{
	const struct vmap_area *va;
	unsigned int reaching = 0;
	bool valid;

	spin_lock(&vn->busy_lock);
	valid = hints_check(vn);
	list_for_each_entry(va, &vn->busy.head, list)
		if ((va->va_start ^ (va->va_end - 1)) >> VMAP_CHUNK_SHIFT)
			reaching++;
	valid &= reaching == vn->reaching;
	spin_unlock(&vn->busy_lock);

	cond_resched();
	return valid;
}

/* What waits is what is counted, and no more has been told of. */
static bool lazy_check(struct vmap_arena *arena)
{
	const struct vmap_area *va;
	unsigned long pages = 0;
	bool valid;

	spin_lock(&arena->lazy_lock);
	list_for_each_entry(va, &arena->lazy.head, list)
		pages += va_size(va) >> PAGE_SHIFT;
	valid = pages == arena->lazy_pages && arena->lazy_told <= pages;
	spin_unlock(&arena->lazy_lock);

	cond_resched();
	return valid;
}

static bool all_sets_check(unsigned long *bytes)
{
	struct vmap_arena *arena;
	bool valid = true;
	unsigned int i;

	for (i = 0; i < nr_vmap_nodes; i++) {
		valid &= set_check(&vmap_nodes[i].busy_lock,
				   &vmap_nodes[i].busy, false, false, bytes);
		valid &= node_check(&vmap_nodes[i]);
	}
	for_each_vmap_arena(arena, i) {
		valid &= set_check(&arena->lazy_lock, &arena->lazy, false,
				   true, bytes);
		valid &= lazy_check(arena);
		valid &= set_check(&arena->lock, &arena->free, true, true,
				   bytes);
	}
	return valid;
}

/**
 * vmap_debug_check - recompute everything
 *
 * Context: process; takes all locks of space.c in turns, and holds each as
 * long as its set is large.
 * Return: 0; -EBUSY if the sums could not be taken because addresses kept
 * moving; -EINVAL if something is wrong, which a warning has described.
 */
int vmap_debug_check(void)
{
	unsigned long bytes;
	long moves;
	int tries;

	for (tries = 0; tries < VMAP_DEBUG_TRIES; tries++) {
		moves = atomic_long_read(&vmap_debug_moves);
		smp_rmb(); /* Pairs with the barrier in vmap_debug_moved(). */
		bytes = atomic_long_read(&vmap_debug_in_hand);

		if (WARN_ONCE(!all_sets_check(&bytes),
			      "vmalloc: a set of ranges is damaged\n"))
			return -EINVAL;
		/* The locks taken meanwhile order this after their sets. */
		if (atomic_long_read(&vmap_debug_moves) != moves)
			continue;

		if (WARN_ONCE(bytes != ULONG_MAX - 1,
			      "vmalloc: %#lx bytes in all, there should be %#lx\n",
			      bytes, ULONG_MAX - 1))
			return -EINVAL;
		return 0;
	}
	return -EBUSY;
}
