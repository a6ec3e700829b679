// SPDX-License-Identifier: GPL-2.0
/*
 * What the black-box suites share, continued: the ledger of a case, which areas
 * its task has got, and the count of pages.  At its end nothing of that may be
 * left.  The trace events that fill a ledger come in any task and on any CPU;
 * what they change is atomic, or the task's own.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <trace/events/vmalloc.h>

#include "vmalloc_kunit.h"
#include "vmalloc_kunit_tree.h"

/*
 * An area's pages are counted later than its trace event comes, by a task that
 * may have to wait for a CPU in between.
 */
#define FOREIGN_IS_OVER	(HZ / 10)

static void note_foreign(struct vmk_ledger *ledger)
{
	atomic_inc(&ledger->foreign);
	WRITE_ONCE(ledger->foreign_at, jiffies);
}

/* What the task has freed, others may get: it is no longer the task's own. */
static void note_taken_over(struct vmk_ledger *ledger, unsigned long addr)
{
	unsigned int i, entries = READ_ONCE(ledger->entries);

	for (i = 0; i < min(entries, VMK_LEDGER_MAX); i++)
		cmpxchg(&ledger->start[i], addr, 0);
}

static void note_alloc(void *data, unsigned long addr, unsigned long size,
		       unsigned long align, unsigned long vstart,
		       unsigned long vend, int failed)
{
	struct vmk_ledger *ledger = data;

	if (failed)
		return;
	if (!in_task() || current != ledger->task) {
		note_foreign(ledger);
		note_taken_over(ledger, addr);
		return;
	}
	if (ledger->entries < VMK_LEDGER_MAX)
		WRITE_ONCE(ledger->start[ledger->entries], addr);
	WRITE_ONCE(ledger->entries, ledger->entries + 1);
}

/* A worker may do it on behalf of the task. */
static bool is_own_area(struct vmk_ledger *ledger, unsigned long addr)
{
	unsigned int i, entries = READ_ONCE(ledger->entries);

	for (i = 0; i < min(entries, VMK_LEDGER_MAX); i++)
		if (READ_ONCE(ledger->start[i]) == addr)
			return true;
	return false;
}

static void note_free(void *data, unsigned long va_start,
		      unsigned long nr_lazy, unsigned long nr_lazy_max)
{
	struct vmk_ledger *ledger = data;

	if (in_task() && current == ledger->task)
		return;
	if (!is_own_area(ledger, va_start))
		note_foreign(ledger);
}

static void ledger_close(void *data)
{
	unregister_trace_alloc_vmap_area(note_alloc, data);
	unregister_trace_free_vmap_area_noflush(note_free, data);
	tracepoint_synchronize_unregister();
}

/**
 * vmk_ledger_open - start to note the areas the calling task allocates
 * @test: the running test; closes the ledger when it ends
 *
 * Context: May sleep.
 * Return: the ledger, empty.
 */
struct vmk_ledger *vmk_ledger_open(struct kunit *test)
{
	struct vmk_ledger *ledger;

	ledger = kunit_kzalloc(test, sizeof(*ledger), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ledger);
	ledger->task = current;
	/* Of the time before nothing is known. */
	ledger->foreign_at = jiffies;
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_alloc_vmap_area(note_alloc, ledger));
	if (register_trace_free_vmap_area_noflush(note_free, ledger)) {
		unregister_trace_alloc_vmap_area(note_alloc, ledger);
		tracepoint_synchronize_unregister();
		KUNIT_FAIL_AND_ABORT(test, "no trace event of frees");
	}
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, ledger_close, ledger));
	vmk_ledger_restart(ledger);
	return ledger;
}

/**
 * vmk_ledger_restart - forget what was noted, compare with the state of now
 * @ledger: from vmk_ledger_open()
 *
 * Waits until others have been idle for a while: a task's death frees its
 * stack, and each case runs in a task of its own.
 *
 * Context: Sleeps, one second at most.
 */
void vmk_ledger_restart(struct vmk_ledger *ledger)
{
	unsigned long limit = jiffies + HZ;

	while (time_before(jiffies, limit) &&
	       time_before(jiffies, READ_ONCE(ledger->foreign_at) +
				    FOREIGN_IS_OVER))
		schedule_timeout_uninterruptible(1);
	WRITE_ONCE(ledger->entries, 0);
	atomic_set(&ledger->foreign, 0);
	ledger->pages = vmk_nr_pages();
}

static void do_nothing(struct work_struct *unused)
{
}

/**
 * vmk_nr_pages - count the pages that vmalloc() has given out
 *
 * To the page. A CPU may be about to add its part to the sum: that is done by
 * one of its workers, which has ended when it has got another work.
 *
 * Context: May sleep.
 * Return: the number of pages, without those that callers of vmap() own.
 */
unsigned long vmk_nr_pages(void)
{
	unsigned long nr = vmk_counted_pages(), before;
	unsigned int tries = 10;

	do {
		before = nr;
		schedule_on_each_cpu(do_nothing);
		nr = vmk_counted_pages();
	} while (nr != before && --tries);
	return nr;
}

/**
 * vmk_ledger_live - count the noted areas that are still allocated
 * @ledger: from vmk_ledger_open()
 *
 * Context: Any but hard interrupt.
 * Return: the number of areas.
 */
unsigned int vmk_ledger_live(struct vmk_ledger *ledger)
{
	unsigned int i, live = 0;

	for (i = 0; i < min(ledger->entries, VMK_LEDGER_MAX); i++) {
		unsigned long start = READ_ONCE(ledger->start[i]);

		live += start && vmk_area_at((void *)start);
	}
	return live;
}

static bool pages_compare(struct vmk_ledger *ledger)
{
	return atomic_read(&ledger->foreign) ||
	       vmk_nr_pages() == ledger->pages;
}

/*
 * Without a wait, in which somebody could give pages back. A CPU that just adds
 * its part to the sum has done so soon.
 */
static unsigned long pages_now(const struct vmk_ledger *ledger)
{
	unsigned long nr = vmk_counted_pages();
	unsigned int tries;

	for (tries = 0; tries < 20 && nr != ledger->pages; tries++) {
		udelay(5);
		nr = vmk_counted_pages();
	}
	return nr;
}

static void expect_nothing_lost(struct kunit *test, struct vmk_ledger *ledger)
{
	unsigned long pages = pages_now(ledger);

	KUNIT_EXPECT_LE(test, ledger->entries, VMK_LEDGER_MAX);
	KUNIT_EXPECT_EQ_MSG(test, vmk_ledger_live(ledger), 0,
			    "areas are left over");
	if (!atomic_read(&ledger->foreign))
		KUNIT_EXPECT_EQ_MSG(test, pages, ledger->pages,
				    "pages are left over");
	else
		kunit_info(test, "others were active, pages not compared\n");
}

/**
 * vmk_expect_nothing_lost_soon - expect all noted areas and their pages back
 * @test: the running test
 * @ledger: from vmk_ledger_open()
 *
 * For what may be left to a worker: a request that failed where one may not
 * sleep.
 *
 * Context: Sleeps, two seconds at most.
 */
void vmk_expect_nothing_lost_soon(struct kunit *test,
				  struct vmk_ledger *ledger)
{
	unsigned long limit = jiffies + 2 * HZ;

	while ((vmk_ledger_live(ledger) || !pages_compare(ledger)) &&
	       time_before(jiffies, limit))
		schedule_timeout_uninterruptible(1);
	expect_nothing_lost(test, ledger);
}

/**
 * vmk_expect_nothing_lost - expect all noted areas and their pages back now
 * @test: the running test
 * @ledger: from vmk_ledger_open()
 *
 * The page count belongs to the whole system: it is compared only if nobody
 * else allocated or freed an area meanwhile. mm/vmalloc.c leaves what a failed
 * request has got to a worker in any case.
 *
 * Context: May sleep.
 */
void vmk_expect_nothing_lost(struct kunit *test, struct vmk_ledger *ledger)
{
	if (IS_ENABLED(CONFIG_VMALLOC_ORDERED))
		expect_nothing_lost(test, ledger);
	else
		vmk_expect_nothing_lost_soon(test, ledger);
}

/**
 * vmk_expect_pages - expect that many pages more than when the ledger was opened
 * @test: the running test
 * @ledger: from vmk_ledger_open()
 * @pages: how many; it is not looked at if others were active meanwhile
 *
 * Context: May sleep.
 */
void vmk_expect_pages(struct kunit *test, const struct vmk_ledger *ledger,
		      unsigned long pages)
{
	unsigned long now = vmk_nr_pages();

	if (atomic_read(&ledger->foreign))
		kunit_info(test, "others were active, pages not compared\n");
	else
		KUNIT_EXPECT_EQ(test, now - ledger->pages, pages);
}
