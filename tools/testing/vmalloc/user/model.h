/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of a set of ranges that is too simple to be wrong: one byte for each
 * page, set if the page is in the set.
 */
#ifndef _VMALLOC_USER_MODEL_H
#define _VMALLOC_USER_MODEL_H

#include <stdbool.h>
#include <string.h>

#define MODEL_PAGES	512UL

struct model {
	unsigned char in[MODEL_PAGES];
};

static inline bool model_all(const struct model *m, unsigned long first,
			     unsigned long pages, bool in)
{
	unsigned long i;

	if (first + pages > MODEL_PAGES)
		return false;
	for (i = first; i < first + pages; i++)
		if (m->in[i] != in)
			return false;
	return true;
}

static inline void model_fill(struct model *m, unsigned long first,
			      unsigned long pages, bool in)
{
	memset(&m->in[first], in, pages);
}

/*
 * The lowest page at which @pages fit into [start, end), @offset more than a
 * multiple of @align; MODEL_PAGES if there is none.
 */
static inline unsigned long model_lowest(const struct model *m,
					 unsigned long pages,
					 unsigned long align,
					 unsigned long offset,
					 unsigned long start, unsigned long end)
{
	unsigned long first;

	for (first = start; first + pages <= end; first++)
		if (first % align == offset && model_all(m, first, pages, true))
			return first;
	return MODEL_PAGES;
}

/* How many separate ranges the set has once neighbours are joined. */
static inline unsigned long model_ranges(const struct model *m)
{
	unsigned long i, nr = 0;

	for (i = 0; i < MODEL_PAGES; i++)
		nr += m->in[i] && (!i || !m->in[i - 1]);
	return nr;
}

#endif /* _VMALLOC_USER_MODEL_H */
