/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random operations on a set of ranges, and what the named cases share with
 * them.
 */
#ifndef _VMALLOC_USER_EXTENT_RANDOM_H
#define _VMALLOC_USER_EXTENT_RANDOM_H

#include "extent.h"
#include "input.h"

/* Addresses in tests are page numbers from a base that is aligned well. */
#define BASE		(1UL << 40)
#define ADDR(page)	(BASE + (page) * PAGE_SIZE)

/* A descriptor of @pages pages from page @first on. */
struct vmap_area *range(unsigned long first, unsigned long pages);

/* Free a list of descriptors. Returns how many there were. */
unsigned long spares_free(struct list_head *spares);

void set_free(struct rb_list *set);

/**
 * extent_random_run - make operations on a set until the input ends
 * @from: the input
 * @sized: whether the set is a sized one
 * @longest: up to how many pages ranges have: if few, there are many ranges
 */
void extent_random_run(struct input *from, bool sized, unsigned long longest);

#endif /* _VMALLOC_USER_EXTENT_RANDOM_H */
