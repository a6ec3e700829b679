// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sized sets: address ranges that are searched for room.
 *
 * When every second area is freed, a drain adds as many ranges as there were
 * areas, by ascending address. To make each of them a node of the tree would
 * cost more than all else together. So the list, which has the ranges in order,
 * is divided into runs of at most EXTENT_RUN neighbours, and only the lowest
 * range of a run, its leader, is a node:
 *
 *	           d
 *	         /   \
 *	      a         g		the tree: leaders
 *	      |-b-c  |  |-h-i-j
 *	             |-e-f		the list: a b c d e f g h i j
 *
 * In sized sets the flags of a range are the set's: a leader has in them how
 * many ranges its run has, itself included, any other range has 0.
 *
 * To find large ranges each one knows, in &vmap_area.subtree_max_size, the size
 * of the largest one among
 *	- itself and those above it in its run;
 *	- if it leads, also all runs in its subtree.
 * So what a range knows follows from its own size and from what the next one in
 * its run and, if it leads, its children know. Who else counts a range is found
 * by going down to the leader of its run, then up in the tree.
 *
 * What the next request finds is often known: the range that the last one has left,
 * see extent_carve_fit(). That range may be smaller than others believe, until
 * somebody needs to know. All that is asked of sizes, or changes more than that
 * range's start, begins with extent_tell().
 *
 * A run that is full is split where a range is added. Runs are not joined: one
 * that gets empty leaves the tree. So in the worst case each range leads a run
 * of its own, which is an ordinary tree.
 */

#include "extent.h"

/*
 * When a range is carved, those below it in its run have to know of it: up to
 * EXTENT_RUN steps. To let it lead instead costs a node that is added and taken
 * out again, about as much as twenty or thirty steps. So it is worth it if as
 * much can be carved that many times more.
 */
#define EXTENT_WORTH_A_NODE	16

/* As EXTENT_STEPS, but for ranges that come sorted: these are worth a walk. */
#define EXTENT_STEPS_SORTED	8

static struct vmap_area *run_leader(struct vmap_area *va)
{
	return extent_leads(va) ? va : rb_to_va(rb_parent(&va->rb_node));
}

/* Let @va be no leader, or no longer one, but in the run of @lead. */
static void run_follow(struct vmap_area *lead, struct vmap_area *va)
{
	va->flags = 0;
	rb_set_parent_color(&va->rb_node, &lead->rb_node, RB_RED);
}

/* The range above @va in its run, or NULL. */
static struct vmap_area *run_above(const struct rb_list *set,
				   const struct vmap_area *va)
{
	struct vmap_area *above = extent_above(set, va);

	return above && !extent_leads(above) ? above : NULL;
}

/* The largest range of the run that @lead leads. */
static unsigned long run_size(const struct vmap_area *lead)
{
	unsigned long size = va_size(lead);

	if (lead->flags > 1)
		size = max(size, list_next_entry(lead, list)->subtree_max_size);
	return size;
}

RB_DECLARE_CALLBACKS_MAX(static, extent_augment, struct vmap_area, rb_node,
			 unsigned long, subtree_max_size, run_size)

/* There is a range of @size that @va has to know of, and whoever counts @va. */
static void size_grown(struct vmap_area *va, unsigned long size)
{
	struct rb_node *n;

	for (; !extent_leads(va); va = list_prev_entry(va, list)) {
		if (va->subtree_max_size >= size)
			return;
		va->subtree_max_size = size;
	}
	for (n = &va->rb_node; n; n = rb_parent(n)) {
		if (rb_to_va(n)->subtree_max_size >= size)
			return;
		rb_to_va(n)->subtree_max_size = size;
	}
}

/* @va, or what is above it in its run, has become less. */
static void size_shrunk(const struct rb_list *set, struct vmap_area *va)
{
	struct vmap_area *above = run_above(set, va);
	unsigned long size = above ? above->subtree_max_size : 0;

	for (; !extent_leads(va); va = list_prev_entry(va, list)) {
		size = max(size, va_size(va));
		if (va->subtree_max_size == size)
			return;
		va->subtree_max_size = size;
	}
	extent_augment_propagate(&va->rb_node, NULL);
}

/**
 * extent_tell - let the tree know what extent_carve_fit() has carved
 * @set: sized set
 */
void extent_tell(struct rb_list *set)
{
	if (!set->fit_untold)
		return;
	set->fit_untold = false;
	size_shrunk(set, set->fit);
}

/* The next search may find something else. */
static __always_inline void fit_forget(struct rb_list *set)
{
	extent_tell(set);
	set->fit = NULL;
}

/* Make @va, which has all that a leader needs, the node above that of @lead. */
static void tree_link(struct rb_list *set, struct vmap_area *lead,
		      struct vmap_area *va)
{
	struct rb_node **link = &set->root.rb_node, *parent = NULL;

	if (lead) {
		parent = &lead->rb_node;
		link = &parent->rb_right;
	}
	while (*link) {
		parent = *link;
		link = &parent->rb_left;
	}
	rb_link_node(&va->rb_node, parent, link);
	if (parent)
		size_grown(rb_to_va(parent), va->subtree_max_size);
	rb_insert_augmented(&va->rb_node, &set->root, &extent_augment);
}

/* Let @va lead those above it in its run, too. Returns how many that makes. */
static unsigned long run_lead(const struct rb_list *set,
			      struct vmap_area *va)
{
	struct vmap_area *above = va;
	unsigned long nr = 1;

	while ((above = run_above(set, above))) {
		run_follow(va, above);
		nr++;
	}
	va->flags = nr;
	return nr;
}

/* Let @va and those above it in the run of @lead be a run of their own. */
static noinline void run_split(struct rb_list *set, struct vmap_area *lead,
			       struct vmap_area *va)
{
	lead->flags -= run_lead(set, va);
	size_shrunk(set, list_prev_entry(va, list));
	tree_link(set, lead, va);
}

/* Let @va, which comes right above the run of @lead, or lowest, begin a run. */
static noinline void run_begin(struct rb_list *set, struct vmap_area *lead,
			       struct vmap_area *va)
{
	va->flags = 1;
	va->subtree_max_size = va_size(va);
	tree_link(set, lead, va);
}

/*
 * Add @va right above @link, of the list. It joins the run there; if that is
 * full, what is above @va leaves it. If nothing is, @va begins a run, so that
 * ranges added by ascending address fill one run after another.
 */
static __always_inline void run_insert(struct rb_list *set,
				       struct vmap_area *va,
				       struct list_head *link)
{
	struct vmap_area *below = link_to_va(set, link);
	struct vmap_area *lead = below ? run_leader(below) : NULL;
	struct vmap_area *above = below ? run_above(set, below) : NULL;
	unsigned long size = va_size(va);

	if (above && unlikely(lead->flags == EXTENT_RUN)) {
		run_split(set, lead, above);
		above = NULL;
	}
	if (lead && likely(lead->flags < EXTENT_RUN)) {
		run_follow(lead, va);
		lead->flags++;
		size_grown(below, size);
		if (above)
			size = max(size, above->subtree_max_size);
		va->subtree_max_size = size;
	} else {
		run_begin(set, lead, va);
	}
	list_add(&va->list, link);
	set->finger = &va->list;
	set->nr++;
}

static void list_unlink(struct rb_list *set, struct vmap_area *va)
{
	set->finger = va->list.prev;
	list_del_init(&va->list);
	set->nr--;
}

static void sized_unlink(struct rb_list *set, struct vmap_area *va)
{
	struct vmap_area *below = list_prev_entry(va, list);
	struct vmap_area *above = list_next_entry(va, list);

	list_unlink(set, va);
	if (!extent_leads(va)) {
		run_leader(va)->flags--;
		size_shrunk(set, below);
	} else if (va->flags == 1) {
		rb_erase_augmented(&va->rb_node, &set->root, &extent_augment);
	} else {
		run_lead(set, above);
		above->subtree_max_size = va->subtree_max_size;
		rb_replace_node(&va->rb_node, &above->rb_node, &set->root);
		extent_augment_propagate(&above->rb_node, NULL);
	}
}

/**
 * extent_find_last - find the range that starts last before an address
 * @set: sized set
 * @addr: the address
 *
 * Return: the highest range that starts below @addr, or NULL.
 */
struct vmap_area *extent_find_last(const struct rb_list *set,
				   unsigned long addr)
{
	struct rb_node *n = set->root.rb_node;
	struct vmap_area *found = NULL, *va;

	while (n) {
		va = rb_to_va(n);
		if (va->va_start < addr) {
			found = va;
			n = n->rb_right;
		} else {
			n = n->rb_left;
		}
	}
	for (va = found; va && va->va_start < addr; va = run_above(set, va))
		found = va;
	return found;
}

/*
 * Where [start, end) goes: right above *@below, a link of the list or its head.
 * False if some of it is in the set.
 */
static __always_inline bool place_find(const struct rb_list *set,
				       unsigned long start, unsigned long end,
				       struct list_head **below,
				       const unsigned int steps)
{
	struct vmap_area *va;

	if (!extent_near_finger(set, start, end, below, steps)) {
		va = extent_find_last(set, end);
		*below = va ? &va->list : (struct list_head *)&set->head;
	}
	va = link_to_va(set, *below);
	return !va || va->va_end <= start;
}

/*
 * What lies between @below and @above has been added: one of them grows, the
 * other one goes to @spares. That is never one that leads others: if @above is
 * the lowest of its run, @below is the last of its.
 */
static __always_inline void join_across(struct rb_list *set,
					struct vmap_area *below,
					struct vmap_area *above,
					struct list_head *spares)
{
	unsigned long start = below->va_start, end = above->va_end;

	if (likely(!extent_leads(above))) {
		/* All that know of its size will know of a larger one. */
		run_leader(above)->flags--;
		list_move(&above->list, spares);
		set->nr--;
		below->va_end = end;
		above = below;
	} else {
		sized_unlink(set, below);
		list_add(&below->list, spares);
		above->va_start = start;
	}
	size_grown(above, end - start);
	set->finger = &above->list;
}

/* Add @va right above @link, joined with what touches it. */
static __always_inline void sized_add(struct rb_list *set,
				      struct vmap_area *va,
				      struct list_head *link,
				      struct list_head *spares)
{
	struct vmap_area *below = link_to_va(set, link);
	struct vmap_area *above = link_to_va(set, link->next);
	bool joins_below = below && below->va_end == va->va_start;
	bool joins_above = above && above->va_start == va->va_end;

	if (!joins_below && !joins_above) {
		run_insert(set, va, link);
		return;
	}
	if (joins_below && joins_above) {
		join_across(set, below, above, spares);
	} else if (joins_below) {
		below->va_end = va->va_end;
		size_grown(below, va_size(below));
		set->finger = &below->list;
	} else {
		above->va_start = va->va_start;
		size_grown(above, va_size(above));
		set->finger = &above->list;
	}
	list_add(&va->list, spares);
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
int extent_give(struct rb_list *set, struct vmap_area *va,
		struct list_head *spares)
{
	struct list_head *below;

	fit_forget(set);
	if (!place_find(set, va->va_start, va->va_end, &below, EXTENT_STEPS))
		return -EEXIST;
	sized_add(set, va, below, spares);
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
unsigned long extent_give_sorted(struct rb_list *set, struct list_head *list,
				 unsigned int *nr, struct list_head *spares)
{
	unsigned int most = *nr, added;
	unsigned long bytes = 0;

	fit_forget(set);
	for (added = 0; added < most && !list_empty(list); added++) {
		struct vmap_area *va = list_first_entry(list, struct vmap_area,
							list);
		struct list_head *below;

		__list_del_entry(&va->list);
		bytes += va_size(va);
		if (place_find(set, va->va_start, va->va_end, &below,
			       EXTENT_STEPS_SORTED)) {
			sized_add(set, va, below, spares);
			continue;
		}
		WARN_ONCE(1, "vmalloc: %#lx-%#lx is freed, but was free\n",
			  va->va_start, va->va_end);
		list_add(&va->list, spares);
	}
	*nr = added;
	return bytes;
}

/* The lowest range of @size bytes from @va on, whose run has one there. */
static struct vmap_area *run_lowest(struct vmap_area *va, unsigned long size)
{
	while (va_size(va) < size)
		va = list_next_entry(va, list);
	return va;
}

/* The lowest range of @size bytes in the subtree of @n, which has one. */
static struct vmap_area *subtree_lowest(struct rb_node *n, unsigned long size)
{
	for (;;) {
		if (subtree_size(n->rb_left) >= size)
			n = n->rb_left;
		else if (run_size(rb_to_va(n)) < size)
			n = n->rb_right;
		else
			return run_lowest(rb_to_va(n), size);
	}
}

static struct vmap_area *next_sized(const struct rb_list *set,
				    struct vmap_area *va, unsigned long size)
{
	struct rb_node *n = set->root.rb_node, *child;

	if (!va)
		return subtree_size(n) >= size ? subtree_lowest(n, size) : NULL;

	n = &run_leader(va)->rb_node;
	va = run_above(set, va);
	if (va && va->subtree_max_size >= size)
		return run_lowest(va, size);
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
	} while (run_size(rb_to_va(n)) < size);

	return run_lowest(rb_to_va(n), size);
}

/**
 * extent_next_sized - find the next range that is large enough
 * @set: sized set
 * @va: look above this range of the set; NULL to begin with the lowest
 * @size: bytes it needs to have
 *
 * Return: the lowest such range, or NULL. Takes logarithmic time.
 */
struct vmap_area *extent_next_sized(struct rb_list *set, struct vmap_area *va,
				    unsigned long size)
{
	extent_tell(set);
	return next_sized(set, va, size);
}

/**
 * extent_withdraw - take a whole range out
 * @set: sized set
 * @va: a range of the set; its list head is left initialized
 */
void extent_withdraw(struct rb_list *set, struct vmap_area *va)
{
	fit_forget(set);
	sized_unlink(set, va);
}

/*
 * Part of @va, which leads nothing, has been carved. If much is left it will be
 * carved from again and again: then let it lead, for nobody but the tree has to
 * be told each time.
 */
static noinline void follower_shrunk(struct rb_list *set,
				     struct vmap_area *va, unsigned long carved)
{
	size_shrunk(set, va);
	if (va_size(va) / EXTENT_WORTH_A_NODE >= carved)
		run_split(set, run_leader(va), va);
}

/* Let @va, of which part stays, be [start, end). */
static __always_inline void sized_shrink(struct rb_list *set,
					 struct vmap_area *va,
					 unsigned long start, unsigned long end)
{
	unsigned long size = va_size(va);

	va->va_start = start;
	va->va_end = end;
	if (likely(extent_leads(va)))
		extent_augment_propagate(&va->rb_node, NULL);
	else
		follower_shrunk(set, va, size - va_size(va));
}

static noinline int cut_middle(struct rb_list *set, struct vmap_area *va,
			       unsigned long start, unsigned long end,
			       struct list_head *spares)
{
	struct vmap_area *low;

	if (list_empty(spares))
		return -ENOMEM;
	low = list_first_entry(spares, struct vmap_area, list);
	list_del(&low->list);
	low->va_start = va->va_start;
	low->va_end = start;
	sized_shrink(set, va, end, va->va_end);
	run_insert(set, low, va->list.prev);
	return 0;
}

/*
 * Cut [start, end) out of @va, which holds it. Returns -ENOMEM, and changes
 * nothing, if that needs a descriptor and there is none.
 */
static int extent_cut(struct rb_list *set, struct vmap_area *va,
		      unsigned long start, unsigned long end,
		      struct list_head *spares)
{
	if (start != va->va_start && end != va->va_end)
		return cut_middle(set, va, start, end, spares);

	if (start != va->va_start) {
		sized_shrink(set, va, va->va_start, start);
	} else if (end != va->va_end) {
		sized_shrink(set, va, end, va->va_end);
	} else {
		sized_unlink(set, va);
		list_add(&va->list, spares);
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

/*
 * The lowest range that ends above @addr, or NULL; @lowest starts below it.
 * Most often that is one of the lowest two: the heap has but one range below
 * the vmalloc space, and that is where ordinary requests start to look.
 */
static struct vmap_area *find_above(const struct rb_list *set,
				    struct vmap_area *lowest,
				    unsigned long addr)
{
	struct vmap_area *va;

	if (lowest->va_end > addr)
		return lowest;
	va = extent_above(set, lowest);
	if (!va || va->va_end > addr)
		return va;
	va = extent_find_last(set, addr);
	return va->va_end > addr ? va : extent_above(set, va);
}

/*
 * Cut what @room fits into, at @addr, out of @va, the lowest range that it does
 * fit into. What is left above that is what is found next.
 */
static int room_cut(struct rb_list *set, const struct extent_room *room,
		    struct vmap_area *va, unsigned long addr,
		    struct list_head *spares)
{
	unsigned long end = addr + room->size;
	bool rest = va->va_end > end;
	int err;

	err = extent_cut(set, va, addr, end, spares);
	if (err)
		return err;
	set->fit = rest && room->align <= PAGE_SIZE ? va : NULL;
	set->fit_size = room->size;
	set->fit_start = room->start;
	return 0;
}

/**
 * extent_carve - take the lowest range that meets a description
 * @set: sized set
 * @room: what is wanted
 * @addr: where its start is stored
 * @spares: descriptors, see the top of extent_sized.c
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
int extent_carve(struct rb_list *set, const struct extent_room *room,
		 unsigned long *addr, struct list_head *spares)
{
	unsigned long sure = room_sure_size(room);
	struct vmap_area *va;
	unsigned int steps;

	if (room->start >= room->end || list_empty(&set->head))
		return -ENOSPC;
	if (room->align <= PAGE_SIZE &&
	    extent_carve_fit(set, room->size, room->start, room->end, addr))
		return 0;
	extent_tell(set);

	va = list_first_entry(&set->head, struct vmap_area, list);
	if (va->va_start < room->start)
		va = find_above(set, va, room->start);
	else if (va_size(va) < sure)
		va = next_sized(set, NULL, sure);

	for (steps = 0; va && va->va_start < room->end; steps++) {
		if (steps == EXTENT_CARVE_STEPS) {
			*addr = va->va_start;
			return -EAGAIN;
		}
		if (room_fits(room, va, addr))
			return room_cut(set, room, va, *addr, spares);
		va = next_sized(set, va, sure);
	}
	return -ENOSPC;
}

/**
 * extent_carve_at - take a given range
 * @set: sized set
 * @start: its start
 * @end: its end
 * @spares: descriptors, see the top of extent_sized.c
 *
 * Return: 0; -ENOSPC if some of it is not in the set; -ENOMEM if a descriptor
 * is needed and @spares is empty. The set is unchanged on failure.
 */
int extent_carve_at(struct rb_list *set, unsigned long start,
		    unsigned long end, struct list_head *spares)
{
	struct vmap_area *va = extent_find_last(set, start + 1);

	if (!va || va->va_end < end)
		return -ENOSPC;
	fit_forget(set);
	return extent_cut(set, va, start, end, spares);
}
