/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the vmalloc stress share.
 */
#ifndef _LIB_TEST_VMALLOC_ORDERED_H
#define _LIB_TEST_VMALLOC_ORDERED_H

#include <linux/atomic.h>
#include <linux/compiler_attributes.h>
#include <linux/cpumask_types.h>
#include <linux/hrtimer_types.h>
#include <linux/llist.h>
#include <linux/mm_types.h>
#include <linux/prandom.h>
#include <linux/types.h>

struct stress_worker;

/* Objects of one worker that are in use at a time. */
#define STRESS_SLOTS		32
/* Addresses that were used, as many as are looked at in the end. */
#define STRESS_ADDRS		4096
/* Objects that any worker may free, whoever has made them. */
#define STRESS_SHARED		64
/* Pages of one worker that are mapped and never written to again. */
#define STRESS_POOL		16
/* The largest object, but for huge pages and what vm_map_ram() adds. */
#define STRESS_MAX_PAGES	128
/* vm_map_ram() serves up to this many pages from shared blocks. */
#define STRESS_BLOCK		BITS_PER_LONG

/**
 * struct stress_plan - what a step is about, drawn before anything is looked at
 * @call: row of the table of APIs
 * @slot: which of the worker's objects
 * @pages: size of a new one
 * @align: order of its alignment, in pages
 * @where: picks windows, nodes, parts of an object
 * @fate: picks who frees an object, and in which context
 *
 * Each step draws all of them, so that a seed gives the same plans each time,
 * whatever the workers then find.
 */
struct stress_plan {
	u32 call;
	u32 slot;
	u32 pages;
	u32 align;
	u32 where;
	u32 fate;
};

/**
 * struct stress_object - something in use
 * @api: how it was made
 * @row: the number of that
 * @maker: whose step that was; pages of its pool may be mapped
 * @addr: first address
 * @size: bytes that were asked for
 * @nr_pages: the same in pages
 * @tag: of the pattern in its pages; no two objects have the same one
 * @area: what get_vm_area() gave, for objects that are an area
 * @areas: what pcpu_get_vm_areas() gave
 * @percpu: what __alloc_percpu() gave
 * @pages: pages of its own that are mapped
 * @first: first page of the maker's pool that is mapped, or of a hole
 * @node: in a list of those that an interrupt frees
 */
struct stress_object {
	const struct stress_api *api;
	unsigned int row;
	struct stress_worker *maker;
	void *addr;
	size_t size;
	unsigned int nr_pages;
	unsigned long tag;
	union {
		struct vm_struct *area;
		struct vm_struct **areas;
		void __percpu *percpu;
	};
	struct page **pages;
	unsigned int first;
	struct llist_node node;
};

/**
 * struct stress_api - a way to use vmalloc
 * @name: of its row in the results
 * @missing: why this kernel has no such thing, or NULL
 * @weight: share of the steps, of the sum of all weights
 * @make: fill in an object: 0, or an errno if there is no room or memory
 * @check: is the object what it should be? Complains by stress_error()
 * @drop: give it back, from a task
 * @probe: of an API that leaves no object behind, instead of these three
 * @vfreed: vfree() and vfree_atomic() give it back, from any context
 * @zeroed: its memory must come zeroed
 * @in_part: its memory may be a part of an area that is larger
 */
struct stress_api {
	const char *name;
	const char *missing;
	unsigned int weight;
	int (*make)(struct stress_worker *worker,
		    const struct stress_plan *plan, struct stress_object *obj);
	void (*check)(const struct stress_object *obj);
	void (*drop)(struct stress_object *obj);
	int (*probe)(struct stress_worker *worker,
		     const struct stress_plan *plan);
	bool vfreed;
	bool zeroed;
	bool in_part;
};

/* Who gives an object back. */
enum stress_context {
	STRESS_TASK,		/* the worker that has made it */
	STRESS_OTHER,		/* another worker */
	STRESS_ATOMIC,		/* vfree_atomic() with preemption off */
	STRESS_SOFTIRQ,		/* vfree() in a timer */
	STRESS_HARDIRQ,		/* vfree_atomic() in a timer */
	STRESS_CONTEXTS
};

/**
 * struct stress_count - what became of the calls of one API
 * @ok: objects made, or probes that held
 * @failed: no memory, no room
 * @freed: objects given back
 */
struct stress_count {
	atomic_long_t ok;
	atomic_long_t failed;
	atomic_long_t freed;
};

/* Addresses that nobody but the stress uses, [start, end). */
struct stress_window {
	unsigned long start;
	unsigned long end;
};

/**
 * struct stress_run - one run, from start to results
 * @ops: operations of all workers
 * @seed: what their plans are drawn from
 * @nr_workers: how many there are
 * @nr_cpus: online when it began
 * @budget: pages a worker may have in use
 * @window: contended by all workers
 * @mm: where vmalloc() memory is mapped to user space
 * @memcg: charged for what is accounted
 * @running: workers not done
 * @stop: somebody wants it to end early
 * @errors: complaints
 * @first_error: the first of them
 * @contexts: objects given back, by who did it
 * @count: by row of the table of APIs
 * @cpus: those that have worked
 * @shared: objects for anybody to take
 * @addr: where objects were, by a hash of the address; the last one counts
 * @worker: one for each CPU, two at least
 */
struct stress_run {
	/* constant once the workers run */
	unsigned int ops;
	unsigned long seed;
	unsigned int nr_workers;
	unsigned int nr_cpus;
	unsigned int budget;
	struct stress_window window;
	struct mm_struct *mm;
	struct mem_cgroup *memcg;

	/* changed by anybody */
	atomic_t running;
	bool stop;
	atomic_t errors;
	char first_error[128];
	atomic_long_t contexts[STRESS_CONTEXTS];
	struct stress_count *count;
	struct cpumask cpus;
	struct stress_object *shared[STRESS_SHARED];
	unsigned long addr[STRESS_ADDRS];
	struct stress_worker **worker;
};

/**
 * struct stress_worker - a task that makes and frees objects
 * @run: what it is part of
 * @task: itself
 * @id: its number
 * @rnd: what its plans are drawn from
 * @ops: steps it is to take
 * @done: steps it has taken
 * @serial: objects it has made
 * @live: pages in its slots
 * @slot: its objects
 * @pool: pages to map, each with a pattern of its own
 * @soft: objects for the timer in softirq
 * @hard: objects for the timer in hardirq
 * @spent: objects they have freed; only the descriptors are left
 * @soft_timer: frees @soft
 * @hard_timer: frees @hard
 */
struct stress_worker {
	struct stress_run *run;
	struct task_struct *task;
	unsigned int id;
	struct rnd_state rnd;
	unsigned int ops;
	unsigned int done;
	unsigned long serial;
	unsigned int live;
	struct stress_object *slot[STRESS_SLOTS];
	struct page *pool[STRESS_POOL];
	struct llist_head soft;
	struct llist_head hard;
	struct llist_head spent;
	struct hrtimer soft_timer;
	struct hrtimer hard_timer;
};

/* test_vmalloc_ordered_pattern.c */
void stress_fill(void *to, size_t size, unsigned long tag);
bool stress_holds(const void *from, size_t size, unsigned long tag);
void stress_fill_page(struct page *page, unsigned long tag);
bool stress_page_holds(struct page *page, unsigned long tag);
unsigned long stress_pool_tag(const struct stress_worker *worker,
			      unsigned int page);
long stress_vread(void *to, size_t size, const void *addr);
void __printf(3, 4) stress_error(struct stress_run *run, const char *name,
				 const char *fmt, ...);

/* test_vmalloc_ordered_{memory,map,probe}.c; a row without a name ends them */
extern const struct stress_api stress_memory_apis[];
extern const struct stress_api stress_map_apis[];
extern const struct stress_api stress_probe_apis[];
void stress_check_memory(const struct stress_object *obj);
void stress_check_lookup(const struct stress_object *obj);

/* test_vmalloc_ordered_worker.c */
int stress_apis_init(void);
unsigned int stress_nr_apis(void);
const struct stress_api *stress_api_at(unsigned int row);
struct stress_worker *stress_worker_create(struct stress_run *run,
					   unsigned int id);
void stress_worker_check(const struct stress_worker *worker);
void stress_worker_destroy(struct stress_worker *worker);
int stress_worker_thread(void *data);
void stress_empty_shared(struct stress_run *run);

/* test_vmalloc_ordered.c */
void stress_worker_done(struct stress_run *run);

#endif /* _LIB_TEST_VMALLOC_ORDERED_H */
