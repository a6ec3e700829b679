// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what is flushed in how many pieces. They do flush: that harms
 * nobody, whatever is mapped there.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "window.h"

/* Pages of the window, as [from, to). */
struct pages {
	unsigned int from, to;
};

struct flush_case {
	const char *name;
	struct pages added[8];
	unsigned int flushes;
	unsigned long in_pieces;	/* pages in the pieces that are kept */
};

static const struct flush_case flush_cases[] = {
	{ "nothing", {}, 0, 0 },
	{ "one page", { { 3, 4 } }, 1, 1 },
	{ "pages side by side", { { 3, 4 }, { 4, 6 }, { 6, 7 } }, 1, 4 },
	{ "side by side downwards", { { 6, 7 }, { 4, 6 }, { 3, 4 } }, 1, 4 },
	{ "two far from each other", { { 3, 5 }, { 900, 901 } }, 2, 3 },
	{ "four", { { 9, 10 }, { 1, 2 }, { 50, 51 }, { 30, 31 } }, 4, 4 },
	{ "five are too many",
	  { { 9, 10 }, { 1, 2 }, { 50, 51 }, { 30, 31 }, { 70, 71 } }, 1, 4 },
	{ "as many pages as go in pieces", { { 1, 17 }, { 100, 116 } }, 2, 32 },
	{ "a page too many", { { 1, 17 }, { 100, 117 } }, 1, 33 },
};

KUNIT_ARRAY_PARAM_DESC(flush, flush_cases, name);

static void flush_fill(struct vmap_flush *flush, const struct flush_case *fc)
{
	unsigned int i;

	vmap_flush_init(flush);
	for (i = 0; i < ARRAY_SIZE(fc->added) && fc->added[i].to; i++)
		vmap_flush_add(flush, WINDOW_PAGE(fc->added[i].from),
			       WINDOW_PAGE(fc->added[i].to));
}

static void few_pages_are_flushed_in_pieces(struct kunit *test)
{
	const struct flush_case *fc = test->param_value;
	unsigned long pages = 0;
	struct vmap_flush flush;
	unsigned int i;

	flush_fill(&flush, fc);
	for (i = 0; i < min(flush.nr, VMAP_FLUSH_PIECES); i++)
		pages += (flush.piece[i].end - flush.piece[i].start) /
			 PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, fc->in_pieces, pages);
	KUNIT_EXPECT_EQ(test, fc->flushes, vmap_flush_run(&flush));
}

static void many_pages_are_one_range(struct kunit *test)
{
	struct vmap_flush flush;

	vmap_flush_init(&flush);
	vmap_flush_add(&flush, WINDOW_PAGE(500), WINDOW_PAGE(600));
	vmap_flush_add(&flush, WINDOW_PAGE(20), WINDOW_PAGE(30));
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(20), flush.span.start);
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(600), flush.span.end);
	KUNIT_EXPECT_EQ(test, 1, vmap_flush_run(&flush));
}

/* Few or many: what is in the direct map is flushed by itself. */
static void direct_map_is_never_joined(struct kunit *test)
{
	unsigned long direct = (unsigned long)page_address(ZERO_PAGE(0));
	struct vmap_flush flush;
	unsigned int pages;

	if (!direct)
		kunit_skip(test, "the zero page is in no direct map");
	for (pages = 1; pages <= 1000; pages += 999) {
		vmap_flush_init(&flush);
		vmap_flush_add(&flush, WINDOW_START, WINDOW_PAGE(pages));
		vmap_flush_add_direct(&flush, direct, direct + PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, WINDOW_START, flush.span.start);
		KUNIT_EXPECT_EQ(test, WINDOW_PAGE(pages), flush.span.end);
		KUNIT_EXPECT_EQ(test, direct, flush.direct.start);
		KUNIT_EXPECT_EQ(test, direct + PAGE_SIZE, flush.direct.end);
		KUNIT_EXPECT_EQ(test, 2, vmap_flush_run(&flush));
	}
}

static void short_list_is_looked_at_one_by_one(struct kunit *test)
{
	struct vmap_area areas[3] = {
		{ .va_start = WINDOW_PAGE(1), .va_end = WINDOW_PAGE(2) },
		{ .va_start = WINDOW_PAGE(5), .va_end = WINDOW_PAGE(7) },
		{ .va_start = WINDOW_PAGE(99), .va_end = WINDOW_PAGE(100) },
	};
	struct vmap_flush flush;
	LIST_HEAD(list);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(areas); i++)
		list_add_tail(&areas[i].list, &list);
	vmap_flush_init(&flush);
	vmap_flush_add_list(&flush, &list, 4);
	KUNIT_EXPECT_EQ(test, 3, flush.nr);
	KUNIT_EXPECT_EQ(test, 3, vmap_flush_run(&flush));

	/* As if there were more in between. */
	vmap_flush_init(&flush);
	vmap_flush_add_list(&flush, &list, 99);
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(1), flush.span.start);
	KUNIT_EXPECT_EQ(test, WINDOW_PAGE(100), flush.span.end);
	KUNIT_EXPECT_EQ(test, 1, vmap_flush_run(&flush));
}

static struct kunit_case flush_suite_cases[] = {
	KUNIT_CASE_PARAM(few_pages_are_flushed_in_pieces, flush_gen_params),
	KUNIT_CASE(many_pages_are_one_range),
	KUNIT_CASE(direct_map_is_never_joined),
	KUNIT_CASE(short_list_is_looked_at_one_by_one),
	{}
};

static struct kunit_suite flush_suite = {
	.name = "vmalloc_flush",
	.init = window_init,
	.exit = window_exit,
	.test_cases = flush_suite_cases,
};

kunit_test_suite(flush_suite);
