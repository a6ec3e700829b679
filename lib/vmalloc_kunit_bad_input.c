// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: arguments no caller should pass.  Each case asserts what the stock
 * allocator answers, how often it warns and with which words, and that no area
 * and no page is lost on the way.  Warnings are wanted here, so panic_on_warn
 * is lifted for the length of each case; a warning too many fails the case.
 *
 * Not tried, since nothing can be expected of them:
 *
 *  - vm_map_ram() of more pages than the array has, and any NULL array
 *  - vunmap() of vmalloc() memory: frees the area, its pages are lost for good
 *  - vm_unmap_ram() with a large count on somebody else's area
 *  - vrealloc() of an inner address: believed to be an area of the same size
 *  - vfree() of an inner address of memory kmemleak watches
 *  - remap_vmalloc_range_partial() of size 0 into a vma larger than the area
 */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "vmalloc_kunit.h"

static const char bad_address[] = "Trying to vfree() bad address";
static const char not_to_vfree[] = "Trying to vfree() nonexistent vm area";
static const char not_to_vunmap[] = "Trying to vunmap() nonexistent vm area";
static const char not_to_vrealloc[] =
	"Trying to vrealloc() nonexistent vm area";

/* Numbers the compiler must not know, lest it argue with the call. */
static unsigned long hidden(unsigned long value)
{
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

static void sizes_of_nothing_are_refused(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned long zero = hidden(0);
	void *p = test;

	VMK_EXPECT_WARNS(test, 1, p = vmalloc(zero), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vzalloc(zero), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vmalloc_user(zero), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vmalloc_32(zero), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vmalloc_32_user(zero), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vmalloc_node(zero, 0), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vzalloc_node(zero, 0), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = __vmalloc(zero, GFP_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vmalloc_huge(zero, GFP_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, p = get_vm_area(zero, VM_ALLOC), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, p = get_vm_area(zero, VM_IOREMAP), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, p = get_vm_area(zero, VM_NO_GUARD), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, p = vrealloc(NULL, zero, GFP_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, ledger->entries, 0);
	vmk_expect_nothing_lost(test, ledger);
}

static void sizes_beyond_memory_are_refused(struct kunit *test)
{
	const unsigned long sizes[] = {
		ULONG_MAX, ULONG_MAX - PAGE_SIZE, -PAGE_SIZE, -2 * PAGE_SIZE,
		-3 * PAGE_SIZE + 1, ULONG_MAX / 2 + 1, ULONG_MAX / 2,
	};
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;
	void *p = test;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long size = hidden(sizes[i]);

		VMK_EXPECT_WARNS(test, 0, p = __vmalloc(size, gfp), NULL);
		KUNIT_EXPECT_NULL(test, p);
		VMK_EXPECT_WARNS(test, 0, p = vmalloc_huge(size, gfp), NULL);
		KUNIT_EXPECT_NULL(test, p);
		VMK_EXPECT_WARNS(test, 0, p = vmalloc(size), NULL);
		KUNIT_EXPECT_NULL(test, p);
		VMK_EXPECT_WARNS(test, 0, p = vmalloc_user(size), NULL);
		KUNIT_EXPECT_NULL(test, p);
		VMK_EXPECT_WARNS(test, 0, p = vrealloc(NULL, size, gfp), NULL);
		KUNIT_EXPECT_NULL(test, p);
		VMK_EXPECT_WARNS(test, 0, p = get_vm_area(size, 0), NULL);
		KUNIT_EXPECT_NULL(test, p);
		VMK_EXPECT_WARNS(test, 0, p = get_vm_area(size, VM_IOREMAP),
				 NULL);
		KUNIT_EXPECT_NULL(test, p);
		VMK_EXPECT_WARNS(test, 0, p = get_vm_area(size, VM_NO_GUARD),
				 NULL);
		KUNIT_EXPECT_NULL(test, p);
	}
	KUNIT_EXPECT_EQ(test, ledger->entries, 0);
	vmk_expect_nothing_lost(test, ledger);
}

static void *alloc_in(unsigned long size, unsigned long align,
		      unsigned long start, unsigned long end)
{
	return __vmalloc_node_range(hidden(size), align, start, end,
				    GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, 0,
				    NUMA_NO_NODE, __builtin_return_address(0));
}

static void impossible_alignments_and_windows_are_refused(struct kunit *test)
{
	struct vmk_window w = vmk_window_claim(test, VMK_16P, VMK_16P);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	const struct {
		unsigned long size, align, start, end;
	} bad[] = {
		{ PAGE_SIZE, 0, w.start, w.end },
		{ PAGE_SIZE, 3, w.start, w.end },
		{ PAGE_SIZE, PAGE_SIZE + 1, w.start, w.end },
		{ PAGE_SIZE, ULONG_MAX, w.start, w.end },
		{ PAGE_SIZE, 1UL << (BITS_PER_LONG - 1), w.start, w.end },
		{ PAGE_SIZE, VMK_16P, w.start + PAGE_SIZE, w.end },
		{ PAGE_SIZE, 1, w.start, w.start },
		{ PAGE_SIZE, 1, w.end, w.start },
		{ PAGE_SIZE, 1, w.start, 0 },
		{ PAGE_SIZE, 1, ULONG_MAX, ULONG_MAX },
		{ PAGE_SIZE, 1, -PAGE_SIZE, ULONG_MAX },
		{ PAGE_SIZE, 1, -PAGE_SIZE, 0 },
		{ VMK_16P, 1, w.start, w.end },
	};
	unsigned int i;
	void *p = test;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		VMK_EXPECT_WARNS(test, 0,
				 p = alloc_in(bad[i].size, bad[i].align,
					      bad[i].start, bad[i].end), NULL);
		KUNIT_EXPECT_NULL_MSG(test, p, "row %u", i);
	}
	KUNIT_EXPECT_NULL(test, __get_vm_area_caller(PAGE_SIZE, 0, w.end,
						     w.start, test));
	KUNIT_EXPECT_NULL(test, __get_vm_area_caller(VMK_16P, 0, w.start, w.end,
						     test));
	KUNIT_EXPECT_EQ(test, ledger->entries, 0);
	vmk_expect_nothing_lost(test, ledger);
}

static void vunmap_in_interrupt_context(const void *p)
{
	local_bh_disable();
	vunmap(p);
	local_bh_enable();
}

/* The mapping is lost to nobody: addresses and pages are as they were. */
static void vunmap_in_interrupt_context_changes_nothing(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 2);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p;

	p = vmap(page, 2, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, vunmap_in_interrupt_context(p), NULL);
	KUNIT_EXPECT_TRUE(test, vmk_area_at(p));
	KUNIT_EXPECT_PTR_EQ(test, page[1], vmalloc_to_page(p + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, page_count(page[1]));
	VMK_EXPECT_WARNS(test, 0, vunmap(p), NULL);
	KUNIT_EXPECT_FALSE(test, vmk_area_at(p));
	vmk_expect_nothing_lost(test, ledger);
}

static void an_uneven_window_yields_whole_pages(struct kunit *test)
{
	struct vmk_window w = vmk_window_claim(test, VMK_16P, VMK_16P);
	struct vm_struct *area;

	w.start += 100;
	area = vmk_window_area(&w, PAGE_SIZE, 0);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(area->addr));
	free_vm_area(area);
}

static void freeing_nothing_is_silent(struct kunit *test)
{
	VMK_EXPECT_WARNS(test, 0, vfree(NULL), NULL);
	VMK_EXPECT_WARNS(test, 0, vfree_atomic(NULL), NULL);
	VMK_EXPECT_WARNS(test, 0, vunmap(NULL), NULL);
	VMK_EXPECT_WARNS(test, 0, remove_vm_area(NULL), NULL);
	KUNIT_EXPECT_NULL(test, remove_vm_area(NULL));
	KUNIT_EXPECT_NULL(test, find_vm_area(NULL));
	KUNIT_EXPECT_NULL(test, find_vm_area((void *)ULONG_MAX));
	KUNIT_EXPECT_NULL(test, find_vmap_area(0));
}

static void freeing_foreign_memory_warns(struct kunit *test)
{
	struct vmk_window free = vmk_window_claim(test, VMK_16P, VMK_16P);
	char *slab = kunit_kzalloc(test, 64, GFP_KERNEL);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *hole = (void *)free.start, *page;

	KUNIT_ASSERT_NOT_NULL(test, slab);
	page = (void *)__get_free_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	/* Unaligned: said to be bad, then not to exist. */
	slab += PAGE_ALIGNED(slab) ? 8 : 0;
	VMK_EXPECT_WARNS(test, 2, vfree(slab), bad_address);
	VMK_EXPECT_WARNS(test, 2, vfree(slab), not_to_vfree);
	VMK_EXPECT_WARNS(test, 2, vunmap(slab), bad_address);
	VMK_EXPECT_WARNS(test, 2, vunmap(slab), not_to_vunmap);
	VMK_EXPECT_WARNS(test, 1, remove_vm_area(slab), bad_address);
	VMK_EXPECT_WARNS(test, 1, vfree(page), not_to_vfree);
	VMK_EXPECT_WARNS(test, 1, vunmap(page), not_to_vunmap);
	VMK_EXPECT_WARNS(test, 0, remove_vm_area(page), NULL);
	VMK_EXPECT_WARNS(test, 1, vfree(hole), not_to_vfree);
	VMK_EXPECT_WARNS(test, 1, vunmap(hole), not_to_vunmap);
	VMK_EXPECT_WARNS(test, 1, vfree((void *)PAGE_MASK), not_to_vfree);
	VMK_EXPECT_WARNS(test, 2, vfree((void *)1), bad_address);
	KUNIT_EXPECT_EQ(test, 1, page_count(virt_to_page(page)));
	free_page((unsigned long)page);
	vmk_expect_nothing_lost(test, ledger);
}

static void freeing_twice_warns(struct kunit *test)
{
	struct vmk_window w = vmk_window_claim(test, VMK_16P, VMK_16P);
	struct page **page = vmk_alloc_pages(test, 3);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area;
	unsigned long start, end;
	void *p;

	p = alloc_in(2 * PAGE_SIZE, 1, w.start, w.end);
	KUNIT_ASSERT_NOT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, vfree(p), NULL);
	VMK_EXPECT_WARNS(test, 1, vfree(p), not_to_vfree);
	vm_unmap_aliases();
	VMK_EXPECT_WARNS(test, 1, vfree(p), not_to_vfree);

	area = vmk_window_area(&w, 3 * PAGE_SIZE, VM_MAP | VM_SPARSE);
	KUNIT_ASSERT_NOT_NULL(test, area);
	p = area->addr;
	start = (unsigned long)p;
	end = start + 3 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, 0, vm_area_map_pages(area, start, end, page));
	VMK_EXPECT_WARNS(test, 0, vunmap(p), NULL);
	VMK_EXPECT_WARNS(test, 1, vunmap(p), not_to_vunmap);
	vm_unmap_aliases();
	VMK_EXPECT_WARNS(test, 1, vunmap(p), not_to_vunmap);
	VMK_EXPECT_WARNS(test, 0, p = remove_vm_area(p), NULL);
	KUNIT_EXPECT_NULL(test, p);
	vmk_expect_nothing_lost(test, ledger);
}

static void inner_addresses_free_the_whole_if_aligned(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 4);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = vmap(page, 4, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 2, vunmap(p + 5), bad_address);
	VMK_EXPECT_WARNS(test, 2, vfree(p + PAGE_SIZE + 8), not_to_vfree);
	KUNIT_EXPECT_TRUE(test, vmk_area_at(p));
	KUNIT_EXPECT_PTR_EQ(test, page[3], vmalloc_to_page(p + 3 * PAGE_SIZE));
	VMK_EXPECT_WARNS(test, 0, vunmap(p + 2 * PAGE_SIZE), NULL);
	KUNIT_EXPECT_FALSE(test, vmk_area_at(p));
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(p));

	/* vfree() of a vmap() frees the mapping and leaves the pages. */
	p = vmap(page, 4, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, vfree(p + 4 * PAGE_SIZE), NULL);
	KUNIT_EXPECT_FALSE(test, vmk_area_at(p));
	KUNIT_EXPECT_EQ(test, 1, page_count(page[0]));
	vmk_expect_nothing_lost(test, ledger);
}

static void freeing_vm_map_ram_as_an_area_warns(struct kunit *test)
{
	unsigned int count = VMK_BLOCK_PAGES + 1;
	struct page **page = vmk_alloc_pages(test, count);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p;

	p = vm_map_ram(page, count, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, vfree(p), not_to_vfree);
	VMK_EXPECT_WARNS(test, 1, vunmap(p), not_to_vunmap);
	VMK_EXPECT_WARNS(test, 0, remove_vm_area(p), NULL);
	KUNIT_EXPECT_PTR_EQ(test, page[0], vmalloc_to_page(p));
	KUNIT_EXPECT_TRUE(test, vmk_area_at(p));
	VMK_EXPECT_WARNS(test, 0, vm_unmap_ram(p, count), NULL);
	vmk_expect_nothing_lost(test, ledger);
}

static void free_vm_area_wants_its_own_area(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area, *copy;

	area = get_vm_area(PAGE_SIZE, 0);
	KUNIT_ASSERT_NOT_NULL(test, area);
	copy = kmemdup(area, sizeof(*area), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	VMK_EXPECT_WARNS(test, 1, free_vm_area(copy), NULL);
	KUNIT_EXPECT_PTR_EQ(test, area, find_vm_area(area->addr));
	kfree(copy);
	VMK_EXPECT_WARNS(test, 0, free_vm_area(area), NULL);
	vmk_expect_nothing_lost(test, ledger);
}

static void vmap_refuses_bad_pages_counts_and_flags(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 4);
	struct page *holed[4] = { page[0], page[1], NULL, page[3] };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = test;

	VMK_EXPECT_WARNS(test, 0, p = vmap(page, 0, VM_MAP, PAGE_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, p = vmap(page, UINT_MAX, VM_MAP, PAGE_KERNEL),
			 NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vmap(holed, 4, VM_MAP, PAGE_KERNEL),
			 NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vmap(holed, 4, VM_MAP | VM_MAP_PUT_PAGES,
					   PAGE_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vmap(page, 4,
					   VM_MAP | VM_FLUSH_RESET_PERMS,
					   PAGE_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	if (IS_ENABLED(CONFIG_FLATMEM) ||
	    IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP)) {
		holed[2] = pfn_to_page(vmk_pfn_without_page());
		VMK_EXPECT_WARNS(test, 1, p = vmap(holed, 4, VM_MAP,
						   PAGE_KERNEL), NULL);
		KUNIT_EXPECT_NULL(test, p);
	}
	KUNIT_EXPECT_EQ(test, 1, page_count(page[0]));
	vmk_expect_nothing_lost(test, ledger);
}

static void vmap_adds_the_guard_page_anyway(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 2);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = NULL;

	VMK_EXPECT_WARNS(test, 1, p = vmap(page, 2, VM_MAP | VM_NO_GUARD,
					   PAGE_KERNEL), NULL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, find_vm_area(p)->size, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, find_vm_area(p)->flags, VM_MAP);
	vunmap(p);
	vmk_expect_nothing_lost(test, ledger);
}

static void vmap_pfn_refuses_real_pages(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 1);
	unsigned long pfn[2] = { page_to_pfn(page[0]), page_to_pfn(page[0]) };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = test;

	if (!IS_ENABLED(CONFIG_VMAP_PFN))
		kunit_skip(test, "needs CONFIG_VMAP_PFN");
	VMK_EXPECT_WARNS(test, 1, p = vmap_pfn(pfn, 2, PAGE_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, p = vmap_pfn(pfn, 0, PAGE_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	vmk_expect_nothing_lost(test, ledger);
}

static void vm_map_ram_refuses_bad_pages_and_counts(struct kunit *test)
{
	unsigned int count = VMK_BLOCK_PAGES + 4;
	struct page **page = vmk_alloc_pages(test, count), *kept = page[3];
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = test;

	VMK_EXPECT_WARNS(test, 1, p = vm_map_ram(page, 0, NUMA_NO_NODE), NULL);
	KUNIT_EXPECT_NULL(test, p);
	page[3] = NULL;
	VMK_EXPECT_WARNS(test, 1, p = vm_map_ram(page, 5, NUMA_NO_NODE), NULL);
	KUNIT_EXPECT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, p = vm_map_ram(page, count, NUMA_NO_NODE),
			 NULL);
	KUNIT_EXPECT_NULL(test, p);
	page[3] = kept;
	if (BITS_PER_LONG == 32) {
		VMK_EXPECT_WARNS(test, 0, p = vm_map_ram(page, UINT_MAX,
							 NUMA_NO_NODE), NULL);
		KUNIT_EXPECT_NULL(test, p);
	}
	vmk_force_purge();
	vmk_expect_nothing_lost(test, ledger);
}

static void unmapping_unknown_ram_warns(struct kunit *test)
{
	struct vmk_window w = vmk_window_claim(test, VMK_256P, VMK_256P);
	unsigned int count = VMK_BLOCK_PAGES + 1;
	struct page **page = vmk_alloc_pages(test, count);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *hole = (void *)w.start, *p;

	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(hole, count), NULL);
	p = vm_map_ram(page, count, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 0, vm_unmap_ram(p, count), NULL);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(p, count), NULL);
	vmk_expect_nothing_lost(test, ledger);
}

static void unmapping_impossible_ram_warns(struct kunit *test)
{
	struct vmk_window w = vmk_window_claim(test, VMK_256P, VMK_256P);
	struct page **page = vmk_alloc_pages(test, 4);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p;

	p = vm_map_ram(page, 4, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(NULL, 1), NULL);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(NULL, VMK_BLOCK_PAGES + 1),
			 NULL);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(p + 8, 4), NULL);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(p, 0), NULL);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram((void *)PAGE_SIZE, 1), NULL);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram((void *)w.start, 1), NULL);
	KUNIT_EXPECT_PTR_EQ(test, page[3], vmalloc_to_page(p + 3 * PAGE_SIZE));
	VMK_EXPECT_WARNS(test, 0, vm_unmap_ram(p, 4), NULL);
	vmk_force_purge();
	vmk_expect_nothing_lost(test, ledger);
}

/* Only all of it can be unmapped, even of what is an area of its own. */
static void unmapping_part_of_large_ram_warns(struct kunit *test)
{
	unsigned int count = VMK_BLOCK_PAGES + 2;
	struct page **page = vmk_alloc_pages(test, count);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p;

	p = vm_map_ram(page, count, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(p + PAGE_SIZE, count - 1), NULL);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(p, count - 1), NULL);
	VMK_EXPECT_WARNS(test, 1, vm_unmap_ram(p, count + 1), NULL);
	KUNIT_EXPECT_PTR_EQ(test, page[1], vmalloc_to_page(p + PAGE_SIZE));
	VMK_EXPECT_WARNS(test, 0, vm_unmap_ram(p, count), NULL);
	vmk_expect_nothing_lost(test, ledger);
}

static void reallocation_checks_its_arguments(struct kunit *test)
{
	char *slab = kunit_kzalloc(test, 64, GFP_KERNEL);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	unsigned long much = hidden(ULONG_MAX);
	void *p = vmalloc(PAGE_SIZE), *q = test;

	KUNIT_ASSERT_NOT_NULL(test, slab);
	KUNIT_ASSERT_NOT_NULL(test, p);
	slab += PAGE_ALIGNED(slab) ? 8 : 0;
	VMK_EXPECT_WARNS(test, 1, q = vrealloc(slab, PAGE_SIZE, gfp),
			 not_to_vrealloc);
	KUNIT_EXPECT_NULL(test, q);
	VMK_EXPECT_WARNS(test, 2, q = vrealloc(slab, 0, gfp), not_to_vfree);
	KUNIT_EXPECT_NULL(test, q);
	/* A failure leaves the old memory alone. */
	vmk_fill(p, PAGE_SIZE, 1);
	VMK_EXPECT_WARNS(test, 0, q = vrealloc(p, much, gfp), NULL);
	KUNIT_EXPECT_NULL(test, q);
	KUNIT_EXPECT_TRUE(test, vmk_area_at(p));
	KUNIT_EXPECT_TRUE(test, vmk_holds(p, PAGE_SIZE, 1));
	KUNIT_EXPECT_EQ(test, find_vm_area(p)->requested_size, PAGE_SIZE);
	VMK_EXPECT_WARNS(test, 0, vfree(p), NULL);
	VMK_EXPECT_WARNS(test, 1, q = vrealloc(p, PAGE_SIZE, gfp),
			 not_to_vrealloc);
	KUNIT_EXPECT_NULL(test, q);
	vmk_expect_nothing_lost(test, ledger);
}

static struct kunit_case vmalloc_bad_input_cases[] = {
	KUNIT_CASE(sizes_of_nothing_are_refused),
	KUNIT_CASE(sizes_beyond_memory_are_refused),
	KUNIT_CASE(impossible_alignments_and_windows_are_refused),
	KUNIT_CASE(vunmap_in_interrupt_context_changes_nothing),
	KUNIT_CASE(an_uneven_window_yields_whole_pages),
	KUNIT_CASE(freeing_nothing_is_silent),
	KUNIT_CASE(freeing_foreign_memory_warns),
	KUNIT_CASE(freeing_twice_warns),
	KUNIT_CASE(inner_addresses_free_the_whole_if_aligned),
	KUNIT_CASE(freeing_vm_map_ram_as_an_area_warns),
	KUNIT_CASE(free_vm_area_wants_its_own_area),
	KUNIT_CASE(vmap_refuses_bad_pages_counts_and_flags),
	KUNIT_CASE(vmap_adds_the_guard_page_anyway),
	KUNIT_CASE(vmap_pfn_refuses_real_pages),
	KUNIT_CASE(vm_map_ram_refuses_bad_pages_and_counts),
	KUNIT_CASE(unmapping_unknown_ram_warns),
	KUNIT_CASE(unmapping_impossible_ram_warns),
	KUNIT_CASE(unmapping_part_of_large_ram_warns),
	KUNIT_CASE(reallocation_checks_its_arguments),
	{}
};

static struct kunit_suite vmalloc_bad_input_suite = {
	.name = "vmalloc_bad_input",
	.init = vmk_allow_warnings,
	.exit = vmk_forbid_warnings,
	.test_cases = vmalloc_bad_input_cases,
};

kunit_test_suite(vmalloc_bad_input_suite);
