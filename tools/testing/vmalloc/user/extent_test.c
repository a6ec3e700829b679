// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of mm/vmalloc/extent.c in userspace.
 *
 *	extent_test [seed [steps]]
 *
 * Named cases first, then long random runs in which each operation is made on
 * the set and on the model, and everything is compared after each step.
 */

#include "extent_internal.h"
#include "extent.c"
#include "extent_sized.c"
#include "model.h"

unsigned int warnings;

static unsigned int passed, failed;
static const char *running;
static bool broken;

#define CHECK(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s: line %d: %s\n", running, __LINE__,	\
			#condition);					\
		broken = true;						\
	}								\
} while (0)

/* Addresses in tests are page numbers from a base that is aligned well. */
#define BASE		(1UL << 40)
#define ADDR(page)	(BASE + (page) * PAGE_SIZE)

static unsigned long random_state;

static unsigned long random_below(unsigned long ceiling)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % ceiling;
}

static struct vmap_area *range(unsigned long first, unsigned long pages)
{
	struct vmap_area *va = calloc(1, sizeof(*va));

	if (!va)
		exit(2);
	va->va_start = ADDR(first);
	va->va_end = ADDR(first + pages);
	INIT_LIST_HEAD(&va->list);
	return va;
}

static unsigned long spares_free(struct list_head *spares)
{
	struct vmap_area *va, *next;
	unsigned long nr = 0;

	list_for_each_entry_safe(va, next, spares, list) {
		list_del(&va->list);
		free(va);
		nr++;
	}
	return nr;
}

static void set_free(struct extent_set *set)
{
	LIST_HEAD(all);

	extent_take_all(set, &all);
	spares_free(&all);
}

static bool set_is(const struct extent_set *set, const char *picture)
{
	struct vmap_area *va = NULL;
	unsigned long i;

	/* '=' is in the set, '|' ends one range and starts the next. */
	if (!list_empty(&set->head))
		va = list_first_entry(&set->head, struct vmap_area, list);
	for (i = 0; picture[i]; i++) {
		bool in = va && ADDR(i) >= va->va_start;

		if (in != (picture[i] == '='))
			return false;
		if (in && ADDR(i + 1) == va->va_end)
			va = extent_above(set, va);
	}
	return !va;
}

static void give(struct extent_set *set, const char *picture)
{
	LIST_HEAD(spares);
	unsigned long i, first = 0;

	for (i = 0; ; i++) {
		if (picture[i] == '=')
			continue;
		if (i > first)
			CHECK(!extent_give(set, range(first, i - first),
					   &spares));
		if (!picture[i])
			break;
		first = i + 1;
	}
	spares_free(&spares);
}

static void join(struct extent_set *set, const char *picture)
{
	LIST_HEAD(spares);
	unsigned long i;

	for (i = 0; picture[i]; i++)
		if (picture[i] == '=')
			CHECK(!extent_join(set, range(i, 1), &spares));
	spares_free(&spares);
}

/* === Named cases === */

static void join_between_leaves_one_range(void)
{
	struct extent_set set;
	LIST_HEAD(spares);

	extent_set_init(&set);
	CHECK(!extent_join(&set, range(0, 2), &spares));
	CHECK(!extent_join(&set, range(4, 2), &spares));
	CHECK(set_is(&set, "==..=="));
	CHECK(!extent_join(&set, range(2, 2), &spares));
	CHECK(set_is(&set, "======"));
	CHECK(set.nr == 1);
	CHECK(spares_free(&spares) == 2);
	set_free(&set);
}

static void join_refuses_what_overlaps(void)
{
	static const unsigned long at[][2] = {
		{ 2, 1 }, { 1, 2 }, { 4, 3 }, { 3, 1 }, { 0, 9 }, { 2, 4 },
	};
	struct extent_set set;
	LIST_HEAD(spares);
	size_t i;

	extent_set_init(&set);
	CHECK(!extent_join(&set, range(2, 4), &spares));
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		struct vmap_area *va = range(at[i][0], at[i][1]);

		CHECK(extent_join(&set, va, &spares) == -EEXIST);
		CHECK(extent_insert(&set, va) == -EEXIST);
		free(va);
	}
	CHECK(set_is(&set, "..===="));
	CHECK(list_empty(&spares));
	set_free(&set);
}

static void insert_keeps_neighbours_apart(void)
{
	struct extent_set set;

	extent_set_init(&set);
	CHECK(!extent_insert(&set, range(0, 2)));
	CHECK(!extent_insert(&set, range(2, 2)));
	CHECK(set.nr == 2);
	CHECK(extent_set_valid(&set, false, false));
	CHECK(extent_find(&set, ADDR(2))->va_start == ADDR(2));
	set_free(&set);
}

static void find_tells_inside_from_outside(void)
{
	struct extent_set set;

	extent_set_init(&set);
	CHECK(!extent_find(&set, ADDR(0)));
	CHECK(!extent_find_next(&set, 0));
	join(&set, ".==..=");
	CHECK(!extent_find(&set, ADDR(1) - 1));
	CHECK(extent_find(&set, ADDR(1)));
	CHECK(extent_find(&set, ADDR(3) - 1));
	CHECK(!extent_find(&set, ADDR(3)));
	CHECK(extent_find_next(&set, ADDR(3) - 1)->va_start == ADDR(1));
	CHECK(extent_find_next(&set, ADDR(3))->va_start == ADDR(5));
	CHECK(!extent_find_next(&set, ADDR(6)));
	set_free(&set);
}

static void find_last_tells_what_starts_below(void)
{
	struct extent_set set;

	extent_set_init(&set);
	CHECK(!extent_find_last(&set, ULONG_MAX));
	give(&set, ".==..=");
	CHECK(extent_find_last(&set, ADDR(5))->va_start == ADDR(1));
	CHECK(extent_find_last(&set, ADDR(5) + 1)->va_start == ADDR(5));
	CHECK(!extent_find_last(&set, ADDR(1)));
	set_free(&set);
}

/* The finger stands where the last change was made, also after a removal. */
static void find_near_starts_from_the_last_change(void)
{
	struct vmap_area *va[3];
	struct extent_set set;
	int i;

	extent_set_init(&set);
	CHECK(!extent_find_near(&set, ADDR(0)));
	for (i = 0; i < 3; i++) {
		va[i] = range(2 * i, 2);
		CHECK(!extent_insert(&set, va[i]));
		CHECK(set.finger == &va[i]->list);
	}
	extent_remove(&set, va[1]);
	CHECK(set.finger == &va[0]->list);
	/* Not by the tree: there it could not be found. */
	set.root = RB_ROOT;
	CHECK(extent_find_near(&set, ADDR(1)) == va[0]);
	CHECK(extent_find_near(&set, ADDR(4)) == va[2]);
	CHECK(!extent_find_near(&set, ADDR(2)));
	CHECK(!extent_find_near(&set, ADDR(6)));
	free(va[1]);
	set_free(&set);
}

struct carve_case {
	const char *before;
	unsigned long pages, align, offset, start, end;
	bool exact;
	int spares;
	int result;
	const char *after;
	int spares_after;
};

/* Sizes and addresses in pages. */
static const struct carve_case carve_cases[] = {
	/* whole, low edge, high edge, middle */
	{ "====..", 4, 1, 0, 0, 6, false, 0, 0, "......", 1 },
	{ "====..", 3, 1, 0, 0, 6, false, 0, 0, "...=..", 0 },
	{ "====..", 2, 1, 0, 2, 6, false, 0, 0, "==....", 0 },
	{ "======", 2, 1, 0, 2, 6, false, 1, 0, "==..==", 0 },
	{ "======", 2, 1, 0, 2, 6, false, 0, -ENOMEM, "======", 0 },
	/* the lowest that is long enough, not the lowest, nor the best */
	{ "=.==.====", 2, 1, 0, 0, 9, false, 0, 0, "=....====", 1 },
	{ "=.==.====", 3, 1, 0, 0, 9, false, 0, 0, "=.==....=", 0 },
	{ "=.==.====", 5, 1, 0, 0, 9, false, 0, -ENOSPC, "=.==.====", 0 },
	/* windows cut ranges off */
	{ "========", 3, 1, 0, 5, 8, false, 0, 0, "=====...", 0 },
	{ "========", 3, 1, 0, 6, 8, false, 1, -ENOSPC, "========", 1 },
	{ "========", 3, 1, 0, 2, 5, false, 1, 0, "==...===", 0 },
	{ "==.=====", 2, 1, 0, 0, 2, false, 0, 0, "...=====", 1 },
	{ ".=======", 2, 1, 0, 0, 2, false, 0, -ENOSPC, ".=======", 0 },
	{ "========", 1, 1, 0, 4, 4, false, 0, -ENOSPC, "========", 0 },
	/* alignment, and a window of just the right size */
	{ ".=======", 2, 4, 0, 0, 8, false, 1, 0, ".===..==", 0 },
	{ ".=======", 4, 4, 0, 4, 8, false, 0, 0, ".===....", 0 },
	{ ".=======", 2, 4, 1, 0, 8, false, 0, 0, "...=====", 0 },
	{ ".=======", 2, 4, 3, 0, 8, false, 1, 0, ".==..===", 0 },
	/* it fits, but only who looks closely sees it */
	{ "==.====.====", 4, 4, 0, 0, 12, false, 0, -ENOSPC,
	  "==.====.====", 0 },
	{ "==.====.====", 4, 4, 0, 0, 12, true, 0, 0, "==.====.....", 1 },
};

static void carve_takes_the_lowest_fit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(carve_cases); i++) {
		const struct carve_case *c = &carve_cases[i];
		const struct extent_room room = {
			.size = c->pages * PAGE_SIZE,
			.align = c->align * PAGE_SIZE,
			.offset = c->offset * PAGE_SIZE,
			.start = ADDR(c->start),
			.end = ADDR(c->end),
			.exact = c->exact,
		};
		struct extent_set set;
		unsigned long addr;
		LIST_HEAD(spares);
		int j;

		extent_set_init(&set);
		give(&set, c->before);
		for (j = 0; j < c->spares; j++)
			list_add(&range(0, 1)->list, &spares);
		CHECK(extent_carve(&set, &room, &addr, &spares) == c->result);
		CHECK(set_is(&set, c->after));
		CHECK(extent_set_valid(&set, true, true));
		CHECK(spares_free(&spares) == c->spares_after);
		if (broken) {
			fprintf(stderr, "in row %zu: %s\n", i, c->before);
			break;
		}
		set_free(&set);
	}
}

/* Of ranges of which only the last will do, no more than so many at a time. */
static void carve_stops_after_some_ranges(void)
{
	enum { RANGES = 3 * EXTENT_CARVE_STEPS + 1 };
	struct extent_room room = {
		.size = PAGE_SIZE, .align = 4 * PAGE_SIZE, .start = ADDR(0),
		.end = ADDR(4 * RANGES), .exact = true,
	};
	struct extent_set set;
	unsigned long addr;
	LIST_HEAD(spares);
	unsigned long i;

	extent_set_init(&set);
	for (i = 0; i < RANGES; i++)
		CHECK(!extent_give(&set, range(4 * i + (i + 1 < RANGES), 1),
				   &spares));
	for (i = 1; i <= 3; i++) {
		CHECK(extent_carve(&set, &room, &addr, &spares) == -EAGAIN);
		CHECK(addr == ADDR(4 * i * EXTENT_CARVE_STEPS + (i < 3)));
		room.start = addr;
	}
	CHECK(!extent_carve(&set, &room, &addr, &spares));
	CHECK(addr == ADDR(4 * (RANGES - 1)));
	CHECK(extent_set_valid(&set, true, true));
	spares_free(&spares);
	set_free(&set);
}

static void carve_survives_the_ends_of_the_address_space(void)
{
	struct extent_room room = {
		.size = PAGE_SIZE, .align = PAGE_SIZE, .end = ULONG_MAX,
	};
	struct vmap_area *va = range(0, 1);
	struct extent_set set;
	LIST_HEAD(spares);
	unsigned long addr;

	va->va_start = 1;
	va->va_end = ULONG_MAX;
	extent_set_init(&set);
	CHECK(!extent_give(&set, va, &spares));
	list_add(&range(0, 1)->list, &spares);
	CHECK(!extent_carve(&set, &room, &addr, &spares) && addr == PAGE_SIZE);

	room.size = ULONG_MAX & ~(PAGE_SIZE - 1);
	CHECK(extent_carve(&set, &room, &addr, &spares) == -ENOSPC);
	room.size = PAGE_SIZE;
	room.align = 1UL << 63;
	CHECK(!list_empty(&spares) ||
	      extent_carve(&set, &room, &addr, &spares) == -ENOMEM);
	list_add(&range(0, 1)->list, &spares);
	CHECK(!extent_carve(&set, &room, &addr, &spares) && addr == 1UL << 63);
	room.start = ULONG_MAX - PAGE_SIZE + 1;
	CHECK(extent_carve(&set, &room, &addr, &spares) == -ENOSPC);
	CHECK(extent_set_valid(&set, true, true));
	spares_free(&spares);
	set_free(&set);
}

static void carve_at_takes_just_that(void)
{
	struct extent_set set;
	LIST_HEAD(spares);

	extent_set_init(&set);
	give(&set, "=====.==");
	CHECK(extent_carve_at(&set, ADDR(4), ADDR(6), &spares) == -ENOSPC);
	CHECK(extent_carve_at(&set, ADDR(5), ADDR(6), &spares) == -ENOSPC);
	CHECK(extent_carve_at(&set, ADDR(1), ADDR(3), &spares) == -ENOMEM);
	CHECK(!extent_carve_at(&set, ADDR(3), ADDR(5), &spares));
	CHECK(!extent_carve_at(&set, ADDR(6), ADDR(8), &spares));
	CHECK(set_is(&set, "===....."));
	CHECK(!extent_carve_at(&set, ADDR(1), ADDR(2), &spares));
	CHECK(set_is(&set, "=.=....."));
	CHECK(extent_set_valid(&set, true, true));
	spares_free(&spares);
	set_free(&set);
}

/* A page each, every second page from @first on. */
static void give_apart(struct extent_set *set, unsigned long first,
		       unsigned long nr)
{
	LIST_HEAD(spares);

	for (; nr--; first += 2)
		CHECK(!extent_give(set, range(first, 1), &spares));
	CHECK(list_empty(&spares));
}

/* Whether the set is valid and its runs have these lengths, a digit for each. */
static bool runs_are(const struct extent_set *set, const char *lengths)
{
	struct vmap_area *va;

	list_for_each_entry(va, &set->head, list)
		if (extent_leads(va) && va->flags != *lengths++ - '0')
			return false;
	return !*lengths && extent_set_valid(set, true, true);
}

static struct vmap_area *at(const struct extent_set *set, unsigned long page)
{
	struct vmap_area *va = extent_find_last(set, ADDR(page) + 1);

	if (!va || va->va_end <= ADDR(page))
		exit(2);
	return va;
}

static_assert(EXTENT_RUN == 8, "the tests of runs are written for 8");

static void runs_fill_one_after_another(void)
{
	struct extent_set set;

	extent_set_init(&set);
	give_apart(&set, 10, 8);
	CHECK(runs_are(&set, "8"));
	give_apart(&set, 26, 9);
	CHECK(runs_are(&set, "881"));
	/* The lowest of all has no run to join. */
	give_apart(&set, 0, 1);
	CHECK(runs_are(&set, "1881"));
	give_apart(&set, 2, 4);
	CHECK(runs_are(&set, "5881"));
	set_free(&set);
}

static void full_run_is_split_where_a_range_is_added(void)
{
	static const struct {
		unsigned long at;
		const char *runs;
	} cases[] = {
		{ 4, "27" }, { 16, "54" }, { 28, "81" }, { 32, "81" },
	};
	struct extent_set set;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		LIST_HEAD(spares);

		extent_set_init(&set);
		for (j = 1; j <= EXTENT_RUN; j++)
			CHECK(!extent_give(&set, range(4 * j - 2, 1), &spares));
		CHECK(runs_are(&set, "8"));
		give_apart(&set, cases[i].at, 1);
		CHECK(runs_are(&set, cases[i].runs));
		set_free(&set);
	}
}

static void run_shrinks_and_goes_with_its_ranges(void)
{
	static const struct {
		unsigned long page;
		const char *runs;
	} steps[] = {
		{ 16, "87" }, { 30, "86" }, { 0, "76" }, { 4, "66" },
		{ 18, "65" }, { 20, "64" }, { 22, "63" }, { 24, "62" },
		{ 26, "61" }, { 28, "6" }, { 2, "5" },
	};
	struct vmap_area *va;
	struct extent_set set;
	size_t i;

	extent_set_init(&set);
	give_apart(&set, 0, 16);
	CHECK(runs_are(&set, "88"));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		va = at(&set, steps[i].page);
		extent_withdraw(&set, va);
		free(va);
		CHECK(runs_are(&set, steps[i].runs));
	}
	set_free(&set);
}

/* Also across the border of two runs, where the upper one keeps its leader. */
static void gaps_close_within_and_between_runs(void)
{
	static const struct {
		unsigned long page;
		const char *runs;
	} steps[] = {
		{ 3, "78" }, { 15, "68" }, { 17, "67" }, { 1, "57" },
		{ 5, "47" }, { 7, "37" }, { 9, "27" }, { 11, "17" },
		{ 13, "7" },
	};
	struct extent_set set;
	struct vmap_area *lead[2];
	LIST_HEAD(spares);
	size_t i;

	extent_set_init(&set);
	give_apart(&set, 0, 16);
	lead[0] = at(&set, 0);
	lead[1] = at(&set, 16);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		CHECK(extent_leads(lead[0]) && extent_leads(lead[1]));
		CHECK(!extent_give(&set, range(steps[i].page, 1), &spares));
		CHECK(spares_free(&spares) == 2);
		CHECK(runs_are(&set, steps[i].runs));
	}
	CHECK(at(&set, 0) == lead[1] && lead[1]->va_end == ADDR(19));
	set_free(&set);
}

static void large_range_leads_once_it_is_carved(void)
{
	struct extent_room room = {
		.size = PAGE_SIZE, .align = PAGE_SIZE, .start = ADDR(7),
		.end = ADDR(99),
	};
	struct extent_set set;
	LIST_HEAD(spares);
	unsigned long addr;

	extent_set_init(&set);
	give_apart(&set, 0, 3);
	CHECK(!extent_give(&set, range(6, EXTENT_WORTH_A_NODE + 2), &spares));
	give_apart(&set, 90, 1);
	CHECK(runs_are(&set, "5"));
	/* From the end, with all but enough left, and with less. */
	CHECK(!extent_carve_at(&set, ADDR(EXTENT_WORTH_A_NODE + 5),
			       ADDR(EXTENT_WORTH_A_NODE + 8), &spares));
	CHECK(runs_are(&set, "5"));
	room.start = ADDR(6);
	CHECK(!extent_carve(&set, &room, &addr, &spares) && addr == ADDR(6));
	CHECK(runs_are(&set, "5"));
	CHECK(!extent_give(&set, range(6, 1), &spares));
	CHECK(!extent_give(&set, range(EXTENT_WORTH_A_NODE + 5, 3), &spares));
	CHECK(!extent_carve(&set, &room, &addr, &spares) && addr == ADDR(6));
	CHECK(runs_are(&set, "32"));
	spares_free(&spares);
	set_free(&set);
}

static void next_sized_looks_into_runs(void)
{
	static const unsigned long large[] = { 8, 28, 36, 56 };
	struct vmap_area *va = NULL;
	struct extent_set set;
	LIST_HEAD(spares);
	size_t i;

	extent_set_init(&set);
	give_apart(&set, 0, 32);
	for (i = 0; i < ARRAY_SIZE(large); i++)
		CHECK(!extent_give(&set, range(large[i] + 1, 1), &spares));
	CHECK(set.nr == 28 && extent_set_valid(&set, true, true));
	for (i = 0; i < ARRAY_SIZE(large); i++) {
		va = extent_next_sized(&set, va, 2 * PAGE_SIZE);
		CHECK(va && va->va_start == ADDR(large[i]));
	}
	CHECK(!extent_next_sized(&set, va, 2 * PAGE_SIZE));
	spares_free(&spares);
	set_free(&set);
}

static void give_sorted_reports_what_is_free_already(void)
{
	unsigned int nr = 10;
	struct extent_set set;
	LIST_HEAD(list);
	LIST_HEAD(spares);

	extent_set_init(&set);
	give(&set, "..==..==");
	list_add_tail(&range(1, 1)->list, &list);
	list_add_tail(&range(3, 2)->list, &list);
	list_add_tail(&range(5, 1)->list, &list);
	warnings = 0;
	CHECK(extent_give_sorted(&set, &list, &nr, &spares) ==
	      4 * PAGE_SIZE);
	CHECK(nr == 3);
	CHECK(warnings == 1);
	CHECK(list_empty(&list));
	CHECK(set_is(&set, ".===.==="));
	CHECK(extent_set_valid(&set, true, true));
	warnings = 0;
	spares_free(&spares);
	set_free(&set);
}

static void give_sorted_stops_after_nr(void)
{
	struct extent_set set;
	LIST_HEAD(list);
	LIST_HEAD(spares);
	unsigned int nr = 4;
	unsigned long i;

	extent_set_init(&set);
	for (i = 0; i < 10; i++)
		list_add_tail(&range(2 * i, 1)->list, &list);
	CHECK(extent_give_sorted(&set, &list, &nr, &spares) ==
	      4 * PAGE_SIZE);
	CHECK(nr == 4);
	CHECK(set.nr == 4);
	nr = 40;
	CHECK(extent_give_sorted(&set, &list, &nr, &spares) ==
	      6 * PAGE_SIZE);
	CHECK(nr == 6);
	CHECK(set.nr == 10);
	CHECK(extent_set_valid(&set, true, true));
	spares_free(&spares);
	set_free(&set);
}

/* Messages that are expected would only alarm. */
static void mute(bool on)
{
	if (!freopen(on ? "/dev/null" : "/dev/stderr", "w", stderr))
		exit(2);
}

static void validator_sees_damage(void)
{
	struct extent_set set;
	struct vmap_area *va;
	LIST_HEAD(outside);

	extent_set_init(&set);
	join(&set, "==.==.===");
	CHECK(extent_set_valid(&set, false, true));
	va = rb_to_va(set.root.rb_node);

	mute(true);
	set.nr++;
	CHECK(!extent_set_valid(&set, false, true));
	set.nr--;
	va->va_end += PAGE_SIZE;
	CHECK(!extent_set_valid(&set, false, true));
	CHECK(extent_set_valid(&set, false, false));
	va->va_end += PAGE_SIZE;
	CHECK(!extent_set_valid(&set, false, false));
	va->va_end -= 2 * PAGE_SIZE;
	set.finger = set.finger->next->next->next->next;
	CHECK(extent_set_valid(&set, false, true));
	set.finger = &outside;
	CHECK(!extent_set_valid(&set, false, true));
	set.finger = &set.head;
	list_move(&va->list, &extent_above(&set, va)->list);
	CHECK(!extent_set_valid(&set, false, false));
	mute(false);
	set_free(&set);
}

static void validator_sees_damaged_runs(void)
{
	struct vmap_area *lead, *follower, *second, *gone;
	struct extent_set set;

	extent_set_init(&set);
	give_apart(&set, 0, 9);
	CHECK(runs_are(&set, "81"));
	lead = at(&set, 0);
	follower = at(&set, 14);
	second = at(&set, 16);

	mute(true);
	follower->subtree_max_size += PAGE_SIZE;
	CHECK(!extent_set_valid(&set, true, true));
	follower->subtree_max_size -= PAGE_SIZE;
	lead->subtree_max_size += PAGE_SIZE;
	CHECK(!extent_set_valid(&set, true, true));
	lead->subtree_max_size -= PAGE_SIZE;
	lead->flags--;
	CHECK(!extent_set_valid(&set, true, true));
	lead->flags++;
	gone = at(&set, 2);
	extent_withdraw(&set, gone);
	free(gone);
	CHECK(extent_set_valid(&set, true, true));
	lead->flags++;
	CHECK(!extent_set_valid(&set, true, true));
	lead->flags--;
	give_apart(&set, 2, 1);
	CHECK(extent_set_valid(&set, true, true));
	second->flags++;
	CHECK(!extent_set_valid(&set, true, true));
	second->flags--;
	run_follow(second, follower);
	CHECK(!extent_set_valid(&set, true, true));
	run_follow(lead, follower);
	CHECK(extent_set_valid(&set, true, true));
	/* One run, right but for its length. */
	rb_erase_augmented(&second->rb_node, &set.root, &extent_augment);
	run_follow(lead, second);
	lead->flags = 9;
	CHECK(!extent_set_valid(&set, true, true));
	mute(false);
	set_free(&set);
}

/* === Random runs === */

static void compare(const struct extent_set *set, const struct model *m,
		    bool sized)
{
	struct vmap_area *va;
	unsigned long pages = 0, i;

	CHECK(extent_set_valid(set, sized, true));
	CHECK(set->nr == model_ranges(m));
	i = random_below(MODEL_PAGES);
	if (sized) {
		va = extent_find_last(set, ADDR(i) + 1);
		CHECK((va && va->va_end > ADDR(i)) == m->in[i]);
	} else {
		va = extent_find_near(set, ADDR(i));
		CHECK(va == extent_find(set, ADDR(i)));
		CHECK(!va == !m->in[i]);
	}
	list_for_each_entry(va, &set->head, list) {
		unsigned long nr = va_size(va) / PAGE_SIZE;

		CHECK(model_all(m, (va->va_start - BASE) / PAGE_SIZE, nr, true));
		pages += nr;
	}
	for (i = 0; i < MODEL_PAGES; i++)
		pages -= m->in[i];
	CHECK(!pages);
}

/* Up to how long ranges are in a random run: if short, there are many. */
static unsigned long random_pages;

static void random_give(struct extent_set *set, struct model *m,
			struct list_head *spares, bool sized)
{
	unsigned long pages = 1 + random_below(random_pages);
	unsigned long first = random_below(MODEL_PAGES - pages);
	bool fits = model_all(m, first, pages, false);
	struct vmap_area *va = range(first, pages);
	int err;

	if (sized)
		err = extent_give(set, va, spares);
	else
		err = extent_join(set, va, spares);
	CHECK(err == (fits ? 0 : -EEXIST));
	if (err)
		free(va);
	else
		model_fill(m, first, pages, true);
}

/* The whole search, which may take several calls. */
static int carve(struct extent_set *set, struct extent_room *room,
		 unsigned long *addr, struct list_head *spares)
{
	int err;

	while ((err = extent_carve(set, room, addr, spares)) == -EAGAIN) {
		CHECK(*addr > room->start);
		room->start = *addr;
	}
	return err;
}

static void random_carve(struct extent_set *set, struct model *m,
			 struct list_head *spares)
{
	unsigned long align = 1UL << random_below(6);
	unsigned long start = random_below(MODEL_PAGES);
	unsigned long end = start + random_below(MODEL_PAGES - start) + 1;
	unsigned long pages = 1 + random_below(random_pages + 4), want, addr;
	struct extent_room room = {
		.size = pages * PAGE_SIZE,
		.align = align * PAGE_SIZE,
		.offset = random_below(2) * random_below(align) * PAGE_SIZE,
		.exact = random_below(2),
	};
	int err;

	if (random_below(2)) {
		start = 0;
		end = MODEL_PAGES;
	}
	room.start = ADDR(start);
	room.end = ADDR(end);
	want = model_lowest(m, pages, align, room.offset / PAGE_SIZE, start,
			    end);
	err = carve(set, &room, &addr, spares);
	if (err == -ENOMEM) {
		CHECK(list_empty(spares));
		list_add(&range(0, 1)->list, spares);
		err = carve(set, &room, &addr, spares);
	}
	if (err) {
		CHECK(err == -ENOSPC);
		/* A quick look may miss what is aligned, nothing else. */
		CHECK(want == MODEL_PAGES || (!room.exact && align > 1));
		return;
	}
	addr = (addr - BASE) / PAGE_SIZE;
	if (room.exact || align == 1)
		CHECK(addr == want);
	else
		CHECK(addr >= want && addr % align == room.offset / PAGE_SIZE &&
		      addr >= start && addr + pages <= end &&
		      model_all(m, addr, pages, true));
	model_fill(m, addr, pages, false);
}

static void random_give_sorted(struct extent_set *set, struct model *m,
			       struct list_head *spares)
{
	unsigned long i = random_below(32), pages, bytes = 0, given = 0;
	unsigned int nr;
	LIST_HEAD(list);

	while (i < MODEL_PAGES - 8) {
		pages = 1 + random_below(4);
		if (model_all(m, i, pages, false)) {
			list_add_tail(&range(i, pages)->list, &list);
			model_fill(m, i, pages, true);
			bytes += pages * PAGE_SIZE;
		}
		i += pages + random_below(random_below(4) ? 6 : 90);
	}
	while (!list_empty(&list)) {
		nr = 1 + random_below(8);
		given += extent_give_sorted(set, &list, &nr, spares);
	}
	CHECK(given == bytes);
}

static void random_withdraw(struct extent_set *set, struct model *m)
{
	unsigned long pages = 1 + random_below(40), i;
	struct vmap_area *va = extent_next_sized(set, NULL, pages * PAGE_SIZE);
	unsigned long first = model_lowest(m, pages, 1, 0, 0, MODEL_PAGES);

	CHECK(!va == (first == MODEL_PAGES));
	if (!va)
		return;
	CHECK(va->va_start == ADDR(first));
	for (i = random_below(4); va && i; i--) {
		struct vmap_area *next = extent_next_sized(set, va,
							   pages * PAGE_SIZE);
		unsigned long from = (va->va_end - BASE) / PAGE_SIZE;

		first = model_lowest(m, pages, 1, 0, from, MODEL_PAGES);
		CHECK(!next == (first == MODEL_PAGES));
		CHECK(!next || next->va_start == ADDR(first));
		va = next ?: va;
	}
	model_fill(m, (va->va_start - BASE) / PAGE_SIZE,
		   va_size(va) / PAGE_SIZE, false);
	extent_withdraw(set, va);
	free(va);
}

static void random_run(unsigned long steps, bool sized, unsigned long longest)
{
	struct model m = {};
	struct extent_set set;
	LIST_HEAD(spares);
	unsigned long i;

	random_pages = longest;
	extent_set_init(&set);
	for (i = 0; i < steps && !broken; i++) {
		unsigned long what = random_below(16);

		if (!sized && what < 15) {
			random_give(&set, &m, &spares, false);
		} else if (!sized) {
			set_free(&set);
			memset(&m, 0, sizeof(m));
		} else if (what < 6) {
			random_give(&set, &m, &spares, true);
		} else if (what < 14) {
			random_carve(&set, &m, &spares);
		} else if (what < 15) {
			random_give_sorted(&set, &m, &spares);
		} else {
			random_withdraw(&set, &m);
		}
		compare(&set, &m, sized);
		if (broken)
			fprintf(stderr, "at step %lu\n", i);
		if (random_below(2))
			spares_free(&spares);
	}
	spares_free(&spares);
	set_free(&set);
}

/* === Main === */

static void run(const char *name, void (*test)(void))
{
	running = name;
	broken = false;
	warnings = 0;
	test();
	CHECK(!warnings);
	passed += !broken;
	failed += broken;
	printf("%s %s\n", broken ? "not ok" : "ok", name);
}

static unsigned long random_steps;

static void random_plain(void)
{
	random_run(random_steps, false, 12);
}

static void random_sized(void)
{
	random_run(random_steps, true, 12);
}

/* Some hundred ranges, and as many runs as they fill. */
static void random_sized_in_pieces(void)
{
	random_run(random_steps, true, 1);
}

static bool number(const char *text, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value;
}

#define RUN(test)	run(#test, test)

int main(int argc, char **argv)
{
	unsigned long seed = 1;

	random_steps = 100000;
	if (argc > 3 || (argc > 1 && !number(argv[1], &seed)) ||
	    (argc > 2 && !number(argv[2], &random_steps))) {
		fprintf(stderr, "usage: %s [seed [steps]], both above 0\n",
			argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	random_state = seed;

	RUN(join_between_leaves_one_range);
	RUN(join_refuses_what_overlaps);
	RUN(insert_keeps_neighbours_apart);
	RUN(find_tells_inside_from_outside);
	RUN(find_last_tells_what_starts_below);
	RUN(find_near_starts_from_the_last_change);
	RUN(carve_takes_the_lowest_fit);
	RUN(carve_stops_after_some_ranges);
	RUN(carve_survives_the_ends_of_the_address_space);
	RUN(carve_at_takes_just_that);
	RUN(runs_fill_one_after_another);
	RUN(full_run_is_split_where_a_range_is_added);
	RUN(run_shrinks_and_goes_with_its_ranges);
	RUN(gaps_close_within_and_between_runs);
	RUN(large_range_leads_once_it_is_carved);
	RUN(next_sized_looks_into_runs);
	RUN(give_sorted_reports_what_is_free_already);
	RUN(give_sorted_stops_after_nr);
	RUN(validator_sees_damage);
	RUN(validator_sees_damaged_runs);
	printf("# random runs: seed %lu, %lu steps each\n", seed, random_steps);
	RUN(random_plain);
	RUN(random_sized);
	RUN(random_sized_in_pieces);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed ? 1 : 0;
}
