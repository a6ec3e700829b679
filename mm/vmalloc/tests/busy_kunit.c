// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of busy.c, with areas in a private window: see window.c.
 */

#include <kunit/test.h>

#include "window.h"

static void retire(struct vmap_area *va)
{
	vmap_busy_remove(va);
	vmap_area_retire(va);
}

/* Chunks belong to several nodes, the area is indexed in the first one's. */
static void interior_address_is_found_across_chunks(struct kunit *test)
{
	unsigned long start = WINDOW_CHUNK(1) - PAGE_SIZE;
	unsigned long end = WINDOW_CHUNK(5) + PAGE_SIZE;
	struct vmap_area *va = window_take(test, start, end);
	unsigned int i;

	vmap_busy_add(va, NULL);
	KUNIT_EXPECT_PTR_EQ(test, va, find_vmap_area(start));
	for (i = 1; i <= 5; i++) {
		KUNIT_EXPECT_PTR_EQ(test, va,
				    find_vmap_area(WINDOW_CHUNK(i) - 1));
		KUNIT_EXPECT_PTR_EQ(test, va, find_vmap_area(WINDOW_CHUNK(i)));
	}
	KUNIT_EXPECT_PTR_EQ(test, va, find_vmap_area(end - 1));
	KUNIT_EXPECT_NULL(test, find_vmap_area(start - 1));
	KUNIT_EXPECT_NULL(test, find_vmap_area(end));

	retire(va);
	KUNIT_EXPECT_NULL(test, find_vmap_area(start));
	KUNIT_EXPECT_NULL(test, find_vmap_area(end - 1));
}

/* Where the lowest area starts that ends above @addr; ULONG_MAX if none does. */
static unsigned long next_start(unsigned long addr)
{
	struct vmap_area *va;
	struct vmap_node *vn = vmap_busy_next_lock(addr, &va);
	unsigned long start;

	if (!vn)
		return ULONG_MAX;
	__acquire(&vn->busy_lock);	/* for sparse, as below */
	start = va->va_start;
	spin_unlock(&vn->busy_lock);
	return start;
}

static void next_goes_up_through_all_nodes(struct kunit *test)
{
	/* Not in the order of addresses. */
	static const unsigned int order[WINDOW_CHUNKS] = { 3, 0, 5, 1, 4, 2 };
	struct vmap_area *vas[WINDOW_CHUNKS];
	unsigned long addr;
	unsigned int i;

	for (i = 0; i < WINDOW_CHUNKS; i++) {
		addr = WINDOW_CHUNK(order[i]) + i * PAGE_SIZE;
		vas[order[i]] = window_take(test, addr, addr + 2 * PAGE_SIZE);
		vmap_busy_add(vas[order[i]], NULL);
	}

	addr = WINDOW_START;
	for (i = 0; i < WINDOW_CHUNKS; i++) {
		KUNIT_EXPECT_EQ(test, vas[i]->va_start, next_start(addr));
		KUNIT_EXPECT_EQ(test, vas[i]->va_start,
				next_start(vas[i]->va_start + PAGE_SIZE));
		addr = vas[i]->va_end;
	}
	KUNIT_EXPECT_GE(test, next_start(addr), WINDOW_END);

	for (i = 0; i < WINDOW_CHUNKS; i++)
		retire(vas[i]);
	KUNIT_EXPECT_GE(test, next_start(WINDOW_START), WINDOW_END);
}

static void next_returns_with_the_node_of_the_area_locked(struct kunit *test)
{
	struct vmap_area *va, *found = NULL;
	struct vmap_node *vn;

	va = window_take(test, WINDOW_CHUNK(2), WINDOW_CHUNK(2) + PAGE_SIZE);
	vmap_busy_add(va, NULL);
	vn = vmap_busy_next_lock(WINDOW_START, &found);
	KUNIT_ASSERT_NOT_NULL(test, vn);
	__acquire(&vn->busy_lock);
	lockdep_assert_held(&vn->busy_lock);
	spin_unlock(&vn->busy_lock);
	KUNIT_EXPECT_PTR_EQ(test, va, found);
	KUNIT_EXPECT_PTR_EQ(test, addr_to_node(WINDOW_CHUNK(2)), vn);
	retire(va);
}

static void take_leaves_areas_of_another_kind(struct kunit *test)
{
	struct vm_struct vm = {};
	struct vmap_area *vas[3];

	window_cut(test, WINDOW_START, PAGE_SIZE, vas, 3);
	vas[0]->flags |= VMAP_RAM;
	vas[1]->flags |= VMAP_RAM | VMAP_BLOCK;
	vmap_busy_add(vas[0], NULL);
	vmap_busy_add(vas[1], NULL);
	vmap_busy_add(vas[2], &vm);
	KUNIT_EXPECT_PTR_EQ(test, vm.addr, (void *)WINDOW_PAGE(2));
	KUNIT_EXPECT_EQ(test, vm.size, PAGE_SIZE);

	KUNIT_EXPECT_NULL(test, vmap_busy_take_vm(WINDOW_PAGE(0), NULL));
	KUNIT_EXPECT_NULL(test, vmap_busy_take_vm(WINDOW_PAGE(1), NULL));
	KUNIT_EXPECT_NULL(test, vmap_busy_take_ram(WINDOW_PAGE(1), PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, vmap_busy_take_ram(WINDOW_PAGE(2), PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, vmap_busy_take_ram(WINDOW_PAGE(3), PAGE_SIZE));
	KUNIT_EXPECT_NULL(test,
			  vmap_busy_take_ram(WINDOW_PAGE(0), 2 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, vmap_busy_take_ram(WINDOW_PAGE(0) + 1,
						   PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, vas[1], find_vmap_area(WINDOW_PAGE(1)));

	KUNIT_EXPECT_PTR_EQ(test, vas[0],
			    vmap_busy_take_ram(WINDOW_PAGE(0), PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, vas[2],
			    vmap_busy_take_vm(WINDOW_PAGE(2), NULL));
	KUNIT_EXPECT_NULL(test, find_vmap_area(WINDOW_PAGE(0)));
	KUNIT_EXPECT_NULL(test, find_vmap_area(WINDOW_PAGE(2)));
	vmap_area_retire(vas[0]);
	retire(vas[1]);
	vmap_area_retire(vas[2]);
}

/* Its address, descriptor and vm_struct are those of the one that was there. */
static void a_watch_ends_with_its_area(struct kunit *test)
{
	struct vmap_node *vn = addr_to_node(WINDOW_START);
	struct vmap_watch one, same, other;
	struct vm_struct vm = {};
	struct vmap_area *vas[2];

	window_cut(test, WINDOW_START, PAGE_SIZE, vas, 2);
	vmap_busy_add(vas[0], &vm);
	vmap_busy_add(vas[1], NULL);
	spin_lock(&vn->busy_lock);
	vmap_busy_watch(vn, &one, vas[0]);
	vmap_busy_watch(vn, &other, vas[1]);
	vmap_busy_watch(vn, &same, vas[0]);
	spin_unlock(&vn->busy_lock);

	KUNIT_EXPECT_PTR_EQ(test, vas[0],
			    vmap_busy_take_vm(WINDOW_START, &vm));
	vmap_busy_add(vas[0], &vm);
	spin_lock(&vn->busy_lock);
	KUNIT_EXPECT_NULL(test, one.va);
	KUNIT_EXPECT_NULL(test, same.va);
	KUNIT_EXPECT_PTR_EQ(test, vas[1], other.va);
	vmap_busy_unwatch(vn, &one);
	spin_unlock(&vn->busy_lock);

	retire(vas[1]);
	spin_lock(&vn->busy_lock);
	KUNIT_EXPECT_NULL(test, other.va);
	vmap_busy_unwatch(vn, &other);
	vmap_busy_unwatch(vn, &same);
	spin_unlock(&vn->busy_lock);
	retire(vas[0]);
}

static struct kunit_case busy_cases[] = {
	KUNIT_CASE(interior_address_is_found_across_chunks),
	KUNIT_CASE(next_goes_up_through_all_nodes),
	KUNIT_CASE(next_returns_with_the_node_of_the_area_locked),
	KUNIT_CASE(take_leaves_areas_of_another_kind),
	KUNIT_CASE(a_watch_ends_with_its_area),
	{}
};

static struct kunit_suite busy_suite = {
	.name = "vmalloc_busy",
	.init = window_init,
	.exit = window_exit,
	.test_cases = busy_cases,
};

kunit_test_suite(busy_suite);
