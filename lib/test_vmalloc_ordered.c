// SPDX-License-Identifier: GPL-2.0
/*
 * Stress of the vmalloc interfaces, all of them at once, for either vmalloc.
 *
 * As many tasks as there are CPUs, two at least, call all that vmalloc offers,
 * with random sizes, alignments, windows and lifetimes; what one makes another
 * may free, or a timer, or a section in which preemption is off. Each page has
 * a pattern that is looked for before it is given back. It runs in the
 * background:
 *
 *	ops	operations in all, exactly: a call or a free each
 *	seed	what the tasks draw from; each draws the same in each run, but
 *		what they find depends on who was faster
 *	run	"start" starts a run, "stop" ends it early, which fails it
 *	results	"stress running DONE of OPS", and at its end: what became of the
 *		calls of each API, and last "stress verdict", pass or fail
 *
 * Allocations may fail and are counted; whatever else is not as it should be
 * fails the run, and so does an API that has never succeeded. What is left over
 * in the whole system is for the caller to see, who knows what else goes on.
 * Accounted memory is charged to the control group of whoever starts the run.
 *
 * It is built in, as half of the interfaces are not exported.
 *
 * Locking: stress_lock guards the run that there is.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "test_vmalloc_ordered.h"

/* A day and more, on an emulated machine. */
#define STRESS_MAX_OPS		1000000000
/* Of so many operations, some end in each context there is. */
#define STRESS_SURE_OPS		100000
/* Half of what a worker in a small guest needs to have a choice at all. */
#define STRESS_MIN_BUDGET	32
/* The window has room for more than one worker's, and not for all of them. */
#define STRESS_MIN_WINDOW	(64UL * PAGE_SIZE)
#define STRESS_MAX_WINDOW	(1024UL * PAGE_SIZE)
/* Frees by timers are done by workers, and a drain may go on meanwhile. */
#define STRESS_SETTLE_TRIES	100
#define STRESS_SETTLE_MS	100
/* By now nothing of the stress is in use any more. */
#define STRESS_LOST_TRIES	10

static DEFINE_MUTEX(stress_lock);
static struct stress_run *stress;
static char results[PAGE_SIZE - 1];

static unsigned int ops = 1000000;
static unsigned long seed = 20201130;

/* === Results === */

static void __printf(2, 3) report(size_t *len, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*len += vscnprintf(results + *len, sizeof(results) - *len, fmt, args);
	va_end(args);
}

static unsigned int ops_done(const struct stress_run *run)
{
	unsigned int i, done = 0;

	for (i = 0; i < run->nr_workers; i++)
		done += READ_ONCE(run->worker[i]->done);
	return done;
}

/* Why an API's row fails the run, or NULL. */
static const char *api_fault(const struct stress_run *run, unsigned int row)
{
	const struct stress_api *api = stress_api_at(row);
	const struct stress_count *count = &run->count[row];

	if (api->missing)
		return NULL;
	/* The first steps of a worker call each once. */
	if (!atomic_long_read(&count->ok) &&
	    run->ops / run->nr_workers >= stress_nr_apis())
		return "has never succeeded";
	if (!api->probe &&
	    atomic_long_read(&count->ok) != atomic_long_read(&count->freed))
		return "has not given everything back";
	return NULL;
}

static void report_apis(struct stress_run *run, size_t *len)
{
	unsigned int row;

	for (row = 0; row < stress_nr_apis(); row++) {
		const struct stress_api *api = stress_api_at(row);
		const struct stress_count *count = &run->count[row];
		const char *fault = api_fault(run, row);

		if (fault)
			stress_error(run, api->name, "%s", fault);
		if (api->missing)
			report(len, "stress skip %s: %s\n", api->name,
			       api->missing);
		else
			report(len, "stress api %s ok %ld failed %ld freed %ld\n",
			       api->name, atomic_long_read(&count->ok),
			       atomic_long_read(&count->failed),
			       atomic_long_read(&count->freed));
	}
}

static void report_contexts(struct stress_run *run, size_t *len)
{
	static const char * const names[] = {
		[STRESS_TASK]		= "task",
		[STRESS_OTHER]		= "other-task",
		[STRESS_ATOMIC]		= "atomic",
		[STRESS_SOFTIRQ]	= "softirq",
		[STRESS_HARDIRQ]	= "hardirq",
	};
	unsigned int i;

	report(len, "stress freed-in");
	for (i = 0; i < STRESS_CONTEXTS; i++) {
		long nr = atomic_long_read(&run->contexts[i]);

		if (!nr && run->ops >= STRESS_SURE_OPS)
			stress_error(run, names[i], "nothing was freed there");
		report(len, " %s %ld", names[i], nr);
	}
	report(len, "\n");
}

static void report_all(struct stress_run *run)
{
	unsigned int cpus = cpumask_weight(&run->cpus), done = ops_done(run);
	size_t len = 0;

	report(&len, "stress seed %lu workers %u budget %u pages\n", run->seed,
	       run->nr_workers, run->budget);
	report_apis(run, &len);
	report_contexts(run, &len);
	if (cpus < min(run->nr_cpus, run->ops))
		stress_error(run, "workers", "%u CPUs of %u have worked", cpus,
			     run->nr_cpus);
	if (done != run->ops)
		stress_error(run, "workers", "%u operations are not done",
			     run->ops - done);
	report(&len, "stress cpus %u of %u\n", cpus, run->nr_cpus);
	report(&len, "stress done %u of %u\n", done, run->ops);
	if (atomic_read(&run->errors))
		report(&len, "stress verdict fail: %d errors, first %s\n",
		       atomic_read(&run->errors), run->first_error);
	else
		report(&len, "stress verdict pass\n");
	pr_info("%u operations, seed %lu: %d errors\n", done, run->seed,
		atomic_read(&run->errors));
}

/* === The end of a run === */

static struct vm_struct *take_window(const struct stress_window *window)
{
	return __get_vm_area_caller(window->end - window->start,
				    VM_MAP | VM_NO_GUARD, window->start,
				    window->end, __builtin_return_address(0));
}

/* All addresses of the window come back, or some were lost. */
static void check_window(struct stress_run *run)
{
	struct vm_struct *area = NULL;
	unsigned int tries;

	for (tries = 0; tries < STRESS_SETTLE_TRIES; tries++) {
		vm_unmap_aliases();
		area = take_window(&run->window);
		if (area)
			break;
		msleep(STRESS_SETTLE_MS);
	}
	if (area)
		free_vm_area(area);
	else
		stress_error(run, "window", "not all of %lx-%lx came back",
			     run->window.start, run->window.end);
	vm_unmap_aliases();
}

/*
 * Is the page at @addr anybody's, or can it be had? What is neither is lost.
 * A request that finds no room makes free all that can be.
 */
static bool page_is_lost(unsigned long addr)
{
	struct stress_window page = { addr, addr + PAGE_SIZE };
	struct vm_struct *area = take_window(&page);

	if (area)
		free_vm_area(area);
	return !area && !find_vmap_area(addr);
}

static void check_addrs(struct stress_run *run)
{
	unsigned int i, tries, looked_at = 0;

	for (i = 0; i < STRESS_ADDRS; i++) {
		if (!run->addr[i])
			continue;
		looked_at++;
		for (tries = 0; page_is_lost(run->addr[i]); tries++) {
			if (tries == STRESS_LOST_TRIES) {
				stress_error(run, "address",
					     "nobody has %lx, nor can get it",
					     run->addr[i]);
				break;
			}
			msleep(STRESS_SETTLE_MS);
		}
		if (atomic_read(&run->errors))
			break;
		cond_resched();
	}
	pr_info("%u addresses that were used are free again\n", looked_at);
	vm_unmap_aliases();
}

static void check_workers(const struct stress_run *run)
{
	unsigned int i;

	for (i = 0; i < run->nr_workers; i++)
		stress_worker_check(run->worker[i]);
}

static void destroy_run(struct stress_run *run)
{
	unsigned int i;

	for (i = 0; i < run->nr_workers; i++) {
		if (run->worker && run->worker[i])
			stress_worker_destroy(run->worker[i]);
	}
	if (run->mm)
		mmput(run->mm);
	if (run->memcg)
		mem_cgroup_put(run->memcg);
	kfree(run->worker);
	kfree(run->count);
	kvfree(run);
}

static void finish_run(struct work_struct *work)
{
	guard(mutex)(&stress_lock);

	stress_empty_shared(stress);
	check_window(stress);
	check_addrs(stress);
	check_workers(stress);
	report_all(stress);
	destroy_run(stress);
	stress = NULL;
}

static DECLARE_WORK(finish_work, finish_run);

/**
 * stress_worker_done - a worker has freed all it had
 * @run: the run
 *
 * The last one's call ends the run; the caller must not touch it any more.
 *
 * Context: any.
 */
void stress_worker_done(struct stress_run *run)
{
	if (atomic_dec_and_test(&run->running))
		queue_work(system_dfl_wq, &finish_work);
}

/* === Its beginning === */

/*
 * A place in the middle of the space: ordinary areas come from its bottom, and
 * per-CPU ones from its top.
 */
static int claim_window(struct stress_run *run)
{
	unsigned long space = VMALLOC_END - VMALLOC_START;
	unsigned long size = rounddown_pow_of_two(clamp(space / 64,
							STRESS_MIN_WINDOW,
							STRESS_MAX_WINDOW));
	struct stress_window window;
	struct vm_struct *area;

	window.start = ALIGN(VMALLOC_START + space / 2, size);
	for (; window.start < VMALLOC_END - size; window.start += size) {
		window.end = window.start + size;
		area = take_window(&window);
		if (area) {
			free_vm_area(area);
			run->window = window;
			return 0;
		}
	}
	pr_err("no room for a window of %lu bytes\n", size);
	return -ENOSPC;
}

/* An eighth of the memory or of the addresses, whatever is less, for all. */
static unsigned int worker_budget(const struct stress_run *run)
{
	unsigned long space = (VMALLOC_END - VMALLOC_START) >> PAGE_SHIFT;
	unsigned long pages = min(totalram_pages(), space) / 8;

	return clamp(pages / run->nr_workers, STRESS_MIN_BUDGET, INT_MAX);
}

static int create_workers(struct stress_run *run)
{
	unsigned int i;

	for (i = 0; i < run->nr_workers; i++) {
		struct task_struct *task;

		run->worker[i] = stress_worker_create(run, i);
		if (!run->worker[i])
			return -ENOMEM;
		task = kthread_create(stress_worker_thread, run->worker[i],
				      "vmalloc_stress/%u", i);
		if (IS_ERR(task))
			return PTR_ERR(task);
		run->worker[i]->task = task;
	}
	return 0;
}

static struct stress_run *create_run(void)
{
	struct stress_run *run = kvzalloc(sizeof(*run), GFP_KERNEL);

	if (!run)
		return NULL;
	run->ops = ops;
	run->seed = seed;
	run->nr_cpus = num_online_cpus();
	run->nr_workers = max(run->nr_cpus, 2U);
	run->budget = worker_budget(run);
	atomic_set(&run->running, run->nr_workers);
	run->mm = get_task_mm(current);
	run->memcg = get_mem_cgroup_from_mm(run->mm);
	run->count = kcalloc(stress_nr_apis(), sizeof(*run->count), GFP_KERNEL);
	run->worker = kcalloc(run->nr_workers, sizeof(*run->worker),
			      GFP_KERNEL);
	return run;
}

/* Each begins on a CPU of its own; should that go away, it goes elsewhere. */
static void wake_workers(struct stress_run *run)
{
	int cpu = cpumask_first(cpu_online_mask);
	unsigned int i;

	for (i = 0; i < run->nr_workers; i++) {
		struct task_struct *task = run->worker[i]->task;

		set_cpus_allowed_ptr(task, cpumask_of(cpu));
		wake_up_process(task);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
}

static int start_run(void)
{
	struct stress_run *run;
	unsigned int i;
	int err;

	if (stress) {
		pr_err("a run is on already\n");
		return -EBUSY;
	}
	err = stress_apis_init();
	if (err)
		return err;
	guard(cpus_read_lock)();
	run = create_run();
	if (!run)
		return -ENOMEM;
	err = run->mm && run->count && run->worker ? claim_window(run) :
						     -ENOMEM;
	if (!err)
		err = create_workers(run);
	if (err) {
		for (i = 0; run->worker && i < run->nr_workers; i++) {
			if (run->worker[i] && run->worker[i]->task)
				kthread_stop(run->worker[i]->task);
		}
		destroy_run(run);
		return err;
	}
	pr_info("%u operations, seed %lu, %u workers\n", run->ops, run->seed,
		run->nr_workers);
	results[0] = '\0';
	stress = run;
	wake_workers(run);
	return 0;
}

static int stop_run(void)
{
	if (!stress) {
		pr_err("no run is on\n");
		return -ENOENT;
	}
	WRITE_ONCE(stress->stop, true);
	return 0;
}

/* === Parameters === */

static int run_set(const char *val, const struct kernel_param *kp)
{
	/* On the command line: too early. */
	if (system_state < SYSTEM_RUNNING)
		return -EINVAL;
	guard(mutex)(&stress_lock);
	if (sysfs_streq(val, "start"))
		return start_run();
	if (sysfs_streq(val, "stop"))
		return stop_run();
	pr_err("run takes 'start' or 'stop'\n");
	return -EINVAL;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
};
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "start a run, or stop it");

static int ops_set(const char *val, const struct kernel_param *kp)
{
	if (!param_set_uint_minmax(val, kp, 1, STRESS_MAX_OPS))
		return 0;
	pr_err("ops is a number from 1 to %u\n", STRESS_MAX_OPS);
	return -EINVAL;
}

static const struct kernel_param_ops ops_ops = {
	.set = ops_set,
	.get = param_get_uint,
};
module_param_cb(ops, &ops_ops, &ops, 0600);
MODULE_PARM_DESC(ops, "Operations of the next run (1000000)");

module_param(seed, ulong, 0600);
MODULE_PARM_DESC(seed, "Seed of the next run (20201130)");

static int results_get(char *buffer, const struct kernel_param *kp)
{
	guard(mutex)(&stress_lock);
	if (stress)
		return scnprintf(buffer, PAGE_SIZE, "stress running %u of %u\n",
				 ops_done(stress), stress->ops);
	return scnprintf(buffer, PAGE_SIZE, "%s", results);
}

static const struct kernel_param_ops results_ops = {
	.get = results_get,
};
module_param_cb(results, &results_ops, NULL, 0400);
MODULE_PARM_DESC(results, "How far the run is, or what became of it");

MODULE_DESCRIPTION("Stress of the vmalloc interfaces");
MODULE_LICENSE("GPL");
