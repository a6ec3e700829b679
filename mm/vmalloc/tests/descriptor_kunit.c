// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of descriptor.c: what a CPU keeps at hand, and what is let go. At hand,
 * preemption is off, so that it is one CPU and nobody else comes between.
 */

#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/numa.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "../internal.h"

/* As many as a CPU keeps, and some more; and how long what is too much may stay. */
enum { KEPT = 2 * VMAP_SPARE_BATCH, MORE = 8, LET_GO_TURNS = 500 };

static void begin(struct kunit *test)
{
	/* There, memory is not to be had like that. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "locks of the slab allocator sleep");
	preempt_disable();
	vmap_areas_cpu_dead(smp_processor_id());
}

static void end(void)
{
	preempt_enable();
}

/* Returns how many there are. */
static unsigned int alloc_all(struct vmap_area **vas, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		vas[i] = vmap_area_alloc(GFP_NOWAIT | __GFP_NOWARN,
					 NUMA_NO_NODE);
		if (!vas[i])
			break;
	}
	return i;
}

static void free_all(struct vmap_area **vas, unsigned int nr)
{
	while (nr)
		vmap_area_free(vas[--nr]);
}

static void the_last_freed_comes_first(struct kunit *test)
{
	struct vmap_area *vas[3] = {}, *again[3] = {};
	unsigned int nr, nr_again;

	begin(test);
	nr = alloc_all(vas, ARRAY_SIZE(vas));
	free_all(vas, nr);
	nr_again = alloc_all(again, nr);
	free_all(again, nr_again);
	end();
	if (nr < ARRAY_SIZE(vas))
		kunit_skip(test, "no memory");
	KUNIT_EXPECT_EQ(test, nr, nr_again);
	KUNIT_EXPECT_MEMEQ(test, again, vas, sizeof(vas));
}

/* What goes beyond comes last. */
static void two_batches_are_at_hand(struct kunit *test)
{
	struct vmap_area *vas[KEPT + MORE] = {}, *again[KEPT] = {};
	unsigned int nr, nr_again, at_hand, kept = KEPT - VMAP_SPARE_BATCH + MORE;

	begin(test);
	nr = alloc_all(vas, ARRAY_SIZE(vas));
	vmap_areas_cpu_dead(smp_processor_id());
	free_all(vas, nr);
	at_hand = vmap_areas_at_hand(smp_processor_id());
	nr_again = alloc_all(again, kept);
	free_all(again, nr_again);
	end();
	if (nr < ARRAY_SIZE(vas))
		kunit_skip(test, "no memory");
	KUNIT_EXPECT_EQ(test, kept, at_hand);
	KUNIT_ASSERT_EQ(test, kept, nr_again);
	KUNIT_EXPECT_MEMEQ(test, again, vas, kept * sizeof(*vas));
}

static void a_dead_cpu_keeps_nothing(struct kunit *test)
{
	struct vmap_area *vas[KEPT] = {};
	unsigned int nr, before, after;

	begin(test);
	nr = alloc_all(vas, ARRAY_SIZE(vas));
	vmap_areas_cpu_dead(smp_processor_id());
	free_all(vas, nr);
	before = vmap_areas_at_hand(smp_processor_id());
	vmap_areas_cpu_dead(smp_processor_id());
	after = vmap_areas_at_hand(smp_processor_id());
	end();
	if (nr < ARRAY_SIZE(vas))
		kunit_skip(test, "no memory");
	KUNIT_EXPECT_EQ(test, (unsigned int)KEPT, before);
	KUNIT_EXPECT_EQ(test, 0U, after);
}

/* Frees as many as a drain of many areas does; returns whether there was memory. */
static bool free_a_crowd(struct vmap_area **vas, unsigned int nr)
{
	unsigned int got;

	for (got = 0; got < nr; got++) {
		vas[got] = vmap_area_alloc(GFP_KERNEL, NUMA_NO_NODE);
		if (!vas[got])
			break;
	}
	free_all(vas, got);
	return got == nr;
}

/* Who is past the bound, is not for long. */
static void what_is_too_much_is_let_go(struct kunit *test)
{
	const unsigned int bound = VMAP_DEPOT_BATCHES * VMAP_SPARE_BATCH;
	const unsigned int nr = 2 * bound + num_possible_cpus() * KEPT;
	struct vmap_area **vas = kvmalloc_array(nr, sizeof(*vas), GFP_KERNEL);
	unsigned int turns = LET_GO_TURNS;
	unsigned long left;
	bool had_memory;

	KUNIT_ASSERT_NOT_NULL(test, vas);
	had_memory = free_a_crowd(vas, nr);
	while ((left = vmap_areas_in_depot()) > bound && turns--)
		msleep(20);
	KUNIT_EXPECT_LE(test, left, (unsigned long)bound);
	kvfree(vas);
	if (!had_memory)
		kunit_skip(test, "no memory");
}

/* Nobody needs them: who reclaims memory may have them all. */
static void the_unwanted_are_let_go(struct kunit *test)
{
	const unsigned int nr = VMAP_DEPOT_BATCHES * VMAP_SPARE_BATCH / 2 +
				KEPT;
	struct vmap_area **vas = kvmalloc_array(nr, sizeof(*vas), GFP_KERNEL);
	unsigned int turns = LET_GO_TURNS;
	bool had_memory;

	KUNIT_ASSERT_NOT_NULL(test, vas);
	had_memory = free_a_crowd(vas, nr);
	kvfree(vas);
	if (!had_memory)
		kunit_skip(test, "no memory");
	do {
		vmap_areas_trim_soon();
		msleep(20);
	} while (vmap_areas_in_depot() && turns--);
	KUNIT_EXPECT_EQ(test, vmap_areas_in_depot(), 0);
}

static struct kunit_case descriptor_cases[] = {
	KUNIT_CASE(the_last_freed_comes_first),
	KUNIT_CASE(two_batches_are_at_hand),
	KUNIT_CASE(a_dead_cpu_keeps_nothing),
	KUNIT_CASE(what_is_too_much_is_let_go),
	KUNIT_CASE(the_unwanted_are_let_go),
	{}
};

static struct kunit_suite descriptor_suite = {
	.name = "vmalloc_descriptor",
	.test_cases = descriptor_cases,
};

kunit_test_suite(descriptor_suite);
