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

/* Bytes in no set: carved, unmapped, taken, flushed or withheld, or chunks on their way. */
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

static unsigned long set_bytes(const struct rb_list *set)
{
	const struct vmap_area *va;
	unsigned long bytes = 0;

	list_for_each_entry(va, &set->head, list)
		bytes += va_size(va);
	return bytes;
}

static bool hints_check(struct vmap_node *vn)
{
	unsigned int i;

	lockdep_assert_held(&vn->busy_lock);
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
static bool busy_check(struct vmap_node *vn, unsigned long *bytes)
{
	const struct vmap_area *va;
	unsigned int reaching = 0;
	bool valid;

	spin_lock(&vn->busy_lock);
	valid = extent_set_valid(&vn->busy, false, false) && hints_check(vn);
	list_for_each_entry(va, &vn->busy.head, list)
		if ((va->va_start ^ (va->va_end - 1)) >> VMAP_CHUNK_SHIFT)
			reaching++;
	valid &= reaching == vn->reaching;
	*bytes += set_bytes(&vn->busy);
	spin_unlock(&vn->busy_lock);

	cond_resched();
	return valid;
}

/* What waits is what is counted, by pages and by areas, and no more has been told of. */
static bool lazy_check(struct vmap_arena *arena, unsigned long *bytes)
{
	unsigned long waits;
	bool valid;

	spin_lock(&arena->lazy_lock);
	waits = set_bytes(&arena->lazy);
	valid = extent_set_valid(&arena->lazy, false, true) &&
		arena->lazy_pages == waits >> PAGE_SHIFT &&
		arena->lazy_told <= arena->lazy_pages &&
		arena->lazy_areas >= arena->lazy.nr;
	spin_unlock(&arena->lazy_lock);

	*bytes += waits;
	cond_resched();
	return valid;
}

/*
 * Flushed ranges are where they are looked for, and what is free of a node's chunks is
 * of its own. @id: as vmap_arena_at() counts.
 */
static bool free_check(struct vmap_arena *arena, unsigned int id,
		       unsigned long *bytes)
{
	const struct vmap_area *va;
	bool valid;

	spin_lock(&arena->lock);
	valid = extent_set_valid(&arena->free, true, true);
	/* Who has made the last of them free may have given up the lock first. */
	valid &= list_empty(&arena->flushed) ||
		 vmap_space_next_flushed(id) == id;
	if (id < nr_vmap_nodes)
		list_for_each_entry(va, &arena->free.head, list)
			valid &= addr_to_node_id(va->va_start) == id &&
				 addr_to_node_id(va->va_end - 1) == id;
	*bytes += set_bytes(&arena->free);
	spin_unlock(&arena->lock);

	cond_resched();
	return valid;
}

static bool all_sets_check(unsigned long *bytes)
{
	struct vmap_arena *arena;
	bool valid = true;
	unsigned int i;

	for (i = 0; i < nr_vmap_nodes; i++)
		valid &= busy_check(&vmap_nodes[i], bytes);
	for_each_vmap_arena(arena, i) {
		valid &= lazy_check(arena, bytes);
		valid &= free_check(arena, i, bytes);
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
