// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: requests that may not sleep.  They are served, where preemption and
 * bottom halves may be off, as far as there is something free; else they are
 * refused, without a word, a wait or a loss.  Whoever sleeps all the same is
 * reported where the kernel looks for it (CONFIG_DEBUG_ATOMIC_SLEEP,
 * CONFIG_PROVE_LOCKING).
 */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/preempt.h>

#include "vmalloc_kunit.h"

/* === Served === */

enum off { NOTHING_OFF, PREEMPTION_OFF, BH_OFF };

static const struct way {
	const char *name;
	gfp_t gfp;
	enum off off;
} ways[] = {
	{ "GFP_NOWAIT", GFP_NOWAIT, NOTHING_OFF },
	{ "GFP_ATOMIC", GFP_ATOMIC, NOTHING_OFF },
	{ "GFP_NOWAIT, preemption off", GFP_NOWAIT, PREEMPTION_OFF },
	{ "GFP_ATOMIC, preemption off", GFP_ATOMIC, PREEMPTION_OFF },
	{ "GFP_NOWAIT, BH off", GFP_NOWAIT, BH_OFF },
	{ "GFP_ATOMIC, BH off", GFP_ATOMIC, BH_OFF },
	{ "zeroed", GFP_NOWAIT | __GFP_ZERO, PREEMPTION_OFF },
	{ "may not fail", GFP_ATOMIC | __GFP_NOFAIL, BH_OFF },
};

static void way_name(const struct way *way, char *name)
{
	strscpy(name, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_name);

static void turn_off(enum off off)
{
	if (off == PREEMPTION_OFF)
		preempt_disable();
	else if (off == BH_OFF)
		local_bh_disable();
}

static void turn_on(enum off off)
{
	if (off == PREEMPTION_OFF)
		preempt_enable();
	else if (off == BH_OFF)
		local_bh_enable();
}

static void *ask(const struct way *way, unsigned long size)
{
	void *p;

	turn_off(way->off);
	p = __vmalloc(size, way->gfp);
	turn_on(way->off);
	return p;
}

static void skip_where_locks_sleep(struct kunit *test, enum off off)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && off == PREEMPTION_OFF)
		kunit_skip(test, "with PREEMPT_RT no allocator may be called");
}

static void who_may_not_sleep_is_served(struct kunit *test)
{
	/* The last two have an array of pages that is an area, too. */
	static const unsigned int pages[] = { 1, 2, 7, 64, 512, 513, 600 };
	const struct way *way = test->param_value;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;
	void *p = NULL;

	skip_where_locks_sleep(test, way->off);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		unsigned long size = pages[i] * PAGE_SIZE - i;

		/* Nothing is drained for it, and the space may be small. */
		vmk_force_purge();
		VMK_EXPECT_WARNS(test, 0, p = ask(way, size), NULL);
		/* It may fail, but for no reason. */
		KUNIT_ASSERT_NOT_NULL_MSG(test, p, "%u pages", pages[i]);
		KUNIT_EXPECT_EQ(test, find_vm_area(p)->nr_pages, pages[i]);
		if (way->gfp & __GFP_ZERO)
			KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, size));
		vmk_fill(p, size, i);
		KUNIT_EXPECT_TRUE(test, vmk_holds(p, size, i));
		KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(p),
				    find_vm_area(p)->pages[0]);
		vfree(p);
	}
	vmk_expect_nothing_lost(test, ledger);
}

/* === Refused === */

static void *ask_in(const struct vmk_window *window, unsigned long size,
		    gfp_t gfp)
{
	return __vmalloc_node_range(size, 1, window->start, window->end, gfp,
				    PAGE_KERNEL, 0, NUMA_NO_NODE,
				    __builtin_return_address(0));
}

static unsigned int notified;

static int note_notification(struct notifier_block *nb, unsigned long unused,
			     void *freed)
{
	notified++;
	return NOTIFY_OK;
}

/*
 * Until the window is full, all within one section that must not sleep. Nobody
 * who could make room is asked: that might sleep.
 */
static void a_full_window_is_no_reason_to_sleep(struct kunit *test)
{
	enum { ROOM = 32 };
	struct vmk_window window = vmk_window_claim(test, VMK_256P, VMK_256P);
	struct notifier_block nb = { .notifier_call = note_notification };
	const struct way *way = test->param_value;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int count = 0;
	void *p[ROOM + 1];
	u64 mark;

	skip_where_locks_sleep(test, way->off);
	if (way->gfp & __GFP_NOFAIL)
		kunit_skip(test, "what may not fail is a case of its own");
	/* Each with its guard page. */
	window.end = window.start + ROOM * 4 * PAGE_SIZE;
	notified = 0;
	KUNIT_ASSERT_EQ(test, 0, register_vmap_purge_notifier(&nb));
	vmk_warn_again();
	mark = vmk_hush();
	turn_off(way->off);
	for (count = 0; count <= ROOM; count++) {
		p[count] = ask_in(&window, 3 * PAGE_SIZE,
				  way->gfp | __GFP_NOWARN);
		if (!p[count])
			break;
	}
	turn_on(way->off);
	vmk_unhush();
	KUNIT_EXPECT_EQ(test, 0, unregister_vmap_purge_notifier(&nb));
	vmk_expect_warns(test, mark, 0, "filling a window", NULL);
	KUNIT_EXPECT_EQ(test, vmk_log_count(mark, "Address range restricted"),
			0);
	KUNIT_EXPECT_EQ(test, notified, 0);
	KUNIT_EXPECT_EQ(test, count, ROOM);
	while (count--)
		vfree(p[count]);
	vmk_expect_nothing_lost(test, ledger);
	/* Who may sleep gets what these have left. */
	p[0] = ask_in(&window, (ROOM * 4 - 1) * PAGE_SIZE, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, p[0]);
	vfree(p[0]);
	vmk_expect_nothing_lost(test, ledger);
}

/* Who may not sleep cannot wait until there is room, whatever it asks for. */
static void what_may_not_fail_fails_if_it_may_not_sleep(struct kunit *test)
{
	struct vmk_window window = vmk_window_claim(test, VMK_16P, VMK_16P);
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOFAIL;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area = vmk_window_area(&window, 15 * PAGE_SIZE, 0);
	void *p = test;

	KUNIT_ASSERT_NOT_NULL(test, area);
	VMK_EXPECT_WARNS(test, 0, p = ask_in(&window, PAGE_SIZE, gfp), NULL);
	KUNIT_EXPECT_NULL(test, p);
	free_vm_area(area);
	vmk_expect_nothing_lost(test, ledger);
}

/* === In interrupts === */

struct interrupt {
	struct hrtimer timer;
	struct completion done;
	bool hard;
	bool as_expected;
	gfp_t gfp;
	void *p;
};

/* As kvmalloc() does, which may be called where kmalloc() may be. */
static enum hrtimer_restart ask_in_interrupt(struct hrtimer *timer)
{
	struct interrupt *irq = container_of(timer, struct interrupt, timer);

	irq->as_expected = irq->hard ? in_hardirq() : in_serving_softirq();
	irq->p = __vmalloc_node_range(3 * PAGE_SIZE, 1, VMALLOC_START,
				      VMALLOC_END, irq->gfp, PAGE_KERNEL, 0,
				      NUMA_NO_NODE,
				      __builtin_return_address(0));
	complete(&irq->done);
	return HRTIMER_NORESTART;
}

static void interrupt_and_wait(struct kunit *test, struct interrupt *irq,
			       gfp_t gfp)
{
	enum hrtimer_mode mode = irq->hard ? HRTIMER_MODE_REL_HARD :
					     HRTIMER_MODE_REL_SOFT;

	irq->gfp = gfp;
	irq->p = test;
	init_completion(&irq->done);
	hrtimer_setup(&irq->timer, ask_in_interrupt, CLOCK_MONOTONIC, mode);
	hrtimer_start(&irq->timer, ms_to_ktime(1), mode);
	wait_for_completion_timeout(&irq->done, 10 * HZ);
	hrtimer_cancel(&irq->timer);
}

/*
 * The locks are taken with interrupts on: who comes in one could wait for whom it
 * has interrupted, for ever.
 */
static void expect_refused(struct kunit *test, bool hard)
{
	static const gfp_t gfp[] = {
		GFP_ATOMIC, GFP_ATOMIC | __GFP_NOWARN, GFP_NOWAIT | __GFP_ZERO,
		GFP_ATOMIC | __GFP_NOFAIL,
	};
	struct interrupt *irq = kunit_kzalloc(test, sizeof(*irq), GFP_KERNEL);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, irq);
	irq->hard = hard;
	for (i = 0; i < ARRAY_SIZE(gfp); i++) {
		VMK_EXPECT_WARNS(test, 1, interrupt_and_wait(test, irq, gfp[i]),
				 NULL);
		KUNIT_EXPECT_TRUE(test, irq->as_expected);
		KUNIT_EXPECT_NULL(test, irq->p);
	}
	vmk_expect_nothing_lost(test, ledger);
}

static void requests_in_hard_interrupts_are_refused(struct kunit *test)
{
	expect_refused(test, true);
}

static void requests_in_soft_interrupts_are_refused(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "with PREEMPT_RT these are tasks");
	expect_refused(test, false);
}

static struct kunit_case vmalloc_atomic_cases[] = {
	KUNIT_CASE_PARAM(who_may_not_sleep_is_served, way_gen_params),
	KUNIT_CASE_PARAM(a_full_window_is_no_reason_to_sleep, way_gen_params),
	KUNIT_CASE(what_may_not_fail_fails_if_it_may_not_sleep),
	KUNIT_CASE(requests_in_hard_interrupts_are_refused),
	KUNIT_CASE(requests_in_soft_interrupts_are_refused),
	{}
};

static struct kunit_suite vmalloc_atomic_suite = {
	.name = "vmalloc_atomic",
	.init = vmk_allow_warnings,
	.exit = vmk_forbid_warnings,
	.test_cases = vmalloc_atomic_cases,
};

kunit_test_suite(vmalloc_atomic_suite);
