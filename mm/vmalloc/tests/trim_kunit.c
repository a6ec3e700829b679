// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of trim.c, tables.c and what they call, in the middle of the vmalloc space,
 * where nobody comes to by himself.
 *
 * All who drain, and the worker, may give tables back meanwhile. What has to stay
 * stays all the same; what has to go is waited for.
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "window.h"

/* Tables that an area has, each with a page in the middle. */
#define TABLES		4

#define MIDDLE		ALIGN(VMALLOC_START + (VMALLOC_END - VMALLOC_START) / 2, \
			      SZ_1G)

/* Areas of one table each, so that there is something between any two. */
#define MANY		60

/* How often tables are freed, each time after a flush of everything. */
#define FLUSHES		10

/* Longer than the worker waits. */
#define WORKER_MS	10000

struct trimming {
	struct vm_struct *vm;
	struct vm_struct *next;
	struct vm_struct *many[MANY];
	struct page *page;
};

static int trim_init(struct kunit *test)
{
	struct trimming *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!arch_vmap_pmd_supported(PAGE_KERNEL))
		kunit_skip(test, "this machine has no huge mappings");
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->page);
	*(int *)page_address(t->page) = 4711;
	return window_init(test);
}

static void area_free(struct vm_struct **vm)
{
	if (*vm)
		free_vm_area(*vm);
	*vm = NULL;
}

static void trim_exit(struct kunit *test)
{
	struct trimming *t = test->priv;
	unsigned int i;

	if (t) {
		area_free(&t->vm);
		area_free(&t->next);
		for (i = 0; i < MANY; i++)
			area_free(&t->many[i]);
		if (t->page)
			__free_page(t->page);
	}
	window_exit(test);
}

static bool has_table(unsigned long addr)
{
	return vmap_table_entry(addr);
}

static unsigned int tables_in(unsigned long start, unsigned int nr)
{
	unsigned int i, have = 0;

	for (i = 0; i < nr; i++)
		have += has_table(start + i * PMD_SIZE);
	return have;
}

/* An area from the middle of the space on, at the lowest address that is free. */
static struct vm_struct *area_get(struct kunit *test, unsigned long size)
{
	struct vm_struct *vm;

	vm = __get_vm_area_node(size, PAGE_SIZE, PAGE_SHIFT,
				VM_MAP | VM_NO_GUARD, MIDDLE, VMALLOC_END,
				NUMA_NO_NODE, GFP_KERNEL,
				__builtin_return_address(0));
	KUNIT_ASSERT_NOT_NULL(test, vm);
	return vm;
}

static void map_page(struct kunit *test, unsigned long addr)
{
	struct trimming *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, vmap_pages_range(addr, addr + PAGE_SIZE,
						  PAGE_KERNEL, &t->page,
						  PAGE_SHIFT));
}

/* An area of whole tables, which it has: it is the first one there. */
static unsigned long area_with_tables(struct kunit *test)
{
	struct trimming *t = test->priv;
	unsigned long start, i;

	t->vm = area_get(test, TABLES * PMD_SIZE);
	start = (unsigned long)t->vm->addr;
	KUNIT_ASSERT_EQ(test, start, MIDDLE);
	for (i = 0; i < TABLES; i++)
		map_page(test, start + i * PMD_SIZE + PMD_SIZE / 2);
	KUNIT_ASSERT_EQ(test, tables_in(start, TABLES), TABLES);
	return start;
}

static void expect_mapped(struct kunit *test, unsigned long addr)
{
	KUNIT_ASSERT_TRUE(test, has_table(addr));
	KUNIT_EXPECT_EQ(test, *(int *)addr, 4711);
}

/* Look at the middle, too, whatever has become of it: as soon as one may. */
static void trim(struct kunit *test)
{
	unsigned long freed;
	int tries = 100, err;

	do {
		vmap_tables_note(MIDDLE, MIDDLE + TABLES * PMD_SIZE);
		err = vmap_trim(ULONG_MAX, &freed);
		if (err)
			msleep(20);
	} while (err && --tries);
	KUNIT_ASSERT_EQ(test, err, 0);
}

/* The worker may be looking at them. */
static bool tables_go(struct kunit *test, unsigned long start, unsigned int nr)
{
	unsigned int tries;

	for (tries = 0; tries < 50; tries++) {
		vm_unmap_aliases();
		trim(test);
		if (!tables_in(start, nr))
			return true;
		msleep(20);
	}
	return false;
}

/* === Cases === */

static void tables_come_back(struct kunit *test)
{
	struct trimming *t = test->priv;
	unsigned long start = area_with_tables(test);
	unsigned int i;

	vm_unmap_aliases();
	trim(test);
	for (i = 0; i < TABLES; i++)
		expect_mapped(test, start + i * PMD_SIZE + PMD_SIZE / 2);

	area_free(&t->vm);
	KUNIT_EXPECT_TRUE(test, tables_go(test, start, TABLES));

	/* And there are new ones for who comes next. */
	area_with_tables(test);
	expect_mapped(test, start + PMD_SIZE / 2);
	area_free(&t->vm);
	KUNIT_EXPECT_TRUE(test, tables_go(test, start, TABLES));
}

static void what_others_use_stays(struct kunit *test)
{
	struct trimming *t = test->priv;
	unsigned long start = MIDDLE, border = start + 2 * PMD_SIZE + SZ_64K;

	t->vm = area_get(test, 2 * PMD_SIZE + SZ_64K);
	t->next = area_get(test, PMD_SIZE);
	KUNIT_ASSERT_EQ(test, (unsigned long)t->vm->addr, start);
	KUNIT_ASSERT_EQ(test, (unsigned long)t->next->addr, border);
	map_page(test, start);
	map_page(test, border - PAGE_SIZE);
	map_page(test, border);
	map_page(test, border + PMD_SIZE - PAGE_SIZE);

	/* Of what is free, the last table is the next area's as well. */
	area_free(&t->vm);
	KUNIT_EXPECT_TRUE(test, tables_go(test, start, 2));
	expect_mapped(test, border);
	expect_mapped(test, border + PMD_SIZE - PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page((void *)border - PAGE_SIZE));

	area_free(&t->next);
	KUNIT_EXPECT_TRUE(test, tables_go(test, start, TABLES));
}

/* Somebody's TLB may have what is in them: nobody's business before a drain. */
static void what_waits_has_its_tables(struct kunit *test)
{
	struct trimming *t = test->priv;
	struct window_view waits;
	unsigned long start;
	unsigned int tries;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		start = area_with_tables(test);
		area_free(&t->vm);
		trim(test);
		waits = window_waiting(&vmap_heap, start,
				       start + TABLES * PMD_SIZE);
		KUNIT_ASSERT_TRUE(test, !waits.bytes ||
				  tables_in(start, TABLES) == TABLES);
		KUNIT_ASSERT_TRUE(test, tables_go(test, start, TABLES));
		if (waits.bytes)
			return;
	}
	KUNIT_FAIL(test, "somebody drained each time");
}

#if defined(CONFIG_DEBUG_TLBFLUSH) && defined(CONFIG_VM_EVENT_COUNTERS)
/* How often all TLBs were flushed, for whomever. */
static unsigned long flushes_of_all(struct kunit *test)
{
	unsigned long *events, flushes;

	events = kunit_kmalloc_array(test, NR_VM_EVENT_ITEMS, sizeof(*events),
				     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, events);
	all_vm_events(events);
	flushes = events[NR_TLB_REMOTE_FLUSH];
	kunit_kfree(test, events);
	return flushes;
}
#else
static unsigned long flushes_of_all(struct kunit *test)
{
	kunit_skip(test, "CONFIG_DEBUG_TLBFLUSH counts flushes");
	return 0;
}
#endif

/* CPUs may have cached where they hung: somebody else's flush comes seldom enough. */
static void none_goes_without_a_flush(struct kunit *test)
{
	unsigned long start, freed, before, after;
	struct trimming *t = test->priv;
	unsigned int tries, seen = 0;

	for (tries = 0; tries < 5 * FLUSHES && seen < FLUSHES; tries++) {
		start = area_with_tables(test);
		area_free(&t->vm);
		vm_unmap_aliases();
		vmap_tables_note(start, start + TABLES * PMD_SIZE);
		before = flushes_of_all(test);
		vmap_trim(ULONG_MAX, &freed);
		after = flushes_of_all(test);
		if (freed)
			KUNIT_EXPECT_GT(test, after, before);
		seen += !!freed;
		KUNIT_ASSERT_TRUE(test, tables_go(test, start, TABLES));
	}
	KUNIT_EXPECT_EQ(test, seen, FLUSHES);
}

/* Takes all regions that are idle: whether that of the middle is one. */
static bool middle_is_idle(void)
{
	struct vmap_span region = { };
	bool found = false;

	while (vmap_tables_take(&region)) {
		found |= region.start <= MIDDLE && region.end > MIDDLE;
		vmap_tables_note(region.start, region.end);
	}
	return found;
}

/* Noted in each of some periods, and then no more. */
static bool middle_ages_as_it_should(void)
{
	unsigned int i;

	vmap_tables_note(MIDDLE, MIDDLE + PAGE_SIZE);
	vmap_tables_age();
	for (i = 0; i < 5; i++) {
		vmap_tables_note(MIDDLE, MIDDLE + PAGE_SIZE);
		if (middle_is_idle())
			return false;
		vmap_tables_age();
	}
	return middle_is_idle();
}

static void a_steady_load_has_its_tables(struct kunit *test)
{
	unsigned int tries;

	/* The worker, or who reclaims, may come between. */
	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		if (middle_ages_as_it_should())
			return;
		msleep(20);
	}
	KUNIT_FAIL(test, "it is idle too soon, or never");
}

/* More of them than the worker looks at in one run: it goes on where it was. */
static void free_ranges_may_be_many(struct kunit *test)
{
	unsigned long end = jiffies + msecs_to_jiffies(WORKER_MS), last = 0;
	struct trimming *t = test->priv;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		t->many[i] = area_get(test, PMD_SIZE);
		last = (unsigned long)t->many[i]->addr;
		KUNIT_ASSERT_EQ(test, last, MIDDLE + i * PMD_SIZE);
	}
	map_page(test, last);
	for (i = 1; i < MANY; i += 2)
		area_free(&t->many[i]);
	vm_unmap_aliases();
	while (has_table(last) && time_before(jiffies, end))
		msleep(100);
	KUNIT_EXPECT_FALSE(test, has_table(last));
}

static void withheld_addresses_are_nobodys(struct kunit *test)
{
	const struct vmap_span middle = {
		MIDDLE + PAGE_SIZE, MIDDLE + 8 * PMD_SIZE
	};
	struct vmap_area *va = window_descriptor(test);
	unsigned long first = ALIGN(middle.start, PMD_SIZE);
	LIST_HEAD(spares);

	KUNIT_ASSERT_EQ(test, 0, vmap_spares_fill(&spares, VMAP_MAX_SPARES,
						  GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 0, vmap_space_withhold(va, &middle, 3 * PMD_SIZE,
						     &spares));
	KUNIT_EXPECT_EQ(test, va->va_start, first);
	KUNIT_EXPECT_EQ(test, va->va_end, first + 3 * PMD_SIZE);
	KUNIT_EXPECT_FALSE(test, window_is_free(first, first + PAGE_SIZE));
	KUNIT_EXPECT_NE(test, vmap_debug_check(), -EINVAL);

	vmap_space_restore(va);
	KUNIT_EXPECT_TRUE(test, window_is_free(first, first + 3 * PMD_SIZE));
	KUNIT_EXPECT_NE(test, vmap_debug_check(), -EINVAL);
	vmap_spares_free(&spares);
}

/* Who has found no addresses does not find some withheld, either. */
static void who_needs_addresses_has_peace(struct kunit *test)
{
	struct trimming *t = test->priv;
	unsigned long start, freed;
	unsigned int tries;
	int err;

	for (tries = 0; tries < WINDOW_TRIES; tries++) {
		start = area_with_tables(test);
		area_free(&t->vm);
		vmap_reclaim(NULL);
		err = vmap_trim(ULONG_MAX, &freed);
		/* It may have taken longer to come here. */
		if (err == -EBUSY && tables_in(start, TABLES) == TABLES)
			break;
		KUNIT_ASSERT_TRUE(test, tables_go(test, start, TABLES));
	}
	KUNIT_EXPECT_LT(test, tries, WINDOW_TRIES);
	KUNIT_EXPECT_TRUE(test, tables_go(test, start, TABLES));
}

static void the_worker_comes_to_it(struct kunit *test)
{
	unsigned long end = jiffies + msecs_to_jiffies(WORKER_MS);
	struct trimming *t = test->priv;
	unsigned long start = area_with_tables(test);

	area_free(&t->vm);
	vm_unmap_aliases();
	while (tables_in(start, TABLES) && time_before(jiffies, end))
		msleep(100);
	KUNIT_EXPECT_EQ(test, tables_in(start, TABLES), 0);
}

static struct kunit_case trim_cases[] = {
	KUNIT_CASE(tables_come_back),
	KUNIT_CASE(what_others_use_stays),
	KUNIT_CASE(what_waits_has_its_tables),
	KUNIT_CASE(none_goes_without_a_flush),
	KUNIT_CASE(a_steady_load_has_its_tables),
	KUNIT_CASE(withheld_addresses_are_nobodys),
	KUNIT_CASE(who_needs_addresses_has_peace),
	KUNIT_CASE_SLOW(the_worker_comes_to_it),
	KUNIT_CASE_SLOW(free_ranges_may_be_many),
	{}
};

static struct kunit_suite trim_suite = {
	.name = "vmalloc_trim",
	.init = trim_init,
	.exit = trim_exit,
	.test_cases = trim_cases,
};

kunit_test_suite(trim_suite);
