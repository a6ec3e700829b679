// SPDX-License-Identifier: GPL-2.0
/*
 * The bench's fragmented memory: half of it is free, and no two pages of that
 * half are next to each other. Built in or not at all.
 *
 * Locking: one command runs at a time, see vmalloc_bench.c.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>

#include "vmalloc_bench.h"

/* Down to the reserves, and nothing is reclaimed for them. */
#define BENCH_GFP	(__GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC)

/* What is held, linked by &page.lru, each with its order in &page.private. */
static LIST_HEAD(held);

static void hold_all_of(unsigned int order)
{
	struct page *page;

	while ((page = alloc_pages(BENCH_GFP, order))) {
		set_page_private(page, order);
		list_add(&page->lru, &held);
		cond_resched();
	}
}

/* They came in the order in which they lie, more or less. */
static void free_every_second(void)
{
	struct page *page, *next;
	bool second = false;

	list_for_each_entry_safe(page, next, &held, lru) {
		if (second) {
			list_del(&page->lru);
			set_page_private(page, 0);
			__free_page(page);
		}
		second = !second;
	}
}

/**
 * bench_fragment - leave no two free pages next to each other
 *
 * While it does so, hardly any memory is free.
 *
 * Context: may sleep; one caller, until bench_defragment().
 * Return: 0, or -ENOMEM if nothing could be had.
 */
int bench_fragment(void)
{
	unsigned int order;

	hold_all_of(0);
	free_every_second();
	/* What still lies together: the reserves, and where the order was another. */
	for (order = MAX_PAGE_ORDER; order; order--)
		hold_all_of(order);
	return list_empty(&held) ? -ENOMEM : 0;
}

/**
 * bench_defragment - give all of it back
 *
 * Context: may sleep.
 */
void bench_defragment(void)
{
	struct page *page, *next;
	unsigned int order;

	list_for_each_entry_safe(page, next, &held, lru) {
		order = page_private(page);
		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
		cond_resched();
	}
}
