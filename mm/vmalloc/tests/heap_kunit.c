// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of space.c as far as the heap goes: what is taken from there, what it
 * takes to take it, and congruent ranges. Chunks have chunk_kunit.c.
 */

#include <kunit/test.h>

#include "window.h"

static void more_than_a_chunk_serves_comes_from_the_heap(struct kunit *test)
{
	struct vmap_area *va;

	if (8 * VMAP_CHUNK_MAX_AREA > VMALLOC_END - VMALLOC_START)
		kunit_skip(test, "the space is too small to have room for sure");
	va = window_take_ordinary(test, VMAP_CHUNK_MAX_AREA + PAGE_SIZE,
				  PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, va->flags, 0);
	KUNIT_EXPECT_PTR_EQ(test, va_to_arena(va), &vmap_heap);
	vmap_area_retire(va);

	va = window_take_ordinary(test, PAGE_SIZE, 2 * VMAP_CHUNK_MAX_AREA);
	KUNIT_EXPECT_EQ(test, va->flags, 0);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(va->va_start,
					   2 * VMAP_CHUNK_MAX_AREA));
	vmap_area_retire(va);
}

static void window_of_its_own_is_served_by_the_heap(struct kunit *test)
{
	struct vmap_area *va;

	va = window_take(test, WINDOW_PAGE(3), WINDOW_PAGE(5));
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(3), va->va_start);
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(5), va->va_end);
	KUNIT_EXPECT_EQ(test, va->flags, 0);
	KUNIT_EXPECT_FALSE(test, window_is_free(WINDOW_PAGE(3),
						WINDOW_PAGE(5)));
	KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_START, WINDOW_PAGE(3)));
	KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_PAGE(5), WINDOW_END));
	vmap_area_retire(va);
}

static void single_node_has_no_chunks(struct kunit *test)
{
	struct vmap_area *va;

	if (nr_vmap_nodes > 1)
		kunit_skip(test, "there are %u nodes", nr_vmap_nodes);
	va = window_take_ordinary(test, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, va->flags, 0);
	KUNIT_EXPECT_EQ(test, 0, vmap_nodes[0].arena.free.nr);
	vmap_area_retire(va);
}

static void missing_descriptor_changes_nothing(struct kunit *test)
{
	struct vmap_area *va = window_descriptor(test);
	LIST_HEAD(spares);

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			vmap_space_take(va, PAGE_SIZE, PAGE_SIZE,
					WINDOW_PAGE(7), WINDOW_PAGE(8),
					VMAP_TRY, &spares));
	KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_START, WINDOW_END));

	KUNIT_ASSERT_EQ(test, 0, vmap_spares_fill(&spares, VMAP_MAX_SPARES,
						  GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, VMAP_MAX_SPARES, list_count_nodes(&spares));
	KUNIT_ASSERT_EQ(test, 0,
			vmap_space_take(va, PAGE_SIZE, PAGE_SIZE,
					WINDOW_PAGE(7), WINDOW_PAGE(8),
					VMAP_TRY, &spares));
	KUNIT_EXPECT_EQ(test, VMAP_MAX_SPARES - 1, list_count_nodes(&spares));
	vmap_spares_free(&spares);
	KUNIT_EXPECT_TRUE(test, list_empty(&spares));
	vmap_area_retire(va);
}

/*
 * Pages of the window. The second hole holds the range, but is not longer by
 * the alignment, as those are that a quick look takes:
 *
 *	0   4   8   12  16
 *	x.xx....xxxxxxxx
 */
static void trying_hard_finds_a_tight_aligned_fit(struct kunit *test)
{
	const unsigned long size = 4 * PAGE_SIZE, end = WINDOW_PAGE(16);
	struct vmap_area *va = window_descriptor(test);
	struct vmap_area *taken[3];
	LIST_HEAD(spares);
	int i, err;

	taken[0] = window_take(test, WINDOW_START, WINDOW_PAGE(1));
	taken[1] = window_take(test, WINDOW_PAGE(2), WINDOW_PAGE(4));
	taken[2] = window_take(test, WINDOW_PAGE(8), end);

	KUNIT_EXPECT_EQ(test, -ENOSPC,
			vmap_space_take(va, size, size, WINDOW_START, end,
					VMAP_TRY, &spares));
	err = vmap_space_take(va, size, size, WINDOW_START, end,
			      VMAP_TRY_HARD, &spares);
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		vmap_area_retire(taken[i]);
	if (err)
		vmap_area_free(va);
	KUNIT_ASSERT_EQ(test, 0, err);
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(4), va->va_start);
	/* Taken whole, it left its own descriptor over. */
	KUNIT_EXPECT_EQ(test, 1, list_count_nodes(&spares));
	vmap_spares_free(&spares);
	vmap_area_retire(va);
}

/* Pages 1, 3, 5 ... are free, and 2 * ODD, which alone is aligned. */
#define ODD	(3 * EXTENT_CARVE_STEPS)

static void trying_hard_passes_many_ranges_over(struct kunit *test)
{
	struct vmap_area *va = window_descriptor(test), **vas;
	LIST_HEAD(spares);
	unsigned int i;
	int err;

	vas = kunit_kcalloc(test, 2 * ODD + 1, sizeof(*vas), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vas);
	window_cut(test, WINDOW_START, PAGE_SIZE, vas, 2 * ODD + 1);
	for (i = 0; i < ODD; i++)
		vmap_area_retire(vas[2 * i + 1]);
	vmap_area_retire(vas[2 * ODD]);
	vmap_reclaim(NULL);

	KUNIT_ASSERT_EQ(test, 0, vmap_spares_fill(&spares, VMAP_MAX_SPARES,
						  GFP_KERNEL));
	err = vmap_space_take(va, PAGE_SIZE, 2 * PAGE_SIZE, WINDOW_START,
			      WINDOW_PAGE(2 * ODD + 1), VMAP_TRY_HARD, &spares);
	for (i = 0; i < ODD; i++)
		vmap_area_retire(vas[2 * i]);
	vmap_spares_free(&spares);
	if (err)
		vmap_area_free(va);
	KUNIT_ASSERT_EQ(test, 0, err);
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(2 * ODD), va->va_start);
	vmap_area_retire(va);
}

static void full_window_is_no_space(struct kunit *test)
{
	struct vmap_area *va = window_descriptor(test);
	struct vmap_area *all;
	LIST_HEAD(spares);

	all = window_take(test, WINDOW_START, WINDOW_PAGE(8));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			vmap_space_take(va, PAGE_SIZE, PAGE_SIZE, WINDOW_START,
					WINDOW_PAGE(8), VMAP_TRY_HARD,
					&spares));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			vmap_space_take(va, PAGE_SIZE, PAGE_SIZE,
					WINDOW_PAGE(9), WINDOW_PAGE(9),
					VMAP_TRY_HARD, &spares));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			vmap_space_take(va, 2 * PAGE_SIZE, PAGE_SIZE,
					WINDOW_PAGE(9), WINDOW_PAGE(10),
					VMAP_TRY_HARD, &spares));
	vmap_area_free(va);
	vmap_area_retire(all);
}

/* === Congruent ranges === */

#define CONGRUENT	3

static int take_congruent(struct kunit *test, struct vmap_area **vas,
			  const unsigned long *offsets, const size_t *sizes,
			  int nr, unsigned long align)
{
	LIST_HEAD(spares);
	int i, err;

	for (i = 0; i < nr; i++)
		vas[i] = window_descriptor(test);
	KUNIT_ASSERT_EQ(test, 0, vmap_spares_fill(&spares, nr, GFP_KERNEL));
	err = vmap_space_take_congruent(vas, offsets, sizes, nr, align,
					&spares);
	vmap_spares_free(&spares);
	for (i = 0; err && i < nr; i++)
		vmap_area_free(vas[i]);
	return err;
}

static void congruent_ranges_keep_their_distances(struct kunit *test)
{
	static const size_t sizes[CONGRUENT] = { SZ_64K, SZ_128K, SZ_64K };
	static const unsigned long offsets[CONGRUENT] = {
		SZ_2M, 0, SZ_8M + SZ_64K,
	};
	struct vmap_area *vas[CONGRUENT];
	unsigned long base;
	int i;

	KUNIT_ASSERT_EQ(test, 0, take_congruent(test, vas, offsets, sizes,
						CONGRUENT, SZ_64K));
	base = vas[1]->va_start;
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(base, SZ_64K));
	for (i = 0; i < CONGRUENT; i++) {
		KUNIT_EXPECT_EQ(test, base + offsets[i], vas[i]->va_start);
		KUNIT_EXPECT_EQ(test, sizes[i], va_size(vas[i]));
		KUNIT_EXPECT_GE(test, vas[i]->va_start, VMALLOC_START);
		KUNIT_EXPECT_LE(test, vas[i]->va_end, VMALLOC_END);
		KUNIT_EXPECT_EQ(test, vas[i]->flags, 0);
		KUNIT_EXPECT_EQ(test, 0,
				window_free(&vmap_heap, vas[i]->va_start,
					    vas[i]->va_end).bytes);
		vmap_area_retire(vas[i]);
	}
}

static bool heap_has_all(unsigned long base, const unsigned long *offsets,
			 const size_t *sizes, int nr)
{
	struct vmap_area *va;
	int i;

	for (i = 0; i < nr; i++) {
		va = extent_find_last(&vmap_heap.free, base + offsets[i] + 1);
		if (!va || va->va_end < base + offsets[i] + sizes[i])
			return false;
	}
	return true;
}

/* The highest base, found by trying one after the other; 0 if it is far. */
static unsigned long highest_base(const unsigned long *offsets,
				  const size_t *sizes, int nr,
				  unsigned long align)
{
	unsigned long base, span = 0;
	int i, tries;

	for (i = 0; i < nr; i++)
		span = max(span, offsets[i] + sizes[i]);
	base = ALIGN_DOWN(VMALLOC_END, align) - span;

	spin_lock(&vmap_heap.lock);
	for (tries = 0; tries < 4096; tries++, base -= align)
		if (heap_has_all(base, offsets, sizes, nr))
			break;
	spin_unlock(&vmap_heap.lock);
	return tries < 4096 ? base : 0;
}

static const size_t congruent_sizes[CONGRUENT] = { SZ_64K, SZ_64K, SZ_128K };

/* Of the first ones, which are in the way of the others. */
static const unsigned long obstacle_offsets[CONGRUENT] = {
	0, SZ_1M, SZ_2M - SZ_64K,
};

static const unsigned long congruent_offsets[][CONGRUENT] = {
	{ SZ_64K, SZ_512K, SZ_2M },
	{ 0, SZ_64K, SZ_128K },
	{ 0, SZ_1M, SZ_2M - SZ_64K },
	{ SZ_1M, 0, SZ_2M + SZ_512K },
	{ SZ_8M, SZ_4M, 0 },
};

/* Whether ranges at @offsets are where a naive search finds them. */
static bool taken_at_highest_base(struct kunit *test,
				  const unsigned long *offsets)
{
	struct vmap_area *vas[CONGRUENT];
	unsigned long expected, base = 0;
	int i, tries;

	/* Somebody else may take or free something at the top meanwhile. */
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		expected = highest_base(offsets, congruent_sizes, CONGRUENT,
					SZ_64K);
		KUNIT_ASSERT_EQ(test, 0,
				take_congruent(test, vas, offsets,
					       congruent_sizes, CONGRUENT,
					       SZ_64K));
		base = vas[0]->va_start - offsets[0];
		for (i = 0; i < CONGRUENT; i++)
			vmap_area_retire(vas[i]);
		vmap_reclaim(NULL);
		if (base == expected)
			return true;
	}
	kunit_info(test, "base %#lx, expected %#lx\n", base, expected);
	return false;
}

static void congruent_ranges_come_from_the_top(struct kunit *test)
{
	struct vmap_area *obstacles[CONGRUENT];
	bool highest;
	int i;

	KUNIT_ASSERT_EQ(test, 0, take_congruent(test, obstacles,
						obstacle_offsets,
						congruent_sizes, CONGRUENT,
						SZ_64K));
	for (i = 0; i < ARRAY_SIZE(congruent_offsets); i++) {
		highest = taken_at_highest_base(test, congruent_offsets[i]);
		KUNIT_EXPECT_TRUE_MSG(test, highest, "layout %d", i);
	}
	for (i = 0; i < CONGRUENT; i++)
		vmap_area_retire(obstacles[i]);
}

/* Holes at the top that are all too small, more than one hold passes over. */
static void congruent_ranges_pass_many_holes_over(struct kunit *test)
{
	enum { HOLES = 100 };
	static const size_t small = SZ_64K, large = SZ_128K;
	static const unsigned long none;
	struct vmap_area **vas, *va;
	unsigned long lowest = ULONG_MAX;
	unsigned int i;

	vas = kunit_kcalloc(test, 2 * HOLES, sizeof(*vas), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vas);
	for (i = 0; i < 2 * HOLES; i++) {
		KUNIT_ASSERT_EQ(test, 0, take_congruent(test, &vas[i], &none,
							&small, 1, SZ_64K));
		lowest = min(lowest, vas[i]->va_start);
	}
	for (i = 0; i < 2 * HOLES; i += 2)
		vmap_area_retire(vas[i]);
	vmap_reclaim(NULL);
	KUNIT_ASSERT_EQ(test, 0, take_congruent(test, &va, &none, &large, 1,
						SZ_64K));
	KUNIT_EXPECT_LE(test, va->va_end, lowest);
	for (i = 1; i < 2 * HOLES; i += 2)
		vmap_area_retire(vas[i]);
	vmap_area_retire(va);
}

static void impossible_congruent_ranges_are_refused(struct kunit *test)
{
	const size_t all = PAGE_ALIGN_DOWN(VMALLOC_END - VMALLOC_START);
	const size_t ends[] = { PAGE_SIZE, PAGE_SIZE };
	const unsigned long far[] = { 0, all };
	const unsigned long none = 0;
	struct vmap_area *taken, *vas[2];

	/* A page wider than the space; and all of it, with a page taken. */
	taken = window_take_ordinary(test, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -ENOSPC, take_congruent(test, vas, far, ends, 2,
						      PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ENOSPC, take_congruent(test, vas, &none, &all,
						      1, PAGE_SIZE));
	vmap_area_retire(taken);
}

static struct kunit_case heap_cases[] = {
	KUNIT_CASE(more_than_a_chunk_serves_comes_from_the_heap),
	KUNIT_CASE(window_of_its_own_is_served_by_the_heap),
	KUNIT_CASE(single_node_has_no_chunks),
	KUNIT_CASE(missing_descriptor_changes_nothing),
	KUNIT_CASE(trying_hard_finds_a_tight_aligned_fit),
	KUNIT_CASE(trying_hard_passes_many_ranges_over),
	KUNIT_CASE(full_window_is_no_space),
	KUNIT_CASE(congruent_ranges_keep_their_distances),
	KUNIT_CASE(congruent_ranges_come_from_the_top),
	KUNIT_CASE(congruent_ranges_pass_many_holes_over),
	KUNIT_CASE(impossible_congruent_ranges_are_refused),
	{}
};

static struct kunit_suite heap_suite = {
	.name = "vmalloc_heap",
	.init = window_init,
	.exit = window_exit,
	.test_cases = heap_cases,
};

kunit_test_suite(heap_suite);
