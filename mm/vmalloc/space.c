// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who owns which address: the heap, and the nodes with their chunks.
 *
 * The heap owns all of [1, ULONG_MAX), not only VMALLOC_START..VMALLOC_END:
 * modules, KASAN shadow and some architectures' I/O windows are asked for by
 * address. So that CPUs do not meet at its lock, each node leases chunks from
 * it, from which ordinary requests are served. The owner of a chunk is a pure
 * function of its address, addr_to_node(): a range that is freed goes back to
 * the node it came from, next to its neighbours, whoever frees it.
 *
 * Nothing here sleeps, reclaims or knows of TLBs, save that what takes long
 * gives way to others now and then. Locks: see internal.h.
 */

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "internal.h"

/* Ranges made free between two looks at who waits for the lock or the CPU. */
#define VMAP_GIVE_STEP		8

/* The most that who may not wait makes free at one go, whatever the sysctl says. */
#define VMAP_GIVE_ATOMIC	32U

/*
 * How many ranges a search for congruent ones looks up in one hold of the lock,
 * or as many more as it has areas: a descent of the tree for each, which costs
 * about as much as to make a range free.
 */
#define CONGRUENT_LOOKS		32

/*
 * Leave each node at least so many chunks of its own: then the spare ones that
 * nodes keep are at most a 64th of the space. It may lease those of others, too.
 */
#define VMAP_MIN_NODE_CHUNKS	64

static struct vmap_node vmap_first_node;

struct vmap_node *vmap_nodes __read_mostly = &vmap_first_node;
unsigned int nr_vmap_nodes __read_mostly = 1;
/* What debuggers divide an address by to find its node. */
static unsigned int vmap_zone_size __used __read_mostly = 1;
struct vmap_arena vmap_heap;

struct vmap_told vmap_told;

/*
 * The arenas that have flushed ranges, as vmap_arena_at() counts them: who looks
 * for some need not touch the lines of all. Changed under the arena's lock.
 */
static DECLARE_BITMAP(vmap_flushed, VMAP_MAX_NODES + 1);

/* vmap_heap.given when the heap had no chunk for anybody; as vmap_node.no_chunk. */
static unsigned long no_chunk_at_all __read_mostly = ULONG_MAX;

/* === Free ranges === */

/*
 * A chunk that moves between the heap and a node is in neither's set for a
 * moment. Who has looked everywhere in vain can tell from these whether one
 * may have been on its way.
 */
static atomic_long_t moves_begun = ATOMIC_LONG_INIT(0);
static atomic_long_t moves_ended = ATOMIC_LONG_INIT(0);

/* With the lock held from under which the chunk is taken. */
static void move_begin(void)
{
	atomic_long_inc(&moves_begun);
	/* Pairs with moved_since(): who misses the chunk sees this. */
	smp_mb__after_atomic();
}

static void move_end(void)
{
	/* Pairs with moves_so_far(): who sees this finds the chunk. */
	smp_mb__before_atomic();
	atomic_long_inc(&moves_ended);
}

static long moves_so_far(void)
{
	long ended = atomic_long_read(&moves_ended);

	smp_rmb(); /* Pairs with move_end(). */
	return ended;
}

/* Whether any move was under way after moves_so_far() returned @ended. */
static bool moved_since(long ended)
{
	smp_rmb(); /* Pairs with move_begin(). */
	return atomic_long_read(&moves_begun) != ended;
}

/*
 * How often one looks again for that reason: whoever moves a chunk may have
 * been preempted, by a task that then looks in vain.
 */
#define MOVED_TRIES	3

/*
 * One hold of the lock. -EAGAIN: the search goes on at *@addr. @moves: what is
 * carved is a chunk on its way.
 */
static __always_inline int arena_try_carve(struct vmap_arena *arena,
					   const struct extent_room *room,
					   unsigned long *addr, bool moves,
					   struct list_head *spares)
{
	int err;

	spin_lock(&arena->lock);
	err = extent_carve(&arena->free, room, addr, spares);
	if (!err) {
		vmap_debug_moved(room->size);
		if (moves)
			move_begin();
	}
	spin_unlock(&arena->lock);
	return err;
}

/* A lookup may be at the descriptor still, of an area that it was before. */
static void va_set(struct vmap_area *va, unsigned long start, unsigned long size)
{
	WRITE_ONCE(va->va_start, start);
	WRITE_ONCE(va->va_end, start + size);
}

/* What becomes free meanwhile below *@addr is not seen. */
static noinline int arena_go_on_carving(struct vmap_arena *arena,
					const struct extent_room *room,
					unsigned long *addr, bool moves,
					struct list_head *spares)
{
	struct extent_room rest = *room;
	int err;

	do {
		cond_resched();
		rest.start = *addr;
		err = arena_try_carve(arena, &rest, addr, moves, spares);
	} while (err == -EAGAIN);
	return err;
}

static int arena_carve(struct vmap_arena *arena, struct vmap_area *va,
		       const struct extent_room *room, bool moves,
		       struct list_head *spares)
{
	unsigned long addr;
	int err;

	err = arena_try_carve(arena, room, &addr, moves, spares);
	if (unlikely(err == -EAGAIN))
		err = room->once ? -ENOSPC :
		      arena_go_on_carving(arena, room, &addr, moves, spares);
	if (!err)
		va_set(va, addr, room->size);
	return err;
}

/* Something has been added to what is free. */
static void arena_given(struct vmap_arena *arena)
{
	lockdep_assert_held(&arena->lock);
	WRITE_ONCE(arena->given, arena->given + 1);
}

static void arena_give(struct vmap_arena *arena, struct vmap_area *va)
{
	unsigned long size = va_size(va);
	LIST_HEAD(spares);
	int err;

	spin_lock(&arena->lock);
	err = extent_give(&arena->free, va, &spares);
	if (!err) {
		vmap_debug_moved(-size);
		arena_given(arena);
	}
	spin_unlock(&arena->lock);

	if (WARN_ONCE(err, "vmalloc: %#lx-%#lx is given back twice\n",
		      va->va_start, va->va_end))
		vmap_area_free(va);
	vmap_spares_free(&spares);
}

/* === Chunks === */

/* Lease the lowest free chunk that @room describes; *@id tells whose it is. */
static int lease_chunk(const struct extent_room *room, unsigned int *id,
		       struct list_head *spares)
{
	struct vmap_area *chunk;
	int err;

	if (list_empty(spares))
		return -ENOMEM;
	chunk = list_first_entry(spares, struct vmap_area, list);
	list_del(&chunk->list);

	err = arena_carve(&vmap_heap, chunk, room, true, spares);
	if (err) {
		list_add(&chunk->list, spares);
		return err;
	}
	*id = addr_to_node_id(chunk->va_start);
	arena_give(&vmap_nodes[*id].arena, chunk);
	move_end();
	vmap_stat_add(VMAP_STAT_LEASED, 1);
	return 0;
}

/*
 * Lease one that hashes to node @id, so that its CPUs are among themselves, or
 * else any: no more than a share of a small space hashes to a node. Where most
 * of it is leased, each free range may have to be looked at: not again until
 * the heap has been given something.
 */
static int node_lease_chunk(unsigned int id, unsigned int *leased, bool once,
			    struct list_head *spares)
{
	unsigned long given = READ_ONCE(vmap_heap.given);
	struct vmap_node *vn = &vmap_nodes[id];
	struct extent_room room = {
		.size	= VMAP_CHUNK_SIZE,
		.align	= VMAP_CHUNK_SIZE * nr_vmap_nodes,
		.offset	= VMAP_CHUNK_SIZE * id,
		.start	= VMALLOC_START,
		.end	= VMALLOC_END,
		.once	= once,
	};
	int err;

	if (READ_ONCE(vn->no_chunk) != given) {
		err = lease_chunk(&room, leased, spares);
		/* Who does not look everywhere has nothing to remember. */
		if (err != -ENOSPC || once)
			return err;
		room.exact = true;
		err = lease_chunk(&room, leased, spares);
		if (err != -ENOSPC)
			return err;
		WRITE_ONCE(vn->no_chunk, given);
	}
	if (once || READ_ONCE(no_chunk_at_all) == given)
		return -ENOSPC;
	room.align = VMAP_CHUNK_SIZE;
	room.offset = 0;
	room.exact = true;
	err = lease_chunk(&room, leased, spares);
	if (err == -ENOSPC)
		WRITE_ONCE(no_chunk_at_all, given);
	return err;
}

/* Only ordinary requests come from chunks: see VMAP_CHUNK_MAX_AREA. */
static bool room_suits_chunk(const struct extent_room *room)
{
	return nr_vmap_nodes > 1 && room->start == VMALLOC_START &&
	       room->end == VMALLOC_END && room->size <= VMAP_CHUNK_MAX_AREA &&
	       room->align <= VMAP_CHUNK_MAX_AREA;
}

/* Any node would do: that of this CPU is the least likely contended. */
static unsigned int this_node_id(void)
{
	return raw_smp_processor_id() & (nr_vmap_nodes - 1);
}

/* From the chunks of node @id, for who is at home in node @home. */
static int node_take(unsigned int home, unsigned int id, struct vmap_area *va,
		     const struct extent_room *room, struct list_head *spares)
{
	int err;

	va->flags = VMAP_CHUNKED;
	err = arena_carve(&vmap_nodes[id].arena, va, room, false, spares);
	if (!err && READ_ONCE(vmap_nodes[home].served_by) != id)
		WRITE_ONCE(vmap_nodes[home].served_by, id);
	return err;
}

/* The node @id has no room: it did find some elsewhere the last time, or leases. */
static noinline int node_take_elsewhere(unsigned int id, struct vmap_area *va,
					const struct extent_room *room,
					struct list_head *spares)
{
	unsigned int other = READ_ONCE(vmap_nodes[id].room_in);
	int err = -ENOSPC;

	if (other != id)
		err = node_take(id, other, va, room, spares);
	if (err != -ENOSPC)
		return err;
	err = node_lease_chunk(id, &other, room->once, spares);
	if (err)
		return err;
	WRITE_ONCE(vmap_nodes[id].room_in, other);
	return node_take(id, other, va, room, spares);
}

/* Whether a request could be served by what is in chunks, if it is free there. */
static bool room_fits_chunks(const struct extent_room *room)
{
	return nr_vmap_nodes > 1 && room->size <= VMAP_CHUNK_SIZE &&
	       room->start < VMALLOC_END && room->end > VMALLOC_START;
}

/* From the node of this CPU on, so that not all come to the same one. */
static int any_node_take(struct vmap_area *va, const struct extent_room *room,
			 struct list_head *spares)
{
	unsigned int id = this_node_id(), other, i;
	int err = -ENOSPC;

	if (!room_fits_chunks(room))
		return -ENOSPC;
	for (i = 0; i < nr_vmap_nodes && err == -ENOSPC; i++) {
		other = (id + i) & (nr_vmap_nodes - 1);
		err = node_take(id, other, va, room, spares);
		if (!err)
			WRITE_ONCE(vmap_nodes[id].room_in, other);
	}
	return err;
}

static int space_take_quickly(struct vmap_area *va,
			      const struct extent_room *room,
			      struct list_head *spares)
{
	unsigned int id;
	int err;

	if (room_suits_chunk(room)) {
		id = this_node_id();
		err = node_take(id, id, va, room, spares);
		if (unlikely(err == -ENOSPC))
			err = node_take_elsewhere(id, va, room, spares);
		if (err != -ENOSPC)
			return err;
	}
	va->flags = 0;
	err = arena_carve(&vmap_heap, va, room, false, spares);
	/* Who does not come again looks there once, and harder. */
	if (likely(err != -ENOSPC) || room->once)
		return err;
	return any_node_take(va, room, spares);
}

/*
 * Nothing that is free is left out. What is left of chunks goes first, since it
 * serves small requests only; no more of them are leased.
 */
static int space_take_hard(struct vmap_area *va,
			   const struct extent_room *room,
			   struct list_head *spares)
{
	unsigned int tries = MOVED_TRIES;
	long moves;
	int err;

	do {
		moves = moves_so_far();
		err = any_node_take(va, room, spares);
		if (err != -ENOSPC)
			break;
		va->flags = 0;
		err = arena_carve(&vmap_heap, va, room, false, spares);
	} while (err == -ENOSPC && moved_since(moves) && --tries);
	return err;
}

static __always_inline struct extent_room room_for(unsigned long size,
						   unsigned long align,
						   unsigned long start,
						   unsigned long end,
						   enum vmap_effort effort)
{
	return (struct extent_room) {
		.size	= size,
		.align	= align,
		.start	= start,
		.end	= end,
		.exact	= effort == VMAP_TRY_HARD,
		.once	= effort == VMAP_TRY_ATOMIC,
	};
}

/**
 * vmap_space_take - take a range out of the free ones
 * @va: descriptor, gets the range and the flag that says where it goes back
 * @size: bytes, a multiple of the page size
 * @align: alignment of the start, a power of two
 * @start: lowest address it may have
 * @end: it ends here or below
 * @effort: VMAP_TRY looks where it is quick; VMAP_TRY_HARD finds it if it is
 *	free anywhere; VMAP_TRY_ATOMIC as far as one hold of each lock goes
 * @spares: descriptors, see extent.c; VMAP_MAX_SPARES always suffice
 *
 * Context: process; takes arena locks in turns and may reschedule between them,
 * but with VMAP_TRY_ATOMIC.
 * Return: 0; -ENOSPC if nothing was found; -ENOMEM if @spares has too few
 * descriptors. On failure nothing has changed, but for a chunk that a node may
 * have leased.
 */
int vmap_space_take(struct vmap_area *va, unsigned long size,
		    unsigned long align, unsigned long start,
		    unsigned long end, enum vmap_effort effort,
		    struct list_head *spares)
{
	struct extent_room room = room_for(size, align, start, end, effort);
	int err;

	if (unlikely(effort == VMAP_TRY_HARD))
		return space_take_hard(va, &room, spares);
	err = space_take_quickly(va, &room, spares);
	if (likely(err != -ENOSPC || effort == VMAP_TRY))
		return err;
	room.exact = true;
	return space_take_hard(va, &room, spares);
}

/**
 * vmap_space_take_from - take a range from one arena
 * @va: descriptor, as of vmap_space_take()
 * @size: bytes, a multiple of the page size
 * @align: alignment of the start, a power of two
 * @start: lowest address it may have
 * @end: it ends here or below
 * @id: the arena, as vmap_arena_at() counts
 * @spares: as of vmap_space_take()
 *
 * For who may not wait, has looked everywhere, and has made something free there.
 *
 * Context: any but an interrupt; one hold of the arena's lock.
 * Return: as of vmap_space_take().
 */
int vmap_space_take_from(struct vmap_area *va, unsigned long size,
			 unsigned long align, unsigned long start,
			 unsigned long end, unsigned int id,
			 struct list_head *spares)
{
	struct extent_room room = room_for(size, align, start, end,
					   VMAP_TRY_ATOMIC);

	room.exact = true;
	if (id < nr_vmap_nodes)
		return room_fits_chunks(&room) ?
		       node_take(this_node_id(), id, va, &room, spares) : -ENOSPC;
	va->flags = 0;
	return arena_carve(&vmap_heap, va, &room, false, spares);
}

/**
 * vmap_space_take_fit - take a range from where the last one like it came from
 * @va: descriptor, as of vmap_space_take()
 * @size: bytes, a multiple of the page size
 *
 * Any address of the vmalloc space will do. It is the lowest one that is free in the
 * chunks of that node, as ever.
 *
 * Context: takes the lock of an arena.
 * Return: whether there was room; vmap_space_take() may find some nevertheless.
 */
bool vmap_space_take_fit(struct vmap_area *va, unsigned long size)
{
	struct vmap_arena *arena = &vmap_heap;
	unsigned long addr;
	unsigned int id;
	bool took;

	va->flags = 0;
	if (nr_vmap_nodes > 1) {
		if (size > VMAP_CHUNK_MAX_AREA)
			return false;
		va->flags = VMAP_CHUNKED;
		id = READ_ONCE(vmap_nodes[this_node_id()].served_by);
		arena = &vmap_nodes[id].arena;
	}
	spin_lock(&arena->lock);
	took = extent_carve_fit(&arena->free, size, VMALLOC_START, VMALLOC_END,
				&addr);
	if (likely(took))
		vmap_debug_moved(size);
	spin_unlock(&arena->lock);
	if (unlikely(!took))
		return false;
	va_set(va, addr, size);
	return true;
}

/**
 * vmap_space_take_above - take what is free right above an area
 * @va: descriptor, as vmap_busy_above() has filled it in; gets the end
 * @least: so many bytes, or none
 * @most: no more than these
 *
 * Within the vmalloc space; and what belongs to a node's chunk goes on in that
 * alone.
 *
 * Context: takes the lock of an arena.
 * Return: whether there was room.
 */
bool vmap_space_take_above(struct vmap_area *va, unsigned long least,
			   unsigned long most)
{
	/* Which is the last byte itself on some. */
	const unsigned long top = ALIGN_DOWN(VMALLOC_END, PAGE_SIZE);
	const unsigned long start = va->va_start;
	struct vmap_arena *arena = &vmap_heap;
	const struct vmap_area *above;
	LIST_HEAD(spares);
	unsigned long end;
	bool took = false;

	if (start <= VMALLOC_START || start >= top)
		return false;
	most = min(most, top - start);
	if (va->flags & VMAP_CHUNKED)
		arena = &addr_to_node(start - 1)->arena;

	spin_lock(&arena->lock);
	above = extent_find_last(&arena->free, start + 1);
	if (above && above->va_end > start &&
	    min(above->va_end - start, most) >= least) {
		end = start + min(above->va_end - start, most);
		took = !WARN_ON_ONCE(extent_carve_at(&arena->free, start, end,
						     &spares));
	}
	if (took) {
		va->va_end = end;
		vmap_debug_moved(va_size(va));
	}
	spin_unlock(&arena->lock);
	vmap_spares_free(&spares);
	return took;
}

/*
 * The highest base at or below *@base, not below @lowest, at which each area
 * lies in one free range. Whenever one does not, the base moves down to where
 * this one fits the next free range, and all are looked at again: the base
 * only ever falls, by a free range at a time. Returns -EAGAIN when that has
 * been done often enough for one hold of the lock.
 */
static int congruent_base(const struct rb_list *free,
			  const unsigned long *offsets, const size_t *sizes,
			  int nr, unsigned long align, unsigned long lowest,
			  unsigned long *base)
{
	int i = 0, fits = 0, looks = 0;

	lockdep_assert_held(&vmap_heap.lock);
	while (fits < nr) {
		unsigned long start = *base + offsets[i];
		unsigned long end = start + sizes[i];
		struct vmap_area *va = extent_find_last(free, end);
		unsigned long top;

		looks++;
		if (!va)
			return -ENOSPC;
		if (va->va_start <= start && va->va_end >= end) {
			fits++;
			i = (i + 1) % nr;
			continue;
		}

		top = ALIGN_DOWN(min(va->va_end, end), align);
		if (top < va->va_start || top - va->va_start < sizes[i]) {
			va = extent_find_last(free, va->va_start);
			if (!va)
				return -ENOSPC;
			top = ALIGN_DOWN(va->va_end, align);
		}
		if (top < lowest + offsets[i] + sizes[i])
			return -ENOSPC;
		*base = top - sizes[i] - offsets[i];
		fits = 0;
		/* Here alone, where the next hold has less to look at. */
		if (looks >= CONGRUENT_LOOKS)
			return -EAGAIN;
	}
	return 0;
}

/* One of the ranges, which congruent_base() has found to be free. */
static int congruent_carve(struct vmap_area *va, unsigned long start,
			   unsigned long size, struct list_head *spares)
{
	int err;

	lockdep_assert_held(&vmap_heap.lock);
	va->va_start = start;
	va->va_end = start + size;
	va->flags = 0;
	err = extent_carve_at(&vmap_heap.free, va->va_start, va->va_end,
			      spares);
	WARN_ON_ONCE(err);
	if (!err)
		vmap_debug_moved(size);
	return err;
}

/**
 * vmap_space_take_congruent - take ranges at given offsets from each other
 * @vas: @nr descriptors, get the ranges
 * @offsets: where each range starts, from a common base
 * @sizes: bytes in each range
 * @nr: how many ranges
 * @align: alignment of all of the offsets, sizes and the base
 * @spares: at least @nr descriptors
 *
 * They are taken from the top of the vmalloc space downwards, away from the
 * ordinary ones.
 *
 * Context: process; takes the heap's lock in turns and may reschedule between
 * them.
 * Return: 0 or -ENOSPC; then nothing has changed.
 */
int vmap_space_take_congruent(struct vmap_area **vas,
			      const unsigned long *offsets,
			      const size_t *sizes, int nr, unsigned long align,
			      struct list_head *spares)
{
	unsigned long lowest = ALIGN(VMALLOC_START, align);
	unsigned long highest = ALIGN_DOWN(VMALLOC_END, align);
	unsigned int tries = MOVED_TRIES;
	unsigned long span = 0, base;
	int i, err;
	long moves;

	for (i = 0; i < nr; i++)
		span = max(span, offsets[i] + sizes[i]);
	if (highest < lowest || highest - lowest < span)
		return -ENOSPC;
	highest -= span;

	do {
		moves = moves_so_far();
		base = highest;
		spin_lock(&vmap_heap.lock);
		for (;;) {
			err = congruent_base(&vmap_heap.free, offsets, sizes,
					     nr, align, lowest, &base);
			if (err != -EAGAIN)
				break;
			/* What becomes free meanwhile above is not seen. */
			spin_unlock(&vmap_heap.lock);
			cond_resched();
			spin_lock(&vmap_heap.lock);
		}
		for (i = 0; !err && i < nr; i++)
			err = congruent_carve(vas[i], base + offsets[i],
					      sizes[i], spares);
		spin_unlock(&vmap_heap.lock);
	} while (err == -ENOSPC && moved_since(moves) && --tries);

	return err;
}

/**
 * vmap_space_give - make a range free
 * @va: the range, in no set and in nobody's TLB; no longer the caller's
 *
 * Context: takes the lock of the arena it came from.
 */
void vmap_space_give(struct vmap_area *va)
{
	unsigned long start = va->va_start, end = va->va_end;
	struct vmap_arena *arena = va_to_arena(va);

	arena_give(arena, va);
	if (arena == &vmap_heap)
		vmap_tables_note(start, end);
}

/* All of the heap's flushed ranges are in that; under its lock. */
static struct vmap_span heap_flushed;

static void heap_flushed_add(const struct list_head *list)
{
	unsigned long start, end;

	lockdep_assert_held(&vmap_heap.lock);
	if (list_empty(list))
		return;
	/* It is sorted, what is there already with it is not. */
	start = link_va(list->next)->va_start;
	end = link_va(list->prev)->va_end;
	if (!list_empty(&vmap_heap.flushed)) {
		start = min(start, heap_flushed.start);
		end = max(end, heap_flushed.end);
	}
	heap_flushed = (struct vmap_span) { start, end };
}

/* Then they are in two regions of tables.c at the most, where these have 1 GiB. */
static bool heap_flushed_is_narrow(void)
{
	lockdep_assert_held(&vmap_heap.lock);
	return heap_flushed.end - heap_flushed.start <= SZ_1G;
}

/*
 * The heap is about to be given its first @nr flushed ranges. Where all of them lie
 * near each other, as most often, they were noted when the lock was taken: who looks
 * there next waits for it.
 */
static void heap_note_next(unsigned int nr)
{
	const struct vmap_area *va;

	lockdep_assert_held(&vmap_heap.lock);
	if (!IS_ENABLED(CONFIG_DEBUG_VMALLOC) && likely(heap_flushed_is_narrow()))
		return;
	list_for_each_entry(va, &vmap_heap.flushed, list) {
		if (!nr--)
			break;
		WARN_ONCE(va->va_start < heap_flushed.start ||
			  va->va_end > heap_flushed.end,
			  "vmalloc: %#lx-%#lx is flushed, but not in %#lx-%#lx\n",
			  va->va_start, va->va_end, heap_flushed.start,
			  heap_flushed.end);
		if (!heap_flushed_is_narrow())
			vmap_tables_note(va->va_start, va->va_end);
	}
}

static void heap_note_all(void)
{
	lockdep_assert_held(&vmap_heap.lock);
	if (heap_flushed_is_narrow() && !list_empty(&vmap_heap.flushed))
		vmap_tables_note(heap_flushed.start, heap_flushed.end);
}

/**
 * vmap_space_add_flushed - let flushed ranges wait to be made free
 * @id: where they belong, as vmap_arena_at() counts
 * @list: ranges, lowest address first, that are in nobody's TLB; left empty
 *
 * Context: takes the arena's lock, in constant time.
 */
void vmap_space_add_flushed(unsigned int id, struct list_head *list)
{
	struct vmap_arena *arena = vmap_arena_at(id);

	spin_lock(&arena->lock);
	if (arena == &vmap_heap)
		heap_flushed_add(list);
	list_splice_tail_init(list, &arena->flushed);
	set_bit(id, vmap_flushed);
	spin_unlock(&arena->lock);
}

/**
 * vmap_space_next_flushed - find an arena that has flushed ranges
 * @id: look from this one on, as vmap_arena_at() counts
 *
 * A hint: who has just added some finds them, unless somebody else has made
 * them free meanwhile.
 *
 * Return: the next of them, or more than nr_vmap_nodes if there is none.
 */
unsigned int vmap_space_next_flushed(unsigned int id)
{
	return vmap_next_bit(vmap_flushed, id, nr_vmap_nodes + 1);
}

/* @ranges have been made free in the @ns for which the lock was held. */
static void batch_hold_end(struct vmap_batch *batch, unsigned int ranges,
			   u64 ns)
{
	batch->hold_ns = max(batch->hold_ns, ns);
	batch->hold_ranges = max(batch->hold_ranges, ranges);
}

/*
 * As many as vmap_drain_batch() says: so the lock is given up after that many
 * in any case, because on a kernel without preemption a CPU that spins on it
 * does not ask for it. Who may wait gives it up sooner if somebody needs it; who may
 * not, after VMAP_GIVE_ATOMIC.
 */
static void arena_give_flushed(struct vmap_arena *arena, unsigned int id,
			       struct vmap_batch *batch, bool may_wait,
			       struct list_head *spares)
{
	const bool heap = IS_ENABLED(CONFIG_VMALLOC_ORDERED_TRIM) &&
			  arena == &vmap_heap;
	unsigned int most = vmap_drain_batch(), nr, held = 0;
	unsigned long bytes;
	u64 since, now;

	lockdep_assert_held(&arena->lock);
	if (!may_wait)
		most = min(most, VMAP_GIVE_ATOMIC);
	since = vmap_stat_clock();
	if (heap)
		heap_note_all();
	while (batch->ranges < most && !list_empty(&arena->flushed)) {
		nr = min(most - batch->ranges, VMAP_GIVE_STEP);
		if (heap)
			heap_note_next(nr);
		bytes = extent_give_sorted(&arena->free, &arena->flushed, &nr,
					   spares);
		/* Before others may look: the lock may be given up for long. */
		arena_given(arena);
		vmap_debug_moved(-bytes);
		/* Here, so that nobody sees pages waiting that are free. */
		atomic_long_sub(bytes >> PAGE_SHIFT, &vmap_told.waiting);
		batch->pages += bytes >> PAGE_SHIFT;
		batch->ranges += nr;
		held += nr;
		if (!may_wait ||
		    (!need_resched() && !spin_needbreak(&arena->lock)))
			continue;
		now = vmap_stat_clock();
		if (cond_resched_lock(&arena->lock)) {
			batch_hold_end(batch, held, now - since);
			since = vmap_stat_clock();
			held = 0;
			if (heap)
				heap_note_all();
		}
	}
	if (list_empty(&arena->flushed))
		clear_bit(id, vmap_flushed);
	batch_hold_end(batch, held, vmap_stat_clock() - since);
}

/**
 * vmap_space_give_flushed - make some flushed ranges of an arena free
 * @id: which one, as vmap_arena_at() counts
 * @batch: gets what has been made free; nothing if @batch->ranges is 0
 * @may_wait: whether the caller may reschedule
 *
 * Context: any but an interrupt; takes the arena's lock, and may reschedule meanwhile if
 * @may_wait.
 */
void vmap_space_give_flushed(unsigned int id, struct vmap_batch *batch,
			     bool may_wait)
{
	struct vmap_arena *arena = vmap_arena_at(id);
	LIST_HEAD(spares);

	*batch = (struct vmap_batch) { .ranges = 0 };
	spin_lock(&arena->lock);
	arena_give_flushed(arena, id, batch, may_wait, &spares);
	spin_unlock(&arena->lock);
	vmap_spares_free(&spares);
}

/* The lowest chunk of @arena that is wholly free, after the first @keep. */
static struct vmap_area *arena_whole_chunk(struct vmap_arena *arena,
					   unsigned int keep)
{
	struct vmap_area *va = NULL;

	lockdep_assert_held(&arena->lock);
	do {
		va = extent_next_sized(&arena->free, va, VMAP_CHUNK_SIZE);
	} while (va && keep--);
	return va;
}

/* Returns whether @vn had one to return. */
static bool node_return_chunk(struct vmap_node *vn, unsigned int keep)
{
	struct vmap_arena *arena = &vn->arena;
	struct vmap_area *chunk;
	unsigned long start;

	spin_lock(&arena->lock);
	WRITE_ONCE(vn->tidied, arena->given);
	chunk = arena_whole_chunk(arena, keep);
	if (chunk) {
		move_begin();
		extent_withdraw(&arena->free, chunk);
		vmap_debug_moved(VMAP_CHUNK_SIZE);
	}
	spin_unlock(&arena->lock);
	if (!chunk)
		return false;
	start = chunk->va_start;
	arena_give(&vmap_heap, chunk);
	vmap_tables_note(start, start + VMAP_CHUNK_SIZE);
	move_end();
	vmap_stat_add(VMAP_STAT_RETURNED, 1);
	return true;
}

/**
 * vmap_space_return_chunks - give wholly free chunks back to the heap
 * @keep: how many each node may keep: 1, or 0 where addresses are short
 *
 * Neighbouring chunks belong to different nodes, so a chunk that is wholly
 * free is a range of its own in its node's arena. Where a node may keep one, it
 * is looked at only if something was made free in it since the last time.
 *
 * Context: process; takes arena locks in turns.
 */
void vmap_space_return_chunks(unsigned int keep)
{
	struct vmap_node *vn;
	unsigned int i;

	for (i = 0; nr_vmap_nodes > 1 && i < nr_vmap_nodes; i++) {
		vn = &vmap_nodes[i];
		if (keep && READ_ONCE(vn->arena.given) == READ_ONCE(vn->tidied))
			continue;
		while (node_return_chunk(vn, keep))
			cond_resched();
	}
}

/* === Addresses that are free and withheld === */

#ifdef CONFIG_VMALLOC_ORDERED_TRIM
/* The lowest whole PMD_SIZE of the heap, and what is free above it. */
static int heap_carve_tables(const struct extent_room *room, unsigned long most,
			     struct vmap_area *va, struct list_head *spares)
{
	const struct vmap_area *above;
	unsigned long end, top;
	int err;

	lockdep_assert_held(&vmap_heap.lock);
	err = extent_carve(&vmap_heap.free, room, &va->va_start, spares);
	if (err)
		return err;
	end = va->va_start + room->size;
	above = extent_find_last(&vmap_heap.free, end + 1);
	if (above && above->va_start == end) {
		top = min(above->va_end, room->end);
		/* As far as this, which may be past the last address. */
		top = va->va_start + min(top - va->va_start, most);
		top = ALIGN_DOWN(top, PMD_SIZE);
		if (top > end && !extent_carve_at(&vmap_heap.free, end, top,
						  spares))
			end = top;
	}
	va->va_end = end;
	return 0;
}

/**
 * vmap_space_withhold - take free addresses of the heap out of use for a while
 * @va: descriptor, gets the range
 * @within: where to look
 * @most: bytes
 * @spares: %VMAP_MAX_SPARES descriptors
 *
 * The lowest range there that is whole page tables of entries.
 *
 * Context: process; takes the heap's lock in turns and may reschedule between
 * them.
 * Return: 0; -ENOENT if there is none; -ENOMEM if @spares has too few descriptors.
 */
int vmap_space_withhold(struct vmap_area *va, const struct vmap_span *within,
			unsigned long most, struct list_head *spares)
{
	struct extent_room room = {
		.size	= PMD_SIZE,
		.align	= PMD_SIZE,
		.start	= within->start,
		.end	= within->end,
		.exact	= true,
	};
	int err;

	va->flags = 0;
	for (;;) {
		spin_lock(&vmap_heap.lock);
		err = heap_carve_tables(&room, most, va, spares);
		if (!err) {
			vmap_debug_moved(va_size(va));
			move_begin();
		}
		spin_unlock(&vmap_heap.lock);
		if (err != -EAGAIN)
			break;
		room.start = va->va_start;
		cond_resched();
	}
	return err == -ENOSPC ? -ENOENT : err;
}

/**
 * vmap_space_restore - let withheld addresses be free again
 * @va: from vmap_space_withhold(); no longer the caller's
 *
 * Context: takes the heap's lock.
 */
void vmap_space_restore(struct vmap_area *va)
{
	arena_give(&vmap_heap, va);
	move_end();
}
#endif /* CONFIG_VMALLOC_ORDERED_TRIM */

/* === Boot === */

static void __init arena_init(struct vmap_arena *arena)
{
	spin_lock_init(&arena->lock);
	extent_set_init(&arena->free);
	arena->given = 0;
	INIT_LIST_HEAD(&arena->flushed);
	spin_lock_init(&arena->lazy_lock);
	extent_set_init(&arena->lazy);
	arena->lazy_tell_at = 0;
	INIT_LIST_HEAD(&arena->draining);
}

static void __init vmap_nodes_init(void)
{
	unsigned long chunks = (VMALLOC_END - VMALLOC_START) >>
			       VMAP_CHUNK_SHIFT;
	unsigned long nr = roundup_pow_of_two(num_possible_cpus());
	struct vmap_node *nodes;
	unsigned int i;

	/* A power of two: addr_to_node() is on every path. */
	nr = min3(nr, VMAP_MAX_NODES,
		  rounddown_pow_of_two(chunks / VMAP_MIN_NODE_CHUNKS | 1));
	if (IS_ENABLED(CONFIG_64BIT) && nr > 1) {
		nodes = kcalloc(nr, sizeof(*nodes), GFP_NOWAIT | __GFP_NOWARN);
		if (nodes) {
			vmap_nodes = nodes;
			nr_vmap_nodes = nr;
			vmap_zone_size = VMAP_CHUNK_SIZE;
		} else {
			pr_err("vmalloc: no memory for %lu nodes, going on with one\n",
			       nr);
		}
	}
	for (i = 0; i < nr_vmap_nodes; i++) {
		spin_lock_init(&vmap_nodes[i].busy_lock);
		seqcount_init(&vmap_nodes[i].busy_seq);
		extent_set_init(&vmap_nodes[i].busy);
		arena_init(&vmap_nodes[i].arena);
		vmap_nodes[i].no_chunk = ULONG_MAX;
		vmap_nodes[i].room_in = i;
		vmap_nodes[i].served_by = i;
	}
}

static void __init heap_add(unsigned long start, unsigned long end)
{
	struct vmap_area *va;

	if (start >= end)
		return;
	va = vmap_area_alloc(GFP_NOWAIT, NUMA_NO_NODE);
	if (WARN_ON_ONCE(!va))
		return;
	va->va_start = start;
	va->va_end = end;
	vmap_debug_moved(end - start);
	arena_give(&vmap_heap, va);
}

/**
 * vmap_space_init - set up the heap and the nodes
 * @early: areas that exist already, by address
 *
 * Context: boot, one CPU, once the slab allocator is there.
 */
void __init vmap_space_init(struct vm_struct *early)
{
	unsigned long start = 1;
	struct vm_struct *vm;

	arena_init(&vmap_heap);
	no_chunk_at_all = ULONG_MAX;
	vmap_nodes_init();

	for (vm = early; vm; vm = vm->next) {
		heap_add(start, (unsigned long)vm->addr);
		start = (unsigned long)vm->addr + vm->size;
		/* The caller makes them busy. */
		vmap_debug_moved(vm->size);
	}
	heap_add(start, ULONG_MAX);
}
