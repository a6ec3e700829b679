// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private windows of address space for tests.
 *
 * Tests run in a live system, where other tasks allocate and free, and drains
 * start at any time. So a test uses addresses that nobody else asks for: the
 * heap has those below the vmalloc space as well. They are carved, made busy,
 * retired and drained as any, but nothing is ever mapped or unmapped there,
 * since the page tables for them are not the kernel's.
 *
 * The sets of an arena are looked at under their locks, and only as far as the
 * window goes. What may still interfere is a drain; then a test starts anew.
 */

#include <kunit/test.h>
#include <linux/moduleparam.h>

#include "window.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "vmalloc_ordered_kunit."

unsigned int window_seed = 20200611;
module_param_named(seed, window_seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the random cases (default 20200611)");

/**
 * window_descriptor - allocate a descriptor
 * @test: aborted if that fails
 *
 * Return: the descriptor, for an address range in the caller's hands.
 */
struct vmap_area *window_descriptor(struct kunit *test)
{
	struct vmap_area *va = vmap_area_alloc(GFP_KERNEL, NUMA_NO_NODE);

	KUNIT_ASSERT_NOT_NULL(test, va);
	va->flags = 0;
	va->vm = NULL;
	return va;
}

static struct vmap_area *space_take(struct kunit *test, unsigned long size,
				    unsigned long align, unsigned long start,
				    unsigned long end, enum vmap_effort effort)
{
	struct vmap_area *va = window_descriptor(test);
	LIST_HEAD(spares);
	int err;

	KUNIT_ASSERT_EQ(test, 0, vmap_spares_fill(&spares, VMAP_MAX_SPARES,
						  GFP_KERNEL));
	err = vmap_space_take(va, size, align, start, end, effort, &spares);
	vmap_spares_free(&spares);
	if (err)
		vmap_area_free(va);
	KUNIT_ASSERT_EQ(test, 0, err);
	return va;
}

/**
 * window_take - take a given range of a window
 * @test: aborted if it is not free
 * @start: first address
 * @end: end of the range
 *
 * Return: the range, to be given back by vmap_area_retire().
 */
struct vmap_area *window_take(struct kunit *test, unsigned long start,
			      unsigned long end)
{
	return space_take(test, end - start, PAGE_SIZE, start, end,
			  VMAP_TRY_HARD);
}

/**
 * window_cut - take neighbouring ranges of a window
 * @test: aborted if they are not free
 * @start: first address of the first one
 * @size: bytes in each
 * @vas: gets the ranges, lowest address first
 * @nr: how many
 */
void window_cut(struct kunit *test, unsigned long start, unsigned long size,
		struct vmap_area **vas, unsigned int nr)
{
	struct vmap_area *all = window_take(test, start, start + nr * size);
	unsigned int i;

	vmap_area_free(all);
	for (i = 0; i < nr; i++) {
		vas[i] = window_descriptor(test);
		vas[i]->va_start = start + i * size;
		vas[i]->va_end = vas[i]->va_start + size;
	}
}

/**
 * window_take_ordinary - take a range of the vmalloc space, wherever it is free
 * @test: aborted if there is no room
 * @size: bytes
 * @align: alignment of the start
 *
 * Return: the range, to be given back by vmap_area_retire().
 */
struct vmap_area *window_take_ordinary(struct kunit *test, unsigned long size,
				       unsigned long align)
{
	return space_take(test, size, align, VMALLOC_START, VMALLOC_END,
			  VMAP_TRY);
}

static struct window_view set_view(const struct rb_list *set,
				   unsigned long start, unsigned long end)
{
	struct window_view view = {};
	struct vmap_area *va;

	list_for_each_entry(va, &set->head, list) {
		if (va->va_end <= start)
			continue;
		if (va->va_start >= end)
			break;
		view.ranges++;
		view.bytes += min(va->va_end, end) - max(va->va_start, start);
	}
	return view;
}

/**
 * window_waiting - tell what waits for a drain
 * @arena: where
 * @start: first address of interest
 * @end: end of what is of interest
 *
 * Return: the ranges that wait in @arena.
 */
struct window_view window_waiting(struct vmap_arena *arena,
				  unsigned long start, unsigned long end)
{
	struct window_view view;

	spin_lock(&arena->lazy_lock);
	view = set_view(&arena->lazy, start, end);
	spin_unlock(&arena->lazy_lock);
	return view;
}

/**
 * window_free - tell what is free
 * @arena: where
 * @start: first address of interest
 * @end: end of what is of interest
 *
 * Return: the ranges that are free in @arena.
 */
struct window_view window_free(struct vmap_arena *arena, unsigned long start,
			       unsigned long end)
{
	struct window_view view;

	spin_lock(&arena->lock);
	view = set_view(&arena->free, start, end);
	spin_unlock(&arena->lock);
	return view;
}

/**
 * window_is_free - tell whether addresses are back where they came from
 * @start: first address
 * @end: end of the range
 *
 * Return: true if all of them are in one free range of the heap.
 */
bool window_is_free(unsigned long start, unsigned long end)
{
	struct window_view view = window_free(&vmap_heap, start, end);

	return view.ranges == 1 && view.bytes == end - start;
}

/**
 * window_init - begin a case
 * @test: the case
 *
 * Return: 0.
 */
int window_init(struct kunit *test)
{
	KUNIT_ASSERT_LE(test, WINDOW_END, VMALLOC_START);
	vmap_reclaim(NULL);
	KUNIT_ASSERT_TRUE(test, window_is_free(WINDOW_START, WINDOW_END));
	return 0;
}

/**
 * window_exit - end a case: all addresses are back and everything adds up
 * @test: the case
 */
void window_exit(struct kunit *test)
{
	vmap_reclaim(NULL);
	KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_START, WINDOW_END));
	/* -EBUSY says that others are busy, which is not to be judged. */
	KUNIT_EXPECT_NE(test, vmap_debug_check(), -EINVAL);
}
