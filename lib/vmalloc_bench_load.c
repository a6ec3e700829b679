// SPDX-License-Identifier: GPL-2.0
/*
 * The bench's loads: what is counted while they run is not what they cost.
 *
 * Two starve the worker, alone and among hogs, and report the most pages that
 * ever waited. The third only runs: who watches flush_tlb_kernel_range() and
 * churn_unmaps() with probes sees what is flushed, and what had to be.
 *
 * It is built in or not at all: a module can change the attributes of no page.
 *
 * Locking: one command runs at a time, see vmalloc_bench.c.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleloader.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <trace/events/vmalloc.h>

#include <asm/sections.h>

#include "vmalloc_bench.h"

/* === Waiting for a worker that gets no CPU === */

/* Of each area of a starved producer: some hundred of them reach any limit. */
#define BENCH_STARVE_PAGES	64
/*
 * The hogs' end, whatever has been done by then: well before anybody takes a
 * CPU for stalled. What is counted is reached in a fraction of it.
 */
#define BENCH_HOGS_SECONDS	8

/* A request of a producer's; it is free again on return. */
static bool produce(void)
{
	struct vm_struct *area = bench_area(BENCH_STARVE_PAGES);

	if (!area)
		return false;
	free_vm_area(area);
	return true;
}

#ifdef CONFIG_TRACEPOINTS
static void note_waiting(void *data, unsigned long va_start,
			 unsigned long nr_lazy, unsigned long nr_lazy_max)
{
	atomic_long_t *most = data;
	long old = atomic_long_read(most);

	while ((long)nr_lazy > old &&
	       !atomic_long_try_cmpxchg(most, &old, nr_lazy))
		;
}

static int start_watching(atomic_long_t *most)
{
	vm_unmap_aliases();
	return register_trace_free_vmap_area_noflush(note_waiting, most);
}

static void stop_watching(atomic_long_t *most)
{
	unregister_trace_free_vmap_area_noflush(note_waiting, most);
	tracepoint_synchronize_unregister();
}
#else
static int start_watching(atomic_long_t *most) { return -EOPNOTSUPP; }
static void stop_watching(atomic_long_t *most) { }
#endif

int bench_starve(unsigned int nr)
{
	atomic_long_t most = ATOMIC_LONG_INIT(0);
	bool room = true;
	int err;

	err = start_watching(&most);
	if (err)
		return bench_refuse("starve", "no trace event", err);
	sched_set_fifo(current);
	while (room && nr--)
		room = produce();
	sched_set_normal(current, 0);
	stop_watching(&most);
	if (!room)
		return bench_refuse("starve", "no room for an area", -ENOMEM);
	bench_report("bench waiting_starved pages %ld\n",
		     atomic_long_read(&most));
	return 0;
}

/* Each on every CPU, started in this order and, but for the last, stopped. */
enum hogs_role { HOG, NORMAL_PRODUCER, RT_PRODUCER, NR_HOGS_ROLES };

struct hogs_task {
	struct task_struct *task;
	struct hogs *hogs;
	unsigned long requests;
};

struct hogs {
	unsigned int requests;		/* of each real-time producer */
	unsigned long deadline;		/* in jiffies */
	atomic_t producing;		/* real-time producers not done */
	atomic_long_t failed;
	atomic_long_t most;
	wait_queue_head_t done;
	struct hogs_task (*tasks)[NR_HOGS_ROLES];
};

static int hog(void *data)
{
	while (!kthread_should_stop()) {
		cpu_relax();
		/* Where a kernel preempts nobody: for the producers alone. */
		cond_resched();
	}
	return 0;
}

static void hogs_request(struct hogs_task *ht)
{
	if (!produce())
		atomic_long_inc(&ht->hogs->failed);
	WRITE_ONCE(ht->requests, ht->requests + 1);
	cond_resched();
}

/* Runs when real-time tasks are throttled, or fair ones have their server. */
static int normal_producer(void *data)
{
	while (!kthread_should_stop())
		hogs_request(data);
	return 0;
}

/* Has each normal producer had a turn while all others were at it? */
static bool normal_ones_ran(const struct hogs *hogs)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (!READ_ONCE(hogs->tasks[cpu][NORMAL_PRODUCER].requests))
			return false;
	}
	return true;
}

static int rt_producer(void *data)
{
	struct hogs_task *ht = data;
	struct hogs *hogs = ht->hogs;

	while ((ht->requests < hogs->requests || !normal_ones_ran(hogs)) &&
	       time_before(jiffies, hogs->deadline))
		hogs_request(ht);
	if (atomic_dec_and_test(&hogs->producing))
		wake_up(&hogs->done);
	return 0;
}

static int hogs_create(struct hogs *hogs, unsigned int cpu,
		       enum hogs_role role)
{
	static const struct {
		int (*run)(void *data);
		const char *name;
	} roles[] = {
		[HOG]		  = { hog, "vmhog/%u" },
		[NORMAL_PRODUCER] = { normal_producer, "vmnormal/%u" },
		[RT_PRODUCER]	  = { rt_producer, "vmrt/%u" },
	};
	struct hogs_task *ht = &hogs->tasks[cpu][role];
	struct task_struct *task;

	ht->hogs = hogs;
	task = kthread_create_on_cpu(roles[role].run, ht, cpu,
				     roles[role].name);
	if (IS_ERR(task))
		return PTR_ERR(task);
	/* It may have ended when it is stopped. */
	ht->task = get_task_struct(task);
	if (role == HOG)
		sched_set_fifo_low(task);
	else if (role == RT_PRODUCER)
		sched_set_fifo(task);
	return 0;
}

static void hogs_stop(struct hogs *hogs)
{
	enum hogs_role role;
	unsigned int cpu;

	/* First the hogs, or nobody else would get to its end. */
	for (role = 0; role < NR_HOGS_ROLES; role++) {
		for_each_online_cpu(cpu) {
			if (hogs->tasks[cpu][role].task)
				kthread_stop_put(hogs->tasks[cpu][role].task);
		}
	}
}

static int hogs_run(struct hogs *hogs)
{
	enum hogs_role role;
	unsigned int cpu;
	int err;

	for (role = 0; role < NR_HOGS_ROLES; role++) {
		for_each_online_cpu(cpu) {
			err = hogs_create(hogs, cpu, role);
			if (err)
				return err;
		}
	}

	/* Of the producers' priority: the hogs cannot keep it from its CPU. */
	sched_set_fifo(current);
	atomic_set(&hogs->producing, num_online_cpus());
	hogs->deadline = jiffies + BENCH_HOGS_SECONDS * HZ;
	for (role = 0; role < NR_HOGS_ROLES; role++) {
		for_each_online_cpu(cpu)
			wake_up_process(hogs->tasks[cpu][role].task);
	}
	wait_event(hogs->done, !atomic_read(&hogs->producing));
	return 0;
}

/* Did all do what they are there for? If not, a low figure means nothing. */
static int hogs_report(const struct hogs *hogs)
{
	unsigned long rt = ULONG_MAX;
	unsigned int cpu, normal = 0;

	for_each_online_cpu(cpu) {
		rt = min(rt, hogs->tasks[cpu][RT_PRODUCER].requests);
		if (hogs->tasks[cpu][NORMAL_PRODUCER].requests)
			normal++;
	}
	pr_info("hogs: %lu requests of each real-time producer; normal ones ran on %u of %u CPUs\n",
		rt, normal, num_online_cpus());
	if (!normal)
		return bench_refuse("hogs", "no normal task ever ran", -ETIME);
	if (rt < hogs->requests)
		return bench_refuse("hogs", "too many requests for the time",
				    -ETIME);
	bench_report("bench waiting_hogs pages %ld\n",
		     atomic_long_read(&hogs->most));
	bench_report("bench failed_hogs requests %ld\n",
		     atomic_long_read(&hogs->failed));
	return 0;
}

int bench_hogs(unsigned int nr)
{
	struct hogs hogs = { .requests = nr };
	int err;

	init_waitqueue_head(&hogs.done);
	hogs.tasks = kcalloc(nr_cpu_ids, sizeof(*hogs.tasks), GFP_KERNEL);
	if (!hogs.tasks)
		return -ENOMEM;
	err = start_watching(&hogs.most);
	if (err) {
		kfree(hogs.tasks);
		return bench_refuse("hogs", "no trace event", err);
	}
	cpus_read_lock();
	err = hogs_run(&hogs);
	stop_watching(&hogs.most);
	hogs_stop(&hogs);
	sched_set_normal(current, 0);
	if (!err)
		err = hogs_report(&hogs);
	cpus_read_unlock();
	kfree(hogs.tasks);
	vm_unmap_aliases();
	return err;
}

/* === What is flushed === */

/* Allocations of a mixed load that are in use at a time, and their pages. */
#define CHURN_LIVE		64
#define CHURN_PAGES		16

struct churn {
	struct rnd_state rnd;
	void *live[CHURN_LIVE];
	unsigned int live_pages[CHURN_LIVE];
	unsigned int turn;
};

/*
 * For a probe: the @pages at @addr are about to be unmapped, and have to be
 * flushed before their addresses, or they themselves, are used again.
 */
static noinline __noclone void churn_unmaps(const void *addr,
					    unsigned long pages)
{
	asm volatile("" : : "r" (addr), "r" (pages) : "memory");
}

static void churn_vfree(const void *p, unsigned long pages)
{
	if (p)
		churn_unmaps(p, pages);
	vfree(p);
}

/*
 * What a driver does that wants some of its memory read-only for a while; each
 * of the two changes makes sure that no alias is left of any page.
 */
static int churn_setmem(struct churn *churn)
{
	void *p = vmalloc(PAGE_SIZE);
	int err;

	if (!p)
		return -ENOMEM;
	err = set_memory_ro((unsigned long)p, 1) ?:
	      set_memory_rw((unsigned long)p, 1);
	churn_vfree(p, 1);
	return err;
}

/* The memory of a BPF program or of a module, from loading to unloading. */
static int churn_bpf(struct churn *churn)
{
#ifdef MODULES_VADDR
	void *p = __vmalloc_node_range(PAGE_SIZE, PAGE_SIZE, MODULES_VADDR,
				       MODULES_END, GFP_KERNEL, PAGE_KERNEL,
				       VM_FLUSH_RESET_PERMS, NUMA_NO_NODE,
				       __builtin_return_address(0));
	int err;

	if (!p)
		return -ENOMEM;
	err = set_memory_rox((unsigned long)p, 1);
	churn_vfree(p, 1);
	return err;
#else
	return -EOPNOTSUPP;
#endif
}

/* Those, beside somebody who has nothing to do with any of it. */
static int churn_mixed(struct churn *churn)
{
	unsigned int i = churn->turn++ % CHURN_LIVE;

	churn_vfree(churn->live[i], churn->live_pages[i]);
	churn->live_pages[i] = prandom_u32_state(&churn->rnd) % CHURN_PAGES + 1;
	churn->live[i] = vmalloc(churn->live_pages[i] * PAGE_SIZE);
	if (!churn->live[i])
		return -ENOMEM;
	return churn_bpf(churn);
}

static const struct {
	const char *name;
	int (*cycle)(struct churn *churn);
} churn_kinds[] = {
	{ "setmem",	churn_setmem },
	{ "bpf",	churn_bpf },
	{ "mixed",	churn_mixed },
};

/* Let every second area wait: apart from each other, as in a used system. */
static int churn_idle(struct vm_struct **areas, unsigned int idle)
{
	unsigned int i;

	for (i = 0; i < 2 * idle; i++) {
		areas[i] = bench_area_mapped(1);
		if (!areas[i])
			return -ENOMEM;
	}
	for (i = 0; i < 2 * idle; i += 2) {
		churn_unmaps(areas[i]->addr, 1);
		free_vm_area(areas[i]);
		areas[i] = NULL;
	}
	return 0;
}

/* Nothing is drained here: it would be taken for a flush of the load's. */
static void churn_teardown(struct churn *churn, struct vm_struct **areas,
			   unsigned int idle)
{
	unsigned int i;

	for (i = 0; i < CHURN_LIVE; i++)
		churn_vfree(churn->live[i], churn->live_pages[i]);
	for (i = 0; i < 2 * idle; i++) {
		if (areas[i]) {
			churn_unmaps(areas[i]->addr, 1);
			free_vm_area(areas[i]);
		}
	}
	kvfree(areas);
	kfree(churn);
}

int bench_churn(const char *kind, unsigned int nr, unsigned int idle,
		unsigned long seed)
{
	struct vm_struct **areas;
	struct churn *churn;
	unsigned int i, k;
	int err;

	for (k = 0; k < ARRAY_SIZE(churn_kinds); k++) {
		if (!strcmp(churn_kinds[k].name, kind))
			break;
	}
	if (k == ARRAY_SIZE(churn_kinds))
		return bench_refuse(kind, "not a kind of churn", -EINVAL);
	churn = kzalloc(sizeof(*churn), GFP_KERNEL);
	areas = kvcalloc(2 * idle + 1, sizeof(*areas), GFP_KERNEL);
	if (!churn || !areas) {
		kfree(churn);
		kvfree(areas);
		return -ENOMEM;
	}

	prandom_seed_state(&churn->rnd, seed);
	err = churn_idle(areas, idle);
	for (i = 0; i < nr && !err; i++)
		err = churn_kinds[k].cycle(churn);
	churn_teardown(churn, areas, idle);
	if (err)
		return bench_refuse(kind, "an operation failed", err);
	bench_report("churn %s cycles %u\n", kind, nr);
	return 0;
}
