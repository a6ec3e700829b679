// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what a drain is for: afterwards no CPU sees the old mapping. They
 * read from addresses where nothing is mapped any longer, with care.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/set_memory.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "window.h"

/* What the page holds, and nobody else's has in it. */
#define MARK	0x5af1e05dUL

static int stale_init(struct kunit *test)
{
	struct page *page;

	/* It would die of reading there. */
	if (IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "user mode reads no address that may fault");
	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	test->priv = page;
	*(unsigned long *)page_address(page) = MARK;
	return window_init(test);
}

static void stale_exit(struct kunit *test)
{
	window_exit(test);
	if (test->priv)
		__free_page(test->priv);
}

/* Whether reading at @mem gets the page, mapped or remembered. */
static bool page_is_seen(void *mem)
{
	unsigned long value;

	return !copy_from_kernel_nofault(&value, mem, sizeof(value)) &&
	       value == MARK;
}

static void vmap_is_not_seen_after_a_drain(struct kunit *test)
{
	struct page *page = test->priv;
	void *mem = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_EXPECT_TRUE(test, page_is_seen(mem));
	vunmap(mem);
	vm_unmap_aliases();
	KUNIT_EXPECT_FALSE(test, page_is_seen(mem));
}

static void part_of_a_block_is_not_seen_after_unalias(struct kunit *test)
{
	struct page *page = test->priv;
	void *used = vm_map_ram(&page, 1, NUMA_NO_NODE);
	void *mem = vm_map_ram(&page, 1, NUMA_NO_NODE);

	KUNIT_ASSERT_NOT_NULL(test, used);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_EXPECT_TRUE(test, page_is_seen(mem));
	vm_unmap_ram(mem, 1);
	vm_unmap_aliases();
	KUNIT_EXPECT_FALSE(test, page_is_seen(mem));
	KUNIT_EXPECT_TRUE(test, page_is_seen(used));
	vm_unmap_ram(used, 1);
}

static void mapping_is_not_seen_by_the_next_owner(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned long addr = 0;
	struct vm_struct *vm;
	void *mem;
	int tries;

	/* Of just these addresses; somebody else may be faster. */
	for (tries = 0; tries < WINDOW_TRIES && !addr; tries++) {
		mem = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, mem);
		KUNIT_EXPECT_TRUE(test, page_is_seen(mem));
		addr = (unsigned long)mem;
		vunmap(mem);
		vm = __get_vm_area_caller(PAGE_SIZE, VM_MAP | VM_NO_GUARD, addr,
					  addr + PAGE_SIZE,
					  __builtin_return_address(0));
		if (!vm) {
			addr = 0;
			continue;
		}
		KUNIT_EXPECT_PTR_EQ(test, mem, vm->addr);
		KUNIT_EXPECT_FALSE(test, page_is_seen(mem));
		free_vm_area(vm);
	}
	KUNIT_EXPECT_NE(test, 0, addr);
}

/* As a module's text: not waiting for a drain, and writable again at once. */
static void reset_permissions_leave_no_mapping_behind(struct kunit *test)
{
	unsigned long *mem, *direct;
	struct page *page;

	mem = __vmalloc_node_range(PAGE_SIZE, 1, VMALLOC_START, VMALLOC_END,
				   GFP_KERNEL, PAGE_KERNEL,
				   VM_FLUSH_RESET_PERMS, NUMA_NO_NODE,
				   __builtin_return_address(0));
	KUNIT_ASSERT_NOT_NULL(test, mem);
	*mem = MARK;
	page = vmalloc_to_page(mem);
	direct = page_address(page);
	/* The page is to outlive the area, so that it can be looked for. */
	get_page(page);
	if (IS_ENABLED(CONFIG_ARCH_HAS_SET_MEMORY))
		KUNIT_ASSERT_EQ(test, 0, set_memory_ro((unsigned long)mem, 1));
	KUNIT_EXPECT_TRUE(test, page_is_seen(mem));
	vfree(mem);
	KUNIT_EXPECT_FALSE(test, page_is_seen(mem));
	if (direct) {
		KUNIT_EXPECT_TRUE(test, page_is_seen(direct));
		KUNIT_EXPECT_EQ(test, 0,
				copy_to_kernel_nofault(direct,
						       &(int){ 0 },
						       sizeof(int)));
	}
	put_page(page);
}

/* The area stays, and nothing else need wait for a drain. */
static void what_was_cut_off_is_not_seen_after_unalias(struct kunit *test)
{
	void *mem = vmalloc(4 * PAGE_SIZE), *tail, *kept;
	unsigned long *direct;
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, mem);
	tail = mem + 3 * PAGE_SIZE;
	*(unsigned long *)tail = MARK;
	page = vmalloc_to_page(tail);
	/* The page is to outlive its place in the area, so that it can be looked for. */
	get_page(page);
	vm_unmap_aliases();
	KUNIT_EXPECT_TRUE(test, page_is_seen(tail));
	kept = vrealloc(mem, PAGE_SIZE, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, kept, mem);
	/* What is cut off is cleared, if that is asked for of all memory. */
	direct = kmap_local_page(page);
	*direct = MARK;
	kunmap_local(direct);
	vm_unmap_aliases();
	KUNIT_EXPECT_FALSE(test, page_is_seen(tail));
	put_page(page);
	vfree(kept ?: mem);
}

static struct kunit_case stale_cases[] = {
	KUNIT_CASE(vmap_is_not_seen_after_a_drain),
	KUNIT_CASE(part_of_a_block_is_not_seen_after_unalias),
	KUNIT_CASE(mapping_is_not_seen_by_the_next_owner),
	KUNIT_CASE(reset_permissions_leave_no_mapping_behind),
	KUNIT_CASE(what_was_cut_off_is_not_seen_after_unalias),
	{}
};

static struct kunit_suite stale_suite = {
	.name = "vmalloc_stale",
	.init = stale_init,
	.exit = stale_exit,
	.test_cases = stale_cases,
};

kunit_test_suite(stale_suite);
