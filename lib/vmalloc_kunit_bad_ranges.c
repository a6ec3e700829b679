// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: arguments no caller should pass, continued: notifiers, page tables,
 * remapping, sparse and I/O areas, reading and per-CPU groups.  The rules are
 * those of vmalloc_kunit_bad_input.c.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/slab.h>

#include "vmalloc_kunit.h"

static int do_nothing(struct notifier_block *nb, unsigned long unused,
		      void *freed)
{
	return NOTIFY_DONE;
}

static void notifiers_register_once(struct kunit *test)
{
	static struct notifier_block nb = { .notifier_call = do_nothing };
	int ret = 0;

	KUNIT_EXPECT_EQ(test, 0, register_vmap_purge_notifier(&nb));
	VMK_EXPECT_WARNS(test, 1, ret = register_vmap_purge_notifier(&nb),
			 "already registered");
	KUNIT_EXPECT_EQ(test, -EEXIST, ret);
	KUNIT_EXPECT_EQ(test, 0, unregister_vmap_purge_notifier(&nb));
	KUNIT_EXPECT_EQ(test, -ENOENT, unregister_vmap_purge_notifier(&nb));
}

static void remapping_checks_its_arguments(struct kunit *test)
{
	struct vmk_window hole = vmk_window_claim(test, VMK_16P, VMK_16P);
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma),
						   GFP_KERNEL);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	const unsigned long user = SZ_1M, size = 4 * PAGE_SIZE;
	void *p = vmalloc_user(size), *plain = vmalloc(size);
	const struct {
		unsigned long user;
		void *kernel;
		unsigned long pgoff, size;
		int error;
	} row[] = {
		{ user + 1, p, 0, PAGE_SIZE, -EINVAL },
		{ user, p + 1, 0, PAGE_SIZE, -EINVAL },
		{ user, NULL, 0, PAGE_SIZE, -EINVAL },
		{ user, (void *)hole.start, 0, PAGE_SIZE, -EINVAL },
		{ user, vma, 0, PAGE_SIZE, -EINVAL },
		{ user, plain, 0, PAGE_SIZE, -EINVAL },
		{ user, p, 0, size + 1, -EINVAL },
		{ user, p, 0, -2 * PAGE_SIZE, -EINVAL },
		{ user, p, 4, 1, -EINVAL },
		{ user, p, 1, size, -EINVAL },
		{ user, p, ULONG_MAX, PAGE_SIZE, -EINVAL },
		{ user, p, ULONG_MAX >> PAGE_SHIFT, PAGE_SIZE, -EINVAL },
		{ user, p, ULONG_MAX >> PAGE_SHIFT, 2 * PAGE_SIZE, -EINVAL },
		/* Fine, but for a vma that holds no address at all. */
		{ user, p, 0, size, -EFAULT },
		{ user, p, 3, 1, -EFAULT },
	};
	unsigned int i;
	int ret = 0;

	KUNIT_ASSERT_NOT_NULL(test, vma);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, plain);
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		ret = remap_vmalloc_range_partial(vma, row[i].user,
						  row[i].kernel, row[i].pgoff,
						  row[i].size);
		KUNIT_EXPECT_EQ_MSG(test, row[i].error, ret, "row %u", i);
	}
	ret = remap_vmalloc_range_partial(vma, user, p, 0, 0);
	KUNIT_EXPECT_LT(test, ret, 0);
	ret = remap_vmalloc_range_partial(vma, user, p, 0, ULONG_MAX);
	KUNIT_EXPECT_LT(test, ret, 0);
	vma->vm_start = user;
	vma->vm_end = user + size;
	KUNIT_EXPECT_EQ(test, -EINVAL, remap_vmalloc_range(vma, p, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, remap_vmalloc_range(vma, plain, 0));
	KUNIT_EXPECT_EQ(test, 1, page_count(vmalloc_to_page(p)));
	vfree(p);
	vfree(plain);
	vmk_expect_nothing_lost(test, ledger);
}

/* As /proc/vmcore has it: what counts is where the area ends. */
static void remapping_begins_in_the_middle(struct kunit *test)
{
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma),
						   GFP_KERNEL);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	const unsigned long user = SZ_1M, size = 4 * PAGE_SIZE;
	void *p = vmalloc_user(size);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, vma);
	KUNIT_ASSERT_NOT_NULL(test, p);
	ret = remap_vmalloc_range_partial(vma, user, p + PAGE_SIZE, 0, size);
	KUNIT_EXPECT_EQ(test, -EINVAL, ret);
	ret = remap_vmalloc_range_partial(vma, user, p + PAGE_SIZE, 3, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL, ret);
	/* Fine, but for a vma that holds no address at all. */
	ret = remap_vmalloc_range_partial(vma, user, p + PAGE_SIZE, 2, 1);
	KUNIT_EXPECT_EQ(test, -EFAULT, ret);
	KUNIT_EXPECT_EQ(test, 1, page_count(vmalloc_to_page(p)));
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

static void sparse_calls_check_their_area(struct kunit *test)
{
	static const unsigned long flags[] = {
		0, VM_SPARSE | VM_NO_GUARD, VM_SPARSE | VM_FLUSH_RESET_PERMS,
		VM_ALLOC,
	};
	struct page **page = vmk_alloc_pages(test, 2);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned long start, end;
	struct vm_struct *area;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		area = get_vm_area(4 * PAGE_SIZE, flags[i]);
		KUNIT_ASSERT_NOT_NULL(test, area);
		start = (unsigned long)area->addr;
		end = start + 2 * PAGE_SIZE;
		VMK_EXPECT_WARNS(test, 1, ret = vm_area_map_pages(area, start,
								  end, page),
				 NULL);
		KUNIT_EXPECT_EQ(test, -EINVAL, ret);
		VMK_EXPECT_WARNS(test, 1, vm_area_unmap_pages(area, start, end),
				 NULL);
		KUNIT_EXPECT_NULL(test, vmalloc_to_page(area->addr));
		area->flags &= ~VM_FLUSH_RESET_PERMS;
		free_vm_area(area);
	}
	vmk_expect_nothing_lost(test, ledger);
}

static void sparse_calls_check_their_range(struct kunit *test)
{
	struct page **page = vmk_alloc_pages(test, 2);
	struct page *holed[2] = { page[0], NULL };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area = get_vm_area(4 * PAGE_SIZE, VM_SPARSE);
	unsigned long start, half, end, below, beyond;
	int ret = 0;

	KUNIT_ASSERT_NOT_NULL(test, area);
	start = (unsigned long)area->addr;
	end = start + 4 * PAGE_SIZE;
	below = start - PAGE_SIZE;
	beyond = end + PAGE_SIZE;
	ret = vm_area_map_pages(area, below, start, page);
	KUNIT_EXPECT_EQ(test, -ERANGE, ret);
	ret = vm_area_map_pages(area, end - PAGE_SIZE, beyond, page);
	KUNIT_EXPECT_EQ(test, -ERANGE, ret);
	ret = vm_area_map_pages(area, end, beyond, page);
	KUNIT_EXPECT_EQ(test, -ERANGE, ret);
	ret = vm_area_map_pages(area, start + PAGE_SIZE, start, page);
	KUNIT_EXPECT_EQ(test, -E2BIG, ret);
	half = start + 2 * PAGE_SIZE;
	VMK_EXPECT_WARNS(test, 1,
			 ret = vm_area_map_pages(area, start, half, holed),
			 NULL);
	KUNIT_EXPECT_LT(test, ret, 0);
	vm_area_unmap_pages(area, start, start + 2 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(area->addr));

	/* Over a page that is mapped: refused, and left as it was. */
	half = start + PAGE_SIZE;
	ret = vm_area_map_pages(area, start, half, page + 1);
	KUNIT_EXPECT_EQ(test, 0, ret);
	VMK_EXPECT_WARNS(test, 1,
			 ret = vm_area_map_pages(area, start, half, page),
			 NULL);
	KUNIT_EXPECT_LT(test, ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, page[1], vmalloc_to_page(area->addr));
	VMK_EXPECT_WARNS(test, 0, vm_area_unmap_pages(area, end, beyond), NULL);
	free_vm_area(area);
	vmk_expect_nothing_lost(test, ledger);
}

static void empty_page_table_ranges_warn(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct page **page = vmk_alloc_pages(test, 1);
	struct vm_struct *area;
	unsigned long start;
	int ret = 0;

	area = get_vm_area(4 * PAGE_SIZE, VM_SPARSE);
	KUNIT_ASSERT_NOT_NULL(test, area);
	start = (unsigned long)area->addr;
	VMK_EXPECT_WARNS(test, 1, ret = vm_area_map_pages(area, start, start,
							  page), NULL);
	KUNIT_EXPECT_NE(test, 0, ret);
	VMK_EXPECT_WARNS(test, 1, vm_area_unmap_pages(area, start, start),
			 NULL);
	VMK_EXPECT_WARNS(test, 1, vunmap_range(start, start), NULL);
	VMK_EXPECT_WARNS(test, 1, vunmap_range(start + PAGE_SIZE, start), NULL);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(area->addr));
	free_vm_area(area);
	vmk_expect_nothing_lost(test, ledger);
}

static void io_mappings_match_their_area(struct kunit *test)
{
	struct vmk_window hole = vmk_window_claim(test, VMK_16P, VMK_16P);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *io = get_vm_area(4 * PAGE_SIZE, VM_IOREMAP);
	struct vm_struct *other = get_vm_area(4 * PAGE_SIZE, VM_MAP);
	unsigned long start, end, size = 4 * PAGE_SIZE;
	int ret = 0;

	KUNIT_ASSERT_NOT_NULL(test, io);
	KUNIT_ASSERT_NOT_NULL(test, other);
	start = (unsigned long)other->addr;
	VMK_EXPECT_WARNS(test, 1, ret = ioremap_page_range(start, start + size,
							   0, PAGE_KERNEL),
			 "is not marked as VM_IOREMAP");
	KUNIT_EXPECT_EQ(test, -EINVAL, ret);
	start = hole.start;
	VMK_EXPECT_WARNS(test, 1, ret = ioremap_page_range(start, start + size,
							   0, PAGE_KERNEL),
			 "is not marked as VM_IOREMAP");
	KUNIT_EXPECT_EQ(test, -EINVAL, ret);
	start = (unsigned long)io->addr;
	end = start + size;
	VMK_EXPECT_WARNS(test, 1,
			 ret = ioremap_page_range(start, end + PAGE_SIZE, 0,
						  PAGE_KERNEL),
			 "doesn't match vm_area");
	KUNIT_EXPECT_EQ(test, -ERANGE, ret);
	VMK_EXPECT_WARNS(test, 1,
			 ret = ioremap_page_range(start + PAGE_SIZE, end, 0,
						  PAGE_KERNEL),
			 "doesn't match vm_area");
	KUNIT_EXPECT_EQ(test, -ERANGE, ret);
	VMK_EXPECT_WARNS(test, 1, ret = ioremap_page_range(start, start, 0,
							   PAGE_KERNEL),
			 "doesn't match vm_area");
	KUNIT_EXPECT_EQ(test, -ERANGE, ret);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(io->addr));
	free_vm_area(io);
	free_vm_area(other);
	vmk_expect_nothing_lost(test, ledger);
}

static void reading_nonsense_reads_zeros(struct kunit *test)
{
	struct vmk_window hole = vmk_window_claim(test, VMK_16P, VMK_16P);
	u8 *to = kunit_kmalloc(test, 4 * PAGE_SIZE, GFP_KERNEL);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *at = (void *)hole.start, *last = (void *)ULONG_MAX;
	const size_t room = 4 * PAGE_SIZE;
	void *p = vmalloc(PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, to);
	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(to, 0xff, room);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, vmk_vread(to, room, NULL, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(to, 0, PAGE_SIZE));
	memset(to, 0xff, room);
	KUNIT_EXPECT_EQ(test, room, vmk_vread(to, room, at + 1, room));
	KUNIT_EXPECT_NULL(test, memchr_inv(to, 0, room));
	/* Up to the end of all addresses and not around it. */
	memset(to, 0xff, room);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE,
			vmk_vread(to, room, (void *)-PAGE_SIZE, 2 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(to, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0xff, to[PAGE_SIZE]);
	KUNIT_EXPECT_EQ(test, 1, vmk_vread(to, room, last, SIZE_MAX));
	KUNIT_EXPECT_EQ(test, 0, vmk_vread(to, room, p, 0));
	KUNIT_EXPECT_EQ(test, 0, vmk_vread(to, room, at, 0));
	/* No more than there is room for. */
	KUNIT_EXPECT_EQ(test, 10, vmk_vread(to, 10, p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 10, vmk_vread(to, 10, at, PAGE_SIZE));
	vfree(p);
	vmk_expect_nothing_lost(test, ledger);
}

static void unmapped_addresses_have_no_page(struct kunit *test)
{
	struct vmk_window hole = vmk_window_claim(test, VMK_16P, VMK_16P);

	VMK_EXPECT_WARNS(test, 0, vmalloc_to_page((void *)hole.start), NULL);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page((void *)hole.start));
	KUNIT_EXPECT_NULL(test, vmalloc_to_page((void *)hole.start + 77));
}

#ifdef CONFIG_SMP
static void percpu_groups_larger_than_space_warn(struct kunit *test)
{
	unsigned long offset[2] = { 0, -SZ_64M };
	size_t size[2] = { SZ_1M, SZ_1M };
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	void *p = test;

	VMK_EXPECT_WARNS(test, 1, p = pcpu_get_vm_areas(offset, size, 2, SZ_1M,
							GFP_KERNEL), NULL);
	KUNIT_EXPECT_NULL(test, p);
	vmk_expect_nothing_lost(test, ledger);
}

static void percpu_groups_are_checked(struct kunit *test)
{
	static const struct {
		unsigned long offset[2];
		size_t size[2];
		int count;
		size_t align;
	} bad[] = {
		{ { 0, SZ_1M }, { SZ_1M, SZ_1M }, 2, 0 },
		{ { 0, SZ_1M }, { SZ_1M, SZ_1M }, 2, 3 * PAGE_SIZE },
		{ { 0, SZ_1M }, { SZ_1M, SZ_1M }, 2, PAGE_SIZE / 2 },
		{ { 0, SZ_1M + 1 }, { SZ_1M, SZ_1M }, 2, PAGE_SIZE },
		{ { 0, SZ_1M }, { SZ_1M, SZ_1M - 1 }, 2, PAGE_SIZE },
		{ { 0, SZ_1M / 2 }, { SZ_1M, SZ_1M }, 2, PAGE_SIZE },
		{ { 0, SZ_1M }, { SZ_1M, SZ_1M }, 0, PAGE_SIZE },
	};
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int i;
	void *p = test;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		VMK_EXPECT_WARNS(test, 1,
				 p = pcpu_get_vm_areas(bad[i].offset,
						       bad[i].size,
						       bad[i].count,
						       bad[i].align,
						       GFP_KERNEL), NULL);
		KUNIT_EXPECT_NULL_MSG(test, p, "row %u", i);
	}
	vmk_expect_nothing_lost(test, ledger);
}
#endif /* CONFIG_SMP */

static struct kunit_case vmalloc_bad_ranges_cases[] = {
	KUNIT_CASE(notifiers_register_once),
	KUNIT_CASE(remapping_checks_its_arguments),
	KUNIT_CASE(remapping_begins_in_the_middle),
	KUNIT_CASE(sparse_calls_check_their_area),
	KUNIT_CASE(sparse_calls_check_their_range),
	KUNIT_CASE(empty_page_table_ranges_warn),
	KUNIT_CASE(io_mappings_match_their_area),
	KUNIT_CASE(reading_nonsense_reads_zeros),
	KUNIT_CASE(unmapped_addresses_have_no_page),
#ifdef CONFIG_SMP
	KUNIT_CASE(percpu_groups_larger_than_space_warn),
	KUNIT_CASE(percpu_groups_are_checked),
#endif
	{}
};

static struct kunit_suite vmalloc_bad_ranges_suite = {
	.name = "vmalloc_bad_ranges",
	.init = vmk_allow_warnings,
	.exit = vmk_forbid_warnings,
	.test_cases = vmalloc_bad_ranges_cases,
};

kunit_test_suite(vmalloc_bad_ranges_suite);
