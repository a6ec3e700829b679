// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: what stays behind when areas that lie side by side are freed piece by
 * piece, with a drain after each share.  Something may: page tables, slabs with
 * room, and KASAN's shadow, which goes only where a whole page of it is drained
 * at once.  But the same again must not leave more.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/kasan.h>
#include <linux/mmzone.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "vmalloc_kunit.h"

/* Of 1 to 3 pages: 16 MB of memory, whatever the size of a page. */
enum { AREAS = SZ_16M / (2 * PAGE_SIZE), PAGES_MOST = 3 };
/* The first finds what is there for others; each one after that adds nothing. */
enum { ROUNDS = 5, ROUNDS_MOST = 25 };
/*
 * Pages that slabs half full, or others, may take: at first, and in a round.
 * They do so until they have enough, for which more rounds are run, as object
 * debugging does that has its objects made by a worker. A leak is in each round: a
 * descriptor lost for each area is 64 pages.
 */
#define NOISE_PAGES	64
#define NOISE_STEP	16

/*
 * A vmalloc may keep descriptors for the next areas, a few thousand at the most: the
 * first round fills what keeps them. For each, kmemleak keeps an object of some 400
 * bytes, which with its slab's are no more than these.
 */
#define KEPT_DESCRIPTORS	2048
#define KEPT_BYTES		(sizeof(struct vmap_area) +		\
				 (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) ? 512 : 0))
#define KEPT_PAGES		((long)(KEPT_DESCRIPTORS * KEPT_BYTES / PAGE_SIZE))
/* As much memory as any kind of shadow page is of: 1 byte for 16. */
#define WINDOW_ALIGN	(16 * PAGE_SIZE)

enum order { ORDER_SPREAD, ORDER_IN_ROW, ORDER_RANDOM };

/* Share n of @shares: each so many-th area, neighbours, or any. */
static const struct manner {
	const char *name;
	enum order order;
	unsigned int shares;
} manners[] = {
	{ "all at once", ORDER_IN_ROW, 1 },
	{ "neighbours, an eighth at a time", ORDER_IN_ROW, 8 },
	{ "each second", ORDER_SPREAD, 2 },
	{ "each eighth", ORDER_SPREAD, 8 },
	{ "at random, an eighth at a time", ORDER_RANDOM, 8 },
};

static void manner_name(const struct manner *manner, char *name)
{
	strscpy(name, manner->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(manner, manners, manner_name);

/* The addresses of a case, and its areas in the order of their allocation. */
struct field {
	struct vmk_window window;
	unsigned int order[AREAS];
	void *p[AREAS];
};

static unsigned int pages_of(unsigned int nr)
{
	return 1 + nr % PAGES_MOST;
}

/* === What there is === */

#if defined(CONFIG_KASAN_VMALLOC) && !defined(CONFIG_KASAN_HW_TAGS) && \
	!defined(CONFIG_UML)

static int count_shadow(pte_t *pte, unsigned long addr, void *count)
{
	if (!pte_none(ptep_get(pte)))
		++*(unsigned long *)count;
	return 0;
}

/* Nobody else has an address in the window, so the count is exact. */
static unsigned long shadow_pages(struct kunit *test,
				  const struct vmk_window *window)
{
	unsigned long start, end, count = 0;

	start = (unsigned long)kasan_mem_to_shadow((void *)window->start);
	end = (unsigned long)kasan_mem_to_shadow((void *)window->end);
	KUNIT_EXPECT_EQ(test, 0,
			apply_to_existing_page_range(&init_mm, start,
						     end - start, count_shadow,
						     &count));
	return count;
}

#else

static unsigned long shadow_pages(struct kunit *test,
				  const struct vmk_window *window)
{
	return 0;
}

#endif

static void drain_own_pages(struct work_struct *unused)
{
	drain_local_pages(NULL);
}

static unsigned long free_pages_now(void)
{
	unsigned long count = 0;
	struct zone *zone;

	/* What was freed by RCU, page tables among it, then what CPUs keep. */
	rcu_barrier();
	schedule_on_each_cpu(drain_own_pages);
	for_each_populated_zone(zone)
		count += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return count;
}

/* === A round === */

static void allocate_all(struct kunit *test, struct field *field)
{
	unsigned int i, failed = 0;

	for (i = 0; i < AREAS; i++) {
		unsigned long size = pages_of(i) * PAGE_SIZE;

		field->p[i] = __vmalloc_node_range(size, 1,
						   field->window.start,
						   field->window.end,
						   GFP_KERNEL, PAGE_KERNEL, 0,
						   NUMA_NO_NODE,
						   __builtin_return_address(0));
		failed += !field->p[i];
		cond_resched();
	}
	KUNIT_EXPECT_EQ_MSG(test, failed, 0, "areas that found no room");
}

/* Which share the area at @place is in. */
static unsigned int share_of(const struct manner *manner, unsigned int place)
{
	if (manner->order == ORDER_SPREAD)
		return place % manner->shares;
	return place * manner->shares / AREAS;
}

static void free_by_shares(const struct manner *manner, struct field *field)
{
	unsigned int share, i;

	for (share = 0; share < manner->shares; share++) {
		for (i = 0; i < AREAS; i++)
			if (share_of(manner, i) == share)
				vfree(field->p[field->order[i]]);
		vm_unmap_aliases();
		cond_resched();
	}
	/* With what waits elsewhere, as for those who share a slab with it. */
	vmk_force_purge();
}

/* All of the window is one free range again. */
static void expect_window_free(struct kunit *test,
			       const struct vmk_window *window)
{
	struct vm_struct *area;

	area = vmk_window_area(window, window->end - window->start,
			       VM_NO_GUARD);
	KUNIT_EXPECT_NOT_NULL_MSG(test, area, "the window is not free");
	if (area)
		free_vm_area(area);
	vm_unmap_aliases();
}

static struct field *field_make(struct kunit *test,
				const struct manner *manner)
{
	struct field *field = kunit_kzalloc(test, sizeof(*field), GFP_KERNEL);
	unsigned long size = 0;
	struct rnd_state rnd;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, field);
	for (i = 0; i < AREAS; i++) {
		/* And its guard page. */
		size += (pages_of(i) + 1) * PAGE_SIZE;
		field->order[i] = i;
	}
	if (manner->order == ORDER_RANDOM) {
		vmk_seed(test, &rnd);
		vmk_shuffle(&rnd, field->order, AREAS);
	}
	if (size > (VMALLOC_END - VMALLOC_START) / 4)
		kunit_skip(test, "the space is too small to have room for sure");
	field->window = vmk_window_claim(test, ALIGN(size, WINDOW_ALIGN),
					 WINDOW_ALIGN);
	return field;
}

/* === Cases === */

/* Pages that are gone after a round, and were not before: the fewest. */
static long least_step(const long *gone, unsigned int rounds)
{
	long least = LONG_MAX;
	unsigned int round;

	for (round = 1; round < rounds; round++)
		least = min(least, gone[round] - gone[round - 1]);
	return least;
}

/*
 * The free pages of the system are not compared under generic KASAN: what was
 * freed to a slab stays in quarantine, a thirty-second of all memory.
 */
static bool another_round(const long *gone, unsigned int rounds)
{
	if (rounds < ROUNDS || IS_ENABLED(CONFIG_KASAN_GENERIC))
		return rounds < ROUNDS;
	return rounds < ROUNDS_MOST && least_step(gone, rounds) > NOISE_STEP;
}

static void expect_memory_back(struct kunit *test, const long *gone,
			       unsigned int rounds)
{
	/*
	 * Page tables, one of many areas, slabs that keep a little room, and what
	 * is kept for the next areas.
	 */
	long most = AREAS / 16 + NOISE_PAGES + KEPT_PAGES;

	kunit_info(test, "%ld pages are gone after a round, %ld after %u\n",
		   gone[0], gone[rounds - 1], rounds);
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		return;
	KUNIT_EXPECT_LE(test, gone[0], most);
	KUNIT_EXPECT_LE_MSG(test, least_step(gone, rounds), NOISE_STEP,
			    "what stays grows with each round");
}

/*
 * Where others drain meanwhile, a share is cut in two, and one page more stays.
 * To lose one with each drain would be as many times that as there are rounds.
 */
static void expect_shadow_back(struct kunit *test, const struct manner *manner,
			       unsigned long shadowed,
			       const unsigned long *shadow,
			       unsigned int rounds)
{
	unsigned long last = shadow[rounds - 1];

	kunit_info(test, "of %lu shadow pages %lu stay, %lu after %u rounds\n",
		   shadowed, shadow[0], last, rounds);
	KUNIT_EXPECT_LE_MSG(test, last, shadow[0] + manner->shares,
			    "the shadow that stays grows with each round");
	/* mm/vmalloc.c does not join what waits: no area is large enough. */
	if (IS_ENABLED(CONFIG_VMALLOC_ORDERED) &&
	    manner->order == ORDER_IN_ROW)
		KUNIT_EXPECT_LE_MSG(test, last, 2 * manner->shares,
				    "but for the ends of a share, none stays");
}

static void piecemeal_frees_do_not_add_up(struct kunit *test)
{
	const struct manner *manner = test->param_value;
	struct field *field = field_make(test, manner);
	unsigned long before, shadowed = 0, shadow[ROUNDS_MOST];
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	long gone[ROUNDS_MOST];
	unsigned int round;

	before = free_pages_now();
	KUNIT_EXPECT_EQ(test, 0, shadow_pages(test, &field->window));
	for (round = 0; another_round(gone, round); round++) {
		allocate_all(test, field);
		shadowed = shadow_pages(test, &field->window);
		free_by_shares(manner, field);
		shadow[round] = shadow_pages(test, &field->window);
		gone[round] = before - free_pages_now();
	}
	if (shadowed)
		expect_shadow_back(test, manner, shadowed, shadow, round);
	expect_memory_back(test, gone, round);
	if (!atomic_read(&ledger->foreign))
		KUNIT_EXPECT_EQ(test, vmk_nr_pages(), ledger->pages);
	expect_window_free(test, &field->window);
	/* An area over all of it was drained at once. */
	KUNIT_EXPECT_EQ(test, 0, shadow_pages(test, &field->window));
}

static struct kunit_case vmalloc_retention_cases[] = {
	KUNIT_CASE_PARAM(piecemeal_frees_do_not_add_up, manner_gen_params),
	{}
};

static struct kunit_suite vmalloc_retention_suite = {
	.name = "vmalloc_retention",
	.init = vmk_init,
	.test_cases = vmalloc_retention_cases,
};

kunit_test_suite(vmalloc_retention_suite);
