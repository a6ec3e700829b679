// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of reserve.c: what is done before space is denied. All of it in a
 * private window, see window.c.
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/notifier.h>
#include <linux/preempt.h>

#include "window.h"

#define ROOM_START	WINDOW_START
#define ROOM_END	WINDOW_PAGE(16)

static struct vmap_area *reserve(unsigned long size, unsigned long align)
{
	return vmap_area_reserve(size, align, ROOM_START, ROOM_END,
				 NUMA_NO_NODE, GFP_KERNEL | __GFP_NOWARN, 0,
				 NULL);
}

static void retire(struct vmap_area *va)
{
	vmap_busy_remove(va);
	vmap_area_retire(va);
}

static void reserved_range_is_busy(struct kunit *test)
{
	struct vmap_area *va = reserve(ROOM_END - ROOM_START, PAGE_SIZE);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
	KUNIT_EXPECT_EQ(test, ROOM_START, va->va_start);
	KUNIT_EXPECT_EQ(test, ROOM_END, va->va_end);
	KUNIT_EXPECT_PTR_EQ(test, va, find_vmap_area(ROOM_END - 1));
	retire(va);
	KUNIT_EXPECT_NULL(test, find_vmap_area(ROOM_START));
}

static void nonsense_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, reserve(0, PAGE_SIZE), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, reserve(PAGE_SIZE / 2, PAGE_SIZE),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, reserve(PAGE_SIZE, 0), ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, reserve(PAGE_SIZE, 3 * PAGE_SIZE),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, reserve(ROOM_END - ROOM_START + PAGE_SIZE,
					  PAGE_SIZE),
			    ERR_PTR(-EBUSY));
	KUNIT_EXPECT_TRUE(test, window_is_free(ROOM_START, WINDOW_END));
}

/* Nobody has to wait for a drain who could have what it frees. */
static void what_waits_is_drained_before_space_is_denied(struct kunit *test)
{
	struct vmap_area *va;
	int i;

	for (i = 0; i < 10; i++) {
		va = reserve(ROOM_END - ROOM_START, PAGE_SIZE);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
		KUNIT_EXPECT_EQ(test, ROOM_START, va->va_start);
		retire(va);
	}
}

/* A fixed address that waits is had without a drain of what else does. */
static void fixed_address_is_drained_alone(struct kunit *test)
{
	struct window_view waiting = {};
	struct vmap_area *vas[4], *va;
	unsigned int i;
	int tries;

	for (tries = 0; tries < WINDOW_TRIES && !waiting.bytes; tries++) {
		window_cut(test, ROOM_END, 4 * PAGE_SIZE, vas, ARRAY_SIZE(vas));
		va = reserve(ROOM_END - ROOM_START, PAGE_SIZE);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
		retire(va);
		vmap_area_retire(vas[1]);
		va = reserve(ROOM_END - ROOM_START, PAGE_SIZE);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
		KUNIT_EXPECT_EQ(test, ROOM_START, va->va_start);
		waiting = window_waiting(&vmap_heap, ROOM_END, WINDOW_END);
		retire(va);
		for (i = 0; i < ARRAY_SIZE(vas); i++)
			if (i != 1)
				vmap_area_retire(vas[i]);
		vmap_reclaim(NULL);
	}
	KUNIT_EXPECT_EQ(test, 4 * PAGE_SIZE, waiting.bytes);
}

/*
 * Of the pages of the window, the second hole is long enough by no page more
 * than needed, so it is found in the second round, not in the first:
 *
 *	0   4   8   12  16
 *	x.xx....xxxxxxxx
 */
static void tight_aligned_fit_is_not_denied(struct kunit *test)
{
	const unsigned long size = 4 * PAGE_SIZE;
	struct vmap_area *taken[3], *va;
	int i;

	taken[0] = window_take(test, ROOM_START, WINDOW_PAGE(1));
	taken[1] = window_take(test, WINDOW_PAGE(2), WINDOW_PAGE(4));
	taken[2] = window_take(test, WINDOW_PAGE(8), ROOM_END);
	va = reserve(size, size);
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		vmap_area_retire(taken[i]);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(4), va->va_start);
	retire(va);
}

/* @victim: what it may give up, or NULL; @calls: by the task of the test */
struct owner {
	struct notifier_block nb;
	struct task_struct *task;
	struct vmap_area *victim;
	unsigned int calls;
};

static int give_up_victim(struct notifier_block *nb, unsigned long action,
			  void *freed)
{
	struct owner *owner = container_of(nb, struct owner, nb);

	if (current != owner->task)
		return NOTIFY_OK;
	owner->calls++;
	if (owner->victim) {
		*(unsigned long *)freed += 1;
		retire(owner->victim);
		owner->victim = NULL;
	}
	return NOTIFY_OK;
}

static void purge_notifier_is_asked_before_space_is_denied(struct kunit *test)
{
	struct owner owner = {
		.nb.notifier_call = give_up_victim,
		.task = current,
	};
	struct vmap_area *va;

	owner.victim = reserve(ROOM_END - ROOM_START, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner.victim);
	KUNIT_EXPECT_EQ(test, 0, register_vmap_purge_notifier(&owner.nb));
	va = reserve(ROOM_END - ROOM_START, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, unregister_vmap_purge_notifier(&owner.nb));
	KUNIT_EXPECT_EQ(test, 1, owner.calls);
	KUNIT_EXPECT_NULL(test, owner.victim);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
	KUNIT_EXPECT_EQ(test, ROOM_START, va->va_start);
	retire(va);
}

static void space_is_denied_when_nobody_gives_up_any(struct kunit *test)
{
	struct owner owner = {
		.nb.notifier_call = give_up_victim,
		.task = current,
	};
	struct vmap_area *all, *va;

	all = reserve(ROOM_END - ROOM_START, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, all);
	KUNIT_EXPECT_EQ(test, 0, register_vmap_purge_notifier(&owner.nb));
	va = reserve(PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, unregister_vmap_purge_notifier(&owner.nb));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			unregister_vmap_purge_notifier(&owner.nb));
	KUNIT_EXPECT_EQ(test, 1, owner.calls);
	KUNIT_EXPECT_PTR_EQ(test, va, ERR_PTR(-EBUSY));
	retire(all);
}

/* With preemption off, so that whoever sleeps is reported. */
static struct vmap_area *reserve_atomically(void)
{
	struct vmap_area *va;

	preempt_disable();
	va = vmap_area_reserve(ROOM_END - ROOM_START, PAGE_SIZE, ROOM_START,
			       ROOM_END, NUMA_NO_NODE, GFP_NOWAIT | __GFP_NOWARN,
			       0, NULL);
	preempt_enable();
	return va;
}

/*
 * A drain that has flushed all of it has not come to make it free. Neighbours, so
 * that a part of it is not enough.
 */
static void who_may_not_wait_takes_what_is_flushed(struct kunit *test)
{
	struct vmap_area *va;
	LIST_HEAD(flushed);
	int i;

	for (i = 0; i < 16; i++) {
		va = window_take(test, WINDOW_PAGE(i), WINDOW_PAGE(i + 1));
		va->vm = NULL;
		list_add_tail(&va->list, &flushed);
	}
	atomic_long_add(16, &vmap_told.waiting);
	vmap_space_add_flushed(nr_vmap_nodes, &flushed);

	va = reserve_atomically();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
	KUNIT_EXPECT_EQ(test, ROOM_START, va->va_start);
	KUNIT_EXPECT_EQ(test, ROOM_END, va->va_end);
	retire(va);
}

/* What has not been flushed is nothing for it; but the worker is told. */
static void who_may_not_wait_has_it_drained(struct kunit *test)
{
	struct vmap_area *va = reserve(ROOM_END - ROOM_START, PAGE_SIZE);
	unsigned int tries = 500;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
	retire(va);
	do {
		va = reserve_atomically();
		if (!IS_ERR(va))
			break;
		KUNIT_ASSERT_PTR_EQ(test, va, ERR_PTR(-EBUSY));
		msleep(20);
	} while (--tries);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, va);
	retire(va);
}

static struct kunit_case reserve_cases[] = {
	KUNIT_CASE(reserved_range_is_busy),
	KUNIT_CASE(nonsense_is_refused),
	KUNIT_CASE(what_waits_is_drained_before_space_is_denied),
	KUNIT_CASE(fixed_address_is_drained_alone),
	KUNIT_CASE(tight_aligned_fit_is_not_denied),
	KUNIT_CASE(purge_notifier_is_asked_before_space_is_denied),
	KUNIT_CASE(space_is_denied_when_nobody_gives_up_any),
	KUNIT_CASE(who_may_not_wait_takes_what_is_flushed),
	KUNIT_CASE(who_may_not_wait_has_it_drained),
	{}
};

static struct kunit_suite reserve_suite = {
	.name = "vmalloc_reserve",
	.init = window_init,
	.exit = window_exit,
	.test_cases = reserve_cases,
};

kunit_test_suite(reserve_suite);
