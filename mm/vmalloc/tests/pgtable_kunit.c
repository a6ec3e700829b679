// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of pgtable.c, in areas that are reserved in the vmalloc space and that
 * nothing else is mapped to.
 */

#include <kunit/test.h>
#include <linux/cacheflush.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "window.h"

#define PAGES	8

/* The area and the pages of a case, which its exit frees. */
struct mapping {
	struct vm_struct *vm;
	struct page *pages[PAGES];
};

static int pgtable_init(struct kunit *test)
{
	struct mapping *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	test->priv = m;
	for (i = 0; i < PAGES; i++) {
		m->pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, m->pages[i]);
		*(int *)page_address(m->pages[i]) = 1000 + i;
	}
	return window_init(test);
}

static void pgtable_exit(struct kunit *test)
{
	struct mapping *m = test->priv;
	int i;

	if (m && m->vm)
		free_vm_area(m->vm);
	window_exit(test);
	for (i = 0; m && i < PAGES; i++)
		if (m->pages[i])
			__free_page(m->pages[i]);
}

/* Addresses to map at; @size is at most a few of PMD_SIZE. */
static unsigned long reserve(struct kunit *test, unsigned long size)
{
	struct mapping *m = test->priv;

	if ((VMALLOC_END - VMALLOC_START) / PMD_SIZE < 8)
		kunit_skip(test, "the vmalloc space has few page tables");
	m->vm = __get_vm_area_node(size, PMD_SIZE, PAGE_SHIFT, VM_MAP,
				VMALLOC_START, VMALLOC_END, NUMA_NO_NODE,
				GFP_KERNEL, __builtin_return_address(0));
	KUNIT_ASSERT_NOT_NULL(test, m->vm);
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)m->vm->addr,
					   PMD_SIZE));
	return (unsigned long)m->vm->addr;
}

static struct page *page_at(unsigned long addr)
{
	return vmalloc_to_page((void *)addr);
}

static void expect_unmapped(struct kunit *test, unsigned long start,
			    unsigned long end)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE)
		KUNIT_EXPECT_NULL(test, page_at(addr));
}

static void mapped_pages_are_found_and_usable(struct kunit *test)
{
	unsigned long addr = reserve(test, PAGES * PAGE_SIZE), at;
	struct mapping *m = test->priv;
	int i;

	expect_unmapped(test, addr, addr + PAGES * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0,
			vmap_pages_range(addr, addr + PAGES * PAGE_SIZE,
					 PAGE_KERNEL, m->pages, PAGE_SHIFT));
	for (i = 0; i < PAGES; i++) {
		at = addr + i * PAGE_SIZE;
		KUNIT_EXPECT_PTR_EQ(test, m->pages[i], page_at(at));
		KUNIT_EXPECT_PTR_EQ(test, m->pages[i], page_at(at + 100));
		KUNIT_EXPECT_EQ(test, page_to_pfn(m->pages[i]),
				vmalloc_to_pfn((void *)at));
		KUNIT_EXPECT_EQ(test, 1000 + i, *(int *)at);
		*(int *)at = 2000 + i;
		KUNIT_EXPECT_EQ(test, 2000 + i,
				*(int *)page_address(m->pages[i]));
	}
	vunmap_range(addr, addr + PAGES * PAGE_SIZE);
	expect_unmapped(test, addr, addr + PAGES * PAGE_SIZE);
}

/* What is mapped next at an address is what is seen there. */
static void address_can_be_mapped_anew(struct kunit *test)
{
	unsigned long addr = reserve(test, PAGE_SIZE);
	struct mapping *m = test->priv;
	int i;

	for (i = 0; i < PAGES; i++) {
		KUNIT_ASSERT_EQ(test, 0,
				vmap_pages_range(addr, addr + PAGE_SIZE,
						 PAGE_KERNEL, m->pages + i,
						 PAGE_SHIFT));
		KUNIT_EXPECT_EQ(test, 1000 + i, READ_ONCE(*(int *)addr));
		vunmap_range(addr, addr + PAGE_SIZE);
	}
}

static void mapping_may_cross_page_tables(struct kunit *test)
{
	unsigned long edge = reserve(test, 2 * PMD_SIZE) + PMD_SIZE;
	unsigned long start = edge - 3 * PAGE_SIZE;
	unsigned long end = start + PAGES * PAGE_SIZE;
	struct mapping *m = test->priv;
	int i;

	KUNIT_ASSERT_EQ(test, 0, vmap_pages_range(start, end, PAGE_KERNEL,
						  m->pages, PAGE_SHIFT));
	for (i = 0; i < PAGES; i++) {
		KUNIT_EXPECT_PTR_EQ(test, m->pages[i],
				    page_at(start + i * PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, 1000 + i,
				*(int *)(start + i * PAGE_SIZE));
	}
	KUNIT_EXPECT_NULL(test, page_at(start - PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, page_at(end));

	/* Of what is unmapped, neighbours take no notice. */
	vunmap_range(edge - PAGE_SIZE, edge + PAGE_SIZE);
	expect_unmapped(test, edge - PAGE_SIZE, edge + PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, m->pages[1], page_at(edge - 2 * PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, m->pages[4], page_at(edge + PAGE_SIZE));
	vunmap_range(start, end);
	expect_unmapped(test, start, end);
}

/* As it is left by a mapping that found no memory for a table. */
static void range_mapped_in_parts_can_be_unmapped(struct kunit *test)
{
	unsigned long start = reserve(test, 3 * PMD_SIZE);
	unsigned long end = start + 3 * PMD_SIZE;
	struct mapping *m = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			vmap_pages_range(start, start + 2 * PAGE_SIZE,
					 PAGE_KERNEL, m->pages, PAGE_SHIFT));
	KUNIT_ASSERT_EQ(test, 0,
			vmap_pages_range(end - PAGE_SIZE, end, PAGE_KERNEL,
					 m->pages + 2, PAGE_SHIFT));
	vunmap_range(start, end);
	expect_unmapped(test, start, end);
	vunmap_range(start, end);
	KUNIT_ASSERT_EQ(test, 0,
			vmap_pages_range(start, start + PAGES * PAGE_SIZE,
					 PAGE_KERNEL, m->pages, PAGE_SHIFT));
	KUNIT_EXPECT_PTR_EQ(test, m->pages[1], page_at(start + PAGE_SIZE));
}

static void physical_memory_is_mapped_in_small_pages(struct kunit *test)
{
	unsigned long addr = reserve(test, 4 * PAGE_SIZE);
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, 0,
			vmap_range_noflush(addr, addr + 4 * PAGE_SIZE,
					   page_to_phys(page), PAGE_KERNEL,
					   PAGE_SHIFT));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_PTR_EQ(test, page + i,
				    page_at(addr + i * PAGE_SIZE));
	vunmap_range(addr, addr + 4 * PAGE_SIZE);
	expect_unmapped(test, addr, addr + 4 * PAGE_SIZE);
	__free_pages(page, 2);
}

/* === Huge mappings === */

#ifdef CONFIG_HAVE_ARCH_HUGE_VMAP
static bool huge_mappings_possible(void)
{
	return arch_vmap_pmd_supported(PAGE_KERNEL);
}
#else
static bool huge_mappings_possible(void)
{
	return false;
}
#endif

static bool is_huge(unsigned long addr)
{
	return pmd_leaf(*pmd_off_k(addr));
}

/*
 * Map PMD_SIZE of @page at @addr and a page of it once more behind. Huge, it
 * takes the place of the page table that small pages have left there.
 */
static void check_huge(struct kunit *test, unsigned long addr,
		       struct page *page)
{
	const unsigned long end = addr + PMD_SIZE;
	unsigned long i;

	KUNIT_EXPECT_EQ(test, 0,
			vmap_range_noflush(addr, end, page_to_phys(page),
					   PAGE_KERNEL, PMD_SHIFT));
	KUNIT_EXPECT_EQ(test, 0,
			vmap_range_noflush(end, end + PAGE_SIZE,
					   page_to_phys(page + 1), PAGE_KERNEL,
					   PMD_SHIFT));
	flush_cache_vmap(addr, end + PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, is_huge(addr));
	KUNIT_EXPECT_FALSE(test, is_huge(end));
	for (i = 0; i < PMD_SIZE / PAGE_SIZE; i++)
		KUNIT_EXPECT_PTR_EQ(test, page + i,
				    page_at(addr + i * PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, page + 1, page_at(end));
	KUNIT_EXPECT_NULL(test, page_at(end + PAGE_SIZE));
	/* What is mapped by its physical address has no shadow of KMSAN. */
	if (!IS_ENABLED(CONFIG_KMSAN))
		KUNIT_EXPECT_EQ(test, *(int *)page_address(page + 1),
				*(int *)end);
	vunmap_range(addr, end + PAGE_SIZE);
	expect_unmapped(test, addr, end + PAGE_SIZE);
}

static void huge_page_is_mapped_where_it_fits(struct kunit *test)
{
	const unsigned int order = PMD_SHIFT - PAGE_SHIFT;
	struct mapping *m = test->priv;
	unsigned long addr;
	struct page *page;

	if (!huge_mappings_possible())
		kunit_skip(test, "the architecture maps no huge pages here");
	/* Elsewhere, a table that is there is in the way. */
	if (!IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "page tables are not replaced on 32 bits");
	page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
	if (!page)
		kunit_skip(test, "no free memory of order %u", order);

	addr = reserve(test, 2 * PMD_SIZE);
	check_huge(test, addr, page);
	KUNIT_EXPECT_EQ(test, 0,
			vmap_pages_range(addr, addr + PAGES * PAGE_SIZE,
					 PAGE_KERNEL, m->pages, PAGE_SHIFT));
	KUNIT_EXPECT_FALSE(test, is_huge(addr));
	vunmap_range(addr, addr + PAGES * PAGE_SIZE);
	check_huge(test, addr, page);
	__free_pages(page, order);
}

static void huge_page_is_not_used_where_it_does_not_fit(struct kunit *test)
{
	const unsigned int order = PMD_SHIFT - PAGE_SHIFT;
	unsigned long addr, end;
	struct page *page;

	if (!huge_mappings_possible())
		kunit_skip(test, "the architecture maps no huge pages here");
	page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
	if (!page)
		kunit_skip(test, "no free memory of order %u", order);

	/* Not aligned, and too short. */
	addr = reserve(test, 2 * PMD_SIZE) + PAGE_SIZE;
	end = addr + PMD_SIZE - PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, 0, vmap_range_noflush(addr, end,
						    page_to_phys(page),
						    PAGE_KERNEL, PMD_SHIFT));
	KUNIT_EXPECT_FALSE(test, is_huge(addr));
	KUNIT_EXPECT_PTR_EQ(test, page, page_at(addr));
	KUNIT_EXPECT_PTR_EQ(test, page + (1 << order) - 2,
			    page_at(end - PAGE_SIZE));
	vunmap_range(addr, end);
	expect_unmapped(test, addr, end);
	__free_pages(page, order);
}

/* A block, a page, and the block again, each where it could have an entry or not. */
static void blocks_of_pages_are_mapped_huge(struct kunit *test)
{
	const unsigned int order = PMD_SHIFT - PAGE_SHIFT, nr = 1U << order;
	struct page **pages, *block;
	unsigned long addr, end;
	unsigned int i;

	if (!huge_mappings_possible())
		kunit_skip(test, "the architecture maps no huge pages here");
	/* What is mapped by its physical address has no shadow. */
	if (IS_ENABLED(CONFIG_KMSAN))
		kunit_skip(test, "not with KMSAN");
	pages = kvmalloc_array(2 * nr + 1, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
	if (!block) {
		kvfree(pages);
		kunit_skip(test, "no free memory of order %u", order);
	}
	for (i = 0; i < nr; i++)
		pages[i] = block + i;
	pages[nr] = block;
	memcpy(pages + nr + 1, pages, nr * sizeof(*pages));

	addr = reserve(test, 3 * PMD_SIZE);
	end = addr + PMD_SIZE + PAGE_SIZE + PMD_SIZE;
	KUNIT_EXPECT_TRUE(test, vmap_pages_are_huge(pages, PAGE_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, vmap_pages_range_huge(addr, end, PAGE_KERNEL,
						       pages));
	KUNIT_EXPECT_TRUE(test, is_huge(addr));
	KUNIT_EXPECT_FALSE(test, is_huge(addr + PMD_SIZE));
	for (i = 0; i < 2 * nr + 1; i++)
		KUNIT_EXPECT_PTR_EQ(test, pages[i],
				    page_at(addr + i * PAGE_SIZE));
	vunmap_range(addr, end);
	expect_unmapped(test, addr, end);

	swap(pages[1], pages[nr - 2]);
	KUNIT_EXPECT_FALSE(test, vmap_pages_are_huge(pages, PAGE_KERNEL));
	/* Contiguous, but not aligned. */
	for (i = 0; i < nr; i++)
		pages[i] = block + 1 + i;
	KUNIT_EXPECT_FALSE(test, vmap_pages_are_huge(pages, PAGE_KERNEL));
	pages[0] = NULL;
	KUNIT_EXPECT_FALSE(test, vmap_pages_are_huge(pages, PAGE_KERNEL));
	__free_pages(block, order);
	kvfree(pages);
}

/* === Addresses === */

static void addresses_are_told_apart(struct kunit *test)
{
	struct mapping *m = test->priv;

	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)VMALLOC_START));
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr((void *)(VMALLOC_END - 1)));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)(VMALLOC_START - 1)));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr((void *)VMALLOC_END));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(page_address(m->pages[0])));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(NULL));
	KUNIT_EXPECT_TRUE(test,
			  is_vmalloc_or_module_addr((void *)VMALLOC_START));
	KUNIT_EXPECT_FALSE(test, is_vmalloc_or_module_addr(m));
}

static struct kunit_case pgtable_cases[] = {
	KUNIT_CASE(mapped_pages_are_found_and_usable),
	KUNIT_CASE(address_can_be_mapped_anew),
	KUNIT_CASE(mapping_may_cross_page_tables),
	KUNIT_CASE(range_mapped_in_parts_can_be_unmapped),
	KUNIT_CASE(physical_memory_is_mapped_in_small_pages),
	KUNIT_CASE(huge_page_is_mapped_where_it_fits),
	KUNIT_CASE(huge_page_is_not_used_where_it_does_not_fit),
	KUNIT_CASE(blocks_of_pages_are_mapped_huge),
	KUNIT_CASE(addresses_are_told_apart),
	{}
};

static struct kunit_suite pgtable_suite = {
	.name = "vmalloc_pgtable",
	.init = pgtable_init,
	.exit = pgtable_exit,
	.test_cases = pgtable_cases,
};

kunit_test_suite(pgtable_suite);
