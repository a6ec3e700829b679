// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a set of address ranges knows of itself, recomputed.
 *
 * For validators and tests. In user space as well, see extent.c.
 */

#include "extent.h"

static bool extent_report(const struct rb_list *set, struct vmap_area *va,
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

/* Whether @va, of a sized set, knows what it should if those above it do. */
static bool extent_size_valid(const struct rb_list *set,
			      const struct vmap_area *va)
{
	const struct vmap_area *above = extent_above(set, va);
	unsigned long size = va_size(va);

	if (above && !extent_leads(above))
		size = max(size, above->subtree_max_size);
	if (extent_leads(va))
		size = max3(size, subtree_size(va->rb_node.rb_left),
			    subtree_size(va->rb_node.rb_right));
	return va->subtree_max_size == size;
}

/* Follow the runs of a sized set; after each range, @more are to come. */
static bool extent_run_valid(const struct vmap_area *va,
			     const struct vmap_area **lead, unsigned long *more)
{
	if (extent_leads(va)) {
		if (*more || va->flags > EXTENT_RUN)
			return false;
		*lead = va;
		*more = va->flags;
	} else if (!*more || rb_parent(&va->rb_node) != &(*lead)->rb_node) {
		return false;
	}
	(*more)--;
	return true;
}

/*
 * Whether a search for what @set believes to know would not stop at @va, which is
 * below @set->fit.
 */
static bool extent_below_fit(const struct rb_list *set,
			     const struct vmap_area *va)
{
	unsigned long start = max(va->va_start, set->fit_start);

	return start >= va->va_end || va->va_end - start < set->fit_size;
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
bool extent_set_valid(struct rb_list *set, bool sized, bool merged)
{
	const struct rb_node *n = rb_first(&set->root);
	const struct vmap_area *lead = NULL;
	struct vmap_area *va, *last = NULL;
	bool finger = set->finger == &set->head, fit = !set->fit;
	unsigned long nr = 0, more = 0;
	bool node;

	if (sized)
		extent_tell(set);
	list_for_each_entry(va, &set->head, list) {
		if (va->va_start >= va->va_end)
			return extent_report(set, va, "is empty");
		if (last && last->va_end > va->va_start)
			return extent_report(set, va, "overlaps");
		if (merged && last && last->va_end == va->va_start)
			return extent_report(set, va, "is not joined");
		if (sized && !extent_run_valid(va, &lead, &more))
			return extent_report(set, va, "is not in a run");
		if (sized && !extent_size_valid(set, va))
			return extent_report(set, va, "hides a larger range");
		fit |= set->fit == va;
		if (!fit && !extent_below_fit(set, va))
			return extent_report(set, va, "is found too late");
		node = !sized || extent_leads(va);
		if (node && n != &va->rb_node)
			return extent_report(set, va, "is out of order");
		if (node)
			n = rb_next(n);
		finger |= set->finger == &va->list;
		last = va;
		nr++;
	}
	if (n || more || nr != set->nr) {
		pr_err("vmalloc: %lu ranges are listed, %lu counted\n", nr,
		       set->nr);
		return false;
	}
	if (!finger || !fit)
		pr_err("vmalloc: a set of %lu ranges points outside of it\n",
		       nr);
	return finger && fit;
}
