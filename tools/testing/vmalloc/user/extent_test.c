// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of mm/vmalloc/extent.c in userspace.
 *
 *	extent_test [seed [steps]]
 *
 * Named cases first, then long random runs in which each operation is made on
 * the set and on the model, and everything is compared after each step.
 */

/* As a part of this file, so that what is static in them can be looked at. */
#include "extent.c"
#include "extent_sized.c"
#include "extent_valid.c"

#include "check.h"
#include "extent_random.h"

unsigned int warnings;
bool check_broken;

static unsigned int passed, failed;
static const char *running;

void check_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s: %s:%d: %s\n", running, file, line, condition);
	check_broken = true;
}

static bool set_is(const struct rb_list *set, const char *picture)
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

static void give(struct rb_list *set, const char *picture)
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

static void join(struct rb_list *set, const char *picture)
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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;

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
	struct rb_list set;

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
	struct rb_list set;

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
	struct rb_list set;
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
		struct rb_list set;
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
		if (check_broken) {
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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;
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
static void give_apart(struct rb_list *set, unsigned long first,
		       unsigned long nr)
{
	LIST_HEAD(spares);

	for (; nr--; first += 2)
		CHECK(!extent_give(set, range(first, 1), &spares));
	CHECK(list_empty(&spares));
}

/* Whether the set is valid and its runs have these lengths, a digit for each. */
static bool runs_are(struct rb_list *set, const char *lengths)
{
	struct vmap_area *va;

	list_for_each_entry(va, &set->head, list)
		if (extent_leads(va) && va->flags != *lengths++ - '0')
			return false;
	return !*lengths && extent_set_valid(set, true, true);
}

static struct vmap_area *at(const struct rb_list *set, unsigned long page)
{
	struct vmap_area *va = extent_find_last(set, ADDR(page) + 1);

	if (!va || va->va_end <= ADDR(page))
		exit(2);
	return va;
}

static_assert(EXTENT_RUN == 8, "the tests of runs are written for 8");

static void runs_fill_one_after_another(void)
{
	struct rb_list set;

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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;
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
	struct rb_list set;

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

/* === Main === */

static void run(const char *name, void (*test)(void))
{
	running = name;
	check_broken = false;
	warnings = 0;
	test();
	CHECK(!warnings);
	passed += !check_broken;
	failed += check_broken;
	printf("%s %s\n", check_broken ? "not ok" : "ok", name);
}

static struct input random_input;
static unsigned long seed = 1, steps = 100000;

static void random_run(bool sized, unsigned long longest)
{
	/* From where the last run has left it. */
	random_input.left = steps;
	extent_random_run(&random_input, sized, longest);
}

static void random_plain(void)
{
	random_run(false, 12);
}

static void random_sized(void)
{
	random_run(true, 12);
}

/* Some hundred ranges, and as many runs as they fill. */
static void random_sized_in_pieces(void)
{
	random_run(true, 1);
}

#define RUN(test)	run(#test, test)

int main(int argc, char **argv)
{
	if (!input_args(argc, argv, &seed, &steps))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	input_from_seed(&random_input, seed, steps);

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
	printf("# random runs: seed %lu, %lu steps each\n", seed, steps);
	RUN(random_plain);
	RUN(random_sized);
	RUN(random_sized_in_pieces);
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed ? 1 : 0;
}
