/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ordered sets of address ranges, see extent.c, extent_sized.c and extent_valid.c.
 */
#ifndef _MM_VMALLOC_EXTENT_H
#define _MM_VMALLOC_EXTENT_H

#include "extent_internal.h"

/**
 * struct rb_list - address ranges that do not overlap, in address order
 * @root: the ranges as a red-black tree; in a sized set, one of each run
 * @head: all ranges as a list, lowest address first
 * @finger: the link of the range where the last change was made, or that of the
 *	list: what changes next is most often there or right above
 * @nr: how many ranges there are
 * @fit: in a sized set, what a search for @fit_size bytes or more from @fit_start
 *	on finds first, whatever is carved meanwhile; NULL if that is not known
 * @fit_size: see above
 * @fit_start: see above
 * @fit_untold: part of @fit has been carved, and others in the tree believe that
 *	it is as large as it was
 *
 * A range is a struct vmap_area. A set is either plain or sized. A plain set
 * finds the range that has an address; its caller may use &vmap_area.flags and
 * &vmap_area.vm. A sized set has the two for itself, finds room, and is quick
 * to get many ranges by address. The caller's lock guards all of it.
 *
 * The tag and the first two members have the names that they have in
 * mm/vmalloc.c: debuggers ask a kernel's debug information for them.
 */
struct rb_list {
	struct rb_root root;
	struct list_head head;
	struct list_head *finger;
	unsigned long nr;
	struct vmap_area *fit;
	unsigned long fit_size;
	unsigned long fit_start;
	bool fit_untold;
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
 * @once: whoever asks does not come again if extent_carve() has looked at as
 *	many as it may, but takes that for a no
 */
struct extent_room {
	unsigned long size;
	unsigned long align;
	unsigned long offset;
	unsigned long start;
	unsigned long end;
	bool exact;
	bool once;
};

/*
 * The most ranges that one call of extent_carve() looks at, so that the lock
 * that guards the set is not held for as long as there are ranges. Where they
 * lie far apart in the tree, a step goes up and down again: as many as a drain
 * adds in one hold.
 */
#define EXTENT_CARVE_STEPS	32

/*
 * The most ranges that a node of a sized set's tree stands for. Ranges that
 * come sorted share the 200 instructions that a node costs: with 8 these are 25
 * for each, next to 80 that each costs anyway. More would save little, and all
 * that looks at a run, or changes it, takes as many steps as it has ranges.
 */
#define EXTENT_RUN		8

/*
 * How many ranges above a set's finger are looked at before the tree is
 * descended instead. A step costs some 8 instructions, a descent as much for
 * each level of the tree. One by one, ranges go right above the finger, as
 * neighbours in time often are in space, or else anywhere.
 */
#define EXTENT_STEPS		1

static inline unsigned long va_size(const struct vmap_area *va)
{
	return va->va_end - va->va_start;
}

static inline struct vmap_area *rb_to_va(const struct rb_node *n)
{
	return rb_entry(n, struct vmap_area, rb_node);
}

static inline struct vmap_area *link_va(const struct list_head *link)
{
	return list_entry(link, struct vmap_area, list);
}

static inline struct vmap_area *link_to_va(const struct rb_list *set,
					   const struct list_head *link)
{
	return link == &set->head ? NULL : link_va(link);
}

static inline struct vmap_area *extent_below(const struct rb_list *set,
					     const struct vmap_area *va)
{
	return link_to_va(set, va->list.prev);
}

static inline struct vmap_area *extent_above(const struct rb_list *set,
					     const struct vmap_area *va)
{
	return link_to_va(set, va->list.next);
}

/* Whether a range of a sized set leads a run, and so is a node of the tree. */
static inline bool extent_leads(const struct vmap_area *va)
{
	return va->flags;
}

/* The size of the largest range in the subtree of @n, of a sized set. */
static inline unsigned long subtree_size(const struct rb_node *n)
{
	return n ? rb_to_va(n)->subtree_max_size : 0;
}

/*
 * Whether [start, end) goes right above the finger or at most @steps ranges
 * further up. *@below is the link of the range that it goes above, which may
 * reach into it, or the list's head.
 */
static __always_inline bool extent_near_finger(const struct rb_list *set,
					       unsigned long start,
					       unsigned long end,
					       struct list_head **below,
					       const unsigned int steps)
{
	struct list_head *link = set->finger;
	unsigned int i;

	if (link != &set->head && link_va(link)->va_start >= start)
		return false;

	for (i = 0; i <= steps; i++) {
		struct list_head *above = link->next;

		if (above == &set->head || link_va(above)->va_start >= end) {
			*below = link;
			return true;
		}
		link = above;
	}
	return false;
}

/**
 * extent_join_near - add a range to the one that was changed last
 * @set: plain set
 * @va: the range, which ends where that one begins or begins where it ends
 *
 * As extent_join() would. Who frees one area after the other most often does so in
 * the order in which they were got, or the other way round.
 *
 * Return: whether it was added; then the descriptor is the caller's again.
 */
static __always_inline bool extent_join_near(struct rb_list *set,
					     const struct vmap_area *va)
{
	struct vmap_area *near = link_to_va(set, set->finger);
	struct list_head *link;

	if (!near)
		return false;
	if (near->va_end == va->va_start) {
		link = set->finger->next;
		/* Those that then touch are joined, too, by extent_join(). */
		if (link != &set->head && link_va(link)->va_start <= va->va_end)
			return false;
		WRITE_ONCE(near->va_end, va->va_end);
		return true;
	}
	if (near->va_start == va->va_end) {
		link = set->finger->prev;
		if (link != &set->head && link_va(link)->va_end >= va->va_start)
			return false;
		WRITE_ONCE(near->va_start, va->va_start);
		return true;
	}
	return false;
}

/**
 * extent_find - find the range that an address lies in
 * @set: plain set
 * @addr: the address
 *
 * Inline, since it is most of what a lookup does.
 *
 * Return: the range, or NULL.
 */
static inline struct vmap_area *extent_find(const struct rb_list *set,
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

/**
 * extent_peek_below - find the range that starts at or below an address, unlocked
 * @set: plain set
 * @addr: the address
 * @changes: odd while ranges are added or removed
 * @seq: what raw_seqcount_begin() has returned for @changes
 * @below: gets the highest such range, or NULL
 *
 * A descriptor is looked at if nothing had changed after its address was read: so it
 * is in the set, all of it can be seen, and the way down ends. One that was removed
 * right then is still a descriptor: who gives it another range stores that by
 * WRITE_ONCE().
 *
 * Context: an RCU read-side critical section.
 * Return: false if something has changed.
 */
static inline bool extent_peek_below(const struct rb_list *set,
				     unsigned long addr,
				     const seqcount_t *changes,
				     unsigned int seq,
				     struct vmap_area **below)
{
	const struct rb_node *n = READ_ONCE(set->root.rb_node);

	*below = NULL;
	while (n) {
		struct vmap_area *va = rb_to_va(n);

		if (read_seqcount_retry(changes, seq))
			return false;
		if (addr < READ_ONCE(va->va_start)) {
			n = READ_ONCE(n->rb_left);
		} else {
			*below = va;
			n = READ_ONCE(n->rb_right);
		}
	}
	return true;
}

/**
 * extent_carve_fit - do what extent_carve() would, if that is known beforehand
 * @set: sized set
 * @size: bytes, a multiple of the page size; at no particular alignment
 * @start: lowest address the range may have
 * @end: the range ends here or below
 * @addr: where its start is stored
 *
 * Requests of one size, or larger ones, come one after the other from the range
 * that the first of them was carved from. Inline, since it is all of what most
 * requests need; the tree learns of it when somebody else looks at it.
 *
 * Return: whether it was.
 */
static __always_inline bool extent_carve_fit(struct rb_list *set,
					     unsigned long size,
					     unsigned long start,
					     unsigned long end,
					     unsigned long *addr)
{
	struct vmap_area *va = set->fit;

	if (!va || size < set->fit_size || start != set->fit_start)
		return false;
	/* Something is left, or it would leave the set. */
	if (size >= va_size(va) || va->va_start >= end ||
	    size > end - va->va_start)
		return false;
	*addr = va->va_start;
	va->va_start += size;
	set->fit_untold = true;
	return true;
}

void extent_set_init(struct rb_list *set);

/* Plain sets. */
struct vmap_area *extent_find_near(const struct rb_list *set,
				   unsigned long addr);
struct vmap_area *extent_find_next(const struct rb_list *set,
				   unsigned long addr);
int extent_insert(struct rb_list *set, struct vmap_area *va);
void extent_remove(struct rb_list *set, struct vmap_area *va);
int extent_join(struct rb_list *set, struct vmap_area *va,
		struct list_head *spares);
void extent_take_all(struct rb_list *set, struct list_head *list);

/* Sized sets. */
struct vmap_area *extent_find_last(const struct rb_list *set,
				   unsigned long addr);
int extent_give(struct rb_list *set, struct vmap_area *va,
		struct list_head *spares);
unsigned long extent_give_sorted(struct rb_list *set, struct list_head *list,
				 unsigned int *nr, struct list_head *spares);
struct vmap_area *extent_next_sized(struct rb_list *set, struct vmap_area *va,
				    unsigned long size);
void extent_tell(struct rb_list *set);
void extent_withdraw(struct rb_list *set, struct vmap_area *va);
int extent_carve(struct rb_list *set, const struct extent_room *room,
		 unsigned long *addr, struct list_head *spares);
int extent_carve_at(struct rb_list *set, unsigned long start,
		    unsigned long end, struct list_head *spares);

/* Either kind. */
bool extent_set_valid(struct rb_list *set, bool sized, bool merged);

#endif /* _MM_VMALLOC_EXTENT_H */
