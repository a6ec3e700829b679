// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which regions tables.c offers, for the vmalloc spaces that there are: some end with
 * the highest address, and some have more regions than bits.
 */

#include "internal.h"

static unsigned long space_start, space_end;

#undef VMALLOC_START
#undef VMALLOC_END
#define VMALLOC_START	space_start
#define VMALLOC_END	space_end

#include "tables.c"

unsigned int warnings;

static const struct space {
	const char *name;
	unsigned long start;
	unsigned long end;
} spaces[] = {
	{ "x86_64_4_levels",	0xffffc90000000000, 0xffffe8ffffffffff },
	{ "x86_64_5_levels",	0xffa0000000000000, 0xffd1ffffffffffff },
	{ "arm64_48_bits",	0xffff800080000000, 0xfffffdffbf800000 },
	{ "arm64_39_bits",	0xffffffc080000000, 0xfffffffebf800000 },
	{ "riscv_sv39",		0xffffffc600000000, 0xffffffd600000000 },
	{ "riscv_sv48",		0xffffaf8000000000, 0xffffcf8000000000 },
	{ "the_last_region",	0xffffffffc0200000, 0xffffffffffffffff },
	{ "a_part_of_one",	0xffff800080200000, 0xffff800080600000 },
};

static bool within(const struct vmap_span *region)
{
	return region->start >= space_start && region->end <= space_end &&
	       region->start < region->end &&
	       (region->end - 1) >> REGION_SHIFT ==
	       region->start >> REGION_SHIFT;
}

/* Returns how many are wrong: out of the space, or offered out of turn. */
static unsigned long take_all(unsigned long *taken, unsigned long *bytes)
{
	struct vmap_span region = {}, last;
	unsigned long wrong = 0;

	*taken = *bytes = 0;
	for (;;) {
		last = region;
		if (!vmap_tables_take(&region))
			return wrong;
		wrong += !within(&region);
		/* Those that share a bit ascend; and there are no more than that. */
		wrong += last.end && region.start <= last.start &&
			 region_bit(region.start) == region_bit(last.start);
		*bytes += region.end - region.start;
		if (++*taken > 1UL << 24 || wrong)
			return wrong + 1;
	}
}

static bool all_are_offered_once(void)
{
	unsigned long nr, taken, bytes;

	nr = ((space_end - 1) >> REGION_SHIFT) -
	     (space_start >> REGION_SHIFT) + 1;
	vmap_tables_note(space_start, space_end);
	vmap_tables_age();
	return !take_all(&taken, &bytes) && taken == nr &&
	       bytes == space_end - space_start;
}

/* With it come those that share its bit. */
static bool each_end_is_offered(void)
{
	unsigned long taken, bytes;
	bool good;

	vmap_tables_note(space_start, space_start + PAGE_SIZE);
	vmap_tables_age();
	good = !take_all(&taken, &bytes) && taken;
	vmap_tables_note(space_end - PAGE_SIZE, space_end);
	vmap_tables_age();
	return !take_all(&taken, &bytes) && taken && good;
}

int main(void)
{
	unsigned int i, failed = 0;

	for (i = 0; i < ARRAY_SIZE(spaces); i++) {
		bool good;

		/* What one that has failed has left is not the next one's. */
		memset(noted, 0, sizeof(noted));
		memset(idle, 0, sizeof(idle));
		space_start = spaces[i].start;
		space_end = spaces[i].end;
		good = each_end_is_offered() && all_are_offered_once();
		printf("%sok regions_of_%s\n", good ? "" : "not ", spaces[i].name);
		failed += !good;
	}
	printf("%u passed, %u failed, 0 skipped\n", i - failed, failed);
	return failed;
}
