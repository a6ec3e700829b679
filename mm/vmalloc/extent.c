// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordered sets of address ranges.
 *
 * Ranges of a set are kept by address in a red-black tree, to find one, and in
 * a list, to step to its neighbours. Descriptors come from the caller and go
 * back to it: nothing here allocates, locks or refers to a global, so that the
 * same file is tested in userspace (tools/testing/vmalloc/user).
 *
 * Where an operation may need or free descriptors it is given a list, @spares:
 * a range that is split takes one from it, ranges that join put one back.
 *
 * The caller holds the lock that guards the set.
 */

#include "extent.h"

RB_DECLARE_CALLBACKS_MAX(static, extent_augment, struct vmap_area, rb_node,
			 unsigned long, subtree_max_size, va_size)

/*
 * How many ranges above a set's finger are looked at before the tree is
 * descended instead. A step costs some 8 instructions, a descent as much for
 * each level of the tree. Ranges that come sorted are worth a walk; others go
 * right above the finger, as neighbours in time often are in space, or else
 * anywhere.
 */
#define EXTENT_STEPS_SORTED	8
#define EXTENT_STEPS		1

/*
 * The place where a range goes that is not in the set: above @below, a link of
 * the list or its head, and at @link of @parent.
 */
struct extent_gap {
	struct list_head *below;
	struct rb_node *parent;
	struct rb_node **link;
};

static struct vmap_area *link_va(struct list_head *link)
{
	return list_entry(link, struct vmap_area, list);
}

static struct vmap_area *link_to_va(const struct extent_set *set,
				    struct list_head *link)
{
	return link == &set->head ? NULL : link_va(link);
}

static struct vmap_area *extent_below(const struct extent_set *set,
				      struct vmap_area *va)
{
	return link_to_va(set, va->list.prev);
}

static struct vmap_area *extent_above(const struct extent_set *set,
				      struct vmap_area *va)
{
	return link_to_va(set, va->list.next);
}

/**
 * extent_set_init - make a set empty
 * @set: the set
 */
void extent_set_init(struct extent_set *set)
{
	set->root = RB_ROOT;
	INIT_LIST_HEAD(&set->head);
	set->finger = &set->head;
	set->nr = 0;
}

/**
 * extent_find_near - find the range that an address lies in, from the finger
 * @set: plain or sized set
 * @addr: the address
 *
 * Faster than extent_find() for what was added last, and for what is above the
 * range that was removed last; slower for others.
 *
 * Return: the range, or NULL.
 */
struct vmap_area *extent_find_near(const struct extent_set *set,
				   unsigned long addr)
{
	struct vmap_area *va = link_to_va(set, set->finger);

	if (va && addr < va->va_end && addr >= va->va_start)
		return va;
	va = link_to_va(set, set->finger->next);
	if (va && addr < va->va_end && addr >= va->va_start)
		return va;
	return extent_find(set, addr);
}

/**
 * extent_find_next - find the range that an address lies in or before
 * @set: plain or sized set
 * @addr: the address
 *
 * Return: the lowest range that ends above @addr, or NULL.
 */
struct vmap_area *extent_find_next(const struct extent_set *set,
				   unsigned long addr)
{
	struct rb_node *n = set->root.rb_node;
	struct vmap_area *found = NULL;

	while (n) {
		struct vmap_area *va = rb_to_va(n);

		if (va->va_end <= addr) {
			n = n->rb_right;
			continue;
		}
		found = va;
		if (va->va_start <= addr)
			break;
		n = n->rb_left;
	}
	return found;
}

/**
 * extent_find_last - find the range that starts last before an address
 * @set: plain or sized set
 * @addr: the address
 *
 * Return: the highest range that starts below @addr, or NULL.
 */
struct vmap_area *extent_find_last(const struct extent_set *set,
				   unsigned long addr)
{
	struct rb_node *n = set->root.rb_node;
	struct vmap_area *found = NULL;

	while (n) {
		struct vmap_area *va = rb_to_va(n);

		if (va->va_start < addr) {
			found = va;
			n = n->rb_right;
		} else {
			n = n->rb_left;
		}
	}
	return found;
}

/* Descend to the gap that holds [start, end); false if there is none. */
static bool gap_descend(struct extent_set *set, unsigned long start,
			unsigned long end, struct extent_gap *gap)
{
	gap->below = &set->head;
	gap->parent = NULL;
	gap->link = &set->root.rb_node;

	while (*gap->link) {
		struct vmap_area *va = rb_to_va(*gap->link);

		gap->parent = *gap->link;
		if (end <= va->va_start) {
			gap->link = &gap->parent->rb_left;
		} else if (start >= va->va_end) {
			gap->below = &va->list;
			gap->link = &gap->parent->rb_right;
		} else {
			return false;
		}
	}
	return true;
}

/*
 * The gap right above @below needs no descent: of two nodes that follow each
 * other one is below the other in the tree, and lacks the child between.
 */
static void gap_above(struct extent_set *set, struct list_head *below,
		      struct extent_gap *gap)
{
	struct list_head *above = below->next;

	gap->below = below;
	if (above != &set->head && !link_va(above)->rb_node.rb_left) {
		gap->parent = &link_va(above)->rb_node;
		gap->link = &gap->parent->rb_left;
	} else if (below != &set->head) {
		gap->parent = &link_va(below)->rb_node;
		gap->link = &gap->parent->rb_right;
	} else {
		gap->parent = NULL;
		gap->link = &set->root.rb_node;
	}
}

/*
 * Find the gap that holds [start, end), at the finger or at most @steps ranges
 * above it if it is there; false if there is none.
 */
static __always_inline bool gap_find(struct extent_set *set,
				     unsigned long start, unsigned long end,
				     struct extent_gap *gap,
				     const unsigned int steps)
{
	struct list_head *below = set->finger;
	unsigned int i;

	if (below != &set->head && link_va(below)->va_start >= start)
		return gap_descend(set, start, end, gap);

	for (i = 0; i <= steps; i++) {
		struct list_head *above = below->next;

		if (above == &set->head || link_va(above)->va_start >= end) {
			gap_above(set, below, gap);
			return below == &set->head ||
			       link_va(below)->va_end <= start;
		}
		below = above;
	}
	return gap_descend(set, start, end, gap);
}

/* @va has become larger: so have ancestors that knew of nothing as large. */
static __always_inline void extent_grown(struct vmap_area *va, const bool sized)
{
	unsigned long size = va_size(va);
	struct rb_node *n = &va->rb_node;

	while (sized && n && rb_to_va(n)->subtree_max_size < size) {
		rb_to_va(n)->subtree_max_size = size;
		n = rb_parent(n);
	}
}

/* @va, of a sized set, has become smaller. */
static void extent_shrunk(struct vmap_area *va)
{
	extent_augment_propagate(&va->rb_node, NULL);
}

static __always_inline void extent_link(struct extent_set *set,
					struct vmap_area *va,
					const struct extent_gap *gap,
					const bool sized)
{
	rb_link_node(&va->rb_node, gap->parent, gap->link);
	if (sized) {
		va->subtree_max_size = 0;
		extent_grown(va, true);
		rb_insert_augmented(&va->rb_node, &set->root, &extent_augment);
	} else {
		rb_insert_color(&va->rb_node, &set->root);
	}
	list_add(&va->list, gap->below);
	set->finger = &va->list;
	set->nr++;
}

static __always_inline void extent_unlink(struct extent_set *set,
					  struct vmap_area *va,
					  const bool sized)
{
	if (sized)
		rb_erase_augmented(&va->rb_node, &set->root, &extent_augment);
	else
		rb_erase(&va->rb_node, &set->root);
	set->finger = va->list.prev;
	list_del_init(&va->list);
	set->nr--;
}

/*
 * Put @va into its gap, joined with what touches it:
 *
 *	below |  va  | above		before
 *	[=====]======[=====]
 *	[==================]		after: one range, two descriptors spare
 */
static __always_inline void
extent_fill_gap(struct extent_set *set, struct vmap_area *va,
		const struct extent_gap *gap, struct list_head *spares,
		const bool sized)
{
	struct vmap_area *below = link_to_va(set, gap->below);
	struct vmap_area *above = link_to_va(set, gap->below->next);
	unsigned long end = va->va_end;

	if (above && above->va_start != end)
		above = NULL;
	if (below && below->va_end == va->va_start) {
		if (above) {
			end = above->va_end;
			extent_unlink(set, above, sized);
			list_add(&above->list, spares);
		}
		below->va_end = end;
		extent_grown(below, sized);
		list_add(&va->list, spares);
		set->finger = &below->list;
	} else if (above) {
		above->va_start = va->va_start;
		extent_grown(above, sized);
		list_add(&va->list, spares);
		set->finger = &above->list;
	} else {
		extent_link(set, va, gap, sized);
	}
}

/**
 * extent_insert - add a range as it is
 * @set: plain set
 * @va: the range
 *
 * Return: 0, or -EEXIST if some of it is in the set already; then nothing has
 * changed.
 */
int extent_insert(struct extent_set *set, struct vmap_area *va)
{
	struct extent_gap gap;

	if (!gap_find(set, va->va_start, va->va_end, &gap, EXTENT_STEPS))
		return -EEXIST;
	extent_link(set, va, &gap, false);
	return 0;
}

/**
 * extent_remove - take a range out
 * @set: plain set
 * @va: a range of the set; its list head is left initialized
 */
void extent_remove(struct extent_set *set, struct vmap_area *va)
{
	extent_unlink(set, va, false);
}

/**
 * extent_join - add a range, joined with its neighbours
 * @set: plain set
 * @va: the range, which belongs to the set from here on
 * @spares: takes the descriptors that are no longer needed, @va maybe among
 *	them
 *
 * Return: 0, or -EEXIST if some of it is in the set already; then nothing has
 * changed.
 */
int extent_join(struct extent_set *set, struct vmap_area *va,
		struct list_head *spares)
{
	struct extent_gap gap;

	if (!gap_find(set, va->va_start, va->va_end, &gap, EXTENT_STEPS))
		return -EEXIST;
	extent_fill_gap(set, va, &gap, spares, false);
	return 0;
}

/**
 * extent_take_all - empty a set
 * @set: plain set
 * @list: an initialized list; gets the ranges, lowest address first
 *
 * Takes constant time.
 */
void extent_take_all(struct extent_set *set, struct list_head *list)
{
	list_splice_tail_init(&set->head, list);
	extent_set_init(set);
}

/**
 * extent_give - add a range to those that may be carved
 * @set: sized set
 * @va: the range, which belongs to the set from here on
 * @spares: takes the descriptors that are no longer needed
 *
 * Return: 0, or -EEXIST if some of it is in the set already; then nothing has
 * changed.
 */
int extent_give(struct extent_set *set, struct vmap_area *va,
		struct list_head *spares)
{
	struct extent_gap gap;

	if (!gap_find(set, va->va_start, va->va_end, &gap, EXTENT_STEPS))
		return -EEXIST;
	extent_fill_gap(set, va, &gap, spares, true);
	return 0;
}

/**
 * extent_give_sorted - add ranges in address order
 * @set: sized set
 * @list: ranges, lowest address first; those added are taken off
 * @nr: how many to add at the most; gets how many were
 * @spares: takes the descriptors that are no longer needed
 *
 * Each range goes a step or two above the one before it, most often, and that
 * is where the finger is: no descent of the tree for each.
 *
 * Return: the bytes added. A range that is in the set already, in part or as a
 * whole, is a bug elsewhere: it is reported, counted and left out.
 */
unsigned long extent_give_sorted(struct extent_set *set, struct list_head *list,
				 unsigned int *nr, struct list_head *spares)
{
	unsigned int most = *nr, added;
	unsigned long bytes = 0;

	for (added = 0; added < most && !list_empty(list); added++) {
		struct vmap_area *va = list_first_entry(list, struct vmap_area,
							list);
		struct extent_gap gap;

		__list_del_entry(&va->list);
		bytes += va_size(va);
		if (gap_find(set, va->va_start, va->va_end, &gap,
			     EXTENT_STEPS_SORTED)) {
			extent_fill_gap(set, va, &gap, spares, true);
			continue;
		}
		WARN_ONCE(1, "vmalloc: %#lx-%#lx is freed, but was free\n",
			  va->va_start, va->va_end);
		list_add(&va->list, spares);
	}
	*nr = added;
	return bytes;
}

static unsigned long subtree_size(const struct rb_node *n)
{
	return n ? rb_to_va(n)->subtree_max_size : 0;
}

/* The lowest range of @size bytes in the subtree of @n, which has one. */
static struct vmap_area *subtree_lowest(struct rb_node *n, unsigned long size)
{
	for (;;) {
		if (subtree_size(n->rb_left) >= size)
			n = n->rb_left;
		else if (va_size(rb_to_va(n)) < size)
			n = n->rb_right;
		else
			return rb_to_va(n);
	}
}

/**
 * extent_next_sized - find the next range that is large enough
 * @set: sized set
 * @va: look above this range of the set; NULL to begin with the lowest
 * @size: bytes it needs to have
 *
 * Return: the lowest such range, or NULL. Takes logarithmic time.
 */
struct vmap_area *extent_next_sized(const struct extent_set *set,
				    struct vmap_area *va, unsigned long size)
{
	struct rb_node *n = set->root.rb_node, *child;

	if (!va)
		return subtree_size(n) >= size ? subtree_lowest(n, size) : NULL;

	n = &va->rb_node;
	do {
		if (subtree_size(n->rb_right) >= size)
			return subtree_lowest(n->rb_right, size);
		/* Up to the first ancestor that is above @va. */
		do {
			child = n;
			n = rb_parent(child);
			if (!n)
				return NULL;
		} while (child == n->rb_right);
	} while (va_size(rb_to_va(n)) < size);

	return rb_to_va(n);
}

/**
 * extent_withdraw - take a whole range out
 * @set: sized set
 * @va: a range of the set; its list head is left initialized
 */
void extent_withdraw(struct extent_set *set, struct vmap_area *va)
{
	extent_unlink(set, va, true);
}

/*
 * Cut [start, end) out of @va, which holds it. Returns -ENOMEM, and changes
 * nothing, if that needs a descriptor and there is none.
 */
static int extent_cut(struct extent_set *set, struct vmap_area *va,
		      unsigned long start, unsigned long end,
		      struct list_head *spares)
{
	struct extent_gap gap;
	struct vmap_area *low;

	if (start == va->va_start && end == va->va_end) {
		extent_unlink(set, va, true);
		list_add(&va->list, spares);
	} else if (start == va->va_start) {
		va->va_start = end;
		extent_shrunk(va);
	} else if (end == va->va_end) {
		va->va_end = start;
		extent_shrunk(va);
	} else {
		if (list_empty(spares))
			return -ENOMEM;
		low = list_first_entry(spares, struct vmap_area, list);
		list_del(&low->list);
		low->va_start = va->va_start;
		low->va_end = start;
		va->va_start = end;
		extent_shrunk(va);
		gap_above(set, va->list.prev, &gap);
		extent_link(set, low, &gap, true);
	}
	return 0;
}

/* Whether @room fits into @va, and where its lowest address then is. */
static bool room_fits(const struct extent_room *room,
		      const struct vmap_area *va, unsigned long *addr)
{
	unsigned long start = max(va->va_start, room->start);
	unsigned long end = min(va->va_end, room->end);

	/* Both steps may wrap around, and may be right nevertheless. */
	*addr = ALIGN(start - room->offset, room->align) + room->offset;
	return *addr >= start && *addr <= end && end - *addr >= room->size;
}

/*
 * The size at which a range is looked at. One that is longer by the alignment
 * holds the room wherever it starts, and is found without visiting others.
 */
static unsigned long room_sure_size(const struct extent_room *room)
{
	unsigned long sure;

	if (room->exact || room->align <= PAGE_SIZE)
		return room->size;
	if (check_add_overflow(room->size, room->align - PAGE_SIZE, &sure))
		return room->size;
	/* No range in a window so narrow is sure; few are in it. */
	if (room->end - room->start < sure)
		return room->size;
	return sure;
}

/**
 * extent_carve - take the lowest range that meets a description
 * @set: sized set
 * @room: what is wanted
 * @addr: where its start is stored
 * @spares: descriptors, see the top of this file
 *
 * Most often the first range that is looked at will do. Not so if
 * @room->exact is set, or if the window is narrow: after EXTENT_CARVE_STEPS the
 * search stops, and the caller goes on from *@addr by another call.
 *
 * Return: 0; -ENOSPC if nothing was found; -ENOMEM if a descriptor is needed
 * and @spares is empty; -EAGAIN if there is more to be looked at, and *@addr
 * is the lowest address that it may have there. The set is unchanged on
 * failure.
 */
int extent_carve(struct extent_set *set, const struct extent_room *room,
		 unsigned long *addr, struct list_head *spares)
{
	unsigned long sure = room_sure_size(room);
	struct vmap_area *va;
	unsigned int steps;

	if (room->start >= room->end || list_empty(&set->head))
		return -ENOSPC;

	va = list_first_entry(&set->head, struct vmap_area, list);
	if (va->va_start < room->start)
		va = extent_find_next(set, room->start);
	else if (va_size(va) < sure)
		va = extent_next_sized(set, NULL, sure);

	for (steps = 0; va && va->va_start < room->end; steps++) {
		if (steps == EXTENT_CARVE_STEPS) {
			*addr = va->va_start;
			return -EAGAIN;
		}
		if (room_fits(room, va, addr))
			return extent_cut(set, va, *addr, *addr + room->size,
					  spares);
		va = extent_next_sized(set, va, sure);
	}
	return -ENOSPC;
}

/**
 * extent_carve_at - take a given range
 * @set: sized set
 * @start: its start
 * @end: its end
 * @spares: descriptors, see the top of this file
 *
 * Return: 0; -ENOSPC if some of it is not in the set; -ENOMEM if a descriptor
 * is needed and @spares is empty. The set is unchanged on failure.
 */
int extent_carve_at(struct extent_set *set, unsigned long start,
		    unsigned long end, struct list_head *spares)
{
	struct vmap_area *va = extent_find(set, start);

	if (!va || va->va_end < end)
		return -ENOSPC;
	return extent_cut(set, va, start, end, spares);
}

static bool extent_report(const struct extent_set *set, struct vmap_area *va,
			  const char *what)
{
	const struct vmap_area *below = extent_below(set, va);
	const struct vmap_area *above = extent_above(set, va);

	pr_err("vmalloc: range %#lx-%#lx %s; it lies between %#lx-%#lx and %#lx-%#lx\n",
	       va->va_start, va->va_end, what,
	       below ? below->va_start : 0, below ? below->va_end : 0,
	       above ? above->va_start : 0, above ? above->va_end : 0);
	return false;
}

/**
 * extent_set_valid - recompute what a set knows of itself
 * @set: the set
 * @sized: whether it is sized
 * @merged: whether ranges that touch each other are joined in it
 *
 * Return: true if all is as it should be; else a message has been printed
 * about the first range that is not.
 */
bool extent_set_valid(const struct extent_set *set, bool sized, bool merged)
{
	const struct rb_node *n = rb_first(&set->root);
	struct vmap_area *va, *last = NULL;
	bool finger = set->finger == &set->head;
	unsigned long nr = 0, size;

	list_for_each_entry(va, &set->head, list) {
		if (n != &va->rb_node)
			return extent_report(set, va, "is out of order");
		if (va->va_start >= va->va_end)
			return extent_report(set, va, "is empty");
		if (last && last->va_end > va->va_start)
			return extent_report(set, va, "overlaps");
		if (merged && last && last->va_end == va->va_start)
			return extent_report(set, va, "is not joined");
		size = max3(va_size(va), subtree_size(n->rb_left),
			    subtree_size(n->rb_right));
		if (sized && size != va->subtree_max_size)
			return extent_report(set, va, "hides a larger range");
		finger |= set->finger == &va->list;
		n = rb_next(n);
		last = va;
		nr++;
	}
	if (n || nr != set->nr) {
		pr_err("vmalloc: %lu ranges are listed, %lu counted\n", nr,
		       set->nr);
		return false;
	}
	if (!finger)
		pr_err("vmalloc: a set of %lu ranges points outside of it\n",
		       nr);
	return finger;
}
