// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of nodes and their chunks in space.c. They need more than one node:
 * several possible CPUs, and 64 bits.
 *
 * The vmalloc space is shared with the rest of the system, which may take what
 * a test has just given back. So most of them are tried a few times.
 */

#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/sched.h>

#include "window.h"

/* Areas as large as a chunk allows, and more of them than two chunks hold. */
#define LARGE		VMAP_CHUNK_MAX_AREA
#define LARGE_NR	18

static int chunk_init(struct kunit *test)
{
	if (nr_vmap_nodes == 1)
		kunit_skip(test, "there is one node, and so are no chunks");
	return window_init(test);
}

/* The thread of a case is its own, so nobody has to undo this. */
static struct vmap_node *stay_on_cpu(struct kunit *test, unsigned int cpu)
{
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current,
						      cpumask_of(cpu)));
	return &vmap_nodes[cpu & (nr_vmap_nodes - 1)];
}

static bool in_one_chunk(const struct vmap_area *va)
{
	return va->va_start >> VMAP_CHUNK_SHIFT ==
	       (va->va_end - 1) >> VMAP_CHUNK_SHIFT;
}

static unsigned int nr_whole(struct vmap_node *vn)
{
	struct vmap_area *va = NULL;
	unsigned int nr = 0;

	spin_lock(&vn->arena.lock);
	while ((va = extent_next_sized(&vn->arena.free, va, VMAP_CHUNK_SIZE)))
		nr++;
	spin_unlock(&vn->arena.lock);
	return nr;
}

static void ordinary_areas_come_from_the_node_of_this_cpu(struct kunit *test)
{
	const unsigned long sizes[] = {
		PAGE_SIZE, 3 * PAGE_SIZE, SZ_1M, VMAP_CHUNK_MAX_AREA,
	};
	struct vmap_node *vn;
	struct vmap_area *va;
	unsigned int cpu, i;

	for_each_online_cpu(cpu) {
		vn = stay_on_cpu(test, cpu);
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			va = window_take_ordinary(test, sizes[i], PAGE_SIZE);
			KUNIT_EXPECT_EQ(test, va->flags, VMAP_CHUNKED);
			KUNIT_EXPECT_PTR_EQ(test, vn,
					    addr_to_node(va->va_start));
			KUNIT_EXPECT_PTR_EQ(test, &vn->arena, va_to_arena(va));
			KUNIT_EXPECT_TRUE(test, in_one_chunk(va));
			KUNIT_EXPECT_GE(test, va->va_start, VMALLOC_START);
			KUNIT_EXPECT_LE(test, va->va_end, VMALLOC_END);
			vmap_area_retire(va);
		}
	}
}

static void aligned_areas_come_from_the_node_of_this_cpu(struct kunit *test)
{
	struct vmap_node *vn = stay_on_cpu(test, cpumask_first(cpu_online_mask));
	struct vmap_area *va;

	va = window_take_ordinary(test, PAGE_SIZE, VMAP_CHUNK_MAX_AREA);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(va->va_start, VMAP_CHUNK_MAX_AREA));
	KUNIT_EXPECT_EQ(test, va->flags, VMAP_CHUNKED);
	KUNIT_EXPECT_PTR_EQ(test, vn, addr_to_node(va->va_start));
	vmap_area_retire(va);
}

static void lease_needs_descriptors(struct kunit *test)
{
	struct vmap_area *vas[4 * LARGE_NR];
	unsigned int nr = 0;
	LIST_HEAD(spares);
	int err = 0;

	stay_on_cpu(test, cpumask_first(cpu_online_mask));
	/* Uses up what this node has leased already, from its edges. */
	while (!err && nr < ARRAY_SIZE(vas)) {
		vas[nr] = window_descriptor(test);
		err = vmap_space_take(vas[nr], LARGE, PAGE_SIZE, VMALLOC_START,
				      VMALLOC_END, VMAP_TRY, &spares);
		vmap_spares_free(&spares);
		nr++;
	}
	KUNIT_EXPECT_EQ(test, -ENOMEM, err);

	if (err) {
		KUNIT_ASSERT_EQ(test, 0,
				vmap_spares_fill(&spares, VMAP_MAX_SPARES,
						 GFP_KERNEL));
		err = vmap_space_take(vas[nr - 1], LARGE, PAGE_SIZE,
				      VMALLOC_START, VMALLOC_END, VMAP_TRY,
				      &spares);
		vmap_spares_free(&spares);
		KUNIT_ASSERT_EQ(test, 0, err);
	}
	KUNIT_EXPECT_EQ(test, vas[nr - 1]->flags, VMAP_CHUNKED);
	while (nr--)
		vmap_area_retire(vas[nr]);
}

/* Have more than two chunks leased to this node, and all of it freed again. */
static void use_chunks(struct kunit *test)
{
	struct vmap_area *vas[LARGE_NR];
	unsigned int i;

	for (i = 0; i < LARGE_NR; i++)
		vas[i] = window_take_ordinary(test, LARGE, PAGE_SIZE);
	for (i = 0; i < LARGE_NR; i++)
		vmap_area_retire(vas[i]);
}

static void free_chunks_return_to_the_heap_but_a_spare(struct kunit *test)
{
	struct vmap_node *vn = stay_on_cpu(test, cpumask_first(cpu_online_mask));
	unsigned int kept = 0, none = 1;
	int tries;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		use_chunks(test);
		vm_unmap_aliases();
		kept = nr_whole(vn);
		vmap_space_return_chunks(0);
		none = nr_whole(vn);
		if (kept == 1 && !none)
			break;
	}
	KUNIT_EXPECT_EQ(test, 1, kept);
	KUNIT_EXPECT_EQ(test, 0, none);
}

static void returned_chunk_is_free_in_the_heap(struct kunit *test)
{
	unsigned long chunk = 0;
	struct vmap_area *va;
	bool returned = false;
	int tries;

	stay_on_cpu(test, cpumask_first(cpu_online_mask));
	for (tries = 0; tries < WINDOW_TRIES && !returned; tries++) {
		/* Whoever else has some of its chunk may keep it for long. */
		use_chunks(test);
		va = window_take_ordinary(test, LARGE, PAGE_SIZE);
		chunk = ALIGN_DOWN(va->va_start, VMAP_CHUNK_SIZE);
		KUNIT_EXPECT_EQ(test, 0, window_free(&vmap_heap, chunk, chunk +
						     VMAP_CHUNK_SIZE).bytes);
		vmap_area_retire(va);
		vmap_reclaim(NULL);
		returned = window_is_free(chunk, chunk + VMAP_CHUNK_SIZE);
	}
	KUNIT_EXPECT_TRUE(test, returned);
}

/* Take @va's own range; the spares are as many as are ever needed. */
static int take_again(struct kunit *test, struct vmap_area *va,
		      enum vmap_effort effort)
{
	LIST_HEAD(spares);
	int err;

	KUNIT_ASSERT_EQ(test, 0, vmap_spares_fill(&spares, VMAP_MAX_SPARES,
						  GFP_KERNEL));
	err = vmap_space_take(va, va_size(va), PAGE_SIZE, va->va_start,
			      va->va_end, effort, &spares);
	vmap_spares_free(&spares);
	return err;
}

/* Of an area below @keeper, which keeps the chunk from going back. */
static struct vmap_area *free_in_leased_chunk(struct kunit *test,
					      struct vmap_area **keeper)
{
	struct vmap_area *again = window_descriptor(test);
	struct vmap_area *va;

	va = window_take_ordinary(test, LARGE, PAGE_SIZE);
	*keeper = window_take_ordinary(test, LARGE, PAGE_SIZE);
	again->va_start = va->va_start;
	again->va_end = va->va_end;
	vmap_area_retire(va);
	vm_unmap_aliases();
	return again;
}

/* Whoever asks, and however hard: before anything is flushed for it. */
static void room_in_a_chunk_of_any_node_is_found(struct kunit *test,
						 enum vmap_effort effort)
{
	struct vmap_area *va, *keeper;
	int tries, err;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		va = free_in_leased_chunk(test, &keeper);
		err = take_again(test, va, effort);
		if (err) {
			vmap_area_free(va);
		} else {
			KUNIT_EXPECT_EQ(test, va->flags, VMAP_CHUNKED);
			vmap_area_retire(va);
		}
		vmap_area_retire(keeper);
		if (!err)
			return;
	}
	KUNIT_FAIL(test, "%d in the last of %d tries", err, WINDOW_TRIES);
}

static void trying_looks_into_the_chunks_of_all_nodes(struct kunit *test)
{
	room_in_a_chunk_of_any_node_is_found(test, VMAP_TRY);
}

static void trying_hard_looks_into_the_chunks_of_all_nodes(struct kunit *test)
{
	room_in_a_chunk_of_any_node_is_found(test, VMAP_TRY_HARD);
}

static struct kunit_case chunk_cases[] = {
	KUNIT_CASE(ordinary_areas_come_from_the_node_of_this_cpu),
	KUNIT_CASE(aligned_areas_come_from_the_node_of_this_cpu),
	KUNIT_CASE(lease_needs_descriptors),
	KUNIT_CASE(free_chunks_return_to_the_heap_but_a_spare),
	KUNIT_CASE(returned_chunk_is_free_in_the_heap),
	KUNIT_CASE(trying_looks_into_the_chunks_of_all_nodes),
	KUNIT_CASE(trying_hard_looks_into_the_chunks_of_all_nodes),
	{}
};

static struct kunit_suite chunk_suite = {
	.name = "vmalloc_chunk",
	.init = chunk_init,
	.exit = window_exit,
	.test_cases = chunk_cases,
};

kunit_test_suite(chunk_suite);
