// SPDX-License-Identifier: GPL-2.0-only
/*
 * A random run of extent.c beside a bitmap with a bit for each page, which is
 * compared with the set after every step. The seed is printed.
 *
 * A long run of the same kind is made in userspace, with sanitizers; this one
 * is about the kernel's own red-black trees, compiler and word size.
 */

#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "window.h"

#define STEPS		2000
#define PAGES		256
#define BASE		((unsigned long)SZ_16M)
#define ADDR(page)	(BASE + (unsigned long)(page) * PAGE_SIZE)
#define PAGE_OF(addr)	(((addr) - BASE) / PAGE_SIZE)

/*
 * @longest: pages in a range that is added; the fewer, the more ranges
 * @unused: descriptors, the test's
 * @model: a bit for each page in @set
 */
struct run {
	struct kunit *test;
	struct rnd_state rnd;
	bool sized;
	unsigned int longest;
	struct rb_list set;
	struct list_head unused;
	DECLARE_BITMAP(model, PAGES);
};

static unsigned int below(struct run *run, unsigned int ceiling)
{
	return prandom_u32_state(&run->rnd) % ceiling;
}

static bool all_in(const struct run *run, unsigned int first,
		   unsigned int pages)
{
	return find_next_zero_bit(run->model, PAGES, first) >= first + pages;
}

static bool none_in(const struct run *run, unsigned int first,
		    unsigned int pages)
{
	return find_next_bit(run->model, PAGES, first) >= first + pages;
}

static struct vmap_area *range(struct run *run, unsigned int first,
			       unsigned int pages)
{
	struct vmap_area *va;

	va = list_first_entry_or_null(&run->unused, struct vmap_area, list);
	if (va)
		list_del(&va->list);
	else
		va = kunit_kzalloc(run->test, sizeof(*va), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(run->test, va);
	va->va_start = ADDR(first);
	va->va_end = ADDR(first + pages);
	return va;
}

static void add_one(struct run *run)
{
	unsigned int pages = 1 + below(run, run->longest);
	unsigned int first = below(run, PAGES - pages);
	struct vmap_area *va = range(run, first, pages);
	int expected = none_in(run, first, pages) ? 0 : -EEXIST;
	int err = 0;

	if (run->sized)
		err = extent_give(&run->set, va, &run->unused);
	else if (extent_join_near(&run->set, va))
		list_add(&va->list, &run->unused);
	else
		err = extent_join(&run->set, va, &run->unused);
	KUNIT_ASSERT_EQ(run->test, expected, err);
	if (err)
		list_add(&va->list, &run->unused);
	else
		bitmap_set(run->model, first, pages);
}

static void add_sorted(struct run *run)
{
	unsigned long bytes = 0, added = 0;
	unsigned int first, pages, nr;
	LIST_HEAD(list);

	for (first = below(run, 30); first < PAGES - 8;
	     first += pages + below(run, 3 * run->longest + 4)) {
		pages = 1 + below(run, 4);
		if (!none_in(run, first, pages))
			continue;
		list_add_tail(&range(run, first, pages)->list, &list);
		bitmap_set(run->model, first, pages);
		bytes += pages * PAGE_SIZE;
	}
	while (!list_empty(&list)) {
		nr = 1 + below(run, 8);
		added += extent_give_sorted(&run->set, &list, &nr,
					    &run->unused);
	}
	KUNIT_ASSERT_EQ(run->test, bytes, added);
}

/* The page where an exact search has to end, PAGES if there is none. */
static unsigned int lowest_fit(const struct run *run,
			       const struct extent_room *room)
{
	unsigned int pages = room->size / PAGE_SIZE;
	unsigned int end = PAGE_OF(room->end), first;

	for (first = PAGE_OF(room->start); first + pages <= end; first++)
		if (IS_ALIGNED(ADDR(first) - room->offset, room->align) &&
		    all_in(run, first, pages))
			return first;
	return PAGES;
}

static void carve_one(struct run *run, struct extent_room room)
{
	unsigned int align = room.align / PAGE_SIZE;
	unsigned int expected = lowest_fit(run, &room);
	unsigned int first;
	unsigned long addr;
	LIST_HEAD(spares);
	int err;

	for (;;) {
		err = extent_carve(&run->set, &room, &addr, &spares);
		if (err == -ENOMEM)
			list_add(&range(run, 0, 1)->list, &spares);
		else if (err == -EAGAIN)
			room.start = addr;
		else
			break;
	}
	list_splice(&spares, &run->unused);

	if (err) {
		KUNIT_ASSERT_EQ(run->test, -ENOSPC, err);
		/* A quick look may miss a range that is just long enough. */
		if (room.exact || align == 1)
			KUNIT_ASSERT_EQ(run->test, PAGES, expected);
		return;
	}
	KUNIT_ASSERT_TRUE(run->test, IS_ALIGNED(addr - room.offset,
						room.align));
	if (room.exact || align == 1)
		KUNIT_ASSERT_EQ(run->test, ADDR(expected), addr);
	first = PAGE_OF(addr);
	KUNIT_ASSERT_TRUE(run->test, addr >= room.start &&
			  addr + room.size <= room.end &&
			  all_in(run, first, room.size / PAGE_SIZE));
	bitmap_clear(run->model, first, room.size / PAGE_SIZE);
}

/* Several of a kind, the last of which may want more: where it looks is known. */
static void carve_some(struct run *run)
{
	unsigned int first = below(run, 2) ? below(run, PAGES) : 0;
	unsigned int align = below(run, 2) ? 1 : 1U << below(run, 5);
	struct extent_room room = {
		.size	= (1 + below(run, run->longest)) * PAGE_SIZE,
		.align	= align * PAGE_SIZE,
		.offset	= below(run, align) * PAGE_SIZE,
		.start	= ADDR(first),
		.end	= ADDR(first + 1 + below(run, PAGES - first)),
		.exact	= below(run, 2),
	};
	unsigned int again;

	for (again = below(run, 4); again; again--)
		carve_one(run, room);
	room.size += below(run, 3) * PAGE_SIZE;
	carve_one(run, room);
}

static void take_all(struct run *run)
{
	extent_take_all(&run->set, &run->unused);
	bitmap_zero(run->model, PAGES);
}

static void compare(struct run *run)
{
	unsigned int first, end = 0;
	unsigned long nr = 0;
	struct vmap_area *va;

	KUNIT_ASSERT_TRUE(run->test,
			  extent_set_valid(&run->set, run->sized, true));
	list_for_each_entry(va, &run->set.head, list) {
		first = find_next_bit(run->model, PAGES, end);
		end = find_next_zero_bit(run->model, PAGES, first);
		KUNIT_ASSERT_EQ(run->test, ADDR(first), va->va_start);
		KUNIT_ASSERT_EQ(run->test, ADDR(end), va->va_end);
		nr++;
	}
	KUNIT_ASSERT_EQ(run->test, PAGES,
			find_next_bit(run->model, PAGES, end));
	KUNIT_ASSERT_EQ(run->test, run->set.nr, nr);
}

static void random_run(struct kunit *test, bool sized, unsigned int longest)
{
	struct run *run = kunit_kzalloc(test, sizeof(*run), GFP_KERNEL);
	unsigned int i, what;

	KUNIT_ASSERT_NOT_NULL(test, run);
	kunit_info(test, "seed %u, %u steps\n", window_seed, STEPS);
	run->test = test;
	run->sized = sized;
	run->longest = longest;
	prandom_seed_state(&run->rnd, window_seed);
	extent_set_init(&run->set);
	INIT_LIST_HEAD(&run->unused);

	for (i = 0; i < STEPS; i++) {
		what = below(run, 16);
		if (!sized && !what)
			take_all(run);
		else if (!sized || what < 6)
			add_one(run);
		else if (what < 7)
			add_sorted(run);
		else
			carve_some(run);
		/* Who looks at a set tells it what it may not have to know yet. */
		if (i % 3 == 0)
			compare(run);
	}
	compare(run);
}

static void plain_set_equals_a_bitmap(struct kunit *test)
{
	random_run(test, false, 12);
}

static void sized_set_equals_a_bitmap(struct kunit *test)
{
	random_run(test, true, 12);
}

static void sized_set_in_pieces_equals_a_bitmap(struct kunit *test)
{
	random_run(test, true, 1);
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE(plain_set_equals_a_bitmap),
	KUNIT_CASE(sized_set_equals_a_bitmap),
	KUNIT_CASE(sized_set_in_pieces_equals_a_bitmap),
	{}
};

static struct kunit_suite random_suite = {
	.name = "vmalloc_extent_random",
	.test_cases = random_cases,
};

kunit_test_suite(random_suite);
