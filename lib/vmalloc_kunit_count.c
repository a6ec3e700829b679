// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: the count of pages that vmalloc() has given out, which the kernel shows
 * as VmallocUsed: to the page, for each size, and not for pages that are somebody
 * else's.  Pages on a node; and what a failed request leaves in it.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <trace/events/vmalloc.h>

#include "vmalloc_kunit.h"

/* Of the array that holds an area's pages, if that is an area itself. */
static unsigned long array_pages(unsigned long pages)
{
	unsigned long size = pages * sizeof(struct page *);

	return size > PAGE_SIZE ? DIV_ROUND_UP(size, PAGE_SIZE) : 0;
}

static void each_size_is_counted_to_the_page(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned long pages;
	void *p;

	for (pages = 1; pages <= 600; pages++) {
		if (atomic_read(&ledger->foreign) ||
		    ledger->entries > VMK_LEDGER_MAX / 2)
			vmk_ledger_restart(ledger);
		p = vmalloc(pages * PAGE_SIZE - pages % 7);
		KUNIT_ASSERT_NOT_NULL(test, p);
		vmk_expect_pages(test, ledger, pages + array_pages(pages));
		vfree(p);
		vmk_expect_pages(test, ledger, 0);
	}
	vmk_expect_nothing_lost(test, ledger);
}

/* As many as there are, in an order that is not that of their allocation. */
static void many_areas_add_up(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int order[VMK_LEDGER_MAX / 2], i;
	void *p[VMK_LEDGER_MAX / 2];
	unsigned long sum = 0, most;
	struct rnd_state rnd;

	/* A small space has room for a quarter of itself. */
	most = (VMALLOC_END - VMALLOC_START) / PAGE_SIZE / 4 / ARRAY_SIZE(p);
	most = min(most, 600UL);
	vmk_seed(test, &rnd);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		unsigned long pages = 1 + vmk_random_below(&rnd, most);

		p[i] = vmalloc(pages * PAGE_SIZE);
		KUNIT_EXPECT_NOT_NULL(test, p[i]);
		if (p[i])
			sum += pages + array_pages(pages);
	}
	vmk_expect_pages(test, ledger, sum);
	vmk_shuffle(&rnd, order, ARRAY_SIZE(p));
	for (i = 0; i < ARRAY_SIZE(p); i++)
		vfree(p[order[i]]);
	vmk_expect_nothing_lost(test, ledger);
}

static void huge_areas_are_counted_in_pages(struct kunit *test)
{
	static const size_t odd[] = { 0, 1, PAGE_SIZE + 1 };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;
	void *p;

	if (3 * PMD_SIZE > (VMALLOC_END - VMALLOC_START) / 4)
		kunit_skip(test, "the space is too small to have room for sure");
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		unsigned long pages;

		p = vmalloc_huge(PMD_SIZE + odd[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		pages = find_vm_area(p)->nr_pages;
		KUNIT_EXPECT_EQ(test, pages << PAGE_SHIFT,
				get_vm_area_size(find_vm_area(p)));
		vmk_expect_pages(test, ledger, pages + array_pages(pages));
		vfree(p);
		vmk_expect_pages(test, ledger, 0);
	}
	vmk_expect_nothing_lost(test, ledger);
}

/* Not even when vfree() drops them. */
static void pages_of_others_are_not_counted(struct kunit *test)
{
	enum { COUNT = VMK_BLOCK_PAGES + 6 };
	struct page **page = vmk_alloc_pages(test, COUNT), **handed;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *mapped, *ram, *p;
	unsigned int i;

	mapped = vmap(page, COUNT, VM_MAP, PAGE_KERNEL);
	ram = vm_map_ram(page, COUNT, NUMA_NO_NODE);
	KUNIT_EXPECT_NOT_NULL(test, mapped);
	KUNIT_EXPECT_NOT_NULL(test, ram);
	vmk_expect_pages(test, ledger, 0);
	vunmap(mapped);
	if (ram)
		vm_unmap_ram(ram, COUNT);
	vmk_expect_pages(test, ledger, 0);

	handed = kmalloc_array(COUNT, sizeof(*handed), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, handed);
	for (i = 0; i < COUNT; i++) {
		get_page(page[i]);
		handed[i] = page[i];
	}
	p = vmap(handed, COUNT, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	vmk_expect_pages(test, ledger, 0);
	vfree(p);
	vmk_expect_pages(test, ledger, 0);
	for (i = 0; i < COUNT; i++)
		KUNIT_EXPECT_EQ(test, page_count(page[i]), 1);
	vmk_expect_nothing_lost(test, ledger);
}

static void huge_memory_comes_from_the_node_asked_for(struct kunit *test)
{
	const size_t sizes[] = { PAGE_SIZE, SZ_64K + 1, PMD_SIZE + PAGE_SIZE };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i, bad;
	size_t at;
	int node;
	void *p;

	for_each_node_state(node, N_MEMORY) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			if (sizes[i] > (VMALLOC_END - VMALLOC_START) / 4)
				continue;
			p = vmalloc_huge_node(sizes[i], GFP_KERNEL | __GFP_ZERO,
					      node);
			KUNIT_ASSERT_NOT_NULL(test, p);
			KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, sizes[i]));
			for (at = 0, bad = 0; at < sizes[i]; at += PAGE_SIZE)
				bad += page_to_nid(vmalloc_to_page(p + at)) !=
				       node;
			KUNIT_EXPECT_EQ(test, bad, 0);
			vfree(p);
		}
	}
	p = vmalloc_huge_node(PAGE_SIZE, GFP_KERNEL, NUMA_NO_NODE);
	KUNIT_EXPECT_NOT_NULL(test, p);
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

/* === Failed requests === */

static const struct failure {
	const char *name;
	gfp_t gfp;
} failures[] = {
	{ "GFP_KERNEL", GFP_KERNEL },
	{ "GFP_NOIO", GFP_NOIO },
	{ "GFP_KERNEL | __GFP_NORETRY", GFP_KERNEL | __GFP_NORETRY },
	{ "GFP_NOWAIT", GFP_NOWAIT },
};

static void failure_name(const struct failure *failure, char *name)
{
	strscpy(name, failure->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(failure, failures, failure_name);

/*
 * The place is taken, behind the allocator's back: a request gets its area and
 * all of its pages, and cannot map them.
 */
static void what_cannot_be_mapped_is_given_back(struct kunit *test)
{
	struct vmk_window w = vmk_window_claim(test, VMK_1024P, VMK_1024P);
	const struct failure *failure = test->param_value;
	unsigned long taken = w.start + 599 * PAGE_SIZE;
	struct page **page = vmk_alloc_pages(test, 1);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = test;

	KUNIT_ASSERT_EQ(test, 0,
			vmap_page_range(taken, taken + PAGE_SIZE,
					page_to_phys(page[0]), PAGE_KERNEL));
	VMK_EXPECT_WARNS(test, 1,
			 p = __vmalloc_node_range(600 * PAGE_SIZE, 1, w.start,
						  w.end,
						  failure->gfp | __GFP_NOWARN,
						  PAGE_KERNEL, 0, NUMA_NO_NODE,
						  test), NULL);
	KUNIT_EXPECT_NULL(test, p);
	if (failure->gfp & __GFP_DIRECT_RECLAIM)
		vmk_expect_nothing_lost(test, ledger);
	else
		vmk_expect_nothing_lost_soon(test, ledger);
	vunmap_range(taken, taken + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, page_count(page[0]), 1);
	/* The place is as good as it was. */
	p = __vmalloc_node_range(1023 * PAGE_SIZE, 1, w.start, w.end,
				 GFP_KERNEL, PAGE_KERNEL, 0, NUMA_NO_NODE,
				 test);
	KUNIT_EXPECT_NOT_NULL(test, p);
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

struct failed_events {
	struct task_struct *task;
	unsigned int count;
	unsigned int no_errno;
	unsigned long addr;
};

static void note_failed(void *data, unsigned long addr, unsigned long size,
			unsigned long align, unsigned long vstart,
			unsigned long vend, int failed)
{
	struct failed_events *events = data;

	if (current != events->task || !failed)
		return;
	events->count++;
	events->no_errno += !IS_ERR_VALUE(addr);
	events->addr = addr;
}

static void the_event_says_why_a_request_failed(struct kunit *test)
{
	struct vmk_window window = vmk_window_claim(test, VMK_16P, VMK_16P);
	struct failed_events *events = kunit_kzalloc(test, sizeof(*events),
						     GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, events);
	events->task = current;
	KUNIT_ASSERT_EQ(test, 0, register_trace_alloc_vmap_area(note_failed,
								events));
	KUNIT_EXPECT_NULL(test, vmk_window_area(&window, 16 * PAGE_SIZE, 0));
	unregister_trace_alloc_vmap_area(note_failed, events);
	tracepoint_synchronize_unregister();
	KUNIT_EXPECT_GE(test, events->count, 1);
	KUNIT_EXPECT_EQ_MSG(test, events->no_errno, 0, "the address was %#lx",
			    events->addr);
}

static struct kunit_case vmalloc_count_cases[] = {
	KUNIT_CASE(each_size_is_counted_to_the_page),
	KUNIT_CASE(many_areas_add_up),
	KUNIT_CASE(huge_areas_are_counted_in_pages),
	KUNIT_CASE(pages_of_others_are_not_counted),
	KUNIT_CASE(huge_memory_comes_from_the_node_asked_for),
	KUNIT_CASE_PARAM(what_cannot_be_mapped_is_given_back,
			 failure_gen_params),
	KUNIT_CASE(the_event_says_why_a_request_failed),
	{}
};

static struct kunit_suite vmalloc_count_suite = {
	.name = "vmalloc_count",
	.init = vmk_allow_warnings,
	.exit = vmk_forbid_warnings,
	.test_cases = vmalloc_count_cases,
};

kunit_test_suite(vmalloc_count_suite);
