/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of the address space that is too simple to be wrong: one byte for
 * each page says whether somebody has it, and whether a TLB may. Nothing in it
 * orders threads, so that a race detector sees what they do without it.
 */
#ifndef _VMALLOC_USER_SPACE_MODEL_H
#define _VMALLOC_USER_SPACE_MODEL_H

#include "internal.h"

/* Bring the real thing up, and the model. @cpus: 1, 2 or 4. */
void space_begin(unsigned int cpus, const struct vmap_drain_client *client);

/* All has been freed: check that nothing is left, and take it down again. */
void space_end(void);

/* Addresses have been handed out: they were flushed, and nobody has them. */
void space_taken(unsigned long start, unsigned long end);

/* Pages of an area that stays are unmapped, and are to be flushed. */
void space_punched(unsigned long start, unsigned long end);

/* They are nobody's again, as flushed as they were. */
void space_restored(unsigned long start, unsigned long end);

/* Who calls this later than another page is unmapped, sees a higher number. */
unsigned long space_time(void);

/* No page that was unmapped before @time may be in a TLB. */
void space_check_flushed(unsigned long time);

bool space_page_is_busy(unsigned long addr);

/*
 * While nothing goes on: look at all sets, and check that each page is in just
 * one state, where it belongs, and everything that follows from it.
 */
void space_check(void);

/* As of the last space_check(): whether a request fits into free addresses. */
bool space_has_room(unsigned long size, unsigned long align,
		    unsigned long start, unsigned long end);

/* The same: whether there are addresses of a whole page table in the heap. */
bool space_has_table(unsigned long start, unsigned long end);

/* The same for congruent areas: their highest base, 0 if there is none. */
unsigned long space_congruent_base(const unsigned long *offsets,
				   const size_t *sizes, int nr,
				   unsigned long align);

#endif /* _VMALLOC_USER_SPACE_MODEL_H */
