// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of block.c, through vm_map_ram() and what a drain and a reader of
 * memory see of a block.
 *
 * Each case starts without idle blocks and stays on one CPU, so that its first
 * mapping makes a new block, unless another task maps something meanwhile.
 */

#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "window.h"

/* The most pages that a block gives out at a time, and at least 2 of these. */
#define MOST		BITS_PER_LONG
#define MOST_PER_BLOCK	64

/* What each mapping maps, again and again. */
static struct page *page_of(struct kunit *test)
{
	return test->priv;
}

static int block_init(struct kunit *test)
{
	test->priv = alloc_page(GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	return window_init(test);
}

static void block_exit(struct kunit *test)
{
	window_exit(test);
	if (test->priv)
		__free_page(test->priv);
}

static void stay_here(struct kunit *test)
{
	unsigned int cpu = raw_smp_processor_id();

	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current,
						      cpumask_of(cpu)));
}

static unsigned long map(struct kunit *test, unsigned int count)
{
	struct page *pages[MOST + 1];
	unsigned int i;
	void *mem;

	for (i = 0; i < count; i++)
		pages[i] = page_of(test);
	mem = vm_map_ram(pages, count, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	return (unsigned long)mem;
}

static void unmap(unsigned long addr, unsigned int count)
{
	vm_unmap_ram((void *)addr, count);
}

/* The start of the block or area that @addr is in; 0 if there is none. */
static unsigned long block_at(unsigned long addr)
{
	struct vmap_area *va = find_vmap_area(addr);

	return va ? va->va_start : 0;
}

/* What a reader of memory was told. */
struct reading {
	unsigned int ranges;
	unsigned long mapped, unmapped;
};

static bool read_range(void *arg, unsigned long start, unsigned long end,
		       bool mapped)
{
	struct reading *reading = arg;

	reading->ranges++;
	if (mapped)
		reading->mapped += end - start;
	else
		reading->unmapped += end - start;
	return true;
}

static struct reading read_block(struct kunit *test, unsigned long start,
				 unsigned long end)
{
	struct reading reading = {};
	struct vmap_area *va;
	struct vmap_node *vn = vmap_busy_next_lock(start, &va);

	if (vn) {
		__acquire(&vn->busy_lock);	/* for sparse */
		if (va->va_start <= start && va->va_end >= end)
			vmap_block_read(start, end, read_range, &reading);
		spin_unlock(&vn->busy_lock);
	}
	KUNIT_EXPECT_EQ(test, end - start, reading.mapped + reading.unmapped);
	return reading;
}

static void pages_are_handed_out_without_looking_back(struct kunit *test)
{
	unsigned long first, second;
	int tries;

	stay_here(test);
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		first = map(test, 2);
		unmap(first, 2);
		second = map(test, 3);
		unmap(second, 3);
		KUNIT_EXPECT_NE(test, first, second);
		if (second == first + 2 * PAGE_SIZE)
			return;
	}
	KUNIT_FAIL(test, "after %#lx came %#lx in the last of %d tries", first,
		   second, WINDOW_TRIES);
}

static void block_is_an_area_marked_as_such(struct kunit *test)
{
	unsigned long addr = map(test, 1);
	struct vmap_area *va = find_vmap_area(addr);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, va->flags & (VMAP_RAM | VMAP_BLOCK),
			VMAP_RAM | VMAP_BLOCK);
	KUNIT_EXPECT_NULL(test, va->vm);
	KUNIT_EXPECT_GE(test, va_size(va), 2 * MOST * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(va->va_start, va_size(va)));
	unmap(addr, 1);
}

static void more_pages_get_an_area_of_their_own(struct kunit *test)
{
	unsigned long addr = map(test, MOST + 1);
	struct vmap_area *va = find_vmap_area(addr);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, va->flags & (VMAP_RAM | VMAP_BLOCK), VMAP_RAM);
	KUNIT_EXPECT_EQ(test, addr, va->va_start);
	KUNIT_EXPECT_EQ(test, (MOST + 1) * PAGE_SIZE, va_size(va));
	unmap(addr, MOST + 1);
	KUNIT_EXPECT_NE(test, addr, block_at(addr));
}

static void readers_see_just_what_is_used(struct kunit *test)
{
	unsigned long end = PAGE_SIZE, addr[3];
	struct reading reading;
	int tries, i;

	stay_here(test);
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		for (i = 0; i < 3; i++)
			addr[i] = map(test, 4);
		end = addr[2] + 4 * PAGE_SIZE;
		if (end - addr[0] == 12 * PAGE_SIZE &&
		    block_at(addr[0]) == block_at(addr[2]))
			break;
		for (i = 0; i < 3; i++)
			unmap(addr[i], 4);
	}
	KUNIT_ASSERT_LT(test, tries, WINDOW_TRIES);

	reading = read_block(test, addr[0], end);
	KUNIT_EXPECT_EQ(test, 12 * PAGE_SIZE, reading.mapped);
	KUNIT_EXPECT_EQ(test, 1, reading.ranges);
	unmap(addr[1], 4);
	reading = read_block(test, addr[0], end);
	KUNIT_EXPECT_EQ(test, 8 * PAGE_SIZE, reading.mapped);
	KUNIT_EXPECT_EQ(test, 3, reading.ranges);
	unmap(addr[0], 4);
	reading = read_block(test, addr[0], end);
	KUNIT_EXPECT_EQ(test, 4 * PAGE_SIZE, reading.mapped);
	KUNIT_EXPECT_EQ(test, 2, reading.ranges);
	unmap(addr[2], 4);
}

static const unsigned int across[][2] = {
	/* pages before, pages mapped */
	{ 1, MOST }, { MOST - 1, 2 }, { MOST - 1, MOST }, { MOST / 2, MOST },
	{ MOST / 2, MOST / 2 }, { 2, MOST - 3 }, { 1, 1 },
};

static void across_name(const unsigned int (*pages)[2], char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%u behind %u", (*pages)[1],
		 (*pages)[0]);
}

KUNIT_ARRAY_PARAM(across, across, across_name);

/* One page after the other is used, so that a mapping may begin at any of them. */
static void mapping_may_lie_across_words(struct kunit *test)
{
	const unsigned int *pages = test->param_value;
	unsigned long before[MOST], addr, size = pages[1] * PAGE_SIZE;
	struct reading reading;
	unsigned int i, tries;

	stay_here(test);
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		vmap_reclaim(NULL);
		for (i = 0; i < pages[0]; i++)
			before[i] = map(test, 1);
		addr = map(test, pages[1]);
		if (block_at(before[0]) == before[0] &&
		    addr == before[0] + pages[0] * PAGE_SIZE)
			break;
		unmap(addr, pages[1]);
		while (i)
			unmap(before[--i], 1);
	}
	KUNIT_ASSERT_LT(test, tries, WINDOW_TRIES);

	/* The page behind it is nobody's. */
	reading = read_block(test, addr, addr + size + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, size, reading.mapped);
	reading = read_block(test, before[0], addr + size + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 2, reading.ranges);
	while (i)
		unmap(before[--i], 1);
	reading = read_block(test, addr, addr + size);
	KUNIT_EXPECT_EQ(test, size, reading.mapped);
	unmap(addr, pages[1]);
	if (block_at(addr)) {
		reading = read_block(test, addr, addr + size);
		KUNIT_EXPECT_EQ(test, 0, reading.mapped);
	}
}

/*
 * Map as many pages as there are in a new block, MOST at a time. Returns how
 * many mappings that are, 0 if somebody else has used some of the block.
 */
static unsigned int fill_block(struct kunit *test, unsigned long *addrs)
{
	struct vmap_area *va;
	unsigned int nr, i;

	vmap_reclaim(NULL);
	addrs[0] = map(test, MOST);
	va = find_vmap_area(addrs[0]);
	nr = va ? va_size(va) / PAGE_SIZE / MOST : 1;
	KUNIT_ASSERT_LE(test, nr, MOST_PER_BLOCK);
	for (i = 1; i < nr; i++)
		addrs[i] = map(test, MOST);
	if (va && block_at(addrs[0]) == addrs[0] &&
	    block_at(addrs[nr - 1]) == addrs[0])
		return nr;
	for (i = 0; i < nr; i++)
		unmap(addrs[i], MOST);
	return 0;
}

static unsigned int fill_block_or_fail(struct kunit *test,
				       unsigned long *addrs)
{
	unsigned int nr = 0;
	int tries;

	stay_here(test);
	for (tries = 0; !nr && tries < WINDOW_TRIES; tries++)
		nr = fill_block(test, addrs);
	KUNIT_ASSERT_GT(test, nr, 0);
	return nr;
}

static void block_is_retired_with_its_last_page(struct kunit *test)
{
	unsigned long addrs[MOST_PER_BLOCK];
	unsigned int nr = fill_block_or_fail(test, addrs), i;
	unsigned long end = addrs[0] + nr * MOST * PAGE_SIZE;
	struct vmap_arena *arena;
	struct window_view here;

	KUNIT_EXPECT_EQ(test, end - addrs[0],
			read_block(test, addrs[0], end).mapped);
	arena = va_to_arena(find_vmap_area(addrs[0]));
	for (i = 1; i < nr; i++)
		unmap(addrs[i], MOST);
	KUNIT_EXPECT_EQ(test, addrs[0], block_at(addrs[0]));
	KUNIT_EXPECT_EQ(test, MOST * PAGE_SIZE,
			read_block(test, addrs[0], end).mapped);
	unmap(addrs[0], MOST);

	KUNIT_EXPECT_EQ(test, 0, block_at(addrs[0]));
	here = window_waiting(arena, addrs[0], end);
	if (!here.bytes)
		here = window_free(arena, addrs[0], end);
	KUNIT_EXPECT_EQ(test, end - addrs[0], here.bytes);
}

/* Whatever the size, a block that is handed out and given back goes. */
static void block_of_odd_requests_is_retired(struct kunit *test)
{
	static const unsigned int odd[] = { 1, 3, 5, 17, MOST / 2 + 1, MOST };
	unsigned long addr, block = 0, blocks;
	unsigned int i, loops, nr = 0;

	stay_here(test);
	vmap_reclaim(NULL);
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		addr = map(test, odd[i]);
		blocks = va_size(find_vmap_area(addr));
		unmap(addr, odd[i]);
		/* Enough to hand out four blocks, if each page only once. */
		loops = 4 * blocks / PAGE_SIZE / odd[i] + 1;
		for (nr = 0; loops; loops--) {
			addr = map(test, odd[i]);
			unmap(addr, odd[i]);
			if (block && block != block_at(addr) &&
			    block_at(block) == block)
				nr++;
			block = block_at(addr);
		}
		KUNIT_EXPECT_LE_MSG(test, nr, 1, "blocks of %u pages stay",
				    odd[i]);
	}
}

static void idle_block_goes_when_space_is_short(struct kunit *test)
{
	unsigned long addr, block;

	stay_here(test);
	addr = map(test, 1);
	block = block_at(addr);
	unmap(addr, 1);
	KUNIT_EXPECT_EQ(test, block, block_at(addr));
	vmap_reclaim(NULL);
	KUNIT_EXPECT_EQ(test, 0, block_at(addr));
}

static void block_in_use_stays_when_space_is_short(struct kunit *test)
{
	unsigned long used, idle, block;

	stay_here(test);
	used = map(test, 1);
	idle = map(test, 1);
	block = block_at(used);
	unmap(idle, 1);
	vmap_reclaim(NULL);
	vm_unmap_aliases();
	KUNIT_EXPECT_EQ(test, block, block_at(used));
	KUNIT_EXPECT_PTR_EQ(test, page_of(test), vmalloc_to_page((void *)used));
	unmap(used, 1);
}

static void idle_block_with_much_room_outlives_unalias(struct kunit *test)
{
	unsigned long addr, block;

	stay_here(test);
	addr = map(test, 1);
	block = block_at(addr);
	unmap(addr, 1);
	vm_unmap_aliases();
	KUNIT_EXPECT_EQ(test, block, block_at(addr));
}

static void idle_block_with_little_room_goes_at_unalias(struct kunit *test)
{
	unsigned long addrs[MOST_PER_BLOCK];
	unsigned int nr = 0, used = 0, i;
	bool alone = false;
	int tries;

	stay_here(test);
	for (tries = 0; !alone && tries < WINDOW_TRIES; tries++) {
		vmap_reclaim(NULL);
		addrs[0] = map(test, MOST);
		nr = va_size(find_vmap_area(addrs[0])) / PAGE_SIZE / MOST;
		KUNIT_ASSERT_LE(test, nr, MOST_PER_BLOCK);
		used = nr - nr / 8;
		if (used == nr)
			break;
		for (i = 1; i < used; i++)
			addrs[i] = map(test, MOST);
		alone = block_at(addrs[0]) == addrs[0] &&
			block_at(addrs[used - 1]) == addrs[0];
		for (i = 0; i < used; i++)
			unmap(addrs[i], MOST);
	}
	if (used == nr) {
		unmap(addrs[0], MOST);
		kunit_skip(test, "blocks have no more than %u pages",
			   nr * MOST);
	}
	KUNIT_ASSERT_TRUE(test, alone);
	KUNIT_EXPECT_EQ(test, addrs[0], block_at(addrs[0]));
	vm_unmap_aliases();
	KUNIT_EXPECT_EQ(test, 0, block_at(addrs[0]));
}

/* Areas of a page each, one wherever a block could be. */
static struct {
	struct vmap_area **vas;
	unsigned int nr;
} clutter;

static void clutter_remove(void *unused)
{
	while (clutter.nr) {
		vmap_busy_remove(clutter.vas[--clutter.nr]);
		vmap_area_retire(clutter.vas[clutter.nr]);
	}
	vmap_reclaim(NULL);
}

static void clutter_make(struct kunit *test, unsigned long block)
{
	unsigned long start = ALIGN_DOWN(VMALLOC_START, block);
	unsigned int most = (VMALLOC_END - start) / block + 1;
	struct vmap_area *va;

	if (most > 1000)
		kunit_skip(test, "there is room for %u blocks", most);
	vmap_reclaim(NULL);
	clutter.vas = kunit_kcalloc(test, most, sizeof(*clutter.vas),
				    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clutter.vas);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, clutter_remove,
							   NULL));
	for (; start < VMALLOC_END; start += block) {
		va = vmap_area_reserve(PAGE_SIZE, PAGE_SIZE,
				       max_t(unsigned long, start, VMALLOC_START),
				       min_t(unsigned long, start + block,
					     VMALLOC_END),
				       NUMA_NO_NODE, GFP_KERNEL | __GFP_NOWARN,
				       0, NULL);
		if (!IS_ERR(va))
			clutter.vas[clutter.nr++] = va;
	}
}

/*
 * There are pages enough, but nowhere as many as a block has. Nor is everything
 * drained for each mapping.
 */
static void pages_get_areas_where_no_block_fits(struct kunit *test)
{
	unsigned long addr = map(test, 1), addrs[MOST_PER_BLOCK], reclaims;
	unsigned long block = va_size(find_vmap_area(addr));
	struct vmap_area *va = NULL;
	unsigned int nr = 0, i;

	stay_here(test);
	unmap(addr, 1);
	clutter_make(test, block);
	/* Blocks that are in use may have some room. */
	while (nr < MOST_PER_BLOCK && (!va || va->flags & VMAP_BLOCK)) {
		addrs[nr] = map(test, MOST);
		va = find_vmap_area(addrs[nr++]);
	}
	addr = addrs[nr - 1];
	KUNIT_EXPECT_EQ(test, va->flags & (VMAP_RAM | VMAP_BLOCK), VMAP_RAM);
	KUNIT_EXPECT_EQ(test, addr, va->va_start);
	KUNIT_EXPECT_EQ(test, MOST * PAGE_SIZE, va_size(va));
	for (i = 0; i < nr; i++)
		unmap(addrs[i], MOST);
	KUNIT_EXPECT_EQ(test, 0, block_at(addr));

	reclaims = vmap_reclaims();
	for (i = 0; i < 100; i++) {
		addr = map(test, 1);
		unmap(addr, 1);
	}
	reclaims = vmap_reclaims() - reclaims;
	KUNIT_EXPECT_LE(test, reclaims, 100 * PAGE_SIZE / block + 1);

	/* What they got is no reason to do without blocks from now on. */
	clutter_remove(NULL);
	addr = map(test, 1);
	va = find_vmap_area(addr);
	KUNIT_EXPECT_TRUE(test, va->flags & VMAP_BLOCK);
	unmap(addr, 1);
}

static struct kunit_case block_cases[] = {
	KUNIT_CASE(pages_are_handed_out_without_looking_back),
	KUNIT_CASE(block_is_an_area_marked_as_such),
	KUNIT_CASE(more_pages_get_an_area_of_their_own),
	KUNIT_CASE(readers_see_just_what_is_used),
	KUNIT_CASE_PARAM(mapping_may_lie_across_words, across_gen_params),
	KUNIT_CASE(block_is_retired_with_its_last_page),
	KUNIT_CASE(block_of_odd_requests_is_retired),
	KUNIT_CASE(idle_block_goes_when_space_is_short),
	KUNIT_CASE(block_in_use_stays_when_space_is_short),
	KUNIT_CASE(idle_block_with_much_room_outlives_unalias),
	KUNIT_CASE(idle_block_with_little_room_goes_at_unalias),
	KUNIT_CASE(pages_get_areas_where_no_block_fits),
	{}
};

static struct kunit_suite block_suite = {
	.name = "vmalloc_block",
	.init = block_init,
	.exit = block_exit,
	.test_cases = block_cases,
};

kunit_test_suite(block_suite);
