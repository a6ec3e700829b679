// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: mappings of pages the caller owns (vmap, vm_map_ram, sparse and I/O
 * areas), reading through vread_iter(), and remapping to user space.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mman.h>
#include <linux/minmax.h>
#include <linux/pgtable.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "vmalloc_kunit.h"

/* Expect @addr to map exactly @page[0..count-1], both ways, and no more. */
static void expect_mapped(struct kunit *test, void *addr, struct page **page,
			  unsigned int count)
{
	unsigned int i, bad = 0;

	for (i = 0; i < count; i++) {
		void *at = addr + i * PAGE_SIZE;

		bad += vmalloc_to_page(at + i) != page[i];
		vmk_fill(at, PAGE_SIZE, i);
	}
	for (i = 0; i < count; i++) {
		bad += !vmk_page_holds(page[i], i);
		vmk_fill_page(page[i], ~i);
	}
	for (i = 0; i < count; i++)
		bad += !vmk_holds(addr + i * PAGE_SIZE, PAGE_SIZE, ~i);
	KUNIT_EXPECT_EQ_MSG(test, bad, 0, "mapping differs from its pages");
}

static void expect_unmapped(struct kunit *test, void *addr, unsigned int count)
{
	unsigned int i, bad = 0;

	for (i = 0; i < count; i++)
		bad += !!vmalloc_to_page(addr + i * PAGE_SIZE);
	KUNIT_EXPECT_EQ_MSG(test, bad, 0, "pages are still mapped");
}

static unsigned int shared_pages(struct page **page, unsigned int count)
{
	unsigned int shared = 0;

	while (count--)
		shared += page_count(page[count]) != 1;
	return shared;
}

static const unsigned int counts[] = {
	1, 2, 3, 16, VMK_BLOCK_PAGES - 1, VMK_BLOCK_PAGES, VMK_BLOCK_PAGES + 1,
	100, 300, 1024,
};

static void count_name(const unsigned int *count, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%u pages", *count);
}

KUNIT_ARRAY_PARAM(count, counts, count_name);

static void vmap_maps_the_pages_given(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value;
	struct page **page = vmk_alloc_pages(test, count);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area;
	struct rnd_state rnd;
	unsigned int i;
	void *p;

	vmk_seed(test, &rnd);
	for (i = count; i > 1; i--) {
		unsigned int other = vmk_random_below(&rnd, i);

		swap(page[i - 1], page[other]);
	}
	p = vmap(page, count, VM_MAP, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	area = find_vm_area(p);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_PTR_EQ(test, area->addr, p);
	KUNIT_EXPECT_EQ(test, area->flags, VM_MAP);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), count * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, area->pages);
	expect_mapped(test, p, page, count);
	expect_unmapped(test, p + count * PAGE_SIZE, 1);
	vunmap(p);
	KUNIT_EXPECT_NULL(test, find_vm_area(p));
	expect_unmapped(test, p, count);
	KUNIT_EXPECT_EQ(test, shared_pages(page, count), 0);
	vmk_expect_nothing_lost(test, ledger);
}

static void swap_in_first(struct page **page, unsigned int nr)
{
	swap(page[1], page[nr - 2]);
}

static void swap_in_second(struct page **page, unsigned int nr)
{
	swap(page[nr + 1], page[nr + 2]);
}

static void rotate(struct page **page, unsigned int nr)
{
	struct page *last = page[2 * nr - 1];

	memmove(page + 1, page, (2 * nr - 1) * sizeof(*page));
	page[0] = last;
}

static void halves(struct page **page, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		swap(page[i], page[nr + i]);
}

/* Pages of two blocks, each as large as a translation may be, in some order. */
static const struct block_order {
	const char *name;
	void (*arrange)(struct page **page, unsigned int nr);
} block_orders[] = {
	{ "as they are", NULL },
	{ "two pages of the first swapped", swap_in_first },
	{ "two pages of the second swapped", swap_in_second },
	{ "the last page first", rotate },
	{ "the second block first", halves },
};

static void block_order_name(const struct block_order *order, char *name)
{
	strscpy(name, order->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(block_order, block_orders, block_order_name);

static void vmap_maps_blocks(struct kunit *test)
{
	const struct block_order *order = test->param_value;
	unsigned int nr = PMD_SIZE / PAGE_SIZE, i;
	struct page **page, *block[2];
	void *p;

	if (PMD_SIZE > SZ_4M)
		kunit_skip(test, "a block has %lu MB", PMD_SIZE / SZ_1M);
	page = kunit_kzalloc(test, 2 * nr * sizeof(*page), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < 2; i++)
		block[i] = alloc_pages(GFP_KERNEL | __GFP_NOWARN,
				       PMD_SHIFT - PAGE_SHIFT);
	for (i = 0; i < 2 * nr && block[0] && block[1]; i++)
		page[i] = block[i / nr] + i % nr;
	if (page[0]) {
		if (order->arrange)
			order->arrange(page, nr);
		p = vmap(page, 2 * nr, VM_MAP, PAGE_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, p);
		if (p) {
			expect_mapped(test, p, page, 2 * nr);
			expect_unmapped(test, p + 2 * PMD_SIZE, 1);
			vunmap(p);
			expect_unmapped(test, p, 2 * nr);
		}
	}
	for (i = 0; i < 2; i++)
		if (block[i])
			__free_pages(block[i], PMD_SHIFT - PAGE_SHIFT);
	if (!page[0])
		kunit_skip(test, "memory is fragmented");
}

static void vmap_may_alias(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 2);
	struct page *same[5] = { page[0], page[0], page[1], page[0], page[0] };
	void *p = vmap(same, 5, VM_MAP, PAGE_KERNEL);
	void *q = vmap(page, 2, VM_MAP, PAGE_KERNEL_RO);

	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_NOT_NULL(test, q);
	if (p && q) {
		vmk_fill(p + 3 * PAGE_SIZE, PAGE_SIZE, 1);
		vmk_fill(p + 2 * PAGE_SIZE, PAGE_SIZE, 2);
		KUNIT_EXPECT_TRUE(test, vmk_holds(p, PAGE_SIZE, 1));
		KUNIT_EXPECT_TRUE(test, vmk_holds(p + 4 * PAGE_SIZE,
						  PAGE_SIZE, 1));
		KUNIT_EXPECT_TRUE(test, vmk_holds(q, PAGE_SIZE, 1));
		KUNIT_EXPECT_TRUE(test, vmk_holds(q + PAGE_SIZE, PAGE_SIZE, 2));
	}
	vunmap(p);
	vunmap(q);
}

static void vfree_drops_pages_handed_to_vmap(struct kunit *test)
{
	unsigned int count = 600, i;
	struct page **page = vmk_alloc_pages(test, count), **handed;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p;

	handed = kvmalloc_array(count, sizeof(*handed), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, handed);
	for (i = 0; i < count; i++) {
		get_page(page[i]);
		handed[i] = page[i];
	}
	p = vmap(handed, count, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, find_vm_area(p)->nr_pages, count);
	KUNIT_EXPECT_PTR_EQ(test, find_vm_area(p)->pages, handed);
	expect_mapped(test, p, page, count);
	vfree(p);
	KUNIT_EXPECT_NULL(test, find_vm_area(p));
	KUNIT_EXPECT_EQ(test, shared_pages(page, count), 0);
	vmk_expect_nothing_lost(test, ledger);
}

static void vmap_pfn_maps_what_has_no_page(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned long pfn[4] = { vmk_pfn_without_page() };
	struct vm_struct *area;
	void *p;
	int i;

	if (!IS_ENABLED(CONFIG_VMAP_PFN))
		kunit_skip(test, "needs CONFIG_VMAP_PFN");
	if (IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "UML maps nothing but its own memory");
	for (i = 1; i < ARRAY_SIZE(pfn); i++)
		pfn[i] = pfn[0];
	p = vmap_pfn(pfn, ARRAY_SIZE(pfn), PAGE_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	area = find_vm_area(p);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, area->flags, VM_IOREMAP);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area),
			ARRAY_SIZE(pfn) * PAGE_SIZE);
	if (IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP) || IS_ENABLED(CONFIG_FLATMEM))
		for (i = 0; i < ARRAY_SIZE(pfn); i++)
			KUNIT_EXPECT_EQ(test, pfn[i],
					vmalloc_to_pfn(p + i * PAGE_SIZE));
	vunmap(p);
	expect_unmapped(test, p, ARRAY_SIZE(pfn));
	vmk_expect_nothing_lost(test, ledger);
}

static void vm_map_ram_maps_the_pages_given(struct kunit *test)
{
	unsigned int count = *(const unsigned int *)test->param_value;
	struct page **page = vmk_alloc_pages(test, count);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int round;
	void *p;

	for (round = 0; round < 3; round++) {
		p = vm_map_ram(page, count, NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
		KUNIT_EXPECT_NULL(test, find_vm_area(p));
		KUNIT_EXPECT_NOT_NULL(test, find_vmap_area((unsigned long)p));
		expect_mapped(test, p, page, count);
		vm_unmap_ram(p, count);
		expect_unmapped(test, p, count);
		vm_unmap_aliases();
	}
	KUNIT_EXPECT_EQ(test, shared_pages(page, count), 0);
	vmk_force_purge();
	vmk_expect_nothing_lost(test, ledger);
}

/* Long-lived and short-lived mappings mixed: blocks fragment and come back. */
static void vm_map_ram_space_is_reused(struct kunit *test)
{
	enum { SLOTS = 48, STEPS = 6000 };
	struct page **page = vmk_alloc_pages(test, VMK_BLOCK_PAGES + 8);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int count[SLOTS], step, i, bad = 0;
	struct rnd_state rnd;
	void *p[SLOTS] = { };

	vmk_seed(test, &rnd);
	for (step = 0; step < STEPS + SLOTS; step++) {
		i = step < STEPS ? vmk_random_below(&rnd, SLOTS) : step - STEPS;
		if (p[i]) {
			bad += vmalloc_to_page(p[i]) != page[0];
			vm_unmap_ram(p[i], count[i]);
			p[i] = NULL;
		} else if (step < STEPS) {
			count[i] = 1 + vmk_random_below(&rnd,
							VMK_BLOCK_PAGES + 8);
			p[i] = vm_map_ram(page, count[i], NUMA_NO_NODE);
			bad += !p[i];
		}
		if (step % 512 == 0)
			vm_unmap_aliases();
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
	/* Blocks: far fewer areas than mappings, and none stays behind. */
	vmk_force_purge();
	KUNIT_EXPECT_EQ(test, vmk_ledger_live(ledger), 0);
	KUNIT_EXPECT_LT(test, ledger->entries, STEPS / 2);
	kunit_info(test, "%u areas for %u calls\n", ledger->entries, STEPS);
}

static void sparse_areas_map_on_demand(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 4);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area = get_vm_area(64 * PAGE_SIZE, VM_SPARSE);
	unsigned long start, end;

	KUNIT_ASSERT_NOT_NULL(test, area);
	start = (unsigned long)area->addr + 7 * PAGE_SIZE;
	end = start + 4 * PAGE_SIZE;
	expect_unmapped(test, area->addr, 64);
	KUNIT_EXPECT_EQ(test, 0, vm_area_map_pages(area, start, end, page));
	expect_mapped(test, (void *)start, page, 4);
	expect_unmapped(test, area->addr, 7);
	expect_unmapped(test, (void *)end, 64 - 11);
	vm_area_unmap_pages(area, start, start + PAGE_SIZE);
	expect_unmapped(test, (void *)start, 1);
	KUNIT_EXPECT_PTR_EQ(test, page[1],
			    vmalloc_to_page((void *)start + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, vm_area_map_pages(area, start,
						   start + PAGE_SIZE, page));
	vunmap_range(end - PAGE_SIZE, end);
	expect_unmapped(test, (void *)end - PAGE_SIZE, 1);
	/* The last page, and what is still mapped when the area goes. */
	end = (unsigned long)area->addr + get_vm_area_size(area);
	KUNIT_EXPECT_EQ(test, 0, vm_area_map_pages(area, end - PAGE_SIZE, end,
						   page + 3));
	start = (unsigned long)area->addr;
	free_vm_area(area);
	expect_unmapped(test, (void *)start, 64);
	KUNIT_EXPECT_EQ(test, shared_pages(page, 4), 0);
	vmk_expect_nothing_lost(test, ledger);
}

/* Whoever owns an area may fill it by hand, a part at a time. */
static void areas_are_filled_by_hand(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 9);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area = get_vm_area(12 * PAGE_SIZE, VM_MAP);
	unsigned long start, at, end;

	KUNIT_ASSERT_NOT_NULL(test, area);
	start = (unsigned long)area->addr;
	at = start + 2 * PAGE_SIZE;
	end = at + 9 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, 0, vmap_pages_range(at, at + 4 * PAGE_SIZE,
						  PAGE_KERNEL, page,
						  PAGE_SHIFT));
	KUNIT_EXPECT_EQ(test, 0, vmap_pages_range(at + 4 * PAGE_SIZE, end,
						  PAGE_KERNEL, page + 4,
						  PAGE_SHIFT));
	expect_mapped(test, (void *)at, page, 9);
	expect_unmapped(test, area->addr, 2);
	expect_unmapped(test, (void *)end, 1);
	vunmap_range(at, at + 3 * PAGE_SIZE);
	expect_unmapped(test, (void *)at, 3);
	KUNIT_EXPECT_EQ(test, 0, vmap_pages_range(at, at + 3 * PAGE_SIZE,
						  PAGE_KERNEL, page,
						  PAGE_SHIFT));
	expect_mapped(test, (void *)at, page, 9);
	free_vm_area(area);
	expect_unmapped(test, (void *)start, 12);
	KUNIT_EXPECT_EQ(test, shared_pages(page, 9), 0);
	vmk_expect_nothing_lost(test, ledger);
}

static void io_areas_map_physical_ranges(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	const int order = 3;
	unsigned long start, end;
	struct vm_struct *area;
	struct page *page;
	int i;

	if (IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "UML has no I/O memory");
	/* Written to by its other mapping: KMSAN would not know. */
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
	KUNIT_ASSERT_NOT_NULL(test, page);
	area = get_vm_area(PAGE_SIZE << order, VM_IOREMAP);
	KUNIT_ASSERT_NOT_NULL(test, area);
	start = (unsigned long)area->addr;
	end = start + (PAGE_SIZE << order);
	KUNIT_EXPECT_EQ(test, 0, ioremap_page_range(start, end,
						    page_to_phys(page),
						    PAGE_KERNEL));
	for (i = 0; i < 1 << order; i++) {
		void *at = area->addr + i * PAGE_SIZE;

		KUNIT_EXPECT_PTR_EQ(test, page + i, vmalloc_to_page(at));
	}
	vmk_fill(area->addr, PAGE_SIZE << order, 3);
	KUNIT_EXPECT_TRUE(test, vmk_holds(page_address(page),
					  PAGE_SIZE << order, 3));
	free_vm_area(area);
	__free_pages(page, order);
	vmk_expect_nothing_lost(test, ledger);
}

/* No memory is touched: any physical address will do. */
static void io_areas_map_huge_pages(struct kunit *test)
{
#ifdef CONFIG_HAVE_ARCH_HUGE_VMAP
	struct page **page = vmk_alloc_pages(test, 1);
	phys_addr_t phys = ALIGN_DOWN(page_to_phys(page[0]), PMD_SIZE);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area;
	unsigned long start;
	bool fits;

	if (IS_ENABLED(CONFIG_UML) || !arch_vmap_pmd_supported(PAGE_KERNEL))
		kunit_skip(test, "no huge mappings on this machine");
	area = get_vm_area(PMD_SIZE, VM_IOREMAP);
	KUNIT_ASSERT_NOT_NULL(test, area);
	start = (unsigned long)area->addr;
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(start, PMD_SIZE));
	/* PAE copies tables to each task, so none there is may be replaced. */
	fits = !IS_ENABLED(CONFIG_X86_32) || pmd_none(*pmd_off_k(start));
	KUNIT_EXPECT_EQ(test, 0, ioremap_page_range(start, start + PMD_SIZE,
						    phys, PAGE_KERNEL));
	KUNIT_EXPECT_EQ(test, !!pmd_leaf(*pmd_off_k(start)),
			fits && !vmk_booted_with("nohugeiomap"));
	free_vm_area(area);
	vmk_expect_nothing_lost(test, ledger);
#else
	kunit_skip(test, "no huge mappings on this architecture");
#endif
}

static void vread_copies_areas(struct kunit *test)
{
	const size_t size = 5 * PAGE_SIZE;
	char *buffer = kunit_kmalloc(test, 2 * size, GFP_KERNEL);
	void *p = vzalloc(size);

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	KUNIT_ASSERT_NOT_NULL(test, p);
	vmk_fill(p, size, 9);
	memset(buffer, 0xff, 2 * size);
	KUNIT_EXPECT_EQ(test, size, vmk_vread(buffer, size, p, size));
	KUNIT_EXPECT_EQ(test, 0, memcmp(buffer, p, size));
	KUNIT_EXPECT_EQ(test, 3000, vmk_vread(buffer, 3000, p + 1234, 3000));
	KUNIT_EXPECT_EQ(test, 0, memcmp(buffer, p + 1234, 3000));
	/* The guard page reads as zeros. */
	memset(buffer, 0xff, 2 * size);
	KUNIT_EXPECT_EQ(test, size + PAGE_SIZE,
			vmk_vread(buffer, 2 * size, p, size + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, memcmp(buffer, p, size));
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer + size, 0, PAGE_SIZE));
	vfree(p);
	/* And so does a freed area. */
	KUNIT_EXPECT_EQ(test, size, vmk_vread(buffer, size, p, size));
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer, 0, size));
}

/*
 *   window  |  hole  | area a |g|  hole  | I/O area |g| area b |g| hole |
 *   page    0        2        4 5        8         12 16      18 19    24
 */
static void vread_zeroes_holes_between_areas(struct kunit *test)
{
	struct vmk_window all = vmk_window_claim(test, 24 * PAGE_SIZE, SZ_64K);
	struct page **page = vmk_alloc_pages(test, 2);
	static const struct {
		unsigned int at, pages;
		unsigned long flags;
	} place[] = {
		{ 2, 2, VM_MAP }, { 8, 4, VM_IOREMAP }, { 16, 2, VM_MAP },
	};
	struct vm_struct *area[ARRAY_SIZE(place)] = { };
	unsigned long from, to;
	char *buffer, *at;
	int i;

	buffer = kunit_kmalloc(test, 24 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buffer);
	memset(buffer, 0xff, 24 * PAGE_SIZE);
	vmk_fill_page(page[0], 0);
	vmk_fill_page(page[1], 1);
	for (i = 0; i < ARRAY_SIZE(place); i++) {
		struct vmk_window exact = {
			.start = all.start + place[i].at * PAGE_SIZE,
		};

		exact.end = exact.start + (place[i].pages + 1) * PAGE_SIZE;
		area[i] = vmk_window_area(&exact, place[i].pages * PAGE_SIZE,
					  place[i].flags | VM_SPARSE);
		KUNIT_EXPECT_NOT_NULL(test, area[i]);
		if (!area[i])
			goto out;
		from = exact.start;
		to = from + 2 * PAGE_SIZE;
		KUNIT_EXPECT_EQ(test, 0, vm_area_map_pages(area[i], from, to,
							   page));
		/* Only now, so that it could be mapped above. */
		area[i]->flags &= ~VM_SPARSE;
	}
	KUNIT_EXPECT_EQ(test, 24 * PAGE_SIZE,
			vmk_vread(buffer, 24 * PAGE_SIZE, (void *)all.start,
				  24 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer, 0, 2 * PAGE_SIZE));
	at = buffer + 2 * PAGE_SIZE;
	KUNIT_EXPECT_TRUE(test, vmk_holds(at, PAGE_SIZE, 0));
	KUNIT_EXPECT_TRUE(test, vmk_holds(at + PAGE_SIZE, PAGE_SIZE, 1));
	at = buffer + 4 * PAGE_SIZE;
	KUNIT_EXPECT_NULL(test, memchr_inv(at, 0, 12 * PAGE_SIZE));
	at = buffer + 16 * PAGE_SIZE;
	KUNIT_EXPECT_TRUE(test, vmk_holds(at, PAGE_SIZE, 0));
	KUNIT_EXPECT_TRUE(test, vmk_holds(at + PAGE_SIZE, PAGE_SIZE, 1));
	at = buffer + 18 * PAGE_SIZE;
	KUNIT_EXPECT_NULL(test, memchr_inv(at, 0, 6 * PAGE_SIZE));
out:
	for (i = 0; i < ARRAY_SIZE(place); i++)
		if (area[i])
			free_vm_area(area[i]);
}

static void vread_zeroes_sparse_areas(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 2);
	struct vm_struct *area = get_vm_area(2 * PAGE_SIZE, VM_SPARSE);
	char *buffer = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	unsigned long start, end;

	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_ASSERT_NOT_NULL(test, buffer);
	start = (unsigned long)area->addr;
	end = start + 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, 0, vm_area_map_pages(area, start, end, page));
	vmk_fill(area->addr, 2 * PAGE_SIZE, 5);
	memset(buffer, 0xff, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE,
			vmk_vread(buffer, 2 * PAGE_SIZE, area->addr,
				  2 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer, 0, 2 * PAGE_SIZE));
	free_vm_area(area);
}

static void vread_copies_vm_map_ram(struct kunit *test)
{
	static const unsigned int some[] = { 4, VMK_BLOCK_PAGES + 2 };
	struct page **page = vmk_alloc_pages(test, VMK_BLOCK_PAGES + 2);
	size_t room = (VMK_BLOCK_PAGES + 2) * PAGE_SIZE;
	char *buffer = kunit_kmalloc(test, room, GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		size_t size = some[i] * PAGE_SIZE;
		void *p;

		vmk_force_purge();
		p = vm_map_ram(page, some[i], NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, p);
		vmk_fill(p, size, i);
		memset(buffer, 0xff, room);
		KUNIT_EXPECT_EQ(test, size, vmk_vread(buffer, size, p, size));
		KUNIT_EXPECT_EQ(test, 0, memcmp(buffer, p, size));
		vm_unmap_ram(p, some[i]);
	}
}

static void vread_starts_inside_vm_map_ram(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 4);
	char *buffer = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	void *p, *inner;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	p = vm_map_ram(page, 4, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	vmk_fill(p, 4 * PAGE_SIZE, 6);
	inner = p + 2 * PAGE_SIZE + 100;
	KUNIT_EXPECT_EQ(test, PAGE_SIZE,
			vmk_vread(buffer, PAGE_SIZE, inner, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, memcmp(buffer, inner, PAGE_SIZE));
	vm_unmap_ram(p, 4);
}

static void user_space_sees_remapped_pages(struct kunit *test)
{
	const unsigned int count = 6;
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_area_struct *vma;
	struct page *page;
	unsigned long user;
	u8 *buffer, *p;
	int ret = -1;

	buffer = kunit_kmalloc(test, 4 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buffer);
	user = kunit_vm_mmap(test, NULL, 0, 4 * PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, user, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(user));
	p = vmalloc_user(count * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	vmk_fill(p, count * PAGE_SIZE, 4);

	mmap_write_lock(current->mm);
	vma = find_vma(current->mm, user);
	if (vma) {
		KUNIT_EXPECT_EQ(test, -EINVAL, remap_vmalloc_range(vma, p, 3));
		ret = remap_vmalloc_range(vma, p, 2);
		KUNIT_EXPECT_EQ(test, VM_DONTEXPAND | VM_DONTDUMP,
				vma->vm_flags & (VM_DONTEXPAND | VM_DONTDUMP));
	}
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, 0, ret);
	KUNIT_EXPECT_EQ(test, 0, copy_from_user(buffer, (void __user *)user,
						4 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, memcmp(buffer, p + 2 * PAGE_SIZE,
					4 * PAGE_SIZE));
	page = vmalloc_to_page(p + 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 1, page_count(vmalloc_to_page(p)));
	KUNIT_EXPECT_EQ(test, 2, page_count(page));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(user, 4 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, page_count(page));
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

static void freeing_resets_permissions(struct kunit *test)
{
	enum { COUNT = 9 };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct page *page[COUNT];
	unsigned int round, i;
	void *p;

	for (round = 0; round < 4; round++) {
		p = vmalloc(COUNT * PAGE_SIZE);
		KUNIT_ASSERT_NOT_NULL(test, p);
		vmk_fill(p, COUNT * PAGE_SIZE, round);
		for (i = 0; i < COUNT; i++) {
			page[i] = vmalloc_to_page(p + i * PAGE_SIZE);
			get_page(page[i]);
		}
		set_vm_flush_reset_perms(p);
		KUNIT_EXPECT_TRUE(test, find_vm_area(p)->flags &
				  VM_FLUSH_RESET_PERMS);
		KUNIT_EXPECT_EQ(test, 0, set_memory_ro((unsigned long)p,
						       COUNT));
		KUNIT_EXPECT_TRUE(test, vmk_holds(p, COUNT * PAGE_SIZE, round));
		vfree(p);
		KUNIT_EXPECT_NULL(test, find_vm_area(p));
		/* Faults here if the direct map was left read-only. */
		for (i = 0; i < COUNT; i++) {
			vmk_fill_page(page[i], i);
			KUNIT_EXPECT_TRUE(test, vmk_page_holds(page[i], i));
			KUNIT_EXPECT_EQ(test, page_count(page[i]), 1);
			__free_page(page[i]);
		}
	}
	vmk_expect_nothing_lost(test, ledger);
}

static struct kunit_case vmalloc_map_cases[] = {
	KUNIT_CASE_PARAM(vmap_maps_the_pages_given, count_gen_params),
	KUNIT_CASE_PARAM(vmap_maps_blocks, block_order_gen_params),
	KUNIT_CASE(vmap_may_alias),
	KUNIT_CASE(vfree_drops_pages_handed_to_vmap),
	KUNIT_CASE(vmap_pfn_maps_what_has_no_page),
	KUNIT_CASE_PARAM(vm_map_ram_maps_the_pages_given, count_gen_params),
	KUNIT_CASE(vm_map_ram_space_is_reused),
	KUNIT_CASE(sparse_areas_map_on_demand),
	KUNIT_CASE(areas_are_filled_by_hand),
	KUNIT_CASE(io_areas_map_physical_ranges),
	KUNIT_CASE(io_areas_map_huge_pages),
	KUNIT_CASE(vread_copies_areas),
	KUNIT_CASE(vread_zeroes_holes_between_areas),
	KUNIT_CASE(vread_zeroes_sparse_areas),
	KUNIT_CASE(vread_copies_vm_map_ram),
	KUNIT_CASE(vread_starts_inside_vm_map_ram),
	KUNIT_CASE(user_space_sees_remapped_pages),
	KUNIT_CASE(freeing_resets_permissions),
	{}
};

static struct kunit_suite vmalloc_map_suite = {
	.name = "vmalloc_map",
	.init = vmk_init,
	.test_cases = vmalloc_map_cases,
};

kunit_test_suite(vmalloc_map_suite);
