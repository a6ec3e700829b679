// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordered sets of address ranges, and what only plain sets do.
 *
 * Ranges of a set are kept by address in a red-black tree, to find one, and in
 * a list, to step to its neighbours. In a sized set not every range is a node
 * of the tree: see extent_sized.c. Descriptors come from the caller and go back
 * to it: nothing in these files allocates, locks or refers to a global, so that
 * they are tested in userspace as they are (tools/testing/vmalloc/user).
 *
 * Where an operation may need or free descriptors it is given a list, @spares:
 * a range that is split takes one from it, ranges that join put one back.
 *
 * The caller holds the lock that guards the set.
 */

#include "extent.h"

/*
 * The place where a range goes that is not in the set: above @below, a link of
 * the list or its head, and at @link of @parent.
 */
struct extent_gap {
	struct list_head *below;
	struct rb_node *parent;
	struct rb_node **link;
};

/**
 * extent_set_init - make a set empty
 * @set: the set
 */
void extent_set_init(struct rb_list *set)
{
	set->root = RB_ROOT;
	INIT_LIST_HEAD(&set->head);
	set->finger = &set->head;
	set->nr = 0;
	set->fit = NULL;
	set->fit_untold = false;
}

/**
 * extent_find_near - find the range that an address lies in, from the finger
 * @set: plain set
 * @addr: the address
 *
 * Faster than extent_find() for what was added last, and for what is above the
 * range that was removed last; slower for others.
 *
 * Return: the range, or NULL.
 */
struct vmap_area *extent_find_near(const struct rb_list *set,
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
 * @set: plain set
 * @addr: the address
 *
 * Return: the lowest range that ends above @addr, or NULL.
 */
struct vmap_area *extent_find_next(const struct rb_list *set,
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

/* Descend to the gap that holds [start, end); false if there is none. */
static bool gap_descend(struct rb_list *set, unsigned long start,
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
static void gap_above(struct rb_list *set, struct list_head *below,
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

/* Find the gap that holds [start, end); false if there is none. */
static __always_inline bool gap_find(struct rb_list *set,
				     unsigned long start, unsigned long end,
				     struct extent_gap *gap)
{
	struct list_head *below;

	if (!extent_near_finger(set, start, end, &below, EXTENT_STEPS))
		return gap_descend(set, start, end, gap);
	gap_above(set, below, gap);
	return below == &set->head || link_va(below)->va_end <= start;
}

static __always_inline void plain_link(struct rb_list *set,
				       struct vmap_area *va,
				       const struct extent_gap *gap)
{
	rb_link_node(&va->rb_node, gap->parent, gap->link);
	rb_insert_color(&va->rb_node, &set->root);
	list_add(&va->list, gap->below);
	set->finger = &va->list;
	set->nr++;
}

static __always_inline void plain_unlink(struct rb_list *set,
					 struct vmap_area *va)
{
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
static __always_inline void gap_fill(struct rb_list *set,
				     struct vmap_area *va,
				     const struct extent_gap *gap,
				     struct list_head *spares)
{
	struct vmap_area *below = link_to_va(set, gap->below);
	struct vmap_area *above = link_to_va(set, gap->below->next);
	unsigned long end = va->va_end;

	if (above && above->va_start != end)
		above = NULL;
	if (below && below->va_end == va->va_start) {
		if (above) {
			end = above->va_end;
			plain_unlink(set, above);
			list_add(&above->list, spares);
		}
		WRITE_ONCE(below->va_end, end);
		list_add(&va->list, spares);
		set->finger = &below->list;
	} else if (above) {
		WRITE_ONCE(above->va_start, va->va_start);
		list_add(&va->list, spares);
		set->finger = &above->list;
	} else {
		plain_link(set, va, gap);
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
int extent_insert(struct rb_list *set, struct vmap_area *va)
{
	struct extent_gap gap;

	if (!gap_find(set, va->va_start, va->va_end, &gap))
		return -EEXIST;
	plain_link(set, va, &gap);
	return 0;
}

/**
 * extent_remove - take a range out
 * @set: plain set
 * @va: a range of the set; its list head is left initialized
 */
void extent_remove(struct rb_list *set, struct vmap_area *va)
{
	plain_unlink(set, va);
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
int extent_join(struct rb_list *set, struct vmap_area *va,
		struct list_head *spares)
{
	struct extent_gap gap;

	if (!gap_find(set, va->va_start, va->va_end, &gap))
		return -EEXIST;
	gap_fill(set, va, &gap, spares);
	return 0;
}

/**
 * extent_take_all - empty a set
 * @set: plain set
 * @list: an initialized list; gets the ranges, lowest address first
 *
 * Takes constant time.
 */
void extent_take_all(struct rb_list *set, struct list_head *list)
{
	list_splice_tail_init(&set->head, list);
	extent_set_init(set);
}
