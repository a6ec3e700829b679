// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: address space.  Areas without pages, restricted windows, exhaustion,
 * purge notifiers, congruent per-CPU areas, and the promise that space filled
 * and freed in any order can be filled again to the last page.
 */
#include <kunit/test.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <trace/events/vmalloc.h>

#include "vmalloc_kunit.h"

static void areas_are_found_by_any_address(struct kunit *test)
{
	struct vmk_window window = vmk_window_claim(test, VMK_256P, VMK_256P);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	const unsigned long size = 40 * PAGE_SIZE;
	struct vm_struct *area;
	struct vmap_area *va;
	unsigned long at;
	void *addr;

	area = vmk_window_area(&window, size - 5, VM_ALLOC);
	KUNIT_ASSERT_NOT_NULL(test, area);
	addr = area->addr;
	KUNIT_EXPECT_EQ(test, area->size, size + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), size);
	KUNIT_EXPECT_EQ(test, area->flags, VM_ALLOC);
	KUNIT_EXPECT_EQ(test, area->nr_pages, 0);
	KUNIT_EXPECT_NOT_NULL(test, area->caller);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr));
	/* The guard page belongs to the area. */
	for (at = 0; at < size + PAGE_SIZE; at += 1000)
		KUNIT_EXPECT_PTR_EQ(test, area, find_vm_area(addr + at));
	KUNIT_EXPECT_PTR_EQ(test, area, find_vm_area(addr + size +
						     PAGE_SIZE - 1));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr + size + PAGE_SIZE));
	/* Below the window there may be somebody else's. */
	KUNIT_EXPECT_PTR_NE(test, area, find_vm_area(addr - 1));
	va = find_vmap_area((unsigned long)addr + size / 2);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, va->va_start, (unsigned long)addr);
	KUNIT_EXPECT_EQ(test, va->va_end, (unsigned long)addr + area->size);

	KUNIT_EXPECT_PTR_EQ(test, area, remove_vm_area(addr));
	KUNIT_EXPECT_NULL(test, find_vm_area(addr));
	KUNIT_EXPECT_NULL(test, remove_vm_area(addr));
	kfree(area);
	vmk_expect_nothing_lost(test, ledger);
}

static void an_inner_address_removes_the_area(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vm_struct *area = get_vm_area(9 * PAGE_SIZE, VM_MAP);

	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_PTR_EQ(test, area,
			    remove_vm_area(area->addr + 4 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, find_vm_area(area->addr));
	kfree(area);
	vmk_expect_nothing_lost(test, ledger);
}

static void callers_are_recorded(struct kunit *test)
{
	struct vm_struct *area;

	area = get_vm_area_caller(PAGE_SIZE, VM_IOREMAP, test);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_PTR_EQ(test, area->caller, test);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(area->addr));
	free_vm_area(area);
}

static void windows_are_kept_to(struct kunit *test)
{
	struct vmk_window all = vmk_window_claim(test, VMK_256P, VMK_256P);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct vmk_window one = all;
	struct vm_struct *area, *next;

	/* Exactly as large as the area and its guard page, then a page less. */
	one.end = one.start + 5 * PAGE_SIZE;
	area = vmk_window_area(&one, 4 * PAGE_SIZE, 0);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, (unsigned long)area->addr, one.start);
	KUNIT_EXPECT_NULL(test, vmk_window_area(&one, PAGE_SIZE, VM_NO_GUARD));
	free_vm_area(area);
	KUNIT_EXPECT_NULL(test, vmk_window_area(&one, 5 * PAGE_SIZE, 0));
	area = vmk_window_area(&one, 5 * PAGE_SIZE, VM_NO_GUARD);
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, get_vm_area_size(area), 5 * PAGE_SIZE);

	/* The lowest address that fits is taken. */
	next = vmk_window_area(&all, PAGE_SIZE, 0);
	KUNIT_EXPECT_NOT_NULL(test, next);
	if (next) {
		KUNIT_EXPECT_EQ(test, (unsigned long)next->addr, one.end);
		free_vm_area(next);
	}
	free_vm_area(area);

	/* All of the large one at once, over what was just freed. */
	area = vmk_window_area(&all, VMK_256P - PAGE_SIZE, 0);
	KUNIT_EXPECT_NOT_NULL(test, area);
	if (area)
		free_vm_area(area);
	vmk_expect_nothing_lost(test, ledger);
}

static void memory_can_live_in_a_window(struct kunit *test)
{
	struct vmk_window window = vmk_window_claim(test, VMK_256P, VMK_256P);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned int count = 0;
	void *p[40];

	while (count < ARRAY_SIZE(p)) {
		p[count] = __vmalloc_node_range(7 * PAGE_SIZE, PAGE_SIZE * 8,
						window.start, window.end,
						GFP_KERNEL | __GFP_NOWARN,
						PAGE_KERNEL, VM_NO_GUARD,
						NUMA_NO_NODE, test);
		if (!p[count])
			break;
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p[count],
						   PAGE_SIZE * 8));
		KUNIT_EXPECT_GE(test, (unsigned long)p[count], window.start);
		KUNIT_EXPECT_LE(test, (unsigned long)p[count] + 7 * PAGE_SIZE,
				window.end);
		vmk_fill(p[count], 7 * PAGE_SIZE, count);
		count++;
	}
	KUNIT_EXPECT_EQ(test, count, VMK_256P / (8 * PAGE_SIZE));
	while (count--) {
		KUNIT_EXPECT_TRUE(test, vmk_holds(p[count], 7 * PAGE_SIZE,
						  count));
		vfree(p[count]);
	}
	vmk_expect_nothing_lost(test, ledger);
}

static void io_areas_are_aligned_to_their_size(struct kunit *test)
{
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	unsigned long size;

	for (size = 1; size <= SZ_4M; size = size * 5 / 2 + 1) {
		int order = clamp_t(int, get_count_order_long(PAGE_ALIGN(size)),
				    PAGE_SHIFT, IOREMAP_MAX_ORDER);
		struct vm_struct *area = get_vm_area(size, VM_IOREMAP);

		KUNIT_ASSERT_NOT_NULL(test, area);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)area->addr,
						   1UL << order));
		free_vm_area(area);
	}
	vmk_expect_nothing_lost(test, ledger);
}

enum freeing { FORWARD, REVERSE, RANDOM, CHECKERBOARD };

static const struct freeing_order {
	const char *name;
	enum freeing how;
} freeing_orders[] = {
	{ "forward", FORWARD },
	{ "reverse", REVERSE },
	{ "random", RANDOM },
	{ "checkerboard", CHECKERBOARD },
};

static void freeing_name(const struct freeing_order *order, char *name)
{
	strscpy(name, order->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(freeing, freeing_orders, freeing_name);

static void plan_freeing(enum freeing how, struct rnd_state *rnd,
			 unsigned int *order, unsigned int count)
{
	unsigned int i;

	if (how == RANDOM) {
		vmk_shuffle(rnd, order, count);
		return;
	}
	for (i = 0; i < count; i++) {
		if (how == FORWARD)
			order[i] = i;
		else if (how == REVERSE)
			order[i] = count - 1 - i;
		else if (i < (count + 1) / 2)
			order[i] = 2 * i;
		else
			order[i] = 2 * (i - (count + 1) / 2) + 1;
	}
}

struct filling {
	struct vmk_window window;
	struct vm_struct **area;
	unsigned int *order;
	unsigned int max;
	unsigned int count;
	struct rnd_state rnd;
};

static void filling_prepare(struct kunit *test, struct filling *fill,
			    unsigned int max)
{
	fill->max = max;
	fill->count = 0;
	fill->area = kunit_kcalloc(test, max, sizeof(*fill->area), GFP_KERNEL);
	fill->order = kunit_kcalloc(test, max, sizeof(*fill->order),
				    GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, fill->area && fill->order);
	vmk_seed(test, &fill->rnd);
}

/* Fill the window with areas, of one size or of random ones up to it. */
static unsigned int fill_up(struct filling *fill, unsigned long size,
			    bool random)
{
	unsigned int pages = size / PAGE_SIZE;

	fill->count = 0;
	while (fill->count < fill->max) {
		unsigned long this = size;
		struct vm_struct *area;

		if (random)
			this = PAGE_SIZE * (1 + vmk_random_below(&fill->rnd,
								 pages));
		area = vmk_window_area(&fill->window, this, 0);
		if (!area)
			break;
		fill->area[fill->count++] = area;
	}
	return fill->count;
}

static void free_all(struct filling *fill, enum freeing how)
{
	unsigned int i;

	plan_freeing(how, &fill->rnd, fill->order, fill->count);
	for (i = 0; i < fill->count; i++)
		free_vm_area(fill->area[fill->order[i]]);
	fill->count = 0;
}

static void a_window_refills_after_a_drain(struct kunit *test)
{
	const struct freeing_order *order = test->param_value;
	struct filling fill = { };
	unsigned int round, count;

	filling_prepare(test, &fill, 1024);
	fill.window = vmk_window_claim(test, 256 * PAGE_SIZE, SZ_1M);
	for (round = 0; round < 10; round++) {
		count = fill_up(&fill, PAGE_SIZE, false);
		free_all(&fill, order->how);
		vm_unmap_aliases();
		KUNIT_ASSERT_EQ_MSG(test, count, 128, "round %u", round);
	}
}

/* Nothing drains here but the allocator itself when it finds no space. */
static void a_window_refills_by_itself(struct kunit *test)
{
	const struct freeing_order *order = test->param_value;
	struct filling fill = { };
	unsigned int round, count;

	filling_prepare(test, &fill, 1024);
	fill.window = vmk_window_claim(test, 255 * PAGE_SIZE, SZ_1M);
	for (round = 0; round < 10; round++) {
		count = fill_up(&fill, 2 * PAGE_SIZE, false);
		free_all(&fill, order->how);
		KUNIT_ASSERT_EQ_MSG(test, count, 85, "round %u", round);
	}
}

static void freed_areas_coalesce(struct kunit *test)
{
	const struct freeing_order *order = test->param_value;
	struct filling fill = { };
	struct vm_struct *whole;
	unsigned int round;

	filling_prepare(test, &fill, 1024);
	fill.window = vmk_window_claim(test, VMK_1024P, SZ_1M);
	for (round = 0; round < 5; round++) {
		KUNIT_EXPECT_GE(test, fill_up(&fill, 32 * PAGE_SIZE, true), 30);
		free_all(&fill, order->how);
		whole = vmk_window_area(&fill.window, VMK_1024P - PAGE_SIZE, 0);
		KUNIT_ASSERT_NOT_NULL_MSG(test, whole, "round %u", round);
		free_vm_area(whole);
	}
}

static void a_hole_is_reused_before_fresh_space(struct kunit *test)
{
	struct filling fill = { };
	struct vm_struct *area;
	void *hole;

	filling_prepare(test, &fill, 8);
	fill.window = vmk_window_claim(test, 64 * PAGE_SIZE, SZ_1M);
	KUNIT_ASSERT_EQ(test, fill_up(&fill, 3 * PAGE_SIZE, false), 8);
	hole = fill.area[2]->addr;
	free_vm_area(fill.area[2]);
	vm_unmap_aliases();
	area = vmk_window_area(&fill.window, 3 * PAGE_SIZE, 0);
	KUNIT_EXPECT_NOT_NULL(test, area);
	if (area)
		KUNIT_EXPECT_PTR_EQ(test, area->addr, hole);
	fill.area[2] = area ?: fill.area[--fill.count];
	free_all(&fill, RANDOM);
}

/* 32 bits only: all of the space there is, a hundred times over. */
static void all_of_32_bit_space_refills(struct kunit *test)
{
	const struct freeing_order *order = test->param_value;
	unsigned int round, first = 0, count = 0;
	struct filling fill = { };

	if (BITS_PER_LONG == 64)
		kunit_skip(test, "64-bit space is too large to fill");
	fill.window.start = VMALLOC_START;
	fill.window.end = VMALLOC_END;
	/* What is no memory is space: with little of it, most of a gigabyte. */
	filling_prepare(test, &fill,
			(VMALLOC_END - VMALLOC_START) / SZ_256K + 1);
	vmk_force_purge();
	for (round = 0; round < 100; round++) {
		count = fill_up(&fill, SZ_256K, false);
		first = first ?: count;
		free_all(&fill, order->how);
		KUNIT_ASSERT_LT(test, count, fill.max);
	}
	KUNIT_EXPECT_GE(test, count, first);
	kunit_info(test, "first fill %u areas, last %u\n", first, count);
}

struct request {
	struct task_struct *task;
	unsigned long addr, size, align, start, end;
};

static void note_request(void *data, unsigned long addr, unsigned long size,
			 unsigned long align, unsigned long start,
			 unsigned long end, int failed)
{
	struct request *r = data;

	if (current == r->task && !failed)
		*r = (struct request){ current, addr, size, align, start, end };
}

/* The event has the arguments as they were given, not as they are used. */
static void the_event_says_what_was_asked_for(struct kunit *test)
{
	struct request *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct vm_struct *area;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->task = current;
	KUNIT_ASSERT_EQ(test, 0, register_trace_alloc_vmap_area(note_request, r));
	area = get_vm_area(3 * PAGE_SIZE, 0);
	unregister_trace_alloc_vmap_area(note_request, r);
	tracepoint_synchronize_unregister();
	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, r->addr, (unsigned long)area->addr);
	KUNIT_EXPECT_EQ(test, r->size, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, r->align, 1);
	KUNIT_EXPECT_EQ(test, r->start, VMALLOC_START);
	KUNIT_EXPECT_EQ(test, r->end, VMALLOC_END);
	free_vm_area(area);
}

struct lazy_watch {
	struct task_struct *task;
	bool over;		/* more waits than may wait */
	atomic_t purged;	/* areas, by anybody but @task */
	atomic_t own;		/* drains by @task, for want of space */
};

static void note_lazy(void *data, unsigned long va_start,
		      unsigned long nr_lazy, unsigned long nr_lazy_max)
{
	struct lazy_watch *watch = data;

	if (nr_lazy > nr_lazy_max)
		WRITE_ONCE(watch->over, true);
}

static void note_purge(void *data, unsigned long start, unsigned long end,
		       unsigned int npurged)
{
	struct lazy_watch *watch = data;

	if (current != watch->task)
		atomic_add(npurged, &watch->purged);
	else
		atomic_inc(&watch->own);
}

/* Lazily freed space is bounded without anybody asking for a drain. */
static void much_freeing_drains_by_itself(struct kunit *test)
{
	unsigned long chunk = BITS_PER_LONG == 64 ? SZ_32M : SZ_4M;
	struct lazy_watch *watch;
	struct vm_struct *area;
	unsigned long stop;

	watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, watch);
	watch->task = current;
	vm_unmap_aliases();
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_free_vmap_area_noflush(note_lazy, watch));
	KUNIT_EXPECT_EQ(test, 0,
			register_trace_purge_vmap_area_lazy(note_purge, watch));
	/* Not more than it takes: where space is out, who asks for it drains. */
	while (!READ_ONCE(watch->over) && !atomic_read(&watch->own)) {
		area = get_vm_area(chunk - PAGE_SIZE, 0);
		if (!area)
			break;
		free_vm_area(area);
	}
	stop = jiffies + 10 * HZ;
	while (watch->over && !atomic_read(&watch->purged) &&
	       time_before(jiffies, stop))
		schedule_timeout_uninterruptible(1);
	unregister_trace_purge_vmap_area_lazy(note_purge, watch);
	unregister_trace_free_vmap_area_noflush(note_lazy, watch);
	tracepoint_synchronize_unregister();
	if (!watch->over && atomic_read(&watch->own))
		kunit_skip(test, "space is out before the limit is met");
	KUNIT_EXPECT_TRUE(test, watch->over);
	KUNIT_EXPECT_GT(test, atomic_read(&watch->purged), 0);
}

struct hoard {
	struct notifier_block nb;
	struct vm_struct *area;
	unsigned int calls;
};

static int give_up_hoard(struct notifier_block *nb, unsigned long unused,
			 void *freed)
{
	struct hoard *hoard = container_of(nb, struct hoard, nb);

	hoard->calls++;
	if (hoard->area) {
		*(unsigned long *)freed += hoard->area->size >> PAGE_SHIFT;
		free_vm_area(hoard->area);
		hoard->area = NULL;
	}
	return NOTIFY_OK;
}

static void exhaustion_calls_the_notifiers(struct kunit *test)
{
	const unsigned long room = 8 * PAGE_SIZE;
	struct vmk_window window = vmk_window_claim(test, room, SZ_64K);
	struct vmk_ledger *ledger = vmk_ledger_open(test);
	struct hoard hoard = { .nb.notifier_call = give_up_hoard };
	struct vm_struct *area;

	hoard.area = vmk_window_area(&window, 7 * PAGE_SIZE, 0);
	KUNIT_ASSERT_NOT_NULL(test, hoard.area);
	KUNIT_EXPECT_EQ(test, 0, register_vmap_purge_notifier(&hoard.nb));

	/* The notifier frees the window: the caller does not notice. */
	area = vmk_window_area(&window, 3 * PAGE_SIZE, 0);
	KUNIT_EXPECT_NOT_NULL(test, area);
	KUNIT_EXPECT_NULL(test, hoard.area);
	KUNIT_EXPECT_EQ(test, hoard.calls, 1);

	/* Nothing left to give: asked once, then the call fails. */
	KUNIT_EXPECT_NULL(test, vmk_window_area(&window, 6 * PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, hoard.calls, 2);

	/* Enough free space, enough lazily freed space: not asked. */
	if (area)
		free_vm_area(area);
	area = vmk_window_area(&window, 7 * PAGE_SIZE, 0);
	KUNIT_EXPECT_NOT_NULL(test, area);
	KUNIT_EXPECT_EQ(test, hoard.calls, 2);

	KUNIT_EXPECT_EQ(test, 0, unregister_vmap_purge_notifier(&hoard.nb));
	KUNIT_EXPECT_NULL(test, vmk_window_area(&window, PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, hoard.calls, 2);
	if (area)
		free_vm_area(area);
	vmk_expect_nothing_lost(test, ledger);
}

#ifdef CONFIG_SMP
static void expect_congruent(struct kunit *test, struct vm_struct **vms,
			     const unsigned long *offset, const size_t *size,
			     int count, size_t align)
{
	unsigned long base = (unsigned long)vms[0]->addr - offset[0];
	int i;

	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(base, align));
	for (i = 0; i < count; i++) {
		KUNIT_EXPECT_EQ(test, (unsigned long)vms[i]->addr,
				base + offset[i]);
		KUNIT_EXPECT_EQ(test, vms[i]->size, size[i]);
		KUNIT_EXPECT_EQ(test, vms[i]->flags, VM_ALLOC);
		KUNIT_EXPECT_PTR_EQ(test, vms[i], find_vm_area(vms[i]->addr));
		KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(vms[i]->addr));
		KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(vms[i]->addr + size[i] -
							1));
	}
}

static void percpu_areas_are_congruent(struct kunit *test)
{
	static const size_t aligns[] = { PAGE_SIZE, SZ_64K, SZ_1M };
	enum { COUNT = 4, ROUNDS = 6 };
	struct vm_struct **vms[ROUNDS];
	unsigned long offset[COUNT];
	unsigned int i, j, round;
	size_t size[COUNT];

	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		/* A group reaches over this much, wherever others lie. */
		if (ROUNDS * 3 * COUNT * aligns[i] >
		    (VMALLOC_END - VMALLOC_START) / 2)
			break;
		/* The first group is not the lowest, as with NUMA. */
		for (j = 0; j < COUNT; j++) {
			offset[j] = (j ^ 2) * 3 * aligns[i];
			size[j] = (1 + j % 2) * aligns[i];
		}
		for (round = 0; round < ROUNDS; round++) {
			vms[round] = pcpu_get_vm_areas(offset, size, COUNT,
						       aligns[i], GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, vms[round]);
			expect_congruent(test, vms[round], offset, size, COUNT,
					 aligns[i]);
		}
		for (round = 0; round < ROUNDS; round++) {
			void *addr[COUNT];

			for (j = 0; j < COUNT; j++)
				addr[j] = vms[round][j]->addr;
			pcpu_free_vm_areas(vms[round], COUNT);
			for (j = 0; j < COUNT; j++)
				KUNIT_EXPECT_NULL(test, find_vm_area(addr[j]));
		}
	}
}

/* Each round would soon exhaust 32-bit space if it lost what it took. */
static void percpu_areas_come_back(struct kunit *test)
{
	unsigned long offset[2] = { 0, SZ_2M };
	size_t size[2] = { SZ_1M, SZ_1M };
	struct vm_struct **vms;
	unsigned int round;

	for (round = 0; round < 100; round++) {
		vms = pcpu_get_vm_areas(offset, size, 2, SZ_64K, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL_MSG(test, vms, "round %u", round);
		pcpu_free_vm_areas(vms, 2);
	}
}
#endif /* CONFIG_SMP */

static void percpu_memory_holds_its_contents(struct kunit *test)
{
	enum { COUNT = 80, SIZE = 20000 };
	void __percpu **p = kunit_kcalloc(test, COUNT, sizeof(*p), GFP_KERNEL);
	unsigned int i, bad = 0;
	int cpu;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < COUNT; i++) {
		p[i] = __alloc_percpu(SIZE, 64);
		bad += !p[i];
		for_each_possible_cpu(cpu)
			if (p[i])
				memset(per_cpu_ptr(p[i], cpu), i + cpu, SIZE);
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
	for (i = 0; i < COUNT; i++) {
		for_each_possible_cpu(cpu)
			if (p[i])
				bad += !!memchr_inv(per_cpu_ptr(p[i], cpu),
						    i + cpu, SIZE);
		free_percpu(p[i]);
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
}

static struct kunit_case vmalloc_space_cases[] = {
	KUNIT_CASE(areas_are_found_by_any_address),
	KUNIT_CASE(an_inner_address_removes_the_area),
	KUNIT_CASE(callers_are_recorded),
	KUNIT_CASE(the_event_says_what_was_asked_for),
	KUNIT_CASE(windows_are_kept_to),
	KUNIT_CASE(memory_can_live_in_a_window),
	KUNIT_CASE(io_areas_are_aligned_to_their_size),
	KUNIT_CASE_PARAM(a_window_refills_after_a_drain, freeing_gen_params),
	KUNIT_CASE_PARAM(a_window_refills_by_itself, freeing_gen_params),
	KUNIT_CASE_PARAM(freed_areas_coalesce, freeing_gen_params),
	KUNIT_CASE(a_hole_is_reused_before_fresh_space),
	KUNIT_CASE_PARAM(all_of_32_bit_space_refills, freeing_gen_params),
	KUNIT_CASE(much_freeing_drains_by_itself),
	KUNIT_CASE(exhaustion_calls_the_notifiers),
#ifdef CONFIG_SMP
	KUNIT_CASE(percpu_areas_are_congruent),
	KUNIT_CASE(percpu_areas_come_back),
#endif
	KUNIT_CASE(percpu_memory_holds_its_contents),
	{}
};

static struct kunit_suite vmalloc_space_suite = {
	.name = "vmalloc_space",
	.init = vmk_init,
	.test_cases = vmalloc_space_cases,
};

kunit_test_suite(vmalloc_space_suite);
