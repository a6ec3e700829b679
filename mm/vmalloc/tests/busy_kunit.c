// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of busy.c, with areas in a private window: see window.c.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>

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
	struct vmap_area *vas[3], *took[3] = {};
	struct vm_struct vm = {};
	unsigned int i;

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

	took[0] = vmap_busy_take_ram(WINDOW_PAGE(0), PAGE_SIZE);
	took[2] = vmap_busy_take_vm(WINDOW_PAGE(2), NULL);
	KUNIT_EXPECT_NULL(test, find_vmap_area(WINDOW_PAGE(0)));
	KUNIT_EXPECT_NULL(test, find_vmap_area(WINDOW_PAGE(2)));
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, took[i], i == 1 ? NULL : vas[i]);
		/* What is not taken is busy, and must not be retired as it is. */
		if (took[i])
			vmap_area_retire(vas[i]);
		else
			retire(vas[i]);
	}
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

static bool watch_has_ended(struct vmap_node *vn, struct vmap_watch *watch)
{
	bool ended;

	spin_lock(&vn->busy_lock);
	ended = !watch->va;
	vmap_busy_unwatch(vn, watch);
	spin_unlock(&vn->busy_lock);
	return ended;
}

static void watch_begin(struct vmap_node *vn, struct vmap_watch *watch,
			struct vmap_area *va)
{
	spin_lock(&vn->busy_lock);
	vmap_busy_watch(vn, watch, va);
	spin_unlock(&vn->busy_lock);
}

/* Who is in the midst of them would go on in pages, or in an array, that were freed. */
static void a_watch_ends_with_pages_and_their_array(struct kunit *test)
{
	struct vmap_node *vn = addr_to_node(WINDOW_START);
	struct page *pages[4] = {}, *more[8] = {};
	struct vm_struct vm = { .pages = pages, .nr_pages = 4 };
	struct vmap_area *va, *above;
	struct vmap_watch watch;

	va = window_take(test, WINDOW_START, WINDOW_START + 4 * PAGE_SIZE);
	above = window_take(test, WINDOW_START + 4 * PAGE_SIZE,
			    WINDOW_START + 8 * PAGE_SIZE);
	vmap_busy_add(va, &vm);
	KUNIT_EXPECT_FALSE(test, vmap_busy_was_shrunk(&vm));

	watch_begin(vn, &watch, va);
	vmap_busy_set_pages(&vm, 1);
	KUNIT_EXPECT_TRUE(test, watch_has_ended(vn, &watch));
	KUNIT_EXPECT_EQ(test, 1, vm.nr_pages);
	KUNIT_EXPECT_TRUE(test, vmap_busy_was_shrunk(&vm));
	KUNIT_EXPECT_FALSE(test, vmap_busy_was_shrunk(&vm));

	/* What is there stays. */
	watch_begin(vn, &watch, va);
	vmap_busy_set_pages(&vm, 4);
	KUNIT_EXPECT_FALSE(test, watch_has_ended(vn, &watch));
	KUNIT_EXPECT_FALSE(test, vmap_busy_was_shrunk(&vm));

	watch_begin(vn, &watch, va);
	KUNIT_EXPECT_TRUE(test, vmap_busy_extend(&vm, above, more));
	KUNIT_EXPECT_TRUE(test, watch_has_ended(vn, &watch));
	KUNIT_EXPECT_PTR_EQ(test, vm.pages, &more[0]);
	KUNIT_EXPECT_EQ(test, 8 * PAGE_SIZE, vm.size);
	KUNIT_EXPECT_PTR_EQ(test, va,
			    find_vmap_area(WINDOW_START + 8 * PAGE_SIZE - 1));
	vmap_area_free(above);
	retire(va);
}

/* Pages, and how often one is looked up, and goes and comes back, at least. */
enum { CROWD = 256, LOOKUPS = 200000, TURNS = 20000 };

/* So far apart, areas have one hint: of two, one is looked up in the tree. */
#define ONE_HINT	((unsigned long)VMAP_HINTS << VMAP_HINT_SHIFT)

/**
 * struct crowd - areas of which every second one comes and goes
 * @vas: the areas
 * @vms: what they are bound to
 * @turns: how often one has gone and come back
 */
struct crowd {
	struct vmap_area *vas[CROWD];
	struct vm_struct vms[CROWD];
	unsigned long turns;
};

static int come_and_go(void *data)
{
	struct crowd *crowd = data;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, window_seed);
	while (!kthread_should_stop()) {
		i = prandom_u32_state(&rnd) % CROWD | 1;
		vmap_busy_remove(crowd->vas[i]);
		vmap_busy_add(crowd->vas[i], &crowd->vms[i]);
		WRITE_ONCE(crowd->turns, crowd->turns + 1);
		cond_resched();
	}
	return 0;
}

static unsigned long crowd_page(unsigned int i)
{
	return WINDOW_START + i / (CROWD / 2) * ONE_HINT +
	       i % (CROWD / 2) * PAGE_SIZE;
}

/* It must be found if it stays; if it comes and goes, nothing else may be. */
static bool found_right(const struct crowd *crowd, unsigned int i)
{
	unsigned long addr = crowd_page(i) + PAGE_SIZE - 1;
	const struct vmap_area *va = find_vmap_area(addr);
	const struct vm_struct *vm = vmap_busy_find_vm(addr);

	if (i % 2)
		return (!va || va == crowd->vas[i]) &&
		       (!vm || vm == &crowd->vms[i]);
	return va == crowd->vas[i] && vm == &crowd->vms[i];
}

static void look_up_crowd(struct kunit *test, const struct crowd *crowd)
{
	unsigned long until = jiffies + 20 * HZ;
	unsigned int wrong = 0, ghosts = 0, i;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, window_seed + 1);
	for (i = 0; i < LOOKUPS || READ_ONCE(crowd->turns) < TURNS; i++) {
		if (time_after(jiffies, until))
			break;
		wrong += !found_right(crowd, prandom_u32_state(&rnd) % CROWD);
		ghosts += !!find_vmap_area(crowd_page(CROWD));
		if (i % 64 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	KUNIT_EXPECT_EQ(test, ghosts, 0U);
	KUNIT_EXPECT_GT(test, READ_ONCE(crowd->turns), 0UL);
}

/* Lookups take no lock, and the tree is turned under them. */
static void what_stays_is_found_while_others_come_and_go(struct kunit *test)
{
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	struct task_struct *task;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	window_cut(test, crowd_page(0), PAGE_SIZE, crowd->vas, CROWD / 2);
	window_cut(test, crowd_page(CROWD / 2), PAGE_SIZE,
		   &crowd->vas[CROWD / 2], CROWD / 2);
	for (i = 0; i < CROWD; i++)
		vmap_busy_add(crowd->vas[i], &crowd->vms[i]);
	task = kthread_run(come_and_go, crowd, "vmalloc_crowd");
	KUNIT_EXPECT_FALSE(test, IS_ERR(task));
	if (!IS_ERR(task)) {
		look_up_crowd(test, crowd);
		kthread_stop(task);
	}
	for (i = 0; i < CROWD; i++)
		retire(crowd->vas[i]);
}

/**
 * struct lookup - one that another task makes
 * @addr: what it looks up
 * @ready: completed once it waits for @go
 * @go: set when it is to do so
 * @va: what it has found
 * @done: completed once it has
 */
struct lookup {
	unsigned long addr;
	struct completion ready;
	bool go;
	struct vmap_area *va;
	struct completion done;
};

static int look_up(void *data)
{
	struct lookup *lookup = data;

	complete(&lookup->ready);
	while (!READ_ONCE(lookup->go))
		cond_resched();
	lookup->va = find_vmap_area(lookup->addr);
	complete(&lookup->done);
	return 0;
}

/* Nothing of the window's first node can be found for so long, in milliseconds. */
enum { HIDDEN = 20 };

static void hide_all_for_a_while(struct lookup *lookup)
{
	struct vmap_node *vn = addr_to_node(lookup->addr);
	struct vmap_area **hint = addr_to_hint(vn, lookup->addr), *hinted;
	struct rb_root root;

	spin_lock(&vn->busy_lock);
	raw_write_seqcount_begin(&vn->busy_seq);
	root = vn->busy.root;
	hinted = *hint;
	vn->busy.root = RB_ROOT;
	WRITE_ONCE(*hint, NULL);
	WRITE_ONCE(lookup->go, true);
	mdelay(HIDDEN);
	vn->busy.root = root;
	WRITE_ONCE(*hint, hinted);
	raw_write_seqcount_end(&vn->busy_seq);
	spin_unlock(&vn->busy_lock);
}

/* What is in the midst of a change is looked up once that is over. */
static void a_lookup_waits_for_a_change(struct kunit *test)
{
	struct lookup lookup = { .addr = WINDOW_START };
	struct task_struct *task;
	struct vmap_area *va;
	unsigned int other;

	/* If this task moves there, the lookup comes later, and finds it, too. */
	other = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	if (other >= nr_cpu_ids)
		kunit_skip(test, "there is one CPU");
	va = window_take(test, WINDOW_START, WINDOW_START + PAGE_SIZE);
	vmap_busy_add(va, NULL);
	init_completion(&lookup.ready);
	init_completion(&lookup.done);
	task = kthread_create(look_up, &lookup, "vmalloc_lookup");
	KUNIT_EXPECT_FALSE(test, IS_ERR(task));
	if (!IS_ERR(task)) {
		kthread_bind(task, other);
		wake_up_process(task);
		wait_for_completion(&lookup.ready);
		hide_all_for_a_while(&lookup);
		wait_for_completion(&lookup.done);
		KUNIT_EXPECT_PTR_EQ(test, va, lookup.va);
	}
	retire(va);
}

static struct kunit_case busy_cases[] = {
	KUNIT_CASE(interior_address_is_found_across_chunks),
	KUNIT_CASE(next_goes_up_through_all_nodes),
	KUNIT_CASE(next_returns_with_the_node_of_the_area_locked),
	KUNIT_CASE(take_leaves_areas_of_another_kind),
	KUNIT_CASE(a_watch_ends_with_its_area),
	KUNIT_CASE(a_watch_ends_with_pages_and_their_array),
	KUNIT_CASE(what_stays_is_found_while_others_come_and_go),
	KUNIT_CASE(a_lookup_waits_for_a_change),
	{}
};

static struct kunit_suite busy_suite = {
	.name = "vmalloc_busy",
	.init = window_init,
	.exit = window_exit,
	.test_cases = busy_cases,
};

kunit_test_suite(busy_suite);
