// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: who may free where, and everything at once.  Areas freed from soft
 * and hard interrupts go through a worker; threads on every CPU mix all calls
 * and check each page before they give it back.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <trace/events/vmalloc.h>

#include "vmalloc_kunit.h"

#define STEPS_MAX	1000000

static int set_steps(const char *value, const struct kernel_param *kp)
{
	return param_set_uint_minmax(value, kp, 1, STEPS_MAX);
}

static const struct kernel_param_ops steps_ops = {
	.set = set_steps,
	.get = param_get_uint,
};

/* Enough to cross every purge threshold; seconds on an emulated machine. */
static unsigned int steps = 3000;
module_param_cb(steps, &steps_ops, &steps, 0644);
MODULE_PARM_DESC(steps, "Calls per thread under load, at most 1000000 (3000)");

/* === Freeing where one must not sleep === */

enum { BATCH = 64 };

struct interrupt {
	struct hrtimer timer;
	struct completion done;
	bool hard;
	bool atomic;
	bool as_expected;
	void *p[BATCH];
};

static enum hrtimer_restart free_in_interrupt(struct hrtimer *timer)
{
	struct interrupt *irq = container_of(timer, struct interrupt, timer);
	int i;

	irq->as_expected = irq->hard ? in_hardirq() : in_serving_softirq();
	for (i = 0; i < BATCH; i++) {
		if (irq->atomic)
			vfree_atomic(irq->p[i]);
		else
			vfree(irq->p[i]);
	}
	complete(&irq->done);
	return HRTIMER_NORESTART;
}

static const struct context {
	const char *name;
	enum hrtimer_mode mode;
	bool atomic;
} contexts[] = {
	{ "vfree in softirq", HRTIMER_MODE_REL_SOFT, false },
	{ "vfree in hardirq", HRTIMER_MODE_REL_HARD, false },
	{ "vfree_atomic in softirq", HRTIMER_MODE_REL_SOFT, true },
	{ "vfree_atomic in hardirq", HRTIMER_MODE_REL_HARD, true },
};

static void context_name(const struct context *context, char *name)
{
	strscpy(name, context->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(context, contexts, context_name);

/* What others have taken meanwhile, as are the stacks of new workers. */
static atomic_long_t others_pages;

static void note_others(void *task, unsigned long addr, unsigned long size,
			unsigned long align, unsigned long vstart,
			unsigned long vend, int failed)
{
	if (!failed && current != task)
		atomic_long_add(size >> PAGE_SHIFT, &others_pages);
}

static void forget_others(void *task)
{
	unregister_trace_alloc_vmap_area(note_others, task);
	tracepoint_synchronize_unregister();
}

static void watch_others(struct kunit *test)
{
	atomic_long_set(&others_pages, 0);
	KUNIT_ASSERT_EQ(test, 0, register_trace_alloc_vmap_area(note_others,
								current));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, forget_others,
							   current));
}

static bool pages_are_back(unsigned long before)
{
	return vmk_nr_pages() <= before + atomic_long_read(&others_pages);
}

/* Wait until the page count is back, but for what others have taken. */
static void expect_pages_return(struct kunit *test, unsigned long before)
{
	unsigned long limit = jiffies + 5 * HZ;

	while (!pages_are_back(before) && time_before(jiffies, limit))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_TRUE_MSG(test, pages_are_back(before),
			      "%lu pages, %lu before, %ld of others",
			      vmk_nr_pages(), before,
			      atomic_long_read(&others_pages));
}

static void a_worker_frees_for_interrupts(struct kunit *test)
{
	const struct context *context = test->param_value;
	unsigned long before = vmk_nr_pages();
	struct interrupt *irq;
	int i;

	irq = kunit_kzalloc(test, sizeof(*irq), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, irq);
	irq->hard = context->mode == HRTIMER_MODE_REL_HARD;
	irq->atomic = context->atomic;
	init_completion(&irq->done);
	watch_others(test);
	for (i = 0; i < BATCH; i++) {
		irq->p[i] = vmalloc((1 + i % 5) * PAGE_SIZE);
		KUNIT_EXPECT_NOT_NULL(test, irq->p[i]);
	}
	hrtimer_setup(&irq->timer, free_in_interrupt, CLOCK_MONOTONIC,
		      context->mode);
	hrtimer_start(&irq->timer, ms_to_ktime(1), context->mode);
	KUNIT_EXPECT_NE(test, 0,
			wait_for_completion_timeout(&irq->done, 10 * HZ));
	hrtimer_cancel(&irq->timer);
	KUNIT_EXPECT_TRUE(test, irq->as_expected);
	for (i = 0; i < BATCH; i++)
		KUNIT_ASSERT_TRUE(test, vmk_wait_gone(irq->p[i]));
	expect_pages_return(test, before);
}

static void vfree_atomic_works_with_interrupts_off(struct kunit *test)
{
	unsigned long before = vmk_nr_pages(), flags;
	void *p[20];
	int i;

	watch_others(test);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = vmalloc(PAGE_SIZE);
		KUNIT_EXPECT_NOT_NULL(test, p[i]);
	}
	local_irq_save(flags);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		vfree_atomic(p[i]);
	local_irq_restore(flags);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		KUNIT_ASSERT_TRUE(test, vmk_wait_gone(p[i]));
	vfree_atomic(NULL);
	expect_pages_return(test, before);
}

/* === Load === */

enum { SLOTS = 24, SHARED_PAGES = VMK_BLOCK_PAGES + 8 };

enum call {
	CALL_VMALLOC, CALL_VZALLOC, CALL_USER, CALL_HUGE, CALL_ALIGNED,
	CALL_VREALLOC, CALL_ATOMIC, CALL_VMAP, CALL_RAM, CALL_AREA,
	CALL_SPARSE, CALLS
};

struct slot {
	enum call call;
	unsigned int pages;
	unsigned long tag;
	void *p;
	struct vm_struct *area;
};

struct load_thread {
	struct task_struct *task;
	struct completion *start;
	struct rnd_state rnd;
	struct page **page;
	unsigned int steps;
	unsigned int bad;
	unsigned int failed;
	struct slot slot[SLOTS];
};

static void *allocate(struct load_thread *self, struct slot *slot)
{
	unsigned long size = slot->pages * PAGE_SIZE;
	unsigned long start;

	switch (slot->call) {
	case CALL_VMALLOC:
	case CALL_ATOMIC:
		return vmalloc(size);
	case CALL_VZALLOC:
		return vzalloc(size);
	case CALL_USER:
		return vmalloc_user(size);
	case CALL_HUGE:
		return vmalloc_huge(size, GFP_KERNEL);
	case CALL_ALIGNED:
		return __vmalloc_node(size, SZ_64K, GFP_KERNEL, NUMA_NO_NODE,
				      self);
	case CALL_VREALLOC:
		return vrealloc(vmalloc(1), size, GFP_KERNEL);
	case CALL_VMAP:
		return vmap(self->page, slot->pages, VM_MAP, PAGE_KERNEL);
	case CALL_RAM:
		return vm_map_ram(self->page, slot->pages, NUMA_NO_NODE);
	case CALL_AREA:
		slot->area = get_vm_area(size, VM_IOREMAP);
		return slot->area ? slot->area->addr : NULL;
	case CALL_SPARSE:
		slot->area = get_vm_area(size, VM_SPARSE);
		if (!slot->area)
			return NULL;
		start = (unsigned long)slot->area->addr;
		if (vm_area_map_pages(slot->area, start, start + size,
				      self->page))
			self->bad++;
		return slot->area->addr;
	case CALLS:
		break;
	}
	return NULL;
}

static bool has_own_memory(enum call call)
{
	return call <= CALL_ATOMIC;
}

static void release(struct load_thread *self, struct slot *slot)
{
	unsigned int i;

	if (has_own_memory(slot->call)) {
		self->bad += !vmk_holds(slot->p, slot->pages * PAGE_SIZE,
					slot->tag);
	} else if (slot->call != CALL_AREA) {
		for (i = 0; i < slot->pages; i++)
			self->bad += vmalloc_to_page(slot->p + i * PAGE_SIZE) !=
				     self->page[i];
	} else {
		self->bad += find_vm_area(slot->p) != slot->area;
	}

	if (slot->call == CALL_ATOMIC)
		vfree_atomic(slot->p);
	else if (has_own_memory(slot->call))
		vfree(slot->p);
	else if (slot->call == CALL_VMAP)
		vunmap(slot->p);
	else if (slot->call == CALL_RAM)
		vm_unmap_ram(slot->p, slot->pages);
	else
		free_vm_area(slot->area);
	slot->p = NULL;
}

static void load_step(struct load_thread *self, struct slot *slot)
{
	slot->call = vmk_random_below(&self->rnd, CALLS);
	slot->pages = 1 + vmk_random_below(&self->rnd, 12);
	if (!vmk_random_below(&self->rnd, 16))
		slot->pages = 1 + vmk_random_below(&self->rnd, SHARED_PAGES);
	slot->tag = prandom_u32_state(&self->rnd);
	slot->p = allocate(self, slot);
	if (!slot->p) {
		self->failed++;
		return;
	}
	if (slot->call == CALL_VZALLOC || slot->call == CALL_USER)
		self->bad += !!memchr_inv(slot->p, 0, slot->pages * PAGE_SIZE);
	if (has_own_memory(slot->call))
		vmk_fill(slot->p, slot->pages * PAGE_SIZE, slot->tag);
}

static int load_thread(void *data)
{
	struct load_thread *self = data;
	unsigned int step;

	wait_for_completion(self->start);
	for (step = 0; step < self->steps; step++) {
		struct slot *slot;

		slot = &self->slot[vmk_random_below(&self->rnd, SLOTS)];
		if (slot->p)
			release(self, slot);
		else
			load_step(self, slot);
		if (!vmk_random_below(&self->rnd, 400))
			vm_unmap_aliases();
		if (!vmk_random_below(&self->rnd, 1500))
			vmk_force_purge();
		cond_resched();
	}
	for (step = 0; step < SLOTS; step++)
		if (self->slot[step].p)
			release(self, &self->slot[step]);
	/* Stay until kthread_stop(), so that the pointer remains valid. */
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/*
 * Who was given which address, in order. A trace event must not wait, on
 * PREEMPT_RT not even for a spinlock, so it is sorted out afterwards.
 */
static struct {
	unsigned long *start;	/* with BY_THREAD, if it was */
	unsigned int room;
	atomic_t nr;
} journal;

#define BY_THREAD	1UL
/* vrealloc() of what vmalloc() gave: two, and one for the array of pages. */
#define AREAS_PER_CALL	3
/* Stacks of tasks that start meanwhile: the case fails if there are more. */
#define AREAS_OF_OTHERS	10000

static bool is_load_thread(void)
{
	return in_task() && (current->flags & PF_KTHREAD) &&
	       kthread_func(current) == load_thread;
}

static void note_load(void *data, unsigned long addr, unsigned long size,
		      unsigned long align, unsigned long vstart,
		      unsigned long vend, int failed)
{
	bool ours = is_load_thread();
	unsigned int i;

	if (failed)
		return;
	if (!ours)
		atomic_long_add(size >> PAGE_SHIFT, &others_pages);
	i = atomic_fetch_inc(&journal.nr);
	if (i < journal.room)
		WRITE_ONCE(journal.start[i], ours ? addr | BY_THREAD : addr);
}

static void stop_noting(void *unused)
{
	unregister_trace_alloc_vmap_area(note_load, NULL);
	tracepoint_synchronize_unregister();
}

static void free_journal(void *start)
{
	kvfree(start);
}

static void start_noting(struct kunit *test, unsigned int calls)
{
	journal.room = calls * AREAS_PER_CALL + AREAS_OF_OTHERS;
	journal.start = kvcalloc(journal.room, sizeof(*journal.start),
				 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, journal.start);
	atomic_set(&journal.nr, 0);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_journal,
							   journal.start));
	KUNIT_ASSERT_EQ(test, 0, register_trace_alloc_vmap_area(note_load,
								NULL));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop_noting,
							   NULL));
}

/* Of each address the threads were given: whether one was the last to be. */
static void last_owners(struct xarray *owners)
{
	unsigned int i, nr = atomic_read(&journal.nr);

	for (i = 0; i < min(nr, journal.room); i++) {
		unsigned long index = journal.start[i] >> PAGE_SHIFT;
		bool ours = journal.start[i] & BY_THREAD;

		if (ours || xa_load(owners, index))
			xa_store(owners, index, xa_mk_value(ours), GFP_KERNEL);
		cond_resched();
	}
}

static void expect_load_areas_gone(struct kunit *test)
{
	unsigned int count = 0, left = 0;
	struct xarray before, after;
	unsigned long index;
	void *entry;

	xa_init(&before);
	xa_init(&after);
	vmk_force_purge();
	last_owners(&before);
	xa_for_each(&before, index, entry) {
		count++;
		if (!xa_to_value(entry) ||
		    vmk_wait_gone((void *)(index << PAGE_SHIFT)))
			continue;
		/* Somebody else may have got it meanwhile. */
		last_owners(&after);
		left += xa_to_value(xa_load(&after, index));
		if (left)
			break;
	}
	xa_destroy(&before);
	xa_destroy(&after);
	KUNIT_EXPECT_EQ_MSG(test, left, 0, "areas are left over");
	KUNIT_EXPECT_GT(test, count, 0);
	KUNIT_EXPECT_LE(test, atomic_read(&journal.nr), journal.room);
	kunit_info(test, "%u distinct addresses used, %u left\n", count,
		   left);
}

static unsigned int start_threads(struct kunit *test,
				  struct load_thread *thread,
				  unsigned int count, struct completion *start)
{
	struct rnd_state rnd;
	unsigned int i, wanted = READ_ONCE(steps);

	vmk_seed(test, &rnd);
	for (i = 0; i < count; i++) {
		thread[i].page = vmk_alloc_pages(test, SHARED_PAGES);
		thread[i].start = start;
		thread[i].steps = wanted;
		prandom_seed_state(&thread[i].rnd, prandom_u32_state(&rnd));
	}
	for (i = 0; i < count; i++) {
		struct task_struct *task;

		task = kthread_run(load_thread, &thread[i], "vmalloc_load/%u",
				   i);
		if (IS_ERR(task))
			break;
		thread[i].task = task;
	}
	return i;
}

static void threads_share_the_space(struct kunit *test)
{
	unsigned int count = max(2U, num_online_cpus()), i, started;
	unsigned int bad = 0, failed = 0;
	DECLARE_COMPLETION_ONSTACK(start);
	struct load_thread *thread;
	unsigned long before;

	thread = kunit_kcalloc(test, count, sizeof(*thread), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, thread);
	start_noting(test, count * READ_ONCE(steps));
	started = start_threads(test, thread, count, &start);
	/* From here on the stacks of the threads are part of the count. */
	before = vmk_nr_pages();
	atomic_long_set(&others_pages, 0);
	complete_all(&start);
	for (i = 0; i < started; i++) {
		kthread_stop(thread[i].task);
		bad += thread[i].bad;
		failed += thread[i].failed;
	}
	KUNIT_EXPECT_EQ(test, started, count);
	KUNIT_EXPECT_EQ_MSG(test, bad, 0, "contents or mappings were wrong");
	KUNIT_EXPECT_EQ_MSG(test, failed, 0, "calls failed");
	expect_load_areas_gone(test);
	expect_pages_return(test, before);
	kunit_info(test, "%u threads, %u calls each\n", count, steps);
}

static struct kunit_case vmalloc_load_cases[] = {
	KUNIT_CASE_PARAM(a_worker_frees_for_interrupts, context_gen_params),
	KUNIT_CASE(vfree_atomic_works_with_interrupts_off),
	KUNIT_CASE_SLOW(threads_share_the_space),
	{}
};

static struct kunit_suite vmalloc_load_suite = {
	.name = "vmalloc_load",
	.init = vmk_init,
	.test_cases = vmalloc_load_cases,
};

kunit_test_suite(vmalloc_load_suite);
