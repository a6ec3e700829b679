// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where page tables may have come out of use.
 *
 * The vmalloc space is divided into regions. One is noted whenever addresses in it
 * have come back to the heap, by a bit, so that this costs nothing where it happens
 * again and again. After a period it is idle if it has not been noted anew: then
 * trim.c looks for tables there that nothing uses.
 */

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "internal.h"

/* A region has 1 GiB, which is a table of PMDs on x86-64, or a table of entries. */
#define REGION_SHIFT		max_t(unsigned int, PMD_SHIFT, 30)
#define REGION_SIZE		(1UL << REGION_SHIFT)

/*
 * As many as x86-64 has in its vmalloc space, with page tables of four levels. Where
 * there are more, those that are as many apart share a bit: areas lie at the lowest
 * addresses, so it is mostly one's.
 */
#define REGIONS			32768

static DECLARE_BITMAP(noted, REGIONS);
static DECLARE_BITMAP(idle, REGIONS);

/* Whether any bit of @noted may be set, which nobody waits for yet. */
static bool noted_any;

static unsigned int region_bit(unsigned long addr)
{
	return (addr >> REGION_SHIFT) % REGIONS;
}

/**
 * vmap_tables_note - tell that addresses have come back to the heap
 * @start: the first address
 * @end: end of the range; none of it needs to be in the vmalloc space
 *
 * Context: any.
 */
void vmap_tables_note(unsigned long start, unsigned long end)
{
	unsigned long nr, i;
	bool fresh = false;

	start = max(start, VMALLOC_START);
	end = min(end, VMALLOC_END);
	if (start >= end)
		return;
	nr = ((end - 1) >> REGION_SHIFT) - (start >> REGION_SHIFT) + 1;
	for (i = 0; i < min(nr, REGIONS); i++) {
		unsigned int bit = (region_bit(start) + i) % REGIONS;

		if (test_bit(bit, noted))
			continue;
		set_bit(bit, noted);
		fresh = true;
	}
	/* Who has set a bit has seen to the rest, or vmap_tables_age() finds it. */
	if (!fresh)
		return;
	/* After the bits: pairs with vmap_tables_age(). */
	smp_mb();
	if (!READ_ONCE(noted_any))
		WRITE_ONCE(noted_any, true);
}

/**
 * vmap_tables_noted - tell whether there is something to wait for
 *
 * Return: whether a region was noted since vmap_tables_age() was called.
 */
bool vmap_tables_noted(void)
{
	return READ_ONCE(noted_any);
}

/**
 * vmap_tables_noted_at - tell whether a region is to become idle again
 * @addr: an address in it
 *
 * Return: whether it was noted since vmap_tables_age() was called.
 */
bool vmap_tables_noted_at(unsigned long addr)
{
	return test_bit(region_bit(addr), noted);
}

/**
 * vmap_tables_age - let the regions that were noted become idle
 *
 * Return: whether there is any that is idle now.
 */
bool vmap_tables_age(void)
{
	unsigned int word, bit;
	bool any = false;

	WRITE_ONCE(noted_any, false);
	/* Before the bits: pairs with vmap_tables_note(). */
	smp_mb();
	for (word = 0; word < BITS_TO_LONGS(REGIONS); word++) {
		unsigned long bits = 0;

		if (READ_ONCE(noted[word]))
			bits = xchg(&noted[word], 0);
		/* Others may take regions meanwhile. */
		for_each_set_bit(bit, &bits, BITS_PER_LONG)
			set_bit(word * BITS_PER_LONG + bit, idle);
		any |= READ_ONCE(idle[word]);
	}
	return any;
}

/**
 * vmap_tables_most - tell how many tables there may be that nothing uses
 *
 * Return: the tables of all regions that are noted or idle.
 */
unsigned long vmap_tables_most(void)
{
	unsigned long regions = 0;
	unsigned int word;

	for (word = 0; word < BITS_TO_LONGS(REGIONS); word++)
		regions += hweight_long(READ_ONCE(noted[word]) |
					READ_ONCE(idle[word]));
	return regions << (REGION_SHIFT - PMD_SHIFT);
}

/* The region that has number @nr from address 0 on, as far as it is in the space. */
static bool region_set(struct vmap_span *region, unsigned long nr)
{
	const unsigned long start = nr << REGION_SHIFT;

	/* The number, as the address may be past the last one there is. */
	if (nr > (VMALLOC_END - 1) >> REGION_SHIFT)
		return false;
	region->start = max(start, VMALLOC_START);
	region->end = start + min(REGION_SIZE, VMALLOC_END - start);
	return true;
}

/**
 * vmap_tables_take - take the next region that is idle
 * @region: the one that was taken before, or an empty one; gets the addresses
 *
 * It is idle no more.
 *
 * Return: whether there was one.
 */
bool vmap_tables_take(struct vmap_span *region)
{
	unsigned long first = VMALLOC_START >> REGION_SHIFT;
	unsigned int bit = 0;

	/* The next one that has the same bit. */
	if (region->end &&
	    region_set(region, (region->start >> REGION_SHIFT) + REGIONS))
		return true;
	while ((bit = vmap_next_bit(idle, bit, REGIONS)) < REGIONS) {
		/* What has been noted anew is to become idle again. */
		if (test_and_clear_bit(bit, idle) && !test_bit(bit, noted) &&
		    region_set(region, first + (bit - first) % REGIONS))
			return true;
		bit++;
	}
	*region = (struct vmap_span) { };
	return false;
}
