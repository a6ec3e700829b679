/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ordered sets of address ranges, see extent.c.
 */
#ifndef _MM_VMALLOC_EXTENT_H
#define _MM_VMALLOC_EXTENT_H

#include "extent_internal.h"

/**
 * struct extent_set - address ranges that do not overlap, in address order
 * @root: the ranges as a red-black tree
 * @head: the same ranges as a list, lowest address first
 * @finger: where the last change was made, as the link of the range there or
 *	@head: what changes next is most often there or right above
 * @nr: how many ranges there are
 *
 * A range is a struct vmap_area. A set is either plain or sized: in a sized
 * set each range also keeps the size of the largest range of its subtree in
 * &vmap_area.subtree_max_size, which is what a search for room goes by. The
 * caller's lock guards all of it.
 */
struct extent_set {
	struct rb_root root;
	struct list_head head;
	struct list_head *finger;
	unsigned long nr;
};

/**
 * struct extent_room - what a range to be carved has to look like
 * @size: bytes, a multiple of the page size
 * @align: alignment of the start, a power of two
 * @offset: the start is @offset more than a multiple of @align; below @align
 * @start: lowest address the range may have
 * @end: the range ends here or below
 * @exact: look at each range of @size bytes rather than only at those that
 *	are long enough wherever they start
 */
struct extent_room {
	unsigned long size;
	unsigned long align;
	unsigned long offset;
	unsigned long start;
	unsigned long end;
	bool exact;
};

/*
 * The most ranges that one call of extent_carve() looks at, so that the lock
 * that guards the set is not held for as long as there are ranges. To look at
 * one costs less than to add one, of which a drain adds 32 in one hold.
 */
#define EXTENT_CARVE_STEPS	64

static inline unsigned long va_size(const struct vmap_area *va)
{
	return va->va_end - va->va_start;
}

static inline struct vmap_area *rb_to_va(const struct rb_node *n)
{
	return rb_entry(n, struct vmap_area, rb_node);
}

/**
 * extent_find - find the range that an address lies in
 * @set: plain or sized set
 * @addr: the address
 *
 * Inline, since it is most of what a lookup does.
 *
 * Return: the range, or NULL.
 */
static inline struct vmap_area *extent_find(const struct extent_set *set,
					    unsigned long addr)
{
	struct rb_node *n = set->root.rb_node;

	while (n) {
		struct vmap_area *va = rb_to_va(n);

		if (addr < va->va_start)
			n = n->rb_left;
		else if (addr >= va->va_end)
			n = n->rb_right;
		else
			return va;
	}
	return NULL;
}

void extent_set_init(struct extent_set *set);

struct vmap_area *extent_find_near(const struct extent_set *set,
				   unsigned long addr);
struct vmap_area *extent_find_next(const struct extent_set *set,
				   unsigned long addr);
struct vmap_area *extent_find_last(const struct extent_set *set,
				   unsigned long addr);

/* Plain sets. */
int extent_insert(struct extent_set *set, struct vmap_area *va);
void extent_remove(struct extent_set *set, struct vmap_area *va);
int extent_join(struct extent_set *set, struct vmap_area *va,
		struct list_head *spares);
void extent_take_all(struct extent_set *set, struct list_head *list);

/* Sized sets. */
int extent_give(struct extent_set *set, struct vmap_area *va,
		struct list_head *spares);
unsigned long extent_give_sorted(struct extent_set *set, struct list_head *list,
				 unsigned int *nr, struct list_head *spares);
struct vmap_area *extent_next_sized(const struct extent_set *set,
				    struct vmap_area *va, unsigned long size);
void extent_withdraw(struct extent_set *set, struct vmap_area *va);
int extent_carve(struct extent_set *set, const struct extent_room *room,
		 unsigned long *addr, struct list_head *spares);
int extent_carve_at(struct extent_set *set, unsigned long start,
		    unsigned long end, struct list_head *spares);

bool extent_set_valid(const struct extent_set *set, bool sized, bool merged);

#endif /* _MM_VMALLOC_EXTENT_H */
