// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what is flushed, as the tracepoints tell it, and of what they tell
 * besides. Events of other tasks are left out of account.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "window.h"

#include <trace/events/vmalloc.h>
#include "../trace.h"

#define AREAS	10
/* So many ranges take several batches. */
#define MANY	200

/**
 * struct spy - what the tracepoints have told of the test's task
 * @task: it
 * @drains: how many drains it has made
 * @start: where the last of them began to flush
 * @end: where it ended
 * @purged: how many areas it made free
 * @frees: how many areas the task has freed
 * @waiting: pages that waited when it freed the last one
 * @limit: how many may wait
 * @failures: how often it was denied space
 * @align: what it asked for when it got some
 * @begun: how many areas all of its drains have taken
 * @ended: how many areas were in those that are over
 * @ranges: ranges in these
 * @flushes: TLB flushes in these
 * @batches: batches of ranges it has made free
 * @largest: ranges in the largest of them
 * @given: ranges in all of them
 * @given_pages: pages in all of them
 */
struct spy {
	struct task_struct *task;
	unsigned int drains;
	unsigned long start, end;
	unsigned int purged;
	unsigned int frees;
	unsigned long waiting, limit;
	unsigned int failures;
	unsigned long align;
	unsigned long begun, ended, ranges;
	unsigned int flushes;
	unsigned int batches, largest, given;
	unsigned long given_pages;
};

static void on_drain(void *data, unsigned long start, unsigned long end,
		     unsigned int purged)
{
	struct spy *spy = data;

	if (current != spy->task)
		return;
	spy->drains++;
	spy->start = start;
	spy->end = end;
	spy->purged = purged;
}

static void on_free(void *data, unsigned long start, unsigned long waiting,
		    unsigned long limit)
{
	struct spy *spy = data;

	if (current != spy->task)
		return;
	spy->frees++;
	spy->waiting = waiting;
	spy->limit = limit;
}

static void on_alloc(void *data, unsigned long addr, unsigned long size,
		     unsigned long align, unsigned long start,
		     unsigned long end, int failed)
{
	struct spy *spy = data;

	if (current != spy->task)
		return;
	if (failed)
		spy->failures++;
	else
		spy->align = align;
}

static void on_begin(void *data, unsigned long areas, unsigned long ranges,
		     unsigned long pages)
{
	struct spy *spy = data;

	if (current == spy->task)
		spy->begun += areas;
}

static void on_end(void *data, unsigned long areas, unsigned long ranges,
		   unsigned long pages, unsigned long start, unsigned long end,
		   unsigned int flushes, u64 hold_ns)
{
	struct spy *spy = data;

	if (current != spy->task)
		return;
	spy->ended += areas;
	spy->ranges += ranges;
	spy->flushes += flushes;
}

static void on_batch(void *data, int node, unsigned int ranges,
		     unsigned long pages, u64 hold_ns)
{
	struct spy *spy = data;

	if (current != spy->task)
		return;
	spy->batches++;
	spy->largest = max(spy->largest, ranges);
	spy->given += ranges;
	spy->given_pages += pages;
}

static void trace_case_exit(struct kunit *test)
{
	struct spy *spy = test->priv;

	if (spy) {
		unregister_trace_vmap_drain_begin(on_begin, spy);
		unregister_trace_vmap_drain_end(on_end, spy);
		unregister_trace_vmap_drain_batch(on_batch, spy);
		unregister_trace_purge_vmap_area_lazy(on_drain, spy);
		unregister_trace_free_vmap_area_noflush(on_free, spy);
		unregister_trace_alloc_vmap_area(on_alloc, spy);
		tracepoint_synchronize_unregister();
	}
	window_exit(test);
}

static int trace_case_init(struct kunit *test)
{
	struct spy *spy;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "this kernel has no tracepoints");
	spy = kunit_kzalloc(test, sizeof(*spy), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, spy);
	test->priv = spy;
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_purge_vmap_area_lazy(on_drain, spy));
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_free_vmap_area_noflush(on_free, spy));
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_alloc_vmap_area(on_alloc, spy));
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_vmap_drain_begin(on_begin, spy));
	KUNIT_ASSERT_EQ(test, 0, register_trace_vmap_drain_end(on_end, spy));
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_vmap_drain_batch(on_batch, spy));
	return window_init(test);
}

/* Forget what has been told, and listen to this task from now on. */
static struct spy *spy_anew(struct kunit *test)
{
	struct spy *spy = test->priv;

	*spy = (struct spy) { .task = current };
	return spy;
}

static void each_freed_area_is_told(struct kunit *test)
{
	struct vmap_area *vas[AREAS];
	struct spy *spy;
	unsigned int i;

	window_cut(test, WINDOW_START, 2 * PAGE_SIZE, vas, AREAS);
	spy = spy_anew(test);
	for (i = 0; i < AREAS; i++)
		vmap_area_retire(vas[i]);
	KUNIT_EXPECT_EQ(test, AREAS, spy->frees);
	KUNIT_EXPECT_GE(test, spy->waiting, 2);
	KUNIT_EXPECT_GE(test, spy->limit, (unsigned long)SZ_32M / PAGE_SIZE);
}

/* As in mm/vmalloc.c, whose traces have a page for what could be huge. */
static void alignment_of_small_and_of_huge_requests_is_told(struct kunit *test)
{
	struct spy *spy = spy_anew(test);

	vfree(vmalloc(PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, spy->align);
	vfree(vmalloc_huge(PAGE_SIZE, GFP_KERNEL));
	if (IS_ENABLED(CONFIG_HAVE_ARCH_HUGE_VMALLOC) &&
	    !strstr(saved_command_line, "nohugevmalloc"))
		KUNIT_EXPECT_EQ(test, PAGE_SIZE, spy->align);
}

static void denied_space_is_told(struct kunit *test)
{
	struct vmap_area *all = window_take(test, WINDOW_START, WINDOW_PAGE(2));
	struct spy *spy = spy_anew(test);
	struct vmap_area *va;

	va = vmap_area_reserve(PAGE_SIZE, PAGE_SIZE, WINDOW_START,
			       WINDOW_PAGE(2), NUMA_NO_NODE,
			       GFP_KERNEL | __GFP_NOWARN, 0, NULL);
	KUNIT_EXPECT_PTR_EQ(test, va, ERR_PTR(-EBUSY));
	KUNIT_EXPECT_GE(test, spy->failures, 1);
	vmap_area_retire(all);
}

/* The window is below all else that waits, so the start is known. */
static void drain_flushes_all_that_waits_at_once(struct kunit *test)
{
	struct vmap_area *vas[AREAS];
	struct vmap_area *high;
	struct spy *spy;
	unsigned int i;
	int tries;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		unsigned long end;

		window_cut(test, WINDOW_PAGE(3), PAGE_SIZE, vas, AREAS);
		high = window_take_ordinary(test, PAGE_SIZE, PAGE_SIZE);
		end = high->va_end;
		for (i = 0; i < AREAS; i++)
			vmap_area_retire(vas[i]);
		vmap_area_retire(high);
		spy = spy_anew(test);
		vm_unmap_aliases();
		KUNIT_EXPECT_EQ(test, 1, spy->drains);
		/* Or another task has drained before. */
		if (spy->purged > AREAS && spy->start == WINDOW_PAGE(3) &&
		    spy->end >= end)
			return;
	}
	KUNIT_FAIL(test, "the last of %d drains flushed %#lx-%#lx for %u areas",
		   WINDOW_TRIES, spy->start, spy->end, spy->purged);
}

/* However many ranges wait: one flush, and no batch above the limit. */
static void drain_is_told_from_begin_to_end(struct kunit *test)
{
	struct vmap_area **vas;
	struct spy *spy;
	unsigned int i;
	int tries;

	vas = kunit_kcalloc(test, 2 * MANY, sizeof(*vas), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vas);
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		window_cut(test, WINDOW_START, PAGE_SIZE, vas, 2 * MANY);
		for (i = 0; i < 2 * MANY; i += 2)
			vmap_area_retire(vas[i]);
		spy = spy_anew(test);
		vm_unmap_aliases();
		spy->task = NULL;
		for (i = 1; i < 2 * MANY; i += 2)
			vmap_area_retire(vas[i]);
		vm_unmap_aliases();
		/* Or another task has drained, or made free, some of it. */
		if (spy->ended >= MANY && spy->given >= MANY)
			break;
	}
	KUNIT_EXPECT_GE(test, spy->ended, MANY);
	KUNIT_EXPECT_EQ(test, spy->begun, spy->ended);
	KUNIT_EXPECT_GE(test, spy->ranges, MANY);
	KUNIT_EXPECT_LE(test, spy->ranges, spy->ended);
	KUNIT_EXPECT_EQ(test, 1, spy->flushes);
	KUNIT_EXPECT_GE(test, spy->given, MANY);
	KUNIT_EXPECT_GE(test, spy->given_pages, MANY);
	KUNIT_EXPECT_LE(test, spy->largest, vmap_drain_batch());
	KUNIT_EXPECT_GE(test, spy->batches, MANY / vmap_drain_batch());
}

/* Nothing is taken, flushed or told of if nothing waits. */
static void idle_drain_does_not_flush(struct kunit *test)
{
	struct spy *spy;
	int tries;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		vm_unmap_aliases();
		spy = spy_anew(test);
		vm_unmap_aliases();
		if (!spy->purged)
			break;
	}
	KUNIT_EXPECT_EQ(test, 0, spy->purged);
	KUNIT_EXPECT_EQ(test, 0, spy->begun);
	KUNIT_EXPECT_GE(test, spy->start, spy->end);
}

/* With a part of a block unmapped there is something to flush, but once. */
static void dirty_pages_of_a_block_are_flushed_once(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long start, end;
	bool first, again = true;
	struct spy *spy;
	void *mem[3];
	int i, tries;

	KUNIT_ASSERT_NOT_NULL(test, page);
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		for (i = 0; i < 3; i++) {
			mem[i] = vm_map_ram(&page, 1, NUMA_NO_NODE);
			KUNIT_ASSERT_NOT_NULL(test, mem[i]);
		}
		start = (unsigned long)mem[1];
		end = start + PAGE_SIZE;
		vm_unmap_ram(mem[1], 1);
		spy = spy_anew(test);
		vm_unmap_aliases();
		first = spy->start <= start && spy->end >= end;
		vm_unmap_aliases();
		again = spy->start <= start && spy->end >= end;
		vm_unmap_ram(mem[0], 1);
		vm_unmap_ram(mem[2], 1);
		KUNIT_EXPECT_TRUE(test, first);
		/* Unless others have freed something on either side. */
		if (!again)
			break;
	}
	KUNIT_EXPECT_FALSE(test, again);
	__free_page(page);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(each_freed_area_is_told),
	KUNIT_CASE(alignment_of_small_and_of_huge_requests_is_told),
	KUNIT_CASE(denied_space_is_told),
	KUNIT_CASE(drain_flushes_all_that_waits_at_once),
	KUNIT_CASE(drain_is_told_from_begin_to_end),
	KUNIT_CASE(idle_drain_does_not_flush),
	KUNIT_CASE(dirty_pages_of_a_block_are_flushed_once),
	{}
};

static struct kunit_suite trace_suite = {
	.name = "vmalloc_trace",
	.init = trace_case_init,
	.exit = trace_case_exit,
	.test_cases = trace_cases,
};

kunit_test_suite(trace_suite);
