// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of pages.c: blocks that are got and split, and freed as one again where
 * nobody can tell the difference, page by page where somebody might.
 */

#include <kunit/test.h>
#include <linux/alloc_tag.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/page_owner.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "../../page_alloc.h"
#include "../internal.h"

/* As many as the largest block has on most machines, and some small ones. */
enum { PAGES = 512 + 8 + 4 + 1 };
/*
 * Pages that others may take or leave while a case is played for so many rounds: a
 * page a round is more. If others took more than that, it is played again.
 */
enum { ROUNDS = 160, NOISE_PAGES = 120, TRIES = 25 };
/* Requests that a CPU does not ask for blocks after it was refused one, and more. */
enum { REQUESTS = 300 };

/* An area as far as pages.c knows it, with what is in its pages. */
struct store {
	struct vm_struct vm;
	struct page *pages[PAGES];
	struct page *others[PAGES];
};

static struct store *store_make(struct kunit *test)
{
	struct store *store = kunit_kzalloc(test, sizeof(*store), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, store);
	store->vm.pages = store->pages;
	return store;
}

static void fill(struct kunit *test, struct store *store, unsigned int nr)
{
	unsigned int i;

	memset(store->pages, 0, sizeof(store->pages));
	KUNIT_ASSERT_TRUE(test, alloc_hooks(vmalloc_pages_get(&store->vm, nr, 0,
							      NUMA_NO_NODE,
							      GFP_KERNEL)));
	KUNIT_ASSERT_EQ(test, store->vm.nr_pages, nr);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, page_count(store->pages[i]), 1);
}

static void drain_own_pages(struct work_struct *unused)
{
	drain_local_pages(NULL);
}

static long free_pages_now(void)
{
	struct zone *zone;
	long count = 0;

	schedule_on_each_cpu(drain_own_pages);
	for_each_populated_zone(zone)
		count += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return count;
}

/* Whatever @round loses or frees twice, it does so each time. */
static void expect_free_again(struct kunit *test,
			      void (*round)(struct kunit *test, struct store *store))
{
	struct store *store = store_make(test);
	long lost = 0;
	unsigned int try, i;

	for (try = 0; try < TRIES; try++) {
		long before = free_pages_now();

		for (i = 0; i < ROUNDS; i++)
			round(test, store);
		lost = before - free_pages_now();
		if (abs(lost) < NOISE_PAGES)
			return;
	}
	KUNIT_FAIL(test, "%ld pages less are free", lost);
}

static bool is_block(struct page **pages, unsigned int nr)
{
	unsigned int i;

	for (i = 1; i < nr; i++) {
		if (pages[i] != pages[0] + i)
			return false;
	}
	return true;
}

static void pages_come_in_blocks_if_there_are_any(struct kunit *test)
{
	const unsigned int order = PAGE_ALLOC_COSTLY_ORDER, nr = 1U << order;
	struct store *store = store_make(test);
	struct page *block;
	unsigned int i;
	bool got = false;

	if (IS_ENABLED(CONFIG_HIGHMEM))
		kunit_skip(test, "with highmem there are none");
#ifdef CONFIG_PAGE_OWNER
	if (static_branch_unlikely(&page_owner_inited))
		kunit_skip(test, "pages have owners");
#endif
	for (i = 0; i < REQUESTS && !got; i++) {
		fill(test, store, nr);
		got = is_block(store->pages, nr);
		vmalloc_pages_put(&store->vm, 0, nr);
	}
	if (got)
		return;
	/* The same without effort. */
	block = alloc_pages(__GFP_NOWARN | __GFP_NOMEMALLOC, order);
	if (!block)
		kunit_skip(test, "memory is fragmented");
	__free_pages(block, order);
	KUNIT_FAIL(test, "%u pages are never a block", nr);
}

static const struct held {
	const char *name;
	unsigned int first, step;
} helds[] = {
	{ "the first of a block", 0, PAGES },
	{ "the second", 1, PAGES },
	{ "the last of a block", 511, PAGES },
	{ "one of the last block", PAGES - 3, PAGES },
	{ "the last page", PAGES - 1, PAGES },
	{ "two of a block", 3, 2 * PAGES / 3 },
	{ "each third", 2, 3 },
	{ "all", 0, 1 },
};

static void held_name(const struct held *held, char *name)
{
	strscpy(name, held->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(held, helds, held_name);

/* As remap_vmalloc_range() leaves them, whose pages user space may still have. */
static void hold_and_put(struct kunit *test, struct store *store)
{
	const struct held *held = test->param_value;
	unsigned int i;

	fill(test, store, PAGES);
	memcpy(store->others, store->pages, sizeof(store->pages));
	for (i = held->first; i < PAGES; i += held->step) {
		get_page(store->others[i]);
		memset(page_address(store->others[i]), 0x5a, PAGE_SIZE);
	}
	vmalloc_pages_put(&store->vm, 0, PAGES);
	for (i = held->first; i < PAGES; i += held->step) {
		struct page *page = store->others[i];

		KUNIT_EXPECT_EQ(test, page_count(page), 1);
		KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0x5a,
						   PAGE_SIZE));
		__free_page(page);
	}
}

static void page_of_another_lives_on(struct kunit *test)
{
	expect_free_again(test, hold_and_put);
}

static void reverse(struct page **pages)
{
	unsigned int i;

	for (i = 0; i < PAGES / 2; i++)
		swap(pages[i], pages[PAGES - 1 - i]);
}

/* Two blocks whose pages take turns. */
static void mix(struct page **pages)
{
	unsigned int i;

	for (i = 1; i < PAGES / 2; i += 2)
		swap(pages[i], pages[PAGES / 2 + i]);
}

/* Blocks that begin in the middle of a block. */
static void turn(struct page **pages)
{
	unsigned int i;

	for (i = 1; i < PAGES; i++)
		swap(pages[i - 1], pages[i]);
}

static const struct arrangement {
	const char *name;
	void (*arrange)(struct page **pages);
} arrangements[] = {
	{ "downwards", reverse },
	{ "two blocks in turns", mix },
	{ "turned by one", turn },
};

static void arrangement_name(const struct arrangement *arrangement, char *name)
{
	strscpy(name, arrangement->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(arrangement, arrangements, arrangement_name);

static void arrange_and_put(struct kunit *test, struct store *store)
{
	const struct arrangement *arrangement = test->param_value;

	fill(test, store, PAGES);
	arrangement->arrange(store->pages);
	vmalloc_pages_put(&store->vm, 0, PAGES);
}

static void pages_in_any_order_are_given_back(struct kunit *test)
{
	expect_free_again(test, arrange_and_put);
}

/* As vrealloc() does: a part of a block goes, and the rest later. */
static void put_piece_by_piece(struct kunit *test, struct store *store)
{
	static const unsigned int ends[] = { 500, 77, 64, 9, 8, 3, 1, 0 };
	unsigned int end = PAGES, i;

	fill(test, store, PAGES);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		vmalloc_pages_put(&store->vm, ends[i], end);
		end = ends[i];
		/* What is left is still ours alone. */
		if (end)
			KUNIT_EXPECT_EQ(test, 1,
					page_count(store->pages[end - 1]));
	}
}

static void blocks_are_given_back_piece_by_piece(struct kunit *test)
{
	expect_free_again(test, put_piece_by_piece);
}

/* Nobody else leaves that: whether a page still has it can be seen once it is free. */
#define LEFT_BEHIND	0x1ef7be41UL

static void leave_private(struct page *page)
{
	set_page_private(page, LEFT_BEHIND);
}

static bool has_private(const struct page *page)
{
	return page_private(page) == LEFT_BEHIND;
}

static void __maybe_unused leave_type(struct page *page)
{
	__folio_set_offline(page_folio(page));
}

static bool __maybe_unused has_type(const struct page *page)
{
	return PageOffline(page);
}

static const struct leftover {
	const char *name;
	void (*leave)(struct page *page);
	bool (*is_left)(const struct page *page);
	unsigned int step;
} leftovers[] = {
	{ "a private value in each third", leave_private, has_private, 3 },
	{ "a private value in all", leave_private, has_private, 1 },
	/* Where the page allocator takes no such pages, nobody may leave one. */
#ifndef TYPED_PAGES_ARE_BAD
	{ "a type of each third", leave_type, has_type, 3 },
	{ "a type of all", leave_type, has_type, 1 },
#endif
};

static void leftover_name(const struct leftover *leftover, char *name)
{
	strscpy(name, leftover->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(leftover, leftovers, leftover_name);

/* The page allocator clears pages of both, but not those in the middle of a block. */
static void leave_and_put(struct kunit *test, struct store *store)
{
	const struct leftover *leftover = test->param_value;
	unsigned int left = 0, i;

	fill(test, store, PAGES);
	memcpy(store->others, store->pages, sizeof(store->pages));
	for (i = 1; i < PAGES; i += leftover->step)
		leftover->leave(store->others[i]);
	vmalloc_pages_put(&store->vm, 0, PAGES);
	for (i = 1; i < PAGES; i += leftover->step)
		left += leftover->is_left(store->others[i]);
	KUNIT_EXPECT_EQ(test, left, 0);
}

static void nothing_is_left_in_free_pages(struct kunit *test)
{
	expect_free_again(test, leave_and_put);
}

static struct kunit_case pages_cases[] = {
	KUNIT_CASE(pages_come_in_blocks_if_there_are_any),
	KUNIT_CASE_PARAM(page_of_another_lives_on, held_gen_params),
	KUNIT_CASE_PARAM(pages_in_any_order_are_given_back,
			 arrangement_gen_params),
	KUNIT_CASE(blocks_are_given_back_piece_by_piece),
	KUNIT_CASE_PARAM(nothing_is_left_in_free_pages, leftover_gen_params),
	{}
};

static struct kunit_suite pages_suite = {
	.name = "vmalloc_pages",
	.test_cases = pages_cases,
};

kunit_test_suite(pages_suite);
