// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of descriptor.c: what a CPU keeps at hand. Preemption is off, so that it is
 * one CPU and nobody else comes between.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/preempt.h>
#include <linux/smp.h>

#include "../internal.h"

/* As many as a CPU keeps, and some more. */
enum { KEPT = 16, MORE = 8 };

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

/* @kept are what was at hand, and are got @again in the same order. */
static void check_kept(struct kunit *test, bool had_all, unsigned int nr_again,
		       struct vmap_area **kept, struct vmap_area **again)
{
	unsigned int i;

	if (!had_all)
		kunit_skip(test, "no memory");
	KUNIT_ASSERT_EQ(test, (unsigned int)KEPT, nr_again);
	for (i = 0; i < KEPT; i++)
		KUNIT_EXPECT_PTR_EQ(test, kept[i], again[i]);
}

static void so_many_are_kept_and_no_more(struct kunit *test)
{
	struct vmap_area *vas[KEPT + MORE] = {}, *again[KEPT] = {};
	unsigned int nr, nr_again;

	begin(test);
	nr = alloc_all(vas, ARRAY_SIZE(vas));
	free_all(vas, nr);
	nr_again = alloc_all(again, KEPT);
	free_all(again, nr_again);
	end();
	/* Those that were freed first, when there was room. */
	check_kept(test, nr == ARRAY_SIZE(vas), nr_again, vas + MORE, again);
}

/* As a CPU that comes back: what it had is not at hand any more, and there is room. */
static void a_dead_cpu_keeps_nothing(struct kunit *test)
{
	struct vmap_area *vas[2 * KEPT] = {}, *again[KEPT] = {};
	unsigned int nr, nr_again;

	begin(test);
	nr = alloc_all(vas, ARRAY_SIZE(vas));
	free_all(vas, min_t(unsigned int, nr, KEPT));
	vmap_areas_cpu_dead(smp_processor_id());
	if (nr > KEPT)
		free_all(vas + KEPT, nr - KEPT);
	nr_again = alloc_all(again, KEPT);
	free_all(again, nr_again);
	end();
	check_kept(test, nr == ARRAY_SIZE(vas), nr_again, vas + KEPT, again);
}

static struct kunit_case descriptor_cases[] = {
	KUNIT_CASE(the_last_freed_comes_first),
	KUNIT_CASE(so_many_are_kept_and_no_more),
	KUNIT_CASE(a_dead_cpu_keeps_nothing),
	{}
};

static struct kunit_suite descriptor_suite = {
	.name = "vmalloc_descriptor",
	.test_cases = descriptor_cases,
};

kunit_test_suite(descriptor_suite);
