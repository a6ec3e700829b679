// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of extent.c: sets of address ranges that belong to the test alone.
 *
 * Sets are drawn with a character for a page: '[' is the first page of a range,
 * '=' any other one, '.' is not in the set. So "[=[=" are two ranges that
 * touch, "[===" is one.
 */

#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../extent.h"

#define BASE		((unsigned long)SZ_16M)
#define ADDR(page)	(BASE + (unsigned long)(page) * PAGE_SIZE)
#define PAGE_OF(addr)	(((addr) - BASE) / PAGE_SIZE)

/* Descriptors belong to the test: there is no need to free them. */
static struct vmap_area *range(struct kunit *test, unsigned long first,
			       unsigned long pages)
{
	struct vmap_area *va = kunit_kzalloc(test, sizeof(*va), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, va);
	va->va_start = ADDR(first);
	va->va_end = ADDR(first + pages);
	return va;
}

static void add_spares(struct kunit *test, struct list_head *spares,
		       unsigned int nr)
{
	while (nr--)
		list_add(&range(test, 0, 1)->list, spares);
}

/* The ranges of a drawing, on a list. */
static void list_drawn(struct kunit *test, struct list_head *list,
		       const char *drawing)
{
	unsigned long first, i;

	for (i = 0; drawing[i]; ) {
		first = i++;
		if (drawing[first] == '.')
			continue;
		while (drawing[i] == '=')
			i++;
		list_add_tail(&range(test, first, i - first)->list, list);
	}
}

static void set_drawn(struct kunit *test, struct rb_list *set, bool sized,
		      const char *drawing)
{
	struct vmap_area *va, *next;
	LIST_HEAD(spares);
	LIST_HEAD(list);
	int err;

	extent_set_init(set);
	list_drawn(test, &list, drawing);
	list_for_each_entry_safe(va, next, &list, list) {
		list_del(&va->list);
		err = sized ? extent_give(set, va, &spares) :
			      extent_insert(set, va);
		KUNIT_ASSERT_EQ(test, 0, err);
	}
	/* What touches is joined in a sized set, so draw it so. */
	KUNIT_ASSERT_TRUE(test, list_empty(&spares));
}

/* Draw the pages that @expected has. */
static const char *draw(struct kunit *test, const struct rb_list *set,
			const char *expected)
{
	size_t len = strlen(expected);
	char *drawing = kunit_kzalloc(test, len + 1, GFP_KERNEL);
	struct vmap_area *va;
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, drawing);
	memset(drawing, '.', len);
	list_for_each_entry(va, &set->head, list) {
		for (i = PAGE_OF(va->va_start); i < PAGE_OF(va->va_end); i++) {
			if (i >= len)
				return "there is more";
			drawing[i] = ADDR(i) == va->va_start ? '[' : '=';
		}
	}
	return drawing;
}

static void expect_drawn(struct kunit *test, const struct rb_list *set,
			 const char *expected)
{
	KUNIT_EXPECT_STREQ(test, draw(test, set, expected), expected);
}

/* === Carving === */

struct carve_case {
	const char *name;
	const char *before;
	unsigned int pages, align, offset, start, end;
	bool exact;
	unsigned int spares;
	int result;
	const char *after;
	unsigned int spares_after;
};

static const struct carve_case carve_cases[] = {
	{ "whole range leaves its descriptor", ".[==.",
	  3, 1, 0, 0, 5, false, 0, 0, ".....", 1 },
	{ "low edge needs no descriptor", "[====",
	  2, 1, 0, 0, 5, false, 0, 0, "..[==", 0 },
	{ "high edge needs no descriptor", "[====",
	  2, 1, 0, 3, 5, false, 0, 0, "[==..", 0 },
	{ "middle splits in two", "[======",
	  2, 1, 0, 3, 7, false, 1, 0, "[==..[=", 0 },
	{ "middle without a descriptor changes nothing", "[======",
	  2, 1, 0, 3, 7, false, 0, -ENOMEM, "[======", 0 },
	{ "first fit is taken, not best fit", "[.[===.[=",
	  2, 1, 0, 0, 9, false, 0, 0, "[...[=.[=", 0 },
	{ "nothing is long enough", "[.[==.[=",
	  4, 1, 0, 0, 8, false, 1, -ENOSPC, "[.[==.[=", 1 },
	{ "set is empty", "....",
	  1, 1, 0, 0, 4, false, 1, -ENOSPC, "....", 1 },
	{ "window ends before it fits", "[=======",
	  4, 1, 0, 2, 5, false, 1, -ENOSPC, "[=======", 1 },
	{ "window of just the size", "[=======",
	  3, 1, 0, 2, 5, false, 1, 0, "[=...[==", 0 },
	{ "window in a hole", "[=....[=",
	  1, 1, 0, 2, 6, false, 1, -ENOSPC, "[=....[=", 1 },
	{ "alignment moves it up", ".[======",
	  2, 4, 0, 0, 8, false, 1, 0, ".[==..[=", 0 },
	{ "offset is counted from the alignment", ".[======",
	  2, 4, 2, 0, 8, false, 1, 0, ".[..[===", 0 },
	{ "quick look passes over a tight aligned fit", "[=.[===.[==.",
	  4, 4, 3, 0, 12, false, 1, -ENOSPC, "[=.[===.[==.", 1 },
	{ "exact look finds a tight aligned fit", "[=.[===.[==.",
	  4, 4, 3, 0, 12, true, 0, 0, "[=......[==.", 1 },
};

KUNIT_ARRAY_PARAM_DESC(carve, carve_cases, name);

static void carve_takes_the_lowest_fit(struct kunit *test)
{
	const struct carve_case *c = test->param_value;
	const struct extent_room room = {
		.size	= c->pages * PAGE_SIZE,
		.align	= c->align * PAGE_SIZE,
		.offset	= c->offset * PAGE_SIZE,
		.start	= ADDR(c->start),
		.end	= ADDR(c->end),
		.exact	= c->exact,
	};
	struct rb_list set;
	unsigned long addr;
	LIST_HEAD(spares);

	set_drawn(test, &set, true, c->before);
	add_spares(test, &spares, c->spares);
	KUNIT_EXPECT_EQ(test, c->result,
			extent_carve(&set, &room, &addr, &spares));
	expect_drawn(test, &set, c->after);
	KUNIT_EXPECT_EQ(test, c->spares_after, list_count_nodes(&spares));
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, true, true));
}

static void carve_at_takes_what_is_named_or_nothing(struct kunit *test)
{
	struct rb_list set;
	LIST_HEAD(spares);

	set_drawn(test, &set, true, "[====.[=");
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			extent_carve_at(&set, ADDR(4), ADDR(7), &spares));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			extent_carve_at(&set, ADDR(5), ADDR(7), &spares));
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			extent_carve_at(&set, ADDR(1), ADDR(3), &spares));
	expect_drawn(test, &set, "[====.[=");
	KUNIT_EXPECT_EQ(test, 0,
			extent_carve_at(&set, ADDR(6), ADDR(8), &spares));
	KUNIT_EXPECT_EQ(test, 0,
			extent_carve_at(&set, ADDR(1), ADDR(3), &spares));
	expect_drawn(test, &set, "[..[=...");
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, true, true));
}

static void next_sized_steps_over_what_is_too_short(struct kunit *test)
{
	struct vmap_area *va = NULL;
	struct rb_list set;

	set_drawn(test, &set, true, "[.[==.[=.[====.[.[==");
	va = extent_next_sized(&set, va, 3 * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, ADDR(2), va->va_start);
	va = extent_next_sized(&set, va, 3 * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, ADDR(9), va->va_start);
	extent_withdraw(&set, va);
	expect_drawn(test, &set, "[.[==.[=.......[.[==");
	va = extent_next_sized(&set, NULL, 4 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, true, true));
}

/* Carve at no particular place; returns whether what is found was known before. */
static bool carve_pages(struct kunit *test, struct rb_list *set,
			unsigned int pages, unsigned long expected)
{
	struct extent_room room = {
		.size	= pages * PAGE_SIZE,
		.align	= PAGE_SIZE,
		.start	= ADDR(0),
		.end	= ADDR(64),
	};
	LIST_HEAD(spares);
	unsigned long addr;

	if (extent_carve_fit(set, room.size, room.start, room.end, &addr)) {
		KUNIT_EXPECT_EQ(test, expected, addr);
		return true;
	}
	KUNIT_ASSERT_EQ(test, 0, extent_carve(set, &room, &addr, &spares));
	KUNIT_EXPECT_EQ(test, expected, addr);
	return false;
}

static void what_a_carve_leaves_serves_the_next(struct kunit *test)
{
	struct rb_list set;
	LIST_HEAD(spares);
	unsigned long addr;

	set_drawn(test, &set, true, "[.[==.[=========.[====");
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 4, ADDR(6)));
	KUNIT_EXPECT_TRUE(test, carve_pages(test, &set, 4, ADDR(10)));
	expect_drawn(test, &set, "[.[==.........[=.[====");
	/* A smaller one may fit further down, a larger one no more. */
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 2, ADDR(2)));
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 4, ADDR(17)));
	expect_drawn(test, &set, "[...[.........[=.....[");
	/* Another window, and one that ends too soon. */
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 1, ADDR(0)));
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 2, ADDR(14)));
	set_drawn(test, &set, true, "[====");
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 1, ADDR(0)));
	KUNIT_EXPECT_FALSE(test, extent_carve_fit(&set, PAGE_SIZE, ADDR(1),
						  ADDR(9), &addr));
	KUNIT_EXPECT_FALSE(test, extent_carve_fit(&set, 2 * PAGE_SIZE, ADDR(0),
						  ADDR(2), &addr));
	KUNIT_EXPECT_TRUE(test, carve_pages(test, &set, 2, ADDR(1)));
	/* What is taken from its middle leaves something below. */
	set_drawn(test, &set, true, "[=======");
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 1, ADDR(0)));
	add_spares(test, &spares, 1);
	KUNIT_EXPECT_EQ(test, 0,
			extent_carve_at(&set, ADDR(3), ADDR(5), &spares));
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 1, ADDR(1)));
	expect_drawn(test, &set, "..[..[==");
	/* What is added may lie below. */
	KUNIT_EXPECT_EQ(test, 0, extent_give(&set, range(test, 0, 2), &spares));
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 2, ADDR(0)));
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, true, true));
}

/* Else a search would go where nothing is, or pass by what there is. */
static void what_was_carved_is_told_before_sizes_are_asked_for(struct kunit *test)
{
	struct rb_list set;

	set_drawn(test, &set, true, "[===========.[===");
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 2, ADDR(0)));
	KUNIT_EXPECT_TRUE(test, carve_pages(test, &set, 4, ADDR(2)));
	KUNIT_EXPECT_TRUE(test, carve_pages(test, &set, 2, ADDR(6)));
	KUNIT_EXPECT_NULL(test, extent_next_sized(&set, NULL, 5 * PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, carve_pages(test, &set, 3, ADDR(8)));
	KUNIT_EXPECT_FALSE(test, carve_pages(test, &set, 4, ADDR(13)));
	expect_drawn(test, &set, "...........[.....");
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, true, true));
}

/* === Adding === */

struct join_case {
	const char *name;
	const char *before;
	unsigned int first, pages;
	int result;
	const char *after;
	unsigned int spares_after;
};

static const struct join_case join_cases[] = {
	{ "apart from others stays alone", "[=.....[",
	  4, 1, 0, "[=..[..[", 0 },
	{ "touching below extends it", "[=.....[",
	  2, 3, 0, "[====..[", 1 },
	{ "touching above extends it", "[=.....[",
	  4, 3, 0, "[=..[===", 1 },
	{ "filling a gap leaves one range", "[=.....[",
	  2, 5, 0, "[=======", 2 },
	{ "a hole in the middle of many", "[.[.[.[.",
	  3, 1, 0, "[.[==.[.", 2 },
	{ "overlap below is refused", "[==...",
	  2, 2, -EEXIST, "[==...", 0 },
	{ "overlap above is refused", "...[==",
	  2, 2, -EEXIST, "...[==", 0 },
	{ "overlap on all sides is refused", "..[=..",
	  0, 6, -EEXIST, "..[=..", 0 },
	{ "overlap within is refused", "[====.",
	  2, 1, -EEXIST, "[====.", 0 },
};

KUNIT_ARRAY_PARAM_DESC(join, join_cases, name);

static void join_merges_with_what_touches(struct kunit *test)
{
	const struct join_case *c = test->param_value;
	struct rb_list set;
	LIST_HEAD(spares);

	set_drawn(test, &set, false, c->before);
	KUNIT_EXPECT_EQ(test, c->result,
			extent_join(&set, range(test, c->first, c->pages),
				    &spares));
	expect_drawn(test, &set, c->after);
	KUNIT_EXPECT_EQ(test, c->spares_after, list_count_nodes(&spares));
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, false, true));
}

static struct vmap_area *nth_range(struct rb_list *set, unsigned long n)
{
	struct vmap_area *va;

	list_for_each_entry(va, &set->head, list) {
		if (!n--)
			break;
	}
	return va;
}

/* With the finger anywhere: it does all of it, or nothing. */
static void join_near_joins_with_one_or_not_at_all(struct kunit *test)
{
	const struct join_case *c = test->param_value;
	struct vmap_area *va, *near;
	unsigned long i, nr = 1;
	struct rb_list set;
	bool joined;

	va = range(test, c->first, c->pages);
	for (i = 0; i < nr; i++) {
		set_drawn(test, &set, false, c->before);
		nr = set.nr;
		near = nth_range(&set, i);
		set.finger = &near->list;
		joined = extent_join_near(&set, va);
		KUNIT_EXPECT_EQ(test, joined,
				!c->result && c->spares_after == 1 &&
				(near->va_end >= va->va_end &&
				 near->va_start <= va->va_start));
		expect_drawn(test, &set, joined ? c->after : c->before);
		KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, false, true));
	}
}

static void give_merges_and_keeps_sizes(struct kunit *test)
{
	const struct join_case *c = test->param_value;
	struct rb_list set;
	LIST_HEAD(spares);

	set_drawn(test, &set, true, c->before);
	KUNIT_EXPECT_EQ(test, c->result,
			extent_give(&set, range(test, c->first, c->pages),
				    &spares));
	expect_drawn(test, &set, c->after);
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, true, true));
}

static void insert_keeps_neighbours_apart(struct kunit *test)
{
	struct rb_list set;

	set_drawn(test, &set, false, "[=.[=");
	KUNIT_EXPECT_EQ(test, -EEXIST,
			extent_insert(&set, range(test, 1, 2)));
	KUNIT_EXPECT_EQ(test, 0, extent_insert(&set, range(test, 2, 1)));
	expect_drawn(test, &set, "[=[[=");
	extent_remove(&set, extent_find(&set, ADDR(2)));
	expect_drawn(test, &set, "[=.[=");
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, false, false));
}

static void take_all_leaves_an_empty_set(struct kunit *test)
{
	struct rb_list set;
	struct vmap_area *va;
	LIST_HEAD(list);
	unsigned long last = 0;

	set_drawn(test, &set, false, ".[=..[===.[.");
	extent_take_all(&set, &list);
	expect_drawn(test, &set, "............");
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, false, true));
	KUNIT_EXPECT_EQ(test, 3, list_count_nodes(&list));
	list_for_each_entry(va, &list, list) {
		KUNIT_EXPECT_LT(test, last, va->va_start);
		last = va->va_start;
	}
	KUNIT_EXPECT_EQ(test, 0, extent_insert(&set, range(test, 1, 1)));
	expect_drawn(test, &set, ".[..........");
}

/* Leaves the set as it was, but for where it was changed last. */
static void change_elsewhere(struct kunit *test, struct rb_list *set)
{
	struct vmap_area *va = range(test, 99, 1);
	LIST_HEAD(spares);

	KUNIT_ASSERT_EQ(test, 0, extent_give(set, va, &spares));
	extent_withdraw(set, va);
}

/* Whatever the portions are, and if others change the set between them. */
static void give_sorted_adds_all_in_portions(struct kunit *test)
{
	static const char before[] = "[=...[=...[=..............[=...[=...";
	static const char added[]  = "..[.[..[[=....[=..[.[==.[=..[[=..[.[";
	static const char after[]  = "[==.[=======..[=..[.[==.[=========.[";
	unsigned int portion, elsewhere;

	for (portion = 1; portion < 10; portion++) {
		for (elsewhere = 0; elsewhere < 2; elsewhere++) {
			unsigned long bytes = 0;
			struct rb_list set;
			LIST_HEAD(spares);
			LIST_HEAD(list);

			set_drawn(test, &set, true, before);
			list_drawn(test, &list, added);
			while (!list_empty(&list)) {
				unsigned int nr = portion;

				bytes += extent_give_sorted(&set, &list, &nr,
							    &spares);
				if (elsewhere)
					change_elsewhere(test, &set);
			}
			KUNIT_EXPECT_EQ(test, 18 * PAGE_SIZE, bytes);
			KUNIT_EXPECT_TRUE(test,
					  extent_set_valid(&set, true, true));
			expect_drawn(test, &set, after);
		}
	}
}

static void give_sorted_stops_after_a_portion(struct kunit *test)
{
	struct rb_list set;
	unsigned int nr = 2;
	LIST_HEAD(spares);
	LIST_HEAD(list);

	set_drawn(test, &set, true, "........");
	list_drawn(test, &list, "[.[=.[.[");
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE,
			extent_give_sorted(&set, &list, &nr, &spares));
	KUNIT_EXPECT_EQ(test, 2, nr);
	expect_drawn(test, &set, "[.[=....");
	KUNIT_EXPECT_EQ(test, 2, list_count_nodes(&list));
	KUNIT_EXPECT_PTR_EQ(test, set.finger,
			    &extent_find_last(&set, ADDR(3))->list);
}

/* === Runs === */

static_assert(EXTENT_RUN == 8);

/* A page each, every second page from @first on. */
static void give_apart(struct kunit *test, struct rb_list *set,
		       unsigned int first, unsigned int nr)
{
	LIST_HEAD(spares);

	for (; nr; nr--, first += 2)
		KUNIT_ASSERT_EQ(test, 0,
				extent_give(set, range(test, first, 1),
					    &spares));
}

/* The set is valid and its runs are of these lengths, a digit for each. */
static void expect_runs(struct kunit *test, struct rb_list *set,
			const char *expected)
{
	struct vmap_area *va;
	char lengths[16] = {};
	size_t nr = 0;

	list_for_each_entry(va, &set->head, list)
		if (extent_leads(va) && nr < sizeof(lengths) - 1)
			lengths[nr++] = '0' + va->flags;
	KUNIT_EXPECT_STREQ(test, lengths, expected);
	KUNIT_EXPECT_TRUE(test, extent_set_valid(set, true, true));
}

static void runs_fill_one_after_another(struct kunit *test)
{
	struct rb_list set;

	extent_set_init(&set);
	give_apart(test, &set, 10, 17);
	expect_runs(test, &set, "881");
	/* The lowest of all has no run to join. */
	give_apart(test, &set, 0, 5);
	expect_runs(test, &set, "5881");
}

struct split_case {
	const char *name;
	unsigned int at;
	const char *after;
};

static const struct split_case split_cases[] = {
	{ "a range in the lower half", 4, "27" },
	{ "a range in the upper half", 16, "54" },
	{ "a range before the last", 28, "81" },
	{ "a range after the last", 32, "81" },
	{ "a range before the first", 0, "18" },
};

KUNIT_ARRAY_PARAM_DESC(split, split_cases, name);

static void full_run_is_split_where_a_range_is_added(struct kunit *test)
{
	const struct split_case *c = test->param_value;
	struct rb_list set;
	LIST_HEAD(spares);
	unsigned int i;

	extent_set_init(&set);
	for (i = 2; i < 4 * EXTENT_RUN; i += 4)
		KUNIT_ASSERT_EQ(test, 0,
				extent_give(&set, range(test, i, 1), &spares));
	expect_runs(test, &set, "8");
	give_apart(test, &set, c->at, 1);
	expect_runs(test, &set, c->after);
}

struct run_step {
	unsigned int page;
	const char *after;
};

static void run_shrinks_and_goes_with_its_ranges(struct kunit *test)
{
	static const struct run_step steps[] = {
		{ 16, "87" }, { 30, "86" }, { 0, "76" }, { 4, "66" },
		{ 18, "65" }, { 20, "64" }, { 22, "63" }, { 24, "62" },
		{ 26, "61" }, { 28, "6" }, { 2, "5" },
	};
	struct vmap_area *va;
	struct rb_list set;
	unsigned int i;

	extent_set_init(&set);
	give_apart(test, &set, 0, 16);
	expect_runs(test, &set, "88");
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		va = extent_find_last(&set, ADDR(steps[i].page + 1));
		extent_withdraw(&set, va);
		expect_runs(test, &set, steps[i].after);
	}
}

/* Also across the border of two runs, where the upper one keeps its leader. */
static void gaps_close_within_and_between_runs(struct kunit *test)
{
	static const struct run_step steps[] = {
		{ 3, "78" }, { 15, "68" }, { 17, "67" }, { 1, "57" },
		{ 5, "47" }, { 7, "37" }, { 9, "27" }, { 11, "17" },
		{ 13, "7" },
	};
	struct rb_list set;
	LIST_HEAD(spares);
	unsigned int i;

	extent_set_init(&set);
	give_apart(test, &set, 0, 16);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		KUNIT_EXPECT_EQ(test, 0,
				extent_give(&set,
					    range(test, steps[i].page, 1),
					    &spares));
		expect_runs(test, &set, steps[i].after);
	}
	KUNIT_EXPECT_EQ(test, 18, list_count_nodes(&spares));
}

/* A page of a range in a run is carved: with much left it leads from then on. */
static void large_range_leads_once_it_is_carved(struct kunit *test)
{
	static const struct {
		unsigned int pages;
		const char *after;
	} cases[] = { { 3, "5" }, { 100, "32" } };
	struct rb_list set;
	LIST_HEAD(spares);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		extent_set_init(&set);
		give_apart(test, &set, 0, 3);
		KUNIT_ASSERT_EQ(test, 0,
				extent_give(&set,
					    range(test, 6, cases[i].pages),
					    &spares));
		give_apart(test, &set, 200, 1);
		expect_runs(test, &set, "5");
		KUNIT_EXPECT_EQ(test, 0,
				extent_carve_at(&set, ADDR(6), ADDR(7),
						&spares));
		expect_runs(test, &set, cases[i].after);
	}
}

/* === Finding === */

static void find_tells_inside_from_outside(struct kunit *test)
{
	struct rb_list set;

	set_drawn(test, &set, false, ".[=..[");
	KUNIT_EXPECT_NULL(test, extent_find(&set, ADDR(1) - 1));
	KUNIT_EXPECT_NULL(test, extent_find(&set, ADDR(3)));
	KUNIT_EXPECT_NULL(test, extent_find_next(&set, ADDR(6)));
	KUNIT_ASSERT_NOT_NULL(test, extent_find(&set, ADDR(3) - 1));
	KUNIT_ASSERT_NOT_NULL(test, extent_find_next(&set, ADDR(3)));
	KUNIT_EXPECT_EQ(test, ADDR(1),
			extent_find(&set, ADDR(3) - 1)->va_start);
	KUNIT_EXPECT_EQ(test, ADDR(1),
			extent_find_next(&set, ADDR(3) - 1)->va_start);
	KUNIT_EXPECT_EQ(test, ADDR(5),
			extent_find_next(&set, ADDR(3))->va_start);
}

static void find_last_tells_what_starts_below(struct kunit *test)
{
	struct rb_list set;

	set_drawn(test, &set, true, ".[=..[");
	KUNIT_EXPECT_NULL(test, extent_find_last(&set, ADDR(1)));
	KUNIT_ASSERT_NOT_NULL(test, extent_find_last(&set, ADDR(1) + 1));
	KUNIT_EXPECT_EQ(test, ADDR(1),
			extent_find_last(&set, ADDR(5))->va_start);
	KUNIT_EXPECT_EQ(test, ADDR(5),
			extent_find_last(&set, ADDR(5) + 1)->va_start);
}

/* === The validator === */

static void validator_sees_each_kind_of_damage(struct kunit *test)
{
	struct vmap_area *va;
	struct rb_list set;

	kunit_info(test, "messages about damaged ranges are expected here\n");
	set_drawn(test, &set, false, "[=.[=.[=.");
	KUNIT_ASSERT_TRUE(test, extent_set_valid(&set, false, true));

	va = extent_find(&set, ADDR(3));
	set.nr--;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, true, true));
	set.nr++;

	va->va_end += PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, false, true));
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, false, false));
	va->va_end += PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, false, false));
	va->va_end = va->va_start;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, false, false));
	va->va_end = ADDR(5);

	list_move(&va->list, &set.head);
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, false, false));
}

static void validator_sees_damaged_runs(struct kunit *test)
{
	struct vmap_area *lead, *follower;
	struct rb_list set;

	kunit_info(test, "messages about damaged ranges are expected here\n");
	extent_set_init(&set);
	give_apart(test, &set, 0, 9);
	expect_runs(test, &set, "81");
	lead = extent_find_last(&set, ADDR(1));
	follower = extent_find_last(&set, ADDR(15));

	follower->subtree_max_size += PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, true, true));
	follower->subtree_max_size -= PAGE_SIZE;
	lead->subtree_max_size += PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, true, true));
	lead->subtree_max_size -= PAGE_SIZE;

	lead->flags--;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, true, true));
	lead->flags += 2;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, true, true));
	lead->flags--;
	follower->flags = 1;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, true, true));
	follower->flags = 0;
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, true, true));

	/* What is said to be found first is not, or not there at all. */
	set.fit_size = va_size(follower);
	set.fit_start = lead->va_end;
	set.fit = list_next_entry(lead, list);
	KUNIT_EXPECT_TRUE(test, extent_set_valid(&set, true, true));
	set.fit_start = lead->va_start;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, true, true));
	set.fit = range(test, 40, 1);
	set.fit_size = va_size(lead) + PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, extent_set_valid(&set, true, true));
}

static struct kunit_case extent_cases[] = {
	KUNIT_CASE_PARAM(carve_takes_the_lowest_fit, carve_gen_params),
	KUNIT_CASE(carve_at_takes_what_is_named_or_nothing),
	KUNIT_CASE(next_sized_steps_over_what_is_too_short),
	KUNIT_CASE(what_a_carve_leaves_serves_the_next),
	KUNIT_CASE(what_was_carved_is_told_before_sizes_are_asked_for),
	KUNIT_CASE_PARAM(join_merges_with_what_touches, join_gen_params),
	KUNIT_CASE_PARAM(join_near_joins_with_one_or_not_at_all,
			 join_gen_params),
	KUNIT_CASE_PARAM(give_merges_and_keeps_sizes, join_gen_params),
	KUNIT_CASE(insert_keeps_neighbours_apart),
	KUNIT_CASE(take_all_leaves_an_empty_set),
	KUNIT_CASE(give_sorted_adds_all_in_portions),
	KUNIT_CASE(give_sorted_stops_after_a_portion),
	KUNIT_CASE(runs_fill_one_after_another),
	KUNIT_CASE_PARAM(full_run_is_split_where_a_range_is_added,
			 split_gen_params),
	KUNIT_CASE(run_shrinks_and_goes_with_its_ranges),
	KUNIT_CASE(gaps_close_within_and_between_runs),
	KUNIT_CASE(large_range_leads_once_it_is_carved),
	KUNIT_CASE(find_tells_inside_from_outside),
	KUNIT_CASE(find_last_tells_what_starts_below),
	KUNIT_CASE(validator_sees_each_kind_of_damage),
	KUNIT_CASE(validator_sees_damaged_runs),
	{}
};

static struct kunit_suite extent_suite = {
	.name = "vmalloc_extent",
	.test_cases = extent_cases,
};

kunit_test_suite(extent_suite);
