// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of lazy.c: what waits, and what a drain makes of it. Areas are in a
 * private window, see window.c; a drain that somebody else starts meanwhile is
 * noticed by what is missing, and the test is tried again.
 */

#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "window.h"

#define AREAS	64

/* === Merging === */

struct order {
	const char *name;
	void (*arrange)(unsigned int *order, unsigned int nr);
};

static void forward(unsigned int *order, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		order[i] = i;
}

static void backward(unsigned int *order, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		order[i] = nr - 1 - i;
}

static void every_second_first(unsigned int *order, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		order[i] = i < nr / 2 ? 2 * i : 2 * (i - nr / 2) + 1;
}

static void shuffled(unsigned int *order, unsigned int nr)
{
	struct rnd_state rnd;
	unsigned int i, j;

	prandom_seed_state(&rnd, window_seed);
	forward(order, nr);
	for (i = nr - 1; i; i--) {
		j = prandom_u32_state(&rnd) % (i + 1);
		swap(order[i], order[j]);
	}
}

static const struct order orders[] = {
	{ "forward", forward },
	{ "backward", backward },
	{ "every second one first", every_second_first },
	{ "random", shuffled },
};

KUNIT_ARRAY_PARAM_DESC(order, orders, name);

static void neighbours_wait_as_one_range(struct kunit *test)
{
	const struct order *o = test->param_value;
	struct window_view waiting = {};
	struct vmap_area *vas[AREAS];
	unsigned int order[AREAS];
	unsigned int i;
	int tries;

	kunit_info(test, "seed of the random order: %u\n", window_seed);
	o->arrange(order, AREAS);
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		window_cut(test, WINDOW_START, PAGE_SIZE, vas, AREAS);
		for (i = 0; i < AREAS; i++)
			vmap_area_retire(vas[order[i]]);
		waiting = window_waiting(&vmap_heap, WINDOW_START, WINDOW_END);
		vm_unmap_aliases();
		KUNIT_ASSERT_TRUE(test, window_is_free(WINDOW_START,
						       WINDOW_END));
		if (waiting.bytes == AREAS * PAGE_SIZE)
			break;
	}
	KUNIT_EXPECT_EQ(test, AREAS * PAGE_SIZE, waiting.bytes);
	KUNIT_EXPECT_EQ(test, 1, waiting.ranges);
}

static void ranges_apart_wait_apart(struct kunit *test)
{
	struct vmap_area *vas[AREAS];
	struct window_view waiting;
	unsigned int i;
	int tries;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		window_cut(test, WINDOW_START, PAGE_SIZE, vas, AREAS);
		for (i = 0; i < AREAS; i += 2)
			vmap_area_retire(vas[i]);
		waiting = window_waiting(&vmap_heap, WINDOW_START, WINDOW_END);
		for (i = 1; i < AREAS; i += 2)
			vmap_area_retire(vas[i]);
		vm_unmap_aliases();
		if (waiting.bytes == AREAS / 2 * PAGE_SIZE)
			break;
	}
	KUNIT_EXPECT_EQ(test, AREAS / 2 * PAGE_SIZE, waiting.bytes);
	KUNIT_EXPECT_EQ(test, AREAS / 2, waiting.ranges);
}

/*
 * What a chunk's node is to get back must not be joined over the edge of the
 * chunk, where another node's chunk begins.
 */
static void each_node_keeps_what_is_its_own(struct kunit *test)
{
	const unsigned long half = VMAP_CHUNK_SIZE / 2;
	const unsigned long edge = WINDOW_CHUNK(1);
	struct window_view low = {}, high = {};
	struct vmap_area *vas[4];
	unsigned int i;
	int tries;

	if (nr_vmap_nodes == 1)
		kunit_skip(test, "there is one node, and so are no chunks");
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		window_cut(test, WINDOW_START, half, vas, ARRAY_SIZE(vas));
		for (i = 0; i < ARRAY_SIZE(vas); i++)
			vas[i]->flags |= VMAP_CHUNKED;
		vmap_area_retire(vas[2]);
		vmap_area_retire(vas[1]);
		low = window_waiting(&addr_to_node(edge - 1)->arena,
				     WINDOW_START, WINDOW_END);
		high = window_waiting(&addr_to_node(edge)->arena,
				      WINDOW_START, WINDOW_END);
		vmap_area_retire(vas[0]);
		vmap_area_retire(vas[3]);
		vmap_reclaim(NULL);
		/* Two whole chunks have gone back to the heap. */
		KUNIT_ASSERT_TRUE(test, window_is_free(WINDOW_START,
						       WINDOW_END));
		if (low.bytes && high.bytes)
			break;
	}
	KUNIT_EXPECT_EQ(test, half, low.bytes);
	KUNIT_EXPECT_EQ(test, half, high.bytes);
	KUNIT_EXPECT_EQ(test, 1, low.ranges);
	KUNIT_EXPECT_EQ(test, 1, high.ranges);
}

/* === Waiting === */

static int try_hard(struct kunit *test, struct vmap_area *va,
		    unsigned long start, unsigned long end)
{
	LIST_HEAD(spares);
	int err;

	KUNIT_ASSERT_EQ(test, 0, vmap_spares_fill(&spares, VMAP_MAX_SPARES,
						  GFP_KERNEL));
	err = vmap_space_take(va, end - start, PAGE_SIZE, start, end,
			      VMAP_TRY_HARD, &spares);
	vmap_spares_free(&spares);
	return err;
}

static void waiting_range_cannot_be_taken_before_a_drain(struct kunit *test)
{
	const unsigned long start = WINDOW_START, end = WINDOW_PAGE(16);
	struct vmap_area *va = window_descriptor(test);
	struct window_view waiting = {};
	int tries, early, late;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		vmap_area_retire(window_take(test, start, end));
		early = try_hard(test, va, start, end);
		waiting = window_waiting(&vmap_heap, start, end);
		if (waiting.bytes == end - start)
			break;
		/* It has been drained: begin anew with what was taken. */
		if (early)
			continue;
		vmap_area_retire(va);
		va = window_descriptor(test);
		vm_unmap_aliases();
	}
	KUNIT_EXPECT_EQ(test, end - start, waiting.bytes);
	KUNIT_EXPECT_EQ(test, -ENOSPC, early);

	vm_unmap_aliases();
	late = try_hard(test, va, start, end);
	KUNIT_ASSERT_EQ(test, 0, late);
	KUNIT_EXPECT_EQ(test, start, va->va_start);
	vmap_area_retire(va);
}

static void counts_are_those_of_what_waits(struct kunit *test)
{
	struct vmap_arena *arena = &vmap_heap;
	unsigned long areas = 0, pages = 0;
	struct vmap_area *vas[AREAS];
	unsigned int i;
	int tries;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		window_cut(test, WINDOW_START, 3 * PAGE_SIZE, vas, AREAS);
		vm_unmap_aliases();
		spin_lock(&arena->lazy_lock);
		areas = arena->lazy_areas;
		pages = arena->lazy_pages;
		spin_unlock(&arena->lazy_lock);
		for (i = 0; i < AREAS; i++)
			vmap_area_retire(vas[i]);
		spin_lock(&arena->lazy_lock);
		areas = arena->lazy_areas - areas;
		pages = arena->lazy_pages - pages;
		spin_unlock(&arena->lazy_lock);
		vm_unmap_aliases();
		if (areas == AREAS && pages == 3 * AREAS)
			break;
	}
	KUNIT_EXPECT_EQ(test, AREAS, areas);
	KUNIT_EXPECT_EQ(test, 3 * AREAS, pages);
}

/* However many wait: pages as counted are pages in ranges. */
static void pages_of_every_arena_add_up(struct kunit *test)
{
	struct vmap_area *vas[AREAS];
	struct vmap_arena *arena;
	unsigned int i;

	window_cut(test, WINDOW_START, 2 * PAGE_SIZE, vas, AREAS);
	for (i = 0; i < AREAS; i++)
		vmap_area_retire(vas[i]);
	for_each_vmap_arena(arena, i) {
		unsigned long areas, ranges, pages, bytes = 0;
		struct vmap_area *va;

		spin_lock(&arena->lazy_lock);
		list_for_each_entry(va, &arena->lazy.head, list)
			bytes += va_size(va);
		areas = arena->lazy_areas;
		ranges = arena->lazy.nr;
		pages = arena->lazy_pages;
		spin_unlock(&arena->lazy_lock);
		KUNIT_EXPECT_EQ(test, pages, bytes >> PAGE_SHIFT);
		KUNIT_EXPECT_GE(test, areas, ranges);
	}
}

/* === Draining === */

static void drain_leaves_nothing_waiting(struct kunit *test)
{
	struct vmap_area *vas[AREAS];
	struct vmap_arena *arena;
	unsigned int i;

	window_cut(test, WINDOW_START, PAGE_SIZE, vas, AREAS);
	for (i = 0; i < AREAS; i += 2)
		vmap_area_retire(vas[i]);
	vm_unmap_aliases();
	KUNIT_EXPECT_EQ(test, AREAS / 2 * PAGE_SIZE,
			window_free(&vmap_heap, WINDOW_START,
				    WINDOW_PAGE(AREAS)).bytes);
	for_each_vmap_arena(arena, i)
		KUNIT_EXPECT_EQ(test, 0, window_waiting(arena, WINDOW_START,
							WINDOW_END).bytes);
	for (i = 1; i < AREAS; i += 2)
		vmap_area_retire(vas[i]);
	vm_unmap_aliases();
	KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_START, WINDOW_END));
}

/* Memory that may not wait is free at once; what waits beside it goes on. */
static void area_flushed_alone_leaves_others_waiting(struct kunit *test)
{
	struct window_view waiting = {}, now = {};
	struct vmap_area *vas[AREAS];
	struct vmap_flush flush;
	unsigned int i;
	int tries;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		window_cut(test, WINDOW_START, PAGE_SIZE, vas, AREAS);
		for (i = 1; i < AREAS; i++)
			vmap_area_retire(vas[i]);
		vmap_flush_init(&flush);
		vmap_area_flush(vas[0], &flush);
		waiting = window_waiting(&vmap_heap, WINDOW_START, WINDOW_END);
		now = window_free(&vmap_heap, WINDOW_START, WINDOW_PAGE(1));
		vm_unmap_aliases();
		if (waiting.bytes)
			break;
	}
	KUNIT_EXPECT_EQ(test, (AREAS - 1) * PAGE_SIZE, waiting.bytes);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, now.bytes);
	KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_START, WINDOW_END));
}

/* Beyond the limit, without anybody's asking for it. */
static void too_much_waiting_is_drained_by_the_worker(struct kunit *test)
{
	unsigned long size = vmap_lazy_soft_limit() * PAGE_SIZE + SZ_32M;
	unsigned long timeout = jiffies + 30 * HZ;

	if (size > WINDOW_END - WINDOW_START)
		kunit_skip(test, "the limit, %lu pages, is beyond the window",
			   vmap_lazy_soft_limit());
	vmap_area_retire(window_take(test, WINDOW_START, WINDOW_START + size));
	while (!window_is_free(WINDOW_START, WINDOW_END) &&
	       time_before(jiffies, timeout))
		msleep(20);
	KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_START, WINDOW_END));
}

/*
 * Free far more than may wait. Without preemption, and with one CPU, the worker
 * does not run meanwhile: then it is the allocations that make room.
 */
static void backlog_stays_below_the_hard_limit(struct kunit *test)
{
	unsigned long hard = vmap_lazy_hard_limit(), most = 0;
	unsigned long pages = max(hard / 64, 1UL);
	struct vmap_area *va;
	unsigned int i;

	KUNIT_EXPECT_GT(test, hard, vmap_lazy_soft_limit());
	for (i = 0; i < 64 * 3; i++) {
		va = vmap_area_reserve(pages * PAGE_SIZE, PAGE_SIZE,
				       VMALLOC_START, VMALLOC_END, NUMA_NO_NODE,
				       GFP_KERNEL, 0, NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(va));
		vmap_busy_remove(va);
		vmap_area_retire(va);
		most = max(most, vmap_waiting_pages());
	}
	kunit_info(test, "limits %lu and %lu pages, at most %lu were waiting\n",
		   vmap_lazy_soft_limit(), hard, most);
	KUNIT_EXPECT_LE(test, most, hard + pages * num_online_cpus());
}

static struct kunit_case lazy_cases[] = {
	KUNIT_CASE_PARAM(neighbours_wait_as_one_range, order_gen_params),
	KUNIT_CASE(ranges_apart_wait_apart),
	KUNIT_CASE(each_node_keeps_what_is_its_own),
	KUNIT_CASE(waiting_range_cannot_be_taken_before_a_drain),
	KUNIT_CASE(counts_are_those_of_what_waits),
	KUNIT_CASE(pages_of_every_arena_add_up),
	KUNIT_CASE(drain_leaves_nothing_waiting),
	KUNIT_CASE(area_flushed_alone_leaves_others_waiting),
	KUNIT_CASE(too_much_waiting_is_drained_by_the_worker),
	KUNIT_CASE(backlog_stays_below_the_hard_limit),
	{}
};

static struct kunit_suite lazy_suite = {
	.name = "vmalloc_lazy",
	.init = window_init,
	.exit = window_exit,
	.test_cases = lazy_cases,
};

kunit_test_suite(lazy_suite);
