// SPDX-License-Identifier: GPL-2.0
/*
 * The workers of the vmalloc stress: each takes its steps, keeps some objects
 * and leaves some to others, to timers, and to whoever comes next.
 *
 * A worker's slots are its own. What it shares is exchanged atomically; what
 * its timers free, they are given in lists that need no lock.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "test_vmalloc_ordered.h"

/* From when on a timer has something to free to when it does: 0 to 255 us. */
#define TIMER_NS(plan)		((plan)->fate % 256 * NSEC_PER_USEC)

/* === The table of APIs === */

static const struct stress_api * const tables[] = {
	stress_memory_apis, stress_map_apis, stress_probe_apis,
};

/* All rows in one, and which row a number that is drawn stands for. */
static const struct stress_api *rows[64];
static unsigned int nr_rows;
static u8 pick[512];
static unsigned int nr_picks;

static int add_row(const struct stress_api *api)
{
	unsigned int share;

	if (nr_rows == ARRAY_SIZE(rows) ||
	    nr_picks + api->weight > ARRAY_SIZE(pick))
		return -E2BIG;
	for (share = 0; share < api->weight; share++)
		pick[nr_picks++] = nr_rows;
	rows[nr_rows++] = api;
	return 0;
}

/**
 * stress_apis_init - get ready to draw APIs by their weights
 *
 * Return: 0, or -E2BIG if there are more than there is room for.
 */
int stress_apis_init(void)
{
	const struct stress_api *api;
	unsigned int i;
	int err = 0;

	nr_rows = 0;
	nr_picks = 0;
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		for (api = tables[i]; api->name && !err; api++)
			err = add_row(api);
	}
	return err;
}

/**
 * stress_nr_apis - count the rows of the table
 *
 * Return: the number.
 */
unsigned int stress_nr_apis(void)
{
	return nr_rows;
}

/**
 * stress_api_at - find a row of the table
 * @row: its number
 *
 * Return: the row.
 */
const struct stress_api *stress_api_at(unsigned int row)
{
	return rows[row];
}

/* === Giving back === */

/* It must be free in the end, see check_addrs(). */
static void note_addr(struct stress_run *run, const struct stress_object *obj)
{
	unsigned long addr = (unsigned long)obj->addr;

	if (addr)
		WRITE_ONCE(run->addr[hash_long(addr, ilog2(STRESS_ADDRS))],
			   addr);
}

static void count_freed(struct stress_run *run, const struct stress_object *obj,
			enum stress_context context)
{
	atomic_long_inc(&run->count[obj->row].freed);
	atomic_long_inc(&run->contexts[context]);
}

static void give_back(struct stress_run *run, struct stress_object *obj,
		      enum stress_context context)
{
	obj->api->check(obj);
	count_freed(run, obj, context);
	if (context == STRESS_ATOMIC) {
		preempt_disable();
		vfree_atomic(obj->addr);
		preempt_enable();
	} else if (obj->api->vfreed) {
		vfree(obj->addr);
	} else {
		obj->api->drop(obj);
	}
	kfree(obj);
}

/* Descriptors stay: not every kernel can free them in a hard interrupt. */
static void free_in_timer(struct stress_worker *worker, struct llist_head *list,
			  enum stress_context context)
{
	struct llist_node *first = llist_del_all(list);
	struct stress_object *obj, *next;

	llist_for_each_entry_safe(obj, next, first, node) {
		if (!stress_holds(obj->addr, obj->size, obj->tag))
			stress_error(worker->run, obj->api->name,
				     "pattern lost until the timer came");
		count_freed(worker->run, obj, context);
		if (context == STRESS_HARDIRQ)
			vfree_atomic(obj->addr);
		else
			vfree(obj->addr);
		llist_add(&obj->node, &worker->spent);
	}
}

static enum hrtimer_restart soft_expired(struct hrtimer *timer)
{
	struct stress_worker *worker =
		container_of(timer, struct stress_worker, soft_timer);

	free_in_timer(worker, &worker->soft, STRESS_SOFTIRQ);
	return HRTIMER_NORESTART;
}

static enum hrtimer_restart hard_expired(struct hrtimer *timer)
{
	struct stress_worker *worker =
		container_of(timer, struct stress_worker, hard_timer);

	free_in_timer(worker, &worker->hard, STRESS_HARDIRQ);
	return HRTIMER_NORESTART;
}

static void free_spent(struct stress_worker *worker)
{
	struct llist_node *first = llist_del_all(&worker->spent);
	struct stress_object *obj, *next;

	llist_for_each_entry_safe(obj, next, first, node)
		kfree(obj);
}

/* Leave @obj to whoever comes to that place next, and free what was there. */
static void leave_to_next(struct stress_worker *worker,
			  const struct stress_plan *plan,
			  struct stress_object *obj)
{
	struct stress_run *run = worker->run;

	obj = xchg(&run->shared[plan->where % STRESS_SHARED], obj);
	if (obj)
		give_back(run, obj, obj->maker == worker ? STRESS_TASK :
							   STRESS_OTHER);
}

/* An object leaves the worker's hands, in one way or another. */
static void part_with(struct stress_worker *worker,
		      const struct stress_plan *plan, unsigned int slot)
{
	struct stress_object *obj = worker->slot[slot];
	u32 way = plan->fate % 16;

	worker->slot[slot] = NULL;
	worker->live -= obj->nr_pages;
	if (way >= 11) {
		leave_to_next(worker, plan, obj);
	} else if (!obj->api->vfreed || way < 5) {
		give_back(worker->run, obj, STRESS_TASK);
	} else if (way < 7) {
		give_back(worker->run, obj, STRESS_ATOMIC);
	} else if (way < 9) {
		obj->api->check(obj);
		if (llist_add(&obj->node, &worker->soft))
			hrtimer_start(&worker->soft_timer,
				      ns_to_ktime(TIMER_NS(plan)),
				      HRTIMER_MODE_REL_SOFT);
	} else {
		obj->api->check(obj);
		if (llist_add(&obj->node, &worker->hard))
			hrtimer_start(&worker->hard_timer,
				      ns_to_ktime(TIMER_NS(plan)),
				      HRTIMER_MODE_REL_HARD);
	}
}

/**
 * stress_empty_shared - free what the workers have left to each other
 * @run: the run; its workers are done
 *
 * Context: may sleep.
 */
void stress_empty_shared(struct stress_run *run)
{
	unsigned int i;

	for (i = 0; i < STRESS_SHARED; i++) {
		struct stress_object *obj = xchg(&run->shared[i], NULL);

		if (obj)
			give_back(run, obj, STRESS_OTHER);
	}
}

/* === Steps === */

/* Mostly small, as in a used system. */
static u32 draw_pages(struct stress_worker *worker)
{
	u32 most = clamp(worker->run->budget / 4, 1, STRESS_MAX_PAGES);
	u32 draw = prandom_u32_state(&worker->rnd);

	if (draw % 16 == 0)
		return draw / 16 % most + 1;
	if (draw % 16 <= 3)
		return draw / 16 % min(most, 16U) + 1;
	return draw / 16 % min(most, 4U) + 1;
}

/* The first steps go through all APIs, so that none is ever left out. */
static void draw_plan(struct stress_worker *worker, struct stress_plan *plan)
{
	struct rnd_state *rnd = &worker->rnd;

	plan->call = pick[prandom_u32_state(rnd) % nr_picks];
	/* Some slots are seldom met: what is there lives for long. */
	plan->slot = prandom_u32_state(rnd) % STRESS_SLOTS;
	plan->slot = min(plan->slot, prandom_u32_state(rnd) % STRESS_SLOTS);
	plan->pages = draw_pages(worker);
	plan->align = prandom_u32_state(rnd) % 8;
	plan->where = prandom_u32_state(rnd) >> 1;
	plan->fate = prandom_u32_state(rnd);
	if (worker->done < nr_rows) {
		plan->call = worker->done;
		plan->slot = worker->done % STRESS_SLOTS;
		plan->pages = 1;
	}
}

static int make_object(struct stress_worker *worker,
		       const struct stress_plan *plan,
		       struct stress_object *obj)
{
	const struct stress_api *api = stress_api_at(plan->call);
	size_t spare = plan->where % PAGE_SIZE & -sizeof(long);
	int err;

	obj->api = api;
	obj->row = plan->call;
	obj->maker = worker;
	obj->nr_pages = plan->pages;
	obj->size = plan->pages * PAGE_SIZE - spare;
	obj->tag = hash_long(worker->serial++ * worker->run->nr_workers +
			     worker->id + 1, BITS_PER_LONG);
	err = api->make(worker, plan, obj);
	if (err)
		return err;
	if (api->zeroed && memchr_inv(obj->addr, 0, obj->size))
		stress_error(worker->run, api->name, "memory is not zeroed");
	if (api->vfreed)
		stress_fill(obj->addr, obj->size, obj->tag);
	return 0;
}

static int make_in_slot(struct stress_worker *worker,
			const struct stress_plan *plan)
{
	struct stress_object *obj;
	int err;

	obj = kzalloc(sizeof(*obj), GFP_KERNEL | __GFP_NOWARN);
	if (!obj)
		return -ENOMEM;
	err = make_object(worker, plan, obj);
	if (err) {
		kfree(obj);
		return err;
	}
	note_addr(worker->run, obj);
	worker->slot[plan->slot] = obj;
	worker->live += obj->nr_pages;
	return 0;
}

static void count_call(struct stress_worker *worker, unsigned int row, int err)
{
	struct stress_count *count = &worker->run->count[row];

	if (!err) {
		atomic_long_inc(&count->ok);
		return;
	}
	atomic_long_inc(&count->failed);
	if (err != -ENOMEM && err != -ENOENT)
		stress_error(worker->run, stress_api_at(row)->name,
			     "error %d", err);
}

/* The first of the worker's objects from @slot on; STRESS_SLOTS if none. */
static unsigned int used_slot(const struct stress_worker *worker,
			      unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < STRESS_SLOTS; i++) {
		if (worker->slot[(slot + i) % STRESS_SLOTS])
			return (slot + i) % STRESS_SLOTS;
	}
	return STRESS_SLOTS;
}

/* One call: something is asked for, looked at, or given back. */
static void take_step(struct stress_worker *worker)
{
	const struct stress_api *api;
	struct stress_plan plan;
	unsigned int used;

	draw_plan(worker, &plan);
	api = stress_api_at(plan.call);
	used = used_slot(worker, plan.slot);
	if (api->missing)
		api = stress_api_at(plan.call = 0);
	if (api->probe) {
		count_call(worker, plan.call, api->probe(worker, &plan));
		return;
	}
	if (used == plan.slot || (used < STRESS_SLOTS &&
				  worker->live + plan.pages >
				  worker->run->budget))
		part_with(worker, &plan, used);
	else
		count_call(worker, plan.call,
			   make_in_slot(worker, &plan));
}

static void note_cpu(struct stress_run *run)
{
	unsigned int cpu = raw_smp_processor_id();

	if (!cpumask_test_cpu(cpu, &run->cpus))
		cpumask_set_cpu(cpu, &run->cpus);
}

/* What a timer has not come to yet, it frees before this returns. */
static void drain_timers(struct stress_worker *worker)
{
	hrtimer_cancel(&worker->soft_timer);
	hrtimer_cancel(&worker->hard_timer);
	free_in_timer(worker, &worker->soft, STRESS_TASK);
	free_in_timer(worker, &worker->hard, STRESS_TASK);
	free_spent(worker);
}

/**
 * stress_worker_thread - take all steps, and free what is left in the slots
 * @data: the worker
 *
 * Return: 0.
 */
int stress_worker_thread(void *data)
{
	struct stress_worker *worker = data;
	struct stress_run *run = worker->run;
	unsigned int i;

	while (worker->done < worker->ops && !READ_ONCE(run->stop)) {
		note_cpu(run);
		take_step(worker);
		free_spent(worker);
		WRITE_ONCE(worker->done, worker->done + 1);
		cond_resched();
	}
	for (i = 0; i < STRESS_SLOTS; i++) {
		if (worker->slot[i])
			give_back(run, worker->slot[i], STRESS_TASK);
		worker->slot[i] = NULL;
	}
	drain_timers(worker);
	stress_worker_done(run);
	return 0;
}

/* === Their life === */

/**
 * stress_worker_create - make a worker; its task does not run yet
 * @run: what it is part of
 * @id: its number
 *
 * Context: may sleep.
 * Return: the worker, or NULL.
 */
struct stress_worker *stress_worker_create(struct stress_run *run,
					   unsigned int id)
{
	struct stress_worker *worker;
	unsigned int i;

	worker = kzalloc(sizeof(*worker), GFP_KERNEL);
	if (!worker)
		return NULL;
	worker->run = run;
	worker->id = id;
	/* All have done as much, but for those that take one step more. */
	worker->ops = run->ops / run->nr_workers +
		      (id < run->ops % run->nr_workers);
	prandom_seed_state(&worker->rnd, ((u64)run->seed << 32) + id);
	hrtimer_setup(&worker->soft_timer, soft_expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
	hrtimer_setup(&worker->hard_timer, hard_expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);
	for (i = 0; i < STRESS_POOL; i++) {
		worker->pool[i] = alloc_page(GFP_HIGHUSER);
		if (!worker->pool[i]) {
			stress_worker_destroy(worker);
			return NULL;
		}
		stress_fill_page(worker->pool[i], stress_pool_tag(worker, i));
	}
	return worker;
}

/**
 * stress_worker_check - do the pages that were mapped hold what they held?
 * @worker: its task is done; nobody has objects of its making
 *
 * Context: may sleep.
 */
void stress_worker_check(const struct stress_worker *worker)
{
	unsigned int i;

	for (i = 0; i < STRESS_POOL; i++) {
		if (!stress_page_holds(worker->pool[i],
				       stress_pool_tag(worker, i)))
			stress_error(worker->run, "vm_map_ram",
				     "somebody has written to a mapped page");
	}
}

/**
 * stress_worker_destroy - free a worker
 * @worker: it has no task, or that is done; nobody has objects of its making
 *
 * Context: may sleep.
 */
void stress_worker_destroy(struct stress_worker *worker)
{
	unsigned int i;

	for (i = 0; i < STRESS_POOL && worker->pool[i]; i++)
		__free_page(worker->pool[i]);
	kfree(worker);
}
