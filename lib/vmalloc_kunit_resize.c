// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: vrealloc_node_align().  What it keeps: contents, alignment, the node.
 * What it gives back when memory shrinks, to the page; when it does not; and
 * what is there when memory grows again.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/set_memory.h>
#include <linux/slab.h>

#include "vmalloc_kunit.h"

static void *resize(void *p, size_t size, gfp_t gfp)
{
	return vrealloc_node_align(p, size, 1, gfp, NUMA_NO_NODE);
}

/* The pages of @p from the @from-th on: those that are mapped. */
static unsigned int mapped_pages(void *p, unsigned int from, unsigned int to)
{
	unsigned int count = 0;

	for (; from < to; from++)
		count += !!vmalloc_to_page(p + from * PAGE_SIZE);
	return count;
}

static void expect_resized(struct kunit *test, void *p, size_t size,
			   unsigned int pages)
{
	struct vm_struct *area = find_vm_area(p);

	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_PTR_EQ(test, area->addr, p);
	KUNIT_EXPECT_EQ(test, area->requested_size, size);
	KUNIT_EXPECT_EQ(test, area->nr_pages, pages);
	KUNIT_EXPECT_EQ(test, mapped_pages(p, 0, pages), pages);
	KUNIT_EXPECT_EQ(test, 0,
			mapped_pages(p, pages,
				     get_vm_area_size(area) / PAGE_SIZE));
}

/* === What it starts from === */

static void nothing_is_resized_to_new_memory(struct kunit *test)
{
	static const unsigned long aligns[] = { 1, PAGE_SIZE, SZ_64K, SZ_1M };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;
	void *p;

	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		p = vrealloc_node_align(NULL, 5 * PAGE_SIZE + 3, aligns[i],
					GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p,
						   aligns[i]));
		KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 5 * PAGE_SIZE + 3));
		expect_resized(test, p, 5 * PAGE_SIZE + 3, 6);
		KUNIT_EXPECT_NULL(test, vrealloc_node_align(p, 0, aligns[i],
							    GFP_KERNEL,
							    NUMA_NO_NODE));
		KUNIT_EXPECT_NULL(test, find_vm_area(p));
	}
	vmk_expect_nothing_lost(test, ledger);
}

static void memory_that_moves_stays_aligned(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned long align;
	void *p, *q;

	for (align = PAGE_SIZE; align <= SZ_1M; align <<= 2) {
		p = vrealloc_node_align(NULL, PAGE_SIZE, align, GFP_KERNEL,
					NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, p);
		vmk_fill(p, PAGE_SIZE, align);
		q = vrealloc_node_align(p, 9 * PAGE_SIZE, align, GFP_KERNEL,
					NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, q);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)q, align));
		KUNIT_EXPECT_TRUE(test, vmk_holds(q, PAGE_SIZE, align));
		expect_resized(test, q, 9 * PAGE_SIZE, 9);
		if (p != q)
			KUNIT_EXPECT_NULL(test, find_vm_area(p));
		vfree(q);
	}
	vmk_expect_nothing_lost(test, ledger);
}

/* Whether it would have to move or not. */
static void a_larger_alignment_is_refused(struct kunit *test)
{
	static const size_t sizes[] = { 1, PAGE_SIZE, 2 * PAGE_SIZE, SZ_64K };
	struct vmk_window w = vmk_window_claim(test, VMK_16P, VMK_16P);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p, *q = test;
	unsigned int i;

	p = __vmalloc_node_range(2 * PAGE_SIZE, 1, w.start + PAGE_SIZE, w.end,
				 GFP_KERNEL, PAGE_KERNEL, 0, NUMA_NO_NODE, test);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_EQ(test, (unsigned long)p, w.start + PAGE_SIZE);
	vmk_fill(p, 2 * PAGE_SIZE, 3);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		VMK_EXPECT_WARNS(test, 1,
				 q = vrealloc_node_align(p, sizes[i],
							 2 * PAGE_SIZE,
							 GFP_KERNEL,
							 NUMA_NO_NODE),
				 "will not reallocate with a bigger alignment");
		KUNIT_ASSERT_NULL(test, q);
		expect_resized(test, p, 2 * PAGE_SIZE, 2);
		KUNIT_EXPECT_TRUE(test, vmk_holds(p, 2 * PAGE_SIZE, 3));
	}
	/* That it has by chance is enough. */
	VMK_EXPECT_WARNS(test, 0, q = vrealloc_node_align(p, PAGE_SIZE,
							  PAGE_SIZE, GFP_KERNEL,
							  NUMA_NO_NODE), NULL);
	KUNIT_EXPECT_PTR_EQ(test, p, q);
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

static unsigned int pages_elsewhere(void *p, unsigned int pages, int node)
{
	unsigned int count = 0;

	while (pages--)
		count += page_to_nid(vmalloc_to_page(p + pages * PAGE_SIZE)) !=
			 node;
	return count;
}

/* A node is a wish, unless __GFP_THISNODE makes it an order. */
static void memory_moves_to_the_node_it_must_be_on(struct kunit *test)
{
	const gfp_t must = GFP_KERNEL | __GFP_THISNODE;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	int node, other;
	void *p, *q;

	for_each_node_state(node, N_MEMORY) {
		p = vrealloc_node_align(NULL, 4 * PAGE_SIZE, 1, must, node);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, 0, pages_elsewhere(p, 4, node));
		vmk_fill(p, 4 * PAGE_SIZE, 5);
		KUNIT_EXPECT_PTR_EQ(test, p,
				    vrealloc_node_align(p, 4 * PAGE_SIZE, 1,
							must, node));
		KUNIT_EXPECT_PTR_EQ(test, p,
				    vrealloc_node_align(p, 4 * PAGE_SIZE, 1,
							must, NUMA_NO_NODE));
		other = next_node_in(node, node_states[N_MEMORY]);
		KUNIT_EXPECT_PTR_EQ(test, p,
				    vrealloc_node_align(p, 4 * PAGE_SIZE, 1,
							GFP_KERNEL, other));
		if (other != node) {
			q = vrealloc_node_align(p, 3 * PAGE_SIZE, 1, must,
						other);
			KUNIT_ASSERT_NOT_NULL(test, q);
			KUNIT_EXPECT_PTR_NE(test, p, q);
			KUNIT_EXPECT_EQ(test, 0, pages_elsewhere(q, 3, other));
			KUNIT_EXPECT_TRUE(test, vmk_holds(q, 3 * PAGE_SIZE, 5));
			expect_resized(test, q, 3 * PAGE_SIZE, 3);
			p = q;
		}
		vfree(p);
	}
	vmk_expect_nothing_lost(test, ledger);
}

/* === Shrinking === */

static void what_is_cut_off_is_given_back(struct kunit *test)
{
	const unsigned int had = 12, keeps = 5;
	char *buffer = kunit_kmalloc(test, had * PAGE_SIZE, GFP_KERNEL);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	const size_t size = (keeps - 1) * PAGE_SIZE + 33;
	struct page *kept, *cut;
	struct vm_struct *area;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	p = vmalloc(had * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	area = find_vm_area(p);
	vmk_fill(p, had * PAGE_SIZE, 1);
	kept = vmalloc_to_page(p + (keeps - 1) * PAGE_SIZE);
	cut = vmalloc_to_page(p + keeps * PAGE_SIZE);
	get_page(kept);
	get_page(cut);
	vmk_expect_pages(test, ledger, had);

	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, size, GFP_KERNEL));
	expect_resized(test, p, size, keeps);
	vmk_expect_pages(test, ledger, keeps);
	KUNIT_EXPECT_TRUE(test, vmk_holds(p, size, 1));
	KUNIT_EXPECT_EQ(test, page_count(kept), 2);
	KUNIT_EXPECT_EQ(test, page_count(cut), 1);
	put_page(kept);
	put_page(cut);

	/* The addresses stay its own, and read as zeroes. */
	KUNIT_EXPECT_PTR_EQ(test, area, find_vm_area(p));
	KUNIT_EXPECT_PTR_EQ(test, area,
			    find_vm_area(p + (had - 1) * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), had * PAGE_SIZE);
	memset(buffer, 0xff, had * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, had * PAGE_SIZE,
			vmk_vread(buffer, had * PAGE_SIZE, p, had * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, memcmp(buffer, p, size));
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer + keeps * PAGE_SIZE, 0,
					   (had - keeps) * PAGE_SIZE));
	memset(buffer, 0xff, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE,
			vmk_vread(buffer, PAGE_SIZE,
				  p + (had - 2) * PAGE_SIZE + 5, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer, 0, PAGE_SIZE));
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

static void memory_shrinks_page_by_page(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	/* Its array of pages is an area, which stays as it is. */
	const unsigned int had = 520;
	unsigned int array = had * sizeof(struct page *) > PAGE_SIZE ?
			     DIV_ROUND_UP(had * sizeof(struct page *),
					  PAGE_SIZE) : 0;
	unsigned int pages;
	void *p;

	p = vmalloc(had * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	vmk_fill(p, had * PAGE_SIZE, 2);
	vmk_expect_pages(test, ledger, had + array);
	for (pages = had - 1; pages > had - 20; pages--) {
		KUNIT_EXPECT_PTR_EQ(test, p, resize(p, pages * PAGE_SIZE,
						    GFP_KERNEL));
		expect_resized(test, p, pages * PAGE_SIZE, pages);
		vmk_expect_pages(test, ledger, pages + array);
	}
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, 1, GFP_KERNEL));
	expect_resized(test, p, 1, 1);
	vmk_expect_pages(test, ledger, 1 + array);
	KUNIT_EXPECT_TRUE(test, vmk_holds(p, 1, 2));
	vfree_atomic(p);
	KUNIT_EXPECT_TRUE(test, vmk_wait_gone(p));
	vmk_expect_nothing_lost_soon(test, ledger);
}

static void within_a_page_nothing_moves(struct kunit *test)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = resize(NULL, 3 * PAGE_SIZE, gfp);
	size_t size;

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 0xee, 3 * PAGE_SIZE);
	for (size = 3 * PAGE_SIZE; size > 2 * PAGE_SIZE; size -= 500) {
		KUNIT_EXPECT_PTR_EQ(test, p, resize(p, size, gfp));
		expect_resized(test, p, size, 3);
	}
	size += 500;
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, 3 * PAGE_SIZE, gfp));
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0xee, size));
	KUNIT_EXPECT_NULL(test, memchr_inv(p + size, 0, 3 * PAGE_SIZE - size));
	vmk_expect_pages(test, ledger, 3);
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

/* What was cut off is not in there when it grows again, however often. */
static void regrown_memory_is_zeroed(struct kunit *test)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct rnd_state rnd;
	size_t size = 9 * PAGE_SIZE, next, kept = 0;
	unsigned int round;
	u8 *p, *q;

	vmk_seed(test, &rnd);
	p = resize(NULL, size, gfp);
	KUNIT_ASSERT_NOT_NULL(test, p);
	for (round = 0; round < 40; round++) {
		memset(p, 0xee, size);
		next = 1 + vmk_random_below(&rnd, 20 * PAGE_SIZE);
		q = resize(p, next, gfp);
		KUNIT_ASSERT_NOT_NULL(test, q);
		kept = min(size, next);
		KUNIT_EXPECT_NULL(test, memchr_inv(q, 0xee, kept));
		if (next > size)
			KUNIT_EXPECT_NULL(test, memchr_inv(q + size, 0,
							   next - size));
		/* No more is kept than is needed, and no less. */
		expect_resized(test, q, next, DIV_ROUND_UP(next, PAGE_SIZE));
		p = q;
		size = next;
	}
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

/* Those that it has, it grows into; those that it had are others' by then. */
static void what_was_given_back_has_to_be_got_again(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = vmalloc(8 * PAGE_SIZE), *q;

	KUNIT_ASSERT_NOT_NULL(test, p);
	vmk_fill(p, 8 * PAGE_SIZE, 4);
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, PAGE_SIZE + 1, GFP_KERNEL));
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, 2 * PAGE_SIZE, GFP_KERNEL));
	q = resize(p, 2 * PAGE_SIZE + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_EXPECT_TRUE(test, vmk_holds(q, PAGE_SIZE + 1, 4));
	expect_resized(test, q, 2 * PAGE_SIZE + 1, 3);
	vmk_expect_pages(test, ledger, 3);
	if (p != q)
		KUNIT_EXPECT_NULL(test, find_vm_area(p));
	vfree(q);
	vmk_expect_nothing_lost(test, ledger);
}

static void addresses_stay_taken(struct kunit *test)
{
	struct vmk_window w = vmk_window_claim(test, VMK_16P, VMK_16P);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area;
	void *p;

	p = __vmalloc_node_range(15 * PAGE_SIZE, 1, w.start, w.end, GFP_KERNEL,
				 PAGE_KERNEL, 0, NUMA_NO_NODE, test);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, PAGE_SIZE, GFP_KERNEL));
	vm_unmap_aliases();
	KUNIT_EXPECT_NULL(test, vmk_window_area(&w, PAGE_SIZE, VM_NO_GUARD));
	vfree(p);
	area = vmk_window_area(&w, 15 * PAGE_SIZE, 0);
	KUNIT_EXPECT_NOT_NULL(test, area);
	if (area)
		free_vm_area(area);
	vmk_expect_nothing_lost(test, ledger);
}

/* === What does not shrink === */

static void *plain_memory(size_t size)
{
	return vmalloc(size);
}

/* User space may map any page of it. */
static void *user_memory(size_t size)
{
	return vmalloc_user(size);
}

/* Its direct map is put right for all of it at once. */
static void *memory_to_reset(size_t size)
{
	void *p = vmalloc(size);

	if (p)
		set_vm_flush_reset_perms(p);
	return p;
}

static const struct firm {
	const char *name;
	void *(*get)(size_t size);
	gfp_t gfp;
} firms[] = {
	{ "VM_USERMAP", user_memory, GFP_KERNEL | __GFP_ZERO },
	{ "VM_FLUSH_RESET_PERMS", memory_to_reset, GFP_KERNEL },
	/* Where one comes from reclaim, that may be why. */
	{ "GFP_NOFS", plain_memory, GFP_NOFS },
	{ "GFP_NOIO", plain_memory, GFP_NOIO },
};

static void firm_name(const struct firm *firm, char *name)
{
	strscpy(name, firm->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(firm, firms, firm_name);

static void some_memory_keeps_its_pages(struct kunit *test)
{
	const struct firm *firm = test->param_value;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = firm->get(6 * PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, p);
	vmk_fill(p, 6 * PAGE_SIZE, 6);
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, PAGE_SIZE + 9, firm->gfp));
	expect_resized(test, p, PAGE_SIZE + 9, 6);
	vmk_expect_pages(test, ledger, 6);
	KUNIT_EXPECT_TRUE(test, vmk_holds(p, PAGE_SIZE + 9, 6));
	/* And so it grows where it is. */
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, 6 * PAGE_SIZE, firm->gfp));
	expect_resized(test, p, 6 * PAGE_SIZE, 6);
	if (firm->gfp & __GFP_ZERO)
		KUNIT_EXPECT_NULL(test, memchr_inv(p + PAGE_SIZE + 9, 0,
						   5 * PAGE_SIZE - 9));
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

static void large_blocks_are_not_broken(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned long pages;
	void *p;

	if (2 * PMD_SIZE > (VMALLOC_END - VMALLOC_START) / 4)
		kunit_skip(test, "the space is too small to have room for sure");
	p = vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	pages = find_vm_area(p)->nr_pages;
	if (!is_vm_area_hugepages(p)) {
		vfree(p);
		kunit_skip(test, "no huge pages were got");
	}
	vmk_fill(p, PMD_SIZE, 7);
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, PMD_SIZE / 2, GFP_KERNEL));
	expect_resized(test, p, PMD_SIZE / 2, pages);
	KUNIT_EXPECT_TRUE(test, vmk_holds(p, PMD_SIZE / 2, 7));
	KUNIT_EXPECT_PTR_EQ(test, p, resize(p, 2 * PMD_SIZE, GFP_KERNEL));
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

static struct kunit_case vmalloc_resize_cases[] = {
	KUNIT_CASE(nothing_is_resized_to_new_memory),
	KUNIT_CASE(memory_that_moves_stays_aligned),
	KUNIT_CASE(a_larger_alignment_is_refused),
	KUNIT_CASE(memory_moves_to_the_node_it_must_be_on),
	KUNIT_CASE(what_is_cut_off_is_given_back),
	KUNIT_CASE(memory_shrinks_page_by_page),
	KUNIT_CASE(within_a_page_nothing_moves),
	KUNIT_CASE(regrown_memory_is_zeroed),
	KUNIT_CASE(what_was_given_back_has_to_be_got_again),
	KUNIT_CASE(addresses_stay_taken),
	KUNIT_CASE_PARAM(some_memory_keeps_its_pages, firm_gen_params),
	KUNIT_CASE(large_blocks_are_not_broken),
	{}
};

static struct kunit_suite vmalloc_resize_suite = {
	.name = "vmalloc_resize",
	.init = vmk_allow_warnings,
	.exit = vmk_forbid_warnings,
	.test_cases = vmalloc_resize_cases,
};

kunit_test_suite(vmalloc_resize_suite);
