// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what area.c offers to the rest of mm/ alone: areas that their owner
 * chooses all of and fills by hand.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "window.h"

#define PAGES	4

static struct vm_struct *area_in(unsigned long start, unsigned long end,
				 unsigned long size, gfp_t gfp)
{
	return __get_vm_area_node(size, 1, PAGE_SHIFT, VM_ALLOC, start, end,
				  NUMA_NO_NODE, gfp,
				  __builtin_return_address(0));
}

static void size_is_rounded_up_by_the_shift(struct kunit *test)
{
	static const unsigned int shifts[] = { PAGE_SHIFT, PAGE_SHIFT + 1, 18 };
	const unsigned long asked = PAGE_SIZE + 1;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shifts); i++) {
		unsigned long block = 1UL << shifts[i];
		struct vm_struct *vm;

		vm = __get_vm_area_node(asked, block, shifts[i], VM_ALLOC,
					VMALLOC_START, VMALLOC_END,
					NUMA_NO_NODE, GFP_KERNEL, test);
		KUNIT_ASSERT_NOT_NULL(test, vm);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)vm->addr,
						   block));
		KUNIT_EXPECT_EQ(test, get_vm_area_size(vm),
				ALIGN(asked, block));
		KUNIT_EXPECT_EQ(test, vm->size, ALIGN(asked, block) +
				PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, vm->requested_size, asked);
		KUNIT_EXPECT_EQ(test, vm->flags, VM_ALLOC);
		KUNIT_EXPECT_PTR_EQ(test, vm->caller, test);
		KUNIT_EXPECT_PTR_EQ(test, vm, find_vm_area(vm->addr));
		KUNIT_EXPECT_EQ(test, get_vm_area_page_order(vm), 0);
		free_vm_area(vm);
	}
	KUNIT_EXPECT_NULL(test, __get_vm_area_node(ULONG_MAX, 1, PAGE_SHIFT,
						   VM_ALLOC, VMALLOC_START,
						   VMALLOC_END, NUMA_NO_NODE,
						   GFP_KERNEL, test));
}

/* An area in a private window: page tables for it are not the kernel's. */
static void give_back(struct kunit *test, struct vm_struct *vm)
{
	struct vmap_area *va = vm_area_hide(vm);

	KUNIT_ASSERT_NOT_NULL(test, va);
	vmap_area_retire(va);
	kfree(vm);
}

/* Whoever has a range of its own and another to fall back on. */
static void bounds_are_kept_to(struct kunit *test)
{
	unsigned long start = WINDOW_START, end = WINDOW_PAGE(8);
	struct vm_struct *vm = area_in(start, end, 7 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vm);
	KUNIT_EXPECT_EQ(test, (unsigned long)vm->addr, start);
	KUNIT_EXPECT_NULL(test, area_in(start, end, PAGE_SIZE,
					GFP_KERNEL | __GFP_NOWARN));
	give_back(test, vm);
	vm = area_in(start, end, 7 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vm);
	give_back(test, vm);
}

static void area_is_got_without_sleeping(struct kunit *test)
{
	unsigned long start = WINDOW_START, end = WINDOW_PAGE(8);
	struct vm_struct *vm, *none;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "with PREEMPT_RT no allocator may be called");
	preempt_disable();
	vm = area_in(start, end, 7 * PAGE_SIZE, GFP_NOWAIT);
	none = area_in(start, end, PAGE_SIZE, GFP_NOWAIT);
	preempt_enable();
	KUNIT_EXPECT_NULL(test, none);
	KUNIT_ASSERT_NOT_NULL(test, vm);
	give_back(test, vm);
}

static long read_area(void *to, const void *from, size_t size)
{
	struct kvec vec = { .iov_base = to, .iov_len = size };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, size);
	return vread_iter(&iter, from, size);
}

/* As one is filled whose pages have been there since before the kernel was. */
static void area_is_read_when_it_is_complete(struct kunit *test)
{
	const unsigned long size = PAGES * PAGE_SIZE;
	u8 *buffer = kunit_kzalloc(test, size, GFP_KERNEL);
	unsigned long start, freed;
	struct vm_struct *vm;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	vm = __get_vm_area_node(size, PAGE_SIZE, PAGE_SHIFT,
				VM_ALLOC | VM_UNINITIALIZED, VMALLOC_START,
				VMALLOC_END, NUMA_NO_NODE, GFP_KERNEL, test);
	KUNIT_ASSERT_NOT_NULL(test, vm);
	start = (unsigned long)vm->addr;
	vm->pages = kcalloc(PAGES, sizeof(*vm->pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vm->pages);
	for (i = 0; i < PAGES; i++) {
		vm->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, vm->pages[i]);
		memset(page_address(vm->pages[i]), 0xa0 + i, PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, 0, vmap_pages_range(start, start + size,
						  PAGE_KERNEL, vm->pages,
						  PAGE_SHIFT));
	vm->nr_pages = PAGES;
	/* Found, but not looked into. */
	KUNIT_EXPECT_PTR_EQ(test, vm, find_vm_area(vm->addr));
	memset(buffer, 0xff, size);
	KUNIT_EXPECT_EQ(test, size, read_area(buffer, vm->addr, size));
	KUNIT_EXPECT_NULL(test, memchr_inv(buffer, 0, size));

	vm->addr = kasan_unpoison_vmalloc(vm->addr, size,
					  KASAN_VMALLOC_PROT_NORMAL);
	clear_vm_uninitialized_flag(vm);
	KUNIT_EXPECT_EQ(test, vm->flags, VM_ALLOC);
	KUNIT_EXPECT_EQ(test, size, read_area(buffer, vm->addr, size));
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(buffer + i * PAGE_SIZE,
						   0xa0 + i, PAGE_SIZE));
	/* These pages were never counted, so their owner frees them. */
	for (i = 0, freed = 0; i < PAGES; i++) {
		freed += vmalloc_to_page(vm->addr + i * PAGE_SIZE) ==
			 vm->pages[i];
		__free_page(vm->pages[i]);
	}
	KUNIT_EXPECT_EQ(test, freed, PAGES);
	kfree(vm->pages);
	vm->pages = NULL;
	vm->nr_pages = 0;
	free_vm_area(vm);
}

static struct kunit_case area_cases[] = {
	KUNIT_CASE(size_is_rounded_up_by_the_shift),
	KUNIT_CASE(bounds_are_kept_to),
	KUNIT_CASE(area_is_got_without_sleeping),
	KUNIT_CASE(area_is_read_when_it_is_complete),
	{}
};

static struct kunit_suite area_suite = {
	.name = "vmalloc_area",
	.init = window_init,
	.exit = window_exit,
	.test_cases = area_cases,
};

kunit_test_suite(area_suite);
