// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drains beside tasks that allocate meanwhile, all in a private
 * window: see window.c.
 */

#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/time64.h>

#include "window.h"

/* === A checkerboard === */

/*
 * Ranges that wait; each has a neighbour that stays until all is over. Of large
 * pages, fewer may wait before the worker drains them.
 */
#define WAITING		(PAGE_SHIFT > 12 ? 1000 : 5000)
#define BOARD_END	WINDOW_PAGE(2 * WAITING)

/* How many of them the other task takes as soon as it can. */
#define WANTED		50

/* A guest on a busy host gets its timer interrupts late, so most tries fail. */
#define STORM_TRIES	100

/**
 * struct taker - an urgent task that takes pages from the board
 * @vas: descriptors, of which the first @taken have a page
 * @taken: how many pages it has
 * @early: how many it got while the last page was waiting still
 * @task: it
 */
struct taker {
	struct vmap_area *vas[WANTED];
	unsigned int taken;
	unsigned int early;
	struct task_struct *task;
};

static int take_pages(void *data)
{
	struct taker *taker = data;
	LIST_HEAD(spares);

	while (!kthread_should_stop()) {
		if (taker->taken < WANTED &&
		    !vmap_space_take(taker->vas[taker->taken], PAGE_SIZE,
				     PAGE_SIZE, WINDOW_START, BOARD_END,
				     VMAP_TRY, &spares)) {
			taker->taken++;
			if (!window_free(&vmap_heap, BOARD_END - PAGE_SIZE,
					 BOARD_END).bytes)
				taker->early++;
		}
		vmap_spares_free(&spares);
		usleep_range(10, 20);
	}
	return 0;
}

/* Set up the board: every second page waits, the others are left in @vas. */
static void board_lay_out(struct kunit *test, struct vmap_area **vas)
{
	unsigned int i;

	window_cut(test, WINDOW_START, PAGE_SIZE, vas, 2 * WAITING);
	for (i = 1; i < 2 * WAITING; i += 2)
		vmap_area_retire(vas[i]);
}

static void board_clear(struct vmap_area **vas)
{
	unsigned int i;

	for (i = 0; i < 2 * WAITING; i += 2)
		vmap_area_retire(vas[i]);
}

static void taker_start(struct kunit *test, struct taker *taker,
			unsigned int cpu)
{
	unsigned int i;

	taker->taken = 0;
	taker->early = 0;
	for (i = 0; i < WANTED; i++)
		taker->vas[i] = window_descriptor(test);
	taker->task = kthread_create(take_pages, taker, "vmalloc_taker");
	KUNIT_ASSERT_FALSE(test, IS_ERR(taker->task));
	kthread_bind(taker->task, cpu);
	sched_set_fifo(taker->task);
	wake_up_process(taker->task);
}

/* All it has must be pages that were waiting, each of them once. */
static void taker_stop(struct kunit *test, struct taker *taker)
{
	unsigned long last = 0;
	unsigned int i;

	kthread_stop(taker->task);
	for (i = 0; i < WANTED; i++) {
		struct vmap_area *va = taker->vas[i];

		if (i >= taker->taken) {
			vmap_area_free(va);
			continue;
		}
		KUNIT_EXPECT_EQ(test, PAGE_SIZE, va_size(va));
		KUNIT_EXPECT_EQ(test, 1, (va->va_start - WINDOW_START) /
					 PAGE_SIZE % 2);
		KUNIT_EXPECT_GT(test, va->va_start, last);
		last = va->va_start;
		vmap_area_retire(va);
	}
}

static struct vmap_area **board_alloc(struct kunit *test)
{
	struct vmap_area **vas;

	vas = kunit_kcalloc(test, 2 * WAITING, sizeof(*vas), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vas);
	return vas;
}

static void many_ranges_become_free_in_one_drain(struct kunit *test)
{
	struct vmap_area **vas = board_alloc(test);
	struct window_view waiting = {}, now;
	int tries;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		board_lay_out(test, vas);
		waiting = window_waiting(&vmap_heap, WINDOW_START, BOARD_END);
		vm_unmap_aliases();
		now = window_free(&vmap_heap, WINDOW_START, BOARD_END);
		KUNIT_EXPECT_EQ(test, WAITING, now.ranges);
		KUNIT_EXPECT_EQ(test, WAITING * PAGE_SIZE, now.bytes);
		board_clear(vas);
		vm_unmap_aliases();
		KUNIT_ASSERT_TRUE(test, window_is_free(WINDOW_START,
						       WINDOW_END));
		if (waiting.ranges == WAITING)
			return;
	}
	KUNIT_FAIL(test, "somebody else drained in each of %d tries",
		   WINDOW_TRIES);
}

/*
 * The first ranges can be taken before the last ones are free, by a task of
 * this very CPU that a timer wakes: the drain does not keep the arena's lock,
 * and the CPU, until it has got to the end.
 */
static void urgent_task_allocates_in_the_midst_of_a_drain(struct kunit *test)
{
	struct vmap_area **vas = board_alloc(test);
	struct taker *taker = kunit_kzalloc(test, sizeof(*taker), GFP_KERNEL);
	unsigned int cpu = raw_smp_processor_id();
	unsigned int early = 0, taken = 0;
	int tries;

	KUNIT_ASSERT_NOT_NULL(test, taker);
	if (hrtimer_resolution > NSEC_PER_MSEC)
		kunit_skip(test, "timers tick every %u ns", hrtimer_resolution);
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current,
						      cpumask_of(cpu)));

	for (tries = 0; !early && tries < STORM_TRIES; tries++) {
		board_lay_out(test, vas);
		taker_start(test, taker, cpu);
		vm_unmap_aliases();
		taker_stop(test, taker);
		board_clear(vas);
		vm_unmap_aliases();
		KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_START,
						       WINDOW_END));
		early += taker->early;
		taken += taker->taken;
	}
	kunit_info(test, "%u taken, %u early, %d tries\n", taken, early, tries);
	KUNIT_EXPECT_GT(test, early, 0);
}

/* === Owners === */

/* Tasks that reserve and retire at random in a window that is soon full. */
#define OWNERS		4
#define OWNED		12
#define ROUNDS		400
#define MOST_PAGES	8
#define SHARED_PAGES	256
#define SHARED_END	WINDOW_PAGE(SHARED_PAGES)

/**
 * struct owners - what the owners share
 * @owned: a bit for each page, set by whoever has got it
 * @clashes: how often a page was handed out that somebody had
 * @got: areas handed out
 * @done: completed by each owner
 */
struct owners {
	DECLARE_BITMAP(owned, SHARED_PAGES);
	atomic_t clashes;
	atomic_t got;
	struct completion done;
};

/* @shared: of all of them; the rest is the owner's own */
struct owner {
	struct owners *shared;
	struct rnd_state rnd;
	struct vmap_area *vas[OWNED];
};

static void owner_mark(struct owners *shared, const struct vmap_area *va,
		       bool owned)
{
	unsigned long addr, page;

	for (addr = va->va_start; addr < va->va_end; addr += PAGE_SIZE) {
		page = (addr - WINDOW_START) / PAGE_SIZE;
		if (addr < WINDOW_START || addr >= SHARED_END ||
		    test_and_change_bit(page, shared->owned) == owned)
			atomic_inc(&shared->clashes);
	}
}

static void owner_let_go(struct owner *owner, unsigned int i)
{
	struct vmap_area *va = owner->vas[i];

	if (!va)
		return;
	owner->vas[i] = NULL;
	owner_mark(owner->shared, va, false);
	vmap_busy_remove(va);
	vmap_area_retire(va);
}

static int own(void *data)
{
	struct owner *owner = data;
	unsigned long size, align;
	struct vmap_area *va;
	unsigned int i, n;

	for (n = 0; n < ROUNDS; n++) {
		i = prandom_u32_state(&owner->rnd) % OWNED;
		owner_let_go(owner, i);
		size = 1 + prandom_u32_state(&owner->rnd) % MOST_PAGES;
		align = 1UL << prandom_u32_state(&owner->rnd) % 4;
		va = vmap_area_reserve(size * PAGE_SIZE, align * PAGE_SIZE,
				       WINDOW_START, SHARED_END, NUMA_NO_NODE,
				       GFP_KERNEL | __GFP_NOWARN, 0, NULL);
		if (!IS_ERR(va)) {
			owner_mark(owner->shared, va, true);
			owner->vas[i] = va;
			atomic_inc(&owner->shared->got);
		}
		cond_resched();
	}
	for (i = 0; i < OWNED; i++)
		owner_let_go(owner, i);
	complete(&owner->shared->done);
	return 0;
}

static void no_page_has_two_owners(struct kunit *test)
{
	struct owners *shared = kunit_kzalloc(test, sizeof(*shared),
					      GFP_KERNEL);
	struct owner *owners = kunit_kcalloc(test, OWNERS, sizeof(*owners),
					     GFP_KERNEL);
	struct task_struct *task;
	unsigned int i, running = 0;

	KUNIT_ASSERT_NOT_NULL(test, shared);
	KUNIT_ASSERT_NOT_NULL(test, owners);
	kunit_info(test, "seeds from %u\n", window_seed);
	init_completion(&shared->done);
	for (i = 0; i < OWNERS; i++) {
		owners[i].shared = shared;
		prandom_seed_state(&owners[i].rnd, window_seed + i);
		task = kthread_run(own, &owners[i], "vmalloc_owner/%u", i);
		running += !IS_ERR(task);
	}
	KUNIT_EXPECT_EQ(test, OWNERS, running);
	for (i = 0; i < running; i++) {
		vm_unmap_aliases();
		wait_for_completion(&shared->done);
	}

	KUNIT_EXPECT_EQ(test, 0, atomic_read(&shared->clashes));
	KUNIT_EXPECT_TRUE(test, bitmap_empty(shared->owned, SHARED_PAGES));
	/* Most of the time there was room, or nothing has been tested. */
	KUNIT_EXPECT_GT(test, atomic_read(&shared->got), OWNERS * ROUNDS / 2);
	vm_unmap_aliases();
	KUNIT_EXPECT_TRUE(test, window_is_free(WINDOW_START, WINDOW_END));
}

static struct kunit_case storm_cases[] = {
	KUNIT_CASE(many_ranges_become_free_in_one_drain),
	KUNIT_CASE_SLOW(urgent_task_allocates_in_the_midst_of_a_drain),
	KUNIT_CASE_SLOW(no_page_has_two_owners),
	{}
};

static struct kunit_suite storm_suite = {
	.name = "vmalloc_storm",
	.init = window_init,
	.exit = window_exit,
	.test_cases = storm_cases,
};

kunit_test_suite(storm_suite);
