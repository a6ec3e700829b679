// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of vrealloc() where memory grows: into the addresses above it, up to
 * those that somebody else has, and with room to spare where it has moved.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "window.h"

/* More than an ordinary request may have of a chunk: these are the heap's. */
#define ROOM	(2 * VMAP_CHUNK_MAX_AREA)

static void *grown(void *p, unsigned long pages)
{
	return vrealloc(p, pages * PAGE_SIZE, GFP_KERNEL);
}

/* Addresses that were free a moment ago, up to @room bytes from there on. */
static unsigned long free_stretch(struct kunit *test, unsigned long room)
{
	struct vm_struct *vm = get_vm_area(room, VM_ALLOC);
	unsigned long start;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	start = (unsigned long)vm->addr;
	free_vm_area(vm);
	vmap_reclaim(NULL);
	return start;
}

static void *memory_at(unsigned long start, unsigned long pages)
{
	return __vmalloc_node_range(pages * PAGE_SIZE, 1, start,
				    start + (pages + 1) * PAGE_SIZE,
				    GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, 0,
				    NUMA_NO_NODE, __builtin_return_address(0));
}

/* Each page begins with its number, so that none is lost or in another's place. */
static void number_pages(void *p, unsigned long from, unsigned long to)
{
	for (; from < to; from++)
		*(unsigned long *)(p + from * PAGE_SIZE) = from + 1;
}

static unsigned long misplaced_pages(const void *p, unsigned long pages)
{
	const struct vm_struct *vm = find_vm_area(p);
	unsigned long i, wrong = 0;

	if (!vm || vm->nr_pages != pages)
		return ULONG_MAX;
	for (i = 0; i < pages; i++) {
		const void *at = p + i * PAGE_SIZE;

		wrong += *(const unsigned long *)at != i + 1 ||
			 vmalloc_to_page(at) != vm->pages[i] ||
			 find_vm_area(at) != vm;
	}
	return wrong;
}

/*
 * From an array of few pages, by one from the slab allocator, to one from vmalloc().
 * Others may have taken what was free: then it moves, and that is no mistake.
 */
static bool grows_to(struct kunit *test, void **p, unsigned long most)
{
	unsigned long pages;
	void *q;

	for (pages = 2; pages <= most; pages += 1 + pages / 16) {
		unsigned long had = find_vm_area(*p)->nr_pages;

		q = grown(*p, pages);
		KUNIT_ASSERT_NOT_NULL(test, q);
		number_pages(q, had, pages);
		KUNIT_EXPECT_EQ(test, misplaced_pages(q, pages), 0);
		KUNIT_EXPECT_EQ(test, find_vm_area(q)->requested_size,
				pages * PAGE_SIZE);
		if (q != *p) {
			*p = q;
			return false;
		}
	}
	return true;
}

static void memory_grows_where_it_is(struct kunit *test)
{
	const unsigned long most = PAGE_SIZE / sizeof(struct page *) + 100;
	unsigned int tries = WINDOW_TRIES;
	bool stayed = false;
	void *p;

	while (!stayed && tries--) {
		p = memory_at(free_stretch(test, ROOM), 1);
		if (!p)
			continue;
		number_pages(p, 0, 1);
		stayed = grows_to(test, &p, most);
		vfree(p);
	}
	KUNIT_EXPECT_TRUE(test, stayed);
}

/* It has a guard page, wherever it ends. */
static void what_is_above_stays_whole(struct kunit *test)
{
	unsigned int tries = WINDOW_TRIES;
	void *p = NULL, *above = NULL, *q;
	unsigned long start;

	while (!above && tries--) {
		vfree(p);
		start = free_stretch(test, ROOM);
		p = memory_at(start, 1);
		above = p ? memory_at(start + 8 * PAGE_SIZE, 1) : NULL;
	}
	KUNIT_ASSERT_NOT_NULL(test, above);
	*(unsigned long *)above = 0x0b5e55ed;
	number_pages(p, 0, 1);

	q = grown(p, 7);
	KUNIT_EXPECT_PTR_EQ(test, p, q);
	number_pages(q, 1, 7);
	KUNIT_EXPECT_EQ(test, find_vm_area(q)->size, 8 * PAGE_SIZE);

	p = grown(q, 8);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_PTR_NE(test, p, q);
	number_pages(p, 7, 8);
	KUNIT_EXPECT_EQ(test, misplaced_pages(p, 8), 0);
	KUNIT_EXPECT_EQ(test, *(unsigned long *)above, 0x0b5e55ed);
	KUNIT_EXPECT_PTR_EQ(test, find_vm_area(above)->addr, above);
	KUNIT_EXPECT_NULL(test, find_vm_area(q));
	vfree(above);
	vfree(p);
}

/* Memory of a page, which has grown to @pages where it was. */
static void *page_that_grows(struct kunit *test, bool (*prepare)(void *p),
			     unsigned long pages, gfp_t gfp)
{
	unsigned int tries = WINDOW_TRIES;
	void *p, *q;

	while (tries--) {
		p = memory_at(free_stretch(test, ROOM), 1);
		if (!p)
			continue;
		q = prepare(p) ? vrealloc(p, pages * PAGE_SIZE, gfp) : NULL;
		if (q == p)
			return p;
		vfree(q ?: p);
	}
	KUNIT_FAIL_AND_ABORT(test, "nothing grows where it is");
	return NULL;
}

/* As kho_restore_vmalloc() makes an area: its array is as long as it has pages. */
static bool give_own_array(void *p)
{
	struct vm_struct *vm = find_vm_area(p);
	struct page **pages = kmemdup(vm->pages, sizeof(*pages), GFP_KERNEL);

	number_pages(p, 0, 1);
	if (pages)
		vm->pages = pages;
	return pages;
}

static void anothers_array_has_few_places(struct kunit *test)
{
	void *p = page_that_grows(test, give_own_array, 2, GFP_KERNEL);
	struct vm_struct *vm = find_vm_area(p);

	KUNIT_EXPECT_PTR_EQ(test, vm->pages, vm_area_few_pages(vm));
	number_pages(p, 1, 2);
	KUNIT_EXPECT_EQ(test, misplaced_pages(p, 2), 0);
	vfree(p);
}

#define USED	100

/* Without __GFP_ZERO what is cut off may stay as it is. */
static bool leave_stale_bytes(void *p)
{
	memset(p, 0xa5, PAGE_SIZE);
	return vrealloc(p, USED, GFP_KERNEL) == p;
}

static void what_grows_is_zero_from_the_first_byte(struct kunit *test)
{
	void *p = page_that_grows(test, leave_stale_bytes, 2,
				  GFP_KERNEL | __GFP_ZERO);

	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0xa5, USED));
	KUNIT_EXPECT_NULL(test, memchr_inv(p + USED, 0, 2 * PAGE_SIZE - USED));
	vfree(p);
}

/* Its upper end hashes to another node then, from where it is found, too. */
static void memory_grows_over_the_end_of_a_chunk(struct kunit *test)
{
	unsigned int tries = WINDOW_TRIES;
	unsigned long start, edge;
	void *p, *q;

	if (nr_vmap_nodes == 1)
		kunit_skip(test, "all addresses are the heap's");
	do {
		start = free_stretch(test, 2 * VMAP_CHUNK_SIZE);
		edge = ALIGN(start + PAGE_SIZE, VMAP_CHUNK_SIZE);
		p = memory_at(edge - 2 * PAGE_SIZE, 1);
		q = p ? grown(p, 5) : NULL;
		if (q && q != p) {
			vfree(q);
			q = NULL;
		}
	} while (!q && tries--);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_ASSERT_EQ(test, (unsigned long)p, edge - 2 * PAGE_SIZE);
	number_pages(p, 0, 5);
	KUNIT_EXPECT_EQ(test, misplaced_pages(p, 5), 0);
	KUNIT_EXPECT_PTR_EQ(test, find_vm_area((void *)edge), find_vm_area(p));
	vfree(p);
	KUNIT_EXPECT_NULL(test, find_vm_area((void *)edge));
}

/* Where addresses are plenty, it gets as many again when it has to move. */
static void who_has_moved_need_not_soon_again(struct kunit *test)
{
	unsigned int pages, moves = 0;
	void *p = vmalloc(PAGE_SIZE), *q;

	KUNIT_ASSERT_NOT_NULL(test, p);
	number_pages(p, 0, 1);
	for (pages = 2; pages <= 200; pages++) {
		q = grown(p, pages);
		KUNIT_ASSERT_NOT_NULL(test, q);
		number_pages(q, pages - 1, pages);
		moves += q != p;
		p = q;
	}
	KUNIT_EXPECT_EQ(test, misplaced_pages(p, 200), 0);
	KUNIT_EXPECT_LE(test, moves, IS_ENABLED(CONFIG_64BIT) ? 8 : 40);
	vfree(p);
}

/* What was unmapped there is flushed before anything is mapped in its place. */
static void memory_grows_back_where_it_was(struct kunit *test)
{
	struct vmap_area *va;
	void *p;

	p = vmalloc(6 * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	number_pages(p, 0, 6);
	va = find_vmap_area((unsigned long)p);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_FALSE(test, va->flags & VMAP_SHRUNK);

	KUNIT_EXPECT_PTR_EQ(test, p, grown(p, 2));
	KUNIT_EXPECT_EQ(test, misplaced_pages(p, 2), 0);
	KUNIT_EXPECT_TRUE(test, va->flags & VMAP_SHRUNK);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(p + 2 * PAGE_SIZE));

	KUNIT_EXPECT_PTR_EQ(test, p, grown(p, 4));
	number_pages(p, 2, 4);
	KUNIT_EXPECT_EQ(test, misplaced_pages(p, 4), 0);
	KUNIT_EXPECT_FALSE(test, va->flags & VMAP_SHRUNK);
	vfree(p);
}

/* Pages that would not be like the others, or are somebody else's as well. */
static void some_memory_moves(struct kunit *test)
{
	struct vm_struct *vm;
	void *p, *q;

	p = vmalloc_user(PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	q = grown(p, 3);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_EXPECT_PTR_NE(test, p, q);
	vm = find_vm_area(q);
	KUNIT_EXPECT_FALSE(test, vm->flags & VM_USERMAP);
	vfree(q);

	p = vmalloc(3 * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_PTR_EQ(test, p, grown(p, 1));
	/* What stands in its way might have to be waited for. */
	q = vrealloc(p, 2 * PAGE_SIZE, GFP_NOWAIT | __GFP_NOWARN);
	KUNIT_EXPECT_PTR_NE(test, p, q);
	vfree(q ?: p);
}

static struct kunit_case grow_cases[] = {
	KUNIT_CASE(memory_grows_where_it_is),
	KUNIT_CASE(what_is_above_stays_whole),
	KUNIT_CASE(anothers_array_has_few_places),
	KUNIT_CASE(what_grows_is_zero_from_the_first_byte),
	KUNIT_CASE(memory_grows_over_the_end_of_a_chunk),
	KUNIT_CASE(who_has_moved_need_not_soon_again),
	KUNIT_CASE(memory_grows_back_where_it_was),
	KUNIT_CASE(some_memory_moves),
	{}
};

static struct kunit_suite grow_suite = {
	.name = "vmalloc_grow",
	.init = window_init,
	.exit = window_exit,
	.test_cases = grow_cases,
};

kunit_test_suite(grow_suite);
